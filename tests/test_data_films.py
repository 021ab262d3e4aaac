"""The films: paths by the rules, views that add up, frames that show what they say, captions, split, bad input."""

from __future__ import annotations

import pytest
import torch

from lstmkit.data import films as module
from lstmkit.data.films import ACTIONS, BLANK, DIRECTIONS, SIZE, STEPS, WORDS, films, paths, say, views
from lstmkit.data.scenes import DIGITS, sources

MOVES = {"right": (0, 1), "down": (1, 0), "left": (0, -1), "up": (-1, 0)}
OPPOSITE = {"right": "left", "left": "right", "up": "down", "down": "up"}
BATCH = films(300, generator=torch.Generator().manual_seed(5))


def test_every_path_moves_one_pixel_a_frame_and_turns_back_at_most_once():
    seen = set()
    for corners, directions, action in zip(*paths()[:3], strict=True):
        words = [DIRECTIONS[k] for k in directions]
        way, *back = ACTIONS[int(action)].split(" and ")
        turn = words.index(OPPOSITE[way]) if back else STEPS
        assert words == [way] * turn + [OPPOSITE[way]] * (STEPS - turn) and turn in ((3, 4, 5) if back else (STEPS,))
        moved = (corners[1:] - corners[:-1]).tolist()
        assert [tuple(step) for step in moved] == [MOVES[word] for word in words[1:]]
        assert corners.min() >= 0 and corners.max() <= SIZE - 8
        seen.add((ACTIONS[int(action)], turn))
    assert len(seen) == 4 + 4 * 3


def test_the_probabilities_are_those_of_the_rules():
    every = paths()
    assert every.p.dtype == torch.float64 and torch.isclose(every.p.sum(), torch.tensor(1.0).double())
    for action in range(8):
        rows = every.actions == action
        assert torch.isclose(every.p[rows].sum(), torch.tensor(1 / 8).double())
        turns = (every.directions[rows] == action % 4).sum(1)
        shares = [float(every.p[rows][turns == turn].sum()) for turn in turns.unique()]
        assert shares == pytest.approx([1 / 8 / len(shares)] * len(shares))
    assert len(torch.unique(torch.cat([every.corners.flatten(1), every.directions], 1), dim=0)) == len(every.p)


def test_views_are_all_patterns_of_blanks_on_all_paths():
    world, every = views(), paths()
    assert torch.isclose(world.p.sum(), torch.tensor(1.0).double()) and len(world.p) == len(every.p) * 2**STEPS
    shown = (world.places > 0).double()
    assert torch.isclose((world.p[:, None] * shown).sum() / STEPS, torch.tensor(1 - BLANK).double())
    assert world.places.min() == 0 and world.places.max() == 169
    whole = world.places[(world.places > 0).all(1)]
    assert torch.equal(whole, 1 + 13 * every.corners[..., 0] + every.corners[..., 1])
    action = (world.p[None] * (world.actions == torch.arange(8)[:, None])).sum(1)
    assert torch.allclose(action, torch.full((8,), 1 / 8).double())


def ceiling(seen, answers, p):
    """Another way to the best possible share: a dictionary."""
    table: dict = {}
    for key, answer, chance in zip(seen, answers.tolist(), p.tolist(), strict=True):
        table.setdefault(key, {}).setdefault(answer, []).append(chance)
    return sum(max(sum(chances) for chances in row.values()) for row in table.values())


def test_the_best_with_one_frame_and_with_two_as_counted_on_the_paths():
    """What the lesson computes from `views`, here from `paths` and the share of blank frames alone."""
    every = paths()
    place = 1 + 13 * every.corners[..., 0] + every.corners[..., 1]
    none = torch.full_like(place[:, :1], 999)
    one, two = [], []
    for now, share in ((place, 1 - BLANK), (place * 0, BLANK)):
        one.append((now.flatten(), share))
        for old, chance in ((place, 1 - BLANK), (place * 0, BLANK)):
            two.append(((now + 1000 * torch.cat([none, old[:, :-1]], 1)).flatten(), share * chance))
    p = (every.p[:, None] / STEPS).expand(-1, STEPS).flatten()
    for parts, expected in ((one, 0.3041), (two, 0.6247)):
        seen = torch.cat([codes for codes, _ in parts]).tolist()
        chances = torch.cat([p * share for _, share in parts])
        answers = every.directions.flatten().repeat(len(parts))
        assert ceiling(seen, answers, chances) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_frame_shows_the_drawing_where_it_says_or_nothing(part):
    batch = films(60, part, generator=torch.Generator().manual_seed(6))
    drawings, digits = sources(part)
    known = {row.numpy().tobytes(): int(digit) for row, digit in zip(drawings, digits, strict=True)}
    assert batch.frames.shape == (60, STEPS, SIZE, SIZE) and batch.frames.min() == 0 and batch.frames.max() == 1
    for n in range(60):
        found = set()
        for t in range(STEPS):
            frame, (row, column) = batch.frames[n, t].clone(), batch.corners[n, t].tolist()
            piece = frame[row : row + 8, column : column + 8].clone()
            frame[row : row + 8, column : column + 8] = 0
            assert not frame.any() and bool(piece.any()) == bool(batch.shown[n, t])
            if batch.shown[n, t]:
                found.add(piece.contiguous().numpy().tobytes())
        assert len(found) <= 1 and all(known[one] == batch.digits[n] for one in found)


def test_the_caption_says_the_digit_and_the_action():
    for caption, digit, action in zip(BATCH.captions, BATCH.digits, BATCH.actions, strict=True):
        assert say(caption) == f"{DIGITS[int(digit)]} moves {ACTIONS[int(action)]}"
        assert caption[0] == WORDS.index("<start>") and (caption == WORDS.index("<end>")).sum() == 1
        words = caption.tolist()
        assert not any(words[words.index(WORDS.index("<end>")) + 1 :])
    assert BATCH.captions.shape == (300, 7) and BATCH.captions.dtype == torch.long
    assert WORDS[:4] == ("<pad>", "<start>", "<end>", "<unknown>")
    assert say([]) == "" and say([WORDS.index("<end>"), 5]) == ""


def test_all_actions_and_digits_occur_and_the_share_of_blank_frames_is_right():
    assert set(BATCH.actions.tolist()) == set(range(8)) and set(BATCH.digits.tolist()) == set(range(10))
    assert abs((~BATCH.shown).float().mean() - BLANK) < 0.04
    assert films(20, blank=0.0).shown.all() and not films(20, blank=1.0).frames.any()


def test_the_same_generator_draws_the_same_films():
    a, b = (films(40, "test", generator=torch.Generator().manual_seed(9)) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(a, b, strict=True))
    other = films(40, "test", generator=torch.Generator().manual_seed(10))
    assert not torch.equal(a.frames, other.frames)
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    films(5, generator=torch.Generator().manual_seed(1))
    assert torch.equal(torch.rand(3), expected)


def test_bad_input_and_changed_drawings_are_told(monkeypatch):
    with pytest.raises(ValueError, match="part is 'dev'"):
        films(3, "dev")
    with pytest.raises(ValueError, match="N is 0"):
        films(0)
    with pytest.raises(ValueError, match="blank is 1.5"):
        films(3, blank=1.5)
    module._drawings.cache_clear()
    monkeypatch.setattr(module, "sources", lambda part: (sources(part)[0] * 0.5, sources(part)[1]))
    with pytest.raises(RuntimeError, match="digits have changed: 280859 sixteenths of ink, 561718 expected"):
        films(3)
    module._drawings.cache_clear()
