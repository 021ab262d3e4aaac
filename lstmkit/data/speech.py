"""Spoken digits: 99 synthetic voices say zero to nine, and connected digits are composed from that, as many as one likes.

Each digit was spoken once by each voice, alone, by the synthesiser espeak-ng; `speech_digits/README.md` says how, and under which licence. Voices
with nearly the same definition are a *family*, and no family has voices in both parts. Part "whisper" has two voices without any tone.

A recording lasts 3.2 seconds: two to five digits of one voice in a row, with a pause of up to 0.2 s between two, somewhere in it, more or less
loud, and a little noise. When each digit begins and ends is known, but only who composed it knows.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from lstmkit.shapes import expect_whole

__all__ = ["DIGITS", "PARTS", "RATE", "SAMPLES", "Recordings", "Voice", "recordings", "say", "voices"]

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
PARTS = ("train", "test", "whisper")
RATE, SAMPLES = 8000, 25_600  # samples a second; of a recording
MOST, PAUSE = 5, 1600  # digits; samples
FILE = Path(__file__).with_name("speech_digits") / "digits.npz"
_FINGERPRINT = "80cf37935aafb9560a747e82e6694a22e68a6a3a65da7918644ccf31db50e764"  # SHA-256 of the file


class Voice(NamedTuple):
    """A voice. number: its place among all. name: how espeak-ng was called. family: whose definitions resemble its own."""

    number: int
    name: str
    family: str
    part: str


class Recordings(NamedTuple):
    """N recordings of L digits at most (5).

    sounds: (N, 25600), from −1 to 1, 8000 samples a second. digits: (N, L), 0 … 9, and −1 behind the last. lengths: (N,), how many digits.
    starts, stops: (N, L), seconds at which each digit begins and ends, NaN behind the last. voices: (N,), the speakers' numbers. families: N names.
    """

    sounds: Tensor
    digits: Tensor
    lengths: Tensor
    starts: Tensor
    stops: Tensor
    voices: Tensor
    families: list[str]


def voices(part: str) -> list[Voice]:
    """The voices of "train", "test" or "whisper". Raises ValueError for another part."""
    if part not in PARTS:
        raise ValueError(f"{part!r} is no part of the voices; expected {', '.join(PARTS)}")
    return [voice for voice in _spoken()[0] if voice.part == part]


def say(digit: int, voice: int) -> Tensor:
    """One digit by one voice, alone: (samples,), from −1 to 1, all equally loud. voice: its number."""
    known, said = _spoken()
    if digit not in range(10) or voice not in range(len(known)):
        raise ValueError(
            f"digit={digit}, voice={voice}: expected a digit from 0 to 9, a voice from 0 to {len(known) - 1}"
        )
    return said[int(voice)][int(digit)].clone()


def recordings(N: int, part: str = "train", generator: Generator | None = None) -> Recordings:
    """N random recordings. part: "train", "test" or "whisper": no family of voices belongs to two of them."""
    (N,) = expect_whole(N=N)
    known, said = voices(part), _spoken()[1]

    def uniform(low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=generator))

    made = Recordings(
        torch.randn(N, SAMPLES, generator=generator),
        torch.full((N, MOST), -1),
        torch.zeros(N, dtype=torch.long),
        torch.full((N, MOST), float("nan")),
        torch.full((N, MOST), float("nan")),
        torch.zeros(N, dtype=torch.long),
        [],
    )
    for n in range(N):
        free = -1
        while free < 0:  # five slow digits may be longer than the recording
            voice = known[int(uniform(0, len(known)))]
            digits = [int(uniform(0, 10)) for _ in range(int(uniform(2, MOST + 1)))]
            pauses = [int(uniform(0, PAUSE)) for _ in digits[1:]]
            pace = uniform(0.87, 1.15)
            played = [_faster(said[voice.number][digit], pace) for digit in digits]
            free = SAMPLES - sum(pauses) - sum(map(len, played))
        loud, at = 10 ** uniform(-1, 0), int(uniform(0, free + 1))
        made.sounds[n] *= loud * 10 ** uniform(-3, -2)  # noise: 20 to 40 dB below the digits
        for k, digit in enumerate(digits):
            sound = played[k]
            made.sounds[n, at : at + len(sound)] += loud * sound
            made.digits[n, k], made.starts[n, k], made.stops[n, k] = digit, at / RATE, (at + len(sound)) / RATE
            at += len(sound) + (pauses[k] if k < len(pauses) else 0)
        made.lengths[n], made.voices[n] = len(digits), voice.number
        made.families.append(voice.family)
    return made._replace(sounds=made.sounds.clamp(-1, 1))


def _faster(sound: Tensor, pace: float) -> Tensor:
    """A sound played faster (and so higher) by a factor."""
    return torch.nn.functional.interpolate(sound[None, None], size=round(len(sound) / pace), mode="linear")[0, 0]


@lru_cache
def _spoken() -> tuple[list[Voice], list[list[Tensor]]]:
    """All voices, and what each said: [voice][digit]."""
    data = FILE.read_bytes() if FILE.exists() else b""
    if sha256(data).hexdigest() != _FINGERPRINT:
        raise RuntimeError(
            f"{FILE} is {'not as the course made it' if data else 'missing'}: install lstmkit again, or fetch that file anew"
        )
    with np.load(BytesIO(data), allow_pickle=False) as file:
        table = zip(file["names"].tolist(), file["families"].tolist(), file["parts"].tolist(), strict=True)
        known = [Voice(number, *row) for number, row in enumerate(table)]
        bent = (
            torch.from_numpy(file["sounds"]).double() / 127.5 - 1
        )  # µ-law: from 0 … 255 to −1 … 1, finer steps for small values
        sizes = file["sizes"].astype(int)
    flat = (bent.sign() * (256 ** bent.abs() - 1) / 255).float()
    pieces = list(flat.split(sizes.flatten().tolist()))
    return known, [pieces[10 * number : 10 * number + 10] for number in range(len(known))]
