"""Requests for flights, generated: for every word it is known which slot it fills, and on which side the evidence for that stands.

A request is two to four phrases in any order. Each holds one thing that could fill a slot, or something that only looks like it:

    departure     from oslo | oslo is where i start          destination   to lima | lima is where i want to go
    time          at nine | nine is when i could leave       date          on monday | monday would be the best day
    none          my friends live in rome | rome would be too hot | for nine people | nine of us are coming | not on monday | monday would be too late

Evidence on the left stands before the words of the slot ("from"), evidence on the right behind them ("is where i start"). With the left words alone, nothing
tells a "rome" that is the departure from one that is too hot. Tags are B-slot for a slot's first word, I-slot for its next ones, O for none
(Ramshaw and Marcus 1995). The requests are synthetic; the cities are named as in the IANA time zone data base. Cities of part
"test" occur in no request of part "train".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from lstmkit.data.text import Vocabulary
from lstmkit.shapes import expect_whole

__all__ = ["CITIES", "SLOTS", "TAGS", "Batch", "Request", "batch", "requests"]

SLOTS = ("departure", "destination", "time", "date")
TAGS = ("O", *(f"{part}-{slot}" for slot in SLOTS for part in "BI"))
_CITIES = (
    "accra|adelaide|algiers|amsterdam|anchorage|athens|auckland|bahia|bangkok|beirut|belgrade|berlin|bogota|brisbane|brussels|budapest|buenos aires|"
    "cairo|cancun|caracas|casablanca|cayenne|chicago|chihuahua|copenhagen|costa rica|dakar|damascus|darwin|denver|detroit|dhaka|dubai|dublin|"
    "el salvador|guadeloupe|halifax|harare|havana|helsinki|ho chi minh|hobart|hong kong|istanbul|jakarta|jamaica|johannesburg|karachi|kathmandu|kiev|"
    "kuala lumpur|kuwait|la paz|lagos|lima|lisbon|ljubljana|london|los angeles|luxembourg|madrid|managua|manila|martinique|mauritius|"
    "melbourne|mexico city|monaco|montevideo|montreal|moscow|nairobi|new york|oslo|panama|paris|perth|phnom penh|port of spain|prague|"
    "puerto rico|reykjavik|riga|rome|san marino|santiago|sao paulo|sarajevo|seoul|singapore|sofia|stockholm|sydney|tahiti|tallinn|tashkent|"
    "tegucigalpa|tel aviv|tokyo|toronto|tripoli|tunis|vancouver|vienna|warsaw|winnipeg|yellowknife|zagreb|zurich"
).split("|")
CITIES = {
    "train": tuple(city for k, city in enumerate(_CITIES) if k % 5 not in (2, 4)),
    "test": tuple(city for k, city in enumerate(_CITIES) if k % 5 in (2, 4)),
}
HOURS = "one two three four five six seven eight nine ten eleven twelve".split()
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
DATES = tuple(
    f"the {day} of {month}"
    for day in "first second third fourth fifth".split()
    for month in "march april may june".split()
)
# what fills the place: (slot or None, evidence, the phrase)
_PLACES = {
    "city": [
        *(("departure", "left", text) for text in ("from *", "i start in *", "leaving *")),
        *(("departure", "right", text) for text in ("* is where i start", "* would be the start", "* is the city that i leave")),
        *(("destination", "left", text) for text in ("to *", "i want to see *", "my goal is *")),
        *(("destination", "right", text) for text in ("* is where i want to go", "* would be the goal", "* is the city that i want to see")),
        *((None, "left", text) for text in ("not via *", "my friends live in *", "i was born in *")),
        *((None, "right", text) for text in ("* is where i was born", "* would be too hot", "* is the city that i love")),
    ],
    "hour": [
        *(("time", "left", text) for text in ("at *", "leaving after *")),
        *(("time", "right", text) for text in ("* is when i could leave", "* would be the best time")),
        *((None, "left", text) for text in ("for * people", "we are *")),
        *((None, "right", text) for text in ("* of us are coming", "* would be too many")),
    ],
    "day": [
        *(("date", "left", text) for text in ("on *", "the best day is *")),
        *(("date", "right", text) for text in ("* is when i could leave", "* would be the best day")),
        *((None, "left", text) for text in ("not on *", "i have to be back by *")),
        *((None, "right", text) for text in ("* is when my boss is back", "* would be too late")),
    ],
}  # fmt: skip
_KINDS = ("city", "city", "hour", "day")


class Request(NamedTuple):
    """One request: its words, a tag for each, and for the words of a slot where the evidence stands ("left", "right"), else ""."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    evidence: tuple[str, ...]


class Batch(NamedTuple):
    """Requests of several lengths: tokens (N, T), 0 after the end; lengths (N,); tags (N, T), places in TAGS, −100 after the end."""

    tokens: Tensor
    lengths: Tensor
    tags: Tensor


def requests(N: int, part: str = "train", generator: Generator | None = None) -> list[Request]:
    """N random requests. part: "train" or "test": no city belongs to both. Raises ValueError for another part."""
    (N,) = expect_whole(N=N)
    if part not in CITIES:
        raise ValueError(f"{part!r} is no part of the requests; expected train or test")

    def draw(options: Sequence):
        return options[int(torch.randint(len(options), (), generator=generator))]

    fillers = {"city": CITIES[part], "hour": HOURS}
    made = []
    for _ in range(N):
        words, tags, evidence, filled = [], [], [], set()
        kinds = [_KINDS[k] for k in torch.randperm(4, generator=generator)[: draw((2, 3, 4))].tolist()]
        for kind in kinds:
            while True:  # a slot is filled once
                slot, side, phrase = draw(_PLACES[kind])
                if slot is None or slot not in filled:
                    break
            filled.add(slot)
            thing = draw(fillers[kind]) if kind != "day" else draw((draw(WEEKDAYS), draw(DATES)))
            if words:
                words, tags, evidence = [*words, ","], [*tags, "O"], [*evidence, ""]
            for word in phrase.split():
                new = thing.split() if word == "*" else [word]
                words += new
                if word == "*" and slot:
                    tags += [f"B-{slot}", *[f"I-{slot}"] * (len(new) - 1)]
                    evidence += [side] * len(new)
                else:
                    tags += ["O"] * len(new)
                    evidence += [""] * len(new)
        made.append(Request(tuple(words), tuple(tags), tuple(evidence)))
    return made


def batch(requests: Sequence[Request], vocabulary: Vocabulary) -> Batch:
    """Numbers of some requests, padded at their ends. A word that the vocabulary lacks is read as <unknown>."""
    tokens, lengths = vocabulary.encode([request.words for request in requests])
    tags = torch.full_like(tokens, -100)
    for row, request in zip(tags, requests, strict=True):
        row[: len(request.tags)] = torch.tensor([TAGS.index(tag) for tag in request.tags])
    return Batch(tokens, lengths, tags)
