"""The four wirings of one input: shapes, the same computation written out, gradients, and what `cut` cuts."""

from __future__ import annotations

import pytest
import torch

from lstmkit.models import WIRINGS, OneToMany


def make(wiring: str, T: int = 5) -> OneToMany:
    return OneToMany(3, 6, 2, T, wiring).double()


@pytest.mark.parametrize("wiring", WIRINGS)
@pytest.mark.parametrize(("N", "T"), [(4, 5), (1, 1)])
def test_shapes_and_every_output_depends_on_the_input(wiring, N, T):
    model, x = make(wiring, T), torch.randn(N, 3, dtype=torch.float64, requires_grad=True)
    y = model(x)
    assert y.shape == (N, T, 2)
    for t in range(T):
        assert (torch.autograd.grad(y[:, t].sum(), x, retain_graph=True)[0] != 0).all()


@pytest.mark.parametrize("wiring", WIRINGS)
def test_values_equal_the_loop_written_out(wiring):
    """Each wiring step by step, with a torch.nn.LSTMCell that has the same weights."""
    model, x = make(wiring), torch.randn(4, 3, dtype=torch.float64)
    cell = model.lstm
    if not isinstance(cell, torch.nn.LSTMCell):
        cell = torch.nn.LSTMCell(model.lstm.input_size, 6).double()
        cell.load_state_dict({name.removesuffix("_l0"): value for name, value in model.lstm.state_dict().items()})
    h = c = x.new_zeros(4, 6)
    if wiring == "initial state":
        start = model.start(x)
        h, c = start[:, :6].tanh(), start[:, 6:]
    y, expected = x.new_zeros(4, 2), []
    for t in range(5):
        zero = torch.zeros_like(x)
        seen = {
            "initial state": x.new_zeros(4, 1),
            "first step": x if t == 0 else zero,
            "every step": x,
            "fed-back outputs": torch.cat([x if t == 0 else zero, y], dim=1),
        }[wiring]
        h, c = cell(seen, (h, c))
        y = model.read(h)
        expected.append(y)
    torch.testing.assert_close(model(x), torch.stack(expected, dim=1), rtol=0, atol=1e-12)


def test_cut_keeps_the_values_and_removes_the_route_through_the_outputs():
    model, x = make("fed-back outputs"), torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    whole, cut = model(x), model(x, cut=True)
    torch.testing.assert_close(whole, cut, rtol=0, atol=1e-12)
    first = [torch.autograd.grad(y[:, 0].sum(), x, retain_graph=True)[0] for y in (whole, cut)]
    last = [torch.autograd.grad(y[:, -1].sum(), x)[0] for y in (whole, cut)]
    torch.testing.assert_close(*first, rtol=0, atol=1e-12)  # at the first step no output has come back yet
    assert (last[0] - last[1]).abs().max() > 1e-6


def test_forget_bias_starts_near_one():
    for wiring in WIRINGS:
        state = OneToMany(3, 6, 2, 5, wiring).lstm.state_dict()
        bias = next(value for name, value in state.items() if name.startswith("bias_hh"))
        assert (bias[6:12] == 1).all() and (bias[:6] != 1).all()


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="wiring is 'last step'; expected one of initial state"):
        OneToMany(3, 6, 2, 5, "last step")
    with pytest.raises(ValueError, match="steps is 0; expected a whole number of at least 1"):
        OneToMany(3, 6, 2, 0)
    with pytest.raises(ValueError, match="x has shape"):
        make("every step")(torch.randn(4, 5, 3, dtype=torch.float64))
