"""The command line: build, lab, progress, doctor. Nothing of the learner's is lost; a failing cell leaves the old notebook."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from lstmkit import course
from lstmkit.course import build, work

LESSON = """# %% [markdown]
# # 01 · Small
# %%
from lstmkit import claim
# %% tags=["exercise"]
answer = ...  # your answer
### BEGIN SOLUTION
answer = {answer}
### END SOLUTION
# %% tags=["check"]
answer = 0.5 if answer is ... else answer
print("○ 01.1 not attempted yet" if answer == 0.5 else "✓ 01.1 passed") # exercise("01.1", answer)
# %%
claim("the answer is small", answer, at_most=1.0)
{last}
"""


@pytest.fixture
def small_course(tmp_path) -> Path:
    for folder in ("lessons", "solutions", "lstmkit"):
        (tmp_path / folder).mkdir()
    write(tmp_path)
    return tmp_path


def write(root: Path, answer: str = "0.25", last: str = "") -> None:
    (root / "solutions" / "01_small.py").write_text(LESSON.format(answer=answer, last=last), encoding="utf-8")


def outputs(path: Path) -> str:
    book = nbformat.read(path, as_version=4)
    return "\n".join(out.get("text", "") for cell in book.cells if cell.cell_type == "code" for out in cell.outputs)


def test_a_function_keeps_its_contract_and_gets_a_stub(small_course):
    body = 'def f(x):\n    """Contract."""\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION'
    write(small_course, last=f'# %% tags=["exercise"]\n{body}')
    lesson = build.make(small_course / "solutions" / "01_small.py")["lessons"]
    assert lesson.cells[-1].source == f'def f(x):\n    """Contract."""\n    {build.STUB}'


@pytest.mark.slow
def test_build_makes_both_notebooks_and_a_failing_cell_leaves_the_old_ones(small_course, capsys):
    lesson, solution = small_course / "lessons" / "01_small.ipynb", small_course / "solutions" / "01_small.ipynb"
    assert build.build(small_course, []) == 0
    assert "✓ lessons/01_small.ipynb" in capsys.readouterr().out
    assert nbformat.read(lesson, as_version=4).cells[2].source == "answer = ...  # your answer"
    assert "answer = 0.25" in nbformat.read(solution, as_version=4).cells[2].source
    assert "○ 01.1" in outputs(lesson) and "✓ 01.1" in outputs(solution)
    assert build.stale(small_course) == []
    before = lesson.read_bytes(), solution.read_bytes()

    write(small_course, last="1 / 0")
    assert build.build(small_course, ["1"]) == 1
    said = capsys.readouterr().out
    assert "lessons/01_small.ipynb: cell 5" in said and "ZeroDivisionError: division by zero" in said
    assert (lesson.read_bytes(), solution.read_bytes()) == before
    assert not list(small_course.glob("*/*.partial"))
    assert build.check(small_course, []) == 1
    assert "run: lstmkit build 01" in capsys.readouterr().out


@pytest.mark.slow
def test_build_and_claims_report_a_false_claim(small_course, capsys):
    write(small_course, answer="2.0")
    assert build.build(small_course, []) == 1
    assert "✗ the answer is small (measured 2, claimed at most 1)" in capsys.readouterr().out
    assert build.claims(small_course, ["01"], seeds=2) == 1
    assert "✗ 2" in capsys.readouterr().out
    write(small_course)
    assert build.claims(small_course, ["01"], seeds=2) == 0
    assert re.search(r"✓ 0.25 +✓ 0.25 +the answer is small", capsys.readouterr().out)


def test_unknown_lesson_is_one_clear_line(monkeypatch, small_course, capsys):
    monkeypatch.chdir(small_course)
    assert course.main(["build", "44"]) == 1
    assert capsys.readouterr().err == "lstmkit build: there is no lesson 44; solutions/ has 01\n"
    assert course.main(["claims", "--seeds", "0"]) == 1
    (small_course / "solutions" / "02_bad.py").write_text("# %%\n### BEGIN SOLUTION\nx = 1\n", encoding="utf-8")
    assert course.main(["build", "2"]) == 1
    assert "02_bad.py" in capsys.readouterr().err


def test_cell_ids_are_stable_and_unique(small_course):
    source = small_course / "solutions" / "01_small.py"
    ids = [[cell["id"] for cell in build.make(source)["lessons"].cells] for _ in range(2)]
    assert ids[0] == ids[1] and len(set(ids[0])) == len(ids[0])
    source.write_text(
        source.read_text(encoding="utf-8").replace("# %%\nclaim", "# %%\n3\n# %%\nclaim"), encoding="utf-8"
    )
    more = [cell["id"] for cell in build.make(source)["lessons"].cells]
    assert set(ids[0]) < set(more)


# --------------------------------------------------------------------------------------------- lab and progress


@pytest.fixture
def handed_out(small_course, monkeypatch) -> Path:
    """A course whose notebooks are there (not executed: lab copies them without outputs anyway)."""
    for folder, book in build.make(small_course / "solutions" / "01_small.py").items():
        for number in ("01", "02"):
            nbformat.write(book, small_course / folder / f"{number}_small.ipynb")
    monkeypatch.chdir(small_course)
    return small_course


def answer_with(path: Path, mark: str) -> bytes:
    book = nbformat.read(path, as_version=4)
    cell = next(cell for cell in book.cells if "exercise(" in cell.source)
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"{mark} 01.1 whatever\n")]
    nbformat.write(book, path)
    return path.read_bytes()


def test_lab_copies_once_and_never_overwrites(handed_out, capsys):
    assert course.main(["lab", "--no-open"]) == 0
    first = handed_out / "work" / "01_small.ipynb"
    assert "opening 01_small.ipynb" in capsys.readouterr().out
    assert all(cell.get("execution_count") is None for cell in nbformat.read(first, as_version=4).cells)
    mine = answer_with(first, "✓")
    assert course.main(["lab", "--no-open"]) == 0
    assert first.read_bytes() == mine
    assert "opening 02_small.ipynb" in capsys.readouterr().out  # the first unfinished one


def test_a_newer_lesson_is_announced_and_fresh_keeps_a_backup(handed_out, capsys):
    course.main(["lab", "--no-open"])
    path = handed_out / "work" / "01_small.ipynb"
    mine = answer_with(path, "✗")
    book = nbformat.read(handed_out / "lessons" / "01_small.ipynb", as_version=4)
    book.cells[0].source += " but better"
    nbformat.write(book, handed_out / "lessons" / "01_small.ipynb")
    capsys.readouterr()
    course.main(["lab", "--no-open"])
    assert path.read_bytes() == mine and "newer version" in capsys.readouterr().out
    course.main(["lab", "--no-open", "--fresh", "1"])
    course.main(["lab", "--no-open", "--fresh", "01"])
    backups = sorted((handed_out / "work" / "backup").iterdir())
    assert len(backups) == 2 and mine in [backup.read_bytes() for backup in backups]
    assert "but better" in nbformat.read(path, as_version=4).cells[0].source
    assert course.main(["lab", "--no-open", "--fresh", "9"]) == 1
    assert "there is no such lesson" in capsys.readouterr().err


def test_progress(handed_out, capsys):
    assert course.main(["progress"]) == 0
    assert "nothing started yet" in capsys.readouterr().out
    course.main(["lab", "--no-open"])
    answer_with(handed_out / "work" / "01_small.ipynb", "✗")
    (handed_out / "work" / "02_small.ipynb").write_text("{ half written", encoding="utf-8")
    capsys.readouterr()
    course.main(["progress"])
    out = capsys.readouterr().out
    assert re.search(r"01_small +1 ✗", out) and "cannot be read" in out and "next: exercise 01.1" in out
    answer_with(handed_out / "work" / "01_small.ipynb", "✓")
    assert work.verdicts(handed_out / "work" / "01_small.ipynb") == {"01.1": "✓"}


def test_outside_a_course_the_package_s_own_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (course.root() / "solutions").is_dir()


@pytest.mark.slow
def test_doctor_is_content_with_this_machine(capsys):
    assert course.main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "✗" not in out and "the kernel python3 runs" in out and "this machine is ready" in out


def test_doctor_names_a_wrong_switch(monkeypatch):
    from lstmkit.course import doctor

    monkeypatch.setenv("LSTMKIT_DEVICE", "toaster")
    monkeypatch.setattr(doctor, "_kernel", lambda: (True, "not asked"))
    assert (False, "LSTMKIT_DEVICE='toaster': expected cpu, cuda or mps") in list(doctor._findings())
