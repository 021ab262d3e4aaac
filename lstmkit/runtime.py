"""The machine under the lesson: seeds, device, and the two environment switches, which are read here and nowhere else.

`LSTMKIT_DEVICE`       cpu, cuda, cuda:1, mps …; default: cuda where there is one and it computes, else cpu.
`LSTMKIT_SEED_OFFSET`  an integer added to every seed; default 0. `make claims` shifts it to see whether a claim is luck.
"""

from __future__ import annotations

import operator
import os
import platform
import random
import warnings
from functools import cache

import numpy as np
import torch

__all__ = ["describe", "device", "generator", "seed", "seed_offset", "validating"]


def seed_offset() -> int:
    """The number added to every seed (`LSTMKIT_SEED_OFFSET`, default 0). Raises ValueError if it is not an integer."""
    text = os.environ.get("LSTMKIT_SEED_OFFSET", "0").strip() or "0"
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"LSTMKIT_SEED_OFFSET={text!r}: expected an integer such as 0 or 3") from None


def seed(n: int) -> None:
    """Seed Python, numpy and torch (CPU and GPU) with n plus the seed offset. Raises TypeError unless n is an integer."""
    value = _shifted(n, "seed") % 2**32
    random.seed(value)
    np.random.seed(value)  # noqa: NPY002  libraries that a lesson calls may still draw from the global generator
    torch.manual_seed(value)


def generator(n: int) -> torch.Generator:
    """A CPU random generator of its own, seeded with n plus the seed offset: drawing from it disturbs nothing else.

    Raises TypeError unless n is an integer.
    """
    return torch.Generator().manual_seed(_shifted(n, "generator") % 2**63)


def _shifted(n, what: str) -> int:
    try:
        whole = operator.index(n)  # Python's and numpy's integers, and tensors of one
    except TypeError:
        whole = None
    if whole is None or isinstance(n, bool):
        raise TypeError(f"{what}({n!r}): expected an integer such as {what}(0)")
    return whole + seed_offset()


def device() -> torch.device:
    """The device that lessons compute on: `LSTMKIT_DEVICE`, else cuda where there is one that computes, else cpu.

    A GPU is tried before it is trusted: one that torch has no kernels for is left alone, with one warning. Raises ValueError
    for a device in `LSTMKIT_DEVICE` that torch does not know, this machine does not have, or that does not compute.
    """
    name = os.environ.get("LSTMKIT_DEVICE", "").strip()
    if not name:
        return torch.device(_default())
    try:
        chosen = torch.device(name)
    except RuntimeError:
        raise ValueError(f"LSTMKIT_DEVICE={name!r}: expected cpu, cuda or mps") from None
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (chosen.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(chosen.type, False):
        raise ValueError(f"LSTMKIT_DEVICE={name!r}: this machine has no such device; unset the variable or choose cpu")
    if trouble := _trouble(name):
        raise ValueError(f"LSTMKIT_DEVICE={name!r} is there but does not compute ({trouble}); choose cpu")
    return chosen


@cache
def _default() -> str:
    trouble = _trouble("cuda") if torch.cuda.is_available() else ""
    if trouble:
        warnings.warn(f"this machine's GPU does not compute ({trouble}): going on with the CPU", stacklevel=3)
    return "cuda" if torch.cuda.is_available() and not trouble else "cpu"


@cache
def _trouble(name: str) -> str:
    """Why a small LSTM, forward and back, does not give on this device what it gives on the CPU; "" if it does."""
    try:
        with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
            found = []
            layer = torch.nn.LSTM(3, 3, device="cpu", dtype=torch.float32)
            for where in ("cpu", name):
                x = torch.ones(4, 2, 3, device=where, dtype=torch.float32, requires_grad=True)
                layer = layer.to(where)
                layer(x)[0].sum().backward()
                found.append(x.grad.sum().item())
    except Exception as error:  # whatever a driver or a build without kernels may raise
        return (str(error).splitlines() or [type(error).__name__])[0]
    return "" if abs(found[0] - found[1]) < 0.01 else f"a derivative is {found[1]:.3g} instead of {found[0]:.3g}"


def validating() -> bool:
    """True while nbgrader's "Validate" runs the notebook (nbgrader sets `NBGRADER_EXECUTION`)."""
    return os.environ.get("NBGRADER_EXECUTION") == "validate"


def describe() -> str:
    """One line about this machine: Python, torch and numpy versions, the device, the number of threads."""
    here = device()
    where = torch.cuda.get_device_name(here) if here.type == "cuda" else f"{torch.get_num_threads()} thread(s)"
    versions = f"Python {platform.python_version()}, torch {torch.__version__}, numpy {np.__version__}"
    return f"{versions}, on {here} ({where})"
