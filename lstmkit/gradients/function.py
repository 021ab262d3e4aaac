"""A callable as a function of its input: it draws the same random numbers at every call, and what it keeps is put back."""

from __future__ import annotations

import contextlib
import copy
import functools
import itertools
import random
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from operator import is_not
from types import FunctionType, MethodType, ModuleType

import numpy as np
import torch
from torch import Tensor, nn

from lstmkit.gradients.settings import theirs

_one_at_a_time = threading.RLock()  # the generators and torch's global hooks belong to all threads


class Dice:
    """The state of every generator that a model may draw from without being asked: torch's, Python's, numpy's."""

    def __init__(self, device: torch.device):
        self.device = device
        self.states = self._now()

    def _now(self) -> dict:
        found = {"torch": torch.get_rng_state(), "Python's random": random.getstate(), "numpy": np.random.get_state()}  # noqa: NPY002
        if self.device.type == "cuda":
            found["CUDA"] = torch.cuda.get_rng_state(self.device)
        return found

    def restore(self) -> None:
        torch.set_rng_state(self.states["torch"])
        random.setstate(self.states["Python's random"])
        np.random.set_state(self.states["numpy"])  # noqa: NPY002
        if "CUDA" in self.states:
            torch.cuda.set_rng_state(self.states["CUDA"], self.device)

    def moved(self) -> list[str]:
        """The generators that were drawn from since."""
        now = self._now()
        found = [name for name in ("torch", "CUDA") if name in now and not torch.equal(now[name], self.states[name])]
        if now["Python's random"] != self.states["Python's random"]:
            found.append("Python's random")
        if now["numpy"][2] != self.states["numpy"][2] or (now["numpy"][1] != self.states["numpy"][1]).any():
            found.append("numpy")
        return found


class Function:
    """A callable that draws the same random numbers at every call. drew: the generators that its first call drew from.

    quiet: no warning if it does. afresh: each call starts from what the modules keep now, and leaves it as it is.
    """

    def __init__(self, run: Callable, device: torch.device, quiet: bool = False):
        self.run, self.device, self.quiet, self.afresh = run, device, quiet, False
        self.start, self.after, self.drew = Dice(device), None, []

    def __call__(self, *args, graph: bool = True) -> object:
        if self.after is not None:
            self.start.restore()
        with theirs(self.device), torch.set_grad_enabled(graph), untouched(self.run) if self.afresh else nullcontext():
            y = self.run(*args)
        if self.after is None:
            self.drew = self.start.moved()
            self.after = Dice(self.device) if self.drew else self.start
        return y


@contextmanager
def frozen(run: Callable, x: Tensor) -> Iterator[Function]:
    """The callable as a `Function`, with a graph whatever mode the caller is in; behind it the generators stand as after one call."""
    with _one_at_a_time:
        device = x.device if isinstance(x, Tensor) else torch.device("cpu")
        function = Function(run, device)
        try:
            with theirs(device):
                yield function
        finally:
            (function.after or function.start).restore()


def modules_of(run: object, depth: int = 4) -> list[nn.Module]:
    """Every module that a callable can reach: itself, its owner, its closure, its defaults, what it names, a partial's parts."""
    found: dict[int, nn.Module] = {}
    seen: dict[int, object] = {}  # the things, too: their ids must not become another's
    level = [run]
    for _ in range(depth + 1):
        behind = []
        for thing in level:
            if id(thing) in seen or len(seen) > 10_000:  # in a large list of data there is no module to find
                continue
            seen[id(thing)] = thing
            if isinstance(thing, nn.Module):
                found.update((id(module), module) for module in thing.modules())
            behind += _held(thing)
        level = behind
    return [module for module in found.values() if not isinstance(module, torch.jit.ScriptModule)]


def _held(thing: object) -> list:
    """What a function, an object or a container holds."""
    if isinstance(thing, dict):
        return list(itertools.islice(thing.values(), 1000))
    if isinstance(thing, list | tuple | set | deque):
        return list(itertools.islice(thing, 1000))
    if isinstance(thing, nn.Module):
        return [value for name, value in vars(thing).items() if name not in _OWN]
    if isinstance(thing, functools.partial):
        return [thing.func, *thing.args, *thing.keywords.values()]
    if isinstance(thing, MethodType):
        return [thing.__self__, thing.__func__]
    if isinstance(thing, FunctionType):
        held = [*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()]
        held += [thing.__globals__[name] for name in thing.__code__.co_names if name in thing.__globals__]
        for cell in thing.__closure__ or ():
            with contextlib.suppress(ValueError):  # a cell that is still empty
                held.append(cell.cell_contents)
        return held
    if isinstance(thing, type | Tensor | ModuleType) or type(thing).__module__ in ("builtins", "numpy"):
        return []
    try:
        return list(vars(thing).values())
    except TypeError:  # without attributes of its own
        return []


_OWN = frozenset(vars(nn.Module()))  # torch's own names in a module


@contextmanager
def untouched(run: Callable) -> Iterator[Kept]:
    """Let a call work on copies of what its modules keep (buffers, attributes): afterwards all is as it was."""
    modules = modules_of(run)
    kept, before = Kept(modules), [(module, dict(vars(module)), dict(module._buffers)) for module in modules]
    try:
        for module, own, buffers in before:
            vars(module).update({name: kept.copy(value) for name, value in own.items() if name not in _OWN})
            module._buffers.update({name: kept.copy(value) for name, value in buffers.items()})
        yield kept
    finally:
        for module, own, buffers in before:
            vars(module).clear()
            vars(module).update(own)
            module._buffers.clear()
            module._buffers.update(buffers)
        kept.put_back()


class Kept:
    """Copies of tensors, for they may be changed in place, and the graph of an earlier call may need the originals; containers stay
    the ones that they are, for others may know them (a hook, another module), and get their contents back."""

    def __init__(self, modules: list[nn.Module] = ()):
        """modules: tensors that are another name for one of their parameters, or for an array of theirs, stay the ones that they are."""
        self.memo, self.contents = {}, []
        self.fixed = {part.data_ptr() for module in modules for part in module._parameters.values() if _dense(part)}
        arrays = [value for module in modules for value in vars(module).values() if isinstance(value, np.ndarray)]
        self.fixed |= {value.__array_interface__["data"][0] for value in arrays}

    def copy(self, value: object) -> object:
        if id(value) in self.memo:
            return self.memo[id(value)][0]
        new = value
        if isinstance(value, Tensor) and not isinstance(value, nn.Parameter):
            new = self._tensor(value)
        elif isinstance(value, tuple):
            parts = [self.copy(part) for part in value]
            if any(part is not old for part, old in zip(parts, value, strict=True)):
                new = type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
        elif isinstance(value, set | list | deque | dict) or isinstance(value, np.ndarray) and value.flags.writeable:
            self.memo[id(value)] = value, value  # before its parts, which may lead back to it
            self.contents.append((value, value.copy() if hasattr(value, "copy") else copy.copy(value)))
            if isinstance(value, list | deque | dict) and len(value) <= 1000:  # more than that is data
                for key in list(value) if isinstance(value, dict) else range(len(value)):
                    if (part := self.copy(value[key])) is not value[key]:
                        value[key] = part
        self.memo[id(value)] = new, value  # the original, too: its id must not be another's meanwhile
        return new

    def _tensor(self, value: Tensor) -> Tensor:
        if (
            nn.parameter.is_lazy(value)
            or value.layout == torch.strided
            and value.untyped_storage().data_ptr() in self.fixed
        ):
            return value
        if value.is_leaf and not value.requires_grad and _dense(value):
            memory = value.untyped_storage()  # views of one memory stay views of one memory
            with torch.no_grad():
                twin = self.memo.setdefault(("memory", memory._cdata), (memory.clone(), memory))[0]
                new = value.new_empty(0).set_(twin, value.storage_offset(), value.shape, value.stride())
        else:
            new = value.detach().clone().requires_grad_(value.requires_grad) if value.is_leaf else value.clone()
        vars(new).update(vars(value))
        return new

    def put_back(self) -> None:
        for value, content in self.contents:
            with contextlib.suppress(Exception):  # one that refuses must not keep the others from it
                if isinstance(value, np.ndarray):
                    value[...] = content
                elif (
                    not isinstance(value, list | deque)
                    or len(value) != len(content)
                    or any(map(is_not, value, content))
                ):
                    value.clear()
                    (value.extend if isinstance(value, list | deque) else value.update)(content)


def _dense(value: object) -> bool:
    """A tensor that is its memory, as it is: strided, and not read through a conjugate or a sign."""
    plain = isinstance(value, Tensor) and not nn.parameter.is_lazy(value) and value.layout == torch.strided
    return plain and not (value.is_conj() or value.is_neg()) and value.device.type != "meta"
