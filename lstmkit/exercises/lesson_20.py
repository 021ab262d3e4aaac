"""Lesson 20 · Attention: dot-product weights, the context, where it looks, inversions, dates."""

from __future__ import annotations

from contextlib import redirect_stderr
from functools import lru_cache
from io import StringIO

import torch
from torch import nn

from lstmkit.data.dates import dates
from lstmkit.data.text import Vocabulary
from lstmkit.exercises import case, define, mistake
from lstmkit.models import PAD, EncoderDecoder, greedy
from lstmkit.train import fit

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


def _no_mask(q, keys, mask):
    return (q @ keys.transpose(1, 2) / q.shape[2] ** 0.5).softmax(2)


def _masked_late(q, keys, mask):
    return _no_mask(q, keys, mask) * mask[:, None]


def _no_softmax(q, keys, mask):
    return (q @ keys.transpose(1, 2) / q.shape[2] ** 0.5).masked_fill(~mask[:, None], -torch.inf)


def _masked_and_normalised(q, keys, mask):
    e = torch.einsum("nth,nsh->nts", q, keys) / q.shape[-1] ** 0.5
    w = torch.exp(e - e.amax(2, keepdim=True)) * mask.unsqueeze(1).to(e)
    return w / w.sum(2, keepdim=True)


def _weights_cases():
    def made(N, T_y, T_x, H, lengths, label=""):
        mask = torch.arange(T_x) < torch.tensor(lengths)[:, None]
        return case(1.5 * torch.randn(N, T_y, H), 1.5 * torch.randn(N, T_x, H), mask, label=label)

    return [
        made(3, 4, 5, 6, [5, 3, 1], "words of different lengths"),
        made(2, 3, 3, 4, [3, 2], "as many letters as words"),
        made(1, 6, 4, 8, [3], "a batch of one"),
        made(2, 1, 7, 5, [7, 4], "one letter"),
    ]


define(
    "20.1",
    reference=dot_weights,
    cases=_weights_cases,
    gradients=True,
    alternatives=[_dot(fill=-1e9), _masked_and_normalised],
    mistakes=[
        mistake("the softmax runs over the letters (axis 1): each letter shares itself out among the words, axis 2", _dot(axis=1)),
        mistake("the softmax runs over the letters, axis 1; it belongs over the words, axis 2 (and fill with −inf, not with a large number)", _dot(axis=1, fill=-1e9)),
        mistake("the softmax runs over the batch: one sentence takes attention from another", _dot(axis=0)),
        mistake("nothing is masked: the padding gets a share of the attention", _no_mask),
        mistake("the scores are not scaled: divide by √H", _dot(scale=lambda q, keys: 1.0)),
        mistake("this divides by H: the scale is its square root", _dot(scale=lambda q, keys: q.shape[2])),
        mistake("this divides by √T_x, the number of words: it is the number of *features* that are summed, H", _dot(scale=lambda q, keys: keys.shape[1] ** 0.5)),
        mistake("the mask is the wrong way round: True marks a real word, and it is the others that are hidden", _dot(hide=lambda mask: mask)),
        mistake("padding gets the score 0, and e⁰ is 1, not 0: fill with −inf", _dot(fill=0.0)),
        mistake("the mask comes after the softmax: what the padding took is lost, and the rows do not sum to 1", _masked_late),
        mistake("these are the scores: the softmax is missing", _no_softmax),
        mistake("the axes are the wrong way round: a row for each letter, a column for each word, (N, T_y, T_x)", lambda q, keys, mask: dot_weights(q, keys, mask).transpose(1, 2)),
    ],
)  # fmt: skip

# 20.2 · the context ----------------------------------------------------------------------------------------------


def context(weights, memory):
    """The mean of the memory, weighted anew for each letter. weights: (N, T_y, T_x). memory: (N, T_x, H)."""
    return weights @ memory


def _context_cases():
    def made(N, T_y, T_x, H, label=""):
        return case(torch.randn(N, T_y, T_x).softmax(2), torch.randn(N, T_x, H), label=label)

    return [made(3, 4, 5, 6), made(2, 3, 3, 4, "as many letters as words"), made(1, 2, 4, 3, "a batch of one"), made(2, 1, 5, 3, "one letter")]  # fmt: skip


define(
    "20.2",
    reference=context,
    cases=_context_cases,
    gradients=True,
    alternatives=[
        lambda weights, memory: torch.einsum("nts,nsh->nth", weights, memory),
        lambda weights, memory: (weights[..., None] * memory[:, None]).sum(2),
    ],
    mistakes=[
        mistake("every word counts the same: weight them", lambda weights, memory: memory.mean(1, keepdim=True).expand(-1, weights.shape[1], -1)),
        mistake("this takes the one word with the largest weight: no gradient can learn where to look. Take the weighted mean", lambda weights, memory: memory.gather(1, weights.argmax(2)[..., None].expand(-1, -1, memory.shape[2]))),
        mistake("a second softmax: the weights are a softmax already", lambda weights, memory: weights.softmax(2) @ memory),
        mistake("divided by T_x as well: the weights sum to 1, so their sum is a mean already", lambda weights, memory: weights @ memory / memory.shape[1]),
        mistake("all letters share one context: the weights were averaged over the letters", lambda weights, memory: (weights.mean(1, keepdim=True) @ memory).expand(-1, weights.shape[1], -1)),
        mistake("weighted, but not summed over the words", lambda weights, memory: weights[..., None] * memory[:, None]),
        mistake("letters and words are swapped: this sums over the letters", lambda weights, memory: weights.transpose(1, 2) @ weights @ memory),
        mistake("this is the last word's state for every letter: that is the model without attention", lambda weights, memory: memory[:, -1:].expand(-1, weights.shape[1], -1)),
    ],
)  # fmt: skip

# 20.3 · where it looks -------------------------------------------------------------------------------------------

define(
    "20.3",
    reference={"f": "five", "u": "five", "v": "forty"},
    mistakes=[
        mistake("German says five-and-forty: the f begins fünf, the units", {"f": "forty"}),
        mistake("nothing in this letter's word comes from the hundreds", {"f": "hundred", "v": "hundred", "u": "hundred"}),
        mistake("this is the tempting one. But the English and joins hundred and forty, the German und joins five and forty: they are not each other's translation, and this and says nothing about where fünf ends", {"u": "and"}),
        mistake("it will look there a letter or two later. First it has to know that fünf is complete, and that there are tens at all; which ones, it needs to know only when it writes them", {"u": "forty"}),
        mistake("the units have been written: now it writes vierzig", {"v": "five"}),
        mistake("the v begins vierzig, four tens; no word here says four", {"v": "four"}),
        mistake("und is written by now: the v begins vierzig", {"v": "and"}),
        mistake("and means nothing here; the f begins fünf", {"f": "and"}),
    ],
)  # fmt: skip

# 20.4 · inversions -----------------------------------------------------------------------------------------------


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


def _by_loop(weights, starts):
    found = []
    for here, there in zip(starts[:-1], starts[1:], strict=True):
        first, second = int(weights[here].argmax()), int(weights[there].argmax())
        if second < first:
            found.append((first, second))
    return found


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
        case(*_alignment([0, 1, 2, 3], 4, 11, [0, 4, 6, 9]), label="no inversion"),
        case(*_alignment([1], 3, 5, [0]), label="one part"),
    ]


define(
    "20.4",
    reference=inversions,
    cases=_inversions_cases,
    alternatives=[_by_loop],
    mistakes=[
        mistake("the largest is taken over the letters: for each letter, look along the words, axis 1 of weights[starts]", _inversions(look=lambda weights, starts: weights.argmax(0).tolist())),
        mistake("every letter is read: only the first letter of each part, the rows in starts", _inversions(look=lambda weights, starts: weights.argmax(1).tolist())),
        mistake("these are the steps forward: an inversion is where the second of two parts looks at an *earlier* word", _inversions(turned=lambda a, b: b > a)),
        mistake("two parts that look at the same word are no inversion: b < a, not b ≤ a", _inversions(turned=lambda a, b: b <= a)),
        mistake("the pairs are the wrong way round: first the word looked at first", _inversions(pair=lambda a, b: (b, a))),
        mistake("these are places in the German word: give the places of the English words looked at", _places),
        mistake("these are all pairs of parts: compare each with the next one alone", _any_two),
        mistake("this is where it looks *least*: argmax, not argmin", _inversions(look=lambda weights, starts: weights[starts].argmin(1).tolist())),
        mistake("this is how many: give the pairs themselves", lambda weights, starts: len(inversions(weights, starts))),
    ],
)  # fmt: skip

# 20.5 · dates ----------------------------------------------------------------------------------------------------


def date_translator(written, iso, steps):
    """Train on pairs of strings; return a function from a list of written dates to a list of ISO dates."""
    source, target = Vocabulary(written), Vocabulary(iso)
    (x, lengths), y = source.encode(written), target.encode(iso, wrap=True)[0]
    model = EncoderDecoder(len(source), len(target), 64, "dot")

    def loss(model, x, lengths, y):
        logits = model(x, lengths, y[:, :-1])
        return nn.functional.cross_entropy(logits.flatten(0, 1), y[:, 1:].flatten(), ignore_index=PAD)

    def batch():
        rows = torch.randint(len(x), (64,))
        return x[rows], lengths[rows], y[rows]

    def one_cycle(optimizer):
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=steps, pct_start=0.1)

    fit(model, loss, batch, steps=steps, clip=1.0, schedule=one_cycle, title="dates")

    def translate(texts):
        x, lengths = source.encode(texts)
        return [target.decode(row) for row in greedy(model.decode.step, model.encode(x, lengths), 11).tokens]

    return translate


def _tried(answer, written, iso, steps):
    """Train on a few dates, ask for them again, and put what comes back into words: what a right answer is, or its fault."""
    with redirect_stderr(StringIO()):  # the progress bar
        translate = answer(list(written), list(iso), steps)
        if not callable(translate):
            return "no function came back"
        found = translate(list(written))
        verdict = _verdict(found, iso)
        if verdict in (_RIGHT, _WRONG):  # what do they look like one by one?
            alone = _verdict([one for text in written for one in translate([text])], iso)
            if (alone == _RIGHT) != (verdict == _RIGHT):
                verdict = f"{'wrong' if alone == _RIGHT else 'right'} in one batch, not so one by one"
    return verdict


_RIGHT = "the dates it was trained on come back right"
_WRONG = "most of the dates it was trained on come back wrong"


def _verdict(found, wanted) -> str:
    if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
        return "the translations are not a list of strings"
    if len(found) != len(wanted):
        return "not as many translations as dates"
    pairs = list(zip(found, wanted, strict=True))

    def most(same):
        return sum(same(a, b) for a, b in pairs) >= 0.75 * len(pairs)

    if most(lambda a, b: a == b):
        return _RIGHT
    if most(lambda a, b: "<" in a):
        return "signs such as <start> are among the letters"
    if most(lambda a, b: not set(a) <= set("0123456789-")):
        return "letters that no ISO date has"
    if most(lambda a, b: len(a) < len(b) and bool(a) and b.startswith(a)):
        return "the beginning of each date alone"
    if most(lambda a, b: len(a) < len(b) and len(a) >= 8 and b.endswith(a)):
        return "the first letter is missing"
    if most(lambda a, b: a.startswith(b)):
        return "the dates go on after their end"
    if not any(found):
        return "empty strings"
    if len(pairs) > 2 and len({a for a, _ in pairs}) == 1:
        return "the same date for every question"
    if len(pairs) > 2 and sorted(found) == sorted(wanted):
        return "the right dates in the wrong order"
    return _WRONG


@lru_cache(maxsize=8)
def _trained(written, iso, steps):
    """The reference, trained once for all the mistakes that bend what it says."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return date_translator(written, iso, steps)


def _bent(bend):
    def answer(written, iso, steps):
        translate = _trained(tuple(written), tuple(iso), steps)
        return lambda texts: bend(translate(texts))

    return answer


def _date_cases():
    few = dates(12, generator=torch.Generator().manual_seed(13))
    return [case(few.written, few.iso, 100, label="trained on twelve dates, asked for the twelve")]


define(
    "20.5",
    reference=date_translator,
    cases=_date_cases,
    run=_tried,
    time_limit=60.0,
    mistakes=[
        mistake("return a *function* that translates, not its results: `def translate(texts): …` inside, and `return translate`", lambda written, iso, steps: list(iso)),
        mistake("translate has to return a list of strings, one for each date: turn the numbers back into letters with `target.decode`", _bent(lambda said: [[ord(letter) for letter in one] for one in said])),
        mistake("there are more or fewer translations than dates: give one for each, in their order", _bent(lambda said: [*said, ""])),
        mistake("<start> or <end> is written out: `target.decode` leaves them out", _bent(lambda said: [f"<start>{one}<end>" for one in said])),
        mistake("these are not the letters of ISO dates: decode with the vocabulary of the *targets*", _bent(lambda said: [one.replace("1", "o") + "x" for one in said])),
        mistake("each date is right alone, but not among others: the padding is read. Give model.encode the lengths of *these* texts, as source.encode returns them", _bent(lambda said: said if len(said) == 1 else [one[::-1] for one in said])),
        mistake("the dates are cut short: ten letters and <end> make eleven steps", _bent(lambda said: [one[:8] for one in said])),
        mistake("the first letter is lost: what is fed begins with <start>, and the first letter is the first *target*", _bent(lambda said: [one[1:] for one in said])),
        mistake("it never learnt to stop: encode the targets with wrap=True, so that <end> is one of them", _bent(lambda said: [one + one[-1] for one in said])),
        mistake("nothing is written: were the targets the letters that are fed, not the next ones?", _bent(lambda said: ["" for _ in said])),
        mistake("every date is translated alike: the decoder does not see what was read. Does it start from model.encode(…) of these texts?", _bent(lambda said: ["2000-01-01" for _ in said])),
        mistake("the right dates in another order: were the texts sorted by length and not put back?", _bent(lambda said: sorted(said))),
        mistake("it has not learnt even the dates that it was trained on: was it trained for `steps` steps, on targets encoded with wrap=True, with the same vocabularies for training and for writing, and is H large enough (64 is)?", _bent(lambda said: [one[::-1] for one in said])),
    ],
)  # fmt: skip
