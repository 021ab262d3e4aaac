"""The slips that everybody makes, written once: each makes a mistake's wrong answer out of the right one.

    from lstmkit.exercises import case, define, mistake, slips

    define(
        "06.1",
        reference=states,                                   # (x, h) -> (N, T, H)
        cases=lambda: [case(torch.randn(3, 5, 2), torch.randn(3, 4)), …],
        mistakes=[
            mistake("the bias is missing", …),              # what only this exercise knows is written by hand
            slips.first_step_skipped(states),               # its default sentence, in the second person
            slips.reads_backwards(states, says="you run from x_T to x_1: `for t in range(T)`"),
            slips.last_only(states),
            slips.time_first(states),
            slips.batch_summed(states),
        ],
    )

**Which axis?** Sequences are (N, T, …), so time is `axis=1` and the batch `axis=0` unless you say so: `slips.last_only(states, axis=0)` for
(T, H). A list counts as time whatever `axis` says.
**Which argument?** A slip of the loop changes the first argument before the right answer sees it; `arg=1` names another, `arg=(0, 1)` several.
**Which result?** Of a tuple of results, the tensors that have the axis (for time: those with the most axes, so y and not h_T); `part=0` names one.
**Values.** The slips of numbers take a value as well as a function, and in a dict of answers they bend every number, key by key:

    define("10.4", reference=0.25, mistakes=[slips.per_cent(0.25), slips.reciprocal(0.25), …])
    right = {"order": "i f g o", "blocks": 4, "share": 0.25}
    define("06.3", reference=right, mistakes=[slips.per_cent(right, keys=["share"]), slips.counted_from_0(right, keys=["blocks"]),
                                              slips.swapped(right, "reset", "update"), …])

**A slip that is missing here** is made with the two tools that all of them use:

    mistake("the gate is applied to x, too", slips.with_inputs(step, lambda x, h: (x.sigmoid(), h)))
    mistake("the norm is not taken", slips.with_result(step, lambda y: y.square()))

The reference itself must never change its inputs. Where a slip leaves every case's answer as it is (one step, N = T, a batch of one), the test
"the mistake passes" says so: choose other cases, or drop the slip.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import torch
from torch import Tensor

from lstmkit.exercises.core import Mistake, mistake

# ---------------------------------------------------------------------------------------------------- the two tools


def with_inputs(reference: Callable, change: Callable) -> Callable:
    """The right answer to other inputs. change(*args) returns the arguments to use (a tuple, or one alone)."""

    @wraps(reference)
    def wrong(*args, **kwargs):
        changed = change(*args)
        return reference(*(changed if isinstance(changed, tuple) else (changed,)), **kwargs)

    return wrong


def with_result(reference: Any, change: Callable, part: int | None = None) -> Any:
    """The right answer with its result changed. part: which of several results; None: change gets the whole result."""

    def changed(result):
        return change(result) if part is None else _with_part(result, part, change)

    if not callable(reference):
        return changed(reference)

    @wraps(reference)
    def wrong(*args, **kwargs):
        return changed(reference(*args, **kwargs))

    return wrong


# A slip in three lines; its sentence is long, so the formatter keeps away.
# fmt: off

# ---------------------------------------------------------------------------------------------------- loops over time


def first_step_skipped(reference, *, arg=0, axis=1, says="your loop skips the first step: start with x_1, which has index 0"):
    """The loop starts at x_2: T − 1 steps are read."""
    return mistake(says, _reads(reference, arg, axis, lambda steps: steps[1:]))


def first_step_left_out(reference, *, axis=1, part=None, says="the first step is missing in what you return"):
    """x_1 is read, but its result is not stored: T − 1 results."""
    return mistake(says, _steps_of_result(reference, axis, part, lambda steps: steps[1:]))


def stops_early(reference, *, arg=0, axis=1, says="your loop ends one step too early: x_T is not read"):
    """A `break` or a range that ends at T − 1."""
    return mistake(says, _reads(reference, arg, axis, lambda steps: steps[:-1]))


def last_step_left_out(reference, *, axis=1, part=None, says="the last step is missing in what you return"):
    """T − 1 results: the last one is not stored."""
    return mistake(says, _steps_of_result(reference, axis, part, lambda steps: steps[:-1]))


def one_step_too_many(reference, *, arg=0, axis=1, says="your loop makes one step too many: T steps are enough"):
    """The loop runs T + 1 times; the last step is read twice."""
    return mistake(says, _reads(reference, arg, axis, lambda steps: [*steps, steps[-1]]))


def start_stored(reference, *, start: Callable | None = None, axis=1, part=None, says="the state before the first step is among the results: T states, not T + 1"):
    """T + 1 states. start(*args) gives the state that stands in front; None: zeros."""
    if start is None:
        return mistake(says, _steps_of_result(reference, axis, part, lambda steps: [_zero_of(steps[0]), *steps]))

    @wraps(reference)
    def wrong(*args, **kwargs):
        first = start(*args)
        return _each(reference(*args, **kwargs), part, axis, lambda y: _along(y, axis, lambda steps: [first, *steps]))

    return mistake(says, wrong)


def always_first(reference, *, arg=0, axis=1, says="your loop reads x_1 at every step: use the step's own index"):
    """x[:, 0] where x[:, t] belongs."""
    return mistake(says, _reads(reference, arg, axis, lambda steps: [steps[0]] * len(steps)))


def always_last(reference, *, arg=0, axis=1, says="your loop reads x_T at every step: use the step's own index"):
    """x[:, -1] where x[:, t] belongs."""
    return mistake(says, _reads(reference, arg, axis, lambda steps: [steps[-1]] * len(steps)))


def one_step_late(reference, *, arg=0, axis=1, says="you read x[t − 1] at step t, one step late (and at the first step x[−1], which is the last)"):
    """x[:, t − 1] where x[:, t] belongs: in Python the first step then reads the last."""
    return mistake(says, _reads(reference, arg, axis, lambda steps: [steps[-1], *steps[:-1]]))


def zero_in_front(reference, *, arg=0, axis=1, says="everything is read one step late: zeros stand in front of x_1"):
    """Zeros first and x_T never: a shift by one with padding."""
    return mistake(says, _reads(reference, arg, axis, lambda steps: [_zero_of(steps[0]), *steps[:-1]]))


def reads_backwards(reference, *, arg=0, axis=1, says="your loop reads from the last step to the first"):
    """Reads x_T … x_1 and stores in the order in which it reads."""
    return mistake(says, _reads(reference, arg, axis, lambda steps: steps[::-1]))


def result_reversed(reference, *, axis=1, part=None, says="the right results in reverse order: put them in order of time"):
    """Right, but from the last step to the first."""
    return mistake(says, _steps_of_result(reference, axis, part, lambda steps: steps[::-1]))


def result_shifted(reference, *, axis=1, part=None, says="the results stand one step too late: the first one is that of the last step"):
    """Result t stands at t + 1: an index that is off by one."""
    return mistake(says, _steps_of_result(reference, axis, part, lambda steps: [steps[-1], *steps[:-1]]))


def last_only(reference, *, axis=1, part=None, says="this is the last step alone: a result for every step is wanted"):
    """y[:, -1] for y."""
    return mistake(says, with_result(reference, lambda result: _each(result, part, axis, lambda y: _pick(y, axis, -1))))


def first_only(reference, *, axis=1, part=None, says="this is the first step alone: a result for every step is wanted"):
    """y[:, 0] for y."""
    return mistake(says, with_result(reference, lambda result: _each(result, part, axis, lambda y: _pick(y, axis, 0))))


def last_for_all(reference, *, axis=1, part=None, says="the last step's result stands at every step"):
    """One result overwritten T times, or one tensor stored T times."""
    return mistake(says, _steps_of_result(reference, axis, part, lambda steps: [steps[-1]] * len(steps)))


# ---------------------------------------------------------------------------------------------------- reductions


def batch_summed(reference, *, axis=0, part=None, says="the sequences of the batch are added up: each has a result of its own"):
    """Summed over the batch as well."""
    return mistake(says, with_result(reference, lambda result: _each(result, part, axis, lambda y: y.sum(axis))))


def batch_averaged(reference, *, axis=0, part=None, says="this is the mean over the batch: each sequence has a result of its own"):
    """Averaged over the batch as well."""
    return mistake(says, with_result(reference, lambda result: _each(result, part, axis, lambda y: y.mean(axis))))


def summed_over(reference, axis: int, *, part=None, says="an axis is summed away that the result still has"):
    """Summed over one axis too many."""
    return mistake(says, with_result(reference, lambda result: _each(result, part, axis, lambda y: y.sum(axis))))


def mean_for_sum(reference, count: Callable | float, *, part=None, says="this is the mean; the sum is wanted"):
    """Divided by the number of terms. count: that number, or count(*args): `lambda x: x.shape[1]`."""
    return mistake(says, _times(reference, count, part, lambda n: 1 / n))


def sum_for_mean(reference, count: Callable | float, *, part=None, says="this is the sum; the mean is wanted"):
    """Not divided by the number of terms. count: as for mean_for_sum."""
    return mistake(says, _times(reference, count, part, lambda n: n))


def per_row(reference, *, args: Sequence[int] = (0,), says="this is one result for each sequence of the batch; one for all is wanted"):
    """A batch's one result taken for every sequence alone, (N, …). args: the arguments that have a batch axis."""
    return mistake(says, _row_by_row(reference, args, torch.stack))


def mean_of_rows(reference, *, args: Sequence[int] = (0,), says="this is the mean of each sequence's own result: take all of the batch at once"):
    """The mean of per_row: differs where sequences differ in length or the result is not linear."""
    return mistake(says, _row_by_row(reference, args, lambda rows: torch.stack(rows).mean(0)))


def first_sequence_only(reference, *, part=None, says="this is the first sequence of the batch alone"):
    """y[0] for y."""
    return mistake(says, with_result(reference, lambda result: _each(result, part, 0, lambda y: y[0])))


# ---------------------------------------------------------------------------------------------------- axes


def wrong_axis(reference, a: int, b: int, *, arg=0, back=False, says="this runs along the wrong axis"):
    """Works along axis b of the argument where a belongs. back: turns the result's axes back (for a softmax, a cumsum)."""
    turned = with_inputs(reference, _of_args(arg, lambda x: x.transpose(a, b)))
    return mistake(says, with_result(turned, lambda y: y.transpose(a, b)) if back else turned)


def transposed(reference, a: int = 0, b: int = 1, *, part=None, says="rows and columns are exchanged: transpose your result"):
    """Two axes of the result exchanged."""
    return mistake(says, with_result(reference, lambda result: _each(result, part, max(a, b), lambda y: y.transpose(a, b))))


def time_first(reference, *, part=None, says="time comes first in your result, (T, N, …): batch first is wanted, (N, T, …)"):
    """(T, N, …) for (N, T, …), as `torch.stack(list)` without `dim=1` makes it."""
    return transposed(reference, 0, 1, part=part, says=says)


def batch_first(reference, *, part=None, says="the batch comes first in your result, (N, T, …): time first is wanted, (T, N, …)"):
    """(N, T, …) for (T, N, …)."""
    return transposed(reference, 0, 1, part=part, says=says)


def stack_for_cat(reference, pieces: int, *, axis=1, part=None, says="torch.stack makes a new axis: join along the axis that is there with torch.cat"):
    """The pieces stand on an axis of their own, (…, pieces, size / pieces, …)."""
    return mistake(says, with_result(reference, lambda result: _each(result, part, axis, lambda y: y.unflatten(axis, (pieces, -1)))))


def cat_for_stack(reference, *, axis=1, along=0, part=None, says="torch.cat joins the steps into one axis: torch.stack gives them an axis of their own"):
    """The result has its pieces on `axis` by torch.stack; the slip is torch.cat(pieces, dim=along)."""
    return mistake(says, with_result(reference, lambda result: _each(result, part, axis, lambda y: y.movedim(axis, along).flatten(along, along + 1))))


def axis_left_over(reference, axis: int = 1, *, part=None, says="an axis of size 1 is left over: take [:, 0] of it, or squeeze it away"):
    """An axis of size 1 too many."""
    return mistake(says, with_result(reference, lambda result: _each(result, part, None, lambda y: y.unsqueeze(axis))))


def results_swapped(reference, a: int = 0, b: int = 1, *, says="two of your results have changed places"):
    """Results a and b of several exchanged."""

    def swap(result):
        parts = list(result)
        parts[a], parts[b] = parts[b], parts[a]
        return tuple(parts)

    return mistake(says, with_result(reference, swap))


def arguments_swapped(reference, a: int = 0, b: int = 1, *, says="two of the inputs have changed places"):
    """The right answer with two of its arguments exchanged."""

    def swap(*args):
        args = list(args)
        args[a], args[b] = args[b], args[a]
        return tuple(args)

    return mistake(says, with_inputs(reference, swap))


# ---------------------------------------------------------------------------------------------------- numbers


def scaled(reference, factor: float, says: str, *, keys=None, part=None):
    """Times a factor; what that factor means only the exercise knows, so its sentence is asked for."""
    return mistake(says, _numbers(reference, lambda y: y * factor, keys, part))


def per_cent(reference, *, keys=None, part=None, says="that is in per cent: a share lies between 0 and 1"):
    """100 times a share."""
    return scaled(reference, 100.0, says, keys=keys, part=part)


def share_for_per_cent(reference, *, keys=None, part=None, says="that is a share: per cent are wanted, 100 times as much"):
    """A hundredth of a percentage."""
    return scaled(reference, 0.01, says, keys=keys, part=part)


def one_minus(reference, *, keys=None, part=None, says="that is the rest, one minus what is wanted"):
    """1 − y: the other gate, the error for the accuracy."""
    return mistake(says, _numbers(reference, lambda y: 1 - y, keys, part))


def negated(reference, *, keys=None, part=None, says="the sign is the wrong way round"):
    """−y."""
    return mistake(says, _numbers(reference, lambda y: -y, keys, part))


def reciprocal(reference, *, keys=None, part=None, says="the fraction is upside down"):
    """1 / y."""
    return mistake(says, _numbers(reference, lambda y: 1 / y, keys, part))


def nats_for_bits(reference, *, keys=None, part=None, says="that is in nats, with the natural logarithm: bits are wanted, so divide by ln 2"):
    """y ln 2."""
    return scaled(reference, math.log(2), says, keys=keys, part=part)


def bits_for_nats(reference, *, keys=None, part=None, says="that is in bits, with the logarithm to base 2: nats are wanted, so take the natural one"):
    """y / ln 2."""
    return scaled(reference, 1 / math.log(2), says, keys=keys, part=part)


def no_root(reference, *, keys=None, part=None, says="that is the square: the root is missing"):
    """y²."""
    return mistake(says, _numbers(reference, lambda y: y**2, keys, part))


def rooted(reference, *, keys=None, part=None, says="that is the root; it is not asked for"):
    """√y."""
    return mistake(says, _numbers(reference, lambda y: y**0.5, keys, part))


def absolute(reference, *, keys=None, part=None, says="the sign is lost: no absolute value here"):
    """|y|."""
    return mistake(says, _numbers(reference, abs, keys, part))


def counted_from_0(reference, *, keys=None, part=None, says="you count from 0: here the first is number 1"):
    """y − 1."""
    return mistake(says, _numbers(reference, lambda y: y - 1, keys, part))


def counted_from_1(reference, *, keys=None, part=None, says="you count from 1: here the first is number 0"):
    """y + 1."""
    return mistake(says, _numbers(reference, lambda y: y + 1, keys, part))


def rounded(reference, digits: int = 0, *, keys=None, part=None, says="rounded too early: keep all digits until the end"):
    """Rounded to so many digits."""
    change = lambda y: y.round(decimals=digits) if isinstance(y, Tensor) else float(round(y, digits))  # noqa: E731
    return mistake(says, _numbers(reference, change, keys, part))


# ---------------------------------------------------------------------------------------------------- autograd


def detached(reference, *, part=None, says="the values are right, but the result is cut from its inputs: no `.detach()`, `.item()` or `torch.tensor(…)` on the way"):
    """No gradient flows through the result. Needs `gradients=True` in the definition."""
    return mistake(says, with_result(reference, lambda result: _each(result, part, None, lambda y: y.detach())))


def input_detached(reference, *, arg=0, says="no gradient reaches one of the inputs: it is detached on the way"):
    """One argument is cut off. Needs `gradients=True` in the definition."""
    return mistake(says, with_inputs(reference, _of_args(arg, lambda x: x.detach())))


# ---------------------------------------------------------------------------------------------------- dicts of answers


def swapped(reference: dict, a: str, b: str, *, says: str | None = None) -> Mistake:
    """The answers under two keys exchanged."""
    return mistake(says or f"{a} and {b} are exchanged", {a: reference[b], b: reference[a]})


def part(reference: dict, key: str, slip: Callable[..., Mistake], **options) -> Mistake:
    """One of the slips of numbers at one key of a dict of answers: `part(right, "share", rounded, digits=1)`."""
    made = slip(reference[key], **options)
    return mistake(made.says, {key: made.wrong})


# fmt: on
# ---------------------------------------------------------------------------------------------------- helpers


def _each(result: Any, part: int | None, axis: int | None, change: Callable) -> Any:
    """Change one of several results, or all that have the axis; for an axis behind the first, those with the most axes."""
    if part is not None:
        return _with_part(result, part, change)
    if not isinstance(result, tuple):
        return change(result)
    most = max((one.dim() for one in result if isinstance(one, Tensor)), default=0) if axis else 0
    made = [
        one if isinstance(one, Tensor) and one.dim() < max(most, (axis or -1) + 1) else change(one) for one in result
    ]
    return type(result)(*made) if hasattr(result, "_fields") else tuple(made)


def _with_part(result, part, change):
    made = [change(one) if number == part else one for number, one in enumerate(result)]
    return type(result)(*made) if hasattr(result, "_fields") else type(result)(made)


def _along(value: Any, axis: int, change: Callable) -> Any:
    """Change the list of a tensor's slices along an axis; a list is changed itself."""
    if not isinstance(value, Tensor):
        return type(value)(change(list(value)))
    steps = change(list(value.unbind(axis)))
    return torch.stack(steps, dim=axis) if steps else value.narrow(axis, 0, 0)


def _pick(value, axis, index):
    return value.select(axis, index) if isinstance(value, Tensor) else value[index]


def _zero_of(step):
    return torch.zeros_like(step) if isinstance(step, Tensor) else type(step)()


def _of_args(arg: int | Sequence[int], change: Callable) -> Callable:
    chosen = [arg] if isinstance(arg, int) else list(arg)
    return lambda *args: tuple(change(one) if number in chosen else one for number, one in enumerate(args))


def _reads(reference, arg, axis, change):
    return with_inputs(reference, _of_args(arg, lambda x: _along(x, axis, change)))


def _steps_of_result(reference, axis, part, change):
    return with_result(reference, lambda result: _each(result, part, axis, lambda y: _along(y, axis, change)))


def _times(reference, count, part, factor):
    if not callable(reference):
        return reference * factor(count)

    @wraps(reference)
    def wrong(*args, **kwargs):
        by = factor(count(*args) if callable(count) else count)
        return _each(reference(*args, **kwargs), part, None, lambda y: y * by)

    return wrong


def _row_by_row(reference, args, join):
    @wraps(reference)
    def wrong(*given, **kwargs):
        rows = []
        for n in range(len(given[args[0]])):
            one = [value[n : n + 1] if number in args else value for number, value in enumerate(given)]
            rows.append(torch.as_tensor(reference(*one, **kwargs)))
        return join(rows)

    return wrong


def _numbers(reference, change, keys, part):
    """A changed number, tensor, function's result, or the changed numbers of a dict of answers."""

    def every(value):
        return type(value)(every(one) for one in value) if isinstance(value, tuple | list) else change(value)

    if isinstance(reference, dict):
        chosen = keys or [key for key, value in reference.items() if _is_number(value)]
        return {key: change(reference[key]) for key in chosen}
    if not callable(reference):
        return every(reference)
    return with_result(reference, lambda result: _each(result, part, None, every))


def _is_number(value) -> bool:
    return isinstance(value, int | float | Tensor) and not isinstance(value, bool)
