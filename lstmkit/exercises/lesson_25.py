"""Lesson 25 · Trusting maps: a deletion curve, comprehensiveness and sufficiency, a word replaced, random weights, fools."""

from __future__ import annotations

import torch

from lstmkit.exercises import case, define, mistake, slips

# 25.1 · a deletion curve -----------------------------------------------------------------------------------------


def deletion_curve(f, x, map, steps):
    """f after the k words with the largest shares are hidden, k = 0 … steps: x (N, T, E), map (N, T) → (N, steps + 1)."""
    order = map.argsort(dim=1, descending=True)
    hidden, values, rows = x.clone(), [f(x)], torch.arange(len(x))
    for k in range(steps):
        hidden[rows, order[:, k]] = 0
        values.append(f(hidden.clone()))
    return torch.stack(values, dim=1)


def _by_rank(f, x, map, steps):
    rank = map.argsort(dim=1, descending=True).argsort(dim=1)
    return torch.stack([f(x * (rank >= k)[:, :, None]) for k in range(steps + 1)], dim=1)


def _by_scatter(f, x, map, steps):
    keep, values = torch.ones_like(map), [f(x)]
    for places in map.topk(steps, dim=1).indices.unbind(1):
        keep = keep.scatter(1, places[:, None], 0.0)
        values.append(f(x * keep[:, :, None]))
    return torch.stack(values, 1)


def _curve(order=lambda map: map.argsort(dim=1, descending=True), hide=None, each=lambda f, x, hidden: f(hidden)):
    """deletion_curve with another order of the places, another way to hide a word, another number for each step."""

    def wrong(f, x, map, steps):
        places, hidden, values, rows = order(map), x.clone(), [each(f, x, x)], torch.arange(len(x))
        for k in range(steps):
            if hide is None:
                hidden[rows, places[:, k]] = 0
            else:
                hidden = hide(x, hidden, rows, places, k)
            values.append(each(f, x, hidden.clone()))
        return torch.stack(values, dim=1)

    return wrong


def _one_at_a_time(x, hidden, rows, places, k):
    hidden = x.clone()
    hidden[rows, places[:, k]] = 0
    return hidden


def _kept(x, hidden, rows, places, k):
    kept = torch.zeros_like(x)
    for j in range(k + 1):
        kept[rows, places[:, j]] = x[rows, places[:, j]]
    return kept


def _in_all_reviews(x, hidden, rows, places, k):
    hidden = hidden.clone()
    hidden[:, places[:, k]] = 0
    return hidden


def _first_number(x, hidden, rows, places, k):
    hidden = hidden.clone()
    hidden[rows, places[:, k], 0] = 0
    return hidden


def _with_mean(x, hidden, rows, places, k):
    hidden = hidden.clone()
    hidden[rows, places[:, k]] = x.mean((1, 2))[:, None].expand(len(x), x.shape[2])
    return hidden


def _second_first(f, x, map, steps):
    order = map.argsort(dim=1, descending=True).roll(-1, 1)
    return _by_order(f, x, order, steps)


def _by_order(f, x, order, steps):
    hidden, values, rows = x.clone(), [f(x)], torch.arange(len(x))
    for k in range(steps):
        hidden[rows, order[:, k]] = 0
        values.append(f(hidden.clone()))
    return torch.stack(values, dim=1)


def _with_ones(x, hidden, rows, places, k):
    hidden = hidden.clone()
    hidden[rows, places[:, k]] = 1
    return hidden


def _them_alone(f, x, map, steps):
    ranks = map.argsort(dim=1, descending=True).argsort(dim=1)
    return torch.stack([f(x * (ranks < k)[:, :, None]) for k in range(steps + 1)], dim=1)


def _by_place_in_text(f, x, map, steps):
    return _by_order(f, x, torch.arange(x.shape[1]).expand(map.shape), steps)


def _one_more_each(f, x, map, steps):
    return deletion_curve(f, x, map, min(steps + 1, x.shape[1]))[:, 1:]


def _readers(N, T, E):
    """A function of x (N, T, E) in which every place has a weight of its own, places meet, and no word is the same."""
    weight, bias = torch.randn(T, E), torch.randn(())

    def f(x):
        return (x * weight).sum((1, 2)) + (x[:, 0] * x[:, -1]).sum(1) + bias + torch.tanh(x.sum((1, 2)))

    return f, torch.randn(N, T, E), torch.randn(N, T)


def _curve_cases():
    def made(N, T, E, steps, label=""):
        f, x, map = _readers(N, T, E)
        return case(f, x, map, steps, label=label)

    return [
        made(3, 6, 2, 4),
        made(4, 5, 3, 4, "all words but one hidden at last"),
        made(1, 7, 2, 3, "a batch of one"),
        made(2, 8, 3, 1, "one word hidden"),
    ]


define(
    "25.1",
    reference=deletion_curve,
    cases=_curve_cases,
    alternatives=[_by_rank, _by_scatter],
    mistakes=[
        mistake(
            "the words with the smallest shares are hidden first: sort with descending=True",
            _curve(order=lambda map: map.argsort(dim=1)),
        ),
        mistake(
            "you sort by size: a word that speaks against the verdict (a negative share) has to come last, so take no abs",
            _curve(order=lambda map: map.abs().argsort(dim=1, descending=True)),
        ),
        mistake(
            "each word is hidden alone: at step k the k first of the list have to be hidden together",
            _curve(hide=_one_at_a_time),
        ),
        mistake("you begin with the second word of the list: order[:, 0] is the first one to hide", _second_first),
        mistake("at k words k + 1 are hidden: the first value is f(x) itself, with nothing hidden yet", _one_more_each),
        mistake(
            "only the listed words are kept; here they are hidden, and the rest stays",
            _curve(hide=_kept),
        ),
        mistake(
            "hidden[:, place] hides each review's word in all reviews: index with rows = torch.arange(N) as well",
            _curve(hide=_in_all_reviews),
        ),
        mistake(
            "only the first number of the word's vector is set to 0: all E belong to the word",
            _curve(hide=_first_number),
        ),
        mistake("hidden words get the review's mean; the baseline here is 0", _curve(hide=_with_mean)),
        mistake(
            "that is each place's rank, not the list of places: one argsort gives the places in order, two give the ranks",
            _curve(order=lambda map: map.argsort(dim=1, descending=True).argsort(dim=1)),
        ),
        mistake(
            "the first review's order is used for all: every review has a map of its own",
            _curve(order=lambda map: map[:1].argsort(dim=1, descending=True).expand_as(map)),
        ),
        mistake(
            "these are the drops f(x) − f(hidden); the curve is f itself",
            _curve(each=lambda f, x, hidden: f(x) - f(hidden)),
        ),
        mistake("the words are set to 1: hidden means all numbers of their vectors are 0", _curve(hide=_with_ones)),
        mistake("the k first words are kept and all others hidden: hide the k first, keep the rest", _them_alone),
        mistake("the words are hidden as they stand in the text: take them in the map's order", _by_place_in_text),
        mistake("divided by f(x): the curve is in f's own units", _curve(each=lambda f, x, hidden: f(hidden) / f(x))),
        slips.first_step_left_out(
            deletion_curve, says="the value with nothing hidden, k = 0, is missing: steps + 1 values"
        ),
        slips.last_step_left_out(deletion_curve, says="one value is missing at the end: k runs from 0 to steps"),
        mistake(
            "one step too many: k = 0 … steps makes steps + 1 values",
            lambda f, x, map, steps: _by_rank(f, x, map, steps + 1),
        ),
        slips.batch_averaged(
            deletion_curve, says="this is the mean over the reviews: each has a curve of its own, (N, …)"
        ),
        slips.transposed(
            deletion_curve, says="k comes first in your result: torch.stack(values, dim=1) puts the reviews first"
        ),
        slips.last_only(deletion_curve, says="this is the last value alone: the curve has one for each k = 0 … steps"),
        mistake(
            "this is the mean of the curve; all its values are wanted",
            slips.with_result(deletion_curve, lambda y: y.mean(1)),
        ),
    ],
)

# 25.2 · comprehensiveness and sufficiency ------------------------------------------------------------------------


def comprehensiveness_sufficiency(p, x, map, k):
    """What is lost without the k words of the largest shares, and with them alone: x (N, T, E), map (N, T) → (N,), (N,)."""
    top = (map.argsort(dim=1, descending=True).argsort(dim=1) < k)[:, :, None]
    return p(x) - p(x * ~top), p(x) - p(x * top)


def _by_loop(p, x, map, k):
    without, alone = x.clone(), torch.zeros_like(x)
    for n in range(len(x)):
        for t in map[n].topk(k).indices.tolist():
            without[n, t] = 0
            alone[n, t] = x[n, t]
    return p(x) - p(without), p(x) - p(alone)


def _eraser(top=lambda map, k: map.argsort(dim=1, descending=True).argsort(dim=1) < k, tell=None):
    """comprehensiveness_sufficiency with another choice of words; tell(whole, without, alone) makes the two results."""

    def wrong(p, x, map, k):
        chosen = top(map, k)[:, :, None]
        whole, without, alone = p(x), p(x * ~chosen), p(x * chosen)
        return (whole - without, whole - alone) if tell is None else tell(whole, without, alone)

    return wrong


def _top_in_all(map, k):
    """top = map.topk(k, dim=1).indices, and then x[:, top] = 0."""
    return torch.zeros_like(map).index_fill(1, map.topk(k, dim=1).indices.flatten(), 1.0) > 0


def _top_of_batch(map, k):
    return map >= map.flatten().topk(k * len(map)).values[-1]


def _eraser_cases():
    def made(N, T, E, k, label=""):
        f, x, map = _readers(N, T, E)
        return case(lambda x: torch.sigmoid(f(x)), x, map, k, label=label)

    return [made(4, 7, 2, 3), made(3, 5, 4, 2), made(1, 6, 3, 2, "a batch of one"), made(2, 8, 2, 1, "one word")]


define(
    "25.2",
    reference=comprehensiveness_sufficiency,
    cases=_eraser_cases,
    alternatives=[_by_loop],
    mistakes=[
        slips.results_swapped(
            comprehensiveness_sufficiency,
            says="the two have changed places: comprehensiveness is what is lost *without* the words, and comes first",
        ),
        mistake(
            "the signs are turned round: both are p(x) minus p of what is left",
            _eraser(tell=lambda whole, without, alone: (without - whole, alone - whole)),
        ),
        mistake(
            "these are the probabilities themselves; wanted is what is lost, p(x) minus them",
            _eraser(tell=lambda whole, without, alone: (without, alone)),
        ),
        mistake(
            "your sufficiency is p(without them) − p(them alone): what is lost is measured from p(x), both times",
            _eraser(tell=lambda whole, without, alone: (whole - without, without - alone)),
        ),
        mistake(
            "your ranks run over the reviews, axis 0: each review's words are ranked among themselves, dim=1",
            _eraser(top=lambda map, k: map.argsort(dim=0, descending=True).argsort(dim=0) < k),
        ),
        mistake(
            "these are the k largest shares of the whole batch: each review has k words of its own",
            _eraser(top=lambda map, k: map >= map.flatten().topk(k).values[-1]),
        ),
        mistake(
            "both are measured without the words; sufficiency *keeps* them and hides all others",
            _eraser(tell=lambda whole, without, alone: (whole - without, whole - without)),
        ),
        mistake(
            "both are measured with the words alone; comprehensiveness *hides* them and keeps all others",
            _eraser(tell=lambda whole, without, alone: (whole - alone, whole - alone)),
        ),
        mistake(
            "your sufficiency is p itself; it is what is lost, p(x) − p(the words alone)",
            _eraser(tell=lambda whole, without, alone: (whole - without, alone)),
        ),
        mistake(
            "these are shares of p(x); the difference is wanted, not the ratio",
            _eraser(tell=lambda whole, without, alone: (1 - without / whole, 1 - alone / whole)),
        ),
        mistake(
            "you took the k smallest shares: sort with descending=True, or topk",
            _eraser(top=lambda map, k: map.argsort(dim=1).argsort(dim=1) < k),
        ),
        mistake(
            "you took the k largest in size: shares against the verdict are negative and come last",
            _eraser(top=lambda map, k: map.abs().argsort(dim=1, descending=True).argsort(dim=1) < k),
        ),
        mistake(
            "one argsort gives the list of places, not the rank of each place: apply argsort twice before you compare with k",
            _eraser(top=lambda map, k: map.argsort(dim=1, descending=True) < k),
        ),
        mistake(
            "that is one word too many: ranks count from 0, so the k first have ranks below k",
            _eraser(top=lambda map, k: map.argsort(dim=1, descending=True).argsort(dim=1) <= k),
        ),
        mistake(
            "x[:, top] picks every review's words in all reviews: index with torch.arange(N)[:, None] as well",
            _eraser(top=_top_in_all),
        ),
        mistake(
            "the sign of the second is turned round: it is p(x) − p(the words alone)",
            _eraser(tell=lambda whole, without, alone: (whole - without, alone - whole)),
        ),
        mistake(
            "the sign of the first is turned round: it is p(x) − p(without the words)",
            _eraser(tell=lambda whole, without, alone: (without - whole, whole - alone)),
        ),
        mistake(
            "the k words are chosen from the whole batch; each review has k of its own: dim=1",
            _eraser(top=_top_of_batch),
        ),
        mistake(
            "the words of the first review's map are taken in all",
            _eraser(top=lambda map, k: (map[:1].argsort(dim=1, descending=True).argsort(dim=1) < k).expand_as(map)),
        ),
        mistake(
            "these are means over the reviews: one number for each review is wanted, (N,)",
            slips.with_result(comprehensiveness_sufficiency, lambda pair: (pair[0].mean(), pair[1].mean())),
        ),
        mistake(
            "comprehensiveness alone is returned: two results are wanted",
            slips.with_result(comprehensiveness_sufficiency, lambda pair: pair[0]),
        ),
    ],
)

# 25.3 · replace a word -------------------------------------------------------------------------------------------


def cost_of_replacing(f, tokens, place, fillers):
    """f(tokens) minus f with the word at `place` replaced, the mean over the fillers: tokens (N, T) → (N,)."""
    others = []
    for filler in fillers:
        other = tokens.clone()
        other[:, place] = filler
        others.append(f(other))
    return f(tokens) - torch.stack(others).mean(0)


def _all_at_once(f, tokens, place, fillers):
    copies = tokens.repeat(len(fillers), 1)
    copies[:, place] = torch.as_tensor(fillers).repeat_interleave(len(tokens))
    return (f(tokens).repeat(len(fillers)) - f(copies)).view(len(fillers), -1).mean(0)


def _costs(replace=None, reduce=lambda costs: costs.mean(0), tell=lambda whole, other: whole - other):
    """cost_of_replacing with another replacement, another reduction over the fillers, another number."""

    def wrong(f, tokens, place, fillers):
        costs = []
        for filler in fillers:
            other = tokens.clone()
            if replace is None:
                other[:, place] = filler
            else:
                replace(other, place, filler)
            costs.append(tell(f(tokens), f(other)))
        return reduce(torch.stack(costs))

    return wrong


def _everywhere(other, place, filler):
    other[:] = filler


def _from_here_on(other, place, filler):
    other[:, place:] = filler


def _from_one(other, place, filler):
    other[:, place - 1] = filler


def _one_behind(other, place, filler):
    other[:, (place + 1) % other.shape[1]] = filler


def _a_review(other, place, filler):
    other[place] = filler


def _hidden(other, place, filler):
    other[:, place] = 0


def _last_filler(f, tokens, place, fillers):
    return cost_of_replacing(f, tokens, place, fillers[-1:])


def _first_filler(f, tokens, place, fillers):
    return cost_of_replacing(f, tokens, place, fillers[:1])


def _replace_cases():
    def made(N, T, place, fillers, label=""):
        table, weight = torch.randn(12), torch.randn(T)

        def f(tokens):
            values = table[tokens]
            return (values * weight).sum(1) + values[:, 0] * values[:, -1] + torch.tanh(values.sum(1))

        return case(f, torch.randint(1, 12, (N, T)), place, fillers, label=label)

    return [
        made(4, 5, 2, [3, 7, 9]),
        made(3, 4, 1, [1, 5], "two fillers"),
        made(3, 6, 0, [2, 4, 8, 11], "the first word"),
        made(2, 3, 1, [6], "one filler"),
    ]


define(
    "25.3",
    reference=cost_of_replacing,
    cases=_replace_cases,
    alternatives=[_all_at_once],
    mistakes=[
        mistake(
            "the sign is turned round: the cost is f of the whole minus f with another word",
            _costs(tell=lambda whole, other: other - whole),
        ),
        mistake(
            "this is f with another word; the cost is f of the whole text minus that",
            _costs(tell=lambda whole, other: other),
        ),
        mistake(
            "keep the sign: where another word raises f, the old one spoke against",
            _costs(tell=lambda a, b: (a - b).abs()),
        ),
        mistake("this is the sum over the fillers; their mean is wanted", _costs(reduce=lambda costs: costs.sum(0))),
        mistake(
            "this is the mean over the texts as well: each text has a cost of its own, (N,)",
            _costs(reduce=lambda costs: costs.mean()),
        ),
        mistake(
            "this is the mean over the texts, one number for each filler: take the mean over the fillers, axis 0 of the stack",
            _costs(reduce=lambda costs: costs.mean(1)),
        ),
        mistake("one cost for each filler is returned: take their mean", _costs(reduce=lambda costs: costs)),
        mistake(
            "this is the largest cost; the mean over the fillers is wanted", _costs(reduce=lambda costs: costs.amax(0))
        ),
        mistake("only the first filler is tried (a `return` inside the loop?)", _first_filler),
        mistake("only the last filler counts: collect the costs in a list, then take their mean", _last_filler),
        mistake("every word is replaced; only the one at `place` is wanted", _costs(replace=_everywhere)),
        mistake("all words from `place` on are replaced; only one is wanted", _costs(replace=_from_here_on)),
        mistake("the word before is replaced: `place` is an index, so it counts from 0", _costs(replace=_from_one)),
        mistake("other[place] is a whole *text*: the word of every text is other[:, place]", _costs(replace=_a_review)),
        mistake(
            "the word behind is replaced: `place` is an index already, so take no + 1", _costs(replace=_one_behind)
        ),
        mistake(
            "the sum over the fillers is divided by the number of texts: divide by the number of fillers",
            lambda f, tokens, place, fillers: (
                _costs(reduce=lambda c: c.sum(0))(f, tokens, place, fillers) / len(tokens)
            ),
        ),
        mistake(
            "this is the median over the fillers: their mean is wanted",
            _costs(reduce=lambda costs: costs.median(0).values),
        ),
        mistake("the word is hidden (token 0): put the filler in its place", _costs(replace=_hidden)),
    ],
)

# 25.4 · random weights from the top ------------------------------------------------------------------------------


def randomised(trained, fresh, layers):
    """Weights for each stage: at stage k the first k of `layers` are those of `fresh`. Returns len(layers) + 1 dicts."""
    stages = [dict(trained)]
    for layer in layers:
        weights = dict(stages[-1])
        for name in weights:
            if name.startswith(layer + "."):
                weights[name] = fresh[name]
        stages.append(weights)
    return stages


def _in_one(trained, fresh, layers):
    return [
        {name: (fresh if name.split(".")[0] in layers[:k] else trained)[name] for name in trained}
        for k in range(len(layers) + 1)
    ]


def _stages(new=lambda name, layer: name.startswith(layer + "."), cumulative=True, backwards=False, value=None):
    """randomised with another rule: which names belong to a layer, whether earlier layers stay random, the order, the value."""

    def wrong(trained, fresh, layers):
        stages = [dict(trained)]
        for layer in layers[::-1] if backwards else layers:
            weights = dict(stages[-1] if cumulative else trained)
            for name in weights:
                if new(name, layer):
                    weights[name] = fresh[name] if value is None else value(trained[name], fresh[name])
            stages.append(weights)
        return stages

    return wrong


def _one_dict(trained, fresh, layers):
    last = randomised(trained, fresh, layers)[-1]
    return [last] * (len(layers) + 1)


def _appended_again(trained, fresh, layers):
    stages = randomised(trained, fresh, layers)
    return [stages[0]] + [stages[-1]] * len(layers)


def _begins_fresh(trained, fresh, layers):
    return randomised(fresh, trained, layers)


def _weights(*layers):
    made = {}
    for number, layer in enumerate(layers):
        made[f"{layer}.weight"] = torch.randn(number + 2, 3)
        made[f"{layer}.bias"] = torch.randn(number + 2)
    return made


def _stage_cases():
    two, three = ("embedding", "lstm", "read"), ("lstm", "lstm2", "read", "embedding")
    return [
        case(_weights(*two), _weights(*two), ["read", "lstm", "embedding"], label="read, lstm, embedding"),
        case(
            _weights(*three),
            _weights(*three),
            ["read", "lstm2", "lstm"],
            label="lstm2 and lstm; the embedding is not named",
        ),
        case(_weights(*three), _weights(*three), ["lstm", "read"], label="lstm is named, lstm2 is not"),
    ]


define(
    "25.4",
    reference=randomised,
    cases=_stage_cases,
    alternatives=[_in_one],
    mistakes=[
        mistake(
            "each stage has one random layer alone: what is random stays random in all later stages",
            _stages(cumulative=False),
        ),
        mistake("you begin at the wrong end: take `layers` in the order given", _stages(backwards=True)),
        mistake(
            'startswith("lstm") also catches lstm2: ask for the layer\'s name and a dot, layer + "."',
            _stages(new=lambda name, layer: name.startswith(layer)),
        ),
        mistake(
            'no name equals a layer\'s: "read.weight" only begins with "read.", so nothing was replaced',
            _stages(new=lambda name, layer: name == layer),
        ),
        mistake(
            "the biases are still the trained ones: a layer is all names that begin with it",
            _stages(new=lambda name, layer: name.startswith(layer + ".weight")),
        ),
        mistake(
            "only the biases are replaced: a layer is all names that begin with it",
            _stages(new=lambda name, layer: name.startswith(layer + ".bias")),
        ),
        mistake(
            "the weights are set to zero: they are to be those of `fresh`",
            _stages(value=lambda old, new: torch.zeros_like(old)),
        ),
        mistake("the fresh weights are added to the trained ones: they take their place", _stages(value=torch.add)),
        mistake("trained and fresh have changed places: stage 0 is the trained network", _begins_fresh),
        mistake("all stages are the same dict, the last one: begin each with a copy, dict(…)", _one_dict),
        mistake(
            "the same dict is changed and appended again and again, so all later stages are the last: make a copy in each turn",
            _appended_again,
        ),
        mistake(
            "stage 0, the trained network, is missing: len(layers) + 1 dicts",
            slips.with_result(randomised, lambda stages: stages[1:]),
        ),
        mistake(
            "the last stage, with all named layers random, is missing: len(layers) + 1 dicts",
            slips.with_result(randomised, lambda stages: stages[:-1]),
        ),
        mistake(
            "the last stage alone is returned; every stage is wanted, in a list",
            slips.with_result(randomised, lambda stages: stages[-1]),
        ),
        mistake(
            "the stages are in reverse order: the first is the trained network",
            slips.with_result(randomised, lambda stages: stages[::-1]),
        ),
    ],
)

# 25.5 · which fool passes? ---------------------------------------------------------------------------------------

_fools = {"dice": "notices", "rarity": "neither", "last word": "closes", "scaled dice": "both"}

define(
    "25.5",
    reference=_fools,
    allowed=("closes", "notices", "both", "neither"),
    mistakes=[
        mistake(
            "numbers thrown anew have no order in common with the old ones, so their rank correlation is near 0: the test on random weights is passed",
            {"dice": "neither"},
        ),
        mistake("nothing makes these numbers add up to f(x) − f(baseline)", {"dice": "closes"}),
        mistake(
            "nothing makes these numbers add up to f(x) − f(baseline); one of the two tests is passed, though",
            {"dice": "both"},
        ),
        mistake(
            "it is made from the training texts alone, so no change of the weights can change it",
            {"rarity": "notices"},
        ),
        mistake("it is made from the training texts alone; how should its sum know f?", {"rarity": "closes"}),
        mistake(
            "it knows no network, so its sum does not close, and it does not change with the weights",
            {"rarity": "both"},
        ),
        mistake(
            "its one number changes with the network, but the *order* of sizes does not (the last word first, all others equal), and ranks are what is compared",
            {"last word": "both"},
        ),
        mistake(
            "its one number is f(x) − f(baseline), so the sum closes exactly; and the order of sizes never changes",
            {"last word": "notices"},
        ),
        mistake("its one number is f(x) − f(baseline): add up the map", {"last word": "neither"}),
        mistake(
            "the scaling is there to make the sum close; and the order? It is thrown anew",
            {"scaled dice": "notices"},
        ),
        mistake(
            "a common factor does not change the order, and the order is thrown anew each time",
            {"scaled dice": "closes"},
        ),
        mistake("add up the map; then think of its order", {"scaled dice": "neither"}),
    ],
)
