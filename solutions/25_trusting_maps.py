# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 25 · Trusting maps
#
# **Which maps deserve trust?**
#
# After this lesson you will be able to
# - score a map where nobody knows the truth: hide what it calls important, and watch the network,
# - test whether a map notices the network at all, and say what that test cannot show,
# - find the word that a network really uses, and evidence so early that gradients have lost it.
#
# Needs: maps and their scores against planted truth ([lesson 24](24_attribution.ipynb)), the film reviews ([lesson 10](10_sentiment.ipynb)), fading
# gradients ([lesson 05](05_vanishing.ipynb)). About 90 minutes. Mapping: many-to-one.

# %%
import torch
from torch import nn
from lstmkit import attribution, claim, exercise, fit, generator, models, outcome, plot, predict, seed
from lstmkit.data import reviews as film
from lstmkit.data.hidden_signal import hidden_signal

seed(25)

# %% [markdown]
# ## Nobody marked the words
#
# [Lesson 24](24_attribution.ipynb) scored maps against a truth that we had planted. Your own data will have none. Are you left with taste? No: there is still
# one witness who can be asked as often as you like, the **network**. If a map says "these three words decide", hide them, and ask again.
#
# But does a network know what a *hidden* word is? We hide a word by putting the zero vector in its place. So train two readers of film reviews:
#
# - **plain**: it reads whole reviews, as in [lesson 10](10_sentiment.ipynb). It never meets the zero vector.
# - **gaps**: in training each review loses a random share of its words, from none to all. Its label stays.
#
# | symbol | variable | shape |
# |---|---|---|
# | N reviews of up to T words | `test.tokens`, `test.lengths` | (N, T), (N,) |
# | their words' vectors, the input of f | `vectors` | (N, T, 16) |
# | score, above 0 for "they liked it" | `reader(vectors, lengths)` | (N, 1) |


# %%
draws = generator(25)
train = film.batch(film.reviews(3000, generator=draws, part="train"))
told = film.reviews(200, generator=draws, part="test")  # no sentence of these stands in training
test = film.batch(told)
words = test.tokens > 0  # where there is a word, (N, T)


class Reader(models.ManyToOne):
    """Word vectors (N, T, 16) and lengths (N,) → scores (N, 1): an LSTM of 32 units, read at each review's end."""

    def __init__(self):
        super().__init__(16, 32, 1)
        self.embedding = nn.Embedding(len(film.VOCABULARY), 16, padding_idx=0)


def score(reader, tokens, lengths):
    return reader(reader.embedding(tokens), lengths)[:, 0]


# %% tags=["folded"]
def loss(reader, tokens, lengths, labels):
    return nn.functional.binary_cross_entropy_with_logits(score(reader, tokens, lengths), labels)


def whole():
    rows = torch.randint(len(train.labels), (64,))
    return train.tokens[rows], train.lengths[rows], train.labels[rows]


def with_gaps():
    tokens, lengths, labels = whole()
    share = torch.rand(64, 1)  # each review has its own
    return tokens * (torch.rand(tokens.shape) >= share), lengths, labels  # token 0 has the zero vector


def adamw(parameters, lr):
    return torch.optim.AdamW(parameters, lr, weight_decay=0.1)


def falling(optimizer, steps=600):
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=steps)


# %% [markdown]
# **Before you run:** both readers will get nearly all test reviews right. Now hand the *plain* one reviews in which every word is hidden. How sure is it of
# its verdict there, $|f|$ on average, as a share of what it is on the whole reviews?

# %% tags=["predict"]
predict("25.a", ...)  # a number; 0 is undecided, 1 is as sure as ever

# %% tags=["nbval-ignore-output"]
readers = {"plain": Reader(), "gaps": Reader()}
batches = {"plain": whole, "gaps": with_gaps}
for name in readers:
    fit(readers[name], loss, batches[name], steps=600, lr=1e-2, clip=1.0, optimizer=adamw, schedule=falling, title=name)

# %%
right, sure_of_nothing = {}, {}
with torch.no_grad():
    for name, reader in readers.items():
        f = score(reader, test.tokens, test.lengths)
        f_hidden = score(reader, torch.zeros_like(test.tokens), test.lengths)
        right[name] = ((f > 0) == (test.labels > 0.5)).float().mean()
        sure_of_nothing[name] = f_hidden.abs().mean() / f.abs().mean()

# %% [markdown]
# The plain reader is more than half as sure of an empty review as of a real one. It has to say *something* about an input that it has never met. The other reader has
# learnt what a gap is, and abstains.
#
# So "hide it and ask again" is a fair question for the second reader, and a doubtful one for the first. (Hooker et al., 2019, made the same point for images: they
# trained their networks anew on pictures with holes.) We go on with the second, and come back to the first.

# %% tags=["claim"]
outcome("25.a", sure_of_nothing["plain"])
claim("both readers are right on at least 97 % of the test reviews", min(right.values()), at_least=0.97)
claim("plain: an empty review leaves it at least half as sure", sure_of_nothing["plain"], at_least=0.5)
claim("gaps: an empty review leaves it less than a tenth as sure", sure_of_nothing["gaps"], at_most=0.1)

# %% [markdown]
# ## Seven maps of one review
#
# We explain how firmly the reader stands by its own verdict, $s(x) = f(x) \cdot \text{sign} f(\text{whole review})$. A word with a positive share
# speaks for the verdict. When $s$ falls below 0, the verdict has turned over.
#
# Five maps come from the network; you know them from [lesson 24](24_attribution.ipynb). A word's share is the sum over its vector's numbers, or, for the gradient
# and SmoothGrad, the length of its vector. Two more are **fools**, maps that know nothing of the network:
#
# - **dice**: random numbers, thrown anew for every map;
# - **rarity**: $-\log$ of the share that this word has among all words in training. A rare word gets a large number, whoever reads it.


# %%
reader = readers["gaps"]
vectors = reader.embedding(test.tokens).detach()
verdict = reader(vectors, test.lengths)[:, 0].detach().sign()
frequency = torch.bincount(train.tokens.flatten(), minlength=len(film.VOCABULARY))
rarity = -torch.log(frequency.clamp(min=1) / frequency[1:].sum())


def sure(x):
    """How firmly the reader stands by its verdict on the whole review: vectors (N, T, 16) → (N,)."""
    return verdict * reader(x, test.lengths)[:, 0]


# %%
def seven_maps(f, x):
    """The shares of all words in f at x, as {name: (N, T)}; padding has −∞, so that it comes last."""
    made = {"dice": torch.rand(words.shape), "rarity": rarity[test.tokens]}
    made["gradient"] = attribution.gradient(f, x).norm(dim=2)
    made["SmoothGrad"] = attribution.smoothgrad(f, x, generator=generator(0)).norm(dim=2)
    made["gradient × input"] = attribution.gradient_x_input(f, x).sum(2)
    made["integrated gr."] = attribution.integrated_gradients(f, x, points=40).attribution.sum(2)
    made["occlusion"] = attribution.occlusion(f, x)[:, :, 0]
    return {name: map.masked_fill(~words, -torch.inf) for name, map in made.items()}


# %% tags=["folded"]
import warnings

warnings.filterwarnings("ignore", "integrated gradients do not close")  # in a few reviews f has a cliff on the path

# %%
maps = seven_maps(sure, vectors)

# %% tags=["folded", "nbval-ignore-output"]
hearsay = [n for n in range(200) if told[n].kind == "hearsay" and 10 <= len(told[n].words) <= 18]
one = hearsay[0]
rows = []
for name in maps:
    row = maps[name][one, : test.lengths[one]]
    rows.append(row / row.abs().max())
fig, ax = plot.panels(size=(11, 4.2))
plot.heatmap(
    torch.stack(rows),
    xticks=told[one].words,
    yticks=list(maps),
    scale="share, of the row's largest",
    title=f"The reader's score: {score(reader, test.tokens, test.lengths)[one]:.1f}",
    ax=ax,
)

# %% [markdown]
# Each looks like an explanation, the dice too. By looking at them you will not find out which to believe. (On a few reviews integrated
# gradients do not add up: f has a cliff on their path. We switched that warning off, and let the tests speak.)
#
# ## Delete, and watch
#
# Take a map's words in its own order, the largest share first. Hide the first, the first two, the first three, and ask the reader each time. This
# is a **deletion curve**:

# %% tags=["nbval-ignore-output"]
plot.gaps(
    "they said it was bad , but it was good".split(),
    {"nothing hidden": [], "1 hidden": [9], "2 hidden": [9, 6], "3 hidden": [9, 6, 1]},
    title="A map that puts good, but, said first",
)

# %% [markdown]
# A map that has found what carries the verdict makes the curve fall fast. Its **area**, the mean over $k = 1 \dots 6$ as a share of the
# value at $k = 0$, is the score: smaller is better.
#
# ### Exercise 25.1 · A deletion curve (10 min, ●●○)
#
# *Goal:* the value of f after the k words with the largest shares are hidden (all numbers of their vectors set to 0), for $k = 0, 1, \dots,$ `steps`. *Given:* `f`
# maps x (N, T, E) to (N,); a `map` (N, T), signed. *Done when* the check says ✓. Leave the caller's x as it is.


# %% tags=["exercise"]
def deletion_curve(f, x, map, steps):
    """f after the k words with the largest shares are hidden, k = 0 … steps.

    f: x (N, T, E) → (N,). x: (N, T, E). map: (N, T), signed; each review has its own order. Returns (N, steps + 1).
    """
    ### BEGIN SOLUTION
    order = map.argsort(dim=1, descending=True)
    hidden, values = x.clone(), [f(x)]
    for k in range(steps):
        hidden[torch.arange(len(x)), order[:, k]] = 0
        values.append(f(hidden.clone()))
    return torch.stack(values, dim=1)
    ### END SOLUTION


# %% tags=["check"]
deletion_curve = exercise("25.1", deletion_curve)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `order = map.argsort(dim=1, descending=True)`: `order[:, 0]` is the place of each review's first word. Work on a copy of x, and hide one word more at each turn.
# </details>
# <details><summary>Fuller hint</summary>
#
# `hidden[torch.arange(len(x)), order[:, k]] = 0` hides one word in each review. Collect `f(x)`, then `f(hidden.clone())` after each turn; stack along `dim=1`.
# </details>
#
# **Before you run:** dice and rarity set the mark. How many of the five maps made *from the network* will have a smaller area than rarity?

# %% tags=["predict"]
predict("25.b", ...)  # a number from 0 to 5

# %%
curves, area = {}, {}
with torch.no_grad():
    for name in maps:
        curve = deletion_curve(sure, vectors, maps[name], 6).mean(0)
        curves[name] = curve / curve[0]
        area[name] = curves[name][1:].mean().item()

# %% tags=["folded", "nbval-ignore-output"]
fig = plot.series(
    curves, x="words hidden", y="how sure, as a share of before", title="Seven deletion curves", dots=True
)
fig.axes[0].legend(loc="center left", bbox_to_anchor=(1, 0.5))
fig

# %% [markdown]
# Two answers. The dice fall slowest, and gradient and SmoothGrad keep more than half of the area of the dice: what *could* move the score is not what did. Integrated gradients and occlusion fall fast. But so does
# **rarity**, and it has never seen the network. None of the five leaves it behind by more than a sliver, if at all.
#
# In these reviews rare words are opinions. A map of the *data* can pass a test of what the network needs, if the network has
# learnt the data: a good deletion curve does not show that a map knows the network. (And the curve shares its idea of "hidden", the zero vector, with occlusion and integrated gradients. They
# are examined in their own subject.)

# %% tags=["claim"]
network_maps = [name for name in maps if name not in ("dice", "rarity")]
outcome("25.b", sum(area[name] < area["rarity"] for name in network_maps))
slopes = min(area["gradient"], area["SmoothGrad"]) / area["dice"]
claim("the areas of gradient and SmoothGrad are more than half of the dice's", slopes, at_least=0.54)
ahead = area["rarity"] - min(area[name] for name in network_maps)
claim("no map of the network is ahead of rarity by more than 0.06", ahead, at_most=0.06)

# %% [markdown]
# ## Without them, and with them alone
#
# One may also ask two things at once (DeYoung et al., 2020; their benchmark is called ERASER). Take the k first words of a map, its **rationale**:

# %% tags=["nbval-ignore-output"]
plot.gaps(
    "they said it was bad , but it was good".split(),
    {"whole": [], "without them": [9, 6, 1], "them alone": [0, 2, 3, 4, 5, 7, 8]},
    title="A rationale of three words: good, but, said",
)

# %% [markdown]
# With $p = \sigma(s)$, the probability that the reader gives its own verdict:
#
# $$\text{comprehensiveness} = p(\text{whole}) - p(\text{without them}), \qquad \text{sufficiency} = p(\text{whole}) - p(\text{them alone})$$
#
# Both say what is *lost*. Without the rationale much should be lost, with the rationale alone little. So the first should be large and the second small.
#
# ### Exercise 25.2 · Comprehensiveness and sufficiency (7 min, ●●○)
#
# *Goal:* both, for each review. *Given:* `p` maps x (N, T, E) to (N,); a signed `map`; `k`. *Done when* the check says ✓.


# %% tags=["exercise"]
def comprehensiveness_sufficiency(p, x, map, k):
    """What is lost without the k words of the largest shares, and what is lost with them alone.

    p: x (N, T, E) → (N,). x: (N, T, E). map: (N, T), signed. Returns (comprehensiveness, sufficiency), (N,) each.
    """
    ### BEGIN SOLUTION
    rank = map.argsort(dim=1, descending=True).argsort(dim=1)  # 0 for the largest share
    top = (rank < k)[:, :, None]
    return p(x) - p(x * ~top), p(x) - p(x * top)
    ### END SOLUTION


# %% tags=["check"]
comprehensiveness_sufficiency = exercise("25.2", comprehensiveness_sufficiency)

# %% [markdown]
# <details><summary>Hint</summary>
#
# You need a mask (N, T), True at each review's k first words. `argsort` gives a list of places; the `argsort` of *that* gives every place its rank.
# </details>
# <details><summary>Fuller hint</summary>
#
# `top = (map.argsort(dim=1, descending=True).argsort(dim=1) < k)[:, :, None]`. Without them: `x * ~top`. Them alone: `x * top`.
# </details>


# %%
def probability(x):
    return torch.sigmoid(sure(x))


lost = {}
with torch.no_grad():
    for name in maps:
        without, alone = comprehensiveness_sufficiency(probability, vectors, maps[name], 3)
        lost[name] = (without.mean().item(), alone.mean().item())

# %% tags=["folded", "nbval-ignore-output"]
points = {name: ([lost[name][0]], [lost[name][1]]) for name in lost}
fig, ax = plot.panels(size=(6.5, 4.4))
plot.scatter(points, x="comprehensiveness", y="sufficiency", title="Three words of each map", ax=ax)
for dots in ax.collections:
    dots.set_sizes([120])
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
fig

# %% [markdown]
# Good maps lie at the lower right. Here the two questions part company: rarity's three words are as *needed* as any, and yet they do not *suffice* as well as those of
# integrated gradients. Rarity collects adjectives. It does not know whose opinion each of them is; the network's own maps keep the small words that tell it.

# %% tags=["claim"]
behind = lost["rarity"][1] - lost["integrated gr."][1]
claim("with rarity's words alone more is lost than with those of integrated gradients", behind, at_least=0.03)

# %% [markdown]
# ## The word that it really uses
#
# Back to the plain reader. Take twenty short reviews: "the film was good", "the film was awful", and so on. The last word decides, nobody doubts it.
#
# **Before you run:** and the other three? Which of *the*, *film*, *was* does the plain reader need most?

# %% [markdown]
# A gap confuses this reader: that we know. A share measured with gaps could be an artefact, and so could integrated gradients, which start from zero vectors. So ask in three ways: hide the word; cut it
# out, so that the text gets shorter; **replace** it by other words that the reader knows. If all three agree, it is hardly the way of asking.
#
# ### Exercise 25.3 · Replace a word (6 min, ●○○)
#
# *Goal:* for each text, $f$ of the text minus $f$ with another word at `place`, as a mean over several fillers. *Given:* `f` maps tokens (N, T) to (N,); `fillers`, a list of
# tokens. *Done when* the check says ✓. Leave the caller's tokens as they are.


# %% tags=["exercise"]
def cost_of_replacing(f, tokens, place, fillers):
    """f(tokens) minus f with the word at index `place` replaced, the mean over the fillers.

    f: tokens (N, T) → (N,). place: an index, from 0. fillers: a list of tokens. Returns (N,), signed.
    """
    ### BEGIN SOLUTION
    costs = []
    for filler in fillers:
        other = tokens.clone()
        other[:, place] = filler
        costs.append(f(tokens) - f(other))
    return torch.stack(costs).mean(0)
    ### END SOLUTION


# %% tags=["check"]
cost_of_replacing = exercise("25.3", cost_of_replacing)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A loop over the fillers; in it a fresh copy, `other = tokens.clone()`, with `other[:, place] = filler`.
# </details>
# <details><summary>Fuller hint</summary>
#
# Collect `f(tokens) - f(other)`, each (N,), in a list. `torch.stack(costs)` is (fillers, N): the mean runs along axis 0.
# </details>


# %%
films = torch.stack([film.encode(f"the film was {word}") for word in film.POSITIVE + film.NEGATIVE])
fillers = film.encode("story acting ending music plot we they it seats tea bus went").tolist()
BARE = ["the", "film", "was"]


def costs(reader):
    """What hiding, cutting out and replacing each of three words costs, as a share of how sure the reader is: (3, 3)."""
    signs = score(reader, films, torch.full((20,), 4)).sign()

    def stand(tokens):
        return signs * score(reader, tokens, torch.full((20,), tokens.shape[1]))

    made = torch.zeros(3, 3)
    for place in range(3):
        cut = torch.cat([films[:, :place], films[:, place + 1 :]], dim=1)
        made[0, place] = cost_of_replacing(stand, films, place, [0]).mean()
        made[1, place] = (stand(films) - stand(cut)).mean()
        made[2, place] = cost_of_replacing(stand, films, place, fillers).mean()
    return made / stand(films).mean()


# %%
with torch.no_grad():
    cost = {name: costs(readers[name]) for name in readers}

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(1, 2, size=(6, 3.2))
for ax, name in zip(axes, cost):
    title = f"Reader “{name}”"
    ways = ["hidden", "cut out", "replaced"]
    plot.heatmap(cost[name], xticks=BARE, yticks=ways, limit=1.0, scale="cost, share of s", title=title, ax=ax)
fig

# %% [markdown]
# *was*. In whichever way it is taken from the plain reader, a part of its certainty goes with it. So this is no artefact of gaps: the reader **uses** the word, perhaps to know where an opinion
# begins, since in all these reviews it stands before one. Nobody had marked it. We would not, either. (The reader that
# knows gaps uses it, too, and minds a gap there less.)
#
# A map can be true to the network and displease us: **faithful** and **plausible** are two things (Jacovi and Goldberg, 2020). Scores against marked words, as in
# [lesson 24](24_attribution.ipynb), measure the second as soon as the network has ideas of its own. Tests that ask the network measure the first.

# %% tags=["claim"]
needed = cost["plain"].mean(0)
least = cost["plain"][:, 2].min()
claim("plain: in each of the three ways, losing “was” costs at least a tenth", least, at_least=0.1)
second = cost["plain"][:, :2].mean(0).max()
claim("that is more than for the other two words, by at least 0.1", needed[2] - second, at_least=0.1)

# %% [markdown]
# ## Does the map notice the network?
#
# Rarity passed the deletion test. What would have caught it? The **sanity check** of Adebayo et al. (2018): an explanation of a network must *change* when the network
# does. So destroy the network, beginning at its output, and make the maps again:

# %% tags=["nbval-ignore-output"]
plot.gaps(
    ["words' vectors", "LSTM", "read-out"],
    {"stage 0": [], "stage 1": [2], "stage 2": [2, 1], "stage 3": [2, 1, 0]},
    gone="random",
    title="Trained weights are replaced from the top",
)

# %% [markdown]
# ### Exercise 25.4 · Random from the top (7 min, ●●○)
#
# *Goal:* the weights of every stage: at stage k the first k of `layers` have fresh weights, all others trained ones. *Given:* two dicts {name: tensor} with the same names, such as
# `read.weight`; `layers`, names of layers from the output down. A layer's weights are all those whose name begins with the layer's name and a dot. *Done when* the check says ✓.


# %% tags=["exercise"]
def randomised(trained, fresh, layers):
    """The weights of each stage of destruction, as a list of len(layers) + 1 dicts; stage 0 is `trained`.

    trained, fresh: {name: tensor}, the same names. layers: ["read", "lstm", …], the first to be replaced first.
    """
    ### BEGIN SOLUTION
    stages = [dict(trained)]
    for layer in layers:
        weights = dict(stages[-1])
        for name in weights:
            if name.startswith(layer + "."):
                weights[name] = fresh[name]
        stages.append(weights)
    return stages
    ### END SOLUTION


# %% tags=["check"]
randomised = exercise("25.4", randomised)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Begin with `stages = [dict(trained)]`. Each later stage begins as a *copy* of the one before: what is random stays random.
# </details>
# <details><summary>Fuller hint</summary>
#
# For each layer: `weights = dict(stages[-1])`, then `weights[name] = fresh[name]` for every name with `name.startswith(layer + ".")`, then append.
# </details>
#
# How alike are two maps? Compare the *order* of their sizes: **Spearman's rank correlation**, 1 for the same order, 0 for orders that have nothing in common. It is taken within each review,
# then averaged over the reviews and over three random networks.
#
# **Before you run:** the gradient is made of nothing but the network's weights. With *all* weights random, what is the rank correlation of its new map with the old one?

# %% tags=["predict"]
predict("25.c", ...)  # a number; 1 is the same order, 0 is no likeness


# %% tags=["folded"]
position = torch.arange(words.shape[1]).float().expand(words.shape)


def alike(a, b):
    """The rank correlation of two maps' sizes, (N, T) each, within the words of a review; the mean over 100 reviews."""
    found = []
    for n, length in enumerate(test.lengths[:100]):
        found.append(attribution.rank_correlation(a[n : n + 1, :length].abs(), b[n : n + 1, :length].abs()))
    return torch.cat(found).nanmean().item()


# %%
LAYERS = {"nothing": None, "read-out": "read", "LSTM": "layer", "vectors": "embedding"}
likeness = {name: torch.zeros(4) for name in maps}
broken = Reader()
again = seven_maps(sure, vectors)  # nothing random yet
for name in maps:
    likeness[name][0] = alike(again[name], maps[name])
for fresh in (Reader(), Reader(), Reader()):
    stages = randomised(reader.state_dict(), fresh.state_dict(), list(LAYERS.values())[1:])
    for stage in (1, 2, 3):
        broken.load_state_dict(stages[stage])
        new = seven_maps(lambda x: broken(x, test.lengths)[:, 0], broken.embedding(test.tokens).detach())
        for name in maps:
            likeness[name][stage] += alike(new[name], maps[name]) / 3

# %% tags=["folded", "nbval-ignore-output"]
like_position = alike(maps["gradient"], position)
fig = plot.series(
    likeness,
    list(LAYERS),
    x="random down to …",
    y="rank correlation with before",
    levels={"gradient and position": like_position},
    title="Maps of a network that is taken apart",
    dots=True,
)
fig.axes[0].legend(loc="center left", bbox_to_anchor=(1, 0.5))
fig

# %% [markdown]
# It is still high: the gradients of two networks that have no weight in common put the words in a similar order. The dashed line compares the old map with one
# of *position*, in which later words get larger numbers. Both LSTMs are read at the end, so late words move the score more than early ones. The gradient's sizes are, for a good part, a map of **position**, and that
# is the same in a trained and in a random network.
#
# Rarity stays at 1 to the end: caught. Integrated gradients notice far more than the gradient does.

# %% tags=["claim"]
outcome("25.c", round(likeness["gradient"][3].item(), 2))
both = min(likeness["gradient"][3], like_position)
claim("the gradient's map: rank correlation with that of random weights, and with position", both, at_least=0.5)
integrated = likeness["integrated gr."][3]
claim("integrated gradients keep at least 0.25 less", likeness["gradient"][3] - integrated, at_least=0.25)

# %% [markdown]
# ### Exercise 25.5 · Which fool passes? (4 min, ●●○)
#
# *Goal:* for each of four maps, which of two tests it passes. *Given:*
#
# - **closes**: the shares add up to $f(x) - f(\text{baseline})$ ([lesson 24](24_attribution.ipynb));
# - **notices**: after all weights are made random, the sizes' rank correlation with the old map is near 0.
#
# | map | what it does |
# |---|---|
# | dice | random numbers, thrown anew for every map |
# | rarity | as above |
# | last word | $f(x) - f(\text{baseline})$ on the last word, 0 on all others |
# | scaled dice | dice, multiplied by one number so that they add up to $f(x) - f(\text{baseline})$ |
#
# *Done when* the check says ✓. The words to choose from: `"closes"`, `"notices"`, `"both"`, `"neither"`.

# %% tags=["exercise"]
fools = {"dice": ..., "rarity": ..., "last word": ..., "scaled dice": ...}
### BEGIN SOLUTION
fools = {"dice": "notices", "rarity": "neither", "last word": "closes", "scaled dice": "both"}
### END SOLUTION

# %% tags=["check"]
fools = exercise("25.5", fools)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Add up each map. Then ask what becomes of the *order* of its sizes when the network changes: ranks know nothing else.
# </details>
# <details><summary>Fuller hint</summary>
#
# A common factor changes no order. One number among zeros has one order, whatever that number is. Numbers thrown anew have nothing in common with the old ones.
# </details>
#
# So each test has its fool, and one fool passes two.
#
# The sanity check has critics, and they are right in this. Binder et al. (2023): a map of noise does best in it, so it must not *rank* methods; and since activations below a
# random layer keep their sizes, even a good map changes only in part. Yona and Greenfeld (2021): whether a map changes depends on the task, too; what looks like a method's fault can
# be the data's. Position is our example: both networks do have it, and the gradient is right to show it.
#
# What the check can say: a map that does *not* change explains something else than what was learnt. A map that does change may still be dice.

# %% [markdown]
# ## Early evidence
#
# Gradients vanish over many steps ([lesson 05](05_vanishing.ipynb)). Then a map made of gradients may be blind for *early* evidence, even where the network uses it.
#
# The data are windows like those of [lesson 24](24_attribution.ipynb), with no loud channel: 40 steps of noise in three channels, and a bump of eight steps, up for label 1 and down for 0. Now we choose *where* it begins.
# Two kinds of detector, three of each: one with the forget bias 3, its gates wide open ([lesson 07](07_long_memory.ipynb)), one with torch's own bias, about 0.


# %% tags=["folded"]
class Detector(nn.Module):
    """x (N, T, 3) → scores (N,). forget: the forget gates' first bias; None leaves torch's own, about 0."""

    def __init__(self, forget):
        super().__init__()
        self.lstm, self.read = nn.LSTM(3, 16, batch_first=True), nn.Linear(16, 1)
        if forget is not None:
            self.lstm.bias_ih_l0.data[16:32] = 0
            self.lstm.bias_hh_l0.data[16:32] = forget

    def forward(self, x):
        return self.read(self.lstm(x)[0][:, -1])[:, 0]


def detector_loss(detector, x, label):
    return nn.functional.binary_cross_entropy_with_logits(detector(x), label)


def bumps():
    return hidden_signal(64)[:2]


def short(optimizer):
    return falling(optimizer, steps=300)


# %% tags=["nbval-ignore-output"]
detectors = {"bias 3": [], "bias 0": []}
for kind, forget in (("bias 3", 3.0), ("bias 0", None)):
    for _ in range(3):
        detectors[kind].append(Detector(forget))
        fit(detectors[kind][-1], detector_loss, bumps, steps=300, lr=1e-2, clip=1.0, schedule=short, title=kind)

# %% [markdown]
# Open gates are a remedy in the *network*. **Temporal saliency rescaling**, TSR (Ismail et al., 2020), tries to repair the *map* $R = |\partial f / \partial x|$: hide step t in all channels, and see how much the
# whole of R changes; hide entry (t, d) alone, and see again; multiply. (They skip unimportant steps, to save time; we skip none.)
#
# $$\text{TSR}_{td} = \Big[\sum |R(x) - R(x_{\text{without step } t})|\Big] \cdot \Big[\sum |R(x) - R(x_{\text{without entry } (t, d)})|\Big]$$


# %% tags=["folded"]
def saliency(f, x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(f(x).sum(), x)[0].abs()


def changes(f, x, hidden):
    """How much R changes when each of M masks hides a part of x: hidden (M, T, D) → (N, M). One large batch."""
    copies = (x * ~hidden[:, None]).flatten(0, 1)
    after = saliency(f, copies).unflatten(0, (len(hidden), len(x)))
    return (after - saliency(f, x)).abs().sum((2, 3)).T


def rescaled(f, x):
    """Temporal saliency rescaling of |∂f/∂x|. x: (N, T, D). Returns the map, (N, T, D)."""
    N, T, D = x.shape
    steps = torch.eye(T).bool()[:, :, None].expand(T, T, D)
    entries = torch.eye(T * D).bool().view(T * D, T, D)
    return changes(f, x, steps)[:, :, None] * changes(f, x, entries).view(N, T, D)


# %% [markdown]
# **Before you run:** both kinds will be right on nearly all early bumps. In the plain kind, bias 0, which maps will find them: the gradient, TSR, integrated gradients, occlusion? And which of them will find an
# early bump as well as a late one?


# %% tags=["folded"]
def truth_free(detector, x, mask):
    """What share of a detector's certainty goes when the bump is hidden."""
    sign = detector(x).sign()
    return 1 - (sign * detector(x * ~mask)).mean() / (sign * detector(x)).mean()


window_maps = {
    "|x|": lambda f, x: x.abs(),
    "gradient": saliency,
    "SmoothGrad": lambda f, x: attribution.smoothgrad(f, x, generator=generator(0)).abs(),
    "TSR": rescaled,
    "gradient × input": lambda f, x: attribution.gradient_x_input(f, x).abs(),
    "integrated gr.": lambda f, x: attribution.integrated_gradients(f, x).attribution.abs(),
    "occlusion": lambda f, x: attribution.occlusion(f, x, window=(4, 1)).abs(),
}

# %% tags=["folded"]
starts = [0, 8, 16, 24, 32]
share = {kind: torch.zeros(5) for kind in detectors}
each = {name: torch.zeros(3, 5) for name in window_maps}  # detectors, starts
hiding = torch.zeros(5)
for k, start in enumerate(starts):
    x, label, mask = hidden_signal(100, start=start)
    for kind in detectors:
        for detector in detectors[kind]:
            size = saliency(detector, x)
            share[kind][k] += ((size * mask).sum((1, 2)) / size.sum((1, 2))).mean() / 3
    for number, detector in enumerate(detectors["bias 0"]):
        hiding[k] += truth_free(detector, x, mask).detach() / 3
        for name in each:
            shares = window_maps[name](detector, x[:20])
            each[name][number, k] = attribution.auprc(shares, mask[:20]).value.mean()
found = {name: each[name].median(0).values for name in each}  # the middle one of three detectors

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(1, 2, size=(6, 4))
labels = {"xs": [start + 1 for start in starts], "x": "bump from step", "dots": True}
chance = attribution.auprc(x.abs(), mask).chance.mean()
plot.series(share, y="share of |∂f/∂x| in the frame", log=True, title="Two kinds of detector", ax=axes[0], **labels)
shown = {name: found[name] for name in ("gradient", "TSR", "integrated gr.", "occlusion", "|x|")}
plot.series(shown, y="AUPRC", title="Bias 0: five maps", levels={"chance": chance}, ax=axes[1], **labels)
axes[1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
fig

# %% [markdown]
# Hide an early bump, and the plain kind loses its certainty: it *uses* it. Its gradient says the opposite, and scores below chance. Whoever reads saliency as importance
# concludes something false here, from a correct computation. With open gates (left) the line is level: the fading is cured where it arises, in the network. (Level, and about as high
# as the bump is wide: what the gradient could not tell in [lesson 24](24_attribution.ipynb), it cannot tell here.)
#
# None of the four finds early bumps as well as late ones. Occlusion takes no gradient, and on early bumps it is ahead of it, now by a little, now by much. Integrated gradients depend on luck in training: the slopes
# on their way from zero may have faded, too. TSR lifts what the gradient still shows, late; where there is nothing left, there is nothing to rescale. And $|x|$, which never saw a detector, is ahead
# nearly everywhere: bumps are large. A score against planted truth has its fool, too.

# %% tags=["claim"]
claim("bias 0: hide an early bump, and at least half of the certainty goes", hiding[0], at_least=0.5)
claim("there the gradient's score is below chance, 0.1", found["gradient"][0], at_most=0.08)
claim("occlusion scores at least 0.04 more", found["occlusion"][0] - found["gradient"][0], at_least=0.04)

# %% [markdown]
# ## Which explanation survives which test?
#
# Everything in one table. A map passes by these rules. They are ours, in round numbers; move them, and some field will change sides.
#
# | column | passes if |
# |---|---|
# | deletion: area | below half of the dice's |
# | comprehensiveness, three words | at least `0.25` of probability is lost |
# | sufficiency, three words | at most `0.25` is lost |
# | random weights: rank correlation | at most `0.5` |
# | early bumps, bias 0: AUPRC | at least twice chance |
# | for comparison, the planted words: AUPRC | at least twice chance |
#
# The last column is the score of [lesson 24](24_attribution.ipynb), for here, as it happens, the deciding words *are* known. No other column has used them.

# %% tags=["folded"]
planted, numbers, passed = {}, {}, {}
for name in maps:
    size = maps[name].masked_fill(~words, 0).abs()
    planted[name] = attribution.auprc(size, test.relevant, among=words).value.mean().item()
chance_words = attribution.auprc(size, test.relevant, among=words).chance.mean().item()
for name in maps:
    early = found[name][0].item() if name in found else None
    numbers[name] = [area[name], *lost[name], likeness[name][3].item(), early, planted[name]]
    passed[name] = [area[name] < area["dice"] / 2, lost[name][0] >= 0.25, lost[name][1] <= 0.25]
    passed[name].append(bool(likeness[name][3] <= 0.5))
    passed[name].append(None if early is None else bool(early >= 2 * chance))
    passed[name].append(planted[name] >= 2 * chance_words)

# %% tags=["folded", "nbval-ignore-output"]
tests = ["deletion:\narea", "compre-\nhensiveness", "sufficiency", "random\nweights", "early\nbumps", "planted\nwords"]
plot.verdicts(numbers, passed, tests, title="Seven maps, five tests, and the truth")

# %% [markdown]
# Read it by columns: deletion lets rarity pass, and random weights stop it; random weights let the dice pass, and deletion stops them. No single test is enough. Read it by rows: on these
# reviews integrated gradients and occlusion survive all four tests; gradient × input comes close to our bounds; the gradient fails. Early bumps are hard for all: whether these two pass there depends on the training.
#
# And did the scores without a truth go wrong? Deletion puts the seven maps in nearly the order in which the planted truth puts them. So a test that needs no truth can be a good one, *on a network that knows what a gap is*.
#
# It is one network and one kind of data: not a league table of methods. Take the tests with you, not the marks.


# %% tags=["claim"]
def order(values):
    return torch.tensor([[values[name] for name in maps]])


agreement = attribution.rank_correlation(-order(area), order(planted))[0]
claim("deletion and planted truth rank the seven alike", agreement, at_least=0.8)
survive = all(passed["integrated gr."][:4] + passed["occlusion"][:4])
fail = passed["gradient"][0] or passed["gradient"][3]
ends = survive and not fail
claim("integrated gradients and occlusion pass the first four, the gradient fails columns 1 and 4", ends, is_true=True)

# %% [markdown]
# ## What you can now do
#
# - **Scores without a planted truth**: delete and watch; what is lost without the rationale, and with it alone. They ask the network, so it has to know what a gap is.
# - **Does the map notice the network?** Random weights from the top. A map that does not change explains something else; one that changes may still be dice.
# - **What it really uses**: take a word away in more than one way. And early evidence: hide it; do not ask the gradient.
#
# Where people use this: to choose an explanation before it is shown to a doctor or a court; to find shortcuts, words that a model leans on and should not. Where it fails: a map gives *one* number to a word, though
# *not* and *good* decide together; and no map over inputs says *how* the network decides. What training curves hide of a network's faults is the subject of [lesson 27](27_debugging.ipynb).
#

# %% [markdown]
# <details><summary>Test yourself: a map's deletion curve falls as fast as any. What else could it be than an explanation of the network?</summary>
#
# A map of the data. Rarity does it here. Ask whether the map changes when the network does.
# </details>
# <details><summary>Test yourself: a colleague hides words with the zero vector and finds that every single word of a review "decides". What do you ask first?</summary>
#
# Whether the network has ever met the zero vector. What does it say of a review with all words hidden?
# </details>
# <details><summary>Test yourself: the saliency of the first steps is zero. Does the network ignore them?</summary>
#
# Not shown. Hide them, and see whether the score moves.
# </details>
#
# *Further reading.* J. DeYoung et al., "ERASER: a benchmark to evaluate rationalized NLP models", ACL 2020. W. Samek et al., "Evaluating the visualization of what a deep neural network has learned", *IEEE TNNLS* 28 (2017) — deletion
# curves. S. Hooker et al., "A benchmark for interpretability methods in deep neural networks", NeurIPS 2019. J. Adebayo et al., "Sanity checks for saliency maps", NeurIPS 2018. G. Yona, D. Greenfeld, "Revisiting sanity checks for saliency
# maps", 2021. A. Binder et al., "Shortcomings of top-down randomization-based sanity checks for evaluations of deep neural network explanations", CVPR 2023. A. Jacovi, Y. Goldberg, "Towards faithfully interpretable NLP systems", ACL 2020.
# A. A. Ismail et al., "Benchmarking deep learning interpretability in time series predictions", NeurIPS 2020.
