"""`python -m tests.list_exercises` writes tests/exercises.md: every exercise, its title, its mistakes and alternatives."""

from __future__ import annotations

from pathlib import Path

from lstmkit.course.build import EXERCISE, sources
from lstmkit.exercises import catalogue

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "tests" / "exercises.md"


def table() -> str:
    """The page, as it should be."""
    told = {}
    for path in sources(ROOT):
        for id, title, minutes, difficulty in EXERCISE.findall(path.read_text(encoding="utf-8").replace("\n# ", "\n")):
            told[id] = f"{title} | {minutes} min | {difficulty}"
    exercises = catalogue()
    rows = [
        f"| {id} | {told.get(id, '– | – | –')} | {'code' if one.takes_function else 'answer'} "
        f"| {len(one.mistakes)} | {len(one.alternatives)} |"
        for id, one in exercises.items()
    ]
    mistakes = sum(len(one.mistakes) for one in exercises.values())
    others = sum(len(one.alternatives) for one in exercises.values())
    return "\n".join(
        [
            "# The exercises",
            "",
            f"{len(exercises)} exercises in {len({id[:2] for id in exercises})} lessons know {mistakes} mistakes by name and accept "
            f"{others} right answers in another style.",
            "Each mistake is handed in by the tests as an answer, which has to be told its own sentence.",
            "Made by `python -m tests.list_exercises`.",
            "",
            "| exercise | title | time | difficulty | kind | mistakes | alternatives |",
            "|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(table(), encoding="utf-8")
    print(PAGE)
