"""The roads of a gradient through time: arrows back along a chain, the two states, the triangle."""

from __future__ import annotations

__all__ = []
