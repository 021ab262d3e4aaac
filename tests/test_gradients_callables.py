"""Whole models and any callable: the layer inside is found where it may be, what is no function is told, nothing works on in silence."""

import importlib
import os
import random
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch
from torch import nn

from lstmkit import attribution as A
from lstmkit import gradients as G
from lstmkit import layers
from lstmkit.gradients import callables, inside
from lstmkit.gradients import settings as S
from lstmkit.models import OneToMany

X = torch.randn(2, 9, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def by_autograd(model, x):
    x = x.detach().clone().requires_grad_()
    y = model(x)
    y = y[0] if isinstance(y, tuple) else y
    result = x.new_zeros(*y.shape, *x.shape[1:])
    for t in range(y.shape[1]):
        for k in range(y.shape[2]):
            result[:, t, k] = torch.autograd.grad(y[:, t, k].sum(), x, retain_graph=True)[0]
    return result


def assert_close(got, want, limit=1e-10):
    assert got.shape == want.shape and got.dtype == want.dtype
    error = float((got - want).abs().max() / want.abs().max())
    assert error <= limit, f"relative error {error:.2g}"


# ---- the layer inside a whole model -----------------------------------------------------------------------------------


class Whole(nn.Module):
    """Something before, a recurrent layer, something behind, and perhaps a way around."""

    def __init__(self, cls=nn.LSTM, depth=1, bidirectional=False, before="linear", around=False):
        super().__init__()
        torch.manual_seed(0)
        kwargs = {"batch_first": True} if cls.__module__.startswith("torch") else {}
        self.before = {
            "none": nn.Identity(),
            "linear": nn.Linear(3, 5),
            "mlp": nn.Sequential(nn.Linear(3, 5), nn.Tanh()),
        }[before]
        self.rnn = cls(3 if before == "none" else 5, 4, depth, bidirectional=bidirectional, **kwargs)
        self.out, self.around = nn.Sequential(nn.Linear(4 * (1 + bidirectional), 6), nn.Tanh(), nn.Linear(6, 2)), around

    def forward(self, x):
        y = self.out(self.rnn(self.before(x))[0])
        return y + (x * x)[..., :2] if self.around else y


@pytest.fixture
def only_inside(monkeypatch):
    """Whoever falls back on autograd fails."""
    monkeypatch.setattr(callables, "blocks", None)


@pytest.mark.parametrize("around", [False, True])
@pytest.mark.parametrize("before", ["none", "linear", "mlp"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cls", [nn.RNN, nn.LSTM, nn.GRU, layers.LSTM, layers.GRU])
def test_whole_models_take_the_fast_road(only_inside, cls, bidirectional, before, around):
    for depth in (1, 2):
        model = Whole(cls, depth, bidirectional, before, around).double()
        want = by_autograd(model, X)
        assert_close(G.sequence_jacobian(model, X), want)
        assert_close(G.sequence_jacobian(lambda x, m=model: (m(x), None), X), want)
        assert_close(G.sequence_jacobian(model, X, norms=True), want.transpose(2, 3).flatten(3).norm(dim=3))


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("around", [False, True])
def test_whole_models_under_no_grad_and_inference_mode(only_inside, mode, around):
    model = Whole(around=around).double()
    want = G.sequence_jacobian(model, X)
    with mode():
        got = G.sequence_jacobian(model, X)
    assert_close(torch.as_tensor(got), want)
    assert_close(want, by_autograd(model, X))


def test_long_whole_models_are_cut_into_chunks(only_inside):
    model = Whole(nn.GRU, before="mlp", around=True).double()
    x = torch.randn(1, 200, 3, dtype=torch.float64)
    want = by_autograd(model, x)
    assert_close(G.sequence_jacobian(model, x), want)
    assert_close(G.sequence_jacobian(model, x, norms=True), want.transpose(2, 3).flatten(3).norm(dim=3))


def test_films_and_plain_sequences_of_numbers(only_inside):
    torch.manual_seed(0)
    see, rnn, out = nn.Linear(4, 3).double(), nn.GRU(3, 4, batch_first=True).double(), nn.Linear(4, 1).double()
    film = torch.randn(2, 6, 2, 2, dtype=torch.float64)
    model = lambda x: out(rnn(see(x.flatten(2)).sin())[0])  # noqa: E731
    assert_close(G.sequence_jacobian(model, film), by_autograd(model, film))
    one = nn.LSTM(1, 4, batch_first=True).double()
    numbers = torch.randn(2, 6, dtype=torch.float64)
    assert_close(
        G.sequence_jacobian(lambda x: one(x[..., None]), numbers), by_autograd(lambda x: one(x[..., None]), numbers)
    )


def strange_models():
    torch.manual_seed(0)
    rnn, other, read = (
        nn.GRU(3, 4, batch_first=True).double(),
        nn.GRU(4, 4, batch_first=True).double(),
        nn.Linear(3, 4).double(),
    )
    own = layers.GRU(3, 4).double()
    cell = nn.GRUCell(3, 4).double()

    def loop(x):
        h, ys = x.new_zeros(len(x), 4), []
        for t in range(x.shape[1]):
            h = cell(x[:, t], h)
            ys.append(h)
        return torch.stack(ys, 1)

    return {
        "input mixed in time": lambda x: rnn(x.flip(1))[0],
        "input mixed in the batch": lambda x: rnn(x - x.mean(0))[0],
        "read-out mixed in time": lambda x: rnn(x)[0].cumsum(1),
        "the last state": lambda x: rnn(x)[0] + rnn(x)[1].transpose(0, 1),
        "one run, its last state": lambda x: (lambda y, h: y + h.transpose(0, 1))(*rnn(x)),
        "a start made from x": lambda x: rnn(x, read(x[:, 2])[None].tanh())[0],
        "two layers of one's own": lambda x: other(rnn(x)[0])[0],
        "twice": lambda x: rnn(x)[0] + rnn(2 * x)[0],
        "lengths": lambda x: own(x, lengths=[9, 5])[0],
        "attention behind": lambda x: (lambda y: torch.softmax(y @ y.transpose(1, 2), -1) @ y)(rnn(x)[0]),
        "fewer steps": lambda x: rnn(x)[0][:, ::2],
        "a cell in a loop": loop,
        "no layer": lambda x: x.cumsum(1) ** 2,
        "a way around that mixes time": lambda x: rnn(x)[0] + x.flip(1)[..., :1],
    }


@pytest.mark.parametrize("name", strange_models())
def test_models_that_are_not_of_that_kind_are_right_all_the_same(name):
    model = strange_models()[name]
    assert_close(
        G.sequence_jacobian(model, X),
        torch.stack([by_autograd(model, X)])[0] if "batch" not in name else own_blocks(model),
    )


def own_blocks(model):
    full = torch.autograd.functional.jacobian(model, X)  # (N, T, K, N, T, D)
    return torch.stack([full[n, :, :, n] for n in range(len(X))])


def test_a_given_state_and_a_frozen_middle(only_inside):
    model = Whole().double()
    state = torch.randn(2, 1, 2, 4, dtype=torch.float64)
    given = lambda x: model.out(model.rnn(model.before(x), (state[0], state[1]))[0])  # noqa: E731
    assert_close(G.sequence_jacobian(given, X), by_autograd(given, X))


@pytest.mark.parametrize("read", ["last", "mean", "state", "cell"])
def test_many_to_one_costs_one_pass_and_one_to_see_that_sequences_do_not_mix(read):
    """And the layer runs once: the second call leaves it out."""
    torch.manual_seed(0)
    model, passes, runs = Whole().double(), [], []
    lstm, enter, head = model.rnn, model.before, nn.Linear(4, 1).double()

    def whole(x):
        y, (h, c) = lstm(enter(x))
        return head({"last": y[:, -1], "mean": y.mean(1), "state": h[-1], "cell": c[-1]}[read])[:, None]

    def count(module, inputs, output):
        if isinstance(module, nn.RNNBase) and "forward" not in vars(module):
            runs.append(1)
            for part in (output[0], *output[1]):
                part.register_hook(lambda grad: passes.append(1))

    handle = nn.modules.module.register_module_forward_hook(count)
    try:
        got = G.sequence_jacobian(whole, X)
    finally:
        handle.remove()
    assert len(runs) == 1 and len(passes) == 2, (runs, passes)
    assert_close(got, by_autograd(whole, X))
    with torch.no_grad():
        assert_close(torch.as_tensor(G.sequence_jacobian(whole, X)), got)


def test_a_layer_that_is_left_out_of_the_second_call_runs_for_other_threads():
    torch.manual_seed(0)
    layer, found = nn.LSTM(3, 4, batch_first=True).double(), []
    want = layer(X)[0]
    with inside._replaced(layer, lambda: ("instead", None), told := []):
        thread = threading.Thread(target=lambda: found.append(layer(X)[0]))
        thread.start()
        thread.join()
        assert layer(X, None)[0] == "instead" and torch.equal(told[0], X)
    assert torch.equal(found[0], want) and "forward" not in vars(layer)


@pytest.mark.parametrize("last", [False, True])
def test_a_model_that_works_in_place_on_what_its_layer_put_out(last):
    torch.manual_seed(0)
    layer, read = layers.GRU(3, 4).double(), nn.Linear(4, 2).double()
    model = lambda x: read(layer(x)[0].mul_(2).add_(1)[:, 8 * last :])  # noqa: E731
    assert_close(G.sequence_jacobian(model, X), by_autograd(model, X))


def test_a_model_made_anew_in_each_call():
    def made(x):
        torch.manual_seed(0)
        return nn.LSTM(3, 4, batch_first=True).double()(x)[0]

    with pytest.warns(UserWarning, match="draws random numbers"):
        got = G.sequence_jacobian(made, X)
    assert_close(got, by_autograd(made, X))


@pytest.mark.parametrize("where", ["before", "behind", "around", "the state", "the final state"])
def test_many_to_one_that_mixes_the_batch_is_seen_wherever_it_does(where):
    torch.manual_seed(0)
    lstm, head, mix = nn.LSTM(3, 4, batch_first=True).double(), nn.Linear(4, 1).double(), lambda y: y + y.roll(1, 0)
    first = nn.Linear(3, 4).double()

    def whole(x):
        state = first(x[:, 0])[None]
        state = mix(state[0])[None] if where == "the state" else state
        y, (h, c) = lstm(mix(x) if where == "before" else x, (state, torch.zeros_like(state)))
        last = y[:, -1] + (mix(c[-1]) if where == "the final state" else c[-1])
        out = head(mix(last) if where == "behind" else last)
        return (out + (mix(x) if where == "around" else x).mean((1, 2))[:, None])[:, None]

    x = X
    whole_jacobian = torch.autograd.functional.jacobian(whole, x)  # (N, 1, 1, N, T, D)
    want = torch.stack([whole_jacobian[n, :, :, n] for n in range(len(x))])
    for grad in (True, False):
        with torch.set_grad_enabled(grad):
            assert_close(G.sequence_jacobian(whole, x), want)
    assert float(whole_jacobian[0, :, :, 1].abs().max() + whole_jacobian[1, :, :, 0].abs().max()) > 1e-3, "it does mix"


def test_batched_backward_passes_where_torch_has_them():
    torch.manual_seed(0)
    projected = nn.LSTM(3, 5, proj_size=2, batch_first=True).double()
    assert callables._rows_at_once(projected(leaf := X.clone().requires_grad_())[0], leaf) > 1
    for model in (projected, nn.LSTM(3, 4, batch_first=True).float()):
        x = X.to(next(model.parameters()).dtype)
        assert_close(
            G.sequence_jacobian(lambda x, m=model: m(x)[0].cumsum(1), x),
            by_autograd(lambda x, m=model: m(x)[0].cumsum(1), x),
            1e-5,
        )


def test_deep_bidirectional_stacks_by_chunks():
    torch.manual_seed(0)
    for cls in (nn.LSTM, nn.GRU, nn.RNN):
        layer, x = (
            cls(2, 3, 2, batch_first=True, bidirectional=True).double(),
            torch.randn(2, 70, 2, dtype=torch.float64),
        )
        assert_close(G.sequence_jacobian(layer, x), by_autograd(layer, x))


# ---- what is no function of its input ---------------------------------------------------------------------------------


class Keeps(nn.Module):
    """Adds what it has read to what it will read next."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.rnn, self.state = nn.GRU(3, 4, batch_first=True).double(), None

    def forward(self, x):
        y, self.state = self.rnn(x, self.state)
        self.state = self.state.detach()
        return y


ASK = {
    "sequence_jacobian": G.sequence_jacobian,
    "gradient_flow": G.gradient_flow,
    "gradient": lambda f, x: A.gradient(f, x, 0),
    "gradient × input": lambda f, x: A.gradient_x_input(f, x, 0),
    "integrated gradients": lambda f, x: A.integrated_gradients(f, x, 0, points=3),
    "smoothgrad": lambda f, x: A.smoothgrad(f, x, 0, samples=2),
    "occlusion": lambda f, x: A.occlusion(f, x, 0),
}


@pytest.mark.parametrize("name", ASK)
def test_a_state_kept_between_calls_is_refused(name):
    with pytest.raises(ValueError, match="is not a function of its input.*keeps a state"):
        ASK[name](Keeps(), X)
    own = torch.Generator().manual_seed(0)
    with pytest.raises(ValueError, match="random generator of its own"):
        ASK[name](lambda x: x + torch.randn(x.shape, generator=own, dtype=x.dtype) * x, X)


def noisy(source):
    drop = nn.Dropout(0.5)
    draw = {"torch": lambda: torch.rand(1).item(), "Python's random": random.random, "numpy": lambda: np.random.rand()}  # noqa: NPY002
    if source == "dropout":
        return lambda x: drop(x).cumsum(1)
    return lambda x: x.cumsum(1) * draw[source]()


@pytest.mark.parametrize("source", ["dropout", "torch", "Python's random", "numpy"])
@pytest.mark.parametrize("name", ASK)
def test_random_numbers_are_told_and_held_for_one_draw(name, source):
    model = noisy(source)
    with pytest.warns(UserWarning, match="draws random numbers .(torch|Python|numpy)"):
        first = ASK[name](model, X)
    with pytest.warns(UserWarning):
        second = ASK[name](model, X)
    first, second = (one[0] if isinstance(one, tuple) else one for one in (first, second))
    assert not torch.allclose(first, second), "the next call draws anew"
    with pytest.warns(UserWarning):
        zero = A.occlusion(
            lambda x: model(x) * torch.tensor([1.0, 1.0, 0.0]), X, 2
        )  # an input of no weight scores nothing
    assert (zero == 0).all()


def test_no_warning_for_a_sound_model_and_the_generators_stand_as_after_one_call(recwarn):
    model = Whole().double()
    torch.manual_seed(3)
    before = torch.get_rng_state()
    G.sequence_jacobian(model, X)
    assert torch.equal(torch.get_rng_state(), before) and not [w for w in recwarn if "random" in str(w.message)]
    torch.manual_seed(3)
    noisy("dropout")(X)
    want = torch.rand(1)
    torch.manual_seed(3)
    with pytest.warns(UserWarning):
        G.sequence_jacobian(noisy("dropout"), X)
    assert torch.rand(1) == want


def test_batch_norm_and_what_a_model_keeps_are_left_as_they_were():
    torch.manual_seed(0)
    norm = nn.BatchNorm1d(3).double()
    G.sequence_jacobian(lambda x: norm(x.transpose(1, 2)).transpose(1, 2), X)
    assert int(norm.num_batches_tracked) == 0 and not norm.running_mean.any()


# ---- the user's own settings, interrupts, memory ----------------------------------------------------------------------


def test_the_engines_settings_are_not_the_users():
    seen = {}

    def model(x):
        tiny = torch.tensor(1e-38) * 0.1
        seen.update(denormal=float(tiny) > 0, autocast=torch.is_autocast_enabled("cpu"))
        return x.cumsum(1)

    G.sequence_jacobian(model, X)
    assert seen == {"denormal": True, "autocast": False}
    G.sequence_jacobian(nn.GRU(3, 4, batch_first=True).double(), X, lambda y: model(y * 1) * 0 + y)
    assert seen["denormal"]
    with torch.autocast("cpu", torch.bfloat16):
        G.sequence_jacobian(model, X)
    assert seen["autocast"]
    assert float(torch.tensor(1e-38) * 0.1) > 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")
def test_nothing_works_on_after_an_interrupt():
    program = """
import os, signal, threading, time, torch
from torch import nn
from lstmkit.gradients import sequence_jacobian
torch.set_num_threads(2)
layer, x = nn.LSTM(32, 128, batch_first=True), torch.randn(8, 400, 32)
sequence_jacobian(nn.LSTM(2, 3, batch_first=True), torch.randn(1, 4, 2))
threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
begun = time.perf_counter()
try:
    sequence_jacobian(layer, x, norms=True)
    print("finished")
except KeyboardInterrupt:
    print("stopped", time.perf_counter() - begun)
begun = time.perf_counter()
sequence_jacobian(nn.LSTM(2, 3, batch_first=True), torch.randn(1, 4, 2))
print(time.perf_counter() - begun)
"""
    patient = os.environ | {
        "OMP_WAIT_POLICY": "PASSIVE",
        "KMP_BLOCKTIME": "0",
    }  # two threads may have to share a busy core
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=400, env=patient)
    first, second = run.stdout.splitlines()
    assert first.startswith("stopped") and float(first.split()[1]) < 60, run.stdout + run.stderr
    assert float(second) < 20, "the next one waits behind the abandoned work (a hundred seconds of it)"


def test_abandoned_work_stops_at_its_next_step(monkeypatch):
    stop = threading.Event()
    S._here.stop = stop
    S.alive()
    stop.set()
    try:
        with pytest.raises(S.Abandoned):
            S.alive()
    finally:
        S._here.stop = None


@pytest.mark.parametrize("norms", [False, True])
def test_a_result_that_cannot_fit_is_refused_with_its_size_and_the_cure(monkeypatch, norms):
    monkeypatch.setattr(S, "free", lambda device: 10_000)
    monkeypatch.setattr(S, "SMALL", 0)
    layer, x = nn.LSTM(16, 8, batch_first=True), torch.randn(4, 20, 16)
    for call in (
        lambda: G.sequence_jacobian(layer, x, norms=norms),
        lambda: G.sequence_jacobian(lambda x: layer(x)[0], x, norms=norms),
        lambda: G.sequence_jacobian(lambda x: x.cumsum(1).flip(1), x, norms=norms),
        lambda: G.state_jacobian(layer, x, norms=norms),
        lambda: G.transition_jacobian(layer, x),
        lambda: G.one_to_many_jacobian(layer, torch.randn(4, 20, 16), inputs=lambda z: z.repeat(1, 20, 1), norms=norms),
    ):
        with pytest.raises(MemoryError, match=r"would take .* GB, and 0.0 GB are free.*: (take|each)") as caught:
            call()
        assert "\n" not in str(caught.value)


def test_the_room_of_this_machine_is_known():
    there = S.free(torch.device("cpu"))
    assert there is None or there > 2**26


def test_the_terabytes_of_the_report_are_refused_at_once():
    layer, x = nn.LSTM(64, 64, batch_first=True), torch.randn(32, 4000, 64)
    if (S.free(torch.device("cpu")) or 0) > 8e12:
        pytest.skip("this machine has room for it")
    begun = time.perf_counter()
    with pytest.raises(MemoryError, match="norms=True"):
        G.sequence_jacobian(layer, x)
    assert time.perf_counter() - begun < 60


# ---- plain numbers, or a graph ----------------------------------------------------------------------------------------


def test_added_to_a_loss_plain_numbers_say_that_they_train_nothing():
    layer, x = nn.GRU(3, 4, batch_first=True).double(), X
    loss = layer(x)[0].square().mean()
    jacobian = G.sequence_jacobian(layer, x)
    for call in (
        lambda: loss + 10 * jacobian.square().mean(),
        lambda: jacobian.norm() + loss,
        lambda: loss - jacobian.mean(),
        lambda: sum([loss, jacobian.square().sum()]),
        lambda: loss + G.state_jacobian(layer, x).h.square().mean(),
        lambda: loss + G.gradient_flow(layer, x).norms.sum(),
        lambda: loss + G.transition_jacobian(layer, x).square().mean(),
    ):
        with pytest.raises(RuntimeError, match="plain numbers.*differentiable=True"):
            call()
    assert (loss + jacobian.detach().mean()).requires_grad  # meant as a constant
    assert (jacobian.mean() + 1).ndim == 0 and f"{jacobian.mean():.3f}" and type(jacobian.detach()) is torch.Tensor
    assert repr(jacobian[0, 0, 0]) == repr(jacobian[0, 0, 0].detach())
    with torch.no_grad():
        assert type(G.sequence_jacobian(layer, x)) is torch.Tensor


@pytest.mark.parametrize("cls", [nn.RNN, nn.LSTM, nn.GRU, layers.LSTM])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_differentiable_road(cls, dtype):
    torch.manual_seed(0)
    kwargs = {"batch_first": True} if cls.__module__.startswith("torch") else {}
    layer, head, x = cls(3, 4, **kwargs).to(dtype), nn.Linear(4, 2).to(dtype), X[:, :5].to(dtype)
    limit = 1e-10 if dtype == torch.float64 else 1e-4
    got = G.sequence_jacobian(layer, x, head, differentiable=True)
    assert_close(got.detach(), G.sequence_jacobian(layer, x, head), limit)
    norms = G.sequence_jacobian(layer, x, head, differentiable=True, norms=True)
    assert_close(norms.detach(), G.sequence_jacobian(layer, x, head, norms=True), limit)
    grad = torch.autograd.grad(got.square().mean(), layer.weight_hh_l0)[0]
    if dtype == torch.float64:  # by finite differences
        with torch.no_grad():
            eps, values = 1e-6, []
            for sign in (1, -1):
                layer.weight_hh_l0[1, 2] += sign * eps
                values.append(G.sequence_jacobian(layer, x, head).square().mean())
                layer.weight_hh_l0[1, 2] -= sign * eps
        assert abs(float((values[0] - values[1]) / (2 * eps) - grad[1, 2])) < 1e-7
    before, optimiser = float(got.detach().square().mean()), torch.optim.SGD(layer.parameters(), lr=1.0)
    for _ in range(3):
        optimiser.zero_grad()
        G.sequence_jacobian(layer, x, head, differentiable=True).square().mean().backward()
        optimiser.step()
    assert float(G.sequence_jacobian(layer, x, head).square().mean()) < before


# ---- empty, complex, reloaded -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [X[:0], X[:, :0], X[..., :0]])
def test_nothing_gets_one_clear_line(x):
    gru = nn.GRU(3, 4, batch_first=True).double()
    for call in (
        lambda: G.sequence_jacobian(gru, x),
        lambda: G.sequence_jacobian(lambda x: x.cumsum(1), x),
        lambda: G.state_jacobian(gru, x),
        lambda: G.transition_jacobian(gru, x),
        lambda: G.gradient_flow(gru, x),
        lambda: G.audit(gru, x),
        lambda: G.audit(lambda x: x, x),
        *[lambda ask=ask: ask(lambda x: x.cumsum(1), x) for ask in ASK.values()],
    ):
        with pytest.raises(ValueError) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_complex_numbers_are_told_as_such():
    for call in (
        lambda: G.sequence_jacobian(lambda x: x, X + 0j),
        lambda: A.gradient(lambda x: x, X + 0j, 0),
        lambda: G.audit(lambda x: x, X + 0j),
    ):
        with pytest.raises(TypeError, match="complex128; expected real"):
            call()


def test_reloaded_modules_still_know_their_layers():
    old, want = layers.LSTM(3, 4).double(), None
    want = G.sequence_jacobian(old, X)
    importlib.reload(layers)
    try:
        new = layers.LSTM(3, 4).double()
        new.load_state_dict(old.state_dict())
        assert type(new) is not type(old)
        for layer in (old, new):
            torch.testing.assert_close(G.state_jacobian(layer, X).h.shape, G.state_jacobian(old, X).h.shape)
            assert_close(G.sequence_jacobian(layer, X), want)
        assert G.audit(new, X).passed
    finally:
        importlib.reload(layers)


def test_mps_needs_no_float64():
    """What squares are summed in; there is no MPS device here to run on."""
    like = torch.empty(0, device="meta")
    assert callables.exact(like) is torch.float64
    assert callables.exact(type("Fake", (), {"device": torch.device("mps")})()) is torch.float32


def test_it_imports_without_the_courses_packages():
    program = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"matplotlib", "tqdm", "sklearn", "IPython", "jupyterlab", "nbformat", "captum"}:
            raise ImportError(name)
sys.meta_path.insert(0, Block())
import torch
from lstmkit import attribution, gradients
print(tuple(gradients.sequence_jacobian(torch.nn.GRU(2, 3, batch_first=True), torch.randn(1, 4, 2)).shape))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout.strip() == "(1, 4, 3, 4, 2)", run.stderr


# ---- whatever mode the caller is in -----------------------------------------------------------------------------------


class Stories:
    """One small model of each kind, and every question that can be asked of it."""

    def __init__(self):
        torch.manual_seed(0)
        self.lstm, self.gru = nn.LSTM(3, 4, 2, batch_first=True).double(), layers.GRU(3, 4, bidirectional=True).double()
        self.mlp = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2)).double()
        self.whole, self.around = Whole().double(), Whole(around=True).double()
        self.one, self.fed = OneToMany(3, 4, 2, 5).double(), OneToMany(3, 4, 2, 5, "fed-back outputs").double()
        self.state, self.z = nn.Linear(3, 4).double(), X[:, 0]
        self.rnn, self.back = (
            nn.RNN(3, 4, batch_first=True).double(),
            nn.Sequential(nn.Linear(2, 3), nn.Tanh()).double(),
        )

    def start(self, z):
        return self.state(z)[None].tanh()

    def many_to_one(self, x):
        x = x * 1.0
        y, h = self.gru(x.sin() + x)
        return self.state(x.mean(1))[:, None, :1] + y.mean((1, 2))[:, None, None] + h.sum((0, 2))[:, None, None]

    def no_layer(self, x):
        return (x.cumsum(1) * x).flip(1)

    def last_logits(self, x):
        return self.around(x)[:, -1]


QUESTIONS = {
    "sequence_jacobian, layer": lambda s: G.sequence_jacobian(s.lstm, X),
    "sequence_jacobian, head": lambda s: G.sequence_jacobian(s.lstm, X, s.mlp),
    "sequence_jacobian, given state": lambda s: G.sequence_jacobian(
        s.gru, X, None, s.start(s.z.clone()).repeat(2, 1, 1)
    ),
    "sequence_jacobian, whole model": lambda s: G.sequence_jacobian(s.whole, X),
    "sequence_jacobian, a way around": lambda s: G.sequence_jacobian(s.around, X),
    "sequence_jacobian, many to one": lambda s: G.sequence_jacobian(s.many_to_one, X),
    "sequence_jacobian, no layer": lambda s: G.sequence_jacobian(s.no_layer, X),
    "sequence_jacobian, one to many": lambda s: G.sequence_jacobian(s.one, s.z),
    "sequence_jacobian, fed back": lambda s: G.sequence_jacobian(s.fed, s.z),
    "sequence_jacobian, differentiable": lambda s: G.sequence_jacobian(s.around, X, differentiable=True),
    "sequence_jacobian, norms": lambda s: G.sequence_jacobian(s.around, X, norms=True),
    "one_to_many_jacobian": lambda s: G.one_to_many_jacobian(
        s.rnn, s.z, start=s.start, steps=5, head=s.mlp, feedback=s.back
    ),
    "one_to_many_jacobian, inputs": lambda s: G.one_to_many_jacobian(
        s.rnn, s.z, inputs=lambda z: z.tanh()[:, None].expand(-1, 5, -1), norms=True
    ),
    "transition_jacobian": lambda s: G.transition_jacobian(s.lstm, X),
    "state_jacobian": lambda s: G.state_jacobian(s.lstm, X, s.mlp).c,
    "path_shares": lambda s: G.path_shares(s.lstm, X).c,
    "gradient_flow": lambda s: G.gradient_flow(s.around, X).norms,
    "audit": lambda s: torch.tensor(
        [float(check.ok is True) - float(check.ok is False) for check in G.audit(s.around, X)]
    ),
    "gradient": lambda s: A.gradient(s.last_logits, X, target=1),
    "gradient × input": lambda s: A.gradient_x_input(s.last_logits, X, target=1),
    "integrated gradients": lambda s: A.integrated_gradients(s.last_logits, X, target=1)[0],
    "SmoothGrad": lambda s: A.smoothgrad(s.last_logits, X, target=1),
    "occlusion": lambda s: A.occlusion(s.last_logits, X, target=1),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_answer_is_the_same_under_no_grad_and_inference_mode(monkeypatch, question):
    """Whoever asks from an evaluation loop gets no other numbers: a graph that is not built would be a way that is not seen."""
    stories, answers = Stories(), []
    for mode in (torch.enable_grad, torch.no_grad, torch.inference_mode, torch.enable_grad):
        torch.manual_seed(1)
        if mode is torch.inference_mode:  # from here on x and z are tensors of that mode, too
            with mode():
                monkeypatch.setitem(globals(), "X", X.clone())
                stories.z = stories.z.clone()
        with mode():
            answers.append(torch.as_tensor(QUESTIONS[question](stories)).detach().clone())
    for answer in answers[1:]:
        torch.testing.assert_close(
            answer.as_subclass(torch.Tensor), answers[0].as_subclass(torch.Tensor), rtol=1e-10, atol=1e-12
        )
    assert answers[0].abs().max() > 0 and not answers[0].isnan().all()
