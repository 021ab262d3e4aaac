"""Drawings of a state that runs on its own."""

from __future__ import annotations

__all__: list[str] = []
