# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 10 · Sentiment
#
# **Does order matter?**
#
# After this lesson you will be able to
# - build a many-to-one model: words in, one verdict out, from padding to the last valid state,
# - work out the best that a model which only counts words can do, and watch a recurrent network do better,
# - see a network learn by heart, and stop it: early stopping and dropout.
#
# Needs: [lesson 01](01_recurrence.ipynb) (training), 02 (shapes) and 04 (LSTM). About 75 minutes. Mapping: many-to-one.

# %%
import torch
from torch import nn
from lstmkit import claim, exercise, fit, generator, plot, seed
from lstmkit.data.reviews import KINDS, NEGATIVE, POSITIVE, VOCABULARY, encode, reviews, swap

seed(6)

# %% tags=["nbval-ignore-output"]
plot.mapping("many-to-one")

# %% [markdown]
# ## Did they like the film?
#
# A sequence of words goes in, one answer comes out: 1 for a positive review, 0 for a negative one.
#
# Our reviews are **synthetic**: a small grammar makes them. No person wrote them, and a network that masters them has not learnt
# English. In return we know things that no real data set tells: why each review has its label, and which of its words the verdict
# rests on ([lesson 24](24_attribution.ipynb) will need that). There are four kinds. Look at what surrounds each opinion, too: sentences such as *my sister did
# not come* are **asides**, and say nothing about the film. The last two lines are one review and its `swap`: the two adjectives have
# changed places.

# %%
for kind in KINDS:
    for review in reviews(2, [kind], asides=1, generator=generator(21)):
        print(review.label, f"{kind:9}", " ".join(review.words))

pair = reviews(1, ["contrast"], asides=0, generator=generator(4))[0]
for one in (pair, swap(pair)):
    print(one.label, "a pair:  ", " ".join(one.words))

# %% [markdown]
# In the last two lines the words are the same, and the verdicts are opposite. We call two such reviews a **pair**, and keep them for the
# hardest test. They can be made of the kinds *contrast* and *hearsay*, where two adjectives disagree.
#
# ## From reviews to a tensor
#
# A network reads numbers, and a batch is a rectangle. Words become **tokens**, their places in the vocabulary. Reviews of different
# lengths are filled up with token 0, the **padding**, which is no word. Then we must remember what is real:
#
# | symbol | variable | shape |
# |---|---|---|
# | words as numbers, 0 after the end | `tokens` | (N, T), T = the longest review's length |
# | number of words of each review | `lengths` | (N,) |
# | is there a word at this step? | `mask` | (N, T), True or False |
#
# ### Exercise 10.1 · Collate (10 min, ●●○)
#
# *Goal:* make a batch of several reviews. *Given:* a list of N token tensors of different lengths. *Done when* the check says ✓.


# %% tags=["exercise"]
def collate(sequences):
    """Pad sequences at their ends and stack them.

    sequences: list of N integer tensors, (T_n,) each, tokens 1 and up. Returns tokens (N, T) long with T = max T_n,
    lengths (N,) long, mask (N, T) bool, True where there is a word.
    """
    ### BEGIN SOLUTION
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    tokens = torch.zeros(len(sequences), int(lengths.max()), dtype=torch.long)
    for row, sequence in zip(tokens, sequences):
        row[: len(sequence)] = sequence
    mask = torch.arange(tokens.shape[1]) < lengths[:, None]
    return tokens, lengths, mask
    ### END SOLUTION


# %% tags=["check"]
collate = exercise("10.1", collate)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Begin with `torch.zeros(N, T, dtype=torch.long)` and write each sequence into the front of its row.
# </details>
# <details><summary>Fuller hint</summary>
#
# For the mask, compare each step's number with the row's length: `torch.arange(T) < lengths[:, None]` has shape (N, T). (torch has
# `nn.utils.rnn.pad_sequence` for the filling up; it is welcome here.)
# </details>

# %%
V = len(VOCABULARY)
draws = generator(6)
train, test = reviews(2000, generator=draws), reviews(800, generator=draws)
halves = reviews(400, ["contrast", "hearsay"], generator=draws)
pairs = halves + [swap(review) for review in halves]


def tensors(reviews):
    """tokens (N, T), lengths (N,), labels (N,) of a list of reviews."""
    tokens, lengths, _ = collate([encode(review.words) for review in reviews])
    return tokens, lengths, torch.tensor([float(review.label) for review in reviews])


print([tuple(part.shape) for part in tensors(test)], "with a vocabulary of", V)

# %% [markdown]
# ## Counting words
#
# The classic baseline is older than neural networks. Throw the words into a bag: keep *how often* each occurs, forget *where*. This
# **bag of words** is a vector of V counts, whatever the length of the review.
#
# ### Exercise 10.2 · Bag of words (10 min, ●○○)
#
# *Goal:* the counts of each review. *Given:* a padded batch `tokens` and the size of the vocabulary. The padding is no word: column
# 0 stays 0. *Done when* the check says ✓.


# %% tags=["exercise"]
def bag_of_words(tokens, V):
    """How often each word occurs.

    tokens: (N, T) long, 0 is padding. V: vocabulary size. Returns counts (N, V), float; column 0 is zero.
    """
    ### BEGIN SOLUTION
    counts = nn.functional.one_hot(tokens, V).sum(1).float()
    counts[:, 0] = 0
    return counts
    ### END SOLUTION


# %% tags=["check"]
bag_of_words = exercise("10.2", bag_of_words)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `nn.functional.one_hot(tokens, V)` has shape (N, T, V). Over which axis do you add, so that time disappears?
# </details>
# <details><summary>Fuller hint</summary>
#
# `.sum(1).float()` gives the counts, those of the padding among them; then set `counts[:, 0] = 0`.
# </details>
#
# ### Exercise 10.3 · Predict the ceiling (5 min, ●●○)
#
# *Goal:* the best accuracy that *any* model on top of these counts can reach on our pairs, however large it is and however long it is
# trained. *Given:* both reviews of each pair are in the test, and each counts by itself. *Done when* the check says ✓: a share
# between 0 and 1. Decide before you train.

# %% tags=["exercise"]
ceiling = ...  # your answer, a share from 0 to 1
### BEGIN SOLUTION
ceiling = 0.5  # the two of a pair have the same counts, so they get the same answer: right for one, wrong for the other
### END SOLUTION

# %% tags=["check"]
ceiling = exercise("10.3", ceiling)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Write down the bags of the two reviews of the pair above. What does the model see of the first, what of the second?
# </details>
# <details><summary>Fuller hint</summary>
#
# Equal counts in, equal answer out. The two labels are opposite. So of each pair, how many can be right?
# </details>
#
# Now train one. The model gives one score $s$ for each review; above 0 means positive. The loss is the **binary cross-entropy** of the
# probability $\sigma(s)$, in nats. A hidden layer of 64 lets it combine words, so that nobody can say it was too weak.
#
# **Before you run:** on which of the four kinds will counting do well?


# %%
class Bag(nn.Module):
    """Counts in, one score for each review out: no memory of order."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(V, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, tokens, lengths):
        return self.net(bag_of_words(tokens, V)).squeeze(1)


def loss(model, tokens, lengths, labels):
    return nn.functional.binary_cross_entropy_with_logits(model(tokens, lengths), labels)  # takes scores


def accuracy(model, reviews):
    """The share of reviews whose verdict is right."""
    tokens, lengths, labels = tensors(reviews)
    with torch.no_grad():
        return ((model(tokens, lengths) > 0) == (labels > 0.5)).float().mean().item()


# %% tags=["nbval-ignore-output"]
def batches(tokens, lengths, labels, size=64):
    """A function that draws `size` reviews at random."""

    def draw():
        rows = torch.randint(len(labels), (size,))
        return tokens[rows], lengths[rows], labels[rows]

    return draw


bag = Bag()
fit(bag, loss, batches(*tensors(train)), steps=500, lr=0.01, title="bag of words")
by_kind = {kind: accuracy(bag, [review for review in test if review.kind == kind]) for kind in KINDS}
by_kind["pairs"] = accuracy(bag, pairs)
plot.bars(by_kind, y="accuracy", levels={"guessing": 0.5}, title="Bag of words, by kind of review")

# %%
one_adjective = [review for review in test if review.kind in ("plain", "negation")]
claim("on plain and negated reviews, counting gets at least 7 in 10 right", accuracy(bag, one_adjective), at_least=0.7)
two_adjectives = [review for review in test if review.kind in ("contrast", "hearsay")]
half = accuracy(bag, two_adjectives)
claim("on contrast and hearsay, one half up to chance", half, close_to=0.5, tolerance=0.1)
claim("on the pairs it is at its ceiling, one half", accuracy(bag, pairs), close_to=ceiling, tolerance=0.005)

# %% [markdown]
# Look at the two bars on the left, then at the three on the right. Where one adjective decides, counting goes a long way (not the whole
# way: asides have a "not" of their own, and a bag cannot tell whose it is). On the pairs it stands exactly at your ceiling. That is
# not bad luck in training but arithmetic. (The two bars between are at one half up to chance: there a review comes without its twin, but
# its twin would have been as likely.)
#
# ## Words as vectors
#
# A count treats *good* and *great* as strangers. An **embedding** gives each word a vector of E numbers, and learns them. `nn.Embedding`
# is a table with V rows; reading row $k$ is the same as multiplying the one-hot vector of word $k$ with the table. Row 0 belongs to
# the padding and stays zero (`padding_idx=0`).
#
# One vector for each word, one verdict for each review: somewhere the T vectors must become one. The first idea is their mean. In a
# padded batch, "mean" needs care: over the words, not over the padding,
#
# $$\bar h_n = \frac{\sum_t m_{nt}\, h_{nt}}{\sum_t m_{nt}}, \qquad m_{nt} = 1 \text{ where there is a word, else } 0$$
#
# ### Exercise 10.4 · Masked mean (10 min, ●●○)
#
# *Goal:* the mean over the valid steps. *Given:* `states` (N, T, H), `mask` (N, T). The model will be trained through it, so the gradients
# are checked too. *Done when* the check says ✓.


# %% tags=["exercise"]
def masked_mean(states, mask):
    """Mean over the valid steps of each row.

    states: (N, T, H). mask: (N, T) bool, True where a step is valid; at least one in each row. Returns (N, H).
    """
    ### BEGIN SOLUTION
    weight = mask.to(states.dtype)[:, :, None]
    return (states * weight).sum(1) / weight.sum(1)
    ### END SOLUTION


# %% tags=["check"]
masked_mean = exercise("10.4", masked_mean)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Give the mask a third axis of size 1, `mask[:, :, None]`, so that it multiplies every state of a step alike.
# </details>
# <details><summary>Fuller hint</summary>
#
# Numerator: `(states * m).sum(1)`, shape (N, H). Denominator: `m.sum(1)`, shape (N, 1), not T.
# </details>
#
# ## A network that reads
#
# The LSTM of [lesson 06](06_lstm.ipynb) reads the word vectors one after the other. Two ways to get one vector out of its states: the **last valid
# state**, which [lesson 02](02_shapes.ipynb) taught you to find, or the **masked mean** of all states. A third model, the **memoryless mean**, takes the
# masked mean of the word vectors *without* an LSTM. The model of counts is the **memoryless bag** from now on.


# %%
class Reader(nn.Module):
    """Many to one: tokens (N, T) and lengths (N,) in, scores (N,) out. pool: "last" or "mean" state; recurrent: LSTM or none."""

    def __init__(self, pool="last", recurrent=True, dropout=0.0, E=16, H=32):
        super().__init__()
        self.pool, self.dropout = pool, nn.Dropout(dropout)
        self.embedding = nn.Embedding(V, E, padding_idx=0)
        self.lstm = nn.LSTM(E, H, batch_first=True) if recurrent else None
        self.readout = nn.Sequential(nn.Linear(H if recurrent else E, 32), nn.ReLU(), nn.Linear(32, 1))
        if recurrent:
            self.lstm.bias_hh_l0.data[H : 2 * H] = 1  # the forget bias of lesson 06

    def states(self, tokens):
        """What the model knows after each word: (N, T, H)."""
        vectors = self.dropout(self.embedding(tokens))
        return self.lstm(vectors)[0] if self.lstm else vectors

    def forward(self, tokens, lengths):
        h = self.states(tokens)
        pooled = masked_mean(h, tokens > 0) if self.pool == "mean" else h[torch.arange(len(h)), lengths - 1]
        return self.readout(self.dropout(pooled)).squeeze(1)


# %% [markdown]
# **Before you run:** three models, one test on the pairs. Which of them end at one half?

# %% tags=["nbval-ignore-output"]
models = {
    "memoryless mean": Reader("mean", recurrent=False),
    "LSTM, last": Reader("last"),
    "LSTM, mean": Reader("mean"),
}
for name, model in models.items():
    fit(model, loss, batches(*tensors(train)), steps=500, lr=0.01, title=name)
on_pairs = {"memoryless bag": accuracy(bag, pairs)} | {name: accuracy(model, pairs) for name, model in models.items()}
plot.bars(on_pairs, y="accuracy on pairs", levels={"guessing": 0.5}, title="Four models on the pairs")

# %%
averaged, last, mean = models.values()
words, table = encode("the film was not bad"), averaged.embedding
by_product = nn.functional.one_hot(words, V).float() @ table.weight
claim("looking up a row equals multiplying by a one-hot vector", (table(words) - by_product).abs().max(), at_most=1e-6)
claim(
    "the memoryless mean is no better than the memoryless bag", accuracy(averaged, pairs), close_to=0.5, tolerance=0.005
)
claim("LSTM, last state: above 95 % of the pairs", accuracy(last, pairs), at_least=0.95)
claim("LSTM, mean of states: above 95 % of the pairs", accuracy(mean, pairs), at_least=0.95)
claim("LSTM, last state: above 95 % of all test reviews", accuracy(last, test), at_least=0.95)

# %% [markdown]
# Compare the second bar with the fourth. Both take a mean, which has no order. But the mean of *word vectors* is a bag in finer
# clothes: it has the same ceiling. The mean of *states* does not, since each state was made by reading what came before it. Order gets
# in through the recurrence, whichever way you pool. The two poolings do equally well here; it is not always so.
#
# ## Two looks inside
#
# The read-out was trained on last states only, but we can apply it after every word, and watch the verdict form. And the word vectors can
# be compared by the **cosine**: 1 for the same direction, −1 for opposite ones.
#
# **Before you run:** draw the two curves of each panel. From which word on do they part? And which words will have like vectors?


# %% tags=["nbval-ignore-output"]
def read_along(model, text):
    """The probability of "positive" after each word, (T,)."""
    with torch.no_grad():
        return model.readout(model.states(encode(text)[None]))[0, :, 0].sigmoid()


frames = {"contrast": "the film was not {} , it was {}", "hearsay": "they said the film was {} , but it was {}"}
fig, axes = plot.panels(1, 2, size=(6, 3.9), sharey=True)
for ax, (kind, frame) in zip(axes, frames.items()):
    curves = {f"{a} … {b}": read_along(last, frame.format(a, b)) for a, b in [("bad", "good"), ("good", "bad")]}
    plot.series(
        curves, x="word", y="probability of “positive”", title=f"{kind.capitalize()}, word by word", dots=True, ax=ax
    )
    ax.set_xticks(range(len(frame.split())), frame.format("first", "second").split(), rotation=60)
fig

# %% tags=["nbval-ignore-output"]
adjectives = POSITIVE + NEGATIVE
directions = nn.functional.normalize(last.embedding.weight[encode(adjectives)], dim=1)
alike = directions @ directions.T
fig, ax = plot.panels(size=(8, 5.6))
names = {"xticks": adjectives, "yticks": adjectives}
plot.heatmap(alike, **names, scale="cosine", title="How alike two adjectives are", ax=ax)

# %%
for kind, frame in frames.items():
    a, b = (read_along(last, frame.format(*two)) for two in [("bad", "good"), ("good", "bad")])
    first = frame.split().index("{}")
    apart = (a[:first] - b[:first]).abs().max()
    claim(f"{kind}: before the first adjective, no difference at all", apart, at_most=1e-6)
    claim(f"{kind}: “bad … good” ends positive", a[-1], at_least=0.9)
    claim(f"{kind}: “good … bad” ends negative", b[-1], at_most=0.1)
same = (alike[:10, :10].sum() + alike[10:, 10:].sum() - 20) / 180  # without each word's cosine with itself
claim("adjectives of one side are more alike than those of two", same - alike[:10, 10:].mean(), at_least=0.3)

# %% [markdown]
# Until the first adjective the curves lie on each other: same words, same state. They end on opposite sides. Where they part in between
# is each network's own business: nobody told it what to say in mid-sentence. In the hearsay it may lean towards what *they* said at first, or
# have learnt to wait for the reviewer's own word. Train again, with another seed, and look at the middle. Try your own sentence:
# any words of `VOCABULARY` will do. What does it make of a double "not"? It knows four kinds of sentence, not English.
#
# In the second picture, look for two reddish squares on the diagonal, blue beside them: on the whole, not in every cell. Positive words
# have moved one way and negative ones the other: a word is known by what it does to the verdict.
#
# ## What padding does if you let it
#
# torch's own way to keep the padding out is **packing**: `pack_padded_sequence` hands the LSTM the words only, and the `h_n` that comes back
# is each review's last valid state. The careless way is `h[:, -1]`, the last *column*, padding and all.
#
# **Before you run:** how much can a few steps of padding, whose vectors are zero, change a score?

# %%
tokens, lengths, labels = tensors(test)
with torch.no_grad():
    packed = nn.utils.rnn.pack_padded_sequence(last.embedding(tokens), lengths, batch_first=True, enforce_sorted=False)
    by_packing = last.readout(last.lstm(packed)[1][0][-1]).squeeze(1)
    careful, careless = last(tokens, lengths), last.readout(last.states(tokens)[:, -1]).squeeze(1)
    n = int(lengths.argmin())
    alone = last(tokens[n : n + 1, : lengths[n]], lengths[n : n + 1])[0]
    longer = tensors([review._replace(words=(*review.words, *". it did not rain".split())) for review in test])
    aside = last(*longer[:2])
claim("packing gives the same scores as the last valid state", (careful - by_packing).abs().max(), at_most=1e-4)
claim("then a review's score does not depend on its batch", (careful[n] - alone).abs(), at_most=1e-4)
claim("with h[:, -1] some score moves by more than 1", (careful - careless).abs().max(), at_least=1.0)
claim("and yet at most 1 verdict in 20 changes", ((careful > 0) != (careless > 0)).float().mean(), at_most=0.05)
changed = ((careful > 0) != (aside > 0)).float().mean()
claim("one more aside at the end changes at most 1 verdict in 100", changed, at_most=0.01)

# %% [markdown]
# A zero vector is not nothing: the LSTM takes a step with it, its biases and its old state still act. So the careless score depends on
# which longer review happened to share the batch. The nasty part: on this task the *verdict* seldom changes. The network has learnt to
# hold its opinion over an aside, and a little padding passes for one, most of the time: nothing in the training asked for that. The
# accuracy looks fine, and the bug lives on. [lesson 27](27_debugging.ipynb) catches it with a gradient.
#
# ## Learning by heart
#
# So far the labels were right and the examples many. Real reviewers slip: let one in five click the wrong button, and give
# the network 800 short reviews. Two things can now be learnt: the rule, which explains four labels in five, and the list of
# exceptions, which helps with nothing new. Learning the exceptions is **overfitting**.
#
# What is the best loss on fresh labels of this sort? Even someone who knows every true verdict is wrong about one in five. The best
# they can say is "four to one", which costs $-0.8 \ln 0.8 - 0.2 \ln 0.2$ nats: a floor, as in [lesson 01](01_recurrence.ipynb).

# %%
noisy = generator(60)
short = {"train": reviews(800, asides=0, generator=noisy), "validation": reviews(500, asides=0, generator=noisy)}
fresh = reviews(1000, asides=0, generator=noisy)  # with their true labels
sets, flipped = {}, {}
for part, made in short.items():
    tokens, lengths, labels = tensors(made)
    flipped[part] = torch.rand(len(labels), generator=noisy) < 0.2
    sets[part] = tokens, lengths, torch.where(flipped[part], 1 - labels, labels)
p = torch.tensor([0.8, 0.2])
floor = -(p * p.log()).sum()

# %% [markdown]
# The first remedy: look at a **validation set** now and then, and stop when it gets worse. Curves wobble, so have
# **patience**: stop when so many validations *in a row* have brought no new best, and go back to the weights of the best.
#
# ### Exercise 10.5 · Where to stop (15 min, ●●○)
#
# *Goal:* where training stops, and which weights to keep. *Given:* the validation losses in order, and the patience. *Done when* the check
# says ✓. If training is never stopped, it ends with the last validation.


# %% tags=["exercise"]
def early_stop(validations, patience):
    """Early stopping.

    validations: list of losses, one for each look at the validation set. patience: stop after so many in a row without
    a new best. Returns (stopped, best): indices, from 0, of the last look and of the lowest loss up to there.
    """
    ### BEGIN SOLUTION
    best = 0
    for now, value in enumerate(validations):
        if value < validations[best]:
            best = now
        if now - best >= patience:
            return now, best
    return len(validations) - 1, best
    ### END SOLUTION


# %% tags=["check"]
early_stop = exercise("10.5", early_stop)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Walk through the list and remember the index of the best so far. What does the distance from there to now tell you?
# </details>
# <details><summary>Fuller hint</summary>
#
# `if value < validations[best]: best = now`, then `if now - best >= patience: return now, best`. After the loop, return the last index.
# </details>
#
# The second remedy is **dropout**: in training, each number of the word vectors and of the last state is set to zero with probability ½
# (and the rest doubled), at random, anew each time. A rule survives that, since many words and units carry it. A memory of one
# particular review rests on a few numbers, and does not.
#
# **Before you run:** two networks train for 600 steps, one without dropout, one with. Sketch both validation curves, and the floor. The
# figure after that has a third network, the first with its weights *at its best*. How many of the wrong training labels does each of
# the three repeat, and how many of 1000 fresh reviews, with their true labels, does it get right?

# %% tags=["nbval-ignore-output"]
histories, networks = {}, {}
for name, dropout in {"no dropout": 0.0, "dropout ½": 0.5}.items():
    model = networks[name] = Reader(dropout=dropout)
    check = {"validate": lambda model: loss(model, *sets["validation"]), "every": 20, "restore_best": False}
    histories[name] = fit(model, loss, batches(*sets["train"]), steps=600, lr=0.01, title=name, **check)
networks["at its best"] = Reader()
networks["at its best"].load_state_dict(histories["no dropout"].best_weights)  # fit has kept them
curves = {name: history.validations for name, history in histories.items()}
steps = histories["no dropout"].validation_steps
stopped, best = early_stop(curves["no dropout"], patience=5)
labels = {"x": "training step", "y": "validation loss (nats)", "levels": {"floor": floor}}
plot.series(curves, steps, marks=[steps[best], steps[stopped]], **labels, title="With and without dropout")

# %% tags=["nbval-ignore-output"]
tokens, lengths, labels = sets["train"]
true, repeated = {}, {}
for name, model in networks.items():
    true[name] = accuracy(model, fresh)
    with torch.no_grad():
        follows = (model(tokens, lengths) > 0) == (labels > 0.5)
    repeated[name] = follows[flipped["train"]].float().mean()
fig, axes = plot.panels(1, 2, size=(6, 3.4))
plot.bars(repeated, y="share repeated", title="Wrong labels of the training set", ax=axes[0])
plot.bars(true, y="accuracy", title="Fresh reviews, true labels", ax=axes[1])
fig

# %%
plain, dropped, at = curves["no dropout"], curves["dropout ½"], steps[best]
losses = histories["no dropout"].losses
falls = sum(losses[-40:]) / sum(losses[at - 20 : at + 20])
claim("without dropout the loss climbs by at least 0.2 nats from its best", plain[-1] - min(plain), at_least=0.2)
claim("while the training loss falls on, to less than half of what it was there", falls, at_most=0.5)
claim("with dropout, it is still behind after 80 steps, by 0.03 nats or more", dropped[3] - plain[3], at_least=0.03)
claim("its last ten looks are within 0.15 nats of the floor, on average", sum(dropped[-10:]) / 10 - floor, at_most=0.15)
claim("without, the network repeats more than half of the wrong labels", repeated["no dropout"], at_least=0.5)
claim("with dropout, less than a quarter", repeated["dropout ½"], at_most=0.25)
claim("on true labels, the first network gets at most 0.92 right", true["no dropout"], at_most=0.92)
gain = true["at its best"] - true["no dropout"]
claim("at its best it got at least 0.04 more of them right", gain, at_least=0.04)
claim("and with dropout at least 0.96 are right", true["dropout ½"], at_least=0.96)

# %% [markdown]
# The dotted lines belong to the curve without dropout: its best validation, and where a patience of 5 stops. After that it climbs, though
# its training loss goes on falling: it is learning the *wrong* labels by heart (left bars), and pays for it on fresh reviews with their
# *true* labels (right bars). With dropout, learning takes longer to begin, and then stays near the floor.
#
# Both remedies help, and neither is magic: early stopping needs labels set aside for the validation, dropout needs more steps. Try
# 100 reviews in place of 800: will they still find the rule? (Expect some of the claims above to show ✗ then: they are about 800.)

# %% [markdown]
# ## What you can now do
#
# - **Many to one**: words → tokens → padding and mask → vectors → LSTM → one state → one score. The last valid state and the masked mean both
#   serve; the padding must be kept out of both.
# - **Order matters** where the same words can mean two things. A model of counts gives both the same score: right about one half,
#   a ceiling that no training can lift. The LSTM passes.
# - **Learning by heart** shows in the validation loss: it falls, then climbs. Stop at its lowest point, or use dropout.
#
# Where it fails: the data are synthetic, and the answer comes only at the end. lesson 11 (in preparation) answers at each word. And *which* words moved the
# verdict? Here we know which should: [lesson 24](24_attribution.ipynb) asks the gradients.
#
# <details><summary>Test yourself: would counting pairs of neighbouring words (bigrams) lift the ceiling?</summary>
#
# Yes, for the contrasts: “not bad” and “not good” are different bigrams. The hearsay needs longer neighbourhoods. That is the window of
# [lesson 01](01_recurrence.ipynb) again: a memory of fixed length.
# </details>
# <details><summary>Test yourself: a validation curve is flat for 200 steps, then falls. What does a patience of 5 looks, 20 steps apart, do?</summary>
#
# It stops on the plateau, before anything was learnt. Patience must outlast the start. Look at the beginning of the dropout curve above.
# </details>
#
# *Further reading.* B. Pang, L. Lee, S. Vaithyanathan, "Thumbs up? Sentiment classification using machine learning techniques", *EMNLP* (2002).
# N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", *JMLR* 15 (2014). L. Prechelt, "Early stopping —
# but when?", *Neural Networks: Tricks of the Trade* (1998).
