"""A fence around a learner's code: a time limit, nothing it says gets out, and it leaves the lesson's state as it was."""

from __future__ import annotations

import ctypes
import logging
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

import numpy as np
import torch

__all__ = ["TimeUp", "limited", "quiet", "steady"]


class TimeUp(BaseException):
    """Raised inside the learner's call when its time is up; no Exception, so that `except Exception` cannot eat it."""


def limited(call: Callable[[], Any], seconds: float) -> Any:
    """call(), stopped after so many seconds by raising TimeUp inside it, again and again, so that no bare `except:` eats it."""
    by_signal = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    try:
        return (_limited_by_signal if by_signal else _limited_by_thread)(call, seconds)
    except TimeUp as stop:
        says = "an endless loop? Look at the condition of your `while`, or at how far your loop runs"
        raise TimeUp(f"stopped after {seconds:g} s: {says}{stop}") from None


# The first rings are 0.2 s apart. Who has eaten three of them is rung all the time: one then falls between two `try`s.
_PATIENCE, _APART, _SOON = 3, 0.2, 1e-5


def _limited_by_signal(call, seconds):
    rings, over = 0, False

    def ring(*_):
        nonlocal rings
        if over:
            return
        rings += 1
        signal.setitimer(signal.ITIMER_REAL, _APART if rings < _PATIENCE else _SOON)
        raise TimeUp

    old = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        result = call()
    finally:
        over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    if rings:  # eaten, but late all the same
        raise TimeUp
    return result


def _limited_by_thread(call, seconds):
    """Where there is no such signal (Windows, or not in the main thread): in a thread of its own, which is left behind if need be."""
    said = {}

    def work():
        try:
            said["result"] = call()
        except BaseException as error:
            said["error"] = error

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    late = True
    try:
        worker.join(seconds)
        late = worker.is_alive()
    finally:  # late, or the learner interrupts
        rings = 0
        while late and worker.is_alive() and rings < _PATIENCE:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(worker.ident), ctypes.py_object(TimeUp))
            worker.join(_APART)
            rings += 1
    if late:
        raise TimeUp(". It still runs, out of reach: restart the kernel" if worker.is_alive() else "")
    if "error" in said:
        raise said["error"]
    return said["result"]


@contextmanager
def quiet() -> Iterator[StringIO]:
    """Catch what is printed, warned, logged or displayed inside; gives what was said. Gradients are on, torch's settings kept."""
    said = StringIO()
    root, shell = logging.getLogger(), _shell()
    handlers, dtype = root.handlers[:], torch.get_default_dtype()
    publisher = getattr(shell, "display_pub", None)
    with redirect_stdout(said), redirect_stderr(said), warnings.catch_warnings(), torch.enable_grad():
        warnings.simplefilter("always")  # a filter of the lesson's could turn a warning into an exception
        for kind in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
            warnings.simplefilter("ignore", kind)
        warnings.showwarning = lambda message, kind, *_: said.write(f"{kind.__name__}: {message}\n")
        root.handlers = [logging.StreamHandler(said)]
        if publisher is not None:
            from IPython.core.displaypub import CapturingDisplayPublisher

            shell.display_pub = CapturingDisplayPublisher()
        try:
            yield said
        finally:
            root.handlers = handlers
            torch.set_default_dtype(dtype)
            if publisher is not None:
                shell.display_pub = publisher


def _shell():
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None


@contextmanager
def steady(seed: int) -> Iterator[None]:
    """Python's, numpy's and torch's random numbers start from a seed inside, and outside go on as if nothing had been."""
    cuda = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(devices=cuda):
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        torch.default_generator.manual_seed(seed)
        if cuda:
            torch.cuda.manual_seed_all(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(legacy)  # noqa: NPY002
