"""The site and the decks, read without any network: formulas, search, phone width, dark mode; no slide overflows."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.rig import ROOT, page, shot

PATIENCE = 120_000  # ms for anything that is waited for; the wait ends as soon as it is there
SMALLEST = 0.55  # how much smaller than meant a slide may be drawn before it cannot be read from the last row


def main() -> None:
    expect.set_options(timeout=PATIENCE)
    with tempfile.TemporaryDirectory() as folder:
        lstmkit("book", "--to", f"{folder}/site")
        with page(offline=True) as tab:
            the_site(tab, Path(folder) / "site")
        lessons = sys.argv[1:] or [path.stem[:2] for path in sorted((ROOT / "lessons").glob("*.ipynb"))]
        lstmkit("slides", *lessons, "--to", f"{folder}/decks")
        decks = sorted((Path(folder) / "decks").glob("*.html"))
        with page({"width": 1280, "height": 720}, offline=True) as tab:
            found = [a_deck(tab, path) for path in decks]
        slides, troubles = sum(count for count, _ in found), [line for _, lines in found for line in lines]
        assert not troubles, "\n".join(troubles)
    print(f"the site is read without a network; {slides} slides of {len(decks)} decks fit 1280×720")


def lstmkit(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lstmkit.course", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]


def the_site(tab: Page, site: Path) -> None:
    tab.set_default_timeout(PATIENCE)
    tab.goto(f"file://{site}/lessons/22_output_gradients.html")
    expect(tab.get_by_role("heading", name="22 · Output gradients").first).to_be_visible()
    formula = tab.locator('mjx-container[display="true"] svg').first
    expect(formula).to_be_visible()
    assert formula.bounding_box()["width"] > 60
    assert not tab.locator("mjx-merror").count(), "a formula that MathJax does not understand"
    folded = tab.locator("div.cell.tag_claim details").first
    expect(folded.locator("summary")).to_be_visible()
    expect(folded.get_by_text("claim(").first).not_to_be_visible()
    folded.locator("summary").click()
    expect(folded.get_by_text("claim(").first).to_be_visible()
    shot(tab, "book-lesson-22")
    tab.locator("main").get_by_role("link", name="lesson 23").first.click()
    expect(tab.get_by_role("heading", name="23 · Gradient paths").first).to_be_visible()

    tab.goto(f"file://{site}/reference/gradients.html#lstmkit.gradients.one_to_many_jacobian")
    signature = tab.locator("dt[id='lstmkit.gradients.one_to_many_jacobian']")
    expect(signature).to_contain_text("feedback")
    expect(signature.locator("xpath=following-sibling::dd")).to_contain_text("∂y_t/∂z for every output step t")
    shot(tab, "book-reference")

    tab.goto(f"file://{site}/search.html?q=teacher+forcing")
    expect(tab.locator("#search-results li").first).to_be_visible()
    shot(tab, "book-search")
    tab.emulate_media(color_scheme="dark")
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.goto(f"file://{site}/lessons/06_lstm.html")
    expect(tab.get_by_role("heading", name="06 · LSTM").first).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 391, "a phone scrolls sideways"
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") not in (
        "rgb(255, 255, 255)",
        "rgba(0, 0, 0, 0)",
    )
    shot(tab, "book-phone-dark")
    tab.emulate_media(color_scheme="light")


def a_deck(tab: Page, path: Path) -> tuple[int, list[str]]:
    """Walk through a deck; returns how many slides it has, and what is wrong with them."""
    troubles = []
    tab.set_default_timeout(PATIENCE)
    tab.goto(f"file://{path}")
    tab.wait_for_function("document.body.dataset.ready === 'yes'")
    count = tab.evaluate("deck.getTotalSlides()")
    for number in range(count):
        box = tab.evaluate(
            """() => { const slide = deck.getCurrentSlide(), box = slide.querySelector('.fitted').getBoundingClientRect();
            return {bottom: box.bottom, right: box.right, scale: +slide.dataset.scale, wide: slide.querySelector('.fitted').scrollWidth,
                    is: slide.querySelector('.fitted').clientWidth, text: slide.innerText.slice(0, 60)}; }"""
        )
        where = f"{path.stem}, slide {number + 1} ({box['text']!r})"
        cut = box["bottom"] > 720.5 or box["right"] > 1280.5 or box["wide"] > box["is"] + 1
        if cut or box["scale"] < SMALLEST:
            how = "overflows" if cut else f"is drawn at {box['scale']} of its size"
            troubles.append(f"{where} {how}: cut the cell")
            shot(tab, f"{path.stem}-{number + 1}")
        if number in (0, 7):
            shot(tab, f"{path.stem}-{number + 1}")
        tab.evaluate("deck.next()")
    if tab.locator("mjx-merror").count():
        troubles.append(f"{path.stem}: a formula that MathJax does not understand")
    return count, troubles


if __name__ == "__main__":
    main()
