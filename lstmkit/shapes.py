"""Names for axes, and errors that name the likely slip.

One letter per axis, the same in every lesson: N (batch), T (time steps), D (input size), H (hidden size), K (outputs),
V (vocabulary), L (layers).
"""

from __future__ import annotations

import operator

import torch
from torch import Tensor

__all__ = ["AXES", "expect", "expect_finite", "expect_lengths", "expect_whole"]

AXES = {
    "N": "batch",
    "T": "time steps",
    "D": "input size",
    "H": "hidden size",
    "K": "outputs",
    "V": "vocabulary",
    "L": "layers",
}


def expect(x: Tensor, axes: str, *, name: str = "x", dtype: torch.dtype | None = None, **sizes: int) -> tuple[int, ...]:
    """Check that tensor x has the axes that `axes` names, in that order, and return their sizes.

    x: any tensor. axes: letters or names with spaces between, such as "N T D". sizes: what is known of them, `D=3`;
    an axis that is named twice must have one size. dtype: the expected one, if it matters.
    Returns one int per axis: `N, T, D = expect(x, "N T D", D=3)`.
    Raises TypeError if x is not a tensor or has another dtype, ValueError if the shape does not fit; the message says
    what was given, what was expected, and the likely slip.
    """
    names = axes.split()
    if not isinstance(x, Tensor):
        hint = ": make it one with torch.as_tensor(...)" if hasattr(x, "__len__") or hasattr(x, "__array__") else ""
        raise TypeError(
            f"{name} is a {type(x).__name__}; expected a torch.Tensor of shape {_wanted(names, sizes)}{hint}"
        )
    shape = tuple(x.shape)
    problem = None
    if len(shape) != len(names):
        problem = _slip_in_number(shape, names, sizes)
    else:
        seen = dict(sizes)
        for letter, size in zip(names, shape, strict=True):
            if letter in seen and seen[letter] != size:
                problem = _slip_in_order(shape, names, sizes)
                break
            seen[letter] = size
    if problem is not None:
        raise ValueError(f"{name} has shape {shape}; expected {_wanted(names, sizes)}{problem}")
    for letter, size in zip(names, shape, strict=True):
        if size == 0:
            what = AXES.get(letter, letter)
            raise ValueError(
                f"{name} has shape {shape}; expected {_wanted(names, sizes)}: it is empty, the axis {letter} ({what}) has size 0"
            )
    if dtype is not None and x.dtype != dtype:
        hint = f"convert it with {_cast(dtype)}"
        if x.is_complex() and not dtype.is_complex:
            hint = f"a complex number has two parts: take {name}.real or {name}.abs(), or both by torch.view_as_real({name})"
        raise TypeError(f"{name} has dtype {_short(x.dtype)}; expected {_short(dtype)}: {hint}")
    return shape


def expect_finite(x: Tensor, name: str = "x") -> None:
    """Raise ValueError if x holds NaN, saying how many and where the first one is. x: tensor of any shape."""
    try:
        total = x.detach().sum().item()
        if total == total:  # a NaN anywhere would make it one
            return
        count = int(torch.isnan(x).sum())
    except RuntimeError:  # inside torch.func.vmap no value can be read; the plain call checks
        return
    if count:
        first = tuple(int(i) for i in torch.isnan(x).nonzero()[0])
        raise ValueError(
            f"{name} holds {count} NaN, the first at index {first}; expected numbers: "
            "look for a division by zero, a missing value or an earlier step that exploded"
        )


def expect_lengths(lengths: Tensor | list[int], N: int, T: int) -> Tensor:
    """The lengths of a padded batch as an int64 tensor of shape (N,), each between 1 and T.

    Raises TypeError for lengths that are not integers, ValueError for a wrong count or a length outside 1 … T.
    """
    values = torch.as_tensor(lengths)
    if len(values.shape) == 1 and not len(values):
        raise ValueError(f"lengths are empty; expected ({N},): one length for each sequence")
    if values.is_floating_point() or values.is_complex() or values.dtype == torch.bool:
        raise TypeError(f"lengths have dtype {_short(values.dtype)}; expected integers (convert with .long())")
    if tuple(values.shape) != (N,):
        raise ValueError(f"lengths have shape {tuple(values.shape)}; expected ({N},): one length for each sequence")
    low, high = int(values.min()), int(values.max())
    if low < 1:
        raise ValueError(f"lengths hold {low}; expected at least 1: drop empty sequences before batching")
    if high > T:
        raise ValueError(f"lengths hold {high}; expected at most T = {T}: were they counted before x was cut?")
    return values.long()


def expect_whole(least: int = 1, **numbers) -> list[int]:
    """Check that each of the named numbers is whole and at least `least`; return them as Python's ints.

    `N, T = expect_whole(N=N, T=T)`: an int may be Python's, numpy's or a tensor's of one element; a bool is none.
    Raises ValueError, naming the first that is not.
    """
    found = []
    for name, value in numbers.items():
        try:
            number = None if isinstance(value, bool) else operator.index(value)
        except TypeError:
            number = None
        if number is None or number < least:
            raise ValueError(f"{name} is {value!r}; expected a whole number of at least {least}")
        found.append(number)
    return found


def _wanted(names: list[str], sizes: dict[str, int]) -> str:
    inside = ", ".join(f"{n}={sizes[n]}" if n in sizes else n for n in names)
    return f"({inside},)" if len(names) == 1 else f"({inside})"


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _cast(dtype: torch.dtype) -> str:
    return {torch.float32: ".float()", torch.float64: ".double()", torch.int64: ".long()"}.get(dtype, f".to({dtype})")


def _fits(shape: tuple[int, ...], names: list[str], sizes: dict[str, int]) -> bool:
    seen = dict(sizes)
    for letter, size in zip(names, shape, strict=True):
        if seen.setdefault(letter, size) != size:
            return False
    return True


def _slip_in_number(shape: tuple[int, ...], names: list[str], sizes: dict[str, int]) -> str:
    missing = len(names) - len(shape)
    if missing == 1:
        for at, letter in enumerate(names):
            if sizes.get(letter, 1) == 1 and _fits(shape[:at] + (1,) + shape[at:], names, sizes):
                index = ", ".join([":"] * at + ["None"])
                what = AXES.get(letter, letter)
                return f": no axis for {letter} ({what})? If there is one of it, add the axis with x[{index}]"
        return f": {len(shape)} axes where {len(names)} belong"
    if missing == -1:
        for at, size in enumerate(shape):
            if size == 1 and _fits(shape[:at] + shape[at + 1 :], names, sizes):
                return f": one axis too many; remove axis {at} with x.squeeze({at})"
    return f": {len(shape)} axes where {len(names)} belong"


def _slip_in_order(shape: tuple[int, ...], names: list[str], sizes: dict[str, int]) -> str:
    for a in range(len(shape)):
        for b in range(a + 1, len(shape)):
            swapped = list(shape)
            swapped[a], swapped[b] = swapped[b], swapped[a]
            if _fits(tuple(swapped), names, sizes):
                time_major = {names[a], names[b]} == {"N", "T"}
                looks = "looks time-major" if time_major else f"{names[a]} and {names[b]} look swapped"
                return f": {looks}: swap axes {a} and {b} with x.transpose({a}, {b})"
    wrong = [
        f"{letter} ({AXES.get(letter, letter)}) is {size}, not {sizes[letter]}"
        for letter, size in zip(names, shape, strict=True)
        if letter in sizes and sizes[letter] != size
    ]
    if wrong:
        return ": " + "; ".join(wrong)
    twice = next(n for n in names if names.count(n) > 1)
    return f": the axes called {twice} have different sizes"
