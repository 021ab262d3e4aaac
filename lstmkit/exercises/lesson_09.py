"""Lesson 09 · Which gate: one gate held open, a gate frozen, a control, what two experiments support."""

from __future__ import annotations

import torch

from lstmkit.exercises import case, define, mistake, slips

# 09.1 · hold one gate open ---------------------------------------------------------------------------------------


def hold_open(i, f, o):
    """Twenty networks along the first axis: 0–4 as they are, 5–9 with i = 1, 10–14 with f = 1, 15–19 with o = 1."""
    return _held(i, f, o)


def _held(i, f, o, at=((5, 10), (10, 15), (15, 20)), to=1.0):
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
    return tuple(gate.index_fill(0, torch.arange(5, 20), 1.0) for gate in (i, f, o))


def _every_fourth(i, f, o):
    gates = [gate.clone() for gate in (i, f, o)]
    for number, gate in enumerate(gates, 1):
        gate[number::4] = 1
    return tuple(gates)


def _others(i, f, o):
    """All networks but the five are held."""
    gates = [gate.clone() for gate in (i, f, o)]
    for number, gate in enumerate(gates, 1):
        kept = gate[5 * number : 5 * number + 5].clone()
        gate[:] = 1
        gate[5 * number : 5 * number + 5] = kept
    return tuple(gates)


def _plus_one(i, f, o):
    return tuple(gate + (new == 1) for gate, new in zip((i, f, o), _held(i, f, o), strict=True))


def _held_alone(i, f, o):
    return torch.ones_like(i[5:10]), torch.ones_like(f[10:15]), torch.ones_like(o[15:20])


def _along(axis):
    """The slices along another axis."""

    def wrong(i, f, o):
        turned = _held(*(gate.transpose(0, axis) for gate in (i, f, o)))
        return tuple(gate.transpose(0, axis) for gate in turned)

    return wrong


def _by_cat(i, f, o):
    one = torch.ones_like(i[:5])
    return torch.cat([i[:5], one, i[10:]]), torch.cat([f[:10], one, f[15:]]), torch.cat([o[:15], one])


def _by_mask(i, f, o):
    kind = torch.arange(20)[:, None, None] // 5
    return [torch.where(kind == number, torch.ones_like(gate), gate) for number, gate in enumerate((i, f, o), 1)]


def _gates(N, H):
    return [0.1 + 0.8 * torch.rand(20, N, H) for _ in range(3)]


_I, _F, _O, _NONE = (5, 10), (10, 15), (15, 20), (0, 0)

define(
    "09.1",
    reference=hold_open,
    cases=lambda: [case(*_gates(21, 22)), case(*_gates(23, 21), label="other N and H")],
    gradients=True,
    alternatives=[_by_cat, _by_mask],
    mistakes=[
        mistake("the gates are held at 0, shut; open is 1", _slices(_I, _F, _O, to=0.0)),
        mistake("a gate held at 0.5 is half open; open is 1", _slices(_I, _F, _O, to=0.5)),
        mistake("networks 0 to 4 must keep all their gates: start with [5:10]", _slices((0, 5), (5, 10), (10, 15))),
        mistake(
            "a slice leaves out its end: networks 5 to 9 are [5:10], not [5:9]", _slices((5, 9), (10, 14), (15, 19))
        ),
        mistake("you count from 1: the first of the second five is number 5", _slices((6, 11), (11, 16), (16, 20))),
        mistake("one network too many is held: [5:10] ends with network 9", _slices((5, 11), (10, 16), (15, 20))),
        mistake("one network of each kind is held; it is five: [5:10], not [5]", _slices((5, 6), (10, 11), (15, 16))),
        mistake(
            "everything from network 5 on has its input gate open: the slices need an end",
            _slices((5, 20), (10, 20), _O),
        ),
        mistake("input and forget gate have changed places: in 5 to 9 it is the input gate", _slices(_F, _I, _O)),
        mistake("forget and output gate have changed places: in 10 to 14 it is the forget gate", _slices(_I, _O, _F)),
        mistake("input and output gate have changed places: in 5 to 9 it is the input gate", _slices(_O, _F, _I)),
        mistake(
            "the three gates have moved on by one place: 5 to 9 input, 10 to 14 forget, 15 to 19 output",
            _slices(_F, _O, _I),
        ),
        mistake(
            "the three gates have moved back by one place: 5 to 9 input, 10 to 14 forget, 15 to 19 output",
            _slices(_O, _I, _F),
        ),
        mistake(
            "all twenty networks are held; the first five keep their gates, and each other one keeps two", _everywhere
        ),
        mistake("networks 5 to 19 are held in all three gates; each group has *one* open gate", _all_three),
        mistake("your slices are [1::4] and so on; the networks of one kind stand together: [5:10]", _every_fourth),
        mistake("it is the other way round: the slice is what stays as it is in your rule", _others),
        mistake("your slices run along the units; the networks lie along the first axis", _along(2)),
        mistake("your slices run along the sequences; the networks lie along the first axis", _along(1)),
        mistake("all three gates are held in the same five; f has 10:15, o has 15:20", _slices(_I, _I, _I)),
        mistake(
            "the input gate is held in the first five, which keep all their gates: its slice is [5:10]",
            _slices((0, 5), _F, _O),
        ),
        mistake("the input gate of 5 to 9 is not held", _slices(_NONE, _F, _O)),
        mistake("the forget gate of 10 to 14 is not held", _slices(_I, _NONE, _O)),
        mistake("the output gate of 15 to 19 is not held", _slices(_I, _F, _NONE)),
        mistake(
            "the input gate alone is held: the same for f with 10:15, and for o with 15:20", _slices(_I, _NONE, _NONE)
        ),
        mistake("nothing is held: the three gates come back as they were given", lambda i, f, o: (i, f, o)),
        mistake(
            "the first network of each five is not held: the numbers start at 0, so [5:10], not [6:10]",
            _slices((6, 10), (11, 15), (16, 20)),
        ),
        mistake(
            "your slices lie one network too early: number 5 is the first of its five",
            _slices((4, 9), (9, 14), (14, 19)),
        ),
        mistake("an open gate is 1; yours is 10, and lets through ten times the whole", _slices(_I, _F, _O, to=10.0)),
        mistake("network 19 is not held: a slice leaves out its end, so 15:20 or 15:", _slices(_I, _F, (15, 19))),
        mistake(
            "in 15 to 19 the forget gate is held as well: its slice needs an end, 10:15", _slices(_I, (10, 20), _O)
        ),
        mistake("the input gate is held in 5 to 19: its slice needs an end, 5:10", _slices((5, 20), _F, _O)),
        mistake("1 is added to the gates; they are to *be* 1: write with =, not with +=", _plus_one),
        mistake("you return two gates; all three are wanted: return i, f, o", lambda i, f, o: _held(i, f, o)[:2]),
        mistake("only the held networks come back; all twenty are wanted, (20, N, H)", _held_alone),
        mistake(
            "you return one tensor; three gates are wanted, one after the other: return i, f, o",
            lambda i, f, o: torch.stack(_held(i, f, o)),
        ),
        mistake(
            "you return the input gate alone; all three are wanted: return i, f, o", lambda i, f, o: _held(i, f, o)[0]
        ),
        slips.results_swapped(
            hold_open, 0, 1, says="your results are in another order than i, f, o: the first two are exchanged"
        ),
        slips.results_swapped(
            hold_open, 1, 2, says="your results are in another order than i, f, o: the last two are exchanged"
        ),
        slips.results_swapped(hold_open, 0, 2, says="your results are in another order than i, f, o: o comes first"),
    ],
)

# 09.2 · freeze a gate ---------------------------------------------------------------------------------------------


def frozen(gate):
    """Each network's and unit's mean over the sequences. gate: (M, N, H). Returns that shape."""
    return gate.mean(1, keepdim=True).expand_as(gate)


define(
    "09.2",
    reference=frozen,
    cases=lambda: [
        case(0.05 + 0.9 * torch.rand(3, 7, 5)),
        case(0.05 + 0.9 * torch.rand(5, 3, 7), label="other M, N and H"),
        case(0.05 + 0.9 * torch.rand(2, 1, 4), label="one sequence"),
    ],
    alternatives=[
        lambda gate: torch.zeros_like(gate) + gate.mean(1, keepdim=True),
        lambda gate: (gate.sum(1) / gate.shape[1])[:, None].repeat(1, gate.shape[1], 1),
        lambda gate: torch.stack([gate.mean(dim=1)] * gate.shape[1], dim=1),
    ],
    mistakes=[
        mistake(
            "the mean is taken over the networks: the sequences lie along the second axis, dim=1",
            lambda gate: gate.mean(0, keepdim=True).expand_as(gate),
        ),
        mistake(
            "the mean is taken over the units: the sequences lie along the second axis, dim=1",
            lambda gate: gate.mean(2, keepdim=True).expand_as(gate),
        ),
        mistake(
            "this is one number for all: each network and each unit keeps a mean of its own",
            lambda gate: torch.full_like(gate, gate.mean().item()),
        ),
        mistake(
            "this is one number, without axes: the mean runs over the sequences alone, dim=1", lambda gate: gate.mean()
        ),
        mistake(
            "the mean is taken over the networks, and their axis is gone: dim=1, keepdim=True",
            lambda gate: gate.mean(0),
        ),
        mistake(
            "that is the spread over the sequences; take the mean",
            lambda gate: gate.std(1, correction=0, keepdim=True).expand_as(gate),
        ),
        mistake(
            "that is the spread over the sequences, .std(); take the mean",
            lambda gate: gate.std(1, keepdim=True).expand_as(gate),
        ),
        mistake(
            "that is the smallest over the sequences; take the mean",
            lambda gate: gate.amin(1, keepdim=True).expand_as(gate),
        ),
        mistake(
            "the mean is taken over the units, and their axis is gone: dim=1, keepdim=True",
            lambda gate: gate.mean(2),
        ),
        mistake(
            "only the axis of the units is left: the mean runs over the sequences alone, dim=1, keepdim=True",
            lambda gate: gate.mean((0, 1)),
        ),
        mistake(
            "only the axis of the networks is left: the mean runs over the sequences alone, dim=1, keepdim=True",
            lambda gate: gate.mean((1, 2)),
        ),
        mistake(
            "the means are right, but network and sequence are mixed up when the copies are laid out: keepdim=True, then .expand_as(gate)",
            lambda gate: gate.mean(1).repeat(gate.shape[1], 1).reshape(gate.shape),
        ),
        mistake(
            "the axis of the sequences is gone, so the means do not fit the gate: keepdim=True keeps it, of length 1",
            lambda gate: gate.mean(1).expand_as(gate),
        ),
        mistake(
            "this is one number for each network: each unit keeps a mean of its own",
            lambda gate: gate.mean((1, 2), keepdim=True).expand_as(gate),
        ),
        mistake(
            "this is one number for each unit: each network keeps a mean of its own",
            lambda gate: gate.mean((0, 1), keepdim=True).expand_as(gate),
        ),
        mistake(
            "the numbers are right; give each sequence its copy, so that the shape stays (M, N, H): .expand_as(gate)",
            lambda gate: gate.mean(1, keepdim=True).clone().reshape(len(gate), 1, -1),
        ),
        mistake(
            "the axis of the sequences is gone: keepdim=True keeps it, and .expand_as(gate) fills it",
            lambda gate: gate.mean(1),
        ),
        mistake(
            "this is the sum over the sequences; take the mean", lambda gate: gate.sum(1, keepdim=True).expand_as(gate)
        ),
        mistake(
            "the sum is divided by the number of networks; it is the number of sequences, gate.shape[1]",
            lambda gate: (gate.sum(1, keepdim=True) / len(gate)).expand_as(gate),
        ),
        mistake(
            "the sum is divided by the number of units; it is the number of sequences, gate.shape[1]",
            lambda gate: (gate.sum(1, keepdim=True) / gate.shape[2]).expand_as(gate),
        ),
        mistake(
            "all networks get the means of number 0: each network keeps its own",
            lambda gate: gate.mean(1, keepdim=True)[0].expand_as(gate),
        ),
        mistake(
            "this is the gate times its mean; the mean itself is wanted",
            lambda gate: gate * gate.mean(1, keepdim=True),
        ),
        mistake("that is the first sequence's gate for all; take the mean", lambda gate: gate[:, :1].expand_as(gate)),
        mistake("that is the last sequence's gate for all; take the mean", lambda gate: gate[:, -1:].expand_as(gate)),
        mistake(
            "that is the median; the mean is wanted", lambda gate: gate.median(1, keepdim=True).values.expand_as(gate)
        ),
        mistake(
            "that is the largest over the sequences; take the mean",
            lambda gate: gate.amax(1, keepdim=True).expand_as(gate),
        ),
        mistake("that holds the gate open, at 1: frozen, it keeps its usual size", lambda gate: torch.ones_like(gate)),
        mistake("that shuts the gate, at 0: frozen, it keeps its usual size", lambda gate: torch.zeros_like(gate)),
        mistake(
            "that is a half for all: frozen, the gate keeps its usual size", lambda gate: torch.full_like(gate, 0.5)
        ),
        mistake("nothing is frozen: the gate comes back as it was", lambda gate: gate),
        mistake(
            "detached is not frozen: the gate still has its own value for each sequence, only no gradient passes",
            lambda gate: gate.detach().clone() * 1.0,
        ),
        mistake(
            "what is left is how far each sequence is from the mean; the mean is wanted",
            lambda gate: gate - gate.mean(1, keepdim=True),
        ),
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
            "0.1 * i leaves the network its gate, detached or not: it can still shut it. Here it must have no say",
            lambda i, f: 0.1 * i,
        ),
        mistake("clamped from above the gate can still shut: the network keeps its say", lambda i, f: i.clamp(max=0.1)),
        mistake("clamped from below the gate can still open and write at full size", lambda i, f: i.clamp(min=0.1)),
        mistake("that is the open gate: it writes at full size", lambda i, f: torch.ones_like(i)),
        mistake("with 0 nothing is ever written; a tenth is wanted", lambda i, f: torch.zeros_like(i)),
        mistake("a tenth is to be written, 0.1; that is 0.9", lambda i, f: torch.full_like(i, 0.9)),
        mistake("that is a half; a tenth is 0.1", lambda i, f: torch.full_like(i, 0.5)),
        mistake("that is ten times every candidate; a tenth is 0.1", lambda i, f: torch.full_like(i, 10)),
        mistake(
            "the sign: a tenth of the candidate is wanted, not of its opposite", lambda i, f: torch.full_like(i, -0.1)
        ),
        mistake("taking 0.9 off is not a tenth, and the network still decides", lambda i, f: i - 0.9),
        mistake(
            "0.1 went through a sigmoid, which makes more than a half of it: the gate itself is 0.1",
            lambda i, f: torch.full_like(i, 0.1).sigmoid(),
        ),
        mistake(
            "frozen is not fixed: the mean moves with the network's gates. Here it must have no say",
            lambda i, f: i.mean(1, keepdim=True).expand_as(i),
        ),
        mistake(
            "a tenth of the frozen gate: its mean moves with the network's gates. Here it must have no say",
            lambda i, f: 0.1 * i.mean(1, keepdim=True).expand_as(i),
        ),
        mistake(
            "the mean of the whole gate moves with the network's weights. Here it must have no say",
            lambda i, f: torch.full_like(i, i.mean().item()),
        ),
        mistake(
            "a tenth of the gate's mean: that moves with the network's weights. Here it must have no say",
            lambda i, f: torch.full_like(i, 0.1 * i.mean().item()),
        ),
        mistake(
            "0.1 where the network opens, 0 where it shuts: it still decides when something is written",
            lambda i, f: 0.1 * (i > 0.5).float(),
        ),
        mistake("a tenth of 1 − i: the network still decides, by way of i", lambda i, f: 0.1 * (1 - i)),
        mistake("1 − i is the gate turned round: the network still decides", lambda i, f: 1 - i),
        mistake("0.1 * i * f: the network still decides, by two gates now", lambda i, f: 0.1 * i * f),
        mistake(
            "1 − 0.1 * i lies near 1 and moves with the gate; a constant tenth is wanted", lambda i, f: 1 - 0.1 * i
        ),
        mistake("that is the forget gate; a constant is wanted", lambda i, f: f),
        mistake(
            "the number is right; it needs the gate's whole shape: torch.full_like(i, 0.1)",
            lambda i, f: torch.full(i.shape[-1:], 0.1),
        ),
        mistake(
            "you return two gates; what stands in the place of i is wanted", lambda i, f: (torch.full_like(i, 0.1), f)
        ),
        mistake("that is a hundredth; a tenth is 0.1", lambda i, f: torch.full_like(i, 0.01)),
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

# 09.4 · what may you conclude? -----------------------------------------------------------------------------------

_RIGHT = {
    "A idle": False,
    "A replaced": True,
    "B helps": False,
    "B idle": True,
    "C differs": True,
    "C impossible": False,
}

define(
    "09.4",
    reference=_RIGHT,
    mistakes=[
        mistake(
            "on A the whole networks break when their output gate is frozen, from 0.01 to about 0.5: they use it. *Replaceable* is not *idle*",
            {"A idle": True},
        ),
        mistake(
            "on A those that learnt with the gate open are as good as the whole ones: what it does there, others can do",
            {"A replaced": False},
        ),
        mistake(
            "on B the two kinds overlap: 0.030 is the worst of all, and a whole network's. Three trainings cannot tell",
            {"B helps": True},
        ),
        mistake(
            "on B each whole network stays as it was when its output gate is frozen: compare column one with column three",
            {"B idle": False},
        ),
        mistake(
            "on C the worst whole network has 0.003, the best open one 0.028: luck of this size is nowhere in the table",
            {"C differs": False},
        ),
        mistake(
            "nobody has trained longer, with another rate, or with more units: that it was not done does not make it impossible",
            {"C impossible": True},
        ),
    ],
)
