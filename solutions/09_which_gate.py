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
# - say what such an experiment shows, and what it does not,
# - compare RNN, GRU and LSTM on equal terms.
#
# Needs: [lesson 06](06_lstm.ipynb) (valves set by hand), [lesson 07](07_long_memory.ipynb) (chrono start, adding), [lesson 08](08_gru.ipynb).
# About 85 minutes. Mapping: many-to-many, aligned.

# %%
import torch
from torch import nn
from lstmkit import claim, exercise, fit, outcome, plot, predict, seed
from lstmkit.data.memory import adding, keep_and_show, sums_since_reset

seed(0)

# %% [markdown]
# ## Two jobs for three gates
#
# In [lesson 06](06_lstm.ipynb) you turned the valves of a cell by hand. Here are two such jobs again, each with an answer at *every* step. **Sums**: add up
# all numbers since the last reset (orange: a reset; its own number is the first of the new sum). **Keep and show**: keep the last orange number,
# ignore the grey ones, and say it at a question mark; else say 0. The black dots are the right answers.

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
# By hand it took one gate for the first job, and all three for the second:
#
# | gate | by hand | held open, at 1, it can no longer |
# |---|---|---|
# | forget | shut at a reset; shut when a new number comes to be kept | *let go* |
# | input | open at an orange number, else shut | *ignore* |
# | output | open at a question, else shut | *hide* |
#
# That is what the gates *can* do. Which of them can a network that learns the job not do without? Take one away and see. Each ablation gets three
# networks, since luck is part of every training.
#
# ## Twelve networks side by side
#
# Twelve small LSTMs, trained one after the other, would take minutes. Side by side they take seconds: every weight gets one more axis in front, M, and
# `@` multiplies network by network. Apart from that it is the cell that you know. One line is new: `rule` may do something to the gates before they
# are used.
#
# | symbol | variable | shape |
# |---|---|---|
# | networks, sequences, steps | M, N, T | |
# | $W$, $U$, $b$ | `W`, `U`, `b`: the blocks i, f, g, o, *side by side* | (M, D, 64), (M, 16, 64), (M, 1, 64) |
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
        for x_t in x.unbind(1):
            i, f, g, o = (x_t @ self.W + h @ self.U + self.b).chunk(4, dim=2)
            i, f, o = self.rule(i.sigmoid(), f.sigmoid(), o.sigmoid())
            c = f * c + i * g.tanh()
            h = o * c.tanh()
            shown.append(h)
        return torch.stack(shown, dim=2) @ self.V + self.d


# %% [markdown]
# ### Exercise 09.1 · Hold one gate open (8 min, ●●○)
#
# *Goal:* a rule for twelve networks, numbered from 0. Networks 0, 1, 2 keep their gates as they are. In 3, 4, 5 the *input* gate is 1. In 6, 7, 8
# the *forget* gate is 1. In 9, 10, 11 the *output* gate is 1. *Given:* the three gates, the network along the first axis. *Done when* the check
# says ✓. Leave the given tensors as they are: autograd still needs them.


# %% tags=["exercise"]
def hold_open(i, f, o):
    """Twelve networks: 0–2 as they are, 3–5 with i = 1, 6–8 with f = 1, 9–11 with o = 1.

    i, f, o: (12, N, H). Returns new i, f, o of the same shapes.
    """
    ### BEGIN SOLUTION
    i, f, o = i.clone(), f.clone(), o.clone()
    i[3:6] = 1
    f[6:9] = 1
    o[9:12] = 1
    return i, f, o
    ### END SOLUTION


# %% tags=["check"]
hold_open = exercise("09.1", hold_open)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Make a copy of each gate with `.clone()` and write into the copy. Which slice holds the networks 3, 4, 5?
# </details>
# <details><summary>Fuller hint</summary>
#
# `i = i.clone()`, then `i[3:6] = 1`. The same for `f` with `6:9`, and for `o` with `9:12`. Return all three.
# </details>
#
# ## One scale for all jobs
#
# A squared error of `0.1` is small for sums, which run up to 10, and large for numbers below 1. So divide by what the answers vary: the **unexplained
# share of the variance**. One means no better than a constant, zero is perfect.
#
# ### Exercise 09.2 · The unexplained share (10 min, ●●○)
#
# *Goal:* for each network its mean squared error, over all sequences and steps, divided by the variance of the right answers, `y.var()`. *Given:*
# `answers` (M, N, T, 1), `y` (N, T, 1). *Done when* the check says ✓.


# %% tags=["exercise"]
def unexplained(answers, y):
    """Mean squared error of each network as a share of the variance of y.

    answers: (M, N, T, 1). y: (N, T, 1). Returns (M,).
    """
    ### BEGIN SOLUTION
    squared_error = (answers - y).square().mean(dim=(1, 2, 3))
    return squared_error / y.var()
    ### END SOLUTION


# %% tags=["check"]
unexplained = exercise("09.2", unexplained)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `answers - y` broadcasts: every network is compared with the same y. Over which axes is the mean to be taken, so that M is left?
# </details>
# <details><summary>Fuller hint</summary>
#
# `(answers - y).square().mean(dim=(1, 2, 3))` is one number for each network. Divide by `y.var()`, the variance of *all* the right answers.
# </details>
#
# All twelve are trained together, on fresh sequences of 25 steps: 500 steps of Adam, with a rate that falls from `0.03` nearly to zero, so that the
# end does not jitter. They do not disturb each other: no weight of one is in the loss of another.


# %%
def total(model, x, y):
    """The loss: the sum over the networks, since each is to become as good as it can."""
    return unexplained(model(x), y).sum()


def falling(steps, to=0.02):
    """A schedule: within so many steps the learning rate falls along a straight line to a share of what it was."""
    return lambda optimizer: torch.optim.lr_scheduler.LinearLR(optimizer, 1, to, steps)


# %% tags=["folded"]
def by_name(errors, names):
    """A (12,) tensor of errors as a dict: three of each name."""
    return {name: errors[3 * k : 3 * k + 3] for k, name in enumerate(names)}


# %% [markdown]
# **Before you run:** on sums, which gate's absence will hurt most? And on keep and show? Commit yourself, with the table above in mind: write
# `"input"`, `"forget"` or `"output"`, twice.

# %% tags=["predict"]
predict("09.a", ...)  # sums
predict("09.b", ...)  # keep and show

# %% tags=["nbval-ignore-output"]
names = ["all gates", "input open", "forget open", "output open"]
sums = LSTMs(12, 2, hold_open)
fit(sums, total, lambda: sums_since_reset(32, 25), steps=500, lr=0.03, schedule=falling(500), title="sums")
keep = LSTMs(12, 3, hold_open)
fit(keep, total, lambda: keep_and_show(32, 25), steps=500, lr=0.03, schedule=falling(500), title="keep and show")

with torch.no_grad():
    x, y = sums_since_reset(1000, 25)
    sums_left = by_name(unexplained(sums(x), y), names)
    x, y = keep_and_show(1000, 25)
    keep_left = by_name(unexplained(keep(x), y), names)

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(1, 2, size=(6, 3.6), sharey=True)
plot.runs(sums_left, y="unexplained share", title="Sums", ax=axes[0])
plot.runs(keep_left, title="Keep and show", ax=axes[1])
fig

# %% [markdown]
# Each dot is one network, each line the median of three; mind the logarithmic scale. The forget gate hurts most, on *both* jobs: three times and more on
# sums, sevenfold and more on keep and show. That is no surprise for the first. But the second seemed made for the other two, for ignoring and hiding!
#
# And yet an open input gate costs there a factor of two or so, and the output gate hardly that. How can a cell without an output gate be silent? It need
# not: sixteen cells are read together, and the read-out can set one against the other. How can it ignore without an input gate? The candidate
# can be small. *The others take over the work.* An ablation does not measure what a gate does in the whole network. It measures what cannot be
# **replaced**, by these sixteen units, in these 500 steps.

# %% tags=["claim"]
middle = {}  # the median of each three
for job, left in {"sums": sums_left, "keep": keep_left}.items():
    for name in names:
        middle[job, name] = left[name].median()
for id, job in {"09.a": "sums", "09.b": "keep"}.items():
    outcome(id, max(names[1:], key=lambda name: middle[job, name]).split()[0])
factor = {key: middle[key] / middle[key[0], "all gates"] for key in middle}
claim("on sums an open forget gate leaves three times as much, or more", factor["sums", "forget open"], at_least=3)
claim("on keep and show, seven times as much, or more", factor["keep", "forget open"], at_least=7)
rest = [factor[job, name] for job in ("sums", "keep") for name in ("input open", "output open")]
claim("every other open gate, on either job, less than four times as much", max(rest), at_most=4)

# %% [markdown]
# ## For how long?
#
# Replaced, that is, in sequences of 25 steps. The same networks, not trained any further, now read 250 steps of keep and show. A forget gate held open means:
# whatever was ever written is still there.
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
# Only those that cannot let go. The others do on 250 steps what they did on 25: they have learnt a rule that holds at every step. The networks without a
# forget gate had found a makeshift, good for the lengths that they knew, and it wears out. The first figure alone would not have told you.

# %% tags=["claim"]
longer = {name: long_left[name].median() / keep_left[name].median() for name in names}
claim(
    "ten times the length: without a forget gate at least half as much again is unexplained",
    longer["forget open"],
    at_least=1.5,
)
claim("with it, hardly more than before", max(longer[name] for name in names if name != "forget open"), at_most=1.25)

# %% [markdown]
# ## Another job, another gate
#
# Is the forget gate then *the* important one? In the adding problem of [lesson 07](07_long_memory.ipynb) two marked numbers among 25 are to be added, and
# nothing has ever to be let go. We give it the chrono start of that lesson: small input gates, forget gates near 1. An earlier edition of this course
# held the input gate open here, saw that nothing was learnt, and wrote: *adding cannot do without the input gate.*
#
# Can you find the hole? Opening the gate changed **two** things at once. The network has no *say* any more in what is written. And it *writes at full
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
# ### Exercise 09.4 · One gate for two (5 min, ●○○)
#
# *Goal:* the **coupled** cell: what is not kept is replaced, as in the GRU. Return what stands in the place of $i$. *Given:* as before. *Done when* the
# check says ✓. And predict, in writing: on adding, will it do better than the LSTM with all gates, as well, or worse? `...`


# %% tags=["exercise"]
def coupled(i, f):
    """In the input gate's place: the share that the forget gate does not keep.

    i, f: input and forget gate, of one shape. Returns a tensor of that shape.
    """
    ### BEGIN SOLUTION
    return 1 - f
    ### END SOLUTION


# %% tags=["check"]
coupled = exercise("09.4", coupled)

# %% [markdown]
# <details><summary>Hint</summary>
#
# f is the share that is kept. What is left of a whole?
# </details>
# <details><summary>Fuller hint</summary>
#
# `1 - f`; the argument `i` stays unused.
# </details>
#
# Now all four, three networks each. Only the line with `torch.cat` is new; you can put a rule of your own into it.


# %%
def four_rules(i, f, o):
    """Networks 0–2 as they are, 3–5 with the input gate open, 6–8 quiet, 9–11 coupled."""
    i = torch.cat([i[:3], torch.ones_like(i[3:6]), quiet(i[6:9], f[6:9]), coupled(i[9:], f[9:])])
    return i, f, o


def chrono(model, T):
    """The start of lesson 07: a memory of u steps for each unit, u between 1 and T − 1."""
    u = 1 + (T - 2) * torch.rand(len(model.b), 1, 16)
    with torch.no_grad():
        model.b[:, :, :16] = -u.log()  # i
        model.b[:, :, 16:32] = u.log()  # f
    return model


def total_at_the_end(model, x, y):
    """As `total`, for a task that asks at the last step alone: y is (N, 1)."""
    return unexplained(model(x)[:, :, -1:], y[:, None]).sum()


# %% [markdown]
# **Before you run:** with the input gate open, adding was not learnt. And the quiet cell, whose gate is as immovable? Write `"learns"` or `"fails"`.

# %% tags=["predict"]
predict("09.c", ...)  # the quiet cell: "learns" or "fails"

# %% tags=["nbval-ignore-output"]
rules = ["all gates", "input open", "quiet", "coupled"]
model = chrono(LSTMs(12, 2, four_rules), 25)
options = {"steps": 500, "lr": 0.04, "schedule": falling(500, to=0.1)}
fit(model, total_at_the_end, lambda: adding(32, 25), title="adding", **options)

with torch.no_grad():
    x, y = adding(2000, 25)
    adding_left = by_name(unexplained(model(x)[:, :, -1:], y[:, None]), rules)
plot.runs(adding_left, y="unexplained share", title="Adding, 25 steps", levels={"a constant": 1})

# %% [markdown]
# It learns: not as well as the whole LSTM in these 500 steps, but it learns, with an input gate that the network cannot move at all. So it was not the
# missing *say* that did the damage, it was the size. (How does a cell ignore without a valve? Its candidate can be near 0: then there is nothing to
# write.) The old sentence was wrong, and the measurement under it was right. An ablation measures *all* that was changed: look for the control that
# changes one thing.
#
# And the coupled cell, without an input gate of its own, is no worse than the whole LSTM: that is the GRU's bet. Greff et al. (2017) compared eight
# variants of the LSTM on speech, handwriting and music, in 5,400 trainings. Their headline: the *forget gate* and the *output activation* (the tanh
# around $c$) matter most; to couple input and forget gate costs next to nothing. The first agrees with our two jobs, the last with this one. The output
# activation we have not tried.

# %% tags=["claim"]
outcome("09.c", "learns" if adding_left["quiet"].max() < 0.3 else "fails")
claim(
    "with the input gate open at 1, next to nothing is learnt in 500 steps",
    adding_left["input open"].median(),
    at_least=0.7,
)
claim("the quiet cell, whose gate is as immovable, learns to add", adding_left["quiet"].max(), at_most=0.2)
claim(
    "the coupled cell does no worse than the whole LSTM",
    adding_left["coupled"].median() / adding_left["all gates"].median(),
    at_most=1.5,
)

# %% [markdown]
# ### Exercise 09.5 · What may you conclude? (10 min, ●●●)
#
# *Goal:* read an ablation that is not yours. An LSTM, with all its gates and with the output gate open, on three jobs; three trainings each, of one length;
# unexplained shares:
#
# | job | all gates | output gate open |
# |---|---|---|
# | A | `0.010, 0.012, 0.011` | `0.011, 0.010, 0.013` |
# | B | `0.010, 0.030, 0.008` | `0.020, 0.012, 0.025` |
# | C | `0.002, 0.003, 0.002` | `0.030, 0.041, 0.028` |
#
# *Given:* five sentences; for each, True if these numbers support it, else False. *Done when* the check says ✓.
#
# - `C differs`: on C the difference is larger than the luck of these trainings.
# - `A idle`: on A, the output gate of the *whole* network is not used.
# - `B helps`: on B, the output gate helps.
# - `C impossible`: no LSTM with an open output gate can do C much better than `0.03`.
# - `C unreplaced`: on C, the other gates did not make up for the output gate in these trainings.

# %% tags=["exercise"]
conclusions = {"C differs": ..., "A idle": ..., "B helps": ..., "C impossible": ..., "C unreplaced": ...}
### BEGIN SOLUTION
conclusions = {"C differs": True, "A idle": False, "B helps": False, "C impossible": False, "C unreplaced": True}
### END SOLUTION

# %% tags=["check"]
conclusions = exercise("09.5", conclusions)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Compare the worst of one kind with the best of the other. And keep apart: *not needed here*, *not used*, *not possible*.
# </details>
# <details><summary>Fuller hint</summary>
#
# On B the two kinds overlap. On A the gate can be replaced; the whole network may use it all the same. On C nobody has trained longer, or with more
# units.
# </details>
#
# ## RNN, GRU, LSTM, on equal terms
#
# Now the three cells that everyone uses, torch's own. Equal terms: (nearly) the *same number of weights*, so that the RNN gets 32 units, the GRU 18, the
# LSTM 16; the same 400 steps; and for each cell the best of four learning rates and of the ways to start that it has (torch's own, orthogonal, chrono),
# looked for in other trainings. (For the LSTM chrono was best, for the other two torch's own start.)
#
# | | core's weights, two inputs | learning rate |
# |---|---|---|
# | RNN, 32 units | $32\,(2 + 32 + 2) = 1152$ | `0.04` |
# | GRU, 18 units | $3 \cdot 18\,(2 + 18 + 2) = 1188$ | `0.08` |
# | LSTM, 16 units | $4 \cdot 16\,(2 + 16 + 2) = 1280$ | `0.04` |


# %%
class Reader(nn.Module):
    """An answer at every step, from torch's recurrent layer. (N, T, D) → (N, T, 1)."""

    def __init__(self, core):
        super().__init__()
        self.core, self.readout = core, nn.Linear(core.hidden_size, 1)

    def forward(self, x):
        return self.readout(self.core(x)[0])


# %%
def new(kind, D):
    """A fresh network of one kind, for D inputs."""
    units = {"RNN": 32, "GRU": 18, "LSTM": 16}[kind]
    core = getattr(nn, kind)(D, units, batch_first=True)
    if kind == "LSTM":
        u = 1 + 23 * torch.rand(16)  # chrono, for 25 steps
        with torch.no_grad():
            core.bias_hh_l0[:32] = 0  # i and f
            core.bias_ih_l0[:32] = torch.cat([-u.log(), u.log()])
    return Reader(core)


# %% [markdown]
# Two jobs again: adding, and keep and show.
#
# **Before you run:** who wins on adding, who on keep and show? Think of what each cell has and has not: the GRU keeps and writes with one gate, and hides
# nothing.


# %%
rates = {"RNN": 0.04, "GRU": 0.08, "LSTM": 0.04}


def share(network, x, y):
    """Unexplained share of one network, a scalar; adding is asked at the last step alone."""
    answers = network(x)
    if y.dim() == 2:
        answers, y = answers[:, -1:], y[:, None]
    return unexplained(answers[None], y)[0]


def compete(draw, D):
    """Three networks of each kind, each trained alone; their unexplained shares on 1,000 fresh sequences."""
    left = {}
    for kind in rates:
        left[kind] = torch.zeros(3)
        for number in range(3):
            network = new(kind, D)
            options = {"steps": 400, "lr": rates[kind], "schedule": falling(400), "clip": 1.0}
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
# The GRU wins on adding, by a factor of two and more; the LSTM on keep and show, by one and a half and more. The plain RNN, with the rate that suits it
# best and twice as many units, is far behind on both.
#
# Gates against no gates: that difference is large, and it holds. GRU against LSTM depends on the job, the size, the start, and on what you count
# (steps, seconds, weights). Far larger comparisons (Chung et al., 2014; Jozefowicz et al., 2015; Greff et al., 2017)
# found **no universal winner**. When it matters, train both, more than once, each with its own rate.

# %% tags=["claim"]
best = {job: {kind: contest[job][kind].median() for kind in rates} for job in contest}
claim(
    "adding: the LSTM leaves at least twice what the GRU leaves",
    best["Adding"]["LSTM"] / best["Adding"]["GRU"],
    at_least=2,
)
claim(
    "keep and show: the GRU leaves at least one and a half times what the LSTM leaves",
    best["Keep and show"]["GRU"] / best["Keep and show"]["LSTM"],
    at_least=1.5,
)
behind = [best[job]["RNN"] / best[job]["GRU"] for job in best]
claim("the RNN leaves at least ten times what the GRU leaves, on both", min(behind), at_least=10)

# %% [markdown]
# ## What you can now do
#
# - **An ablation**: one part changed, several trainings, a scale that jobs share, dots instead of one number.
# - **What it shows**: what could not be replaced, on this job, in this budget, at this length; and all that was changed at once. On our jobs the forget gate was
#   hardest to replace. Adding seemed to need the input gate, and needs small writes.
# - **RNN, GRU, LSTM**: equal weights, each with its own best rate. The gated cells beat the RNN; between the two the job decides.
#
# Where people use this: "ablation" is a section of nearly every paper on neural networks. Ask of each table: how many trainings, was the rest tuned again, what
# else changed with the part? Where it fails: a cell still reads from left to right, and packs its past into H numbers; [lesson 20](20_attention.ipynb)
# looks back instead. And that two trained networks may do the same job by different roads is the reason for Part 5: there, gradients look inside
# ([lesson 23](23_gradient_paths.ipynb)).

# %% [markdown]
# <details><summary>Test yourself: why three networks for each rule, and not one?</summary>
#
# Because dots of one kind can differ by a factor of two or more. With one of each you compare luck.
# </details>
# <details><summary>Test yourself: a gate is left out and the error stays. Was the gate idle?</summary>
#
# Not shown. The network without it was trained to do without; the whole one may use it every step.
# </details>
# <details><summary>Test yourself: which control would you run for the forget gate, in the spirit of <code>quiet</code>?</summary>
#
# One that cannot let go at will, but leaks: a constant f such as `0.9`. It separates "cannot choose when" from "never forgets".
# </details>
#
# *Further reading.* K. Greff et al., "LSTM: a search space odyssey", *IEEE TNNLS* 28 (2017). J. Chung et al., "Empirical evaluation of gated recurrent
# neural networks", 2014. R. Jozefowicz et al., "An empirical exploration of recurrent network architectures", ICML 2015. C. Tallec and Y. Ollivier,
# "Can recurrent neural networks warp time?", ICLR 2018.
