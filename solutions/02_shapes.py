# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 · Shapes
#
# **Which way in, which way out?**
#
# After this lesson you will be able to
# - say which of the five mappings a task needs, and draw which inputs *can* move which outputs,
# - say what a zero gradient proves, and what it does not,
# - name the axes of every tensor that goes into and comes out of `nn.RNN`, `nn.GRU` and `nn.LSTM`.
#
# Needs: [lesson 01](01_recurrence.ipynb). About 85 minutes. Mapping: all five.

# %%
import torch
from torch import nn
from lstmkit import claim, exercise, layers, outcome, plot, predict, seed

seed(2)

# %% [markdown]
# ## Five ways in and out
#
# Squares below are inputs, squares above are outputs, circles are states. Nearly every model of this course is one of these five.

# %% tags=["nbval-ignore-output"]
plot.mapping()

# %% [markdown]
# | mapping | for example |
# |---|---|
# | one-to-one | a picture of a digit → the digit |
# | one-to-many | a picture → a sentence about it, word by word |
# | many-to-one | a film review → good or bad |
# | many-to-many, aligned | a request → for each of its words: city, date or other |
# | encoder-decoder | an English number → the same in German: another length, another order |
#
# In [lesson 01](01_recurrence.ipynb), the network that spelled *hello* gave one output for each input: many-to-many, aligned.
#
# ### Exercise 02.1 · Which mapping? (5 min, ●○○)
#
# *Goal:* the mapping that each of six tasks needs. *Given:* the tasks below; for each, one of
# `"one-to-one"`, `"one-to-many"`, `"many-to-one"`, `"aligned"` (short for many-to-many, aligned), `"encoder-decoder"`. *Done when* the
# check says ✓.
#
# - **A** ten seconds of an electrocardiogram → healthy or not
# - **B** the same → for each sample: does a heartbeat pass at this moment?
# - **C** a key and a metre → a whole tune
# - **D** a photograph of a leaf → the species
# - **E** the temperatures of the last 24 hours → those of the next 12, one hour after another
# - **F** the letters of a text, one by one → at each of them: which letter comes next?

# %% tags=["exercise"]
tasks = {"A": ..., "B": ..., "C": ..., "D": ..., "E": ..., "F": ...}
### BEGIN SOLUTION
tasks = {
    "A": "many-to-one",
    "B": "aligned",
    "C": "one-to-many",
    "D": "one-to-one",
    "E": "encoder-decoder",
    "F": "aligned",
}
### END SOLUTION

# %% tags=["check"]
tasks = exercise("02.1", tasks)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Count twice: how many steps go in, and how many come out? If both are many: does output $t$ belong to input $t$?
# </details>
# <details><summary>Fuller hint</summary>
#
# In two of the six, each output belongs to one moment of the input. In another two nothing comes in step by step. In E the outputs are
# other hours than the inputs, and there are fewer of them.
# </details>
#
# ## The five as models
#
# Each mapping is a model of one to four lines. Read them for one thing only: *which states are read out*.
#
# | symbol | variable | meaning |
# |---|---|---|
# | N | `N` | batch size: how many sequences side by side |
# | T | `T` | time steps in each sequence |
# | D | `D` | input size: how many numbers arrive at each step |
# | H | `H` | hidden size: how many numbers the state holds |
# | K | `K` | how many numbers come out at each step |
#
# So that the five can be compared, all take (N, steps in, D) and return (N, steps out, K). One step is an axis of size 1.
# `batch_first=True` tells torch that N stands in front of T. A layer returns two things: the states of all steps, and the last one.

# %%
N, T, D, H, K = 5, 6, 3, 8, 2  # all different, so that no axis can pass for another
enter, reader, readout = nn.Linear(D, H), nn.RNN(D, H, batch_first=True), nn.Linear(H, K)


def one_to_one(x):  # (N, 1, D) → (N, 1, K)
    return readout(enter(x).tanh())


def many_to_one(x):  # (N, T, D) → (N, 1, K)
    states, last = reader(x)
    return readout(states[:, -1:])


def aligned(x):  # (N, T, D) → (N, T, K)
    states, last = reader(x)
    return readout(states)


# %% [markdown]
# The other two write a sequence of their own. A second network, the *writer*, starts from a state that it is given. It has nothing to
# read, so it gets zeros, which only count the steps.

# %%
writer = nn.RNN(1, H, batch_first=True)


def one_to_many(x, steps=6):  # (N, 1, D) → (N, steps, K)
    start = enter(x).tanh().transpose(0, 1)  # a layer wants its first state as (1, N, H)
    states, last = writer(torch.zeros(len(x), steps, 1), start)
    return readout(states)


def encoder_decoder(x, steps=4):  # (N, T, D) → (N, steps, K)
    read, message = reader(x)
    states, last = writer(torch.zeros(len(x), steps, 1), message)
    return readout(states)


# %%
x = torch.randn(N, T, D)
models = {"one-to-one": one_to_one, "one-to-many": one_to_many, "many-to-one": many_to_one}
models |= {"many-to-many, aligned": aligned, "encoder-decoder": encoder_decoder}
inputs = {name: x[:, :1] if name.startswith("one") else x for name in models}
for name, model in models.items():
    print(f"{name:22s} in {tuple(inputs[name].shape)}   out {tuple(model(inputs[name]).shape)}")

# %% [markdown]
# ## Which input can move which output?
#
# A mapping says more than how many outputs there are. It says which inputs an output *can* depend on. Follow the arrows in the drawing:
# if no arrow leads from input $s$ to output $t$, then $\partial y_t / \partial x_s$ is zero, exactly, whatever the weights. So the
# gradient of [lesson 01](01_recurrence.ipynb) can draw the paths for us.


# %%
def reach(model, x):
    """1 where the gradient of output step t by input step s is not zero, else 0: (T_y, T_x).

    model: from (N, T_x, D) to (N, T_y, K). x: (N, T_x, D).
    """
    x = x.clone().requires_grad_()
    rows = []
    for y_t in model(x).unbind(1):
        gradient = torch.autograd.grad(y_t.sum(), x, retain_graph=True)[0]  # of x's shape, (N, T_x, D)
        rows.append((gradient.abs().sum(dim=(0, 2)) > 0).float())
    return torch.stack(rows)


# %% [markdown]
# **Before you run:** draw the five grids on paper, a row for each output step, a column for each input step. Which fields are filled in
# the aligned mapping? And in the encoder-decoder?

# %% tags=["nbval-ignore-output"]
grids = {name: reach(model, inputs[name]) for name, model in models.items()}
plot.grids(grids, x="input step", y="output step", rows=list("123456"), title="Filled: the gradient is not zero")

# %% [markdown]
# Look at the staircase in the aligned grid. An output sees its own step and all before it, never one after it: the network is
# **causal**. The encoder-decoder's grid is full, all four rows of it. It writes only after it has read everything; that is why it can
# change the order.

# %% tags=["claim"]
stairs = grids["many-to-many, aligned"]
claim("aligned: nothing above the diagonal, all else is filled", is_true=torch.equal(stairs, torch.ones(T, T).tril()))
claim("encoder-decoder: every input reaches every output", grids["encoder-decoder"].min(), close_to=1, tolerance=0)

# %% [markdown]
# ### Exercise 02.2 · Five more grids (7 min, ●●○)
#
# *Goal:* say which input steps $s$ the output of step $t$ can depend on, in five models that are all of shape (N, T, D) → (N, T, K).
# *Given:* the code below, and these words:
#
# | word | filled where |
# |---|---|
# | `"own"` | $s = t$ |
# | `"past"` | $s \le t$ |
# | `"earlier"` | $s < t$ |
# | `"future"` | $s \ge t$ |
# | `"window"` | $s$ is $t - 1$, $t$ or $t + 1$ |
# | `"from the end"` | only the last $t$ steps: one in the first row, all in the last |
# | `"all"` | everywhere |
#
# *Done when* the check says ✓. Decide with your eyes first; after that you may ask `reach(model_A, x)`.

# %%
both_ways, wide_readout = nn.RNN(D, H, bidirectional=True, batch_first=True), nn.Linear(2 * H, K)
each_step, three_steps = nn.Linear(D, K), nn.Conv1d(D, K, kernel_size=3, padding=1)


def model_A(x):
    return each_step(x)


def model_B(x):
    return wide_readout(both_ways(x)[0])  # one network reads from the left, one from the right; both are read out


def model_C(x):
    return readout(reader(x.flip(1))[0])  # flip(1) turns the time axis round


def model_D(x):
    states = reader(x)[0]
    return readout(torch.cat([torch.zeros(len(x), 1, H), states[:, :-1]], dim=1))


def model_E(x):
    return three_steps(x.transpose(1, 2)).transpose(1, 2)  # a convolution over three steps; it wants time last


# %% tags=["exercise"]
patterns = {"A": ..., "B": ..., "C": ..., "D": ..., "E": ...}
### BEGIN SOLUTION
patterns = {"A": "own", "B": "all", "C": "from the end", "D": "earlier", "E": "window"}
### END SOLUTION

# %% tags=["check"]
patterns = exercise("02.2", patterns)

# %% [markdown]
# <details><summary>Hint</summary>
#
# In each model, ask for the first output alone: which inputs has it seen? Then for the last one.
# </details>
# <details><summary>Fuller hint</summary>
#
# C reads $x_6$ first, so its first output has seen $x_6$ alone, and nothing turns the outputs back. D puts a zero in front and drops the last
# state: at step $t$ it reads out the state of step $t - 1$.
# </details>

# %% tags=["nbval-ignore-output"]
five = {"A": model_A, "B": model_B, "C": model_C, "D": model_D, "E": model_E}
five_grids = {f"{name}: {patterns[name]}": reach(model, x) for name, model in five.items()}
plot.grids(five_grids, x="input step", y="output step", rows=list("123456"), title="Filled: the gradient is not zero")

# %% [markdown]
# Model C is a real bug. Somebody wanted a network that reads from the right, turned the input and forgot to turn the output back: row 1
# belongs to step 6. D is how one feeds a model that must *guess* step $t$, and so may not see it.
#
# ## Zero, but why?
#
# You have used an inference that holds in one direction only:
#
# **no path ⇒ the gradient is exactly zero.**
#
# So a gradient that is *not* zero proves that there is a path. A gradient that *is* zero proves nothing yet. It can be zero although a path is there:
#
# | word | what happened |
# |---|---|
# | `"no path"` | no arrow leads from the input to the output, whatever the weights |
# | `"asleep"` | a path leads through a ReLU that gets a number below zero: it is flat there, and the slope of a flat place is zero |
# | `"cancels"` | two contributions of opposite sign were added up |
# | `"too small"` | the gradient is smaller than the smallest number that float32 can hold (about $10^{-45}$): it **underflows** |
# | `"cut"` | the value passes and the gradient is stopped, by `detach` |
#
# Here are five models. In each of them the gradient of the *last* output with respect to the *first* input is zero.

# %%
sleeper = nn.RNN(D, H, nonlinearity="relu", batch_first=True)
nn.init.constant_(sleeper.bias_ih_l0, -10.0)


def model_P(x):
    state = reader(x[:, :3])[1]
    return readout(reader(x[:, 3:], state.detach())[0])


def model_Q(x):
    return readout(sleeper(x)[0])


def model_R(x):
    score = aligned(x)[:, :, :1]
    return torch.cat([score, -score], dim=2)  # for and against


# %% [markdown]
# The fourth, S, is `aligned` on a sequence of 500 steps. The fifth, U, is the convolution over three steps, `model_E`.

# %%
long = torch.randn(1, 500, D)


def last_by_first(model, x):
    """The gradient of the last output's sum with respect to the first input, (N, D)."""
    x = x.clone().requires_grad_()
    return torch.autograd.grad(model(x)[:, -1].sum(), x)[0][:, 0]


zeros = {"P": last_by_first(model_P, x), "Q": last_by_first(model_Q, x), "R": last_by_first(model_R, x)}
zeros |= {"S": last_by_first(aligned, long), "U": last_by_first(model_E, x)}
for name, gradient in zeros.items():
    print(name, "exactly zero:", not gradient.any())

# %% [markdown]
# ### Exercise 02.3 · Five zeros (7 min, ●●○)
#
# *Goal:* the reason of each zero. *Given:* the five words of the table; each is used once. *Done when* the check says ✓.

# %% tags=["exercise"]
reasons = {"P": ..., "Q": ..., "R": ..., "S": ..., "U": ...}
### BEGIN SOLUTION
reasons = {"P": "cut", "Q": "asleep", "R": "cancels", "S": "too small", "U": "no path"}
### END SOLUTION

# %% tags=["check"]
reasons = exercise("02.3", reasons)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Three of them would not be zero with other weights or inputs, in exact arithmetic, or for each number of the output by itself. The other two
# always would. In one of those two, does the *value* of the first input still come through?
# </details>
# <details><summary>Fuller hint</summary>
#
# Look for `detach`, for a ReLU with a bias far below zero, for two outputs whose sum is zero, for a long way through many steps. The one that is left has
# no path.
# </details>
#
# Four of the five can be undone, and that is how you tell them apart. Change the first input and look at the *values* of P. Wake the
# ReLU of Q with an input a hundred times as large. Take one of R's two numbers by itself. Compute S in float64, which holds numbers down to about
# $10^{-324}$. And U? Its last output reads steps 5 and 6 alone.

# %%
changed = x.clone()
changed[:, 0] += 1  # another first input, the rest as before
moved_P, moved_U = [(model(changed) - model(x))[:, -1].abs().max() for model in (model_P, model_E)]
awake = last_by_first(model_Q, 100 * x)
one_number = last_by_first(lambda x: model_R(x)[:, :, :1], x)
reader.double(), readout.double()
in_float64 = last_by_first(aligned, long.double())
reader.float(), readout.float()
print("P's values move:", bool(moved_P > 0), "  U's values move:", bool(moved_U > 0))
print("one number of R alone has a gradient:", bool(one_number.any()))

# %% tags=["claim"]
claim("cut, and yet the first input moves the last output of P", moved_P, at_least=5e-4)
claim("with a larger input the ReLUs of Q wake, and the gradient is there", awake.abs().max(), at_least=2e-4)
claim("in float64 the gradient of S is there", in_float64.abs().max(), between=(1e-300, 1e-45))

# %% [markdown]
# Keep the three apart for the whole course: **a missing path** (a property of the drawing), **a zero gradient** (a number, here and now),
# and **a vanished gradient** (a path that carries next to nothing; [lesson 05](05_vanishing.ipynb) measures how little).
#
# ## What people confuse
#
# `input_size` is D, how many numbers arrive *at one step*. It is not the length of the sequence. Twenty-four temperatures, one an hour,
# have D = 1 and T = 24. If there is wind as well, D = 2, and T is still 24.
#
# Nor does the layer know N or T. Its weights hold D and H and nothing else, so one layer reads a batch of any size and sequences of any
# length.

# %%
for kind in (nn.RNN, nn.GRU, nn.LSTM):
    layer = kind(input_size=D, hidden_size=H, batch_first=True)
    shapes_of = {name: tuple(weight.shape) for name, weight in layer.named_parameters()}
    print(f"{kind.__name__:5s}", shapes_of)

# %% [markdown]
# torch keeps a weight as (outputs, inputs). So the columns of `weight_ih` are D, for the input, and those of `weight_hh` are H, for the state.
#
# The rows are H for the RNN, 4H for the LSTM: it computes four sums of H numbers where the RNN computes one, stacked in one matrix. A GRU computes
# three. ([Lesson 06](06_lstm.ipynb) opens them up.) There are two biases, one beside each weight. In the RNN and
# the LSTM they are added together, and one would do.
#
# The sequences of a batch do not meet: each gets the output that it would get alone. [Lesson 03](03_shape_traps.ipynb) makes a test of that.
#
# ## Layers and directions
#
# Recurrent layers can be **stacked**, L of them: the states of layer 0 are the inputs of layer 1. A layer can be **bidirectional**: a second set of
# weights reads the sequence from its end. So there are states in every layer, in every direction, and at every step.

# %% tags=["nbval-ignore-output"]
plot.stacked(layers=2, steps=6, title="Two layers, two directions: 24 states for each sequence")

# %% [markdown]
# The grey box around a pair of states says that what goes up from it is *both* states, side by side: 2H numbers.
#
# Two tensors come out (for an LSTM three), and each shows *some* of the states:
#
# | tensor | shape | holds |
# |---|---|---|
# | `output` | (N, T, directions · H) | the last layer, **all steps**; forward half first, then backward half |
# | `h_n` | (L · directions, N, H) | **all layers and directions**, each at the end of its reading |
# | `c_n` (LSTM) | (L · directions, N, H) | the same for an LSTM's second state, the cell state, which is not in `output` at all |
#
# `lstmkit`'s layers can write down every state as they go (`trace`). So you can look for each of the 24 in what came out.
#
# **Before you run:** mark in the drawing the states that stand in `output`, and those in `h_n`. At which step, 1 to 6, stands the state of the
# *backward* direction of layer 1 that is in `h_n`?

# %% tags=["predict"]
predict("02.a", ...)  # a whole number, 1 to 6

# %%
trace = {}
output, h_n = layers.GRU(D, H, num_layers=2, bidirectional=True)(x, trace=trace)
states = trace["h"]  # every state there is: (L · directions, N, T, H)
words = {(True, True): "both", (True, False): "output", (False, True): "h_n", (False, False): ""}
found = {}
for row in range(4):
    for t in range(T):
        state = states[row, :, t]  # (N, H)
        forward, backward = output[:, t].chunk(2, dim=1)  # (N, H) each
        in_output = torch.equal(state, forward) or torch.equal(state, backward)
        found[row, t] = words[in_output, torch.equal(state, h_n[row])]

# %% tags=["nbval-ignore-output"]
plot.stacked(layers=2, steps=6, marks=found, title="The states, and where they come out")

# %%
ends = [t + 1 for row, t in found if row == 3 and found[row, t] in ("h_n", "both")]
print("the end of the backward reading: step", ends[0])
outcome("02.a", ends[0])

# %% [markdown]
# At step 1. Backwards means: it begins at the last step and *ends at the first*. `output` is the upper layer, all of it. `h_n` is one state of
# every row, where that row's reading ends: right for →, left for ←. Two states stand in both. The rest, ten states of layer 0, do not come out at all.

# %% tags=["claim"]
rows_in_output = sorted({row for row, t in found if found[row, t] in ("output", "both")})
ends_of_rows = [t + 1 for row in range(4) for t in range(T) if found[row, t] in ("h_n", "both")]
claim("output holds the rows of the last layer, and no other", is_true=rows_in_output == [2, 3])
claim("h_n holds each row where its reading ends: 6, 1, 6, 1", is_true=ends_of_rows == [6, 1, 6, 1])

# %% [markdown]
# The rows of `h_n` go layer by layer, and in each layer forward, then backward. And here is what `batch_first=True` does to it:

# %%
for batch_first in (True, False):
    layer = nn.GRU(D, H, num_layers=2, bidirectional=True, batch_first=batch_first)
    output, h_n = layer(x if batch_first else x.transpose(0, 1))
    print(f"batch_first={batch_first!s:5s}  output {tuple(output.shape)}  h_n {tuple(h_n.shape)}")

# %% [markdown]
# Nothing. It turns the input and `output`. In `h_n` and `c_n` the batch is the *second* axis, always.
#
# ### Exercise 02.4 · Eight shapes (10 min, ●●○)
#
# *Goal:* the shape of each tensor below, worked out in your head. *Given:* 16 sequences of 25 steps with 6 numbers at each step, and
#
# `net = nn.LSTM(input_size=6, hidden_size=10, num_layers=2, bidirectional=True, batch_first=True)`
#
# *Done when* the check says ✓. Write each shape as a tuple, `(2, 3)`. For the last one, the same
# layer is made without `batch_first=True`, and its input is turned accordingly.

# %% tags=["exercise"]
shapes = {
    "x": ...,
    "output": ...,
    "h_n": ...,
    "c_n": ...,
    "weight_ih_l0": ...,  # layer 0, from input to gates
    "weight_hh_l0": ...,  # layer 0, from state to gates
    "weight_ih_l1": ...,  # layer 1, from its input to gates
    "output, without batch_first": ...,
}
### BEGIN SOLUTION
shapes = {
    "x": (16, 25, 6),
    "output": (16, 25, 20),
    "h_n": (4, 16, 10),
    "c_n": (4, 16, 10),
    "weight_ih_l0": (40, 6),
    "weight_hh_l0": (40, 10),
    "weight_ih_l1": (40, 20),
    "output, without batch_first": (25, 16, 20),
}
### END SOLUTION

# %% tags=["check"]
shapes = exercise("02.4", shapes)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Write down N, T, D, H, L and the number of directions first. Then use the table above, row by row.
# </details>
# <details><summary>Fuller hint</summary>
#
# N = 16, T = 25, D = 6, H = 10, L = 2, two directions. A weight has a row for each of its outputs: four gates of H. Layer 1 reads what
# layer 0 puts out in both directions.
# </details>
#
# Torch's own answer:

# %%
net = nn.LSTM(input_size=6, hidden_size=10, num_layers=2, bidirectional=True, batch_first=True)
output, (h_n, c_n) = net(torch.randn(16, 25, 6))
print("output", tuple(output.shape), "  h_n", tuple(h_n.shape), "  c_n", tuple(c_n.shape))
for name in ("weight_ih_l0", "weight_hh_l0", "weight_ih_l1"):
    print(name, tuple(getattr(net, name).shape))

# %% [markdown]
# ### Exercise 02.5 · How many numbers are learnt? (8 min, ●●○)
#
# *Goal:* the number of learnable numbers in a recurrent layer, weights and biases, as torch makes it. *Given:* the kind (`"RNN"`, `"GRU"` or
# `"LSTM"`), D, H, the number L of layers and of directions, 1 or 2. *Done when* the check says ✓. Build no layer: count.


# %% tags=["exercise"]
def count_weights(kind, D, H, L=1, directions=1):
    """How many numbers nn.RNN, nn.GRU or nn.LSTM learns.

    kind: "RNN", "GRU" or "LSTM". D: input size. H: hidden size. L: layers. directions: 1 or 2. Returns an int.
    """
    ### BEGIN SOLUTION
    rows = {"RNN": 1, "GRU": 3, "LSTM": 4}[kind] * H
    total = 0
    for layer in range(L):
        columns = D if layer == 0 else directions * H
        total += directions * rows * (columns + H + 2)  # weight_ih, weight_hh and two biases
    return total
    ### END SOLUTION


# %% tags=["check"]
count_weights = exercise("02.5", count_weights)

# %% [markdown]
# <details><summary>Hint</summary>
#
# One layer, one direction: how many numbers hold `weight_ih`, `weight_hh`, `bias_ih` and `bias_hh`? The print-out above shows their shapes. Then: what
# is the input size of layer 1?
# </details>
# <details><summary>Fuller hint</summary>
#
# Say that there are G sums (1, 3 or 4). Each direction of a layer has G·H rows, and in each row as many numbers as it has inputs, plus H, plus two
# biases. Layer 0 has D inputs, every later layer has directions · H. Add up over layers and directions.
# </details>

# %%
print("counted:", count_weights("LSTM", 6, 10, L=2, directions=2))
print("in torch:", sum(weight.numel() for weight in net.parameters()))

# %% [markdown]
# ## What you can now do
#
# - **The five mappings** differ in which states are read out and where input enters. What can depend on what is a grid, and a gradient draws it.
# - **A zero gradient** follows from a missing path, but does not prove it: the ReLU may be asleep, the contributions may cancel, the number may be too small,
#   the way back may be cut. A gradient that is *not* zero does prove a path.
# - **The shapes**: `output` is (N, T, directions · H), the last layer at every step; `h_n` and `c_n` are (L · directions, N, H), every
#   layer at the end of its reading, batch second whatever `batch_first` says. Weights know D and H alone.
#
# People use this daily: the first thing to do with a model that you were handed is to write down its shapes and to ask what its outputs can see.
#
# Where it fails: right shapes prove nothing. [Lesson 03](03_shape_traps.ipynb) shows four bugs that pass every check of shapes. And a path
# that exists may carry almost nothing: [lesson 04](04_bptt.ipynb) follows it back. [Lesson 19](19_encoder_decoder.ipynb) builds
# the encoder-decoder properly.

# %% [markdown]
# <details><summary>Test yourself: 24 temperatures, one an hour, predict tomorrow's highest. Which mapping, and what are D and T?</summary>
#
# Many-to-one, D = 1, T = 24.
# </details>
# <details><summary>Test yourself: the field for output 2 and input 5 of a model's grid is empty. Is the model causal there?</summary>
#
# Not proven. With these weights and this input the gradient is zero. A path may still be there: look at the code, or try other inputs. A filled field would
# have settled it: not causal.
# </details>
# <details><summary>Test yourself: which states of a bidirectional stack of three layers can you not get out of `output` and `h_n`?</summary>
#
# Those of layers 0 and 1 at all steps but the last of their reading.
# </details>
#
# *Further reading.* J. L. Elman, "Finding structure in time", *Cognitive Science* 14 (1990). M. Schuster, K. K. Paliwal, "Bidirectional recurrent
# neural networks", *IEEE Transactions on Signal Processing* 45 (1997). I. Sutskever, O. Vinyals, Q. V. Le, "Sequence to sequence learning with neural
# networks", *NeurIPS* (2014).
