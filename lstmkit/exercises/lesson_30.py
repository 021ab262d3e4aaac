"""Lesson 30 · Capstone: fair splits, paired differences, claims that a table supports, a report graded by the rubric."""

from __future__ import annotations

import torch

from lstmkit.exercises import case, define, mistake, slips

# 30.1 · which split -----------------------------------------------------------------------------------------------

define(
    "30.1",
    reference={"tunes": "B", "dates": "B", "films": "A", "rates": "C"},
    allowed=("A", "B", "C"),
    mistakes=[
        mistake("tunes: shuffled parts leave the first part of a tune in training and its second in the test, and the same tune under another name",
                {"tunes": "A"}),
        mistake("tunes: that holds out keys; a tune stands in the collection in several keys, so test tunes were heard in training, transposed",
                {"tunes": "C"}),
        mistake("dates: a day that stands in training in French stands in the test in German, so it is not a day never seen", {"dates": "A"}),
        mistake("dates: that asks about a *language* never seen; the brief asks about days, in the languages that it knows", {"dates": "C"}),
        mistake("films: the same drawing moves in training and in the test, and only its path differs: divide the drawings before any film is made",
                {"films": "B"}),
        mistake("films: that tests the last frames of films whose first frames were trained on: the same drawing on the same path", {"films": "C"}),
        mistake("rates: shuffled windows share most of their days with windows of the training part, whose answers it knows", {"rates": "A"}),
        mistake("rates: beside every test year lie two training years, a later one among them: nobody has the future to train on", {"rates": "B"}),
    ],
)  # fmt: skip

# 30.2 · paired differences ----------------------------------------------------------------------------------------


def paired(one, other):
    """Mean of other − one over the seeds, and its standard error. (S,), (S,) -> two numbers."""
    difference = other - one
    return difference.mean(), difference.std() / len(difference) ** 0.5


def _by_hand(one, other):
    S = len(one)
    mean = sum(float(b) - float(a) for a, b in zip(one, other, strict=True)) / S
    squares = sum((float(b) - float(a) - mean) ** 2 for a, b in zip(one, other, strict=True))
    return mean, (squares / (S - 1) / S) ** 0.5


def _by_variance(one, other):
    return other.mean() - one.mean(), ((other - one).var() / one.numel()).sqrt()


def _from(mean=lambda d: d.mean(), error=lambda d: d.std() / len(d) ** 0.5):
    return lambda one, other: (mean(other - one), error(other - one))


def _unpaired(one, other):
    S = len(one)
    return (other - one).mean(), ((one.var() + other.var()) / S).sqrt()


def _t(one, other):
    mean, error = paired(one, other)
    return mean / error, error


def _seeds():
    def some(S, gap, spread=1.0):
        luck = torch.randn(S)
        return luck + 3, luck + 3 + gap + spread * torch.randn(S)

    return [
        case(*some(5, 0.7)),
        case(*some(8, -0.5, 0.3), label="the other is better"),
        case(*some(3, 0.1), label="three seeds"),
        case(*some(5, 4.0, 0.05), label="much luck in common"),
    ]


define(
    "30.2",
    reference=paired,
    cases=_seeds,
    alternatives=[_by_hand, _by_variance],
    mistakes=[
        mistake("the sign is the wrong way round: other − one, so that a positive number says that the other's error is larger",
                lambda one, other: paired(other, one)),
        mistake("that is the standard deviation of the differences, how far one seed lies from the mean; the mean's own error is smaller by √S",
                _from(error=lambda d: d.std())),
        mistake("you divide the standard deviation by S; the error of a mean falls with √S only", _from(error=lambda d: d.std() / len(d))),
        mistake("that is the square of the standard error: the root is missing", _from(error=lambda d: d.var() / len(d))),
        mistake("that is the variance of the differences, not the error of their mean", _from(error=lambda d: d.var())),
        mistake("that is the variance divided by √S: the standard error is the standard *deviation* divided by √S", _from(error=lambda d: d.var() / len(d) ** 0.5)),
        mistake("the seeds are not always five: divide by the root of their number, `len(difference)`", _from(error=lambda d: d.std() / 5**0.5)),
        mistake("you divide by √(2 S): of two models with the same S seeds there are S differences", _from(error=lambda d: d.std() / (2 * len(d)) ** 0.5)),
        mistake("that is the root of the mean *square* of the differences: the scatter is taken around their mean, `.std()`",
                _from(error=lambda d: (d.square().mean() / len(d)).sqrt())),
        mistake("you throw both models' results together and take their scatter; take that of the differences, seed by seed",
                lambda one, other: ((other - one).mean(), torch.cat([one, other]).std() / len(one) ** 0.5)),
        mistake("that is the mean of the second model; the mean of the *differences* is wanted",
                lambda one, other: (other.mean(), paired(one, other)[1])),
        mistake("that is the mean of the first model; the mean of the *differences* is wanted",
                lambda one, other: (one.mean(), paired(one, other)[1])),
        mistake("the standard error is missing: return both", lambda one, other: paired(one, other)[0]),
        mistake("the mean is missing: return both", lambda one, other: paired(one, other)[1]),
        mistake("that is the mean divided by its error; return the two numbers, mean and standard error", lambda one, other: _t(one, other)[0]),
        mistake("you stacked the two numbers into one tensor; return them side by side: `return mean, error`", lambda one, other: torch.stack(paired(one, other))),
        mistake("you take the scatter with the divisor S (`correction=0`); for a few seeds use S − 1, which is `.std()` as it is",
                _from(error=lambda d: d.std(correction=0) / len(d) ** 0.5)),
        mistake("you divide by √(S − 1), and `.std()` has used S − 1 already: divide by √S", _from(error=lambda d: d.std() / (len(d) - 1) ** 0.5)),
        mistake("that is the error of two means that have nothing in common; here both had the same seeds, so take the scatter of the *differences*",
                _unpaired),
        mistake("you add the two standard errors; take the scatter of the differences, seed by seed",
                lambda one, other: ((other - one).mean(), (one.std() + other.std()) / len(one) ** 0.5)),
        mistake("that is the difference of the two standard errors; take the scatter of the differences, seed by seed",
                lambda one, other: ((other - one).mean(), (other.std() - one.std()) / len(one) ** 0.5)),
        mistake("that is the standard error of the first alone; take the scatter of the differences",
                lambda one, other: ((other - one).mean(), one.std() / len(one) ** 0.5)),
        mistake("that is the standard error of the second alone; take the scatter of the differences",
                lambda one, other: ((other - one).mean(), other.std() / len(one) ** 0.5)),
        mistake("you lose the sign of each difference: who is ahead is what is asked", lambda one, other: _from()(one * 0, (other - one).abs())),
        mistake("you sorted both before you took the differences: a pair is what had the *same seed*, not the same rank",
                lambda one, other: paired(one.sort().values, other.sort().values)),
        mistake("that is the best seed of each; the luckiest run says nothing about the next one",
                lambda one, other: (other.min() - one.min(), (other - one).std() / len(one) ** 0.5)),
        mistake("that is the median of the differences; the standard error belongs to their mean", _from(mean=lambda d: d.median())),
        mistake("that is the sum of the differences; their mean is wanted", _from(mean=lambda d: d.sum())),
        mistake("that is a relative difference; the plain one is wanted", lambda one, other: paired(one / one, other / one)),
        mistake("that is the ratio of the means; their difference is wanted",
                lambda one, other: (other.mean() / one.mean(), (other - one).std() / len(one) ** 0.5)),
        mistake("those are *two* standard errors; one is wanted", _from(error=lambda d: 2 * d.std() / len(d) ** 0.5)),
        mistake("you divide the mean by its error; return the two numbers apart, mean and standard error",
                _t),
        mistake("this is a difference for each seed; one mean is wanted", _from(mean=lambda d: d)),
        mistake("the first seed is missing in your differences", lambda one, other: paired(one[1:], other[1:])),
        slips.results_swapped(paired, says="mean and standard error have changed places: the mean comes first"),
    ],
)  # fmt: skip

# 30.3 · what the table supports -----------------------------------------------------------------------------------

define(
    "30.3",
    reference={"A": True, "B": False, "C": False, "D": True, "E": False, "F": False},
    allowed=(True, False),
    mistakes=[
        mistake("A: the difference, 0.041, is more than three times its standard error, and both were tuned alike: the table supports it", {"A": False}),
        mistake("B: “no difference found” is not “equal”: with an error of 0.010 a difference of 0.02 either way would have looked the same", {"B": True}),
        mistake("C: attention had one setting where the others had nine; that it does not help was never tested fairly", {"C": True}),
        mistake("D: the difference, 0.047, is three times its standard error, on the same seeds and with as many settings: supported", {"D": False}),
        mistake("E: five seeds are five trainings, all judged by the *same* 200 films; how other films would come out, their scatter does not say",
                {"E": True}),
        mistake("F: a map of one network of five; and where a gradient is large is not yet what a network uses: no control, and nothing was changed in the input",
                {"F": True}),
    ],
)  # fmt: skip

# 30.4 · grade a report --------------------------------------------------------------------------------------------

define(
    "30.4",
    reference={"question": 3, "baselines": 2, "claim": 2, "gradients": 2, "failed": 2},
    allowed={"question": range(4), "baselines": range(5), "claim": range(6), "gradients": range(6), "failed": range(4)},
    mistakes=[
        mistake("question: a question, one that could have been answered with no, the data and the measure: all three are there", {"question": 2}),
        mistake("question: two of its three points are easily missed: it could have come out as no, and data and measure are named", {"question": 1}),
        mistake("question: all of it is in the first two sentences of the report", {"question": 0}),
        mistake("baselines: look again for a tried setting of the counts: there is none, and the GRU had three", {"baselines": 3}),
        mistake("baselines: tuned as hard? on the validation part? The counts were not tuned, and the GRU's rate was chosen by the test part", {"baselines": 4}),
        mistake("baselines: there are two of them, one that knows nothing (always “reel”) and one that somebody would use (counts): a point each",
                {"baselines": 1}),
        mistake("baselines: both kinds are there, and each has its point, tuned or not", {"baselines": 0}),
        mistake("claim: five seeds, and their standard error: a point each", {"claim": 1}),
        mistake("claim: it has its seeds and their standard error; count those two", {"claim": 0}),
        mistake("claim: one point too many: no paired difference, nothing on the 92 parts' own luck, and the test part was used to choose", {"claim": 3}),
        mistake("claim: two points too many: with three rates tried on it, the test part was not met once; and 0.93 ± 0.01 is no paired difference",
                {"claim": 4}),
        mistake("claim: only seeds and standard error are there; the other three points are not earned", {"claim": 5}),
        mistake("gradients: asked beforehand, and tried by taking the bar lines away: a point each", {"gradients": 1}),
        mistake("gradients: the question was asked beforehand, and the bar lines were taken away: count both", {"gradients": 0}),
        mistake("gradients: one point too many: it is the map of the *first* GRU, without a control, and nothing is said on what it does not show",
                {"gradients": 3}),
        mistake("gradients: two points too many: all seeds? a control? what it does not show? None of the three is there", {"gradients": 4}),
        mistake("gradients: a map of one network, and no control: full points would need both, and a word on what the map does not show",
                {"gradients": 5}),
        mistake("failed: what failed is told, and with its number: a point each", {"failed": 1}),
        mistake("failed: read the last sentence: there is a failure, with a number", {"failed": 0}),
        mistake("failed: what would you try next? That is missing", {"failed": 3}),
    ],
)  # fmt: skip
