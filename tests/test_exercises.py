"""Every exercise there is: the reference passes, the stub is ○, every mistake gets its own diagnosis, bad answers are named."""

from __future__ import annotations

import logging
import re
import sys
import warnings
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import FunctionType

import nbformat
import numpy as np
import pytest
import torch
from list_exercises import PAGE, table
from torch import Tensor

from lstmkit.course.build import make, sources
from lstmkit.exercises import catalogue
from lstmkit.exercises.check import verdict
from lstmkit.exercises.forms import allowed_at

ROOT = Path(__file__).parents[1]
EXERCISES = catalogue()
FUNCTIONS = [id for id, one in EXERCISES.items() if isinstance(one.reference, FunctionType) and one.run is None]
MISTAKES = [(id, number) for id, one in EXERCISES.items() for number in range(len(one.mistakes))]
ALTERNATIVES = [(id, number) for id, one in EXERCISES.items() for number in range(len(one.alternatives))]
CHECK = re.compile(r"""(\w+)\s*=\s*exercise\(\s*["'](\d\d\.\d+)["']\s*,\s*(\w+)\s*\)""")


@lru_cache
def lesson_cells(path: Path) -> list[nbformat.NotebookNode]:
    return make(path)["lessons"].cells


def stub_of(id: str):
    """What the learner's untouched cell defines for an exercise: (source of the stub, the answer)."""
    path = next(path for path in sources(ROOT) if path.stem.startswith(id.split(".")[0]))
    cells = [cell for cell in lesson_cells(path) if cell.cell_type == "code"]
    for number, cell in enumerate(cells):
        for target, found, name in CHECK.findall(cell.source):
            if found == id:
                assert target == name, f"{id}: the check must hand the answer back under its own name"
                stub = cells[number - 1].source
                space = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional, "Tensor": Tensor}
                exec(compile(stub, f"<stub {id}>", "exec"), space)
                return stub, space[name]
    raise AssertionError(f"no lesson checks exercise {id}")


def test_there_are_exercises():
    assert len(EXERCISES) >= 5


@pytest.mark.parametrize("id", EXERCISES)
def test_reference_passes(id):
    one = EXERCISES[id]
    passed, line, share = verdict(one, one.reference)
    assert passed and line.startswith(f"✓ {id} passed") and share == 1.0, line


@pytest.mark.parametrize("id", EXERCISES)
def test_untouched_stub_is_not_attempted(id):
    stub, answer = stub_of(id)
    assert "# your code" in stub or "..." in stub
    passed, line, _ = verdict(EXERCISES[id], answer)
    assert not passed and line == f"○ {id} not attempted yet: the lesson goes on with the reference", line


@pytest.mark.parametrize(("id", "number"), MISTAKES)
def test_every_mistake_is_rejected_with_its_own_diagnosis(id, number):
    one = EXERCISES[id]
    known = one.mistakes[number]
    passed, line, _ = verdict(one, known.as_answer(one.reference))
    assert not passed, f"{id}: the mistake “{known.says}” passes"
    assert known.says in line, f"{id}: instead of “{known.says}” it says “{line}”"


@pytest.mark.parametrize("id", EXERCISES)
def test_at_least_five_mistakes_each_in_words_of_its_own(id):
    says = [known.says for known in EXERCISES[id].mistakes]
    assert len(says) >= 5 and len(set(says)) == len(says)
    assert all(len(text) >= 15 for text in says)


@pytest.mark.parametrize("id", EXERCISES)
def test_an_answer_that_is_a_word_has_its_words_to_choose_from(id):
    one = EXERCISES[id]
    parts = one.reference.items() if isinstance(one.reference, dict) else [(None, one.reference)]
    free = [key for key, right in parts if isinstance(right, str) and not allowed_at(one.allowed, key)]
    assert not free or one.accepts, f"{id}: give define(allowed=(…)), so that another word is told which there are"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "lstmkit" / "exercises").glob("lesson_*.py")), ids=lambda path: path.stem
)
def test_no_exercise_is_defined_twice_in_a_file(path):
    ids = re.findall(r"""^define\(\s*["'](\d\d\.\d+)["']""", path.read_text(encoding="utf-8"), re.M)
    assert len(ids) == len(set(ids)) and set(ids) == {id for id in EXERCISES if id[:2] == path.stem[-2:]}


@pytest.mark.parametrize(("id", "number"), ALTERNATIVES)
def test_alternatives_pass(id, number):
    one = EXERCISES[id]
    passed, line, _ = verdict(one, one.alternatives[number])
    assert passed, line


def bent(reference, bend):
    """The reference with its result bent; keeps the parameters' names, which messages use."""

    def answer(*args, **kwargs):
        return bend(reference(*args, **kwargs), args, kwargs)

    return answer


def first_tensor(result):
    if isinstance(result, Tensor):
        return result
    if isinstance(result, tuple | list):
        return next((found for part in result if (found := first_tensor(part)) is not None), None)
    return None


def with_first(result, change):
    """The result with its first tensor changed."""
    if isinstance(result, Tensor):
        return change(result)
    parts, done = [], False
    for part in result:
        if not done and first_tensor(part) is not None:
            part, done = with_first(part, change), True
        parts.append(part)
    return tuple(parts)


@pytest.mark.parametrize("id", FUNCTIONS)
def test_an_answer_that_raises_is_told_its_own_line(id):
    one = EXERCISES[id]

    def answer(*args, **kwargs):
        raise KeyError("no such luck")

    passed, line, _ = verdict(one, answer)
    assert not passed and "KeyError: 'no such luck'" in line and 'raise KeyError("no such luck")' in line, line


@pytest.mark.parametrize("id", FUNCTIONS)
def test_an_answer_that_returns_none(id):
    def answer(*args, **kwargs):
        args = args[::-1]

    passed, line, _ = verdict(EXERCISES[id], answer)
    assert not passed and "returns nothing (None): is the `return` missing?" in line, line


@pytest.mark.parametrize("id", FUNCTIONS)
def test_an_answer_that_never_ends(id):
    one = EXERCISES[id]
    assert verdict(one, one.reference)[0]
    hasty = replace(one, time_limit=0.05)
    hasty.memo.update(one.memo)  # for the answer alone, not for the reference

    def answer(*args, **kwargs):
        while True:
            pass

    passed, line, _ = verdict(hasty, answer)
    assert not passed and "stopped after 0.05 s" in line, line


@pytest.mark.parametrize("id", FUNCTIONS)
def test_a_wrong_shape_is_named(id):
    one = EXERCISES[id]
    if first_tensor(one.reference(*one.cases()[0].args, **one.cases()[0].kwargs)) is None:
        pytest.skip("its answer holds no tensor")
    wrong = bent(
        one.reference, lambda result, *_: with_first(result, lambda tensor: torch.stack([tensor, tensor])[None])
    )
    passed, line, _ = verdict(one, wrong)
    assert not passed and "shape" in line, line


@pytest.mark.parametrize("id", FUNCTIONS)
def test_a_wrong_dtype_is_named(id):
    one = EXERCISES[id]
    result = first_tensor(one.reference(*one.cases()[0].args, **one.cases()[0].kwargs))
    if result is None or result.dim() == 0:
        pytest.skip("its answer holds no tensor with axes: a number may have any type")
    other = torch.float64 if result.dtype != torch.float64 else torch.float32
    wrong = bent(one.reference, lambda result, *_: with_first(result, lambda tensor: tensor.to(other)))
    passed, line, _ = verdict(one, wrong)
    assert not passed and "dtype" in line and str(other).removeprefix("torch.") in line, line


@pytest.mark.parametrize("id", FUNCTIONS)
def test_an_edited_input_is_named(id):
    one = EXERCISES[id]
    if not any(isinstance(argument, Tensor) for argument in one.cases()[0].args):
        pytest.skip("it takes no tensor")

    def edit(result, args, kwargs):
        next(argument for argument in args if isinstance(argument, Tensor)).data.add_(1)
        return result

    passed, line, _ = verdict(one, bent(one.reference, edit))
    assert not passed and "in place" in line, line


NOVICES = {  # what comes as an answer, or out of a function: the check never raises, and says it in a few plain lines
    "None": None,
    "nothing": (),
    "a list": [],
    "one number": 3,
    "a float": -1234.5,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "True": True,
    "text": "the answer",
    "a fraction": "7/0",
    "a tuple": (1, "b", None),
    "a set": {1, 2},
    "a dict": {"a": 1},
    "a class": dict,
    "a function": len,
    "an iterator": iter([1, 2]),
    "float64": torch.zeros(3, 4, dtype=torch.float64),
    "whole": torch.zeros(3, 4, dtype=torch.long),
    "complex": torch.zeros(3, dtype=torch.complex64),
    "no axis": torch.tensor(2.5),
    "other device": torch.zeros(3, 4, device="meta"),
    "other device, no axis": torch.zeros((), device="meta"),
    "sparse": torch.eye(3).to_sparse(),
    "empty": torch.zeros(0, 3),
    "watched": torch.zeros(3, 4, requires_grad=True),
    "an array": np.zeros((3, 4)),
    "objects": np.array([None, "a"]),
    "a module": torch.nn.Linear(2, 3),
    "an exception": ValueError("a"),
    "a type of number": torch.float32,
    "bytes": b"abc",
    "an ellipsis inside": [..., 1],
}


def plain_lines(id, line):
    assert line.startswith((f"✗ {id} ", f"○ {id} ")) and "Traceback" not in line and "Please report" not in line
    lines = line.splitlines()
    parts = EXERCISES[id].reference
    assert len(lines) <= (1 + len(parts) if isinstance(parts, dict) else 4), line
    assert all(len(one) <= 700 for one in lines), line
    return line


@pytest.mark.parametrize("id", EXERCISES)
def test_whatever_a_novice_writes_gets_a_plain_answer(id):
    one = EXERCISES[id]
    for name, value in NOVICES.items():
        if one.takes_function:
            answers = [value, lambda *args, value=value, **kwargs: value]
        elif isinstance(one.reference, dict):
            answers = [value, dict.fromkeys(one.reference, value), {str(key)[:-1] + "z": 0 for key in one.reference}]
        else:
            answers = [value]
        for answer in answers:
            passed, line, _ = verdict(one, answer)
            if not passed:
                plain_lines(id, line)
            else:
                assert not one.takes_function or one.accepts or one.run, f"{id} accepts {name}"


@pytest.mark.parametrize("id", FUNCTIONS)
def test_an_answer_that_takes_other_arguments(id):
    many = len(EXERCISES[id].cases()[0].args) + 1
    space = {}
    exec(f"def answer({', '.join(f'a{n}' for n in range(many))}):\n    return a0", space)
    line = plain_lines(id, verdict(EXERCISES[id], space["answer"])[1])
    assert "leave its first line as it was" in line, line


@pytest.mark.parametrize("id", FUNCTIONS)
def test_what_an_answer_says_is_heard_by_nobody_and_changes_nothing(id, capfd):
    one = EXERCISES[id]

    def talks(result, *_):
        warnings.warn("careful", UserWarning, stacklevel=1)
        print("here I am")
        print("here, too", file=sys.stderr)
        logging.getLogger("lesson").warning("and here")
        return result

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert verdict(one, bent(one.reference, talks))[0]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("path", sources(ROOT), ids=lambda path: path.stem)
def test_every_exercise_of_a_lesson_is_defined_and_told_in_full(path):
    cells = lesson_cells(path)
    checked = [found for cell in cells for _, found, _ in CHECK.findall(cell.source) if cell.cell_type == "code"]
    defined = [id for id in EXERCISES if id.startswith(path.stem[:2])]
    assert sorted(checked) == defined, "the lesson checks other exercises than lesson_NN.py defines"
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    for id in checked:
        heading = re.search(rf"### Exercise {re.escape(id)} · .+ \(\d+(?:–\d+)? min, [●○]{{3}}\)", prose)
        assert heading, f"{id}: no heading `### Exercise {id} · title (minutes min, ●○○)`"
    for word in ("<summary>Hint</summary>", "<summary>Fuller hint</summary>", "*Goal:*", "*Done when*"):
        assert prose.count(word) >= len(checked), f"{path.stem}: {word} is missing in some exercise"


def test_the_table_of_exercises_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == table(), "run: python -m tests.list_exercises"


def stored_verdicts() -> dict[str, list[str]]:
    """The lines that an executed solution shows for its exercises, by lesson file."""
    found = {}
    for path in sorted((ROOT / "solutions").glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        text = "".join(out.get("text", "") for cell in cells for out in cell.get("outputs", []))
        found[path.stem] = re.findall(r"^[✓✗○] \d\d\.\d+ .*$", text, re.M)
    return found


STORED = stored_verdicts()


@pytest.mark.parametrize("stem", STORED)
def test_the_stored_verdicts_of_a_solution_are_today_s(stem):
    """A case more or less in lesson_NN.py changes what the check prints, and no source of a notebook: nothing else would see it."""
    today = [verdict(EXERCISES[id], EXERCISES[id].reference)[1] for id in EXERCISES if id[:2] == stem[:2]]
    assert sorted(STORED[stem]) == sorted(today), f"run: lstmkit build {stem[:2]}"
