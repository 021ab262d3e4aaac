"""What is asked of a sequence model: ∂y_t/∂x_s, ∂y_t/∂(h_s, c_s), their paths, and how they fade with the lag.

Each question takes one forward pass, one linearisation (`linearise`) and one sweep (`back`); for a callable, whatever is fastest
of what is right (`inside`, `callables`); for a one-to-many model the sweep forward (`forward`). Numbers below the normal range of
their dtype (1.2e-38 in float32) count as 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lstmkit.gradients import back, forward, inside
from lstmkit.gradients.callables import call, exact, frozen, with_graph
from lstmkit.gradients.linearise import Step, check_input, kind_of, record
from lstmkit.gradients.settings import BLOCKS, empty, numbers, run


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
    layer: Callable,
    x: Tensor,
    head: Callable | None = None,
    state=None,
    *,
    norms: bool = False,
    differentiable: bool = False,
) -> Tensor:
    """∂y_t/∂x_s for every output step t and every input step s.

    layer: nn.RNN, nn.LSTM or nn.GRU with batch_first=True, or lstmkit's; any depth, one or two directions, train or eval (the
    dropout masks are drawn once, as the layer would draw them, with a warning). An `lstmkit.models.OneToMany`. Or any callable
    from x to y (N, T', K), or to a tuple that starts with y: where it is one such layer between what works step by step, that
    layer is swept (`inside`), and the result held against one backward pass of the model itself; else autograd differentiates it,
    output by output. A callable is called twice, and what it keeps is put back: one that keeps a state between calls is refused
    (ValueError), one that draws random numbers is told so (UserWarning).
    x: (N, T, D), float32 or float64; for a callable (N, …). head: function or module from the layer's output
    (N, T, H·directions) to (N, T, K), each step on its own; without it K is the layer's output size. state: initial state in
    torch's layout, zeros if None.
    Returns (N, T, K, T, D), units of y per unit of x; sample n's block is ∂y[n]/∂x[n]; exactly 0 where s > t in a
    one-directional layer. norms=True: the Frobenius norm of each K×D block, (N, T, T), without ever holding all blocks.
    These are plain numbers: added to a training loss they raise RuntimeError. differentiable=True: with a graph to x and to the
    parameters instead, by autograd, at its speed (a penalty on the Jacobian can be trained through it).
    Memory: the result, a small multiple of it or of 32 MB, the gates of every step, and the weights; MemoryError, before anything
    is allocated, for a result that cannot fit.
    Raises TypeError or ValueError for a wrong shape, dtype or device, integer tokens, NaN, a packed sequence, a time-major
    layer, a cell, and a head that mixes time steps or sequences. Source: the head of `back`.
    """
    if forward.is_one_to_many(layer) and head is None and state is None and not differentiable:
        return numbers(forward.of_model(layer, x, norms))
    kind = kind_of(layer)
    if differentiable:
        if kind is not None:
            check_input(layer, x)
        return with_graph(lambda x: call(layer, x, state, head), x, norms)
    if kind is None:
        with frozen(lambda x: call(layer, x, state, head), x) as function:
            result = inside.jacobian(function, x, norms)
        return numbers(result)
    tape = record(layer, x, head, state)
    shape, dtype = ((tape.T, tape.T), exact(x)) if norms else ((tape.T, tape.K, tape.T, tape.D), x.dtype)
    result = empty(x, (len(x), *shape), dtype, BLOCKS)
    run(lambda: back.fill(tape, result, norms), x.device)
    return numbers(result.sqrt_().to(x.dtype) if norms else result)


def state_jacobian(
    layer: nn.Module, x: Tensor, head: Callable | None = None, state=None, *, norms: bool = False
) -> StateJacobian:
    """∂y_t/∂h_s and, for an LSTM, ∂y_t/∂c_s of every layer and direction.

    Arguments and errors as for `sequence_jacobian`, but `layer` must be a plain recurrent layer (else TypeError): a
    callable's states cannot be seen. ∂y_t/∂h_s holds c_s fixed; ∂y_t/∂c_s counts the route through h_s = o∘tanh(c_s) too.
    Returns StateJacobian(h, c), each (N, T, K, L·directions, T, H), in units of y per unit of state, layers and directions
    as in torch's h_n (l0, l0_reverse, l1, …). norms=True: norms over K×H, (N, T, L·directions, T). Source: the head of `back`.
    """
    kind_of(layer, "state_jacobian")
    tape = record(layer, x, head, state)
    T, K, H, directions, kinds = tape.T, tape.K, tape.H, len(tape.stack[0]), tape.stack[0][0].states
    shape = (kinds, len(x), T, K, len(tape.stack) * directions, T, H)
    result = empty(x, shape[:3] + (shape[4], T) if norms else shape, None, BLOCKS)

    def see(n: slice, ts: slice, l: int, d: int, s: int, step: Step, t: int, h: Tensor, c: Tensor | None) -> None:
        for one, part in zip(result, (h,) if c is None else (h, torch.addcmul(c, h, step.a[t])), strict=True):
            part, row = part.unflatten(1, (-1, K)), l * directions + d
            if norms:
                one[n, ts, row, s] = part.to(exact(x)).square().sum((2, 3)).sqrt().to(x.dtype)
            else:
                one[n, ts, :, row, s] = part

    run(lambda: back.each_state(tape, result, see), x.device)
    return StateJacobian(*map(numbers, result), *[None] * (2 - kinds))


def path_shares(layer: nn.Module, x: Tensor, head: Callable | None = None, state=None) -> PathShares:
    """How much of ∂y_t/∂x_s arrives through h_s and how much through c_s, the states of an LSTM's first layer.

    x_s enters both states of its step. One part of its effect leaves the step through h_s (into y_s, the gates of step s+1
    and the layer above), the other through c_s, along the cell's direct path. Arguments and errors as for
    `sequence_jacobian`, but `layer` must be a plain LSTM (else TypeError).
    Returns PathShares(h, c, share): the parts, (N, T, K, T, D) each, which add up to the Jacobian, and
    share = ‖c part‖/(‖h part‖ + ‖c part‖), (N, T, T), NaN where both are zero. Source: the head of `back`.
    """
    if kind_of(layer, "path_shares") != "LSTM":
        raise TypeError(f"path_shares needs an LSTM; {type(layer).__name__} has no cell state c beside h")
    tape = record(layer, x, head, state)
    result = empty(x, (2, len(x), tape.T, tape.K, tape.T, tape.D), None, BLOCKS)

    def see(n: slice, ts: slice, l: int, d: int, s: int, step: Step, t: int, h: Tensor, c: Tensor) -> None:
        if l == 0:
            for one, (from_h, from_c) in zip(result, ((1, 0), (0, 1)), strict=True):
                one[n, ts, :, s] += step.pull(h * from_h, c * from_c, t).unflatten(1, (-1, tape.K))

    run(lambda: back.each_state(tape, result, see), x.device)
    via_h, via_c = result.transpose(3, 4).flatten(4).to(exact(x)).norm(dim=4).to(x.dtype)
    return PathShares(*map(numbers, (*result, via_c / (via_h + via_c))))


def gradient_flow(layer: Callable, x: Tensor, head: Callable | None = None, state=None) -> GradientFlow:
    """How the gradient fades or grows with the lag between an output and an earlier input.

    Arguments and errors as for `sequence_jacobian`, and ValueError unless there is one output for each input step.
    Returns GradientFlow(norms, factor): norms (T,), ‖∂y_t/∂x_{t−lag}‖ averaged over samples and t; factor, the slope of the
    straight line through log(norms) at lags ≥ 1, per step (0.0 where nothing arrives). Source: Bengio, Simard, Frasconi (1994).
    """
    norms = sequence_jacobian(layer, x, head, state, norms=True)
    if norms.shape[1] != norms.shape[2]:
        raise ValueError(f"norms have shape {tuple(norms.shape)}; expected (N, T, T): one output for each input step")
    return flow(norms)


def flow(norms: Tensor) -> GradientFlow:
    """norms: (N, T, S), the last output belonging to the last input; NaN where a pair does not count."""
    T, S = norms.shape[1:]
    mean = torch.stack([norms.diagonal(S - T - lag, 1, 2).nanmean() for lag in range(S)]).nan_to_num()
    lags = (mean[1:] > 1e3 * torch.finfo(mean.dtype).tiny).nonzero()[:, 0] + 1
    if len(lags) < 2:
        return GradientFlow(mean, 0.0)
    at, log = lags - lags.to(exact(mean)).mean(), mean[lags].to(exact(mean)).log()
    return GradientFlow(mean, math.exp(float((at * log).sum() / at.square().sum())))
