# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 11 · Tagging
#
# **Who flies where, and when?**
#
# After this lesson you will be able to
# - give every word of a request its tag: many-to-many, with an output at each step,
# - score what was found as whole entities, and say why the share of right words flatters,
# - build a layer that reads in both directions out of two that read in one, and say which words one direction cannot tag.
#
# Needs: [lesson 02](02_shapes.ipynb) (both directions), [lesson 06](06_lstm.ipynb), [lesson 10](10_sentiment.ipynb) (embedding, padding). About 90 minutes.
# Mapping: many-to-many, one output for each input.

# %%
import torch
from torch import nn
from lstmkit import claim, exercise, fit, generator, outcome, plot, predict, seed
from lstmkit.data.flights import SLOTS, TAGS, batch, requests
from lstmkit.data.text import Vocabulary

seed(11)

# %% [markdown]
# ## A request, and what is wanted of it
#
# Somebody types a request for a flight. A program has to fill four **slots**: departure, destination, time and date. The rest is talk, even where it names a city.

# %% tags=["nbval-ignore-output"]
first = next(request for request in requests(50, "train", generator(3)) if len(set(request.tags)) > 5)


def slot_names(tags):
    """The slot that each tag belongs to, "" for none."""
    return [tag[2:] for tag in tags]


plot.tagged(first.words, {"slots": slot_names(first.tags)}, kinds=SLOTS, title="A request, and its slots")

# %% [markdown]
# A slot can take several words: *the third of june*, *buenos aires*. So each word gets a **tag**: `B-date` begins a date, `I-date` goes on with it (inside), and
# `O` is outside of all. Four slots make nine tags. What the tags spell out, a slot with its words, is an **entity**.
#
# The requests are made by a small grammar; they are synthetic. In return it is known for each entity on which side its *evidence* stands: before it ("*from* rome") or
# behind it ("rome *is where i start*"). The first test has fresh requests about the training's cities, and shares no request with it; a second one, kept for later, has cities that
# nobody has asked for yet.

# %%
train = requests(2000, "train", generator(111))
seen = {request.words for request in train}
test = [request for request in requests(900, "train", generator(112)) if request.words not in seen]
strangers = requests(800, "test", generator(113))
for request in test[:3]:
    print(" ".join(request.words))
    for word, tag, evidence in zip(request.words, request.tags, request.evidence):
        if tag != "O":
            print(f"    {word:10} {tag:14} evidence on the {evidence}")

# %% [markdown]
# ## From tags to entities
#
# ### Exercise 11.1 · Entities (10 min, ●●○)
#
# *Goal:* read the entities off a row of tags. *Given:* a list of tags, perhaps a network's, so it may be odd: an `I-` tag that continues no entity, because the word before it
# has another slot, or none, is ignored, and so are those behind it until the next `B-`. *Done when* the check says ✓.


# %% tags=["exercise"]
def entities(tags):
    """The entities that a row of tags spells out.

    tags: list of T strings, "O", "B-slot" or "I-slot". Returns a list of (slot, start, stop) in order of time: the slot's name, the index of its
    first word, counted from 0, and the index behind its last word, so that words[start:stop] is the entity.
    """
    ### BEGIN SOLUTION
    found = []
    for start, tag in enumerate(tags):
        if tag.startswith("B-"):
            stop = start + 1
            while stop < len(tags) and tags[stop] == "I-" + tag[2:]:
                stop += 1
            found.append((tag[2:], start, stop))
    return found
    ### END SOLUTION


# %% tags=["check"]
entities = exercise("11.1", entities)

# %% [markdown]
# <details><summary>Hint</summary>
#
# An entity begins at a `B-` and nowhere else. From there walk to the right as long as the tag is `I-` with the *same* slot.
# </details>
# <details><summary>Fuller hint</summary>
#
# `for start, tag in enumerate(tags)`: if it begins with "B-", put `stop = start + 1`, and `while stop < len(tags) and tags[stop] == "I-" + tag[2:]` count `stop` up. Then
# append `(tag[2:], start, stop)`.
# </details>
#
# ## How good is a tagger?
#
# The first idea is the share of words whose tag is right, the **token accuracy**. Meet the laziest tagger of all: it says `O` to every word.
#
# **Before you run:** what is its token accuracy on the test, and what share of the entities does it find? You have seen four requests: count.

# %% tags=["predict"]
predict("11.a", ...)  # the lazy tagger's token accuracy, from 0 to 1

# %%
words = outside = 0
for request in test:
    words += len(request.words)
    outside += request.tags.count("O")
lazy = outside / words

# %% tags=["claim"]
outcome("11.a", round(lazy, 2))
claim("a tagger that says O to everything has at least 82 of 100 words right", lazy, at_least=0.82)

# %% [markdown]
# Most words are talk, so who finds nothing is right about most words. Nobody would pay for it: of the entities it finds none. So count entities. One counts as found if slot,
# beginning *and* end are right. Two shares, and a mean of the two that is high only if both are:
#
# $$P = \frac{\text{right}}{\text{found}}, \qquad R = \frac{\text{right}}{\text{wanted}}, \qquad F_1 = \frac{2\,P\,R}{P + R} = \frac{2 \cdot \text{right}}{\text{found} + \text{wanted}}$$
#
# | symbol | variable | meaning |
# |---|---|---|
# | found | `found` | entities that the tagger named, in all requests together |
# | wanted | `wanted` | entities that there are |
# | right | | entities that are in both, in the same request |
# | $P$, $R$ | | **precision** and **recall** |
#
# ### Exercise 11.2 · F1 (8 min, ●●○)
#
# *Goal:* $F_1$ over all requests together. *Given:* two lists, with a list of entities for each request. *Done when* the check says ✓.


# %% tags=["exercise"]
def f1(found, wanted):
    """The F1 score of entities, counted over all requests together.

    found, wanted: lists of N lists of entities (slot, start, stop); found[n] and wanted[n] belong to the same request. Returns a number from 0 to 1; 0 if
    nothing is found and nothing wanted.
    """
    ### BEGIN SOLUTION
    right, total = 0, 0
    for mine, true in zip(found, wanted):
        right += len(set(mine) & set(true))
        total += len(mine) + len(true)
    return 2 * right / total if total else 0.0
    ### END SOLUTION


# %% tags=["check"]
f1 = exercise("11.2", f1)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Three counters: right, found, wanted. For each request, `set(found[n]) & set(wanted[n])` are the right ones. Divide once, at the end.
# </details>
# <details><summary>Fuller hint</summary>
#
# `right += len(set(mine) & set(true))`, `total += len(mine) + len(true)`; behind the loop `2 * right / total`, and 0 if `total` is 0.
# </details>
#
# ## A tagger
#
# Words become vectors, a layer turns each vector into a state that knows the words up to it, and a read-out gives nine scores *at every step*:
#
# | symbol | variable | shape |
# |---|---|---|
# | words as numbers, 0 after the end | `tokens` | (N, T) |
# | number of words of each request | `lengths` | (N,) |
# | right tags as numbers, −100 after the end | `tags` | (N, T) |
# | states | `states` | (N, T, H), or (N, T, 2H) in both directions |
# | scores of the tags | | (N, T, 9) |
#
# `cross_entropy` leaves out targets of −100: the padding neither helps nor hurts. Token 3 is `<unknown>`: a word that the vocabulary, made from the training requests,
# does not have.


# %%
class Tagger(nn.Module):
    """tokens (N, T), lengths (N,) → scores (N, T, 9). layer: (vectors, lengths) → states; size: of its states."""

    def __init__(self, layer, size, E=24):
        super().__init__()
        self.embedding = nn.Embedding(V, E, padding_idx=0)
        self.layer = layer
        self.readout = nn.Linear(size, len(TAGS))

    def forward(self, tokens, lengths):
        return self.readout(self.layer(self.embedding(tokens), lengths))


class OneWay(nn.Module):
    """An LSTM from left to right. (N, T, E) → (N, T, H)."""

    def __init__(self, E=24, H=32):
        super().__init__()
        self.forth = nn.LSTM(E, H, batch_first=True)

    def forward(self, vectors, lengths):
        return self.forth(vectors)[0]


# %%
vocabulary = Vocabulary([request.words for request in train])
V = len(vocabulary)
training = batch(train, vocabulary)


def loss(model, tokens, lengths, tags):
    return nn.functional.cross_entropy(model(tokens, lengths).transpose(1, 2), tags)  # it wants (N, 9, T)


def draw():
    """64 training requests at random."""
    rows = torch.randint(len(training.tokens), (64,))
    return training.tokens[rows], training.lengths[rows], training.tags[rows]


# %% [markdown]
# A comparison needs something to be compared with. `alone` has no layer: it tags each word by itself, knowing nothing of its neighbours.
#
# **Before you run:** the LSTM reads from left to right. You will see four bars: of the entities whose evidence is on the left, which share does each of the two taggers find? And of
# those with evidence on the right? Put your four bars in order.


# %%
class Alone(nn.Module):
    """No layer: each word by itself."""

    def forward(self, vectors, lengths):
        return vectors


def tags_by(model, some_requests):
    """The tags that a tagger gives to the words of each request."""
    tokens, lengths, _ = batch(some_requests, vocabulary)
    with torch.no_grad():
        best = model(tokens, lengths).argmax(2)
    said = []
    for row, length in zip(best.tolist(), lengths.tolist()):
        said.append([TAGS[k] for k in row[:length]])
    return said


def score(model, some_requests):
    """F1 of a tagger on some requests."""
    found = [entities(tags) for tags in tags_by(model, some_requests)]
    return f1(found, [entities(request.tags) for request in some_requests])


# %%
def recall(model, side):
    """The share of the entities with evidence on one side that a tagger finds."""
    right = total = 0
    for request, tags in zip(test, tags_by(model, test)):
        mine = entities(tags)
        for entity in entities(request.tags):
            if request.evidence[entity[1]] == side:
                total += 1
                right += entity in mine
    return right / total


# %% tags=["nbval-ignore-output"]
alone = Tagger(Alone(), size=24)
fit(alone, loss, draw, steps=400, lr=1e-2, title="each word alone")
one_way = Tagger(OneWay(), size=32)
history = fit(one_way, loss, draw, steps=400, lr=1e-2, title="one direction")

# %% tags=["nbval-ignore-output"]
sides, scores = ("left", "right"), {}
for name, model in {"alone": alone, "LSTM": one_way}.items():
    for side in sides:
        scores[f"{name},\n{side}"] = recall(model, side)
plot.bars(scores, y="share found", title="Entities found, by the side of their evidence")

# %% [markdown]
# Your list should begin with the LSTM and evidence on the left: there it finds nearly all, and the three other bars are far below. Alone, a word tells little more than that it
# *could* be a city, an hour or a day. With evidence on the right the LSTM has to guess, too: when it must name the tag, the word that decides has not been read.
#
# Why are these three bars not zero? A guess may be right: a city is a departure, a destination, or neither; an hour or a day fills its slot, or not. And the LSTM knows which slots
# are filled already: behind a destination a departure is likelier.

# %% tags=["claim"]
left, right = recall(one_way, "left"), recall(one_way, "right")
claim("with evidence on the left, one direction finds at least 9 in 10", left, at_least=0.9)
claim("with evidence on the right, at most 6 in 10", right, at_most=0.6)
claim("each word alone is behind it on the left by at least 40 points", left - recall(alone, "left"), at_least=0.4)

# %% [markdown]
# ### Exercise 11.3 · Which must it guess? (6 min, ●○○)
#
# *Goal:* for each marked word: can a tagger that reads from left to right know its tag, or must it guess? "Know" means: whatever may follow, the words up to here settle it.
# *Given:* all phrases of the grammar are like those above. *Done when* the check says ✓: "can know" or "must guess" for each.
#
# - A: from **rome** , on monday
# - B: **rome** is where i start
# - C: **nine** of us are coming
# - D: we are **nine** , leaving paris
# - E: to lima , **rome** is the city that i leave
# - F: the best day is the **fifth** of may
# - G: the **fifth** of may is when my boss is back

# %% tags=["exercise"]
verdicts = {"A": ..., "B": ..., "C": ..., "D": ..., "E": ..., "F": ..., "G": ...}  # "can know" or "must guess"
### BEGIN SOLUTION
verdicts = {"A": "can know", "B": "must guess", "C": "must guess", "D": "can know"}
verdicts.update({"E": "must guess", "F": "can know", "G": "must guess"})
### END SOLUTION

# %% tags=["check"]
verdicts = exercise("11.3", verdicts)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Cover everything to the right of the marked word with your hand. Can the request go on in two ways that need two different tags?
# </details>
# <details><summary>Fuller hint</summary>
#
# "rome …": is where i start (`B-departure`), would be too hot (`O`). "nine …": of us are coming (`O`), is when i could leave (`B-time`). In E the destination is filled, but "rome would be too hot" is still open.
# </details>
#
# ## Reading from both ends
#
# The whole request is there before the first tag is wanted. So let a second LSTM, with weights of its own, read it from the end to the beginning, and put the two states of each word side by side:


# %% tags=["nbval-ignore-output"]
plot.stacked(layers=1, steps=6, title="One layer, two directions")

# %% [markdown]
# $$\overrightarrow{h}_t = \text{LSTM}_\rightarrow(x_t, \overrightarrow{h}_{t-1}), \qquad \overleftarrow{h}_t = \text{LSTM}_\leftarrow(x_t, \overleftarrow{h}_{t+1}), \qquad
# h_t = [\,\overrightarrow{h}_t ;\ \overleftarrow{h}_t\,]$$
#
# The second one needs no new code: turn the words round, let an ordinary LSTM read them, and turn its states back. In a padded batch each request is turned round *by itself*: its
# own words change places, the padding stays where it is.
#
# ### Exercise 11.4 · Two passes (15 min, ●●●)
#
# *Goal:* the states of both directions. *Given:* two layers `forth` and `back`, padded vectors and their lengths. States behind the end of a request are zero, so that nobody reads them by accident.
# *Done when* the check says ✓.


# %% tags=["exercise"]
def both_ways(forth, back, vectors, lengths):
    """The states of two LSTMs, one for each direction.

    forth, back: layers called as layer(x) -> (states, last), x (N, T, E), states (N, T, H). vectors: (N, T, E), padded at the ends. lengths: (N,).
    Returns (N, T, 2H): at each word the state of `forth`, which has read up to it, then that of `back`, which has read down to it; 0 behind the end.
    """
    ### BEGIN SOLUTION
    N, T, _ = vectors.shape
    t = torch.arange(T)[None]  # (1, T)
    length = lengths[:, None]  # (N, 1)
    turned = torch.where(t < length, length - 1 - t, t)  # (N, T): from which step each step is taken
    row = torch.arange(N)[:, None]
    states_back = back(vectors[row, turned])[0][row, turned]
    states = torch.cat([forth(vectors)[0], states_back], dim=2)
    return states * (t < length)[:, :, None]
    ### END SOLUTION


# %% tags=["check"]
both_ways = exercise("11.4", both_ways)

# %% [markdown]
# <details><summary>Hint</summary>
#
# For one request of length L the order is L−1, …, 1, 0, and then the padding as it is. The same order, used twice, restores the request. `x[row, order]` with `row` (N, 1) and `order` (N, T) reorders every row by itself.
# </details>
# <details><summary>Fuller hint</summary>
#
# `order = torch.where(t < lengths[:, None], lengths[:, None] - 1 - t, t)` with `t = torch.arange(T)[None]`, and `row = torch.arange(N)[:, None]`. Then `back(vectors[row, order])[0][row, order]` are the states of the way back, in the
# order of time. `torch.cat` along axis 2, and multiply by `(t < lengths[:, None])[:, :, None]`.
# </details>


# %%
class BothWays(nn.Module):
    """Two LSTMs, one from each end. (N, T, E) → (N, T, 2H)."""

    def __init__(self, E=24, H=32):
        super().__init__()
        self.forth = nn.LSTM(E, H, batch_first=True)
        self.back = nn.LSTM(E, H, batch_first=True)

    def forward(self, vectors, lengths):
        return both_ways(self.forth, self.back, vectors, lengths)


# %% [markdown]
# **Before you run:** how high will the two bars of the new tagger be?

# %% tags=["nbval-ignore-output"]
two_way = Tagger(BothWays(), size=64)
history = fit(two_way, loss, draw, steps=400, lr=1e-2, title="both directions")

# %% tags=["nbval-ignore-output"]
for side in sides:
    scores[f"LSTM both,\n{side}"] = recall(two_way, side)
plot.bars(scores, y="share found", title="Entities found, by the side of their evidence")

# %% [markdown]
# Both new bars reach the top, or nearly: on which side the evidence stands no longer matters much, for both sides are read before the first tag is named. Whatever had to be guessed in 11.3 can
# be known now.

# %% tags=["claim"]
claim("with evidence on the right, both directions find at least 9 in 10", recall(two_way, "right"), at_least=0.9)
gained = recall(two_way, "right") - recall(one_way, "right")
claim("that is at least 40 points more than one direction finds", gained, at_least=0.4)

# %% [markdown]
# Look at one request through three pairs of eyes.

# %% tags=["folded", "nbval-ignore-output"]
said = tags_by(one_way, test)
n = next(n for n, request in enumerate(test) if said[n] != list(request.tags) and len(request.words) < 20)
rows = {"truth": slot_names(test[n].tags), "one direction": slot_names(said[n])}
rows["both"] = slot_names(tags_by(two_way, [test[n]])[0])
plot.tagged(test[n].words, rows, kinds=SLOTS, title="A test request that one direction gets wrong")

# %% [markdown]
# ## A word that was never seen
#
# Now the second test: the same phrases, new cities. Each of their words is read as `<unknown>`, whichever it is.
#
# **Before you run:** what will $F_1$ be on requests with new cities, for the tagger that reads both ways?

# %% tags=["predict"]
predict("11.b", ...)  # F1 on new cities, from 0 to 1

# %% tags=["nbval-ignore-output"]
familiar, new = "known cities", "new cities"
both_tests = {familiar: score(two_way, test), new: score(two_way, strangers)}
print({name: round(found, 2) for name, found in both_tests.items()})

# %% [markdown]
# In training no word was ever unknown: the vocabulary was made from those very requests. So the vector of `<unknown>` is what chance made it at the beginning, and no gradient has ever moved it. The network meets it
# for the first time in the test. Then it could as well have begun elsewhere: draw that one vector anew, ten times, and score each.

# %% tags=["nbval-ignore-output"]
row = two_way.embedding.weight.data[3]  # the vector of <unknown>
kept, draws = row.clone(), []
for _ in range(10):
    row.copy_(torch.randn(len(row)))  # as nn.Embedding begins
    draws.append(score(two_way, strangers))
row.copy_(kept)
draws = torch.tensor(draws)
print(sorted(round(found, 2) for found in draws.tolist()))

# %% [markdown]
# With some luck it lies where a city would lie, and little is lost; with less it looks like a weekday. What you get is a matter of chance, and on average a good part is lost.

# %% tags=["claim"]
outcome("11.b", round(both_tests[new], 2))
claim(
    "on new cities F1 is lower by at least 0.1, on average over ten draws",
    both_tests[familiar] - draws.mean(),
    at_least=0.1,
)
claim("and the luckiest draw is at least 0.15 above the unluckiest", draws.max() - draws.min(), at_least=0.15)
claim("the last gradient of that vector is zero", two_way.embedding.weight.grad[3].abs().max(), at_most=0)

# %% [markdown]
# The cure: make words unknown in training. Hiding them all alike would also hide "from" and "start". Rare words are those that are likely to be new, so hide a word the more often the *rarer* it is:
#
# $$p(\text{hide } w) = \frac{a}{a + n(w)}$$
#
# | symbol | variable | meaning |
# |---|---|---|
# | $n(w)$ | `counts` | (V,), how often token w occurs in training |
# | $a$ | `a` | a word that occurs $a$ times is hidden half of the time |
#
# The padding is no word: whatever its count, it stays what it is.


# %%
def hide(tokens, counts, a):
    """Some words become <unknown> (token 3), rare ones more often. tokens: (N, T), counts: (V,)."""
    p = a / (a + counts[tokens])
    hidden = (torch.rand(tokens.shape) < p) & (tokens > 0)
    return torch.where(hidden, 3, tokens)


# %% [markdown]
# The same network, the same number of steps, and now words go missing in training. Watch both tests: the new cities, and what the blindfold costs on the known ones.

# %% tags=["nbval-ignore-output"]
counts = torch.bincount(training.tokens.flatten(), minlength=V).float()
counts[0] = 0  # the padding is no word


def draw_hidden():
    tokens, lengths, tags = draw()
    return hide(tokens, counts, 20.0), lengths, tags


hardened = Tagger(BothWays(), size=64)
history = fit(hardened, loss, draw_hidden, steps=400, lr=1e-2, title="both directions, rare words hidden")

# %% tags=["folded", "nbval-ignore-output"]
all_scores = {}
for name, model in {"alone": alone, "LSTM": one_way, "LSTM both": two_way, "LSTM both, hidden": hardened}.items():
    all_scores[f"{name},\nknown"] = score(model, test)
    all_scores[f"{name},\nnew"] = score(model, strangers)
fig, ax = plot.panels(1, 1, size=(11, 3.6))
plot.bars(all_scores, y="F1", title="Requests with known and with new cities", ax=ax)

# %% [markdown]
# On new cities it rises, and no longer by luck; on the known ones the blindfold costs next to nothing. `<unknown>` is an acquaintance now.

# %% tags=["claim"]
claim("on new cities F1 is then at least 0.85", score(hardened, strangers), at_least=0.85)
claim(
    "that is at least 0.09 more than the ten draws without hiding, on average",
    score(hardened, strangers) - draws.mean(),
    at_least=0.09,
)
claim("on known cities it costs at most 0.02", both_tests[familiar] - score(hardened, test), at_most=0.02)

# %% [markdown]
# ## Which words made the tag?
#
# A tag's score is a number that was computed from vectors, so ask its gradient, as in [lesson 01](01_recurrence.ipynb): how much does it move with the vector of each word? Take departures with their evidence
# on the right, and the score of their `B-departure`. The gradient's length at each word, as a share of the sum over all words, is counted in four places: before the city, at it, in the phrase behind it, and
# beyond that.
#
# **Before you run:** sketch the four bars for one direction, and the four for both directions (the tagger that was trained with hidden words). Is any of the eight exactly zero?


# %%
def influence(model, request, at):
    """The length of ∂(score of B-departure at word `at`)/∂(vector of each word), as shares, (T,)."""
    tokens, lengths = vocabulary.encode([request.words])
    vectors = model.embedding(tokens).detach().requires_grad_()
    asked = model.readout(model.layer(vectors, lengths))[0, at, TAGS.index("B-departure")]
    sizes = torch.autograd.grad(asked, vectors)[0][0].norm(dim=1)
    return sizes / sizes.sum()


# %% tags=["folded"]
def places(request, entity):
    """For each word: 0 before the entity, 1 in it, 2 in the phrase behind it, 3 beyond."""
    _, start, stop = entity
    end = stop + (request.words + (",",))[stop:].index(",")  # a phrase ends with a comma, or with the request
    return torch.tensor([0] * start + [1] * (stop - start) + [2] * (end - stop) + [3] * (len(request.words) - end))


PLACES = ["before", "the city", "the phrase\nbehind it", "beyond"]


def shares(model):
    """The mean shares of the four places, over the test's departures with evidence on the right."""
    rows = []
    for request in test:
        for entity in entities(request.tags):
            if entity[0] == "departure" and request.evidence[entity[1]] == "right":
                place, sizes = places(request, entity), influence(model, request, entity[1])
                rows.append([sizes[place == k].sum() for k in range(4)])
    return torch.tensor(rows).mean(0)


# %% tags=["nbval-ignore-output"]
fig, axes = plot.panels(1, 2, size=(6, 3.6), sharey=True)
for ax, (name, model) in zip(axes, {"LSTM, one direction": one_way, "LSTM, both directions": hardened}.items()):
    plot.bars(dict(zip(PLACES, shares(model))), y="share of the gradient", title=name, ax=ax)
fig

# %% [markdown]
# In one direction the two places behind are empty. Not small: zero, for no path leads from a later word to an earlier state. That is *why* it had to guess. In both directions none is zero: most stands at the city and in the phrase behind it, and
# beyond the comma next to nothing. The city has much of it, though a city decides nothing: a gradient says what a small change of a word's vector would do, and not which word is the reason. How far it may be trusted is a question of its own,
# [lesson 24](24_attribution.ipynb).

# %% tags=["claim"]
behind, beyond = shares(hardened)[2], shares(hardened)[3]
claim(
    "both directions: the phrase behind the city has at least 15 of 100 parts of the influence", behind, at_least=0.15
)
claim("that is at least seven times as much as all that stands beyond it", behind / beyond, at_least=7)

# %% [markdown]
# ## What you can now do
#
# - **Tag every word**: embedding → layer → scores at each step; −100 keeps the padding out of the loss. B and I spell out entities of several words.
# - **Count entities, not words.** Who says `O` to everything is right about most words and finds nothing. $F_1$ counts what was wanted, found, and right, over all requests together.
# - **Two passes make a bidirectional layer**: turn each request round by itself, read, turn back, put side by side. One direction must guess wherever the evidence comes later, and no training mends that.
#
# *Where people use this:* forms that fill themselves, names in medical notes, parts of speech, genes in DNA, events in a stream of sensor readings. *Where it fails:* while a request is still being spoken there is no right side yet. And each
# tag is chosen by itself, so `I-date` may follow `O`; a layer that scores *pairs* of tags (a conditional random field) repairs that. Where an output is due at every step *and* the future is what is wanted, reading from both ends would be cheating:
# [lesson 12](12_forecasting.ipynb) forecasts.

# %% [markdown]
# <details><summary>Test yourself: why is F1 not the mean of the requests' own F1?</summary>
#
# A request without entities has no F1, and one with a single entity would count as much as one with four. Counted together, every entity weighs the same.
# </details>
# <details><summary>Test yourself: a bidirectional tagger is trained on padded batches with `x.flip(1)` for the way back. What goes wrong?</summary>
#
# The padding comes first, so `back` begins each request in a state that depends on how much padding it has, and so on the *longest* request of the batch. The tags of a request then change with its company. Padding that is read like words, in [lesson 03](03_shape_traps.ipynb), bites here at the other end.
# </details>
# <details><summary>Test yourself: would a second layer on top of the one-way LSTM find the entities with evidence on the right?</summary>
#
# No. It reads the states of the first, which know nothing of later words. What is missing is a path, not size.
# </details>
#
# *Further reading.* L. Ramshaw, M. Marcus, "Text chunking using transformation-based learning", *Workshop on Very Large Corpora* (1995): the B, I and O. M. Schuster, K. Paliwal, "Bidirectional recurrent neural networks", *IEEE Transactions on
# Signal Processing* 45 (1997). A. Graves, J. Schmidhuber, "Framewise phoneme classification with bidirectional LSTM and other neural network architectures", *Neural Networks* 18 (2005). E. Kiperwasser, Y. Goldberg, "Simple and accurate dependency parsing using bidirectional LSTM feature representations",
# *TACL* 4 (2016): rare words are hidden by this formula.
