"""Tokens and their numbers: one vocabulary class for every data set of text.

The first four tokens are the same everywhere, and as in `lstmkit.models`: padding 0, start 1, end 2, unknown 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

__all__ = ["SPECIAL", "Vocabulary"]

SPECIAL = ("<pad>", "<start>", "<end>", "<unknown>")


class Vocabulary:
    """Numbers for tokens. sequences: lists of words, or strings, whose tokens are then their characters.

    The rule for a token that was not among them: it is read as <unknown>, keeps its place, and is never an error.
    `len(vocabulary)` is V; `vocabulary.tokens[k]` is token k.
    """

    def __init__(self, sequences: Iterable[Sequence[str]]):
        self.tokens = (*SPECIAL, *sorted({token for sequence in sequences for token in sequence}))
        self.number = {token: k for k, token in enumerate(self.tokens)}

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, sequences: Iterable[Sequence[str]], *, wrap: bool = False) -> tuple[Tensor, Tensor]:
        """Numbers of N sequences, padded to the longest: tokens (N, T) and lengths (N,), both int64.

        wrap: put <start> before and <end> after each; the lengths count them. Raises ValueError for no sequence, and for
        an empty one without wrap: there would be nothing to read.
        """
        rows = [[self.number.get(token, 3) for token in sequence] for sequence in sequences]
        rows = [[1, *row, 2] for row in rows] if wrap else rows
        if not rows or not all(rows):
            raise ValueError("an empty sequence, or none at all; expected at least one token in each")
        lengths = torch.tensor([len(row) for row in rows])
        tokens = torch.zeros(len(rows), int(lengths.max()), dtype=torch.long)
        for row, numbers in zip(tokens, rows, strict=True):
            row[: len(numbers)] = torch.tensor(numbers)
        return tokens, lengths

    def decode(self, numbers: Iterable[int], joiner: str = "") -> str:
        """The text of some numbers: up to the first <end>, without <start> and padding. joiner: put between tokens.

        Raises ValueError for a number that no token has.
        """
        words = []
        for k in map(int, numbers):
            if k == 2:
                break
            if k < 0 or k >= len(self):
                raise ValueError(f"{k} is the number of no token; they run from 0 to {len(self) - 1}")
            if k > 1:
                words.append(self.tokens[k])
        return joiner.join(words)
