"""The oscillator: the formula's derivatives against autograd and finite differences, ranges, bad input."""

from __future__ import annotations

import math

import pytest
import torch

from lstmkit.data.oscillator import RANGES, oscillate, oscillations, physical, sensitivities


def test_the_curve_is_the_formula():
    x = torch.tensor([[-1.0, 0.0, 1.0, 0.5]], dtype=torch.float64)
    A, f, damping, phase = 0.5, 0.06, 0.08, math.pi / 4
    torch.testing.assert_close(physical(x)[0], torch.tensor([A, f, damping, phase], dtype=torch.float64))
    by_hand = [A * math.exp(-damping * t) * math.cos(2 * math.pi * f * t + phase) for t in range(1, 8)]
    torch.testing.assert_close(oscillate(x, 7)[0], torch.tensor(by_hand, dtype=torch.float64))


@pytest.mark.parametrize(("N", "T"), [(5, 40), (1, 1)])
def test_sensitivities_equal_autograd_and_finite_differences(N, T):
    x = (2 * torch.rand(N, 4, dtype=torch.float64) - 1).requires_grad_()
    found, y = sensitivities(x.detach(), T), oscillate(x, T)
    assert found.shape == (N, T, 4)
    for t in range(T):
        exact = torch.autograd.grad(y[:, t].sum(), x, retain_graph=True)[0]
        torch.testing.assert_close(found[:, t], exact, rtol=1e-12, atol=1e-12)
    for d in range(4):
        nudge = 1e-6 * torch.eye(4, dtype=torch.float64)[d]
        slope = (oscillate(x.detach() + nudge, T) - oscillate(x.detach() - nudge, T)) / 2e-6
        torch.testing.assert_close(found[..., d], slope, rtol=0, atol=1e-7)


def test_a_batch_lies_in_the_ranges_and_repeats_with_its_generator():
    a, b = (oscillations(500, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    assert a.x.shape == (500, 4) and a.y.shape == (500, 40) and torch.equal(a.x, b.x)
    low, high = torch.tensor(list(RANGES.values())).T
    values = physical(a.x)
    slack = 1e-6 * (high - low)  # the ends are met up to rounding
    assert (values >= low - slack).all() and (values <= high + slack).all()
    assert ((values.amax(0) - values.amin(0)) / (high - low) > 0.95).all()


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"x has shape \(4,\).*x\[None\]"):
        oscillate(torch.zeros(4))
    with pytest.raises(ValueError, match="D.*is 3, not 4"):
        sensitivities(torch.zeros(2, 3))
    with pytest.raises(ValueError, match="T is 0"):
        oscillate(torch.zeros(2, 4), 0)
    with pytest.raises(ValueError, match="N is 0; expected a whole number of at least 1"):
        oscillations(0)
    for x in (torch.zeros(2, 4).long(), torch.zeros(2, 4).cfloat()):
        with pytest.raises(TypeError, match="x has dtype .*; expected float32"):
            physical(x)
    with pytest.raises(ValueError, match="NaN"):
        oscillate(torch.full((1, 4), math.nan))
