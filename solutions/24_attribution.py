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
# - compute an input's share in an output in five ways, and say what each of them promises,
# - *score* such a map against a known truth, beside chance and beside a map that never saw the network,
# - test a method before you trust it: does its sum close, does it notice another network, does it find early evidence?
#
# Needs: gradients with respect to the input ([lesson 22](22_output_gradients.ipynb)), fading gradients ([lesson 05](05_vanishing.ipynb)), the forget gate ([lesson 06](06_lstm.ipynb)), the film reviews ([lesson 10](10_sentiment.ipynb)). About 90 minutes. Mapping: many-to-one.

# %%
import warnings
import torch
from torch import nn
from lstmkit import attribution, claim, exercise, fit, generator, models, plot, seed
from lstmkit.data import reviews as film
from lstmkit.data.hidden_signal import hidden_signal

seed(0)

# %% tags=["nbval-ignore-output"]
plot.mapping("many-to-one")

# %% [markdown]
# ## A needle with a label on it
#
# An **attribution** gives each entry of the input a number: its share in the output. It is drawn as a map, the map looks
# sensible, and everybody nods. But sensible is not right. To find out which maps are *right* we need data whose truth is known: not
# only the answer, but also which entries it rests on.
#
# Here they are. A window of 40 steps holds noise in four channels. Somewhere in one of channels 0, 1, 2 lies a **bump** of eight steps: upwards
# (label 1) or downwards (label 0). Channel 3 is loud and says nothing, ever. So of 160 entries, eight are *relevant*.
#
# | symbol | variable | shape |
# |---|---|---|
# | N windows of T = 40 steps, D = 4 channels | `x` | (N, T, D) |
# | bump upwards? | `label` | (N,), 0 or 1 |
# | the truth: relevant entries | `mask` | (N, T, D), True or False |
#
# **Before you run:** will you find each bump with your eyes? And where will your eyes go first?


# %% tags=["nbval-ignore-output"]
def windows(N):
    """x (N, T, 4), label (N,), mask (N, T, 4): hidden bumps in channels 0 to 2, and loud noise in channel 3."""
    quiet, label, mask = hidden_signal(N)
    loud = 2 * torch.randn(N, quiet.shape[1], 1)
    return torch.cat([quiet, loud], 2), label, torch.cat([mask, torch.zeros_like(loud).bool()], 2)


def show(map, mask, ax, **labels):
    """A map (T, D) as a picture, time to the right; the truth is framed."""
    plot.heatmap(map.T, x="step", y="channel", ax=ax, **labels)
    step, channel = mask.nonzero()[0].tolist()
    ax.bar(step - 0.5, 1, 8, channel - 0.5, align="edge", fill=False, linewidth=2.5)


x, label, mask = windows(3)
fig, axes = plot.panels(3, 1, size=(9, 1.9))
for n, ax in enumerate(axes):
    show(x[n], mask[n], ax, title=f"Label {label[n]:.0f}: eight of 160 entries decide", scale="x", limit=4)
fig

# %% [markdown]
# ## The network, and two maps
#
# Eyes go to channel 3, where nothing is to be found. A map can make the same mistake.
#
# The **detector** reads the window and gives a score $f(x)$, one number for each window: above 0 means "upwards". It is the LSTM of [lesson 06](06_lstm.ipynb) with its
# forget gates wide open at the start (bias 3), and a linear read-out of the last state.
#
# Two maps come for almost nothing, from one backward pass (the maps are signed; from gradient × input on, plus speaks *for* "upwards"):
#
# - **gradient** $\dfrac{\partial f}{\partial x_{td}}$: how the score changes for a *small* change of this entry. (Its size is called *saliency*.)
# - **gradient × input** $x_{td}\,\dfrac{\partial f}{\partial x_{td}}$: what the entry would contribute if f were linear.
#
# **Before you run:** the network will be right nearly always. Which of the two maps will lie in the frame?


# %%
class Detector(nn.Module):
    """x (N, T, D) → scores (N,). forget: the forget gates' first bias; None leaves torch's own, about 0."""

    def __init__(self, forget=3.0, D=4, H=16):
        super().__init__()
        self.lstm, self.read = nn.LSTM(D, H, batch_first=True), nn.Linear(H, 1)
        if forget is not None:
            self.lstm.bias_ih_l0.data[H : 2 * H] = 0
            self.lstm.bias_hh_l0.data[H : 2 * H] = forget

    def forward(self, x):
        return self.read(self.lstm(x)[0][:, -1])[:, 0]


def train(model, loss, batches, decay=0.0, steps=300, lr=1e-2):
    """AdamW; the learning rate rises to lr and falls to zero. decay: of the weights, which keeps f smooth."""
    options = {"steps": steps, "lr": lr, "clip": 1.0}
    options["optimizer"] = lambda parameters, lr: torch.optim.AdamW(parameters, lr, weight_decay=decay)
    options["schedule"] = lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    fit(model, loss, batches, **options)


def randomised(model, fresh, prefixes):
    """A copy of model in which parameters whose names begin with one of the prefixes are those of `fresh`."""
    broken, old, new = Detector(), model.state_dict(), fresh.state_dict()
    broken.load_state_dict({name: (new if name.startswith(prefixes) else old)[name] for name in old})
    return broken


def inside(size, frame):  # the share of a map's sizes that lies in the frame, mean over the windows
    return ((size * frame).sum((1, 2)) / size.sum((1, 2))).mean()


def loss(model, x, label):
    return nn.functional.binary_cross_entropy_with_logits(model(x), label)


# %% tags=["nbval-ignore-output"]
model = Detector()
train(model, loss, lambda: windows(64)[:2], decay=0.1)
x, label, mask = windows(100)  # fresh ones; we explain these from here on
gradient, product = attribution.gradient(model, x), attribution.gradient_x_input(model, x)
fig, axes = plot.panels(3, 1, size=(9, 1.9))
show(x[0], mask[0], axes[0], title="The window", scale="x", limit=4)
show(gradient[0], mask[0], axes[1], title="Gradient: channels light up in which nothing is", scale="∂f/∂x")
show(product[0], mask[0], axes[2], title="Gradient × input: better, and blotchy", scale="x·∂f/∂x")
fig

# %% [markdown]
# Is the third panel good? One picture convinces nobody. A **score** does, over many windows.
#
# Sort all entries of a map, the largest *size* first. Walk down that list; after k entries, the **precision** is the share of
# relevant ones among these k. The **average precision** is the mean of the precision over the places k where a relevant entry stands. It is also
# called the area under the precision–recall curve, **AUPRC**. 1 is perfect: all relevant entries first.
#
# ### Exercise 24.1 · Score a map (10 min, ●●○)
#
# *Goal:* the average precision of one map. *Given:* `map`, signed, and `mask`, True where relevant, both (T, D). *Done when* the check says ✓.


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
# A score alone says little. Put two controls beside it:
#
# - **Chance**: what a map in random order reaches on average. It depends on the mask; the library computes it exactly.
# - **|x|**: a map that has never seen the network. Whatever it finds, the network is not needed for. (Here channel 3 spoils it. In
#   windows *without* a loud channel the relevant entries are the largest ones, and |x| would win prizes.)
#
# **Before you run:** put these in order: chance, |x|, gradient, gradient × input.

# %%
scores = {"|x|": x, "gradient": gradient, "gradient × input": product}
scores = {
    name: torch.stack([average_precision(*pair) for pair in zip(map, mask)]).mean() for name, map in scores.items()
}
library, (quiet, _, where) = attribution.auprc(product.abs(), mask), hidden_signal(100)
chance = library.chance.mean()
right = ((model(x) > 0) == (label > 0.5)).float().mean()
claim("the detector is right on at least 93 % of new windows", right, at_least=0.93)
claim("your score is the library's", scores["gradient × input"] - library.value.mean(), close_to=0, tolerance=1e-6)
claim("gradient × input reaches three times chance", scores["gradient × input"] / chance, at_least=3)
claim("it is at least 0.15 ahead of the gradient", scores["gradient × input"] - scores["gradient"], at_least=0.15)
claim("and at least 0.15 ahead of |x|", scores["gradient × input"] - scores["|x|"], at_least=0.15)
claim("the gradient is less than 0.2 above chance", scores["gradient"] - chance, at_most=0.2)
cheap = attribution.auprc(quiet.abs(), where)
claim("without channel 3, |x| is at least 0.3 above chance", (cheap.value - cheap.chance).mean(), at_least=0.3)

# %% [markdown]
# So gradient × input comes first by a distance, and chance, |x| and the gradient lie closer together. The gradient is a poor map of what this decision rests on. It is not *wrong*: it answers another question. Look at its panel again: channels 0, 1 and 2 look
# alike there. A little more of any of them would move the score, wherever the bump is. The gradient says what *could* matter, not what did.
#
# ## Walk instead of stand
#
# If the slope *here* misleads, ask for the slopes on the whole way. Choose a **baseline** $\bar x$, an input without evidence (here: all zeros). Walk straight from it to x,
# collect the gradients, and multiply their mean by the way that was walked. These are **integrated gradients**:
#
# $$A_{td} = (x_{td} - \bar x_{td}) \int_0^1 \frac{\partial f}{\partial x_{td}}\big(\bar x + a\,(x - \bar x)\big)\, da
# \;\approx\; (x_{td} - \bar x_{td}) \cdot \frac{1}{m} \sum_{k=0}^{m-1} \frac{\partial f}{\partial x_{td}}\Big|_{a = (k + 1/2)/m}$$
#
# The points lie in the *middles* of m equal pieces. Points at the ends of the pieces work too, with a larger error.
#
# ### Exercise 24.2 · Integrated gradients (20 min, ●●●)
#
# *Goal:* the right-hand side. *Given:* `f` maps x (N, T, D) to scores (N,), each window for itself; `baseline` has the shape of x; `points` is m.
# *Done when* the check says ✓.


# %% tags=["exercise"]
def integrated_gradients(f, x, baseline, points):
    """(x − baseline) times the mean gradient at `points` midpoints of the straight path from baseline to x.

    f: x (N, T, D) → (N,). x, baseline: (N, T, D). Returns the map, (N, T, D).
    """
    ### BEGIN SOLUTION
    total = torch.zeros_like(x)
    for k in range(points):
        a = (k + 0.5) / points
        between = (baseline + a * (x - baseline)).detach().requires_grad_()
        total = total + torch.autograd.grad(f(between).sum(), between)[0]
    return (x - baseline) * total / points
    ### END SOLUTION


# %% tags=["check"]
integrated_gradients = exercise("24.2", integrated_gradients)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A loop over k. In it: the place `baseline + a * (x - baseline)`, as a leaf (`.detach().requires_grad_()`), and one gradient of `f(place).sum()`
# (over the batch a sum is harmless: [lesson 22](22_output_gradients.ipynb)).
# </details>
# <details><summary>Fuller hint</summary>
#
# `torch.autograd.grad(f(place).sum(), place)[0]` has the shape of x. Add these up, divide by `points`, multiply by `x - baseline`.
# </details>
#
# What is gained? A promise that can be checked. On the way from $\bar x$ to x the score changes by $f(x) - f(\bar x)$, and the integral hands out
# exactly this amount: the map **adds up**. This is called **completeness**. A sum of m points comes close.
#
# ### Exercise 24.3 · The gap (5 min, ●○○)
#
# *Goal:* by how much a map fails to add up, for each window: its sum minus $(f(x) - f(\bar x))$. *Given:* `f`, `x`, `baseline` as before, and any `map`
# of the shape of x. *Done when* the check says ✓.


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
# **Captum**, PyTorch's own library for attribution, makes integrated gradients too, and **DeepLift** (Shrikumar et al., 2017). DeepLift
# compares x with a baseline as well, replaces slopes by *differences* at each nonlinearity, and promises completeness. But the
# nonlinearities of `nn.LSTM` live inside one fused operation, where no hook of Captum's can reach.
#
# (Our own library places its points unevenly, by the rule of Gauss and Legendre: the same integral, and for a smooth f a smaller gap.)
#
# **Before you run:** how fast does the gap of integrated gradients shrink with the number of points? Where does gradient × input stand? And DeepLift on
# our LSTM: will it refuse, warn, or give something?

# %% tags=["nbval-ignore-output"]
zeros, counts = torch.zeros_like(x), [1, 2, 5, 10, 20, 50]
moved = (model(x) - model(zeros)).abs().median().item()
maps = [integrated_gradients(model, x, zeros, m) for m in counts] + [product]
*closing, flat = (completeness_gap(model, x, zeros, map).abs().median().item() for map in maps)
labels = {"x": "points m on the path", "y": "median gap", "title": "With enough points the sum closes"}
fig = plot.series(
    {"integrated gradients": closing}, counts, **labels, log=True, dots=True, levels={"gradient × input": flat}
)
fig.axes[0].set_xscale("log")
fig

# %%
mine, library = integrated_gradients(model, x, zeros, 100), attribution.integrated_gradients(model, x)
claim("with 50 points the median gap is below a hundredth of the score's change", closing[-1] / moved, at_most=0.01)
claim("five times the points, 50 for 10, shrink it at least tenfold", closing[3] / closing[-1], at_least=10)
claim("gradient × input misses at least a fifth of it", flat / moved, at_least=0.2)
same = ((mine - library.attribution).abs().amax((1, 2)) < 0.05).float().mean()
claim("in 9 of 10 windows no share differs from the library's by 0.05", same, at_least=0.9)
closed = (library.gap.abs() < 0.05 * moved).float().mean()
claim("in 9 of 10 windows the library's gap is below a twentieth of the change", closed, at_least=0.9)

# %%
try:
    from captum.attr import DeepLift, IntegratedGradients
except ImportError:
    DeepLift = None
    print("Captum is not installed here (pip install captum brings it). The lesson goes on without this comparison.")

if DeepLift:
    theirs = IntegratedGradients(model).attribute(x, zeros, n_steps=50)
    with warnings.catch_warnings(record=True) as said:
        deep, gap = DeepLift(model).attribute(x, zeros, return_convergence_delta=True)
    claim("Captum's integrated gradients are ours", (theirs - library.attribution).abs().max(), at_most=1e-4)
    claim("its DeepLift on nn.LSTM is gradient × input", (deep - product).abs().max(), at_most=1e-5)
    claim("whose sum misses at least a fifth of the score's change", gap.abs().median() / moved, at_least=0.2)
    claim("no warning mentions the LSTM", not any("lstm" in str(one.message).lower() for one in said), is_true=True)

# %% [markdown]
# DeepLift gives gradient × input, to the last digits, under another name, and without a word (seen with `captum 0.9`). What would have told you? The gap, which Captum returns when asked. Ask.
#
# (With midpoints, where f is smooth, twice the points leave a quarter of the gap.) Our library warns when a sum does not close.
#
# ## Without what?
#
# Completeness distributes $f(x) - f(\bar x)$. So the baseline is half of the question: "why this, *rather than that*?"
#
# ### Exercise 24.4 · Choose a baseline (10 min, ●●○)
#
# *Goal:* for each case the baseline that fits its question, for its reason. *Done when* the check says ✓: four letters.
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
# ## Hide and see
#
# A last idea needs no gradient: **occlusion**. Hide a piece of the input and see by how much the score drops. It costs a forward pass for
# each piece, and asks the question that people often mean.
#
# ### Exercise 24.5 · Occlusion (20 min, ●●●)
#
# *Goal:* hide `width` steps of one channel with zeros, at every place where they fit. *Given:* f and x as before. The drop
# $f(x) - f(x\text{ with the piece hidden})$ belongs to every entry of the piece; an entry gets the *mean* of the drops of all pieces that cover it. *Done when* the
# check says ✓. Leave the caller's x as it is.


# %% tags=["exercise"]
def occlusion(f, x, width):
    """The drop of f when `width` steps of a channel are set to zero; where pieces overlap, the mean of their drops.

    f: x (N, T, D) → (N,). x: (N, T, D). Returns the map, (N, T, D), in units of f.
    """
    ### BEGIN SOLUTION
    N, T, D = x.shape
    drops, count = torch.zeros_like(x), torch.zeros_like(x)
    for d in range(D):
        for s in range(T - width + 1):
            hidden = x.clone()
            hidden[:, s : s + width, d] = 0
            drops[:, s : s + width, d] += (f(x) - f(hidden)).detach()[:, None]
            count[:, s : s + width, d] += 1
    return drops / count
    ### END SOLUTION


# %% tags=["check"]
occlusion = exercise("24.5", occlusion)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Two tensors of the shape of x, both zero at first: the sum of the drops, and how many pieces covered each entry. Two loops: channels d,
# and first steps s = 0 … T − width.
# </details>
# <details><summary>Fuller hint</summary>
#
# In the loops: `hidden = x.clone()`, `hidden[:, s : s + width, d] = 0`, and the drop (N,) as `drop[:, None]` added to
# `drops[:, s : s + width, d]`. At the end `drops / count`.
# </details>
#
# ## The table of results
#
# One more, from the library: **SmoothGrad** (Smilkov et al., 2017), the mean gradient at noisy copies of x, the noise a tenth of the window's
# range. And a second score, for those who want one place
# and not a ranking: the **pointing game**, the share of windows whose *largest* entry is relevant.
#
# **Before you run:** draw the bars. Will the two scores agree on the order?

# %% tags=["nbval-ignore-output"]
METHODS = {"|x|": lambda f, x: x, "gradient": attribution.gradient}
METHODS["SmoothGrad"] = lambda f, x: attribution.smoothgrad(f, x, generator=generator(0))
METHODS["gradient × input"] = attribution.gradient_x_input
METHODS["integrated gr."] = lambda f, x: attribution.integrated_gradients(f, x, points=60).attribution
METHODS["occlusion, 4 steps"] = lambda f, x: attribution.occlusion(f, x, window=(4, 1))
maps = {name: method(model, x).abs() for name, method in METHODS.items()}
found = {name: attribution.auprc(map, mask).value.mean() for name, map in maps.items()}
hits = {name: attribution.pointing_game(map, mask).value.mean() for name, map in maps.items()}
fig, axes = plot.panels(1, 2, size=(6, 4), sharey=True)
plot.bars(found, levels={"chance": chance}, y="score, 1 is perfect", title="AUPRC: the whole ranking", ax=axes[0])
plot.bars(hits, levels={"chance": 8 / 160}, y="score", title="Pointing game: the first place alone", ax=axes[1])
fig

# %%
own = {width: occlusion(model, x, width).abs() for width in (1, 4)}
single, four = (attribution.auprc(map, mask).value.mean() for map in own.values())
cheap, good = found["gradient × input"], found["integrated gr."]
claim("your occlusion is the library's", (own[4] - maps["occlusion, 4 steps"]).abs().max(), close_to=0, tolerance=1e-3)
claim("AUPRC: |x| is above chance, by less than 0.15", found["|x|"] - chance, between=(0.02, 0.15))
claim("pointing game: |x| is not above chance", hits["|x|"], at_most=8 / 160)
claim("SmoothGrad is less than 0.2 above chance", found["SmoothGrad"] - chance, at_most=0.2)
claim("integrated gradients are at least 0.15 ahead of gradient × input", good - cheap, at_least=0.15)
ahead = min(hits["integrated gr."], hits["occlusion, 4 steps"]) - hits["gradient × input"]
claim("pointing game: the last two are at least 0.1 ahead of gradient × input", ahead, at_least=0.1)
claim("your occlusion in pieces of four is ahead of integrated gradients", four - good, at_least=0.05)
claim("and at least 0.15 ahead of occlusion step by step", four - single, at_least=0.15)
warnings.filterwarnings("ignore", "integrated gradients do not close")  # expected below: bad baselines, odd networks
far = attribution.auprc(attribution.integrated_gradients(model, x, baseline=2.0).attribution.abs(), mask).value.mean()
claim("integrated gradients from a bad baseline (2 everywhere) score lower by at least 0.1", good - far, at_least=0.1)

# %% [markdown]
# Both scores put the same two methods ahead. But |x|, a little above chance in the ranking, is not so in the pointing game: its *largest* entry mostly lies
# in the loud channel. And SmoothGrad averages slopes near x: it asks the gradient's question again.
#
# Why do pieces of four win? They know something: that evidence here comes several steps at a time, in one channel. One hidden step of
# eight hardly hurts the network; four do. That knowledge came from us. On data whose evidence is single steps it would blur the map.
#
# ## Does the map notice the network?
#
# Adebayo and colleagues (2018) asked for less than a truth: an explanation of a network must *change* when the network does. So destroy the
# network, part by part, beginning at the output: give the read-out fresh weights, as before any training (so the forget bias is 3 again); then the recurrent weights too; then the input weights and
# the biases. At the end it knows nothing. After each stage make all maps again.
#
# Left: the rank correlation (Spearman) between the new map's sizes and the trained network's; 1 means that the map has not
# noticed. Right: its score. All are means over three random networks.
#
# **Before you run:** which line will not move at all?

# %% tags=["nbval-ignore-output"]
STAGES = {"trained": "none", "read-out": "read", "recurrent": "lstm.weight_hh", "all": "lstm"}  # names of parameters
few, truth, seen = x[:40], mask[:40], torch.zeros(2, 3, len(METHODS), len(STAGES))
before = [method(model, few).abs() for method in METHODS.values()]
for n, fresh in enumerate([Detector() for _ in range(3)]):
    for stage in range(len(STAGES)):
        broken = randomised(model, fresh, tuple(STAGES.values())[: stage + 1])
        for number, (method, old) in enumerate(zip(METHODS.values(), before)):
            new = method(broken, few).abs()
            pair = attribution.rank_correlation(new, old), attribution.auprc(new, truth).value
            seen[:, n, number, stage] = torch.stack(pair).mean(1)
alike, score = (dict(zip(METHODS, one)) for one in seen.mean(1))
(fig, axes), options = plot.panels(1, 2, size=(6, 4.2)), {"xs": list(STAGES), "x": "random down to …", "dots": True}
plot.series(alike, y="rank correlation with before", title="|x| does not notice", ax=axes[0], **options)
plot.series(score, y="AUPRC", levels={"chance": chance}, title="Occlusion keeps some score", ax=axes[1], **options)
fig

# %%
claim("|x| passes for unchanged to the end", alike["|x|"][-1], close_to=1, tolerance=1e-6)
for name in list(METHODS)[1:]:
    claim(f"{name}: with all weights random, the rank correlation is below 0.5", alike[name][-1], at_most=0.5)
for name in list(METHODS)[3:]:
    lead = score[name] - chance
    claim(f"{name}: at least a third of its lead over chance is gone", lead[-1] / lead[0], at_most=2 / 3)
claim("occlusion keeps at least 0.05 of it", score["occlusion, 4 steps"][-1] - chance, at_least=0.05)
drop = min(alike[name][1] - alike[name][-1] for name in list(METHODS)[1:])
claim("all but |x|: the random read-out alone leaves at least 0.25 more of it", drop, at_least=0.25)

# %% [markdown]
# |x| is like the old map to the end: it explains the window, not the network. The rest fall, though not at once: after a random read-out alone
# they still have likeness to lose. And occlusion keeps some of its score on a network that knows nothing: open gates add up whatever comes in, so hiding a bump moves even
# this sum. A score above chance is no proof that the network *learnt* anything. This test can only reject: passing it does not make a map right.
#
# ## Early evidence
#
# [lesson 04](04_bptt.ipynb): gradients vanish over many steps. A map made of gradients must then be blind for early evidence, even where the *network* uses
# it. Measure it: bumps that begin at step 0, 8, 16, 24 or 32; two networks without the loud channel, one with the forget bias 3, one with torch's own
# (about 0); and as the measure the share of |gradient| that lies in the frame.
#
# One remedy is in the network: the forget bias. Another tries to repair the map: **temporal saliency rescaling** (Ismail et al., 2020). Hide step t, all
# channels, and see how much the *whole* map R changes; hide entry (t, d) alone and see again; multiply:
#
# $$\text{TSR}_{td} = \Big[\sum |R(x) - R(x_{\text{without step } t})|\Big] \cdot \Big[\sum |R(x) - R(x_{\text{without entry } (t, d)})|\Big]$$
#
# (Now and then a network opens its gates by itself. So we train five with torch's own bias, and take the middle one.)
#
# **Before you run:** both networks are right on early bumps nearly always. Draw the two lines of the left panel. In the plain
# network, which map finds early bumps: gradient, TSR, occlusion?


# %% tags=["nbval-ignore-output"]
def saliency(f, x):
    x = x.detach().requires_grad_()
    return torch.autograd.grad(f(x).sum(), x)[0].abs()


def rescaled(f, x):
    """Temporal saliency rescaling of |∂f/∂x|; all hidden copies of x make one large batch. x: (N, T, D) → (N, T, D)."""
    N, T, D = x.shape

    def change(hidden):  # hidden (M, T, D): what each of M copies hides. How much the map changes: (N, M)
        copies = (x * ~hidden[:, None]).flatten(0, 1)
        return (saliency(f, copies).unflatten(0, (-1, N)) - saliency(f, x)).abs().sum((2, 3)).T

    steps = torch.eye(T).bool()[:, :, None].expand(T, T, D)
    entries = torch.eye(T * D).bool().view(T * D, T, D)
    return change(steps)[:, :, None] * change(entries).view(N, T, D)


networks = [Detector(forget, D=3) for forget in (3.0, None, None, None, None, None)]
for network in networks:
    train(network, loss, lambda: hidden_signal(64)[:2])

# %% tags=["nbval-ignore-output"]
early, verdicts, frame = hidden_signal(100, start=0)
networks[1:] = sorted(networks[1:], key=lambda f: inside(saliency(f, early), frame))[2:3]  # the middle one of five
places, share, scores = [0, 8, 16, 24, 32], torch.zeros(2, 5), torch.zeros(3, 5)
for k, start in enumerate(places):
    bumps, _, frame = hidden_signal(100, start=start)
    share[:, k] = torch.stack([inside(saliency(f, bumps), frame) for f in networks])
    for n, method in enumerate((saliency, rescaled, METHODS["occlusion, 4 steps"])):
        scores[n, k] = attribution.auprc(method(networks[1], bumps[:20]).abs(), frame[:20]).value.mean()
options, luck = dict(xs=places, x="bump from step", dots=True), (8 / 120, attribution.auprc(bumps, frame).chance.mean())
fig, axes = plot.panels(1, 2, size=(6, 4))
lines = dict(zip(("forget bias 3", "forget bias about 0"), share)), dict(zip(("gradient", "TSR", "occlusion"), scores))
labels = {"y": "share of |∂f/∂x| in the frame", "log": True, "title": "Early evidence leaves little gradient"}
plot.series(lines[0], levels={"chance": luck[0]}, ax=axes[0], **labels, **options)
plot.series(lines[1], levels={"chance": luck[1]}, y="AUPRC", title="Bias about 0: three maps", ax=axes[1], **options)
fig

# %%
right = [((f(early) > 0) == (verdicts > 0.5)).float().mean() for f in networks]
claim("early bumps: both networks are right on at least 90 %", min(right), at_least=0.9)
remedy, before = share
claim("bias 0: early bumps hold less of the gradient than chance would", before[0], at_most=8 / 120)
claim("and late ones at least five times as much as early ones", before[-1] / before[0], at_least=5)
claim("bias 3: early bumps hold at least twice the share", remedy[0] / before[0], at_least=2)
gap = attribution.integrated_gradients(networks[1], early).gap.abs().max()
claim("integrated gradients, bias 0: in some window the sum is wrong by more than 1", gap, at_least=1)
lifted = attribution.auprc(rescaled(model, few), truth).value - attribution.auprc(gradient[:40].abs(), truth).value
ahead = scores[2, 0] - scores[0, 0]
claim("bias 0, early bumps: occlusion scores above the gradient", ahead, at_least=0.01)
claim("but at least 0.1 below its own score on late bumps", scores[2, -1] - scores[2, 0], at_least=0.1)
claim("TSR lifts the gradient's score on our first detector by at least 0.15", lifted.mean(), at_least=0.15)

# %% [markdown]
# The plain network *is* right on early bumps, so it uses them; its gradient says the opposite. Whoever reads saliency as importance
# concludes here, from a correct computation, something false. Open forget gates repair the *fading* at its source: their line is level (near chance: its other fault stays). Rescaling helps where a gradient is weak; where there is
# none left, there is little to rescale. Occlusion takes no gradient, so it does better on early bumps; late ones it finds better still.
#
# And a trap for integrated gradients: in some windows the plain network's f has cliffs on the path. Fifty points step over them, and the sum
# does not close. (Our first detector, smoothed by weight decay, has few.)
#
# ## Words
#
# Now the film reviews of [lesson 10](10_sentiment.ipynb), whose deciding words are known. A word is no number, and there is no "a little more *good*". What has a
# gradient is its **embedding**, a vector of E numbers: a word's share is the *sum* of its vector's shares, with their signs.
# Padding does not count: `auprc(…, among=…)` says which entries do.
#
# The baseline is the zero vector. But does a reader *know* that vector? In [lesson 10](10_sentiment.ipynb) none was ever trained on it: padding is never read. So train two: one as
# in [lesson 10](10_sentiment.ipynb), and one for which in training one word in five, at random, is hidden (its vector set to zero). For the second, zero means "unreadable".
#
# Red speaks for "positive", blue for "negative". **Before you run:** both readers will be right nearly always. Which word of "the film was good" carries the verdict in
# each? And which colour has *bad* in "not bad"?


# %%
class Reader(models.ManyToOne):
    """Vectors (N, T, E) and lengths (N,) → scores (N, 1). hide: the share of words hidden in training."""

    def __init__(self, hide, E=16, H=32):
        super().__init__(E, H, 1)
        self.hide, self.embedding = hide, nn.Embedding(len(film.VOCABULARY), E, padding_idx=0)


def reading_loss(reader, tokens, lengths, labels):
    tokens = tokens * (torch.rand(tokens.shape) >= reader.hide)  # token 0 has the zero vector
    return nn.functional.binary_cross_entropy_with_logits(reader(reader.embedding(tokens), lengths)[:, 0], labels)


def drawn():
    rows = torch.randint(len(written.labels), (64,))
    return written.tokens[rows], written.lengths[rows], written.labels[rows]


def shares(reader, batch, method):
    """Each word's share in the scores of a batch of reviews, (N, T), signed."""
    vectors = reader.embedding(batch.tokens).detach()
    map = method(lambda vectors: reader(vectors, batch.lengths), vectors)
    return map[:, :, 0] if method is hiding else map.sum(2)


def path(f, vectors):
    return attribution.integrated_gradients(f, vectors).attribution


def hiding(f, vectors):  # word by word: all numbers of its vector at once, so each carries the same drop
    return attribution.occlusion(f, vectors)


def texts(*lines):
    """A batch of texts without labels."""
    return film.batch([film.Review(tuple(line.split()), 0, "", (False,) * len(line.split())) for line in lines])


told, films = film.batch(film.reviews(200)), texts(*[f"the film was {word}" for word in film.POSITIVE + film.NEGATIVE])

# %% tags=["nbval-ignore-output"]
written, readers = film.batch(film.reviews(2000)), {"as in lesson 10": Reader(0.0), "with words hidden": Reader(0.2)}
LINES = ["the film was good", "the film was not bad", "it did not rain . the film was good"]
LINES += ["the film was not bad , it was good", "they said the film was bad , but it was good"]
lines = texts(*LINES)
fig, axes = plot.panels(2, 1, size=(12, 3.2))
for ax, (name, reader) in zip(axes, readers.items()):
    train(reader, reading_loss, drawn, decay=0.1, steps=600)
    colours = shares(reader, lines, path).masked_fill(lines.tokens == 0, float("nan"))
    plot.heatmap(colours, title=f"Trained {name}", scale="share in f", ax=ax)
    for row, column in (lines.tokens > 0).nonzero().tolist():
        dark = colours[row, column].abs() > 0.6 * colours.nan_to_num().abs().max()
        options = {"ha": "center", "va": "center", "fontsize": 12, "color": "white" if dark else "black"}
        ax.text(column, row, LINES[row].split()[column], **options)
    ax.set(xticks=[], yticks=[])
fig

# %%
right, lead, cost = [], [], []
for reader in readers.values():
    f = [reader(reader.embedding(batch.tokens), batch.lengths)[:, 0] for batch in (told, films)]
    right.append(((f[0] > 0) == (told.labels > 0.5)).float().mean())
    cost.append((shares(reader, films, hiding)[:, 2] * f[1].sign()).mean() / f[1].abs().mean())
    map = shares(reader, told, path)
    lead.append(torch.sub(*attribution.auprc(map.abs(), told.relevant, among=told.tokens > 0)).mean())  # value − chance
claim("both are right on at least 95 % of new reviews", min(right), at_least=0.95)
claim("lesson 10: hiding “was” costs at least a fifth of the score", cost[0], at_least=0.2)
claim("words hidden: it costs a smaller share", cost[0] - cost[1], at_least=0.05)
claim("words hidden: integrated gradients are at least 0.4 above chance", lead[1], at_least=0.4)
claim("that is at least 0.2 more than for the other reader", lead[1] - lead[0], at_least=0.2)
agree = (((map * told.relevant).sum(1) > 0) == (told.labels > 0.5)).float().mean()
claim("words hidden: the deciding words' sum has the verdict's sign in 95 % of the reviews", agree, at_least=0.95)
claim("words hidden: “bad” in “not bad” speaks for positive", shares(reader, lines, path)[1, 4], at_least=0)

# %% [markdown]
# Both readers are right. Yet in the upper picture words that decide nothing have shares too (look for *was*); in the lower one the deciding words
# stand out more. The network changed, not the method.
#
# What does the upper map tell? Hiding *was* costs that reader a good part of its score, so the share is not made up. Perhaps it uses *was* to know where an opinion
# begins; or a vector that it has never met confuses it. With this baseline nobody can tell the two apart. A map can be true to a network and not please
# us: **faithful** and **plausible** are two things, and our scores measure the second one, against *our* truth. (A difference need not be a fault: for "not
# bad" we mark two words; the reader paints *bad* red, since after *not* that word speaks for the film.)
#
# The practical rule: choose a baseline that the network knows, or teach it one.

# %% [markdown]
# ## What you can now do
#
# - **Five ways**: the gradient says what a small change would do; gradient × input is exact if f is linear; integrated gradients add up to the
#   difference from a baseline; SmoothGrad averages; occlusion hides and looks. None is *the* explanation; each answers its question.
# - **A score with controls**: known relevance, chance, and |x|.
# - **Tests before trust**: does the sum close? Does the map change with the network? Does early evidence show? Does the network know the baseline?
#
# Where it fails: a score against planted truth is to be had where truth was planted. And a map over inputs does not say *how* the network
# decides.
#
# <details><summary>Test yourself: a map scores well, and its rank correlation with an untrained network's map is near 1. What have you
# got?</summary>
#
# A map of the input and the architecture, not of what was learnt.
# </details>
# <details><summary>Test yourself: the saliency of the first steps is zero. Does the network ignore them?</summary>
#
# Not shown: hide them, and see whether the score moves.
# </details>
#
# *Further reading.* K. Simonyan, A. Vedaldi, A. Zisserman, "Deep inside convolutional networks" (2014). A. Shrikumar, P. Greenside, A. Kundaje,
# "Learning important features through propagating activation differences" (2017) — DeepLift. M. Sundararajan, A. Taly, Q. Yan, "Axiomatic attribution for deep
# networks" (2017). M. Zeiler, R. Fergus, "Visualizing and understanding convolutional networks" (2014) —
# occlusion. J. Adebayo et al., "Sanity checks for saliency maps" (2018). D. Smilkov et al., "SmoothGrad: removing noise by adding noise" (2017). A. A. Ismail et al., "Benchmarking deep learning interpretability in
# time series predictions" (2020).
