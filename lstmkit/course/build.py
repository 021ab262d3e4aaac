"""From `solutions/NN_slug.py` to the two notebooks: the learner's, cleared by nbgrader, and the solution. Both executed."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from lstmkit.course import CourseError, maps

__all__ = [
    "EXERCISE",
    "FOLDED",
    "KERNEL",
    "build",
    "check",
    "execute",
    "make",
    "sources",
    "stale",
    "texts",
    "workers",
    "wrong_verdicts",
]

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
FOLDED = {"claim", "folded"}  # cells of these tags are shown without their source, which can be opened
# an exercise's heading: its id, title, minutes and difficulty
EXERCISE = re.compile(r"^### Exercise (\d\d\.\d+) · (.+?) \((\d+(?:–\d+)?) min, ([●○]{3})\)", re.M)
CELL_TIMEOUT = 120  # seconds; the same in the Makefile for nbval


def sources(root: Path, lessons: list[str] | None = None) -> list[Path]:
    """The lessons' sources, in order; all, or those whose numbers are given. Raises CourseError for an unknown number."""
    found = sorted((root / "solutions").glob("[0-9][0-9]_*.py"))
    if not lessons:
        return found
    wanted = [f"{int(n):02d}" if n.isdigit() else n for n in lessons]
    chosen = [path for path in found if any(path.stem == n or path.stem.startswith(f"{n}_") for n in wanted)]
    missing = [n for n in wanted if not any(path.stem == n or path.stem.startswith(f"{n}_") for path in found)]
    if missing:
        there = ", ".join(path.stem[:2] for path in found)
        raise CourseError(f"there is no lesson {missing[0]}; solutions/ has {there or 'none'}")
    return chosen


def make(source: Path) -> dict[str, NotebookNode]:
    """Both notebooks of a source, in memory and not executed: {"lessons": learner's, "solutions": solution}."""
    import jupytext

    from lstmkit.course.grading import Cleared

    try:
        solution = jupytext.read(source, fmt="py:percent")
    except Exception as error:
        raise CourseError(f"{source.name} cannot be read as a lesson: {error}") from None
    solution.metadata = NotebookNode(kernelspec=NotebookNode(KERNEL), language_info=NotebookNode(name="python"))
    solution.nbformat, solution.nbformat_minor = 4, 5
    for cell in solution.cells:
        cell.metadata = _metadata(list(cell.metadata.get("tags", [])))
    prose = [cell for cell in solution.cells if cell.cell_type == "markdown"]
    for cell, line in (
        zip((prose[0], prose[-1]), maps.place(source.parents[1], source.stem), strict=True) if prose else ()
    ):
        cell.source += f"\n\n{line}" if line else ""
    lesson = deepcopy(solution)
    try:
        lesson, _ = Cleared().preprocess(lesson, {})
    except RuntimeError as error:
        raise CourseError(f"{source.name}: {error}") from None
    for notebook in (lesson, solution):
        _name_cells(notebook)
    return {"lessons": lesson, "solutions": solution}


def _metadata(tags: list[str]) -> NotebookNode:
    """A cell's metadata from its tags: claims and plumbing are folded in JupyterLab (source_hidden) and in the book."""
    if not tags:
        return NotebookNode()
    if not FOLDED & set(tags):
        return NotebookNode(tags=tags)
    return NotebookNode(tags=[*tags, "hide-input"], jupyter=NotebookNode(source_hidden=True))


def execute(notebook: NotebookNode, folder: Path, title: str, env: dict[str, str] | None = None) -> NotebookNode:
    """Run a copy of a notebook top to bottom in `folder` and return it with its outputs.

    env: environment variables for the kernel. Raises CourseError with the lesson, the cell and the error if a cell fails.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    done = deepcopy(notebook)
    client = NotebookClient(
        done,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
    )
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # side by side, two threads each starve each other
    try:
        client.execute(env={**os.environ, **threads, **(env or {})})
    except (CellExecutionError, CellTimeoutError, DeadKernelError, RuntimeError) as error:  # no kernel: RuntimeError
        raise CourseError(f"{title}: {_failure(done, error)}") from None
    for cell in done.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":  # progress bars are for the person who waits, not for the file
            cell.outputs = [out for out in cell.outputs if not _progress(out)]
    done.metadata = deepcopy(notebook.metadata)
    return done


def _progress(out: NotebookNode) -> bool:
    """Whether an output is (a piece of) a progress bar; the line feed that ends one may arrive alone."""
    return out.get("name") == "stderr" and ("\r" in out.text or not out.text.strip())


@contextmanager
def workers(jobs: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of `jobs` threads; what has not begun when an error or Ctrl-C ends it is not begun any more."""
    pool = ThreadPoolExecutor(max(1, jobs))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def build(root: Path, lessons: list[str], jobs: int = 2) -> int:
    """Write and execute both notebooks of the lessons, `jobs` at a time. Returns 1 if anything failed, else 0."""
    tasks = []
    for source in sources(root, lessons):
        made = make(source)
        tasks += [(source, folder, notebook) for folder, notebook in made.items()]
    if not tasks:
        raise CourseError("solutions/ holds no lesson NN_slug.py")
    failures, started = 0, time.perf_counter()

    def one(task) -> tuple[str, float, list[str]]:
        source, folder, notebook = task
        title, begun = f"{folder}/{source.stem}.ipynb", time.perf_counter()
        done = execute(notebook, root / folder, title)
        target = root / folder / f"{source.stem}.ipynb"
        partial = target.with_suffix(".ipynb.partial")
        nbformat.write(done, partial)
        partial.replace(target)
        return title, time.perf_counter() - begun, wrong_verdicts(done, folder)

    with workers(jobs) as pool:
        for number, future in enumerate(as_completed([pool.submit(one, task) for task in tasks]), 1):
            try:
                title, seconds, wrong = future.result()
            except CourseError as error:
                failures += 1
                print(f"[{number}/{len(tasks)}] ✗ {error}", flush=True)
                continue
            failures += bool(wrong)
            print(f"[{number}/{len(tasks)}] {'✗' if wrong else '✓'} {title}  {seconds:.0f} s", flush=True)
            for line in wrong:
                print(f"      {line}", flush=True)
    print(f"{len(tasks) - failures} of {len(tasks)} notebooks built in {time.perf_counter() - started:.0f} s")
    for name in maps.write(root):
        print(f"{name}: its table of lessons is written anew")
    return 1 if failures else 0


def wrong_verdicts(notebook: NotebookNode, folder: str) -> list[str]:
    """Lines among the outputs that no committed notebook may hold: ✗ anywhere, ○ in a solution, a stored error."""
    bad = "✗○" if folder == "solutions" else "✗"
    found = []
    for number, cell in enumerate(notebook.cells, 1):
        for text in texts(cell):
            found += [f"cell {number}: {line}" for line in text.splitlines() if line.strip()[:1] in set(bad)]
    return found


def stale(root: Path, lessons: list[str] | None = None) -> list[str]:
    """Every committed notebook that differs from its source (cells, ids, tags, folding), is missing, or has no source."""
    found = []
    chosen = sources(root, lessons)
    for source in chosen:
        for folder, fresh in make(source).items():
            path = root / folder / f"{source.stem}.ipynb"
            name = f"{folder}/{source.stem}.ipynb"
            if not path.exists():
                found.append(f"{name} is missing")
                continue
            stored = nbformat.read(path, as_version=4)
            for number, (a, b) in enumerate(zip(stored.cells, fresh.cells, strict=False), 1):
                if _identity(a) != _identity(b):
                    found.append(f"{name} is stale: cell {number} differs from its source")
                    break
            else:
                if len(stored.cells) != len(fresh.cells) or stored.metadata != fresh.metadata:
                    found.append(f"{name} is stale: other cells or metadata than its source")
    if not lessons:
        names = {source.stem for source in chosen}
        for folder in ("lessons", "solutions"):
            orphans = sorted(path for path in (root / folder).glob("*.ipynb") if path.stem not in names)
            found += [f"{folder}/{path.name} has no source solutions/{path.stem}.py" for path in orphans]
    return found


def check(root: Path, lessons: list[str]) -> int:
    """Print every stale notebook. Returns 1 if there is one, else 0."""
    found, tables = stale(root, lessons), [] if lessons else list(maps.stale(root))
    print("\n".join(found) if found else "every notebook matches its source")
    if found:
        numbers = sorted({line.split("/")[1][:2] for line in found})
        print(f"run: lstmkit build {' '.join(numbers)}")
    if tables:
        print(f"{', '.join(tables)}: other lessons than solutions/map.txt; run: lstmkit build --maps")
    return 1 if found or tables else 0


def texts(cell: NotebookNode) -> Iterator[str]:
    """What a cell printed, showed as text, or raised."""
    for out in cell.get("outputs", []):
        if out.output_type == "error":
            yield f"✗ {out.ename}: {out.evalue}"
        yield out.get("text", "") or out.get("data", {}).get("text/plain", "")


def _identity(cell: NotebookNode) -> tuple:
    return cell.cell_type, cell.source, cell.get("id"), dict(cell.metadata)


def _name_cells(notebook: NotebookNode) -> None:
    """Ids from the cells' text, so that a rebuild changes no id and an inserted cell changes no other."""
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        name = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:10]
        seen[name] = seen.get(name, 0) + 1
        cell["id"] = name if seen[name] == 1 else f"{name}-{seen[name]}"


def _failure(notebook: NotebookNode, error: Exception) -> str:
    for number, cell in enumerate(notebook.cells, 1):
        for out in cell.get("outputs", []):
            if out.output_type == "error":
                first = next((line for line in cell.source.splitlines() if line.strip()), "")
                return f"cell {number} (`{first.strip()[:60]}`) failed: {out.ename}: {out.evalue}"
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
