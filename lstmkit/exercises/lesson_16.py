"""Exercises of lesson 16: the best there is, gaps, folding time into the batch, blindness to order, a caption's loss."""

from __future__ import annotations

import torch

from lstmkit.exercises import case, define, mistake, slips

# 16.1 · the best there is ----------------------------------------------------------------------------------------


def best(p):
    """The best answer to each s, and how often they are right."""
    return p.argmax(dim=1), p.max(dim=1).values.sum()


def _by_hand(p):
    answers, share = [], 0.0
    for row in p.tolist():
        answers.append(row.index(max(row)))
        share += max(row)
    return torch.tensor(answers), share


def _of_max(p):
    largest, answers = p.max(1)
    return answers, torch.sum(largest)


def _share(of):
    """The right answers, with another share."""
    return lambda p: (p.argmax(1), of(p))


def _conditional(p):
    return p / p.sum(1, keepdim=True)


def _always_the_same(p):
    return torch.full((len(p),), int(p.sum(0).argmax())), p.sum(0).max()


def _tables():
    uneven = torch.tensor([[0.05, 0.02, 0.01], [0.10, 0.25, 0.12], [0.15, 0.08, 0.06], [0.01, 0.03, 0.12]])
    random = torch.rand(7, 4, dtype=torch.float64).square() * torch.rand(7, 1, dtype=torch.float64)
    clear = torch.zeros(3, 3, dtype=torch.float64)
    clear[[0, 1, 2], [2, 0, 1]] = torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64)
    return [
        case(uneven, label="four things that can be seen, three answers"),
        case(random / random.sum(), label="seven things that can be seen, four answers"),
        case(clear, label="what is seen settles the answer"),
        case(torch.tensor([[0.1, 0.2, 0.45, 0.25]]), label="always the same is seen"),
    ]


define(
    "16.1",
    reference=best,
    cases=_tables,
    alternatives=[_by_hand, _of_max],
    mistakes=[
        mistake("that is the mean over the rows: their probabilities are in the table already, so add the largest fields up", _share(lambda p: p.max(1).values.mean())),
        mistake("you divide each row by its sum and take the mean: then what is rarely seen counts as much as what is often seen. Add the fields as they are", _share(lambda p: _conditional(p).max(1).values.mean())),
        mistake("you divide each row by its sum: a sum of such numbers is no share. Add the fields as they are", _share(lambda p: _conditional(p).max(1).values.sum())),
        mistake("that is the largest field of each *column*: the answer is chosen when s is known, so take each row's largest", lambda p: (p.argmax(0), p.max(0).values.sum())),
        mistake("the answers are right, but the share adds up each *column's* largest field: each row's is wanted", _share(lambda p: p.max(0).values.sum())),
        mistake("that is always the same answer, the one that is right most often, whatever is seen", _always_the_same),
        mistake("the answers depend on what is seen, but your share is that of always giving the same answer", _share(lambda p: p.sum(0).max())),
        mistake("that is the largest field of the whole table: each row has one, and they add up", _share(lambda p: p.max())),
        mistake("you guess in proportion to the probabilities: it is better to give always the likeliest answer", _share(lambda p: (p.square() / p.sum(1, keepdim=True)).sum())),
        mistake("that is the sum of the whole table, which is 1: only the field of your answer counts in each row", _share(lambda p: p.sum())),
        mistake("that is a largest field for each row: add them up to one number", _share(lambda p: p.max(1).values)),
        mistake("that is the share of wrong answers, one minus what is wanted", _share(lambda p: 1 - p.max(1).values.sum())),
        mistake("that is the smallest field of each row, the worst answer", lambda p: (p.argmin(1), p.min(1).values.sum())),
        mistake("you count the answers from 1: they are columns, counted from 0", lambda p: (p.argmax(1) + 1, p.max(1).values.sum())),
        mistake("the share alone: the answers are wanted first, then the share", lambda p: p.max(1).values.sum()),
        mistake("the answers alone: how often they are right is wanted, too", lambda p: p.argmax(1)),
        mistake("for the answers you return the largest *fields*: which column they stand in is wanted, argmax", lambda p: (p.max(1).values, p.max(1).values.sum())),
        mistake("`p.max(dim=1)` gives the largest fields and their columns: the columns are the answers, and the fields are to be added up", lambda p: tuple(p.max(1))),
        mistake("one answer for the whole table: each row is another thing that is seen, and has its own, `argmax(dim=1)`", lambda p: (p.argmax(), p.max(1).values.sum())),
        mistake("one answer and one field for the whole table: each row is another thing that is seen, and has its own, `dim=1`", lambda p: (p.argmax(), p.max())),
        mistake("you weigh each row's largest field with how often the row is seen: that is in the field already", _share(lambda p: (p.max(1).values * p.sum(1)).sum())),
        slips.results_swapped(best, says="answers first, then the share: yours have changed places"),
        slips.per_cent(best, part=1),
    ],
)  # fmt: skip

# 16.2 · through the gaps -----------------------------------------------------------------------------------------

_BOTH = 0.7**2
_GAPS = {"both": _BOTH, "two frames": _BOTH + (1 - _BOTH) / 4, "memory": 1 - 0.3**4 - 4 * 0.7 * 0.3**3}

define(
    "16.2",
    reference=_GAPS,
    tolerance=0.004,
    mistakes=[
        mistake("that is the probability that one is shown and the other, a certain one, is not", {"both": 0.7 * 0.3}),
        mistake("that is the probability that at least one of the two is *blank*, the rest of what is wanted", {"both": 1 - 0.7**2}),
        mistake("you add the two probabilities: independent events multiply, 0.7 · 0.7", {"both": 1.4}),
        mistake("one guesses whenever *one* of the two is missing, not only when both are: the rest of 0.49 is 0.51", {"two frames": _BOTH + 0.3**2 / 4}),
        mistake("those are the lucky guesses alone: who sees both is right as well", {"two frames": (1 - _BOTH) / 4}),
        mistake("who sees both *knows*, and need not guess: a quarter of the rest, not of 0.49", {"two frames": _BOTH / 4}),
        mistake("that is at least one pair of *neighbours*, reckoned as if the pairs did not share frames; any two of the four will do", {"memory": 1 - (1 - _BOTH) ** 3}),
        mistake("that is at least one pair of neighbours; any two of the four will do", {"memory": 0.7**4 + 4 * 0.7**3 * 0.3 + 3 * 0.7**2 * 0.3**2}),
        mistake("exactly one shown is 4 · 0.7 · 0.3³: one factor 0.7 and three of 0.3", {"memory": 1 - 0.3**4 - 4 * 0.7**3 * 0.3}),
        mistake("that is one minus “two certain ones are blank”: count the patterns with none or one of four shown", {"memory": 1 - 0.3**2}),
        mistake("lucky guesses do not count here: the probability that at least two are shown is asked for, no more", {"memory": 1 - (0.3**4 + 4 * 0.7 * 0.3**3) * 3 / 4}),
        mistake("the pairs are no alternatives that exclude each other, so their probabilities must not be added up", {"memory": 6 * _BOTH}),
        mistake("that is the probability that both are *blank*: each is shown with probability 1 − 0.3", {"both": 0.3**2}),
        mistake("that is one minus “both blank”, so one of the two may be missing: both have to be shown", {"both": 1 - 0.3**2}),
        mistake("that is the probability that this frame is shown; the one before has to be shown, too", {"both": 0.7}),
        mistake("that is the probability that exactly one of the two is shown", {"both": 2 * 0.7 * 0.3}),
        mistake("you add 0.3 and 0.3: independent events multiply, 0.7 · 0.7", {"both": 1 - 0.6}),
        mistake("that leaves out lucky guesses: without both frames one is right one time in four", {"two frames": _BOTH}),
        mistake("the guess counts only when one does *not* know: a quarter of the rest, not of everything", {"two frames": _BOTH + 0.25}),
        mistake("one time in four is right, so a quarter of the rest is added, not three quarters", {"two frames": _BOTH + (1 - _BOTH) * 3 / 4}),
        mistake("you count half of the rest as right: there are four directions", {"two frames": _BOTH + (1 - _BOTH) / 2}),
        mistake("that is the plain mean of knowing and guessing: weigh each by how often it happens", {"two frames": (1 + 0.25) / 2}),
        mistake("the two cases are exchanged: with probability 0.49 one knows, and else one guesses", {"two frames": _BOTH / 4 + (1 - _BOTH)}),
        mistake("both frames are needed, and you let one be enough", {"two frames": 0.7 + 0.3 / 4}),
        mistake("at least two is more than exactly two: three or four may be shown as well", {"memory": 6 * 0.7**2 * 0.3**2}),
        mistake("that is at *least one* of four; two sightings are needed", {"memory": 1 - 0.3**4}),
        mistake("exactly one shown can happen at any of four places: 4 · 0.7 · 0.3³", {"memory": 1 - 0.3**4 - 0.7 * 0.3**3}),
        mistake("none at all may be shown as well: subtract 0.3⁴, too", {"memory": 1 - 4 * 0.7 * 0.3**3}),
        mistake("that is the probability that fewer than two are shown, the rest of what is wanted", {"memory": 0.3**4 + 4 * 0.7 * 0.3**3}),
        mistake("they need not be neighbours, nor the first two: any two of the four will do", {"memory": _BOTH}),
        mistake("0.3 and 0.7 have changed places: 0.3 is the probability of a blank frame", {"memory": 1 - 0.7**4 - 4 * 0.3 * 0.7**3}),
        mistake("that is “three or four are shown”; two are enough", {"memory": 0.7**4 + 4 * 0.3 * 0.7**3}),
        mistake("that is “all four are shown”; two are enough", {"memory": 0.7**4}),
        slips.per_cent(_GAPS, says="in per cent: probabilities from 0 to 1 are wanted"),
        slips.swapped(_GAPS, "both", "two frames"),
    ],
)  # fmt: skip

# 16.3 · fold and unfold ------------------------------------------------------------------------------------------


def see(eye, frames):
    """The eye's report on every frame, (N, T, E)."""
    N, T = frames.shape[:2]
    return eye(frames.flatten(0, 1)).unflatten(0, (N, T))


def _frame_by_frame(eye, frames):
    return torch.stack([eye(frames[:, t]) for t in range(frames.shape[1])], dim=1)


def _film_by_film(eye, frames):
    return torch.stack([eye(film) for film in frames])


def _with_view(eye, frames):
    N, T, height, width = frames.shape
    return eye(frames.reshape(N * T, height, width)).view(N, T, -1)


def _time_first_both_ways(eye, frames):
    N, T = frames.shape[:2]
    return eye(frames.transpose(0, 1).flatten(0, 1)).view(T, N, -1).transpose(0, 1)


def _out(eye, frames):
    return eye(frames.flatten(0, 1))


def _mixed(eye, frames):
    N, T = frames.shape[:2]
    return _out(eye, frames).view(T, N, -1).transpose(0, 1)


def _mixed_in(eye, frames):
    N, T = frames.shape[:2]
    return eye(frames.transpose(0, 1).flatten(0, 1)).view(N, T, -1)


def _view_for_transpose(eye, frames):
    N, T, height, width = frames.shape
    return eye(frames.view(T, N, height, width).flatten(0, 1)).view(T, N, -1).transpose(0, 1)


def _report_first(eye, frames):
    N, T = frames.shape[:2]
    reports = _out(eye, frames)
    return reports.view(reports.shape[1], N, T).permute(1, 2, 0)


def _pixels_mixed(eye, frames):
    N, T, height, width = frames.shape
    turned = frames.permute(0, 2, 3, 1).reshape(N * T, height, width)
    return eye(turned).view(N, T, -1)


def _sideways(eye, frames):
    return see(eye, frames.transpose(2, 3))


def _reports_transposed(eye, frames):
    N, T = frames.shape[:2]
    return _out(eye, frames).view(N, -1, T).transpose(1, 2)


def _reports_on_their_side(eye, frames):
    N, T = frames.shape[:2]
    return _out(eye, frames).view(N, -1, T)


class _Eye:
    """A small fixed map of a picture, not linear; it says in plain words what it does not take."""

    def __init__(self, height, width, E):
        self.size = (height, width)
        self.weight, self.bias = torch.randn(height * width, E), torch.randn(E)

    def __call__(self, frames):
        if frames.dim() != 3 or frames.shape[1:] not in (self.size, self.size[::-1]):
            wants = f"it reads a batch of pictures (B, height, width), here (B, {self.size[0]}, {self.size[1]})"
            raise ValueError(f"the eye got shape {tuple(frames.shape)}; {wants}")
        if frames.shape[1:] != self.size:  # on their sides, or cut into rows of another length
            frames = frames + torch.arange(frames.shape[1])[:, None]
        return torch.tanh(frames.flatten(1) @ self.weight + self.bias)


define(
    "16.3",
    reference=see,
    cases=lambda: [
        case(_Eye(4, 3, 5), torch.rand(3, 4, 4, 3), label="3 films of 4 frames"),
        case(_Eye(3, 3, 6), torch.rand(2, 5, 3, 3), label="2 films of 5 frames, square pictures"),
        case(_Eye(3, 3, 4), torch.rand(3, 3, 3, 3), label="3 films of 3 frames: a mix-up keeps the shape"),
        case(_Eye(3, 3, 5), torch.rand(1, 4, 3, 3), label="a single film"),
        case(_Eye(3, 3, 5), torch.rand(4, 1, 3, 3), label="films of one frame"),
    ],
    alternatives=[_frame_by_frame, _film_by_film, _with_view, _time_first_both_ways],
    mistakes=[
        mistake("the reports come out film by film, and you unfold them as if they came frame by frame: `.view(T, N, …)` and a transpose give each film frames of others. Unfold as you folded: (N, T)", _mixed),
        mistake("you fold with time outside (after a transpose) and unfold with the films outside: each film gets frames of others. Fold and unfold in the same order", _mixed_in),
        mistake("your reports stand at (T, N), and were unfolded as if they came frame by frame: they come film by film, so unfold to (N, T)", lambda eye, frames: _out(eye, frames).view(frames.shape[1], frames.shape[0], -1)),
        mistake("your reports are in (T, N, E): films come first, then time", lambda eye, frames: see(eye, frames).transpose(0, 1)),
        mistake("time is still folded into the batch, (N·T, E): unfold it, (N, T, E)", _out),
        mistake("`view(T, N, …)` of the frames is no transpose: it moves the borders between films and frames. Fold with `flatten(0, 1)`, which leaves the order alone", _view_for_transpose),
        mistake("the numbers of a report are torn apart: the report is the *last* axis of what the eye returns, so view(N, T, -1)", _report_first),
        mistake("the pixels of different frames are mixed: permute moves time to the end, and reshape then cuts pictures out of several frames. Fold the first two axes, with flatten(0, 1)", _pixels_mixed),
        mistake("the numbers of a report stand together, on the *last* axis: `view(N, T, -1)`; `view(N, -1, T)` and a transpose mix them with those of other frames", _reports_transposed),
        mistake("the numbers of a report stand together, on the *last* axis: `view(N, T, -1)`, no `view(N, -1, T)`", _reports_on_their_side),
        mistake("the pictures are cut into rows of another length: (B, height, width), in this order", lambda eye, frames: eye(frames.reshape(-1, frames.shape[3], frames.shape[2])).view(*frames.shape[:2], -1)),
        mistake("that is a list; one tensor (N, T, E) is wanted: torch.stack(…, dim=1), or one call for all", lambda eye, frames: [eye(frames[:, t]) for t in range(frames.shape[1])]),
        mistake("that is the first frame's report at every frame: each frame has its own", lambda eye, frames: eye(frames[:, 0])[:, None].expand(-1, frames.shape[1], -1)),
        mistake("that is the last frame alone: a report for every frame is wanted", lambda eye, frames: eye(frames[:, -1])),
        mistake("that is the first frame alone: a report for every frame is wanted", lambda eye, frames: eye(frames[:, 0])),
        mistake("that is the mean of each film's reports: one for every frame is wanted", lambda eye, frames: see(eye, frames).mean(1)),
        mistake("you show the eye the mean of each film's frames, a blur: it has to see every frame by itself", lambda eye, frames: eye(frames.mean(1))),
        mistake("the reports are the mean over the films: each film has its own", lambda eye, frames: see(eye, frames).mean(0)),
        mistake("the pictures lie on their sides: height and width are exchanged", _sideways),
        mistake("the frames run from the last to the first", lambda eye, frames: see(eye, frames).flip(1)),
        mistake("frames and report are exchanged, (N, E, T): time is axis 1", lambda eye, frames: see(eye, frames).transpose(1, 2)),
        mistake("torch.cat joins the reports of the films to one long row, (N·T, E): unfold it, or use torch.stack", lambda eye, frames: torch.cat([eye(film) for film in frames])),
        mistake("all reports of a film stand in one row, (N, T·E): keep time as an axis of its own", lambda eye, frames: see(eye, frames).flatten(1)),
    ],
)  # fmt: skip

# 16.4 · blind to order? ------------------------------------------------------------------------------------------

_VERDICTS = {"A": "blind", "B": "sees order", "C": "blind", "D": "sees order", "E": "sees order", "F": "sees order"}
_WHY = {
    "A": "a mean has no order: shuffled frames give the same terms, and the same mean",
    "B": "the last state is built up step by step: read in another order, it is another state",
    "C": "f reads each frame by itself, and the largest of some numbers does not depend on their order",
    "D": "the mean is blind, but what it is taken of is not: each state depends on what was read before it",
    "E": "f reads *neighbours*, and shuffling makes other neighbours: a bag of pairs knows some order, like a bag of bigrams",
    "F": "the map has weights of their own for the first frame, the second …: another order, another result",
}

define(
    "16.4",
    reference=_VERDICTS,
    allowed=("blind", "sees order"),
    mistakes=[
        mistake(_WHY[key], {key: "blind" if verdict == "sees order" else "sees order"})
        for key, verdict in _VERDICTS.items()
    ],
)

# 16.5 · a caption's loss -----------------------------------------------------------------------------------------


def caption_nats(log_p, captions):
    """Minus the log-probability of whole captions, averaged over the films."""
    return -(_right(log_p, captions) * (captions != 0)).sum(dim=1).mean()


def _right(log_p, captions):
    return log_p.gather(2, captions[:, :, None])[:, :, 0]


def _indexed(log_p, captions):
    N, L = captions.shape
    of_right = log_p[torch.arange(N)[:, None], torch.arange(L), captions]
    return -torch.where(captions > 0, of_right, 0.0).sum() / N


def _ignored(log_p, captions):
    total = torch.nn.functional.nll_loss(log_p.flatten(0, 1), captions.flatten(), ignore_index=0, reduction="sum")
    return total / len(captions)


def _film_by_film_loss(log_p, captions):
    total = log_p.new_zeros(())
    for rows, words in zip(log_p, captions, strict=True):
        for row, word in zip(rows, words.tolist(), strict=True):
            if word != 0:
                total = total - row[word]
    return total / len(captions)


def _nats(of=lambda each: each, mask=lambda words: words != 0, over=lambda sums, words: sums.sum(1).mean()):
    """The loss with a hole for each mistake."""

    def wrong(log_p, captions):
        return -over(of(_right(log_p, captions)) * mask(captions), captions)

    return wrong


def _by_cross_entropy(log_p, captions):
    """Its softmax leaves what is a softmax's logarithm already as it is."""
    total = torch.nn.functional.cross_entropy(log_p.transpose(1, 2), captions, ignore_index=0, reduction="sum")
    return total / len(captions)


def _of_scores(answer, scores, captions):
    return answer(scores.log_softmax(2), captions)


def _end_missed(words):
    return (words != 0) & (words != 2)


def _next_words(log_p, captions):
    return caption_nats(log_p[:, :-1], captions[:, 1:])


def _one_late(log_p, captions):
    return caption_nats(log_p[:, 1:], captions[:, :-1])


define(
    "16.5",
    reference=caption_nats,
    gradients=True,
    run=_of_scores,
    cases=lambda: [
        case(2 * torch.randn(3, 5, 7), torch.tensor([[4, 6, 5, 3, 2], [5, 4, 2, 0, 0], [3, 6, 4, 2, 0]])),
        case(2 * torch.randn(2, 4, 6), torch.tensor([[3, 5, 4, 2], [4, 3, 5, 2]]), label="no padding"),
        case(2 * torch.randn(1, 6, 5), torch.tensor([[3, 2, 0, 0, 0, 0]]), label="a single film, mostly padding"),
        case(2 * torch.randn(4, 4, 9), torch.tensor([[8, 2, 0, 0], [7, 5, 6, 2], [3, 4, 2, 0], [2, 0, 0, 0]]), label="four captions of four lengths"),
    ],
    alternatives=[_indexed, _ignored, _by_cross_entropy, _film_by_film_loss],
    mistakes=[
        mistake("the padding is counted: nobody reads <pad>, and its ln p is no part of the caption. Multiply by `captions != 0` before you add up", _nats(mask=lambda words: torch.ones_like(words))),
        mistake("that is the mean over the real words, nats per *word*: a caption's loss is the sum over its words, and only the films are averaged", _nats(over=lambda sums, words: sums.sum() / (words != 0).sum())),
        mistake("that is the mean over all N · L places, padding among them: add up along the words, and average over the films alone", _nats(over=lambda sums, words: sums.mean())),
        mistake("that is each caption's mean per word, averaged: a caption's probability is a product, so add its words up", _nats(over=lambda sums, words: (sums.sum(1) / (words != 0).sum(1)).mean())),
        mistake("the padding is counted, and you average over the words: sum over the words, without padding, and mean over the films", _nats(mask=lambda words: torch.ones_like(words), over=lambda sums, words: sums.mean())),
        mistake("that is the sum over the films as well: their mean is wanted", _nats(over=lambda sums, words: sums.sum())),
        mistake("that is one number for each film, (N,): their mean is wanted", _nats(over=lambda sums, words: sums.sum(1))),
        mistake("that is a number for each word, (N, L): add up along the words, then the mean over the films", _nats(over=lambda sums, words: sums)),
        mistake("the sums run over the films, and the mean over the words: it is the other way round", _nats(over=lambda sums, words: sums.sum(0).mean())),
        mistake("the sign is missing: ln p is negative, and the loss is minus it", lambda log_p, captions: -caption_nats(log_p, captions)),
        mistake("<end> is left out: when to stop is part of the caption; only 0, <pad>, does not count", _nats(mask=_end_missed)),
        mistake("<end> is left out, and the padding is counted: only 0, <pad>, does not count", _nats(mask=lambda words: words != 2)),
        mistake("you multiply by the words' *numbers*: the mask is `captions != 0`, true or false", _nats(mask=lambda words: words)),
        mistake("you multiply the logarithms: the logarithm of a product is their *sum*", _nats(over=lambda sums, words: torch.where(words != 0, sums, 1.0).prod(1).mean())),
        mistake("you multiply the logarithms, and zeros for the padding with them: the logarithm of a product is their *sum*", _nats(over=lambda sums, words: sums.prod(1).mean())),
        mistake("you exponentiate, and `cross_entropy` takes a softmax again: log_p is ln p already, so pick from it, or use `nll_loss`", lambda log_p, captions: _by_cross_entropy(log_p.exp(), captions)),
        mistake("the mask is inverted: that is the loss of the padding", _nats(mask=lambda words: words == 0)),
        mistake("these are probabilities, not their logarithms: log_p is ln p already, so no exp", _nats(of=lambda each: each.exp())),
        mistake("the captions are shifted once more: word t belongs to log_p[:, t], as they come", _next_words),
        mistake("the captions are shifted the wrong way: word t belongs to log_p[:, t], as they come", _one_late),
        mistake("that is the likeliest word's ln p, whatever was wanted: pick the right word's, with `gather`", lambda log_p, captions: -(log_p.max(2).values * (captions != 0)).sum(1).mean()),
        mistake("that adds up ln p of *all* words of the vocabulary: pick the right word's, with `gather`", lambda log_p, captions: -(log_p.sum(2) * (captions != 0)).sum(1).mean()),
        slips.bits_for_nats(caption_nats),
        mistake("that is the product of the probabilities, a probability: minus its logarithm is wanted, for each film, and then the mean", lambda log_p, captions: (_right(log_p, captions) * (captions != 0)).sum(1).exp().mean()),
        mistake("you take the mean of the *probabilities* and then the logarithm: the logarithm comes first, film by film", lambda log_p, captions: -(_right(log_p, captions) * (captions != 0)).sum(1).exp().mean().log()),
        slips.detached(caption_nats),
    ],
)  # fmt: skip
