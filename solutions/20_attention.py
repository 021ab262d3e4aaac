# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 20 · Attention
#
# **How can a network look back at what it has read?**
#
# After this lesson you will be able to
# - draw attention and write it: query, keys, values, scores, softmax, context, in its dot-product and its additive form,
# - read an **alignment**, find in it where German turns the order round, and test what a weight is worth by hiding a word,
# - mask the padding, and say what attention costs and how it becomes self-attention.
#
# Needs: [lesson 19](19_encoder_decoder.ipynb) (encoder, decoder, teacher forcing, greedy decoding). About 90 minutes. Mapping: encoder-decoder, with attention.

# %%
import torch
from torch import nn
from lstmkit import claim, device, exercise, fit, generator, outcome, plot, predict, seed
from lstmkit.data.number_words import spell
from lstmkit.data.text import Vocabulary
from lstmkit.models import Encoder, EncoderDecoder, greedy

# %% [markdown]
# ## From memory
#
# English number words are read one by one, the German word is written letter by letter. Look for the place where German turns
# the order round: English says *forty five*, German *fünf·und·vierzig*, five and forty.

# %%
seed(20)
here = device()
numbers = []
for lowest in (100, 1_000, 10_000):  # 900 different numbers with 3, 4 and 5 digits each
    drawn = torch.randperm(9 * lowest, generator=generator(lowest))[:900]
    numbers += (lowest + drawn).tolist()
shuffled = torch.randperm(2700, generator=generator(20)).tolist()
english = [spell(numbers[n])[0] for n in shuffled]  # lists of words
german = [spell(numbers[n])[1] for n in shuffled]  # strings
print(" ".join(spell(345)[0]), "→", spell(345)[1])

# %%
known, test = slice(2100), slice(2100, 2700)
source, target = Vocabulary(english[known]), Vocabulary(german[known])
x, lengths = source.encode(english)
y, _ = target.encode(german, wrap=True)  # <start>, letters, <end>, padding

# %% [markdown]
# The encoder of [lesson 19](19_encoder_decoder.ipynb) reads the words. Its last state, $h$ and $c$, is the whole message: the decoder starts from it and
# writes up to fifty letters without seeing a word again. Training is teacher forcing.


# %%
def translation_loss(model, x, lengths, y):
    """Mean cross-entropy per real letter, in nats. y, (N, T), begins with <start>."""
    logits = model(x, lengths, y[:, :-1])
    return nn.functional.cross_entropy(logits.flatten(0, 1), y[:, 1:].flatten(), ignore_index=0)


def train(model, x, lengths, y, steps, title):
    """Batches of 64, Adam; the step size rises to 0.01, then falls to 0."""

    def batch():
        rows = torch.randint(len(x), (64,))
        return x[rows].to(here), lengths[rows], y[rows].to(here)

    def rise_and_fall(optimizer):
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=steps, pct_start=0.1)

    fit(model, translation_loss, batch, steps=steps, clip=1.0, schedule=rise_and_fall, title=title)


# %% [markdown]
# The test: 600 numbers that training has not seen, written by greedy decoding. **Exact match** is the share of words without any mistake. We sort
# them by length, from the shortest German word to the longest, and take six groups of a hundred.


# %%
def write(model, x, lengths, target, mask=None):
    """What the model writes, letter by letter. mask: (N, T_x), instead of the encoder's own."""
    state = model.encode(x.to(here), lengths)
    if mask is not None:
        state = state._replace(mask=mask.to(here))
    return [target.decode(row) for row in greedy(model.decode.step, state, max_length=60).tokens]


word_lengths = torch.tensor([len(word) for word in german[test]])
from_short = word_lengths.argsort(stable=True)
group_length = word_lengths[from_short].view(6, 100).float().mean(1)


def by_length(written):
    """Exact match in each of the six groups, (6,)."""
    right = torch.tensor([float(a == b) for a, b in zip(written, german[test])])
    return right[from_short].view(6, 100).mean(1)


# %% [markdown]
# **Before you run:** of the hundred longest words, which share will this network write without a mistake? And of the hundred shortest?

# %% tags=["predict"]
predict("20.a", ...)  # exact match in the longest group, a share between 0 and 1

# %% tags=["nbval-ignore-output"]
H = 64
alone = EncoderDecoder(len(source), len(target), H).to(here)
train(alone, x[known], lengths[known], y[known], 800, "LSTM, last state alone")
exact = {"LSTM, last state alone": by_length(write(alone, x[test], lengths[test], target))}
axes = {"x": "letters of the German word", "y": "exact match", "dots": True}
plot.series(exact, group_length, **axes, title="Unseen numbers, by length")

# %% [markdown]
# Short words come out right much more often than long ones, and of the longest most are wrong. (Two things fall together here: of the three-digit numbers, whose words are short,
# training has also seen most of the neighbours.) [Lesson 19](19_encoder_decoder.ipynb) asks what goes through the one vector, and what more training would do. Here we take another way: let nobody have to
# remember.

# %% tags=["claim"]
alone_exact = exact["LSTM, last state alone"]
outcome("20.a", alone_exact[-1])
claim("of the hundred longest words, the message alone gives at most half", alone_exact[-1], at_most=0.5)
claim(
    "the shortest group is right at least 1.6 times as often as the longest",
    alone_exact[0] / alone_exact[-1],
    at_least=1.6,
)

# %% [markdown]
# ## Keep everything, and choose
#
# A person who translates does not read once and then close the book. So the encoder keeps its hidden state after *every* word: the **memory** $m_1 \dots m_{T_x}$.
# And every letter may look at all of it.
#
# Think of a shelf. You come with a question: the **query**. Each book has a label on its spine, the **key**, and something inside, the **value**. You compare your question with
# the labels; what you take home is what is inside. Attention opens *all* books at once, each as far as its label fits. In the picture a decoder is about to write *dreihundert*.
# (The scores are made up.) Read it from the bottom to the top, and follow the green lines: what do they carry, and what decides how much of it?

# %% tags=["nbval-ignore-output"]
plot.attention("three hundred and forty five".split(), [4, 1, 0, 1, 0], writing="dreihundert")

# %% [markdown]
# Each state plays two parts. As a key it is scored against the query. As a value it goes into the mean; how much of it goes in, its weight decides. In formulas, for letter $t$ and word $s$:
#
# $$k_s = W m_s, \quad v_s = m_s, \qquad e_{ts} = \frac{q_t \cdot k_s}{\sqrt H}, \qquad \alpha_{ts} = \frac{\exp e_{ts}}{\sum_{s'} \exp e_{ts'}}, \qquad \bar m_t = \sum_s \alpha_{ts}\, v_s$$
#
# | symbol | variable | shape |
# |---|---|---|
# | $m_s$, memory; here also the values $v_s$ | `memory` | (N, T_x, H) |
# | $k_s$, keys: the memory times a learnt matrix | `keys` | (N, T_x, H) |
# | $q_t$, queries: the decoder's state at each letter | `q` | (N, T_y, H) |
# | real word or padding | `mask` | (N, T_x), True for a real word |
# | $\alpha_{ts}$, weights, the softmax of the scores $e_{ts}$ | `weights` | (N, T_y, T_x) |
# | $\bar m_t$, context | `context(…)` | (N, T_y, H) |
#
# This is **dot-product attention**. Everything in it can be differentiated, so *where to look* is learnt like everything else. Why $\sqrt H$? A sum of H
# products of independent numbers of size 1 has a size of about $\sqrt H$. Undivided, such scores would let the softmax pick one word before anything is learnt, and where a softmax is certain its gradient is close to zero. (An LSTM's states are smaller than 1; here it mostly goes well without the root, too.)

# %% [markdown]
# ### Exercise 20.1 · The weights (10 min, ●●○)
#
# *Goal:* the weights of dot-product attention, for a whole batch. *Given:* `q`, `keys`, and `mask`, which is True at real words. Padding must get a weight of
# *exactly* 0, and each row must sum to 1. No loop is needed. *Done when* the check says ✓.


# %% tags=["exercise"]
def dot_weights(q, keys, mask):
    """Weights of scaled dot-product attention.

    q: (N, T_y, H). keys: (N, T_x, H). mask: (N, T_x) bool, False at padding. Returns (N, T_y, T_x); each row sums to 1.
    """
    ### BEGIN SOLUTION
    scores = q @ keys.transpose(1, 2) / q.shape[2] ** 0.5
    return scores.masked_fill(~mask[:, None], -torch.inf).softmax(2)
    ### END SOLUTION


# %% tags=["check"]
dot_weights = exercise("20.1", dot_weights)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Three steps: all dot products in one matrix product, divided by √H; then hide the padding *before* the softmax; then the softmax, over the axis of the words.
# Which score becomes a weight of exactly 0?
# </details>
# <details><summary>Fuller hint</summary>
#
# `q @ keys.transpose(1, 2)` has shape (N, T_y, T_x). `scores.masked_fill(~mask[:, None], -torch.inf)` gives the padding the score −∞, and
# $e^{-\infty} = 0$; `[:, None]` adds the axis of the letters. The words are on axis 2.
# </details>
#
# ### Exercise 20.2 · The context (4 min, ●○○)
#
# *Goal:* the mean of the values under each letter's weights. *Given:* `weights` and `values`. *Done when* the check says ✓.


# %% tags=["exercise"]
def context(weights, values):
    """What each letter gets to see.

    weights: (N, T_y, T_x), rows sum to 1. values: (N, T_x, H). Returns (N, T_y, H).
    """
    ### BEGIN SOLUTION
    return weights @ values
    ### END SOLUTION


# %% tags=["check"]
context = exercise("20.2", context)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Look at the shapes: which axis disappears? A matrix product sums over that axis, for each member of the batch.
# </details>
# <details><summary>Fuller hint</summary>
#
# `(N, T_y, T_x) @ (N, T_x, H)` has shape (N, T_y, H). The weights sum to 1 already, so the sum is the mean.
# </details>
#
# ## A decoder that looks back
#
# Your two functions go into the decoder. After its LSTM step it looks back, joins what it found to its own state, and only then says a letter (Luong et al.,
# 2015): $\tilde q_t = \tanh(C\,[q_t; \bar m_t] + b)$. The logits are read from $\tilde q_t$.
#
# | symbol | variable | shape |
# |---|---|---|
# | the encoder's last $h$ and $c$, its memory and mask | `state.h`, `state.c`, `state.memory`, `state.mask` | (N, H) twice, (N, T_x, H), (N, T_x) |
# | $[q_t; \bar m_t]$ | `torch.cat([q, seen], 2)` | (N, T_y, 2H) |
# | logits | first result of `look` | (N, T_y, V) |
#
# In training the LSTM runs over all letters, and all look back at once; `step` does one letter, for writing. The encoder is the old one: it has kept its states as `memory` all along.


# %%
class LookingBack(nn.Module):
    """An LSTM that looks back at the memory before it says a letter."""

    def __init__(self, V, H, attention):
        super().__init__()
        self.embed = nn.Embedding(V, H)
        self.lstm = nn.LSTM(H, H, batch_first=True)
        nn.init.ones_(self.lstm.bias_hh_l0[H : 2 * H])  # forget gates begin open
        self.attention = attention
        self.join = nn.Linear(2 * H, H)
        self.read = nn.Linear(H, V)

    def look(self, fed, state):
        """fed: letters, (N, T_y). Returns logits (N, T_y, V), the state after the last letter, the weights."""
        q, (h, c) = self.lstm(self.embed(fed), (state.h[None], state.c[None]))
        weights = self.attention(q, state.memory, state.mask)
        seen = context(weights, state.memory)
        logits = self.read(torch.tanh(self.join(torch.cat([q, seen], 2))))
        return logits, state._replace(h=h[0], c=c[0]), weights

    def step(self, fed, state):
        logits, state, _ = self.look(fed[:, None], state)
        return logits[:, 0], state


# %%
class Dot(nn.Module):
    """Dot-product attention: the keys are the memory times a learnt matrix W."""

    def __init__(self, H):
        super().__init__()
        self.W = nn.Linear(H, H, bias=False)

    def forward(self, q, memory, mask):
        return dot_weights(q, self.W(memory), mask)


class Translator(nn.Module):
    """The encoder as it was, and a decoder that looks back."""

    def __init__(self, words, letters, H, attention):
        super().__init__()
        self.encode = Encoder(words, H)
        self.decode = LookingBack(letters, H, attention)

    def forward(self, x, lengths, fed):
        return self.decode.look(fed, self.encode(x, lengths))[0]


# %% [markdown]
# It gets 300 steps where the network without attention had 800. **Before you run:** where will the new curve lie, and how much will it lose from the
# short words to the long ones?

# %% tags=["nbval-ignore-output"]
dot = Translator(len(source), len(target), H, Dot(H)).to(here)
train(dot, x[known], lengths[known], y[known], 300, "dot-product attention")
exact["attention, dot product"] = by_length(write(dot, x[test], lengths[test], target))
plot.series(exact, group_length, **axes, title="Unseen numbers, by length")

# %% [markdown]
# The new curve lies at the top, and it does not fall: whatever a letter needs is one look away, however long ago it was read.

# %% tags=["claim"]
dot_exact = exact["attention, dot product"]
claim("with attention the exact match over all groups is at least 0.96", dot_exact.mean(), at_least=0.96)
claim("from the shortest group to the longest it loses at most 0.04", dot_exact[0] - dot_exact[-1], at_most=0.04)

# %% [markdown]
# ## The other form: additive attention
#
# A dot product is one way to ask how well two vectors fit. The first attention in translation (Bahdanau et al., 2014) asked a small network with one hidden
# layer. It adds query and key, bends the sum, and reads a score from it with a learnt vector $a$:
#
# $$e_{ts} = a \cdot \tanh(W q_t + b + U m_s)$$
#
# Softmax, mask and context stay as they are. Here $W q_t + b$ is the query and $U m_s$ the key, both of size H.
#
# ### Exercise 20.3 · Additive weights (8 min, ●●○)
#
# *Goal:* the weights of additive attention. *Given:* `q` ($W q_t + b$ is already done) and `keys` ($U m_s$), `a`, and `mask`. No $\sqrt H$ here, and no loop. *Done when* the check says ✓.


# %% tags=["exercise"]
def additive_weights(q, keys, a, mask):
    """Weights of additive attention.

    q: (N, T_y, H). keys: (N, T_x, H). a: (H,). mask: (N, T_x) bool, False at padding. Returns (N, T_y, T_x).
    """
    ### BEGIN SOLUTION
    pairs = torch.tanh(q[:, :, None] + keys[:, None])  # every letter with every word: (N, T_y, T_x, H)
    scores = pairs @ a
    return scores.masked_fill(~mask[:, None], -torch.inf).softmax(2)
    ### END SOLUTION


# %% tags=["check"]
additive_weights = exercise("20.3", additive_weights)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Every letter meets every word, so the sum has four axes, (N, T_y, T_x, H). Give `q` an axis of size 1 for the words and `keys` one for the letters; adding them does the rest.
# </details>
# <details><summary>Fuller hint</summary>
#
# `pairs = torch.tanh(q[:, :, None] + keys[:, None])`, and `pairs @ a` sums over H. From there on it is the end of 20.1.
# </details>


# %%
class Additive(nn.Module):
    """Additive attention: a small network scores each pair of letter and word."""

    def __init__(self, H):
        super().__init__()
        self.W, self.U = nn.Linear(H, H), nn.Linear(H, H, bias=False)
        self.a = nn.Parameter(torch.randn(H) / H**0.5)

    def forward(self, q, memory, mask):
        return additive_weights(self.W(q), self.U(memory), self.a, mask)


# %% tags=["nbval-ignore-output"]
additive = Translator(len(source), len(target), H, Additive(H)).to(here)
train(additive, x[known], lengths[known], y[known], 300, "additive attention")
additive_exact = by_length(write(additive, x[test], lengths[test], target))

# %% [markdown]
# The same task, the same steps, and no figure: the third curve would hide behind the second. On these numbers the form does not matter.

# %% tags=["claim"]
claim("additive attention: exact match over all groups at least 0.96", additive_exact.mean(), at_least=0.96)

# %% [markdown]
# ## Where does it look?
#
# For each letter the weights say which words its context was made of: an **alignment** of the two languages. Nobody has given it to the network.
#
# ### Exercise 20.4 · Where will it look? (4 min, ●●○)
#
# *Goal:* a prediction, before you see any weight. *Given:* a network reads *three hundred and forty five* and writes *dreihundert·fünf·und·vierzig*. Which English word
# gets the largest weight, most often, when it is about to write the **f** of *fünf*, the **u** of *und*, the **v** of *vierzig*? Answer with English words, in quotes; a word may be used twice. *Done when* the
# check says ✓.

# %% tags=["exercise"]
looks_at = {"f": ..., "u": ..., "v": ...}
### BEGIN SOLUTION
looks_at = {"f": "five", "u": "five", "v": "forty"}
### END SOLUTION

# %% tags=["check"]
looks_at = exercise("20.4", looks_at)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Two are a matter of German. For the *u*, ask what the network has to know at that moment: it has written *fünf*. The word could end here; it could
# be *fünfzig* or *fünfzehn*. And the memory of a word is an LSTM's state: it knows all words *before* it, too.
# </details>
# <details><summary>Fuller hint</summary>
#
# There are two *and*s in this story. The English one joins *hundred* and *forty*; the German one joins five and forty. The network needs to know that *fünf* is
# complete and that tens were read before it. One word's state knows both.
# </details>
#
# Now look, at one test number with two inversions: each column is a letter, each row an English word; dotted lines stand where a new part of the number begins.
# **Before you run:** without inversions the dark fields would run down to the right like a staircase. What will an inversion look like? And will the two networks, which write alike, look alike?

# %% tags=["folded"]
import re

ONES = "one two three four five six seven eight nine".split()
names = {spell(n)[0][0]: spell(n)[1] for n in [*range(1, 20), *range(20, 100, 10)]} | {"one": "ein"}
part = re.compile("|".join(sorted(names.values(), key=len, reverse=True)))  # the longest first: dreizehn before drei
starts = [[match.start() for match in part.finditer(word)] for word in german[test]]  # where each part begins
unds = [
    [match.end() for match in part.finditer(word) if word[match.end() :].startswith("und")] for word in german[test]
]


def swapped(words):
    """Where German turns the order round: pairs (place of the ones, place of the tens) in the English words."""
    return [(k + 1, k) for k in range(len(words) - 1) if words[k].endswith("ty") and words[k + 1] in ONES]


# %%
@torch.no_grad()
def look_at_all(model):
    """The weights of all test numbers, the right letters fed: (600, T_y, T_x)."""
    state = model.encode(x[test].to(here), lengths[test])
    return model.decode.look(y[test, :-1].to(here), state)[2].cpu()


alignments = {"additive": look_at_all(additive), "dot product": look_at_all(dot)}

# %% tags=["folded", "nbval-ignore-output"]
twice = [n for n in range(600) if len(swapped(english[test][n])) == 2 and "hundred" in english[test][n]]
shown = min(twice, key=lambda n: len(german[test][n]))
fig, panels = plot.panels(2, 1, size=(12, 3.5))
for ax, form in zip(panels, alignments):
    plot.alignment(alignments[form][shown], english[test][shown], german[test][shown], starts[shown], title=form, ax=ax)
fig

# %% [markdown]
# Follow the dark fields above. Twice the staircase goes one word *too far down*, to the ones, and then one up again, to the tens: five-and-forty. Now look for *und*: at its first
# letter the dark is mostly still in the row of the *ones*, not in that of the English *and*. Inside *hundert* and *tausend* the columns are paler: there the next letter
# follows from the letters before.
#
# Below, the other network: the staircase and its steps back are there as well, and between them much is different. *Where* a thing is read off is a habit of each network.
#
# ### Exercise 20.5 · Find the inversions (8 min, ●●○)
#
# *Goal:* find, from the weights alone, where German turns the order round. *Given:* the `weights` of one number, (T_y, T_x), and `starts`, a list of rows: the first letters of its parts.
# For each part take the word with the largest weight at its first letter. Wherever a part looks at an *earlier* word than the part before it, return the pair of
# word numbers: (looked at first, looked at next). *Done when* the check says ✓.


# %% tags=["exercise"]
def inversions(weights, starts):
    """The places where the alignment steps back.

    weights: (T_y, T_x). starts: rows of weights, in order. Returns a list of pairs of word numbers (ints), [] if there are none.
    """
    ### BEGIN SOLUTION
    looked = weights[starts].argmax(1).tolist()
    found = []
    for k in range(len(looked) - 1):
        if looked[k + 1] < looked[k]:
            found.append((looked[k], looked[k + 1]))
    return found
    ### END SOLUTION


# %% tags=["check"]
inversions = exercise("20.5", inversions)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `weights[starts]` picks the rows of the first letters. Which axis of it has the words? Then compare each part with the *next* one.
# </details>
# <details><summary>Fuller hint</summary>
#
# `looked = weights[starts].argmax(1).tolist()` is a list of word numbers. Walk over `range(len(looked) - 1)` and compare `looked[k]` with `looked[k + 1]`.
# </details>
#
# One number is an anecdote. So read all six hundred alignments, of both networks. Each has found the dictionary, from nothing but pairs of whole numbers: the first letter of a part looks at the word that means it, or at the word
# *behind* it, whose state has read it, too. And German's inversions stand in the weights.

# %% tags=["claim"]
near, counted, on_ones = [], [], []
for form in alignments:
    for n in range(600):
        words, looked = english[test][n], alignments[form][n].argmax(1).tolist()
        meant = [match.group() for match in part.finditer(german[test][n])]
        for t, name in zip(starts[n], meant):
            near.append(name in [names.get(word) for word in words[max(looked[t] - 1, 0) : looked[t] + 1]])
        on_ones += [words[looked[t]] in ONES for t in unds[n]]
        counted.append(len(inversions(alignments[form][n], starts[n])) == len(swapped(words)))
claim("a part's first letter looks at the word that means it or the next", sum(near) / len(near), at_least=0.98)
claim("your function finds as many inversions as there are", sum(counted) / len(counted), at_least=0.95)
claim("at the u of und the largest weight is on the ones", sum(on_ones) / len(on_ones), at_least=0.65)

# %% [markdown]
# ## What does a weight prove?
#
# It says where the context came *from*. Does the letter depend on it? Do not argue: hide the word. The mask can do it. For each *und* of the test words we hide one
# word, either the ones or the tens, and ask how often *u* is still the likeliest next letter.


# %%
@torch.no_grad()
def still_u(model, rows, places, hidden):
    """Share of `und`s whose u is still the likeliest letter when a word is hidden.

    rows: numbers of test words. places: of the u in each. hidden: the word to hide in each, or None.
    """
    state = model.encode(x[test][rows].to(here), lengths[test][rows])
    if hidden is not None:
        state.mask[range(len(rows)), hidden] = False
    logits = model.decode.look(y[test][rows, :-1].to(here), state)[0]
    return (logits[range(len(rows)), places].argmax(1) == target.number["u"]).float().mean().item()


# %% tags=["folded"]
rows, places, ones, tens = [], [], [], []
for n in range(600):
    for t, (unit, ten) in zip(unds[n], swapped(english[test][n])):
        rows.append(n)
        places.append(t)
        ones.append(unit)
        tens.append(ten)

# %% tags=["nbval-ignore-output"]
for name, model in {"additive": additive, "dot product": dot}.items():
    kept, without_ones, without_tens = [round(still_u(model, rows, places, word), 2) for word in (None, ones, tens)]
    print(f"{name}: nothing hidden {kept}, ones hidden {without_ones}, tens hidden {without_tens}")

# %% [markdown]
# Without the ones more than a third of the *und*s are lost; without the tens fewer, mostly hardly any. So at *und* both networks *use* the state of the ones, as the alignment suggests. And the English *forty*, without which there would be no
# *und*? It has left its trace elsewhere: *five* was read after it, and so was all that the decoder starts from. Weights raise a question; an intervention, or a gradient ([lesson 22](22_output_gradients.ipynb)), answers it.

# %% tags=["claim"]
lost = {}
for word, hidden in {"ones": ones, "tens": tens}.items():
    lost[word] = [1 - still_u(model, rows, places, hidden) for model in (additive, dot)]
claim("hiding the ones loses at least a third of the unds, in either network", min(lost["ones"]), at_least=0.33)
less = min(one - ten for one, ten in zip(lost["ones"], lost["tens"]))
claim("hiding the tens loses fewer, in either network", less, at_least=0.02)
real = y[test, 1:] > 0
agree = (alignments["additive"].argmax(2) == alignments["dot product"].argmax(2))[real].float().mean()
claim("the two forms agree on the largest weight for at most three letters of four", agree, at_most=0.75)

# %% [markdown]
# ## The padding mask, left out
#
# Numbers have different lengths, so a batch has padding. The encoder never reads it: its memory there is a row of zeros. What harm can zeros do? In the experiment below the mask is True
# everywhere, as if you had forgotten it when writing. And the batch gets some more columns of padding, as if one much longer sentence had joined it.
#
# **Before you run:** with sixty more columns of zeros, will the exact match of the dot-product network fall not at all, a little (less than `0.2`), or a lot?

# %% tags=["predict"]
predict("20.b", ...)  # "not at all", "a little" or "a lot"


# %% tags=["nbval-ignore-output"]
def padded(columns, masked):
    """Exact match of the dot-product network when the batch has so many more columns of padding."""
    longer = nn.functional.pad(x[test], (0, columns))
    mask = longer > 0 if masked else torch.ones(longer.shape, dtype=torch.bool)
    return by_length(write(dot, longer, lengths[test], target, mask)).mean().item()


extra = [0, 10, 20, 40, 60]
rates = {"attention, masked": [padded(columns, True) for columns in extra]}
rates["no mask"] = [padded(columns, False) for columns in extra]
axes["x"] = "additional columns of padding"
plot.series(rates, extra, **axes, title="The dot-product network, with and without its mask")

# %% [markdown]
# A lot. A memory of zeros has the *score* zero in the dot product, and that is no *weight* of zero: $e^0 = 1$. Each column takes its share of every row, and the real words' part of the context shrinks.
# No error is raised, and with the batch's own padding alone most words still come out right. Then, one day, a long sentence joins the batch.

# %% tags=["claim"]
fall = rates["attention, masked"][-1] - rates["no mask"][-1]
outcome("20.b", "a lot" if fall > 0.2 else "a little" if fall > 0.005 else "not at all")
claim("without the mask sixty columns of padding cost at least half of the exact match", fall, at_least=0.5)

# %% [markdown]
# ## The same network reads dates
#
# Nothing in `Translator` knows about numbers. Here are days from 1950 to 2049 as people write them in eight languages (from Unicode's CLDR). Read letter by letter, they become ISO 8601: year-month-day.

# %%
from datetime import date
from lstmkit.data.dates import dates, write as in_words

days = dates(2300, generator=generator(8))  # all different; the last 300 are for the test
letters_in, letters_out = Vocabulary(days.written[:2000]), Vocabulary(days.iso[:2000])
written, written_lengths = letters_in.encode(days.written)
iso, _ = letters_out.encode(days.iso, wrap=True)

# %% tags=["nbval-ignore-output"]
reader = Translator(len(letters_in), len(letters_out), H, Dot(H)).to(here)
train(reader, written[:2000], written_lengths[:2000], iso[:2000], 300, "dates")

# %% tags=["nbval-ignore-output"]
fig, panels = plot.panels(1, 2, size=(6, 5))
for ax, language in zip(panels, ["en", "de"]):
    text = in_words(date(2026, 3, 5), language, "long")
    read, length = letters_in.encode([text])
    fed = letters_out.encode(["2026-03-05"], wrap=True)[0][:, :-1]
    looked = reader.decode.look(fed.to(here), reader.encode(read.to(here), length))[2][0]
    plot.alignment(looked, list(text), list("2026-03-05"), title=language, ax=ax)
fig

# %% [markdown]
# The year, which ISO puts first, is read at the *end*. Then the ways part: English has the month in front and the day in the middle, German the other way round. One network, two orders, by looking.
#
# Now leave what it has seen: English dates between 1700 and 1899. **Before you run:** which part will it get wrong, the day, the month or the year? Will it say that it does not know?

# %% tags=["predict"]
predict("20.c", ...)  # "day", "month" or "year"

# %% tags=["nbval-ignore-output"]
old = [date(1700 + n, 1 + n % 12, 1 + n % 28) for n in range(200)]
read, length = letters_in.encode([in_words(day, "en") for day in old])
said = write(reader, read, length, letters_out)
for n in (17, 76, 189):
    print(in_words(old[n], "en"), "→", said[n])

# %% [markdown]
# The year. Day and month come out right more often than not; the year becomes another one, which may lie in the hundred that it knows or not, and there is no letter for "I do not know".

# %% tags=["claim"]
answers = write(reader, written[2000:], written_lengths[2000:], letters_out)
unseen = sum(a == b for a, b in zip(answers, days.iso[2000:])) / 300
ends = {"year": slice(0, 4), "month": slice(5, 7), "day": slice(8, 10)}
correct = {name: sum(a[at] == str(b)[at] for a, b in zip(said, old)) / 200 for name, at in ends.items()}
outcome("20.c", min(correct, key=correct.get))
claim("unseen dates from 1950 to 2049: exact match at least 0.97", unseen, at_least=0.97)
claim("of the years before 1900, at most 15 of 100 are right", correct["year"], at_most=0.15)
claim("of days and months, more than half", min(correct["day"], correct["month"]), at_least=0.56)

# %% [markdown]
# ## What it costs, and what comes next
#
# | held for one sentence | message alone | dot product | additive |
# |---|---|---|---|
# | from reading: last state, memory, keys | 2 H | 2 H + 2 T_x H | 2 H + 2 T_x H |
# | scores | – | T_y T_x | T_y T_x |
# | on the way to them | – | – | all pairs, $\tanh(\dots)$: T_y T_x H |
#
# Twice as long on both sides is four times as many scores: attention is *quadratic*, where an LSTM's work grows in proportion to the length. The dot product is one matrix product and never holds the block of pairs.
# One reason why it is the common form today.

# %% [markdown]
# And one step further. Nothing in your `dot_weights` says that queries and keys come from *different* sequences. Let each word of a sentence make a query, a key and a value, and look at all words of the *same* sentence:
# `dot_weights(Q(m), K(m), mask)`. That is **self-attention**. Layers of it need no recurrence: all words are computed at once, and any two are one look apart. The price: T² scores in every layer, and the order is lost, since a mean
# does not know who came first; so the position must be written into the vectors. The Transformer (Vaswani et al., 2017) is built of this. An LSTM carries its order in its steps, and one state, however long the past.

# %% [markdown]
# ## What you can now do
#
# - **Attention** keeps all states of the encoder. A query is scored against the keys, by a scaled dot product or a small network; the softmax's weights mix the values into a context. On this task the message alone had more steps and
#   lost the long words; either form of attention kept them.
# - **An alignment** shows where the context came from: German's inversion stands in it. It is one network's habit. What it is worth shows when a word is hidden.
# - **The mask** belongs before the softmax, with −∞: a score of zero is a weight. The cost is T_x · T_y scores, T² for self-attention.

# %% [markdown]
# <details><summary>Test yourself: what would additive attention do without its tanh?</summary>
#
# $a \cdot (W q_t + b + U m_s)$ is one number for the letter plus one for the word. The softmax over the words cancels the first: all letters look at the same place.
# </details>
# <details><summary>Test yourself: where is the value in additive attention?</summary>
#
# Where it was: the context is the weighted mean of the memory in both forms. They differ in the score alone.
# </details>
# <details><summary>Test yourself: shuffle the words of a sentence. What happens to the output of self-attention without positions?</summary>
#
# Each word gets the same output as before, in its new place: a weighted mean has no order.
# </details>

# %% [markdown]
# *Where people use it.* Translation, speech recognition, captions, and, as self-attention, in every large language model. *Where it fails.* Every letter looks at every word: dear for long recordings; and it does not say "I do not know". Whether a weight explains
# anything is a question for gradients: [lesson 24](24_attribution.ipynb).
#
# *Further reading.* A. Graves, *Generating sequences with recurrent neural networks* (2013), whose handwriting network already moved a soft window over its text. D. Bahdanau, K. Cho, Y. Bengio, *Neural machine translation by jointly learning to align and translate* (2014).
# M.-T. Luong, H. Pham, C. D. Manning, *Effective approaches to attention-based neural machine translation* (2015). A. Vaswani et al., *Attention is all you need* (2017).
