"""Lesson 12 · Forecasting: windows, persistence, the lag of a "good" forecast, hit rates, leakage."""

from __future__ import annotations

import torch

from lstmkit.exercises import case, define, mistake, slips

# 12.1 · windows --------------------------------------------------------------------------------------------------


def windows(series, length, ahead=1):
    """All windows of a series (T,) and what comes `ahead` steps after each: x (N, length), y (N,)."""
    count = len(series) - length - ahead + 1
    x = torch.stack([series[i : i + length] for i in range(count)])
    y = series[length + ahead - 1 :]
    return x, y


def _by_unfold(series, length, ahead=1):
    return series.unfold(0, length, 1)[: len(series) - length - ahead + 1], series[length + ahead - 1 :]


def _target_inside(series, length, ahead=1):
    x = windows(series, length, ahead)[0]
    return x, series[length + ahead - 2 : len(series) - 1]


def _target_late(series, length, ahead=1):
    x, y = windows(series, length, ahead + 1)
    return x, y


def _ahead_ignored(series, length, ahead=1):
    return windows(series, length, 1)


def _first_of_series(series, length, ahead=1):
    x = windows(series, length, ahead)[0]
    return x, series[: len(x)]


def _one_too_few(series, length, ahead=1):
    x, y = windows(series, length, ahead)
    return x[:-1], y[:-1]


def _no_overlap(series, length, ahead=1):
    x, y = windows(series, length, ahead)
    return x[::length], y[::length]


def _newest_first(series, length, ahead=1):
    x, y = windows(series, length, ahead)
    return x.flip(1), y


def _windows_in_columns(series, length, ahead=1):
    x, y = windows(series, length, ahead)
    return x.T.contiguous(), y


def _own_last_value(series, length, ahead=1):
    x = windows(series, length, ahead)[0]
    return x, x[:, -1]


def _windows_in_a_list(series, length, ahead=1):
    x, y = windows(series, length, ahead)
    return list(x), y


def _target_column(series, length, ahead=1):
    x, y = windows(series, length, ahead)
    return x, y[:, None]


def _all_targets(series, length, ahead=1):
    x = windows(series, length, ahead)[0]
    return x, torch.stack([series[i + length : i + length + ahead] for i in range(len(x))])


define(
    "12.1",
    reference=windows,
    cases=lambda: [
        case(torch.randn(10), 4),
        case(torch.randn(12), 3, 2, label="ahead = 2"),
        case(torch.randn(15), 5, ahead=5, label="ahead = 5"),
        case(torch.randn(7), 5, label="room for two windows only"),
    ],
    alternatives=[_by_unfold],
    mistakes=[
        mistake(
            "your target is inside the window: the last value that the window shows is the answer asked for. "
            "Begin at series[length + ahead - 1]",
            _target_inside,
        ),
        mistake(
            "your target comes one step too late: for ahead=1 it is the value right after the window", _target_late
        ),
        mistake("`ahead` is ignored: the target lies `ahead` steps after the window's last value", _ahead_ignored),
        mistake(
            "your targets begin at the start of the series, before their windows end: the first is "
            "series[length + ahead - 1]",
            _first_of_series,
        ),
        mistake("the last window is missing: there are T - length - ahead + 1 of them", _one_too_few),
        mistake("your windows do not overlap: each begins one step after the one before", _no_overlap),
        mistake("your windows run backwards: the oldest value comes first, the newest last", _newest_first),
        mistake("each window is a column here; make it a row, x of shape (N, length)", _windows_in_columns),
        mistake(
            "y is each window's own last value: the target lies `ahead` steps behind it, outside the window",
            _own_last_value,
        ),
        mistake("the windows are still a list: torch.stack makes one tensor (N, length) of them", _windows_in_a_list),
        mistake("y has an axis too many: one number for each window, shape (N,)", _target_column),
        mistake("y holds all values up to `ahead`; take the one that is `ahead` steps on, shape (N,)", _all_targets),
    ],
)

# 12.2 · persistence ----------------------------------------------------------------------------------------------


def relative_error(forecast, x, y):
    """Mean squared error of the forecast over that of persistence, the last value of each window."""
    return (forecast - y).square().mean() / (x[:, -1] - y).square().mean()


def _upside_down(forecast, x, y):
    return 1 / relative_error(forecast, x, y)


def _against(baseline):
    def wrong(forecast, x, y):
        return (forecast - y).square().mean() / (baseline(x, y) - y).square().mean()

    return wrong


def _root(forecast, x, y):
    return relative_error(forecast, x, y).sqrt()


def _absolute_errors(forecast, x, y):
    return (forecast - y).abs().mean() / (x[:, -1] - y).abs().mean()


def _skill(forecast, x, y):
    return 1 - relative_error(forecast, x, y)


def _mean_of_ratios(forecast, x, y):
    return ((forecast - y).square() / (x[:, -1] - y).square()).mean()


def _no_baseline(forecast, x, y):
    return (forecast - y).square().mean()


def _to_persistence(forecast, x, y):
    return (forecast - x[:, -1]).square().mean() / (x[:, -1] - y).square().mean()


def _by_mse_loss(forecast, x, y):
    mse = torch.nn.functional.mse_loss
    return mse(forecast, y) / mse(x[:, -1], y)


def _walks():
    made = []
    for N, L, label in ((40, 6, ""), (25, 3, "a short window"), (30, 8, "a forecast better than persistence")):
        series = torch.randn(N + L).cumsum(0) + 5
        x, y = windows(series, L)
        noise = 0.1 if "better" in label else 0.7
        made.append(case(y + noise * torch.randn(len(y)) + 0.3 * noise, x, y, label=label))
    return made


define(
    "12.2",
    reference=relative_error,
    cases=_walks,
    alternatives=[_by_mse_loss],
    mistakes=[
        mistake("upside down: the forecast's error goes on top, persistence's below", _upside_down),
        mistake(
            "that is the *oldest* value of the window; persistence repeats the newest, x[:, -1]",
            _against(lambda x, y: x[:, 0]),
        ),
        mistake("that compares with the window's mean; persistence repeats its last value, x[:, -1]",
                _against(lambda x, y: x.mean(1))),
        mistake("that compares with the mean of y, as R² does; persistence repeats x[:, -1]",
                _against(lambda x, y: y.mean())),
        mistake("you divided by y.var(), which compares with the mean of y, as R² does; persistence repeats x[:, -1]",
                lambda forecast, x, y: (forecast - y).square().mean() / y.var()),
        mistake("those are sums of different kinds: the forecast's mean over persistence's sum; take the mean of both",
                lambda forecast, x, y: (forecast - y).square().mean() / (x[:, -1] - y).square().sum()),
        mistake("the sum over the days stands on top and the mean below; take the mean of both",
                lambda forecast, x, y: (forecast - y).square().sum() / (x[:, -1] - y).square().mean()),
        mistake("errors of both signs cancel: square each day's error first, then take the mean",
                lambda forecast, x, y: (forecast - y).mean().square() / (x[:, -1] - y).mean().square()),
        mistake("that is one ratio for each day; take the mean of the squared errors, above and below",
                lambda forecast, x, y: (forecast - y).square() / (x[:, -1] - y).square()),
        mistake("that compares with a forecast of zero; persistence repeats x[:, -1]", _against(lambda x, y: 0.0)),
        mistake("you took a square root; the ratio asked for is one of mean *squared* errors", _root),
        mistake("those are absolute errors; square them", _absolute_errors),
        mistake("every value of the window is taken for a forecast here; persistence repeats the last one alone, x[:, -1]",
                lambda forecast, x, y: (forecast - y).square().mean() / (x - y[:, None]).square().mean()),
        mistake("you took yesterday's rate from y, where the first day has none; it stands in every window, x[:, -1]",
                lambda forecast, x, y: (forecast - y).square().mean() / y.diff().square().mean()),
        mistake("that is 1 minus the ratio (a skill score); return the ratio itself", _skill),
        mistake("take the mean first, then divide: single days on which the rate hardly moved blow up", _mean_of_ratios),
        mistake("this is the forecast's own error; divide it by that of persistence", _no_baseline),
        mistake("this measures how far the forecast is from persistence; compare both with y", _to_persistence),
    ],
)  # fmt: skip

# 12.3 · the lag of a "good" forecast -----------------------------------------------------------------------------

define(
    "12.3",
    reference={"same day": 0.0, "day before": 1.0},
    tolerance=0.01,
    mistakes=[
        mistake(
            "if the forecast moved with the rate of the same day, it would know the future, and beat persistence; "
            "the relative error says that it does not",
            {"same day": 1.0},
        ),
        mistake("even half of that would be a fortune: it would cut persistence's error visibly", {"same day": 0.5}),
        mistake("it would have to move *against* the coming change; nothing taught it that", {"same day": -1.0}),
        mistake(
            "how, then, could it hug the curve? Persistence itself moves exactly as the rate moved the day before",
            {"day before": 0.0},
        ),
        mistake("in the direction right, but think of persistence: it repeats yesterday's move in full",
                {"day before": 0.5}),
        mistake("the sign: when the rate rose yesterday, the newest value in the window is higher, and so is the "
                "forecast", {"day before": -1.0}),
    ],
)  # fmt: skip

# 12.4 · hit rate -------------------------------------------------------------------------------------------------


def hit_rate(forecast, y):
    """Share of the days with y ≠ 0 whose direction is foreseen, and its standard error."""
    moved = y != 0
    hits = (forecast[moved] > 0) == (y[moved] > 0)
    share = hits.float().mean()
    return share, (share * (1 - share) / len(hits)).sqrt()


def _with_error(error):
    """The right share with a wrong standard error: error(share, n, hits)."""

    def wrong(forecast, y):
        moved = y != 0
        hits = ((forecast[moved] > 0) == (y[moved] > 0)).float()
        return hits.mean(), error(hits.mean(), len(hits), hits)

    return wrong


def _of(hits, n):
    share = hits.float().sum() / n
    return share, (share * (1 - share) / n).sqrt()


def _zeros_are_falls(forecast, y):
    return _of((forecast > 0) == (y > 0), len(y))


def _zeros_wrong_by_product(forecast, y):
    return _of(forecast * y > 0, len(y))


def _zeros_are_hits(forecast, y):
    return _of(forecast * y >= 0, len(y))


def _zeros_wrong_in_share(forecast, y):
    share = (forecast * y > 0).float().mean()
    return share, (share * (1 - share) / (y != 0).sum()).sqrt()


def _all_days_in_error(forecast, y):
    share = hit_rate(forecast, y)[0]
    return share, (share * (1 - share) / len(y)).sqrt()


def _rises_only(forecast, y):
    moved = y != 0
    return _of((forecast[moved] > 0) & (y[moved] > 0), int(moved.sum()))


def _precision(forecast, y):
    rises = (forecast > 0) & (y != 0)
    return _of(y[rises] > 0, int(rises.sum()))


def _misses(forecast, y):
    share, error = hit_rate(forecast, y)
    return 1 - share, error


def _share_in_per_cent(forecast, y):
    share, error = hit_rate(forecast, y)
    return 100 * share, error


def _other_days_left_out(forecast, y):
    return _of((forecast > 0) == (y > 0), int((y != 0).sum()))


def _days_by_hand(forecast, y):
    days = [(float(f) > 0) == (float(t) > 0) for f, t in zip(forecast, y, strict=True) if t != 0]
    share = sum(days) / len(days)
    return share, (share * (1 - share) / len(days)) ** 0.5


def _by_product(forecast, y):
    hits = (forecast * y > 0)[y != 0].float()
    return hits.mean(), hits.std(unbiased=False) / len(hits) ** 0.5


def _days():
    made = []
    for n, skill, label in (
        (200, 0.0, ""),
        (350, 0.4, "a forecast that knows something"),
        (150, 2.0, "a very good forecast"),
    ):
        y = torch.randn(n) + 0.2
        y[torch.rand(n) < 0.15] = 0.0
        made.append(case(skill * y + torch.randn(n) - 0.1, y, label=label))
    return made


define(
    "12.4",
    reference=hit_rate,
    cases=_days,
    tolerance=3e-4,  # wide enough for the root of an unbiased variance, n − 1 for n
    alternatives=[_days_by_hand, _by_product, _with_error(lambda share, n, hits: hits.std() / n**0.5)],
    mistakes=[
        mistake(
            "your days without a change count as misses; leave them out, of the hits and of n", _zeros_wrong_by_product
        ),
        mistake("your days without a change count as hits; leave them out, of the hits and of n", _zeros_are_hits),
        mistake(
            "your share still counts the days without a change as misses: leave them out there, as in the standard error",
            _zeros_wrong_in_share,
        ),
        mistake(
            "your days without a change count as falls, because `y > 0` is False for them; leave them out first",
            _zeros_are_falls,
        ),
        mistake("the days without a change are left out of n, but still among the hits", _other_days_left_out),
        mistake(
            "the share is right, but the n of your standard error is that of all days; the days without a change are out",
            _all_days_in_error,
        ),
        mistake("only foreseen rises are counted; a foreseen fall is a hit, too", _rises_only),
        mistake(
            "this is the share of right ones among the forecast *rises*; count the forecast falls as well", _precision
        ),
        mistake("that is the share of misses, one minus the hit rate", _misses),
        mistake("the standard error lacks its root: √(p (1 − p) / n)", _with_error(lambda p, n, hits: p * (1 - p) / n)),
        mistake(
            "this is the scatter of a single day; divide by n under the root",
            _with_error(lambda p, n, hits: (p * (1 - p)) ** 0.5),
        ),
        mistake(
            "your root ends too early: n stands under it, √(p (1 − p) / n)",
            _with_error(lambda p, n, hits: (p * (1 - p)) ** 0.5 / n),
        ),
        mistake(
            "that is the standard error of a coin, 0.5 / √n; put your own share in for p",
            _with_error(lambda p, n, hits: 0.5 / n**0.5),
        ),
        slips.per_cent(hit_rate, says="those are per cent; shares between 0 and 1 are wanted, both"),
        mistake(
            "the share is right; its standard error is in per cent",
            _with_error(lambda p, n, hits: 100 * (p * (1 - p) / n) ** 0.5),
        ),
        mistake(
            "the share is in per cent, its standard error is not: shares between 0 and 1 for both", _share_in_per_cent
        ),
        mistake(
            "those are two standard errors; return one", _with_error(lambda p, n, hits: 2 * (p * (1 - p) / n) ** 0.5)
        ),
    ],
)

# 12.5 · leakage --------------------------------------------------------------------------------------------------

define(
    "12.5",
    reference={"A": True, "B": False, "C": True, "D": False, "E": True, "F": True},
    mistakes=[
        mistake(
            "rate.mean() and rate.std() run over the test years too: how high the rate will one day stand is in every "
            "input",
            {"A": False},
        ),
        mistake("mean and spread come from the training years alone; at test time they lie in the past", {"B": True}),
        mistake("the average at day t contains the days t+1 and t+2: at day t nobody knows them", {"C": False}),
        mistake("the average at day t ends with day t: everything in it is known by then", {"D": True}),
        mistake(
            "neighbouring windows share all but one of their days: shuffled, each test window has near-twins in the "
            "training part, some of them later in time. Split by time, never at random",
            {"E": False},
        ),
        mistake(
            "you have used the test years to make a decision, so they no longer stand for the unknown: the validation "
            "part is there for choices",
            {"F": False},
        ),
    ],
)
