"""Lesson 17 · Captioning: the shift, greedy decoding, beam search, the slots, words drawn apart."""

from __future__ import annotations

import math

import torch

from lstmkit.exercises import case, define, mistake

PAD, START, END = 0, 1, 2

# 17.1 · the shift ------------------------------------------------------------------------------------------------


def shift(captions):
    """What is fed and what is to be predicted: captions without their last column, and without their first."""
    return captions[:, :-1], captions[:, 1:]


def _by_index(captions):
    T = captions.shape[1]
    steps = torch.arange(T - 1, device=captions.device)
    return captions.index_select(1, steps), captions.index_select(1, steps + 1)


def _rolled(captions):
    return captions, captions.roll(-1, dims=1)


define(
    "17.1",
    reference=shift,
    cases=lambda: [
        case(torch.randint(3, 19, (4, 6))),
        case(torch.randint(3, 19, (1, 6)), label="one caption"),
        case(torch.randint(3, 19, (3, 2)), label="captions of <start> and one word"),
    ],
    alternatives=[_by_index],
    mistakes=[
        mistake(
            "inputs and targets are the same: the network learns to repeat the word it has been given",
            lambda captions: (captions[:, 1:], captions[:, 1:]),
        ),
        mistake(
            "inputs and targets are the same, <start> included: nothing is left to predict",
            lambda captions: (captions[:, :-1], captions[:, :-1]),
        ),
        mistake(
            "both are the whole caption: nothing is shifted, so each word is its own target",
            lambda captions: (captions, captions),
        ),
        mistake(
            "inputs and targets are swapped: this predicts the word before",
            lambda captions: (captions[:, 1:], captions[:, :-1]),
        ),
        mistake(
            "this shifts along the batch: each caption is to predict the next picture's. Time is axis 1",
            lambda captions: (captions[:-1], captions[1:]),
        ),
        mistake("roll brings <start> round to the end, as a target; cut the columns off instead", _rolled),
        mistake(
            "the lengths differ: the last column has no next word, so it is no input",
            lambda captions: (captions, captions[:, 1:]),
        ),
        mistake(
            "<start> is missing from the inputs: the first word is then never predicted",
            lambda captions: (captions[:, 1:-1], captions[:, 2:]),
        ),
        mistake("these are the targets alone; return the pair inputs, targets", lambda captions: captions[:, 1:]),
    ],
)

# A small recurrent writer to try the decoders on: its state is (h, t), h: (N, H), t: (N,) words so far -------------


def _writer(V=8, H=6, haste=0.9):
    """A step with random weights; the longer the caption, the likelier <end>."""
    A, E, R = torch.randn(H, H), 1.5 * torch.randn(V, H), 1.5 * torch.randn(H, V)

    def step(words, state):
        h, t = state
        h = torch.tanh(0.8 * h @ A + E[words])
        scores = h @ R
        push = torch.zeros(V)
        push[[PAD, START]] = -8.0
        push[END] = 1.0
        scores = scores + push * torch.where(push < 0, torch.ones(1), haste * (t[:, None] - 1))
        return scores.log_softmax(1), (h, t + 1)

    return step, lambda N: (torch.randn(N, H), torch.zeros(N))


def _garden_path():
    """Word 3 is likelier first, but after it nothing is certain; after word 4 all is."""
    table = torch.full((6, 6), 1e-6)
    table[START, 3], table[START, 4] = 0.6, 0.4
    table[3, 3:], table[3, END] = torch.tensor([0.32, 0.28, 0.25]), 0.15
    table[4, 5], table[4, END] = 0.9, 0.1
    table[5, END] = 1.0

    def step(words, state):
        return table[words].log(), (state[0] + 1,)

    return step, (torch.zeros(1, 2),)


# 17.2 · greedy decoding ------------------------------------------------------------------------------------------


def greedy(step, state, words, longest):
    """The likeliest word at every step, fed back; <pad> after <end>. Returns (N, longest)."""
    written, ended = [], torch.zeros_like(words, dtype=torch.bool)
    for _ in range(longest):
        log_p, state = step(words, state)
        words = log_p.argmax(1).masked_fill(ended, PAD)
        written.append(words)
        ended = ended | (words == END)
    return torch.stack(written, 1)


def _greedy(*, stop=True, feed=True, carry=True, axis=1, pad_end=False, choose=None):
    def wrong(step, state, words, longest):
        written, ended = [], torch.zeros_like(words, dtype=torch.bool)
        for _ in range(longest):
            log_p, after = step(words, state)
            state = after if carry else state
            new = choose(log_p) if choose else log_p.argmax(1)
            if pad_end:
                ended = ended | (new == END)
            if stop:
                new = new.masked_fill(ended, PAD)
            ended = ended | (new == END)
            words = new if feed else words
            written.append(new)
        return torch.stack(written, axis)

    return wrong


def _all_stop_together(step, state, words, longest):
    rows = _greedy(stop=False)(step, state, words, longest)
    first = ((rows == END).any(0).long().argmax() if bool((rows == END).any()) else torch.tensor(longest)).item()
    return torch.cat([rows[:, : first + 1], torch.full_like(rows[:, first + 1 :], PAD)], 1)


def _with_start(step, state, words, longest):
    return torch.cat([words[:, None], greedy(step, state, words, longest)[:, :-1]], 1)


def _with_start_longer(step, state, words, longest):
    return torch.cat([words[:, None], greedy(step, state, words, longest)], 1)


def _end_for_ever(step, state, words, longest):
    rows = greedy(step, state, words, longest)
    return rows.masked_fill(rows == PAD, END)


def _cut_afterwards(step, state, words, longest):
    rows = []
    for _ in range(longest):
        log_p, state = step(words, state)
        words = log_p.argmax(-1)
        rows += [words]
    rows = torch.stack(rows, dim=1)
    over = (rows == END).int().cumsum(1) - (rows == END).int() > 0
    return torch.where(over, torch.zeros_like(rows), rows)


def _greedy_cases():
    (first, states), (second, others) = _writer(), _writer(V=10, haste=0.5)
    return [
        case(first, states(5), torch.full((5,), START), 6),
        case(second, others(7), torch.full((7,), START), 5, label="another network"),
        case(first, states(1), torch.full((1,), START), 6, label="a batch of one"),
        case(second, others(3), torch.full((3,), START), 1, label="one word at most"),
        case(second, others(4), torch.full((4,), START), 12, label="up to twelve words"),
    ]


define(
    "17.2",
    reference=greedy,
    cases=_greedy_cases,
    alternatives=[_cut_afterwards],
    mistakes=[
        mistake("words are written after <end>: what follows it must be <pad>", _greedy(stop=False)),
        mistake("every step is fed <start> again: feed the word that was written last", _greedy(feed=False)),
        mistake("the state is not carried: each step must begin from the state that the step before returned", _greedy(carry=False)),
        mistake("time is on axis 0: stack the steps along axis 1, shape (N, longest)", _greedy(axis=0)),
        mistake("<end> itself is overwritten: pad only what comes after it", _greedy(pad_end=True)),
        mistake("this takes the least likely word: argmax, not argmin", _greedy(choose=lambda log_p: log_p.argmin(1))),
        mistake("all captions stop when the first one ends: each picture has an end of its own", _all_stop_together),
        mistake("<start> is among the words: return what was written, not what was fed", _with_start),
        mistake("<start> stands in front: it is fed, not written", _with_start_longer),
        mistake("<end> is repeated to the end of the row: after the first one comes <pad>", _end_for_ever),
    ],
)  # fmt: skip

# 17.3 · beam search ----------------------------------------------------------------------------------------------


def beam_search(step, state, width, longest):
    """The finished captions of one picture, best first: [(log-probability per word, words), …]."""
    return _beam()(step, state, width, longest)


def _beam(
    *, start=0.0, grow=lambda total, value: total + value, width_of=lambda width: width, prune=True, end=True,
    carry="own", keep_open=True, cut=1, length=lambda words: len(words) - 1, descending=True,
):  # fmt: skip
    """Beam search with a hole for every mistake."""

    def search(step, state, width, longest):
        width, first = width_of(width), state
        beams, finished = [(start, [START], state)], []
        for _ in range(longest):
            candidates = []
            for total, words, state in beams:
                log_p, after = step(torch.tensor([words[-1]]), first if carry == "none" else state)
                some = [(grow(total, value), [*words, word], after) for word, value in enumerate(log_p[0].tolist())]
                some.sort(key=lambda candidate: candidate[0], reverse=True)
                candidates += some[:width]
            if carry == "last":
                candidates = [(total, words, after) for total, words, _ in candidates]
            candidates.sort(key=lambda candidate: candidate[0], reverse=True)
            best = candidates[:width] if prune else candidates
            ended = [candidate for candidate in best if candidate[1][-1] == END and end]
            finished += ended
            beams = [candidate for candidate in best if not (candidate[1][-1] == END and end)]
            if not beams:
                break
        finished += beams if keep_open else []
        scored = [(total / length(words), words[cut:]) for total, words, _ in finished]
        return sorted(scored, key=lambda pair: pair[0], reverse=descending)

    return search


def _ends_outside(kept_apart):
    """Ended captions take up no place among the best `width`. kept_apart: which of the ended ones are put aside."""

    def search(step, state, width, longest):
        beams, finished = [(0.0, [START], state)], []
        for _ in range(longest):
            candidates = []
            for total, words, state in beams:
                log_p, after = step(torch.tensor([words[-1]]), state)
                candidates += [(total + value, [*words, k], after) for k, value in enumerate(log_p[0].tolist())]
            candidates.sort(key=lambda candidate: candidate[0], reverse=True)
            finished += [one for one in kept_apart(candidates, width) if one[1][-1] == END]
            beams = [one for one in candidates if one[1][-1] != END][:width]
        scored = [(total / (len(words) - 1), words[1:]) for total, words, _ in finished + beams]
        return sorted(scored, reverse=True)

    return search


def _one_best(step, state, width, longest):
    return beam_search(step, state, width, longest)[0]


def _pairs_swapped(step, state, width, longest):
    return [(words, score) for score, words in beam_search(step, state, width, longest)]


def _in_one_batch(step, state, width, longest):
    """All beams in one call of step, their states stacked along axis 0."""
    totals, rows, done = [0.0], [[START]], []
    for _ in range(longest):
        log_p, after = step(torch.tensor([row[-1] for row in rows]), state)
        scores = torch.tensor(totals)[:, None] + log_p
        values, places = scores.flatten().topk(min(width, scores.numel()))
        V, kept = log_p.shape[1], []
        for value, place in zip(values.tolist(), places.tolist(), strict=True):
            row = rows[place // V] + [place % V]
            (done if row[-1] == END else kept).append((value, row, place // V))
        if not kept:
            totals, rows = [], []
            break
        totals, rows = [value for value, _, _ in kept], [row for _, row, _ in kept]
        parents = torch.tensor([parent for _, _, parent in kept])
        state = tuple(part[parents] for part in after)
    everything = [(value, row) for value, row, _ in done] + list(zip(totals, rows, strict=True))
    return sorted(((value / (len(row) - 1), row[1:]) for value, row in everything), reverse=True)


def _beam_cases():
    (first, states), (second, others) = _writer(haste=0.6), _writer(V=10, haste=0.3)
    path, begin = _garden_path()
    return [
        case(path, begin, 2, 4, label="the likelier first word leads nowhere"),
        case(first, states(1), 3, 6),
        case(second, others(1), 4, 5, label="width 4"),
        case(second, others(1), 1, 5, label="width 1: greedy"),
        case(first, states(1), 2, 1, label="one word at most: nothing has ended"),
    ]


define(
    "17.3",
    reference=beam_search,
    cases=_beam_cases,
    alternatives=[_in_one_batch],
    mistakes=[
        mistake(
            "the score is the sum of the log-probabilities: divide by the number of words, or every caption pays for its length",
            _beam(length=lambda words: 1),
        ),
        mistake("<start> is counted as a word: it was given, not written", _beam(length=len)),
        mistake(
            "<end> is not counted as a word: it had to be written, and its log-probability is in the sum",
            _beam(length=lambda words: max(1, len(words) - 1 - (words[-1] == END))),
        ),
        mistake("only one beginning is kept at each step: that is greedy decoding; keep the `width` best", _beam(width_of=lambda width: 1)),
        mistake(
            "each beginning keeps its own `width` best and none is dropped: rank all candidates together, keep `width` in all",
            _beam(prune=False),
        ),
        mistake(
            "more captions than rule 2 allows: every candidate that ends is put aside. Of all candidates of a round, those with <end> "
            "included, only `width` are kept",
            _ends_outside(lambda candidates, width: candidates),
        ),
        mistake(
            "after a caption has ended, another takes its place: of the `width` kept in a round, only those that have not ended go on",
            _ends_outside(lambda candidates, width: candidates[:width]),
        ),
        mistake("captions go on after <end>: an ended one is put aside and not extended", _beam(end=False)),
        mistake(
            "every beginning is extended from the first state: each needs the state that its own last word left behind",
            _beam(carry="none"),
        ),
        mistake(
            "the candidates share one state, that of the beginning extended last: keep each one's own beside it",
            _beam(carry="last"),
        ),
        mistake("captions that had not ended at the limit are lost: they count as finished", _beam(keep_open=False)),
        mistake("the worst caption stands first: sort in descending order", _beam(descending=False)),
        mistake("<start> is among the words: return what was written", _beam(cut=0)),
        mistake(
            "probabilities are added: the probability of a sequence is their product, so add the log-probabilities",
            _beam(grow=lambda total, value: total + math.exp(value)),
        ),
        mistake(
            "log-probabilities are multiplied: they add up", _beam(start=1.0, grow=lambda total, value: total * value)
        ),
        mistake("this is the best caption alone: return all finished ones, best first", _one_best),
        mistake("score and words are swapped in each pair: the score comes first", _pairs_swapped),
    ],
)  # fmt: skip

# 17.4 · what the cell reads --------------------------------------------------------------------------------------


def slots(wiring, t, v, e):
    """Picture slot and word slot of step t side by side, (N, P + E)."""
    picture = v if wiring == "every step" or (wiring != "initial state" and t == 0) else torch.zeros_like(v)
    word = e if wiring == "fed-back outputs" else torch.zeros_like(e)
    return torch.cat([picture, word], 1)


def _slots(sees, reads):
    def answer(wiring, t, v, e):
        return torch.cat([v * sees(wiring, t), e * reads(wiring, t)], 1)

    return answer


def _sees(wiring, t):
    return float({"initial state": False, "every step": True}.get(wiring, t == 0))


def _reads(wiring, t):
    return float(wiring == "fed-back outputs")


def _words_first(wiring, t, v, e):
    return slots(wiring, t, v, e).roll(e.shape[1], dims=1)


def _slots_cases():
    made = [
        case(wiring, t, torch.randn(3, 4), torch.randn(3, 2), label=f"{wiring}, t = {t}")
        for wiring in ("initial state", "first step", "every step", "fed-back outputs")
        for t in (0, 1)
    ]
    return [
        *made,
        case("first step", 3, torch.randn(1, 4), torch.randn(1, 2), label="first step, t = 3, a batch of one"),
    ]


define(
    "17.4",
    reference=slots,
    cases=_slots_cases,
    alternatives=[_slots(_sees, _reads)],
    mistakes=[
        mistake("the word slot is filled in every wiring: only 'fed-back outputs' reads words", _slots(_sees, lambda w, t: 1.0)),
        mistake("'initial state' sees the picture in its slot as well: it has it in its state already", _slots(lambda w, t: float(_sees(w, t) or (w == "initial state" and t == 0)), _reads)),
        mistake("the first step is t = 0: this shows the picture at t = 1", _slots(lambda w, t: float(w == "every step" or (w != "initial state" and t == 1)), _reads)),
        mistake("'first step' sees the picture at every step: after t = 0 its slot holds zeros", _slots(lambda w, t: float(w in ("every step", "first step") or _sees(w, t)), _reads)),
        mistake("'fed-back outputs' never sees the picture: it reads it at t = 0, as 'first step' does", _slots(lambda w, t: float(w != "fed-back outputs" and _sees(w, t)), _reads)),
        mistake("'fed-back outputs' sees the picture at every step: it reads it at t = 0 alone", _slots(lambda w, t: float(w == "fed-back outputs" or _sees(w, t)), _reads)),
        mistake("'fed-back outputs' reads no word at t = 0: there it reads <start>", _slots(_sees, lambda w, t: _reads(w, t) * (t > 0))),
        mistake("the slots are swapped: first the picture, then the word", _words_first),
        mistake("the two are added into one: lay them side by side with torch.cat along axis 1", lambda w, t, v, e: v * _sees(w, t) + torch.nn.functional.pad(e * _reads(w, t), (0, v.shape[1] - e.shape[1]))),
        mistake("this joins them along the batch: axis 1 is the one with the numbers", lambda w, t, v, e: torch.cat([v * _sees(w, t), torch.nn.functional.pad(e * _reads(w, t), (0, v.shape[1] - e.shape[1]))], 0)),
    ],
)  # fmt: skip

# 17.5 · words drawn apart ----------------------------------------------------------------------------------------

define(
    "17.5",
    reference={"fed back": 1.0, "not fed back": 0.25},
    tolerance=1e-3,
    mistakes=[
        mistake("the two captions part at the second word: once it is read, all that follows is certain", {"fed back": 0.5}),
        mistake("whichever word is drawn second, the next step reads it and goes on to match", {"fed back": 0.25}),
        mistake("one draw out of two settles the second word only; the third and the fourth are drawn as well", {"not fed back": 0.5}),
        mistake("that is the probability of one of the two sentences; either will do: add them", {"not fed back": 0.125}),
        mistake("the fifth word is no free draw: wherever it is reached, it is <end>", {"not fed back": 0.0625}),
        mistake("each word is likely on its own; together they have to belong to one sentence", {"not fed back": 1.0}),
        mistake("they can agree by chance: two of the eight ways to draw three words are sentences", {"not fed back": 0.0}),
    ],
)  # fmt: skip
