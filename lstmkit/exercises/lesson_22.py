"""Lesson 22 · Input gradients: where a sensitivity peaks, one gradient per output, two paths, the adjoint step, the sweep."""

from __future__ import annotations

import torch
from torch import nn

from lstmkit.exercises import case, define, mistake

# 22.1 · where is it largest? -------------------------------------------------------------------------------------

define(
    "22.1",
    reference={"amplitude": 0, "frequency": 20, "frequency, no damping": 39},
    tolerance=0.02,
    mistakes=[
        mistake(
            "the factor t makes it grow at first: it is zero at t = 0. Where does t·exp(−γt) stop growing?",
            {"frequency": 0},
        ),
        mistake(
            "the factor t alone would grow to the end, but the damping wins at some step: set the slope of t·exp(−γt) to zero",
            {"frequency": 39},
        ),
        mistake(
            "that is the half-life, ln 2 / γ; the largest value of t·exp(−γt) lies where its slope is zero",
            {"frequency": 14},
        ),
        mistake("there is no factor t in ∂y/∂A: its envelope exp(−γt) only falls", {"amplitude": 20}),
        mistake("∂y/∂A has the envelope exp(−γt): damping makes it fall, not grow", {"amplitude": 39}),
        mistake(
            "without damping nothing stops the growth of t: the last step is the largest", {"frequency, no damping": 20}
        ),
        mistake("steps are counted from 0: the last of forty is step 39", {"frequency, no damping": 40}),
        mistake("without damping the envelope is 2πAt: it starts at zero", {"frequency, no damping": 0}),
    ],
)

# 22.2 · one gradient for each output -----------------------------------------------------------------------------


def output_gradients(model, x):
    """∂y[n, t]/∂x[n] for every sample n and output step t: (N, T, *x.shape[1:])."""
    x = x.detach().clone().requires_grad_()
    y = model(x)
    each = [torch.autograd.grad(y[:, t].sum(), x, retain_graph=True)[0] for t in range(y.shape[1])]
    return torch.stack(each, dim=1)


def _with_leaf(compute):
    def answer(model, x):
        x = x.detach().clone().requires_grad_()
        return compute(model(x), x)

    return answer


def _no_retain(y, x):
    return torch.stack([torch.autograd.grad(y[:, t].sum(), x)[0] for t in range(y.shape[1])], dim=1)


def _accumulated(y, x):
    each = []
    for t in range(y.shape[1]):
        y[:, t].sum().backward(retain_graph=True)
        each.append(x.grad.clone())
    return torch.stack(each, dim=1)


def _one_sample(y, x):
    each = [torch.autograd.grad(y[0, t], x, retain_graph=True)[0] for t in range(y.shape[1])]
    return torch.stack(each, dim=1)


def _summed_and_copied(model, x):
    return output_gradients(model, x).sum(1, keepdim=True).expand_as(output_gradients(model, x))


def _by_backward(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    result = []
    for t in range(y.shape[1]):
        x.grad = None
        y[:, t].sum().backward(retain_graph=True)
        result.append(x.grad.clone())
    return torch.stack(result, dim=1)


def _by_fresh_passes(model, x):
    each = []
    for t in range(model(x).shape[1]):
        leaf = x.detach().clone().requires_grad_()
        model(leaf)[:, t].sum().backward()
        each.append(leaf.grad)
    return torch.stack(each, dim=1)


def _models():
    torch.manual_seed(2)
    W, V, u = torch.randn(5, 3) * 0.7, torch.randn(5, 5) * 0.5, torch.randn(5)

    def one_to_many(steps):
        def run(x):
            h, outputs = torch.tanh(x @ W.T), []
            for _ in range(steps):
                h = torch.tanh(h @ V.T + 0.1)
                outputs.append(h @ u)
            return torch.stack(outputs, dim=1)

        return run

    def many_to_many(x):
        h, outputs = torch.zeros(len(x), 5), []
        for x_t in x.unbind(1):
            h = torch.tanh(x_t @ W.T + h @ V.T)
            outputs.append(h @ u)
        return torch.stack(outputs, dim=1)

    return [
        case(one_to_many(6), torch.randn(4, 3), label="one to many, x of shape (4, 3)"),
        case(many_to_many, torch.randn(2, 5, 3), label="many to many, x of shape (2, 5, 3)"),
        case(one_to_many(1), torch.randn(1, 3), label="a batch of one, one step"),
    ]


define(
    "22.2",
    reference=output_gradients,
    cases=_models,
    alternatives=[_by_backward, _by_fresh_passes],
    mistakes=[
        mistake(
            "this is the sum trap: y.sum() adds the gradients of all steps. Choose one step at a time, y[:, t]",
            _with_leaf(lambda y, x: torch.autograd.grad(y.sum(), x)[0]),
        ),
        mistake(
            "every step has the same gradient, the sum over all steps: choose y[:, t] inside the loop, not y; and x.grad is "
            "one tensor that goes on growing, so keep a copy of it, or use torch.autograd.grad",
            _summed_and_copied,
        ),
        mistake(
            "the first backward pass freed the graph that the second needs: retain_graph=True keeps it",
            _with_leaf(_no_retain),
        ),
        mistake(
            "gradients pile up in x.grad (or you summed y[:, :t + 1]): set x.grad = None before each pass, or use torch.autograd.grad",
            _with_leaf(_accumulated),
        ),
        mistake(
            "steps are on the first axis: torch.stack(…, dim=1) puts them behind the batch",
            lambda model, x: output_gradients(model, x).transpose(0, 1),
        ),
        mistake("only sample 0 has a gradient: y[:, t].sum() asks for every sample's at once", _with_leaf(_one_sample)),
        mistake(
            "the samples are summed: x.grad has a row for each sample; keep them",
            lambda model, x: output_gradients(model, x).sum(0),
        ),
        mistake(
            "this is the last output's gradient alone; every step t has one",
            lambda model, x: output_gradients(model, x)[:, -1],
        ),
        mistake("the sign is lost: no absolute value here", lambda model, x: output_gradients(model, x).abs()),
        mistake(
            "this is gradient × input, another measure (lesson 24)",
            lambda model, x: output_gradients(model, x) * x[:, None],
        ),
    ],
)

# 22.3 · two paths ------------------------------------------------------------------------------------------------


def two_paths(reach, rest, x):
    """The part of ∂y/∂x that passes through h, and the part that passes through c: (N, D) each."""
    x = x.detach().clone().requires_grad_()
    h, c = reach(x)
    h_s, c_s = h.detach().requires_grad_(), c.detach().requires_grad_()
    lam_h, lam_c = torch.autograd.grad(rest(h_s, c_s).sum(), (h_s, c_s))
    through_h = torch.autograd.grad(h, x, lam_h, retain_graph=True)[0]
    through_c = torch.autograd.grad(c, x, lam_c)[0]
    return through_h, through_c


def _by_holding_one(reach, rest, x):
    x = x.detach().clone().requires_grad_()
    h, c = reach(x)
    y_h, y_c = rest(h, c.detach()), rest(h.detach(), c)
    through_h = torch.autograd.grad(y_h.sum(), x, retain_graph=True)[0]
    return through_h, torch.autograd.grad(y_c.sum(), x)[0]


def _paths_with(compute):
    def wrong(reach, rest, x):
        x = x.detach().clone().requires_grad_()
        h, c = reach(x)
        h_s, c_s = h.detach().requires_grad_(), c.detach().requires_grad_()
        lam = torch.autograd.grad(rest(h_s, c_s).sum(), (h_s, c_s))
        return compute(h, c, *lam, x)

    return wrong


def _pull(state, x, lam):
    return torch.autograd.grad(state, x, lam, retain_graph=True)[0]


def _not_cut(reach, rest, x):
    x = x.detach().clone().requires_grad_()
    h, c = reach(x)
    lam_h, lam_c = torch.autograd.grad(rest(h, c).sum(), (h, c), retain_graph=True)
    return _pull(h, x, lam_h), _pull(c, x, lam_c)


def _total_twice(reach, rest, x):
    x = x.detach().clone().requires_grad_()
    total = torch.autograd.grad(rest(*reach(x)).sum(), x)[0]
    return total, total


def _split_cases():
    H, D = 4, 3
    start, cell = nn.Linear(D, 2 * H), nn.LSTMCell(2, H)
    read = torch.randn(H)

    def reach(steps):
        def run(x):
            h, c = start(x).chunk(2, dim=1)
            for _ in range(steps):
                h, c = cell(torch.ones(len(x), 2), (h, c))
            return h, c

        return run

    def rest(steps):
        def run(h, c):
            for _ in range(steps):
                h, c = cell(torch.ones(len(h), 2), (h, c))
            return h @ read

        return run

    return [
        case(reach(2), rest(3), torch.randn(5, D)),
        case(reach(1), rest(6), torch.randn(2, D) + 1, label="six steps to the output"),
        case(reach(3), rest(1), torch.randn(1, D), label="a batch of one, one step to the output"),
    ]


define(
    "22.3",
    reference=two_paths,
    cases=_split_cases,
    alternatives=[_by_holding_one],
    mistakes=[
        mistake(
            "the route from c through h is counted twice: h = o∘tanh(c) is made from c in the same step. Cut both states off "
            "with .detach().requires_grad_() before `rest`",
            _not_cut,
        ),
        mistake(
            "the adjoints are swapped: pull lam_h back through h, and lam_c through c",
            _paths_with(lambda h, c, lam_h, lam_c, x: (_pull(h, x, lam_c), _pull(c, x, lam_h))),
        ),
        mistake(
            "these are the adjoints of h and c, shape (N, H); pull each back to x with torch.autograd.grad(h, x, lam_h)",
            _paths_with(lambda h, c, lam_h, lam_c, x: (lam_h, lam_c)),
        ),
        mistake(
            "this is ∂(sum of the states)/∂x: the adjoint is missing as the third argument of torch.autograd.grad",
            _paths_with(lambda h, c, lam_h, lam_c, x: (_pull(h.sum(), x, None), _pull(c.sum(), x, None))),
        ),
        mistake("both are the whole gradient; hold one state fixed while you measure through the other", _total_twice),
        mistake(
            "the two parts are returned in the wrong order: first through h, then through c",
            lambda reach, rest, x: two_paths(reach, rest, x)[::-1],
        ),
        mistake(
            "the parts are added up to the whole gradient; return them one by one",
            lambda reach, rest, x: sum(two_paths(reach, rest, x)),
        ),
    ],
)

# 22.4 · one step of the adjoints ---------------------------------------------------------------------------------


def adjoint_step(lam_h, lam_c, gates, t, W_hh):
    """(delta (R, 4H), lam_h (R, H), lam_c (R, H)): through step t, from its states back to its gates and the states before."""
    i, f, g, o, c = (gates[name][t] for name in "ifgoc")
    c_before = gates["c"][t - 1] if t > 0 else torch.zeros_like(c)
    lam_c = lam_c + lam_h * o * (1 - c.tanh() ** 2)
    delta = torch.cat(
        [
            lam_c * g * i * (1 - i),
            lam_c * c_before * f * (1 - f),
            lam_c * i * (1 - g**2),
            lam_h * c.tanh() * o * (1 - o),
        ],
        dim=1,
    )
    return delta, delta @ W_hh, lam_c * f


def _adjoint(lam_h, lam_c, gates, t, W_hh, *, slip=""):
    """The step with one slip built in."""
    i, f, g, o, c = (gates[name][t] for name in "ifgoc")
    before = gates["c"][t - 1] if t > 0 or slip == "wraps" else torch.zeros_like(c)
    arrived = lam_c
    if slip == "no tanh slope":
        lam_c = lam_c + lam_h * o
    elif slip == "no o":
        lam_c = lam_c + lam_h * (1 - c.tanh() ** 2)
    elif slip != "no route":
        lam_c = lam_c + lam_h * o * (1 - c.tanh() ** 2)
    d_i, d_f = lam_c * g * i * (1 - i), lam_c * (c if slip == "c now" else before) * f * (1 - f)
    d_g = lam_c * i * (g * (1 - g) if slip == "g as sigmoid" else 1 - g**2)
    d_o = (lam_c if slip == "o from c" else lam_h) * (c if slip == "c for tanh c" else c.tanh()) * o * (1 - o)
    if slip == "no slopes":
        d_i, d_f, d_g, d_o = lam_c * g, lam_c * before, lam_c * i, lam_h * c.tanh()
    parts = (
        [d_f, d_i, d_g, d_o] if slip == "order" else [d_i, d_f, d_o, d_g] if slip == "order o" else [d_i, d_f, d_g, d_o]
    )
    delta = torch.cat(parts, dim=1)
    keep = gates["f"][t - 1] if slip == "f before" else f
    lam_c = arrived * f if slip == "old" else lam_c if slip == "whole" else lam_c * keep
    lam_h = lam_h + delta @ W_hh if slip == "h stays" else delta @ W_hh
    return delta, lam_h, lam_c


def _slip(name):
    def wrong(lam_h, lam_c, gates, t, W_hh):
        return _adjoint(lam_h, lam_c, gates, t, W_hh, slip=name)

    return wrong


def _by_autograd(lam_h, lam_c, gates, t, W_hh):
    i, f, g, o = (gates[name][t] for name in "ifgo")
    before = gates["c"][t - 1] if t > 0 else torch.zeros_like(i)
    a = torch.cat([torch.logit(i), torch.logit(f), torch.atanh(g), torch.logit(o)])
    rows = []
    for l_h, l_c in zip(lam_h, lam_c, strict=True):
        z, c0 = a.clone().requires_grad_(), before.clone().requires_grad_()
        zi, zf, zg, zo = z.chunk(4)
        c = zf.sigmoid() * c0 + zi.sigmoid() * zg.tanh()
        h = zo.sigmoid() * c.tanh()
        rows.append(torch.autograd.grad((h * l_h).sum() + (c * l_c).sum(), (z, c0)))
    delta = torch.stack([row[0] for row in rows])
    return delta, delta @ W_hh, torch.stack([row[1] for row in rows])


def _trace(T, H):
    """Gates of a run that really happens: c follows from the others. Each (T, H), float64."""
    raw = torch.randn(4, T, H, dtype=torch.float64)
    i, f, o, g = *raw[:3].sigmoid().unbind(0), raw[3].tanh()
    c, cells = torch.zeros(H, dtype=torch.float64), []
    for t in range(T):
        c = f[t] * c + i[t] * g[t]
        cells.append(c)
    c = torch.stack(cells)
    return {"i": i, "f": f, "g": g, "o": o, "c": c, "h": o * c.tanh()}


def _rows(*shape):
    return torch.randn(*shape, dtype=torch.float64)


define(
    "22.4",
    reference=adjoint_step,
    cases=lambda: [
        case(_rows(3, 4), _rows(3, 4), _trace(6, 4), 3, _rows(16, 4), label="R = 3 outputs, H = 4, t = 3"),
        case(_rows(1, 2), _rows(1, 2), _trace(5, 2), 4, _rows(8, 2), label="one output"),
        case(_rows(2, 3), _rows(2, 3), _trace(4, 3), 0, _rows(12, 3), label="t = 0: the state before is zero"),
    ],
    tolerance=1e-9,
    alternatives=[_by_autograd],
    mistakes=[
        mistake(
            "λ_c lacks what arrives through h_t = o∘tanh(c_t): first add λ_h∘o∘(1 − tanh²c) to it",
            _slip("no route"),
        ),
        mistake("the output gate o is forgotten where λ_h enters λ_c: h = o∘tanh(c)", _slip("no o")),
        mistake("the slope of tanh is missing where λ_h enters λ_c: times 1 − tanh²(c)", _slip("no tanh slope")),
        mistake("f is taken from the step before: c_t = f_t∘c_{t−1}, so it is gates['f'][t]", _slip("f before")),
        mistake(
            "λ_c is handed back without f: c_{t−1} reaches c_t only in the share that the forget gate lets pass",
            _slip("whole"),
        ),
        mistake("λ_c is handed back as it arrived, times f, without the part that came through h_t", _slip("old")),
        mistake("the forget gate's entry needs c_{t−1}, the cell before the step, not c_t", _slip("c now")),
        mistake("at t = 0 index t − 1 is −1, the last step: before the first step the cell is zero", _slip("wraps")),
        mistake("g is a tanh: its slope is 1 − g², not g(1 − g)", _slip("g as sigmoid")),
        mistake("the output gate acts on h alone: its entry takes λ_h, not λ_c", _slip("o from c")),
        mistake("the output gate's entry needs tanh(c): that is what o multiplies", _slip("c for tanh c")),
        mistake("the slopes of the gates are missing: i(1 − i), f(1 − f), 1 − g², o(1 − o)", _slip("no slopes")),
        mistake("the blocks i and f are swapped: torch's order is i, f, g, o", _slip("order")),
        mistake("the blocks g and o are swapped: torch's order is i, f, g, o", _slip("order o")),
        mistake("λ_h does not stay: h_{t−1} reaches step t only through the gates, δ W_hh", _slip("h stays")),
    ],
)

# 22.5 · the sweep ------------------------------------------------------------------------------------------------


def sweep(gates, W_ih, W_hh, v):
    """∂y_t/∂x_s with y_t = v·h_t, for all t and s: (T, T, D)."""
    T, H = gates["h"].shape
    J = W_ih.new_zeros(T, T, W_ih.shape[1])
    lam_h, lam_c = W_ih.new_zeros(T, H), W_ih.new_zeros(T, H)
    for s in reversed(range(T)):
        lam_h[s] = lam_h[s] + v
        delta, lam_h[s:], lam_c[s:] = adjoint_step(lam_h[s:], lam_c[s:], gates, s, W_hh)
        J[s:, s] = delta @ W_ih
    return J


def _growing_lists(gates, W_ih, W_hh, v):
    T, H = gates["h"].shape
    columns, lam_h, lam_c = [], v.new_zeros(0, H), v.new_zeros(0, H)
    for s in range(T - 1, -1, -1):
        lam_h, lam_c = torch.cat([v[None], lam_h]), torch.cat([v.new_zeros(1, H), lam_c])
        delta, lam_h, lam_c = adjoint_step(lam_h, lam_c, gates, s, W_hh)
        columns.insert(0, torch.cat([v.new_zeros(s, W_ih.shape[1]), delta @ W_ih]))
    return torch.stack(columns, dim=1)


def _output_by_output(gates, W_ih, W_hh, v):
    T, H = gates["h"].shape
    J = W_ih.new_zeros(T, T, W_ih.shape[1])
    for t in range(T):
        lam_h, lam_c = v[None], v.new_zeros(1, H)
        for s in range(t, -1, -1):
            delta, lam_h, lam_c = adjoint_step(lam_h, lam_c, gates, s, W_hh)
            J[t, s] = (delta @ W_ih)[0]
    return J


def _sweep_with(slip):
    def wrong(gates, W_ih, W_hh, v):
        T, H = gates["h"].shape
        J = W_ih.new_zeros(T, T, W_ih.shape[1])
        lam_h, lam_c = W_ih.new_zeros(T, H), W_ih.new_zeros(T, H)
        if slip == "all at the end":
            lam_h = lam_h + v
        for s in reversed(range(T)):
            if slip == "all each step":
                lam_h[s:] = lam_h[s:] + v
            elif slip == "only last":
                lam_h[s] = lam_h[s] + v * (s == T - 1)
            elif slip not in ("all at the end", "late"):
                lam_h[s] = lam_h[s] + v
            rows = slice(0, T) if slip == "all at the end" else slice(s, T)
            delta, lam_h[rows], lam_c[rows] = adjoint_step(lam_h[rows], lam_c[rows], gates, s, W_hh)
            J[rows, s] = delta @ W_ih
            if slip == "late":
                lam_h[s] = lam_h[s] + v
            if slip == "into c":
                lam_c[s:] = lam_c[s:] * 0
        return J

    return wrong


def _forwards(gates, W_ih, W_hh, v):
    T, H = gates["h"].shape
    J = W_ih.new_zeros(T, T, W_ih.shape[1])
    lam_h, lam_c = W_ih.new_zeros(T, H), W_ih.new_zeros(T, H)
    for s in range(T):
        lam_h[s] = lam_h[s] + v
        delta, lam_h[s:], lam_c[s:] = adjoint_step(lam_h[s:], lam_c[s:], gates, s, W_hh)
        J[s:, s] = delta @ W_ih
    return J


def _transposed(gates, W_ih, W_hh, v):
    return sweep(gates, W_ih, W_hh, v).transpose(0, 1)


def _sweep_case(T, H, D, label=""):
    return case(_trace(T, H), _rows(4 * H, D), 0.5 * _rows(4 * H, H), _rows(H), label=label)


define(
    "22.5",
    reference=sweep,
    cases=lambda: [
        _sweep_case(6, 4, 3, "T = 6, H = 4, D = 3"),
        _sweep_case(4, 3, 1, "one input a step"),
        _sweep_case(1, 2, 2, "a sequence of one step"),
    ],
    tolerance=1e-9,
    alternatives=[_growing_lists, _output_by_output],
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
            "the outputs join one step late: add v to row s before adjoint_step at s, for y_s depends on x_s too",
            _sweep_with("late"),
        ),
        mistake("λ_c is not carried from step to step: keep what adjoint_step returns", _sweep_with("into c")),
        mistake("you run forwards in time; adjoints travel backwards: s from T − 1 down to 0", _forwards),
        mistake("rows and columns are swapped: J[t, s] is output t, input s", _transposed),
        mistake(
            "only the last output's row is returned; return all of them, shape (T, T, D)",
            lambda gates, W_ih, W_hh, v: sweep(gates, W_ih, W_hh, v)[-1],
        ),
    ],
)
