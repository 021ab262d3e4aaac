# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 09 · Which gate
#
# **Which gate does which work?**
#
# After this lesson you will be able to
# - run a fair ablation of an LSTM: one gate held open, several trainings, one scale,
# - tell apart what a trained network *uses* and what it could not *replace*, and find a control when two things changed at once,
# - compare RNN, GRU and LSTM on equal terms.
#
# Needs: [lesson 06](06_lstm.ipynb) (valves set by hand), [lesson 07](07_long_memory.ipynb) (adding, the chrono start), [lesson 08](08_gru.ipynb).
# About 90 minutes. Mapping: many-to-many, aligned.

# %%
import torch
from torch import nn
from lstmkit import claim, exercise, fit, outcome, plot, predict, seed
from lstmkit.data.memory import adding, keep_and_show, sums_since_reset

seed(0)

# %% [markdown]
# ## Two jobs for three gates
#
# In [lesson 06](06_lstm.ipynb) you turned the valves of a cell by hand. Here are two such jobs, each with an answer at *every* step (black dots).
# **Sums**: add up all numbers since the last reset (orange: a reset; its own number is the first of the new sum). **Keep and show**: keep the last
# orange number, ignore the grey ones, and say it at a question mark; else say 0.

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(2, 1, size=(10, 2.7))
jobs = {"Sums": sums_since_reset(1, 25), "Keep and show": keep_and_show(1, 25)}
for ax, name in zip(axes, jobs):
    x, y = jobs[name]
    ask = x[0, :, 2] if name == "Keep and show" else None
    plot.marked(x[0, :, 0], x[0, :, 1], ask, title=name, ax=ax)
    ax.plot(range(1, 26), y[0, :, 0], "ko", markersize=6)
    ax.set(ylabel="number, answer", ylim=(min(-0.1, 1.2 * y.min()), max(1.4, 1.15 * y.max())))
fig

# %% [markdown]
# By hand you would need one gate for the first job, and all three for the second. Look at the valves again:

# %% tags=["nbval-ignore-output"]
plot.lstm_cell("gates")

# %% [markdown]
# | gate | by hand, sums | by hand, keep and show | held open, at 1, it can no longer |
# |---|---|---|---|
# | forget | shut at a reset, else open | shut at an orange number, else open | *let go* |
# | input | always open | open at an orange number, else shut | *ignore* |
# | output | always open | open at a question, else shut | *hide* |
#
# That is what the gates *can* do. Do networks that learn the jobs use them so? Take one away and see: an **ablation**. Each gets five
# networks, since luck is part of every training.
#
# ## Twenty networks side by side
#
# Twenty small LSTMs, trained one after the other, would take a minute or two. Side by side they take seconds: every weight gets one more axis in front,
# M, and `@` multiplies network by network. What does not wait for $h$, the product with x, is computed for all steps at once. Apart from that it is the cell that you know. One
# line is new: `rule` may do something to the gates before they are used.
#
# | symbol | variable | shape |
# |---|---|---|
# | networks, sequences, steps | M, N, T | |
# | $W$, $U$, $b$ | `W`, `U`, `b`: the blocks i, f, o, g, *side by side* | (M, D, 64), (M, 16, 64), (M, 1, 64) |
# | $i$, $f$, $o$ | `i`, `f`, `o` | (M, N, 16) each |
# | the answers | returned | (M, N, T, 1) |


# %%
def drawn(*shape):
    """Weights drawn from torch's own range, ±1/√H for H = 16."""
    return nn.Parameter((2 * torch.rand(*shape) - 1) / 4)


class LSTMs(nn.Module):
    """M LSTMs of 16 units side by side; all read the same x, (N, T, D). rule: (i, f, o) → (i, f, o). Returns (M, N, T, 1)."""

    def __init__(self, M, D, rule):
        super().__init__()
        self.rule = rule
        self.W, self.U, self.b = drawn(M, D, 64), drawn(M, 16, 64), drawn(M, 1, 64)
        self.V, self.d = drawn(M, 1, 16, 1), drawn(M, 1, 1, 1)  # the read-out

    def forward(self, x):
        h = c = x.new_zeros(len(self.U), len(x), 16)
        shown = []
        driven = (x.flatten(0, 1) @ self.W + self.b).unflatten(1, x.shape[:2])  # all steps at once: (M, N, T, 64)
        for driven_t in driven.unbind(2):
            gates, g = (driven_t + h @ self.U).split([48, 16], dim=2)
            i, f, o = gates.sigmoid().chunk(3, dim=2)
            i, f, o = self.rule(i, f, o)
            c = f * c + i * g.tanh()
            h = o * c.tanh()
            shown.append(h)
        return torch.stack(shown, dim=2) @ self.V + self.d


# %% [markdown]
# ### Exercise 09.1 · Hold one gate open (8 min, ●●○)
#
# *Goal:* a rule for twenty networks, numbered from 0. Networks 0 to 4 keep their gates as they are. In 5 to 9 the *input* gate is 1. In 10 to 14
# the *forget* gate is 1. In 15 to 19 the *output* gate is 1. *Given:* the three gates, the network along the first axis. *Done when* the check
# says ✓. Leave the given tensors as they are: autograd still needs them.


# %% tags=["exercise"]
def hold_open(i, f, o):
    """Twenty networks: 0–4 as they are, 5–9 with i = 1, 10–14 with f = 1, 15–19 with o = 1.

    i, f, o: (20, N, H). Returns new i, f, o of the same shapes.
    """
    ### BEGIN SOLUTION
    i, f, o = i.clone(), f.clone(), o.clone()
    i[5:10] = 1
    f[10:15] = 1
    o[15:20] = 1
    return i, f, o
    ### END SOLUTION


# %% tags=["check"]
hold_open = exercise("09.1", hold_open)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Make a copy of each gate with `.clone()` and write into the copy. Which slice holds the networks 5 to 9?
# </details>
# <details><summary>Fuller hint</summary>
#
# `i = i.clone()`, then `i[5:10] = 1`. The same for `f` with `10:15`, and for `o` with `15:20`. Return all three.
# </details>
#
# ## One scale for all jobs
#
# A squared error of `0.1` is small for sums, which run up to 10, and large for numbers below 1. So divide by what the answers vary: the **unexplained
# share of the variance**. One means no better than a constant, zero is perfect.


# %%
def unexplained(answers, y):
    """Squared error of each network as a share of the variance of y. answers: (M, N, T, 1). y: (N, T, 1). Returns (M,)."""
    return (answers - y).square().mean(dim=(1, 2, 3)) / y.var()


def total(model, x, y):
    """The loss: the sum over the networks, since each is to become as good as it can."""
    return unexplained(model(x), y).sum()


def falling(steps, to=0.02):
    """A schedule: within so many steps the learning rate falls along a straight line to a share of what it was."""
    return lambda optimizer: torch.optim.lr_scheduler.LinearLR(optimizer, 1, to, steps)


# %% tags=["folded"]
def by_name(errors, names):
    """A (20,) tensor of errors as a dict: five of each name."""
    return {name: errors[5 * k : 5 * k + 5] for k, name in enumerate(names)}


# %% [markdown]
# All twenty learn together, on fresh sequences of 25 steps: 500 steps of Adam, with a rate that falls from `0.03` nearly to zero, so that the
# end does not jitter. They do not disturb each other: no weight of one is in the loss of another.
#
# **Before you run:** on sums, which gate's absence will hurt most? And on keep and show? Commit yourself, with the table above in mind: write
# `"input"`, `"forget"` or `"output"`, twice.

# %% tags=["predict"]
predict("09.a", ...)  # sums
predict("09.b", ...)  # keep and show

# %% tags=["nbval-ignore-output"]
names = ["all gates", "input open", "forget open", "output open"]
sums = LSTMs(20, 2, hold_open)
fit(sums, total, lambda: sums_since_reset(16, 25), steps=500, lr=0.03, schedule=falling(500), title="sums")
keep = LSTMs(20, 3, hold_open)
fit(keep, total, lambda: keep_and_show(16, 25), steps=500, lr=0.03, schedule=falling(500), title="keep and show")

fresh = {"sums": sums_since_reset(500, 25), "keep": keep_and_show(500, 25)}  # x and y for each job
with torch.no_grad():
    sums_left = by_name(unexplained(sums(fresh["sums"].x), fresh["sums"].y), names)
    keep_left = by_name(unexplained(keep(fresh["keep"].x), fresh["keep"].y), names)

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(1, 2, size=(6, 3.6), sharey=True)
plot.runs(sums_left, y="unexplained share", title="Sums", ax=axes[0])
plot.runs(keep_left, title="Keep and show", ax=axes[1])
fig

# %% [markdown]
# Each dot is one network, each line the median of five; mind the logarithmic scale. To be without the forget gate hurts most, on *both* jobs. That is
# no surprise for the first. But the second seemed made for the other two gates, for ignoring and hiding, and there an open input or output gate leaves
# less than half of what an open forget gate leaves.

# %% tags=["claim"]
factor = {}  # the median of each five, as a multiple of that of the whole networks
for job, left in {"sums": sums_left, "keep": keep_left}.items():
    for name in names:
        factor[job, name] = left[name].median() / left["all gates"].median()
outcome("09.a", max(names[1:], key=lambda name: factor["sums", name]).split()[0])
outcome("09.b", max(names[1:], key=lambda name: factor["keep", name]).split()[0])
others = {}  # the worse of the two other open gates, as a share of an open forget gate
for job in ("sums", "keep"):
    others[job] = max(factor[job, "input open"], factor[job, "output open"]) / factor[job, "forget open"]
claim("on sums each other open gate leaves less than an open forget gate (as a share)", others["sums"], at_most=0.75)
claim("on keep and show less than half of it", others["keep"], at_most=0.4)
claim("there it leaves at least eight times as much as all gates", factor["keep", "forget open"], at_least=8)

# %% [markdown]
# And look at the output gate on sums: without it the networks do about as well as the whole ones. Is it then idle there?

# %% tags=["claim"]
claim(
    "on sums an open output gate leaves less than twice what all gates leave",
    factor["sums", "output open"],
    at_most=1.7,
)

# %% [markdown]
# ## Idle, or replaced?
#
# Networks that *grew up* without a gate cannot tell us what the others do with it. So ask the whole ones. Leave their weights as they are, and
# **freeze** one gate: at every step it takes its mean over all sequences. It still has about its usual size, but it no longer reacts
# to what is being read.
#
# ### Exercise 09.2 · Freeze a gate (6 min, ●●○)
#
# *Goal:* a gate that is the same for all sequences: for each network and each unit its mean over the N sequences. *Given:* `gate`, (M, N, H), at one
# step. *Done when* the check says ✓.


# %% tags=["exercise"]
def frozen(gate):
    """Each network's and unit's mean over the sequences, for every sequence.

    gate: (M, N, H). Returns a tensor of the same shape.
    """
    ### BEGIN SOLUTION
    return gate.mean(dim=1, keepdim=True).expand_as(gate)
    ### END SOLUTION


# %% tags=["check"]
frozen = exercise("09.2", frozen)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Which of the axes M, N, H counts the sequences? Take the mean over that one alone, and keep it as an axis of length 1.
# </details>
# <details><summary>Fuller hint</summary>
#
# `gate.mean(dim=1, keepdim=True)` has shape (M, 1, H); `.expand_as(gate)` gives every sequence its copy.
# </details>


# %%
def freezing(name):
    """A rule that freezes one gate and leaves the others alone."""

    def rule(i, f, o):
        if name == "input":
            i = frozen(i)
        if name == "forget":
            f = frozen(f)
        if name == "output":
            o = frozen(o)
        return i, f, o

    return rule


# %%
def freeze_each(model, x, y):
    """Unexplained shares of the five whole networks, numbers 0 to 4, with one gate frozen after the other."""
    left = {}
    with torch.no_grad():
        for name in ("nothing", "input", "forget", "output"):
            model.rule = freezing(name)
            left[name + " frozen"] = unexplained(model(x), y)[:5]
    model.rule = hold_open  # as it was
    return left


# %% [markdown]
# **Before you run:** to be without an output gate from the start cost little on sums. Freeze it in the whole networks: by what factor will
# their unexplained share grow? And in which order will the three gates come?

# %% tags=["predict"]
predict("09.c", ...)  # a factor: output gate frozen, against nothing frozen, on sums

# %% tags=["nbval-ignore-output"]
sums_frozen = freeze_each(sums, *fresh["sums"])
keep_frozen = freeze_each(keep, *fresh["keep"])

fig, axes = plot.panels(1, 2, size=(6, 3.6), sharey=True)
plot.runs(sums_frozen, y="unexplained share", title="Sums, whole networks", ax=axes[0])
plot.runs(keep_frozen, title="Keep and show, whole networks", ax=axes[1])
fig

# %% [markdown]
# More than fiftyfold! On sums the output gate is the one that these networks lean on *most*, and the one that they can do without *almost
# altogether*, if they learn without it from the start. And the forget gate, the hardest to replace, is on keep and show the one whose freezing hurts
# *least*. On the first job the last has become the first, on the second the first has become the last.
#
# No contradiction: these are two questions. **Freezing** asks what *this* network uses. (With a caution: the rest now meets numbers that it has never
# seen, so it shows what breaks, not what is lost for good.) **Holding open from the start** asks what cannot be *replaced*, by sixteen units, in 500 steps.
# A network uses what is there. "Which gate does which work?" has an answer only when you say which of the two you mean.

# %% tags=["claim"]
grown = {}  # the same multiples, after freezing
for job, left in {"sums": sums_frozen, "keep": keep_frozen}.items():
    for name in left:
        grown[job, name] = left[name].median() / left["nothing frozen"].median()
outcome("09.c", grown["sums", "output frozen"])
claim(
    "on sums a frozen output gate leaves more than fifty times as much",
    grown["sums", "output frozen"],
    at_least=65,
)
next_most = max(grown["sums", "input frozen"], grown["sums", "forget frozen"])
claim("and at least twice what any other frozen gate leaves", grown["sums", "output frozen"] / next_most, at_least=2.2)
milder = min(grown["keep", "input frozen"], grown["keep", "output frozen"])
claim(
    "on keep and show the two others leave at least twice what it leaves",
    milder / grown["keep", "forget frozen"],
    at_least=2,
)

# %% [markdown]
# ## For how long?
#
# All this was on 25 steps, the length of the training. The same networks, not trained any further, now read 250 steps of keep and show.
#
# **Before you run:** four kinds of network. Which of them will do worse on the long sequences than on the short ones?

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    x, y = keep_and_show(200, 250)
    long_left = by_name(unexplained(keep(x), y), names)

fig, axes = plot.panels(1, 2, size=(6, 3.6), sharey=True)
plot.runs(keep_left, y="unexplained share", title="25 steps", ax=axes[0])
plot.runs(long_left, title="250 steps", ax=axes[1])
fig

# %% [markdown]
# Only those that cannot let go. The others do on 250 steps about what they did on 25: they have learnt a rule that holds at every step. The networks
# without a forget gate had found a makeshift, good for the length that they knew, and it wears out: with $f = 1$ the cell is the sum of all that was
# ever written. An old number goes only if its opposite is written, and what that misses stays. The first figure alone would not have told you.

# %% tags=["claim"]
longer = {name: long_left[name] / keep_left[name] for name in names}  # network by network
claim(
    "ten times the length: without a forget gate at least half as much again is unexplained (median)",
    longer["forget open"].median(),
    at_least=1.6,
)
with_forget = torch.cat([longer[name] for name in names if name != "forget open"])
claim("with it, hardly more than before: at most a third more in each of the fifteen", with_forget.max(), at_most=1.33)

# %% [markdown]
# ## Another job, another gate
#
# Is the forget gate then *the* important one? In the adding problem of [lesson 07](07_long_memory.ipynb) two marked numbers among 25 are to be added, and
# nothing has ever to be let go. We give it the chrono start of that lesson: small input gates, forget gates near 1. An earlier edition of this course
# held the input gate open here, saw that nothing was learnt, and wrote: *adding cannot do without the input gate.*
#
# Does that follow? Opening the gate changed **two** things at once. The network has no *say* any more in what is written. And it *writes at full
# size*, where the chrono start writes little: 25 candidates pile up in a cell that keeps everything. Which of the two did the damage?
#
# ### Exercise 09.3 · A control (8 min, ●●○)
#
# *Goal:* what to put in the place of $i$ so that the network has *no more say* than with $i = 1$, but writes only a tenth as much. *Given:* the gates
# `i` and `f` as the network computes them. *Done when* the check says ✓.


# %% tags=["exercise"]
def quiet(i, f):
    """In the input gate's place: one that the network cannot move, and that lets through a tenth of every candidate.

    i, f: input and forget gate, of one shape. Returns a tensor of that shape.
    """
    ### BEGIN SOLUTION
    return 0.1 * torch.ones_like(i)
    ### END SOLUTION


# %% tags=["check"]
quiet = exercise("09.3", quiet)

# %% [markdown]
# <details><summary>Hint</summary>
#
# With $i = 1$ the network has no say in what is written. It must have none here either.
# </details>
# <details><summary>Fuller hint</summary>
#
# A constant: `torch.full_like(i, 0.1)`. (`0.1 * i` would leave the network its gate: it could still shut it.)
# </details>
#
# A third rule for comparison, the **coupled** cell: what is not kept is replaced, $i = 1 - f$, as in the GRU of [lesson 08](08_gru.ipynb). Now all four,
# five networks each. Only the line with `torch.cat` is new; you can put a rule of your own into it.


# %%
def four_rules(i, f, o):
    """Networks 0–4 as they are, 5–9 with the input gate open, 10–14 quiet, 15–19 coupled."""
    i = torch.cat([i[:5], torch.ones_like(i[5:10]), quiet(i[10:15], f[10:15]), 1 - f[15:]])
    return i, f, o


def chrono(model, T):
    """The chrono start: a memory of u steps for each unit, u between 1 and T − 1."""
    u = 1 + (T - 2) * torch.rand(len(model.b), 1, 16)
    with torch.no_grad():
        model.b[:, :, :16] = -u.log()  # i
        model.b[:, :, 16:32] = u.log()  # f
    return model


# %%
def total_at_the_end(model, x, y):
    """As `total`, for a task that asks at the last step alone: y is (N, 1)."""
    return unexplained(model(x)[:, :, -1:], y[:, None]).sum()


# %% [markdown]
# **Before you run:** with the input gate open, adding was not learnt. Will the quiet cell learn it, whose gate is as immovable? And will the coupled one,
# which lacks a gate, leave more unexplained than the whole LSTM, as much, or less?

# %% tags=["nbval-ignore-output"]
rules = ["all gates", "input open", "quiet", "coupled"]
model = chrono(LSTMs(20, 2, four_rules), 25)
options = {"steps": 600, "lr": 0.06, "schedule": falling(600, to=0.1)}
fit(model, total_at_the_end, lambda: adding(16, 25), title="adding", **options)

with torch.no_grad():
    x, y = adding(2000, 25)
    adding_left = by_name(unexplained(model(x)[:, :, -1:], y[:, None]), rules)
plot.runs(adding_left, y="unexplained share", title="Adding, 25 steps", levels={"a constant": 1})

# %% [markdown]
# The quiet cell learns: not as well as the whole LSTM in these 600 steps, but it learns, with an input gate that it cannot move at all. So it was not
# the missing *say* that kept the open one from learning, it was the size. (How can a cell ignore without a valve? At an unmarked number its candidate can
# sit at the flat end of the tanh, near $-1$ whatever the number: then each of them writes the same, and nothing of itself.) The old sentence was wrong, and
# the measurement under it was right. An ablation measures *all* that was changed: look for the control that changes one thing. Our first experiment
# has the same gap: an open gate is one without a say *and* one at full size.
#
# And the coupled cell, with a gate less, does as well as the whole LSTM or better: that is the GRU's bet. Greff et al. (2017) compared eight
# variants of the LSTM on speech, handwriting and music, in 5,400 trainings. Their headline: the *forget gate* and the *output activation* (the tanh
# around $c$) matter most; to couple input and forget gate costs next to nothing. The first agrees with our two jobs, the last with this one. The output
# activation we have not tried.

# %% tags=["claim"]
claim(
    "with the input gate open at 1, next to nothing is learnt in 600 steps (median)",
    adding_left["input open"].median(),
    at_least=0.7,
)
claim(
    "the quiet cell, whose gate is as immovable, leaves less than half (median)",
    adding_left["quiet"].median(),
    at_most=0.36,
)
claim(
    "the coupled cell leaves no more than the whole LSTM (medians)",
    adding_left["coupled"].median() / adding_left["all gates"].median(),
    at_most=1,
)

# %% [markdown]
# ### Exercise 09.4 · What may you conclude? (10 min, ●●●)
#
# *Goal:* read experiments that are not yours. LSTMs on three jobs; three networks each, all of one size and one budget. Unexplained shares of the whole
# networks, of others trained with the output gate open, and of the whole ones with that gate frozen afterwards:
#
# | job | whole | trained with it open | frozen in the whole |
# |---|---|---|---|
# | A | `0.010, 0.012, 0.011` | `0.011, 0.010, 0.013` | `0.52, 0.61, 0.48` |
# | B | `0.010, 0.030, 0.008` | `0.020, 0.012, 0.025` | `0.010, 0.031, 0.008` |
# | C | `0.002, 0.003, 0.002` | `0.030, 0.041, 0.028` | `0.21, 0.15, 0.31` |
#
# *Given:* six sentences; for each, True if these numbers support it, else False. *Done when* the check says ✓.
#
# - `A idle`: on A, the whole networks make no use of their output gate.
# - `A replaced`: on A, networks that learn without the gate find another way, as good.
# - `B helps`: on B, it helps to have an output gate while learning.
# - `B idle`: on B, it hardly matters to the whole networks whether their output gate reacts to what is read.
# - `C differs`: on C, the cost of an open gate is larger than the luck of these trainings.
# - `C impossible`: no LSTM with an open output gate can do C much better than `0.03`.

# %% tags=["exercise"]
conclusions = {"A idle": ..., "A replaced": ..., "B helps": ..., "B idle": ..., "C differs": ..., "C impossible": ...}
### BEGIN SOLUTION
conclusions = {"A idle": False, "A replaced": True, "B helps": False, "B idle": True}
conclusions |= {"C differs": True, "C impossible": False}
### END SOLUTION

# %% tags=["check"]
conclusions = exercise("09.4", conclusions)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Compare the worst of one kind with the best of the other. And keep apart: *not needed here*, *not used*, *not possible*.
# </details>
# <details><summary>Fuller hint</summary>
#
# Whether a gate is used, the last column says; whether it can be replaced, the one before. On B the first two columns overlap. On C nobody has trained
# longer, or with more units.
# </details>
#
# ## RNN, GRU, LSTM, on equal terms
#
# Now the three cells that everyone uses, torch's own. Equal terms: (nearly) the *same number of weights*, so that the RNN gets 32 units, the GRU 18, the
# LSTM 16; the same 300 steps; and for each cell the learning rate and the start that suited it best, looked for beforehand in other trainings: torch's
# own start, orthogonal, chrono, and for the RNN also ReLU with the identity ([lesson 05](05_vanishing.ipynb)). That one matters: with tanh, this
# RNN learnt nothing of adding at any rate that we tried, and we would have beaten a straw man.
#
# | | core's weights, two inputs | start | learning rate |
# |---|---|---|---|
# | RNN, 32 units | $32\,(2 + 32 + 2) = 1152$ | ReLU, identity | `0.005` |
# | GRU, 18 units | $3 \cdot 18\,(2 + 18 + 2) = 1188$ | torch's own | `0.08` |
# | LSTM, 16 units | $4 \cdot 16\,(2 + 16 + 2) = 1280$ | chrono | `0.06` |


# %%
def rnn(D):
    """ReLU, started at the identity."""
    core = nn.RNN(D, 32, nonlinearity="relu", batch_first=True)
    nn.init.eye_(core.weight_hh_l0)
    nn.init.zeros_(core.bias_ih_l0)
    nn.init.zeros_(core.bias_hh_l0)
    return core


def gru(D):
    """As torch makes it."""
    return nn.GRU(D, 18, batch_first=True)


# %%
def lstm(D):
    """Started with chrono, for 25 steps."""
    core = nn.LSTM(D, 16, batch_first=True)
    u = 1 + 23 * torch.rand(16)
    with torch.no_grad():
        core.bias_hh_l0[:32] = 0  # i and f
        core.bias_ih_l0[:32] = torch.cat([-u.log(), u.log()])
    return core


# %%
class Reader(nn.Module):
    """An answer at every step, from torch's recurrent layer. (N, T, D) → (N, T, 1)."""

    def __init__(self, core):
        super().__init__()
        self.core, self.readout = core, nn.Linear(core.hidden_size, 1)

    def forward(self, x):
        return self.readout(self.core(x)[0])


# %% [markdown]
# Two jobs again: adding, and keep and show.
#
# **Before you run:** who wins on adding, who on keep and show? Think of what each cell has and has not: the GRU keeps and writes with one gate, and hides
# nothing.


# %%
cells = {"RNN": rnn, "GRU": gru, "LSTM": lstm}
rates = {"RNN": 0.005, "GRU": 0.08, "LSTM": 0.06}


def share(network, x, y):
    """Unexplained share of one network, a scalar; adding is asked at the last step alone."""
    answers = network(x)
    if y.dim() == 2:
        answers, y = answers[:, -1:], y[:, None]
    return unexplained(answers[None], y)[0]


# %%
def compete(draw, D):
    """Three networks of each kind, each trained alone; their unexplained shares on 1,000 fresh sequences."""
    left = {}
    for kind in cells:
        left[kind] = torch.zeros(3)
        for number in range(3):
            network = Reader(cells[kind](D))
            adam = torch.optim.Adam(network.parameters(), lr=rates[kind], fused=True)  # fused: the same, faster
            options = {"steps": 300, "optimizer": adam, "schedule": falling(300), "clip": 1.0}
            fit(network, share, lambda: draw(32, 25), title=kind, **options)
            with torch.no_grad():
                left[kind][number] = share(network, *draw(1000, 25))
    return left


# %% tags=["nbval-ignore-output"]
contest = {"Adding": compete(adding, 2), "Keep and show": compete(keep_and_show, 3)}

fig, axes = plot.panels(1, 2, size=(5, 3.6), sharey=True)
plot.runs(contest["Adding"], y="unexplained share", title="Adding", ax=axes[0])
plot.runs(contest["Keep and show"], title="Keep and show", ax=axes[1])
fig

# %% [markdown]
# On keep and show the LSTM wins: the GRU leaves at least half as much again. On adding it leaves no less than the GRU: the order is the other way round; but look whether
# the dots overlap, for three trainings of each are few. The RNN, with the start and the rate that suit it best and twice as many units, is far behind on both: its
# unexplained share is five times that of either, or more.
#
# Gates against no gates: that difference is large here. GRU against LSTM depends on the job, the size, the start, and on what you count
# (steps, seconds, weights). Far larger comparisons of the two (Chung et al., 2014; Jozefowicz et al., 2015) found **no universal winner**. When
# it matters, train both, more than once, each with its own rate.

# %% tags=["claim"]
best = {job: {kind: contest[job][kind].median() for kind in cells} for job in contest}
claim(
    "keep and show: the GRU leaves at least half as much again as the LSTM (medians of three)",
    best["Keep and show"]["GRU"] / best["Keep and show"]["LSTM"],
    at_least=1.6,
)
claim(
    "adding: the LSTM leaves no less than the GRU (medians of three)",
    best["Adding"]["LSTM"] / best["Adding"]["GRU"],
    at_least=1,
)
behind = [best[job]["RNN"] / max(best[job]["GRU"], best[job]["LSTM"]) for job in best]
claim("the RNN leaves at least five times what either of the two leaves, on both", min(behind), at_least=5)

# %% [markdown]
# ## What you can now do
#
# - **An ablation**: one part changed, several trainings, a scale that jobs share, dots instead of one number.
# - **Used or irreplaceable?** Freezing shows what a trained network leans on, an ablation what could not be replaced, on this job, in this budget, at this
#   length. On both our jobs the gate that was hardest to replace was not the one most leaned on. And where two things changed at once, a control tells
#   which of them it was: adding seemed to need the input gate, and was learnt without it as soon as the writes were small.
# - **RNN, GRU, LSTM**: equal weights, each with its own best rate. The gated cells beat the RNN; between the two the job decides.
#
# Where people use this: "ablation" is a section of very many papers on neural networks. Ask of each table: how many trainings, was the rest tuned again, what
# else changed with the part? Where it fails: both experiments tell of a whole gate over a whole job, not of one input and one answer. For
# that there are gradients ([lesson 22](22_output_gradients.ipynb), [lesson 23](23_gradient_paths.ipynb)). And no gate spares a cell from packing its past into
# H numbers; [lesson 20](20_attention.ipynb) looks back instead.

# %% [markdown]
# <details><summary>Test yourself: why five networks for each rule, and not one?</summary>
#
# Because dots of one kind can differ by a factor of two or more. With one of each you compare luck.
# </details>
# <details><summary>Test yourself: why did we read long sequences of keep and show, and not of sums?</summary>
#
# Over 250 steps there are sums larger than any in training. Two things would change at once, the length and the size of the answers.
# </details>
# <details><summary>Test yourself: which control would you run for the forget gate, in the spirit of <code>quiet</code>?</summary>
#
# One that cannot let go at will, but leaks: a constant f such as `0.9`. It separates "cannot choose when" from "never forgets".
# </details>
#
# *Further reading.* K. Greff et al., "LSTM: a search space odyssey", *IEEE TNNLS* 28 (2017). J. Chung et al., "Empirical evaluation of gated recurrent
# neural networks on sequence modeling", 2014. R. Jozefowicz et al., "An empirical exploration of recurrent network architectures", ICML 2015. C. Tallec and Y. Ollivier,
# "Can recurrent neural networks warp time?", ICLR 2018.
