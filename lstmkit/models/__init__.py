"""The five mappings as small modules, for the lessons that come after the one that writes them out."""

from lstmkit.models.captioning import Captioner, caption_loss
from lstmkit.models.one_to_many import WIRINGS, OneToMany
from lstmkit.models.seq2seq import (
    END,
    PAD,
    START,
    UNKNOWN,
    Attention,
    Decoded,
    Decoder,
    DecoderState,
    Encoder,
    EncoderDecoder,
    beam,
    greedy,
)
from lstmkit.models.simple import ManyToMany, ManyToOne, OneToOne

__all__ = ["WIRINGS", "OneToMany", "Captioner", "caption_loss"]
__all__ += ["END", "PAD", "START", "UNKNOWN", "Attention", "Decoded", "Decoder", "DecoderState"]
__all__ += ["Encoder", "EncoderDecoder", "beam", "greedy"]
__all__ += ["ManyToMany", "ManyToOne", "OneToOne"]
