"""Dates as people write them in eight languages, and as ISO 8601 wants them: "jeudi 5 mars 2026" → "2026-03-05".

The formats and the names of days and months are those of Unicode's CLDR, as the package Babel (BSD-3) carries them.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import torch
from torch import Generator

from lstmkit import need
from lstmkit.shapes import expect_whole

__all__ = ["FIRST", "LANGUAGES", "LAST", "STYLES", "Dates", "dates", "write"]

LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish"}
LANGUAGES |= {"it": "Italian", "nl": "Dutch", "sv": "Swedish", "zh": "Chinese"}
STYLES = ("full", "long", "medium")  # CLDR's names: with the weekday, with the month's name, shorter
FIRST, LAST = date(1950, 1, 1), date(2049, 12, 31)


class Dates(NamedTuple):
    """written: N strings. iso: N strings YYYY-MM-DD. languages: N codes."""

    written: list[str]
    iso: list[str]
    languages: list[str]


def write(day: date, language: str, style: str = "long") -> str:
    """A day as it is written in a language. Raises ValueError for a language or style that is not listed above."""
    if language not in LANGUAGES or style not in STYLES:
        raise ValueError(f"{language!r}, {style!r}: expected one of {', '.join(LANGUAGES)}, one of {', '.join(STYLES)}")
    return need(__name__, "babel.dates").format_date(day, style, locale=language)


def dates(N: int, *, generator: Generator | None = None) -> Dates:
    """N different days from FIRST to LAST, in random order, each in a random language and style.

    Two parts of the list share no day. Raises ValueError unless 1 ≤ N ≤ the number of days, 36525.
    """
    span = LAST.toordinal() - FIRST.toordinal() + 1
    (N,) = expect_whole(N=N)
    if N > span:
        raise ValueError(f"N is {N}; expected 1 to {span}, the days there are")
    days = [date.fromordinal(FIRST.toordinal() + k) for k in torch.randperm(span, generator=generator)[:N].tolist()]
    codes = [list(LANGUAGES)[k] for k in torch.randint(len(LANGUAGES), (N,), generator=generator).tolist()]
    styles = [STYLES[k] for k in torch.randint(len(STYLES), (N,), generator=generator).tolist()]
    return Dates([write(*one) for one in zip(days, codes, styles, strict=True)], [str(day) for day in days], codes)
