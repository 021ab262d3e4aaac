"""Lesson 19 · Encoder and decoder: the state after the last word, the masked loss, free running, exact match, the coin."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from lstmkit.exercises import case, define, mistake

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
        case(nn.LSTMCell(3, 4), torch.randn(4, 6, 3), torch.tensor([6, 2, 4, 1])),
        case(nn.LSTMCell(5, 5), torch.randn(3, 4, 5), torch.tensor([3, 2, 2]), label="all end before T"),
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
        mistake("the state is not carried: each step starts from zeros", _read(carry=False)),
        mistake("this is h alone; the message is the pair h, c", _h_alone),
        mistake("h and c are swapped: return h first", _swapped),
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


def _selected(logits, targets):
    real = targets != PAD
    return F.nll_loss(logits[real].log_softmax(1), targets[real])


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
    alternatives=[_ignored, _selected],
    mistakes=[
        mistake("the padding is counted: the network would be praised for writing <pad>", lambda a, b: _each(a, b).mean()),
        mistake("the padding adds nothing to the sum, but you divide by all N · T: divide by the number of real letters", _wrong_loss(per=lambda real: real.numel())),
        mistake("this is the sum; divide by the number of real letters", _wrong_loss(per=lambda real: 1)),
        mistake("this is the sum per sequence: divide by the number of real letters, not of sequences", _wrong_loss(per=len)),
        mistake("this is a mean of each row's mean: a letter of a short output then weighs more than one of a long output", _row_by_row),
        mistake("the mask is inverted: this is the loss of the padding", _wrong_loss(lambda a, b: _each(a, b), lambda targets: targets == PAD, lambda real: real.sum().clamp(min=1))),
        mistake("<end> is masked as well: when to stop has to be learnt, too", _wrong_loss(mask=lambda targets: (targets != PAD) & (targets != END))),
        mistake("the softmax runs over time: the letters' scores stand along the last axis, axis 2", _wrong_loss(lambda a, b: -a.log_softmax(1).gather(2, b[:, :, None])[:, :, 0])),
        mistake("the logits are taken for log-probabilities: log_softmax them first", _wrong_loss(lambda a, b: -a.gather(2, b[:, :, None])[:, :, 0])),
        mistake("the logarithm is missing: the loss is minus the log-probability, not minus the probability", _wrong_loss(lambda a, b: -a.softmax(2).gather(2, b[:, :, None])[:, :, 0])),
        mistake("the sign is wrong: the loss is minus the mean log-probability", lambda a, b: -masked_loss(a, b)),
        mistake("targets are shifted once more: they were shifted before they came here", lambda a, b: masked_loss(a[:, :-1], b[:, 1:])),
    ],
)  # fmt: skip

# A small recurrent writer to try the decoders on: its state is (h, c), and c counts the letters --------------------


def _writer(V=8, H=6, haste=0.5):
    """A step with random weights; the longer the output, the likelier <end>. Never <pad> or <start>."""
    A, E, R = torch.randn(H, H), 1.5 * torch.randn(V, H), 1.5 * torch.randn(H, V)

    def step(tokens, state):
        h, c = state
        h, c = torch.tanh(h @ A + E[tokens]), c + 1
        logits = h @ R - 30 * (torch.arange(V) < 2)
        return logits + haste * c[:, :1] * (torch.arange(V) == END), (h, c)

    return step, lambda N: (torch.randn(N, H), torch.zeros(N, H))


# 19.3 · free running ---------------------------------------------------------------------------------------------


def free_run(step, state, T):
    """What the decoder writes when it reads its own letters, (N, T): <pad> after <end>."""
    letters = torch.full((len(state[0]),), START, device=state[0].device)
    written, ended = [], torch.zeros_like(letters, dtype=torch.bool)
    for _ in range(T):
        logits, state = step(letters, state)
        letters = logits.argmax(1).masked_fill(ended, PAD)
        written.append(letters)
        ended = ended | (letters == END)
    return torch.stack(written, 1)


def _free(*, first=START, stop=True, feed=True, carry=True, axis=1, keep_end=True, choose=torch.argmax):
    def wrong(step, state, T):
        letters = torch.full((len(state[0]),), first)
        written, ended = [], torch.zeros_like(letters, dtype=torch.bool)
        for _ in range(T):
            logits, after = step(letters, state)
            state = after if carry else state
            new = choose(logits, 1)
            ended = ended if keep_end else ended | (new == END)
            new = new.masked_fill(ended, PAD) if stop else new
            ended = ended | (new == END)
            letters = new if feed else letters
            written.append(new)
        return torch.stack(written, axis)

    return wrong


def _end_for_ever(step, state, T):
    rows = free_run(step, state, T)
    return rows.masked_fill(rows == PAD, END)


def _with_start(step, state, T):
    rows = free_run(step, state, T)
    return torch.cat([torch.full_like(rows[:, :1], START), rows[:, :-1]], 1)


def _with_start_longer(step, state, T):
    rows = free_run(step, state, T)
    return torch.cat([torch.full_like(rows[:, :1], START), rows], 1)


def _all_stop_together(step, state, T):
    rows = _free(stop=False)(step, state, T)
    ends = (rows == END).any(0).nonzero()
    last = int(ends[0]) if len(ends) else T
    return torch.cat([rows[:, : last + 1], torch.zeros_like(rows[:, last + 1 :])], 1)


def _too_short(step, state, T):
    return free_run(step, state, T)[:, :-1]


def _cut_afterwards(step, state, T):
    rows = _free(stop=False)(step, state, T)
    before = (rows == END).int().cumsum(1) - (rows == END).int()
    return torch.where(before > 0, 0, rows)


def _free_cases():
    (first, states), (second, others) = _writer(), _writer(V=10, haste=0.3)
    hasty = _writer(haste=40.0)
    return [
        case(first, states(5), 7),
        case(second, others(6), 12, label="up to twelve letters"),
        case(first, states(1), 6, label="a batch of one"),
        case(second, others(3), 1, label="one letter at most"),
        case(hasty[0], hasty[1](2), 4, label="empty outputs: <end> comes first"),
    ]


define(
    "19.3",
    reference=free_run,
    cases=_free_cases,
    alternatives=[_cut_afterwards],
    mistakes=[
        mistake("letters are written after <end>: what follows it must be <pad>", _free(stop=False)),
        mistake("<end> itself is overwritten: pad only what comes after it", _free(keep_end=False)),
        mistake("<end> is repeated to the end of the row: after the first one comes <pad>", _end_for_ever),
        mistake("every step is fed <start> again: feed the letter that was written last", _free(feed=False)),
        mistake("the first letter fed is <pad>: a decoder begins with <start>", _free(first=PAD)),
        mistake("the first letter fed is <end>: a decoder begins with <start>", _free(first=END)),
        mistake("the state is not carried: each step must begin from the state that the step before returned", _free(carry=False)),
        mistake("time is on axis 0: stack the steps along axis 1, shape (N, T)", _free(axis=0)),
        mistake("this takes the least likely letter: argmax, not argmin", _free(choose=torch.argmin)),
        mistake("<start> stands in front and the last letter is lost: <start> is fed, not written", _with_start),
        mistake("<start> stands in front: it is fed, not written", _with_start_longer),
        mistake("all outputs stop when the first one ends: each has an end of its own", _all_stop_together),
        mistake("one letter is missing at the end: T rounds, one letter each", _too_short),
    ],
)  # fmt: skip

# 19.4 · from letters to whole numbers ----------------------------------------------------------------------------

define(
    "19.4",
    reference={"exact match": 0.94**50, "needed": 0.9 ** (1 / 50)},
    tolerance=1e-3,
    mistakes=[
        mistake("that is the share of right letters; for an exact match all 50 of them must be right", {"exact match": 0.94}),
        mistake("that is how many letters are wrong on average, not how often none is", {"exact match": 3.0}),
        mistake("rounded too far: asked is the number to within a thousandth", {"exact match": 0.05}),
        mistake("rounded too far: with q = 1 no letter would ever be wrong", {"needed": 1.0}),
        mistake("small, but not zero: multiply the probabilities, do not subtract them", {"exact match": 0.0}),
        mistake("1 − 50 · 0.06 is no probability: chances that all go well multiply", {"exact match": 1 - 50 * 0.06}),
        mistake("that is how often at least one letter is wrong; asked is how often none is", {"exact match": 1 - 0.94**50}),
        mistake("with 0.9 for each letter, all 50 would be right about once in two hundred numbers", {"needed": 0.9}),
        mistake("that is what 0.9 for each letter would give; asked is the other direction: which q has q to the 50th = 0.9", {"needed": 0.9**50}),
        mistake("that is the share of wrong letters that may remain; asked is the share of right ones", {"needed": 1 - 0.9 ** (1 / 50)}),
        mistake("that is 0.9 / 50; but the fiftieth root is asked for", {"needed": 0.9 / 50}),
        mistake("that is the square root; there are 50 letters: the fiftieth root", {"needed": 0.9**0.5}),
    ],
)  # fmt: skip

# 19.5 · the coin -------------------------------------------------------------------------------------------------


def scheduled(step, state, letters, coins):
    """Logits (N, T, V); at each step each row reads the teacher's letter where its coin is True, else its own."""
    own, steps = letters[:, 0], []
    for t in range(letters.shape[1]):
        fed = torch.where(coins[:, t], letters[:, t], own) if t else letters[:, 0]
        logits, state = step(fed, state)
        own = logits.argmax(1)
        steps.append(logits)
    return torch.stack(steps, 1)


def _coin(
    *, coin=lambda coins, t: coins[:, t], teacher=lambda letters, t: letters[:, t], choose=lambda a: a.argmax(1),
    carry=True, axis=1, late=False, first=True,
):  # fmt: skip
    def wrong(step, state, letters, coins):
        own = before = letters[:, 0]
        steps = []
        for t in range(letters.shape[1]):
            fed = torch.where(coin(coins, t), teacher(letters, t), before if late else own)
            logits, after = step(letters[:, 0] if first and t == 0 else fed, state)
            state = after if carry else state
            before, own = own, choose(logits)
            steps.append(logits)
        return torch.stack(steps, axis)

    return wrong


def _from_the_targets(letters, t):
    return letters[:, min(t + 1, letters.shape[1] - 1)]


def _the_letters(step, state, letters, coins):
    return scheduled(step, state, letters, coins).argmax(2)


def _never_again(step, state, letters, coins):
    return scheduled(step, state, letters, coins.int().cummin(1)[0].bool())


def _mixed_by_arithmetic(step, state, letters, coins):
    fed, rows = letters[:, 0], []
    for t in range(letters.shape[1]):
        logits, state = step(fed, state)
        rows += [logits]
        if t + 1 < letters.shape[1]:
            coin = coins[:, t + 1].long()
            fed = coin * letters[:, t + 1] + (1 - coin) * logits.argmax(-1)
    return torch.stack(rows, dim=1)


def _rows_end(step, state, letters, coins):
    own, rows = letters[:, 0], []
    ended = torch.zeros_like(own, dtype=torch.bool)
    for t in range(letters.shape[1]):
        logits, state = step(torch.where(coins[:, t], letters[:, t], own) if t else letters[:, 0], state)
        rows.append(logits)
        own = logits.argmax(1).masked_fill(ended, PAD)
        ended = ended | (own == END)
    return torch.stack(rows, 1)


def _coin_cases():
    (first, states), (second, others) = _writer(haste=0.0), _writer(V=10, haste=0.1)
    hasty = _writer(haste=2.0)

    def fed(N, T, V):
        return torch.cat([torch.full((N, 1), START), torch.randint(3, V, (N, T - 1))], 1)

    return [
        case(first, states(6), fed(6, 7, 8), torch.rand(6, 7) < 0.5),
        case(second, others(4), fed(4, 9, 10), torch.rand(4, 9) < 0.7, label="seven coins of ten are True"),
        case(first, states(3), fed(3, 6, 8), torch.ones(3, 6, dtype=torch.bool), label="all coins True: teacher forcing"),
        case(first, states(3), fed(3, 6, 8), torch.zeros(3, 6, dtype=torch.bool), label="all coins False: free running"),
        case(second, others(1), fed(1, 8, 10), torch.rand(1, 8) < 0.5, label="a batch of one"),
        case(hasty[0], hasty[1](4), fed(4, 8, 8), torch.rand(4, 8) < 0.3, label="own <end>s on the way: nothing ends a row"),
        case(second, others(2), fed(2, 1, 10), torch.zeros(2, 1, dtype=torch.bool), label="one step"),
    ]  # fmt: skip


define(
    "19.5",
    reference=scheduled,
    cases=_coin_cases,
    gradients=True,
    alternatives=[_mixed_by_arithmetic],
    mistakes=[
        mistake("the coin is read the wrong way round: True means the teacher's letter", _coin(coin=lambda coins, t: ~coins[:, t])),
        mistake("one coin decides for the whole sequence: throw one for each letter, coins[:, t]", _coin(coin=lambda coins, t: coins[:, 0])),
        mistake("one coin decides for the whole batch: each row has its own, coins[:, t]", _coin(coin=lambda coins, t: coins[0, t].expand(len(coins)))),
        mistake("after the first False the teacher never comes back: each coin counts for its own step alone", _never_again),
        mistake("the coins are ignored: this is teacher forcing", _coin(coin=lambda coins, t: torch.ones_like(coins[:, t]))),
        mistake("the coins are ignored: this is free running", _coin(coin=lambda coins, t: torch.zeros_like(coins[:, t]))),
        mistake("the teacher's letter comes one step early: at step t it is letters[:, t]; the next one is what the network has to guess", _coin(teacher=_from_the_targets)),
        mistake("the network's own letter is one step old: feed the one that the step before this one chose", _coin(late=True)),
        mistake("after an own <end> <pad> is fed, as in free_run: here nothing ends a row, an own <end> is fed on like any letter", _rows_end),
        mistake("own letters are the least likely ones: argmax, not argmin", _coin(choose=lambda logits: logits.argmin(1))),
        mistake("the state is not carried: each step must begin from the state that the step before returned", _coin(carry=False)),
        mistake("time is on axis 0: stack the steps along axis 1, shape (N, T, V)", _coin(axis=0)),
        mistake("these are letters; the loss needs the logits, (N, T, V)", _the_letters),
    ],
)  # fmt: skip
