"""Sequence to sequence as drawings: wirings, the beam as a tree, attention, teacher forcing."""

from __future__ import annotations

__all__ = []
