# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 22 · Input gradients
#
# **Which input moved which output?**
#
# After this lesson you will be able to
# - compute the gradient of *every* output of a sequence with respect to *every* input, and avoid the trap of the sum,
# - say through which state each gradient travels, and what the way of giving an input has to do with it,
# - write the recursion that gives all of these gradients in one sweep back through time.
#
# Needs: the LSTM's gates and its two states h and c ([lesson 06](06_lstm.ipynb)). Parts 3 and 4 are not needed. About 120 minutes. Mapping:
# one-to-many, then many-to-many, aligned.

# %%
import warnings
import torch
from torch import autograd, nn
from lstmkit import claim, device, exercise, fit, gradients, layers, models, plot, seed
from lstmkit.data.memory import echo
from lstmkit.data.oscillator import RANGES, oscillate, oscillations, sensitivities

seed(0)

# %% tags=["nbval-ignore-output"]
plot.mapping(["one-to-many", "many-to-many, aligned"])

# %% [markdown]
# ## Four numbers, forty steps
#
# To know whether a network's gradients are *right*, we need a task whose true gradients are known. Here is one: a swing that is
# pushed and left alone. Four numbers say all about it, and forty steps follow from them:
#
# $$y_t = A\, e^{-\gamma t} \cos(2\pi f t + \varphi), \qquad t = 0 \dots 39$$
#
# | symbol | variable | from … to |
# |---|---|---|
# | $A$, amplitude | `x[:, 0]` | 0.5 … 1.5 |
# | $f$, frequency, in cycles per step | `x[:, 1]` | 0.03 … 0.09 |
# | $\gamma$, damping per step | `x[:, 2]` | 0 … 0.08 |
# | $\varphi$, phase, in radians | `x[:, 3]` | $-\pi/2$ … $\pi/2$ |
# | $y$, the curve | `y` | shape (N, T), T = 40 |
#
# In `x`, shape (N, 4), each number is *scaled*: −1 is the smallest value of its row, +1 the largest. So all four speak in one unit.
#
# **Before you run:** nudge each of the four up by a little. Which nudge moves the *first* steps, and which the *last*?

# %% tags=["nbval-ignore-output"]
x = torch.zeros(1, 4)  # the middle of every range
curve, nudge = oscillate(x)[0], 0.05
moved = {name: (oscillate(x + nudge * torch.eye(4)[d])[0] - curve) / nudge for d, name in enumerate(RANGES)}
fig, axes = plot.panels(1, 2, size=(6, 3.6))
plot.series({"truth": curve}, x="step t", y="y", title="One oscillation", ax=axes[0])
plot.series(moved, x="step t", y="∂y per half range", title="Four nudges", ax=axes[1])
fig

# %% [markdown]
# Amplitude and phase move the first steps; the frequency moves the last ones most. The right panel shows, nearly (the nudge is
# finite), the four **sensitivities** $\partial y_t/\partial x_d$: how much output $t$ changes for a small change of input $d$. They can
# be had by hand:
#
# $$\frac{\partial y_t}{\partial A} = e^{-\gamma t}\cos\theta_t, \quad \frac{\partial y_t}{\partial f} = -2\pi t\,A\,e^{-\gamma t}\sin\theta_t, \quad
# \frac{\partial y_t}{\partial \gamma} = -t\,A\,e^{-\gamma t}\cos\theta_t, \quad \frac{\partial y_t}{\partial \varphi} = -A\,e^{-\gamma t}\sin\theta_t$$
#
# with $\theta_t = 2\pi f t + \varphi$. `sensitivities(x)` computes these, each times half of its range.
#
# ### Exercise 22.1 · Where is it largest? (10 min, ●●○)
#
# *Goal:* the step at which a sensitivity is largest. *Given:* $\gamma = 0.05$ and forty steps, counted 0 … 39. Look at the
# **envelope** alone: the formula without its sine or cosine. *Done when* the check says ✓: three steps, worked out on paper: for the
# amplitude, for the frequency, and for the frequency of a swing without damping ($\gamma = 0$).

# %% tags=["exercise"]
largest = {"amplitude": ..., "frequency": ..., "frequency, no damping": ...}  # your steps
### BEGIN SOLUTION
largest = {"amplitude": 0, "frequency": 20, "frequency, no damping": 39}  # t·exp(−γt) is largest at t = 1/γ
### END SOLUTION

# %% tags=["check"]
largest = exercise("22.1", largest)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The envelopes are $e^{-\gamma t}$ for the amplitude and $2\pi A\, t\, e^{-\gamma t}$ for the frequency. One only falls. The other
# begins at zero.
# </details>
# <details><summary>Fuller hint</summary>
#
# The slope of $t\,e^{-\gamma t}$ is $(1 - \gamma t)\,e^{-\gamma t}$. It is zero at $t = 1/\gamma$.
# </details>
#
# ## A network that has to find the formula
#
# Now a network that sees examples only. The four numbers enter **once**: two linear maps make the LSTM's first states $h_0$ and $c_0$
# of them. After that the LSTM runs on its own, with nothing to read; a linear **read-out** makes $y_t$ of each $h_t$. To have any
# $\partial y_{39}/\partial x$ at all, it must carry x through forty steps of memory.


# %%
class Oscillator(nn.Module):
    """Four numbers in, T steps out; the input enters once, as the initial state."""

    def __init__(self, H=48, T=40):
        super().__init__()
        self.T, self.start = T, nn.Linear(4, 2 * H)
        self.lstm, self.read = nn.LSTM(1, H, batch_first=True), nn.Linear(H, 1)
        nn.init.ones_(self.lstm.bias_hh_l0.data[H : 2 * H])  # forget gates begin open (lesson 06)

    def begin(self, x):
        """The states before the first step, (1, N, H) each, from x (N, 4)."""
        h, c = self.start(x)[None].chunk(2, dim=2)
        return h.tanh(), c.contiguous()  # h always lies between −1 and 1; c need not

    def run(self, state, steps):
        """Let the LSTM run from a state. Returns h of every step, (N, steps, H), and the last (h, c)."""
        nothing = state[0].new_zeros(state[0].shape[1], steps, 1)
        return self.lstm(nothing, state)

    def forward(self, x):
        """(N, 4) → (N, T)."""
        return self.read(self.run(self.begin(x), self.T)[0])[..., 0]


# %% tags=["nbval-ignore-output"]
def train(model, batches, steps, lr):
    """Adam on the squared error; the rate rises to lr, then falls to zero. batches: draws one pair (x, y)."""

    def loss(model, x, y):
        return nn.functional.mse_loss(model(x), y)

    def rise_and_fall(optimizer):
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)

    fit(model, loss, batches, steps=steps, lr=lr, schedule=rise_and_fall, clip=1.0)  # clip: lesson 04


model = Oscillator()
train(model, lambda: oscillations(128), steps=1000, lr=8e-3)
x, y = oscillations(200)  # fresh ones
fig, axes = plot.panels(1, 3, size=(4, 2.8), sharey=True)
for n, ax in enumerate(axes):
    both = {"truth": y[n], "LSTM": model(x[n : n + 1])[0]}
    plot.series(both, x="step t", y="y", title=f"New oscillation {n + 1}", ax=ax)
fig

# %% [markdown]
# The curves lie on each other, on oscillations that it has never seen. So it knows the *values*. Does it know the *sensitivities*?
# Nobody has shown it any.
#
# ## The trap of the sum
#
# `y.sum().backward()` is the line that everybody writes first. Look at the shape of what it gives. There are forty outputs. Where are
# the forty gradients?

# %%
model, x, y = model.double(), x.double(), y.double()  # from here on in float64: we are going to compare to ten digits
leaf = x[:1].clone().requires_grad_()
model(leaf).sum().backward()
print("gradient of the sum:", tuple(leaf.grad.shape), "  wanted:", tuple(sensitivities(x[:1]).shape))
with torch.no_grad():
    unexplained = (model(x) - y).square().mean() / y.var()
claim("the network explains at least 99 % of the variance of new curves", 1 - unexplained, at_least=0.99)

# %% [markdown]
# `backward` needs *one* number to start from. The sum is one number, so its gradient is the sum of the forty gradients: late steps and
# early ones, plus and minus, added up and never to be parted again.
#
# Over the **batch** a sum is harmless. Sample 3's output depends on sample 3's input alone, so the gradient of
# `y[:, t].sum()` holds, row by row, each sample's own gradient. It is the sum over *steps* that mixes.
#
# ### Exercise 22.2 · One gradient for each output (15 min, ●●○)
#
# *Goal:* $\partial y_{n,t}/\partial x_n$ for every sample n and every step t: one backward pass for each step. *Given:* a `model` that maps
# `x` to (N, T), and `x`: (N, D), or (N, S, D) for a model that reads a sequence. *Done when* the check says ✓. Do not change the
# caller's `x`, not even its `requires_grad`: work on a copy.


# %% tags=["exercise"]
def output_gradients(model, x):
    """The gradient of each output step with respect to the whole input.

    model: a function from x to y, (N, T). x: (N, …). Returns ∂y[n, t]/∂x[n], shape (N, T, …).
    """
    ### BEGIN SOLUTION
    x = x.detach().clone().requires_grad_()
    y = model(x)
    each = [autograd.grad(y[:, t].sum(), x, retain_graph=True)[0] for t in range(y.shape[1])]
    return torch.stack(each, dim=1)
    ### END SOLUTION


# %% tags=["check"]
output_gradients = exercise("22.2", output_gradients)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `x.detach().clone().requires_grad_()` is a copy that autograd watches. Run the model once. Then loop over the steps.
# </details>
# <details><summary>Fuller hint</summary>
#
# `torch.autograd.grad(y[:, t].sum(), x, retain_graph=True)[0]` has the shape of `x`. Without `retain_graph=True` the first
# pass frees what the second needs. `torch.stack(…, dim=1)` puts the steps behind the batch.
# </details>
#
# Now the test that this lesson is for. **Before you run:** the network was trained on values only. Will its gradients follow the formula
# everywhere, at some steps only, or nowhere? Black is the formula.
#
# Five numbers below the figure say it for all 200 oscillations: the **cosine** between the network's 40 × 4 gradients of an oscillation
# and the formula's (1 where they point the same way), and for each of the four inputs the correlation over all samples and steps. Two
# more say at which steps it errs: the size of the error as a share of the true size.

# %% tags=["nbval-ignore-output"]
J, truth = output_gradients(model, x), sensitivities(x)  # (200, 40, 4) each
fig, axes = plot.panels(2, 2, size=(6, 2.9), sharex=True)
for d, (name, ax) in enumerate(zip(RANGES, axes.flat)):
    lines = {"truth": truth[0, :, d], "LSTM": J[0, :, d]}
    plot.series(lines, x="step t", y="∂y per half range", title=f"∂y / ∂({name})", ax=ax)
fig

# %%
J, truth = output_gradients(model, x), sensitivities(x)
cosine = nn.functional.cosine_similarity(J.flatten(1), truth.flatten(1)).mean()
claim("the cosine between the network's gradients and the true ones is at least 0.98", cosine, at_least=0.98)
for d, name in enumerate(RANGES):
    r = torch.corrcoef(torch.stack([J[..., d].flatten(), truth[..., d].flatten()]))[0, 1]
    claim(f"∂y/∂({name}) correlates with the formula by at least 0.95", r, at_least=0.95)
wrong = (J - truth).norm(dim=2).mean(0) / truth.norm(dim=2).mean(0)  # (40,)
claim("from step 10 on, the error is at most an eighth of the true size", wrong[10:].max(), at_most=0.125)
claim("at step 0 it is at least 1.5 times as large a share as on average", wrong[0] / wrong.mean(), at_least=1.5)
late, early = truth[:, 30:, 1].abs().mean(), truth[:, :10, 1].abs().mean()
claim("the frequency moves the last ten steps at least twice as much as the first ten", late / early, at_least=2)
gap = (output_gradients(lambda x: model(x).sum(1, keepdim=True), x)[:, 0] - J.sum(1)).abs().max()
claim("the gradient of the sum is the sum of the gradients", gap, at_most=1e-10)
alone = output_gradients(model, x[3:4])[0]
claim("sample 3 has the same gradients without its batch", (alone - J[3]).abs().max(), at_most=1e-10)

# %% [markdown]
# Nearly everywhere, then, and least well at the first steps: look at the left end of the amplitude's panel. A network that has learnt
# the values well has learnt the sensitivities too, here. (It need not be so: a curve can be right to a hair and still wiggle.)
#
# ## Every gradient passes through two states
#
# After step s, all that the rest of the network knows of x is the pair $(h_s, c_s)$. So for $t > s$
#
# $$\frac{\partial y_t}{\partial x} = \underbrace{\frac{\partial y_t}{\partial h_s}\frac{\partial h_s}{\partial x}}_{\text{through } h_s}
# + \underbrace{\frac{\partial y_t}{\partial c_s}\frac{\partial c_s}{\partial x}}_{\text{through } c_s}$$
#
# The rows $\lambda_h = \partial y_t/\partial h_s$ and $\lambda_c = \partial y_t/\partial c_s$ are the **adjoints** of the two states.
#
# ### Exercise 22.3 · Two paths (15 min, ●●●)
#
# *Goal:* the two parts, apart. *Given:* `reach(x)` runs to step s and returns `h, c`, (N, H) each; `rest(h, c)` runs on from there and
# returns $y_t$, (N,). *Done when* the check says ✓. Beware: $h_s = o_s \circ \tanh(c_s)$ is made from $c_s$. To hold
# one fixed while the other moves, the two must be cut off from each other.


# %% tags=["exercise"]
def two_paths(reach, rest, x):
    """∂y_t/∂x in two parts that add up to it.

    reach: x (N, D) → h, c, (N, H) each. rest: h, c → y_t, (N,). Returns (through h, through c), (N, D) each.
    """
    ### BEGIN SOLUTION
    x = x.detach().clone().requires_grad_()
    h, c = reach(x)
    h_s, c_s = h.detach().requires_grad_(), c.detach().requires_grad_()
    lam_h, lam_c = torch.autograd.grad(rest(h_s, c_s).sum(), (h_s, c_s))
    through_h = torch.autograd.grad(h, x, lam_h, retain_graph=True)[0]
    through_c = torch.autograd.grad(c, x, lam_c)[0]
    return through_h, through_c
    ### END SOLUTION


# %% tags=["check"]
two_paths = exercise("22.3", two_paths)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Copies `h.detach().requires_grad_()` and the same for `c` are two leaves: run `rest` on them, and its gradient with respect to
# both is the pair of adjoints.
# </details>
# <details><summary>Fuller hint</summary>
#
# `torch.autograd.grad(h, x, lam_h, retain_graph=True)[0]` multiplies the adjoint with $\partial h_s/\partial x$, from the left. Do the
# same for c.
# </details>
#
# Follow the gradient of the *last* output to where it passes each step. **Before you run:** [lesson 06](06_lstm.ipynb) calls c the road through time
# and h what the cell shows of it. Which of the two carries more?


# %% tags=["nbval-ignore-output"]
def paths_at(s):
    """Both parts of ∂y_39/∂x, (N, 4) each, where they pass the states after s steps."""
    return two_paths(
        lambda x: [state[0] for state in model.run(model.begin(x), s)[1]],
        lambda h, c: model.read(model.run((h[None], c[None]), model.T - s)[0])[:, -1, 0],
        x,
    )


passed = range(1, 40)
parts = [paths_at(s) for s in passed]
sizes = torch.stack([torch.stack([part.norm(dim=1).mean() for part in pair]) for pair in parts])  # (39, 2)
lines = {"through c": sizes[:, 1], "through h": sizes[:, 0]}
fig = plot.series(lines, passed, x="after step s", y="size of the part", title="The two parts of ∂y₃₉/∂x")
fig.axes[0].set_ylim(0)
fig

# %%
whole = output_gradients(model, x)[:, -1]
claim("at every step the two parts add up", max((a + b - whole).abs().max() for a, b in parts), at_most=1e-10)
share = sizes[:, 1] / sizes.sum(1)
claim("at every step, more than half of it passes through c", share.min(), at_least=0.5)
claim("and at no step does h carry less than a tenth", 1 - share.max(), at_least=0.1)

# %% [markdown]
# At every step the two parts add up to the same gradient: nothing is lost on the way and nothing is added. The cell carries
# more of it in this trained network. h is no mere onlooker, though: it carries a good part too, for it feeds the gates.
#
# ## Four ways to give one input
#
# The initial state is one way. `lstmkit.models.OneToMany` knows four:
#
# | wiring | the LSTM reads | how x reaches $y_t$ |
# |---|---|---|
# | initial state | nothing | once, through $h_0$ and $c_0$ |
# | first step | x, then zeros | once, through the gates of the first step |
# | every step | x, each time | along one path for each step up to t |
# | fed-back outputs | x once, and what it said itself | through the state, and through its own outputs |
#
# **Before you run:** take all four *untrained*. In which will $\partial y_t/\partial x$ fade with t, and in which will it grow? And
# after training, when all have to produce the same curves?

# %% tags=["nbval-ignore-output"]
nets, before, after = {}, {}, {}
for wiring in models.WIRINGS:
    net = nn.Sequential(models.OneToMany(4, 32, 1, 40, wiring), nn.Flatten(1))  # (N, 40, 1) → (N, 40)
    before[wiring] = output_gradients(net, x[:50].float()).norm(dim=2).mean(0)
    train(net, lambda: oscillations(64), steps=600, lr=1e-2)
    nets[wiring] = net.double()
    after[wiring] = output_gradients(net, x).norm(dim=2).mean(0)
fig, axes = plot.panels(1, 2, size=(6, 3.8))
labels = {"x": "step t", "y": "mean size of $\\partial y_t/\\partial x$"}
plot.series(before, **labels, log=True, title="Untrained", ax=axes[0])
plot.series(after | {"truth": truth.norm(dim=2).mean(0)}, **labels, title="Trained", ax=axes[1])
fig

# %% [markdown]
# Untrained, what enters once is forgotten (look at the logarithmic scale), and what enters at every step adds up, then levels off:
# old copies fade as fast as new ones come. Training then bends all four to one shape: the task's. So a wiring decides where the
# gradient *begins*; the task decides where it must *end*. Look at the first steps, too: only the initial state has nearly the true
# size at step 0. The other three have one pass through the gates to say all they know.
#
# Two wirings have several paths at once. Left, `every step`: one copy of x at each step s, each with a path to the last output. Take
# the copies 0 … s: how long are their gradients, added up, and how long is their *sum*? Right, `fed-back outputs`: `cut=True` cuts
# the gradient wherever an output is read again; what is left went through the state.

# %% tags=["nbval-ignore-output"]
every, fed = nets["every step"], nets["fed-back outputs"]
copies = x[:50, None].expand(-1, 40, -1)
path = output_gradients(lambda copies: every[0].read(every[0].lstm(copies)[0])[..., 0], copies)  # (50, 40, 40, 4)
lengths, joint = path[:, -1].norm(dim=2).mean(0).cumsum(0), path[:, -1].cumsum(1).norm(dim=2).mean(0)  # (40,) each
gap = (path.sum(2) - output_gradients(every, x[:50])).abs().max()
state = output_gradients(lambda x: fed[0](x, cut=True)[..., 0], x)
routes = {"through the state": state, "through the outputs": output_gradients(fed, x) - state}
routes = {name: part.norm(dim=2).mean(0) for name, part in routes.items()}
share = routes["through the outputs"] / sum(routes.values())
fig, axes = plot.panels(1, 2, size=(6, 3.6))
parts = {"their lengths, added up": lengths, "length of their sum": joint}
steps = {"x": "copies of x up to step s", "y": "size of ∂y₃₉/∂(copies)"}
plot.series(parts, **steps, title="Every step: the copies partly cancel", ax=axes[0])
plot.series(routes, **labels, title="Fed-back outputs: a second route opens", ax=axes[1])
fig

# %%
once = max(before[wiring][-1] / before[wiring][0] for wiring in models.WIRINGS if wiring != "every step")
adds = before["every step"]
claim("untrained: an input read once leaves less than a twentieth at the end", once, at_most=0.05)
claim("untrained: read at every step, it has at least 1.5 times as much at the end", adds[39] / adds[0], at_least=1.5)
claim("most of that is there by step 20: the rest adds little", adds[39] / adds[20], close_to=1, tolerance=0.15)
ratio = {wiring: size / truth.norm(dim=2).mean(0) for wiring, size in after.items()}  # to the true size
far = max((part[5:] - 1).abs().max() for part in ratio.values())
claim("trained: from step 5 on, all four are within a fifth of the true size", far, at_most=0.2)
first = [ratio[wiring][0] for wiring in models.WIRINGS]  # the initial state comes first
claim("at step 0, the initial state has at least 0.85 of the true size", first[0], at_least=0.85)
claim("and each of the other three at most 0.8 of it", max(first[1:]), at_most=0.8)
claim("every step: the paths add up to the whole gradient", gap, at_most=1e-10)
claim("and partly cancel: their lengths add up to at least 1.5 times it", lengths[-1] / joint[-1], at_least=1.5)
claim("fed-back: at step 0 all of it comes through the state", share[0], close_to=0, tolerance=0)
claim("fed-back: at the end at least a tenth comes through the outputs", share[-1], at_least=0.1)

# %% [markdown]
# Left, the gap between the curves is what cancels: some copies push the last output up where others push it down. Right, the second
# route begins at zero, for nothing has been read again at step 0. By the end it carries a good part; how much differs from one
# training to the next, since the same curves can be had by either route.
#
# ## A whole triangle
#
# When a model reads an input at every step (many-to-many, aligned), there is a gradient for every *pair*: output t, input s. Take the
# **echo** task: repeat what came in ten steps ago, $y_t = x_{t-10}$, with standard normal $x$. Your
# `output_gradients` takes it as it is, once the output's last axis is dropped: `x` has shape (N, T, 1), the result (N, T, T, 1).
#
# Rows are outputs t, columns inputs s. **Before you run:** in which part of the square is every entry exactly zero? And where
# will the trained network have its large entries?


# %% tags=["nbval-ignore-output"]
class Echo(nn.Module):
    def __init__(self, H=48):
        super().__init__()
        self.lstm, self.read = nn.LSTM(1, H, batch_first=True), nn.Linear(H, 1)

    def forward(self, x):
        """(N, T, 1) → (N, T, 1)."""
        return self.read(self.lstm(x)[0])


listener, heard = Echo(), echo(8, 30, 10).x
untrained = output_gradients(lambda x: listener(x)[..., 0], heard)[..., 0].mean(0)  # (30, 30)
train(listener, lambda: echo(64, 30, 10), steps=1000, lr=1e-2)
trained = output_gradients(lambda x: listener(x)[..., 0], heard)[..., 0].mean(0)
fig, axes = plot.panels(1, 2, size=(6, 4.6))
labels = {"x": "input step s", "y": "output step t", "scale": "$\\partial y_t/\\partial x_s$"}
plot.heatmap(untrained, **labels, title="Untrained", ax=axes[0])
plot.heatmap(trained, **labels, title="Trained", ax=axes[1])
fig


# %%
def by_lag(J):
    """The share of each lag 0 … 15 in the gradients of the outputs from step 15 on, (16,)."""
    return torch.stack([J[15:].diagonal(15 - lag).abs().sum() for lag in range(16)]) / J[15:].abs().sum()


claim("no output depends on a later input: exactly zero", trained.triu(1).abs().max(), close_to=0, tolerance=0)
claim("untrained, at least half of the gradient lies at lags 0 to 4", by_lag(untrained)[:5].sum(), at_least=0.5)
claim("and hardly any at lag 10", by_lag(untrained)[10], at_most=0.1)
claim("trained, at least 70 % of the gradient lies at lag 10", by_lag(trained)[10], at_least=0.7)

# %% [markdown]
# Above the diagonal s > t: an output cannot depend on what comes after it. That is **causality**, and its zeros are exact, not
# small. Below it, training has moved the gradient from the diagonal to a ridge ten steps away: a picture of
# what the network remembers.
#
# ## All outputs in one sweep
#
# T outputs cost T backward passes, each through up to T steps. But all of them travel the *same* road back. So let them travel
# together: one row of $\lambda_h$ and $\lambda_c$ for each output. Going back through step t of an LSTM,
#
# $$\lambda_c \leftarrow \lambda_c + \lambda_h \circ o \circ (1 - \tanh^2 c_t)$$
# $$\delta = [\,\lambda_c g\, i(1-i),\;\; \lambda_c c_{t-1} f(1-f),\;\; \lambda_c i\,(1-g^2),\;\; \lambda_h \tanh(c_t)\, o(1-o)\,]$$
# $$\frac{\partial y}{\partial x_t} = \delta\, W_{ih}, \qquad \lambda_h \leftarrow \delta\, W_{hh}, \qquad \lambda_c \leftarrow \lambda_c \circ f$$
#
# First line: $c_t$ acts through $h_t = o \circ \tanh c_t$ too. Second: from both states to the four gates before their squashing, in
# torch's order i, f, g, o. Third: on to the input, and to the states of the step before.
#
# ### Exercise 22.4 · One step of the adjoints (20 min, ●●○)
#
# *Goal:* these lines as code, all but $\delta W_{ih}$. *Given:* the adjoints as they arrive, and `gates`: a dict of what the forward
# pass computed. *Done when* the check says ✓. Make new tensors; change none that you are given.


# %% tags=["exercise"]
def adjoint_step(lam_h, lam_c, gates, t, W_hh):
    """Back through step t of an LSTM, for R outputs at once.

    lam_h, lam_c: ∂y/∂h_t, and ∂y/∂c_t so far (without the route through h_t), (R, H) each. W_hh: (4H, H).
    gates: {"i", "f", "g", "o", "c"}, each (T, H); before step 0 the cell is zero.
    Returns delta (R, 4H), and lam_h and lam_c for step t − 1, (R, H) each.
    """
    ### BEGIN SOLUTION
    i, f, g, o, c = (gates[name][t] for name in "ifgoc")
    c_before = gates["c"][t - 1] if t > 0 else torch.zeros_like(c)
    lam_c = lam_c + lam_h * o * (1 - c.tanh() ** 2)
    d_i, d_f = lam_c * g * i * (1 - i), lam_c * c_before * f * (1 - f)
    d_g, d_o = lam_c * i * (1 - g**2), lam_h * c.tanh() * o * (1 - o)
    delta = torch.cat([d_i, d_f, d_g, d_o], dim=1)
    return delta, delta @ W_hh, lam_c * f
    ### END SOLUTION


# %% tags=["check"]
adjoint_step = exercise("22.4", adjoint_step)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `i, f, g, o, c = (gates[name][t] for name in "ifgoc")` gives five rows of shape (H,). They multiply each row of `lam_c` by
# themselves: no loop over the outputs.
# </details>
# <details><summary>Fuller hint</summary>
#
# Write `lam_c = lam_c + …`, not `+=`. Use the *new* `lam_c` in all that follows. `torch.cat([…], dim=1)` joins the four blocks. At
# t = 0 take `torch.zeros_like(c)` for the cell before.
# </details>
#
# ### Exercise 22.5 · The sweep (15 min, ●●●)
#
# *Goal:* the whole triangle $\partial y_t/\partial x_s$ with $y_t = v \cdot h_t$. *Given:* `gates`, with `"h"` as well, the two weights,
# and the read-out `v`. Walk back from the last step. Output s knows nothing of later steps, so it *joins at its own step*: add
# `v` to row s of $\lambda_h$ when you come to s. *Done when* the check says ✓.


# %% tags=["exercise"]
def sweep(gates, W_ih, W_hh, v):
    """∂y_t/∂x_s for all t and s, in one walk back through time; y_t = v · h_t.

    gates: {"i", "f", "g", "o", "c", "h"}, each (T, H). W_ih: (4H, D). W_hh: (4H, H). v: (H,).
    Returns J, (T, T, D): J[t, s] = ∂y_t/∂x_s.
    """
    ### BEGIN SOLUTION
    T, H = gates["h"].shape
    J = W_ih.new_zeros(T, T, W_ih.shape[1])
    lam_h, lam_c = W_ih.new_zeros(T, H), W_ih.new_zeros(T, H)
    for s in reversed(range(T)):
        lam_h[s] = lam_h[s] + v  # output s joins
        delta, lam_h[s:], lam_c[s:] = adjoint_step(lam_h[s:], lam_c[s:], gates, s, W_hh)
        J[s:, s] = delta @ W_ih
    return J
    ### END SOLUTION


# %% tags=["check"]
sweep = exercise("22.5", sweep)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Rows of `lam_h` and `lam_c` are outputs, (T, H), all zero at the beginning. At step s the rows `s:` have joined: pass these
# to `adjoint_step`, and put what comes back in their place.
# </details>
# <details><summary>Fuller hint</summary>
#
# For s from T − 1 down to 0: add `v` to `lam_h[s]`; then
# `delta, lam_h[s:], lam_c[s:] = adjoint_step(lam_h[s:], lam_c[s:], gates, s, W_hh)`; then `J[s:, s] = delta @ W_ih`.
# </details>
#
# Two ways to the same triangle. Are they equal, to ten digits? And what does travelling together save? Try both on the trained
# echo network and a sequence of 200 steps. The gates come from `lstmkit.layers.LSTM`, which computes what `nn.LSTM` does and
# can be asked for a trace. Beside them stands the library's `gradients.sequence_jacobian`: your sweep for any depth, direction, batch
# and kind of cell.

# %%
from time import perf_counter

listener, layer = listener.double(), layers.LSTM(1, 48).double().requires_grad_(False)
layer.load_state_dict(listener.lstm.state_dict())
long, v, gates = torch.randn(1, 200, 1, dtype=torch.float64), listener.read.weight.detach()[0], {}
start = perf_counter()
by_loop = output_gradients(lambda x: listener(x)[..., 0], long)[0]
middle = perf_counter()
layer(long, trace=gates)
gates = {name: part[0, 0] for name, part in gates.items()}  # one layer, one sequence: (T, H) each
by_sweep = sweep(gates, layer.weight_ih_l0, layer.weight_hh_l0, v)
faster = (middle - start) / (perf_counter() - middle)
library = gradients.sequence_jacobian(listener.lstm, long, listener.read)[0, :, 0]
claim("the sweep equals 200 backward passes", (by_sweep - by_loop).abs().max(), at_most=1e-10)
claim("and takes less than half the time", faster, at_least=2)
claim("the library agrees with both", (library - by_sweep).abs().max(), at_most=1e-10)

# %% [markdown]
# From now on use the library: `sequence_jacobian` for $\partial y_t/\partial x_s$, `state_jacobian` for $h_s$ and $c_s$,
# `path_shares` for Exercise 22.3 at every pair (t, s), `gradient_flow` for the mean by lag.
#
# ## Errors that everyone meets
#
# Meet them here, on purpose. The cell below prints torch's own words; the table says what they mean.
#
# | | what you did | cure |
# |---|---|---|
# | 1 | asked for `.grad` of a *computed* tensor (`rand() * 2`), no **leaf**: it is None | `x = x.detach().requires_grad_()`, last thing before the model |
# | 2 | differentiated by integer tokens | differentiate by their embeddings (one learnt vector for each token, [lesson 10](10_sentiment.ipynb)): tokens know no "a little more" |
# | 3 | walked twice through a graph that the first pass freed | `retain_graph=True` for all but the last pass |
# | 4 | asked for $\partial y_9/\partial h_5$ by slicing the output | nothing was computed *from* a slice: split the run, as in 22.3, or `state_jacobian` |
# | 5 | differentiated a gradient (or an `x` that nobody watches: same words) | `create_graph=True` for the first |
#
# This lesson stayed on the CPU. Two more live on NVIDIA GPUs, where the library cuDNN runs `nn.LSTM`. In eval mode (`fit` leaves a model there) `backward` says
# *cudnn RNN backward can only be called in training mode*, and cure 5 says *Double backwards is not supported for CuDNN RNNs*. One line
# cures both and harms nowhere: `torch.backends.cudnn.flags(enabled=False)` around the *forward* pass. (The library does it for you.)

# %%
lstm, watched = nn.LSTM(4, 8, batch_first=True), torch.rand(1, 10, 4, requires_grad=True)
y = [lstm(watched)[0] for _ in range(3)]  # three forward passes: an attempt spoils its own
attempts = [
    lambda: (watched * 2).grad,
    lambda: torch.tensor([2, 0, 1]).requires_grad_(),
    lambda: [autograd.grad(y[0][:, t].sum(), watched) for t in (0, 1)],
    lambda: autograd.grad(y[1][:, 9].sum(), y[1][:, 5]),
    lambda: autograd.grad(autograd.grad(y[2][:, 9].sum(), watched)[0].sum(), watched),
]
for number, attempt in enumerate(attempts, 1):
    try:
        with warnings.catch_warnings(action="error"):  # 1 is a warning only
            attempt()
    except Exception as said:
        print(f"{number}  {str(said).split('. ')[0]}")

# %%
lstm, embedding = lstm.to(device()).eval(), nn.Embedding(5, 4).to(device())  # the cures, on any device
vectors = embedding(torch.tensor([[2, 0, 1]], device=device())).detach().requires_grad_()  # cures 1 and 2
with torch.backends.cudnn.flags(enabled=False):
    y = lstm(vectors)[0]
    h, c = (state.detach().requires_grad_() for state in lstm(vectors[:, :1])[1])  # cure 4: split after the first step
    y_split = lstm(vectors[:, 1:], (h, c))[0]
first = autograd.grad(y[:, 2].sum(), vectors, create_graph=True)[0]  # cure 5
second = autograd.grad(first.square().sum(), vectors)[0]
by_hand = autograd.grad(y_split[:, -1].sum(), h)[0]
library = gradients.state_jacobian(lstm, vectors.detach()).h[:, 2, :, 0, 0].sum(1)  # y_2, summed over K; layer 0; h_0
claim("every token's vector has a gradient", first.norm(dim=2).min(), at_least=1e-6)
claim("and that gradient has one", second.abs().max(), at_least=1e-6)
claim("a split run gives what state_jacobian gives", (by_hand[0] - library).abs().max(), at_most=1e-5)

# %% [markdown]
# ## What you can now do
#
# - **Every output, every input**: one backward pass for each output step gives $\partial y_t/\partial x_s$; `y.sum()` adds the steps up and
#   loses them. For a task with a formula, the trained network's gradients follow the true ones.
# - **The path**: every gradient passes through $h_s$ and $c_s$ of every step between, and the two parts add up. An input that enters
#   once fades in an untrained network; one that enters at every step adds up. Training makes of it what the task needs.
# - **One sweep**: all outputs travel back together, each joining at its own step.
#
# Where it fails: a gradient says what a *small* change would do, not a large one. The gate of an input that decides everything
# may be saturated: its slope, $i(1-i)$, is near zero. When is a gradient an *explanation*? That is [lesson 24](24_attribution.ipynb).
#
# <details><summary>Test yourself: a model reads x at every step. For one output, the gradients with respect to the 40 copies sum to
# nearly zero. Did it ignore x?</summary>
#
# Not necessarily: strong paths of opposite sign may cancel. Then a small change of x hardly moves this output. Look at each path.
# </details>
# <details><summary>Test yourself: a bidirectional network has a second LSTM, which reads backwards. What is above its diagonal?</summary>
#
# Non-zero numbers: that half has read the later inputs. [lesson 27](27_debugging.ipynb) tests this.
# </details>
#
# *Further reading.* P. J. Werbos, "Backpropagation through time: what it does and how to do it", *Proc. IEEE* 78 (1990). S. Hochreiter,
# J. Schmidhuber, "Long short-term memory", *Neural Computation* 9 (1997). K. Simonyan, A. Vedaldi, A. Zisserman, "Deep inside
# convolutional networks", ICLR workshop (2014): input gradients of pictures.
