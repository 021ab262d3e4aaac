"""One time step: `h, state = cell(x_t, state)`.

A cell maps the input of one step and the state before it to the state after it. The loop over time is in `layers`.
Parameters have torch's names and layout, so state dicts interchange with `torch.nn.RNNCell`, `LSTMCell` and `GRUCell`:
the gates are stacked along the first axis of each weight, in the order i, f, g, o (LSTM) and r, z, n (GRU).

Left out on purpose: projections (`proj_size`), peepholes, layer normalisation.

Each step comes in two halves. The input's half, `W_ih x_t + b_ih`, needs no state: a layer computes it for all steps in
one product before the loop. The other half is one of the functions `rnn_step`, `lstm_step`, `gru_step` below.
"""

from __future__ import annotations

import math
from collections.abc import Callable, MutableMapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lstmkit.shapes import expect, expect_finite, expect_whole

__all__ = ["GRUCell", "LSTMCell", "LSTMState", "RNNCell", "gru_step", "lstm_step", "rnn_step"]

Gates = MutableMapping[str, Tensor]


class LSTMState(NamedTuple):
    """The two states of an LSTM: h (hidden) and c (cell), of equal shape, (N, H) for a cell, (L·directions, N, H) for a layer."""

    h: Tensor
    c: Tensor


def rnn_step(from_x: Tensor, h: Tensor, W_hh: Tensor, b_hh: Tensor | None, act: Callable = torch.tanh) -> Tensor:
    """h_t = act(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)  (Elman, 1990).

    from_x: W_ih x_t + b_ih, shape (N, H). h: (N, H). W_hh: (H, H). b_hh: (H,) or None. Returns h_t, (N, H).
    """
    return act(from_x + F.linear(h, W_hh, b_hh))


def lstm_step(
    from_x: Tensor, state: tuple[Tensor, Tensor], W_hh: Tensor, b_hh: Tensor | None, gates: Gates | None = None
) -> LSTMState:
    """One LSTM step (Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000).

    i, f, o = σ(…), g = tanh(…), each of W_ih x_t + b_ih + W_hh h_{t-1} + b_hh;   c_t = f∘c_{t-1} + i∘g;   h_t = o∘tanh(c_t)

    from_x: W_ih x_t + b_ih, shape (N, 4H). state: (h, c), each (N, H). W_hh: (4H, H). b_hh: (4H,) or None.
    gates: a dict to be filled with i, f, g, o, each (N, H). Returns LSTMState(h_t, c_t).
    """
    h, c = state
    i, f, g, o = (from_x + F.linear(h, W_hh, b_hh)).chunk(4, dim=1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    c = f * c + i * g
    h = o * c.tanh()
    if gates is not None:
        gates.update(i=i, f=f, g=g, o=o)
    return LSTMState(h, c)


def gru_step(from_x: Tensor, h: Tensor, W_hh: Tensor, b_hh: Tensor | None, gates: Gates | None = None) -> Tensor:
    """One GRU step in torch's form: the reset gate acts after the matrix product (Cho et al., 2014, first arXiv version).

    r, z = σ(…);   n = tanh(W_in x_t + b_in + r∘(W_hn h_{t-1} + b_hn));   h_t = (1 − z)∘n + z∘h_{t-1}

    from_x: W_ih x_t + b_ih, shape (N, 3H). h: (N, H). W_hh: (3H, H). b_hh: (3H,) or None.
    gates: a dict to be filled with r, z, n, each (N, H). Returns h_t, (N, H).
    """
    H = h.shape[1]
    from_h = F.linear(h, W_hh, b_hh)
    r, z = (from_x[:, : 2 * H] + from_h[:, : 2 * H]).sigmoid().chunk(2, dim=1)
    n = torch.tanh(from_x[:, 2 * H :] + r * from_h[:, 2 * H :])
    h = n + z * (h - n)
    if gates is not None:
        gates.update(r=r, z=z, n=n)
    return h


class _Cell(nn.Module):
    """What the three cells share: parameters named, shaped and initialised as in torch, and the checks of the input."""

    blocks = 1  # gates stacked in one weight

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True):
        super().__init__()
        input_size, hidden_size = expect_whole(input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = self.blocks * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias_ih = nn.Parameter(torch.empty(rows)) if bias else None
        self.bias_hh = nn.Parameter(torch.empty(rows)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw every parameter from U(−1/√H, 1/√H), torch's default."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")

    def _from_x(self, x: Tensor) -> Tensor:
        expect(x, "N D", D=self.input_size, dtype=self.weight_ih.dtype)
        expect_finite(x)
        return F.linear(x, self.weight_ih, self.bias_ih)

    def _state(self, x: Tensor, h: Tensor | None, name: str = "state") -> Tensor:
        if h is None:
            return x.new_zeros(len(x), self.hidden_size)
        expect(h, "N H", name=name, dtype=x.dtype, N=len(x), H=self.hidden_size)
        expect_finite(h, name)
        return h


class RNNCell(_Cell):
    """h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), or relu for tanh  (Elman, 1990; Le et al., 2015, for relu).

    x: (N, D); state: h, (N, H), zeros if None. Returns (h, h). Parameters weight_ih (H, D), weight_hh (H, H), bias_ih, bias_hh (H,).
    Raises ValueError or TypeError for a wrong shape or dtype.
    """

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh"):
        super().__init__(input_size, hidden_size, bias)
        self.act = _activation(nonlinearity)
        self.nonlinearity = nonlinearity

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h = rnn_step(self._from_x(x), self._state(x, state), self.weight_hh, self.bias_hh, self.act)
        return h, h


class LSTMCell(_Cell):
    """An LSTM cell with forget gate; equations in `lstm_step`.

    x: (N, D); state: (h, c), each (N, H), zeros if None. Returns (h, LSTMState(h, c)).
    Parameters weight_ih (4H, D), weight_hh (4H, H), bias_ih, bias_hh (4H,), gates in the order i, f, g, o.
    Raises ValueError or TypeError for a wrong shape or dtype.
    """

    blocks = 4

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, LSTMState]:
        from_x = self._from_x(x)
        h, c = _pair(state)
        before = self._state(x, h, "h of the state"), self._state(x, c, "c of the state")
        state = lstm_step(from_x, before, self.weight_hh, self.bias_hh)
        return state.h, state


class GRUCell(_Cell):
    """A GRU cell in torch's form; equations in `gru_step`.

    x: (N, D); state: h, (N, H), zeros if None. Returns (h, h). Parameters weight_ih (3H, D), weight_hh (3H, H), bias_ih,
    bias_hh (3H,), gates in the order r, z, n. Raises ValueError or TypeError for a wrong shape or dtype.
    """

    blocks = 3

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h = gru_step(self._from_x(x), self._state(x, state), self.weight_hh, self.bias_hh)
        return h, h


def _activation(name: str) -> Callable[[Tensor], Tensor]:
    if name not in ("tanh", "relu"):
        raise ValueError(f"nonlinearity is {name!r}; expected 'tanh' or 'relu'")
    return {"tanh": torch.tanh, "relu": torch.relu}[name]


def _pair(state: tuple[Tensor, Tensor] | None) -> tuple[Tensor | None, Tensor | None]:
    if state is None:
        return None, None
    if not isinstance(state, tuple | list) or len(state) != 2:
        given = f"tensor of shape {tuple(state.shape)}" if isinstance(state, Tensor) else type(state).__name__
        raise TypeError(f"the LSTM's state is one {given}; expected a pair (h, c): it has two states")
    return state[0], state[1]
