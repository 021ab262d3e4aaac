"""Errors a user can cause: one clear line, what was given, what was expected, the likely slip."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lstmkit.cells import GRUCell, LSTMCell, RNNCell
from lstmkit.layers import GRU, LSTM, RNN
from lstmkit.models import WIRINGS, ManyToMany, ManyToOne, OneToMany, OneToOne
from lstmkit.shapes import expect, expect_finite, expect_lengths

X = torch.randn(2, 5, 3)


def with_nan() -> torch.Tensor:
    x = X.clone()
    x[1, 2, 0] = math.nan
    return x


BAD = {
    "too few axes": (lambda: LSTM(3, 4)(X[0]), ValueError, ["(5, 3)", "(N, T, D=3)", "x[None]"]),
    "too many axes": (lambda: LSTM(3, 4)(X[:, :, None]), ValueError, ["(2, 5, 1, 3)", "squeeze(2)"]),
    "swapped axes": (lambda: LSTM(3, 4)(X.transpose(1, 2)), ValueError, ["(2, 3, 5)", "transpose(1, 2)"]),
    "wrong size": (lambda: GRU(7, 4)(X), ValueError, ["D (input size) is 3, not 7"]),
    "integers": (lambda: LSTM(3, 4)(X.long()), TypeError, ["int64", "nn.Embedding"]),
    "complex": (lambda: LSTM(3, 4)(X.cfloat()), TypeError, ["complex64", "x.real", "view_as_real"]),
    "cell: complex": (lambda: RNNCell(3, 4)(X[0].cfloat()), TypeError, ["complex64", "float32", "x.real"]),
    "complex many-to-one": (lambda: ManyToOne(3, 4, 2)(X.cfloat()), TypeError, ["complex64", "float32", "x.real"]),
    "integers for a model": (lambda: ManyToMany(3, 4, 2)(X.long()), TypeError, ["int64", "float32", ".float()"]),
    "double": (lambda: LSTM(3, 4)(X.double()), TypeError, ["float64", "float32", ".float()"]),
    "empty": (lambda: RNN(3, 4)(X[:, :0]), ValueError, ["(2, 0, 3)", "time steps", "size 0"]),
    "no batch": (lambda: RNN(3, 4)(X[:0]), ValueError, ["batch", "size 0"]),
    "NaN": (lambda: LSTM(3, 4)(with_nan()), ValueError, ["1 NaN", "(1, 2, 0)"]),
    "a list": (lambda: LSTM(3, 4)([[1.0]]), TypeError, ["list", "torch.as_tensor"]),
    "packed": (lambda: LSTM(3, 4)(nn.utils.rnn.pack_sequence([X[0]])), TypeError, ["PackedSequence", "lengths"]),
    "lengths beyond T": (lambda: GRU(3, 4)(X, lengths=[5, 6]), ValueError, ["hold 6", "T = 5"]),
    "length zero": (lambda: GRU(3, 4)(X, lengths=[5, 0]), ValueError, ["hold 0", "at least 1"]),
    "lengths' count": (lambda: GRU(3, 4)(X, lengths=[5]), ValueError, ["(1,)", "(2,)"]),
    "no lengths": (lambda: GRU(3, 4)(X, lengths=[]), ValueError, ["empty", "(2,)"]),
    "complex lengths": (lambda: GRU(3, 4)(X, lengths=torch.ones(2).cfloat()), TypeError, ["complex64", "integers"]),
    "lengths' dtype": (lambda: GRU(3, 4)(X, lengths=[5.0, 2.0]), TypeError, ["integers"]),
    "one state for an LSTM": (lambda: LSTM(3, 4)(X, torch.zeros(1, 2, 4)), TypeError, ["(1, 2, 4)", "(h, c)"]),
    "two states for a GRU": (lambda: GRU(3, 4)(X, (torch.zeros(1, 2, 4),) * 2), TypeError, ["tuple", "only an LSTM"]),
    "batch-first state": (lambda: GRU(3, 4)(X, torch.zeros(2, 1, 4)), ValueError, ["(2, 1, 4)", "transpose(0, 1)"]),
    "state without layers": (lambda: GRU(3, 4)(X, torch.zeros(2, 4)), ValueError, ["(2, 4)", "x[None]"]),
    "NaN in the state": (lambda: GRU(3, 4)(X, torch.full((1, 2, 4), math.nan)), ValueError, ["state", "NaN"]),
    "state of another dtype": (lambda: GRU(3, 4)(X, torch.zeros(1, 2, 4).double()), TypeError, ["state", "float64"]),
    "no hidden units": (lambda: LSTM(3, 0), ValueError, ["hidden_size is 0"]),
    "a float for a size": (lambda: LSTM(3.0, 4), ValueError, ["input_size is 3.0"]),
    "a model without outputs": (lambda: ManyToMany(3, 4, 0), ValueError, ["output_size is 0"]),
    "a float for a model's size": (lambda: OneToOne(3, 4.0, 2), ValueError, ["hidden_size is 4.0"]),
    "bidirectional=2": (lambda: LSTM(3, 4, 1, 2), TypeError, ["bidirectional is 2"]),
    "dropout 1": (lambda: LSTM(3, 4, 2, dropout=1.0), ValueError, ["dropout is 1.0"]),
    "unknown activation": (lambda: RNN(3, 4, nonlinearity="gelu"), ValueError, ["'gelu'", "'tanh' or 'relu'"]),
    "cell: no batch axis": (lambda: RNNCell(3, 4)(X[0, 0]), ValueError, ["(3,)", "(N, D=3)", "x[None]"]),
    "cell: swapped axes": (lambda: GRUCell(3, 4)(X[0].T), ValueError, ["transpose(0, 1)"]),
    "cell: state's size": (lambda: GRUCell(3, 4)(X[0], torch.zeros(5, 3)), ValueError, ["state", "H=4"]),
    "cell: one state": (lambda: LSTMCell(3, 4)(X[0], torch.zeros(5, 4)), TypeError, ["pair (h, c)"]),
    "cell: NaN": (lambda: LSTMCell(3, 4)(with_nan()[1]), ValueError, ["NaN"]),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_one_clear_line(what):
    call, kind, words = BAD[what]
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


@given(st.lists(st.integers(0, 4), max_size=5), st.sampled_from([RNN, LSTM, GRU]))
def test_any_shape_either_works_or_is_told_what_was_expected(shape, kind):
    layer = kind(3, 2)
    x = torch.zeros(shape)
    good = len(shape) == 3 and shape[2] == 3 and 0 not in shape
    if good:
        assert layer(x)[0].shape == (shape[0], shape[1], 2)
        return
    with pytest.raises(ValueError, match="expected") as caught:
        layer(x)
    assert str(tuple(shape)) in str(caught.value) and "\n" not in str(caught.value)


@given(
    dtype=st.sampled_from([torch.int32, torch.int64, torch.bool, torch.float64, torch.float16, torch.complex64]),
    kind=st.sampled_from([RNN, LSTM, GRU]),
)
def test_any_other_dtype_is_a_type_error(dtype, kind):
    with pytest.raises(TypeError, match=str(dtype).removeprefix("torch.")):
        kind(3, 2)(torch.ones(2, 4, 3).to(dtype))


@given(lengths=st.lists(st.integers(-2, 9), min_size=1, max_size=4), T=st.integers(1, 6))
def test_lengths_are_within_one_and_T(lengths, T):
    if all(1 <= length <= T for length in lengths):
        assert expect_lengths(lengths, len(lengths), T).tolist() == lengths
        return
    with pytest.raises(ValueError, match="lengths hold"):
        expect_lengths(lengths, len(lengths), T)


@given(at=st.integers(0, 23), name=st.sampled_from(["x", "state"]))
def test_the_first_nan_is_located(at, name):
    x = torch.zeros(2, 3, 4)
    x.view(-1)[at] = math.nan
    index = tuple(int(i) for i in torch.isnan(x).nonzero()[0])
    with pytest.raises(ValueError) as caught:
        expect_finite(x, name)
    assert str(index) in str(caught.value) and str(caught.value).startswith(name)


def test_expect_returns_the_sizes_and_names_the_slip():
    assert expect(X, "N T D", D=3) == (2, 5, 3)
    assert expect(torch.zeros(4, 4), "N N") == (4, 4)
    with pytest.raises(ValueError, match="looks time-major: swap axes 0 and 1"):
        expect(torch.zeros(5, 2, 3), "N T D", N=2)
    with pytest.raises(ValueError, match="the axes called N have different sizes"):
        expect(torch.zeros(4, 3), "N N")
    with pytest.raises(TypeError, match="expected float64"):
        expect(X, "N T D", dtype=torch.float64)


def data_calls():
    """Every function that draws data, by the name of one of its counts, with the others in place."""
    from lstmkit.data.dates import dates
    from lstmkit.data.hidden_signal import hidden_signal
    from lstmkit.data.lorenz import lorenz
    from lstmkit.data.memory import adding, copy, echo
    from lstmkit.data.number_words import number_words
    from lstmkit.data.reviews import reviews
    from lstmkit.data.scenes import scenes

    options = {
        echo: {"N": 2, "T": 5, "lag": 2}, adding: {"N": 2, "T": 5}, copy: {"N": 2, "delay": 3, "length": 2, "symbols": 4},
        hidden_signal: {"N": 2, "T": 9, "D": 3, "length": 4}, reviews: {"N": 3}, scenes: {"N": 2}, dates: {"N": 3},
        number_words: {"N": 3, "below": 50}, lorenz: {"T": 3, "every": 2},
    }  # fmt: skip
    for call, counts in options.items():
        for name in counts:
            yield pytest.param(call, counts, name, id=f"{call.__name__} {name}")


@pytest.mark.parametrize(("call", "counts", "name"), data_calls())
def test_counts_are_numpy_s_too_and_a_bad_one_is_named(call, counts, name):
    """As many rows as with Python's numbers; nothing, less, a half or a word is one clear line."""
    numpy_s = call(**{key: np.int64(value) for key, value in counts.items()})
    assert len(numpy_s[0]) == len(call(**counts)[0]) or call.__name__ == "reviews"
    for bad in (-1, 0, 1.5, "3", True, None):
        if (name, bad) != ("lag", 0):
            with pytest.raises(ValueError, match=f"{name} is .*; expected a whole number of at least") as caught:
                call(**counts | {name: bad})
            assert "\n" not in str(caught.value)


def test_sizes_are_numpy_s_too():
    one = np.int64(1)
    for kind in (RNN, LSTM, GRU):
        layer = kind(3 * one, 4 * one, 2 * one, np.bool_(True))
        assert layer(X, lengths=np.array([5, 2]))[0].shape == (2, 5, 8) and type(layer.hidden_size) is int
    for kind in (RNNCell, LSTMCell, GRUCell):
        assert kind(3 * one, 4 * one)(X[0])[0].shape == (5, 4)
    for kind in (ManyToOne, ManyToMany):
        assert kind(3 * one, 4 * one, 2 * one, num_layers=2 * one)(X).shape[-1] == 2
    assert OneToOne(3 * one, 4 * one, 2 * one)(X[:0]).shape == (0, 5, 2)
    for wiring in WIRINGS:
        assert OneToMany(3 * one, 4 * one, 2 * one, 6 * one, wiring)(X[0]).shape == (5, 6, 2)
