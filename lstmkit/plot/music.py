"""Tunes, drawn as notes."""

from __future__ import annotations

__all__: list[str] = []
