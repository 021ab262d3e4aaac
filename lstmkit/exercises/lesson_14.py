"""Exercises of lesson 14: bits, rows and windows, the carried state, temperature."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from lstmkit.exercises import slips
from lstmkit.exercises.core import case, define, mistake

# 14.1 · bits -----------------------------------------------------------------------------------------------------

_BITS = {"A": 6.0, "B": 2.25, "C": 2**2.25, "D": 0.75, "E": 2.0}

define(
    "14.1",
    reference=_BITS,
    tolerance=0.011,
    mistakes=[
        mistake("that is in nats, with the natural logarithm; bits are wanted: log2 of 64", {"A": math.log(64)}),
        mistake("that is the perplexity, the number of choices; its logarithm to base 2 is wanted", {"A": 64.0}),
        mistake("that is the probability of each; how many yes-or-no questions name one of 64?", {"A": 1 / 64}),
        mistake("that is the square root of 64; which power of 2 is 64?", {"A": 8.0}),
        mistake("that is log10 of 64; bits want the logarithm to base 2", {"A": math.log10(64)}),
        mistake("the sign is the wrong way round: a surprise is minus a logarithm", {"A": -6.0, "B": -2.25, "D": -0.75}),
        mistake("that is in nats, with the natural logarithm; bits are wanted", {"B": 2.25 * math.log(2)}),
        mistake("that is the sum of the four surprises: per character means their mean", {"B": 9.0}),
        mistake("you averaged the probabilities and took the logarithm then: average the surprises, 1, 2, 3 and 3", {"B": 2.0}),
        mistake("each of 1, 2 and 3 bits counts as often as it comes: 3 comes twice", {"B": 2.0}),
        mistake("each surprise is weighted with its probability there, as in an entropy; these four characters *came*, so each counts once", {"B": 1.75}),
        mistake("that is the mean probability; what is its surprise?", {"B": 0.25}),
        mistake("you averaged the perplexities 2, 4, 8 and 8 of the single characters: average the bits, and raise 2 to the mean", {"C": 5.5}),
        mistake("you raised e to a number of bits: 2 to the bits, or e to the nats", {"C": math.exp(2.25)}),
        mistake("you raised 2 to a number of nats: 2 to the bits, or e to the nats", {"C": 2 ** (2.25 * math.log(2))}),
        mistake("that is one over the mean probability: average the bits, and raise 2 to the mean", {"C": 4.0}),
        mistake("the bits in your exponent are weighted with their probabilities: these four characters *came*, so each counts once", {"C": 2**1.75}),
        mistake("that is the bits squared; 2 is the base and the bits are the exponent", {"C": 2.25**2}),
        mistake("that is 2 times the bits; 2 to the power of the bits is wanted", {"C": 4.5}),
        mistake("you raised 2 to the sum of the bits, not to their mean", {"C": 512.0}),
        mistake("the perplexity is upside down: that is 2 to the minus bits", {"C": 2**-2.25}),
        mistake("that is what the one character costs more, or the new mean: by how much is the *mean* of the four worse?", {"D": 3.0}),
        mistake("that is the ratio of the two probabilities; log2 of it is the difference in bits, and it is shared by four", {"D": 8.0}),
        mistake("that is in nats; bits are wanted", {"D": 0.75 * math.log(2)}),
        mistake("the last surprise is 6 now, but it was 3 before: the difference counts, shared by four", {"D": 1.5}),
        mistake("to turn nats into bits, divide by ln 2; you multiplied", {"E": 1.386 * math.log(2)}),
        mistake("that is in nats still: one bit is ln 2 nats, so divide by ln 2", {"E": 1.386}),
        mistake("that is the perplexity, e to the nats; bits are wanted", {"E": math.exp(1.386)}),
        mistake("that is 2 to the nats; divide the nats by ln 2", {"E": 2**1.386}),
        mistake("that is log2 of the nats; divide them by ln 2", {"E": math.log2(1.386)}),
    ],
)  # fmt: skip

# 14.2 · rows and windows -----------------------------------------------------------------------------------------


def windows(tokens, N, T):
    """x and y, each (K, N, T): windows of N rows of one text."""
    length = (len(tokens) - 1) // N
    K = length // T
    x = tokens[: N * length].view(N, length)[:, : K * T]
    y = tokens[1 : N * length + 1].view(N, length)[:, : K * T]
    return x.reshape(N, K, T).transpose(0, 1), y.reshape(N, K, T).transpose(0, 1)


def _by_loop(tokens, N, T):
    length = (len(tokens) - 1) // N
    xs, ys = [], []
    for k in range(length // T):
        begin = [n * length + k * T for n in range(N)]
        xs.append(torch.stack([tokens[b : b + T] for b in begin]))
        ys.append(torch.stack([tokens[b + 1 : b + T + 1] for b in begin]))
    return torch.stack(xs), torch.stack(ys)


def _by_split(tokens, N, T):
    length = (len(tokens) - 1) // N
    rows = [torch.stack(part[: N * length].split(length)) for part in (tokens[:-1], tokens[1:])]
    K = length // T
    x, y = (torch.stack(row[:, : K * T].split(T, dim=1)) for row in rows)
    return x, y


def _cut(tokens, N, T, K=None):
    """Rows and their shifted ones, each (N, K · T)."""
    length = (len(tokens) - 1) // N
    K = length // T if K is None else K
    return tokens[: N * length].view(N, length)[:, : K * T], tokens[1 : N * length + 1].view(N, length)[:, : K * T], K


def _pieces(rows, N, K, T):
    return rows.reshape(N, K, T).transpose(0, 1)


def _consecutive(tokens, N, T):
    """Each window is one stretch of the text, cut into N pieces."""
    K = (len(tokens) - 1) // N // T
    return tokens[: K * N * T].view(K, N, T), tokens[1 : K * N * T + 1].view(K, N, T)


def _consecutive_rolled(tokens, N, T):
    K = len(tokens) // N // T
    return tokens[: K * N * T].view(K, N, T), tokens.roll(-1)[: K * N * T].view(K, N, T)


def _targets_in_rows(tokens, N, T):
    """Rows first, targets then: a row's last character has none."""
    rows = tokens[: len(tokens) // N * N].view(N, -1)
    K = (rows.shape[1] - 1) // T
    return _pieces(rows[:, : K * T], N, K, T), _pieces(rows[:, 1 : K * T + 1], N, K, T)


def _viewed(tokens, N, T):
    """view(K, N, T) where reshape(N, K, T).transpose(0, 1) belongs."""
    x, y, K = _cut(tokens, N, T)
    return x.reshape(K, N, T), y.reshape(K, N, T)


def _every_nth(tokens, N, T):
    length = (len(tokens) - 1) // N
    K = length // T
    x = tokens[: N * length].view(length, N).T[:, : K * T]
    y = tokens[1 : N * length + 1].view(length, N).T[:, : K * T]
    return _pieces(x, N, K, T), _pieces(y, N, K, T)


def _same(tokens, N, T):
    x, _ = windows(tokens, N, T)
    return x, x


def _exchanged(tokens, N, T):
    x, y = windows(tokens, N, T)
    return y, x


def _two_ahead(tokens, N, T):
    length = (len(tokens) - 2) // N
    K = length // T
    x, y = tokens[: N * length].view(N, length), tokens[2 : N * length + 2].view(N, length)
    return _pieces(x[:, : K * T], N, K, T), _pieces(y[:, : K * T], N, K, T)


def _rolled_by_two(tokens, N, T):
    x, _ = windows(tokens, N, T)
    return x, windows(tokens.roll(-1), N, T)[1]


def _beginning_dropped(tokens, N, T):
    """What is left over in a row is dropped at its beginning."""
    x, y, K = _cut(tokens, N, T, K=len(tokens))
    K = x.shape[1] // T
    return _pieces(x[:, -K * T :], N, K, T), _pieces(y[:, -K * T :], N, K, T)


def _targets_in_its_row(tokens, N, T):
    """Rows of the right length, and the targets cut out of the row: the last window may lose its last target."""
    rows, _, _ = _cut(tokens, N, T, K=len(tokens))
    K = (rows.shape[1] - 1) // T
    return _pieces(rows[:, : K * T], N, K, T), _pieces(rows[:, 1 : K * T + 1], N, K, T)


def _rolled_in_window(tokens, N, T):
    x, _ = windows(tokens, N, T)
    return x, x.roll(-1, dims=2)


def _rolled_in_row(tokens, N, T):
    x, _, K = _cut(tokens, N, T)
    return _pieces(x, N, K, T), _pieces(x.roll(-1, dims=1), N, K, T)


def _shorter(tokens, N, T):
    x, y = windows(tokens, N, T)
    return x[:, :, :-1], y[:, :, :-1]


def _rows_first(tokens, N, T):
    x, y, K = _cut(tokens, N, T)
    return x.reshape(N, K, T), y.reshape(N, K, T)


def _time_first(tokens, N, T):
    x, y = windows(tokens, N, T)
    return x.transpose(1, 2), y.transpose(1, 2)


def _one_window_less(tokens, N, T):
    x, y = windows(tokens, N, T)
    return x[:-1], y[:-1]


def _last_window_first(tokens, N, T):
    x, y = windows(tokens, N, T)
    return x.flip(0), y.flip(0)


def _one_row(tokens, N, T):
    K = (len(tokens) - 1) // T
    return tokens[: K * T].view(K, 1, T), tokens[1 : K * T + 1].view(K, 1, T)


def _every_start(tokens, N, T):
    """Windows that overlap: one for each start."""
    x, y, _ = _cut(tokens, N, T)
    length = (len(tokens) - 1) // N
    x, y = tokens[: N * length].view(N, length), tokens[1 : N * length + 1].view(N, length)
    return x.unfold(1, T, 1).transpose(0, 1), y.unfold(1, T, 1).transpose(0, 1)


def _whole_text(tokens, N, T):
    """Rows of len(tokens) // N characters; the very last target is missing, and wraps round."""
    length = len(tokens) // N
    K = length // T
    x, y = tokens[: N * length].view(N, length), tokens.roll(-1)[: N * length].view(N, length)
    return _pieces(x[:, : K * T], N, K, T), _pieces(y[:, : K * T], N, K, T)


def _rows_of_windows(tokens, N, T):
    """Rows no longer than their windows: the remainder is dropped once, at the end of the text."""
    K = (len(tokens) - 1) // (N * T)
    x, y = tokens[: N * K * T].view(N, K * T), tokens[1 : N * K * T + 1].view(N, K * T)
    return _pieces(x, N, K, T), _pieces(y, N, K, T)


def _one_too_long(tokens, N, T):
    length = len(tokens) // N
    K = length // T
    x, y = tokens[: N * length].view(N, length), tokens[1 : N * length + 1].view(N, length)
    return _pieces(x[:, : K * T], N, K, T), _pieces(y[:, : K * T], N, K, T)


def _nothing_dropped(tokens, N, T):
    x, y = tokens[:-1].view(N, -1), tokens[1:].view(N, -1)
    K = x.shape[1] // T
    return _pieces(x[:, : K * T], N, K, T), _pieces(y[:, : K * T], N, K, T)


_SHUFFLED = "the right windows, in another order"


def _cut_by(answer, tokens, N, T):
    """What an answer returns; the right windows in an order that was drawn by lot become a word."""
    found, (x, y) = answer(tokens, N, T), windows(tokens, N, T)
    if isinstance(found, tuple | list) and len(found) == 2 and all(isinstance(part, torch.Tensor) for part in found):
        if (
            found[0].shape == x.shape
            and found[1].shape == y.shape
            and not found[0].equal(x)
            and not found[0].equal(x.flip(0))
        ):
            if sorted(torch.cat(found, 2).flatten(1).tolist()) == sorted(torch.cat([x, y], 2).flatten(1).tolist()):
                return _SHUFFLED
        return tuple(found)
    return found  # fmt: skip


def _by_lot(tokens, N, T):
    x, y = windows(tokens, N, T)
    order = [*range(1, len(x)), 0]
    return x[order], y[order]


define(
    "14.2",
    reference=windows,
    cases=lambda: [
        case(torch.arange(47), 3, 5, label="15 characters a row, three windows"),
        case(torch.arange(100, 180), 4, 6, label="some characters are left over in each row"),
        case(torch.randint(0, 90, (60,)), 2, 7, label="two rows"),
        case(torch.arange(61), 5, 4, label="a text that just fits"),
        case(torch.arange(60), 5, 4, label="one character too few for the last window"),
        case(torch.arange(72), 6, 3, label="the last character has none that follows it"),
    ],
    run=_cut_by,
    alternatives=[_by_loop, _by_split],
    mistakes=[
        mistake("your windows are consecutive stretches of the text, each cut into N pieces: row n must go on where row n of the window before ended, so cut the text into N rows first", _consecutive),
        mistake("your windows are consecutive stretches of the text, each cut into N pieces (and the targets wrap round): cut the text into N rows first", _consecutive_rolled),
        mistake("the last character of a row has a target, too: it stands at the beginning of the next row. Shift the *text*, then cut x and y alike", _targets_in_rows),
        mistake("you look for the targets within a row, and the last window loses its last one: it stands at the beginning of the next row. Shift the *text*, then cut x and y alike", _targets_in_its_row),
        mistake("what is left over is dropped at the beginning of each row in your answer: drop it at the end, `[:, : K * T]`", _beginning_dropped),
        mistake("after the rows come the windows: `view(K, N, T)` mixes them; `reshape(N, K, T)` first, then bring K to the front with `transpose(0, 1)`", _viewed),
        mistake("each row takes every N-th character: a row is one stretch of the text, `view(N, length)`", _every_nth),
        mistake("y is x itself: the target is the character that *follows*", _same),
        mistake("x and y have changed places, so the target is the character *before*", _exchanged),
        mistake("the target is two characters ahead: the next one is wanted", _two_ahead),
        mistake("the target is two characters ahead (and the last ones wrap round): the next one is wanted", _rolled_by_two),
        mistake("the last target of each window is that window's first character: shift the *text* before you cut it, not the window", _rolled_in_window),
        mistake("the last target of each row is that row's first character: shift the *text* before you cut it, not the row", _rolled_in_row),
        mistake("the windows have T − 1 steps: cut y out of the text that begins one later, then nothing is lost", _shorter),
        mistake("the rows come first in your result, (N, K, T): windows first is wanted, (K, N, T)", _rows_first),
        mistake("time comes before the rows in your result, (K, T, N): (K, N, T) is wanted", _time_first),
        mistake("the last window is missing: K = length // T fit", _one_window_less),
        mistake("the windows are in the reverse order: they are read from the first to the last", _last_window_first),
        mistake("that is one row of the text: cut it into N rows that are read side by side", _one_row),
        mistake("your windows overlap: the next one begins where the last one ended, T steps later", _every_start),
        mistake("the very last character has none that follows it: count len(tokens) - 1 for the rows, and let nothing wrap round", _whole_text),
        mistake("the rows together are longer than the text but for its last character: (len(tokens) - 1) // N, for the last one has none that follows it", _one_too_long),
        mistake("the text need not be a multiple of N: drop what is left over, `tokens[: N * length]`, before you cut rows", _nothing_dropped),
        mistake("the rows are cut too short: each is as long as possible, (len(tokens) - 1) // N, and what is left over is dropped at the end of *each row*", _rows_of_windows),
        mistake("the right windows in the wrong order: shuffled, no window goes on where the one before ended, and the carried state is a stranger's", _by_lot),
        slips.arguments_swapped(windows, 1, 2, says="N and T have changed places: N rows, T steps"),
        mistake("x alone is not enough: return x and y", lambda tokens, N, T: windows(tokens, N, T)[0]),
        mistake("y alone is not enough: return x and y", lambda tokens, N, T: windows(tokens, N, T)[1]),
        mistake("that is one list of pairs; two tensors are wanted, x and y, each (K, N, T)", lambda tokens, N, T: list(zip(*windows(tokens, N, T), strict=True))),
        mistake("x and y are stacked into one tensor; return two of them", lambda tokens, N, T: torch.stack(windows(tokens, N, T))),
    ],
)  # fmt: skip

# 14.3 · the carried state ----------------------------------------------------------------------------------------


def read_window(model, x, y, state):
    """The loss of a window, and the state behind it without its past."""
    logits, (h, c) = model(x, state)
    loss = cross_entropy(logits.transpose(1, 2), y)
    return loss, (h.detach(), c.detach())


class _Model(nn.Module):
    """A small model; V = T in one case, so that axes that are mixed up do not fail but give wrong numbers."""

    def __init__(self, V, H):
        super().__init__()
        self.embedding, self.lstm, self.readout = nn.Embedding(V, 3), nn.LSTM(3, H, batch_first=True), nn.Linear(H, V)
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.7)

    def forward(self, tokens, state=None):
        states, state = self.lstm(self.embedding(tokens), state)
        return self.readout(states), state


def _reads(answer, model, x, y, state):
    """(loss, (h, c)), as asked for; in the place of one that goes back where it should not, or cannot where it should, stands a word."""
    handed = None if state is None else tuple(one.clone().requires_grad_() for one in state)
    found = answer(model, x, y, handed)
    try:
        loss, (h, c) = found
    except (TypeError, ValueError):
        return found
    if not (isinstance(h, torch.Tensor) and isinstance(c, torch.Tensor)):
        return found
    if isinstance(loss, float):
        loss = "a plain number, no tensor"
    elif isinstance(loss, torch.Tensor) and loss.dim() == 0:
        try:
            torch.autograd.grad(loss, model.readout.weight, retain_graph=True)
        except RuntimeError:  # used up, or never there
            loss = "a loss whose graph is used up" if loss.requires_grad else "a loss without a graph"
    h, c = ("a state with its past" if one.requires_grad else one for one in (h, c))
    return loss.detach() if isinstance(loss, torch.Tensor) else loss, (h, c)


def _flat(model, x, y, state):
    logits, state = model(x, state)
    h, c = (one.detach() for one in state)
    return cross_entropy(logits.reshape(-1, logits.shape[2]), y.reshape(-1)), (h, c)


def _by_log_softmax(model, x, y, state):
    logits, (h, c) = model(x, state)
    chosen = logits.log_softmax(2).gather(2, y[:, :, None])
    return -chosen.mean(), (h.data, c.data)


def _cut_twice(model, x, y, state):
    """What comes in is cut as well: needless in the lesson, and no harm."""
    logits, (h, c) = model(x, _incoming(state))
    return cross_entropy(logits.transpose(1, 2), y), (h.detach(), c.detach())


def _incoming(state):
    return None if state is None else tuple(one.detach() for one in state)


def _window(*, cost=None, end=None, begin=None):
    """read_window with one of its parts changed."""

    def wrong(model, x, y, state):
        logits, (h, c) = model(x, state if begin is None else begin(state))
        loss = cost(logits, y) if cost else cross_entropy(logits.transpose(1, 2), y)
        return loss, end(h, c, state) if end else (h.detach(), c.detach())

    return wrong


def _no_grad(model, x, y, state):
    with torch.no_grad():
        return read_window(model, x, y, state)


def _mean(logits, y, reduction="mean"):
    return cross_entropy(logits.transpose(1, 2), y, reduction=reduction)


def _goes_back(model, x, y, state):
    loss, state = read_window(model, x, y, state)
    loss.backward()
    return loss, state


define(
    "14.3",
    reference=read_window,
    cases=lambda: [
        case(_Model(5, 4), torch.randint(0, 5, (3, 6)), torch.randint(0, 5, (3, 6)), None, label="the beginning of the text"),
        case(_Model(5, 4), torch.randint(0, 5, (3, 6)), torch.randint(0, 5, (3, 6)), (torch.randn(1, 3, 4), torch.randn(1, 3, 4)), label="a state that was carried here"),
        case(_Model(6, 2), torch.randint(0, 6, (2, 6)), torch.randint(0, 6, (2, 6)), (torch.randn(1, 2, 2), torch.randn(1, 2, 2)), label="V = T"),
        case(_Model(7, 3), torch.randint(0, 7, (1, 9)), torch.randint(0, 7, (1, 9)), (torch.randn(1, 1, 3), torch.randn(1, 1, 3)), label="one row"),
    ],
    run=_reads,
    alternatives=[_flat, _by_log_softmax, _cut_twice],
    mistakes=[
        mistake("the state that you hand back still has its past: at the next window `backward` would walk into this one. Detach h and c", _window(end=lambda h, c, s: (h, c))),
        mistake("h is cut, c is not: the LSTM's past hangs on both, so detach c, too", _window(end=lambda h, c, s: (h.detach(), c))),
        mistake("c is cut, h is not: the LSTM's past hangs on both, so detach h, too", _window(end=lambda h, c, s: (h, c.detach()))),
        mistake("`clone()` copies the numbers and keeps the graph: `detach()` cuts it", _window(end=lambda h, c, s: (h.clone(), c.clone()))),
        mistake("you cut the state that comes *in*; the one that you hand back still hangs on this window's graph", _window(begin=_incoming, end=lambda h, c, s: (h, c))),
        mistake("you call `backward` yourself, and that uses up the graph: return the loss, `fit` goes back through it", _goes_back),
        mistake("the state that comes in is not used: hand it to the model, `model(x, state)`", _window(begin=lambda state: None)),
        mistake("only the values of the loss are there, its graph is lost: no `no_grad()` around the model", _no_grad),
        mistake("the loss is cut as well: it must be able to go back; detach the state alone", _window(cost=lambda logits, y: _mean(logits, y).detach())),
        mistake("`item()` makes a plain number of the loss: then nothing can go back", _window(cost=lambda logits, y: _mean(logits, y).item())),
        mistake("that is the sum over all characters; the mean is wanted", _window(cost=lambda logits, y: _mean(logits, y, "sum"))),
        mistake("that is a loss for each character; one number is wanted, their mean", _window(cost=lambda logits, y: _mean(logits, y, "none"))),
        mistake("that is in bits; the loss is asked for in nats, as `cross_entropy` gives it", _window(cost=lambda logits, y: _mean(logits, y) / math.log(2))),
        mistake("that is the last step's loss alone: every step has a target", _window(cost=lambda logits, y: cross_entropy(logits[:, -1], y[:, -1]))),
        mistake("the targets are shifted once more: `y` holds the next characters already", _window(cost=lambda logits, y: _mean(logits[:, :-1], y[:, 1:]))),
        mistake("you compare the scores with x, the character that was read: the one that comes next is in y", lambda model, x, y, state: (_mean(model(x, state)[0], x), read_window(model, x, y, state)[1])),
        mistake("rows and steps are exchanged before both are flattened: scores and targets do not belong together. `flatten(0, 1)` of both, as they are", _window(cost=lambda logits, y: cross_entropy(logits.transpose(0, 1).flatten(0, 1), y.flatten()))),
        mistake("the scores' axes are reshaped, not exchanged: `logits.transpose(1, 2)` puts the classes on axis 1", _window(cost=lambda logits, y: cross_entropy(logits.reshape(len(y), logits.shape[2], -1), y))),
        mistake("`cross_entropy` wants the classes on axis 1, (N, V, T), and gets (N, T, V) here: `logits.transpose(1, 2)`", _window(cost=lambda logits, y: cross_entropy(logits, y))),
        mistake("`cross_entropy` takes scores: a softmax before it is one too many", _window(cost=lambda logits, y: cross_entropy(logits.softmax(2).transpose(1, 2), y))),
        mistake("the sign is the wrong way round: the loss is what should become small", _window(cost=lambda logits, y: -_mean(logits, y))),
        mistake("you hand back the state from *before* the window (or zeros, where there was none): the one behind it is wanted", _window(end=lambda h, c, s: (torch.zeros_like(h), torch.zeros_like(c)) if s is None else (s[0].detach(), s[1].detach()))),
        mistake("you hand back the state that came in: the one *behind* the window is wanted", lambda model, x, y, state: (read_window(model, x, y, state)[0], state)),
        mistake("you hand back zeros: then no state goes on at all", _window(end=lambda h, c, s: (torch.zeros_like(h), torch.zeros_like(c)))),
        mistake("h and c have changed places in what you hand back", _window(end=lambda h, c, s: (c.detach(), h.detach()))),
        mistake("c is missing: an LSTM's state is the pair (h, c)", _window(end=lambda h, c, s: h.detach())),
        mistake("h is handed back twice: an LSTM's state is the pair (h, c)", _window(end=lambda h, c, s: (h.detach(), h.detach()))),
        mistake("the loss alone is not enough: return (loss, (h, c))", lambda model, x, y, state: read_window(model, x, y, state)[0]),
        mistake("three results in a row; return two, the loss and the pair (h, c)", lambda model, x, y, state: (read_window(model, x, y, state)[0], *read_window(model, x, y, state)[1])),
        mistake("the state comes first in what you return; the loss first is wanted", lambda model, x, y, state: read_window(model, x, y, state)[::-1]),
    ],
)  # fmt: skip

# 14.4 · temperature and top-k ------------------------------------------------------------------------------------


def probabilities(logits, temperature, k):
    """softmax of logits / temperature over the k largest of each row, 0 for the others; (N, V)."""
    scaled = logits / temperature
    smallest = scaled.topk(k, dim=1).values[:, -1:]
    return scaled.masked_fill(scaled < smallest, -torch.inf).softmax(1)


def _by_powers(logits, temperature, k):
    p = logits.double().softmax(1) ** (1 / temperature)
    kept = torch.zeros_like(p).scatter(1, logits.topk(k, dim=1).indices, 1.0)
    return ((p * kept) / (p * kept).sum(1, keepdim=True)).float()


def _by_scatter(logits, temperature, k):
    values, indices = logits.topk(k, dim=1)
    return torch.zeros_like(logits).scatter(1, indices, (values / temperature).softmax(1))


def _kept(logits, k, largest=True):
    return torch.zeros_like(logits, dtype=torch.bool).scatter(1, logits.topk(k, dim=1, largest=largest).indices, True)


def _normed(p):
    return p / p.sum(1, keepdim=True)


def _knob(formula):
    """The right choice of k, and another way to use the temperature."""

    def wrong(logits, temperature, k):
        return formula(logits.masked_fill(~_kept(logits, k), -torch.inf), temperature)

    return wrong


def _with_k(change):
    return lambda logits, temperature, k: probabilities(
        logits, temperature, max(1, min(logits.shape[1], change(k, logits.shape[1])))
    )


def _batch_threshold(logits, temperature, k):
    """One threshold for all rows: the first row's."""
    scaled = logits / temperature
    smallest = scaled.topk(k, dim=1).values[0, -1]
    return scaled.masked_fill(scaled < smallest, -torch.inf).softmax(1)


def _batch_topk(logits, temperature, k):
    """One choice of k for the whole batch (a row that has none of them becomes nan)."""
    scaled = logits / temperature
    smallest = scaled.flatten().topk(k).values[-1]
    return scaled.masked_fill(scaled < smallest, -torch.inf).softmax(1)


def _drawn(logits, temperature, k):
    return torch.multinomial(probabilities(logits, temperature, k), 1)


def _lowest_threshold(logits, temperature, k):
    scaled = logits / temperature
    return scaled.masked_fill(scaled < scaled.topk(k, dim=1).values.min(), -torch.inf).softmax(1)


def _strict(logits, temperature, k):
    scaled = logits / temperature
    smallest = scaled.topk(k, dim=1).values[:, -1:]
    return scaled.masked_fill(scaled <= smallest, -torch.inf).softmax(1)


def _rest(logits, temperature, k):
    V = logits.shape[1]
    return (logits / temperature).masked_fill(_kept(logits, k) & (k < V), -torch.inf).softmax(1)


define(
    "14.4",
    reference=probabilities,
    cases=lambda: [
        case(torch.randn(3, 6) * 2, 0.5, 6, label="cold, all may be drawn"),
        case(torch.randn(4, 7) * 2, 1.7, 3, label="hot, three may be drawn"),
        case(torch.randn(2, 5) * 2 - 1, 1.0, 2, label="as learnt, two may be drawn"),
        case(torch.randn(5, 5) * 3, 0.8, 4, label="N = V"),
        case(torch.randn(1, 8) - 4, 2.5, 5, label="one row, all scores negative"),
    ],
    alternatives=[_by_powers, _by_scatter],
    mistakes=[
        mistake("you divide the *probabilities* by the temperature: then they no longer add up to 1. The scores are divided, before softmax", _knob(lambda z, t: z.softmax(1) / t)),
        mistake("you divide the probabilities by the temperature and norm them again: that changes nothing. The scores are divided, before softmax", _knob(lambda z, t: _normed(z.softmax(1) / t))),
        mistake("the temperature is not used", lambda logits, temperature, k: probabilities(logits, 1.0, k)),
        mistake("you multiply the scores by the temperature: hot and cold are exchanged. Divide", lambda logits, temperature, k: probabilities(logits, 1 / temperature, k)),
        mistake("you raise the probabilities to the power of the temperature: it would be the power of one over it", _knob(lambda z, t: _normed(z.softmax(1) ** t))),
        mistake("the probabilities are raised to a power, and no longer add up to 1", _knob(lambda z, t: z.softmax(1) ** (1 / t))),
        mistake("you multiply the probabilities by the temperature: the scores are divided by it, before softmax", _knob(lambda z, t: z.softmax(1) * t)),
        mistake("softmax is taken twice: once, of the divided scores", lambda logits, temperature, k: probabilities(logits.softmax(1), temperature, k)),
        mistake("you subtract the temperature from the scores: a constant falls out of a softmax. Divide", lambda logits, temperature, k: probabilities(logits - temperature, 1.0, k)),
        mistake("the other probabilities are set to 0, and the k that are left do not add up to 1: choose before the softmax, or norm again", lambda logits, temperature, k: (logits / temperature).softmax(1) * _kept(logits, k)),
        mistake("a score of 0 is not a probability of 0: fill with -torch.inf", lambda logits, temperature, k: (logits / temperature).masked_fill(~_kept(logits, k), 0.0).softmax(1)),
        mistake("`scores * mask` makes the other scores 0, and a score of 0 is not a probability of 0: fill with -torch.inf", lambda logits, temperature, k: (logits / temperature * _kept(logits, k)).softmax(1)),
        mistake("k is not used: only the k likeliest may be drawn", lambda logits, temperature, k: (logits / temperature).softmax(1)),
        mistake("you keep the k *smallest* scores", lambda logits, temperature, k: (logits / temperature).masked_fill(~_kept(logits, k, largest=False), -torch.inf).softmax(1)),
        mistake("one character too few may be drawn: the k-th largest itself stays, so fill only what is *below* it", _strict),
        mistake("one character too many may be drawn: keep k", _with_k(lambda k, V: k + 1)),
        mistake("only the likeliest may be drawn in your answer: that is greedy, k = 1", _with_k(lambda k, V: 1)),
        mistake("the k likeliest are left out, and the others kept", _rest),
        mistake("the threshold is the first row's for all rows: each row has its own k-th largest", _batch_threshold),
        mistake("the threshold is the smallest of the whole batch: each row has its own k-th largest, `values[:, -1:]`", _lowest_threshold),
        mistake("the k likeliest of the *whole batch* stay in your answer: each row has its own k, `topk(k, dim=1)`", _batch_topk),
        mistake("the first k characters stay, not the k likeliest ones: `topk` finds those", lambda logits, temperature, k: (logits / temperature).masked_fill(torch.arange(logits.shape[1]) >= k, -torch.inf).softmax(1)),
        mistake("you draw already: the probabilities are wanted, (N, V)", _drawn),
        mistake("a large negative number is not minus infinity: something is left of its probability. Fill with -torch.inf", lambda logits, temperature, k: (logits / temperature).masked_fill(~_kept(logits, k), -10.0).softmax(1)),
        mistake("a large negative number is not minus infinity: something is left of its probability. Fill with -torch.inf, after dividing by the temperature", lambda logits, temperature, k: (logits.masked_fill(~_kept(logits, k), -10.0) / temperature).softmax(1)),
        mistake("probabilities are divided by the temperature, and go through a softmax once more: once, of the divided scores", lambda logits, temperature, k: (probabilities(logits, 1.0, k) / temperature).softmax(1)),
        mistake("the k that stay are all equally likely in your answer: their scores decide", lambda logits, temperature, k: _kept(logits, k).float() / k),
        mistake("those are the k probabilities alone, (N, k); a place for every character is wanted, (N, V)", lambda logits, temperature, k: (logits.topk(k, dim=1).values / temperature).softmax(1)),
        mistake("those are logarithms of probabilities: softmax, not log_softmax", lambda logits, temperature, k: probabilities(logits, temperature, k).log()),
        mistake("softmax runs along the batch: each *row* adds up to 1, `softmax(1)`", lambda logits, temperature, k: (logits / temperature).masked_fill(~_kept(logits, k), -torch.inf).softmax(0)),
        mistake("the probabilities of the batch are added up", lambda logits, temperature, k: probabilities(logits, temperature, k).sum(0)),
        mistake("those are the scores of the k, not yet probabilities: softmax is missing", lambda logits, temperature, k: (logits / temperature).masked_fill(~_kept(logits, k), -torch.inf)),
    ],
)  # fmt: skip
