"""`audit`: every planted bug is found by its line, and nobody is accused who is innocent; it leaves no trace."""

import random
import threading

import numpy as np
import pytest
import torch
from torch import nn

from lstmkit import gradients as G
from lstmkit import layers

TORCH, OWN = (nn.RNN, nn.LSTM, nn.GRU), (layers.RNN, layers.LSTM, layers.GRU)
pytestmark = pytest.mark.filterwarnings("error")  # an audit warns of nothing: its lines say it


class Wrong(nn.Module):
    def __init__(self, change):
        super().__init__()
        self.change = change

    def forward(self, y):
        return self.change(y)


def linear(W, U):
    """h_t = W h_{t-1} + U x_t, for as long as h stays positive."""
    layer = nn.RNN(U.shape[1], len(W), batch_first=True, nonlinearity="relu", bias=False).double()
    with torch.no_grad():
        layer.weight_hh_l0.copy_(W)
        layer.weight_ih_l0.copy_(U)
    return layer


class Model(nn.Module):
    """An ordinary model with a switch for each bug of lesson 27."""

    def __init__(self, D=3, H=16, K=2, cls=nn.LSTM, bug=None, vocabulary=0, pool=None):
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(vocabulary, D) if vocabulary else nn.Identity()
        self.rnn = cls(D, H, batch_first=True, bidirectional=bug == "future")
        self.out, self.bug, self.pool = nn.Linear(H * (1 + (bug == "future")), K), bug, pool
        with torch.no_grad():
            if bug == "forgets":
                self.rnn.bias_hh_l0[H : 2 * H] = -10
            if bug == "explodes":
                self.rnn.weight_hh_l0.copy_(2 * nn.init.orthogonal_(torch.empty(H, H)))

    def forward(self, x, lengths=None):
        x = self.embedding(x)
        if self.bug == "view":
            x = x.transpose(0, 1).reshape(x.shape)
        y = self.rnn(x)[0]
        if self.pool:
            last = lengths - 1 if self.pool == "last" else torch.full((len(x),), x.shape[1] - 1)
            y = y[torch.arange(len(x)), last]
        return self.out(y)


class Decoder(nn.Module):
    def __init__(self, leak):
        super().__init__()
        torch.manual_seed(0)
        self.embedding, self.start = nn.Embedding(10, 8), nn.Linear(5, 16)
        self.rnn, self.out, self.leak = nn.GRU(8, 16, batch_first=True), nn.Linear(16, 9), leak

    def forward(self, x, target):
        given = target if self.leak else torch.cat([torch.full_like(target[:, :1], 9), target[:, :-1]], 1)
        return self.out(self.rnn(self.embedding(given), torch.tanh(self.start(x))[None])[0])


LENGTHS, BATCH = torch.tensor([20, 15, 8, 12, 20, 5]), torch.randn(6, 20, 3, generator=torch.Generator().manual_seed(0))
TOKENS = torch.randint(0, 7, (6, 20), generator=torch.Generator().manual_seed(0))
TARGET = torch.randint(0, 9, (6, 7), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("line", "bad", "good", "batch", "options"),
    [
        ("causal", Model(bug="future"), Model(), BATCH, {}),
        (
            "causal",
            lambda x: Model(pool="end")(x),
            lambda x: Model(pool="end")(x * (torch.arange(20) < 19)[:, None]),
            BATCH,
            {"delay": 1},
        ),
        ("causal", Model(vocabulary=7, bug="future"), Model(vocabulary=7), TOKENS, {}),
        ("independent", Model(bug="view"), Model(), BATCH, {}),
        (
            "independent",
            nn.Sequential(layers.RNN(3, 4), Wrong(lambda y: y[0] - y[0].mean(0))),
            layers.RNN(3, 4),
            BATCH,
            {},
        ),
        ("padding", Model(pool="end"), Model(pool="last"), (BATCH, LENGTHS), {"lengths": LENGTHS}),
        (
            "padding",
            Model(vocabulary=7, pool="end"),
            Model(vocabulary=7, pool="last"),
            (TOKENS, LENGTHS),
            {"lengths": LENGTHS},
        ),
        (
            "padding",
            Model(bug="future"),
            lambda x: layers.LSTM(3, 4, bidirectional=True)(x, lengths=LENGTHS),
            BATCH,
            {"lengths": LENGTHS, "causal": False},
        ),
        ("memory", Model(bug="forgets"), Model(), BATCH, {"memory": 1}),
        ("memory", Model(), lambda x: x.cumsum(1), BATCH, {"memory": 8}),
        ("growth", Model(cls=nn.RNN, bug="explodes"), Model(cls=nn.RNN), BATCH.repeat(1, 2, 1), {"growth": 1.03}),
        ("target", Decoder(True), Decoder(False), torch.randn(6, 5), {"target": TARGET}),
    ],
)
def test_audit_finds_each_bug_by_exactly_its_line(line, bad, good, batch, options):
    torch.manual_seed(0)
    report = G.audit(bad, batch, **options)
    assert [check.name for check in report if check.ok is False] == [line], report
    assert not report.passed and report[line].verdict in repr(report) and "✗ " + line in repr(report)
    torch.manual_seed(0)
    report = G.audit(good, batch, **options)
    assert report.passed and report[line].ok is True, report
    assert [check.name for check in report] == ["causal", "independent", "padding", "memory", "growth", "target"]


@pytest.mark.parametrize("cls", TORCH + OWN)
def test_audit_passes_plain_layers(cls):
    torch.manual_seed(0)
    layer = cls(3, 16, batch_first=True) if cls in TORCH else cls(3, 16)
    report = G.audit(layer, BATCH)
    assert report.passed and report["causal"].ok and report["independent"].ok, report
    assert report["memory"].ok is None and report["growth"].ok is None, "a description is no verdict"
    report = G.audit(layer, BATCH, memory=1, growth=1.1)
    assert report["memory"].ok and report["growth"].ok, report
    assert repr(report).count("\n") == 5


def test_audit_measures():
    W = torch.diag(torch.ones(5), -1)  # the echo of five steps ago: all of the sensitivity at lag 5
    U = torch.zeros(6, 1)
    U[0] = 1
    echo = linear(W, U)
    x = torch.rand(2, 15, 1, dtype=torch.float64) + 0.1
    report = G.audit(lambda x: echo(x)[0][..., 5:], x, memory=5)
    assert report["memory"].value == 5 and not G.audit(lambda x: echo(x)[0][..., 5:], x, memory=6)["memory"].ok
    report = G.audit(linear(torch.tensor([[0.5]]), torch.ones(1, 1)), x)
    assert report["memory"].value == 0 and abs(report["growth"].value - 0.5) < 1e-6 and report.passed
    report = G.audit(linear(torch.tensor([[1.1]]), torch.ones(1, 1)), x)
    assert abs(report["growth"].value - 1.1) < 1e-6 and report["growth"].ok is None and report.passed
    assert G.audit(linear(torch.tensor([[1.1]]), torch.ones(1, 1)), x, growth=1.05)["growth"].ok is False


def test_audit_of_dropout_batch_norm_and_float_targets():
    torch.manual_seed(0)
    norm, core = nn.BatchNorm1d(3), Model()
    model = lambda x: core(norm(x.transpose(1, 2)).transpose(1, 2))  # noqa: E731
    report = G.audit(model, BATCH)
    assert [c.ok for c in report] == [None, False, None, None, None, None] and "not judged" in report["memory"].verdict
    norm.eval()
    assert G.audit(model, BATCH).passed
    dropout = nn.Dropout(0.5)
    fed = lambda x, y: dropout(x + torch.cat([torch.zeros_like(y[:, :1]), y[:, :-1]], 1))  # noqa: E731
    assert G.audit(fed, BATCH, target=torch.randn(6, 20, 3), causal=True)["target"].ok
    assert G.audit(lambda x, y: dropout(x + y), BATCH, target=torch.randn(6, 20, 3))["target"].ok is False


def test_audit_of_one_sequence_and_of_bad_input():
    report = G.audit(Model(), BATCH[:1])
    assert report["independent"].ok is None and report.passed
    with pytest.raises(ValueError, match="lengths"):
        G.audit(Model(), BATCH, lengths=[1, 2])
    with pytest.raises(ValueError, match="does not depend"):
        G.audit(lambda t: torch.ones(6, 20, 1), TOKENS)
    with pytest.raises(ValueError, match="NaN"):
        G.audit(Model(), BATCH / 0 * 0)
    with pytest.raises(TypeError, match="list"):
        G.audit(Model(), ([1.0],))


# ---- leaks that a look at one gradient misses -------------------------------------------------------------------------


def verdicts(report):
    return {check.name: check.ok for check in report}


class Reader(nn.Module):
    """Reads tokens through an embedding; `peek` adds what stands `peek` steps ahead."""

    def __init__(self, peek=0, in_place=False, twice=False):
        super().__init__()
        torch.manual_seed(0)
        self.e, self.e2, self.f, self.o = (
            nn.Embedding(7, 3),
            nn.Embedding(7, 2),
            nn.LSTM(5, 8, batch_first=True),
            nn.Linear(8, 1),
        )
        self.peek, self.in_place, self.twice = peek, in_place, twice

    def forward(self, tokens):
        e = self.e(tokens)
        if self.in_place:
            e *= 2
        y = self.o(self.f(torch.cat([e, self.e2(tokens)], 2))[0])
        if self.twice:
            y = y + self.e(tokens)[..., :1]
        return y + self.e(tokens.roll(-self.peek, 1))[..., :1] if self.peek else y


@pytest.mark.parametrize("peek", [1, 5])
def test_a_token_model_that_looks_up_shifted_tokens_sees_the_future(peek):
    report = G.audit(Reader(peek), TOKENS)
    assert report["causal"].ok is False and not report.passed, report


@pytest.mark.parametrize("model", [Reader(), Reader(in_place=True), Reader(twice=True)])
def test_several_lookups_are_no_bug(model):
    report = G.audit(model, TOKENS)
    assert report.passed and report["causal"].ok and report["independent"].ok, report
    assert report["memory"].value is not None and "described" in report["memory"].verdict


def test_tokens_without_an_embedding():
    torch.manual_seed(0)
    rnn = nn.GRU(7, 4, batch_first=True)
    report = G.audit(lambda t: rnn(nn.functional.one_hot(t, 7).float())[0], TOKENS)
    assert report.passed and report["causal"].ok, report
    report = G.audit(lambda t: rnn(nn.functional.one_hot(t.flip(1), 7).float())[0], TOKENS, memory=3)
    assert report["causal"].ok is False and "not judged" in report["memory"].verdict


@pytest.mark.parametrize("unit", [1.0, 1e6, 1e-6])
def test_a_decoder_fed_the_answer_in_any_unit(unit):
    torch.manual_seed(0)
    dec = nn.GRU(3, 4, batch_first=True)
    target = torch.randn(6, 20, 3) * unit
    shifted = lambda x, t: dec(x + torch.cat([torch.zeros_like(t[:, :1]), t[:, :-1]], 1) / unit)[0]  # noqa: E731
    assert G.audit(lambda x, t: dec(x + t / unit)[0], BATCH, target=target)["target"].ok is False
    assert G.audit(lambda x, t: dec(x + t / 1e6)[0], BATCH, target=target)["target"].ok is False
    assert G.audit(shifted, BATCH, target=target)["target"].ok
    assert G.audit(lambda x, t: dec(x)[0], BATCH, target=target)["target"].ok


def test_outputs_of_other_shapes_are_judged_or_said_not_to_be():
    torch.manual_seed(0)
    one, both = nn.LSTM(3, 1, batch_first=True), nn.LSTM(3, 1, batch_first=True, bidirectional=True)
    flat = G.audit(lambda x: one(x)[0][..., 0], BATCH)  # (N, T)
    assert flat["causal"].ok and flat.passed, flat
    flat = G.audit(lambda x: both(x)[0].sum(2), BATCH)
    assert flat["causal"].ok is None and "not judged" in flat["causal"].verdict and not flat.passed
    assert G.audit(lambda x: one(x)[0][:, :-1], BATCH)["causal"].ok
    cut = G.audit(lambda x: both(x)[0][:, :-1], BATCH)
    assert cut["causal"].ok is None and "would see the future" in cut["causal"].verdict and not cut.passed
    assert G.audit(lambda x: both(x)[0][:, :-1], BATCH, at=range(19))["causal"].ok is False
    later = G.audit(lambda x: one(x)[0][:, 1:], BATCH)
    assert later["causal"].ok is None and not later.passed
    assert G.audit(lambda x: one(x)[0][:, 1:], BATCH, at=range(1, 20))["causal"].ok
    assert G.audit(lambda x: one(x)[0][:, 3::4], BATCH, at=torch.arange(3, 20, 4))["causal"].ok
    assert G.audit(lambda x: both(x)[0][:, 3::4], BATCH, at=torch.arange(3, 20, 4))["causal"].ok is False
    with pytest.raises(ValueError, match="expected 5 integers"):
        G.audit(lambda x: one(x)[0][:, ::4], BATCH, at=[1, 2])


@pytest.mark.parametrize("steps", [5, 10, 19, 25])
def test_an_encoder_that_reads_all_of_x_first_is_not_accused(steps):
    torch.manual_seed(0)
    encoder, decoder = nn.GRU(3, 4, batch_first=True), nn.GRU(3, 4, batch_first=True)
    target = torch.randn(6, steps, 3)

    def write(x, target=None):
        shown = x.new_zeros(len(x), steps, 3) if target is None else nn.functional.pad(target[:, :-1], (0, 0, 1, 0))
        return decoder(shown, encoder(x)[1])[0]

    report = G.audit(write, BATCH, target=target)
    assert report.passed and report["causal"].ok is None and report["target"].ok, report
    assert G.audit(write, BATCH)["causal"].ok is None
    assert G.audit(write, BATCH, causal=False).passed


# ---- the innocent -----------------------------------------------------------------------------------------------------


def recaller(cls, T=10):
    """A network trained to recall the first of ten inputs: its gradient grows with the lag, and must."""
    torch.manual_seed(0)
    net, read = cls(1, 12, batch_first=True), nn.Linear(12, 1)
    optimiser = torch.optim.Adam([*net.parameters(), *read.parameters()], lr=2e-2)
    for _ in range(1500):  # until it can: how many steps that takes is a matter of rounding
        x = torch.randn(64, T, 1)
        loss = (read(net(x)[0][:, -1]) - x[:, 0]).square().mean()
        if loss < 0.2:
            break
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.2
    return lambda x: read(net(x)[0][:, -1])


@pytest.mark.parametrize("cls", [nn.LSTM, nn.GRU])
def test_a_network_that_has_learned_to_recall_is_sound(cls):
    report = G.audit(recaller(cls), torch.randn(6, 10, 1))
    assert report.passed and report["growth"].value > 1.03, report
    assert G.audit(recaller(cls), torch.randn(6, 10, 1), memory=5)["memory"].ok


def test_untrained_convolutions_forget_bias_3_and_short_sequences_are_sound():
    torch.manual_seed(0)
    conv = nn.Conv1d(3, 4, 8)
    causal = lambda x: conv(nn.functional.pad(x.transpose(1, 2), (7, 0))).transpose(1, 2)  # noqa: E731
    assert G.audit(causal, BATCH).passed
    model = Model()
    with torch.no_grad():
        model.rnn.bias_hh_l0[16:32] = 3
    assert G.audit(model, BATCH).passed
    shift = lambda x: torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], 1)  # noqa: E731
    for T in (2, 3):
        assert G.audit(shift, BATCH[:, :T]).passed
    assert G.audit(Model(), BATCH[:, :1]).passed


class Stateful(nn.Module):
    """Goes on from where the last call stopped."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.rnn, self.state, self.calls = nn.GRU(3, 4, batch_first=True), None, []

    def forward(self, x, target=None):
        y, self.state = self.rnn(x, self.state)
        self.state = self.state.detach()
        self.calls.append(len(x))
        return y


def test_a_sound_model_that_keeps_its_state_is_not_accused_and_keeps_it():
    model = Stateful()
    model(BATCH)
    before, object_before = model.state.clone(), model.state
    for target in (TARGET[:, :1].expand(-1, 20), torch.randn(6, 20, 3)):
        report = G.audit(model, BATCH, target=target)
        assert report.passed and report["target"].ok, report
    assert model.state is object_before and torch.equal(model.state, before) and model.calls == [6]


def test_a_state_that_cannot_be_put_back_is_said():
    calls = []

    def counting(x):
        calls.append(1)
        return x * len(calls)

    report = G.audit(counting, BATCH)
    assert all(check.ok is None for check in report) and "no function of its input" in report["causal"].verdict
    assert not report.passed


class Chance(nn.Module):
    """A sound decoder with teacher forcing by chance, and dropout."""

    def __init__(self, source):
        super().__init__()
        torch.manual_seed(0)
        self.decoder, self.source, self.drop = Decoder(False), source, nn.Dropout(0.3)

    def forward(self, x, target):
        forced = {"python": random.random, "numpy": lambda: np.random.rand(), "torch": lambda: float(torch.rand(()))}  # noqa: NPY002
        given = target if forced[self.source]() < 0.5 else torch.zeros_like(target)
        return self.drop(self.decoder(x, given))


@pytest.mark.parametrize("source", ["python", "numpy", "torch"])
def test_what_chance_did_is_nobodys_bug(source):
    for _ in range(3):
        report = G.audit(Chance(source), torch.randn(6, 5), target=TARGET)
        assert report["target"].ok and report["independent"].ok, report


# ---- no trace, two threads, speed -------------------------------------------------------------------------------------


def test_audit_leaves_no_trace():
    torch.manual_seed(0)
    norm, rnn = nn.BatchNorm1d(3), nn.LSTM(3, 4, batch_first=True)

    def model(x, t):
        x.mul_(1.0)
        t.add_(0)
        torch.rand(1), random.random(), np.random.rand()  # noqa: NPY002
        return rnn(norm(x.transpose(1, 2)).transpose(1, 2))[0]

    x, target = BATCH.clone(), torch.randn(6, 20, 4)
    kept = [
        x.clone(),
        target.clone(),
        norm.running_mean.clone(),
        norm.num_batches_tracked.clone(),
        torch.get_rng_state(),
    ]
    dice = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    mean = norm.running_mean
    G.audit(model, x, target=target)
    now = [x, target, norm.running_mean, norm.num_batches_tracked, torch.get_rng_state()]
    assert all(torch.equal(a, b) for a, b in zip(kept, now, strict=True)) and norm.running_mean is mean
    assert random.getstate() == dice[0] and (np.random.get_state()[1] == dice[1]).all()  # noqa: NPY002
    assert all(parameter.grad is None for parameter in rnn.parameters())


def test_two_audits_at_once():
    reports = {}

    def work(name):
        for _ in range(3):
            torch.manual_seed(0)
            model = Model(vocabulary=7, bug="future" if name == "bad" else None)
            reports.setdefault(name, []).append(verdicts(G.audit(model, TOKENS)))

    threads = [threading.Thread(target=work, args=(name,)) for name in ("bad", "good", "good too")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(
        found["causal"] is (name != "bad") and found["independent"] for name in reports for found in reports[name]
    )


def test_a_long_sequence_is_swept_not_asked_step_by_step(monkeypatch):
    from lstmkit.gradients import callables

    monkeypatch.setattr(callables, "blocks", None)  # the road of one backward pass for each output
    torch.manual_seed(0)
    gru, read = nn.GRU(4, 16, batch_first=True), nn.Linear(16, 3)
    report = G.audit(lambda x: read(gru(x)[0]), torch.randn(2, 400, 4))
    assert report.passed and report["causal"].ok and report["memory"].value >= 0
    mixed = G.audit(lambda x: read(gru(x)[0]) + x.mean(0, keepdim=True)[..., :3], torch.randn(2, 400, 4))
    assert mixed["independent"].ok is False and "not judged" in mixed["causal"].verdict
