# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 08 · GRU
#
# **What can be left out?**
#
# After this lesson you will be able to
# - write a GRU in both of its published forms, and move weights between the books' two conventions,
# - count the parameters of an RNN, a GRU and an LSTM,
# - take a gate out of a cell, predict what that costs, and measure it fairly.
#
# Needs: [lesson 06](06_lstm.ipynb). About 75 minutes. Mappings: many-to-one and aligned many-to-many, in colour below.

# %% tags=["nbval-ignore-output"]
from time import perf_counter

import torch
from torch import nn
from lstmkit import claim, exercise, fit, plot, seed
from lstmkit.data.memory import adding, copy

seed(0)
plot.mapping(["many-to-one", "many-to-many, aligned"])

# %% [markdown]
# ## The wall of [lesson 01](01_recurrence.ipynb), with a valve
#
# Remember the thermometer in the wall: $h_t = w\,h_{t-1} + (1 - w)\,x_t$. Each day it keeps a share $w$ and takes the rest from outside. Its
# weakness was that *one* share must serve every moment. Now let the share be chosen anew at every step, and call it $z_t$:
#
# $$h_t = z_t\,h_{t-1} + (1 - z_t)\,x_t$$
#
# Here is noise, and one number that matters, 0.9 at step 10.
#
# **Before you run:** three walls: with the share 0.5, with 0.95, and with $z_t = 0$ at step 10 and $z_t = 1$ at all others. Which of them still shows
# 0.9 at step 40?

# %% tags=["nbval-ignore-output"]
x = torch.rand(40) * 0.5
x[9] = 0.9
opened = torch.ones(40)
opened[9] = 0.0
shares = {"z = 0.5": torch.full((40,), 0.5), "z = 0.95": torch.full((40,), 0.95), "z chosen": opened}
walls = {}
for name, z in shares.items():
    h, walls[name] = torch.zeros(()), []
    for t in range(40):
        h = z[t] * h + (1 - z[t]) * x[t]
        walls[name].append(h.item())
labels = {"x": "step", "y": "state h", "levels": {"0.9": 0.9}}
plot.series(
    {"input x": x} | walls, torch.arange(1, 41), **labels, title="A share that is chosen at each step can hold a number"
)

# %%
claim("the wall that chooses its share still shows 0.9 at the end", walls["z chosen"][-1], close_to=0.9, tolerance=1e-6)
claim("the slow wall never came near it", max(walls["z = 0.95"]), at_most=0.5)

# %% [markdown]
# ## Three where the LSTM has four
#
# That is the **gated recurrent unit**, GRU (Cho et al., 2014), but for one thing: what it takes in is a candidate $n_t$ that it computes itself.
# There is one state, $h$, and no cell beside it. Keeping and writing are tied: what is not kept is replaced.
#
# $$\begin{aligned}
# r_t &= \sigma(W_r x_t + b_{ir} + U_r h_{t-1} + b_{hr}) \\
# z_t &= \sigma(W_z x_t + b_{iz} + U_z h_{t-1} + b_{hz}) \\
# n_t &= \tanh\big(W_n x_t + b_{in} + r_t \circ (U_n h_{t-1} + b_{hn})\big) \\
# h_t &= (1 - z_t) \circ n_t + z_t \circ h_{t-1}
# \end{aligned}$$
#
# Look at where the old state goes: straight on, by way of $z$; and into the candidate, by way of $r$.

# %% tags=["nbval-ignore-output"]
nodes = {"h": (0.4, 2.7, "$h_{t-1}$", "h"), "×z": (2.4, 2.7, "×"), "+": (6.6, 2.7, "+"), "h'": (8.4, 2.7, "$h_t$", "h")}
nodes |= {"z": (2.4, 1.4, "$z$: σ", "gate"), "1−z": (4.5, 1.9, "1 − z", "gate"), "×n": (6.6, 1.7, "×")}
nodes |= {"r": (4.5, 0.8, "$r$: σ", "gate"), "n": (6.6, 0.6, "$n$: tanh", "gate")}
nodes |= {
    "in": (4.5, -0.4, "$W x_t$  and  $U h_{t-1}$", "gate"),
    "x": (0.4, -0.4, "$x_t$", "x"),
    "h2": (0.4, 0.6, "$h_{t-1}$", "h"),
}
arrows = "h ×z,×z +,+ h',z ×z,z 1−z,1−z ×n,n ×n,×n +,r n,in z,in r,in n,x in,h2 in"
title = "One state: kept by z, replaced by 1 − z"
plot.diagram(nodes, [arrow.split() for arrow in arrows.split(",")], title=title)

# %% [markdown]
# | | name | its question | 1 means |
# |---|---|---|---|
# | $z$ | update gate | how much of the old state do I keep? | keep all, write nothing |
# | $r$ | reset gate (or relevance gate) | how much of the past does the candidate see? | all of it |
# | $n$ | candidate | what is the new value? | – |
#
# | symbol | variable | shape |
# |---|---|---|
# | $W$, $U$ | `W`, `U`: blocks $r, z, n$, one below the other | (3H, D), (3H, H) |
# | $b_i$, $b_h$ | `b_ih`, `b_hh`: in the same order | (3H,) each |
#
# There are **two published forms**. As above, and in torch, the reset gate acts *after* the matrix product: $r \circ (U_n h + b_{hn})$; all
# products with $h$ can then be one. In the other form, that of most papers, it acts *before*: $U_n (r \circ h) + b_{hn}$. (Cho et al. printed the
# one in their paper's first version, and the other in its last.)
#
# ### Exercise 08.1 · One GRU step (20 min, ●●○)
#
# *Goal:* $h_t$ in the form that `reset_after` names. *Given:* all of the tables; torch's order is **r, z, n**. *Done when* the check says ✓.


# %% tags=["exercise"]
def gru_step(x_t, h, W, U, b_ih, b_hh, reset_after=True):
    """One step of a GRU; blocks in torch's order r, z, n.

    x_t: (N, D). h: the state before, (N, H). W: (3H, D). U: (3H, H). b_ih, b_hh: (3H,). reset_after: True: r acts on
    U_n h + b_hn; False: r acts on h, before U_n. Returns the state after, (N, H).
    """
    ### BEGIN SOLUTION
    H = h.shape[1]
    x_r, x_z, x_n = (x_t @ W.T + b_ih).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ U.T + b_hh).chunk(3, dim=1)
    r = torch.sigmoid(x_r + h_r)
    z = torch.sigmoid(x_z + h_z)
    if not reset_after:
        h_n = (r * h) @ U[2 * H :].T + b_hh[2 * H :]
    n = torch.tanh(x_n + (r * h_n if reset_after else h_n))
    return (1 - z) * n + z * h
    ### END SOLUTION


# %% tags=["check"]
gru_step = exercise("08.1", gru_step)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Keep the input's half and the state's half apart: `x_t @ W.T + b_ih` and `h @ U.T + b_hh`, each cut by `.chunk(3, dim=1)`. For r and z you
# add them; for n the reset gate stands between.
# </details>
# <details><summary>Fuller hint</summary>
#
# After: `n = torch.tanh(x_n + r * h_n)`. Before: `n = torch.tanh(x_n + (r * h) @ U[2 * H :].T + b_hh[2 * H :])`. Then the last equation.
# </details>
#
# Is it the real thing? The same weights in `nn.GRU` must give the same states and the same gradients. Note that torch's two biases
# are no luxury here: $b_{hn}$ stands inside the reset gate's brackets, and $b_{in}$ outside.


# %%
def unroll(x, W, U, b_ih, b_hh, reset_after=True):
    """Run gru_step over a batch. x: (N, T, D). Returns h of every step, (N, T, H)."""
    h, outputs = x.new_zeros(len(x), U.shape[1]), []
    for x_t in x.unbind(1):
        h = gru_step(x_t, h, W, U, b_ih, b_hh, reset_after)
        outputs.append(h)
    return torch.stack(outputs, dim=1)


# %%
theirs = nn.GRU(4, 6, batch_first=True, dtype=torch.float64)
weights = list(theirs.parameters())
noise = torch.randn(3, 20, 4, dtype=torch.float64)
ours = unroll(noise, *weights)
pairs = zip(*(torch.autograd.grad(y.square().sum(), weights) for y in (ours, theirs(noise)[0])))
claim("every state equals torch's", (ours - theirs(noise)[0]).abs().max(), at_most=1e-12)
claim("so do the gradients of W, U and both biases", max((a - b).abs().max() for a, b in pairs), at_most=1e-12)
other = unroll(noise, *weights, reset_after=False)
claim("the other form, with the same weights, is another function", (ours - other).abs().max(), at_least=1e-3)

# %% [markdown]
# So weights cannot be moved from one *form* to the other. Before you load someone's weights, ask which form they were trained in.
#
# ## Which way does z point?
#
# A second trap is harmless, once known. torch writes $h_t = (1 - z) \circ n + z \circ h_{t-1}$: $z$ is the share that is *kept*. Many books and
# papers (Chung et al., 2014, among them) write $h_t = (1 - z) \circ h_{t-1} + z \circ n$: $z$ is the share that is *replaced*. It is the same
# network with other weights.
#
# ### Exercise 08.2 · Turn z round (10 min, ●●○)
#
# *Goal:* from torch's weights, those for a GRU of the other convention that computes the same states. *Given:* `W`, `U`, `b_ih`, `b_hh`, and the fact that
# $1 - \sigma(a) = \sigma(-a)$. *Done when* the check says ✓. Leave the given tensors as they are: return new ones.


# %% tags=["exercise"]
def flip_z(W, U, b_ih, b_hh):
    """Weights for h = (1 - z) h + z n, from those for h = (1 - z) n + z h.

    W: (3H, D). U: (3H, H). b_ih, b_hh: (3H,). Blocks r, z, n. Returns new (W, U, b_ih, b_hh) of the same shapes.
    """
    ### BEGIN SOLUTION
    flipped = []
    for part in (W, U, b_ih, b_hh):
        r, z, n = part.chunk(3)
        flipped.append(torch.cat([r, -z, n]))
    return tuple(flipped)
    ### END SOLUTION


# %% tags=["check"]
flip_z = exercise("08.2", flip_z)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The new $z$ should be one minus the old one. What must happen to *everything* inside its sigmoid?
# </details>
# <details><summary>Fuller hint</summary>
#
# For each of the four: `r, z, n = part.chunk(3)`, then `torch.cat([r, -z, n])`.
# </details>
#
# ## What it saves
#
# ### Exercise 08.3 · Count (5 min, ●○○)
#
# *Goal:* the number of parameters of one layer with D = 10 inputs and H = 20 units, for torch's RNN, GRU and LSTM (both biases), and the ratio GRU /
# LSTM. *Given:* the shapes in the tables. *Done when* the check says ✓. On paper.

# %% tags=["exercise"]
counts = {"RNN": ..., "GRU": ..., "LSTM": ..., "GRU / LSTM": ...}
### BEGIN SOLUTION
block = 20 * 10 + 20 * 20 + 2 * 20  # one block: W, U, two biases
counts = {"RNN": block, "GRU": 3 * block, "LSTM": 4 * block, "GRU / LSTM": 3 / 4}
### END SOLUTION

# %% tags=["check"]
counts = exercise("08.3", counts)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A *block* is what one gate or candidate needs: a matrix for the input, one for the state, two biases.
# </details>
# <details><summary>Fuller hint</summary>
#
# One block has H·D + H·H + 2·H parameters. The RNN has one block, the GRU three, the LSTM four.
# </details>
#
# ## Which gate hurts?
#
# The GRU left out a gate and a state. Could it have left out others? The honest way to find out is an **ablation**: take one part away, change
# nothing else, train, compare; more than once, since luck is part of every training. We do it to the LSTM: one gate at a time is held
# open, at 1.
#
# ### Exercise 08.4 · What is lost? (5 min, ●○○)
#
# *Goal:* say what the cell can no longer do when a gate is stuck open. *Given:* $c = f \circ c + i \circ g$, $h = o \circ \tanh(c)$; the words "ignore" (an input
# that does not matter), "erase" (what the cell holds), "hide" (what it holds from the others). *Done when* the check says ✓.

# %% tags=["exercise"]
lost = {"input gate open": ..., "forget gate open": ..., "output gate open": ...}
### BEGIN SOLUTION
lost = {"input gate open": "ignore", "forget gate open": "erase", "output gate open": "hide"}
### END SOLUTION

# %% tags=["check"]
lost = exercise("08.4", lost)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Set the gate to 1 in the two equations, and ask which of the three sentences becomes impossible.
# </details>
# <details><summary>Fuller hint</summary>
#
# i = 1: every candidate is written. f = 1: what is written stays. o = 1: the cell is always seen.
# </details>
#
# Two tasks, both made of memory alone. **Adding**, as in [lesson 06](06_lstm.ipynb), with 25 steps. **Copy**: three symbols out of four, ten blanks, a signal;
# then say the three symbols again, in order.
#
# A *rule* says what a cell does with its gates. The class below holds three networks for each rule, side by side: every weight has one more
# axis in front, M = rules × 3, and one product serves them all. All start by the chrono initialisation of [lesson 06](06_lstm.ipynb).


# %%
def lstm(c, i, f, g, o):
    """The LSTM's rule. Returns (h, c)."""
    c = f * c + i * g
    return o * torch.tanh(c), c


rules = {
    "LSTM": lstm,
    "i = 1": lambda c, i, f, g, o: lstm(c, 1, f, g, o),
    "f = 1": lambda c, i, f, g, o: lstm(c, i, 1, g, o),
    "o = 1": lambda c, i, f, g, o: lstm(c, i, f, g, 1),
}


# %%
class SideBySide(nn.Module):
    """Three networks for each rule, M in all. x: (N, T, D), read by all of them. Returns (M, N, T, K)."""

    def __init__(self, rules, D, K, T, H):
        super().__init__()
        self.rules, M = list(rules.values()), 3 * len(rules)
        shapes = {"W": (4 * H, D), "U": (4 * H, H), "b": (1, 4 * H), "V": (1, K, H), "d": (1, 1, K)}
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter((2 * torch.rand(M, *shape) - 1) / H**0.5))
        u = 1 + (T - 2) * torch.rand(M, 1, H)  # memory lengths, 1 to T − 1
        self.b.data[..., : 2 * H] = torch.cat([-u.log(), u.log()], dim=2)

    def forward(self, x):
        h = c = x.new_zeros(len(self.U), len(x), self.U.shape[2])
        outputs = []
        for x_t in x.unbind(1):
            i, f, g, o = (x_t @ self.W.mT + h @ self.U.mT + self.b).chunk(4, dim=2)
            # three networks to a group, a group to a rule; each rule is applied to its own, then all are put together again
            gates = zip(*(part.split(3) for part in (c, i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid())))
            h, c = map(torch.cat, zip(*(rule(*part) for rule, part in zip(self.rules, gates))))
            outputs.append(h)
        return torch.stack(outputs, dim=2) @ self.V.mT + self.d


# %% [markdown]
# The errors: squared for adding, where always saying 1 has 1/6; the cross-entropy of the three symbols for copy, where guessing has ln 4 nats. (Its
# fifth class is the blank, which is not asked for in the last three steps.)
#
# **Before you run:** write down which of the three open gates will hurt in *adding*. And in *copy*?


# %%
def adding_error(model, x, y):
    """Squared error of the last step for each network. Returns (M,)."""
    return (model(x)[:, :, -1] - y).square().mean((1, 2))


def copy_error(model, x, y):
    """Cross-entropy of the last three steps for each network, in nats. Returns (M,)."""
    scores = model(x)[:, :, -3:].flatten(0, 1).mT  # (M·N, K, 3)
    wanted = y[:, -3:].repeat(len(scores) // len(y), 1)
    return nn.functional.cross_entropy(scores, wanted, reduction="none").view(-1, y[:, -3:].numel()).mean(1)


tasks = {
    "adding": (lambda N=32: adding(N, 25), adding_error, (2, 1, 25, 16), 1 / 6),
    "copy": (lambda N=32: copy(N, 10, length=3, symbols=4), copy_error, (6, 5, 16, 32), torch.tensor(4.0).log()),
}


# %% tags=["nbval-ignore-output"]
def ablate(rules, task):
    """Train three networks for each rule; their errors on 500 new sequences: {rule: (3,)}."""
    draw, error, sizes, _ = tasks[task]
    model = SideBySide(rules, *sizes)
    fit(model, lambda m, x, y: error(m, x, y).sum(), draw, steps=400, lr=0.02, title=task)
    with torch.no_grad():
        return dict(zip(rules, error(model, *draw(500)).split(3)))


errors = {task: ablate(rules, task) for task in tasks}


# %% tags=["nbval-ignore-output"]
def picture(errors, title):
    """A panel for each task: the mean of three networks as a bar, each network as a dot."""
    fig, axes = plot.panels(1, 2, size=(5.2, 3.4))
    units = {"adding": "squared error", "copy": "cross-entropy (nats)"}
    for ax, (task, values) in zip(axes, errors.items()):
        means = {name: three.mean() for name, three in values.items()}
        plot.bars(means, y=units[task], title=task, levels={"without memory": tasks[task][3]}, ax=ax)
        ax.set_ylim(0, 1.3 * tasks[task][3])
        ax.legend(loc="upper right")
        for place, three in enumerate(values.values()):
            ax.plot([place] * 3, three, "ko", markersize=5)
    fig.suptitle(title)
    return fig


picture(errors, "Adding cannot do without the input gate")

# %%
means = {task: {name: three.mean() for name, three in values.items()} for task, values in errors.items()}
others = torch.cat([errors["adding"][name] for name in ("LSTM", "f = 1", "o = 1")])
claim("adding: with the input gate open, no network gets below 0.12", errors["adding"]["i = 1"].min(), at_least=0.12)
claim("adding: every other network gets below 0.1", others.max(), at_most=0.1)
claim("copy: with the input gate open, it still beats guessing", means["copy"]["i = 1"], at_most=1.2)
forget = means["copy"]["f = 1"] - means["copy"]["LSTM"]
claim("copy: without its forget gate, the LSTM is hardly worse, if at all (nats)", forget, at_most=0.2)

# %% [markdown]
# So the answer to *which gate hurts* is another question: *at what?* In adding the cell whose input gate stands open learns nothing in these 400
# steps. In copy there is little to ignore, and the same cell learns, too. The forget gate is missed in neither: both tasks begin
# with an empty cell and end before anything has to be erased. An ablation measures a gate *on a task*; the sentence "the forget gate is not
# needed" would be wrong, and nothing here shows it. Compare the dots, too: where they scatter, one training would have told you little.
#
# And it measures *all* that was changed. The open gate cannot ignore; it also writes everything at full size, where the chrono start writes
# little. Which of the two did the damage? This ablation cannot say. A further rule could, one that ignores as little and writes less.
#
# ### Exercise 08.5 · An ablation of your own (10 min, ●●○)
#
# *Goal:* the **coupled** rule: no input gate of its own, $i$ is replaced by $1 - f$, as in the GRU. *Given:* `lstm` above, and the gates, all after their
# sigmoid or tanh. *Done when* the check says ✓. But **predict first**, in writing: in adding, and in copy, will it do better than the LSTM, as well, or
# worse?


# %% tags=["exercise"]
def coupled(c, i, f, g, o):
    """The LSTM's rule with i replaced by 1 − f. All of one shape, any number of axes. Returns (h, c)."""
    ### BEGIN SOLUTION
    c = f * c + (1 - f) * g
    return o * torch.tanh(c), c
    ### END SOLUTION


# %% tags=["check"]
coupled = exercise("08.5", coupled)

# %% [markdown]
# <details><summary>Hint</summary>
#
# It is the rule `lstm`, with one letter replaced.
# </details>
# <details><summary>Fuller hint</summary>
#
# `c = f * c + (1 - f) * g`, and h as before. The argument `i` stays unused.
# </details>
#
# Now train it, three times for each task, beside the same LSTM results as before. Afterwards, try a rule of your own, and predict first: with
# i = 0.1, does adding fail as it did with i = 1?

# %% tags=["nbval-ignore-output"]
for task in tasks:
    errors[task]["coupled"] = ablate({"coupled": coupled}, task)["coupled"]
shown = {task: {name: values[name] for name in ("LSTM", "coupled")} for task, values in errors.items()}
picture(shown, "Two gates do what three did")

# %%
claim("adding: the coupled cell learns it as well", errors["adding"]["coupled"].max(), at_most=0.1)
claim("copy: the coupled cell beats guessing by far", errors["copy"]["coupled"].mean(), at_most=0.7)
ahead = means["copy"]["LSTM"] - errors["copy"]["coupled"].mean()
claim("copy: it does not fall behind the LSTM by more than 0.1 nats", ahead, at_least=-0.1)

# %% [markdown]
# One gate less, and nothing is lost on these two tasks: that is the GRU's bet. (Greff et al., 2017, found the same on speech, handwriting
# and music, with thousands of trainings.)
#
# ## RNN, GRU, LSTM
#
# Now the three cells that everyone uses, from torch, as they come, 32 units each, on adding with 50 steps.
#
# **Before you run:** who wins? By how much would they have to differ for you to say so?


# %%
class Reader(nn.Module):
    """Many-to-one: the answer is read from the last hidden state. (N, T, 2) → (N, 1)."""

    def __init__(self, core):
        super().__init__()
        self.core, self.readout = core, nn.Linear(core.hidden_size, 1)

    def forward(self, x):
        return self.readout(self.core(x)[0][:, -1])


def squared_error(model, x, y):
    """Mean over the batch, a scalar."""
    return (model(x) - y).square().mean()


# %% tags=["nbval-ignore-output"]
curves, seconds = {}, {}
for name, kind in {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}.items():
    model, begun = Reader(kind(2, 32, batch_first=True)), perf_counter()
    history = fit(model, squared_error, lambda: adding(32, 50), steps=900, lr=0.02, clip=1.0, title=name)
    seconds[name] = perf_counter() - begun
    curves[name] = torch.tensor(history.losses).unfold(0, 25, 1).mean(1)
labels = {"x": "training step", "y": "squared error (mean of 25)", "levels": {"always 1": 1 / 6}}
plot.series(curves, **labels, log=True, title="The gated cells learn it; the RNN does not")

# %%
claim("the RNN never gets below 0.12", curves["RNN"].min(), at_least=0.12)
claim("the GRU learns to add", curves["GRU"].min(), at_most=0.02)
claim("so does the LSTM", curves["LSTM"].min(), at_most=0.02)
first = {name: int((curves[name] < 0.05).nonzero()[0]) for name in ("GRU", "LSTM")}
claim("the LSTM needs at least twice as many steps as the GRU", first["LSTM"] / first["GRU"], at_least=2)

# %% [markdown]
# So the GRU wins? Here it does, in one training each: on this task, from torch's own start (no chrono), counted in steps. (`make claims` repeats
# the lesson on five seeds: the order stays, the ratio does not.) Count seconds, and it may look different.
#
# **Before you run:** the GRU has three quarters of the LSTM's weights. Are its 900 steps the faster ones on your machine?

# %% tags=["nbval-ignore-output"]
plot.bars(seconds, y="seconds for 900 steps", title="What the three trainings cost here")

# %% [markdown]
# Do not be surprised if the LSTM has the shorter bar: on a CPU torch hands it to a tuned kernel (of the library oneDNN), and runs a GRU step by
# step. That is a fact about software, not about gates; on a GPU it may look different.
#
# Gates against no gates: that difference is large, and it holds. GRU against LSTM is a matter of the task, the size, the start, and of
# what you count. Far larger comparisons (Chung et al., 2014; Jozefowicz et al., 2015) found **no universal winner**. When it matters, train
# both, more than once.

# %% [markdown]
# ## What you can now do
#
# - **A GRU step** is two gates, a candidate and one state. torch applies the reset gate after the matrix product, the other form before; weights
#   do not move between the forms. Between the two directions of $z$ they do: the z block changes its sign.
# - **Parameters**: one block for the RNN, three for the GRU, four for the LSTM.
# - **An ablation** changes one part, and trains more than once. Here the input gate was vital in adding, and could be tied to the other.
#
# Where it fails: a cell still reads from left to right, and fits its past into H numbers. lesson 11 (in preparation) reads both ways; [lesson 20](20_attention.ipynb) looks back.
#
# <details><summary>Test yourself: which task would make the forget gate vital?</summary>
#
# One in which the cell must be emptied: several sums, one after the other.
# </details>
# <details><summary>Test yourself: what is a GRU with z = 0 and r = 1 at every step?</summary>
#
# The RNN of [lesson 01](01_recurrence.ipynb): the new state is the candidate, tanh of the input and the whole past.
# </details>
#
# *Further reading.* K. Cho et al., "Learning phrase representations using RNN encoder–decoder", EMNLP 2014. J. Chung et al., "Empirical evaluation
# of gated recurrent neural networks", 2014. R. Jozefowicz et al., ICML 2015. K. Greff et al., "LSTM: a search space odyssey", *IEEE TNNLS* 28 (2017).
