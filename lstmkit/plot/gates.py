"""The inside of a cell: valves, gates, the LSTM step by step, both forms of the GRU."""

from __future__ import annotations

__all__ = []
