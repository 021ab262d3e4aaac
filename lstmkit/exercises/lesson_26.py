"""Lesson 26 · Explaining seq2seq: saturation, the number to explain, pointing with chance, direct and total, word tables."""

from __future__ import annotations

import torch

from lstmkit import attribution
from lstmkit.exercises import case, define, mistake, slips

# 26.1 · sure of it -----------------------------------------------------------------------------------------------

_SLOPES = {"p": 0.0198, "ln p": 0.02, "z": 2.0, "fades": 50.0}

define(
    "26.1",
    reference=_SLOPES,
    tolerance=1e-5,
    mistakes=[
        mistake("the slope of p is p (1 − p) times that of z: you have left out the factor 1 − p", {"p": 1.98}),
        mistake("the slope of p: you have left out the slope of z, 2", {"p": 0.0099}),
        mistake(
            "the slope of p is p (1 − p) · 2: the factor p is missing, or rounded away (keep all digits)", {"p": 0.02}
        ),
        mistake("that is the slope of z; that of p is p (1 − p) times as large", {"p": 2.0}),
        mistake("that is the slope of p where p is one half: it is wanted at 0.99", {"p": 0.5}),
        mistake("that is p itself: its slope is wanted", {"p": 0.99}),
        mistake(
            "the slope of p: you divided by p (1 − p), or multiplied once more by 2; multiply 2 by it once",
            {"p": 0.0396},
        ),
        mistake("the slope of ln p is (1 − p) · 2: you have taken p for 1 − p", {"ln p": 1.98}),
        mistake("the slope of ln p: you have left out the slope of z, 2", {"ln p": 0.01}),
        mistake("the slope of ln p has no factor p: dividing p's slope by p takes it away", {"ln p": 0.0198}),
        mistake("that is the slope of ln p where p is one half: it is wanted at 0.99", {"ln p": 1.0}),
        mistake("the slope of ln p: 1 / p times the slope of p, not of z; it comes to (1 − p) · 2", {"ln p": 2 / 0.99}),
        mistake("ln p fades, too: its slope is (1 − p) times that of z", {"ln p": 2.0}),
        mistake("that is ln p itself: its slope is wanted", {"ln p": -0.01005034}),
        mistake("the slope of z is given, and it is the same for a sure and an unsure word: 2", {"z": 0.02}),
        mistake("the slope of z does not fade: it is given, 2", {"z": 0.0198}),
        mistake("that is z itself, ln(0.99 / 0.01); its slope is given", {"z": 4.59512}),
        mistake("the slope of z is given, not one over it", {"z": 0.5}),
        slips.part(_SLOPES, "fades", slips.reciprocal, says="the fraction is upside down: how many times *smaller*"),
        mistake("that compares the slopes of p; compare those of ln p", {"fades": 0.5 / 0.0198}),
        mistake("that compares the slopes of p (and is rounded); compare those of ln p", {"fades": 25.25}),
        mistake("the slope of ln p is positive: more ink makes the word likelier", {"ln p": -0.02}),
        mistake("that is p at 0.99 over p at 0.5: the slopes of ln p go like 1 − p", {"fades": 1.98}),
        mistake("that is 1 / (1 − p): at one half the slope of ln p is (1 − 0.5) · 2, not 2", {"fades": 100.0}),
        mistake("that is the difference of the two slopes; by which *factor* is one smaller?", {"fades": 0.98}),
        mistake(
            "you left out the slope of z, 2, in one of the two slopes: it stands in both, or in neither",
            {"fades": 25.0},
        ),
        mistake("you have taken p for 1 − p: the slopes of ln p go like 1 − p", {"fades": 0.5 / 0.99}),
        mistake("you have taken p for 1 − p (and rounded): the slopes of ln p go like 1 − p", {"fades": 0.505}),
        mistake("the slope of z is given, 2, for a sure and an unsure word", {"z": 1.0}),
        mistake("you divided by p (1 − p): the slope of z is given, 2", {"z": 2 / 0.0099}),
        slips.swapped(_SLOPES, "p", "ln p"),
    ],
)

# 26.2 · the number to explain ------------------------------------------------------------------------------------


def _feed(said):
    return torch.cat([torch.ones(len(said), 1, dtype=torch.long), said[:, :-1]], dim=1)


def log_odds(model, pictures, said, t):
    """ln p of the word said at step t, minus ln of all other words' probability: (N,)."""
    log_p = model(pictures, _feed(said))[:, t - 1]
    word = said[:, t - 1, None]
    others = log_p.scatter(1, word, -torch.inf).logsumexp(1)
    return log_p.gather(1, word)[:, 0] - others


def _by_rows(model, pictures, said, t):
    log_p, found = model(pictures, _feed(said)), []
    for n, word in enumerate(said[:, t - 1].tolist()):
        row = log_p[n, t - 1]
        rest = torch.cat([row[:word], row[word + 1 :]])
        found.append(row[word] - rest.exp().sum().log())
    return torch.stack(found)


def _one_hot_mask(model, pictures, said, t):
    log_p = model(pictures, _feed(said))[:, t - 1]
    chosen = torch.nn.functional.one_hot(said[:, t - 1], log_p.shape[1]).bool()
    return log_p[chosen] - log_p.masked_fill(chosen, -torch.inf).logsumexp(1)


def _odds(log_p, word, *, own=None, others=None):
    """From ln p (N, V) and the word's numbers (N,): what stands for the word, and what for the others."""
    word = word[:, None]
    rest = log_p.scatter(1, word, -torch.inf)
    own = log_p.gather(1, word)[:, 0] if own is None else own(log_p)
    return own - (rest.logsumexp(1) if others is None else others(rest))


def _asked(read=_feed, step=lambda t: t - 1, at=lambda t: t - 1, **how):
    def wrong(model, pictures, said, t):
        return _odds(model(pictures, read(said))[:, step(t)], said[:, at(t)], **how)

    return wrong


def _log_p_alone(model, pictures, said, t):
    return model(pictures, _feed(said))[:, t - 1].gather(1, said[:, t - 1, None])[:, 0]


def _all_words(model, pictures, said, t):
    return sum(log_odds(model, pictures, said, s) for s in range(1, said.shape[1] + 1))


def _words_until_t(model, pictures, said, t):
    return sum(log_odds(model, pictures, said, s) for s in range(1, t + 1))


def _one_minus_p(model, pictures, said, t):
    p = _log_p_alone(model, pictures, said, t).exp()
    return (p / (1 - p)).log()


def _zero_for_the_word(model, pictures, said, t):
    log_p, word = model(pictures, _feed(said))[:, t - 1], said[:, t - 1, None]
    return log_p.gather(1, word)[:, 0] - log_p.scatter(1, word, 0.0).logsumexp(1)


def _own_p_subtracted(model, pictures, said, t):
    log_p, word = model(pictures, _feed(said))[:, t - 1], said[:, t - 1, None]
    own = log_p.gather(1, word)[:, 0]
    return own - (log_p.exp().sum(1) - own.exp()).log()


def _every_step(model, pictures, said, t):
    log_p, word = model(pictures, _feed(said)), said[:, :, None]
    return (log_p.gather(2, word) - log_p.scatter(2, word, -torch.inf).logsumexp(2, keepdim=True))[:, :, 0]


def _in_place(model, pictures, said, t):
    log_p, word = model(pictures, _feed(said))[:, t - 1].clone(), said[:, t - 1, None]
    log_p.scatter_(1, word, -torch.inf)
    return log_p.gather(1, word)[:, 0] - log_p.logsumexp(1)


def _logarithms_added(model, pictures, said, t):
    log_p = model(pictures, _feed(said))[:, t - 1]
    own = log_p.gather(1, said[:, t - 1, None])[:, 0]
    return own - (log_p.sum(1) - own)


def _likeliest_word(model, pictures, said, t):
    log_p = model(pictures, _feed(said))[:, t - 1]
    return _odds(log_p, log_p.argmax(1))


def _first_picture_word(model, pictures, said, t):
    return _odds(model(pictures, _feed(said))[:, t - 1], said[:1, t - 1].expand(len(said)))


def _ln_p_for_p(model, pictures, said, t):
    log_p = _log_p_alone(model, pictures, said, t)
    return log_p / (1 - log_p)


def _stays_two_axes(model, pictures, said, t):
    log_p, word = model(pictures, _feed(said))[:, t - 1], said[:, t - 1, None]
    return log_p.gather(1, word) - log_p.scatter(1, word, -torch.inf).logsumexp(1)


def _writer(N, V, side, strength):
    """A small model: pictures and words read → ln p of the next words; each step knows all the words before it."""
    A, B, C = torch.randn(side * side, 6), torch.randn(V, 6), torch.randn(6, V)

    def model(pictures, words):
        before = B[words].cumsum(1)
        return (torch.tanh((pictures.flatten(1) @ A)[:, None] + before) @ C * strength).log_softmax(2)

    return model


def _sentences(N, V, side, T, strength=1.0):
    return _writer(N, V, side, strength), torch.rand(N, side, side), torch.randint(2, V, (N, T))


def _certain(N):
    """Said with a probability that float32 rounds to 1."""
    model, pictures, said = _sentences(N, 6, 3, 4, 30.0)
    for t in range(4):
        said[:, t] = model(pictures, _feed(said))[:, t].argmax(1)
    return case(model, pictures, said, 3, label="a network that is very sure")


define(
    "26.2",
    reference=log_odds,
    cases=lambda: [
        case(*_sentences(4, 7, 3, 5), 1, label="the first word"),
        case(*_sentences(3, 6, 4, 5), 4, label="the fourth word"),
        case(*_sentences(1, 5, 3, 4), 2, label="one picture"),
        _certain(5),
    ],
    gradients=True,
    alternatives=[_by_rows, _one_hot_mask],
    mistakes=[
        mistake(
            "this is ln p: the others are missing, or the word itself is still among them (all together are ln 1 = 0)",
            _log_p_alone,
        ),
        mistake(
            "this is the probability: its gradient fades where the network is sure",
            slips.with_result(_log_p_alone, torch.exp),
        ),
        mistake(
            "you add up the log-odds of all words: one word is asked about, the one at step t (the sum explains no word)",
            _all_words,
        ),
        mistake("you add up the words from 1 to t: one word is asked about, the one at step t", _words_until_t),
        mistake(
            "you are one step late: ln p of the word at step t stands at index t − 1, and so does the word",
            _asked(step=lambda t: t, at=lambda t: t),
        ),
        mistake("ln p is taken one step late: that of word t stands at index t − 1", _asked(step=lambda t: t)),
        mistake("this is the word after: the word at step t is said[:, t − 1]", _asked(at=lambda t: t)),
        mistake("this is the word before: the word at step t is said[:, t − 1]", _asked(at=lambda t: t - 2)),
        mistake("t is not used: you always take the last step", _asked(step=lambda t: -1, at=lambda t: -1)),
        mistake("t is not used: you always take the first step", _asked(step=lambda t: 0, at=lambda t: 0)),
        mistake(
            "the model is fed the words themselves, so it reads the answer: feed(said) holds the words *before*",
            _asked(read=lambda said: said),
        ),
        mistake(
            "the model is fed <start> alone at every step: feed(said) holds the words before",
            _asked(read=torch.ones_like),
        ),
        mistake(
            "this is the likeliest word; the word that was *said* is asked about, whether it is the likeliest or not",
            _asked(own=lambda log_p: log_p.amax(1)),
        ),
        mistake(
            "this is the distance to the second-likeliest word: all others together are wanted, logsumexp(1)",
            _asked(others=lambda rest: rest.amax(1)),
        ),
        mistake(
            "this is minus ln of the others: the word's own ln p is missing",
            _asked(own=lambda log_p: torch.zeros(len(log_p))),
        ),
        mistake(
            "you divide the others by their number: their sum is wanted",
            _asked(others=lambda rest: rest.logsumexp(1) - torch.log(torch.tensor(rest.shape[1] - 1.0))),
        ),
        mistake(
            "the others' probabilities are subtracted without a logarithm: take logsumexp(1)",
            _asked(others=lambda rest: rest.exp().sum(1)),
        ),
        mistake(
            "you put 0 in the word's place, which is ln 1: put −∞ there, so that it counts nothing", _zero_for_the_word
        ),
        mistake(
            "1 − p rounds to 0 where the network is very sure, and the log-odds become infinite: sum up the other words instead",
            _one_minus_p,
        ),
        mistake(
            "the sum of all less the word's own p rounds to 0 where the network is very sure: leave the word out of the sum",
            _own_p_subtracted,
        ),
        mistake("these are the log-odds at every step, (N, T): take step t alone", _every_step),
        mistake(
            "scatter_ with its underscore changes log_p itself, so the word's own ln p is gone: use scatter", _in_place
        ),
        mistake("you put ln p where p belongs: the odds are p / (1 − p)", _ln_p_for_p),
        mistake(
            "you add up the others' logarithms; their probabilities are added: logsumexp(1)",
            _asked(others=lambda rest: rest.sum(1)),
        ),
        mistake(
            "you add up the others' ln p; their *probabilities* are added, and then comes the logarithm: logsumexp(1)",
            _logarithms_added,
        ),
        mistake(
            "you ask about the likeliest word: the one that was *said* is asked about, whether it is the likeliest or not",
            _likeliest_word,
        ),
        mistake("every picture is asked about the first picture's word: each has its own", _first_picture_word),
        mistake(
            "log_p[:, words] takes every word for every picture, (N, N): gather takes each picture's own",
            lambda model, pictures, said, t: model(pictures, _feed(said))[:, t - 1][:, said[:, t - 1]],
        ),
        mistake("these are the odds, p / (1 − p): take the logarithm", slips.with_result(log_odds, torch.exp)),
        mistake(
            "an axis is left over: gather gives (N, 1), which stretches over the batch; take [:, 0] of it",
            _stays_two_axes,
        ),
        slips.negated(log_odds, says="the sign is turned round: ln p of the word *minus* that of all others"),
        slips.batch_summed(log_odds, says="the pictures are added up: each has log-odds of its own"),
        slips.batch_averaged(log_odds, says="this is the mean over the pictures: each has log-odds of its own"),
        slips.detached(log_odds),
        slips.input_detached(
            log_odds, arg=1, says="no gradient reaches the pictures: no `no_grad`, `.detach()` on the way"
        ),
    ],
)

# 26.3 · the pointing game, with its chance -----------------------------------------------------------------------


def pointing(map, box, can):
    """Does the largest entry among `can` lie in the box, and the share of `can` that lies there: (N,) each."""
    at = map.masked_fill(~can, -torch.inf).flatten(1).argmax(1)
    hit = box.flatten(1)[torch.arange(len(map)), at]
    return hit, (box & can).sum((1, 2)) / can.sum((1, 2))


def _best_inside(map, box, can):
    allowed = torch.where(can, map, -torch.inf)
    hit = torch.where(box, allowed, -torch.inf).amax((1, 2)) == allowed.amax((1, 2))
    return hit, (box * can).float().sum((1, 2)) / can.float().sum((1, 2))


def _by_pictures(map, box, can):
    hits, chances = [], []
    for one, inside, allowed in zip(map, box, can, strict=True):
        at = int(one.masked_fill(~allowed, -torch.inf).argmax())
        hits.append(bool(inside[at // one.shape[1], at % one.shape[1]]))
        chances.append(inside[allowed].float().mean())
    return torch.tensor(hits), torch.stack(chances)


def _hit(change):
    """The hit with a slip: change gives the map, the box and the pixels that count."""

    def wrong(map, box, can):
        return pointing(*change(map, box, can))[0], pointing(map, box, can)[1]

    return wrong


def _chance(level):
    return lambda map, box, can: (pointing(map, box, can)[0], level(box, can))


def _count(mask):
    return mask.sum((1, 2)).float()


def _whole_batch(map, box, can):
    allowed = map.masked_fill(~can, -torch.inf)
    at = int(allowed.argmax()) % map[0].numel()
    return box.flatten(1)[:, at], pointing(map, box, can)[1]


def _share_inside(map, box, can):
    return (map * box).sum((1, 2)) / map.sum((1, 2)), pointing(map, box, can)[1]


def _more_inside(map, box, can):
    return (map * box * can).sum((1, 2)) > (map * ~box * can).sum((1, 2)), pointing(map, box, can)[1]


def _can_turned(map, box, can):
    at = map.masked_fill(can, -torch.inf).flatten(1).argmax(1)
    return box.flatten(1)[torch.arange(len(map)), at], pointing(map, box, can)[1]


def _place(map, box, can):
    return map.masked_fill(~can, -torch.inf).flatten(1).argmax(1), pointing(map, box, can)[1]


def _no_pairs(map, box, can):
    return box.flatten(1)[:, _place(map, box, can)[0]], pointing(map, box, can)[1]


def _zeros_and_ones(answer, *args):
    """1.0 and 0.0 are as good as True and False."""
    result = answer(*args)
    if isinstance(result, tuple) and len(result) == 2 and all(isinstance(one, torch.Tensor) for one in result):
        hit, chance = result
        if hit.dtype != torch.bool and ((hit == 0) | (hit == 1)).all():
            hit = hit.bool()
        return hit, chance.float() if chance.is_floating_point() else chance
    return result


def _by_rows_and_columns(map, box, can):
    at = torch.where(can, map, -1e9).reshape(len(map), 400).argmax(1)
    return box[torch.arange(len(map)), at // 20, at % 20], (box & can).sum((1, 2)) / can.sum((1, 2))


def _by_library(map, box, can):
    return tuple(attribution.pointing_game(map, box, can))


def _shifted(box, down, right):
    return box.roll((down, right), (1, 2))


def _pictures():
    def made(N, shift=0.0, share=0.6):
        box, can = torch.zeros(N, 20, 20, dtype=torch.bool), torch.rand(N, 20, 20) < share
        for n in range(N):
            row, column = torch.randint(12, (2,)).tolist()
            box[n, row : row + 8, column : column + 8] = True
            can[n, row, column] = can[n, -1, 0] = True
        return torch.randn(N, 20, 20) + 0.7 * box + shift, box, can

    return [
        case(*made(24), label="24 maps"),
        case(*made(12, shift=-9.0), label="maps whose entries are all negative"),
        case(*made(10, share=1.1), label="every pixel counts"),
        case(*made(16, share=0.2), label="little ink"),
    ]


define(
    "26.3",
    reference=pointing,
    cases=_pictures,
    alternatives=[_best_inside, _by_pictures, _by_rows_and_columns, _by_library],
    run=_zeros_and_ones,
    mistakes=[
        mistake(
            "you take the largest *size*: a map points at what speaks for the word, so at its largest entry, with its sign",
            _hit(lambda map, box, can: (map.abs(), box, can)),
        ),
        mistake("you take the smallest entry: argmax, not argmin", _hit(lambda map, box, can: (-map, box, can))),
        mistake(
            "the finger points where it cannot: pixels outside `can` have to be ruled out before the argmax",
            _hit(lambda map, box, can: (map, box, torch.ones_like(can))),
        ),
        mistake(
            "outside `can` you put 0: where all other entries are negative that is the largest; put −∞",
            _hit(lambda map, box, can: (map * can, box, torch.ones_like(can))),
        ),
        mistake("`can` is turned round: masked_fill(~can, …) rules out where it is False", _can_turned),
        mistake("this is the *place* of the largest entry: does it lie in the box?", _place),
        mistake(
            "box.flatten(1)[:, at] looks up every place in every picture, (N, N): [torch.arange(N), at] pairs them",
            _no_pairs,
        ),
        mistake(
            "map * box puts 0 outside the box, which beats negative entries, and `can` is not used: put −∞ where the finger may not go",
            lambda map, box, can: ((map * box).amax((1, 2)) == map.amax((1, 2)), pointing(map, box, can)[1]),
        ),
        mistake(
            "map * can puts 0 where the finger may not go, which beats negative entries: put −∞",
            lambda map, box, can: (
                (map * can * box).amax((1, 2)) == (map * can).amax((1, 2)),
                pointing(map, box, can)[1],
            ),
        ),
        mistake(
            "you look for the largest entry inside the box alone, and find that it lies in the box",
            lambda map, box, can: (torch.ones(len(map), dtype=torch.bool), pointing(map, box, can)[1]),
        ),
        mistake("one argmax for the whole batch: flatten(1), so that each map has its own", _whole_batch),
        mistake(
            "rows and columns are exchanged: at // 20 is the row and at % 20 the column, and map and box are flattened in the same order",
            _hit(lambda map, box, can: (map, box.transpose(1, 2), can)),
        ),
        mistake("your box stands one row too low", _hit(lambda map, box, can: (map, _shifted(box, 1, 0), can))),
        mistake("hits and misses are exchanged", _hit(lambda map, box, can: (map, ~box, can))),
        mistake(
            "this is the share of the map that lies in the box: does its *largest entry* lie there?", _share_inside
        ),
        mistake(
            "you ask whether the box has more of the map than the rest: only its largest entry counts", _more_inside
        ),
        mistake(
            "the chance is the box's share of *all* pixels; the finger can point at those of `can` alone, so count only these",
            _chance(lambda box, can: _count(box) / box[0].numel()),
        ),
        mistake(
            "the chance's fraction has the wrong base: of the pixels that *can* be pointed at, which share lies in the box?",
            _chance(lambda box, can: _count(box & can) / _count(box)),
        ),
        mistake(
            "the whole box is counted, with pixels that cannot be pointed at: count box & can",
            _chance(lambda box, can: _count(box) / _count(can)),
        ),
        mistake(
            "the inked pixels of the box are divided by all pixels: divide by those of `can`",
            _chance(lambda box, can: _count(box & can) / box[0].numel()),
        ),
        mistake("the chance is upside down", _chance(lambda box, can: _count(can) / _count(box & can))),
        mistake(
            "this is the chance of a miss: one minus what is wanted",
            _chance(lambda box, can: _count(~box & can) / _count(can)),
        ),
        mistake(
            "one half is the chance on average; each picture has its own: count its pixels",
            _chance(lambda box, can: torch.full((len(box),), 0.5)),
        ),
        mistake(
            "the chance is that of all pictures together: each picture has its own",
            _chance(lambda box, can: ((box & can).sum() / can.sum()).expand(len(box))),
        ),
        mistake(
            "this is one chance for the whole batch: each picture has its own, (N,)",
            _chance(lambda box, can: (box & can).sum() / can.sum()),
        ),
        mistake(
            "these are counts of pixels: divide by the number that can be pointed at",
            _chance(lambda box, can: (box & can).sum((1, 2))),
        ),
        slips.results_swapped(pointing, says="the two results have changed places: hit first, then chance"),
        mistake(
            "this is the share of hits: return one True or False for every map",
            lambda map, box, can: (pointing(map, box, can)[0].float().mean(), pointing(map, box, can)[1]),
        ),
    ],
)

# 26.4 · direct and total -----------------------------------------------------------------------------------------


def _write(model, pictures):
    said = torch.zeros(len(pictures), 5, dtype=torch.long)
    for t in range(5):
        said[:, t] = model(pictures, _feed(said))[:, t].argmax(1)
    return said


def direct_and_total(model, after, said):
    """How often each word changes with the words before held, and when all is written anew: (5,) each."""
    held = model(after, _feed(said)).argmax(2)
    return (held != said).float().mean(0), (_write(model, after) != said).float().mean(0)


def _word_by_word(model, after, said):
    direct, total, anew = [], [], _write(model, after)
    for t in range(said.shape[1]):
        log_p = model(after, _feed(said)[:, : t + 1])[:, t]
        direct.append((log_p.argmax(1) != said[:, t]).sum() / len(said))
        total.append((anew[:, t] != said[:, t]).sum() / len(said))
    return torch.stack(direct), torch.stack(total)


def _floats(answer, *args):
    """Shares in double precision are as good; counts and True or False are compared as numbers."""
    result = answer(*args)
    if isinstance(result, tuple | list) and all(isinstance(one, torch.Tensor) for one in result):
        return tuple(one.float() for one in result)
    return result


def _in_double(model, after, said):
    held, anew = model(after, _feed(said)).argmax(2), _write(model, after)
    return 1 - (held == said).double().mean(0), 1 - (anew == said).double().mean(0)


def _one_more_pass(model, after, said):
    held = model(after, _feed(said)).argmax(2)
    return model(after, _feed(held)).argmax(2) != said


def _lost_probability(model, after, said):
    p = model(after, _feed(said)).exp().gather(2, said[:, :, None])[:, :, 0]
    return 1 - p.mean(0), direct_and_total(model, after, said)[1]


def _changes(held=None, anew=None, mean=lambda changed: changed.float().mean(0)):
    def wrong(model, after, said):
        one = (held or (lambda model, after, said: model(after, _feed(said)).argmax(2) != said))(model, after, said)
        two = (anew or (lambda model, after, said: _write(model, after) != said))(model, after, said)
        return mean(one), mean(two)

    return wrong


def _once_changed(changed):
    return changed.cumsum(1) > 0


def _scenes_and_words():
    def made(N, V, side):
        model = _writer(N, V, side, 3.0)
        return model, torch.rand(N, side, side) * 2, _write(model, torch.rand(N, side, side) * 2)

    return [
        case(*made(40, 7, 4), label="forty pictures"),
        case(*made(17, 6, 3), label="seventeen pictures"),
        case(*made(1, 8, 4), label="one picture"),
    ]


define(
    "26.4",
    reference=direct_and_total,
    cases=_scenes_and_words,
    run=_floats,
    alternatives=[_word_by_word, _in_double],
    mistakes=[
        mistake(
            "for the direct effect you feed the words written *anew*: then nothing is held; feed(said) holds the old ones",
            _changes(held=lambda model, after, said: model(after, _feed(_write(model, after))).argmax(2) != said),
        ),
        mistake(
            "the model is fed `said` itself, so it reads word t before it writes it: feed(said)",
            _changes(held=lambda model, after, said: model(after, said).argmax(2) != said),
        ),
        mistake(
            "the total effect holds the words, too: write(model, after) writes them anew",
            _changes(anew=lambda model, after, said: model(after, _feed(said)).argmax(2) != said),
        ),
        mistake(
            "the direct effect compares with what is written anew: compare with what was said before",
            _changes(held=lambda model, after, said: model(after, _feed(said)).argmax(2) != _write(model, after)),
        ),
        mistake(
            "the total effect compares with the held words: compare with what was said before",
            _changes(anew=lambda model, after, said: model(after, _feed(said)).argmax(2) != _write(model, after)),
        ),
        mistake(
            "this counts the words that *stay*: != where you have ==",
            _changes(mean=lambda changed: (~changed).float().mean(0)),
        ),
        mistake(
            "these are counts: divide by the number of pictures",
            _changes(mean=lambda changed: changed.float().sum(0)),
        ),
        mistake(
            "this is one number for each picture: take the mean over the pictures, axis 0, so that each *word* has one",
            _changes(mean=lambda changed: changed.float().mean(1)),
        ),
        mistake(
            "this is one number for all words: take the mean over the pictures alone, mean(0)",
            _changes(mean=lambda changed: changed.float().mean()),
        ),
        mistake(
            "once a word has changed you count all later ones as changed: compare each word with its own",
            _changes(
                held=lambda *given: _once_changed(_changes(mean=lambda c: c)(*given)[0]),
                anew=lambda *given: _once_changed(_changes(mean=lambda c: c)(*given)[1]),
            ),
        ),
        mistake(
            "you ask whether anything in the caption has changed: each word has a share of its own",
            _changes(mean=lambda changed: changed.any(1, keepdim=True).expand_as(changed).float().mean(0)),
        ),
        mistake(
            "you return total minus direct as the second: what goes through the words is not asked, the whole is",
            lambda model, after, said: (lambda one, two: (one, two - one))(*direct_and_total(model, after, said)),
        ),
        mistake(
            "the words are one step late: argmax(2)[:, t] belongs to said[:, t], nothing has to be shifted",
            _changes(held=lambda model, after, said: model(after, _feed(said)).argmax(2) != _feed(said)),
        ),
        mistake(
            "nothing is fed but <start>: feed(said) holds the words before each step",
            _changes(held=lambda model, after, said: model(after, torch.ones_like(said)).argmax(2) != said),
        ),
        mistake(
            "the second result feeds `said` itself: the total effect writes everything anew, write(model, after)",
            _changes(anew=lambda model, after, said: model(after, said).argmax(2) != said),
        ),
        mistake(
            "for the direct effect the new words are fed, and not shifted: feed(said) holds the old ones, one step late",
            _changes(held=lambda model, after, said: model(after, _write(model, after)).argmax(2) != said),
        ),
        mistake(
            "you divide by the number of words: the share is taken over the pictures",
            _changes(mean=lambda changed: changed.sum(0) / 5),
        ),
        mistake(
            "the direct effect compares a caption with itself: compare the held words with `said`",
            _changes(held=lambda model, after, said: torch.zeros_like(said).bool()),
        ),
        mistake(
            "the total effect compares a caption with itself: compare what is written anew with `said`",
            _changes(anew=lambda model, after, said: torch.zeros_like(said).bool()),
        ),
        mistake(
            "the total effect feeds the held words once more: each word has to be read before the next is written, write(model, after)",
            _changes(anew=_one_more_pass),
        ),
        mistake(
            "this is the probability that has gone from the old word: the share of pictures whose *likeliest* word changes is wanted",
            _lost_probability,
        ),
        slips.results_swapped(direct_and_total, says="the two results have changed places: direct first, then total"),
        slips.per_cent(direct_and_total),
        mistake(
            "these are the changes themselves, (N, 5): take the mean over the pictures",
            _changes(mean=lambda changed: changed.float()),
        ),
    ],
)

# 26.5 · from numbers to words ------------------------------------------------------------------------------------


def word_tables(J, vectors):
    """The length of each Jacobian row, and gradient × input summed over the word's numbers: (N, T_y, T_x) each."""
    return J.norm(dim=3), (J * vectors[:, None]).sum(3)


def _by_einsum(J, vectors):
    return J.square().sum(3).sqrt(), torch.einsum("nysd,nsd->nys", J, vectors)


def _by_words(J, vectors):
    shares = [(J[:, :, s] @ vectors[:, s, :, None])[:, :, 0] for s in range(vectors.shape[1])]
    return torch.linalg.vector_norm(J, dim=-1), torch.stack(shares, dim=2)


def _length(made):
    return lambda J, vectors: (made(J, vectors), word_tables(J, vectors)[1])


def _share(made):
    return lambda J, vectors: (word_tables(J, vectors)[0], made(J, vectors))


def _jacobians():
    sizes = [(3, 5, 4, 6), (2, 7, 3, 8), (1, 4, 2, 5)]
    return [
        case(
            torch.randn(N, T_y, T_x, D), torch.randn(N, T_x, D) + 0.3, label=f"{T_y} letters, {T_x} words, {D} numbers"
        )
        for N, T_y, T_x, D in sizes
    ]


define(
    "26.5",
    reference=word_tables,
    cases=_jacobians,
    alternatives=[_by_einsum, _by_words],
    mistakes=[
        mistake(
            "for the share you take sizes *before* the sum: contributions of one word that cancel have to cancel; sum first",
            _share(lambda J, v: (J * v[:, None]).abs().sum(3)),
        ),
        mistake(
            "the share has lost its sign: sum, and leave the sign, it says whether the word speaks for the letter",
            _share(lambda J, v: (J * v[:, None]).sum(3).abs()),
        ),
        mistake(
            "the share lacks the input: multiply J by the word's vector before you sum", _share(lambda J, v: J.sum(3))
        ),
        mistake(
            "this is the mean over the word's numbers: the share is their sum",
            _share(lambda J, v: (J * v[:, None]).mean(3)),
        ),
        mistake(
            "the share is the length of J · vector: sum the products, with their signs",
            _share(lambda J, v: (J * v[:, None]).norm(dim=3)),
        ),
        mistake(
            "this multiplies two lengths: the share is the sum of the products, number by number",
            _share(lambda J, v: J.norm(dim=3) * v.norm(dim=2)[:, None]),
        ),
        mistake(
            "the share is divided by the two lengths (a cosine): leave it in units of z",
            _share(lambda J, v: torch.cosine_similarity(J, v[:, None].expand_as(J), dim=3)),
        ),
        mistake(
            "the vectors are brought to length 1: the share multiplies by the vector as it is",
            _share(lambda J, v: (J * (v / v.norm(dim=2, keepdim=True))[:, None]).sum(3)),
        ),
        mistake(
            "the shares of a letter are made to sum to 1: leave them in units of z",
            _share(lambda J, v: (lambda s: s / s.sum(2, keepdim=True))((J * v[:, None]).sum(3))),
        ),
        mistake(
            "a softmax makes weights of the shares: leave them in units of z",
            _share(lambda J, v: (J * v[:, None]).sum(3).softmax(2)),
        ),
        mistake(
            "the share takes the largest product of a word: it is the sum of all",
            _share(lambda J, v: (J * v[:, None]).amax(3)),
        ),
        mistake(
            "every word gets the vector of the first word: vectors[:, None] gives each its own",
            _share(lambda J, v: (J * v[:, None, :1]).sum(3)),
        ),
        mistake(
            "every sequence gets the vectors of the first one: vectors[:, None], not vectors[0]",
            _share(lambda J, v: (J * v[0]).sum(3)),
        ),
        mistake(
            "this is the sum of sizes (L1): the length is the root of the sum of squares",
            _length(lambda J, v: J.abs().sum(3)),
        ),
        mistake(
            "the root is missing: the length is the root of the sum of squares", _length(lambda J, v: J.square().sum(3))
        ),
        mistake(
            "the length is that of gradient × input: take it of the gradient alone",
            _length(lambda J, v: (J * v[:, None]).norm(dim=3)),
        ),
        mistake(
            "this is the root of the *mean* square: the length takes the sum",
            _length(lambda J, v: J.square().mean(3).sqrt()),
        ),
        mistake("this is the largest number of each row: its length is wanted", _length(lambda J, v: J.abs().amax(3))),
        mistake("J is summed with its signs: a length takes the squares", _length(lambda J, v: J.sum(3))),
        mistake("a mean of sizes is no length: the root of the sum of squares", _length(lambda J, v: J.abs().mean(3))),
        mistake(
            "the lengths of a letter are made to sum to 1: leave them as they are",
            _length(lambda J, v: (lambda s: s / s.sum(2, keepdim=True))(J.norm(dim=3))),
        ),
        mistake(
            "the norm runs over the words: it runs over the word's numbers, the last axis",
            lambda J, v: (J.norm(dim=2), (J * v[:, None]).sum(3)),
        ),
        mistake(
            "a matrix product lets every gradient meet the vectors of *all* words: multiply number by number, each word with its own",
            _share(lambda J, v: (J @ v.transpose(1, 2)[:, None]).sum(3)),
        ),
        mistake(
            "both tables take a mean over the word's numbers: the length and the share take sums",
            lambda J, v: (J.square().mean(3).sqrt(), (J * v[:, None]).mean(3)),
        ),
        mistake(
            "what speaks against the letter is set to 0 in the share: leave it, with its sign",
            _share(lambda J, v: (J * v[:, None]).sum(3).clamp(min=0)),
        ),
        mistake(
            "both reduce the words, axis 2: reduce the word's numbers, the last axis",
            lambda J, v: (J.norm(dim=2), (J * v[:, None]).sum(2)),
        ),
        mistake(
            "both tables are made to sum to 1 for each letter: leave them as they are",
            lambda J, v: tuple(one / one.abs().sum(2, keepdim=True) for one in word_tables(J, v)),
        ),
        mistake(
            "the share is squared: leave it as it is, signed", _share(lambda J, v: (J * v[:, None]).sum(3).square())
        ),
        mistake(
            "this is the size of the sum: the length is the root of the sum of squares",
            _length(lambda J, v: J.sum(3).abs()),
        ),
        mistake(
            "this is one length for everything: a length for each letter and word, dim=3",
            _length(lambda J, v: J.norm()),
        ),
        mistake(
            "the words are summed away: one number for each letter *and* word, so reduce the last axis alone",
            lambda J, v: (J.norm(dim=(2, 3)), (J * v[:, None]).sum((2, 3))),
        ),
        mistake(
            "the letters are summed away in the share: it is (N, T_y, T_x)",
            _share(lambda J, v: torch.einsum("nysd,nsd->ns", J, v)),
        ),
        slips.results_swapped(word_tables, says="the two results have changed places: length first, then share"),
        slips.transposed(word_tables, 1, 2, says="letters and words are exchanged: (N, T_y, T_x), letters first"),
        slips.batch_summed(word_tables, says="the sequences are added up: each has tables of its own"),
    ],
)
