"""Every exercise there is: the reference passes, the stub is ○, every mistake gets its own diagnosis, bad answers are named."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import FunctionType

import nbformat
import pytest
import torch
from torch import Tensor

from lstmkit.course.build import make, sources
from lstmkit.exercises import catalogue
from lstmkit.exercises.check import verdict

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
def test_at_least_three_mistakes_each_in_words_of_its_own(id):
    says = [known.says for known in EXERCISES[id].mistakes]
    assert len(says) >= 3 and len(set(says)) == len(says)
    assert all(len(text) >= 15 for text in says)


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
    assert not passed and "returned None: is a `return` missing?" in line, line


@pytest.mark.parametrize("id", FUNCTIONS)
def test_an_answer_that_never_ends(id):
    def answer(*args, **kwargs):
        while True:
            pass

    passed, line, _ = verdict(replace(EXERCISES[id], time_limit=0.2), answer)
    assert not passed and "stopped after 0.2 s" in line, line


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
