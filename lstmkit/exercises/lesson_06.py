"""Lesson 06 · LSTM: two valves, three valves, one step, a programmed gate, a gate trace."""

from __future__ import annotations

import math
from itertools import permutations

import torch
from torch import nn

from lstmkit.exercises import case, define, mistake, slips

# 06.1 · a memory with two valves ----------------------------------------------------------------------------------


def remember(g, f, i):
    """c_t = f_t c_{t−1} + i_t g_t from c_0 = 0; g, f, i (T,). Returns (T,)."""
    c, cells = torch.zeros(()), []
    for t in range(len(g)):
        c = f[t] * c + i[t] * g[t]
        cells.append(c)
    return torch.stack(cells)


def _memory(rule, start=lambda g: torch.zeros(())):
    """remember with another rule, c_t of (c_{t−1}, g_t, f_t, i_t), or another start."""

    def wrong(g, f, i):
        c, cells = start(g), []
        for t in range(len(g)):
            c = rule(c, g[t], f[t], i[t])
            cells.append(c)
        return torch.stack(cells)

    return wrong


def _from_the_first(g, f, i):
    return torch.cat([g[:1], _memory(lambda c, g, f, i: f * c + i * g, lambda _: g[0])(g[1:], f[1:], i[1:])])


def _in_numbers(g, f, i):
    c, cells = 0.0, []
    for keep, write, value in zip(f.tolist(), i.tolist(), g.tolist(), strict=True):
        c = keep * c + write * value
        cells.append(c)
    return torch.tensor(cells)


def _prefilled(g, f, i):
    cells = torch.zeros(len(g) + 1)
    for t in range(len(g)):
        cells[t + 1] = cells[t] * f[t] + g[t] * i[t]
    return cells[1:]


define(
    "06.1",
    reference=remember,
    cases=lambda: [
        case(torch.randn(7), torch.rand(7), torch.rand(7), label="seven steps"),
        case(torch.randn(12), (torch.rand(12) > 0.3).float(), torch.rand(12), label="a forget gate of zeros and ones"),
        case(torch.randn(2) + 3, torch.tensor([0.4, 0.7]), torch.tensor([0.6, 0.2]), label="two steps"),
    ],
    alternatives=[_in_numbers, _prefilled],
    mistakes=[
        mistake(
            "the valves have changed places: f is for the old cell, i for the new value",
            _memory(lambda c, g, f, i: i * c + f * g),
        ),
        mistake(
            "your forget gate is upside down: f is the share that is kept, so it is f[t] * c",
            _memory(lambda c, g, f, i: (1 - f) * c + i * g),
        ),
        mistake(
            "you write 1 - f of the new value; writing has a valve of its own, i",
            _memory(lambda c, g, f, i: f * c + (1 - f) * g),
        ),
        mistake(
            "the forget gate closes on what is written as well; it acts on the old cell alone: f * c + i * g",
            _memory(lambda c, g, f, i: f * (c + i * g)),
        ),
        mistake("the forget gate is missing: all of the old cell is kept", _memory(lambda c, g, f, i: c + i * g)),
        mistake("the input gate is missing: all of the new value is written", _memory(lambda c, g, f, i: f * c + g)),
        mistake("the old cell is lost: c is not carried from step to step", _memory(lambda c, g, f, i: i * g)),
        mistake(
            "the new value is lost: nothing is ever added to the cell, so it stays 0", _memory(lambda c, g, f, i: f * c)
        ),
        mistake("kept and written are multiplied; they are added", _memory(lambda c, g, f, i: f * c * i * g)),
        mistake("kept minus written: the new value is added, with a plus", _memory(lambda c, g, f, i: f * c - i * g)),
        mistake(
            "the cell starts as g[0]; it starts at 0, and even the first value comes through its valve", _from_the_first
        ),
        mistake(
            "your cell starts at 1; it starts at 0", _memory(lambda c, g, f, i: f * c + i * g, lambda _: torch.ones(()))
        ),
        mistake(
            "the tanh comes later, with the third valve: this cell has none",
            _memory(lambda c, g, f, i: torch.tanh(f * c + i * g)),
        ),
        mistake(
            "you use the first step's valves at every step: f[t] and i[t]",
            slips.with_inputs(remember, lambda g, f, i: (g, f[:1].expand(len(f)), i[:1].expand(len(i)))),
        ),
        mistake(
            "you multiply by the forget gate of the step before; at step t it is f[t]",
            slips.with_inputs(remember, lambda g, f, i: (g, f.roll(1), i)),
        ),
        mistake(
            "you sum without forgetting: each cell is kept by f before the new value is added",
            slips.with_inputs(remember, lambda g, f, i: (g, torch.ones_like(f), torch.ones_like(i))),
        ),
        mistake(
            "you return a list; torch.stack(cells) makes one tensor of it", lambda g, f, i: list(remember(g, f, i))
        ),
        mistake(
            "the return stands inside the loop, so it ends after the first step: move it out",
            lambda g, f, i: remember(g[:1], f[:1], i[:1]),
        ),
        mistake(
            "the cell starts as g[0], and the first step then adds to it: it starts at 0",
            lambda g, f, i: _memory(lambda c, g, f, i: f * c + i * g, lambda g: g[0])(g, f, i),
        ),
        mistake(
            "you write the new value of the step before; at step t it is g[t]",
            slips.with_inputs(remember, lambda g, f, i: (g.roll(1), f, i)),
        ),
        mistake(
            "you multiply by the input gate of the step before; at step t it is i[t]",
            slips.with_inputs(remember, lambda g, f, i: (g, f, i.roll(1))),
        ),
        mistake(
            "the forget gate closes on the new value, where the input gate belongs: f * c + i * g",
            _memory(lambda c, g, f, i: f * (c + g)),
        ),
        mistake(
            "f and i are shares already, between 0 and 1: no sigmoid on them",
            slips.with_inputs(remember, lambda g, f, i: (g, f.sigmoid(), i.sigmoid())),
        ),
        mistake(
            "kept and written are averaged; they are added: f * c + i * g",
            _memory(lambda c, g, f, i: (f * c + i * g) / (f + i)),
        ),
        mistake(
            "the old cell has a tanh; it is kept as it is, f * c", _memory(lambda c, g, f, i: f * c.tanh() + i * g)
        ),
        mistake(
            "the first step is left out: c_1 is i[0] * g[0], not 0. A loop from 1 on skips it",
            lambda g, f, i: torch.cat([g[:1] * 0, remember(g[1:], f[1:], i[1:])]),
        ),
        mistake(
            "the tanh of the new value comes later: here g[t] is written as it is",
            slips.with_inputs(remember, lambda g, f, i: (g.tanh(), f, i)),
        ),
        mistake(
            "the old cell is counted twice, c + f * c: what is kept of it is f * c",
            _memory(lambda c, g, f, i: c + f * c + i * g),
        ),
        mistake(
            "the input gate closes on the old cell as well; it acts on the new value alone: f * c + i * g",
            _memory(lambda c, g, f, i: i * (f * c + g)),
        ),
        mistake(
            "f multiplies the new value, too, and the old cell is lost: f is for the cell, f * c + i * g",
            _memory(lambda c, g, f, i: f * g + i * g),
        ),
        mistake("the gates are added, not multiplied with: f * c + i * g", _memory(lambda c, g, f, i: f + c + i * g)),
        mistake(
            "each row has an axis of its own, (T, 1): start from `torch.zeros(())`, a number, not from `torch.zeros(1)`",
            slips.with_result(remember, lambda c: c[:, None]),
        ),
        slips.first_step_skipped(remember, arg=(0, 1, 2), axis=0),
        slips.stops_early(remember, arg=(0, 1, 2), axis=0),
        slips.reads_backwards(remember, arg=(0, 1, 2), axis=0),
        slips.result_reversed(remember, axis=0),
        slips.start_stored(remember, axis=0),
        slips.last_only(remember, axis=0),
        slips.last_for_all(remember, axis=0),
        mistake(
            "you store the cell before it is changed: append it after the new line",
            slips.with_result(remember, lambda c: torch.cat([c.new_zeros(1), c[:-1]])),
        ),
    ],
)

# 06.2 · three valves for another job ------------------------------------------------------------------------------


def set_valves(mark, reset, ask):
    """f, i, o of a cell that adds the marked numbers since the last reset and shows the sum when asked; all (T,)."""
    return 1 - reset, mark, ask


def _what_comes_of_it(answer, mark, reset, ask):
    """The cell and what it shows, for random numbers: valves are judged by what they do."""
    valves = answer(mark, reset, ask)
    if isinstance(valves, torch.Tensor) and valves.dim() == 2:
        valves = list(valves)  # three rows of one tensor
    if not isinstance(valves, tuple | list) or len(valves) != 3:
        raise ValueError("three valves are wanted: return f, i, o")
    f, i, o = (torch.as_tensor(valve) * torch.ones(len(mark)) for valve in valves)
    numbers = torch.linspace(0.2, 1, len(mark)).sqrt()
    cells = remember(numbers, f, i)
    return {"the cell": cells, "what is shown": o * cells.tanh()}


def _rows(*rows):
    return case(*(torch.tensor([float(digit) for digit in row]) for row in rows[:3]), label=rows[3])


def _as_words(mark, reset, ask):
    return (reset == 0), (mark == 1), (ask > 0)


def _step_by_step(mark, reset, ask):
    f = torch.ones(len(mark))
    f[reset.bool()] = 0.0
    return [f, mark.clone(), ask.clone()]


def _stacked(mark, reset, ask):
    return torch.stack([1 - reset, mark, ask])


define(
    "06.2",
    reference=set_valves,
    cases=lambda: [
        _rows("101100101110", "000010000100", "001001011011", "a reset at a step without a mark"),
        _rows("110110111010", "000100100000", "010101000111", "a number marked at the step of a reset"),
        _rows("0111011", "0010001", "1101101", "nothing to remember at first"),
    ],
    run=_what_comes_of_it,
    alternatives=[_as_words, _step_by_step, _stacked],
    mistakes=[
        mistake(
            "your forget gate is upside down: f is the share that is KEPT, so it is 0 at a reset and 1 elsewhere",
            lambda m, r, a: (r, m, a),
        ),
        mistake("your cell never lets go: nothing happens at a reset", lambda m, r, a: (1.0, m, a)),
        mistake(
            "your cell lets go at every mark, so it holds the last number alone; here the marked ones add up, and only a reset empties",
            lambda m, r, a: (1 - m, m, a),
        ),
        mistake(
            "your cell lets go at a mark as well; here the marked ones add up, and only a reset empties",
            lambda m, r, a: ((1 - m) * (1 - r), m, a),
        ),
        mistake(
            "your forget gate lets go at a mark as well, and is −1 at a marked reset; marked numbers add up, and a gate is never below 0",
            lambda m, r, a: (1 - r - m, m, a),
        ),
        mistake(
            "your input gate is −1 at a reset without a mark: a reset empties the cell by the forget gate alone",
            lambda m, r, a: (1 - r, m - r, a),
        ),
        mistake("your cell keeps only at marks: everything is lost at a step without one", lambda m, r, a: (m, m, a)),
        mistake("your cell is emptied when it is asked; to look takes nothing away", lambda m, r, a: (1 - a, m, a)),
        mistake(
            "your cell is emptied when it is asked as well; to look takes nothing away",
            lambda m, r, a: ((1 - a) * (1 - r), m, a),
        ),
        mistake("your forget gate is shut always: nothing is kept even for a step", lambda m, r, a: (0.0, m, a)),
        mistake("every number is written; only the marked ones count", lambda m, r, a: (1 - r, 1.0, a)),
        mistake("your input gate is upside down: it opens at a mark", lambda m, r, a: (1 - r, 1 - m, a)),
        mistake(
            "nothing is written at a reset; a number marked there is the first of the new sum",
            lambda m, r, a: (1 - r, m * (1 - r), a),
        ),
        mistake("you write what is marked at a reset only", lambda m, r, a: (1 - r, m * r, a)),
        mistake(
            "you write at a reset whether or not its number is marked", lambda m, r, a: (1 - r, torch.maximum(m, r), a)
        ),
        mistake("your input gate opens at a reset instead of at a mark", lambda m, r, a: (1 - r, r, a)),
        mistake("your cell is shown at every step; only when asked", lambda m, r, a: (1 - r, m, 1.0)),
        mistake("your output gate is upside down: it opens for the question", lambda m, r, a: (1 - r, m, 1 - a)),
        mistake("your output gate opens at a mark instead of at a question", lambda m, r, a: (1 - r, m, m)),
        mistake(
            "your output gate opens only where a question meets a mark; the question alone decides",
            lambda m, r, a: (1 - r, m, a * m),
        ),
        mistake(
            "your cell is not shown at a reset, though it may be asked there too",
            lambda m, r, a: (1 - r, m, a * (1 - r)),
        ),
        mistake("your cell is never shown", lambda m, r, a: (1 - r, m, 0.0)),
        mistake(
            "mark and reset are added: a reset writes its number, marked or not, and a marked one twice",
            lambda m, r, a: (1 - r, m + r, a),
        ),
        mistake(
            "your input gate is open at every step but the resets; only a marked number is written",
            lambda m, r, a: (1 - r, 1 - r, a),
        ),
        mistake(
            "these are the three rows as they came: a forget gate is the share that is kept, 0 at a reset and 1 elsewhere; a marked number is written",
            lambda m, r, a: (m, r, a),
        ),
        mistake(
            "your cell lets go at a marked reset alone; a reset empties it, marked or not",
            lambda m, r, a: (1 - r * m, m, a),
        ),
        mistake(
            "your cell keeps only at marks without a reset: at all other steps everything is lost",
            lambda m, r, a: ((1 - r) * m, m, a),
        ),
        mistake(
            "mark and reset have changed places: the cell lets go at a reset, and a marked number is written",
            lambda m, r, a: (1 - m, r, a),
        ),
        mistake(
            "your cell does not let go at a marked reset; the old sum goes there, too, and the new number is written",
            lambda m, r, a: (torch.maximum(1 - r, m), m, a),
        ),
        mistake(
            "your forget gate is shut at a question as well, and −1 where both meet; to look takes nothing away",
            lambda m, r, a: (1 - a - r, m, a),
        ),
        mistake(
            "nothing is written at a question; a number marked there counts as any other",
            lambda m, r, a: (1 - r, m * (1 - a), a),
        ),
        mistake("your output gate opens at a reset instead of at a question", lambda m, r, a: (1 - r, m, r)),
        mistake("your input gate opens at a question instead of at a mark", lambda m, r, a: (1 - r, a, a)),
        mistake("your forget gate is 0 or −1: it is the share that is kept, 1 − reset", lambda m, r, a: (-r, m, a)),
        mistake(
            "your cell is shown at marks as well; only when asked", lambda m, r, a: (1 - r, m, torch.maximum(a, m))
        ),
        mistake("the order is f, i, o: you return o, f, i", lambda m, r, a: (a, 1 - r, m)),
        mistake("the order is f, i, o: you return i, o, f", lambda m, r, a: (m, a, 1 - r)),
        mistake("the order is f, i, o: you return i, f, o", lambda m, r, a: (m, 1 - r, a)),
        mistake("the order is f, i, o: you return f, o, i", lambda m, r, a: (1 - r, a, m)),
        mistake("the order is f, i, o: you return o, i, f", lambda m, r, a: (a, m, 1 - r)),
    ],
)

# 06.3 · one step --------------------------------------------------------------------------------------------------


def lstm_step(x_t, h, c, W, U, b):
    """One LSTM step: x_t (N, D), h and c (N, H), W (4H, D), U (4H, H), b (4H,), gates i, f, g, o. Returns (h, c)."""
    i, f, g, o = (x_t @ W.T + h @ U.T + b).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def _four(x_t, h, W, U, b):
    """The four sums, before any σ or tanh."""
    return (x_t @ W.T + h @ U.T + b).chunk(4, dim=1)


def _ordered(order):
    """lstm_step with the blocks read in another order; order: a permutation of "ifgo"."""

    def step(x_t, h, c, W, U, b):
        gates = dict(zip(order, _four(x_t, h, W, U, b), strict=True))
        c = gates["f"].sigmoid() * c + gates["i"].sigmoid() * gates["g"].tanh()
        return gates["o"].sigmoid() * c.tanh(), c

    return step


def _cell(new_c=lambda c, i, f, g: f * c + i * g, new_h=lambda c, o, old: o * c.tanh(), squash=torch.tanh):
    """lstm_step with another rule for c, for h, or for g. new_h: of the new c, o and the old c."""

    def step(x_t, h, c, W, U, b):
        i, f, g, o = _four(x_t, h, W, U, b)
        c_new = new_c(c, i.sigmoid(), f.sigmoid(), squash(g))
        return new_h(c_new, o.sigmoid(), c), c_new

    return step


def _gates_tanh(x_t, h, c, W, U, b):
    i, f, g, o = (part.tanh() for part in _four(x_t, h, W, U, b))
    c = f * c + i * g
    return o * c.tanh(), c


def _gates_raw(x_t, h, c, W, U, b):
    i, f, g, o = _four(x_t, h, W, U, b)
    c = f * c + i * g.tanh()
    return o * c.tanh(), c


def _interleaved(x_t, h, c, W, U, b):
    sums = x_t @ W.T + h @ U.T + b
    i, f, g, o = sums.reshape(*h.shape, 4).unbind(-1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def _without_h(x_t, h, c, W, U, b):
    return lstm_step(x_t, torch.zeros_like(h), c, W, U, b)


def _without_bias(x_t, h, c, W, U, b):
    return lstm_step(x_t, h, c, W, U, torch.zeros_like(b))


def _reads_c(x_t, h, c, W, U, b):
    i, f, g, o = _four(x_t, c, W, U, b)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def _swapped_results(x_t, h, c, W, U, b):
    return lstm_step(x_t, h, c, W, U, b)[::-1]


def _only_h(x_t, h, c, W, U, b):
    return lstm_step(x_t, h, c, W, U, b)[0]


def _cut_batch(x_t, h, c, W, U, b):
    i, f, g, o = (x_t @ W.T + h @ U.T + b).chunk(4)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def _gate_by_gate(x_t, h, c, W, U, b):
    H = h.shape[1]
    act = [torch.sigmoid, torch.sigmoid, torch.tanh, torch.sigmoid]
    rows = [slice(k * H, (k + 1) * H) for k in range(4)]
    i, f, g, o = (a(nn.functional.linear(x_t, W[r], b[r]) + h @ U[r].T) for a, r in zip(act, rows, strict=True))
    c = torch.mul(f, c) + torch.mul(i, g)
    return [o * torch.tanh(c), c]


def _one_product(x_t, h, c, W, U, b):
    sums = (torch.cat([W, U], dim=1) @ torch.cat([x_t, h], dim=1).T + b[:, None]).T
    i, f, g, o = torch.split(sums, h.shape[1], dim=1)
    c = torch.addcmul(i.sigmoid() * g.tanh(), f.sigmoid(), c)
    return c.tanh() * o.sigmoid(), c


def _h_from_h(x_t, h, c, W, U, b):
    _, c = lstm_step(x_t, h, c, W, U, b)
    return _four(x_t, h, W, U, b)[3].sigmoid() * h.tanh(), c


def _shows_the_gate(x_t, h, c, W, U, b):
    return _four(x_t, h, W, U, b)[3].sigmoid(), lstm_step(x_t, h, c, W, U, b)[1]


def _acting(si, sf, sg, so, sc=torch.tanh):
    """lstm_step with other functions on i, f, g, o and on the cell."""

    def step(x_t, h, c, W, U, b):
        i, f, g, o = _four(x_t, h, W, U, b)
        c = sf(f) * c + si(i) * sg(g)
        return so(o) * sc(c), c

    return step


_SFGO = [torch.sigmoid, torch.sigmoid, torch.tanh, torch.sigmoid]  # what acts on i, f, g, o


def _multiplied(x_t, h, c, W, U, b):
    i, f, g, o = ((x_t @ W.T) * (h @ U.T) + b).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def _reshaped(x_t, h, c, W, U, b):
    i, f, g, o = (x_t @ W.T + h @ U.T + b).reshape(4, *h.shape)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def _shows_g(x_t, h, c, W, U, b):
    g, o = _four(x_t, h, W, U, b)[2:]
    return o.sigmoid() * g.tanh().tanh(), lstm_step(x_t, h, c, W, U, b)[1]


def _columns(x_t, h, c, W, U, b):
    return lstm_step(x_t, h, c, W, U, b + 0 * (W @ x_t + U @ h).sum())


def _wrong_orders():
    """All 23 wrong orders of the four blocks; where two of them have changed places, those are named."""
    names = {"i": "input gate", "f": "forget gate", "g": "new value g", "o": "output gate"}
    for order in ("".join(one) for one in permutations("ifgo")):
        moved = [letter for letter, right in zip(order, "ifgo", strict=True) if letter != right]
        if len(moved) == 2:
            says = f"your {names[moved[0]]} and your {names[moved[1]]} are swapped"
        else:
            says = f"you cut in the order {', '.join(order)}" + (", TensorFlow's old one" if order == "igfo" else "")
        if moved:
            yield mistake(f"{says}: torch's order is i, f, g, o", _ordered(order))


def _step_cases():
    def made(N, D, H, label):
        return case(*map(torch.randn, [(N, D), (N, H), (N, H), (4 * H, D), (4 * H, H), (4 * H,)]), label=label)

    return [made(3, 2, 5, "N = 3, D = 2, H = 5"), made(4, 4, 4, "N = D = H = 4"), made(1, 3, 2, "a batch of one")]


define(
    "06.3",
    reference=lstm_step,
    cases=_step_cases,
    gradients=True,
    alternatives=[_gate_by_gate, _one_product],
    mistakes=[
        *_wrong_orders(),
        mistake(
            "g has a sigmoid; it needs tanh: it is not a gate but what is written, and must be able to go below zero",
            _cell(squash=torch.sigmoid),
        ),
        mistake("g has no tanh: the candidate is squashed to between -1 and 1", _cell(squash=lambda g: g)),
        mistake(
            "h is made from c without tanh: h = o * tanh(c); c may grow without bound, h must not",
            _cell(new_h=lambda c, o, old: o * c),
        ),
        mistake(
            "h squashes c with a sigmoid; it needs tanh: h = o * tanh(c)",
            _cell(new_h=lambda c, o, old: o * c.sigmoid()),
        ),
        mistake(
            "h is made from the old c; make the new c first, then h from it",
            _cell(new_h=lambda c, o, old: o * old.tanh()),
        ),
        mistake("the output gate is missing: h = o * tanh(c)", _cell(new_h=lambda c, o, old: c.tanh())),
        mistake("the old cell is lost: c is not carried. It is c = f * c + i * g", _cell(lambda c, i, f, g: i * g)),
        mistake(
            "the forget gate is missing: the old cell enters whole; it is c = f * c + i * g",
            _cell(lambda c, i, f, g: c + i * g),
        ),
        mistake(
            "the input gate is missing: g enters whole; it is c = f * c + i * g", _cell(lambda c, i, f, g: f * c + g)
        ),
        mistake(
            "everything is multiplied together; what is kept and what is written are added: c = f * c + i * g",
            _cell(lambda c, i, f, g: f * c * i * g),
        ),
        mistake(
            "the forget gate also closes on what is written, f * (c + i * g); it acts on the old cell alone: c = f * c + i * g",
            _cell(lambda c, i, f, g: f * (c + i * g)),
        ),
        mistake(
            "your forget gate is upside down: f is the share that is kept, so it is f * c, not (1 - f) * c",
            _cell(lambda c, i, f, g: (1 - f) * c + i * g),
        ),
        mistake(
            "i is taken as 1 - f; the LSTM has an input gate of its own",
            _cell(lambda c, i, f, g: f * c + (1 - f) * g),
        ),
        mistake("your gates have tanh; i, f and o need a sigmoid, between 0 and 1. Only g has tanh", _gates_tanh),
        mistake("i, f and o have no sigmoid: a gate must lie between 0 and 1", _gates_raw),
        mistake(
            "no sigmoid and no tanh on the four sums: i, f and o need a sigmoid, g a tanh",
            _acting(*[lambda a: a] * 4),
        ),
        mistake("all is sigmoid, g and the cell too: both need a tanh", _acting(*[torch.sigmoid] * 5)),
        mistake("your i has tanh; it is a gate, between 0 and 1: sigmoid", _acting(torch.tanh, *_SFGO[1:])),
        mistake(
            "your f has tanh; it is a gate, between 0 and 1: sigmoid",
            _acting(torch.sigmoid, torch.tanh, torch.tanh, torch.sigmoid),
        ),
        mistake("your o has tanh; it is a gate, between 0 and 1: sigmoid", _acting(*_SFGO[:3], torch.tanh)),
        mistake("your g has relu; it needs tanh, so that it can lower the cell", _cell(squash=torch.relu)),
        mistake(
            "h is tanh(o * c); the tanh is of the cell alone, then the gate: o * tanh(c)",
            _cell(new_h=lambda c, o, old: torch.tanh(o * c)),
        ),
        mistake("h is made from the new value g; it shows the whole cell: h = o * tanh(c)", _shows_g),
        mistake("i and g are added; what is written is their product, i * g", _cell(lambda c, i, f, g: f * c + i + g)),
        mistake("x_t @ W.T and h @ U.T are multiplied; they are added", _multiplied),
        mistake(
            "reshape to (4, N, H) mixes rows of the batch with gates: the gates lie side by side in each row, chunk(4, dim=1)",
            _reshaped,
        ),
        mistake(
            "`f @ c` is a matrix product; a gate multiplies entry by entry: f * c",
            _cell(lambda c, i, f, g: f @ c + i * g),
        ),
        mistake("x_t and h hold one row for each sequence: x_t @ W.T + h @ U.T, not W @ x_t + U @ h", _columns),
        mistake(
            "you read the gates interleaved; each gate is a block of H columns next to the other: chunk(4, dim=1)",
            _interleaved,
        ),
        mistake("the old h is missing: the gates cannot see what came before. Add h @ U.T", _without_h),
        mistake("the bias b is missing", _without_bias),
        mistake(
            "the bias is added twice: b holds the sum of torch's two biases already",
            lambda x_t, h, c, W, U, b: lstm_step(x_t, h, c, W, U, 2 * b),
        ),
        mistake(
            "the input x_t is missing: add x_t @ W.T", lambda x_t, h, c, W, U, b: lstm_step(0 * x_t, h, c, W, U, b)
        ),
        mistake("h is made from the old h; it is o * tanh(c), with the new c", _h_from_h),
        mistake("you return the output gate as h; h = o * tanh(c)", _shows_the_gate),
        mistake(
            "your input gate is upside down: i is the share that is written, so it is i * g",
            _cell(lambda c, i, f, g: f * c + (1 - i) * g),
        ),
        mistake(
            "kept minus written: the new value is added, c = f * c + i * g", _cell(lambda c, i, f, g: f * c - i * g)
        ),
        mistake(
            "the new c is squashed by a tanh before it is kept; c has no bound, only h sees tanh(c)",
            _cell(lambda c, i, f, g: torch.tanh(f * c + i * g), lambda c, o, old: o * c),
        ),
        mistake(
            "tanh is taken twice, in c and again in h; c has no bound: c = f * c + i * g",
            _cell(lambda c, i, f, g: torch.tanh(f * c + i * g)),
        ),
        mistake("the gates read the cell c; they read h: x_t @ W.T + h @ U.T + b", _reads_c),
        mistake("you return (c, h); the order is (h, c)", _swapped_results),
        mistake("you return h alone; the next step needs c too: return h, c", _only_h),
        mistake(
            "chunk(4) without dim cuts the batch; the gates lie side by side on axis 1: chunk(4, dim=1)", _cut_batch
        ),
    ],
)

# 06.4 · a programmed gate -----------------------------------------------------------------------------------------

_WRONG = {
    "upside down": "your gate is upside down: it opens at a mark and is shut elsewhere; f is the share that is kept",
    "always open": "this gate is open at every step, marked or not, as before: the old number is never let go. Look at the weight of the mark",
    "always shut": "this gate is shut at every step: nothing is kept even until the next one. Look at the bias, which alone decides when there is no mark",
    "leaks": "shut at a mark, but not open enough elsewhere: a cell that keeps less than 99 % in a step leaks. The bias must be larger",
    "rest": "open where it should be, but not quite shut at a mark: something of the old number stays. Weight of the mark plus bias must lie far below zero",
    "soft": "right in kind, too weak: σ is near 0 or 1 only for sums below −5 or above 5. Make weight and bias larger",
    "number": "this gate looks at the number itself; whether to keep is decided by the mark alone, so the first weight is 0",
    "ask": "this gate looks at the question; to ask takes nothing away, so the third weight is 0",
    "input": "this is the row of an input gate, open at marks alone; the forget gate does the opposite",
    "half": "at a mark the sum is 0, and σ(0) = ½: half of the old number stays. The weight must outdo the bias",
    "bias first": "your bias stands first; it is the last of the four: number, mark, ask, bias",
    "no bias": "without a mark the sum is 0, and σ(0) = ½: half is lost at each step. The bias must hold the gate open",
}


def _judge_row(row, rolled=False):
    """None for a forget gate that is open without a mark and shut at one, whatever number and question say; else what is wrong."""
    try:
        row = torch.as_tensor(row, dtype=torch.float64).flatten()
    except (TypeError, ValueError, RuntimeError):
        return "four numbers are wanted, such as [0.0, 20.0, 0.0, -10.0]: the weights of number, mark and ask, and the bias"
    if len(row) != 4:
        return f"{len(row)} number{'s' * (len(row) != 1)}; four are wanted: the weights of number, mark and ask, and the bias"
    on, off = torch.ones(()), torch.zeros(())
    rows = {(n, m, a): torch.stack([n, m, a, on]).double() for n in (off, on) for m in (off, on) for a in (off, on)}
    open_at = {tuple(part.item() for part in key): torch.sigmoid(x @ row).item() for key, x in rows.items()}
    plain, marked = [v for k, v in open_at.items() if not k[1]], [v for k, v in open_at.items() if k[1]]
    if min(plain) >= 0.99 and max(marked) <= 0.01:
        return None
    if not rolled and _judge_row(row.roll(-1), rolled=True) is None:
        return _WRONG["bias first"]
    number, mark, ask, bias = row.tolist()
    if number:
        return _WRONG["number"]
    if ask:
        return _WRONG["ask"]
    if row.tolist() == [0.0, 20.0, 0.0, -10.0]:
        return _WRONG["input"]
    if bias == 0:
        return _WRONG["no bias"]
    if mark + bias == 0:
        return _WRONG["half"]
    kept, rest = plain[0], marked[0]
    if kept >= 0.99:
        return _WRONG["always open"] if rest >= 0.5 else _WRONG["rest"]
    if kept <= 0.5:
        return _WRONG["upside down"] if rest > 0.5 else _WRONG["always shut"]
    return _WRONG["leaks"] if rest <= 0.01 else _WRONG["soft"]


define(
    "06.4",
    reference=[0.0, -20.0, 0.0, 10.0],
    accepts=_judge_row,
    alternatives=[(0, -100, 0, 30), torch.tensor([0.0, -12.0, 0.0, 6.0])],
    mistakes=[
        mistake(_WRONG["input"], [0.0, 20.0, 0.0, -10.0]),
        mistake(_WRONG["upside down"], [0.0, 40.0, 0.0, -20.0]),
        mistake(_WRONG["always open"], [0.0, 0.0, 0.0, 10.0]),
        mistake(_WRONG["always shut"], [0.0, -20.0, 0.0, -10.0]),
        mistake(_WRONG["leaks"], [0.0, -20.0, 0.0, 2.0]),
        mistake(_WRONG["rest"], [0.0, -12.0, 0.0, 10.0]),
        mistake(_WRONG["soft"], [0.0, -2.0, 0.0, 1.0]),
        mistake(_WRONG["number"], [-20.0, 0.0, 0.0, 10.0]),
        mistake(_WRONG["ask"], [0.0, 0.0, -20.0, 10.0]),
        mistake(_WRONG["half"], [0.0, -10.0, 0.0, 10.0]),
        mistake(_WRONG["no bias"], [0.0, -20.0, 0.0, 0.0]),
        mistake(_WRONG["bias first"], [10.0, 0.0, -20.0, 0.0]),
    ],
)

# 06.5 · reading a gate trace -------------------------------------------------------------------------------------

define(
    "06.5",
    reference={
        "first write": 2,
        "first seen from outside": 4,
        "cell after step 6": 1.3,
        "erased at": 7,
        "cell after step 12": -0.3,
    },
    tolerance=1e-3,
    mistakes=[
        mistake(
            "g is large at step 1, but the input gate is shut: i · g = 0, so nothing is written. Or did you count from 0? Steps count from 1, as on the axis",
            {"first write": 1},
        ),
        mistake(
            "that is where the cell is shown; it was written before. Look for the first open input gate",
            {"first write": 4},
        ),
        mistake(
            "the cell is written there, but its output gate is closed: h = o · tanh(c) = 0. Look at o",
            {"first seen from outside": 2},
        ),
        mistake("there is an earlier step with an open output gate", {"first seen from outside": 11}),
        mistake("you count from 0; steps count from 1, as on the axis", {"first seen from outside": 3}),
        mistake("there it is written to for the second time", {"first write": 5}),
        mistake("the input gate is shut there: the first open one is earlier", {"first write": 3}),
        mistake("steps count from 1: there is no step 0", {"first write": 0}),
        mistake("the output gate is shut there: it opens one step earlier", {"first seen from outside": 5}),
        mistake("at step 1 nothing is written yet, and o is 0", {"first seen from outside": 1}),
        mistake("that is where it is shown first: to look takes nothing away", {"erased at": 4}),
        mistake("at step 8 it is empty already; look for the step that does it", {"erased at": 8}),
        mistake("at step 3 the new value is negative, but the input gate is shut, and f is 1", {"erased at": 3}),
        mistake("that is g of step 6, and its input gate is shut", {"cell after step 6": 0.3}),
        mistake("at step 6 nothing is taken away: f is 1 up to there", {"cell after step 6": 0.0}),
        mistake(
            "with g of step 4 or of step 6 in it, whose gate is shut: only steps with i = 1 count",
            {"cell after step 6": 1.6},
        ),
        mistake("with g of step 3 in it, whose gate is shut: only steps with i = 1 count", {"cell after step 6": 0.7}),
        mistake("that is g of step 12, and its input gate is shut", {"cell after step 12": 0.4}),
        mistake("with g of step 12 in it, whose input gate is shut", {"cell after step 12": 0.1}),
        mistake("that is the cell after step 6: at step 7 it was emptied", {"cell after step 12": 1.3}),
        mistake("the sign: at step 9 a negative value is written", {"cell after step 12": 0.3}),
        mistake("that is half of the cell of step 6: at step 7 it was emptied", {"cell after step 12": 0.65}),
        mistake(
            "with g of step 11 in it, whose input gate is shut: the output gate shows, it writes nothing",
            {"cell after step 12": -0.8},
        ),
        mistake(
            "you count from 0, or from the last step on which the cell still held something; steps count from 1, and the gate shuts a step later",
            {"erased at": 6},
        ),
        mistake(
            "what is kept is multiplied by f, and f is 1 at steps 3 to 6: nothing is lost there",
            {"cell after step 6": 0.65},
        ),
        mistake("that is h, tanh(c): the cell itself was asked for", {"cell after step 6": math.tanh(1.3)}),
        mistake(
            "the new value does not replace the old one, it is added to it, since f is 1: c = f · c + i · g",
            {"cell after step 6": 0.5},
        ),
        mistake("that is the first value alone; a second one was added to it at step 5", {"cell after step 6": 0.8}),
        mistake("only steps with an open input gate count: this is the sum of every g", {"cell after step 6": 2.2}),
        mistake("at step 9 the cell is written to; it was emptied earlier. Look for f = 0", {"erased at": 9}),
        mistake("there f is one half: it takes half away. Look for the step where f is 0", {"erased at": 10}),
        mistake("at step 10 the forget gate is half closed: half of the cell is gone", {"cell after step 12": -0.6}),
        mistake("what was written before step 7 is gone: there f was 0", {"cell after step 12": 0.7}),
        mistake("f is one half at step 10 alone: the cell is halved once", {"cell after step 12": -0.15}),
        mistake(
            "what was written before step 7 is gone (f = 0), and only then is the rest halved",
            {"cell after step 12": 0.35},
        ),
        mistake(
            "that is h of step 11, tanh(c), not the cell; the cell was asked for",
            {"cell after step 12": math.tanh(-0.3)},
        ),
        mistake(
            "the cell is only shown at step 11, not emptied: an open output gate takes nothing away",
            {"cell after step 12": 0.0},
        ),
    ],
)
