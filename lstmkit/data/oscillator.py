"""Damped oscillations from four numbers: a one-to-many task whose true sensitivities are known by formula.

    y_t = A exp(−γ t) cos(2π f t + φ),    t = 1 … T

A network is given the four numbers *scaled*: each input runs from −1 (the smallest value in `RANGES`) to +1 (the largest),
so that the four sensitivities are in the same unit, change of y per half range, and can be compared.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from lstmkit.shapes import expect, expect_finite, expect_whole

__all__ = ["RANGES", "Oscillations", "oscillate", "oscillations", "physical", "sensitivities"]

# smallest and largest value; amplitude without unit, frequency in cycles per step, damping per step, phase in radians
RANGES = {
    "amplitude": (0.5, 1.5),
    "frequency": (0.03, 0.09),
    "damping": (0.0, 0.08),
    "phase": (-math.pi / 2, math.pi / 2),
}


class Oscillations(NamedTuple):
    """A batch: x (N, 4) scaled inputs in [−1, 1], in the order of RANGES, and y (N, T), the curves."""

    x: Tensor
    y: Tensor


def physical(x: Tensor) -> Tensor:
    """Amplitude, frequency, damping and phase in their own units (see RANGES), (N, 4), from scaled inputs x (N, 4).

    Raises ValueError for a wrong shape or NaN, TypeError for integers: the ranges would be cut to whole numbers.
    """
    expect(x, "N D", D=len(RANGES))
    if not x.is_floating_point():
        expect(x, "N D", dtype=torch.float32)
    expect_finite(x)
    low, high = x.new_tensor(list(RANGES.values())).T
    return (low + high) / 2 + (high - low) / 2 * x


def oscillate(x: Tensor, T: int = 40) -> Tensor:
    """The curves y_1 … y_T, (N, T), from scaled inputs x (N, 4). Raises ValueError for a wrong shape, NaN or T < 1."""
    swing, _, A, _ = _parts(x, T)
    return A * swing


def sensitivities(x: Tensor, T: int = 40) -> Tensor:
    """∂y_t/∂x_d by formula, (N, T, 4), in units of y per half range, from scaled inputs x (N, 4).

    ∂y/∂A = E cos θ,  ∂y/∂f = −2π t A E sin θ,  ∂y/∂γ = −t A E cos θ,  ∂y/∂φ = −A E sin θ,  with E = exp(−γt), θ = 2πft + φ;
    each times half of its range. Raises ValueError as `oscillate`.
    """
    swing, across, A, t = _parts(x, T)
    by_unit = torch.stack([swing, -2 * math.pi * t * A * across, -t * A * swing, -A * across], dim=2)
    low, high = x.new_tensor(list(RANGES.values())).T
    return by_unit * (high - low) / 2


def oscillations(N: int, T: int = 40, *, generator: Generator | None = None) -> Oscillations:
    """N random oscillations, the scaled inputs uniform in [−1, 1]. Raises ValueError unless N and T are at least 1."""
    N, T = expect_whole(N=N, T=T)
    x = 2 * torch.rand(N, len(RANGES), generator=generator) - 1
    return Oscillations(x, oscillate(x, T))


def _parts(x: Tensor, T: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """E cos θ and E sin θ, (N, T) each, A (N, 1) and t = 1 … T, (T,)."""
    (T,) = expect_whole(T=T)
    A, f, damping, phase = physical(x)[:, :, None].unbind(1)
    t = torch.arange(1, T + 1, dtype=x.dtype, device=x.device)
    envelope, angle = torch.exp(-damping * t), 2 * math.pi * f * t + phase
    return envelope * angle.cos(), envelope * angle.sin(), A, t
