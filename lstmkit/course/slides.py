"""`lstmkit slides NN`: a lesson as a deck (nbconvert and reveal.js), with everything that it needs beside it: no network.

What becomes a slide follows from the source's cells. A heading begins a slide; prose is cut between its paragraphs; a prediction stands
alone; a cell's code and its figure are two slides, so that the room can predict between them; claims show their verdicts; an exercise shows its task
and its stub. Hints, checks, imports and plumbing stay out. Tags of the source overrule: `slide` (begins one), `skip-slide` (stays out).
"""

from __future__ import annotations

import re
import shutil
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from lstmkit.course import CourseError, build, offline

__all__ = ["deck", "slides"]

WORDS = 90  # on one slide of prose
HIDDEN = {"check", "skip-slide", "predict"}
LINK = re.compile(r"\]\((\d\d_\w+)\.ipynb")
DETAILS = re.compile(r"<details>.*?</details>", re.S)


def slides(root: Path, lessons: list[str], folder: Path, solutions: bool = False) -> int:
    """Write NN_slug.html for each lesson into `folder`, with reveal.js and MathJax beside them. Returns 0.

    solutions: from the executed solutions, not from the learner's notebooks.
    Raises CourseError for an unknown lesson, and where nbconvert or reveal.js is missing.
    """
    from nbconvert import SlidesExporter
    from traitlets.config import Config

    chosen = build.sources(root, lessons)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(
        offline.reveal(), folder / "reveal", dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.map", "*.scss")
    )
    shutil.copy(offline.mathjax(), folder / "mathjax.js")
    exporter = SlidesExporter(
        template_name="deck",
        config=Config(TagRemovePreprocessor={"enabled": True, "remove_input_tags": {"outputs-only"}}),
        extra_template_basedirs=[str(Path(__file__).parent)],
        reveal_url_prefix="reveal",
        reveal_theme="white",
    )
    for source in chosen:
        path = root / ("solutions" if solutions else "lessons") / f"{source.stem}.ipynb"
        if not path.exists():
            raise CourseError(f"{path.parent.name}/{path.name} is missing; run: lstmkit build {source.stem[:2]}")
        text, _ = exporter.from_notebook_node(
            deck(nbformat.read(path, as_version=4)), {"metadata": {"name": source.stem}}
        )
        (folder / f"{source.stem}.html").write_text(text, encoding="utf-8")
        print(folder / f"{source.stem}.html")
    return 0


def deck(notebook: NotebookNode) -> NotebookNode:
    """The notebook's cells as slides, with nbconvert's slideshow metadata."""
    made, cells = [], notebook.cells
    for number, cell in enumerate(cells):
        tags = set(cell.metadata.get("tags", []))
        if tags & HIDDEN or (cell.cell_type == "code" and number == 1):  # the imports
            continue
        if cell.cell_type == "markdown":
            made += [_slide(cell, part, kind) for part, kind in _parts(cell.source)]
        else:
            made += _code(cell, tags)
    deck = NotebookNode(cells=made, metadata=deepcopy(notebook.metadata), nbformat=4, nbformat_minor=5)
    for number, cell in enumerate(made):
        cell.id = f"slide-{number}"
    return deck


def _parts(text: str) -> list[tuple[str, str]]:
    """(text, "slide" or "subslide") for each slide that a cell of prose makes."""
    blocks = _blocks(LINK.sub(r"](\1.html", DETAILS.sub("", text)))
    parts: list[list[str]] = []
    for block in blocks:
        alone = block.startswith(("#", "**Before you run"))
        goes_on = parts and (
            len(" ".join([*parts[-1], block]).split()) <= WORDS or all(b.startswith("#") for b in parts[-1])
        )
        if parts and goes_on and not (alone and not all(b.startswith("#") for b in parts[-1])):
            parts[-1].append(block)
        else:
            parts.append([block])
    return [("\n\n".join(part), "slide" if re.match(r"##? ", part[0]) else "subslide") for part in parts]


def _blocks(text: str) -> list[str]:
    """Paragraphs, tables, lists and formulas, each whole: a blank line inside `$$` or a code fence parts nothing."""
    found: list[str] = []
    for piece in re.split(r"\n\s*\n", text.strip()):
        if found and (found[-1].count("$$") % 2 or found[-1].count("```") % 2):
            found[-1] += "\n\n" + piece
        elif piece.strip():
            found.append(piece.strip("\n"))
    return found


def _slide(cell: NotebookNode, text: str, kind: str) -> NotebookNode:
    made = nbformat.v4.new_markdown_cell(text)
    made.metadata.slideshow = NotebookNode(slide_type=kind)
    return made


def _code(cell: NotebookNode, tags: set[str]) -> list[NotebookNode]:
    """A slide of code and a slide of what it shows; one of the two where the other is hidden or empty."""
    made = []
    outputs = [out for out in cell.get("outputs", []) if not (out.get("name") == "stderr")]
    if not tags & build.FOLDED:
        code = deepcopy(cell)
        code.outputs = [] if _shows(outputs) else outputs
        made.append(code)
    if _shows(outputs) or (tags & build.FOLDED and outputs):
        shown = deepcopy(cell)
        shown.outputs, shown.source = outputs, ""
        made.append(shown)
    for one in made:
        one.metadata = NotebookNode(slideshow=NotebookNode(slide_type="slide" if "slide" in tags else "subslide"))
        one.metadata.tags = [] if one.source else ["outputs-only"]
    return made


def _shows(outputs: list[NotebookNode]) -> bool:
    return any("image/png" in out.get("data", {}) or "text/html" in out.get("data", {}) for out in outputs)
