"""Numbers in English words and in German, made by num2words (LGPL): 345 → "three hundred and forty five" →
"dreihundertfünfundvierzig". German is written as one word, and says the units before the tens: five-and-forty.

English is to be read word by word (hyphens and commas are left out), German to be written letter by letter.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import torch
from torch import Generator

from lstmkit import need
from lstmkit.shapes import expect_whole

__all__ = ["LIMIT", "NumberWords", "decisions", "number_words", "spell"]

LIMIT = 10**6


class NumberWords(NamedTuple):
    """numbers: N integers. english: N lists of words. german: N strings."""

    numbers: list[int]
    english: list[list[str]]
    german: list[str]


def spell(number: int) -> tuple[list[str], str]:
    """The English words and the German word of a number. Raises ValueError unless it is an integer, 0 ≤ number < 10⁶."""
    (number,) = expect_whole(0, number=number)
    if number >= LIMIT:
        raise ValueError(f"number is {number}; expected a whole number from 0 to {LIMIT - 1}")
    words = need(__name__, "num2words").num2words
    return re.findall(r"\w+", words(number, lang="en")), words(number, lang="de")


def number_words(N: int, below: int = LIMIT, *, generator: Generator | None = None) -> NumberWords:
    """N *different* numbers below a limit in random order, all equally likely: two parts of the list share no number.

    Of the numbers below 10⁶ nine in ten have six digits. Raises ValueError unless 1 ≤ N ≤ below ≤ 10⁶.
    """
    N, below = expect_whole(N=N, below=below)
    if not N <= below <= LIMIT:
        raise ValueError(f"N is {N}, below is {below}; expected 1 ≤ N ≤ below ≤ {LIMIT}")
    numbers = torch.randperm(below, generator=generator)[:N].tolist()
    english, german = zip(*map(spell, numbers), strict=True)
    return NumberWords(numbers, list(english), list(german))


def decisions(german: str) -> list[int]:
    """Places in a German number, from 0, where a digit is due: its first letter, and the ones behind the first "hundert",
    behind "tausend" and behind the second "hundert" (the place of the end, if nothing follows). [] without two hundreds."""
    before, thousand, after = german.partition("tausend")
    if not thousand or "hundert" not in before or "hundert" not in after:
        return []
    return [0, german.find("hundert") + 7, len(before + thousand), german.rfind("hundert") + 7]
