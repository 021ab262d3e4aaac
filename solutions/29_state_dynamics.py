# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 29 · State dynamics
#
# **What does the state do on its own?**
#
# After this lesson you will be able to
# - find the fixed points of a network by descent, and tell from eigenvalues which of them are stable,
# - read from them how a network stores what it has to hold,
# - measure how fast nearby states part, its Lyapunov exponents, and say which of them a network can learn from data.
#
# Needs: [lesson 05](05_vanishing.ipynb) (the factor per step, eigenvalues), [lesson 13](13_chaos.ipynb) (Lorenz). About 90 minutes. Mapping: many-to-many; then none: no
# input at all.

# %%
import torch
from torch import autograd, nn
from lstmkit import cells, claim, exercise, fit, generator, outcome, plot, predict, seed
from lstmkit.data.lorenz import lorenz
from lstmkit.data.memory import held_bits
from lstmkit.gradients import transition_jacobian

# %% [markdown]
# ## Three switches
#
# So far you asked what an *input* does to a network. Now take the input away: each state makes the next, and nobody disturbs it.
#
# Our first network learns to be a row of three switches. Each channel brings a pulse now and then, up or down; its output has to stay where the last pulse has put it.


# %%
class Memory(nn.Module):
    """Three channels in, three out, 32 tanh units between. (N, T, 3) → (N, T, 3)."""

    def __init__(self):
        super().__init__()
        self.rnn, self.read = nn.RNN(3, 32, batch_first=True), nn.Linear(32, 3)

    def forward(self, x):
        return self.read(self.rnn(x)[0])


# %% tags=["folded"]
def distinct(points):
    """Points without their repetitions: each is at least 0.1 from those before it. (P, H) → (fewer, H)."""
    kept = points[:1]
    for point in points[1:]:
        if (kept - point).norm(dim=1).min() > 0.1:
            kept = torch.cat([kept, point[None]])
    return kept


def train(model, batches, steps, lr, skip=0):
    """Adam on the squared error (of what comes after the first `skip` steps); the rate falls to a hundredth. Then float64."""

    def squared_error(model, x, y):
        return (model(x) - y)[:, skip:].square().mean()

    def falling(optimizer):
        return torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0.01, steps)

    fit(model, squared_error, batches, steps=steps, lr=lr, schedule=falling, clip=1.0)
    model.double().requires_grad_(False)


# %% tags=["nbval-ignore-output"]
seed(29)
memory = Memory()
train(memory, lambda: held_bits(64, 30), steps=600, lr=5e-3)
x, y = held_bits(512, 60)
x = x.double()

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(3, 1, size=(10, 1.5), sharex=True)
said = memory(x[:1])[0]
for channel, ax in enumerate(axes):
    ax.bar(range(1, 61), x[0, :, channel], color="#7F7F7F", label="pulses")
    ax.plot(range(1, 61), said[:, channel], color="#0072B2", label="what the network says")
    ax.set(ylim=(-1.7, 1.7), ylabel=f"channel {channel + 1}")
axes[2].set_xlabel("step t")
axes[0].legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
fig

# %% [markdown]
# ## Let it alone
#
# Without a pulse the input's part of the step is zero, and what remains maps a state to the next one:
#
# $$F(h) = \tanh(U h + b)$$
#
# | symbol | variable | shape |
# |---|---|---|
# | $h$ | `h` | (N, H), H = 32 |
# | $U$, $b$ (torch's two biases together) | `U`, `b` | (H, H), (H,) |
# | $F$ | `memory_step` | (N, H) → (N, H) |
#
# A **free run** applies it again and again.

# %%
U = memory.rnn.weight_hh_l0
b = memory.rnn.bias_ih_l0 + memory.rnn.bias_hh_l0


def memory_step(h):
    return torch.tanh(h @ U.T + b)


def free_run(step, start, steps):
    """The states of a network that is let alone. step: state → next state, (N, S) → (N, S). Returns (steps + 1, N, S)."""
    states = [start]
    for _ in range(steps):
        states.append(step(states[-1]))
    return torch.stack(states)


# %% [markdown]
# Take the states in which 200 sequences have left the network, and let each run for 300 steps. (`distinct`, folded above, leaves out repetitions.)
#
# **Before you run:** in how many different places do the 200 end?

# %% tags=["predict"]
predict("29.a", ...)  # a whole number


# %%
visited = memory.rnn(x)[0]  # (512, 60, 32): the states of all sequences at all steps
runs = free_run(memory_step, visited[:200, -1], 300)
places = distinct(runs[-1])

# %% tags=["folded", "nbval-ignore-output"]
shown = [runs[:40, n] for n in range(60)]
none = torch.zeros(len(places))
plot.fixed_points(places, none, paths=shown, names={0: "where they end"}, title="60 of the runs, in three axes")

# %% tags=["claim"]
outcome("29.a", len(places))
patterns = {tuple(signs) for signs in memory.read(places).sign().tolist()}
eight = len(places) == 8 and len(patterns) == 8
claim("the 200 runs end in eight places, one for each pattern of three signs", is_true=eight)

# %% [markdown]
# Eight, one for each pattern. So this is what holding looks like from inside: eight places, and the state sits in one of them. A state with $F(h^*) = h^*$ is a **fixed point** of the network.
#
# (The axes are the points' **principal axes**: of the 32 dimensions the three along which they spread most.)
#
# ## Stable or not
#
# Are these all? By waiting you find only the fixed points to which states *fall*. The smallest case shows the others: one unit, $F(h) = \tanh(2h)$. Go up to the curve, that is the next state; go across to the diagonal, there it becomes $h$; and again.


# %%
def one_unit(weight, start):
    def step(h):
        return torch.tanh(weight * torch.as_tensor(h))

    return plot.staircase(step, starts=[start, 0.04, -0.04], title=f"One unit, let alone: F(h) = tanh({weight:.2f} h)")


# %% tags=["nbval-ignore-output"]
plot.live(one_unit, weight=(0.0, 4.0, 2.0), start=(-1.1, 1.1, 1.1))

# %% [markdown]
# Where the curve crosses the diagonal is a fixed point. At the outer two its slope is below 1: a small deviation is multiplied by less than 1 at each step and dies out. In the middle the slope is 2: a deviation
# doubles, and the state climbs away, up or down. Two valleys, and between them a ridge on which a ball can stand, in principle.
#
# Run the cell, and move its two sliders. Carry the start across the ridge. Then lower the weight to 1: the three points meet. How fast does a state fall there, and how fast at 0?
#
# With H units the slope is a matrix, the Jacobian $J = \partial F / \partial h$:
#
# $$F(h^* + d) \approx h^* + J\, d$$
#
# Its eigenvectors ([lesson 05](05_vanishing.ipynb)) keep their direction, and each is multiplied by its eigenvalue. Above 1 in *absolute value* (it may be negative, or one of a complex pair, which turns in a
# plane): the deviation grows, and this direction is **unstable**. Below 1 it dies out.
#
# ### Exercise 29.1 · Unstable directions (5 min, ●○○)
#
# *Goal:* how many unstable directions each of P fixed points has. *Given:* the Jacobians; `torch.linalg.eigvals` gives complex numbers. *Done when* the check says ✓.


# %% tags=["exercise"]
def unstable_directions(J):
    """How many directions grow at each fixed point. J: Jacobians, (P, H, H). Returns whole numbers, (P,)."""
    ### BEGIN SOLUTION
    return (torch.linalg.eigvals(J).abs() > 1).sum(dim=1)
    ### END SOLUTION


# %% tags=["check"]
unstable_directions = exercise("29.1", unstable_directions)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `torch.linalg.eigvals(J)` has shape (P, H). When does a deviation that is *multiplied* at each step grow?
# </details>
# <details><summary>Fuller hint</summary>
#
# `.abs()` of a complex number is its absolute value. Compare with 1, and count the True ones along dim=1 with `.sum`.
# </details>
#
# ## Downhill to where nothing moves
#
# To find the ridges, too, do not follow the state: look for where it is *slow*. With $v = F(h) - h$, the move that the next step would make, go down
#
# $$q(h) = \tfrac12 \| F(h) - h \|^2 \qquad \nabla q = (J - I)^\top v$$
#
# in the landscape of $q$, valleys and ridges of the network are alike: places of speed zero. For our network a row of $J^\top v$ is one step back through time ([lesson 04](04_bptt.ipynb)): times the slopes of the tanh, then U.
#
# ### Exercise 29.2 · The squared speed (10 min, ●●○)
#
# *Goal:* $q$ and its gradient, without autograd, for N states at once. *Given:* the two formulas. *Done when* the check says ✓.


# %% tags=["exercise"]
def squared_speed(h, U, b):
    """q = ½‖F(h) − h‖² and its gradient in h, for F(h) = tanh(U h + b).

    h: states, (N, H). U: (H, H). b: (H,). Returns q (N,) and its gradient (N, H).
    """
    ### BEGIN SOLUTION
    after = torch.tanh(h @ U.T + b)
    v = after - h
    gradient = (v * (1 - after**2)) @ U - v
    return v.square().sum(dim=1) / 2, gradient
    ### END SOLUTION


# %% tags=["check"]
squared_speed = exercise("29.2", squared_speed)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `after = torch.tanh(h @ U.T + b)`, `v = after - h`. The slope of the tanh is `1 - after**2`. Going forward a row is multiplied by `U.T`; going back?
# </details>
# <details><summary>Fuller hint</summary>
#
# $(J - I)^\top v = J^\top v - v$, and as rows $J^\top v$ is `(v * (1 - after**2)) @ U`.
# </details>
#
# Start from 512 states, each somewhere between two that the network has visited, and let Adam go down. Keep where the speed came to zero: a few starts get stuck where it is slow but not still.


# %%
def descend(h, steps=1500):
    """Downhill in q from each start, the rate falling to zero. h: (N, H). Returns where it ends, (N, H)."""
    h = h.clone()
    adam = torch.optim.Adam([h], lr=0.02)
    falling = torch.optim.lr_scheduler.LinearLR(adam, 1, 0.001, steps)
    for _ in range(steps):
        h.grad = squared_speed(h, U, b)[1]
        adam.step()
        falling.step()
    return h


seen = visited[:, 5:].flatten(0, 1)
one_state, other_state = seen[torch.randint(len(seen), (512,))], seen[torch.randint(len(seen), (512,))]
share = torch.rand(512, 1)
found = descend(share * one_state + (1 - share) * other_state)

# %% [markdown]
# **Before you run:** eight valleys, one for each pattern of bits. How many fixed points will there be in all?

# %% tags=["predict"]
predict("29.b", ...)  # a whole number

# %%
speed = squared_speed(found, U, b)[0]
slowest_first = speed.argsort()
points = distinct(found[slowest_first][speed[slowest_first] < 1e-8])
J = transition_jacobian(memory.rnn, torch.zeros(len(points), 1, 3).double(), points[None])[:, 0]  # (P, 32, 32)
kinds = unstable_directions(J)


# %% tags=["folded"]
def leave(point, J, push=1e-6):
    """The free runs that leave a fixed point to both sides, along the direction that grows most. (301, 2, 32)."""
    values, vectors = torch.linalg.eig(J)
    direction = vectors[:, values.abs().argmax()].real
    direction = direction / direction.norm()
    return free_run(memory_step, torch.stack([point + push * direction, point - push * direction]), 300)


edges = [int(p) for p in (kinds == 1).nonzero()[:, 0]]  # the points with one unstable direction
leaving = {p: leave(points[p], J[p]) for p in edges}
names = {0: "no unstable direction", 1: "one", 2: "two", 3: "three"}

# %% tags=["nbval-ignore-output"]
paths = torch.cat(list(leaving.values()), dim=1).unbind(1)
plot.fixed_points(points, kinds, paths=paths, names=names, title="Fixed points")

# %% [markdown]
# Twenty-seven, and they make a cube. Its **corners** are the eight places that you know. In the middle of each **edge** there is a point with one unstable direction: two bits
# are decided, the third stands on the ridge. The grey paths leave these points to both sides, and fall to the two ends of their edge. In the middle of each **face** two bits are
# undecided, in the **centre** all three. Each bit has three places to be: down, on the ridge, up.

# %% tags=["claim"]
outcome("29.b", len(points))
counts = [int((kinds == kind).sum()) for kind in range(4)]
undecided = (memory.read(points).abs() < 0.5).sum(dim=1)  # channels of each point that say neither −1 nor 1
claim(
    "27 fixed points: 8 with no, 12 with one, 6 with two, 1 with three unstable directions, and as many undecided bits",
    is_true=counts == [8, 12, 6, 1] and undecided.equal(kinds),
)
ends = [memory.read(run[-1]).sign() for run in leaving.values()]  # (2, 3) each
flips = [int((both[0] != both[1]).sum()) for both in ends]
claim("from each edge the two paths end in patterns that differ in a single bit", is_true=set(flips) == {1})

# %% [markdown]
# ### Exercise 29.3 · Four bits (4 min, ●●○)
#
# *Goal:* a prediction. If a network with four channels stores its bits in the same way, how many fixed points has it that are stable, that have two, that have four unstable directions, and in all? *Given:*
# the rule that you have read from the cube. *Done when* the check says ✓.

# %% tags=["exercise"]
four_bits = {"stable": ..., "two unstable directions": ..., "four unstable directions": ..., "in all": ...}
### BEGIN SOLUTION
four_bits = {"stable": 16, "two unstable directions": 24, "four unstable directions": 1, "in all": 81}
### END SOLUTION

# %% tags=["check"]
four_bits = exercise("29.3", four_bits)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Each bit is down, on its ridge, or up, whatever the others do. An unstable direction for each bit on its ridge.
# </details>
# <details><summary>Fuller hint</summary>
#
# Two on their ridges: first choose which two of the four (six ways), then the pattern of the other two.
# </details>
#
# ## The factor per step again
#
# A state beside an edge point leaves it, slowly at first. How fast? By a constant **factor per step**, as in [lesson 05](05_vanishing.ipynb), and this time it is above 1: the largest eigenvalue. At a corner every eigenvalue is below 1,
# so there deviations shrink, by a constant factor again.
#
# **Before you run:** let the network hold its bits for 1000 steps, and ask for the gradient of a state with respect to the state 100 steps before. Will most of it be left, for it remembers, or next to nothing?

# %%
held = free_run(memory_step, visited[:, -1], 1000)[-1]
correct = (memory.read(held).sign() == y[:, -1]).double().mean()
left = {}  # a state that is held sits at a corner: every step multiplies by that corner's Jacobian
for number, corner in enumerate(J[kinds == 0], 1):
    sizes = [torch.linalg.matrix_power(corner, lag).norm().item() for lag in range(101)]
    left[f"corner {number}"] = sizes

# %% tags=["folded", "nbval-ignore-output"]
fig = plot.series(
    left, log=True, x="lag k (steps)", y="size of ∂h(T) / ∂h(T − k)", title="The gradient while a bit is held"
)
fig.axes[0].get_legend().remove()
fig

# %% [markdown]
# Next to nothing, at each of the eight corners (a line each): and the bits are all there. Both follow from one fact. A corner holds its bit *because* it pulls back whatever strays from it, and what strays is exactly what a gradient asks about. **To hold firmly is to
# have a vanishing gradient** (Bengio, Simard and Frasconi, 1994). So a vanished gradient does not prove that nothing is remembered; it says that a *small* change of the past makes no difference. A large one does: a pulse carries
# the state across a ridge.

# %% tags=["claim"]
gaps = []
for p, run in leaving.items():
    distance = (run[:, 0] - points[p]).norm(dim=1)
    near = distance[distance < 1e-3]
    per_step = (near[-1] / near[0]) ** (1 / (len(near) - 1))
    gaps.append((per_step / torch.linalg.eigvals(J[p]).abs().max() - 1).abs())
claim("an edge point is left by a factor per step that is its largest eigenvalue, to 0.1 %", max(gaps), at_most=0.001)
claim("after 1000 steps alone, 99 % of the bits are still right", correct, at_least=0.99)
claim(
    "and of the gradient over 100 steps less than a billionth is left",
    max(sizes[100] for sizes in left.values()),
    at_most=1e-9,
)

# %% [markdown]
# ## A state that never comes to rest
#
# Not every network settles. Take Lorenz's system from [lesson 13](13_chaos.ipynb), all three coordinates this time, and train networks to forecast the next *increment*: where will the point have moved in a step of $0.05$ time units? They see points of the
# orbit, no equation.

# %%
DT = 0.05
orbit = lorenz(8000, generator=generator(0)).values
MEAN, STD = orbit.mean(0), orbit.std(0)
scaled = (orbit - MEAN) / STD
SIZE = scaled.diff(dim=0).std(0)

# %% [markdown]
# Each piece of the orbit that a network trains on begins with a *random* $h$, so that it learns to find its way from any.
#
# Then let it alone: what it forecasts is what it reads next. Its state is now the point together with $h$: $S = 3 + 48 = 51$ numbers, which make the next 51.


# %%
class Forecaster(nn.Module):
    """Reads points and forecasts the increment after each, in units of SIZE. (N, T, 3) → (N, T, 3)."""

    def __init__(self, spread=1.0):
        super().__init__()
        self.gru, self.read, self.spread = nn.GRU(3, 48, batch_first=True), nn.Linear(48, 3), spread

    def forward(self, x):
        h = self.spread * (2 * torch.rand(1, len(x), 48) - 1)  # anywhere between −spread and spread
        return self.read(self.gru(x, h)[0])

    def alone(self, state):
        """One step that reads its own forecast. state: point and h side by side, (N, 51) → (N, 51)."""
        x, h = state[:, :3], state[:, 3:]
        W_ih, W_hh, b_ih, b_hh = self.gru.all_weights[0]
        h = cells.gru_step(nn.functional.linear(x, W_ih, b_ih), h, W_hh, b_hh)
        return torch.cat([x + self.read(h) * SIZE, h], dim=1)


# %% tags=["folded"]
def pieces(N=128, T=8):
    """N pieces of the orbit: points (N, T, 3), and the increment after each, in units of SIZE."""
    rows = torch.randint(len(scaled) - T, (N, 1)) + torch.arange(T + 1)
    return scaled[rows][:, :-1], scaled[rows].diff(dim=1) / SIZE


# %% tags=["nbval-ignore-output"]
networks = []
for n in range(3):
    seed(n)
    networks.append(Forecaster())
    train(networks[n], pieces, steps=900, lr=0.01, skip=1)

# %% [markdown]
# Each reads 50 points of *another* orbit, at twelve places, and is then let alone for 400 steps, 20 time units.

# %%
unseen = (lorenz(4800, generator=generator(1), dtype=torch.float64).values - MEAN) / STD
openings = unseen.unflatten(0, (12, 400))[:, :50]  # (12, 50, 3)


def begin(net):
    """The state after reading: the last point, and h. Returns (12, 51)."""
    _, h = net.gru(openings[:, :-1])
    return torch.cat([openings[:, -1], h[0]], dim=1)


free = free_run(networks[0].alone, begin(networks[0]), 400)

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(1, 2, size=(5.6, 3.8), sharey=True)
for n in range(12):
    axes[0].plot(unseen[400 * n : 400 * n + 400, 0], unseen[400 * n : 400 * n + 400, 2], color="black", linewidth=0.7)
    axes[1].plot(free[:, n, 0], free[:, n, 2], color=plot.COLOURS["gru"], linewidth=0.7)
axes[0].set(title="Lorenz's orbit", xlabel="x (scaled)", ylabel="z (scaled)")
axes[1].set(title="a network on its own", xlabel="x (scaled)")
fig

# %% [markdown]
# ## How fast nearby states part
#
# Here the state does not rest, so ask along the way: by which factor does a small deviation grow in each step, on average? Each step has a Jacobian $J_t$ of its own, and a deviation goes through their product.
#
# Do not multiply them out. In the long run *every* column of the product turns into the one direction that grows fastest, and overflows. Carry a small ball instead, and make it round again after each step:

# %% tags=["nbval-ignore-output"]
two_steps = torch.tensor([[[1.3, 0.3], [0.6, 0.7]], [[1.2, -0.5], [0.5, 0.6]]])
plot.ball_along(two_steps, title="Two steps of an orbit")

# %% [markdown]
# The ball's axes are the columns of $Q$, at right angles and of length 1. A step makes $J_t Q_{t-1}$ of them, stretched and askew. The **QR decomposition** of that matrix gives axes at right angles again, $Q_t$, and on the diagonal of $R_t$ by what each has grown: the
# first by itself, the second at right angles to the first, and so on.
#
# $$J_t Q_{t-1} = Q_t R_t \qquad \lambda_i = \frac{1}{T\, \Delta t} \sum_{t=1}^{T} \ln |R_{t,ii}|$$
#
# The $\lambda_i$ are the **Lyapunov exponents** (Benettin and others, 1980): along the orbit a deviation grows like $e^{\lambda_1 t}$, an area like $e^{(\lambda_1 + \lambda_2) t}$.
#
# | symbol | variable | shape |
# |---|---|---|
# | $J_t$ | `J[t]` (Python's `t`, from 0) | (S, S) |
# | $Q_t$ (k axes), $R_t$ | `Q`, `R` | (S, k), (k, k) |
# | $\Delta t$, the time that a step takes | `dt` | number |
#
# ### Exercise 29.4 · Exponents (11 min, ●●●)
#
# *Goal:* the k largest exponents, after every step the mean so far. *Given:* the Jacobians in order of time; $Q_0$ is the first k columns of the identity, `torch.eye(S, k)`. *Done when* the check says ✓.


# %% tags=["exercise"]
def exponents(J, k, dt=1.0):
    """The k largest Lyapunov exponents, as means that settle.

    J: the Jacobian of each step, (T, S, S). dt: time of a step. Returns (T, k): row t is the mean over the steps 0 … t, per unit of time.
    """
    ### BEGIN SOLUTION
    Q, total, means = torch.eye(J.shape[1], k, dtype=J.dtype), 0, []
    for t in range(len(J)):
        Q, R = torch.linalg.qr(J[t] @ Q)
        total = total + R.diagonal().abs().log()
        means.append(total / ((t + 1) * dt))
    return torch.stack(means)
    ### END SOLUTION


# %% tags=["check"]
exponents = exercise("29.4", exponents)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `Q = torch.eye(J.shape[1], k, dtype=J.dtype)`. In each step `Q, R = torch.linalg.qr(J[t] @ Q)`: the new Q meets the next Jacobian. R's diagonal may be negative; a length is not.
# </details>
# <details><summary>Fuller hint</summary>
#
# Add `R.diagonal().abs().log()` to a running total, and append the total divided by `(t + 1) * dt` to a list. At the end `torch.stack`.
# </details>
#
# Now the truth. Lorenz's own equations make a step, too (folded: five steps of the Runge-Kutta method). The Jacobian of any step comes from autograd, a row for each number of the result (states of a batch do not mix, so
# one sum serves all).


# %% tags=["folded"]
def slopes(p):
    """dx/dt, dy/dt, dz/dt of Lorenz's system. (N, 3) → (N, 3)."""
    x, y, z = p.unbind(1)
    return torch.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z], dim=1)


def lorenz_step(p):
    """0.05 time units of Lorenz's system: five Runge-Kutta steps."""
    for _ in range(5):
        one = slopes(p)
        two = slopes(p + 0.005 * one)
        three = slopes(p + 0.005 * two)
        four = slopes(p + 0.01 * three)
        p = p + 0.01 / 6 * (one + 2 * two + 2 * three + four)
    return p


# %%
def jacobians(step, states):
    """The Jacobian of a step at each of many states. (M, S) → (M, S, S)."""
    states = states.clone().requires_grad_()
    after = step(states)
    rows = [autograd.grad(after[:, i].sum(), states, retain_graph=True)[0] for i in range(after.shape[1])]
    return torch.stack(rows, dim=1)


def settle(step, start):
    """The three largest exponents along free runs of 400 steps: running means, averaged over the runs. (N, S) → (400, 3)."""
    states = free_run(step, start, 399)  # (400, N, S)
    J = jacobians(step, states.flatten(0, 1)).unflatten(0, states.shape[:2])
    return torch.stack([exponents(J[:, n], 3, DT) for n in range(len(start))]).mean(0)


TRUE = [0.906, 0.0, -14.57]  # per time unit, from the literature
curves = {"truth (Lorenz's equations)": [settle(lorenz_step, openings[:, -1] * STD + MEAN)]}

# %% [markdown]
# **Before you run:** the networks have seen 8000 points, and no equation. What will the *first* exponent of their free runs be? The true one is $0.906$: the factor $e$ in every $1.1$ time units ([lesson 13](13_chaos.ipynb)).

# %% tags=["predict"]
predict("29.c", ...)  # per time unit

# %% tags=["nbval-ignore-output"]
curves["GRU, three trainings"] = [settle(net.alone, begin(net)) for net in networks]
plot.exponent_curves(curves, TRUE, DT, limits=[(0, 2), (-1, 1), (-18, 0)])

# %% [markdown]
# The first: near the truth in all three. A network that has seen nothing but points knows how fast the future slips away from it. The second is near zero: a deviation *along* the orbit neither grows nor shrinks. (It settles slowly: the ball must first find its directions.)
#
# And the third is wrong, by far.

# %% tags=["claim"]
own, finals = (
    curves["truth (Lorenz's equations)"][0][-1],
    torch.stack(curves["GRU, three trainings"])[:, -1],
)  # (3,), (3, 3)
outcome("29.c", round(finals[:, 0].mean().item(), 2))
gap = (own - torch.tensor(TRUE)).abs().max()
claim("Lorenz's own equations give the exponents of the literature, to 0.15", gap, at_most=0.15)
gap = (finals[:, :2] - torch.tensor(TRUE[:2])).abs().max()
claim("the networks' first and second are the true ones, to 0.12 in each of the three", gap, at_most=0.12)
claim("their third is above −12 in each", finals[:, 2].min(), at_least=-12)

# %% [markdown]
# ## Why not the third?
#
# The orbit is a thin sheet, two-dimensional for the eye. The first two exponents belong to directions *in* the sheet. The third tells how fast the system pulls back what strays *off* it: to less than half in a single step
# ($e^{-14.57 \cdot 0.05}$). There are two suspects:
#
# - the **state**: 51 numbers, 48 of which are no coordinates of Lorenz's. How fast a stray $h$ comes back is the network's own affair, and the slowest of these directions stands third;
# - the **data**: no point off the sheet was ever shown.
#
# Three more networks try them one at a time. First the same GRU, but each piece begins with $h = 0$, so that other $h$ are not practised: were the third exponent Lorenz's, it would stay. Then a network *without memory*, which reads
# the point alone (three numbers, as in Lorenz's system): on the same points, and, in their place, on short orbits that start off the sheet and come back to it.
#
# **Before you run:** sort the four kinds of network by their third exponent. Which comes near $-14.57$?


# %% tags=["folded"]
class Memoryless(nn.Module):
    """The increment after a point from the point alone. (…, 3) → (…, 3)."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 3))

    def forward(self, x):
        return self.layers(x)

    def alone(self, x):
        return x + self(x) * SIZE


def pairs(before, after):
    """A function that draws 1000 points and the increments after them."""

    def draw():
        rows = torch.randint(len(before), (1000,))
        return before[rows], (after[rows] - before[rows]) / SIZE

    return draw


# %% tags=["nbval-ignore-output"]
beside = orbit[::40] + 4 * torch.randn(200, 3)  # 200 points, moved off the sheet
back = torch.stack([lorenz(11, start=point.tolist()).values for point in beside])
back = (back - MEAN) / STD  # (200, 11, 3)
draws = {"on the sheet": pairs(scaled[:-1], scaled[1:])}
draws["also off it"] = pairs(back[:, :-1].flatten(0, 1), back[:, 1:].flatten(0, 1))
third = {f"GRU {n + 1}": value for n, value in enumerate(finals[:, 2])}
always_zero = Forecaster(spread=0.0)
train(always_zero, pieces, steps=900, lr=0.01, skip=1)
third["GRU, always from h = 0"] = settle(always_zero.alone, begin(always_zero))[-1, 2]
for name, draw in draws.items():
    net = Memoryless()
    train(net, draw, steps=700, lr=0.01)
    third[f"memoryless, {name}"] = settle(net.alone, openings[:, -1])[-1, 2]
plot.dots(third, levels=[TRUE[2]], x="third exponent per time unit; dashed: the true one", title="Six networks")

# %% [markdown]
# The last alone, memoryless and shown points off the sheet. Farthest is the GRU always from $h = 0$, then come those from any $h$, then the memoryless one on the sheet: both suspects are guilty. The GRU's third exponent moved by several units with the way its $h$ begins, and Lorenz's points were the same: it belongs to the network.
#
# Keep this: forecasts, orbits and the first exponent can all be right, and a derivative in a direction that the data never take can still be anything.

# %% tags=["claim"]
sheet, off = third["memoryless, on the sheet"], third["memoryless, also off it"]
moved = third["GRU, always from h = 0"] - finals[:, 2].max()
claim("always from h = 0, the GRU's third exponent is higher by at least 3", moved, at_least=3)
between = min(finals[:, 2].min() - sheet, sheet - TRUE[2])
claim(
    "without memory it is lower than in each of the three, and above the true one, by at least 1", between, at_least=1
)
claim("with points off the sheet it is the true one, to 0.5", off, close_to=TRUE[2], tolerance=0.5)

# %% [markdown]
# ## One number for all of it
#
# Factor per step, eigenvalue, exponent: three names for the growth of a small deviation. A factor $f$ in each step of $\Delta t$ is the exponent $\ln f / \Delta t$.
#
# ### Exercise 29.5 · There and back (4 min, ●●○)
#
# *Goal:* three conversions. *Given:* the sentence above. *Done when* each is right to half a per cent.

# %% tags=["exercise"]
converted = {
    "1/√3 per step, as an exponent per step": ...,
    "0.906 per time unit, as a factor in ten steps of 0.05": ...,
    "0.8 per step of 0.05, as an exponent per time unit": ...,
}
### BEGIN SOLUTION
converted = {
    "1/√3 per step, as an exponent per step": -0.549,
    "0.906 per time unit, as a factor in ten steps of 0.05": 1.573,
    "0.8 per step of 0.05, as an exponent per time unit": -4.463,
}
### END SOLUTION

# %% tags=["check"]
converted = exercise("29.5", converted)

# %% [markdown]
# <details><summary>Hint</summary>
#
# From factor to exponent leads the natural logarithm, back leads $e$ to the power of it. Below 1 it is negative.
# </details>
# <details><summary>Fuller hint</summary>
#
# `math.log(3 ** -0.5)`; `math.exp(0.906 * 10 * 0.05)`; `math.log(0.8) / 0.05`.
# </details>
#
# Here is the largest exponent per step, by your function, of four things that you have met: the untrained networks of [lesson 05](05_vanishing.ipynb) (the middle one of five); the three switches while they hold, at a corner; a forecaster while it *reads* Lorenz's points; the same forecaster *alone*.

# %% tags=["folded"]
fading = []
for _ in range(5):
    untrained = nn.RNN(4, 64, batch_first=True).double().requires_grad_(False)
    fading.append(exponents(transition_jacobian(untrained, torch.randn(1, 200, 4).double())[0], 1)[-1, 0])
fading = torch.stack(fading).median()

# %%
reading = exponents(transition_jacobian(networks[0].gru, unseen[None, :400])[0], 1)[-1, 0]
at_corner = J[kinds == 0][0]
corner = exponents(at_corner.expand(400, 32, 32), 1)[-1, 0]  # the same Jacobian at each step

# %% tags=["folded", "nbval-ignore-output"]
per_step = {"RNN, untrained": fading, "RNN, three switches, at a corner": corner}
per_step |= {"GRU, reading Lorenz": reading, "GRU, alone": finals[0, 0] * DT}
plot.dots(per_step, levels=[0], x="largest exponent per step", title="Four networks")

# %% [markdown]
# **Vanishing gradients are negative exponents.** Left of the line a deviation of the state dies out; while it reads, the forecaster's does, and that is good: whatever it believed at first, the data correct it. Alone, the same weights stand to the right: its gradient explodes.
#
# It has to. In a chaotic system deviations grow, and a model of it whose gradients neither vanish nor explode would be wrong (Mikhaeil, Monfared and Durstewitz, 2022). An exploding gradient can be the truth.

# %% tags=["claim"]
claim(
    "the middle untrained network's factor is near 1/√3 = 0.577, as in the lesson on vanishing gradients",
    fading.exp(),
    between=(0.54, 0.62),
)
claim("reading, the forecaster forgets its own state, by more than a sixth per step", reading.exp(), at_most=5 / 6)
gap = corner / torch.linalg.eigvals(at_corner).abs().max().log() - 1
claim("at a corner the exponent is the logarithm of the largest eigenvalue, to 5 %", gap.abs(), at_most=0.05)

# %% [markdown]
# ## What you can now do
#
# - **Fixed points**: go downhill in the squared speed; the eigenvalues of the Jacobian, larger or smaller than 1 in absolute value, count the unstable directions.
# - **A memory of bits** is a set of stable points with ridges between. It holds because it pulls back, and so its gradient vanishes.
# - **Exponents**: QR at each step of a free run. From points of an orbit a network learns the growth along the directions in which the orbit goes; for the others it makes something up.
#
# **Where people use this.** Neuroscientists take trained networks apart in this way, to ask how a brain could do it; exponents test networks that replace simple models of weather and turbulence (Vlachas and others, 2020).
#
# **Where it fails.** A network may compute without coming near any fixed point, and descent finds those near where it starts, not all. What else you ask of a trained network is yours to choose: [lesson 30](30_capstone.ipynb).

# %% [markdown]
# <details><summary>Test yourself: an eigenvalue is exactly 1. What does the state do along its direction?</summary>
#
# To first order nothing: it stays where it is put. A whole line of such points can hold a *number*, not only a bit; small errors of the weights make it drift.
# </details>
# <details><summary>Test yourself: would a GRU trained with points off the sheet have $-14.57$ as its third exponent?</summary>
#
# It still has 48 directions that are not Lorenz's. Where one of them forgets more slowly than $e^{-14.57 t}$, that one stands before it in the list.
# </details>
# <details><summary>Try it: a pulse of a third of the size. Does it flip a switch?</summary>
#
# Start at a corner, make one step of `memory.rnn` with `x` a small pulse, then run free. It flips where the step has carried the state across the ridge. Look for the size at which that begins.
# </details>
#
# *Further reading.* D. Sussillo, O. Barak, "Opening the black box: low-dimensional dynamics in high-dimensional recurrent neural networks", *Neural Computation* 25 (2013): squared speed, and the three bits. G. Benettin, L. Galgani, A. Giorgilli, J.-M. Strelcyn, "Lyapunov
# characteristic exponents for smooth dynamical systems …", *Meccanica* 15 (1980). P. R. Vlachas and others, "Backpropagation algorithms and reservoir computing in recurrent neural networks for the forecasting of complex spatiotemporal dynamics", *Neural
# Networks* 126 (2020). Y. Bengio, P. Simard, P. Frasconi, "Learning long-term dependencies with gradient descent is difficult", *IEEE Trans. Neural Networks* 5 (1994). J. M. Mikhaeil, Z. Monfared, D. Durstewitz, "On the difficulty of learning chaotic dynamics with RNNs",
# *NeurIPS* (2022). Lorenz's exponents: J. C. Sprott, *Chaos and Time-Series Analysis*, Oxford (2003).
