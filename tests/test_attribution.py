"""Attribution against Captum, against maps known in closed form, and the scores against scikit-learn."""

import warnings

import pytest
import torch
from captum.attr import IntegratedGradients, Occlusion, Saliency
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score
from torch import nn

from lstmkit import attribution as A


class Tagger(nn.Module):
    """(N, T, D) → (N, T, K)"""

    def __init__(self, D=3, H=6, K=2):
        super().__init__()
        self.lstm, self.out = nn.LSTM(D, H, batch_first=True), nn.Linear(H, K)

    def forward(self, x):
        return self.out(self.lstm(x)[0])


@pytest.fixture
def tagger():
    torch.manual_seed(0)
    return Tagger().double().eval()


@pytest.fixture
def x():
    torch.manual_seed(1)
    return torch.randn(4, 7, 3, dtype=torch.float64)


def last(model):
    return lambda x: model(x)[:, -1]


def test_gradient_agrees_with_captum(tagger, x):
    want = Saliency(last(tagger)).attribute(x, target=1, abs=False)
    torch.testing.assert_close(A.gradient(last(tagger), x, 1), want, rtol=0, atol=1e-6)
    torch.testing.assert_close(A.gradient(tagger, x, 1, step=-1), want, rtol=0, atol=1e-6)
    torch.testing.assert_close(A.gradient_x_input(tagger, x, 1, step=-1), want * x, rtol=0, atol=1e-6)


@pytest.mark.parametrize("baseline", [0.0, 0.3])
def test_integrated_gradients_agree_with_captum_and_close(tagger, x, baseline):
    tool = IntegratedGradients(last(tagger))
    want, gap = tool.attribute(x, baseline, target=0, return_convergence_delta=True, n_steps=50)
    got = A.integrated_gradients(last(tagger), x, 0, baseline=baseline)
    torch.testing.assert_close(got.attribution, want, rtol=0, atol=1e-6)
    torch.testing.assert_close(got.gap, gap, rtol=0, atol=1e-6)
    total = tagger(x)[:, -1, 0] - tagger(torch.full_like(x, baseline))[:, -1, 0]
    torch.testing.assert_close(got.attribution.sum((1, 2)), total, rtol=0, atol=1e-8)


@pytest.mark.parametrize("window", [1, 3, (2, 1), (7, 3)])
def test_occlusion_agrees_with_captum(tagger, x, window):
    shape = (window, 3) if isinstance(window, int) else window
    for baseline in (0.0, -0.5):
        want = Occlusion(last(tagger)).attribute(x, shape, baselines=baseline, target=1)
        got = A.occlusion(last(tagger), x, 1, window=window, baseline=baseline)
        torch.testing.assert_close(got, want.double(), rtol=0, atol=1e-6)  # Captum's is float32


def test_occlusion_and_integrated_gradients_of_pictures_agree_with_captum():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(3 * 6 * 6, 4)).double()
    x = torch.randn(3, 1, 8, 8, dtype=torch.float64)
    want = Occlusion(model).attribute(x, (1, 3, 2), target=torch.tensor([0, 3, 1]))
    got = A.occlusion(model, x, torch.tensor([0, 3, 1]), window=(1, 3, 2))
    torch.testing.assert_close(got, want.double(), rtol=0, atol=1e-6)
    want = IntegratedGradients(model).attribute(x, target=2)
    torch.testing.assert_close(A.integrated_gradients(model, x, 2).attribution, want, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "method",
    [
        A.gradient,
        A.gradient_x_input,
        A.occlusion,
        lambda *a, **k: A.integrated_gradients(*a, **k).attribution,
        lambda *a, **k: A.smoothgrad(*a, **k, samples=3, generator=torch.Generator().manual_seed(3)),
    ],
)
def test_all_steps_at_once_equal_one_step_after_another(tagger, x, method):
    every = method(tagger, x, 1)
    assert every.shape == (4, 7, 7, 3)
    for t in (0, 3, 6):
        torch.testing.assert_close(every[:, t], method(tagger, x, 1, step=t), rtol=0, atol=1e-12)
    mixed = method(tagger, x, torch.tensor([0, 1, 1, 0]), step=torch.tensor([6, 2, 3, 0]))
    torch.testing.assert_close(mixed[1], every[1, 2], rtol=0, atol=1e-12)
    assert (every[:, 2, 3:] == 0).all() and (every[:, 2, :3] != 0).any()  # a causal model


def test_linear_model_every_method_gives_the_weights():
    w = torch.tensor([[1.0, -2.0], [0.5, 0.0], [3.0, -1.0]], dtype=torch.float64)
    x = torch.randn(5, 3, 2, dtype=torch.float64)
    f = lambda x: (x * w).sum((1, 2))  # noqa: E731
    torch.testing.assert_close(A.gradient(f, x), w.expand_as(x))
    torch.testing.assert_close(A.smoothgrad(f, x, samples=4), w.expand_as(x))
    torch.testing.assert_close(A.gradient_x_input(f, x), w * x)
    torch.testing.assert_close(A.integrated_gradients(f, x, points=1).attribution, w * x)
    torch.testing.assert_close(A.occlusion(f, x, window=(1, 1)), w * x)
    torch.testing.assert_close(A.integrated_gradients(f, x, baseline=1.0).attribution, w * (x - 1))


def test_integrated_gradients_of_a_square_and_the_warning():
    x = torch.tensor([[1.0, 2.0, -3.0]])
    square = lambda x: (x**2).sum(1)  # noqa: E731
    torch.testing.assert_close(A.integrated_gradients(square, x).attribution, x**2)
    kink = lambda x: torch.relu(x.sum(1) * 1000).clamp(max=1)  # noqa: E731  all of the change in a thousandth of the path
    with pytest.warns(UserWarning, match="do not close.*more than 3 points"):
        result = A.integrated_gradients(kink, x + 2, points=3)
    assert abs(float(result.gap) - (float(result.attribution.sum()) - 1)) < 1e-6


def test_integrated_gradients_warn_by_what_is_missing_not_by_what_cancels():
    """Parts of ±100 that cancel hide no jump of 8; and parts that cancel are no reason for a warning."""
    f = lambda z: 100 * (z[:, 0] - z[:, 1]) + 8 * (z[:, 2] > 0.5)  # noqa: E731
    with pytest.warns(UserWarning, match="add up to 0 where f.x. − f.baseline. is 8"):
        result = A.integrated_gradients(f, torch.ones(1, 3, dtype=torch.float64))
    assert abs(float(result.gap) + 8) < 1e-9
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        A.integrated_gradients(lambda z: 100 * (z[:, 0] - z[:, 1]), torch.ones(1, 2))
        A.integrated_gradients(lambda z: (z**2).sum(1), torch.randn(3, 4))


@pytest.mark.parametrize("baseline", [float("nan"), float("inf"), torch.tensor([0.0, float("nan"), 0.0])])
def test_a_baseline_that_is_not_finite_is_refused(baseline):
    for call in (A.integrated_gradients, A.occlusion):
        with pytest.raises(ValueError, match="baseline holds NaN or infinity"):
            call(lambda z: z.sum(1), torch.ones(2, 3), baseline=baseline)


def test_an_f_that_is_not_finite_at_the_baseline_or_on_the_path():
    with pytest.raises(ValueError, match="f.baseline. holds"):
        A.integrated_gradients(lambda z: z.log().sum(1), torch.ones(2, 3))
    with pytest.raises(ValueError, match="along the path"):
        A.integrated_gradients(lambda z: (z - 0.5).abs().sqrt().sum(1), torch.ones(2, 3), points=1)


def test_an_f_that_works_in_place_and_the_callers_tensors_stay_as_they_are():
    def in_place(z):
        z.mul_(2)
        return z.square().sum(1)

    x, baseline = torch.ones(2, 3, dtype=torch.float64), torch.full((2, 3), 0.5, dtype=torch.float64)
    kept = x.clone(), baseline.clone()
    torch.testing.assert_close(A.gradient(in_place, x), 8 * x)
    result = A.integrated_gradients(in_place, x, baseline=baseline)
    torch.testing.assert_close(result.attribution.sum(1), torch.full((2,), 9.0, dtype=torch.float64))
    torch.testing.assert_close(
        A.occlusion(in_place, x, baseline=baseline), torch.full((2, 3), 3.0, dtype=torch.float64)
    )
    A.smoothgrad(in_place, x + torch.randn(2, 3), samples=2)
    assert torch.equal(x, kept[0]) and torch.equal(baseline, kept[1])


@pytest.mark.parametrize("whole_steps", [True, False])
@pytest.mark.parametrize("baseline", [0.0, 0.3])
def test_a_deletion_curve_is_what_a_loop_over_samples_and_pieces_gives(tagger, x, whole_steps, baseline):
    torch.manual_seed(3)
    relevance = torch.rand(x.shape[:2] if whole_steps else x.shape)
    got = A.deletion_curve(tagger, x, relevance, 1, step=-1, baseline=baseline, most=5)
    alone = A.deletion_curve(tagger, x, relevance, 1, step=-1, baseline=baseline, most=5, alone=True)
    assert got.shape == alone.shape == (4, 6) and not got.requires_grad
    for n in range(4):
        order = relevance[n].flatten().argsort(descending=True)
        for k in range(6):
            hide = torch.zeros(relevance[n].numel(), dtype=torch.bool)
            hide[order[:k]] = True
            hide = hide.view(relevance[n].shape)
            hide = hide[:, None] if whole_steps else hide
            fill = torch.full_like(x[n], baseline)
            for curve, sample in ((got, torch.where(hide, fill, x[n])), (alone, torch.where(hide, x[n], fill))):
                torch.testing.assert_close(curve[n, k], tagger(sample[None])[0, -1, 1])


def test_a_deletion_curve_of_a_sum_falls_by_what_is_hidden_and_leaves_everything_as_it_was():
    w, x = torch.tensor([3.0, -1.0, 2.0]), torch.ones(2, 3)
    f, map, kept = lambda z: (w * z).sum(1), (w * x), x.clone()
    assert A.deletion_curve(f, x, map).tolist() == [[4.0, 1.0, -1.0, 0.0]] * 2
    assert A.deletion_curve(f, x, map, alone=True).tolist() == [[0.0, 3.0, 5.0, 4.0]] * 2
    assert A.deletion_curve(f, x, map, most=0).tolist() == [[4.0]] * 2
    A.deletion_curve(lambda z: (w * z.mul_(2)).sum(1), x, map, baseline=kept)
    assert torch.equal(x, kept) and torch.equal(map, w * kept)


def test_smoothgrad_is_the_mean_over_its_noise():
    x = torch.linspace(-1, 1, 12, dtype=torch.float64).view(2, 6)
    noise = torch.Generator().manual_seed(7)
    draws = [torch.randn(x.shape, generator=noise, dtype=x.dtype) for _ in range(5)]
    sigma = 0.2 * (x.amax(1) - x.amin(1))[:, None]
    want = torch.stack([3 * (x + sigma * draw) ** 2 for draw in draws]).mean(0)
    got = A.smoothgrad(lambda x: (x**3).sum(1), x, noise=0.2, samples=5, generator=torch.Generator().manual_seed(7))
    torch.testing.assert_close(got, want)


def test_embeddings_of_tokens(tagger):
    torch.manual_seed(0)
    embedding, tokens = nn.Embedding(9, 3).double(), torch.randint(0, 9, (4, 5))
    with pytest.raises(TypeError, match="embedding"):
        A.gradient(lambda t: tagger(embedding(t)), tokens, 0)
    e = embedding(tokens)
    result = A.integrated_gradients(tagger, e, 0, step=-1, baseline=embedding.weight.mean(0))
    assert result.attribution.shape == (4, 5, 3) and result.gap.abs().max() < 1e-8


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda f, x: A.gradient(f, x), ValueError, "choose one with target"),
        (lambda f, x: A.gradient(f, x, 2), ValueError, "target is 2"),
        (lambda f, x: A.gradient(f, x, 0, step=9), ValueError, "step is 9"),
        (lambda f, x: A.gradient(f, x, torch.tensor([0, 1])), ValueError, "target"),
        (lambda f, x: A.gradient(last(f), x, 0, step=1), ValueError, "has no steps"),
        (lambda f, x: A.gradient(f, x / 0 * 0, 0), ValueError, "NaN"),
        (lambda f, x: A.gradient(lambda x: f(x - x.mean(0)), x, 0), ValueError, "mixes the batch"),
        (lambda f, x: A.gradient(lambda x: f(x.detach()), x, 0), ValueError, "does not depend"),
        (lambda f, x: A.occlusion(f, x, 0, window=8), ValueError, "window"),
        (lambda f, x: A.occlusion(f, x, 0, baseline=torch.zeros(2)), ValueError, "baseline"),
        (lambda f, x: A.integrated_gradients(f, x, 0, points=0), ValueError, "points"),
        (lambda f, x: A.smoothgrad(f, x, 0, samples=0), ValueError, "samples"),
        (lambda f, x: A.deletion_curve(f, x, x[:, :-1], 0, step=-1), ValueError, "relevance has shape"),
        (lambda f, x: A.deletion_curve(f, x, x, 0), ValueError, "give step"),
        (lambda f, x: A.deletion_curve(f, x, x, 0, step=-1, most=99), ValueError, "most is 99; expected 0 to 21"),
        (lambda f, x: A.deletion_curve(f, x, x / 0 * 0, 0, step=-1), ValueError, "NaN"),
    ],
)
def test_bad_input_is_named(tagger, x, call, error, message):
    with pytest.raises(error, match=message):
        call(tagger, x)


def test_auprc_agrees_with_scikit_learn_ties_included():
    torch.manual_seed(0)
    relevance, mask = torch.randn(6, 8, 5).round(decimals=1), torch.rand(6, 8, 5) > 0.8
    score = A.auprc(relevance, mask)
    for n in range(6):
        want = average_precision_score(mask[n].flatten(), relevance[n].flatten())
        assert abs(float(score.value[n]) - want) < 1e-12
    among = torch.rand(6, 8, 5) > 0.3
    got = A.auprc(relevance, mask, among).value[2]
    assert abs(float(got) - average_precision_score(mask[2][among[2]], relevance[2][among[2]])) < 1e-12
    assert (A.auprc(mask.float(), mask).value == 1).all()


def test_chance_levels_are_what_random_maps_reach():
    mask = torch.zeros(3000, 20, dtype=torch.bool)
    mask[:, :5] = True
    among = torch.ones_like(mask)
    among[:, 10:] = False
    noise = torch.rand(3000, 20, generator=torch.Generator().manual_seed(0))
    for use, chance in ((None, 0.25), (among, 0.5)):
        score = A.pointing_game(noise, mask, use)
        assert float(score.chance.mean()) == chance
        assert abs(float(score.value.mean()) - chance) < 0.03
        score = A.auprc(noise, mask, use)
        assert abs(float(score.value.mean() - score.chance.mean())) < 0.01
    assert float(A.auprc(noise, mask).chance[0]) > 0.35  # far above the share of 0.25: the entries are few


def test_pointing_game_by_hand():
    mask = torch.tensor([[1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0]])
    maps = torch.tensor([[5.0, 1, 2, 3], [5.0, 1, 2, 3], [4.0, 0, 4, 1]])
    assert A.pointing_game(maps, mask).value.tolist() == [1, 0, 0.5]
    assert A.pointing_game(maps, mask).chance.tolist() == [0.25, 0.25, 0.5]


def test_rank_correlation_agrees_with_scipy():
    torch.manual_seed(0)
    a, b = torch.randn(5, 4, 6).round(decimals=1), torch.randn(5, 4, 6).round(decimals=1)
    got = A.rank_correlation(a, b)
    for n in range(5):
        assert abs(float(got[n]) - spearmanr(a[n].flatten(), b[n].flatten()).statistic) < 1e-12
    torch.testing.assert_close(A.rank_correlation(a, a.exp()), torch.ones(5, dtype=torch.float64))


def test_scores_refuse_what_cannot_be_scored():
    a = torch.randn(2, 4)
    with pytest.raises(ValueError, match="no relevant entry"):
        A.auprc(a, torch.tensor([[1, 0, 0, 0], [0, 0, 0, 0]]))
    with pytest.raises(ValueError, match="shape"):
        A.pointing_game(a, torch.ones(2, 3))
    with pytest.raises(ValueError, match="NaN"):
        A.rank_correlation(a, a * float("nan"))
