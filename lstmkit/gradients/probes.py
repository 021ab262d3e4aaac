"""What an audit asks of a model: how much does each output change with each input? By gradients, or by changing tokens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lstmkit.gradients import inside
from lstmkit.gradients.callables import TRACE, Function, Outputs, leak, noise, outputs

MOST = 64  # places in time at which tokens or targets are changed, evenly spaced


class Asked(NamedTuple):
    """What was asked. S inputs, T outputs; ends: (N,) real steps; doubtful: y (N, S) may be steps or results; timed: x has steps."""

    S: int
    T: int
    ends: Tensor
    padded: bool
    causal: bool
    delay: int
    at: object
    doubtful: bool
    timed: bool
    encoder: bool  # a target is given: where there are other numbers of steps out than in, all of x is read first

    def owner(self, late: bool) -> Tensor | None:
        """The input step that each output belongs to, (N, T): the latest or the earliest that makes sense; None for none."""
        N, S, T = len(self.ends), self.S, self.T
        if T == 1 and not self.doubtful and self.at is None:
            return self.ends[:, None] - 1
        if self.at is not None:
            steps = torch.as_tensor(self.at)
            if (
                steps.is_floating_point()
                or tuple(steps.shape) != (T,)
                or T
                and (int(steps.min()) < 0 or int(steps.max()) >= S)
            ):
                raise ValueError(
                    f"at is {self.at!r}; expected {T} integers from 0 to {S - 1}: the input step of each output"
                )
            return steps.expand(N, -1)
        if T > S:
            return None
        stride = S // T
        first = S - 1 - (T - 1) * stride if late else 0
        return (first + stride * torch.arange(T)).expand(N, -1)

    @property
    def certain(self) -> bool:
        return self.at is not None or self.T in (1, self.S) and not self.doubtful


# ---- x in numbers -----------------------------------------------------------------------------------------------------


class Numbers:
    """Gradients: norms[n, t, s] is ‖∂y_t/∂x_s‖ of sequence n, with the results of a step weighted at random."""

    unit = "gradient"

    def __init__(self, function: Function, x: Tensor, rest: tuple, y: Tensor, asked: Asked):
        self.function, self.x, self.rest, self.asked = function, x, rest, asked
        self.weights = noise(y.shape[2:] if asked.doubtful else y.shape[-1:], y)
        self.shape, self.blocks = y.shape, None

    def one(self, x: Tensor) -> Tensor:
        """y as (N, T, 1)."""
        y = self.function.run(x, *self.rest)
        return y.unsqueeze(2) if self.asked.doubtful else (y * self.weights).sum(-1).view(len(x), -1, 1)

    def mixing(self) -> float:
        function = Function(self.one, self.x.device, quiet=True)
        out = outputs(function, self.x)
        if leak(out, 1) <= TRACE:
            return 0.0
        return max(_measured(out), 2 * TRACE)

    def norms(self) -> Tensor | None:
        if self.blocks is None and self.asked.timed:
            self.blocks = torch.as_tensor(
                inside.jacobian(Function(self.one, self.x.device, quiet=True), self.x, True)
            ).cpu()
        return self.blocks

    def future(self, owner: Tensor) -> float:
        s, past_end = torch.arange(self.asked.S), torch.arange(self.asked.S) >= self.asked.ends[:, None]
        return self._share(~past_end[:, None] & (s > owner[..., None] - self.asked.delay), owner)

    def padding(self, owner: Tensor) -> float:
        past_end = torch.arange(self.asked.S) >= self.asked.ends[:, None]
        return self._share(past_end[:, None].expand(-1, self.asked.T, -1), owner)

    def _share(self, where: Tensor, owner: Tensor) -> float:
        blocks, real = self.norms(), owner < self.asked.ends[:, None]
        top = blocks.max().clamp_min(torch.finfo(blocks.dtype).tiny)
        return float((blocks * (where & real[..., None])).max() / top)


def _measured(out: Outputs) -> float:
    """The largest gradient that crosses from a sequence to another one, as a share of the largest of all.

    Two sequences differ in some bit of their number: one backward pass for each bit and value tries all pairs.
    """
    number, worst = torch.arange(len(out.y), device=out.y.device), 0.0
    for bit in range((len(number) - 1).bit_length()):
        for value in (0, 1):
            chosen = (number >> bit) % 2 == value
            pick = out.pick * chosen.view(-1, *[1] * (out.y.ndim - 1))
            grad = torch.autograd.grad(out.y, out.leaf, pick, retain_graph=True)[0].abs()
            worst = max(worst, float(grad[~chosen].max() / grad.max().clamp_min(torch.finfo(grad.dtype).tiny)))
    return worst


# ---- x in tokens ------------------------------------------------------------------------------------------------------


class Tokens:
    """Other tokens at some places: which outputs change? Right for however many lookups a model makes, of whatever it shifts."""

    unit = "change"

    def __init__(self, function: Function, x: Tensor, rest: tuple, y: Tensor, asked: Asked):
        self.function, self.x, self.rest, self.y, self.asked = (
            function,
            x,
            rest,
            y.unsqueeze(2) if asked.doubtful else y,
            asked,
        )
        self.other = another(x)
        self.whole = self._changed(torch.ones_like(x, dtype=torch.bool)).max()
        if not self.whole > 0:
            raise ValueError("the model's output does not depend on its input: other tokens leave it as it is")

    def _changed(self, where: Tensor) -> Tensor:
        """By how much each step's output changes with other tokens `where`: (N, T)."""
        y = self.function(torch.where(where, self.other, self.x), *self.rest, graph=False)
        return (y.view_as(self.y) - self.y).abs().amax(-1).view(len(self.x), -1).cpu()

    def _share(self, change: Tensor) -> float:
        rounding = 16 * torch.finfo(self.y.dtype).eps * float(self.y.abs().max())
        worst = float(change.max()) if change.numel() else 0.0
        return worst / float(self.whole) if worst > rounding else 0.0

    def mixing(self) -> float:
        number, worst = torch.arange(len(self.x), device=self.x.device), 0.0
        for bit in range((len(number) - 1).bit_length()):
            for value in (0, 1):
                chosen = (number >> bit) % 2 == value
                change = self._changed(chosen.view(-1, *[1] * (self.x.ndim - 1)).expand_as(self.x))
                worst = max(worst, self._share(change[~chosen.cpu()]))
        return worst

    def future(self, owner: Tensor) -> float:
        """Other tokens from step m on: outputs of earlier steps must not change."""
        s, worst = torch.arange(self.asked.S), 0.0
        for m in spread(self.asked.S):
            real = (s >= m) & (s < self.asked.ends[:, None])
            change = self._changed(real.to(self.x.device))
            early = (owner - self.asked.delay < m) & (owner < self.asked.ends[:, None])
            worst = max(worst, self._share(change[early]))
        return worst

    def padding(self, owner: Tensor) -> float:
        change = self._changed((torch.arange(self.asked.S) >= self.asked.ends[:, None]).to(self.x.device))
        return self._share(change[owner < self.asked.ends[:, None]])

    def norms(self) -> Tensor | None:
        """Gradients by what the model's embeddings return for the tokens; None if no embedding reads them as they are."""
        found: list[Tensor] = []
        with _lookups(self.x, found):
            self.function(self.x.clone(), *self.rest, graph=False)
        if not found or any(part.ndim != 3 for part in found):
            return None
        widths = [part.shape[2] for part in found]
        weights = noise(self.y.shape[-1:], self.y)

        def tail(embedded: Tensor) -> Tensor:
            with _lookups(self.x, [], list(embedded.split(widths, dim=2))):
                y = self.function.run(self.x.clone(), *self.rest)
            return (y.view_as(self.y) * weights).sum(-1).view(len(self.x), -1, 1)

        embedded = torch.cat([part.detach() for part in found], dim=2)
        return torch.as_tensor(inside.jacobian(Function(tail, self.x.device, quiet=True), embedded, True)).cpu()


@contextmanager
def _lookups(tokens: Tensor, found: list[Tensor], instead: list[Tensor] | None = None) -> Iterator[None]:
    """Note what each nn.Embedding returns for exactly these tokens, in this thread; or put out copies of `instead`, one after another."""
    thread = threading.get_ident()
    queue = None if instead is None else list(instead)

    def hook(module: nn.Module, inputs: tuple, output: Tensor) -> Tensor | None:
        if (
            threading.get_ident() != thread
            or not isinstance(module, nn.Embedding)
            or not torch.equal(inputs[0], tokens)
        ):
            return None
        if queue is None:
            found.append(output.detach().clone())
            return None
        return queue.pop(0).clone() if queue else None

    handle = nn.modules.module.register_module_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def another(tokens: Tensor) -> Tensor:
    """For each entry another one that occurs in the same tensor; numbers move by 1."""
    if tokens.is_floating_point():
        return tokens + 1
    if tokens.dtype == torch.bool:
        return ~tokens
    kinds, tokens = tokens.unique(), tokens.contiguous()
    if len(kinds) == 1:
        return torch.where(tokens > 0, tokens - 1, tokens + 1)
    return kinds[(torch.searchsorted(kinds, tokens) + 1) % len(kinds)]


def spread(count: int) -> list[int]:
    """All of 0 … count−1, or MOST of them, evenly spaced."""
    return sorted({round(at) for at in torch.linspace(0, count - 1, min(count, MOST)).tolist()})
