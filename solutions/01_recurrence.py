# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 · Recurrence
#
# **Why does a network need a memory?**
#
# After this lesson you will be able to
# - say what a network *without* memory can never learn, and compute how good it can possibly get,
# - write a recurrent network from scratch: one step, then the loop over time,
# - ask which letter moved the last output, and by how much.
#
# Needs: Python, a little torch (tensors, `backward`). About 45 minutes. Mapping: one-to-one, then many-to-many, aligned.

# %%
import torch
from torch import nn
from lstmkit import claim, exercise, plot, seed

seed(0)

# %% [markdown]
# ## Five letters
#
# Take the word *hello*. Show a network one letter, and ask for the next one: after *h* comes *e*, after *e* comes *l*.
# Four questions, four answers. Look at the two questions in the middle.

# %% tags=["nbval-ignore-output"]
plot.unrolled(list("hell"), list("ello"), memory=False, title="Four questions: the letter below, the answer above")

# %% [markdown]
# The same letter *l* is asked about twice, with two different answers: *l* the first time, *o* the second. A network that
# sees one letter at a time (a **one-to-one** network) is given the same input twice. It must give the same output twice.
#
# We write each letter as a **one-hot** vector: as long as the alphabet, zero everywhere but at the letter's own place.
#
# | symbol | variable | shape |
# |---|---|---|
# | $x_t$, the letter at step $t$ | `x[t]` | (V,), V = 4 letters |
# | the right answers | `target` | (T,), T = 4 steps |

# %%
alphabet = "helo"
x = nn.functional.one_hot(torch.tensor([alphabet.index(letter) for letter in "hell"]), 4).float()
target = torch.tensor([alphabet.index(letter) for letter in "ello"])
x

# %% [markdown]
# ### Exercise 01.1 · Predict the floor (10 min, ●●○)
#
# *Goal:* the lowest loss that *any* one-to-one network can reach here. *Given:* the loss is the **cross-entropy**: the mean over
# the four questions of $-\ln p$, where $p$ is the probability that the network gives to the right answer (natural logarithm, so
# the unit is **nats**). *Done when* the check says ✓: a number, right to within a hundredth.
#
# Work it out on paper, before any network is trained.

# %% tags=["exercise"]
floor = ...  # your answer, in nats
### BEGIN SOLUTION
floor = 2 * torch.log(torch.tensor(2.0)) / 4  # two questions at probability ½ each, two at probability 1, mean of four
### END SOLUTION

# %% tags=["check"]
floor = exercise("01.1", floor)

# %% [markdown]
# <details><summary>Hint</summary>
#
# After *h* and after *e* the network can be certain: what do these two cost? After *l*, half of the answers are *l* and half are
# *o*. What are the best two probabilities to give?
# </details>
# <details><summary>Fuller hint</summary>
#
# The best it can do after *l* is ½ for *l* and ½ for *o*: any other split loses more on one than it gains on the other. So two
# questions cost $-\ln 1 = 0$, and two cost $-\ln \tfrac12 = \ln 2$. Take the mean over all four.
# </details>
#
# ## A network without memory
#
# Now train one. A table of scores would do; here it is as a small network with one hidden layer, so that nobody can say it was
# too weak.
#
# **Before you run:** where will its loss come to rest? At zero, at your number, or somewhere above?


# %% tags=["nbval-ignore-output"]
def train(parameters, loss_of, steps=250, lr=0.03):
    """Adam for a fixed number of steps. loss_of: a function without arguments. Returns the loss at every step, (steps,)."""
    optimizer = torch.optim.Adam(list(parameters), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses)


memoryless = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 4))
memoryless_loss = train(memoryless.parameters(), lambda: nn.functional.cross_entropy(memoryless(x), target))
labels = {"x": "training step", "y": "loss (nats)", "levels": {"the floor": floor}}
plot.series({"memoryless": memoryless_loss}, **labels, title="Training stops at the floor")

# %% [markdown]
# Look at the dashed line. The curve falls on it and stays. Train it ten times longer, make it ten times larger: it will not
# go through. It is not the network that is too small, it is the *question* that lacks something: what came before.

# %%
claim(
    "the memoryless network ends within 0.01 nats of the floor",
    memoryless_loss[-1] - floor,
    close_to=0.0,
    tolerance=0.01,
)
claim(
    "after l it gives l and o about the same probability",
    memoryless(x[2]).softmax(0)[2] - memoryless(x[2]).softmax(0)[3],
    close_to=0.0,
    tolerance=0.1,
)

# %% [markdown]
# ## The smallest memory
#
# Before we give a network a memory, look at the smallest one there is: a running average. Write $x_t$ for today's temperature
# and $h_t$ for what a thermometer in a thick wall shows. Each day the wall keeps a share $w$ of what it showed, and takes the
# rest from outside:
#
# $$h_t = w\,h_{t-1} + (1 - w)\,x_t, \qquad h_0 = 0$$
#
# This is a **recurrence**: the new **state** is computed from the old state and the input. One number, $h_t$, stands for the
# whole past. Its full name is the *exponentially weighted moving average*, and you will see why in a moment.
#
# ### Exercise 01.2 · The moving average (5 min, ●○○)
#
# *Goal:* return every state $h_1 \dots h_T$. *Given:* inputs `x` of shape (T,) and the share `w`. *Done when* the check says ✓.


# %% tags=["exercise"]
def moving_average(x, w):
    """Exponentially weighted moving average.

    x: inputs, shape (T,). w: share of the old state that is kept, 0 ≤ w < 1. Returns h_1 … h_T, shape (T,).
    """
    ### BEGIN SOLUTION
    h, states = torch.zeros(()), []
    for x_t in x:
        h = w * h + (1 - w) * x_t
        states.append(h)
    return torch.stack(states)
    ### END SOLUTION


# %% tags=["check"]
moving_average = exercise("01.2", moving_average)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Start from `h = torch.zeros(())` and walk through `x`. Keep each new `h` in a list.
# </details>
# <details><summary>Fuller hint</summary>
#
# One line does the work: `h = w * h + (1 - w) * x_t`. Afterwards `torch.stack` makes one tensor of the list.
# </details>
#
# One warm day, then cold for a month. **Before you run:** does the trace in the wall fade along a straight line, or a curve?

# %% tags=["nbval-ignore-output"]
warm_day = torch.eye(30)[0]
traces = {f"w = {w}": moving_average(warm_day, w) for w in (0.5, 0.8, 0.9)}
plot.series(traces, x="days after the warm day", y="trace in the wall", title="Each day multiplies the trace by w")

# %% [markdown]
# Look at the step from each day to the next: it is always the same *factor*, $w$. After $k$ days the trace is $w^k$ of what it
# was: exponential, hence the name. Note what the wall cannot do. It fades *everything* at one rate. It cannot decide that
# today was worth remembering.

# %%
ratios = traces["w = 0.8"][1:] / traces["w = 0.8"][:-1]
claim("with w = 0.8 every day keeps the same share of the trace", ratios.max() - ratios.min(), at_most=1e-5)

# %% [markdown]
# ## A recurrence that learns
#
# Three changes make the wall into a **recurrent neural network** (RNN). The state becomes a vector $h_t$ of H numbers. The shares
# become matrices, learnt from data. And a tanh keeps every number between −1 and 1, and makes the step non-linear:
#
# $$h_t = \tanh(W x_t + U h_{t-1} + b)$$
#
# | symbol | variable | shape |
# |---|---|---|
# | $x_t$, input | `x_t` | (D,) |
# | $h_{t-1}$, the old state; $h_t$, the new one | `h` | (H,) |
# | $W$, from input to state | `W` | (H, D) |
# | $U$, from state to state | `U` | (H, H) |
# | $b$, bias | `b` | (H,) |
#
# ### Exercise 01.3 · One step (10 min, ●○○)
#
# *Goal:* the formula above, in one line or three. *Given:* `x_t`, `h` and the three parameters. *Done when* the check says ✓.


# %% tags=["exercise"]
def rnn_step(x_t, h, W, U, b):
    """One step of a recurrent network.

    x_t: input, (D,). h: the state before, (H,). W: (H, D). U: (H, H). b: (H,). Returns the state after, (H,).
    """
    ### BEGIN SOLUTION
    return torch.tanh(W @ x_t + U @ h + b)
    ### END SOLUTION


# %% tags=["check"]
rnn_step = exercise("01.3", rnn_step)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `W @ x_t` is a matrix times a vector. Which matrix belongs to the input, which one to the state? The shapes tell.
# </details>
# <details><summary>Fuller hint</summary>
#
# Add three vectors of shape (H,): `W @ x_t`, `U @ h` and `b`. Then `torch.tanh` of the sum.
# </details>
#
# ## The loop
#
# The step is applied again and again, each time to the next input and the state that came out of the step before. The **same**
# W, U and b serve at every step: the weights are *shared over time*. That is why a network with a few dozen numbers can
# read a sequence of any length. Drawn with one circle for each step, the network is called **unrolled**.

# %% tags=["nbval-ignore-output"]
plot.unrolled(
    list("hell"),
    list("ello"),
    ["$h_1$", "$h_2$", "$h_3$", "$h_4$"],
    title="Each arrow to the right carries the state: all that the next step knows of the past",
)

# %% [markdown]
# ### Exercise 01.4 · Unroll (10 min, ●●○)
#
# *Goal:* all states of a sequence. *Given:* `x` of shape (T, D), the state `h` to start from, the parameters, and your
# `rnn_step`. *Done when* the check says ✓.


# %% tags=["exercise"]
def unroll(x, h, W, U, b):
    """Run rnn_step over a sequence.

    x: inputs, (T, D). h: the state before the first step, (H,). W, U, b: as in rnn_step. Returns h_1 … h_T, shape (T, H).
    """
    ### BEGIN SOLUTION
    states = []
    for x_t in x:
        h = rnn_step(x_t, h, W, U, b)
        states.append(h)
    return torch.stack(states)
    ### END SOLUTION


# %% tags=["check"]
unroll = exercise("01.4", unroll)

# %% [markdown]
# <details><summary>Hint</summary>
#
# It is the loop of Exercise 01.2 with another line inside.
# </details>
# <details><summary>Fuller hint</summary>
#
# `h = rnn_step(x_t, h, W, U, b)`: the name `h` on both sides is what carries the state from step to step. Append it to a list at
# each step; `torch.stack(states)` puts time on the first axis.
# </details>
#
# ## Is it the real thing?
#
# `torch.nn.RNN` is the network that everyone uses. If ours is the same function, then the same weights must give the same
# states, *and the same gradients*: a copy can agree in its values and still learn differently. torch calls W `weight_ih_l0`
# ("input to hidden, layer 0"), U `weight_hh_l0`, and has two biases where one would do; we use their sum.

# %%
theirs = nn.RNN(4, 8, batch_first=True)
W, U = theirs.weight_ih_l0, theirs.weight_hh_l0
ours = unroll(x, torch.zeros(8), W, U, theirs.bias_ih_l0 + theirs.bias_hh_l0)
y, last = theirs(x[None])  # torch wants a batch: one sequence
ours_grad = torch.autograd.grad(ours.square().sum(), [W, U])
theirs_grad = torch.autograd.grad(y.square().sum(), [W, U])
claim("states equal torch's", (ours - y[0]).abs().max(), at_most=1e-6)
claim("gradients equal torch's", max((a - b).abs().max() for a, b in zip(ours_grad, theirs_grad)), at_most=1e-6)

# %% [markdown]
# ## Through the floor
#
# The same four questions once more, now for a network with a memory: your `unroll`, eight hidden numbers, and a **read-out**
# $y_t = V h_t + c$ that turns each state into four scores.
#
# **Before you run:** how low can the loss go now?

# %% tags=["nbval-ignore-output"]
H = 8
W, U, b = (torch.randn(*shape) * 0.3 for shape in [(H, 4), (H, H), (H,)])
readout = nn.Linear(H, 4)
weights = [p.requires_grad_() for p in (W, U, b)]


def network(x):
    """Scores for the next letter at every step: (T, 4) from (T, 4)."""
    return readout(unroll(x, torch.zeros(H), W, U, b))


rnn_loss = train([*weights, *readout.parameters()], lambda: nn.functional.cross_entropy(network(x), target))
both = {"memoryless": memoryless_loss, "RNN": rnn_loss}
plot.series(both, **labels, title="With a memory, the loss goes through the floor")

# %% [markdown]
# Look at where the two curves part. Down to the floor both learn what single letters can teach. Below it, only the network
# that remembers goes on.

#
# How does it tell one *l* from the other? Look at its states. **Before you run:** rows 3 and 4 have the same input. Which rows
# will look alike?

# %% tags=["nbval-ignore-output"]
states = unroll(x, torch.zeros(H), W, U, b)
plot.heatmap(
    states,
    x="hidden unit",
    y="step",
    yticks=["1: h", "2: e", "3: l", "4: l"],
    scale="state, from −1 to 1",
    title="The two l's leave different states",
)

# %% [markdown]
# The last two rows come from the same letter through the same weights. All that differs is the state before: after *e* in
# one, after *l* in the other. That difference *is* the memory.

# %%
claim("the RNN ends below 0.05 nats", rnn_loss[-1], at_most=0.05)
claim("it spells ello", is_true="".join(alphabet[k] for k in network(x).argmax(1)) == "ello")
claim(
    "the states after the two l's differ by more than 1 in some unit", (states[2] - states[3]).abs().max(), at_least=1.0
)

# %% [markdown]
# ## Which letter moved the last output?
#
# This question runs through the whole course, so here is a first taste. The last output says *o*. Nudge one number of one input
# by a little: by how much does the score of *o* move? That is the **gradient of an output with respect to the input**,
# $\partial y_{T,k} / \partial x_{s,d}$, one number for each step $s$ and each input $d$. For this, autograd needs to know that
# we want gradients for the *input*, not only for the weights.
#
# ### Exercise 01.5 · The gradient of one output (15 min, ●●○)
#
# *Goal:* the gradient of score `k` at the *last* step with respect to all of `x`. *Given:* a `model` that maps (T, D) to (T, K), an
# input `x`, and `k`. *Done when* the check says ✓. The caller's `x` must not be changed: work on a copy.


# %% tags=["exercise"]
def last_step_gradient(model, x, k):
    """∂y[T, k] / ∂x.

    model: a function from (T, D) to (T, K). x: (T, D). k: which output. Returns the gradient, shape (T, D).
    """
    ### BEGIN SOLUTION
    x = x.detach().clone().requires_grad_()
    y = model(x)
    return torch.autograd.grad(y[-1, k], x)[0]
    ### END SOLUTION


# %% tags=["check"]
last_step_gradient = exercise("01.5", last_step_gradient)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `x.detach().clone().requires_grad_()` is a copy that autograd watches. Then run the model, and choose *one* number of its output.
# </details>
# <details><summary>Fuller hint</summary>
#
# `torch.autograd.grad(y[-1, k], x)` returns a tuple with one gradient for each input that you name: take its first entry.
# </details>
#
# Now ask both networks. **Before you run:** which of the four letters can move the memoryless network's last output?

# %% tags=["nbval-ignore-output"]
o = alphabet.index("o")
pull = {
    "memoryless": last_step_gradient(memoryless, x, o).norm(dim=1),
    "RNN": last_step_gradient(network, x, o).norm(dim=1),
}
fig, axes = plot.panels(1, 2, size=(5, 3.2), sharey=True)
for ax, (name, values) in zip(axes, pull.items()):
    letters = dict(zip(["1: h", "2: e", "3: l", "4: l"], values))
    plot.bars(letters, x="letter", y="size of ∂(score of o)/∂(letter)", title=name, ax=ax)
fig

# %% [markdown]
# On the left, three bars are missing. They are not small: they are exactly zero, because no path leads from those letters to the
# last output. On the right, earlier letters pull too; how strongly, differs from one training run to the next, for the four
# questions can be answered in more than one way. The gradient shows what *this* network uses.

# %%
claim(
    "in the memoryless network the first three letters have no influence at all",
    pull["memoryless"][:3].max(),
    close_to=0.0,
    tolerance=0.0,
)
claim(
    "in the RNN the earlier letters pull, too: together at least a twentieth as strongly as the last",
    pull["RNN"][:3].sum() / pull["RNN"][3],
    at_least=0.05,
)

# %% [markdown]
# ## What recurrence gives, and what it costs
#
# | it gives | it costs |
# |---|---|
# | sequences of any length, with one set of weights | steps must be computed one after the other: no parallelism over time |
# | a number of weights that does not grow with the length | all of the past must fit into H numbers |
# | the past is used where it matters | what is far back is hard to learn from: gradients fade or explode ([lesson 04](04_bptt.ipynb)) |
# | an output at each step, as the input arrives | it cannot look ahead (unless it reads backwards too: [lesson 02](02_shapes.ipynb)) |

# %% [markdown]
# ## What you can now do
#
# - **Without memory**, the same input must get the same output. For *hello* the loss cannot go below $\tfrac{2 \ln 2}{4}$ nats, and
#   a trained network ends there.
# - **A recurrent network** is one step, $h_t = \tanh(W x_t + U h_{t-1} + b)$, in a loop. Yours equals `torch.nn.RNN`, values and
#   gradients.
# - **The gradient of an output with respect to the input** shows which letters it uses: zero for all but the last without memory,
#   not zero for earlier ones with it.
#
# Where it fails: one tanh state must serve every moment, as the wall's one share $w$ did. Over long stretches the past fades, and so
# does the error that should teach the network about it. [lesson 04](04_bptt.ipynb) measures that; [lesson 06](06_lstm.ipynb) repairs part of it.
#
# <details><summary>Test yourself: what would the floor be for the word "banana"?</summary>
#
# Five questions: b→a, a→n, n→a, a→n, n→a. Every letter has one answer, so a memoryless network can reach 0. What matters is not that
# letters repeat, but that they repeat with different answers.
# </details>
# <details><summary>Test yourself: would two letters at a time, without any recurrence, solve "hello"?</summary>
#
# Yes: "el" and "ll" are different inputs. A window is a memory of fixed length. It needs more weights for each step that it
# looks back, and what lies outside it is lost.
# </details>
#
# *Further reading.* J. L. Elman, "Finding structure in time", *Cognitive Science* 14 (1990) — the recurrent network of this lesson.
# D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by back-propagating errors", *Nature* 323 (1986).
