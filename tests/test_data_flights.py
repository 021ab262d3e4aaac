"""The flight requests: tags recomputed from the words by a second set of rules, evidence, cities of two parts, padding, bad input."""

from __future__ import annotations

import re
import zoneinfo
from collections import Counter

import pytest
import torch

from lstmkit.data.flights import CITIES, DATES, HOURS, SLOTS, TAGS, WEEKDAYS, batch, requests
from lstmkit.data.text import Vocabulary
from lstmkit.runtime import generator

PARTS = {part: requests(800, part, generator(4)) for part in CITIES}
MANY = [request for part in PARTS.values() for request in part]
THING = "|".join(sorted([*CITIES["train"], *CITIES["test"], *HOURS, *WEEKDAYS, *DATES], key=len, reverse=True))
RULES = {  # an oracle that knows the sentences, not how they were drawn: the slot, and the side, that a phrase fills
    r"(?:from|i start in|leaving) (X)": ("departure", "left"),
    r"(X) (?:is where i start|would be the start|is the city that i leave)": ("departure", "right"),
    r"(?:to|i want to see|my goal is) (X)": ("destination", "left"),
    r"(X) (?:is where i want to go|would be the goal|is the city that i want to see)": ("destination", "right"),
    r"(?:at|leaving after) (X)": ("time", "left"),
    r"(X) would be the best time": ("time", "right"),
    r"(?:on|the best day is) (X)": ("date", "left"),
    r"(X) would be the best day": ("date", "right"),
}


def read(phrase: str) -> list[tuple[str, str, str]]:
    """(word, tag, side) of each word of a phrase."""
    words = phrase.split()
    for pattern, (slot, side) in RULES.items():
        if found := re.fullmatch(pattern.replace("X", THING), phrase):
            return [*fill(phrase, found, slot, side)]
    if found := re.fullmatch(f"({THING}) is when i could leave", phrase):
        return [*fill(phrase, found, "time" if found[1] in HOURS else "date", "right")]
    return [(word, "O", "") for word in words]


def fill(phrase, found, slot, side):
    before = len(phrase[: found.start(1)].split())
    inside = len(found[1].split())
    for t, word in enumerate(phrase.split()):
        if before <= t < before + inside:
            yield word, ("B-" if t == before else "I-") + slot, side
        else:
            yield word, "O", ""


def test_every_tag_is_what_the_words_say():
    for request in MANY:
        expected = []
        for number, phrase in enumerate(" ".join(request.words).split(" , ")):
            expected += [(",", "O", "")] * (number > 0) + read(phrase)
        assert list(zip(request.words, request.tags, request.evidence, strict=True)) == expected


def test_a_slot_is_filled_once_and_all_of_them_are_with_evidence_on_both_sides():
    seen = Counter()
    for request in MANY:
        begun = [tag[2:] for tag in request.tags if tag.startswith("B-")]
        assert len(begun) == len(set(begun))
        seen.update((tag[2:], side) for tag, side in zip(request.tags, request.evidence, strict=True) if tag[0] == "B")
    assert set(seen) == {(slot, side) for slot in SLOTS for side in ("left", "right")}
    assert min(seen.values()) > 60


def test_no_city_belongs_to_both_parts():
    assert not set(CITIES["train"]) & set(CITIES["test"])
    for part, other in (("train", "test"), ("test", "train")):
        text = " , ".join(" ".join(request.words) for request in PARTS[part])
        assert not re.search(
            rf"\b({'|'.join(CITIES[other])})\b(?! (?:{'|'.join(w.split()[-1] for w in CITIES[part])})\b)", text
        )


def test_cities_are_named_as_in_the_time_zones():
    names = {name.split("/")[-1].replace("_", " ").lower() for name in zoneinfo.available_timezones()}
    if len(names) < 300:
        pytest.skip("no time zones on this machine")
    assert len(set(CITIES["train"] + CITIES["test"]) & names) >= 100  # one may be renamed in years to come


def test_the_same_seed_draws_the_same_requests():
    assert requests(20, "test", generator(9)) == requests(20, "test", generator(9))
    assert requests(20, "test", generator(9)) != requests(20, "test", generator(10))


def test_a_batch_pads_and_marks_what_is_unknown():
    vocabulary = Vocabulary([request.words for request in PARTS["train"]])
    some = PARTS["test"][:50]
    tokens, lengths, tags = batch(some, vocabulary)
    assert tokens.shape == tags.shape == (50, max(len(request.words) for request in some))
    for request, row, length, said in zip(some, tokens, lengths, tags, strict=True):
        assert length == len(request.words) and not row[length:].any() and (said[length:] == -100).all()
        assert [TAGS[k] for k in said[:length]] == list(request.tags)
        known = set(vocabulary.tokens)
        assert [k == 3 for k in row[:length].tolist()] == [word not in known for word in request.words]
    assert (tokens == 3).any() and tokens.dtype == tags.dtype == torch.long


def test_bad_input_is_told_in_one_line():
    with pytest.raises(ValueError, match="expected train or test"):
        requests(3, "validation")
    with pytest.raises((ValueError, TypeError), match="N"):
        requests(-1)
    with pytest.raises(ValueError, match="at least one"):
        batch([], Vocabulary(["a"]))
