# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 04 · Backpropagation through time
#
# **How does an error travel back through time?**
#
# After this lesson you will be able to
# - draw the way of an error back through a recurrent network, and say where it cannot go,
# - compute all gradients of the network by hand, and check them against two judges,
# - cut the way back with `detach`, and say what can then not be learnt.
#
# Needs: [lesson 01](01_recurrence.ipynb) and [lesson 02](02_shapes.ipynb), the chain rule, matrices. About 90 minutes. Mapping: many-to-many, aligned.

# %%
import torch
from torch import nn
from lstmkit import claim, exercise, fit, outcome, plot, predict, seed
from lstmkit.data.memory import echo

seed(3)

# %% [markdown]
# ## The way back
#
# In [lesson 01](01_recurrence.ipynb) a network spelt *hello*: four letters in, four guesses out. Say that its last guess is wrong. Whose
# fault is it? The read-out's, perhaps. Or that of the last state. Or that of the state before, from which the last one was made. Or of the
# one before that.
#
# In the drawing, values run along the black arrows. The blame runs along the coloured ones, *against* every black arrow on its way.

# %% tags=["nbval-ignore-output"]
plot.road_back(list("hell"), list("ello"), errors=[4], title="Values in black, one error in colour")

# %% [markdown]
# Now measure it. A small network, untrained, its weights at random. It keeps its states in a list, the one before the first step included,
# so that we can ask autograd about each.

# %%
H = 8
W, U = torch.randn(H, 4, dtype=torch.float64) / 2, torch.randn(H, H, dtype=torch.float64) / 3
b = torch.randn(H, dtype=torch.float64) / 2
start = torch.zeros(H, dtype=torch.float64, requires_grad=True)  # autograd watches from here on
readout = nn.Linear(H, 4, dtype=torch.float64)


def run(x, h, W, U, b):
    """The states h_0 … h_T of a recurrent network, a list. x: (T, D). h: the state before the first step, (H,)."""
    states = [h]
    for x_t in x:
        states.append(torch.tanh(W @ x_t + U @ states[-1] + b))
    return states


# %% [markdown]
# Four guesses make four errors (cross-entropies), and there are four states $h_1 \dots h_4$. That makes sixteen questions: by how much
# does the error of step $t$ change when state $h_s$ is nudged?
#
# **Before you run:** for how many of the sixteen pairs is the answer zero, exactly, whatever the weights? Follow the arrows.

# %% tags=["predict"]
predict("04.a", ...)  # a whole number, 0 to 16

# %%
alphabet = "helo"
x = nn.functional.one_hot(torch.tensor([alphabet.index(letter) for letter in "hell"]), 4).double()
target = torch.tensor([alphabet.index(letter) for letter in "ello"])
states = run(x, start, W, U, b)
losses = nn.functional.cross_entropy(readout(torch.stack(states[1:])), target, reduction="none")
sizes = torch.zeros(4, 4)
for t in range(4):
    gradients = torch.autograd.grad(losses[t], states[1:], retain_graph=True, materialize_grads=True)
    for s in range(4):
        sizes[t, s] = gradients[s].norm()

# %% tags=["nbval-ignore-output"]
rows = ["1: e", "2: l", "3: l", "4: o"]
labels = {"x": "state h(s)", "y": "error of step t", "scale": "size of ∂error(t) / ∂h(s)", "xticks": [1, 2, 3, 4]}
plot.heatmap(sizes, signed=False, yticks=rows, title="Sixteen pairs of an error and a state", **labels)

# %%
outcome("04.a", int((sizes == 0).sum()))

# %% [markdown]
# Six: the triangle above the diagonal. The error of step 1 cannot reach $h_2$, for $h_2$ came later. No coloured arrow runs to the right.
# These zeros are **missing paths**, and no training will fill them.
#
# Look at the last row, too. The error of step 4 reaches all four states, but grows fainter on its way to the left.
# [Lesson 05](05_vanishing.ipynb) is about that.

# %% tags=["claim"]
claim("the error of step 4 is fainter at h_1 than at h_4", sizes[3, 0] / sizes[3, 3], at_most=0.74)

# %% [markdown]
# Each *column* is what one state is told. State $h_1$ is blamed by four errors, and what it is told in the end is their sum:

# %% tags=["nbval-ignore-output"]
plot.road_back(list("hell"), list("ello"), errors=[1, 2, 3, 4], names=True, title="All four errors at once")

# %% [markdown]
# One walk is enough for all of them. Start at the right with the error of step 4. Go one step to the left, *add* the error of step 3, which
# joins there. Call the sum that has arrived at state $h_t$, through all later steps and through its own output,
#
# $$\lambda_t = \partial L / \partial h_t \qquad (L \text{ is the whole error})$$
#
# This is **backpropagation through time** (BPTT). All that is missing is one step to the left.
#
# ## One step back
#
# Forwards, $h_t = \tanh(W x_t + U h_{t-1} + b)$. Here is the inside of that step. Black runs the value, in colour the error.

# %% tags=["nbval-ignore-output"]
plot.one_step_back()

# %% [markdown]
# Walk through it from the right. First the tanh: its derivative is $1 - \tanh^2$, and the tanh is at hand, it is $h_t$. Then the sum, which
# hands what it gets to both of its parts, unchanged. Then a matrix, which backwards is its transpose:
#
# $$\delta_t = \lambda_t \circ (1 - h_t^2) \qquad \partial L / \partial x_t = W^\top \delta_t \qquad
# \text{to } h_{t-1}:\; U^\top \delta_t$$
#
# | symbol | variable | shape | meaning |
# |---|---|---|---|
# | $\lambda_t$ | `lam` | (H,) | the error with respect to the state $h_t$ |
# | $\delta_t$ | `delta` | (H,) | the error with respect to what goes into the tanh |
# | $\circ$ | `*` | | entry by entry |
#
# ### Exercise 04.1 · One step back (8 min, ●●○)
#
# *Goal:* the three formulas. *Given:* `lam`, the state `h` that came *out* of the step, and the two matrices. *Done when* the check says
# ✓. Return `delta`, the error for the input, the error for the state before: in this order.


# %% tags=["exercise"]
def step_back(lam, h, W, U):
    """One step of backpropagation through time for h = tanh(W x + U h_before + b).

    lam: ∂L/∂h, (H,). h: the state after the step, (H,). W: (H, D). U: (H, H).
    Returns three tensors: delta (H,), the error for x (D,), the error for h_before (H,).
    """
    ### BEGIN SOLUTION
    delta = lam * (1 - h**2)
    return delta, W.T @ delta, U.T @ delta
    ### END SOLUTION


# %% tags=["check"]
step_back = exercise("04.1", step_back)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `delta` first; the other two are a matrix times `delta`. Which way must each matrix stand for the shapes to fit?
# </details>
# <details><summary>Fuller hint</summary>
#
# `delta = lam * (1 - h**2)`. Forwards `W` turns D numbers into H; backwards `W.T` turns H numbers into D. So `W.T @ delta` and
# `U.T @ delta`.
# </details>
#
# ## All the way back
#
# Now the walk. `errors[t]` is what the output of a step says to its own state; it joins when the walk gets there, *before* the step is taken.
# Mind the lists: `states` holds $h_0 \dots h_T$, so it is one longer than `errors`, and `states[t + 1]` is the state that belongs to
# `errors[t]`.
#
# ### Exercise 04.2 · The walk (12 min, ●●●)
#
# *Goal:* every $\delta_t$ and every $\partial L / \partial x_t$, in order of time. *Given:* `errors` (T, H), `states` (T + 1, H), the
# matrices and your `step_back`. *Done when* the check says ✓.


# %% tags=["exercise"]
def walk_back(errors, states, W, U):
    """Backpropagation through time, from the last step to the first.

    errors: what each step's own output says to its state, (T, H). states: h_0 … h_T, (T + 1, H). W: (H, D). U: (H, H).
    Returns delta_1 … delta_T, (T, H), and the error for x_1 … x_T, (T, D).
    """
    ### BEGIN SOLUTION
    lam = torch.zeros_like(states[0])
    deltas, for_x = [], []
    for t in reversed(range(len(errors))):
        delta, for_x_t, lam = step_back(lam + errors[t], states[t + 1], W, U)
        deltas.insert(0, delta)
        for_x.insert(0, for_x_t)
    return torch.stack(deltas), torch.stack(for_x)
    ### END SOLUTION


# %% tags=["check"]
walk_back = exercise("04.2", walk_back)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Keep one vector `lam`, zero at first: what comes from the right. At each step add `errors[t]` to it, call `step_back`, and let its third
# result be the new `lam`. The loop: `for t in reversed(range(len(errors)))`.
# </details>
# <details><summary>Fuller hint</summary>
#
# The body: `delta, for_x_t, lam = step_back(lam + errors[t], states[t + 1], W, U)`. The walk finds the last step first; put each result at
# the *front* of its list, `deltas.insert(0, delta)`, and `torch.stack` at the end.
# </details>
#
# ## The weights hear from every step
#
# One W, one U and one b serve at all steps. So each step has something to say about them, and what they are told is the *sum*. In one step,
# entry $U_{ij}$ multiplies the old state's number $j$, and the product goes into the tanh of number $i$. Its error is therefore
# $\delta_{t,i}\, h_{t-1,j}$. In matrices:
#
# $$\frac{\partial L}{\partial U} = \sum_{t=1}^{T} \delta_t\, h_{t-1}^\top \qquad
# \frac{\partial L}{\partial W} = \sum_{t=1}^{T} \delta_t\, x_t^\top \qquad
# \frac{\partial L}{\partial b} = \sum_{t=1}^{T} \delta_t$$
#
# ### Exercise 04.3 · The weights (7 min, ●●○)
#
# *Goal:* the three sums. *Given:* what the walk found, and what the forward pass kept. *Done when* the check says ✓. Which of the T + 1 states
# stand in the formula for U?


# %% tags=["exercise"]
def weight_gradients(deltas, x, states):
    """The gradients of the weights, collected from all steps.

    deltas: (T, H). x: (T, D). states: h_0 … h_T, (T + 1, H). Returns ∂L/∂W (H, D), ∂L/∂U (H, H), ∂L/∂b (H,).
    """
    ### BEGIN SOLUTION
    return deltas.T @ x, deltas.T @ states[:-1], deltas.sum(0)
    ### END SOLUTION


# %% tags=["check"]
weight_gradients = exercise("04.3", weight_gradients)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A loop that adds `torch.outer(deltas[t], x[t])` is right. A matrix product does the same without a loop: a sum over t is what
# `@` computes.
# </details>
# <details><summary>Fuller hint</summary>
#
# `deltas.T @ x` is (H, T) times (T, D): the sum over the steps. For U take the states *before* each step, `states[:-1]`. For b, sum
# `deltas` over the steps.
# </details>
#
# ## Two judges
#
# Is it right? **Autograd** does the same by machine. **Finite differences** know nothing of the chain rule: they nudge a number up and
# down, and see by how much the error moves. We count in float64, so that only a real mistake can show.
#
# What the output of step $t$ says to its state is known in closed form: the probabilities minus the right answer, read backwards through the
# read-out. The error is a mean over four steps, hence the 4.

# %%
with torch.no_grad():
    states = torch.stack(run(x, start, W, U, b))
    guessed = readout(states[1:]).softmax(1)
    errors = (guessed - nn.functional.one_hot(target, 4)) @ readout.weight / 4
    deltas, for_x = walk_back(errors, states, W, U)
    by_hand = [*weight_gradients(deltas, x, states), for_x]


def error_of(W, U, b, x):
    """The whole error of the network on hello: one number."""
    scores = readout(torch.stack(run(x, start, W, U, b)[1:]))
    return nn.functional.cross_entropy(scores, target)


# %% tags=["claim"]
inputs = [value.clone().requires_grad_() for value in (W, U, b, x)]
by_autograd = torch.autograd.grad(error_of(*inputs), inputs)
apart = [((mine - theirs).abs().max() / theirs.abs().max()).item() for mine, theirs in zip(by_hand, by_autograd)]
claim("by hand and by autograd, W, U, b and x get the same gradients", max(apart), at_most=1e-10)
nudge = torch.zeros(H, H, dtype=torch.float64)
nudge[2, 5] = 1e-6
slope = ((error_of(W, U + nudge, b, x) - error_of(W, U - nudge, b, x)) / 2e-6).item()
claim(
    "one entry of U, nudged: the error moves as the gradient says", abs(by_hand[1][2, 5].item() - slope), at_most=1e-8
)

# %% [markdown]
# Both judges agree. You have written what `backward()` does in a recurrent layer, all of it.
#
# ## How far back is far enough?
#
# The gradient of U is a sum over all steps. Must we walk all the way? Take a longer network, thirty steps of random input, and let the error come
# from the *last* step alone, as in a many-to-one model. Stop the walk after $k$ steps: how much of $\partial L / \partial U$ is missing?
#
# **Before you run:** how many of the thirty steps must you walk until less than a tenth of the gradient is missing?

# %% tags=["predict"]
predict("04.b", ...)  # a whole number, 1 to 30

# %%
T, size = 30, 16
net = nn.RNN(3, size, dtype=torch.float64)
with torch.no_grad():
    x_long = torch.randn(T, 3, dtype=torch.float64)
    states = net(x_long)[0]
    states = torch.cat([torch.zeros(1, size), states])
    errors = torch.zeros(T, size, dtype=torch.float64)
    errors[-1] = states[-1] - torch.randn(size)
    deltas, _ = walk_back(errors, states, net.weight_ih_l0, net.weight_hh_l0)
    whole = weight_gradients(deltas, x_long, states)[1]
    missing = []
    for k in range(1, T - 1):
        walked = weight_gradients(deltas[-k:], x_long[-k:], states[-k - 1 :])[1]
        missing.append(((whole - walked).norm() / whole.norm()).item())

# %% tags=["nbval-ignore-output"]
labels = {"x": "steps walked back, k", "y": "share of ∂L/∂U that is missing", "levels": {"a tenth": 0.1}}
plot.series(missing, xs=range(1, T - 1), log=True, dots=True, **labels, title="The walk is stopped after k steps")

# %% tags=["claim"]
enough = 1 + next(k for k, share in enumerate(missing) if share < 0.1)
outcome("04.b", enough)
claim("seven of thirty steps are enough for nine tenths of the gradient", enough, at_most=7)

# %% [markdown]
# A handful. (*Share* means the length of what is missing against the length of the whole.) The steps before them add almost nothing: the error that
# reaches them is too faint. In this untrained network that is so whatever the task, and the task may well depend on step 1.
#
# ## Cutting the way back
#
# The walk needs every state that the forward pass went through. So all of them are kept: memory grows with T, and a sequence of a million
# steps does not fit. **Truncated** BPTT reads it in windows. The *state* is carried over from window to window; the *error* is not.

# %% tags=["nbval-ignore-output"]
steps = range(1, 9)
xs = [f"$x_{t}$" for t in steps]
ys = [f"$y_{t}$" for t in steps]
plot.road_back(xs, ys, errors=steps, cuts=[4], title="Two windows of four steps. Which arrow crosses the border?")

# %% [markdown]
# One black arrow crosses the dotted line, and no coloured one. In torch the cut is `state.detach()`: the same numbers, without their history.
#
# ### Exercise 04.4 · Where to detach (10 min, ●●○)
#
# *Goal:* run a layer in windows; the state goes on, its gradient stops between windows. *Given:* `layer`, called as
# `y, state = layer(x, state)`, as `nn.RNN` is. *Done when* the check says ✓: values *and* gradients are compared.


# %% tags=["exercise"]
def run_in_windows(layer, x, window):
    """Run a layer over x in windows; between two windows the state goes on, and its gradient stops.

    layer: y, state = layer(x, state), batch first; state None is the zero state. x: (N, T, D). window: steps in a window
    (the last may be shorter). Returns all outputs, (N, T, H).
    """
    ### BEGIN SOLUTION
    state, outputs = None, []
    for part in x.split(window, dim=1):
        y, state = layer(part, state)
        state = state.detach()
        outputs.append(y)
    return torch.cat(outputs, dim=1)
    ### END SOLUTION


# %% tags=["check"]
run_in_windows = exercise("04.4", run_in_windows)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `x.split(window, dim=1)` gives the windows. Which of the two things that a window returns goes into the next one?
# </details>
# <details><summary>Fuller hint</summary>
#
# In the loop: `y, state = layer(part, state)`, then `state = state.detach()`. Do not detach `y`: from it the window itself learns. At the end
# `torch.cat(outputs, dim=1)`.
# </details>
#
# ## What no error can teach
#
# A task that needs the way back: **echo**. At every step, repeat the input of eight steps ago. The network reads 24 steps, so there are
# sixteen outputs that have a partner: output 9 must repeat input 1, output 10 input 2, …, output 24 input 16. An error at an output can teach the
# network to keep its partner only if both lie in *one* window.
#
# ### Exercise 04.5 · Predict the pairs (5 min, ●●○)
#
# *Goal:* for how many of the sixteen pairs do both steps lie in one window? *Given:* windows of 8, 9, 12 and 24 steps, the first of which
# starts at step 1; the last may be shorter. *Done when* the check says ✓. Pen and paper.

# %% tags=["exercise"]
pairs = {8: ..., 9: ..., 12: ..., 24: ...}  # window: number of pairs
### BEGIN SOLUTION
pairs = {8: 0, 9: 2, 12: 8, 24: 16}
### END SOLUTION

# %% tags=["check"]
pairs = exercise("04.5", pairs)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Write the steps 1 … 24 in a row and draw the borders. Partners stand eight apart. How many steps must a window have to hold one pair?
# </details>
# <details><summary>Fuller hint</summary>
#
# A window of L steps holds L − 8 pairs, and none if L is 8 or less. Windows of 9: two full ones, and a last one of 6.
# </details>
#
# Here are the pairs as dots. The blue fields are measured: where a gradient flows from output $t$ to input $s$ of a small network in windows.


# %% tags=["folded", "nbval-ignore-output"]
def reach(layer, T, window):
    """Where a gradient flows from output t (rows) to input s (columns): (T, T), true or false."""
    x = torch.randn(1, T, 1, requires_grad=True)
    y = run_in_windows(layer, x, window)[0]
    rows = []
    for y_t in y:
        gradient = torch.autograd.grad(y_t.sum(), x, retain_graph=True)[0]
        rows.append(gradient[0, :, 0] != 0)
    return torch.stack(rows)


layer = nn.RNN(1, 8, batch_first=True)
fig, axes = plot.panels(1, 3, size=(4, 3.9), sharey=True)
for ax, window in zip(axes, (8, 9, 24)):
    ax.pcolormesh(reach(layer, 24, window), cmap="Blues", vmin=0, vmax=2, edgecolors="white")
    ax.plot(torch.arange(16) + 0.5, torch.arange(16) + 8.5, "o", color="#D55E00", markersize=4)
    ax.set(title=f"window {window}", xlabel="input step s", ylim=(24, 0))
    ax.set(xticks=[0.5, 8.5, 16.5, 23.5], xticklabels=[1, 9, 17, 24], yticks=[0.5, 8.5, 16.5, 23.5])
    ax.set(yticklabels=[1, 9, 17, 24])
axes[0].set_ylabel("output step t")
fig

# %% [markdown]
# With windows of 8, *no* dot lies in the blue: the input that matters is always in the window before. With windows of 9, two of sixteen do.
#
# **Before you run:** three networks learn the echo (`clip` shortens long gradients). Always answering 0 has an error of 1. If the network with windows of 9 learns its two pairs alone,
# its error is 14/16. What will it be?

# %% tags=["predict"]
predict("04.c", ...)  # the mean squared error with windows of 9, a number


# %%
class Echo(nn.Module):
    """A recurrent network with a read-out, run in windows. (N, T, 1) → (N, T, 1)."""

    def __init__(self, window, H):
        super().__init__()
        self.window = window
        self.layer, self.readout = nn.RNN(1, H, batch_first=True), nn.Linear(H, 1)

    def forward(self, x):
        return self.readout(run_in_windows(self.layer, x, self.window))


def error_of_echo(model, x, y):
    """The mean squared error of the sixteen outputs that have a partner."""
    return (model(x) - y)[:, 8:].square().mean()


def learn(model, loss=error_of_echo):
    """600 steps of training; returns the error, averaged over 20 steps each: (30,)."""
    history = fit(model, loss, lambda: echo(32, 24, lag=8), steps=600, lr=3e-3, clip=1.0, quiet=True)
    return torch.tensor(history.losses).reshape(30, 20).mean(1)


# %% tags=["nbval-ignore-output"]
curves = {f"window {window}": learn(Echo(window, H=16)) for window in (8, 9, 24)}
labels = {"x": "training step", "y": "mean squared error", "levels": {"always answer 0": 1.0}}
plot.series(curves, xs=range(10, 600, 20), log=True, **labels, title="Echo of eight steps ago, learnt in windows")

# %% tags=["claim"]
outcome("04.c", round(curves["window 9"][-1].item(), 2))
claim("windows of 9 learn far more than their two pairs", curves["window 9"][-1], at_most=0.45)
claim("windows of 8 are better in between", curves["window 8"].min(), at_most=0.93)
claim("and end nearly where they began", curves["window 8"][-1], at_least=0.8)

# %% [markdown]
# Windows of 9 learn most of it, far more than two sixteenths, and the two pairs are what they owe it to: let the errors of outputs 9 and 18 stop at the
# read-out, and nothing is learnt. What two pairs teach serves all sixteen, because the weights are shared over time.


# %% tags=["claim"]
def without_the_pairs(model, x, y):
    """The error of the echo; at outputs 9 and 18 it goes back into the read-out, and no farther."""
    states = run_in_windows(model.layer, x, model.window)
    stopped = states.clone()
    stopped[:, [8, 17]] = states[:, [8, 17]].detach()
    return (model.readout(stopped) - y)[:, 8:].square().mean()


stopped_at_pairs = learn(Echo(window=9, H=16), without_the_pairs)
claim("with the two pairs' errors stopped, windows of 9 learn nothing", stopped_at_pairs[-1], at_least=0.9)

# %% [markdown]
# Look at the curve of windows of 8. It *falls* at first, and then climbs back towards 1. How can it fall at all, when no error ever reaches the
# input that matters?
#
# ## Kept without being taught
#
# Truncation cuts the error, not the memory. The state still crosses the border, with faint traces of old inputs in it. And the *read-out* can learn
# to find them there: it needs no way back through time. To see how far that goes, take a large network whose U keeps lengths (it is **orthogonal**), and
# train *nothing but the read-out*. Beside it, a copy of the same network, all of it trained, in windows of 8.
#
# **Before you run:** which of the two ends with the smaller error?

# %% tags=["nbval-ignore-output"]
untouched, trained = Echo(window=8, H=128), Echo(window=8, H=128)
nn.init.orthogonal_(untouched.layer.weight_hh_l0)
trained.load_state_dict(untouched.state_dict())
untouched.layer.requires_grad_(False)
curves = {"the read-out alone": learn(untouched), "all weights, windows of 8": learn(trained)}
plot.series(curves, xs=range(10, 600, 20), log=True, **labels, title="The same network, the same windows")

# %% tags=["claim"]
alone, windows = curves["the read-out alone"], curves["all weights, windows of 8"]
claim("the read-out alone learns the echo", alone[-1], at_most=0.1)
claim("with all weights trained in windows of 8 it is first good", windows.min(), at_most=0.5)
claim("and in the end nearly as bad as always answering 0", windows[-1], at_least=0.85)

# %% [markdown]
# The one that learns *less* wins. A large random network keeps eight steps by its make, and the read-out finds them (networks that are used so are
# called *echo state networks*). Training all weights with cut errors *destroys* that memory. Each update takes the state that comes in as given, and
# changes the weights that made it; no error reports the damage, because it would have to cross the border.
#
# So cutting the way back does not forbid a network to remember. It takes away the one signal that tells it *to keep* something. And it is
# the cut that does the damage, not the training: in one window of 24 the same network, all of it trained, learns the echo.

# %% tags=["claim"]
uncut = Echo(window=24, H=128)
uncut.layer.load_state_dict(untouched.layer.state_dict())
claim("with all weights trained, and nothing cut, the same network learns the echo", learn(uncut)[-1], at_most=0.02)

# %% [markdown]
# ## What you can now do
#
# - **The way back** runs against every arrow and never into the future; at each state the errors of its own and of all later steps add up to
#   $\lambda_t$.
# - **By hand**: $\delta_t = \lambda_t \circ (1 - h_t^2)$, then $W^\top \delta_t$ to the input and $U^\top \delta_t$ to the step before. The weights
#   collect from all steps.
# - **`detach`** carries the state and cuts the error. What no window holds together, no error teaches; and what was kept
#   untaught can be lost.
#

# %% [markdown]
# <details><summary>Test yourself: why must the states be kept until the walk back, and the inputs to the tanh not?</summary>
#
# Each step needs $1 - h_t^2$, and the sum for U needs $h_{t-1}$: both are made of states. The input to the tanh appears nowhere.
# </details>
# <details><summary>Test yourself: echo of eight steps, windows of 12 instead of 9. Is it worth it?</summary>
#
# Eight pairs in place of two, from sequences of the same length: each update hears more about the same trick. Memory grows by a third.
# </details>
#
# **Where people use this.** Nearly every recurrent network is trained by this walk; language models and speech recognisers that read long streams
# by its truncated form.
#
# **Where it fails.** The error grew faint within a handful of steps, before anything was cut. By how much per step, and what can be done?
# [Lesson 05](05_vanishing.ipynb).
#
# *Further reading.* P. J. Werbos, "Backpropagation through time: what it does and how to do it", *Proc. IEEE* 78 (1990). R. J. Williams, J. Peng,
# "An efficient gradient-based algorithm for on-line training of recurrent network trajectories", *Neural Computation* 2 (1990): truncation.
# H. Jaeger, "The 'echo state' approach to analysing and training recurrent neural networks", GMD Report 148 (2001).
