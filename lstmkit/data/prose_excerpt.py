"""How prose.txt was made, once: `python -m lstmkit.data.prose_excerpt prose.txt` under Python 3.11.7. Needs nothing else.

The reference that Python's own `help()` shows, `pydoc_data.topics`, is rewritten with every release of Python, so the course ships an excerpt of one of
them. Kept are the paragraphs that are prose: no tables, headings, grammar or code. Marks of layout are taken out, quotation marks made plain; a paragraph
is kept once. Topics are drawn by lot for the test and for the validation until each has its share, the others are the training text; a paragraph
of test or validation that has `WINDOW` characters in a row in common with another part is left out.
"""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

WINDOW = 40  # characters in a row that two parts may not share
SHARE = 24_000  # characters drawn for test and for validation
LARGEST = 11_000  # characters of the largest topic that may be drawn
PLAIN = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "—": "-", "–": "-"})
PROSE = re.compile(r"[A-Z\"][A-Za-z0-9 .,;:()'\"_*/=<>\[\]-]{38,}[.:]")


def paragraphs(topic: str) -> list[str]:
    """The paragraphs of a topic that are prose, each on one line."""
    kept = []
    for block in re.split(r"\n\s*\n", topic):
        lines = [line.strip() for line in block.strip().split("\n")]
        if any(line and not line.strip("=*-~^") for line in lines):  # a heading
            continue
        text = re.sub(r"^(\*|\d+\.) +", "", " ".join(lines))  # a list's mark
        text = re.sub(r"\s*\[\d+\]", "", text.translate(PLAIN).replace("…", "..."))  # a footnote's
        text = re.sub(r"\*\*?(\w[\w ()-]*)\*\*?", r"\1", text)  # emphasis
        text = re.sub(r"\s+", " ", text)
        letters = sum(character.isalpha() or character == " " for character in text)
        if PROSE.fullmatch(text) and letters > 0.85 * len(text) and '""' not in text:
            kept.append(text)
    return kept


def windows(texts: list[str]) -> set[str]:
    """Every run of WINDOW characters."""
    return {text[k : k + WINDOW] for text in texts for k in range(len(text) - WINDOW + 1)}


def main(path: str) -> None:
    from pydoc_data.topics import topics

    found, seen = {}, set()
    for name in sorted(topics):
        found[name] = [text for text in dict.fromkeys(paragraphs(topics[name])) if text not in seen]
        seen.update(found[name])
    sizes = {name: sum(map(len, texts)) for name, texts in found.items() if texts}
    lots = [name for name in sizes if sizes[name] <= LARGEST]
    random.Random(14).shuffle(lots)
    parts = {"test": [], "valid": []}
    for chosen in parts.values():
        while sum(sizes[name] for name in chosen) < SHARE:
            chosen.append(lots.pop())
    parts["train"] = [name for name in sizes if name not in parts["test"] + parts["valid"]]
    lines, taken = [], set()
    for part in ("train", "valid", "test"):
        fresh = set()
        for name in sorted(parts[part]):
            texts = [text for text in found[name] if not windows([text]) & taken]
            fresh |= windows(texts)
            lines += [f"# {part}: {name}", *texts] if texts else []
        taken |= fresh
    Path(path).write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1])
