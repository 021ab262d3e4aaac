"""Every output step with respect to every input step and every state, from one forward pass.

Around its own forward pass a recurrent network is a linear system, state_t = A_t state_{t-1} + B_t x_t, so one sweep back
through time carries the adjoints of *all* outputs, each joining at its own step. For one LSTM layer, with a row of λ_h and
λ_c for every output that has joined (`_Layer.pull`):

    λ_c += λ_h∘o∘(1 − tanh²c)
    δ    = [λ_c∘g∘i(1−i), λ_c∘c_prev∘f(1−f), λ_c∘i∘(1−g²), λ_h∘tanh c∘o(1−o)]
    ∂y/∂x_s = δ W_ih,    λ_h ← δ W_hh,    λ_c ← λ_c∘f

Nothing is computed above the diagonal, so its zeros are exact. Long sequences are cut into chunks that are swept side by
side (`_chunked`), bidirectional stacks go layer by layer (`_layered`), any other callable output by output (`_by_autograd`).
Results are plain numbers: they cannot be differentiated again. Numbers below the normal range of their dtype (1.2e-38 in
float32) count as 0. Sources: Werbos (1990), Backpropagation through time; Hochreiter (1991), for the vanishing gradient.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from types import SimpleNamespace
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lstmkit import layers
from lstmkit.shapes import expect_finite, expect_lengths

__all__ = ["Audit", "Check", "GradientFlow", "PathShares", "StateJacobian"]
__all__ += ["audit", "gradient_flow", "path_shares", "sequence_jacobian", "state_jacobian"]

TRACE = 1e-6  # a gradient below this share of the largest one counts as none where dependence is tested
WORKSPACE = 2**25  # bytes that a sweep may use beside the result, where the result itself is smaller


class StateJacobian(NamedTuple):
    """∂y_t/∂h_s and ∂y_t/∂c_s, (N, T, K, L·directions, T, H) each, as norms (N, T, L·directions, T); c is None for RNN and GRU."""

    h: Tensor
    c: Tensor | None


class PathShares(NamedTuple):
    """The parts of ∂y_t/∂x_s through h_s and through c_s, (N, T, K, T, D) each, and the share of c in them, (N, T, T)."""

    h: Tensor
    c: Tensor
    share: Tensor


class GradientFlow(NamedTuple):
    """norms: (T,), the mean norm of ∂y_t/∂x_{t−lag} for lag 0 … T−1; factor: what is left of it with every step of lag."""

    norms: Tensor
    factor: float


def sequence_jacobian(
    layer: Callable, x: Tensor, head: Callable | None = None, state=None, *, norms: bool = False
) -> Tensor:
    """∂y_t/∂x_s for every output step t and every input step s.

    layer: nn.RNN, nn.LSTM or nn.GRU with batch_first=True, or lstmkit's; any depth, one or two directions, train or eval (the
    dropout masks are drawn once, as the layer would draw them). Or any callable from x to y (N, T', K), or to a tuple that
    starts with y: autograd then differentiates it, output by output.
    x: (N, T, D), float32 or float64; for a callable (N, …). head: function or module from the layer's output
    (N, T, H·directions) to (N, T, K), each step on its own; without it K is the layer's output size. state: initial state in
    torch's layout, zeros if None.
    Returns (N, T, K, T, D), units of y per unit of x; sample n's block is ∂y[n]/∂x[n]; exactly 0 where s > t in a
    one-directional layer. norms=True: the Frobenius norm of each K×D block, (N, T, T), without ever holding all blocks.
    Memory: the result, a small multiple of it or of 32 MB, the gates of every step, and the weights.
    Raises TypeError or ValueError for a wrong shape, dtype or device, integer tokens, NaN, a packed sequence, a time-major
    layer, a cell, and a head that mixes time steps or sequences. Source: the module's head.
    """
    with _exactly(x):
        if _kind(layer) is None:
            return _by_autograd(lambda leaf: _call(layer, leaf, state, head), x, norms)
        tape = _forward(layer, x, head, state)
        T = tape.T
        shape, dtype = ((T, T), torch.float64) if norms else ((T, tape.K, T, x.shape[2]), x.dtype)
        result = x.new_zeros((len(x), *shape), dtype=dtype)
        _fill(tape, result, norms)
        return result.sqrt_().to(x.dtype) if norms else result


def state_jacobian(
    layer: nn.Module, x: Tensor, head: Callable | None = None, state=None, *, norms: bool = False
) -> StateJacobian:
    """∂y_t/∂h_s and, for an LSTM, ∂y_t/∂c_s of every layer and direction.

    Arguments and errors as for `sequence_jacobian`, but `layer` must be a plain recurrent layer (else TypeError): a
    callable's states cannot be seen. ∂y_t/∂h_s holds c_s fixed; ∂y_t/∂c_s counts the route through h_s = o∘tanh(c_s) too.
    Returns StateJacobian(h, c), each (N, T, K, L·directions, T, H), in units of y per unit of state, layers and directions
    as in torch's h_n (l0, l0_reverse, l1, …). norms=True: norms over K×H, (N, T, L·directions, T). Source: the module's head.
    """
    with _exactly(x):
        _kind(layer, "state_jacobian")
        tape = _forward(layer, x, head, state)
        T, K, H, directions, kinds = tape.T, tape.K, tape.H, len(tape.stack[0]), tape.stack[0][0].states
        shape = (kinds, len(x), T, K, len(tape.stack) * directions, T, H)
        result = x.new_zeros(shape[:3] + (shape[4], T) if norms else shape)

        def see(
            n: slice, ts: slice, l: int, d: int, s: int, layer: _Layer, t: int, h: Tensor, c: Tensor | None
        ) -> None:
            for one, part in zip(result, (h,) if c is None else (h, torch.addcmul(c, h, layer.a[t])), strict=True):
                part, row = part.unflatten(1, (-1, K)), l * directions + d
                if norms:
                    one[n, ts, row, s] = part.double().square().sum((2, 3)).sqrt().to(x.dtype)
                else:
                    one[n, ts, :, row, s] = part

        _fill(tape, result, norms, see)
        return StateJacobian(*result, *[None] * (2 - kinds))


def path_shares(layer: nn.Module, x: Tensor, head: Callable | None = None, state=None) -> PathShares:
    """How much of ∂y_t/∂x_s arrives through h_s and how much through c_s, the states of an LSTM's first layer.

    x_s enters both states of its step. One part of its effect leaves the step through h_s (into y_s, the gates of step s+1
    and the layer above), the other through c_s, along the cell's direct path. Arguments and errors as for
    `sequence_jacobian`, but `layer` must be a plain LSTM (else TypeError).
    Returns PathShares(h, c, share): the parts, (N, T, K, T, D) each, which add up to the Jacobian, and
    share = ‖c part‖/(‖h part‖ + ‖c part‖), (N, T, T), NaN where both are zero. Source: the module's head.
    """
    with _exactly(x):
        if _kind(layer, "path_shares") != "LSTM":
            raise TypeError(f"path_shares needs an LSTM; {type(layer).__name__} has no cell state c beside h")
        tape = _forward(layer, x, head, state)
        result = x.new_zeros(2, len(x), tape.T, tape.K, tape.T, x.shape[2])

        def see(n: slice, ts: slice, l: int, d: int, s: int, layer: _Layer, t: int, h: Tensor, c: Tensor) -> None:
            if l == 0:
                for one, (from_h, from_c) in zip(result, ((1, 0), (0, 1)), strict=True):
                    one[n, ts, :, s] += layer.pull(h * from_h, c * from_c, t).unflatten(1, (-1, tape.K))

        _fill(tape, result, False, see)
        via_h, via_c = result.transpose(3, 4).flatten(4).double().norm(dim=4).to(x.dtype)
        return PathShares(*result, via_c / (via_h + via_c))


def gradient_flow(layer: Callable, x: Tensor, head: Callable | None = None, state=None) -> GradientFlow:
    """How the gradient fades or grows with the lag between an output and an earlier input.

    Arguments and errors as for `sequence_jacobian`, and ValueError unless there is one output for each input step.
    Returns GradientFlow(norms, factor): norms (T,), ‖∂y_t/∂x_{t−lag}‖ averaged over samples and t; factor, the slope of the
    straight line through log(norms) at lags ≥ 1, per step (0.0 where nothing arrives). Source: Bengio, Simard, Frasconi (1994).
    """
    blocks = sequence_jacobian(layer, x, head, state, norms=True)
    if blocks.shape[1] != blocks.shape[2]:
        raise ValueError(f"norms have shape {tuple(blocks.shape)}; expected (N, T, T): one output for each input step")
    return _flow(blocks)


def _flow(blocks: Tensor) -> GradientFlow:
    """blocks: (N, T, S) norms, the last output belonging to the last input; NaN where a pair does not count."""
    T, S = blocks.shape[1:]
    norms = torch.stack([blocks.diagonal(S - T - lag, 1, 2).nanmean() for lag in range(S)]).nan_to_num()
    lags = (norms[1:] > 1e3 * torch.finfo(norms.dtype).tiny).nonzero()[:, 0] + 1
    if len(lags) < 2:
        return GradientFlow(norms, 0.0)
    at, log = lags - lags.double().mean(), norms[lags].double().log()
    return GradientFlow(norms, math.exp(float((at * log).sum() / at.square().sum())))


# ---- the forward pass, and each layer linearised around it ------------------------------------------------------------


@contextmanager
def _exactly(x: Tensor) -> Iterator[None]:
    """Plain arithmetic: no autocast, no inference tensors, no cuDNN (its RNNs have no backward in eval mode), no denormals."""
    device = x.device.type if isinstance(x, Tensor) else "cpu"
    with ExitStack() as stack:
        for switch in (torch.inference_mode(False), torch.no_grad(), torch.autocast(device, enabled=False)):
            stack.enter_context(switch)
        if device == "cuda":
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        flushed = float(torch.tensor(1.2e-38) * 0.5) == 0  # vanished gradients are denormal: that is 10 times slower
        torch.set_flush_denormal(True)
        try:
            yield
        finally:
            torch.set_flush_denormal(flushed)


_KINDS = (nn.RNN, nn.LSTM, nn.GRU, layers.RNN, layers.LSTM, layers.GRU)


def _kind(layer: Callable, caller: str = "") -> str | None:
    """Which of RNN, LSTM, GRU the layer computes; None (an error for `caller`) for anything else: a subclass, hooks, proj_size."""
    given = type(layer).__name__
    if hasattr(layer, "weight_ih") and hasattr(layer, "weight_hh"):  # torch's cells, lstmkit's and look-alikes
        raise TypeError(f"{given} makes one step; expected a layer that runs over a sequence, such as nn.LSTM")
    if isinstance(layer, nn.RNNBase) and not layer.batch_first:
        raise ValueError("the layer is time-major: set layer.batch_first = True (weights stay) and give x as (N, T, D)")
    if not callable(layer):
        raise TypeError(f"layer is a {given}; expected a recurrent layer, or a callable from x to y (N, T, K)")
    if type(layer) in _KINDS and not getattr(layer, "proj_size", 0) and not _altered(layer):
        return given
    if caller:
        plain = "a plain RNN, LSTM or GRU of torch or lstmkit, without hooks, proj_size or another forward"
        raise TypeError(f"{caller} needs {plain}; given {layer!r}. sequence_jacobian takes any callable")
    return None


def _altered(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module))


class _Layer:
    """One layer in one direction: the derivative of its step at every t. Time comes first, for a sweep takes one t at a time.

    W: (B·H, H+D), [W_hh W_ih], a block of H rows for each gate. q: (T, N, blocks, H), what the adjoint is multiplied with:
    B blocks k that give the gates' δ; f, the direct path (LSTM: f, GRU: z); a, ∂h/∂c at fixed gates (LSTM).
    states: 1 for h, 2 for h and c. mask: (T, N, 1, D), dropout on the way to this layer's input.
    """

    def __init__(self, W: Tensor, q: Tensor, states: int, mask: Tensor | None = None):
        self.W, self.q, self.states, self.mask = W, q, states, mask

    def map(self, change: Callable[[Tensor], Tensor]) -> _Layer:
        return _Layer(self.W, change(self.q), self.states, None if self.mask is None else change(self.mask))

    def ready(self) -> _Layer:
        """With its parts as lists over time, so that a sweep need not index."""
        B, q = len(self.W) // self.q.shape[3], self.q[:, :, None]
        self.k = q[:, :, :, :B].unbind(0)
        self.f = q[:, :, :, B].unbind(0) if q.shape[3] > B else None
        if self.states == 2:
            self.a, self.o = q[:, :, :, B + 1].unbind(0), q[:, :, :, B - 1].unbind(0)
        return self

    def pull(self, h: Tensor, c: Tensor | None, t: int) -> Tensor:
        """Adjoints of the state at t, (N, R, H), become in place those of the state at t−1; returns those of x_t, (N, R, D)."""
        N, R, H = h.shape
        if c is None:
            delta = h.unsqueeze(2) * self.k[t]
        else:
            c.addcmul_(h, self.a[t])
            delta = c.unsqueeze(2) * self.k[t]
            torch.mul(h, self.o[t], out=delta[:, :, 3])  # the output gate's belongs to λ_h
            c.mul_(self.f[t])
        out = torch.mm(delta.view(N * R, -1), self.W).view(N, R, -1)
        if c is None and self.f is not None:
            torch.addcmul(out[..., :H], h, self.f[t], out=h)
        else:
            h.copy_(out[..., :H])
        return out[..., H:] if self.mask is None else out[..., H:] * self.mask[t]


def _linearise(kind: str, x: Tensor, h: Tensor, h0: Tensor, c0: Tensor, weights: list[Tensor], act: str) -> _Layer:
    """x: (T, N, D). h: (T, N, H), what the layer puts out for it: with h at hand, the gates of all steps need no loop."""
    (W_ih, W_hh, b_ih, b_hh), h_prev, H = [*weights, None, None][:4], torch.cat([h0[None], h[:-1]]), h.shape[2]
    from_x, from_h, W = F.linear(x, W_ih, b_ih), F.linear(h_prev, W_hh, b_hh), torch.cat([W_hh, W_ih], dim=1)
    if kind == "RNN":
        return _Layer(W, (1 - h * h if act == "tanh" else (h > 0).to(h.dtype))[:, :, None], 1)
    if kind == "GRU":
        r, z = (from_x + from_h)[..., : 2 * H].sigmoid().chunk(2, dim=2)
        m = from_h[..., 2 * H :]
        n = torch.tanh(from_x[..., 2 * H :] + r * m)
        dn = (1 - z) * (1 - n * n)
        W = torch.cat([W, W[2 * H :]])  # r acts on n's recurrent half only: a block of rows for each half
        W[2 * H : 3 * H, H:] = 0
        W[3 * H :, :H] = 0
        return _Layer(W, torch.stack([dn * m * r * (1 - r), (h_prev - n) * z * (1 - z), dn * r, dn, z], dim=2), 1)
    gates = (from_x + from_h).unflatten(2, (4, H))
    sigma, g, c = gates.sigmoid(), gates[:, :, 2].tanh(), [c0]
    (i, f, _, o), (di, df, _, do) = sigma.unbind(2), (sigma * (1 - sigma)).unbind(2)
    for keep, write in zip(f.unbind(0), (i * g).unbind(0), strict=True):
        c.append(torch.addcmul(write, keep, c[-1]))
    c = torch.stack(c)
    u = c[1:].tanh()
    return _Layer(W, torch.stack([g * di, c[:-1] * df, i * (1 - g * g), u * do, f, o * (1 - u * u)], dim=2), 2)


class _Tape(NamedTuple):
    """What one forward pass leaves behind: stack[layer][direction] (each in its own order of time) and the head's Jacobian."""

    stack: list[list[_Layer]]
    C: Tensor  # (T, N, K, H·directions), or (1, 1, K, H·directions) where it is the same at every step
    T: int
    K: int
    H: int


def _forward(layer: nn.Module, x: Tensor, head: Callable | None, state) -> _Tape:
    kind, directions, H, p = _kind(layer), 1 + layer.bidirectional, layer.hidden_size, layer.dropout * layer.training
    N, T, _ = layers._Recurrent._check_input(layer, x)
    if x.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"x has dtype {str(x.dtype).removeprefix('torch.')}; expected float32 or float64")
    like = SimpleNamespace(num_layers=layer.num_layers, directions=directions, hidden_size=H, states=1)
    like.states += kind == "LSTM"
    start = [part.detach() for part in layers._Recurrent._initial(like, state, x)]
    act, parts = getattr(layer, "nonlinearity", ""), ["weight_ih", "weight_hh"] + ["bias_ih", "bias_hh"] * layer.bias
    run = {"LSTM": torch.lstm, "GRU": torch.gru, "RNN": torch.rnn_relu if act == "relu" else torch.rnn_tanh}[kind]
    seq, stack, mask = x.detach().transpose(0, 1).contiguous(), [], None
    for l in range(layer.num_layers):
        names = [f"l{l}", f"l{l}_reverse"][:directions]
        weights = [[getattr(layer, f"{part}_{name}").detach() for part in parts] for name in names]
        h0, c0 = (part[l * directions : (l + 1) * directions] for part in (start[0], start[-1]))
        before, flat = (h0, c0) if kind == "LSTM" else h0, sum(weights, [])
        y = run(seq, before, flat, bool(layer.bias), 1, 0.0, False, directions == 2, False)[0]
        stack.append([_linearise(kind, seq, y[..., :H], h0[0], c0[0], weights[0], act)])
        if directions == 2:
            stack[l].append(_linearise(kind, seq.flip(0), y[..., H:].flip(0), h0[1], c0[1], weights[1], act))
        if mask is not None:
            stack[l][0].mask, stack[l][-1].mask = mask, mask.flip(0) if directions == 2 else mask
        seq, mask = y, None
        if p and l < layer.num_layers - 1:  # in the layout that the layer itself draws in: the same seed, the same mask
            if isinstance(layer, layers._Recurrent):
                mask = F.dropout(y.new_ones(N, T, y.shape[2]), p).transpose(0, 1)
            else:
                mask = F.dropout(torch.ones_like(y), p)
            seq, mask = y * mask, mask[:, :, None]
    expect_finite(seq, "the layer's output")
    y = seq.transpose(0, 1)  # the layout of the layer's own output, which decides what a dropout in the head draws
    C = _head_jacobian(head, y.contiguous() if isinstance(layer, layers._Recurrent) else y)
    return _Tape(stack, C, T, C.shape[2], H)


def _head_jacobian(head: Callable | None, y: Tensor) -> Tensor:
    """y: (N, T, H). Returns ∂head(y_t)/∂y_t, (T, N, K, H), or (1, 1, K, H) where it is the same everywhere."""
    N, T, H = y.shape
    if head is None:
        return torch.eye(H, dtype=y.dtype, device=y.device)[None, None]
    if type(head) is nn.Linear and head.in_features == H and head.weight.dtype == y.dtype and not _altered(head):
        return head.weight.detach()[None, None]
    out, y = _outputs(head, y, "the head")
    instead = "For another read-out give sequence_jacobian the whole model as one callable"
    if out.ndim != 3 or out.shape[1] != T:
        wanted = "expected (N, T, K), each step on its own"
        raise ValueError(f"the head maps (N={N}, T={T}, {H}) to {tuple(out.shape)}; {wanted}. {instead}")
    if _leak(out, y, 2) > TRACE:
        where = "it depends on the layer's output elsewhere (pooling, flip, attention, BatchNorm in train mode?)"
        raise ValueError(f"the head mixes time steps or sequences: {where}. {instead}")
    each = torch.eye(out.shape[2], dtype=out.dtype, device=out.device)
    columns = [torch.autograd.grad(out, y, one.expand_as(out), retain_graph=True)[0] for one in each]
    return torch.stack(columns, dim=2).transpose(0, 1)


# ---- the sweeps -------------------------------------------------------------------------------------------------------


def _sweep(stack: list[_Layer], C: Tensor, T: int, emit: Callable, ends: bool = False) -> Tensor:
    """One sweep back through time for all outputs of a one-directional stack.

    C: (T, N, K, H) or (1, 1, K, H), ∂output/∂h of the last layer. Row t·K+k belongs to output k of step t, which joins at
    that step; with `ends` further rows belong to the states after the last step, h (and c) of each layer.
    emit(t, dx) gets the adjoints of x_t, rows from t·K on. Returns those of the states before the first step, (N, rows, S).
    """
    N, K, H, states = stack[0].q.shape[1], *C.shape[2:], stack[0].states
    adjoint = C.new_zeros(states * len(stack), N, T * K + states * len(stack) * H * ends, H)
    adjoint[-states, :, : T * K].unflatten(1, (T, K)).copy_(
        C.transpose(0, 1)
    )  # nothing touches a row until its step comes
    if ends:
        adjoint[:, :, T * K :].unflatten(2, (-1, H)).diagonal(dim1=0, dim2=2).diagonal(dim1=1, dim2=2).fill_(1)
    for layer in stack:
        layer.ready()
    for t in range(T - 1, -1, -1):
        rows = adjoint[:, :, t * K :].unbind(0)
        for l in range(len(stack) - 1, -1, -1):
            h, c = rows[states * l], rows[states * l + 1] if states == 2 else None
            dx = stack[l].pull(h, c, t)
            if l:
                rows[states * (l - 1)].add_(dx)
        emit(t, dx)
    return adjoint.permute(1, 2, 0, 3).flatten(2)


def _chunked(stack: list[_Layer], C: Tensor, T: int, L: int, put: Callable) -> None:
    """The Jacobian by chunks of L steps: all chunks are swept side by side, then joined by their transitions.

    A chunk's sweep gives its own block of the triangle, and for its last state the derivative by its inputs (B) and by its
    first state (Φ). Outputs of later chunks, Λ: adjoints of the state between, need ΛB and ΛΦ only, not step after step.
    """
    N, K, H = stack[0].q.shape[1], *C.shape[2:]
    P = -(-T // L)
    pad = P * L - T  # steps that do nothing, before the first

    def cut(part: Tensor) -> Tensor:  # (T, N, …) → (L, P·N, …)
        padded = torch.cat([part.new_zeros(pad, *part.shape[1:]), part]) if pad else part
        return padded.unflatten(0, (P, L)).transpose(0, 1).flatten(1, 2)

    S, D = H * len(stack) * stack[0].states, stack[0].W.shape[1] - H
    inner = C.new_zeros(P * N, L * K + S, L * D)
    emit = lambda t, dx: inner[:, t * K :, t * D : (t + 1) * D].copy_(dx)  # noqa: E731
    across = _sweep([layer.map(cut) for layer in stack], C if len(C) == 1 else cut(C), L, emit, ends=True)
    chunks = torch.cat([across, inner], dim=2).unflatten(0, (P, N)).unbind(0)  # Φ and B side by side: one product
    later = C.new_empty(N, P * L * K, S)
    for p in range(P - 1, -1, -1):
        first, last, s = p * L * K, (p + 1) * L * K, p * L - pad
        if p < P - 1:
            both = torch.bmm(later[:, last:], chunks[p][:, L * K :])
            later[:, last:] = both[..., :S]
            put(s + L, s, both[..., S:].unflatten(2, (L, D)))
        put(s, s, chunks[p][:, : L * K, S:].unflatten(2, (L, D)))
        later[:, first:last] = chunks[p][:, : L * K, :S]


def _chunk_length(stack: list[_Layer], T: int, K: int) -> int:
    """The length of chunk that should be fastest, T for none: multiply-adds, with everything else counted in them.

    Measured on one CPU thread (torch 2.13, AVX-512): an entry of δ costs 42 multiply-adds of a matrix product in its
    elementwise work, and a step of a sweep or of the joining 2 million.
    """
    N, H, depth = stack[0].q.shape[1], stack[0].q.shape[3], len(stack)
    S, D = H * depth * stack[0].states, stack[0].W.shape[1] - H
    row, pairs = sum(layer.W.numel() + 42 * layer.W.shape[0] for layer in stack), N * T * K * T / 2
    costs = {T: T * 2e6 * depth + pairs * row}
    for L in (4, 8, 16, 32, 64, 128):
        if L < T:
            sweeps = L * 2e6 * depth + N * T * (S + L * K / 2) * row
            costs[L] = sweeps + T / L * 2e6 + pairs * S * (D + S / L)
    return min(costs, key=costs.get)


def _layered(tape: _Tape, n: slice, ts: slice, see: Callable) -> Tensor:
    """Outputs `ts` of samples n, layer by layer: both directions of a layer need both of the one above.

    see(l, d, s, layer, t, h, c) gets the adjoints of the states at step s, (N, R, H), which is the layer's t-th in its
    direction d. Returns those of x, (N, R, T, D).
    """
    stack = [[layer.map(lambda part: part[:, n]).ready() for layer in both] for both in tape.stack]
    T, H, N, R = tape.T, tape.H, stack[0][0].q.shape[1], (ts.stop - ts.start) * tape.K
    C = tape.C[:, n if tape.C.shape[1] > 1 else slice(None)].expand(T, N, -1, -1)[ts]
    dy = C.new_zeros(N, ts.stop - ts.start, tape.K, T, C.shape[3])
    dy.diagonal(ts.start, 1, 3).copy_(C.permute(1, 2, 3, 0))
    for l in range(len(stack) - 1, -1, -1):
        dy, dx = dy.view(N, R, T, -1), dy.new_zeros(N, R, T, stack[l][0].W.shape[1] - H)
        for d, layer in enumerate(stack[l]):
            h, c = [*dy.new_zeros(layer.states, N, R, H), None][:2]
            for t in range(T - 1, -1, -1):
                s = T - 1 - t if d else t
                h += dy[:, :, s, d * H : (d + 1) * H]
                see(l, d, s, layer, t, h, c)
                dx[:, :, s] += layer.pull(h, c, t)
        dy = dx
    return dy


def _writer(result: Tensor, n: slice, k: slice, reverse: bool, norms: bool) -> Callable:
    """put(t, s, rows): rows (N, R, steps, D), for outputs from step t and inputs from step s on, go where they belong."""
    T, K = result.shape[1], k.stop - k.start
    whole = None if norms or reverse or K < result.shape[2] else result[n].flatten(1, 2)

    def put(t: int, s: int, rows: Tensor) -> None:
        if whole is not None and t >= 0 and s >= 0:
            whole.narrow(1, t * K, rows.shape[1]).narrow(2, s, rows.shape[2]).copy_(rows)  # faster than indexing
            return
        rows = rows.unflatten(1, (-1, K))[:, max(-t, 0) :, :, max(-s, 0) :]  # not the steps that pad the first chunk
        t, s, ts, ss = max(t, 0), max(s, 0), rows.shape[1], rows.shape[3]
        if norms:
            result[n, t : t + ts, s : s + ss] += torch.linalg.vector_norm(
                rows, dim=(2, 4), dtype=torch.float64
            ).square()
        elif reverse:  # it counts time from the end, and comes second
            result[n, T - t - ts : T - t, k, T - s - ss : T - s] += rows.flip(1, 3)
        else:
            result[n, t : t + ts, k, s : s + ss] = rows

    return put


def _fill(tape: _Tape, result: Tensor, norms: bool, see: Callable | None = None) -> None:
    """Write ∂y/∂x into result, in tiles that keep the work space small; or call see(n, ts, …) as `_layered` does.

    result: (N, T, K, T, D), or with norms sums of squares in float64, (N, T, T).
    """
    threads = torch.get_num_threads()  # the caller's: each thread has a number of its own

    def work() -> None:
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        with torch.no_grad():
            _tiles(tape, result, norms, see)

    if result.device.type == "cpu" and threads > 1:
        _sweeper(os.getpid()).submit(work).result()
    else:
        work()


@cache
def _sweeper(process: int) -> ThreadPoolExecutor:
    """The thread that sweeps on a CPU, one for each process.

    To count denormal numbers as 0 is a setting of one thread. The helpers that a thread starts for torch's operations inherit
    it; those of the caller's thread were there before, and would fall behind by ten times when a gradient vanishes.
    """
    return ThreadPoolExecutor(1, "sweep", torch.set_flush_denormal, (True,))


def _tiles(tape: _Tape, result: Tensor, norms: bool, see: Callable | None) -> None:
    depth, directions, T, K, H = len(tape.stack), len(tape.stack[0]), tape.T, tape.K, tape.H
    W, N = tape.stack[-1][0].W, tape.stack[0][0].q.shape[1]
    limit = max(result.nbytes // 2, WORKSPACE) // W.element_size()
    D = tape.stack[0][0].W.shape[1] - H
    width = 2 * W.shape[0] + W.shape[1] + 6 * H * depth + 64 * D * norms  # entries of work space for one row of a sweep
    if see or directions == 2 and (depth > 1 or norms):  # norms: the two directions meet where s = t
        outputs = limit // (K * (T * (3 * H * directions + W.shape[1]) + width))
        for n in _slices(N, outputs // T):
            for ts in _slices(T, outputs // (n.stop - n.start)):
                dx = _layered(tape, n, ts, partial(see, n, ts) if see else lambda *_: None)
                if not see:
                    _writer(result, n, slice(0, K), False, norms)(ts.start, 0, dx)
        return
    for n in _slices(N, limit // (T * K * width)):
        for k in _slices(K, limit // ((n.stop - n.start) * T * width)):
            for d in range(directions):
                stack = [both[d].map(lambda part, n=n: part[:, n]) for both in tape.stack]
                C = tape.C[:, n if tape.C.shape[1] > 1 else slice(None), k, d * H : (d + 1) * H]
                C, put, L = (
                    C.flip(0) if d else C,
                    _writer(result, n, k, d == 1, norms),
                    _chunk_length(stack, T, C.shape[2]),
                )
                if L < T:
                    _chunked(stack, C, T, L, put)
                else:
                    _sweep(stack, C, T, lambda t, dx, put=put: put(t, t, dx.unsqueeze(2)))


def _slices(count: int, size: int) -> list[slice]:
    """0 … count in slices of at most `size`, at least 1."""
    return [slice(at, min(at + max(1, size), count)) for at in range(0, count, max(1, size))]


# ---- any callable -----------------------------------------------------------------------------------------------------


def _call(model: Callable, x: Tensor, state=None, head: Callable | None = None) -> Tensor:
    y = model(x) if state is None else model(x, state)
    y = y[0] if isinstance(y, tuple | list) else y
    return y if head is None else head(y)


def _outputs(run: Callable, x: Tensor, what: str = "the model") -> tuple[Tensor, Tensor]:
    """One forward pass of any callable. Returns y and the leaf that it depends on, a copy of x."""
    if not isinstance(x, Tensor):
        raise TypeError(f"x is a {type(x).__name__}; expected a padded torch.Tensor (N, T, D)")
    if not x.is_floating_point():
        cure = "differentiate by the embedding: x = embedding(tokens), and a callable that starts from there"
        raise TypeError(f"x has dtype {str(x.dtype).removeprefix('torch.')}: integers have no gradient; {cure}")
    expect_finite(x)
    leaf = x.detach().clone().requires_grad_()
    with torch.enable_grad():
        y = run(leaf.clone())  # a copy, so that the callable may begin with an operation in place
    if not isinstance(y, Tensor):
        raise TypeError(f"{what} returned a {type(y).__name__}; expected a tensor y, or a tuple that starts with y")
    if y.ndim == 0 or x.ndim == 0 or len(y) != len(x):
        raise ValueError(f"{what} maps {tuple(x.shape)} to {tuple(y.shape)}; expected a result for each of the samples")
    if not y.requires_grad or torch.autograd.grad(y, leaf, torch.ones_like(y), True, allow_unused=True)[0] is None:
        raise ValueError(
            f"{what}'s output does not depend on its input: does a detach(), no_grad() or argmax cut it off?"
        )
    expect_finite(y, f"{what}'s output")
    return y, leaf


def _leak(out: Tensor, inp: Tensor, axes: int) -> float:
    """Does an item of out depend on another item of inp? The largest such gradient as a share of the largest of all.

    Items are counted along the first `axes` axes of both. Two items differ in some bit of their number: so one backward
    pass for each bit and value tries all pairs.
    """
    number, worst = torch.arange(math.prod(out.shape[:axes]), device=out.device).view(out.shape[:axes]), 0.0
    for bit in range((number.numel() - 1).bit_length()):
        for value in (0, 1):
            chosen = (number >> bit) % 2 == value
            pick = _random(out.shape, out) * chosen.reshape(chosen.shape + (1,) * (out.ndim - axes))
            grad = torch.autograd.grad(out, inp, pick, retain_graph=True)[0].abs()
            worst = max(worst, float(grad[~chosen].max() / grad.max().clamp_min(torch.finfo(grad.dtype).tiny)))
    return worst


def _random(shape: tuple[int, ...], like: Tensor) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=like.dtype).to(like.device)


def _by_autograd(run: Callable, x: Tensor, norms: bool) -> Tensor:
    """The Jacobian of any model by one backward pass for each output: (N, T, K, …), right also if it mixes the batch."""
    y, leaf = _outputs(run, x)
    if y.ndim != 3:
        raise ValueError(
            f"the model's output has shape {tuple(y.shape)}; expected (N, T, K): unsqueeze what is missing"
        )
    return _blocks(y, leaf, norms, _leak(y, leaf, 1) > TRACE)


def _blocks(y: Tensor, leaf: Tensor, norms: bool, mixed: bool) -> Tensor:
    N, T, K = y.shape
    shape, dtype = ((N, T, leaf[0].shape[0]), torch.float64) if norms else ((N, T, K, *leaf.shape[1:]), leaf.dtype)
    result, pick = leaf.new_zeros(shape, dtype=dtype), torch.zeros_like(y)
    for n in _slices(N, 1 if mixed else N):  # sequences that do not touch each other share a backward pass
        for t in range(T):
            for k in range(K):
                pick[n, t, k] = 1
                grad = torch.autograd.grad(y, leaf, pick, retain_graph=True)[0][n]
                if norms:
                    result[n, t] += grad.double().square().flatten(1).unflatten(1, (shape[2], -1)).sum(2)
                else:
                    result[n, t, k] = grad
                pick[n, t, k] = 0  # only now: the gradient of a view is a view of pick
    return result.sqrt_().to(leaf.dtype) if norms else result


# ---- audit ------------------------------------------------------------------------------------------------------------


class Check(NamedTuple):
    """One line of an audit. ok: True, False, or None where it was not asked or not judged; value: what was measured."""

    name: str
    ok: bool | None
    verdict: str
    value: float | None = None


class Audit(tuple):
    """The checks of a model, a tuple of `Check`. `report.passed`: no line failed. `report["causal"]`: one line by its name."""

    @property
    def passed(self) -> bool:
        return all(check.ok is not False for check in self)

    def __getitem__(self, key):
        return next(check for check in self if check.name == key) if isinstance(key, str) else super().__getitem__(key)

    def __repr__(self) -> str:
        return "\n".join(f"{'–' if c.ok is None else '✗✓'[c.ok]} {c.name:<12} {c.verdict}" for c in self)


_BUGS = {  # line: the bug, what an output then depends on, where to look
    "causal": ("sees the future", "a later input", "Read in both directions, target inside the window, no mask?"),
    "independent": ("mixes the batch", "another sequence", "A view where a transpose belongs, time-major, BatchNorm?"),
    "padding": ("reads its padding", "a padded step", "Take each last real step; both directions need the lengths"),
    "target": ("is fed the answer", "the target of its own step", "Shift the decoder's input by one step"),
}


def _judge(name: str, value: float, limit: float = TRACE, unit: str = "gradient") -> Check:
    bug, what, hint = _BUGS[name]
    bad = f"{bug}: an output depends on {what} (measured {value:.2g} × the largest {unit}). {hint}"
    return Check(name, value <= limit, f"no output depends on {what}" if value <= limit else bad, value)


def _unasked(name: str, why: str) -> Check:
    return Check(name, None, f"not asked: {why}")


def audit(
    model: Callable,
    batch: Tensor | tuple,
    *,
    lengths: Tensor | list[int] | None = None,
    target: Tensor | None = None,
    causal: bool = True,
    delay: int = 0,
    memory: int = 0,
) -> Audit:
    """Find the bugs that a training curve does not show: one line for each question, with a verdict in plain words.

    model: called as model(*batch), with `target` added if it is given; its output, or the first of a tuple, is y: (N, T, K),
    a result for each step, or (N, K), one for each sequence. batch: x, or a tuple that starts with x, (N, T, …) floats, or
    integer tokens that the model sends through an nn.Embedding: then that one's output is differentiated.
    lengths: (N,), the real steps of padded sequences. target: (N, T', …), what a decoder is to put out: y_t predicts target_t.
    causal, delay: y_t may depend on x_s for s ≤ t − delay (delay=1 if y_t predicts x_t itself; causal=False for a model that
    reads in both directions by intention). memory: the steps that the task asks to remember.

    Lines: causal; independent (of the batch's other sequences); padding (not read); memory (half of the sensitivity lies within
    so many steps of lag; fails below `memory`, or if less than 0.3 is left with every step); growth (factor per step; fails above
    1.03, if that makes more than 3 in all); target (not read by its own step). Outputs are weighted at random; what is
    below 1e-6 of the largest gradient counts as none. Where the batch is mixed, no other line is judged.
    Returns an Audit, whose repr is the table. Raises TypeError or ValueError as `sequence_jacobian` does.
    """
    args = tuple(batch) if isinstance(batch, tuple | list) else (batch,)
    x, rest = args[0], (*args[1:], *(() if target is None else (target,)))

    def run(x: Tensor, *rest: Tensor) -> Tensor:
        with torch.random.fork_rng([x.device] if x.is_cuda else []):
            torch.manual_seed(0)  # the same dropout every time
            return _call(lambda x: model(x, *rest), x)

    with _exactly(x):
        start, tail = (x, run) if not isinstance(x, Tensor) or x.is_floating_point() else _from_embedding(run, x, rest)
        y, leaf = _outputs(lambda x: tail(x, *rest), start)
        if y.ndim not in (2, 3):
            raise ValueError(f"the model's output has shape {tuple(y.shape)}; expected (N, T, K) or (N, K)")
        mixing, (N, S) = _leak(y, leaf, 1), (*leaf.shape, 1)[:2]
        with torch.enable_grad():
            one = (y * _random(y.shape[-1:], y)).sum(-1).view(N, -1, 1)
        if leaf.ndim > 2 and one.shape[1] in (1, S):
            ends = torch.full((N,), S) if lengths is None else expect_lengths(lengths, N, S).cpu()
            blocks = _blocks(one, leaf, True, mixing > TRACE).cpu()
            checks = _in_time(blocks, ends, lengths is not None, causal, delay, memory)
        else:
            why = f"{one.shape[1]} outputs for an input of shape {tuple(leaf.shape[1:])}"
            checks = [_unasked(name, why) for name in ("causal", "padding", "memory", "growth")]
        checks.append(_unasked("target", "give target=…") if target is None else _reads_target(run, x, rest))
    if mixing > TRACE:
        later = "not judged: steps and sequences may be mixed up; mend `independent` first"
        checks = [c if c.ok is None else c._replace(ok=None, verdict=later) for c in checks]
    alone = _judge("independent", mixing) if N > 1 else _unasked("independent", "one sequence only")
    return Audit((checks[0], alone, *checks[1:]))


def _from_embedding(run: Callable, tokens: Tensor, rest: tuple) -> tuple[Tensor, Callable]:
    """The embedding of tokens inside a model, and the model as a function of it."""
    found, given = [], []

    def swap(module: nn.Module, inputs: tuple, output: Tensor) -> Tensor | None:
        if isinstance(module, nn.Embedding) and torch.equal(inputs[0], tokens):
            found.append(output.detach())
            return given[0] if given else None
        return None

    def tail(embedded: Tensor, *rest: Tensor) -> Tensor:
        given[:] = [embedded] * (embedded is not tokens)
        hook = nn.modules.module.register_module_forward_hook(swap)
        try:
            return run(tokens, *rest)
        finally:
            hook.remove()

    tail(tokens, *rest)
    if not found:
        raise TypeError("x holds integers, and no nn.Embedding inside the model reads them: give x as (N, T, D) floats")
    return found[0], tail


def _in_time(blocks: Tensor, ends: Tensor, padded: bool, causal: bool, delay: int, memory: int) -> list[Check]:
    """blocks: (N, T, S) norms of ∂y_t/∂x_s, T = S or 1. ends: (N,) real steps. Returns the checks that concern time."""
    N, T, S = blocks.shape
    s, top = torch.arange(S), blocks.max().clamp_min(torch.finfo(blocks.dtype).tiny)
    at = s.expand(N, S) if T == S else ends[:, None] - 1  # (N, T): the step that an output belongs to
    real, past_end = (at < ends[:, None])[..., None], (s >= ends[:, None])[:, None]
    future, read = (~past_end & (s > at[..., None] - delay), past_end)
    future, read = (float((blocks * (real & where)).max() / top) for where in (future, read))
    checks = [_judge("causal", future), _judge("padding", read)]
    if not causal or (T < S and delay < 1):
        checks[0] = _unasked("causal", "one output, after the last input" if causal else "causal=False")
    if not padded:
        checks[1] = _unasked("padding", "give lengths=… if there is any")
    blocks = blocks.masked_fill(~(real & ~past_end), float("nan"))
    if T < S:  # each sequence's last real step goes to the end, so that equal lags meet
        source = s - (S - ends[:, None])
        blocks = blocks.gather(2, source.clamp_min(0)[:, None]).masked_fill((source < 0)[:, None], float("nan"))
    norms, factor = _flow(blocks)
    half = int((norms.cumsum(0) < 0.5 * norms.sum()).sum())
    told = f"half of the sensitivity lies within the last k steps (measured k = {half}; factor {factor:.2g} per step)"
    forgets, grows = half < memory or factor < 0.3, factor > 1.03 and factor ** (S - 1) > 3
    told = f"forgets at once: {told}. Forget gates closed, state reset or detached?" if forgets else told
    checks.append(Check("memory", not forgets, told, half))
    told = "explodes: gradients grow with the lag" if grows else "gradients do not grow with the lag"
    told += f" (measured factor {factor:.3g} per step)" + ". Clip, or start with smaller weights" * grows
    return [*checks, Check("growth", not grows, told, factor)]


def _reads_target(run: Callable, x: Tensor, rest: tuple) -> Check:
    """Change the target at one step after another: the outputs up to that step must stay as they are."""
    target, y = rest[-1], run(x, *rest)
    if y.ndim != 3 or y.shape[1] != target.shape[1]:
        return _unasked("target", f"outputs of shape {tuple(y.shape)} for the target's {target.shape[1]} steps")
    kinds, worst = target.unique(), 0.0
    other = target + 1 if target.is_floating_point() else kinds[(torch.searchsorted(kinds, target) + 1) % len(kinds)]
    for t in range(y.shape[1]):
        changed = target.clone()
        changed[:, t] = other[:, t]
        worst = max(worst, float((run(x, *rest[:-1], changed) - y)[:, : t + 1].abs().max() / y.abs().max()))
    return _judge("target", worst, 1e-5, "output")
