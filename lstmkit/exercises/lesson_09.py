"""Lesson 09 · Which gate: one gate held open, the unexplained share, a control, coupled gates, what an ablation supports."""

from __future__ import annotations

import torch

from lstmkit.exercises import case, define, mistake, slips

# 09.1 · hold one gate open ---------------------------------------------------------------------------------------


def hold_open(i, f, o):
    """Twelve networks along the first axis: 0–2 as they are, 3–5 with i = 1, 6–8 with f = 1, 9–11 with o = 1."""
    return _held(i, f, o)


def _held(i, f, o, at=((3, 6), (6, 9), (9, 12)), to=1.0):
    """The gates i, f, o held at `to` in the networks of the three slices."""
    gates = []
    for gate, (start, stop) in zip((i, f, o), at, strict=True):
        gate = gate.clone()
        gate[start:stop] = to
        gates.append(gate)
    return tuple(gates)


def _slices(*at, to=1.0):
    return lambda i, f, o: _held(i, f, o, at, to)


def _everywhere(i, f, o):
    return torch.ones_like(i), torch.ones_like(f), torch.ones_like(o)


def _all_three(i, f, o):
    return tuple(gate.index_fill(0, torch.arange(3, 12), 1.0) for gate in (i, f, o))


def _every_fourth(i, f, o):
    gates = [gate.clone() for gate in (i, f, o)]
    for number, gate in enumerate(gates, 1):
        gate[number::4] = 1
    return tuple(gates)


def _others(i, f, o):
    """All networks but the three are held."""
    gates = [gate.clone() for gate in (i, f, o)]
    for number, gate in enumerate(gates, 1):
        kept = gate[3 * number : 3 * number + 3].clone()
        gate[:] = 1
        gate[3 * number : 3 * number + 3] = kept
    return tuple(gates)


def _units(i, f, o):
    """The slices along the units."""
    turned = _held(*(gate.transpose(0, 2) for gate in (i, f, o)))
    return tuple(gate.transpose(0, 2) for gate in turned)


def _sequences(i, f, o):
    turned = _held(*(gate.transpose(0, 1) for gate in (i, f, o)))
    return tuple(gate.transpose(0, 1) for gate in turned)


def _by_cat(i, f, o):
    one = torch.ones_like(i[:3])
    return torch.cat([i[:3], one, i[6:]]), torch.cat([f[:6], one, f[9:]]), torch.cat([o[:9], one])


def _by_mask(i, f, o):
    kind = torch.arange(12)[:, None, None] // 3
    return [torch.where(kind == number, torch.ones_like(gate), gate) for number, gate in enumerate((i, f, o), 1)]


define(
    "09.1",
    reference=hold_open,
    cases=lambda: [
        case(*(0.1 + 0.8 * torch.rand(12, 13, 14) for _ in range(3))),
        case(*(0.1 + 0.8 * torch.rand(12, 15, 13) for _ in range(3)), label="other N and H"),
    ],
    gradients=True,
    alternatives=[_by_cat, _by_mask],
    mistakes=[
        mistake("the gates are held at 0, shut; open is 1", _slices((3, 6), (6, 9), (9, 12), to=0.0)),
        mistake("a gate held at 0.5 is half open; open is 1", _slices((3, 6), (6, 9), (9, 12), to=0.5)),
        mistake("networks 0, 1, 2 must keep all their gates: start with [3:6]", _slices((0, 3), (3, 6), (6, 9))),
        mistake("a slice leaves out its end: networks 3, 4, 5 are [3:6], not [3:5]", _slices((3, 5), (6, 8), (9, 11))),
        mistake(
            "you count the networks from 1: the first of the second three is number 3",
            _slices((4, 7), (7, 10), (10, 12)),
        ),
        mistake(
            "one network too many is held in each group: [3:6] ends with network 5", _slices((3, 7), (6, 10), (9, 12))
        ),
        mistake("one network of each kind is held; it is three: [3:6], not [3]", _slices((3, 4), (6, 7), (9, 10))),
        mistake(
            "input and forget gate have changed places: in 3, 4, 5 it is the input gate",
            _slices((6, 9), (3, 6), (9, 12)),
        ),
        mistake(
            "forget and output gate have changed places: in 6, 7, 8 it is the forget gate",
            _slices((3, 6), (9, 12), (6, 9)),
        ),
        mistake(
            "all twelve networks are held; the first three keep their gates, and each other one keeps two", _everywhere
        ),
        mistake("networks 3 to 11 are held in all three gates; each group has *one* open gate", _all_three),
        mistake("your slices are [1::4] and so on; the networks of one kind stand together: [3:6]", _every_fourth),
        mistake("it is the other way round: the slice is what stays as it is in your rule", _others),
        mistake("your slices run along the units; the networks lie along the first axis", _units),
        mistake("your slices run along the sequences; the networks lie along the first axis", _sequences),
        mistake("the output gate of 9, 10, 11 is not held", _slices((3, 6), (6, 9), (0, 0))),
        mistake("the forget gate of 6, 7, 8 is not held", _slices((3, 6), (0, 0), (9, 12))),
        mistake("nothing is held: you change copies, but return the gates that were given", lambda i, f, o: (i, f, o)),
        mistake(
            "your results are in another order than i, f, o",
            lambda i, f, o: tuple(_held(i, f, o)[k] for k in (1, 0, 2)),
        ),
    ],
)

# 09.2 · the unexplained share ------------------------------------------------------------------------------------


def unexplained(answers, y):
    """Mean squared error of each network over the variance of y: answers (M, N, T, 1), y (N, T, 1). Returns (M,)."""
    return (answers - y).square().flatten(1).mean(1) / y.var()


def _scored(error=lambda gap: gap.square(), reduce=lambda e: e.flatten(1).mean(1), scale=lambda y, a: y.var()):
    return lambda answers, y: reduce(error(answers - y)) / scale(y, answers)


def _made(M, N, T, shift, label=""):
    y = shift + torch.randn(N, T, 1) * torch.linspace(0.5, 2.0, T)[:, None]
    return case(y + torch.linspace(0.3, 1.2, M)[:, None, None, None] * (0.4 + torch.randn(M, N, T, 1)), y, label=label)


define(
    "09.2",
    reference=unexplained,
    cases=lambda: [
        _made(3, 60, 40, 1.5),
        _made(5, 90, 30, -2.0, "five networks"),
        _made(1, 80, 50, 0.7, "one network"),
    ],
    tolerance=2e-3,  # whether the variance divides by n or n − 1 is not the point
    gradients=False,
    alternatives=[
        lambda answers, y: torch.stack([(one - y).pow(2).mean() for one in answers]) / y.var(),
        lambda answers, y: (answers - y).square().mean((1, 2, 3)) / y.var(unbiased=False),
    ],
    mistakes=[
        mistake(
            "this is one number for all networks: leave the first axis out of the mean",
            _scored(reduce=lambda e: e.mean()),
        ),
        mistake(
            "this is one number for each sequence; take the mean over the sequences, too",
            _scored(reduce=lambda e: e.mean((2, 3))),
        ),
        mistake(
            "this is one number for each step; take the mean over the steps, too",
            _scored(reduce=lambda e: e.mean((1, 3))),
        ),
        mistake(
            "the mean is taken over the networks as well, and the sequences kept",
            _scored(reduce=lambda e: e.mean((0, 2, 3))),
        ),
        mistake(
            "the last axis is left over; take the mean over it, too: dim=(1, 2, 3)",
            _scored(reduce=lambda e: e.mean((1, 2))),
        ),
        mistake("this is the sum of the squared errors; take the mean", _scored(reduce=lambda e: e.flatten(1).sum(1))),
        mistake("the error is not squared, so that errors of both signs cancel", _scored(error=lambda gap: gap)),
        mistake("this is the mean *absolute* error; square it", _scored(error=lambda gap: gap.abs())),
        mistake("that is the explained share, R²; one minus it is wanted", lambda a, y: 1 - unexplained(a, y)),
        mistake(
            "a root is taken: the squared error is compared with the variance", lambda a, y: unexplained(a, y).sqrt()
        ),
        mistake(
            "you divide by the standard deviation; divide by its square, y.var()", _scored(scale=lambda y, a: y.std())
        ),
        mistake(
            "you divide by the mean square of y; the variance is taken around y's mean",
            _scored(scale=lambda y, a: y.square().mean()),
        ),
        mistake("you divide by the variance of the answers; divide by that of y", _scored(scale=lambda y, a: a.var())),
        mistake("the division by y.var() is missing", _scored(scale=lambda y, a: 1.0)),
        mistake(
            "the variance of y is taken at each step for itself; take one for all of y",
            lambda a, y: ((a - y).square().mean(1) / y.var(0)).mean((1, 2)),
        ),
        mistake("you multiply by y.var(); divide by it", _scored(scale=lambda y, a: 1 / y.var())),
        mistake("only the last step is compared; take all", lambda a, y: unexplained(a[:, :, -1:], y[:, -1:])),
    ],
)

# 09.3 · a control ------------------------------------------------------------------------------------------------


def quiet(i, f):
    """A tenth, whatever the gates say. i, f: of one shape. Returns that shape."""
    return torch.full_like(i, 0.1)


def _gate_cases():
    return [
        case(0.05 + 0.9 * torch.rand(3, 4, 6), 0.05 + 0.9 * torch.rand(3, 4, 6)),
        case(0.05 + 0.9 * torch.rand(2, 5), 0.05 + 0.9 * torch.rand(2, 5), label="two axes"),
    ]


define(
    "09.3",
    reference=quiet,
    cases=_gate_cases,
    alternatives=[
        lambda i, f: 0.1 * torch.ones_like(i),
        lambda i, f: torch.full(f.shape, 0.1),
        lambda i, f: 0 * i + 0.1,
    ],
    mistakes=[
        mistake(
            "0.1 * i leaves the network its gate: it can still shut it. Here it must have no say",
            lambda i, f: 0.1 * i,
        ),
        mistake("clamped from above the gate can still shut: the network keeps its say", lambda i, f: i.clamp(max=0.1)),
        mistake("clamped from below the gate can still open and write at full size", lambda i, f: i.clamp(min=0.1)),
        mistake("that is the open gate: it writes at full size", lambda i, f: torch.ones_like(i)),
        mistake("with 0 nothing is ever written; a tenth is wanted", lambda i, f: torch.zeros_like(i)),
        mistake("a tenth is to be written, 0.1; that is 0.9", lambda i, f: torch.full_like(i, 0.9)),
        mistake("a tenth is 0.1", lambda i, f: torch.full_like(i, 0.01)),
        mistake("this is the coupled cell: the network decides by way of f", lambda i, f: 1 - f),
        mistake("a tenth of 1 − f: the network still decides, by way of f", lambda i, f: 0.1 * (1 - f)),
        mistake("that is the forget gate's tenth: the network still has a say", lambda i, f: 0.1 * f),
        mistake("nothing is changed: the network's own gate comes back", lambda i, f: i),
        mistake(
            "0.1 + 0.9 * i lies between a tenth and 1: the network still decides how much is written",
            lambda i, f: 0.1 + 0.9 * i,
        ),
        mistake(
            "the number is right; return it as a tensor of the gate's shape: torch.full_like(i, 0.1)", lambda i, f: 0.1
        ),
        mistake("the number is right, the shape is not: torch.full_like(i, 0.1)", lambda i, f: torch.tensor([0.1])),
    ],
)

# 09.4 · one gate for two -----------------------------------------------------------------------------------------


def coupled(i, f):
    """What the forget gate does not keep. i, f: of one shape. Returns that shape."""
    return 1 - f


define(
    "09.4",
    reference=coupled,
    cases=_gate_cases,
    gradients=False,
    alternatives=[lambda i, f: torch.ones_like(f) - f],
    mistakes=[
        mistake("that is the kept share itself; what is *not* kept is written", lambda i, f: f),
        mistake("that leaves the input gate as it is", lambda i, f: i),
        mistake("that is one minus the input gate; it is the forget gate that decides", lambda i, f: 1 - i),
        mistake("i still has a say: (1 - f) alone stands in its place", lambda i, f: (1 - f) * i),
        mistake("the two gates are added up; the place of i is taken by 1 - f", lambda i, f: 1 - f + i),
        mistake("turned round: it is 1 - f, not f - 1, which is negative", lambda i, f: f - 1),
        mistake("the gates already lie between 0 and 1: no second sigmoid", lambda i, f: torch.sigmoid(-f)),
        mistake("you return two gates; what stands in the place of i is wanted", lambda i, f: (1 - f, f)),
        mistake("1 / f is no share: what is left of a whole is 1 - f", lambda i, f: 1 / f),
        slips.batch_summed(coupled, says="the networks are added up: no sum here, each gate has its own partner"),
    ],
)

# 09.5 · what may you conclude? -----------------------------------------------------------------------------------

define(
    "09.5",
    reference={"C differs": True, "A idle": False, "B helps": False, "C impossible": False, "C unreplaced": True},
    mistakes=[
        mistake(
            "the worst whole network has 0.003, the best open one 0.028: luck of this size is nowhere in the table",
            {"C differs": False},
        ),
        mistake(
            "the open network was trained to do without. The whole one may use its gate at every step: *replaceable* is not *idle*",
            {"A idle": True},
        ),
        mistake(
            "the two kinds overlap: 0.030 is the worst of all, and a whole network's. Three trainings cannot tell",
            {"B helps": True},
        ),
        mistake(
            "nobody has trained longer, with another rate, or with more units: that it was not done does not make it impossible",
            {"C impossible": True},
        ),
        mistake(
            "this is what an ablation does measure: in these trainings the others did not do the work",
            {"C unreplaced": False},
        ),
    ],
)
