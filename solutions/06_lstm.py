# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 06 · LSTM
#
# **How can a network decide what to remember?**
#
# After this lesson you will be able to
# - write an LSTM from scratch, equal to `torch.nn.LSTM` in values and gradients,
# - say exactly what its cell state does for the gradient, and what it does not do,
# - read a trace of its gates: what was written, when, and how long it was kept.
#
# Needs: [lesson 01](01_recurrence.ipynb) and [lesson 04](04_bptt.ipynb) (the loop over time; the factor per step). About 75 minutes. Mapping: many-to-one, in colour below.

# %% tags=["nbval-ignore-output"]
import torch
from torch import nn
from lstmkit import claim, exercise, fit, layers, plot, seed
from lstmkit.data.memory import adding

seed(0)
plot.mapping("many-to-one")

# %% [markdown]
# ## Two numbers among fifty
#
# Here is a task that asks for one thing only: memory. Fifty numbers between 0 and 1 arrive, one at a time. Two of them carry a
# mark. At the end, and only then, say the *sum of the two marked numbers*. It is called the **adding problem**.
#
# | symbol | variable | shape |
# |---|---|---|
# | $x_t$ = (number, mark) at step $t$ | `x[:, t]` | (N, 2) |
# | the sum of the two marked numbers | `y` | (N, 1) |
#
# Look for the two orange bars: forty-eight numbers are there to be ignored.

# %% tags=["nbval-ignore-output"]
x, y = adding(1, 50)
number, mark = x[0].T
steps = torch.arange(1, 51)
fig, ax = plot.panels(size=(9, 2.8))
ax.bar(steps, number, color=["#D55E00" if m else "#BDBDBD" for m in mark])
ax.set(xlabel="step", ylabel="number", title=f"Answer at the end: {y.item():.2f}, the sum of the two marked numbers")
fig

# %% [markdown]
# ## A cell with two valves
#
# A network that always answers 1 has a mean squared error of 1/6 (two variances of 1/12): that is the yardstick. To do better it must carry the first number
# past dozens of others, untouched. The RNN of [lesson 01](01_recurrence.ipynb) makes a *whole new* state at every step, $h_t = \tanh(W x_t + U h_{t-1} + b)$:
# nothing in it can be left alone.
#
# So build a memory by hand. One number $c_t$, the **cell state**, and two valves between 0 and 1, called **gates**: the **forget
# gate** $f_t$ says what share of the old cell is kept, the **input gate** $i_t$ what share of the new number is written:
#
# $$c_t = f_t\, c_{t-1} + i_t\, x_t$$
#
# **Before you run:** four ways to set the valves. Which one ends at the right answer? What will each of the others end at?

# %% tags=["nbval-ignore-output"]
one = torch.ones(50)
settings = {"f = 1, i = mark": (one, mark), "f = 1, i = 1": (one, one)}
settings |= {"f = 0.9, i = mark": (0.9 * one, mark), "f = 1 − mark, i = mark": (1 - mark, mark)}
by_hand = {}
fig, axes = plot.panels(1, 4, size=(3, 2.8), sharey=True)
for ax, (name, (f, i)) in zip(axes, settings.items()):
    c, by_hand[name] = torch.zeros(()), []
    for t in range(50):
        c = f[t] * c + i[t] * number[t]
        by_hand[name].append(c.item())
    plot.series(by_hand[name], steps, x="step", title=name, levels={"answer": y.item()}, ax=ax)
axes[0].set(ylabel="cell state c", ylim=(-0.1, 2))
fig.suptitle("Only the first setting ends at the answer")
fig

# %%
ends = {name: cell[-1] for name, cell in by_hand.items()}
second = number[mark > 0][1]
exactly = {"close_to": 0, "tolerance": 1e-5}
claim("kept open, written at the marks, the cell ends at the answer", ends["f = 1, i = mark"] - y, **exactly)
claim("always written, it ends with the sum of all fifty", ends["f = 1, i = 1"] - number.sum(), **exactly)
claim("leaking, it falls short of the answer", ends["f = 0.9, i = mark"] - y, at_most=-1e-3)
claim("overwritten, it ends with the second marked number", ends["f = 1 − mark, i = mark"] - second, **exactly)

# %% [markdown]
# Only the first one arrives: *keep everything, write what is marked*. The second adds up all fifty numbers. The third **leaks**: the first
# number has faded before the second comes. The fourth **overwrites**: it ends with the second number alone.
#
# ## Who turns the valves?
#
# Here we did, knowing the task. The idea of the **LSTM** (long short-term memory) is to let the network learn it: each valve is a small
# network of its own, which reads the input and the previous output. There are H cells side by side, each with its own valves.
#
# $$\begin{aligned}
# i_t &= \sigma(W_i x_t + U_i h_{t-1} + b_i) &\quad f_t &= \sigma(W_f x_t + U_f h_{t-1} + b_f) \\
# g_t &= \tanh(W_g x_t + U_g h_{t-1} + b_g) &\quad o_t &= \sigma(W_o x_t + U_o h_{t-1} + b_o)
# \end{aligned}$$
#
# $$c_t = f_t \circ c_{t-1} + i_t \circ g_t, \qquad h_t = o_t \circ \tanh(c_t)$$
#
# The **sigmoid** $\sigma(a) = 1/(1 + e^{-a})$ lies between 0 and 1, as a valve must; $\circ$ multiplies entry by entry.

# %% tags=["nbval-ignore-output"]
gates = {"f": (2, 1.3, "$f$: σ", "gate"), "i": (3.4, 1.3, "$i$: σ", "gate"), "g": (4.8, 1.3, "$g$: tanh", "gate")}
gates |= {"o": (6.4, 1.3, "$o$: σ", "gate"), "cut": (4.1, 0, "$W x_t + U h_{t-1} + b$,  cut into four", "gate")}
ends = {"c": (0.4, 3, "$c_{t-1}$", "h"), "c'": (8.6, 3, "$c_t$", "h"), "h": (0.4, 0.45, "$h_{t-1}$", "h")}
ends |= {"h'": (8.6, 1.3, "$h_t$", "h"), "x": (0.4, -0.45, "$x_t$", "x")}
inside = {"×f": (2, 3, "×"), "+": (4.1, 3, "+"), "×i": (4.1, 2.2, "×"), "•": (7.5, 3, "•"), "×o": (7.5, 1.3, "×")}
inside |= {"tanh": (7.5, 2.2, "tanh", "gate")}
arrows = "c ×f,×f +,+ •,• c',f ×f,i ×i,g ×i,×i +,• tanh,tanh ×o,o ×o,×o h',h cut,x cut,cut f,cut i,cut g,cut o"
plot.diagram(
    gates | ends | inside,
    [arrow.split() for arrow in arrows.split(",")],
    title="The cell state goes straight on; three turn the valves, one proposes the value",
)

# %% [markdown]
# Look at the top line: from $c_{t-1}$ to $c_t$ there is one multiplication and one addition. No matrix, no tanh.
#
# | | name | its question | range |
# |---|---|---|---|
# | $f$ | forget gate | how much of the cell do I keep? | 0 to 1 |
# | $g$ | candidate | what is the new value? | −1 to 1 |
# | $i$ | input gate | how much of it do I write? | 0 to 1 |
# | $o$ | output gate | how much do I show? | 0 to 1 |
# | $c$ | cell state | what do I remember? | no bound |
# | $h$ | hidden state | what do the others see? | −1 to 1 |
#
# In practice the four weights are stacked into one, so that one product serves all four gates. torch's order is **i, f, g, o**.
#
# | symbol | variable | shape | holds |
# |---|---|---|---|
# | $W$ | `W` | (4H, D) | $W_i, W_f, W_g, W_o$, one below the other |
# | $U$ | `U` | (4H, H) | $U_i, U_f, U_g, U_o$ |
# | $b$ | `b` | (4H,) | $b_i, b_f, b_g, b_o$ |
# | $x_t$; $h$, $c$ | `x_t`; `h`, `c` | (N, D); (N, H) | a batch of N sequences, one row each |
#
# ### Exercise 06.1 · One LSTM step (15 min, ●●○)
#
# *Goal:* the equations above: from $x_t$, $h_{t-1}$, $c_{t-1}$ to $h_t$ and $c_t$. *Given:* all of the table. *Done when* the check says ✓.
# It knows more than twenty wrong answers by sight.


# %% tags=["exercise"]
def lstm_step(x_t, h, c, W, U, b):
    """One step of an LSTM; gates in torch's order i, f, g, o.

    x_t: (N, D). h, c: the states before, (N, H). W: (4H, D). U: (4H, H). b: (4H,). Returns (h, c) after the step, each (N, H).
    """
    ### BEGIN SOLUTION
    i, f, g, o = (x_t @ W.T + h @ U.T + b).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    h = torch.sigmoid(o) * torch.tanh(c)
    return h, c
    ### END SOLUTION


# %% tags=["check"]
lstm_step = exercise("06.1", lstm_step)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `x_t @ W.T` has shape (N, 4H): the four gates lie side by side. `.chunk(4, dim=1)` cuts it into four pieces of H columns.
# </details>
# <details><summary>Fuller hint</summary>
#
# Add `x_t @ W.T + h @ U.T + b` first, then cut, then put `torch.sigmoid` on i, f and o and `torch.tanh` on g. Then two lines: the new `c`, and
# the new `h` from the *new* `c`.
# </details>
#
# The loop around it is the one of [lesson 01](01_recurrence.ipynb), with two states to carry instead of one. Is it the real thing? Same weights in, the
# same numbers out, *and the same gradients*. torch keeps two biases where one would do, and adds them; so each gets the gradient
# of their sum.


# %%
def unroll(x, W, U, b):
    """Run lstm_step over a batch. x: (N, T, D). Returns h of every step, (N, T, H), and the last (h, c), each (N, H)."""
    h = c = x.new_zeros(len(x), U.shape[1])
    outputs = []
    for x_t in x.unbind(1):
        h, c = lstm_step(x_t, h, c, W, U, b)
        outputs.append(h)
    return torch.stack(outputs, dim=1), (h, c)


# %%
theirs = nn.LSTM(4, 6, batch_first=True, dtype=torch.float64)
W, U, b_ih, b_hh = theirs.parameters()
z = torch.randn(3, 20, 4, dtype=torch.float64)
ours, (h, c) = unroll(z, W, U, b_ih + b_hh)
y_theirs, (h_theirs, c_theirs) = theirs(z)
pairs = [(ours, y_theirs), (h, h_theirs[0]), (c, c_theirs[0])]
claim("h at every step and the last c equal torch's", max((a - b).abs().max() for a, b in pairs), at_most=1e-12)
ours_grad = torch.autograd.grad(ours.square().sum(), [W, U, b_ih, b_hh])
theirs_grad = torch.autograd.grad(y_theirs.square().sum(), [W, U, b_ih, b_hh])
claim(
    "so do the gradients of W, U and both biases",
    max((a - b).abs().max() for a, b in zip(ours_grad, theirs_grad)),
    at_most=1e-12,
)

# %% [markdown]
# ## What the straight line gives
#
# [lesson 04](04_bptt.ipynb) found that an error which travels back through an RNN is multiplied at each step by the same kind of matrix, and fades
# or explodes. Here is the LSTM's promise: along the top line of the picture,
#
# $$\frac{\partial c_t}{\partial c_{t-1}} = \operatorname{diag}(f_t)$$
#
# Every cell's error stays in its own lane, multiplied by its own forget gate; with $f = 1$, by 1, for ever. But read the small print: this
# holds *with the gates held fixed*. The gates *and the candidate* read $h_{t-1} = o_{t-1} \circ \tanh(c_{t-1})$, so the old cell
# turns the valves, and shapes what is written, too. (The weights are doubled here, so that this second route can be seen.)
#
# **Before you run:** on the left, the derivative along the straight line alone; on the right, all routes. Which entries will be new?

# %% tags=["nbval-ignore-output"]
x_t, c_before, o_before = z[:1, 0], torch.randn(1, 6, dtype=torch.float64), 0.8
W, U, b = (2 * part.detach() for part in (W, U, b_ih + b_hh))
h_before = o_before * c_before.tanh()


def jacobian(new_c):
    """∂c_t / ∂c_{t-1} at c_before, (H, H). new_c: c_t as a function of c_{t-1}."""
    return torch.autograd.functional.jacobian(new_c, c_before)[0, :, 0]


direct = jacobian(lambda c: lstm_step(x_t, h_before, c, W, U, b)[1])
full = jacobian(lambda c: lstm_step(x_t, o_before * c.tanh(), c, W, U, b)[1])
fig, axes = plot.panels(1, 2, size=(5.2, 3.6))
for ax, (title, values) in zip(axes, {"Gates held fixed: a diagonal": direct, "All routes: cells mix": full}.items()):
    plot.heatmap(
        values, x="old cell", y="new cell", title=title, limit=1, scale=r"$\partial c_t / \partial c_{t-1}$", ax=ax
    )
fig

# %%
forget = torch.sigmoid((x_t @ W.T + h_before @ U.T + b)[0, 6:12])
off = ~torch.eye(6, dtype=torch.bool)
claim("with the gates held fixed, the diagonal is the forget gate", (direct.diag() - forget).abs().max(), at_most=1e-12)
claim("and everything beside it is exactly zero", direct[off].abs().max(), close_to=0, tolerance=0)
claim("through the gates, other cells have an influence too", full[off].abs().max(), at_least=0.05)

# %% [markdown]
# ### Exercise 06.2 · Predict the factor (10 min, ●●○)
#
# *Goal:* four numbers about the straight line. *Given:* nothing reaches the forget gate but its bias $b_f$, so that $f = \sigma(b_f)$ at every
# step. *Done when* the check says ✓; two digits are enough.
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
factor_answers = exercise("06.2", factor_answers)

# %% [markdown]
# <details><summary>Hint</summary>
#
# After $k$ steps $f^k$ is left. So the half-life solves $f^k = \tfrac12$: take the logarithm of both sides.
# </details>
# <details><summary>Fuller hint</summary>
#
# $k = \ln\tfrac12 / \ln f$. For the last one go backwards: $f = (\tfrac12)^{1/100}$, and $\sigma(b) = f$ means $b = \ln\frac{f}{1 - f}$.
# </details>
#
# ## The honest measurement
#
# Many texts say that "the LSTM solves the vanishing gradient". So measure it, as [lesson 04](04_bptt.ipynb) did: how strongly does the input $k$
# steps ago move the last hidden state, $\lVert \partial h_T / \partial x_{T-k} \rVert$? One hundred steps, 64 units, PyTorch's default
# initialisation, nothing trained yet.
#
# **Before you run:** at this initialisation every bias is close to zero. Think of your first answer above. Which curve will fall faster, and
# by how much?


# %% tags=["nbval-ignore-output"]
def gradient_by_lag(core, x):
    """‖∂h_T / ∂x_{T−k}‖ over a batch, for the lags k = 0 … T−1, (T,). core: an nn.RNN or nn.LSTM. x: (N, T, D)."""
    x = x.clone().requires_grad_()
    last = core(x)[0][:, -1].sum(0)  # sequences do not mix, so the sum over the batch loses nothing
    rows = [torch.autograd.grad(unit, x, retain_graph=True)[0] for unit in last]
    return torch.linalg.vector_norm(torch.stack(rows), dim=(0, 1, 3)).flip(0)


def new(kind):
    return kind(8, 64, batch_first=True, dtype=torch.float64)


noise = torch.randn(1, 100, 8, dtype=torch.float64)
by_lag = {"RNN": gradient_by_lag(new(nn.RNN), noise), "LSTM, default": gradient_by_lag(new(nn.LSTM), noise)}
axes = {"x": "lag k (steps back)", "y": r"$\Vert \partial h_T / \partial x_{T-k} \Vert$", "log": True}
plot.series(by_lag, **axes, title="Fresh from the factory, the LSTM's gradient vanishes too")


# %%
def factor(norms, near=10, far=60):
    """The mean factor per step between two lags."""
    return (norms[far] / norms[near]) ** (1 / (far - near))


claim("the RNN's factor per step", factor(by_lag["RNN"]), between=(0.45, 0.7))
claim("the LSTM's factor per step is of the same kind", factor(by_lag["LSTM, default"]), between=(0.58, 0.72))
claim(
    "over 50 steps the LSTM's gradient shrinks to less than a hundred-millionth",
    factor(by_lag["LSTM, default"]) ** 50,
    at_most=1e-8,
)

# %% [markdown]
# A little better than ½, thanks to the routes through the gates, and no remedy at all. The straight line is only as good as its valve,
# and PyTorch delivers the valve *half shut*.
#
# The remedy is one line, old and often forgotten: start with a **forget bias** of 1 or more (Gers et al., 2000; Jozefowicz et al., 2015). Or
# give each unit a memory length of its own, $u$ steps between 1 and $T$, with
#
# $$b_f = \ln u, \quad b_i = -\ln u, \qquad\text{so that}\quad f = \sigma(\ln u) = 1 - \tfrac{1}{1 + u}$$
#
# This is the **chrono initialisation** (Tallec and Ollivier, 2018): some units forget soon, some late.
#
# ### Exercise 06.3 · Set a gate's bias (10 min, ●●○)
#
# *Goal:* in an `nn.LSTM` with one layer, make the bias of one gate equal to `value`, and leave everything else as it is. *Given:* `gate`, one of
# "i", "f", "g", "o"; `value`, a number or one for each unit; the two biases `lstm.bias_ih_l0` and `lstm.bias_hh_l0`, (4H,) each, *which
# torch adds*. *Done when* the check says ✓. Write into them inside `with torch.no_grad():`.


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
set_gate_bias = exercise("06.3", set_gate_bias)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The biases hold four blocks of H numbers, in the order i, f, g, o. The forget gate's block is `[H : 2 * H]`.
# </details>
# <details><summary>Fuller hint</summary>
#
# `"ifgo".index(gate)` is the number of the block. Put `value` into that block of one bias, and 0 into the same block of the other.
# </details>
#
# **Before you run:** with $b_f = 1$ and $3$, the straight line alone would give factors of $\sigma(1) \approx 0.73$ and $\sigma(3) \approx 0.95$. Will the
# measured factors be these, smaller, or larger?


# %% tags=["nbval-ignore-output"]
def chrono(lstm, T):
    """Chrono initialisation: memory lengths between 1 and T − 1 steps."""
    u = 1 + torch.rand(lstm.hidden_size, dtype=lstm.bias_ih_l0.dtype) * (T - 2)
    set_gate_bias(lstm, "f", u.log())
    set_gate_bias(lstm, "i", -u.log())
    return lstm


by_lag["LSTM, bias 1"] = gradient_by_lag(set_gate_bias(new(nn.LSTM), "f", 1.0), noise)
by_lag["LSTM, bias 3"] = gradient_by_lag(set_gate_bias(new(nn.LSTM), "f", 3.0), noise)
by_lag["LSTM, chrono"] = gradient_by_lag(chrono(new(nn.LSTM), 100), noise)
fig = plot.series(by_lag, **axes, title="The forget gate's bias decides how fast the gradient fades")
styles = {"LSTM, bias 1": "--", "LSTM, bias 3": "-.", "LSTM, chrono": ":"}  # one model, one colour
for line in fig.axes[0].lines:
    line.set_linestyle(styles.get(line.get_label(), "-"))
fig.axes[0].legend(loc="lower left")
fig

# %%
claim("factor per step with forget bias 1", factor(by_lag["LSTM, bias 1"]), between=(0.8, 0.9))
claim("with forget bias 3", factor(by_lag["LSTM, bias 3"]), between=(0.96, 1.04))
claim("with chrono initialisation", factor(by_lag["LSTM, chrono"]), between=(0.95, 0.995))
claim(
    "with bias 3, the measured factor is above the straight line's σ(3)",
    factor(by_lag["LSTM, bias 3"]) - factor_answers["factor at bias 3"],
    at_least=0.01,
)

# %% [markdown]
# Larger: the gates' own routes add to the straight line's. So $\operatorname{diag}(f)$ is not the LSTM's gradient; it is the part of it that
# we control by one number.
#
# ## Does it learn?
#
# Back to the adding problem, with three networks of 32 units: an RNN; an LSTM as it comes from the factory; and *your own* step with chrono
# initialisation. `Own` is an `nn.LSTM` in every respect, but its loop is your `unroll`.
#
# **Before you run:** at default initialisation the LSTM's gradient over 50 steps is next to nothing. Will it learn anything at all?


# %% tags=["nbval-ignore-output"]
class Own(nn.LSTM):
    """torch's parameters, your step in the loop."""

    def forward(self, x):
        return unroll(x, self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0 + self.bias_hh_l0)


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


readers = {
    "RNN": Reader(nn.RNN(2, 32, batch_first=True)),
    "LSTM, default": Reader(nn.LSTM(2, 32, batch_first=True)),
    "LSTM, chrono (yours)": Reader(chrono(Own(2, 32, batch_first=True), 50)),
}
default, yours = (readers[name].core for name in list(readers)[1:])
factor_before = factor(gradient_by_lag(default, adding(20, 50).x), 5, 40)


# %% tags=["nbval-ignore-output"]
losses = {}
for name, model in readers.items():
    history = fit(model, error, lambda: adding(32, 50), steps=1000, lr=0.02, clip=1.0, title=name)
    losses[name] = torch.tensor(history.losses).unfold(0, 25, 1).mean(1)
labels = {"x": "training step", "y": "squared error (mean of 25)", "levels": {"always 1": 1 / 6}}
fig = plot.series(losses, **labels, log=True, title="The RNN stays at the yardstick; both LSTMs learn to add")
fig.axes[0].lines[2].set_linestyle(":")
fig.axes[0].legend()
fig

# %%
factor_after = factor(gradient_by_lag(default, adding(20, 50).x), 5, 40)
claim("the RNN never gets below 0.12", losses["RNN"].min(), at_least=0.12)
claim("your step learns to add: its error at the end", losses["LSTM, chrono (yours)"][-1], at_most=0.005)
claim("the default LSTM learns it, too", losses["LSTM, default"][-1], at_most=0.005)
claim("the default LSTM's factor per step, before training", factor_before, at_most=0.72)
claim("and after", factor_after, at_least=0.9)

# %% [markdown]
# Did you expect the default LSTM to fail? It does not. A start is not a fate: close to the end of the sequence there is always *some*
# gradient, enough for the optimiser to open a few forget gates; then it reaches further back, and so on. The factor after training shows
# it. So the honest sentence is: *an LSTM does not solve the vanishing gradient; it has a valve, and training can open it.* The RNN has
# none to open. (How much sooner the good start learns differs from one training to the next; do not read it off one figure.)
#
# ## How to read a gate trace
#
# Now the question to ask of every LSTM: *what do you write, when, and how long do you keep it?* Practise first, on one cell whose gates we
# set by hand. It starts at $c_0 = 0$. Read each column from the top: how much is kept, how much is written, of what, how much is
# shown. As before, $c_t = f\,c_{t-1} + i\,g$, and outside one sees $h_t = o \tanh(c_t)$.

# %% tags=["nbval-ignore-output"]
g = torch.tensor([0.9, 0.8, -0.6, 0.3, 0.5, 0.3, 0.7, -0.9, -0.6, 0.6, -0.5, 0.4])
i, f, o = torch.zeros(12), torch.ones(12), torch.zeros(12)
i[[1, 4, 8]], f[6], f[9], o[[3, 10]] = 1.0, 0.0, 0.5, 1.0
table = torch.stack([f, i, g, o])
rows = ["forget f", "input i", "candidate g", "output o"]
fig, ax = plot.panels(size=(9.5, 3))
title = "One cell, twelve steps: where does it write, erase, show?"
plot.heatmap(table, x="step", xticks=range(1, 13), yticks=rows, scale="value", limit=2, title=title, ax=ax)
for (row, step), value in zip(torch.cartesian_prod(torch.arange(4), torch.arange(12)).tolist(), table.flatten()):
    ax.text(step, row, f"{value:.1f}".removesuffix(".0"), ha="center", va="center")
fig

# %% [markdown]
# ### Exercise 06.4 · Read the trace (10 min, ●●○)
#
# *Goal:* five facts about this cell. *Given:* the picture. *Done when* the check says ✓. Do it by eye and on paper.
#
# - `first write`: the first step at which something is written into the cell.
# - `first seen from outside`: the first step with $h_t \ne 0$.
# - `cell after step 6` and `cell after step 12`: the value of $c$.
# - `erased at`: the step at which the cell is emptied.

# %% tags=["exercise"]
trace_answers = {
    "first write": ...,
    "first seen from outside": ...,
    "cell after step 6": ...,
    "erased at": ...,
    "cell after step 12": ...,
}
### BEGIN SOLUTION
trace_answers = {
    "first write": 2,
    "first seen from outside": 4,
    "cell after step 6": 0.8 + 0.5,
    "erased at": 7,
    "cell after step 12": -0.6 * 0.5,
}
### END SOLUTION

# %% tags=["check"]
trace_answers = exercise("06.4", trace_answers)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A large candidate means nothing while the input gate is closed. An open output gate shows the cell, and takes nothing from it.
# </details>
# <details><summary>Fuller hint</summary>
#
# Go through the steps where $i = 1$: 2, 5 and 9. Each *adds* its $g$. At step 7 everything so far is multiplied by 0, at step 10 by one half.
# </details>
#
# ## What did yours learn?
#
# Your trained network has 32 cells. Take the one that holds the answer: the cell whose final state follows the sum most closely over 500
# new sequences. Here are its gates on the one with the largest sum. (`layers.LSTM` is your loop with a notebook in its hand: it writes down every
# gate in `trace`.)
#
# **Before you run:** sketch this cell's input gate, forget gate and cell state over the fifty steps.

# %% tags=["nbval-ignore-output"]
x, y = adding(500, 50)
notebook, trace = layers.LSTM(2, 32), {}
notebook.load_state_dict(yours.state_dict())
with torch.no_grad():
    notebook(x, trace=trace)
holds = torch.corrcoef(torch.cat([y, trace["c"][0, :, -1]], dim=1).T)[0, 1:]  # (H,)
n, marked, best = y.argmax(), x[..., 1] > 0, holds.abs().argmax()
gate_i, gate_f, g, cell = (trace[name][0, ..., best] for name in "ifgc")  # (N, T) each
fig, axes = plot.panels(3, 1, size=(9.5, 2.2), sharex=True)
axes[0].bar(steps, x[n, :, 0], color=["#D55E00" if m else "#BDBDBD" for m in marked[n]])
axes[0].set(ylabel="number", title="In: fifty numbers, two of them marked (orange)")
valves = {"forget gate f": gate_f[n], "input gate i": gate_i[n]}
plot.series(valves, steps, y="gate", title="Valves: write at the marks, keep all the time", ax=axes[1])
plot.series(cell[n] * holds[best].sign(), steps, x="step", y="±c", title="Kept: a step up at each mark", ax=axes[2])
fig

# %%
pairs = torch.stack([x[..., 0][marked], (gate_i * g)[marked]])  # each marked number, and what was written for it
cov = torch.cov(pairs)
claim("at marked steps this input gate opens: its mean", gate_i[marked].mean(), at_least=0.4)
claim("at all others it is shut: its mean", gate_i[~marked].mean(), at_most=0.05)
claim("the forget gate stays open: its mean", gate_f.mean(), at_least=0.95)
claim("what is written follows the number: correlation, either sign", torch.corrcoef(pairs)[0, 1].abs(), at_least=0.9)
claim("the final state follows the answer: correlation, either sign", holds.abs().max(), at_least=0.95)
nothing = pairs[0].mean() - pairs[1].mean() * cov[0, 0] / cov[0, 1]
claim("the number for which nothing is written", nothing, between=(0.3, 0.7))

# %% [markdown]
# This is the cell that we built by hand at the start, found by gradient descent: *keep everything, write what is marked*. In one thing it
# is cleverer. It writes each number *less about one half*, the average; the read-out's bias adds the rest. What can be known
# beforehand need not be remembered. (In some trainings this cell counts downwards, and the read-out's weight is negative; the picture
# is drawn so that up means more.)
#
# Other cells of the network do other things, or nothing. A trace shows what one cell does; that the network *relies* on it is another claim,
# for the gradients of [lesson 22](22_output_gradients.ipynb) to test.
#
# ## What it costs
#
# Four small networks where the RNN had one: four times the parameters, about four times the work, and for the backward pass six numbers per
# cell and step to keep ($i, f, g, o, c, h$) where the RNN keeps one. And a good memory is good at learning *by heart*. Here are ten sequences,
# always the same ten.
#
# **Before you run:** the error on these ten, and on a thousand new ones: smaller or larger than the 1/6 of always saying 1?

# %%
few, fresh = adding(10, 50), adding(1000, 50)
model = Reader(set_gate_bias(nn.LSTM(2, 32, batch_first=True), "f", 1.0))
fit(model, error, [few], steps=500, lr=0.01, clip=1.0, quiet=True)
sizes = [sum(p.numel() for p in core.parameters()) for core in (nn.LSTM(2, 32), nn.RNN(2, 32))]
with torch.no_grad():
    claim("the error on the ten sequences", error(model, *few), at_most=0.01)
    claim("on new sequences: worse than always saying 1", error(model, *fresh), at_least=1 / 6)
claim("parameters, compared with the RNN's", sizes[0] / sizes[1], close_to=4, tolerance=0)

# %% [markdown]
# It has memorised ten answers and learnt nothing about adding. More data is the cure where there is more; [lesson 10](10_sentiment.ipynb) shows others.
#
# ## What you can now do
#
# - **An LSTM step** is four gates and two lines: $c_t = f \circ c_{t-1} + i \circ g$ and $h_t = o \circ \tanh(c_t)$. Yours equals torch's.
# - **Its cell state** gives the gradient a straight line with the factor $f$, the gates held fixed. By default it vanishes as an RNN's
#   does; a forget bias or chrono initialisation opens it, and training can.
# - **A gate trace** tells what was written ($i$, $g$), how long it was kept ($f$), and when it was shown ($o$).
#
# Where it fails: it is costly, and all that it knows must fit into H cells. [lesson 08](08_gru.ipynb) asks what can be left out; [lesson 20](20_attention.ipynb) lets a
# network look back instead.
#
# <details><summary>Test yourself: the forget gate is 1 and the input gate is 1, at every step. What is c?</summary>
#
# The running sum of all candidates g. It can grow without bound, and h saturates at ±1: an LSTM that cannot forget.
# </details>
# <details><summary>Test yourself: why has g a tanh, and i, f, o a sigmoid?</summary>
#
# A gate is a share, between none and all. The candidate is a value, and must be able to lower the cell, too.
# </details>
#
# *Further reading.* S. Hochreiter, J. Schmidhuber, "Long short-term memory", *Neural Computation* 9 (1997). F. Gers, J. Schmidhuber, F. Cummins,
# "Learning to forget", *Neural Computation* 12 (2000). R. Jozefowicz, W. Zaremba, I. Sutskever, "An empirical exploration of recurrent
# network architectures", ICML 2015. C. Tallec, Y. Ollivier, "Can recurrent neural networks warp time?", ICLR 2018.
