"""Decks and the site, made offline: what becomes a slide, which files lie beside it, and that Sphinx has nothing to say."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from lstmkit import course
from lstmkit.course import CourseError, maps, offline, slides

ROOT = Path(__file__).parents[1]
LESSONS = sorted((ROOT / "lessons").glob("[0-9][0-9]_*.ipynb"))
LOADS = re.compile(r"""<(?:script|link|img)[^>]+(?:src|href)=["'](https?:)?//""")


def kinds(deck):
    return [cell.metadata.slideshow.slide_type for cell in deck.cells]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_deck_shows_questions_figures_and_verdicts_and_gives_nothing_away(path):
    lesson = nbformat.read(path, as_version=4)
    deck = slides.deck(lesson)
    nbformat.validate(deck)
    prose = [cell.source for cell in deck.cells if cell.cell_type == "markdown"]
    text = "\n".join(prose)
    assert kinds(deck)[0] == "slide" and text.startswith("# ")
    headings = re.findall(
        r"^## .+", "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown"), re.M
    )
    assert [heading for heading in headings if slides.LINK.sub(r"](\1.html", heading) not in text] == []
    assert kinds(deck).count("slide") >= len(headings), "each heading begins a slide"
    assert "<details>" not in text and "Fuller hint" not in text
    for cell in deck.cells:
        if cell.cell_type == "code":
            figure = any("image/png" in out.get("data", {}) for out in cell.outputs)
            assert not (figure and cell.source), "the room predicts between a cell's code and its figure"
    figures = sum("image/png" in out.get("data", {}) for cell in lesson.cells for out in cell.get("outputs", []))
    assert sum("image/png" in out.get("data", {}) for cell in deck.cells for out in cell.get("outputs", [])) == figures
    asked = sum(cell.source.count("**Before you run") for cell in lesson.cells if cell.cell_type == "markdown")
    assert text.count("**Before you run") == asked
    shown = sum(
        "✓" in out.get("text", "")
        for cell in lesson.cells
        if "claim" in cell.metadata.get("tags", [])
        for out in cell.outputs
    )
    assert (
        sum("✓" in out.get("text", "") for cell in deck.cells for out in cell.get("outputs", []) if not cell.source)
        == shown
    )


def test_prose_is_cut_between_paragraphs_and_never_inside_a_formula():
    text = (
        "## A\n\nword " + "word " * 80 + "\n\n$$\na\n\nb\n$$\n\nlast " + "word " * 30 + "\n\n**Before you run:** how?"
    )
    parts = slides._parts(text)
    assert [kind for _, kind in parts] == ["slide", "subslide", "subslide"]
    assert (
        parts[0][0].startswith("## A\n\nword")
        and "$$\na\n\nb\n$$" in parts[0][0] + parts[1][0]
        and parts[-1][0].startswith("**Before")
    )
    assert slides._parts("<details><summary>Hint</summary>\n\nno\n\n</details>") == []


def test_tags_of_the_source_overrule():
    hidden = nbformat.v4.new_code_cell("x = 1", metadata={"tags": ["skip-slide"]})
    begins = nbformat.v4.new_code_cell("y = 2", metadata={"tags": ["slide"]})
    first = [nbformat.v4.new_markdown_cell("# 01"), nbformat.v4.new_code_cell("import torch")]
    deck = slides.deck(nbformat.v4.new_notebook(cells=[*first, hidden, begins]))
    assert [cell.source for cell in deck.cells] == ["# 01", "y = 2"] and kinds(deck) == ["slide", "slide"]


def test_a_deck_needs_no_network(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert course.main(["slides", "1", "22", "--to", str(tmp_path / "decks")]) == 0
    assert capsys.readouterr().out.count(".html") == 2
    for name in ("01_recurrence.html", "22_output_gradients.html"):
        text = (tmp_path / "decks" / name).read_text(encoding="utf-8")
        assert not LOADS.search(text)
        for needed in re.findall(r'(?:src|href)="((?:reveal|mathjax)[^"]+)"', text):
            assert (tmp_path / "decks" / needed).exists(), needed
        assert ".ipynb" not in re.sub(r"<pre.*?</pre>", "", text, flags=re.S)
    assert course.main(["slides", "99", "--to", str(tmp_path)]) == 1 and "no lesson 99" in capsys.readouterr().err


def test_what_is_missing_is_told_with_its_cure(monkeypatch):
    monkeypatch.setattr(offline.metadata, "files", lambda package: [])
    with pytest.raises(
        CourseError, match=r"sphinx-mathjax-offline .* holds no .*tex-svg-full.js: pip install .*\[book\]"
    ):
        offline.mathjax()

    def gone(package):
        raise offline.metadata.PackageNotFoundError

    monkeypatch.setattr(offline.metadata, "files", gone)
    with pytest.raises(CourseError, match=r"^sphinx-revealjs is missing: pip install 'lstmkit\[book\]'$"):
        offline.reveal()


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_needs_no_network(tmp_path, monkeypatch, capfd):
    """All lessons' pages, syllabus and glossary, reference; nothing is executed and nothing loaded from elsewhere."""
    monkeypatch.chdir(ROOT)
    assert course.main(["book", "--to", str(tmp_path / "site")]) == 0, capfd.readouterr().err[-2000:]
    site = tmp_path / "site"
    pages = {path.stem for path in (site / "lessons").glob("*.html")}
    assert pages == {path.stem for path in LESSONS} | {"README"}
    for path in site.rglob("*.html"):
        assert not LOADS.search(path.read_text(encoding="utf-8")), path
    index = (site / "index.html").read_text(encoding="utf-8")
    assert all(
        part in index for part in {entry.part.replace("·", "·") for entry in maps.read(ROOT) if entry.stem in pages}
    )
    reference = (site / "reference" / "gradients.html").read_text(encoding="utf-8")
    for name in ("sequence_jacobian", "one_to_many_jacobian", "transition_jacobian", "audit"):
        assert f'id="lstmkit.gradients.{name}"' in reference
    assert (
        "searchindex.js" in {path.name for path in site.iterdir()}
        and (site / "_static" / "mathjax.js").stat().st_size > 2e6
    )
    lesson = (site / "lessons" / "22_output_gradients.html").read_text(encoding="utf-8")
    assert "mathjax.js" in lesson and "<details" in lesson and "✓" in lesson
