"""The tunes: what ABC says by a second reading, bars that are full, twins on one side of the split, sound, made tunes, a changed collection."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from lstmkit.data import tunes as module
from lstmkit.data.tunes import KEYS, METRES, Tune, bar_lines, home, is_pitch, notes, parses, read, real, sound, tunes
from lstmkit.exercises.lesson_15 import lengths, longest_shared

needs_music21 = pytest.mark.skipif(not real(), reason="music21 is not installed")


@pytest.fixture
def fresh():
    """The tunes are read anew, before and after."""
    module._all.cache_clear()
    yield
    module._all.cache_clear()


@pytest.fixture(scope="module")
def all_tunes() -> list[Tune]:
    return tunes("train") + tunes("test")


def bars(tokens):
    return [bar.split() for bar in " ".join(token for token in tokens if token != " ").split("|")]


@needs_music21
def test_the_collection_is_the_one_that_the_course_was_written_with(fresh, capsys):
    train, test = tunes("train"), tunes("test")
    assert capsys.readouterr().out == ""
    assert (len(train), len(test)) == (848, 92)
    assert Counter(tune.metre for tune in train + test) == {"reel": 624, "jig": 316}
    first = train[0]
    assert first[:4] == ("7th Regiment", "reel", "A", 1)
    assert "".join(first.tokens).startswith("A2Ac eAce|acea c'2ba|faea ceaf|ecBA FAEC|A,2Ac eAce|")


@needs_music21
def test_every_part_is_what_is_promised(all_tunes):
    for tune in all_tunes:
        assert tune.metre in METRES and tune.key in KEYS and tune.part in (1, 2) and len(tune.tokens) <= module.TOKENS
        assert parses(tune.tokens) and tune.tokens.count("|") in (7, 8)
        heard = [note for note in notes(tune.tokens, tune.key) if note.midi is not None]
        assert heard and all(52 <= note.midi <= 90 for note in heard)  # within a fiddle's reach


@needs_music21
def test_nearly_all_bars_are_full_by_a_second_count(all_tunes):
    """The exercise's reference counts by itself; `notes` must agree with it in every tune."""
    full = []
    for tune in all_tunes:
        written = [length for bar in bars(tune.tokens) for length in lengths(bar)]
        assert written == pytest.approx([note.length for note in notes(tune.tokens, tune.key)])
        inner = [sum(lengths(bar)) for bar in bars(tune.tokens)[1:-1]]
        full.append(all(math.isclose(total, METRES[tune.metre]) for total in inner))
    assert 0.98 < np.mean(full) <= 1


@needs_music21
def test_beams_end_at_half_a_bar(all_tunes):
    for tune in all_tunes[::7]:
        half = METRES[tune.metre] / 2
        for bar in " ".join(token if token != " " else "_" for token in tune.tokens).split("|")[1:-1]:
            before, _, after = bar.partition(" _ ")
            if after:
                assert sum(lengths(before.split())) == pytest.approx(half)


@needs_music21
def test_twins_stand_on_one_side(all_tunes):
    """No test tune shares 16 melodic steps with a training tune, in any key or rhythm; and there are twins to keep apart."""

    def steps(tune):
        heights = [module._height(token) for token in tune.tokens if is_pitch(token) and token != "z"]
        return [b - a for a, b in zip(heights, heights[1:], strict=False)]

    train, test = tunes("train"), tunes("test")
    assert not {tune.name for tune in train} & {tune.name for tune in test}
    assert max(longest_shared([steps(tune) for tune in test], [steps(tune) for tune in train])) < module.TWINS
    names = {}
    for tune, group in zip(*module._all(), strict=True):
        names.setdefault(group, set()).add(tune.name)
    assert sum(len(group) > 1 for group in names.values()) > 20


def test_abc_is_read_as_its_standard_says():
    assert read("A2 B/c/ d3/2e3/|f//g//z2") == (
        *("A", "2", "B", "/2", "c", "/2", "d", "3/2", "e", "3/2", "|"),
        *("f", "/4", "g", "/4", "z", "2"),
    )
    assert read('u"4"(A>.B) {gf}^c\'2 =e,, (3def | vT~G-G |') == (
        *("A", ">", "B", "^c'", "2", "=e,,", "(3", "d", "e", "f", "|", "G", "G"),
    )
    assert read("A B % a comment\nw: words\nc d") == ("A", "B", "c", "d")
    for strange in ("[GB]", "A & B", "A (5bcdef"):
        with pytest.raises(ValueError, match="not in the subset"):
            read(strange)


def test_notes_have_the_keys_signs_and_accidentals_hold_until_the_bar_line():
    def heard(text, key):
        return [note.midi for note in notes(read(text), key)]

    assert heard("C c c' C,", "C") == [60, 72, 84, 48]
    assert (
        heard("F f c", "D") == [66, 78, 73] and heard("B e A", "Bb") == [70, 75, 69] and heard("B e", "F") == [70, 76]
    )
    assert heard("^c c C | c", "G") == [73, 73, 60, 72] and heard("=f f | f", "D") == [77, 77, 78]
    assert heard("z A", "G") == [None, 69]
    assert [note.start for note in notes(read("A2 B>c (3def g"), "G")] == pytest.approx(
        [0, 2, 3.5, 4, 4 + 2 / 3, 4 + 4 / 3, 6]
    )
    assert bar_lines(read("A | B2 c | d")) == [1, 4]
    assert [home(key) for key in KEYS] == [9, 9, 10, 0, 2, 4, 5, 7]
    assert notes((">", "2", "A", "<", "|"), "G")[0].length == 1  # a network's nonsense is passed over
    with pytest.raises(ValueError, match="key is 'H'; expected one of A, Am"):
        notes(("A",), "H")


@pytest.mark.parametrize("text", ["A", "A 2 B | c", "(3 A B 2 c d", "A > B | c < d > e", "A _ B | (3 c d e"])
def test_what_parses(text):
    assert parses([" " if token == "_" else token for token in text.split()])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "|",
        "A |",
        "| A",
        "A | | B",
        "2 A",
        "A 2 2",
        "A >",
        "> A",
        "A > | B",
        "(3 A B",
        "(3 A B | c",
        "A <pad>",
        "A > < B",
    ],
)
def test_what_does_not_parse(text):
    assert not parses(text.split())


def test_a_sound_has_its_pitch_and_its_length():
    samples = sound(("A", "8"), "C", unit=0.15, rate=8000)
    assert samples.dtype == np.float32 and len(samples) == int((8 * 0.15 + 0.4) * 8000) and np.abs(samples).max() == 1
    spectrum = np.abs(np.fft.rfft(samples[:8000]))
    assert abs(int(spectrum.argmax()) - 440) <= 2  # of one second: hertz
    assert not sound(("z", "2"), "C").any() and len(sound((), "C")) > 0


def test_another_part_is_refused():
    with pytest.raises(ValueError, match="part is 'dev'; expected 'train' or 'test'"):
        tunes("dev")


def test_without_music21_made_tunes_stand_in_and_say_so_once(fresh, monkeypatch, capsys):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    train, test = tunes("train"), tunes("test")
    told = capsys.readouterr().out
    assert told.count("\n") == 1 and "music21 is not installed" in told and not real()
    assert len(train) > 300 and len(test) > 30 and {tune.metre for tune in train} == set(METRES)
    assert {tune.key for tune in train} == set(KEYS)
    for tune in train + test:
        assert parses(tune.tokens) and len(tune.tokens) <= module.TOKENS
        assert all(sum(lengths(bar)) == METRES[tune.metre] for bar in bars(tune.tokens))
        assert tune.tokens[-2] == tune.key[0] and tune.tokens[-1] == "2"


def test_a_changed_collection_is_told_in_one_line(fresh, monkeypatch, capsys, tmp_path):
    abc = "X: 1\nT: OLD -- JIG\nR: jig\nM: 6/8\nL: 1/8\nK: G\n" + "GBd gdB|" * 8 + "|\n"
    (tmp_path / "old.abc").write_text(abc, encoding="latin-1")
    monkeypatch.setattr(module, "_folder", lambda: tmp_path)
    monkeypatch.setattr(module, "RARE", 1)
    assert len(tunes("train") + tunes("test")) == 1
    told = capsys.readouterr().out
    assert told.count("\n") == 1 and "not those that this course was written with" in told
