"""Films of one real handwritten digit that moves, a direction for each frame, an action for each film, and a sentence.

The drawings are scikit-learn's 1,797 digits, split into train and test *before* any film is made (`lstmkit.data.scenes`), so no drawing of a test
film was ever seen in training. Everything else is made by rules, and `paths()` lists every path that they allow, with its probability:
what anybody can know at best from some of a film's frames can be computed from it.

The rules. A digit moves by one pixel a frame, right, down, left or up, over the whole film; or it turns back once, after the third,
fourth or fifth frame. The eight actions are equally likely, so are the turns, and so are all places from which the path stays inside the
picture. Each frame is blank with probability 0.3, whatever the others are: the digit moves on unseen.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from lstmkit.data.scenes import DIGITS, sources
from lstmkit.shapes import expect_whole

__all__ = [
    "ACTIONS",
    "BLANK",
    "DIRECTIONS",
    "SIZE",
    "STEPS",
    "WORDS",
    "Films",
    "Paths",
    "Views",
    "films",
    "paths",
    "say",
    "views",
]

DIRECTIONS = ("right", "down", "left", "up")
ACTIONS = (*DIRECTIONS, *(f"{way} and back" for way in DIRECTIONS))
WORDS = ("<pad>", "<start>", "<end>", "<unknown>", *DIGITS, "moves", *DIRECTIONS, "and", "back")
SIZE, STEPS, BLANK = 20, 8, 0.3  # pixels a side, frames a film, share of blank frames
TURNS, PIECE = (3, 4, 5), 8  # the last frame before the digit turns, if it does; pixels a side of a digit
_ONE_STEP = torch.tensor([[0, 1], [1, 0], [0, -1], [-1, 0]])  # (row, column) for each direction
_INK = 561_718  # of all drawings together, in sixteenths: what this course was written with


class Paths(NamedTuple):
    """Every path that a digit can take, W of them.

    corners: (W, T, 2), row and column of the digit's upper left pixel in each frame. directions: (W, T), numbers of DIRECTIONS: the move that
    brought the digit to where it is. actions: (W,), numbers of ACTIONS. p: (W,), probabilities, float64.
    """

    corners: Tensor
    directions: Tensor
    actions: Tensor
    p: Tensor


class Views(NamedTuple):
    """Every path with every pattern of blank frames, M of them.

    places: (M, T), a number for where the digit stands in each frame, 1 … 169, and 0 where the frame is blank. directions: (M, T). actions: (M,).
    p: (M,), probabilities, float64.
    """

    places: Tensor
    directions: Tensor
    actions: Tensor
    p: Tensor


class Films(NamedTuple):
    """A batch.

    frames: (N, T, 20, 20), grey from 0 to 1. directions: (N, T). actions: (N,). captions: (N, 7) numbers of WORDS: <start>, the words, <end>, then
    <pad>. digits: (N,), 0 … 9. corners: (N, T, 2). shown: (N, T), False where the frame is blank.
    """

    frames: Tensor
    directions: Tensor
    actions: Tensor
    captions: Tensor
    digits: Tensor
    corners: Tensor
    shown: Tensor


@lru_cache
def paths() -> Paths:
    """All paths that the rules allow, with their probabilities."""
    corners, directions, actions, p = [], [], [], []
    for action in range(len(ACTIONS)):
        way, back = action % 4, action >= 4
        for turn in TURNS if back else (STEPS,):
            along = torch.tensor([way] * turn + [(way + 2) % 4] * (STEPS - turn))
            moved = _ONE_STEP[along].cumsum(0) - _ONE_STEP[way]  # (T, 2), from where it stands in the first frame
            low, high = -moved.min(0).values, SIZE - PIECE - moved.max(0).values
            starts = torch.cartesian_prod(torch.arange(low[0], high[0] + 1), torch.arange(low[1], high[1] + 1))
            corners.append(starts[:, None] + moved)
            directions.append(along.expand(len(starts), STEPS))
            actions.append(torch.full((len(starts),), action))
            share = 1 / len(ACTIONS) / (len(TURNS) if back else 1) / len(starts)
            p.append(torch.full((len(starts),), share, dtype=torch.float64))
    return Paths(torch.cat(corners), torch.cat(directions), torch.cat(actions), torch.cat(p))


def views() -> Views:
    """All that can be seen of a film by somebody who reads the digit's place off every frame that is not blank."""
    every = paths()
    shown = torch.cartesian_prod(*[torch.tensor([0, 1])] * STEPS)  # (2 ** T, T)
    chance = torch.where(shown.bool(), 1 - BLANK, BLANK).double().prod(1)
    places = 1 + every.corners[..., 0] * (SIZE - PIECE + 1) + every.corners[..., 1]
    return Views(
        (places[:, None] * shown).flatten(0, 1),
        every.directions.repeat_interleave(len(shown), 0),
        every.actions.repeat_interleave(len(shown)),
        (every.p[:, None] * chance).flatten(),
    )


def films(N: int, part: str = "train", *, blank: float = BLANK, generator: Generator | None = None) -> Films:
    """N random films. part: "train" or "test", of the drawings. blank: the share of blank frames.

    Raises ValueError for another part, N < 1 or a share outside 0 … 1, RuntimeError if scikit-learn's digits are not those that the course was written with.
    """
    (N,) = expect_whole(N=N)
    if not 0 <= blank <= 1:
        raise ValueError(f"blank is {blank}; expected a share between 0 and 1")
    pieces, shapes = _drawings(part)
    every = paths()
    which = torch.randint(len(pieces), (N,), generator=generator)
    chance = torch.rand(N, generator=generator, dtype=torch.float64)
    path = torch.searchsorted(every.p.cumsum(0), chance).clamp(max=len(every.p) - 1)
    shown = torch.rand(N, STEPS, generator=generator) >= blank
    corners, directions, actions = every.corners[path], every.directions[path], every.actions[path]
    frames, pixel = torch.zeros(N, STEPS, SIZE, SIZE), torch.arange(PIECE)
    down, across = corners[..., 0, None, None] + pixel[:, None], corners[..., 1, None, None] + pixel
    film, frame = torch.arange(N)[:, None, None, None], torch.arange(STEPS)[:, None, None]
    frames[film, frame, down, across] = pieces[which][:, None] * shown[:, :, None, None]
    return Films(frames, directions, actions, _caption(shapes[which], actions), shapes[which], corners, shown)


def say(caption: Tensor | list[int]) -> str:
    """A row of word numbers as text: what stands between <start> and <end>. Words after <end> are not read."""
    words = [WORDS[int(number)] for number in caption]
    words = words[: words.index("<end>")] if "<end>" in words else words
    return " ".join(word for word in words if word not in ("<start>", "<pad>"))


def _caption(digits: Tensor, actions: Tensor) -> Tensor:
    number = {word: k for k, word in enumerate(WORDS)}
    start, end, pad, moves, also, back = (
        torch.full_like(digits, number[word]) for word in ("<start>", "<end>", "<pad>", "moves", "and", "back")
    )
    digit, way = digits + number["zero"], actions % 4 + number["right"]
    short = torch.stack([start, digit, moves, way, end, pad, pad], 1)
    long = torch.stack([start, digit, moves, way, also, back, end], 1)
    return torch.where(actions[:, None] >= 4, long, short)


@lru_cache
def _drawings(part: str) -> tuple[Tensor, Tensor]:
    """The drawings of a part and what they show, after a look at all of them."""
    ink = sum(int(16 * sources(one)[0].double().sum()) for one in ("train", "test"))
    if ink != _INK:
        raise RuntimeError(f"scikit-learn's digits have changed: {ink} sixteenths of ink, {_INK} expected")
    return sources(part)
