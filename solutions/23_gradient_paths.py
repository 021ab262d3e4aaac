# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 23 · Gradient paths
#
# **Along which road?**
#
# After this lesson you will be able to
# - split a gradient into what travels through h and what travels through c, by shares that add up,
# - tell a missing path, paths that cancel, and a vanished gradient apart,
# - derive the way back through an LSTM from a drawing, and get the gradients of all outputs in one sweep.
#
# Needs: gradients of outputs ([lesson 22](22_output_gradients.ipynb)), the LSTM's gates ([lesson 06](06_lstm.ipynb)). About 90 minutes. Mapping:
# one-to-many, then many-to-many, aligned.

# %%
import torch
from torch import autograd, nn
from lstmkit import claim, exercise, fit, gradients, layers, models, outcome, plot, predict, seed
from lstmkit.data.memory import echo
from lstmkit.data.oscillator import oscillations, sensitivities

seed(0)

# %% [markdown]
# ## Two roads
#
# The oscillator of [lesson 22](22_output_gradients.ipynb) turns four numbers $z$ into the states before the first step, $h_0$ and $c_0$, and runs on. Here are all ways by
# which $z$ reaches $y_3$:

# %% tags=["nbval-ignore-output"]
plot.two_roads()

# %% [markdown]
# - **Blue**, the road of the cell: $c_t = f_t \circ c_{t-1} + \dots$ A number is multiplied by its valve and stays in its unit.
# - **Orange**, the road of h: $h_{t-1}$ enters every gate of step $t$ through a matrix. Any unit reaches any other.
# - Black: $h_t = o_t \circ \tanh c_t$. Traffic changes from one road to the other at every step.
#
# After step $s$ (and $s = 0$ is "before the first step") all that the rest of the network knows of $z$ is the pair $(h_s, c_s)$. So, for
# every $s < t$,
#
# $$\frac{\partial y_t}{\partial z} = \underbrace{\lambda_h \frac{\partial h_s}{\partial z}}_{\text{through } h_s}
# + \underbrace{\lambda_c \frac{\partial c_s}{\partial z}}_{\text{through } c_s}
# \qquad\text{with}\quad \lambda_h = \frac{\partial y_t}{\partial h_s}, \quad \lambda_c = \frac{\partial y_t}{\partial c_s}$$
#
# | symbol | variable | shape |
# |---|---|---|
# | $h_s$, $c_s$ | `h`, `c` | (N, H) each |
# | $\lambda_h$, $\lambda_c$, the **adjoints** of the two states | `lam_h`, `lam_c` | (N, H) each |
# | the two parts | | (N, D) each, as `z` |
#
# ### Exercise 23.1 · Two parts (10 min, ●●●)
#
# *Goal:* the two parts, apart. *Given:* `reach(z)` runs to step s and returns `h, c`; `rest(h, c)` runs on from there and
# returns $y_t$, (N,). *Done when* the check says ✓. Beware: $h_s = o_s \circ \tanh c_s$ is made from $c_s$ (the black arrow). To hold
# one fixed while the other moves, the two must be cut off from each other.


# %% tags=["exercise"]
def two_parts(reach, rest, z):
    """∂y_t/∂z in two parts that add up to it.

    reach: z → h, c, (N, H) each. rest: h, c → y_t, (N,). z: (N, …). Returns (through h, through c), each of z's shape.
    """
    ### BEGIN SOLUTION
    z = z.detach().clone().requires_grad_()
    h, c = reach(z)
    h_s, c_s = h.detach().requires_grad_(), c.detach().requires_grad_()
    lam_h, lam_c = autograd.grad(rest(h_s, c_s).sum(), (h_s, c_s))
    through_h = autograd.grad(h, z, lam_h, retain_graph=True)[0]
    through_c = autograd.grad(c, z, lam_c)[0]
    return through_h, through_c
    ### END SOLUTION


# %% tags=["check"]
two_parts = exercise("23.1", two_parts)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `h.detach().requires_grad_()`, and the same for `c`, are two leaves that know nothing of each other. Run `rest` on them: its gradient with respect
# to both is the pair of adjoints.
# </details>
# <details><summary>Fuller hint</summary>
#
# `autograd.grad(h, z, lam_h, retain_graph=True)[0]` multiplies $\lambda_h$ with $\partial h_s/\partial z$. Do the same for c. Take a watched copy of `z` first.
# </details>
#
# ## How much on either?
#
# The *lengths* of the two parts do not add up: parts may point in different directions. Measured **along the whole**, they do:
#
# $$\text{share of } c = \frac{\text{part through } c \,\cdot\, \text{whole}}{\text{whole} \,\cdot\, \text{whole}}, \qquad
# \text{share of } h = 1 - \text{share of } c$$
#
# A share can be negative (this road works against the whole) or above 1 (the other one does).


# %%
def share_of_c(parts):
    """How much of the whole comes through c, measured along the whole. parts: (through h, through c)."""
    through_h, through_c = parts
    whole = through_h + through_c
    return ((through_c * whole).sum() / whole.square().sum()).item()


# %% [markdown]
# Train the oscillator: `models.OneToMany`, the network of [lesson 22](22_output_gradients.ipynb) with a choice of how $z$ enters. `swing_parts(net, s)` hands your `two_parts`
# the way up to step $s$ and the way from there to $y_{40}$. (The folded cells hold no new idea.)


# %% tags=["folded"]
def train(model, loss, batches, steps, lr):
    """Adam; the rate rises to lr, then falls to zero."""

    def rise_and_fall(optimizer):
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)

    fit(model, loss, batches, steps=steps, lr=lr, schedule=rise_and_fall, clip=1.0)


def squared_error(model, x, y):
    return (model(x) - y).square().mean()


def gradient_sizes(net):
    """The mean length of ∂y_t/∂z, for each of the 40 steps."""
    return gradients.sequence_jacobian(net, z)[:, :, 0].norm(dim=2).mean(0)


def learn_to_swing(wiring):
    """A trained OneToMany of this wiring, in float64. Its gradients' sizes go into `before` and `after`."""
    net = models.OneToMany(4, 32, 1, 40, wiring).double()
    before[wiring] = gradient_sizes(net)
    train(
        net.float(),
        lambda net, z, y: squared_error(net, z, y[..., None]),
        lambda: oscillations(64),
        steps=600,
        lr=1e-2,
    )
    after[wiring] = gradient_sizes(net.double())
    return net


# %% tags=["nbval-ignore-output"]
z = oscillations(100).x.double()  # float64: ten digits are to agree
before, after = {}, {}
nets = {"initial state": learn_to_swing("initial state")}


# %% tags=["folded"]
def swing_parts(net, s):
    """Both parts of ∂y_40/∂z where they pass the states after step s."""

    def run(state, steps):
        return net.lstm(z.new_zeros(len(z), steps, 1), state)

    def reach(z):
        h, c = net.start(z)[None].chunk(2, dim=2)
        state = (h.tanh(), c.contiguous())
        if s > 0:
            _, state = run(state, s)
        return state[0][0], state[1][0]

    def rest(h, c):
        y, _ = run((h[None], c[None]), 40 - s)
        return net.read(y)[:, -1, 0]

    return two_parts(reach, rest, z)


# %% [markdown]
# **Before you run:** follow the gradient of the *last* output, $y_{40}$, past every step. c is often called the LSTM's road through time, and h
# what the cell shows of it. Which share comes through c, on average over all steps?

# %% tags=["predict"]
predict("23.a", ...)  # a number; 0 is all through h, 1 is all through c

# %% tags=["nbval-ignore-output"]
swing = nets["initial state"]
swing_shares = [share_of_c(swing_parts(swing, s)) for s in range(40)]
fig = plot.series(
    {"oscillator, $y_{40}$ by z": swing_shares},
    range(40),
    x="after step s",
    y="share through c",
    title="Where the gradient passes",
)
fig.axes[0].set_ylim(0, 1)
fig

# %% [markdown]
# About two thirds. The cell carries the most, and h is no mere onlooker: what leaves a step through h feeds the gates, and the gates steer the swing.

# %% tags=["claim"]
swing_mean = sum(swing_shares) / 40
outcome("23.a", swing_mean)
claim(
    "oscillator: on average over all steps, more than half of the gradient passes through c", swing_mean, at_least=0.55
)
claim("and more than a fifth of it through h", 1 - swing_mean, at_least=0.2)

# %% [markdown]
# ## Four ways to give one input
#
# The initial state is one way in. `OneToMany` knows four:
#
# | wiring | the LSTM reads | how $z$ reaches $y_t$ |
# |---|---|---|
# | initial state | nothing | once, through $h_0$ and $c_0$ |
# | first step | $z$, then zeros | once, through the gates of step 1 |
# | every step | $z$, each time | along one path for each step up to $t$ |
# | fed-back outputs | $z$ once, and what it said itself | through the states, and through its own outputs |
#
# **Before you run:** take all four *untrained*. In which will $\partial y_t/\partial z$ fade with $t$, in which will it grow? And
# after training, when all four have to draw the same curves?

# %% tags=["nbval-ignore-output"]
for wiring in models.WIRINGS[1:]:
    nets[wiring] = learn_to_swing(wiring)
fig, axes = plot.panels(1, 2, size=(6, 3.8))
labels = {"x": "step t", "y": "mean size of $\\partial y_t/\\partial z$"}
truth = sensitivities(z).norm(dim=2).mean(0)  # by formula
plot.series(before, range(1, 41), **labels, log=True, title="Untrained", ax=axes[0])
plot.series(after | {"truth": truth}, range(1, 41), **labels, title="Trained", ax=axes[1])
fig

# %% [markdown]
# Untrained, what enters once is forgotten (the scale is logarithmic): all three curves fall. What enters at every step adds up, then
# levels off: old copies fade as fast as new ones come. Training bends all four to one shape, the task's. A wiring decides where a gradient
# *begins*; the task decides where it has to *end*.

# %% tags=["claim"]
once = max(before[wiring][-1] / before[wiring][0] for wiring in models.WIRINGS if wiring != "every step")
claim("untrained: an input that enters once has less than a twentieth left at the end", once, at_most=0.05)
adds = before["every step"]
claim("untrained: read at every step, it has at least twice as much at the end", adds[-1] / adds[0], at_least=2)
far = max((size / truth)[5:].sub(1).abs().max() for size in after.values())
claim("trained: from step 6 on, all four are within a sixth of the true size", far, at_most=1 / 6)

# %% [markdown]
# ## Many paths, one sum
#
# Read at every step, $z$ has forty paths to $y_{40}$, one from each copy. The gradient is their *sum*.
#
# ### Exercise 23.2 · Four paths on paper (5 min, ●●○)
#
# *Goal:* the smallest case by hand: $h_t = w\,h_{t-1} + z$ with $h_0 = 0$ and $y_t = h_t$; $z$ is the same number at every step. *Given:* $w = -\tfrac12$. *Done when* the check says
# ✓: what the copy read at step 1 adds to $\partial y_4/\partial z$, what the copy read at step 4 adds, their whole sum over all four; and that sum for $w = -1$. Last: for $w = -1$, is
# there a path from $z$ to $y_4$, `True` or `False`?

# %% tags=["exercise"]
four_paths = {"copy at step 1": ..., "copy at step 4": ..., "sum": ..., "sum, w = -1": ..., "w = -1: a path": ...}
### BEGIN SOLUTION
four_paths = {"copy at step 1": -1 / 8, "copy at step 4": 1, "sum": 5 / 8, "sum, w = -1": 0, "w = -1: a path": True}
### END SOLUTION

# %% tags=["check"]
four_paths = exercise("23.2", four_paths)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The copy read at step 4 is added to $h_4$ as it is. The copy read at step 3 is multiplied by $w$ once on its way to step 4.
# </details>
# <details><summary>Fuller hint</summary>
#
# The four paths add $w^3$, $w^2$, $w$ and 1.
# </details>
#
# Now the trained networks. Left, the one that reads $z$ at every step. **Before you run:** the *frequency* tells how fast to go on; the *phase*, where to begin. For which of
# the two will the forty copies cancel?
#
# Right, the one that hears itself: $y_t$ is read again at step $t + 1$. `cut=True` cuts the gradient there and leaves the values alone; what is missing then went through the outputs.

# %% tags=["nbval-ignore-output"]
every, fed = nets["every step"], nets["fed-back outputs"]
copies = z[:, None].expand(-1, 40, -1)  # (N, 40, 4): z at every step
paths = gradients.sequence_jacobian(every.lstm, copies, every.read)[:, -1, 0]  # (N, 40, 4): each copy to y_40
whole = gradients.sequence_jacobian(fed, z[:50])[:, :, 0]  # (50, 40, 4)
by_states = gradients.sequence_jacobian(lambda z: fed(z, cut=True), z[:50])[:, :, 0]
by_outputs = ((whole - by_states) * whole).sum((0, 2)) / whole.square().sum((0, 2))  # (40,), along the whole

# %% tags=["nbval-ignore-output", "folded"]
fig, axes = plot.panels(1, 2, size=(6, 3.6))
one = {"frequency": paths[0, :, 1], "phase": paths[0, :, 3]}
labels = {"x": "copy read at step s", "y": "its part of ∂y₄₀/∂z"}
plot.series(one, range(1, 41), **labels, title="Forty copies, one oscillation", ax=axes[0])
labels = {"x": "step t", "y": "share of $\\partial y_t/\\partial z$"}
plot.series(
    {"through its own outputs": by_outputs}, range(1, 41), **labels, title="What it hears of itself", ax=axes[1]
)
fig

# %% [markdown]
# Left, the phase: a copy here pushes the last output up, half a swing later a copy pushes it down. Their sizes add up to several times what is left. The frequency's
# copies pull together: each says "faster" once more. A copy can be read with great effect and leave no trace in the sum.
#
# Right: at step 1 nothing has been said yet. At the end more than half of it comes back through its own words. How much differs from one training to the next: the same
# curves can be had either way.

# %% tags=["claim"]
sizes, left = paths.abs().sum(1).norm(dim=0), paths.sum(1).norm(dim=0)  # (4,) each, all oscillations together
claim("phase: the forty sizes add up to at least 5 times the size of the sum", sizes[3] / left[3], at_least=5)
claim("frequency: to at most 1.2 times", sizes[1] / left[1], at_most=1.2)
claim("fed-back: at step 40, more than half comes through the outputs", by_outputs[-1], at_least=0.5)

# %% [markdown]
# ## A whole triangle
#
# When a model reads *and* speaks at every step, there is a gradient for every pair: output $t$, input $s$. Take the **echo**: repeat what came in
# ten steps ago, $y_t = x_{t-10}$. Rows are outputs, columns inputs.
#
# **Before you run:** in which part of the square is every entry *exactly* zero? Where will the trained network have its large ones?


# %%
class Listener(nn.Module):
    def __init__(self, H=48):
        super().__init__()
        self.lstm, self.read = nn.LSTM(1, H, batch_first=True), nn.Linear(H, 1)

    def forward(self, x):
        """(N, T, 1) → (N, T, 1)."""
        return self.read(self.lstm(x)[0])


# %% tags=["nbval-ignore-output"]
def triangle(model, x):
    """∂y_t/∂x_s for every t and s, mean over the batch, (T, T)."""
    return gradients.sequence_jacobian(model.lstm, x, model.read)[:, :, 0, :, 0].mean(0)


listener, heard = Listener(), echo(50, 30, 10).x.double()
untrained = triangle(listener.double(), heard)
train(listener.float(), squared_error, lambda: echo(64, 30, 10), steps=1000, lr=1e-2)
trained = triangle(listener.double(), heard)

# %% tags=["nbval-ignore-output", "folded"]
fig, axes = plot.panels(1, 2, size=(6, 4.4))
ticks = [str(step) if step % 5 == 0 else "" for step in range(1, 31)]
labels = {
    "x": "input step s",
    "y": "output step t",
    "scale": "$\\partial y_t/\\partial x_s$",
    "xticks": ticks,
    "yticks": ticks,
}
plot.heatmap(untrained, **labels, title="Untrained", ax=axes[0])
plot.heatmap(trained, **labels, title="Trained", ax=axes[1])
fig

# %% [markdown]
# Above the diagonal, $s > t$: no arrow leads from a later input to an earlier output. The zeros there are exact. Below it, training has moved the gradient from beside the
# diagonal to a ridge ten steps away: the picture of what this network remembers. The lower left corner *looks* as empty as the upper right. It is not:
#
# | | what it is | what you find |
# |---|---|---|
# | **no path** | no arrow from $x_s$ to $y_t$ | exactly 0, for any weights and any input |
# | **cancelled** | paths whose sum is (nearly) 0, as in 23.2 | strong single paths; other weights or inputs give another sum |
# | **vanished** | a path of many small slopes | tiny, and not 0, until the numbers of the machine end ([lesson 05](05_vanishing.ipynb)) |


# %% tags=["claim"]
def at_lag(J, lag):
    """The share of one lag in the gradients of the outputs from step 16 on."""
    return J[15:].diagonal(15 - lag).abs().sum() / J[15:].abs().sum()


claim("trained, at least 95 % of the gradient lies at lag 10", at_lag(trained, 10), at_least=0.95)
leaf = heard.clone().requires_grad_()
early = torch.stack([autograd.grad(y_t.sum(), leaf, retain_graph=True)[0] for y_t in listener(leaf).unbind(1)[:5]])
later = max(early[t, :, t + 1 :].abs().max() for t in range(5))
claim(
    "no path: by autograd, too, y_1 … y_5 have a gradient of exactly 0 at every later input",
    later,
    close_to=0,
    tolerance=0,
)
corner = untrained[-1, 0].abs()
claim(
    "vanished: untrained, the lower left corner is below a millionth and not zero",
    bool(0 < corner < 1e-6),
    is_true=True,
)

# %% [markdown]
# ## Which road does the echo take?
#
# Follow one entry of the ridge, $\partial y_{30}/\partial x_{20}$, past the steps 20 … 29.
#
# **Before you run:** the oscillator sent about two thirds through c. Which share of the echo comes through c, after step 25?

# %% tags=["predict"]
predict("23.b", ...)  # a number; 0 is all through h, 1 is all through c


# %%
def road(model, x, source, s):
    """The share of ∂y_30/∂x_source that passes through c after step s."""

    def reach(x):
        _, (h, c) = model.lstm(x[:, :s])
        return h[0], c[0]

    def rest(h, c):
        y, _ = model.lstm(x[:, s:], (h[None], c[None]))
        return model.read(y)[:, -1, 0]

    through_h, through_c = two_parts(reach, rest, x)  # (N, 30, 1) each
    return share_of_c((through_h[:, source - 1], through_c[:, source - 1]))


# %% tags=["nbval-ignore-output", "folded"]
passed = range(20, 30)
echo_shares = [road(listener, heard, source=20, s=s) for s in passed]
both = {"oscillator, $y_{40}$ by z": swing_shares, "echo, $y_{30}$ by $x_{20}$": echo_shares}
fig = plot.series(
    both, dict(zip(both, (range(40), passed))), x="after step s", y="share through c", title="Where the gradient passes"
)
fig.axes[0].set_ylim(0, 1)
fig

# %% [markdown]
# The other way round: by far the most of it goes through **h**. Think what an echo needs: a row of ten places, through which every number moves on by one at each step.
# The cell's own road multiplies by $f$ *in place*: on it, nothing moves from one unit to another. Moving is the work of the matrix, and the matrix reads h.
#
# So "the cell state is the road through time" is half the truth: c is a road on which things can *stay*.

# %% tags=["claim"]
outcome("23.b", echo_shares[5])
claim("echo: on average over its ten steps, at least 0.8 passes through h", 1 - sum(echo_shares) / 10, at_least=0.8)

# %% [markdown]
# ### Exercise 23.3 · A number that stays (6 min, ●●○)
#
# If that reading is right, the same network with the same noise in its ears must use c when a number has to *stay*. *Goal:* test it. The task: say the first number all the
# time, $y_t = x_1$. *Given:* `hold(N)` makes a batch; `train(model, squared_error, lambda: hold(64), steps=600, lr=1e-2)` trains a new `Listener()`; `road(…)` measures. *Done when* the check says ✓:
# the share of $\partial y_{30}/\partial x_1$ that passes through c after step 25, as the nearest of $0.1$, $0.5$ and $0.9$. Write down your expectation first.


# %%
def hold(N):
    """x (N, 30, 1): noise. y (N, 30, 1): the first number, all the time."""
    x = torch.randn(N, 30, 1)
    return x, x[:, :1].expand(-1, 30, -1)


# %% tags=["exercise"]
share_when_held = ...
### BEGIN SOLUTION
share_when_held = 0.9
### END SOLUTION

# %% tags=["check"]
share_when_held = exercise("23.3", share_when_held)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Three lines in a cell of your own: `keeper = Listener()`, the training as given, and a `print` of `road(…)` with `source=1, s=25`.
# </details>
# <details><summary>Fuller hint</summary>
#
# `print(road(keeper, hold(100)[0], source=1, s=25))`: near 1 is all through c.
# </details>

# %% tags=["nbval-ignore-output", "folded"]
keeper = Listener()
train(keeper, squared_error, lambda: hold(64), steps=600, lr=1e-2)

# %% tags=["claim"]
share = road(keeper, hold(100)[0], source=1, s=25)
claim("a number that stays: after step 25, at least 0.8 passes through c", share, at_least=0.8)

# %% [markdown]
# ## All outputs in one sweep
#
# A loop over outputs walks back $T$ times, up to $T$ steps each: for 200 outputs 20,100 steps. But all of them walk the *same* road. Let them walk together, a row of
# $\lambda_h$ and $\lambda_c$ for each. What we need is one step back, and it can be read from a drawing:

# %% tags=["nbval-ignore-output"]
plot.lstm_step()

# %% [markdown]
# The forward pass: $a$ are the four gates before squashing, $a = W_{ih}x_t + W_{hh}h_{t-1} + b$; then $f$, $i$, $o$ by σ and $g$ by tanh; then $c_t = f \circ c_{t-1} + i \circ g$ and $h_t = o \circ \tanh c_t$.
#
# The way back has **one rule**: *go back along every arrow, multiply by its slope, and add where arrows leave the same place.*
#
# - Two arrows leave $c_t$. What came back from $c_{t+1}$ has arrived as $\lambda_c$. The other goes to $h_t$, with slope $o\,(1 - \tanh^2 c_t)$:
#
# $$\lambda_c \leftarrow \lambda_c + \lambda_h \circ o \circ (1 - \tanh^2 c_t)$$
#
# - From $c_t$ back to $c_{t-1}$ the slope is $f$: $\;\lambda_c$ for step $t-1$ is $\lambda_c \circ f$.
# - From $c_t$ back to $f$ the slope is $c_{t-1}$, for $f$ is multiplied by it; from $f$ back to $a_f$ it is the slope of σ: $\;\delta_f = \lambda_c \circ c_{t-1} \circ f(1 - f)$.
# - $\delta_i$, $\delta_g$, $\delta_o$ are yours.
# - Below $a$ wait two matrices. With $\delta = [\delta_i, \delta_f, \delta_g, \delta_o]$ in torch's order: $\;\partial y/\partial x_t = \delta W_{ih}$, and $\lambda_h$ for step $t-1$ is $\delta W_{hh}$.
#
# ### Exercise 23.4 · One step back (15 min, ●●●)
#
# *Goal:* the step as code, for R outputs at once. *Given:* what arrives, and `step`, a dict of what the forward pass computed. *Done when* the check says ✓. Make new tensors; change none that you are given.


# %% tags=["exercise"]
def step_back(lam_h, lam_c, step, W_hh):
    """Back through one step of an LSTM, for R outputs at once.

    lam_h, lam_c: ∂y/∂h_t, and ∂y/∂c_t as it came back from step t + 1, (R, H) each. W_hh: (4H, H).
    step: {"i", "f", "g", "o", "c", "c_before"}, (H,) each: the gates, c_t and c_{t−1}.
    Returns delta (R, 4H), and lam_h and lam_c for step t − 1, (R, H) each.
    """
    ### BEGIN SOLUTION
    i, f, g, o, c = step["i"], step["f"], step["g"], step["o"], step["c"]
    lam_c = lam_c + lam_h * o * (1 - c.tanh() ** 2)
    d_i = lam_c * g * i * (1 - i)
    d_f = lam_c * step["c_before"] * f * (1 - f)
    d_g = lam_c * i * (1 - g**2)
    d_o = lam_h * c.tanh() * o * (1 - o)
    delta = torch.cat([d_i, d_f, d_g, d_o], dim=1)
    return delta, delta @ W_hh, lam_c * f
    ### END SOLUTION


# %% tags=["check"]
step_back = exercise("23.4", step_back)

# %% [markdown]
# <details><summary>Hint</summary>
#
# First the new `lam_c` (write `lam_c = lam_c + …`, not `+=`), and use it in all that follows. Rows of shape (H,) multiply each row of `lam_c` by themselves: no loop over the outputs.
# $i$ is multiplied by $g$ on its way into $c_t$; what is $g$ multiplied by? And $o$, on its way into $h_t$?
# </details>
# <details><summary>Fuller hint</summary>
#
# $\delta_i = \lambda_c \circ g \circ i(1-i)$, $\;\delta_g = \lambda_c \circ i \circ (1 - g^2)$, $\;\delta_o = \lambda_h \circ \tanh(c_t) \circ o(1-o)$: the output gate acts on h alone. Join the four with
# `torch.cat([…], dim=1)`.
# </details>
#
# Now walk. Output $s$ knows nothing of later steps, so it *joins at its own step*: when the sweep comes to $s$, row $s$ begins with $\lambda_h = \partial y_s/\partial h_s$, the read-out.

# %% tags=["nbval-ignore-output"]
plot.triangle()

# %% [markdown]
# ### Exercise 23.5 · The sweep (8 min, ●●●)
#
# *Goal:* the whole triangle $\partial y_t/\partial x_s$ with $y_t = v \cdot h_t$, in one walk from the last step to the first. *Given:* `steps`, a list of T dicts as in 23.4 (step $s$ stands at `steps[s - 1]`), the two
# weights, and the read-out `v`. *Done when* the check says ✓.


# %% tags=["exercise"]
def sweep(steps, W_ih, W_hh, v):
    """∂y_t/∂x_s for all t and s, in one walk back through time; y_t = v · h_t.

    steps: a list of T dicts for `step_back`. W_ih: (4H, D). W_hh: (4H, H). v: (H,).
    Returns J, (T, T, D): J[t - 1, s - 1] = ∂y_t/∂x_s.
    """
    ### BEGIN SOLUTION
    T, H = len(steps), len(v)
    J = W_ih.new_zeros(T, T, W_ih.shape[1])
    lam_h, lam_c = v.new_zeros(T, H), v.new_zeros(T, H)
    for s in reversed(range(T)):  # Python's index: 0 … T − 1
        lam_h[s] = v  # output s joins
        delta, lam_h[s:], lam_c[s:] = step_back(lam_h[s:], lam_c[s:], steps[s], W_hh)
        J[s:, s] = delta @ W_ih
    return J
    ### END SOLUTION


# %% tags=["check"]
sweep = exercise("23.5", sweep)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Rows of `lam_h` and `lam_c` are outputs, (T, H), all zero at the beginning. At step s the rows `s:` have joined: pass these
# to `step_back`, and put what comes back in their place.
# </details>
# <details><summary>Fuller hint</summary>
#
# For `s` in `reversed(range(T))`: `lam_h[s] = v`; then
# `delta, lam_h[s:], lam_c[s:] = step_back(lam_h[s:], lam_c[s:], steps[s], W_hh)`; then `J[s:, s] = delta @ W_ih`.
# </details>
#
# ## Three ways to one triangle
#
# The trained echo, 200 steps. `layers.LSTM` computes what `nn.LSTM` does and can be asked for a trace of its gates. Beside your sweep: the loop of [lesson 22](22_output_gradients.ipynb), and the library, which is your sweep for
# any depth, direction, batch and kind of cell.

# %% tags=["folded"]
layer = layers.LSTM(1, 48).double().requires_grad_(False)
layer.load_state_dict(listener.lstm.state_dict())
long, v = torch.randn(1, 200, 1).double(), listener.read.weight.detach()[0]


def by_sweep():
    trace = {}
    layer(long, trace=trace)
    gates = {name: values[0, 0] for name, values in trace.items()}  # one layer, one sequence: (200, H) each
    gates["c_before"] = torch.cat([torch.zeros(1, 48).double(), gates["c"][:-1]])
    steps = [{name: values[t] for name, values in gates.items()} for t in range(200)]
    return sweep(steps, layer.weight_ih_l0, layer.weight_hh_l0, v)


def by_loop():
    x = long.clone().requires_grad_()
    y = listener(x)[0, :, 0]
    return torch.stack([autograd.grad(y[t], x, retain_graph=True)[0][0] for t in range(200)])


def by_library():
    return gradients.sequence_jacobian(listener.lstm, long, listener.read)[0, :, 0]


# %% tags=["nbval-ignore-output", "folded"]
from time import perf_counter

took, found = {}, {}
for name, way in {"loop": by_loop, "sweep": by_sweep, "library": by_library}.items():
    begun = perf_counter()
    found[name] = way()
    took[name] = perf_counter() - begun
    print(f"{name:8} {took[name]:6.3f} s")

# %% [markdown]
# The same numbers. The loop walks back 20,100 steps, the sweep 200. What that saves depends on the machine; here you see it.

# %% tags=["claim"]
gap = max((found["sweep"] - found["loop"]).abs().max(), (found["library"] - found["loop"]).abs().max())
claim("sweep and library equal 200 backward passes", gap, at_most=1e-10)
claim("the sweep takes less than a fifth of the loop's time", took["sweep"] / took["loop"], at_most=0.2)

# %% [markdown]
# From now on use the library: `sequence_jacobian` for $\partial y_t/\partial x_s$; `state_jacobian` for $\partial y_t/\partial h_s$ and $\partial y_t/\partial c_s$; `path_shares` for the two
# parts of every pair at its own step; `gradient_flow` for the mean by lag; `one_to_many_jacobian` for one input.

# %% [markdown]
# ## What you can now do
#
# - **Two roads**: cut h and c off from each other, and each carries a part; measured along the whole, the shares add up. What had to move
#   went through h; what had to stay, while noise came in, went through c.
# - **Zero is not zero**: no path gives exact zeros, opposite paths cancel, long paths vanish.
# - **One sweep**: back along every arrow, times its slope, add; each output joins at its own step.
#
# Engineers look at such triangles to see how far back a forecaster looks, whether a tagger peeks at the future ([lesson 27](27_debugging.ipynb)), and which wiring keeps an input alive. Where it fails: a large gradient is a *sensitivity*, not yet an
# explanation, and a saturated gate hides an input that decided everything ([lesson 24](24_attribution.ipynb)).

# %% [markdown]
# <details><summary>Test yourself: a GRU has one state. What are its two roads?</summary>
#
# $h_t = (1 - z)\circ n + z \circ h_{t-1}$: in place, by $z$, and through the matrix inside $n$, $r$ and $z$. Stay and move share one state.
# </details>
# <details><summary>Test yourself: for one output, the gradients with respect to forty copies of an input sum to nearly zero. Did the network ignore it?</summary>
#
# Not necessarily: look at each path. A small change of the input hardly moves *this* output; a change of one copy may.
# </details>
# <details><summary>Test yourself: a bidirectional network has a second LSTM, which reads backwards. What is above its diagonal?</summary>
#
# Non-zero numbers: that half has read the later inputs.
# </details>
#
# *Further reading.* P. J. Werbos, "Backpropagation through time: what it does and how to do it", *Proc. IEEE* 78 (1990). S. Hochreiter, J. Schmidhuber, "Long short-term memory", *Neural Computation* 9 (1997). A. Griewank, A. Walther,
# *Evaluating Derivatives*, SIAM (2008): adjoints and tangents in general.
