"""Where a word points: maps over pictures and sentences."""

from __future__ import annotations

__all__: list[str] = []
