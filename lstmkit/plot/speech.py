"""Sound: spectrograms, and what CTC says of them."""

from __future__ import annotations

__all__: list[str] = []
