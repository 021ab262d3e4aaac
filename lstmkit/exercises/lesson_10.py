"""Exercises of lesson 10: padding, bag of words, its ceiling, masked mean, early stopping."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from lstmkit.exercises.core import case, define, mistake

# 10.1 · collate --------------------------------------------------------------------------------------------------


def collate(sequences):
    """(tokens (N, T), lengths (N,), mask (N, T) bool) of N token tensors, padded with 0 at the end."""
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    tokens = torch.zeros(len(sequences), int(lengths.max()), dtype=torch.long)
    for row, sequence in zip(tokens, sequences, strict=True):
        row[: len(sequence)] = sequence
    mask = torch.arange(tokens.shape[1]) < lengths[:, None]
    return tokens, lengths, mask


def _mask_inverted(sequences):
    tokens, lengths, mask = collate(sequences)
    return tokens, lengths, ~mask


def _padded_in_front(sequences):
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    tokens = torch.zeros(len(sequences), int(lengths.max()), dtype=torch.long)
    for row, sequence in zip(tokens, sequences, strict=True):
        row[len(row) - len(sequence) :] = sequence
    return tokens, lengths, tokens > 0


def _cut_to_shortest(sequences):
    tokens, lengths, mask = collate(sequences)
    shortest = int(lengths.min())
    return tokens[:, :shortest], lengths, mask[:, :shortest]


def _pads_in_length(sequences):
    tokens, _, mask = collate(sequences)
    return tokens, torch.full((len(sequences),), tokens.shape[1]), mask


def _all_valid(sequences):
    tokens, lengths, mask = collate(sequences)
    return tokens, lengths, torch.ones_like(mask)


def _one_too_many(sequences):
    tokens, lengths, mask = collate(sequences)
    return tokens, lengths, torch.arange(tokens.shape[1]) <= lengths[:, None]


def _one_too_few(sequences):
    tokens, lengths, mask = collate(sequences)
    return tokens, lengths, torch.arange(tokens.shape[1]) < lengths[:, None] - 1


def _time_first(sequences):
    tokens, lengths, mask = collate(sequences)
    return tokens.T, lengths, mask.T


def _with_pad_sequence(sequences):
    tokens = pad_sequence(list(sequences), batch_first=True)
    return tokens, (tokens > 0).sum(1), tokens > 0


def _some_tokens(*lengths):
    return [torch.randint(1, 9, (length,)) for length in lengths]


define(
    "10.1",
    reference=collate,
    cases=lambda: [
        case(_some_tokens(3, 6, 4)),
        case(_some_tokens(7, 2, 1, 5, 5), label="one of them is a single word"),
        case(_some_tokens(4), label="a batch of one: nothing to pad"),
    ],
    alternatives=[_with_pad_sequence],
    mistakes=[
        mistake("the mask is inverted: True belongs on the words, False on the padding", _mask_inverted),
        mistake(
            "the padding stands in front; it belongs at the end, so that step 0 is each first word", _padded_in_front
        ),
        mistake("everything is cut to the shortest review, and words are lost: pad to the longest", _cut_to_shortest),
        mistake("the lengths count the padding: a length is the number of words", _pads_in_length),
        mistake("the mask is True on the padding as well", _all_valid),
        mistake(
            "the mask is True for one step too many: t < length, not t <= length, since t counts from 0", _one_too_many
        ),
        mistake("the mask ends one step too early: the last word is at t = length − 1, and it counts", _one_too_few),
        mistake("time is on the first axis; the batch comes first: (N, T)", _time_first),
    ],
)

# 10.2 · bag of words ---------------------------------------------------------------------------------------------


def bag_of_words(tokens, V):
    """How often each of V words occurs in each review, (N, V) float; column 0, the padding, stays 0."""
    counts = nn.functional.one_hot(tokens, V).sum(1).float()
    counts[:, 0] = 0
    return counts


def _pads_counted(tokens, V):
    return nn.functional.one_hot(tokens, V).sum(1).float()


def _presence(tokens, V):
    return bag_of_words(tokens, V).clamp(max=1)


def _shares(tokens, V):
    counts = bag_of_words(tokens, V)
    return counts / counts.sum(1, keepdim=True)


def _summed_over_batch(tokens, V):
    counts = nn.functional.one_hot(tokens, V).sum(0).float()
    counts[:, 0] = 0
    return counts


def _pad_column_dropped(tokens, V):
    return bag_of_words(tokens, V)[:, 1:]


def _one_bag(tokens, V):
    return bag_of_words(tokens, V).sum(0)


def _not_summed(tokens, V):
    onehot = nn.functional.one_hot(tokens, V).float()
    onehot[:, :, 0] = 0
    return onehot


def _by_scatter(tokens, V):
    counts = torch.zeros(len(tokens), V)
    return counts.scatter_add(1, tokens, (tokens > 0).float())


define(
    "10.2",
    reference=bag_of_words,
    cases=lambda: [
        case(torch.tensor([[3, 1, 3, 3, 0, 0], [2, 2, 4, 1, 5, 2]]), 7),
        case(collate(_some_tokens(8, 3, 5, 1))[0], 9),
        case(torch.tensor([[4, 4, 1]]), 6, label="a batch of one, without padding"),
    ],
    alternatives=[_by_scatter],
    mistakes=[
        mistake("the padding is counted as if it were a word: set column 0 to 0", _pads_counted),
        mistake("these are 0 and 1, present or not; count how *often* each word occurs", _presence),
        mistake("these are shares of the review's length; return the counts themselves", _shares),
        mistake("you summed over the batch (axis 0); sum over time, axis 1", _summed_over_batch),
        mistake(
            "column 0 was dropped; keep it, as zeros, so that column v still belongs to word v", _pad_column_dropped
        ),
        mistake("that is one bag for the whole batch; every review has its own: (N, V)", _one_bag),
        mistake("these are one-hot vectors for each step; sum them over time", _not_summed),
    ],
)

# 10.3 · the ceiling of a bag -------------------------------------------------------------------------------------

define(
    "10.3",
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

# 10.4 · masked mean ----------------------------------------------------------------------------------------------


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


def _over_all(states, mask):
    return (states * mask[:, :, None]).sum(1) / mask.sum()


def _over_batch(states, mask):
    return masked_mean(states.transpose(0, 1), mask.T)


def _axis_kept(states, mask):
    return masked_mean(states, mask)[:, None]


def _row_by_row(states, mask):
    return torch.stack([row[keep].mean(0) for row, keep in zip(states, mask, strict=True)])


def _masked(*lengths):
    return torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


define(
    "10.4",
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
        mistake("you divide by the valid steps of the whole batch; each row has a number of its own", _over_all),
        mistake("you averaged over the batch; average over time, axis 1, to (N, H)", _over_batch),
        mistake("an axis of size 1 is left over; return (N, H)", _axis_kept),
    ],
)

# 10.5 · early stopping -------------------------------------------------------------------------------------------


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


def _never_reset(validations, patience):
    best = waited = 0
    for now, value in enumerate(validations):
        if value < validations[best]:
            best = now
        waited += now != best
        if waited >= patience:
            return now, best
    return len(validations) - 1, best


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


def _sees_the_future(validations, patience):
    stopped, _ = early_stop(validations, patience)
    return stopped, min(range(len(validations)), key=lambda i: validations[i])


def _largest(validations, patience):
    return early_stop([-value for value in validations], patience)


def _wrong_order(validations, patience):
    return early_stop(validations, patience)[::-1]


def _values(validations, patience):
    stopped, best = early_stop(validations, patience)
    return validations[stopped], validations[best]


def _counting(validations, patience):
    lowest, best, waited = float("inf"), 0, 0
    for now, value in enumerate(validations):
        if value < lowest:
            lowest, best, waited = value, now, 0
        else:
            waited += 1
        if waited == patience:
            break
    return now, best


define(
    "10.5",
    reference=early_stop,
    cases=lambda: [
        case(
            [0.7, 0.6, 0.65, 0.5, 0.55, 0.52, 0.58, 0.9, 0.4],
            3,
            label="one bump on the way down, and a fall after the end",
        ),
        case([0.9, 0.7, 0.8, 0.75, 0.6, 0.62, 0.61, 0.63, 0.66, 0.5], 4, label="patience 4"),
        case([0.7, 0.6, 0.5, 0.45, 0.4], 2, label="it never gets worse"),
    ],
    alternatives=[_counting],
    mistakes=[
        mistake(
            "you stop at the first validation that is not a new best: patience is how many such in a row", _first_rise
        ),
        mistake("you stop one validation too late: after `patience` validations without a new best", _one_late),
        mistake("the count goes on after a new best; a new best sets it back to 0", _never_reset),
        mistake(
            "you compare with the validation before; compare with the best so far, or a slow wobble goes on for ever",
            _against_the_one_before,
        ),
        mistake(
            "the second number is where training stopped; the best weights were some validations earlier", _last_weights
        ),
        mistake("the best one lies after the stop: training never got there", _sees_the_future),
        mistake("a loss is best when it is *lowest*", _largest),
        mistake("the two numbers are in the wrong order: (stopped, best)", _wrong_order),
        mistake("these are the losses; return the indices, counted from 0", _values),
    ],
)
