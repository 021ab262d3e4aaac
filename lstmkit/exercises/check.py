"""The check itself: try an answer, compare it with the reference, find the mistake, say it in a line or two."""

from __future__ import annotations

import ast
import dis
import inspect
import sys
import textwrap
from types import FunctionType
from typing import Any

import numpy as np
from torch import Tensor

from lstmkit.exercises.attempt import Outcome, attempt
from lstmkit.exercises.compare import difference, show
from lstmkit.exercises.core import Case, Exercise, find
from lstmkit.exercises.explain import cure, explain, in_short
from lstmkit.exercises.forms import allowed_at, as_asked, form
from lstmkit.exercises.sandbox import TimeUp, quiet
from lstmkit.runtime import validating

__all__ = ["exercise", "graded", "verdict"]


def exercise(id: str, answer: Any) -> Any:
    """Check an answer, print the verdict, and hand back what the lesson goes on with. Never raises.

    id: "06.1". answer: a function, class or value. Prints one of `○ 06.1 not attempted yet…`, `✓ 06.1 passed (6 checks)`,
    `✗ 06.1 …` with the diagnosis and found against expected.
    Returns the answer itself if it passed ("1/2" and other forms of a value as the plain value), else the reference.
    """
    try:
        definition = find(id)
    except Exception as error:
        print(f"✗ {error.args[0]}" if isinstance(error, KeyError) else _could_not(id, error))
        return answer
    try:
        passed, line, _ = verdict(definition, answer)
    except (TimeUp, Exception) as error:  # a fault of ours must not stop a lesson either
        passed, line = False, _could_not(id, error)
    print(line)
    if not passed:
        _fail_validation()
    if not passed:
        return definition.reference
    return answer if definition.takes_function else as_asked(answer, definition.reference, definition.allowed)


def graded(id: str, answer: Any, points: float) -> float:
    """The points that an answer earns: all if it passes, else the share of its checks that passed. Prints nothing, never raises.

    For the hidden tests that `lstmkit classroom` writes: nbgrader takes the number that a check cell shows for its points.
    """
    try:
        passed, _, share = verdict(find(id), answer)
    except (TimeUp, Exception):
        return 0.0
    return float(points) if passed else round(min(share, 1.0) * points, 2)


def verdict(definition: Exercise, answer: Any) -> tuple[bool, str, float]:
    """(passed, the line to print, the share of the checks that passed) for an answer to an exercise."""
    id = definition.id
    if _untouched(answer, definition.reference):
        return False, f"○ {id} not attempted yet: the lesson goes on with the reference", 0.0
    if definition.takes_function:
        return _judge_function(definition, answer)
    return _judge_value(definition, answer)


def _could_not(id: str, error: BaseException) -> str:
    return f"✗ {id} could not be checked: {type(error).__name__}: {error}. Please report this."


def _all_of(sentences: list[str], most: int = 3) -> str:
    """Several diagnoses that fit the same result, as one: each is told, for nobody knows which mistake was made."""
    return "\n  or: ".join(list(dict.fromkeys(sentences))[:most])


# ---------------------------------------------------------------------------------------------------- values


def _judge_value(definition: Exercise, answer: Any) -> tuple[bool, str, float]:
    id, expected = definition.id, definition.reference
    open_parts = _open_parts(answer)
    if open_parts and not isinstance(expected, dict):
        return False, f"✗ {id} not complete: still `...` in {', '.join(open_parts)}", 0.0
    if definition.accepts is not None:
        said = _accepted(definition, answer)
        return (False, f"✗ {id} {said}", 0.0) if said else (True, f"✓ {id} passed", 1.0)
    answer = as_asked(answer, expected, definition.allowed)
    if difference(answer, expected, definition.tolerance) is None:
        count = len(expected) if isinstance(expected, dict) else 1
        return True, f"✓ {id} passed ({count} check{'s' * (count > 1)})", 1.0
    if isinstance(expected, dict):
        wanted = form(answer, expected)
        return (False, f"✗ {id} {wanted}", 0.0) if wanted else _judge_parts(definition, answer)
    wrongs = [(known.says, known.wrong) for known in definition.mistakes]
    return False, f"✗ {id} {_why_not(definition, answer, expected, definition.allowed, wrongs)}", 0.0


def _accepted(definition: Exercise, answer: Any) -> str | None:
    """What a definition's own `accepts` says of an answer, or its form, if it cannot be read."""
    answer = as_asked(answer, definition.reference, definition.allowed)
    try:
        with quiet():
            return definition.accepts(answer)
    except Exception:
        wanted = form(answer, definition.reference, definition.allowed)
        return f"{show(answer)}: {wanted or 'this has not the form that is asked for'}"


def _judge_parts(definition: Exercise, answer: dict) -> tuple[bool, str, float]:
    """A dict of answers: each wrong part is diagnosed by the mistakes that have the same wrong part."""
    lines, expected = [], definition.reference
    for key, right in expected.items():
        if difference(answer[key], right, definition.tolerance) is None:
            continue
        if answer[key] is ...:
            lines.append(f"  {key}: still open")
            continue
        wrongs = [(known.says, known.wrong[key]) for known in definition.mistakes if key in known.wrong]
        wrongs = [(says, wrong) for says, wrong in wrongs if difference(wrong, right, definition.tolerance) is not None]
        why = _why_not(definition, answer[key], right, allowed_at(definition.allowed, key), wrongs, name=True)
        lines.append(f"  {key}: {why}")
    right = len(expected) - len(lines)
    head = f"✗ {definition.id} {right} of {len(expected)} right"
    return False, "\n".join([head, *lines]), right / len(expected)


def _why_not(definition, found, expected, allowed, wrongs: list[tuple[str, Any]], name: bool = False) -> str:
    """Why a value is not the right one: a mistake that has the same value, or its form, or no more than that it is not."""
    seen = f"{show(found)} is not it"
    if fit := [says for says, wrong in wrongs if difference(found, wrong, definition.tolerance) is None]:
        return f"{seen}: {_all_of(fit)}" if name else _all_of(fit)
    if wanted := form(found, expected, allowed):
        return f"{show(found)}: {wanted}"
    if isinstance(expected, list | tuple | Tensor | np.ndarray):
        said = difference(found, expected, definition.tolerance) or ""
        tells_content = "expected" in said and ("shape" not in said or not isinstance(expected, Tensor | np.ndarray))
        seen += "" if tells_content or not said else f" ({said})"
    return seen


# ---------------------------------------------------------------------------------------------------- functions


def _judge_function(definition: Exercise, answer: Any) -> tuple[bool, str, float]:
    id = definition.id
    if not callable(answer):
        return False, f"✗ {id} expected a function, found {show(answer)}: did you call it?", 0.0
    cases = definition.cases()
    mine, wrong_at = [], []
    for number, item in enumerate(cases):
        right = _known_outcome(definition, "reference", definition.reference, cases, number)
        if right.error is not None:
            raise right.error
        mine.append(attempt(definition, answer, item))
        if isinstance(mine[-1].error, TimeUp):
            return False, f"✗ {id} {mine[-1].error}", 0.0
        if not mine[-1].equals(right, definition.tolerance):
            wrong_at.append(number)
    if not wrong_at:
        if watched := next(((one.names[one.watched[0]]) for one in mine if one.watched), None):
            what = (
                f"the result is right, but your function leaves requires_grad=True on its input `{watched}`, which is"
            )
            return False, f"✗ {id} {what} the caller's: work on a copy, `{watched}.detach().clone()`", 0.0
        return True, f"✓ {id} passed ({len(cases)} check{'s' * (len(cases) > 1)})", 1.0
    share, first = 1 - len(wrong_at) / len(cases), wrong_at[0]
    right = _known_outcome(definition, "reference", definition.reference, cases, first)
    what = _describe(definition, mine[first], right, answer)
    seen = (f" ({cases[first].label})" if cases[first].label else "") + _quote(mine[first].printed)
    if fit := [known.says for n, known in enumerate(definition.mistakes) if _fits(definition, n, cases, mine, first)]:
        return False, f"✗ {id} {_all_of(fit)}\n  {what.splitlines()[0]}{seen}", share
    passed = f"; {len(cases) - len(wrong_at)} of {len(cases)} checks pass" if share else ""
    return False, f"✗ {id} {what}{seen}{passed}", share


def _fits(definition: Exercise, number: int, cases: list[Case], mine: list[Outcome], first: int) -> bool:
    """Whether a mistake comes to the same as the answer on every case; the one that failed is looked at first."""
    for at in (first, *(n for n in range(len(cases)) if n != first)):
        theirs = _known_outcome(definition, number, definition.mistakes[number].wrong, cases, at)
        if not mine[at].same_slip(theirs, definition.tolerance):
            return False
    return True


def _known_outcome(definition: Exercise, name: str | int, answer: Any, cases: list[Case], number: int) -> Outcome:
    """What the reference or a mistake comes to on a case, tried once for all checks: cases are the same each time they are made."""
    key = (name, number)
    if key not in definition.memo:
        found = attempt(definition, answer, cases[number])
        if isinstance(found.error, TimeUp):  # a slow moment, perhaps
            return found
        definition.memo[key] = found
    return definition.memo[key]


def _describe(definition: Exercise, mine: Outcome, right: Outcome, answer: Any) -> str:
    """What differs between an answer's call and the reference's, in words."""
    if mine.error is not None and mine.result is not None:  # it ran, but its gradient does not
        return difference(mine.result, right.result, definition.tolerance) or (
            f"the values are right, but no gradient can be computed: {in_short(mine.error)}\n  {cure(mine.error) or ''}".rstrip()
        )
    if mine.error is not None:
        return explain(mine.error, answer, _signature(definition.reference))
    if mine.returned == "nothing" != right.returned:
        if isinstance(answer, FunctionType) and _says_return(inspect.unwrap(answer), something=True):
            why = "is what stands behind its `return` None (the .grad of a tensor that is not watched), or does a way through it reach no `return`?"
            return f"your function returned None here: {why}"
        return "your function returns nothing (None): is the `return` missing?"
    if mine.changed != right.changed and mine.changed:
        name = mine.names[mine.changed[0]]
        return f"your function changes its input `{name}` in place: work on a copy, or write `a = a + b` for `a += b`"
    said = difference(mine.result, right.result, definition.tolerance)
    if said is None and mine.returned == "another":
        return "the result is right, but your function hands back another object than the one it was given"
    if said:
        wanted = (
            definition.allowed and isinstance(right.result, str) and form(mine.result, right.result, definition.allowed)
        )
        return f"{show(mine.result)}: {wanted}" if wanted else said
    if mine.cut:
        return "the values are right, but no gradient reaches the inputs: something like .detach(), .item() or torch.tensor(...) cuts the graph"
    for name, expected in (right.gradients or {}).items():
        said = difference((mine.gradients or {}).get(name), expected, definition.tolerance)
        if said:
            return f"the values are right, but a gradient is not: that of `{name}`: {said}"
    return "not the expected result"


def _signature(reference: Any) -> str:
    try:
        return str(inspect.signature(reference))
    except (TypeError, ValueError):
        return "the arguments of the stub"


def _quote(printed: str, most: int = 8) -> str:
    """What the learner's function printed in the call that failed: a print is how people look into a function."""
    lines = list(dict.fromkeys(line.rstrip()[:160] for line in printed.rstrip().splitlines()))
    if not lines:
        return ""
    rest = [f"  (and {len(lines) - most} more lines)"] if len(lines) > most else []
    return "\n  it printed:\n" + "\n".join([f"    {line}" for line in lines[:most]] + rest)


# ---------------------------------------------------------------------------------------------------- untouched stubs


def _untouched(answer: Any, reference: Any = None) -> bool:
    """True for `...`, for a dict or tuple of nothing but `...`, for a function whose body is empty, for a class with such a method."""
    if answer is ... or isinstance(answer, str) and answer.strip() in ("...", "…"):
        return True
    if isinstance(answer, dict):
        return bool(answer) and all(_untouched(value) for value in answer.values())
    if isinstance(answer, tuple | list):
        return bool(answer) and all(_untouched(value) for value in answer)
    if isinstance(answer, FunctionType):
        return _empty(inspect.unwrap(answer))
    if isinstance(answer, type):
        asked = vars(reference) if isinstance(reference, type) else vars(answer)
        methods = {name: method for name, method in vars(answer).items() if isinstance(method, FunctionType)}
        return any(name in asked and _empty(method) for name, method in methods.items())
    return False


def _empty(function: FunctionType) -> bool:
    """Whether a function's body is only a docstring and `...`, `pass` or `raise NotImplementedError`."""
    quiet = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "COPY_FREE_VARS"}
    raising = {"LOAD_GLOBAL", "PUSH_NULL", "PRECALL", "CALL", "RAISE_VARARGS"}
    if function.__code__.co_names == ("NotImplementedError",):
        return all(step.opname in quiet | raising | {"CACHE"} for step in dis.get_instructions(function))
    for step in dis.get_instructions(function):
        if step.opname not in quiet or (step.opname in ("LOAD_CONST", "RETURN_CONST") and step.argval is not None):
            return False
    return not _says_return(function)


def _says_return(function: FunctionType, something: bool = False) -> bool:
    """Whether the source holds a `return` of the learner's own: `return None` compiles as an empty body does. something: of a value."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError, TypeError):
        return False
    found = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    return (
        any(value is not None and not (isinstance(value, ast.Constant) and value.value is None) for value in found)
        if something
        else bool(found)
    )


def _open_parts(answer: Any) -> list[str]:
    if isinstance(answer, dict):
        return [str(key) for key, value in answer.items() if value is ...]
    if isinstance(answer, tuple | list):
        return [f"place {n}" for n, value in enumerate(answer, 1) if value is ...]
    return []


def _fail_validation() -> None:
    """nbgrader's "Validate" takes a check cell for failed only if it shows a number below its points."""
    shell = sys.modules["IPython"].get_ipython() if validating() and "IPython" in sys.modules else None
    if shell is not None:
        shell.displayhook(0)
