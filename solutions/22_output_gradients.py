# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 22 · Output gradients
#
# **Which input moved which output?**
#
# After this lesson you will be able to
# - compute the gradient of *every* output of a sequence with respect to *every* input number, and step around the trap of the sum,
# - test whether a network's gradients are right, and say when right curves hide wrong slopes,
# - choose between going back and going forward, and carry a gradient forward by hand.
#
# Needs: backpropagation through time ([lesson 04](04_bptt.ipynb)), the LSTM's states h and c ([lesson 06](06_lstm.ipynb)). Parts 3 and 4 are not
# needed. About 90 minutes. Mapping: one-to-many.

# %%
import torch
from torch import autograd, nn
from lstmkit import claim, exercise, fit, gradients, outcome, plot, predict, seed
from lstmkit.data.oscillator import RANGES, oscillate, oscillations, sensitivities

seed(0)

# %% [markdown]
# ## Four numbers, forty steps
#
# To see whether gradients are *right* we need a task whose true gradients are known. Here is one: a swing that is pushed and left alone.
# Four numbers, $z$, say all about it:
#
# $$y_t = A\, e^{-\gamma t} \cos(2\pi f t + \varphi), \qquad t = 1 \dots T, \quad T = 40$$
#
# | symbol | variable | from … to |
# |---|---|---|
# | $A$, amplitude | `z[:, 0]` | $0.5 \dots 1.5$ |
# | $f$, frequency, in cycles per step | `z[:, 1]` | $0.03 \dots 0.09$ |
# | $\gamma$, damping per step | `z[:, 2]` | $0 \dots 0.08$ |
# | $\varphi$, phase, in radians | `z[:, 3]` | $-\pi/2 \dots \pi/2$ |
# | $y$, the curve | `y` | (N, T) |
#
# In `z`, shape (N, 4), each number is *scaled*: −1 is the smallest value of its row, +1 the largest. So all four speak in one unit.
#
# **Before you run:** nudge each of the four up by a little. Which of them move the *first* steps most? Which hardly move those?

# %% tags=["nbval-ignore-output"]
middle, nudge = torch.zeros(1, 4), 0.05
curve, moved, steps = oscillate(middle)[0], {}, range(1, 41)
for d, name in enumerate(RANGES):
    nudged = middle.clone()
    nudged[0, d] += nudge
    moved[name] = (oscillate(nudged)[0] - curve) / nudge
fig, axes = plot.panels(1, 2, size=(6, 3.4))
plot.series({"truth": curve}, steps, x="step t", y="y", title="One oscillation", ax=axes[0])
plot.series(moved, steps, x="step t", y="change of y per half range", title="Four nudges", ax=axes[1])
axes[1].set_ylim(-2, 3.5)
fig

# %% [markdown]
# Amplitude and phase act at once and fade. Frequency and damping begin near zero and grow: a little too fast does not show in the
# first steps, it shows when the swing is out of step. The right panel draws, nearly (a nudge is finite), the four
# **sensitivities** $\partial y_t/\partial z_d$: how much output $t$ changes for a small change of input number $d$. With
# $\theta_t = 2\pi f t + \varphi$ they can be had by hand:
#
# $$\frac{\partial y_t}{\partial A} = e^{-\gamma t}\cos\theta_t, \quad \frac{\partial y_t}{\partial f} = -2\pi t\,A\,e^{-\gamma t}\sin\theta_t, \quad
# \frac{\partial y_t}{\partial \gamma} = -t\,A\,e^{-\gamma t}\cos\theta_t, \quad \frac{\partial y_t}{\partial \varphi} = -A\,e^{-\gamma t}\sin\theta_t$$
#
# `sensitivities(z)` computes these, each times half of its range: shape (N, 40, 4).

# %% tags=["claim"]
first = sensitivities(middle)[0, 0].abs()  # at step 1: amplitude, frequency, damping, phase
late = max(first[1], first[2]) / min(first[0], first[3])
claim("at step 1 frequency and damping move y by less than a fifth of what amplitude and phase do", late, at_most=0.2)

# %% [markdown]
# ### Exercise 22.1 · Where is it largest? (5 min, ●●○)
#
# *Goal:* the step at which a sensitivity is largest. *Given:* $\gamma = 0.05$ and the steps 1 … 40. Look at the
# **envelope** alone: the formula without its sine or cosine. *Done when* the check says ✓: three steps, worked out on paper: for the
# amplitude, for the frequency, and for the frequency of a swing without damping ($\gamma = 0$).

# %% tags=["exercise"]
largest = {"amplitude": ..., "frequency": ..., "frequency, no damping": ...}  # your steps, 1 … 40
### BEGIN SOLUTION
largest = {"amplitude": 1, "frequency": 20, "frequency, no damping": 40}  # t·exp(−γt) is largest at t = 1/γ
### END SOLUTION

# %% tags=["check"]
largest = exercise("22.1", largest)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The envelopes are $e^{-\gamma t}$ for the amplitude and $2\pi A\, t\, e^{-\gamma t}$ for the frequency. One only falls. The other
# grows first.
# </details>
# <details><summary>Fuller hint</summary>
#
# The slope of $t\,e^{-\gamma t}$ is $(1 - \gamma t)\,e^{-\gamma t}$. At which $t$ is it zero? And without damping the envelope is $t$ itself.
# </details>
#
# ## A network that has to find the formula
#
# Now a network that sees examples only. The four numbers enter **once**: a linear map makes the states before the first step,
# $h_0$ and $c_0$, of them. From there the LSTM runs on its own, with nothing to read. A linear **read-out** makes $y_t$ of each $h_t$.


# %%
class Oscillator(nn.Module):
    """Four numbers in, T steps out; the input enters once, as the initial state."""

    def __init__(self, H=48, T=40):
        super().__init__()
        self.T, self.start = T, nn.Linear(4, 2 * H)
        self.lstm, self.read = nn.LSTM(1, H, batch_first=True), nn.Linear(H, 1)
        nn.init.ones_(self.lstm.bias_hh_l0.data[H : 2 * H])  # forget gates begin open

    def begin(self, z):
        """h_0 and c_0, (1, N, H) each, from z (N, 4)."""
        h, c = self.start(z)[None].chunk(2, dim=2)
        return h.tanh(), c.contiguous()  # h lies between −1 and 1; c need not

    def forward(self, z):
        """(N, 4) → (N, T)."""
        nothing = z.new_zeros(len(z), self.T, 1)
        h, _ = self.lstm(nothing, self.begin(z))
        return self.read(h)[:, :, 0]


# %% tags=["nbval-ignore-output"]
def train(model, batches, steps, lr):
    """Adam on the squared error; the rate rises to lr, then falls to zero."""

    def loss(model, z, y):
        return nn.functional.mse_loss(model(z), y)

    def rise_and_fall(optimizer):
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)

    fit(model, loss, batches, steps=steps, lr=lr, schedule=rise_and_fall, clip=1.0)


model = Oscillator()
train(model, lambda: oscillations(64), steps=1000, lr=8e-3)  # fresh oscillations at every step
z, y = oscillations(200)  # and 200 for us to look at

# %% tags=["nbval-ignore-output", "folded"]
fig, axes = plot.panels(1, 3, size=(4, 2.7), sharey=True)
for n, ax in enumerate(axes):
    both = {"truth": y[n], "LSTM": model(z[n : n + 1])[0]}
    plot.series(both, steps, x="step t", y="y", title=f"New oscillation {n + 1}", ax=ax)
axes[0].set_ylim(-1.6, 2.6)  # room for the legends
fig

# %% [markdown]
# The curves lie on each other, on oscillations that the network has never seen. So it knows the *values*. Does it know the
# *sensitivities*? Nobody has shown it any.


# %% tags=["claim"]
def unexplained(model, z, y):
    """The share of the curves' variance that the model leaves unexplained."""
    with torch.no_grad():
        return ((model(z) - y).square().mean() / y.var()).item()


new_curves = unexplained(model, z, y)
claim("on new oscillations the network explains at least 99.7 % of the variance", 1 - new_curves, at_least=0.997)

# %% [markdown]
# ## The trap of the sum
#
# `y.sum().backward()` is the line that everybody writes first. There are forty outputs. Look at the shape of what it gives: where are
# the forty gradients?

# %%
leaf = z[:1].clone().requires_grad_()
model(leaf).sum().backward()
print("gradient of the sum:", tuple(leaf.grad.shape), "  wanted:", tuple(sensitivities(z[:1]).shape))

# %% [markdown]
# `backward` needs *one* number to start from. The sum is one number, so its gradient is the forty gradients added up: early steps
# and late ones, plus and minus, never to be parted again.
#
# Over the **batch** a sum is harmless. Sample 3's outputs depend on sample 3's input alone, so the gradient of
# `y[:, t].sum()` holds, row by row, each sample's own. It is the sum over *steps* that mixes.
#
# ### Exercise 22.2 · One gradient for each output (10 min, ●●○)
#
# *Goal:* $\partial y_{n,t}/\partial z_n$ for every sample n and every step t: one pass back for each step. *Given:* a `model` that maps
# `z` to (N, T). *Done when* the check says ✓. Do not change the caller's `z`, not even its `requires_grad`: work on a copy.


# %% tags=["exercise"]
def output_gradients(model, z):
    """The gradient of each output step with respect to the whole input.

    model: a function from z to y, (N, T). z: (N, D), or (N, S, D) for a sequence. Returns ∂y[n, t]/∂z[n], (N, T, D) or (N, T, S, D).
    """
    ### BEGIN SOLUTION
    z = z.detach().clone().requires_grad_()
    y = model(z)
    each = []
    for t in range(y.shape[1]):
        each.append(autograd.grad(y[:, t].sum(), z, retain_graph=True)[0])
    return torch.stack(each, dim=1)
    ### END SOLUTION


# %% tags=["check"]
output_gradients = exercise("22.2", output_gradients)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `z.detach().clone().requires_grad_()` is a copy that autograd watches. Run the model once. Then loop over the columns of `y`.
# </details>
# <details><summary>Fuller hint</summary>
#
# `autograd.grad(y[:, t].sum(), z, retain_graph=True)[0]` has the shape of the copy `z`. Without `retain_graph=True` the first
# pass frees what the second needs. Collect them in a list; `torch.stack(…, dim=1)` puts the steps behind the batch.
# </details>
#
# ## Does it know the sensitivities?
#
# One number for all: the **relative error**, the length of (the network's gradients − the true ones) over the length of the true ones,
# all samples, steps and inputs together. 0 is right to the last digit. 1 is as wrong as answering zero everywhere.
#
# **Before you run:** the network was trained on values alone. Write down the relative error that you expect.

# %% tags=["predict"]
predict("22.a", ...)  # a number, 0 or more

# %% tags=["nbval-ignore-output"]
J, truth = output_gradients(model, z), sensitivities(z)  # (200, 40, 4) each
fig, axes = plot.panels(2, 2, size=(6, 2.7), sharex=True)
for d, (name, ax) in enumerate(zip(RANGES, axes.flat)):
    lines = {"truth": truth[0, :, d], "LSTM": J[0, :, d]}
    plot.series(lines, steps, x="step t", y="∂y per half range", title=f"∂y / ∂({name})", ax=ax)
fig

# %% [markdown]
# The formula is black. The network follows it nearly everywhere: nobody taught it slopes, and it has them. The error is less than a
# tenth. Where is it largest? At the first step, as a share of what is there: look at the left ends.


# %% tags=["claim"]
def relative_error(model, z):
    """The length of (the model's gradients − the true ones) over the length of the true ones."""
    truth = sensitivities(z)
    return ((output_gradients(model, z) - truth).norm() / truth.norm()).item()


many_error = relative_error(model, z)
outcome("22.a", many_error)
claim("the relative error of the gradients is less than a tenth", many_error, at_most=0.1)
each_input = [torch.corrcoef(torch.stack([J[..., d].flatten(), truth[..., d].flatten()]))[0, 1] for d in range(4)]
claim("for each of the four inputs they correlate with the formula by at least 0.98", min(each_input), at_least=0.98)
by_step = (J - truth).norm(dim=2).mean(0) / truth.norm(dim=2).mean(0)
claim(
    "the error is a larger share of what is there at step 1 than at any later step",
    by_step[0] / by_step[1:].max(),
    at_least=1.05,
)

# %% [markdown]
# ## And when not
#
# That network had seen 64,000 oscillations. Most people have fewer. The same network, the same thousand steps, but the same
# **sixteen** oscillations over and over again:


# %% tags=["nbval-ignore-output"]
def learn_from(N):
    """Train a new network on N oscillations alone. Returns the network, and those N: z (N, 4), y (N, 40)."""
    z, y = oscillations(N)

    def draw():
        rows = torch.randint(0, N, (64,))
        return z[rows], y[rows]

    network = Oscillator()
    train(network, draw, steps=1000, lr=8e-3)
    return network, z, y


few, few_z, few_y = learn_from(16)

# %% tags=["nbval-ignore-output"]
fig, axes = plot.panels(1, 3, size=(4, 2.7), sharey=True)
for n, ax in enumerate(axes):
    both = {"truth": few_y[n], "LSTM": few(few_z[n : n + 1])[0]}
    plot.series(both, steps, x="step t", y="y", title=f"Training oscillation {n + 1}", ax=ax)
axes[0].set_ylim(-1.6, 2.6)  # room for the legends
fig

# %% [markdown]
# On its sixteen curves it is right to a hair. We ask for no more than that: the gradients *at these sixteen inputs*, where every value is right.
#
# **Before you run:** which relative error will they have?

# %% tags=["predict"]
predict("22.b", ...)  # a number, 0 or more

# %%
slope_errors = output_gradients(few, few_z) - sensitivities(few_z)  # (16, 40, 4)
of_damping = slope_errors[:, :, 2].abs()  # (16, 40): input number 2 is the damping
worst = of_damping.amax(dim=1).topk(3).indices.tolist()  # the three training inputs where it is most wrong

# %% tags=["nbval-ignore-output", "folded"]
fig, axes = plot.panels(1, 3, size=(4, 3))
for n, ax in zip(worst, axes):
    t = int(of_damping[n].argmax())
    line = few_z[n].repeat(81, 1)  # 81 copies of this input …
    line[:, 2] = torch.linspace(-1, 1, 81)  # … with every damping there is
    both = {"truth": oscillate(line)[:, t], "LSTM": few(line)[:, t]}
    labels = {"x": "damping, scaled", "y": f"y at step {t + 1}", "title": f"Training input {n + 1}"}
    plot.series(both, line[:, 2], **labels, marks=[few_z[n, 2]], ax=ax)
fig

# %% [markdown]
# Each panel walks along one number, the damping, through one training input (dotted). There the two curves *meet*: the value is right.
# And they *cross*: the slope is not. These are the three worst, but all gradients together are wrong by more than a third.
#
# A point says nothing about the slope through it. The first network had points everywhere, so its slopes had no room. This one is
# free between its sixteen, and **its training loss cannot tell**: its curves fit *better* than the first network's. What tells is a curve
# that it has never seen. So: no gradient before a look at held-out values; and where the held-out values are poor, no gradient at all.

# %% tags=["claim"]
few_error = relative_error(few, few_z)
outcome("22.b", few_error)
own_curves = unexplained(few, few_z, few_y)
claim(
    "on its own 16 curves it leaves less unexplained than the first network on new ones",
    own_curves / new_curves,
    at_most=0.6,
)
claim("at these 16 inputs its gradients are wrong by more than a third", few_error, at_least=1 / 3)
claim("on new curves, a tenth of the variance or more is unexplained", unexplained(few, z, y), at_least=0.1)

# %% [markdown]
# ### Exercise 22.3 · Sixteen times the data (6 min, ●○○)
#
# *Goal:* an experiment: what do 256 oscillations change, in the same thousand steps? *Given:* `learn_from(N)`, and two measures:
# `unexplained(network, z, y)` of the training curves, `relative_error(network, z)` of the gradients at the training inputs. Decide first
# what you expect; then run it. *Done when* the check says ✓: for each measure `"rises"`, `"falls"` or `"stays"` (from 16 to 256 oscillations), and
# how many times smaller the gradients' error became: the nearest of 1, 4 and 16.

# %% tags=["exercise"]
more_data = {"unexplained": ..., "relative error": ..., "times smaller": ...}
### BEGIN SOLUTION
more_data = {"unexplained": "rises", "relative error": "falls", "times smaller": 4}
### END SOLUTION

# %% tags=["check"]
more_data = exercise("22.3", more_data)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `network, z_256, y_256 = learn_from(256)`, in a cell of your own. Do not call the new data `z` and `y`: the cells below need those.
# </details>
# <details><summary>Fuller hint</summary>
#
# Print `unexplained(network, z_256, y_256)` beside `unexplained(few, few_z, few_y)`, and `relative_error(few, few_z) / relative_error(network, z_256)`.
# </details>

# %% tags=["nbval-ignore-output", "folded"]
network, z_256, y_256 = learn_from(256)

# %% tags=["claim"]
claim(
    "256 oscillations: at least two and a half times as much of the training curves is unexplained",
    unexplained(network, z_256, y_256) / own_curves,
    at_least=2.5,
)
claim(
    "and of 1, 4 and 16, the one that the check asks for is nearest to how many times smaller the gradients' error is",
    few_error / relative_error(network, z_256),
    between=(2.5, 10),
)

# %% [markdown]
# More data made the training curves *worse* and the gradients *better*. A low training loss is no certificate for a slope.
#
# ## Back or forward?
#
# All gradients of one sample are a table, $T$ outputs by $D$ inputs: its **Jacobian**. Your `output_gradients` fills it row by row. There is
# another way to fill it:

# %% tags=["nbval-ignore-output"]
plot.jacobian_table()

# %% [markdown]
# A pass **back** (*reverse mode*, what `backward` does) starts at one output and asks every input: how much of this is yours? It gives one
# row. A pass **forward** (*forward mode*) starts at one input number, nudges it, and carries the nudge through the network to every output. It gives
# one column.
#
# Neither is better: count rows and columns. Training has *one* output, the loss, and a million inputs, the weights: back. A sequence that grows
# from a few numbers is the other extreme.
#
# ### Exercise 22.4 · How many passes? (4 min, ●○○)
#
# *Goal:* the number of passes that fill the whole Jacobian of one sample, either way. *Given:* our oscillator; and a captioner that looks at a picture of 28 × 28
# grey pixels, says 8 words, and gives for each of them a score to each of the 20 words that it knows. *Done when* the check says ✓; under
# `"captioner, cheaper"` write `"back"` or `"forward"`.

# %% tags=["exercise"]
passes = {
    "oscillator, back": ...,
    "oscillator, forward": ...,
    "captioner, back": ...,
    "captioner, forward": ...,
    "captioner, cheaper": ...,
}
### BEGIN SOLUTION
passes = {
    "oscillator, back": 40,
    "oscillator, forward": 4,
    "captioner, back": 160,  # 8 words × 20 scores
    "captioner, forward": 784,  # 28 × 28 pixels
    "captioner, cheaper": "back",
}
### END SOLUTION

# %% tags=["check"]
passes = exercise("22.4", passes)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A pass back fills one row: one output *number*. A pass forward fills one column: one input *number*. How many numbers come out of the captioner?
# </details>
# <details><summary>Fuller hint</summary>
#
# Each of the 8 words comes with 20 scores: 8 · 20 rows. Each of the pixels is a column.
# </details>
#
# (A captioner has a third way. Its picture passes through a narrow vector on its way to the decoder. From the pixels back to *that* is one
# matrix, from that forward is another: multiply.)

# %% [markdown]
# ## A nudge, carried by hand
#
# A small network that runs on its own, as the oscillator does, but with a tanh in place of the gates:
#
# $$h_0 = S z, \qquad h_t = \tanh(U h_{t-1} + b), \qquad y_t = u \cdot h_t$$
#
# Nudge one number of $z$, and write a dot for "how fast this changes": $\dot h_0$ is then a column of $S$. Each rule passes the dot on, in the
# same order in which the values are computed:
#
# $$\dot h_t = (1 - h_t^2) \circ U \dot h_{t-1}, \qquad \dot y_t = u \cdot \dot h_t$$
#
# $\dot h_t$ is called the **tangent** of $h_t$; $1 - h_t^2$ is the slope of tanh; $b$ is a constant and has no dot. No graph is kept and nothing is walked back.
# The D nudges can travel together, one row each:
#
# | symbol | variable | shape |
# |---|---|---|
# | $z$ | `z` | (D,) |
# | $S$, $U$, $b$, $u$ | `S`, `U`, `b`, `u` | (H, D), (H, H), (H,), (H,) |
# | $h_t$ | `h` | (H,) |
# | $\dot h_t$, a row for each number of $z$ | `dot` | (D, H) |
#
# ### Exercise 22.5 · All columns in one walk (12 min, ●●○)
#
# *Goal:* the whole Jacobian, $\partial y_t/\partial z_d$ for t = 1 … T, in one walk forward, without autograd (the check switches it off). *Given:* the network
# above. *Done when* the check says ✓.


# %% tags=["exercise"]
def forward_gradients(z, S, U, b, u, T):
    """∂y_t/∂z by tangents: h_0 = S z, h_t = tanh(U h_{t−1} + b), y_t = u · h_t.

    z: (D,). S: (H, D). U: (H, H). b, u: (H,). Returns (T, D).
    """
    ### BEGIN SOLUTION
    h, dot = S @ z, S.T  # (H,) and (D, H)
    each = []
    for _ in range(T):
        h = torch.tanh(U @ h + b)
        dot = (1 - h**2) * (dot @ U.T)
        each.append(dot @ u)
    return torch.stack(each)
    ### END SOLUTION


# %% tags=["check"]
forward_gradients = exercise("22.5", forward_gradients)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Two things walk side by side: `h` and `dot`. They begin as `S @ z` and `S.T`. At each step update `h` first, for the slope needs the new one.
# </details>
# <details><summary>Fuller hint</summary>
#
# $U$ times each *row* of `dot` is `dot @ U.T`. The slope `1 - h**2`, shape (H,), multiplies every row. `dot @ u`, shape (D,), is a row of the result.
# </details>
#
# ## Three ways to one Jacobian
#
# For an LSTM the rules are longer and the idea is the same: the product $f \circ c$ becomes $\dot f \circ c + f \circ \dot c$, and so on through every gate. Torch
# does it for any function: `torch.func.jvp(model, (z,), (nudge,))` returns the value and its tangent (a **J**acobian times a **v**ector, the nudge). Five lines:


# %%
def by_tangents(model, z):
    """∂y/∂z, (N, T, D), one pass forward for each number of z."""
    columns = []
    for d in range(z.shape[1]):
        nudge = torch.zeros_like(z)
        nudge[:, d] = 1
        columns.append(torch.func.jvp(model, (z,), (nudge,))[1])
    return torch.stack(columns, dim=2)


# %% [markdown]
# The library has your walk for LSTMs, GRUs and RNNs: `one_to_many_jacobian` takes the recurrent layer, $z$, how $z$ becomes the first states
# (`start`), and the read-out (`head`), and carries all D nudges at once.

# %%
model, z = model.double(), z.double()  # from here on in float64: ten digits are to agree


def by_library(model, z):
    every = gradients.one_to_many_jacobian(model.lstm, z, start=model.begin, head=model.read, steps=model.T)
    return every[:, :, 0]  # the one output number of each step


ways = {"loop, back": output_gradients, "jvp, forward": by_tangents, "library": by_library}

# %% [markdown]
# **Before you run:** the loop makes forty passes, `jvp` makes four. For a single oscillation, how many times as fast as the loop is `jvp`: about
# 10, 2 or 1 times?

# %% tags=["predict"]
predict("22.c", ...)  # 10, 2 or 1

# %% tags=["nbval-ignore-output"]
from time import perf_counter


def milliseconds(way, z):
    """The fastest of five runs."""
    times = []
    for _ in range(5):
        begun = perf_counter()
        way(model, z)
        times.append(1000 * (perf_counter() - begun))
    return min(times)


took = {name: [milliseconds(way, z[:1]), milliseconds(way, z)] for name, way in ways.items()}
for name, (one, all_200) in took.items():
    print(f"{name:13} one sample {one:6.1f} ms    200 samples {all_200:6.1f} ms")
outcome("22.c", took["loop, back"][0] / took["jvp, forward"][0])

# %% [markdown]
# Equal to ten digits; and ten times fewer passes are *not* ten times faster: for one sample `jvp` takes about as long as the loop, at best half as long. Torch has a fast kernel for
# the LSTM and its backward pass, and none for its tangents: forward, it takes the LSTM apart, step by step, in Python. **Count the passes, then
# measure.** The library's one walk is the fast one here: it saves the passes *and* the overhead.

# %% tags=["claim"]
by_loop = output_gradients(model, z)
gap = max((by_tangents(model, z) - by_loop).abs().max(), (by_library(model, z) - by_loop).abs().max())
claim("all three give the same gradients", gap, at_most=1e-10)
claim(
    "ten times fewer passes: for one sample not a third of that gain",
    took["loop, back"][0] / took["jvp, forward"][0],
    at_most=10 / 3,
)
claim(
    "the library takes less than a quarter of the loop's time", took["library"][0] / took["loop, back"][0], at_most=0.25
)

# %% [markdown]
# Fast enough to play with. Below, both networks stand beside the formula: the curve, and one column of the Jacobian.


# %%
few, few_z, few_y = few.double(), few_z.double(), few_y.double()
networks = {"64,000 oscillations": model, "16 oscillations": few}


def beside_the_formula(amplitude, frequency, damping, phase, sensitivity_to, network_saw):
    network, here = networks[network_saw], torch.tensor([[amplitude, frequency, damping, phase]]).double()
    d = list(RANGES).index(sensitivity_to)
    values = {"truth": oscillate(here)[0], "LSTM": network(here)[0]}
    slopes = {"truth": sensitivities(here)[0, :, d], "LSTM": by_library(network, here)[0, :, d]}
    fig, axes = plot.panels(1, 2, size=(6, 3.4))
    plot.series(values, steps, x="step t", y="y", title="Curve", ax=axes[0])
    plot.series(slopes, steps, x="step t", y="∂y per half range", title=f"∂y / ∂({sensitivity_to})", ax=axes[1])
    axes[0].set_ylim(-1.6, 2.1)
    return fig


# %% tags=["nbval-ignore-output"]
knobs = {name: (-1.0, 1.0, 0.0) for name in RANGES}
plot.live(beside_the_formula, **knobs, sensitivity_to=list(RANGES), network_saw=list(networks))

# %% [markdown]
# Run the cell: below the figure stand the four numbers, scaled, and two choices. Push the damping to either end: where do the sensitivities last longest? Then take the network that saw sixteen. Find a place
# where its curve is nearly right and one of its sensitivities is not; then go into the corners, where few of its examples lie.
#
# ## Errors that everyone meets
#
# Meet them here, on purpose, and come back when you meet them elsewhere. First those that torch tells you. The cell below commits each, prints
# torch's words, and then tries the cure.
#
# | | what you did | cure |
# |---|---|---|
# | 1 | asked for the gradient of many outputs at once | one number at a time: `y[:, t].sum()` |
# | 2 | asked for `.grad` of a *computed* tensor (`z * 2`), no **leaf**: it is None | `z = (z * 2).detach().requires_grad_()`, last thing before the model |
# | 3 | differentiated by integer tokens | by their embeddings: tokens know no "a little more" |
# | 4 | walked twice through a graph that the first pass freed | `retain_graph=True` for all but the last pass |
# | 5 | asked for $\partial y_{10}/\partial h_6$ by slicing the output | nothing was computed *from* a slice: split the run ([lesson 23](23_gradient_paths.ipynb)), or `gradients.state_jacobian` |
# | 6 | differentiated a gradient (or what `no_grad` or `.detach()` had cut: same words) | `create_graph=True` for the first |
# | 7 | wrote into a tensor that the way back needs (`h *= 2`) | `h = h * 2` |

# %% tags=["folded"]
import warnings

lstm, watched = nn.LSTM(4, 8, batch_first=True), torch.rand(1, 10, 4, requires_grad=True)


def run():
    return lstm(watched)[0].sum(2)  # (1, 10): a fresh forward pass for each attempt


def many():
    y = run()
    autograd.grad(y, watched)


def no_leaf(leaf=False):
    doubled = (watched * 2).detach().requires_grad_() if leaf else watched * 2
    lstm(doubled)[0].sum().backward()
    return doubled.grad


def twice(keep=False):
    y = run()
    for t in (0, 1):
        autograd.grad(y[:, t].sum(), watched, retain_graph=keep)


def from_a_slice(split=False):
    if not split:
        y = lstm(watched)[0]
        autograd.grad(y[:, 9].sum(), y[:, 5])
    h, c = [state.detach().requires_grad_() for state in lstm(watched[:, :6])[1]]
    autograd.grad(lstm(watched[:, 6:], (h, c))[0][:, 3].sum(), h)


def gradient_of_gradient(create=False):
    first = autograd.grad(run()[:, 9].sum(), watched, create_graph=create)[0]
    autograd.grad(first.square().sum(), watched)


def in_place(copy=False):
    h = torch.tanh(watched)
    h = h * 2 if copy else h.mul_(2)
    autograd.grad(h.sum(), watched)


attempts = [
    (many, lambda: autograd.grad(run()[:, 0].sum(), watched)),
    (no_leaf, lambda: no_leaf(True)),
    (
        lambda: torch.tensor([2, 0, 1]).requires_grad_(),
        lambda: nn.Embedding(3, 4)(torch.tensor([2, 0, 1])).detach().requires_grad_(),
    ),
    (twice, lambda: twice(True)),
    (from_a_slice, lambda: from_a_slice(True)),
    (gradient_of_gradient, lambda: gradient_of_gradient(True)),
    (in_place, lambda: in_place(True)),
]
for number, (attempt, cure) in enumerate(attempts, 1):
    try:
        with warnings.catch_warnings(action="error"):  # 2 is a warning only
            attempt()
    except Exception as said:
        print(f"{number}  {str(said).split('. ')[0].split(' (')[0].split(':')[0]}")
    cure()

# %% [markdown]
# And those that nobody tells you:
#
# | | what you did | how you notice |
# |---|---|---|
# | 8 | `y.sum().backward()`: all steps in one gradient | its shape has no axis for the steps |
# | 9 | a mean over the batch: every gradient N times too small | compare one sample alone with the same in its batch |
# | 10 | dropout still on, or a state kept from the call before | two calls differ: `model.eval()`, fresh states |
# | 11 | asked before the network had learnt, or where it never trained | held-out values (this lesson) |
# | 12 | `is_grads_batched=True` over a float32 `nn.LSTM` | right, but no faster: it is a loop inside |
#
# Three more depend on the machine. Forward mode over a float32 `nn.LSTM` on a CPU says *mkldnn_rnn_layer … not implemented*:
# `torch.backends.mkldnn.flags(enabled=False)` around the call. On NVIDIA GPUs, where cuDNN runs `nn.LSTM`, `backward` in eval mode says *cudnn RNN backward can only
# be called in training mode*, and a gradient of a gradient is *not supported*: `torch.backends.cudnn.flags(enabled=False)` around the *forward* pass cures both. The library does
# all three for you.

# %% [markdown]
# ## What you can now do
#
# - **Every output, every input**: one pass back for each output; the sum over the batch is harmless, the sum over steps is the trap.
# - **Right curves, right slopes?** With examples everywhere, yes, untaught. With sixteen, the curves were right and the slopes wrong by more than a third, and only held-out
#   curves told.
# - **Back gives a row, forward a column.** Forty outputs of four numbers are four passes forward, and one walk if the nudges travel together.
#
# People use such tables to calibrate simulators, to design inputs, to ask a model of a patient or a river which quantity matters *when*. Where it fails: a gradient says
# what a *small* change would do. When is it an *explanation*? That is [lesson 24](24_attribution.ipynb). *How* it came through the network is [lesson 23](23_gradient_paths.ipynb).

# %% [markdown]
# <details><summary>Test yourself: the gradient of <code>y.sum()</code> is zero for one input number. Does no output depend on it?</summary>
#
# Not necessarily: some outputs may rise as much as others fall. The frequency moves a whole swing out of step, and its sum may hardly change.
# </details>
# <details><summary>Test yourself: a network with 1,000 outputs and 1,000 inputs, and you need one number of the Jacobian. Back or forward?</summary>
#
# Either: one pass back gives its row, one pass forward its column.
# </details>
#
# *Further reading.* R. J. Williams, D. Zipser, "A learning algorithm for continually running fully recurrent neural networks", *Neural Computation* 1 (1989): tangents, carried forward. A. G. Baydin et
# al., "Automatic differentiation in machine learning: a survey", *JMLR* 18 (2018). W. M. Czarnecki et al., "Sobolev training for neural networks", NeurIPS (2017): what to do when slopes must be right.
