"""Python's own prose: 200,000 characters of its language reference, in three parts that share no long phrase.

The text is what Python's `help()` shows (`pydoc_data.topics`), of Python 3.11.7, shipped beside this file as prose.txt, so that everybody reads the same
characters whatever Python is installed; prose_excerpt.py made it once. Copyright © 2001-2023 Python Software Foundation, All Rights Reserved; licence:
PSF-2.0, its text and what was changed in prose_license.txt.

Whole topics belong to one part (`TOPICS`); they were drawn by lot. A paragraph of the validation or the test part that has 40 characters in a row in
common with another part is left out. A text is a row of paragraphs, each ended by a newline.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files

import torch
from torch import Tensor

__all__ = ["CHARACTERS", "decode", "encode", "prose", "topics"]

CHARACTERS = "\n \"'()*,-./0123456789:;<=>ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz"
_PLACE = {character: k for k, character in enumerate(CHARACTERS)}
_FINGERPRINT = "1294229ca32d6554"


def prose(part: str) -> str:
    """The text of a part: "train", "valid" or "test". Raises ValueError for another, RuntimeError if the file is not the course's."""
    return "".join(f"{paragraph}\n" for paragraphs in _part(part).values() for paragraph in paragraphs)


def topics(part: str) -> tuple[str, ...]:
    """The names of the topics that a part consists of, as `help(…)` knows them."""
    return tuple(_part(part))


def encode(text: str) -> Tensor:
    """The numbers of the characters, places in CHARACTERS: (T,), int64. Raises ValueError for a character that is not among them."""
    strange = sorted(set(text) - set(CHARACTERS))
    if strange:
        raise ValueError(f"{strange[0]!r} is not among the {len(CHARACTERS)} characters of the prose")
    return torch.tensor([_PLACE[character] for character in text], dtype=torch.long)


def decode(numbers) -> str:
    """The text of some numbers, a tensor (T,) or a list. Raises ValueError for a number that no character has."""
    chosen = torch.as_tensor(numbers).tolist()
    wrong = [k for k in chosen if not 0 <= k < len(CHARACTERS)]
    if wrong:
        raise ValueError(f"{wrong[0]} is the number of no character; they run from 0 to {len(CHARACTERS) - 1}")
    return "".join(CHARACTERS[k] for k in chosen)


def _part(part: str) -> dict[str, list[str]]:
    """{topic: its paragraphs} of a part."""
    parts = _read()
    if part not in parts:
        raise ValueError(f"{part!r} is no part of the prose; expected {', '.join(parts)}")
    return parts[part]


@cache
def _read() -> dict[str, dict[str, list[str]]]:
    text = files(__package__).joinpath("prose.txt").read_text(encoding="ascii").replace("\r\n", "\n")
    found = sha256(text.encode("ascii")).hexdigest()[:16]
    if found != _FINGERPRINT:
        raise RuntimeError(
            f"prose.txt has the fingerprint {found}, not {_FINGERPRINT}: it was changed; fetch the course's own file again"
        )
    parts: dict[str, dict[str, list[str]]] = {}
    for line in text.splitlines():
        if line.startswith("# "):
            part, topic = line[2:].split(": ")
            paragraphs = parts.setdefault(part, {}).setdefault(topic, [])
        else:
            paragraphs.append(line)
    return parts
