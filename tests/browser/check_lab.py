"""A learner's first hour, in a real browser: lessons 01 and 22 run, a wrong answer is told its mistake, a right one ✓, and progress agrees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.rig import lab, page, shot

# lesson: exercise, its cell begins with, a wrong answer, the diagnosis, the right one
LESSONS = {
    "01_recurrence": ("01.1", "floor = ...", "floor = 0.693147", "✗ 01.1", "floor = 0.34657359"),
    "22_output_gradients": (
        "22.1",
        "largest = ",
        'largest = {"amplitude": 0, "frequency": 19, "frequency, no damping": 40}',
        "you count the steps from 0",
        'largest = {"amplitude": 1, "frequency": 20, "frequency, no damping": 40}',
    ),
}


def main() -> None:
    with lab() as (course, address), page() as tab:
        for lesson, exercise in LESSONS.items():
            learn(tab, course, address, lesson, *exercise)
    print(
        "lessons 01 and 22 open, run, name a mistake, accept the right answer, and progress agrees; no teacher's tools, no pop-up"
    )


def learn(
    tab: Page, course: Path, address: str, lesson: str, id: str, begins: str, wrong: str, told: str, right: str
) -> None:
    open_lesson(tab, address, lesson)
    nothing_of_a_teacher_s(tab)
    tab.get_by_text("Run", exact=True).first.click()
    tab.get_by_text("Run All Cells", exact=True).click()
    wait_until_idle(tab)
    assert f"○ {id} not attempted yet: the lesson goes on with the reference" in outputs(tab)
    assert "✗" not in outputs(tab)
    shot(tab, f"{lesson}-ran")

    answer(tab, begins, wrong)
    said = outputs(tab)
    assert told in said and f"✗ {id}" in said, [line for line in said.splitlines() if id in line]
    shot(tab, f"{lesson}-wrong")
    answer(tab, wrong, right)
    assert f"✓ {id} passed" in outputs(tab)
    shot(tab, f"{lesson}-right")

    a_folded_claim_opens(tab)
    tab.keyboard.press("Control+s")
    tab.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty", timeout=30_000)
    open_lesson(tab, address, lesson)
    assert f"✓ {id} passed" in outputs(tab), "what was saved is there after a reload"
    command = [sys.executable, "-m", "lstmkit.course", "progress"]
    table = subprocess.run(command, cwd=course, capture_output=True, text=True).stdout
    row = next(line for line in table.splitlines() if line.startswith(lesson))
    assert f"{id.split('.')[1]} ✓" in row, row


def open_lesson(tab: Page, address: str, lesson: str) -> None:
    tab.goto(f"{address}/lab/tree/work/{lesson}.ipynb?token=course&reset")
    number = lesson[:2]
    expect(tab.get_by_role("heading", name=f"{number} · ").first).to_be_visible(timeout=90_000)
    tab.wait_for_function(
        "jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'", timeout=90_000
    )


def nothing_of_a_teacher_s(tab: Page) -> None:
    tab.wait_for_timeout(1500)
    for words in ("Nbgrader", "Validate", "Create Assignment", "Would you like to get notified", "Jupyter news"):
        assert tab.get_by_text(words).count() == 0, f"{words!r} is on a learner's screen"


def outputs(tab: Page) -> str:
    """All text that the notebook's cells show; from the model, for JupyterLab draws only what is on the screen."""
    return tab.evaluate(
        """() => jupyterapp.shell.currentWidget.content.widgets.filter(cell => cell.model.type === 'code')
        .flatMap(cell => cell.model.outputs.toJSON().map(out => [out.text].flat().join('') )).join('\\n')"""
    )


def wait_until_idle(tab: Page) -> None:
    tab.wait_for_timeout(500)
    done = """() => jupyterapp.shell.currentWidget.content.widgets.filter(cell => cell.model.type === 'code' && cell.model.sharedModel.source.trim())
        .every(cell => cell.model.executionCount !== null && cell.model.executionState !== 'running')
        && jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"""
    tab.wait_for_function(done, timeout=400_000)


def answer(tab: Page, begins: str, text: str) -> None:
    """Type an answer into the cell that begins so, run it and the check below it, as a person does."""
    find = "begins => jupyterapp.shell.currentWidget.content.widgets.findIndex(cell => cell.model.sharedModel.source.startsWith(begins))"
    at = tab.evaluate(find, begins)
    assert at >= 0, f"no cell begins with {begins!r}"
    tab.evaluate(
        """async at => { const book = jupyterapp.shell.currentWidget.content; book.activeCellIndex = at; await book.scrollToItem(at, 'center'); }""",
        at,
    )
    editor = tab.locator(".jp-Notebook-cell.jp-mod-active .cm-content")
    editor.click()
    tab.keyboard.press("Control+a")
    tab.keyboard.press("Delete")
    tab.keyboard.insert_text(text)
    tab.keyboard.press("Shift+Enter")
    tab.wait_for_timeout(300)
    tab.keyboard.press("Shift+Enter")
    tab.wait_for_timeout(500)
    tab.wait_for_function(
        "jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'", timeout=60_000
    )


def a_folded_claim_opens(tab: Page) -> None:
    """A claim's source is hidden, and one click shows it."""
    at = tab.evaluate(
        "() => jupyterapp.shell.currentWidget.content.widgets.findIndex(cell => (cell.model.getMetadata('tags') || []).includes('claim'))"
    )
    tab.evaluate(
        "async at => { const book = jupyterapp.shell.currentWidget.content; book.activeCellIndex = at; await book.scrollToItem(at, 'center'); }",
        at,
    )
    cell = tab.locator(".jp-Notebook-cell.jp-mod-active")
    expect(cell.locator(".cm-content")).to_have_count(0)
    cell.locator(".jp-Placeholder-content").first.click()
    expect(cell.locator(".cm-content")).to_be_visible()
    assert "claim(" in cell.inner_text()


if __name__ == "__main__":
    main()
