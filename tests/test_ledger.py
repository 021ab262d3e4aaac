"""What lesson 02 teaches about the shapes of torch's recurrent layers, held against torch in 54 settings."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lstmkit.exercises.lesson_02 import count_weights

D, H = 6, 10


def ledger(kind: str, L: int, directions: int, N: int, T: int) -> dict[str, tuple[int, ...]]:
    """The shapes as the lesson gives them, batch first."""
    rows, wide = {"RNN": 1, "GRU": 3, "LSTM": 4}[kind] * H, directions * H
    shapes = {"output": (N, T, wide), "h_n": (L * directions, N, H)}
    if kind == "LSTM":
        shapes["c_n"] = (L * directions, N, H)
    for layer in range(L):
        shapes[f"weight_ih_l{layer}"] = (rows, D if layer == 0 else wide)
        shapes[f"weight_hh_l{layer}"] = (rows, H)
    return shapes


@pytest.mark.parametrize("N,T", [(16, 25), (1, 4), (5, 1)])
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("L", [1, 2, 3])
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_shapes_are_what_the_lesson_says(kind, L, directions, N, T):
    net = getattr(nn, kind)(D, H, L, bidirectional=directions == 2, batch_first=True)
    output, state = net(torch.randn(N, T, D))
    made = {"output": output} | dict(zip(["h_n", "c_n"], state if kind == "LSTM" else [state], strict=False))
    made |= {name: weight for name, weight in net.named_parameters() if name in ledger(kind, L, directions, N, T)}
    assert {name: tuple(tensor.shape) for name, tensor in made.items()} == ledger(kind, L, directions, N, T)
    assert count_weights(kind, D, H, L, directions) == sum(weight.numel() for weight in net.parameters())
