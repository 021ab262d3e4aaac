"""The course map. `solutions/map.txt` is the one list of all lessons; the tables of the three README files are written from it.

So are the README's figures: a line `figure | NN | words | caption` names the cell of lesson NN that holds these words; what it drew when the
lesson was built last is kept in lessons/figures/.
"""

from __future__ import annotations

import base64
import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from lstmkit.course import CourseError

__all__ = ["Entry", "Figure", "drawn", "figures", "place", "read", "renumbered", "stale", "with_table", "write"]

PLACES = {"README.md": "lessons/", "lessons/README.md": "", "solutions/README.md": ""}  # file: where its links lead
HEAD = "| | lesson | question |\n|---|---|---|\n"
_LINE = re.compile(r"(\d\d) \| (\w+) \| (.+) \| (.+)")
_FIGURE = re.compile(r"figure \| (\d\d) \| (.+) \| (.+)")


@dataclass(frozen=True)
class Entry:
    """A lesson of the map, there or in preparation."""

    part: str
    number: str
    slug: str
    name: str
    question: str

    @property
    def stem(self) -> str:
        return f"{self.number}_{self.slug}"


@dataclass(frozen=True)
class Figure:
    """A lesson's figure that the README shows: at the head of a part, or (part "") on its first screen."""

    part: str
    number: str
    words: str
    caption: str


def _lines(root: Path) -> list[Entry | Figure]:
    """The lessons and figures of the map, in its order. Raises CourseError for a line that is not understood."""
    path = root / "solutions" / "map.txt"
    found: list[Entry | Figure] = []
    part = ""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for line in text.partition("\n\n")[2].splitlines():
        if match := _LINE.fullmatch(line):
            found.append(Entry(part, *match.groups()))
        elif match := _FIGURE.fullmatch(line):
            found.append(Figure(part, *match.groups()))
        elif line.startswith("Part "):
            part = line
        elif line.strip():
            raise CourseError(
                f"solutions/map.txt: {line!r} is neither `NN | slug | name | question` nor `Part …` nor `figure | …`"
            )
    return found


def read(root: Path) -> list[Entry]:
    """The lessons of the course in order; empty where there is no map. Raises CourseError for a line that is not understood."""
    found = [line for line in _lines(root) if isinstance(line, Entry)]
    if [entry.number for entry in found] != sorted({entry.number for entry in found}):
        raise CourseError("solutions/map.txt: the numbers are not in order, or one is there twice")
    return found


def place(root: Path, stem: str) -> tuple[str, str]:
    """What the build adds to a lesson: (where it stands, under its opening; which question comes next, under its closing).

    Links lead to the lessons beside it that are there. Both are empty for a lesson that is not in the map.
    """
    course = [entry for entry in read(root) if (root / "solutions" / f"{entry.stem}.py").exists()]
    at = next((n for n, entry in enumerate(course) if entry.stem == stem), None)
    if at is None:
        return "", ""
    here = [course[at].part]
    if at > 0:
        here.append(f"[← {course[at - 1].number}]({course[at - 1].stem}.ipynb)")
    if at + 1 == len(course):
        return " · ".join(here), ""
    after = course[at + 1]
    here.append(f"[{after.number} →]({after.stem}.ipynb)")
    return " · ".join(here), f"**Next:** [{after.number} · {after.name}]({after.stem}.ipynb). {after.question}"


def figures(root: Path) -> list[tuple[Figure, str]]:
    """Each figure of the map with its file's name under lessons/figures/, which a lesson keeps when its number moves."""
    slugs = {entry.number: entry.slug for entry in read(root)}
    found = [line for line in _lines(root) if isinstance(line, Figure)]
    for figure in found:
        if figure.number not in slugs:
            raise CourseError(f"solutions/map.txt: a figure of lesson {figure.number}, which is not in the map")
    return [(figure, f"{slugs[figure.number]}.png") for figure in found]


def drawn(root: Path, figure: Figure) -> bytes | None:
    """The PNG that a figure's cell drew, from the lesson's stored notebook; None where the lesson is not built yet."""
    found = [entry for entry in read(root) if entry.number == figure.number]
    path = root / "lessons" / f"{found[0].stem}.ipynb"
    if not path.exists():
        return None
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code" and figure.words in "".join(cell["source"]):
            for output in cell["outputs"]:
                if "image/png" in output.get("data", {}):
                    return base64.b64decode("".join(output["data"]["image/png"]))
    raise CourseError(
        f"solutions/map.txt: no cell of lesson {figure.number} that draws a figure holds {figure.words!r}"
    )


def renumbered(root: Path, moves: dict[str, str]) -> str:
    """The text of the map after lessons have moved: {old number: new number}."""
    intro = (root / "solutions" / "map.txt").read_text(encoding="utf-8").partition("\n\n")[0]
    entries = [replace(line, number=moves.get(line.number, line.number)) for line in _lines(root)]
    head = [line for line in entries if isinstance(line, Figure)]
    lines, part = [intro, ""] + [_figure(line) for line in head if not line.part], ""
    for entry in sorted((line for line in entries if isinstance(line, Entry)), key=lambda entry: entry.number):
        if entry.part != part:
            part = entry.part
            lines += [part] + [_figure(line) for line in head if line.part == part]
        lines.append(f"{entry.number} | {entry.slug} | {entry.name} | {entry.question}")
    return "\n".join(lines) + "\n"


def _figure(line: Figure) -> str:
    return f"figure | {line.number} | {line.words} | {line.caption}"


def with_table(root: Path, text: str, prefix: str) -> str:
    """A README's text with its table written anew; `prefix` leads from the file to the notebooks."""
    rows, part = [], ""
    shown = {figure.part: (figure, name) for figure, name in figures(root)} if prefix else {}  # in the README alone
    for entry in read(root):
        if entry.part != part:
            part = entry.part
            picture = caption = ""
            if part in shown:
                figure, name = shown[part]
                picture = f'<br><img src="{prefix}figures/{name}" alt="{figure.caption}" width="440">'
                caption = f" *{figure.caption}*"
            rows.append(f"| | **{part}**{picture} |{caption} |\n")
        there = (root / "lessons" / f"{entry.stem}.ipynb").exists()
        name = f"[{entry.name}]({prefix}{entry.stem}.ipynb)" if there else f"{entry.name} *(in preparation)*"
        rows.append(f"| {entry.number} | {name} | {entry.question} |\n")
    return re.sub(re.escape(HEAD) + r"(?:\|.*\n)*", lambda _: HEAD + "".join(rows), text, count=1)


def stale(root: Path) -> dict[str, bytes]:
    """{file: what it should hold} for each README whose table and each figure that is not the map's; what the map lacks, as CourseError."""
    entries = {entry.stem for entry in read(root)}
    lost = sorted(path.stem for path in (root / "solutions").glob("[0-9][0-9]_*.py") if path.stem not in entries)
    if lost and entries:
        raise CourseError(f"{lost[0]} is not in solutions/map.txt: add a line for it")
    fresh = {}
    for name, prefix in PLACES.items():
        if entries and (root / name).exists():
            text = (root / name).read_text(encoding="utf-8")
            if (now := with_table(root, text, prefix)) != text:
                fresh[name] = now.encode()
    for figure, name in figures(root):
        path = root / "lessons" / "figures" / name
        image = drawn(root, figure)
        if image is not None and (not path.exists() or path.read_bytes() != image):
            fresh[f"lessons/figures/{name}"] = image
    return fresh


def write(root: Path) -> list[str]:
    """Write the tables of the README files and their figures from the map; returns the names of those that changed."""
    fresh = stale(root)
    for name, content in fresh.items():
        (root / name).parent.mkdir(exist_ok=True)
        partial = root / f"{name}.{os.getpid()}"  # whole or not at all: another build may be reading it
        partial.write_bytes(content)
        partial.replace(root / name)
    return list(fresh)
