"""A whole model held as one callable: find the recurrent layer inside it, and see whether the fast road leads through.

It does where the model reads its input step by step (an embedding, a projection), runs one plain recurrent layer over it, and
reads that out step by step (a head, and perhaps a way around the layer). Whether that is so is not guessed from the model's
text: the model is run, the layer's input and output are caught, the layer's output is put in again as a leaf, and gradients tell
what depends on what (`callables.leaks`). If anything speaks against it, autograd differentiates the whole model.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lstmkit.gradients import back
from lstmkit.gradients.callables import (
    NotAFunction,
    Outputs,
    by_autograd,
    columns,
    compare,
    exact,
    leaks,
    noise,
    outputs,
    same_everywhere,
)
from lstmkit.gradients.function import Function
from lstmkit.gradients.linearise import Tape, initial, plain, read, roll
from lstmkit.gradients.settings import BLOCKS, empty, run, theirs


class Caught(NamedTuple):
    """One call of a plain recurrent layer: its input u, the state it was given, and what it returned."""

    layer: nn.Module
    u: Tensor
    state: object
    y: Tensor
    final: object


@contextmanager
def _catching(caught: list[Caught | None]) -> Iterator[None]:
    """Note every call of a recurrent layer in this thread (None for one that is not plain)."""
    thread = threading.get_ident()

    def hook(module: nn.Module, args: tuple, kwargs: dict, output: object) -> None:
        recurrent = isinstance(module, nn.RNNBase | nn.RNNCellBase) or hasattr(module, "weight_hh_l0")
        if threading.get_ident() != thread or not recurrent:
            return
        u, state, known = _read(args, kwargs)
        if known and plain(module) and isinstance(u, Tensor) and u.ndim == 3:
            caught.append(Caught(module, *_now((u, state), Tensor.clone), *_now(output)))  # a model may go on in place
        else:
            caught.append(None)

    handle = nn.modules.module.register_module_forward_hook(hook, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def _read(args: tuple, kwargs: dict) -> tuple[object, object, bool]:
    """What a recurrent layer was called with: its input, its state, and whether that was all."""
    named = {name: value for name, value in kwargs.items() if value is not None}
    u = args[0] if args else named.get("input", named.get("x"))
    state = args[1] if len(args) > 1 else named.get("hx", named.get("state"))
    return u, state, len(args) <= 2 and set(named) <= {"input", "x", "hx", "state"}


@contextmanager
def _replaced(layer: nn.Module, put_out: Callable, told: list[Tensor]) -> Iterator[None]:
    """In this thread the layer computes nothing: it returns put_out() and tells what it was given, its input, then its state."""
    thread, forward = threading.get_ident(), layer.forward

    def instead(*args, **kwargs) -> object:
        if threading.get_ident() != thread:
            return forward(*args, **kwargs)
        u, state, _ = _read(args, kwargs)
        told.extend(_now([u, *_parts(state)]))
        return put_out()

    instead.elsewhere = True
    layer.forward = instead
    try:
        yield
    finally:
        vars(layer).pop("forward", None)


def jacobian(function: Function, x: Tensor, norms: bool) -> Tensor:
    """∂y_t/∂x_s of any callable, (N, T, K, …) or norms (N, T, S): through the layer inside it, or else by autograd."""
    caught: list[Caught | None] = []
    swapped: list[Tensor] = []  # of the second call: y, x, the layer's output, its final states, all leaves but y

    def again(leaf: Tensor) -> Tensor:
        if not _fits(caught, x):
            return function(leaf.clone()).detach()
        first, told = caught[0], []
        leaves = [_leaf(first.y), *(_leaf(part) for part in _parts(first.final))]

        def put_out() -> tuple:
            y, *final = (part.clone() for part in leaves)
            kind = type(first.final)
            return y, kind(*final) if hasattr(kind, "_fields") else tuple(final) if kind is tuple else final[0]

        second = _leaf(leaf)
        try:
            with _replaced(first.layer, put_out, told):
                y = function(second.clone())
            given = [first.u, *_parts(first.state)]
            if len(told) == len(given):  # else another layer than in the first call, or another call beside it
                for before, now in zip(given, told, strict=True):
                    compare(before.detach(), now, "the model")  # what the layer itself was given this time
                swapped.extend([y, second, *leaves])
                return y.detach()
        except NotAFunction:
            raise
        except Exception:  # a model that differentiates inside, say, cannot do without its layer
            pass
        return function(leaf.clone()).detach()

    with _catching(caught):
        out = outputs(function, x, again=again)
    with theirs(x.device):
        tape = None
        with contextlib.suppress(RuntimeError):  # a graph that is made anew when it is used, say
            tape = _tape(caught[0], swapped, out) if swapped else None
    if tape is None:
        return by_autograd(out, norms)
    if norms:
        result = empty(x, (tape.N, tape.T, tape.T), exact(x), BLOCKS)
    else:
        result = empty(x, (tape.N, tape.T, tape.K, tape.T, tape.D), None, BLOCKS)
    adjoint = run(lambda: back.fill(tape, result, norms) or _adjoint(tape, out.pick.detach(), result, norms), x.device)
    if not _agrees(adjoint, out):
        return by_autograd(out, norms)
    return result.sqrt_().to(x.dtype) if norms else result.view(*result.shape[:3], *x.shape[1:])


def _parts(state: object) -> list[Tensor]:
    """The tensors of a state: one, or a pair."""
    return [] if state is None else list(state) if isinstance(state, tuple | list) else [state]


def _leaf(part: Tensor) -> Tensor:
    return part.detach().clone().requires_grad_()


def _now(value: object, clone: Callable = lambda part: part.detach().clone()) -> object:
    """Tensors as they are now, in whatever tuples and lists: without their graph, or with it (Tensor.clone)."""
    if isinstance(value, tuple | list):
        parts = [_now(part, clone) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return clone(value) if isinstance(value, Tensor) else value


def _fits(caught: list[Caught | None], x: Tensor) -> bool:
    """One call of one plain layer, with a step for each step of x, that draws no dropout."""
    if len(caught) != 1 or caught[0] is None or x.ndim < 2:
        return False
    layer, u = caught[0].layer, caught[0].u
    same = u.shape[:2] == x.shape[:2] and u.dtype == x.dtype == layer.weight_hh_l0.dtype == caught[0].y.dtype
    return same and x.dtype in (torch.float32, torch.float64) and not layer.dropout * layer.training


def _tape(caught: Caught, swapped: list[Tensor], out: Outputs) -> Tape | None:
    """The layer between what stands before, beside and behind it; None if something in the model reaches across steps."""
    (y, second, layer_y, *final), leaf, (N, T) = swapped, out.leaf, out.leaf.shape[:2]
    if y.ndim != 3 or y.shape[1] != T:
        return None
    pick = noise(y.shape, y)
    by_y, by_x, *by_final = torch.autograd.grad(
        y, [layer_y, second, *final], pick, retain_graph=True, allow_unused=True
    )
    if by_y is None or any(part is not None and part.any() for part in by_final):
        return None
    if leaks(Outputs(y, layer_y, pick, by_y), 2):
        return None
    beside = before = None
    if by_x is not None and by_x.any():  # a way around the layer
        if leaks(Outputs(y, second, pick, by_x), 2):
            return None
        beside = columns(y, second).reshape(N, T, y.shape[2], -1)
    for part in _parts(caught.state):
        if (
            part.requires_grad
            and torch.autograd.grad(part.sum(), leaf, retain_graph=True, allow_unused=True)[0] is not None
        ):
            return None
    if not _is(caught.u, leaf):
        pick = noise(caught.u.shape, caught.u)
        by_x = caught.u.requires_grad and torch.autograd.grad(caught.u, leaf, pick, True, allow_unused=True)[0]
        if not isinstance(by_x, Tensor) or leaks(Outputs(caught.u, leaf, pick, by_x), 2):
            return None
        before = columns(caught.u, leaf).reshape(N, T, caught.u.shape[2], -1)
    net, u, known = read(caught.layer), caught.u.detach(), caught.y.detach()
    stack, _ = run(lambda: roll(net, u, initial(net, caught.state, u), known), u.device)
    tape = Tape(stack, columns(y, layer_y).transpose(0, 1), before, beside)
    return _folded(tape) if before is not None else tape


def _adjoint(tape: Tape, pick: Tensor, result: Tensor, norms: bool) -> Tensor:
    """⟨pick, ∂y/∂x⟩ by the tape, (N, T, D): from the Jacobian where there is one, else by a sweep of one row."""
    if not norms:
        return (pick.reshape(len(pick), 1, -1) @ result.flatten(3).flatten(1, 2)).view(*pick.shape[:2], -1)
    with torch.inference_mode():
        dy = (pick.transpose(0, 1)[:, :, None] @ tape.C).permute(1, 2, 0, 3)  # (N, 1, T, H·directions)
        dx = back.pulled([[step.ready() for step in both] for both in tape.stack], dy)[:, 0]
        if tape.before is not None:
            dx = (dx[:, :, None] @ tape.before)[:, :, 0]
        return dx if tape.beside is None else dx + (pick[:, :, None] @ tape.beside)[:, :, 0]


def _agrees(adjoint: Tensor, out: Outputs) -> bool:
    """Whether one backward pass of the first call, as it was, says the same: is anything missing in the tape?

    It is if the model hands something on behind the second call's back (a list that two modules share), or used other weights.
    """
    with theirs(out.leaf.device):
        want = torch.autograd.grad(out.y, out.leaf, out.pick, retain_graph=True, allow_unused=True)[0]
    if want is None:
        return False
    got, want = adjoint.reshape(*want.shape[:2], -1), want.reshape(*want.shape[:2], -1)
    eps, tiny = torch.finfo(want.dtype).eps, torch.finfo(want.dtype).tiny
    if not math.isfinite(float(want.sum() + got.sum())):  # where it is not finite, there is nothing to compare
        if (want.isfinite() & ~got.isfinite()).any():
            return False
        got, want = got.masked_fill(~want.isfinite(), 0), want.nan_to_num(0, 0, 0)
    size = torch.maximum(want.abs(), got.abs()).amax(1, keepdim=True)  # each number of x has a unit of its own
    return bool(((got - want).abs() <= eps**0.6 * size + tiny).all())


def _is(u: Tensor, leaf: Tensor) -> bool:
    """Whether the layer reads x itself: u is the copy of the leaf that the callable was given."""
    node = u.grad_fn and u.grad_fn.next_functions[0][0]  # of what was caught, behind the copy that the hook made
    own = node is not None and node.name().startswith("CloneBackward") and u.shape == leaf.shape
    return own and getattr(node.next_functions[0][0], "variable", None) is leaf


def _folded(tape: Tape) -> Tape:
    """Where what stands before the layer is the same linear map at every step, it belongs into the layer's own weights."""
    one, H = tape.before[:1, :1], tape.H
    if one.shape[3] > one.shape[2] or not same_everywhere(tape.before):
        return tape
    for step in tape.stack[0]:
        step.W = torch.cat([step.W[:, :H], step.W[:, H:] @ one[0, 0]], dim=1)
    return tape._replace(before=None)
