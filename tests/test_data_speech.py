"""The spoken digits: the file and its fingerprint, families in one part alone, recordings that are what their table says, bad input."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from lstmkit.data import speech
from lstmkit.data.speech import DIGITS, PARTS, RATE, SAMPLES, recordings, say, voices
from lstmkit.runtime import generator

MADE = recordings(60, "train", generator(5))


def test_the_file_is_small_and_holds_no_pickle():
    assert speech.FILE.stat().st_size < 3e6
    assert (speech.FILE.parent / "README.md").exists() and (speech.FILE.parent / "make.py").exists()
    with np.load(speech.FILE, allow_pickle=False) as file:
        assert file["sizes"].shape == (99, 10) and file["sizes"].sum() == len(file["sounds"])


def test_no_family_belongs_to_two_parts():
    families = {part: {voice.family for voice in voices(part)} for part in PARTS}
    assert not families["train"] & families["test"] and families["whisper"] == {"whisper", "whisperf"}
    assert [len(voices(part)) for part in PARTS] == [78, 19, 2]
    assert [len(families[part]) for part in ("train", "test")] == [27, 14]
    names = [voice.name.split()[0] for part in PARTS for voice in voices(part)]
    assert len(set(names)) == 99  # each variant speaks once


def test_every_voice_says_every_digit_about_equally_loud():
    for part in PARTS:
        for voice in voices(part):
            for digit in range(10):
                sound = say(digit, voice.number)
                assert 0.1 < len(sound) / RATE < 1 and sound.abs().max() <= 1
                assert 0.07 < sound.square().mean().sqrt() < 0.12


def test_mu_law_is_read_as_it_was_written():
    from lstmkit.data.speech_digits.make import mu_law

    levels = torch.arange(256)
    bent = levels.double() / 127.5 - 1
    assert mu_law((bent.sign() * (256 ** bent.abs() - 1) / 255).numpy()).tolist() == levels.tolist()


def test_recordings_have_the_shapes_and_the_padding_that_they_promise():
    assert MADE.sounds.shape == (60, SAMPLES) and MADE.sounds.abs().max() <= 1
    assert MADE.digits.shape == MADE.starts.shape == MADE.stops.shape == (60, 5)
    assert MADE.lengths.min() == 2 and MADE.lengths.max() == 5
    inside = torch.arange(5) < MADE.lengths[:, None]
    assert torch.equal(MADE.digits >= 0, inside) and torch.equal(MADE.starts.isnan(), ~inside)
    assert torch.equal(MADE.stops.isnan(), ~inside) and MADE.digits.max() == len(DIGITS) - 1
    family = {voice.number: voice.family for voice in voices("train")}
    assert MADE.families == [family[number] for number in MADE.voices.tolist()]


def test_digits_stand_one_behind_the_other_with_short_pauses_inside_the_recording():
    for n, length in enumerate(MADE.lengths.tolist()):
        starts, stops = MADE.starts[n, :length], MADE.stops[n, :length]
        pauses = starts[1:] - stops[:-1]
        assert starts[0] >= 0 and stops[-1] <= SAMPLES / RATE and (starts < stops).all()
        assert (pauses > -1e-4).all() and (pauses < 0.2).all()


def test_the_sound_between_start_and_stop_is_that_digit_of_that_voice():
    for n in range(20):
        for k in range(int(MADE.lengths[n])):
            first, last = (MADE.starts[n, k] * RATE).round().int(), (MADE.stops[n, k] * RATE).round().int()
            piece = MADE.sounds[n, first:last]
            likeness = []
            for digit in range(10):
                said = say(digit, int(MADE.voices[n]))
                said = torch.nn.functional.interpolate(said[None, None], size=len(piece), mode="linear")[0, 0]
                likeness.append(torch.nn.functional.cosine_similarity(piece, said, dim=0))
            assert int(torch.stack(likeness).argmax()) == MADE.digits[n, k] and max(likeness) > 0.9


def test_outside_the_digits_there_is_noise_and_little_of_it():
    for n in range(20):
        quiet = MADE.sounds[n, : int(MADE.starts[n, 0] * RATE)]
        loud = MADE.sounds[n].abs().max()
        if len(quiet) > 400:
            assert 0 < quiet.std() < 0.1 * loud


def test_the_same_seed_composes_the_same_and_nothing_else_is_drawn_from():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    again = recordings(60, "train", generator(5))
    assert torch.equal(before, torch.get_rng_state())
    assert again.families == MADE.families and all(
        torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(again[:-1], MADE[:-1], strict=True)
    )
    assert not torch.equal(recordings(60, "train", generator(6)).digits, MADE.digits)


def test_a_damaged_or_missing_file_is_told_in_one_line(tmp_path, monkeypatch):
    damaged = tmp_path / "digits.npz"
    shutil.copy(speech.FILE, damaged)
    with damaged.open("r+b") as file:
        file.seek(1000)
        file.write(b"\0\1\2\3")
    speech._spoken.cache_clear()
    monkeypatch.setattr(speech, "FILE", damaged)
    with pytest.raises(RuntimeError, match="not as the course made it") as told:
        say(0, 0)
    assert "\n" not in str(told.value)
    monkeypatch.setattr(speech, "FILE", tmp_path / "none.npz")
    with pytest.raises(RuntimeError, match="missing"):
        say(0, 0)
    speech._spoken.cache_clear()


def test_what_is_said_cannot_be_changed_from_outside():
    say(3, 0).zero_()
    assert say(3, 0).abs().max() > 0


def test_bad_input_is_told_in_one_line():
    with pytest.raises(ValueError, match="expected train, test, whisper"):
        recordings(3, "validation")
    with pytest.raises((ValueError, TypeError), match="N"):
        recordings(-1)
    for digit, voice in ((10, 0), (-1, 0), (0, 99)):
        with pytest.raises(ValueError, match="expected a digit from 0 to 9"):
            say(digit, voice)
