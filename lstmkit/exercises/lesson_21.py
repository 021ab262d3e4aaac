"""Exercises of lesson 21: collapse, what fits into a few frames, CTC's forward algorithm, edit distance, the frame rate."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import groupby

import torch

from lstmkit.exercises.core import case, define, mistake

# 21.1 · collapse -------------------------------------------------------------------------------------------------


def collapse(path, blank):
    """Merge what repeats from frame to frame, then take out the blanks."""
    heard, before = [], blank
    for symbol in path:
        if symbol != before and symbol != blank:
            heard.append(symbol)
        before = symbol
    return heard


def _grouped(path, blank):
    return [symbol for symbol, _ in groupby(path) if symbol != blank]


def _by_tensor(path, blank):
    if not path:
        return []
    merged = torch.unique_consecutive(torch.tensor(path))
    return merged[merged != blank].tolist()


def _from_zero(path, blank):
    """Begins with `before = 0`."""
    heard, before = [], 0
    for symbol in path:
        if symbol != before and symbol != blank:
            heard.append(symbol)
        before = symbol
    return heard


def _by_index(path, blank):
    kept = [t for t in range(len(path)) if path[t] != blank and (t == 0 or path[t] != path[t - 1])]
    return [path[t] for t in kept]


def _blanks_first(path, blank):
    return [symbol for symbol, _ in groupby([symbol for symbol in path if symbol != blank])]


def _runs(path, blank):
    """(symbol, first frame, number of frames) of each run that is no blank."""
    found, t = [], 0
    for symbol, run in groupby(path):
        frames = len(list(run))
        if symbol != blank:
            found.append((symbol, t, frames))
        t += frames
    return found


def _last_run_lost(path, blank):
    return [path[t] for t in range(len(path) - 1) if path[t] != path[t + 1] and path[t] != blank]


def _first_frame_lost(path, blank):
    return [path[t] for t in range(1, len(path)) if path[t] != path[t - 1] and path[t] != blank]


def _after_blanks_alone(path, blank):
    heard, before = [], blank
    for symbol in path:
        if symbol != blank and before == blank:
            heard.append(symbol)
        before = symbol
    return heard


_PATHS = [
    ([2, 2, 5, 3, 3, 5, 5, 1], 5, "something of all"),
    ([3, 3, 9, 9, 3, 9, 3, 3], 9, "one symbol three times"),
    ([4, 4, 1, 1, 4], 9, "no blank at all"),
    ([9, 9, 9], 9, "blanks alone"),
    ([0, 0, 7, 0, 2, 2, 7], 7, "the symbol 0, which is no blank here"),
    ([6, 6, 6, 6], 2, "one symbol throughout"),
    ([0, 1, 0, 0, 1, 1], 0, "the blank is 0"),
    ([8], 10, "one frame"),
    ([1, 1, 3, 3, 1], 3, "the same symbol first and last"),
    ([2, 2, 10, 10, 2], 10, "the blank is 10"),
    ([], 10, "no frame"),
]


def _as_list(answer, path, blank):
    """What an answer returns, a tensor or an array as a list."""
    found = answer(path, blank)
    return found.tolist() if hasattr(found, "tolist") else found


define(
    "21.1",
    reference=collapse,
    cases=lambda: [case(path, blank, label=label) for path, blank, label in _PATHS],
    run=_as_list,
    alternatives=[_grouped, _by_tensor, _by_index, lambda path, blank: torch.tensor(collapse(path, blank))],
    mistakes=[
        mistake("a digit said twice is heard once: you compare with the last symbol that was *kept* (or take the blanks out first). Compare with the frame before, blank or not", _blanks_first),
        mistake("nothing is merged: a symbol that lasts for several frames is one symbol. (Is the frame before remembered?)", lambda path, blank: [s for s in path if s != blank]),
        mistake("the blanks are still in: merge, then take them out", lambda path, blank: [s for s, _ in groupby(path)]),
        mistake("each symbol stands once, wherever it comes again: only *neighbouring* frames are merged", lambda path, blank: list(dict.fromkeys(s for s in path if s != blank))),
        mistake("a set has no order, and no symbol twice: go through the frames in order of time", lambda path, blank: sorted(set(path) - {blank})),
        mistake("the last symbol is lost: a run that reaches to the last frame ends without a change", _last_run_lost),
        mistake("the first symbol is lost: before the first frame there is nothing that it could repeat", _first_frame_lost),
        mistake("the blank is the number that is handed in as `blank`; you take out the 0", lambda path, blank: collapse(path, 0)),
        mistake("a symbol counts for you only if a blank stands before it: two different symbols may follow each other directly", _after_blanks_alone),
        mistake("these are the first frames of the symbols: the symbols themselves are wanted", lambda path, blank: [t for _, t, _ in _runs(path, blank)]),
        mistake("these are the numbers of frames: the symbols themselves are wanted", lambda path, blank: [n for _, _, n in _runs(path, blank)]),
        mistake("`groupby` gives pairs: keep the symbol alone", lambda path, blank: [(s, n) for s, _, n in _runs(path, blank)]),
        mistake("the symbols are in reverse order of time", lambda path, blank: collapse(path, blank)[::-1]),
        mistake("a list of numbers is wanted, not a text", lambda path, blank: " ".join(map(str, collapse(path, blank)))),
        mistake("how many symbols there are is not asked: return the list of them", lambda path, blank: len(collapse(path, blank))),
        mistake("the first frame is compared with the last one: `path[t - 1]` at t = 0 is `path[-1]`, the list's end", lambda path, blank: [path[t] for t in range(len(path)) if path[t] != blank and path[t] != path[t - 1]]),
        mistake("the symbol 0 is lost: `if symbol` is false for a 0. Ask `symbol != blank`", lambda path, blank: [s for s in collapse(path, blank) if s]),
        mistake("a 0 in the first frame is lost: before the first frame stood nothing, not a 0. Begin with `before = None`", _from_zero),
        mistake("the blank is the number that is handed in as `blank`; you take out the 10", lambda path, blank: collapse(path, 10)),
    ],
)  # fmt: skip

# 21.2 · what fits ------------------------------------------------------------------------------------------------

_FITS = {"A": 3, "B": 3, "C": 8, "D": 6, "E": 5}

define(
    "21.2",
    reference=_FITS,
    mistakes=[
        mistake("A: a blank *may* stand around each label, it need not: three different labels fit into three frames", {"A": 7}),
        mistake("A: different neighbours need no blank between them", {"A": 5}),
        mistake("A: from 7 to 1, and from 1 to 4, no blank is needed, and none at the ends: how many frames are left?", {"A": 4}),
        mistake("B: `5 5` in two frames collapses to one 5: a blank has to stand between equal neighbours", {"B": 2}),
        mistake("B: a blank is needed *between* the two, and nowhere else", {"B": 5}),
        mistake("B: one blank is enough: 5 – 5", {"B": 4}),
        mistake("C: equal neighbours need a blank between them: 0 – 0 – 0 2 – 2", {"C": 5}),
        mistake("C: between 0 and 2 no blank is needed", {"C": 9}),
        mistake("C: blanks at the ends and between different labels may be there, but need not", {"C": 11}),
        mistake("C: three zeros need two blanks, two twos one: count the pairs of equal neighbours, not the digits that are repeated", {"C": 7}),
        mistake("C: one blank for each pair of equal neighbours; there are three such pairs", {"C": 6}),
        mistake("D: – 3 3, for instance, collapses to 3 as well, and so does – 3 –: count how long the 3 lasts *and* where it begins", {"D": 3}),
        mistake("D: 3 – 3 is not among them: it collapses to 3 3", {"D": 7}),
        mistake("D: 3 3 3 is not the only one: the 3 may last for one, two or three frames, with blanks around it", {"D": 1}),
        mistake("D: – – – collapses to nothing, and 3 – 3 to 3 3: two of the eight do not count", {"D": 8}),
        mistake("D: the 3 may last for one frame (three places), for two (two places), or for three (one)", {"D": 5}),
        mistake("D: a blank may stand on either side of the 3, or on both, and the 3 may last for one, two or three frames", {"D": 2}),
        mistake("D: one frame of 3 has three places, two frames of 3 have two, and three frames have one: add them", {"D": 4}),
        mistake("E: a blank may also stand before the first 3 or behind the last one", {"E": 3}),
        mistake("E: the blank between the two may last for two frames: 3 – – 3", {"E": 4}),
        mistake("E: three frames are needed, 3 – 3; the fourth can lengthen any of the three, or be a blank at either end", {"E": 1}),
        mistake("E: without a blank between them two 3s are one: 3 3 3 3 and the like do not count", {"E": 6}),
        mistake("E: one frame is left over when 3 – 3 has its three: it may stand at five places. Does one path stand twice on your list?", {"E": 7}),
        mistake("E: not only a 3 may last longer, the blank may, too; and a blank may stand at either end", {"E": 2}),
    ],
)  # fmt: skip

# 21.3 · the forward algorithm -------------------------------------------------------------------------------------

INF = float("inf")


def log_likelihood(log_p, labels, blank):
    """log P(labels), summed over all paths that collapse to them."""
    return _forward(log_p, labels, blank)


def _stays(rows, s, blank):
    return [s]


def _forward(
    log_p,
    labels,
    blank,
    *,
    jump=lambda rows, s, blank: rows[s] != blank and rows[s] != rows[s - 2],
    starts=(0, 1),
    ends=(-1, -2),
    add=lambda ways: torch.logsumexp(ways, 0),
    rows=None,
    shift=0,
    first=True,
    in_place=False,
    step=True,
    stay=True,
    wraps=False,
    nothing=-INF,
    begin=1,
    finish=None,
):
    """The forward algorithm, with a switch for each way to get it wrong."""
    if rows is None:
        rows = [blank]
        for label in labels:
            rows += [label, blank]
    nothing = log_p.new_tensor(nothing)
    alpha = [nothing] * len(rows)
    for s in starts if starts != "all" else range(len(rows)):
        if s < len(rows):
            alpha[s] = log_p[0, rows[s]] if first else log_p.new_tensor(0.0)
    for t in range(begin, len(log_p)):
        before = alpha if in_place else list(alpha)
        for s in range(len(rows)):
            ways = [before[s]] if stay else [nothing]
            if step and (s >= 1 or wraps is True):
                ways.append(before[s - 1])
            if (s >= 2 or wraps) and jump(rows, s, blank):
                ways.append(before[s - 2])
            alpha[s] = add(torch.stack(ways)) + log_p[t - shift, rows[s]]
    last = alpha if ends == "all" else [alpha[s] for s in ends if -s <= len(rows)]
    return (finish or add)(torch.stack(last))


def _with(**options):
    return lambda log_p, labels, blank: _forward(log_p, labels, blank, **options)


def _by_torch(log_p, labels, blank):
    sizes = (torch.tensor([len(log_p)]), torch.tensor([len(labels)]))
    return -torch.nn.functional.ctc_loss(log_p[:, None], torch.tensor([labels]), *sizes, blank=blank, reduction="sum")


def _vectorised(log_p, labels, blank):
    rows = torch.full((2 * len(labels) + 1,), blank)
    rows[1::2] = torch.tensor(labels)
    jump = torch.zeros(len(rows), dtype=torch.bool)
    jump[2:] = rows[2:] != rows[:-2]
    alpha = torch.full((len(rows),), -INF, dtype=log_p.dtype)
    alpha[:2] = log_p[0, rows[:2]]
    wall = log_p.new_full((2,), -INF)
    for t in range(1, len(log_p)):
        padded = torch.cat([wall, alpha])
        two = torch.where(jump, padded[:-2], -INF)
        alpha = torch.logsumexp(torch.stack([alpha, padded[1:-1], two]), 0) + log_p[t, rows]
    return torch.logsumexp(alpha[-2:], 0)


def _backward(log_p, labels, blank):
    """From the last frame to the first: the same sum."""
    return _forward(log_p.flip(0), labels[::-1], blank)


def _products(log_p, labels, blank):
    """Probabilities multiplied: they vanish in float32."""
    p = log_p.exp()
    rows = [blank]
    for label in labels:
        rows += [label, blank]
    alpha = torch.zeros(len(rows), dtype=p.dtype)
    alpha[:2] = p[0, rows[:2]]
    for t in range(1, len(p)):
        new = alpha.clone()
        new[1:] += alpha[:-1]
        for s in range(2, len(rows)):
            if rows[s] != blank and rows[s] != rows[s - 2]:
                new[s] += alpha[s - 2]
        alpha = new * p[t, rows]
    return alpha[-2:].sum().log()


def _rows(labels, blank, before=False, between=False, after=False):
    """The labels, with some of the blanks only."""
    rows = [blank] * before
    for n, label in enumerate(labels):
        rows += [label] + [blank] * (between if n < len(labels) - 1 else after)
    return rows


def _lacking(ends_too, **blanks):
    """Some rows of blanks are missing. ends_too: begins and ends are those of the rows that are there, else the first two and the last two."""

    def wrong(log_p, labels, blank):
        rows = _rows(labels, blank, **blanks)
        starts = (0, 1) if blanks.get("before") or not ends_too else (0,)
        ends = (-1, -2) if blanks.get("after") or not ends_too else (-1,)
        jump = (
            (lambda *_: False)
            if not any(blanks.values()) and ends_too
            else (lambda rows, s, blank: rows[s] not in (blank, rows[s - 2]))
        )
        return _forward(log_p, labels, blank, rows=rows, starts=starts, ends=ends, jump=jump)

    return wrong


def _log_p(T, K, scale=2.0):
    return (scale * torch.randn(T, K, dtype=torch.float64)).log_softmax(1)


_right = log_likelihood
define(
    "21.3",
    reference=log_likelihood,
    cases=lambda: [
        case(_log_p(6, 4), [1, 2], 3, label="two different labels"),
        case(_log_p(7, 4), [2, 2], 0, label="two equal labels"),
        case(_log_p(8, 5), [1, 3, 3, 0, 1], 4, label="five labels, two of them equal neighbours"),
        case(_log_p(3, 5), [0, 2, 1], 4, label="as many frames as labels"),
        case(_log_p(2, 4), [1, 1], 3, label="two frames, and two equal labels: no path fits"),
        case(_log_p(5, 3), [1], 2, label="one label"),
        case(_log_p(1, 4), [2], 0, label="one frame"),
        case(_log_p(300, 11, 6.0).float(), [4, 4, 7, 10, 2], 0, label="300 frames in float32"),
    ],
    tolerance=1e-6,
    alternatives=[_by_torch, _vectorised, _backward],
    mistakes=[
        mistake("the jump over a blank is missing: from one label the path may go directly to the next, if the two differ", _with(jump=lambda *_: False)),
        mistake("equal labels need the blank between them: the jump from s − 2 is for a label that *differs* from that at s − 2", _with(jump=lambda rows, s, blank: rows[s] != blank)),
        mistake("the jump from s − 2 leads from label to label. You allow it everywhere, also from blank to blank over a label", _with(jump=lambda *_: True)),
        mistake("your jump leads from blank to blank, over a label that is then never said; it is for labels", _with(jump=lambda rows, s, blank: rows[s] == blank)),
        mistake("a path may begin with the first label, too, not only with the blank before it", _with(starts=(0,))),
        mistake("a path may begin with the blank before the first label, too", _with(starts=(1,))),
        mistake("a path begins in one of the first two rows: yours may begin anywhere", _with(starts="all")),
        mistake("a path may end in the last label, too, not only in the blank behind it: two rows are added at the end", _with(ends=(-1,))),
        mistake("a path may end in the blank behind the last label, too: two rows are added at the end", _with(ends=(-2,))),
        mistake("a path ends in one of the last two rows: yours may end anywhere", _with(ends="all")),
        mistake("that is the best path alone: the probabilities of all paths are *added*, with logsumexp", _with(add=lambda ways: ways.max())),
        mistake("the ways are added with logsumexp, but of the two ends only the better one is taken: add them, too", _with(finish=lambda last: last.max())),
        mistake("the best way into a row is kept, and only the two ends are added: every sum over ways is a logsumexp, at each frame", _with(add=lambda ways: ways.max(), finish=lambda last: torch.logsumexp(last, 0))),
        mistake("ways are added as logarithms inside, and only the ends with logsumexp: every sum over ways is a logsumexp", _with(add=lambda ways: ways.sum(), finish=lambda last: torch.logsumexp(last, 0))),
        mistake("above the first row there is nothing: `alpha[s - 1]` and `alpha[s - 2]` with s = 0 or 1 are Python's *last* entries. Ask `s >= 1` and `s >= 2` first", _with(wraps=True)),
        mistake("above the first row there is nothing: `alpha[s - 2]` with s = 0 or 1 is one of Python's *last* entries. Ask `s >= 2` first", _with(wraps="jump")),
        mistake("a path begins in one of the first *two* rows: yours has three", _with(starts=(0, 1, 2))),
        mistake("the first frame is read twice: it is in the first α, so the loop begins with the second", _with(begin=0)),
        mistake("the second frame is left out: the loop begins with the third", _with(begin=2)),
        mistake("−1e9 is not −∞: where no path fits the result has to be −inf. Use `float(\"-inf\")`", _with(nothing=-1e9)),
        mistake("a tensor with an axis of length 1: without axes is wanted, so take `[0]` of it", lambda *args: _right(*args)[None]),
        mistake("the two ends are added as logarithms: that multiplies them. Use logsumexp", _with(finish=lambda last: last.sum())),
        mistake("a sum of logarithms is the logarithm of a *product*: ways are added with logsumexp", _with(add=lambda ways: ways.sum())),
        mistake("the path cannot stay: from frame to frame it may also remain in its row, s → s", _with(stay=False)),
        mistake("the path cannot move on by one row: s − 1 → s is missing", _with(step=False)),
        mistake("you change α while you go through the rows: row s then reads what row s − 1 has become in *this* frame. Keep the old α until the frame is done", _with(in_place=True)),
        mistake("the first frame's own log-probabilities are missing", _with(first=False)),
        mistake("frame t reads the log-probabilities of frame t − 1", _with(shift=1)),
        mistake("the rows are the labels alone: a blank belongs around each of them", _lacking(True)),
        mistake("there are blanks between the labels only: one belongs before the first label, and one behind the last", _lacking(True, between=True)),
        mistake("the blank behind the last label is missing: 2L + 1 rows", _lacking(True, before=True, between=True)),
        mistake("the blank before the first label is missing: 2L + 1 rows", _lacking(True, between=True, after=True)),
        mistake("your rows hold no blank at all: 2L + 1 rows, blank, label, blank, …, blank", _lacking(False)),
        mistake("your rows begin and end with a label: 2L + 1 rows, with a blank at either end, too", _lacking(False, between=True)),
        mistake("your rows end with a label: 2L + 1 rows, the last of them a blank", _lacking(False, before=True, between=True)),
        mistake("your rows begin with a label: 2L + 1 rows, the first of them a blank", _lacking(False, between=True, after=True)),
        mistake("the blank is the number that is handed in as `blank`: for you it is 0", lambda log_p, labels, blank: _forward(log_p, labels, 0)),
        mistake("the blank is the number that is handed in as `blank`: for you it is the last symbol", lambda log_p, labels, blank: _forward(log_p, labels, log_p.shape[1] - 1)),
        mistake("products of 300 probabilities are too small for float32: add logarithms, and add ways with logsumexp", _products),
        mistake("that is the loss, −log P: the log-probability is wanted", lambda *args: -_right(*args)),
        mistake("that is the probability: its logarithm is wanted", lambda *args: _right(*args).exp()),
        mistake("divided by the number of labels, as `CTCLoss` does in its mean: log P itself is wanted", lambda log_p, labels, blank: _right(log_p, labels, blank) / len(labels)),
        mistake("divided by the number of frames: log P itself is wanted", lambda log_p, labels, blank: _right(log_p, labels, blank) / len(log_p)),
        mistake("the labels are read from the last to the first", lambda log_p, labels, blank: _right(log_p, labels[::-1], blank)),
        mistake("your loop ends one frame too early: the last one is not read", lambda log_p, labels, blank: _right(log_p[:-1] if len(log_p) > 1 else log_p, labels, blank)),
        mistake("`log_p` are logarithms already: take no softmax, and no logarithm, of them again", lambda log_p, labels, blank: _right(log_p.exp().log_softmax(1), labels, blank)),
    ],
)  # fmt: skip

# 21.4 · edit distance --------------------------------------------------------------------------------------------


def edit_distance(said, heard):
    """The smallest number of words to replace, delete or insert that turns `said` into `heard`."""
    return _distance(said, heard)


def _distance(
    said, heard, *, replace=1, delete=1, insert=1, keep=0, first_row=None, first_column=None, read=None, late=0
):
    """The table by rows, with a switch for each way to get it wrong. read: what of the table is the answer."""
    rows = [[(first_row or (lambda j: j * insert))(j) for j in range(len(heard) + 1)]]
    for i in range(1, len(said) + 1):
        row = [(first_column or (lambda i: i * delete))(i)]
        for j in range(1, len(heard) + 1):
            same = said[i - 1 - late] == heard[j - 1 - late]
            row.append(
                min(rows[i - 1][j - 1] + (keep if same else replace), rows[i - 1][j] + delete, row[j - 1] + insert)
            )
        rows.append(row)
    return rows[-1][-1] if read is None else read(rows)


def _recursive(said, heard):
    known = {}

    def cost(i, j):
        if i == 0 or j == 0:
            return i + j
        if (i, j) not in known:
            swap = cost(i - 1, j - 1) + (said[i - 1] != heard[j - 1])
            known[i, j] = min(swap, cost(i - 1, j) + 1, cost(i, j - 1) + 1)
        return known[i, j]

    return cost(len(said), len(heard))


def _whole_table(said, heard):
    table = torch.zeros(len(said) + 1, len(heard) + 1, dtype=torch.long)
    table[:, 0] = torch.arange(len(said) + 1)
    table[0] = torch.arange(len(heard) + 1)
    for i in range(len(said)):
        for j in range(len(heard)):
            swap = table[i, j] + int(said[i] != heard[j])
            table[i + 1, j + 1] = min(swap, table[i, j + 1] + 1, table[i + 1, j] + 1)
    return table[-1, -1]


def _two_rows(said, heard):
    before = list(range(len(said) + 1))
    for j, word in enumerate(heard, 1):
        now = [j]
        for i, other in enumerate(said, 1):
            now.append(before[i - 1] if word == other else 1 + min(before[i], now[i - 1], before[i - 1]))
        before = now
    return before[-1]


def _place_by_place(said, heard):
    return sum(a != b for a, b in zip(said, heard, strict=False)) + abs(len(said) - len(heard))


def _greedy(said, heard):
    """Walk along both; where they differ both go on by one, or the longer one alone."""
    i = j = wrong = 0
    while i < len(said) and j < len(heard):
        if said[i] == heard[j]:
            i, j = i + 1, j + 1
        else:
            wrong += 1
            i += len(said) - i >= len(heard) - j
            j += len(heard) - j > len(said) - i - 1
    return wrong + len(said) - i + len(heard) - j


def _swaps_neighbours(said, heard):
    table = {}
    for i in range(len(said) + 1):
        for j in range(len(heard) + 1):
            if i == 0 or j == 0:
                table[i, j] = i + j
                continue
            options = [table[i - 1, j - 1] + (said[i - 1] != heard[j - 1]), table[i - 1, j] + 1, table[i, j - 1] + 1]
            if i > 1 and j > 1 and said[i - 1] == heard[j - 2] and said[i - 2] == heard[j - 1]:
                options.append(table[i - 2, j - 2] + 1)
            table[i, j] = min(options)
    return table[len(said), len(heard)]


def _overwritten(said, heard):
    """One list for all rows."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        row[0] = i
        for j, other in enumerate(heard, 1):
            row[j] = min(row[j - 1] + (word != other), row[j] + 1, row[j - 1] + 1)
    return row[-1]


def _one_short(said, heard):
    """`range(1, len(said))`: the table's last row and column keep their zeros."""
    table = [[0] * (len(heard) + 1) for _ in range(len(said) + 1)]
    for i in range(len(said) + 1):
        table[i][0] = i
    table[0] = list(range(len(heard) + 1))
    for i in range(1, len(said)):
        for j in range(1, len(heard)):
            swap = table[i - 1][j - 1] + (said[i - 1] != heard[j - 1])
            table[i][j] = min(swap, table[i - 1][j] + 1, table[i][j - 1] + 1)
    return table[-1][-1]


def _pieces(said, heard):
    steps = SequenceMatcher(None, said, heard).get_opcodes()
    return sum(max(b - a, d - c) for kind, a, b, c, d in steps if kind != "equal")


def _longest_common(said, heard):
    return (len(said) + len(heard) - _distance(said, heard, replace=2)) // 2


def _bags(said, heard):
    rest = list(heard)
    for word in said:
        if word in rest:
            rest.remove(word)
    return max(len(said) - (len(heard) - len(rest)), len(rest))


def _no_minimum(said, heard):
    """The three costs of a field are added up, not compared: only where words agree it goes on for nothing."""
    return _distance(said, heard, read=lambda rows: rows[-1][-1] + len(rows) - 1)


_PAIRS = [
    ([7, 1, 4], [7, 2, 4], "one replaced"),
    ([3, 3, 8], [3, 8], "one lost"),
    ([5, 9], [5, 0, 9], "one too many"),
    ([1, 2, 3, 4], [2, 3, 4, 5], "one lost at the beginning, one too many at the end"),
    ([6, 2], [2, 6], "two exchanged"),
    ([8, 8, 1, 0], [], "nothing heard"),
    ([], [4, 4], "nothing said"),
    ([2, 7, 1, 8, 2, 8], [7, 1, 2, 8, 1], "several at once"),
    ([9, 0, 9], [9, 0, 9], "all right"),
    ([1, 5, 5, 2], [5, 5], "both ends lost"),
    ([5, 5], [1, 5, 5, 2], "too much at both ends"),
    ([3, 1, 3, 4, 2], [3, 4, 4, 1, 4, 2], "the longest equal piece leads astray"),
]

define(
    "21.4",
    reference=edit_distance,
    cases=lambda: [case(said, heard, label=label) for said, heard, label in _PAIRS],
    alternatives=[_recursive, _whole_table, _two_rows],
    mistakes=[
        mistake("a replaced word counts twice: one deletion and one insertion. Replacing is a single error", lambda s, h: _distance(s, h, replace=2)),
        mistake("words that agree cost 1, too: where they are equal the diagonal is free", lambda s, h: _distance(s, h, keep=1)),
        mistake("words cannot be deleted: the step from (i − 1, j), at the cost of 1, is missing", lambda s, h: _distance(s, h, delete=100, first_column=lambda i: i)),
        mistake("words cannot be inserted: the step from (i, j − 1), at the cost of 1, is missing", lambda s, h: _distance(s, h, insert=100, first_row=lambda j: j)),
        mistake("words cannot be replaced: the diagonal is there for equal words only. Where they differ it costs 1", lambda s, h: _distance(s, h, replace=100)),
        mistake("an insertion is free for you: the step from (i, j − 1) costs 1", lambda s, h: _distance(s, h, insert=0, first_row=lambda j: j)),
        mistake("a deletion is free for you: the step from (i − 1, j) costs 1", lambda s, h: _distance(s, h, delete=0, first_column=lambda i: i)),
        mistake("the comparison is the wrong way round: the diagonal is free where the words are *equal* and costs 1 where they differ", lambda s, h: _distance(s, h, keep=1, replace=0)),
        mistake("the diagonal is missing: from (i − 1, j − 1), free where the words are equal, else 1", lambda s, h: _distance(s, h, keep=100, replace=100)),
        mistake("the row above is overwritten while it is still needed: `row[j - 1]` is then the *new* one. Build a new list for each row", _overwritten),
        mistake("the loops end one too early: i runs to len(said), and j to len(heard), both included", _one_short),
        mistake("the new row begins with i − 1: with i words said and none heard, i are lost", lambda s, h: _distance(s, h, first_column=lambda i: max(i - 1, 0))),
        mistake("the words are compared place by place, and what the longer list has more is not counted", lambda s, h: sum(a != b for a, b in zip(s, h, strict=False))),
        mistake("sets have no order, and no word twice: the table compares word by word", lambda s, h: len(set(s) ^ set(h))),
        mistake("what agrees is found by the longest equal pieces, as `difflib` does it: that is *a* way, and not always the shortest. Fill the table", _pieces),
        mistake("that is how many words do *not* belong to the longest common row of words: a word lost in front and one added behind are two errors", lambda s, h: max(len(s), len(h)) - _longest_common(s, h)),
        mistake("the words are compared place by place: one lost word shifts all behind it. Fill the table", _place_by_place),
        mistake("the first row is 0, 1, 2 …: from nothing, every word is an insertion. Yours is free", lambda s, h: _distance(s, h, first_row=lambda j: 0)),
        mistake("the first column is 0, 1, 2 …: every word that is said and not heard is a deletion. Yours is free", lambda s, h: _distance(s, h, first_column=lambda i: 0)),
        mistake("first row and first column are 0, 1, 2 …; yours are zeros, so that errors at the beginning are free", lambda s, h: _distance(s, h, first_row=lambda j: 0, first_column=lambda i: 0)),
        mistake("the answer is the table's last corner: you take the smallest of the last row, so that what is heard too much at the end is free", lambda s, h: _distance(s, h, read=lambda rows: min(rows[-1]))),
        mistake("the answer is the table's last corner: you take the smallest of the last column, so that what is lost at the end is free", lambda s, h: _distance(s, h, read=lambda rows: min(row[-1] for row in rows))),
        mistake("field (i, j) belongs to said[i − 1] and heard[j − 1]: you compare the words one place before", lambda s, h: _distance(s, h, late=1) if s and h else len(s) + len(h)),
        mistake("that is the difference of the lengths: words can also be wrong", lambda s, h: abs(len(s) - len(h))),
        mistake("two exchanged neighbours are two errors here: replace, delete, insert, and no exchange", _swaps_neighbours),
        mistake("that is how many words are right, in order; the errors are wanted", _longest_common),
        mistake("the order of the words counts, too: you compare what is in the two lists", _bags),
        mistake("that is a share: how many errors there are is wanted", lambda s, h: _distance(s, h) / max(len(s), 1)),
        mistake("that is the whole table: its last corner is wanted", lambda s, h: _distance(s, h, read=lambda rows: rows)),
        mistake("whether the two are equal is not asked: how many errors are there?", lambda s, h: int(s != h)),
        mistake("a decision is made once and for all at the first difference: which error it was shows only later. Fill the table", _greedy),
    ],
)  # fmt: skip

# 21.5 · a bet on the frame rate ----------------------------------------------------------------------------------

_BETS = {"A": False, "B": True, "C": True, "D": False, "E": True, "F": True}
_WHY = {
    "A": "A: five equal digits need four blanks between them, nine frames in all",
    "B": "B: different neighbours need no blank, so five frames are enough",
    "C": "C: no path means probability 0, and −log 0 is infinite",
    "D": "D: a frame of 32 lasts 0.1 s, a quarter of a digit, and the same sound is in it: little is lost",
    "E": "E: a frame of 8 lasts as long as a digit, so that two words often share one, and a frame can name only one",
    "F": "F: a doubled digit needs three frames, two different digits need two: where frames are scarce, it breaks first",
}

define("21.5", reference=_BETS, mistakes=[mistake(_WHY[key], {key: not right}) for key, right in _BETS.items()])
