# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 28 · Designing inputs
#
# **Which input gives the output that I want?**
#
# After this lesson you will be able to
# - find an input for a wanted output by descending *through* a trained network, and have the design judged by somebody else,
# - tell when a design has fooled the network, keep it where the network knows its way, and say how exactly it has to be built,
# - teach a network slopes beside values, and rank every word swap in a text from one gradient.
#
# Needs: the swing of four numbers and its sensitivities ([lesson 22](22_output_gradients.ipynb)), the film reviews ([lesson 10](10_sentiment.ipynb)).
# About 90 minutes. Mapping: one-to-many, then many-to-one.

# %%
import torch
from torch import autograd, nn
from lstmkit import claim, exercise, fit, generator, gradients, models, outcome, plot, predict, seed
from lstmkit.data import reviews as film
from lstmkit.data.oscillator import RANGES, oscillate, oscillations, physical, sensitivities

seed(28)

# %% [markdown]
# ## Three points, please
#
# So far we looked at gradients. Now we use them. [lesson 22](22_output_gradients.ipynb) had a swing that four numbers describe: amplitude, frequency, damping and phase,
# each scaled to −1 … 1. Turn the question round: *which four numbers make a curve through three given points?* The formula does not say it. A network that knows the way
# from $z$ to the curve can help.
#
# | symbol | variable | shape |
# |---|---|---|
# | four scaled numbers $z$ | `z` | (N, 4) |
# | the curve that the network draws, $\hat y$ | `curve(network, z)` | (N, 40) |
# | the true curve, by the formula | `oscillate(z)` | (N, 40) |
# | the **wish** $w$: what y shall be at steps 5, 15 and 30 | `wanted` | (N, 3) |


# %%
def curve(network, z):
    """(N, 4) → (N, T)."""
    return network(z)[:, :, 0]  # one number at each step


def value_loss(network, z, y):
    return (curve(network, z) - y).square().mean()


# %% tags=["folded"]
def train(network, loss, batches, steps, lr, decay=0.0):
    """Adam, with weight decay if asked for; the rate rises to lr, then falls to zero. Returns the network, its weights frozen."""

    def adamw(parameters, lr):
        return torch.optim.AdamW(parameters, lr, weight_decay=decay)

    def rise_and_fall(optimizer):
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)

    fit(network, loss, batches, steps=steps, lr=lr, clip=1.0, optimizer=adamw, schedule=rise_and_fall)
    return network.requires_grad_(False)


def many():
    return oscillations(64)  # fresh ones at every step


# %% tags=["nbval-ignore-output"]
network = train(models.OneToMany(4, 48, 1, steps=40), value_loss, many, steps=700, lr=8e-3)

# %% [markdown]
# Training walks downhill in the *weights*. A design walks downhill in the *input*; the weights stay as they are:

# %% tags=["nbval-ignore-output"]
plot.design_loop()

# %% [markdown]
# $$L(z) = \sum_{k=1}^{3} \big(\hat y_{t_k}(z) - w_k\big)^2, \qquad z \;\text{moves against}\; \frac{\partial L}{\partial z}$$
#
# How far, Adam decides, as it does for weights. This is called **inverse design**, or optimising *through* a model.
#
# ### Exercise 28.1 · Descend on the input (8 min, ●●○)
#
# *Goal:* the z after `steps` steps of Adam, each row for itself. *Given:* `f` maps z (N, D) to curves (N, T); `at` are the indices of the wished steps. *Done when* the check
# says ✓. Leave the caller's z as it is.


# %% tags=["exercise"]
def descend(f, z, at, wanted, steps, lr):
    """Adam on z, for the sum of (f(z)[:, at] − wanted)².

    f: (N, D) → (N, T). z: (N, D), the start. at: (K,) indices. wanted: (N, K). Returns z after `steps` steps, (N, D).
    """
    ### BEGIN SOLUTION
    z = z.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([z], lr=lr)
    for _ in range(steps):
        loss = (f(z)[:, at] - wanted).square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return z.detach()
    ### END SOLUTION


# %% tags=["check"]
descend = exercise("28.1", descend)

# %% [markdown]
# <details><summary>Hint</summary>
#
# It is a training loop whose only parameter is z: `torch.optim.Adam([z], lr=lr)`, with a z that is a copy and watched.
# </details>
# <details><summary>Fuller hint</summary>
#
# `z = z.detach().clone().requires_grad_()`. In the loop: the loss `(f(z)[:, at] - wanted).square().sum()`, then `zero_grad`, `backward`, `step`, as for weights.
# </details>
#
# Twenty wishes, each taken from a hidden swing, so that it *can* be met; four random starts for each. The **miss** of a design is its distance from the wish at the worst of the three points.


# %%
def promise(z):
    return curve(network, z)


AT = torch.tensor([5, 15, 30]) - 1  # steps count from 1, indices from 0


def miss(y, wanted):
    return (y[:, AT] - wanted).abs().amax(dim=1)


hidden = oscillations(20)
wanted = hidden.y[:, AT].repeat_interleave(4, dim=0)  # (80, 3): four rows for each wish
starts = 2 * torch.rand(80, 4) - 1
free = descend(promise, starts, AT, wanted, steps=150, lr=0.1)

# %% [markdown]
# **Before you run:** we keep the designs with which the network is *content*: it promises a miss below $0.02$. Which share of these will miss by more
# than $0.1$, by the formula?

# %% tags=["predict"]
predict("28.a", ...)  # a share from 0 to 1

# %%
content = miss(promise(free), wanted) < 0.02
truly = miss(oscillate(free), wanted)
failed = (truly[content] > 0.1).float().mean()

# %% tags=["folded", "nbval-ignore-output"]
one = int(truly[content].argmax())
one = 4 * (int(content.nonzero()[one]) // 4)  # the four designs of that wish
titles = [f"Start {n + 1}" for n in range(4)]
four = slice(one, one + 4)
plot.wishes(AT + 1, wanted[four], promise(free[four]), oscillate(free[four]), titles)

# %% [markdown]
# One wish, four starts. Two things to see. Three points do not fix four numbers, so there is not *the* answer: each start may end with another swing. And at one of the four, or more,
# orange passes through the points and black does not. (We picked the wish with the worst such case.) The network promised; the formula would not sign.
#
# Which promises break? Here are all the designs with which the network is content:

# %% tags=["nbval-ignore-output"]
farthest = free.abs().amax(dim=1)  # the largest of the four numbers, by size
fig, ax = plot.panels(size=(8, 4))
plot.scatter({"designs": (farthest[content], truly[content])}, x="largest |z|", y="miss by the formula", ax=ax)
ax.set_yscale("log")
ax.axvline(1, color="black", linestyle="--", linewidth=1.5)
ax.get_legend().remove()
fig

# %% [markdown]
# Left of the dashed line, where all four numbers lie in the range of the training, a promise holds to a few hundredths. Right of it, anything may happen, and about half of the promises are wrong by more than $0.1$ (of thirty designs: a standard
# error of nearly a tenth). Of all the promises every third or fourth breaks, then, and those that break stand on the right, or nearly all. **Nothing in the loss said "stay
# where you have been trained"**, and a descent goes wherever the slope leads. Some call it *reward hacking*, some *adversarial*: whoever optimises against a model finds the places where it
# errs in his favour.

# %% tags=["claim"]
outcome("28.a", round(failed.item(), 2))
inside = content & (farthest <= 1)
outside = content & (farthest > 1)
claim("inside the range: none misses by more than 0.12", truly[inside].max(), at_most=0.12)
claim("outside: at least 0.3 of them miss by more than 0.1", (truly[outside] > 0.1).float().mean(), at_least=0.3)

# %% [markdown]
# ### Exercise 28.2 · Fool the network (7 min, ●●○)
#
# *Goal:* an experiment: find a design and a wish such that the network promises a miss of at most $0.05$, and by the formula the miss is at least $0.5$. No number of z may lie beyond ±2: it
# shall be near the range, not on the moon. *Given:* `judge(z, wish)`, `descend`, and all starts and wishes that you like. *Done when* the check says ✓ to what `judge` returned.


# %%
def judge(z, wish):
    """Both verdicts on one design. z: four numbers. wish: three numbers, for steps 5, 15, 30."""
    z, wish = torch.as_tensor(z).view(1, 4), torch.as_tensor(wish).view(1, 3)
    verdicts = {"network": miss(promise(z), wish).item(), "formula": miss(oscillate(z), wish).item()}
    return {"z": z[0].tolist(), "wish": wish[0].tolist(), **verdicts}


# %% tags=["exercise"]
fooled = ...  # what judge(…, …) returned for your find
### BEGIN SOLUTION
rows = 1.2 * (2 * torch.rand(200, 3) - 1)  # wishes that nobody promised could be met
found = descend(promise, 2 * torch.rand(200, 4) - 1, AT, rows, steps=100, lr=0.1)
fine = (miss(promise(found), rows) < 0.05) & (found.abs().amax(dim=1) < 2)
worst = (miss(oscillate(found), rows) * fine).argmax()
fooled = judge(found[worst], rows[worst])
### END SOLUTION

# %% tags=["check"]
fooled = exercise("28.2", fooled)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Try many at once: a few hundred random wishes between −1.2 and 1.2, a start for each, one call of `descend`. Then look for the row that you want.
# </details>
# <details><summary>Fuller hint</summary>
#
# `fine = (miss(promise(found), rows) < 0.05) & (found.abs().amax(dim=1) < 2)`; of those rows take the one with the largest `miss(oscillate(found), rows)`.
# </details>

# %% tags=["folded", "nbval-ignore-output"]
z_fooled, its_wish = torch.tensor([fooled["z"]]), torch.tensor([fooled["wish"]])
plot.wishes(AT + 1, its_wish, promise(z_fooled), oscillate(z_fooled), ["One that fooled it"])

# %% [markdown]
# (Until you have one of your own, you see ours.) Ours has a *negative* damping: by the formula such a swing grows for ever. The network has never seen one grow, and goes on promising what it knows: swings that stay in their size.
#
# ## A bound
#
# The repair is old: keep the design where the model was trained. Either **project** (after each step, cut every number back to −1 … 1), or put a squashing function in front, so that no
# step can leave:
#
# $$z = \tanh(u), \qquad L(u) = \sum_k \big(\hat y_{t_k}(\tanh u) - w_k\big)^2, \qquad u \;\text{moves against}\; \frac{\partial L}{\partial u}$$
#
# Your `descend` does it without a change: hand it another `f`.
#
# **Before you run:** now wish wildly: three numbers thrown at random, up to $1.3$ in size. Many such wishes some swing in the range can meet, but by no means all. What will the network say of its
# designs, free and bounded?


# %%
def bounded(u):
    return promise(torch.tanh(u))


seed(281)
u = torch.atanh(0.9 * starts)
boxed = torch.tanh(descend(bounded, u, AT, wanted, steps=150, lr=0.1))
wild = (1.3 * (2 * torch.rand(20, 3) - 1)).repeat_interleave(4, dim=0)
wild_free = descend(promise, starts, AT, wild, steps=150, lr=0.1)
wild_boxed = torch.tanh(descend(bounded, u, AT, wild, steps=150, lr=0.1))


def best_of_four(z, wanted):
    """For each of the 20 wishes the start that the *network* likes best: z (80, 4) → the numbers of 20 rows."""
    best = miss(promise(z), wanted).view(20, 4).argmin(dim=1)
    return best + 4 * torch.arange(20)


# %% tags=["folded", "nbval-ignore-output"]
def verdicts(z, wanted, least):
    best = best_of_four(z, wanted)
    return (miss(promise(z), wanted)[best].clamp(min=least), miss(oscillate(z), wanted)[best])


fig, axes = plot.panels(1, 2, size=(6, 3.8), sharex=True, sharey=True)
titles = {"Wishes that can be met": (free, boxed, wanted), "Wild wishes": (wild_free, wild_boxed, wild)}
for ax, (title, (without, within, wish)) in zip(axes, titles.items()):
    plot.scatter({"free": verdicts(without, wish, 1e-3), "bounded": verdicts(within, wish, 1.4e-3)}, title=title, ax=ax)
    ax.set(xscale="log", yscale="log", xlabel="miss, the network says", ylabel="miss, the formula says")
    ax.axline((0.01, 0.01), (1, 1), color="black", linestyle="--", linewidth=1.5)
    ax.legend(loc="lower right")
fig

# %% [markdown]
# (For each wish, the best of its four starts, as the network sees it. Promises of less than $0.001$ stand at the left edge, the free ones a little farther left.) On the dashed line both say the same. Free designs stand at the left edge: the network promises
# nearly everything, and often the formula does not keep it, least of all with wild wishes. Bounded designs do what can be done, most of them to a few hundredths; and where it cannot be done, **the network now says so**: most points far to the right lie along the
# line or below it. A bound makes the designs better, and it makes the model honest. (Not in every case: near the corners of the box there were few examples, too.)


# %% tags=["claim"]
def lie(z):
    """How far promise and formula are apart at the worst of the three points."""
    return miss(promise(z), oscillate(z)[:, AT])


def broken(z, wanted):
    """Of the designs with which the network is content, the share whose promise is wrong by more than 0.1."""
    content = miss(promise(z), wanted) < 0.05
    return (lie(z)[content] > 0.1).float().mean()


best = best_of_four(boxed, wanted)
worst_boxed = miss(oscillate(boxed), wanted)[best].max()
claim(
    "bounded, wishes that can be met: by the formula the worst of 20 misses by at most 0.15", worst_boxed, at_most=0.15
)
claim(
    "wild wishes, free: of the promises at least 0.4 are wrong by more than 0.1", broken(wild_free, wild), at_least=0.4
)
claim("bounded: at most half as many are", broken(wild_boxed, wild) / broken(wild_free, wild), at_most=0.5)

# %% [markdown]
# ## When there is no formula
#
# In earnest you would not have the formula: it is what you want to save. Two judges are left. Build one design and measure it. Or ask a **witness**: a second network, trained anew from another start on fresh
# data, that has no part in the descent.

# %% tags=["nbval-ignore-output"]
from lstmkit import attribution

witness = train(models.OneToMany(4, 48, 1, steps=40), value_loss, many, steps=700, lr=8e-3)

# %%
all_free = torch.cat([free, wild_free])
dispute = miss(curve(witness, all_free), promise(all_free)[:, AT])  # how far the two networks are apart
truth = lie(all_free)

# %% tags=["folded", "nbval-ignore-output"]
fig, ax = plot.panels(size=(6.5, 4))
plot.scatter(
    {"free designs": (dispute, truth)},
    x="the two networks disagree by",
    y="the promise is wrong by",
    diagonal=True,
    ax=ax,
)
ax.set(xscale="log", yscale="log")
ax.legend(loc="lower right")
fig

# %% [markdown]
# Where the two disagree, at least one of them is wrong, and mostly the promise is: so do not build it. Where they agree it is probably right. Not surely: the two were made in the same way and may err together.

# %% tags=["claim"]
rank = attribution.rank_correlation(dispute[None], truth[None])[0]
claim("free designs: the dispute ranks the lies, correlation at least 0.7", rank, at_least=0.7)

# %% [markdown]
# ## How exactly must it be built?
#
# A design goes to the workshop, and the workshop makes each number a little wrong. Which must be exact? Slopes in units of their own cannot be compared; per cent can. The **elasticity** says by how many per cent
# $y_t$ changes if a number $p_d$, in its own unit, grows by one per cent:
#
# $$\varepsilon_{td} = \frac{\partial y_t}{\partial p_d} \cdot \frac{p_d}{y_t}, \qquad p_d = m_d + s_d z_d$$
#
# with the middle $m_d$ and half the width $s_d$ of the range. So $\partial y_t/\partial p_d$ is $\partial y_t/\partial z_d$ divided by $s_d$.
#
# ### Exercise 28.3 · Per cent per per cent (5 min, ●●○)
#
# *Goal:* all elasticities. *Given:* J, the sensitivities to the *scaled* numbers; `physical(z)` gives $p$, (N, 4); `HALF` holds the $s_d$. *Done when* the check says ✓.

# %%
HALF = torch.tensor([(high - low) / 2 for low, high in RANGES.values()])


# %% tags=["exercise"]
def elasticity(J, z, y, half):
    """Per cent of y_t for one per cent of p_d.

    J: ∂y_t/∂z_d, (N, T, 4). z: (N, 4), scaled. y: (N, T). half: (4,), half of each range. Returns (N, T, 4).
    """
    ### BEGIN SOLUTION
    return J / half * physical(z)[:, None] / y[:, :, None]
    ### END SOLUTION


# %% tags=["check"]
elasticity = exercise("28.3", elasticity)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Three factors of three shapes: J is (N, T, 4), p is (N, 4), y is (N, T). Give each missing axis with `None`.
# </details>
# <details><summary>Fuller hint</summary>
#
# `J / half`, times `physical(z)[:, None]`, divided by `y[:, :, None]`.
# </details>
#
# **Before you run:** one per cent more amplitude: how many per cent does $y_{30}$ change? And one per cent more *frequency*, in the median over our bounded designs?

# %% tags=["predict"]
predict("28.b", ...)  # per cent, for the frequency

# %% tags=["nbval-ignore-output"]
built = boxed[best]  # 20 designs
J = gradients.sequence_jacobian(network, built)[:, :, 0]  # (20, 40, 4): the network's own
by_network = elasticity(J, built, promise(built), HALF)[:, AT].abs().median(dim=0).values
by_formula = elasticity(sensitivities(built), built, oscillate(built), HALF)[:, AT].abs().median(dim=0).values
for d, name in enumerate(["amplitude", "frequency", "damping"]):
    for k, step in enumerate([5, 15, 30]):
        print(f"{name:10} step {step:2}   network {by_network[k, d]:6.2f}   formula {by_formula[k, d]:6.2f}")

# %% [markdown]
# Amplitude: one, always; it only multiplies, and the network says nearly the same. Frequency: more, and at the last point by the formula more than three per cent for one: an error of phase adds up from step to step. So the workshop may be careless with
# the amplitude and must not be with the frequency.
#
# Two limits. Where $y_t$ is near zero, per cent of it mean nothing. And a per cent needs a true zero: the phase has none (why 0 and not $\pi$?), and the *scaled* numbers have none either.

# %% tags=["claim"]
outcome("28.b", by_formula[2, 1].item())
claim("the network: one per cent of amplitude, 0.8 to 1.2 of y at step 30", by_network[2, 0], between=(0.8, 1.2))
claim("frequency, by the formula: at least three times as much as amplitude at step 30", by_formula[2, 1], at_least=3)

# %% [markdown]
# ## Teach the slopes
#
# Our network had seen 44,800 swings. Where data are dear, slopes go wrong first ([lesson 22](22_output_gradients.ipynb)), and a design follows slopes. But who has few data may have *good* ones: a simulator that
# can be differentiated, or a measurement with a nudge, gives each curve together with its sensitivities. Then teach both (**Sobolev training**, Czarnecki et al., 2017):

# %% tags=["nbval-ignore-output"]
plot.points_and_slopes()

# %% [markdown]
# All of $J$ would cost T passes back at every step of training, or D forward. One is enough, in a random direction $v$: a pass back from $v \cdot \hat y = \sum_t v_t \hat y_t$ gives $v^\top \hat J$, a mix of all rows, and
# another mix next time. With $v_t \sim \mathcal N(0, 1)$:
#
# $$L = \frac1{NT}\sum (\hat y - y)^2 \;+\; \frac1{4NT} \sum \big(v^\top \hat J - v^\top J\big)^2$$
#
# The gradient $v^\top \hat J$ is *inside* the loss now, and training takes the gradient of that: a **double backward**. Autograd does it if the first gradient is told to keep its own graph: `create_graph=True`. (On an
# NVIDIA GPU the fast kernel behind `nn.LSTM` has no second derivative. The visible loop of [lesson 06](06_lstm.ipynb), `lstmkit.layers.LSTM`, has one on any machine: we take that.)
#
# ### Exercise 28.4 · One mix of slopes (7 min, ●●●)
#
# *Goal:* the mean squared difference between $v^\top \hat J$ and $v^\top J$, so that the network's weights can learn from it. *Given:* `f` maps z (N, D) to (N, T); the true J; v. *Done when* the check says ✓ to the value *and* to its gradient
# with respect to the weights in f.


# %% tags=["exercise"]
def slope_loss(f, z, J, v):
    """The mean over N and D of (v·∂f/∂z − v·J)², differentiable with respect to the weights in f.

    f: z (N, D) → (N, T). z: (N, D). J: (N, T, D). v: (N, T). Returns one number.
    """
    ### BEGIN SOLUTION
    z = z.detach().clone().requires_grad_()
    mix = autograd.grad((v * f(z)).sum(), z, create_graph=True)[0]
    true_mix = (v[:, :, None] * J).sum(dim=1)
    return (mix - true_mix).square().mean()
    ### END SOLUTION


# %% tags=["check"]
slope_loss = exercise("28.4", slope_loss)

# %% [markdown]
# <details><summary>Hint</summary>
#
# $v^\top \hat J$ needs no Jacobian: it is the gradient of one number, $\sum_t v_t \hat y_t$, with respect to z. The batch may be summed, since each row depends on its own z.
# </details>
# <details><summary>Fuller hint</summary>
#
# `mix = autograd.grad((v * f(z)).sum(), z, create_graph=True)[0]`, (N, D), for a copy z that is watched. The true one: `(v[:, :, None] * J).sum(dim=1)`.
# </details>
#
# Three students, all with the same small network, for the first twenty steps of a swing:
#
# - **values**: 32 swings, 1000 steps of training, the best of four ways to train (three rates, one with weight decay), chosen *by the test*, which is generous;
# - **slopes**: the same 32 swings *with* their sensitivities, 300 steps, one way to train;
# - **more values**: each of those swings had 20 values and 80 sensitivities. As many numbers, but values alone, are *five times as many swings*: 160.
#
# **Before you run:** which order?


# %% tags=["folded"]
from lstmkit import layers


def student(visible=False):
    """For 20 steps. visible: its LSTM is the visible loop, which can be differentiated twice on any machine."""
    network = models.OneToMany(4, 24, 1, steps=20)
    if visible:
        network.lstm = layers.LSTM(1, 24)
        nn.init.ones_(network.lstm.bias_hh_l0.data[24:48])  # forget gates begin open, as the other's do
    return network


def on_test(network):
    """Unexplained share of the curves' variance; relative error of the slopes; on 300 new swings."""
    with torch.no_grad():
        unexplained = (curve(network, test.x) - test.y).square().mean() / test.y.var()
    truth = sensitivities(test.x, 20)
    error = (gradients.sequence_jacobian(network, test.x)[:, :, 0] - truth).norm() / truth.norm()
    return unexplained.item(), error.item()


test = oscillations(300, 20)


# %%
def both_losses(network, z, y, J):
    v = torch.randn(y.shape) / y.shape[1] ** 0.5
    return value_loss(network, z, y) + slope_loss(lambda z: curve(network, z), z, J, v)


few, more = oscillations(32, 20), oscillations(160, 20)
four_times = few.x.repeat(4, 1)  # every swing four times in a batch, each with a v of its own
with_slopes = (four_times, few.y.repeat(4, 1), sensitivities(four_times, 20))

# %% tags=["nbval-ignore-output"]
students = {}
for lr, decay in ((5e-3, 0), (1e-2, 0), (2e-2, 0), (1e-2, 0.1)):
    students[f"values, {lr}, {decay}"] = train(student(), value_loss, lambda: few, steps=1000, lr=lr, decay=decay)
students["slopes"] = train(student(visible=True), both_losses, lambda: with_slopes, steps=300, lr=2e-2)
students["more values"] = train(student(), value_loss, lambda: more, steps=1000, lr=1e-2)
grades = {name: on_test(one) for name, one in students.items()}

# %% tags=["folded", "nbval-ignore-output"]
tuned = min((name for name in grades if name.startswith("values")), key=lambda name: grades[name][0])
shown = {"values, 32": grades[tuned], "slopes, 32": grades["slopes"], "values, 160": grades["more values"]}
fig, axes = plot.panels(1, 2, size=(6, 3.2))
plot.bars({name: shown[name][0] for name in shown}, y="unexplained share", title="New curves", ax=axes[0])
plot.bars({name: shown[name][1] for name in shown}, y="relative error", title="Their slopes", ax=axes[1])
fig

# %% [markdown]
# The 160 swings teach most, then the 32 with slopes, then the 32 with values alone. So slopes beat values from the same swings, in the curves and in the slopes themselves. And in the honest comparison, as many numbers spent on *new swings* teach more. A slope tells what happens near a swing that
# you have; a new swing tells something new. So slopes pay where no more examples are to be had, or where slopes are cheap: with four inputs they cost about four runs more, but one pass back gives a thousand of them for an output of a
# thousand inputs ([lesson 22](22_output_gradients.ipynb)).

# %% tags=["claim"]
values, slopes, more_values = shown["values, 32"], shown["slopes, 32"], shown["values, 160"]
left = max(slopes[0] / values[0], slopes[1] / values[1])
claim("with slopes at most 0.8 of the unexplained share, and of the slopes' error, are left", left, at_most=0.8)
claim(
    "five times as many swings leave at most 0.75 of what 32 with slopes leave",
    more_values[0] / slopes[0],
    at_most=0.75,
)

# %% [markdown]
# ## Words cannot be nudged
#
# Last, an input that cannot move a little: text. Which word, put in which place, would turn a reader's verdict? A review of T words over a vocabulary of V has T · V single **swaps**. One could try them all, a pass forward each. Or take *one* gradient: a word is a vector
# $e$, a swap is a step from one vector to another, and for a step the gradient has an estimate.

# %% tags=["nbval-ignore-output"]
plot.swap_step()

# %% [markdown]
# Each word is weighed by how far it lies *along* the gradient (blue strokes):
#
# $$f(\text{word } v \text{ at } t) - f \;\approx\; (E_v - e_t) \cdot \frac{\partial f}{\partial e_t}$$
#
# | symbol | variable | shape |
# |---|---|---|
# | all word vectors $E$ | `E` | (V, D) |
# | the gradients $\partial f/\partial e_t$ | `gradient` | (N, T, D) |
# | estimates, every place and every word | `estimates` | (N, T, V) |
#
# ### Exercise 28.5 · Every swap at once (6 min, ●●○)
#
# *Goal:* the whole table, without a loop. *Given:* the gradients, the tokens, E. *Done when* the check says ✓.


# %% tags=["exercise"]
def swap_estimates(gradient, tokens, E):
    """(E_v − e_t) · ∂f/∂e_t for every place t and every word v.

    gradient: (N, T, D). tokens: (N, T). E: (V, D). Returns (N, T, V); 0 where v is the word that stands there.
    """
    ### BEGIN SOLUTION
    goes = (gradient * E[tokens]).sum(dim=2, keepdim=True)  # what the old word brings, (N, T, 1)
    return gradient @ E.T - goes
    ### END SOLUTION


# %% tags=["check"]
swap_estimates = exercise("28.5", swap_estimates)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Multiply out: $E_v \cdot g_t$ for all v is one matrix product, $e_t \cdot g_t$ is one number for each place.
# </details>
# <details><summary>Fuller hint</summary>
#
# `gradient @ E.T` is (N, T, V). Subtract `(gradient * E[tokens]).sum(dim=2, keepdim=True)`, (N, T, 1).
# </details>
#
# Train a reader of film reviews ([lesson 10](10_sentiment.ipynb)), and take 100 new ones. For the comparison we do pay for all swaps.


# %% tags=["folded"]
V, words = len(film.VOCABULARY), film.VOCABULARY
draws = generator(28)
lessons = film.batch(film.reviews(3000, asides=1, generator=draws, part="train"))
told = film.reviews(100, asides=1, generator=draws, part="test")
texts = film.batch(told)


class Reader(models.ManyToOne):
    def __init__(self):
        super().__init__(16, 32, 1)
        self.embedding = nn.Embedding(V, 16, padding_idx=0)


def score(reader, tokens, lengths):
    return reader(reader.embedding(tokens), lengths)[:, 0]


def reader_loss(reader, tokens, lengths, labels):
    return nn.functional.binary_cross_entropy_with_logits(score(reader, tokens, lengths), labels)


def some_reviews():
    rows = torch.randint(len(lessons.labels), (64,))
    return lessons.tokens[rows], lessons.lengths[rows], lessons.labels[rows]


# %% tags=["nbval-ignore-output"]
reader = train(Reader(), reader_loss, some_reviews, steps=300, lr=1e-2, decay=1.0)

# %%
E = reader.embedding.weight
vectors = E[texts.tokens].requires_grad_()
f = reader(vectors, texts.lengths)[:, 0]
gradient = autograd.grad(f.sum(), vectors)[0]  # one pass back, for all places of all reviews
f = f.detach()
estimates = swap_estimates(gradient, texts.tokens, E)


def every_swap(n):
    """What f truly gains from each swap in review n: (T, V), one pass forward for each."""
    T = int(texts.lengths[n])
    copies = texts.tokens[n, :T].repeat(T * V, 1)
    copies[torch.arange(T * V), torch.arange(T).repeat_interleave(V)] = torch.arange(V).repeat(T)
    return (score(reader, copies, torch.full((T * V,), T)) - f[n]).view(T, V)


# %% [markdown]
# We count a gain as positive if it moves f *towards the other verdict*, and leave the padding out of the swaps.
#
# **Before you run:** how well does the estimate rank the swaps of a review: what is Spearman's rank correlation (1: the same order)? And how often is the swap that it puts first truly among the best five?

# %% tags=["predict"]
predict("28.c", ...)  # a correlation, −1 … 1

# %%
guessed, true = [], []
for n in range(100):
    towards = -f[n].sign()
    guessed.append(towards * estimates[n, : texts.lengths[n], 1:])  # column 0 is the padding
    true.append(towards * every_swap(n)[:, 1:])

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(1, 3, size=(4, 3.4))
for n, ax in enumerate(axes):
    plot.scatter(
        {"": (guessed[n].flatten(), true[n].flatten())}, x="estimated", y="true gain", title=f"Review {n + 1}", ax=ax
    )
    ax.axhline(f[n].abs().item(), color="black", linestyle="--", linewidth=1.5)
for n in range(3):
    print(f"{n + 1}  {' '.join(told[n].words)}")
    for place in true[n].flatten().topk(3).indices.tolist():
        t, v = place // (V - 1), place % (V - 1) + 1
        print(
            f"     {told[n].words[t]} → {words[v]}: true {true[n].flatten()[place]:.1f}, estimated {guessed[n].flatten()[place]:.1f}"
        )
fig

# %% [markdown]
# Above the dashed line the verdict turns. The estimate has the trend and misses the tops: it is a straight line through *here*, and a swap of words is no small step. A *not* that comes or goes turns everything round, and no straight line sees that coming.
#
# So let the gradient *propose*, and passes forward *decide*: take its k first swaps, and try these. This is the idea of **HotFlip** (Ebrahimi et al., 2018), which searches on from the best few for changes of several words.

# %%
rank_of, hits = [], 0
turned = {1: 0, 5: 0, 20: 0, 100: 0}
blindly = dict(turned)  # the same with swaps drawn at random
for n in range(100):
    guess, gain = guessed[n].flatten(), true[n].flatten()
    rank_of.append(attribution.rank_correlation(guess[None], gain[None])[0])
    hits += int(guess.argmax() in gain.topk(5).indices)
    drawn = torch.randperm(len(gain), generator=draws)
    for k in turned:
        turned[k] += int(gain[guess.topk(k).indices].max() > f[n].abs())
        blindly[k] += int(gain[drawn[:k]].max() > f[n].abs())
turned["all"] = blindly["all"] = sum(int(gain.max() > f[n].abs()) for n, gain in enumerate(true))

# %% tags=["folded", "nbval-ignore-output"]
compared = {"the estimate's first": {}, "drawn at random": {}}
for k in turned:
    compared["the estimate's first"][f"{k} tried"] = turned[k] / 100
    compared["drawn at random"][f"{k} tried"] = blindly[k] / 100
plot.against_chance(compared, y="share of verdicts turned", title="The best of a few swaps")

# %% [markdown]
# As a *ranking* of hundreds of swaps the estimate is good. As an adviser for the one best swap it is poor: often its first choice is not even among the true best five. To turn a verdict it need not be: its first choice alone turns far more verdicts than a swap
# at random. With twenty tries most verdicts are turned; but look beside it: **blind tries turn many, too**, for there are many swaps that do. (A count of a hundred has a standard error of up to five.) So a gradient pays where tries are few, or where each is dear. And one swap can turn
# nearly every verdict.

# %% tags=["claim"]
outcome("28.c", torch.stack(rank_of).mean().item())
claim("the estimate ranks a review's swaps: mean correlation at least 0.65", torch.stack(rank_of).mean(), at_least=0.65)
claim("its first choice is truly among the best five in at most 65 of 100 reviews", hits, at_most=65)
claim("one try: of 100 verdicts the estimate turns at least 20 more than chance", turned[1] - blindly[1], at_least=20)

# %% [markdown]
# **Is that bad?** Not in itself. "The acting was good" with *bad* for *good* is another review, and its verdict *should* turn. To find the reader's errors, allow only swaps that leave the truth as it is, as the box did for the swing. Two such sets:
#
# - **neutral words**: any word that holds no opinion in place of another one, grammar or not ("the *seats* was brilliant");
# - **inside the language**: a topic for a topic (*film*, *plot*, …), an adjective for one of the same side.

# %% tags=["folded"]
TOPICS = "film story acting ending music plot".split()
SPEAKING = [*film.POSITIVE, *film.NEGATIVE, "not", "but", "though", "said", "they", "it", "i", ".", ",", "<pad>"]
group = torch.zeros(V)
for number, members in enumerate([TOPICS, film.POSITIVE, film.NEGATIVE], 1):
    for word in members:
        group[words.index(word)] = number
neutral = torch.tensor([word not in SPEAKING for word in words])
by_rule = {"any": 0, "neutral words": 0, "inside the language": 0}
for n in range(100):
    here = texts.tokens[n, : texts.lengths[n]]
    same = (group[here][:, None] == group[None]) & (group[here] > 0)[:, None]
    allowed = {"any": same >= 0, "neutral words": neutral[here][:, None] & neutral[None], "inside the language": same}
    for rule in by_rule:
        gain = true[n].masked_fill(~allowed[rule][:, 1:], -1e9)
        by_rule[rule] += int(gain.max() > f[n].abs())

# %% tags=["folded", "nbval-ignore-output"]
plot.bars(by_rule, y="verdicts turned, of 100", title="One swap, the best of those allowed")

# %% [markdown]
# The story of the swing once more. On its test this reader is right nearly always. Outside of its language, one harmless word turns a good part of its verdicts. Inside, hardly any. A test tells about the place where it was taken; a gradient finds the way out of that place in one
# pass.

# %% tags=["claim"]
good = ((f > 0) == (texts.labels > 0.5)).sum() >= 97
fragile = bool(good) and by_rule["neutral words"] >= 12
claim("at least 97 of 100 verdicts are right, and a neutral word turns at least 12", fragile, is_true=True)
claim("inside the language one swap turns at most 5", by_rule["inside the language"], at_most=5)

# %% [markdown]
# ## What you can now do
#
# - **Design**: descend on the input, from several starts, and have the result judged by another: the formula, an experiment, at least a network that took no part.
# - **Bound it**: outside of the training range a model promises what you wish. A bound keeps the promise, or says that it cannot. Elasticities say which number must be exact.
# - **Slopes and swaps**: sensitivities teach more than the same swings without them, less than as many new numbers. One gradient proposes swaps; passes forward decide.
#
# People design antennas, lenses, drugs and proteins this way, and test text classifiers. It fails where the model was never shown how the world goes on, and nothing in the loss says so. We have let the network run for forty steps from a state that
# we chose. What does the state do when it is left alone for ever? That is [lesson 29](29_state_dynamics.ipynb).

# %% [markdown]
# <details><summary>Test yourself: a descent ends at a miss of 0.3 from all twenty starts, in the box. What may be the case?</summary>
#
# The wish cannot be met there; or the starts all fell into the same valley. More starts tell the two apart, at least in part.
# </details>
# <details><summary>Test yourself: why is there no elasticity with respect to a temperature in degrees Celsius?</summary>
#
# One per cent of 20 °C is not one per cent of the same temperature in kelvin. Per cent need a true zero.
# </details>
# <details><summary>Test yourself: the estimate of every swap at a place is zero. Does that word not matter?</summary>
#
# The gradient there is zero, or flat: f may be saturated. A swap is a long step, and may matter all the same. Try it.
# </details>
#
# *Further reading.* W. M. Czarnecki et al., "Sobolev training for neural networks", NeurIPS (2017). J. Ebrahimi et al., "HotFlip: white-box adversarial examples for text classification", ACL (2018). C. Szegedy et al., "Intriguing properties of neural
# networks", ICLR (2014): inputs designed to fool. A. Kumar, S. Levine, "Model inversion networks for model-based optimization", NeurIPS (2020): designs that leave the data.
