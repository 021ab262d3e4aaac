"""The committed notebooks: nothing that nbval passes over, nothing stale, no stored ✗, within the contract of DESIGN
(`contract.py`). And proof that each of these checks can fail: a corrupted copy of a sound lesson fails it. (A made-up course: renumber: leave alone.)"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import contract
import nbformat
import pytest
from contract import unseen_by_nbval
from nbformat import NotebookNode

from lstmkit.course import build

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted(ROOT.glob("lessons/*.ipynb")) + sorted(ROOT.glob("solutions/*.ipynb"))
LARGEST = 1_000_000  # bytes
REPORT = ROOT.parent / "shared" / "tools" / "lesson_report.py"  # where the formula comes from
# Lessons of the first edition in their new numbers, not yet re-cut: only sound, not yet within the contract


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def false_verdicts(book: NotebookNode, solution: bool) -> list[str]:
    return build.wrong_verdicts(book, "solutions" if solution else "lessons")


@pytest.fixture(scope="module")
def one() -> NotebookNode:
    """A committed learner's notebook, to be corrupted."""
    return nbformat.read(ROOT / "lessons" / "01_recurrence.ipynb", as_version=4)


def test_there_are_notebooks_in_pairs():
    names = [{path.stem for path in NOTEBOOKS if path.parent.name == folder} for folder in ("lessons", "solutions")]
    assert names[0] == names[1] == {path.stem for path in build.sources(ROOT)} and names[0]


def test_nothing_is_stale():
    assert build.stale(ROOT) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_notebook_is_sound(path):
    book, solution = nbformat.read(path, as_version=4), path.parent.name == "solutions"
    nbformat.validate(book)
    assert unseen_by_nbval(book) == []
    assert false_verdicts(book, solution) == []
    assert path.stat().st_size <= LARGEST
    if not solution:
        assert not any("BEGIN SOLUTION" in cell.source or "END SOLUTION" in cell.source for cell in book.cells)
        checks = [cell for cell in book.cells if "check" in cell.metadata.get("tags", [])]
        assert checks and all("○" in contract.texts(cell) for cell in checks)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_notebook_keeps_the_contract(path):
    book = nbformat.read(path, as_version=4)
    assert contract.deviations(book, path.stem, path.parent.name == "solutions") == []


def test_no_exercise_and_no_prediction_is_asked_twice_and_none_is_named_that_is_not_there():
    books = [nbformat.read(path, as_version=4) for path in NOTEBOOKS if path.parent.name == "lessons"]
    cells = [cell for book in books for cell in book.cells]
    for what in ("exercise", "predict"):
        ids = [call[0] for cell in cells for call in contract.calls(cell, what)]
        assert len(set(ids)) == len(ids), sorted(id for id in ids if ids.count(id) > 1)
    known = {call[0] for cell in cells for call in contract.calls(cell, "exercise")}
    assert {id for cell in cells for id in contract.mentioned(cell)} <= known


@pytest.mark.skipif(not REPORT.exists(), reason="lesson_report.py is not beside this clone")
def test_the_minutes_are_those_of_the_lesson_report():
    spec = importlib.util.spec_from_file_location("lesson_report", REPORT)
    spec.loader.exec_module(report := importlib.util.module_from_spec(spec))
    for path in NOTEBOOKS:
        row, _ = report.read(path)
        assert contract.minutes(nbformat.read(path, as_version=4)) == (row["est"], row["said"]), path


# ------------------------------------------------------------------------------------- corrupted copies must fail

OPENING = """# %% [markdown]
# # 01 · Small
#
# **How small can a lesson be?**
#
# After this lesson you will be able to
# - add,
# - subtract,
# - stop.
#
# Needs: nothing. About 60 minutes. Mapping: one-to-one.

# %%
from lstmkit import claim, exercise, outcome, predict
"""
EXERCISE = """
# %% [markdown]
# ### Exercise 01.{k} · Add (10 min, ●●○)
#
# *Goal:* a sum. *Given:* two numbers. *Done when* the check says ✓.

# %% tags=["exercise"]
{body}

# %% tags=["check"]
{name} = exercise("01.{k}", {name})

# %% [markdown]
# <details><summary>Hint</summary>
#
# Add.
# </details>
# <details><summary>Fuller hint</summary>
#
# Use +.
# </details>
"""
FUNCTION = 'def {}(a, b):\n    """The sum."""\n    ### BEGIN SOLUTION\n    return a + b\n    ### END SOLUTION\n'
VALUE = "answer = ...  # a number\n### BEGIN SOLUTION\nanswer = 3\n### END SOLUTION\n"
REST = """
# %% [markdown]
# See [lesson 06](06_lstm.ipynb). **Before you run:** what is 1 + 2?

# %% tags=["predict"]
predict("01.a", ...)  # a number

# %%
total = 1 + 2

# %% tags=["claim"]
outcome("01.a", total)
claim("the sum is three", total, close_to=3, tolerance=0)

# %% [markdown]
# Twice that is more.

# %% tags=["claim"]
claim("the double is larger", 2 * total, at_least=4)

# %% tags=["folded"]
plumbing = [[x for x in range(y)] for y in range(3)]

# %% [markdown]
# ## What you can now do
#
# - **Add**, - yes.
# - **Subtract**: yes.
# - **Stop**: here.
#
# <details><summary>Test yourself: what is 1 + 1?</summary>
#
# Two.
# </details>
# <details><summary>Test yourself: what is 1 + 3?</summary>
#
# Four.
# </details>
#
# *Further reading.* Euclid, *Elements*.
"""
BODIES = [(FUNCTION.format("f"), "f"), (FUNCTION.format("g"), "g"), (VALUE, "answer")]
SOUND = OPENING + "".join(EXERCISE.format(k=k, body=b, name=n) for k, (b, n) in enumerate(BODIES, 1)) + REST
LONG = "# %%\ntotal = 1 + 2\n"
ASKED = "**Before you run:** what is 1 + 2?"
TWO = 'claim("the double is larger", 2 * total, at_least=4)\n'

CORRUPTIONS = {  # name: (what is replaced, by what, what the contract says)
    "title": ("# # 01 · Small", "# # 02 · Small", "the opening lacks a title"),
    "question": ("**How small can a lesson be?**", "How small?", "the opening lacks a bold question"),
    "able": ("you will be able to", "you can", "the opening lacks “you will"),
    "bullets": ("# - stop.\n", "", "the opening has 2 bullets"),
    "needs": ("Needs: nothing. ", "", "the opening lacks “Needs:”"),
    "no minutes": ("About 60 minutes. ", "", "the opening lacks “About NN minutes”"),
    "mapping": (" Mapping: one-to-one.", "", "the opening lacks “Mapping:”"),
    "late code": (OPENING, OPENING.replace("# %%\nfrom", "# %% [markdown]\n# A.\n# %% [markdown]\n# B.\n# %%\nfrom"), "in cell 4"),
    "imports": ("predict\n", "predict\n" + "import torch\n" * 6, "at most 6 lines (7)"),
    "no imports": ("from lstmkit import claim, exercise, outcome, predict", "pass", "not one import cell"),
    "a long sitting": ("About 60 minutes", "About 99 minutes", None),
    "too long": ("(10 min, ●●○)", "(30 min, ●●○)", "more than one sitting"),
    "dishonest": ("About 60 minutes", "About 30 minutes", "promises 30 minutes, needs about"),
    "lines": (LONG, "# %%\n" + "total = 1 + 2\n" * 16, "16 lines of code, at most 15"),
    "15 lines": (LONG, "# %%\n" + "total = 1 + 2\n" * 15, None),
    "class": (LONG, "# %%\nclass A:\n" + "    total = 1 + 2\n" * 24, None),
    "long class": (LONG, "# %%\nclass A:\n" + "    total = 1 + 2\n" * 25, "26 lines of code, at most 25"),
    "zip star": (LONG, LONG + "a, b = zip(*[(1, 2)])\n", "a riddle: zip(*…)"),
    "starred": (LONG, LONG + "a, *b = 1, 2\n", "a riddle: starred unpacking"),
    "nested": (LONG, LONG + "a = [sum(x for x in y) for y in [[1]]]\n", "a riddle: a comprehension in a"),
    "two for": (LONG, LONG + "a = [x for y in [[1]] for x in y]\n", "a riddle: a comprehension in a"),
    "walrus": (LONG, LONG + "print(a := 1)\n", "a riddle: a walrus"),
    "lambdas": (LONG, LONG + "a = lambda x: lambda y: x\n", "a riddle: a lambda in a lambda"),
    "plain code": (LONG, LONG + "a, b = 1, 2\nprint(*[a for a in (1, 2)], lambda x: x)\nfor a, b in zip([1], [2]):\n    pass\n", None),
    "lesson in code": (LONG, LONG + "# as in lesson 06\n", "a lesson named in code"),
    "banned": (ASKED, ASKED + " Obviously three.", "“Obviously”"),
    "wall": (ASKED, ASKED + " word" * 280, "a wall of 2"),
    "no link": ("[lesson 06](06_lstm.ipynb)", "lesson 06", "“lesson 06” without a link"),
    "other file": ("[lesson 06](06_lstm.ipynb)", "[lesson 05](06_lstm.ipynb)", "number and file disagree"),
    "bare label": ("[lesson 06](06_lstm.ipynb)", "lessons [05](06_lstm.ipynb)", "number and file disagree"),
    "no file": ("(06_lstm.ipynb)", "(06_gru.ipynb)", "there is no such lesson"),
    "six questions": (ASKED, "**Before you run:** one? " * 6, "6 times “Before you run”"),
    "no tag": ('# %% tags=["claim"]\nclaim', "# %%\nclaim", "without the tag claim"),
    "four claims": (TWO, TWO * 4, "4 claims together"),
    "neighbours": ("# %% [markdown]\n# Twice that is more.\n", '# %% tags=["folded"]\npass\n', "claims in neighbouring cells"),
    "one claim": (TWO, "", "1 claims: 2 to 15"),
    "many claims": (TWO, (TWO + '# %% [markdown]\n# And.\n# %% tags=["claim"]\n') * 15 + "pass\n", "16 claims: 2 to 15"),
    "guess": ('predict("01.a", ...)', 'predict("01.a", 3)', "the guess is `...`"),
    "untagged guess": ('tags=["predict"]', "", "the guess is `...` and the cell's tag predict"),
    "foreign guess": ("01.a", "02.a", "expected an id of its own, such as 01.a"),
    "no outcome": ('outcome("01.a", total)\n', "", "predict('01.a') has no outcome"),
    "early outcome": ("# %%\nfrom", '# %%\noutcome("01.a", 1)\nfrom', "in an earlier cell"),
    "other outcome": ('outcome("01.a"', 'outcome("01.b"', "outcome('01.b') without"),
    "guesses": (LONG, "".join(f'# %% tags=["predict"]\npredict("01.{c}", ...)\n' for c in "bcd") + LONG, "4 predict(…): at most three"),
    "foreign exercise": ("01.3", "02.3", "exercise 02.3 in lesson 01"),
    "two exercises": ('exercise("01.3", answer)', "answer", "2 exercises: 3 to 6"),
    "twice": (LONG, LONG + 'f = exercise("01.1", f)\n', "exercise 01.1 is checked 2 times"),
    "no heading": ("### Exercise 01.2 · Add (10 min, ●●○)", "### Exercise 01.2", "exercise 01.2: 0 headings"),
    "other check": ('exercise("01.2", g)', 'exercise("01.1", g)', "exercise 01.2: its check cell checks 01.1"),
    "no experiment": (VALUE, FUNCTION.format("answer"), "no exercise is a prediction or an experiment"),
    "no exercise cell": ('tags=["exercise"]', "", "not one cell tagged exercise and then"),
    "no check cell": ('tags=["check"]', "", "not one cell tagged exercise and then"),
    "goal": ("*Goal:*", "Goal:", "lacks *Goal*"),
    "given": ("*Given:*", "With", "lacks *Given*"),
    "done": ("*Done when*", "until", "lacks *Done when*"),
    "hint": ("<summary>Hint", "<summary>Help", "not one folded Hint"),
    "fuller hint": ("<summary>Fuller hint", "<summary>More", "not one folded Fuller hint"),
    "closing": ("## What you can now do", "## The end", "no closing"),
    "answers": ("# - **Stop**: here.\n", "", "does not answer the three bullets"),
    "questions": ("<details><summary>Test yourself: what is 1 + 1?</summary>", "", "1 folded questions"),
    "references": ("*Further reading.* Euclid", "Thanks", "names no reference"),
}  # fmt: skip


def made(folder: Path, text: str) -> dict[str, NotebookNode]:
    source = folder / "01_small.py"
    source.write_text(text, encoding="utf-8")
    return build.make(source)


def told(folder: Path, text: str, which: str = "lessons") -> list[str]:
    book = made(folder, text)[which]
    return contract.deviations(book, "01_small", which == "solutions", there={"01_small", "06_lstm"})


def test_a_sound_lesson_keeps_the_contract(tmp_path):
    assert told(tmp_path, SOUND) == [] == told(tmp_path, SOUND, "solutions")


@pytest.mark.parametrize("what", CORRUPTIONS)
def test_the_contract_sees(tmp_path, what):
    old, new, line = CORRUPTIONS[what]
    assert old in SOUND
    found = told(tmp_path, SOUND.replace(old, new))
    assert found == [] if line is None else any(line in one for one in found), found


def test_an_exercise_s_solution_may_be_longer_and_claims_are_folded(tmp_path):
    def solved(count: int) -> list[str]:
        return told(tmp_path, SOUND.replace("    return a + b\n", "    a = b\n" * count, 1), "solutions")

    assert solved(23) == [] and any("28 lines of code, at most 27" in line for line in solved(24))
    book = made(tmp_path, SOUND)["lessons"]
    for cell in book.cells:
        cell.metadata.pop("jupyter", None)
    found = contract.deviations(book, "01_small", there={"06_lstm"})
    assert sum("but not folded" in line for line in found) == 3


def test_claims_of_a_loop_are_counted_by_what_they_print(tmp_path):
    book = made(tmp_path, SOUND)["lessons"]
    cell = next(cell for cell in book.cells if contract.calls(cell, "claim"))
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="✓ so (measured 1)\n" * 4 + "✓ 01.1 passed\n")]
    assert any("4 claims together" in line for line in contract.deviations(book, "01_small", there={"06_lstm"}))


def corrupted(book: NotebookNode, change) -> NotebookNode:
    copy = deepcopy(book)
    change(copy)
    return copy


def cell_with(book: NotebookNode, text: str) -> NotebookNode:
    return next(cell for cell in book.cells if cell.cell_type == "code" and text in cell.source)


def test_a_null_execution_count_is_refused(one):
    def change(book):
        cell_with(book, "claim(").execution_count = None

    assert unseen_by_nbval(one) == []
    assert any("without having been run" in line for line in unseen_by_nbval(corrupted(one, change)))


@pytest.mark.parametrize("line", ["%frobnicate", "!rm -f x", "get_ipython().run_line_magic('x', '')"])
def test_a_magic_is_refused(one, line):
    def change(book):
        cell = cell_with(book, "claim(")
        cell.source = f"{line}\n{cell.source}"

    assert any("magic" in found for found in unseen_by_nbval(corrupted(one, change)))


def test_a_stored_cross_is_refused(one):
    def change(book):
        out = cell_with(book, "claim(").outputs[0]
        out.text = out.text.replace("✓", "✗", 1)

    assert false_verdicts(corrupted(one, change), solution=False)
    assert false_verdicts(one, solution=True), "○ belongs in no solution"


def test_an_unmarked_figure_a_hidden_claim_and_a_skipped_cell_are_refused(one):
    def figure(book):
        shown = [
            cell for cell in book.cells if any("image/png" in out.get("data", {}) for out in cell.get("outputs", []))
        ]
        shown[0].metadata.tags = []

    def hidden(book):
        cell_with(book, "claim(").metadata.tags = ["nbval-ignore-output"]

    def skipped(book):
        cell_with(book, "claim(").metadata.tags = ["nbval-skip"]

    assert any("figure" in line for line in unseen_by_nbval(corrupted(one, figure)))
    assert any("claim" in line for line in unseen_by_nbval(corrupted(one, hidden)))
    assert any("weakens" in line for line in unseen_by_nbval(corrupted(one, skipped)))


@pytest.mark.parametrize("what", ["source", "tags", "unfolded", "dropped", "missing", "orphan"])
def test_a_stale_notebook_is_named(tmp_path, what):
    for folder in ("lessons", "solutions"):
        (tmp_path / folder).mkdir()
    for folder, book in made(tmp_path / "solutions", SOUND).items():
        nbformat.write(book, tmp_path / folder / "01_small.ipynb")
    assert build.stale(tmp_path) == []
    target = tmp_path / "lessons" / "01_small.ipynb"
    book = nbformat.read(target, as_version=4)
    if what == "source":
        book.cells[3].source += " "
    if what == "tags":
        cell_with(book, "total = 1 + 2").metadata.tags = ["nbval-skip"]
    if what == "unfolded":
        cell_with(book, "claim(").metadata.jupyter.source_hidden = False
    if what == "dropped":
        book.cells.pop()
    if what == "missing":
        target.unlink()
    else:
        nbformat.write(book, target if what != "orphan" else target.with_name("77_orphan.ipynb"))
    found = build.stale(tmp_path)
    assert len(found) == 1 and found[0].startswith("lessons/77" if what == "orphan" else "lessons/01_small.ipynb")


def run_nbval(folder: Path, book: NotebookNode) -> tuple[int, str]:
    path = folder / "copy.ipynb"
    nbformat.write(book, path)
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "--nbval-cell-timeout=120"]
    command += ["--nbval-sanitize-with", str(ROOT / "tests" / "nbval.cfg"), "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(
        [*command, "-q", str(path)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return done.returncode, done.stdout


@pytest.fixture
def small() -> NotebookNode:
    """A notebook of three cells, as `lstmkit build` writes them."""
    new = nbformat.v4.new_notebook(metadata={"kernelspec": dict(build.KERNEL)})
    lines = ["from lstmkit import claim\nscore = 0.75", "claim('it scores', score, at_least=0.5)", "2 + 2"]
    new.cells = [nbformat.v4.new_code_cell(line) for line in lines]
    return build.execute(new, ROOT, "small")


@pytest.mark.slow
def test_nbval_passes_a_sound_notebook_and_another_measured_value(small, tmp_path):
    small.cells[1].outputs[0].text = "✓ it scores (measured 0.9)\n"  # another machine measures another value
    code, out = run_nbval(tmp_path, small)
    assert code == 0 and "3 passed" in out, out


@pytest.mark.slow
@pytest.mark.parametrize("what", ["a changed output", "a false claim", "an unknown magic"])
def test_nbval_fails_a_corrupted_notebook(small, tmp_path, what):
    if what == "a changed output":
        small.cells[2].outputs[0].data["text/plain"] = "5"
    if what == "a false claim":
        small.cells[0].source = small.cells[0].source.replace("0.75", "0.25")
    if what == "an unknown magic":
        small.cells[2].source = "%frobnicate\n2 + 2"
        # nbval sees the lost output here; where a cell has none it sees nothing: hence test_a_magic_is_refused
    code, out = run_nbval(tmp_path, small)
    assert code == 1 and "1 failed" in out, out
