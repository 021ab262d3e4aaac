"""What two hostile testers found: models for which a number was wrong in silence, and sound ones that were refused."""

import collections
import contextlib
import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call

from lstmkit import attribution as A
from lstmkit import gradients as G
from lstmkit import layers
from lstmkit.gradients import callables, function
from lstmkit.models import WIRINGS, OneToMany

N, T = 2, 5
X = torch.randn(N, T, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


class Parts:
    """The same layers for every model."""

    def __init__(self):
        torch.manual_seed(0)
        self.lstm, self.own = nn.LSTM(3, 4, batch_first=True).double(), layers.LSTM(3, 4).double()
        self.head, self.skip, self.one = nn.Linear(4, 2).double(), nn.Linear(3, 2).double(), nn.Linear(4, 1).double()
        self.frozen = copy.deepcopy(self.lstm).requires_grad_(False)


def by_autograd(model, x):
    """Sample n's block is ∂y[n]/∂x[n], also where the batch is mixed."""
    x = x.detach().clone().requires_grad_()
    y = model(x)
    result = x.new_zeros(*y.shape, *x.shape[1:])
    for n, t, k in torch.cartesian_prod(*map(torch.arange, y.shape)).tolist():
        grad = torch.autograd.grad(y[n, t, k], x, retain_graph=True, allow_unused=True)[0]
        result[n, t, k] = 0 if grad is None else grad[n]
    return result


def assert_close(got, want, limit=1e-10):
    got, want = got.as_subclass(torch.Tensor), want.as_subclass(torch.Tensor)
    assert torch.equal(got.isnan(), want.isnan())
    off, size = (got - want).nan_to_num().abs(), want.nan_to_num().abs().amax((0, 1, 3), keepdim=True)
    assert float((off / size.clamp_min(1e-300)).max()) <= limit


class Encoder(nn.Module):
    def __init__(self, parts, kept):
        super().__init__()
        self.layer, self.kept = parts.lstm, kept

    def forward(self, x):
        self.kept.clear()
        self.kept.append(x)
        return self.layer(x)[0]


class Decoder(nn.Module):
    def __init__(self, parts, kept, last=False):
        super().__init__()
        self.head, self.skip, self.kept, self.last = parts.one if last else parts.head, parts.skip, kept, last

    def forward(self, h):
        if self.last:
            return self.head(h[:, -1:]) + self.kept[-1].mean(0)[:1, :1]
        return self.head(h) + self.skip(self.kept[-1])


class Hooked(nn.Module):
    """What a hook put aside is read again."""

    def __init__(self, parts):
        super().__init__()
        features = self.features = {}
        self.first, self.layer, self.head, self.skip = nn.Linear(3, 3).double(), parts.lstm, parts.head, parts.skip
        self.first.register_forward_hook(lambda module, inputs, output: features.__setitem__("first", output))

    def forward(self, x):
        y = self.head(self.layer(self.first(x))[0])
        return y + self.skip(self.features["first"])


class Scaled(nn.Module):
    """Its scale is that of the first batch."""

    def __init__(self, parts):
        super().__init__()
        self.layer, self.head, self.scale = parts.lstm, parts.head, None

    def forward(self, x):
        if self.scale is None:
            self.scale = x.std()
        return self.head(self.layer(x)[0]) / self.scale


def shared(parts, last=False):
    kept = []
    return nn.Sequential(Encoder(parts, kept), Decoder(parts, kept, last))


def doubled(parts):
    weights = {name: 2 * value.detach() for name, value in parts.lstm.named_parameters()}
    return lambda x: parts.head(functional_call(parts.lstm, weights, (x,))[0])


def from_the_batch(parts):
    def model(x):
        weights = {name: value + x.mean() for name, value in parts.lstm.named_parameters()}
        return parts.head(functional_call(parts.lstm, weights, (x,))[0])

    return model


def in_place(parts):
    def model(x):
        u = x * 1.0
        y = parts.frozen(u)[0]
        u.relu_()
        return parts.head(y)

    return model


def way_in_place(parts):
    def model(x):
        u = parts.skip(x)
        h = nn.functional.pad(u, (0, 1))
        y = parts.frozen(h)[0]
        return parts.head(y) + h.relu_()[..., :2]

    return model


def state_in_place(parts):
    def model(x):
        state = (x.new_zeros(1, N, 4), x.new_ones(1, N, 4))
        y = parts.frozen(x, state)[0]
        state[0].add_(1)
        return parts.head(y)

    return model


def units(parts):
    def model(x):
        h = parts.lstm(x)[0]
        return torch.stack([h[..., 0] * 1e8, h[..., 1].mean(1, keepdim=True).expand(-1, T)], -1)

    return model


def units_in_the_batch(parts):
    return lambda x: (lambda h: torch.stack([h[..., 0] * 1e8, h[..., 1] - h[..., 1].mean(0)], -1))(parts.lstm(x)[0])


def curved_in_a_small_unit(parts):
    layer = copy.deepcopy(parts.lstm)
    layer.weight_ih_l0.data[:, 0] *= 1e-13
    return lambda x: parts.head(layer(torch.stack([x[..., 0] * 1e13, x[..., 1].tanh(), x[..., 2]], -1))[0])


def hooked_gradient(parts):
    layer = copy.deepcopy(parts.lstm)
    layer.register_full_backward_hook(lambda module, inputs, outputs: tuple(2 * part for part in inputs))
    return lambda x: parts.head(layer(x)[0])


MODELS = {
    "a list that two modules share": shared,
    "the same, many to one, the batch mixed": lambda p: shared(p, True),
    "what a hook put aside": Hooked,
    "other weights": doubled,
    "weights made from the batch": from_the_batch,
    "its input changed in place behind it": in_place,
    "a way around, changed in place": way_in_place,
    "its state changed in place behind it": state_in_place,
    "one output a million times another": units,
    "the batch mixed in a small output": units_in_the_batch,
    "a curved map in a small unit": curved_in_a_small_unit,
    "a gradient changed on its way": hooked_gradient,
    "lstmkit's own state by name": lambda p: lambda x: p.head(p.own(x)[1].h.mean(0))[:, None],
    "input cut off, and a way around": lambda p: lambda x: p.head(p.lstm(x.detach())[0]) + p.skip(x),
    "a gradient inside": lambda p: lambda x: torch.autograd.grad(p.own(x)[0].square().sum(), x, create_graph=True)[0],
    "one call, and one past its hooks": lambda p: lambda x: p.lstm(x)[0] + p.lstm.forward(x.flip(1))[0],
    "checkpointed": lambda p: (
        lambda x: torch.utils.checkpoint.checkpoint(lambda x: p.head(p.lstm(x)[0]), x, use_reentrant=False)
    ),
    "minus infinity in the output": lambda p: (
        lambda x: nn.functional.pad(p.head(p.lstm(x)[0]), (0, 1), value=-torch.inf)
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_right_or_refused_but_never_wrong_in_silence(name):
    want = by_autograd(MODELS[name](Parts()), X)
    assert_close(G.sequence_jacobian(MODELS[name](Parts()), X), want)
    norms = G.sequence_jacobian(MODELS[name](Parts()), X, norms=True)
    torch.testing.assert_close(norms.as_subclass(torch.Tensor), want.norm(dim=(2, 4)), rtol=1e-8, atol=1e-12)


def test_a_scale_taken_from_the_first_batch():
    model = Scaled(Parts())
    want = by_autograd(Scaled(Parts()), X)  # each call of it is the first
    assert_close(G.sequence_jacobian(model, X), want)
    assert model.scale is None


def test_one_root_of_zero_spoils_no_other_sequence():
    parts, x = Parts(), X.abs()
    x[0, 0, 0] = 0
    model = lambda x: parts.head(parts.lstm(x.cumsum(1).sqrt())[0])  # noqa: E731
    assert_close(G.sequence_jacobian(model, x)[1:], by_autograd(model, x)[1:])
    mixed = lambda x: (lambda h: parts.one(h[:, -1:] - h[:, -1:].mean(0)))(parts.lstm(x)[0]) + x[:, :1, :1].sqrt()  # noqa: E731
    assert_close(G.sequence_jacobian(mixed, x)[1:], by_autograd(mixed, x)[1:])


def test_a_single_link_between_two_steps_far_apart():
    parts, x = Parts(), torch.randn(1, 45, 3, dtype=torch.float64)

    def model(x):
        y = parts.head(parts.lstm(x)[0])
        return torch.cat([y[:, :-1], y[:, -1:] + parts.skip(x[:, :1])], 1)

    assert_close(G.sequence_jacobian(model, x), by_autograd(model, x))


class Cube(torch.autograd.Function):
    """A backward of its own making, which cannot be differentiated again: written as one reads it everywhere."""

    @staticmethod
    def forward(ctx, z):
        ctx.save_for_backward(z)
        return z.detach() ** 3

    @staticmethod
    def backward(ctx, grad):
        (z,) = ctx.saved_tensors
        return grad.detach() * 3 * z.detach() ** 2


@pytest.mark.parametrize("where", ["start", "inputs"])
def test_a_start_with_a_backward_of_its_own_making(where):
    torch.manual_seed(0)
    parts, first, enter = Parts(), nn.Linear(3, 8).double(), nn.Linear(3, 3).double()
    start = lambda z: tuple((first(z) + first(Cube.apply(z)))[None].tanh().chunk(2, 2))  # noqa: E731
    inputs = lambda z: (enter(z) + enter(Cube.apply(z)))[:, None].expand(-1, 6, -1)  # noqa: E731
    z = X[:, 0]
    given = {"start": start, "steps": 6} if where == "start" else {"inputs": inputs}

    def model(z):
        state = tuple(part.contiguous() for part in start(z)) if where == "start" else None
        return parts.head(parts.lstm(z.new_zeros(N, 6, 3) if where == "start" else inputs(z), state)[0])

    assert_close(G.one_to_many_jacobian(parts.lstm, z, head=parts.head, **given), by_autograd(model, z))


def test_a_closed_loop_that_draws_is_refused():
    parts, back = Parts(), nn.Linear(2, 3).double()
    noisy = nn.Sequential(nn.Dropout(0.5), parts.head)
    start = lambda z: (z.new_zeros(1, N, 4), z.new_zeros(1, N, 4) + z.sum(1)[None, :, None])  # noqa: E731
    with pytest.raises(ValueError, match="closed loop draws random numbers"):
        G.one_to_many_jacobian(parts.lstm, X[:, 0], start=start, head=noisy, steps=4, feedback=back)


@pytest.mark.parametrize("wiring", WIRINGS)
@pytest.mark.parametrize("what", ["normalised weights", "two layers", "a read-out that mixes steps"])
def test_a_one_to_many_model_with_exchanged_parts(wiring, what):
    torch.manual_seed(0)
    model, z = OneToMany(3, 4, 2, 5, wiring).double(), X[:, 0]
    if what == "normalised weights":
        name = "weight_hh" if wiring == "fed-back outputs" else "weight_hh_l0"
        nn.utils.parametrizations.weight_norm(model.lstm, name)
    elif what == "two layers" and wiring in ("first step", "every step"):
        model.lstm = nn.LSTM(3, 4, 2, batch_first=True).double()
    elif wiring != "fed-back outputs":
        model.read = nn.Sequential(nn.Conv1d(5, 5, 1), nn.Linear(4, 2)).double()
    assert_close(G.sequence_jacobian(model, z), by_autograd(model, z))


def test_a_question_within_a_question_does_not_wait_for_itself():
    """A model that asks for another one's Jacobian, where torch has two threads: the one worker is free."""
    torch.manual_seed(0)
    model = OneToMany(3, 4, 2, 5).double()
    model.read = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)).double()
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        inner = lambda x: x * float(G.sequence_jacobian(model, x[:, 0].detach()).abs().sum())  # noqa: E731
        assert G.sequence_jacobian(inner, X).abs().sum() > 0
    finally:
        torch.set_num_threads(before)


# ---- what a model keeps -----------------------------------------------------------------------------------------------


class Keeper(nn.Module):
    """Keeps something of every kind, under names of every kind."""

    def __init__(self):
        super().__init__()
        self.layer = nn.GRU(3, 4, batch_first=True).double()
        self.register_buffer("count", torch.zeros(3))
        self.slot, self._list, self._dict, self.queue = self.count[:1], [], {}, collections.deque(maxlen=3)
        self.counter, self.order, self.seen, self.array = collections.Counter(), collections.OrderedDict(), set(), None

    def forward(self, x):
        self.count += 1
        self.slot += 1
        for kept in (self._list, self.queue):
            kept.append(x)
        self._dict["x"] = self.order[len(self.order)] = x
        self.counter["calls"] += 1
        self.seen.add(len(self._list))
        return self.layer(x)[0] * self.count[0] / 2

    def kept(self):
        return (
            self.count.tolist(), self.slot.tolist(), len(self._list), len(self._dict), len(self.queue), dict(self.counter),
            len(self.order), len(self.seen),
        )  # fmt: skip


class Called:
    def __init__(self, model):
        self.model = model

    def __call__(self, x):
        return self.model(x)


WAYS = {
    "itself": lambda m: m,
    "a function": lambda m: lambda x: m(x),
    "a default": lambda m: lambda x, m=m: m(x),
    "an object": Called,
    "a method": lambda m: Called(m).__call__,
    "a list": lambda m: (lambda held: lambda x: held[0](x))([m]),
    "a dict": lambda m: (lambda held: lambda x: held["m"](x))({"m": m}),
}


@pytest.mark.parametrize("way", WAYS)
def test_asking_leaves_what_a_model_keeps_as_it_was(way):
    torch.manual_seed(0)
    keeper = Keeper()
    keeper(X)
    before, model = keeper.kept(), WAYS[way](keeper)
    for question in (
        lambda: G.audit(model, X),
        lambda: A.occlusion(lambda x: model(x)[:, -1, 0], X),
        lambda: A.integrated_gradients(lambda x: model(x)[:, -1, 0], X, points=3),
    ):
        with contextlib.suppress(ValueError):  # a state that grows is none of these questions' business
            question()
        assert keeper.kept() == before
    assert keeper.slot.data_ptr() == keeper.count.data_ptr(), "a view of a buffer stays one"


DATA = [[number for number in range(1000)] for _ in range(1000)]


def test_data_that_a_model_names_is_not_searched_through(monkeypatch):
    layer, asked = Parts().lstm, []
    model, held = lambda x: layer(x)[0] * len(DATA), function._held
    monkeypatch.setattr(function, "_held", lambda thing: asked.append(1) or held(thing))
    assert function.modules_of(model) == [layer]
    assert len(asked) <= 10_001


def test_what_is_shared_stays_shared_and_gets_its_contents_back():
    tensor, buffer, array = torch.ones(2), torch.zeros(4), np.zeros(2)
    pair, held, loop = collections.namedtuple("Pair", "a b")(tensor, [2]), [tensor], []
    loop.append(loop)
    kept = function.Kept()
    assert kept.copy(held) is held and held[0] is not tensor, "the same list, with a copy in it"
    assert kept.copy({"held": held})["held"][0] is held[0] is kept.copy(pair).a and type(kept.copy(pair)) is type(pair)
    assert kept.copy(loop)[0] is loop
    whole, part = kept.copy(buffer), kept.copy(buffer[1:3])
    part += 1
    assert whole.tolist() == [0, 1, 1, 0] and not buffer.any()
    held.append(1)
    kept.copy(array)[:] = 7
    kept.put_back()
    assert len(held) == 1 and held[0] is tensor and not array.any() and loop[0] is loop


class Memory(nn.Module):
    """Computes once, and hands that out ever after."""

    def __init__(self, parts):
        super().__init__()
        self.layer, self.out = parts.lstm, None

    def forward(self, x):
        if self.out is None:
            self.out = self.layer(x)[0]
        return self.out


def test_occlusion_of_a_model_that_remembers_its_first_answer():
    target = dict(target=0, step=-1)
    want = A.occlusion(lambda x: Parts().lstm(x)[0], X, **target)
    assert_close(A.occlusion(Memory(Parts()), X, **target)[:, None, None], want[:, None, None])
    curve = A.deletion_curve(Memory(Parts()), X, want.abs().sum(2), **target)
    assert curve.std() > 0


# ---- sound models that were accused -----------------------------------------------------------------------------------


def test_half_precision_and_clipped_gradients_mix_no_sequences():
    torch.manual_seed(0)
    half, x = nn.LSTM(4, 16, batch_first=True).half(), torch.randn(8, 20, 4).half()
    assert G.audit(half, x)["independent"].ok
    assert A.gradient(half, x, target=0, step=-1).shape == x.shape

    def clipped(x, parts=Parts()):  # noqa: B008
        y = parts.lstm(x)[0]
        if y.requires_grad:
            y.register_hook(lambda grad: grad.clamp(-0.1, 0.1))
        return parts.head(y)

    assert G.audit(clipped, X)["independent"].ok


def test_a_transformer_with_padding_is_a_function_of_its_input():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
    encoder, x = nn.TransformerEncoder(layer, 1).eval(), torch.randn(3, 6, 4)
    mask = torch.arange(6) >= torch.tensor([6, 4, 2])[:, None]
    model = lambda x: encoder(x, src_key_padding_mask=mask)  # noqa: E731
    assert_close(G.sequence_jacobian(model, x), by_autograd(model, x), 1e-4)
    assert G.audit(model, x)["independent"].ok


def test_a_script_is_asked_like_any_model():
    torch.manual_seed(0)
    script = torch.jit.trace(nn.Sequential(nn.Linear(3, 4), nn.Tanh()).double(), X)
    assert_close(G.sequence_jacobian(script, X), by_autograd(script, X))


def test_leaks_that_no_gradient_crosses_are_found():
    torch.manual_seed(0)
    layer, twice = nn.GRU(3, 4, batch_first=True), nn.GRU(4, 3, batch_first=True, bidirectional=True)
    embed, x = nn.Embedding(9, 4), torch.randn(3, 6, 3)
    assert not G.audit(lambda x: layer(x - x.mean(1, keepdim=True).detach())[0], x)["causal"].ok
    assert not G.audit(lambda x: layer(x / x.abs().max().item())[0], x)["independent"].ok
    threshold = lambda x: (lambda h: h * (h > h.mean(1, keepdim=True)))(layer(x)[0])  # noqa: E731
    assert not G.audit(threshold, x)["causal"].ok
    category = torch.randint(9, (3, 6, 1)).float()
    assert not G.audit(lambda x: twice(embed(x[..., 0].long()) + 0 * x)[0], category)["causal"].ok
    sound = G.audit(lambda x: layer(x)[0], x)
    assert sound["causal"].ok and sound["independent"].ok


def test_a_target_as_numbers_that_no_gradient_crosses():
    torch.manual_seed(0)
    x, y = torch.randn(3, 6, 2), torch.randint(5, (3, 6)).float()
    embed, layer = nn.Embedding(5, 2), nn.GRU(2, 3, batch_first=True)
    told = lambda x, y: layer(x + embed(y.long()))[0]  # noqa: E731
    assert G.audit(told, x, target=y)["target"].ok is False
    shifted = lambda x, y: layer(x + embed(y.long().roll(1, 1)).masked_fill(torch.arange(6)[:, None] < 1, 0))[0]  # noqa: E731
    assert G.audit(shifted, x, target=y)["target"].ok


def test_a_huge_constant_hides_no_leak_of_tokens():
    torch.manual_seed(0)
    embed, layer, tokens = nn.Embedding(9, 4), nn.LSTM(4, 4, batch_first=True), torch.randint(1, 9, (3, 6))
    masked = lambda t: torch.cat([layer(embed(t).flip(1))[0], torch.full((3, 6, 1), -1e9)], -1)  # noqa: E731
    assert G.audit(masked, tokens)["causal"].ok is False


def test_padding_that_a_model_knows_by_its_token_is_not_held_against_it():
    torch.manual_seed(0)
    embed, layer = nn.Embedding(9, 4), nn.LSTM(4, 4, batch_first=True, bidirectional=True)
    lengths = torch.tensor([6, 4, 2])
    tokens = torch.randint(1, 9, (3, 6)).masked_fill(torch.arange(6) >= lengths[:, None], 0)

    def packed(t):
        many = nn.utils.rnn.pack_padded_sequence(embed(t), (t != 0).sum(1), batch_first=True, enforce_sorted=False)
        return nn.utils.rnn.pad_packed_sequence(layer(many)[0], batch_first=True, total_length=t.shape[1])[0]

    assert G.audit(packed, tokens, lengths=lengths, causal=False)["padding"].ok
    assert G.audit(lambda t: layer(embed(t))[0], tokens, lengths=lengths, causal=False)["padding"].ok is False


def test_numbers_without_features_have_steps_where_the_outputs_have():
    layer, x = nn.GRU(1, 3, batch_first=True, bidirectional=True), torch.randn(3, 6)
    model = lambda x: layer(x[..., None])[0]  # noqa: E731
    assert G.audit(model, x)["causal"].ok is False
    assert G.audit(model, x, lengths=[6, 5, 3])["padding"].ok is False


def test_minus_infinity_is_the_same_twice():
    callables.compare(torch.tensor([[[1.0, -torch.inf]]]), torch.tensor([[[1.0, -torch.inf]]]), "it")
    with pytest.raises(ValueError, match="not a function"):
        callables.compare(torch.tensor([[[1.0, -1e9]]]), torch.tensor([[[1.1, -1e9]]]), "it")


@pytest.mark.parametrize("given", [{"start": (1, 2)}, {"head": 4}, {"feedback": 3}])
def test_what_is_no_function_is_told(given):
    parts, start = Parts(), lambda z: (z.new_zeros(1, N, 4), z.new_zeros(1, N, 4))
    with pytest.raises(TypeError, match=f"{next(iter(given))} is a .*; expected a function"):
        G.one_to_many_jacobian(parts.lstm, X[:, 0], **{"start": start, "steps": 3, **given})


@pytest.mark.parametrize("steps", ["x", [3], float("nan"), float("inf"), True])
def test_steps_that_are_no_number(steps):
    with pytest.raises((TypeError, ValueError), match="steps"):
        G.one_to_many_jacobian(Parts().lstm, X[:, 0], inputs=lambda z: z[:, None].expand(-1, 3, -1), steps=steps)


def test_a_target_may_be_of_any_whole_kind():
    parts = Parts()
    want = A.gradient(lambda x: parts.lstm(x)[0], X, target=2, step=-1)
    for target in (torch.tensor([2, 2], dtype=torch.uint8), torch.tensor(2, dtype=torch.int16)):
        assert torch.equal(A.gradient(lambda x: parts.lstm(x)[0], X, target=target, step=-1), want)
    for target in ("a", 1j, True, slice(2)):
        with pytest.raises(ValueError, match="target is .*; expected an integer"):
            A.gradient(lambda x: parts.lstm(x)[0], X, target=target, step=-1)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda p: G.sequence_jacobian(lambda x: (), X), "returned a tuple"),
        (lambda p: G.sequence_jacobian(lambda x: p.lstm(x)[0][..., :0], X), "nothing in it to differentiate"),
        (lambda p: G.sequence_jacobian(lambda x: x * 2, X.to_sparse()), "to_dense"),
        (lambda p: G.audit(p.lstm, ()), "batch is empty"),
        (lambda p: G.audit(lambda x, y: p.lstm(x)[0], X, target=torch.zeros(2)), "target is"),
        (lambda p: G.audit(lambda x, y: p.lstm(x)[0], X, target=torch.zeros(3, T)), "N = 2"),
        (lambda p: G.audit(p.lstm, X, memory=-3), "memory is -3"),
        (lambda p: G.audit(p.lstm, X, growth=float("nan")), "growth is nan"),
        (lambda p: A.gradient(lambda x: x.sum((1, 2)), X, target=7), "one number for each sequence"),
        (lambda p: A.integrated_gradients(lambda x: x.sum((1, 2)), X, points=2.5), "points is 2.5"),
        (lambda p: A.smoothgrad(lambda x: x.sum((1, 2)), X, samples=0), "samples is 0"),
        (lambda p: A.smoothgrad(lambda x: x.sum((1, 2)), X, noise=float("nan")), "noise is nan"),
        (lambda p: A.occlusion(lambda x: x.sum((1, 2)), X, window=1.5), "window is 1.5"),
    ],
)
def test_one_clear_line(ask, message):
    with pytest.raises((TypeError, ValueError), match=message) as raised:
        ask(Parts())
    assert "\n" not in str(raised.value)


def test_a_window_may_be_numpys():
    f = lambda x: (x * x).sum((1, 2))  # noqa: E731
    assert torch.equal(A.occlusion(f, X, window=np.int64(2)), A.occlusion(f, X, window=2))


# ---- round two --------------------------------------------------------------------------------------------------------


class Reads(nn.Module):
    """An LSTM times something that it keeps."""

    def __init__(self, kept, read):
        super().__init__()
        parts = Parts()
        self.layer, self.head, self.kept, self.read = parts.lstm, parts.head, kept, read

    def forward(self, x):
        return self.head(self.layer(x)[0]) * self.read(self.kept)


class ReadOnly(dict):
    def __setitem__(self, key, value):
        raise TypeError("read only")


class AnswersAll:
    def __getattr__(self, name):
        return AnswersAll()


def read_only():
    array = np.arange(3.0)
    array.flags.writeable = False
    return array


KEPT = {
    "a conjugate": (torch.fft.rfft(torch.arange(4.0), n=16).conj(), lambda k: float(k.imag[1])),
    "the imaginary part of a conjugate": (torch.fft.rfft(torch.arange(4.0), n=16).conj().imag, lambda k: float(k[1])),
    "a read-only array": (read_only(), lambda k: k[2]),
    "a structure of torch's": (torch.max(torch.arange(6.0).view(2, 3), 0), lambda k: float(k.values[1])),
    "a dict that refuses": (ReadOnly(a=2.0), lambda k: k["a"]),
    "an object with every name": (AnswersAll(), lambda k: 2.0),
    "an empty deque": (collections.deque(), lambda k: 2.0),
}


@pytest.mark.parametrize("what", KEPT)
def test_whatever_a_model_keeps_it_reads_the_same(what):
    model = Reads(*KEPT[what])
    assert_close(G.sequence_jacobian(model, X), by_autograd(model, X))
    assert G.audit(model, X)["independent"].ok


def test_two_tensors_on_one_array_and_a_parameter_by_another_name():
    array = np.arange(1.0, 7.0)
    model = Reads((torch.from_numpy(array[:3]), torch.from_numpy(array)), lambda k: float(k[0][1] * k[1][4]))
    assert_close(G.sequence_jacobian(model, X), by_autograd(model, X))

    class Pruned(Reads):
        def forward(self, x):
            y = self.layer(x)[0]
            self.kept.mul_(torch.tensor([[1.0, 0, 1, 1]], dtype=torch.float64))
            return self.head(y)

    pruned = Pruned(None, None)
    pruned.kept = pruned.head.weight.detach()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):  # by its second call: said, not guessed
        G.sequence_jacobian(pruned, X)


def test_a_small_sequence_beside_a_large_one_is_held_against_itself():
    class Centred(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.layer, self.mean, self.size = (
                nn.LSTM(3, 3, batch_first=True),
                None,
                torch.tensor([1, 1e5])[:, None, None],
            )

        def forward(self, x):
            mean = self.mean if self.mean is not None else x.mean(1, keepdim=True)
            self.mean = mean
            return self.size * self.layer(x)[0] + mean

    x = X.float()
    model = Centred()
    leaf = x.clone().requires_grad_()
    y = Centred()(leaf)
    want = torch.stack([torch.autograd.grad(y[0, -1, k], leaf, retain_graph=True)[0][0] for k in range(3)])
    got = G.sequence_jacobian(model, x)[0, -1].as_subclass(torch.Tensor)
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-6)


def test_gradients_that_overflow_accuse_nobody():
    torch.manual_seed(0)
    rnn = nn.RNN(3, 32, batch_first=True)
    rnn.weight_hh_l0.data.mul_(15)
    report = G.audit(lambda x: rnn(x)[0], torch.randn(2, 200, 3))
    assert report["causal"].ok is not False and report["independent"].ok is not False


def test_rounding_is_no_leak():
    torch.manual_seed(0)
    T = 20
    kernel = torch.zeros(2 * T)
    kernel[:2] = torch.tensor([1.0, -1.0])
    spectrum = torch.fft.rfft(kernel)[:, None]
    conv = lambda x: torch.fft.irfft(torch.fft.rfft(x, n=2 * T, dim=1) * spectrum, n=2 * T, dim=1)[:, :T]  # noqa: E731
    for offset in (0, 10, 100):
        x = torch.randn(4, T, 3) + offset
        assert G.audit(lambda x: nn.functional.layer_norm(conv(x), (3,)), x)["causal"].ok

    def weighted(x):
        s = 60 * x[..., :1]
        w = (s - s.max()).exp()
        return (w * x).cumsum(1) / w.cumsum(1)

    assert G.audit(weighted, torch.rand(4, 20, 3))["independent"].ok


def test_lengths_that_a_model_reads_from_rows_of_zeros():
    torch.manual_seed(0)
    layer, x = nn.LSTM(3, 4, batch_first=True), torch.randn(3, 6, 3)
    for n, length in enumerate((6, 4, 2)):
        x[n, length:] = 0

    def model(x):
        lengths = (x.abs().sum(-1) > 0).sum(1)
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return nn.utils.rnn.pad_packed_sequence(layer(packed)[0], batch_first=True, total_length=6)[0]

    assert G.audit(model, x)["causal"].ok is not False
