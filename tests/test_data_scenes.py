"""The scenes: split, composition, captions that say what stands in the picture, bad input."""

from __future__ import annotations

import pytest
import torch

from lstmkit.data.scenes import DIGITS, SIZE, WORDS, say, scenes, sources


def made(seed: int = 3, N: int = 400, **options):
    return scenes(N, generator=torch.Generator().manual_seed(seed), **options)


def relation(corners) -> set[str]:
    """What is true of the first named digit: which of left, right, above, below (clear of the other by a whole digit)."""
    down, across = (corners[1] - corners[0]).tolist()
    clear = {"left": across >= 8, "right": across <= -8, "above": down >= 8, "below": down <= -8}
    return {word for word, holds in clear.items() if holds}


def test_no_drawing_stands_in_both_parts_and_every_digit_in_each():
    (train, shown), (test, shown_in_test) = sources("train"), sources("test")
    assert len(train) + len(test) == 1797 and len(train) == 1797 * 4 // 5
    assert not {row.numpy().tobytes() for row in train} & {row.numpy().tobytes() for row in test}
    assert set(shown.tolist()) == set(shown_in_test.tolist()) == set(range(10))
    assert train.shape[1:] == (8, 8) and train.min() == 0 and train.max() == 1


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize("options", [{}, {"diagonal": 0.5}, {"larger_first": True, "diagonal": 0.3}])
def test_the_picture_holds_drawings_of_its_part_where_it_says(part, options):
    batch, (pieces, shown) = made(part=part, **options), sources(part)
    known = {row.numpy().tobytes(): int(digit) for row, digit in zip(pieces, shown, strict=True)}
    for picture, digits, corners in zip(batch.pictures, batch.digits, batch.corners, strict=True):
        left = picture.clone()
        for digit, (row, column) in zip(digits, corners.tolist(), strict=True):
            piece = picture[row : row + 8, column : column + 8]
            assert known[piece.contiguous().numpy().tobytes()] == digit
            left[row : row + 8, column : column + 8] = 0
        assert not left.any(), "ink outside the two digits"


@pytest.mark.parametrize("larger_first", [False, True])
@pytest.mark.parametrize("diagonal", [0.0, 0.4, 1.0])
def test_the_caption_is_true(larger_first, diagonal):
    batch = made(diagonal=diagonal, larger_first=larger_first)
    said = []
    for caption, digits, corners in zip(batch.captions, batch.digits, batch.corners, strict=True):
        first, how, *_, second = say(caption).split()
        said.append(how)
        assert (first, second) == tuple(DIGITS[k] for k in digits)
        assert how in relation(corners)
        assert larger_first or not {"right", "below"} & relation(corners)
        assert not larger_first or digits[0] >= digits[1]
        assert caption[0] == WORDS.index("<start>") and (caption == WORDS.index("<end>")).sum() == 1
        assert say(caption).count(" of") == (how in ("left", "right"))
    both = torch.tensor([len(relation(corners)) == 2 for corners in batch.corners]).float().mean()
    assert abs(both - diagonal) < 0.1
    expected = {"left", "above", "right", "below"} if larger_first else {"left", "above"}
    assert set(said) == expected and min(said.count(word) for word in expected) > 400 / len(expected) * 0.7


def test_every_position_is_used_and_a_batch_repeats_with_its_generator():
    a, b = made(N=4000), made(N=4000)
    assert torch.equal(a.pictures, b.pictures) and torch.equal(a.captions, b.captions)
    assert a.pictures.shape == (4000, SIZE, SIZE) and a.captions.shape == (4000, 6) and a.captions.dtype == torch.long
    assert set(a.corners.flatten().tolist()) == set(range(13))
    one = made(N=1)
    assert one.pictures.shape == (1, SIZE, SIZE) and one.corners.shape == (1, 2, 2)


def test_say_stops_at_the_end_and_signals_have_their_numbers():
    assert WORDS[:4] == ("<pad>", "<start>", "<end>", "<unknown>")  # as in lstmkit.models.seq2seq
    number = {word: k for k, word in enumerate(WORDS)}
    assert say([number[word] for word in ("<start>", "six", "above", "two", "<end>", "two")]) == "six above two"
    assert say([number["<end>"]]) == "" and say([]) == ""
    assert say(torch.tensor([number["six"], number["above"]])) == "six above"


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="part is 'dev'"):
        scenes(3, "dev")
    with pytest.raises(ValueError, match="N is 0"):
        scenes(0)
    with pytest.raises(ValueError, match="diagonal is 1.5"):
        scenes(3, diagonal=1.5)
