"""Lesson 13 · Chaos, and restless markets: horizons, feeding forecasts back, when they leave their orbit, autocorrelation."""

from __future__ import annotations

import math

import torch
from torch import nn

from lstmkit.exercises import case, define, mistake, slips

# 13.1 · a thousand times more precise -----------------------------------------------------------------------------

LATER = 1.1 * math.log(1000)

define(
    "13.1",
    reference=LATER,
    tolerance=0.11 / LATER,  # 0.1 time units: tolerances are relative above 1
    mistakes=[
        mistake(
            "a thousand times the precision is not a thousand times the time: how often must the smaller difference grow by "
            "the factor e to be a thousand times larger?",
            1000.0,
        ),
        mistake("1.1 time units for each *factor e*, not for each time that the difference doubles or adds up: 1.1 · 1000 "
                "would be growth along a line", 1100.0),
        mistake("you took the logarithm to base 10; the growth is given for the factor e, so take the natural one",
                1.1 * math.log10(1000)),
        mistake("you took the logarithm to base 2; the growth is given for the factor e, not for doubling",
                1.1 * math.log2(1000)),
        mistake("about seven factors of e are in a thousand, but each of them takes 1.1 time units", math.log(1000)),
        mistake("that is in steps of 0.05: time units are wanted", LATER / 0.05),
        mistake("each factor of e takes 1.1 time units: multiply the number of factors by it, do not divide",
                math.log(1000) / 1.1),
        mistake("that is the time for a factor of a million; a billionth is a *thousand* times closer than a millionth",
                1.1 * math.log(1e6)),
        mistake("that is the whole time from a billionth to one; how much later than the pair that began at a millionth?",
                1.1 * math.log(1e9)),
        mistake("three powers of ten, but the growth is by e, not by ten", 3.3 / 1.1),
        mistake("smaller differences grow at the same *rate*, but they have farther to go: the orbits part later", 0.0),
        mistake("later, not earlier: the number is positive", -LATER),
    ],
)  # fmt: skip

# 13.2 · feed back -------------------------------------------------------------------------------------------------


class Reader(nn.Module):
    """A small recurrent reader of windows of any length, with random weights: (N, L) -> (N,)."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(1, 3, batch_first=True)
        self.readout = nn.Linear(3, 1)

    def forward(self, x):
        h, _ = self.rnn(x[:, :, None])
        return 2 * self.readout(h[:, -1])[:, 0]


def feed_back(model, x, steps):
    """Forecasts (N, steps); each enters the window (N, L) on the right, the oldest value leaves it on the left."""
    forecasts = []
    for _ in range(steps):
        y = model(x)
        forecasts.append(y)
        x = torch.cat([x[:, 1:], y[:, None]], dim=1)
    return torch.stack(forecasts, dim=1)


def _fed(move):
    """Fed back with another way of moving the window: move(x, y)."""

    def wrong(model, x, steps):
        forecasts = []
        for _ in range(steps):
            y = model(x)
            forecasts.append(y)
            x = move(x, y[:, None])
        return torch.stack(forecasts, dim=1)

    return wrong


def _one_forecast(model, x, steps):
    y = model(x)
    return torch.stack([y] * steps, dim=1)


def _window(model, x, steps):
    return torch.cat([x, feed_back(model, x, steps)], dim=1)[:, -x.shape[1] :]


def _window_in_front(model, x, steps):
    return torch.cat([x, feed_back(model, x, steps)], dim=1)


def _first_left_out(model, x, steps):
    return feed_back(model, x, steps + 1)[:, 1:]


def _from_the_measured(model, x, steps):
    return torch.cat([x[:, -1:], feed_back(model, x, steps)[:, :-1]], dim=1)


def _as_increments(model, x, steps):
    return _fed(lambda x, y: torch.cat([x[:, 1:], x[:, -1:] + y], dim=1))(model, x, steps)


def _with_last_only(model, x, steps):
    return _fed(lambda x, y: y)(model, x, steps)


def _preallocated(model, x, steps):
    with torch.no_grad():
        path = torch.zeros(len(x), x.shape[1] + steps)
        path[:, : x.shape[1]] = x
        for t in range(steps):
            path[:, x.shape[1] + t] = model(path[:, t : t + x.shape[1]])
        return path[:, x.shape[1] :]


def _rolled(model, x, steps):
    forecasts = []
    for _ in range(steps):
        forecasts.append(model(x).detach())
        x = x.roll(-1, dims=1)
        x[:, -1] = forecasts[-1]
    return torch.stack(forecasts, dim=1)


define(
    "13.2",
    reference=feed_back,
    cases=lambda: [
        case(Reader(), torch.randn(3, 5), 4),
        case(Reader(), torch.randn(2, 4), 9, label="more steps than the window is long"),
        case(Reader(), torch.randn(1, 6), 2, label="a batch of one"),
    ],
    alternatives=[_preallocated, _rolled],
    mistakes=[
        mistake("your window never moves, so every forecast is the first one: let each forecast enter it", _one_forecast),
        mistake("you drop the newest value; the oldest, the first column, has to leave", _fed(lambda x, y: torch.cat([x[:, :-1], y], 1))),
        mistake("you put the forecast in front; the newest value stands on the right", _fed(lambda x, y: torch.cat([y, x[:, :-1]], 1))),
        mistake("the forecast stands in front, and the oldest value has left: put the forecast behind", _fed(lambda x, y: torch.cat([y, x[:, 1:]], 1))),
        mistake("your window grows: the oldest value has to leave when a forecast enters, x[:, 1:]", _fed(lambda x, y: torch.cat([x, y], 1))),
        mistake("the model sees nothing but its last forecast; keep the rest of the window", _with_last_only),
        mistake("you add the forecast to the last value; the model gives the value itself, not a change", _as_increments),
        mistake("that is the window at the end; return the forecasts alone, (N, steps)", _window),
        mistake("the window's last values are not all the forecasts where there are more steps than the window is long: keep each in a list",
                lambda model, x, steps: _window(model, x, steps)[:, -steps:]),
        mistake("the window stands in front of your forecasts; return the forecasts alone", _window_in_front),
        mistake("the first forecast is missing, and there is one beyond the last: keep each before you go on", _first_left_out),
        mistake("your first column is the last measured value; begin with the first forecast", _from_the_measured),
        slips.last_step_left_out(feed_back, says="one forecast too few: `steps` of them, the last included"),
        mistake("one forecast too many: `steps` of them", lambda model, x, steps: feed_back(model, x, steps + 1)),
        slips.last_only(feed_back, says="that is the last forecast alone: all of them are wanted, (N, steps)"),
        slips.transposed(feed_back, says="steps come first in your result: (N, steps) is wanted, `torch.stack(forecasts, dim=1)`"),
        slips.result_reversed(feed_back, says="the forecasts stand in reverse order: the first step first"),
        mistake("torch.cat joins the forecasts into one long row; torch.stack(…, dim=1) gives the steps an axis of their own",
                lambda model, x, steps: feed_back(model, x, steps).T.reshape(-1)),
    ],
)  # fmt: skip

# 13.3 · when it leaves --------------------------------------------------------------------------------------------


def leaves(forecast, truth, limit):
    """First step (from 1) at which |forecast − truth| > limit, (N,); K + 1 where there is none."""
    off = (forecast - truth).abs() > limit
    first = off.int().argmax(dim=1) + 1
    return torch.where(off.any(dim=1), first, off.shape[1] + 1)


def _of_table(find, table=lambda f, t, limit: (f - t).abs() > limit):
    def wrong(forecast, truth, limit):
        return find(table(forecast, truth, limit))

    return wrong


def _first(off):
    return torch.where(off.any(1), off.int().argmax(1) + 1, off.shape[1] + 1)


def _last(off):
    return torch.where(off.any(1), off.shape[1] - off.flip(1).int().argmax(1), off.shape[1] + 1)


def _last_inside(off):
    """The step after the last one that is within the limit."""
    return off.shape[1] + 1 - (~off).flip(1).int().argmax(1)


def _by_loop(forecast, truth, limit):
    found = []
    for mine, theirs in zip(forecast, truth, strict=True):
        step = len(mine) + 1
        for t in range(len(mine)):
            if abs(mine[t] - theirs[t]) > limit:
                step = t + 1
                break
        found.append(step)
    return torch.tensor(found)


def _by_counting(forecast, truth, limit):
    inside = (forecast - truth).abs() <= limit
    return inside.long().cumprod(1).sum(1) + 1


def _paths():
    forecast, truth = torch.randn(5, 7).cumsum(1) * 0.6, torch.zeros(5, 7)
    never = torch.rand(3, 4) * 0.3
    back = torch.tensor([[0.1, -0.9, 0.2, 0.9, 0.1], [0.1, 0.2, 0.6, 0.1, 0.1], [0.9, 0.1, 0.1, 0.1, 0.7]])
    even = torch.tensor([[0.25, 0.5, 0.75], [0.5, 0.5, 0.5]])
    return [
        case(forecast + 1, truth + 1, 0.8),
        case(back + 2, torch.full((3, 5), 2.0), 0.5, label="it comes back"),
        case(torch.cat([never, never + 1]), torch.zeros(6, 4), 0.5, label="some never leave"),
        case(even, torch.zeros(2, 3), 0.5, label="exactly at the limit is not beyond it"),
        case(-torch.rand(2, 6).cumsum(1), torch.zeros(2, 6), 1.2, label="it leaves downwards"),
    ]


define(
    "13.3",
    reference=leaves,
    cases=_paths,
    alternatives=[_by_loop, _by_counting],
    mistakes=[
        mistake("you count from 0; the first step is 1, and a forecast that never leaves gets K + 1", lambda f, t, limit: leaves(f, t, limit) - 1),
        mistake("you count from 0, but only where it leaves; add 1 to the argmax",
                _of_table(lambda off: torch.where(off.any(1), off.int().argmax(1), off.shape[1] + 1))),
        mistake("a row without any True gets 0 from argmax, so a forecast that never leaves seems to leave at once; give it K + 1",
                _of_table(lambda off: off.int().argmax(1) + 1)),
        mistake("counted from 0, and a row that never leaves looks like one that leaves at once: add 1, and give it K + 1",
                _of_table(lambda off: off.int().argmax(1))),
        mistake("a forecast that never leaves gets K + 1; with K it could not be told from one that leaves at the last step",
                _of_table(lambda off: torch.where(off.any(1), off.int().argmax(1) + 1, off.shape[1]))),
        mistake("a forecast that never leaves gets K + 1, not 0", _of_table(lambda off: torch.where(off.any(1), off.int().argmax(1) + 1, 0))),
        mistake("a forecast that never leaves gets K + 1, not −1", _of_table(lambda off: torch.where(off.any(1), off.int().argmax(1) + 1, -1))),
        mistake("that is the *last* step at which it is off; the first is wanted", _of_table(_last)),
        mistake("that is where it is off for good; the first time counts, even if it comes back", _of_table(_last_inside)),
        mistake("you count how many steps are off; the first of them is wanted", _of_table(lambda off: off.sum(1))),
        mistake("you count all steps that are within the limit, also those after it left", _of_table(lambda off: (~off).sum(1) + 1)),
        mistake("you count the steps below the limit, also those after it left; look for the first that is beyond it",
                lambda f, t, limit: ((f - t).abs() < limit).sum(1) + 1),
        mistake("a forecast can leave downwards, too: take the absolute difference", _of_table(_first, lambda f, t, limit: f - t > limit)),
        mistake("exactly at the limit is not beyond it: use > where you have >=", _of_table(_first, lambda f, t, limit: (f - t).abs() >= limit)),
        mistake("you square the difference but not the limit", _of_table(_first, lambda f, t, limit: (f - t).square() > limit)),
        mistake("the difference is missing: you look for a forecast that is large, not one that is far from the truth",
                _of_table(_first, lambda f, t, limit: f.abs() > limit)),
        mistake("you look for the first step *within* the limit; the sign > is the other way round",
                _of_table(_first, lambda f, t, limit: (f - t).abs() <= limit)),
        mistake("that is where the difference is largest; the first step beyond the limit is wanted",
                lambda f, t, limit: (f - t).abs().argmax(1) + 1),
        mistake("that is one number for each step; each forecast (row) has its own: dim=1",
                _of_table(lambda off: torch.where(off.any(0), off.int().argmax(0) + 1, off.shape[0] + 1))),
        mistake("that is one number for each step, along dim=0; each forecast (row) has its own: dim=1",
                _of_table(lambda off: off.int().argmax(0) + 1)),
        mistake("that is one number for all forecasts: each row has its own, dim=1",
                _of_table(lambda off: off.int().argmax() + 1)),
        mistake("these are whole numbers in a list: make a tensor of it, `torch.tensor(found)`",
                _of_table(lambda off: _first(off).tolist())),
    ],
)  # fmt: skip

# 13.4 · autocorrelation -------------------------------------------------------------------------------------------


def autocorrelation(series, lag):
    """Correlation of each column of (T, C) with itself `lag` rows later, (C,)."""
    centred = series - series.mean(dim=0)
    return (centred[:-lag] * centred[lag:]).sum(dim=0) / centred.square().sum(dim=0)


def _not_centred(series, lag):
    return (series[:-lag] * series[lag:]).sum(0) / series.square().sum(0)


def _one_mean_for_all(series, lag):
    centred = series - series.mean()
    return (centred[:-lag] * centred[lag:]).sum(0) / centred.square().sum(0)


def _means_above_and_below(series, lag):
    return autocorrelation(series, lag) * len(series) / (len(series) - lag)


def _variance_below(series, lag):
    return _means_above_and_below(series, lag) * (len(series) - 1) / len(series)


def _pearson(series, lag):
    early, late = series[:-lag], series[lag:]
    early, late = early - early.mean(0), late - late.mean(0)
    return (early * late).sum(0) / (early.square().sum(0) * late.square().sum(0)).sqrt()


def _covariance(series, lag):
    centred = series - series.mean(0)
    return (centred[:-lag] * centred[lag:]).mean(0)


def _bare_sum(series, lag):
    centred = series - series.mean(0)
    return (centred[:-lag] * centred[lag:]).sum(0)


def _sum_over_variance(series, lag):
    return autocorrelation(series, lag) * (len(series) - 1)


def _root_below(series, lag):
    centred = series - series.mean(0)
    return (centred[:-lag] * centred[lag:]).sum(0) / centred.square().sum(0).sqrt()


def _pooled(series, lag):
    centred = series - series.mean(0)
    return (centred[:-lag] * centred[lag:]).sum() / centred.square().sum()


def _along_columns(series, lag):
    return autocorrelation(series.T, lag)


def _wrapped(series, lag):
    centred = series - series.mean(0)
    return (centred * centred.roll(-lag, 0)).sum(0) / centred.square().sum(0)


def _lag_one(series, lag):
    return autocorrelation(series, 1)


def _lag_later(series, lag):
    return autocorrelation(series, lag + 1)


def _not_shifted(series, lag):
    centred = series - series.mean(0)
    return centred[:-lag].square().sum(0) / centred.square().sum(0)


def _means_of_halves(series, lag):
    early, late = series[:-lag], series[lag:]
    above = (early - early.mean(0)) * (late - late.mean(0))
    return above.sum(0) / (series - series.mean(0)).square().sum(0)


def _half_below(series, lag):
    centred = series - series.mean(0)
    return (centred[:-lag] * centred[lag:]).sum(0) / centred[:-lag].square().sum(0)


def _late_half_below(series, lag):
    centred = series - series.mean(0)
    return (centred[:-lag] * centred[lag:]).sum(0) / centred[lag:].square().sum(0)


def _raw_below(series, lag):
    centred = series - series.mean(0)
    return (centred[:-lag] * centred[lag:]).sum(0) / series.square().sum(0)


def _sizes_above(series, lag):
    centred = series - series.mean(0)
    return (centred[:-lag] * centred[lag:]).abs().sum(0) / centred.square().sum(0)


def _squared_later(series, lag):
    return autocorrelation(series, lag).square()


def _by_days(series, lag):
    T = len(series)
    mean = series.mean(0)
    above = sum((series[t] - mean) * (series[t + lag] - mean) for t in range(T - lag))
    return above / sum((series[t] - mean) ** 2 for t in range(T))


def _by_columns(series, lag):
    found = []
    for column in series.T:
        column = column - column.mean()
        found.append((column[: len(column) - lag] @ column[lag:]) / (column @ column))
    return torch.stack(found)


def _lasting(T, C, keep):
    rows = [torch.randn(C)]
    for _ in range(T - 1):
        rows.append(keep * rows[-1] + torch.randn(C))
    return torch.stack(rows) + torch.linspace(1, 3, C)


define(
    "13.4",
    reference=autocorrelation,
    cases=lambda: [
        case(_lasting(30, 4, 0.8), 1),
        case(_lasting(25, 3, 0.6), 4, label="lag 4"),
        case(_lasting(18, 5, -0.7), 2, label="ups and downs take turns"),
    ],
    alternatives=[_by_days, _by_columns],
    mistakes=[
        mistake("the mean of each column is not taken away: a series far from zero then always looks correlated", _not_centred),
        mistake("you take away one mean for all currencies; each column has its own, `series.mean(dim=0)`", _one_mean_for_all),
        mistake("you take means where the formula has sums: above there are T − lag terms and below T", _means_above_and_below),
        mistake("below stands the variance with T − 1, above a mean of T − lag terms; the formula has plain sums", _variance_below),
        mistake("that is the correlation of the two shortened series, each with its own mean; the formula uses the mean and squares of the whole",
                _pearson),
        mistake("each part has its own mean here; the formula takes the mean of the whole series away from both", _means_of_halves),
        mistake("below, the squares run over the early part alone; the formula sums over the whole series", _half_below),
        mistake("below, the squares run over the late part alone; the formula sums over the whole series", _late_half_below),
        mistake("below, the mean is not taken away: the squares of the *deviations* are summed", _raw_below),
        mistake("no absolute values: a product with a minus sign counts as minus", _sizes_above),
        mistake("that is the square of the correlation", _squared_later),
        mistake("that is a covariance; divide by the sum of squares of the whole series", _covariance),
        mistake("the denominator is missing: divide by the sum of the squared deviations", _bare_sum),
        mistake("a sum above and a variance, which is a mean, below: take sums in both", _sum_over_variance),
        mistake("there is no root in the denominator", _root_below),
        mistake("the currencies are pooled into one number; one for each column is wanted, (C,)", _pooled),
        mistake("you go along the wrong axis: time runs down the rows, dim=0", _along_columns),
        mistake("the end of the series is multiplied with its beginning: `roll` wraps around; use [:-lag] and [lag:]", _wrapped),
        mistake("`lag` is ignored: this is lag 1", _lag_one),
        mistake("your lag is one too long: s[t] belongs to s[t + lag]", _lag_later),
        mistake("each value is multiplied by itself; its partner stands `lag` rows later", _not_shifted),
        slips.batch_averaged(autocorrelation, says="that is the mean over the columns; return one number for each, (C,)"),
        slips.negated(autocorrelation, says="the sign is turned round: both factors are *value minus mean*"),
    ],
)  # fmt: skip
