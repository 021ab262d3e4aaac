"""Vocabulary, number words, dates: what they hold against independent sources, their edges, bad input."""

from __future__ import annotations

from datetime import date

import pytest
import torch

from lstmkit.data.dates import FIRST, LANGUAGES, LAST, STYLES, dates, write
from lstmkit.data.number_words import decisions, number_words, spell
from lstmkit.data.text import SPECIAL, Vocabulary


def rng(n: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(n)


def test_encode_pads_wraps_and_decodes_again():
    letters = Vocabulary(["drei", "elf"])
    assert letters.tokens == (*SPECIAL, *sorted(set("dreielf"))) and len(letters) == 4 + 6
    tokens, lengths = letters.encode(["elf", "drei", ""], wrap=True)
    assert tokens.shape == (3, 6) and lengths.tolist() == [5, 6, 2] and tokens.dtype == lengths.dtype == torch.int64
    assert tokens[0, 0] == 1 and tokens[0, 4] == 2 and tokens[0, 5] == 0 and tokens[2].tolist() == [1, 2, 0, 0, 0, 0]
    assert [letters.decode(row) for row in tokens] == ["elf", "drei", ""]
    plain, lengths = letters.encode(["elf"])
    assert plain.shape == (1, 3) and lengths.tolist() == [3] and letters.decode(plain[0]) == "elf"


def test_an_unknown_token_keeps_its_place_and_is_no_error():
    words = Vocabulary([["one", "hundred"]])
    tokens, lengths = words.encode([["one", "dozen", "hundred"]])
    assert tokens[0].tolist() == [words.number["one"], 3, words.number["hundred"]] and lengths.tolist() == [3]
    assert words.decode(tokens[0], " ") == "one <unknown> hundred"


def test_nothing_to_read_is_an_error():
    for nothing in ([], [[]], [["one"], []]):
        with pytest.raises(ValueError, match="at least one token in each"):
            Vocabulary([["one"]]).encode(nothing)


@pytest.mark.parametrize(
    ("number", "english", "german"),
    [
        (0, "zero", "null"),
        (21, "twenty one", "einundzwanzig"),
        (345, "three hundred and forty five", "dreihundertfünfundvierzig"),
        (70_016, "seventy thousand and sixteen", "siebzigtausendsechzehn"),
        (999_999,) + ("nine hundred and ninety nine thousand nine hundred and ninety nine",)
        + ("neunhundertneunundneunzigtausendneunhundertneunundneunzig",),
    ],
)  # fmt: skip
def test_numbers_are_spelled_as_a_dictionary_does(number, english, german):
    assert spell(number) == (english.split(), german)


def test_a_list_of_number_words_holds_different_numbers_and_repeats():
    a, b = number_words(300, generator=rng()), number_words(300, generator=rng())
    assert a == b and len(set(a.numbers)) == 300 and all(0 <= n < 10**6 for n in a.numbers)
    assert all(spell(n) == (e, g) for n, e, g in zip(*a, strict=True))
    assert 0.85 < sum(n >= 100_000 for n in a.numbers) / 300 < 0.95
    small = number_words(50, 50, generator=rng())
    assert sorted(small.numbers) == list(range(50)), "all the numbers there are"


def test_a_date_is_written_as_its_language_does():
    day = date(2026, 3, 5)
    assert write(day, "fr", "full") == "jeudi 5 mars 2026"
    assert write(day, "en") == "March 5, 2026" and write(day, "de") == "5. März 2026"
    assert write(day, "de", "medium") == "05.03.2026" and write(day, "zh") == "2026年3月5日"


def test_a_list_of_dates_holds_different_days_in_all_languages_and_styles():
    found = dates(400, generator=rng())
    assert found == dates(400, generator=rng()) and len(set(found.iso)) == 400
    assert set(found.languages) == set(LANGUAGES)
    for written, iso, language in zip(*found, strict=True):
        day = date.fromisoformat(iso)
        assert FIRST <= day <= LAST and written in {write(day, language, style) for style in STYLES}
        assert iso[:4] in written, "the century is never left out"


def test_every_written_date_has_one_meaning():
    """No two days of some years share a written form, in any language and style."""
    days = [date.fromordinal(k) for k in range(date(2023, 1, 1).toordinal(), date(2025, 1, 1).toordinal())]
    for language in LANGUAGES:
        meanings: dict[str, set[date]] = {}
        for day in days:
            for style in STYLES:
                meanings.setdefault(write(day, language, style), set()).add(day)
        assert all(len(one) == 1 for one in meanings.values()), language


def test_bad_arguments_are_named():
    for number in (-1, 10**6, 2.0, True):
        with pytest.raises(ValueError, match="number is .*; expected a whole number"):
            spell(number)
    for arguments in ((11, 10), (5, 10**7)):
        with pytest.raises(ValueError, match="expected 1 ≤ N ≤ below"):
            number_words(*arguments)
    with pytest.raises(ValueError, match="expected 1 to 36525"):
        dates(40_000)
    for number in (-1, 99):
        with pytest.raises(ValueError, match=f"{number} is the number of no token; they run from 0 to 5"):
            Vocabulary(["ab"]).decode([4, number])
    for language, style in (("xx", "long"), ("en", "short")):
        with pytest.raises(ValueError, match="expected one of en, de"):
            write(date(2026, 3, 5), language, style)


def test_the_places_where_a_digit_is_due():
    word = "dreihundertfünfundvierzigtausendsechshundertachtundsiebzig"
    assert [word[at:][:4] for at in decisions(word)] == ["drei", "fünf", "sech", "acht"]
    assert decisions("einhunderttausendzweihundert") == [0, 10, 17, len("einhunderttausendzweihundert")]
    assert decisions("einundzwanzig") == decisions("zweihunderttausenddrei") == decisions("viertausendeinhundert") == []
    for number in (123_456, 999_999, 700_300):
        german = spell(number)[1]
        first, _, second, _ = decisions(german)
        assert german[first:].startswith(spell(number // 100_000)[1][:3])
        assert german[second:].startswith(spell(number // 100 % 10)[1][:3])
