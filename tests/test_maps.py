"""The course map, one list for three tables; and moving lessons: nothing lost, nothing forgotten, no number twice.
(A made-up course: renumber: leave alone.)"""

from __future__ import annotations

import base64
import re
from pathlib import Path

import nbformat
import pytest

from lstmkit import course
from lstmkit.course import build, maps

ROOT = Path(__file__).parents[1]

MAP = """What this is.

Part 1 · One
01 | first | First | Why?
02 | second | Second | How?
Part 2 · Two
03 | third | Third | When?
"""
TABLE = "# A README\n\n| | lesson | question |\n|---|---|---|\n| 99 | old | row |\n\nMore.\n"
LESSON = """# %% [markdown]
# # {n} · Title
#
# See [lesson {a}](../lessons/{a}_first.ipynb), lessons {n}, {a} and 07; or [{b}]({b}_second.ipynb), and exercise
# {a}.1 (Exercises {n}.1 and {n}.2), bare {n}.1, at 02.5 seconds.
# %%
predict("{n}.a", ...)  # lesson {a}
x = 12.5, 1.02
# %% tags=["check"]
f = exercise("{n}.1", f)
"""
DEFINITIONS = (
    'from lstmkit.exercises import lesson_{n}\n\ndefine("{n}.1", reference=1)  # see {m}_{slug}, exercise {m}.1\n'
)


@pytest.fixture
def made_course(tmp_path) -> Path:
    """Lessons 01 and 02 with all that belongs to them; 03 is in preparation."""
    for folder in ("lessons", "solutions", "lstmkit/exercises", "tests"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "solutions" / "map.txt").write_text(MAP, encoding="utf-8")
    for name in maps.PLACES:
        (tmp_path / name).write_text(TABLE, encoding="utf-8")
    two = ("01", "first", "02"), ("02", "second", "01")
    for n, slug, _ in two:
        (tmp_path / "solutions" / f"{n}_{slug}.py").write_text(LESSON.format(n=n, a="01", b="02"), encoding="utf-8")
    for n, slug, other in two:
        source = tmp_path / "solutions" / f"{n}_{slug}.py"
        text = DEFINITIONS.format(n=n, m=other, slug="second" if other == "02" else "first")
        (tmp_path / "lstmkit" / "exercises" / f"lesson_{n}.py").write_text(text, encoding="utf-8")
        for folder, book in build.make(source).items():
            for cell in book.cells[1:]:
                text = f"○ {n}.1 not attempted yet; measured {n}.1\n"
                cell.outputs, cell.execution_count = [nbformat.v4.new_output("stream", name="stdout", text=text)], 1
            nbformat.write(book, tmp_path / folder / f"{n}_{slug}.ipynb")
    with (tmp_path / "solutions" / "README.md").open("a", encoding="utf-8") as guide:
        guide.write("\n| | minutes |\n|---|---|\n| 01 | 45 | a |\n| 02 | 50 | b |\n")
    with (tmp_path / "lessons" / "README.md").open("a", encoding="utf-8") as glossary:
        glossary.write(
            "\n| term | lesson |\n|---|---|\n| b | [01](01_first.ipynb) |\n| a | [01](01_first.ipynb) |\n| c | [02](02_second.ipynb) |\n"
        )
    (tmp_path / "tests" / "list.md").write_text("| 01.1 | a | 01 |\n| 02.1 | b | 02 |\n", encoding="utf-8")
    (tmp_path / "tests" / "made_up.py").write_text("# renumber: leave alone\n'01.1'  # lesson 01\n", encoding="utf-8")
    maps.write(tmp_path)
    return tmp_path


def texts(root: Path) -> dict[str, str]:
    return {str(p.relative_to(root)): p.read_text(encoding="utf-8") for p in sorted(root.rglob("*")) if p.is_file()}


def test_this_course_has_thirty_lessons_and_its_tables_are_the_map_s():
    entries = maps.read(ROOT)
    assert [entry.number for entry in entries] == [f"{n:02d}" for n in range(1, 31)]
    assert len({entry.slug for entry in entries}) == 30 and len({entry.part for entry in entries}) == 5
    assert list(maps.stale(ROOT)) == [], "run: lstmkit build --maps"
    for name, prefix in maps.PLACES.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        assert text.count(maps.HEAD) == 1
        for entry in entries:
            there = (ROOT / "lessons" / f"{entry.stem}.ipynb").exists()
            cell = f"[{entry.name}]({prefix}{entry.stem}.ipynb)" if there else f"{entry.name} *(in preparation)*"
            assert f"| {entry.number} | {cell} | {entry.question} |\n" in text, f"{name}: {entry.stem}"


def test_the_guide_s_and_the_glossary_s_numbers_are_lessons_in_order():
    known = {entry.number for entry in maps.read(ROOT)}
    guide = re.findall(r"^\| (\d\d) \| \d", (ROOT / "solutions" / "README.md").read_text(encoding="utf-8"), re.M)
    terms = re.findall(
        r"^\| ([^|]+) \|.*\| \[(\d\d)\]\(\2_\w+\.ipynb\) \|$",
        (ROOT / "lessons" / "README.md").read_text(encoding="utf-8"),
        re.M,
    )
    assert guide == sorted(set(guide)) and set(guide) <= known
    assert [n for _, n in terms] == sorted(n for _, n in terms) and {n for _, n in terms} <= known
    assert len({term for term, _ in terms}) == len(terms)


def test_every_lesson_has_its_row_in_the_guide_and_its_terms_in_the_glossary():
    there = {source.stem[:2] for source in build.sources(ROOT)}
    guide = re.findall(r"^\| (\d\d) \| \d", (ROOT / "solutions" / "README.md").read_text(encoding="utf-8"), re.M)
    terms = re.findall(
        r"^\|.*\| \[(\d\d)\]\(\S+\) \|$", (ROOT / "lessons" / "README.md").read_text(encoding="utf-8"), re.M
    )
    assert set(guide) == there == set(terms) | {n for n in there if n == "30"}


def test_a_term_of_the_glossary_stands_in_its_lesson():
    rows = re.findall(
        r"^\| (.+?) \| .+? \| .+ \| \[\d\d\]\((\w+)\.ipynb\) \|$",
        (ROOT / "lessons" / "README.md").read_text(encoding="utf-8"),
        re.M,
    )
    assert len(rows) > 150
    for term, stem in rows:
        lesson = (ROOT / "solutions" / f"{stem}.py").read_text(encoding="utf-8").lower()
        lesson = re.sub(r"\s+", " ", re.sub(r"[*`]|^#", "", lesson, flags=re.M))
        names = [name.strip(" )").lower().removesuffix("s") for name in re.split(r"[,(]", term)]
        assert any(name in lesson for name in names), f"{stem}: {term}"


@pytest.mark.parametrize("name", [*maps.PLACES, "CONTRIBUTING.md"])
def test_a_lesson_is_named_by_number_and_file_together(name):
    stems = {entry.stem for entry in maps.read(ROOT)}
    for label, target in re.findall(
        r"\[([^]]+)\]\((?:lessons/)?([^)/]+)\.ipynb\)", (ROOT / name).read_text(encoding="utf-8")
    ):
        number = re.search(r"\d\d", label)
        assert target in stems and (not number or number[0] == target[:2]), f"{name}: [{label}]({target}.ipynb)"


def test_a_lesson_s_link_appears_when_its_notebook_does(made_course, capsys, monkeypatch):
    monkeypatch.chdir(made_course)
    readme = made_course / "README.md"
    assert "| 01 | [First](lessons/01_first.ipynb) | Why? |" in readme.read_text(encoding="utf-8")
    assert "| 03 | Third *(in preparation)* | When? |\n\nMore.\n" in readme.read_text(encoding="utf-8")
    assert (
        "| | **Part 2 · Two** | |\n" in readme.read_text(encoding="utf-8")
        and "old" not in texts(made_course)["README.md"]
    )
    (made_course / "lessons" / "03_third.ipynb").write_bytes((made_course / "lessons" / "01_first.ipynb").read_bytes())
    assert list(maps.stale(made_course)) == list(maps.PLACES)
    assert course.main(["build", "--maps"]) == 0 and "solutions/README.md" in capsys.readouterr().out
    assert "[Third](03_third.ipynb)" in (made_course / "solutions" / "README.md").read_text(encoding="utf-8")
    assert course.main(["build", "--maps"]) == 0 and "as they should be" in capsys.readouterr().out
    (made_course / "solutions" / "04_new.py").write_text("# %%\n1\n", encoding="utf-8")
    assert course.main(["build", "--maps"]) == 1
    assert "04_new is not in solutions/map.txt" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["x | y", "02 | again | Again | Twice?", "00 | late | Late | Out of order?"])
def test_a_broken_map_is_named(made_course, line):
    path = made_course / "solutions" / "map.txt"
    path.write_text(MAP + line + "\n", encoding="utf-8")
    with pytest.raises(course.CourseError, match="solutions/map.txt"):
        maps.read(made_course)


def test_a_dry_run_changes_nothing_and_names_what_would(made_course, capsys, monkeypatch):
    monkeypatch.chdir(made_course)
    before = texts(made_course)
    assert course.main(["build", "--renumber", "01=02", "02=01", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert texts(made_course) == before
    for words in (
        "solutions/01_first.py → 02_first.py",
        "lstmkit/exercises/lesson_02.py → lesson_01.py",
        "lessons/01_first.ipynb → 02_first.ipynb",
        "solutions/map.txt: ",
        "left alone, look: solutions/01_first.py: # {a}.1".format(a="01")[:40],
        "would change; 01 → 02, 02 → 01",
    ):
        assert words in said, words
    assert "made_up" not in said


def test_two_lessons_change_places(made_course, monkeypatch, capsys):
    monkeypatch.chdir(made_course)
    assert course.main(["build", "--renumber", "01=02", "02=01"]) == 0
    now = texts(made_course)
    assert build.stale(made_course) == [] and not maps.stale(made_course) and not any("partial" in name for name in now)
    assert (
        now["solutions/02_first.py"]
        == """# %% [markdown]
# # 02 · Title
#
# See [lesson 02](../lessons/02_first.ipynb), lessons 02, 02 and 07; or [01](01_second.ipynb), and exercise
# 02.1 (Exercises 02.1 and 02.2), bare 01.1, at 02.5 seconds.
# %%
predict("02.a", ...)  # lesson 02
x = 12.5, 1.02
# %% tags=["check"]
f = exercise("02.1", f)
"""
    )
    book = nbformat.reads(now["lessons/02_first.ipynb"], as_version=4)
    assert (
        book.cells[1].outputs[0].text == "○ 02.1 not attempted yet; measured 01.1\n"
        and book.cells[1].execution_count == 1
    )
    expected = (
        'from lstmkit.exercises import lesson_02\n\ndefine("02.1", reference=1)  # see 01_second, exercise 01.1\n'
    )
    assert now["lstmkit/exercises/lesson_02.py"] == expected
    assert "Part 1 · One\n01 | second | Second | How?\n02 | first | First | Why?\nPart 2" in now["solutions/map.txt"]
    assert "| 01 | [Second](lessons/01_second.ipynb) | How? |\n| 02 | [First](lessons/02_first" in now["README.md"]
    assert now["solutions/README.md"].endswith("| 01 | 50 | b |\n| 02 | 45 | a |\n")
    assert now["lessons/README.md"].endswith(
        "| c | [01](01_second.ipynb) |\n| b | [02](02_first.ipynb) |\n| a | [02](02_first.ipynb) |\n"
    )
    assert now["tests/list.md"] == "| 01.1 | b | 02 |\n| 02.1 | a | 01 |\n"
    assert now["tests/made_up.py"] == "# renumber: leave alone\n'01.1'  # lesson 01\n"
    before = texts(made_course)
    assert course.main(["build", "--renumber", "01=02", "02=01"]) == 0  # and back
    assert course.main(["build", "--renumber", "01=02", "02=01"]) == 0  # and again
    assert {n: t for n, t in texts(made_course).items() if n.endswith("md")} == {
        n: t for n, t in before.items() if n.endswith("md")
    }


def test_room_is_made_for_a_lesson(made_course, monkeypatch):
    monkeypatch.chdir(made_course)
    assert course.main(["build", "--renumber", "02-30=03"]) == 0
    assert [entry.stem for entry in maps.read(made_course)] == ["01_first", "03_second", "04_third"]
    assert (made_course / "lessons" / "03_second.ipynb").exists() and build.stale(made_course) == []
    assert "or [03](03_second.ipynb)" in texts(made_course)["solutions/01_first.py"]


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        (["01=02"], "lesson 01 cannot become 02, which is taken"),
        (["01=03"], "lesson 01 cannot become 03, which is taken"),
        (["01=05", "02=05"], "cannot become 05, which is taken"),
        (["07=08"], "there is no lesson 07"),
        (["01=04", "1=05"], "lesson 01 would move twice"),
        (["01-03=99"], "a lesson's number has two digits"),
        (["one=two"], "expected OLD=NEW"),
        (["01=00"], "a lesson's number has two digits"),
    ],
)
def test_a_move_that_cannot_be_is_refused(made_course, monkeypatch, capsys, wanted, line):
    monkeypatch.chdir(made_course)
    before = texts(made_course)
    assert course.main(["build", "--renumber", *wanted]) == 1
    assert line in capsys.readouterr().err and texts(made_course) == before


def test_a_stale_notebook_does_not_move(made_course, monkeypatch, capsys):
    monkeypatch.chdir(made_course)
    with (made_course / "solutions" / "01_first.py").open("a", encoding="utf-8") as source:
        source.write("# %%\n2\n")
    before = texts(made_course)
    assert course.main(["build", "--renumber", "01=05"]) == 1
    assert "build it before it moves" in capsys.readouterr().err and texts(made_course) == before


# ------------------------------------------------------------------------------------------------------- the README's figures

PNG = b"\x89PNG a picture"


def draw(root: Path, stem: str, image: bytes) -> None:
    """Let the lesson's first code cell, which holds `x = 12.5`, have drawn something."""
    path = root / "lessons" / f"{stem}.ipynb"
    book = nbformat.read(path, as_version=4)
    data = {"image/png": base64.b64encode(image).decode(), "text/plain": "a figure"}
    book.cells[1].outputs.append(nbformat.v4.new_output("display_data", data=data))
    nbformat.write(book, path)


def with_figures(root: Path) -> None:
    path = root / "solutions" / "map.txt"
    text = path.read_text(encoding="utf-8").replace("Part 2 · Two\n", "Part 2 · Two\nfigure | 02 | x = 12 | A wave\n")
    path.write_text(text.replace("Part 1", "figure | 01 | 12.5 | A cloud\nPart 1"), encoding="utf-8")


def test_a_figure_of_the_readme_is_what_the_lesson_drew(made_course):
    draw(made_course, "01_first", PNG)
    draw(made_course, "02_second", PNG + b"2")
    with_figures(made_course)
    assert set(maps.stale(made_course)) == {"README.md", "lessons/figures/first.png", "lessons/figures/second.png"}
    maps.write(made_course)
    assert not maps.stale(made_course)
    assert (made_course / "lessons" / "figures" / "second.png").read_bytes() == PNG + b"2"
    row = '| | **Part 2 · Two**<br><img src="lessons/figures/second.png" alt="A wave" width="440"> | *A wave* |\n'
    assert row in (made_course / "README.md").read_text(encoding="utf-8")
    assert "| | **Part 2 · Two** | |\n" in (made_course / "lessons" / "README.md").read_text(encoding="utf-8")
    (made_course / "lessons" / "figures" / "first.png").write_bytes(b"another")
    assert set(maps.stale(made_course)) == {"lessons/figures/first.png"}


def test_a_figure_moves_with_its_lesson(made_course, monkeypatch):
    monkeypatch.chdir(made_course)
    draw(made_course, "01_first", PNG)
    draw(made_course, "02_second", PNG)
    with_figures(made_course)
    assert course.main(["build", "--renumber", "01=02", "02=01"]) == 0
    text = (made_course / "solutions" / "map.txt").read_text(encoding="utf-8")
    assert "figure | 02 | 12.5 | A cloud\nPart 1 · One\n01 | second" in text and "figure | 01 | x = 12 | A wave" in text
    assert [name for _, name in maps.figures(made_course)] == ["first.png", "second.png"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("figure | 01 | Moon | M", "no cell of lesson 01 that draws a figure holds 'Moon'"),
        ("figure | 09 | a | b", "lesson 09"),
    ],
)
def test_a_figure_that_is_not_there_is_told(made_course, line, says):
    with (made_course / "solutions" / "map.txt").open("a", encoding="utf-8") as out:
        out.write(line + "\n")
    with pytest.raises(course.CourseError, match=says):
        maps.stale(made_course)


def test_this_course_shows_one_figure_for_each_part_and_one_before_them():
    entries = maps.read(ROOT)
    shown = [figure.part for figure, _ in maps.figures(ROOT)]
    assert shown == ["", *dict.fromkeys(entry.part for entry in entries)]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for figure, name in maps.figures(ROOT):
        assert f"lessons/figures/{name}" in readme and figure.caption in readme


# ----------------------------------------------------------------------------------------------- where a lesson stands


def test_a_lesson_says_where_it_stands_and_what_comes_next(made_course):
    first, second = (
        nbformat.read(made_course / "lessons" / f"{stem}.ipynb", as_version=4) for stem in ("01_first", "02_second")
    )
    assert first.cells[0].source.startswith("# 01 · Title")
    assert (
        "\n\nPart 1 · One · [02 →](02_second.ipynb)\n\n**Next:** [02 · Second](02_second.ipynb). How?"
        in first.cells[0].source
    )
    assert second.cells[0].source.endswith("\n\nPart 1 · One · [← 01](01_first.ipynb)")  # the third is in preparation
    assert maps.place(made_course, "07_unknown") == ("", "")


def test_who_stays_gets_new_neighbours(made_course, monkeypatch):
    monkeypatch.chdir(made_course)
    assert course.main(["build", "--renumber", "02=04"]) == 0
    stays = nbformat.read(made_course / "lessons" / "01_first.ipynb", as_version=4)
    assert "[04 →](04_second.ipynb)" in stays.cells[0].source
    assert stays.cells[1].outputs[0].text == "○ 01.1 not attempted yet; measured 01.1\n"
    assert not build.stale(made_course)
