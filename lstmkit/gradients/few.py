"""The sweep forward where there is so little to do at a step that the calls cost more than the numbers: in numpy, on the CPU.

numpy's calls cost a third of torch's. A tangent is a column here, (…, N·R), so that all changes of a gate lie in one piece; the
sums are those of `forward`, and so is their source.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from lstmkit.gradients.linearise import LITTLE, Step, altered, lstm_factors
from lstmkit.gradients.parts import Parts, Sources
from lstmkit.gradients.settings import alive, run
from lstmkit.shapes import expect_finite

MOST = 2**16  # N·R·H² up to which a layer is swept here: its products stay in this thread, without denormals
WIDE = 16  # columns for each sequence up to which the factors are copied for each: numpy is quickest on arrays of one shape


def enough(parts: Parts, given: Sources) -> bool:
    """Whether `solve` can do the whole: one small LSTM layer on the CPU in one direction, a linear read-out or none, no loop."""
    net, head, (N, T, _) = parts.net, parts.head, given.x.shape
    if net.kind != "LSTM" or len(net.weights) > 1 or len(net.weights[0]) > 1 or parts.feedback is not None:
        return False
    if head is not None and (type(head) is not nn.Linear or altered(head) or head.in_features != net.H):
        return False
    K, like = net.H if head is None else head.out_features, given.x
    small = N * given.P * net.H**2 <= MOST and N * T * max(net.H, K * given.P) <= LITTLE
    return small and like.device.type == "cpu" and (head is None or head.weight.dtype == like.dtype)


def solve(parts: Parts, given: Sources, state: Tensor | None, seen: list) -> Tensor:
    """∂y/∂z, (N, T, K, P), of what is `enough`. state: tangents of the initial state, (N, P, S), None for 0; seen: of x_t, (N, P, D)."""
    weights, head, H, P, (N, T, _) = parts.net.weights[0][0], parts.head, parts.net.H, given.P, given.x.shape

    def work() -> np.ndarray:
        x, begun = given.x.detach().transpose(0, 1).contiguous(), [part.detach() for part in given.state]
        h = torch.lstm(x, begun, weights, len(weights) == 4, 1, 0.0, False, False, False)[0]
        expect_finite(h, "the layer's output")
        W_ih, W_hh, *biases = [part.numpy() for part in weights]
        W, q = np.concatenate([W_hh, W_ih], 1), np.empty((6, T, N, H), W_hh.dtype)
        h0, c0 = [part[0].numpy() for part in begun]
        lstm_factors(np, q, W, biases[0] + biases[1] if biases else None, x.numpy(), h.numpy(), h0, c0, True)
        first = np.zeros((2, H, N, P), W.dtype) if state is None else _columns(state).reshape(2, H, N, P)
        tops = _side(W, q.transpose(1, 0, 3, 2), None, None, *first, seen=_each(_columns, seen))
        if head is not None:
            tops = head.weight.detach().numpy() @ tops
        return np.ascontiguousarray(tops.reshape(T, -1, N, P).transpose(2, 0, 1, 3))

    return torch.from_numpy(run(work, given.x.device))


def sweep(stack: list[list[Step]], C: Tensor, begun: Tensor, seen: list) -> Tensor:
    """Tangents of all outputs, (T, N, K, R), layer by layer. begun: (N, R, S). seen: those of x_t, (N, R, D) or None for 0, for each t."""
    (N, R), H, columns = begun.shape[:2], stack[0][0].q.shape[3], _each(_columns, seen)
    start = _columns(begun).reshape(-1, len(stack), len(stack[0]), H, N, R)
    for l, both in enumerate(stack):
        sides = []
        for d, step in enumerate(both):
            order = slice(None, None, -1 if d else None)  # the second direction reads against time
            mask = None if step.mask is None else _array(step.mask.permute(0, 3, 1, 2).expand(-1, -1, -1, R))
            first = None if step.first is None else _array(step.first[:, :H]).copy()
            q = _array(step.q.permute(0, 2, 3, 1))
            sides.append(_side(_array(step.W), q, mask, first, *start[:, l, d], seen=columns[order])[order])
        columns = np.concatenate(sides, axis=1) if len(sides) == 2 else sides[0]
    read = _array(C) @ columns.reshape(len(columns), -1, N, R).swapaxes(1, 2)
    return torch.from_numpy(read).to(C.device)


def _array(part: Tensor) -> np.ndarray:
    return part.cpu().numpy()


def _columns(rows: Tensor) -> np.ndarray:
    """(N, R, M) as (M, N·R), a column for each row."""
    return _array(rows.permute(2, 0, 1)).reshape(rows.shape[2], -1)


def _each(function: Callable, parts: list) -> list:
    """function of every part, None for None; neighbours that are one are asked once."""
    found, last, value = [], None, None
    for part in parts:
        if part is not last:
            last, value = part, None if part is None else function(part)
        found.append(value)
    return found


def _side(W, q, mask, first, h: np.ndarray, c: np.ndarray | None = None, *, seen: list) -> np.ndarray:
    """The tangents of h at every step of one layer in one direction, in its own order of time: (T, H, N·R).

    W, q (T, blocks, H, N), first: as in `Step`; mask: (T, D, N, R). h, c: (H, N, R). seen: (D, N·R) or None for 0, for each step.
    d: a block of H rows for each gate, and one for what goes on directly, an LSTM's c or a GRU's h.
    """
    (H, N, R), T, B = h.shape, len(seen), len(W) // h.shape[0]
    shape, q = ((H, N * R), np.repeat(q, R, axis=3)) if R <= WIDE else ((H, N, R), np.ascontiguousarray(q)[..., None])
    d, tops = np.empty((min(B + 1, q.shape[1]), *shape), W.dtype), np.empty((T, *shape), W.dtype)
    W_hh, W_ih, gates, h = W[:, :H].copy(), W[:, H:], d[:B].reshape(B * H, N * R), h.reshape(H, N * R)
    if mask is not None:
        seen = [own if own is None else own * kept.reshape(-1, N * R) for own, kept in zip(seen, mask, strict=True)]
    if c is not None:
        d[B] = c.reshape(shape)
        di, df, dg, do, c = d
    move, moved, flat = W_hh if first is None else first, _each(W_ih.__matmul__, seen), tops.reshape(T, H, N * R)
    for t, (from_x, top, after, factors, late) in enumerate(
        zip(moved, tops, flat, q[:, : len(d)], q[:, -1], strict=True)
    ):
        if t % 64 == 0:
            alive()
        move.dot(h, gates)
        move = W_hh
        if from_x is not None:
            gates += from_x
        if c is not None:
            d *= factors
            c += di
            c += df
            c += dg
            np.multiply(c, late, top)
            top += do
        else:
            if len(d) > B:
                d[B] = h.reshape(shape)
            d *= factors
            np.add.reduce(d, 0, out=top)
        h = after
    return flat
