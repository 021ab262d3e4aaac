"""Jigs and reels as tokens: parts of fiddle tunes, read from Ryan's Mammoth Collection (Boston, 1883) in the text notation ABC.

Source: the ABC files of the Collection as they ship inside the Python package music21 (BSD-3-Clause; music21 is not imported, its files are
read as text); transcribed by R. Davies, J. Chambers and others. The music is in the public domain. Nothing is downloaded.

A tune has two or more **parts**, mostly of eight bars. A part becomes a row of tokens:

    a pitch      A, … G, A … G a … g a' …    written as on the stave: the key's sharps and flats are not repeated; ^ = _ before it change it; z is a rest
    a length     2 3 /2 3/2 …                behind its pitch, in units; without one a note lasts 1
    > and <      between two notes: the first gets half of the second's length, or the second half of the first's
    (3           the next three notes last two thirds of what is written
    a space      where the beams end in print: after half a bar, if a note begins there
    |            a bar line

A jig (6/8) has six units in a bar, a reel eight (the reels that are printed in 2/2 are written here as those in 2/4: the same tokens). Joined, tokens are ABC.
Left out: ornaments, fingerings, slurs, ties, chords; repeats are not played out, and of two endings the second is kept.
Third parts are not read, nor parts with anything else, with more than 96 tokens, with other than eight bars, in a rare key or with a rare token. Who lacks music21 gets made tunes,
and one line that says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from random import Random
from string import capwords
from typing import NamedTuple

import numpy as np

__all__ = [
    "KEYS",
    "METRES",
    "Note",
    "Tune",
    "bar_lines",
    "home",
    "is_pitch",
    "notes",
    "parses",
    "read",
    "real",
    "sound",
    "tunes",
]

METRES = {"jig": 6, "reel": 8}  # units in a bar
KEYS = ("A", "Am", "Bb", "C", "D", "Em", "F", "G")
TOKENS = 96  # a part has no more
RARE = 8  # a part with a token that is found less often is not read
TWINS = 16  # two tunes are kept together if they share so many melodic steps in a row, in any key and rhythm
FINGERPRINT = "805b0a1a2754abd9"
_TOKEN = re.compile(r"([_=^]{0,2}[A-Ga-gz][,']*)(\d*(?:/+\d*)?)|([<>]|\(3|\|)|\[?([12])|(\S)")
_LENGTH = re.compile(r"\d*/?\d+")
_DOUBLE = re.compile(r"\|\]|:\|+:|::|:\||\|:|\|\||\[\||:")
_SHARPS = {"A": 3, "Am": 0, "Bb": -2, "C": 0, "D": 2, "Em": 1, "F": -1, "G": 1}
_STEPS = {letter: 2 * k - (k > 2) for k, letter in enumerate("CDEFGAB")}  # semitones above C


class Tune(NamedTuple):
    """One part of a tune. metre: "jig" or "reel". key: one of KEYS. part: 1 for the first. tokens: as above, without start and end."""

    name: str
    metre: str
    key: str
    part: int
    tokens: tuple[str, ...]


def real() -> bool:
    """Whether the tunes are the fiddlers' (music21 is installed), or made ones."""
    return _folder() is not None


def tunes(part: str = "train") -> list[Tune]:
    """The parts of the tunes, in the order of their names: "train" or "test", about nine in ten and one in ten.

    No tune stands in both, and neither do two tunes that are nearly the same: under two names, in two keys or in two rhythms. Raises ValueError for another
    part. Prints a line if music21 is missing, and one if its collection is not the one that this course was written with.
    """
    if part not in ("train", "test"):
        raise ValueError(f"part is {part!r}; expected 'train' or 'test'")
    return [tune for tune, group in zip(*_all(), strict=True) if (group % 10 == 3) == (part == "test")]


def read(text: str) -> tuple[str, ...]:
    """The tokens of a bar or more of ABC. Raises ValueError for what is not in the subset: a chord, a second voice …"""
    tokens: list[str] = []
    for pitch, length, mark, ending, strange in _TOKEN.findall(_plain(text)):
        if strange:
            raise ValueError(f"{strange!r} is not in the subset of ABC that is read here")
        if pitch:
            tokens += [pitch] + ([_length(length)] if length not in ("", "1") else [])
        elif mark != "|" or (tokens and tokens[-1] != "|"):
            tokens.append(mark or f"ending {ending}")
    return tuple(tokens[:-1] if tokens and tokens[-1] == "|" else tokens)


def _plain(text: str) -> str:
    """ABC without comments, annotations, grace notes, decorations, slurs and ties."""
    text = re.sub(r"%.*|^[A-Za-z]:.*", " ", text, flags=re.M)
    text = re.sub(r"\"[^\"]*\"|\{[^}]*\}|![^!\n]*!|\\", " ", text)
    return re.sub(r"[uvkTHMLNOPQRSYtJUVKy~.$-]|\)|\((?!3)", " ", text)


def _length(written: str) -> str:
    """ "/" is a half, "//" a quarter, "3/" three halves."""
    number, strokes, below = re.fullmatch(r"(\d*)(/*)(\d*)", written).groups()
    if not strokes:
        return number
    length = Fraction(int(number or 1), int(below or 2 ** len(strokes)))
    return (
        str(length).removeprefix("1/")
        if length.denominator == 1
        else str(length).replace("1/", "/", length.numerator == 1)
    )


def _folder() -> Path | None:
    """Where music21 keeps the collection; it is not imported, for that takes seconds."""
    found = find_spec("music21")
    folder = Path(found.origin).parent / "corpus" / "ryansMammoth" if found and found.origin else None
    return folder if folder and folder.is_dir() else None


def _tunes_of(name: str, text: str) -> list[Tune]:
    """The parts of one file that can be read."""
    head, _, body = text.partition("\nK:")
    key, _, body = body.partition("\n")
    fields = dict(re.findall(r"^([A-Z]):\s*(.*?)\s*$", head, re.M))
    printed = (fields.get("M"), fields.get("L", "1/8"), fields.get("R", "").lower())
    metre = {("6/8", "1/8", "jig"): "jig", ("2/4", "1/16", "reel"): "reel", ("C|", "1/8", "reel"): "reel"}.get(printed)
    key = key.split("%")[0].strip().replace("Amin", "Am").replace("AMin", "Am")
    if metre is None or key not in KEYS:
        return []
    found: list[tuple[str, ...]] = []
    for piece in _DOUBLE.split(_plain(body).replace("[|]", "||")):
        try:
            tokens = read(piece)
        except ValueError:
            tokens = ("strange",)
        if tokens and tokens[0] == "ending 2" and found and "ending 1" in found[-1]:
            found[-1] = (*found[-1][: found[-1].index("ending 1")], *tokens[1:])
        elif any(token[-1] in "ABCDEFGabcdefg,'" for token in tokens):
            found.append(tokens)
    title = re.split(r"\s*--?\s", fields.get("T", name))[0].replace(":", "")
    title = capwords(title.lower()) if title.isupper() else title
    parts = []
    for k, tokens in enumerate(found[:2], 1):
        if _regular(tokens):
            tokens = _beamed(tokens, METRES[metre])
            parts += [Tune(title, metre, key, k, tokens)] * (len(tokens) <= TOKENS)
    return parts


def _beamed(tokens: tuple[str, ...], units: int) -> tuple[str, ...]:
    """A space after half a bar, where a note begins there. An upbeat is counted from its end."""
    made: list[str] = []
    for bar in " ".join(tokens).split(" | "):
        tune = notes(bar.split(), "C")
        short = units - sum(note.length for note in tune)
        starts = [note.start + (short if not made else 0) for note in tune]
        for token in bar.split():
            if token == "(3" or (is_pitch(token) and made[-1:] != ["(3"]):
                if starts[0] == units / 2 and made and made[-1] not in ("|", ">", "<"):
                    made.append(" ")
            if is_pitch(token):
                starts.pop(0)
            made.append(token)
        made.append("|")
    return tuple(made[:-1])


def _regular(tokens: tuple[str, ...]) -> bool:
    """Eight bars, or nine with an upbeat, of nothing but tokens."""
    return tokens.count("|") in (7, 8) and not any(token.startswith(("ending", "strange")) for token in tokens)


@cache
def _all() -> tuple[tuple[Tune, ...], tuple[int, ...]]:
    """Every part, and for each the number of its group: tunes that are nearly the same have the same number."""
    folder = _folder()
    if folder is None:
        print(
            "music21 is not installed: made tunes stand in for the fiddlers' (pip install 'lstmkit[course]' for the real ones)"
        )
        return (made := _made()), tuple(int(tune.name.split()[1]) for tune in made)
    found: list[Tune] = []
    for path in sorted(folder.glob("*.abc"), key=lambda path: path.name):
        found += _tunes_of(path.stem, path.read_text(encoding="latin-1"))
    counts = Counter(token for tune in found for token in tune.tokens)
    kept = tuple(tune for tune in found if min(counts[token] for token in tune.tokens) >= RARE)
    if sha256(repr(kept).encode()).hexdigest()[:16] != FINGERPRINT:
        print(
            f"the tunes of the installed music21 are not those that this course was written with ({len(kept)} parts): results will differ a little"
        )
    return kept, _groups(kept)


def _groups(parts: Sequence[Tune]) -> tuple[int, ...]:
    """Join the parts of a tune, and tunes that share TWINS melodic steps in a row, in whatever key and rhythm. Numbered in order."""
    leader = list(range(len(parts)))

    def find(n: int) -> int:
        while leader[n] != n:
            n = leader[n]
        return n

    first: dict[object, int] = {}
    for n, tune in enumerate(parts):
        heights = [_height(token) for token in tune.tokens if is_pitch(token) and token != "z"]
        steps = [b - a for a, b in zip(heights, heights[1:], strict=False)]
        windows = [tuple(steps[k : k + TWINS]) for k in range(len(steps) - TWINS + 1)]
        for window in [tune.name, *windows]:
            a, b = find(first.setdefault(window, n)), find(n)
            leader[max(a, b)] = min(a, b)
    number: dict[int, int] = {}
    return tuple(number.setdefault(find(n), len(number)) for n in range(len(parts)))


def is_pitch(token: str) -> bool:
    """Whether a token is a note or a rest."""
    return token[-1] in "ABCDEFGabcdefgz,'"


def parses(tokens: Sequence[str]) -> bool:
    """Whether the tokens are ABC: a length behind a pitch, < and > between two notes of a bar, three notes behind (3, no bar without a note."""
    kinds = {"|": "|", "(3": "t", "<": "m", ">": "m"}
    text = ""
    for token in tokens:
        if token != " ":
            text += kinds.get(token) or ("n" if is_pitch(token) else "l" if _LENGTH.fullmatch(token) else "?")
    bar = r"(nl?(mnl?)*|t(nl?){3})+"
    return re.fullmatch(rf"{bar}(\|{bar})*", text) is not None


def home(key: str) -> int:
    """The tonic of a key as a number of semitones above C, 0 to 11."""
    return (_STEPS[key[0]] - (key[1:] == "b")) % 12


def bar_lines(tokens: Sequence[str]) -> list[float]:
    """Where the bar lines stand, in units from the beginning."""
    places = [k for k, token in enumerate(tokens) if token == "|"]
    return [sum(note.length for note in notes(tokens[:k], "C")) for k in places]


def _height(pitch: str) -> int:
    """Steps on the stave above middle C: C is 0, c is 7, B, is −1."""
    letter = pitch.strip("^_=,'")
    return "CDEFGABcdefgab".index(letter) - 7 * pitch.count(",") + 7 * pitch.count("'")


class Note(NamedTuple):
    """start and length in units; midi: the key's number on a keyboard (60 is the middle C), None for a rest."""

    start: float
    length: float
    midi: int | None


def notes(tokens: Sequence[str], key: str) -> list[Note]:
    """The notes that tokens spell out, with the key's sharps and flats; an accidental holds until the bar line.

    Forgiving, for a network's tunes may be odd: a mark that means nothing where it stands is passed over. Raises ValueError for a key that is not in KEYS.
    """
    if key not in KEYS:
        raise ValueError(f"key is {key!r}; expected one of {', '.join(KEYS)}")
    pitches: list[int | None] = []
    lengths: list[Fraction] = []
    triplet, mark, changed = 0, "", {}
    for token in tokens:
        if is_pitch(token):
            length = Fraction(2, 3) if triplet else Fraction(1)
            if mark and lengths:
                lengths[-1] *= Fraction(3 if mark == ">" else 1, 2)
                length *= Fraction(1 if mark == ">" else 3, 2)
            triplet, mark = max(triplet - 1, 0), ""
            pitches.append(_midi(token, key, changed))
            lengths.append(length)
        elif token in ("<", ">"):
            mark = token
        elif token == "(3":
            triplet = 3
        elif token == "|":
            changed = {}
        elif _LENGTH.fullmatch(token) and lengths:
            lengths[-1] *= Fraction(token if token[0] != "/" else "1" + token)
    starts = np.cumsum([0.0, *map(float, lengths)])
    return [
        Note(float(start), float(length), midi) for start, length, midi in zip(starts, lengths, pitches, strict=False)
    ]


def _midi(pitch: str, key: str, changed: dict[int, int]) -> int | None:
    """The number on a keyboard; changed: what accidentals in this bar have done, by height, and is added to."""
    if pitch == "z":
        return None
    height, sign = _height(pitch), pitch.strip("ABCDEFGabcdefg,'")
    letter, order = "CDEFGAB"[height % 7], "FCGDAEB"
    if sign:
        changed[height] = sign.count("^") - sign.count("_")
    signature = (letter in order[: max(_SHARPS[key], 0)]) - (letter in order[7 + min(_SHARPS[key], 0) :])
    return 60 + 12 * (height // 7) + _STEPS[letter] + changed.get(height, signature)


def sound(tokens: Sequence[str], key: str, *, unit: float = 0.15, rate: int = 8000) -> np.ndarray:
    """The tune as a plucked string would play it: samples between −1 and 1, `rate` of them a second, float32. unit: seconds of a note of length 1.

    Each note is four harmonics that fade; the higher, the faster. Play it with `IPython.display.Audio(samples, rate=rate)`.
    """
    tune = notes(tokens, key)
    total = sum(note.length for note in tune)
    samples = np.zeros(int((total * unit + 0.4) * rate), dtype=np.float32)
    for start, length, midi in tune:
        if midi is None:
            continue
        t = np.arange(int((length * unit + 0.3) * rate)) / rate  # it rings on a little
        first = int(start * unit * rate)
        frequency = 440 * 2 ** ((midi - 69) / 12)
        wave = sum(
            np.sin(2 * np.pi * k * frequency * t) * np.exp(-(2 + k) * t) / k**1.5
            for k in range(1, 5)
            if k * frequency < rate / 2
        )
        wave *= np.minimum(1, 200 * t) * np.minimum(1, (t[-1] - t) * 10)  # no click at either end
        room = samples[first : first + len(wave)]
        room += wave[: len(room)].astype(np.float32)
    return samples / max(1e-6, float(np.abs(samples).max())) if len(samples) else samples


def _made() -> tuple[Tune, ...]:
    """Tunes for those who have no music21: walks on the scale, in the form a b a c, with the tonic at the end of every second part."""
    chance = Random(15)  # its random() is the same on every version of Python
    made = []
    ladder = "A, B, C D E F G A B c d e f g a b".split()
    for number in range(400):
        metre, key = list(METRES)[int(2 * chance.random())], KEYS[int(8 * chance.random())]
        home = ladder.index(key[0])
        at, bars = home, []
        for _ in range(3):
            bar: list[str] = []
            for _ in range(METRES[metre]):
                bar.append(ladder[at])
                at = min(max(at + int(5 * chance.random()) - 2, 0), len(ladder) - 1)
            bars.append(bar)
        close = [*bars[2][: METRES[metre] - 3], ladder[home + 1], ladder[home], "2"]
        form = [bars[0], bars[1], bars[0], bars[2], bars[0], bars[1], bars[2], close]
        tokens = [token for bar in form for token in (*bar, "|")][:-1]
        made.append(Tune(f"Made {number}", metre, key, 1, _beamed(tuple(tokens), METRES[metre])))
    return tuple(made)
