"""The sweep back: all outputs of a recurrent network with respect to all inputs and states, in one pass.

One sweep back through time carries the adjoints of *all* outputs together, each joining at its own step. For one LSTM layer, with
a row of λ_h and λ_c for every output that has joined (`linearise.Step.pull`):

    λ_c += λ_h∘o∘(1 − tanh²c)
    δ    = [λ_c∘g∘i(1−i), λ_c∘c_prev∘f(1−f), λ_c∘i∘(1−g²), λ_h∘tanh c∘o(1−o)]
    ∂y/∂x_s = δ W_ih,    λ_h ← δ W_hh,    λ_c ← λ_c∘f

Nothing is computed above the diagonal, so its zeros are exact. Long sequences are cut into chunks: those of a one-directional
stack are swept side by side and joined (`_chunked`); a layer of a bidirectional stack becomes one matrix for each chunk (`_through`).
Source: Werbos (1990), Backpropagation through time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from lstmkit.gradients import settings
from lstmkit.gradients.linearise import Step, Tape
from lstmkit.gradients.settings import alive, slices

# What the rule below counts in multiply-adds of a matrix product. Measured: `python -m tests.bench --calibrate`.
ENTRY = 42  # the elementwise work on one entry of δ
LARGE = 2**17  # bytes: what is larger is not taken and given back at every step, for the system clears it each time
STEP = 2e6  # what a step of a sweep or of the joining costs before it does anything


def sweep(
    stack: list[Step], C: Tensor, T: int, emit: Callable, ends: bool = False, loop: Tensor | None = None
) -> Tensor:
    """One sweep back through time for all outputs of a one-directional stack.

    C: (T, N, K, H) or (1, 1, K, H), ∂output/∂h of the last layer. Row t·K+k belongs to output k of step t, which joins at
    that step; with `ends` further rows belong to the states after the last step, h (and c) of each layer. loop: (T, N, D, H),
    ∂x_{t+1}/∂h_t of the last layer, where outputs are fed back.
    emit(t, dx) gets the adjoints of x_t, rows from t·K on. Returns those of the states before the first step, (N, rows, S).
    """
    N, K, H, states = stack[0].q.shape[1], *C.shape[2:], stack[0].states
    adjoint = C.new_zeros(states * len(stack), N, T * K + states * len(stack) * H * ends, H)
    adjoint[-states, :, : T * K].unflatten(1, (T, K)).copy_(
        C.transpose(0, 1)
    )  # nothing touches a row until its step comes
    if ends:
        adjoint[:, :, T * K :].unflatten(2, (-1, H)).diagonal(dim1=0, dim2=2).diagonal(dim1=1, dim2=2).fill_(1)
    room, rows = None, N * adjoint.shape[2]
    if rows * max(map(len, (step.W for step in stack))) * C.element_size() > LARGE:
        room = [C.new_empty(rows * max(step.W.shape[axis] for step in stack)) for axis in (0, 1)]
    for step in stack:
        step.ready().room = room
    for t in range(T - 1, -1, -1):
        alive()
        rows = adjoint.narrow(2, t * K, adjoint.shape[2] - t * K).unbind(0)
        for l in range(len(stack) - 1, -1, -1):
            h, c = rows[states * l], rows[states * l + 1] if states == 2 else None
            dx = stack[l].pull(h, c, t)
            if l:
                rows[states * (l - 1)].add_(dx)
        emit(t, dx)
        if loop is not None and t:
            rows[states * (len(stack) - 1)].add_(dx @ loop[t - 1])
    return adjoint.permute(1, 2, 0, 3).flatten(2)


def _cut(stack: list[Step], T: int, L: int) -> tuple[list[Step], Callable]:
    """The stack in chunks of L steps side by side, (L, P·N, …), and the cutting; steps that do nothing stand before the first."""
    P = -(-T // L)
    pad = P * L - T

    def cut(part: Tensor) -> Tensor:
        padded = torch.cat([part.new_zeros(pad, *part.shape[1:]), part]) if pad else part
        return padded.unflatten(0, (P, L)).transpose(0, 1).flatten(1, 2)

    return [step.map(cut) for step in stack], cut


def _matrices(stack: list[Step], C: Tensor, T: int, L: int) -> Tensor:
    """Each chunk as one matrix, (P, N, L·K+S, S+L·D): from its inputs (and first state) to its outputs (and last state).

    Adjoints of the chunk's outputs and of the state behind it, times that, are those of the state before it and of its inputs.
    """
    N, H, K = stack[0].q.shape[1], C.shape[3], C.shape[2]
    S, D, P = H * len(stack) * stack[0].states, stack[0].W.shape[1] - H, -(-T // L)
    chunks, cut = _cut(stack, T, L)
    inner = C.new_zeros(P * N, L * K + S, L * D)
    emit = lambda t, dx: inner[:, t * K :, t * D : (t + 1) * D].copy_(dx)  # noqa: E731
    across = sweep(chunks, C if len(C) == 1 else cut(C), L, emit, ends=True)
    return torch.cat([across, inner], dim=2).unflatten(0, (P, N))


def _chunked(stack: list[Step], C: Tensor, T: int, L: int, put: Callable) -> None:
    """The Jacobian by chunks of L steps: all chunks are swept side by side, then joined by their transitions.

    A chunk's sweep gives its own block of the triangle, and for its last state the derivative by its inputs (B) and by its
    first state (Φ). Outputs of later chunks, Λ: adjoints of the state between, need ΛB and ΛΦ only, not step after step.
    """
    N, H, K, D = stack[0].q.shape[1], C.shape[3], C.shape[2], stack[0].W.shape[1] - C.shape[3]
    chunks = _matrices(stack, C, T, L).unbind(0)
    S, P = H * len(stack) * stack[0].states, len(chunks)
    pad = P * L - T
    later = C.new_empty(N, P * L * K, S)
    for p in range(P - 1, -1, -1):
        alive()
        first, last, s = p * L * K, (p + 1) * L * K, p * L - pad
        if p < P - 1:
            both = torch.bmm(later[:, last:], chunks[p][:, L * K :])
            later[:, last:] = both[..., :S]
            put(s + L, s, both[..., S:].unflatten(2, (L, D)))
        put(s, s, chunks[p][:, : L * K, S:].unflatten(2, (L, D)))
        later[:, first:last] = chunks[p][:, : L * K, :S]


def chunk_length(stack: list[Step], T: int, K: int) -> int:
    """The length of chunk that should be fastest, T for none: multiply-adds, with everything else counted in them."""
    N, H, depth = stack[0].q.shape[1], stack[0].q.shape[3], len(stack)
    S, D = H * depth * stack[0].states, stack[0].W.shape[1] - H
    row, pairs = sum(step.W.numel() + ENTRY * step.W.shape[0] for step in stack), N * T * K * T / 2
    costs = {T: T * STEP * depth + pairs * row}
    for L in (4, 8, 16, 32, 64, 128):
        if L < T:
            sweeps = L * STEP * depth + N * T * (S + L * K / 2) * row
            costs[L] = sweeps + T / L * STEP + pairs * S * (D + S / L)
    return min(costs, key=costs.get)


# ---- both directions --------------------------------------------------------------------------------------------------


def _layered(tape: Tape, matrices: list[list[Tensor]], n: slice, ts: slice) -> Tensor:
    """Outputs `ts` of samples n, layer by layer: both directions of a layer need both of the one above. Returns (N, R, T, D)."""
    H, dy = tape.H, _joining(tape, n, ts).flatten(1, 2)
    for both, chunks in zip(reversed(tape.stack), reversed(matrices), strict=True):
        dx = dy.new_zeros(*dy.shape[:3], both[0].W.shape[1] - H)
        for d in range(2):
            _through(chunks[d], dy[..., d * H : (d + 1) * H], dx, both[d].states * H, d == 1)
        dy = dx
    return dy


def _layer_matrices(step: Step, R: int) -> Tensor:
    """One layer in one direction in chunks, (P, N, L·H+S, S+L·D), cut so that R rows go through them fastest."""
    T, N, _, H = step.q.shape
    S, D = H * step.states, step.W.shape[1] - H
    size = {L: T / L * (L * H + S) * (S + L * D) for L in (1, 2, 4, 8, 16, 32, 64)}  # entries, for each sample
    costs = {L: T / L * STEP / R + size[L] for L in size if size[L] <= 1.25 * size[1]}  # they are all held at once
    eye = torch.eye(H, dtype=step.q.dtype, device=step.q.device)[None, None]
    return _matrices([step], eye, T, min(costs, key=costs.get))


def _joining(tape: Tape, n: slice, ts: slice) -> Tensor:
    """The adjoints of the last layer's outputs before any sweep, (N, ts, K, T, H·directions): C where t is the output's own step."""
    N = n.stop - n.start
    C = tape.C[:, n if tape.C.shape[1] > 1 else slice(None)].expand(tape.T, N, -1, -1)[ts]
    dy = C.new_zeros(N, ts.stop - ts.start, tape.K, tape.T, C.shape[3])
    dy.diagonal(ts.start, 1, 3).copy_(C.permute(1, 2, 3, 0))
    return dy


def _through(chunks: Tensor, dy: Tensor, dx: Tensor, S: int, reverse: bool) -> None:
    """Adjoints of a layer's outputs, (N, R, T, H), to those of its inputs, added to dx, (N, R, T, D). chunks: `_layer_matrices`.

    reverse: dy and dx are in the order of time, the layer reads against it.
    """
    (N, R, T, H), D = dy.shape, dx.shape[3]
    L = (chunks.shape[2] - S) // H
    state = dy.new_zeros(N, R, S)
    for p in range(len(chunks) - 1, -1, -1):
        alive()
        stop = T - (len(chunks) - 1 - p) * L
        first = max(0, stop - L)
        skip = L - (stop - first)  # steps that do nothing, in the first chunk
        matrix = (
            torch.cat([chunks[p][:, skip * H :, :S], chunks[p][:, skip * H :, S + skip * D :]], dim=2)
            if skip
            else chunks[p]
        )
        if reverse:
            first, stop = T - stop, T - first
            matrix = torch.cat([matrix[:, :-S].unflatten(1, (-1, H)).flip(1).flatten(1, 2), matrix[:, -S:]], dim=1)
            matrix = torch.cat([matrix[..., :S], matrix[..., S:].unflatten(2, (-1, D)).flip(2).flatten(2)], dim=2)
        both = torch.bmm(torch.cat([dy[:, :, first:stop].flatten(2), state], dim=2), matrix)
        state = both[..., :S]
        dx[:, :, first:stop] += both[..., S:].unflatten(2, (-1, D))


# ---- the whole --------------------------------------------------------------------------------------------------------


def writer(tape: Tape, result: Tensor, n: slice, k: slice, reverse: bool, norms: bool) -> Callable:
    """put(t, s, rows): rows (N, R, steps, D'), for outputs from step t and inputs from step s on, go where they belong."""
    T, K = result.shape[1], k.stop - k.start
    before = None if tape.before is None else tape.before[n]
    beside = None if tape.beside is None or reverse else tape.beside[n, :, k]
    simple = not (norms or reverse or K < tape.K) and before is None and beside is None
    whole = result[n].flatten(1, 2) if simple else None

    def put(t: int, s: int, rows: Tensor) -> None:
        if whole is not None and t >= 0 and s >= 0:
            whole.narrow(1, t * K, rows.shape[1]).narrow(2, s, rows.shape[2]).copy_(rows)  # faster than indexing
            return
        rows = rows.unflatten(1, (-1, K))[:, max(-t, 0) :, :, max(-s, 0) :]  # not the steps that pad the first chunk
        t, s, ts, ss = max(t, 0), max(s, 0), rows.shape[1], rows.shape[3]
        if reverse:  # it counts time from the end
            rows, t, s = rows.flip(1, 3), T - t - ts, T - s - ss
        if before is not None:  # (N, steps, ts·K, D') times (N, steps, D', D)
            rows = (rows.flatten(1, 2).transpose(1, 2) @ before[:, s : s + ss]).transpose(1, 2).unflatten(1, (ts, K))
        if beside is not None and (low := max(t, s)) < (high := min(t + ts, s + ss)):
            rows = rows.clone()
            own = rows[:, low - t : high - t, :, low - s : high - s].diagonal(0, 1, 3)  # (N, K, D, steps)
            own += beside[:, low:high].permute(0, 2, 3, 1)
        if norms:
            squares = torch.linalg.vector_norm(rows, dim=(2, 4), dtype=result.dtype).square()
            result[n, t : t + ts, s : s + ss] += squares
        elif reverse:  # it comes second
            result[n, t : t + ts, k, s : s + ss] += rows
        else:
            result[n, t : t + ts, k, s : s + ss] = rows

    return put


def emitter(tape: Tape, result: Tensor, n: slice, k: slice, reverse: bool, norms: bool) -> Callable:
    """emit(t, dx) for a sweep that is not cut: what `writer` does with the inputs of one step, by a shorter way where there is one."""
    K = k.stop - k.start
    if norms or reverse or K < tape.K or tape.before is not None or tape.beside is not None:
        put = writer(tape, result, n, k, reverse, norms)
        return lambda t, dx: put(t, t, dx.unsqueeze(2))
    steps = result[n].flatten(1, 2).unbind(2)
    return lambda t, dx: steps[t].narrow(1, t * K, dx.shape[1]).copy_(dx)


def fill(tape: Tape, result: Tensor, norms: bool) -> None:
    """Write ∂y/∂x into result, in tiles that keep the work space small.

    result: (N, T, K, T, D), or with norms sums of squares, (N, T, T).
    """
    with torch.inference_mode():  # nothing here is ever differentiated: views cost less
        _tiles(tape, result, norms)


def _tiles(tape: Tape, result: Tensor, norms: bool) -> None:
    depth, directions, N, T, K, H = len(tape.stack), len(tape.stack[0]), tape.N, tape.T, tape.K, tape.H
    W = tape.stack[-1][0].W
    limit = max(result.nbytes // 2, settings.WORKSPACE) // W.element_size()
    D = tape.stack[0][0].W.shape[1] - H
    width = 2 * W.shape[0] + W.shape[1] + 6 * H * depth + 64 * D * norms  # entries of work space for one row of a sweep
    if directions == 2 and (depth > 1 or norms):  # norms: the two directions meet where s = t
        outputs = limit // (K * T * (7 * H * directions + 2 * W.shape[1] + 6 * D * norms))
        each = sum(
            T * (H + H * step.states) * step.W.shape[1] for both in tape.stack for step in both
        )  # of the layers' matrices
        for n in slices(N, min(outputs // T, limit // (8 * each))):
            tiles = slices(T, outputs // (n.stop - n.start))
            R = (tiles[0].stop - tiles[0].start) * K
            matrices = [
                [_layer_matrices(step.map(lambda part, n=n: part[:, n]), R) for step in both] for both in tape.stack
            ]
            put = writer(tape, result, n, slice(0, K), False, norms)
            for ts in tiles:
                put(ts.start, 0, _layered(tape, matrices, n, ts))
            del matrices  # before the next samples' are made
        return
    for n in slices(N, limit // (T * K * width)):
        for k in slices(K, limit // ((n.stop - n.start) * T * width)):
            for d in range(directions):
                stack = [both[d].map(lambda part, n=n: part[:, n]) for both in tape.stack]
                C = tape.C[:, n if tape.C.shape[1] > 1 else slice(None), k, d * H : (d + 1) * H]
                C, put = C.flip(0) if d else C, writer(tape, result, n, k, d == 1, norms)
                L = chunk_length(stack, T, C.shape[2])
                if L < T:
                    _chunked(stack, C, T, L, put)
                else:
                    sweep(stack, C, T, emitter(tape, result, n, k, d == 1, norms))


def each_state(tape: Tape, result: Tensor, see: Callable) -> None:
    """Call see(n, ts, l, d, s, step, t, h, c) with the adjoints of every state, for tiles of samples n and outputs ts.

    h, c: (N, R, H), adjoints of the states at step s, which is the t-th of layer l in its direction d; rows are outputs, t·K + k.
    """
    T, K, H, directions, W = tape.T, tape.K, tape.H, len(tape.stack[0]), tape.stack[-1][0].W
    limit = max(result.nbytes // 2, settings.WORKSPACE) // W.element_size()
    outputs = limit // (K * (T * (3 * H * directions + W.shape[1]) + 2 * W.shape[0] + W.shape[1]))
    for n in slices(tape.N, outputs // T):
        stack = [[step.map(lambda part, n=n: part[:, n]).ready() for step in both] for both in tape.stack]
        for ts in slices(T, outputs // (n.stop - n.start)):
            pulled(stack, _joining(tape, n, ts).flatten(1, 2), partial(see, n, ts))


def pulled(stack: list[list[Step]], dy: Tensor, see: Callable | None = None) -> Tensor:
    """Adjoints of the last layer's outputs, (N, R, T, H·directions), to those of what the first one reads, (N, R, T, D), layer by layer.

    see(l, d, s, step, t, h, c): as `each_state` says.
    """
    (N, R, T, _), H = dy.shape, stack[0][0].q.shape[3]
    for l in range(len(stack) - 1, -1, -1):
        dx = dy.new_zeros(N, R, T, stack[l][0].W.shape[1] - H)
        to = dx.unbind(2)
        for d, step in enumerate(stack[l]):
            h, c = [*dy.new_zeros(step.states, N, R, H), None][:2]
            own = dy[..., d * H : (d + 1) * H].unbind(2)
            for t in range(T - 1, -1, -1):
                alive()
                s = T - 1 - t if d else t
                h += own[s]
                if see is not None:
                    see(l, d, s, step, t, h, c)
                to[s].add_(step.pull(h, c, t))
        dy = dx
    return dy
