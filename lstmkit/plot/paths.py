"""Explanations as drawings: the path from a baseline to an input, a saturated function."""

from __future__ import annotations

__all__ = []
