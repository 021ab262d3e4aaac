"""One training loop for every lesson: `history = fit(model, loss, batches, steps=1000)`.

Nothing here knows about recurrent networks. `fit` counts steps, not epochs, so that a lesson does the same work every
time; it moves nothing to a device and writes nothing to disk: the History that it returns holds everything.
"""

from __future__ import annotations

import inspect
import math
import operator
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from lstmkit import need

__all__ = ["History", "fit"]


@dataclass(repr=False)
class History:
    """What happened in training. Lists run in time order; losses and gradient norms have one entry per step."""

    title: str = "training"
    steps: list[int] = field(default_factory=list)  # 1, 2, 3, …
    losses: list[float] = field(default_factory=list)  # of each step's batch, before its update
    gradient_norms: list[float] = field(default_factory=list)  # over all parameters, before clipping
    validation_steps: list[int] = field(default_factory=list)
    validations: list[float] = field(default_factory=list)  # what `validate` returned; lower is better
    best_step: int | None = None  # None without `validate`
    best_value: float = math.inf
    stopped_early: bool = False
    interrupted: bool = False
    diverged: bool = False  # the loss, the gradient or a validation was NaN or infinite
    best_weights: dict[str, Tensor] | None = field(default=None, repr=False, compare=False)
    last: dict[str, Any] | None = field(default=None, repr=False, compare=False)  # where a next `fit` goes on

    def __repr__(self) -> str:
        """One line: who ends a cell with `fit(…)` sees how it went, not its thousand numbers."""
        if not self.losses:
            return f"History({self.title}: no step)"
        best = "" if self.best_step is None else f", best validation {self.best_value:.4g} at step {self.best_step}"
        ends = [name for name in ("stopped_early", "interrupted", "diverged") if getattr(self, name)]
        said = f"{len(self.losses)} steps, loss {self.losses[0]:.4g} to {self.losses[-1]:.4g}{best}"
        return f"History({self.title}: {', '.join([said, *(name.replace('_', ' ') for name in ends)])})"

    def plot(self, ax=None):
        """Loss by step (faint, with its running mean), the validations and the best of them. Returns the figure.

        ax: matplotlib axes to draw on; without it a figure of its own.
        """
        plt = need(__name__, "matplotlib.pyplot")  # here, because `import lstmkit` should not pay for it
        if ax is None:
            with plt.rc_context({"font.size": 12, "axes.spines.top": False, "axes.spines.right": False}):
                ax = plt.subplots(figsize=(7.2, 3.6), layout="constrained")[1]
        ax.plot(self.steps, self.losses, color="#0072B2", alpha=0.3, linewidth=1, label="training loss")
        width = max(1, len(self.losses) // 50)
        mean = [sum(self.losses[i : i + width]) / width for i in range(len(self.losses) - width + 1)]
        ax.plot(self.steps[width - 1 :], mean, color="#0072B2", linewidth=2, label=f"mean of {width} steps")
        if self.validations:
            ax.plot(self.validation_steps, self.validations, ".-", color="#D55E00", linewidth=2, label="validation")
        if self.best_step is not None:
            ax.plot(self.best_step, self.best_value, "k*", markersize=12, label=f"best: step {self.best_step}")
        values = [v for v in (*self.losses, *self.validations) if math.isfinite(v)] or [0.0]
        if min(values) > 0 and max(values) > 10 * min(values):
            ax.set_yscale("log")
        ax.set(xlabel="step", ylabel="loss", title=self.title)
        ax.legend(frameon=False)
        plt.close(ax.figure)  # else a notebook shows it twice: as an open figure and as the cell's value
        return ax.figure


def fit(
    model: nn.Module,
    loss: Callable[..., Tensor],
    batches: Iterable | Callable[[], Any],
    *,
    steps: int,
    lr: float = 1e-3,
    optimizer: torch.optim.Optimizer | Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    schedule: Callable[[torch.optim.Optimizer], LRScheduler] | None = None,
    clip: float | None = None,
    validate: Callable[[nn.Module], float | Tensor] | None = None,
    every: int = 50,
    patience: int | None = None,
    restore_best: bool = True,
    history: History | None = None,
    title: str = "training",
    quiet: bool = False,
) -> History:
    """Train model in place until `steps` updates have been made in all; return the History. Leaves it in eval mode.

    loss: `loss(model, *batch)` returns one number, a tensor without axes.
    batches: a function that draws one batch, `batches()`; or a list, DataLoader … of batches, read round and round. A
        batch is a tuple or list of arguments for `loss`; anything else is passed as its one argument.
    optimizer: a class such as `torch.optim.SGD`, called with the parameters and `lr=lr`, or a ready optimizer. One that
        evaluates the loss again (`torch.optim.LBFGS`) gets its closure, on the step's batch; give it `lr=1`, and no clip.
    schedule: makes a torch scheduler, `lambda o: torch.optim.lr_scheduler.LinearLR(o, 1, 0, 1000)`; moves every step.
    clip: largest norm of the gradient over all parameters together; a longer gradient is shortened to it.
    validate: `validate(model)` returns a number, lower is better; called every `every` steps and after the last, in
        eval mode, without gradients. With `restore_best` the model ends with the weights of the best one.
    patience: stop when so many validations in a row have brought no new best.
    history: a History that `fit` returned: training goes on where it stopped, from its last weights (not the best) and
        its optimizer state; `steps` counts from the very beginning. An interrupt (the stop button) loses nothing: the
        model gets its best weights, the History is returned, and the same call with `history=` finishes the rest.
    title: of the progress bar and the plot. quiet: no progress bar (it goes to standard error, and needs tqdm).

    A loss, gradient or validation that is NaN or infinite ends training with one printed line and the best weights.
    Raises TypeError or ValueError for arguments that do not fit together, saying what was given and what was expected.
    """
    _expect_arguments(model, loss, validate, patience)
    steps, every, lr = _whole("steps", steps), _whole("every", every), _positive("lr", lr)
    patience = None if patience is None else _whole("patience", patience)
    clip = None if clip is None else _positive("clip", clip)
    parameters = [p for p in model.parameters() if p.requires_grad]
    if not isinstance(optimizer, torch.optim.Optimizer):
        optimizer = optimizer(parameters, lr=lr)
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(f"optimizer made a {type(optimizer).__name__}; expected a torch.optim.Optimizer")
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    evaluates = closure is not None and closure.default is closure.empty  # such as LBFGS: it cannot do without
    if evaluates and clip is not None:
        raise ValueError(
            f"clip={clip} and {type(optimizer).__name__} do not go together: it needs the gradient as it is"
        )
    scheduler = None if schedule is None else schedule(optimizer)
    if not isinstance(scheduler, LRScheduler | None) or isinstance(scheduler, ReduceLROnPlateau):
        raise TypeError(f"schedule made a {type(scheduler).__name__}; expected a torch scheduler that needs no metric")
    history = History(title) if history is None else history
    done = len(history.steps)
    if done >= steps:
        raise ValueError(f"steps is {steps}, but history holds {done} already; steps counts from the beginning")
    if history.last is not None:
        for part, owner in (("model", model), ("optimizer", optimizer), ("schedule", scheduler)):
            if owner is not None and part in history.last:
                owner.load_state_dict(history.last[part])
    history.stopped_early = history.interrupted = history.diverged = False
    stream, waited, problem = _stream(batches, done), 0, ""
    bar = _bar(quiet, total=steps, initial=done, desc=history.title, file=sys.stderr, mininterval=0.3)
    batch = None

    def evaluate() -> Tensor:
        """The loss of this step's batch, and its gradient in the parameters."""
        value = _expect_scalar(loss(model, *batch) if isinstance(batch, tuple | list) else loss(model, batch))
        optimizer.zero_grad()
        value.backward()
        return value

    try:
        model.train()
        for step in range(done + 1, steps + 1):
            batch = next(stream)
            value = evaluate()
            norm = nn.utils.clip_grad_norm_(parameters, clip or math.inf)
            for name, number in (("loss", value.detach()), ("gradient's norm", norm)):
                problem = problem or ("" if math.isfinite(number) else f"the {name} is {number:.0f}")
            if problem:
                break
            optimizer.step(evaluate) if evaluates else optimizer.step()
            if scheduler is not None:
                scheduler.step()
            history.steps.append(step)
            history.losses.append(value.item())
            history.gradient_norms.append(norm.item())
            bar.update()
            if validate is not None and (step % every == 0 or step == steps):
                waited = 0 if _validate(model, validate, history) else waited + 1
                bar.set_postfix_str(f"validation {history.validations[-1]:.3g}", refresh=False)
                if not math.isfinite(history.validations[-1]):
                    problem = f"the validation is {history.validations[-1]}"
                    break
                if patience is not None and waited >= patience:
                    history.stopped_early = step < steps
                    break
    except KeyboardInterrupt:
        history.interrupted = True
    finally:
        bar.close()
        model.eval()
    history.diverged, history.last = bool(problem), None  # weights that gave NaN are no place to go on from
    if not problem:
        owners = {"model": model, "optimizer": optimizer} | ({"schedule": scheduler} if scheduler else {})
        history.last = deepcopy({part: owner.state_dict() for part, owner in owners.items()})
    kept = "the model keeps its last weights"
    if history.best_weights is not None and (restore_best or problem):
        model.load_state_dict(history.best_weights)
        kept = f"the model has its best weights, of step {history.best_step}"
    if problem:
        print(f"training stopped: {problem} at step {step}; {kept}. Try a smaller lr, or clip=1.0.")
    elif history.interrupted:
        print(f"training interrupted after {len(history.steps)} steps; {kept}. The same call with history= goes on.")
    return history


def _validate(model: nn.Module, validate: Callable[[nn.Module], float | Tensor], history: History) -> bool:
    """Validate, and keep the weights if they are the best so far; returns whether they are."""
    model.eval()
    with torch.no_grad():
        value = float(validate(model))
    model.train()
    history.validation_steps.append(len(history.steps))
    history.validations.append(value)
    better = value < history.best_value
    if better:
        weights = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
        history.best_weights, history.best_value, history.best_step = weights, value, len(history.steps)
    return better


def _stream(batches: Iterable | Callable[[], Any], done: int) -> Iterator[Any]:
    """Batches without end; a list goes on at entry `done`, so that a resumed training sees what it would have seen."""
    if callable(batches):
        while True:
            yield batches()
    if not isinstance(batches, Iterable):
        raise TypeError(f"batches is a {type(batches).__name__}; expected a function or something to loop over")
    if isinstance(batches, Sequence) and len(batches):
        yield from (batches[i % len(batches)] for i in count(done))
    fresh = True
    while fresh:
        fresh = False
        for batch in batches:
            fresh = True
            yield batch
    raise ValueError("batches is empty or ran out: a generator can be read once; give a list or a function")


def _expect_scalar(value: Tensor) -> Tensor:
    if not isinstance(value, Tensor):
        raise TypeError(f"loss returned a {type(value).__name__}; expected a tensor: leave out .item()")
    if value.dim() != 0:
        raise ValueError(f"loss returned shape {tuple(value.shape)}; expected one number: take the .mean()")
    if not value.requires_grad:
        raise ValueError("loss returned a number that depends on no parameter: was it detached, or made under no_grad?")
    return value


def _bar(quiet: bool, **options):
    """tqdm's progress bar; one that shows nothing if it is to be quiet, or where tqdm is not installed."""
    with suppress(ImportError):
        if not quiet:
            return need(__name__, "tqdm").tqdm(**options)
    return SimpleNamespace(update=lambda: None, set_postfix_str=lambda *_, **__: None, close=lambda: None)


def _expect_arguments(model, loss, validate, patience) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is a {type(model).__name__}; expected a torch.nn.Module")
    if not any(p.requires_grad for p in model.parameters()):
        raise ValueError("model has no parameter that requires a gradient: there is nothing to train")
    for name, call in (("loss", loss), ("validate", validate or loss)):
        if not callable(call):
            raise TypeError(f"{name} is a {type(call).__name__}; expected a function of the model")
    if patience is not None and validate is None:
        raise ValueError(f"patience={patience} counts validations: give validate=, a function of the model, as well")


def _whole(name: str, value) -> int:
    """A count as Python's int, whether it is Python's, numpy's or a tensor's."""
    with suppress(TypeError):
        if not isinstance(value, bool) and operator.index(value) > 0:
            return operator.index(value)
    raise ValueError(f"{name} is {value!r}; expected a whole number above 0")


def _positive(name: str, value) -> float:
    """A number above 0 as Python's float, whether it is Python's, numpy's or a tensor's."""
    with suppress(TypeError, ValueError):
        if not isinstance(value, bool | str) and 0 < float(value) < math.inf:
            return float(value)
    raise ValueError(f"{name} is {value!r}; expected a positive number above 0")
