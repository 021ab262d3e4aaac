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
# - set three valves so that a memory keeps what you choose, and only that,
# - write an LSTM cell from scratch, equal to torch's in values and gradients,
# - read a trace of its gates: what was written, how long it was kept, when it was shown.
#
# Needs: [lesson 01](01_recurrence.ipynb) (the loop over time). About 90 minutes. Mapping: many-to-many, aligned.

# %%
import torch
from torch import nn
from lstmkit import claim, exercise, fit, outcome, plot, predict, seed

seed(52)

# %% [markdown]
# ## Remember the orange one
#
# Twenty numbers arrive, one at a time. An orange one is to be remembered, until the next orange one comes. At a question mark, and only
# there, say the number that you remember.
#
# Try it: cover the figure with a sheet of paper and pull it slowly to the right.

# %% tags=["nbval-ignore-output"]
T = 20
steps = torch.arange(1, T + 1)
number, mark, ask = torch.rand(T), torch.zeros(T), torch.zeros(T)
mark[[0, 6, 13]] = 1  # steps 1, 7 and 14: Python counts from 0, we count from 1
ask[[4, 9, 11, 17]] = 1
plot.marked(number, mark, ask, title="Orange: remember. Grey: ignore. At a question mark: say it")

# %% [markdown]
# It was easy, and you did four things. At an orange bar you *let go* of the old number and *wrote down* the new one. At a grey bar you *did nothing*.
# At a question mark you *said* what you knew.
#
# The network of [lesson 01](01_recurrence.ipynb) cannot do nothing: $h_t = \tanh(W x_t + U h_{t-1} + b)$ is a whole new state at every step. So
# let us build a memory that can be left alone.
#
# ## Two valves
#
# One number, the **cell state** $c_t$, flows from step to step through a pipe. A valve in it, the **forget gate**, says what share is kept. A second
# pipe brings a new value $g$; its valve, the **input gate**, says what share of that is added.

# %% tags=["nbval-ignore-output"]
plot.lstm_cell("forget", "write")

# %% [markdown]
# Read the right-hand picture from left to right, and you have read the formula:
#
# $$c_t = f_t\, c_{t-1} + i_t\, g_t$$
#
# | symbol | variable | shape | range |
# |---|---|---|---|
# | $c_t$, cell state | `c` | scalar, for now | no bound |
# | $g_t$, new value | `g[t]`; for now the number itself | scalar | |
# | $f_t$, forget gate | `f[t]` | scalar | 0 (lose all) to 1 (keep all) |
# | $i_t$, input gate | `i[t]` | scalar | 0 (write nothing) to 1 (write all) |
#
# ### Exercise 06.1 · A memory with two valves (5 min, ●○○)
#
# *Goal:* the cell state at every step, starting from $c_0 = 0$. *Given:* the new values and both valves, each of shape (T,). *Done when* the
# check says ✓.


# %% tags=["exercise"]
def remember(g, f, i):
    """A cell with two valves: c_t = f_t c_{t−1} + i_t g_t, from c_0 = 0.

    g: new values. f: forget gate, the share of the old cell that is kept. i: input gate. All (T,). Returns c_1 … c_T, (T,).
    """
    ### BEGIN SOLUTION
    c, cells = torch.zeros(()), []
    for t in range(len(g)):
        c = f[t] * c + i[t] * g[t]
        cells.append(c)
    return torch.stack(cells)
    ### END SOLUTION


# %% tags=["check"]
remember = exercise("06.1", remember)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The loop of [lesson 01](01_recurrence.ipynb)'s moving average, with a share that may differ from step to step.
# </details>
# <details><summary>Fuller hint</summary>
#
# Start from `c = torch.zeros(())`. In the loop: `c = f[t] * c + i[t] * g[t]`, and append it to a list. `torch.stack` makes one tensor of
# the list.
# </details>
#
# ## Four ways to set the valves
#
# Here are four settings, for the twenty numbers above; `mark` is 1 at an orange bar, else 0.
#
# | | 1 | 2 | 3 | 4 |
# |---|---|---|---|---|
# | forget gate $f_t$ | $1$ | $1$ | $0.9$ | $1 - \text{mark}_t$ |
# | input gate $i_t$ | $1$ | $\text{mark}_t$ | $\text{mark}_t$ | $\text{mark}_t$ |
#
# **Before you run:** which of them holds the last orange number at *every* step? And what will each of the others hold at step 20? Write your
# choice below (1, 2, 3 or 4) in place of the dots.

# %% tags=["predict"]
predict("06.a", ...)  # 1, 2, 3 or 4

# %%
one = torch.ones(T)
settings = {1: (one, one), 2: (one, mark), 3: (0.9 * one, mark), 4: (1 - mark, mark)}
held = {}
for name in settings:
    f, i = settings[name]
    held[name] = remember(number, f, i)

# %% tags=["folded", "nbval-ignore-output"]
truth = number[[0] * 6 + [6] * 7 + [13] * 7]  # the last orange number at each step
fig, axes = plot.panels(1, 4, size=(3, 2.9))
for ax, name in zip(axes, held):
    plot.series({"": held[name]}, steps, x="step", title=f"setting {name}", ax=ax)
    ax.plot(steps, truth, "k--", linewidth=1.5, zorder=3)
    ax.set_ylim(bottom=0)
axes[0].set_ylabel("cell state c")
fig.suptitle("The cell under four settings; dashed: the last orange number")
fig

# %% [markdown]
# The fourth, and it alone. The first adds up all twenty numbers, the second the three *orange* ones: they never let go. The third **leaks**, a little
# at each step: of the last orange number about half is left at step 20 ($0.9^6 \approx 0.53$). Only the fourth both holds on and lets go: its forget gate is shut at the one moment when the old number must make room.

# %% tags=["claim"]
holds = [name for name in held if (held[name] - truth).abs().max() < 1e-5]
outcome("06.a", holds[0] if len(holds) == 1 else str(holds))
claim("only one setting holds the last orange number at every step, and it is the fourth", holds == [4], is_true=True)
claim(
    "the second ends with the sum of the three orange numbers",
    held[2][-1] - number[mark > 0].sum(),
    close_to=0,
    tolerance=1e-5,
)
claim(
    "of the first number the third has lost two fifths when the second comes",
    1 - held[3][5] / number[0],
    between=(0.4, 0.42),
)

# %% [markdown]
# ## The third valve
#
# One thing is missing: to be silent. The cell holds its number all the time, but it should be *seen* only when it is asked for. A third valve,
# the **output gate**, opens the view. A tanh before it brings the cell, which has no bound, into the range from −1 to 1.

# %% tags=["nbval-ignore-output"]
plot.lstm_cell("show")

# %% [markdown]
# $$h_t = o_t \tanh(c_t)$$
#
# What is shown, $h_t$, is the **hidden state**, a name from the time before there was something better hidden. To look takes nothing away: the
# pipe goes straight on to $c_t$.
#
# ### Exercise 06.2 · Set the valves for another job (8 min, ●●○)
#
# *Goal:* three valves for this job: *add up the marked numbers; at a reset, start again from nothing; show the sum at a question, and only there.*
# *Given:* three rows of zeros and ones, `mark`, `reset` and `ask`, each (T,). A number that is marked at the very step of a reset is the first
# of the new sum. *Done when* the check says ✓.


# %% tags=["exercise"]
def set_valves(mark, reset, ask):
    """The valves of a cell that adds the marked numbers since the last reset and shows the sum when asked.

    mark, reset, ask: zeros and ones, (T,). Returns f, i, o: forget, input and output gate, each (T,).
    """
    ### BEGIN SOLUTION
    f = 1 - reset  # lets go at a reset, and keeps at all other steps
    i = mark
    o = ask
    return f, i, o
    ### END SOLUTION


# %% tags=["check"]
set_valves = exercise("06.2", set_valves)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Ask each valve its own question. When must the old cell *not* be kept? When is a number to be added? When is the cell to be seen?
# </details>
# <details><summary>Fuller hint</summary>
#
# Each valve is one of the three rows, or 1 minus one of them. The forget gate is the share that is *kept*: 0 at a reset, 1 at all other
# steps. At a marked reset step the old sum goes, and the new number is written in the same step.
# </details>
#
# Your valves at work, on the same numbers, with more of them marked. Look at the blue line alone first: what does the reset do to it?

# %%
many, reset = (torch.arange(T) % 3 == 0).float(), torch.zeros(T)
reset[9] = 1


# %% tags=["folded"]
def at_work(forget_gate, input_gate, output_gate):
    """The sums since the last reset (dotted), when each of your three valves opens to this share at most."""
    f, i, o = set_valves(many, reset, ask)
    c = remember(number, forget_gate * f, input_gate * i)
    fig, axes = plot.panels(2, 1, size=(9.5, 2.3), sharex=True)
    plot.marked(number, many, ask, x="", ax=axes[0])
    lines = {"cell c": c, "shown h": output_gate * o * torch.tanh(c)}
    plot.series(lines, steps, x="step", title="Sums since the last reset (dotted)", marks=[10], ax=axes[1])
    for line in axes[1].lines:
        line.set_drawstyle("steps-mid")
    axes[1].set_ylim(0, 3)
    axes[1].legend(loc="upper left")
    return fig


# %% tags=["nbval-ignore-output"]
plot.live(at_work, forget_gate=(0.0, 1.0, 1.0), input_gate=(0.0, 1.0, 1.0), output_gate=(0.0, 1.0, 1.0))

# %% [markdown]
# At step 10 the sum starts again. And the orange line, seen at the questions alone, stays below the blue one: tanh bends a large sum down, and leaves small values nearly
# as they are.
#
# Run the cell, and play: below the figure stand three sliders. Close one valve a little, then open it again and try the next. Say each time, before you let go, what the blue line will do: lose a little
# at *every* step, lose something *once*, at each mark, or stay as it is?
#
# ## Who turns the valves?
#
# So far, you did, knowing the job. The idea of the **LSTM** (long short-term memory) is that *a small network turns each valve.* It reads the
# input $x_t$ and what was shown a step ago, $h_{t-1}$, and answers with a number between 0 and 1, by the **sigmoid** $\sigma(a) = 1 / (1 + e^{-a})$: near 0
# for $a = -5$, ½ for $a = 0$, near 1 for $a = 5$. The new value comes from a small network, too, with a tanh: it must be able to lower the cell.

# %% tags=["nbval-ignore-output"]
plot.lstm_cell("gates")

# %% [markdown]
# There are H such cells side by side, each with its own valves; $\circ$ multiplies entry by entry.
#
# $$\begin{aligned}
# i_t &= \sigma(W_i x_t + U_i h_{t-1} + b_i) &\quad f_t &= \sigma(W_f x_t + U_f h_{t-1} + b_f) \\
# g_t &= \tanh(W_g x_t + U_g h_{t-1} + b_g) &\quad o_t &= \sigma(W_o x_t + U_o h_{t-1} + b_o)
# \end{aligned}$$
#
# $$c_t = f_t \circ c_{t-1} + i_t \circ g_t, \qquad h_t = o_t \circ \tanh(c_t)$$
#
# The four weights are stacked into one, so that one product serves all. torch's order is **i, f, g, o**.
#
# | symbol | variable | shape | holds |
# |---|---|---|---|
# | $W$ | `W` | (4H, D) | $W_i, W_f, W_g, W_o$, one below the other |
# | $U$ | `U` | (4H, H) | $U_i, U_f, U_g, U_o$ |
# | $b$ | `b` | (4H,) | $b_i, b_f, b_g, b_o$ |
# | $x_t$ | `x_t` | (N, D) | a batch of N sequences, one row each |
# | $h$, $c$ | `h`, `c` | (N, H) | the two states |
#
# ### Exercise 06.3 · One LSTM step (12 min, ●●○)
#
# *Goal:* the six equations: from $x_t$, $h_{t-1}$, $c_{t-1}$ to $h_t$ and $c_t$. *Given:* all of the table. *Done when* the check says ✓. And
# once it does: swap two gates on purpose, run the check again, and see what it tells you. It knows all 23 wrong orders by sight, and more.


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
lstm_step = exercise("06.3", lstm_step)

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
# Around it goes the loop that you know, with two states to carry. Is it the real thing? The same weights in must give the same numbers out, *and the
# same gradients*. (torch has two biases where one would do, and adds them.)


# %%
def unroll(x, W, U, b):
    """Run lstm_step over a batch. x: (N, T, D). Returns h and c of every step, each (N, T, H)."""
    h = c = x.new_zeros(len(x), U.shape[1])
    shown, cells = [], []
    for x_t in x.unbind(1):
        h, c = lstm_step(x_t, h, c, W, U, b)
        shown.append(h)
        cells.append(c)
    return torch.stack(shown, dim=1), torch.stack(cells, dim=1)


# %% tags=["claim"]
theirs = nn.LSTM(4, 6, batch_first=True, dtype=torch.float64)
W, U, b_ih, b_hh = theirs.parameters()
inputs = torch.randn(3, 20, 4, dtype=torch.float64)
ours = unroll(inputs, W, U, b_ih + b_hh)[0]
expected = theirs(inputs)[0]
our_gradient, their_gradient = (torch.autograd.grad(y.square().sum(), W)[0] for y in (ours, expected))
claim("your cell and torch.nn.LSTM show the same h, at every step", (ours - expected).abs().max(), at_most=1e-10)
claim("and would learn the same: equal gradients of W", (our_gradient - their_gradient).abs().max(), at_most=1e-9)

# %% [markdown]
# ## Program a cell
#
# Can weights turn the valves as your hand did? A step's input is now three numbers, (number, mark, ask). One cell, so four rows of weights, one for
# each gate.

# %%
x = torch.stack([number, mark, ask], dim=1)  # (T, 3)
program = torch.tensor(
    [  # number, mark, ask, bias
        [0.0, 20.0, 0.0, -10.0],  # input gate: σ(10) at a mark, else σ(−10)
        [0.0, 0.0, 0.0, 10.0],  # forget gate: always σ(10)
        [0.1, 0.0, 0.0, 0.0],  # new value: a tenth of the number, so small that tanh leaves it alone
        [0.0, 0.0, 20.0, -10.0],  # output gate: σ(10) at a question, else σ(−10)
    ]
)


# %% [markdown]
# Read it row by row, and you know this cell: it is setting 2 of the four above. It never lets go, and piles one orange number on the other.
#
# ### Exercise 06.4 · Reprogram one valve (6 min, ●●○)
#
# *Goal:* a forget gate for our job, *hold the last orange number*: open at every step without a mark (above $0.99$), shut at every step
# with one (below $0.01$). *Given:* the program above. Only its second row needs to change. *Done when* the check says ✓: four numbers, the
# weights of number, mark and ask, and the bias.

# %% tags=["exercise"]
forget_row = ...  # [number, mark, ask, bias]
### BEGIN SOLUTION
forget_row = [0.0, -20.0, 0.0, 10.0]  # σ(10) without a mark, σ(−10) with one
### END SOLUTION

# %% tags=["check"]
forget_row = exercise("06.4", forget_row)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Compare with the first row: the input gate opens at a mark. The forget gate must do the opposite. What must go into the sigmoid at a
# step without a mark, and what at one with it?
# </details>
# <details><summary>Fuller hint</summary>
#
# Without a mark only the bias goes in: 10, say. With a mark, weight plus bias: that must be as far below zero, so the weight of the mark
# is −20. Number and ask do not concern this valve.
# </details>


# %% tags=["folded"]
def gates_of(x, W, U, b):
    """States and gates at every step, for the figures: {letter: (N, T, H)}. x: (N, T, D)."""
    with torch.no_grad():
        h, c = unroll(x, W, U, b)
        before = torch.cat([torch.zeros_like(h[:, :1]), h[:, :-1]], dim=1)
        i, f, g, o = (x @ W.T + before @ U.T + b).chunk(4, dim=2)
    return {"h": h, "c": c, "i": i.sigmoid(), "f": f.sigmoid(), "g": g.tanh(), "o": o.sigmoid()}


def story(W, U, b, scale, shift, title):
    """A one-cell LSTM on the sequence above: its valves, what it holds and what it says. Returns the figure."""
    seen = {letter: values[0, :, 0] for letter, values in gates_of(x[None], W, U, b).items()}
    valves = {"forget f": seen["f"], "input i": seen["i"], "output o": seen["o"]}
    lines = {"would say": scale * seen["c"].tanh() + shift, "says": scale * seen["h"] + shift}
    return plot.cell_story(number, mark, ask, valves, lines, truth=truth, title=title)


# %% [markdown]
# Now run it, through *your* `lstm_step`. As the new value is a tenth of the number, we read ten times $h$; and ten times $\tanh(c)$ is what the
# cell *would* say if its output gate were open.

# %% tags=["nbval-ignore-output"]
program[1] = torch.as_tensor(forget_row)
from_h = torch.zeros(4, 1)  # U: this program does not look at what was shown
story(program[:, :3], from_h, program[:, 3], scale=10, shift=0, title="Your program at work, in your cell")

# %% [markdown]
# Your program holds the dashed line, and says it at the four questions.
#
# ## How to read a trace
#
# The rows of coloured numbers above are a **gate trace**. Here is that of another cell, twelve steps, $c_0 = 0$. Read each column from the top: how
# much is kept, how much is written, of what, how much is shown.

# %% tags=["nbval-ignore-output"]
g = torch.tensor([0.9, 0.8, -0.6, 0.3, 0.5, 0.3, 0.7, -0.9, -0.6, 0.6, -0.5, 0.4])
i, f, o = torch.zeros(12), torch.ones(12), torch.zeros(12)
i[[1, 4, 8]], f[6], f[9], o[[3, 10]] = 1.0, 0.0, 0.5, 1.0
rows = {"forget f": f, "input i": i, "new value g": g, "output o": o}
plot.gate_rows(rows, title="One cell, steps 1 to 12")

# %% [markdown]
# ### Exercise 06.5 · Read the trace (8 min, ●●○)
#
# *Goal:* five facts about this cell. *Given:* the picture; steps are counted from 1, as on its axis. *Done when* the check says ✓. By eye and on
# paper: $c_t = f_t\, c_{t-1} + i_t\, g_t$ and $h_t = o_t \tanh(c_t)$.
#
# At which step is something first written into the cell? At which is it first seen, $h_t \ne 0$? At which is it emptied? What are $c_6$ and $c_{12}$?

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
trace_answers = exercise("06.5", trace_answers)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A large new value means nothing while the input gate is shut. An open output gate shows the cell, and takes nothing from it.
# </details>
# <details><summary>Fuller hint</summary>
#
# Go through the steps where $i = 1$: 2, 5 and 9. Each *adds* its $g$. At step 7 everything so far is multiplied by 0, at step 10 by one half.
# </details>
#
# ## Nobody programs it
#
# Now the question of this lesson. Take your cell with *random* weights, show it sequences and right answers, and let gradient descent turn the
# valves. As chance rules the start, we train 64 cells at once, each an LSTM of its own with H = 1 and its own read-out.


# %%
def keep_and_say(N):
    """The job, drawn afresh. x: (N, T, 3), number, mark, ask. y: (N, T, 1), the number remembered when asked, else 0."""
    number = torch.rand(N, T)
    mark, ask = (torch.rand(N, T) < 0.2).float(), (torch.rand(N, T) < 0.3).float()
    mark[:, 0] = 1  # from the first step on there is something to remember
    answers, last = [], number[:, 0]
    for t in range(T):
        last = torch.where(mark[:, t] == 1, number[:, t], last)
        answers.append(last * ask[:, t])
    return torch.stack([number, mark, ask], dim=2), torch.stack(answers, dim=1)[..., None]


# %%
class Lonely(nn.Module):
    """R LSTMs of one cell each, side by side. (N, T, 3) → what each of them says, (N, T, R)."""

    def __init__(self, R, stuck_open=False):
        super().__init__()
        self.W = nn.Parameter(torch.rand(4 * R, 3) * 2 - 1)
        self.U = nn.Parameter(torch.rand(4 * R, R) * 2 - 1)
        self.b = nn.Parameter(torch.rand(4 * R) * 2 - 1)
        self.scale, self.shift = nn.Parameter(torch.rand(R) * 2 - 1), nn.Parameter(torch.zeros(R))
        self.own = torch.eye(R).repeat(4, 1)  # a cell's gates see its own h, and no other
        self.hold = torch.zeros(4 * R)
        self.hold[R : 2 * R] = 1000.0 * stuck_open  # σ of this is 1, whatever the forget gate reads

    def forward(self, x):
        h, c = unroll(x, self.W, self.U * self.own, self.b + self.hold)
        return h * self.scale + self.shift


# %% [markdown]
# A yardstick: who remembers *nothing* can at best say ½ when asked about an older number, and pays a variance of 1/12 each time. We say that a cell
# *has learnt it* if its error falls below a tenth of that.
#
# The LSTM of 1997 (Hochreiter and Schmidhuber) had no forget gate: its pipe was always open, $f = 1$. The gate
# came three years later (Gers, Schmidhuber and Cummins). In this respect, `stuck_open=True` is a cell of 1997.
#
# **Before you run:** how many of 64 cells will learn the job? And how many of 64 cells of 1997?

# %% tags=["predict"]
predict("06.b", ...)  # how many of 64, all valves free
predict("06.c", ...)  # how many of 64, the forget gate held open


# %% tags=["nbval-ignore-output"]
def train(model, title):
    """800 steps, fresh sequences in each. Returns the error of every cell at every step, (steps, R)."""
    curves = []

    def error(model, x, y):
        each = (model(x) - y).square().mean(dim=(0, 1))  # (R,)
        curves.append(each.detach())
        return each.sum()

    fit(model, error, lambda: keep_and_say(32), steps=800, lr=0.1, title=title)
    return torch.stack(curves)


models = {"all valves free": Lonely(64), "forget gate held open": Lonely(64, stuck_open=True)}
errors = {name: train(model, name) for name, model in models.items()}

# %% tags=["folded", "nbval-ignore-output"]
nothing = 0.3 * 0.8 * 19 / 20 / 12  # asked, unmarked, not the first step (always marked); variance of a uniform number
fig, axes = plot.panels(1, 2, size=(5.5, 3.6), sharey=True)
for ax, name in zip(axes, errors):
    smooth = errors[name].unfold(0, 20, 1).mean(dim=2)  # a mean of 20 steps
    ax.plot(smooth, color="#D55E00", linewidth=1.5, alpha=0.4)
    ax.axhline(nothing, color="black", linestyle="--", linewidth=1.5)
    ax.set(yscale="log", ylim=(5e-5, 0.5), xlabel="training step", title=f"64 cells, {name}")
axes[0].set_ylabel("squared error (mean of 20 steps)")
fig.suptitle("One line for each cell; dashed: the yardstick")
fig

# %% [markdown]
# Two crowds on the left: some cells fall from the dashed line, and far; most stay on it. One cell is enough to *do* the job, and often too little to
# *find* it: a network of many cells has many tries. On the right nobody falls: without a way to let go, the old number spoils the new one.

# %% tags=["claim"]
ends = {name: errors[name][-20:].mean(0) for name in errors}
learnt = ends["all valves free"] < nothing / 10
old = ends["forget gate held open"]
outcome("06.b", int(learnt.sum()))
outcome("06.c", int((old < nothing / 10).sum()))
claim("of 64 cells at least five learn the job (chance alone moves this number by about 3)", learnt.sum(), at_least=5)
claim("but fewer than half of them", learnt.sum(), at_most=25)
claim("no cell of 1997 comes even a third below the yardstick", old.min() / nothing, at_least=0.72)

# %% [markdown]
# ## What did it learn?
#
# **Before you run:** you know one program that works. Is it among those that gradient descent found? Below, on the sequence from the beginning, is the trace
# of one cell that learnt the job: the one whose input gate moves most.

# %% tags=["folded", "nbval-ignore-output"]
trained = models["all valves free"]
every_x = keep_and_say(200)[0]
seen = gates_of(every_x, trained.W, trained.U * trained.own, trained.b)
seen |= {"g": seen["g"].abs(), "ig": seen["i"] * seen["g"].abs()}
means = {}
for name in ["f", "i", "g", "ig", "o"]:
    here = every_x[..., 2 if name == "o" else 1] == 1  # the questions, or the marks
    means[name] = (seen[name][~here].mean(0)[learnt], seen[name][here].mean(0)[learnt])
opening = means["i"][1] - means["i"][0]
chosen = learnt.nonzero()[opening.argmax(), 0]
mine = torch.arange(4) * 64 + chosen  # its rows of i, f, g, o
W, U, b = trained.W[mine], trained.U[mine, chosen, None], trained.b[mine]
story(W, U, b, trained.scale[chosen], trained.shift[chosen], title="A cell that learnt the job, and what comes of it")

# %% [markdown]
# It is: open pipe, shut at the orange bars; written there and nowhere else; shown at the question. (Its output gate never opens fully, and the read-out
# makes up for that: hence “would say” lies too high.)
#
# Do all of them work like that? Here is a dot for each cell that learnt the job: a gate's mean at marks (for the output gate: at questions) against its
# mean at all other steps. Look for the panels where the dots do *not* agree.

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(1, 4, size=(3, 3.1), sharex=True, sharey=True)
titles = {"f": "forget gate f", "i": "input gate i", "g": "size of new value |g|", "o": "output gate o"}
for ax, name in zip(axes, titles):
    plot.scatter({"": means[name]}, x="mean elsewhere", title=titles[name], ax=ax)
    ax.set(xlim=(-0.05, 1.05), ylim=(-0.05, 1.05), ylabel="mean at questions" if name == "o" else "mean at marks")
fig

# %% [markdown]
# Forget and output gates agree: all went to one corner. Input gates and new values do not. In some cells, as in your program, the gate opens at marks
# and the new value is the number. In others *they have changed places*: the new value is near 0 or ±1 and does the gate's work, and the "gate" carries the
# number. Nothing forbids it: only the product $i \circ g$ is ever written. So read a trace by what is written, not by the names of its rows.

# %% tags=["claim"]
agree = torch.stack([means["f"][0] - means["f"][1], means["o"][1] - means["o"][0]])
claim(
    "in every cell that learnt the job, the forget gate shuts at marks and the output gate opens at questions: the smallest difference",
    agree.min(),
    at_least=0.5,
)
lead = opening - (means["g"][1] - means["g"][0])  # by how much more the gate opens at marks than the new value does
claim(
    "in one of them the input gate opens at marks far more than the new value does, in another far less",
    min(lead.max(), -lead.min()),
    at_least=0.5,
)
claim(
    "but in every one more is written at marks: at least twice as much",
    (means["ig"][1] / means["ig"][0]).min(),
    at_least=2,
)

# %% [markdown]
# That is the answer to our question: a network decides what to remember by turning valves, and it learns to turn them from nothing but right answers.
# This job gave it a hint at every question. If the answer is wanted once, at the end, long after the number that matters, the error has to travel
# back all the way: [lesson 07](07_long_memory.ipynb) asks whether it arrives.

# %% [markdown]
# ## What you can now do
#
# - **Three valves** make a memory: keep ($f$), write ($i$), show ($o$). To hold the last marked number: $f = 1 - \text{mark}$, $i = \text{mark}$, $o = \text{ask}$.
# - **An LSTM step** is four small networks and two lines: $c_t = f \circ c_{t-1} + i \circ g$ and $h_t = o \circ \tanh(c_t)$. Yours equals torch's.
# - **A gate trace** tells what was written ($i$, $g$), how long it was kept ($f$), and when it was shown ($o$).
#
# Where people use this: translators up to about 2017, speech recognisers some years longer, and to this day where a stream is answered step by step on a small
# machine: sensors, handwriting, river levels.
#
# Where it fails: it has four times the weights of an RNN ([lesson 08](08_gru.ipynb) asks what can be left out, [lesson 09](09_which_gate.ipynb)
# which gate does which work), and all that it knows must fit into H cells ([lesson 20](20_attention.ipynb) looks back instead).
#

# %% [markdown]
# <details><summary>Test yourself: forget gate and input gate are 1 at every step. What is c?</summary>
#
# The running sum of all new values. It can grow without bound, and what an open output gate shows is then stuck near ±1: a cell that cannot forget. It is why the forget gate
# was invented: the cell of 1997 had to be reset from outside whenever a new sequence began.
# </details>
# <details><summary>Test yourself: why has g a tanh, and i, f, o a sigmoid?</summary>
#
# A gate is a share, between none and all. The new value must be able to lower the cell, too.
# </details>
# <details><summary>Test yourself: a cell's input gate is ½ at every mark. Does it forget half of each number?</summary>
#
# No. It *writes* half of $g$, and $g$ or the read-out may be twice as large. What is lost over time is told by $f$ alone.
# </details>
#
# *Further reading.* S. Hochreiter, J. Schmidhuber, "Long short-term memory", *Neural Computation* 9 (1997). F. Gers, J. Schmidhuber, F. Cummins,
# "Learning to forget: continual prediction with LSTM", *Neural Computation* 12 (2000). A. Karpathy, J. Johnson, L. Fei-Fei, "Visualizing and
# understanding recurrent networks", arXiv:1506.02078 (2015): traces of cells in networks that read text.
