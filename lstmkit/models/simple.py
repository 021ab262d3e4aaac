"""The three mappings with one network each: one-to-one (no memory), many-to-one, many-to-many aligned."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from lstmkit.shapes import expect, expect_finite, expect_lengths, expect_whole

__all__ = ["LAYERS", "ManyToMany", "ManyToOne", "OneToOne"]

LAYERS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


class OneToOne(nn.Sequential):
    """No memory: a hidden tanh layer, used for every step on its own. x: (…, D). Returns (…, K)."""

    def __init__(self, input_size: int, hidden_size: int, output_size: int):
        D, H, K = expect_whole(input_size=input_size, hidden_size=hidden_size, output_size=output_size)
        super().__init__(nn.Linear(D, H), nn.Tanh(), nn.Linear(H, K))


class _Reader(nn.Module):
    """A recurrent layer of torch's that reads a padded batch, and a linear read-out.

    kind: "rnn", "gru" or "lstm". Forget biases of an LSTM start at 1 (Jozefowicz et al., 2015), in layer and direction alike.
    Raises ValueError for another kind, and for sizes that are no whole numbers of at least 1.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        kind: str = "lstm",
        num_layers: int = 1,
        bidirectional: bool = False,
    ):
        super().__init__()
        if kind not in LAYERS:
            raise ValueError(f"kind is {kind!r}; expected one of {', '.join(LAYERS)}")
        sizes = {"input_size": input_size, "hidden_size": hidden_size, "output_size": output_size}
        input_size, hidden_size, output_size, num_layers = expect_whole(**sizes, num_layers=num_layers)
        bidirectional = bool(bidirectional)
        self.layer = LAYERS[kind](
            input_size, hidden_size, num_layers=num_layers, bidirectional=bidirectional, batch_first=True
        )
        self.read = nn.Linear(hidden_size * (1 + bidirectional), output_size)
        with torch.no_grad():
            for name, bias in self.layer.named_parameters():
                if kind == "lstm" and name.startswith("bias_hh"):
                    bias[hidden_size : 2 * hidden_size] = 1

    def _run(self, x: Tensor, lengths: Tensor | list[int] | None) -> tuple[Tensor, Tensor]:
        """x: (N, T, D). Returns the states of the last layer (N, T, H·directions) and the final h (L·directions, N, H)."""
        N, T, _ = expect(x, "N T D", D=self.layer.input_size, dtype=self.read.weight.dtype)
        expect_finite(x)
        if lengths is None:
            states, final = self.layer(x)
        else:
            lengths = expect_lengths(lengths, N, T).cpu()  # torch wants them there, whatever the device of x
            packed, final = self.layer(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
            states, _ = pad_packed_sequence(packed, batch_first=True, total_length=T)
        return states, final[0] if isinstance(final, tuple) else final


class ManyToOne(_Reader):
    """Reads a sequence, answers once: `y = model(x, lengths=None)`, from the last layer's final state, both directions.

    x: (N, T, D). lengths: (N,), the steps that are not padding. Returns (N, K).
    Raises ValueError or TypeError for a wrong shape, length or dtype, or NaN.
    """

    def forward(self, x: Tensor, lengths: Tensor | list[int] | None = None) -> Tensor:
        _, final = self._run(x, lengths)
        ends = final[-2:] if self.layer.bidirectional else final[-1:]
        return self.read(torch.cat(list(ends), dim=1))


class ManyToMany(_Reader):
    """One answer at every step: `y = model(x, lengths=None)`. x: (N, T, D). Returns (N, T, K).

    lengths: (N,), the steps that are not padding; at padded steps y is the read-out's bias. Raises as `ManyToOne`.
    """

    def forward(self, x: Tensor, lengths: Tensor | list[int] | None = None) -> Tensor:
        return self.read(self._run(x, lengths)[0])
