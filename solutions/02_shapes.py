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
# - say which of the five mappings a task needs, and read from a gradient which inputs can move which outputs,
# - name the axes of every tensor that goes into and comes out of `nn.RNN`, `nn.GRU` and `nn.LSTM`,
# - catch four bugs that no error message reports, one of them with a gradient.
#
# Needs: [lesson 01](01_recurrence.ipynb). About 70 minutes. Mapping: all five.

# %% tags=["nbval-ignore-output"]
import torch
from matplotlib.colors import ListedColormap
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from lstmkit import claim, exercise, expect, fit, layers, plot, seed

seed(2)
plot.mapping()

# %% [markdown]
# ## Five ways in and out
#
# Squares below are inputs, squares above are outputs, circles are states. Every model of this course is one of these five, and
# every later lesson opens with this picture and its own mapping in colour.
#
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
# Each mapping is a model of one to four lines. Read them for one thing only: *which states are read out*. The last two models write a
# sequence of their own: a second network, the *writer*, starts from a state that it is given. It has nothing to read, so it gets
# zeros, which only count the steps.
#
# | symbol | variable | meaning |
# |---|---|---|
# | N | `N` | batch size: how many sequences side by side |
# | T | `T` | time steps in each sequence |
# | D | `D` | input size: how many numbers arrive at each step |
# | H | `H` | hidden size: how many numbers the state holds |
# | K | `K` | how many numbers come out |

# %%
N, T, D, H, K = 4, 6, 3, 8, 2  # all different, so that no axis can pass for another
reader, readout = nn.RNN(D, H, batch_first=True), nn.Linear(H, K)
memoryless = nn.Sequential(nn.Linear(D, H), nn.Tanh(), readout)  # one-to-one: (N, D) → (N, K)


def many_to_one(x):  # (N, T, D) → (N, K)
    states, last = reader(x)
    return readout(states[:, -1])


def aligned(x):  # (N, T, D) → (N, T, K)
    states, last = reader(x)
    return readout(states)


# %%
enter, writer = nn.Linear(D, H), nn.RNN(1, H, batch_first=True)


def one_to_many(x, T_y=6):  # (N, D) → (N, T_y, K)
    states, last = writer(torch.zeros(len(x), T_y, 1), enter(x).tanh()[None])
    return readout(states)


def encoder_decoder(x, T_y=4):  # (N, T, D) → (N, T_y, K)
    states, message = reader(x)
    states, last = writer(torch.zeros(len(x), T_y, 1), message)
    return readout(states)


x = torch.randn(N, T, D)
outputs = [memoryless(x[:, 0]), one_to_many(x[:, 0]), many_to_one(x), aligned(x), encoder_decoder(x)]
for name, y in zip(plot.MAPPINGS, outputs):
    print(f"{name:22s} out: {tuple(y.shape)}")

# %% [markdown]
# ## Which input can move which output?
#
# A mapping says more than how many outputs there are. It says which inputs an output *can* depend on. The gradient of [lesson 01](01_recurrence.ipynb)
# answers that: where $\partial y_t / \partial x_s$ is exactly zero, no path leads from input $s$ to output $t$.
#
# **Before you run:** draw the five grids on paper, a row for each output, a column for each input. Which fields are filled in the
# aligned mapping? And in the encoder-decoder?


# %% tags=["nbval-ignore-output"]
def reach(model, x):
    """1 where input step s moves output step t, else 0: shape (T_y, T_x). model: (N, T_x, D) → (N, T_y, K)."""
    x = x.clone().requires_grad_()
    outputs = model(x).unbind(1)
    gradients = [torch.autograd.grad(y_t.sum(), x, retain_graph=True)[0] for y_t in outputs]
    return torch.stack([(g.abs().sum(dim=(0, 2)) > 0).float() for g in gradients])


grids = [reach(memoryless, x[:, :1]), reach(lambda x: one_to_many(x[:, 0]), x[:, :1])]
grids += [reach(lambda x: many_to_one(x)[:, None], x), reach(aligned, x), reach(encoder_decoder, x)]
fig, axes = plot.panels(1, 5, size=(2.4, 3))
for ax, name, grid in zip(axes, plot.MAPPINGS, grids):
    ax.pcolormesh(grid, cmap="Blues", vmin=0, vmax=1.5, edgecolors="white", linewidth=2)
    ax.set(title=name.replace(", ", ",\n"), xlabel="input step →", xlim=(0, 6), ylim=(6, 0), xticks=[], yticks=[])
axes[0].set_ylabel("← output step")
fig.suptitle("Filled: this input step can move this output step", fontsize=13)
fig

# %% [markdown]
# Look at the staircase in the aligned grid. An output sees its own step and all before it, never one after it: the network is
# **causal**. The encoder-decoder's grid is full. It writes only after it has read everything; that is why it can change the order.
#
# ## What people confuse
#
# `input_size` is D, how many numbers arrive *at one step*. It is not the length of the sequence. Twenty-four temperatures, one an hour,
# have D = 1 and T = 24. If there is wind as well, D = 2, and T is still 24.
#
# Nor does the layer know N or T. Its weights hold D and H and nothing else, so one layer reads a batch of any size and sequences of any
# length. And the sequences of a batch do not meet: each gets the output that it would get alone. Remember this one. It is a *test*, and
# you will need it at the end.

# %%
claim("aligned: nothing above the diagonal, everything below", is_true=torch.equal(grids[3], torch.ones(T, T).tril()))
claim("encoder-decoder: every input reaches every output", grids[4].min(), close_to=1, tolerance=0)
lstm = nn.LSTM(input_size=D, hidden_size=H, batch_first=True)
for name, weight in lstm.named_parameters():
    print(f"{name:14s} {tuple(weight.shape)}")
together = lstm(x)[0]
alone = torch.cat([lstm(x[n : n + 1])[0] for n in range(N)])
claim("a sequence alone gets the output that it gets in the batch", (together - alone).abs().max(), at_most=1e-6)

# %% [markdown]
# Thirty-two rows are 4H: an LSTM computes four sums of H numbers where the RNN computes one, stacked in one matrix ([lesson 06](06_lstm.ipynb) opens it up; a GRU has three).
# torch keeps a weight as (outputs, inputs), so the columns are D for the input and H for the state.
#
# ## What comes out
#
# A recurrent layer can be **stacked**: the states of layer 0 are the inputs of layer 1. It can be **bidirectional**: a second set of
# weights reads the sequence from its end. So there are states in every layer, every direction, and at every step. Two tensors come
# out, and each shows *some* of them:
#
# | tensor | shape | holds |
# |---|---|---|
# | `output` | (N, T, directions · H) | the last layer, **all steps**; forward half first, then backward half |
# | `h_n` | (L · directions, N, H) | **all layers**, each at the end of its reading |
# | `c_n` (LSTM) | (L · directions, N, H) | the same for the cell state, which is not in `output` at all |
#
# `lstmkit`'s layers can write down every state as they go (`trace`). So the next picture is measured: it looks for each state of a
# bidirectional stack of two layers in what came out.
#
# **Before you run:** where does the *backward* direction end its reading?

# %% tags=["nbval-ignore-output"]
trace = {}
output, h_n = layers.GRU(D, H, num_layers=2, bidirectional=True)(x, trace=trace)
states = trace["h"]  # every state there is: (L · directions, N, T, H)
found = torch.zeros(4, T)  # 1: it stands in output; 2: in h_n; 3: in both
fig, ax = plot.panels(size=(8, 3))
for row, t in torch.cartesian_prod(torch.arange(4), torch.arange(T)):
    in_output = any(torch.equal(states[row, :, t], half) for half in output[:, t].chunk(2, dim=1))
    found[row, t] = in_output + 2 * torch.equal(states[row, :, t], h_n[row])
    ax.text(t + 0.5, row + 0.5, ["", "output", "h_n", "both"][int(found[row, t])], ha="center", va="center")
ax.pcolormesh(found, cmap=ListedColormap(["white", "#9AD0F5", "#F5C76B", "#7FD1B9"]), vmin=0, vmax=3, edgecolors="grey")
ax.set(xlabel="step", xticks=[0.5, 5.5], xticklabels=["first", "last"], yticks=[0.5, 1.5, 2.5, 3.5])
ax.set_yticklabels(["layer 0 →", "layer 0 ←", "layer 1 →", "layer 1 ←"])
ax.set_title("output is the last layer at every step; h_n is every row where its reading ends", loc="left")
fig

# %% [markdown]
# Backwards means: it begins at the last step and *ends at the first*. So the backward direction's final state stands at the left. The rows
# of `h_n` go layer by layer, and in each layer forward, then backward. And `batch_first=True` does not touch `h_n` and `c_n`:
# rows first, batch second, always.
#
# ### Exercise 02.1 · Eight shapes (10 min, ●●○)
#
# *Goal:* the shape of each tensor below, worked out in your head. *Given:* 16 sequences of 25 steps with 6 numbers at each step, and
#
# `net = nn.LSTM(input_size=6, hidden_size=10, num_layers=2, bidirectional=True, batch_first=True)`
#
# *Done when* the check says ✓. Write each shape as a tuple, `(2, 3)`. Each wrong one is told the reason. For the last one, the same
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
shapes = exercise("02.1", shapes)

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
# ## A ledger that checks itself
#
# A table in prose can be wrong. This one is code: the formulas in one function, what torch really makes in the other.


# %%
def ledger(kind, L, directions, N, T, D=6, H=10):
    """What the shapes should be, batch first."""
    rows, wide = {"RNN": 1, "GRU": 3, "LSTM": 4}[kind] * H, directions * H
    shapes = {"x": (N, T, D), "output": (N, T, wide), "h_n": (L * directions, N, H)}
    for layer in range(L):
        shapes[f"weight_ih_l{layer}"] = (rows, D if layer == 0 else wide)
        shapes[f"weight_hh_l{layer}"] = (rows, H)
    return shapes | ({"c_n": (L * directions, N, H)} if kind == "LSTM" else {})


def measured(kind, L, directions, N, T, D=6, H=10):
    """What they are, in torch."""
    net, x = getattr(nn, kind)(D, H, L, bidirectional=directions == 2, batch_first=True), torch.randn(N, T, D)
    output, state = net(x)
    made = {"x": x, "output": output} | dict(zip(["h_n", "c_n"], state if kind == "LSTM" else [state]))
    made |= {name: weight for name, weight in net.named_parameters() if name in ledger(kind, L, directions, N, T)}
    return {name: tuple(tensor.shape) for name, tensor in made.items()}


# %%
ends = [T - 1, 0, T - 1, 0]  # the step where each row ends its reading
claim("row by row, h_n is the state where the reading ends", is_true=(found >= 2).float().argmax(1).tolist() == ends)
claim("output holds both rows of the last layer, and no other", is_true=(found % 2).mean(1).tolist() == [0, 0, 1, 1])
grid = [(L, directions, *NT) for L in (1, 2, 3) for directions in (1, 2) for NT in ((16, 25), (1, 4), (5, 1))]
settings = [(kind, *rest) for kind in ("RNN", "GRU", "LSTM") for rest in grid]
wrong = [setting for setting in settings if ledger(*setting) != measured(*setting)]
claim("in 54 settings no shape is other than the ledger says", len(wrong) + 54 - len(settings), close_to=0, tolerance=0)
mine = {name: shapes[name] for name in ledger("LSTM", 2, 2, 16, 25) if name in shapes}
claim("your shapes are torch's", is_true=all(measured("LSTM", 2, 2, 16, 25)[name] == mine[name] for name in mine))

# %% [markdown]
# ## Trap 1: time or batch first?
#
# Without `batch_first=True`, torch reads the first axis as *time*. Forget it, and nothing is raised: the layer takes your four sequences
# for four steps.
#
# **Before you run:** what will be the shape of `output`? And of `h_n`?

# %%
forgetful, right = nn.RNN(D, H), nn.RNN(D, H, batch_first=True)  # batch_first=False is the default
output, h_n = forgetful(x)  # x is (N, T, D)
print("N, T =", (N, T), "  output", tuple(output.shape), "  h_n", tuple(h_n.shape))
other = x.clone()
other[0] += 1  # another first sequence; the rest as before
moved = {net: (net(other)[0] - net(x)[0])[1:].abs().max() for net in (forgetful, right)}
claim("forgotten: the other sequences' outputs change, too", moved[forgetful], at_least=0.01)
claim("put right: they stay as they are", moved[right], at_most=1e-6)
try:
    expect(x.transpose(0, 1), "N T D", N=4, D=3)
except ValueError as error:
    print("✋", error)

# %% [markdown]
# The output's shape is right! Its content is wrong: sequence 0 has become "step 0" of all others. Only `h_n` gives it away, with T
# where N should stand. Two cures. Write `batch_first=True`. And where a tensor enters a function of yours, say what you expect:
# `N, T, D = expect(x, "N T D")` names the axes and returns their sizes, and if they do not fit, it names the likely slip, as in the
# last line.
#
# ## Trap 2: the last output of a bidirectional network
#
# A many-to-one model reads out the last state: `output[:, -1]`. Now make it bidirectional. The line still runs.
#
# **Before you run:** the output at the last step has a forward half and a backward half. How much of the sequence has each of them seen?

# %% tags=["nbval-ignore-output"]
both_ways = nn.GRU(D, H, batch_first=True, bidirectional=True)
taken = {
    "output[:, -1]: one half has seen one step": lambda x: both_ways(x)[0][:, -1].reshape(N, 2, H),
    "h_n: both halves have seen everything": lambda x: both_ways(x)[1].transpose(0, 1),
}
fig, axes = plot.panels(1, 2, size=(6, 2.2), sharey=True)
seen = [reach(halves, x) for halves in taken.values()]
for ax, name, grid in zip(axes, taken, seen):
    ax.pcolormesh(grid, cmap="Blues", vmin=0, vmax=1.5, edgecolors="white", linewidth=2)
    ax.grid(False)
    ax.set(title=name, xlabel="input step", xticks=[0.5, 5.5], xticklabels=["first", "last"], ylim=(2, 0))
axes[0].set(yticks=[0.5, 1.5], yticklabels=["forward half", "backward half"])
fig

# %%
claim("output[:, -1]: of its backward half, one step of six is seen", seen[0][1].sum(), close_to=1, tolerance=0)
claim("h_n: both halves see all six steps", seen[1].sum(), close_to=12, tolerance=0)

# %% [markdown]
# The backward direction *begins* at the last step. There it has read one input. Half of the numbers that you read out know next to
# nothing, and the model trains all the same.
#
# ### Exercise 02.2 · The final state, both directions (10 min, ●●○)
#
# *Goal:* the last layer's final states, forward half first, shape (N, 2H). *Given:* `output` (N, T, 2H) and `h_n` (2L, N, H)
# of a bidirectional stack of L layers. *Done when* the check says ✓.


# %% tags=["exercise"]
def final_state(output, h_n):
    """Final states of the last layer of a bidirectional stack.

    output: (N, T, 2H). h_n: (2L, N, H), rows layer by layer, forward before backward.
    Returns (N, 2H): the forward direction's final state, then the backward one's.
    """
    ### BEGIN SOLUTION
    return torch.cat([h_n[-2], h_n[-1]], dim=1)
    ### END SOLUTION


# %% tags=["check"]
final_state = exercise("02.2", final_state)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Which two rows of `h_n` belong to the last layer? Look at the two upper rows of the coloured picture.
# </details>
# <details><summary>Fuller hint</summary>
#
# Rows −2 (forward) and −1 (backward), each of shape (N, H). `torch.cat([…, …], dim=1)` puts them side by side.
# </details>
#
# ## Trap 3: the last step of a padded batch
#
# Sequences of a batch have different lengths; a tensor has one T. So short sequences are filled up with zeros: **padding**. But
# zeros are inputs, too. The network reads them, step after step.
#
# Take two *different* sequences of four steps, and pad both. Watch the distance between their two states, as more and more padding is
# read.
#
# **Before you run:** will the distance stay, grow, or shrink?

# %% tags=["nbval-ignore-output"]
gru = nn.GRU(D, H, batch_first=True)
pair = nn.functional.pad(torch.randn(2, 4, D), (0, 0, 0, 30))  # 4 real steps, then 30 of padding
states = gru(pair)[0]
distance = (states[0] - states[1]).norm(dim=1)[3:]  # from the last real step on
plot.series(
    {"": distance},
    x="steps of padding read",
    y="distance of the two states",
    title="Padding erases: two different sequences end in the same state",
    log=True,
)

# %% [markdown]
# A classifier that reads `output[:, -1]` of such a batch is asked to tell apart states that are all but the same. What you want is the
# state at each sequence's own last step.
#
# ### Exercise 02.3 · The last valid step (10 min, ●●○)
#
# *Goal:* for each sequence the output at its last real step, shape (N, H). *Given:* `output` (N, T, H) and `lengths` (N,), the
# number of real steps of each. *Done when* the check says ✓. No loop is needed, but a loop is right, too.


# %% tags=["exercise"]
def last_valid(output, lengths):
    """The output at the last real step of each sequence.

    output: (N, T, H). lengths: (N,) integers from 1 to T. Returns (N, H).
    """
    ### BEGIN SOLUTION
    return output[torch.arange(len(output)), lengths - 1]
    ### END SOLUTION


# %% tags=["check"]
last_valid = exercise("02.3", last_valid)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A sequence of length 1 has its last real step at index 0. For sequence `n` you want `output[n, lengths[n] - 1]`.
# </details>
# <details><summary>Fuller hint</summary>
#
# Index two axes with two lists of N numbers each: `output[torch.arange(N), lengths - 1]` takes them in pairs.
# </details>
#
# ## Packing
#
# That repairs the forward direction. The backward one has another trouble: it *begins* in the padding, and no choice of step removes
# what it read there. torch's cure is **packing**: `pack_padded_sequence` takes out the padding, and the layer starts each direction
# at a real step. (`lstmkit`'s layers take `lengths=` instead.)
#
# The truth to compare with is each sequence run alone, without any padding.

# %%
claim("twenty steps of padding erase 99 parts in 100 of the difference", distance[20] / distance[0], at_most=0.01)
lengths = torch.tensor([5, 2, 4, 1])  # the longest has 5 steps; T is 6
padded = x * (torch.arange(T) < lengths[:, None])[..., None]
alone = torch.cat([both_ways(x[n : n + 1, : lengths[n]])[1] for n in range(N)], dim=1)  # (2, N, H)
at_last = last_valid(both_ways(padded)[0], lengths)
claim("last valid step: the forward half is right", (at_last[:, :H] - alone[0]).abs().max(), at_most=1e-6)
claim("last valid step: the backward half is not", (at_last[:, H:] - alone[1]).abs().max(), at_least=0.02)
packed = pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
output, h_n = both_ways(packed)
claim("packed: both are right", (h_n - alone).abs().max(), at_most=1e-6)
unpacked = pad_packed_sequence(output, batch_first=True)[0]
print("put in", tuple(padded.shape), "  got back", tuple(unpacked.shape))

# %% [markdown]
# Two more things to know. Lengths must be sorted, longest first, or you say `enforce_sorted=False`: otherwise torch raises. And look at
# the last line: what comes back is as long as the *longest sequence*, not as T. Compare it with targets of T steps and the shapes no
# longer fit; `pad_packed_sequence(…, total_length=T)` brings it back to T.
#
# ## Trap 4: `view` where `transpose` is meant
#
# A layer wants time first, and your batch is (N, T, D). Two lines give (T, N, D): `x.transpose(0, 1)` turns the tensor. `x.view(T, N, D)`
# keeps the numbers in the order in which they lie in memory, and puts *new borders* between them.
#
# The task: is the sum of a sequence positive? Eight random numbers each, 32 sequences to a batch, two networks alike but for this one
# line.
#
# **Before you run:** will the second one raise an error? Will its loss fall?


# %% tags=["nbval-ignore-output"]
class SumReader(nn.Module):
    """Is the sum of a sequence positive? (N, T, 1) → one score each, (N,). The layer inside wants time first."""

    def __init__(self, turn):
        super().__init__()
        self.turn, self.layer, self.readout = turn, nn.GRU(1, 16), nn.Linear(16, 1)

    def forward(self, x):
        return self.readout(self.layer(self.turn(x))[0][-1])[:, 0]


def make_batch():
    numbers = torch.randn(32, 8, 1)
    return numbers, (numbers.sum((1, 2)) > 0).float()


def loss(model, numbers, answer):
    return nn.functional.binary_cross_entropy_with_logits(model(numbers), answer)


turns = {"transpose": lambda x: x.transpose(0, 1), "view": lambda x: x.view(8, 32, 1)}
readers = {name: SumReader(turn) for name, turn in turns.items()}
losses = {name: fit(model, loss, make_batch, steps=200, lr=0.02, quiet=True).losses for name, model in readers.items()}
smooth = {name: torch.tensor(values).unfold(0, 10, 10).mean(1) for name, values in losses.items()}
guess = {"a coin": torch.log(torch.tensor(2.0))}
title = "No error, and nothing learnt: the view is another batch"
plot.series(smooth, xs=torch.arange(5, 200, 10), x="training step", y="loss (nats)", levels=guess, title=title)

# %%
numbers, answer = (torch.cat(parts) for parts in zip(*[make_batch() for _ in range(20)]))
right = {}
for name, model in readers.items():
    scores = torch.cat([model(part) for part in numbers.split(32)])
    right[name] = ((scores > 0) == answer.bool()).float().mean()
claim("with transpose at least 85 in 100 are right", right["transpose"], at_least=0.85)
claim("with view not more than 60 in 100, where a coin has 50", right["view"], at_most=0.6)

# %% [markdown]
# Every shape was right, in both. The second network reads numbers of *other* sequences: its first time step holds the
# first four sequences whole. No learning curve tells you that. A curve that stays up says only that something is wrong; people make the
# network larger.
#
# A gradient tells you. If sequences do not meet, then $\partial y[n] / \partial x[m] = 0$ for all $m \ne n$: *exactly*.
#
# ### Exercise 02.4 · Who moves whom in the batch? (15 min, ●●●)
#
# *Goal:* an (N, N) table: how strongly does the output of sequence `n` (row) react to the input of sequence `m` (column)? Take the
# sum of all numbers of `y[n]`, its gradient with respect to `x`, and of that the norm for each sequence `m`. (In a sum gradients can cancel; where there is no
# path, there is nothing to cancel, and zero is zero. [lesson 22](22_output_gradients.ipynb) returns to this.)
# *Given:* any `model` from (N, T, D) to a tensor whose first axis is N. *Done when* the check says ✓.


# %% tags=["exercise"]
def batch_influence(model, x):
    """How strongly each sequence's output reacts to each sequence's input.

    model: from (N, T, D) to (N, …). x: (N, T, D). Returns (N, N): entry [n, m] is the norm of ∂ y[n].sum() / ∂ x[m].
    """
    ### BEGIN SOLUTION
    x = x.detach().clone().requires_grad_()
    y = model(x)
    rows = [torch.autograd.grad(y_n.sum(), x, retain_graph=True)[0] for y_n in y]
    return torch.stack([row.flatten(1).norm(dim=1) for row in rows])
    ### END SOLUTION


# %% tags=["check"]
batch_influence = exercise("02.4", batch_influence)

# %% [markdown]
# <details><summary>Hint</summary>
#
# It is Exercise 01.5 in a loop over `n`. Work on a copy of `x` that requires its gradient. The graph is needed N times: `torch.autograd.grad(…, retain_graph=True)`.
# </details>
# <details><summary>Fuller hint</summary>
#
# The gradient of `y[n].sum()` has the shape of x, (N, T, D): one row of the table. `gradient.flatten(1).norm(dim=1)` makes (N,) of it.
# Stack the N rows.
# </details>
#
# ### Exercise 02.5 · Which of these mixes? (5 min, ●○○)
#
# *Goal:* two of the four models below let sequences of a batch meet. Which? *Given:* the code. Decide first with your eyes, then ask
# `batch_influence(models["A"], x)`. *Done when* the check says ✓.

# %% tags=["exercise"]
stack, each_step = nn.GRU(3, 8, num_layers=2, batch_first=True), nn.Linear(3, 2)
models = {
    "A": lambda x: stack(x)[1].transpose(0, 1).reshape(len(x), -1),  # h_n (2, N, H) → (N, 2H)
    "B": lambda x: stack(x)[1].view(len(x), -1),  # the same, shorter
    "C": lambda x: each_step(x.reshape(-1, 3)).view(len(x), -1, 2),  # time folded into the batch, and back
    "D": lambda x: stack(x)[0].reshape(x.shape[1], len(x), 8)[-1],  # the last step: (N, H)
}
mixes = {"A": ..., "B": ..., "C": ..., "D": ...}  # True if sequences meet, False if they do not
### BEGIN SOLUTION
mixes = {"A": False, "B": True, "C": False, "D": True}
### END SOLUTION

# %% tags=["check"]
mixes = exercise("02.5", mixes)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Take N = 2 and write down the order of the numbers in memory. `view` and `reshape` keep that order; `transpose` changes it.
# </details>
# <details><summary>Fuller hint</summary>
#
# For each model print `batch_influence(model, x)`. Is anything off the diagonal larger than zero?
# </details>

# %% tags=["nbval-ignore-output"]
tables = {name: batch_influence(model, x) for name, model in models.items()}
fig, axes = plot.panels(1, 4, size=(3, 3.1), sharey=True)
for ax, (name, table) in zip(axes, tables.items()):
    verdict = "sequences meet" if mixes[name] else "each alone"
    ax.pcolormesh(table > 0, cmap="Blues", vmin=0, vmax=1.5, edgecolors="white", linewidth=2)
    ax.set(title=f"{name}: {verdict}", xlabel="input of sequence m", ylim=(N, 0), xticks=[], yticks=[])
axes[0].set_ylabel("output of sequence n")
fig.suptitle("Filled: the gradient is not zero. Off the diagonal, sequences meet", fontsize=13)
fig

# %%
off_diagonal = {name: (table * (1 - torch.eye(N))).max() for name, table in tables.items()}
claim("A and C: exactly zero off the diagonal", max(off_diagonal["A"], off_diagonal["C"]), close_to=0, tolerance=0)
claim("B and D: not zero", min(off_diagonal["B"], off_diagonal["D"]), at_least=1e-3)

# %% [markdown]
# ## What you can now do
#
# - **The five mappings** differ in which states are read out and where input enters. What can depend on what is a grid of zeros and
#   non-zeros that a gradient draws.
# - **The shapes**: `output` is (N, T, directions · H), the last layer at every step; `h_n` and `c_n` are (L · directions, N, H), every
#   layer at the end of its reading, batch second whatever `batch_first` says. Code asserts it in 54 settings.
# - **Four silent bugs**: the batch read as time, `output[:, -1]` in a bidirectional network, the state after the padding, and a `view` that
#   mixes sequences. Right shapes prove nothing; the gradient across the batch does.
#
# Where it fails: a zero gradient shows that no path exists, but a path that exists may still carry almost nothing. [lesson 04](04_bptt.ipynb) measures
# how much arrives. [lesson 19](19_encoder_decoder.ipynb) builds the encoder-decoder properly, and [lesson 27](27_debugging.ipynb) turns this lesson's test into a tool that looks
# for six bugs.
#
# <details><summary>Test yourself: 24 temperatures, one an hour, predict tomorrow's highest. Which mapping, and what are D and T?</summary>
#
# Many-to-one, D = 1, T = 24.
# </details>
# <details><summary>Test yourself: a model with `nn.BatchNorm1d` in train mode. What does `batch_influence` show?</summary>
#
# Every sequence moves every other, on purpose: batch normalisation uses the mean of the batch. In eval mode the table is diagonal again.
# </details>
#
# *Further reading.* M. Schuster, K. K. Paliwal, "Bidirectional recurrent neural networks", *IEEE Transactions on Signal Processing* 45
# (1997). I. Sutskever, O. Vinyals, Q. V. Le, "Sequence to sequence learning with neural networks", *NeurIPS* (2014).
