"""Lesson 12 · Forecasting: windows, persistence, the lag of a "good" forecast, early stopping, leakage."""

from __future__ import annotations

import torch

from lstmkit.exercises import case, define, mistake

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
        case(torch.randn(6), 5, label="room for one window only"),
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
        mistake("that compares with a forecast of zero; persistence repeats x[:, -1]", _against(lambda x, y: 0.0)),
        mistake("you took a square root; the ratio asked for is one of mean *squared* errors", _root),
        mistake("those are absolute errors; square them", _absolute_errors),
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

# 12.4 · early stopping -------------------------------------------------------------------------------------------


def where_to_stop(validations, patience):
    """Indices (stop, best): stop at the first validation that completes `patience` in a row without a new best."""
    best = 0
    for i in range(len(validations)):
        if validations[i] < validations[best]:
            best = i
        if i - best >= patience:
            return i, best
    return len(validations) - 1, best


def _stop_when(enough):
    """A wrong rule: enough(i, best, waited, values, patience) says whether to stop at validation i."""

    def wrong(validations, patience):
        best, waited = 0, 0
        for i in range(1, len(validations)):
            better = validations[i] < validations[best]
            best, waited = (i, waited) if better else (best, waited + 1)
            if enough(i, best, waited, validations, patience):
                return i, best
        return len(validations) - 1, best

    return wrong


_at_first_rise = _stop_when(lambda i, best, waited, values, patience: best != i)
_never_reset = _stop_when(lambda i, best, waited, values, patience: waited >= patience)
_one_more = _stop_when(lambda i, best, waited, values, patience: i - best > patience)
_one_less = _stop_when(lambda i, best, waited, values, patience: i - best >= max(1, patience - 1))


def _never_stops(validations, patience):
    return len(validations) - 1, min(range(len(validations)), key=lambda i: validations[i])


def _best_of_all(validations, patience):
    return where_to_stop(validations, patience)[0], _never_stops(validations, patience)[1]


def _stop_is_best(validations, patience):
    stop, _ = where_to_stop(validations, patience)
    return stop, stop


def _ties_are_new(validations, patience):
    best = 0
    for i in range(len(validations)):
        if validations[i] <= validations[best]:
            best = i
        if i - best >= patience:
            return i, best
    return len(validations) - 1, best


def _against_previous(validations, patience):
    best, worse = 0, 0
    for i in range(1, len(validations)):
        worse = worse + 1 if validations[i] >= validations[i - 1] else 0
        best = i if validations[i] < validations[best] else best
        if worse >= patience:
            return i, best
    return len(validations) - 1, best


def _value_for_index(validations, patience):
    stop, best = where_to_stop(validations, patience)
    return stop, validations[best]


def _swapped(validations, patience):
    stop, best = where_to_stop(validations, patience)
    return best, stop


def _counted(validations, patience):
    lowest, best, waited = float("inf"), 0, 0
    for i, value in enumerate(validations):
        if value < lowest:
            lowest, best, waited = value, i, 0
        else:
            waited += 1
        if waited == patience:
            break
    return i, best


define(
    "12.4",
    reference=where_to_stop,
    cases=lambda: [
        case([0.9, 0.7, 0.8, 0.6, 0.5, 0.55, 0.52, 0.58, 0.3], 3),
        case([0.5, 0.4, 0.3, 0.2, 0.1], 2, label="it improves to the end"),
        case([0.9, 0.6, 0.7, 0.65, 0.64, 0.8, 0.9], 3, label="better than the one before, but no new best"),
        case([0.9, 0.8, 0.85, 0.7, 0.75, 0.6, 0.65, 0.5], 2, label="small rises between new bests"),
        case([0.9, 0.5, 0.5, 0.6, 0.4], 2, label="a tie is not a new best"),
        case([0.3, 0.4, 0.2], 1, label="patience 1"),
    ],
    alternatives=[_counted],
    mistakes=[
        mistake("you stop at the first validation that is no new best; wait until `patience` of them stand in a row",
                _at_first_rise),
        mistake("the count must start anew at each new best: `patience` means so many *in a row*", _never_reset),
        mistake("you wait one validation too long: stop as soon as `patience` of them have brought no new best", _one_more),
        mistake("you stop one validation too early", _one_less),
        mistake("you never stop: patience has run out earlier in some of the lists", _never_stops),
        mistake("your best lies after the stop: training never got there. Look only at what came before", _best_of_all),
        mistake("you keep the weights of the moment of stopping; the best ones came `patience` validations earlier",
                _stop_is_best),
        mistake("a tie is not a new best: use < where you have <=", _ties_are_new),
        mistake("compare with the best so far, not with the validation before: a curve can fall and still be far from "
                "its best", _against_previous),
        mistake("that is the best *value*; return its index", _value_for_index),
        mistake("the two are swapped: return stop, then best", _swapped),
    ],
)  # fmt: skip

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
