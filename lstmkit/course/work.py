"""The learner's side: `lab` (work/ and JupyterLab) and `progress`. Nothing of the learner's is ever overwritten or lost."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat

from lstmkit.course import CourseError

__all__ = ["first_unfinished", "lab", "mine", "progress", "verdicts"]

# Lessons that have changed their name since the first edition. (A lesson that only changed its number is known by its slug.)
RENAMED = {"input_gradients": "output_gradients"}
_EXERCISE = re.compile(r"""\bexercise\(\s*["'](\d\d\.\d+)["']""")
_VERDICT = re.compile(r"^([✓✗○]) (\d\d\.\d+)", re.M)


def lab(root: Path, fresh: list[str] = (), start: bool = True, options: list[str] = ()) -> int:
    """Copy new lessons to work/, without outputs, and open JupyterLab at the first unfinished one.

    fresh: numbers of lessons to start anew; the learner's copy moves to work/backup/. start: False only copies.
    options: handed to JupyterLab. Returns its exit status. Raises CourseError for an unknown lesson or a work/ that cannot
    be written.
    """
    lessons = _lessons(root)
    if not lessons:
        raise CourseError("lessons/ holds no notebook: run make build")
    work = root / "work"
    if work.exists() and not work.is_dir():
        raise CourseError(f"{work} is a file; your lessons need a folder of that name: rename the file")
    work.mkdir(exist_ok=True)
    _carry_over(work, lessons)
    for number in fresh:
        name = f"{int(number):02d}_" if number.isdigit() else number
        chosen = [path for path in lessons if path.stem.startswith(name)]
        if not chosen:
            raise CourseError(
                f"--fresh {number}: there is no such lesson; there are {', '.join(p.stem[:2] for p in lessons)}"
            )
        for path in chosen:
            _set_aside(work / path.name)
    for path in lessons:
        copy = work / path.name
        if not copy.exists():
            _write(_clean_copy(path), copy)
        elif _made_from(copy) not in (None, _digest(path)):
            print(
                f"{path.stem}: the course has a newer version; yours is kept. To change over (yours goes to work/backup): lstmkit lab --fresh {path.stem[:2]}"
            )
    target = first_unfinished(root) or work / lessons[0].name
    print(f"your copies are in {work}; opening {target.name}", flush=True)
    if not start:
        return 0
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container one is root, and Jupyter refuses to start
        options = ["--allow-root", *options]
    settings = f"--LabApp.app_settings_dir={Path(__file__).parent / 'labsettings'}"  # no news, no teacher's tools
    hook = "--ContentsManager.pre_save_hook=lstmkit.course.work.without_controls"
    command = [sys.executable, "-m", "jupyter", "lab", f"--ServerApp.root_dir={root}", settings, hook]
    command += [*options, str(target)]
    env = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}  # with Agg no figure would show
    try:
        return subprocess.run(command, env=env).returncode
    except KeyboardInterrupt:
        return 0


def without_controls(model: dict, **_) -> None:
    """Jupyter's hook before it saves: sliders live as long as their kernel, and would be an error message when the file is opened again.

    In the file stands what the output has beside them, a line of text; the figure above it is an output of its own.
    """
    for cell in (model.get("content") or {}).get("cells", []) if model.get("type") == "notebook" else []:
        for data in [out["data"] for out in cell.get("outputs", []) if len(out.get("data", {})) > 1]:
            data.pop("application/vnd.jupyter.widget-view+json", None)


def verdicts(path: Path) -> dict[str, str]:
    """{exercise: ✓, ✗ or ○} of a saved notebook, from its outputs; an exercise that was not run is ○."""
    found: dict[str, str] = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        for id in _EXERCISE.findall(cell.source):
            found.setdefault(id, "○")
        for out in cell.get("outputs", []):
            for mark, id in _VERDICT.findall(out.get("text", "")):
                found[id] = mark
    return found


def mine(root: Path) -> dict[str, Path]:
    """{lesson: the learner's notebook} in the course's order: lessons only, no copies of them, under old numbers and names too."""
    files = {path.stem: path for path in sorted((root / "work").glob("*.ipynb"))}
    lessons = [path.stem for path in _lessons(root)]
    old = {_now(stem, lessons): path for stem, path in files.items() if stem not in lessons}
    return {stem: files.get(stem) or old[stem] for stem in lessons if stem in files or stem in old}


def first_unfinished(root: Path) -> Path | None:
    """The learner's first notebook with an exercise that is not ✓; None if all are."""
    for path in mine(root).values():
        if any(mark != "✓" for mark in _safely(path).values()):
            return path
    return None


def progress(root: Path) -> str:
    """A table lesson × exercise from the saved notebooks in work/, and what comes next."""
    paths = mine(root)
    if not paths:
        return "nothing started yet: `make lab` copies the lessons to work/ and opens the first"
    rows, following, done, total = [], None, 0, 0
    for lesson, path in paths.items():
        marks = _safely(path)
        rows.append(f"{lesson:28s} " + "  ".join(f"{id.split('.')[1]} {mark}" for id, mark in marks.items()))
        done += sum(mark == "✓" for mark in marks.values())
        total += len(marks)
        open_ones = [id for id, mark in marks.items() if mark != "✓"]
        following = following or (f"{open_ones[0]} in work/{path.name}" if open_ones else None)
    last = f"next: exercise {following}" if following else "every exercise is solved"
    return "\n".join([*rows, "", f"{done} of {total} exercises ✓ (✗ not right yet, ○ not attempted); {last}"])


def _lessons(root: Path) -> list[Path]:
    return sorted((root / "lessons").glob("[0-9][0-9]_*.ipynb"))


def _now(stem: str, lessons: list[str]) -> str | None:
    """The lesson that a file of an earlier edition is of: same slug, other number; None if it is of none."""
    number, _, slug = stem.partition("_")
    slug = RENAMED.get(slug, slug)
    found = [lesson for lesson in lessons if lesson[3:] == slug]
    return found[0] if found and re.fullmatch(r"\d\d", number) else None


def _carry_over(work: Path, lessons: list[Path]) -> None:
    """Give the notebooks of an earlier edition their lessons' present names; their content stays as it is."""
    stems = [path.stem for path in lessons]
    for path in sorted(work.glob("[0-9][0-9]_*.ipynb")):
        stem = _now(path.stem, stems) if path.stem not in stems else None
        if stem and (work / f"{stem}.ipynb").exists():
            print(f"there is a {stem}.ipynb in work/ already, of this edition")
            _set_aside(path)
        elif stem:
            path.rename(work / f"{stem}.ipynb")
            print(
                f"your {path.name}, of an earlier edition, is now {stem}.ipynb; its checks keep their old numbers, which others have now"
            )


def _safely(path: Path) -> dict[str, str]:
    try:
        return verdicts(path)
    except Exception:  # a notebook that is being written, or is no notebook any more, must not hide the others
        return {f"{path.stem[:2]}.? (cannot be read)": "✗"}


def _clean_copy(path: Path) -> nbformat.NotebookNode:
    """The lesson without outputs: whoever is asked to predict must not see the answer."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.metadata["lstmkit"] = {"made_from": _digest(path)}
    return notebook


def _write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook whole or not at all: half a file would count as the learner's."""
    partial = path.with_name(path.name + ".partial")
    try:
        nbformat.write(notebook, partial)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def _digest(path: Path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    return hashlib.sha256("\0".join(cell.source for cell in cells).encode()).hexdigest()[:16]


def _made_from(path: Path) -> str | None:
    try:
        return nbformat.read(path, as_version=4).metadata.get("lstmkit", {}).get("made_from")
    except Exception:
        return None


def _set_aside(path: Path) -> None:
    if not path.exists():
        return
    backup = path.parent / "backup"
    backup.mkdir(exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    target, number = backup / f"{path.stem}-{stamp}.ipynb", 1
    while target.exists():
        number += 1
        target = backup / f"{path.stem}-{stamp}-{number}.ipynb"
    path.rename(target)
    print(f"your {path.name} is kept as {target.relative_to(path.parents[1])}")
