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
# - let a network write, and ask which letter moved its last output.
#
# Needs: Python, a little torch (tensors, `backward`). About 90 minutes. Mapping: one-to-one, then many-to-many, aligned (an
# output for each input; [lesson 02](02_shapes.ipynb) shows all five mappings).

# %%
import torch
from torch import nn
from lstmkit import claim, exercise, outcome, plot, predict, seed

seed(2)

# %% [markdown]
# ## Five letters
#
# Take the word *hello*. Show a network one letter, and ask for the next one: after *h* comes *e*, after *e* comes *l*.
# Four questions, four answers. Each circle below is the same network, asked once more. Look at the last two questions.

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
# | $x_t$, the letter at step $t$ | a row of `x` | (V,), V = 4 letters |
# | the right answers | `target` | (T,), T = 4 steps |

# %%
alphabet = "helo"
one_hot = torch.eye(4)  # row k is the vector of letter k
x = one_hot[[alphabet.index(letter) for letter in "hell"]]
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
# Now train one. A table with four scores for each letter would do; here it is as a small network with one hidden layer, so that
# nobody can say it was too weak. It gives four *scores*; `cross_entropy` makes probabilities of them (by a **softmax**: all positive,
# together 1) and takes the mean of $-\ln p$. `train` is an ordinary training loop; its optimiser, Adam, is gradient descent that sets a
# pace for each weight. You have said on paper how good the network can get. Does training find the same number?


# %%
def train(parameters, loss_of, steps=250, lr=0.03):
    """Adam for a fixed number of steps. loss_of: a function without arguments. Returns the loss at every step, (steps,)."""
    optimizer = torch.optim.Adam(parameters, lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses)


# %% tags=["nbval-ignore-output"]
memoryless = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 4))
memoryless_loss = train(memoryless.parameters(), lambda: nn.functional.cross_entropy(memoryless(x), target))
axis_labels = {"x": "training step", "y": "loss (nats)", "levels": {"your floor": floor}}
plot.series({"memoryless": memoryless_loss}, **axis_labels, title="Training the network without memory")

# %% [markdown]
# Look at the dashed line. The curve falls to it and stays: training finds your number. Train it ten times longer, make it ten
# times larger: it cannot go through. Nor does it make up its mind after *l*; it splits its bet. It is not the network that is too
# small, it is the *question* that lacks something: what came before.

# %% tags=["claim"]
after_l = memoryless(x[2]).softmax(0).detach()
claim("the memoryless network ends on the floor", memoryless_loss[-1] - floor, close_to=0.0, tolerance=0.001)
claim("after l it gives l and o the same probability", after_l[2] - after_l[3], close_to=0.0, tolerance=0.01)

# %% [markdown]
# ## The smallest memory
#
# What came before must be kept somewhere. In the drawing below, each circle is a **state**: it is made from the input below it and from
# the state before it, which the arrow to the right brings.

# %% tags=["nbval-ignore-output"]
days, states_of_wall = ["$x_1$", "$x_2$", "$x_3$", "$x_4$"], ["$h_1$", "$h_2$", "$h_3$", "$h_4$"]
plot.unrolled(days, [""] * 4, states_of_wall, title="Inputs below, states above: each state goes into the next one")

# %% [markdown]
# Before we give a network a memory, look at the smallest one there is: a running average. Write $x_t$ for today's temperature
# and $h_t$ for what a thermometer in a thick wall shows. Each day the wall keeps a share $w$ of what it showed, and takes the
# rest from outside:
#
# $$h_t = w\,h_{t-1} + (1 - w)\,x_t, \qquad h_0 = 0$$
#
# This is a **recurrence**: the new state is computed from the old state and the input. One number, $h_t$, stands for the
# whole past. Its full name is the *exponentially weighted moving average*.
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
# One warm day, then cold for a month. The wall shows a trace of that day long after. **Before you run:** it keeps a share of
# $w = 0.9$ each day. After how many days is less than half of the first trace left?

# %% tags=["predict"]
predict("01.a", ...)  # a number of days, 1 to 30

# %% tags=["nbval-ignore-output"]
warm_day = torch.eye(30)[0]  # 1 on the first day, 0 on the others
traces = {}
for w in (0.5, 0.8, 0.9):
    traces[f"w = {w}"] = moving_average(warm_day, w)
plot.series(traces, x="days after the warm day", y="trace in the wall", title="One warm day, then cold for a month")

# %% [markdown]
# Look at the green curve: it starts at a tenth, and after seven days it is below half of that. From each day to the next the trace
# is multiplied by the same *factor*, $w$. After $k$ days $w^k$ of it is left: exponential, hence the name. (If you reckoned that the
# wall loses a tenth of the *first* trace each day, you said six.) Note what the wall cannot do. It fades *everything* at one rate. It
# cannot decide that today was worth remembering.

# %% tags=["claim"]
half_life = int((traces["w = 0.9"] < traces["w = 0.9"][0] / 2).nonzero()[0])
claim("with w = 0.9 half of the trace is gone after seven days, not sooner", half_life, close_to=7, tolerance=0)
outcome("01.a", half_life)

# %% [markdown]
# ## A recurrence that learns
#
# Three changes make the wall into a **recurrent neural network** (RNN). The input becomes a vector $x_t$ of D numbers, the state a
# vector $h_t$ of H numbers. The shares become matrices, learnt from data. And a tanh keeps every number between −1 and 1, and makes the step non-linear:
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
# ### Exercise 01.3 · One step (5 min, ●○○)
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
# W, U and b serve at every step: the weights are *shared over time*. That is why a network with some hundred numbers can
# read a sequence of any length. Drawn with one circle for each step, the network is called **unrolled**. The arrow between two circles
# is all that a step knows of the past.

# %% tags=["nbval-ignore-output"]
plot.unrolled(
    list("hell"),
    list("ello"),
    ["$h_1$", "$h_2$", "$h_3$", "$h_4$"],
    title="The recurrent network, unrolled: four steps, one set of weights",
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
# ("input to hidden, layer 0"), U `weight_hh_l0`, and has two biases where one would do; we use their sum. To compare gradients we
# need one number to differentiate: the sum of the squares of all states will do.

# %%
theirs = nn.RNN(4, 8)
their_weights = list(theirs.parameters())  # W, U and the two biases
their_states, their_last_state = theirs(x)  # torch starts from a state of zeros, and hands back the last one once more
our_states = unroll(x, torch.zeros(8), theirs.weight_ih_l0, theirs.weight_hh_l0, theirs.bias_ih_l0 + theirs.bias_hh_l0)
their_gradients = torch.autograd.grad(their_states.square().sum(), their_weights)
our_gradients = torch.autograd.grad(our_states.square().sum(), their_weights)

# %% tags=["claim"]
gaps = [(mine - other).abs().max() for mine, other in zip(our_gradients, their_gradients)]
claim("our states equal torch's", (our_states - their_states).abs().max(), at_most=1e-6)
claim("our gradients equal torch's", max(gaps), at_most=1e-5)

# %% [markdown]
# ## The same questions, with a memory
#
# The same four questions once more, now for a network with a memory: your `unroll`, eight hidden numbers, and a **read-out**
# $y_t = R\,h_t + r$ that turns each state into four scores.
#
# **Before you run:** how low can the loss go now? Is there still a floor?

# %%
H = 8
W = (0.3 * torch.randn(H, 4)).requires_grad_()
U = (0.3 * torch.randn(H, H)).requires_grad_()
b = (0.3 * torch.randn(H)).requires_grad_()
readout = nn.Linear(H, 4)  # its weight is R, its bias r


def network(x):
    """Scores for the next letter at every step: (T, 4) from (T, 4)."""
    return readout(unroll(x, torch.zeros(H), W, U, b))


# %% tags=["nbval-ignore-output"]
everything = [W, U, b, readout.weight, readout.bias]
rnn_loss = train(everything, lambda: nn.functional.cross_entropy(network(x), target))
plot.series({"memoryless": memoryless_loss, "RNN": rnn_loss}, **axis_labels, title="Both networks in training")

# %% [markdown]
# Look at the dashed line again. The network that remembers goes through it, and nothing stops it short of zero: with what came
# before, each question has one answer.

# %% tags=["claim"]
claim("the RNN ends below a hundredth of the floor", rnn_loss[-1] / floor, at_most=0.01)

# %% [markdown]
# How does it tell one *l* from the other? Look at its states, one row for each step. Each row goes through the same read-out.
#
# **Before you run:** the letters below are *h*, *e*, *l*, *l*; the answers *e*, *l*, *l*, *o*. Which two of the four rows will look
# most alike?

# %% tags=["predict"]
predict("01.b", ...)  # two steps, the smaller one first, such as "1 and 4"

# %% tags=["nbval-ignore-output"]
states = unroll(x, torch.zeros(H), W, U, b).detach()
steps = ["1: h", "2: e", "3: l", "4: l"]
plot.heatmap(
    states, x="hidden unit", y="step", yticks=steps, scale="state, from −1 to 1", title="The state after each letter"
)

# %% [markdown]
# Rows 2 and 3, though their letters differ: for both must say *l*. Rows 3 and 4 have the same letter, went through the same
# weights, and lie far apart: for one must say *l* and the other *o*. What training made of the state is no mere record of what came
# in. It is arranged by *what has to be said next*.
#
# What set rows 3 and 4 apart? The letter was the same, the weights were the same. All that differed was the state before: after *e*
# in one, after *l* in the other. That difference *is* the memory.

# %% tags=["claim"]
apart = torch.cdist(states, states) + 100 * torch.eye(4)  # so that no row is its own neighbour
nearest = divmod(int(apart.argmin()), 4)
second = apart[apart > apart.min() + 1e-3].min()
claim("of all pairs, rows 2 and 3 are the nearest", is_true=nearest == (1, 2))
claim("the next pair is at least a tenth farther apart", second / apart.min(), at_least=1.1)
claim("after the two l's some unit differs by more than 1.5", (states[2] - states[3]).abs().max(), at_least=1.5)
outcome("01.b", f"{nearest[0] + 1} and {nearest[1] + 1}")

# %% [markdown]
# ## Which letter moved the last output?
#
# This question runs through the whole course, so here is a first taste. The last output says *o*. Nudge one number of one input
# by a little: by how much does the score of *o* move? That is the **gradient of an output with respect to the input**,
# $\partial y_{T,k} / \partial x_{s,d}$, one number for each step $s$ and each input $d$. For this, autograd needs to know that
# we want gradients for the *input*, not only for the weights.
#
# ### Exercise 01.5 · The gradient of one output (10 min, ●●○)
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
# Now ask both networks about the score of *o*. **Before you run:** how many of the four letters can move the *memoryless*
# network's last output?

# %% tags=["predict"]
predict("01.c", ...)  # a whole number, 0 to 4

# %%
o = alphabet.index("o")
pull_memoryless = last_step_gradient(memoryless, x, o).norm(dim=1)  # one size for each letter, (T,)
pull_rnn = last_step_gradient(network, x, o).norm(dim=1)

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(1, 2, size=(5, 3.2))
pull_label = "size of ∂(score of o)/∂(letter)"
plot.bars(dict(zip(steps, pull_memoryless)), x="letter", y=pull_label, title="memoryless", ax=axes[0])
plot.bars(dict(zip(steps, pull_rnn)), x="letter", y=pull_label, title="RNN", ax=axes[1])
for bar in axes[0].patches:
    bar.set_color(plot.COLOURS["memoryless"])
fig

# %% [markdown]
# One letter, the last. On the left, three bars are missing. They are not small: they are exactly zero, because no path leads from
# those letters to the last output. On the right (mind the scale) earlier letters pull too; how strongly, differs from one training
# run to the next, for the four questions can be answered in more than one way.

# %% tags=["claim"]
claim(
    "without memory the first three letters pull with exactly 0", pull_memoryless[:3].max(), close_to=0.0, tolerance=0.0
)
earlier = pull_rnn[:3].sum() / pull_rnn[3]
claim("in the RNN the first three together pull at least a fifth as strongly as the last", earlier, at_least=0.2)
outcome("01.c", int((pull_memoryless > 0).sum()))

# %% [markdown]
# A warning before you trust small bars. Look at the heatmap of states again: most units stand near −1 or 1, where tanh is flat. Such
# a unit is **saturated**. Nudge what goes into it and it hardly moves, so hardly any gradient comes through; yet the network may rely
# on it, and turning it round would change the answer. The gradient tells what a *small nudge* does here. It does not tell what the network *uses*.
#
# Put it to the test: exchange one letter for another, which is no small nudge. The gradient foretells by how much that moves the
# score of *o*: gradient times change of the input, summed. Compare with what happens.

# %%
gradient = last_step_gradient(network, x, o)
foretold, moved = torch.zeros(4, 4), torch.zeros(4, 4)  # a row for each step, a column for the letter put there
for s in range(4):
    for k in range(4):
        exchanged = x.clone()
        exchanged[s] = one_hot[k]
        foretold[s, k] = gradient[s] @ (exchanged[s] - x[s])
        moved[s, k] = (network(exchanged) - network(x))[-1, o].detach()

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(1, 2, size=(5, 3.2))
largest = float(max(foretold.abs().max(), moved.abs().max()))
put_there = {"x": "letter put there", "y": "step", "xticks": list(alphabet), "yticks": steps, "limit": largest}
plot.heatmap(foretold, **put_there, title="Foretold by the gradient", ax=axes[0])
plot.heatmap(moved, **put_there, title="After the exchange", scale="change of the score of o", ax=axes[1])
fig

# %% [markdown]
# Same colours, same scale: where a letter is exchanged for itself, zero. The other exchanges move the score further than the
# gradient foretells, all in all: an exchange can carry a unit out of the flat part, where no nudge could. A gradient that is zero here, one that has vanished on the way and a missing path are three things; only the missing
# path proves "not used".

# %% tags=["claim"]
flat = (states.abs() > 0.9).float().mean()
moved_for_foretold = moved.abs().sum() / foretold.abs().sum()
claim("more than half of the RNN's numbers lie beyond ±0.9", flat, at_least=0.53)
claim("over all exchanges the score moves at least a tenth farther than foretold", moved_for_foretold, at_least=1.1)

# %% [markdown]
# ## Let it write
#
# So far the network was given the right letters. Now give it *h* alone, and then feed back what it says: the letter that it wrote
# is its next input. Two lines in a loop make a writer.
#
# **Before you run:** what will the RNN write? And the network without memory, fed back in the same way: can it ever write *hello*?

# %% tags=["nbval-ignore-output"]
h, text = torch.zeros(H), "h"
text_memoryless = "h"
for _ in range(4):
    h = rnn_step(one_hot[alphabet.index(text[-1])], h, W, U, b)
    text += alphabet[readout(h).argmax()]
    text_memoryless += alphabet[memoryless(one_hot[alphabet.index(text_memoryless[-1])]).argmax()]
print(f"RNN: {text}   memoryless: {text_memoryless}")

# %% [markdown]
# The RNN writes *hello*: its state tells the second *l* from the first. The other network cannot. After *l* it always says the same
# letter: *l* for ever, or *o* at once. Write on: change `4` to `12`. What comes after *hello* is nonsense, for nobody taught the
# network what follows an *o*.

# %% tags=["claim"]
claim("from h alone the RNN writes hello", is_true=text.startswith("hello"))
claim("the network without memory does not", is_true=not text_memoryless.startswith("hello"))

# %% [markdown]
# ## What recurrence gives, and what it costs
#
# | it gives | it costs |
# |---|---|
# | sequences of any length, with one set of weights | steps must be computed one after the other: no parallelism over time |
# | a number of weights that does not grow with the length | all of the past must fit into H numbers |
# | every input can reach every output from its own step on | what is far back is hard to learn from: gradients tend to fade or explode ([lesson 05](05_vanishing.ipynb)) |
# | an output at each step, as the input arrives | it cannot look ahead (unless it reads backwards too: [lesson 02](02_shapes.ipynb)) |

# %% [markdown]
# ## What you can now do
#
# - **Without memory**, the same input must get the same output. For *hello* the loss cannot go below $\tfrac{2 \ln 2}{4}$ nats, and
#   a trained network ends there.
# - **A recurrent network** is one step, $h_t = \tanh(W x_t + U h_{t-1} + b)$, in a loop. Yours equals `torch.nn.RNN`, values and
#   gradients.
# - **Fed back its own letters**, it writes *hello*. The gradient of its last output with respect to the input shows where a small
#   nudge works: without memory only at the last letter, with it at earlier ones, too. Small is not unused.
#
# People use this where inputs arrive one by one and little memory is at hand: suggesting the next word on a keyboard, spotting a
# wake word, watching a sensor.
#
# Where it fails: one tanh state must serve every moment, as the wall's one share $w$ did. Over long stretches the past fades, and so
# does the error that should teach the network about it. [Lesson 05](05_vanishing.ipynb) measures that; [lesson 06](06_lstm.ipynb) repairs part of it.
#
# %% [markdown]
# <details><summary>Test yourself: what would the floor be for the word "banana"?</summary>
#
# Five questions: b→a, a→n, n→a, a→n, n→a. Every letter has one answer, so a memoryless network can reach 0. What matters is not that
# letters repeat, but that they repeat with different answers.
# </details>
# <details><summary>Test yourself: would two letters at a time, without any recurrence, solve "hello"?</summary>
#
# Yes: "el" and "ll" are different inputs, so each *l* is told from the other. A window is a memory of fixed length. It needs more weights for each step that it
# looks back, and what lies outside it is lost.
# </details>
#
# *Further reading.* J. L. Elman, "Finding structure in time", *Cognitive Science* 14 (1990) — the recurrent network of this lesson.
# D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning representations by back-propagating errors", *Nature* 323 (1986).
