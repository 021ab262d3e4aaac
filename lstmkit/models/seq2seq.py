"""One sequence in, another out: encoder, attention, decoder; greedy and beam decoding for any decoder.

Four tokens have fixed numbers in every vocabulary here and in `lstmkit.data`: PAD 0, START 1, END 2, UNKNOWN 3.
`greedy` and `beam` know no model. They take its `step`, `logits, state = step(tokens, state)` with tokens (N,) and logits
(N, V), and the state to start from: a tensor, or a (named) tuple of tensors and None, the batch on axis 0 of each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from lstmkit.shapes import expect, expect_lengths, expect_whole

PAD, START, END, UNKNOWN = range(4)
_NEVER = [PAD, START, UNKNOWN]  # what decoding does not write: an unknown word can be read, not written
__all__ = ["END", "PAD", "START", "UNKNOWN", "Attention", "Decoded", "Decoder", "DecoderState"]
__all__ += ["Encoder", "EncoderDecoder", "beam", "greedy"]


class Decoded(NamedTuple):
    """tokens: N lists without start and end, [] for an empty output. scores: (N,), log-probability per token, the end
    counted. ended: (N,) bool, False where `max_length` cut the output."""

    tokens: list[list[int]]
    scores: Tensor
    ended: Tensor


class DecoderState(NamedTuple):
    """h, c: (N, H). memory: (N, T, M), what attention looks at, or None. mask: (N, T) bool, False at padding, or None."""

    h: Tensor
    c: Tensor
    memory: Tensor | None = None
    mask: Tensor | None = None


class Encoder(nn.Module):
    """Embedding and LSTM over a padded batch; the padding is never read."""

    def __init__(self, vocabulary: int, hidden_size: int):
        super().__init__()
        vocabulary, hidden_size = expect_whole(vocabulary=vocabulary, hidden_size=hidden_size)
        self.embedding = nn.Embedding(vocabulary, hidden_size, padding_idx=PAD)
        self.lstm = _lstm(hidden_size)

    def forward(self, tokens: Tensor, lengths: Tensor) -> DecoderState:
        """tokens: (N, T). lengths: (N,), at least 1. Returns the state after each sequence's last real token, and the
        hidden states of all steps as memory. Raises ValueError for wrong shapes or an empty sequence."""
        N, T = expect(tokens, "N T", name="tokens")
        lengths = expect_lengths(lengths, N, T)
        packed = pack_padded_sequence(self.embedding(tokens), lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, (h, c) = self.lstm(packed)
        memory = pad_packed_sequence(outputs, batch_first=True, total_length=T)[0]
        mask = torch.arange(T, device=tokens.device) < lengths.to(tokens.device)[:, None]
        return DecoderState(h[0], c[0], memory, mask)


class Attention(nn.Module):
    """Weights over the steps of a memory, for each query; and the weighted mean of the memory.

    kind: "dot", q·(W m) / √H (Luong et al., 2015, "general", scaled as in Vaswani et al., 2017), or "additive",
    v·tanh(W q + U m) (Bahdanau et al., 2015). Raises ValueError for another kind."""

    def __init__(self, query_size: int, memory_size: int, kind: str = "additive"):
        super().__init__()
        if kind not in ("additive", "dot"):
            raise ValueError(f"kind is {kind!r}; expected 'additive' or 'dot'")
        query_size, memory_size = expect_whole(query_size=query_size, memory_size=memory_size)
        self.kind = kind
        self.key = nn.Linear(memory_size, query_size, bias=False)
        if kind == "additive":
            self.query = nn.Linear(query_size, query_size)
            self.read = nn.Linear(query_size, 1, bias=False)

    def forward(self, query: Tensor, memory: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """query: (N, T_y, H). memory: (N, T_x, M). mask: (N, T_x), False at padding, whose weight is then exactly 0.
        Returns the context, (N, T_y, M), and the weights, (N, T_y, T_x)."""
        keys = self.key(memory)
        if self.kind == "dot":
            scores = query @ keys.transpose(1, 2) / query.shape[2] ** 0.5
        else:
            scores = self.read(torch.tanh(self.query(query)[:, :, None] + keys[:, None])).squeeze(3)
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None], -torch.inf)
        weights = scores.softmax(2)
        return weights @ memory, weights


class Decoder(nn.Module):
    """An LSTM over output tokens; attention: None, "dot" or "additive", to a memory as wide as H, after the LSTM (Luong)."""

    def __init__(self, vocabulary: int, hidden_size: int, attention: str | None = None):
        super().__init__()
        vocabulary, hidden_size = expect_whole(vocabulary=vocabulary, hidden_size=hidden_size)
        self.embedding = nn.Embedding(vocabulary, hidden_size, padding_idx=PAD)
        self.lstm = _lstm(hidden_size)
        self.attention = Attention(hidden_size, hidden_size, attention) if attention else None
        self.combine = nn.Linear(2 * hidden_size, hidden_size) if attention else None
        self.read = nn.Linear(hidden_size, vocabulary)

    def forward(self, tokens: Tensor, state: DecoderState | tuple[Tensor, Tensor]) -> tuple[Tensor, DecoderState]:
        """Teacher forcing. tokens: (N, T), what is fed at each step, from START on. state: a DecoderState or a pair (h, c).
        Returns the logits for the token after each, (N, T, V), and the state after the last."""
        return self.attend(tokens, state)[:2]

    def attend(self, tokens: Tensor, state) -> tuple[Tensor, DecoderState, Tensor | None]:
        """As `forward`, and the attention weights, (N, T, T_x), or None."""
        state, weights = DecoderState(*state), None
        expect(tokens, "N T", name="tokens", N=len(state.h))
        y, (h, c) = self.lstm(self.embedding(tokens), (state.h[None].contiguous(), state.c[None].contiguous()))
        if self.attention is not None:
            if state.memory is None:
                raise ValueError("the state holds no memory to attend to; start from an Encoder's state")
            context, weights = self.attention(y, state.memory, state.mask)
            y = torch.tanh(self.combine(torch.cat([y, context], dim=2)))
        return self.read(y), state._replace(h=h[0], c=c[0]), weights

    def step(self, tokens: Tensor, state) -> tuple[Tensor, DecoderState]:
        """One step, for decoding. tokens: (N,). Returns logits, (N, V), and the next state."""
        logits, state = self(tokens[:, None], state)
        return logits[:, 0], state


class EncoderDecoder(nn.Module):
    """Without attention the encoder's last state is the whole message. Decode with
    `greedy(model.decode.step, model.encode(source, lengths), max_length)`."""

    def __init__(self, source_vocabulary: int, target_vocabulary: int, hidden_size: int, attention: str | None = None):
        super().__init__()
        self.encode = Encoder(source_vocabulary, hidden_size)
        self.decode = Decoder(target_vocabulary, hidden_size, attention)

    def forward(self, source: Tensor, lengths: Tensor, tokens: Tensor) -> Tensor:
        """source: (N, T_x). lengths: (N,). tokens: (N, T_y), fed to the decoder. Returns logits, (N, T_y, V)."""
        return self.decode(tokens, self.encode(source, lengths))[0]


@torch.no_grad()
def greedy(step: Callable, state: Any, max_length: int, *, start=START, end=END, never=_NEVER) -> Decoded:
    """Write the likeliest token, feed it back, until `end` or for max_length steps (the end token is one of them).
    step, state: see the module. never: tokens that are not written. Raises ValueError for max_length < 1."""
    return beam(step, state, max_length, width=1, start=start, end=end, never=never)


@torch.no_grad()
def beam(step: Callable, state: Any, max_length: int, *, width: int = 4, start=START, end=END, never=_NEVER) -> Decoded:
    """Keep the `width` best beginnings at every step; an ended one stays and competes. Width 1 is greedy decoding.

    Ranked by log-probability per token, the end counted: short outputs have no advantage (Wu et al., 2016, exponent 1).
    The rest as in `greedy`."""
    max_length, width = expect_whole(max_length=max_length, width=width)
    leaf = state
    while not isinstance(leaf, Tensor):
        leaf = leaf[0]
    N, each = len(leaf), torch.arange(len(leaf), device=leaf.device)[:, None]
    state = _rows(state, each.expand(N, width).flatten())
    total = torch.zeros(N, width, device=leaf.device)
    total[:, 1:] = -torch.inf  # all begin alike: only the first is continued
    length, ended = torch.zeros_like(total), torch.isinf(total)
    tokens = torch.full((N, width, 1), start, device=leaf.device)
    for _ in range(max_length):
        logits, state = step(tokens[:, :, -1].flatten(), state)
        V = logits.shape[1]
        banned = torch.tensor([token for token in never if token < V], dtype=torch.long, device=leaf.device)
        log_p = logits.index_fill(1, banned, -torch.inf).log_softmax(1).view(N, width, V)
        stays = torch.full((V,), -torch.inf, device=leaf.device)
        stays[end] = 0.0  # an ended one is continued by nothing, at no cost
        candidates = total[:, :, None] + torch.where(ended[:, :, None], stays, log_p)
        length = length + ~ended
        best = (candidates / length.clamp(min=1)[:, :, None]).flatten(1).topk(width)[1]
        total, parent = candidates.flatten(1).gather(1, best), best // V
        tokens = torch.cat([tokens[each, parent], (best % V)[:, :, None]], dim=2)
        length = length[each, parent]
        state = _rows(state, (parent + width * each).flatten())
        ended = (tokens[:, :, -1] == end) | torch.isinf(total)
        if ended.all():
            break
    scores, first = (total / length.clamp(min=1)).max(1)
    rows = tokens[each[:, 0], first, 1:].tolist()
    written = [row[: row.index(end)] if end in row else row for row in rows]
    return Decoded(written, scores, ended[each[:, 0], first])


def _lstm(H: int) -> nn.LSTM:
    """An LSTM whose forget biases start at 1 (Jozefowicz et al., 2015)."""
    lstm = nn.LSTM(H, H, batch_first=True)
    nn.init.ones_(lstm.bias_hh_l0[H : 2 * H])
    return lstm


def _rows(state: Any, rows: Tensor) -> Any:
    """The given rows of every tensor of a nested state."""
    if state is None or isinstance(state, Tensor):
        return state if state is None else state[rows]
    parts = [_rows(part, rows) for part in state]
    return type(state)(*parts) if hasattr(state, "_fields") else type(state)(parts)
