"""Lesson 28: descend on the input, fool the network, elasticity, one mix of slopes, every swap from one gradient."""

from __future__ import annotations

import math

import torch
from torch import autograd

from lstmkit.data.oscillator import RANGES, oscillate, physical, sensitivities
from lstmkit.exercises import slips
from lstmkit.exercises.core import case, define, mistake

# 28.1 · descend on the input --------------------------------------------------------------------------------------


def descend(f, z, at, wanted, steps, lr):
    """z after `steps` steps of Adam on the sum of (f(z)[:, at] − wanted)²."""
    return _descent(f, z, at, wanted, steps, lr)


def _squares(y, wanted):
    return (y - wanted).square().sum()


def _descent(
    f, z, at, wanted, steps, lr, *, loss=_squares, adam=torch.optim.Adam, keep=False, afresh=False, best=False
):
    z = z.detach().clone().requires_grad_()
    optimizer, seen = adam([z], lr=lr), []
    for _ in range(steps):
        value = loss(f(z)[:, at], wanted)
        seen.append((value.item(), z.detach().clone()))
        if not keep:
            optimizer.zero_grad()
        value.backward()
        if afresh:
            optimizer = adam([z], lr=lr)
        optimizer.step()
    return min(seen, key=lambda one: one[0])[1] if best else z.detach()


def _with(**options):
    return lambda f, z, at, wanted, steps, lr: _descent(f, z, at, wanted, steps, lr, **options)


def _by_hand(f, z, at, wanted, steps, lr):
    m = v = torch.zeros_like(z)
    for t in range(1, steps + 1):
        leaf = z.detach().requires_grad_()
        g = autograd.grad((f(leaf)[:, at] - wanted).pow(2).sum(), leaf)[0]
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        z = z - lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
    return z


def _row_by_row(f, z, at, wanted, steps, lr):
    rows = [descend(f, z[n : n + 1], at, wanted[n : n + 1], steps, lr) for n in range(len(z))]
    return torch.cat(rows)


def _one_for_all(f, z, at, wanted, steps, lr):
    z = z.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([z], lr=lr)
    for _ in range(steps):
        value = (f(z)[:, at].mean(0) - wanted.mean(0)).square().sum()
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    return z.detach()


def _same_gradient(f, z, at, wanted, steps, lr):
    leaf = z.detach().clone().requires_grad_()
    g = autograd.grad((f(leaf)[:, at] - wanted).square().sum(), leaf)[0]
    z = z.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([z], lr=lr)
    z.grad = g
    for _ in range(steps):
        optimizer.step()
    return z.detach()


def _no_loss_of_its_own(f, z, at, wanted, steps, lr):
    return descend(f, z, at, torch.zeros_like(wanted), steps, lr)


def _down_the_output(f, z, at, wanted, steps, lr):
    return _descent(f, z, at, wanted, steps, lr, loss=lambda y, w: y.sum())


def _not_started(change):
    return lambda f, z, at, wanted, steps, lr: descend(f, change(z), at, wanted, steps, lr)


def _at(change):
    return lambda f, z, at, wanted, steps, lr: descend(f, z, change(at), wanted, steps, lr)


def _steps(change):
    return lambda f, z, at, wanted, steps, lr: descend(f, z, at, wanted, change(steps), lr)


def _clipped(f, z, at, wanted, steps, lr):
    z = z.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([z], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        (f(z)[:, at] - wanted).square().sum().backward()
        optimizer.step()
        z.data.clamp_(-1, 1)
    return z.detach()


def _copied_after(f, z, at, wanted, steps, lr):
    torch.optim.Adam([z.requires_grad_().clone()], lr=lr)


def _curve_of_before(f, z, at, wanted, steps, lr):
    z = z.detach().clone().requires_grad_()
    optimizer, y = torch.optim.Adam([z], lr=lr), f(z)
    for _ in range(steps):
        optimizer.zero_grad()
        (y[:, at] - wanted).square().sum().backward()
        optimizer.step()
    return z.detach()


def _curves(D, T):
    A, B = torch.randn(D, 5) * 0.8, torch.randn(5, T) * 0.7
    return lambda z: torch.tanh(z @ A + 0.3) @ B


define(
    "28.1",
    reference=descend,
    cases=lambda: [
        case(_curves(4, 9), torch.randn(3, 4), torch.tensor([2, 5]), torch.randn(3, 2) * 2, 7, 0.2, label="7 steps"),
        case(_curves(2, 6), torch.randn(5, 2), torch.tensor([1, 2, 4]), torch.randn(5, 3) * 2, 12, 0.1, label="12 steps, D = 2"),
        case(_curves(3, 5), torch.randn(1, 3), torch.tensor([3]), torch.randn(1, 1) * 3, 1, 0.3, label="one step, one wish"),
    ],
    tolerance=1e-4,
    alternatives=[_by_hand, _row_by_row, _with(loss=lambda y, w: (w - y).pow(2).mean())],
    mistakes=[
        mistake("the gradients of all steps pile up in z.grad: `optimizer.zero_grad()` before each `backward`", _with(keep=True)),
        mistake("you make a new Adam at each step, so it forgets what it has learnt of the slope: make it once, before the loop", _with(afresh=True)),
        mistake("you climb: the loss has the wrong sign, and z moves away from the wish", _with(loss=lambda y, w: -_squares(y, w))),
        mistake("that is plain descent, z − lr · gradient: here Adam makes the step, torch.optim.Adam([z], lr=lr)", _with(adam=torch.optim.SGD)),
        mistake("your optimiser is AdamW, which also pulls z towards 0 (weight decay): Adam is wanted", _with(adam=torch.optim.AdamW)),
        mistake("your loss takes the distance without squares: (f(z)[:, at] − wanted) squared, then summed", _with(loss=lambda y, w: (y - w).abs().sum())),
        mistake("your loss looks at the worst point alone: the squares of all wished points are summed", _with(loss=lambda y, w: (y - w).square().amax(1).sum())),
        mistake("your loss looks at the first wished point alone: all of them count", _with(loss=lambda y, w: _squares(y[:, 0], w[:, 0]))),
        mistake("your loss looks at the last wished point alone: all of them count", _with(loss=lambda y, w: _squares(y[:, -1], w[:, -1]))),
        mistake("your loss looks at the first row alone: each row has a wish of its own", _with(loss=lambda y, w: _squares(y[:1], w[:1]))),
        mistake("you add the differences before you square them, so plus and minus cancel: square each, then sum", _with(loss=lambda y, w: (y - w).sum(1).square().sum())),
        mistake("the square root of the sum gives all rows one common length: leave the root out", _with(loss=lambda y, w: _squares(y, w).sqrt())),
        mistake("you compare the mean over the rows: each row has a wish of its own", _one_for_all),
        mistake("the gradient is taken once, at the start, and used for all steps: take it anew at each step", _same_gradient),
        mistake("the wish has no part in your loss: you descend towards zero. The loss is (f(z)[:, at] − wanted) squared", _no_loss_of_its_own),
        mistake("you make the output itself small: the loss is its squared distance from `wanted`", _down_the_output),
        mistake("that is the z with the lowest loss on the way: the one after the last step is wanted", _with(best=True)),
        mistake("one step is missing: `range(steps)` makes `steps` of them", _steps(lambda n: n - 1)),
        mistake("that is one step too many: `range(steps)` makes `steps` of them", _steps(lambda n: n + 1)),
        mistake("a single step is made: is the `return` inside the loop?", _steps(lambda n: 1)),
        mistake("z has not moved: `backward`, then `step()`, with no `zero_grad` between them; and the z in your optimiser is the one that goes through f", _steps(lambda n: 0)),
        mistake("Adam moves a leaf, and a copy of a watched tensor is none: copy first and watch then, `z.detach().clone().requires_grad_()`", _copied_after),
        mistake("the curve is computed once, before the loop: z moves, so f(z) belongs inside", _curve_of_before),
        mistake("the root is taken in each row, which weighs the rows' own points anew: leave it out", _with(loss=lambda y, w: (y - w).norm(dim=1).sum())),
        mistake("`at` holds indices already, from 0: do not add 1", _at(lambda at: at + 1)),
        mistake("every row gets the first row's wish: each has its own", lambda f, z, at, wanted, *rest: descend(f, z, at, wanted[:1].expand_as(wanted), *rest)),
        mistake("the size of the step is fixed at 0.1: hand Adam `lr=lr`", lambda f, z, at, wanted, steps, lr: descend(f, z, at, wanted, steps, 0.1)),
        mistake("you start from zeros: start from the z that is given", _not_started(torch.zeros_like)),
        mistake("`at` holds indices already, from 0: do not subtract 1", _at(lambda at: at - 1)),
        mistake("you take the first points of the curve, not those at `at`: f(z)[:, at]", _at(lambda at: torch.arange(len(at)))),
        mistake("you keep z between −1 and 1: that bound comes later in the lesson", _clipped),
        mistake("the step is Adam's own, 0.001: hand it `lr=lr`", lambda f, z, at, wanted, steps, lr: descend(f, z, at, wanted, steps, 1e-3)),
        mistake("that is how far z has moved: z itself is wanted", lambda f, z, *rest: descend(f, z, *rest) - z),
        mistake("these are the curves f(z): the input z is wanted", lambda f, *rest: f(descend(f, *rest))),
        mistake("these are the wished points of the curves: the input z is wanted", lambda f, z, at, *rest: f(descend(f, z, at, *rest))[:, at]),
        mistake("that is the loss: z is wanted", lambda f, z, at, wanted, *rest: _squares(f(descend(f, z, at, wanted, *rest))[:, at], wanted)),
        slips.transposed(descend, says="rows and columns are exchanged: (N, D) is wanted, a row for each start"),
        slips.first_sequence_only(descend, says="this is the first row alone: each start has a z of its own"),
    ],
)  # fmt: skip

# 28.2 · fool the network ------------------------------------------------------------------------------------------

_FOUND = {"z": [0.721, -0.129, -1.887, -0.052], "wish": [-0.256, 0.734, -0.731]}
_AT = [4, 14, 29]


def _by_formula(z, wish):
    y = oscillate(torch.tensor([z], dtype=torch.float64))[0, _AT]
    return float((y - torch.tensor(wish, dtype=torch.float64)).abs().max())


_FOUND |= {"network": 0.01, "formula": _by_formula(**_FOUND)}
_FOOL = {
    "form": "hand in what `judge(z, wish)` returned, without changing it",
    "far": "a number of z lies beyond ±2: nearer to the range, please",
    "inside": "all four numbers lie inside −1 … 1, where the network knows its way: search outside of the range, up to ±2",
    "honest": "the network itself promises a miss of more than 0.05: it is not fooled. Descend longer, or take the designs with which it is content",
    "right": "the formula agrees too well: its miss is below 0.5. Look at more starts and wishes, and take the one with the largest miss by the formula",
    "both": "the network promises a miss of more than 0.05, and the formula's is below 0.5: neither content nor wrong. Search among many starts and wishes",
    "edited": "the formula says something else of this z and this wish: hand in what `judge` returned, unchanged",
}


def _judge_fool(answer):
    """None for a design that fools the network; else what it lacks."""
    z, wish = [float(one) for one in answer["z"]], [float(one) for one in answer["wish"]]
    network, formula = float(answer["network"]), float(answer["formula"])
    if len(z) != 4 or len(wish) != 3 or not all(map(math.isfinite, [*z, *wish, network, formula])):
        return _FOOL["form"]
    if abs(_by_formula(z, wish) - formula) > 1e-3 * (1 + formula):
        return _FOOL["edited"]
    if max(map(abs, z)) > 2:
        return _FOOL["far"]
    if network > 0.05:
        return _FOOL["honest"] if formula >= 0.5 else _FOOL["both"]
    if formula < 0.5:
        return _FOOL["right"]
    return None if max(map(abs, z)) > 1 else _FOOL["inside"]


def _find(z, wish, network):
    return {"z": z, "wish": wish, "network": network, "formula": _by_formula(z, wish)}


_NEAR = [0.1, 0.2, 0.3, 0.4]
_ITS = oscillate(torch.tensor([_NEAR]))[0, _AT].tolist()

define(
    "28.2",
    reference=_FOUND,
    accepts=_judge_fool,
    alternatives=[_find([1.5, 0.0, -1.8, 0.3], [0.1, 0.2, 0.3], 0.0001), _find([0.0, 1.9, 0.0, 0.0], [1.0, 1.0, -1.0], 0.049)],
    mistakes=[
        mistake(_FOOL["form"], _find(_FOUND["z"], _FOUND["wish"], float("nan"))),
        mistake(_FOOL["far"], _find([3.0, 0.0, -2.5, 0.0], [0.1, 0.2, 0.3], 0.001)),
        mistake(_FOOL["inside"], _find(_NEAR, [1.2, -1.2, 1.2], 0.04)),
        mistake(_FOOL["honest"], _find(_FOUND["z"], _FOUND["wish"], 0.3)),
        mistake(_FOOL["right"], _find([1.1, 0.2, 0.3, 0.4], oscillate(torch.tensor([[1.1, 0.2, 0.3, 0.4]]))[0, _AT].tolist(), 0.01)),
        mistake(_FOOL["both"], _find(_NEAR, _ITS, 0.2)),
        mistake(_FOOL["edited"], _FOUND | {"formula": 0.9 * _FOUND["formula"]}),
    ],
)  # fmt: skip

# 28.3 · per cent per per cent -------------------------------------------------------------------------------------

_HALF = torch.tensor([(high - low) / 2 for low, high in RANGES.values()])
_LOW = torch.tensor([low for low, _ in RANGES.values()])


def elasticity(J, z, y, half):
    """Per cent of y_t for one per cent of p_d: (N, T, 4)."""
    return J / half * physical(z)[:, None] / y[:, :, None]


def _looped(J, z, y, half):
    p, made = physical(z), torch.zeros_like(J)
    for n in range(len(J)):
        for t in range(J.shape[1]):
            for d in range(J.shape[2]):
                made[n, t, d] = J[n, t, d] / half[d] * p[n, d] / y[n, t]
    return made


def _einsum(J, z, y, half):
    return torch.einsum("ntd,d,nd,nt->ntd", J, 1 / half, physical(z), 1 / y)


def _curved(N, T):
    z = torch.rand(N, 4) * 1.6 - 0.8
    y = torch.rand(N, T) + 0.3
    return case(torch.randn(N, T, 4), z, torch.where(torch.rand(N, T) < 0.5, -y, y), _HALF, label=f"N = {N}, T = {T}")


define(
    "28.3",
    reference=elasticity,
    cases=lambda: [_curved(3, 5), _curved(2, 7), _curved(1, 2)],
    alternatives=[_looped, _einsum],
    mistakes=[
        mistake("p is missing: a per cent of p is p / 100, so the slope is multiplied by physical(z)", lambda J, z, y, half: J / half / y[:, :, None]),
        mistake("y is missing: a change in per cent of y is divided by y", lambda J, z, y, half: J / half * physical(z)[:, None]),
        mistake("half is missing: J is per scaled number; divided by `half` it is per unit of p", lambda J, z, y, half: J * physical(z)[:, None] / y[:, :, None]),
        mistake("you multiply by half: from z to p the range is stretched, so the slope is *divided* by it", lambda J, z, y, half: J * half * physical(z)[:, None] / y[:, :, None]),
        mistake("you divide by the whole range: one scaled number goes from the middle to the end, so half of it", lambda J, z, y, half: elasticity(J, z, y, half) / 2),
        mistake("you multiply by the scaled z: it has no true zero, so no per cent. physical(z) is p in its own unit", lambda J, z, y, half: J / half * z[:, None] / y[:, :, None]),
        mistake("that is (∂y/∂z) · z / y with the scaled z (or p = half · z, without the middle of the range): it has no true zero, so no per cent. p is physical(z), and J is divided by half", lambda J, z, y, half: J * z[:, None] / y[:, :, None]),
        mistake("p and y have changed places: slope times p over y", lambda J, z, y, half: J / half / physical(z)[:, None] * y[:, :, None]),
        mistake("you divide by p: a per cent of p is p / 100, so multiply by it", lambda J, z, y, half: J / half / physical(z)[:, None] / y[:, :, None]),
        mistake("you multiply by y: a change in per cent of y is divided by it", lambda J, z, y, half: J / half * physical(z)[:, None] * y[:, :, None]),
        mistake("that is the slope in p's own unit; per cent per per cent has a factor p / y", lambda J, z, y, half: J / half),
        mistake("you divide by the mean of each curve: each step has its own y_t", lambda J, z, y, half: J / half * physical(z)[:, None] / y.mean(1)[:, None, None]),
        mistake("you divide by the last step's y: each step has its own y_t", lambda J, z, y, half: J / half * physical(z)[:, None] / y[:, -1:, None]),
        mistake("you take the formula's slopes and curve: J and y are given, and may be a network's", lambda J, z, y, half: elasticity(sensitivities(z, y.shape[1]), z, oscillate(z, y.shape[1]), half)),
        mistake("you divide by |y|: the sign of y counts, too", lambda J, z, y, half: J / half * physical(z)[:, None] / y[:, :, None].abs()),
        mistake("you divide by the largest |y| of the curve: each step has its own y_t", lambda J, z, y, half: J / half * physical(z)[:, None] / y.abs().amax(1)[:, None, None]),
        mistake("p starts at the low end in yours: physical(z) is middle + half · z", lambda J, z, y, half: J / half * (_LOW + half * z)[:, None] / y[:, :, None]),
        mistake("the first sample's p is used for all: physical(z)[:, None] has a row for each", lambda J, z, y, half: J / half * physical(z)[0] / y[:, :, None]),
        mistake("per cent of y over per cent of p: the two hundreds cancel, so no factor of 100", lambda *a: 100 * elasticity(*a)),
        mistake("per cent of y over per cent of p: the two hundreds cancel, so no division by 100", lambda *a: elasticity(*a) / 100),
        slips.absolute(elasticity, says="the sign is lost: an elasticity below 0 says that y falls"),
        slips.reciprocal(elasticity, says="upside down: per cent of p for one per cent of y"),
        slips.last_only(elasticity, says="this is the last step alone: every step has its own"),
        slips.batch_averaged(elasticity, says="this is the mean over the samples: each has its own"),
        slips.summed_over(elasticity, 1, says="the steps are added up: each has its own, (N, T, 4)"),
        slips.transposed(elasticity, 1, 2, says="steps and inputs are exchanged: (N, T, 4) is wanted"),
    ],
)  # fmt: skip

# 28.4 · one mix of slopes -----------------------------------------------------------------------------------------


def slope_loss(f, z, J, v):
    """The mean over N and D of (v·∂f/∂z − v·J)², with a graph to the weights in f."""
    return _slopes(f, z, J, v)


def _slopes(f, z, J, v, *, create=True, end=lambda gap: gap.square().mean(), true=None, out=None):
    z = z.detach().clone().requires_grad_()
    y = f(z)
    mix = autograd.grad((v * y).sum() if out is None else out(y, v), z, create_graph=create)[0]
    wanted = (v[:, :, None] * J).sum(1) if true is None else true(J, v)
    return end(mix - wanted)


def _slopes_with(**options):
    return lambda f, z, J, v: _slopes(f, z, J, v, **options)


def _whole_jacobian(f, z, J, v):
    """Through all rows of J: dear, and right."""
    z = z.detach().clone().requires_grad_()
    y = f(z)
    rows = [autograd.grad(y[:, t].sum(), z, create_graph=True)[0] for t in range(y.shape[1])]
    return torch.einsum("nt,ntd->nd", v, torch.stack(rows, 1) - J).square().mean()


def _vector(f, z, J, v):
    z = z.detach().clone().requires_grad_()
    mix = autograd.grad(f(z), z, grad_outputs=v, create_graph=True)[0]
    return torch.nn.functional.mse_loss(mix, torch.bmm(v[:, None], J)[:, 0])


def _full(f, z, J, v):
    z = z.detach().clone().requires_grad_()
    y = f(z)
    rows = [autograd.grad(y[:, t].sum(), z, create_graph=True)[0] for t in range(y.shape[1])]
    return (torch.stack(rows, 1) - J).square().mean()


def _full_mixed(f, z, J, v):
    z = z.detach().clone().requires_grad_()
    y = f(z)
    rows = [autograd.grad(y[:, t].sum(), z, create_graph=True)[0] for t in range(y.shape[1])]
    return ((torch.stack(rows, 1) - J) * v[:, :, None]).square().mean()


def _own_v(f, z, J, v):
    return slope_loss(f, z, J, torch.ones_like(v))


def _try_slopes(answer, f, z, J, v):
    """The value, and its gradient with respect to the weights in f (zero where there is no graph). f comes as its two weights."""
    weight, read = (one.clone().requires_grad_() for one in f)
    value = answer(lambda z: torch.tanh(z @ weight + 0.2) @ read, z, J, v)
    if not torch.is_tensor(value) or not value.requires_grad or value.dim():
        return value, torch.zeros_like(weight), torch.zeros_like(read)
    found = autograd.grad(value, (weight, read), allow_unused=True)
    return (value.detach(), *[torch.zeros_like(weight) if one is None else one for one in found])


def _taught(N, T, D):
    def draw(*shape):
        return torch.randn(*shape, dtype=torch.float64)

    return case((draw(D, 5), draw(5, T)), draw(N, D), draw(N, T, D), draw(N, T), label=f"N = {N}, T = {T}, D = {D}")


define(
    "28.4",
    reference=slope_loss,
    run=_try_slopes,
    cases=lambda: [_taught(3, 6, 4), _taught(5, 3, 2), _taught(1, 4, 3)],
    tolerance=1e-9,
    alternatives=[_whole_jacobian, _vector],
    mistakes=[
        mistake("the value is right, but the weights get no gradient: `create_graph=True` keeps the graph of the first gradient", _slopes_with(create=False)),
        mistake("the value is right, but the weights get no gradient: something like .item() or .detach() cuts the graph", lambda *a: slope_loss(*a).detach()),
        mistake("that is the sum over N and D: the mean is wanted", _slopes_with(end=lambda gap: gap.square().sum())),
        mistake("sum over D, then the mean over the samples: the mean over both is wanted", _slopes_with(end=lambda gap: gap.square().sum(1).mean())),
        mistake("the square is missing; you have the mean of the sizes", _slopes_with(end=lambda gap: gap.abs().mean())),
        mistake("the square is missing: plus and minus cancel", _slopes_with(end=lambda gap: gap.mean())),
        mistake("no root at the end: the mean of the squares is wanted", _slopes_with(end=lambda gap: gap.square().mean().sqrt())),
        mistake("that is half of it: the mean of the squares, without ½", _slopes_with(end=lambda gap: gap.square().mean() / 2)),
        mistake("one number for each sample: the mean over N as well is wanted", _slopes_with(end=lambda gap: gap.square().mean(1))),
        mistake("these are the squares, one for each sample and input: their mean is wanted", _slopes_with(end=lambda gap: gap.square())),
        mistake("the square comes last: that is the square of the mean, where plus and minus cancel", _slopes_with(end=lambda gap: gap.mean().square())),
        mistake("the samples are added up before you compare: each has slopes of its own", _slopes_with(end=lambda gap: gap.sum(0).square().mean())),
        mistake("an axis is left over: v·J is (N, 1, D) there, which stretches over the batch; take [:, 0] of it", _slopes_with(true=lambda J, v: v[:, None] @ J)),
        mistake("both sides take a mean over the steps: v·J is a sum", _slopes_with(true=lambda J, v: (v[:, :, None] * J).mean(1), out=lambda y, v: (v * y).mean(1).sum())),
        mistake("both sides are divided: (v * f(z)).mean() divides by N · T, and the mean over the steps by T; both are sums", _slopes_with(true=lambda J, v: (v[:, :, None] * J).mean(1), out=lambda y, v: (v * y).mean())),
        mistake("the true side is not mixed: v·J is the sum of v_t J_t over the steps", _slopes_with(true=lambda J, v: J.sum(1))),
        mistake("the true side is averaged over the steps: v·J is a sum", _slopes_with(true=lambda J, v: (v[:, :, None] * J).mean(1))),
        mistake("the true side is missing: the loss makes all slopes small, right or wrong", _slopes_with(true=lambda J, v: 0)),
        mistake("the network's side is not mixed: the gradient of (v * f(z)).sum(), and yours is that of f(z).sum()", _slopes_with(out=lambda y, v: y.sum())),
        mistake("neither side is mixed with v: that is the trap of the sum, all steps in one", _own_v),
        mistake("the network's side is the gradient of a mean: (v * f(z)).sum() keeps every sample's gradient whole", _slopes_with(out=lambda y, v: (v * y).mean())),
        mistake("v multiplies the squares of the outputs: the gradient of (v * f(z)).sum() is wanted", _slopes_with(out=lambda y, v: (v * y.square()).sum())),
        mistake("that compares all rows of the Jacobian, T passes back: one pass, from (v * f(z)).sum(), is wanted", _full),
        mistake("you compare every row, weighted by v: v·J is the *sum* over the steps, and one pass back gives it", _full_mixed),
        mistake("the signs differ: v·∂f/∂z minus v·J, and you have added them", _slopes_with(true=lambda J, v: -(v[:, :, None] * J).sum(1))),
        mistake("all samples share the first row of v: each sample has a v of its own", lambda f, z, J, v: slope_loss(f, z, J, v[:1].expand_as(v).clone())),
        mistake("v is squared in the true side: v_t times J_t, once", _slopes_with(true=lambda J, v: (v[:, :, None].square() * J).sum(1))),
    ],
)  # fmt: skip

# 28.5 · every swap at once ----------------------------------------------------------------------------------------


def swap_estimates(gradient, tokens, E):
    """(E_v − e_t) · ∂f/∂e_t for every place and every word: (N, T, V)."""
    return gradient @ E.T - (gradient * E[tokens]).sum(2, keepdim=True)


def _difference_first(gradient, tokens, E):
    steps = E[None, None] - E[tokens][:, :, None]
    return (steps * gradient[:, :, None]).sum(-1)


def _word_by_word(gradient, tokens, E):
    made = gradient.new_zeros(*tokens.shape, len(E))
    for v in range(len(E)):
        made[:, :, v] = ((E[v] - E[tokens]) * gradient).sum(2)
    return made


def _gathered(gradient, tokens, E):
    comes = torch.einsum("ntd,vd->ntv", gradient, E)
    return comes - comes.gather(2, tokens[:, :, None])


def _lengths(gradient, tokens, E):
    return (E[None, None] - E[tokens][:, :, None]).norm(dim=-1) * gradient.norm(dim=2, keepdim=True)


def _cosines(gradient, tokens, E):
    return torch.cosine_similarity(E[None, None] - E[tokens][:, :, None], gradient[:, :, None], dim=3)


def _own_place_zeroed(gradient, tokens, E):
    return (gradient @ E.T).scatter(2, tokens[:, :, None], 0.0)


def _texts(N, T, V, D):
    return case(
        torch.randn(N, T, D), torch.randint(V, (N, T)), torch.randn(V, D), label=f"N = {N}, T = {T}, V = {V}, D = {D}"
    )


define(
    "28.5",
    reference=swap_estimates,
    cases=lambda: [_texts(3, 5, 7, 4), _texts(2, 4, 9, 3), _texts(1, 1, 6, 2)],
    alternatives=[_difference_first, _word_by_word, _gathered],
    mistakes=[
        mistake("the old word is missing: it goes when the new one comes, so subtract e_t · g_t", lambda g, t, E: g @ E.T),
        mistake("you set the old word's own place to 0, and leave it in all others: it goes in every swap, so subtract e_t · g_t everywhere", _own_place_zeroed),
        mistake("that is how long the step is: the gradient has no part in it", lambda g, t, E: (E[None, None] - E[t][:, :, None]).norm(dim=3)),
        mistake("the products are not summed: a scalar product is a sum over D", lambda g, t, E: (E[None, None] - E[t][:, :, None]) * g[:, :, None]),
        mistake("every text gets the first text's old words: E[tokens] has those of each", lambda g, t, E: swap_estimates(g, t[:1].expand_as(t), E)),
        mistake("the old words are one place off: at place t it is tokens[:, t] that goes", lambda g, t, E: swap_estimates(g, t.roll(1, 1), E)),
        mistake("the sign is turned: the new word minus the old one", lambda g, t, E: -swap_estimates(g, t, E)),
        mistake("the old word is added: it goes, so subtract it", lambda g, t, E: g @ E.T + (g * E[t]).sum(2, keepdim=True)),
        mistake("you subtract the old word's *length* or square, e_t · e_t: it is weighed by the gradient, e_t · g_t", lambda g, t, E: g @ E.T - (E[t] * E[t]).sum(2, keepdim=True)),
        mistake("you subtract g_t · g_t: what goes is the old word's share, e_t · g_t", lambda g, t, E: g @ E.T - (g * g).sum(2, keepdim=True)),
        mistake("the mean over D: a scalar product is a sum", lambda g, t, E: swap_estimates(g, t, E) / E.shape[1]),
        mistake("the new word is summed and the old one averaged over D: both are scalar products", lambda g, t, E: g @ E.T - (g * E[t]).mean(2, keepdim=True)),
        mistake("that is the old word's share in everything that stands there, without the new word", lambda g, t, E: -(g * E[t]).sum(2, keepdim=True).expand(-1, -1, len(E))),
        mistake("you weigh with the vector that stands there, e_t, and not with the gradient", lambda g, t, E: E[t] @ E.T - (E[t] * E[t]).sum(2, keepdim=True)),
        mistake("you weigh with the vector that stands there, e_t, and not with the gradient; and the old word is missing", lambda g, t, E: E[t] @ E.T),
        mistake("that is a cosine: the length of the step counts, too", _cosines),
        mistake("length times length: direction is lost. The scalar product is wanted", _lengths),
        mistake("only the gradient's direction is used: its length counts, too", lambda g, t, E: swap_estimates(g / g.norm(dim=2, keepdim=True), t, E)),
        mistake("the gradients of all places are added: each place has its own", lambda g, t, E: swap_estimates(g.sum(1, keepdim=True).expand_as(g), t, E)),
        mistake("you use the first place's gradient everywhere: each place has its own", lambda g, t, E: swap_estimates(g[:, :1].expand_as(g), t, E)),
        mistake("the last place's gradient everywhere: each place has its own", lambda g, t, E: swap_estimates(g[:, -1:].expand_as(g), t, E)),
        mistake("the mean of the word vectors is subtracted: it is the old word at this place that goes", lambda g, t, E: g @ (E - E.mean(0)).T),
        mistake("the first word of each text is subtracted everywhere: at each place the word that stands there goes", lambda g, t, E: swap_estimates(g, t[:, :1].expand_as(t), E)),
        mistake("the token numbers are taken for vectors' numbers: E[tokens] gives the vectors", lambda g, t, E: g @ E.T - (g * t[:, :, None]).sum(2, keepdim=True)),
        slips.absolute(swap_estimates, says="the sign is lost: a swap may raise f or lower it"),
        slips.transposed(swap_estimates, 1, 2, says="places and words are exchanged: (N, T, V) is wanted"),
        slips.summed_over(swap_estimates, 1, says="the places are added up: each has its own row, (N, T, V)"),
        slips.batch_summed(swap_estimates, says="the texts are added up: each has a table of its own"),
        mistake("that is the best word alone at each place: all V are wanted", lambda g, t, E: swap_estimates(g, t, E).amax(2)),
        mistake("these are the numbers of the best words: the estimates themselves are wanted", lambda g, t, E: swap_estimates(g, t, E).argmax(2)),
    ],
)  # fmt: skip
