# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 14 · Language model
#
# **What comes next?**
#
# After this lesson you will be able to
# - say in bits per character how well a model knows a text, and how far counting alone gets,
# - train an LSTM on a text that does not end: rows side by side, a state that goes on, a gradient that stops,
# - let it write at a temperature of your choice, and see where it is surprised.
#
# Needs: [lesson 04](04_bptt.ipynb) (truncation), [lesson 06](06_lstm.ipynb), [lesson 11](11_tagging.ipynb) (an output at each step). About 90 minutes.
# Mapping: many-to-many, one output for each input; one-to-many when it writes.

# %%
from collections import Counter
import torch
from torch import nn
from lstmkit import claim, exercise, fit, generator, outcome, plot, predict, seed
from lstmkit.data.prose import CHARACTERS, decode, encode, prose

seed(14)

# %% [markdown]
# ## A text, one character at a time
#
# The text is Python's own language reference, the part of it that is prose. A **language model** reads it and says at each character how likely each of the $V$ characters is to come *next*. What was learnt by heart proves nothing: so the test
# consists of other topics than the training, and paragraphs that share a long phrase were left out.

# %%
train, valid, test = prose("train"), prose("valid"), prose("test")
V = len(CHARACTERS)
runs = {train[k : k + 40] for k in range(len(train))}
shared = sum(test[k : k + 40] in runs for k in range(len(test) - 39))
print(f"{V} characters; training {len(train)}, validation {len(valid)}, test {len(test)}")
print(f"runs of 40 characters in the test that the training has, too: {shared}\n")
print("\n".join(train.splitlines()[:2]))

# %% [markdown]
# ## How surprised is it?
#
# If a model gave the character that came the probability 1/2, one yes-or-no question would have named it; with 1/4, two. The number of questions, the **surprise**, is counted in **bits**:

# %% tags=["nbval-ignore-output"]
p = torch.linspace(0.004, 1, 250)
plot.series(-p.log2(), p, x="probability given to the character that came", y="surprise, bits", title="Surprise")

# %% [markdown]
# $$s_t = -\log_2 p(x_t \mid x_1 \dots x_{t-1}), \qquad \text{bits per character} = \frac1T \sum_{t=1}^{T} s_t, \qquad \text{perplexity} = 2^{\,\text{bits per character}}$$
#
# | symbol | variable | meaning |
# |---|---|---|
# | $x_t$ | `tokens[t]` | the character at step t, as a number |
# | $p$ | | the probability that the model gave to the character that came |
# | $s_t$ | `bits` | its surprise |
#
# Perplexity is the same thing told as a number of choices: as unsure as between so many equally likely characters. `cross_entropy` counts in **nats**, with the natural logarithm: one bit is $\ln 2$ nats.
# Averaged over a source of text, the smallest reachable number of bits per character is the **entropy** of the source.
#
# ### Exercise 14.1 · How many bits? (5 min, ●○○)
#
# *Goal:* five numbers, to two decimals. *Given:* paper, or a cell of your own. *Done when* the check says ✓.
#
# - A: 64 characters, all equally likely at every step: bits per character?
# - B: a model gives the four characters that came the probabilities 1/2, 1/4, 1/8, 1/8: bits per character?
# - C: the perplexity of B?
# - D: it had given the last one 1/64 in place of 1/8: by how many bits per character is it worse?
# - E: `cross_entropy` says 1.386: bits per character?

# %% tags=["exercise"]
answers = {"A": ..., "B": ..., "C": ..., "D": ..., "E": ...}
### BEGIN SOLUTION
answers = {"A": 6.0, "B": (1 + 2 + 3 + 3) / 4, "C": 2**2.25, "D": (6 - 3) / 4, "E": 1.386 / 0.6931}
### END SOLUTION

# %% tags=["check"]
answers = exercise("14.1", answers)

# %% [markdown]
# <details><summary>Hint</summary>
#
# −log2 of 1/2, 1/4, 1/8 is 1, 2, 3. Average the *surprises*, then raise 2 to the mean.
# </details>
# <details><summary>Fuller hint</summary>
#
# A: 64 is 2 to the 6. B: (1 + 2 + 3 + 3) / 4. C: 2 to the power of B. D: the last surprise is 6, not 3, and a quarter of that counts. E: divide by ln 2 = 0.693.
# </details>
#
# ## First of all, count
#
# Before any network comes the oldest language model. How often did each character follow the last $n - 1$ ones? Pairs make a bigram model, runs of five a **5-gram** model.


# %%
def seen(text, n):
    """How often each run of n characters occurs."""
    return Counter(text[k : k + n] for k in range(len(text) - n + 1))


after_the = {run[-1]: times for run, times in seen(train, 5).items() if run.startswith("the ")}
print(f"behind 'the ' stand {len(after_the)} different characters, {sum(after_the.values())} times")
print(f"different runs of 5: {len(seen(train, 5))}; of 7: {len(seen(train, 7))}")

# %% [markdown]
# The longer the context, the fewer times it was seen, and a run that never occurred would get the probability 0: an infinite surprise. So every count gives a little away, the *discount*, and what was
# given away is distributed as the *shorter* context says. This is interpolated **Kneser–Ney** smoothing, among the best that there is for counts:
#
# $$p_n(x \mid c) = \frac{\max(\text{count}(c\,x) - d_n,\, 0)}{\text{total}(c)} + \frac{d_n\, \text{kinds}(c)}{\text{total}(c)}\; p_{n-1}(x \mid c'), \qquad p_0 = \frac1V$$
#
# | symbol | variable | meaning |
# |---|---|---|
# | $c$, $c'$ | | the last $n - 1$ characters; the same without the oldest |
# | | `count`, `total` | how often $x$ came behind $c$; how often anything did |
# | | `kinds` | how many different characters came behind $c$ |
# | $d_n$ | `d` | the discount, between 0 and 1, one for each length |
#
# Its cunning is in the shorter contexts: there `count` says not how often a run occurs, but *behind how many different characters*. Think of words: *Francisco* may be frequent, but it stands behind *San* alone, so as a guess in
# a new place it is worth little.


# %%
def varied(text, n):
    """Behind how many different characters each run of n characters occurs."""
    return Counter(run[1:] for run in seen(text, n + 1))


def look_up(counts, text, n):
    """count, total, kinds, each (T - 1,), for the characters of a text behind the first one."""
    total, kinds = Counter(), Counter()
    for run, times in counts.items():
        total[run[:-1]] += times
        kinds[run[:-1]] += 1
    rows = []
    for t in range(1, len(text)):
        run = text[max(0, t - n + 1) : t + 1]
        rows.append((counts[run], total[run[:-1]], kinds[run[:-1]]))
    return torch.tensor(rows, dtype=torch.float64).T


# %%
def counted(tables, discounts):
    """Kneser–Ney: the probability of each character that came. tables: from look_up, the shortest runs first."""
    p = torch.full_like(tables[0][0], 1 / V)
    for (count, total, kinds), d in zip(tables, discounts):
        longer = ((count - d).clamp(min=0) + d * kinds * p) / total.clamp(min=1)
        p = torch.where(total > 0, longer, p)  # an unknown context says nothing
    return p


# %% [markdown]
# The discounts are numbers that can be tuned, so tune them as a network's weights are tuned: by gradient descent, on the validation text.


# %%
def tune(tables):
    """The discounts with the fewest bits on a text, (n,)."""
    raw = torch.zeros(len(tables), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([raw], lr=0.1)
    for _ in range(100):
        cost = -counted(tables, raw.sigmoid()).log2().mean()
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    return raw.detach().sigmoid()


# %% [markdown]
# **Before you run:** from pairs to runs of seven: will the bits per character on the test fall all the way, or turn up once the contexts become rare?

# %% tags=["folded"]
orders = range(2, 8)
shorter = {text: [look_up(varied(train, n), text, n) for n in range(1, 7)] for text in (valid, test)}
bits = {}  # of each character of the test
on_valid_counts = {}
for n in orders:
    top = {text: look_up(seen(train, n), text, n) for text in (valid, test)}
    discounts = tune([*shorter[valid][: n - 1], top[valid]])
    on_valid_counts[n] = counted([*shorter[valid][: n - 1], top[valid]], discounts)
    bits[f"{n}-gram"] = -counted([*shorter[test][: n - 1], top[test]], discounts).log2()

# %% tags=["nbval-ignore-output"]
curve = torch.stack([bits[f"{n}-gram"].mean() for n in orders])
plot.series(
    curve, orders, x="characters in a run, n", y="bits per character", title="Counting: the test text", dots=True
)

# %% [markdown]
# It falls all the way, and ever more slowly. Smoothing sees to it that a context that was never seen does no harm: then the shorter one decides. With all characters equally likely it would be $\log_2 81$, more than six bits.

# %% tags=["claim"]
claim("each longer run needs fewer bits, by at least 0.025", (curve[:-1] - curve[1:]).min(), at_least=0.025)

# %% [markdown]
# ## A network that reads
#
# A 5-gram forgets everything that is more than four characters back. An LSTM need not. At each step it reads a character, and its state is turned into $V$ scores for the next one.
#
# | symbol | variable | shape |
# |---|---|---|
# | the characters | `tokens` | (N, T) |
# | states $h_1 \dots h_T$ | `states` | (N, T, H) |
# | $(h_T, c_T)$ | `state` | a pair, each (1, N, H) |
# | scores of the next character | `logits` | (N, T, V) |


# %%
class LanguageModel(nn.Module):
    """tokens (N, T), a state or None → logits (N, T, V), the state behind the last step."""

    def __init__(self, E=32, H=128):
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.lstm = nn.LSTM(E, H, batch_first=True)
        self.readout = nn.Linear(H, V)

    def forward(self, tokens, state=None):
        states, state = self.lstm(self.embedding(tokens), state)
        return self.readout(states), state


# %% [markdown]
# ## A text without an end
#
# The text is one sequence of many thousand steps. Nobody unrolls that. It is cut into N rows that are read side by side, and each row into **windows** of T steps. Look at the borders:

# %% tags=["nbval-ignore-output"]
plot.side_by_side(3, 4, title="A text in twelve parts, read by three rows side by side")

# %% [markdown]
# A batch is one window, a column of the drawing. At a border the *state* goes on, so that row 1 enters part 2 with all that it knows of part 1. The *gradient* ends there: this is **truncated BPTT**, which you know from
# [lesson 04](04_bptt.ipynb). It works if row n of a window continues row n of the window before, and only then.
#
# ### Exercise 14.2 · Rows and windows (10 min, ●●●)
#
# *Goal:* cut a text as in the drawing. *Given:* its numbers, N and T. The target at each step is the *next* character; what is left over at the end of a row is dropped. *Done when* the check says ✓.


# %% tags=["exercise"]
def windows(tokens, N, T):
    """Windows of N rows of one text, in the order in which they are read.

    tokens: (L,). The text but for its last character is cut into N rows of the same length, as long as possible (what is left over is dropped); each row
    into K windows of T steps, as many as fit. Returns x and y, each (K, N, T): x[k, n] goes on where x[k - 1, n] ended, and y holds the character that
    follows each of x.
    """
    ### BEGIN SOLUTION
    length = (len(tokens) - 1) // N
    K = length // T
    x = tokens[: N * length].view(N, length)[:, : K * T]
    y = tokens[1 : N * length + 1].view(N, length)[:, : K * T]
    return x.reshape(N, K, T).transpose(0, 1), y.reshape(N, K, T).transpose(0, 1)
    ### END SOLUTION


# %% tags=["check"]
windows = exercise("14.2", windows)

# %% [markdown]
# <details><summary>Hint</summary>
#
# First the rows: `view(N, length)` gives each row one stretch of the text. Then cut every row into K pieces, and bring the pieces to the front.
# </details>
# <details><summary>Fuller hint</summary>
#
# `length = (len(tokens) - 1) // N`, `K = length // T`. The rows are `tokens[: N * length].view(N, length)[:, : K * T]`; `reshape(N, K, T).transpose(0, 1)` makes windows of them. For y begin at `tokens[1:]`.
# </details>
#
# ### Exercise 14.3 · What goes on, what ends (8 min, ●●○)
#
# *Goal:* the loss of one window, and the state for the next one. *Given:* a model that is called as above. *Done when* the check says ✓.


# %% tags=["exercise"]
def read_window(model, x, y, state):
    """One window of truncated BPTT.

    model: called as model(x, state) -> (logits (N, T, V), (h, c)). x, y: (N, T). state: a pair (h, c), or None at the beginning of the text.
    Returns (loss, (h, c)): the mean cross entropy, in nats, a number that can go back; and the state behind the window, without its past.
    """
    ### BEGIN SOLUTION
    logits, (h, c) = model(x, state)
    loss = nn.functional.cross_entropy(logits.transpose(1, 2), y)
    return loss, (h.detach(), c.detach())
    ### END SOLUTION


# %% tags=["check"]
read_window = exercise("14.3", read_window)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `cross_entropy` wants the classes on axis 1: (N, V, T). The state that you hand back must have the same numbers, and no way back to how they were made.
# </details>
# <details><summary>Fuller hint</summary>
#
# `logits, (h, c) = model(x, state)`; the loss is `nn.functional.cross_entropy(logits.transpose(1, 2), y)`; hand back `(h.detach(), c.detach())`.
# </details>
#
# Without `detach` the second window's `backward` would walk into the first one, whose graph is freed already: torch says "trying to backward through the graph a second time". And `retain_graph=True` is no cure: the old graph needs the weights as
# they were, and the optimiser has moved them. `fit` takes the windows in their order, round and round; the state is kept with the model between two of them, and forgotten where the text begins anew.

# %%
x, y = windows(encode(train), N=16, T=32)
batches = [(k, x[k], y[k]) for k in range(len(x))]


def loss(model, k, x, y):
    value, model.kept = read_window(model, x, y, model.kept if k > 0 else None)
    return value


def surprise(model, text):
    """Bits of each character of a text behind the first one, (T - 1,)."""
    tokens = encode(text)
    with torch.no_grad():
        logits, _ = model(tokens[None, :-1])
    return nn.functional.cross_entropy(logits[0], tokens[1:], reduction="none").double() / torch.tensor(2.0).log()


# %% [markdown]
# Width, rows, window and learning rate were tried out on the validation text, as the discounts of the counts were. The number of steps was not: it is what half a minute allows, about five readings of the text. The rate rises for a
# tenth of the steps, and falls to almost nothing after.
#
# **Before you run:** which will need fewest bits per character on the test?

# %% tags=["predict"]
predict("14.a", ...)  # "4-gram", "5-gram" or "LSTM"

# %% tags=["nbval-ignore-output"]
steps, lr = 1600, 2e-2


def rise_and_fall(optimizer):
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps, pct_start=0.1)


model = LanguageModel()
history = fit(model, loss, batches, steps=steps, lr=lr, schedule=rise_and_fall, clip=1.0, title="LSTM")

# %% [markdown]
# ## Who knows the text best?
#
# The characters of a paragraph depend on each other, and tell less than as many independent ones would. So the standard error is computed from whole paragraphs.


# %%
paragraph = torch.tensor([test[:t].count("\n") for t in range(1, len(test))])


def standard_error(values):
    """Of the mean of one value for each character of the test, (T - 1,): paragraphs are independent, characters are not."""
    sums = torch.zeros(int(paragraph.max()) + 1, dtype=torch.float64)
    sums.index_add_(0, paragraph, values - values.mean())
    return sums.square().sum().sqrt() / len(values)


# %% tags=["nbval-ignore-output"]
bits["LSTM"] = surprise(model, test)
shown = ("2-gram", "4-gram", "5-gram", "7-gram", "LSTM")
plot.bars(
    {name: bits[name].mean() for name in shown},
    spread={name: standard_error(bits[name]) for name in shown},
    y="bits per character",
    title="The test text, ± one standard error",
)

# %% [markdown]
# Counting wins, on this budget. The LSTM is far ahead of the 4-gram, and a little behind the 5-gram; longer runs are ahead of both. Do not judge that little by the bars' own errors: all models read the *same* text, so what counts is the error of the
# *difference*, which is smaller, for a hard paragraph is hard for all.
#
# A short text whose language repeats its phrases is what tables are made for, and they were filled in a moment. A network takes longer, and five readings are few: try `steps = 4000`, then a wider network too, and see which bars they
# pass. With far more text and time LSTMs have left tables behind (see the references). But first see *where* the bits go.

# %% tags=["claim"]
totals = {name: values.mean() for name, values in bits.items()}
outcome("14.a", min(("4-gram", "5-gram", "LSTM"), key=totals.get))
behind = bits["LSTM"] - bits["5-gram"]
claim("the LSTM is ahead of the 4-gram by at least 0.1 bits", totals["4-gram"] - totals["LSTM"], at_least=0.1)
claim("and behind the 5-gram by at least three standard errors", behind.mean() / standard_error(behind), at_least=3)
claim("runs of seven are ahead of the LSTM by at least 0.1 bits", totals["LSTM"] - totals["7-gram"], at_least=0.1)

# %% [markdown]
# ## Where is it surprised?
#
# Here is a sentence of the test. Each character has the colour of its surprise. Which are the darkest?

# %% tags=["nbval-ignore-output"]
sentence = "If one of those methods does not support the operation with the supplied arguments, it should return"
sentence += ' "NotImplemented".'
at = test.index(sentence)
of_sentence = {name: bits[name][at - 1 : at - 1 + len(sentence)] for name in ("5-gram", "LSTM")}
plot.surprise(sentence, of_sentence, title="Bits for each character")

# %% [markdown]
# **Before you run:** now the mean over the whole test, by the place of a letter in its word: first letter, second, and so on. Sketch the curve. And will the two curves lie at the same distance everywhere?

# %% tags=["folded"]
place = []  # of each character behind the first: 1, 2, 3 … in its word, 0 if it is no letter
for t in range(1, len(test)):
    place.append(place[-1] + 1 if test[t].isalpha() and place else int(test[t].isalpha()))
place = torch.tensor(place)

# %% tags=["nbval-ignore-output"]
places = range(1, 10)
by_place = {}
for name in ("5-gram", "LSTM"):
    by_place[name] = torch.stack([bits[name][place == k].mean() for k in places])
plot.series(by_place, places, x="place of the letter in its word", y="bits", title="Surprise within words", dots=True)

# %% [markdown]
# Words are where the choices are made. The first letter is a real question; two or three letters further the word is mostly known, and the rest is spelling. So it was in the sentence: dark are beginnings, and places where a word was not the
# one that was expected, such as the o of *those*. No, the distance is not the same: the 5-gram's lead is in the spelling, where it has
# every run of five letters by heart. At the first letters, and in all that is no letter, spaces, marks, brackets and digits, they are level, or the LSTM is a little ahead: where something is to be *decided*, it is not behind.

# %% tags=["claim"]
first, late = by_place["LSTM"][0], place >= 5
claim(
    "LSTM: the first letter costs at least 3.5 times as much as the fifth and later",
    first / bits["LSTM"][late].mean(),
    at_least=3.5,
)
claim("from the fifth letter on the 5-gram leads by at least 0.12 bits", behind[late].mean(), at_least=0.12)
claim(
    "at first letters and in what is no letter the LSTM is at most 0.02 bits behind",
    behind[place <= 1].mean(),
    at_most=0.02,
)

# %% [markdown]
# ## What a table cannot know
#
# In this text names of things stand in quotation marks: `"NotImplemented"`. At the end of the name comes the closing mark, *if* there was an opening one. For a name of seven letters or more no table of ours can know: the last six
# characters are the same with and without. Take all such names of the test, each once behind its opening mark, and once with that mark taken away. How likely is a `"` next?


# %% tags=["folded"]
def quote_probability(text):
    """The LSTM's probability that a quotation mark is next."""
    with torch.no_grad():
        logits, _ = model(encode(text)[None])
    return float(logits[0, -1].softmax(0)[CHARACTERS.index('"')])


marked, unmarked, names = [], [], set()
for start in range(60, len(test)):
    end = test.find('"', start + 1)
    name = test[start + 1 : end]
    if test[start - 1 : start + 1] == ' "' and len(name) > 6 and name.isidentifier():
        names.add(name)
        marked.append(quote_probability(test[start - 60 : end]))
        unmarked.append(quote_probability(test[start - 60 : start] + name))
marked, unmarked = torch.tensor(marked), torch.tensor(unmarked)

# %% tags=["folded", "nbval-ignore-output"]
print(f"{len(marked)} names, {len(names)} of them different")
fig, ax = plot.panels(size=(5.6, 4.2))
points, x_axis, y_axis = {"LSTM": (unmarked, marked)}, "without the opening mark", "with the opening mark"
plot.scatter(points, x=x_axis, y=y_axis, title='Probability that " is next', diagonal=True, ax=ax)

# %% [markdown]
# On the dashed line lies a model that cannot tell, such as every table above. The LSTM lies above it: its state carries along that a mark is open. How far above is partly chance: start the training with another seed, and the
# points stand elsewhere. What pays rarely is learnt late.

# %% tags=["claim"]
claim("for at least 8 in 10 names the LSTM is above the line", (marked > unmarked).double().mean(), at_least=0.8)

# %% [markdown]
# Two models that know different things should know more together. Mix their probabilities, with a weight that is chosen on the validation text.


# %%
def mixed(w, lstm, counts):
    """Bits of each character under w parts LSTM and 1 - w parts counts, both given in bits."""
    return -(w * 2**-lstm + (1 - w) * 2**-counts).log2()


on_valid = surprise(model, valid)
weights = torch.linspace(0, 1, 21)
tried = torch.stack([mixed(w, on_valid, -on_valid_counts[7].log2()).mean() for w in weights])
best = weights[tried.argmin()]
bits["mixed"] = mixed(best, bits["LSTM"], bits["7-gram"])

# %% tags=["claim"]
gain = bits["7-gram"] - bits["mixed"]
claim("7-gram and LSTM together need at least 0.04 bits less than the 7-gram", gain.mean(), at_least=0.04)

# %% [markdown]
# ## What the carried state is worth
#
# Back to the borders of the windows. Let the trained network enter windows of unseen text in three ways: with the state that was carried there, with zeros, and with a *stranger's* state, which belongs to another row. A stranger's is what a state is
# whose windows were shuffled, or cut in the wrong order.
#
# **Before you run:** after how many characters has the network that began with zeros caught up, to within a tenth of a bit? And is the stranger's state better than none?

# %% tags=["predict"]
predict("14.b", ...)  # how many characters


# %%
def entering(text, N=16, T=32):
    """Bits by place in a window, for three states to begin with: {name: (windows · N, T)}."""
    x, y = windows(encode(text), N, T)
    costs = {"carried": [], "zero": [], "stranger's": []}
    _, carried = model(x[0])
    for k in range(1, len(x)):
        h, c = carried
        begin = {"carried": carried, "zero": None, "stranger's": (h.roll(1, dims=1), c.roll(1, dims=1))}
        for name, state in begin.items():
            logits, after = model(x[k], state)
            costs[name].append(nn.functional.cross_entropy(logits.transpose(1, 2), y[k], reduction="none"))
            carried = after if name == "carried" else carried
    return {name: torch.cat(rows) / torch.tensor(2.0).log() for name, rows in costs.items()}


# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    costs = entering(valid + test)
extra = {name: (costs[name] - costs["carried"]).mean(0)[:16] for name in ("zero", "stranger's")}
title, y_axis = "Windows entered with another state", "bits more than with the carried state"
plot.series(extra, range(1, 17), x="character of the window", y=y_axis, title=title, dots=True)

# %% [markdown]
# At the first two characters a wrong memory is worse than none: the network believes its state. From the third on the two are close, and here the stranger's is even a little ahead, for zeros are no empty mind either: this network met them
# nowhere but at the beginning of the text, so to it they are one more state that does not belong there. (Train it with `None` at every window, and look again.)
#
# Either way the damage is over within a word or two, for most of what helps to guess the next character stands in the word that is being read, and the one before. A training with shuffled windows hands the network a stranger's state at
# every border, and no error is raised: that is a bug for [lesson 27](27_debugging.ipynb). Whoever must shuffle begins every window with zeros, in training as in use.

# %% tags=["claim"]
caught_up = int((extra["zero"] < 0.1).nonzero()[0]) + 1
outcome("14.b", caught_up)
apart = extra["stranger's"] - extra["zero"]
claim(
    "the first character costs at least 0.4 bits more with a stranger's state than with zeros", apart[0], at_least=0.4
)
claim("from the third to the sixth the stranger's costs less, by 0.02 bits or more", -apart[2:6].mean(), at_least=0.02)
claim("from the tenth on either costs at most 0.08 bits", max(one[9:].max() for one in extra.values()), at_most=0.08)

# %% [markdown]
# ## Writing, hot and cold
#
# A model that says what is likely next can write: draw a character from its probabilities, feed it back, draw again: one-to-many, as the caption of [lesson 17](17_captioning.ipynb). Between scores and draw there is a knob, the **temperature** $\tau$:
#
# $$p(x) = \frac{e^{z_x / \tau}}{\sum_{v} e^{z_v / \tau}}$$
#
# | symbol | variable | meaning |
# |---|---|---|
# | $z$ | `logits` | the V scores |
# | $\tau$ | `temperature` | 1: as learnt; towards 0: only the likeliest; large: anything |
# | $k$ | `k` | **top-k**: only the k likeliest characters may be drawn |
#
# ### Exercise 14.4 · The knob (8 min, ●●○)
#
# *Goal:* the probabilities to draw from. *Given:* scores, a temperature, and $k$. *Done when* the check says ✓.


# %% tags=["exercise"]
def probabilities(logits, temperature, k):
    """What to draw from.

    logits: (N, V). temperature: a number above 0. k: how many characters may be drawn, 1 ≤ k ≤ V.
    Returns (N, V): softmax of logits / temperature over the k largest of each row; exactly 0 for all others; each row adds up to 1.
    """
    ### BEGIN SOLUTION
    scaled = logits / temperature
    smallest = scaled.topk(k, dim=1).values[:, -1:]  # (N, 1): the last that may stay
    return scaled.masked_fill(scaled < smallest, -torch.inf).softmax(1)
    ### END SOLUTION


# %% tags=["check"]
probabilities = exercise("14.4", probabilities)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The temperature divides the *scores*. A score of minus infinity becomes the probability 0, and softmax sees to the sum.
# </details>
# <details><summary>Fuller hint</summary>
#
# `scaled = logits / temperature`; the k-th largest of each row is `scaled.topk(k, dim=1).values[:, -1:]`; fill `-torch.inf` where `scaled` is below it; `softmax(1)`.
# </details>
#
# The sentence from above begins with `If one of those`. Stop before *those*: what could come? Here are the twelve likeliest characters, at three temperatures.


# %% tags=["folded", "nbval-ignore-output"]
with torch.no_grad():
    logits, _ = model(encode(test[: at + len("If one of those ")])[None])
likeliest = logits[0, -1].topk(12).indices
fig, axes = plot.panels(1, 3, size=(4, 3), sharey=True)
for ax, temperature in zip(axes, (0.5, 1.0, 2.0)):
    p = probabilities(logits[:, -1], temperature, V)[0, likeliest]
    plot.bars(dict(zip(decode(likeliest), p)), y="probability", title=f"temperature {temperature}", ax=ax)
fig

# %% [markdown]
# Behind these words stands a choice of many. The order stays the same; a low temperature gives the first ones more, a high one makes all alike. To write, draw, and read what was drawn:


# %%
def write(model, prompt, length, temperature=1.0, k=V, N=1, generator=None):
    """N ways to go on from a prompt by `length` characters; a list of N texts."""
    tokens, state, written = encode(prompt).expand(N, -1), None, []
    with torch.no_grad():
        for _ in range(length):
            logits, state = model(tokens, state)
            p = probabilities(logits[:, -1], temperature, k)
            tokens = torch.multinomial(p, 1, generator=generator)  # (N, 1): read next
            written.append(tokens)
    return [prompt + decode(row) for row in torch.cat(written, dim=1)]


# %% [markdown]
# **Before you run:** of the words that it writes, how many stand somewhere in the training text? At which temperature will their share be that of the test text: below 1, at 1, above? And what may be wrong with a text that is colder still?

# %% tags=["nbval-ignore-output"]
for temperature, k in ((0.3, V), (0.7, V), (1.0, V), (1.5, V), (1.0, 5)):
    text = write(model, "\nThe ", 170, temperature, k, generator=generator(5))[0]
    print(f"temperature {temperature}, k = {k}: {text.strip()}\n")


# %% tags=["folded"]
def words_of(texts):
    """The words of some texts: runs of two or more letters; what was cut off at the end is left out."""
    found = []
    for text in texts:
        letters = "".join(c.lower() if c.isalpha() else " " for c in text)
        found += [word for word in letters.split(" ")[:-1] if len(word) > 1]
    return found


vocabulary = set(words_of([train]))


def known(words):
    """The share of words that stand in the training text."""
    return sum(word in vocabulary for word in words) / len(words)


def variety(words, size=500):
    """Different words among the first `size`, as a share."""
    return len(set(words[:size])) / size


excerpts = [line[:200] for line in test.splitlines() if len(line) >= 200][:32]
real = words_of(excerpts)
temperatures = [0.25, 0.5, 0.75, 1.0, 1.25, 1.5]
written = [words_of(write(model, "\n", 200, t, N=32, generator=generator(6))) for t in temperatures]
few = words_of(write(model, "\n", 200, 1.0, k=5, N=32, generator=generator(6)))

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(1, 2, size=(6, 3.6))
for ax, measure, title in zip(axes, (known, variety), ("Words that the training has", "Different words among 500")):
    lines, level = {"LSTM": [measure(words) for words in written]}, {"test text": measure(real)}
    plot.series(lines, temperatures, x="temperature", y="share", title=title, levels=level, dots=True, ax=ax)
fig

# %% [markdown]
# Cold text is made of words, the same ones again and again. Hot text has variety, of things that are no words. The temperature at which it writes as many known words as the test text is well below 1, and there it has fewer different ones:
# a model that is not sure enough has to be cold to make sense. Top-k is another way to be careful: with $k = 5$ at temperature 1 more of the words are words, because the many unlikely characters, none of which is likely to be right, are out of the draw.

# %% tags=["claim"]
shares, wanted = torch.tensor([known(words) for words in written]), known(real)
k = int((shares < wanted).nonzero()[0])  # the first temperature that is too hot
crossing = temperatures[k - 1] + 0.25 * (shares[k - 1] - wanted) / (shares[k - 1] - shares[k])
claim(
    "it writes as many known words as the test has at a temperature between 0.4 and 0.7", crossing, between=(0.4, 0.7)
)
claim("at 0.5 at most 0.85 times as many of its words are different", variety(written[1]) / variety(real), at_most=0.85)
claim("k = 5: at least 7 in 100 more words are known than without", known(few) - known(written[3]), at_least=0.07)

# %% tags=["folded"]
from textwrap import fill

behind = logits[:, -1]  # the scores behind "If one of "


def hot_and_cold(temperature, k):
    """The twelve likeliest characters behind "If one of ", and a text that the network writes, from the same seed each time."""
    p = probabilities(behind, temperature, k)[0, likeliest]
    text = write(model, "\nThe ", 200, temperature, k, generator=generator(5))[0].strip()
    fig, (above, below) = plot.panels(2, 1, size=(9, 1.9), height_ratios=[2.4, 1])
    title = f'Behind "If one of ", and what it writes: temperature {temperature:.2f}, k = {k}'
    plot.bars(dict(zip(decode(likeliest), p)), y="probability", title=title, ax=above)
    above.set_ylim(0, 1)
    below.axis("off")
    look = {"family": "monospace", "fontsize": 13, "parse_math": False}
    below.text(0, 1, fill(text, 80), transform=below.transAxes, va="top", **look)
    return fig


# %% [markdown]
# Now the knobs are yours.

# %% tags=["nbval-ignore-output"]
plot.live(hot_and_cold, temperature=(0.1, 2.0, 1.0), k=(1, V, V))

# %% [markdown]
# Run the cell: below the figure stand two sliders. Which is the coldest text that does not go round in circles, and the hottest that you can read? Then bring $k$ down to 1: what does the temperature change now? (Nothing: one character is left to draw.)

# %% [markdown]
# ## What you can now do
#
# - **Bits per character** are the mean of $-\log_2 p$ of what came; perplexity is 2 to that *mean*. Counts with Kneser–Ney smoothing are a strong baseline: on a small text, after a handful of readings, the LSTM does not reach it, and the two together beat either.
# - **Truncated BPTT on a long text**: N rows side by side, row n of a window continues row n of the one before; the state goes on, `detach` stops the gradient. Windows in the wrong order hand each row a stranger's memory.
# - **Temperature** divides scores, not probabilities; top-k forbids the rest. A language model is surprised where choices are made: at the beginnings of words.
#
# *Where people use this:* keyboards that offer the next word, speech recognition (which of two sentences that sound alike?), compression (bits per character are, with arithmetic coding, real bits in a file), and the large models that answer questions. *Where it
# fails:* it knows what is likely, not what is true; and it has read nothing but Python. In [lesson 15](15_tunes.ipynb) the texts are tunes, and rules can say whether what was written is right.

# %% [markdown]
# <details><summary>Test yourself: two texts are scored, one with 1 bit per character, one with 3, both equally long. Is the perplexity of the whole 5, the mean of 2 and 8?</summary>
#
# No. The mean is 2 bits, so the perplexity is 4. Average bits, then raise.
# </details>
# <details><summary>Test yourself: somebody divides the softmax's probabilities by 0.5 and draws with `torch.multinomial`. What changes?</summary>
#
# Nothing: multinomial normalises, and a common factor falls out. Dividing the logits is raising the probabilities to the power of 1/τ.
# </details>
# <details><summary>Test yourself: the gradient reaches back 32 characters at most. Can the LSTM use something that is 100 characters old?</summary>
#
# It can, if the state still has it: the state is not cut. But it was never *trained* to keep anything for so long; whatever it keeps, it keeps because that helped within a window.
# </details>
#
# *Further reading.* C. Shannon, "Prediction and entropy of printed English", *Bell System Technical Journal* 30 (1951). R. Kneser, H. Ney, "Improved backing-off for m-gram language modeling", *ICASSP* (1995). S. Chen, J. Goodman, "An empirical study of smoothing techniques for language
# modeling", *Computer Speech & Language* 13 (1999). T. Mikolov and others, "Recurrent neural network based language model", *Interspeech* (2010). I. Sutskever, J. Martens, G. Hinton, "Generating text with recurrent neural networks", *ICML* (2011). A. Karpathy, J. Johnson, L. Fei-Fei,
# "Visualizing and understanding recurrent networks", arXiv:1506.02078 (2015): cells that know whether a quotation is open. A. Fan, M. Lewis, Y. Dauphin, "Hierarchical neural story generation", *ACL* (2018): top-k.
