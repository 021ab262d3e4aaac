"""The sweep forward: one input, many outputs, ∂y_t/∂z for every t; and one step, ∂state_t/∂state_{t−1}.

A one-to-many model makes T outputs from one input z. Reverse mode pays for every output; forward mode pays for every *number* of z.
The tangents of the states run forward together, a row for each number (`linearise.Step.push`), for one LSTM layer:

    d    = ẋ_t W_ihᵀ + ḣ W_hhᵀ            split into di, df, dg, do, each times its gate's slope
    ċ    ← f∘ċ + c_prev∘df + g∘di + i∘dg,    ḣ ← o(1−tanh²c)∘ċ + tanh c∘do,    ẏ_t = ∂head · ḣ

Three roads lead to the same numbers: forward from z; forward from the narrowest place behind it (the initial state, or what every
step reads), times that place's own Jacobian by z; back from the outputs. `_road` chooses by counting. Where outputs are fed
back, x_{t+1} also moves with h_t, by ∂feedback · ∂head, in all three. Source: Williams and Zipser (1989), A learning algorithm for
continually running fully recurrent neural networks (forward mode); Griewank and Walther (2008) for the choice.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lstmkit.gradients import back, few, settings
from lstmkit.gradients.callables import exact
from lstmkit.gradients.linearise import Step, altered, kind_of, plain, read, record
from lstmkit.gradients.parts import Known, Parts, Sources, fits, linearised, sources
from lstmkit.gradients.settings import BLOCKS, alive, empty, numbers, run, slices
from lstmkit.shapes import expect

# What `_road` counts, in multiply-adds of a matrix product. Measured: `python -m tests.bench --calibrate`.
ENTRY = 20  # the elementwise work on one entry of d
STEP = 1e6  # what a step of the sweep costs before it does anything
FEW = 8  # rows from which on several sweeps in numpy are quicker than one without
PASS = 2e6  # one batched backward pass through start or inputs


def one_to_many_jacobian(
    layer: nn.Module,
    z: Tensor,
    *,
    start: Callable | None = None,
    inputs: Callable | Tensor | None = None,
    head: Callable | None = None,
    steps: int | None = None,
    feedback: Callable | None = None,
    norms: bool = False,
) -> Tensor:
    """∂y_t/∂z for every output step t of a model that makes a sequence from one input z.

    layer: a plain nn.RNN, nn.LSTM or nn.GRU (batch_first=True) or lstmkit's, stacked or not; in two directions only without
    feedback. z: (N, …), any shape, float32 or float64, of the layer's dtype. start: z → initial state in torch's layout (None: zeros).
    inputs: z → (N, T, D), what the layer reads, or a constant tensor (None: zeros, `steps` of them). head: from the layer's output
    (N, T, H·directions) to y, (N, T, K), each step on its own (None: y = h). feedback: y_t (N, K) → what is added to
    the next step's input, (N, D); nothing is added to the first step's. All of them treat the sequences of a batch one by one.
    Returns (N, T, K, *z.shape[1:]), units of y per unit of z. norms=True: the Frobenius norm of each step's block, (N, T), without
    ever holding all blocks. Plain numbers: they refuse to be added to a training loss.
    Raises TypeError or ValueError, in one line, for wrong shapes, a start, inputs or feedback that mix the batch or keep a state,
    steps that are missing or do not fit, NaN, and where nothing depends on z; MemoryError for a result that cannot fit.
    Source: the module's head.
    """
    kind_of(layer, "one_to_many_jacobian")
    if feedback is not None and layer.bidirectional:
        raise ValueError("feedback needs one direction: a backward direction would read outputs that are not there yet")
    parts = Parts(read(layer), layer.input_size, layer.weight_hh_l0, start, inputs, head, steps, feedback)
    result = _solve(parts, sources(parts, z), norms)
    return numbers(result if norms else result.view(*result.shape[:3], *z.shape[1:]))


def is_one_to_many(model: object) -> bool:
    """Whether it is lstmkit's OneToMany as it was made (by name: a reloaded module has new classes), without hooks."""
    kind = type(model)
    if kind.__name__ != "OneToMany" or kind.__module__ != "lstmkit.models.one_to_many":
        return False
    lstm, around = model.lstm, [model.read, *([model.start] if model.wiring == "initial state" else [])]
    if any(type(part) is not nn.Linear for part in around) or any(map(altered, (model, lstm, *around))):
        return False
    if model.wiring == "fed-back outputs":
        return type(lstm) is nn.LSTMCell
    return plain(lstm) and type(lstm).__name__ == "LSTM" and lstm.num_layers == 1 and not lstm.bidirectional


def of_model(model: nn.Module, z: Tensor, norms: bool) -> Tensor:
    """∂y_t/∂z of a `models.OneToMany`, (N, T, K, D), or norms over K, (N, T, D). What the wirings do with z is known: nothing is asked."""
    lstm = model.lstm
    like = lstm.weight_hh if model.wiring == "fed-back outputs" else lstm.weight_hh_l0
    parts = Parts(read(lstm), lstm.input_size, like, None, None, model.read, model.steps, None)
    fits(parts, z)
    expect(z, "N D", D=model.input_size)
    result = run(lambda: _of_model(model, parts, z.detach()), z.device)
    return torch.linalg.vector_norm(result, dim=2, dtype=exact(z)).to(z.dtype) if norms else result


def _of_model(model: nn.Module, parts: Parts, z: Tensor) -> Tensor:
    T, K, wiring, lstm = parts.steps, model.output_size, model.wiring, model.lstm
    (N, D), loop, start, inputs, feedback = z.shape, wiring == "fed-back outputs", None, None, None
    if wiring == "initial state":
        (state, by_z), x = _started(model.start, z), z.new_zeros(N, T, 1)
        start = Known(by_z)
    else:
        state = [z.new_zeros(1, N, lstm.hidden_size)] * 2
        eye, wide = torch.eye(D, dtype=z.dtype, device=z.device).expand(N, -1, -1), lstm.input_size - D
        inputs = Known(F.pad(eye, (0, 0, 0, wide)))
        x = z[:, None].expand(N, T, D) if wiring == "every step" else F.pad(z[:, None], (0, wide, 0, T - 1))
    if loop:
        feedback = nn.Linear(K, D + K, bias=False, device="meta")
        picks = torch.cat([z.new_zeros(D, K), torch.eye(K, dtype=z.dtype, device=z.device)])
        feedback.weight = nn.Parameter(picks, requires_grad=False)
    reach = "same" if wiring == "every step" else "first"
    return _solve(parts._replace(feedback=feedback), Sources(start, inputs, reach, state, x, D), False)


def _started(start: nn.Linear, z: Tensor) -> tuple[list[Tensor], Tensor]:
    """h_0 = tanh(W_h z + b_h) and c_0 = W_c z + b_c, (1, N, H) each, and their Jacobian by z, (N, 2H, D); on the CPU in numpy."""
    xp, here = (np, Tensor.numpy) if z.device.type == "cpu" else (torch, Tensor.detach)
    weight, bias, H = here(start.weight.detach()), start.bias, start.out_features // 2
    state, by_z = z.new_empty(2, 1, len(z), H), z.new_empty(len(z), 2 * H, z.shape[1])
    (h, c), by, both = here(state), here(by_z), here(z) @ weight.T
    if bias is not None:
        both += here(bias.detach())
    h[0], c[0], by[:] = xp.tanh(both[:, :H]), both[:, H:], weight
    by[:, :H] *= (1 - h * h)[0, :, :, None]
    return state.unbind(0), by_z


def transition_jacobian(layer: nn.Module, x: Tensor, state=None) -> Tensor:
    """∂(h_t, c_t)/∂(h_{t−1}, c_{t−1}) at every step: how the state alone carries the past on.

    layer: a plain recurrent layer (as for `state_jacobian`) in one direction, stacked or not. x: (N, T, D). state: the state before
    x_1, zeros if None. Returns (N, T, S, S), row = state at t, column = state before; S = L·H for RNN and GRU, 2·L·H for an LSTM, in
    torch's order: h of layer 1, …, h of layer L, then c of layer 1, …. Its eigenvalues at a fixed point tell whether that is stable.
    Errors as for `state_jacobian`, and ValueError for two directions: there is no one order of time. Source: the module's head.
    """
    kind_of(layer, "transition_jacobian")
    if layer.bidirectional:
        raise ValueError("transition_jacobian needs one direction; a bidirectional layer has no one order of time")
    tape = record(layer, x, None, state)
    T, N, H, depth, states = tape.T, tape.N, tape.H, len(tape.stack), tape.stack[0][0].states
    S = states * depth * H
    result = empty(x, (N, T, S, S), None, "take fewer steps at a time, each with its own state")

    def work() -> None:
        for ts in slices(T, settings.WORKSPACE // x.element_size() // (N * S * 6 * H)):
            count = ts.stop - ts.start
            if depth == 1:  # its matrices, as they are
                alive()
                step = tape.stack[0][0].map(lambda part, ts=ts: part[ts])
                result[:, ts] = step.dense().permute(1, 0, 3, 2)
                continue
            new = [[None] * depth for _ in range(states)]
            eye = torch.eye(S, dtype=x.dtype, device=x.device).view(S, states * depth, H).expand(N * count, -1, -1, -1)
            from_x = None
            for l, (step,) in enumerate(tape.stack):
                alive()
                step = step.map(lambda part, ts=ts: part[ts].flatten(0, 1)[None]).ready()
                if l:
                    below = new[0][l - 1] if step.mask is None else new[0][l - 1] * step.mask[0]
                    from_x = below @ step.W[:, H:].T
                h, c = eye[:, :, l], eye[:, :, depth + l] if states == 2 else None
                for part, tangent in zip(new, step.push(h, c, from_x, 0), strict=False):
                    part[l] = tangent
            rows = torch.cat([tangent for part in new for tangent in part], dim=2)  # (count·N, S before, S after)
            result[:, ts] = rows.unflatten(0, (count, N)).permute(1, 0, 3, 2)

    run(work, x.device)
    return numbers(result)


# ---- three roads ------------------------------------------------------------------------------------------------------


def _solve(parts: Parts, given: Sources, norms: bool) -> Tensor:
    """∂y/∂z as (N, T, K, P), or its norms (N, T)."""
    if not norms and few.enough(parts, given):
        return few.solve(parts, given, *_tangents(given, slice(0, given.P)))
    stack, C, loop = linearised(parts, given)
    (N, T, _), K, P = given.x.shape, C.shape[2], given.P
    road = _road(stack, given, T, K, P)
    result = empty(C, (N, T), exact(C), BLOCKS) if norms else empty(C, (N, T, K, P), None, BLOCKS)
    {"z": _from_z, "narrow": _from_the_narrowest, "back": _back}[road](stack, C, loop, given, result, norms)
    return result.sqrt_().to(C.dtype) if norms else result


def _road(stack: list[list[Step]], given: Sources, T: int, K: int, P: int) -> str:
    """Which road should be the fastest: everything counted in multiply-adds."""
    N, depth, S = given.x.shape[0], len(stack), sum(part.numel() for part in given.state) // given.x.shape[0]
    shapes = [step.W.shape for both in stack for step in both]
    size, count = sum(rows * (columns + ENTRY) for rows, columns in shapes), len(shapes)

    def forward(rows: int) -> float:
        return T * STEP * count + N * T * rows * size

    costs = {"z": forward(P) + PASS}
    if given.inputs is None or given.reach != "all":
        rows = S * (given.start is not None) + given.x.shape[2] * (given.inputs is not None)
        costs["narrow"] = forward(rows) + PASS + N * rows * P * (T * K + 1)
    if count == depth:
        row = sum(rows * (columns + back.ENTRY) for rows, columns in shapes)
        costs["back"] = T * back.STEP * depth + N * T * T * K / 2 * row + PASS * max(1, T * K / 64) + N * T * K * P * S
    return min(costs, key=costs.get)


def _from_z(stack, C, loop, given: Sources, result: Tensor, norms: bool) -> None:
    """A row of tangents for each number of z."""
    for rows in slices(given.P, _rows(stack, given, C.shape[2], loop)):
        tangents = _tangents(given, rows)
        _put(_sweep(stack, C, loop, *tangents, rows.stop - rows.start, len(given.x)), result, rows, norms)


def _tangents(given: Sources, rows: slice) -> tuple[Tensor | None, list[Tensor | None]]:
    """When the numbers `rows` of z move: the tangents of the state, (N, R, S), and of x_t, (N, R, D), for each t; None for 0."""
    (_, T, D), seen = given.x.shape, [None] * given.x.shape[1]
    if given.inputs is not None:
        seen = _seen(given.inputs.tangents(rows).unflatten(2, (-1, D)), given.reach, T)
    return None if given.start is None else given.start.tangents(rows), seen


def _seen(tangents: Tensor, reach: str, T: int) -> list[Tensor | None]:
    """Tangents of x_t for every t, (N, R, D), None for 0, from (N, R, steps, D)."""
    if reach == "same":
        return [tangents[:, :, 0]] * T
    if reach == "first":
        return [tangents[:, :, 0]] + [None] * (T - 1)
    some = tangents.abs().amax((0, 1, 3)).tolist()
    return [tangents[:, :, t] if some[t] else None for t in range(T)]


def _from_the_narrowest(stack, C, loop, given: Sources, result: Tensor, norms: bool) -> None:
    """A row for each number of the state, and of what is read; then the chain rule with their Jacobians by z."""
    N, T, D = given.x.shape
    by_z = torch.cat([source.jacobian() for source in (given.start, given.inputs) if source is not None], dim=1)
    Q = by_z.shape[1]
    S, narrow = Q - D * (given.inputs is not None), by_z.new_empty(N, T, C.shape[2], Q)
    for rows in slices(Q, _rows(stack, given, C.shape[2], loop)):
        eye = torch.eye(Q, dtype=narrow.dtype, device=narrow.device)[rows].expand(N, -1, -1)
        seen = [None] * T if given.inputs is None else _seen(eye[:, :, None, S:], given.reach, T)
        _put(_sweep(stack, C, loop, eye[:, :, :S] if S else None, seen, rows.stop - rows.start, N), narrow, rows, False)
    for t in slices(T, max(1, settings.WORKSPACE // (by_z.element_size() * N * C.shape[2] * by_z.shape[2]))):
        part = (narrow[:, t].flatten(1, 2) @ by_z).unflatten(1, (-1, C.shape[2]))
        if norms:
            result[:, t] = part.to(result.dtype).square().sum((2, 3))
        else:
            result[:, t] = part


def _back(stack, C, loop, given: Sources, result: Tensor, norms: bool) -> None:
    """A row of adjoints for each output; then back through start and inputs."""
    (N, T, D), K = given.x.shape, C.shape[2]
    ones, steps = [both[0] for both in stack], given.x.shape[1] if given.reach == "all" else 1
    for k in slices(K, max(1, settings.WORKSPACE // (C.element_size() * N * T * T * max(D, ones[0].q.shape[3])))):
        R = T * (k.stop - k.start)
        by_x = C.new_zeros(N, R, steps, D) if given.inputs is not None else None

        def emit(t: int, dx: Tensor, by_x=by_x, R=R) -> None:
            if by_x is not None and (t == 0 or given.reach != "first"):
                by_x[:, R - dx.shape[1] :, t if steps > 1 else 0] += dx

        cut = C[:, :, k] if C.shape[1] > 1 else C[:, :, k].expand(-1, N, -1, -1)
        by_state = run(lambda cut=cut, emit=emit: back.sweep(ones, cut, T, emit, loop=loop), C.device)
        by_state = by_state.unflatten(2, (len(ones), ones[0].states, -1)).transpose(2, 3).flatten(2)  # as start has it
        rows = 0
        for source, adjoint in ((given.start, by_state), (given.inputs, by_x)):
            if source is not None:
                rows = rows + source.adjoints(adjoint.flatten(2).transpose(0, 1))
        rows = rows.transpose(0, 1).unflatten(1, (T, -1))  # (N, T, k, P)
        if norms:
            result += rows.to(result.dtype).square().sum((2, 3))
        else:
            result[:, :, k] = rows


def _rows(stack: list[list[Step]], given: Sources, K: int, loop: Tensor | None) -> int:
    """How many rows of tangents a sweep takes at once."""
    (N, T, D), H, directions = given.x.shape, stack[0][0].q.shape[3], len(stack[0])
    kept = (
        K if len(stack) == 1 and loop is None else 2 * H * directions
    )  # of a step: what is read out at once is not kept
    most = max(1, settings.WORKSPACE // (given.x.element_size() * N * (T * (kept + D) + 12 * H)))
    columns = few.MOST // (N * H * H)  # numpy's share
    return min(most, columns) if columns >= FEW else most


def _sweep(stack, C, loop, state: Tensor | None, seen: list, R: int, N: int) -> Tensor:
    """Tangents of all outputs, (T, N, K, R). state: (N, R, S) or None for 0; seen: those of x_t, (N, R, D) or None for 0, for each t."""

    def work() -> Tensor:
        first = stack[0][0]
        H, depth, directions = first.q.shape[3], len(stack), len(stack[0])
        begun = first.W.new_zeros(N, R, first.states * depth * directions * H) if state is None else state
        if loop is None and N * R * H * H <= few.MOST:
            return few.sweep(stack, C, begun, seen)
        begun = begun.unflatten(2, (first.states, depth, directions, H)).permute(2, 3, 4, 0, 1, 5)
        with torch.inference_mode():  # nothing here is ever differentiated: views cost less
            if loop is not None:
                return (_in_a_loop(stack, loop, begun, seen) @ C.transpose(2, 3)).transpose(2, 3)
            return _in_rows(stack, C, begun, seen).transpose(2, 3)

    return run(work, C.device)


def _in_rows(stack: list[list[Step]], C: Tensor, begun: Tensor, seen: list) -> Tensor:
    """The tangents of the outputs at every step, (T, N, R, K), layer by layer. begun: (states, depth, directions, N, R, H)."""
    for l, both in enumerate(stack):
        sides, H = [], begun.shape[5]
        for d, step in enumerate(both):  # the second direction reads against time
            read = C[..., d * H : (d + 1) * H] if l == len(stack) - 1 else None
            if d:
                sides.append(
                    _side(step, *begun[:, l, d], seen=list(seen)[::-1], C=read if read is None else read.flip(0)).flip(
                        0
                    )
                )
            else:
                sides.append(_side(step, *begun[:, l, d], seen=seen, C=read))
        seen = sum(sides[1:], sides[0]) if read is not None else torch.cat(sides, dim=3)
    return seen


def _side(step: Step, h: Tensor, c: Tensor | None = None, *, seen: list, C: Tensor | None) -> Tensor:
    """The tangents of h, or of what C reads of it, at every step of one layer in one direction, in its own order of time: (T, N, R, H or K)."""
    step.ready()
    W, tops, read, from_x = step.W[:, h.shape[2] :].T, [], None, None
    C = None if C is None else C.transpose(2, 3).expand(len(seen), -1, -1, -1).unbind(0)
    for t, own in enumerate(seen):
        alive()
        if own is not None and (own is not read or step.mask is not None):  # what steps read alike is multiplied once
            read, from_x = own, (own if step.mask is None else own * step.mask[t]) @ W
        h, c = step.push(h, c, None if own is None else from_x, t)
        tops.append(h if C is None else h @ (C[t][0] if len(C[t]) == 1 else C[t]))
    return torch.stack(tops)


def _in_a_loop(stack: list[list[Step]], loop: Tensor, begun: Tensor, seen: list) -> Tensor:
    """`_in_rows` where outputs are fed back: step by step through all layers."""
    H, tops, steps, states = (
        loop.shape[3],
        [],
        [both[0].ready() for both in stack],
        [list(one) for one in begun[:, :, 0].unbind(1)],
    )
    for t, tangent in enumerate(seen):
        alive()
        if t:
            fed = tops[-1] @ loop[t - 1].transpose(1, 2)
            tangent = fed if tangent is None else tangent + fed
        for step, state in zip(steps, states, strict=True):
            from_x = None if tangent is None else tangent @ step.W[:, H:].T
            new = step.push(state[0], state[-1] if step.states == 2 else None, from_x, t)
            state[:] = new[: step.states]
            tangent = state[0]
        tops.append(tangent)
    return torch.stack(tops)


def _put(tangents: Tensor, result: Tensor, rows: slice, norms: bool) -> None:
    """tangents: (T, N, K, R), into result (N, T, K, P), or their squares into (N, T)."""
    if norms:
        result += tangents.to(result.dtype).square().sum((2, 3)).T
    else:
        result[..., rows] = tangents.transpose(0, 1)
