"""`claim`: what the prose says a result shows, executed. `predict` and `outcome`: what the learner expected, beside it.

A claim prints ✓ or ✗ with what was measured and never raises, so that a lesson always runs to its end. The part in
brackets is sanitised for nbval: a stored ✓ is the same on every machine, and a claim that turns false changes it.
"""

from __future__ import annotations

import math

__all__ = ["claim", "outcome", "predict"]

_MISSING = object()
_guesses: dict[str, object] = {}  # what the learner wrote, by the prediction's id


def predict(id: str, guess=...) -> None:
    """Note a prediction, to be shown beside what comes out. `...` is none yet, and silent. Never raises.

    id: lesson and letter, such as "05.a". guess: a number, a truth value or a word.
    """
    _guesses.pop(str(id), None)
    if guess is not ...:
        _guesses[str(id)] = guess
        print(f"noted: {id} {_short(guess)}")


def outcome(id: str, value) -> None:
    """Print the learner's prediction beside `value`, what came out; silent without a prediction. Never raises.

    value: a number, a tensor of one element, a truth value or a word.
    """
    if str(id) in _guesses:
        guess, found = _short(_guesses[str(id)]), _short(value)
        same = guess.strip().lower() == found.strip().lower()
        print(f"{id} you predicted {guess}; it came out as {found}" + (": as you said" if same else ""))


def _short(value) -> str:
    """A value in few words, whatever it is: numbers with three digits, a word as it is."""
    try:
        value = value.item()
    except Exception:  # a number, a word, more than one element, or somebody's own class: a lesson must run on
        pass
    try:
        if isinstance(value, float):
            return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
        return " ".join(str(value).split())
    except Exception:
        return f"something of type {type(value).__name__}"


def claim(
    text: str,
    measured=_MISSING,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    between: tuple[float, float] | None = None,
    close_to: float | None = None,
    tolerance: float | None = None,
    is_true: bool | None = None,
) -> None:
    """Print `✓ text (measured …)` if the measurement is as claimed, `✗ text …` if it is not. Never raises.

    text: the sentence of the lesson. measured: a number (Python, numpy or a tensor of one element) or a truth value.
    Exactly one condition: `at_least=a` (≥ a), `at_most=b` (≤ b), `between=(a, b)` (both ends included),
    `close_to=v, tolerance=d` (|measured − v| ≤ d), or `is_true`, as `claim(text, is_true=same)` or
    `claim(text, same, is_true=True)`. NaN satisfies nothing.
    """
    try:
        holds, shown, wanted = _judge(measured, at_least, at_most, between, close_to, tolerance, is_true)
    except Exception as error:  # a lesson must run on; the ✗ fails the tests
        print(f"✗ {text} (not measured: {error})")
        return
    print(f"✓ {text} (measured {shown})" if holds else f"✗ {text} (measured {shown}, claimed {wanted})")


def _judge(measured, at_least, at_most, between, close_to, tolerance, is_true) -> tuple[bool, str, str]:
    given = {"at_least": at_least, "at_most": at_most, "between": between, "close_to": close_to, "is_true": is_true}
    given = {name: value for name, value in given.items() if value is not None}
    if len(given) != 1:
        raise ValueError(
            f"a claim needs exactly one of at_least, at_most, between, close_to, is_true; got {list(given)}"
        )
    if (close_to is None) != (tolerance is None):
        raise ValueError("close_to and tolerance belong together")
    if "is_true" in given:
        wanted, value = (True, is_true) if measured is _MISSING else (bool(is_true), measured)
        if hasattr(value, "item"):
            value = value.item()
        if value not in (True, False):
            raise ValueError(f"expected a truth value, got {value!r}")
        return bool(value) == wanted, str(bool(value)), str(wanted)
    if measured is _MISSING:
        raise ValueError("nothing was measured: claim(text, measured, …)")
    value = _number(measured)
    if at_least is not None:
        return value >= _number(at_least), f"{value:.3g}", f"at least {_number(at_least):.3g}"
    if at_most is not None:
        return value <= _number(at_most), f"{value:.3g}", f"at most {_number(at_most):.3g}"
    if between is not None:
        low, high = map(_number, between)
        return low <= value <= high, f"{value:.3g}", f"between {low:.3g} and {high:.3g}"
    centre, width = _number(close_to), _number(tolerance)
    shown = f"{value:.3g}" if width == 0 or abs(centre) < 1e-12 else f"{value:.4g}"
    return abs(value - centre) <= width, shown, f"{centre:.4g} ± {width:.3g}"


def _number(value) -> float:
    number = float(value.item() if hasattr(value, "item") else value)
    if math.isnan(number):
        raise ValueError("NaN")
    return number
