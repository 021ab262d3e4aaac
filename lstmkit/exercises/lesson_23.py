"""Lesson 23 · Gradient paths: two parts, four paths on paper, a number that stays, one step back through an LSTM, the sweep."""

from __future__ import annotations

import torch
from torch import nn

from lstmkit.exercises import case, define, mistake, slips

# 23.1 · two parts ------------------------------------------------------------------------------------------------


def two_parts(reach, rest, z):
    """The part of ∂y/∂z that passes through h, and the part that passes through c: each of z's shape."""
    z = z.detach().clone().requires_grad_()
    h, c = reach(z)
    h_s, c_s = h.detach().requires_grad_(), c.detach().requires_grad_()
    lam_h, lam_c = torch.autograd.grad(rest(h_s, c_s).sum(), (h_s, c_s))
    through_h = torch.autograd.grad(h, z, lam_h, retain_graph=True)[0]
    through_c = torch.autograd.grad(c, z, lam_c)[0]
    return through_h, through_c


def _by_holding_one(reach, rest, z):
    z = z.detach().clone().requires_grad_()
    h, c = reach(z)
    y_h, y_c = rest(h, c.detach()), rest(h.detach(), c)
    through_h = torch.autograd.grad(y_h.sum(), z, retain_graph=True)[0]
    return through_h, torch.autograd.grad(y_c.sum(), z)[0]


def _whole_minus_one(reach, rest, z):
    z = z.detach().clone().requires_grad_()
    h, c = reach(z)
    whole = torch.autograd.grad(rest(h, c).sum(), z, retain_graph=True)[0]
    through_h = torch.autograd.grad(rest(h, c.detach()).sum(), z)[0]
    return through_h, whole - through_h


def _with(compute):
    def wrong(reach, rest, z):
        z = z.detach().clone().requires_grad_()
        h, c = reach(z)
        h_s, c_s = h.detach().requires_grad_(), c.detach().requires_grad_()
        lam_h, lam_c = torch.autograd.grad(rest(h_s, c_s).sum(), (h_s, c_s))
        return compute(h, c, lam_h, lam_c, z)

    return wrong


def _pull(state, z, lam):
    return torch.autograd.grad(state, z, lam, retain_graph=True)[0]


def _not_cut(reach, rest, z):
    z = z.detach().clone().requires_grad_()
    h, c = reach(z)
    lam_h, lam_c = torch.autograd.grad(rest(h, c).sum(), (h, c), retain_graph=True)
    return _pull(h, z, lam_h), _pull(c, z, lam_c)


def _total_twice(reach, rest, z):
    z = z.detach().clone().requires_grad_()
    total = torch.autograd.grad(rest(*reach(z)).sum(), z)[0]
    return total, total


def _whole_and_c(reach, rest, z):
    through_h, through_c = two_parts(reach, rest, z)
    return through_h + through_c, through_c


def _h_and_whole(reach, rest, z):
    through_h, through_c = two_parts(reach, rest, z)
    return through_h, through_h + through_c


def _stacked(reach, rest, z):
    return torch.stack(two_parts(reach, rest, z))


def _as_shares(reach, rest, z):
    through_h, through_c = two_parts(reach, rest, z)
    whole = through_h + through_c
    length = whole.square().sum()
    return (through_h * whole).sum() / length, (through_c * whole).sum() / length


def _as_lengths(reach, rest, z):
    through_h, through_c = two_parts(reach, rest, z)
    return through_h.norm(), through_c.norm()


def _first_sample(reach, rest, z):
    return two_parts(reach, lambda h, c: rest(h, c)[:1], z)


def _without_sum(reach, rest, z):
    z = z.detach().clone().requires_grad_()
    h, c = reach(z)
    h_s, c_s = h.detach().requires_grad_(), c.detach().requires_grad_()
    lam_h, lam_c = torch.autograd.grad(rest(h_s, c_s), (h_s, c_s))
    return _pull(h, z, lam_h), _pull(c, z, lam_c)


def _copies_not_watched(reach, rest, z):
    z = z.detach().clone().requires_grad_()
    h, c = reach(z)
    h_s, c_s = h.detach(), c.detach()
    lam_h, lam_c = torch.autograd.grad(rest(h_s, c_s.requires_grad_()).sum(), (h_s, c_s))
    return _pull(h, z, lam_h), _pull(c, z, lam_c)


def _by_zeros(reach, rest, z):
    z = z.detach().clone().requires_grad_()
    h, c = reach(z)
    y_h, y_c = rest(h, torch.zeros_like(c)), rest(torch.zeros_like(h), c)
    return torch.autograd.grad(y_h.sum(), z, retain_graph=True)[0], torch.autograd.grad(y_c.sum(), z)[0]


def _cut_too_early(reach, rest, z):
    z = z.detach().clone().requires_grad_()
    h, c = (state.detach().requires_grad_() for state in reach(z))
    lam_h, lam_c = torch.autograd.grad(rest(h, c).sum(), (h, c))
    return _pull(h, z, lam_h), _pull(c, z, lam_c)


def _graph_freed(reach, rest, z):
    z = z.detach().clone().requires_grad_()
    h, c = reach(z)
    h_s, c_s = h.detach().requires_grad_(), c.detach().requires_grad_()
    lam_h, lam_c = torch.autograd.grad(rest(h_s, c_s).sum(), (h_s, c_s))
    return torch.autograd.grad(h, z, lam_h)[0], torch.autograd.grad(c, z, lam_c)[0]


def _split_cases():
    H, D = 4, 3
    start, cell = nn.Linear(D, 2 * H).double(), nn.LSTMCell(2, H).double()
    read = torch.randn(H).double()

    def run(h, c, steps):
        for _ in range(steps):
            h, c = cell(h.new_ones(len(h), 2), (h, c))
        return h, c

    def reach(steps):
        return lambda z: run(*start(z).chunk(2, dim=1), steps)

    def rest(steps):
        return lambda h, c: run(h, c, steps)[0] @ read

    return [
        case(reach(2), rest(3), torch.randn(5, D).double(), label="s = 2, three steps to the output"),
        case(reach(1), rest(6), torch.randn(2, D).double() + 1, label="s = 1, six steps to the output"),
        case(reach(3), rest(1), torch.randn(1, D).double(), label="a batch of one, one step to the output"),
    ]


define(
    "23.1",
    reference=two_parts,
    cases=_split_cases,
    tolerance=1e-10,
    alternatives=[_by_holding_one, _whole_minus_one],
    mistakes=[
        mistake(
            "the route from c through h is counted twice: h = o∘tanh(c) is made from c in the same step. Cut both states off "
            "with .detach().requires_grad_() before `rest`",
            _not_cut,
        ),
        mistake(
            "the adjoints are swapped: pull lam_h back through h, and lam_c through c",
            _with(lambda h, c, lam_h, lam_c, z: (_pull(h, z, lam_c), _pull(c, z, lam_h))),
        ),
        mistake(
            "these are the adjoints of h and c, shape (N, H); pull each back to z with torch.autograd.grad(h, z, lam_h)",
            _with(lambda h, c, lam_h, lam_c, z: (lam_h, lam_c)),
        ),
        mistake(
            "this is ∂(sum of the states)/∂z: the adjoint is missing as the third argument of torch.autograd.grad",
            _with(lambda h, c, lam_h, lam_c, z: (_pull(h.sum(), z, None), _pull(c.sum(), z, None))),
        ),
        mistake(
            "h and c have many entries, and grad needs one number or the adjoint: torch.autograd.grad(h, z, lam_h)",
            _with(lambda h, c, lam_h, lam_c, z: (_pull(h, z, None), _pull(c, z, None))),
        ),
        mistake(
            "you cut the states off and then ask the copies for z: they know nothing of it. Keep h and c as `reach` made them "
            "for the way back, and give `rest` the copies",
            _cut_too_early,
        ),
        mistake(
            "h and c share one graph, and the first pass back frees it: retain_graph=True for the first of the two",
            _graph_freed,
        ),
        mistake("both are the whole gradient; hold one state fixed while you measure through the other", _total_twice),
        slips.results_swapped(
            two_parts, says="the two parts are returned in the wrong order: first through h, then through c"
        ),
        mistake(
            "both are divided by the number of samples: rest(…).sum() for rest(…).mean()",
            lambda reach, rest, z: tuple(part / len(z) for part in two_parts(reach, rest, z)),
        ),
        slips.batch_summed(two_parts, says="the samples are summed: each has parts of its own, (N, D)"),
        mistake(
            "the first is the whole gradient, and not the part through h: cut c off there, too (or set z.grad = None between)",
            _whole_and_c,
        ),
        mistake(
            "the second is the whole gradient: cut h off there, too; and if you use z.grad, the first part is still in it: "
            "set z.grad = None",
            _h_and_whole,
        ),
        mistake(
            "you stack the two parts into one tensor: return them side by side, `return through_h, through_c`", _stacked
        ),
        mistake(
            "a state that is set to zero is not held fixed: that is another network run. Cut it off with .detach()",
            _by_zeros,
        ),
        mistake(
            "the second part is pulled back through h, too: lam_c belongs to c, torch.autograd.grad(c, z, lam_c)",
            _with(lambda h, c, lam_h, lam_c, z: (_pull(h, z, lam_h), _pull(h, z, lam_c))),
        ),
        mistake("these are the shares; the two parts themselves are wanted, each as long as z", _as_shares),
        mistake("these are the lengths; the two parts themselves are wanted, each as long as z", _as_lengths),
        mistake("only the first sample has its parts: rest(…).sum() asks for all samples at once", _first_sample),
        mistake("rest gives a number for each sample, and grad wants one: rest(…).sum()", _without_sum),
        mistake(
            "something is not watched: z.detach().clone().requires_grad_() before `reach`, and h.detach().requires_grad_() (c likewise) before `rest`",
            _copies_not_watched,
        ),
        mistake(
            "the parts are added up to the whole gradient; return them one by one",
            lambda reach, rest, z: sum(two_parts(reach, rest, z)),
        ),
    ],
)

# 23.2 · four paths on paper --------------------------------------------------------------------------------------

_PATHS = {"copy at step 1": -1 / 8, "copy at step 4": 1, "sum": 5 / 8, "sum, w = -1": 0, "w = -1: a path": True}
define(
    "23.2",
    reference=_PATHS,
    tolerance=1e-3,
    mistakes=[
        mistake(
            "you have the copies the other way round: the one read at step 4 is in h_4 as it is, the one of step 1 has come a long way",
            {"copy at step 1": 1, "copy at step 4": -1 / 8},
        ),
        mistake(
            "one w too many: the copy of step s is multiplied by w at steps s + 1 … 4, so 4 − s times",
            {"copy at step 1": 1 / 16, "copy at step 4": -1 / 2, "sum": -5 / 16},
        ),
        mistake(
            "one w too few: from step 1 to step 4 there are three steps, so w three times", {"copy at step 1": 1 / 4}
        ),
        mistake("the sign is lost: w is negative, and three factors of it leave a minus", {"copy at step 1": 1 / 8}),
        mistake(
            "the lengths of the paths add up to that; the sum keeps their signs", {"sum": 15 / 8, "sum, w = -1": 4}
        ),
        mistake("h_0 holds no copy of z: four paths, from the steps 1 … 4", {"sum": 11 / 16, "sum, w = -1": 1}),
        mistake("that is the mean over the four paths; a gradient is their sum", {"sum": 5 / 32}),
        mistake("one copy is missing: the one read at step 4 itself adds 1", {"sum": -3 / 8}),
        mistake("that is the last copy's part alone: add all four", {"sum": 1}),
        mistake("that is the first copy's part alone: add all four", {"sum": -1 / 8, "sum, w = -1": -1}),
        mistake("the copy read at step 4 is added to h_4 as it is: its slope is 1", {"copy at step 4": 0}),
        mistake(
            "that would be infinitely many copies: add four terms, w³ + w² + w + 1",
            {"sum": 2 / 3, "sum, w = -1": 1 / 2},
        ),
        mistake(
            "that is the part of the copy read at step 3: from step 1 to step 4 there are three steps",
            {"copy at step 1": -1 / 2},
        ),
        mistake("w is multiplied at each step, not added: w three times is w³", {"copy at step 1": -3 / 2}),
        mistake("it has a path: h_1 goes into h_2, h_3 and h_4, each time multiplied by w", {"copy at step 1": 0}),
        mistake("one copy is missing, the one read at step 1: four terms, w³ + w² + w + 1", {"sum": 3 / 4}),
        mistake("those are two of the four copies alone: four terms, w³ + w² + w + 1", {"sum": 1 / 2}),
        mistake("the copies read at steps 2 and 3 are missing: four terms, w³ + w² + w + 1", {"sum": 7 / 8}),
        mistake("each copy is multiplied by w on its way; they are not four times 1", {"sum": 4}),
        mistake(
            "there are four, each of size 1; they cancel. A zero gradient does not show that no path exists",
            {"w = -1: a path": False},
        ),
    ],
)

# 23.3 · a number that stays --------------------------------------------------------------------------------------

define(
    "23.3",
    reference=0.9,
    allowed=(0.1, 0.5, 0.9),
    tolerance=0.095,  # a measured 0.98 is told as right, too
    mistakes=[
        mistake("that is what the echo does: did you train a new Listener on `hold`, or measure the old one?", 0.1),
        mistake(
            "that is no nearer to the one than to the other: train for all 600 steps, then road(keeper, x, source=1, s=25) with "
            "x of the `hold` task",
            0.5,
        ),
        slips.per_cent(0.9, says="a share lies between 0 and 1: choose 0.1, 0.5 or 0.9"),
        mistake("choose the nearest of 0.1, 0.5 and 0.9; all of it through c is a little more than was measured", 1.0),
        mistake("choose the nearest of 0.1, 0.5 and 0.9; and look again: `road` gives the share of c", 0.0),
    ],
)

# 23.4 · one step back --------------------------------------------------------------------------------------------


def step_back(lam_h, lam_c, step, W_hh):
    """(delta (R, 4H), lam_h (R, H), lam_c (R, H)): through one step, from its states back to its gates and the states before."""
    return _step(lam_h, lam_c, step, W_hh)


def _step(lam_h, lam_c, step, W_hh, slip=""):
    """The step; slip names an error that is built in."""
    i, f, g, o, c, before = (step[name] for name in ("i", "f", "g", "o", "c", "c_before"))
    arrived, slope = (
        lam_c,
        {
            "1 − c²": 1 - c**2,
            "no tanh slope": torch.ones_like(c),
            "(1 − tanh)²": (1 - c.tanh()) ** 2,
            "1 − tanh": 1 - c.tanh(),
            "tanh twice": 1 - c.tanh().tanh() ** 2,
            "slope before": 1 - before.tanh() ** 2,
            "value for slope": c.tanh(),
        }.get(slip, 1 - c.tanh() ** 2),
    )
    if slip != "no route":
        lam_c = (0 if slip == "arrived lost" else lam_c) + lam_h * (1 if slip == "no o" else o) * slope
    into = arrived if slip == "old in δ" else lam_h if slip == "λ_h for λ_c" else lam_c
    d_i, d_f = into * g * i * (1 - i), into * (c if slip == "c now" else before) * f * (1 - f)
    d_g = into * i * (g * (1 - g) if slip == "g as sigmoid" else 1 - g**2)
    d_o = (lam_c if slip == "o from c" else lam_h) * (c if slip == "c for tanh c" else c.tanh()) * o * (1 - o)
    if slip == "no slopes":
        d_i, d_f, d_g, d_o = into * g, into * before, into * i, lam_h * c.tanh()
    if slip == "tanh of g":
        d_g = into * i * (1 - g.tanh() ** 2)
    if slip == "sigmoid again":
        again_i, again_f, again_o = i.sigmoid(), f.sigmoid(), o.sigmoid()
        d_i, d_f = into * g * again_i * (1 - again_i), into * before * again_f * (1 - again_f)
        d_o = lam_h * c.tanh() * again_o * (1 - again_o)
    if slip == "no σ slopes":
        d_i, d_f, d_o = into * g, into * before, lam_h * c.tanh()
    if slip == "half slopes":
        d_i, d_f, d_o = into * g * i, into * before * f, lam_h * c.tanh() * o
    d_i = into * g if slip == "no i slope" else into * i * i * (1 - i) if slip == "i by i" else d_i
    d_f = into * before if slip == "no f slope" else into * f * (1 - f) if slip == "f without c" else d_f
    d_g = {
        "no g slope": into * i,
        "1 − g": into * i * (1 - g),
        "(1 − g)²": into * i * (1 - g) ** 2,
        "g by g": into * g * (1 - g**2),
    }.get(slip, d_g)
    d_o = {
        "no o slope": lam_h * c.tanh(),
        "o without c": lam_h * o * (1 - o),
        "o as tanh": lam_h * c.tanh() * (1 - o**2),
        "o before": lam_h * before.tanh() * o * (1 - o),
    }.get(slip, d_o)
    if slip == "partners":
        d_i, d_g = into * i * i * (1 - i), into * g * (1 - g**2)
    parts = [d_i, d_f, d_g, d_o]
    if slip in ("order", "order o", "order f"):
        parts = {"order": [d_f, d_i, d_g, d_o], "order o": [d_i, d_f, d_o, d_g], "order f": [d_f, d_i, d_o, d_g]}[slip]
    delta = torch.cat(parts, dim=0 if slip == "dim 0" else 1)
    onward = {"i for f": i, "whole": torch.ones_like(f), "f slope": f * (1 - f), "c onward": before}.get(slip, f)
    lam_c = (arrived if slip == "old" else lam_c) * onward
    if slip == "W turned":
        return delta, delta @ W_hh.T, lam_c
    if slip == "no delta":
        return delta @ W_hh, lam_c
    if slip == "delta last":
        return delta @ W_hh, lam_c, delta
    if slip == "rows summed":
        return delta, (delta @ W_hh).sum(0), lam_c
    lam_h = lam_h + delta @ W_hh if slip == "h stays" else delta @ W_hh
    if slip == "order of results":
        return delta, lam_c, lam_h
    return delta, lam_h, lam_c


def _slip(name):
    def wrong(lam_h, lam_c, step, W_hh):
        return _step(lam_h, lam_c, step, W_hh, name)

    return wrong


def _by_autograd(lam_h, lam_c, step, W_hh):
    i, f, g, o, before = (step[name] for name in ("i", "f", "g", "o", "c_before"))
    a = torch.cat([torch.logit(i), torch.logit(f), torch.atanh(g), torch.logit(o)])
    rows = []
    for l_h, l_c in zip(lam_h, lam_c, strict=True):
        a_i, c0 = a.clone().requires_grad_(), before.clone().requires_grad_()
        zi, zf, zg, zo = a_i.chunk(4)
        c = zf.sigmoid() * c0 + zi.sigmoid() * zg.tanh()
        h = zo.sigmoid() * c.tanh()
        rows.append(torch.autograd.grad((h * l_h).sum() + (c * l_c).sum(), (a_i, c0)))
    delta = torch.stack([row[0] for row in rows])
    return delta, delta @ W_hh, torch.stack([row[1] for row in rows])


def _in_blocks(lam_h, lam_c, step, W_hh):
    delta, _, lam_c = step_back(lam_h, lam_c, step, W_hh)
    blocks = zip(delta.chunk(4, dim=1), W_hh.chunk(4, dim=0), strict=True)
    return delta, sum(part @ W for part, W in blocks), lam_c


def _trace(T, H):
    """The steps of a run that really happens: c follows from the gates. A list of T dicts, (H,) each, float64."""
    c, steps = torch.zeros(H, dtype=torch.float64), []
    for _ in range(T):
        i, f, o, g = torch.randn(4, H, dtype=torch.float64).unbind(0)
        i, f, o, g = i.sigmoid(), f.sigmoid(), o.sigmoid(), g.tanh()
        steps.append({"i": i, "f": f, "g": g, "o": o, "c": f * c + i * g, "c_before": c})
        c = steps[-1]["c"]
    return steps


def _rows(*shape):
    return torch.randn(*shape, dtype=torch.float64)


define(
    "23.4",
    reference=step_back,
    cases=lambda: [
        case(_rows(3, 4), _rows(3, 4), _trace(6, 4)[3], _rows(16, 4), label="R = 3 outputs, H = 4"),
        case(_rows(1, 2), _rows(1, 2), _trace(5, 2)[4], _rows(8, 2), label="one output"),
        case(_rows(2, 3), _rows(2, 3), _trace(1, 3)[0], _rows(12, 3), label="step 1: c before it is zero"),
    ],
    tolerance=1e-10,
    alternatives=[_by_autograd, _in_blocks],
    mistakes=[
        mistake(
            "λ_c lacks what comes through h_t = o∘tanh(c_t): first add λ_h∘o∘(1 − tanh²c) to it", _slip("no route")
        ),
        mistake("what came back from step t + 1 is lost: add to lam_c, do not replace it", _slip("arrived lost")),
        mistake("the output gate o is forgotten where λ_h enters λ_c: h = o∘tanh(c)", _slip("no o")),
        mistake("the slope of tanh is missing where λ_h enters λ_c: times 1 − tanh²(c)", _slip("no tanh slope")),
        mistake("the slope of tanh at c is 1 − tanh²(c), not 1 − c²", _slip("1 − c²")),
        mistake("the gates need the *new* λ_c, with what came through h_t: add that first", _slip("old in δ")),
        mistake(
            "λ_c is handed back without f: c_{t−1} reaches c_t only in the share that the forget gate lets pass",
            _slip("whole"),
        ),
        mistake("λ_c is handed back as it arrived, times f, without the part that came through h_t", _slip("old")),
        mistake("c_{t−1} is multiplied by f, not by i, on its way to c_t", _slip("i for f")),
        mistake("the forget gate's entry needs c_{t−1}, the cell before the step, not c_t", _slip("c now")),
        mistake("i and g multiply each other: the slope for i is g, and the slope for g is i", _slip("partners")),
        mistake("g is a tanh: its slope is 1 − g², not g(1 − g)", _slip("g as sigmoid")),
        mistake("g has been through its tanh already: the slope is 1 − g², without another tanh", _slip("tanh of g")),
        mistake(
            "i, f and o have been through their σ already: the slopes are i(1 − i) and so on", _slip("sigmoid again")
        ),
        mistake("tanh is squared, not the difference: 1 − tanh²(c), and you have (1 − tanh(c))²", _slip("(1 − tanh)²")),
        mistake("the output gate acts on h alone: its entry takes λ_h, not λ_c", _slip("o from c")),
        mistake("the output gate's entry needs tanh(c): that is what o multiplies", _slip("c for tanh c")),
        mistake("the slopes of the gates are missing: i(1 − i), f(1 − f), 1 − g², o(1 − o)", _slip("no slopes")),
        mistake("the blocks i and f are swapped: torch's order is i, f, g, o", _slip("order")),
        mistake("the blocks g and o are swapped: torch's order is i, f, g, o", _slip("order o")),
        mistake("two pairs of blocks are swapped: torch's order is i, f, g, o", _slip("order f")),
        mistake(
            "torch.cat([…], dim=1) joins the four blocks side by side, (R, 4H): torch.stack makes a new axis, and dim=0 puts "
            "them below each other",
            _slip("dim 0"),
        ),
        mistake("the slope of tanh at c is 1 − tanh²(c): the square is missing", _slip("1 − tanh")),
        mistake(
            "from c_t to h_t the slope is o(1 − tanh²(c)): you multiply by tanh(c) itself", _slip("value for slope")
        ),
        mistake("i, f and g act on c: their entries take the new λ_c, and you have λ_h", _slip("λ_h for λ_c")),
        mistake("c_{t−1} is missing in the forget gate's entry: it is what f is multiplied by", _slip("f without c")),
        mistake("g is squared, not the difference: 1 − g², and you have (1 − g)²", _slip("(1 − g)²")),
        mistake("one tanh too many: the slope at c is 1 − tanh²(c)", _slip("tanh twice")),
        mistake("the slope of tanh is taken at c_{t−1}: h_t is made from c_t", _slip("slope before")),
        mistake("the slopes of the three σ are missing: i(1 − i), f(1 − f), o(1 − o)", _slip("no σ slopes")),
        mistake(
            "the slope of a σ is i(1 − i): you have the i and not the (1 − i); f and o likewise", _slip("half slopes")
        ),
        mistake("the slope of i's σ is missing: times i(1 − i)", _slip("no i slope")),
        mistake("the slope of f's σ is missing: times f(1 − f)", _slip("no f slope")),
        mistake("the slope of g's tanh is missing: times 1 − g²", _slip("no g slope")),
        mistake("the slope of o's σ is missing: times o(1 − o)", _slip("no o slope")),
        mistake("the slope of g's tanh is 1 − g²: the square is missing", _slip("1 − g")),
        mistake(
            "i is multiplied by g on its way into c_t: so the slope for i is g, and you have i itself", _slip("i by i")
        ),
        mistake(
            "g is multiplied by i on its way into c_t: so the slope for g is i, and you have g itself", _slip("g by g")
        ),
        mistake("tanh(c_t) is missing in the output gate's entry: it is what o is multiplied by", _slip("o without c")),
        mistake("o is a σ: its slope is o(1 − o), not 1 − o²", _slip("o as tanh")),
        mistake("the output gate shows c_t, not c_{t−1}: tanh(c_t) in its entry", _slip("o before")),
        mistake("from c_t back to c_{t−1} the slope is f itself, not that of its σ", _slip("f slope")),
        mistake(
            "from c_t back to c_{t−1} the slope is f; c_{t−1} is the slope on the way back to f", _slip("c onward")
        ),
        mistake("W_hh is (4H, H) and δ is (R, 4H): δ @ W_hh, without a transpose", _slip("W turned")),
        mistake("δ is missing: three results, delta, lam_h and lam_c", _slip("no delta")),
        mistake("δ comes first: return delta, lam_h, lam_c, in this order", _slip("delta last")),
        mistake("the outputs are summed: each of the R has its own row of λ_h", _slip("rows summed")),
        mistake("λ_h does not stay: h_{t−1} reaches step t only through the gates, δ W_hh", _slip("h stays")),
        mistake("the results are in another order: delta, lam_h, lam_c", _slip("order of results")),
    ],
)

# 23.5 · the sweep ------------------------------------------------------------------------------------------------


def sweep(steps, W_ih, W_hh, v):
    """∂y_t/∂x_s with y_t = v·h_t, for all t and s: (T, T, D)."""
    T, H = len(steps), len(v)
    J = W_ih.new_zeros(T, T, W_ih.shape[1])
    lam_h, lam_c = v.new_zeros(T, H), v.new_zeros(T, H)
    for s in reversed(range(T)):
        lam_h[s] = v
        delta, lam_h[s:], lam_c[s:] = step_back(lam_h[s:], lam_c[s:], steps[s], W_hh)
        J[s:, s] = delta @ W_ih
    return J


def _growing_lists(steps, W_ih, W_hh, v):
    T, H = len(steps), len(v)
    columns, lam_h, lam_c = [], v.new_zeros(0, H), v.new_zeros(0, H)
    for s in range(T - 1, -1, -1):
        lam_h, lam_c = torch.cat([v[None], lam_h]), torch.cat([v.new_zeros(1, H), lam_c])
        delta, lam_h, lam_c = step_back(lam_h, lam_c, steps[s], W_hh)
        columns.insert(0, torch.cat([v.new_zeros(s, W_ih.shape[1]), delta @ W_ih]))
    return torch.stack(columns, dim=1)


def _output_by_output(steps, W_ih, W_hh, v):
    T, H = len(steps), len(v)
    J = W_ih.new_zeros(T, T, W_ih.shape[1])
    for t in range(T):
        lam_h, lam_c = v[None], v.new_zeros(1, H)
        for s in range(t, -1, -1):
            delta, lam_h, lam_c = step_back(lam_h, lam_c, steps[s], W_hh)
            J[t, s] = (delta @ W_ih)[0]
    return J


def _all_rows(steps, W_ih, W_hh, v):
    T, H = len(steps), len(v)
    J = W_ih.new_zeros(T, T, W_ih.shape[1])
    lam_h, lam_c = v.new_zeros(T, H), v.new_zeros(T, H)
    for s in reversed(range(T)):
        lam_h = lam_h.clone()
        lam_h[s] += v
        delta, lam_h, lam_c = step_back(lam_h, lam_c, steps[s], W_hh)
        J[:, s] = delta @ W_ih
    return J


def _sweep_with(slip):
    def wrong(steps, W_ih, W_hh, v):
        T, H = len(steps), len(v)
        J = W_ih.new_zeros(T, T, W_ih.shape[1])
        lam_h, lam_c = v.new_zeros(T, H), v.new_zeros(T, H)
        if slip == "all at the end":
            lam_h = lam_h + v
        walk = {"to 1": range(T - 1, 0, -1), "from T − 1": range(T - 2, -1, -1)}.get(slip, reversed(range(T)))
        for s in walk:
            if slip == "all each step":
                lam_h[s:] = lam_h[s:] + v
            elif slip == "overwritten":
                lam_h[s:] = v
            elif slip == "only last":
                lam_h[s] = lam_h[s] + v * (s == T - 1)
            elif slip == "in c":
                lam_c[s] = lam_c[s] + v
            elif slip == "ones":
                lam_h[s] = 1.0
            elif slip == "in both":
                lam_h[s], lam_c[s] = lam_h[s] + v, lam_c[s] + v
            elif slip not in ("all at the end", "late"):
                lam_h[s] = lam_h[s] + v
            rows = slice(0, T) if slip == "all at the end" else slice(s, T)
            step = {"step before": steps[s - 1], "mirrored": steps[T - 1 - s]}.get(slip, steps[s])
            if slip == "λ exchanged":
                delta, lam_c[rows], lam_h[rows] = step_back(lam_h[rows], lam_c[rows], step, W_hh)
                new_c = lam_c[rows]
            else:
                delta, lam_h[rows], new_c = step_back(lam_h[rows], lam_c[rows], step, W_hh)
            if slip != "c not kept":
                lam_c[rows] = new_c
            if slip == "diagonal":
                J[s, s] = (delta @ W_ih)[0]
            elif slip == "behind":
                J[s + 1 :, s] = (delta @ W_ih)[1:]
            elif slip == "column before":
                J[rows, s - 1] = delta @ W_ih
            elif slip == "W_hh":
                J[rows, s] = delta @ W_hh
            else:
                J[rows, s] = delta @ W_ih
            if slip == "late":
                lam_h[s] = lam_h[s] + v
            if slip == "return inside":
                return J
        return J

    return wrong


def _shorter_rows(steps, W_ih, W_hh, v):
    T, H = len(steps), len(v)
    J = W_ih.new_zeros(T, T, W_ih.shape[1])
    lam_h, lam_c = v.new_zeros(T, H), v.new_zeros(T, H)
    for s in reversed(range(T)):
        lam_h[s] = v
        delta, lam_h, lam_c = step_back(lam_h[s:], lam_c[s:], steps[s], W_hh)
        J[s:, s] = delta @ W_ih
    return J


def _nothing_kept(steps, W_ih, W_hh, v):
    T, H = len(steps), len(v)
    J = W_ih.new_zeros(T, T, W_ih.shape[1])
    for s in reversed(range(T)):
        lam_h, lam_c = v.new_zeros(T, H), v.new_zeros(T, H)
        lam_h[s:] = v
        J[s:, s] = step_back(lam_h[s:], lam_c[s:], steps[s], W_hh)[0] @ W_ih
    return J


def _in_float32(steps, W_ih, W_hh, v):
    T, H = len(steps), len(v)
    J, lam_h, lam_c = torch.zeros(T, T, W_ih.shape[1]), torch.zeros(T, H), torch.zeros(T, H)
    for s in reversed(range(T)):
        lam_h[s] = v
        delta, lam_h[s:], lam_c[s:] = step_back(lam_h[s:], lam_c[s:], steps[s], W_hh)
        J[s:, s] = delta @ W_ih
    return J


def _h_not_kept(steps, W_ih, W_hh, v):
    T, H = len(steps), len(v)
    J = W_ih.new_zeros(T, T, W_ih.shape[1])
    lam_c = v.new_zeros(T, H)
    for s in reversed(range(T)):
        lam_h = v.new_zeros(T, H)
        lam_h[s] = v
        delta, _, lam_c[s:] = step_back(lam_h[s:], lam_c[s:], steps[s], W_hh)
        J[s:, s] = delta @ W_ih
    return J


def _sweep_case(T, H, D, label=""):
    return case(_trace(T, H), _rows(4 * H, D), 0.5 * _rows(4 * H, H), _rows(H), label=label)


define(
    "23.5",
    reference=sweep,
    cases=lambda: [
        _sweep_case(6, 4, 3, "T = 6, H = 4, D = 3"),
        _sweep_case(4, 3, 1, "one input a step"),
        _sweep_case(1, 2, 2, "a sequence of one step"),
    ],
    tolerance=1e-10,
    alternatives=[_growing_lists, _output_by_output, _all_rows],
    mistakes=[
        mistake(
            "every output joins at the last step: output t must join at its own step s = t, or later inputs seem to reach it",
            _sweep_with("all at the end"),
        ),
        mistake(
            "v is added to every row at every step: that is the sum trap again. At step s only row s joins",
            _sweep_with("all each step"),
        ),
        mistake("only the last output has joined: row s joins at step s, for every s", _sweep_with("only last")),
        mistake(
            "the outputs join one step late: add v to row s before step_back at s, for y_s depends on x_s too",
            _sweep_with("late"),
        ),
        mistake("v is ∂y_s/∂h_s: it belongs into lam_h; c reaches y_s through h_s alone", _sweep_with("in c")),
        mistake("λ_c is not carried from step to step: keep what step_back returns", _sweep_with("c not kept")),
        mistake("λ_h is not carried from step to step: keep what step_back returns", _h_not_kept),
        mistake(
            "only the diagonal is filled: at step s all rows s: have joined, so give step_back lam_h[s:] and fill J[s:, s]; "
            "or you run forwards in time, where the adjoints travel backwards, from T − 1 down to 0",
            _sweep_with("diagonal"),
        ),
        mistake(
            "v stands in all rows at every step: you write it over what came back, or step_back's lam_h is not kept. Keep that, and "
            "let only row s begin, lam_h[s] = v",
            _sweep_with("overwritten"),
        ),
        mistake(
            "nothing is carried from step to step: keep the lam_h and the lam_c that step_back returns", _nothing_kept
        ),
        mistake(
            "steps[s - 1] is the step before: with s from T − 1 down to 0 it is steps[s]", _sweep_with("step before")
        ),
        mistake("the diagonal is empty: output s depends on its own input x_s, so J[s:, s]", _sweep_with("behind")),
        mistake("the read-out v is missing: row s begins with λ_h = v, not with ones", _sweep_with("ones")),
        mistake(
            "v belongs into lam_h alone: c reaches y_s through h_s, and step_back knows it", _sweep_with("in both")
        ),
        mistake("x_t enters through W_ih: δ @ W_ih, and W_hh is inside step_back", _sweep_with("W_hh")),
        mistake(
            "the walk ends after one step: does your `return` stand inside the loop?", _sweep_with("return inside")
        ),
        mistake(
            "the list `steps` runs forwards: step s stands at steps[s], with s from T − 1 down to 0",
            _sweep_with("mirrored"),
        ),
        mistake("s counts from 0 in a loop over range(T): the column is s, not s − 1", _sweep_with("column before")),
        mistake("the last step is left out: begin at s = T − 1", _sweep_with("from T − 1")),
        mistake(
            "step_back returns delta, lam_h, lam_c, in this order: yours are exchanged", _sweep_with("λ exchanged")
        ),
        mistake(
            "what step_back returns has the rows s: alone: write it into lam_h[s:] and lam_c[s:], or put the new row in front with torch.cat",
            _shorter_rows,
        ),
        slips.absolute(sweep),
        slips.result_reversed(
            sweep, says="the columns stand in the order of your walk, the last step first: turn them round, .flip(1)"
        ),
        mistake(
            "your result has lost half of its digits: it is float32. torch.zeros(…, dtype=v.dtype)",
            _in_float32,
        ),
        mistake("step 1 is left out: its index is 0, and range(T − 1, 0, −1) ends before it", _sweep_with("to 1")),
        slips.transposed(sweep, says="rows and columns are swapped: the row is output t, the column input s"),
        slips.last_only(
            sweep, axis=0, says="only the last output's row is returned; return all of them, shape (T, T, D)"
        ),
        mistake(
            "the outputs are summed: that is the sum trap; each has a row of its own",
            lambda steps, W_ih, W_hh, v: sweep(steps, W_ih, W_hh, v).sum(0),
        ),
    ],
)
