"""The six memory tasks: each target recomputed from its inputs by another route, the floors they name, bad arguments."""

from __future__ import annotations

import math

import pytest
import torch

from lstmkit.data.memory import adding, copy, echo, held_bits, keep_and_show, sums_since_reset


def own(n: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(n)


@pytest.mark.parametrize(("N", "T", "lag"), [(3, 8, 3), (1, 5, 4), (2, 4, 0), (1, 1, 0)])
def test_echo_repeats_the_input_of_lag_steps_ago(N, T, lag):
    x, y = echo(N, T, lag, generator=own())
    assert x.shape == y.shape == (N, T, 1)
    for t in range(T):
        assert torch.equal(y[:, t], x[:, t - lag] if t >= lag else torch.zeros(N, 1))


@pytest.mark.parametrize(("N", "T"), [(50, 11), (50, 2), (1, 3)])
def test_adding_marks_one_step_in_each_half_and_sums_the_two(N, T):
    x, y = adding(N, T, generator=own())
    numbers, marks = x.unbind(2)
    assert x.shape == (N, T, 2) and y.shape == (N, 1)
    assert (marks[:, : T // 2].sum(1) == 1).all() and (marks[:, T // 2 :].sum(1) == 1).all()
    assert ((marks == 0) | (marks == 1)).all() and (numbers >= 0).all() and (numbers < 1).all()
    by_hand = [sum(float(v) for v, mark in zip(numbers[n], marks[n], strict=True) if mark) for n in range(N)]
    torch.testing.assert_close(y[:, 0], torch.tensor(by_hand))


def test_adding_every_step_can_be_marked_and_answering_one_costs_a_sixth():
    x, y = adding(20_000, 6, generator=own())
    assert (x[..., 1].sum(0) > 0).all()
    assert abs(float((y - 1).square().mean()) - 1 / 6) < 0.005


@pytest.mark.parametrize(("delay", "length", "symbols"), [(7, 5, 8), (1, 2, 3), (4, 1, 2)])
def test_copy_is_message_blanks_signal_then_the_message(delay, length, symbols):
    x, y = copy(6, delay, length=length, symbols=symbols, generator=own())
    T = delay + 2 * length
    assert x.shape == (6, T, symbols + 2) and y.shape == (6, T) and y.dtype == torch.int64
    assert (x.sum(2) == 1).all()
    tokens, blank, signal = x.argmax(2), symbols, symbols + 1
    assert (tokens[:, :length] < symbols).all()
    assert (tokens[:, length : length + delay - 1] == blank).all()
    assert (tokens[:, length + delay - 1] == signal).all() and (tokens == signal).sum() == 6
    assert (tokens[:, length + delay :] == blank).all()
    assert (y[:, : length + delay] == blank).all()
    assert torch.equal(y[:, length + delay :], tokens[:, :length])


def test_copy_uses_every_symbol_and_its_floor_is_as_named():
    """Knowing when to speak, and giving all symbols the same probability then: length · ln(symbols) / T nats a step."""
    x, y = copy(2000, 10, generator=own())
    assert sorted(y[:, -5:].unique().tolist()) == list(range(8))
    scores = torch.full((*y.shape, 10), -1e4)
    scores[:, :-5, 8] = 0.0
    scores[:, -5:, :8] = 0.0
    loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), y.flatten())
    assert abs(float(loss) - 5 * math.log(8) / 20) < 1e-5


def test_sums_start_again_at_every_reset():
    x, y = sums_since_reset(40, 17, generator=own())
    assert x.shape == (40, 17, 2) and y.shape == (40, 17, 1)
    assert (x[:, 0, 1] == 1).all() and ((x[..., 1] == 0) | (x[..., 1] == 1)).all()
    total = torch.zeros(40)
    for t in range(17):
        total = total * (1 - x[:, t, 1]) + x[:, t, 0]
        torch.testing.assert_close(y[:, t, 0], total)


def test_keep_and_show_says_the_last_marked_number_and_only_when_asked():
    x, y = keep_and_show(40, 17, generator=own())
    assert x.shape == (40, 17, 3) and y.shape == (40, 17, 1) and (x[:, 0, 1] == 1).all()
    kept = torch.zeros(40)
    for t in range(17):
        kept = torch.where(x[:, t, 1] == 1, x[:, t, 0], kept)
        assert torch.equal(y[:, t, 0], kept * x[:, t, 2])


def test_resets_marks_and_questions_come_as_often_as_they_should():
    """0.15 and 0.3 of the steps after the first, within four standard errors of 20,000 draws."""
    x, _ = sums_since_reset(1000, 21, generator=own())
    assert abs(float(x[:, 1:, 1].mean()) - 0.15) < 0.011
    x, y = keep_and_show(1000, 21, generator=own())
    assert abs(float(x[:, 1:, 1].mean()) - 0.15) < 0.011 and abs(float(x[..., 2].mean()) - 0.3) < 0.013
    assert float(x[..., 0].min()) < -0.99 and float(x[..., 0].max()) > 0.99 and float(y.min()) < 0 < float(y.max())


@pytest.mark.parametrize(("N", "T", "bits"), [(40, 17, 3), (3, 5, 1), (1, 1, 2)])
def test_each_channel_holds_its_last_pulse(N, T, bits):
    x, y = held_bits(N, T, bits=bits, generator=own())
    assert x.shape == y.shape == (N, T, bits) and (x[:, 0].abs() == 1).all() and set(x.unique().tolist()) <= {-1, 0, 1}
    held = torch.zeros(N, bits)
    for t in range(T):
        held = torch.where(x[:, t] != 0, x[:, t], held)
        assert torch.equal(y[:, t], held)


def test_pulses_come_as_often_as_asked_up_as_often_as_down_each_channel_on_its_own():
    x, _ = held_bits(1000, 21, chance=0.2, generator=own())
    late = x[:, 1:].flatten(0, 1)
    assert abs(float(late.abs().mean()) - 0.2) < 0.008 and abs(float(late.sum() / late.abs().sum())) < 0.04
    assert abs(float(torch.corrcoef(late.abs().T)[0, 1])) < 0.03


@pytest.mark.parametrize(
    "make",
    [
        lambda g: echo(4, 6, 2, generator=g),
        lambda g: adding(4, 6, generator=g),
        lambda g: copy(4, 3, generator=g),
        lambda g: sums_since_reset(4, 6, generator=g),
        lambda g: keep_and_show(4, 6, generator=g),
        lambda g: held_bits(4, 6, generator=g),
    ],
)
def test_a_generator_of_its_own_repeats_and_leaves_the_global_one_alone(make):
    before = torch.get_rng_state()
    a, b, other = make(own()), make(own()), make(own(4))
    assert torch.equal(a.x, b.x) and torch.equal(a.y, b.y) and not torch.equal(a.x, other.x)
    assert torch.equal(before, torch.get_rng_state())


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="lag is 5; expected 0 ≤ lag < T = 5"):
        echo(2, 5, 5)
    with pytest.raises(ValueError, match="T is 1; expected at least 2"):
        adding(2, 1)
    with pytest.raises(ValueError, match="delay is 0; expected a whole number of at least 1"):
        copy(2, 0)
