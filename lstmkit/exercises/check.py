"""The check itself: try an answer, compare it with the reference, find the mistake, say it in a line or two."""

from __future__ import annotations

import ast
import copy
import dis
import inspect
import linecache
import signal
import sys
import textwrap
import threading
import traceback
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from types import FunctionType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lstmkit.exercises.compare import difference, show
from lstmkit.exercises.core import Case, Exercise, find
from lstmkit.runtime import grading

__all__ = ["exercise", "verdict"]


def exercise(id: str, answer: Any) -> Any:
    """Check an answer, print the verdict, and hand back what the lesson goes on with. Never raises.

    id: "04.1". answer: a function, class or value. Prints one of `○ 04.1 not attempted yet…`, `✓ 04.1 passed (6 checks)`,
    `✗ 04.1 …` with the diagnosis and found against expected.
    Returns the answer itself if it passed, else the reference.
    """
    try:
        definition = find(id)
    except KeyError as error:
        print(f"✗ {error.args[0]}")
        return answer
    try:
        passed, line, share = verdict(definition, answer)
    except Exception as error:  # a fault of ours must not stop a lesson either
        passed, line = False, f"✗ {id} could not be checked: {type(error).__name__}: {error}. Please report this."
        share = 0.0
    print(line)
    _partial_credit(share)
    return answer if passed else definition.reference


def verdict(definition: Exercise, answer: Any) -> tuple[bool, str, float]:
    """(passed, the line to print, the share of the checks that passed) for an answer to an exercise."""
    id = definition.id
    if _untouched(answer):
        return False, f"○ {id} not attempted yet: the lesson goes on with the reference", 0.0
    if definition.takes_function:
        return _judge_function(definition, answer)
    return _judge_value(definition, answer)


# ---------------------------------------------------------------------------------------------------- values


def _judge_value(definition: Exercise, answer: Any) -> tuple[bool, str, float]:
    id, expected = definition.id, definition.reference
    open_parts = _open_parts(answer)
    if open_parts and not isinstance(expected, dict):
        return False, f"✗ {id} not complete: still `...` in {', '.join(open_parts)}", 0.0
    if definition.accepts is not None:
        said = definition.accepts(answer)
        return (False, f"✗ {id} {said}", 0.0) if said else (True, f"✓ {id} passed", 1.0)
    said = difference(answer, expected, definition.tolerance)
    if said is None:
        count = len(expected) if isinstance(expected, dict) else 1
        return True, f"✓ {id} passed ({count} check{'s' * (count > 1)})", 1.0
    if isinstance(expected, dict) and isinstance(answer, dict) and set(expected) <= set(answer):
        return _judge_parts(definition, answer)
    for known in definition.mistakes:
        if difference(answer, known.wrong, definition.tolerance) is None:
            return False, f"✗ {id} {known.says}", 0.0
    kind = _kind(expected)
    hint = "" if difference(answer, expected, 1e30) is None or type(answer) is type(expected) else f": expected {kind}"
    if isinstance(expected, list | tuple | Tensor | np.ndarray):
        hint = f" ({said})" if "expected" not in said or "shape" in said else hint
    return False, f"✗ {id} {show(answer)} is not it{hint}", 0.0


def _judge_parts(definition: Exercise, answer: dict) -> tuple[bool, str, float]:
    """A dict of answers: each wrong part is diagnosed by the mistake that has the same wrong part."""
    lines, expected = [], definition.reference
    for key, right in expected.items():
        if difference(answer[key], right, definition.tolerance) is None:
            continue
        if answer[key] is ...:
            lines.append(f"  {key}: still open")
            continue
        says = ""
        for known in definition.mistakes:
            wrong = known.wrong.get(key, right)
            own = difference(wrong, right, definition.tolerance) is not None
            if own and difference(answer[key], wrong, definition.tolerance) is None:
                says = f": {known.says}"
                break
        lines.append(f"  {key}: {show(answer[key])} is not it{says}")
    right = len(expected) - len(lines)
    head = f"✗ {definition.id} {right} of {len(expected)} right"
    return False, "\n".join([head, *lines]), right / len(expected)


def _kind(value) -> str:
    names = {bool: "True or False", int: "a whole number", float: "a number", str: "a string"}
    return names.get(type(value), f"a {type(value).__name__}")


# ---------------------------------------------------------------------------------------------------- functions


@dataclass
class Outcome:
    """What one call did: its result, or its exception; its gradients; which inputs it changed or left watched."""

    result: Any = None
    error: BaseException | None = None
    gradients: tuple | None = None
    changed: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()  # told only when all else is right, so not part of `equals`
    cut: bool = False  # the result carries no gradient
    printed: str = ""

    def equals(self, other: Outcome, tolerance: float) -> bool:
        """Whether two calls did the same."""
        if (self.error is None) != (other.error is None) or self.changed != other.changed or self.cut != other.cut:
            return False
        if self.error is not None:
            return type(self.error) is type(other.error) and str(self.error) == str(other.error)
        if difference(self.result, other.result, tolerance) is not None:
            return False
        return self.gradients is None or difference(self.gradients, other.gradients, tolerance) is None


def _judge_function(definition: Exercise, answer: Any) -> tuple[bool, str, float]:
    id = definition.id
    if not callable(answer):
        return False, f"✗ {id} expected a function, found {show(answer)}: did you call it?", 0.0
    cases = definition.cases()
    right = [_try(definition, definition.reference, item) for item in cases]
    mine, wrong_at = [], []
    for number, item in enumerate(cases):
        mine.append(_try(definition, answer, item))
        if not mine[-1].equals(right[number], definition.tolerance):
            wrong_at.append(number)
        if isinstance(mine[-1].error, TimeUp):
            return False, f"✗ {id} {mine[-1].error}", 0.0
    if not wrong_at:
        if watched := next((outcome.watched[0] for outcome in mine if outcome.watched), None):
            what = (
                f"the result is right, but your function leaves requires_grad=True on its input `{watched}`, which is"
            )
            return False, f"✗ {id} {what} the caller's: work on a copy, `{watched}.detach().clone()`", 0.0
        return True, f"✓ {id} passed ({len(cases)} check{'s' * (len(cases) > 1)})", 1.0
    share = 1 - len(wrong_at) / len(cases)
    first = wrong_at[0]
    what = _describe(mine[first], right[first], definition.tolerance, answer)
    label = cases[first].label
    seen = f" ({label})" if label else ""
    seen += _quote(mine[first].printed)
    for known in definition.mistakes:
        if _same(definition, known.wrong, cases, mine):
            return False, f"✗ {id} {known.says}\n  {what}{seen}", share
    passed = f"; {len(cases) - len(wrong_at)} of {len(cases)} checks pass" if share else ""
    return False, f"✗ {id} {what}{seen}{passed}", share


def _same(definition: Exercise, wrong: Any, cases: list[Case], mine: list[Outcome]) -> bool:
    for item, outcome in zip(cases, mine, strict=True):
        if not outcome.equals(_try(definition, wrong, item), definition.tolerance):
            return False
    return True


def _try(definition: Exercise, answer: Any, item: Case) -> Outcome:
    """Call the answer on copies of a case's arguments, with a time limit, silently, from the same random state."""
    before = _copy((item.args, item.kwargs))
    args, kwargs = _copy(before)
    leaves = []
    if definition.gradients:
        leaves = [leaf.requires_grad_() for leaf in _tensors((args, kwargs)) if leaf.is_floating_point()]
        args, kwargs = _copy(
            (args, kwargs), keep_graph=True
        )  # no leaves, so that an in-place edit is seen, not refused

    def call():
        run = definition.run
        return answer(*args, **kwargs) if run is None else run(answer, *args, **kwargs)

    outcome = Outcome()
    said = StringIO()
    with torch.random.fork_rng(devices=[]), redirect_stdout(said):
        torch.manual_seed(0)
        try:
            with torch.enable_grad(), time_limit(definition.time_limit):
                outcome.result = call()
        except TimeUp as stop:
            outcome.error = stop
        except Exception as error:
            outcome.error = error
        except SystemExit as error:
            outcome.error = RuntimeError(f"exit({error.code}) was called")
    outcome.printed = said.getvalue()
    outcome.changed = tuple(n for n, a, b in _inputs(answer, args, kwargs, before) if not _unchanged(a, b))
    outcome.watched = tuple(n for n, a, _ in _inputs(answer, args, kwargs, before) if _has_leaf(a))
    if leaves and outcome.error is None and not outcome.changed:
        _differentiate(outcome, leaves)
    return outcome


def _differentiate(outcome: Outcome, leaves: list[Tensor]) -> None:
    outputs = [part for part in _tensors(outcome.result) if part.is_floating_point() and part.requires_grad]
    floats = [part for part in _tensors(outcome.result) if part.is_floating_point()]
    if len(outputs) < len(floats) or not outputs:
        outcome.cut = True
        return
    total = 0.0
    for part in outputs:  # a weight of its own for each entry, so that errors cannot cancel
        weights = torch.linspace(0.5, 1.5, part.numel(), dtype=part.dtype, device=part.device).reshape(part.shape)
        total = total + (part * weights).sum()
    try:
        found = torch.autograd.grad(total, leaves, allow_unused=True)
    except RuntimeError as error:
        outcome.error = error
        return
    outcome.gradients = tuple(torch.zeros_like(leaf) if g is None else g for g, leaf in zip(found, leaves, strict=True))


def _describe(mine: Outcome, right: Outcome, tolerance: float, answer: Any) -> str:
    if mine.error is not None:
        return _explain(mine.error, answer)
    if mine.changed:
        return f"your function changes its input `{mine.changed[0]}` in place: work on a copy, or write `a = a + b` for `a += b`"
    if mine.result is None and right.result is not None:
        return "your function returned None: is a `return` missing?"
    said = difference(mine.result, right.result, tolerance)
    if said:
        return said
    if mine.cut:
        return "the values are right, but no gradient reaches the inputs: something like .detach(), .item() or torch.tensor(...) cuts the graph"
    said = difference(mine.gradients, right.gradients, tolerance)
    return f"the values are right, but a gradient is not: {said}" if said else "not the expected result"


def _explain(error: BaseException, answer: Any) -> str:
    """One line for a learner's exception, with the line of their own code."""
    if isinstance(error, RecursionError):
        return "RecursionError: your function calls itself without end"
    code = getattr(answer, "__code__", None)
    if code is None and isinstance(answer, type):
        code = getattr(answer.__init__, "__code__", None)
    file = code.co_filename if code else None
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    at = ""
    if lines:
        at = f" in line {lines[-1]} of your cell"
        text = linecache.getline(file, lines[-1]).strip()
        at += f", `{text}`" if text else ""
    message = str(error).strip().splitlines()
    return f"{type(error).__name__}: {message[0] if message else 'no message'}{at}"


# ---------------------------------------------------------------------------------------------------- helpers


class TimeUp(BaseException):
    """Raised inside the learner's call when its time is up; no Exception, so that `except Exception` cannot eat it."""


@contextmanager
def time_limit(seconds: float):
    """Stop the code inside after so many seconds by raising TimeUp in it. In a thread that is not the main one: no limit."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    message = f"stopped after {seconds:g} s: an endless loop? Look at the condition of your `while`, or at how far your loop runs"
    if hasattr(signal, "setitimer"):

        def ring(*_):
            raise TimeUp(message)

        old = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)  # again and again: a bare `except:` may eat the first
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)
        return
    import _thread  # Windows has no SIGALRM: interrupt the main thread instead

    fired = threading.Event()
    timer = threading.Timer(seconds, lambda: (fired.set(), _thread.interrupt_main()))
    timer.start()
    try:
        yield
    except KeyboardInterrupt:
        if fired.is_set():
            raise TimeUp(message) from None
        raise
    finally:
        timer.cancel()


def _untouched(answer: Any) -> bool:
    """True for `...`, for a dict or tuple of nothing but `...`, for a function whose body is empty, for a class with such a method."""
    if answer is ...:
        return True
    if isinstance(answer, dict):
        return bool(answer) and all(_untouched(value) for value in answer.values())
    if isinstance(answer, tuple | list):
        return bool(answer) and all(_untouched(value) for value in answer)
    if isinstance(answer, FunctionType):
        return _empty(answer)
    if isinstance(answer, type):
        return any(isinstance(method, FunctionType) and _empty(method) for method in vars(answer).values())
    return False


def _empty(function: FunctionType) -> bool:
    """Whether a function's body is only a docstring and `...`."""
    quiet = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE", "COPY_FREE_VARS"}
    for step in dis.get_instructions(function):
        if step.opname not in quiet or (step.opname in ("LOAD_CONST", "RETURN_CONST") and step.argval is not None):
            return False
    return not _says_return(function)


def _says_return(function: FunctionType) -> bool:
    """Whether the source holds a `return` or `pass` of the learner's own: `return None` compiles as an empty body does."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError, TypeError):
        return False
    return any(isinstance(node, ast.Return) for node in ast.walk(tree))


def _open_parts(answer: Any) -> list[str]:
    if isinstance(answer, dict):
        return [str(key) for key, value in answer.items() if value is ...]
    if isinstance(answer, tuple | list):
        return [f"place {n}" for n, value in enumerate(answer, 1) if value is ...]
    return []


def _copy(value: Any, keep_graph: bool = False) -> Any:
    """A deep copy of nested arguments. keep_graph: copied tensors stay connected to the originals for autograd."""
    if isinstance(value, Tensor):
        return value.clone() if keep_graph else value.detach().clone()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: _copy(part, keep_graph) for key, part in value.items()}
    if isinstance(value, tuple | list):
        parts = [_copy(part, keep_graph) for part in value]
        if hasattr(value, "_fields"):
            return type(value)(*parts)
        return type(value)(parts) if type(value) in (tuple, list) else value
    return copy.deepcopy(value) if isinstance(value, torch.nn.Module) else value


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        return [tensor for part in value for tensor in _tensors(part)]
    return []


def _inputs(answer: Any, args: tuple, kwargs: dict, before: tuple) -> list[tuple[str, Any, Any]]:
    """Each argument by the name that the learner gave it, as it is after the call, and as it was before."""
    code = getattr(answer, "__code__", None)
    own = code.co_varnames[: code.co_argcount] if code else ()
    own += tuple(f"argument {n + 1}" for n in range(len(own), len(args)))
    names = list(zip(own, args, before[0], strict=False))
    return names + [(key, kwargs[key], before[1][key]) for key in kwargs]


def _has_leaf(value: Any) -> bool:
    """Whether the answer had autograd watch a tensor that it was given: none is handed over as a watched leaf."""
    return any(tensor.is_leaf and tensor.requires_grad for tensor in _tensors(value))


def _unchanged(a: Any, b: Any) -> bool:
    if isinstance(b, Tensor):
        return isinstance(a, Tensor) and a.shape == b.shape and torch.equal(a.detach().nan_to_num(), b.nan_to_num())
    if isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(b, dict):
        return isinstance(a, dict) and a.keys() == b.keys() and all(_unchanged(a[key], b[key]) for key in b)
    if isinstance(b, tuple | list):
        return len(a) == len(b) and all(_unchanged(x, y) for x, y in zip(a, b, strict=True))
    return True


def _quote(printed: str, most: int = 8) -> str:
    """What the learner's function printed in the call that failed: a print is how people look into a function."""
    lines = printed.rstrip().splitlines()
    if not lines:
        return ""
    rest = [f"  (and {len(lines) - most} more lines)"] if len(lines) > most else []
    return "\n  it printed:\n" + "\n".join([f"    {line}" for line in lines[:most]] + rest)


def _partial_credit(share: float) -> None:
    """While nbgrader grades, report the share of the points: it reads a check cell's displayed number as partial credit."""
    if not grading() or "IPython" not in sys.modules:
        return
    shell = sys.modules["IPython"].get_ipython()
    if shell is not None:
        shell.displayhook(round(share, 3))
