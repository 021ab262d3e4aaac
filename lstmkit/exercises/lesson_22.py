"""Lesson 22 · Output gradients: where a sensitivity peaks, one gradient per output, more data, counting passes, tangents."""

from __future__ import annotations

import torch

from lstmkit.exercises import case, define, mistake, slips

# 22.1 · where is it largest? -------------------------------------------------------------------------------------

define(
    "22.1",
    reference={"amplitude": 1, "frequency": 20, "frequency, no damping": 40},
    tolerance=0.02,
    mistakes=[
        mistake("you count the steps from 0: the first step is step 1", {"amplitude": 0, "frequency": 19}),
        mistake(
            "the factor t makes it grow at first: at step 1 it has only begun. Where does t·exp(−γt) stop growing?",
            {"frequency": 1},
        ),
        mistake(
            "the factor t alone would grow to the end, but the damping wins at some step: set the slope of t·exp(−γt) to zero",
            {"frequency": 40},
        ),
        mistake(
            "that is the half-life, ln 2 / γ; the largest value of t·exp(−γt) lies where its slope is zero",
            {"frequency": 14},
        ),
        mistake("γ·t = 1 at the largest value, so t = 1/γ: you wrote γ itself", {"frequency": 0.05}),
        mistake("there is no factor t in ∂y/∂A: its envelope exp(−γt) only falls", {"amplitude": 20}),
        mistake("∂y/∂A has the envelope exp(−γt): damping makes it fall, not grow", {"amplitude": 40}),
        mistake(
            "without damping nothing stops the growth of t: the last step is the largest", {"frequency, no damping": 20}
        ),
        mistake("the steps run from 1 to 40: the last of them is step 40", {"frequency, no damping": 39}),
        mistake("without damping the envelope is 2πAt: it starts small", {"frequency, no damping": 1}),
        mistake(
            "1/γ has no bound as γ goes to 0, but there are only forty steps: which of them is the largest?",
            {"frequency, no damping": float("inf")},
        ),
        mistake(
            "that is where the curve of the figure peaks, with its sine: look at the envelope alone, without the sine",
            {"frequency": 29, "frequency, no damping": 29},
        ),
        mistake("that is 1/γ for the damping of the figure, 0.04: here γ is 0.05", {"frequency": 25}),
        mistake("the steps end at 40: the largest value is at the last of them", {"frequency, no damping": 41}),
    ],
)

# 22.2 · one gradient for each output -----------------------------------------------------------------------------


def output_gradients(model, z):
    """∂y[n, t]/∂z[n] for every sample n and output step t: (N, T, *z.shape[1:])."""
    z = z.detach().clone().requires_grad_()
    y = model(z)
    each = []
    for t in range(y.shape[1]):
        each.append(torch.autograd.grad(y[:, t].sum(), z, retain_graph=True)[0])
    return torch.stack(each, dim=1)


def _with_leaf(compute):
    def answer(model, z):
        z = z.detach().clone().requires_grad_()
        return compute(model(z), z)

    return answer


def _no_retain(y, z):
    return torch.stack([torch.autograd.grad(y[:, t].sum(), z)[0] for t in range(y.shape[1])], dim=1)


def _accumulated(y, z):
    each = []
    for t in range(y.shape[1]):
        y[:, t].sum().backward(retain_graph=True)
        each.append(z.grad.clone())
    return torch.stack(each, dim=1)


def _without_sum(y, z):
    return torch.stack([torch.autograd.grad(y[:, t], z, retain_graph=True)[0] for t in range(y.shape[1])], dim=1)


def _one_sample(y, z):
    each = [torch.autograd.grad(y[0, t], z, retain_graph=True)[0] for t in range(y.shape[1])]
    return torch.stack(each, dim=1)


def _steps_before(y, z):
    each = [torch.autograd.grad(y[:, :t].sum(), z, retain_graph=True)[0] for t in range(y.shape[1])]
    return torch.stack(each, dim=1)


def _every_sample_by_every_sample(model, z):
    return torch.autograd.functional.jacobian(model, z)


def _rows_for_columns(y, z):
    return torch.stack([torch.autograd.grad(y[t].sum(), z, retain_graph=True)[0] for t in range(len(y))], dim=1)


def _rows_as_steps(y, z):
    return torch.stack([torch.autograd.grad(y[t].sum(), z, retain_graph=True)[0] for t in range(y.shape[1])], dim=1)


def _as_many_as_samples(y, z):
    return torch.stack([torch.autograd.grad(y[:, t].sum(), z, retain_graph=True)[0] for t in range(len(y))], dim=1)


def _always_forty(y, z):
    return torch.stack([torch.autograd.grad(y[:, t].sum(), z, retain_graph=True)[0] for t in range(40)], dim=1)


def _not_watched(model, z):
    y = model(z.detach())
    return torch.stack([torch.autograd.grad(y[:, t].sum(), z, retain_graph=True)[0] for t in range(y.shape[1])], dim=1)


def _summed_and_copied(model, z):
    every = output_gradients(model, z)
    return every.sum(1, keepdim=True).expand_as(every)


def _by_backward(model, z):
    z = z.detach().clone().requires_grad_()
    y = model(z)
    result = []
    for t in range(y.shape[1]):
        z.grad = None
        y[:, t].sum().backward(retain_graph=True)
        result.append(z.grad.clone())
    return torch.stack(result, dim=1)


def _by_fresh_passes(model, z):
    each = []
    for t in range(model(z).shape[1]):
        leaf = z.detach().clone().requires_grad_()
        model(leaf)[:, t].sum().backward()
        each.append(leaf.grad)
    return torch.stack(each, dim=1)


def _by_ones(model, z):
    z = z.detach().clone().requires_grad_()
    y = model(z)
    result = torch.zeros(z.shape[0], y.shape[1], *z.shape[1:], dtype=z.dtype)
    for t in range(y.shape[1]):
        result[:, t] = torch.autograd.grad(y[:, t], z, torch.ones_like(y[:, t]), retain_graph=True)[0]
    return result


def _models():
    W, V, u = torch.randn(5, 3) * 0.7, torch.randn(5, 5) * 0.5, torch.randn(5)
    W, V, u = W.double(), V.double(), u.double()

    def one_to_many(steps):
        def run(z):
            h, outputs = torch.tanh(z @ W.T), []
            for _ in range(steps):
                h = torch.tanh(h @ V.T + 0.1)
                outputs.append(h @ u)
            return torch.stack(outputs, dim=1)

        return run

    def many_to_many(x):
        h, outputs = x.new_zeros(len(x), 5), []
        for x_t in x.unbind(1):
            h = torch.tanh(x_t @ W.T + h @ V.T)
            outputs.append(h @ u)
        return torch.stack(outputs, dim=1)

    return [
        case(one_to_many(6), torch.randn(4, 3).double(), label="one to many, z of shape (4, 3), six outputs"),
        case(many_to_many, torch.randn(2, 5, 3).double(), label="a sequence, of shape (2, 5, 3), five outputs"),
        case(one_to_many(2), torch.randn(1, 3).double(), label="a batch of one, two outputs"),
    ]


define(
    "22.2",
    reference=output_gradients,
    cases=_models,
    tolerance=1e-10,
    alternatives=[_by_backward, _by_fresh_passes, _by_ones],
    mistakes=[
        mistake(
            "this is the sum trap: y.sum() adds the gradients of all steps. Choose one step at a time, y[:, t]",
            _with_leaf(lambda y, z: torch.autograd.grad(y.sum(), z)[0]),
        ),
        mistake(
            "every step has the same gradient, the sum over all steps: choose y[:, t] inside the loop, not y; and z.grad is "
            "one tensor that goes on growing, so keep a copy of it, or use torch.autograd.grad",
            _summed_and_copied,
        ),
        mistake(
            "the first backward pass freed the graph that the second needs: retain_graph=True keeps it",
            _with_leaf(_no_retain),
        ),
        mistake(
            "gradients pile up in z.grad (or you summed y[:, :t + 1]): set z.grad = None before each pass, or use torch.autograd.grad",
            _with_leaf(_accumulated),
        ),
        mistake(
            "y[:, t] holds a number for each sample, and grad wants one: y[:, t].sum(), for the samples do not mix",
            _with_leaf(_without_sum),
        ),
        mistake(
            "y[t] is sample t, not step t: the batch is the first axis, so choose a column, y[:, t]",
            _with_leaf(_rows_for_columns),
        ),
        slips.time_first(
            output_gradients, says="steps are on the first axis: torch.stack(…, dim=1) puts them behind the batch"
        ),
        slips.cat_for_stack(
            output_gradients,
            along=1,
            says="torch.cat writes the gradients into one row: torch.stack(…, dim=1) gives the steps an axis of their own",
        ),
        mistake(
            "y[:, :t] is every step before t; step t alone is y[:, t]",
            _with_leaf(_steps_before),
        ),
        mistake(
            "only the first step is there: does your `return` stand inside the loop?",
            lambda model, z: output_gradients(model, z)[:, :1],
        ),
        mistake(
            "torch's jacobian gives every sample by every sample, (N, T, N, …), and the mixed ones are zero: keep each sample's own",
            _every_sample_by_every_sample,
        ),
        mistake("only sample 0 has a gradient: y[:, t].sum() asks for every sample's at once", _with_leaf(_one_sample)),
        mistake(
            "each gradient is divided by the number of samples: y[:, t].mean() for y[:, t].sum()",
            lambda model, z: output_gradients(model, z) / len(z),
        ),
        slips.batch_summed(
            output_gradients, says="the samples are summed: z.grad has a row for each sample; keep them"
        ),
        slips.last_only(output_gradients, says="this is the last output's gradient alone; every step t has one"),
        slips.last_step_left_out(output_gradients, says="the last step is missing: range(y.shape[1]) has all of them"),
        slips.first_step_left_out(output_gradients, says="the first step is missing: in Python it stands at index 0"),
        slips.last_for_all(
            output_gradients,
            says="the last step's gradient stands at every step: you chose y[:, -1], or you kept z.grad itself, which each pass "
            "writes over: keep z.grad.clone()",
        ),
        slips.result_shifted(
            output_gradients, says="y[:, t − 1] is one step late, and at t = 0 it is the last one: y[:, t]"
        ),
        mistake(
            "the first step's gradient stands at every step: choose y[:, t], not y[:, 0]",
            lambda model, z: output_gradients(model, z)[:, :1].expand_as(output_gradients(model, z)),
        ),
        mistake("t runs over the steps, y.shape[1], not over the samples", _with_leaf(_as_many_as_samples)),
        mistake(
            "all zeros: z.grad is one tensor, and zero_() empties what you have kept, too: keep z.grad.clone()",
            lambda model, z: torch.zeros_like(output_gradients(model, z)),
        ),
        slips.result_reversed(output_gradients, says="the steps stand in reverse: t = 0, 1, … in this order"),
        mistake(
            "y[t] is sample t, and there are not as many samples as steps: step t of all samples is the column y[:, t]",
            _with_leaf(_rows_as_steps),
        ),
        mistake(
            "the model reads a tensor that is not watched: hand it the copy, `z.detach().clone().requires_grad_()`, and no no_grad around",
            _not_watched,
        ),
        mistake(
            "there is no such step: t runs over range(y.shape[1]), and y[:, t] is its column (forty is the oscillator's number alone)",
            _with_leaf(_always_forty),
        ),
        mistake(
            "the steps stand on the last axis: torch.stack(…, dim=1) puts them behind the batch",
            lambda model, z: output_gradients(model, z).movedim(1, -1),
        ),
        mistake(
            "this is a list of T gradients: torch.stack(…, dim=1) makes one tensor of them",
            lambda model, z: list(output_gradients(model, z).unbind(1)),
        ),
        mistake(
            "your result has lost half of its digits: it is float32, and z is not. torch.zeros(…, dtype=z.dtype), or stack a list",
            lambda model, z: output_gradients(model, z).float(),
        ),
        slips.absolute(output_gradients),
        mistake(
            "this is gradient × input, another measure: the gradient alone is wanted",
            lambda model, z: output_gradients(model, z) * z[:, None],
        ),
    ],
)

# 22.3 · sixteen times the data -----------------------------------------------------------------------------------

_MORE = {"unexplained": "rises", "relative error": "falls", "times smaller": 4}
define(
    "22.3",
    reference=_MORE,
    allowed={
        "unexplained": ("rises", "falls", "stays"),
        "relative error": ("rises", "falls", "stays"),
        "times smaller": (1, 4, 16),
    },
    mistakes=[
        mistake(
            "look at the training curves' own number: sixteen curves can be learnt to a hair, 256 less well in as many steps",
            {"unexplained": "falls"},
        ),
        mistake(
            "the same steps over sixteen times as many curves: print both numbers with all their digits",
            {"unexplained": "stays"},
        ),
        mistake(
            "the gradients go the other way from the curves: print relative_error for both networks, each at its own inputs",
            {"relative error": "rises"},
        ),
        mistake(
            "the words are rises, falls and stays",
            {"unexplained": "up", "relative error": "down"},
        ),
        mistake("print relative_error for both networks: the two are far apart", {"relative error": "stays"}),
        mistake(
            "divide the two relative errors: relative_error(few, few_z) by that of the new network at its own inputs",
            {"times smaller": 1},
        ),
        mistake("sixteen is how many times more data there are: divide the two relative errors", {"times smaller": 16}),
        mistake("upside down: how many times smaller, so the larger error over the smaller", {"times smaller": 0.25}),
    ],
)

# 22.4 · how many passes? -----------------------------------------------------------------------------------------

_PASSES = {
    "oscillator, back": 40,
    "oscillator, forward": 4,
    "captioner, back": 160,
    "captioner, forward": 784,
    "captioner, cheaper": "back",
}
define(
    "22.4",
    reference=_PASSES,
    allowed={"captioner, cheaper": ("back", "forward")},
    mistakes=[
        mistake(
            "a pass back starts at an output, a pass forward at an input: you have them the other way round",
            {"oscillator, back": 4, "oscillator, forward": 40, "captioner, back": 784, "captioner, forward": 160},
        ),
        mistake(
            "that is every entry of the table; a pass fills a whole row or column",
            {
                "oscillator, back": 160,
                "oscillator, forward": 160,
                "captioner, back": 160 * 784,
                "captioner, forward": 160 * 784,
            },
        ),
        mistake(
            "that counts the states' numbers; but the input is z: start a nudge at each of ITS numbers",
            {"oscillator, forward": 96},
        ),
        mistake(
            "that counts all captions that there are; the outputs are the scores: 8 words with 20 each",
            {"captioner, back": 20**8},
        ),
        mistake(
            "one pass back gives the gradient of ONE number: for many outputs it is the sum trap",
            {"oscillator, back": 1, "captioner, back": 1},
        ),
        mistake(
            "one pass forward carries ONE nudge: each input number has a pass of its own",
            {"oscillator, forward": 1, "captioner, forward": 1},
        ),
        mistake(
            "that is one pass a word; but each word comes with 20 scores, and each score is an output",
            {"captioner, back": 8},
        ),
        mistake("those are the scores of one word; there are 8 words", {"captioner, back": 20}),
        mistake("scores stand side by side, word by word: 8 times 20 outputs, not 8 + 20", {"captioner, back": 28}),
        mistake("28 is one side of the picture: each of the 28 · 28 pixels is an input", {"captioner, forward": 28}),
        mistake("the picture has 28 rows of 28 pixels: 28 times 28 inputs, not 28 + 28", {"captioner, forward": 56}),
        mistake(
            "compare your two numbers for the captioner: the smaller one is cheaper", {"captioner, cheaper": "forward"}
        ),
        mistake('the words are "back" and "forward"', {"captioner, cheaper": "backward"}),
    ],
)

# 22.5 · all columns in one walk ----------------------------------------------------------------------------------


def forward_gradients(z, S, U, b, u, T):
    """∂y_t/∂z, (T, D), for h_0 = S z, h_t = tanh(U h_{t−1} + b), y_t = u·h_t: the tangents of all inputs run forward together."""
    return _tangents(z, S, U, b, u, T)


def _tangents(z, S, U, b, u, T, slip=""):
    h, dot, each = S @ z, S.T, []
    if slip == "identity":
        dot = torch.ones_like(dot)
    if slip == "of z":
        dot = S.T * z[:, None]
    if slip == "tanh of h_0":
        h = h.tanh()
    if slip == "tanh at the start":
        dot = (1 - h.tanh() ** 2) * dot
    if slip == "tanh and slope at the start":
        h = h.tanh()
        dot = (1 - h**2) * dot
    if slip == "zeros":
        dot = torch.zeros_like(dot)
    for _ in range(T):
        before, a = h, (U.T if slip in ("U turned", "both turned") else U) @ h + (0 if slip == "no b" else b)
        h = a if slip == "no tanh" else torch.tanh(a)
        if slip == "b outside":
            h = torch.tanh(U @ before) + b
        slopes = {"old h": 1 - before**2, "of a": 1 - a**2, "no square": 1 - h, "sigmoid": h * (1 - h)}
        slopes |= {"tanh twice": 1 - h.tanh() ** 2, "(1 − h)²": (1 - h) ** 2}
        slope = slopes.get(slip, 1 - h**2)
        moved = dot @ (U if slip in ("transposed", "both turned") else U.T)
        if slip == "h stands still":
            h = before
        if slip == "bias":
            moved = moved + b
        if slip == "tanh":
            dot = torch.tanh(moved)
        elif slip == "stays":
            dot = dot + slope * moved
        elif slip == "u carried":
            dot = slope * moved * u
            each.append(dot.sum(1))
            continue
        elif slip == "slope first":
            dot = (1 - before.tanh() ** 2) * moved
        elif slip == "slope inside":
            dot = (slope * dot) @ U.T
        elif slip == "no U":
            dot = slope * dot
        elif slip == "no slope":
            dot = moved
        elif slip == "not carried":
            each.append(slope * (S.T @ U.T) @ u)
            continue
        else:
            dot = slope * moved
        each.append((1 - (u @ h) ** 2) * (dot @ u) if slip == "read-out slope" else dot @ u)
    return torch.stack(each)


def _slip(name):
    def wrong(z, S, U, b, u, T):
        return _tangents(z, S, U, b, u, T, name)

    return wrong


def _columns(z, S, U, b, u, T):
    columns = []
    for d in range(len(z)):
        h, dot, column = S @ z, S[:, d], []
        for _ in range(T):
            h = torch.tanh(U @ h + b)
            dot = (1 - h * h) * (U @ dot)
            column.append(u @ dot)
        columns.append(torch.stack(column))
    return torch.stack(columns, dim=1)


def _upright(z, S, U, b, u, T):
    h, dot, result = S @ z, S, z.new_zeros(T, len(z))
    for t in range(T):
        h = torch.tanh(U @ h + b)
        dot = (1 - h**2)[:, None] * (U @ dot)
        result[t] = u @ dot
    return result


def _start_too(z, S, U, b, u, T):
    return torch.cat([(S.T @ u)[None], forward_gradients(z, S, U, b, u, T)])


def _start_first(z, S, U, b, u, T):
    return _start_too(z, S, U, b, u, T)[:-1]


def _one_more(z, S, U, b, u, T):
    return forward_gradients(z, S, U, b, u, T + 1)


def _by_autograd(z, S, U, b, u, T):
    z = z.detach().clone().requires_grad_()
    h, each = S @ z, []
    for _ in range(T):
        h = torch.tanh(U @ h + b)
        each.append(torch.autograd.grad(u @ h, z, retain_graph=True)[0])
    return torch.stack(each)


def _without_autograd(answer, *args):
    """The exercise says: without autograd."""
    with torch.no_grad():
        return answer(*args)


def _no_read_out(z, S, U, b, u, T):
    h, dot, each = S @ z, S.T, []
    for _ in range(T):
        h = torch.tanh(U @ h + b)
        dot = (1 - h**2) * (dot @ U.T)
        each.append(dot)
    return torch.stack(each)


def _values(z, S, U, b, u, T):
    h, each = S @ z, []
    for _ in range(T):
        h = torch.tanh(U @ h + b)
        each.append(u @ h)
    return torch.stack(each)


def _network(D, H, T, label=""):
    def draw(*shape):
        return torch.randn(*shape, dtype=torch.float64)

    return case(draw(D), draw(H, D) * 0.6, draw(H, H) * 0.6, draw(H) * 0.5, draw(H), T, label=label)


define(
    "22.5",
    reference=forward_gradients,
    cases=lambda: [
        _network(3, 5, 7, "D = 3, H = 5, T = 7"),
        _network(4, 2, 3, "D = 4, H = 2, T = 3"),
        _network(1, 4, 2, "one input, two steps"),
    ],
    run=_without_autograd,
    tolerance=1e-10,
    alternatives=[_columns, _upright],
    mistakes=[
        mistake(
            "the slope is taken from the state before: update h first, then use 1 − h² of the new one", _slip("old h")
        ),
        mistake("the slope of tanh is written with its output, 1 − h²; you squared what goes into it", _slip("of a")),
        mistake("the slope of tanh is 1 − h², not 1 − h", _slip("no square")),
        mistake("h(1 − h) is the slope of a sigmoid; this is a tanh: 1 − h²", _slip("sigmoid")),
        mistake("the slope of tanh is missing: each step multiplies by 1 − h²", _slip("no slope")),
        mistake("U is missing: the nudge goes through it at every step, as h does", _slip("no U")),
        mistake("a row of `dot` meets U as dot @ U.T: you have U the other way round", _slip("transposed")),
        mistake("b is a constant: nudging z does not change it, so it has no place in the tangent", _slip("bias")),
        mistake("a tangent is not squashed: it is multiplied by the slope of tanh, 1 − h²", _slip("tanh")),
        mistake("the tangent does not pile up: the new one replaces the old one", _slip("stays")),
        mistake(
            "every step starts again from h_0's tangent: carry the new `dot` on to the next step", _slip("not carried")
        ),
        mistake("ḣ_0 is a column of S for each input, so S.T; it is not all ones", _slip("identity")),
        mistake("a gradient, not gradient × input: ḣ_0 is S.T alone, without z", _slip("of z")),
        mistake("h_0 = S z has no tanh: its tangent is S.T, without a slope", _slip("tanh at the start")),
        mistake("h_0 = S z has no tanh: only the steps after it do", _slip("tanh of h_0")),
        mistake(
            "h_0 = S z has no tanh, so its tangent has no slope either: begin with S @ z and S.T",
            _slip("tanh and slope at the start"),
        ),
        mistake("the tangents begin at zero, so nothing is nudged: ḣ_0 is a column of S, S.T for all", _slip("zeros")),
        mistake("h has been through its tanh already: the slope is 1 − h², without another tanh", _slip("tanh twice")),
        mistake("h is squared, not the difference: 1 − h², and you have (1 − h)²", _slip("(1 − h)²")),
        mistake("first U, then the slope: the slope is that of the tanh behind U", _slip("slope inside")),
        mistake("the tanh is missing where h is computed: h_t = tanh(U h_{t−1} + b)", _slip("no tanh")),
        mistake("the read-out y_t = u · h_t has no tanh, so no slope: ẏ_t is dot @ u alone", _slip("read-out slope")),
        mistake(
            "here autograd is switched off: no backward pass. Carry the tangents `dot` forward beside h, by the two rules above",
            _by_autograd,
        ),
        mistake("one step too many: T rows, for t = 1 … T", _one_more),
        mistake("b belongs inside the tanh: h_t = tanh(U h_{t−1} + b)", _slip("b outside")),
        mistake(
            "h stands still: the new state has to replace the old one, h = tanh(U @ h + b)", _slip("h stands still")
        ),
        mistake("h goes through U itself: U @ h. Only the rows of `dot` need U.T", _slip("U turned")),
        mistake(
            "U is turned round in both: U @ h for the state, dot @ U.T for the rows of `dot`", _slip("both turned")
        ),
        mistake(
            "u multiplies and is not summed: y_t = u · h_t, so each row is dot @ u, shape (D,)",
            lambda z, S, U, b, u, T: _no_read_out(z, S, U, b, u, T) * u,
        ),
        slips.result_reversed(forward_gradients, axis=0, says="the rows stand in reverse: t = 1 comes first"),
        slips.summed_over(
            forward_gradients, 0, says="the steps are added up: that is the sum trap; every step has a row of its own"
        ),
        mistake(
            "this is a list of T rows: torch.stack makes one tensor of them, (T, D)",
            lambda *args: list(forward_gradients(*args)),
        ),
        mistake("b is missing where h is computed: U @ h + b; only the tangent does without it", _slip("no b")),
        mistake(
            "the slope belongs to what goes into this step's tanh: update h first, then 1 − h² of the new one",
            _slip("slope first"),
        ),
        mistake(
            "the read-out u is carried on: multiply by u for the result alone, not for the next step",
            _slip("u carried"),
        ),
        slips.last_step_left_out(forward_gradients, axis=0, says="the last step is missing: T steps, so range(T)"),
        mistake("h_0 has no output here: T rows, for t = 1 … T, and yours has one for h_0 too", _start_too),
        mistake("you read out before the step: the first row belongs to h_1, not to h_0", _start_first),
        mistake("the read-out is missing: y_t = u · h_t, so each row is dot @ u, shape (D,)", _no_read_out),
        mistake("these are the outputs y_t; their gradients are wanted, (T, D)", _values),
        slips.transposed(forward_gradients, says="rows and columns are exchanged: a row for each step, (T, D)"),
        slips.last_only(forward_gradients, axis=0, says="this is the last output's row alone; every step has one"),
        mistake(
            "the inputs are summed: keep a number for each of them, (T, D)",
            lambda *args: forward_gradients(*args).sum(1),
        ),
    ],
)
