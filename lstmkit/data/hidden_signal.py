"""A short signal hidden in a window of noise: where it lies, in time and channel, is known. Made on the spot.

A sequence is noise in D channels. In one channel, at one place, it carries a bump, half a cycle of a sine: upwards (label 1) or
downwards (label 0). Nothing else tells the label, so every other entry is irrelevant.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from lstmkit.shapes import expect_whole

__all__ = ["Signals", "hidden_signal"]


class Signals(NamedTuple):
    """A batch: x (N, T, D), label (N,) float 0 or 1, mask (N, T, D) bool, True where the signal is."""

    x: Tensor
    label: Tensor
    mask: Tensor


def hidden_signal(
    N: int, T: int = 40, D: int = 3, *, start: int | None = None, length: int = 8, generator: Generator | None = None
) -> Signals:
    """N sequences of noise (standard deviation 0.5), each with one bump of height 2 in a random channel.

    start: the step where the signal begins, 0 … T − length; drawn for each sequence if None. Raises ValueError beyond that,
    and for a signal that is longer than the sequence.
    """
    N, T, D, length = expect_whole(N=N, T=T, D=D, length=length)
    if length > T:
        raise ValueError(f"length is {length}, T is {T}; expected a signal that fits into the sequence")
    if start is not None and not (start == int(start) and 0 <= start <= T - length):
        raise ValueError(f"start is {start}; expected 0 ≤ start ≤ {T - length}: the signal takes {length} of {T} steps")
    at = torch.randint(T - length + 1, (N, 1), generator=generator) if start is None else torch.full((N, 1), int(start))
    label, channel = torch.randint(2, (N,), generator=generator), torch.randint(D, (N,), generator=generator)
    inside = torch.arange(T) - at  # (N, T): steps since the signal began
    mask = ((inside >= 0) & (inside < length))[:, :, None] & (torch.arange(D) == channel[:, None, None])
    bump = 2 * torch.sin(math.pi * (inside + 0.5) / length)[:, :, None] * (2 * label - 1)[:, None, None]
    return Signals(0.5 * torch.randn(N, T, D, generator=generator) + bump * mask, label.float(), mask)
