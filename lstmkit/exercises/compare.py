"""Two results compared, and the difference put into words: type, shape, dtype, device, NaN, values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor

__all__ = ["difference", "plain", "show"]


def difference(found, expected, tolerance: float, where: str = "") -> str | None:
    """None if found equals expected, else one line that says what differs. where: the name of the part compared.

    Lenient where it does not matter: a list for a tuple, a 0-dim tensor, numpy scalar or fraction for a number.
    """
    try:
        return _difference(found, expected, tolerance, where)
    except Exception:  # an object of the learner's that cannot be compared
        return f"{where}{': ' if where else ''}{show(found)}; expected {show(expected)}"


def _difference(found, expected, tolerance, where) -> str | None:
    at = f"{where}: " if where else ""
    if isinstance(found, Iterator):
        return f"{at}a {type(found).__name__}, which gives its values one by one; expected {show(expected)}: make a list of it"
    expected = float(expected) if isinstance(expected, Fraction | Decimal) else plain(expected)
    if isinstance(expected, Tensor | np.ndarray):
        return _array(found, expected, tolerance, at)
    if isinstance(expected, Mapping):
        return _mapping(found, expected, tolerance, where)
    if isinstance(expected, tuple | list):
        return _several(found, expected, tolerance, where)
    if isinstance(expected, set | frozenset):
        mine = set(found) if isinstance(found, tuple | list | set | frozenset) else found
        return None if mine == expected else f"{at}found {show(found)}"
    if isinstance(expected, bool | str) or expected is None:
        mine = plain(found) if isinstance(expected, bool) else found
        if isinstance(expected, bool) and not isinstance(mine, bool | np.bool_):
            return f"{at}{show(found)}; expected True or False"
        if isinstance(expected, str) and isinstance(mine, str):
            mine, expected = mine.strip().lower(), expected.strip().lower()
        return None if type(mine) is type(expected) and mine == expected else f"{at}found {show(found)}"
    if not isinstance(expected, int | float | complex):  # an object of the exercise's own
        return None if found == expected else f"{at}found {show(found)}"
    return _number(found, expected, tolerance, at)


def _several(found, expected, tolerance, where) -> str | None:
    at = f"{where}: " if where else ""
    if isinstance(found, Tensor):
        return f"{at}one tensor of shape {tuple(found.shape)}; expected {_results(expected)}: {show(expected)}"
    if not isinstance(found, tuple | list):
        return f"{at}{show(found)}; expected {_results(expected)}: {show(expected)}"
    if len(found) != len(expected):
        return f"{at}{_results(found)}, {show(found)}; expected {len(expected)}: {show(expected)}"
    names = getattr(expected, "_fields", None) or [f"[{n}]" for n in range(len(expected))]
    for name, mine, theirs in zip(names, found, expected, strict=True):
        said = difference(mine, theirs, tolerance, f"{where}{name}" if where else _part(name))
        if said:
            return said
    return None


def _results(several: tuple | list) -> str:
    return "1 result" if len(several) == 1 else f"{len(several)} results"


def show(value) -> str:
    """A short picture of a value for a message: shapes for tensors, the values where they are few."""
    if isinstance(value, Tensor | np.ndarray):
        kind = "a tensor" if isinstance(value, Tensor) else "an array"
        if value.ndim or isinstance(value, Tensor) and value.is_meta:
            return f"{kind} of shape {tuple(value.shape)}"
        return _digits(value.item())
    if isinstance(value, float | np.floating):
        return _digits(float(value))
    if isinstance(value, tuple | list):
        inside = ", ".join(show(part) for part in value[:6]) + (", …" if len(value) > 6 else "")
        inside += "," if isinstance(value, tuple) and len(value) == 1 else ""
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    if isinstance(value, torch.nn.Module):
        return f"a module, {type(value).__name__}"
    if callable(value):
        return f"a {'class' if isinstance(value, type) else 'function'}, {getattr(value, '__name__', '…')}"
    if isinstance(value, Iterator):
        return f"a {type(value).__name__}"
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "…"


def plain(value):
    """A 0-dim tensor, 0-dim array or numpy scalar as a Python number; anything else as it is."""
    if isinstance(value, Tensor):
        return value.item() if value.dim() == 0 and not value.is_meta else value
    return value.item() if isinstance(value, np.generic | np.ndarray) and value.ndim == 0 else value


def _part(name: str) -> str:
    return f"result {name}" if name.startswith("[") else name


def _digits(value, digits: int = 4) -> str:
    return f"{value:.{digits}g}" if isinstance(value, float | complex) else str(value)


def _apart(found, expected) -> str:
    """Two numbers with as many digits as tell them apart."""
    for digits in (4, 6, 9, 12, 17):
        a, b = _digits(found, digits), _digits(expected, digits)
        if a != b:
            break
    return f"found {a}, expected {b}"


def _number(found, expected, tolerance: float, at: str) -> str | None:
    if isinstance(found, Tensor | np.ndarray) and found.ndim > 0:
        kind = "a tensor" if isinstance(found, Tensor) else "an array"
        return f"{at}{kind} of shape {tuple(found.shape)}; expected one number"
    mine = plain(found)
    if isinstance(mine, Fraction | Decimal):
        mine = float(mine)
    if isinstance(mine, bool) or not isinstance(mine, int | float | complex):
        return f"{at}{show(found)}; expected a number"
    if mine != mine:
        return None if expected != expected else f"{at}found NaN, expected {_digits(expected)}"
    if mine == expected or abs(mine - expected) <= tolerance * max(1.0, abs(expected)) < float("inf"):
        return None
    return f"{at}{_apart(mine, expected)}"


def _array(found, expected, tolerance: float, at: str) -> str | None:
    kind = torch.Tensor if isinstance(expected, Tensor) else np.ndarray
    want = f"a {'torch.Tensor' if kind is Tensor else 'numpy array'} of shape {tuple(expected.shape)}"
    if isinstance(found, tuple | list):
        return f"{at}a {type(found).__name__} of {len(found)}; expected {want}"
    if not isinstance(found, kind):
        return f"{at}{show(found)} ({type(found).__name__}); expected {want}"
    if tuple(found.shape) != tuple(expected.shape):
        hint = ""
        if sorted(found.shape) == sorted(expected.shape):
            hint = ": the axes are in another order"
        elif [s for s in found.shape if s != 1] == [s for s in expected.shape if s != 1]:
            hint = ": an axis of size 1 is too many or missing"
        return f"{at}wrong shape: found {tuple(found.shape)}, expected {tuple(expected.shape)}{hint}"
    if found.dtype != expected.dtype:
        return f"{at}right shape, wrong dtype: found {_name(found.dtype)}, expected {_name(expected.dtype)}"
    if kind is Tensor and found.device != expected.device:
        return f"{at}right shape, wrong device: found {found.device}, expected {expected.device}"
    a, b = torch.as_tensor(found).detach(), torch.as_tensor(expected).detach()
    if not b.is_floating_point() and not b.is_complex():
        wrong = a != b
    else:
        b_nan, a_nan = torch.isnan(b), torch.isnan(a)
        if bool((a_nan & ~b_nan).any()):
            return f"{at}right shape, but {int((a_nan & ~b_nan).sum())} of {a.numel()} values are NaN"
        finite = b[torch.isfinite(b)]
        scale = max(1.0, float(finite.abs().max())) if finite.numel() else 1.0
        wrong = ~((a - b).abs() <= tolerance * scale) & ~(a == b) & ~(a_nan & b_nan)
    if not bool(wrong.any()):
        return None
    first = tuple(int(i) for i in wrong.nonzero()[0])
    index = f"[{', '.join(map(str, first))}]"
    share = f"{int(wrong.sum())} of {wrong.numel()}"
    return f"{at}right shape, wrong values ({share}); at {index} {_apart(a[first].item(), b[first].item())}"


def _mapping(found, expected: Mapping, tolerance: float, where: str) -> str | None:
    at = f"{where}: " if where else ""
    if not isinstance(found, Mapping):
        return f"{at}{show(found)}; expected a dict with {', '.join(map(str, expected))}"
    missing = [str(key) for key in expected if key not in found]
    if missing:
        return f"{at}missing from the dict: {', '.join(missing)}"
    for key, value in expected.items():
        said = difference(found[key], value, tolerance, f"{where} {key}" if where else f"{key}")
        if said:
            return said
    return None


def _name(dtype) -> str:
    return str(dtype).removeprefix("torch.")
