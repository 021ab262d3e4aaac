"""The command line: build, claims, lab, progress, doctor. Nothing of the learner's is lost; a failing cell leaves the old
notebook. (A made-up course: renumber: leave alone.)"""

from __future__ import annotations

import errno
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from lstmkit import course
from lstmkit.course import build, claims, work
from lstmkit.course.grading import STUB

ROOT = Path(__file__).parents[1]
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
    assert lesson.cells[-1].source == f'def f(x):\n    """Contract."""\n    {STUB}'


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
    assert claims.claims(small_course, ["01"], seeds=2) == 1
    said = capsys.readouterr().out
    assert "✗ 2" in said and "cell 5, run +100: the answer is small (measured 2, claimed at most 1)" in said
    write(small_course)
    assert claims.claims(small_course, ["01"], seeds=2) == 0
    assert re.search(r"✓ 0.25 +✓ 0.25 +the answer is small", capsys.readouterr().out)


@pytest.mark.slow
def test_claims_are_written_lesson_by_lesson(small_course, capsys):
    same = "import os\nfor k in (1, 2):\n    claim('again', k, at_most=1)\nclaim('plain', 'MKL_CBWR' not in os.environ, is_true=True)"
    write(small_course, last=f"# %%\n{same}")
    (small_course / "solutions" / "02_broken.py").write_text("# %%\n1 / 0\n", encoding="utf-8")
    (small_course / "solutions" / "03_none.py").write_text("# %%\n1\n", encoding="utf-8")
    target = small_course / "claims.md"
    assert claims.claims(small_course, [], seeds=1, jobs=3, arithmetic=True, target=target) == 1
    said, table = capsys.readouterr().out, target.read_text(encoding="utf-8")
    assert "| again | ✓ 1 | ✓ 1 |\n| again [2] | ✗ 2 | ✗ 2 |" in table, "of equal words, too, each is judged"
    assert "| claim | +0 | arithmetic |" in table and "| plain | ✓ True | ✗ False |" in table
    assert "\n## 02_broken\n" in table and "02_broken, arithmetic: cell 1 (`1 / 0`) failed: ZeroDivisionError" in said
    assert "01_small, cell 6, run arithmetic: plain (measured False" in said and said.rstrip().count("\n  0") == 5
    write(small_course)
    (small_course / "solutions" / "03_none.py").unlink()
    assert claims.claims(small_course, ["01"], seeds=2, target=target) == 0
    table = target.read_text(encoding="utf-8")
    assert (
        "| claim | +0 | +100 |" in table and "| again" not in table and "02_broken" in table and "03_none" not in table
    )


def test_unknown_lesson_is_one_clear_line(monkeypatch, small_course, capsys):
    monkeypatch.chdir(small_course)
    assert course.main(["build", "44"]) == 1
    assert capsys.readouterr().err == "lstmkit build: there is no lesson 44; solutions/ has 01\n"
    assert course.main(["claims", "--seeds", "0"]) == 1
    (small_course / "solutions" / "02_bad.py").write_text("# %%\n### BEGIN SOLUTION\nx = 1\n", encoding="utf-8")
    assert course.main(["build", "2"]) == 1
    assert "02_bad.py" in capsys.readouterr().err


COMMANDS = ("lab", "progress", "doctor", "build", "claims", "classroom", "slides", "book")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example_that_it_understands(command, capsys):
    with pytest.raises(SystemExit) as left:
        course.main([command, "--help"])
    (example,) = re.findall(r"^example: lstmkit (.+)$", capsys.readouterr().out, re.M)
    assert left.value.code == 0 and shlex.split(example)[0] == command
    assert course._parser().parse_args(shlex.split(example.split(" > ")[0])).command == command


def test_no_command_is_forgotten_here(capsys):
    with pytest.raises(SystemExit):
        course.main(["--help"])
    assert tuple(re.findall(r"^    (\w+)", capsys.readouterr().out, re.M)) == COMMANDS


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


def answer_with(path: Path, mark: str, id: str = "01.1") -> bytes:
    book = nbformat.read(path, as_version=4)
    cell = next(cell for cell in book.cells if "exercise(" in cell.source)
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"{mark} {id} whatever\n")]
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
    assert re.search(r"01_small +1 ✗", out) and "cannot be read" in out
    assert "next: exercise 01.1 in work/01_small.ipynb" in out
    answer_with(handed_out / "work" / "01_small.ipynb", "✓")
    assert work.verdicts(handed_out / "work" / "01_small.ipynb") == {"01.1": "✓"}


@pytest.fixture
def first_edition(handed_out) -> Path:
    """A course whose lessons have moved, and the used work/ of a learner of its first edition."""
    lessons = handed_out / "lessons"
    for name in ("03_other", "05_output_gradients"):
        nbformat.write(nbformat.read(lessons / "02_small.ipynb", as_version=4), lessons / f"{name}.ipynb")
    (lessons / "01_small.ipynb").unlink()
    return handed_out


def test_a_used_work_folder_of_the_first_edition_is_carried_over(first_edition, capsys):
    """Renamed by their slugs, an old name too; what is in them stays; what is nobody's lesson is left where it is."""
    work_folder = first_edition / "work"
    work_folder.mkdir()
    lesson = nbformat.read(first_edition / "lessons" / "02_small.ipynb", as_version=4)
    for name in ("01_small", "01_small-Copy1", "07_my_own", "04_input_gradients", "notes"):
        nbformat.write(lesson, work_folder / f"{name}.ipynb")
    mine = {
        "02_small": answer_with(work_folder / "01_small.ipynb", "✓"),
        "01_small-Copy1": answer_with(work_folder / "01_small-Copy1.ipynb", "✗"),
        "05_output_gradients": answer_with(work_folder / "04_input_gradients.ipynb", "✗", "04.1"),
        "07_my_own": (work_folder / "07_my_own.ipynb").read_bytes(),
    }
    assert course.main(["progress"]) == 0  # before lab has renamed anything
    out = capsys.readouterr().out
    assert re.search(r"^02_small +1 ✓\n05_output_gradients +1 ○  1 ✗\n\n1 of 3", out, re.M) and "Copy" not in out
    assert course.main(["lab", "--no-open"]) == 0
    out = capsys.readouterr().out
    assert "your 01_small.ipynb, of an earlier edition, is now 02_small.ipynb" in out
    assert "opening 03_other.ipynb" in out
    assert {name: (work_folder / f"{name}.ipynb").read_bytes() for name in mine} == mine
    there = {path.stem for path in work_folder.iterdir()}
    assert there == {*mine, "notes", "03_other"}, "the new lesson comes to the old ones"
    assert course.main(["lab", "--no-open"]) == 0 and "earlier edition" not in capsys.readouterr().out


def test_every_lesson_of_the_first_edition_is_known_in_this_one(tmp_path):
    """Whoever renames a lesson's slug: into work.RENAMED with the old one."""
    first = (
        "01_recurrence 02_shapes 03_bptt 04_lstm 05_gru 06_sentiment 08_forecasting 11_captioning 12_encoder_decoder"
    )
    first = f"{first} 13_attention 15_input_gradients 16_attribution 18_debugging".split()
    for folder, names in (("lessons", [path.stem for path in build.sources(ROOT)]), ("work", first)):
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / f"{name}.ipynb").touch()
    found = {path.stem: lesson for lesson, path in work.mine(tmp_path).items()}
    assert sorted(found) == first and found["15_input_gradients"][3:] == "output_gradients"


def test_two_notebooks_of_one_lesson_are_both_kept(first_edition, capsys):
    course.main(["lab", "--no-open"])
    work_folder = first_edition / "work"
    nbformat.write(nbformat.read(work_folder / "02_small.ipynb", as_version=4), work_folder / "01_small.ipynb")
    mine = [answer_with(work_folder / f"{name}.ipynb", mark) for name, mark in (("02_small", "✓"), ("01_small", "✗"))]
    course.main(["lab", "--no-open"])
    kept = next((work_folder / "backup").iterdir())
    assert [(work_folder / "02_small.ipynb").read_bytes(), kept.read_bytes()] == mine
    assert f"your 01_small.ipynb is kept as work/backup/{kept.name}" in capsys.readouterr().out


def test_lab_starts_jupyterlab_without_mplbackend(handed_out, monkeypatch):
    """With Agg there no figure of a lesson would show, and nothing would say why."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    begun = []
    monkeypatch.setattr(
        subprocess, "run", lambda command, env: begun.append((command, env)) or subprocess.CompletedProcess(command, 7)
    )
    assert course.main(["lab", "--", "--port=1"]) == 7
    ((command, env),) = begun
    assert command[1:4] == ["-m", "jupyter", "lab"] and command[-1].endswith("01_small.ipynb")
    assert "MPLBACKEND" not in env and env["PATH"] == os.environ["PATH"]


def one_line(text: str) -> str:
    assert text.count("\n") == 1, text
    return text


def test_a_work_that_is_a_file_a_locked_folder_and_a_full_disk_get_one_line(handed_out, monkeypatch, capsys):
    (handed_out / "work").write_text("mine", encoding="utf-8")
    assert course.main(["lab", "--no-open"]) == 1
    assert "work is a file" in one_line(capsys.readouterr().err)
    assert (handed_out / "work").read_text(encoding="utf-8") == "mine"
    (handed_out / "work").unlink()

    def full(book, path, *args, **kwargs):
        Path(path).write_text("half", encoding="utf-8")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(nbformat, "write", full)
        assert course.main(["lab", "--no-open"]) == 1
    assert "No space left on device" in one_line(capsys.readouterr().err)
    assert list((handed_out / "work").iterdir()) == [], "half a notebook would count as the learner's"

    def locked(self, *args, **kwargs):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    (handed_out / "work").rmdir()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", locked)
        assert course.main(["lab", "--no-open"]) == 1
    assert one_line(capsys.readouterr().err) == f"lstmkit lab: {handed_out / 'work'}: Permission denied\n"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_every_terminal_and_every_file_gets_its_words(handed_out, encoding):
    course.main(["lab", "--no-open"])
    answer_with(handed_out / "work" / "01_small.ipynb", "✓")
    done = subprocess.run(
        [sys.executable, "-m", "lstmkit.course", "progress"],
        capture_output=True,
        cwd=handed_out,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )
    said = done.stdout.decode(encoding)
    assert done.returncode == 0 and done.stderr == b""
    good, not_yet = "✓○" if encoding == "utf-8" else "+o"
    assert f"1 {good}" in said and f"1 {not_yet}" in said


def test_other_letters_mean_the_same():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", errors="lstmkit")
    stream.write("✓ 0.5 × 2 → “1” · 循")
    stream.flush()
    assert stream.buffer.getvalue().decode("cp1252") == "+ 0.5 × 2 -> “1” · ?"


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


def test_sliders_are_not_saved_with_a_notebook(tmp_path):
    """They live as long as their kernel; in the file stands the line of text beside them, and the figure."""
    output = {"data": {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "Run this cell"}}
    figure = {"data": {"image/png": "…", "text/plain": "a figure"}}
    cells = [{"cell_type": "code", "outputs": [figure, output, {"text": "printed"}]}, {"cell_type": "markdown"}]
    work.without_controls({"type": "notebook", "content": {"cells": cells}}, path="any")
    assert cells[0]["outputs"][1] == {"data": {"text/plain": "Run this cell"}} and len(figure["data"]) == 2
    work.without_controls({"type": "file", "content": "a text"})
    work.without_controls({"type": "notebook", "content": None})  # a notebook that is only renamed
