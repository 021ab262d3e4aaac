"""`claim`: each condition true and false, and never an exception. `predict` and `outcome`: the learner's guess beside it.
(Made-up numbers: renumber: leave alone.)"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lstmkit import claim, outcome, predict


def said(capsys, *args, **kwargs) -> str:
    assert claim(*args, **kwargs) is None
    return capsys.readouterr().out.rstrip("\n")


@pytest.mark.parametrize(
    ("measured", "condition", "mark"),
    [
        (0.41, {"at_least": 0.3}, "✓"),
        (0.29, {"at_least": 0.3}, "✗"),
        (0.3, {"at_most": 0.3}, "✓"),
        (0.31, {"at_most": 0.3}, "✗"),
        (torch.tensor(0.5), {"between": (0.4, 0.6)}, "✓"),
        (np.float32(0.7), {"between": (0.4, 0.6)}, "✗"),
        (7, {"close_to": 7, "tolerance": 0}, "✓"),
        (7.2, {"close_to": 7, "tolerance": 0.1}, "✗"),
        (True, {"is_true": True}, "✓"),
        (torch.tensor(False), {"is_true": True}, "✗"),
        (False, {"is_true": False}, "✓"),
        (math.nan, {"at_least": 0.0}, "✗"),
        (torch.ones(2), {"at_least": 0.0}, "✗"),
        ("many", {"at_most": 1.0}, "✗"),
        (1.0, {}, "✗"),
        (1.0, {"at_least": 0.0, "at_most": 2.0}, "✗"),
        (1.0, {"close_to": 1.0}, "✗"),
        (2, {"is_true": True}, "✗"),
    ],
)
def test_conditions(capsys, measured, condition, mark):
    assert said(capsys, "it is so", measured, **condition).startswith(f"{mark} it is so (")


def test_the_sentence_of_the_design(capsys):
    assert said(capsys, "the LSTM wins", 0.412, at_least=0.30) == "✓ the LSTM wins (measured 0.412)"
    assert said(capsys, "the LSTM wins", 0.1, at_least=0.30) == "✗ the LSTM wins (measured 0.1, claimed at least 0.3)"


def test_is_true_alone(capsys):
    assert said(capsys, "same", is_true=1 < 2) == "✓ same (measured True)"
    assert said(capsys, "same", is_true=1 > 2) == "✗ same (measured False, claimed True)"
    assert said(capsys, "nothing", at_least=1).startswith("✗ nothing (not measured")


# ------------------------------------------------------------------------------------------- predict and outcome


def test_an_untouched_prediction_is_silent(capsys):
    predict("05.a", ...)
    predict("05.b")
    outcome("05.a", 0.57)
    outcome("05.never", torch.ones(3))
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("guess", "value", "shown"),
    [
        (7, 7, "7; it came out as 7: as you said"),
        (7, torch.tensor(7.0), "7; it came out as 7: as you said"),
        (0.5, np.float32(0.57123), "0.5; it came out as 0.571"),
        ("Vanish", "vanish ", "Vanish; it came out as vanish: as you said"),
        ("three", 4, "three; it came out as 4"),
        (True, torch.tensor(True), "True; it came out as True: as you said"),
        (12000.0, 12345.6, "12000; it came out as 12346"),
        (math.nan, math.inf, "nan; it came out as inf"),
        ([1, 2], (1, 2), "[1, 2]; it came out as (1, 2)"),
        (None, torch.zeros(2, 2), "None; it came out as tensor([[0., 0.], [0., 0.]])"),
    ],
)
def test_a_prediction_is_shown_beside_what_came_out(capsys, guess, value, shown):
    assert predict("05.a", guess) is None and outcome("05.a", value) is None
    noted, line = capsys.readouterr().out.splitlines()
    assert noted.startswith("noted: 05.a ") and line == f"05.a you predicted {shown}"


def test_the_last_guess_counts_and_can_be_taken_back(capsys):
    for guess in (1, 2):
        predict("05.a", guess)
    outcome("05.a", 2)
    assert "predicted 2;" in capsys.readouterr().out
    predict("05.a", ...)
    outcome("05.a", 2)
    assert capsys.readouterr().out == ""


class Hostile:
    """Somebody's own class, and not a friendly one."""

    item = 3
    __hash__ = None

    def __eq__(self, other):
        raise RuntimeError("no")

    def __str__(self):
        raise RuntimeError("no")


def test_nothing_makes_them_raise(capsys):
    for thing in (
        Hostile(),
        float,
        torch.ones(3, requires_grad=True),
        np.array("a"),
        b"\xff",
        "two\nlines",
        [..., ...],
    ):
        predict("05.a", thing)
        outcome("05.a", thing)
    predict(["05.a"], 1)
    outcome(["05.a"], 1)
    out = capsys.readouterr().out
    assert "noted: 05.a something of type Hostile" in out and "two lines" in out and out.count("\n") == 16


@pytest.mark.slow
def test_nbval_passes_the_untouched_pair(tmp_path):
    """Stored by the build, compared by nbval: no output in either, however the value rounds."""
    import subprocess
    import sys

    import nbformat

    from lstmkit.course import build

    book = nbformat.v4.new_notebook(metadata={"kernelspec": dict(build.KERNEL)})
    lines = [
        "import random\nfrom lstmkit import outcome, predict",
        'predict("05.a", ...)',
        'outcome("05.a", random.random())',
    ]
    book.cells = [nbformat.v4.new_code_cell(line) for line in lines]
    done = build.execute(book, tmp_path, "predictions")
    assert [cell.outputs for cell in done.cells] == [[], [], []]
    nbformat.write(done, tmp_path / "copy.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-p", "no:xdist", "-q", "copy.ipynb"]
    assert "3 passed" in subprocess.run(command, capture_output=True, text=True, cwd=tmp_path).stdout
