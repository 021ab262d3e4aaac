"""`audit`: the bugs that a training curve does not show, one line for each question.

What an output depends on is asked of the model itself: by gradients where the input is numbers (the engine's road where it leads
through), by changing tokens where it is integers, and of the target in the same two ways. Every call starts from the same kept
state and the same random numbers, and leaves both as they were.

A *bug* (an output that reads the future, another sequence, padding, the answer) fails. A *description* (how far back the outputs
reach, whether gradients grow with the lag) fails only against what the caller asked for. What cannot be judged says so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lstmkit.gradients import inside
from lstmkit.gradients.callables import TRACE, Function, Outputs, call, check, frozen, leak, noise, outputs, untouched
from lstmkit.gradients.sequence import flow
from lstmkit.gradients.settings import theirs
from lstmkit.shapes import expect_finite, expect_lengths

MOST = 64  # places in time at which tokens or targets are changed, evenly spaced


class Check(NamedTuple):
    """One line of an audit. ok: True, False, or None where it was not asked or not judged; value: what was measured."""

    name: str
    ok: bool | None
    verdict: str
    value: float | None = None


class Audit(tuple):
    """The checks of a model, a tuple of `Check`. `report["causal"]`: one line by its name. `report.passed`: every bug that was asked
    about was judged, and no line failed."""

    @property
    def passed(self) -> bool:
        return not any(
            check.ok is False or check.ok is None and check.verdict.startswith("not judged") for check in self
        )

    def __getitem__(self, key):
        return next(check for check in self if check.name == key) if isinstance(key, str) else super().__getitem__(key)

    def __repr__(self) -> str:
        return "\n".join(f"{'–' if c.ok is None else '✗✓'[c.ok]} {c.name:<12} {c.verdict}" for c in self)


_BUGS = {  # line: the bug, what an output then depends on, where to look
    "causal": ("sees the future", "a later input", "Read in both directions, target inside the window, no mask?"),
    "independent": ("mixes the batch", "another sequence", "A view where a transpose belongs, time-major, BatchNorm?"),
    "padding": ("reads its padding", "a padded step", "Take each last real step; both directions need the lengths"),
    "target": ("is fed the answer", "the target of its own step", "Shift the decoder's input by one step"),
}
_LINES = ("causal", "independent", "padding", "memory", "growth", "target")


def _judge(name: str, value: float, unit: str = "gradient") -> Check:
    bug, what, hint = _BUGS[name]
    bad = f"{bug}: an output depends on {what} (measured {value:.2g} × the largest {unit}). {hint}"
    return Check(name, value <= TRACE, f"no output depends on {what}" if value <= TRACE else bad, value)


def _unasked(name: str, why: str) -> Check:
    return Check(name, None, f"not asked: {why}")


def _unjudged(name: str, why: str) -> Check:
    return Check(name, None, f"not judged: {why}")


def audit(
    model: Callable,
    batch: Tensor | tuple,
    *,
    lengths: Tensor | list[int] | None = None,
    target: Tensor | None = None,
    causal: bool = True,
    delay: int = 0,
    memory: int = 0,
    growth: float | None = None,
    at: Tensor | list[int] | None = None,
) -> Audit:
    """Find the bugs that a training curve does not show: one line for each question, with a verdict in plain words.

    model: called as model(*batch), with `target` added if it is given; its output, or the first of a tuple, is y: (N, T, K),
    a result for each step, or (N, K), one for each sequence. batch: x, or a tuple that starts with x, (N, T, …) floats, or
    integer tokens (N, T). lengths: (N,), the real steps of padded sequences. target: (N, T, …), what a decoder is to put out:
    y_t predicts target_t. causal, delay: y_t may depend on x_s for s ≤ t − delay (delay=1 if y_t predicts x_t itself; causal=False
    for a model that reads in both directions by intention). at: (T',), the input step, counted from 0, that each output belongs to,
    where there are fewer outputs than inputs.

    Lines that find bugs: causal; independent (of the batch's other sequences); padding (not read); target (not read by its own
    step). Lines that describe: memory (half of the sensitivity lies within so many steps of lag) and growth (of the gradient, per
    step of lag); they are judged only if asked: memory=k fails below k steps, growth=g above a factor of g. Outputs are weighted at
    random; what is below 1e-6 of the largest effect counts as none; of more than 64 steps, 64 are tried where tokens or a target
    are changed. Where the batch is mixed, or the model is not a function of its input, no other line is judged.
    The model, its buffers and what it keeps, x, target and every random generator are left as they were.
    Returns an Audit, whose repr is the table. Raises TypeError or ValueError as `sequence_jacobian` does.
    """
    args = tuple(batch) if isinstance(batch, tuple | list) else (batch,)
    x, rest = args[0], (*args[1:], *(() if target is None else (target,)))
    tokens = isinstance(x, Tensor) and not x.is_floating_point() and not x.is_complex()
    if not tokens:
        check(x)
    elif x.numel() == 0:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected (N, T): there is nothing in it")

    def called(x: Tensor, *rest: object) -> Tensor:
        with untouched(model):
            copies = [part.clone() if isinstance(part, Tensor) else part for part in rest]
            return call(lambda x: model(x, *copies), x)

    with frozen(called, x) as function:
        try:
            return _audit(function, x, rest, tokens, lengths, target, causal, delay, memory, growth, at)
        finally:
            function.after = None  # so that the generators are put back to where they stood


def _audit(function, x, rest, tokens, lengths, target, causal, delay, memory, growth, at) -> Audit:
    y = _value(function, x, rest)
    if (kept := _kept(function, x, rest, y)) is not None:
        return Audit(_unjudged(name, kept) for name in _LINES)
    (N, S), flat = (*x.shape, 1)[:2], y.ndim == 2
    doubtful = flat and y.shape[1] == S and S > 1 and x.ndim > 1  # so many steps, or so many results for the sequence?
    steps = 1 if flat and not doubtful else y.shape[1]
    ends = torch.full((N,), S) if lengths is None else expect_lengths(lengths, N, S).cpu()
    asked = _Asked(S, steps, ends, lengths is not None, causal, delay, at, doubtful, x.ndim > (1 if tokens else 2))
    probe = _Tokens(function, x, rest, y, asked) if tokens else _Numbers(function, x, rest, y, asked)
    mixing = probe.mixing() if N > 1 else 0.0
    alone = _judge("independent", mixing, probe.unit) if N > 1 else _unasked("independent", "one sequence only")
    if alone.ok is False:
        later = "steps and sequences may be mixed up; mend `independent` first"
        others = {name: _unjudged(name, later) for name in _LINES}
        if target is None:
            others["target"] = _unasked("target", "give target=…")
        if lengths is None:
            others["padding"] = _unasked("padding", "give lengths=… if there is any")
        return Audit(alone if name == "independent" else others[name] for name in _LINES)
    found = _reads_target(function, x, rest, y) if target is not None else _unasked("target", "give target=…")
    return Audit(
        (_causal(probe, asked), alone, _padding(probe, asked), *_describe(probe.norms(), asked, memory, growth), found)
    )


def _value(function: Function, x: Tensor, rest: tuple) -> Tensor:
    y = function(x.clone(), *rest, graph=False)
    if not isinstance(y, Tensor) or y.ndim not in (2, 3) or len(y) != len(x):
        given = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        raise ValueError(f"the model's output is {given} for x {tuple(x.shape)}; expected (N, T, K) or (N, K)")
    expect_finite(y, "the model's output")
    return y


def _kept(function: Function, x: Tensor, rest: tuple, y: Tensor) -> str | None:
    """Whether a second call, from the same state and the same random numbers, gives other outputs."""
    worst = _change(function(x.clone(), *rest, graph=False), y) / float(
        y.abs().max().clamp_min(torch.finfo(y.dtype).tiny)
    )
    if worst <= torch.finfo(y.dtype).eps ** 0.6:
        return None
    return (
        "the model is no function of its input: it keeps a state that cannot be put back, or has a generator of its own"
    )


def _change(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max()) if one.numel() else 0.0


# ---- which steps may read which ---------------------------------------------------------------------------------------


class _Asked(NamedTuple):
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


def _causal(probe: _Numbers | _Tokens, asked: _Asked) -> Check:
    if not asked.causal:
        return _unasked("causal", "causal=False")
    if not asked.timed:
        return _unasked("causal", f"x has no steps beside the results' {asked.T}")
    if asked.T == 1 and not asked.doubtful and asked.at is None and asked.delay < 1:
        return _unasked("causal", "one output, after the last input")
    late, early = (None if (owner := asked.owner(which)) is None else probe.future(owner) for which in (True, False))
    if late is None:
        return _unjudged("causal", f"{asked.T} outputs for {asked.S} inputs: give at=…, the input step of each output")
    if early <= TRACE:
        return _judge("causal", early, probe.unit)
    if asked.doubtful:
        return _unjudged(
            "causal", f"is y, (N, {asked.T}), one result for each step, or {asked.T} for each sequence? Give (N, T, K)"
        )
    if late > TRACE:
        return _judge("causal", late, probe.unit)
    return _unjudged("causal", f"to which of {asked.S} inputs does each of {asked.T} outputs belong? Give at=…")


def _padding(probe: _Numbers | _Tokens, asked: _Asked) -> Check:
    if not asked.padded:
        return _unasked("padding", "give lengths=… if there is any")
    if not asked.certain:
        return _unjudged("padding", f"which of {asked.T} outputs are real? Give at=…, the input step of each output")
    return _judge("padding", probe.padding(asked.owner(True)), probe.unit)


# ---- x in numbers -----------------------------------------------------------------------------------------------------


class _Numbers:
    """Gradients: norms[n, t, s] is ‖∂y_t/∂x_s‖ of sequence n, with the results of a step weighted at random."""

    unit = "gradient"

    def __init__(self, function: Function, x: Tensor, rest: tuple, y: Tensor, asked: _Asked):
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


class _Tokens:
    """Other tokens at some places: which outputs change? Right for however many lookups a model makes, of whatever it shifts."""

    unit = "change"

    def __init__(self, function: Function, x: Tensor, rest: tuple, y: Tensor, asked: _Asked):
        self.function, self.x, self.rest, self.y, self.asked = (
            function,
            x,
            rest,
            y.unsqueeze(2) if asked.doubtful else y,
            asked,
        )
        self.other = _another(x)
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
        for m in _spread(self.asked.S):
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


def _another(tokens: Tensor) -> Tensor:
    """For each entry another one that occurs in the same tensor; numbers move by 1."""
    if tokens.is_floating_point():
        return tokens + 1
    if tokens.dtype == torch.bool:
        return ~tokens
    kinds, tokens = tokens.unique(), tokens.contiguous()
    if len(kinds) == 1:
        return torch.where(tokens > 0, tokens - 1, tokens + 1)
    return kinds[(torch.searchsorted(kinds, tokens) + 1) % len(kinds)]


def _spread(count: int) -> list[int]:
    """All of 0 … count−1, or MOST of them, evenly spaced."""
    return sorted({round(at) for at in torch.linspace(0, count - 1, min(count, MOST)).tolist()})


# ---- descriptions, and the target -------------------------------------------------------------------------------------


def _describe(norms: Tensor | None, asked: _Asked, memory: int, growth: float | None) -> list[Check]:
    """norms: (N, T, S), T = S or 1, else not described. The memory and growth lines."""
    if norms is None or norms.shape[1] not in (1, asked.S) or asked.S < 3:
        why = (
            f"{asked.T} outputs for {asked.S} inputs"
            if norms is not None
            else "no embedding reads the tokens as they are"
        )
        tell = [_unjudged if memory else _unasked, _unjudged if growth is not None else _unasked]
        return [which(name, why) for which, name in zip(tell, ("memory", "growth"), strict=True)]
    (N, T, S), ends = norms.shape, asked.ends
    s = torch.arange(S)
    own = s.expand(N, S) if T == S else ends[:, None] - 1
    real, past_end = (own < ends[:, None])[..., None], (s >= ends[:, None])[:, None]
    norms = norms.masked_fill(~(real & ~past_end), float("nan"))
    if T < S:  # each sequence's last real step goes to the end, so that equal lags meet
        source = s - (S - ends[:, None])
        norms = norms.gather(2, source.clamp_min(0)[:, None]).masked_fill((source < 0)[:, None], float("nan"))
    by_lag, factor = flow(norms)
    half = int((by_lag.cumsum(0) < 0.5 * by_lag.sum()).sum())
    reach = f"half of the sensitivity lies within the last k steps (measured k = {half})"
    grow = f"with every step of lag the gradient is multiplied (measured factor {factor:.3g})"
    lines = [Check("memory", None, f"described: {reach}", half), Check("growth", None, f"described: {grow}", factor)]
    if memory:
        bad = f"forgets: {reach}, and {memory} were asked for. Forget gates closed, state reset or detached?"
        lines[0] = Check("memory", half >= memory, reach if half >= memory else bad, half)
    if growth is not None:
        bad = f"explodes: {grow}, and at most {growth:g} was asked for. Clip, or start with smaller weights"
        lines[1] = Check("growth", factor <= growth, grow if factor <= growth else bad, factor)
    return lines


def _reads_target(function: Function, x: Tensor, rest: tuple, y: Tensor) -> Check:
    """The outputs up to a step must not depend on the target from that step on."""
    target = rest[-1]
    if y.ndim != 3 or y.shape[1] != target.shape[1]:
        return _unjudged(
            "target", f"outputs of shape {tuple(y.shape)} for the target's {target.shape[1]} steps: make them as many"
        )
    if target.is_floating_point():
        leaf = target.detach().clone().requires_grad_()
        out = function(x.clone(), *rest[:-1], leaf)
        if not out.requires_grad:
            return _judge("target", 0.0)
        worst, top, weights = 0.0, 0.0, noise(out.shape, out)
        for t in _spread(y.shape[1]):
            pick = weights * (torch.arange(y.shape[1], device=y.device) <= t).view(1, -1, 1)
            with theirs(y.device):
                grad = torch.autograd.grad(out, leaf, pick, retain_graph=True, allow_unused=True)[0]
            if grad is None:
                return _judge("target", 0.0)
            top, worst = max(top, float(grad.abs().max())), max(worst, float(grad[:, t:].abs().max()))
        return _judge("target", worst / top if top else 0.0)
    other, changes = _another(target), []
    for t in (-1, *_spread(y.shape[1])):  # first all of it: the largest change there is
        changed = target.clone()
        changed[:, max(t, 0) :] = other[:, max(t, 0) :]
        again = function(x.clone(), *rest[:-1], changed, graph=False)
        changes.append(_change(again[:, : t + 1] if t >= 0 else again, y[:, : t + 1] if t >= 0 else y))
    rounding = 16 * torch.finfo(y.dtype).eps * float(y.abs().max())
    worst = max(changes[1:])
    return _judge("target", worst / max(changes) if worst > rounding else 0.0, "change")
