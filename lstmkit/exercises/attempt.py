"""One call of an answer on one case: its result or exception, its gradients, what it did to its inputs, what it printed."""

from __future__ import annotations

import copy
import inspect
import types
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lstmkit.exercises.compare import difference
from lstmkit.exercises.core import Case, Exercise
from lstmkit.exercises.explain import innermost, learners_frames
from lstmkit.exercises.sandbox import TimeUp, limited, quiet, steady

__all__ = ["Outcome", "attempt"]

# Exceptions that say what is wrong; the others (None here, a name there) come of too many mistakes to name one.
_TELLING = (RuntimeError, IndexError, ValueError, ZeroDivisionError)


@dataclass
class Outcome:
    """What one call did."""

    result: Any = None
    error: BaseException | None = None
    own: bool = False  # the exception came out of the answer, not of what became of its result
    gradients: dict[str, Tensor] | None = None  # by the name of the input
    cut: bool = False  # the result carries no gradient
    returned: str = ""  # "nothing", or "another" object than the one it had to hand back
    changed: tuple[int, ...] = ()  # the inputs that it changed, by their place
    watched: tuple[int, ...] = ()  # left with requires_grad; told only when all else is right, so not compared
    names: tuple[str, ...] = ()  # the learner's names of the inputs
    printed: str = ""

    def equals(self, other: Outcome, tolerance: float) -> bool:
        """Whether two calls came to the same; two exceptions never do."""
        if self.error is not None or other.error is not None:
            return False
        if (self.changed, self.cut, self.returned) != (other.changed, other.cut, other.returned):
            return False
        if difference(self.result, other.result, tolerance) is not None:
            return False
        if self.gradients is None or other.gradients is None:
            return True
        mine, theirs = list(self.gradients.values()), list(other.gradients.values())
        return difference(mine, theirs, tolerance) is None

    def same_slip(self, other: Outcome, tolerance: float) -> bool:
        """Whether a mistake's call explains this one: the same result, or the same telling exception from the same place."""
        if self.error is None or other.error is None:
            return self.equals(other, tolerance)
        alike = type(self.error) is type(other.error) and str(self.error) == str(other.error)
        telling = isinstance(self.error, _TELLING) and self.own and other.own
        return alike and telling and innermost(self.error) == innermost(other.error)


def attempt(definition: Exercise, answer: Any, item: Case) -> Outcome:
    """Call the answer on copies of a case's arguments, with a time limit, silently, from the same random state."""
    before = _copy((item.args, item.kwargs))
    args, kwargs = _copy(before)
    leaves = {}
    if definition.gradients:
        named = zip(_names(definition.reference, args, kwargs), [*args, *kwargs.values()], strict=True)
        leaves = {name: leaf.requires_grad_() for name, leaf in _floats(named)}
        # no leaves are handed over, so that an in-place edit is seen, not refused
        args, kwargs = _copy((args, kwargs), keep_graph=True)
    outcome = Outcome(names=tuple(_names(answer, args, kwargs)))
    watched = _watch(answer, definition, outcome)
    with steady(0), quiet() as said:
        try:
            outcome.result = limited(lambda: (definition.run or _call)(watched, *args, **kwargs), definition.time_limit)
        except (TimeUp, Exception) as error:
            outcome.error = error
        except SystemExit as error:
            outcome.error = RuntimeError(f"exit({error.code}) was called").with_traceback(error.__traceback__)
        if outcome.error is not None:
            outcome.own = outcome.own or definition.run is None or bool(learners_frames(outcome.error))
        given = list(zip([*args, *kwargs.values()], [*before[0], *before[1].values()], strict=True))
        outcome.changed = tuple(place for place, (after, was) in enumerate(given) if not _unchanged(after, was))
        outcome.watched = tuple(place for place, (after, _) in enumerate(given) if _has_leaf(after))
        if leaves and outcome.error is None and not outcome.changed:
            _differentiate(outcome, leaves)
    outcome.printed = said.getvalue()
    return outcome


def _call(answer, *args, **kwargs):
    return answer(*args, **kwargs)


def _watch(answer: Any, definition: Exercise, outcome: Outcome) -> Any:
    """The answer, with its exceptions marked as its own and the object that it hands back looked at, whatever `run` does."""
    if not isinstance(answer, types.FunctionType):
        return answer

    back = definition.returns_input

    def watched(*args, **kwargs):
        try:
            result = answer(*args, **kwargs)
        except Exception:
            outcome.own = True
            raise
        if result is None:
            outcome.returned = "nothing"
        elif back is not None and back < len(args) and result is not args[back]:
            outcome.returned = "another"
        return result

    watched.__wrapped__ = answer
    watched.__name__ = answer.__name__
    return watched


def _differentiate(outcome: Outcome, leaves: dict[str, Tensor]) -> None:
    floats = [part for _, part in _floats([("", outcome.result)])]
    outputs = [part for part in floats if part.requires_grad]
    if len(outputs) < len(floats) or not outputs:
        outcome.cut = True
        return
    total = 0.0
    for part in outputs:  # a weight of its own for each entry, so that errors cannot cancel
        weights = torch.linspace(0.5, 1.5, part.numel(), dtype=part.dtype, device=part.device).reshape(part.shape)
        total = total + (part * weights).sum()
    try:
        found = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    except RuntimeError as error:
        outcome.error, outcome.own = error, True
        return
    pairs = zip(leaves.items(), found, strict=True)
    outcome.gradients = {name: torch.zeros_like(leaf) if g is None else g for (name, leaf), g in pairs}


# ---------------------------------------------------------------------------------------------------- the inputs


def _names(function: Any, args: tuple, kwargs: dict) -> list[str]:
    """A name for each argument: the function's own where it has them."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    own = list(code.co_varnames[: code.co_argcount])[: len(args)] if code else []
    return own + [f"argument {n + 1}" for n in range(len(own), len(args))] + list(kwargs)


def _floats(named) -> list[tuple[str, Tensor]]:
    """All tensors of real numbers in nested values, with a name for each."""
    found = []
    for name, value in named:
        if isinstance(value, Tensor):
            found += [(name, value)] if value.is_floating_point() else []
        elif isinstance(value, dict):
            found += _floats((f"{name}[{key!r}]", part) for key, part in value.items())
        elif isinstance(value, tuple | list):
            found += _floats((f"{name}[{n}]", part) for n, part in enumerate(value))
    return found


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
    if isinstance(value, torch.Generator):
        return torch.Generator(value.device).set_state(value.get_state())
    return copy.deepcopy(value) if isinstance(value, torch.nn.Module | set) else value


def _has_leaf(value: Any) -> bool:
    """Whether the answer had autograd watch a tensor that it was given: none is handed over as a watched leaf."""
    return any(tensor.is_leaf and tensor.requires_grad for _, tensor in _floats([("", value)]))


def _unchanged(a: Any, b: Any) -> bool:
    if isinstance(b, Tensor):
        return isinstance(a, Tensor) and a.shape == b.shape and torch.equal(a.detach().nan_to_num(), b.nan_to_num())
    if isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(b, dict):
        return isinstance(a, dict) and a.keys() == b.keys() and all(_unchanged(a[key], b[key]) for key in b)
    if isinstance(b, tuple | list):
        return len(a) == len(b) and all(_unchanged(x, y) for x, y in zip(a, b, strict=True))
    return a == b if isinstance(b, set) else True
