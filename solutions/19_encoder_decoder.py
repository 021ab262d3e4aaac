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
# - measure what happens when a decoder reads its own letters instead of the teacher's, position by position,
# - say what goes through one vector, what does not in our budget, and which explanation the measurements allow.
#
# Needs: [lesson 06](06_lstm.ipynb) (the LSTM), and from [lesson 17](17_captioning.ipynb) teacher forcing and greedy decoding. About 80 minutes. Mapping: many-to-many,
# unaligned.
#
# ## Twenty-one is one-and-twenty
#
# English words go in, German letters come out. Look for three things below: how many tokens stand on each side, where the spaces
# have gone, and which digit of 21 and of 345 is spoken first.

# %% tags=["nbval-ignore-output"]
from copy import deepcopy
import torch
from torch import nn
from lstmkit import claim, device, exercise, fit, generator, plot, seed
from lstmkit.data.number_words import number_words, spell
from lstmkit.data.text import Vocabulary

for number in (21, 345, 907_016):
    english, german = spell(number)
    print(number, " ".join(english), german, f"{len(english)} words, {len(german)} letters", sep=" · ")
plot.mapping("encoder-decoder")

# %% [markdown]
# German writes a number as one word and says the units before the tens: *five-and-forty*. So the first letter of
# "fünfundvierzig" depends on the **last** word of "forty five". An aligned network would have to write before it
# has read. Here reading comes first: one LSTM, the **encoder**, reads all words. The state in which it ends, $h$ and $c$, is the whole **message**. Another LSTM,
# the **decoder**, starts from that state and writes letter by letter, until it writes `<end>`. The lengths on the two sides have
# nothing to do with each other.
#
# The data: 3,400 different numbers below a million, 400 of them kept for testing. No number stands in both parts. Four tokens have a fixed place in each
# vocabulary: `<pad>` 0, `<start>` 1, `<end>` 2, `<unknown>` 3.

# %%
seed(12)
here = device()
PAD, START, END = 0, 1, 2
large = number_words(3400, generator=generator(12))
English, German = Vocabulary(large.english), Vocabulary(large.german)
train, test = slice(0, 3000), slice(3000, None)


def tensors(pairs):
    """source (N, T_x), lengths (N,), letters (N, T_y + 1): each row <start>, letters, <end>, padding."""
    source, lengths = English.encode(pairs.english)
    return source.to(here), lengths.to(here), German.encode(pairs.german, wrap=True)[0].to(here)


source, lengths, letters = tensors(large)
claim("no number stands in both parts", len({*large.numbers[train]} & {*large.numbers[test]}), close_to=0, tolerance=0)

# %% [markdown]
# ## The message
#
# A batch is a rectangle: short sequences are filled up with `<pad>`. The encoder's message must be the state after the last
# *real* word. A famous bug takes the state after the last *column*: the short sequences have then gone on reading
# padding, and how far depends on their neighbours in the batch.
#
# ### Exercise 19.1 · The state after the last word (10 min, ●●○)
#
# *Goal:* the message of each sequence of a padded batch. *Given:* an LSTM cell, called as `h, c = cell(x_t, (h, c))` for a whole
# batch; embedded words `x`, (N, T, D); the `lengths`. All states start at zero. *Done when* the check says ✓.


# %% tags=["exercise"]
def last_state(cell, x, lengths):
    """h and c after each sequence's last real word.

    cell: an nn.LSTMCell. x: (N, T, D), padded. lengths: (N,), at least 1. Returns (h, c), each (N, H); H is cell.hidden_size.
    """
    ### BEGIN SOLUTION
    h = c = x.new_zeros(len(x), cell.hidden_size)
    for t in range(x.shape[1]):
        new_h, new_c = cell(x[:, t], (h, c))
        reading = (t < lengths)[:, None]  # (N, 1): has row n still a word at step t?
        h, c = torch.where(reading, new_h, h), torch.where(reading, new_c, c)
    return h, c
    ### END SOLUTION


# %% tags=["check"]
last_state = exercise("19.1", last_state)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Let the cell read all columns, but let a row's state *stay* once its words are over. At step `t`, counted from 0, row `n` is
# still reading if `t < lengths[n]`. Both `h` and `c` have to stay. `x.new_zeros(N, H)` makes zeros where `x` lives.
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
# | $m$, the message: all that the decoder ever learns of the source | `state` | a pair of (N, H), H = 96 |
# | $y_{t-1}$, the letter fed at step $t$ ($y_0$ is `<start>`) | `fed` | (N, T_y) |
# | $s_t$, the decoder's state, again a pair; $R$ reads its $h$ | `state` | a pair of (N, H) |
# | scores of all letters | `logits` | (N, T_y, V) |


# %%
class Translator(nn.Module):
    """Words in, letters out; the encoder's last state is the whole message."""

    def __init__(self, H=96):
        super().__init__()
        self.embed_words = nn.Embedding(len(English), H, padding_idx=PAD)
        self.embed_letters = nn.Embedding(len(German), H, padding_idx=PAD)
        self.reader = nn.LSTMCell(H, H)
        self.writer = nn.LSTM(H, H, batch_first=True)
        self.read_out = nn.Linear(H, len(German))
        for bias in (self.reader.bias_hh, self.writer.bias_hh_l0):
            nn.init.ones_(bias[H : 2 * H])  # forget gates begin open (lesson 06)

    def encode(self, source, lengths):
        return last_state(self.reader, self.embed_words(source), lengths)

    def decode(self, fed, state):  # many letters at once: for teacher forcing
        y, (h, c) = self.writer(self.embed_letters(fed), (state[0][None], state[1][None]))
        return self.read_out(y), (h[0], c[0])

    def step(self, fed, state):  # one letter: for writing
        logits, state = self.decode(fed[:, None], state)
        return logits[:, 0], state


# %% [markdown]
# ## A loss that does not count padding
#
# Some German numbers have thirty-five letters, some sixty. The rows of a batch end at different places, and what stands behind the end must not count: not in the sum, and
# not in the number by which the sum is divided. In [lesson 17](17_captioning.ipynb) `ignore_index` did this. Here you write it.
#
# ### Exercise 19.2 · The masked loss (10 min, ●●○)
#
# *Goal:* the mean cross-entropy per *real* letter of the whole batch, in nats: every letter weighs the same, whichever row it stands in; `<end>` is
# a real letter. *Given:* `logits` and `targets`, already shifted; `PAD` is 0. Write it without `ignore_index`. *Done when* the check says ✓.


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
# `logits.log_softmax(2)` holds a log-probability for each letter of the vocabulary. `.gather(2, targets[:, :, None])` picks the one of the right letter.
# `targets != PAD` is the mask.
# </details>
# <details><summary>Fuller hint</summary>
#
# With `log_p` of shape (N, T) and `real = targets != PAD`: multiply, sum over everything, change the sign, and divide by `real.sum()`.
# </details>
#
# ## Training
#
# Teacher forcing, as in [lesson 17](17_captioning.ipynb): at each step the decoder is fed the *right* letter before. Fixed steps, fixed budget; [lesson 20](20_attention.ipynb) will get the same.


# %% tags=["nbval-ignore-output"]
def translation_loss(model, source, lengths, letters):
    logits, _ = model.decode(letters[:, :-1], model.encode(source, lengths))
    return masked_loss(logits, letters[:, 1:])


def learn(model, loss, data, rows, steps, lr=5e-3):
    """Train on random batches of 64 of the first `rows` rows; the step size rises to lr and falls to 0."""
    picked = (torch.randint(rows, (64,)).to(here) for _ in range(steps))
    batches = (tuple(part[some] for part in data) for some in picked)

    def one_cycle(optimizer):
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps, pct_start=0.1)

    return fit(model, loss, batches, steps=steps, schedule=one_cycle, clip=1.0)


model = Translator().to(here)
losses = learn(model, translation_loss, (source, lengths, letters), 3000, steps=380).losses
labels = {"x": "training step", "y": "loss (nats per letter)"}
plot.series({"LSTM": losses}, **labels, title="Training looks fine")

# %% [markdown]
# The loss is a fraction of what it was. Is this a good translator? Under teacher forcing we can count how often its likeliest
# letter is the right one. But when it is used, nobody hands it the right letter before. It reads its own.
#
# ### Exercise 19.3 · Free running (10 min, ●●○)
#
# *Goal:* what the decoder writes when every step is fed the letter that the step before found likeliest. *Given:* `step` (the model's),
# the `state` to begin from, a pair of (N, H), and `T`. The first letter fed is `START`. A row that has written `END` goes on with `PAD`; always return T
# columns. *Done when* the check says ✓.


# %% tags=["exercise"]
def free_run(step, state, T):
    """Greedy decoding.

    step: logits, state = step(fed, state), with fed (N,) and logits (N, V). state: a pair of (N, H). Returns letters, (N, T).
    """
    ### BEGIN SOLUTION
    fed = torch.full((len(state[0]),), START, device=state[0].device)
    written, ended = [], torch.zeros_like(fed, dtype=torch.bool)
    for _ in range(T):
        logits, state = step(fed, state)
        fed = logits.argmax(1).masked_fill(ended, PAD)
        written.append(fed)
        ended = ended | (fed == END)
    return torch.stack(written, 1)
    ### END SOLUTION


# %% tags=["check"]
free_run = exercise("19.3", free_run)

# %% [markdown]
# <details><summary>Hint</summary>
#
# How many rows are there? `len(state[0])`. Begin with that many times `START`, on the device of `state[0]`. Keep a tensor of truth values, `ended`, all False at first.
# </details>
# <details><summary>Fuller hint</summary>
#
# In each of T rounds: `logits, state = step(fed, state)`, then `fed = logits.argmax(1).masked_fill(ended, PAD)`, append, and only then
# `ended = ended | (fed == END)`. At the end `torch.stack(written, 1)`.
# </details>
#
# ## One network, two readings
#
# Now the test numbers, in both modes: the same weights, the same message. We compare position by position: is the letter at place $t$ the one that should
# stand there?
#
# **Before you run:** draw two curves, the share of right letters at position 0, 1, … 55, under teacher forcing and in free running. Where do they
# part, and where do they end?


# %% tags=["nbval-ignore-output"]
@torch.no_grad()
def both_modes(model, source, lengths, letters):
    """Letters under teacher forcing, letters written freely, and targets: each (N, T), on the CPU."""
    state = model.encode(source, lengths)
    forced = model.decode(letters[:, :-1], state)[0].argmax(2)
    return forced.cpu(), free_run(model.step, state, forced.shape[1]).cpu(), letters[:, 1:].cpu()


def share(letters, targets, axis=None):
    """Share of the real letters that are right: one number, or by position (axis=0)."""
    real = targets != PAD
    return ((letters == targets) & real).sum(axis) / real.sum(axis)


forced, free, targets = both_modes(model, source[test], lengths[test], letters[test])
many = (targets != PAD).sum(0) >= 100  # positions that at least 100 of the 400 numbers reach
curves = {"teacher forcing": share(forced, targets, 0)[many], "free running": share(free, targets, 0)[many]}
labels = {"x": "position in the German word", "y": "share of right letters"}
plot.series(curves, **labels, title="Same network: left to itself, it gets lost")

# %% [markdown]
# Under teacher forcing most letters are right, from beginning to end. Free-running, the same
# network begins as well, then falls and does not come back. The first letters are right because the first digit is. Then comes the first wrong
# letter, and from there on the decoder reads something that it has never seen in training: *its own mistakes*. **Exposure bias** is the name of this trouble: a decoder that
# was exposed to right beginnings alone meets wrong ones. The gap between the curves is its usual measure. We will take the gap apart.
#
# ## Is the comparison fair?
#
# Not quite. Read below what the decoder writes, and compare its endings. It is German again, nearly always the name of a number, but of another one. And a wrong digit is often longer or shorter than the right
# one. Then everything behind it stands some places off and counts as wrong, even where it is right.
#
# A count that forgives this is the **edit distance**: how many letters must be put in, taken out or changed to make one text of the other. So part of the fall is
# a shift. **Before you run:** if we count edits, is free running still worse than teacher forcing, and how many times?


# %% tags=["nbval-ignore-output"]
def edits(a, b):
    """Edit distance of two strings (Levenshtein, 1966)."""
    row = list(range(len(b) + 1))
    for i, p in enumerate(a, 1):
        above, row = row, [i]
        for j, q in enumerate(b, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (p != q)))
    return row[-1]


written, wanted = [German.decode(row) for row in free], large.german[test]
for said, true in zip(written[:4], wanted):
    print(f"true: {true}\nsaid: {said}\n{edits(said, true)} edits\n")

# %%
forced_share, free_share = share(forced, targets), share(free, targets)
per_letter = sum(map(edits, written, wanted)) / sum(map(len, wanted))
gap = curves["teacher forcing"] - curves["free running"]
claim("teacher-forced, at least 88 of 100 letters are right", forced_share, at_least=0.88)
claim("free-running, at most 60 of 100 are", free_share, at_most=0.6)
claim("over the first five letters the modes differ little", gap[:5].mean(), at_most=0.08)
claim("at letters 40 to 50 they differ by more than 0.4", gap[40:50].mean(), at_least=0.4)
claim("in edits, free running still errs 2.5 times as often", per_letter / (1 - forced_share), at_least=2.5)
names = {"", *(spell(number)[1] for number in range(1000))}
halves = [text.split("tausend") for text in written]
numbers = sum(len(parts) <= 2 and {*parts} <= names for parts in halves) / 400
claim("at least 80 of 100 free outputs spell some number", numbers, at_least=0.8)

# %% [markdown]
# The gap is real in either count. How many times as often does free running err? More than twice, the edits say. (Teacher-forced letters were
# counted by position. That is strict with the teacher's side: edits are never more than wrong places.) Position by position shows *where* the gap opens; edits are
# fairer on *how much*.
#
# ## From letters to whole numbers
#
# A translation with one wrong digit is another number. What counts is the **exact match**: the share of numbers that are right in every letter.
#
# ### Exercise 19.4 · Predict the exact match (2 min, ●○○)
#
# *Goal:* two numbers, each to within a thousandth. *Given:* a decoder that writes 50 letters a number, each right with probability $q$, independently of the others.
# `"exact match"`: how often is the whole number right if $q = 0.94$? `"needed"`: which $q$ is needed for an exact match of 0.9?
# *Done when* the check says ✓.

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
# A puzzle before the count. Suppose that under teacher forcing a number is right in *every* letter. **Before you run:** what will the same network write freely?


# %%
def exact(letters, targets):
    """Share of numbers whose letters are right up to and including <end>."""
    return ((letters == targets) | (targets == PAD)).all(1).float().mean()


each = forced_share ** (targets != PAD).sum(1)  # what independent letters would give, for each number's length
claim("hardly any long number is right: exact match at most 0.03", exact(free, targets), at_most=0.03)
claim("that is no more than independent letters would give", exact(free, targets) - each.mean(), at_most=0.01)
claim(
    "both modes have the same exact match", exact(free, targets) - exact(forced, targets), close_to=0, tolerance=0.003
)

# %% [markdown]
# The rule of Exercise 19.4 promises little, and no more is found. (That does not show that letters err independently: both numbers are near zero.)
#
# The last claim is no accident. As long as every letter is right, the decoder's own letters *are* the teacher's: the two modes take the same path. So **exact match
# under greedy decoding cannot show exposure bias**; only letters and positions can. And it says something else. Whoever wants more numbers right
# has to repair what happens on the *right* path, before any mistake. What happens there?
#
# ## Somebody else's message
#
# Here is a test of what the teacher-forced share is worth. Under teacher forcing, give every number the message of *another* number: the decoder reads the right letters, and
# starts from the wrong state. **Before you run:** how many letters will it get right now?

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    own = model.encode(source[test], lengths[test])
    others = tuple(part.roll(1, dims=0) for part in own)  # each row gets its neighbour's message
    fed = letters[test][:, :-1]
    logits = {"own message": model.decode(fed, own)[0].cpu(), "somebody else's": model.decode(fed, others)[0].cpu()}
n = max(range(400), key=lambda n: len(wanted[n]))  # the longest test number
T = len(wanted[n]) + 1
p = {name: some[n, :T].softmax(1).gather(1, targets[n, :T, None])[:, 0] for name, some in logits.items()}
fig, ax = plot.panels(1, 1, size=(12, 3.8))
title = "Most letters need no message: they follow from the letters before"
plot.series(p, x="the right letter", y="its probability", title=title, dots=True, ax=ax)
ax.set_xticks(range(T), [*wanted[n], "■"])
ax.legend(loc=(0.38, 0.45))
fig

# %%
swapped_share = share(logits["somebody else's"].argmax(2), targets)
claim("with somebody else's message at least 80 of 100 letters are right", swapped_share, at_least=0.8)
claim("the own message adds less than 0.08", forced_share - swapped_share, at_most=0.08)
right = [some.argmax(2) == targets for some in logits.values()]
first = {n: 0 for n in range(400)}  # row: place of a decision
second = {n: text.find("hundert") + 7 for n, text in enumerate(wanted) if "hundert" in text.partition("tausend")[0]}
behind = {n: text.find("tausend") + 7 for n, text in enumerate(wanted) if "tausend" in text}
adds = []  # by the own message, at each of the three decisions
for places in (first, second, behind):
    own_right, others_right = (some[[*places], [*places.values()]].float().mean() for some in right)
    adds.append(own_right - others_right)
claim("at the first letter it adds at least 0.5", adds[0], at_least=0.5)
claim("at the letter behind the first hundert it adds less, by at least 0.1", adds[0] - adds[1], at_least=0.1)
claim("at the letter behind tausend it adds less than 0.05", adds[2], at_most=0.05)

# %% [markdown]
# Most of the time the two curves run together at the top: after *hund* comes *ert*, whatever the number is. They drop where a
# new word begins, for there a *decision* is due: which digit? (■ is the end.) Fifty letters hold some six decisions. The rest is spelling,
# and spelling is what the teacher-forced accuracy is made of.
#
# Now compare the curves *at* the decisions. The own message gives the first digit. At the second one spoken, behind the first *hundert*, it helps less, and how much
# depends on the seed. Behind *tausend*, where the last three digits are due, it is worth no more than somebody else's. Ask of any good score what a model reaches *without* the information that it is meant to use.
#
# And take the gap apart. How do the two modes compare at that letter behind *tausend*, among the numbers where free running gets there?

# %%
both = [n for n in behind if "tausend" in written[n]]
spoken = [[texts[n].partition("tausend")[2][:1] for n in both] for texts in (written, wanted)]
freely = sum(said == true for said, true in zip(*spoken)) / len(both)
forcedly = right[0][both, [behind[n] for n in both]].float().mean()
claim("free running gets there for at least 50 of the 400 numbers", len(both), at_least=50)
claim("there both modes are equally good", forcedly - freely, close_to=0, tolerance=0.1)
claim("and both are bad: teacher-forced, at most 35 of 100 are right", forcedly, at_most=0.35)
usual = max(map(spoken[0].count, {*spoken[0]})) / len(both)
claim("at least 6 of 10 times free running says one and the same letter there", usual, at_least=0.6)

# %% [markdown]
# Both modes have to decide, and both guess, equally badly. Free running mostly says one letter, whatever the number is. Then the teacher gives the
# word away, letter by letter; free-running, nobody does. So much of this gap is *help taken
# away*, not a decoder confused by its own mistakes: what it writes reads like German.
#
# ## Short numbers
#
# So the decisions are where it fails. Is the task too hard for such a network? Train a second one, of the same size for as many
# steps, on 800 numbers below a thousand. **Before you run:** what exact match do you expect on the 200 others?

# %% tags=["nbval-ignore-output"]
seed(12)
small = number_words(1000, 1000, generator=generator(12))
small_data = tensors(small)
short = Translator().to(here)
learn(short, translation_loss, small_data, 800, steps=380)
_, short_free, short_targets = both_modes(short, *(part[800:] for part in small_data))
match = {"below 1,000": exact(short_free, short_targets), "below 1,000,000": exact(free, targets)}
plot.bars(match, x="numbers", y="exact match", title="Three digits pass through the vector, six do not")

# %% [markdown]
# The inversion, units before tens, is learnt. Three digits pass, six do not. The usual explanation is quick at hand: **one vector must
# hold it all**, and it is too small. Do not believe it yet. A million numbers are told apart by 20 bits, since $2^{20} > 10^6$; the message consists of 192 floating-point
# numbers. There is room. So ask the vector itself.
#
# ## What is in the vector?
#
# A **linear probe** is a linear map, fitted to read something from a network's state. The network is not changed. Ours reads the six digits: for each digit ten scores,
# fitted by least squares on the training numbers, scored on the test numbers. Guessing gets about one in ten.
#
# We probe the state that the encoder leaves, and the decoder's state after 8, 16, 24 and 32 letters, teacher-forced. **Before you run:** which digits
# are hard to read at first? Which later?

# %% tags=["nbval-ignore-output"]
digits = torch.tensor([[int(figure) for figure in f"{number:06d}"] for number in large.numbers])
one_hot = nn.functional.one_hot(digits, 10).flatten(1).double()


def probe(state):
    """Share of test numbers whose digit a linear map reads from the state, for each of the six digits, (6,)."""
    z = torch.cat([*state, torch.ones_like(state[0][:, :1])], 1).detach().cpu().double()
    W = torch.linalg.solve(z[train].T @ z[train] + 1e-2 * torch.eye(z.shape[1]), z[train].T @ one_hot[train])
    return ((z[test] @ W).view(-1, 6, 10).argmax(2) == digits[test]).double().mean(0)


with torch.no_grad():
    state, read = model.encode(source, lengths), {}
    for t in range(0, 33, 8):  # further on, some numbers are at their end
        read[t] = probe(state)
        _, state = model.decode(letters[:, t : t + 8], state)
texts = {"x": "digit, from the left", "y": "letters written so far", "scale": "share read rightly"}
texts |= {"xticks": "123456", "yticks": list(read), "title": "To a linear map, what is still to be written fades"}
plot.heatmap(torch.stack([*read.values()]), signed=False, limit=1.0, **texts)

# %%
claim("below a thousand, at least 65 of 100 unseen numbers are right", match["below 1,000"], at_least=0.65)
claim("a linear map reads 85 of 100 digits from the encoder's last state", read[0].mean(), at_least=0.85)
untrained = probe(Translator().to(here).encode(source, lengths))
claim("from an untrained encoder's it reads 80 of 100", untrained.mean(), at_least=0.8)
claim("after 8 letters it reads the third digit, the second one spoken, in 7 of 10", read[8][2], at_least=0.7)
claim("after 24 letters the last two digits are read less often by 0.4", (read[0] - read[24])[4:].mean(), at_least=0.4)

# %% [markdown]
# In the top row nearly every digit can be read. Go down on the right: what comes late has faded.
# (Some come back: the decoder *reads* the teacher's letters.)
#
# Three warnings. What is there need not be *used*: at the second decision the digit is still there (row 8), yet the message helps less than at the first.
# An *untrained* encoder's state holds the digits, too: what can be read need not be learnt. And what *this* map cannot read need not be gone: the rows
# stand at different places of their words.
#
# So, with care: the message arrives; in this budget the decoder does not learn to use it to the end; to a linear map it fades. That such a vector
# could never do it is *not* measured.
#
# ## Scheduled sampling
#
# A remedy for exposure bias: let the decoder meet its own letters *in training*. At each step of each row throw a coin. Heads: feed the teacher's
# letter. Tails: feed the one that the network found likeliest at the step before. This is **scheduled sampling**; heads grow rarer by a schedule. The targets stay.
#
# ### Exercise 19.5 · A coin for each letter (15 min, ●●○)
#
# *Goal:* the logits of all steps, with mixed feeding. *Given:* `step`, the `state` to begin from, the teacher's `letters`, (N, T), the first of them
# `START`, and `coins`, (N, T): at step t row n is fed the teacher's `letters[n, t]` where `coins[n, t]` is True, else its own letter from the step before. Step 0 is always
# fed `START`. Nothing ends a row: an own `<end>` is fed on like any letter. *Done when* the check says ✓.


# %% tags=["exercise"]
def scheduled(step, state, letters, coins):
    """Logits under mixed feeding.

    step: logits, state = step(fed, state). letters: (N, T), START first. coins: (N, T) bool. Returns logits, (N, T, V).
    """
    ### BEGIN SOLUTION
    own, steps = letters[:, 0], []
    for t in range(letters.shape[1]):
        fed = torch.where(coins[:, t], letters[:, t], own) if t else letters[:, 0]
        logits, state = step(fed, state)
        own = logits.argmax(1)
        steps.append(logits)
    return torch.stack(steps, 1)
    ### END SOLUTION


# %% tags=["check"]
scheduled = exercise("19.5", scheduled)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Teacher forcing is one end, all coins True; nearly your `free_run` is the other. Here nothing ends a row: an own `<end>` is fed on like any letter.
# Which line of the loop has to choose?
# </details>
# <details><summary>Fuller hint</summary>
#
# `fed = torch.where(coins[:, t], letters[:, t], own)`, where `own = logits.argmax(1)` comes from the round before; at `t == 0` take `letters[:, 0]`. Collect the
# logits, `torch.stack(steps, 1)`.
# </details>
#
# The trained network goes on for 60 steps more, once with teacher forcing as before, once with fair coins. (A full schedule
# needs many more steps: try it.) **Before you run:** what will the coins do to the two modes?


# %% tags=["nbval-ignore-output"]
def coin_loss(model, source, lengths, letters):
    coins = torch.rand(letters[:, 1:].shape).to(here) < 0.5
    logits = scheduled(model.step, model.encode(source, lengths), letters[:, :-1], coins)
    return masked_loss(logits, letters[:, 1:])


results = {"before": (forced, free)}
for name, loss in {"+ teacher": translation_loss, "+ coins": coin_loss}.items():
    seed(12)
    pupil = deepcopy(model)
    learn(pupil, loss, (source, lengths, letters), 3000, steps=60, lr=3e-3)
    results[name] = both_modes(pupil, source[test], lengths[test], letters[test])[:2]
fig, axes = plot.panels(1, 2, size=(5, 3.6), sharey=True)
for k, title in enumerate(("Teacher-forced", "Free-running: no remedy in sight")):
    bars = {name: share(modes[k], targets) for name, modes in results.items()}
    plot.bars(bars, y="share of right letters", title=title, ax=axes[k])
fig

# %% [markdown]
# A negative result: the gap is far from closed. With coins free running is hardly better than before these steps (with most seeds even worse), and as many steps of teacher forcing do at least as well. (In so short a training. A slow schedule may do
# better; others report gains.) One reason is above: the decisions go wrong on the *right* path, too, and coins teach nothing about
# those. And the method has a flaw of its own. After an own letter that is some places off, the target is still the teacher's next letter, which is then the wrong one to ask for
# (Huszár, 2015).
#
# ## A wider search, and the edges
#
# Does beam search ([lesson 17](17_captioning.ipynb)) find what greedy decoding misses? And what about an unknown word, a batch of one, an
# output that is cut? The library's decoders, `beam` and `greedy`, take the same `step`. Their `max_length` counts letters, `<end>` included; `ended` says whether an output was finished or cut. `scores` are log-probabilities in nats per letter. The rule for a word outside
# the vocabulary: it is read as `<unknown>`. That is never an error, and never a good translation. (See what is written for "three zillion": after the cell, run
# `German.decode(greedy(model.step, odd_state, 75).tokens[0])`.)

# %%
from lstmkit.models import beam, greedy

coins, more = ([share(modes[k], targets) for k in (0, 1)] for modes in (results["+ coins"], results["+ teacher"]))
claim("with coins, the two modes still differ by 0.2", coins[0] - coins[1], at_least=0.2)
claim("free-running, coins do no better than as many steps of teaching", coins[1] - more[1], at_most=0.01)
claim("and hardly better than before these steps", coins[1] - free_share, at_most=0.05)
claim("and the exact match stays at most 0.03", exact(results["+ coins"][1], targets), at_most=0.03)
wide, narrow = beam(model.step, own, 75, width=4), greedy(model.step, own, 75)
found = sum(German.decode(row) == text for row, text in zip(wide.tokens, wanted)) / 400
claim("four beams find likelier outputs", wide.scores.mean() - narrow.scores.mean(), at_least=0.001)
claim("but not righter ones: exact match at most 0.03", found, at_most=0.03)
odd, odd_lengths = English.encode([["three", "zillion"]])
print(English.decode(odd[0], " "))
odd_state = model.encode(odd.to(here), odd_lengths.to(here))
cut = greedy(model.step, odd_state, max_length=2)
claim("a batch of one, cut after two letters, has not ended", cut.ended.sum(), close_to=0, tolerance=0)

# %% [markdown]
# ## What you can now do
#
# - **Encoder and decoder** separate reading from writing, so lengths and order are free. The message is the state after the last *real* word.
# - **Exposure bias** is measured on letters and positions: fed its own letters, the same network gets lost. Exact match cannot show it, for on a right path both
#   modes agree. And part of the gap is help taken away: most letters are spelling.
# - **One vector** carried three digits, and not six. The digits are in it at the start; to a linear map they fade while the decoder writes.
#
# Where it fails, [lesson 20](20_attention.ipynb) goes on: what if the decoder need not hold on to the message, because it may *look back* at what was read?
#
# <details><summary>Test yourself: must the bug of Exercise 19.1 show in the loss?</summary>
#
# No: a network can learn to live with padding. What gives it away: the same number, alone and in a batch with a longer one, gets two different messages.
# </details>
# <details><summary>Test yourself: a colleague reports a very high "token accuracy" for a new translator. What do you ask?</summary>
#
# Teacher-forced or free-running? How many tokens has an output? What does a model score that does not see the source? What is the exact match?
# </details>
#
# *Further reading.* I. Sutskever, O. Vinyals, Q. Le, "Sequence to sequence learning with neural networks", *NeurIPS* (2014): one vector, much larger. K. Cho et al., "On the properties of neural
# machine translation", *SSST* (2014): quality against length. S. Bengio et al., "Scheduled sampling", *NeurIPS* (2015); F. Huszár, "How (not) to train your generative model" (2015).
# M. Ranzato et al., "Sequence level training", *ICLR* (2016): exposure bias.
