"""Python's prose: the parts share nothing, numbers and characters belong together, a changed file is told, and the script makes the file again."""

from __future__ import annotations

import sys
from importlib.resources import files

import pytest
import torch

from lstmkit.data import prose as module
from lstmkit.data import prose_excerpt
from lstmkit.data.prose import CHARACTERS, decode, encode, prose, topics

PARTS = ("train", "valid", "test")
TEXTS = {part: prose(part) for part in PARTS}


def windows(text: str, size: int) -> set[str]:
    """Every run of `size` characters within a paragraph."""
    return {line[k : k + size] for line in text.splitlines() for k in range(len(line) - size + 1)}


def test_the_parts_are_whole_paragraphs_of_the_size_that_is_promised():
    sizes = {part: len(text) for part, text in TEXTS.items()}
    assert 200_000 < sum(sizes.values()) < 300_000
    assert sizes["train"] > 6 * sizes["valid"] and min(sizes.values()) > 20_000
    for text in TEXTS.values():
        paragraphs = text.splitlines()
        assert text.endswith("\n") and all(len(one) >= 40 and one[-1] in ".:" for one in paragraphs)
        assert not any(mark in text for mark in ("``", "  ", "# "))


def test_no_topic_no_paragraph_and_no_phrase_belongs_to_two_parts():
    everything = [line for text in TEXTS.values() for line in text.splitlines()]
    assert len(everything) == len(set(everything))
    for part, other in (("train", "valid"), ("train", "test"), ("valid", "test")):
        assert not set(topics(part)) & set(topics(other))
        assert not windows(TEXTS[part], 40) & windows(TEXTS[other], 40)
        assert windows(TEXTS[part], 20) & windows(TEXTS[other], 20)  # the same manner of speaking, after all


def test_numbers_and_characters_belong_together():
    assert "".join(sorted(set("".join(TEXTS.values())))) == CHARACTERS
    assert set(TEXTS["train"]) == set(CHARACTERS)  # nothing in the other parts is unknown
    numbers = encode(TEXTS["test"])
    assert numbers.dtype == torch.long and numbers.shape == (len(TEXTS["test"]),)
    assert decode(numbers) == TEXTS["test"] and decode(numbers.tolist()) == TEXTS["test"]
    assert encode("").shape == (0,) and decode([]) == ""


def test_bad_input_is_told_in_one_line():
    with pytest.raises(ValueError, match="expected train, valid, test"):
        prose("training")
    with pytest.raises(ValueError, match="'é' is not among the 81 characters"):
        encode("café")
    for wrong in (-1, len(CHARACTERS)):
        with pytest.raises(ValueError, match=f"{wrong} is the number of no character"):
            decode([0, wrong])


def test_another_file_is_told_by_its_fingerprint(monkeypatch):
    monkeypatch.setattr(module, "_FINGERPRINT", "0123456789abcdef")
    module._read.cache_clear()
    with pytest.raises(RuntimeError, match="^prose.txt has the fingerprint [0-9a-f]{16}, not 0123456789abcdef: "):
        prose("test")
    monkeypatch.undo()
    assert prose("test") == TEXTS["test"]


def test_the_licence_lies_beside_the_text():
    licence = files("lstmkit.data").joinpath("prose_license.txt").read_text(encoding="utf-8")
    assert "PSF-2.0" in licence and "Python Software Foundation; All Rights Reserved" in licence


def test_the_script_takes_prose_and_leaves_the_rest():
    topic = (
        'Heading\n*******\n\n* The "*args*" form is **kept**,\n  as it is [1].\n\n   x = 1\n   y = f(x)\n\nToo short.\n'
    )
    assert prose_excerpt.paragraphs(topic) == []
    assert prose_excerpt.paragraphs("The *first* form of it\nis kept [1], the “rest” as well.") == [
        'The first form of it is kept, the "rest" as well.'
    ]


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info[:3] != (3, 11, 7), reason="another Python has another reference")
def test_the_script_makes_the_file_again(tmp_path):
    prose_excerpt.main(str(tmp_path / "prose.txt"))
    assert (tmp_path / "prose.txt").read_bytes() == files("lstmkit.data").joinpath("prose.txt").read_bytes()
