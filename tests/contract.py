"""The lesson contract of DESIGN as checks on a notebook. By hand: `python -m tests.contract NN` names every deviation of lesson NN."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from lstmkit.course import build, maps

ROOT = Path(__file__).parents[1]
# One sitting, in minutes: words / 150, 8 s for a visible line of code, 1 for a figure, the exercises' own minutes × 1.25
SITTING, HONEST, READING, LINE, FIGURE, WORK = 90, 0.85, 150, 8 / 60, 1, 1.25
# one name and one sign for a thing, in all lessons: what is found, and what the course writes
ONE_NAME = {
    r"\b[Tt]ime-?steps?\b": "time step",
    r"\b[Dd]atasets?\b": "data set",
    r"\b[Mm]ini-?batch": "batch",
    r"\b[Rr]eadouts?\b": "read-out",
    r"\b[Oo]ptimizers?\b": "optimiser",
    r"\blearned\b": "learnt",
    r"\b[Ee]ncoder–decoder": "encoder-decoder",
    r"\b[Cc]ross entropy\b": "cross-entropy",
    r"\b[Hh]idden units? size\b": "hidden size H",
    r"\\odot|\\otimes": r"\circ, entry by entry",
    r"\^\{?\((?:t|s|n)\)": "an index below, counted from 1",
    r"_\{[tT]−\d\}": "_{t-1} with an ASCII minus",
}
QUOTED = re.compile(r'"[^"]*"|“[^”]*”|`[^`]*`')  # titles of papers, words of a task, code
BANNED = re.compile(r"\b(simply|obviously|trivially|clearly|just|of course)\b", re.I)
NOT_PROSE = re.compile(r"```.*?```|\$\$.*?\$\$|\$[^$]*\$|`[^`]*`|\[[^\]]*\]\([^)]*\)", re.S)
DETAILS = re.compile(r"<details>.*?</details>", re.S)
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]*\.ipynb)[^)]*\)")
NAMED = re.compile(r"\b[Ll]essons? \d\d\b")
HEADING = re.compile(r"^### Exercise (\d\d\.\d+) · .+ \(\d+ min, (?:●○○|●●○|●●●)\)$", re.M)
COMPREHENSION = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def tags(cell: NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", []))


def hidden(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("jupyter", {}).get("source_hidden"))


def lines(cell: NotebookNode) -> int:
    return sum(1 for line in cell.source.splitlines() if line.strip())


def texts(cell: NotebookNode) -> str:
    return "\n".join(
        out.get("text", "") or out.get("data", {}).get("text/plain", "") for out in cell.get("outputs", [])
    )


def tree(cell: NotebookNode) -> list[ast.AST]:
    """Every node of a code cell's syntax tree; none if it is no Python (a magic: refused elsewhere)."""
    try:
        return list(ast.walk(ast.parse(cell.source))) if cell.cell_type == "code" else []
    except SyntaxError:
        return []


def calls(cell: NotebookNode, name: str) -> list[list]:
    """The arguments of each call of `name` in a cell; constants as their values, the rest as None."""
    found = [node for node in tree(cell) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name]
    return [[arg.value if isinstance(arg, ast.Constant) else None for arg in node.args] for node in found]


def mentioned(cell: NotebookNode) -> list[str]:
    """The exercises that prose names: "exercise 06.2", "exercises 06.2 and 07.1"."""
    found = re.findall(r"[Ee]xercises? (\d\d\.\d+(?:(?:, | and | or )\d\d\.\d+)*)", cell.source)
    return [id for text in found for id in re.findall(r"\d\d\.\d+", text)] if cell.cell_type == "markdown" else []


def claims(cell: NotebookNode) -> int:
    """How many claims a reader sees: the calls, or what a loop of calls printed."""
    written = len(calls(cell, "claim"))
    return written and max(written, len(re.findall(r"^[✓✗] (?!\d\d\.\d)", texts(cell), re.M)))


def minutes(book: NotebookNode) -> tuple[int, int]:
    """(the minutes that a learner needs, the minutes that the lesson promises)."""
    words = said = work = code = figures = 0
    for cell in book.cells:
        if cell.cell_type == "markdown":
            words += len(DETAILS.sub(" ", cell.source).split())
            work += sum(map(int, re.findall(r"^###? Exercise .*?\((\d+) min", cell.source, re.M)))
            said = said or int((re.search(r"About (\d+) minutes", cell.source) or [0, 0])[1])
        elif cell.cell_type == "code" and cell.source.strip():
            code += 0 if hidden(cell) else lines(cell)
            figures += sum("image/png" in out.get("data", {}) for out in cell.get("outputs", []))
    return round(words / READING + code * LINE + figures * FIGURE + WORK * work), said


def deviations(book: NotebookNode, stem: str, solution: bool = False, there: set[str] | None = None) -> list[str]:
    """Where a notebook leaves the contract, one line each.

    stem: "NN_slug". solution: with answers, so its exercises may be longer. there: the lessons that links may name.
    """
    there = {path.stem for path in build.sources(ROOT)} if there is None else there
    checks = (opening(book, stem), code(book, solution), prose(book, there), folding(book), claiming(book))
    checks += (predicting(book, stem[:2]), exercises(book, stem[:2], solution), closing(book))
    found = [line for check in checks for line in check]
    if not solution:
        needed, said = minutes(book)
        found += [f"about {needed} minutes: more than one sitting ({SITTING})"] * (needed > SITTING)
        found += [f"promises {said} minutes, needs about {needed}"] * (said < HONEST * needed)
    return found


def opening(book: NotebookNode, stem: str) -> Iterator[str]:
    first = book.cells[0].source
    wanted = {f"a title “# {stem[:2]} · …”": rf"\A# {stem[:2]} · \S", "a bold question": r"^\*\*.+\?\*\*$"}
    wanted |= {"“you will be able to”": "you will be able to", "“Needs:”": r"Needs:", "“Mapping:”": r"Mapping:"}
    wanted |= {"“About NN minutes”": r"About \d+ minutes"}
    yield from (f"the opening lacks {what}" for what, how in wanted.items() if not re.search(how, first, re.M))
    bullets = len(re.findall(r"^- ", first, re.M))
    if bullets != 3:
        yield f"the opening has {bullets} bullets, not three"
    number, cell = next((n, cell) for n, cell in enumerate(book.cells, 1) if cell.cell_type == "code")
    if number > 3:
        yield f"the first code is in cell {number}"
    if not any(isinstance(node, ast.Import | ast.ImportFrom) for node in tree(cell)) or lines(cell) > 6:
        yield f"cell {number}: the first code is not one import cell of at most 6 lines ({lines(cell)})"


def code(book: NotebookNode, solution: bool) -> Iterator[str]:
    for number, cell in enumerate(book.cells, 1):
        if cell.cell_type != "code" or hidden(cell):
            continue
        nodes, most = tree(cell), 15
        if solution and "exercise" in tags(cell):
            most = 25 + 2 * ("BEGIN SOLUTION" in cell.source)
        elif any(isinstance(node, ast.ClassDef) for node in nodes):
            most = 25
        if lines(cell) > most:
            yield f"cell {number}: {lines(cell)} lines of code, at most {most}"
        if NAMED.search(cell.source):
            yield f"cell {number}: a lesson named in code, where it can be no link"
        for what in dict.fromkeys(filter(None, map(riddle, nodes))):
            yield f"cell {number}: a riddle: {what}"


def riddle(node: ast.AST) -> str | None:
    """What DESIGN calls a riddle, if this node is one."""
    inside = list(ast.walk(node))[1:]
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "zip":
        return "zip(*…)" if any(isinstance(arg, ast.Starred) for arg in node.args) else None
    if isinstance(node, ast.Starred) and isinstance(node.ctx, ast.Store):
        return "starred unpacking"
    if isinstance(node, ast.NamedExpr):
        return "a walrus"
    if isinstance(node, COMPREHENSION) and (
        len(node.generators) > 1 or any(isinstance(n, COMPREHENSION) for n in inside)
    ):
        return "a comprehension in a comprehension"
    if isinstance(node, ast.Lambda) and any(isinstance(n, ast.Lambda) for n in inside):
        return "a lambda in a lambda"
    return None


def prose(book: NotebookNode, there: set[str]) -> Iterator[str]:
    asked = 0
    for number, cell in enumerate(book.cells, 1):
        if cell.cell_type != "markdown":
            continue
        if found := BANNED.search(NOT_PROSE.sub(" ", cell.source)):
            yield f"cell {number}: “{found[0]}”"
        for pattern, ours in ONE_NAME.items():
            if found := re.search(pattern, QUOTED.sub(" ", cell.source)):
                yield f"cell {number}: “{found[0]}”: the course writes {ours}"
        if len(cell.source.split()) > 280:
            yield f"cell {number}: a wall of {len(cell.source.split())} words"
        if found := NAMED.search(re.sub(r"\[[^\]]*\]\([^)]*\)", " ", cell.source)):
            yield f"cell {number}: “{found[0]}” without a link"
        for label, target in LINK.findall(cell.source):
            told = re.findall(r"[Ll]essons? (\d\d)|^(\d\d)$", label)
            if any("".join(one) != target[:2] for one in told):
                yield f"cell {number}: [{label}]({target}): number and file disagree"
            if target.removesuffix(".ipynb") not in there:
                planned = target.removesuffix(".ipynb") in {entry.stem for entry in maps.read(ROOT)}
                yield f"cell {number}: [{label}]({target}): there is no such lesson{' yet' * planned}"
        asked += len(re.findall(r"\*\*Before you run", cell.source))
    if asked > 5:
        yield f"{asked} times “Before you run”: at most five"


def folding(book: NotebookNode) -> Iterator[str]:
    for number, cell in enumerate(book.cells, 1):
        if calls(cell, "claim") and "claim" not in tags(cell):
            yield f"cell {number}: a claim in a cell without the tag claim"
        if tags(cell) & build.FOLDED and not (hidden(cell) and "hide-input" in tags(cell)):
            yield f"cell {number}: tagged {', '.join(sorted(tags(cell)))}, but not folded"


def claiming(book: NotebookNode) -> Iterator[str]:
    before, total = 0, 0  # the number of the last claim cell, if nothing but folded cells came since
    for number, cell in enumerate(book.cells, 1):
        count = claims(cell)
        total += count
        if count > 3:
            yield f"cell {number}: {count} claims together, at most 3"
        if count and before:
            yield f"cells {before} and {number}: claims in neighbouring cells"
        before = number if count else before if "folded" in tags(cell) else 0
    if not 2 <= total <= 15:
        yield f"{total} claims: 2 to 15"


def predicting(book: NotebookNode, lesson: str) -> Iterator[str]:
    asked: dict[str, int] = {}
    answered: set[str] = set()
    for number, cell in enumerate(book.cells, 1):
        for id, guess, *_ in (call + [None, None] for call in calls(cell, "predict")):
            asked[id] = asked.get(id, 0) + 1
            if not re.fullmatch(rf"{lesson}\.[a-z]", str(id)) or asked[id] > 1:
                yield f"cell {number}: predict({id!r}): expected an id of its own, such as {lesson}.a"
            if guess is not ... or "predict" not in tags(cell):
                yield f"cell {number}: predict({id!r}): the guess is `...` and the cell's tag predict"
        for id, *_ in (call + [None] for call in calls(cell, "outcome")):
            if id not in asked or calls(cell, "predict"):
                yield f"cell {number}: outcome({id!r}) without a predict({id!r}) in an earlier cell"
            answered.add(id)
    yield from (f"predict({id!r}) has no outcome({id!r})" for id in asked if id not in answered)
    if sum(asked.values()) > 3:
        yield f"{sum(asked.values())} predict(…): at most three"


def exercises(book: NotebookNode, lesson: str, solution: bool) -> Iterator[str]:
    headings = [h for cell in book.cells if cell.cell_type == "markdown" for h in HEADING.findall(cell.source)]
    checked = [call[0] for cell in book.cells for call in calls(cell, "exercise")]
    if not 3 <= len(set(checked)) <= 6:
        yield f"{len(set(checked))} exercises: 3 to 6"
    for id in dict.fromkeys(headings + checked):
        if not str(id).startswith(f"{lesson}."):
            yield f"exercise {id} in lesson {lesson}"
        if checked.count(id) != 1:
            yield f"exercise {id} is checked {checked.count(id)} times"
        if headings.count(id) != 1:
            yield f"exercise {id}: {headings.count(id)} headings “### Exercise {id} · Title (10 min, ●●○)”"
    if not solution and not any(
        cell.source and not any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in tree(cell))
        for cell in book.cells
        if "exercise" in tags(cell)
    ):
        yield "no exercise is a prediction or an experiment (`answer = ...`)"
    for id, parts in _by_exercise(book).items():
        words = "\n".join(part for part in parts if isinstance(part, str))
        kinds = ["exercise" in tags(p) or "check" in tags(p) and "check" for p in parts if not isinstance(p, str)]
        if [kind for kind in kinds if kind] != [True, "check"]:
            yield f"exercise {id}: not one cell tagged exercise and then one tagged check"
        ours = [
            call[0] for p in parts if not isinstance(p, str) and "check" in tags(p) for call in calls(p, "exercise")
        ]
        if ours != [id]:
            yield f"exercise {id}: its check cell checks {', '.join(map(str, ours)) or 'nothing'}"
        for what in ("Goal", "Given", "Done when"):
            if not re.search(rf"\*{what}", words):
                yield f"exercise {id} lacks *{what}*"
        for what in ("Hint", "Fuller hint"):
            if len(re.findall(rf"<details><summary>{what}</summary>", words)) != 1:
                yield f"exercise {id}: not one folded {what}"


def _by_exercise(book: NotebookNode) -> dict[str, list]:
    """{exercise: its pieces of prose and its code cells, up to the next exercise}."""
    found: dict[str, list] = {}
    here: list = []
    for cell in book.cells:
        if cell.cell_type == "code":
            here.append(cell)
            continue
        for piece in re.split(r"^(?=### Exercise )", cell.source, flags=re.M):
            if match := HEADING.match(piece):
                here = found.setdefault(match[1], [])
            here.append(piece)
    return found


def closing(book: NotebookNode) -> Iterator[str]:
    whole = "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")
    _, heading, end = whole.rpartition("## What you can now do")
    if not heading:
        yield "no closing “## What you can now do”"
        return
    asked = len(re.findall(r"<details><summary>(?!Hint|Fuller hint)", end))
    if len(re.findall(r"^- ", end, re.M)) < 3:
        yield "the closing does not answer the three bullets"
    if not 2 <= asked <= 3:
        yield f"the closing has {asked} folded questions: two or three"
    if not re.search(r"further reading|references", end, re.I):
        yield "the closing names no reference (“Further reading”)"


def unseen_by_nbval(book: NotebookNode) -> list[str]:
    """What would make nbval pass over a cell, or a stored result that no notebook may hold."""
    found = []
    if book.metadata.get("kernelspec", {}).get("name") != "python3":
        found.append("the kernelspec is not python3")
    for number, cell in enumerate(book.cells, 1):
        if cell.cell_type != "code":
            continue
        if cell.execution_count is None:
            found.append(f"cell {number}: stored without having been run: nbval compares nothing there")
        if re.search(r"^\s*[!%]", cell.source, re.M) or "get_ipython" in cell.source:
            found.append(f"cell {number}: a magic or shell command")
        if {"nbval-skip", "raises-exception"} & tags(cell) or re.search(r"#\s*(NBVAL|PYTEST_VALIDATE)_", cell.source):
            found.append(f"cell {number}: a tag or comment that weakens nbval")
        shows = any(
            out.output_type in ("display_data", "execute_result") and "image/png" in out.data for out in cell.outputs
        )
        if shows and "nbval-ignore-output" not in tags(cell):
            found.append(f"cell {number}: a figure whose bytes would be compared: tag it nbval-ignore-output")
        if "claim(" in cell.source and "nbval-ignore-output" in tags(cell):
            found.append(f"cell {number}: a claim in a cell whose output is not compared")
        if "exercise(" in cell.source and "nbval-ignore-output" in tags(cell):
            found.append(f"cell {number}: an exercise's check in a cell whose output is not compared")
        if any(out.output_type == "error" for out in cell.outputs):
            found.append(f"cell {number}: a stored error")
        if cell.source.rstrip().endswith(";"):
            found.append(f"cell {number}: a trailing ; does not hide a value from nbval")
        if any(out.get("name") == "stderr" for out in cell.outputs):
            found.append(f"cell {number}: a warning on display")
    return found


def report(lesson: str) -> int:
    """Print every deviation of a lesson in the working tree; where it is not built, of its source. 1 if there is any."""
    told: list[str] = []
    for source in build.sources(ROOT, [lesson]):
        fresh, stale = build.make(source), build.stale(ROOT, [source.stem])
        for folder, book in fresh.items():
            old = [line for line in stale if line.startswith(folder)]
            path = ROOT / folder / f"{source.stem}.ipynb"
            book = book if old else nbformat.read(path, as_version=4)
            found = old + deviations(book, source.stem, folder == "solutions")
            if not old:
                found += unseen_by_nbval(book) + build.wrong_verdicts(book, folder)
            needed, said = minutes(book)
            known = " (not built: its figures are not counted)" if old else ""
            print(f"{folder}/{source.stem}: about {needed} minutes, promises {said}{known}; {len(found)} deviations")
            print("".join(f"  {line}\n" for line in found if line not in told), end="")
            told += found
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(max([report(lesson) for lesson in sys.argv[1:]], default=0) if sys.argv[1:] else "which lesson? NN …")
