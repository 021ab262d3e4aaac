"""Errors a user can cause: one clear line, what was given, what was expected, the likely slip."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from lstmkit.cells import GRUCell, LSTMCell, RNNCell
from lstmkit.layers import GRU, LSTM, RNN
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
    "double": (lambda: LSTM(3, 4)(X.double()), TypeError, ["float64", "float32", ".float()"]),
    "empty": (lambda: RNN(3, 4)(X[:, :0]), ValueError, ["(2, 0, 3)", "time steps", "size 0"]),
    "no batch": (lambda: RNN(3, 4)(X[:0]), ValueError, ["batch", "size 0"]),
    "NaN": (lambda: LSTM(3, 4)(with_nan()), ValueError, ["1 NaN", "(1, 2, 0)"]),
    "a list": (lambda: LSTM(3, 4)([[1.0]]), TypeError, ["list", "torch.as_tensor"]),
    "packed": (lambda: LSTM(3, 4)(nn.utils.rnn.pack_sequence([X[0]])), TypeError, ["PackedSequence", "lengths"]),
    "lengths beyond T": (lambda: GRU(3, 4)(X, lengths=[5, 6]), ValueError, ["hold 6", "T = 5"]),
    "length zero": (lambda: GRU(3, 4)(X, lengths=[5, 0]), ValueError, ["hold 0", "at least 1"]),
    "lengths' count": (lambda: GRU(3, 4)(X, lengths=[5]), ValueError, ["(1,)", "(2,)"]),
    "lengths' dtype": (lambda: GRU(3, 4)(X, lengths=[5.0, 2.0]), TypeError, ["integers"]),
    "one state for an LSTM": (lambda: LSTM(3, 4)(X, torch.zeros(1, 2, 4)), TypeError, ["(1, 2, 4)", "(h, c)"]),
    "two states for a GRU": (lambda: GRU(3, 4)(X, (torch.zeros(1, 2, 4),) * 2), TypeError, ["tuple", "only an LSTM"]),
    "batch-first state": (lambda: GRU(3, 4)(X, torch.zeros(2, 1, 4)), ValueError, ["(2, 1, 4)", "transpose(0, 1)"]),
    "state without layers": (lambda: GRU(3, 4)(X, torch.zeros(2, 4)), ValueError, ["(2, 4)", "x[None]"]),
    "NaN in the state": (lambda: GRU(3, 4)(X, torch.full((1, 2, 4), math.nan)), ValueError, ["state", "NaN"]),
    "state of another dtype": (lambda: GRU(3, 4)(X, torch.zeros(1, 2, 4).double()), TypeError, ["state", "float64"]),
    "no hidden units": (lambda: LSTM(3, 0), ValueError, ["hidden_size is 0"]),
    "a float for a size": (lambda: LSTM(3.0, 4), ValueError, ["input_size is 3.0"]),
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
    dtype=st.sampled_from([torch.int32, torch.int64, torch.bool, torch.float64, torch.float16]),
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
