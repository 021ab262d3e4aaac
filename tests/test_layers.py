"""Cells and layers against torch.nn: values, final states, gradients, state dicts both ways, padding, traces."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from lstmkit import cells, layers

KINDS = {
    "RNN": (layers.RNN, nn.RNN, {}),
    "RNN relu": (layers.RNN, nn.RNN, {"nonlinearity": "relu"}),
    "LSTM": (layers.LSTM, nn.LSTM, {}),
    "GRU": (layers.GRU, nn.GRU, {}),
}
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}


def pair(kind: str, D: int, H: int, L: int = 1, both: bool = False, dtype=torch.float64, bias: bool = True):
    """Ours and torch's with the same non-zero parameters, loaded one way by load_state_dict and checked the other way."""
    mine, theirs, extra = KINDS[kind]
    a = mine(D, H, L, both, bias=bias, **extra).to(dtype)
    b = theirs(D, H, L, bidirectional=both, batch_first=True, bias=bias, **extra).to(dtype)
    b.load_state_dict(a.state_dict())
    a.load_state_dict(b.state_dict())
    return a, b


def initial(kind: str, L: int, both: bool, N: int, H: int, dtype):
    h = torch.randn(L * (1 + both), N, H, dtype=dtype)
    return (h, torch.randn_like(h)) if kind == "LSTM" else h


def parts(state) -> tuple[torch.Tensor, ...]:
    return tuple(state) if isinstance(state, tuple) else (state,)


def assert_close(a: torch.Tensor, b: torch.Tensor, tolerance: float) -> None:
    assert a.shape == b.shape and a.dtype == b.dtype
    scale = max(1.0, float(b.detach().abs().max()))
    assert float((a - b).detach().abs().max()) <= tolerance * scale


@given(
    kind=st.sampled_from(sorted(KINDS)),
    N=st.integers(1, 4),
    T=st.integers(1, 7),
    D=st.integers(1, 4),
    H=st.integers(1, 5),
    L=st.integers(1, 3),
    both=st.booleans(),
    bias=st.booleans(),
    given_state=st.booleans(),
    dtype=st.sampled_from([torch.float32, torch.float64]),
)
def test_values_states_and_gradients_equal_torch(kind, N, T, D, H, L, both, bias, given_state, dtype):
    a, b = pair(kind, D, H, L, both, dtype, bias)
    x = torch.randn(N, T, D, dtype=dtype)
    state = initial(kind, L, both, N, H, dtype) if given_state else None
    results = []
    for layer in (a, b):
        own = x.clone().requires_grad_()
        y, end = layer(own, state)
        loss = (y * torch.linspace(0.5, 1.5, y.numel(), dtype=dtype).reshape(y.shape)).sum()
        loss = loss + sum((part.square()).sum() for part in parts(end))
        gradients = torch.autograd.grad(loss, [own, *layer.parameters()])
        results.append((y, *parts(end), *gradients))
    for mine, theirs in zip(*results, strict=True):
        assert_close(mine, theirs, TOLERANCE[dtype])


@given(
    kind=st.sampled_from(sorted(KINDS)),
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    L=st.integers(1, 2),
    both=st.booleans(),
    given_state=st.booleans(),
)
def test_padded_batches_equal_torch_s_packed_ones(kind, lengths, L, both, given_state):
    N, T, D, H = len(lengths), max(lengths), 3, 4
    a, b = pair(kind, D, H, L, both)
    x = torch.randn(N, T, D, dtype=torch.float64)
    for n, length in enumerate(lengths):
        x[n, length:] = 1e6  # what stands in the padding must not matter
    state = initial(kind, L, both, N, H, torch.float64) if given_state else None
    y, end = a(x, state, lengths=lengths)
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    theirs, their_end = b(packed, state)
    assert_close(y, pad_packed_sequence(theirs, batch_first=True)[0], 1e-12)
    for mine, other in zip(parts(end), parts(their_end), strict=True):
        assert_close(mine, other, 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_cells_equal_torch_s_and_the_layer(kind):
    name = kind.split()[0]
    extra = KINDS[kind][2]
    cell = getattr(cells, f"{name}Cell")(3, 5, **extra).double()
    theirs = getattr(nn, f"{name}Cell")(3, 5, **extra).double()
    theirs.load_state_dict(cell.state_dict())
    cell.load_state_dict(theirs.state_dict())
    x = torch.randn(4, 6, 3, dtype=torch.float64)
    state = their_state = None
    outputs = []
    for t in range(6):
        h, state = cell(x[:, t], state)
        their_state = theirs(x[:, t], their_state)
        assert_close(h, parts(their_state)[0], 1e-12)
        outputs.append(h)
    layer = KINDS[kind][0](3, 5, **extra).double()
    layer.load_state_dict({f"{key}_l0": value for key, value in cell.state_dict().items()})
    assert_close(layer(x)[0], torch.stack(outputs, 1), 1e-12)


def test_lstm_cell_takes_a_plain_pair_and_returns_a_named_one():
    cell = cells.LSTMCell(2, 3)
    x, h, c = torch.randn(1, 2), torch.randn(1, 3), torch.randn(1, 3)
    out, state = cell(x, (h, c))
    assert out is state.h and torch.equal(state[1], state.c)
    assert_close(cell(x, cells.LSTMState(h, c))[0], out, 1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_trace_holds_the_gates_of_every_step(kind):
    layer = KINDS[kind][0](3, 4, 2, True, **KINDS[kind][2]).double()
    x = torch.randn(2, 5, 3, dtype=torch.float64)
    trace = {}
    y, end = layer(x, trace=trace)
    names = {"RNN": "h", "RNN relu": "h", "LSTM": "cfghio", "GRU": "hnrz"}[kind]
    assert "".join(sorted(trace)) == names
    assert all(value.shape == (4, 2, 5, 4) for value in trace.values())
    assert torch.equal(torch.cat([trace["h"][2], trace["h"][3]], dim=2), y)
    assert torch.equal(trace["h"][2][:, -1], parts(end)[0][2]) and torch.equal(trace["h"][3][:, 0], parts(end)[0][3])
    if kind == "LSTM":
        c = trace["f"][0][:, 1] * trace["c"][0][:, 0] + trace["i"][0][:, 1] * trace["g"][0][:, 1]
        assert_close(trace["c"][0][:, 1], c, 1e-12)
        assert_close(trace["h"], trace["o"] * trace["c"].tanh(), 1e-12)
    if kind == "GRU":
        n, z, h = trace["n"][1], trace["z"][1], trace["h"][1]  # the backward direction: the step before is t + 1
        assert_close(h[:, 0], (1 - z[:, 0]) * n[:, 0] + z[:, 0] * h[:, 1], 1e-12)


def test_dropout_acts_between_layers_in_training_only():
    layer = layers.LSTM(2, 8, 2, dropout=0.5)
    x = torch.randn(3, 4, 2)
    assert not torch.equal(layer(x)[0], layer(x)[0])
    layer.eval()
    theirs = nn.LSTM(2, 8, 2, batch_first=True)
    theirs.load_state_dict(layer.state_dict())
    assert_close(layer(x)[0], theirs(x)[0], 1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("kind", KINDS)
def test_on_a_gpu(kind):
    a, b = pair(kind, 3, 4, 2, True)
    a, b = a.cuda(), b.cuda()
    x = torch.randn(2, 5, 3, dtype=torch.float64, device="cuda")
    assert_close(a(x, lengths=[5, 2])[0][:1], b(x[:1])[0], 1e-12)
