# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 05 · Vanishing gradients
#
# **What is left of an error after a hundred steps?**
#
# After this lesson you will be able to
# - measure by which factor a gradient shrinks or grows with each step back, and say where the factor comes from,
# - tell from a matrix whether its powers vanish or explode,
# - clip a gradient that explodes, and say why nothing of the kind helps one that vanishes.
#
# Needs: [lesson 04](04_bptt.ipynb), matrices. About 90 minutes. Mapping: many-to-one.

# %%
import torch
from torch import nn
from lstmkit import claim, exercise, fit, generator, outcome, plot, predict, seed
from lstmkit.data.memory import echo

seed(5)

# %% [markdown]
# ## A whisper
#
# In [lesson 04](04_bptt.ipynb) an error walked back through time, and grew fainter with every step. How faint after a *hundred* steps? A sentence
# has a hundred letters, and its first word may decide how it must end.

# %% tags=["nbval-ignore-output"]
xs = [f"$x_{t}$" for t in range(1, 9)]
ys = [""] * 7 + ["$y_8$"]
widths = [8 * 0.6 ** (8 - t) for t in range(1, 9)]
plot.road_back(xs, ys, errors=[8], widths=widths, title="One error; the arrows are as thick as what arrives")

# %% [markdown]
# Take the smallest network, one unit: $h_t = \tanh(w x_t + u h_{t-1})$. One step back multiplies the error by the slope of the tanh and by $u$.
# So $k$ steps back are $k$ factors:
#
# $$\frac{\partial h_T}{\partial h_{T-k}} = u\,(1 - h_T^2) \cdot u\,(1 - h_{T-1}^2) \cdots u\,(1 - h_{T-k+1}^2)$$
#
# A hundred factors of 0.9 make $0.9^{100} \approx 0.00003$. A hundred factors of 1.1 make $1.1^{100} \approx 14{,}000$. There is hardly a number
# between "vanishes" and "explodes".

# %% [markdown]
# ## By lag
#
# With H units, $u$ is a matrix, and so is the product. Call it $M_k$: row $i$ is the error that starts from number $i$ of the last
# state, $k$ steps back. One more step back multiplies each row by the slopes, and then by U:
#
# $$M_0 = I \qquad \frac{\partial h_T}{\partial x_{T-k}} = M_k\, \text{diag}(s_{T-k})\, W \qquad M_{k+1} = M_k\, \text{diag}(s_{T-k})\, U$$
#
# | symbol | variable | shape | meaning |
# |---|---|---|---|
# | $s_t = 1 - h_t^2$ | `slopes` | (T, H) | the slopes of the tanh at each step |
# | $M_k$ | `M` | (H, H) | $\partial h_T / \partial h_{T-k}$ |
# | $M\, \text{diag}(s)$ | `M * s` | (H, H) | column $j$ times $s_j$ |
#
# A matrix of all derivatives of several numbers by several others is a **Jacobian**. For one number that says how large it is we take its **Frobenius
# norm**: the root of the sum of all squares.
#
# ### Exercise 05.1 · The gradient by lag (12 min, ●●●)
#
# *Goal:* the Frobenius norm of $\partial h_T / \partial x_{T-k}$ for every lag $k$. *Given:* the slopes of all steps, W and U. *Done when* the check says
# ✓. Entry 0 is lag 0, the *last* step.


# %% tags=["exercise"]
def gradient_by_lag(slopes, W, U):
    """The size of ∂h_T/∂x_{T-k} for k = 0 … T-1.

    slopes: the derivative of the activation at each step, (T, H). W: (H, D). U: (H, H). Returns (T,), entry k for lag k.
    """
    ### BEGIN SOLUTION
    M, sizes = torch.eye(len(U), dtype=U.dtype), []
    for s in slopes.flip(0):
        sizes.append((M * s @ W).norm())
        M = M * s @ U
    return torch.stack(sizes)
    ### END SOLUTION


# %% tags=["check"]
gradient_by_lag = exercise("05.1", gradient_by_lag)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Start with `M = torch.eye(len(U), dtype=U.dtype)` and walk from the last step to the first, `for s in slopes.flip(0)`. In each step: a size, then the
# new `M`. `A.norm()` of a matrix is its Frobenius norm.
# </details>
# <details><summary>Fuller hint</summary>
#
# `(M * s @ W).norm()` goes into the list (`*` is done from left to right with `@`: first `M * s`, then `@ W`). Then `M = M * s @ U`. At the end
# `torch.stack`.
# </details>
#
# Now a network as torch makes it: `nn.RNN`, 64 units, its weights small random numbers, nothing trained. It reads a hundred steps of random
# input. Networks differ, so we make five and take the middle one at each lag.


# %%
def network(H=64, gain=None):
    """An untrained tanh network. gain: None for torch's own U; else U is a random rotation times gain."""
    net = nn.RNN(4, H, dtype=torch.float64)
    if gain is not None:
        nn.init.orthogonal_(net.weight_hh_l0, gain=gain)
    return net


def fade(H=64, gain=None, T=100):
    """The gradient by lag: at each lag the median of five networks, (T,)."""
    sizes = []
    with torch.no_grad():
        for _ in range(5):
            net = network(H, gain)
            h = net(torch.randn(T, 4, dtype=torch.float64))[0]
            sizes.append(gradient_by_lag(1 - h**2, net.weight_ih_l0, net.weight_hh_l0))
    return torch.stack(sizes).median(0).values


# %% [markdown]
# **Before you run:** compare lag 99 with lag 0. What is left: a hundredth, a millionth, less? And what does a constant factor per step look like if
# the axis is logarithmic?

# %% tags=["predict"]
predict("05.a", ...)  # the power of ten of what is left: -2 for a hundredth, -6 for a millionth

# %% tags=["nbval-ignore-output"]
fading = {"default": fade()}
labels = {"x": "lag k (steps)", "y": "size of ∂h(T) / ∂x(T − k)"}
plot.series(fading, log=True, **labels, title="The gradient by lag, untrained network")

# %% tags=["claim"]
left = fading["default"][-1] / fading["default"][0]
outcome("05.a", round(left.log10().item()))
claim("less than a billionth of a billionth is left", left, at_most=1e-18)
net, x = network(), torch.randn(100, 4, dtype=torch.float64)
jacobian = torch.autograd.functional.jacobian(lambda x: net(x)[0][-1], x).permute(1, 0, 2)
exact = torch.linalg.matrix_norm(jacobian).flip(0)
mine = gradient_by_lag(1 - net(x)[0] ** 2, net.weight_ih_l0, net.weight_hh_l0)
claim("autograd finds the same sizes", (mine / exact - 1).abs().max(), at_most=1e-8)

# %% [markdown]
# Far less. The curve is nearly a straight line, and on a logarithmic axis that is what a constant **factor per step** looks like: each step
# back multiplies the size by the same number. This is the **vanishing gradient**. Whatever the last state should have learnt from the first input, next to
# nothing of it arrives.
#
# ## When is it zero?
#
# Even a tiny number is a number. But the computer's usual ones (float32) cannot be smaller than about $1.4 \cdot 10^{-45}$: what is smaller is stored
# as zero. With a factor per step, the lag where that happens is a matter of arithmetic.
#
# ### Exercise 05.2 · Steps until zero (8 min, ●●○)
#
# *Goal:* the first lag at which $\text{first} \cdot \text{factor}^k$ is below `smallest`. *Given:* the size at lag 0, a factor below 1, the smallest
# number. *Done when* the check says ✓: a whole number. Solve $\text{first} \cdot \text{factor}^k = \text{smallest}$ for $k$ on paper first.


# %% tags=["exercise"]
def steps_until_zero(first, factor, smallest):
    """The first lag k = 0, 1, 2 … at which first · factor**k is below smallest.

    first: > 0. factor: between 0 and 1. smallest: > 0 and below first. All Python numbers. Returns a whole number.
    """
    ### BEGIN SOLUTION
    k = 0
    while first * factor**k >= smallest:
        k = k + 1
    return k
    ### END SOLUTION


# %% tags=["check"]
steps_until_zero = exercise("05.2", steps_until_zero)

# %% [markdown]
# <details><summary>Hint</summary>
#
# By logarithms: $k = \ln(\text{smallest} / \text{first}) / \ln(\text{factor})$. It is a fraction; which whole number comes next? A `while` loop is as
# good.
# </details>
# <details><summary>Fuller hint</summary>
#
# `import math`, then `math.floor(math.log(smallest / first) / math.log(factor)) + 1`. Or count: start at `k = 0` and add 1 while
# `first * factor**k >= smallest`.
# </details>
#
# Now hold it against a real network. In float64 we measure the size of one gradient, $\partial h_T[0] / \partial x_{T-k}$, at lag 0, and its factor. From
# these two numbers your function foretells the lag of the first zero in float32.


# %%
def first_number(net, x):
    """The largest entry of ∂h_T[0]/∂x by lag, (T,)."""
    x = x.clone().requires_grad_()
    gradient = torch.autograd.grad(net(x)[0][-1, 0], x)[0]
    return gradient.abs().amax(dim=1).flip(0)


net, x_long = network(), torch.randn(300, 4, dtype=torch.float64)
in_float64 = first_number(net, x_long)
per_step = (in_float64[200] / in_float64[0]) ** (1 / 200)
foretold = steps_until_zero(in_float64[0].item(), per_step.item(), smallest=2.0**-149)
in_float32 = first_number(net.float(), x_long.float())
found = int((in_float32 == 0).nonzero()[0])

# %% tags=["claim"]
claim("the arithmetic foretells the lag of the first zero to within a tenth", abs(foretold / found - 1), at_most=0.1)
claim("there, float64 still holds a gradient", is_true=in_float64[found] > 0)

# %% [markdown]
# So a gradient can be zero for two reasons that must not be confused. A **missing path** gives zero in any arithmetic
# ([lesson 04](04_bptt.ipynb)'s triangle). A **vanished** gradient has a path, and is zero because the number was too small to be
# written down. Where it matters which of the two you see, count in float64.
#
# ## Where does the factor come from?
#
# **Before you run:** a network four times as wide, 256 units instead of 64, also as torch makes it. Will its gradient fade faster, slower, or alike?

# %% tags=["predict"]
predict("05.b", ...)  # "faster", "slower" or "alike"


# %% tags=["nbval-ignore-output"]
def factor(sizes):
    """The factor per step of a gradient by lag, between lag 1 and the last."""
    return ((sizes[-1] / sizes[1]) ** (1 / (len(sizes) - 2))).item()


wide = {"H = 64": fading["default"], "H = 256": fade(H=256)}
plot.series(wide, log=True, **labels, title="Two widths")

# %% tags=["claim"]
factors = [factor(sizes) for sizes in wide.values()]
difference = factors[1] - factors[0]
outcome("05.b", "alike" if abs(difference) < 0.05 else "slower" if difference > 0 else "faster")
claim("neither factor is far from 1/√3 = 0.577", max(abs(f - 3**-0.5) for f in factors), at_most=0.07)

# %% [markdown]
# Alike, and it is no accident. torch draws the entries of U evenly between $-1/\sqrt{H}$ and $1/\sqrt{H}$. The mean of their squares is $1/(3H)$. Each number
# of $U^\top \delta$ is a sum of H products with random signs, so its square is about $\|\delta\|^2 / (3H)$. There are H such numbers:
#
# $$\| U^\top \delta \|^2 \approx H \cdot \frac{\|\delta\|^2}{3H} = \frac{\|\delta\|^2}{3}$$
#
# So the length shrinks to $1/\sqrt3$ at each step, whatever H is. That is the first culprit: U. The second one is the tanh: its slopes are at most 1, and
# below 1 wherever a unit is not at zero.
#
# ## Rotations
#
# If U is to blame, take a better one. A **rotation** (or reflection; such matrices are called **orthogonal**) changes no vector's length. Times a *gain*
# $g$, it makes every vector $g$ times as long. And one more idea: U the identity matrix, and **ReLU** instead of tanh, whose slope is 1 where it
# is on and 0 where it is off (Le, Jaitly and Hinton, 2015).
#
# **Before you run:** gains 0.9, 1.0 and 1.5. Which of the three fade, and does any explode?


# %%
def fade_relu(H=64, T=100):
    """As fade, for ReLU with U the identity and no biases."""
    sizes = []
    with torch.no_grad():
        for _ in range(5):
            net = nn.RNN(4, H, nonlinearity="relu", bias=False, dtype=torch.float64)
            nn.init.eye_(net.weight_hh_l0)
            h = net(torch.randn(T, 4, dtype=torch.float64))[0]
            sizes.append(gradient_by_lag((h > 0).double(), net.weight_ih_l0, net.weight_hh_l0))
    return torch.stack(sizes).median(0).values


# %% tags=["nbval-ignore-output"]
for g in (0.9, 1.0, 1.5):
    fading[f"rotation × {g}"] = fade(gain=g)
fading["ReLU, identity"] = fade_relu()
plot.series(fading, log=True, **labels, title="Five ways to start, none of them trained")

# %% tags=["claim"]
rotation, relu = factor(fading["rotation × 1.0"]), fading["ReLU, identity"]
claim("× 1.0 keeps every length, and yet the gradient fades by a tenth per step", rotation, between=(0.85, 0.94))
claim("× 1.5 explodes", factor(fading["rotation × 1.5"]), at_least=1.02)
claim("ReLU: fifty steps back more than half is left", relu[50] / relu[0], at_least=0.55)

# %% [markdown]
# Two fade and one explodes. That a pure rotation fades is the tanh's work alone. For rotations the two culprits can be put into one line of arithmetic: the gain
# times the typical slope (the root of the mean of all $s^2$).
#
# ReLU goes by no steady factor. A unit that is on passes the error on unchanged, and one that is off passes nothing. So what is left at lag $k$ is
# carried by the units that were on *without a break*. Fifty steps back these are many; a hundred steps back they are few, and in some
# networks none. Then the gradient is zero, exactly: not vanished, and no path missing, but every path *closed*.

# %% tags=["claim"]
apart = {}
for g in (0.9, 1.0):
    with torch.no_grad():
        h = torch.stack([network(gain=g)(torch.randn(100, 4, dtype=torch.float64))[0] for _ in range(5)])
    apart[g] = abs(g * (1 - h**2).square().mean().sqrt() / factor(fading[f"rotation × {g}"]) - 1)
claim("gain times typical slope gives the factor per step, to 3 %", max(apart.values()), at_most=0.03)

# %% [markdown]
# ### Exercise 05.3 · Find the gain (5 min, ●○○)
#
# *Goal:* a gain with which the gradient of a rotation neither vanishes nor explodes: a factor per step between 0.98 and 1.02. *Given:*
# `factor(fade(gain=1.2))`, to be tried in a cell of your own. *Done when* the check says ✓.

# %% tags=["exercise"]
gain = ...  # a number
### BEGIN SOLUTION
gain = 1.27
### END SOLUTION

# %% tags=["check"]
gain = exercise("05.3", gain)

# %% [markdown]
# <details><summary>Hint</summary>
#
# With 1.0 it fades, with 1.5 it explodes. Try the middle.
# </details>
# <details><summary>Fuller hint</summary>
#
# Halve the interval again and again: 1.25, then above or below. The networks are drawn anew at each call, so the third digit means nothing.
# </details>

# %% [markdown]
# It is a narrow ridge: a little less fades, a little more explodes. And it moves with the inputs: larger ones drive the units further from
# zero, where the slopes are smaller. See it move, for one network and one input:


# %% tags=["folded"]
draws = generator(5)
rotation_64 = nn.init.orthogonal_(torch.empty(64, 64, dtype=torch.float64), generator=draws)
W = (torch.rand(64, 4, generator=draws, dtype=torch.float64) - 0.5) / 4
x_100 = torch.randn(100, 4, generator=draws, dtype=torch.float64)


def ridge(gain, input_size):
    """The gradient by lag through a network with U = gain · rotation; and what U alone would make of it."""
    U, h, slopes = gain * rotation_64, torch.zeros(64, dtype=torch.float64), []
    for x_t in input_size * x_100:
        h = torch.tanh(W @ x_t + U @ h)
        slopes.append(1 - h**2)
    both = {"tanh and U": gradient_by_lag(torch.stack(slopes), W, U), "U alone": gain ** torch.arange(100) * W.norm()}
    fig = plot.series(both, log=True, x="lag k (steps)", y="size of ∂h(T) / ∂x(T − k)", title="One network, one input")
    fig.axes[0].set_ylim(1e-12, 1e12)
    return fig


# %% tags=["nbval-ignore-output"]
plot.live(ridge, gain=(0.8, 1.8, 1.0), input_size=(0.0, 4.0, 1.0))

# %% [markdown]
# Run the cell: below the figure stand two sliders. Bring the blue line to lie level. Make the inputs twice as large, and bring it back: which way did the gain have to go? Then no input at all. (Now the ridge is at 1: the units
# stay at zero, where the slope of tanh is 1, and the two lines are one.)

# %% [markdown]
# ## Which matrix explodes?
#
# Leave out tanh and input for a moment. Then $k$ steps back are $U^k$: a matrix multiplied by itself, again and again. Two numbers describe what
# a matrix does.
#
# - Its largest **singular value** σ: the most by which it can stretch a vector *once*.
# - Its **eigenvalues**: a vector that only changes its length under the matrix, not its direction, is an *eigenvector*; the number by which it is
#   multiplied is the *eigenvalue*. (For some matrices they are complex: the direction turns. What counts is the absolute value.)
#
# Here is $\begin{pmatrix} 1.2 & 0.6 \\ 0 & 0.5 \end{pmatrix}$. It turns the circle into the ellipse. Along the dashed lines nothing turns.

# %% tags=["nbval-ignore-output"]
plot.stretch([[1.2, 0.6], [0.0, 0.5]], title="What one matrix makes of a circle")

# %% [markdown]
# Applied again, it meets the ellipse, not the circle. So the black radius need not be stretched a second time; but what lies along a dashed line is
# multiplied by the same factor for ever. Now three others:
#
# $$A = \begin{pmatrix} \tfrac12 & 8 \\ 0 & \tfrac12 \end{pmatrix} \qquad
# B = \tfrac{21}{20} \begin{pmatrix} 0 & -1 \\ 1 & 0 \end{pmatrix} \qquad
# C = \begin{pmatrix} \tfrac35 & \tfrac25 \\ \tfrac25 & \tfrac35 \end{pmatrix}$$
#
# ### Exercise 05.4 · Predict (8 min, ●●○)
#
# *Goal:* what becomes of the size of $U^k$ as $k$ grows, for each of the three? *Given:* pen and paper. *Done when* the check says ✓. Write
# `"vanishes"`, `"explodes"` or `"stays"` (tends to a size that is neither zero nor infinite).

# %% tags=["exercise"]
fate = {"A": ..., "B": ..., "C": ...}  # "vanishes", "explodes" or "stays"
### BEGIN SOLUTION
fate = {"A": "vanishes", "B": "explodes", "C": "stays"}
### END SOLUTION

# %% tags=["check"]
fate = exercise("05.4", fate)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Do not look for the largest entry. Look for a vector that the matrix turns into a multiple of itself. For B, ask what it does to a
# length.
# </details>
# <details><summary>Fuller hint</summary>
#
# In the long run the largest eigenvalue decides (its absolute value): below 1 vanishing, above 1 exploding. A is triangular, so
# its eigenvalues stand on the diagonal. C turns (1, 1) into (1, 1).
# </details>

# %% tags=["folded", "nbval-ignore-output"]
matrices = {"A": [[0.5, 8.0], [0.0, 0.5]], "B": [[0.0, -1.05], [1.05, 0.0]], "C": [[0.6, 0.4], [0.4, 0.6]]}
powers = {}
for name, rows in matrices.items():
    matrix, power, stretches = torch.tensor(rows), torch.eye(2), []
    for _ in range(61):
        stretches.append(torch.linalg.matrix_norm(power, 2))
        power = power @ matrix
    powers[name] = torch.stack(stretches)
plot.series(powers, log=True, x="power k", y="largest singular value of the power", title="Powers of three matrices")

# %% [markdown]
# A rises at first, because it *can* stretch a vector eightfold, once. In the long run its eigenvalues of ½ win.
#
# Back to networks. Each step multiplies by slopes of at most 1, which stretch nothing, and by U. So the largest singular value gives a bound, and only
# a bound:
#
# $$\left\| \frac{\partial h_T}{\partial x_{T-k}} \right\| \le \sigma(U)^k \, \| W \|$$
#
# If $\sigma < 1$, the gradient *must* vanish. If $\sigma > 1$, it *may* explode, or vanish all the same. torch's default is of the latter kind: its σ
# is above 1, and its largest eigenvalue is near the $1/\sqrt3$ that you know.

# %% tags=["claim"]
U = network().weight_hh_l0.detach()
claim("the default U could stretch a vector: its σ is above 1", torch.linalg.matrix_norm(U, 2), between=(1.04, 1.3))
claim("its largest eigenvalue is near 0.6", torch.linalg.eigvals(U).abs().max(), between=(0.5, 0.7))

# %% [markdown]
# ## Against exploding: clip
#
# An exploding gradient is no slow trouble: one step along it can throw the weights away. The remedy keeps its *direction* and limits its
# *length*. Take the norm of **all** gradients together, as if they were one long vector; if it is above the limit, multiply all of them by the one
# number that brings it to the limit. Else leave them alone.
#
# ### Exercise 05.5 · Clip by norm (8 min, ●●○)
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
clip_by_norm = exercise("05.5", clip_by_norm)

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
# The smallest recurrent network again, without its tanh: $h_t = u\,h_{t-1}$ from $h_0 = 1$, so $h_{30} = u^{30}$. The error is
# $(h_{30} - \tfrac12)^2$, and we start at $u = 1.1$. Gradient descent, with and without clipping.
#
# **Before you run:** without clipping, where does the *first* step land? Near 1, near 0, far off?


# %%
def descend(limit, steps, rate=0.002):
    """Gradient descent on (u³⁰ − ½)² from u = 1.1; returns every u on the way, (steps + 1,)."""
    path = [torch.tensor(1.1, dtype=torch.float64)]
    for _ in range(steps):
        u = path[-1].clone().requires_grad_()
        gradient = torch.autograd.grad((u**30 - 0.5) ** 2, u)[0]
        path.append(path[-1] - rate * clip_by_norm([gradient], limit)[0])
    return torch.stack(path)


clipped, unclipped = descend(limit=1.0, steps=120), descend(limit=float("inf"), steps=1)

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(1, 2, size=(5.6, 3.8))
views = {"without clipping: one step": (-35, 2, unclipped), "with clipping: 120 steps": (0.9, 1.13, clipped)}
for ax, (title, (low, high, path)) in zip(axes, views.items()):
    u = torch.linspace(low, high, 2000, dtype=torch.float64)
    plot.series((u**30 - 0.5) ** 2 + 1e-6, xs=u, x="weight u", y="error", log=True, title=title, ax=ax)
    ax.plot(path, (path**30 - 0.5) ** 2 + 1e-6, "o-", color="#D55E00", markersize=4)
fig

# %% tags=["claim"]
claim("without clipping, the first step carries u away by more than 30", (unclipped[1] - 1.1).abs(), at_least=30)
claim("with clipping, it comes down to the target", (clipped[-1] ** 30 - 0.5).abs(), at_most=0.01)

# %% [markdown]
# Far off: look at the left panel's axes. One step leads from the right edge to the other side, where the error is larger by dozens of powers of ten.
# The right panel shows the same curve from close by. Between 1.0 and 1.1 the error grows a thousandfold: this is the **cliff**, and with clipping
# the weight climbs down from it in small steps.
#
# The gradient up there is not wrong. It is right for a tiny step only, and the step is not tiny. Clipping makes it so. Against *vanishing* it can do
# nothing: a gradient that is lost in the noise of nearer steps, or rounded to zero, is not brought back by any factor.
#
# ## Does it matter?
#
# One last experiment: **echo**, now of *thirty* steps ago. Two networks of 32 units, alike but for U: torch's own, or a rotation. Always answering 0 has an
# error of 1. To be fair, torch's own gets three learning rates, the rotation one.
#
# **Before you run:** what error will the best of the three have after 600 steps?

# %% tags=["predict"]
predict("05.c", ...)  # a number


# %%
class Echo(nn.Module):
    """A recurrent network with a read-out. (N, T, 1) → (N, T, 1). rotation: start from an orthogonal U."""

    def __init__(self, rotation):
        super().__init__()
        self.layer = nn.RNN(1, 32, batch_first=True)
        self.readout = nn.Linear(32, 1)
        if rotation:
            nn.init.orthogonal_(self.layer.weight_hh_l0)

    def forward(self, x):
        return self.readout(self.layer(x)[0])


def loss(model, x, y):
    return (model(x) - y)[:, 30:].square().mean()


# %% tags=["nbval-ignore-output"]
curves = {}
for name, rotation, lr in [
    ("default", False, 0.001),
    ("default", False, 0.003),
    ("default", False, 0.01),
    ("rotation", True, 0.003),
]:
    history = fit(Echo(rotation), loss, lambda: echo(32, 60, lag=30), steps=600, lr=lr, clip=1.0, quiet=True)
    curves[f"{name}, rate {lr}"] = torch.tensor(history.losses).reshape(30, 20).mean(1)
labels = {"x": "training step", "y": "mean squared error", "levels": {"always answer 0": 1.0}}
plot.series(curves, xs=range(10, 600, 20), **labels, title="Echo of thirty steps ago")

# %% tags=["claim"]
best = min(curve[-1].item() for name, curve in curves.items() if name.startswith("default"))
outcome("05.c", round(best, 2))
claim("in 600 steps torch's own network learns nothing, at none of three rates", best, at_least=0.85)
claim("the rotation learns", curves["rotation, rate 0.003"][-1], at_most=0.3)

# %% [markdown]
# Nothing learnt, against nearly all. Both networks can *represent* the echo equally well: they are the same network. What differs is whether the error
# arrives. (At a shorter lag the default learns, too: try 12 in place of 30, in both cells.)

# %% [markdown]
# ## What you can now do
#
# - **A factor per step**: $1/\sqrt3$ with torch's default, whatever the width; gain times typical slope for a rotation. In float32 the rest can be
#   zero, and arithmetic says where.
# - **A matrix's powers** follow its largest eigenvalue in the long run; its largest singular value is a bound for one step.
# - **Clipping** keeps the direction and limits the length. It brings back nothing that has vanished.
#
# **Where people use this.** Clipping by norm is in nearly every recipe for training recurrent networks. Orthogonal starts are common, and torch has
# them built in.
#
# **Where it fails.** We can *start* almost without vanishing, but training moves U, and tanh goes on shrinking. [lesson 06](06_lstm.ipynb) looks at
# a network that is built to let an error pass, and [lesson 07](07_long_memory.ipynb) measures whether it does.

# %% [markdown]
# <details><summary>Test yourself: why does clipping each entry to ±1 change the direction, and clipping the norm not?</summary>
#
# Entry by entry (10, 1) becomes (1, 1): another direction. By the norm both are divided by the same number.
# </details>
# <details><summary>Test yourself: in float64 the smallest number is about 5 · 10⁻³²⁴. At which lag is the default's gradient zero there?</summary>
#
# $\ln(5 \cdot 10^{-324}) / \ln(1/\sqrt3) \approx 1355$, a little sooner or later with the network. Wider numbers postpone the end; they do not bring a signal back.
# </details>
# <details><summary>Test yourself: what would entries of U between ±√3/√H do to the factor?</summary>
#
# The mean of their squares is then $1/H$, so U alone would keep lengths; the tanh still shrinks them.
# </details>
#
# *Further reading.* S. Hochreiter, *Untersuchungen zu dynamischen neuronalen Netzen*, diploma thesis, TU München (1991). Y. Bengio, P. Simard,
# P. Frasconi, "Learning long-term dependencies with gradient descent is difficult", *IEEE Trans. Neural Networks* 5 (1994). R. Pascanu, T. Mikolov,
# Y. Bengio, "On the difficulty of training recurrent neural networks", *ICML* (2013). Q. V. Le, N. Jaitly, G. E. Hinton,
# "A simple way to initialize recurrent networks of rectified linear units", arXiv (2015).
