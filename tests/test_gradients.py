"""The gradient engine against autograd, finite differences and models whose Jacobian is known; audit against planted bugs."""

import math
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations

from lstmkit import gradients as G
from lstmkit import layers
from lstmkit.gradients import back, linearise
from lstmkit.gradients import settings as S

TORCH, OWN = (nn.RNN, nn.LSTM, nn.GRU), (layers.RNN, layers.LSTM, layers.GRU)


def build(cls, D, H, depth=1, bidirectional=False, dtype=torch.float64, **kwargs):
    kwargs |= {"batch_first": True} if cls in TORCH else {}
    layer = cls(D, H, num_layers=depth, bidirectional=bidirectional, **kwargs).to(dtype)
    with torch.no_grad():
        for parameter in layer.parameters():  # all of them well away from zero, biases too
            parameter.copy_(
                torch.randn_like(parameter) * (0.3 if parameter.ndim == 1 else 0.8 / math.sqrt(parameter.shape[1]))
            )
    return layer


def initial(layer, N):
    shape = layer.num_layers * (1 + layer.bidirectional), N, layer.hidden_size
    h, c = torch.randn(2, *shape, dtype=layer.weight_hh_l0.dtype)
    return (h, c) if "LSTM" in type(layer).__name__ else h


def by_autograd(layer, x, head=None, state=None):
    """The oracle: one backward pass for every output of every step."""
    x = x.detach().clone().requires_grad_()
    y = layer(x, state)[0]
    y = y if head is None else head(y)
    N, T, K = y.shape
    result = x.new_zeros(N, T, K, *x.shape[1:])
    for t in range(T):
        for k in range(K):
            result[:, t, k] = torch.autograd.grad(y[:, t, k].sum(), x, retain_graph=True)[0]
    return result


def frobenius(jacobian):
    return jacobian.transpose(2, 3).flatten(3).norm(dim=3)


def assert_close(got, want, limit=1e-10):
    assert got.shape == want.shape and got.dtype == want.dtype
    error = float((got - want).abs().max() / want.abs().max())
    assert error <= limit, f"relative error {error:.2g}"


def heads(H, dtype=torch.float64):
    mlp = nn.Sequential(nn.Linear(H, 5), nn.Tanh(), nn.LayerNorm(5), nn.Linear(5, 3))
    return {
        "none": None,
        "linear": nn.Linear(H, 2).to(dtype),
        "mlp": mlp.to(dtype),
        "function": lambda y: y[..., :1] ** 2,
    }


# ---- against autograd -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("cls", TORCH + OWN)
def test_equals_autograd(cls, depth, bidirectional):
    torch.manual_seed(depth)
    layer = build(cls, 3, 4, depth, bidirectional, bias=depth != 2)
    x, state = torch.randn(2, 9, 3, dtype=torch.float64), initial(layer, 2)
    for head in heads(4 * (1 + bidirectional)).values():
        want = by_autograd(layer, x, head, state)
        got = G.sequence_jacobian(layer, x, head, state)
        assert_close(got, want)
        if not bidirectional:
            assert (got.transpose(2, 3)[:, torch.ones(9, 9).triu(1).bool()] == 0).all(), (
                "a zero above the diagonal is not exact"
            )
        assert_close(G.sequence_jacobian(layer, x, head, state, norms=True), frobenius(want))
    assert_close(G.sequence_jacobian(layer, x), by_autograd(layer, x))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cls", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize("workspace", [1, 2**25])
@pytest.mark.parametrize("length", [2, 4, 5, 13])
def test_every_chunk_length_and_every_tile_gives_the_same(monkeypatch, cls, bidirectional, workspace, length):
    torch.manual_seed(0)
    layer = build(cls, 2, 3, 2 - bidirectional, bidirectional)
    x, head = torch.randn(3, 13, 2, dtype=torch.float64), heads(3 * (1 + bidirectional))["mlp"]
    want = by_autograd(layer, x, head)
    monkeypatch.setattr(S, "WORKSPACE", workspace)
    monkeypatch.setattr(back, "chunk_length", lambda *_: length)
    assert_close(G.sequence_jacobian(layer, x, head), want)
    assert_close(G.sequence_jacobian(layer, x, head, norms=True), frobenius(want))


@settings(max_examples=40, deadline=None)
@given(
    cls=st.sampled_from(TORCH + OWN),
    N=st.integers(1, 3),
    T=st.integers(1, 20),
    D=st.integers(1, 3),
    H=st.integers(1, 4),
    depth=st.integers(1, 3),
    bidirectional=st.booleans(),
    bias=st.booleans(),
    relu=st.booleans(),
    double=st.booleans(),
    head=st.sampled_from(["none", "linear", "mlp", "function"]),
    with_state=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_property_equals_autograd(cls, N, T, D, H, depth, bidirectional, bias, relu, double, head, with_state, seed):
    torch.manual_seed(seed)
    dtype = torch.float64 if double else torch.float32
    kwargs = {"nonlinearity": "relu"} if relu and "RNN" in cls.__name__ else {}
    layer = build(cls, D, H, depth, bidirectional, dtype, bias=bias, **kwargs)
    head, state = heads(H * (1 + bidirectional), dtype)[head], initial(layer, N) if with_state else None
    x = torch.randn(N, T, D, dtype=dtype)
    want = by_autograd(layer, x, head, state)
    if want.abs().max() > 0:  # a relu network may be dead
        assert_close(G.sequence_jacobian(layer, x, head, state), want, 1e-10 if double else 1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_long_sequences_by_the_librarys_own_choice(seed):
    """Held-out random stacks, long enough for the rule to choose chunks in some of them."""
    torch.manual_seed(100 + seed)
    cls, depth, T = (TORCH + OWN)[seed], 1 + seed % 2, 90 + 31 * seed if seed < 3 else 40 + 9 * seed
    layer = build(cls, 1 + seed, 3 + seed, depth)
    x, head = torch.randn(1 + seed % 2, T, 1 + seed, dtype=torch.float64), nn.Linear(3 + seed, 1).double()
    assert_close(G.sequence_jacobian(layer, x, head), by_autograd(layer, x, head))


def test_the_rule_cuts_long_sequences_and_leaves_short_wide_ones():
    def chosen(T, H, D, N, K):
        tape = linearise.record(nn.LSTM(D, H, batch_first=True), torch.randn(N, T, D), nn.Linear(H, K))
        return back.chunk_length([both[0] for both in tape.stack], T, K)

    assert chosen(64, 64, 8, 16, 1) == 64 and chosen(1024, 16, 1, 1, 1) < 64


def test_float32_keeps_small_gradients_that_float32_squares_would_lose():
    torch.manual_seed(0)
    layer = nn.LSTM(2, 4, batch_first=True)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter *= 0.3
        layer.bias_ih_l0[4:8] = -3  # forget gates nearly closed
    x = torch.randn(1, 60, 2)
    got, want = G.sequence_jacobian(layer, x, norms=True), frobenius(by_autograd(layer.double(), x.double()))
    assert want[0, 40, 15] < 1e-28 and torch.allclose(got[0, 40, 15:41].double(), want[0, 40, 15:41], rtol=1e-3, atol=0)


# ---- against what is known --------------------------------------------------------------------------------------------


def linear(W, U, relu_layer=nn.RNN):
    """h_t = W h_{t-1} + U x_t, for as long as h stays positive."""
    layer = relu_layer(U.shape[1], len(W), batch_first=True, nonlinearity="relu", bias=False).double()
    with torch.no_grad():
        layer.weight_hh_l0.copy_(W)
        layer.weight_ih_l0.copy_(U)
    return layer


def test_echo_of_k_steps_ago():
    W = torch.diag(torch.ones(5), -1)  # a shift register
    U = torch.zeros(6, 1)
    U[0] = 1
    x = torch.rand(2, 15, 1, dtype=torch.float64) + 0.1
    got = G.sequence_jacobian(linear(W, U), x, lambda y: y[..., 5:])[:, :, 0, :, 0]
    assert torch.equal(got, torch.diag(torch.ones(10), -5).double().expand(2, 15, 15))


def test_running_sum_and_linear_recurrence():
    x = torch.rand(1, 12, 1, dtype=torch.float64) + 0.1
    one = torch.ones(1, 1)
    got = G.sequence_jacobian(linear(one, one), x)[0, :, 0, :, 0]
    assert torch.equal(got, torch.ones(12, 12).tril().double())
    torch.manual_seed(0)
    W, U = torch.rand(3, 3).double() * 0.4, torch.rand(3, 2).double()
    x = torch.rand(1, 12, 2, dtype=torch.float64) + 0.1
    got = G.sequence_jacobian(linear(W, U), x)
    states = G.state_jacobian(linear(W, U), x)
    assert states.c is None
    for t in range(12):
        for s in range(t + 1):
            power = torch.linalg.matrix_power(W, t - s)
            torch.testing.assert_close(got[0, t, :, s], power @ U, rtol=1e-12, atol=0)
            torch.testing.assert_close(states.h[0, t, :, 0, s], power, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("cls", [nn.LSTM, layers.LSTM])
def test_lstm_with_frozen_gates(cls):
    """W_hh = 0 and gates that do not read x: c_t = f c_{t-1} + i tanh(u x_t), each unit on its own; all by hand."""
    torch.manual_seed(0)
    H, T = 3, 10
    layer, b, u = build(cls, H, H), torch.randn(4, H).double(), torch.randn(H).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.bias_ih_l0.copy_(b.flatten() * torch.tensor([1, 1, 0, 1]).repeat_interleave(H))
        layer.weight_ih_l0[2 * H : 3 * H] = torch.diag(u)
    i, f, o = b[0].sigmoid(), b[1].sigmoid(), b[3].sigmoid()
    x = torch.randn(1, T, H, dtype=torch.float64)
    c, cs = torch.zeros(H).double(), []
    for t in range(T):
        c = f * c + i * torch.tanh(u * x[0, t])
        cs.append(c)
    got, paths, states = G.sequence_jacobian(layer, x), G.path_shares(layer, x), G.state_jacobian(layer, x)
    for t in range(T):
        for s in range(T):
            out, inp = o * (1 - torch.tanh(cs[t]) ** 2), i * (1 - torch.tanh(u * x[0, s]) ** 2) * u
            want = torch.diag(out * f ** (t - s) * inp) if s <= t else torch.zeros(H, H).double()
            torch.testing.assert_close(got[0, t, :, s], want, rtol=1e-12, atol=1e-15)
            if s <= t:
                torch.testing.assert_close(
                    states.c[0, t, :, 0, s], torch.diag(out * f ** (t - s)), rtol=1e-12, atol=1e-15
                )
                want_h = torch.eye(H).double() if s == t else torch.zeros(H, H).double()
                assert torch.equal(states.h[0, t, :, 0, s], want_h)  # with W_hh = 0 nothing goes on from h
                assert float(paths.share[0, t, s]) == (0.0 if s == t else 1.0)
            else:
                assert paths.share[0, t, s].isnan()


@pytest.mark.parametrize("cls", [nn.LSTM, layers.GRU])
def test_finite_differences(cls):
    torch.manual_seed(0)
    layer, head = build(cls, 2, 3, 2), heads(3)["mlp"]
    x, eps = torch.randn(2, 6, 2, dtype=torch.float64), 1e-6
    got = G.sequence_jacobian(layer, x, head)
    for s in range(6):
        for j in range(2):
            up, down = x.clone(), x.clone()
            up[:, s, j] += eps
            down[:, s, j] -= eps
            with torch.no_grad():
                want = (head(layer(up)[0]) - head(layer(down)[0])) / (2 * eps)
            torch.testing.assert_close(got[..., s, j], want, rtol=1e-5, atol=1e-8)


# ---- states and paths -------------------------------------------------------------------------------------------------


def unrolled(layer, x, state, push_h, push_c):
    """Layer by layer and step by step, with push_h and push_c, (rows, T, N, H), added to h and c of every step."""
    H, kind = layer.hidden_size, type(layer).__name__
    start = state if isinstance(state, tuple) else (state, None)
    for l in range(layer.num_layers):
        outputs = []
        for d in range(1 + layer.bidirectional):
            row, name = l * (1 + layer.bidirectional) + d, f"l{l}" + "_reverse" * d
            W, U, b, e = (getattr(layer, f"{part}_{name}") for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
            h, c, ys = start[0][row], None if start[1] is None else start[1][row], [None] * x.shape[1]
            for s in range(x.shape[1] - 1, -1, -1) if d else range(x.shape[1]):
                a, r = x[:, s] @ W.T + b, h @ U.T + e
                if kind == "LSTM":
                    i, f, g, o = (a + r).chunk(4, 1)
                    c = f.sigmoid() * c + i.sigmoid() * g.tanh() + push_c[row, s]
                    h = o.sigmoid() * c.tanh()
                elif kind == "GRU":
                    g, z = (a + r)[:, : 2 * H].sigmoid().chunk(2, 1)
                    h = (1 - z) * torch.tanh(a[:, 2 * H :] + g * r[:, 2 * H :]) + z * h
                else:
                    h = torch.tanh(a + r)
                h = h + push_h[row, s]
                ys[s] = h
            outputs.append(torch.stack(ys, 1))
        x = torch.cat(outputs, 2)
    return x


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("cls", TORCH + (layers.LSTM,))
def test_state_jacobian_equals_autograd_of_an_unrolled_network(monkeypatch, cls, depth, bidirectional):
    torch.manual_seed(0)
    N, T, H = 2, 6, 3
    layer, x = build(cls, 2, H, depth, bidirectional), torch.randn(N, T, 2, dtype=torch.float64)
    state, head = initial(layer, N), heads(H * (1 + bidirectional))["mlp"]
    rows = depth * (1 + bidirectional)
    push_h, push_c = torch.zeros(2, rows, T, N, H, dtype=torch.float64).requires_grad_().unbind(0)
    y = head(unrolled(layer, x, state, push_h, push_c))
    torch.testing.assert_close(y, head(layer(x, state)[0]))
    got = G.state_jacobian(layer, x, head, state)
    for push, result in ((push_h, got.h), (push_c, got.c)):
        if result is None:
            assert "LSTM" not in cls.__name__
            continue
        want = torch.zeros_like(result)
        for t in range(T):
            for k in range(3):
                grad = torch.autograd.grad(y[:, t, k].sum(), push, retain_graph=True)[0]  # (rows, T, N, H)
                want[:, t, k] = grad.permute(2, 0, 1, 3)
        assert_close(result, want)
    norms = G.state_jacobian(layer, x, head, state, norms=True)
    assert_close(norms.h, got.h.permute(0, 1, 3, 4, 2, 5).flatten(4).norm(dim=4))
    monkeypatch.setattr(S, "WORKSPACE", 1)
    assert_close(G.state_jacobian(layer, x, head, state).h, got.h)  # other tiles, other products: not to the last bit


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("depth", [1, 2])
def test_path_shares_add_up_and_follow_from_the_states(depth, bidirectional):
    torch.manual_seed(0)
    layer, x = build(nn.LSTM, 2, 3, depth, bidirectional), torch.randn(2, 7, 2, dtype=torch.float64)
    paths, states = G.path_shares(layer, x), G.state_jacobian(layer, x)
    assert_close(paths.h + paths.c, G.sequence_jacobian(layer, x))
    norm_h, norm_c = frobenius(paths.h), frobenius(paths.c)
    there = norm_h + norm_c > 0
    torch.testing.assert_close(paths.share[there], (norm_c / (norm_h + norm_c))[there])
    if depth == 1 and not bidirectional:  # by the chain rule: ∂y/∂x_s = ∂y/∂h_s dh_s/dx_s + ∂y/∂c_s|h dc_s/dx_s
        own, trace = layers.LSTM(2, 3).double(), {}
        own.load_state_dict(layer.state_dict())
        own(x, trace=trace)
        i, f, g, o, c = (trace[name][0, :, 3] for name in "ifgoc")
        before, Wi, Wf, Wg, Wo = trace["c"][0, :, 2], *layer.weight_ih_l0.detach().chunk(4)
        dc = (
            (g * i * (1 - i))[..., None] * Wi
            + (before * f * (1 - f))[..., None] * Wf
            + (i * (1 - g**2))[..., None] * Wg
        )
        slope = o * (1 - c.tanh() ** 2)
        dh = slope[..., None] * dc + (c.tanh() * o * (1 - o))[..., None] * Wo
        at_c = states.c[:, :, :, 0, 3] - states.h[:, :, :, 0, 3] * slope[:, None, None]
        torch.testing.assert_close(paths.h[:, :, :, 3], torch.einsum("ntkh,nhd->ntkd", states.h[:, :, :, 0, 3], dh))
        torch.testing.assert_close(paths.c[:, :, :, 3], torch.einsum("ntkh,nhd->ntkd", at_c, dc))


def test_gradient_flow_measures_the_factor_per_step():
    x = torch.rand(2, 30, 1, dtype=torch.float64) + 0.1
    for w in (0.5, 0.9, 1.0, 1.1):
        flow = G.gradient_flow(linear(torch.tensor([[w]]), torch.ones(1, 1)), x)
        assert abs(flow.factor - w) < 1e-6
        torch.testing.assert_close(flow.norms, torch.tensor(w).double() ** torch.arange(30), rtol=1e-6, atol=0)
    assert G.gradient_flow(lambda x: x**2, x).factor == 0.0  # no memory at all
    with pytest.raises(ValueError, match="one output for each input step"):
        G.gradient_flow(lambda x: x[:, -2:], x)


# ---- modes and memory -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cls", TORCH + OWN)
def test_dropout_in_train_mode_uses_the_masks_that_the_layer_would_draw(cls, bidirectional):
    torch.manual_seed(0)
    layer = build(cls, 2, 4, 3, bidirectional, dropout=0.5)
    x, head = (
        torch.randn(2, 7, 2, dtype=torch.float64),
        nn.Sequential(nn.Dropout(0.3), nn.Linear(4 * (1 + bidirectional), 2)),
    )
    head.double()
    torch.manual_seed(5)
    want = by_autograd(layer, x, head)
    torch.manual_seed(5)
    got = G.sequence_jacobian(layer, x, head)
    assert_close(got, want)
    assert layer.training and head.training
    layer.eval()
    assert_close(G.sequence_jacobian(layer, x), by_autograd(layer, x))
    assert not torch.allclose(G.sequence_jacobian(layer, x, head.eval()), got)


def test_called_under_no_grad_inference_mode_or_autocast_and_leaves_nothing_behind():
    torch.manual_seed(0)
    layer, x = build(nn.GRU, 2, 3, dtype=torch.float32), torch.randn(2, 5, 2, requires_grad=True)
    model = lambda x: layer(x)  # noqa: E731  (a GRU: not every processor has oneDNN's LSTM in bfloat16)
    before, want = x.detach().clone(), G.sequence_jacobian(layer, x)
    assert torch.allclose(G.sequence_jacobian(model, x), want, atol=1e-6)
    for context in (torch.no_grad(), torch.inference_mode(), torch.autocast("cpu", torch.bfloat16)):
        with context:
            assert torch.allclose(G.sequence_jacobian(layer, x), want, atol=1e-6)
            rounded = isinstance(context, torch.autocast)  # a model runs as its caller has it
            assert torch.allclose(G.sequence_jacobian(model, x).float(), want, atol=2e-2 if rounded else 1e-6)
    assert not want.requires_grad and torch.equal(x, before) and x.grad is None
    assert all(parameter.grad is None for parameter in layer.parameters())
    assert float(torch.tensor(1e-38) * 0.1) > 0, "denormal numbers are still switched off"


def test_vanished_gradients_are_zero_not_denormal_in_every_thread():
    """Denormal numbers cost ten times as much; the threads that torch has already started must not make any."""
    program = """
import torch
from lstmkit import gradients, layers
torch.set_num_threads(2)
torch.randn(600, 600).matmul(torch.randn(600, 600)).tanh().sum()  # from here on torch has its helpers
torch.manual_seed(0)
layer, tiny = layers.RNN(64, 64), torch.finfo(torch.float32).tiny
layer.weight_hh_l0.data *= 0.1
J = gradients.sequence_jacobian(layer, torch.randn(8, 64, 64), torch.nn.Linear(64, 8)).abs()
print(int(((J > 0) & (J < tiny)).sum()), int((J[:, -1, :, 0] == 0).sum()), J[:, -1, :, 0].numel())
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    denormal, zeros, all_of_them = map(int, run.stdout.split())
    assert denormal == 0
    assert zeros == all_of_them


def peak(code):
    """Bytes by which a fresh process grows at its peak while it runs the code."""
    program = f"""
import torch
from torch import nn
from lstmkit import gradients as G
torch.manual_seed(0)
G.sequence_jacobian(nn.LSTM(2, 3, batch_first=True), torch.randn(1, 4, 2))  # libraries loaded
def most():
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
before = most()
{code}
print(most() - before)
"""
    return int(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    "model",
    [
        "nn.LSTM(16, 32, batch_first=True)",
        pytest.param("nn.LSTM(16, 32, 2, batch_first=True, bidirectional=True)", marks=pytest.mark.slow),
    ],
)
def test_memory_stays_near_the_result_and_norms_never_hold_it(model):
    call = f"G.sequence_jacobian({model}, torch.randn(2, 128, 16), nn.Linear({64 if 'bidir' in model else 32}, 64)"
    size = 2 * 128 * 64 * 128 * 16 * 4  # 134 MB
    assert size < peak(f"{call})") < 2.5 * size
    assert peak(f"{call}, norms=True)") < 0.5 * size


def test_cuda():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    for cls in TORCH + OWN:
        for bidirectional in (False, True):
            torch.manual_seed(0)
            layer = build(cls, 3, 4, 2, bidirectional).cuda().eval()
            x, head = (
                torch.randn(2, 40, 3, dtype=torch.float64, device="cuda"),
                heads(4 * (1 + bidirectional))["mlp"].cuda(),
            )
            with torch.backends.cudnn.flags(enabled=False):
                want = by_autograd(layer, x, head)
            assert_close(G.sequence_jacobian(layer, x, head), want)
            assert_close(G.sequence_jacobian(lambda x, f=layer, g=head: g(f(x)[0]), x), want)  # cuDNN in eval mode
    assert G.audit(build(nn.GRU, 3, 4).cuda(), x).passed


# ---- any callable -----------------------------------------------------------------------------------------------------


def test_any_callable():
    torch.manual_seed(0)
    conv = nn.Conv1d(3, 4, 3, padding=2).double()
    model = lambda x: conv(x.transpose(1, 2)).transpose(1, 2)[:, : x.shape[1]]  # noqa: E731
    x = torch.randn(2, 6, 3, dtype=torch.float64)
    want = by_autograd(lambda x, _: (model(x),), x)
    assert_close(G.sequence_jacobian(model, x), want)
    assert_close(G.sequence_jacobian(model, x, norms=True), frobenius(want))
    last = G.sequence_jacobian(lambda x: model(x)[:, -1:], x)  # other numbers of steps out than in
    assert_close(last, want[:, -1:])
    picture = torch.randn(2, 5, 5, dtype=torch.float64)  # one picture to a sequence
    got = G.sequence_jacobian(lambda p: (p * p).sum(2).unsqueeze(2), picture)
    assert got.shape == (2, 5, 1, 5, 5)
    torch.testing.assert_close(got[:, 1, 0, 1], 2 * picture[:, 1])
    vector = torch.randn(3, 4, dtype=torch.float64)  # one to many, D → T·K
    assert_close(
        G.sequence_jacobian(lambda v: v.view(3, 2, 2), vector),
        torch.eye(4).double().view(1, 2, 2, 4).expand(3, -1, -1, -1),
    )
    assert G.sequence_jacobian(lambda v: v.view(3, 2, 2), vector, norms=True).shape == (3, 2, 4)


def test_layers_that_are_not_plain_are_differentiated_as_they_are():
    torch.manual_seed(0)
    x = torch.randn(2, 6, 3, dtype=torch.float64)
    projected = nn.LSTM(3, 5, proj_size=2, batch_first=True).double()
    assert_close(G.sequence_jacobian(projected, x), by_autograd(projected, x))
    hooked = build(nn.GRU, 3, 4)
    hooked.register_forward_hook(lambda module, inputs, output: (output[0] * 2, output[1]))
    assert_close(G.sequence_jacobian(hooked, x), by_autograd(hooked, x))
    normed = parametrizations.weight_norm(build(nn.LSTM, 3, 4), "weight_hh_l0")
    assert_close(G.sequence_jacobian(normed, x), by_autograd(normed, x))

    class Doubled(nn.LSTM):
        def forward(self, x, state=None):
            y, state = super().forward(x, state)
            return 2 * y, state

    doubled = Doubled(3, 4, batch_first=True).double()
    assert_close(
        G.sequence_jacobian(doubled, x, None, initial(build(nn.LSTM, 3, 4), 2)).abs().sum() * 0 + 1,
        torch.tensor(1.0).double(),
    )
    assert_close(G.sequence_jacobian(doubled, x), by_autograd(doubled, x))
    for odd in (projected, hooked, normed, doubled, nn.Linear(3, 4).double(), lambda x: x):
        with pytest.raises(TypeError, match="state_jacobian needs a plain RNN, LSTM or GRU"):
            G.state_jacobian(odd, x)


def test_heads_and_models_that_work_in_place_or_with_hooks():
    torch.manual_seed(0)
    layer, x = build(nn.GRU, 3, 4), torch.randn(2, 5, 3, dtype=torch.float64)
    head = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(4, 2)).double()
    want = by_autograd(layer, x, lambda y: head(y.clone()))
    assert_close(G.sequence_jacobian(layer, x, head), want)
    assert_close(
        G.sequence_jacobian(nn.Sequential(nn.ReLU(inplace=True)), x),
        by_autograd(lambda x, _: (x.relu(),), x),
    )
    hooked = nn.Linear(4, 2).double()
    hooked.register_forward_pre_hook(lambda module, inputs: (inputs[0] * 3,))
    assert_close(G.sequence_jacobian(layer, x, hooked), by_autograd(layer, x, hooked))


def test_models_that_mix_the_batch_get_their_own_samples_block():
    torch.manual_seed(0)
    norm = nn.BatchNorm1d(2, affine=False).double().train()
    model = lambda x: norm(x.transpose(1, 2)).transpose(1, 2)  # noqa: E731
    x = torch.randn(3, 4, 2, dtype=torch.float64)
    want = torch.zeros(3, 4, 2, 4, 2, dtype=torch.float64)
    full = torch.autograd.functional.jacobian(model, x)  # (N, T, K, N, T, D)
    for n in range(3):
        want[n] = full[n, :, :, n]
    assert_close(G.sequence_jacobian(model, x), want)


# ---- bad input --------------------------------------------------------------------------------------------------------

LSTM, X = nn.LSTM(3, 4, batch_first=True), torch.randn(2, 5, 3)


class Wrong(nn.Module):
    def __init__(self, change):
        super().__init__()
        self.change = change

    def forward(self, y):
        return self.change(y)


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ((nn.LSTM(3, 4), X), ValueError, "time-major.*batch_first = True"),
        ((nn.LSTMCell(3, 4), X), TypeError, "LSTMCell makes one step"),
        ((None, X), TypeError, "layer is a NoneType"),
        ((LSTM, X[0]), ValueError, r"x\[None\]"),
        ((LSTM, X.transpose(1, 2)), ValueError, "expected .N, T, D=3."),
        ((LSTM, X[:, :0]), ValueError, "empty"),
        ((LSTM, X.double()), TypeError, "float64"),
        ((LSTM, X.tolist()), TypeError, "list"),
        ((LSTM, torch.ones(2, 5, 3, dtype=torch.long)), TypeError, "embedding|Embedding"),
        ((LSTM, torch.ones(2, 5, dtype=torch.long)), TypeError, "Embedding"),
        ((LSTM, X / 0 * 0), ValueError, "NaN"),
        ((LSTM, nn.utils.rnn.pack_padded_sequence(X, torch.tensor([5, 3]), True)), TypeError, "PackedSequence"),
        ((LSTM.half(), X.half()), TypeError, "float16"),
        ((nn.LSTM(3, 4, batch_first=True), X, None, torch.zeros(1, 2, 4)), TypeError, "pair"),
        ((nn.GRU(3, 4, batch_first=True), X, None, (torch.zeros(1, 2, 4),) * 2), TypeError, "one tensor h"),
        ((nn.GRU(3, 4, batch_first=True), X, None, torch.zeros(2, 1, 4)), ValueError, "state"),
        ((nn.GRU(3, 4, batch_first=True), X, None, torch.zeros(1, 2, 4) / 0), ValueError, "NaN"),
        ((lambda x: x.sum(), X), ValueError, "expected a result for each"),
        ((lambda x: x[:, 0], X), ValueError, "unsqueeze"),
        ((lambda x: None, X), TypeError, "NoneType"),
        ((lambda x: x.detach(), X), ValueError, "does not depend"),
        ((lambda x: x / 0 * 0, X), ValueError, "NaN"),
        ((lambda x: x, torch.ones(2, 5, dtype=torch.long)), TypeError, "embedding"),
        ((lambda x: x, [1.0]), TypeError, "list"),
    ],
)
def test_bad_input_gets_a_clear_error(args, error, message):
    LSTM.float()
    with pytest.raises(error, match=message):
        G.sequence_jacobian(*args)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: y.flip(1), "mixes time steps"),
        (lambda y: y.cumsum(1), "mixes time steps"),
        (lambda y: y - y.mean(1, keepdim=True), "mixes time steps"),
        (lambda y: y + 1e-3 * torch.roll(y, 1, 1), "mixes time steps"),
        (lambda y: y.roll(1, 0), "mixes time steps or sequences"),
        (lambda y: nn.functional.batch_norm(y.transpose(1, 2), None, None, training=True).transpose(1, 2), "mixes"),
        (lambda y: y.transpose(0, 1).reshape(y.shape), "mixes"),
        (lambda y: y.softmax(1), "mixes time steps"),
        (lambda y: y[:, -1], "each step on its own"),
        (lambda y: y.mean(1), "each step on its own"),
        (lambda y: y[:, :3], "each step on its own"),
        (lambda y: y.argmax(-1, keepdim=True).float(), "does not depend"),
        (lambda y: y.sqrt() - 5, "NaN"),
    ],
)
def test_a_head_that_is_not_one_is_refused(change, message):
    torch.manual_seed(0)
    layer = nn.LSTM(3, 4, batch_first=True)
    for head in (change, Wrong(change)):
        for function in (G.sequence_jacobian, G.state_jacobian):
            with pytest.raises(ValueError, match=message):
                function(layer, torch.randn(4, 6, 3), head)
    G.sequence_jacobian(lambda x: change(layer(x)[0]), torch.randn(4, 6, 3)) if "mixes" in message else None


def test_paths_need_an_lstm():
    with pytest.raises(TypeError, match="GRU has no cell state"):
        G.path_shares(nn.GRU(3, 4, batch_first=True), X)
