"""How digits.npz was made, once: `python lstmkit/data/speech_digits/make.py` (README.md beside this file says what it needs).

A *voice* is one of espeak-ng's variants (a set of formants, breath, pitch) with an accent, a speed and a pitch; it says each digit once.
Variants whose definitions share two fifths of their lines, or Klatt's synthesiser, are relatives: a *family* is whoever is joined by such steps.
"""

from __future__ import annotations

import re
import subprocess
import wave
from io import BytesIO
from pathlib import Path

import numpy as np

VARIANTS = Path("/usr/lib/x86_64-linux-gnu/espeak-ng-data/voices/!v")
ACCENTS = ("en-gb", "en-us", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029", "en-us-nyc")
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WHISPERS = {"whisper", "whisperf"}
LEFT_OUT = {"fast", "Demonic"}  # no voice of its own; not to be understood
RATE, LOUD = 8000, 0.1


def lines(variant: Path) -> set[str]:
    """What a variant's definition says, without names and comments."""
    text = variant.read_text(encoding="utf-8", errors="replace")
    said = {" ".join(line.split("//")[0].split()) for line in text.splitlines()}
    return {line for line in said if line and not line.startswith(("language", "name", "gender", "#"))}


def families(variants: list[Path]) -> dict[str, str]:
    """{variant: its family, named after the first of it}."""
    said = {path.name: lines(path) for path in variants}
    family = {name: name for name in said}
    for a in said:
        for b in said:
            klatt = all(re.search("klatt", " ".join(said[name])) for name in (a, b))
            if klatt or len(said[a] & said[b]) >= 0.4 * min(len(said[a]), len(said[b])):
                first, other = sorted((family[a], family[b]), key=str.lower)
                family = {name: first if one == other else one for name, one in family.items()}
    return family


def say(word: str, variant: str, accent: str, speed: int, pitch: int) -> np.ndarray:
    """The word at 8 kHz, from −1 to 1, without the silence around it, all equally loud."""
    call = ["espeak-ng", "-v", f"{accent}+{variant}", "-s", str(speed), "-p", str(pitch), "--stdout", word]
    with wave.open(BytesIO(subprocess.run(call, capture_output=True, check=True).stdout)) as file:
        rate = file.getframerate()
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 2**15
    spectrum = np.fft.rfft(sound)  # resampled by cutting off what lies above 4 kHz
    size = round(len(sound) * RATE / rate)
    sound = np.fft.irfft(spectrum[: size // 2 + 1], size) * size / len(sound)
    loud = np.convolve(sound**2, np.ones(80) / 80, "same") > 1e-4 * np.max(sound**2)
    first, last = np.flatnonzero(loud)[[0, -1]]
    sound = sound[max(0, first - 80) : last + 80]
    sound = sound * LOUD / np.sqrt(np.mean(sound**2))
    return sound / max(1, np.abs(sound).max())


def mu_law(sound: np.ndarray) -> np.ndarray:
    """From −1 … 1 to 0 … 255 (ITU-T G.711's curve): finer steps for small values."""
    bent = np.sign(sound) * np.log1p(255 * np.abs(sound)) / np.log(256)
    return np.round((bent + 1) / 2 * 255).astype(np.uint8)


def main() -> None:
    variants = sorted(
        (path for path in VARIANTS.iterdir() if path.name not in LEFT_OUT), key=lambda path: path.name.lower()
    )
    family = families([path for path in variants if path.name not in WHISPERS])
    order = sorted(set(family.values()), key=str.lower)
    held_out = set(order[1::3])  # every third family, chosen before anything was trained
    draw = np.random.default_rng(21)
    names, of, parts, sizes, pieces = [], [], [], [], []
    for number, path in enumerate(variants):
        accent = ACCENTS[number % len(ACCENTS)]
        speed, pitch = int(draw.integers(155, 206)), int(draw.integers(30, 71))
        said = [mu_law(say(word, path.name, accent, speed, pitch)) for word in DIGITS]
        whispers = path.name in WHISPERS
        names.append(f"{path.name} {accent} -s {speed} -p {pitch}")
        of.append(path.name if whispers else family[path.name])
        parts.append("whisper" if whispers else "test" if of[-1] in held_out else "train")
        sizes.append([len(one) for one in said])
        pieces += said
    table = {"names": np.array(names), "families": np.array(of), "parts": np.array(parts)}
    target = Path(__file__).with_name("digits.npz")
    np.savez_compressed(target, sounds=np.concatenate(pieces), sizes=np.array(sizes, np.int32), **table)
    print(len(names), "voices;", {part: parts.count(part) for part in set(parts)}, target.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
