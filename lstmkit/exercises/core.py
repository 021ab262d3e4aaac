"""What an exercise is: a reference, the cases that an answer is tried on, a tolerance, and its mistakes.

In `lesson_NN.py`:

    define(
        "06.1",
        reference=lstm_step,                      # a function, or a value: number, string, bool, tuple, dict, tensor
        cases=lambda: [case(x, h, c, …), …],      # the arguments of each call; not needed for a value
        mistakes=[mistake("your forget and input gates are swapped: torch's order is i, f, g, o", swapped), …],
        alternatives=[another_right_answer],
        tolerance=1e-5,                           # relative to the size of the expected numbers
        gradients=True,                           # the gradients w.r.t. the float inputs must be right too
    )
    define("05.3", reference={"A": "vanishes", "B": "stays"}, allowed=("vanishes", "stays", "explodes"), mistakes=[…])

A mistake's `wrong` is an answer of the same kind as the reference. It is used twice: a learner's answer that equals it is
told its sentence, and the test suite hands it in as an answer and expects that very sentence. Where two mistakes come to the same
on every case, both sentences are told. An exception is a mistake's only if it has the same type (RuntimeError, IndexError, ValueError,
ZeroDivisionError), message and place, and comes out of the learner's own code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module, reload
from pkgutil import iter_modules
from typing import Any

from lstmkit.exercises.sandbox import steady

__all__ = ["Case", "Exercise", "Mistake", "case", "catalogue", "define", "find", "mistake"]


@dataclass(frozen=True)
class Case:
    """One call of the learner's function: its arguments and, for the message, what is special about it."""

    args: tuple
    kwargs: dict
    label: str = ""


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that learners really give, and the sentence that says what is wrong with it."""

    says: str
    wrong: Any

    def as_answer(self, reference: Any) -> Any:
        """The whole wrong answer: for a dict of answers, `wrong` may hold only the wrong parts."""
        return reference | self.wrong if isinstance(reference, dict) else self.wrong


@dataclass(frozen=True)
class Exercise:
    """An exercise's definition; see `define` for the meaning of each field."""

    id: str
    reference: Any
    make_cases: Callable[[], Sequence[Case]] | None
    mistakes: tuple[Mistake, ...]
    alternatives: tuple = ()
    tolerance: float = 1e-5
    gradients: bool = False
    time_limit: float = 10.0
    run: Callable[..., Any] | None = None
    accepts: Callable[[Any], str | None] | None = None
    allowed: Sequence | Mapping | None = None
    returns_input: int | None = None
    origin: str = ""
    memo: dict = field(default_factory=dict, init=False, repr=False, compare=False)  # outcomes, for the check alone

    @property
    def takes_function(self) -> bool:
        """True if the answer is a function or class, False if it is a value."""
        return callable(self.reference)

    def cases(self) -> list[Case]:
        """The cases, made afresh from a fixed seed and without touching the lesson's own random numbers."""
        if self.make_cases is None:
            return [Case((), {})]
        with steady(int(self.id.replace(".", ""))):
            return [item if hasattr(item, "kwargs") else case(*item) for item in self.make_cases()]


_known: dict[str, Exercise] = globals().get("_known", {})  # kept when this file is reloaded


def case(*args, label: str = "", **kwargs) -> Case:
    """The arguments of one call. label: what is special about it, shown when it fails: "a batch of one"."""
    return Case(args, kwargs, label)


def mistake(says: str, wrong: Any) -> Mistake:
    """A wrong answer and its diagnosis. says: one or two sentences, in the second person.

    wrong: a function or a value of the reference's kind; for a dict of answers, a dict of the wrong parts alone.
    """
    return Mistake(says, wrong)


def define(
    id: str,
    *,
    reference: Any,
    mistakes: Sequence[Mistake],
    cases: Callable[[], Sequence[Case]] | None = None,
    alternatives: Sequence[Any] = (),
    tolerance: float = 1e-5,
    gradients: bool = False,
    time_limit: float = 10.0,
    run: Callable[..., Any] | None = None,
    accepts: Callable[[Any], str | None] | None = None,
    allowed: Sequence | Mapping | None = None,
    returns_input: bool | int = False,
) -> Exercise:
    """Register an exercise and return it.

    id: "LL.E", lesson and number. reference: the right answer; it must not raise. cases: a function that returns the list of
    `case(…)`, called with torch, numpy and Python seeded; a value needs none. mistakes: at least five; `slips` makes the common ones.
    alternatives: right answers written in another way. tolerance: relative to the largest expected number (and absolute below 1);
    for a value, absolute. gradients: compare d(sum of outputs·fixed weights)/d(inputs) as well. time_limit: seconds for one call.
    run: how to try an answer, `run(answer, *args, **kwargs)`; default: call it. What it returns is compared.
    accepts: for a value with more than one right answer, a function that returns None if it is right and else the
    sentence to print; then a mistake's diagnosis is that sentence.
    allowed: the words (or numbers) to choose from, `("causal", "padding")`, or for a dict of answers also `{key: words}`: any other
    answer is told them. Give it wherever the answer is a word.
    returns_input: True (or the place of an argument) if the very object that is handed in has to be handed back, as in `return lstm`.
    A file may define its exercises anew (a reload); an exercise of another file may not be taken.
    Raises ValueError for a definition that cannot work.
    """
    origin = sys._getframe(1).f_globals.get("__name__", "")
    if id in _known and _known[id].origin != origin:
        raise ValueError(f"exercise {id} is defined twice, in {_known[id].origin} and in {origin}")
    if callable(reference) and cases is None:
        raise ValueError(f"exercise {id}: a function needs cases to be tried on")
    _refuse_strange_words(id, reference, allowed)
    made = Exercise(
        id,
        reference,
        cases,
        tuple(mistakes),
        tuple(alternatives),
        tolerance,
        gradients,
        time_limit,
        run,
        accepts,
        allowed,
        None if returns_input is False else int(returns_input) if returns_input is not True else 0,
        origin,
    )
    _known[id] = made
    return made


def _refuse_strange_words(id: str, reference: Any, allowed: Sequence | Mapping | None) -> None:
    """The right answer has to be among the allowed ones."""
    if allowed is None or callable(reference):
        return
    parts = reference.items() if isinstance(reference, Mapping) else [(None, reference)]
    for key, right in parts:
        words = allowed.get(key) if isinstance(allowed, Mapping) else allowed
        if words is not None and (getattr(right, "shape", ()) or right not in words):
            raise ValueError(f"exercise {id}: the reference {right!r} is not among the allowed answers {tuple(words)}")


def find(id: str) -> Exercise:
    """The exercise of that id. Raises KeyError, with the ids there are, if there is none."""
    if id not in _known:
        lesson = str(id).split(".")[0]
        if f"lesson_{lesson}" in _lesson_modules():
            _read(f"lstmkit.exercises.lesson_{lesson}")
    if id not in _known:
        near = sorted(other for other in _known if other.split(".")[0] == str(id).split(".")[0])
        raise KeyError(f"there is no exercise {id!r}; this lesson has {', '.join(near) or 'none'}")
    return _known[id]


def catalogue() -> dict[str, Exercise]:
    """All exercises of all lessons, by id, in order."""
    for name in _lesson_modules():
        _read(f"lstmkit.exercises.{name}")
    return dict(sorted(_known.items()))


def _read(name: str) -> None:
    """Import a lesson's file of exercises; again, if it was imported and its exercises were forgotten (a reload of this file)."""
    if name not in sys.modules:
        import_module(name)
    elif all(one.origin != name for one in _known.values()):
        reload(sys.modules[name])


def _lesson_modules() -> list[str]:
    import lstmkit.exercises as package

    return sorted(module.name for module in iter_modules(package.__path__) if module.name.startswith("lesson_"))
