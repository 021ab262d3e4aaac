"""Scenes of two real handwritten digits, and a sentence for each: "seven left of three", "three above nine".

The digits are the 1,797 of scikit-learn's `load_digits` (8 × 8 pixels; E. Alpaydin and C. Kaynak, UCI, 1998, CC BY 4.0),
which ship inside that package. They are split into train and test *before* any scene is composed, so that no
drawing in a test scene was ever seen in training. (The hands are not: the data set does not say who wrote what.)
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from lstmkit import need
from lstmkit.shapes import expect_whole

__all__ = ["DIGITS", "SIZE", "WORDS", "Scenes", "say", "scenes", "sources"]

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WORDS = ("<pad>", "<start>", "<end>", "<unknown>", *DIGITS, "left", "of", "above", "right", "below")
SIZE, PIECE = 20, 8  # pixels a side: of a scene, of a digit
_ID = {word: number for number, word in enumerate(WORDS)}


class Scenes(NamedTuple):
    """A batch. For the i-th digit that a caption names, `digits[:, i]` and `corners[:, i]` say which it is and where.

    pictures: (N, 20, 20), grey from 0 to 1. captions: (N, 6) numbers of WORDS: <start>, the words, <end>, then <pad>.
    digits: (N, 2), 0 … 9. corners: (N, 2, 2), row and column of the upper left pixel of its 8 × 8.
    """

    pictures: Tensor
    captions: Tensor
    digits: Tensor
    corners: Tensor


@lru_cache
def sources(part: str) -> tuple[Tensor, Tensor]:
    """The digits themselves: pictures (M, 8, 8), grey from 0 to 1, and what they show (M,). part: "train" or "test".

    Four fifths train, one fifth test, the same on every machine and for every seed. Raises ValueError for another part.
    """
    if part not in ("train", "test"):
        raise ValueError(f"part is {part!r}; expected 'train' or 'test'")
    data = need(__name__, "sklearn.datasets").load_digits()  # here: importing it costs a second
    order = torch.randperm(len(data.target), generator=Generator().manual_seed(0))
    cut = len(order) * 4 // 5
    rows = order[:cut] if part == "train" else order[cut:]
    return torch.tensor(data.images, dtype=torch.float32)[rows] / 16, torch.tensor(data.target)[rows].long()


def scenes(
    N: int,
    part: str = "train",
    *,
    diagonal: float = 0.0,
    larger_first: bool = False,
    generator: Generator | None = None,
) -> Scenes:
    """N random scenes of two digits, side by side or one above the other.

    The caption names the digits in reading order, "left of" or "above". diagonal: the share of scenes where the first digit
    stands to the left of the second *and* above it: both captions are true, and a coin decides. larger_first: the
    larger digit is named first wherever it stands, so "right of" and "below" occur as well.
    Raises ValueError for another part, N < 1 or a share outside 0 … 1.
    """
    (N,) = expect_whole(N=N)
    if not 0 <= diagonal <= 1:
        raise ValueError(f"diagonal is {diagonal}; expected a share between 0 and 1")
    pieces, shown = sources(part)
    which = torch.randint(len(shown), (N, 2), generator=generator)
    both, beside = torch.rand(2, N, generator=generator) < torch.tensor([[diagonal], [0.5]])
    room = SIZE - PIECE  # where the second starts: 8 to 12 pixels after the first along one axis, ±3 along the other
    far = torch.randint(PIECE, room + 1, (N, 2), generator=generator)
    near = torch.randint(-3, 4, (N, 2), generator=generator)
    apart = torch.where((torch.stack([~beside, beside], 1) | both[:, None]), far, near)  # down, across
    low = (-apart).clamp(min=0)
    first = low + (torch.rand(N, 2, generator=generator) * (room + 1 - apart.abs())).long()
    corners = torch.stack([first, first + apart], 1)
    digits = shown[which]
    swap = larger_first & (digits[:, 1] > digits[:, 0])
    rows, order = torch.arange(N)[:, None], torch.stack([swap, ~swap], 1).long()  # order: named first, named second
    which, digits, corners = which[rows, order], digits[rows, order], corners[rows, order]
    return Scenes(_draw(pieces[which], corners), _caption(digits, beside, swap), digits, corners)


def say(caption: Tensor | list[int]) -> str:
    """A row of word numbers as text: what stands between <start> and <end>. Words after <end> are not read."""
    words = [WORDS[int(number)] for number in caption]
    words = words[: words.index("<end>")] if "<end>" in words else words
    return " ".join(word for word in words if word not in ("<start>", "<pad>"))


def _draw(pieces: Tensor, corners: Tensor) -> Tensor:
    """Pieces (N, 2, 8, 8) at corners (N, 2, 2) on empty scenes: (N, 20, 20)."""
    pictures, pixel = torch.zeros(len(pieces), SIZE, SIZE), torch.arange(PIECE)
    down, across = corners[..., 0, None, None] + pixel[:, None], corners[..., 1, None, None] + pixel
    pictures[torch.arange(len(pieces))[:, None, None, None], down, across] = pieces
    return pictures


def _caption(digits: Tensor, beside: Tensor, swap: Tensor) -> Tensor:
    left, above = (torch.where(swap, _ID[b], _ID[a]) for a, b in (("left", "right"), ("above", "below")))
    one, two = (digits + _ID["zero"]).unbind(1)
    start, end, pad, of = (torch.full_like(one, _ID[word]) for word in ("<start>", "<end>", "<pad>", "of"))
    long = torch.stack([start, one, left, of, two, end], 1)
    return torch.where(beside[:, None], long, torch.stack([start, one, above, two, end, pad], 1))
