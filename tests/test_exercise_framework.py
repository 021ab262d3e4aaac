"""The checker itself, on exercises made for this file: verdicts, fall-back, comparison, partial answers, never raising."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from lstmkit import exercise
from lstmkit.exercises import check, core
from lstmkit.exercises.compare import difference


def double(x):
    return 2 * x


def triple(x):
    return 3 * x


@pytest.fixture
def define(monkeypatch):
    monkeypatch.setattr(core, "_known", dict(core._known))
    return core.define


@pytest.fixture
def doubling(define):
    return define(
        "99.1",
        reference=double,
        cases=lambda: [core.case(torch.randn(3)), core.case(torch.randn(2, 2), label="two axes")],
        mistakes=[core.mistake("that is three times x, not twice", triple)],
        gradients=True,
    )


def test_hands_back_the_answer_or_the_reference(doubling, capsys):
    def mine(x):
        return x + x

    def stub(x):
        """Twice x."""
        ...

    assert exercise("99.1", mine) is mine
    assert exercise("99.1", triple) is double
    assert exercise("99.1", stub) is double
    assert exercise("99.1", ...) is double
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "✓ 99.1 passed (2 checks)"
    assert lines[1] == "✗ 99.1 that is three times x, not twice"
    assert lines[-1] == lines[-2] == "○ 99.1 not attempted yet: the lesson goes on with the reference"


def test_unknown_exercise_and_broken_definition_do_not_raise(define, capsys):
    assert exercise("99.7", 5) == 5
    assert "there is no exercise '99.7'" in capsys.readouterr().out

    def broken():
        raise OSError("disk on fire")

    define("99.2", reference=double, cases=broken, mistakes=[])
    assert exercise("99.2", triple) is double
    assert "99.2 could not be checked: OSError: disk on fire" in capsys.readouterr().out


def test_system_exit_recursion_and_swallowed_timeout(doubling):
    def leaves(x):
        raise SystemExit(3)

    def recurs(x):
        return recurs(x)

    def swallows(x):
        while True:
            try:
                while True:
                    pass
            except Exception:
                pass

    assert "exit(3)" in check.verdict(doubling, leaves)[1]
    assert "RecursionError" in check.verdict(doubling, recurs)[1]
    assert "stopped after 0.2 s" in check.verdict(replace(doubling, time_limit=0.2), swallows)[1]


def test_gradient_that_is_cut_or_wrong_is_named(doubling):
    def cut(x):
        return 2 * x.detach()

    def bends(x):
        return 2 * x.detach() + x - x.detach()

    assert "no gradient reaches the inputs" in check.verdict(doubling, cut)[1]
    assert "the values are right, but a gradient is not" in check.verdict(doubling, bends)[1]


def test_an_input_left_with_requires_grad_is_named(define):
    def slope(x):
        x = x.detach().clone().requires_grad_()
        return torch.autograd.grad(x.square().sum(), x)[0]

    def on_the_caller_s(x):
        x.requires_grad_().square().sum().backward()
        return x.grad

    def halved(x):
        return on_the_caller_s(x) / 2

    def tidied(x):
        grad = on_the_caller_s(x).clone()
        x.requires_grad_(False).grad = None
        return grad

    wrong = core.mistake("the factor 2 of the slope is missing", halved)
    made = define("99.5", reference=slope, cases=lambda: [core.case(torch.randn(3))], mistakes=[wrong])
    passed, line, share = check.verdict(made, on_the_caller_s)
    assert not passed and share == 0 and "leaves requires_grad=True on its input `x`" in line
    assert check.verdict(made, tidied)[0]
    assert wrong.says in check.verdict(made, halved)[1], "a wrong value is told first"


def test_prints_of_a_failing_answer_are_shown(doubling, capsys):
    def chatty(x):
        print("shape", tuple(x.shape))
        return x

    exercise("99.1", chatty)
    out = capsys.readouterr().out
    assert "it printed:" in out and "shape (3,)" in out and "(2, 2)" not in out


def test_the_lesson_s_random_numbers_are_not_disturbed(doubling):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    exercise("99.1", double)
    assert torch.equal(torch.rand(1), expected)


def test_values_number_text_parts(define, capsys):
    define("99.3", reference=0.347, tolerance=0.005, mistakes=[core.mistake("that is in bits", 0.5)])
    define(
        "99.4",
        reference={"y": (2, 3), "h": (1, 2)},
        mistakes=[
            core.mistake("y and h are exchanged", {"y": (1, 2)}),
            core.mistake("h has a layer axis", {"h": (2,)}),
        ],
    )
    assert exercise("99.3", 0.35) == 0.35
    assert exercise("99.3", torch.tensor(0.345)) == torch.tensor(0.345)
    assert exercise("99.3", np.float32(0.5)) == 0.347
    assert exercise("99.3", "x") == 0.347
    assert exercise("99.4", {"y": [2, 3], "h": (1, 2)}) == {"y": [2, 3], "h": (1, 2)}
    assert exercise("99.4", {"y": ..., "h": (2,)}) == {"y": (2, 3), "h": (1, 2)}
    assert exercise("99.4", {"y": ..., "h": ...}) == {"y": (2, 3), "h": (1, 2)}
    out = capsys.readouterr().out
    assert "✗ 99.3 that is in bits" in out and "'x': expected a number, not text in quotes" in out
    assert "y: still open" in out and "h: (2,) is not it: h has a layer axis" in out
    assert out.rstrip().endswith("○ 99.4 not attempted yet: the lesson goes on with the reference")


@pytest.mark.parametrize(
    ("found", "expected", "says"),
    [
        (torch.zeros(2, 3), torch.zeros(3, 2), "axes are in another order"),
        (torch.zeros(2, 1), torch.zeros(2), "axis of size 1"),
        (torch.zeros(2).double(), torch.zeros(2), "wrong dtype: found float64"),
        (torch.tensor([1.0, math.nan]), torch.ones(2), "1 of 2 values are NaN"),
        (torch.tensor([1.0, 2.0]), torch.ones(2), "at [1] found 2, expected 1"),
        ([1.0, 2.0], torch.ones(2), "a list of 2; expected a torch.Tensor"),
        (np.ones(2), torch.ones(2), "ndarray"),
        (torch.ones(2), (torch.ones(2), torch.ones(2)), "expected 2 results"),
        (math.nan, 1.0, "NaN"),
        (True, 1.0, "expected a number"),
        ({"a": 1}, {"a": 1, "b": 2}, "missing from the dict: b"),
        (1, "one", "found 1"),
    ],
)
def test_differences_are_put_into_words(found, expected, says):
    assert says in difference(found, expected, 1e-5)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([1, 2], (1, 2)),
        (torch.tensor(3), 3),
        (np.float64(0.5), 0.5),
        ("  LSTM ", "lstm"),
        (torch.tensor(True), True),
        (torch.tensor([math.inf, 1.0]), torch.tensor([math.inf, 1.0])),
        (None, None),
    ],
)
def test_what_does_not_matter_is_accepted(found, expected):
    assert difference(found, expected, 1e-5) is None


def test_a_definition_that_cannot_work_is_refused(define, doubling):
    define("99.1", reference=1, mistakes=[])  # the same file may say it anew, as a reload does
    assert core.find("99.1").reference == 1
    elsewhere = {"__name__": "lesson_98", "define": define}
    with pytest.raises(ValueError, match="defined twice, in test_exercise_framework|defined twice, in tests"):
        exec('define("99.1", reference=2, mistakes=[])', elsewhere)
    with pytest.raises(ValueError, match="'c' is not among the allowed"):
        define("99.8", reference={"x": "c"}, allowed=("a", "b"), mistakes=[])
    with pytest.raises(ValueError, match="needs cases"):
        define("99.8", reference=double, mistakes=[])


def test_partial_credit_is_displayed_only_while_nbgrader_grades(doubling, monkeypatch, capsys):
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.instance()

    def half_right(x):
        return 2 * x if x.dim() == 1 else x

    try:
        exercise("99.1", half_right)
        assert "0.5" not in capsys.readouterr().out.splitlines()[-1]
        monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
        for answer, share in ((double, "1.0"), (half_right, "0.5"), (triple, "0.0")):
            exercise("99.1", answer)
            assert capsys.readouterr().out.rstrip().endswith(share)
    finally:
        InteractiveShell.clear_instance()
