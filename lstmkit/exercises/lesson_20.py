"""Lesson 20 · Attention: dot-product weights, the context, the additive form, where it looks, inversions."""

from __future__ import annotations

import torch

from lstmkit.exercises import case, define, mistake, slips

# 20.1 · dot-product weights --------------------------------------------------------------------------------------


def dot_weights(q, keys, mask):
    """softmax over the source of q·k / √H, nothing for the padding. q: (N, T_y, H). keys: (N, T_x, H). mask: (N, T_x)."""
    scores = q @ keys.transpose(1, 2) / q.shape[2] ** 0.5
    return scores.masked_fill(~mask[:, None], -torch.inf).softmax(2)


def _dot(*, scale=lambda q, keys: q.shape[2] ** 0.5, fill=-torch.inf, hide=lambda mask: ~mask, axis=2):
    def answer(q, keys, mask):
        scores = q @ keys.transpose(1, 2) / scale(q, keys)
        return scores.masked_fill(hide(mask)[:, None], fill).softmax(axis)

    return answer


def _scores(q, keys):
    return q @ keys.transpose(1, 2) / q.shape[2] ** 0.5


def _no_mask(q, keys, mask):
    return _scores(q, keys).softmax(2)


def _masked_late(q, keys, mask):
    return _no_mask(q, keys, mask) * mask[:, None]


def _no_softmax(q, keys, mask):
    return _scores(q, keys).masked_fill(~mask[:, None], -torch.inf)


def _no_exp(q, keys, mask):
    scores = _scores(q, keys) * mask[:, None]
    return scores / scores.sum(2, keepdim=True)


def _exp_alone(q, keys, mask):
    return _no_softmax(q, keys, mask).exp()


def _batch_mixed(q, keys, mask):
    scores = torch.einsum("nth,msh->nts", q, keys) / q.shape[2] ** 0.5
    return scores.masked_fill(~mask[:, None], -torch.inf).softmax(2)


def _one_table(q, keys, mask):
    return (q.flatten(0, 1) @ keys.flatten(0, 1).T / q.shape[2] ** 0.5).softmax(1)


def _letters_masked(q, keys, mask):
    return _scores(q, keys).masked_fill(~mask[:, :, None], -torch.inf).softmax(2)


def _mask_as_it_is(q, keys, mask):
    return _scores(q, keys).masked_fill(~mask, -torch.inf).softmax(2)


def _not_transposed(q, keys, mask):
    return (q @ keys / q.shape[2] ** 0.5).masked_fill(~mask[:, None], -torch.inf).softmax(2)


def _one_softmax(q, keys, mask):
    scores = _no_softmax(q, keys, mask)
    return scores.flatten(1).softmax(1).view_as(scores)


def _hard_weights(q, keys, mask):
    return torch.nn.functional.one_hot(_no_softmax(q, keys, mask).argmax(2), keys.shape[1]).to(q)


def _cosine(q, keys, mask):
    q, keys = q / q.norm(dim=2, keepdim=True), keys / keys.norm(dim=2, keepdim=True)
    return (q @ keys.mT).masked_fill(~mask[:, None], -torch.inf).softmax(2)


def _no_exp_hidden(q, keys, mask):
    scores = _no_softmax(q, keys, mask)
    return scores / scores.sum(2, keepdim=True)


def _turned_keys(turn):
    return lambda q, keys, mask: (q @ turn(keys) / q.shape[2] ** 0.5).masked_fill(~mask[:, None], -torch.inf).softmax(2)


def _indexed(q, keys, mask):
    scores = _scores(q, keys)
    scores[~mask] = -torch.inf
    return scores.softmax(2)


def _masked_and_normalised(q, keys, mask):
    e = torch.einsum("nth,nsh->nts", q, keys) / q.shape[-1] ** 0.5
    w = torch.exp(e - e.amax(2, keepdim=True)) * mask.unsqueeze(1).to(e)
    return w / w.sum(2, keepdim=True)


def _by_where(q, keys, mask):
    e = (q[:, :, None] * keys[:, None]).sum(3) / q.shape[2] ** 0.5
    return torch.softmax(torch.where(mask[:, None], e, -torch.inf), dim=-1)


def _lengths(lengths, T):
    return torch.arange(T) < torch.tensor(lengths)[:, None]


def _weights_cases():
    def made(N, T_y, T_x, H, lengths, label=""):
        return case(1.5 * torch.randn(N, T_y, H), 1.5 * torch.randn(N, T_x, H), _lengths(lengths, T_x), label=label)

    return [
        made(3, 4, 5, 6, [5, 3, 1], "words of different lengths"),
        made(2, 3, 3, 4, [3, 2], "as many letters as words"),
        made(1, 6, 4, 8, [3], "a batch of one"),
        made(2, 1, 7, 5, [7, 4], "one letter"),
    ]


_OVER_LETTERS = (
    "the softmax runs over the letters, axis 1: each letter shares *itself* out among the words, along axis 2"
)
_BATCH = "the sentences of the batch are mixed: a letter may look at the words of its own sentence alone"

define(
    "20.1",
    reference=dot_weights,
    cases=_weights_cases,
    gradients=True,
    alternatives=[_dot(fill=-1e9), _masked_and_normalised, _by_where],
    mistakes=[
        mistake(_OVER_LETTERS, _dot(axis=1)),
        mistake(
            "the softmax runs over the letters, axis 1; it belongs over the words, axis 2 (and fill with −inf, not with a large number)",
            _dot(axis=1, fill=-1e9),
        ),
        mistake("the softmax runs over the batch: one sentence takes attention from another", _dot(axis=0)),
        mistake("nothing is masked: the padding gets a share of the attention", _no_mask),
        mistake("the scores are not scaled: divide by √H", _dot(scale=lambda q, keys: 1.0)),
        mistake("you multiply by √H: divide, so that the scores do not grow with H", _dot(scale=lambda q, keys: q.shape[2] ** -0.5)),
        mistake("this divides by H: the scale is its square root", _dot(scale=lambda q, keys: q.shape[2])),
        mistake(
            "this divides by √T_x, the number of words: it is the number of *features* that are summed, H",
            _dot(scale=lambda q, keys: keys.shape[1] ** 0.5),
        ),
        mistake(
            "this divides by √T_y, the number of letters: it is the number of *features* that are summed, H",
            _dot(scale=lambda q, keys: q.shape[1] ** 0.5),
        ),
        mistake(
            "the mask is the wrong way round: True marks a real word, and it is the others that are hidden",
            _dot(hide=lambda mask: mask),
        ),
        mistake("padding gets the score +∞, and a softmax of that is NaN: the score whose weight is 0 is −∞", _dot(fill=torch.inf)),
        mistake("padding gets the score 0 (filled with it, or multiplied by the mask), and e⁰ is 1, not 0: fill with −inf", _dot(fill=0.0)),
        mistake("padding gets the score −1, and that is a weight like another: fill with −inf", _dot(fill=-1.0)),
        mistake("the mask comes after the softmax: what the padding took is lost, and the rows do not sum to 1", _masked_late),
        mistake("two things are missing: the scale √H, and the mask", lambda q, keys, mask: (q @ keys.transpose(1, 2)).softmax(2)),
        mistake("two things: the scale √H is missing, and the mask comes after the softmax", lambda q, keys, mask: (q @ keys.transpose(1, 2)).softmax(2) * mask[:, None]),
        mistake("two things: the softmax belongs over the words, axis 2, and nothing is masked", lambda q, keys, mask: _scores(q, keys).softmax(1)),
        mistake("two things: the softmax belongs over the words, axis 2, and the mask in front of it", lambda q, keys, mask: _scores(q, keys).softmax(1) * mask[:, None]),
        mistake("a sigmoid looks at each score alone: a softmax shares 1 out among the words", lambda q, keys, mask: _scores(q, keys).sigmoid() * mask[:, None]),
        mistake("these are logarithms of weights: softmax, not log_softmax", lambda q, keys, mask: _no_softmax(q, keys, mask).log_softmax(2)),
        mistake("the mask has two axes, the scores three: use `scores.masked_fill(~mask[:, None], …)`", _indexed),
        mistake("these are the scores: the softmax is missing", _no_softmax),
        mistake("the scores are divided by their sum without the exponential: a softmax takes exp first, so that no weight is negative", _no_exp),
        mistake("exp is there, the sum to divide by is missing: each row of weights has to sum to 1", _exp_alone),
        mistake(_BATCH, _batch_mixed),
        mistake(_BATCH + ": the batch keeps its axis, (N, T_y, T_x)", _one_table),
        mistake("the mask hides letters: it belongs to the words, axis 2, so give it an axis in the middle, `mask[:, None]`", _letters_masked),
        mistake("the mask has two axes and the scores three: give it one for the letters, `mask[:, None]`", _mask_as_it_is),
        mistake("(N, T_y, H) @ (N, T_x, H) does not fit: transpose the keys' last two axes, `keys.transpose(1, 2)`", _not_transposed),
        slips.transposed(
            dot_weights, 1, 2, says="the axes are the wrong way round: a row for each letter, a column for each word, (N, T_y, T_x)"
        ),
        slips.detached(dot_weights),
        mistake("this divides by √N, the size of the batch: it is the number of *features* that are summed, H", _dot(scale=lambda q, keys: len(q) ** 0.5)),
        mistake("one softmax over all letters and words together: each letter has a row of its own that sums to 1", _one_softmax),
        mistake("all of the weight goes to the one word with the highest score: no gradient can learn where to look, so softmax, not argmax", _hard_weights),
        mistake("the weights are divided by √H: divide the scores, before the softmax", lambda q, keys, mask: (q @ keys.mT).masked_fill(~mask[:, None], -torch.inf).softmax(2) / q.shape[2] ** 0.5),
        mistake("query and keys are shortened to length 1 first: the product itself is wanted, over √H", _cosine),
        mistake("scores over their sum are no softmax: exp comes first, and with it −∞ becomes 0 instead of NaN", _no_exp_hidden),
        mistake("`.T` turns all three axes round, the batch's too: `keys.transpose(1, 2)`", _turned_keys(lambda keys: keys.permute(2, 1, 0))),
        mistake("axis 0 is the batch and stays in front: `keys.transpose(1, 2)`", _turned_keys(lambda keys: keys.transpose(0, 1))),
        mistake("entry by entry letter t meets word t alone: every letter meets every word in the matrix product `q @ keys.transpose(1, 2)`", lambda q, keys, mask: (q * keys).softmax(2)),
    ],
)  # fmt: skip

# 20.2 · the context ----------------------------------------------------------------------------------------------


def context(weights, values):
    """The mean of the values, weighted anew for each letter. weights: (N, T_y, T_x). values: (N, T_x, H)."""
    return weights @ values


def _context_cases():
    def made(N, T_y, T_x, H, label=""):
        return case(torch.randn(N, T_y, T_x), torch.randn(N, T_x, H), label=label)

    return [
        made(3, 4, 5, 6),
        made(2, 3, 3, 4, "as many letters as words"),
        made(1, 2, 4, 3, "a batch of one"),
        made(2, 1, 5, 3, "one letter"),
    ]


def _after_softmax(answer, scores, values):
    """What is handed over are the weights that scores come to; so gradients are compared through a softmax, as in use."""
    return answer(scores.softmax(2), values)


def _hard(weights, values):
    return values.gather(1, weights.argmax(2)[..., None].expand(-1, -1, values.shape[2]))


def _shared(weights, values):
    return (weights.mean(1, keepdim=True) @ values).expand(-1, weights.shape[1], -1)


def _flat_batch(weights, values):
    return torch.einsum("nts,msh->nth", weights, values)


define(
    "20.2",
    reference=context,
    cases=_context_cases,
    gradients=True,
    run=_after_softmax,
    alternatives=[
        lambda weights, values: torch.einsum("nts,nsh->nth", weights, values),
        lambda weights, values: (weights[..., None] * values[:, None]).sum(2),
        lambda weights, values: weights @ values / weights.sum(2, keepdim=True),
    ],
    mistakes=[
        mistake(
            "every word counts the same: weight them",
            lambda weights, values: values.mean(1, keepdim=True).expand(-1, weights.shape[1], -1),
        ),
        mistake(
            "this takes the one word with the largest weight: no gradient can learn where to look. Take the weighted mean",
            _hard,
        ),
        mistake("a second softmax: the weights are a softmax already", lambda weights, values: weights.softmax(2) @ values),
        mistake(
            "divided by T_x as well: the weights sum to 1, so their sum is a mean already",
            lambda weights, values: weights @ values / values.shape[1],
        ),
        mistake("all letters share one context: the weights were averaged over the letters", _shared),
        mistake(
            "weighted, but not summed over the words: that axis is to disappear",
            lambda weights, values: weights[..., None] * values[:, None],
        ),
        mistake(
            "letters and words are swapped: this sums over the letters",
            lambda weights, values: weights.transpose(1, 2) @ weights @ values,
        ),
        mistake(
            "the letters are summed, too: every letter has a context of its own, (N, T_y, H)",
            lambda weights, values: (weights @ values).sum(1),
        ),
        mistake(
            "this is the last word's state for every letter: that is the model without attention",
            lambda weights, values: values[:, -1:].expand(-1, weights.shape[1], -1),
        ),
        mistake("the sentences of the batch are mixed: `@` keeps them apart", _flat_batch),
        mistake("this sums over the letters: the axis of the words has to disappear", lambda weights, values: (weights[..., None] * values[:, None]).sum(1)),
        mistake(
            "weights has the words on its last axis, values on its second: no transpose is needed",
            lambda weights, values: weights.transpose(1, 2) @ values,
        ),
        slips.transposed(context, 1, 2, says="the axes are the wrong way round: (N, T_y, H), a row for each letter"),
        mistake("the order of a product counts: the weights stand in front, `weights @ values`", lambda weights, values: values @ weights),
        mistake("the values are as they should be, (N, T_x, H): no transpose is needed", lambda weights, values: weights @ values.mT),
        mistake("this sums over H: the axis of the words has to disappear", lambda weights, values: (weights[..., None] * values[:, None]).sum(3)),
        mistake("√H belongs into the scores; the weights sum to 1 already", lambda weights, values: weights @ values / values.shape[2] ** 0.5),
        mistake("nothing is bent here: the context is the weighted mean as it is", lambda weights, values: torch.tanh(weights @ values)),
        mistake("every sentence meets every other: tensordot knows no batch, `@` keeps the sentences apart", lambda weights, values: torch.tensordot(weights, values, dims=([2], [1]))),
        mistake("all sentences read the values of the first one: leave out the index", lambda weights, values: weights @ values[0]),
        slips.last_only(context, says="this is the last letter's context alone: each letter has one"),
        slips.input_detached(context, says="no gradient reaches the weights: they are detached, and where to look is never learnt"),
    ],
)  # fmt: skip

# 20.3 · additive weights -----------------------------------------------------------------------------------------


def additive_weights(q, keys, a, mask):
    """softmax over the source of a·tanh(q + k). q: (N, T_y, H). keys: (N, T_x, H). a: (H,). mask: (N, T_x)."""
    scores = torch.tanh(q[:, :, None] + keys[:, None]) @ a
    return scores.masked_fill(~mask[:, None], -torch.inf).softmax(2)


def _additive(*, bend=torch.tanh, join=lambda q, keys: q[:, :, None] + keys[:, None], axis=2, fill=-torch.inf, hide=lambda mask: ~mask):  # fmt: skip
    def answer(q, keys, a, mask):
        scores = bend(join(q, keys)) @ a
        return scores.masked_fill(hide(mask)[:, None], fill).softmax(axis)

    return answer


def _pairs(q, keys):
    return torch.tanh(q[:, :, None] + keys[:, None])


def _tanh_last(q, keys, a, mask):
    scores = torch.tanh((q[:, :, None] + keys[:, None]) @ a)
    return scores.masked_fill(~mask[:, None], -torch.inf).softmax(2)


def _without_a(q, keys, a, mask):
    return _pairs(q, keys).sum(3).masked_fill(~mask[:, None], -torch.inf).softmax(2)


def _a_not_summed(q, keys, a, mask):
    return (_pairs(q, keys) * a).masked_fill(~mask[:, None, :, None], -torch.inf).softmax(2)


def _same_place(q, keys, a, mask):
    return (torch.tanh(q + keys) @ a).softmax(1)


def _scaled(q, keys, a, mask):
    scores = _pairs(q, keys) @ a / q.shape[2] ** 0.5
    return scores.masked_fill(~mask[:, None], -torch.inf).softmax(2)


def _additive_late(q, keys, a, mask):
    return (_pairs(q, keys) @ a).softmax(2) * mask[:, None]


def _additive_scores(q, keys, a, mask):
    return (_pairs(q, keys) @ a).masked_fill(~mask[:, None], -torch.inf)


def _axes_exchanged(q, keys, a, mask):
    pairs = torch.tanh(q[:, None] + keys[:, :, None])
    return (pairs @ a).masked_fill(~mask[:, None], -torch.inf).softmax(2)


def _read_as_column(q, keys, a, mask):
    scores = _pairs(q, keys) @ a[:, None]
    return scores.masked_fill(~mask[:, None, :, None], -torch.inf).softmax(2)


def _read(score):
    return lambda q, keys, a, mask: score(_pairs(q, keys), a).masked_fill(~mask[:, None], -torch.inf).softmax(2)


def _a_inside(q, keys, a, mask):
    scores = torch.tanh((q[:, :, None] + keys[:, None]) * a).sum(3)
    return scores.masked_fill(~mask[:, None], -torch.inf).softmax(2)


def _each_tanh(q, keys, a, mask):
    scores = (q.tanh()[:, :, None] + keys.tanh()[:, None]) @ a
    return scores.masked_fill(~mask[:, None], -torch.inf).softmax(2)


def _by_loop(q, keys, a, mask):
    rows = []
    for t in range(q.shape[1]):
        scores = (torch.tanh(q[:, t : t + 1] + keys) * a).sum(2)
        rows.append(torch.where(mask, scores, torch.tensor(-torch.inf)).softmax(1))
    return torch.stack(rows, 1)


def _summed(q, keys, a, mask):
    scores = (torch.tanh(q.unsqueeze(2) + keys.unsqueeze(1)) * a).sum(-1)
    return torch.softmax(scores + mask.to(scores).log()[:, None], dim=-1)


def _additive_cases():
    def made(N, T_y, T_x, H, lengths, label=""):
        q, keys, a = torch.randn(N, T_y, H), torch.randn(N, T_x, H), 1.5 * torch.randn(H)
        return case(q, keys, a, _lengths(lengths, T_x), label=label)

    return [
        made(3, 4, 5, 6, [5, 3, 2], "words of different lengths"),
        made(2, 3, 3, 4, [3, 2], "as many letters as words"),
        made(1, 2, 6, 5, [4], "a batch of one"),
    ]


define(
    "20.3",
    reference=additive_weights,
    cases=_additive_cases,
    gradients=True,
    alternatives=[_by_loop, _additive(fill=-1e9), _summed],
    mistakes=[
        mistake("the tanh is missing: bend the sum before a reads it", _additive(bend=lambda pairs: pairs)),
        mistake("a sigmoid stands where the tanh belongs", _additive(bend=torch.sigmoid)),
        mistake("this is a dot product, weighted by a: the additive form adds query and key and bends the sum", _additive(bend=lambda pairs: pairs, join=lambda q, keys: q[:, :, None] * keys[:, None])),
        mistake("the tanh comes too late: it bends each entry of q + k, and only then a reads a score from it", _tanh_last),
        mistake("query and key are bent one by one: first add them, then tanh of the sum", _each_tanh),
        mistake("the H entries are summed without a: a says how much each of them counts", _without_a),
        mistake("a is multiplied but not summed over: a score is *one* number, `… @ a`", _a_not_summed),
        mistake("query and key are multiplied: the additive form adds them", _additive(join=lambda q, keys: q[:, :, None] * keys[:, None])),
        mistake("the key is subtracted: the additive form adds", _additive(join=lambda q, keys: q[:, :, None] - keys[:, None])),
        mistake("letter t meets word t alone (or the shapes do not fit): every letter meets every word, `q[:, :, None] + keys[:, None]`", _same_place),
        mistake("the axes of letters and words are exchanged: `q[:, :, None] + keys[:, None]` gives (N, T_y, T_x, H)", _axes_exchanged),
        mistake("an axis of size 1 is left over: `pairs @ a` with a of shape (H,) sums it away", _read_as_column),
        mistake("√H belongs to the dot product; here a is learnt and finds its own scale", _scaled),
        mistake("the softmax runs over the letters, axis 1: it belongs over the words, axis 2", _additive(axis=1)),
        mistake("nothing is masked: the padding gets a share of the attention", _additive(hide=lambda mask: mask & ~mask)),
        mistake("the mask is the wrong way round: True marks a real word", _additive(hide=lambda mask: mask)),
        mistake("padding gets the score 0, and e⁰ is 1, not 0: fill with −inf", _additive(fill=0.0)),
        mistake("the mask comes after the softmax: the rows do not sum to 1", _additive_late),
        mistake("these are the scores: the softmax is missing", _additive_scores),
        mistake("a relu stands where the tanh belongs", _additive(bend=torch.relu)),
        mistake("this is the mean over H: a weighted *sum* makes the score, `pairs @ a`", _read(lambda pairs, a: (pairs * a).mean(3))),
        mistake("a is shortened to length 1: it is learnt, take it as it is", _read(lambda pairs, a: pairs @ a / a.norm())),
        mistake("a is multiplied but not summed over, so the mask does not fit: a score is *one* number, `… @ a`", _read(lambda pairs, a: pairs * a)),
        mistake("a stands inside the tanh: it reads what comes out of it", _a_inside),
        mistake("this is the dot product of 20.1: the additive form adds query and key and bends the sum", lambda q, keys, a, mask: (q @ keys.mT).masked_fill(~mask[:, None], -torch.inf).softmax(2)),
        mistake("the softmax runs over the batch: one sentence takes attention from another", _additive(axis=0)),
        mistake("query and keys are added as they stand: give each an axis of size 1, `q[:, :, None] + keys[:, None]`", _additive(join=lambda q, keys: q + keys)),
        mistake("the keys lack an axis for the letters: `keys[:, None]`", _additive(join=lambda q, keys: q[:, :, None] + keys)),
        mistake("the query lacks an axis for the words: `q[:, :, None]`", _additive(join=lambda q, keys: q + keys[:, None])),
        mistake("the mask has two axes and the scores three: give it one for the letters, `mask[:, None]`", lambda q, keys, a, mask: (_pairs(q, keys) @ a).masked_fill(~mask, -torch.inf).softmax(2)),
        slips.transposed(
            additive_weights, 1, 2, says="the axes are the wrong way round: a row for each letter, a column for each word, (N, T_y, T_x)"
        ),
    ],
)  # fmt: skip

# 20.4 · where it looks -------------------------------------------------------------------------------------------

_WORDS = ("three", "hundred", "and", "forty", "five")

define(
    "20.4",
    reference={"f": "five", "u": "five", "v": "forty"},
    allowed=_WORDS,
    mistakes=[
        mistake("German says five-and-forty: the f begins fünf, the units", {"f": "forty"}),
        mistake("this part of the word is about forty five, not about the hundreds", dict.fromkeys("fuv", "hundred")),
        mistake("the three has been written long ago: this part is about forty five", dict.fromkeys("fuv", "three")),
        mistake(
            "this is the tempting one. But the English and joins hundred and forty, the German und joins five and forty: they are "
            "not each other's translation, and this and says nothing about where fünf ends",
            {"u": "and"},
        ),
        mistake(
            "it will look there a letter or two later. First it has to know that fünf is complete, and that there are tens at "
            "all; which ones, it needs to know only when it writes them",
            {"u": "forty"},
        ),
        mistake("the units have been written: now it writes vierzig", {"v": "five"}),
        mistake("und is written by now: the v begins vierzig", {"v": "and"}),
        mistake("and means nothing here; the f begins fünf", {"f": "and"}),
    ],
)

# 20.5 · inversions -----------------------------------------------------------------------------------------------


def inversions(weights, starts):
    """The pairs of words that two parts, one after the other, look at in reverse order. weights: (T_y, T_x)."""
    looked = weights[starts].argmax(1).tolist()
    return [(a, b) for a, b in zip(looked, looked[1:], strict=False) if b < a]


def _inversions(*, look=lambda weights, starts: weights[starts].argmax(1).tolist(), turned=lambda a, b: b < a, pair=lambda a, b: (a, b)):  # fmt: skip
    def answer(weights, starts):
        looked = look(weights, starts)
        return [pair(a, b) for a, b in zip(looked, looked[1:], strict=False) if turned(a, b)]

    return answer


def _any_two(weights, starts):
    looked = weights[starts].argmax(1).tolist()
    return [(a, b) for n, a in enumerate(looked) for b in looked[n + 1 :] if b < a]


def _places(weights, starts):
    looked = weights[starts].argmax(1).tolist()
    return [(starts[n], starts[n + 1]) for n in range(len(starts) - 1) if looked[n + 1] < looked[n]]


def _stepping(weights, starts):
    found = []
    for here, there in zip(starts[:-1], starts[1:], strict=True):
        first, second = int(weights[here].argmax()), int(weights[there].argmax())
        if second < first:
            found.append((first, second))
    return found


def _part_numbers(weights, starts):
    looked = weights[starts].argmax(1).tolist()
    return [(n, n + 1) for n in range(len(starts) - 1) if looked[n + 1] < looked[n]]


def _pairs_of(parts):
    """The parts k of which k and k + 1 are compared."""

    def answer(weights, starts):
        looked = weights[starts].argmax(1).tolist()
        return [(looked[k], looked[k + 1]) for k in parts(looked) if looked[k + 1] < looked[k]]

    return answer


def _farthest(weights, starts):
    looked = weights[starts].argmax(1).tolist()
    return [(max(looked[:n]), word) for n, word in enumerate(looked) if n and word < max(looked[:n])]


def _first_of_all(weights, starts):
    return inversions(weights, starts)[:1]


def _alignment(looks, T_x, T_y, starts):
    """Weights whose largest at each start is the given word; random elsewhere."""
    scores = torch.randn(T_y, T_x)
    for word, t in zip(looks, starts, strict=True):
        scores[t, word] = 4.0
    return scores.softmax(1), starts


def _inversions_cases():
    return [
        case(*_alignment([0, 2, 1, 3, 5, 4], 6, 20, [0, 3, 7, 11, 14, 18]), label="two inversions"),
        case(*_alignment([0, 3, 3, 1, 4], 5, 15, [0, 2, 5, 9, 12]), label="two parts look at the same word"),
        case(*_alignment([4, 2, 0], 7, 12, [1, 5, 8]), label="all in reverse"),
        case(*_alignment([0, 4, 1, 5, 2, 3, 6], 7, 17, [0, 2, 5, 8, 11, 13, 15]), label="the last parts in order"),
        case(*_alignment([0, 1, 2, 3], 4, 11, [0, 4, 6, 9]), label="no inversion"),
        case(*_alignment([1], 3, 5, [0]), label="one part"),
    ]


_LETTERS = "the largest is taken over the letters: for each letter, look along the words, axis 1 of weights[starts]"

define(
    "20.5",
    reference=inversions,
    cases=_inversions_cases,
    alternatives=[_stepping],
    mistakes=[
        mistake(_LETTERS, _inversions(look=lambda weights, starts: weights.argmax(0).tolist())),
        mistake(_LETTERS + ": `argmax(1)`", _inversions(look=lambda weights, starts: weights[starts].argmax(0).tolist())),
        mistake(
            "every letter is read: only the first letter of each part, the rows in starts",
            _inversions(look=lambda weights, starts: weights.argmax(1).tolist()),
        ),
        mistake(
            "starts picks columns here: the letters are the rows, `weights[starts]`",
            _inversions(look=lambda weights, starts: weights[:, starts].argmax(1).tolist()),
        ),
        mistake(
            "these are the steps forward: an inversion is where the second of two parts looks at an *earlier* word",
            _inversions(turned=lambda a, b: b > a),
        ),
        mistake("two parts that look at the same word are no inversion: b < a, not b ≤ a", _inversions(turned=lambda a, b: b <= a)),
        mistake("the pairs are the wrong way round: first the word looked at first", _inversions(pair=lambda a, b: (b, a))),
        mistake("these are places in the German word: give the places of the English words looked at", _places),
        mistake("these are the numbers of the parts: give the places of the English words looked at", _part_numbers),
        mistake("these are all pairs of parts: compare each with the next one alone", _any_two),
        mistake("only steps back by exactly one word are found: any earlier word counts", _inversions(turned=lambda a, b: b == a - 1)),
        mistake("this stops after the first inversion: there may be several", _first_of_all),
        mistake("the last two parts are never compared: `len(looked) - 1` pairs stand side by side", _pairs_of(lambda looked: range(len(looked) - 2))),
        mistake("the first two parts are never compared: k begins at 0", _pairs_of(lambda looked: range(1, len(looked) - 1))),
        mistake("the first part is compared with the last: at k = 0, k − 1 is −1, the end of the list", _pairs_of(lambda looked: range(-1, len(looked) - 1))),
        mistake("each part is compared with the farthest word so far: compare it with the part before it", _farthest),
        mistake("this is the first pair alone; a list of all is wanted", lambda weights, starts: (inversions(weights, starts) or [[]])[0]),
        mistake("only the word looked at next is kept: return pairs", _inversions(pair=lambda a, b: b)),
        mistake("the list ends after the first comparison: is `return` inside the loop?", lambda weights, starts: inversions(weights, starts[:2]) if starts[1:] else None),
        mistake("this is where it looks *least*: argmax, not argmin", _inversions(look=lambda weights, starts: weights[starts].argmin(1).tolist())),
        mistake("for no inversion at all the empty list [] is wanted, not None", lambda weights, starts: inversions(weights, starts) or None),
        mistake("these are weights: the *places* of the largest are wanted, argmax", _inversions(look=lambda weights, starts: weights[starts].amax(1).tolist())),
        mistake("this is how many: give the pairs themselves", lambda weights, starts: len(inversions(weights, starts))),
        mistake(
            "you count the words from 1: in Python the first is number 0",
            _inversions(pair=lambda a, b: (a + 1, b + 1)),
        ),
    ],
)  # fmt: skip
