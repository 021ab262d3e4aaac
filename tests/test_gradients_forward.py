"""One input and many outputs, by all three roads, against autograd; transitions; bad input."""

import itertools
import math
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lstmkit import gradients as G
from lstmkit import layers
from lstmkit.gradients import few, forward, linearise
from lstmkit.models import WIRINGS, OneToMany

N, T, D, H, K = 3, 5, 4, 6, 2


def by_autograd(model, z):
    """The oracle: one backward pass for every output of every step."""
    z = z.detach().clone().requires_grad_()
    y = model(z)
    result = z.new_zeros(*y.shape, *z.shape[1:])
    for t, k in itertools.product(range(y.shape[1]), range(y.shape[2])):
        result[:, t, k] = torch.autograd.grad(y[:, t, k].sum(), z, retain_graph=True)[0]
    return result


def assert_close(got, want, limit=1e-10):
    assert got.shape == want.shape and got.dtype == want.dtype
    error = float((got - want).abs().max() / want.abs().max())
    assert error <= limit, f"relative error {error:.2g}"


def frobenius(jacobian):
    return jacobian.flatten(3).flatten(2).norm(dim=2)


class Model:
    """A one-to-many model in its parts, and the plain loop that they stand for."""

    def __init__(
        self,
        cls,
        depth=1,
        bidirectional=False,
        start=True,
        inputs="none",
        feedback="none",
        head="mlp",
        dtype=torch.float64,
    ):
        torch.manual_seed(0)
        kwargs = {"batch_first": True} if cls.__module__.startswith("torch") else {}
        self.layer = cls(D, H, num_layers=depth, bidirectional=bidirectional, **kwargs).to(dtype)
        rows, out = depth * (1 + bidirectional), H * (1 + bidirectional)
        with torch.no_grad():
            for parameter in self.layer.parameters():
                parameter.copy_(torch.randn_like(parameter) * 0.8 / math.sqrt(parameter.shape[-1]))
        maps = [nn.Linear(4, rows * H * 2), nn.Linear(4, D), nn.Linear(4, D * T)]
        A, B, C = (part.to(dtype) for part in maps)

        def begin(z):
            both = A(z.flatten(1)).tanh().view(len(z), 2, rows, H).permute(1, 2, 0, 3).contiguous()
            return (both[0], both[1]) if "LSTM" in cls.__name__ else both[0]

        constant = torch.randn(N, T, D, dtype=dtype)
        self.start = begin if start else None
        self.inputs = {
            "none": None,
            "every step": lambda z: B(z.flatten(1)).tanh()[:, None].expand(-1, T, -1),
            "own": lambda z: C(z.flatten(1)).view(-1, T, D).sin(),
            "constant": constant,
        }[inputs]
        mlp = nn.Sequential(nn.Linear(out, 5), nn.Tanh(), nn.Linear(5, K))
        self.head = {"none": None, "linear": nn.Linear(out, K).to(dtype), "mlp": mlp.to(dtype)}[head]
        back = nn.Linear(out if head == "none" else K, D).to(dtype)
        self.feedback = {"none": None, "linear": back, "curved": lambda y: back(y).sin()}[feedback]
        self.z = torch.randn(N, 2, 2, dtype=dtype)

    def __call__(self, z):
        state = self.start(z) if self.start else None
        x = self.inputs(z) if callable(self.inputs) else self.inputs
        x = z.new_zeros(len(z), T, D) if x is None else x
        read = self.head or (lambda y: y)
        if self.feedback is None:
            return read(self.layer(x, state)[0])
        outputs = []
        for t in range(T):
            seen = x[:, t] + self.feedback(outputs[-1]) if outputs else x[:, t]
            y, state = self.layer(seen[:, None], state)
            outputs.append(read(y)[:, 0])
        return torch.stack(outputs, 1)

    def jacobian(self, **options):
        steps = T if self.inputs is None else None
        parts = {
            "start": self.start,
            "inputs": self.inputs,
            "head": self.head,
            "feedback": self.feedback,
            "steps": steps,
        }
        return G.one_to_many_jacobian(self.layer, self.z, **parts | options)


LAYERS = (nn.RNN, nn.LSTM, nn.GRU, layers.RNN, layers.LSTM, layers.GRU)
ENTERS = [
    (True, "none"),
    (False, "own"),
    (True, "own"),
    (False, "every step"),
    (True, "every step"),
    (True, "constant"),
]


@pytest.mark.parametrize("feedback", ["none", "linear", "curved"])
@pytest.mark.parametrize(("start", "inputs"), ENTERS)
@pytest.mark.parametrize("depth", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("cls", LAYERS)
def test_every_road_equals_autograd(monkeypatch, cls, depth, start, inputs, feedback):
    for head in ("none", "linear", "mlp"):
        model = Model(cls, depth, False, start, inputs, feedback, head)
        want = by_autograd(model, model.z)
        assert_close(model.jacobian(), want)
        monkeypatch.setattr(few, "enough", lambda *_: False)  # which would be a fourth
        for road in ("z", "narrow", "back"):
            if road == "narrow" and inputs == "own":
                continue
            monkeypatch.setattr(forward, "_road", lambda *_, road=road: road)
            assert_close(model.jacobian(), want)
            assert_close(model.jacobian(norms=True), frobenius(want))
        monkeypatch.undo()


@pytest.mark.parametrize(("start", "inputs"), ENTERS)
@pytest.mark.parametrize("cls", [nn.LSTM, nn.GRU, layers.RNN])
def test_two_directions(cls, start, inputs):
    for depth in (1, 2):
        model = Model(cls, depth, True, start, inputs)
        assert_close(model.jacobian(), by_autograd(model, model.z))


def test_float32_and_a_state_of_one_layer_by_hand():
    model = Model(nn.LSTM, dtype=torch.float32)
    assert_close(model.jacobian(), by_autograd(model, model.z), 1e-5)
    layer = nn.RNN(1, 1, batch_first=True, nonlinearity="relu", bias=False).double()
    with torch.no_grad():
        layer.weight_hh_l0.fill_(0.5)
    z = torch.ones(2, 1, dtype=torch.float64)
    got = G.one_to_many_jacobian(layer, z, start=lambda z: z[None], steps=4)  # h_t = 0.5^t z
    torch.testing.assert_close(got[:, :, 0, 0], (0.5 ** torch.arange(1, 5)).double().expand(2, 4))
    closed = G.one_to_many_jacobian(layer, z, start=lambda z: z[None], steps=3, feedback=lambda y: y)
    with torch.no_grad():
        w = float(layer.weight_ih_l0)
    want = (
        torch.tensor([0.5, 0.5 * (0.5 + w), 0.5 * (0.5 + w) ** 2]).double()
        if w > -0.5
        else torch.tensor([0.5, 0, 0]).double()
    )
    torch.testing.assert_close(closed[0, :, 0, 0], want)


@pytest.mark.parametrize("wiring", WIRINGS)
@pytest.mark.parametrize("K", [1, 3])
def test_sequence_jacobian_of_one_to_many_models(monkeypatch, wiring, K):
    model, z = OneToMany(3, 6, K, 7, wiring).double(), torch.randn(4, 3, dtype=torch.float64)
    want = by_autograd(model, z)
    assert_close(G.sequence_jacobian(model, z), want)
    assert_close(G.sequence_jacobian(model, z, norms=True), want.norm(dim=2))
    assert_close(G.sequence_jacobian(lambda z: model(z), z), want)
    monkeypatch.setattr(forward, "of_model", None)  # a hook changes what the model computes: autograd's way
    model.read.register_forward_hook(lambda module, inputs, output: 2 * output)
    assert_close(G.sequence_jacobian(model, z), 2 * want if wiring != "fed-back outputs" else by_autograd(model, z))


def test_one_step_and_numpys_numbers():
    model, z = OneToMany(3, 6, 2, 1, "fed-back outputs").double(), torch.randn(2, 3, dtype=torch.float64)
    assert_close(G.sequence_jacobian(model, z), by_autograd(model, z))
    model = Model(nn.GRU)
    assert_close(model.jacobian(steps=np.int64(T)), by_autograd(model, model.z))


def test_a_feedback_written_for_one_batch_size_and_one_that_ignores_its_output():
    model = Model(nn.LSTM, inputs="own")
    z_part = torch.randn(N, D - K, dtype=torch.float64)
    model.feedback = lambda y: torch.cat([y, z_part], 1)
    assert_close(model.jacobian(), by_autograd(model, model.z))
    model.feedback = lambda y: torch.ones(N, D, dtype=torch.float64)
    assert_close(model.jacobian(), by_autograd(model, model.z))


GRU, Z = nn.GRU(D, H, batch_first=True), torch.randn(N, 3)
START = nn.Linear(3, H)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"start": lambda z: START(z)[None]}, ValueError, "how many steps"),
        ({"start": lambda z: START(z)[None], "steps": 0}, ValueError, "steps is 0"),
        ({"start": lambda z: START(z)[None], "steps": 2.5}, ValueError, "steps is 2.5"),
        ({"steps": 4}, ValueError, "nothing depends on z"),
        ({"start": lambda z: START(z)[None].detach(), "steps": 4}, ValueError, "nothing depends on z"),
        ({"start": lambda z: START(z), "steps": 4}, ValueError, "state has shape"),
        ({"start": lambda z: (START(z)[None],) * 2, "steps": 4}, TypeError, "only an LSTM"),
        ({"start": lambda z: START(z - z.mean(0))[None], "steps": 4}, ValueError, "start mixes the batch"),
        (
            {"inputs": lambda z: z[:, None].repeat(1, 4, 2)[..., :4].roll(1, 0)},
            ValueError,
            "inputs mixes the batch",
        ),
        ({"inputs": lambda z: z[:, None].expand(N, 4, 3)}, ValueError, "inputs has shape"),
        ({"inputs": lambda z: z[:, None].repeat(1, 4, 2)[..., :4], "steps": 5}, ValueError, "4 steps, but steps=5"),
        (
            {"inputs": torch.zeros(N, 4, D), "start": lambda z: START(z)[None], "steps": 9},
            ValueError,
            "4 steps, but steps=9",
        ),
        ({"inputs": torch.zeros(N + 1, 4, D)}, ValueError, "inputs has shape"),
        ({"start": lambda z: START(z)[None], "steps": 4, "feedback": lambda y: y}, ValueError, "feedback maps"),
        (
            {"start": lambda z: START(z)[None], "steps": 4, "feedback": lambda y: (y - y.mean(0))[:, :D]},
            ValueError,
            "mixes the batch",
        ),
        (
            {"start": lambda z: START(z)[None], "steps": 4, "head": lambda y: y.cumsum(1)},
            ValueError,
            "mixes time steps",
        ),
        ({"start": lambda z: START(z / 0 * 0)[None], "steps": 4}, ValueError, "NaN"),
    ],
)
def test_bad_input_gets_one_clear_line(options, error, message):
    with pytest.raises(error, match=message) as caught:
        G.one_to_many_jacobian(GRU, Z, **options)
    assert "\n" not in str(caught.value)


def test_bad_layers_and_bad_z():
    start = {"start": lambda z: START(z)[None], "steps": 4}
    with pytest.raises(ValueError, match="feedback needs one direction"):
        G.one_to_many_jacobian(nn.GRU(D, H, batch_first=True, bidirectional=True), Z, feedback=lambda y: y, **start)
    with pytest.raises(TypeError, match="needs a plain"):
        G.one_to_many_jacobian(nn.Linear(D, H), Z, **start)
    with pytest.raises(TypeError, match="z has dtype"):
        G.one_to_many_jacobian(GRU, Z.double(), **start)
    for bad, error in (
        (Z[:0], ValueError),
        (Z.long(), TypeError),
        (Z / 0 * 0, ValueError),
        (Z.tolist(), TypeError),
        (Z + 0j, TypeError),
    ):
        with pytest.raises(error):
            G.one_to_many_jacobian(GRU, bad, **start)
    calls = []

    def counting(z):
        calls.append(1)
        return START(z)[None] * len(calls)

    with pytest.raises(ValueError, match="start is not a function of its input"):
        G.one_to_many_jacobian(GRU, Z, start=counting, steps=4)


# ---- one step ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("cls", LAYERS)
def test_transition_jacobian_equals_autograd_of_one_step(cls, depth):
    torch.manual_seed(depth)
    kwargs = {"batch_first": True} if cls.__module__.startswith("torch") else {}
    layer, x = cls(D, H, num_layers=depth, **kwargs).double(), torch.randn(2, 4, D, dtype=torch.float64)
    pair = "LSTM" in cls.__name__
    state = torch.randn(1 + pair, depth, 2, H, dtype=torch.float64)
    got = G.transition_jacobian(layer, x, tuple(state) if pair else state[0])
    S = depth * H * (1 + pair)
    assert got.shape == (2, 4, S, S)
    for t in range(4):
        before = state.detach().clone().requires_grad_()
        after = layer(x[:, t : t + 1], tuple(before) if pair else before[0])[1]
        after = torch.stack(tuple(after)) if pair else after[None]
        flat = after.permute(2, 0, 1, 3).reshape(2, -1)
        for row in range(S):
            grad = (
                torch.autograd.grad(flat[:, row].sum(), before, retain_graph=True)[0].permute(2, 0, 1, 3).reshape(2, -1)
            )
            torch.testing.assert_close(got[:, t, row], grad, rtol=1e-10, atol=1e-13)
        state = after.detach()


@pytest.mark.parametrize("cls", [nn.LSTM, nn.GRU, layers.LSTM])
@pytest.mark.parametrize("inputs", ["own", "every step"])
def test_dropout_between_layers_in_columns_or_rows(monkeypatch, cls, inputs):
    model = Model(cls, depth=3, inputs=inputs)
    model.layer.dropout, found = 0.5, []
    model.layer.train()
    torch.manual_seed(3)
    want = by_autograd(model, model.z)
    for most in (few.MOST, 0):
        monkeypatch.setattr(few, "MOST", most)
        monkeypatch.setattr(forward, "_road", lambda *_: "z")
        torch.manual_seed(3)
        found.append(model.jacobian())
        assert_close(found[-1], want)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("steps", [1, 2, 3, 8, 21])
def test_the_gates_in_numpy_or_torch_at_once_or_step_by_step(monkeypatch, steps, bias):
    torch.manual_seed(0)
    layer = nn.LSTM(D, H, batch_first=True, bias=bias).double()
    x, state = torch.randn(N, steps, D).double(), (torch.randn(1, N, H).double(), torch.randn(1, N, H).double())
    want = linearise.record(layer, x, None, state).stack[0][0]
    monkeypatch.setattr(linearise, "LITTLE", 0)
    got = linearise.record(layer, x, None, state).stack[0][0]
    assert_close(got.q, want.q, 1e-14)
    h0, c0 = state[0][0], state[1][0]
    y, q = layer(x, state)[0].detach().transpose(0, 1), torch.zeros(6, steps, N, H).double()
    bias = layer.bias_ih_l0.detach() + layer.bias_hh_l0.detach() if bias else None
    linearise.lstm_factors(torch, q, got.W, bias, x.transpose(0, 1), y, h0, c0, True)
    assert_close(q.permute(1, 2, 0, 3), want.q, 1e-14)


@pytest.mark.parametrize("wiring", WIRINGS)
def test_a_one_to_many_model_with_other_parts_is_read_as_it_is(wiring):
    for dtype in (torch.float32, torch.float64):
        model = OneToMany(3, 6, 2, 7, wiring).to(dtype)
        model.read = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 2)).to(dtype)
        if wiring == "initial state":
            model.start = nn.Sequential(nn.Linear(3, 12, bias=False), nn.Tanh()).to(dtype)
        elif wiring != "fed-back outputs":
            model.lstm = nn.LSTM(3, 6, batch_first=True, bias=False).to(dtype)
        z = torch.randn(2, 3, dtype=dtype)
        assert_close(G.sequence_jacobian(model, z), by_autograd(model, z), 1e-10 if dtype == torch.float64 else 1e-5)
    assert not G.sequence_jacobian(model, z).is_inference()


@pytest.mark.parametrize("kind", ["nn.RNN", "nn.GRU", "nn.LSTM"])
@pytest.mark.parametrize("wiring", WIRINGS)
@pytest.mark.parametrize("N", [1, 2])
def test_in_columns_or_rows_in_parts_or_whole_the_sweep_forward_is_the_same(monkeypatch, kind, wiring, N):
    torch.manual_seed(0)
    layer, z = eval(kind)(D, H, batch_first=True).double(), torch.randn(N, 3, dtype=torch.float64)
    start, enter, head, back = (nn.Linear(*shape).double() for shape in ((3, H), (3, D), (H, 2), (2, D)))
    begin = lambda z: (start(z)[None], start(z)[None].sin()) if kind == "nn.LSTM" else start(z)[None]  # noqa: E731
    read = {
        "every step": lambda z: enter(z)[:, None].expand(-1, 7, -1),
        "initial state": None,
    }.get(wiring, lambda z: torch.cat([enter(z)[:, None], z.new_zeros(N, 6, D)], dim=1))
    given = dict(start=begin, inputs=read, head=head, steps=7, feedback=back if "fed" in wiring else None)
    monkeypatch.setattr(forward, "_road", lambda *_: "z")
    want = G.one_to_many_jacobian(layer, z, **given)
    monkeypatch.setattr(few, "enough", lambda *_: False)  # layer by layer, as any network
    assert_close(G.one_to_many_jacobian(layer, z, **given), want)
    monkeypatch.setattr(few, "WIDE", 0)  # the factors once for all columns
    assert_close(G.one_to_many_jacobian(layer, z, **given), want)
    monkeypatch.setattr(forward, "FEW", 1)
    monkeypatch.setattr(few, "MOST", 2 * N * H * H)  # two columns at a time
    assert_close(G.one_to_many_jacobian(layer, z, **given), want)
    monkeypatch.setattr(few, "MOST", 0)  # in torch
    assert_close(G.one_to_many_jacobian(layer, z, **given), want)


def test_a_product_of_transitions_carries_the_gradient():
    torch.manual_seed(0)
    layer, x = nn.GRU(D, H, batch_first=True).double(), torch.randn(1, 6, D, dtype=torch.float64)
    steps, states = G.transition_jacobian(layer, x)[0], G.state_jacobian(layer, x).h[0, :, :, 0]
    torch.testing.assert_close(steps[5] @ steps[4] @ steps[3], states[5, :, 2])


def test_transitions_need_one_direction():
    with pytest.raises(ValueError, match="one direction"):
        G.transition_jacobian(nn.LSTM(D, H, batch_first=True, bidirectional=True), torch.randn(1, 3, D))
    with pytest.raises(TypeError, match="transition_jacobian needs a plain"):
        G.transition_jacobian(lambda x: x, torch.randn(1, 3, D))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_cuda():
    for wiring in WIRINGS:
        model, z = (
            OneToMany(3, 6, 2, 7, wiring).double().cuda().eval(),
            torch.randn(4, 3, dtype=torch.float64, device="cuda"),
        )
        with torch.backends.cudnn.flags(enabled=False):
            want = by_autograd(model, z)
        assert_close(G.sequence_jacobian(model, z), want)


def test_what_explodes_in_numpy_is_told_as_torch_tells_it(monkeypatch):
    """No warning, no error of numpy's, whatever the caller has asked numpy for: the numbers are the caller's to see."""
    layer, head = nn.RNN(D, H, batch_first=True, nonlinearity="relu"), nn.Linear(H, 1)
    with torch.no_grad():
        for part in [*layer.parameters(), *head.parameters()]:
            part.fill_(9.0)
    inputs = lambda z: F.pad(z[:, None], (0, 0, 0, 29))  # noqa: E731
    monkeypatch.setattr(forward, "_road", lambda *_: "z")
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        got = G.one_to_many_jacobian(layer, torch.ones(1, D), inputs=inputs, head=head)
    assert got[0, 0].isfinite().all() and got[0, -1].isinf().all()
