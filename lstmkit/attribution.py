"""How much did each input move an output? Signed maps from gradients, and scores for maps whose truth is known.

Every method is a function of a callable: f maps x (N, …) to y, (N, T, K), (N, K) or (N,), or to a tuple that starts with y, and
treats the sequences of a batch one by one (checked). f must be a function of x: one that keeps a state between calls is refused, one
that draws random numbers draws the same ones at every call of a method, with a warning. x is any float tensor: for tokens give their embeddings, and an f that
starts from there. What is explained:

    target  the output k, an int or (N,) integers; may be left out where K = 1
    step    the output step t, an int or (N,) integers; left out where y has steps, all steps at once

A map has the shape of x, (N, …), or with all steps at once (N, T, …). Its unit is that of y per unit of x for `gradient` and
`smoothgrad`, that of y for the others. All raise TypeError or ValueError for integer x, NaN, a wrong target or step, and an f
that mixes the batch or does not depend on x.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lstmkit.gradients.callables import TRACE, Outputs, blocks, call, leaks, outputs
from lstmkit.gradients.function import Function, frozen
from lstmkit.gradients.probes import crossing
from lstmkit.gradients.settings import theirs
from lstmkit.shapes import expect_finite, expect_whole

__all__ = [
    "Integrated",
    "Score",
    "auprc",
    "deletion_curve",
    "gradient",
    "gradient_x_input",
    "integrated_gradients",
    "occlusion",
]
__all__ += ["pointing_game", "rank_correlation", "smoothgrad"]

Index = int | Tensor | None


class Integrated(NamedTuple):
    """attribution: the map; gap: (N,) or (N, T), Σ attribution − (f(x) − f(baseline)), 0 if the integral were exact."""

    attribution: Tensor
    gap: Tensor


class Score(NamedTuple):
    """value: (N,), how well each map does; chance: (N,), what a map drawn at random would reach on average."""

    value: Tensor
    chance: Tensor


def gradient(f: Callable, x: Tensor, target: Index = None, step: Index = None) -> Tensor:
    """∂y/∂x, signed: arguments, shape, unit and errors in the module's head. Source: Simonyan et al. (2014), who take |·|."""
    with _asked(f, x, target, step) as run:
        return _slope(_check(run, x))


def gradient_x_input(f: Callable, x: Tensor, target: Index = None, step: Index = None) -> Tensor:
    """x∘∂y/∂x: arguments, shape, unit and errors in the module's head. Source: Shrikumar et al. (2016), arXiv:1605.01713."""
    slope = gradient(f, x, target, step)
    return _like(x.detach(), slope) * slope


def integrated_gradients(
    f: Callable,
    x: Tensor,
    target: Index = None,
    step: Index = None,
    *,
    baseline: Tensor | float = 0.0,
    points: int = 50,
) -> Integrated:
    """(x − baseline)∘∫ ∂y/∂x dα along x = baseline + α(x − baseline), by Gauss and Legendre's rule with `points` points.

    baseline: a number, or a tensor that broadcasts to x. Other arguments, shape, unit and errors in the module's head.
    Returns Integrated(attribution, gap). Warns where the gap exceeds 5 % of f(x) − f(baseline). ValueError for a baseline, or an f
    along the path, that is not finite.
    Source: Sundararajan, Taly, Yan (2017), Axiomatic attribution for deep networks.
    """
    (points,) = expect_whole(points=points)
    with _asked(f, x, target, step) as run:
        end, x = _check(run, x).y.detach(), x.detach()
        start = _baseline(baseline, x)
        begin, total = run(start.clone(), graph=False).detach(), 0.0
        expect_finite(torch.where(begin.isinf(), torch.nan, begin), "f(baseline)")
        for node, weight in zip(*np.polynomial.legendre.leggauss(points), strict=True):
            total = total + _slope(_at(run, start + (1 + node) / 2 * (x - start))) * (weight / 2)
        attribution = _like(x - start, total) * total
        expect_finite(attribution, "the gradient along the path from the baseline")
        parts = attribution.flatten(end.ndim)
        gap, all_of_it = parts.sum(-1) - (end - begin), parts.abs().sum(-1)
        if (gap.abs() > 0.05 * (end - begin).abs() + 1e-3 * all_of_it).any():
            worst = int((gap.abs() / ((end - begin).abs() + 1e-3 * all_of_it)).flatten().argmax())
            missing, whole = float(gap.flatten()[worst]), float((end - begin).flatten()[worst])
            warnings.warn(
                f"integrated gradients do not close: they add up to {whole + missing:.3g} where f(x) − f(baseline) is {whole:.3g}; "
                f"take more than {points} points (a jump of f on the path is seen by no gradient)",
                stacklevel=2,
            )
        return Integrated(attribution, gap)


def smoothgrad(
    f: Callable,
    x: Tensor,
    target: Index = None,
    step: Index = None,
    *,
    noise: float = 0.1,
    samples: int = 32,
    generator: torch.Generator | None = None,
) -> Tensor:
    """The mean gradient at `samples` noisy copies of x.

    noise: standard deviation as a share of each sequence's range, max x − min x. generator: a CPU generator for repeatable
    noise. Other arguments, shape, unit and errors in the module's head. Source: Smilkov et al. (2017), arXiv:1706.03825.
    """
    (samples,) = expect_whole(samples=samples)
    if not 0 <= noise < float("inf"):
        raise ValueError(f"noise is {noise}; expected a number of at least 0")
    if generator is None:  # its own: f draws the same numbers at every call, and this must not
        generator = torch.Generator().manual_seed(int(torch.randint(2**62, ())))
    with _asked(f, x, target, step) as run:
        _check(run, x)
        x, total = x.detach(), 0.0
        flat = x.flatten(1)
        sigma = noise * (flat.amax(1) - flat.amin(1)).view(-1, *[1] * (x.ndim - 1))
        for _ in range(samples):
            draw = torch.randn(x.shape, generator=generator, dtype=x.dtype).to(x.device)
            total = total + _slope(_at(run, x + sigma * draw)) / samples
        return total


def occlusion(
    f: Callable,
    x: Tensor,
    target: Index = None,
    step: Index = None,
    *,
    window: int | tuple[int, ...] = 1,
    baseline: Tensor | float = 0.0,
) -> Tensor:
    """f(x) − f(x with a window replaced by the baseline), for every place of the window; where windows overlap, their mean.

    window: so many time steps, all features together, or a shape with an entry for each axis of x after the first.
    baseline: a number, or a tensor that broadcasts to x. Other arguments, shape, unit and errors in the module's head; no
    gradient is taken, only the check uses one. Source: Zeiler and Fergus (2014).
    """
    with _asked(f, x, target, step) as run:
        whole, x = _check(run, x).y.detach(), x.detach()
        size = tuple(window) if isinstance(window, tuple | list) else (*expect_whole(window=window), *x.shape[2:])
        if len(size) != x.ndim - 1 or not all(1 <= w <= n for w, n in zip(size, x.shape[1:], strict=True)):
            raise ValueError(f"window {window} does not fit into x of shape {tuple(x.shape)} (N, …)")
        start = _baseline(baseline, x)
        result, count = x.new_zeros(*whole.shape, *x.shape[1:]), x.new_zeros(x.shape[1:])
        for corner in itertools.product(*(range(n - w + 1) for w, n in zip(size, x.shape[1:], strict=True))):
            place = (..., *(slice(at, at + w) for at, w in zip(corner, size, strict=True)))
            changed = x.clone()
            changed[place] = start[place]
            drop = whole - run(changed, graph=False)
            result[place] += drop.view(*drop.shape, *[1] * (x.ndim - 1))
            count[place] += 1
        return result / count


def auprc(relevance: Tensor, mask: Tensor, among: Tensor | None = None) -> Score:
    """Area under the precision-recall curve (average precision) of each map against the entries that are truly relevant.

    relevance: (N, …), larger for more relevant (take |map| for a signed one). mask: the same shape, true where relevant.
    among: the same shape, the entries that count (all, if None). Returns Score(value, chance): chance is the exact mean
    over all random orders, which for few entries is well above the relevant share. Raises ValueError for shapes that differ,
    NaN, and a sample without relevant entries. Sources: Davis, Goadrich (2006); Bestgen (2015), for the chance level.
    """
    values, chances = [], []
    for score, truth in _pairs(relevance, mask, among):
        order = score.argsort(descending=True)
        score, hits = score[order], truth[order].double().cumsum(0)
        last = torch.cat([score[1:] != score[:-1], score.new_ones(1, dtype=torch.bool)])  # equal scores enter together
        hits, count = hits[last], (last.nonzero()[:, 0] + 1).double()
        values.append((torch.diff(hits, prepend=hits.new_zeros(1)) * hits / count).sum() / hits[-1])
        P, n = hits[-1], len(truth)
        H_n = (1 / torch.arange(1, n + 1, dtype=torch.float64, device=truth.device)).sum()
        chances.append((H_n + (P - 1) / max(n - 1, 1) * (n - H_n)) / n)
    return Score(torch.stack(values), torch.stack(chances))


def pointing_game(relevance: Tensor, mask: Tensor, among: Tensor | None = None) -> Score:
    """Does the map's largest entry lie on what is truly relevant?

    Arguments and errors as for `auprc`. among: the entries that the map can point at at all (a gradient × input never
    points where x = 0), for a fair chance level. Returns Score(value, chance): value 1 for a hit, 0 for a miss, a share
    where several entries are largest; chance is the relevant share. Source: Zhang et al. (2016), arXiv:1608.00507.
    """
    pairs = _pairs(relevance, mask, among)
    value = torch.stack([truth[score == score.max()].double().mean() for score, truth in pairs])
    return Score(value, torch.stack([truth.double().mean() for _, truth in pairs]))


def deletion_curve(
    f: Callable,
    x: Tensor,
    relevance: Tensor,
    target: Index = None,
    step: Index = None,
    *,
    baseline: Tensor | float = 0.0,
    most: int | None = None,
    alone: bool = False,
) -> Tensor:
    """y after the k most relevant pieces of each sample are replaced by the baseline, k = 0, 1, …: a score that needs no known truth.

    relevance: x's shape, or its first axes, (N, T) for whole steps; largest first (take |map| if both signs count). most: the last k; all
    pieces, if None. alone: the other way round, the k pieces alone against the baseline (an insertion curve, sufficiency). One output: give `step`
    where y has steps. Returns (N, most + 1), unit of y; y[:, 0] − y[:, k] is the comprehensiveness of k pieces. Other arguments and errors in
    the module's head; ValueError for a relevance that does not fit. Sources: Samek et al. (2017), Evaluating the visualization of
    what a deep neural network has learned; DeYoung et al. (2020), ERASER.
    """
    depth = relevance.ndim
    if depth < 2 or relevance.shape != x.shape[:depth]:
        wanted = f"expected {tuple(x.shape)} or its first axes, such as {tuple(x.shape[:2])}"
        raise ValueError(f"relevance has shape {tuple(relevance.shape)}; {wanted}")
    expect_finite(relevance, "relevance")
    order = relevance.flatten(1).argsort(dim=1, descending=True, stable=True)
    most = order.shape[1] if most is None else most
    if not 0 <= most <= order.shape[1]:
        raise ValueError(f"most is {most}; expected 0 to {order.shape[1]}, the pieces of a sample")
    with _asked(f, x, target, step) as run:
        if _check(run, x).y.ndim > 1:
            raise ValueError("y has steps, and a curve is that of one output: give step=…")
        x = x.detach()
        start = _baseline(baseline, x).expand_as(x)
        now, other = (start, x) if alone else (x, start)
        now, other, row = (
            now.clone().flatten(1, depth - 1),
            other.flatten(1, depth - 1),
            torch.arange(len(x), device=x.device),
        )
        values = [run(now.view(x.shape).clone(), graph=False)]
        for k in range(most):
            now[row, order[:, k]] = other[row, order[:, k]]
            values.append(run(now.view(x.shape).clone(), graph=False))
        return torch.stack(values, dim=1).detach()


def rank_correlation(a: Tensor, b: Tensor) -> Tensor:
    """Spearman's rank correlation of two maps, sample by sample; equal entries share their mean rank.

    a, b: (N, …), the same shape. Returns (N,), −1 … 1, NaN for a constant map. Raises ValueError for shapes that differ and
    NaN. Source: Spearman (1904).
    """
    result = []
    for one, two in _pairs(a, b, None, masked=False):
        ranks = []
        for row in (one, two):
            _, where, count = row.unique(return_inverse=True, return_counts=True)
            rank = (count.cumsum(0) - (count - 1) / 2)[where].double()
            ranks.append((rank - rank.mean()) / (rank - rank.mean()).norm())
        result.append((ranks[0] * ranks[1]).sum())
    return torch.stack(result)


def _asked(f: Callable, x: Tensor, target: Index, step: Index) -> AbstractContextManager[Function]:
    """What is explained, (N,) or (N, T), as a function of x that draws the same random numbers at every call."""
    return frozen(lambda x: _select(call(f, x), target, step), x)


def _check(run: Function, x: Tensor) -> Outputs:
    """One checked call: f is a function of x, depends on it, and treats the sequences of a batch one by one."""
    out = outputs(run, x, "f")
    run.afresh = True  # from here on every call starts from what the model keeps now
    if leaks(out, 1) and crossing(out) > TRACE:
        raise ValueError("f mixes the batch: an output depends on another sequence (a view, BatchNorm in train mode?)")
    return out


def _at(run: Function, x: Tensor) -> Outputs:
    """A call at another x, where there is nothing left to check."""
    leaf = x.detach().clone().requires_grad_()
    with theirs(x.device):
        given = leaf.clone()  # f may begin with an operation in place
    return Outputs(run(given), leaf, leaf, None)


def _slope(out: Outputs) -> Tensor:
    """∂y/∂x, (N, …), or (N, T, …) where y has steps."""
    with theirs(out.leaf.device):
        if out.y.ndim == 1:
            return torch.autograd.grad(out.y, out.leaf, torch.ones_like(out.y))[0]
        return blocks(out.y.unsqueeze(2), out.leaf, False, False)[:, :, 0]


def _select(y: Tensor, target: Index, step: Index) -> Tensor:
    """(N,), or (N, T) for all steps, out of y: (N, T, K), (N, K) or (N,)."""
    if not isinstance(y, Tensor) or y.ndim not in (1, 2, 3):
        given = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        raise ValueError(f"f returned {given}; expected y of shape (N, T, K), (N, K) or (N,)")
    if step is not None:
        if y.ndim < 3:
            raise ValueError(f"step={step}, but f's output {tuple(y.shape)} has no steps; expected (N, T, K)")
        y = _pick(y, step, 1, "step")
    if y.ndim == 1 and target is not None and not (isinstance(target, int) and target in (0, -1)):
        raise ValueError(f"target is {target!r}, but f's output {tuple(y.shape)} is one number for each sequence")
    if target is None and y.ndim > 1 and y.shape[-1] > 1:
        raise ValueError(f"f has K = {y.shape[-1]} outputs: choose one with target=…")
    return y if y.ndim == 1 else _pick(y, 0 if target is None else target, y.ndim - 1, "target")


def _pick(y: Tensor, index: int | Tensor, axis: int, name: str) -> Tensor:
    """y without `axis`: index, an int or (N,) integers, says which entry stays."""
    try:
        at = torch.as_tensor(index, device=y.device)
        at = at if at.is_floating_point() or at.is_complex() or at.dtype == torch.bool else at.long()
    except (TypeError, ValueError, RuntimeError):
        at = torch.tensor(0.5)
    if (
        at.is_complex()
        or at.dtype == torch.bool
        or at.is_floating_point()
        or at.ndim > 1
        or (at.ndim == 1 and len(at) != len(y))
    ):
        raise ValueError(f"{name} is {index!r}; expected an integer or ({len(y)},) integers")
    if at.min() < -y.shape[axis] or at.max() >= y.shape[axis]:
        raise ValueError(f"{name} is {index!r}; expected values below {y.shape[axis]}: f's output is {tuple(y.shape)}")
    at = (at % y.shape[axis]).expand(len(y)).view(-1, *[1] * (y.ndim - 1))
    return y.gather(axis, at.expand(*(1 if i == axis else n for i, n in enumerate(y.shape)))).squeeze(axis)


def _like(x: Tensor, result: Tensor) -> Tensor:
    """x with the axis of steps that a map for all steps at once has."""
    return x if x.ndim == result.ndim else x.unsqueeze(1)


def _baseline(baseline: Tensor | float, x: Tensor) -> Tensor:
    start = torch.as_tensor(baseline, dtype=x.dtype, device=x.device).detach()
    if not start.isfinite().all():
        raise ValueError("the baseline holds NaN or infinity; expected numbers: the path starts there")
    try:
        return start.expand_as(x).clone()
    except RuntimeError:
        raise ValueError(
            f"baseline has shape {tuple(start.shape)}; expected one that broadcasts to x {tuple(x.shape)}"
        ) from None


def _pairs(a: Tensor, b: Tensor, among: Tensor | None, masked: bool = True) -> list[tuple[Tensor, Tensor]]:
    """The entries that count of both, sample by sample."""
    for name, other in (("the second", b), ("among", among)):
        if other is not None and other.shape != a.shape:
            raise ValueError(
                f"the map has shape {tuple(a.shape)}, {name} {tuple(other.shape)}; expected one shape for all"
            )
    if a.device.type == "mps":  # it has no float64, which the scores are counted in
        a, b, among = a.cpu(), b.cpu(), None if among is None else among.cpu()
    if a.ndim < 2 or len(a) == 0 or a.isnan().any() or b.isnan().any():
        raise ValueError(f"expected maps (N, …) without NaN; given {tuple(a.shape)} with {int(a.isnan().sum())} NaN")
    rows = zip(a.flatten(1), (b.bool() if masked else b).flatten(1), strict=True)
    if among is not None:
        rows = ((one[use], two[use]) for (one, two), use in zip(rows, among.bool().flatten(1), strict=True))
    rows = list(rows)
    for n, (_, truth) in enumerate(rows):
        if masked and not truth.any():
            raise ValueError(f"sample {n} has no relevant entry: there is nothing to find in it")
    return rows
