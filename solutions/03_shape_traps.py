# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 · Shape traps
#
# **Which numbers are right in shape and wrong in meaning?**
#
# After this lesson you will be able to
# - ask a gradient who moves whom, between the sequences of a batch and between its steps,
# - find four bugs that no error message reports, and cure each,
# - read the right state out of a padded batch, in both directions.
#
# Needs: [lesson 02](02_shapes.ipynb). About 90 minutes. Mapping: many-to-one.

# %%
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from lstmkit import claim, exercise, expect, fit, outcome, plot, predict, seed

seed(3)

# %% [markdown]
# ## Two lines, one shape
#
# The task: is the sum of a sequence positive? Eight random numbers each, 32 sequences to a batch. The layer inside wants time first, so
# the batch (32, 8, 1) must become (8, 32, 1). Here are two lines that do it. Two networks, alike but for this one line.


# %%
class SumReader(nn.Module):
    """Is the sum of a sequence positive? (N, T, 1) → one score each, (N,). The layer inside wants time first."""

    def __init__(self, time_first):
        super().__init__()
        self.time_first, self.layer, self.readout = time_first, nn.GRU(1, 16), nn.Linear(16, 1)

    def forward(self, x):
        states, last = self.layer(self.time_first(x))  # states: (T, N, H)
        return self.readout(states[-1])[:, 0]


def transposed(x):
    return x.transpose(0, 1)


def viewed(x):
    return x.view(8, 32, 1)


# %% [markdown]
# Both are trained alike. `fit` is the training loop of [lesson 01](01_recurrence.ipynb), kept in `lstmkit`: a fresh batch at each step, Adam. The loss is
# the cross-entropy again, for two answers: the score becomes the probability of *yes*, by a sigmoid.
#
# **Before you run:** does one of the two raise an error? How do you expect the losses to run?


# %%
def make_batch():
    numbers = torch.randn(32, 8, 1)
    return numbers, (numbers.sum((1, 2)) > 0).float()


def loss(model, numbers, answer):
    return nn.functional.binary_cross_entropy_with_logits(model(numbers), answer)


readers = {"transpose": SumReader(transposed), "view": SumReader(viewed)}
losses = {name: fit(model, loss, make_batch, steps=200, lr=0.02, quiet=True).losses for name, model in readers.items()}

# %% tags=["nbval-ignore-output"]
smooth = {name: torch.tensor(values).unfold(0, 10, 10).mean(1) for name, values in losses.items()}
coin = {"a coin": torch.log(torch.tensor(2.0))}
labels = {"x": "training step", "y": "loss (nats)", "title": "The loss of two networks (mean of ten steps)"}
plot.series(smooth, xs=torch.arange(5, 200, 10), levels=coin, **labels)

# %% [markdown]
# No error. One network learns, the other stays at the level of a coin. The curve says *that* something is wrong. It does not say what, and people make the
# network larger, or train it longer.
#
# On 1,280 new sequences (a coin tossed for each is right in 50 of 100, give or take $50 / \sqrt{1280}$ by chance: the *standard error*
# of that share, more of which in [lesson 12](12_forecasting.ipynb)):

# %% tags=["claim"]
right = dict.fromkeys(readers, 0.0)
for _ in range(40):
    numbers, answer = make_batch()
    for name, model in readers.items():
        right[name] += float(((model(numbers) > 0) == answer.bool()).float().mean()) / 40
claim("with transpose at least 90 in 100 are right", right["transpose"], at_least=0.90)
claim("with view not more than 55 in 100, where a coin has 50", right["view"], at_most=0.55)

# %% [markdown]
# ## Ask the gradient
#
# The sequences of a batch do not meet: each gets the output that it would get alone. So no path leads from sequence $m$ to the output of sequence
# $n \ne m$, and $\partial y[n] / \partial x[m]$ must be zero: *exactly*.
#
# Remember from [lesson 02](02_shapes.ipynb) in which direction that proves something. A zero does not prove that a path is missing. But **one number
# off the diagonal that is not zero proves that two sequences meet.** That is the test to write now. It finds bugs in any network, and you can keep it for
# your own.
#
# ### Exercise 03.1 · Who moves whom in the batch? (12 min, ●●●)
#
# *Goal:* an (N, N) table: how strongly does the output of sequence `n` (row) react to the input of sequence `m` (column)? Take the
# sum of all numbers of `y[n]`, its gradient with respect to `x`, and of that the norm for each sequence `m`: the root of the sum of squares.
# *Given:* any `model` from (N, T, D) to a tensor whose first axis is N. *Done when* the check says ✓.


# %% tags=["exercise"]
def batch_influence(model, x):
    """How strongly each sequence's output reacts to each sequence's input.

    model: from (N, T, D) to (N, …). x: (N, T, D). Returns (N, N): entry [n, m] is the norm of ∂ y[n].sum() / ∂ x[m].
    """
    ### BEGIN SOLUTION
    x = x.detach().clone().requires_grad_()
    rows = []
    for y_n in model(x):
        gradient = torch.autograd.grad(y_n.sum(), x, retain_graph=True)[0]
        rows.append(gradient.flatten(1).norm(dim=1))
    return torch.stack(rows)
    ### END SOLUTION


# %% tags=["check"]
batch_influence = exercise("03.1", batch_influence)

# %% [markdown]
# <details><summary>Hint</summary>
#
# One gradient for each `n`, in a loop. Work on a copy of `x` that requires its gradient. The graph is needed N times:
# `torch.autograd.grad(…, retain_graph=True)`.
# </details>
# <details><summary>Fuller hint</summary>
#
# The gradient of `y[n].sum()` has the shape of x, (N, T, D): one row of the table. `gradient.flatten(1).norm(dim=1)` makes (N,) of it.
# Stack the N rows.
# </details>
#
# Now ask both networks, the one that learnt and the one that did not.
#
# **Before you run:** what does the table of a network look like in which sequences do not meet? And in the other network: by how many of the 32
# sequences is one output moved?

# %% tags=["predict"]
predict("03.a", ...)  # a whole number, 0 to 32

# %% tags=["nbval-ignore-output"]
numbers, answer = make_batch()
tables = {name: batch_influence(model, numbers) for name, model in readers.items()}
title = "Filled: the gradient is not zero"
plot.grids(tables, x="input of sequence", y="output of sequence", title=title, height=4)

# %%
movers = (tables["view"] > 0).sum(dim=1)  # for each output: how many sequences move it
print("an output of the network with view is moved by", int(movers.max()), "sequences")
outcome("03.a", int(movers.max()))

# %% [markdown]
# On the left a diagonal: each alone. On the right stripes: each output is moved by eight sequences, one for each of the eight time steps, and most outputs
# are not moved by their own. The second network answers a question about sequence 1 and has seen one number of it. Here is what the two
# lines do, on two sequences of three steps, 0 1 2 and 10 11 12:

# %%
small = torch.tensor([[0, 1, 2], [10, 11, 12]])  # (N, T) = (2, 3)
print("transpose:", small.transpose(0, 1).tolist())
print("view:     ", small.view(3, 2).tolist())

# %% [markdown]
# Both are (T, N) = (3, 2); each inner list is one time step, and a sequence is read down a column. `transpose` turns the tensor: the first column is 0, 1, 2, still the
# first sequence. `view` (and `reshape`) keeps the numbers in the order in which they lie in memory, and puts *new borders* between them: the first column is now 0, 2, 11.
#
# **Trap 1: `view` where `transpose` is meant.** To swap axes, `transpose`. To split or join axes that lie side by side, `view` or `reshape`.

# %% tags=["claim"]
off_diagonal = tables["transpose"] * (1 - torch.eye(32))
claim("transpose: not one number off the diagonal", off_diagonal.max(), close_to=0, tolerance=0)
claim("view: every output is moved by eight sequences", (movers == 8).float().mean(), close_to=1, tolerance=0)
alone = (tables["view"].diagonal() > 0).float().mean()
claim("and only one output in four is moved by its own sequence at all", alone, close_to=0.25, tolerance=0)

# %% [markdown]
# ### Exercise 03.2 · Which of these mixes? (6 min, ●●○)
#
# *Goal:* some of the five models below let the sequences of a batch meet. Which? *Given:* the code. Decide first with your eyes, then ask
# `batch_influence(models["A"], x)`. *Done when* the check says ✓.

# %%
N, T, D, H = 4, 6, 3, 8
x = torch.randn(N, T, D)
stack, each_step = nn.GRU(D, H, num_layers=2, batch_first=True), nn.Linear(D, 2)
models = {
    "A": lambda x: stack(x)[1].transpose(0, 1).reshape(len(x), -1),  # h_n (2, N, H) → (N, 2H)
    "B": lambda x: stack(x)[1].view(len(x), -1),  # the same, shorter
    "C": lambda x: each_step(x.reshape(-1, D)).view(len(x), -1, 2),  # time folded into the batch, and back
    "D": lambda x: stack(x)[0].reshape(x.shape[1], len(x), H)[-1],  # the last step: (N, H)
    "E": lambda x: stack(x - x.mean(dim=0))[0],  # centred first
}

# %% tags=["exercise"]
mixes = {"A": ..., "B": ..., "C": ..., "D": ..., "E": ...}  # True if sequences meet, False if they do not
### BEGIN SOLUTION
mixes = {"A": False, "B": True, "C": False, "D": True, "E": True}
### END SOLUTION

# %% tags=["check"]
mixes = exercise("03.2", mixes)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Take N = 2 and write down the order of the numbers in memory. `view` and `reshape` keep that order; `transpose` changes it.
# </details>
# <details><summary>Fuller hint</summary>
#
# For each model print `batch_influence(models["A"], x)`. Is anything off the diagonal larger than zero?
# </details>

# %% tags=["nbval-ignore-output"]
five = {}
for name, model in models.items():
    verdict = "sequences meet" if mixes[name] else "each alone"
    five[f"{name}: {verdict}"] = batch_influence(model, x)
plot.grids(five, x="input of sequence", y="output of sequence", title="Filled: the gradient is not zero")

# %% [markdown]
# B is the one that people write: `h_n` is (2, N, H), the batch is its *second* axis, and `.view(len(x), -1)` gives the shape that was wanted. In D
# all four outputs are states of the last sequence. E
# took the mean over the batch where the mean over time was meant.
#
# ## A network from a drawer
#
# Somebody hands you this layer, and says that it reads your batch `x`, (N, T, D) = (4, 6, 3).
#
# **Before you run:** will its `output` have the shape (4, 6, 8) that you expect? Draw the table of who moves whom.

# %%
from_a_drawer = nn.RNN(D, H)
output, h_n = from_a_drawer(x)
print("output", tuple(output.shape), "  h_n", tuple(h_n.shape))

# %% tags=["nbval-ignore-output"]
turned = nn.RNN(D, H, batch_first=True)
drawer = {
    "from the drawer": batch_influence(lambda x: from_a_drawer(x)[0], x),
    "with batch_first=True": batch_influence(lambda x: turned(x)[0], x),
}
plot.grids(drawer, x="input of sequence", y="output of sequence", title="Filled: the gradient is not zero")

# %% [markdown]
# You have seen this staircase: it is the picture of *time*. Sequence 1 moves all, sequence 4 moves itself alone.
#
# **Trap 2: the batch read as time.** Without `batch_first=True`, torch takes the first axis for time: your four sequences become four
# steps. The shape of `output` is right! Only `h_n` gives it away, with T where N should stand.
#
# Two cures. Write `batch_first=True`. And where a tensor enters a function of yours, say what you expect: `N, T, D = expect(x, "N T D")`
# names the axes and returns their sizes, and if they do not fit, it names the likely slip:

# %%
try:
    expect(x.transpose(0, 1), "N T D", N=4, D=3)
except ValueError as error:
    print("✋", error)

# %% tags=["claim"]
above = drawer["from the drawer"].tril(-1)[1:, :1]
claim("from the drawer: sequence 1 moves each of the three others", above.min(), at_least=0.05)

# %% [markdown]
# ## The last output, both ways
#
# A many-to-one model reads out the last state: `output[:, -1]`. Now make the network bidirectional. The line still runs. Between sequences
# nothing is wrong, so this time ask *steps*, with the `reach` of [lesson 02](02_shapes.ipynb).


# %%
def reach(model, x):
    """1 where the gradient of output row r by input step s is not zero, else 0: (R, T).

    model: from (N, T, D) to (N, R, H). x: (N, T, D).
    """
    x = x.clone().requires_grad_()
    rows = []
    for y_r in model(x).unbind(1):
        gradient = torch.autograd.grad(y_r.sum(), x, retain_graph=True)[0]
        rows.append((gradient.abs().sum(dim=(0, 2)) > 0).float())
    return torch.stack(rows)


both_ways = nn.GRU(D, H, batch_first=True, bidirectional=True)


def read_at_the_end(x):
    return both_ways(x)[0][:, -1].unflatten(1, (2, H))  # (N, 2H) → (N, 2, H): forward half, backward half


# %% [markdown]
# **Before you run:** the output at the last step has a forward half and a backward half. How many of the six steps has the *backward* half read?

# %% tags=["predict"]
predict("03.b", ...)  # a whole number, 0 to 6

# %% tags=["nbval-ignore-output"]
halves = {"the last output": reach(read_at_the_end, x)}
rows = ["forward half", "backward half"]
plot.grids(halves, x="input step", rows=rows, title="Filled: the gradient is not zero", height=2.2)

# %%
steps_read = int(halves["the last output"][1].sum())
print("steps that the backward half has read:", steps_read)
outcome("03.b", steps_read)

# %% [markdown]
# One. **Trap 3: `output[:, -1]` in a bidirectional network.** The backward direction *begins* at the last step. Half of the numbers that you read out know
# next to nothing, and no error says so. What you want is the end of each reading, and that stands in `h_n`.
#
# ### Exercise 03.3 · The final state, both directions (6 min, ●●○)
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
final_state = exercise("03.3", final_state)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Which two rows of `h_n` belong to the last layer? They go layer by layer, in each layer forward, then backward.
# </details>
# <details><summary>Fuller hint</summary>
#
# Rows −2 (forward) and −1 (backward), each of shape (N, H). `torch.cat([…, …], dim=1)` puts them side by side.
# </details>
#
# Your function, asked the same question:

# %% tags=["nbval-ignore-output"]
halves["final_state"] = reach(lambda x: final_state(*both_ways(x)).unflatten(1, (2, H)), x)
plot.grids(halves, x="input step", rows=rows, title="Filled: the gradient is not zero", height=2.2)

# %% [markdown]
# Both rows are full: each half has read all six steps.
#
# ## Padding
#
# Sequences of a batch have different lengths; a tensor has one T. So short sequences are filled up with zeros: **padding**. But
# zeros are inputs, too. The network reads them, step after step, and its last state comes after them:

# %% tags=["nbval-ignore-output"]
plot.unrolled(
    ["$x_1$", "$x_2$", "$x_3$", "$x_4$", "0", "0"], ["", "", "", "", "", "y"], title="Four real steps, two of padding"
)

# %% [markdown]
# What becomes of the four real steps? Take pairs of *different* sequences, pad them, and watch the distance between their two states as more and
# more padding is read. A GRU fresh from the factory, and the same GRU after it has been trained to say, *behind* twenty steps of padding, whether the
# sum of the four numbers is positive.


# %%
class EndReader(nn.Module):
    """Is the sum of a padded sequence positive? Reads the last step of the tensor. (N, T, 1) → (N,)."""

    def __init__(self):
        super().__init__()
        self.layer, self.readout = nn.GRU(1, 16, batch_first=True), nn.Linear(16, 1)

    def forward(self, x):
        return self.readout(self.layer(x)[0][:, -1])[:, 0]


def padded_batch(size=32):
    numbers = torch.randn(size, 4, 1)
    answer = (numbers.sum((1, 2)) > 0).float()
    return nn.functional.pad(numbers, (0, 0, 0, 20)), answer  # 4 real steps, 20 of padding: (size, 24, 1)


# %% [markdown]
# **Before you run:** stay, grow or shrink: what will the distance do in the fresh network? And in the trained one?

# %%
end_reader = EndReader()
pairs = padded_batch(64)[0]  # sequences 0 … 31 are compared with 32 … 63


def distance(layer):
    """Mean distance of the two states of a pair, from the last real step on, as a share of that: (21,)."""
    with torch.no_grad():
        states = layer(pairs)[0]
    apart = (states[:32] - states[32:]).norm(dim=2).mean(dim=0)[3:]
    return apart / apart[0]


fresh = distance(end_reader.layer)
fit(end_reader, loss, padded_batch, steps=200, lr=0.02, quiet=True)
trained = distance(end_reader.layer)

# %% tags=["nbval-ignore-output"]
labels = {"x": "steps of padding read", "y": "distance of the two states\n(at the last real step: 1)"}
plot.series(
    {"GRU, fresh": fresh, "trained": trained}, log=True, title="Two different sequences, behind padding", **labels
)

# %% [markdown]
# In the fresh network the distance shrinks: the padding erases, and behind it different sequences end in all but the same state. In the trained one most of it
# stays, and on many runs it grows: that network has learnt to hold on to what it read. So "padding erases" is a sentence about *untrained* networks.
# ([Lesson 10](10_sentiment.ipynb) meets padding again.)
#
# But what the trained one learnt is to wait for twenty steps. Give it the same sequences without padding, and its answers change:

# %% tags=["claim"]
with torch.no_grad():
    shift = (end_reader(pairs).sigmoid() - end_reader(pairs[:, :4]).sigmoid()).abs().mean()
claim("fresh: twenty steps of padding erase 99.9 parts in 100 of the distance", fresh[20], at_most=0.001)
claim("trained: at least two thirds of it are left", trained[20], at_least=0.67)
claim("trained: without the padding its probability is another, by 7 points or more", shift, at_least=0.07)

# %% [markdown]
# **Trap 4: the last step of a padded batch.** How long the padding is depends on the *other* sequences of the batch. So this is a way for
# sequences to meet that `batch_influence` does not see: through their lengths. `reach` does see it, as you will find below: a padded step moves the answer. You want the state at each
# sequence's own last step.
#
# ### Exercise 03.4 · The last valid step (6 min, ●●○)
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
last_valid = exercise("03.4", last_valid)

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
# That repairs the forward direction. And the backward one? It *begins* in the padding, and no choice of step removes
# what it read there. torch's cure is **packing**: `pack_padded_sequence` takes out the padding, and the layer starts and ends each direction
# at a real step. (`lstmkit`'s layers take `lengths=` instead.)
#
# `read_at_the_end` stands above. Here are two other ways to read the same layer, a forward and a backward half each, (N, 2, H):

# %%
lengths = torch.tensor([4])  # one sequence: four real steps, then two of padding
padded = x[:1].clone()
padded[:, 4:] = 0


def read_last_valid(x):
    return last_valid(both_ways(x)[0], lengths).unflatten(1, (2, H))


def read_packed(x):
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    output, h_n = both_ways(packed)
    return h_n.transpose(0, 1)  # (2, N, H) → (N, 2, H)


# %% [markdown]
# ### Exercise 03.5 · How much has each half read? (5 min, ●●○)
#
# *Goal:* the number of steps, padding included, that each half has read in each of the three. *Given:* the code of `read_at_the_end`, `read_last_valid` and
# `read_packed`; six steps, of which the first four are real. *Done when* the check says ✓. This is a prediction: answer before you run anything.

# %% tags=["exercise"]
read = {
    "at the end, forward": ...,
    "at the end, backward": ...,
    "last valid, forward": ...,
    "last valid, backward": ...,
    "packed, forward": ...,
    "packed, backward": ...,
}
### BEGIN SOLUTION
read = {
    "at the end, forward": 6,
    "at the end, backward": 1,
    "last valid, forward": 4,
    "last valid, backward": 3,
    "packed, forward": 4,
    "packed, backward": 4,
}
### END SOLUTION

# %% tags=["check"]
read = exercise("03.5", read)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The backward direction reads step 6 first, then step 5. Which steps has it read when it stands at step 4?
# </details>
# <details><summary>Fuller hint</summary>
#
# Forward at step $t$: steps 1 to $t$. Backward at step $t$: steps $t$ to 6. With packing the sequence ends at step 4 for both, and both are read to their
# ends.
# </details>

# %% tags=["nbval-ignore-output"]
three = {
    "at the end": reach(read_at_the_end, padded),
    "last valid": reach(read_last_valid, padded),
    "packed": reach(read_packed, padded),
}
plot.grids(three, x="input step (5, 6: padding)", rows=rows, title="Filled: the gradient is not zero", height=2.2)

# %% [markdown]
# The rule to check: columns 1 to 4 filled in both rows, columns 5 and 6 empty. Only the packed layer keeps it. At the last valid step the backward half has read two steps
# of padding and *one* real one.
#
# Now in numbers, on a batch of four. The truth to compare with is each sequence run alone, without any padding.

# %%
lengths = torch.tensor([5, 2, 4, 1])  # the longest has 5 steps; T is 6
real = torch.arange(T) < lengths[:, None]  # (N, T): True where a step is real
padded = x * real[..., None]  # zeros behind each sequence's end
truth = torch.cat([both_ways(x[n : n + 1, : lengths[n]])[1] for n in range(N)], dim=1)  # (2, N, H)
error_of_valid = (read_last_valid(padded).transpose(0, 1) - truth).abs().amax(dim=(1, 2))  # forward, backward
error_of_packed = (read_packed(padded).transpose(0, 1) - truth).abs().amax(dim=(1, 2))
output = both_ways(pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False))[0]
unpacked = pad_packed_sequence(output, batch_first=True)[0]
print("put in", tuple(padded.shape), "  got back", tuple(unpacked.shape))

# %% tags=["claim"]
claim("last valid step: the forward half is right", error_of_valid[0], at_most=1e-5)
claim("last valid step: the backward half is not", error_of_valid[1], at_least=0.18)
claim("packed: both are right", error_of_packed.max(), at_most=1e-5)

# %% [markdown]
# Two more things to know. Lengths must be sorted, longest first, or you say `enforce_sorted=False`: otherwise torch raises. And look at
# the printed line: what comes back is as long as the *longest sequence*, not as T. Compare it with targets of T steps and the shapes no
# longer fit; `pad_packed_sequence(…, total_length=T)` brings it back to T.
#
# ## What you can now do
#
# - **Who moves whom**: a number off the diagonal of ∂y[n]/∂x[m] that is not zero proves that sequences meet; a filled field in a grid of steps proves that
#   a step was read. Draw what you expect *first*.
# - **Four silent bugs**: a `view` that mixes sequences, the batch read as time, `output[:, -1]` in a bidirectional network, the state
#   behind the padding. Every shape was right.
# - **The right state**: `h_n[-2]` and `h_n[-1]` for both directions, the last valid step for the forward one, packing for both.

# %% [markdown]
# People meet these bugs in published code; an encoder whose last state was taken behind the padding has stood in well-known teaching material. One call of
# `batch_influence` and one of `reach`, before any training, find them.
#
# Where it fails: the test needs a gradient, and a gradient can be zero where a path is ([lesson 02](02_shapes.ipynb)). An empty field acquits nobody; try several inputs.
# [Lesson 27](27_debugging.ipynb) makes a tool of the tests and looks for six bugs. How *strongly* an early step still moves the last one is the
# question of [lesson 05](05_vanishing.ipynb).
#
# <details><summary>Test yourself: a model with `nn.BatchNorm1d` in train mode. What does `batch_influence` show?</summary>
#
# Every sequence moves every other, on purpose: batch normalisation uses the mean of the batch. In eval mode the table is diagonal again.
# </details>
# <details><summary>Test yourself: you have (N, T, H) and want (N·T, H) for a linear layer. `view` or `transpose`?</summary>
#
# `view` or `reshape`: N and T lie side by side in memory, and joining them mixes nothing. `view(N, T, K)` brings them back.
# </details>
# <details><summary>Test yourself: why does `batch_influence` show nothing wrong when the last padded step is read out?</summary>
#
# The padding is the same zeros for all. No number of another sequence is read; only its length counts, and a length has no gradient.
# </details>
#
# *Further reading.* M. Schuster, K. K. Paliwal, "Bidirectional recurrent neural networks", *IEEE Transactions on Signal Processing* 45
# (1997). K. Cho et al., "Learning phrase representations using RNN encoder–decoder for statistical machine translation", *EMNLP* (2014), where the GRU comes from.
