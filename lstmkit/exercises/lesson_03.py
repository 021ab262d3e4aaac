"""Lesson 03 · Shape traps: who moves whom in a batch, which models mix, the final state, the last valid step, what was read."""

from __future__ import annotations

import torch
from torch import nn

from lstmkit.exercises import case, define, mistake, slips

# 03.1 · who moves whom in the batch ------------------------------------------------------------------------------


def batch_influence(model, x):
    """Entry [n, m]: the norm of ∂ model(x)[n].sum() / ∂ x[m]; shape (N, N)."""
    x = x.detach().clone().requires_grad_()
    y = model(x)
    rows = [torch.autograd.grad(y_n.sum(), x, retain_graph=True)[0] for y_n in y]
    return torch.stack([row.flatten(1).norm(dim=1) for row in rows])


def _whole_jacobian(model, x):
    jacobian = torch.autograd.functional.jacobian(lambda x: model(x).reshape(len(x), -1).sum(1), x)  # (N, N, T, D)
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


def _one_by_one(model, x):
    rows = []
    for n in range(len(x)):
        alone = x[n : n + 1].detach().clone().requires_grad_()
        row = torch.zeros(len(x))
        row[n] = torch.autograd.grad(model(alone).sum(), alone)[0].norm()
        rows.append(row)
    return torch.stack(rows)


def _not_watched(model, x):
    x = x.detach().clone()
    rows = [torch.autograd.grad(y_n.sum(), x, retain_graph=True)[0] for y_n in model(x)]
    return torch.stack([row.flatten(1).norm(dim=1) for row in rows])


def _yes_or_no(model, x):
    return (batch_influence(model, x) > 0).float()


def _first_number(model, x):
    x = x.detach().clone().requires_grad_()
    rows = [torch.autograd.grad(y_n.flatten()[0], x, retain_graph=True)[0] for y_n in model(x)]
    return torch.stack([row.flatten(1).norm(dim=1) for row in rows])


def _mean_of_output(model, x):
    x = x.detach().clone().requires_grad_()
    rows = [torch.autograd.grad(y_n.mean(), x, retain_graph=True)[0] for y_n in model(x)]
    return torch.stack([row.flatten(1).norm(dim=1) for row in rows])


def _last_step_of_y(model, x):
    x = x.detach().clone().requires_grad_()
    last = model(x)[:, -1]
    rows = [torch.autograd.grad(y_n.sum(), x, retain_graph=True)[0] for y_n in last]
    return torch.stack([row.flatten(1).norm(dim=1) for row in rows])


def _last_step_of_x(model, x):
    x = x.detach().clone().requires_grad_()
    rows = [torch.autograd.grad(y_n.sum(), x, retain_graph=True)[0] for y_n in model(x)]
    return torch.stack([row[:, -1].norm(dim=1) for row in rows])


def _from_output(number):
    def wrong(model, x):
        x = x.detach().clone().requires_grad_()
        rows = [torch.autograd.grad(number(y_n), x, retain_graph=True)[0] for y_n in model(x)]
        return torch.stack([row.flatten(1).norm(dim=1) for row in rows])

    return wrong


def _reduced(reduce):
    def wrong(model, x):
        x = x.detach().clone().requires_grad_()
        rows = [torch.autograd.grad(y_n.sum(), x, retain_graph=True)[0] for y_n in model(x)]
        return torch.stack([reduce(row) for row in rows])

    return wrong


def _column_of_y(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    rows = [torch.autograd.grad(y[:, n].sum(), x, retain_graph=True)[0] for n in range(len(x))]
    return torch.stack([row.flatten(1).norm(dim=1) for row in rows])


def _norm_of_output(model, x):
    x = x.detach().clone().requires_grad_()
    rows = [torch.autograd.grad(y_n.norm(), x, retain_graph=True)[0] for y_n in model(x)]
    return torch.stack([row.flatten(1).norm(dim=1) for row in rows])


def _own_part_alone(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    rows = [torch.autograd.grad(y[n].sum(), x, retain_graph=True)[0][n] for n in range(len(y))]
    return torch.stack(rows)


def _own_norm_alone(model, x):
    return _own_part_alone(model, x).flatten(1).norm(dim=1)


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

    def one_score(x):  # (N,)
        return states(x)[:, -1] @ V[0]

    return [
        case(clean, torch.randn(3, 4, 3), label="a clean model: zeros off the diagonal"),
        case(viewed, torch.randn(4, 3, 3), label="a view mixes the batch"),
        case(centred, torch.randn(3, 2, 3), label="the batch's mean is subtracted"),
        case(one_score, torch.randn(5, 3, 3), label="one score for each sequence, (N,)"),
        case(clean, torch.randn(1, 2, 3), label="a batch of one"),
    ]


define(
    "03.1",
    reference=batch_influence,
    cases=_batch_models,
    alternatives=[_whole_jacobian, _by_backward],
    mistakes=[
        mistake(
            "this says True or False; the norm says how strongly",
            lambda model, x: batch_influence(model, x) > 0,
        ),
        mistake(
            "this is a list of rows; make one tensor of it with torch.stack",
            lambda model, x: list(batch_influence(model, x)),
        ),
        mistake(
            "torch.cat lays the rows end to end, (N · N,); torch.stack gives each a row of its own",
            lambda model, x: batch_influence(model, x).flatten(),
        ),
        mistake(
            "this is the first row alone: does the `return` stand inside the loop? It belongs behind it",
            lambda model, x: batch_influence(model, x)[:1],
        ),
        mistake(
            "the table is divided by its largest entry; the norms themselves are asked for",
            lambda model, x: batch_influence(model, x) / batch_influence(model, x).max(),
        ),
        mistake(
            "only the diagonal is kept: what one sequence does to *another* is the question",
            lambda model, x: torch.diag(batch_influence(model, x).diagonal()),
        ),
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
        mistake(
            "the norm over the time axis alone leaves D, (N, N, D): flatten T and D first, then take the norm",
            _reduced(lambda row: row.norm(dim=1)),
        ),
        mistake(
            "one norm for the whole gradient, (N,): take one for each sequence m, so that a row has N numbers",
            _reduced(lambda row: row.norm()),
        ),
        mistake(
            "these are the gradients themselves, (N, N, T, D): take a norm for each sequence m",
            _reduced(lambda row: row),
        ),
        mistake(
            "norms over D were added up over the steps: take one norm over T and D together, the root of all squares",
            _reduced(lambda row: row.norm(dim=2).sum(1)),
        ),
        mistake(
            "signed gradients were averaged, and they can cancel: take the norm", _reduced(lambda row: row.mean((1, 2)))
        ),
        mistake("that is the largest absolute value; take the norm", _reduced(lambda row: row.abs().amax((1, 2)))),
        mistake(
            "this is the gradient of the sum of squares of y[n]: take the sum of its numbers",
            _from_output(lambda y_n: y_n.square().sum()),
        ),
        mistake(
            "this is the gradient of the sum of absolute values of y[n]: take the sum of its numbers",
            _from_output(lambda y_n: y_n.abs().sum()),
        ),
        mistake(
            "this is the norm for the first input step alone: take all steps of sequence m",
            _reduced(lambda row: row[:, 0].norm(dim=1)),
        ),
        mistake(
            "signed gradients were added up before the absolute value, and they can cancel: take the norm",
            _reduced(lambda row: row.sum((1, 2)).abs()),
        ),
        mistake(
            "norms over D were averaged over the steps: take one norm over T and D together",
            _reduced(lambda row: row.norm(dim=2).mean(1)),
        ),
        mistake(
            "the norm is divided by N; nothing is averaged here", lambda model, x: batch_influence(model, x) / len(x)
        ),
        mistake("y[:, n] is a step, of all sequences together: the batch is the first axis, y[n]", _column_of_y),
        mistake("this is the gradient of the norm of y[n]: take the sum of its numbers, y[n].sum()", _norm_of_output),
        mistake(
            "you keep the gradient by the own input alone, row [n]: the bug would stand in the others, so keep all m",
            _own_part_alone,
        ),
        mistake("that is the squared norm; take the square root", _reduced(lambda row: row.square().sum((1, 2)))),
        mistake(
            "this is the diagonal alone, each sequence's own influence; the bug would stand beside it",
            lambda model, x: batch_influence(model, x).diagonal(),
        ),
        mistake("you give the model one sequence at a time: so they cannot meet; give it the whole batch", _one_by_one),
        mistake(
            "autograd does not watch your x: call requires_grad_() on the copy before the model reads it", _not_watched
        ),
        mistake("that is the mean of y[n]'s numbers; take their sum, y[n].sum()", _mean_of_output),
        mistake("this is the last output step alone, y[n][-1]: take the sum of all numbers of y[n]", _last_step_of_y),
        mistake("this says yes or no; the norm says how strongly", _yes_or_no),
        mistake(
            "this is the gradient of one number of y[n]: take the sum of all its numbers, y[n].sum()", _first_number
        ),
        mistake("this is the norm for the last input step alone: take all steps of sequence m", _last_step_of_x),
        slips.batch_summed(batch_influence, says="the rows are added up: each output sequence has a row of its own"),
    ],
)

# 03.2 · which of these mixes -------------------------------------------------------------------------------------

define(
    "03.2",
    reference={"A": False, "B": True, "C": False, "D": True, "E": True},
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
        mistake(
            "the mean over dim=0 is the mean over the batch, so every sequence is in it; over time it would be dim=1",
            {"E": False},
        ),
    ],
)

# 03.3 · the final state, both directions -------------------------------------------------------------------------


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
    "03.3",
    reference=final_state,
    cases=lambda: [
        case(*_bidirectional(7, 6, 5, 2)),
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
        mistake(
            "the two states are a pair; put them side by side with torch.cat(…, dim=1)",
            lambda output, h_n: (h_n[-2], h_n[-1]),
        ),
        mistake(
            "h_n[0] belongs to the first layer, and the order is turned round: forward is h_n[-2], and comes first",
            lambda output, h_n: torch.cat([h_n[-1], h_n[0]], dim=1),
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
        mistake(
            "rows 2 and 3 are the last layer's only if there are two layers: count from the end, −2 and −1",
            lambda output, h_n: torch.cat([h_n[2], h_n[3]], dim=1),
        ),
        mistake(
            "h_n[0] is the first layer's forward direction; the last layer's forward row is h_n[-2]",
            lambda output, h_n: torch.cat([h_n[0], h_n[-1]], dim=1),
        ),
        mistake(
            "these are the states of all layers, (N, 2L · H): the last layer's two rows are wanted",
            lambda output, h_n: h_n.transpose(0, 1).flatten(1),
        ),
        mistake("this is the forward direction alone; shape (N, 2H) has room for both", lambda output, h_n: h_n[-2]),
        mistake("the directions are added up; keep both halves, side by side", lambda output, h_n: h_n[-2] + h_n[-1]),
        mistake(
            "the two halves still have an axis of their own, (N, 2, H): join them with torch.cat(…, dim=1) or flatten(1)",
            lambda output, h_n: torch.stack([h_n[-2], h_n[-1]], dim=1),
        ),
        mistake(
            "h_n[:, -2] and h_n[:, -1] are two *sequences*: rows are the first axis, h_n[-2] and h_n[-1]",
            lambda output, h_n: torch.cat([h_n[:, -2], h_n[:, -1]], dim=1),
        ),
        mistake(
            "this is the mean over all steps; the end of each reading is wanted", lambda output, h_n: output.mean(1)
        ),
        mistake(
            "flatten joins the batch with H, (2, N · H): bring the batch to the front first, or torch.cat the two rows",
            lambda output, h_n: h_n[-2:].flatten(1),
        ),
        mistake(
            "both rows are forward directions, of two layers: the last layer's rows are h_n[-2] and h_n[-1]",
            lambda output, h_n: torch.cat([h_n[0], h_n[-2]], dim=1),
        ),
        mistake(
            "both rows are backward directions: the last layer's forward row is h_n[-2]",
            lambda output, h_n: torch.cat([h_n[1], h_n[-1]], dim=1),
        ),
        mistake(
            "output[-1] is the last *sequence* of the batch: the batch comes first, and the states are in h_n",
            lambda output, h_n: output[-1],
        ),
        mistake(
            "this is the largest value over time; the end of each reading is wanted",
            lambda output, h_n: output.max(1).values,
        ),
        mistake("the directions are averaged; keep both halves, side by side", lambda output, h_n: h_n[-2:].mean(0)),
    ],
)

# 03.4 · the last valid step --------------------------------------------------------------------------------------


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


def _searched(output, lengths):
    filled = (output != 0).any(dim=2)
    return torch.stack([sequence[steps.nonzero().max()] for sequence, steps in zip(output, filled, strict=True)])


def _cut_up_to_length(output, lengths):
    return torch.stack([output[n, : lengths[n]] for n in range(len(output))])


def _valid_over_all(output, lengths):
    return _sum_of_valid(output, lengths) / output.shape[1]


def _sum_of_valid(output, lengths):
    return _mean_of_valid(output, lengths) * lengths[:, None]


def _packed_output():
    lengths = torch.tensor([2, 5, 3])
    return torch.randn(3, 5, 4) * (torch.arange(5) < lengths[:, None])[..., None], lengths


def _by_loop(output, lengths):
    return torch.stack([sequence[length - 1] for sequence, length in zip(output, lengths, strict=True)])


define(
    "03.4",
    reference=last_valid,
    cases=lambda: [
        case(torch.randn(4, 6, 7), torch.tensor([6, 3, 1, 4])),
        case(torch.randn(5, 5, 8), torch.tensor([2, 4, 1, 3, 3]), label="N = T, and no sequence fills all steps"),
        case(*_packed_output(), label="zeros behind the real steps, as packing leaves them"),
        case(torch.randn(1, 4, 6), torch.tensor([2]), label="a batch of one"),
        case(torch.randn(3, 1, 2), torch.tensor([1, 1, 1]), label="one step"),
    ],
    gradients=True,
    alternatives=[_gathered, _by_loop],
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
            "every step of the list is taken for every sequence, (N, N, H), as a colon (or index_select) does; torch.arange(N) in "
            "the place of the colon takes pairs",
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
        mistake(
            "one step for all sequences, that of the shortest; each has a last step of its own",
            lambda output, lengths: output[:, int(lengths.min()) - 1],
        ),
        mistake(
            "off by one, and clamped so that no error shows: a sequence of length 3 ends at index 2, lengths - 1",
            lambda output, lengths: output[torch.arange(len(output)), lengths.clamp(max=output.shape[1] - 1)],
        ),
        mistake(
            "one index picks *sequences*, the first axis: two are needed, one for the sequence and one for its step",
            lambda output, lengths: output[lengths - 1],
        ),
        mistake(
            "these are all valid steps of each sequence, and they differ in number: the last alone is wanted, index lengths[n] - 1",
            _cut_up_to_length,
        ),
        mistake(
            "this is the mean over all T steps, padding too; the last valid one alone is wanted",
            lambda output, lengths: output.mean(1),
        ),
        mistake(
            "this is the largest value over time; the output at the last real step is wanted",
            lambda output, lengths: output.max(1).values,
        ),
        mistake(
            "one step for all sequences, that of the first; each has a last step of its own",
            lambda output, lengths: output[:, lengths[0] - 1],
        ),
        mistake(
            "the list of sequences has N entries: torch.arange(N), not torch.arange(T)",
            lambda output, lengths: output[torch.arange(output.shape[1]), lengths - 1],
        ),
        mistake(
            "this is a list of states; make one tensor of it with torch.stack",
            lambda output, lengths: list(last_valid(output, lengths)),
        ),
        mistake(
            "torch.cat lays the states end to end, (N · H,); torch.stack gives each a row of its own",
            lambda output, lengths: last_valid(output, lengths).flatten(),
        ),
        mistake(
            "the lengths were sorted, the sequences were not: each sequence gets the length of another",
            lambda output, lengths: last_valid(output, lengths.sort().values),
        ),
        mistake(
            "the lengths were sorted, longest first, the sequences were not: each sequence gets the length of another",
            lambda output, lengths: last_valid(output, lengths.sort(descending=True).values),
        ),
        mistake("these are the valid steps, added up and divided by T; the last one alone is wanted", _valid_over_all),
        mistake("this is the sum of the valid steps; the last one alone is wanted", _sum_of_valid),
        mistake("gather along the wrong axis: 2 is the hidden size, time is axis 1", _gathered_along_hidden),
        mistake("a time axis of size 1 is left over, (N, 1, H): take [:, 0] of it", _gathered_unsqueezed),
        mistake(
            "gather took one hidden number of each sequence: its index must be expanded to H", _gathered_without_expand
        ),
        mistake(
            "you search for the last step that is not zero; a layer that has read padding puts out states there, so use lengths",
            _searched,
        ),
        mistake("this is the first step of each sequence, not the last", lambda output, lengths: output[:, 0]),
        mistake("this is the mean of the valid steps with a mask, not the last one", _mean_of_valid),
    ],
)

# 03.5 · how much has each half read ------------------------------------------------------------------------------

READ = {
    "at the end, forward": (6, "it stands at step 6 and has read everything up to there, padding and its own step, too"),
    "at the end, backward": (1, "it begins at step 6, and that is where you read it out"),
    "last valid, forward": (4, "it stands at step 4 and has read everything up to there, its own step included, nothing after"),
    "last valid, backward": (3, "it begins at step 6, in the padding, and stands at step 4: count the steps on its way"),
    "packed, forward": (4, "packing takes the padding out, so the sequence ends at step 4, and h_n is the end of the reading"),
    "packed, backward": (4, "packing takes the padding out: it begins at step 4, and h_n is the end of its reading, at step 1"),
}  # fmt: skip
_OWN_REASON = {
    ("at the end, forward", 4): "padding is read like any other input: the line takes step 6, behind it",
    ("at the end, forward", 5): "its own step counts, too: at step 6 it has read six",
    ("at the end, forward", 2): "it began at step 1, long before the padding",
    ("at the end, backward", 6): "all six are read when it stands at step 1, where its reading ends; you read it out where it begins",
    ("at the end, backward", 4): "it has not come to the real steps: it begins at step 6, and that is where you read it out",
    ("at the end, backward", 2): "it has come to step 6 alone, not yet to step 5: you read it out where it begins",
    ("at the end, backward", 0): "its own step counts, too: it has read step 6, a step of padding",
    ("last valid, forward", 6): "steps 5 and 6 lie behind the step that is read out; a forward direction knows nothing of them",
    ("last valid, forward", 3): "its own step counts, too: at step 4 it has read four",
    ("last valid, backward", 4): "those would be the steps before it, the forward half's; this one comes from step 6",
    ("last valid, backward", 1): "that would be so if it began at step 4; but it begins at step 6, in the padding",
    ("last valid, backward", 2): "the two of padding, and its own step counts, too: it begins at step 6 and stands at step 4",
    ("last valid, backward", 6): "all six are read at step 1 only; here it stands at step 4, and began at step 6",
    ("packed, forward", 6): "the padding has been taken out: there is no step 5 and no step 6 to read",
    ("packed, backward", 6): "the padding has been taken out: it begins at step 4, the last real one, and ends at step 1",
    ("packed, backward", 1): "h_n is the end of its reading, at step 1, not its beginning: it has read all the real steps",
    ("packed, backward", 3): "packed, it begins at step 4, not in the padding, and goes on to step 1",
}  # fmt: skip

define(
    "03.5",
    reference={key: steps for key, (steps, _) in READ.items()},
    allowed=range(7),
    mistakes=[
        mistake(_OWN_REASON.get((key, wrong), f"not {wrong} steps: {why}"), {key: wrong})
        for key, (right, why) in READ.items()
        for wrong in range(7)
        if wrong != right
    ],
)
