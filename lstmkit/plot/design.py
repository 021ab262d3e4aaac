"""Drawings for designed inputs."""

from __future__ import annotations

__all__: list[str] = []
