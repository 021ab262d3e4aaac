# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 07 · Long memory
#
# **Does an LSTM remember, fresh from the factory?**
#
# After this lesson you will be able to
# - say exactly what the cell state does for a gradient, and what it does not do,
# - set a forget gate's bias, predict how fast the gradient then fades, and measure how fast it really does,
# - follow a gradient while a network learns, and read what was learnt soberly.
#
# Needs: [lesson 05](05_vanishing.ipynb) (the factor per step) and [lesson 06](06_lstm.ipynb) (the LSTM). About 90 minutes. Mapping: many-to-one.

# %%
import torch
from torch import nn
from lstmkit import claim, exercise, fit, layers, outcome, plot, predict, seed
from lstmkit.data.memory import adding

seed(7)

# %% [markdown]
# ## Two numbers among forty
#
# The job of [lesson 06](06_lstm.ipynb) gave a hint at every question. Here is one that gives none: forty numbers, two of them marked. At the end, and
# only then, say the *sum of the two*. It is called the **adding problem**. The error arises at the last step, and what it should teach happened up to
# forty steps before.

# %% tags=["nbval-ignore-output"]
T = 40
x, y = adding(1, T)  # x: (1, T, 2), number and mark; y: (1, 1), the sum
plot.marked(x[0, :, 0], x[0, :, 1], title=f"Say at the end: {y.item():.2f}, the sum of the two orange numbers")

# %% [markdown]
# In an RNN such an error fades by about the same factor at every step back ([lesson 05](05_vanishing.ipynb)). The LSTM was invented against this. How
# does it help? Look how one cell state acts on the next.

# %% tags=["nbval-ignore-output"]
plot.cell_roads()

# %% [markdown]
# ## The straight line
#
# The solid line is $c_t = f_t \circ c_{t-1} + \dots$, one multiplication. *With the gates and the new value held fixed*, that is all there is:
#
# $$\frac{\partial c_t}{\partial c_{t-1}} = \operatorname{diag}(f_t) \qquad\text{and so}\qquad
# \frac{\partial c_T}{\partial c_s} = \operatorname{diag}\big(f_{s+1} \circ f_{s+2} \circ \dots \circ f_T\big)$$
#
# Every cell's error stays in its own lane, multiplied by its own forget gate. But the dashed detours are there, too:
# the old cell is shown in $h_{t-1}$, and $h_{t-1}$ turns the valves.
#
# ### Exercise 07.1 · What the straight line leaves (8 min, ●●○)
#
# *Goal:* for every step $s$, how much of an error at $c_T$ arrives at $c_s$ along the straight line. *Given:* the forget gates of all steps, (T, H).
# Row $s$ of the result is the product of all *later* gates; the last row, where there are none, is 1. *Done when* the check says ✓.


# %% tags=["exercise"]
def left_over(f):
    """∂c_T/∂c_s along the straight line, for every step s.

    f: forget gates f_1 … f_T, (T, H). Returns (T, H): row s is f_{s+1} ∘ … ∘ f_T; the last row is 1.
    """
    ### BEGIN SOLUTION
    left, rows = torch.ones(f.shape[1]), []
    for t in reversed(range(len(f))):
        rows.insert(0, left)
        left = left * f[t]
    return torch.stack(rows)
    ### END SOLUTION


# %% tags=["check"]
left_over = exercise("07.1", left_over)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Walk from the last step to the first, and carry the product along. When you stand at step s, f_s itself is not in it yet.
# </details>
# <details><summary>Fuller hint</summary>
#
# Start with `left = torch.ones(f.shape[1])`. At each step, from the last to the first: first store `left` (at the front of the list), then
# `left = left * f[t]`. `torch.stack` at the end.
# </details>
#
# To measure it, the step of [lesson 06](06_lstm.ipynb) once more, with a switch. `hold=True` **detaches** the sums: then gates and new value
# are numbers to autograd, no longer functions of what came before, and only the straight line is left.


# %%
def cell_states(lstm, x, hold=False):
    """c_1 … c_T of a one-layer nn.LSTM, a list of (H,). x: one sequence, (T, D). hold: gates and new value held fixed."""
    W, U, b = lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0 + lstm.bias_hh_l0
    h, c, cells = torch.zeros(lstm.hidden_size), torch.zeros(lstm.hidden_size, requires_grad=True), []
    for x_t in x:
        sums = W @ x_t + U @ h + b
        if hold:
            sums = sums.detach()
        i, f, g, o = sums.chunk(4)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        cells.append(c)
    return cells


# %% [markdown]
# A Jacobian $\partial c_T / \partial c_{T-k}$ is an H×H matrix. For each lag $k$ we take the root of the sum of its squares,
# divided by $\sqrt H$: so it starts at 1.


# %%
def gradient_by_lag(states):
    """The size of ∂s_T/∂s_{T−k} for k = 0 … T−1, (T,). states: s_1 … s_T, a list of (H,)."""
    H = len(states[-1])
    jacobians = torch.autograd.grad(states[-1], states, torch.eye(H), is_grads_batched=True)
    return torch.stack([jacobian.double().norm() / H**0.5 for jacobian in jacobians]).flip(0)


def per_step(sizes, near=10, far=60):
    """The mean factor per step between two lags."""
    return (sizes[far] / sizes[near]) ** (1 / (far - near))


# %% [markdown]
# ### Exercise 07.2 · Predict the factor (8 min, ●●○)
#
# *Goal:* four numbers about the straight line. *Given:* nothing reaches the forget gate but its bias $b_f$, so that $f = \sigma(b_f)$ at every
# step. *Done when* the check says ✓; give three digits.
#
# - `factor at bias 0`, `factor at bias 3`: by what is an error multiplied at each step?
# - `half-life at bias 3`: after how many steps is half of it left? The nearest whole number.
# - `bias for half-life 100`: which bias keeps half of it for a hundred steps?

# %% tags=["exercise"]
factor_answers = {
    "factor at bias 0": ...,
    "factor at bias 3": ...,
    "half-life at bias 3": ...,
    "bias for half-life 100": ...,
}
### BEGIN SOLUTION
keep = 0.5 ** (1 / 100)  # f¹⁰⁰ = ½
factor_answers = {
    "factor at bias 0": 0.5,
    "factor at bias 3": 1 / (1 + torch.tensor(-3.0).exp()),
    "half-life at bias 3": 14,  # ln ½ / ln 0.9526
    "bias for half-life 100": torch.tensor(keep / (1 - keep)).log(),
}
### END SOLUTION

# %% tags=["check"]
factor_answers = exercise("07.2", factor_answers)

# %% [markdown]
# <details><summary>Hint</summary>
#
# After $k$ steps $f^k$ is left. So the half-life solves $f^k = \tfrac12$: take the logarithm of both sides.
# </details>
# <details><summary>Fuller hint</summary>
#
# $\sigma(b) = 1 / (1 + e^{-b})$; half-life $= \ln \tfrac12 / \ln f$. For the last one, $f = (\tfrac12)^{1/100}$, and $\sigma(b) = f$ turned around is
# $b = \ln \frac{f}{1 - f}$.
# </details>
#
# ## Fresh from the factory
#
# Now an LSTM as PyTorch delivers it: 64 cells, every weight and bias drawn at random around 0, not trained. It reads 100 steps of noise.
#
# **Before you run:** of the gradient at the last cell state, what share arrives fifty steps earlier, by all roads together? About a tenth
# ($10^{-1}$), a thousandth ($10^{-3}$), a ten-billionth ($10^{-10}$)? Write the exponent.

# %% tags=["predict"]
predict("07.a", ...)  # -1, -3 or -10


# %% tags=["folded"]
def rnn_states(rnn, x):
    """h_1 … h_T of a one-layer tanh nn.RNN, a list of (H,)."""
    h, states = torch.zeros(rnn.hidden_size), []
    for x_t in x:
        h = torch.tanh(rnn.weight_ih_l0 @ x_t + rnn.weight_hh_l0 @ h + rnn.bias_ih_l0 + rnn.bias_hh_l0)
        states.append(h)
    return states


# %% tags=["nbval-ignore-output"]
noise = torch.randn(100, 8)
factory = nn.LSTM(8, 64)
by_lag = {
    "RNN": gradient_by_lag(rnn_states(nn.RNN(8, 64), noise)),
    "LSTM, all roads": gradient_by_lag(cell_states(factory, noise)),
    "LSTM, straight line alone": gradient_by_lag(cell_states(factory, noise, hold=True)),
}
labels = {"x": "lag k (steps back)", "y": "size of the gradient", "log": True}
fig = plot.series(by_lag, **labels, title="Untrained networks: from the last state to the one k steps before")
fig.axes[0].lines[2].set_linestyle("--")
fig.axes[0].legend()
fig

# %% [markdown]
# A ten-billionth, or so. It vanishes: more slowly than the RNN's, and all the same. It is not zero, and no path is missing: it is there and too small to teach
# anything. Your straight line says why: with biases around 0 the gates stand at about ½, and PyTorch delivers the valve *half shut*. By all
# roads more arrives than by the line alone; it is still next to nothing.

# %% tags=["claim"]
outcome("07.a", round(by_lag["LSTM, all roads"][50].log10().item()))
five = [nn.LSTM(8, 64) for _ in range(5)]
all_roads = torch.stack([per_step(gradient_by_lag(cell_states(lstm, noise))) for lstm in five])
straight = torch.stack([per_step(gradient_by_lag(cell_states(lstm, noise, hold=True))) for lstm in five])
claim("five LSTMs by all roads: the largest factor per step", all_roads.max(), at_most=0.72)
claim("in each of the five the detours add to it: the smallest difference", (all_roads - straight).min(), at_least=0.05)

# %% [markdown]
# ## One line of code
#
# The remedy is old and often forgotten: start with a **forget bias** of 1 or more (Gers et al., 2000; Jozefowicz et al., 2015).
#
# ### Exercise 07.3 · Set a gate's bias (8 min, ●●○)
#
# *Goal:* in an `nn.LSTM` with one layer, make the bias of one gate equal to `value`, leave everything else as it is, and return the LSTM. *Given:*
# `gate`, one of "i", "f", "g", "o"; `value`, a number or one for each cell; the two biases `lstm.bias_ih_l0` and `lstm.bias_hh_l0`, (4H,)
# each, in the order i, f, g, o, *which torch adds*. *Done when* the check says ✓. Write into them inside `with torch.no_grad():`.


# %% tags=["exercise"]
def set_gate_bias(lstm, gate, value):
    """Make b_ih + b_hh of one gate equal to value, in place. Returns the lstm.

    lstm: nn.LSTM, one layer. gate: "i", "f", "g" or "o". value: a number, or a tensor (H,).
    """
    ### BEGIN SOLUTION
    H = lstm.hidden_size
    start = "ifgo".index(gate) * H
    with torch.no_grad():
        lstm.bias_ih_l0[start : start + H] = value
        lstm.bias_hh_l0[start : start + H] = 0.0
    return lstm
    ### END SOLUTION


# %% tags=["check"]
set_gate_bias = exercise("07.3", set_gate_bias)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The biases hold four blocks of H numbers. The forget gate's block is `[H : 2 * H]`.
# </details>
# <details><summary>Fuller hint</summary>
#
# `"ifgo".index(gate)` is the number of the block. Put `value` into that block of one bias, and 0 into the same block of the other. Do not forget
# `return lstm`.
# </details>
#
# **Before you run:** with $b_f = 3$ the straight line alone has the factor $\sigma(3) \approx 0.95$. What will be measured by *all* roads? Write a factor.

# %% tags=["predict"]
predict("07.b", ...)  # a factor per step, such as 0.95


# %%
def factor_at(bias):
    """The factor per step, by all roads, with this forget bias: the mean of four fresh networks."""
    factors = []
    for _ in range(4):
        lstm = set_gate_bias(nn.LSTM(8, 64), "f", float(bias))
        factors.append(per_step(gradient_by_lag(cell_states(lstm, noise))))
    return torch.stack(factors).mean().item()


# %% [markdown]
# ### Exercise 07.4 · Neither fade nor grow (6 min, ●○○)
#
# *Goal:* by experiment, a forget bias at which the gradient neither fades nor grows: a factor between $0.99$ and $1.01$, on average. *Given:*
# `factor_at(bias)`; it differs a little from call to call. *Done when* the check says ✓. Add a cell and try some.

# %% tags=["exercise"]
balanced_bias = ...
### BEGIN SOLUTION
balanced_bias = 2.8
### END SOLUTION

# %% tags=["check"]
balanced_bias = exercise("07.4", balanced_bias)

# %% [markdown]
# <details><summary>Hint</summary>
#
# At bias 1 it fades. Is bias 5 too little or too much? Halve the interval.
# </details>
# <details><summary>Fuller hint</summary>
#
# `[factor_at(b) for b in (1, 2, 3, 4, 5)]` shows where the factor passes 1: between 2 and 4.
# </details>

# %% tags=["folded", "nbval-ignore-output"]
biases = torch.arange(7)
dial = {"all roads": [factor_at(b) for b in biases], "straight line alone, σ(b)": biases.sigmoid()}
labels = {"x": "forget bias b", "y": "factor per step", "levels": {"neither fades nor grows": 1.0}}
plot.series(
    dial,
    biases,
    **labels,
    marks=[balanced_bias],
    dots=True,
    title="Factor per step against the forget bias; dotted: yours",
)

# %% [markdown]
# With bias 3 the factor is about 1, above the straight line's. The straight line alone can never exceed 1; all roads together can, and with a bias of 4 or
# more they do: the gradient *grows*, slowly. So an LSTM's gradient can explode as well, and clipping ([lesson 05](05_vanishing.ipynb)) is not for RNNs alone.
# And $\operatorname{diag}(f)$ is not the LSTM's gradient: it is the part of it that one number controls.

# %% tags=["claim"]
outcome("07.b", dial["all roads"][3])
claim("with bias 3 the factor is 1, give or take 2 %", dial["all roads"][3], between=(0.98, 1.02))
claim("with a bias of 4 to 6 it grows: the mean factor", sum(dial["all roads"][4:]) / 3, between=(1.005, 1.04))

# %% [markdown]
# ## Does it learn?
#
# To the adding problem. Who always answers 1, the mean, has a squared error of 1/6 (two variances of 1/12): that is the yardstick. Three kinds
# of networks with 32 units: the tanh RNN, with three learning rates; the ReLU RNN that starts from the identity ([lesson 05](05_vanishing.ipynb)); the LSTM
# from the factory, three starts.
#
# **Before you run:** over forty steps the factory LSTM's gradient is less than a millionth. Will it learn anything?


# %%
class Reader(nn.Module):
    """Many-to-one: a recurrent core reads, a linear layer answers from its last hidden state. (N, T, 2) → (N, 1)."""

    def __init__(self, core):
        super().__init__()
        self.core, self.readout = core, nn.Linear(core.hidden_size, 1)

    def forward(self, x):
        return self.readout(self.core(x)[0][:, -1])


def error(model, x, y):
    """Mean squared error."""
    return (model(x) - y).square().mean()


def learn(core, lr, title, batch=lambda: adding(32, T), steps=1000):
    """Train a reader on fresh sequences. Returns its error, the mean of 25 steps each."""
    history = fit(Reader(core), error, batch, steps=steps, lr=lr, clip=1.0, title=title)
    return torch.tensor(history.losses).unfold(0, 25, 1).mean(1)


# %% [markdown]
# One of the factory LSTMs is *watched*: every 25 steps we stop, and measure its error on 500 fresh sequences and its gradient by lag on one.

# %% tags=["folded", "nbval-ignore-output"]
watched, fresh, probe = Reader(nn.LSTM(2, 32, batch_first=True)), adding(500, T), adding(1, T).x[0]
looks, errors, gradients, history = list(range(0, 1001, 25)), [], [], None
for step in looks:
    if step:
        history = fit(watched, error, lambda: adding(32, T), steps=step, lr=0.02, clip=1.0, history=history, quiet=True)
    with torch.no_grad():
        errors.append(error(watched, fresh.x, fresh.y))
    gradients.append(gradient_by_lag(cell_states(watched.core, probe)))

# %% tags=["nbval-ignore-output"]
identity = nn.RNN(2, 32, nonlinearity="relu", batch_first=True)
with torch.no_grad():
    identity.weight_hh_l0.copy_(torch.eye(32))
    identity.bias_ih_l0.zero_()
    identity.bias_hh_l0.zero_()
curves = {"tanh": [], "ReLU": [learn(identity, 0.002, "ReLU RNN")]}
curves["factory"] = [torch.tensor(history.losses).unfold(0, 25, 1).mean(1)]
for lr in (0.01, 0.003, 0.001):
    curves["tanh"].append(learn(nn.RNN(2, 32, batch_first=True), lr, f"tanh RNN, lr {lr}"))
for start in (2, 3):
    curves["factory"].append(learn(nn.LSTM(2, 32, batch_first=True), 0.02, f"LSTM, start {start}"))

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(1, 3, size=(3.8, 3.3), sharey=True)
titles = {"tanh": "tanh RNN", "ReLU": "ReLU RNN from the identity", "factory": "LSTM from the factory"}
for ax, kind in zip(axes, titles):
    for curve in curves[kind]:
        ax.plot(curve, color="#D55E00" if kind == "factory" else "#0072B2", alpha=0.8)
    ax.axhline(1 / 6, color="black", linestyle="--", linewidth=1.5)
    ax.set(yscale="log", xlabel="training step", title=titles[kind])
axes[0].set_ylabel("squared error (mean of 25)")
fig.suptitle("The adding problem, one line for each training; dashed: always 1")
fig

# %% [markdown]
# The factory LSTM sits on the yardstick for a few hundred steps, and then it learns, in most starts. The tanh RNN stays
# there, at all three learning rates. The ReLU RNN learns as well, for its factor starts at 1: gates are not the only way to carry a gradient.

# %% tags=["claim"]
lowest = min(curve.min() for curve in curves["tanh"])
claim("the tanh RNN never comes below 0.12, at any of three learning rates", lowest, at_least=0.12)
claim("the ReLU RNN from the identity learns to add: its error at the end", curves["ReLU"][0][-1], at_most=0.05)
learnt = sum(curve[-1] < 0.02 for curve in curves["factory"])
claim("so does the factory LSTM, in at least two of three starts", learnt, at_least=2)

# %% [markdown]
# ## What happened meanwhile?
#
# Here is the gradient of the watched LSTM. Left: by lag, before, during and after training. Right: its error, and the size of the gradient 30 steps back, at
# every look.
#
# **Before you run:** sketch the right-hand panel. Does the far gradient grow bit by bit, or at one go? Before the error falls, with it, or after?

# %% tags=["folded", "nbval-ignore-output"]
far = torch.stack([sizes[30] for sizes in gradients])
opened = int((far > 0.01).float().argmax())  # the first look at which a hundredth arrives
fig, axes = plot.panels(1, 2, size=(5.8, 3.5))
shown = {
    "before": (0, "#C6DBEF"),
    "50 steps earlier": (opened - 2, "#6BAED6"),
    "the gradient opens": (opened, "#3182BD"),
    "after": (-1, "#000000"),
}
for name, (look, shade) in shown.items():
    axes[0].plot(gradients[look], color=shade, label=name)
axes[0].set(
    yscale="log", xlabel="lag k (steps back)", ylabel="size of the gradient", title="the gradient by lag, at four looks"
)
axes[0].legend(loc="lower left")
axes[1].plot(looks, errors, "o-", color="#D55E00", markersize=4, label="error")
axes[1].plot(looks, far, "o-", color="#0072B2", markersize=4, label="gradient 30 steps back")
axes[1].axhline(1 / 6, color="black", linestyle="--", linewidth=1.5)
axes[1].set(yscale="log", xlabel="training step", title="error and far gradient over the training")
axes[1].legend(loc="lower right")
fig

# %% [markdown]
# At one go, and not after the error falls. For hundreds of steps next to nothing comes from 30 steps back; then the way is open, and the error goes.

# %% tags=["claim"]
halved = int((torch.stack(errors) < 1 / 12).float().argmax())
claim(
    "within 50 of 1000 steps the far gradient rises at least thirtyfold", far[opened + 1] / far[opened - 1], at_least=30
)
claim("the error is halved at the same look or up to 50 steps later: steps", 25 * (halved - opened), between=(0, 50))

# %% [markdown]
# ## Take the near evidence away
#
# How could the way open, if nothing came from afar? A hunch: something comes from *near*. In some sequences the second number stands close to the end; that
# may move a few forget gates, and so on from there. Test it: the same job, the same forty steps, but *both marks among the first twenty*, as in the original of 1997. Now no error has a
# short way. And four starts, to see what it takes:
#
# | start | 1 | 2 | 3 | 4 |
# |---|---|---|---|---|
# | forget bias | factory | $3$ | factory | $3$ |
# | input bias | factory | factory | $-3$ | $-3$ |
#
# **Before you run:** which of them will learn it? Remember whose gradient arrives.

# %% tags=["predict"]
predict("07.c", ...)  # such as "1" or "2 and 4"


# %%
def both_early(N):
    """The adding problem with both marks in the first half. x: (N, T, 2), y: (N, 1)."""
    x, y = adding(N, T // 2)
    rest = torch.stack([torch.rand(N, T // 2), torch.zeros(N, T // 2)], dim=2)  # numbers without a mark
    return torch.cat([x, rest], dim=1), y


def started(number):
    """A fresh LSTM with the biases of start 1, 2, 3 or 4."""
    lstm = nn.LSTM(2, 32, batch_first=True)
    if number in (2, 4):
        set_gate_bias(lstm, "f", 3.0)
    if number in (3, 4):
        set_gate_bias(lstm, "i", -3.0)
    return lstm


# %% tags=["nbval-ignore-output"]
early = {1: [], 2: [], 3: [], 4: []}
for number in early:
    for _ in range(2):
        early[number].append(learn(started(number), 0.02, f"start {number}", lambda: both_early(32), steps=600))


# %% tags=["folded", "nbval-ignore-output"]
def readable(number, N=3000):
    """R² of the best linear read-out of the sum from the last state of an untrained network, on sequences that it was not fitted to."""
    x, y = both_early(N)
    with torch.no_grad():
        h = started(number)(x)[0][:, -1].double()
    h, y, half = torch.cat([h, torch.ones(N, 1)], dim=1), y.double(), N // 2
    best = torch.linalg.lstsq(h[:half], y[:half]).solution
    return 1 - (h[half:] @ best - y[half:]).square().mean() / y[half:].var()


found = {number: torch.stack([readable(number) for _ in range(4)]) for number in early}
fig, axes = plot.panels(1, 5, size=(2.4, 3.2), width_ratios=[1, 1, 1, 1, 1.3])
for ax, number in zip(axes, early):
    for curve in early[number]:
        ax.plot(curve, color="#D55E00", alpha=0.8)
    ax.axhline(1 / 6, color="black", linestyle="--", linewidth=1.5)
    ax.set(yscale="log", ylim=(1e-4, 1.5), xlabel="training step", title=f"start {number}")
axes[0].set_ylabel("squared error")
bars = {str(number): found[number].mean() for number in found}
plot.bars(bars, x="start", y="R²", title="read before training", ax=axes[4])
fig

# %% [markdown]
# Only the fourth, in these 600 steps. The hunch holds: without near evidence the factory LSTM learns nothing. And look at start 2. *Its gradient arrives*, with
# a factor near 1, and yet nothing comes of it. (At half or a quarter of the learning rate some of its runs do learn: hard, not impossible.) The last panel gives a reason: before training, how much of the sum can be read from the last state, by the best linear
# read-out? From starts 1 and 3 nothing: it is forgotten. From start 2 a part: its pipe is open, but so is its input, and what matters is buried under 38
# numbers that do not. From start 4 nearly all.
#
# *To remember is to keep, and to leave out.* A gradient that arrives is not all that it takes. **Chrono initialisation** (Tallec and Ollivier, 2018) does both: a memory
# length $u$ for each cell, $b_f = \ln u$ and $b_i = -\ln u$. Then it loses one part in $1 + u$ at each step, and writes as little.

# %% tags=["claim"]
good = [number for number in early if max(curve[-1] for curve in early[number]) < 0.02]
outcome("07.c", " and ".join(str(number) for number in good) or "none")
stay = min(curve.min() for number in (1, 2, 3) for curve in early[number])
claim("in 600 steps at this learning rate starts 1, 2 and 3 never come below 0.12", stay, at_least=0.12)
claim("start 4 learns it, twice: the worst error at the end", max(curve[-1] for curve in early[4]), at_most=0.02)
claim(
    "before training, far more of the sum can be read from start 4 than from start 2: the difference of the mean R²",
    found[4].mean() - found[2].mean(),
    at_least=0.12,
)

# %% [markdown]
# ## What did it learn?
#
# Now we read a trace, as in [lesson 06](06_lstm.ipynb), and soberly. The network answers with a sum over its cells, $\sum_j w_j h_j + b$. So each cell
# has a **part** in the answer: the covariance of $w_j h_j$ with the answer, divided by the answer's variance. The parts of all cells add
# up to 1. Take the cell with the largest part. (`layers.LSTM` is the same network, and writes down every gate.)

# %%
x, y = adding(500, T)
notebook, trace = layers.LSTM(2, 32), {}
notebook.load_state_dict(watched.core.state_dict())
with torch.no_grad():
    answer = watched(x)
    notebook(x, trace=trace)  # trace["i"], …: (1, N, T, H)
    told = watched.readout.weight[0] * trace["h"][0, :, -1]  # what each cell adds to the answer, (N, H)
part = ((told - told.mean(0)) * (answer - answer.mean())).mean(0) / answer.var(correction=0)
cell = part.argmax()
i, f, g, c = (trace[letter][0, :, :, cell] for letter in "ifgc")  # (N, T) each
number, mark = x[..., 0], x[..., 1]

# %% tags=["folded", "nbval-ignore-output"]
steps = range(1, T + 1)
fig, axes = plot.panels(3, 1, size=(9.5, 1.9), sharex=True)
plot.marked(number[0], mark[0], x="", title="What comes in: the first of 500 new sequences", ax=axes[0])
plot.series({"forget f": f[0], "input i": i[0]}, steps, y="gate", title="the cell's valves", ax=axes[1])
plot.series({"": c[0]}, steps, x="step", y="cell state c", title="the cell", ax=axes[2])
axes[1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
fig

# %% [markdown]
# It looks like a cell that one would build by hand: pipe open, written at the marks. But *what* does it write? Not what it is named: the amount $i \cdot g$.
#
# ### Exercise 07.5 · Number against amount (10 min, ●●○)
#
# *Goal:* the straight line that fits best, *amount* ≈ slope · (*number* − zero), over all marked steps of all sequences, and how well it fits. *Given:*
# `number`, `mark`, `i`, `g`, each (N, T). *Done when* the check says ✓. With deviations from the means, slope = mean of (dn · da) / mean of
# dn²; zero is the number for which the line writes nothing; and $R^2$ is the squared correlation.


# %% tags=["exercise"]
def amount_line(number, mark, i, g):
    """The best straight line amount ≈ slope · (number − zero) over the marked steps.

    number, mark, i, g: (N, T); mark is 1 at marked steps, else 0. Returns slope, zero, R²: three numbers (tensors of no axis).
    """
    ### BEGIN SOLUTION
    n, a = number[mark == 1], (i * g)[mark == 1]
    dn, da = n - n.mean(), a - a.mean()
    slope = (dn * da).mean() / dn.square().mean()
    zero = n.mean() - a.mean() / slope
    fit = (dn * da).mean() ** 2 / (dn.square().mean() * da.square().mean())
    return slope, zero, fit
    ### END SOLUTION


# %% tags=["check"]
amount_line = exercise("07.5", amount_line)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `number[mark == 1]` picks the marked numbers of all sequences, in one row; do the same with `i * g`. Then subtract each row's mean.
# </details>
# <details><summary>Fuller hint</summary>
#
# A line through the two means: $a - \bar a = \text{slope} \cdot (n - \bar n)$. Set $a = 0$ and solve for $n$: zero $= \bar n - \bar a / \text{slope}$.
# $R^2$ = mean(dn·da)² / (mean(dn²) · mean(da²)).
# </details>
#
# Left, your line. Right, a dot for each of the 32 cells: how well its last state *follows* the true sum (correlation, without its sign), and its *part*
# in the answer. How many know the sum? And how many of those have a say in the answer?

# %% tags=["folded", "nbval-ignore-output"]
slope, zero, fits = amount_line(number, mark, i, g)
follows = torch.corrcoef(torch.cat([y, trace["c"][0, :, -1]], dim=1).T)[0, 1:].abs()
fig, axes = plot.panels(1, 2, size=(5.5, 3.6))
at_marks = (number[mark == 1], (i * g)[mark == 1])
plot.scatter(
    {"": at_marks}, x="marked number", y="amount written, i · g", title="the cell with the largest part", ax=axes[0]
)
ends = torch.tensor([0.0, 1.0])
axes[0].plot(ends, slope * (ends - zero), "k--", linewidth=1.5)
plot.scatter(
    {"": (follows, part)},
    x="|correlation| of its last state with the sum",
    y="part in the answer",
    title="all 32 cells",
    ax=axes[1],
)
fig

# %% [markdown]
# The amount follows the number closely, along a line; but it is *not* the number. The line may fall, and it may cross zero anywhere: the read-out's weight and
# bias set that right.
#
# And the right-hand panel is a warning. Several cells know the sum and have next to no part in the answer: whoever looks for “the cell that holds the sum” may find one of those. That a cell *knows* is one claim; that the network *relies* on it is another, for gradients to test ([lesson 22](22_output_gradients.ipynb)).

# %% tags=["claim"]
claim("over the marked steps of 500 sequences, R² between number and amount", fits, at_least=0.85)
claim("one cell of 32 gives more than a quarter of the answer", part.max(), at_least=0.3)
silent = ((follows > 0.9) & (part.abs() < 0.05)).sum()
claim("cells that follow the sum (above 0.9) and give less than a twentieth of the answer", silent, at_least=2)

# %% [markdown]
# ## What you can now do
#
# - **The cell state** gives the gradient a straight line with the factor $f$, gates held fixed; the detours come on top. From the factory it
#   vanishes as an RNN's does, for $f \approx \tfrac12$.
# - **The forget bias** is a dial: 1 fades still, about 3 holds, more can explode. It lets the gradient arrive; for the *memory*, it helps to shut the input gate as well.
# - **Training can open the valve**, at one go, where some evidence is near. And a trace is read soberly: the amount written, not the gate's name; the cell's
#   part in the answer, not what it happens to know.
#
# So, does an LSTM remember, fresh from the factory? No. It has valves, and if something gets through, training can set them.
#
# Where people use this: Keras starts every LSTM with a forget bias of 1, PyTorch with about 0; a comparison of “LSTMs” should say which.
#
# Where it fails: a start helps over dozens or hundreds of steps, not over any number.
# [Lesson 20](20_attention.ipynb) builds a road that does not lead through time at all.

# %% [markdown]
# <details><summary>Test yourself: every forget gate is 1. Is the gradient from c_T to c_1 exactly 1?</summary>
#
# Along the straight line, yes. By all roads, no: the detours through h add to it or take from it.
# </details>
# <details><summary>Test yourself: why not start with a forget bias of 10 and leave the input gate as it is?</summary>
#
# The gradient grows, if slowly; and a cell that keeps everything and writes half of everything holds a sum of all that it was given. The one number that matters
# is buried in it.
# </details>
# <details><summary>Test yourself: a network has learnt to add over 40 steps, with a forget gate of $0.998$. What over 400?</summary>
#
# $0.998^{400} \approx 0.45$ is left on the straight line. "Open" is a matter of the length.
# </details>
#
# *Further reading.* S. Hochreiter, J. Schmidhuber, "Long short-term memory", *Neural Computation* 9 (1997): the adding problem. F. Gers et al.,
# "Learning to forget", *Neural Computation* 12 (2000). R. Jozefowicz, W. Zaremba, I. Sutskever, "An empirical exploration of recurrent
# network architectures", ICML 2015: the forget bias. Q. V. Le, N. Jaitly, G. Hinton, "A simple way to initialize recurrent networks of rectified linear units",
# arXiv:1504.00941 (2015). C. Tallec, Y. Ollivier, "Can recurrent neural networks warp time?", ICLR 2018.
