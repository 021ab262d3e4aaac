"""The form of a value: what can be read as what was asked for is taken so, and for the rest a sentence says which form is wanted.

Taken as they are meant: 1/2, `Fraction(1, 2)`, "1/2" and "50 %" for the number 0.5; 1, 0, "True", "no" for True and False; a list for a tuple or
a set; a word in other letters or spaces. The value that goes on into the lesson is then the plain one. A sentence names the form alone, never the content.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

import numpy as np
from torch import Tensor

from lstmkit.exercises.compare import plain, show

__all__ = ["allowed_at", "as_asked", "form"]

_WORDS = {"true": True, "yes": True, "false": False, "no": False}


def as_asked(found: Any, expected: Any, allowed: Sequence | Mapping | None = None) -> Any:
    """found as a value of expected's kind, if it can be read as one; else found itself. allowed: words, or words by key."""
    if isinstance(expected, Mapping):
        if not isinstance(found, Mapping):
            return found
        made = {
            key: as_asked(value, expected[key], allowed_at(allowed, key)) if key in expected else value
            for key, value in found.items()
        }
        return found if all(made[key] is found[key] for key in found) else made
    value = plain(found)
    if isinstance(expected, bool):
        return _truth(value, found)
    if isinstance(expected, str):
        return _word(value, [expected, *(allowed or ())], found)
    if _is_number(plain(expected)):
        return _number(value, isinstance(plain(expected), int), found)
    if isinstance(expected, set | frozenset) and isinstance(found, tuple | list | set | frozenset):
        try:
            made = type(expected)(_word(part, list(expected), part) for part in found)
        except TypeError:
            return found
        return made if len(made) == len(found) and made != found else found
    if isinstance(expected, tuple | list) and isinstance(found, tuple | list) and len(found) == len(expected):
        made = [as_asked(mine, theirs, allowed) for mine, theirs in zip(found, expected, strict=True)]
        return found if all(a is b for a, b in zip(made, found, strict=True)) else type(found)(made)
    return found


def form(found: Any, expected: Any, allowed: Sequence | Mapping | None = None) -> str | None:
    """The form that is wanted, in words, if found (after `as_asked`) has another; else None."""
    if isinstance(expected, Mapping):
        return _dict_form(found, expected)
    if callable(found) and not isinstance(found, Tensor | np.ndarray):
        return "that is a function: give its result"
    value = plain(found)
    if value is None and expected is not None:
        return "that is no answer (print(…) returns None)"
    if allowed:
        return None if any(_equal(value, one) for one in allowed) else _one_of(value, allowed)
    wanted = _wanted(expected)
    if wanted is None or _has_form(value, expected):
        return None
    hint = ""
    if isinstance(value, str) and not isinstance(expected, str):
        hint = ", not text in quotes"
    elif isinstance(value, tuple) and len(value) == 1 and _is_number(plain(expected)):
        hint = ", without a comma behind it"
    return f"expected {wanted}{hint}"


def allowed_at(allowed: Sequence | Mapping | None, key: Any) -> Sequence | None:
    """The words allowed for one key of a dict of answers: those of the key, or those for all keys."""
    return allowed.get(key) if isinstance(allowed, Mapping) else allowed


def _dict_form(found, expected):
    keys = ", ".join(map(repr, expected))
    if not isinstance(found, Mapping):
        return f"expected a dict with the keys {keys}"
    missing = [key for key in expected if key not in found]
    if not missing:
        return None
    others = [key for key in found if key not in expected]
    for key in missing:
        if near := _near(key, others):
            return f"the key {show(near[0])} should be spelt {key!r}"
    return f"the key {missing[0]!r} is missing: the dict needs {keys}"


def _near(key, others):
    """The keys among others that were probably meant as this one."""
    if not isinstance(key, str):
        return [other for other in others if str(other).strip() == str(key)]
    by_text = {str(other).casefold(): other for other in others}
    close = get_close_matches(key.casefold(), list(by_text), n=1, cutoff=0.6)
    if not close:  # 1 for "network 1"
        close = [text for text in by_text if text in key.casefold().split()]
    return [by_text[text] for text in close]


def _equal(value, one) -> bool:
    return not isinstance(value, Tensor | np.ndarray) and bool(value == one)


def _one_of(value, allowed):
    said = f"expected one of {', '.join(str(one) for one in allowed)}"
    near = get_close_matches(str(value).casefold(), [str(one).casefold() for one in allowed], n=1, cutoff=0.75)
    return said + (f" (did you mean {near[0]}?)" if near and isinstance(value, str) else "")


def _wanted(expected):
    if isinstance(expected, Tensor) and expected.dim():
        return "a torch.Tensor"
    if isinstance(expected, np.ndarray) and expected.ndim:
        return "a numpy array"
    value = plain(expected)
    kinds = {bool: "True or False", str: "text in quotes", tuple: "a tuple", list: "a list"}
    kinds |= {set: "a set, {a, b}", frozenset: "a set"}
    for kind, name in kinds.items():
        if isinstance(value, kind):
            return name
    return "a number" if _is_number(value) else None


def _has_form(value, expected):
    expected = plain(expected)
    if isinstance(expected, bool):
        return isinstance(value, bool)
    if _is_number(expected):
        return _is_number(value)
    if isinstance(expected, tuple | list):
        return isinstance(value, tuple | list)
    if isinstance(expected, set | frozenset):
        return isinstance(value, set | frozenset)
    return isinstance(value, type(expected))


def _is_number(value) -> bool:
    return isinstance(value, int | float | complex) and not isinstance(value, bool)


def _truth(value, found):
    if isinstance(value, str):
        return _WORDS.get(value.strip().casefold(), found)
    return bool(value) if isinstance(value, int) and not isinstance(value, bool) and value in (0, 1) else found


def _word(value, words, found):
    if not isinstance(value, str):
        return found
    same = [word for word in words if isinstance(word, str) and _letters(word) == _letters(value)]
    return found if not same or same[0] == found else same[0]


def _letters(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .!\"'")


def _number(value, whole: bool, found):
    if isinstance(value, str):
        text, per_cent = value.strip().replace("−", "-").replace(" ", ""), 1
        if text.endswith("%"):
            text, per_cent = text[:-1], 100
        try:
            value = Fraction(text) / per_cent
        except (ValueError, ZeroDivisionError):
            return found
    if whole and isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, Fraction | Decimal):
        return found
    return int(value) if whole and value == int(value) else float(value)
