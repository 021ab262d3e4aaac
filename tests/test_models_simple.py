"""One-to-one, many-to-one, aligned: shapes, padding, both directions against a run of each sequence alone, bad input."""

from __future__ import annotations

import math

import pytest
import torch

from lstmkit.models import ManyToMany, ManyToOne, OneToOne
from lstmkit.models.simple import LAYERS

LENGTHS = torch.tensor([2, 5, 1, 4])
EVERY = [(kind, layers, both) for kind in LAYERS for layers in (1, 2) for both in (False, True)]


def batch() -> torch.Tensor:
    """Four sequences of LENGTHS steps in 6, with rubbish where the padding is: a model that reads it is found out."""
    return torch.randn(4, 6, 3, dtype=torch.float64)


@pytest.mark.parametrize(("kind", "num_layers", "both"), EVERY)
def test_a_padded_batch_gives_what_each_sequence_gives_alone(kind, num_layers, both):
    x = batch()
    one = ManyToOne(3, 5, 2, kind, num_layers, both).double()
    many = ManyToMany(3, 5, 2, kind, num_layers, both).double()
    y_one, y_many = one(x, LENGTHS), many(x, LENGTHS)
    assert y_one.shape == (4, 2) and y_many.shape == (4, 6, 2)
    for n, length in enumerate(LENGTHS.tolist()):
        alone = x[n : n + 1, :length]
        torch.testing.assert_close(y_one[n : n + 1], one(alone), rtol=0, atol=1e-12)
        torch.testing.assert_close(y_many[n : n + 1, :length], many(alone), rtol=0, atol=1e-12)
        assert (y_many[n, length:] == many.read.bias).all()


@pytest.mark.parametrize(("kind", "num_layers", "both"), EVERY)
def test_many_to_one_reads_every_step_and_no_padding(kind, num_layers, both):
    model, x = ManyToOne(3, 5, 2, kind, num_layers, both).double(), batch().requires_grad_()
    gradient = torch.autograd.grad(model(x, LENGTHS).sum(), x)[0].abs().sum(2)
    real = torch.arange(6) < LENGTHS[:, None]
    assert (gradient[real] > 0).all() and (gradient[~real] == 0).all()


def test_many_to_one_reads_out_the_final_state_of_the_last_layer():
    for both in (False, True):
        model, x = ManyToOne(3, 5, 2, "gru", 2, both).double(), batch()
        output, _ = model.layer(x)
        state = torch.cat([output[:, -1, :5], output[:, 0, 5:]], dim=1)
        torch.testing.assert_close(model(x), model.read(state), rtol=0, atol=1e-12)


def test_many_to_many_is_causal_unless_it_reads_both_ways():
    for both in (False, True):
        model, x = ManyToMany(3, 5, 2, bidirectional=both).double(), batch().requires_grad_()
        later = torch.autograd.grad(model(x)[:, 2].sum(), x)[0][:, 3:]
        assert bool((later != 0).any()) == both


def test_one_to_one_has_no_memory():
    model, x = OneToOne(3, 5, 2), torch.randn(4, 6, 3, requires_grad=True)
    assert model(x).shape == (4, 6, 2) and model(x[0, 0]).shape == (2,)
    gradient = torch.autograd.grad(model(x)[1, 2].sum(), x)[0]
    assert (gradient[1, 2] != 0).all() and gradient.count_nonzero() == 3


def test_forget_biases_start_at_one_in_every_layer_and_direction():
    biases = ManyToOne(3, 5, 2, num_layers=2, bidirectional=True).layer.state_dict()
    for suffix in ("l0", "l0_reverse", "l1", "l1_reverse"):
        assert (biases[f"bias_hh_{suffix}"][5:10] == 1).all() and (biases[f"bias_hh_{suffix}"][:5] != 1).all()
    assert (ManyToOne(3, 5, 2, "gru").layer.bias_hh_l0 != 1).all()


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="kind is 'elman'; expected one of rnn, gru, lstm"):
        ManyToOne(3, 5, 2, "elman")
    model = ManyToOne(3, 5, 2)
    with pytest.raises(ValueError, match=r"expected \(N, T, D=3\)"):
        model(torch.zeros(4, 3))
    with pytest.raises(ValueError, match="at most T = 6"):
        model(torch.zeros(2, 6, 3), [3, 7])
    with pytest.raises(ValueError, match="NaN"):
        model(torch.full((1, 2, 3), math.nan))
