"""Two results compared, and the difference put into words: type, shape, dtype, device, NaN, values."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

__all__ = ["difference", "show"]


def difference(found, expected, tolerance: float, where: str = "") -> str | None:
    """None if found equals expected, else one line that says what differs. where: the name of the part compared.

    Lenient where it does not matter: a list for a tuple, a 0-dim tensor or numpy scalar for a number.
    """
    at = f"{where}: " if where else ""
    if isinstance(expected, Tensor) and expected.dim() > 0 or isinstance(expected, np.ndarray) and expected.ndim > 0:
        return _array(found, expected, tolerance, at)
    if isinstance(expected, Mapping):
        return _mapping(found, expected, tolerance, where)
    if isinstance(expected, tuple | list):
        if isinstance(found, Tensor) and not isinstance(expected, Tensor):
            return f"{at}one tensor of shape {tuple(found.shape)}; expected {len(expected)} results: {show(expected)}"
        if not isinstance(found, tuple | list):
            return f"{at}{show(found)}; expected {show(expected)}"
        if len(found) != len(expected):
            return f"{at}{len(found)} results, {show(found)}; expected {len(expected)}: {show(expected)}"
        names = getattr(expected, "_fields", None) or [f"[{n}]" for n in range(len(expected))]
        for name, mine, theirs in zip(names, found, expected, strict=True):
            said = difference(mine, theirs, tolerance, f"{where}{name}" if where else _part(name))
            if said:
                return said
        return None
    if isinstance(expected, bool | str | set | frozenset) or expected is None:
        mine = _scalar(found) if isinstance(expected, bool) else found
        if isinstance(expected, bool) and not isinstance(mine, bool | np.bool_):
            return f"{at}{show(found)}; expected True or False"
        if isinstance(expected, str) and isinstance(mine, str):
            mine, expected = mine.strip().lower(), expected.strip().lower()
        return None if type(mine) is type(expected) and mine == expected else f"{at}found {show(found)}"
    return _number(found, expected, tolerance, at)


def show(value) -> str:
    """A short picture of a value for a message: shapes for tensors, the values where they are few."""
    if isinstance(value, Tensor | np.ndarray):
        shape = tuple(value.shape)
        flat = value.detach().cpu().reshape(-1).tolist() if isinstance(value, Tensor) else value.reshape(-1).tolist()
        kind = "tensor" if isinstance(value, Tensor) else "array"
        return _digits(flat[0]) if shape == () else f"a {kind} of shape {shape}"
    if isinstance(value, float):
        return _digits(value)
    if isinstance(value, tuple | list):
        inside = ", ".join(show(part) for part in value[:6]) + (", …" if len(value) > 6 else "")
        inside += "," if isinstance(value, tuple) and len(value) == 1 else ""
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _part(name: str) -> str:
    return f"result {name}" if name.startswith("[") else name


def _digits(value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _scalar(value):
    """A 0-dim tensor, 0-dim array or numpy scalar as a Python number; anything else as it is."""
    if isinstance(value, Tensor):
        return value.item() if value.dim() == 0 else value
    return value.item() if isinstance(value, np.generic | np.ndarray) and value.ndim == 0 else value


def _number(found, expected, tolerance: float, at: str) -> str | None:
    expected = _scalar(expected)
    if isinstance(found, Tensor) and found.dim() > 0:
        return f"{at}a tensor of shape {tuple(found.shape)}; expected one number"
    mine = _scalar(found)
    if isinstance(mine, bool) or not isinstance(mine, int | float | complex):
        return f"{at}{show(found)}; expected a number"
    if mine != mine:
        return f"{at}found NaN, expected {_digits(expected)}"
    if abs(mine - expected) <= tolerance * max(1.0, abs(expected)):
        return None
    return f"{at}found {_digits(mine)}, expected {_digits(expected)}"


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
    return f"{at}right shape, wrong values ({share}); at {index} found {_digits(a[first].item())}, expected {_digits(b[first].item())}"


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
