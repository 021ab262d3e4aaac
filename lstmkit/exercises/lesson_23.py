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
            "there are four, each of size 1; they cancel. A zero gradient does not show that no path exists",
            {"w = -1: a path": False},
        ),
    ],
)

# 23.3 · a number that stays --------------------------------------------------------------------------------------

define(
    "23.3",
    reference=0.9,
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
        {"1 − c²": 1 - c**2, "no tanh slope": torch.ones_like(c), "(1 − tanh)²": (1 - c.tanh()) ** 2}.get(
            slip, 1 - c.tanh() ** 2
        ),
    )
    if slip != "no route":
        lam_c = (0 if slip == "arrived lost" else lam_c) + lam_h * (1 if slip == "no o" else o) * slope
    into = arrived if slip == "old in δ" else lam_c
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
    if slip == "partners":
        d_i, d_g = into * i * i * (1 - i), into * g * (1 - g**2)
    parts = [d_i, d_f, d_g, d_o]
    if slip in ("order", "order o", "order f"):
        parts = {"order": [d_f, d_i, d_g, d_o], "order o": [d_i, d_f, d_o, d_g], "order f": [d_f, d_i, d_o, d_g]}[slip]
    delta = torch.stack(parts, dim=1) if slip == "stack" else torch.cat(parts, dim=0 if slip == "dim 0" else 1)
    if slip in ("stack", "dim 0"):
        return delta, torch.cat([d_i, d_f, d_g, d_o], dim=1) @ W_hh, lam_c * f
    lam_c = arrived * f if slip == "old" else lam_c if slip == "whole" else lam_c * (i if slip == "i for f" else f)
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
        mistake("torch.stack makes a new axis: torch.cat([…], dim=1) joins the blocks to (R, 4H)", _slip("stack")),
        mistake(
            "the blocks stand below each other: join them along the last axis, torch.cat([…], dim=1)", _slip("dim 0")
        ),
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
        for s in range(T - 1, 0, -1) if slip == "to 1" else reversed(range(T)):
            if slip == "all each step":
                lam_h[s:] = lam_h[s:] + v
            elif slip == "overwritten":
                lam_h[s:] = v
            elif slip == "only last":
                lam_h[s] = lam_h[s] + v * (s == T - 1)
            elif slip == "in c":
                lam_c[s] = lam_c[s] + v
            elif slip not in ("all at the end", "late"):
                lam_h[s] = lam_h[s] + v
            rows = slice(0, T) if slip == "all at the end" else slice(s, T)
            delta, lam_h[rows], new_c = step_back(lam_h[rows], lam_c[rows], steps[s], W_hh)
            if slip != "c not kept":
                lam_c[rows] = new_c
            if slip == "diagonal":
                J[s, s] = (delta @ W_ih)[0]
            else:
                J[rows, s] = delta @ W_ih
            if slip == "late":
                lam_h[s] = lam_h[s] + v
        return J

    return wrong


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
            "v is written over the rows that have come back from later steps: at step s only row s begins, lam_h[s] = v",
            _sweep_with("overwritten"),
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
