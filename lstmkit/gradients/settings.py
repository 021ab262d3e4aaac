"""How the engine computes: plain arithmetic in its own sweeps alone, stopped by an interrupt, refused if there is no room.

The settings here (no denormals, no autocast, no cuDNN) hold for the engine's own products; whatever is the user's (a model, a
head, a start) runs as the caller has it, but for what autograd itself needs (`theirs`).
"""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from functools import cache

import numpy as np
import torch
from torch import Tensor

SMALL = 2**26  # bytes that are there without asking
WORKSPACE = 2**25  # bytes that a sweep may use beside the result, where the result itself is smaller
LEAST = sys.float_info.min  # the least normal number
_here = threading.local()


class Abandoned(Exception):
    """The caller was interrupted: what still works for it must stop."""


@contextmanager
def ours(device: torch.device | str) -> Iterator[None]:
    """Plain arithmetic: no graph, no autocast, no inference tensors, no cuDNN, and numbers below the normal range count as 0.

    Vanished gradients are denormal numbers, on which processors are 10 to 100 times slower.
    """
    kind = torch.device(device).type
    with ExitStack() as stack:
        if torch.is_inference_mode_enabled():
            stack.enter_context(torch.inference_mode(False))  # which turns the graph on
        stack.enter_context(torch.no_grad())
        if torch.is_autocast_enabled(kind):
            stack.enter_context(torch.autocast(kind, enabled=False))
        if kind == "cuda":
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        flushed = LEAST * 0.5 == 0  # of this thread
        torch.set_flush_denormal(True)
        try:
            yield
        finally:
            torch.set_flush_denormal(flushed)


@contextmanager
def theirs(device: torch.device | str) -> Iterator[None]:
    """For the user's own code: with a graph, and without cuDNN, whose RNNs have no backward in eval mode and never a second one."""
    with ExitStack() as stack:
        for switch in (torch.inference_mode(False), torch.enable_grad()):
            stack.enter_context(switch)
        if torch.device(device).type == "cuda":
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        yield


@contextmanager
def unfused() -> Iterator[None]:
    """Without oneDNN's fused RNNs, which cannot be differentiated twice."""
    before = torch.backends.mkldnn.enabled
    torch.backends.mkldnn.enabled = False
    try:
        yield
    finally:
        torch.backends.mkldnn.enabled = before


def run(work: Callable[[], object], device: torch.device) -> object:
    """Do the work under `ours`, on a CPU with several threads in a thread of its own. An interrupt ends it within one step.

    To count denormal numbers as 0 is a setting of one thread. The helpers that a thread starts for torch's operations inherit
    it; those of the caller's thread were there before, and would fall behind by ten times when a gradient vanishes.
    """
    if getattr(_here, "inside", False):  # within another run: the settings hold already
        return work()
    threads = torch.get_num_threads()  # the caller's: each thread has a number of its own
    if device.type != "cpu" or threads == 1:
        with ours(device):
            return _within(work)
    stop = threading.Event()

    def there() -> object:
        _here.stop = stop
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        with torch.no_grad():
            return _within(work)

    future = _worker(os.getpid()).submit(there)
    try:
        while not future.done():
            wait([future], timeout=0.2)  # not without a limit: on Windows nothing interrupts that
        return future.result()
    except BaseException:  # KeyboardInterrupt in the caller, while the worker goes on
        stop.set()
        wait([future])
        raise


def _within(work: Callable[[], object]) -> object:
    _here.inside = True
    try:
        with np.errstate(all="ignore"):  # what explodes or vanishes is the caller's to see, as in torch
            return work()
    finally:
        _here.inside = False


def alive() -> None:
    """Called at each step of a sweep: raises Abandoned where the caller was interrupted."""
    stop = getattr(_here, "stop", None)
    if stop is not None and stop.is_set():
        raise Abandoned


@cache
def _worker(process: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "sweep", torch.set_flush_denormal, (True,))


def empty(like: Tensor, shape: tuple[int, ...], dtype: torch.dtype | None = None, cure: str = "") -> Tensor:
    """Zeros of that shape, refused before they are allocated where they cannot fit: MemoryError with their size and the cure."""
    dtype = dtype or like.dtype
    needed = math.prod(shape) * dtype.itemsize
    there = free(like.device) if needed > SMALL else None
    if there is not None and needed > there:
        size = f"{needed / 1e9:,.1f} GB, and {there / 1e9:,.1f} GB are free on {like.device.type}"
        raise MemoryError(f"the result {shape} would take {size}: {cure}")
    with torch.inference_mode(False):
        return torch.zeros(shape, dtype=dtype, device=like.device)


BLOCKS = "take norms=True (no blocks are kept), fewer samples, or a head that gives fewer outputs"


def free(device: torch.device) -> int | None:
    """Bytes that can still be allocated on a device, None where that is not known."""
    if device.type == "cuda":
        return (
            torch.cuda.mem_get_info(device)[0]
            + torch.cuda.memory_reserved(device)
            - torch.cuda.memory_allocated(device)
        )
    if device.type != "cpu":
        return None
    try:
        with open("/proc/meminfo") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def slices(count: int, size: int) -> list[slice]:
    """0 … count in slices of at most `size`, at least 1."""
    return [slice(at, min(at + max(1, size), count)) for at in range(0, count, max(1, size))]


class Numbers(Tensor):
    """Plain numbers without a graph, which say so where a training loss asks them for one.

    A tensor in all else. It refuses to be added to a loss that has a graph: that would train without any effect. `.detach()`
    is the plain tensor, for whoever means a constant.
    """

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function in _SUMS and torch.is_grad_enabled():
            scalars = [part for part in args if isinstance(part, Tensor) and part.ndim == 0]
            plain = any(isinstance(part, Numbers) and not part.requires_grad for part in scalars)
            if plain and any(part.requires_grad for part in scalars):
                raise RuntimeError(
                    "a Jacobian of lstmkit.gradients is plain numbers: added to this loss it would train without any effect. "
                    "Compute it with sequence_jacobian(…, differentiable=True); or, for a constant, take its .detach()"
                )
        if function in _PLAIN:
            return function(
                *[part.as_subclass(Tensor) if isinstance(part, Numbers) else part for part in args], **kwargs or {}
            )
        return super().__torch_function__(function, types, args, kwargs or {})


_SUMS = {torch.add, torch.sub, Tensor.add, Tensor.sub, Tensor.add_, Tensor.sub_, Tensor.__radd__, Tensor.__rsub__}
_SUMS |= {Tensor.__add__, Tensor.__sub__, Tensor.__iadd__, Tensor.__isub__}
_PLAIN = {Tensor.detach, Tensor.__format__, Tensor.__repr__, Tensor.__reduce_ex__, Tensor.__deepcopy__}


def numbers(result: Tensor) -> Tensor:
    """The result as `Numbers` where the caller builds graphs, else as it is."""
    return result.as_subclass(Numbers) if torch.is_grad_enabled() else result
