"""`python -m tests.lesson_plans` writes solutions/LESSON_PLANS.md: minutes per section, exercises and points, what learners will get wrong.

Minutes are the contract's formula for each section; the misconceptions are sentences of the exercises' own mistakes. By hand is
only what to leave out.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

from lstmkit.course import maps
from lstmkit.course.build import EXERCISE
from lstmkit.exercises import catalogue
from tests.contract import minutes

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "solutions" / "LESSON_PLANS.md"
MISTAKES = 3  # told for each exercise
SKIP = {  # sections and exercises that nothing later needs
    "01": ["Let it write", "01.2"],
    "02": ["02.5"],
    "03": ["Packing", "03.5"],
    "04": ["Two judges", "Kept without being taught"],
    "05": ["Rotations", "05.3"],
    "06": ["What did it learn?"],
    "07": ["Take the near evidence away", "07.5"],
    "08": ["Could still more be left out?", "08.4", "What did z learn?"],
    "09": ["For how long?", "RNN, GRU, LSTM, on equal terms"],
    "10": ["Watching it read", "What do the gates cost?"],
    "11": ["Which words made the tag?"],
    "12": ["When it looks too good", "12.5"],
    "13": ["The moment it leaves its orbit", "13.3"],
    "14": ["What a table cannot know", "What the carried state is worth"],
    "15": ["What the judges did not ask"],
    "16": ["Say it", "16.5"],
    "17": ["Was the split worth it?", "Four ways in", "17.4"],
    "18": ["Words drawn apart", "18.4"],
    "19": ["Somebody else's message", "One thing at a time"],
    "20": ["The other form: additive attention", "20.3", "The same network reads dates"],
    "21": ["How few frames will do?", "21.5"],
    "22": ["Three ways to one Jacobian"],
    "23": ["Which road does the echo take?", "23.3"],
    "24": ["Another library, the same map?", "A cloud instead of a point"],
    "25": ["Early evidence"],
    "26": ["26.5"],
    "27": ["What audit does not find", "27.4"],
    "28": ["When there is no formula", "28.3"],
    "29": ["One number for all of it", "29.5"],
}


def sections(notebook: nbformat.NotebookNode) -> list[tuple[str, list]]:
    """(heading, cells) in order; what stands before the first heading is the opening."""
    found = [("Opening", [])]
    for cell in notebook.cells:
        heading = re.search(r"^## (.+)", cell.source, re.M) if cell.cell_type == "markdown" else None
        if heading:
            found.append((heading[1].strip(), []))
        found[-1][1].append(cell)
    return found


def plan(entry: maps.Entry) -> list[str]:
    notebook = nbformat.read(ROOT / "lessons" / f"{entry.stem}.ipynb", as_version=4)
    known, total, rows, wrong = catalogue(), 0, [], []
    for heading, cells in sections(notebook):
        needed = minutes(nbformat.v4.new_notebook(cells=cells))[0]
        asked = [found for cell in cells if cell.cell_type == "markdown" for found in EXERCISE.findall(cell.source)]
        total += needed
        told = "; ".join(f"{id} {title} ({time} min, {_points(marks)})" for id, title, time, marks in asked)
        rows.append(f"| {heading} | {needed} | {told} |")
        wrong += [f"- {id}: {_told(one.says)}" for id, *_ in asked for one in known[id].mistakes[:MISTAKES]]
    skip = ", ".join(SKIP.get(entry.number, [])) or "nothing"
    title = f"## {entry.number} · [{entry.name}]({entry.stem}.ipynb)"
    head = [title, "", f"*{entry.question}* About {total} minutes in all. If time is short, leave out: {skip}.", ""]
    return [*head, "| section | minutes | exercises |", "|---|---|---|", *rows, "", "Expect to hear:", "", *wrong, ""]


def _points(marks: str) -> str:
    worth = marks.count("●")
    return f"{worth} point{'s' * (worth > 1)}"


def _told(says: str) -> str:
    """A diagnosis as one line of a list."""
    return " ".join(says.split()).replace("|", "\\|").replace("*", "\\*")


def page() -> str:
    there = [entry for entry in maps.read(ROOT) if (ROOT / "lessons" / f"{entry.stem}.ipynb").exists()]
    intro = "Minutes for each section, exercises with their points in `lstmkit classroom`, and for each exercise the first mistakes"
    lines = [
        "# Lesson plans",
        "",
        f"{intro} that its check",
        "knows by name. Made by `python -m tests.lesson_plans`; the guide is [README.md](README.md).",
        "",
    ]
    return "\n".join(lines + [line for entry in there for line in plan(entry)])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
