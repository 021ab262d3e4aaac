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
# - build a many-to-one model: words in, one verdict out, with the padding kept out,
# - say by arithmetic what a model that counts words, or neighbouring words, can never do, and watch a recurrent network do it,
# - see a network learn by heart, and stop it in time: early stopping and dropout.
#
# Needs: [lesson 01](01_recurrence.ipynb) (training), [lesson 02](02_shapes.ipynb) (padding) and [lesson 06](06_lstm.ipynb). About 90 minutes.
# Mapping: many-to-one.

# %%
import torch
from torch import nn
from lstmkit import claim, exercise, fit, generator, outcome, plot, predict, seed
from lstmkit.data.reviews import KINDS, VOCABULARY, batch, encode, reviews, swap

seed(10)

# %% [markdown]
# ## Did they like the film?
#
# A sequence of words goes in, one answer comes out: 1 for a positive review, 0 for a negative one.
#
# Our reviews are **synthetic**: a small grammar makes them. No person wrote them, and a network that masters them has not learnt
# English. In return we know what no real data set tells: why each review has its label, and which words decide
# ([lesson 25](25_trusting_maps.ipynb) will need that). There are five kinds of opinion, and **asides** around them that say nothing about the film.
# What counts is the reviewer's own view.

# %%
FIVE = [*KINDS, "report"]
for kind in FIVE:
    review = reviews(1, [kind], asides=1, generator=generator(11))[0]
    print(f"{kind:9}", review.label, " ".join(review.words))
    if kind not in ("plain", "negation"):
        print("  swapped", swap(review).label, " ".join(swap(review).words))

# %% [markdown]
# Where two adjectives disagree, a review has a twin, its `swap`: the adjectives have changed places. The words are the same, and the
# verdict is the opposite. We call the two a **pair**, and keep pairs for the hardest test.
#
# ## A test that shares no sentence
#
# A test should ask for what the network has *not* seen. That is easily got wrong: from a small grammar one draws the same review twice, and
# then the test rewards a good memory. (The first edition of this lesson did so: nearly half of its test stood in its training set, word for
# word.) So the combinations are dealt out: which adjectives meet which topic in a sentence belongs to one part alone, and each part has asides of its own.

# %%
V = len(VOCABULARY)
draws = generator(6)
train = reviews(3000, FIVE, generator=draws, part="train")
test = reviews(1000, FIVE, generator=draws, part="test")
pairs = {}
for kind in ("contrast", "hearsay", "report"):
    halves = reviews(300, [kind], generator=draws, part="test")
    pairs[kind] = halves + [swap(review) for review in halves]


def sentences(some_reviews):
    """The different sentences in a list of reviews."""
    found = set()
    for review in some_reviews:
        found.update(" ".join(review.words).removesuffix(" .").split(" . "))
    return found


# %% [markdown]
# All words of the test occur in training; no sentence does.

# %% tags=["claim"]
tested = sentences(test) | sentences(pairs["contrast"] + pairs["hearsay"] + pairs["report"])
claim("sentences that stand in training and in the test: none", len(sentences(train) & tested), at_most=0)

# %% [markdown]
# ## From reviews to a tensor
#
# Words become **tokens**, their places in the vocabulary. A batch is a rectangle, so shorter reviews are filled up with token 0, the
# **padding**, which is no word. What is real must be remembered:
#
# | symbol | variable | shape |
# |---|---|---|
# | words as numbers, 0 after the end | `tokens` | (N, T), T = the longest review's length |
# | number of words of each review | `lengths` | (N,) |
# | is there a word at this step? | `tokens > 0` | (N, T), True or False |
# | verdicts | `labels` | (N,) |


# %%
def tensors(some_reviews):
    """tokens (N, T), lengths (N,), labels (N,) of a list of reviews."""
    made = batch(some_reviews)
    return made.tokens, made.lengths, made.labels


print([tuple(part.shape) for part in tensors(test[:4])], "with a vocabulary of", V)

# %% [markdown]
# ## Counting words
#
# The classic baseline is older than neural networks. Throw the words into a bag: keep *how often* each occurs, forget *where*. This
# **bag of words** is a vector of V counts, whatever the length of the review. The bag of "the film was not bad" over a small vocabulary:
#
# | token | 0 (padding) | bad | film | good | not | the | they | was |
# |---|---|---|---|---|---|---|---|---|
# | count | 0 | 1 | 1 | 0 | 1 | 1 | 0 | 1 |


# %%
def bag_of_words(tokens):
    """How often each word occurs: (N, T) → counts (N, V); the padding's column is zero."""
    counts = nn.functional.one_hot(tokens, V).sum(1).float()
    counts[:, 0] = 0
    return counts


# %% [markdown]
# ### Exercise 10.1 · Predict the ceiling (5 min, ●●○)
#
# *Goal:* the best accuracy that *any* model on top of these counts can reach on pairs, however large it is and however long it is
# trained. *Given:* both reviews of each pair are in the test, and each counts by itself. *Done when* the check says ✓: a share
# between 0 and 1. Decide before you train.

# %% tags=["exercise"]
ceiling = ...  # your answer, a share from 0 to 1
### BEGIN SOLUTION
ceiling = 0.5  # the two of a pair have the same counts, so they get the same answer: right for one, wrong for the other
### END SOLUTION

# %% tags=["check"]
ceiling = exercise("10.1", ceiling)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Write down the bags of a review above and of its swap. What does the model see of the first, what of the second?
# </details>
# <details><summary>Fuller hint</summary>
#
# Equal counts in, equal answer out. The two labels are opposite. So of each pair, how many can be right?
# </details>
#
# Now train one. The model gives one score $s$ for each review; above 0 means positive. The loss is the **binary cross-entropy** of the
# probability $\sigma(s)$, in nats. A hidden layer of 64 lets it combine words, so that nobody can say it was too weak.


# %%
class Counting(nn.Module):
    """Counts in, one score for each review out. hidden: units in between; 0: none, so the model is linear."""

    def __init__(self, count, size, hidden):
        super().__init__()
        self.count = count
        self.net = nn.Linear(size, 1)
        if hidden > 0:
            self.net = nn.Sequential(nn.Linear(size, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, tokens, lengths):
        return self.net(self.count(tokens)).squeeze(1)


# %%
def loss(model, tokens, lengths, labels):
    return nn.functional.binary_cross_entropy_with_logits(model(tokens, lengths), labels)  # takes scores


def accuracy(model, some_reviews):
    """The share of reviews whose verdict is right."""
    tokens, lengths, labels = tensors(some_reviews)
    with torch.no_grad():
        return ((model(tokens, lengths) > 0) == (labels > 0.5)).float().mean().item()


def batches(tokens, lengths, labels, size=64):
    """A function that draws `size` reviews at random."""

    def draw():
        rows = torch.randint(len(labels), (size,))
        return tokens[rows], lengths[rows], labels[rows]

    return draw


# %% [markdown]
# **Before you run:** on which of the five kinds will counting do well? (The test draws single reviews, mostly without their twins.)

# %% tags=["nbval-ignore-output"]
bag = Counting(bag_of_words, V, hidden=64)
fit(bag, loss, batches(*tensors(train)), steps=800, lr=0.01, title="counting words")
by_kind = {}
for kind in FIVE:
    by_kind[kind] = accuracy(bag, [review for review in test if review.kind == kind])
plot.bars(by_kind, y="accuracy", levels={"guessing": 0.5}, title="Counting words, by kind of review")

# %% [markdown]
# On the first two kinds counting is ahead of guessing: there one adjective decides. It is far from all right, since asides have a "not" of
# their own, and a bag cannot tell whose it is. The other three lie around one half: each review's twin would have been as likely. On the pairs
# themselves, "around" becomes "exactly": your ceiling. That is no bad luck in training but arithmetic.

# %% tags=["claim"]
one_adjective = (by_kind["plain"] + by_kind["negation"]) / 2
claim("on plain and negated reviews, counting gets at least 6 in 10 right", one_adjective, at_least=0.6)
all_pairs = pairs["contrast"] + pairs["hearsay"] + pairs["report"]
claim("on the pairs it gets one half", accuracy(bag, all_pairs), close_to=ceiling, tolerance=0.005)

# %% [markdown]
# ## Counting neighbours
#
# "not bad" and "not good" differ. So count *neighbours*: each two words that stand side by side are one entry, a **bigram**. There are V² of
# them. This is a window of two words, the smallest one that knows order at all.
#
# | | the bigrams where the two of a pair may differ |
# |---|---|
# | it was not bad , it was good | `not bad` · `bad ,` · `was good` |
# | it was not good , it was bad | `not good` · `good ,` · `was bad` |
#
# ### Exercise 10.2 · The ceiling of neighbours (6 min, ●●●)
#
# *Goal:* for each of three pairs: the share of the two that the best model on top of *bigram counts* can get right, if it is large enough and may
# train as long as it likes. *Given* (first the one, then its swap):
#
# - contrast: the film was not bad , it was good · the film was not good , it was bad
# - hearsay: they said it was bad , but it was good · they said it was good , but it was bad
# - report: they said it was bad . i said it was good . · they said it was good . i said it was bad .
#
# *Done when* the check says ✓: three numbers, each 0, 0.5 or 1.

# %% tags=["exercise"]
ceilings = {"contrast": ..., "hearsay": ..., "report": ...}  # each 0, 0.5 or 1
### BEGIN SOLUTION
ceilings = {"contrast": 1.0, "hearsay": 1.0, "report": 0.5}  # the two reports have the same bigrams, each as often
### END SOLUTION

# %% tags=["check"]
ceilings = exercise("10.2", ceilings)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Write all bigrams of a review and of its swap in two columns and strike out what stands in both. Do not forget the comma and the full stop.
# </details>
# <details><summary>Fuller hint</summary>
#
# Something is left for the contrast (`not bad`) and for the hearsay (`bad ,`, which is followed by "but"). In the report each adjective
# stands between "was" and ".", wherever it is. Equal counts in, equal answer out.
# </details>


# %%
def neighbours(tokens):
    """How often each bigram occurs: (N, V·V). The bigram of words a and b is number a·V + b; 0 is padding."""
    first, second = tokens[:, :-1], tokens[:, 1:]
    bigrams = (first * V + second) * (second > 0)
    counts = torch.zeros(len(tokens), V * V)
    counts.scatter_add_(1, bigrams, torch.ones(bigrams.shape))  # adds 1 at each bigram's place
    counts[:, 0] = 0
    return counts


# %% [markdown]
# ## Words as vectors
#
# A count treats *good* and *great* as strangers. An **embedding** gives each word a vector of E numbers, and learns them: `nn.Embedding`
# is a table with V rows, and a token picks its row. Row 0 belongs to the padding and stays zero (`padding_idx=0`).
#
# Somewhere the T vectors must become one. The first idea is their mean: over the words, not over the padding,
#
# $$\bar h_n = \frac{\sum_t m_{nt}\, h_{nt}}{\sum_t m_{nt}}, \qquad m_{nt} = 1 \text{ where there is a word, else } 0$$
#
# ### Exercise 10.3 · Masked mean (10 min, ●●○)
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
masked_mean = exercise("10.3", masked_mean)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Give the mask a third axis of size 1, `mask[:, :, None]`, so that it multiplies every number of a step alike.
# </details>
# <details><summary>Fuller hint</summary>
#
# Numerator: `(states * mask[:, :, None]).sum(1)`, shape (N, H). Denominator: `mask.sum(1, keepdim=True)`, shape (N, 1), not T.
# </details>
#
# ## A network that reads
#
# A recurrent layer reads the word vectors one after the other. Two ways to get one vector out of its states: the **last valid
# state** ([lesson 02](02_shapes.ipynb)), or the **masked mean** of all states.
#
# | variable | what it is | shape |
# |---|---|---|
# | `vectors` | the words' vectors | (N, T, E) |
# | `states(tokens)` | the layer's state after each word; without a layer, the vectors themselves | (N, T, H) or (N, T, E) |
# | `pooled` | one vector for each review | (N, H) or (N, E) |


# %%
class Reader(nn.Module):
    """tokens (N, T), lengths (N,) → scores (N,). layer: nn.LSTM … or None. pool: "last" or "mean" state."""

    def __init__(self, layer=nn.LSTM, pool="last", dropout=0.0, E=16, H=32):
        super().__init__()
        self.pool, self.dropout = pool, nn.Dropout(dropout)
        self.embedding = nn.Embedding(V, E, padding_idx=0)
        self.layer = layer(E, H, batch_first=True) if layer else None
        self.readout = nn.Sequential(nn.Linear(H if layer else E, 32), nn.ReLU(), nn.Linear(32, 1))
        if layer is nn.LSTM:
            self.layer.bias_hh_l0.data[H : 2 * H] = 1  # the forget gate begins open

    def states(self, tokens):
        """What the model knows after each word."""
        vectors = self.dropout(self.embedding(tokens))
        return self.layer(vectors)[0] if self.layer else vectors

    def forward(self, tokens, lengths):
        h = self.states(tokens)
        last_states = h[torch.arange(len(h)), lengths - 1]
        pooled = masked_mean(h, tokens > 0) if self.pool == "mean" else last_states
        return self.readout(self.dropout(pooled)).squeeze(1)


# %% [markdown]
# **Before you run:** six models, three kinds of pairs: eighteen numbers. Eight of them you can tell from your two ceilings without training
# (which?). And one guess: there are two models of neighbours, one with a hidden layer and one without (a *linear* one: one weight for each bigram, and their
# sum). What share of the hearsay pairs will the linear one get right?

# %% tags=["predict"]
predict("10.a", ...)  # a share from 0 to 1

# %% tags=["nbval-ignore-output"]
models = {
    "words": bag,
    "mean of vectors": Reader(None, pool="mean"),
    "neighbours, linear": Counting(neighbours, V * V, hidden=0),
    "neighbours, hidden layer": Counting(neighbours, V * V, hidden=64),
    "LSTM, last state": Reader(nn.LSTM, pool="last"),
    "LSTM, mean of states": Reader(nn.LSTM, pool="mean"),
}
for name, model in models.items():
    if name != "words":
        fit(model, loss, batches(*tensors(train)), steps=800, lr=0.01, title=name)

# %% tags=["folded", "nbval-ignore-output"]
on_pairs = {name: [accuracy(model, pairs[kind]) for kind in pairs] for name, model in models.items()}
fig, ax = plot.panels(1, 1, size=(8.5, 4.2))
plot.heatmap(
    list(on_pairs.values()),
    signed=False,
    scale="accuracy",
    limit=1.0,
    title="Six models on three kinds of pairs",
    ax=ax,
)
ax.set_xticks(range(3), list(pairs))
ax.set_yticks(range(6), list(on_pairs))
for row, shares in enumerate(on_pairs.values()):
    for column, share in enumerate(shares):
        ax.text(column, row, f"{share:.2f}", ha="center", va="center", color="white" if share > 0.6 else "black")
fig

# %% [markdown]
# The first two rows are all one half: a mean of *word vectors* is a bag in finer clothes. The last column is one half for all who count
# neighbours: your second ceiling. That makes eight. Where the ceiling of neighbours is 1, the model with the hidden layer comes close to it: on contrast and hearsay
# **no recurrence is needed**, two neighbouring words and a hidden layer will do.
#
# The *linear* one fails on the hearsay. `bad ,` must count against the film in "it was bad , though they said …" and for it in "they said it was bad , but …".
# One weight cannot do both; it takes a product of two things seen, and that is what a hidden layer is for.

# %% tags=["claim"]
outcome("10.a", round(on_pairs["neighbours, linear"][1], 2))
claim("neighbours, linear: at most 6 in 10 of the hearsay pairs", on_pairs["neighbours, linear"][1], at_most=0.6)
counted = min(on_pairs["neighbours, hidden layer"][:2])
claim("neighbours, hidden layer: at least 95 % of contrast and of hearsay pairs", counted, at_least=0.95)
lstm = min(on_pairs["LSTM, last state"] + on_pairs["LSTM, mean of states"])
claim("both LSTMs: at least 95 % of each kind of pairs", lstm, at_least=0.95)

# %% [markdown]
# The LSTM passes in all three columns, with either pooling: a mean of *states* knows order, since each state was made by reading what came
# before. So does order matter? As far as a window reaches, counting will do. But for every window there are sentences like our reports, with the same
# pieces in another order. A recurrent network has no window ([lesson 01](01_recurrence.ipynb)): what it can keep is limited by training, not by a width.
#
# ## Watching it read
#
# The read-out was trained on last states only, but we can apply it after every word, and watch the verdict form.
#
# **Before you run:** draw the two curves of each panel. From which word on do they part, and where do they end?


# %%
reader = models["LSTM, last state"]


def read_along(model, text):
    """The probability of "positive" after each word, (T,)."""
    with torch.no_grad():
        return model.readout(model.states(encode(text)[None]))[0, :, 0].sigmoid()


# %% tags=["folded", "nbval-ignore-output"]
frames = {"hearsay": "they said the film was {} , but it was {}"}
frames["report"] = "they said the film was {} . i said the film was {} ."
fig, axes = plot.panels(1, 2, size=(6, 3.9), sharey=True)
for ax, (kind, frame) in zip(axes, frames.items()):
    curves = {f"{a} … {b}": read_along(reader, frame.format(a, b)) for a, b in [("bad", "good"), ("good", "bad")]}
    plot.series(curves, x="word", y="probability of “positive”", title=f"{kind}, word by word", dots=True, ax=ax)
    ax.set_xticks(range(len(frame.split())), frame.format("1st", "2nd").split(), rotation=60)
fig

# %% [markdown]
# Until the first adjective the curves lie on each other: same words, same state. There they part, and they end on opposite sides. Did the
# *reviewer's* word put them there? Look at how far they have come before the second adjective. In our grammar the two adjectives always
# disagree, so "they said the film was bad" gives the verdict away, and a network takes the first clue that it gets. (Yours may wait for the second: nobody
# told it what to say in mid-sentence.) It did what the data reward, not what we meant.

# %% tags=["claim"]
ends = []
for frame in frames.values():
    ends.append(
        read_along(reader, frame.format("bad", "good"))[-1] - read_along(reader, frame.format("good", "bad"))[-1]
    )
claim("“bad … good” and “good … bad” end at least 0.8 apart, in both frames", min(ends), at_least=0.8)

# %% [markdown]
# ## And real sentences?
#
# Here are ten that we wrote, as people write. Words that the network has never met are left out, which is what many systems do.

# %%
written = {
    "the film was not without moving scenes": 1,
    "the acting was not good , it was brilliant": 1,
    "i thought it was good until the ending came": 0,
    "brilliant , if you like sitting in the cold": 0,
    "not one boring scene": 1,
    "how could they say that the film was bad ?": 1,
    "it was so bad that it was good again": 1,
    "the music was good . nothing else was": 0,
    "i had never seen such a good film": 1,
    "the ending was anything but stale": 1,
}

# %% tags=["folded", "nbval-ignore-output"]
right = 0
for text, label in written.items():
    known = " ".join(word for word in text.split() if word in VOCABULARY)
    probability = read_along(reader, known)[-1].item()
    right += (probability > 0.5) == (label == 1)
    print(f"{label}  {probability:.2f}  {text}   →   {known}")
print("right:", right, "of", len(written))

# %% [markdown]
# We chose them to be hard, so the share tells nothing about English at large; it tells that the test above told nothing about it either. The network masters five
# kinds of sentence. It has never met "without", irony, or two adjectives that agree. Nor do the words that were left out leave a gap that it could see.

# %% tags=["claim"]
claim("of our ten real sentences the network gets at most seven right", right, at_most=7)

# %% [markdown]
# ## What do the gates cost?
#
# An LSTM has four blocks of weights where a plain RNN has one, a GRU has three ([lesson 08](08_gru.ipynb)). Is the price worth paying here? We compare them
# with the same H, and give the plain RNN two more chances: as many weights as the LSTM has, and smaller learning steps, which suit it better.

# %% tags=["nbval-ignore-output"]
layers = {"LSTM": reader, "GRU": Reader(nn.GRU), "RNN": Reader(nn.RNN), "RNN, as many weights": Reader(nn.RNN, H=72)}
rates = {"GRU": 0.01, "RNN": 0.003, "RNN, as many weights": 0.003}
on_test = {}
for name, model in layers.items():
    if name in rates:
        fit(model, loss, batches(*tensors(train)), steps=800, lr=rates[name], title=name)
    weights = sum(parameter.numel() for parameter in model.layer.parameters())
    on_test[name] = accuracy(model, test)
    print(f"{name:21}{weights:6} weights   right: training {accuracy(model, train):.3f}, test {on_test[name]:.3f}")

# %% [markdown]
# All four know their training set by heart. The gated layers know the rule, too. What the plain RNN makes of *fresh* sentences depends on the seed: nearly all right in
# one run, one in five wrong in the next. (With the LSTM's learning rate it is worse: of five runs of ours one did not even learn its training set.) So what the three or four blocks buy here is
# not a better best run. It is that you can rely on it. Run again with another number in `seed(10)`, and see.

# %% tags=["claim"]
gated = min(on_test["LSTM"], on_test["GRU"])
claim("LSTM and GRU: at least 95 % of the test right", gated, at_least=0.95)

# %% [markdown]
# ## What padding does if you let it
#
# Our `Reader` takes the last *valid* state. (torch's own way to the same end is **packing**, `pack_padded_sequence`.) The careless way is `h[:, -1]`, the last
# *column*, padding and all.
#
# **Before you run:** the padding's vectors are zero. How much can a few steps of it change a score? And how many of a hundred verdicts?

# %%
tokens, lengths, labels = tensors(test)
with torch.no_grad():
    careful = reader(tokens, lengths)
    careless = reader.readout(reader.states(tokens)[:, -1]).squeeze(1)
moved = (careful - careless).abs().max()
changed = ((careful > 0) != (careless > 0)).float().mean()

# %% [markdown]
# A zero vector is not nothing: the LSTM takes a step with it; its biases and its old state still act. So the careless score depends on
# which longer review happened to share the batch. The nasty part: most *verdicts* stay. The network has learnt to
# hold its opinion over an aside, and padding may pass for one; nothing in the training asked for that. With many seeds hardly any verdict changes, with some a good part
# of them does. So the accuracy may look fine, and the bug lives on. [Lesson 27](27_debugging.ipynb) catches it with a gradient.

# %% tags=["claim"]
claim("with h[:, -1] some score moves by more than 3", moved, at_least=3.0)
claim("and yet most verdicts stay: at most 4 in 10 change", changed, at_most=0.4)

# %% [markdown]
# ## Learning by heart
#
# So far the labels were right and the examples many. Real reviewers slip: let one in five click the wrong button, and give
# the network 800 short reviews. Two things can now be learnt: the rule, which explains four labels in five, and the list of
# exceptions, which helps with nothing new. Learning the exceptions is **overfitting**.
#
# What is the best loss on fresh labels of this sort? Even someone who knows every true verdict is wrong about one in five. The best
# they can say is "four to one", which costs $-0.8 \ln 0.8 - 0.2 \ln 0.2$ nats: a floor, as in [lesson 01](01_recurrence.ipynb).


# %%
def with_slips(some_reviews, noise):
    """Their tensors with one label in five flipped, and which ones: (N,) bool."""
    tokens, lengths, labels = tensors(some_reviews)
    flipped = torch.rand(len(labels), generator=noise) < 0.2
    return (tokens, lengths, torch.where(flipped, 1 - labels, labels)), flipped


noise = generator(60)
noisy_train, slips = with_slips(reviews(800, asides=0, generator=noise, part="train"), noise)
noisy_validation, _ = with_slips(reviews(500, asides=0, generator=noise, part="validation"), noise)
fresh = reviews(1000, asides=0, generator=noise, part="test")  # with their true labels
odds = torch.tensor([0.8, 0.2])
floor = -(odds * odds.log()).sum()

# %% [markdown]
# The first remedy: look at a **validation set** now and then, and stop when it gets worse. Curves wobble, so have
# **patience**: stop when so many looks *in a row* have brought no new best, and go back to the weights of the best.
#
# ### Exercise 10.4 · Where to stop (12 min, ●●○)
#
# *Goal:* where training stops, and which weights to keep. *Given:* the validation losses in order, and the patience. The first look is the
# first best. A new best is *lower* than all before, by however little; a tie is none. If training is never stopped, it ends with the last look.
# *Done when* the check says ✓.


# %% tags=["exercise"]
def early_stop(validations, patience):
    """Early stopping.

    validations: list of losses, one for each look at the validation set. patience: stop after so many in a row without
    a new best. Returns (stopped, best): indices, from 0, of the last look and of the lowest loss up to there (of
    equal ones, the first).
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
early_stop = exercise("10.4", early_stop)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Walk through the list and remember the index of the best so far. What does the distance from there to now tell you?
# </details>
# <details><summary>Fuller hint</summary>
#
# `if value < validations[best]: best = now`, then `if now - best >= patience: return now, best`. After the loop, return the last index and the best.
# </details>
#
# The second remedy is **dropout**: in training, each number of the word vectors and of the last state is set to zero with probability ½
# (and the rest doubled), at random, anew each time. A rule survives that, since many words and units carry it. A memory of one
# particular review rests on a few numbers, and does not.
#
# **Before you run:** two networks train for 600 steps, one without dropout, one with. Sketch both validation curves, and the floor. And: what share of the wrong
# training labels will the network without dropout repeat at the end?

# %% tags=["predict"]
predict("10.b", ...)  # a share from 0 to 1

# %% tags=["nbval-ignore-output"]
histories, networks = {}, {}
for name, dropout in {"no dropout": 0.0, "dropout ½": 0.5}.items():
    model = networks[name] = Reader(dropout=dropout)
    look = {"validate": lambda model: loss(model, *noisy_validation), "every": 20, "restore_best": False}
    histories[name] = fit(model, loss, batches(*noisy_train), steps=600, lr=0.01, title=name, **look)
curves = {name: history.validations for name, history in histories.items()}
steps = histories["no dropout"].validation_steps
stopped, best = early_stop(curves["no dropout"], patience=5)
axes_of = {"x": "training step", "y": "validation loss (nats)", "levels": {"floor": floor}}
plot.series(curves, steps, marks=[steps[best], steps[stopped]], **axes_of, title="Two validation curves")

# %% [markdown]
# Without dropout the curve falls, then climbs. The dotted lines belong to it: its best look, and where a patience of 5 stops. With dropout, learning
# takes longer to begin, and then stays near the floor.

# %% tags=["claim"]
plain, dropped = curves["no dropout"], curves["dropout ½"]
claim("without dropout the loss climbs by at least 0.2 nats from its best", plain[-1] - min(plain), at_least=0.2)
late = sum(dropped[-10:]) / 10 - floor
claim("with dropout, its last ten looks are within 0.08 nats of the floor, on average", late, at_most=0.08)

# %% [markdown]
# What did the first network learn after its best look? Ask three networks two things: how many of the *wrong* training labels they repeat, and
# how many fresh reviews, with their *true* labels, they get right. The third is the first one at its best look (`fit` has kept its weights).

# %%
networks["stopped"] = Reader()
networks["stopped"].load_state_dict(histories["no dropout"].best_weights)
true, repeated = {}, {}
for name, model in networks.items():
    true[name] = accuracy(model, fresh)
    with torch.no_grad():
        follows = (model(noisy_train[0], noisy_train[1]) > 0) == (noisy_train[2] > 0.5)
    repeated[name] = follows[slips].float().mean().item()

# %% tags=["folded", "nbval-ignore-output"]
names = {
    "no dropout": "no dropout\nto the end",
    "dropout ½": "dropout ½\nto the end",
    "stopped": "no dropout\nstopped",
}
left, right_bars = {names[name]: repeated[name] for name in names}, {names[name]: true[name] for name in names}
fig, axes = plot.panels(1, 2, size=(6, 3.6))
plot.bars(left, y="share repeated", title="Wrong labels of the training set", ax=axes[0])
plot.bars(right_bars, y="accuracy", title="Fresh reviews, true labels", ax=axes[1])
fig

# %% [markdown]
# It learnt the *wrong* labels by heart (left), and pays for it on fresh reviews (right). Stopped at its best, or with dropout, it repeats fewer of
# them and judges better. Neither remedy is magic: early stopping needs labels set aside, dropout needs more steps.

# %% tags=["claim"]
outcome("10.b", round(repeated["no dropout"], 2))
claim(
    "to the end without dropout: more than half of the wrong labels are repeated", repeated["no dropout"], at_least=0.5
)
saved = min(true["dropout ½"], true["stopped"]) - true["no dropout"]
claim("either remedy gets at least 0.04 more of the fresh reviews right", saved, at_least=0.04)

# %% [markdown]
# ## What you can now do
#
# - **Many to one**: words → tokens → padding and mask → vectors → recurrent layer → one state → one score. Last valid state and masked mean both
#   serve; the padding must be kept out of both.
# - **Order matters** where the same pieces can mean two things. Equal counts in, equal answer out: of such a pair, any model of counts gets one half,
#   be the pieces words or neighbours. A recurrent network reads them in order, and passes.
# - **Learning by heart** shows in the validation loss: it falls, then climbs. Stop at its lowest point, or use dropout. And a test tells something only
#   if it shares nothing with training.
#
# *Where people use this:* reviews, support mail, alarms in logs, whether a heartbeat is normal. *Where it fails:* on sentences unlike its training, as you saw. And it
# gives no reasons: *which* words moved the verdict? Here we know which should: [lesson 25](25_trusting_maps.ipynb) asks the gradients.

# %% [markdown]
# <details><summary>Test yourself: would counting three neighbouring words (trigrams) tell the two reports apart?</summary>
#
# Yes, barely: `was bad .` and `was good .` stand in both, but `bad . i` stands in one alone. Put any sentence between the two reports, "they said it was bad . it did rain .
# i said it was good . it did rain .", and trigrams are blind again. A longer sentence in between defeats any fixed window.
# </details>
# <details><summary>Test yourself: why can no linear model of neighbours get all hearsay pairs right, however it is trained?</summary>
#
# In "they said it was bad , but it was good" the word before the comma is theirs; in "it was good , though they said it was bad" it is the reviewer's. Exchange the adjectives: the sum
# of weights changes by the same amount in both, with opposite signs. What is right in the first form is wrong in the second.
# </details>
# <details><summary>Test yourself: a validation curve is flat for 200 steps, then falls. What does a patience of 5 looks, 20 steps apart, do?</summary>
#
# It may stop on the plateau, before anything was learnt. Patience must outlast the start. Look at the beginning of the dropout curve above.
# </details>
#
# *Further reading.* B. Pang, L. Lee, S. Vaithyanathan, "Thumbs up? Sentiment classification using machine learning techniques", *EMNLP* (2002).
# S. Wang, C. Manning, "Baselines and bigrams: simple, good sentiment and topic classification", *ACL* (2012).
# N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", *JMLR* 15 (2014). L. Prechelt, "Early stopping —
# but when?", *Neural Networks: Tricks of the Trade* (1998).
