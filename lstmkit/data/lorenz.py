"""The Lorenz system: three equations, no chance in them, and yet no forecast holds for long.

    dx/dt = σ (y − x),    dy/dt = x (ρ − z) − y,    dz/dt = x y − β z,    σ = 10, ρ = 28, β = 8/3

Source: E. N. Lorenz, "Deterministic nonperiodic flow", Journal of the Atmospheric Sciences 20 (1963). Computed here with the
classical Runge-Kutta method (4th order, step 0.01) in Python's own floats: double precision, and the same digits on
every machine, which matters where a difference grows by e every 1.1 time units.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Generator, Tensor

from lstmkit.shapes import expect_whole

__all__ = ["Lorenz", "lorenz"]

SIGMA, RHO, BETA, STEP = 10.0, 28.0, 8 / 3, 0.01
Point = tuple[float, float, float]


class Lorenz(NamedTuple):
    """values: (T, 3), the coordinates x, y, z, without unit. times: (T,), in Lorenz's time units."""

    values: Tensor
    times: Tensor


def lorenz(
    T: int,
    *,
    every: int = 5,
    start: Point | None = None,
    generator: Generator | None = None,
    dtype: torch.dtype = torch.float32,
) -> Lorenz:
    """T points of one trajectory, `every` steps of 0.01 time units apart.

    start: the first point, kept as it is. Without it a point is drawn (torch's generator, or the one given) and the first
    20 time units are left out, so that the trajectory is on the attractor. Turns about the wings take 0.6 to 1 time units.
    Returns Lorenz: values (T, 3) and times (T,), in `dtype`: float64 keeps differences of a billionth. Raises ValueError unless
    T and every are at least 1 and a start has three numbers.
    """
    T, every = expect_whole(T=T, every=every)
    point = None if start is None else tuple(float(u) for u in start)
    if point is not None and len(point) != 3:
        raise ValueError(f"start has {len(point)} numbers; expected three: x, y, z")
    if point is None:
        point = tuple(
            (torch.rand(3, generator=generator, dtype=torch.float64) * 20 - 10 + torch.tensor([0, 0, 25])).tolist()
        )
        for _ in range(2000):
            point = _step(point)
    points = [point]
    for _ in range(T - 1):
        for _ in range(every):
            point = _step(point)
        points.append(point)
    return Lorenz(torch.tensor(points, dtype=dtype), torch.arange(T, dtype=dtype) * (every * STEP))


def _slope(x: float, y: float, z: float) -> Point:
    return SIGMA * (y - x), x * (RHO - z) - y, x * y - BETA * z


def _step(p: Point, h: float = STEP) -> Point:
    """One Runge-Kutta step: the slope at the start, twice in the middle, at the end; weighted 1 : 2 : 2 : 1."""
    a = _slope(*p)
    b = _slope(*(u + h / 2 * v for u, v in zip(p, a, strict=True)))
    c = _slope(*(u + h / 2 * v for u, v in zip(p, b, strict=True)))
    d = _slope(*(u + h * v for u, v in zip(p, c, strict=True)))
    return tuple(u + h / 6 * (i + 2 * j + 2 * k + m) for u, i, j, k, m in zip(p, a, b, c, d, strict=True))
