"""The checker itself, on exercises made for this file: verdicts, fall-back, comparison, partial answers, never raising."""

from __future__ import annotations

import importlib
import logging
import math
import random
import re
import signal
import sys
import threading
import time
import warnings
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import lstmkit.exercises
from lstmkit import exercise
from lstmkit.exercises import check, core, graded, sandbox, slips
from lstmkit.exercises.compare import difference
from lstmkit.exercises.explain import explain
from lstmkit.exercises.forms import as_asked, form


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


def test_system_exit_and_recursion(doubling):
    def leaves(x):
        raise SystemExit(3)

    def recurs(x):
        return recurs(x)

    assert "exit(3)" in check.verdict(doubling, leaves)[1]
    assert "RecursionError" in check.verdict(doubling, recurs)[1]


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


def half_right(x):
    return 2 * x if x.dim() == 1 else x


def test_points_are_the_share_of_the_checks_times_what_the_exercise_is_worth(doubling, capfd):
    """nbgrader reads a displayed number as points: a fully right answer to an exercise of 5 has to show 5."""
    assert [graded("99.1", answer, 5) for answer in (double, half_right, triple, ...)] == [5.0, 2.5, 0.0, 0.0]
    assert graded("99.7", double, 5) == 0.0 and capfd.readouterr() == ("", "")


def test_a_check_shows_a_number_only_where_nbgrader_validates_a_wrong_answer(doubling, monkeypatch, capsys):
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.instance()
    try:
        said = {}
        for run in ("autograde", "validate"):
            monkeypatch.setenv("NBGRADER_EXECUTION", run)
            exercise("99.1", half_right)
            said[run] = capsys.readouterr().out
            exercise("99.1", double)
            assert capsys.readouterr().out == "✓ 99.1 passed (2 checks)\n", "a right answer shows no number"
        assert said["autograde"].startswith("✗ 99.1") and said["validate"].startswith(said["autograde"])
        shown = said["validate"].removeprefix(said["autograde"]).strip()
        assert re.fullmatch(r"(Out\[\d*\]: )?0", shown), said
    finally:
        InteractiveShell.clear_instance()


# ---------------------------------------------------------------------------------------------------- endless loops


def endless_loop(done):
    while not done.is_set():
        pass


def eats_exceptions(done):
    while not done.is_set():
        try:
            endless_loop(done)
        except Exception:
            pass


def eats_all(done):
    while not done.is_set():
        try:
            while not done.is_set():
                pass
        except:  # noqa: E722
            pass


def eats_all_twice(done):
    while not done.is_set():
        try:
            eats_all(done)
        except:  # noqa: E722
            pass


def eats_and_returns(done):
    try:
        endless_loop(done)
    except:  # noqa: E722
        return 5


@pytest.mark.parametrize("where", ["signal", "no signal", "another thread"])
@pytest.mark.parametrize("endless", [endless_loop, eats_exceptions, eats_all, eats_all_twice, eats_and_returns])
def test_an_endless_loop_is_stopped(endless, where, monkeypatch):
    if where == "no signal":
        monkeypatch.delattr(signal, "setitimer", raising=False)
    said, done = [], threading.Event()

    def call():
        try:
            sandbox.limited(lambda: endless(done), 0.05)
        except sandbox.TimeUp as stop:
            said.append(str(stop))

    if where == "another thread":
        thread = threading.Thread(target=call, daemon=True)
        thread.start()
        thread.join(20)
    else:
        call()
    done.set()
    assert said and said[0].startswith("stopped after 0.05 s: an endless loop?")
    time.sleep(0.05)  # nothing rings later


@pytest.mark.parametrize("here", [True, False])
def test_what_ends_in_time_comes_back(here, monkeypatch):
    if not here:
        monkeypatch.delattr(signal, "setitimer", raising=False)
    assert sandbox.limited(lambda: 3, 5.0) == 3
    with pytest.raises(ZeroDivisionError) as caught:
        sandbox.limited(lambda: 1 / 0, 5.0)
    assert "in line" in explain(caught.value, None)
    with pytest.raises(sandbox.TimeUp):
        sandbox.limited(lambda: time.sleep(3), 0.05)


# ---------------------------------------------------------------------------------------------------- what is said, and left behind


def test_prints_warnings_and_logs_are_caught_and_settings_kept(doubling, capfd):
    def noisy(x):
        warnings.warn("the sizes differ", UserWarning, stacklevel=1)
        logging.getLogger("mine").warning("logged")
        print("to stderr", file=sys.stderr)
        random.seed(1), np.random.seed(1), torch.manual_seed(1)  # noqa: NPY002
        torch.set_default_dtype(torch.float64)
        return 2 * x

    before = random.getstate()[1][:3], np.random.get_state()[1][:3].tolist(), torch.rand(1, generator=None).dtype  # noqa: NPY002
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check.verdict(doubling, noisy)[0]
        line = check.verdict(doubling, lambda x: noisy(x) + 1)[1]
    after = random.getstate()[1][:3], np.random.get_state()[1][:3].tolist(), torch.rand(1).dtype  # noqa: NPY002
    assert before == after and capfd.readouterr() == ("", "")
    for said in ("UserWarning: the sizes differ", "logged", "to stderr"):
        assert f"    {said}" in line


def test_what_an_answer_displays_is_caught(doubling, capsys):
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import display

    InteractiveShell.instance()

    def shows(x):
        display("look")
        return 2 * x

    try:
        exercise("99.1", shows)
    finally:
        InteractiveShell.clear_instance()
    assert capsys.readouterr().out == "✓ 99.1 passed (2 checks)\n"


# ---------------------------------------------------------------------------------------------------- forms


@pytest.mark.parametrize(
    ("found", "expected", "plain"),
    [
        (Fraction(3, 4), 0.75, 0.75),
        (Decimal("0.75"), 0.75, 0.75),
        ("3/4", 0.75, 0.75),
        (" −0.5 ", -0.5, -0.5),
        ("75 %", 0.75, 0.75),
        ("3", 3, 3),
        (3.0, 3, 3),
        (1, True, True),
        (np.int64(0), False, False),
        (torch.tensor(1), True, True),
        ("yes", True, True),
        ("False", False, False),
        ("  Vanishes. ", "vanishes", "vanishes"),
        (["x", "H"], {"x", "h"}, {"x", "h"}),
        ({"a": "1/2", "b": 1}, {"a": 0.5, "b": True}, {"a": 0.5, "b": True}),
        ((Fraction(1, 2), 3), (0.5, 3), (0.5, 3)),
    ],
)
def test_another_form_that_says_the_same_is_taken_and_handed_on_plain(define, found, expected, plain):
    define("99.6", reference=expected, mistakes=[])
    handed = exercise("99.6", found)
    assert handed == plain and type(handed) is type(plain) and check.verdict(core.find("99.6"), found)[0]


def test_a_form_that_fits_is_not_touched():
    for found, expected in [([2, 3], (2, 3)), (2, 3.5), (True, False), ({"a": [1, 2]}, {"a": (1, 2)}), (2, True)]:
        assert as_asked(found, expected) is found


@pytest.mark.parametrize(
    ("found", "expected", "says"),
    [
        ("many", 0.75, "expected a number, not text in quotes"),
        ((3,), 3, "expected a number, without a comma behind it"),
        (True, 3, "expected a number"),
        (None, 3, "that is no answer"),
        (len, 3, "that is a function"),
        (2, True, "expected True or False"),
        ("maybe", True, "expected True or False"),
        (3, "three", "expected text in quotes"),
        (7, (2, 3), "expected a tuple"),
        ("(2, 3)", (2, 3), "expected a tuple, not text in quotes"),
        ({2, 3}, (2, 3), "expected a tuple"),
        ("xh", {"x", "h"}, "expected a set"),
        ([1.0], torch.ones(1), "expected a torch.Tensor"),
        (5, {"a": 1, "b": 2}, "expected a dict with the keys 'a', 'b'"),
        ({"a": 1}, {"a": 1, "b": 2}, "the key 'b' is missing"),
        ({"padd": 1}, {"padding": 1}, "the key 'padd' should be spelt 'padding'"),
        ({1: "x", 2: "y"}, {"network 1": "x", "network 2": "y"}, "the key 1 should be spelt 'network 1'"),
    ],
)
def test_a_wrong_form_is_told_as_a_form(found, expected, says):
    assert says in form(as_asked(found, expected), expected)


def test_another_word_is_told_the_words(define):
    define(
        "99.6",
        reference={"A": "vanishes", "B": "stays", "C": 2},
        allowed={"A": ("vanishes", "stays", "explodes"), "B": ("vanishes", "stays", "explodes")},
        mistakes=[core.mistake("B turns, and turning keeps lengths", {"B": "explodes"})],
    )
    line = check.verdict(core.find("99.6"), {"A": "vanish", "B": "explodes", "C": "3/2"})[1].splitlines()
    assert line[1] == "  A: 'vanish': expected one of vanishes, stays, explodes (did you mean vanishes?)"
    assert "turning keeps lengths" in line[2] and line[3] == "  C: 1.5 is not it"
    define("99.7", reference="causal", allowed=("causal", "memory"), mistakes=[])
    assert check.verdict(core.find("99.7"), "a leak")[1] == "✗ 99.7 'a leak': expected one of causal, memory"
    assert check.verdict(core.find("99.7"), "memory")[1] == "✗ 99.7 'memory' is not it"
    for strange in (torch.zeros(2), np.zeros(2), 5):
        assert "expected one of causal, memory" in check.verdict(core.find("99.7"), strange)[1]


# ---------------------------------------------------------------------------------------------------- mistakes


def test_two_mistakes_with_the_same_numbers_are_both_named(define):
    def answer(x):
        return x

    wrong = [core.mistake("the factor is missing", answer), core.mistake("x was not touched", lambda x: x.clone())]
    made = define("99.5", reference=double, cases=lambda: [core.case(torch.randn(3))], mistakes=wrong)
    line = check.verdict(made, answer)[1]
    assert "✗ 99.5 the factor is missing\n  or: x was not touched\n" in line
    made = define("99.6", reference=0.5, mistakes=[core.mistake("too small", 0.2), core.mistake("halved twice", 0.2)])
    assert check.verdict(made, 0.2)[1] == "✗ 99.6 too small\n  or: halved twice"
    made = define("99.7", reference={"a": 1}, mistakes=[core.mistake("one", {"a": 2}), core.mistake("two", {"a": 2})])
    assert check.verdict(made, {"a": 2})[1].splitlines()[1:] == ["  a: 2 is not it: one", "  or: two"]


def test_numbers_are_told_with_as_many_digits_as_tell_them_apart():
    assert difference(0.80851, 0.80849, 1e-6) == "found 0.80851, expected 0.80849"
    assert "found 0.500002, expected 0.5" in difference(torch.tensor([0.500002]), torch.tensor([0.5]), 1e-7)
    assert difference(math.inf, 1.0, 1e-5) and difference(1.0, math.inf, 1e-5)


def test_a_crash_is_a_mistake_s_only_if_it_says_so_itself(define):
    def twice(x):
        y = x.detach().clone().requires_grad_()
        total = (y * y).sum()
        return torch.autograd.grad(total, y)[0] + torch.autograd.grad(total, y)[0]

    def none_plus(x):
        return None + x

    def far(x):
        return x[7]

    wrong = [
        core.mistake("pass retain_graph=True", twice),
        core.mistake("x is not what is missing", none_plus),
        core.mistake("too far", far),
    ]
    made = define("99.5", reference=double, cases=lambda: [core.case(torch.randn(3))], mistakes=wrong)

    def mine(a):
        a = a.clone().requires_grad_()
        y = (a * a).sum()
        return torch.autograd.grad(y, a)[0] + torch.autograd.grad(y, a)[0]

    line = check.verdict(made, mine)[1]
    assert (
        line.startswith("✗ 99.5 pass retain_graph=True\n  RuntimeError") and "return torch.autograd.grad(y, a)" in line
    )
    assert "too far" in check.verdict(made, lambda x: x[7])[1]
    line = check.verdict(made, lambda x: None + x)[1]
    assert "TypeError" in line and "x is not what" not in line


def test_a_crash_of_what_became_of_the_result_is_nobody_s_mistake(define):
    there = Path(lstmkit.exercises.__file__).with_name("lesson_99.py")  # the definition's own file
    space = {}
    exec(compile("def run(answer, x):\n    return sum(answer(x))", str(there), "exec"), space)
    wrong, run = core.mistake("text came back", lambda x: ["a"]), space["run"]
    made = define("99.5", reference=lambda x: [2, 3], cases=lambda: [core.case(1)], mistakes=[wrong], run=run)
    for answer in (wrong.wrong, lambda x: ["b"]):
        line = check.verdict(made, answer)[1]
        assert "your function runs, but what it hands back cannot be used: TypeError" in line
        assert wrong.says not in line and "return sum" not in line
    line = check.verdict(made, lambda x: 1 / 0)[1]
    assert "ZeroDivisionError" in line and "line = check.verdict" in line


def test_outcomes_of_mistakes_and_reference_are_found_once(define):
    calls = []

    def counted(x):
        calls.append(x)
        return 3 * x

    mistakes = [core.mistake("three times", counted), core.mistake("four times", lambda x: 4 * x)]
    made = define(
        "99.5", reference=double, cases=lambda: [core.case(torch.randn(3)) for _ in range(4)], mistakes=mistakes
    )
    for _ in range(5):
        check.verdict(made, lambda x: 4 * x)
    assert len(calls) == 1, "the first case that differs settles it, once for all"
    assert replace(made, time_limit=1).memo == {}


def test_a_reference_that_raises_is_our_fault(define, capsys):
    define("99.5", reference=lambda x: x / 0, cases=lambda: [core.case(1)], mistakes=[])
    exercise("99.5", lambda x: x / 0)
    assert "99.5 could not be checked: ZeroDivisionError" in capsys.readouterr().out


def test_a_reference_that_is_too_slow_does_not_stop_the_lesson(define, capsys):
    def slow(x):
        time.sleep(1)

    define("99.5", reference=slow, cases=lambda: [core.case(1)], mistakes=[], time_limit=0.05)
    assert exercise("99.5", double) is slow and core.find("99.5").memo == {}
    assert "99.5 could not be checked: TimeUp" in capsys.readouterr().out


def test_an_exercise_with_its_own_judgement(define):
    def odd(answer):
        return None if answer % 2 else "an odd number is wanted"

    made = define("99.5", reference=3, mistakes=[core.mistake("an odd number is wanted", 4)], accepts=odd)
    assert check.verdict(made, "7")[0] and check.verdict(made, 4)[1] == "✗ 99.5 an odd number is wanted"
    assert check.verdict(made, None)[1] == "✗ 99.5 None: that is no answer (print(…) returns None)"


# ---------------------------------------------------------------------------------------------------- what comes back


def test_what_has_to_be_handed_back_is(define):
    def zero_bias(lstm):
        with torch.no_grad():
            lstm.bias_ih_l0.zero_()
        return lstm

    def forgets(lstm):
        zero_bias(lstm)

    def makes_another(lstm):
        zero_bias(lstm)
        return nn.LSTM(2, 3)

    def run(answer, lstm):
        answer(lstm)
        return lstm.bias_ih_l0.detach()

    def cases():
        return [core.case(nn.LSTM(2, 3))]

    made = define("99.5", reference=zero_bias, cases=cases, run=run, mistakes=[], returns_input=True)
    assert check.verdict(made, zero_bias)[0]
    assert "returns nothing (None): is the `return` missing?" in check.verdict(made, forgets)[1]
    assert "hands back another object" in check.verdict(made, makes_another)[1]
    made = define("99.6", reference=zero_bias, cases=cases, run=run, mistakes=[])
    assert "returns nothing" in check.verdict(made, forgets)[1] and check.verdict(made, makes_another)[0]


def test_a_return_of_none_is_not_told_as_a_missing_return(define):
    def right(x):
        z = x.detach().clone().requires_grad_()
        z.square().sum().backward()
        return z.grad

    def unwatched(x):
        z = x.detach().clone().requires_grad_()
        z.square().sum().backward()
        return x.grad

    def falls_through(x):
        if x.sum() > 1e9:
            return x

    def bare(x):
        x = x + 1
        return

    made = define("99.7", reference=right, cases=lambda: [core.case(torch.randn(3))], mistakes=[])
    for wrong in (unwatched, falls_through):
        line = check.verdict(made, wrong)[1]
        assert "returned None here" in line and "is the `return` missing" not in line
    assert "is the `return` missing?" in check.verdict(made, bare)[1]


@pytest.mark.parametrize(
    "take",
    [
        lambda g: g[:, 1:].abs(),
        lambda g: torch.stack([g, g]),
        lambda g: g.abs(),
        lambda g: g * 1.5,
        lambda g: torch.cat([g]),
        lambda g: torch.norm(g),
    ],
)
def test_the_tuple_of_autograd_s_gradients_is_told(define, take):
    def right(x):
        z = x.detach().clone().requires_grad_()
        return torch.autograd.grad(z.square().sum(), z)[0]

    def wrong(x):
        z = x.detach().clone().requires_grad_()
        return take(torch.autograd.grad(z.square().sum(), z))

    made = define("99.7", reference=right, cases=lambda: [core.case(torch.randn(3, 4))], mistakes=[])
    assert "one gradient for each input, so take `[0]` of it" in check.verdict(made, wrong)[1]


def test_states_written_into_a_tensor_are_told_to_be_collected(define):
    def states(x):
        h, out = x[0] * 0, []
        for x_t in x:
            h = torch.tanh(x_t + h)
            out.append(h)
        return torch.stack(out)

    def written(x):
        out = torch.zeros(len(x) + 1, x.shape[1])
        for t in range(len(x)):
            out[t + 1] = torch.tanh(x[t] + out[t])
        return out[1:]

    def cases():
        return [core.case(torch.randn(5, 3))]

    made = define("99.5", reference=states, cases=cases, mistakes=[], gradients=True)
    passed, line, _ = check.verdict(made, written)
    assert passed or "collect the steps in a list, then torch.stack" in line


def test_the_input_whose_gradient_is_wrong_is_named(define):
    made = define(
        "99.5",
        reference=lambda x, w: x * w,
        cases=lambda: [core.case(torch.randn(3), torch.randn(3))],
        mistakes=[],
        gradients=True,
    )
    assert "that of `w`" in check.verdict(made, lambda x, w: x * w.detach())[1]


@pytest.mark.parametrize("message", [None, "to do"])
def test_not_implemented_is_not_attempted(doubling, message):
    def bare(x):
        raise NotImplementedError

    def called(x):
        """Twice x."""
        raise NotImplementedError("to do")

    def given_up(x):
        y = 2 * x
        raise NotImplementedError(y)

    assert check.verdict(doubling, bare)[1].startswith("○") and check.verdict(doubling, called)[1].startswith("○")
    assert check.verdict(doubling, given_up)[1].startswith("✗") and check.verdict(doubling, "...")[1].startswith("○")


def test_a_class_with_a_helper_that_does_nothing_has_been_attempted(define):
    class Right:
        def __call__(self, x):
            return 2 * x

    class Mine:
        def reset(self):
            pass

        def __call__(self, x):
            return x + x

    class Stub:
        def __call__(self, x): ...

    def run(answer, x):
        return answer()(x)

    made = define("99.5", reference=Right, cases=lambda: [core.case(3)], mistakes=[], run=run)
    assert check.verdict(made, Mine)[0] and check.verdict(made, Stub)[1].startswith("○")


# ---------------------------------------------------------------------------------------------------- torch's words


def lstm_with_a_flat_state():
    nn.LSTM(3, 4, batch_first=True)(torch.zeros(2, 5, 3), (torch.zeros(1, 3, 4), torch.zeros(1, 3, 4)))


def graph_twice():
    a = torch.randn(3, requires_grad=True)
    y = (a * a).sum()
    y.backward()
    y.backward()


def written_before_backward():
    a = torch.randn(3, requires_grad=True)
    b = a.exp()
    b += 1
    b.sum().backward()


def leaf_in_place():
    w = torch.zeros(3, requires_grad=True)
    w += 1


def names_of_two():
    N, T, D = torch.zeros(2, 3).shape


def half_a_range():
    return range(5 / 2)


@pytest.mark.parametrize(
    ("crash", "cure"),
    [
        (leaf_in_place, "with torch.no_grad()"),
        (written_before_backward, "collect the steps in a list, then torch.stack"),
        (graph_twice, "retain_graph=True"),
        (lambda: torch.randn(3).sum().backward(), ".detach().clone().requires_grad_()"),
        (lambda: (torch.ones(3, requires_grad=True) * 2).backward(), "a gradient is that of one number"),
        (names_of_two, "3 names on the left, 2 on the right"),
        (lambda: torch.zeros(2, 3).sum(2), "2 axes, numbered from 0 to 1, and no axis 2"),
        (lambda: torch.zeros(2, 3)[0, 0, 0], "2 axes, and you give more indices"),
        (lambda: torch.zeros(5, 3) @ torch.zeros(2, 3), "3 is not 2 (transpose the second, `.T`?)"),
        (lambda: torch.zeros(3, 4) + torch.zeros(3, 5), "4 and 5 numbers on axis 1"),
        (lambda: nn.functional.cross_entropy(torch.zeros(3, 4), torch.zeros(3)), "`.long()`"),
        (lambda: nn.Linear(3, 2)(torch.zeros(2, 3).double()), "`dtype=x.dtype`"),
        (lambda: torch.zeros(3) + torch.zeros(3, device="meta"), "`device=x.device`"),
        (lambda: [1, 2][2], "the last of T steps is T − 1"),
        (lambda: torch.zeros(2, 3)[:, 3], "axis 1 has 3 places, counted from 0: there is no 3"),
        (lambda: nn.Embedding(3, 2)(torch.tensor([3])), "is not in the table"),
        (lambda: torch.stack([]), "does it append?"),
        (lambda: torch.stack([1.0]), "torch.tensor(list)"),
        (lambda: torch.zeros(3, 4).view(5, 2), "12 numbers do not fill"),
        (lambda: torch.zeros(3, 4).T.view(12), "`.reshape`"),
        (lambda: None + torch.zeros(2), "something here is None"),
        (lambda: ... + torch.zeros(2), "a `...` is still in your code"),
        (lambda: nowhere, "is it spelt as it was above"),  # noqa: F821
        (lambda: torch.zeros(2)[::-1], "x.flip(1)"),
        (lambda: torch.zeros(3).item(), "more than one number"),
        (lambda: 1 if torch.zeros(3) > 0 else 2, "torch.where"),
        (lambda: torch.arange(3).mean(), "`.float()` first"),
        (half_a_range, "`//`"),
        (lambda: (torch.zeros(1), 2).shape, "`y, state = layer(x)`"),
        (lstm_with_a_flat_state, "the state has to be (1, 2, 4), (layers · directions, N, H), and is (1, 3, 4)"),
    ],
)
def test_torch_s_words_come_with_the_cure(crash, cure):
    with pytest.raises(Exception) as caught:
        crash()
    lines = explain(caught.value, crash).splitlines()
    assert len(lines) == 2 and cure in lines[1], lines
    assert type(caught.value).__name__ in lines[0] and " in line " in lines[0] and len(lines[0]) < 300


# ---------------------------------------------------------------------------------------------------- reloads


def test_reloading_everything_keeps_the_exercises(capsys):
    before = core.find("01.1").reference
    for module in (
        core,
        lstmkit.exercises.compare,
        lstmkit.exercises.forms,
        check,
        sys.modules["lstmkit.exercises.lesson_01"],
    ):
        importlib.reload(module)
    assert exercise("01.1", before) is not None and "✓ 01.1 passed" in capsys.readouterr().out
    assert check.verdict(core.find("01.1"), core.find("01.1").reference)[0]
    everything = sorted(core.catalogue())
    core._known.clear()
    assert core.find("01.2").id == "01.2", "a lesson's file that has been imported is read again"
    assert sorted(core.catalogue()) == everything, "and so are all the others"


# ---------------------------------------------------------------------------------------------------- slips


def states(x, h):
    out = []
    for t in range(x.shape[1]):
        h = torch.tanh(x[:, t].sum(-1, keepdim=True) + h)
        out.append(h)
    return torch.stack(out, dim=1)


def states_and_last(x, h):
    y = states(x, h)
    return y, y[:, -1]


X, H0 = torch.randn(3, 5, 2), torch.randn(3, 4)
Y = states(X, H0)
SLIPS = [
    (slips.first_step_skipped, states(X[:, 1:], H0)),
    (slips.first_step_left_out, Y[:, 1:]),
    (slips.stops_early, Y[:, :-1]),
    (slips.last_step_left_out, Y[:, :-1]),
    (slips.one_step_too_many, states(torch.cat([X, X[:, -1:]], 1), H0)),
    (slips.start_stored, torch.cat([torch.zeros(3, 1, 4), Y], 1)),
    (slips.always_first, states(X[:, :1].expand(-1, 5, -1), H0)),
    (slips.always_last, states(X[:, -1:].expand(-1, 5, -1), H0)),
    (slips.one_step_late, states(X.roll(1, 1), H0)),
    (slips.zero_in_front, states(torch.cat([torch.zeros(3, 1, 2), X[:, :-1]], 1), H0)),
    (slips.reads_backwards, states(X.flip(1), H0)),
    (slips.result_reversed, Y.flip(1)),
    (slips.result_shifted, Y.roll(1, 1)),
    (slips.last_only, Y[:, -1]),
    (slips.first_only, Y[:, 0]),
    (slips.last_for_all, Y[:, -1:].expand(-1, 5, -1)),
    (slips.batch_summed, Y.sum(0)),
    (slips.batch_averaged, Y.mean(0)),
    (slips.first_sequence_only, Y[0]),
    (slips.transposed, Y.transpose(0, 1)),
    (slips.time_first, Y.transpose(0, 1)),
    (slips.cat_for_stack, torch.cat(list(Y.unbind(1)))),
    (slips.axis_left_over, Y[:, None]),
    (slips.per_cent, 100 * Y),
    (slips.one_minus, 1 - Y),
    (slips.negated, -Y),
    (slips.reciprocal, 1 / Y),
    (slips.no_root, Y**2),
    (slips.absolute, Y.abs()),
    (slips.nats_for_bits, Y * math.log(2)),
    (slips.rounded, Y.round()),
]


@pytest.mark.parametrize(("slip", "expected"), SLIPS, ids=lambda one: getattr(one, "__name__", ""))
def test_slips_make_their_mistake_of_the_reference(slip, expected):
    made = slip(states)
    assert torch.allclose(made.wrong(X, H0), expected) and len(made.says) >= 15
    assert slip(states, says="it is told otherwise").says == "it is told otherwise"
    y, last = slip(states_and_last).wrong(X, H0)
    assert torch.allclose(y, expected), "of several results, the one with the axis"


def test_slips_with_arguments_of_their_own():
    assert torch.equal(slips.start_stored(states, start=lambda x, h: h).wrong(X, H0)[:, 0], H0)
    assert torch.allclose(slips.mean_for_sum(states, lambda x, h: x.shape[1]).wrong(X, H0), Y / 5)
    assert torch.allclose(slips.sum_for_mean(states, 5).wrong(X, H0), Y * 5)
    assert torch.equal(slips.summed_over(states, 2).wrong(X, H0), Y.sum(2))
    assert slips.stack_for_cat(states, 2, axis=2).wrong(X, H0).shape == (3, 5, 2, 2)
    assert torch.allclose(slips.wrong_axis(lambda x: x.softmax(2), 1, 2, back=True).wrong(X), X.softmax(1))
    assert torch.equal(slips.wrong_axis(lambda x: x.sum(2), 1, 2).wrong(X), X.sum(1))
    total = slips.per_row(lambda x, h: states(x, h).sum(), args=(0, 1)).wrong(X, H0)
    assert torch.allclose(total, Y.sum((1, 2))) and total.shape == (3,)
    assert torch.allclose(slips.mean_of_rows(lambda x: x.sum()).wrong(X), X.sum((1, 2)).mean())
    assert slips.arguments_swapped(lambda a, b: a - b).wrong(1, 3) == 2
    assert torch.equal(slips.results_swapped(states_and_last).wrong(X, H0)[0], Y[:, -1])
    assert slips.reads_backwards(lambda steps: steps[:2]).wrong([1, 2, 3]) == [3, 2], "a list is time itself"
    watched = X.clone().requires_grad_()
    assert not slips.detached(states).wrong(watched, H0).requires_grad
    assert not slips.input_detached(states).wrong(watched, H0).requires_grad


def test_slips_of_values_and_dicts():
    right = {"word": "a", "blocks": 4, "share": 0.25}
    assert slips.per_cent(right, keys=["share"]).wrong == {"share": 25.0}
    assert slips.counted_from_0(right).wrong == {"blocks": 3, "share": -0.75}
    assert slips.counted_from_1((1, 2)).wrong == (2, 3)
    assert slips.rounded(2.46, 1).wrong == 2.5 and slips.bits_for_nats(math.log(2)).wrong == pytest.approx(1)
    assert slips.swapped({"reset": 1, "update": 2}, "reset", "update").wrong == {"reset": 2, "update": 1}
    assert slips.part(right, "share", slips.rounded, digits=1).wrong == {"share": 0.2}
