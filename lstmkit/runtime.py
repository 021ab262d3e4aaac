"""The machine under the lesson: seeds, device, and the two environment switches, which are read here and nowhere else.

`LSTMKIT_DEVICE`       cpu, cuda, cuda:1, mps …; default: cuda where there is one, else cpu.
`LSTMKIT_SEED_OFFSET`  an integer added to every seed; default 0. `make claims` shifts it to see whether a claim is luck.
"""

from __future__ import annotations

import os
import platform
import random

import numpy as np
import torch

__all__ = ["describe", "device", "generator", "grading", "seed", "seed_offset"]


def seed_offset() -> int:
    """The number added to every seed (`LSTMKIT_SEED_OFFSET`, default 0). Raises ValueError if it is not an integer."""
    text = os.environ.get("LSTMKIT_SEED_OFFSET", "0").strip() or "0"
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"LSTMKIT_SEED_OFFSET={text!r}: expected an integer such as 0 or 3") from None


def seed(n: int) -> None:
    """Seed Python, numpy and torch (CPU and GPU) with n plus the seed offset. Raises TypeError unless n is an integer."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer):
        raise TypeError(f"seed({n!r}): expected an integer such as seed(0)")
    value = (int(n) + seed_offset()) % 2**32
    random.seed(value)
    np.random.seed(value)  # noqa: NPY002  libraries that a lesson calls may still draw from the global generator
    torch.manual_seed(value)


def generator(n: int) -> torch.Generator:
    """A CPU random generator of its own, seeded with n plus the seed offset: drawing from it disturbs nothing else."""
    return torch.Generator().manual_seed((int(n) + seed_offset()) % 2**63)


def device() -> torch.device:
    """The device that lessons compute on: `LSTMKIT_DEVICE`, else cuda where there is one, else cpu.

    Raises ValueError for a device that torch does not know or this machine does not have.
    """
    name = os.environ.get("LSTMKIT_DEVICE", "").strip()
    if not name:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
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
    return chosen


def grading() -> bool:
    """True while nbgrader runs the notebook to grade it (it sets `NBGRADER_EXECUTION`)."""
    return "NBGRADER_EXECUTION" in os.environ


def describe() -> str:
    """One line about this machine: Python, torch and numpy versions, the device, the number of threads."""
    here = device()
    where = torch.cuda.get_device_name(here) if here.type == "cuda" else f"{torch.get_num_threads()} thread(s)"
    versions = f"Python {platform.python_version()}, torch {torch.__version__}, numpy {np.__version__}"
    return f"{versions}, on {here} ({where})"
