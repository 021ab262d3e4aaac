"""Exercises of lesson 10: the ceiling of a bag of words, the ceiling of neighbours, masked mean, early stopping."""

from __future__ import annotations

import torch

from lstmkit.exercises import slips
from lstmkit.exercises.core import case, define, mistake

# 10.1 · the ceiling of a bag -------------------------------------------------------------------------------------

define(
    "10.1",
    reference=0.5,
    tolerance=0.01,
    mistakes=[
        mistake("a share, not a percentage: a number from 0 to 1", 50.0),
        mistake(
            "it cannot be wrong about all: whatever it says of a pair, it says of both, and for one of them that is right",
            0.0,
        ),
        mistake(
            "that would be all right, but the two of a pair have the same counts: the model must say the same of both",
            1.0,
        ),
        mistake(
            "that is the chance of guessing both of a pair right by two coins; here every single review counts, and the "
            "same answer goes to both",
            0.25,
        ),
        mistake(
            "three quarters would need some pairs with both right: can a model that sees the same counts twice do that?",
            0.75,
        ),
    ],
)

# 10.2 · the ceiling of neighbours --------------------------------------------------------------------------------

_ceilings = {"contrast": 1.0, "hearsay": 1.0, "report": 0.5}

define(
    "10.2",
    reference=_ceilings,
    tolerance=0.01,
    mistakes=[
        mistake(
            "that is the ceiling of single words: as bigrams, `not bad` and `not good` are two entries, and only one of them "
            "stands in each review",
            {"contrast": 0.5},
        ),
        mistake(
            "that is the ceiling of single words: as bigrams, `bad ,` and `good ,` are two entries, and only one of them "
            "stands in each review (a linear model cannot use it in both forms; the best model can)",
            {"hearsay": 0.5},
        ),
        mistake(
            "the bigrams of the two contrasts differ, so nothing forces the best model to be wrong",
            {"contrast": 0.0},
        ),
        mistake(
            "the bigrams of the two hearsays differ, so nothing forces the best model to be wrong",
            {"hearsay": 0.0},
        ),
        mistake(
            "in the report each adjective stands between “was” and “.”, before and after the swap: write out all bigrams of "
            "both and count the full stops",
            {"report": 1.0},
        ),
        mistake(
            "it cannot be wrong about both reports: equal counts get an equal answer, and that is right for one of the two",
            {"report": 0.0},
        ),
        slips.per_cent(_ceilings),
    ],
)

# 10.3 · masked mean ----------------------------------------------------------------------------------------------


def masked_mean(states, mask):
    """Mean over the valid steps: states (N, T, H), mask (N, T) bool; returns (N, H)."""
    weight = mask.to(states.dtype)[:, :, None]
    return (states * weight).sum(1) / weight.sum(1)


def _plain_mean(states, mask):
    return states.mean(1)


def _divided_by_T(states, mask):
    return (states * mask[:, :, None]).mean(1)


def _pads_in_the_sum(states, mask):
    return states.sum(1) / mask.sum(1, keepdim=True)


def _masked_sum(states, mask):
    return (states * mask[:, :, None]).sum(1)


def _mask_inverted_mean(states, mask):
    return masked_mean(states, ~mask)


def _mask_inverted_clamped(states, mask):
    weight = (~mask).to(states.dtype)[:, :, None]
    return (states * weight).sum(1) / weight.sum(1).clamp(min=1)


def _every_valid_step(states, mask):
    return states[mask].mean(0)


def _over_all(states, mask):
    return (states * mask[:, :, None]).sum(1) / mask.sum()


def _over_batch(states, mask):
    return masked_mean(states.transpose(0, 1), mask.T)


def _axis_kept(states, mask):
    return masked_mean(states, mask)[:, None]


def _over_units(states, mask):
    return (states * mask[:, :, None]).sum(2) / mask.sum(1, keepdim=True)


def _row_by_row(states, mask):
    return torch.stack([row[keep].mean(0) for row, keep in zip(states, mask, strict=True)])


def _masked(*lengths):
    return torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


define(
    "10.3",
    reference=masked_mean,
    cases=lambda: [
        case(torch.randn(3, 6, 4) + 0.5, _masked(2, 6, 3)),
        case(torch.randn(2, 5, 3) - 1, _masked(5, 1), label="one row has a single valid step"),
        case(torch.randn(1, 4, 2) + 1, torch.tensor([[True, True, False, False]]), label="a batch of one"),
    ],
    gradients=True,
    alternatives=[_row_by_row],
    mistakes=[
        mistake("that is the plain mean: the padded steps are in it", _plain_mean),
        mistake("the sum is masked, but it is divided by T; divide by the number of valid steps", _divided_by_T),
        mistake("the number of steps is right, but the padded states are still in the sum", _pads_in_the_sum),
        mistake("that is the sum over the valid steps; divide it by their number", _masked_sum),
        mistake("you averaged the padding and left out the words: the mask is inverted", _mask_inverted_mean),
        mistake("you averaged the padding and left out the words: the mask is upside down", _mask_inverted_clamped),
        mistake("that is one mean for the whole batch; each row has its own: (N, H)", _every_valid_step),
        mistake("you divide by the valid steps of the whole batch; each row has a number of its own", _over_all),
        mistake("you averaged over the batch; average over time, axis 1, to (N, H)", _over_batch),
        mistake("an axis of size 1 is left over; return (N, H)", _axis_kept),
        mistake(
            "the mask, (N, T), meets the states, (N, T, H): give it a third axis of size 1, mask[:, :, None]",
            lambda states, mask: (states * mask).sum(1) / mask.sum(1, keepdim=True),
        ),
        mistake(
            "the numbers of valid steps, (N,), meet the sums, (N, H): keep an axis of size 1, mask.sum(1, keepdim=True)",
            lambda states, mask: (states * mask[:, :, None]).sum(1) / mask.sum(1),
        ),
        mistake("the states are added up over H; add them up over time, axis 1", _over_units),
        slips.detached(masked_mean),
    ],
)

# 10.4 · early stopping -------------------------------------------------------------------------------------------


def early_stop(validations, patience):
    """(stopped, best): where training stops, and where the best validation loss up to there was (indices)."""
    best = 0
    for now, value in enumerate(validations):
        if value < validations[best]:
            best = now
        if now - best >= patience:
            return now, best
    return len(validations) - 1, best


def _first_rise(validations, patience):
    return early_stop(validations, 1)


def _one_late(validations, patience):
    return early_stop(validations, patience + 1)


def _counts_looks(validations, patience, *, worse, back_to=0, first=0):
    """Early stopping by a counter. worse(value, best so far): this look is no new best."""
    best, waited = 0, first
    for now, value in enumerate(validations):
        if now and worse(value, validations[best]):
            waited += 1
        elif now:
            best, waited = now, waited if back_to is None else back_to
        if waited >= patience:
            return now, best
    return len(validations) - 1, best


def _counting(validations, patience):
    return _counts_looks(validations, patience, worse=lambda value, best: value >= best)


def _never_reset(validations, patience):
    return _counts_looks(validations, patience, worse=lambda value, best: value >= best, back_to=None)


def _ties_count(validations, patience):
    return _counts_looks(validations, patience, worse=lambda value, best: value > best)


def _min_delta(validations, patience):
    return _counts_looks(validations, patience, worse=lambda value, best: value > best - 1e-3)


def _first_counts(validations, patience):
    return _counts_looks(validations, patience, worse=lambda value, best: value >= best, first=1)


def _reset_to_one(validations, patience):
    return _counts_looks(validations, patience, worse=lambda value, best: value >= best, first=1, back_to=1)


def _against_the_one_before(validations, patience):
    waited = best = 0
    for now in range(1, len(validations)):
        waited = 0 if validations[now] < validations[now - 1] else waited + 1
        best = now if validations[now] < validations[best] else best
        if waited >= patience:
            return now, best
    return len(validations) - 1, best


def _last_weights(validations, patience):
    stopped, _ = early_stop(validations, patience)
    return stopped, stopped


def _best_only(validations, patience):
    _, best = early_stop(validations, patience)
    return best, best


def _last_if_never_stopped(validations, patience):
    stopped, best = early_stop(validations, patience)
    return (stopped, best) if stopped - best >= patience else (stopped, stopped)


def _nothing_if_never_stopped(validations, patience):
    stopped, best = early_stop(validations, patience)
    return (stopped, best) if stopped - best >= patience else None


def _length_if_never_stopped(validations, patience):
    stopped, best = early_stop(validations, patience)
    return (stopped, best) if stopped - best >= patience else (len(validations), best)


def _beyond_the_list(validations, patience):
    _, best = early_stop(validations, patience)
    return best + patience, best


def _no_break(validations, patience):
    return len(validations) - 1, min(range(len(validations)), key=lambda i: validations[i])


def _lowest_of_all(validations, patience):
    best = validations.index(min(validations))
    return min(best + patience, len(validations) - 1), best


def _sees_the_future(validations, patience):
    stopped, _ = early_stop(validations, patience)
    return stopped, min(range(len(validations)), key=lambda i: validations[i])


def _largest(validations, patience):
    return early_stop([-value for value in validations], patience)


def _values(validations, patience):
    stopped, best = early_stop(validations, patience)
    return validations[stopped], validations[best]


def _best_value(validations, patience):
    stopped, best = early_stop(validations, patience)
    return stopped, validations[best]


def _smallest_of_the_tail(validations, patience):
    for now in range(patience, len(validations)):
        if min(validations[now - patience + 1 : now + 1]) >= min(validations[: now - patience + 1]):
            seen = validations[: now + 1]
            return now, seen.index(min(seen))
    return len(validations) - 1, validations.index(min(validations))


define(
    "10.4",
    reference=early_stop,
    cases=lambda: [
        case(
            [0.7, 0.6, 0.65, 0.5, 0.55, 0.52, 0.58, 0.9, 0.4],
            3,
            label="one bump on the way down, and a fall after the end",
        ),
        case([0.9, 0.7, 0.8, 0.75, 0.6, 0.62, 0.61, 0.63, 0.66, 0.5], 4, label="patience 4"),
        case([0.7, 0.6, 0.5, 0.45, 0.4], 2, label="it never gets worse"),
        case([0.9, 0.5, 0.6, 0.55], 3, label="never stopped, and the end is not the best"),
        case([0.8, 0.6, 0.7, 0.6, 0.6, 0.65, 0.3], 3, label="ties"),
        case([0.8, 0.6, 0.65, 0.599999, 0.7, 0.5], 2, label="a new best by a hair's breadth"),
        case([0.5, 0.6, 0.7, 0.8, 0.2], 2, label="the first look is the best"),
        case([0.8, 0.6, 0.65, 0.7, 0.4, 0.5, 0.6, 0.7], 2, label="a better one after the end, and a rise behind it"),
        case([0.8, 0.7, 0.75, 0.6], 1, label="patience 1"),
        case([0.4], 2, label="a single look"),
    ],
    alternatives=[_counting, _smallest_of_the_tail],
    mistakes=[
        mistake(
            "you stop at the first validation that is not a new best: patience is how many such in a row", _first_rise
        ),
        mistake("you stop one look too late: stop at the `patience`-th look in a row without a new best", _one_late),
        mistake("the count goes on after a new best; a new best sets it back to 0", _never_reset),
        mistake("you take a tie for a new best: a new best is lower than all before, so compare with `<`", _ties_count),
        mistake("a new best counts by however little it is lower: you ask for a minimal gain", _min_delta),
        mistake(
            "the first look counts as one without a new best; it is the first best, so the count begins at 0",
            _first_counts,
        ),
        mistake("you stop one look too early: the look that brings a new best does not count itself", _reset_to_one),
        mistake(
            "you compare with the validation before; compare with the best so far, or a slow wobble goes on for ever",
            _against_the_one_before,
        ),
        mistake("the second number is the last look's; the best weights were some looks earlier", _last_weights),
        mistake(
            "the first number is where the best is; wanted is where training *stops*, the last look that it takes",
            _best_only,
        ),
        mistake(
            "if training is never stopped, the best need not be the last: return the best that you remember",
            _last_if_never_stopped,
        ),
        mistake(
            "nothing is returned if training is never stopped: a return is missing after the loop",
            _nothing_if_never_stopped,
        ),
        mistake("the last look has index len(validations) − 1, counted from 0", _length_if_never_stopped),
        mistake(
            "best + patience can lie beyond the list: if training is never stopped, it ends with the last look",
            _beyond_the_list,
        ),
        mistake(
            "training never stops: the loop goes through all looks. Return, or break, once patience is at its end",
            _no_break,
        ),
        mistake(
            "you look for the lowest of *all* looks and count from there; training cannot see ahead: walk through the list",
            _lowest_of_all,
        ),
        mistake("the best one lies after the stop: training never got there", _sees_the_future),
        mistake("a loss is best when it is *lowest*", _largest),
        slips.results_swapped(early_stop, says="the two numbers are in the wrong order: (stopped, best)"),
        mistake("these are the losses; return the indices, counted from 0", _values),
        mistake("the second number is the lowest loss; return its index, counted from 0", _best_value),
        slips.counted_from_1(early_stop),
    ],
)
