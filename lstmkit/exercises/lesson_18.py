"""Lesson 18 · Beam search: the search, length, the probability of a sentence, words drawn apart, BLEU against the truth."""

from __future__ import annotations

import math
from collections import Counter

import torch

from lstmkit.exercises import case, define, mistake, slips

PAD, START, END = 0, 1, 2

# A small recurrent writer to try the search on: its state is (h, t), h: (N, H), t: (N,) words so far -------------


def _read(words):
    """The captioner reads a tensor of shape (N,): a list, a bare number or a (1, 1) would crash in the lesson."""
    if not isinstance(words, torch.Tensor):
        raise TypeError(f"step got words of type {type(words).__name__}; expected a tensor of shape (1,)")
    if words.dim() != 1:
        raise ValueError(f"step got words of shape {tuple(words.shape)}; expected (1,)")
    return words


def _writer(V=8, H=6, haste=0.9, rare=8.0):
    """A step with random weights; the longer the caption, the likelier <end>. rare: how unlikely <pad> and <start> are as words."""
    A, E, R = torch.randn(H, H), 1.5 * torch.randn(V, H), 1.5 * torch.randn(H, V)

    def step(words, state):
        h, t = state
        h = torch.tanh(0.8 * h @ A + E[_read(words)])
        scores = h @ R
        push = torch.zeros(V)
        push[[PAD, START]] = -rare
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
        return table[_read(words)].log(), (state[0] + 1,)

    return step, (torch.zeros(1, 2),)


# 18.1 · beam search ----------------------------------------------------------------------------------------------


def beam_search(step, state, width, longest):
    """The finished captions of one picture, best first: [(total log-probability, words), …]."""
    return _beam()(step, state, width, longest)


def _beam(
    *, start=0.0, grow=lambda total, value: total + value, width_of=lambda width: width, prune=True, end=True,
    carry="own", keep_open=True, cut=1, length=lambda words: 1, descending=True, order=True, worst=False,
    room=lambda width, finished: width, patient=True, alive=False, rank=lambda total, words: total, late=False, states=False,
):  # fmt: skip
    """Beam search with a hole for every mistake."""

    def search(step, state, width, longest):
        width, first, running = width_of(width), state, state
        beams, finished = [(start, [START], state)], []
        for _ in range(longest):
            candidates = []
            for total, words, state in beams:
                log_p, after = step(
                    torch.tensor([words[-1]]), running if carry == "running" else first if carry == "none" else state
                )
                running = after
                some = [(grow(total, value), [*words, word], after) for word, value in enumerate(log_p[0].tolist())]
                candidates += some if worst else sorted(some, key=lambda candidate: candidate[0], reverse=True)[:width]
            if carry == "last":
                candidates = [(total, words, after) for total, words, _ in candidates]
            candidates.sort(key=lambda candidate: candidate[0], reverse=not worst)
            best = candidates[: room(width, finished)] if prune else candidates
            ended = [candidate for candidate in best if candidate[1][-1] == END and end]
            finished += ended
            beams = [candidate for candidate in best if alive or not (candidate[1][-1] == END and end)]
            if not beams or (finished and not patient):
                break
        left = beams if keep_open and not late else []
        scored = [(total / length(words), words[cut:], state) for total, words, state in finished + left]
        if order:
            scored.sort(key=lambda one: rank(one[0], one[1]), reverse=descending)
        scored += [(total, words[cut:], state) for total, words, state in beams] if late else []
        return scored if states else [one[:2] for one in scored]

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
        scored = [(total, words[1:]) for total, words, _ in finished + beams]
        return sorted(scored, reverse=True)

    return search


def _forbidding(words):
    """Some words are never candidates."""

    def search(step, state, width, longest):
        def choosy(fed, state):
            log_p, after = step(fed, state)
            return log_p.index_fill(1, torch.tensor(words), -1e9), after

        return beam_search(choosy, state, width, longest)

    return search


def _one_list(step, state, width, longest):
    """All candidates of a beginning are the same list, appended to."""
    beams, finished = [(0.0, [START], state)], []
    for _ in range(longest):
        candidates = []
        for total, words, state in beams:
            log_p, after = step(torch.tensor([words[-1]]), state)
            for word, value in enumerate(log_p[0].tolist()):
                words.append(word)
                candidates.append((total + value, words, after))
        candidates.sort(key=lambda candidate: candidate[0], reverse=True)
        best = candidates[:width]
        finished += [candidate for candidate in best if candidate[1][-1] == END]
        beams = [candidate for candidate in best if candidate[1][-1] != END]
        if not beams:
            break
    scored = [(total, words[1:]) for total, words, _ in finished + beams]
    return sorted(scored, key=lambda pair: pair[0], reverse=True)


def _only_width(step, state, width, longest):
    return beam_search(step, state, width, longest)[:width]


def _ended_compete(step, state, width, longest):
    """An ended caption keeps its place in the beam."""
    beams = [(0.0, [START], state)]
    for _ in range(longest):
        candidates = []
        for total, words, state in beams:
            if words[-1] == END:
                candidates.append((total, words, state))
                continue
            log_p, after = step(torch.tensor([words[-1]]), state)
            candidates += [(total + value, [*words, k], after) for k, value in enumerate(log_p[0].tolist())]
        beams = sorted(candidates, key=lambda candidate: candidate[0], reverse=True)[:width]
    return [(total, words[1:]) for total, words, _ in beams]


def _probabilities(step, state, width, longest):
    return [(math.exp(total), words) for total, words in beam_search(step, state, width, longest)]


def _without_end(step, state, width, longest):
    found = beam_search(step, state, width, longest)
    return [(total, words[:-1] if words[-1] == END else words) for total, words in found]


def _unsorted(step, state, width, longest):
    return _beam(order=False)(step, state, width, longest)


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
    return sorted(((value, row[1:]) for value, row in everything), reverse=True)


def _beam_cases():
    (first, states), (second, others), (third, more) = (
        _writer(haste=0.6),
        _writer(V=10, haste=0.3),
        _writer(V=7, rare=0.0),
    )
    path, begin = _garden_path()
    return [
        case(path, begin, 2, 4, label="the likelier first word leads nowhere"),
        case(first, states(1), 3, 6),
        case(second, others(1), 4, 5, label="width 4"),
        case(_writer(V=6, rare=0.0)[0], more(1), 5, 5, label="<pad> and <start> are likely words here"),
        case(third, more(1), 4, 6, label="<pad> and <start> are likely words here: they are words as others"),
        case(second, others(1), 1, 5, label="width 1: greedy"),
        case(first, states(1), 2, 1, label="one word at most: nothing has ended"),
    ]


define(
    "18.1",
    reference=beam_search,
    cases=_beam_cases,
    alternatives=[_in_one_batch],
    mistakes=[
        mistake(
            "the totals are divided by the number of words; here the sum itself ranks the captions (length comes next)",
            _beam(length=lambda words: len(words) - 1),
        ),
        mistake("the totals are divided by the number of words, <start> included; here the sum itself ranks the captions", _beam(length=len)),
        mistake(
            "the totals are divided by the number of words without <end>; here the sum itself ranks the captions",
            _beam(length=lambda words: max(1, len(words) - 1 - (words[-1] == END))),
        ),
        mistake("<pad> and <start> are never written: nothing forbids them here, every word is a candidate", _forbidding([PAD, START])),
        mistake("<pad> is never written: nothing forbids it here, every word is a candidate", _forbidding([PAD])),
        mistake("<start> is never written: nothing forbids it here, every word is a candidate", _forbidding([START])),
        mistake("these are the `width` best alone; return every caption that has finished, and those left over", _only_width),
        mistake("ended captions stay in the beam and take a place in every later round: put them aside, so that only the others are compared", _ended_compete),
        mistake("these are probabilities; return the totals of the log-probabilities", _probabilities),
        mistake("<end> is cut off the captions: it was written, and it belongs to them", _without_end),
        mistake("one round too many: `longest` rounds write at most `longest` words", slips.with_inputs(beam_search, lambda step, state, width, longest: (step, state, width, longest + 1))),
        mistake("one round too few: `longest` rounds write up to `longest` words", slips.with_inputs(beam_search, lambda step, state, width, longest: (step, state, width, longest - 1))),
        mistake("the order is that in which the captions ended: sort them, the highest total first", _unsorted),
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
        mistake(
            "ended captions take up no place: with twice the `width` looked at, those that end are put aside and `width` others go on. By "
            "rule 3 nothing takes the place of a finished one",
            _ends_outside(lambda candidates, width: candidates[: 2 * width]),
        ),
        mistake("captions go on after <end>: an ended one is put aside and not extended", _beam(end=False)),
        mistake("ended captions are put aside, and they go on as well: only the others are extended", _beam(alive=True)),
        mistake("your search narrows: each caption that has ended takes a place away from all later rounds. In *every* round `width` candidates are kept", _beam(room=lambda width, finished: max(0, width - len(finished)))),
        mistake("your search stops as soon as one caption has ended: go on until `longest` rounds are over or no beginning is left", _beam(patient=False)),
        mistake("you keep the *least* likely candidates of a round: sort in descending order, or take the last `width`", _beam(worst=True)),
        mistake("a candidate's total is the log-probability of its last word alone: add it to the beginning's total", _beam(grow=lambda total, value: value)),
        mistake("the final order is that of the log-probability per word: rank by the total itself (length comes next)", _beam(rank=lambda total, words: total / len(words))),
        mistake("the captions left over at the end stand behind the sorted ones: sort all of them together", _beam(late=True)),
        mistake("there is a state in what you return: pairs (total, words) are wanted", _beam(states=True)),
        mistake("all candidates of a beginning share one list, and `append` changes it for all: make a new one, `words + [word]`", _one_list),
        mistake(
            "every beginning is extended from the first state: each needs the state that its own last word left behind",
            _beam(carry="none"),
        ),
        mistake(
            "the beginnings are fed through one state, one after the other: each is extended from its *own* state, kept beside it",
            _beam(carry="running"),
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
        mistake("this is the best caption alone: return all of them, best first", _one_best),
        mistake("total and words are swapped in each pair: the total comes first", _pairs_swapped),
    ],
)  # fmt: skip

# 18.2 · who wins? -------------------------------------------------------------------------------------------------

_winners = {"sum": "A", "per word": "C", "GNMT": "B"}

define(
    "18.2",
    reference=_winners,
    allowed=("A", "B", "C"),
    mistakes=[
        mistake("by the sum the total that is nearest to zero wins; log-probabilities are negative", {"sum": "C"}),
        mistake("by the sum no length enters: -1.2, -1.6 and -3.0 are compared as they stand", {"sum": "B"}),
        mistake("per word A has -1.2 / 2 = -0.6, and others come nearer to zero", {"per word": "A"}),
        mistake("per word B has -1.6 / 6 = -0.27, and one other comes nearer to zero", {"per word": "B"}),
        mistake("GNMT's penalty of A is (5 + 2) / 6 = 1.17: it has -1.2 / 1.17 = -1.03, and others come nearer to zero", {"GNMT": "A"}),
        mistake("GNMT's penalty of C is (5 + 15) / 6 = 3.33: it has -3.0 / 3.33 = -0.90, and one other comes nearer to zero", {"GNMT": "C"}),
    ],
)  # fmt: skip

# 18.3 · the probability of a sentence -----------------------------------------------------------------------------


def sentence_log_p(log_p, targets):
    """Sum over the real words of ln p(word), (N,). log_p: (N, T, V), targets: (N, T)."""
    of_words = log_p.gather(2, targets[:, :, None])[:, :, 0]
    return of_words.masked_fill(targets == PAD, 0.0).sum(1)


def _weighed(
    mask=lambda targets: targets != PAD, reduce=lambda words, real: (words * real).sum(1), change=lambda log_p: log_p
):
    """sentence_log_p with another mask, another reduction, or other numbers for log_p."""

    def wrong(log_p, targets):
        words = change(log_p).gather(2, targets[:, :, None])[:, :, 0]
        return reduce(words, mask(targets).to(words.dtype))

    return wrong


def _nll(log_p, targets):
    N, T, V = log_p.shape
    flat = torch.nn.functional.nll_loss(log_p.reshape(-1, V), targets.reshape(-1), ignore_index=PAD, reduction="none")
    return -flat.view(N, T).sum(dim=1)


def _by_loop(log_p, targets):
    totals = []
    for n in range(len(targets)):
        total = torch.zeros(())
        for t in range(targets.shape[1]):
            if targets[n, t] != PAD:
                total = total + log_p[n, t, targets[n, t]]
        totals.append(total)
    return torch.stack(totals)


def _one_hot(log_p, targets):
    hot = torch.nn.functional.one_hot(targets, log_p.shape[2]).to(log_p.dtype)
    hot[..., PAD] = 0
    return (hot * log_p).sum((1, 2))


def _sentences(lengths, V, width):
    """Log-probabilities and rows of so many words each with <end>, padded to the width."""
    targets = torch.full((len(lengths), width), PAD)
    for row, n in zip(targets, lengths, strict=True):
        row[:n] = torch.tensor([*torch.randint(3, V, (n - 1,)).tolist(), END])
    return torch.randn(len(lengths), width, V).mul(2).log_softmax(2), targets


define(
    "18.3",
    reference=sentence_log_p,
    cases=lambda: [
        case(*_sentences([5, 3, 4], 9, 6)),
        case(*_sentences([4], 7, 4), label="one sentence, no padding"),
        case(*_sentences([1, 2, 6, 3, 5], 12, 7), label="another vocabulary"),
    ],
    alternatives=[_nll, _by_loop, _one_hot],
    mistakes=[
        mistake("<pad> is counted: nobody has to write it, so its log-probability is not in the sum", _weighed(mask=lambda y: torch.ones_like(y))),
        mistake("<end> is left out: it had to be written", _weighed(mask=lambda y: (y != PAD) & (y != END))),
        mistake("it is <end> that you leave out, and <pad> that you count: the other way round", _weighed(mask=lambda y: y != END)),
        mistake("you shift once too often: `log_p[:, t]` speaks of `targets[:, t]` already, and the first word is lost", lambda log_p, y: sentence_log_p(log_p[:, :-1], y[:, 1:])),
        mistake("the words are picked one step late: `log_p[:, t]` speaks of `targets[:, t]` already", lambda log_p, y: sentence_log_p(log_p[:, 1:], y[:, :-1])),
        mistake("the mask is the wrong way round: this adds up the padding", _weighed(mask=lambda y: y == PAD)),
        mistake("that is the mean per word; the sum is wanted", _weighed(reduce=lambda words, real: (words * real).sum(1) / real.sum(1))),
        mistake("that is the mean over all T places, padding included; the sum over the real words is wanted", _weighed(reduce=lambda words, real: (words * real).mean(1))),
        mistake("that is the mean over all words of the batch; the sum for each sentence is wanted", _weighed(reduce=lambda words, real: (words * real).sum() / real.sum())),
        mistake("that is the loss, one number for the batch; the sum for each sentence is wanted, with its sign", _weighed(reduce=lambda words, real: -(words * real).sum() / real.sum())),
        mistake("that is one number for the batch; each sentence has its own", _weighed(reduce=lambda words, real: (words * real).sum())),
        mistake("this sums over the batch: a number for each sentence is wanted, so sum over time, axis 1", _weighed(reduce=lambda words, real: (words * real).sum(0))),
        mistake("that is a number for each word; add them up over time", _weighed(reduce=lambda words, real: words * real)),
        mistake("the sign is turned: that is the loss. A log-probability is negative", _weighed(reduce=lambda words, real: -(words * real).sum(1))),
        mistake("that is the probability of the sentence; its logarithm is wanted", _weighed(reduce=lambda words, real: (words * real).sum(1).exp())),
        mistake("probabilities are added: a product of probabilities is a sum of their *logarithms*", _weighed(change=torch.exp)),
        mistake("log-probabilities are multiplied: they add up", _weighed(reduce=lambda words, real: torch.where(real > 0, words, torch.ones_like(words)).prod(1))),
        mistake("this adds up the likeliest words' log-probabilities; the *given* words' are wanted", lambda log_p, y: (log_p.max(2)[0] * (y != PAD)).sum(1)),
        mistake("this adds up the log-probabilities of all words of the vocabulary; pick those of the given words", lambda log_p, y: (log_p.sum(2) * (y != PAD)).sum(1)),
        mistake("<start> is counted from the front: the first word is left out", _weighed(reduce=lambda words, real: (words * real)[:, 1:].sum(1))),
        mistake("log_p holds logarithms already: no second one", _weighed(change=torch.log)),
    ],
)  # fmt: skip

# 18.4 · words drawn apart ----------------------------------------------------------------------------------------

define(
    "18.4",
    reference={"hears": 1.0, "deaf": 0.25},
    tolerance=1e-3,
    mistakes=[
        mistake("either of the two sentences will do, and their probabilities are ½ each: add them", {"hears": 0.5}),
        mistake("the network that hears draws once, at the second word; what follows reads that word and is then certain", {"hears": 0.25}),
        mistake("the network that hears draws once, at the second word; what follows reads that word and is then certain. And either sentence will do", {"hears": 0.125}),
        mistake("three words differ, and the deaf network draws each of them anew: the second, the third and the fourth", {"deaf": 0.5}),
        mistake("three draws make eight outcomes, and *two* of them are sentences: not one of eight, and not two of sixteen (a fifth word, where it is reached, is certain to be <end>)", {"deaf": 0.125}),
        mistake("three draws matter, not four: the fifth word, where it is reached, is certain to be <end>; and two outcomes are sentences", {"deaf": 0.0625}),
        mistake("three of eight is one too many: only (left, of, three) and (above, three, end) are sentences", {"deaf": 0.375}),
        mistake("the deaf network's three draws have to fall together by chance; not all of the eight outcomes are sentences", {"deaf": 1.0}),
        mistake("by chance the deaf network's three draws can agree: two of the eight outcomes are sentences", {"deaf": 0.0}),
        mistake("the other way round: that is the share that fails", {"deaf": 0.75}),
        slips.per_cent({"hears": 1.0, "deaf": 0.25}, says="that is in per cent: write a probability between 0 and 1"),
    ],
)  # fmt: skip

# 18.5 · true and low, false and high ------------------------------------------------------------------------------

_REFERENCE = "seven left of three"
_TRUE = {"seven left of three", "three right of seven"}


def bleu2(said, reference=_REFERENCE):
    """BLEU of one- and two-word pieces against one reference."""
    said, reference = said.split(), reference.split()
    if len(said) < 2:
        return 0.0
    shares = []
    for n in (1, 2):
        ours = Counter(tuple(said[k : k + n]) for k in range(len(said) - n + 1))
        theirs = Counter(tuple(reference[k : k + n]) for k in range(len(reference) - n + 1))
        shares.append(sum((ours & theirs).values()) / ours.total())
    short = min(1.0, math.exp(1 - len(reference) / len(said)))
    return short * math.sqrt(shares[0] * shares[1])


_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_RELATIONS = {"left of": 2, "right of": 2, "above": 1, "below": 1}


def _is_caption(words: str) -> bool:
    """Two digits and a relation between them."""
    ends, middle = words.split(), " ".join(words.split()[1:-1])
    return len(ends) > 2 and ends[0] in _DIGITS and ends[-1] in _DIGITS and middle in _RELATIONS


_SAYS = {
    "form": 'two captions are wanted, in words: {"true, low": "…", "false, high": "…"}',
    "true no caption": 'your "true, low" is no caption: a digit, then left of, right of, above or below, then a digit, and no word besides',
    "false no caption": 'your "false, high" is no caption: a digit, then left of, right of, above or below, then a digit, and no word besides',
    "exchanged": 'the two are exchanged: the caption that is true of the picture belongs under "true, low"',
    "same": "that is the reference itself: word for word the same, so its BLEU is 1. Say the same in other words",
    "not true": 'your "true, low" is not true of this picture: the seven is on the left, the three on the right, neither above the other',
    "not false": 'your "false, high" is true of this picture: say something wrong in nearly the same words',
    "not high": 'your "false, high" is false, but its BLEU is below 0.7: keep more pairs of neighbouring words as they are in the reference',
}


def _judge(answer):
    """None for a true caption of low BLEU and a false one of high BLEU; else what is wrong."""
    try:
        true, false = (" ".join(answer[key].lower().split()) for key in ("true, low", "false, high"))
    except (TypeError, KeyError, AttributeError):
        return _SAYS["form"]
    if not _is_caption(true):
        return _SAYS["true no caption"]
    if not _is_caption(false):
        return _SAYS["false no caption"]
    if true not in _TRUE and false in _TRUE:
        return _SAYS["exchanged"]
    if true == _REFERENCE:
        return _SAYS["same"]
    if true not in _TRUE:
        return _SAYS["not true"]
    if false in _TRUE:
        return _SAYS["not false"]
    return None if bleu2(false) >= 0.7 else _SAYS["not high"]


_pair = {"true, low": "three right of seven", "false, high": "eight left of three"}

define(
    "18.5",
    reference=_pair,
    accepts=_judge,
    alternatives=[_pair | {"false, high": "seven left of nine"}, _pair | {"false, high": "three left of three"}],
    mistakes=[
        mistake(_SAYS["form"], {"false, high": 0.71}),
        mistake(_SAYS["true no caption"], {"true, low": "three is right of seven"}),
        mistake(_SAYS["false no caption"], {"false, high": "seven left of"}),
        mistake(_SAYS["exchanged"], {"true, low": "eight left of three", "false, high": "three right of seven"}),
        mistake(_SAYS["same"], {"true, low": "seven left of three"}),
        mistake(_SAYS["not true"], {"true, low": "three left of seven"}),
        mistake(_SAYS["not false"], {"false, high": "three right of seven"}),
        mistake(_SAYS["not high"], {"false, high": "seven above three"}),
    ],
)
