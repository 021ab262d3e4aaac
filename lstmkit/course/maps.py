"""The course map. `solutions/map.txt` is the one list of all lessons; the tables of the three README files are written from it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from lstmkit.course import CourseError

__all__ = ["Entry", "read", "renumbered", "stale", "with_table", "write"]

PLACES = {"README.md": "lessons/", "lessons/README.md": "", "solutions/README.md": ""}  # file: where its links lead
HEAD = "| | lesson | question |\n|---|---|---|\n"
_LINE = re.compile(r"(\d\d) \| (\w+) \| (.+) \| (.+)")


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


def read(root: Path) -> list[Entry]:
    """The lessons of the course in order; empty where there is no map. Raises CourseError for a line that is not understood."""
    path = root / "solutions" / "map.txt"
    found: list[Entry] = []
    part = ""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for line in text.partition("\n\n")[2].splitlines():
        if match := _LINE.fullmatch(line):
            found.append(Entry(part, *match.groups()))
        elif line.startswith("Part "):
            part = line
        elif line.strip():
            raise CourseError(f"solutions/map.txt: {line!r} is neither `NN | slug | name | question` nor `Part …`")
    if [entry.number for entry in found] != sorted({entry.number for entry in found}):
        raise CourseError("solutions/map.txt: the numbers are not in order, or one is there twice")
    return found


def renumbered(root: Path, moves: dict[str, str]) -> str:
    """The text of the map after lessons have moved: {old number: new number}."""
    intro = (root / "solutions" / "map.txt").read_text(encoding="utf-8").partition("\n\n")[0]
    entries = [replace(entry, number=moves.get(entry.number, entry.number)) for entry in read(root)]
    lines, part = [intro, ""], ""
    for entry in sorted(entries, key=lambda entry: entry.number):
        lines += [entry.part] * (entry.part != part)
        part = entry.part
        lines.append(f"{entry.number} | {entry.slug} | {entry.name} | {entry.question}")
    return "\n".join(lines) + "\n"


def with_table(root: Path, text: str, prefix: str) -> str:
    """A README's text with its table written anew; `prefix` leads from the file to the notebooks."""
    rows, part = [], ""
    for entry in read(root):
        if entry.part != part:
            part = entry.part
            rows.append(f"| | **{part}** | |\n")
        there = (root / "lessons" / f"{entry.stem}.ipynb").exists()
        name = f"[{entry.name}]({prefix}{entry.stem}.ipynb)" if there else f"{entry.name} *(in preparation)*"
        rows.append(f"| {entry.number} | {name} | {entry.question} |\n")
    return re.sub(re.escape(HEAD) + r"(?:\|.*\n)*", lambda _: HEAD + "".join(rows), text, count=1)


def stale(root: Path) -> dict[str, str]:
    """{README: its text as it should be} for each whose table is not the map's; and what the map lacks, as CourseError."""
    entries = {entry.stem for entry in read(root)}
    lost = sorted(path.stem for path in (root / "solutions").glob("[0-9][0-9]_*.py") if path.stem not in entries)
    if lost and entries:
        raise CourseError(f"{lost[0]} is not in solutions/map.txt: add a line for it")
    fresh = {}
    for name, prefix in PLACES.items():
        if entries and (root / name).exists():
            text = (root / name).read_text(encoding="utf-8")
            fresh[name] = with_table(root, text, prefix)
            if fresh[name] == text:
                del fresh[name]
    return fresh


def write(root: Path) -> list[str]:
    """Write the tables of the README files from the map; returns the names of those that changed."""
    fresh = stale(root)
    for name, text in fresh.items():
        partial = root / f"{name}.{os.getpid()}"  # whole or not at all: another build may be reading it
        partial.write_text(text, encoding="utf-8")
        partial.replace(root / name)
    return list(fresh)
