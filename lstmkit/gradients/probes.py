"""What an audit asks of a model: how much does each output change with each input? By gradients, or by changing tokens."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lstmkit.gradients import inside
from lstmkit.gradients.callables import TRACE, Outputs, leaks, noise, outputs
from lstmkit.gradients.function import Function


class NotJudged(Exception):
    """A question that this model cannot be asked: the line says so."""


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
    """Gradients: norms[n, t, s] is ‖∂y_t/∂x_s‖ of sequence n, with the results of a step weighted at random.

    What no gradient crosses (a detached mean, a threshold, a category) is seen by other numbers at some places: `Changes`.
    """

    def __init__(self, function: Function, x: Tensor, rest: tuple, y: Tensor, asked: Asked):
        self.function, self.x, self.rest, self.asked = function, x, rest, asked
        self.weights = noise(y.shape[2:] if asked.doubtful else y.shape[-1:], y)
        self.blocks, self.unit, self.changes = None, "gradient", None
        with contextlib.suppress(Exception):  # a model may refuse other numbers
            self.changes = Changes(function, x, rest, y, asked)

    def one(self, x: Tensor) -> Tensor:
        """y as (N, T, 1)."""
        y = self.function.run(x, *self.rest)
        return y.unsqueeze(2) if self.asked.doubtful else (y * self.weights).sum(-1).view(len(x), -1, 1)

    def _or_changed(self, share: float, question: str, *args) -> float:
        self.unit = "gradient"
        if share <= TRACE and self.changes is not None:
            with contextlib.suppress(Exception):
                if (change := getattr(self.changes, question)(*args)) > TRACE:
                    self.unit = "change"
                    return change
        return share

    def mixing(self) -> float:
        out = outputs(Function(self.one, self.x.device, quiet=True), self.x)
        return self._or_changed(crossing(out) if leaks(out, 1) else 0.0, "mixing")

    def norms(self) -> Tensor | None:
        if self.blocks is None and self.asked.timed:
            self.blocks = torch.as_tensor(
                inside.jacobian(Function(self.one, self.x.device, quiet=True), self.x, True)
            ).cpu()
        return self.blocks

    def future(self, owner: Tensor) -> float:
        s, past_end = torch.arange(self.asked.S), torch.arange(self.asked.S) >= self.asked.ends[:, None]
        share = self._share(~past_end[:, None] & (s > owner[..., None] - self.asked.delay), owner)
        return self._or_changed(share, "future", owner)

    def padding(self, owner: Tensor) -> float:
        past_end = torch.arange(self.asked.S) >= self.asked.ends[:, None]
        self.unit = "gradient"
        return self._share(past_end[:, None].expand(-1, self.asked.T, -1), owner)

    def _share(self, where: Tensor, owner: Tensor) -> float:
        blocks, real = self.norms().nan_to_num(), owner < self.asked.ends[:, None]
        top = blocks.max().clamp_min(torch.finfo(blocks.dtype).tiny)
        return _beyond_rounding(float(blocks.masked_fill(~(where & real[..., None]), 0).max() / top), blocks.dtype)


def _beyond_rounding(share: float, dtype: torch.dtype) -> float:
    return share if share > 128 * torch.finfo(dtype).eps else 0.0


def crossing(out: Outputs) -> float:
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
    return _beyond_rounding(worst, out.leaf.dtype)


# ---- other values -----------------------------------------------------------------------------------------------------


class Changes:
    """Other values at some places: which outputs change? Right for whatever a model makes of them, however often it looks."""

    unit = "change"

    def __init__(self, function: Function, x: Tensor, rest: tuple, y: Tensor, asked: Asked):
        self.function, self.x, self.rest, self.asked = function, x, rest, asked
        self.y = y.unsqueeze(2) if asked.doubtful else y
        self.from_step: dict[int, Tensor] = {}
        self.real = (torch.arange(asked.S) < asked.ends[:, None]).to(x.device) if x.ndim > 1 else None
        self.other, self.rounding = another(x, self.real), 0.0
        self.whole = self._changed(self.real)
        if x.is_floating_point():  # how far a change in the last digits of all numbers is felt
            y = function(x * (1 + 4 * torch.finfo(x.dtype).eps), *rest, graph=False).view_as(self.y)
            self.rounding = 16 * (y - self.y).masked_fill(y == self.y, 0).abs().flatten(0, -2).amax(0).cpu()
        if not self.whole.max() > 0:
            raise ValueError("the model's output does not depend on its input: other values leave it as it is")

    def _changed(self, where: Tensor) -> Tensor:
        """By how much each step's output changes with other values `where`, (N, S): (N, T, K)."""
        where = where.view(*where.shape, *[1] * (self.x.ndim - where.ndim))
        y = self.function(torch.where(where, self.other, self.x), *self.rest, graph=False).view_as(self.y)
        return (y - self.y).masked_fill(y == self.y, 0).abs().view(len(self.x), -1, self.y.shape[-1]).cpu()

    def _share(self, change: Tensor) -> float:
        """change: (…, K). The largest as a share of what the same result changes by at most; rounding is none."""
        size = self.y.abs().masked_fill(self.y.isinf(), 0).flatten(0, -2).amax(0).cpu()
        change = change.where(change > 16 * torch.finfo(self.y.dtype).eps * size + self.rounding, 0)
        top = self.whole.flatten(0, -2).amax(0).clamp_min(torch.finfo(self.y.dtype).tiny)
        return float((change / top).max()) if change.numel() else 0.0

    def mixing(self) -> float:
        number, worst = torch.arange(len(self.x), device=self.x.device), 0.0
        for bit in range((len(number) - 1).bit_length()):
            for value in (0, 1):
                chosen = (number >> bit) % 2 == value
                change = self._changed(chosen.view(-1, 1) & self.real)
                worst = max(worst, self._share(change[~chosen.cpu()]))
        return worst

    def future(self, owner: Tensor) -> float:
        """Other values from step m on: outputs of earlier steps must not change."""
        s, worst = torch.arange(self.asked.S), 0.0
        for m in spread(self.asked.S):
            if m not in self.from_step:
                self.from_step[m] = self._changed((s >= m).to(self.x.device) & self.real)
            change = self.from_step[m]
            early = (owner - self.asked.delay < m) & (owner < self.asked.ends[:, None])
            worst = max(worst, self._share(change[early]))
        return worst


# ---- x in tokens ------------------------------------------------------------------------------------------------------


class Tokens(Changes):
    """The same for tokens, which have no gradient."""

    def padding(self, owner: Tensor) -> float:
        """Other tokens as padding; where the padding's own stands nowhere else (a model may know it by that), more of it."""
        past_end, kept = ~self.real, owner < self.asked.ends[:, None]
        pads = self.x[past_end].unique()
        if not pads.numel() or torch.isin(self.x[self.real], pads).any():
            return self._share(self._changed(past_end)[kept])
        longer = torch.cat([self.x, pads[:1].expand(len(self.x), 2)], dim=1)
        try:
            y = self.function(longer, *self.rest, graph=False).view(len(self.x), -1, self.y.shape[-1])
        except Exception as error:
            raise NotJudged(f"{pads[:1].item()} is no token elsewhere, and with two more of it: {error}") from error
        before = self.y.view(len(self.x), -1, self.y.shape[-1])
        y = y[:, : before.shape[1]]
        return self._share((y - before).masked_fill(y == before, 0).abs().cpu()[kept])

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

    def hook(module: nn.Module, inputs: tuple, named: dict, output: Tensor) -> Tensor | None:
        if threading.get_ident() != thread or not isinstance(module, nn.Embedding):
            return None
        if not torch.equal(inputs[0] if inputs else named["input"], tokens):
            return None
        if queue is None:
            found.append(output.detach().clone())
            return None
        return queue.pop(0).clone() if queue else None

    handle = nn.modules.module.register_module_forward_hook(hook, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def another(values: Tensor, real: Tensor | None = None) -> Tensor:
    """For each entry another one that occurs in the same tensor; for numbers, at each place what stands at another one.

    real: (N, S), the places that count.
    """
    if values.is_floating_point():
        if real is not None and values.ndim > 2:  # rows of zeros may be padding by which a model knows the length
            real = real & values.flatten(2).any(2)
        rows = values[real] if real is not None else values
        moved = rows.roll(1, 0)
        if not bool((rows == rows.round()).all()):  # categories stay categories
            moved = 1.25 * moved
        other = values.clone()
        other[real if real is not None else slice(None)] = torch.where(moved == rows, rows + 1, moved)
        return other
    if values.dtype == torch.bool:
        return ~values
    kinds, values = (values if real is None else values[real]).unique(), values.contiguous()
    if len(kinds) == 1:
        return torch.where(values > 0, values - 1, values + 1)
    return kinds[(torch.searchsorted(kinds, values) + 1) % len(kinds)]


def spread(count: int) -> list[int]:
    """All of 0 … count−1, or MOST of them, evenly spaced."""
    return sorted({round(at) for at in torch.linspace(0, count - 1, min(count, MOST)).tolist()})
