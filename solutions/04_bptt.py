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
# - compute the gradients of a recurrent network by hand, and check them against autograd,
# - measure by which factor per step a gradient vanishes or explodes, and bound it,
# - clip a gradient, cut it with `detach`, and say what can then not be learnt.
#
# Needs: [lesson 01](01_recurrence.ipynb) and [lesson 02](02_shapes.ipynb), the chain rule, matrices. About 80 minutes. Mapping: many-to-one and many-to-many, aligned.

# %% tags=["nbval-ignore-output"]
import torch
from torch import nn
from lstmkit import claim, exercise, fit, plot, seed
from lstmkit.data.memory import echo

seed(3)
plot.mapping(["many-to-one", "many-to-many, aligned"])

# %% [markdown]
# ## One step back
#
# [lesson 01](01_recurrence.ipynb)'s network, one step: $h_t = \tanh(W x_t + U h_{t-1} + b)$. An error $L$ is computed from its states. Going *forwards*, each
# step hands its state to the next. Going *backwards*, each step hands an error to the one before. What arrives at step $t$ is
#
# $$\lambda_t = \partial L / \partial h_t$$
#
# through all paths: through step $t$'s own output, and through all later steps. To hand it on, walk through the formula from the outside
# in. First the tanh; its derivative is $1 - \tanh^2$, and the tanh is at hand: it is $h_t$. Then the sum, to each of its parts:
#
# $$\delta_t = \lambda_t \circ (1 - h_t^2) \qquad \partial L / \partial x_t = W^\top \delta_t \qquad
# \lambda_{t-1} = U^\top \delta_t \;(+ \text{ the error of step } t-1 \text{'s own output})$$
#
# | symbol | variable | shape | meaning |
# |---|---|---|---|
# | $\lambda_t$ | `lam` | (H,) | error with respect to the state $h_t$ |
# | $\delta_t$ | `delta` | (H,) | error with respect to what goes into the tanh |
# | $\circ$ | `*` | | entry by entry |
#
# ### Exercise 04.1 · One step of BPTT (10 min, ●●○)
#
# *Goal:* the three formulas. *Given:* `lam`, the state `h` that came *out* of the step, and the two matrices. *Done when* the check
# says ✓.


# %% tags=["exercise"]
def step_back(lam, h, W, U):
    """One step of backpropagation through time for h = tanh(W x + U h_before + b).

    lam: ∂L/∂h, (H,). h: the state after the step, (H,). W: (H, D). U: (H, H).
    Returns delta (H,), ∂L/∂x (D,), ∂L/∂h_before (H,): three tensors.
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
# Now the loop, last step first. The weights serve at every step, so every step has something to say about them:
# their gradients are *sums over time*. Each $U$-term is $\delta_t h_{t-1}^\top$, a matrix like $U$.


# %%
def forward(x, h, W, U, b):
    """All states, the start included: (T + 1, H)."""
    states = [h]
    for x_t in x:
        states.append(torch.tanh(W @ x_t + U @ states[-1] + b))
    return torch.stack(states)


def backward(x, states, errors, W, U):
    """errors: ∂L/∂h_t through step t's own output, (T, H). Returns δ_t (T, H) and ∂L/∂x (T, D)."""
    lam, deltas, dx = torch.zeros_like(states[0]), [], []
    for t in reversed(range(len(x))):
        delta, dx_t, lam = step_back(lam + errors[t], states[t + 1], W, U)
        deltas.insert(0, delta)
        dx.insert(0, dx_t)
    return torch.stack(deltas), torch.stack(dx)


# %% [markdown]
# Is it right? Two judges. **Autograd** does the same by machine. **Finite differences** know nothing of the chain rule: they nudge a
# number and see by how much the error moves. We count in float64, so that only a real error can show.

# %%
T, D, H = 30, 3, 16
x = torch.randn(T, D, dtype=torch.float64, requires_grad=True)
net = nn.RNN(D, H, dtype=torch.float64)
W, U, b = net.weight_ih_l0, net.weight_hh_l0, net.bias_ih_l0
target, start = torch.randn(T, H, dtype=torch.float64), torch.randn(H, dtype=torch.float64)


def error(U):
    return 0.5 * (forward(x, start, W, U, b)[1:] - target).square().sum()


# %%
with torch.no_grad():
    states = forward(x, start, W, U, b)
    deltas, dx = backward(x, states, states[1:] - target, W, U)
    by_hand = [torch.einsum("th,td->hd", deltas, x), torch.einsum("th,tk->hk", deltas, states[:-1]), deltas.sum(0), dx]
    nudge = torch.zeros(H, H, dtype=torch.float64)
    nudge[2, 5] = 1e-6
    slope = (error(U + nudge) - error(U - nudge)) / 2e-6
by_autograd = torch.autograd.grad(error(U), [W, U, b, x])
worst = max((a - c).abs().max() / c.abs().max() for a, c in zip(by_hand, by_autograd))
claim("the gradients of W, U, b and x agree with autograd to 1e-10", worst, at_most=1e-10)
claim("one entry of U agrees with a finite difference", (by_hand[1][2, 5] - slope).abs(), at_most=1e-5)

# %% [markdown]
# Now let the error come from the *last* step alone, as in a many-to-one model. The gradient of U is still a sum over all thirty steps.
#
# **Before you run:** how large is the part that each step adds? About the same for all?

# %% tags=["nbval-ignore-output"]
with torch.no_grad():
    errors = torch.zeros(T, H, dtype=torch.float64)
    errors[-1] = states[-1] - target[-1]
    deltas, dx = backward(x, states, errors, W, U)
parts = torch.einsum("th,tk->thk", deltas, states[:-1]).flatten(1).norm(dim=1)
labels = {"x": "step", "y": "size of the step's part in ∂L/∂U"}
plot.series(parts, xs=range(1, T + 1), dots=True, **labels, title="Only the last few steps have a say")

# %%
claim("the last five of thirty steps make up more than three quarters", parts[-5:].sum() / parts.sum(), at_least=0.75)

# %% [markdown]
# What the network should change because of *early* inputs is drowned out. To see how it fades, look at one number for each **lag** $k$:
#
# $$\left\| \frac{\partial h_T}{\partial x_{T-k}} \right\|$$
#
# the size of an H×D matrix (a **Jacobian**): the gradients of *all* H numbers of the last state, one row for each. Its **Frobenius norm**
# is the root of the sum of all squares.
#
# ### Exercise 04.2 · The gradient by lag (15 min, ●●○)
#
# *Goal:* the Frobenius norm of that matrix for every lag. *Given:* a function from inputs (T, D) to states (T, H), and `x`. *Done when*
# the check says ✓. Mind the order: entry 0 is the last input, lag 0.


# %% tags=["exercise"]
def gradient_by_lag(layer, x):
    """The Frobenius norm of ∂h_T/∂x_{T-k} for k = 0 … T-1.

    layer: from (T, D) to states (T, H). x: (T, D). Returns (T,), entry k for lag k.
    """
    ### BEGIN SOLUTION
    x = x.detach().clone().requires_grad_()
    last = layer(x)[-1]
    rows = torch.stack([torch.autograd.grad(h_i, x, retain_graph=True)[0] for h_i in last])  # (H, T, D)
    return rows.square().sum(dim=(0, 2)).sqrt().flip(0)
    ### END SOLUTION


# %% tags=["check"]
gradient_by_lag = exercise("04.2", gradient_by_lag)

# %% [markdown]
# <details><summary>Hint</summary>
#
# One backward pass for each of the H numbers of `layer(x)[-1]`, each with `retain_graph=True`. That is an (H, T, D) tensor. Over
# which two axes goes the norm?
# </details>
# <details><summary>Fuller hint</summary>
#
# First `x = x.clone().requires_grad_()` and `last = layer(x)[-1]`. Then
# `rows = torch.stack([torch.autograd.grad(h_i, x, retain_graph=True)[0] for h_i in last])`, then square, sum over axes 0 and 2, root.
# Time order runs from the first input to the last; `.flip(0)` turns it into lags.
# </details>
#
# ## Vanishing, exploding
#
# Five recurrent networks, none of them trained, 64 states, 100 steps of random input. They differ in the matrix U they start from:
#
# - *default*: torch's small random numbers,
# - *orthogonal × g*: a rotation (lengths are kept), times a gain g,
# - *ReLU, identity*: U is the identity matrix, and relu stands in for tanh (Le, Jaitly and Hinton, 2015).
#
# **Before you run:** the vertical axis is logarithmic. What does a constant factor per step look like on it?


# %% tags=["nbval-ignore-output"]
def network(gain=None, relu=False):
    """Untrained, 4 inputs, 64 states, float64. gain: of an orthogonal U. relu: with U the identity, no biases."""
    net = nn.RNN(4, 64, nonlinearity="relu" if relu else "tanh", bias=not relu, dtype=torch.float64)
    if gain:
        nn.init.orthogonal_(net.weight_hh_l0, gain=gain)
    if relu:
        nn.init.eye_(net.weight_hh_l0)
    return net


networks = {"default": network(), "ReLU, identity": network(relu=True)}
networks |= {f"orthogonal × {gain}": network(gain) for gain in (0.9, 1.0, 1.5)}
inputs, fading = torch.randn(4, 100, 4, dtype=torch.float64), {}
for name, net in networks.items():
    fading[name] = torch.stack([gradient_by_lag(lambda x, net=net: net(x)[0], x) for x in inputs]).mean(0)
labels = {"x": "lag k (steps)", "y": "size of ∂h(T) / ∂x(T − k)"}
plot.series(fading, log=True, **labels, title="Nearly straight lines: a factor per step")

# %% [markdown]
# Look how nearly straight the lines of the four tanh networks are. Each step back multiplies by the matrix
# $\text{diag}(1 - h^2)\, U$ (for relu: by $U$, and 0 for each unit that is off), and on average every step is alike; so the slope is *a
# factor per step*. Here it is, measured.

# %%
factor = {name: (norms[-1] / norms[1]) ** (1 / 98) for name, norms in fading.items()}
lags = torch.arange(1, 100, dtype=torch.float64)
straight = {name: torch.corrcoef(torch.stack([lags, n[1:].log()]))[0, 1].abs() for name, n in fading.items()}
bent = straight.pop("ReLU, identity")
claim("tanh: the lag and the logarithm of the size correlate above 0.98", min(straight.values()), at_least=0.98)
claim("the line of ReLU bends", bent, at_most=0.97)
claim("default: the factor per step is below 0.7", factor["default"], at_most=0.7)
claim("orthogonal × 0.9: still far below 1", factor["orthogonal × 0.9"], between=(0.75, 0.88))
claim("orthogonal × 1.0: U keeps every length, and yet it fades", factor["orthogonal × 1.0"], between=(0.85, 0.95))
claim("orthogonal × 1.5: it explodes", factor["orthogonal × 1.5"], at_least=1.02)
claim("ReLU with the identity fades by far the slowest", factor["ReLU, identity"], between=(0.96, 1.0))

# %% [markdown]
# With a default network, the gradient from 100 steps ago is not small, it is *gone*. The culprits are two. U shrinks, in the long run: its eigenvalues are
# below 1. And tanh shrinks,
# for $1 - h^2$ is below 1 wherever a unit is not at zero; that is why even a rotation fades. A relu that is on has the slope 1. It fades
# all the same, because units that reach zero pass nothing on.
#
# It can be gone literally. The computer's usual numbers (float32) cannot be smaller than about $10^{-45}$: what is smaller is stored as
# zero. **Before you run:** for the default network, about how many steps does that take?


# %%
def first_number(net, x):
    """|∂h_T[0] / ∂x| by lag: the largest entry of each step, (T,)."""
    x = x.clone().requires_grad_()
    return torch.autograd.grad(net(x)[0][-1, 0], x)[0].abs().amax(dim=1).flip(0)


long = torch.randn(300, 4, dtype=torch.float64)
exact = first_number(networks["default"], long)
rounded = first_number(networks["default"].float(), long.float())
networks["default"].double()
claim("300 steps back, float64 still holds a gradient", is_true=0 < exact[-1] < 1e-45)
claim("in float32 it is zero, exactly", rounded[-1], close_to=0, tolerance=0)
claim("the first lag with a zero lies between 130 and 280", int((rounded == 0).nonzero()[0]), between=(130, 280))

# %% [markdown]
# A gradient of zero in float32 does not mean that no path exists ([lesson 02](02_shapes.ipynb)). Where it matters which of the two it is, count in float64.
#
# ## Which matrix explodes?
#
# Leave out tanh and input for a moment. Then $h_t = U h_{t-1}$, and $k$ steps back the Jacobian is $U^k$: a matrix, multiplied by itself
# again and again.
#
# $$A = \begin{pmatrix} \tfrac12 & 8 \\ 0 & \tfrac12 \end{pmatrix} \qquad
# B = \tfrac{21}{20} \begin{pmatrix} 0 & -1 \\ 1 & 0 \end{pmatrix} \qquad
# C = \begin{pmatrix} \tfrac35 & \tfrac25 \\ \tfrac25 & \tfrac35 \end{pmatrix}$$
#
# ### Exercise 04.3 · Predict (10 min, ●●○)
#
# *Goal:* what becomes of the size of $U^k$ as $k$ grows, for each of the three? *Given:* pen and paper. *Done when* the check says ✓. Write
# `"vanishes"`, `"explodes"` or `"stays"` (tends to a size that is neither zero nor infinite).

# %% tags=["exercise"]
fate = {"A": ..., "B": ..., "C": ...}  # "vanishes", "explodes" or "stays"
### BEGIN SOLUTION
fate = {"A": "vanishes", "B": "explodes", "C": "stays"}
### END SOLUTION

# %% tags=["check"]
fate = exercise("04.3", fate)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Do not look for the largest entry. Look for a vector that the matrix turns into a multiple of itself. For B, ask what it does to a
# length.
# </details>
# <details><summary>Fuller hint</summary>
#
# In the long run the largest **eigenvalue** decides (its absolute value): below 1 vanishing, above 1 exploding. A is triangular, so
# its eigenvalues stand on the diagonal. C turns (1, 1) into (1, 1).
# </details>

# %% tags=["nbval-ignore-output"]
matrices = {"A": [[0.5, 8.0], [0.0, 0.5]], "B": [[0.0, -1.05], [1.05, 0.0]], "C": [[0.6, 0.4], [0.4, 0.6]]}
matrices = {name: torch.tensor(rows, dtype=torch.float64) for name, rows in matrices.items()}
sizes = {
    name: torch.stack([torch.linalg.matrix_norm(torch.linalg.matrix_power(M, k), 2) for k in range(61)])
    for name, M in matrices.items()
}
labels = {"x": "power k", "y": "size of the k-th power"}
plot.series(sizes, log=True, **labels, title="A rises first, and then vanishes")

# %% [markdown]
# The size drawn is the **largest singular value** $\sigma$: the most by which a matrix can stretch a vector in *one* application. A has a
# large one, and rises at first. But it cannot stretch the same vector twice, and in the end its eigenvalues win.
#
# So $\sigma$ gives a bound, and only a bound. Every step multiplies by $\text{diag}(1 - h^2)$, which stretches nothing, and by U:
#
# $$\left\| \frac{\partial h_T}{\partial x_{T-k}} \right\| \le \sigma(U)^k \, \| W \|$$
#
# If $\sigma(U) < 1$, the gradient *must* vanish. If $\sigma(U) > 1$, it *may* explode, or vanish all the same. The default network is a
# case of the latter.

# %%
claim("A rises above 5 first, and ends below a millionth", is_true=sizes["A"].max() > 5 and sizes["A"][-1] < 1e-6)
claim("B ends above 10", sizes["B"][-1], at_least=10)
claim("C stays at 1", sizes["C"][-1], close_to=1, tolerance=0.01)
k, within = torch.arange(100), []
for name, net in networks.items():
    bound = torch.linalg.matrix_norm(net.weight_hh_l0, 2) ** k * net.weight_ih_l0.norm()
    within.append((fading[name] / bound).max())
claim("all five networks, all lags: never above the bound", max(within), at_most=1 + 1e-6)
largest = torch.linalg.matrix_norm(networks["default"].weight_hh_l0, 2)
claim("the default U has σ above 1, and its gradient vanishes", is_true=largest > 1 and factor["default"] < 0.7)

# %% [markdown]
# ## Against exploding: clip
#
# An exploding gradient is no slow trouble: one step along it can throw the weights away. The remedy keeps its *direction* and limits its
# *length*. Take the norm of **all** gradients together, as if they were one long vector; if it is above the limit, multiply all of them by the one
# number that brings it to the limit. Else leave them alone.
#
# ### Exercise 04.4 · Clip by norm (10 min, ●●○)
#
# *Goal:* the clipped gradients, a list of the same shapes. *Given:* a list of tensors and the limit. *Done when* the check says ✓. Make new
# tensors; do not change those that you were given.


# %% tags=["exercise"]
def clip_by_norm(gradients, limit):
    """Shorten gradients to a total norm of at most `limit`.

    gradients: list of tensors, any shapes. limit: > 0. Returns a list of tensors of the same shapes.
    """
    ### BEGIN SOLUTION
    norm = sum(g.square().sum() for g in gradients).sqrt()
    return [g * limit / norm if norm > limit else g for g in gradients]
    ### END SOLUTION


# %% tags=["check"]
clip_by_norm = exercise("04.4", clip_by_norm)

# %% [markdown]
# <details><summary>Hint</summary>
#
# One norm for all: the squares of every entry of every tensor, summed, then the root. One factor for all.
# </details>
# <details><summary>Fuller hint</summary>
#
# `norm = sum(g.square().sum() for g in gradients).sqrt()`. If `norm > limit`, the factor is `limit / norm`, else 1.
# </details>
#
# The smallest recurrent network: one number, $h_t = u\,h_{t-1}$, from $h_0 = 1$. After 30 steps $h_{30} = u^{30}$. The error is
# $(h_{30} - \tfrac12)^2$, and we start at $u = 1.1$. Gradient descent, with and without clipping.
#
# **Before you run:** the error is drawn for every $u$. Where is the cliff?


# %% tags=["nbval-ignore-output"]
def descend(limit, rate=0.002):
    """120 steps of gradient descent on (u³⁰ − ½)² from u = 1.1; returns all 121 values of u."""
    path = [1.1]
    for _ in range(120):
        u = torch.tensor(path[-1], dtype=torch.float64, requires_grad=True)
        [gradient] = torch.autograd.grad((u**30 - 0.5) ** 2, u)
        path.append((u - rate * clip_by_norm([gradient], limit)[0]).item())
    return torch.tensor(path)


clipped, unclipped, u = descend(limit=1.0), descend(limit=float("inf")), torch.linspace(0.9, 1.12, 300)
fig = plot.series({"": (u**30 - 0.5) ** 2}, xs=u, x="weight u", y="error", title="Clipped steps walk down the cliff")
fig.axes[0].plot(clipped, (clipped**30 - 0.5) ** 2, "o", color="#D55E00", label="with clipping, every step")
fig.axes[0].legend()
fig

# %%
claim("without clipping, the first step carries u away by more than 10", (unclipped[1] - 1.1).abs(), at_least=10)
claim("with clipping, it comes down to the target", (clipped[-1] ** 30 - 0.5).abs(), at_most=0.01)

# %% [markdown]
# The gradient up there is not wrong. It is right for a tiny step only, and the step is not tiny. Clipping makes it so. It does nothing
# against *vanishing*: a gradient that is zero cannot be made long again.
#
# ## Truncated BPTT
#
# A sequence of a million steps cannot be unrolled: every state must be kept for the way back. **Truncated** BPTT reads it in windows. The
# *state* is carried from window to window; the *gradient* is not. `state.detach()` is the same numbers without their history.
#
# ### Exercise 04.5 · Where to detach (10 min, ●●○)
#
# *Goal:* run a layer in windows, the state carried, its gradient cut between windows. *Given:* `layer`, called as
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
run_in_windows = exercise("04.5", run_in_windows)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `x.split(window, dim=1)` gives the windows. Which of the two things that a window returns goes into the next one?
# </details>
# <details><summary>Fuller hint</summary>
#
# In the loop: `y, state = layer(part, state)`, then `state = state.detach()`. Do not detach `y`: from it the window itself learns.
# </details>
#
# ## What can then not be learnt
#
# The task **echo**: at every step, repeat the input of eight steps ago. The dots below are what the network has to learn: that output $t$ depends on
# input $t - 8$. The blue fields are where a gradient can flow, $\partial y_t / \partial x_s \ne 0$.
#
# **Before you run:** windows of 8 steps, of 9, or one window for all 24. In which do dots lie in the blue?

# %% tags=["nbval-ignore-output"]
lag, steps = 8, 24
small = nn.RNN(1, 8, batch_first=True)
fig, axes = plot.panels(1, 3, size=(4, 3.9), sharey=True)
for ax, window in zip(axes, (8, 9, 24)):
    given = torch.randn(1, steps, 1, requires_grad=True)
    y = run_in_windows(small, given, window)[0]
    reach = torch.stack([torch.autograd.grad(y_t.sum(), given, retain_graph=True)[0][0, :, 0] != 0 for y_t in y])
    ax.pcolormesh(reach, cmap="Blues", vmin=0, vmax=2, edgecolors="white")
    needed = torch.arange(steps - lag)
    ax.plot(needed + 0.5, needed + lag + 0.5, "o", color="#D55E00", markersize=4)
    ax.set(title=f"window {window}", xlabel="input step s", ylim=(steps, 0), xticks=[], yticks=[])
axes[0].set_ylabel("output step t")
fig.suptitle("Dots in the blue can be learnt", fontsize=13)
fig

# %% [markdown]
# With windows of 8, *no* dot lies in the blue: the input that matters is always in the window before. With windows of 9, two do, one for
# each full window: two pairs out of sixteen.
#
# **Before you run:** will the network with windows of 9 learn an eighth of the task, or all of it?


# %% tags=["nbval-ignore-output"]
class Echo(nn.Module):
    """A recurrent network with a read-out, run in windows. (N, T, 1) → (N, T, 1)."""

    def __init__(self, window, H=16):
        super().__init__()
        self.window, self.layer, self.readout = window, nn.RNN(1, H, batch_first=True), nn.Linear(H, 1)

    def forward(self, x):
        return self.readout(run_in_windows(self.layer, x, self.window))


def loss(model, x, y):
    return (model(x) - y)[:, lag:].square().mean()


losses = {}
for window in (8, 9, 24):
    history = fit(Echo(window), loss, lambda: echo(32, steps, lag), steps=600, lr=3e-3, clip=1.0, quiet=True)
    losses[f"window {window}"] = torch.tensor(history.losses)
smooth = {name: values.unfold(0, 20, 20).mean(1) for name, values in losses.items()}
labels = {"x": "training step", "y": "mean squared error", "levels": {"always answer 0": 1.0}}
title = "One step more in the window decides"
plot.series(smooth, xs=range(10, 600, 20), log=True, **labels, title=title)

# %%
claim("window 8: in the end as bad as always answering 0", smooth["window 8"][-1], at_least=0.85)
claim("window 8: better in between than in the end", smooth["window 8"][-1] - smooth["window 8"].min(), at_least=0.03)
claim("window 9: learnt, down to less than two fifths", smooth["window 9"][-1], at_most=0.4)
claim("window 24: learnt, down to less than a twentieth", smooth["window 24"][-1], at_most=0.05)

# %% [markdown]
# Two pairs teach it, and serve all sixteen: the weights are shared over time. (Had the network learnt those two alone, its error would
# be 14/16.) Here, with no pair within a window, the network ends where it
# began.
#
# Look at its curve, though. It falls first, and then *rises again*. Truncation cuts the error, not the memory: the state still
# crosses the border, with faint traces of old inputs in it, and the gradient that is left can teach the network to read them. It cannot
# say how they came to be there. Each update is made as if the past were given, and changes the weights that made it. In shorter tasks we
# have seen a truncated network learn the echo to the end; nothing promises it.

# %% [markdown]
# ## What you can now do
#
# - **By hand**: $\delta_t = \lambda_t \circ (1 - h_t^2)$, then $W^\top \delta_t$ to the input and $U^\top \delta_t$ to the step before. Weights
#   collect from all steps.
# - **A factor per step**: far below 1 with torch's default, still below 1 with a rotation, above 1 with a gain that is large enough. In
#   the long run it is at most the largest singular value of U.
# - **Clipping** keeps the direction and limits the length. **Truncating** keeps the state and cuts the error: what fits in no window, no
#   error teaches.
#
# Where it fails: we can *start* almost without vanishing, but training moves U, and tanh goes on shrinking. [lesson 06](06_lstm.ipynb) looks at a network
# that is built to let an error pass, and measures whether it does.
#
# <details><summary>Test yourself: why does clipping each entry to ±1 change the direction, and clipping the norm not?</summary>
#
# Entry by entry (10, 1) becomes (1, 1): another direction. By the norm both are divided by the same number.
# </details>
# <details><summary>Test yourself: what does U need for a gradient to be kept over any number of steps, if tanh is left out?</summary>
#
# It must keep lengths: a rotation or a reflection. Such matrices are called orthogonal.
# </details>
#
# *Further reading.* P. J. Werbos, "Backpropagation through time", *Proc. IEEE* 78 (1990). Y. Bengio, P. Simard, P. Frasconi, "Learning
# long-term dependencies with gradient descent is difficult", *IEEE Trans. Neural Networks* 5 (1994). R. Pascanu, T. Mikolov, Y. Bengio, "On
# the difficulty of training recurrent neural networks", *ICML* (2013). Q. V. Le, N. Jaitly, G. E. Hinton,
# "A simple way to initialize recurrent networks of rectified linear units", arXiv (2015).
