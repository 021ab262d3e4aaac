"""Any callable: is it a function of its input at all, and what does autograd say, output by output?

A callable is called twice with the same input and the same random numbers: who keeps a state between calls is refused, who
draws random numbers is told that the result holds for one draw. Two backward passes then tell whether sequences (or steps)
leak into each other (`leaks`).
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from lstmkit.gradients.function import Function, frozen, untouched
from lstmkit.gradients.settings import BLOCKS, empty, slices, theirs, unfused
from lstmkit.shapes import expect_finite

TRACE = 1e-6  # a gradient below this share of the largest one counts as none where dependence is tested


def call(model: Callable, x: Tensor, state=None, head: Callable | None = None) -> Tensor:
    y = model(x) if state is None else model(x, state)
    y = y[0] if isinstance(y, tuple | list) and y else y
    return y if head is None else head(y)


# ---- one call, checked ------------------------------------------------------------------------------------------------


class Outputs(NamedTuple):
    """y of one call and the leaf that it depends on, a copy of x; one backward pass: grad of ⟨pick, y⟩ by the leaf."""

    y: Tensor
    leaf: Tensor
    pick: Tensor
    grad: Tensor | None


def outputs(
    run: Callable, x: Tensor, what: str = "the model", again: Callable | None = None, needs: bool = True
) -> Outputs:
    """Call a callable twice on x, with every check. run: a `Function`, or a callable (a head).

    again(leaf): makes the second call in another way and returns its y; whether y depends on x is then left to `depending`.
    needs: refuse an output that does not depend on x (else its grad is None).
    """
    if not isinstance(run, Function):
        with frozen(run, x) as function:
            return outputs(function, x, what, again, needs)
    check(x)
    leaf = x.detach().clone().requires_grad_()
    with theirs(run.device), untouched(run.run):
        y = run(leaf.clone())  # a copy, so that the callable may begin with an operation in place
        if not isinstance(y, Tensor):
            raise TypeError(f"{what} returned a {type(y).__name__}; expected a tensor y, or a tuple that starts with y")
        if y.ndim == 0 or len(y) != len(x):
            raise ValueError(
                f"{what} maps {tuple(x.shape)} to {tuple(y.shape)}; expected a result for each of the samples"
            )
        if y.numel() == 0:
            raise ValueError(f"{what}'s output has shape {tuple(y.shape)}: there is nothing in it to differentiate")
        if not y.is_floating_point():
            raise TypeError(f"{what} returned {str(y.dtype).removeprefix('torch.')}; expected floating point numbers")
        expect_finite(y, f"{what}'s output")
        second = run(leaf.clone()).detach() if again is None else again(leaf)
    compare(y.detach(), second, what)
    if run.drew and not run.quiet:
        warnings.warn(
            f"{what} draws random numbers ({', '.join(run.drew)}): dropout in train mode, teacher forcing by chance, a random "
            "initial state? The result holds for one draw; call model.eval() for the model as it is used",
            stacklevel=3,
        )
    out = Outputs(y, leaf, torch.ones_like(y) if y[0].numel() == 1 else noise(y.shape, y), None)
    return depending(out, what, needs) if again is None else out


def depending(out: Outputs, what: str = "the model", needs: bool = True) -> Outputs:
    """With the gradient of ⟨pick, y⟩. ValueError if y does not depend on x at all (needs=False: then grad stays None)."""
    grad = None
    if out.y.requires_grad:
        with theirs(out.leaf.device):
            grad = torch.autograd.grad(out.y, out.leaf, out.pick, True, allow_unused=True)[0]
    if grad is None and needs:
        raise ValueError(
            f"{what}'s output does not depend on its input: does a detach(), no_grad() or argmax cut it off?"
        )
    return out._replace(grad=grad)


def check(x: Tensor) -> None:
    """One clear line unless x is a tensor of floating point numbers without NaN, and not empty."""
    if not isinstance(x, Tensor):
        raise TypeError(f"x is a {type(x).__name__}; expected a padded torch.Tensor (N, T, D)")
    name = str(x.dtype).removeprefix("torch.")
    if x.is_complex():
        raise TypeError(
            f"x has dtype {name}; expected real numbers: give torch.view_as_real(x), and a callable from there"
        )
    if not x.is_floating_point():
        cure = "differentiate by the embedding: x = embedding(tokens), and a callable that starts from there"
        raise TypeError(f"x has dtype {name}: integers have no gradient; {cure}")
    if x.layout != torch.strided:
        raise TypeError(f"x has layout {x.layout}; expected a dense tensor: x.to_dense()")
    if x.ndim == 0 or x.numel() == 0:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected (N, …): there is nothing in it to differentiate by")
    expect_finite(x)


class NotAFunction(ValueError):
    """A second call with the same input gave other outputs."""


def compare(y: Tensor, again: Tensor, what: str) -> None:
    """An error where two calls do not agree: a state is kept between them."""
    worst = float("inf")
    if again.shape == y.shape:  # each result against its own size: one may be a million times the others
        off, size = (again - y).abs().masked_fill(again == y, 0), y.abs().masked_fill(y.isinf(), 0)
        size = size.amax(tuple(range(y.ndim - 1)), keepdim=True) if y.ndim > 2 else size.amax()
        worst = float((off / size.clamp_min(torch.finfo(y.dtype).tiny)).max())
    if not worst <= torch.finfo(y.dtype).eps ** 0.6:
        raise NotAFunction(
            f"{what} is not a function of its input: a second call with the same x gave other outputs (by {worst:.2g} of the "
            "largest). It keeps a state between calls, or has a random generator of its own: reset it inside the callable"
        )


def noise(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Random numbers that disturb no generator."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float32).to(
        like.device, like.dtype
    )


def leaks(out: Outputs, axes: int) -> bool:
    """Whether an item of y depends on another item of x; also where that cannot be told, for a gradient that is not finite.

    Items are counted along the first `axes` axes of both. The pass behind `out.grad` is repeated with each item's weight times
    a power of two of its own: where no item reads another, its gradient is multiplied by exactly that, to the last bit. Each item
    is held against its own largest gradient.
    """
    y, leaf, pick, grad = out
    if y.shape[:axes].numel() == 1:
        return False
    scale = _powers(y.shape[:axes].numel(), 3 if torch.finfo(y.dtype).bits < 32 else 12).view(y.shape[:axes])
    scale = scale.to(y.device, y.dtype)
    other = torch.autograd.grad(y, leaf, pick * scale.view(*scale.shape, *[1] * (y.ndim - axes)), retain_graph=True)[0]
    other = other / scale.to(leaf.dtype).view(*scale.shape, *[1] * (leaf.ndim - axes))
    grad, other = grad.reshape(scale.numel(), -1), other.reshape(scale.numel(), -1)
    tiny, trace = torch.finfo(grad.dtype).tiny, min(TRACE, 1e3 * torch.finfo(grad.dtype).eps)
    off = (other - grad).abs().amax(1) > trace * torch.maximum(grad.abs(), other.abs()).amax(1) + 64 * tiny
    return bool(off.any()) or not bool(grad.isfinite().all() and other.isfinite().all())


@lru_cache(maxsize=64)
def _powers(count: int, span: int) -> Tensor:
    """± powers of two, different for consecutive items as long as there are any, in an order that has no period."""
    powers = torch.cat([2.0 ** torch.arange(-span, span + 1), -(2.0 ** torch.arange(-span, span + 1))])
    generator = torch.Generator().manual_seed(0)
    order = torch.cat([torch.randperm(len(powers), generator=generator) for _ in range(-(-count // len(powers)))])
    return powers[order[:count]]


# ---- all derivatives of one call --------------------------------------------------------------------------------------


def columns(y: Tensor, leaf: Tensor) -> Tensor:
    """∂y_t/∂leaf_t where each step stands on its own: y (N, T, K), leaf (N, T, …). Returns (N, T, K, …): one pass for each k."""
    each = torch.eye(y.shape[2], dtype=y.dtype, device=y.device)[:, None, None].expand(-1, *y.shape[:2], -1)
    return gradients_of(y, [leaf], each)[0].movedim(0, 2)


def same_everywhere(jacobian: Tensor) -> bool:
    """Whether a Jacobian (…, …, K, D) is the same at every step of every sequence; each entry in the units of its row and column."""
    one = jacobian[:1, :1]
    size = torch.minimum(one.abs().amax(2, keepdim=True), one.abs().amax(3, keepdim=True))
    return bool(((jacobian - one).abs() <= 8 * torch.finfo(one.dtype).eps * size).all())


def by_autograd(out: Outputs, norms: bool) -> Tensor:
    """The Jacobian of any model by backward passes, batched where they can be: (N, T, K, …), right also if it mixes the batch."""
    out = depending(out) if out.grad is None else out
    y, leaf = out.y, out.leaf
    if y.ndim != 3:
        raise ValueError(
            f"the model's output has shape {tuple(y.shape)}; expected (N, T, K): unsqueeze what is missing"
        )
    mixed = leaks(out, 1)
    if y[0].numel() == 1 and not mixed:  # many to one: the pass that was made for the check is the answer
        answer = out.grad.view(len(y), 1, 1, *leaf.shape[1:])
        return block_norms(answer, 2) if norms else answer
    return blocks(y, leaf, norms, mixed)


def block_norms(blocks: Tensor, axis: int) -> Tensor:
    """Frobenius norms of blocks (…, K, S, D…) over K and D…; axis: that of K."""
    wide = blocks.flatten(axis + 2) if blocks.ndim > axis + 2 else blocks.unsqueeze(-1)
    return torch.linalg.vector_norm(wide, dim=(axis, axis + 2), dtype=exact(blocks)).to(blocks.dtype)


def exact(x: Tensor) -> torch.dtype:
    """The dtype that sums of squares are kept in: float64, but MPS has none."""
    return torch.float32 if x.device.type == "mps" else torch.float64


def blocks(y: Tensor, leaf: Tensor, norms: bool, mixed: bool) -> Tensor:
    N, T, K = y.shape
    if norms:
        result = empty(leaf, (N, T, leaf[0].shape[0]), exact(leaf), BLOCKS)
    else:
        result = empty(leaf, (N, T, K, *leaf.shape[1:]), None, BLOCKS)
    size = _rows_at_once(y, leaf)
    for n in slices(N, 1 if mixed else N):  # sequences that do not touch each other share a backward pass
        for some in slices(T * K, size):
            grads = gradients_of(y, [leaf], _picks(y, n, some))[0]
            for row, grad in zip(range(some.start, some.stop), grads, strict=True):
                if norms:
                    squares = grad[n].to(result.dtype).square()
                    result[n, row // K] += squares.reshape(n.stop - n.start, result.shape[2], -1).sum(2)
                else:
                    result[n, row // K, row % K] = grad[n]
    return result.sqrt_().to(leaf.dtype) if norms else result


def _picks(y: Tensor, n: slice, some: slice) -> Tensor:
    """One for each of the outputs `some`, counted t·K + k, of the sequences n: (rows, N, T, K)."""
    picks = y.new_zeros(some.stop - some.start, *y.shape)
    for at, row in enumerate(range(some.start, some.stop)):
        picks[at, n, row // y.shape[2], row % y.shape[2]] = 1
    return picks


def gradients_of(y: Tensor, leaves: list[Tensor], picks: Tensor, create_graph: bool = False) -> list[Tensor]:
    """The gradients of ⟨pick, y⟩ for every pick by each of the leaves, zeros where there is none: (rows, *leaf.shape) each."""
    options, found = {"retain_graph": True, "allow_unused": True, "create_graph": create_graph}, None
    if len(picks) > 1:
        with contextlib.suppress(RuntimeError, NotImplementedError):  # an operation without a batched backward
            found = torch.autograd.grad(y, leaves, picks, is_grads_batched=True, **options)
    if found is None:
        each = [torch.autograd.grad(y, leaves, pick, **options) for pick in picks]
        found = [None if parts[0] is None else torch.stack(parts) for parts in zip(*each, strict=True)]
    shapes = [(len(picks), *leaf.shape) for leaf in leaves]
    return [y.new_zeros(shape) if part is None else part for part, shape in zip(found, shapes, strict=True)]


def _rows_at_once(y: Tensor, leaf: Tensor) -> int:
    """How many outputs one batched backward pass takes: 1 where torch would only loop (its fused RNNs), or cannot."""
    seen, todo = set(), [y.grad_fn]
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if "Rnn" in node.name():
            return 1
        todo += [following for following, _ in node.next_functions]
    rows = min(128, max(1, 2**26 // ((y.numel() + leaf.numel()) * y.element_size() * 8)))
    try:
        two = torch.zeros(2, *y.shape, dtype=y.dtype, device=y.device)
        torch.autograd.grad(y, leaf, two, retain_graph=True, is_grads_batched=True)
    except (RuntimeError, NotImplementedError):  # an operation without a batched backward
        return 1
    return rows


def with_graph(run: Callable, x: Tensor, norms: bool) -> Tensor:
    """The Jacobian with a graph of its own, to x and to the model's parameters: (N, T, K, …), or its norms (N, T, S)."""
    check(x)
    with theirs(x.device), unfused():
        leaf = x if x.requires_grad else x.detach().clone().requires_grad_()
        y = run(leaf)
        if not isinstance(y, Tensor) or y.ndim != 3 or len(y) != len(x):
            given = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
            raise ValueError(f"the model's output is {given}; expected (N, T, K)")
        N, T, K = y.shape
        pick = noise(y.shape, y)
        probe = Outputs(y, leaf, pick, torch.autograd.grad(y, leaf, pick, retain_graph=True)[0])
        parts, size = [], _rows_at_once(y, leaf)
        for n in slices(N, 1 if leaks(probe, 1) else N):
            rows = [gradients_of(y, [leaf], _picks(y, n, some), True)[0][:, n] for some in slices(T * K, size)]
            parts.append(torch.cat(rows).transpose(0, 1).unflatten(1, (T, K)))
        result = torch.cat(parts)
        return block_norms(result, 2) if norms else result
