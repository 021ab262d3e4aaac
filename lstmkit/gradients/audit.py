"""`audit`: the bugs that a training curve does not show, one line for each question.

What an output depends on is asked of the model itself: by gradients where the input is numbers (the engine's road where it leads
through) and by other numbers at some places, for not everything crosses a gradient (a detached mean, a threshold, a category); by
other tokens where it is integers; and of the target in the same ways. Every call starts from the same kept state and the same
random numbers, and leaves both as they were.

A *bug* (an output that reads the future, another sequence, padding, the answer) fails. A *description* (how far back the outputs
reach, whether gradients grow with the lag) fails only against what the caller asked for. What cannot be judged says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from lstmkit.gradients.callables import TRACE, call, check, noise
from lstmkit.gradients.function import Function, frozen, untouched
from lstmkit.gradients.probes import Asked, NotJudged, Numbers, Tokens, another, spread
from lstmkit.gradients.sequence import flow
from lstmkit.shapes import expect_finite, expect_lengths


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
    random; what is below 1e-6 of the largest effect (1.5e-5 in float32) counts as none; of more than 64 steps, 64 are tried where values
    are changed. Padding whose token stands nowhere else is not changed but made longer: a model may know it by that. Where the batch is mixed, or the model is not a function of its input, no other line is judged.
    The model, its buffers and what it keeps, x, target and every random generator are left as they were.
    Returns an Audit, whose repr is the table. Raises TypeError or ValueError as `sequence_jacobian` does.
    """
    args = tuple(batch) if isinstance(batch, tuple | list) else (batch,)
    if not args:
        raise ValueError("the batch is empty; expected x, or (x, …) as the model takes it")
    x, rest = args[0], (*args[1:], *(() if target is None else (target,)))
    tokens = isinstance(x, Tensor) and not x.is_floating_point() and not x.is_complex()
    if not tokens:
        check(x)
    elif x.numel() == 0:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected (N, T): there is nothing in it")
    if target is not None and not (isinstance(target, Tensor) and target.ndim > 1 and len(target) == len(x)):
        given = tuple(target.shape) if isinstance(target, Tensor) else type(target).__name__
        raise ValueError(f"target is {given}; expected a tensor (N, T, …) with N = {len(x)} as in x")
    for name, asked in (("memory", memory), ("growth", 0.0 if growth is None else growth), ("delay", delay)):
        if not isinstance(asked, int | float) or not (name == "delay" or 0 <= asked < float("inf")):
            raise ValueError(f"{name} is {asked!r}; expected a number of at least 0")

    def called(x: Tensor, *rest: object) -> Tensor:
        with untouched(model) as kept:
            copies = [kept.copy(part) for part in rest]
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
    timed = x.ndim > (1 if tokens else 2) or x.ndim == 2 and y.ndim == 3 and y.shape[1] == S
    asked = Asked(S, steps, ends, lengths is not None, causal, delay, at, doubtful, timed, target is not None)
    probe = Tokens(function, x, rest, y, asked) if tokens else Numbers(function, x, rest, y, asked)
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
    return float((one - other).masked_fill(one == other, 0).abs().max()) if one.numel() else 0.0


def _causal(probe: Numbers | Tokens, asked: Asked) -> Check:
    if not asked.causal:
        return _unasked("causal", "causal=False")
    if not asked.timed:
        return _unasked("causal", f"x has no steps beside the results' {asked.T}")
    if asked.T == 1 and not asked.doubtful and asked.at is None and asked.delay < 1:
        return _unasked("causal", "one output, after the last input")
    late, early = (None if (owner := asked.owner(which)) is None else probe.future(owner) for which in (True, False))
    if asked.certain and not (asked.encoder and asked.at is None and asked.T > 1 and late > TRACE):
        return _judge("causal", late, probe.unit)
    if asked.encoder and asked.T == asked.S:
        return _unjudged(
            "causal", "with a target: is all of x read first (causal=False), or step by step? Then give at=range(S)"
        )
    if asked.encoder:
        return _unasked("causal", f"{asked.T} outputs for {asked.S} inputs and a target: all of x is read first")
    if early is not None and early <= TRACE:
        return _judge("causal", early, probe.unit)
    if asked.doubtful:
        why = f"is y, (N, {asked.T}), one result for each step, or {asked.T} for each sequence? Give (N, T, K)"
    else:
        why = f"{asked.T} outputs for {asked.S} inputs: give at=…, the input step of each output, or causal=False if all of x is read first"
    if late is not None and late > TRACE:
        why += ". Step by step it would see the future"
    return _unjudged("causal", why)


def _padding(probe: Numbers | Tokens, asked: Asked) -> Check:
    if not asked.padded:
        return _unasked("padding", "give lengths=… if there is any")
    if not asked.certain:
        return _unjudged("padding", f"which of {asked.T} outputs are real? Give at=…, the input step of each output")
    if not asked.timed:
        return _unjudged("padding", f"x has no steps beside the results' {asked.T}")
    try:
        return _judge("padding", probe.padding(asked.owner(True)), probe.unit)
    except NotJudged as error:
        return _unjudged("padding", str(error).splitlines()[0])


# ---- descriptions, and the target -------------------------------------------------------------------------------------


def _describe(norms: Tensor | None, asked: Asked, memory: int, growth: float | None) -> list[Check]:
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
    share = _by_gradient(function, x, rest, y) if target.is_floating_point() else 0.0
    if share > TRACE:
        return _judge("target", share)
    other, changes, top = another(target), [], y.abs().masked_fill(y.isinf(), 0).amax((0, 1))
    for t in (-1, *spread(y.shape[1])):  # first all of it: the largest change there is
        changed = target.clone()
        changed[:, max(t, 0) :] = other[:, max(t, 0) :]
        try:
            again = function(x.clone(), *rest[:-1], changed, graph=False)
        except Exception:
            if target.is_floating_point():  # a model may refuse other numbers: the gradient has answered
                return _judge("target", share)
            raise
        off = (again - y).masked_fill(again == y, 0).abs()[:, : t + 1 if t >= 0 else None]
        changes.append(off.where(off > 16 * torch.finfo(y.dtype).eps * top, 0).amax((0, 1)))
    worst = float((torch.stack(changes[1:]).amax(0) / changes[0].clamp_min(torch.finfo(y.dtype).tiny)).max())
    return _judge("target", worst, "change")


def _by_gradient(function: Function, x: Tensor, rest: tuple, y: Tensor) -> float:
    """The largest gradient of the outputs up to a step by the target from that step on, as a share of the largest of all."""
    leaf = rest[-1].detach().clone().requires_grad_()
    out, worst, top = function(x.clone(), *rest[:-1], leaf.clone()), 0.0, 0.0
    if not out.requires_grad:
        return 0.0
    weights = noise(out.shape, out)
    for t in spread(y.shape[1]):
        pick = weights * (torch.arange(y.shape[1], device=y.device) <= t).view(1, -1, 1)
        grad = torch.autograd.grad(out, leaf, pick, retain_graph=True, allow_unused=True)[0]
        if grad is None:
            return 0.0
        top, worst = max(top, float(grad.abs().max())), max(worst, float(grad[:, t:].abs().max()))
    return worst / top if top else 0.0
