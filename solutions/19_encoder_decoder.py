# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 19 · Encoder and decoder
#
# **How can a network write a sequence that is longer than the one it read, and in another order?**
#
# After this lesson you will be able to
# - build an **encoder** that reads and a **decoder** that writes, and train both on padded batches with a masked loss,
# - measure what a decoder does with the right letters in front of it and what it does with its own, position by position,
# - find out whether one vector is too small for a message, or whether something else is wrong: change one thing at a time.
#
# Needs: [lesson 06](06_lstm.ipynb) (the LSTM), and from [lesson 17](17_captioning.ipynb) teacher forcing and greedy decoding. About 90 minutes.
# Mapping: many-to-many, unaligned.

# %%
import torch
from torch import nn
from lstmkit import claim, device, exercise, fit, generator, outcome, plot, predict, seed
from lstmkit.data.number_words import decisions, number_words, spell
from lstmkit.data.text import Vocabulary

# %% [markdown]
# ## Five and forty
#
# English words go in, German letters come out. Look for two things: how many tokens stand on each side, and which digit of 345 is
# spoken last.

# %%
for number in (21, 345, 907_016):
    english, german = spell(number)
    print(number, " ".join(english), german, f"{len(english)} words, {len(german)} letters", sep=" · ")

# %% [markdown]
# German writes a number as one word, and it says the units before the tens: *fünf-und-vierzig*, five and forty. So the letter behind
# *dreihundert* depends on the **last** English word. A network that answers word by word, as in the aligned mapping of
# [lesson 02](02_shapes.ipynb), would have to write before it has read.
#
# So read first. One LSTM, the **encoder**, reads all words. The state in which it ends, $h$ and $c$, is the whole **message**. Another
# LSTM, the **decoder**, starts from that state and writes letter by letter until it writes `<end>`. The lengths on the two sides have
# nothing to do with each other. Which path leads from *one* to the letter *e* below?

# %% tags=["nbval-ignore-output"]
plot.translator(["twenty", "one"], ["e", "i", "n", "…"], title="Blue reads, orange writes; below: what is fed")

# %% [markdown]
# There is one path only, and it leads through the message. Whatever the decoder is to know of the words has to pass there.
#
# The data: 3,400 different numbers below a million; the last 400 of them are kept for testing. Four tokens have a fixed place in each
# vocabulary: `<pad>` 0, `<start>` 1, `<end>` 2, `<unknown>` 3.

# %%
seed(12)
here = device()
PAD, START, END = 0, 1, 2
pairs = number_words(3400, generator=generator(12))
English, German = Vocabulary(pairs.english[:3000]), Vocabulary(pairs.german[:3000])


def tensors(pairs):
    """source (N, T_x), lengths (N,), letters (N, T_y + 1): each row <start>, letters, <end>, padding."""
    source, lengths = English.encode(pairs.english)
    letters, _ = German.encode(pairs.german, wrap=True)
    return source.to(here), lengths.to(here), letters.to(here)


source, lengths, letters = tensors(pairs)

# %% [markdown]
# ## The message
#
# A batch is a rectangle: short rows are filled up with `<pad>`. The message must be the state after the last *real* word. A famous bug
# takes the state after the last *column*: the short rows have then gone on reading padding, and how far depends on their neighbours in
# the batch. In [lesson 03](03_shape_traps.ipynb) you picked one of many stored outputs. Here both $h$ and $c$ are wanted, so let them
# *stay* where they are once a row is over.
#
# ### Exercise 19.1 · The state after the last word (10 min, ●●○)
#
# *Goal:* the message of each row of a padded batch. *Given:* an LSTM cell, called as `h, c = cell(x_t, (h, c))` for a whole
# batch; embedded words `x`, (N, T, D); the `lengths`. All states start at zero. *Done when* the check says ✓.


# %% tags=["exercise"]
def last_state(cell, x, lengths):
    """h and c after each row's last real word.

    cell: an nn.LSTMCell. x: (N, T, D), padded. lengths: (N,), at least 1. Returns (h, c), each (N, H); H is cell.hidden_size.
    """
    ### BEGIN SOLUTION
    h = c = x.new_zeros(len(x), cell.hidden_size)
    for t in range(x.shape[1]):
        new_h, new_c = cell(x[:, t], (h, c))
        reading = (t < lengths)[:, None]  # (N, 1): has row n still a word at index t?
        h = torch.where(reading, new_h, h)
        c = torch.where(reading, new_c, c)
    return h, c
    ### END SOLUTION


# %% tags=["check"]
last_state = exercise("19.1", last_state)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Let the cell read all columns, but let a row's state stay once its words are over. With `t` from 0, row `n` is still reading if
# `t < lengths[n]`. `x.new_zeros(len(x), cell.hidden_size)` makes zeros where `x` lives.
# </details>
# <details><summary>Fuller hint</summary>
#
# `new_h, new_c = cell(x[:, t], (h, c))`, then `reading = (t < lengths)[:, None]`, of shape (N, 1), and
# `h = torch.where(reading, new_h, h)`; the same for `c`.
# </details>
#
# ## The whole network
#
# $$m = (h_{T_x}, c_{T_x}) \;\text{ from }\; h_t, c_t = \mathrm{LSTM}_{\text{enc}}(e(x_t), h_{t-1}, c_{t-1})$$
# $$s_0 = m, \qquad s_t = \mathrm{LSTM}_{\text{dec}}(e'(y_{t-1}), s_{t-1}), \qquad p(y_t \mid y_{<t}, x) = \mathrm{softmax}(R\,s_t + b)$$
#
# | symbol | variable | shape |
# |---|---|---|
# | $x_t$, English words; $T_x$ | `source`; `lengths` | (N, T_x); (N,) |
# | $m$, the message | `state`, at first | a pair of (N, H), H = 96 |
# | $y_{t-1}$, the letter fed at step $t$ ($y_0$ is `<start>`) | `fed` | (N, T_y) |
# | $s_t$, the decoder's state; $R$ reads its $h$ | `state` | a pair of (N, H) |
# | scores of all letters | `logits` | (N, T_y, V) |


# %%
class Translator(nn.Module):
    """Words in, letters out; the encoder's last state is the whole message. D: how many numbers the decoder reads at each step."""

    def __init__(self, H=96, D=96):
        super().__init__()
        self.embed_words = nn.Embedding(len(English), H, padding_idx=PAD)
        self.embed_letters = nn.Embedding(len(German), H, padding_idx=PAD)
        self.reader = nn.LSTMCell(H, H)
        self.writer = nn.LSTM(D, H, batch_first=True)
        self.read_out = nn.Linear(H, len(German))
        nn.init.ones_(self.reader.bias_hh[H : 2 * H])  # forget gates begin open
        nn.init.ones_(self.writer.bias_hh_l0[H : 2 * H])

    def encode(self, source, lengths):
        return last_state(self.reader, self.embed_words(source), lengths)

    def decode(self, fed, state):
        """Many letters at once, for teacher forcing. fed: (N, T). Returns logits (N, T, V), and the state after the last."""
        h, c = state
        y, (h, c) = self.writer(self.embed_letters(fed), (h[None], c[None]))
        return self.read_out(y), (h[0], c[0])


# %% [markdown]
# ## A loss that does not count padding
#
# Some German numbers have thirty-five letters, some sixty. What stands behind a row's end must not count: not in the sum, and not in
# the number by which the sum is divided. torch's `ignore_index` does this; write it once yourself, and you know what it does.
#
# ### Exercise 19.2 · The masked loss (8 min, ●●○)
#
# *Goal:* the mean cross-entropy per *real* letter of the whole batch, in nats: every letter weighs the same, whichever row it stands in; `<end>` is
# a real letter. *Given:* `logits` and `targets`, already shifted; `PAD` is 0. Not with `ignore_index`. *Done when* the check says ✓.


# %% tags=["exercise"]
def masked_loss(logits, targets):
    """Mean cross-entropy per real letter.

    logits: (N, T, V). targets: (N, T), PAD behind each row's end. Returns one number.
    """
    ### BEGIN SOLUTION
    log_p = logits.log_softmax(2).gather(2, targets[:, :, None])[:, :, 0]  # of the right letter, (N, T)
    real = targets != PAD
    return -(log_p * real).sum() / real.sum()
    ### END SOLUTION


# %% tags=["check"]
masked_loss = exercise("19.2", masked_loss)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `logits.log_softmax(2)` holds a log-probability for each letter of the vocabulary. `.gather(2, targets[:, :, None])` picks the one of
# the right letter. `targets != PAD` is the mask.
# </details>
# <details><summary>Fuller hint</summary>
#
# With `log_p` of shape (N, T) and `real = targets != PAD`: multiply, sum over everything, change the sign, and divide by `real.sum()`.
# </details>
#
# ## Training
#
# Teacher forcing, as in [lesson 17](17_captioning.ipynb): at each step the decoder is fed the *right* letter before. 380 steps, batches of
# 32, Adam; the step size rises in the first tenth and then falls to zero.


# %%
def translation_loss(model, source, lengths, letters):
    logits, _ = model.decode(letters[:, :-1], model.encode(source, lengths))
    return masked_loss(logits, letters[:, 1:])


# %%
def train(model, source, lengths, letters, steps):
    def batch():
        rows = torch.randint(len(source), (32,)).to(here)
        return source[rows], lengths[rows], letters[rows]

    def one_cycle(optimizer):
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=steps, pct_start=0.1)

    fit(model, translation_loss, batch, steps=steps, schedule=one_cycle, clip=1.0, title=f"{steps} steps")


# %% tags=["nbval-ignore-output"]
learn = source[:3000], lengths[:3000], letters[:3000]
test = source[3000:], lengths[3000:], letters[3000:]
model = Translator().to(here)
train(model, *learn, steps=380)

# %% [markdown]
# ## One network, two readings
#
# In use, nobody hands the decoder the right letter before. It reads its own: **free running**, the greedy decoding of
# [lesson 17](17_captioning.ipynb).


# %%
def free_run(model, state, T):
    """What the decoder writes when it reads its own letters, (N, T); PAD behind END."""
    fed = torch.full((len(state[0]), 1), START, device=here)
    ended = torch.zeros_like(fed, dtype=torch.bool)
    written = []
    for _ in range(T):
        logits, state = model.decode(fed, state)
        fed = logits.argmax(2).masked_fill(ended, PAD)
        ended = ended | (fed == END)
        written.append(fed)
    return torch.cat(written, 1)


# %%
@torch.no_grad()
def both_modes(model, source, lengths, letters):
    """Likeliest letters under teacher forcing, letters written freely, targets: each (N, T)."""
    state = model.encode(source, lengths)
    forced = model.decode(letters[:, :-1], state)[0].argmax(2)
    return forced, free_run(model, state, forced.shape[1]), letters[:, 1:]


# %% [markdown]
# Now the 400 test numbers in both modes: the same weights, the same message. We go position by position: is the letter at place $t$ the
# one that should stand there?
#
# **Before you run:** draw two curves, the share of right letters at position 1, 2, … 55, teacher-forced and free-running. Where do they
# part? And at letters 40 to 50, which share is right in free running? Write that one down.

# %% tags=["predict"]
predict("19.a", ...)  # free running, letters 40 to 50: the share that is right, between 0 and 1


# %%
def share(letters, targets, axis=None):
    """Share of the real letters that are right: one number, or by position (axis=0)."""
    real = targets != PAD
    return ((letters == targets) & real).sum(axis) / real.sum(axis)


forced, free, targets = both_modes(model, *test)

# %% tags=["nbval-ignore-output"]
T = int(((targets != PAD).sum(0) >= 100).sum())  # positions that at least 100 of the 400 numbers reach
positions = torch.arange(1, T + 1)
by_position = {"teacher forcing": share(forced, targets, 0)[:T], "free running": share(free, targets, 0)[:T]}
labels = {"x": "position in the German word", "y": "share of right letters"}
plot.series(by_position, positions, **labels, title="400 test numbers, one network, two ways of feeding")

# %% [markdown]
# Under teacher forcing most letters are right, late ones as well as early ones (keep the deep notch near letter $12$ in mind). Free-running,
# the same network begins as well, then falls and does not come back. Something that it never met in training feeds it now: *its own
# mistakes*. This trouble is called **exposure bias**: a decoder that was exposed to right beginnings alone meets wrong ones. A gap like
# this one is often taken for its measure. Let us not believe it too quickly.

# %% tags=["claim"]
late = slice(39, 50)
gap = by_position["teacher forcing"] - by_position["free running"]
outcome("19.a", by_position["free running"][late].mean())
claim("teacher-forced, at least 88 of 100 letters are right", share(forced, targets), at_least=0.88)
claim("at letters 40 to 50 they differ by more than 0.6", gap[late].mean(), at_least=0.6)

# %% [markdown]
# <details><summary>Outlook: what if the decoder met its own letters in training?</summary>
#
# At each step throw a coin: heads, feed the teacher's letter; tails, the one that the network found likeliest at the step before. Heads grow rarer as
# training goes on. This is **scheduled sampling** (S. Bengio et al., 2015). The targets stay the teacher's, and that is its weak point: after an own
# letter that is some places off, the next letter of the teacher is the wrong one to ask for. Even endless data need not lead it to the right
# distribution (Huszár, 2015). We do not measure it here. If you try it: give it as many steps as its rival, several seeds, and look at the decisions.
# </details>
#
# Is what it writes nonsense? Read some of it:

# %% tags=["nbval-ignore-output"]
written, wanted = [German.decode(row) for row in free], pairs.german[3000:]
for n in range(4):
    print(f"true: {wanted[n]}\nsaid: {written[n]}\n")

# %% [markdown]
# No: it is German. Nearly every output begins with the name of a number, spelt without a mistake, but mostly of *another* number. And where
# that name is longer or shorter than the right one, all that follows stands some places off and counts as wrong, even where it is right: the
# first figure cannot tell a shift from a mistake. A fairer question: which share of the numbers has had **no mistake so far**?

# %% tags=["claim"]
parts = {spell(number)[1] for number in range(1000)}
another = 0
for said, true in zip(written, wanted):
    name = said.partition("tausend")[0]
    another += name in parts and name != true.partition("tausend")[0]
claim("at least 80 of 100 outputs begin with a number's name, and with another one's", another / 400, at_least=0.8)

# %% [markdown]
# ### Exercise 19.3 · Still right (6 min, ●●○)
#
# *Goal:* for each position, the share of the rows in which every letter up to there, that one included, is right. *Given:* `letters` and
# `targets`, (N, T). Where `targets` are `PAD` the row is over, and nothing can go wrong any more. *Done when* the check says ✓.


# %% tags=["exercise"]
def still_right(letters, targets):
    """Share of the rows without a mistake up to each position.

    letters, targets: (N, T). Returns shares, (T,): all N rows count at every position.
    """
    ### BEGIN SOLUTION
    right = (letters == targets) | (targets == PAD)
    return right.cumprod(1).float().mean(0)
    ### END SOLUTION


# %% tags=["check"]
still_right = exercise("19.3", still_right)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Make a table of truth values, (N, T): right, or over. Along each row everything behind the first False must become False.
# </details>
# <details><summary>Fuller hint</summary>
#
# A product of ones and zeros is one as long as all of them are: `right.cumprod(1)`. Then `.float().mean(0)`.
# </details>
#
# **Before you run:** (and before you read the code) two curves again, one for each mode. Which lies higher now, and where?

# %% tags=["nbval-ignore-output"]
so_far = {"teacher forcing": still_right(forced, targets)[:T], "free running": still_right(free, targets)[:T]}
labels = {"x": "position in the German word", "y": "numbers without a mistake so far"}
fig = plot.series(so_far, positions, **labels, title="400 test numbers, up to the first mistake")
fig.axes[0].lines[0].set_linewidth(7)
fig

# %% [markdown]
# They are one curve. As long as every letter is right, the decoder's own letters *are* the teacher's: both modes take the same path up
# to the first mistake. At its end stands the **exact match**, the share of numbers that are right from first letter to last. So exact
# match cannot show exposure bias; and whoever wants more numbers right has to repair what happens on the *right* path, where no mistake
# has been made yet. That is where we look from now on.

# %% tags=["claim"]
between_modes = (still_right(forced, targets) - still_right(free, targets)).abs().max()
exact = {"380 steps": still_right(free, targets)[-1]}
claim("up to the first mistake the two modes differ in no more than 2 of 400 numbers", between_modes, at_most=0.005)
claim("hardly any number is right to its end: exact match at most 0.03", exact["380 steps"], at_most=0.03)

# %% [markdown]
# ### Exercise 19.4 · From letters to numbers (3 min, ●○○)
#
# Nine letters of ten are right, and no number? *Goal:* two numbers, each to within a thousandth. *Given:* a decoder that writes 50 letters a number, each
# right with probability $q$, independently of the others. `"exact match"`: how often is the whole number right if $q = 0.94$? `"needed"`: which $q$ is
# needed for an exact match of $0.9$? *Done when* the check says ✓.

# %% tags=["exercise"]
prediction = {"exact match": ..., "needed": ...}
### BEGIN SOLUTION
prediction = {"exact match": 0.94**50, "needed": 0.9 ** (1 / 50)}
### END SOLUTION

# %% tags=["check"]
prediction = exercise("19.4", prediction)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Two letters are both right with probability $q \cdot q$. And fifty?
# </details>
# <details><summary>Fuller hint</summary>
#
# `0.94 ** 50`; and the other direction is the fiftieth root, `0.9 ** (1 / 50)`.
# </details>
#
# ## Somebody else's message
#
# Are the mistakes spread evenly over the letters, as the exercise assumes? Here is a test of what the teacher-forced share is worth.
# Give every number the message of *another* number: the decoder reads the right letters, and starts from the wrong state.
#
# **Before you run:** under teacher forcing, with somebody else's message, which share of the letters will be right?

# %% tags=["predict"]
predict("19.b", ...)  # a share between 0 and 1

# %%
with torch.no_grad():
    own = model.encode(test[0], test[1])
    others = [part.roll(1, dims=0) for part in own]  # each row gets its neighbour's message
    logits = {"own message": model.decode(test[2][:, :-1], own)[0]}
    logits["somebody else's"] = model.decode(test[2][:, :-1], others)[0]
n = max(range(400), key=lambda n: len(wanted[n]))  # the longest test number

# %% tags=["folded", "nbval-ignore-output"]
end = len(wanted[n]) + 1
p = {}
for name in logits:
    p[name] = logits[name][n, :end].softmax(1).gather(1, targets[n, :end, None])[:, 0]
fig, ax = plot.panels(size=(12, 3.6))
plot.series(
    p, x="the right letter (■: the end)", y="its probability", title="One number, teacher-forced", dots=True, ax=ax
)
ax.set_xticks(range(end), [*wanted[n], "■"])
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
fig

# %% [markdown]
# More than eight letters in ten, without the right message! Most of the time the two curves run together at the top: after *hund* comes
# *ert*, whatever the number is. They drop mostly where a new word begins, for there a *decision* is due: which digit? (Hence the notch in the
# first figure: with four letters, as in *acht·hundert*, the next word begins at letter $4 + 7 + 1$.) Fifty letters hold some
# six decisions. The rest is spelling, and spelling is what the teacher-forced share is made of.
#
# Ask of any good score what a model reaches *without* the information that it is meant to use.

# %% tags=["claim"]
swapped = share(logits["somebody else's"].argmax(2), targets)
outcome("19.b", swapped)
claim("with somebody else's message at least 84 of 100 letters are right", swapped, at_least=0.84)

# %% [markdown]
# ## At the decisions
#
# Look at decisions alone. Four of them are easy to find in a long number: its first letter, and the letters behind the first *hundert*,
# behind *tausend*, and behind the second *hundert*. (`decisions` gives these four places, or none if the number has no two hundreds.)
# Which share is right there, teacher-forced, on the right path?


# %%
def full(texts):
    """The rows that have all four decisions, and their places: (M,) and (M, 4)."""
    rows = [n for n, text in enumerate(texts) if decisions(text)]
    return torch.tensor(rows), torch.tensor([decisions(texts[n]) for n in rows])


test_rows, test_places = full(wanted)
due = ["first\nletter", "behind\nhundert", "behind\ntausend", "behind\nhundert", "whole\nnumber"]


def at_decisions(letters):
    """Share of right letters at the four decisions, and the exact match: (5,)."""
    right = (letters == targets).cpu()
    four = right[test_rows[:, None], test_places].float().mean(0)
    return torch.cat([four, still_right(letters, targets)[-1:].cpu()])


# %% tags=["nbval-ignore-output"]
table = {}
for name in ("somebody else's", "own message"):
    table[name] = at_decisions(logits[name].argmax(2))
plot.shares(torch.stack(list(table.values())), xticks=due, yticks=list(table), title="Share of right letters")

# %% [markdown]
# The first digit passes. At the other decisions the message is worth little, behind *tausend* hardly more than somebody else's: *on the
# right path*, with all letters before handed over.
#
# So much of the gap of the first figure is *help taken away*. At these decisions both modes guess; teacher-forced, the next letter gives
# the word away.

# %% tags=["claim"]
adds = table["own message"] - table["somebody else's"]
claim("at the first letter the own message adds at least 0.5", adds[0], at_least=0.5)
claim("behind tausend it adds less than 0.1", adds[2], at_most=0.1)

# %% [markdown]
# ## Too small?
#
# An easy explanation is at hand, and you find it in many texts: **one vector must hold it all**, and it is too small. Here is what looks like proof:
# a network of the same size, trained for as many steps on 800 of the numbers below a thousand.

# %% tags=["nbval-ignore-output"]
seed(12)
small = number_words(1000, 1000, generator=generator(12))
words, counts, german_letters = tensors(small)
short = Translator().to(here)
train(short, words[:800], counts[:800], german_letters[:800], steps=380)
_, short_free, short_targets = both_modes(short, words[800:], counts[800:], german_letters[800:])
exact["below 1,000"] = still_right(short_free, short_targets)[-1]

# %% [markdown]
# Most of its unseen numbers are right to the last letter: inversion and all. Three digits pass, six do not, so three must be what the
# vector holds? This comparison changes *four* things at once. Find them before you read on.
#
# Fewer digits; words less than half as long; 800 of 1,000 numbers have been seen, not 3,000 of a million; and each of them was seen about four
# times as often. Nothing follows about the vector. And there is a sign against it: a million numbers are told apart by 20 bits, since $2^{20} > 10^6$, and the message
# is 192 floating-point numbers.

# %% tags=["claim"]
claim("below a thousand more than half of the unseen numbers are right", exact["below 1,000"], at_least=0.53)

# %% [markdown]
# ## One thing at a time
#
# So change one thing. First control, **longer**: the same network, the same numbers, twice as many steps, 760. If only the size of the
# vector stood in the way, this should not help.
#
# Second control, **reminded**: 760 steps like the first control, but its decoder reads the message's $h$ again at every step, beside the letter (so
# did Cho et al., 2014). The message has no more numbers than before. But nobody has to *carry* it through fifty letters.

# %% tags=["nbval-ignore-output"]
plot.translator(["twenty", "one"], ["e", "i", "n", "…"], reminded=True, title="Reminded: the message (m) at every step")


# %% [markdown]
# $$s_t = \mathrm{LSTM}_{\text{dec}}\big([e'(y_{t-1}), h_{T_x}],\; s_{t-1}\big)$$


# %%
class Reminded(Translator):
    """The decoder reads the message's h at every step. Its state carries the message along, unchanged."""

    def __init__(self, H=96):
        super().__init__(H, D=2 * H)

    def encode(self, source, lengths):
        h, c = super().encode(source, lengths)
        return h, c, h

    def decode(self, fed, state):
        h, c, message = state
        every_step = message[:, None].expand(-1, fed.shape[1], -1)  # (N, T, H)
        x = torch.cat([self.embed_letters(fed), every_step], 2)
        y, (h, c) = self.writer(x, (h[None], c[None]))
        return self.read_out(y), (h[0], c[0], message)


# %% [markdown]
# **Before you run:** behind *tausend* our network does hardly better than with somebody else's message. Which control will get at
# least half of the letters right there? Write `"longer"`, `"reminded"`, `"both"` or `"neither"`.

# %% tags=["predict"]
predict("19.c", ...)  # "longer", "reminded", "both" or "neither"

# %% tags=["nbval-ignore-output"]
controls = {"longer": Translator(), "reminded": Reminded()}
for name in controls:
    seed(12)
    train(controls[name].to(here), *learn, steps=760)

# %% tags=["nbval-ignore-output"]
for name in controls:
    control_forced, control_free, _ = both_modes(controls[name], *test)
    table[name] = at_decisions(control_forced)
    exact[name] = still_right(control_free, targets)[-1]
plot.shares(torch.stack(list(table.values())), xticks=due, yticks=list(table), title="Share of right letters")

# %% [markdown]
# **Reminded** does: it is right at most decisions of every kind, and many of the whole numbers come through; of ours hardly any did. **Longer**
# has gained, too; at which decision, and how much behind *tausend*, differs from one training to the next.
#
# The reminded decoder's message has no more numbers than before (only its weights are more: those for the reminder). So the message's size is *not* what stopped our network: six digits do
# pass through such a vector.
# Something is hard about carrying them.

# %% tags=["claim"]
through = [name for name in controls if table[name][2] >= 0.5]
outcome("19.c", through[0] if len(through) == 1 else {0: "neither", 2: "both"}[len(through)])
gained = table["longer"] - table["own message"]
claim(
    "reminded: at each of the four decisions at least 80 of 100 letters are right",
    table["reminded"][:4].min(),
    at_least=0.8,
)
claim("reminded: at least 35 of 100 whole numbers are right", exact["reminded"], at_least=0.35)
claim("longer: at one of the four decisions, at least, it gains more than 0.1", gained[:4].max(), at_least=0.15)

# %% [markdown]
# ## What is in the state?
#
# A **linear probe** asks the state itself. It is a linear map, fitted to read something from a network's state; the network is not
# changed. Ours reads the six digits: for each digit ten scores, fitted by least squares on the training numbers, scored on the test numbers. Guessing gets
# about one in ten.
#
# ### Exercise 19.5 · In the order spoken (3 min, ●●○)
#
# *Goal:* the columns of the next figure. The six digits of a number, written from left to right, have the places 0, 1, … 5. In which order does
# German *speak* them? *Given:* 345,678 is *dreihundert·fünf·und·vierzig·tausend·sechshundert·acht·und·siebzig*. Write the list of places. *Done when* the
# check says ✓.

# %% tags=["exercise"]
order = [...]
### BEGIN SOLUTION
order = [0, 2, 1, 3, 5, 4]
### END SOLUTION

# %% tags=["check"]
order = exercise("19.5", order)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Number the digits of 345,678: the 3 has place 0, the 4 place 1, the 5 place 2. Which is heard second?
# </details>
# <details><summary>Fuller hint</summary>
#
# Hundreds, units, tens: `0, 2, 1`. And once more behind *tausend*.
# </details>

# %%
rows, places = full(pairs.german)
powers = 10 ** torch.arange(5, -1, -1)  # 100,000 … 1
digits = (torch.tensor(pairs.numbers)[rows, None] // powers % 10)[:, order]
fitted = rows < 3000  # the probe is fitted on training numbers, and scored on test numbers


def probe(states):
    """Share of test numbers whose digit a linear map reads from the states, (M, 2H); for each of the six digits, (6,)."""
    z = torch.cat([states, torch.ones(len(states), 1)], 1).double()
    scores = nn.functional.one_hot(digits, 10).flatten(1).double()  # (M, 60): 1 for the right digit
    W = torch.linalg.solve(z[fitted].T @ z[fitted] + 1e-2 * torch.eye(z.shape[1]), z[fitted].T @ scores[fitted])
    read = (z[~fitted] @ W).view(-1, 6, 10).argmax(2)
    return (read == digits[~fitted]).float().mean(0)


# %% [markdown]
# We probe the message, and then the decoder's state at three decisions: behind the first *hundert*, behind *tausend* and behind the second
# *hundert*, teacher-forced. And for comparison the message of an encoder that has learnt nothing.


# %%
@torch.no_grad()
def probes(model):
    """Shares read from the message and, behind it, from the states at decisions 2 to 4: (4, 6)."""
    state = model.encode(source[rows.to(here)], lengths[rows.to(here)])
    states = [torch.cat(state[:2], 1).cpu()]
    states += [torch.zeros_like(states[0]) for _ in range(3)]
    for t in range(int(places.max()) + 1):
        _, state = model.decode(letters[rows.to(here), t : t + 1], state)
        for k in (1, 2, 3):
            now = places[:, k] == t  # the letter at place t is due in these rows
            states[k][now] = torch.cat(state[:2], 1).cpu()[now]
    return torch.stack([probe(each) for each in states])


# %% [markdown]
# **Before you run:** which digits can be read from the message? And which are still there when their turn comes?

# %% tags=["nbval-ignore-output"]
seed(12)
untrained = probes(Translator().to(here))[:1]
read = {"380 steps": probes(model), "760 steps": probes(controls["longer"])}
fig, axes = plot.panels(1, 2, size=(6, 3.6), sharey=True)
for k, name in enumerate(read):
    looks = {"xticks": ["1st", "2nd", "3rd", "4th", "5th", "6th"], "x": "digit, in the order spoken"}
    looks["yticks"] = ["untrained", "message", "behind hundert", "behind tausend", "behind hundert"]
    plot.shares(torch.cat([untrained, read[name]]), title=f"Trained for {name}", ax=axes[k], **looks)
fig

# %% [markdown]
# Begin at the top. From the message nearly every digit can be read: it arrives. From the message of an *untrained* encoder most can be
# read, too, least the one that was read first. What can be read need not have been learnt; a large state driven by words is a memory of sorts.
#
# Now go down, and look at the digit that is *due* in each row: the 2nd, the 4th, the 5th. After 380 steps each has faded when its turn
# comes, the 4th and 5th to little. (To its left digits come back, for the decoder *reads* the teacher's letters.) After 760 steps the 2nd is
# there in time; those due later mostly still fade. And what can be read need not be *used*: after 380 steps the 2nd can still be read in many numbers,
# and the decoder guesses all the same.
#
# So here is an explanation that fits all that was measured. The vector holds the message. The decoder has to learn to *carry* it through
# its own steps and to use it in time, and that it learns slowly. A reminder makes carrying unnecessary, and gives each
# letter's error a short road back to the message. What is *not*
# measured: whether the plain decoder gets all the way with more steps, or with a larger state; how long a message may be before a vector of this size does
# become too small; and what another map than a linear one could read.

# %% tags=["claim"]
faded = read["380 steps"][0, 3] - read["380 steps"][2, 3]
claim("from the message a linear map reads at least 95 of 100 digits", read["380 steps"][0].mean(), at_least=0.95)
claim("from an untrained encoder's at least 85 of 100", untrained.mean(), at_least=0.85)
claim("behind tausend the digit that is due can be read less often than from the message, by 0.4", faded, at_least=0.4)

# %% [markdown]
# ## What you can now do
#
# - **Encoder and decoder** separate reading from writing, so lengths and order are free. The message is the state after the last *real*
#   word, and the loss counts real letters only.
# - **Teacher-forced and free-running** part after the first mistake, and not before. Up to there both are one path, so exact match cannot
#   show exposure bias; and most of a teacher-forced share is spelling.
# - **One vector** was blamed too early. One of the same size passes six digits, in many numbers without any mistake, once the decoder is
#   reminded of it; and longer training helps, too. What was missing was not room in the message; all that was measured fits a decoder
#   that has not learnt to carry it.
#
# Where people use this: translation from 2014 on, speech, summaries; "encode, then decode" survived the recurrent network. Where it fails: the
# decoder has to carry what it needs, or be reminded of all of it at every step. In [lesson 20](20_attention.ipynb) it *looks back* at what it
# needs now.

# %% [markdown]
# <details><summary>Test yourself: must the bug of exercise 19.1 show in the loss?</summary>
#
# No: a network can learn to live with padding. What gives it away: the same number, alone and in a batch with a longer one, gets two different messages.
# </details>
# <details><summary>Test yourself: a colleague reports a very high "token accuracy" for a new translator. What do you ask?</summary>
#
# Teacher-forced or free-running? How many tokens has an output? What does a model score that does not see the source? What is the exact match?
# </details>
# <details><summary>Test yourself: "three digits pass, six do not, so the vector is too small." What do you ask for?</summary>
#
# A control that changes one thing: the same vector with more training, or an easier road from it. And a look at what the vector holds.
# </details>
#
# *Further reading.* I. Sutskever, O. Vinyals, Q. Le, "Sequence to sequence learning with neural networks", *NeurIPS* (2014): one vector, much
# larger. K. Cho et al., "Learning phrase representations using RNN encoder–decoder", *EMNLP* (2014): the message at every step; and "On the properties
# of neural machine translation", *SSST* (2014): quality against length. S. Bengio et al., "Scheduled sampling", *NeurIPS* (2015). F. Huszár, "How (not) to train
# your generative model" (2015). M. Ranzato et al., "Sequence level training", *ICLR* (2016): exposure bias. G. Alain and Y. Bengio, "Understanding intermediate
# layers using linear classifier probes" (2016).
