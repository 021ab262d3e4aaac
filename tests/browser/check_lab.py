"""A learner's first hour, in a real browser: lessons 01 and 22 run, a wrong answer is told its mistake, a right one ✓, and progress agrees.

Then lesson 06's live figure: a slider is moved by keyboard, the picture follows, and the picture is what the saved notebook keeps.
"""

from __future__ import annotations

import subprocess
import sys
import time
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
# of a cell, by its number: was it run, how many pictures are among its outputs, the first of them
RAN = """at => { const cell = jupyterapp.shell.currentWidget.content.widgets[at].model;
    return cell.executionCount !== null && cell.executionState !== 'running'; }"""
OUTPUTS = (
    "jupyterapp.shell.currentWidget.content.widgets[at].model.outputs.toJSON().filter(out => out.data?.['image/png'])"
)
STILL, PICTURE = f"at => {OUTPUTS}.length", f"at => {OUTPUTS}[0].data['image/png']"


def main() -> None:
    with lab() as (course, address), page() as tab:
        for lesson, exercise in LESSONS.items():
            learn(tab, course, address, lesson, *exercise)
        took = play(tab, address, "06_lstm")
    print(
        "lessons 01 and 22 open, run, name a mistake, accept the right answer, and progress agrees; no teacher's tools, no pop-up"
    )
    print("a moved slider of lesson 06 answers within", ", ".join(f"{seconds:.2f}" for seconds in took), "s")


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
    save(tab)
    open_lesson(tab, address, lesson)
    assert f"✓ {id} passed" in outputs(tab), "what was saved is there after a reload"
    command = [sys.executable, "-m", "lstmkit.course", "progress"]
    table = subprocess.run(command, cwd=course, capture_output=True, text=True).stdout
    row = next(line for line in table.splitlines() if line.startswith(lesson))
    assert f"{id.split('.')[1]} ✓" in row, row


def play(tab: Page, address: str, lesson: str) -> list[float]:
    """Run the live figure of a lesson and what stands above it, and move its first slider by keyboard. Returns the seconds until each answer."""
    open_lesson(tab, address, lesson)
    at = activate(tab, "cell => cell.model.sharedModel.source.includes('plot.live(')")
    assert tab.evaluate(STILL, at) == 0, "a fresh lesson brings no output"
    tab.evaluate("() => jupyterapp.commands.execute('notebook:run-all-above')")
    tab.evaluate("() => jupyterapp.commands.execute('notebook:run-cell')")
    tab.wait_for_function(f"at => ({RAN})(at)", arg=at, timeout=120_000)
    activate(tab, "cell => cell.model.sharedModel.source.includes('plot.live(')")
    handle = tab.locator(".jp-Notebook-cell.jp-mod-active .noUi-handle").first
    expect(handle).to_be_visible(timeout=30_000)
    handle.focus()
    took, seen = [], {tab.evaluate(PICTURE, at)}
    for key in ["ArrowLeft"] * 5:
        before, begun = tab.evaluate(PICTURE, at), time.monotonic()
        tab.keyboard.press(key)
        tab.wait_for_function(
            f"([at, before]) => ({PICTURE})(at) !== before", arg=[at, before], polling=5, timeout=10_000
        )
        took.append(time.monotonic() - begun)
        seen.add(tab.evaluate(PICTURE, at))
    assert len(seen) == 6, "each move draws another picture"
    shot(tab, f"{lesson}-moved")
    last = tab.evaluate(PICTURE, at)
    save(tab)
    tab.evaluate(
        "() => jupyterapp.shell.currentWidget.sessionContext.shutdown()"
    )  # as on the next morning: the kernel is gone
    open_lesson(tab, address, lesson)
    assert tab.evaluate(STILL, at) == 1 and tab.evaluate(PICTURE, at) == last, (
        "the figure, as last drawn, is there after a reload"
    )
    activate(tab, "cell => cell.model.sharedModel.source.includes('plot.live(')")
    cell = tab.locator(".jp-Notebook-cell.jp-mod-active")
    expect(cell.locator(".jp-OutputArea img").first).to_be_visible(timeout=30_000)
    shot(tab, f"{lesson}-reloaded")
    told = cell.inner_text()
    assert "its sliders stand here" in told and "Error displaying widget" not in told, told
    return took


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


def save(tab: Page) -> None:
    tab.keyboard.press("Control+s")
    tab.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty", timeout=30_000)


def activate(tab: Page, which: str) -> int:
    """Make the first cell for which a JavaScript function says true the active one, and bring it onto the screen. Returns its number, from 0."""
    at = tab.evaluate(f"() => jupyterapp.shell.currentWidget.content.widgets.findIndex({which})")
    assert at >= 0, f"no cell such that {which}"
    tab.evaluate(
        "async at => { const book = jupyterapp.shell.currentWidget.content; book.activeCellIndex = at; await book.scrollToItem(at, 'center'); }",
        at,
    )
    return at


def wait_until_idle(tab: Page) -> None:
    tab.wait_for_timeout(500)
    done = """() => jupyterapp.shell.currentWidget.content.widgets.filter(cell => cell.model.type === 'code' && cell.model.sharedModel.source.trim())
        .every(cell => cell.model.executionCount !== null && cell.model.executionState !== 'running')
        && jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"""
    tab.wait_for_function(done, timeout=400_000)


def answer(tab: Page, begins: str, text: str) -> None:
    """Type an answer into the cell that begins so, run it and the check below it, as a person does."""
    at = activate(tab, f"cell => cell.model.sharedModel.source.startsWith({begins!r})")
    counts = "at => [at, at + 1].map(n => jupyterapp.shell.currentWidget.content.widgets[n].model.executionCount)"
    before = tab.evaluate(counts, at)
    editor = tab.locator(".jp-Notebook-cell.jp-mod-active .cm-content")
    editor.click()
    tab.keyboard.press("Control+a")
    tab.keyboard.press("Delete")
    tab.keyboard.insert_text(text)
    for cell, count in zip((at, at + 1), before, strict=True):
        tab.keyboard.press("Shift+Enter")
        again = f"([at, count]) => ({RAN})(at) && jupyterapp.shell.currentWidget.content.widgets[at].model.executionCount !== count"
        tab.wait_for_function(again, arg=[cell, count], timeout=120_000)


def a_folded_claim_opens(tab: Page) -> None:
    """A claim's source is hidden, and one click shows it."""
    activate(tab, "cell => (cell.model.getMetadata('tags') || []).includes('claim')")
    cell = tab.locator(".jp-Notebook-cell.jp-mod-active")
    expect(cell.locator(".cm-content")).to_have_count(0)
    cell.locator(".jp-Placeholder-content").first.click()
    expect(cell.locator(".cm-content")).to_be_visible()
    assert "claim(" in cell.inner_text()


if __name__ == "__main__":
    main()
