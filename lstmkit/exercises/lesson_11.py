"""Exercises of lesson 11: entities from tags, F1, what one direction must guess, two passes."""

from __future__ import annotations

from operator import eq

import torch
from torch import nn

from lstmkit.exercises import slips
from lstmkit.exercises.core import case, define, mistake

# 11.1 · entities -------------------------------------------------------------------------------------------------


def entities(tags):
    """The entities that a row of tags spells out: a list of (slot, start, stop)."""
    found = []
    for start, tag in enumerate(tags):
        if tag.startswith("B-"):
            stop = start + 1
            while stop < len(tags) and tags[stop] == "I-" + tag[2:]:
                stop += 1
            found.append((tag[2:], start, stop))
    return found


def _one_pass(tags):
    found, slot, start = [], None, 0
    for t, tag in enumerate([*tags, "O"]):
        if slot is not None and tag != f"I-{slot}":
            found.append((slot, start, t))
            slot = None
        if tag[0] == "B":
            slot, start = tag.split("-")[1], t
    return found


def _any_inside(tags):
    """An I- of any slot goes on with the entity."""
    found = []
    for start, tag in enumerate(tags):
        if tag.startswith("B-"):
            stop = start + 1
            while stop < len(tags) and tags[stop].startswith("I-"):
                stop += 1
            found.append((tag[2:], start, stop))
    return found


def _same_slot_goes_on(tags):
    """B- of the same slot goes on, too."""
    found = []
    for t, tag in enumerate(tags):
        if tag == "O":
            continue
        if found and found[-1][2] == t and found[-1][0] == tag[2:]:
            found[-1] = (tag[2:], found[-1][1], t + 1)
        elif tag.startswith("B-"):
            found.append((tag[2:], t, t + 1))
    return found


def _stray_begins(tags):
    """An I- that continues nothing begins an entity."""
    found = []
    for t, tag in enumerate(tags):
        if tag.startswith("I-") and found and found[-1][2] == t and found[-1][0] == tag[2:]:
            found[-1] = (tag[2:], found[-1][1], t + 1)
        elif tag != "O":
            found.append((tag[2:], t, t + 1))
    return found


def _each_word(tags):
    return [(tag[2:], t, t + 1) for t, tag in enumerate(tags) if tag != "O"]


def _beginnings(tags):
    return [(tag[2:], t, t + 1) for t, tag in enumerate(tags) if tag.startswith("B-")]


def _last_lost(tags):
    found = _one_pass(tags)
    return found[:-1] if found and found[-1][2] == len(tags) else found


def _joins_over_gaps(tags):
    found = []
    for t, tag in enumerate(tags):
        if tag.startswith("B-"):
            found.append((tag[2:], t, t + 1))
        elif tag.startswith("I-") and found and found[-1][0] == tag[2:]:
            found[-1] = (tag[2:], found[-1][1], t + 1)
    return found


def _over_end(tags):
    return [(slot, start, stop + 1) for slot, start, stop in entities(tags)]


def _stop_inside(tags):
    return [(slot, start, stop - 1) for slot, start, stop in entities(tags)]


def _from_1(tags):
    return [(slot, start + 1, stop + 1) for slot, start, stop in entities(tags)]


def _with_letter(tags):
    return [("B-" + slot, start, stop) for slot, start, stop in entities(tags)]


def _lengths(tags):
    return [(slot, start, stop - start) for slot, start, stop in entities(tags)]


def _slot_last(tags):
    return [(start, stop, slot) for slot, start, stop in entities(tags)]


def _letters_ignored(tags):
    """Neighbours with the same slot are one entity, whatever their letters."""
    found, start = [], 0
    for t in range(1, len(tags) + 1):
        if t == len(tags) or tags[t][2:] != tags[start][2:]:
            if tags[start] != "O":
                found.append((tags[start][2:], start, t))
            start = t
    return found


def _over_another_slot(tags):
    """An O ends an entity, an I- of another slot is stepped over."""
    found, still_open = [], False
    for t, tag in enumerate(tags):
        if tag.startswith("B-"):
            found.append((tag[2:], t, t + 1))
            still_open = True
        elif tag == "O":
            still_open = False
        elif still_open and found[-1][0] == tag[2:]:
            found[-1] = (tag[2:], found[-1][1], t + 1)
    return found


def _first_such_tag(tags):
    """The place is asked for with tags.index(tag)."""
    found = []
    for tag in tags:
        if tag.startswith("B-"):
            stop = tags.index(tag) + 1
            while stop < len(tags) and tags[stop] == "I-" + tag[2:]:
                stop += 1
            found.append((tag[2:], tags.index(tag), stop))
    return found


def _as_dict(tags):
    return {slot: (start, stop) for slot, start, stop in entities(tags)}


def _one_for_each_slot(tags):
    return [(slot, start, stop) for slot, (start, stop) in _as_dict(tags).items()]


def _entities_of(answer, tags):
    """What an answer returns; an entity that is a list becomes a word, for no set can hold a list (11.2 and `score` put entities into one);
    a set becomes a word, too, for it equals a list in any order."""
    found = answer(tags)
    if isinstance(found, set):
        return f"the set of {sorted(found)}"
    if isinstance(found, list | tuple):
        return [f"the list {entity}" if isinstance(entity, list) else entity for entity in found]
    return found


_ROWS = [
    ("O B-date I-date I-date O B-time", "an entity at the very end"),
    ("B-departure B-destination I-destination O O", "two entities side by side"),
    ("O I-date O B-date I-date I-time O", "I- tags that continue nothing"),
    ("B-departure O I-departure O", "a gap"),
    ("B-time B-time I-time O B-date", "the same slot twice, side by side"),
    ("B-time I-date I-time B-date I-date", "another slot in between"),
    ("O O O", "nothing to find"),
    ("B-date I-date I-date I-date", "one entity is all"),
]

define(
    "11.1",
    reference=entities,
    cases=lambda: [case(tags.split(), label=label) for tags, label in _ROWS],
    run=_entities_of,
    alternatives=[_one_pass],
    mistakes=[
        mistake(
            "an I- of another slot does not go on with the entity: I-date behind B-time is ignored, and ends it",
            _any_inside,
        ),
        mistake(
            "a B- always begins a new entity, also right behind one of the same slot: that is what the B is for",
            _same_slot_goes_on,
        ),
        mistake("an I- that continues nothing is ignored; only a B- begins an entity", _stray_begins),
        mistake("that is an entity for each word: B- and the I- behind it are one entity together", _each_word),
        mistake("these are the first words alone: the I- that follow belong to the entity", _beginnings),
        mistake("an entity that reaches to the last word is lost: nothing closes it behind the loop", _last_lost),
        mistake("an O ends an entity: an I- behind a gap continues nothing", _joins_over_gaps),
        mistake("stop is the index *behind* the last word, so that words[start:stop] is the entity; yours is the last word's own", _stop_inside),
        mistake("stop is one too far: words[start:stop] has a word too many", _over_end),
        mistake("you count from 1: the first word has index 0", _from_1),
        mistake("the slot's name is without the B-: tag[2:]", _with_letter),
        mistake("the third number is the entity's length; wanted is stop, the index behind its last word", _lengths),
        mistake("the order is (slot, start, stop)", _slot_last),
        mistake("neighbours with the same slot are one entity for you, whatever their letters: B- begins a new one, and an I- alone begins none", _letters_ignored),
        mistake("an I- of another slot *ends* the entity: an I- of the old slot behind it continues nothing", _over_another_slot),
        mistake("`tags.index(tag)` is the place of the *first* such tag: let `enumerate` count", _first_such_tag),
        mistake("a dictionary keeps one entity for each slot, and a slot may come twice: a list is wanted", _as_dict),
        mistake("a slot may come twice: you keep only its last entity", _one_for_each_slot),
        mistake("a set has no order: a list in order of time is wanted", lambda tags: set(entities(tags))),
        mistake("in order of time, please: yours are in the order of their names", lambda tags: sorted(entities(tags))),
        mistake("an entity is a tuple, with round brackets: yours are lists, and a list cannot go into a set, as the next exercise wants it", lambda tags: [list(entity) for entity in entities(tags)]),
    ],
)  # fmt: skip

# 11.2 · F1 -------------------------------------------------------------------------------------------------------


def f1(found, wanted):
    """The F1 score of entities over all requests together."""
    right, total = 0, 0
    for mine, true in zip(found, wanted, strict=True):
        right += len(set(mine) & set(true))
        total += len(mine) + len(true)
    return 2 * right / total if total else 0.0


def _from_shares(found, wanted):
    right = sum(sum(entity in true for entity in mine) for mine, true in zip(found, wanted, strict=True))
    if right == 0:
        return 0.0
    precision, recall = right / sum(map(len, found)), right / sum(map(len, wanted))
    return 2 * precision * recall / (precision + recall)


def _numbers(found, wanted):
    right = sum(len(set(mine) & set(true)) for mine, true in zip(found, wanted, strict=True))
    return right, sum(map(len, found)), sum(map(len, wanted))


def _score(formula):
    def wrong(found, wanted):
        right, mine, true = _numbers(found, wanted)
        return formula(right, mine, true)

    return wrong


def _mean_of_requests(found, wanted):
    return sum(f1([mine], [true]) for mine, true in zip(found, wanted, strict=True)) / len(found)


def _pooled(found, wanted):
    mine, true = {e for row in found for e in row}, {e for row in wanted for e in row}
    return 2 * len(mine & true) / (len(mine) + len(true)) if mine or true else 0.0


def _by(key):
    def wrong(found, wanted):
        return f1([[key(e) for e in row] for row in found], [[key(e) for e in row] for row in wanted])

    return wrong


def _whole_requests(found, wanted):
    return sum(set(mine) == set(true) for mine, true in zip(found, wanted, strict=True)) / len(found)


def _place_by_place(found, wanted):
    """The first found with the first wanted, the second with the second …"""
    right = sum(sum(map(eq, mine, true)) for mine, true in zip(found, wanted, strict=True))
    total = sum(map(len, found)) + sum(map(len, wanted))
    return 2 * right / total if total else 0.0


def _one_long_list(found, wanted):
    mine, true = [e for row in found for e in row], [e for row in wanted for e in row]
    return 2 * sum(e in true for e in mine) / (len(mine) + len(true)) if mine or true else 0.0


def _mean_shares(found, wanted):
    """Precision and recall as means over the requests; 0 for a request without any."""
    precision = [len(set(m) & set(t)) / max(len(m), 1) for m, t in zip(found, wanted, strict=True)]
    recall = [len(set(m) & set(t)) / max(len(t), 1) for m, t in zip(found, wanted, strict=True)]
    P, R = sum(precision) / len(found), sum(recall) / len(found)
    return 2 * P * R / (P + R) if P + R else 0.0


_FOUND = [
    [("date", 2, 4), ("time", 6, 7)],
    [("departure", 0, 1), ("destination", 4, 5)],
    [],
    [("time", 0, 1), ("destination", 1, 3), ("date", 5, 6)],
    [("departure", 0, 1)],
    [("date", 1, 3), ("destination", 5, 6)],
]
_WANTED = [
    [("date", 2, 4), ("time", 5, 7)],
    [("destination", 0, 1), ("departure", 4, 5)],
    [("departure", 0, 1), ("date", 3, 4)],
    [("destination", 1, 3), ("date", 5, 6)],
    [("departure", 0, 1)],
    [("date", 1, 4), ("destination", 5, 6)],
]

define(
    "11.2",
    reference=f1,
    cases=lambda: [
        case(_FOUND, _WANTED, label="six requests"),
        case(_WANTED, _FOUND, label="found and wanted exchanged"),
        case([[], []], [[("time", 0, 1)], []], label="nothing found"),
        case([[("date", 0, 2)]], [[("date", 0, 2)]], label="all right"),
        case([[], []], [[], []], label="nothing found and nothing wanted"),
        case([[("time", 3, 4)], [("date", 1, 2)]], [[("date", 1, 2)], [("time", 3, 4)]], label="right words, in the wrong request"),
        case([[("date", 0, 2)], [("date", 0, 2), ("time", 4, 5)]], [[("date", 0, 2)], [("date", 0, 2)]], label="the same entity in two requests"),
    ],
    alternatives=[_from_shares],
    mistakes=[
        mistake("that is the precision alone, right / found: F1 asks for what was wanted, too", _score(lambda right, mine, true: right / mine if mine else 0.0)),
        mistake("that is the recall alone, right / wanted: F1 asks for what was found, too", _score(lambda right, mine, true: right / true if true else 0.0)),
        mistake("that is the plain mean of precision and recall; F1 is 2PR / (P + R)", _score(lambda right, mine, true: (right / mine + right / true) / 2 if mine and true else 0.0)),
        mistake("the 2 is missing: F1 is 2 · right / (found + wanted)", _score(lambda right, mine, true: right / (mine + true) if mine + true else 0.0)),
        mistake("that is right / (found or wanted), the share of a union; F1 is 2 · right / (found + wanted)", _score(lambda right, mine, true: right / (mine + true - right) if mine + true else 0.0)),
        mistake("that is the mean of the requests' own scores: count over all requests, and divide once", _mean_of_requests),
        mistake("the requests are thrown together: an entity is right only in its own request, and counts each time", _pooled),
        mistake("all requests are one long list for you: an entity is right only if *its own* request wants it", _one_long_list),
        mistake("precision and recall are means over the requests there: count right, found and wanted over all requests, and divide once", _mean_shares),
        mistake("you compare the first found with the first wanted, the second with the second: one that is missed shifts all behind it. Look for it anywhere in its request", _place_by_place),
        mistake("where nothing is found and nothing wanted, 0 is wanted, not 1", lambda found, wanted: f1(found, wanted) if any(found) or any(wanted) else 1.0),
        mistake("you compare the slots alone: beginning and end have to be right, too", _by(lambda entity: entity[0])),
        mistake("you compare slot and beginning: the end has to be right, too", _by(lambda entity: entity[:2])),
        mistake("you compare the words and not the slot: a city that is taken for the wrong end of the journey is wrong", _by(lambda entity: entity[1:])),
        mistake("that is the share of requests that are all right; count entities", _whole_requests),
        mistake("dividing by 0 gives no number: F1 is 0 where nothing is found and nothing wanted", _score(lambda right, mine, true: 2 * right / (mine + true) if mine + true else float("nan"))),
        slips.per_cent(f1),
    ],
)  # fmt: skip

# 11.3 · what one direction must guess ----------------------------------------------------------------------------

_VERDICTS = {"A": "can know", "B": "must guess", "C": "must guess", "D": "can know"}
_VERDICTS |= {"E": "must guess", "F": "can know", "G": "must guess"}
_WHY = {
    "A": "“from” has been read when rome comes, and behind it only a departure can stand",
    "B": "when rome comes, nothing has been read: “rome would be too hot” is still open, and needs another tag",
    "C": "nine could still be the time: “nine is when i could leave”",
    "D": "“we are” has been read: what follows is a number of people",
    "E": "that the destination is filled does not make rome the departure: “rome would be too hot” is still open",
    "F": "“the best day is the” has been read: a date has begun already, and goes on",
    "G": "“the fifth of may is when i could leave” is still open, and there it is a date that counts",
}

define(
    "11.3",
    reference=_VERDICTS,
    allowed=("can know", "must guess"),
    mistakes=[
        mistake(_WHY[key], {key: "must guess" if right == "can know" else "can know"})
        for key, right in _VERDICTS.items()
    ],
)

# 11.4 · two passes -----------------------------------------------------------------------------------------------


def both_ways(forth, back, vectors, lengths):
    """States of both directions, (N, T, 2H); 0 behind the end."""
    return _both(forth, back, vectors, lengths)


def _both(forth, back, vectors, lengths, *, turn=True, turn_back=True, zero=True, join=None):
    N, T, _ = vectors.shape
    t = torch.arange(T)[None]
    inside = t < lengths[:, None]
    order = torch.where(inside, lengths[:, None] - 1 - t, t.expand(N, T))
    row = torch.arange(N)[:, None]
    there = back(vectors[row, order] if turn else vectors)[0]
    there = there[row, order] if turn_back else there
    here = forth(vectors)[0]
    states = torch.cat([here, there], dim=2) if join is None else join(here, there)
    return states * inside[:, :, None] if zero else states


def _request_by_request(forth, back, vectors, lengths):
    rows = []
    for x, length in zip(vectors, lengths.tolist(), strict=True):
        words = x[None, :length]
        states = torch.cat([forth(words)[0], back(words.flip(1))[0].flip(1)], dim=2)[0]
        rows.append(torch.cat([states, states.new_zeros(len(x) - length, states.shape[1])]))
    return torch.stack(rows)


def _flips_all(forth, back, vectors, lengths):
    inside = torch.arange(vectors.shape[1])[None] < lengths[:, None]
    states = torch.cat([forth(vectors)[0], back(vectors.flip(1))[0].flip(1)], dim=2)
    return states * inside[:, :, None]


def _flips_all_zeroes_nothing(forth, back, vectors, lengths):
    return torch.cat([forth(vectors)[0], back(vectors.flip(1))[0].flip(1)], dim=2)


def _zero(states, lengths, more=0):
    return states * (torch.arange(states.shape[1])[None] < lengths[:, None] + more)[:, :, None]


def _turned(x, lengths):
    """Each sequence turned round by itself; the padding stays."""
    t = torch.arange(x.shape[1])[None]
    order = torch.where(t < lengths[:, None], lengths[:, None] - 1 - t, t.expand(len(x), -1))
    return x[torch.arange(len(x))[:, None], order]


def _turned_then_flipped(forth, back, vectors, lengths):
    there = back(_turned(vectors, lengths))[0].flip(1)
    return _zero(torch.cat([forth(vectors)[0], there], dim=2), lengths)


def _flipped_then_turned(forth, back, vectors, lengths):
    there = _turned(back(vectors.flip(1))[0], lengths)
    return _zero(torch.cat([forth(vectors)[0], there], dim=2), lengths)


def _without_own_word(forth, back, vectors, lengths):
    there = _turned(_zero(back(_turned(vectors, lengths))[0], lengths), lengths)
    there = torch.cat([there[:, 1:], torch.zeros_like(there[:, :1])], dim=1)
    return _zero(torch.cat([forth(vectors)[0], there], dim=2), lengths)


def _flips_all_and_stays(forth, back, vectors, lengths):
    inside = torch.arange(vectors.shape[1])[None] < lengths[:, None]
    return torch.cat([forth(vectors)[0], back(vectors.flip(1))[0]], dim=2) * inside[:, :, None]


def _flips_the_batch(forth, back, vectors, lengths):
    inside = torch.arange(vectors.shape[1])[None] < lengths[:, None]
    return torch.cat([forth(vectors)[0], back(vectors.flip(0))[0].flip(0)], dim=2) * inside[:, :, None]


def _last_of_back(forth, back, vectors, lengths):
    states = both_ways(forth, back, vectors, lengths)
    H = states.shape[2] // 2
    inside = torch.arange(vectors.shape[1])[None] < lengths[:, None]
    return torch.cat([states[:, :, :H], states[:, :1, H:].expand(-1, states.shape[1], -1) * inside[:, :, None]], dim=2)


def _layers():
    forth, back = nn.LSTM(4, 3, batch_first=True), nn.LSTM(4, 3, batch_first=True)
    return forth, back


define(
    "11.4",
    reference=both_ways,
    cases=lambda: [
        case(*_layers(), torch.randn(3, 6, 4), torch.tensor([6, 2, 4])),
        case(*_layers(), torch.randn(2, 5, 4), torch.tensor([5, 5]), label="no padding"),
        case(*_layers(), torch.randn(1, 4, 4), torch.tensor([1]), label="a single word"),
    ],
    alternatives=[_request_by_request],
    mistakes=[
        mistake("the states of `back` are not turned back: its first one belongs to the last word", lambda *a: _both(*a, turn_back=False)),
        mistake("`back` reads from left to right, like `forth`: turn the words round before it reads them, and its states back behind it", lambda *a: _both(*a, turn=False, turn_back=False)),
        mistake("the words are not turned round before `back` reads them; only its states are turned", lambda *a: _both(*a, turn=False)),
        mistake("`flip(1)` turns the padding round as well, so `back` begins with it: each request is turned round by itself, over its own length", _flips_all),
        mistake("`flip(1)` turns the padding round as well, and the states of `back` are not turned back", _flips_all_and_stays),
        mistake("the *batch* is turned round (axis 0): each request has to be turned round in time", _flips_the_batch),
        mistake("states behind the end of a request are not zero: multiply by a mask", lambda *a: _both(*a, zero=False)),
        mistake("`flip(1)` turns the padding round as well, so `back` begins with it; and states behind the end are not zero", _flips_all_zeroes_nothing),
        mistake("the words are turned request by request, but the states of `back` with `flip(1)`: turn them back as the words were turned", _turned_then_flipped),
        mistake("the words are turned with `flip(1)`, padding and all, and only the states request by request: turn both in the same way", _flipped_then_turned),
        mistake("only `back`'s states are zero behind the end: `forth`'s have to be, too", lambda *a: _both(*a, zero=False, join=lambda here, there: torch.cat([here, _zero(there, a[3])], dim=2))),
        mistake("only `forth`'s states are zero behind the end: `back`'s have to be, too", lambda *a: _both(*a, zero=False, join=lambda here, there: torch.cat([_zero(here, a[3]), there], dim=2))),
        mistake("you set the *vectors* behind the end to zero: a layer makes states of zeros, too, so multiply its states by the mask", lambda f, b, x, n: _both(f, b, _zero(x, n), n, zero=False)),
        mistake("one state too many is left: the words of a request of length L are 0 … L − 1, so the mask is t < lengths", lambda *a: _zero(_both(*a, zero=False), a[3], 1)),
        mistake("one state too few is left: the words of a request of length L are 0 … L − 1, so the mask is t < lengths", lambda *a: _zero(_both(*a), a[3], -1)),
        mistake("`back`'s state is that of the next word: it has to have read the word itself, too", _without_own_word),
        mistake("the layers are exchanged: `forth` reads the words as they come, `back` reads them turned round", lambda f, b, x, n: both_ways(b, f, x, n)),
        mistake("your states end with the longest request: keep all T steps, 0 behind the end (`pad_packed_sequence` has `total_length` for it)", lambda f, b, x, n: both_ways(f, b, x, n)[:, : int(n.max())]),
        mistake("`forth` first, then `back`", lambda *a: _both(*a, join=lambda here, there: torch.cat([there, here], dim=2))),
        mistake("the two are added; put them side by side: torch.cat along axis 2", lambda *a: _both(*a, join=lambda here, there: here + there)),
        mistake("joined one behind the other in *time*: join along the last axis, axis 2", lambda f, b, x, n: torch.cat(both_ways(f, b, x, n).chunk(2, dim=2), dim=1)),
        mistake("joined one behind the other in *time*, and not zero behind the end: join along axis 2, then multiply by a mask", lambda *a: _both(*a, zero=False, join=lambda here, there: torch.cat([here, there], dim=1))),
        mistake("joined along the *batch* (axis 0): join along axis 2, then multiply by a mask", lambda *a: _both(*a, zero=False, join=lambda here, there: torch.cat([here, there], dim=0))),
        mistake("`flip(1)` puts the padding first, and zeros are inputs, too: turn each request round over its own length, and set the *states* behind the end to zero", lambda f, b, x, n: _flips_all_zeroes_nothing(f, b, _zero(x, n), n)),
        mistake("`flip(1)` puts the padding first: to set it to zero is not enough, for zeros are inputs, too. Turn each request round over its own length", lambda f, b, x, n: _flips_all(f, b, _zero(x, n), n)),
        mistake("torch.stack makes a new axis of size 2: join along the last one with torch.cat", lambda f, b, x, n: torch.stack(both_ways(f, b, x, n).chunk(2, dim=2), dim=2)),
        mistake("`forth` runs twice: the second pass belongs to `back`", lambda f, b, x, n: both_ways(f, f, x, n)),
        mistake("that is `back`'s last state at every word; each word has a state of its own", _last_of_back),
        mistake("these are the states of `forth` alone", lambda f, b, x, n: both_ways(f, b, x, n).chunk(2, dim=2)[0]),
        mistake("these are the states of `back` alone", lambda f, b, x, n: both_ways(f, b, x, n).chunk(2, dim=2)[1]),
    ],
)  # fmt: skip
