"""Lesson 27 · Debugging: bugs by eye, the causality test, the batch matrix, two unseen networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lstmkit.exercises import case, define, mistake, slips

__all__ = ["suspects"]

# 27.1 · by eye ---------------------------------------------------------------------------------------------------

define(
    "27.1",
    reference={
        "network 1": "causal",
        "network 2": "independent",
        "network 3": "memory",
        "network 4": "growth",
        "network 5": "padding",
        "network 6": "target",
    },
    allowed=("causal", "independent", "padding", "memory", "growth", "target"),
    mistakes=[
        mistake(
            "nothing is fed to it but x; but which steps of x does a backward half read before it answers at step t?",
            {"network 1": "target"},
        ),
        mistake("two directions forget no more than one; ask what the second one has read", {"network 1": "memory"}),
        mistake(
            "steps get mixed up, too, but look further: reshape (N, T) to (T, N) and row n is no longer one sequence",
            {"network 2": "causal"},
        ),
        mistake("it keeps its state; but whose? Where do the entries go in reshape(T, N, D)?", {"network 2": "memory"}),
        mistake(
            "its steps come in order and none comes early; what is the state at the start of each call?",
            {"network 3": "causal"},
        ),
        mistake(
            "what is carried from one call of the layer to the next? Nothing can grow there", {"network 3": "growth"}
        ),
        mistake(
            "it forgets nothing: 32 units, each fed by 32 weights of size 1. What does U do to a small difference, again and again?",
            {"network 4": "memory"},
        ),
        mistake("it reads forwards only; look at the size of its recurrent weights", {"network 4": "causal"}),
        mistake(
            "it may forget some on the way through the zeros, but that is the consequence: which step is h[:, -1] of a short sequence?",
            {"network 5": "memory"},
        ),
        mistake(
            "it answers after the last step, so no step is later; but is the last step a real one?",
            {"network 5": "causal"},
        ),
        mistake(
            "x is read to its end before the decoder begins, as it should be; what does the decoder read?",
            {"network 6": "causal"},
        ),
        mistake(
            "its sequences have no padding; what does the decoder read when it has to put out target[:, t]?",
            {"network 6": "padding"},
        ),
        mistake(
            "its sequences stay apart, batch_first=True sees to that; which way along the time axis does its second half read?",
            {"network 1": "independent"},
        ),
        mistake(
            "every step of a forecast's input is real; which of these real steps does the backward half read before it answers?",
            {"network 1": "padding"},
        ),
        mistake(
            "its weights start as torch's do; what do two directions know at step t that one does not?",
            {"network 1": "growth"},
        ),
        mistake(
            "no step is padded in a forecast; follow one number through the two calls of reshape",
            {"network 2": "padding"},
        ),
        mistake(
            "the layer itself is sound, with torch's own weights; what happens to x before it gets there?",
            {"network 2": "growth"},
        ),
        mistake(
            "it is given x and nothing else; but does row n still hold sequence n after reshape(T, N, D)?",
            {"network 2": "target"},
        ),
        mistake(
            "split cuts along the time axis, so the sequences stay apart; what does a call of the layer know of the call before?",
            {"network 3": "independent"},
        ),
        mistake(
            "all 24 steps are real; what does each call of the layer start from?",
            {"network 3": "padding"},
        ),
        mistake(
            "y is never handed to it; what is handed from one call of the layer to the next?",
            {"network 3": "target"},
        ),
        mistake(
            "batch_first=True, and no reshape: the sequences stay apart. Look at the one line that differs from an ordinary RNN",
            {"network 4": "independent"},
        ),
        mistake(
            "a forecast has no padded steps; look at the one line that differs from an ordinary RNN",
            {"network 4": "padding"},
        ),
        mistake(
            "it is given x alone; look at the one line that differs from an ordinary RNN",
            {"network 4": "target"},
        ),
        mistake(
            "batch_first=True, and no reshape: the sequences stay apart. How long is each of them, and where does that enter?",
            {"network 5": "independent"},
        ),
        mistake(
            "its weights start as torch's do; what of `lengths`, which it is given: where are they used?",
            {"network 5": "growth"},
        ),
        mistake(
            "the frequency is never handed to it; `lengths` are, but where are they used?",
            {"network 5": "target"},
        ),
        mistake(
            "both layers have batch_first=True, and nothing is reshaped; which numbers does the decoder read, and which must it put out?",
            {"network 6": "independent"},
        ),
        mistake(
            "the encoder's state is handed on; would the decoder even need it, with what it reads at each step?",
            {"network 6": "memory"},
        ),
        mistake(
            "its weights start as torch's do; compare what the decoder reads at step t with what it must put out there",
            {"network 6": "growth"},
        ),
    ],
)

# 27.2 · causality ------------------------------------------------------------------------------------------------


def sees_future(model, x):
    """The largest |∂y[n, t, k]/∂x[n, s, d]| with s > t, over everything; 0 for a causal model."""
    x = x.detach().clone().requires_grad_()
    y = model(x)
    worst = torch.zeros(())
    for t in range(y.shape[1] - 1):
        for k in range(y.shape[2]):
            grad = torch.autograd.grad(y[:, t, k].sum(), x, retain_graph=True)[0]
            worst = torch.maximum(worst, grad[:, t + 1 :].abs().max())
    return worst


def _largest(late):
    return late.abs().max()


def _future(
    steps=None, first=1, last=None, summed=False, outputs=None, rows=None, inputs=None, of=_largest, one=torch.sum
):
    """The test with a slip: some steps t alone, s from t + first to t + last, outputs summed, some outputs, rows or inputs alone.

    of: what is taken of the later entries. one: what is made of the batch before the pass back.
    """

    def wrong(model, x):
        x = x.detach().clone().requires_grad_()
        y = model(x)
        T, worst = y.shape[1], torch.zeros(())
        for t in range(T) if steps is None else steps(T):
            for k in [None] if summed else range(y.shape[2])[outputs or slice(None)]:
                number = one(y[:, t] if summed else y[:, t, k])
                late = torch.autograd.grad(number, x, retain_graph=True)[0][rows or slice(None)]
                late = late[:, t + first : None if last is None else t + last + 1, inputs or slice(None)]
                if late.numel():
                    worst = torch.maximum(worst, of(late))
        return worst

    return wrong


def _past(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    worst = torch.zeros(())
    for t in range(1, y.shape[1]):
        for k in range(y.shape[2]):
            grad = torch.autograd.grad(y[:, t, k].sum(), x, retain_graph=True)[0]
            worst = torch.maximum(worst, grad[:, :t].abs().max())
    return worst


def _sum_of_steps(model, x):
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(model(x).sum(), x)[0][:, 1:].abs().max()


def _added_up(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    total = torch.zeros(())
    for t in range(y.shape[1] - 1):
        for k in range(y.shape[2]):
            grad = torch.autograd.grad(y[:, t, k].sum(), x, retain_graph=True)[0]
            total = total + grad[:, t + 1 :].abs().sum()
    return total


def _everything(model, x):
    """All s, not the later ones alone."""
    x = x.detach().clone().requires_grad_()
    y = model(x)
    worst = torch.zeros(())
    for t in range(y.shape[1] - 1):
        for k in range(y.shape[2]):
            worst = torch.maximum(worst, torch.autograd.grad(y[:, t, k].sum(), x, retain_graph=True)[0].abs().max())
    return worst


def _up_to_t(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    worst = torch.zeros(())
    for t in range(y.shape[1] - 1):
        for k in range(y.shape[2]):
            grad = torch.autograd.grad(y[:, t, k].sum(), x, retain_graph=True)[0]
            worst = torch.maximum(worst, grad[:, : t + 1].abs().max())
    return worst


def _last_one_stays(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    for t in range(y.shape[1] - 1):
        for k in range(y.shape[2]):
            worst = torch.autograd.grad(y[:, t, k].sum(), x, retain_graph=True)[0][:, t + 1 :].abs().max()
    return worst


def _in_one_grad(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    worst = torch.zeros(())
    for t in range(y.shape[1] - 1):
        for k in range(y.shape[2]):
            y[:, t, k].sum().backward(retain_graph=True)
            worst = torch.maximum(worst, x.grad[:, t + 1 :].abs().max())
    return worst


def _past_the_end(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    worst = torch.zeros(())
    for t in range(y.shape[1]):
        for k in range(y.shape[2]):
            grad = torch.autograd.grad(y[:, t, k].sum(), x, retain_graph=True)[0]
            worst = torch.maximum(worst, grad[:, t + 1 :].abs().max())
    return worst


def _inputs_for_outputs(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    worst = torch.zeros(())
    for t in range(y.shape[1] - 1):
        for k in range(x.shape[2]):
            grad = torch.autograd.grad(y[:, t, k].sum(), x, retain_graph=True)[0]
            worst = torch.maximum(worst, grad[:, t + 1 :].abs().max())
    return worst


def _one_pass(model, x):
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(model(x).sum(), x)[0].abs().max()


def _maxima_added(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    worst = torch.zeros(())
    for t in range(y.shape[1] - 1):
        for k in range(y.shape[2]):
            grad = torch.autograd.grad(y[:, t, k].sum(), x, retain_graph=True)[0]
            worst = worst + grad[:, t + 1 :].abs().max()
    return worst


def _outputs(choose):
    """Several output steps in one pass: choose(t) is their slice."""

    def wrong(model, x):
        x = x.detach().clone().requires_grad_()
        y = model(x)
        worst = torch.zeros(())
        for t in range(y.shape[1] - 1):
            for k in range(y.shape[2]):
                grad = torch.autograd.grad(y[:, choose(t), k].sum(), x, retain_graph=True)[0]
                worst = torch.maximum(worst, grad[:, t + 1 :].abs().max())
        return worst

    return wrong


_outputs_from_t, _outputs_to_t = _outputs(lambda t: slice(t, None)), _outputs(lambda t: slice(0, t + 1))


def _several_numbers(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    worst = torch.zeros(())
    for t in range(y.shape[1] - 1):
        for k in range(y.shape[2]):
            grad = torch.autograd.grad(y[:, t, k], x, retain_graph=True)[0]
            worst = torch.maximum(worst, grad[:, t + 1 :].abs().max())
    return worst


def _freed(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    worst = torch.zeros(())
    for t in range(y.shape[1] - 1):
        for k in range(y.shape[2]):
            grad = torch.autograd.grad(y[:, t, k].sum(), x)[0]
            worst = torch.maximum(worst, grad[:, t + 1 :].abs().max())
    return worst


def _from_library(model, x):
    from lstmkit.gradients import sequence_jacobian

    J = sequence_jacobian(lambda x: model(x), x).abs().amax(dim=(0, 2, 4))  # (T, T)
    return J.triu(1).max()


def _models():
    layer, both = nn.LSTM(2, 4, batch_first=True), nn.LSTM(2, 4, batch_first=True, bidirectional=True)
    V, W = torch.randn(4, 3), torch.randn(8, 2) * torch.tensor([2.0, 0.5])

    def causal(x):  # and it remembers the last step better than it hears the present one
        before = torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], dim=1)
        return layer(x)[0] @ V + 0.9 * before.sum(2, keepdim=True)

    def bidirectional(x):
        return both(x)[0] @ W

    def late_window(x):  # the answer of the last step but one has been taken from a window that holds the last
        y, third = layer(x)[0] @ V, torch.tensor([0.0, 0.0, 1.0])
        return torch.cat([y[:, :-2], y[:, -2:-1] - 0.5 * x[:, -1:].sum(2, keepdim=True) * third, y[:, -1:]], dim=1)

    def opposite(x):  # two outputs that see the same future with opposite signs
        y = layer(x)[0] @ V
        ahead = torch.cat([x[:, 1:, :1], x[:, -1:, :1]], dim=1)
        return y + 0.7 * torch.cat([ahead * 0, -ahead, ahead], dim=2)  # the second and the third

    def two_ahead(x):  # sees the step after the next, and only that
        y = layer(x)[0] @ V
        ahead = torch.cat([x[:, 2:, :1], torch.zeros_like(x[:, :2, :1])], dim=1)
        return y + 0.8 * ahead * torch.tensor([1.0, 0.0, 0.0])  # in its first output

    def in_one_row(x):  # only the last sequence of the batch sees the future
        y = layer(x)[0] @ V
        ahead = torch.cat([x[:, 1:, 1:], torch.zeros_like(x[:, :1, :1])], dim=1)  # of input number 2
        ahead = ahead * torch.linspace(1.0, 0.4, x.shape[1])[:, None]  # most of all at the first step
        return y + ahead * (torch.arange(len(x)) == len(x) - 1).view(-1, 1, 1)

    return [
        case(two_ahead, torch.randn(2, 6, 2), label="sees two steps ahead, not one"),
        case(in_one_row, torch.randn(3, 5, 2), label="only the last sequence of the batch sees the future"),
        case(causal, torch.randn(3, 6, 2), label="a causal model: exactly 0"),
        case(bidirectional, torch.randn(2, 5, 2), label="a bidirectional one"),
        case(late_window, torch.randn(2, 7, 2), label="only the last step but one sees the future"),
        case(opposite, torch.randn(1, 4, 2), label="a batch of one; two outputs see it with opposite signs"),
    ]


define(
    "27.2",
    reference=sees_future,
    cases=_models,
    alternatives=[_from_library],
    mistakes=[
        mistake(
            "you look at one t only, the middle one; a leak can sit at any step: try them all",
            _future(lambda T: [T // 2]),
        ),
        mistake(
            "you look at the first output step only; a leak can sit at any step: try them all (or does your `return` stand inside the loop?)",
            _future(lambda T: [0]),
        ),
        mistake(
            "the last output has no future: this is 0 for every model. Try all t",
            _future(lambda T: [T - 1]),
        ),
        mistake("step t itself is no future: look from s = t + 1 on, grad[:, t + 1:]", _future(first=0)),
        mistake(
            "step t itself belongs to the present: the future is grad[:, t + 1:]",
            _future(lambda T: range(T - 1), first=0),
        ),
        mistake("you take all s: the future of step t is grad[:, t + 1:] alone", _everything),
        mistake(
            "that is the past and the present, s ≤ t, which every model may use: the future is grad[:, t + 1:]",
            _up_to_t,
        ),
        mistake(
            "the last output step but one is left out, and it has a future of one step: range(T − 1)",
            _future(lambda T: range(T - 2)),
        ),
        mistake(
            "the last step has no future, so grad[:, t + 1:] is empty there (and the batch is axis 0, time axis 1): range(T − 1)",
            _past_the_end,
        ),
        mistake(
            "that is the smallest entry: a leak is found by the largest", _future(of=lambda late: late.abs().min())
        ),
        mistake(
            "each gradient is divided by the number of sequences: y[:, t, k].sum() for .mean()", _future(one=torch.mean)
        ),
        mistake(
            "that is a norm: it grows with the number of entries. The largest alone is wanted", _future(of=torch.norm)
        ),
        mistake("that is a square: the largest absolute value is wanted", _future(of=lambda late: late.square().max())),
        mistake(
            "the later entries are added up before you look, and leaks of opposite signs cancel: first .abs(), then .max()",
            _future(of=lambda late: late.sum().abs()),
        ),
        mistake(
            "the sequences are averaged before you look: a leak in one of them is watered down. The largest of all entries",
            _future(of=lambda late: late.mean(0).abs().max()),
        ),
        mistake(
            "first .abs(), then .max(): the largest entry with its sign overlooks a large negative one",
            _future(of=lambda late: late.max().abs()),
        ),
        mistake("each pass writes over what the ones before have found: keep the largest of all", _last_one_stays),
        mistake(
            "gradients pile up in x.grad: set x.grad = None before each pass, or use torch.autograd.grad", _in_one_grad
        ),
        mistake("y[:, t, k] holds a number for each sequence, and grad wants one: y[:, t, k].sum()", _several_numbers),
        mistake("the first pass frees the graph that the next one needs: retain_graph=True keeps it", _freed),
        mistake("you look at the last of the K outputs only: try them all", _future(outputs=slice(-1, None))),
        mistake(
            "you look at the first of the D inputs only: a leak can come in by any of them", _future(inputs=slice(0, 1))
        ),
        mistake("you begin at s = t + 2, so a peek of one step goes unseen: grad[:, t + 1:]", _future(first=2)),
        mistake(
            "you look one step ahead only, grad[:, t + 1]; a leak can come from any later step: grad[:, t + 1:]",
            _future(last=1),
        ),
        mistake(
            "you look at the first sequence of the batch alone: a leak can sit in any of them",
            _future(rows=slice(0, 1)),
        ),
        mistake(
            "that is the mean of the later entries: a leak at one step drowns in it; take the largest",
            _future(of=lambda late: late.abs().mean()),
        ),
        mistake("a negative gradient is a dependence too: take the absolute value", _future(of=torch.max)),
        mistake(
            "the outputs k are summed, and two that see the same step with opposite signs cancel: one k at a time",
            _future(summed=True),
        ),
        mistake("you look at the first of the K outputs only: try them all", _future(outputs=slice(0, 1))),
        mistake("that is the past, s < t, which every model with a memory may use", _past),
        mistake("one pass for y.sum() mixes all output steps: each step t needs a pass of its own", _one_pass),
        mistake("k runs over the K outputs, y.shape[2], not over the inputs", _inputs_for_outputs),
        mistake("the sum over the steps t mixes past and future: one output step at a time", _sum_of_steps),
        mistake("return the largest entry, not the sum of all", _added_up),
        mistake(
            "t = 0 is left out: the first output has the longest future, range(T − 1)",
            _future(lambda T: range(1, T - 1)),
        ),
        mistake(
            "you look at the last sequence of the batch alone: a leak can sit in any of them",
            _future(rows=slice(-1, None)),
        ),
        mistake(
            "you look at the last input step alone, grad[:, -1]: a leak can come from any later step",
            _future(of=lambda late: late[:, -1].abs().max()),
        ),
        mistake(
            "the D inputs are added up before you look, and can cancel: first .abs(), then .max()",
            _future(of=lambda late: late.sum(2).abs().max()),
        ),
        mistake(
            "that is the norm over the D inputs: the largest single entry is wanted",
            _future(of=lambda late: late.norm(dim=2).max()),
        ),
        mistake(
            "the later entries are added up in each pass: of them, too, the largest is wanted, .abs().max()",
            _future(of=lambda late: late.abs().sum()),
        ),
        mistake(
            "the mean over the later steps waters a leak down: .abs().max()",
            _future(of=lambda late: late.abs().mean(1).max()),
        ),
        mistake("the passes' maxima are added up: keep the largest of them", _maxima_added),
        mistake("y[:, t:] sums all outputs from t on: one output step at a time, y[:, t]", _outputs_from_t),
        mistake(
            "y[:, :t + 1] sums all outputs up to t, which can cancel: one output step at a time, y[:, t]", _outputs_to_t
        ),
        mistake(
            "this says whether there is a leak; how large the largest gradient is was asked",
            lambda model, x: bool(sees_future(model, x) > 0),
        ),
    ],
)

# 27.3 · across the batch -----------------------------------------------------------------------------------------


def batch_matrix(model, x):
    """The norm of ∂(y[n].sum())/∂x[m] for every pair of sequences, (N, N)."""
    x = x.detach().clone().requires_grad_()
    y = model(x)
    rows = [torch.autograd.grad(one.sum(), x, retain_graph=True)[0].flatten(1).norm(dim=1) for one in y]
    return torch.stack(rows)


def _batch_with(reduce, choose=lambda y, n: y[n].sum()):
    def wrong(model, x):
        x = x.detach().clone().requires_grad_()
        y = model(x)
        grads = [torch.autograd.grad(choose(y, n), x, retain_graph=True)[0].flatten(1) for n in range(len(y))]
        return torch.stack([reduce(grad) for grad in grads])

    return wrong


def _fresh_pass_each(model, x):
    rows = []
    for n in range(len(x)):
        leaf = x.detach().clone().requires_grad_()
        model(leaf)[n].sum().backward()
        rows.append(leaf.grad.square().sum(dim=(1, 2)).sqrt())
    return torch.stack(rows)


def _piled_up(model, x):
    x = x.detach().clone().requires_grad_()
    y, rows = model(x), []
    for one in y:
        one.sum().backward(retain_graph=True)
        rows.append(x.grad.flatten(1).norm(dim=1))
    return torch.stack(rows)


def _each_alone(model, x):
    rows = []
    for one in x:
        leaf = one[None].detach().clone().requires_grad_()
        rows.append(torch.autograd.grad(model(leaf).sum(), leaf)[0].norm())
    return torch.diag(torch.stack(rows))


def _one_step_each(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    rows = [torch.autograd.grad(y[:, n].sum(), x, retain_graph=True)[0].flatten(1).norm(dim=1) for n in range(len(y))]
    return torch.stack(rows)


def _as_many_as_steps(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    rows = [torch.autograd.grad(y[n].sum(), x, retain_graph=True)[0].flatten(1).norm(dim=1) for n in range(x.shape[1])]
    return torch.stack(rows)


def _whole_blocks(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    return torch.stack([torch.autograd.grad(one.sum(), x, retain_graph=True)[0] for one in y])


def _many_numbers(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    return torch.stack([torch.autograd.grad(one, x, retain_graph=True)[0].flatten(1).norm(dim=1) for one in y])


def _graph_freed(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    return torch.stack([torch.autograd.grad(one.sum(), x)[0].flatten(1).norm(dim=1) for one in y])


def _batches():
    layer, V = nn.LSTM(2, 4, batch_first=True), torch.randn(4, 1)

    def clean(x):
        return layer(x)[0] @ V

    def reshaped(x):
        N, T, D = x.shape
        return (layer(x.reshape(T, N, D).transpose(0, 1))[0].transpose(0, 1) @ V).reshape(N, T, 1)

    def neighbour(x):
        return clean(x) + 0.5 * torch.cat([x[1:], x[:1] * 0])[..., :1]

    return [
        case(clean, torch.randn(3, 5, 2), label="a clean model: a diagonal"),
        case(reshaped, torch.randn(4, 6, 2), label="a reshape where a transpose belongs"),
        case(neighbour, torch.randn(3, 4, 2), label="each sequence sees the next one"),
        case(clean, torch.randn(2, 3, 2), label="two short sequences"),
    ]


define(
    "27.3",
    reference=batch_matrix,
    cases=_batches,
    alternatives=[_fresh_pass_each],
    mistakes=[
        mistake(
            "every row is the same: you differentiate the whole batch's sum; take one sequence at a time, y[n].sum()",
            _batch_with(lambda grad: grad.norm(dim=1), lambda y, n: y.sum()),
        ),
        mistake(
            "rows and columns are swapped: entry [n, m] is output sequence n, input sequence m",
            lambda model, x: batch_matrix(model, x).T,
        ),
        mistake(
            "the gradient's entries are added with their signs, and can cancel: take the norm over steps and inputs",
            _batch_with(lambda grad: grad.sum(dim=1)),
        ),
        mistake(
            "this holds only what each sequence does to itself, the diagonal: the other entries are what we look for",
            lambda model, x: batch_matrix(model, x).diagonal(),
        ),
        mistake(
            "this is the norm over the other sequences too: keep one number for each m",
            _batch_with(lambda grad: grad.norm()),
        ),
        mistake(
            "the sequences' gradients pile up in x.grad from row to row: use torch.autograd.grad, or set x.grad = None",
            _piled_up,
        ),
        mistake(
            "only the last step of each output is differentiated: sum over all of y[n]",
            _batch_with(lambda grad: grad.norm(dim=1), lambda y, n: y[n, -1].sum()),
        ),
        mistake(
            "you take the largest entry: the norm is the root of the sum of squares, over steps and inputs",
            _batch_with(lambda grad: grad.abs().amax(dim=1)),
        ),
        mistake(
            "you add up absolute values: the norm is the root of the sum of squares",
            _batch_with(lambda grad: grad.abs().sum(dim=1)),
        ),
        mistake(
            "you take the mean of the absolute values: the norm is the root of the sum of squares",
            _batch_with(lambda grad: grad.abs().mean(dim=1)),
        ),
        mistake("that is the norm's square: the root is missing", _batch_with(lambda grad: grad.square().sum(dim=1))),
        mistake(
            "you take the root of the MEAN of squares: the norm is that of their sum",
            _batch_with(lambda grad: grad.square().mean(dim=1).sqrt()),
        ),
        mistake(
            "y[n] is averaged over its steps: y[n].sum() for y[n].mean()",
            _batch_with(lambda grad: grad.norm(dim=1), lambda y, n: y[n].mean()),
        ),
        mistake(
            "the gradient of the SUM of y[n] was asked: you differentiate the norm of y[n]",
            _batch_with(lambda grad: grad.norm(dim=1), lambda y, n: y[n].norm()),
        ),
        mistake(
            "the gradient of the SUM of y[n] was asked, without absolute values of the outputs",
            _batch_with(lambda grad: grad.norm(dim=1), lambda y, n: y[n].abs().sum()),
        ),
        mistake(
            "only the first step of each output is differentiated: sum over all of y[n]",
            _batch_with(lambda grad: grad.norm(dim=1), lambda y, n: y[n, 0].sum()),
        ),
        mistake(
            "the steps' norms are added up: one norm over steps and inputs together, grad.flatten(1).norm(dim=1)",
            lambda model, x: _whole_blocks(model, x).norm(dim=3).sum(2),
        ),
        mistake(
            "the norm runs over the sequences, and steps and inputs stay: the other way round, grad.flatten(1).norm(dim=1)",
            lambda model, x: _whole_blocks(model, x).norm(dim=1),
        ),
        mistake(
            "the gradient is averaged over the steps before the norm: grad.flatten(1).norm(dim=1)",
            lambda model, x: _whole_blocks(model, x).mean(2).norm(dim=2),
        ),
        mistake(
            "the steps' norms are averaged: one norm over steps and inputs together, grad.flatten(1).norm(dim=1)",
            lambda model, x: _whole_blocks(model, x).norm(dim=3).mean(2),
        ),
        mistake("y[:, n] is step n of all sequences: sequence n is y[n]", _one_step_each),
        mistake(
            "only the diagonal is kept: what we look for stands beside it",
            lambda model, x: torch.diag(batch_matrix(model, x).diagonal()),
        ),
        mistake("n runs over the sequences, len(x), not over the steps", _as_many_as_steps),
        mistake(
            "each sequence is run alone, so none can depend on another: run the whole batch, then differentiate y[n].sum()",
            _each_alone,
        ),
        mistake(
            "these are the gradients themselves, (N, N, T, D): take the norm over the last two axes", _whole_blocks
        ),
        mistake(
            "the norm is over the steps alone: over the inputs D, too, grad.flatten(1).norm(dim=1)",
            lambda model, x: _whole_blocks(model, x).norm(dim=2),
        ),
        mistake(
            "the norm is over the inputs alone: over the steps, too, grad.flatten(1).norm(dim=1)",
            lambda model, x: _whole_blocks(model, x).norm(dim=3),
        ),
        mistake(
            "the norm runs over the sequences, dim=0: keep these apart, grad.flatten(1).norm(dim=1)",
            lambda model, x: _whole_blocks(model, x).flatten(2).norm(dim=1),
        ),
        mistake(
            "the steps' gradients are added up before the norm and can cancel: grad.flatten(1).norm(dim=1)",
            lambda model, x: _whole_blocks(model, x).sum(2).norm(dim=2),
        ),
        mistake(
            "the diagonal is set to zero, or taken away: it belongs to the matrix, too",
            lambda model, x: batch_matrix(model, x) * (1 - torch.eye(len(x))),
        ),
        mistake(
            "this says who depends on whom, yes or no: the size was asked", lambda model, x: batch_matrix(model, x) > 0
        ),
        mistake(
            "torch.cat writes the rows behind each other: torch.stack makes a matrix of them",
            lambda model, x: batch_matrix(model, x).flatten(),
        ),
        mistake(
            "this is a list of rows: torch.stack makes a matrix of them", lambda model, x: list(batch_matrix(model, x))
        ),
        slips.first_only(batch_matrix, axis=0, says="this is the first row alone: one for each sequence n"),
        mistake(
            "only the first row is there: does your `return` stand inside the loop?",
            lambda model, x: batch_matrix(model, x)[:1],
        ),
        mistake("y[n] has a number for each step, and grad wants one: y[n].sum()", _many_numbers),
        mistake("the first pass frees the graph that the next one needs: retain_graph=True keeps it", _graph_freed),
    ],
)

# 27.4 · two unseen networks --------------------------------------------------------------------------------------


class SuspectA(nn.Module):  # the name gives nothing away: learners print(A)
    """Each sequence is brought to mean 0 and standard deviation 1, over all of its steps, before a causal LSTM reads it."""

    def __init__(self):
        super().__init__()
        self.layer, self.read = nn.LSTM(1, 16, batch_first=True), nn.Linear(16, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = (x - x.mean(dim=1, keepdim=True)) / x.std(dim=1, keepdim=True)
        return self.read(self.layer(x)[0])


class SuspectB(nn.Module):
    """Takes the last real step of both directions; but the backward one began in the padding."""

    def __init__(self):
        super().__init__()
        self.layer, self.read = nn.LSTM(1, 16, batch_first=True, bidirectional=True), nn.Linear(32, 1)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        h = self.layer(x)[0]
        return self.read(h[torch.arange(len(x), device=x.device), lengths - 1])


def suspects() -> dict[str, nn.Module]:
    """The two networks of Exercise 27.4, always the same. A: x (N, T, 1) → y (N, T, 1). B: x (N, T, 1), lengths (N,) → y (N, 1)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(18)
        return {"A": SuspectA(), "B": SuspectB()}


define(
    "27.4",
    reference={"A line": "causal", "A cure": "c", "B line": "padding", "B cure": "d"},
    allowed={
        "A line": ("causal", "independent", "padding", "memory", "growth", "target"),
        "A cure": ("a", "b", "c", "d"),
        "B line": ("causal", "independent", "padding", "memory", "growth", "target"),
        "B cure": ("a", "b", "c", "d"),
    },
    mistakes=[
        mistake(
            "audit passes that line: each sequence's outputs depend on that sequence alone", {"A line": "independent"}
        ),
        mistake(
            "that line only describes, unless you ask for so many steps: look for the ✗, from the top",
            {"A line": "memory"},
        ),
        mistake("there is no target here: look for the ✗", {"A line": "target", "B line": "target"}),
        mistake("A's sequences have no padding: look for the ✗ of gradients.audit(A, x)", {"A line": "padding"}),
        mistake("that line only describes here: no ✗ stands in it", {"A line": "growth", "B line": "growth"}),
        mistake(
            "print(A): its layer is not bidirectional. So the future comes in before the layer: test A on one step more of input",
            {"A cure": "a"},
        ),
        mistake(
            "A carries its state (the memory line reaches back): look at what happens to x before the layer",
            {"A cure": "b"},
        ),
        mistake("A has no padding; its sequences all have T steps", {"A cure": "d"}),
        mistake(
            "it answers once, after the last step: no step is later. Did you give audit the lengths?",
            {"B line": "causal"},
        ),
        mistake(
            "that line only describes; give lengths=lengths, so that audit can ask about padding",
            {"B line": "memory"},
        ),
        mistake("audit passes that line: no sequence depends on another", {"B line": "independent"}),
        mistake(
            "that would take away what B is for: it may read in both directions, for it answers at the end. But where does "
            "its backward half begin?",
            {"B cure": "a"},
        ),
        mistake("B carries its state; where does its backward half begin?", {"B cure": "b"}),
        mistake("nothing in B rescales x; where does its backward half begin?", {"B cure": "c"}),
    ],
)
