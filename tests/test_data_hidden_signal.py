"""The hidden signal: where the mask says, nowhere else, with the sign of its label; places, repeatability, bad input."""

from __future__ import annotations

import pytest
import torch

from lstmkit.data.hidden_signal import hidden_signal
from lstmkit.runtime import generator


def test_the_bump_lies_where_the_mask_says_and_has_the_label_s_sign():
    x, label, mask = hidden_signal(2000, T=30, D=4, length=6, generator=generator(0))
    assert x.shape == mask.shape == (2000, 30, 4) and label.shape == (2000,) and mask.dtype == torch.bool
    assert (mask.sum((1, 2)) == 6).all() and (mask.any(1).sum(1) == 1).all()  # six steps of one channel
    inside, outside = x[mask].view(2000, 6), x[~mask]
    bump = (inside * (2 * label - 1)[:, None]).mean(0)
    expected = 2 * torch.sin(torch.pi * (torch.arange(6) + 0.5) / 6)
    torch.testing.assert_close(bump, expected, rtol=0, atol=0.06)
    assert abs(float(outside.mean())) < 0.01 and abs(float(outside.std()) - 0.5) < 0.01
    assert 0.45 < float(label.mean()) < 0.55
    assert (
        mask.any(2).float().mean(0).min() > 0 and mask.any(1).float().mean(0).min() > 0.2
    )  # every step, every channel


@pytest.mark.parametrize("start", [0, 17, 32])
def test_start_fixes_the_place(start):
    mask = hidden_signal(5, start=start, generator=generator(1)).mask.any(2)
    assert mask[:, start : start + 8].all() and mask.sum() == 5 * 8


def test_it_repeats_with_its_generator():
    a, b = (hidden_signal(3, generator=generator(2)) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(a, b, strict=True))


@pytest.mark.parametrize("start", [-1, 33])
def test_a_place_outside_is_named(start):
    with pytest.raises(ValueError, match=f"start is {start}; expected 0 ≤ start ≤ 32"):
        hidden_signal(1, start=start)
