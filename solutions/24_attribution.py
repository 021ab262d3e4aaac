# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 24 · Attribution
#
# **When is a gradient an explanation?**
#
# After this lesson you will be able to
# - make five kinds of maps that say what an output rests on, and tell which question each of them answers,
# - *score* a map against a known truth, beside chance and beside a map that never saw the network,
# - say "without what?": choose a baseline, walk the path from it, and check that the shares add up.
#
# Needs: gradients of outputs ([lesson 22](22_output_gradients.ipynb)), the LSTM with an open forget gate ([lesson 07](07_long_memory.ipynb)).
# About 90 minutes. Mapping: many-to-one.

# %%
import torch
from torch import autograd, nn
from lstmkit import attribution, claim, exercise, fit, outcome, plot, predict, seed
from lstmkit.data.hidden_signal import hidden_signal

seed(0)

# %% [markdown]
# ## A needle with a label on it
#
# An **attribution** gives every number of the input a share in the output. Drawn as a map it looks sensible, and everybody nods. But
# sensible is not right. To find out which maps are *right* we need data whose truth is known: not only the answer, but which numbers it
# rests on. So we plant it.
#
# A window of 40 steps holds noise in four channels. Somewhere in channel 0, 1 or 2 lies a **bump** of eight steps, upwards or downwards.
# In channels 0 and 2 upwards means label 1; in channel 1 it is the other way round. Channel 3 is loud and says nothing, ever. So of
# 160 entries eight are **relevant**.
#
# | symbol | variable | shape |
# |---|---|---|
# | N windows of T = 40 steps, D = 4 channels | `x` | (N, T, D) |
# | the label, 0 or 1 | `label` | (N,) |
# | the truth: relevant entries | `mask` | (N, T, D), True or False |
#
# **Before you run:** three windows will appear, red for values above zero, blue for values below. Find the bump in each with your eyes, and write down
# its channel, its first step and the label.


# %% tags=["nbval-ignore-output"]
def windows(N):
    """x (N, 40, 4), label (N,), mask (N, 40, 4): a bump hidden in channel 0, 1 or 2, and loud noise in channel 3."""
    quiet, upwards, where = hidden_signal(N)  # three channels
    turned = where[:, :, 1].any(dim=1)  # the bump lies in channel 1
    loud, nowhere = 2 * torch.randn(N, 40, 1), torch.zeros(N, 40, 1).bool()
    label = torch.where(turned, 1 - upwards, upwards)
    return torch.cat([quiet, loud], dim=2), label, torch.cat([where, nowhere], dim=2)


x, label, mask = windows(200)  # we shall explain these
three = {f"Window {n + 1}": x[n] for n in range(3)}
plot.attributions(three, limit=4)

# %% [markdown]
# Now the same three with the truth: a frame around the eight entries, the label above.

# %% tags=["nbval-ignore-output"]
framed = {f"Window {n + 1}, label {label[n]:.0f}": x[n] for n in range(3)}
plot.attributions(framed, [mask[0], mask[1], mask[2]], limit=4)

# %% [markdown]
# Where did your eyes go first? To channel 3: the window's largest entry lies there nearly always, and the bump never does. A map can make the same
# mistake. So from here on **|x|**, the size of the input itself, walks beside every map: it has never seen the network.

# %% tags=["claim"]
loudest = x.abs().flatten(1).argmax(dim=1) % 4
claim("in at least 95 of 100 windows the largest entry lies in channel 3", (loudest == 3).float().mean(), at_least=0.95)

# %% [markdown]
# ## A network, and two maps for almost nothing
#
# The **detector** reads a window and gives one number, the **score** $f(x)$: above 0 it says "label 1". It is an LSTM with its forget gates
# open at the start, and a linear read-out of the last state. It is trained on fresh windows all the time; **weight decay** keeps its weights small, and so $f$ smooth.


# %%
class Detector(nn.Module):
    """x (N, T, 4) → scores (N,)."""

    def __init__(self, H=16):
        super().__init__()
        self.lstm, self.read = nn.LSTM(4, H, batch_first=True), nn.Linear(H, 1)
        self.lstm.bias_ih_l0.data[H : 2 * H] = 0
        self.lstm.bias_hh_l0.data[H : 2 * H] = 3  # the forget gates' block: open at the start

    def forward(self, x):
        h, _ = self.lstm(x)
        return self.read(h[:, -1])[:, 0]


# %% tags=["folded"]
def loss(model, x, label):
    return nn.functional.binary_cross_entropy_with_logits(model(x), label)


def draw():
    return windows(64)[:2]  # new windows at every step


def adamw(parameters, lr):
    return torch.optim.AdamW(parameters, lr, weight_decay=1.0)  # small weights: a smooth f


def rise_and_fall(optimizer):
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=800)


# %% tags=["nbval-ignore-output"]
model = Detector()
fit(model, loss, draw, steps=800, lr=0.01, clip=1.0, optimizer=adamw, schedule=rise_and_fall)

# %% [markdown]
# Two maps come from a single pass back:
#
# - the **gradient** $\dfrac{\partial f}{\partial x_{td}}$: by how much the score changes for a *small* change of this entry (its size is called **saliency**),
# - **gradient × input** $\;x_{td}\,\dfrac{\partial f}{\partial x_{td}}$: what this entry would contribute if $f$ were a straight line through zero.
#
# Both are signed: red speaks for "label 1" if the entry grows (gradient), or as it is (gradient × input).
#
# **Before you run:** the detector will be right nearly always. Which of the two maps will light up in the frame? And will the gradients of two windows look
# alike?


# %% tags=["nbval-ignore-output"]
def slopes(f, x):
    """∂f/∂x, (N, T, D), for an f that maps x to (N,), each window for itself."""
    leaf = x.detach().clone().requires_grad_()
    return autograd.grad(f(leaf).sum(), leaf)[0]


gradient = slopes(model, x)
product = x * gradient
pictures, frames = {}, []
for what, map in {"x": x, "∂f/∂x": gradient, "x · ∂f/∂x": product}.items():
    for n in (0, 1):
        pictures[f"{what}, window {n + 1}"] = map[n]
        frames.append(mask[n])
plot.attributions(pictures, frames, columns=2, size=(6, 1.8))

# %% [markdown]
# (Each panel has its own scale: its largest entry has the full colour.) Look at the middle row. Its *signs* are alike in all windows, although the bumps lie elsewhere: where there is colour, channels 0 and 2 have one and channel 1 the
# other, inside the frame and outside (pale is small, not of another sign). That is the *rule* which the network has learnt: a little more of channel 0 or 2,
# or less of channel 1, would raise the score, nearly anywhere. The gradient is not wrong. It says what **could** matter. We had asked what **did**.
#
# The lower row lies nearer to the frames, and it is blotchy. Is it good?

# %% tags=["claim"]
right = ((model(x) > 0) == (label > 0.5)).float().mean()
claim("the detector is right on at least 95 % of new windows", right, at_least=0.95)
rule = torch.tensor([1.0, -1.0, 1.0])  # channels 0, 1, 2
ruled = (gradient[:, :, :3].sign() == rule).float().mean()
claim("channels 0 to 2: at least nine of ten gradients have the rule's sign, + − +", ruled, at_least=0.93)

# %% [markdown]
# ## A score for a map
#
# One picture convinces nobody. A **score** does, over many windows.
#
# Sort all entries of a map, the largest *size* first, and walk down the list. After k entries the **precision** is the share of relevant
# ones among these k. The **average precision** is the mean of the precision over those places k at which a relevant entry stands. It is also called the
# area under the precision–recall curve, **AUPRC**. 1 is perfect: all relevant entries first.
#
# ### Exercise 24.1 · Score a map (8 min, ●●○)
#
# *Goal:* the average precision of one map. *Given:* `map`, signed, and `mask`, True where relevant, both (T, D). *Done when* the check
# says ✓.


# %% tags=["exercise"]
def average_precision(map, mask):
    """How well a map's largest entries are the relevant ones: 1 if they all come first.

    map: (T, D), signed; its size counts. mask: (T, D) bool, at least one True. Returns one number, 0 … 1.
    """
    ### BEGIN SOLUTION
    order = map.abs().flatten().argsort(descending=True)
    hits = mask.flatten()[order].double()
    precision = hits.cumsum(0) / torch.arange(1, len(hits) + 1)
    return (precision * hits).sum() / hits.sum()
    ### END SOLUTION


# %% tags=["check"]
average_precision = exercise("24.1", average_precision)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `order = map.abs().flatten().argsort(descending=True)`, and `mask.flatten()[order]` is the list of hits, best place first.
# </details>
# <details><summary>Fuller hint</summary>
#
# With `hits` as floats, `hits.cumsum(0)` counts the relevant ones so far; divide by 1, 2, 3, … Then take the mean over the places
# where `hits` is 1: `(precision * hits).sum() / hits.sum()`.
# </details>
#
# **What does chance score?** Shuffle the n = 160 entries, P = 8 of them relevant. If a relevant one stands at place k, it counts itself,
# and of the k − 1 entries before it a share of $\frac{P-1}{n-1}$ is relevant, on average. Every place is equally likely:
#
# $$\text{chance} = \frac1n \sum_{k=1}^{n} \frac{1 + (k - 1)\,\frac{P-1}{n-1}}{k}$$
#
# A little more than the plain share 8/160 = 0.05, for at place 1 a hit is a precision of 1.


# %% tags=["nbval-ignore-output"]
def mean_score(maps):
    """The mean average precision over all windows."""
    scores = [float(average_precision(map, truth)) for map, truth in zip(maps, mask)]
    return sum(scores) / len(scores)


k = torch.arange(1, 161)
chance = ((1 + (k - 1) * 7 / 159) / k).mean().item()
first = {"chance": chance, "|x|": mean_score(x), "gradient": mean_score(gradient)}
first["gradient × input"] = mean_score(product)
for name, score in first.items():
    print(f"{name:18}{score:.2f}")

# %% [markdown]
# Gradient × input is ahead by a distance. The gradient is nearer to chance than to it, and has |x| for company, which has never seen the network. (|x| is a little above chance, since a bump is
# larger than the noise of its channel.)
#
# The average precision looks at sizes alone: a map with every sign turned round scores the same. A later score will look at signs.

# %% tags=["claim"]
ahead = first["gradient × input"] - max(first["gradient"], first["|x|"])
claim("gradient × input is at least 0.1 ahead of the other two", ahead, at_least=0.1)
way = (first["gradient"] - chance) / (first["gradient × input"] - chance)
claim("the gradient comes less than 0.45 of the way from chance to gradient × input", way, at_most=0.45)

# %% [markdown]
# ## Why a slope misleads
#
# Here is an $f$ of one number, for which everything can be seen. It rises from a **baseline** $\bar x$, an input without evidence, and levels off: it **saturates**.

# %% tags=["nbval-ignore-output"]
plot.baseline_path(points=6)

# %% [markdown]
# Left: since x is there, f stands at nearly 1 and not at 0; the green bar is what x did. But *at* x the curve is flat. Slope times x follows the tangent back, and
# finds the small orange bar. The evidence is strong, **so** the slope is small: one more drop into a full glass changes nothing.
#
# Right: if the slope *here* misleads, collect the slopes on the whole way. Walk straight from the baseline to x, $a$ running from 0 to 1.
# The area under them, times the way $x - \bar x$, is $f(x) - f(\bar x)$: the whole green bar. With many inputs every one gets its own part of it.
# These are **integrated gradients**:
#
# $$A_{td} = (x_{td} - \bar x_{td}) \int_0^1 \frac{\partial f}{\partial x_{td}}\big(\bar x + a\,(x - \bar x)\big)\, da
# \;\approx\; (x_{td} - \bar x_{td}) \cdot \frac{1}{m} \sum_{k=0}^{m-1} \frac{\partial f}{\partial x_{td}}\Big|_{a = (k + 1/2)/m}$$
#
# | symbol | variable | shape |
# |---|---|---|
# | the baseline $\bar x$ | `baseline` | (N, T, D), as `x` |
# | the place on the path | `a` | a number, 0 … 1 |
# | the number of pieces $m$; their middles are the points | `points` | a number |
# | the map $A$ | `map` | (N, T, D) |
#
# ### Exercise 24.2 · Integrated gradients (10 min, ●●○)
#
# *Goal:* the sum on the right. *Given:* `slopes(f, place)` from above; `f` maps x (N, T, D) to scores (N,); `baseline` has the shape of
# x. *Done when* the check says ✓.


# %% tags=["exercise"]
def integrated_gradients(f, x, baseline, points):
    """(x − baseline) times the mean gradient at `points` midpoints of the straight path from baseline to x.

    f: x (N, T, D) → (N,). x, baseline: (N, T, D). Returns the map, (N, T, D).
    """
    ### BEGIN SOLUTION
    total = torch.zeros_like(x)
    for k in range(points):
        a = (k + 0.5) / points
        total = total + slopes(f, baseline + a * (x - baseline))
    return (x - baseline) * total / points
    ### END SOLUTION


# %% tags=["check"]
integrated_gradients = exercise("24.2", integrated_gradients)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A loop over k. In it: the place `baseline + a * (x - baseline)`, and the slopes there. Add them up.
# </details>
# <details><summary>Fuller hint</summary>
#
# `a = (k + 0.5) / points` for k = 0 … points − 1. `slopes(f, place)` has the shape of x. Divide the sum by `points`, multiply by `x - baseline`.
# </details>
#
# ## It adds up
#
# The integral hands out exactly $f(x) - f(\bar x)$, no more and no less. This is called **completeness**, and a sum of m points comes close to it. Here is a promise that
# can be checked, without any planted truth.
#
# ### Exercise 24.3 · The gap (4 min, ●○○)
#
# *Goal:* by how much a map fails to add up, for each window: its sum minus $(f(x) - f(\bar x))$. *Given:* `f`, `x`, `baseline` as before, and
# any `map` of the shape of x. *Done when* the check says ✓.


# %% tags=["exercise"]
def completeness_gap(f, x, baseline, map):
    """Sum of each map minus (f(x) − f(baseline)). map: (N, T, D). Returns the gaps, (N,), signed."""
    ### BEGIN SOLUTION
    return map.sum((1, 2)) - (f(x) - f(baseline))
    ### END SOLUTION


# %% tags=["check"]
completeness_gap = exercise("24.3", completeness_gap)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Over which axes do you sum, so that one number for each window is left? `f(x)` has shape (N,) already.
# </details>
# <details><summary>Fuller hint</summary>
#
# `map.sum((1, 2))` has shape (N,). Subtract `f(x) - f(baseline)`, in brackets.
# </details>
#
# Is our detector saturated, as the drawing is? Look at its score on the way from zeros to x. Where such a line is straight, gradient × input is exact: its sum is
# the line's slope at $a = 1$.
#
# **Before you run:** by how much, in per cent of $f(x) - f(\bar x)$, will the sum of gradient × input miss it? (The median over the windows.)

# %% tags=["predict"]
predict("24.a", ...)  # a number: per cent

# %% tags=["nbval-ignore-output"]
zeros, counts = torch.zeros_like(x), [1, 2, 5, 10, 20, 50]
places = torch.linspace(0, 1, 41)
scores = torch.stack([model(a * x[:5]) for a in places])  # (41, 5)
moved = (model(x) - model(zeros)).detach().abs()
gaps = []
for points in counts:
    map = integrated_gradients(model, x, zeros, points)
    gaps.append((completeness_gap(model, x, zeros, map).abs() / moved).median().item())
flat = (completeness_gap(model, x, zeros, product).abs() / moved).median().item()

# %% tags=["nbval-ignore-output", "folded"]
fig, axes = plot.panels(1, 2, size=(6, 3.8))
walks = {f"window {n + 1}": scores[:, n] for n in range(5)}
plot.series(walks, places, x="a, the place on the path from zeros to x", y="score f", title="Five walks", ax=axes[0])
axes[0].get_legend().remove()  # which is which does not matter here
levels = {"gradient × input": flat}
labels = {"x": "points m on the path", "y": "median gap, as a share", "title": "Does the sum close?"}
plot.series({"integrated gradients": gaps}, counts, **labels, log=True, dots=True, levels=levels, ax=axes[1])
axes[1].set_xscale("log")
fig

# %% [markdown]
# Left: many a walk does its work on a short stretch and is nearly flat at $a = 1$. (Not each: a weak score is still on its way.) So the sum of gradient × input is small, and in most windows misses nearly everything.
# Right: integrated gradients close, and the more points the better.

# %% tags=["claim"]
outcome("24.a", 100 * flat)
claim("gradient × input misses by 90 % of the change or more, in half of the windows", flat, at_least=0.9)
claim("integrated gradients, 50 points: by less than 0.1 %", gaps[-1], at_most=0.001)

# %% [markdown]
# ## Another library, the same map?
#
# **Captum** is PyTorch's library for attribution. Its integrated gradients are those of `lstmkit.attribution`. It also has **DeepLift** (Shrikumar et al., 2017): that one compares x with a
# baseline, replaces the slope of each nonlinearity by a *difference*, and promises completeness. But the nonlinearities of `nn.LSTM` live inside one fused
# operation, where none of Captum's hooks can reach.
#
# **Before you run:** DeepLift on our LSTM: will it `refuse`, `warn`, or hand out some `map`?

# %% tags=["predict"]
predict("24.b", ...)  # one of the three words, in quotes

# %% tags=["folded"]
try:
    from captum.attr import DeepLift
except ImportError:
    DeepLift = None
    print("Captum is not installed here (pip install captum brings it); the lesson goes on without this comparison.")

# %% tags=["folded"]
import warnings

if DeepLift:
    with warnings.catch_warnings(record=True) as said:
        deep, deep_gap = DeepLift(model).attribute(x, zeros, return_convergence_delta=True)
    told = any("lstm" in str(one.message).lower() for one in said)
    outcome("24.b", "warn" if told else "map")

# %% tags=["claim"]
if DeepLift:
    claim("Captum's DeepLift of nn.LSTM is gradient × input", (deep - product).abs().max(), at_most=1e-4)

# %% [markdown]
# A map: gradient × input, to the last digits, under another name, and no word about the LSTM (seen with `captum 0.9`). Captum hands out the gap when asked: ask. (`lstmkit.attribution.integrated_gradients` warns by itself when a sum does not close.)

# %% [markdown]
# ## Without what?
#
# Completeness hands out $f(x) - f(\bar x)$. So the baseline is half of the question: "why this, *rather than that*?"
#
# ### Exercise 24.4 · Choose a baseline (6 min, ●●○)
#
# *Goal:* for each case the baseline that fits its question, for its reason. *Given:* two tables. *Done when* the check says ✓: four letters.
#
# | | data | question |
# |---|---|---|
# | ink | pages with one digit; ink is 1, paper is 0 | which strokes make it a seven? |
# | scan | the same pages as a scanner gives them: ink is 0, paper is 1 | which strokes make it a seven? |
# | room | 24 hourly temperatures of a room, in °C, near 20 | why is this day called unusual? |
# | sales | customers on each day of this week | why is the forecast lower than last week's? |
#
# | | baseline | because |
# |---|---|---|
# | a | last week's input | the question itself names what to compare with |
# | b | the mean of the training data | no value means "nothing there"; what is usual stands for it |
# | c | zeros | zero is the value of "nothing there" |
# | d | ones | one is the value of "nothing there" |

# %% tags=["exercise"]
baselines = {"ink": ..., "scan": ..., "room": ..., "sales": ...}  # your letters
### BEGIN SOLUTION
baselines = {"ink": "c", "scan": "d", "room": "b", "sales": "a"}
### END SOLUTION

# %% tags=["check"]
baselines = exercise("24.4", baselines)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Where $x = \bar x$ the attribution is zero. Which entries may never get a share, in each case?
# </details>
# <details><summary>Fuller hint</summary>
#
# With zeros as the baseline of a scan, ink (0) can get no share at all: only paper can. With 0 °C, every hour of the day is a
# sensation.
# </details>
#
# What does a wrong one do? The same window, explained from zeros, from 2 everywhere, and from another window:

# %% tags=["nbval-ignore-output"]
others = x.roll(1, dims=0)  # window n is compared with window n − 1
starts = {"zeros": zeros, "2 everywhere": torch.full_like(x, 2.0), "another window": others}
pictures, by_baseline = {}, {}
for name, baseline in starts.items():
    map = integrated_gradients(model, x, baseline, 50)
    pictures[f"Baseline: {name}"], by_baseline[name] = map[1], mean_score(map)
plot.attributions(pictures, mask[1])

# %% [markdown]
# From 2 everywhere, every entry of the channels 0 to 2 gets a share, for each of them differs from 2: much of the map is the network's rule again. From another window the
# map tells *two* stories, this bump and the absence of the other one. Neither is miscalculated: both add up. They answer questions that nobody asked.

# %% tags=["claim"]
best_wrong = max(by_baseline["2 everywhere"], by_baseline["another window"])
claim("either of the two costs at least 0.25 of the AUPRC", by_baseline["zeros"] - best_wrong, at_least=0.25)

# %% [markdown]
# ## A cloud instead of a point
#
# **SmoothGrad** (Smilkov et al., 2017) takes the mean gradient at noisy copies of x: not one slope, but the slope of the neighbourhood.
#
# $$\frac1M \sum_{j=1}^{M} \frac{\partial f}{\partial x_{td}}\Big|_{x + \sigma \varepsilon_j} \qquad
# \varepsilon_j \text{ normal noise}, \quad \sigma = 0.1\,(\max x - \min x)$$


# %%
def smoothgrad(f, x, samples=32):
    """The mean gradient at noisy copies of x: (N, T, D)."""
    sigma = 0.1 * (x.amax((1, 2), keepdim=True) - x.amin((1, 2), keepdim=True))  # (N, 1, 1)
    total = torch.zeros_like(x)
    for _ in range(samples):
        total = total + slopes(f, x + sigma * torch.randn_like(x))
    return total / samples


# %% [markdown]
# ## Hide and see
#
# A last idea needs no gradient: **occlusion**. Hide a piece of the input, and see by how much the score drops:
# $f(x) - f(x \text{ with the piece hidden})$. It costs a forward pass for each piece.
#
# ### Exercise 24.5 · Occlusion (12 min, ●●●)
#
# *Goal:* hide `width` steps of one channel with zeros, at every place where they fit. *Given:* f and x as before. Each drop belongs to
# every entry of its piece; an entry gets the *mean* of the drops of all pieces that cover it. *Done when* the check says ✓. Leave the
# caller's x as it is.


# %% tags=["exercise"]
def occlusion(f, x, width):
    """The drop of f when `width` steps of a channel are set to zero; where pieces overlap, the mean of their drops.

    f: x (N, T, D) → (N,). x: (N, T, D). Returns the map, (N, T, D), in units of f.
    """
    ### BEGIN SOLUTION
    N, T, D = x.shape
    score, drops, count = f(x).detach(), torch.zeros_like(x), torch.zeros_like(x)
    for d in range(D):
        for s in range(T - width + 1):
            hidden = x.clone()
            hidden[:, s : s + width, d] = 0
            drops[:, s : s + width, d] += (score - f(hidden).detach())[:, None]
            count[:, s : s + width, d] += 1
    return drops / count
    ### END SOLUTION


# %% tags=["check"]
occlusion = exercise("24.5", occlusion)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Two tensors of the shape of x, both zero at first: the sum of the drops, and how many pieces covered each entry. Two loops: channels d,
# and first steps s = 0 … T − width. $f(x)$ itself is needed once, before the loops.
# </details>
# <details><summary>Fuller hint</summary>
#
# In the loops: `hidden = x.clone()`, `hidden[:, s : s + width, d] = 0`, and the drop (N,) as `drop[:, None]` added to
# `drops[:, s : s + width, d]`. At the end `drops / count`.
# </details>
#
# ## All maps of one window
#
# Six maps of the same window and the same network: the input itself, and five explanations of one decision.
#
# **Before you run:** which will fill the frame, and nothing else?

# %% tags=["nbval-ignore-output"]
maps = {"x itself": x, "gradient": gradient, "SmoothGrad": smoothgrad(model, x), "gradient × input": product}
maps["integrated gradients"] = integrated_gradients(model, x, zeros, 50)
maps["occlusion, 4 steps"] = occlusion(model, x, 4)
plot.attributions({name: map[1] for name, map in maps.items()}, mask[1], columns=2, size=(6, 2))

# %% [markdown]
# Occlusion in pieces comes closest to "the frame, and nothing else". Integrated gradients fill the frame too, and give shares to entries
# beside it. Is that a mistake? Half of one. Hide the three largest of those, and the score mostly moves to the side that they say: noise, too, moves this network. But it moves by less than half of what they say.
# The *path* passes through places where f is steep; the window itself stands where f is flat. To add up is not to tell what hiding would do. The two
# slopes, over all windows, hardly know where the frame is.

# %% tags=["claim"]
inside = {}
for name, map in maps.items():
    size = map.abs()
    inside[name] = ((size * mask).sum((1, 2)) / size.sum((1, 2))).mean().item()
second = max(share for name, share in inside.items() if name != "occlusion, 4 steps")
lead = inside["occlusion, 4 steps"] - second
claim("occlusion: the share of its size in the frame is at least 0.15 larger than any other map's", lead, at_least=0.15)
beside = maps["integrated gradients"].masked_fill(mask, 0).flatten(1)
top = beside.abs().topk(3, dim=1).indices
without = x.flatten(1).scatter(1, top, 0.0).view_as(x)
moves = (model(x) - model(without)) / beside.gather(1, top).sum(1)  # 1: as far as they say; below 0: the other way
typical = "hide the three: the typical (median) score moves their way, by less than half of what they say"
claim(typical, moves.median(), between=(0.05, 0.36))

# %% [markdown]
# ## The table of results
#
# Three scores for all maps, over 200 windows:
#
# - **AUPRC**: the whole ranking of the sizes, and no signs.
# - **Pointing game** (Zhang et al., 2016): the share of windows whose *largest* entry is relevant. A random finger hits eight of 160 entries: 0.05.
# - **Sign**: the share of windows in which the map's sum over the frame is positive exactly when the label is 1. A coin gives 0.5.

# %%
results = {}
for name, map in maps.items():
    pointing = attribution.pointing_game(map.abs(), mask).value.mean().item()
    sign = (((map * mask).sum((1, 2)) > 0) == (label > 0.5)).float().mean().item()
    results[name] = {"AUPRC": mean_score(map), "pointing": pointing, "sign": sign}

# %% tags=["nbval-ignore-output", "folded"]
by_chance = {"AUPRC": chance, "pointing": 8 / 160, "sign": 0.5}
short = {"integrated gradients": "integrated\ngradients", "gradient × input": "gradient\n× input"}
short |= {"occlusion, 4 steps": "occlusion,\n4 steps", "x itself": "x\nitself"}
fig, axes = plot.panels(3, 1, size=(9, 2.4), sharex=True)
for ax, (score, level) in zip(axes, by_chance.items()):
    values = {short.get(name, name): result[score] for name, result in results.items()}
    plot.bars(values, levels={"chance": level}, title=score, ax=ax)
    ax.set(ylim=(0, 1.35), yticks=[0, 0.5, 1])
    ax.legend(loc="upper left")
    ax.tick_params(axis="x", labelrotation=0)
fig

# %% [markdown]
# - The **gradient** and **SmoothGrad** find the fewest places of the five, and their signs are a coin's: they tell the rule, not this window.
#   A mean slope of the neighbourhood is still a slope.
# - **Gradient × input** has nearly every sign right and misses most of the places: it is small where the evidence is strong.
# - **Integrated gradients** and **occlusion** are far ahead. They ask for *differences* of f, not for its slope at one place.
# - **x itself** shows what each score is worth as a test. Its sign is right in two of three windows (in channels 0 and 2 upwards means label 1), with no network at all;
#   its largest entry hardly ever is, for that lies in the loud channel.

# %% tags=["claim"]
cheap, good, hidden = (results[name] for name in ("gradient × input", "integrated gradients", "occlusion, 4 steps"))
leads = [best[score] - cheap[score] for best in (good, hidden) for score in ("AUPRC", "pointing")]
claim("AUPRC and pointing: the last two are at least 0.2 ahead of gradient × input", min(leads), at_least=0.2)
smooth = results["SmoothGrad"]["AUPRC"]
claim("SmoothGrad is at least 0.08 behind gradient × input", cheap["AUPRC"] - smooth, at_least=0.08)

# %% [markdown]
# Occlusion was told something that the others do not know: that evidence comes several steps at a time, in one channel. One hidden step of eight hardly hurts
# the network; four do. Hide single steps and see:

# %%
single = mean_score(occlusion(model, x, 1))

# %% tags=["claim"]
better = hidden["AUPRC"] - single
claim("occlusion in pieces of four is at least 0.25 ahead of step by step", better, at_least=0.25)
good_signs = min(cheap["sign"], good["sign"], hidden["sign"])
coins = max(results["gradient"]["sign"], results["SmoothGrad"]["sign"])
claim("signs: the worst of the last three is at least 0.35 ahead of the two slopes", good_signs - coins, at_least=0.35)

# %% [markdown]
# <details><summary>Outlook: two more families for sequences, LRP and Shapley values</summary>
#
# **Layer-wise relevance propagation** sends the score itself back, layer by layer, instead of a slope. Every unit divides the relevance that it receives among its inputs, in proportion to
# what each contributed. Where a gate multiplies a signal, the signal takes all and the gate nothing (Arras et al., 2017). A saturated unit passes on all that it receives, and but for the biases the sum is kept. It has to see every step's
# inside: not through the fused `nn.LSTM`, but through a loop such as `lstmkit.layers.LSTM`.
#
# **Shapley values** reveal the entries one after another, starting from the baseline, and note what each changes; then they take the mean over *all orders*. They add up exactly. Occlusion is
# the change in one kind of order, where the piece comes last; integrated gradients reveal all entries together, a little at a time. 160 entries have more orders than can ever be tried, so one samples, or
# joins entries: whole steps, all that lies further back as one (TimeSHAP: Bento et al., 2021). Both families need a baseline or a rule, and with it a question.
# </details>

# %% [markdown]
# ## What you can now do
#
# - **Five maps, five questions.** Gradient: what would a small change do? SmoothGrad: the same, around here. Gradient × input: what would this entry give, if f were a straight line? Integrated
#   gradients: which part of $f(x) - f(\bar x)$ is its own? Occlusion: what is missing without this piece?
# - **A score with controls**: truth planted, chance worked out, |x| beside; places and signs apart.
# - **Without what?** A baseline without evidence, the walk from it, and the gap, which tells when a sum does not close.
#
# A gradient explains what *could* happen next; what *did* happen it explains only where f is nearly straight. People use such maps to find the sensor that raised an alarm, or the day
# that moved a forecast. Where it fails: elsewhere nobody has planted a truth. Ask the network then
# ([lesson 25](25_trusting_maps.ipynb)).

# %% [markdown]
# <details><summary>Test yourself: a map has an AUPRC of 0.9. May you read "red speaks for, blue against" from it?</summary>
#
# Not from this score: it looks at sizes alone. Look at signs too.
# </details>
# <details><summary>Test yourself: for one window the gradient is zero in the frame. Did the network not use the bump?</summary>
#
# It may have used it so fully that a little more changes nothing. Hide the bump, and see whether the score moves.
# </details>
# <details><summary>Test yourself: the maps add up perfectly. Is the map right?</summary>
#
# It adds up to the difference from *its* baseline. From 2 everywhere the sum closed as well.
# </details>
#
# *Further reading.* K. Simonyan et al., "Deep inside convolutional networks" (2014). A. Shrikumar et al., "Learning important features through propagating
# activation differences" (2017): DeepLift. M. Sundararajan et al., "Axiomatic attribution for deep networks" (2017). D. Smilkov et al., "SmoothGrad" (2017). M. Zeiler, R. Fergus, "Visualizing and
# understanding convolutional networks" (2014): occlusion. J. Zhang et al., "Top-down neural attention by excitation backprop" (2016): pointing. L. Arras et al., "Explaining recurrent neural network predictions in sentiment analysis" (2017): LRP.
# J. Bento et al., "TimeSHAP" (2021). A. A. Ismail et al., "Benchmarking deep learning interpretability in time series predictions" (2020).
