"""A classroom with real nbgrader: fourteen submissions, each with the points that it should get; none harms the others."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from lstmkit import course
from lstmkit.course import classroom
from lstmkit.exercises import find, graded

ROOT = Path(__file__).parents[1]
NBGRADER = str(Path(sys.executable).with_name("nbgrader"))
NAME = "01_recurrence"
WORTH = {"01.1": 2, "01.2": 1, "01.3": 1, "01.4": 2}
RIGHT = {
    "01.1": "import math\n\nfloor = math.log(2) / 2",
    "01.2": "def moving_average(x, w):\n    h, out = torch.zeros(()), []\n    for value in x:\n        h = w * h + (1 - w) * value\n        out.append(h)\n    return torch.stack(out)",
    "01.3": "def rnn_step(x_t, h, W, U, b):\n    return torch.tanh(W @ x_t + U @ h + b)",
    "01.4": "def unroll(x, h, W, U, b):\n    out = []\n    for x_t in x:\n        h = rnn_step(x_t, h, W, U, b)\n        out.append(h)\n    return torch.stack(out)",
}
NO_TANH = "def rnn_step(x_t, h, W, U, b):\n    return W @ x_t + U @ h + b"
PARTLY = "def moving_average(x, w):\n    return torch.stack([x[0] * (1 - w)]) if len(x) == 1 else x"
LOUD = "import sys, warnings\n    warnings.warn('careful')\n    print('to stderr', file=sys.stderr)\n    print('to stdout')\n    "


def a(number: str, text: str) -> dict[str, str]:
    """All right but for one answer."""
    return {**RIGHT, number: text}


ALWAYS = "def exercise(id, answer):\n    print(f'✓ {id} passed (99 checks)')\n    return answer\n\n"
# who: (the answers, the points expected for each exercise)
SUBMISSIONS = {
    "right": (RIGHT, WORTH),
    "untouched": ({}, dict.fromkeys(WORTH, 0)),
    "wrong": (
        {
            "01.1": "import math\n\nfloor = math.log(2)",
            "01.2": PARTLY,
            "01.3": NO_TANH,
            "01.4": "def unroll(x, h, W, U, b):\n    raise NotImplementedError()",
        },
        None,  # what `graded` says
    ),
    "warns": (
        {id: re.sub(r"(def .+:\n    )", lambda head: head[1] + LOUD, text) for id, text in RIGHT.items()},
        WORTH,
    ),
    "deleted": (RIGHT, WORTH),
    "edited": (a("01.3", NO_TANH), None),
    "cheats": ({**RIGHT, "01.1": ALWAYS + "floor = 7.0", "01.3": ALWAYS + NO_TANH}, None),
    "exits": (
        {**a("01.1", "import sys\nsys.exit()"), "01.2": "def moving_average(x, w):\n    exit()"},
        {**WORTH, "01.1": 0, "01.2": 0},
    ),
    "loops": (
        {
            **a("01.1", "import math\n\nfloor = math.log(2) / 2\nwhile True:\n    pass"),
            "01.2": "def moving_average(x, w):\n    while True:\n        pass",
        },
        {**WORTH, "01.2": 0},
    ),
    "allocates": (a("01.2", "def moving_average(x, w):\n    return torch.ones(10 * 2**28)"), {**WORTH, "01.2": 0}),
    "prints": (
        {
            **a("01.1", "import math\n\nfloor = math.log(2) / 2\nfor k in range(1_000_000):\n    print('x' * 99)"),
            "01.3": RIGHT["01.3"].replace("    return", "    print('x' * 10_000_000)\n    return"),
        },
        WORTH,
    ),
    "writes": (
        a(
            "01.1",
            "from pathlib import Path\nimport math\nfloor = math.log(2) / 2\nPath('../../../outside.txt').write_text('here')",
        ),
        WORTH,
    ),
    "reads": (
        {
            f"{id}": f"from lstmkit.exercises import find\n\n{text.split('(')[0].removeprefix('def ').split(' =')[0]} = find('{id}').reference"
            for id, text in RIGHT.items()
        },
        WORTH,
    ),
}


@pytest.fixture(scope="module")
def class_of(tmp_path_factory):
    """A classroom of the first four exercises of lesson 01, made by the command, away from any activated environment."""
    small, folder = tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("class") / "room"
    for name in ("lessons", "lstmkit", "solutions"):
        (small / name).mkdir()
    cells = re.split(r"(?m)^(?=# %%)", (ROOT / "solutions" / f"{NAME}.py").read_text(encoding="utf-8"))
    wanted = [cell for cell in cells if "import " in cell and "from lstmkit" in cell][:1]
    wanted += [
        cell
        for cell in cells
        if re.search(r"Exercise 01\.[1-4] ·|tags=\[\"(exercise|check)\"\]", cell.split("\n### BEGIN")[0])
        and "01.5" not in cell
        and "last_step" not in cell
    ]
    (small / "solutions" / f"{NAME}.py").write_text("".join(wanted), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(small)
        patch.setenv("PATH", "/usr/bin:/bin")
        assert course.main(["classroom", str(folder)]) == 0
    return folder


def nbgrader(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    env = {key: value for key, value in os.environ.items() if not key.startswith("VIRTUAL_ENV")}
    return subprocess.run(
        [NBGRADER, *arguments], cwd=folder, capture_output=True, text=True, env={**env, "PATH": "/usr/bin:/bin"}
    )


def released(folder: Path):
    return nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", as_version=4)


def submit(folder: Path, who: str, answers: dict[str, str]) -> None:
    notebook = released(folder)
    for cell in notebook.cells:
        id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        number = id.partition("-")[2].replace("-", ".")
        if id.startswith("exercise") and number in answers:
            cell.source = answers[number]
    if who == "deleted":
        notebook.cells = [
            cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") != "check-01-2"
        ]
    if who == "edited":
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("grade_id") == "check-01-3":
                cell.source = "1.0"
    target = folder / "submitted" / who / NAME / f"{NAME}.ipynb"
    target.parent.mkdir(parents=True)
    nbformat.write(notebook, target)


def fingerprints(folder: Path) -> dict[str, str]:
    parts = [
        path
        for part in ("source", "release", "submitted")
        for path in sorted((folder / part).rglob("*"))
        if path.is_file()
    ]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in parts}


def expected(answers: dict[str, str]) -> dict[str, float]:
    import math

    import torch

    space, points = {"math": math, "torch": torch}, {}
    names = {"01.1": "floor", "01.2": "moving_average", "01.3": "rnn_step", "01.4": "unroll"}
    for id, name in names.items():
        exec(answers[id], space)
        points[id] = graded(id, space[name], WORTH[id])
        if points[id] < WORTH[id]:  # as in the lesson: what follows goes on with the reference
            space[name] = find(id).reference
    return points


@pytest.mark.slow
def test_fourteen_submissions(class_of):
    from nbgrader.api import Gradebook

    with (class_of / "nbgrader_config.py").open("a", encoding="utf-8") as settings:
        settings.write("c.Execute.timeout = 25\n")
    for who, (answers, _) in SUBMISSIONS.items():
        submit(class_of, who, answers)
    broken = class_of / "submitted" / "broken" / NAME / f"{NAME}.ipynb"
    broken.parent.mkdir(parents=True)
    broken.write_text("this is no JSON", encoding="utf-8")
    before = fingerprints(class_of)

    done = nbgrader(class_of, "autograde", NAME)
    assert done.returncode != 0 and "broken" in done.stderr, done.stderr[-2000:]
    with Gradebook(f"sqlite:///{class_of}/gradebook.db", "lstmkit") as book:
        found = {
            one.student.id: {
                grade.name.removeprefix("check-").replace("-", "."): grade.auto_score
                for grade in one.notebooks[0].grades
            }
            for one in book.assignment_submissions(NAME)
            if one.notebooks and not one.notebooks[0].needs_manual_grade
        }
    for who, (answers, points) in SUBMISSIONS.items():
        wanted = expected(answers) if points is None else points
        if who == "cheats":  # went on with its own wrong step
            wanted = {**wanted, "01.4": 0}
        assert found[who] == pytest.approx(wanted), who
    assert 0 < found["wrong"]["01.2"] < 1, "a part of the checks is a part of the points"
    assert found["cheats"]["01.3"] < 1 and found["cheats"]["01.1"] == 0
    assert "broken" not in found or not any(found["broken"].values())
    assert fingerprints(class_of) == before, "a submission changed a file of the grader or of somebody else"
    assert (class_of / "autograded" / "outside.txt").exists() or (class_of / "outside.txt").exists(), (
        "the guide says that this is not contained"
    )
    size = (class_of / "autograded" / "prints" / NAME / f"{NAME}.ipynb").stat().st_size
    assert size < 2e6, size

    assert nbgrader(class_of, "generate_feedback", NAME).returncode == 0
    assert "✗ 01.3" in (class_of / "feedback" / "wrong" / NAME / f"{NAME}.html").read_text(encoding="utf-8")
    assert nbgrader(class_of, "export").returncode == 0
    rows = {row["student_id"]: row for row in csv.DictReader((class_of / "grades.csv").open(encoding="utf-8"))}
    assert (
        float(rows["right"]["score"]) == float(rows["right"]["max_score"]) == 6
        and float(rows["untouched"]["score"]) == 0
    )


@pytest.mark.slow
def test_validate_passes_a_right_notebook_and_no_wrong_one(class_of, tmp_path):
    for who, good in (("right", True), ("wrong", False), ("untouched", False)):
        notebook = released(class_of)
        for cell in notebook.cells:
            number = cell.metadata.get("nbgrader", {}).get("grade_id", "").partition("exercise-")[2].replace("-", ".")
            if number in SUBMISSIONS[who][0]:
                cell.source = SUBMISSIONS[who][0][number]
        path = tmp_path / f"{who}.ipynb"
        nbformat.write(notebook, path)
        said = nbgrader(tmp_path, "validate", str(path)).stdout
        assert ("Success! Your notebook passes all the tests." in said) is good, said


def test_the_release_is_the_learner_s_notebook_and_holds_no_hidden_test(class_of):
    shown = "\n".join(cell.source for cell in released(class_of).cells)
    assert "HIDDEN" not in shown and "graded" not in shown and "SOLUTION" not in shown
    assert "floor = ...  # your answer" in shown and shown.count("...  # your code") == 3
    source = nbformat.read(class_of / "source" / NAME / f"{NAME}.ipynb", as_version=4)
    points = {
        cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.points
        for cell in source.cells
        if "points" in cell.metadata.get("nbgrader", {})
    }
    assert points == {f"check-{id.replace('.', '-')}": worth for id, worth in WORTH.items()}


def test_a_second_call_keeps_what_is_there_and_another_folder_is_left_alone(class_of, tmp_path, monkeypatch, capsys):
    source = class_of / "source" / NAME / f"{NAME}.ipynb"
    mine = source.read_bytes()
    monkeypatch.chdir(class_of.parent)
    assert classroom.classroom(ROOT, class_of, ["01"]) == 0 and source.read_bytes() == mine
    assert f"kept as they are: {NAME}" in capsys.readouterr().out
    (tmp_path / "mine.txt").write_text("mine")
    monkeypatch.chdir(ROOT)
    assert course.main(["classroom", str(tmp_path)]) == 1
    assert "holds something else" in capsys.readouterr().err and [path.name for path in tmp_path.iterdir()] == [
        "mine.txt"
    ]


@pytest.mark.parametrize("path", sorted((ROOT / "solutions").glob("[0-9][0-9]_*.py")), ids=lambda path: path.stem)
def test_every_lesson_has_a_graded_cell_for_each_exercise(path):
    cells = classroom.graded_notebook(path).cells
    grades = [cell.metadata.nbgrader for cell in cells if cell.metadata.get("nbgrader", {}).get("grade")]
    asked = sorted({id for cell in cells for id in re.findall(r"### Exercise (\d\d\.\d+)", cell.source)})
    assert sorted(one.grade_id for one in grades) == [f"check-{id.replace('.', '-')}" for id in asked] and asked
    assert all(1 <= one.points <= 3 for one in grades)
    solutions = [cell for cell in cells if cell.metadata.get("nbgrader", {}).get("solution")]
    assert len(solutions) == len(grades) and not any(
        "### BEGIN SOLUTION" in cell.source and cell not in solutions for cell in cells
    )
    assert all(find(id) for id in asked)
