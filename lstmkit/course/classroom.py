"""`lstmkit classroom DIR`: the course as nbgrader wants it: a source and a release of each lesson, points, a configuration.

Everything else is nbgrader's: handing out, collecting, `autograde`, `generate_feedback`, `export`. A graded cell is the lesson's own check,
`name = exercise("06.1", name)`, and around it, hidden from learners, what counts: `graded` judges what stood in `name` before the check,
so that neither another `exercise` nor a changed check cell earns a point.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from lstmkit.course import CourseError, build

__all__ = ["CONFIG", "classroom", "graded_notebook"]

CHECK = re.compile(r"^(\w+) = exercise\(\"(\d\d\.\d+)\", (\w+)\)$", re.M)
LINK = re.compile(r"\]\((\d\d_\w+)\.ipynb")
CONFIG = '''"""nbgrader's configuration, made by `lstmkit classroom`. Yours to change: it is never written over."""

from lstmkit.course.grading import Cleared, limit, on_path

on_path()
c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "lstmkit"
c.GenerateAssignment.preprocessors = Cleared.in_place()  # the stubs of the course's own notebooks
c.OverwriteCells.add_missing_cells = True  # a check that was deleted is put back, and counts
c.Execute.timeout = 120  # seconds for one cell, then it is interrupted and the next one runs
c.Execute.iopub_timeout = 60
c.LimitOutput.max_lines = 1000
limit(memory_gib=8, file_gib=1)  # of a learner's kernel, where the system can (not on Windows)
'''


def classroom(root: Path, folder: Path, lessons: list[str]) -> int:
    """Write source/NN_slug/NN_slug.ipynb for each lesson, the configuration, and let nbgrader make the releases.

    What is there already is kept, and told. Returns 1 if nbgrader refuses a lesson, else 0.
    Raises CourseError for a folder that holds something else.
    """
    import jupytext  # noqa: F401  (what is missing is told before anything is written)
    import nbgrader  # noqa: F401

    settings = folder / "nbgrader_config.py"
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not settings.exists())):
        raise CourseError(f"{folder} holds something else: name a folder that is new, empty, or a classroom already")
    folder.mkdir(parents=True, exist_ok=True)
    if not settings.exists():
        settings.write_text(CONFIG, encoding="utf-8")
    made, kept, failed = [], [], []
    for source in build.sources(root, lessons):
        target = folder / "source" / source.stem / f"{source.stem}.ipynb"
        if target.exists():
            kept.append(source.stem)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(graded_notebook(source), target)
        made.append(source.stem)
        if said := _nbgrader(folder, "generate_assignment", source.stem):
            failed.append(source.stem)
            print(f"✗ {source.stem}: {said}", flush=True)
            continue
        print(f"✓ {source.stem}  {_points(nbformat.read(target, as_version=4)):g} points", flush=True)
    if kept:
        print(f"kept as they are: {', '.join(kept)}")
    print(
        f"{folder}: {len(made)} lessons new. Hand out release/; put what comes back into submitted/LEARNER/NN_slug/; then, in"
    )
    print(f"that folder, {Path(sys.executable).with_name('nbgrader')} autograde NN_slug (generate_feedback, export)")
    return 1 if failed else 0


def graded_notebook(source: Path) -> NotebookNode:
    """A lesson's solution with nbgrader's metadata: exercise cells to fill in, check cells with their points, hidden tests."""
    notebook = build.make(source)["solutions"]
    asked = [found for cell in notebook.cells for found in build.EXERCISE.findall(cell.source)]
    worth = {id: marks.count("●") for id, _, _, marks in asked}
    exercise = None
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(r"](../\1/\1.ipynb", cell.source)
        elif "exercise" in tags:
            exercise = cell
        elif "check" in tags and (found := CHECK.search(cell.source)):
            name, id, _ = found.groups()
            key = id.replace(".", "-")
            if exercise is not None:
                exercise.metadata.nbgrader = _nbgrader_metadata(f"exercise-{key}", solution=True)
            cell.metadata.nbgrader = _nbgrader_metadata(f"check-{key}", points=worth[id])
            cell.source = _with_hidden_tests(cell.source, name, id, worth[id])
            exercise = None
    return notebook


def _with_hidden_tests(check: str, name: str, id: str, points: int) -> str:
    kept = f"_points_{id.replace('.', '_')}"
    judge = f'from lstmkit.exercises import graded\n\n{kept} = graded("{id}", {name}, {points})'
    return "\n".join(
        f"### BEGIN HIDDEN TESTS\n{part}\n### END HIDDEN TESTS" if part != check else check
        for part in (judge, check, kept)
    )


def _nbgrader_metadata(id: str, solution: bool = False, points: int | None = None) -> NotebookNode:
    made = NotebookNode(grade_id=id, grade=points is not None, solution=solution, task=False, schema_version=3)
    made.locked = points is not None
    if points is not None:
        made.points = points
    return made


def _points(notebook: NotebookNode) -> float:
    return sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in notebook.cells)


def _nbgrader(folder: Path, *arguments: str) -> str:
    """Run nbgrader in a classroom; "" if it is content, else its last line."""
    done = subprocess.run([sys.executable, "-m", "nbgrader", *arguments], cwd=folder, capture_output=True, text=True)
    said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return "" if done.returncode == 0 else (said or ["nbgrader failed without a word"])[-1]
