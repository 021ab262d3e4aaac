"""Move lessons to other numbers: files, exercise ids, links, mentions, maps and stored outputs, without executing anything."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import nbformat

from lstmkit.course import CourseError, build, maps

__all__ = ["moves", "plan", "renumber"]

PROSE = ("*.md", "pyproject.toml", "lessons/*.md", "solutions/*.md", "book/*.md", "tests/*.md")
CODE = ("solutions/[0-9][0-9]_*.py", "lstmkit/**/*.py", "tests/**/*.py", "book/*.py")
MADE_UP = "renumber: leave alone"  # a file with these words in it speaks of made-up lessons
_ID = r"\d\d\.(?:\d+|[a-z])(?![\w.]*\d)"
_AND = r"(?:,\s| and | or | to |–)"
_GAP = r"(?:\s|#)+"  # a line may end between the word and the number, in a comment too
_LESSONS = rf"\b[Ll]essons?{_GAP}\d\d\b(?:{_AND}\d\d\b)*"
_SPOKEN = re.compile(rf"{_LESSONS}|\b[Ee]xercises?{_GAP}{_ID}(?:{_AND}{_ID})*")
_MARKED = re.compile(rf"(?<=[\"'])\[?{_ID}(?=[\"'])|(?<=[✓✗○] ){_ID}|(?<=`){_ID}(?=`)")
_LABEL = re.compile(r"(?<=\[)\d\d(?=\]\((?:lessons/)?\d\d_)")
_FILE = re.compile(r"\blesson_\d\d\b")
_TITLE = re.compile(r"(?<=^# # )\d\d(?= · )", re.M)
_ROW = re.compile(r"(?<=^\| )\d\d(?=(?:\.\d+)? \|)", re.M)  # a table's row that begins with a lesson or an exercise


def moves(root: Path, wanted: list[str]) -> dict[str, str]:
    """{old number: new number} from `05=06` (a lesson) or `05-30=06` (a block, to start at 06).

    Raises CourseError for what is not understood, a lesson that is not there, or a number that is taken.
    """
    taken = {entry.number for entry in maps.read(root)} | {path.stem[:2] for path in build.sources(root)}
    found: dict[str, str] = {}
    for text in wanted:
        match = re.fullmatch(r"(\d\d?)(?:-(\d\d?))?=(\d\d?)", text)
        if not match:
            raise CourseError(
                f"--renumber {text}: expected OLD=NEW, such as 05=06, or FIRST-LAST=NEW, such as 05-30=06"
            )
        first, last = int(match[1]), int(match[2] or match[1])
        block = [n for n in range(first, last + 1) if f"{n:02d}" in taken]
        if not block:
            raise CourseError(f"--renumber {text}: there is no lesson {first:02d}")
        for n in block:
            if f"{n:02d}" in found:
                raise CourseError(f"--renumber {text}: lesson {n:02d} would move twice")
            found[f"{n:02d}"] = f"{int(match[3]) + n - first:02d}"
    stay = taken - set(found)
    for old, new in found.items():
        if new in stay or list(found.values()).count(new) > 1:
            raise CourseError(f"--renumber: lesson {old} cannot become {new}, which is taken")
        if not 1 <= int(new) <= 99:
            raise CourseError(f"--renumber: lesson {old} cannot become {new}: a lesson's number has two digits")
    return {old: new for old, new in found.items() if old != new}


def plan(root: Path, moved: dict[str, str]) -> tuple[dict[Path, tuple[Path, str]], list[str]]:
    """({old path: (new path, new text)}, lines that name a moved exercise in a way that is left alone)."""
    known = {path.stem for path in build.sources(root)} | {entry.stem for entry in maps.read(root)}
    stems = {stem: f"{moved[stem[:2]]}{stem[2:]}" for stem in known if stem[:2] in moved}
    stem = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, stems))})(?!\w)")

    def number(match: re.Match) -> str:
        return moved.get(match[0], match[0])

    def inside(match: re.Match) -> str:
        return re.sub(r"(?<![\d.])\d\d(?!\d)", number, match[0])

    def translated(text: str) -> str:
        text = _LABEL.sub(number, text)
        text = stem.sub(lambda match: stems[match[0]], text)
        for pattern in (_SPOKEN, _MARKED):
            text = pattern.sub(inside, text)
        return _FILE.sub(lambda match: f"lesson_{moved.get(match[0][-2:], match[0][-2:])}", text)

    changes: dict[Path, tuple[Path, str]] = {}
    look: list[str] = []
    plain = maps.renumbered(root, moved) if (root / "solutions" / "map.txt").exists() else ""
    bare = re.compile(rf"(?<![\w.])(?:{'|'.join(moved)})\.\d(?![\d%])")
    for path in sorted({path for pattern in CODE + PROSE for path in root.glob(pattern)}):
        old = path.read_text(encoding="utf-8")
        if MADE_UP in old:
            continue
        new = translated(old)
        lesson = path.parent.name == "solutions" and path.suffix == ".py"
        if lesson:
            new = _TITLE.sub(number, new)
        if path.suffix == ".md":
            new = _sorted(r"(?:^\| \d\d(?:\.\d+)? \|.*\n)+", re.compile(r"\d\d"), _ROW.sub(number, new))
        if path.parent.name == "lessons":
            new = _sorted(r"(?:^\|.*\| \[\d\d\]\(\S+\) \|\n)+", re.compile(r"\d\d(?=\]\(\S+\) \|$)", re.M), new)
        target = path.with_name(stems.get(path.stem, _FILE.sub(lambda m: translated(m[0]), path.stem)) + path.suffix)
        rest = _MARKED.sub("", _SPOKEN.sub("", old)) if lesson or path.suffix == ".md" else ""
        found = [line for line in rest.splitlines() if line[:1] in "#|" and bare.search(_ROW.sub("", line))]
        look += [f"{path.relative_to(root)}: {line.strip()[:100]}" for line in found]
        if lesson:
            changes |= _notebooks(root, path, target, new, plain, translated)
        if (target, new) != (path, old):
            changes[path] = target, new
    if plain:
        changes[root / "solutions" / "map.txt"] = root / "solutions" / "map.txt", plain
    return changes, look


def _notebooks(root: Path, path: Path, target: Path, new: str, course: str, translated) -> dict[Path, tuple[Path, str]]:
    """Both notebooks of a lesson, made from its new source in the new course (the map's text), with the old ones' stored outputs."""
    changes = {}
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "solutions" / target.name
        source.parent.mkdir()
        if course:
            (source.parent / "map.txt").write_text(course, encoding="utf-8")
            for entry in maps.read(Path(folder)):  # who is there, is there under its new number
                if any((root / "solutions").glob(f"[0-9][0-9]_{entry.slug}.py")):
                    (source.parent / f"{entry.stem}.py").touch()
        source.write_text(new, encoding="utf-8")
        for where, book in build.make(source).items():
            stored = root / where / f"{path.stem}.ipynb"
            before = nbformat.read(stored, as_version=4) if stored.exists() else None
            if (
                path.name == target.name
                and before
                and [c.source for c in before.cells] == [c.source for c in book.cells]
            ):
                continue  # neither it nor its neighbours move
            if left := build.stale(root, [path.stem]):
                raise CourseError(f"{left[0]}: build it before it moves")
            for cell, old in zip(book.cells, before.cells, strict=True):
                if cell.cell_type == "code":
                    cell.outputs, cell.execution_count = old.outputs, old.execution_count
                for out in cell.get("outputs", []):
                    for holder, key in ((out, "text"), (out.get("data", {}), "text/plain")):
                        if key in holder:
                            holder[key] = translated(holder[key])
            changes[stored] = root / where / f"{target.stem}.ipynb", nbformat.writes(book) + "\n"
    return changes


def _sorted(rows: str, key: re.Pattern, text: str) -> str:
    """Each run of table rows sorted by the lesson's number, which `key` finds; rows of one lesson keep their order."""
    order = lambda line: key.search(line)[0]  # noqa: E731
    return re.sub(rows, lambda m: "".join(sorted(m[0].splitlines(True), key=order)), text, flags=re.M)


def renumber(root: Path, wanted: list[str], dry: bool = False) -> int:
    """Move lessons and print what changed; dry: print only. Nothing is written unless everything can be."""
    moved = moves(root, wanted)
    changes, look = plan(root, moved) if moved else ({}, [])
    for path, (target, text) in changes.items():
        old = path.read_text(encoding="utf-8").splitlines()
        lines = sum(a != b for a, b in zip(old, text.splitlines(), strict=False)) + abs(
            len(old) - len(text.splitlines())
        )
        to = f" → {target.name}" if target != path else ""
        print(f"{path.relative_to(root)}{to}: {lines} lines")
    if not dry:
        partial = {target: target.with_name(target.name + ".partial") for target, _ in changes.values()}
        for target, text in changes.values():
            partial[target].write_text(text, encoding="utf-8")
        for target, one in partial.items():
            one.replace(target)
        for path in changes.keys() - partial.keys():
            path.unlink()
        maps.write(root)
    for line in look:
        print(f"left alone, look: {line}")
    print(
        f"{len(changes)} files {'would change' if dry else 'changed'}; "
        + ", ".join(f"{a} → {b}" for a, b in moved.items())
    )
    return 0
