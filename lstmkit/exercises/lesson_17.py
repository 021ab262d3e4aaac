"""Lesson 17 · Captioning: compose and split, the shift, greedy decoding, the slots."""

from __future__ import annotations

import torch

from lstmkit.exercises import case, define, mistake, slips

PAD, START, END = 0, 1, 2

# 17.1 · compose, then split --------------------------------------------------------------------------------------

_never = (1 - 1 / 1797) ** 10_000
_half = (1 - 1 / 1797) ** 5_000
_late = {"never shown": _never, "nothing new": (1 - _never) ** 2}

define(
    "17.1",
    reference=_late,
    tolerance=5e-4,
    mistakes=[
        mistake("each scene shows two drawings: 5,000 scenes have 10,000 places", {"never shown": _half, "nothing new": (1 - _half) ** 2}),
        mistake("two drawings a scene: 10,000 places, and every one of them has to show another drawing than ours", {"never shown": _half}),
        mistake("that is the probability that the drawing *is* shown; take it from 1", {"never shown": 1 - _never}),
        mistake("that is the probability that one given place shows our drawing: it has to be missing from all 10,000", {"never shown": 1 / 1797}),
        mistake("that is the probability that one given place shows another drawing: all 10,000 have to", {"never shown": 1 - 1 / 1797}),
        mistake("with more places than drawings it is not sure to be shown: places are filled independently, and some drawings come often", {"never shown": 0.0}),
        mistake("that is how often a drawing is shown on average; a probability lies between 0 and 1", {"never shown": 10_000 / 1797}),
        mistake("that is one drawing; both have to have been shown: square it", {"nothing new": 1 - _never}),
        mistake("that is the probability that both were *never* shown; here both were", {"nothing new": _never**2}),
        mistake("so near 1 lies the probability that at least one of the two has been shown; here both were", {"nothing new": 1 - _never**2}),
        mistake("both is a product: two probabilities added are no probability", {"nothing new": 2 * (1 - _never)}),
        mistake("that is the probability that one drawing was *never* shown; here both were shown", {"nothing new": _never}),
        mistake("that is the probability that a test scene's two drawings both *were* shown; here one drawing was in no scene", {"never shown": (1 - _never) ** 2}),
        mistake("nearly every drawing turns up among 10,000 places; 1 would mean that none does", {"never shown": 1.0}),
        mistake("no drawing has been set aside in this way: compose, then split picks from all 1,797", {"never shown": 0.2, "nothing new": 0.64}),
        mistake("that is the probability that something in it *is* new", {"nothing new": 1 - (1 - _never) ** 2}),
        mistake("rounded too far: give four digits", {"nothing new": 0.99}),
        slips.per_cent(_late),
    ],
)  # fmt: skip

# 17.2 · the shift ------------------------------------------------------------------------------------------------


def shift(captions):
    """What is fed and what is to be predicted: captions without their last column, and without their first."""
    return captions[:, :-1], captions[:, 1:]


def _by_index(captions):
    T = captions.shape[1]
    steps = torch.arange(T - 1, device=captions.device)
    return captions.index_select(1, steps), captions.index_select(1, steps + 1)


def _narrowed(captions):
    T = captions.shape[1]
    return [captions.narrow(1, 0, T - 1).clone(), captions.narrow(1, 1, T - 1).clone()]


def _rolled(captions):
    return captions, captions.roll(-1, dims=1)


def _filled(which, of, by):
    """The right pair, in which one of the two has a word replaced by another."""

    def wrong(captions):
        pair = list(shift(captions))
        pair[which] = pair[which].masked_fill(pair[which] == of, by)
        return tuple(pair)

    return wrong


def _captions(*lengths):
    """Captions of so many words each: <start>, words, <end>, then <pad> up to the longest."""
    rows = torch.full((len(lengths), max(lengths) + 2), PAD)
    for row, n in zip(rows, lengths, strict=True):
        row[: n + 2] = torch.tensor([START, *torch.randint(4, 19, (n,)).tolist(), END])
    return rows


define(
    "17.2",
    reference=shift,
    cases=lambda: [
        case(_captions(4, 3, 4, 1)),
        case(_captions(5, 2), label="captions of five and two words"),
        case(_captions(3), label="one caption"),
        case(_captions(0, 0, 0), label="captions of <start> and <end>"),
    ],
    alternatives=[_by_index, _narrowed],
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
            "roll keeps all T columns in the inputs; cut the last one off",
            lambda captions: (captions, captions.roll(-1, dims=1)[:, :-1]),
        ),
        mistake(
            "the lengths differ: the last column has no next word, so it is no input",
            lambda captions: (captions, captions[:, 1:]),
        ),
        mistake(
            "the lengths differ: <start> is never a target, so cut the first column off the targets",
            lambda captions: (captions[:, :-1], captions),
        ),
        mistake(
            "<start> is missing from the inputs: the first word is then never predicted",
            lambda captions: (captions[:, 1:-1], captions[:, 2:]),
        ),
        mistake(
            "the targets lie two words ahead: cut off their first column alone",
            lambda captions: (captions[:, :-2], captions[:, 2:]),
        ),
        mistake(
            "<end> has become <pad> in the inputs; only columns are cut off, no word is changed (the loss leaves out what follows <end>)",
            _filled(0, END, PAD),
        ),
        mistake(
            "<end> has become <pad> in the targets: the loss then leaves it out, and the network never learns to stop",
            _filled(1, END, PAD),
        ),
        mistake("the padding of the inputs has become <end>; only columns are cut off, no word is changed", _filled(0, PAD, END)),
        mistake("the padding of the targets has become <end>: the network would be asked to end again and again", _filled(1, PAD, END)),
        mistake(
            "filled up to T columns: the last column has no next word, so cut it off instead of giving it <pad>",
            lambda captions: (captions, torch.cat([captions[:, 1:], torch.full_like(captions[:, :1], PAD)], 1)),
        ),
        mistake("a colon is missing: [:, 1] is one column, [:, 1:] all from there on", lambda captions: (captions[:, -1], captions[:, 1])),
        mistake("a colon at the wrong place: [:, :1] is the first column alone, [:, :-1] all but the last", lambda captions: (captions[:, :1], captions[:, 1:])),
        mistake("a colon at the wrong place: [:, -1:] is the last column alone, [:, 1:] all but the first", lambda captions: (captions[:, :-1], captions[:, -1:])),
        mistake("the two are stacked into one tensor; return them as a pair, inputs, targets", lambda captions: torch.stack(shift(captions))),
        mistake("<end> is missing from the targets: the network then never learns to stop", lambda captions: (captions[:, :-1], captions[:, 1:-1])),
        mistake("the padding is thrown out, and the rows with it; it stays, and the loss leaves it out", lambda captions: tuple(part[part != PAD] for part in shift(captions))),
        mistake("these are the targets alone; return the pair inputs, targets", lambda captions: captions[:, 1:]),
        mistake("these are the inputs alone; return the pair inputs, targets", lambda captions: captions[:, :-1]),
    ],
)  # fmt: skip

# A small recurrent writer to try the decoders on: its state is (h, t), h: (N, H), t: (N,) words so far -------------


def _writer(V=8, H=6, haste=0.9, rare=8.0):
    """A step with random weights; the longer the caption, the likelier <end>. rare: how unlikely <pad> and <start> are as words."""
    A, E, R = torch.randn(H, H), 1.5 * torch.randn(V, H), 1.5 * torch.randn(H, V)

    def step(words, state):
        h, t = state
        h = torch.tanh(0.8 * h @ A + E[words])
        scores = h @ R
        push = torch.zeros(V)
        push[[PAD, START]] = -rare
        push[END] = 1.0
        scores = scores + push * torch.where(push < 0, torch.ones(1), haste * (t[:, None] - 1))
        return scores.log_softmax(1), (h, t + 1)

    return step, lambda N: (torch.randn(N, H), torch.zeros(N))


# 17.3 · greedy decoding ------------------------------------------------------------------------------------------


def greedy(step, state, words, longest):
    """The likeliest word at every step, fed back; <pad> after <end>. Returns (N, longest)."""
    written, ended = [], torch.zeros_like(words, dtype=torch.bool)
    for _ in range(longest):
        log_p, state = step(words, state)
        words = log_p.argmax(1).masked_fill(ended, PAD)
        written.append(words)
        ended = ended | (words == END)
    return torch.stack(written, 1)


def _greedy(*, stop=True, feed=True, carry=True, axis=1, pad_end=False, choose=None, more=0):
    def wrong(step, state, words, longest):
        written, ended = [], torch.zeros_like(words, dtype=torch.bool)
        for _ in range(longest + more):
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


def _only_next(step, state, words, longest):
    """A word is padded if the word before it is <end>; the one after that is not."""
    written = []
    for _ in range(longest):
        log_p, state = step(words, state)
        words = log_p.argmax(1).masked_fill(words == END, PAD)
        written.append(words)
    return torch.stack(written, 1)


def _breaks_off(step, state, words, longest):
    """No more columns once every row has ended."""
    rows = greedy(step, state, words, longest)
    last = (rows == PAD).all(0).nonzero()
    return rows[:, : int(last[0])] if len(last) else rows


def _breaks_off_unpadded(step, state, words, longest):
    """Stops at the step where all rows write <end> at once; what follows a row's <end> is kept."""
    rows = []
    for _ in range(longest):
        log_p, state = step(words, state)
        words = log_p.argmax(1)
        rows.append(words)
        if bool((torch.stack(rows, 1) == END).any(1).all()):
            break
    return torch.stack(rows, 1)


def _padded_whole(step, state, words, longest):
    """Every row that ever ends is padded from its first word on."""
    rows = _greedy(stop=False)(step, state, words, longest)
    return rows.masked_fill((rows == END).any(1, keepdim=True), PAD)


def _breaks_at_first(step, state, words, longest):
    rows = greedy(step, state, words, longest)
    ends = (rows == END).any(0).nonzero()
    return rows[:, : int(ends[0]) + 1] if len(ends) else rows


def _not_ended(step, state, words, longest):
    """PAD where the row has not ended: from the first word on nothing but PAD is fed."""
    written, ended = [], torch.zeros_like(words, dtype=torch.bool)
    for _ in range(longest):
        log_p, state = step(words, state)
        words = log_p.argmax(1).masked_fill(~ended, PAD)
        written.append(words)
        ended = ended | (words == END)
    return torch.stack(written, 1)


def _log_p_kept(step, state, words, longest):
    """The log-probabilities of every step instead of the words."""
    written = []
    for _ in range(longest):
        log_p, state = step(words, state)
        words = log_p.argmax(1)
        written.append(log_p)
    return torch.stack(written, 1)


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
    "17.3",
    reference=greedy,
    cases=_greedy_cases,
    alternatives=[_cut_afterwards],
    mistakes=[
        mistake("words are written after <end>: what follows it must be <pad>", _greedy(stop=False)),
        mistake("only the word right after <end> is padded, and then the row goes on: remember in `ended` which rows have ended, for good", _only_next),
        mistake("columns are missing: always return `longest` columns, with <pad> where all have ended", _breaks_off),
        mistake("columns are missing, and words stand after <end>: always return `longest` columns, with <pad> behind a row's <end>", _breaks_off_unpadded),
        slips.last_step_left_out(greedy, says="the last word is missing: `longest` rounds write `longest` words"),
        mistake("`longest - 1` rounds are too few: each round writes one word", _greedy(more=-1)),
        mistake("one round too many: `longest` rounds write `longest` words", _greedy(more=1)),
        mistake("the loop ends with the first caption that ends: the others have more to say, and `longest` columns are wanted", _breaks_at_first),
        mistake("a caption that ends is padded from its first word on: what it wrote up to <end> stays", _padded_whole),
        mistake("masked_fill writes PAD where its mask is True: that is where a row *has* ended, so no `~`", _not_ended),
        mistake("these are the log-probabilities of every step; append the words", _log_p_kept),
        mistake("torch.cat joins the steps end to end; torch.stack makes a new axis for time", lambda *given: greedy(*given).T.flatten()),
        mistake("argmax() without an axis looks through the whole batch; take the likeliest word of each row, axis 1", _greedy(choose=lambda log_p: log_p.argmax())),
        mistake("axis 0 is the batch: argmax along axis 1 picks each row's word", _greedy(choose=lambda log_p: log_p.argmax(0))),
        mistake("the first word alone: is `return` inside the loop?", lambda *given: greedy(*given)[:, :1]),
        slips.last_only(greedy, says="these are the words written last; return those of every step"),
        slips.first_step_left_out(greedy, says="the first word is missing: what follows <start> is written, too"),
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

# 17.4 · what the cell reads --------------------------------------------------------------------------------------


def slots(wiring, t, v, e):
    """Picture slot and word slot of step t side by side, (N, P + E)."""
    picture = v if wiring == "every step" or (wiring != "initial state" and t == 1) else torch.zeros_like(v)
    word = e if wiring == "fed-back outputs" else torch.zeros_like(e)
    return torch.cat([picture, word], 1)


def _slots(sees, reads):
    def answer(wiring, t, v, e):
        return torch.cat([v * sees(wiring, t), e * reads(wiring, t)], 1)

    return answer


def _sees(wiring, t):
    return float({"initial state": False, "every step": True}.get(wiring, t == 1))


def _reads(wiring, t):
    return float(wiring == "fed-back outputs")


def _words_first(wiring, t, v, e):
    return slots(wiring, t, v, e).roll(e.shape[1], dims=1)


def _left_out(wiring, t, v, e):
    used = [v] * bool(_sees(wiring, t)) + [e] * bool(_reads(wiring, t))
    return torch.cat(used, 1) if used else torch.zeros_like(v)


def _wide(wiring, t, v, e):
    return torch.cat([v * _sees(wiring, t), e if _reads(wiring, t) else torch.zeros_like(v)], 1)


def _slots_cases():
    made = [
        case(wiring, t, torch.randn(3, 4), torch.randn(3, 2), label=f"{wiring}, t = {t}")
        for wiring in ("initial state", "first step", "every step", "fed-back outputs")
        for t in (1, 2)
    ]
    return [
        *made,
        case("first step", 3, torch.randn(1, 4), torch.randn(1, 2), label="first step, t = 3, a batch of one"),
        case("every step", 4, torch.randn(2, 3), torch.randn(2, 5), label="every step, t = 4"),
    ]


define(
    "17.4",
    reference=slots,
    cases=_slots_cases,
    alternatives=[_slots(_sees, _reads)],
    mistakes=[
        mistake("the word slot is filled in every wiring: only 'fed-back outputs' reads words", _slots(_sees, lambda w, t: 1.0)),
        mistake("'initial state' sees the picture in its slot as well: it has it in its state already", _slots(lambda w, t: float(_sees(w, t) or (w == "initial state" and t == 1)), _reads)),
        mistake("t counts from 1: the first step is t = 1, and this shows the picture at another", _slots(lambda w, t: float(w == "every step" or (w != "initial state" and t == 0)), _reads)),
        mistake("'first step' sees the picture at every step: after t = 1 its slot holds zeros", _slots(lambda w, t: float(w in ("every step", "first step") or _sees(w, t)), _reads)),
        mistake("'fed-back outputs' never sees the picture: it reads it at t = 1, as 'first step' does", _slots(lambda w, t: float(w != "fed-back outputs" and _sees(w, t)), _reads)),
        mistake("'fed-back outputs' sees the picture at every step: it reads it at t = 1 alone", _slots(lambda w, t: float(w == "fed-back outputs" or _sees(w, t)), _reads)),
        mistake("'fed-back outputs' reads no word at t = 1: there it reads <start>", _slots(_sees, lambda w, t: _reads(w, t) * (t > 1))),
        mistake("the slots are swapped: first the picture, then the word", _words_first),
        mistake("both slots are filled in every wiring and at every step: an unused slot holds zeros", lambda w, t, v, e: torch.cat([v, e], 1)),
        mistake("t is not used: 'first step' and 'fed-back outputs' see the picture at t = 1 alone", _slots(lambda w, t: float(w != "initial state"), _reads)),
        mistake("the picture slot is filled in every wiring and at every step: look up in the table who sees it when", _slots(lambda w, t: 1.0, _reads)),
        mistake("'every step' sees the picture once: its slot is filled at every step", _slots(lambda w, t: float(w != "initial state" and t == 1), _reads)),
        mistake("'initial state' sees the picture in its slot at every step: it has it in its state already, the slot holds zeros", _slots(lambda w, t: float(_sees(w, t) or w == "initial state"), _reads)),
        mistake("'every step' misses the picture at t = 1: every step is the first one, too", _slots(lambda w, t: _sees(w, t) * (w != "every step" or t > 1), _reads)),
        mistake("the word slot is never filled: 'fed-back outputs' reads the word before, e, at every step", _slots(_sees, lambda w, t: 0.0)),
        mistake("'fed-back outputs' reads a word at t = 1 alone: it reads one at every step", _slots(_sees, lambda w, t: _reads(w, t) * (t == 1))),
        mistake("<start> is read in every wiring at t = 1: three of the four never read a word", _slots(_sees, lambda w, t: float(t == 1 or _reads(w, t)))),
        mistake("'initial state' reads words here: in the table its word slot holds zeros", _slots(_sees, lambda w, t: float(w in ("initial state", "fed-back outputs")))),
        mistake("'first step' reads words here: in the table its word slot holds zeros", _slots(_sees, lambda w, t: float(w in ("first step", "fed-back outputs")))),
        mistake("'first step' reads words from t = 2 on: in the table its word slot holds zeros", _slots(_sees, lambda w, t: float(_reads(w, t) or (w == "first step" and t > 1)))),
        mistake("'every step' reads words here: in the table its word slot holds zeros", _slots(_sees, lambda w, t: float(w in ("every step", "fed-back outputs")))),
        mistake("an unused slot is left out: it holds zeros, so that the cell always reads P + E numbers", _left_out),
        mistake("the empty word slot has the picture's width: it holds E zeros, torch.zeros_like(e)", _wide),
        mistake("a pair of slots; lay them side by side with torch.cat along axis 1", lambda w, t, v, e: (v * _sees(w, t), e * _reads(w, t))),
        mistake("the two are added into one: lay them side by side with torch.cat along axis 1", lambda w, t, v, e: v * _sees(w, t) + e * _reads(w, t)),
        mistake("torch.stack makes a new axis; torch.cat lays the two side by side", lambda w, t, v, e: torch.stack([v * _sees(w, t), e * _reads(w, t)], 1)),
        mistake("this joins them along the batch: axis 1 is the one with the numbers", lambda w, t, v, e: torch.cat([v * _sees(w, t), e * _reads(w, t)], 0)),
    ],
)  # fmt: skip
