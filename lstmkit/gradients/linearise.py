"""A recurrent network around its own forward pass: the derivative of every step, ready to be swept back or forward.

Around its forward pass the network is a linear system, state_t = A_t state_{t−1} + B_t x_t. `Step` holds A_t and B_t of one layer
in one direction for every t, in factored form: a product with W = [W_hh W_ih], and factors for each gate. `pull` takes adjoints
one step back, `push` tangents one step forward. Sources: Werbos (1990), Backpropagation through time; Williams and Zipser (1989),
real-time recurrent learning, for the forward direction.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lstmkit import layers
from lstmkit.gradients.callables import columns, leaks, outputs
from lstmkit.gradients.settings import run
from lstmkit.shapes import expect_finite

KINDS = ("RNN", "LSTM", "GRU")
LITTLE = 2**16  # numbers up to which numpy is quicker, whose calls cost a third of torch's


def kind_of(layer: Callable, caller: str = "") -> str | None:
    """RNN, LSTM or GRU for a plain layer; None (an error for `caller`) for anything else: a subclass, hooks, proj_size."""
    given = type(layer).__name__
    if hasattr(layer, "weight_ih") and hasattr(layer, "weight_hh"):  # torch's cells, lstmkit's and look-alikes
        raise TypeError(f"{given} makes one step; expected a layer that runs over a sequence, such as nn.LSTM")
    if isinstance(layer, nn.RNNBase) and not layer.batch_first:
        raise ValueError("the layer is time-major: set layer.batch_first = True (weights stay) and give x as (N, T, D)")
    if not callable(layer):
        raise TypeError(f"layer is a {given}; expected a recurrent layer, or a callable from x to y (N, T, K)")
    if plain(layer):
        return given
    if caller:
        wanted = "a plain RNN, LSTM or GRU of torch or lstmkit, without hooks, proj_size or another forward"
        raise TypeError(f"{caller} needs {wanted}; given {layer!r}. sequence_jacobian takes any callable")
    return None


def plain(layer: object) -> bool:
    """Whether it is one of the six layers as their libraries made them. By name: a reloaded module has new classes."""
    home = {"torch.nn.modules.rnn", layers.__name__}
    if type(layer).__name__ not in KINDS or type(layer).__module__ not in home or getattr(layer, "proj_size", 0):
        return False
    return layer.batch_first and not altered(layer)


def altered(module: nn.Module) -> bool:
    """Whether hooks or a forward of its own (but for `inside`'s, which is another thread's) change what a module computes."""
    own = vars(module).get("forward")
    hooks = module._forward_hooks or module._forward_pre_hooks or module._backward_hooks or module._backward_pre_hooks
    return bool(hooks or (own and not hasattr(own, "elsewhere")))


class Net(NamedTuple):
    """What the engine needs of a layer. weights[layer][direction]: W_ih, W_hh and, with biases, b_ih, b_hh. p: dropout between layers."""

    kind: str
    H: int
    weights: list[list[list[Tensor]]]
    act: str = ""
    p: float = 0.0
    own: bool = False  # lstmkit's layer, which draws its dropout in another layout than torch's

    @property
    def states(self) -> int:
        return 2 if self.kind == "LSTM" else 1

    @property
    def directions(self) -> int:
        return len(self.weights[0])


def read(layer: nn.Module) -> Net:
    """The weights of a plain layer, or of a cell (one layer, one direction), without their graph."""
    parts = ["weight_ih", "weight_hh"] + ["bias_ih", "bias_hh"] * bool(layer.bias)
    if hasattr(layer, "weight_ih"):
        kind = type(layer).__name__.removesuffix("Cell")
        return Net(kind, layer.hidden_size, [[[getattr(layer, part).detach() for part in parts]]])
    weights = []
    for l in range(layer.num_layers):
        names = [f"l{l}", f"l{l}_reverse"][: 1 + layer.bidirectional]
        weights.append([[getattr(layer, f"{part}_{name}").detach() for part in parts] for name in names])
    act, p = getattr(layer, "nonlinearity", ""), layer.dropout * layer.training
    return Net(type(layer).__name__, layer.hidden_size, weights, act, p, hasattr(layer, "_suffixes"))


class Step:
    """One layer in one direction: the derivative of its step at every t. Time comes first, for a sweep takes one t at a time.

    W: (B·H, H+D), [W_hh W_ih], a block of H rows for each gate. q: (T, N, blocks, H): B factors k, by which the gates' changes
    reach the state; f, the direct path (LSTM: f, GRU: z); a, ∂h/∂c at fixed gates (LSTM).
    states: 1 for h, 2 for h and c. mask: (T, N, 1, D), dropout on the way to this layer's input.
    first: W for the first step, where it differs (closed loops: nothing is fed back there).
    """

    def __init__(self, W: Tensor, q: Tensor, states: int, mask: Tensor | None = None, first: Tensor | None = None):
        self.W, self.q, self.states, self.mask, self.first = W, q, states, mask, first
        self.room: list[Tensor] | None = None  # for the products of `pull`, where they are large

    def map(self, change: Callable[[Tensor], Tensor]) -> Step:
        mask = None if self.mask is None else change(self.mask)
        return Step(self.W, change(self.q), self.states, mask, self.first)

    def ready(self) -> Step:
        """With its parts as lists over time, so that a sweep need not index."""
        B, q = len(self.W) // self.q.shape[3], self.q.contiguous()[:, :, None]
        self.k = q[:, :, :, :B].unbind(0)
        self.f = q[:, :, :, B].unbind(0) if q.shape[3] > B else None
        if self.states == 2:
            self.a, self.o = q[:, :, :, B + 1].unbind(0), q[:, :, :, B - 1].unbind(0)
        return self

    def pull(self, h: Tensor, c: Tensor | None, t: int) -> Tensor:
        """Adjoints of the state at t, (N, R, H), become in place those of the state at t−1; returns those of x_t, (N, R, D)."""
        (N, R, H), delta, out = h.shape, None, None
        if self.room is not None:
            delta = self.room[0][: N * R * len(self.W)].view(N, R, -1, H)
            out = self.room[1][: N * R * self.W.shape[1]].view(N * R, -1)
        if c is None:
            delta = torch.mul(h.unsqueeze(2), self.k[t], out=delta)
        else:
            c.addcmul_(h, self.a[t])
            delta = torch.mul(c.unsqueeze(2), self.k[t], out=delta)
            torch.mul(h, self.o[t], out=delta.select(2, 3))  # the output gate's belongs to λ_h
            c.mul_(self.f[t])
        W = self.W if t or self.first is None else self.first
        out = torch.mm(delta.view(N * R, -1), W, out=out).view(N, R, -1)
        before = out.narrow(2, 0, H)
        if c is None and self.f is not None:
            torch.addcmul(before, h, self.f[t], out=h)
        else:
            h.copy_(before)
        dx = out.narrow(2, H, out.shape[2] - H)
        return dx if self.mask is None else dx * self.mask[t]

    def push(self, h: Tensor, c: Tensor | None, from_x: Tensor | None, t: int) -> tuple[Tensor, Tensor | None]:
        """Tangents of the state at t−1, (N, R, H), to those at t. from_x: ẋ_t W_ihᵀ, (N, R, B·H), with a mask applied; None for 0."""
        N, R, H = h.shape
        W = (self.W if t or self.first is None else self.first)[:, :H].T
        rows = h.reshape(N * R, H)
        d = torch.mm(rows, W) if from_x is None else torch.addmm(from_x.reshape(N * R, -1), rows, W)
        d = d.view(N, R, -1, H) * self.k[t]
        if self.states == 2:
            c = torch.addcmul(d[:, :, :3].sum(2), c, self.f[t])
            return torch.addcmul(d.select(2, 3), c, self.a[t]), c
        h_new = d.sum(2) if d.shape[2] > 1 else d[:, :, 0]
        return (h_new if self.f is None else torch.addcmul(h_new, h, self.f[t])), None

    def dense(self) -> Tensor:
        """Every step with its gates multiplied in: (T, N, S, S), from the state before to the state behind."""
        (T, N, _, H), B, late = self.q.shape, len(self.W) // self.q.shape[3], self.q[:, :, :, None]
        W, whole = self.W[:, :H].view(B, H, H).transpose(1, 2), self.q.new_zeros(T, N, H * self.states, H * self.states)
        to_h, to_last, f = whole[:, :, :H, :H], whole[:, :, :H, -H:], self.q[:, :, min(B, self.q.shape[2] - 1)]
        torch.mul(W[0], late[:, :, 0], out=to_last)
        for g in range(1, 3 if self.states == 2 else B):
            to_last.addcmul_(W[g], late[:, :, g])
        if self.q.shape[2] > B:
            whole[:, :, -H:, -H:].diagonal(dim1=2, dim2=3).add_(f)
        if self.states == 2:
            torch.mul(W[3], late[:, :, 3], out=to_h)
            to_h.addcmul_(to_last, late[:, :, B + 1])
            torch.mul(self.q[:, :, B + 1], f, out=whole[:, :, H:, :H].diagonal(dim1=2, dim2=3))
        return whole


def linearise(net: Net, weights: list[Tensor], x: Tensor, h: Tensor, h0: Tensor, c0: Tensor) -> Step:
    """x: (T, N, D). h: (T, N, H), what the layer puts out for it: with h at hand, the gates of all steps need no loop."""
    if net.kind == "LSTM":
        return _linearised_lstm(weights, x, h, h0, c0)
    (W_ih, W_hh, b_ih, b_hh), H = [*weights, None, None][:4], h.shape[2]
    W = torch.cat([W_hh, W_ih], dim=1)
    if net.kind == "RNN":
        return Step(W, ((h > 0).to(h.dtype) if net.act == "relu" else 1 - h * h)[:, :, None], 1)
    h_prev = torch.cat([h0[None], h[:-1]])
    from_x, from_h = F.linear(x, W_ih, b_ih), F.linear(h_prev, W_hh, b_hh)
    r, z = (from_x + from_h)[..., : 2 * H].sigmoid().chunk(2, dim=2)
    m = from_h[..., 2 * H :]
    n = torch.tanh(from_x[..., 2 * H :] + r * m)
    dn = (1 - z) * (1 - n * n)
    W = torch.cat([W, W[2 * H :]])  # r acts on n's recurrent half only: a block of rows for each half
    W[2 * H : 3 * H, H:] = 0
    W[3 * H :, :H] = 0
    return Step(W, torch.stack([dn * m * r * (1 - r), (h_prev - n) * z * (1 - z), dn * r, dn, z], dim=2), 1)


def _linearised_lstm(weights: list[Tensor], x: Tensor, h: Tensor, h0: Tensor, c0: Tensor) -> Step:
    """The same for an LSTM; in numpy where there is little to do."""
    (T, N, H), few = h.shape, x.device.type == "cpu" and h.numel() <= LITTLE
    q = x.new_empty(6, T, N, H) if few else x.new_empty(T, N, 6, H).permute(2, 0, 1, 3)
    W, bias = torch.cat([weights[1], weights[0]], dim=1), weights[2] + weights[3] if len(weights) > 2 else None
    here = Tensor.numpy if few else Tensor.detach
    given = [part if part is None else here(part) for part in (q, W, bias, x, h, h0, c0)]
    lstm_factors(np if few else torch, *given, few or x.device.type != "cpu")
    return Step(W, q.permute(1, 2, 0, 3), 2)


def lstm_factors(xp, q, W, bias, x, h, h0, c0, at_once: bool) -> None:
    """Fill q, (6, T, N, H): the factors of `Step`, a block each. Arrays of xp, numpy or torch; W: (4H, H+D); x, h: (T, N, …)."""
    T, N, H = h.shape
    gates = xp.concatenate([xp.concatenate([h0[None], h[:-1]]), x], 2).reshape(T * N, -1) @ W.T
    if bias is not None:
        gates += bias
    q[:4] = gates.reshape(T, N, 4, H).swapaxes(0, 2).swapaxes(1, 2)
    del gates
    g = xp.tanh(q[2])
    if xp is np:
        q[:4] = 1 / (1 + np.exp(-q[:4]))
    else:
        q[:4].sigmoid_()
    i, f, dg, o, keep, late = q
    keep[:] = f
    c, ahead, kept = xp.concatenate([c0[None], i * g]), 1, f
    if at_once:  # c_t = f_t∘c_{t−1} + i_t∘g_t, in log₂T rounds over all steps
        while ahead <= T:
            c[ahead:] += kept * c[:-ahead]
            kept, ahead = kept[ahead:] * kept[:-ahead], 2 * ahead
    else:
        for kept, before, after in zip(f, c, c[1:], strict=False):
            after += kept * before
    u = xp.tanh(c[1:])
    late[:] = o * (1 - u * u)
    dg[:] = i * (1 - g * g)
    for gate, times in ((i, g), (f, c[:-1]), (o, u)):
        gate *= 1 - gate
        gate *= times


class Tape(NamedTuple):
    """What one forward pass leaves behind: stack[layer][direction] (each in its own order of time) and the read-out's Jacobian.

    C: (T, N, K, H·directions), or (1, 1, K, H·directions) where it is the same at every step. before: None, or the Jacobian of
    the layer's input by x, (N, T, D', D), of whatever stands before it. beside: ∂y_t/∂x_t on a way around the layer, (N, T, K, D).
    """

    stack: list[list[Step]]
    C: Tensor
    before: Tensor | None = None
    beside: Tensor | None = None

    @property
    def T(self) -> int:
        return len(self.stack[0][0].q)

    @property
    def N(self) -> int:
        return self.stack[0][0].q.shape[1]

    @property
    def K(self) -> int:
        return self.C.shape[2]

    @property
    def H(self) -> int:
        return self.stack[0][0].q.shape[3]

    @property
    def D(self) -> int:
        return self.stack[0][0].W.shape[1] - self.H if self.before is None else self.before.shape[3]


def roll(net: Net, x: Tensor, start: list[Tensor], known: Tensor | None = None) -> tuple[list[list[Step]], Tensor]:
    """Run the net over x, (N, T, D), from start (torch's layout), and linearise it. Returns the stack and y, (T, N, H·directions).

    known: y, (N, T, H·directions), where it is known already (of use for one layer).
    """
    run_layer = {"LSTM": torch.lstm, "GRU": torch.gru, "RNN": torch.rnn_relu if net.act == "relu" else torch.rnn_tanh}[
        net.kind
    ]
    (N, T, _), directions, H, start = x.shape, net.directions, net.H, [part.detach() for part in start]
    seq, stack, mask = x.detach().transpose(0, 1).contiguous(), [], None
    for l, both in enumerate(net.weights):
        h0, c0 = (part[l * directions : (l + 1) * directions] for part in (start[0], start[-1]))
        before, flat = (h0, c0) if net.kind == "LSTM" else h0, sum(both, [])
        if known is not None and len(net.weights) == 1:
            y = known.transpose(0, 1)
        else:
            y = run_layer(seq, before, flat, len(both[0]) == 4, 1, 0.0, False, directions == 2, False)[0]
        stack.append([linearise(net, both[0], seq, y[..., :H], h0[0], c0[0])])
        if directions == 2:
            stack[l].append(linearise(net, both[1], seq.flip(0), y[..., H:].flip(0), h0[1], c0[1]))
        if mask is not None:
            stack[l][0].mask, stack[l][-1].mask = mask, mask.flip(0) if directions == 2 else mask
        seq, mask = y, None
        if (
            net.p and l < len(net.weights) - 1
        ):  # in the layout that the layer itself draws in: the same seed, the same mask
            if net.own:
                mask = F.dropout(y.new_ones(N, T, y.shape[2]), net.p).transpose(0, 1)
            else:
                mask = F.dropout(torch.ones_like(y), net.p)
            seq, mask = y * mask, mask[:, :, None]
    return stack, seq


def check_input(layer: nn.Module, x: Tensor) -> None:
    """One clear line unless x is (N, T, D), float32 or float64, of the layer's dtype and device, and without NaN."""
    layers._Recurrent._check_input(layer, x)
    if x.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"x has dtype {str(x.dtype).removeprefix('torch.')}; expected float32 or float64")


def initial(net: Net, state, x: Tensor) -> list[Tensor]:
    """The initial state in torch's layout, h or h and c, (L·directions, N, H) each; zeros for None; one clear line if it is wrong."""
    like = SimpleNamespace(num_layers=len(net.weights), directions=net.directions, hidden_size=net.H, states=net.states)
    return list(layers._Recurrent._initial(like, state, x))


def record(layer: nn.Module, x: Tensor, head: Callable | None = None, state=None) -> Tape:
    """One forward pass of a plain layer, linearised, with the head's Jacobian at every step."""
    check_input(layer, x)
    net = read(layer)
    if net.p:
        drawn = "dropout between the layers is on (train mode): the result holds for one draw of its masks; layer.eval() turns it off"
        warnings.warn(drawn, stacklevel=3)

    def work() -> tuple[list[list[Step]], Tensor]:
        return roll(net, x, initial(net, state, x))

    stack, y = run(work, x.device)
    expect_finite(y, "the layer's output")
    y = y.transpose(0, 1)  # the layout of the layer's own output, which decides what a dropout in the head draws
    return Tape(stack, head_jacobian(head, y.contiguous() if net.own else y))


def head_jacobian(head: Callable | None, y: Tensor) -> Tensor:
    """y: (N, T, H). Returns ∂head(y_t)/∂y_t, (T, N, K, H), or (1, 1, K, H) where it is the same everywhere."""
    N, T, H = y.shape
    if head is None:
        return torch.eye(H, dtype=y.dtype, device=y.device)[None, None]
    if type(head) is nn.Linear and head.in_features == H and not altered(head) and (W := head.weight).dtype == y.dtype:
        return W.detach().view(1, 1, -1, H)
    found = outputs(head, y, "the head")
    out, leaf = found.y, found.leaf
    instead = "For another read-out give sequence_jacobian the whole model as one callable"
    if out.ndim != 3 or out.shape[1] != T:
        wanted = "expected (N, T, K), each step on its own"
        raise ValueError(f"the head maps (N={N}, T={T}, {H}) to {tuple(out.shape)}; {wanted}. {instead}")
    if leaks(found, 2):
        where = "it depends on the layer's output elsewhere (pooling, flip, attention, BatchNorm in train mode?)"
        raise ValueError(f"the head mixes time steps or sequences: {where}. {instead}")
    return columns(out, leaf).transpose(0, 1)
