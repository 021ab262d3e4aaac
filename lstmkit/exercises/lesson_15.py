"""Exercises of lesson 15: bars that add up, the condition at every step, what a temperature does, is it copied?"""

from __future__ import annotations

import re
from itertools import pairwise
from time import perf_counter

import torch

from lstmkit.data.tunes import is_pitch
from lstmkit.exercises import slips
from lstmkit.exercises.core import case, define, mistake

# 15.1 · bars that add up -----------------------------------------------------------------------------------------


def lengths(
    bar,
    *,
    pitch=is_pitch,
    number=lambda above, below: float(above or 1) / float(below or 1),
    marks=(1.5, 0.5),
    triplet_of=2 / 3,
    triplet_lasts=3,
    in_triplet=is_pitch,
    space_ends=False,
    combine=lambda length, by: length * by,
    mark_sets=False,
    keeps_mark=False,
):
    """The length of each note and rest of a bar. The options make the slips."""
    found, mark, triplet = [], "", 0
    for token in bar:
        if pitch(token):
            length = triplet_of if triplet > 0 and in_triplet(token) else 1.0
            triplet -= in_triplet(token)
            if mark and found:
                found[-1] = (1.0 if mark_sets else found[-1]) * (marks[0] if mark == ">" else marks[1])
                length *= marks[1] if mark == ">" else marks[0]
            found.append(length)
            mark = mark if keeps_mark else ""
        elif token in ("<", ">"):
            mark = token
        elif token == "(3":
            triplet = triplet_lasts
        elif found and re.fullmatch(r"\d*/?\d+", token):
            above, _, below = token.partition("/")
            found[-1] = combine(found[-1], number(above, below))
        elif token == " " and space_ends:
            triplet = 0
    return found


def _two_passes(bar):
    """A right answer in another style: first the numbers, then the marks."""
    bar = [token for token in bar if token != " "]
    notes = [k for k, token in enumerate(bar) if is_pitch(token)]
    found = []
    for k in notes:
        written = bar[k + 1] if k + 1 < len(bar) and re.fullmatch(r"\d*/?\d+", bar[k + 1]) else "1"
        above, _, below = written.partition("/")
        found.append(float(above or 1) / float(below or 1))
    for k, token in enumerate(bar):
        after = sum(n < k for n in notes)
        if token == "(3":
            for n in range(after, after + 3):
                found[n] *= 2 / 3
        if token in ("<", ">"):
            found[after - 1] *= 1.5 if token == ">" else 0.5
            found[after] *= 0.5 if token == ">" else 1.5
    return found


def _slip(**options):
    return lambda bar: lengths(bar, **options)


def _number_for_the_next(bar):
    bar = [token for token in bar if token != " "]
    for k in range(len(bar) - 1):
        if re.fullmatch(r"\d*/?\d+", bar[k]) and is_pitch(bar[k + 1]):
            bar[k], bar[k + 1] = bar[k + 1], bar[k]
    return lengths(bar)


def _one_sided(first, second):
    """Marks that change one of the two notes only."""

    def wrong(bar):
        plain = lengths(bar, marks=(1, 1))
        notes = -1
        for token in bar:
            notes += is_pitch(token)
            if token in ("<", ">"):
                long, short = 1.5, 0.5
                if first:
                    plain[notes] *= long if token == ">" else short
                if second:
                    plain[notes + 1] *= short if token == ">" else long
        return plain

    return wrong


def _moved(by):
    """Marks that move some length from one note to the other. by: how much, from the lengths of the two."""

    def wrong(bar):
        plain, notes = lengths(bar, marks=(1, 1)), -1
        for token in bar:
            notes += is_pitch(token)
            if token in ("<", ">"):
                given = by(plain[notes], plain[notes + 1], token) * (1 if token == ">" else -1)
                plain[notes] += given
                plain[notes + 1] -= given
        return plain

    return wrong


def _without_rests(bar):
    notes = [token for token in bar if is_pitch(token)]
    return [length for token, length in zip(notes, lengths(bar), strict=True) if token != "z"]


def _rests_are_silent(bar):
    notes = [token for token in bar if is_pitch(token)]
    return [0.0 if token == "z" else length for token, length in zip(notes, lengths(bar), strict=True)]


def _space_counts(bar):
    found = lengths(bar)
    for k, token in reversed([*enumerate(bar)]):
        if token == " ":
            found.insert(sum(is_pitch(one) for one in bar[:k]), 1.0)
    return found


def _starts(bar):
    total, found = 0.0, []
    for length in lengths(bar):
        found.append(total)
        total += length
    return found


_BARS = [
    ("A B c", "plain notes"),
    ("d 2 e _ f 3", "numbers"),
    ("A 3/2 B /2 c _ d 2 z", "fractions and a rest"),
    ("a > b c _ d < e f", "the marks > and <"),
    ("(3 A B c _ d e f g", "a triplet"),
    ("a 2 > b 2 _ c 4", "a mark between notes with numbers"),
    ("c' 2 B, ^c _ _e /2 =f /2 g 2", "high, low and altered pitches"),
    ("(3 d e f _ (3 g f e a", "two triplets"),
    ("a < b 2 c _ d", "a number behind a marked note"),
    ("a > b > c _ d", "two marks in a row"),
    ("(3 A 2 B c _ z 2 e", "a number in a triplet"),
    ("z a /2 b /2 c 3", "a rest first"),
    ("a z 2 b", "a rest with a number"),
    ("(3 A z B c d", "a rest in a triplet"),
    ("(3 A _ B c d", "a space in a triplet"),
]


def _as_numbers(answer, bar):
    """What an answer returns, as a list of numbers where it is a tensor, an array or a list of fractions."""
    found = answer(bar)
    if hasattr(found, "tolist"):
        found = found.tolist()
    if isinstance(found, list | tuple) and all(hasattr(one, "__float__") for one in found):
        return [float(one) for one in found]
    return found


define(
    "15.1",
    reference=lambda bar: lengths(bar),
    cases=lambda: [
        case([" " if token == "_" else token for token in text.split()], label=label) for text, label in _BARS
    ],
    run=_as_numbers,
    alternatives=[_two_passes],
    mistakes=[
        mistake("the numbers are not read: every note lasts 1 there, however long it is written", _slip(number=lambda above, below: 1.0)),
        mistake("“/2” is a half: you read it as 2", _slip(number=lambda above, below: float(above or below) / float(below if above and below else 1))),
        mistake("a fraction has a part below the stroke: you read 3/2 as 3, and /2 as 1", _slip(number=lambda above, below: float(above or 1))),
        mistake("3/2 is three *halves*: you turn the fraction round", _slip(number=lambda above, below: float(below or 1) / float(above or 1))),
        mistake("a number *multiplies* the length that the note has already: in a triplet, or behind a mark, it is not 1", _slip(combine=lambda length, by: by)),
        mistake("a number *multiplies* the length of the note before it: yours adds to it", _slip(combine=lambda length, by: length + by)),
        mistake("a number belongs to the note *before* it; you give it to the next one", _number_for_the_next),
        mistake("a mark changes two notes: you change only the one before it", _one_sided(True, False)),
        mistake("a mark changes two notes: you change only the one behind it", _one_sided(False, True)),
        mistake("a mark makes the two notes 3/2 and 1/2 times as long as they are: you move half a unit, whatever their lengths", _moved(lambda a, b, mark: 0.5)),
        mistake("a mark makes *each* of the two 3/2 or 1/2 times as long as it is: you hand half of one on to the other, which is not the same where they differ", _moved(lambda a, b, mark: (b if mark == ">" else a) / 2)),
        mistake("a mark *multiplies* what the note before it lasts already: you set it to 3/2 or 1/2", _slip(mark_sets=True)),
        mistake("> and < are exchanged: > lengthens the note *before* it", _slip(marks=(0.5, 1.5))),
        mistake("a mark makes 3/2 and 1/2 of two notes, so that their sum stays: yours doubles one and halves the other", _slip(marks=(2.0, 0.5))),
        mistake("a mark makes 3/2 and 1/2 of two notes; you *add* nothing and take nothing away: the marks are not read", _slip(marks=(1.0, 1.0))),
        mistake("the mark stays on: forget it when the note behind it has been read", _slip(keeps_mark=True)),
        mistake("three notes in the time of two last 2/3 each, not 3/2", _slip(triplet_of=1.5)),
        mistake("three notes in the time of *two* last 2/3 each, not 1/3", _slip(triplet_of=1 / 3)),
        mistake("the (3 is not read: three notes behind it last two thirds of what is written", _slip(triplet_of=1.0)),
        mistake("a triplet is three notes: yours is over after one", _slip(triplet_lasts=1)),
        mistake("a triplet is three notes: yours is over after two", _slip(triplet_lasts=2)),
        mistake("a triplet is three notes: yours lasts for four", _slip(triplet_lasts=4)),
        mistake("a rest counts among the three of a triplet, like a note: it lasts two thirds, too", _slip(in_triplet=lambda token: token != "z")),
        mistake("a space does not end a triplet: it has no meaning for the lengths", _slip(space_ends=True)),
        mistake("a triplet is three notes: yours never ends. Count the notes behind (3 down to 0", _slip(triplet_lasts=10**6)),
        mistake("a pitch may have signs: ^c, B, and c' are notes, too. Ask `fiddle.is_pitch(token)`", _slip(pitch=lambda token: token in list("ABCDEFGabcdefgz"))),
        mistake("capitals are notes, too: they are the low ones", _slip(pitch=lambda token: is_pitch(token) and token.strip("^_=,'").islower())),
        mistake("a rest fills the bar, too: z has a length like any note", _without_rests),
        mistake("a rest fills the bar, too: you pass over it, and a number behind it goes to another note", lambda bar: lengths([token for token in bar if token != "z"])),
        mistake("a rest makes no sound, but it takes its time: its length is not 0", _rests_are_silent),
        mistake("a space has no length: it only shows that half of the bar is over", _space_counts),
        mistake("that is the length of the whole bar: a list is wanted, one length for each note", lambda bar: sum(lengths(bar))),
        mistake("that is when each note *begins*: its length is wanted", _starts),
        mistake("that is when each note *ends*: its own length is wanted", lambda bar: [a + b for a, b in zip(_starts(bar), lengths(bar), strict=True)]),
        mistake("these are shares of the bar: lengths in units are wanted, so do not divide by their sum", lambda bar: [one / sum(lengths(bar)) for one in lengths(bar)]),
        mistake("the lengths are in reverse order: the first note comes first", lambda bar: lengths(bar)[::-1]),
        mistake("the last note is missing: it has to be put into the list, too, when the loop is over", lambda bar: lengths(bar)[:-1]),
    ],
)  # fmt: skip

# 15.2 · the condition at every step ------------------------------------------------------------------------------


def beside(z, words):
    """The condition beside the word at every step, (N, T, E + D)."""
    return torch.cat([words, z[:, None].expand(-1, words.shape[1], -1)], dim=2)


def _step_by_step(z, words):
    return torch.stack([torch.cat([word, z], dim=1) for word in words.unbind(1)], dim=1)


def _only(t):
    def wrong(z, words):
        steps = torch.zeros(words.shape[1])
        steps[t] = 1
        return torch.cat([words, z[:, None] * steps[:, None]], dim=2)

    return wrong


define(
    "15.2",
    reference=beside,
    cases=lambda: [
        case(torch.randn(3, 4), torch.randn(3, 5, 6), label="three tunes, five steps"),
        case(torch.randn(5, 6), torch.randn(5, 3, 6), label="as many numbers in z as in a word"),
        case(torch.randn(4, 3), torch.randn(4, 4, 2), label="as many steps as tunes"),
        case(torch.randn(1, 3), torch.randn(1, 6, 2), label="one tune"),
        case(torch.randn(3, 2), torch.randn(3, 1, 5), label="one step"),
    ],
    gradients=True,
    alternatives=[
        _step_by_step,
        lambda z, words: torch.cat([words, z.unsqueeze(1).repeat(1, words.shape[1], 1)], dim=-1),
        lambda z, words: torch.cat([words, torch.stack([z] * words.shape[1], dim=1)], dim=2),
    ],
    mistakes=[
        mistake("the order: first the word's numbers, then z's", lambda z, words: torch.cat([beside(z, words)[:, :, words.shape[2] :], words], dim=2)),
        mistake("z is there at the first step only, and zeros after it: at *every* step is wanted", _only(0)),
        mistake("z is there at the last step only: at *every* step is wanted", _only(-1)),
        mistake("`z.repeat(T, 1)` puts the tunes one below the other, and cutting that into rows of T gives a tune the z of others: stretch a new axis of time, `z[:, None].expand(-1, T, -1)`", lambda z, words: torch.cat([words, z.repeat(words.shape[1], 1).reshape(len(z), words.shape[1], -1)], dim=2)),
        mistake("every tune gets the first one's z: each has its own", lambda z, words: torch.cat([words, z[:1, None].expand(len(z), words.shape[1], -1)], dim=2)),
        mistake("every tune gets the mean of all z: each has its own", lambda z, words: torch.cat([words, z.mean(0)[None, None].expand(len(z), words.shape[1], -1)], dim=2)),
        mistake("`z[:, None]` has one step, and the words have T: stretch it with `.expand(-1, T, -1)` before you join", lambda z, words: torch.cat([words, z[:, None]], dim=2)),
        mistake("`z` has two axes, and the words have three: give it an axis of time, `z[:, None]`, and stretch that", lambda z, words: torch.cat([words, z], dim=2)),
        mistake("you join along the axis of time: the word's numbers and z's stand side by side along the last, `dim=2`", lambda z, words: torch.cat([words, z[:, None].expand(-1, words.shape[1], -1)], dim=1)),
        mistake("adding mixes the two: they stand side by side, so join them with `torch.cat`", lambda z, words: words + z[:, None]),
        mistake("z is divided by the number of steps: all of it is wanted at every step", lambda z, words: beside(z / words.shape[1], words)),
        mistake("z is there alone: the words are missing", lambda z, words: beside(z, words)[:, :, words.shape[2] :]),
        mistake("the words are there alone: z is missing", lambda z, words: words),
        mistake("z stands behind the last word as a step of its own: join along the last axis, `dim=2`", lambda z, words: torch.cat([words, z[:, None]], dim=1) if z.shape[1] == words.shape[2] else torch.cat([words.flatten(1), z], dim=1)),
        mistake("the right numbers in one long row for each tune: the axis of time has to stay", lambda z, words: beside(z, words).flatten(1)),
        slips.time_first(beside),
        slips.input_detached(beside, arg=0, says="no gradient reaches z: the network could not learn what a key means. Leave out `.detach()`, `.data` and `torch.tensor(…)`"),
        slips.input_detached(beside, arg=1, says="no gradient reaches the words: leave out `.detach()`, `.data` and `torch.tensor(…)`"),
        slips.detached(beside),
        slips.first_sequence_only(beside, says="that is the first tune of the batch alone"),
        slips.reads_backwards(beside, arg=1, says="the words are in reverse order: leave them as they are"),
    ],
)  # fmt: skip

# 15.3 · what a temperature does ----------------------------------------------------------------------------------

_TURN = {
    "parses": "falls",
    "bars are full": "falls",
    "ends at home": "falls",
    "different windows": "rises",
    "loss on the test": "stays",
}
define(
    "15.3",
    reference=_TURN,
    allowed=("rises", "falls", "stays"),
    mistakes=[
        mistake("the loss is measured while the *right* tokens are read, with the scores as they are: no temperature is in it, so it stays", {"loss on the test": "rises"}),
        mistake("the loss does not see the temperature: it is measured on the right tokens, with the scores as they are", {"loss on the test": "falls"}),
        mistake("a hot network draws unlikely tokens more often, also where ABC has no place for them", {"parses": "rises"}),
        mistake("grammar is learnt, not built in: any token can be drawn, and a hot network draws unlikely ones more often", {"parses": "stays"}),
        mistake("a bar is full if the bar line comes at the right moment: the hotter, the more often it does not", {"bars are full": "rises"}),
        mistake("the bar line is a token like any other: the hotter, the more often it is drawn at a wrong moment", {"bars are full": "stays"}),
        mistake("the tonic is the *likeliest* last note, and the hotter, the less that counts", {"ends at home": "rises"}),
        mistake("the last note is drawn like any other: the hotter, the more often it is not the likeliest one", {"ends at home": "stays"}),
        mistake("cold is where all becomes alike: in the limit the likeliest token is always taken, and the same few turns come again and again", {"different windows": "falls"}),
        mistake("the hotter, the more often an unlikely token is drawn, and with it a turn that has not been written before", {"different windows": "stays"}),
    ],
)  # fmt: skip

# 15.4 · is it copied? --------------------------------------------------------------------------------------------


def longest_shared(tunes, library, key=tuple):
    """For each tune the number of tokens in the longest window that it shares with one of the library's. key: what makes two windows equal."""
    found, k = [0] * len(tunes), 1
    while True:
        known = {key(other[s : s + k]) for other in library for s in range(len(other) - k + 1)}
        for n, tune in enumerate(tunes):
            if found[n] == k - 1:
                found[n] += any(key(tune[s : s + k]) in known for s in range(len(tune) - k + 1))
        if max(found, default=0) < k:
            return found
        k += 1


def _as_text(tunes, library):
    text = "".join("\n\x00" + "\x00".join(other) + "\x00" for other in library)
    found = []
    for tune in tunes:
        best = 0
        for start in range(len(tune)):
            while start + best < len(tune) and "\x00" + "\x00".join(tune[start : start + best + 1]) + "\x00" in text:
                best += 1
        found.append(best)
    return found


def _with(change):
    """The right answer to changed tunes and a changed library."""
    return lambda tunes, library: longest_shared([change(tune) for tune in tunes], [change(other) for other in library])


def _with_gaps(tunes, library):
    """The longest common subsequence."""
    found = []
    for tune in tunes:
        best = 0
        for other in library[:8]:
            row = [0] * (len(other) + 1)
            for token in tune:
                old = row[:]
                for j, one in enumerate(other):
                    row[j + 1] = old[j] + 1 if token == one else max(old[j + 1], row[j])
            best = max(best, row[-1])
        found.append(best)
    return found


def _joined(tunes, library):
    return longest_shared(tunes, [[token for other in library for token in other]])


def _letters(tunes, library):
    """Text without separators: d' begins with d; the length is then counted in letters."""
    return longest_shared(["".join(tune) for tune in tunes], ["".join(other) for other in library])


def _same_place(tunes, library):
    found = []
    for tune in tunes:
        best = 0
        for other in library:
            run = 0
            for a, b in zip(tune, other, strict=False):
                run = run + 1 if a == b else 0
                best = max(best, run)
        found.append(best)
    return found


def _beginning(tunes, library):
    found = []
    for tune in tunes:
        text = [" ".join(other) + " " for other in library]
        k = 0
        while k < len(tune) and any((" " + one).find(" " + " ".join(tune[: k + 1]) + " ") >= 0 for one in text):
            k += 1
        found.append(k)
    return found


def _any_order(tunes, library):
    """Windows as sorted tuples."""
    return longest_shared(tunes, library, key=lambda window: tuple(sorted(window)))


def _how_many(tunes, library):
    """How many windows of two tokens are shared."""
    known = {pair for other in library for pair in pairwise(other)}
    return [sum(pair in known for pair in pairwise(tune)) for tune in tunes]


def _from_the_start(tunes, library):
    """The longest common beginning."""
    found = []
    for tune in tunes:
        k = 0
        while k < len(tune) and any(tuple(tune[: k + 1]) == tuple(other[: k + 1]) for other in library):
            k += 1
        found.append(k)
    return found


def _stops_with_the_first(tunes, library):
    """All tunes stop at the first k that one of them does not share."""
    return [min(longest_shared(tunes, library), default=0)] * len(tunes)


def _one_window_short(of_tune, of_library):
    """`range(len(tune) - k)` for `range(len(tune) - k + 1)`."""

    def wrong(tunes, library):
        found = [0] * len(tunes)
        for k in range(1, max(map(len, tunes)) + 1):
            known = {tuple(other[s : s + k]) for other in library for s in range(len(other) - k + (not of_library))}
            for n, tune in enumerate(tunes):
                if any(tuple(tune[s : s + k]) in known for s in range(len(tune) - k + (not of_tune))):
                    found[n] = k
        return found

    return wrong


def _never_the_whole(tunes, library):
    """`range(1, longest)` for `range(1, longest + 1)`."""
    longest = max(map(len, tunes))
    return [min(k, longest - 1) for k in longest_shared(tunes, library)]


def _together(tunes, library):
    """How many different tokens of the tune stand anywhere in the library."""
    known = {token for other in library for token in other}
    return [len(set(tune) & known) for tune in tunes]


def _whole(tunes, library):
    known = {tuple(other) for other in library}
    return [len(tune) if tuple(tune) in known else 0 for tune in tunes]


_MANY = 90
_SHORT = [
    (["A B c d | e f g a", "A 2 B | c d e f"], ["c d | e g", "B c d | f e", "g a A B"], "a few tunes"),
    (["d e f g", "G A B", "z z z", "d' e' a"], ["d' e' f g", "G, A, B c", "A B z"], "pitches an octave apart"),
    (["A B c d e f"], ["A B c", "d e f"], "a window that would reach over two tunes"),
    (["A x B y c", "c B A"], ["A B c", "B A c"], "a gap, and another order"),
    (["f e d c", "d c"], ["c d e f", "a b d c"], "in another place"),
    (["A B c", "g g"], ["d e f", "a a"], "nothing shared"),
    (["A B c d"], ["A B c d", "e A B c"], "a copy"),
    (["A _ B _ c | d"], ["A _ B _ c e", "x | d"], "spaces are tokens, too"),
]


def _copy_cases():
    cases = []
    for tunes, library, label in _SHORT:
        read = [[" " if t == "_" else t for t in text.split()] for text in tunes]
        kept = [[" " if t == "_" else t for t in text.split()] for text in library]
        cases.append(case(read, kept, label=label))
    letters = "ABcdefg|"
    many = [[letters[k] for k in torch.randint(8, (60,)).tolist()] for _ in range(100)]
    tunes = many[_MANY:]
    tunes[3][20:38] = many[7][5:23]
    return [*cases, case(tunes, many[:_MANY], label="ten tunes and a library of 90")]


def _in_time(answer, tunes, library):
    """What an answer returns, an array or a tensor as a list; where the library is large and it takes many times as long as the reference, that instead."""
    begun = perf_counter()
    found = answer(tunes, library)
    mine = perf_counter() - begun
    if hasattr(found, "tolist"):
        found = found.tolist()
    if len(library) >= _MANY and mine > 1:
        begun = perf_counter()
        longest_shared(tunes, library)
        if mine > 8 * (perf_counter() - begun):
            return "too slow: make one set of windows for each k"
    return found


define(
    "15.4",
    reference=longest_shared,
    cases=_copy_cases,
    run=_in_time,
    alternatives=[_as_text, lambda tunes, library: torch.tensor(longest_shared(tunes, library))],
    mistakes=[
        mistake("you allow gaps: a window is a run of tokens with nothing left out", _with_gaps),
        mistake("the library's tunes are joined into one for you: a window must not reach over the end of a tune", _joined),
        mistake("you compare letters, not tokens, and count letters: d' is one token, and not a d", _letters),
        mistake("you compare the tunes place by place: a window may stand anywhere in the other tune", _same_place),
        mistake("your window always begins with the tune's first token: it may begin anywhere", _beginning),
        mistake("the order inside the window is lost: sets or sorted windows cannot tell A B from B A", _any_order),
        mistake("that counts how many pairs of tokens are shared; the length of the longest window is wanted", _how_many),
        mistake("your window stands at the beginning of both tunes: it may stand anywhere in either", _from_the_start),
        mistake("a tune that stops early stops the others, too: each goes on until *it* shares no window of length k", _stops_with_the_first),
        mistake("the last window is missing: a tune of n tokens has n − k + 1 windows of length k, so `range(len(tune) - k + 1)`, for both", _one_window_short(True, True)),
        mistake("the tune's last window is missing: n tokens have n − k + 1 windows of length k, so `range(len(tune) - k + 1)`", _one_window_short(True, False)),
        mistake("the last window of each tune of the library is missing: n tokens have n − k + 1 windows of length k", _one_window_short(False, True)),
        mistake("k stops one too early: a window may be as long as the longest tune", _never_the_whole),
        mistake("a window of one token is a window, too: begin with k = 1", lambda tunes, library: [k if k > 1 else 0 for k in longest_shared(tunes, library)]),
        mistake("the library's tunes are added up: the longest window in any one of them is wanted", lambda tunes, library: [sum(longest_shared([tune], [other])[0] for other in library) for tune in tunes]),
        mistake("that is what *every* tune of the library shares: one of them is enough", lambda tunes, library: [min(longest_shared([tune], [other])[0] for other in library) for tune in tunes]),
        mistake("that counts the tokens that stand anywhere in the library: a window has an order", _together),
        mistake("only a whole tune counts as copied for you: a window may be any part of it", _whole),
        mistake("you count the step between the window's ends: a window of k tokens has length k, not k − 1", lambda tunes, library: [max(0, k - 1) for k in longest_shared(tunes, library)]),
        mistake("one too many: you return the first length that is *not* found any more", lambda tunes, library: [k + 1 for k in longest_shared(tunes, library)]),
        mistake("that is a share of the tune: the number of tokens is wanted", lambda tunes, library: [k / len(tune) for k, tune in zip(longest_shared(tunes, library), tunes, strict=True)]),
        mistake("that is one number for all tunes, the largest: each tune has its own", lambda tunes, library: max(longest_shared(tunes, library))),
        mistake("that is one number for all tunes, the mean: each tune has its own", lambda tunes, library: sum(longest_shared(tunes, library)) / len(tunes)),
        mistake("only the first tune of the library is looked at", lambda tunes, library: longest_shared(tunes, library[:1])),
        mistake("only the last tune of the library counts: keep the largest over all", lambda tunes, library: longest_shared(tunes, library[-1:])),
        mistake("spaces and bar lines are left out: every token of the window counts", _with(lambda tune: [token for token in tune if token not in (" ", "|")])),
        mistake("spaces are left out: every token of the window counts", _with(lambda tune: [token for token in tune if token != " "])),
        mistake("the number of *different* tokens that both have: a window has an order", lambda tunes, library: [max(len(set(tune) & set(other)) for other in library) for tune in tunes]),
        mistake("capitals and small letters are an octave apart: do not make them alike", _with(lambda tune: [token.lower() for token in tune])),
        mistake("the tunes and the library have changed places: one number for each tune that was written is wanted", lambda tunes, library: longest_shared(library, tunes)),
    ],
)  # fmt: skip
