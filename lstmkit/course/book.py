"""`lstmkit book`: the course and the library's reference as a web site. book/ holds its configuration and index; the rest is gathered here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from lstmkit.course import CourseError, build, maps, offline

__all__ = ["book"]

LINK = re.compile(r"\[([^\]\n]+)\]\((\d\d_\w+)\.ipynb[^)]*\)")
PLACE = "<!-- the lessons, part by part -->"


def book(root: Path, folder: Path | None, lessons: list[str]) -> int:
    """Build the site in `folder` (default book/_build/html), with all lessons or some. Returns 1 if Sphinx warns of anything, else 0.

    Raises CourseError where Sphinx or what it needs is missing.
    """
    import sphinx  # noqa: F401  (what is missing is told by the command line)

    stage = root / "book" / "_build" / "source"
    folder = (folder or root / "book" / "_build" / "html").resolve()
    gather(root, stage, lessons)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-j", "2", "-b", "html"]
    done = subprocess.run([*command, "-d", str(stage.parent / "doctrees"), str(stage), str(folder)], text=True)
    print(f"{folder / 'index.html'}{'' if done.returncode == 0 else ': Sphinx warned, see above'}")
    return 1 if done.returncode else 0


def gather(root: Path, stage: Path, lessons: list[str]) -> None:
    """Everything that Sphinx reads, in one folder: configuration, index, notebooks, syllabus, MathJax."""
    if not (root / "book" / "conf.py").exists():
        raise CourseError(f"{root / 'book'} holds no conf.py: is this a whole clone of the course?")
    shutil.rmtree(stage, ignore_errors=True)
    shutil.copytree(root / "book", stage, ignore=shutil.ignore_patterns("_build"))
    (stage / "_static").mkdir(exist_ok=True)
    shutil.copy(offline.mathjax(), stage / "_static" / "mathjax.js")
    (stage / "lessons").mkdir()
    there, chosen = [], {source.stem for source in build.sources(root, lessons)}
    for entry in maps.read(root):
        path = root / "lessons" / f"{entry.stem}.ipynb"
        if path.exists() and entry.stem in chosen:
            shutil.copy(path, stage / "lessons" / path.name)
            there.append(entry)
    names = {entry.stem for entry in there}
    shutil.copy(root / "lessons" / "README.md", stage / "lessons" / "README.md")
    for path in (stage / "lessons").iterdir():  # a link to a lesson that is not in the site is its text
        text = path.read_text(encoding="utf-8")
        path.write_text(LINK.sub(lambda link: link[0] if link[2] in names else link[1], text), encoding="utf-8")
    index = stage / "index.md"
    index.write_text(index.read_text(encoding="utf-8").replace(PLACE, _contents(there)), encoding="utf-8")


def _contents(entries: list[maps.Entry]) -> str:
    """A table of contents for each part."""
    parts: dict[str, list[str]] = {}
    for entry in entries:
        parts.setdefault(entry.part, []).append(f"lessons/{entry.stem}")
    return "\n\n".join(
        f"```{{toctree}}\n:caption: {part}\n:maxdepth: 1\n\n" + "\n".join(names) + "\n```"
        for part, names in parts.items()
    )
