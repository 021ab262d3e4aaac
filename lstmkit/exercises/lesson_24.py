"""Lesson 24 · Attribution: score a map, integrated gradients, the completeness gap, choose a baseline, occlusion."""

from __future__ import annotations

import torch
from torch import nn

from lstmkit.exercises import case, define, mistake, slips

# 24.1 · score a map ----------------------------------------------------------------------------------------------


def average_precision(map, mask):
    """The mean, over the relevant entries of one map, of the precision down to each: a number from 0 to 1."""
    order = map.abs().flatten().argsort(descending=True)
    hits = mask.flatten()[order].double()
    precision = hits.cumsum(0) / torch.arange(1, len(hits) + 1)
    return (precision * hits).sum() / hits.sum()


def _by_loop(map, mask):
    pairs = sorted(zip(map.abs().flatten().tolist(), mask.flatten().tolist(), strict=True), reverse=True)
    hits, total = 0, 0.0
    for rank, (_, relevant) in enumerate(pairs, 1):
        hits += relevant
        total += hits / rank if relevant else 0.0
    return total / hits


def _by_sklearn(map, mask):
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(mask.flatten().numpy(), map.abs().flatten().numpy()))


def _ranked_with(reduce, size=torch.abs, descending=True):
    def wrong(map, mask):
        hits = mask.flatten()[size(map).flatten().argsort(descending=descending)].double()
        return reduce(hits, hits.cumsum(0) / torch.arange(1, len(hits) + 1))

    return wrong


def _mean_at_hits(hits, precision):
    return (precision * hits).sum() / hits.sum()


def _mask_left_in_place(map, mask):
    """The map's order is used for nothing."""
    hits = mask.flatten().double()
    return _mean_at_hits(hits, hits.cumsum(0) / torch.arange(1, len(hits) + 1))


def _rank_from_zero(map, mask):
    hits = mask.flatten()[map.abs().flatten().argsort(descending=True)].double()
    return _mean_at_hits(hits, (hits.cumsum(0) - hits) / torch.arange(len(hits)).clamp(min=1))


def _roc(map, mask):
    score, truth = map.abs().flatten(), mask.flatten()
    return (score[truth][:, None] > score[~truth]).double().mean()


def _within_each_step(map, mask):
    order = map.abs().argsort(1, descending=True)
    hits = mask.gather(1, order).flatten().double()
    return _mean_at_hits(hits, hits.cumsum(0) / torch.arange(1, len(hits) + 1))


def _within_each_channel(map, mask):
    return _within_each_step(map.T, mask.T)


def _within_each_channel_by_rows(map, mask):
    hits = mask.gather(0, map.abs().argsort(0, descending=True)).flatten().double()
    return _mean_at_hits(hits, hits.cumsum(0) / torch.arange(1, len(hits) + 1))


def _mask_transposed(map, mask):
    hits = mask.T.flatten()[map.abs().flatten().argsort(descending=True)].double()
    return _mean_at_hits(hits, hits.cumsum(0) / torch.arange(1, len(hits) + 1))


def _ranks_for_places(map, mask):
    hits = mask.flatten()[map.abs().flatten().argsort(descending=True).argsort()].double()
    return _mean_at_hits(hits, hits.cumsum(0) / torch.arange(1, len(hits) + 1))


def _by_trapezoids(hits, precision):
    return torch.trapezoid(precision, hits.cumsum(0) / hits.sum())


def _maps():
    def made(T, D, share, lift):
        mask = torch.rand(T, D) < share
        mask[T // 2, 0], mask[0, -1] = True, False
        return torch.randn(T, D) * (1 + lift * mask), mask

    return [
        case(*made(6, 3, 0.3, 2.0), label="six steps, three channels"),
        case(*made(12, 4, 0.1, 3.0), label="few relevant entries"),
        case(
            torch.tensor([[0.3, -2.0, 1.0]]), torch.tensor([[True, True, False]]), label="one step; the map is signed"
        ),
        case(torch.tensor([[0.1], [0.2], [-0.3]]), torch.tensor([[True], [False], [False]]), label="the worst map"),
    ]


define(
    "24.1",
    reference=average_precision,
    cases=_maps,
    alternatives=[_by_loop, _by_sklearn],
    tolerance=1e-5,
    mistakes=[
        mistake(
            "the map is sorted with its signs, so that strong evidence against comes last: sort its absolute values",
            _ranked_with(_mean_at_hits, size=lambda map: map),
        ),
        mistake(
            "the smallest entries come first: sort with descending=True",
            _ranked_with(_mean_at_hits, descending=False),
        ),
        mistake(
            "this is the mean of the precision at every rank; only the ranks with a relevant entry count",
            _ranked_with(lambda hits, precision: precision.mean()),
        ),
        mistake(
            "the sum over the relevant ranks is divided by the number of all entries; divide by the number of relevant ones",
            _ranked_with(lambda hits, precision: (precision * hits).mean()),
        ),
        mistake(
            "this is the precision among the first P entries, P the number of relevant ones: a good score too, but not this one",
            _ranked_with(lambda hits, precision: precision[int(hits.sum()) - 1]),
        ),
        mistake("the mask is not brought into the map's order: mask.flatten()[order]", _mask_left_in_place),
        mistake("you sort within each step: all T·D entries stand in one list, map.abs().flatten()", _within_each_step),
        mistake("you sort within each channel: all T·D entries stand in one list", _within_each_channel),
        mistake(
            "you sort along the steps, each channel for itself: flatten before you sort", _within_each_channel_by_rows
        ),
        mistake("one of the two is transposed: flatten map and mask in the same order", _mask_transposed),
        mistake(
            "these are counts of hits: divide the count at place k by k, that is the precision",
            _ranked_with(lambda hits, precision: _mean_at_hits(hits, hits.cumsum(0))),
        ),
        mistake(
            "this is the largest precision of the walk: take the mean of the precision at the hits",
            _ranked_with(lambda hits, precision: precision.max()),
        ),
        mistake(
            "this is the mean of the recall at every place: the precision, at the hits, is wanted",
            _ranked_with(lambda hits, precision: (hits.cumsum(0) / hits.sum()).mean()),
        ),
        mistake(
            "you sum the precision at the hits: divide by the number of hits",
            _ranked_with(lambda hits, precision: (precision * hits).sum()),
        ),
        mistake(
            "you divide the hits so far by all relevant ones (that is the recall); the precision at place k divides them by k",
            _ranked_with(lambda hits, precision: _mean_at_hits(hits, hits.cumsum(0) / hits.sum())),
        ),
        mistake(
            "this is the share of the map's size that lies on relevant entries; the order of the entries is wanted",
            lambda map, mask: map.abs()[mask].sum() / map.abs().sum(),
        ),
        mistake(
            "you join the points of the curve by straight lines (trapezoids); average precision is the mean of the precision at the hits",
            _ranked_with(_by_trapezoids),
        ),
        mistake(
            "you divide by 0, 1, 2, …: at the first place one entry has been seen, so begin with 1",
            _ranked_with(lambda hits, precision: _mean_at_hits(hits, hits.cumsum(0) / torch.arange(len(hits)))),
        ),
        mistake(
            "you index the mask with the ranks; one argsort gives the order, a second one the ranks: one is enough",
            _ranks_for_places,
        ),
        mistake("the entry itself counts too: down to rank k there are k entries, k = 1, 2, 3, …", _rank_from_zero),
        mistake("this is the area under the ROC curve, whose chance level is one half whatever the mask", _roc),
    ],
)

# 24.2 · integrated gradients -------------------------------------------------------------------------------------


def integrated_gradients(f, x, baseline, points):
    """(x − baseline) times the mean gradient of f at `points` midpoints of the straight path: the shape of x."""
    total = torch.zeros_like(x)
    for k in range(points):
        a = (k + 0.5) / points
        between = (baseline + a * (x - baseline)).detach().requires_grad_()
        total = total + torch.autograd.grad(f(between).sum(), between)[0]
    return (x - baseline) * total / points


def _slope(f, place):
    place = place.detach().clone().requires_grad_()
    return torch.autograd.grad(f(place).sum(), place)[0]


def _integrated_with(
    path=lambda x, b, a: b + a * (x - b),
    times=lambda x, b: x - b,
    at=lambda k, points: (k + 0.5) / points,
    mean=True,
    more=0,
):
    def wrong(f, x, baseline, points):
        total = sum(_slope(f, path(x, baseline, at(k, points))) for k in range(points + more))
        return times(x, baseline) * total / (points + more if mean else 1)

    return wrong


def _integrated_one(which):
    def wrong(f, x, baseline, points):
        a = (range(points)[which] + 0.5) / points
        return (x - baseline) * _slope(f, baseline + a * (x - baseline)) / points

    return wrong


def _scores_for_slopes(f, x, baseline, points):
    total = sum(f(baseline + (k + 0.5) / points * (x - baseline)).detach() for k in range(points))
    return (x - baseline) * total[:, None, None] / points


def _trapezoids(f, x, baseline, points):
    slopes = [_slope(f, baseline + k / points * (x - baseline)) for k in range(points + 1)]
    return (x - baseline) * (sum(slopes) - (slopes[0] + slopes[-1]) / 2) / points


def _one_k_less(f, x, baseline, points):
    total = torch.zeros_like(x)
    for k in range(points - 1):
        total = total + _slope(f, baseline + (k + 0.5) / points * (x - baseline))
    return (x - baseline) * total / points


def _last_slope_whole(f, x, baseline, points):
    return points * _integrated_one(-1)(f, x, baseline, points)


def _place_times_slope(f, x, baseline, points):
    total = torch.zeros_like(x)
    for k in range(points):
        place = baseline + (k + 0.5) / points * (x - baseline)
        total = total + place * _slope(f, place)
    return total / points


def _all_at_once(f, x, baseline, points):
    a = ((torch.arange(points) + 0.5) / points).view(-1, 1, *[1] * (x.ndim - 1)).to(x.dtype)
    places = (baseline + a * (x - baseline)).flatten(0, 1)
    return (x - baseline) * _slope(f, places).view(points, *x.shape).mean(0)


def _functions():
    """Cases: smooth functions of (N, T, D), the second a small LSTM; x and baselines without zeros."""
    lstm, v = nn.LSTM(2, 5, batch_first=True), torch.randn(5)
    W = torch.randn(3)

    def curved(x):
        return torch.tanh(x @ W).sum(1) + 0.3 * (x**3).sum((1, 2))

    def reader(x):
        return lstm(x)[0][:, -1] @ v

    x, b = torch.randn(4, 5, 3), torch.randn(4, 5, 3)
    return [
        (curved, x, b, "a curved function, a baseline that is not zero"),
        (reader, 3 * torch.randn(2, 6, 2), torch.full((2, 6, 2), 0.5), "an LSTM"),
        (curved, torch.randn(1, 1, 3), torch.randn(1, 1, 3), "a batch of one, one step"),
    ]


define(
    "24.2",
    reference=integrated_gradients,
    cases=lambda: [
        case(f, x, b, points, label=f"{label}; {points} points")
        for (f, x, b, label), points in zip(_functions(), (4, 3, 1), strict=True)
    ],
    alternatives=[_all_at_once],
    tolerance=1e-5,
    mistakes=[
        mistake(
            "this is the mean gradient along the path; it has still to be multiplied by (x − baseline)",
            _integrated_with(times=lambda x, b: 1),
        ),
        mistake(
            "the mean gradient is multiplied by x: multiply by the way that was walked, x − baseline",
            _integrated_with(times=lambda x, b: x),
        ),
        mistake(
            "the path begins at zero: it must run from the baseline to x",
            _integrated_with(path=lambda x, b, a: a * x),
        ),
        mistake(
            "the baseline is ignored: the path and the factor both take it for zero",
            _integrated_with(path=lambda x, b, a: a * x, times=lambda x, b: x),
        ),
        mistake(
            "a(x − baseline) is where you are, seen from the baseline: add the baseline to it",
            _integrated_with(path=lambda x, b, a: a * (x - b)),
        ),
        mistake(
            "this takes the left end of each piece (a = 0 among them, a = 1 not): take the midpoints, (k + ½) / points",
            _integrated_with(at=lambda k, points: k / points),
        ),
        mistake(
            "this takes the right end of each piece (a = 1 among them, a = 0 not): take the midpoints, (k + ½) / points",
            _integrated_with(at=lambda k, points: (k + 1) / points),
        ),
        mistake(
            "both ends of the path are points, as linspace(0, 1, points) has them: take the midpoints, (k + ½) / points",
            _integrated_with(at=lambda k, points: k / max(points - 1, 1)),
        ),
        mistake(
            "these are points + 1 places, both ends among them: take the `points` midpoints, (k + ½) / points",
            _integrated_with(at=lambda k, points: k / points, more=1),
        ),
        mistake(
            "your k runs from 1: with (k + ½) / points the first midpoint is k = 0, and the last one lies beyond x",
            _integrated_with(at=lambda k, points: (k + 1.5) / points),
        ),
        mistake(
            "you differentiate the mean over the batch, so every gradient is N times too small: take f(place).sum()",
            lambda f, x, baseline, points: integrated_gradients(f, x, baseline, points) / len(x),
        ),
        mistake(
            "keep the sign: the map says what speaks for and what against",
            slips.with_result(integrated_gradients, torch.abs),
        ),
        mistake(
            "only k = 0 counts: add every slope to a total, and return behind the loop",
            _integrated_one(0),
        ),
        mistake("only the last k counts: add every slope to a total, total = total + …", _integrated_one(-1)),
        mistake(
            "this is the slope at the last midpoint alone: add up the slopes of all k, then divide by points",
            _last_slope_whole,
        ),
        mistake("your loop ends one k too early: range(points) has all of them", _one_k_less),
        mistake(
            "you divide by points − 1: there are as many slopes as points",
            lambda f, x, b, points: (
                (x - b) * _integrated_with(times=lambda x, b: 1, mean=False)(f, x, b, points) / (points - 1)
                if points > 1
                else (x - b) / torch.zeros(())
            ),
        ),
        mistake(
            "your a is k / (points − 1), which puts both ends of the path among the points: take (k + 0.5) / points",
            _integrated_with(at=lambda k, points: k / (points - 1)),
        ),
        mistake(
            "`//` rounds down to a whole number, so that a is 0 all the time: divide with `/`",
            _integrated_with(at=lambda k, points: (k + 0.5) // points),
        ),
        mistake("these are trapezoids over points + 1 places: take the midpoints, (k + ½) / points", _trapezoids),
        mistake("you add up the scores f(place): add up its slopes, slopes(f, place)", _scores_for_slopes),
        mistake(
            "your path begins at x and walks on beyond it: begin at the baseline, baseline + a·(x − baseline)",
            _integrated_with(path=lambda x, b, a: x + a * (x - b)),
        ),
        mistake(
            "your path leads from the baseline away from x: the way is x − baseline, not baseline − x",
            _integrated_with(path=lambda x, b, a: b + a * (b - x)),
        ),
        mistake(
            "baseline − x stands in the path and in the factor: it is x − baseline, both times",
            _integrated_with(path=lambda x, b, a: b + a * (b - x), times=lambda x, b: b - x),
        ),
        mistake(
            "your map is summed to one number for each window: keep (N, T, D)",
            slips.with_result(integrated_gradients, lambda map: map.sum((1, 2))),
        ),
        mistake(
            "(k + 0.5) needs its brackets: k + 0.5 / points is another number",
            _integrated_with(at=lambda k, points: k + 0.5 / points),
        ),
        mistake(
            "the place is baseline + a·(x − baseline); yours is baseline + a·x",
            _integrated_with(path=lambda x, b, a: b + a * x),
        ),
        mistake(
            "each slope is multiplied by its place on the path; the way that was walked, x − baseline, multiplies their mean",
            _place_times_slope,
        ),
        mistake("the gradients are summed, not averaged: divide by the number of points", _integrated_with(mean=False)),
        mistake("the sign is turned round: the factor is x − baseline", _integrated_with(times=lambda x, b: b - x)),
        mistake(
            "this is gradient × input, the gradient at x alone: walk along the path",
            _integrated_with(path=lambda x, b, a: x, times=lambda x, b: x),
        ),
        mistake(
            "the gradient is taken at x each time: take it at baseline + a·(x − baseline)",
            _integrated_with(path=lambda x, b, a: x),
        ),
    ],
)

# 24.3 · completeness ---------------------------------------------------------------------------------------------


def completeness_gap(f, x, baseline, map):
    """Sum of each sample's map minus (f(x) − f(baseline)): (N,)."""
    return map.flatten(1).sum(1) - (f(x) - f(baseline))


def _sums_by_einsum(f, x, baseline, map):
    return torch.einsum("ntd->n", map) + f(baseline) - f(x)


define(
    "24.3",
    reference=completeness_gap,
    cases=lambda: [  # a map far above the difference, and one far below it: gaps of both signs
        case(f, x, b, level + torch.randn_like(x), label=label)
        for f, x, b, label in _functions()
        for level in (3.0, -3.0)
    ],
    alternatives=[_sums_by_einsum],
    mistakes=[
        mistake(
            "f(baseline) is missing: the map accounts for the difference f(x) − f(baseline)",
            lambda f, x, baseline, map: map.sum((1, 2)) - f(x),
        ),
        mistake(
            "f(baseline) has the wrong sign: sum − (f(x) − f(baseline))",
            lambda f, x, baseline, map: map.sum((1, 2)) - f(x) - f(baseline),
        ),
        mistake(
            "the whole batch is summed to one number: sum over steps and channels alone, one gap for each sample",
            lambda f, x, baseline, map: map.sum() - (f(x) - f(baseline)).sum(),
        ),
        mistake(
            "the mean over the map's entries stands where the sum belongs",
            lambda f, x, baseline, map: map.mean((1, 2)) - (f(x) - f(baseline)),
        ),
        mistake(
            "the map is summed over the batch too, and that one number meets every sample's difference: sum over steps and channels",
            lambda f, x, baseline, map: map.sum() - (f(x) - f(baseline)),
        ),
        mistake(
            "the map is summed over steps alone: the channels have to go too, `map.sum((1, 2))`",
            lambda f, x, baseline, map: map.sum(1) - (f(x) - f(baseline)),
        ),
        mistake(
            "the map is summed over channels alone: the steps have to go too, `map.sum((1, 2))`",
            lambda f, x, baseline, map: map.sum(2) - (f(x) - f(baseline)),
        ),
        mistake(
            "this is the gap as a share of f(x) − f(baseline): leave it in units of f",
            lambda f, x, baseline, map: completeness_gap(f, x, baseline, map) / (f(x) - f(baseline)),
        ),
        mistake(
            "f(x − baseline) is another thing than f(x) − f(baseline): call f twice",
            lambda f, x, baseline, map: map.sum((1, 2)) - f(x - baseline),
        ),
        mistake(
            "the difference is added, or turned round: subtract f(x) − f(baseline) from the sum",
            lambda f, x, baseline, map: map.sum((1, 2)) + (f(x) - f(baseline)),
        ),
        mistake(
            "you compare with zeros: f(baseline) is wanted, with the baseline that is given",
            lambda f, x, baseline, map: map.sum((1, 2)) - (f(x) - f(0 * x)),
        ),
        mistake(
            "the scores are summed over the batch: f(x) is one score for each window already",
            lambda f, x, baseline, map: map.sum((1, 2)) - (f(x).sum() - f(baseline).sum()),
        ),
        mistake(
            "this is the sum as a share of f(x) − f(baseline): subtract, do not divide",
            lambda f, x, baseline, map: map.sum((1, 2)) / (f(x) - f(baseline)),
        ),
        mistake(
            "you compare with x − baseline itself: put each through f first, f(x) − f(baseline)",
            lambda f, x, baseline, map: map.sum((1, 2)) - (x - baseline).sum((1, 2)),
        ),
        mistake("f(map) is a score of the map: its sum is wanted", lambda f, x, b, map: f(map) - (f(x) - f(b))),
        mistake(
            "the map is not summed: `map.sum((1, 2))` leaves one number for each window",
            lambda f, x, baseline, map: map - (f(x) - f(baseline)),
        ),
        mistake(
            "the map is summed over windows and steps: sum over steps and channels, axes 1 and 2",
            lambda f, x, baseline, map: map.sum((0, 1)) - (f(x) - f(baseline)),
        ),
        mistake(
            "this is the sum of the first window's map for all: each window has its own",
            lambda f, x, baseline, map: map[0].sum() - (f(x) - f(baseline)),
        ),
        mistake(
            "the channels are left: sum over steps and channels, `map.sum((1, 2))`, one gap for each window",
            lambda f, x, baseline, map: map.sum(1) - (f(x) - f(baseline))[:, None],
        ),
        mistake(
            "the steps are left: sum over steps and channels, `map.sum((1, 2))`, one gap for each window",
            lambda f, x, baseline, map: map.sum(2) - (f(x) - f(baseline))[:, None],
        ),
        mistake(
            "keepdim=True leaves axes of size 1, which stretch against the batch: sum without it",
            lambda f, x, baseline, map: map.sum((1, 2), keepdim=True) - (f(x) - f(baseline)),
        ),
        mistake("the gap is squared: leave it as it is, signed", lambda *a: completeness_gap(*a) ** 2),
        slips.batch_averaged(completeness_gap),
        mistake("the sign is turned round: sum of the map first", lambda *a: -completeness_gap(*a)),
        mistake("keep the sign: no absolute value", lambda *a: completeness_gap(*a).abs()),
        mistake(
            "the map's absolute values are summed: evidence for and against must cancel",
            lambda f, x, baseline, map: map.abs().sum((1, 2)) - (f(x) - f(baseline)),
        ),
        mistake(
            "this is the difference f(x) − f(baseline) alone: subtract it from the sum of the map",
            lambda f, x, baseline, map: f(x) - f(baseline),
        ),
    ],
)

# 24.4 · choose a baseline ----------------------------------------------------------------------------------------

define(
    "24.4",
    reference={"ink": "c", "scan": "d", "room": "b", "sales": "a"},
    allowed=("a", "b", "c", "d"),
    mistakes=[
        mistake(
            "1 is ink here: a page that is black all over. What does a page without a digit look like?", {"ink": "d"}
        ),
        mistake(
            "the mean page is a grey smear of all digits: it has some of every digit on it", {"ink": "b", "scan": "b"}
        ),
        mistake("last week's page has a digit on it too; blank paper has none", {"ink": "a", "scan": "a"}),
        mistake("0 is black here: a page full of ink. What does a page without a digit look like?", {"scan": "c"}),
        mistake("0 °C is an extreme value for this room: it would be evidence itself", {"room": "c"}),
        mistake("1 °C is an extreme value for this room: it would be evidence itself", {"room": "d"}),
        mistake(
            "the question names no other day: it asks what is unusual, so compare with what is usual",
            {"room": "a"},
        ),
        mistake("a week without any customer is no answer to “less than last week”", {"sales": "c"}),
        mistake("one customer a day is no answer to “less than last week”", {"sales": "d"}),
        mistake(
            "that answers “why less than usual?”; the question names what it is compared with: last week",
            {"sales": "b"},
        ),
    ],
)

# 24.5 · occlusion ------------------------------------------------------------------------------------------------


def occlusion(f, x, width):
    """The drop of f when `width` steps of a channel are set to zero; where windows overlap, the mean of their drops."""
    N, T, D = x.shape
    score, drops, count = f(x).detach(), torch.zeros_like(x), torch.zeros_like(x)
    for d in range(D):
        for s in range(T - width + 1):
            hidden = x.clone()
            hidden[:, s : s + width, d] = 0
            drops[:, s : s + width, d] += (score - f(hidden).detach())[:, None]
            count[:, s : s + width, d] += 1
    return drops / count


def _by_masks(f, x, width):
    N, T, D = x.shape
    windows = torch.eye(T - width + 1, T)
    for k in range(1, width):
        windows += torch.eye(T).roll(k, 1)[: T - width + 1]
    channels = []
    for d in range(D):
        keep = torch.ones(len(windows), T, D)
        keep[:, :, d] = 1 - windows
        drop = torch.stack([f(x) - f(x * one) for one in keep], dim=1).detach()  # (N, windows)
        channels.append(drop @ windows / windows.sum(0))
    return torch.stack(channels, dim=2)


def _occlusion_with(slip):
    def wrong(f, x, width):
        N, T, D = x.shape
        drops, count, hidden = torch.zeros_like(x), torch.zeros_like(x), x.clone()
        for d in range(D):
            starts = range(T - width + (slip != "last window"))
            for s in {"apart": range(0, T, width), "overhang": range(T)}.get(slip, starts):
                hidden = hidden if slip == "stays" else x.clone()
                end = s + width - (slip == "short")
                place = (slice(None), slice(s, end), slice(None) if slip == "all channels" else d)
                hidden[place] = x.mean() if slip == "mean" else 0
                hidden = x - hidden if slip == "rest" else hidden
                drop = (f(x) * (slip != "no whole") - f(hidden)).detach()[:, None]
                written = (slice(None), slice(s, s + 1 if slip == "first step" else s + width), d)
                before = 0 if slip == "overwritten" else drops[written]
                drops[written] = before + (-drop if slip == "sign" else drop.abs() if slip == "abs" else drop)
                count[written] += 1
        if slip in ("no count", "overwritten"):
            return drops
        if slip == "last window":
            return drops / count
        if slip == "width":
            return drops / width
        result = drops / count.clamp(min=1)
        if slip == "renormalised":
            return result / result.sum((1, 2), keepdim=True)
        if slip == "renormalised abs":
            return result / result.abs().sum((1, 2), keepdim=True)
        if slip == "closed":
            return result / result.sum((1, 2), keepdim=True) * (f(x) - f(0 * x)).detach()[:, None, None]
        return result

    return wrong


def _pieces_with(slip):
    """Slips in what is hidden, where its drop goes, and how the drops are joined."""

    def wrong(f, x, width):
        N, T, D = x.shape
        drops, count, whole = torch.zeros_like(x), torch.zeros_like(x), f(x).detach()
        for d in range(D):
            hidden = x.clone()
            for s in range(T - width + 1 + (slip == "late") - (slip == "early")):
                hidden = hidden if slip == "stays" else x.clone()
                end = s + (1 if slip == "one hidden" else width + (slip == "long"))
                hidden[:, s:end, d] = x[:, :, d].mean(1, keepdim=True) if slip == "own mean" else 0
                score = f(hidden).detach()
                drop = {"hidden score": score, "no drop": 0 * score, "batch": (whole - score).mean() + 0 * score}
                drop = drop.get(slip, whole - score)[:, None]
                if slip == "no None":
                    drop = drop[:, 0]
                middle, last = s + width // 2, s + width - 1
                places = {"middle": slice(middle, middle + 1), "last step": slice(last, last + 1)}
                place = (slice(None), places.get(slip, slice(s, s + width)), d)
                before = {"set": 0 * drops[place], "max": drops[place]}.get(slip, drops[place])
                drops[place] = torch.maximum(before, drop.expand_as(before)) if slip == "max" else before + drop
                count[place if slip != "count" else place[:2]] += 1
        divided = {"max": drops, "starts": drops / (T - width + 1), "twice": drops / count / width, "steps": drops / T}
        return divided.get(slip, drops / count.clamp(min=1))

    return wrong


define(
    "24.5",
    reference=occlusion,
    cases=lambda: [
        case(f, x + 0.4, width, label=f"{label}; width {width}")
        for (f, x, _, label), width in zip(_functions(), (2, 3, 1), strict=True)
    ],
    alternatives=[_by_masks],
    mistakes=[
        mistake(
            "your map is divided by its sum: leave it in units of f. What occlusion finds need not add up to anything, and to force it "
            "hides that",
            _occlusion_with("renormalised"),
        ),
        mistake(
            "your map is divided by the sum of its absolute values: leave it in units of f",
            _occlusion_with("renormalised abs"),
        ),
        mistake(
            "your map is stretched to add up to f(x) − f(0): that is integrated gradients' promise, not occlusion's",
            _occlusion_with("closed"),
        ),
        mistake(
            "overlapping pieces are added up: divide by the number of pieces that covered each entry",
            _occlusion_with("no count"),
        ),
        mistake(
            "divided by width everywhere; near the ends fewer pieces cover an entry: count them",
            _occlusion_with("width"),
        ),
        mistake("the sign is turned round: the drop is f(x) − f(x with the piece hidden)", _occlusion_with("sign")),
        mistake(
            "earlier pieces stay hidden: begin each time from a fresh copy, hidden = x.clone()",
            _occlusion_with("stays"),
        ),
        mistake("all channels are hidden at once: hide the steps of channel d alone", _occlusion_with("all channels")),
        mistake("the last piece is left out: the pieces begin at 0 … T − width", _occlusion_with("last window")),
        mistake(
            "each drop is written to the first step of its piece alone: it belongs to all `width` steps",
            _occlusion_with("first step"),
        ),
        mistake(
            "your pieces lie side by side; they begin at every step, 0 … T − width, so that they overlap",
            _occlusion_with("apart"),
        ),
        mistake(
            "your last pieces hang over the end and are shorter than `width`: they begin at 0 … T − width",
            _occlusion_with("overhang"),
        ),
        mistake(
            "you hide everything but the piece: the piece is hidden, the rest stays",
            _occlusion_with("rest"),
        ),
        mistake(
            "each drop overwrites the one before where pieces overlap: add them up with +=, and divide by their number",
            _occlusion_with("overwritten"),
        ),
        mistake("this is the score of the hidden window: the drop is f(x) minus that", _pieces_with("hidden score")),
        mistake(
            "your drops are all zero: f(x) needs the window as it was, and the hidden piece belongs into a copy",
            _pieces_with("no drop"),
        ),
        mistake(
            "the drop lacks its axis: drop[:, None], (N, 1), stretches over the steps of the piece",
            _pieces_with("no None"),
        ),
        mistake(
            "each drop overwrites the one before, and is then divided by the count: add them up with +=",
            _pieces_with("set"),
        ),
        mistake("this is the largest drop of the pieces that cover an entry: take their mean", _pieces_with("max")),
        mistake("you fill the piece with its channel's mean: fill it with 0", _pieces_with("own mean")),
        mistake("your pieces are one step too long: s : s + width ends before s + width", _pieces_with("long")),
        mistake("you hide one step alone: hide the whole piece, s : s + width", _pieces_with("one hidden")),
        mistake("your width is 1: hide `width` steps at once", lambda f, x, width: occlusion(f, x, 1)),
        mistake(
            "each drop is written to the middle step of its piece alone: it belongs to all `width` steps",
            _pieces_with("middle"),
        ),
        mistake(
            "each drop is written to the last step of its piece alone: it belongs to all `width` steps",
            _pieces_with("last step"),
        ),
        mistake(
            "you divide by the number of pieces in a channel: divide each entry by how many covered it",
            _pieces_with("starts"),
        ),
        mistake("you divide by T: divide each entry by the number of pieces that covered it", _pieces_with("steps")),
        mistake(
            "each drop is shared among the steps of its piece: every step gets the whole drop", _pieces_with("twice")
        ),
        mistake(
            "within a channel earlier pieces stay hidden: make the copy in the inner loop, hidden = x.clone()",
            _pieces_with("stays"),
        ),
        mistake("the drop is averaged over the windows: each window has its own", _pieces_with("batch")),
        mistake(
            "your count goes up in every channel: count in channel d alone, where the piece lies", _pieces_with("count")
        ),
        mistake(
            "one piece is missing at the end: range(T − width) stops before the last start, T − width",
            _pieces_with("early"),
        ),
        mistake(
            "your last piece begins one step too late and is shorter than the rest: range(T − width + 1)",
            _pieces_with("late"),
        ),
        mistake(
            "the drops are multiplied by x: leave them in units of f", lambda f, x, width: x * occlusion(f, x, width)
        ),
        mistake("the drops are squared: leave them as they are, signed", slips.with_result(occlusion, torch.square)),
        mistake("your pieces are one step short: hide s : s + width", _occlusion_with("short")),
        mistake("f(x) is missing: the drop is f(x) − f(x with the piece hidden)", _occlusion_with("no whole")),
        mistake(
            "the drops of the batch are added up: each sequence has a map of its own",
            lambda f, x, width: occlusion(f, x, width).sum(0, keepdim=True).expand_as(x),
        ),
        mistake("the piece is filled with the mean of x: fill it with 0", _occlusion_with("mean")),
        mistake("keep the sign: where hiding raises f, the entry spoke against", _occlusion_with("abs")),
    ],
)
