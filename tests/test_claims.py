"""`claim`: each condition true and false, and never an exception."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lstmkit import claim


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
