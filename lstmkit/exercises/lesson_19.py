"""Lesson 19 · Encoder and decoder: the message, the masked loss, shares without a mistake, exact match, digits as spoken."""

from __future__ import annotations

from math import log
from unittest.mock import patch

import torch
from torch import nn
from torch.nn import functional as F

from lstmkit.exercises import case, define, mistake, slips

PAD, START, END = 0, 1, 2

# 19.1 · the state after the last real word -----------------------------------------------------------------------


def last_state(cell, x, lengths):
    """h and c after each sequence's last real step, (N, H) each."""
    return _read()(cell, x, lengths)


def _read(until=lambda lengths: lengths, hold_h=True, hold_c=True, carry=True, keep=1.0):
    """Reading word by word, with a hole for every mistake."""

    def read(cell, x, lengths):
        h = c = first = x.new_zeros(len(x), cell.hidden_size)
        for t in range(x.shape[1]):
            reading = (t < until(lengths))[:, None]
            new_h, new_c = cell(x[:, t], (h, c) if carry else (first, first))
            h = torch.where(reading, new_h, h * keep) if hold_h else new_h
            c = torch.where(reading, new_c, c * keep) if hold_c else new_c
        return h, c

    return read


def _h_of_its_step(cell, x, lengths):
    h = c = x.new_zeros(len(x), cell.hidden_size)
    states = []
    for t in range(x.shape[1]):
        h, c = cell(x[:, t], (h, c))
        states.append(h)
    return torch.stack(states, 1)[torch.arange(len(x)), lengths - 1], c


def _read_zeros(cell, x, lengths):
    real = torch.arange(x.shape[1]) < lengths[:, None]
    return _read(lambda n: n + 10**6)(cell, x * real[:, :, None], lengths)


def _h_alone(cell, x, lengths):
    return last_state(cell, x, lengths)[0]


def _swapped(cell, x, lengths):
    return last_state(cell, x, lengths)[::-1]


def _turned(cell, x, lengths):
    h = c = x.new_zeros(len(x), cell.hidden_size)
    for t in range(x.shape[1]):
        reading = (t < lengths)[:, None]
        new_h, new_c = cell(x[:, t], (h, c))
        h, c = torch.where(reading, h, new_h), torch.where(reading, c, new_c)
    return h, c


def _new_h_into_c(cell, x, lengths):
    h = c = x.new_zeros(len(x), cell.hidden_size)
    for t in range(x.shape[1]):
        reading = (t < lengths)[:, None]
        h = torch.where(reading, cell(x[:, t], (h, c))[0], h)
        c = torch.where(reading, cell(x[:, t], (h, c))[1], c)
    return h, c


def _backwards(cell, x, lengths):
    h = c = x.new_zeros(len(x), cell.hidden_size)
    for t in reversed(range(x.shape[1])):
        reading = (t < lengths)[:, None]
        new_h, new_c = cell(x[:, t], (h, c))
        h, c = torch.where(reading, new_h, h), torch.where(reading, new_c, c)
    return h, c


def _mean_state(cell, x, lengths):
    h = c = x.new_zeros(len(x), cell.hidden_size)
    sums = [torch.zeros_like(h), torch.zeros_like(h)]
    for t in range(x.shape[1]):
        h, c = cell(x[:, t], (h, c))
        reading = (t < lengths)[:, None]
        sums = [sums[0] + h * reading, sums[1] + c * reading]
    return sums[0] / lengths[:, None], sums[1] / lengths[:, None]


def _columns(columns=lambda x: range(x.shape[1]), fresh=False, c_from_h=False):
    """Reading word by word: other columns, zeros inside the loop, a finished row's c from h."""

    def read(cell, x, lengths):
        h = c = zeros = x.new_zeros(len(x), cell.hidden_size)
        for t in columns(x):
            if fresh:
                h = c = zeros
            reading = (t < lengths)[:, None]
            new_h, new_c = cell(x[:, t], (h, c))
            h = torch.where(reading, new_h, h)
            c = torch.where(reading, new_c, h if c_from_h else c)
        return h, c

    return read


def _one_tensor(cell, x, lengths):
    h = c = x.new_zeros(len(x), cell.hidden_size)
    for t in range(x.shape[1]):
        new_h, new_c = cell(x[:, t], (h, c))
        reading = t < lengths
        h[reading], c[reading] = new_h[reading], new_c[reading]
    return h, c


def _all_states(cell, x, lengths):
    h = c = x.new_zeros(len(x), cell.hidden_size)
    hs = []
    for t in range(x.shape[1]):
        h, c = cell(x[:, t], (h, c))
        hs.append(h)
    return torch.stack(hs, 1), c


def _one_by_one(cell, x, lengths):
    rows = []
    for row, length in zip(x, lengths.tolist(), strict=True):
        state = (x.new_zeros(1, cell.hidden_size), x.new_zeros(1, cell.hidden_size))
        for t in range(length):
            state = cell(row[t : t + 1], state)
        rows.append(state)
    return torch.cat([h for h, _ in rows]), torch.cat([c for _, c in rows])


def _read_then_pick(cell, x, lengths):
    h = c = x.new_zeros(len(x), cell.hidden_size)
    hs, cs = [], []
    for t in range(x.shape[1]):
        h, c = cell(x[:, t], (h, c))
        hs, cs = [*hs, h], [*cs, c]
    rows = torch.arange(len(x))
    return torch.stack(hs, 1)[rows, lengths - 1], torch.stack(cs, 1)[rows, lengths - 1]


define(
    "19.1",
    reference=last_state,
    cases=lambda: [
        case(nn.LSTMCell(3, 5), torch.randn(4, 6, 3), torch.tensor([6, 2, 4, 1])),
        case(nn.LSTMCell(5, 2), torch.randn(3, 4, 5), torch.tensor([3, 2, 2]), label="all end before T"),
        case(nn.LSTMCell(2, 6), torch.randn(1, 5, 2), torch.tensor([3]), label="a batch of one"),
        case(nn.LSTMCell(3, 4), torch.randn(2, 1, 3), torch.tensor([1, 1]), label="one word each"),
    ],
    gradients=True,
    alternatives=[_one_by_one, _read_then_pick],
    mistakes=[
        mistake("this is the state after the last column, -1: the shorter sequences have read their padding", _read(lambda n: n + 10**6)),
        mistake("one step too many: with t counted from 0, the last real step is t = lengths − 1, so read while t < lengths", _read(lambda n: n + 1)),
        mistake("one step too few: the last real step, t = lengths − 1, is still to be read", _read(lambda n: n - 1)),
        mistake("h stops at the end, c reads on: hold both", _read(hold_c=False)),
        mistake("c stops at the end, h reads on: hold both", _read(hold_h=False)),
        mistake("h is right, but c is the one after the last column: pick both at the last real step", _h_of_its_step),
        mistake("every sequence stops where the shortest ends: each has a length of its own", _read(lambda n: n.min().expand_as(n))),
        mistake("the state becomes zero after the end: hold the old one instead, torch.where(reading, new, old)", _read(keep=0.0)),
        mistake("the padding's input is set to zero, but the state still moves: an LSTM goes on without input, too", _read_zeros),
        mistake("the state is not carried: each step starts from zeros. (A condition that holds at the last word alone does the same: read while t < lengths)", _read(carry=False)),
        mistake("this is h alone; the message is the pair h, c", _h_alone),
        mistake("h and c are swapped: return h first", _swapped),
        mistake("torch.where has its last two the wrong way round: torch.where(reading, new, old)", _turned),
        mistake("the new c is made with the new h: call the cell once a step, and keep both of its results", _new_h_into_c),
        mistake("your loop reads from the last column to the first: padding comes before the words", _backwards),
        mistake("this is the mean of the states over the words; the message is the state after the last one", _mean_state),
        slips.first_step_skipped(last_state, arg=1, says="the first word is not read: start with t = 0"),
        mistake("the loop begins at 1, so the first word is not read: t runs from 0", _columns(lambda x: range(1, x.shape[1]))),
        mistake("the last column is not read: a row that fills the batch has a real word there, so range(x.shape[1])", _columns(lambda x: range(x.shape[1] - 1))),
        mistake("h and c become zero inside the loop, at every step: make them once, before it", _columns(fresh=True)),
        mistake("a finished row's c gets h: the last argument of its torch.where is the old c", _columns(c_from_h=True)),
        mistake("h and c are one and the same tensor here, so writing c into it overwrites h: make two, and keep both", _one_tensor),
        mistake("every row stops where the first one ends: each has a length of its own", _read(lambda n: n[:1].expand_as(n))),
        mistake("these are the h of all steps; of each row only the one after its last word is wanted", _all_states),
    ],
)  # fmt: skip

# 19.2 · the masked loss ------------------------------------------------------------------------------------------


def masked_loss(logits, targets):
    """Mean cross-entropy per real letter, in nats."""
    loss, real = _each(logits, targets), targets != PAD
    return (loss * real).sum() / real.sum()


def _each(logits, targets):
    return -logits.log_softmax(2).gather(2, targets[:, :, None])[:, :, 0]


def _wrong_loss(each=_each, mask=lambda targets: targets != PAD, per=lambda real: real.sum()):
    def wrong(logits, targets):
        real = mask(targets)
        return (each(logits, targets) * real).sum() / per(real)

    return wrong


def _row_by_row(logits, targets):
    real = targets != PAD
    return ((_each(logits, targets) * real).sum(1) / real.sum(1)).mean()


def _ignored(logits, targets):
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=PAD)


def _without_ignore_index(answer, *args):
    """The answer's loss; a word instead if torch did the masking."""
    asked = []

    def watch(call):
        def watched(*given, **options):
            asked.append(options.get("ignore_index", -100) != -100)
            return call(*given, **options)

        return watched

    with patch.object(F, "cross_entropy", watch(F.cross_entropy)), patch.object(F, "nll_loss", watch(F.nll_loss)):
        loss = answer(*args)
    return "a loss masked by ignore_index" if any(asked) else loss


def _unreduced(logits, targets):
    """Cross-entropy of each letter, then the mask: the classes stand on axis 1 for torch."""
    real = (targets != PAD).float()
    return (F.cross_entropy(logits.transpose(1, 2), targets, reduction="none") * real).sum() / real.sum()


def _reshaped(logits, targets):
    """view in place of transpose: the letters' scores get mixed with time."""
    N, T, V = logits.shape
    real = targets != PAD
    return (F.cross_entropy(logits.reshape(N, V, T), targets, reduction="none") * real).sum() / real.sum()


def _masked_each(logits, targets):
    return _each(logits, targets) * (targets != PAD)


def _of_rows(logits, targets):
    real = targets != PAD
    return (_each(logits, targets) * real).sum(1) / real.sum(1)


def _selected(logits, targets):
    real = targets != PAD
    return F.nll_loss(logits[real].log_softmax(1), targets[real])


def _by_position(logits, targets):
    real = targets != PAD
    return ((_each(logits, targets) * real).sum(0) / real.sum(0).clamp(min=1)).mean()


def _end_only_counted(logits, targets):
    return (_each(logits, targets) * (targets > END)).sum() / (targets != PAD).sum()


def _log_twice(logits, targets):
    real = targets != PAD
    return F.nll_loss(logits.softmax(2)[real].log_softmax(1), targets[real])


def _zero_logits(per):
    def wrong(logits, targets):
        real = targets != PAD
        return _each(logits * real[:, :, None], targets).sum() / per(real)

    return wrong


def _hits(logits, targets):
    real = targets != PAD
    return ((logits.argmax(2) == targets) & real).sum() / real.sum() + 0 * logits.sum()


def _by_likeliest(logits, targets):
    real = logits.argmax(2) != PAD
    return (_each(logits, targets) * real).sum() / real.sum()


def _targets_of(rows):
    return torch.tensor(rows)


define(
    "19.2",
    reference=masked_loss,
    cases=lambda: [
        case(2 * torch.randn(3, 5, 7), _targets_of([[4, 6, 5, 3, 2], [5, 2, 0, 0, 0], [3, 4, 2, 0, 0]])),
        case(2 * torch.randn(2, 6, 6), _targets_of([[3, 3, 5, 4, 4, 2], [2, 0, 0, 0, 0, 0]]), label="one output is empty: only <end>"),
        case(2 * torch.randn(1, 3, 5), _targets_of([[4, 3, 2]]), label="a batch of one, no padding"),
    ],
    gradients=True,
    run=_without_ignore_index,
    alternatives=[_selected, _unreduced],
    mistakes=[
        mistake("torch's ignore_index did the masking: here you write the mask yourself, targets != PAD", _ignored),
        mistake("reshape mixes letters and steps: to bring the letters' scores to axis 1, use transpose(1, 2)", _reshaped),
        mistake("this is one loss for each letter, (N, T): one number is wanted, their mean", _masked_each),
        mistake("this is one loss for each row; one number for the whole batch is wanted", _of_rows),
        mistake("the padding is counted: the network would be praised for writing <pad>", lambda a, b: _each(a, b).mean()),
        mistake("the padding adds nothing to the sum, but you divide by all N · T: divide by the number of real letters", _wrong_loss(per=lambda real: real.numel())),
        mistake("this is the sum; divide by the number of real letters", _wrong_loss(per=lambda real: 1)),
        mistake("this is the sum per sequence: divide by the number of real letters, not of sequences", _wrong_loss(per=len)),
        mistake("this is a mean of each row's mean: a letter of a short output then weighs more than one of a long output", _row_by_row),
        mistake("the mask is inverted: this is the loss of the padding, and no row without padding has one", _wrong_loss(lambda a, b: _each(a, b), lambda targets: targets == PAD, lambda real: real.sum().clamp(min=1))),
        mistake("<end> is masked as well: when to stop has to be learnt, too", _wrong_loss(mask=lambda targets: (targets != PAD) & (targets != END))),
        mistake("the softmax runs over time: the letters' scores stand along the last axis, axis 2", _wrong_loss(lambda a, b: -a.log_softmax(1).gather(2, b[:, :, None])[:, :, 0])),
        mistake("the logits are taken for log-probabilities: log_softmax them first", _wrong_loss(lambda a, b: -a.gather(2, b[:, :, None])[:, :, 0])),
        mistake("the logarithm is missing: the loss is minus the log-probability, not minus the probability", _wrong_loss(lambda a, b: -a.softmax(2).gather(2, b[:, :, None])[:, :, 0])),
        mistake("the sign is wrong: the loss is minus the mean log-probability", lambda a, b: -masked_loss(a, b)),
        mistake("targets are shifted once more: they were shifted before they came here", lambda a, b: masked_loss(a[:, :-1], b[:, 1:])),
        mistake("this is a mean of each position's mean: late letters, which few rows have, then weigh more", _by_position),
        mistake("<end> is left out of the sum, but counted below: it is a real letter, in both", _end_only_counted),
        mistake("your mask leaves out more than the padding: every place where targets are not PAD counts, <end> and <unknown> too", _wrong_loss(mask=lambda targets: targets > 3)),
        mistake("the softmax runs over the batch: the letters' scores stand along the last axis, axis 2", _wrong_loss(lambda a, b: -a.log_softmax(0).gather(2, b[:, :, None])[:, :, 0])),
        mistake("divided by T: divide by the number of real letters of the whole batch", _wrong_loss(per=lambda real: real.shape[1])),
        mistake("this is in bits: nats are asked for, the natural logarithm", lambda a, b: masked_loss(a, b) / torch.tensor(2.0).log()),
        mistake("softmax twice: cross_entropy and log_softmax want the logits, not probabilities", _log_twice),
        mistake("the logits are set to zero at the padding, which costs log V a letter there: mask the losses instead", _zero_logits(lambda real: real.numel())),
        mistake("the logits are set to zero at the padding, which still adds log V a letter to the sum: mask the losses instead", _zero_logits(lambda real: real.sum())),
        mistake("the mask is inverted: this is the loss of the padding", _wrong_loss(mask=lambda targets: targets == PAD)),
        mistake("these are the losses of all real letters: one number is wanted, their mean", lambda a, b: _each(a, b)[b != PAD]),
        mistake("this adds up the log-probabilities of *all* letters: pick that of the right one, with gather", _wrong_loss(lambda a, b: -a.log_softmax(2).sum(2))),
        mistake("this takes the likeliest letter's log-probability: pick that of the right one, with gather", _wrong_loss(lambda a, b: -a.log_softmax(2).max(2)[0])),
        mistake("this is the perplexity: leave the exp out", lambda a, b: masked_loss(a, b).exp()),
        mistake("this is the share of right letters; the loss is minus the mean log-probability", _hits),
        mistake("your mask asks what the network finds likeliest: the padding is told by targets", _by_likeliest),
    ],
)  # fmt: skip

# 19.3 · without a mistake so far ---------------------------------------------------------------------------------


def still_right(letters, targets):
    """Share of the rows that have no mistake up to each position, (T,)."""
    right = (letters == targets) | (targets == PAD)
    return right.cumprod(1).float().mean(0)


def _so_far(
    right=lambda a, b: (a == b) | (b == PAD),
    chain=lambda right: right.cumprod(1),
    mean=lambda so_far: so_far.float().mean(0),
):
    def share(letters, targets):
        return mean(chain(right(letters, targets)))

    return share


def _among_the_real(letters, targets):
    right = ((letters == targets) | (targets == PAD)).cumprod(1).bool()
    real = targets != PAD
    return (right & real).sum(0) / real.sum(0).clamp(min=1)


def _before(letters, targets):
    right = still_right(letters, targets)
    return torch.cat([torch.ones_like(right[:1]), right[:-1]])


def _by_loop(letters, targets):
    alive, shares = torch.ones(len(letters), dtype=torch.bool), []
    for t in range(letters.shape[1]):
        alive = alive & ((letters[:, t] == targets[:, t]) | (targets[:, t] == PAD))
        shares.append(alive.float().mean())
    return torch.stack(shares)


def _by_first_mistake(letters, targets):
    wrong = (letters != targets) & (targets != PAD)
    return 1 - (wrong.cumsum(1) > 0).float().mean(0)


def _backwards_so_far(right):
    return right.flip(1).cumprod(1).flip(1)


def _shares_multiplied(letters, targets):
    return ((letters == targets) | (targets == PAD)).float().mean(0).cumprod(0)


def _real_shares_multiplied(letters, targets):
    real = targets != PAD
    return (((letters == targets) & real).sum(0) / real.sum(0).clamp(min=1)).cumprod(0)


def _so_far_cases():
    targets = torch.tensor([[4, 5, 6, 7, 8, 2], [5, 4, 2, 0, 0, 0], [6, 6, 7, 2, 0, 0], [7, 8, 2, 0, 0, 0]])
    written = targets.clone()
    written[0, 2], written[1, 0], written[2, 5], written[3, 3:] = 9, 3, 8, torch.tensor([6, 2, 4])
    more = torch.randint(3, 9, (7, 5))
    longer = torch.randint(3, 9, (5, 8))
    longer[:, -1], longer[0, 3:] = END, torch.tensor([2, 0, 0, 0, 0])
    almost = torch.where(torch.rand(5, 8) < 0.8, longer, longer + 1)
    almost[1] = torch.cat([longer[1, :3], torch.tensor([2, 0, 0, 0, 0])])  # an <end> of its own, too early
    almost[2] = torch.cat([longer[2, :5], torch.zeros(3, dtype=torch.long)])
    first = torch.where(torch.arange(8) == 0, longer + 1, longer)
    return [
        case(written, targets, label="letters behind the end do not count"),
        case(torch.where(torch.rand(7, 5) < 0.7, more, more + 1), more, label="no padding"),
        case(almost, longer, label="eight letters"),
        case(first, longer, label="the first letter is wrong in every row"),
        case(torch.tensor([[4, 5, 6, 7], [6, 4, 7, 2], [5, 2, 4, 4]]), torch.tensor([[4, 5, 2, 0], [6, 4, 7, 2], [5, 2, 0, 0]]), label="one row does not end in time"),
        case(torch.tensor([[4, 2]]), torch.tensor([[4, 2]]), label="a batch of one, all right"),
    ]  # fmt: skip


define(
    "19.3",
    reference=still_right,
    cases=_so_far_cases,
    alternatives=[_by_loop, _by_first_mistake],
    mistakes=[
        mistake("this is the share of right letters at each position: a row with an earlier mistake must not count as right again", _so_far(chain=lambda right: right)),
        mistake("what stands behind a row's end counts as a mistake: where targets are PAD, nothing can go wrong any more", _so_far(right=lambda a, b: a == b)),
        mistake("this is the share of right letters at each position, with padding counted as wrong: a row with an earlier mistake must not count as right again", _so_far(right=lambda a, b: a == b, chain=lambda right: right)),
        mistake("this is the exact match, one number: a share for each position is wanted", lambda a, b: still_right(a, b)[-1]),
        mistake("rows that have ended are left out: they stay right, and all N rows count at every position", _among_the_real),
        mistake("everything stands one position too late: a mistake at t counts from t on", _before),
        mistake("the chain runs over the rows: it belongs along time, axis 1", _so_far(chain=lambda right: right.cumprod(0))),
        mistake("this is the mean over time, one number for each row: take the mean over the rows, axis 0", _so_far(mean=lambda so_far: so_far.float().mean(1))),
        mistake("this is one number for all: a share for each position is wanted, so take the mean over axis 0 alone", _so_far(mean=lambda so_far: so_far.float().mean())),
        mistake("these are numbers of rows; a share is wanted", _so_far(mean=lambda so_far: so_far.float().sum(0))),
        mistake("this is the share of rows that have had a mistake; wanted are those that have had none", _so_far(mean=lambda so_far: 1 - so_far.float().mean(0))),
        mistake("one right letter saves a row for ever: a row is right so far if *all* of its letters are", _so_far(chain=lambda right: right.cummax(1)[0] if right.dtype != torch.bool else right.int().cummax(1)[0])),
        mistake("this adds right letters up: a single wrong one must bring the row to zero, so multiply", _so_far(chain=lambda right: right.cumsum(1))),
        mistake("these are rows, (N, T): take the mean over them", _so_far(mean=lambda so_far: so_far.float())),
        mistake("a padded place is told by targets, not by letters: behind an early <end> of the network's own, letters hold PAD as well", _so_far(right=lambda a, b: (a == b) | (a == PAD))),
        mistake("PAD in letters is excused as well: a network that ends too early makes a mistake there; only PAD in targets means that the row is over", _so_far(right=lambda a, b: (a == b) | (a == PAD) | (b == PAD))),
        mistake("<end> is excused: it is a letter like the others, and the network has to write it in time", _so_far(right=lambda a, b: (a == b) | (b == PAD) | (b == END))),
        mistake("rows that are over count as wrong: *right or over*, so `|`, not `&`", _so_far(right=lambda a, b: (a == b) & (b != PAD))),
        mistake("right *and* over holds behind the end alone: *right or over*, so `|`, not `&`", _so_far(right=lambda a, b: (a == b) & (b == PAD))),
        mistake("these are per cent; a share lies between 0 and 1", _so_far(mean=lambda so_far: 100 * so_far.float().mean(0))),
        mistake("these are whole numbers, so many rows; a share is wanted: take the mean", _so_far(mean=lambda so_far: so_far.sum(0))),
        mistake("// rounds down to whole numbers: divide with /", _so_far(mean=lambda so_far: so_far.sum(0) // len(so_far))),
        mistake("divided by T: the share is one of the rows, so divide by N", _so_far(mean=lambda so_far: so_far.sum(0) / so_far.shape[1])),
        mistake("this is the mean share of right letters so far: one wrong letter must bring the row to zero for good", _so_far(chain=lambda right: right.cumsum(1) / torch.arange(1, right.shape[1] + 1))),
        mistake("the chain runs from the end: this asks whether all is right from here on, not up to here", _so_far(chain=_backwards_so_far)),
        mistake("you multiply the shares of the positions: follow each row first, then take the mean over the rows", _shares_multiplied),
        mistake("you multiply the shares of the positions among the rows still going on: follow each row first, then take the mean over all rows", _real_shares_multiplied),
        mistake("this asks whether *all* rows are right: take the mean over them", _so_far(chain=lambda right: right, mean=lambda right: right.all(0).float())),
    ],
)  # fmt: skip

# 19.4 · from letters to whole numbers ----------------------------------------------------------------------------

define(
    "19.4",
    reference={"exact match": 0.94**50, "needed": 0.9 ** (1 / 50)},
    tolerance=1e-3,
    alternatives=[{"exact match": "4.5 %", "needed": "0.998"}],  # text that is a number is taken as one (forms.py)
    mistakes=[
        mistake("0.94 is the share of right letters; for an exact match all 50 of them must be right", {"exact match": 0.94}),
        mistake("3 is how many letters are wrong on average; asked is how often none is", {"exact match": 3.0}),
        mistake("0.05 is near, but asked is the number to within a thousandth", {"exact match": 0.05}),
        mistake("with q = 1 no letter would ever be wrong: the exact match would be 1, not 0.9", {"needed": 1.0}),
        mistake("it is small, but not zero: more than one number in thirty comes out right", {"exact match": 0.0}),
        mistake("1 − 50 · 0.06 is no probability: chances that all go well multiply", {"exact match": 1 - 50 * 0.06}),
        mistake("that is how often at least one letter is wrong; asked is how often none is", {"exact match": 1 - 0.94**50}),
        slips.per_cent({"exact match": 0.94**50, "needed": 0.9 ** (1 / 50)}),
        mistake("4.5 is in per cent: give the share", {"exact match": 4.5}),
        mistake("that is 49 letters: there are 50", {"exact match": 0.94**49}),
        mistake("with 0.9 for each letter, all 50 would be right about once in two hundred numbers", {"needed": 0.9}),
        mistake("0.9 to the 50th is what 0.9 for each letter would give; asked is the other direction: which q has q to the 50th = 0.9", {"needed": 0.9**50}),
        mistake("that is the share of wrong letters that may remain; asked is the share of right ones", {"needed": 1 - 0.9 ** (1 / 50)}),
        mistake("that is 0.9 / 50; the fiftieth root is asked for", {"needed": 0.9 / 50}),
        mistake("that is the square root; there are 50 letters: the fiftieth root", {"needed": 0.9**0.5}),
        mistake("0.99 for each letter gives an exact match of 0.6 only: three digits are needed here", {"needed": 0.99}),
        mistake("0.995 for each letter gives an exact match of 0.78: more is needed", {"needed": 0.995}),
        mistake("0.94 is the first question's q, and it gives an exact match of 0.05 only", {"needed": 0.94}),
        mistake("that is the first answer: the two are exchanged", {"needed": 0.94**50}),
        mistake("that is the second answer: the two are exchanged", {"exact match": 0.9 ** (1 / 50)}),
        mistake("that is 0.9 to the 50th: here q is 0.94", {"exact match": 0.9**50}),
        mistake("47 is how many letters are right on average; asked is how often all 50 are", {"exact match": 47.0}),
        mistake("that is 0.94 / 50: chances that all go well multiply, 50 times", {"exact match": 0.94 / 50}),
        mistake("that is 51 letters: there are 50", {"exact match": 0.94**51}),
        mistake("that is six letters, as many as a number has digits: here all 50 letters must be right", {"exact match": 0.94**6}),
        mistake("that is 0.9 · 50: asked is a q whose 50th power is 0.9", {"needed": 45.0}),
        mistake("that is log(0.9) / 50, the logarithm of q: take exp of it", {"needed": log(0.9) / 50}),
        mistake("that is the sixth root; there are 50 letters: the fiftieth root", {"needed": 0.9 ** (1 / 6)}),
    ],
)  # fmt: skip

# 19.5 · in the order spoken --------------------------------------------------------------------------------------

define(
    "19.5",
    reference=[0, 2, 1, 3, 5, 4],
    tolerance=0,
    alternatives=[[0.0, 2.0, 1.0, 3.0, 5.0, 4.0], (0, 2, 1, 3, 5, 4)],  # handed on as whole numbers
    mistakes=[
        mistake("that is the order in which they are written; German says the units before the tens, twice", [0, 1, 2, 3, 4, 5]),
        mistake("counted from 1: in Python the first digit has the index 0", [1, 3, 2, 4, 6, 5]),
        mistake("in the first three, too, the units come before the tens: *fünfundvierzig*tausend", [0, 1, 2, 3, 5, 4]),
        mistake("in the last three, too, the units come before the tens", [0, 2, 1, 3, 4, 5]),
        mistake("only units and tens change places; hundreds stay in front of both", [2, 1, 0, 5, 4, 3]),
        mistake("that is the other way round from end to end; the thousands are said first", [5, 4, 3, 2, 1, 0]),
        mistake("the thousands are said first, with their hundreds, units and tens", [3, 5, 4, 0, 2, 1]),
        mistake("the hundreds come first: hundreds, units, tens, *tausend*, and again", [1, 2, 0, 4, 5, 3]),
        mistake("these are digits; asked are their places, counted from 0", [3, 5, 4, 6, 8, 7]),
        mistake("these are digits, and in the order written; asked are their places, in the order spoken", [3, 4, 5, 6, 7, 8]),
        mistake("the last three digits have the places 3, 4 and 5: do not begin again at 0", [0, 2, 1, 0, 2, 1]),
        mistake("these are the first three places; behind *tausend* come three more", [0, 2, 1]),
        mistake("the hundreds come first, *dreihundert*; the units change places with the tens", [1, 0, 2, 4, 3, 5]),
        mistake("the hundreds come first, *dreihundert*, then units and tens", [2, 0, 1, 5, 3, 4]),
        mistake("you count the places from the right, as powers of ten: here they are counted from the left", [5, 3, 4, 2, 0, 1]),
        mistake("*tausend* is no digit and has no place: the digit behind it has place 3", [0, 2, 1, 4, 6, 5]),
        mistake("behind *tausend* the hundreds, place 3, come first again", [0, 2, 1, 4, 3, 5]),
        mistake("neighbours change places throughout: German exchanges units and tens alone, places 1 and 2, and 4 and 5", [1, 0, 3, 2, 5, 4]),
        mistake("one flat list of six places, not a list of two lists", [[0, 2, 1], [3, 5, 4]]),
    ],
)  # fmt: skip
