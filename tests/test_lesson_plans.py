"""The teacher's lesson plans are what the lessons are today, and what they leave out is there to be left out."""

from __future__ import annotations

import nbformat
import pytest

from lstmkit.course import maps
from lstmkit.exercises import catalogue
from tests.contract import minutes
from tests.lesson_plans import PAGE, ROOT, SKIP, page, sections

LESSONS = {entry.number: entry for entry in maps.read(ROOT) if (ROOT / "lessons" / f"{entry.stem}.ipynb").exists()}


def test_the_plans_are_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.lesson_plans"


@pytest.mark.parametrize("number", LESSONS)
def test_what_may_be_left_out_is_there_and_sections_make_up_the_lesson(number):
    notebook = nbformat.read(ROOT / "lessons" / f"{LESSONS[number].stem}.ipynb", as_version=4)
    parts = sections(notebook)
    there = {heading for heading, _ in parts} | {id for id in catalogue() if id.startswith(number)}
    assert set(SKIP.get(number, [])) <= there, f"{number}: {set(SKIP.get(number, [])) - there}"
    whole = minutes(notebook)[0]
    assert (
        abs(sum(minutes(nbformat.v4.new_notebook(cells=cells))[0] for _, cells in parts) - whole) <= len(parts) / 2 + 1
    )
