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
# - write a GRU step in both of its published forms, and say which of them torch has,
# - move weights between the two directions of the update gate, and say between which GRUs no weights can be moved,
# - count what a GRU saves, and measure what one of its parts is worth: leave it out.
#
# Needs: [lesson 06](06_lstm.ipynb) (gates) and [lesson 07](07_long_memory.ipynb) (the adding problem). About 85 minutes. Mapping: many-to-one.

# %%
import torch
from torch import nn
from lstmkit import claim, exercise, fit, outcome, plot, predict, seed
from lstmkit.data.memory import adding

seed(0)

# %% [markdown]
# ## The wall of [lesson 01](01_recurrence.ipynb), with a valve
#
# A thermometer in a thick wall shows $h_t = w\,h_{t-1} + (1 - w)\,x_t$: each day the wall keeps a share $w$ of what it showed, and takes the
# rest from outside. Its weakness is that *one* share must serve every day. So let the share be chosen anew at each step, and call it $z_t$:
#
# $$h_t = z_t\,h_{t-1} + (1 - z_t)\,x_t$$
#
# Here is noise below ½, and one number that matters: $0.9$, at step 10. Three walls read it. Two have a fixed share, `0.5` and `0.95`. The third
# chooses: $z_t = 0$ at step 10, and $z_t = 1$ at all others.
#
# **Before you run:** which wall still shows $0.9$ at step 40? And what do the two others show by then? Write your choice in place of the dots.

# %% tags=["predict"]
predict("08.a", ...)  # "0.5", "0.95" or "chosen"

# %%
signal = torch.rand(40) * 0.5
signal[9] = 0.9  # step 10: Python counts from 0
chosen = torch.ones(40)
chosen[9] = 0.0
kept = {"0.5": torch.full((40,), 0.5), "0.95": torch.full((40,), 0.95), "chosen": chosen}
walls = {}
for name in kept:
    z, h, walls[name] = kept[name], torch.zeros(()), []
    for t in range(40):
        h = z[t] * h + (1 - z[t]) * signal[t]
        walls[name].append(h.item())

# %% tags=["folded", "nbval-ignore-output"]
steps = torch.arange(1, 41)
fig, ax = plot.panels(size=(8.5, 3.4))
ax.bar(steps, signal, color="#D9D9D9", label="input x")
plot.series({f"z: {name}": walls[name] for name in walls}, steps, x="step", y="state h", title="Three walls", ax=ax)
ax.set_ylim(0, 1)
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
fig

# %% [markdown]
# Only the wall that chooses. It took in the whole of $0.9$ at step 10, since it kept nothing, and then it shut out everything else. The fast
# wall saw the number, too, and lost it within a few steps to the noise. The slow wall held on to what it had; so it took in little of it. At step 40
# both show means of the noise: the fast one of the last few steps, the slow one of nearly all.
#
# Keeping and writing are *one* decision here: what is not kept is replaced. The LSTM of [lesson 06](06_lstm.ipynb) makes two of it.

# %% tags=["claim"]
still = [name for name in walls if abs(walls[name][-1] - 0.9) < 0.01]
outcome("08.a", still[0] if len(still) == 1 else str(still))
claim("at step 40 the wall that chooses still shows 0.9, and no other does", still == ["chosen"], is_true=True)
claim("the slow wall never showed more than half of it", max(walls["0.95"]), at_most=0.45)

# %% [markdown]
# ## Three where the LSTM has four
#
# The **gated recurrent unit**, GRU (Cho et al., 2014), is this wall with a network at each handle. There is one state, $h$, and no cell beside
# it. The **update gate** $z$ says which share of it is kept. The rest is replaced by a candidate $n$.
#
# The candidate reads the input, and it reads the old state: follow the green pipe. A second gate stands in it, the **reset gate** $r$: how much of
# the past may the candidate see?

# %% tags=["nbval-ignore-output"]
plot.gru_cell("after")

# %% [markdown]
# $$\begin{aligned}
# r_t &= \sigma(W_r x_t + b_{ir} + U_r h_{t-1} + b_{hr}) \\
# z_t &= \sigma(W_z x_t + b_{iz} + U_z h_{t-1} + b_{hz}) \\
# n_t &= \tanh\big(W_n x_t + b_{in} + r_t \circ (U_n h_{t-1} + b_{hn})\big) \\
# h_t &= (1 - z_t) \circ n_t + z_t \circ h_{t-1}
# \end{aligned}$$
#
# | | name | its question | 1 means |
# |---|---|---|---|
# | $z$ | update gate | how much of the old state do I keep? | keep all, write nothing |
# | $r$ | reset gate | how much of the past does the candidate see? | all of it |
# | $n$ | candidate | what is the new value? | – |
#
# | symbol | variable | shape |
# |---|---|---|
# | $x_t$, $h_{t-1}$ | `x_t`, `h` | (N, D), (N, H) |
# | $W$, $U$ | `W`, `U`: blocks $r, z, n$, one below the other | (3H, D), (3H, H) |
# | $b_i$, $b_h$ | `b_ih`, `b_hh`: in the same order | (3H,) each |
#
# There is no output gate: whatever the state holds is seen. And nothing counts beyond bounds: $h$ is a mean of values between −1 and 1.

# %% [markdown]
# ## Two forms in print
#
# In the picture the reset gate stands *behind* the product with $U_n$. So it does in torch, for a practical reason: all three products with $h$
# can be made in one. In most papers it stands *in front*. Look for the × in both:

# %% tags=["nbval-ignore-output"]
plot.gru_cell("after", "before")

# %% [markdown]
# In the second form the third equation reads
#
# $$n_t = \tanh\big(W_n x_t + b_{in} + U_n (r_t \circ h_{t-1}) + b_{hn}\big)$$
#
# Here $r$ closes single entries of the state *before* they are mixed, there it closes rows of the mixture. (Cho et al. printed the one in the first
# version of their paper, and the other in the last. Keras has both, under the name `reset_after`.)
#
# ### Exercise 08.1 · One GRU step (15 min, ●●○)
#
# *Goal:* $h_t$, in the form that `reset_after` names. *Given:* all of the tables; torch's order is **r, z, n**. *Done when* the check says ✓.


# %% tags=["exercise"]
def gru_step(x_t, h, W, U, b_ih, b_hh, reset_after=True):
    """One step of a GRU; blocks in torch's order r, z, n.

    x_t: (N, D). h: the state before, (N, H). W: (3H, D). U: (3H, H). b_ih, b_hh: (3H,). reset_after: True: r acts on
    U_n h + b_hn; False: r acts on h, in front of U_n, and b_hn is added after the product. Returns the state after, (N, H).
    """
    ### BEGIN SOLUTION
    H = h.shape[1]
    x_r, x_z, x_n = (x_t @ W.T + b_ih).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ U.T + b_hh).chunk(3, dim=1)
    r = torch.sigmoid(x_r + h_r)
    z = torch.sigmoid(x_z + h_z)
    if reset_after:
        past = r * h_n
    else:
        past = (r * h) @ U[2 * H :].T + b_hh[2 * H :]
    n = torch.tanh(x_n + past)
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
# After: `past = r * h_n`. Before: `past = (r * h) @ U[2 * H :].T + b_hh[2 * H :]`, with `H = h.shape[1]`. Then
# `n = torch.tanh(x_n + past)`, and the last equation.
# </details>
#
# Is it the real thing? The same weights in `nn.GRU` must give the same states, and learn the same. (torch's two biases are no luxury here:
# $b_{hn}$ stands inside the reset gate's brackets, $b_{in}$ outside.)


# %%
def unroll(x, W, U, b_ih, b_hh, reset_after=True):
    """Run gru_step over a batch. x: (N, T, D). Returns h of every step, (N, T, H)."""
    h, states = x.new_zeros(len(x), U.shape[1]), []
    for x_t in x.unbind(1):
        h = gru_step(x_t, h, W, U, b_ih, b_hh, reset_after)
        states.append(h)
    return torch.stack(states, dim=1)


# %% tags=["claim"]
theirs = nn.GRU(4, 6, batch_first=True, dtype=torch.float64)
weights = list(theirs.parameters())
noise = torch.randn(3, 20, 4, dtype=torch.float64)
ours, expected = unroll(noise, *weights), theirs(noise)[0]
our_gradients = torch.autograd.grad(ours.square().sum(), weights)
their_gradients = torch.autograd.grad(expected.square().sum(), weights)
gaps = [(a - b).abs().max() for a, b in zip(our_gradients, their_gradients)]
claim("your step, unrolled, and nn.GRU: equal states", (ours - expected).abs().max(), at_most=1e-10)
claim("and equal gradients of W, U and both biases", max(gaps), at_most=1e-9)
other = unroll(noise, *weights, reset_after=False)
claim("the other form with the same weights is another function", (ours - other).abs().max(), at_least=1e-2)

# %% [markdown]
# So weights cannot be moved from one *form* to the other: not all of them, anyway, and no rule of signs will help. How much that matters in
# practice we measure below.
#
# ## Which way does z point?
#
# A second difference between books is harmless, once known. torch writes $h_t = (1 - z) \circ n + z \circ h_{t-1}$: $z$ is the share that is *kept*.
# Many papers (Chung et al., 2014, among them) write $h_t = (1 - z) \circ h_{t-1} + z \circ n$: $z$ is the share that is *replaced*. It is the
# same network with other weights.
#
# ### Exercise 08.2 · Turn z round (8 min, ●●○)
#
# *Goal:* from torch's weights, those for a GRU of the other convention that computes the same states. *Given:* `W`, `U`, `b_ih`, `b_hh`, in the
# order r, z, n, and the fact that $1 - \sigma(a) = \sigma(-a)$. *Done when* the check says ✓. Leave the given tensors as they are: return new ones.


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
# So whoever loads somebody else's weights has three questions to ask. In which order do the blocks come (torch: r, z, n; Keras: z, r, n)? Which way
# does $z$ point? And where does $r$ stand? To the first two there is a cure.
#
# ## What it saves
#
# A *block* is what one gate or candidate needs: its rows of $W$ and $U$, and its part of both biases. The RNN of
# [lesson 01](01_recurrence.ipynb) has one block, its candidate.
#
# ### Exercise 08.3 · Count (8 min, ●●○)
#
# *Goal:* with D = 10 inputs, the number of parameters of one layer of 20 units for torch's RNN, GRU and LSTM (two biases each); the ratio GRU / LSTM;
# and how many units you can give a GRU with the LSTM's budget: the largest H for which it has *no more* parameters than the LSTM with 20. *Given:*
# the shapes in the tables. *Done when* the check says ✓. On paper first.

# %% tags=["exercise"]
counts = {"RNN": ..., "GRU": ..., "LSTM": ..., "GRU / LSTM": ..., "GRU units for the same budget": ...}
### BEGIN SOLUTION
block = 20 * 10 + 20 * 20 + 2 * 20  # rows of W, rows of U, two biases
counts = {"RNN": block, "GRU": 3 * block, "LSTM": 4 * block, "GRU / LSTM": 3 / 4}
counts["GRU units for the same budget"] = 23  # 3 (10·23 + 23² + 2·23) = 2415; with 24 units it would be 2592
### END SOLUTION

# %% tags=["check"]
counts = exercise("08.3", counts)

# %% [markdown]
# <details><summary>Hint</summary>
#
# One block has H·D + H·H + 2·H parameters. How many blocks has each?
# </details>
# <details><summary>Fuller hint</summary>
#
# One, three and four blocks. For the last: solve 3 (10 H + H² + 2 H) ≤ 2560, by trying H = 20, 21, 22 …
# </details>
#
# A quarter less, and yet no third more units: most of the weights are in $U$, which grows with the square of H.
#
# ## Could still more be left out?
#
# The GRU left out a gate and a state. Could it have left out others? There is one honest way to find out, an **ablation**: take one part away, change
# nothing else, train, compare. And more than once, since luck is part of every training.
#
# Two candidates: the reset gate ($r = 1$ at every step) and the update gate ($z = 0$ at every step). The second is quickly written:


# %%
def without_update(x_t, h, W, U, b_ih, b_hh):
    """A GRU step with z = 0: all of the state is replaced. Blocks r, n: W (2H, D), U (2H, H), b_ih, b_hh (2H,)."""
    x_r, x_n = (x_t @ W.T + b_ih).chunk(2, dim=1)
    h_r, h_n = (h @ U.T + b_hh).chunk(2, dim=1)
    r = torch.sigmoid(x_r + h_r)
    return torch.tanh(x_n + r * h_n)


# %% [markdown]
# ### Exercise 08.4 · Without the reset gate (8 min, ●●○)
#
# *Goal:* a GRU step with $r = 1$ at every step. *Given:* weights of *two* blocks, in the order **z, n**; torch's direction of $z$. *Done when* the
# check says ✓.


# %% tags=["exercise"]
def without_reset(x_t, h, W, U, b_ih, b_hh):
    """A GRU step with r = 1: the candidate sees all of the past. h_t = (1 - z) n + z h.

    x_t: (N, D). h: (N, H). Blocks z, n: W (2H, D), U (2H, H), b_ih, b_hh (2H,). Returns the state after, (N, H).
    """
    ### BEGIN SOLUTION
    x_z, x_n = (x_t @ W.T + b_ih).chunk(2, dim=1)
    h_z, h_n = (h @ U.T + b_hh).chunk(2, dim=1)
    z = torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + h_n)
    return (1 - z) * n + z * h
    ### END SOLUTION


# %% tags=["check"]
without_reset = exercise("08.4", without_reset)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Take `without_update` as a pattern. Which gate is computed now, and what does multiplying by $r = 1$ leave of the past?
# </details>
# <details><summary>Fuller hint</summary>
#
# `n = torch.tanh(x_n + h_n)`: all of the past. Then mix it with the old state as the GRU does: `(1 - z) * n + z * h`.
# </details>
#
# ## The ablation
#
# The task is adding ([lesson 07](07_long_memory.ipynb)), with 25 steps: two numbers are marked, say their sum at the end. Four kinds of step: the
# GRU in both of its forms, and the two from which a gate is missing. One class serves them all.


# %%
def drawn(*shape):
    """Weights drawn from torch's own range, ±1/√H for H = 16."""
    return nn.Parameter((2 * torch.rand(*shape) - 1) / 4)


class Network(nn.Module):
    """16 units that take `step`; the answer is read from the last state. x: (N, T, 2). Returns (N, 1)."""

    def __init__(self, step, blocks):
        super().__init__()
        self.step = step
        self.W, self.U = drawn(16 * blocks, 2), drawn(16 * blocks, 16)
        self.b_ih, self.b_hh = drawn(16 * blocks), drawn(16 * blocks)
        self.readout = nn.Linear(16, 1)

    def forward(self, x):
        h = x.new_zeros(len(x), 16)
        for x_t in x.unbind(1):
            h = self.step(x_t, h, self.W, self.U, self.b_ih, self.b_hh)
        return self.readout(h)


# %% [markdown]
# Three networks of each kind get the same treatment: 400 steps of Adam, with a rate that falls from `0.04` nearly to zero, so that the end does not
# jitter. The yardstick is the squared error as a *share* of what always answering 1 would cost, which is 1/6: one means nothing learnt.
#
# **Before you run:** which of the two gates can go, on this task? Write `"reset"`, `"update"`, `"both"` or `"neither"`.

# %% tags=["predict"]
predict("08.b", ...)  # which gate can be left out here: "reset", "update", "both" or "neither"


# %%
def squared_error(network, x, y):
    """Mean over the batch, a scalar."""
    return (network(x) - y).square().mean()


def falling(optimizer):
    """The learning rate falls along a straight line to a fiftieth, within 400 steps."""
    return torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0.02, 400)


def train(step, blocks):
    """Three networks with this step, each trained alone on adding."""
    networks = []
    for _ in range(3):
        network = Network(step, blocks)
        fit(network, squared_error, lambda: adding(32, 25), steps=400, lr=0.04, schedule=falling, title=step.__name__)
        networks.append(network)
    return networks


# %% tags=["nbval-ignore-output"]
def reset_before(x_t, h, W, U, b_ih, b_hh):
    """The GRU's other form, as a step of its own."""
    return gru_step(x_t, h, W, U, b_ih, b_hh, reset_after=False)


trained = {
    "GRU, r after": train(gru_step, 3),
    "GRU, r before": train(reset_before, 3),
    "GRU, no reset": train(without_reset, 2),
    "GRU, no update": train(without_update, 2),
}

# %% tags=["nbval-ignore-output"]
x, y = adding(2000, 25)


def share(network):
    """The squared error on 2,000 fresh sequences, as a share of what always answering 1 costs."""
    with torch.no_grad():
        return 6 * squared_error(network, x, y).item()


shares = {}
for kind in trained:
    shares[kind] = torch.tensor([share(network) for network in trained[kind]])
plot.runs(shares, y="share of the error left", title="Adding, 25 steps", levels={"always 1": 1})

# %% [markdown]
# The reset gate can go: with two thirds of the weights all three networks still learn to add. The update gate cannot go: without it they have
# learnt next to nothing in the same time. And either form of the GRU, trained as itself, learns to add.
#
# You know the reason. With $z = 0$ the state is made anew at every step, as in [lesson 01](01_recurrence.ipynb); a reset gate lets such a network
# forget *more*, and nothing in it can be left alone. Do not read more into it: this is one task, one size, one budget. There are tasks on which the
# reset gate earns its keep. (Light GRUs without it were proposed by Ravanelli et al., 2018, for speech.)

# %% tags=["claim"]
can_go = [gate for gate in ("reset", "update") if shares[f"GRU, no {gate}"].median() < 0.05]
outcome("08.b", can_go[0] if len(can_go) == 1 else {0: "neither", 2: "both"}[len(can_go)])
claim(
    "every GRU learns to add, in either form",
    max(shares["GRU, r after"].max(), shares["GRU, r before"].max()),
    at_most=0.02,
)
claim("and so does every network without the reset gate", shares["GRU, no reset"].max(), at_most=0.02)
claim("without the update gate none does", shares["GRU, no update"].min(), at_least=0.7)

# %% [markdown]
# ## The wrong form
#
# Now the question from above. Somebody gives you the weights of a trained GRU, and you load them into the other form. No error, no warning: all
# shapes fit.
#
# **Before you run:** by what factor will the error grow? Write a number; 1 means that it stays.

# %% tags=["predict"]
predict("08.c", ...)  # a factor: the error in the wrong form, divided by that in its own

# %% tags=["nbval-ignore-output"]
wrong_form = {"GRU, r after": reset_before, "GRU, r before": gru_step}
loaded = {}
for kind in wrong_form:
    loaded[kind] = shares[kind]
    loaded[kind + ", loaded wrongly"] = torch.zeros(3)
    for number, network in enumerate(trained[kind]):
        network.step = wrong_form[kind]
        loaded[kind + ", loaded wrongly"][number] = share(network)
        network.step = gru_step if kind == "GRU, r after" else reset_before  # back again
plot.runs(loaded, y="share of the error left", title="In its own form, and in the other", levels={"always 1": 1})

# %% [markdown]
# More than tenfold, in the median of the six networks. And yet the network is not broken outright: it still seems to work, a little badly, and nobody
# would look for the cause in the place of a bracket. If you must know which form somebody's weights were trained in, try both on data with known
# answers.

# %% tags=["claim"]
growth = torch.cat([loaded[kind + ", loaded wrongly"] / loaded[kind] for kind in wrong_form]).sort().values
outcome("08.c", growth[2:4].mean())
claim("in the wrong form the error grows at least tenfold (median of six networks)", growth[2:4].mean(), at_least=10)

# %% [markdown]
# ## What did z learn?
#
# The lesson began with a wall that opens at one moment. Did a GRU that has learnt to add find the same trick? Its replaced share is $1 - z_t$, a number
# for each unit and step.


# %%
def replaced_share(network, x):
    """1 − z at every step. x: (N, T, 2). Returns (N, T, 16)."""
    h, gates = x.new_zeros(len(x), 16), []
    for x_t in x.unbind(1):
        inside = x_t @ network.W.T + network.b_ih + h @ network.U.T + network.b_hh
        gates.append(1 - torch.sigmoid(inside[:, 16:32]))  # the second block of r, z, n
        h = network.step(x_t, h, network.W, network.U, network.b_ih, network.b_hh)
    return torch.stack(gates, dim=1)


# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    opened = replaced_share(trained["GRU, r after"][0], x)
order = opened.mean((0, 1)).argsort()  # units, the most steadfast first
ticks = ["marked" if mark else "" for mark in x[0, :, 1]]
plot.heatmap(
    opened[0, :, order].T,
    x="step",
    y="unit",
    signed=False,
    scale="replaced share 1 − z",
    xticks=ticks,
    title="One sequence, 16 units",
)

# %% [markdown]
# Look for rows that are white nearly everywhere and dark at both marks: those are walls that choose. But not all units play this game. The first rows
# hardly move at all; the last ones replace themselves all the time and hold nothing for long. (And before the first mark there is nothing to
# protect.) On average over units, networks and sequences the state opens at a marked step
# more than one and a half times as far as at others. A trace shows what a gate *does*; what the network needs it for, only an ablation tells.

# %% tags=["claim"]
with torch.no_grad():
    each = [replaced_share(network, x) for network in trained["GRU, r after"]]
mean_share = torch.stack(each).mean((0, 3))  # over networks and units: (N, T)
marked = x[:, :, 1] > 0
ratio = mean_share[marked].mean() / mean_share[~marked].mean()
claim("at marked steps 1 − z is more than one and a half times that of the others", ratio, at_least=1.6)

# %% [markdown]
# ## What you can now do
#
# - **A GRU step** is two gates, a candidate and one state. torch puts the reset gate behind the product with $U_n$, most papers in front of it.
# - **Weights move** between the two directions of $z$: the z block changes its sign. They do not move between the two forms, and nothing warns you.
# - **Three blocks** stand against the LSTM's four and the RNN's one. On adding, the reset gate can be left out as well; the update gate cannot.
#
# Where people use this: small models on phones and microcontrollers, speech, recommendations; wherever an LSTM seems too large. Where it fails: one
# state has to be both memory and output, and can hide nothing. Whether that costs something, and which of the LSTM's own gates do the work:
# [lesson 09](09_which_gate.ipynb).

# %% [markdown]
# <details><summary>Test yourself: what is a GRU with z = 0 and r = 1 at every step?</summary>
#
# The RNN of [lesson 01](01_recurrence.ipynb): the new state is the candidate, tanh of the input and the whole past.
# </details>
# <details><summary>Test yourself: and with z = 0 and r = 0?</summary>
#
# No recurrent network at all: h_t depends on x_t alone.
# </details>
# <details><summary>Test yourself: is there an H for which the two forms compute the same, whatever the weights?</summary>
#
# Yes, nearly: with H = 1, $U_n (r h) = r (U_n h)$. Even then the bias differs: $r\,b_{hn}$ against $b_{hn}$.
# </details>
#
# *Further reading.* K. Cho et al., "Learning phrase representations using RNN encoder–decoder", EMNLP 2014. J. Chung et al., "Empirical evaluation
# of gated recurrent neural networks", 2014. G.-B. Zhou et al., "Minimal gated unit for recurrent neural networks", 2016. M. Ravanelli et al., "Light
# gated recurrent units for speech recognition", *IEEE TETCI* 2 (2018).
