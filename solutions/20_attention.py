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
# - write dot-product attention with its padding mask, read the additive form, and put either into a translator,
# - read an **alignment**: where the network looked while it wrote each letter, and what that does not say,
# - say what attention costs, and build a translator of your own with it.
#
# Needs: [lesson 19](19_encoder_decoder.ipynb) (encoder, decoder, teacher forcing, greedy decoding). About 90 minutes. Mapping: encoder-decoder, with attention.

# %%
import torch
from torch import nn
from lstmkit import claim, device, exercise, fit, generator, plot, seed
from lstmkit.data.number_words import number_words, spell
from lstmkit.data.text import Vocabulary
from lstmkit.models import Encoder, EncoderDecoder, greedy

seed(13)
here = device()

# %% [markdown]
# ## The task of [lesson 19](19_encoder_decoder.ipynb)
#
# English number words are read word by word, the German word is written letter by letter. Read the example and find the place where
# German turns the order round: English says *forty five*, German *fünf-und-vierzig*, five and forty.
#
# There are three thousand numbers below a million to learn from, and four hundred others for the test.

# %% tags=["nbval-ignore-output"]
pairs = number_words(3400, generator=generator(12))  # all different
english, german = pairs.english, pairs.german
train_set, test_set = slice(3000), slice(3000, 3400)
source, target = Vocabulary(english[train_set]), Vocabulary(german[train_set])
x, lengths = source.encode(english)
y, _ = target.encode(german, wrap=True)
print(" → ".join([" ".join(spell(345)[0]), spell(345)[1]]))
plot.mapping("encoder-decoder")

# %% [markdown]
# The **encoder** reads the words. In [lesson 19](19_encoder_decoder.ipynb) its last state, $h$ and $c$, was the whole message: the **decoder** starts from it and
# writes some fifty letters without ever seeing a word again.
#
# Here is that model once more, with its H = 96 and its 380 steps of teacher forcing: the right letters are fed, and the loss is the cross-entropy of the next ones. Then it writes the
# four hundred test numbers on its own, by greedy decoding. **Exact match** is the share of words without any mistake. A finer measure:
# which share is still without a mistake after the first $t$ letters?
#
# **Before you run:** of a word of fifty letters, how many will it get right before its first mistake?


# %%
def translation_loss(model, x, lengths, y):
    """Mean cross-entropy per real letter, in nats. y, (N, T), begins with <start>: what is fed; then what is to come."""
    logits = model(x, lengths, y[:, :-1])
    return nn.functional.cross_entropy(logits.flatten(0, 1), y[:, 1:].flatten(), ignore_index=0)


def train(model, x, lengths, y, steps, title):
    """Batches of 64, Adam, gradients clipped at norm 1; the step size rises to 0.005, then falls to 0."""

    def batch():
        rows = torch.randint(len(x), (64,))
        return x[rows].to(here), lengths[rows], y[rows].to(here)

    def cycle(optimizer):
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=steps, pct_start=0.1)

    return fit(model, translation_loss, batch, steps=steps, clip=1.0, schedule=cycle, title=title)


# %%
def write(model, x, lengths, mask=None):
    """The German words that the model writes, letter by letter. mask: (N, T_x), instead of the encoder's own."""
    state = model.encode(x.to(here), lengths)
    state = state if mask is None else state._replace(mask=mask.to(here))
    return [target.decode(row) for row in greedy(model.decode.step, state, max_length=75).tokens]


def right_so_far(written, wanted):
    """Share of the words without a mistake in their first t letters, for t = 0 … 60; (61,)."""
    both = [zip(a + ".", b + ".") for a, b in zip(written, wanted)]  # the point stands for the end
    first = [next((t for t, (a, b) in enumerate(pair) if a != b), 99) for pair in both]
    return (torch.tensor(first)[:, None] >= torch.arange(61)).float().mean(0)


def exact(written, wanted):
    return sum(a == b for a, b in zip(written, wanted)) / len(wanted)


# %% tags=["nbval-ignore-output"]
H, wanted = 96, german[test_set]
plain = EncoderDecoder(len(source), len(target), H).to(here)
train(plain, x[train_set], lengths[train_set], y[train_set], 380, "without attention")
plain_wrote = write(plain, x[test_set], lengths[test_set])
curves = {"lstm, without attention": right_so_far(plain_wrote, wanted)}
labels = {"x": "letters written", "y": "words without a mistake (share)"}
plot.series(curves, **labels, title="Without attention: most are lost by letter thirty")

# %% [markdown]
# The curve falls off a cliff: ten letters go well, and by the thirtieth most words have had their first mistake. [lesson 19](19_encoder_decoder.ipynb) looked into it: all digits are in the message, but the late ones are hardly used. With attention
# the decoder need not keep what was read: it looks again.
#
# ## Keep everything, and choose
#
# A person who translates does not read the sentence once and then close the book. So let the encoder keep its hidden state after *every* word: the
# **memory** $m_1 \dots m_{T_x}$. And let each letter choose what to look at.
#
# At step $t$ the decoder's hidden state is the **query** $q_t$: "what do I need now?" Every word has a **key** $k_s$: "what have I to offer?" A **score** $e_{ts}$
# says how well the two fit. A **softmax** over the words makes **weights** of the scores, positive and with sum 1. The **context** $\bar m_t$ is the mean of the memory under them:
#
# $$k_s = W m_s, \qquad e_{ts} = \frac{q_t \cdot k_s}{\sqrt H}, \qquad \alpha_{ts} = \frac{\exp e_{ts}}{\sum_{s'} \exp e_{ts'}}, \qquad \bar m_t = \sum_s \alpha_{ts}\, m_s$$
#
# | symbol | variable | shape |
# |---|---|---|
# | $m_s$, memory | `memory` | (N, T_x, H) |
# | $k_s$, keys | `keys` | (N, T_x, H) |
# | $q_t$, queries, all letters at once | `q` | (N, T_y, H) |
# | real word or padding | `mask` | (N, T_x), True for a real word |
# | $\alpha_{ts}$, weights | `weights` | (N, T_y, T_x) |
# | $\bar m_t$, context | `context(…)` | (N, T_y, H) |

# %% [markdown]
# This is **dot-product attention**. All of it can be differentiated, so *where to look* is learnt by gradient descent like everything else. Nobody tells the network which word a letter
# belongs to.
#
# Why $\sqrt H$? A sum of H products of independent numbers of size 1 has a size of about $\sqrt H$. With such numbers undivided scores would be large before
# anything is learnt: the softmax would pick one word for no reason, and where a softmax is certain its gradient is close to zero. (An LSTM's states are smaller than 1: here
# it would do little harm yet.)
#
# ### Exercise 20.1 · The weights (15 min, ●●○)
#
# *Goal:* the weights of dot-product attention, for a whole batch. *Given:* `q`, `keys`, and `mask`, which is True at real words. Padding must get a weight of
# *exactly* 0, and the rows must sum to 1. No loop is needed. *Done when* the check says ✓.


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
# ### Exercise 20.2 · The context (5 min, ●○○)
#
# *Goal:* the mean of the memory under each letter's weights. *Given:* `weights` and `memory`. *Done when* the check says ✓.


# %% tags=["exercise"]
def context(weights, memory):
    """What each letter gets to see.

    weights: (N, T_y, T_x), rows sum to 1. memory: (N, T_x, H). Returns (N, T_y, H).
    """
    ### BEGIN SOLUTION
    return weights @ memory
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
# Your two functions go into the decoder. After the LSTM step it looks back, joins what it found to its own state, and only then says a letter (Luong et al.,
# 2015): $\tilde q_t = \tanh(C\,[q_t; \bar m_t] + b)$, and the logits are read from $\tilde q_t$.
#
# | symbol | variable | shape |
# |---|---|---|
# | letters fed | `letters` | (N, T_y) |
# | the encoder's last $h$ and $c$ | `state.h`, `state.c` | (N, H) each |
# | memory, mask | `state.memory`, `state.mask` | (N, T_x, H), (N, T_x) |
# | $[q_t; \bar m_t]$ | `torch.cat([q, seen], 2)` | (N, T_y, 2H) |
# | logits | first result of `look` | (N, T_y, V) |
#
# In training all letters are known: the LSTM runs over all of them, and all look back at once. When it writes, `step` does one letter. The encoder
# is [lesson 19](19_encoder_decoder.ipynb)'s, unchanged: it has kept its states as `memory` all along.
#
# **Before you run:** same data, same steps, same H. Where will the new curve leave the old one, and how far down will it go?


# %%
class LookingBack(nn.Module):
    """An LSTM that looks back at the memory before it says a letter."""

    def __init__(self, V, H, attention):
        super().__init__()
        self.embed = nn.Embedding(V, H)
        self.lstm = nn.LSTM(H, H, batch_first=True)
        nn.init.ones_(self.lstm.bias_hh_l0[H : 2 * H])  # forget bias 1, as in lesson 06
        self.attention, self.join, self.read = attention, nn.Linear(2 * H, H), nn.Linear(H, V)

    def look(self, letters, state):
        """letters: (N, T_y). Returns logits (N, T_y, V), the state after the last letter, and the weights (N, T_y, T_x)."""
        q, (h, c) = self.lstm(self.embed(letters), (state.h[None], state.c[None]))
        weights = self.attention(q, state.memory, state.mask)
        seen = context(weights, state.memory)
        logits = self.read(torch.tanh(self.join(torch.cat([q, seen], 2))))
        return logits, state._replace(h=h[0], c=c[0]), weights

    def step(self, letters, state):
        logits, state, _ = self.look(letters[:, None], state)
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
    """Reads with lesson 19's encoder, writes with a decoder that looks back."""

    def __init__(self, words, letters, H, attention):
        super().__init__()
        self.encode = Encoder(words, H)
        self.decode = LookingBack(letters, H, attention)

    def forward(self, x, lengths, letters):
        return self.decode.look(letters, self.encode(x, lengths))[0]


# %% tags=["nbval-ignore-output"]
model = Translator(len(source), len(target), H, Dot(H)).to(here)
train(model, x[train_set], lengths[train_set], y[train_set], 380, "with attention")
wrote = write(model, x[test_set], lengths[test_set])
curves["attention"] = right_so_far(wrote, wanted)
plot.series(curves, **labels, title="With attention the fiftieth letter is as safe as the tenth")

# %%
plain_curve, curve = curves.values()
claim("without attention: exact match on unseen numbers at most 0.10", exact(plain_wrote, wanted), at_most=0.10)
claim("ten letters in, most of its words are still right", plain_curve[10], at_least=0.6)
claim("thirty letters in, at most a fifth are", plain_curve[30], at_most=0.2)
claim("with attention: exact match on unseen numbers at least 0.90", exact(wrote, wanted), at_least=0.90)
claim("of its words right up to letter 10, the share right up to letter 50", curve[50] / curve[10], at_least=0.95)
count = [sum(p.numel() for p in one.parameters()) for one in (plain, model)]
claim("attention adds less than a fifth to the number of weights", count[1] / count[0] - 1, at_most=0.2)

# %% [markdown]
# The upper curve hardly falls: whatever a letter needs is one look away, however long ago it was read. (Attention brings some weights of its own; they are few.)
#
# ## Where does it look?
#
# For each letter the weights say which words its context was made of: an **alignment** of the two languages, which no one has given to the network.
#
# ### Exercise 20.3 · Where will it look? (5 min, ●●○)
#
# *Goal:* a prediction, before you see any weight. *Given:* the network reads *three hundred and forty five* and writes *dreihundert·fünf·und·vierzig*. Which English word
# gets the largest weight when it is about to write the **f** of *fünf*, the **u** of *und*, the **v** of *vierzig*? One of the three may surprise you. Answer with English words, in quotes. *Done when* the
# check says ✓.

# %% tags=["exercise"]
looks_at = {"f": ..., "u": ..., "v": ...}
### BEGIN SOLUTION
looks_at = {"f": "five", "u": "five", "v": "forty"}
### END SOLUTION

# %% tags=["check"]
looks_at = exercise("20.3", looks_at)

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
# Now look: at one test number with two inversions, the right letters fed. Each column is a letter, from left to right, each row an English word; dotted lines stand where a digit or tens begin.
# **Before you run:** without inversions the dark fields would run down to the right like a staircase. What will the inversions look like?

# %%
import re

ONES = "one two three four five six seven eight nine".split()
names = {spell(n)[0][0]: spell(n)[1] for n in [*range(1, 20), *range(20, 100, 10)]} | {"one": "ein"}
part = re.compile("|".join(sorted(names.values(), key=len, reverse=True)))  # the longest first: dreizehn before drei


def swapped(words):
    """Where German turns the order round: pairs (place of the ones, place of the tens) in the English words."""
    return [(k + 1, k) for k in range(len(words) - 1) if words[k].endswith("ty") and words[k + 1] in ONES]


with torch.no_grad():
    state = model.encode(x[test_set].to(here), lengths[test_set])
    weights = model.decode.look(y[test_set, :-1].to(here), state)[2].cpu()  # (400, T_y, T_x)
tests = list(zip(english[test_set], wanted))

# %% tags=["nbval-ignore-output"]
twice = [n for n in range(400) if len(swapped(tests[n][0])) == 2 and "one" not in tests[n][0]]
shown = min(twice, key=lambda n: len(wanted[n]))
words, word = tests[shown]
fig, ax = plot.panels(size=(12, 4.6))
picture = weights[shown, : len(word), : len(words)].T
axes = {"x": "German letter being written", "y": "English word looked at", "scale": "weight", "signed": False}
title = "The staircase steps back twice: first the ones, then the tens"
plot.heatmap(picture, **axes, xticks=list(word), yticks=words, title=title, ax=ax)
for match in part.finditer(word):
    ax.axvline(match.start() - 0.5, color="black", linestyle=":", linewidth=1.5)
fig

# %% [markdown]
# Follow the dark fields. Twice the staircase goes one word *too far down*, to the ones, and then one up again, to the tens: five-and-forty. Now look for *und*. At its first
# letter the dark field is still in the row of the *ones*, not in that of the English *and*.
#
# And notice the pale columns, inside *hundert* and *tausend*: there the next letter follows from the letters before, and the weight is spread over many words.
#
# ### Exercise 20.4 · Find the inversions (10 min, ●●○)
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
    return [(a, b) for a, b in zip(looked, looked[1:]) if b < a]
    ### END SOLUTION


# %% tags=["check"]
inversions = exercise("20.4", inversions)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `weights[starts]` picks the rows of the first letters. Which axis of it has the words? Then compare each part with the *next* one.
# </details>
# <details><summary>Fuller hint</summary>
#
# `looked = weights[starts].argmax(1).tolist()` is a list of word numbers. `zip(looked, looked[1:])` gives neighbours; keep the pairs whose second is smaller.
# </details>
#
# One number is an anecdote. So read all four hundred alignments.

# %%
hits, on_ones, sharp, spread, agree = [], [], [], [], []
for n, (words, word) in enumerate(tests):
    own, found = weights[n, : len(word), : len(words)], list(part.finditer(word))
    looked = [words[s] for s in own.argmax(1)]
    hits += [names.get(looked[match.start()]) == match.group() for match in found]
    on_ones += [looked[match.end()] in ONES for match in found if word[match.end() :].startswith("und")]
    agree.append(inversions(own, [match.start() for match in found]) == swapped(words))
    sharp += [own[match.start()].max() for match in found]
    spread += [own[t].max() for match in re.finditer("undert|ausend", word) for t in range(*match.span())]
gap = torch.tensor(sharp).mean() - torch.tensor(spread).mean()
claim("the first letter of a digit or of tens looks at the word that means it", sum(hits) / len(hits), at_least=0.95)
claim("the u of und looks at the ones", sum(on_ones) / len(on_ones), at_least=0.9)
claim("the alignment shows exactly the inversions that there are", sum(agree) / len(agree), at_least=0.95)
claim("the largest weight there is larger than inside hundert and tausend", gap, at_least=0.2)

# %% [markdown]
# The network has found the dictionary, from nothing but pairs of whole numbers.
#
# Why the ones at *und*? One reading: to go on after *fünf* it must know that this digit is complete and that tens were read before it, and the state after
# *five* holds both. That reading fits the weights; they do not prove it. A weight says where the context came *from*, not what was taken, nor whether it mattered. A gradient
# would say that ([lesson 22](22_output_gradients.ipynb)).
#
# ## The padding mask, left out
#
# Numbers have different lengths, so a batch has padding. The encoder never reads it: its memory there is a row of zeros. What harm can zeros do? In the experiment below the mask is True
# everywhere, as if you had forgotten it when writing. And the batch gets some more columns of padding, as if one much longer sentence had joined it.
#
# **Before you run:** with sixty more columns of zeros, will the exact match fall a little, a lot, or not at all?


# %% tags=["nbval-ignore-output"]
def padded(more, masked):
    """What the model writes when the batch has `more` columns of padding."""
    longer = nn.functional.pad(x[test_set], (0, more))
    return write(model, longer, lengths[test_set], mask=None if masked else torch.ones(longer.shape, dtype=torch.bool))


extra = [0, 10, 20, 40, 60]
match = {"attention, masked": [exact(padded(more, True), wanted) for more in extra]}
match["without the mask"] = [exact(padded(more, False), wanted) for more in extra]
axes = {"x": "additional columns of padding", "y": "exact match", "dots": True}
fig = plot.series(match, extra, **axes, title="Without the mask, the neighbours' length spoils the translation")
fig.axes[0].set_ylim(0, 1.05)
fig

# %%
with torch.no_grad():
    state = model.encode(nn.functional.pad(x[test_set], (0, 60)).to(here), lengths[test_set])
    bare = model.decode.look(y[test_set, :-1].to(here), state._replace(mask=torch.ones_like(state.mask)))[2]
taken = (bare * ~state.mask[:, None]).sum(2)[y[test_set, 1:].to(here) > 0].mean()
lost = match["attention, masked"][-1] - match["without the mask"][-1]
claim("with the mask, sixty columns of padding change hardly a word", exact(padded(60, True), wrote), at_least=0.99)
claim("without it, they cost at least 0.3 of exact match", lost, at_least=0.3)
claim("the zeros have taken at least a fifth of the attention", taken, at_least=0.2)

# %% [markdown]
# A memory of zeros has, in the dot product, a score of zero, and that is not a weight of zero: $e^0 = 1$. Each column of padding takes its share of every row, and the real words' part of the context shrinks. No error is raised, and in the figure a few columns do little. Then, one day, a long sentence joins the batch.
#
# ## The other form: additive attention
#
# The first attention (Bahdanau et al., 2015) adds query and key, bends the sum, and reads a score from it, like a small network with one hidden layer:
#
# $$e_{ts} = v \cdot \tanh(W q_t + U m_s + b), \qquad \alpha_{ts} = \mathrm{softmax}_s(e_{ts})$$
#
# ## What attention costs
#
# Numbers to be held, for one sentence:
#
# | | no attention | dot-product | additive |
# |---|---|---|---|
# | from reading | 2 H | 2 H + T_x H | 2 H + T_x H |
# | weights $\alpha$ | – | T_y T_x | T_y T_x |
# | on the way to them | – | scores: T_y T_x | every letter with every word, $\tanh(\dots)$: T_y T_x H |
# | learnt for the scores | – | W: H² | W, U, b, v: 2 H² + 2 H |
#
# Twice as long on both sides is four times as many scores: attention is *quadratic*, where an LSTM's work grows in proportion to the length. The dot product is one matrix product and never
# holds the large block; one reason why it is the common form today. Count it, on one batch:


# %%
class Additive(nn.Module):
    """Additive attention: a small network with one hidden layer scores each pair of letter and word."""

    def __init__(self, H):
        super().__init__()
        self.W, self.U, self.v = nn.Linear(H, H), nn.Linear(H, H, bias=False), nn.Linear(H, 1, bias=False)

    def pairs(self, q, memory):
        return torch.tanh(self.W(q)[:, :, None] + self.U(memory)[:, None])  # (N, T_y, T_x, H)

    def forward(self, q, memory, mask):
        scores = self.v(self.pairs(q, memory)).squeeze(3)
        return scores.masked_fill(~mask[:, None], -torch.inf).softmax(2)


with torch.no_grad():
    state, q = model.encode(x[:64].to(here), lengths[:64]), torch.randn(64, 50, H, device=here)
    additive = Additive(H).to(here)
    block, weights = additive.pairs(q, state.memory), additive(q, state.memory, state.mask)
kept = state.memory.numel() / (state.h.numel() + state.c.numel())
claim("the memory alone is T_x / 2 times as many numbers as h and c", kept, close_to=x.shape[1] / 2, tolerance=0)
claim("on the way, additive attention holds H times as many", block.numel() / weights.numel(), close_to=H, tolerance=0)

# %% [markdown]
# ## Your own project: dates
#
# The world writes dates in many ways. Machines want one: ISO 8601, year-month-day. Here are days from 1950 to 2049, in eight languages and three styles, as Unicode's CLDR has them. Nobody gives you the names of the
# months: the network has to find them.

# %%
from lstmkit.data.dates import LANGUAGES, dates, write as write_date

days = dates(2300, generator=generator(8))  # all different: the last 300 are for the test
known, unknown = slice(2000), slice(2000, 2300)
for n in range(8):
    print(f"{LANGUAGES[days.languages[n]]:8} {days.written[n]:32} → {days.iso[n]}")

# %% [markdown]
# ### Exercise 20.5 · A translator for dates (30 min, ●●●)
#
# *Goal:* train a translator with attention that reads a written date letter by letter and writes the ISO date. *Given:* two lists of strings and a number of training steps. Return a *function*
# `translate(texts)`: a list of written dates in, a list of ISO strings out. You choose H (64 is a good start) and the attention; all parts stand above: `Vocabulary`, `Translator`, `Dot` and `Additive`, `train`, `greedy`.
#
# *Done when* the check says ✓: it trains yours for some seconds on twelve dates and asks for the same twelve. Then comes the real target: in 300 steps, at least nine of ten dates *never seen*.


# %% tags=["exercise"]
def date_translator(written, iso, steps):
    """Train a translator of dates; return it as a function.

    written, iso: lists of N strings. steps: of training. Returns translate(texts): a list of strings → as many ISO strings.
    """
    ### BEGIN SOLUTION
    source, target = Vocabulary(written), Vocabulary(iso)
    x, lengths = source.encode(written)
    y, _ = target.encode(iso, wrap=True)
    model = Translator(len(source), len(target), 64, Additive(64)).to(here)
    train(model, x, lengths, y, steps, "dates")

    def translate(texts):
        x, lengths = source.encode(texts)
        written = greedy(model.decode.step, model.encode(x.to(here), lengths), 11).tokens
        return [target.decode(row) for row in written]

    return translate
    ### END SOLUTION


# %% tags=["check"]
date_translator = exercise("20.5", date_translator)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Walk through what was done for the numbers, in the same order: vocabularies, `encode` (the targets with `wrap=True`), a `Translator`, `train`. A string is a sequence of
# letters, so `Vocabulary(written)` takes letters by itself. Then write a function inside your function, like `write` above.
# </details>
# <details><summary>Fuller hint</summary>
#
# `model = Translator(len(source), len(target), 64, Dot(64)).to(here)`, then `train(model, x, lengths, y, steps, "dates")`. Inside `translate`: `source.encode(texts)`;
# `greedy(model.decode.step, model.encode(x.to(here), lengths), 11).tokens`, where 11 is ten letters and `<end>`; and `target.decode(row)` for each row.
# </details>
#
# Now train it in earnest. **Before you run:** which language will be the hardest?
#
# And then outside of what it has seen: days between 1700 and 1899, in plain English. Will it fail in the day, in the month, or in the year? Will it say that it does not know?

# %% tags=["nbval-ignore-output"]
to_iso = date_translator(days.written[known], days.iso[known], 300)
answered = to_iso(days.written[unknown])
right = {name: [] for name in LANGUAGES.values()}
for said, iso, code in zip(answered, days.iso[unknown], days.languages[unknown]):
    right[LANGUAGES[code]].append(said == iso)
share = {name: sum(some) / len(some) for name, some in right.items()}
plot.bars(share, x="language of the written date", y="exact match", title="One network reads dates in eight languages")

# %%
from datetime import date

old = [date(1700 + int(n), 1 + int(n) % 12, 1 + int(n) % 28) for n in torch.randperm(200)[:100]]
said, truth = to_iso([write_date(day, "en") for day in old]), [str(day) for day in old]
years = [a[:4] == b[:4] for a, b in zip(said, truth)]
claim("unseen dates: exact match at least 0.90", exact(answered, days.iso[unknown]), at_least=0.90)
claim("of years before 1900, at most a fifth are right", sum(years) / 100, at_most=0.2)

# %% [markdown]
# The bars differ by a few dates: do not read much into their order. On old dates it fails in the year, and has no letter for "I do not know".
#
# ## What you can now do
#
# - **Attention** keeps all states of the encoder. Each letter's query weighs them, by a scaled dot product or a small additive network, the padding hidden *before* the softmax. On the same
#   budget, numbers went from hardly ever right to nearly always.
# - **An alignment** shows where the context came from: German's inversion stands in it. It does not show what was used: at *und* the network looks at the ones.
# - **It costs** a memory as long as the sentence and T_y · T_x weights.
#
# <details><summary>Test yourself: what would additive attention do without its tanh?</summary>
#
# $v \cdot (W q_t + U m_s)$ is one number for the letter plus one for the word. The softmax over the words cancels the first: all letters look at the same place.
# </details>
# <details><summary>Test yourself: the memory at the padding is zero. Why mask it?</summary>
#
# In the dot product zeros have the score 0, and $e^0 = 1$. In the additive form they have another score; only −∞ gives the weight 0.
# </details>
#
# *Where it fails.* Every letter looks at every word: dear for long recordings. Whether a weight explains anything is a question for gradients: [lesson 24](24_attribution.ipynb).
#
# *Further reading.* D. Bahdanau, K. Cho, Y. Bengio, *Neural machine translation by jointly learning to align and translate* (2015). M.-T. Luong, H. Pham, C. D. Manning, *Effective approaches to attention-based NMT* (2015).
# A. Vaswani et al., *Attention is all you need* (2017), for the scale √H.
