"""The visible loop over time: `y, state = layer(x, state=None)`, batch first.

`RNN`, `LSTM` and `GRU` do what `torch.nn.RNN/LSTM/GRU(..., batch_first=True)` do, with the same parameter names, so state
dicts interchange both ways; but every step can be read, and every gate can be traced. Stacked, bidirectional, and right on
padded batches when `lengths` is given.

Left out on purpose: `proj_size`, time-major input and packed sequences (give `lengths` instead).
"""

from __future__ import annotations

import math
from collections.abc import MutableMapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lstmkit.cells import LSTMState, _activation, _pair, gru_step, lstm_step, rnn_step
from lstmkit.shapes import expect, expect_finite, expect_lengths, expect_whole

__all__ = ["GRU", "LSTM", "RNN"]

Trace = MutableMapping[str, Tensor]


class _Recurrent(nn.Module):
    """Parameters, checks and the loops over layers, directions and time; a subclass gives the step."""

    blocks = 1  # gates stacked in one weight
    states = 1  # tensors in the state: h, or h and c

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        *,
        bias: bool = True,
        dropout: float = 0.0,
    ):
        super().__init__()
        sizes = {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}
        input_size, hidden_size, num_layers = expect_whole(**sizes)
        if str(bidirectional) not in ("True", "False"):  # Python's or numpy's
            raise TypeError(f"bidirectional is {bidirectional!r}; expected True or False")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout is {dropout!r}; expected a probability, 0 ≤ dropout < 1")
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bidirectional, self.bias, self.dropout = bool(bidirectional), bias, float(dropout)
        self.batch_first = True
        rows = self.blocks * hidden_size
        for layer in range(num_layers):
            columns = input_size if layer == 0 else hidden_size * self.directions
            for suffix in self._suffixes(layer):
                self.register_parameter(f"weight_ih_{suffix}", nn.Parameter(torch.empty(rows, columns)))
                self.register_parameter(f"weight_hh_{suffix}", nn.Parameter(torch.empty(rows, hidden_size)))
                if bias:
                    self.register_parameter(f"bias_ih_{suffix}", nn.Parameter(torch.empty(rows)))
                    self.register_parameter(f"bias_hh_{suffix}", nn.Parameter(torch.empty(rows)))
        self.reset_parameters()

    @property
    def directions(self) -> int:
        """1, or 2 for a bidirectional layer."""
        return 2 if self.bidirectional else 1

    def _suffixes(self, layer: int) -> list[str]:
        return [f"l{layer}", f"l{layer}_reverse"][: self.directions]

    def reset_parameters(self) -> None:
        """Draw every parameter from U(−1/√H, 1/√H), torch's default."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def extra_repr(self) -> str:
        extra = [str(self.input_size), str(self.hidden_size)]
        extra += [f"num_layers={self.num_layers}"] * (self.num_layers > 1) + ["bidirectional=True"] * self.bidirectional
        return ", ".join(extra + ["bias=False"] * (not self.bias) + [f"dropout={self.dropout}"] * (self.dropout > 0))

    def forward(self, x: Tensor, state=None, *, lengths: Tensor | list[int] | None = None, trace: Trace | None = None):
        """Run over a batch of sequences.

        x: (N, T, D). state: torch's layout, h of shape (L·directions, N, H), for an LSTM the pair (h, c); zeros if None.
        lengths: (N,) integers, the steps of each sequence that are not padding; after its end a sequence's state stays
        as it is and its output is 0, and the backward direction starts at its last real step.
        trace: an empty dict, to be filled with the state and the gates of every step, each (L·directions, N, T, H):
        h for an RNN; h, r, z, n for a GRU; h, c, i, f, g, o for an LSTM.
        Returns y (N, T, H·directions), the last layer's h at every step, and the final state in the layout of `state`.
        Raises ValueError or TypeError for a wrong shape, dtype or length, or NaN, in one line that names the likely slip.
        """
        N, T, _ = self._check_input(x)
        before = self._initial(state, x)
        valid = None
        if lengths is not None:
            lengths = expect_lengths(lengths, N, T).to(x.device)
            valid = (torch.arange(T, device=x.device) < lengths[:, None])[..., None]  # (N, T, 1)
        traces, final = [], []
        for layer in range(self.num_layers):
            outputs = []
            for suffix in self._suffixes(layer):
                start = tuple(part[len(final)] for part in before)
                y, end, seen = self._run(x, start, suffix, valid, trace is not None)
                outputs.append(y)
                final.append(end)
                traces.append(seen)
            x = outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=2)
            if self.dropout and self.training and layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout)
        if trace is not None:
            trace.update({name: torch.stack([seen[name] for seen in traces]) for name in traces[0]})
        ends = [torch.stack(parts) for parts in zip(*final, strict=True)]
        return x, LSTMState(*ends) if self.states == 2 else ends[0]

    def _run(self, x: Tensor, state: tuple[Tensor, ...], suffix: str, valid: Tensor | None, traced: bool):
        """One layer in one direction. x: (N, T, ·). state: (N, H) each. Returns y (N, T, H), the last state, the trace."""
        W_ih, W_hh = getattr(self, f"weight_ih_{suffix}"), getattr(self, f"weight_hh_{suffix}")
        b_ih, b_hh = getattr(self, f"bias_ih_{suffix}", None), getattr(self, f"bias_hh_{suffix}", None)
        T = x.shape[1]
        from_x = F.linear(x, W_ih, b_ih).transpose(0, 1).contiguous().unbind(0)  # the input's half of all steps at once
        steps = range(T - 1, -1, -1) if suffix.endswith("_reverse") else range(T)
        y, seen = [x] * T, [{}] * T
        for t in steps:
            gates = {} if traced else None
            new = self._step(from_x[t], state, W_hh, b_hh, gates)
            if valid is None:
                state = new
                y[t] = state[0]
            else:  # past its end a sequence keeps its state and puts out zeros
                now = valid[:, t]
                state = tuple(torch.where(now, after, earlier) for after, earlier in zip(new, state, strict=True))
                y[t] = torch.where(now, state[0], 0.0)
            if traced:
                seen[t] = dict(zip("hc", state, strict=False)) | gates
        trace = {name: torch.stack([step[name] for step in seen], dim=1) for name in seen[0]}
        return torch.stack(y, dim=1), state, trace

    def _step(self, from_x, state, W_hh, b_hh, gates) -> tuple[Tensor, ...]:
        raise NotImplementedError

    def _check_input(self, x: Tensor) -> tuple[int, ...]:
        if isinstance(x, nn.utils.rnn.PackedSequence):
            raise TypeError("x is a PackedSequence; expected a padded tensor (N, T, D): pass it with lengths=… instead")
        if isinstance(x, Tensor) and not x.is_floating_point():
            integers = "integer tokens go through an nn.Embedding or F.one_hot first, other integers through .float()"
            parts = "a complex number has two parts: take x.real or x.abs(), or both by torch.view_as_real(x)"
            raise TypeError(
                f"x has dtype {str(x.dtype).removeprefix('torch.')}; expected floating point: "
                + (parts if x.is_complex() else integers)
            )
        weight = self.weight_ih_l0
        shape = expect(x, "N T D", D=self.input_size, dtype=weight.dtype)
        if x.device != weight.device:
            raise ValueError(f"x is on {x.device}, the layer on {weight.device}; move one of them with .to(…)")
        expect_finite(x)
        return shape

    def _initial(self, state, x: Tensor) -> tuple[Tensor, ...]:
        rows, N, H = self.num_layers * self.directions, len(x), self.hidden_size
        if state is None:
            return (x.new_zeros(rows, N, H),) * self.states
        parts = _pair(state) if self.states == 2 else (state,)
        names = ("h of the state", "c of the state") if self.states == 2 else ("state",)
        if self.states == 1 and isinstance(state, tuple | list):
            raise TypeError(
                f"state is a {type(state).__name__} of {len(state)}; expected one tensor h: only an LSTM has (h, c)"
            )
        for part, name in zip(parts, names, strict=True):
            expect(part, "L·directions N H", name=name, dtype=x.dtype, **{"L·directions": rows, "N": N, "H": H})
            expect_finite(part, name)
        return parts


class RNN(_Recurrent):
    """Elman network, h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), or relu for tanh; as `torch.nn.RNN`, batch first.

    Called as `y, h = layer(x, state=None)`: x (N, T, D), state and h (L·directions, N, H), y (N, T, H·directions).
    Parameters weight_ih_l0 (H, D), weight_hh_l0 (H, H), bias_ih_l0, bias_hh_l0 (H,), … as in torch.
    Source: Elman (1990), Finding structure in time. Raises ValueError or TypeError for bad arguments.
    """

    def __init__(self, *args, nonlinearity: str = "tanh", **kwargs):
        super().__init__(*args, **kwargs)
        self.act, self.nonlinearity = _activation(nonlinearity), nonlinearity

    def _step(self, from_x, state, W_hh, b_hh, gates):
        return (rnn_step(from_x, state[0], W_hh, b_hh, self.act),)


class LSTM(_Recurrent):
    """Long short-term memory with forget gate; equations in `cells.lstm_step`; as `torch.nn.LSTM`, batch first.

    Called as `y, (h, c) = layer(x, state=None)`: x (N, T, D), h and c (L·directions, N, H), y (N, T, H·directions).
    Parameters weight_ih_l0 (4H, D), weight_hh_l0 (4H, H), bias_ih_l0, bias_hh_l0 (4H,), … gates in the order i, f, g, o.
    Source: Hochreiter and Schmidhuber (1997); Gers, Schmidhuber and Cummins (2000). Raises ValueError or TypeError for
    bad arguments.
    """

    blocks, states = 4, 2

    def _step(self, from_x, state, W_hh, b_hh, gates):
        return lstm_step(from_x, state, W_hh, b_hh, gates)


class GRU(_Recurrent):
    """Gated recurrent unit in torch's form; equations in `cells.gru_step`; as `torch.nn.GRU`, batch first.

    Called as `y, h = layer(x, state=None)`: x (N, T, D), state and h (L·directions, N, H), y (N, T, H·directions).
    Parameters weight_ih_l0 (3H, D), weight_hh_l0 (3H, H), bias_ih_l0, bias_hh_l0 (3H,), … gates in the order r, z, n.
    Source: Cho et al. (2014), arXiv:1406.1078v1. Raises ValueError or TypeError for bad arguments.
    """

    blocks = 3

    def _step(self, from_x, state, W_hh, b_hh, gates):
        return (gru_step(from_x, state[0], W_hh, b_hh, gates),)
