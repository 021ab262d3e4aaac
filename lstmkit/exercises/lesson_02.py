"""Lesson 02 · Shapes: eight shapes, the final state in both directions, the last valid step, who moves whom in a batch."""

from __future__ import annotations

import torch
from torch import nn

from lstmkit.exercises import case, define, mistake

# 02.1 · eight shapes ---------------------------------------------------------------------------------------------
# nn.LSTM(6, 10, num_layers=2, bidirectional=True, batch_first=True) on 16 sequences of 25 steps with 6 numbers each

TIME_MAJOR = "output, without batch_first"

define(
    "02.1",
    reference={
        "x": (16, 25, 6),
        "output": (16, 25, 20),
        "h_n": (4, 16, 10),
        "c_n": (4, 16, 10),
        "weight_ih_l0": (40, 6),
        "weight_hh_l0": (40, 10),
        "weight_ih_l1": (40, 20),
        TIME_MAJOR: (25, 16, 20),
    },
    mistakes=[
        mistake("that is time first; with batch_first=True it is (N, T, D)", {"x": (25, 16, 6)}),
        mistake("the input size D comes last: (N, T, D)", {"x": (16, 6, 25)}),
        mistake("the batch is missing: 16 sequences, each (T, D)", {"x": (25, 6)}),
        mistake(
            "the input has D = 6 numbers at each step; H = 10 is the size of the state, inside the layer",
            {"x": (16, 25, 10)},
        ),
        mistake("that is one direction; both halves stand side by side, 2 · H = 20", {"output": (16, 25, 10)}),
        mistake(
            "layers do not add up here: only the last layer comes out, in both directions", {"output": (16, 25, 40)}
        ),
        mistake("output has a time axis: it holds every step", {"output": (16, 20)}),
        mistake("with batch_first=True the output is batch first, as x is", {"output": (25, 16, 20)}),
        mistake("what comes out has the size of the states, not of the input", {"output": (16, 25, 6)}),
        mistake("batch_first does not touch h_n: rows first, batch second", {"h_n": (16, 4, 10)}),
        mistake("each layer has two directions, with a row for each: L · directions = 4", {"h_n": (2, 16, 10)}),
        mistake("in h_n directions are rows of their own, not two halves side by side", {"h_n": (2, 16, 20)}),
        mistake("the last axis is H alone; the directions are already counted in the 4 rows", {"h_n": (4, 16, 20)}),
        mistake("h_n has no time axis: it holds one state for each row and sequence", {"h_n": (4, 16, 25, 10)}),
        mistake("h_n has a row for each layer and direction, not for the last layer alone", {"h_n": (16, 20)}),
        mistake("c_n is laid out like h_n: batch second, whatever batch_first says", {"c_n": (16, 4, 10)}),
        mistake("c_n has a row for each layer and each direction, 2 · 2 = 4", {"c_n": (2, 16, 10)}),
        mistake("there are four gates but only one cell state: its size is H", {"c_n": (4, 16, 40)}),
        mistake(
            "c_n is the last cell state alone; the cell states of the other steps do not come out",
            {"c_n": (16, 25, 20)},
        ),
        mistake("in c_n directions are rows, not columns", {"c_n": (2, 16, 20)}),
        mistake("an LSTM stacks four gates in one weight: 4 · H rows", {"weight_ih_l0": (10, 6)}),
        mistake("torch keeps weights as (outputs, inputs): the gates are rows", {"weight_ih_l0": (6, 40)}),
        mistake("no weight knows T: input_size is D, the numbers at each step", {"weight_ih_l0": (40, 25)}),
        mistake("each direction has weights of its own (…_reverse), of 4 · H rows", {"weight_ih_l0": (80, 6)}),
        mistake("three gates are a GRU's; an LSTM has four, 4 · H = 40 rows", {"weight_ih_l0": (30, 6)}),
        mistake("four gates read the state: 4 · H rows, and H columns", {"weight_hh_l0": (10, 10)}),
        mistake("each direction reads only its own state, of size H", {"weight_hh_l0": (40, 20)}),
        mistake("the gates are the rows, the state that is read is the columns", {"weight_hh_l0": (10, 40)}),
        mistake("weight_hh reads the state (H), weight_ih the input (D)", {"weight_hh_l0": (40, 6)}),
        mistake("layer 1 does not see x: its input is what layer 0 puts out", {"weight_ih_l1": (40, 6)}),
        mistake("layer 0 puts out both directions side by side: 2 · H = 20 columns", {"weight_ih_l1": (40, 10)}),
        mistake("rows are what comes out, four gates of H; columns are what is read", {"weight_ih_l1": (20, 40)}),
        mistake(
            "time first goes in, time first comes out: the layer does not turn it back", {TIME_MAJOR: (16, 25, 20)}
        ),
        mistake("both directions stand side by side here, too: 2 · H", {TIME_MAJOR: (25, 16, 10)}),
        mistake("only the first two axes change places; the numbers of a step stay last", {TIME_MAJOR: (20, 25, 16)}),
    ],
)

# 02.2 · the final state, both directions -------------------------------------------------------------------------


def final_state(output, h_n):
    """The last layer's final states, forward then backward, (N, 2H)."""
    return torch.cat([h_n[-2], h_n[-1]], dim=1)


def _halves_of_output(output, h_n):
    H = output.shape[2] // 2
    return torch.cat([output[:, -1, :H], output[:, 0, H:]], dim=1)


def _by_transpose(output, h_n):
    return h_n[-2:].transpose(0, 1).reshape(output.shape[0], -1)


def _halves_at_their_start(output, h_n):
    H = output.shape[2] // 2
    return torch.cat([output[:, 0, :H], output[:, -1, H:]], dim=1)


def _interleaved(output, h_n):
    return torch.stack([h_n[-2], h_n[-1]], dim=2).flatten(1)


def _directions_then_layers(output, h_n):
    return torch.cat([h_n[len(h_n) // 2 - 1], h_n[-1]], dim=1)


def _bidirectional(N, T, H, L):
    net = nn.GRU(3, H, num_layers=L, bidirectional=True, batch_first=True)
    output, h_n = net(torch.randn(N, T, 3))
    return output.detach(), h_n.detach()


define(
    "02.2",
    reference=final_state,
    cases=lambda: [
        case(*_bidirectional(4, 6, 5, 2)),
        case(*_bidirectional(3, 5, 4, 3), label="three layers"),
        case(*_bidirectional(2, 4, 2, 1), label="one layer, N = H = 2"),
        case(*_bidirectional(1, 3, 4, 2), label="a batch of one"),
    ],
    alternatives=[_by_transpose, _halves_of_output],
    mistakes=[
        mistake(
            "this is output[:, -1]: its backward half has read one step only. Take both final states from h_n",
            lambda output, h_n: output[:, -1],
        ),
        mistake(
            "this is output[:, 0]: here it is the forward half that has read one step only",
            lambda output, h_n: output[:, 0],
        ),
        mistake("each half is taken where its reading begins; take it where its reading ends", _halves_at_their_start),
        mistake(
            "these are the first layer's rows, h_n[0] and h_n[1]; the last layer's rows are the last two",
            lambda output, h_n: torch.cat([h_n[0], h_n[1]], dim=1),
        ),
        mistake(
            "wrong order of rows: h_n goes layer by layer (forward, backward, forward, backward), not first all forward rows",
            _directions_then_layers,
        ),
        mistake(
            "the directions are swapped: the forward half comes first, as in output",
            lambda output, h_n: torch.cat([h_n[-1], h_n[-2]], dim=1),
        ),
        mistake("the directions are interleaved, number by number; put one half behind the other", _interleaved),
        mistake(
            "reshape of h_n[-2:] keeps the order in memory and mixes the sequences of the batch: turn the axes first, or cat",
            lambda output, h_n: h_n[-2:].reshape(h_n.shape[1], -1),
        ),
        mistake("this is the backward direction alone; shape (N, 2H) has room for both", lambda output, h_n: h_n[-1]),
        mistake(
            "the two rows are still stacked, (2, N, H): put them side by side with torch.cat(…, dim=1)",
            lambda output, h_n: h_n[-2:],
        ),
        mistake(
            "torch.cat without dim=1 puts one batch below the other, (2N, H); you want them side by side",
            lambda output, h_n: torch.cat([h_n[-2], h_n[-1]]),
        ),
        mistake("the directions are added up; keep both halves, side by side", lambda output, h_n: h_n[-2] + h_n[-1]),
    ],
)

# 02.3 · the last valid step --------------------------------------------------------------------------------------


def last_valid(output, lengths):
    """output[n, lengths[n] - 1] for every n: (N, H)."""
    return output[torch.arange(len(output), device=output.device), lengths - 1]


def _at(shift):
    def wrong(output, lengths):
        return output[torch.arange(len(output)), lengths + shift]

    return wrong


def _off_by_one_gather(output, lengths):
    index = lengths[:, None, None].expand(-1, 1, output.shape[2])
    return output.gather(1, index)[:, 0]


def _gathered(output, lengths):
    index = (lengths - 1)[:, None, None].expand(-1, 1, output.shape[2])
    return output.gather(1, index)[:, 0]


def _gathered_unsqueezed(output, lengths):
    index = (lengths - 1)[:, None, None].expand(-1, 1, output.shape[2])
    return output.gather(1, index)


def _gathered_without_expand(output, lengths):
    return output.gather(1, (lengths - 1)[:, None, None])[:, 0]


def _gathered_along_hidden(output, lengths):
    index = (lengths - 1)[:, None, None].expand(-1, output.shape[1], 1)
    return output.gather(2, index)[..., 0]


def _mean_of_valid(output, lengths):
    valid = torch.arange(output.shape[1]) < lengths[:, None]
    return (output * valid[..., None]).sum(1) / lengths[:, None]


def _last_nonzero_loop(output, lengths):
    return torch.stack([sequence[length - 1] for sequence, length in zip(output, lengths, strict=True)])


define(
    "02.3",
    reference=last_valid,
    cases=lambda: [
        case(torch.randn(4, 6, 7), torch.tensor([6, 3, 1, 4])),
        case(torch.randn(5, 5, 8), torch.tensor([2, 4, 1, 3, 3]), label="N = T, and no sequence fills all steps"),
        case(torch.randn(1, 4, 6), torch.tensor([2]), label="a batch of one"),
        case(torch.randn(3, 1, 2), torch.tensor([1, 1, 1]), label="one step"),
    ],
    gradients=True,
    alternatives=[_gathered, _last_nonzero_loop],
    mistakes=[
        mistake(
            "this is output[:, -1], the last step of the tensor: for short sequences that is padding",
            lambda output, lengths: output[:, -1],
        ),
        mistake("off by one: a sequence of length 3 ends at index 2, so it is lengths - 1", _at(0)),
        mistake("off by one in gather: steps count from 0, so the index is lengths - 1", _off_by_one_gather),
        mistake("one step too early: lengths - 1 is the last step, lengths - 2 the one before", _at(-2)),
        mistake(
            "counted from the end: -lengths starts at the end of the tensor, the sequence starts at 0",
            lambda output, lengths: output[torch.arange(len(output)), -lengths],
        ),
        mistake(
            "a colon takes every step of the list for every sequence, (N, N, H); torch.arange(N) in its place takes pairs",
            lambda output, lengths: output[:, lengths - 1],
        ),
        mistake(
            "the axes are swapped: the batch is axis 0, time is axis 1",
            lambda output, lengths: output[lengths - 1, torch.arange(len(output))],
        ),
        mistake(
            "one step for all sequences, that of the longest; each has a last step of its own",
            lambda output, lengths: output[:, int(lengths.max()) - 1],
        ),
        mistake("gather along the wrong axis: 2 is the hidden size, time is axis 1", _gathered_along_hidden),
        mistake("a time axis of size 1 is left over, (N, 1, H): take [:, 0] of it", _gathered_unsqueezed),
        mistake(
            "gather took one hidden number of each sequence: its index must be expanded to H", _gathered_without_expand
        ),
        mistake("this is the mean of the valid steps (lesson 10), not the last one", _mean_of_valid),
    ],
)

# 02.4 · who moves whom in the batch ------------------------------------------------------------------------------


def batch_influence(model, x):
    """Entry [n, m]: the norm of ∂ model(x)[n].sum() / ∂ x[m]; shape (N, N)."""
    x = x.detach().clone().requires_grad_()
    y = model(x)
    rows = [torch.autograd.grad(y_n.sum(), x, retain_graph=True)[0] for y_n in y]
    return torch.stack([row.flatten(1).norm(dim=1) for row in rows])


def _whole_jacobian(model, x):
    jacobian = torch.autograd.functional.jacobian(lambda x: model(x).flatten(1).sum(1), x)  # (N, N, T, D)
    return jacobian.flatten(2).norm(dim=2)


def _by_backward(model, x):
    x = x.detach().clone().requires_grad_()
    y, rows = model(x), []
    for n in range(len(y)):
        x.grad = None
        y[n].sum().backward(retain_graph=True)
        rows.append(x.grad.square().sum((1, 2)).sqrt())
    return torch.stack(rows)


def _total(model, x):
    x = x.detach().clone().requires_grad_()
    gradient = torch.autograd.grad(model(x).sum(), x)[0]
    return gradient.flatten(1).norm(dim=1)


def _rows_of_total(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    rows = [torch.autograd.grad(y.sum(), x, retain_graph=True)[0] for _ in y]
    return torch.stack([row.flatten(1).norm(dim=1) for row in rows])


def _accumulated(model, x):
    x = x.detach().clone().requires_grad_()
    y, rows = model(x), []
    for y_n in y:
        y_n.sum().backward(retain_graph=True)
        rows.append(x.grad.flatten(1).norm(dim=1))
    return torch.stack(rows)


def _graph_freed(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    rows = [torch.autograd.grad(y_n.sum(), x)[0] for y_n in y]
    return torch.stack([row.flatten(1).norm(dim=1) for row in rows])


def _reduced(reduce):
    def wrong(model, x):
        x = x.detach().clone().requires_grad_()
        rows = [torch.autograd.grad(y_n.sum(), x, retain_graph=True)[0] for y_n in model(x)]
        return torch.stack([reduce(row) for row in rows])

    return wrong


def _batch_models():
    W, U, V = torch.randn(5, 3) * 0.7, torch.randn(5, 5) * 0.4, torch.randn(2, 5)

    def states(x):
        h, seen = torch.zeros(len(x), 5), []
        for x_t in x.unbind(1):
            h = torch.tanh(x_t @ W.T + h @ U.T)
            seen.append(h)
        return torch.stack(seen, dim=1)

    def clean(x):
        return states(x) @ V.T

    def viewed(x):
        return states(x.reshape(x.shape[1], x.shape[0], 3)).transpose(0, 1) @ V.T

    def centred(x):
        return states(x - x.mean(0) * torch.arange(1.0, len(x) + 1)[:, None, None])[:, -1]

    return [
        case(clean, torch.randn(3, 4, 3), label="a clean model: zeros off the diagonal"),
        case(viewed, torch.randn(4, 3, 3), label="a view mixes the batch"),
        case(centred, torch.randn(3, 2, 3), label="the batch's mean is subtracted"),
        case(clean, torch.randn(1, 2, 3), label="a batch of one"),
    ]


define(
    "02.4",
    reference=batch_influence,
    cases=_batch_models,
    alternatives=[_whole_jacobian, _by_backward],
    mistakes=[
        mistake(
            "this is the gradient of the sum over the whole batch, one number for each input: choose one output, y[n].sum(), "
            "and make a row of the table for each n",
            _total,
        ),
        mistake(
            "every row is the gradient of y.sum(), all sequences together: use y[n].sum() in row n", _rows_of_total
        ),
        mistake(
            "backward() adds to x.grad, so each row holds the rows before it as well: clear x.grad, or use autograd.grad",
            _accumulated,
        ),
        mistake("the graph was freed by the first gradient: pass retain_graph=True", _graph_freed),
        mistake(
            "rows and columns are swapped: the row is the output's sequence n, the column the input's sequence m",
            lambda model, x: batch_influence(model, x).T,
        ),
        mistake(
            "signed gradients were added up, and they can cancel: take the norm", _reduced(lambda row: row.sum((1, 2)))
        ),
        mistake("that is the mean of the absolute values; take the norm", _reduced(lambda row: row.abs().mean((1, 2)))),
        mistake("that is the sum of the absolute values; take the norm", _reduced(lambda row: row.abs().sum((1, 2)))),
        mistake(
            "the norm over D alone leaves a time axis, (N, N, T): flatten T and D first, then take the norm",
            _reduced(lambda row: row.norm(dim=2)),
        ),
        mistake("that is the squared norm; take the square root", _reduced(lambda row: row.square().sum((1, 2)))),
        mistake(
            "this is the diagonal alone, each sequence's own influence; the bug would stand beside it",
            lambda model, x: batch_influence(model, x).diagonal(),
        ),
    ],
)

# 02.5 · which of these mixes -------------------------------------------------------------------------------------

define(
    "02.5",
    reference={"A": False, "B": True, "C": False, "D": True},
    mistakes=[
        mistake(
            "transpose turns the axes, so each sequence keeps its own two rows, and reshape only joins them",
            {"A": True},
        ),
        mistake(
            "view keeps the order in memory: the first N/2 rows of the result hold layer 0 of pairs of sequences",
            {"B": False},
        ),
        mistake(
            "the same borders are taken out and put back: (N·T, D) and (N, T, K) agree on where a sequence ends",
            {"C": True},
        ),
        mistake(
            "the states are (N, T, H), and reshape to (T, N, H) puts new borders: its last block belongs to the last sequences",
            {"D": False},
        ),
    ],
)
