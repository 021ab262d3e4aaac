"""The training loop: what it promises about steps, best weights, early stopping, interrupts and bad arguments."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import LinearLR, ReduceLROnPlateau

from lstmkit.train import History, fit


def problem(seed=0):
    """A linear model, its loss, and a function that draws a batch of a noiseless linear task."""
    torch.manual_seed(seed)
    rng, truth = torch.Generator().manual_seed(seed), torch.tensor([1.0, -2.0, 0.5])

    def draw():
        x = torch.randn(16, 3, generator=rng)
        return x, x @ truth

    return nn.Linear(3, 1), lambda model, x, y: (model(x)[:, 0] - y).square().mean(), draw


def numbers(values):
    """A `validate` that returns the given numbers one after the other, and the weights that it saw."""
    seen, rest = [], iter(values)

    def validate(model):
        assert not model.training and not torch.is_grad_enabled()
        seen.append(model.weight.clone())
        return next(rest)

    return validate, seen


def test_it_learns_and_records_every_step(capsys):
    model, loss, draw = problem()
    history = fit(model, loss, draw, steps=300, lr=0.05, title="line")
    assert history.losses[-1] < 1e-3 < history.losses[0]
    assert history.steps == list(range(1, 301))
    assert len(history.losses) == len(history.gradient_norms) == 300
    assert not model.training
    assert (history.stopped_early, history.interrupted, history.diverged) == (False, False, False)
    assert history.best_step is None and history.validations == []
    printed = capsys.readouterr()
    assert printed.out == "" and "line" in printed.err and "300/300" in printed.err


def test_quiet_prints_nothing(capsys):
    model, loss, draw = problem()
    fit(model, loss, draw, steps=3, quiet=True)
    assert capsys.readouterr() == ("", "")


def test_one_step_of_sgd_is_the_formula():
    model, loss, draw = problem()
    x, y = draw()
    before = [p.detach().clone() for p in model.parameters()]
    gradients = torch.autograd.grad(loss(model, x, y), model.parameters())
    history = fit(model, loss, [(x, y)], steps=1, lr=0.1, optimizer=torch.optim.SGD, quiet=True)
    norm = math.sqrt(sum(float(g.square().sum()) for g in gradients))
    assert history.gradient_norms == [pytest.approx(norm, rel=1e-5)]
    for old, g, new in zip(before, gradients, model.parameters(), strict=True):
        assert torch.allclose(new, old - 0.1 * g, atol=1e-6)


def test_clipping_shortens_the_whole_gradient():
    model, loss, draw = problem()
    x, y = draw()
    before = torch.cat([p.detach().flatten() for p in model.parameters()])
    history = fit(model, loss, [(x, 100 * y)], steps=1, lr=1.0, optimizer=torch.optim.SGD, clip=0.5, quiet=True)
    after = torch.cat([p.detach().flatten() for p in model.parameters()])
    assert history.gradient_norms[0] > 10  # recorded before clipping
    assert float((after - before).norm()) == pytest.approx(0.5, rel=1e-4)


def test_batches_list_cycles_and_single_tensors_are_one_argument():
    model, seen = nn.Linear(1, 1), []

    def loss(model, x):
        seen.append(float(x.sum()))
        return model(x).sum()

    fit(model, loss, [torch.full((2, 1), float(i)) for i in range(3)], steps=7, quiet=True)
    assert seen == [0.0, 2.0, 4.0, 0.0, 2.0, 4.0, 0.0]


def test_schedule_moves_every_step():
    model, loss, draw = problem()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    fit(model, loss, draw, steps=4, optimizer=optimizer, schedule=lambda o: LinearLR(o, 1.0, 0.0, 8), quiet=True)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.5)


def test_the_best_weights_come_back():
    model, loss, draw = problem()
    validate, seen = numbers([5.0, 1.0, 2.0, torch.tensor(3.0)])
    history = fit(model, loss, draw, steps=40, validate=validate, every=10, quiet=True)
    assert history.validation_steps == [10, 20, 30, 40]
    assert history.validations == [5.0, 1.0, 2.0, 3.0]
    assert (history.best_step, history.best_value, history.stopped_early) == (20, 1.0, False)
    assert torch.equal(model.weight, seen[1]) and not torch.equal(seen[1], seen[3])


def test_without_restore_the_last_weights_stay():
    model, loss, draw = problem()
    validate, seen = numbers([1.0, 2.0])
    fit(model, loss, draw, steps=20, validate=validate, every=10, restore_best=False, quiet=True)
    assert torch.equal(model.weight, seen[1])


def test_the_last_step_is_validated_too():
    model, loss, draw = problem()
    validate, _ = numbers([3.0, 2.0])
    assert fit(model, loss, draw, steps=15, validate=validate, every=10, quiet=True).validation_steps == [10, 15]


def test_patience_counts_validations_without_a_new_best():
    model, loss, draw = problem()
    validate, seen = numbers([4.0, 3.0, 3.5, 2.0, 2.0, 2.5, 9.0, 9.0])
    history = fit(model, loss, draw, steps=400, validate=validate, every=5, patience=2, quiet=True)
    assert history.stopped_early and history.validations == [4.0, 3.0, 3.5, 2.0, 2.0, 2.5]
    assert len(history.steps) == 30 and history.best_step == 20
    assert torch.equal(model.weight, seen[3])


@pytest.mark.parametrize("where", ["in the batches", "in the loss", "in the validation"])
def test_an_interrupt_loses_nothing(where, capsys):
    """Interrupted and resumed, training ends where the uninterrupted one ends, and the best weights were there meanwhile."""
    model, loss, draw = problem()
    data = [draw() for _ in range(7)]
    test = draw()
    start = {k: v.clone() for k, v in model.state_dict().items()}

    def validate(model):
        return loss(model, *test)

    options = dict(steps=60, lr=0.02, validate=validate, every=10, schedule=lambda o: LinearLR(o, 1.0, 0.0, 60))
    whole = fit(model, loss, data, restore_best=False, quiet=True, **options)
    goal = model.weight.detach().clone()

    model.load_state_dict(start)
    countdown = [25 if where != "in the validation" else 3]

    def stop():
        countdown[0] -= 1
        if countdown[0] == 0:
            raise KeyboardInterrupt

    def loss_(model, *batch):
        if where == "in the loss":
            stop()
        return loss(model, *batch)

    def validate_(model):
        if where == "in the validation":
            stop()
        return validate(model)

    class Batches(list):
        def __getitem__(self, i):
            if where == "in the batches":
                stop()
            return super().__getitem__(i)

    history = fit(model, loss_, Batches(data), quiet=True, **(options | {"validate": validate_}))
    assert history.interrupted and 20 < len(history.steps) < 60
    assert "interrupted after" in capsys.readouterr().out
    assert validate(model).item() == pytest.approx(history.best_value)  # usable at once
    part = len(history.steps)
    again = fit(model, loss_, Batches(data), history=history, quiet=True, restore_best=False, **options)
    assert again is history and not history.interrupted and len(history.steps) == 60 > part
    torch.testing.assert_close(model.weight.detach(), goal)
    assert history.losses == pytest.approx(whole.losses, rel=1e-4)


def test_a_nan_stops_with_one_line_and_the_best_weights(capsys):
    model, loss, draw = problem()
    validate, seen = numbers([2.0, 1.0, 3.0])
    calls = iter(range(100))

    def breaks(model, x, y):
        return loss(model, x, y) * (math.nan if next(calls) == 16 else 1.0)

    history = fit(model, breaks, draw, steps=50, validate=validate, every=5, quiet=True)
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and "the loss is nan at step 17" in out and "smaller lr" in out
    assert history.diverged and len(history.steps) == 16 and torch.equal(model.weight, seen[1])


def test_an_infinite_gradient_does_not_touch_the_weights(capsys):
    model, loss, draw = problem()

    def cliff(model, x, y):  # the square root's slope at 0 is infinite
        return loss(model, x, y) + model.bias.sum().mul(0).sqrt()

    before = model.weight.detach().clone()
    history = fit(model, cliff, draw, steps=5, clip=1.0, quiet=True)
    assert "the gradient's norm is nan at step 1" in capsys.readouterr().out
    assert history.diverged and torch.equal(model.weight, before)


def test_a_nan_validation_stops(capsys):
    model, loss, draw = problem()
    history = fit(model, loss, draw, steps=50, validate=numbers([1.0, math.nan])[0], every=5, quiet=True)
    assert history.diverged and len(history.steps) == 10 and "the validation is nan" in capsys.readouterr().out


def test_history_plots_itself():
    model, loss, draw = problem()
    history = fit(
        model, loss, draw, steps=60, validate=numbers([2.0, 1.0, 3.0])[0], every=20, title="a line", quiet=True
    )
    fig = history.plot()
    ax = fig.axes[0]
    assert ax.get_title() == "a line" and ax.get_xlabel() == "step"
    assert len(ax.lines) == 4 and list(ax.lines[2].get_ydata()) == [2.0, 1.0, 3.0]
    assert history.plot(ax) is fig
    assert History().plot().axes  # nothing happened yet: an empty frame, no error


def test_a_history_at_the_end_of_a_cell_is_one_line():
    model, loss, draw = problem()
    history = fit(
        model, loss, draw, steps=60, validate=numbers([2.0, 1.0, 3.0])[0], every=20, title="a line", quiet=True
    )
    assert repr(history).startswith("History(a line: 60 steps, loss ") and len(repr(history)) < 120
    assert repr(history).endswith(", best validation 1 at step 40)") and repr(History()) == "History(training: no step)"
    history.stopped_early = True
    assert repr(history).endswith(", stopped early)")


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (dict(model="net"), TypeError, "model is a str"),
        (dict(model=nn.ReLU()), ValueError, "nothing to train"),
        (dict(loss=0.3), TypeError, "loss is a float"),
        (dict(loss=lambda m, x, y: 0.3), TypeError, "leave out .item"),
        (dict(loss=lambda m, x, y: m(x)), ValueError, r"shape \(16, 1\).*mean"),
        (dict(loss=lambda m, x, y: torch.tensor(1.0)), ValueError, "depends on no parameter"),
        (dict(batches=3), TypeError, "batches is a int"),
        (dict(batches=[]), ValueError, "batches is empty"),
        (dict(batches=(b for b in [])), ValueError, "read once"),
        (dict(steps=0), ValueError, "steps is 0"),
        (dict(steps=2.5), ValueError, "steps is 2.5.*whole"),
        (dict(steps=True), ValueError, "steps is True"),
        (dict(every=0), ValueError, "every is 0"),
        (dict(lr=-1e-3), ValueError, "lr is -0.001.*positive"),
        (dict(lr=math.nan), ValueError, "lr is nan"),
        (dict(clip=0), ValueError, "clip is 0"),
        (dict(steps=np.float64(2)), ValueError, "steps is .*2.0.*whole"),
        (dict(lr=np.float32("inf")), ValueError, "lr is .*inf.*positive"),
        (dict(optimizer=lambda p, lr: "sgd"), TypeError, "optimizer made a str"),
        (dict(optimizer=torch.optim.LBFGS, clip=1.0), ValueError, "clip=1.0 and LBFGS do not go together"),
        (dict(patience=0, validate=lambda m: 0.0), ValueError, "patience is 0"),
        (dict(patience=3), ValueError, "give validate="),
        (dict(validate=0.5), TypeError, "validate is a float"),
        (dict(schedule=ReduceLROnPlateau), TypeError, "needs no metric"),
        (dict(schedule=lambda o: 0.1), TypeError, "made a float"),
        (dict(history=History(steps=[1, 2])), ValueError, "holds 2 already"),
    ],
)
def test_bad_arguments(change, error, words):
    model, loss, draw = problem()
    arguments = dict(model=model, loss=loss, batches=draw, steps=2, quiet=True) | change
    with pytest.raises(error, match=words):
        fit(arguments.pop("model"), arguments.pop("loss"), arguments.pop("batches"), **arguments)


def test_numpy_s_and_torch_s_numbers_are_numbers():
    model, loss, draw = problem()
    validate, _ = numbers(np.ones(9))
    history = fit(
        model, loss, draw, steps=np.int64(4), every=torch.tensor(2), patience=np.int32(1), validate=validate,
        lr=np.float32(0.1), clip=np.float64(1), quiet=True,
    )  # fmt: skip
    assert history.steps == [1, 2, 3, 4] and history.validations == [1.0, 1.0] and type(history.steps[-1]) is int


def test_an_optimizer_that_evaluates_the_loss_again():
    """LBFGS solves the noiseless linear task in a few steps, goes on after an interruption, and stops at a NaN."""
    model, loss, draw = problem()
    data, lbfgs = [draw()], torch.optim.LBFGS
    history = fit(model, loss, data, steps=3, lr=1.0, optimizer=lbfgs, quiet=True)
    assert history.steps == [1, 2, 3] and history.losses[0] > 0.1 > 1e-6 > history.losses[-1]
    assert fit(model, loss, data, steps=5, lr=1.0, optimizer=lbfgs, history=history, quiet=True).steps[-1] == 5
    before = model.weight.detach().clone()
    broken = fit(model, lambda m, *b: loss(m, *b) * math.nan, data, steps=2, lr=1.0, optimizer=lbfgs, quiet=True)
    assert broken.diverged and torch.equal(model.weight, before)


def test_without_tqdm_there_is_no_bar(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    model, loss, draw = problem()
    assert fit(model, loss, draw, steps=3, validate=lambda m: 1.0, every=1).steps == [1, 2, 3]
    assert capsys.readouterr() == ("", "")


def test_an_exhausted_generator_is_named():
    model, loss, draw = problem()
    with pytest.raises(ValueError, match="generator can be read once"):
        fit(model, loss, (draw() for _ in range(3)), steps=5, quiet=True)
