# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 13 · Chaos, and restless markets
#
# **What can it predict, then?**
#
# After this lesson you will be able to
# - say how far ahead a chaotic series can be forecast, and what a better model buys,
# - compare forecasters fairly: each with a window and a learning rate of its own, chosen on validation data,
# - forecast many steps ahead, directly or fed back, and find the part of a market that can be forecast.
#
# Needs: [lesson 12](12_forecasting.ipynb): windows, persistence, a test part that stays shut. About 90 minutes. Mapping: many-to-one; one-to-many, by feeding outputs back.

# %%
import torch
from torch import nn
from lstmkit import claim, device, exercise, fit, generator, outcome, plot, predict, seed
from lstmkit.data.lorenz import lorenz
from lstmkit.data.rates import rates

# %% [markdown]
# ## A series without chance
#
# In [lesson 12](12_forecasting.ipynb) an LSTM found nothing in the daily changes of the dollar. Was it the LSTM, or the dollar? Give it a series in which the future *is* in
# the past. The meteorologist Edward Lorenz wrote down three equations of motion for a point $(x, y, z)$. There is no chance in them: from the same start they run the same way, always.

# %% tags=["nbval-ignore-output"]
points, times = lorenz(3000, every=2, generator=generator(0))
fig, axes = plot.panels(1, 2, size=(6, 3.6))
plot.series({"": points[:, 2]}, xs=points[:, 0], x="x", y="z", title="The orbit, seen from the side", ax=axes[0])
plot.series(
    {"": points[:1250, 0]}, xs=times[:1250], x="time (Lorenz's units)", y="x", title="Its x in time", ax=axes[1]
)
fig

# %% [markdown]
# It circles about one wing for a while, then about the other, and never repeats itself. Now a second orbit, whose start differs by a
# *millionth* in x; the numbers themselves run from about −20 to 20.
#
# **Before you run:** after how many time units are the two one whole unit apart? One turn about a wing takes somewhat less than one time unit.

# %% tags=["predict"]
predict("13.a", ...)  # a number of time units


# %% tags=["nbval-ignore-output"]
def two_orbits(start, hair, T=700):
    """x of an orbit and of one that starts `hair` beside it, and how far the two points are apart: (T,) each."""
    x, y, z = start
    one = lorenz(T, start=(x, y, z), dtype=torch.float64).values
    other = lorenz(T, start=(x + hair, y, z), dtype=torch.float64).values
    return one[:, 0], other[:, 0], (one - other).norm(dim=1)


start = points[-1].tolist()
one, other, apart = two_orbits(start, 1e-6)
lines = {"an orbit": one[:500], "a millionth beside it": other[:500]}
fig, ax = plot.panels()
ax.set_ylim(-20, 30)
plot.series(lines, xs=torch.arange(500) * 0.05, x="time", y="x", title="Two orbits", ax=ax)

# %%
outcome("13.a", (apart > 1).nonzero()[0].item() * 0.05)

# %% [markdown]
# For a long time they are one line, then they have nothing to do with each other. That is **chaos**: small differences *grow*, on average by the factor
# $e$ in every $1.1$ time units.
#
# ### Exercise 13.1 · A thousand times more precise (5 min, ●●○)
#
# *Goal:* a prediction. We start a thousand times closer, a billionth apart in place of a millionth. How many time units *later* will the orbits be one unit apart? *Given:* the
# factor $e$ per $1.1$ time units. *Done when* your number is right to $0.1$.

# %% tags=["exercise"]
later = ...  # time units
### BEGIN SOLUTION
later = 7.6  # the difference must grow by another factor of 1000: 1.1 · ln 1000
### END SOLUTION

# %% tags=["check"]
later = exercise("13.1", later)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The smaller difference must first grow by a factor of 1000 to be where the larger one began. How many times the factor e is that?
# </details>
# <details><summary>Fuller hint</summary>
#
# $e^k = 1000$ for $k = \ln 1000$, about seven; each takes $1.1$ time units. `1.1 * math.log(1000)`.
# </details>

# %% tags=["nbval-ignore-output"]
curves = {f"{hair:g} at the start": two_orbits(start, hair)[2] for hair in (1e-3, 1e-6, 1e-9)}
labels = {"x": "time", "y": "distance", "levels": {"one unit": 1}}
plot.series(curves, xs=torch.arange(700) * 0.05, log=True, title="How far two orbits are apart", **labels)

# %% [markdown]
# On the logarithmic axis each rises on a slope, the same for all, and each thousandth buys the same few turns: the next line is a copy, shifted to the right. That is the law of all forecasts
# of such a system, of the weather too: **precision pays by its logarithm**.

# %% tags=["claim"]
starts = lorenz(10, every=500, generator=generator(1), dtype=torch.float64).values.tolist()
parted = {}
for hair in (1e-3, 1e-9):
    moments = [(two_orbits(place, hair)[2] > 1).nonzero()[0].item() * 0.05 for place in starts]
    parted[hair] = sum(moments) / len(moments)
claim(
    "on ten orbits a factor of a thousand buys what you said, to one time unit",
    (parted[1e-9] - parted[1e-3]) / 2,
    close_to=later,
    tolerance=1,
)

# %% [markdown]
# ## A fair race
#
# Now forecast. Only $x$ is seen, every $0.05$ time units; $y$ and $z$ are hidden, but the recent past of $x$ betrays them. Read a window, name the value five steps
# after it. Of an orbit there is as much as we want: one to train, another to validate, and the test will be a third, from a start of its own.


# %%
def windows(series, length, ahead):
    """All windows of a series, (N, length), and the value `ahead` steps after each, (N,)."""
    N = len(series) - length - ahead + 1
    return series.unfold(0, length, 1)[:N], series[length + ahead - 1 :]


def orbit(T, n):
    """T values of x, scaled, on an orbit of its own for each n. Returns (T,)."""
    values = lorenz(T, generator=generator(n)).values[:, 0]
    return ((values - points[:, 0].mean()) / points[:, 0].std()).to(device())


orbits = {"training": orbit(4000, 2), "validation": orbit(2000, 3)}


def task(length, ahead=5):
    return {part: windows(series, length, ahead) for part, series in orbits.items()}


# %% [markdown]
# The two networks and their training are those of [lesson 12](12_forecasting.ipynb), but that the LSTM can give K values and the learning rate falls. Open the folded cells to see them.


# %% tags=["folded"]
class Forecaster(nn.Module):
    """An LSTM that reads a window and forecasts K values. x: (N, L). Returns (N, K), or (N,) for K = 1."""

    def __init__(self, hidden=32, K=1):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.readout = nn.Linear(hidden, K)

    def forward(self, x):
        h, _ = self.lstm(x[:, :, None])
        return self.readout(h[:, -1]).squeeze(1)


def fully_connected(length, hidden=46):
    """Two hidden layers on the whole window. x: (N, length). Returns (N,)."""
    layers = [nn.Linear(length, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, 1)]
    return nn.Sequential(*layers, nn.Flatten(0))


# %% tags=["folded"]
def mse(model, x, y):
    return (model(x) - y).square().mean()


def train(model, data, steps, lr, title):
    """Adam, the rate falling towards zero, the weights that validate best. Returns their error / variance."""
    x, y = data["training"]

    def draw():
        rows = torch.randint(len(x), (64,))
        return x[rows], y[rows]

    def falling(optimizer):
        return torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1, end_factor=0.02, total_iters=steps)

    def look(model):
        return mse(model, *data["validation"])

    adam = torch.optim.Adam(model.to(x.device).parameters(), lr=lr, fused=True)  # fused: the same, in one go, so faster
    options = {"schedule": falling, "validate": look, "every": steps // 4, "clip": 1.0, "title": title}
    history = fit(model, mse, draw, steps=steps, optimizer=adam, **options)
    return history.best_value / data["validation"][1].var().item()


# %% [markdown]
# The rival is a fully connected network, and it shall be treated as well as the favourite. It has about as many weights (at 48 values; fewer at shorter windows). Its steps take about a third of
# the LSTM's time, so it gets three times as many. Both are tried on windows of 6, 12, 24 and 48 values. The rival tries two learning rates at
# each length and keeps the better one, by the *validation* orbit; the LSTM has one rate for all.
#
# **Before you run:** two curves, error against window length. Which way does each go, and do they cross?

# %% tags=["nbval-ignore-output"]
seed(0)
LENGTHS = [6, 12, 24, 48]
error = {"fully connected": {}, "LSTM": {}}
fc, lstm = {}, {}
for length in LENGTHS:
    for lr in (0.01, 0.03):
        model = fully_connected(length)
        trial = train(model, task(length), 3000, lr, title=f"fully connected, {length} values, rate {lr}")
        if trial < error["fully connected"].get(length, float("inf")):
            error["fully connected"][length], fc[length] = trial, model

# %% tags=["nbval-ignore-output"]
for length in LENGTHS:
    lstm[length] = Forecaster()
    error["LSTM"][length] = train(lstm[length], task(length), 1000, 0.03, title=f"LSTM, {length} values")
curves = {name: list(one.values()) for name, one in error.items()}
labels = {"x": "values in the window", "y": "squared error / variance"}
plot.series(curves, xs=LENGTHS, log=True, dots=True, title="Validation error against window length", **labels)

# %% [markdown]
# On six and twelve values neither is far ahead; which of the two is better there, and so whether the curves cross, depends on the orbit. Then they part: the fully connected network has a best length, and beyond it more values *harm*. It has a weight of its own for each
# place in the window and must find out from 4,000 values which to leave alone. The LSTM uses one set of weights at all places: too long a window costs it next to
# nothing. That is what recurrence buys here, more than a lower record: **nobody has to know how much of the past is needed.**

# %% tags=["claim"]
rival, own = error["fully connected"], error["LSTM"]
claim(
    "with 48 values the rival's error is more than three times that of its own best length",
    rival[48] / min(rival.values()),
    at_least=3.3,
)
claim("the LSTM's error at 48 is less than twice that of its best", own[48] / min(own.values()), at_most=1.8)
short = [max(own[length] / rival[length], rival[length] / own[length]) for length in (6, 12)]
claim("on six and twelve values neither's error is 2.5 times the other's", max(short), at_most=2.2)

# %% [markdown]
# The choices are made, so draw the test orbit and run the race: each network with its own best length, a linear regression on 24 values, and persistence.


# %% tags=["nbval-ignore-output"]
def with_one(x):  # a column of ones behind the numbers, for the intercept
    return nn.functional.pad(x, (0, 1), value=1.0).cpu().double()  # on the CPU: not every GPU has float64


def regression(x, y, x_new):
    """Forecasts for x_new (M, D) by a linear regression on x (N, D) and y (N,). Returns (M,)."""
    weights = torch.linalg.lstsq(with_one(x), y[:, None].cpu().double()).solution
    return (with_one(x_new) @ weights)[:, 0].float().to(x.device)


test = orbit(2000, 4)
best_fc, best_lstm = min(rival, key=rival.get), min(own, key=own.get)
x, y = windows(test, 24, 5)
weighted = regression(*task(24)["training"], x)
scores = {"persistence": (x[:, -1] - y).square().mean(), "linear regression": (weighted - y).square().mean()}
scores["fully connected, its best length"] = mse(fc[best_fc], *windows(test, best_fc, 5))
scores["LSTM, its best length"] = mse(lstm[best_lstm], *windows(test, best_lstm, 5))
scores = {name: (value / y.var()).item() for name, value in scores.items()}
plot.dots(scores, log=True, x="squared error / variance", title="Five steps ahead, on the test orbit")

# %% [markdown]
# So it was not the LSTM. What finds nothing in the dollar finds nearly everything here: what differs is whether there *is* something. Persistence is no help, and even
# the best weighted sum leaves nearly half: the rule is not linear. Between the two networks lies a factor that matters, though nothing like the one that an untuned rival would have suggested.

# %% tags=["claim"]
claim(
    "persistence and a weighted sum of 24 values leave at least four tenths of the variance",
    min(scores["persistence"], scores["linear regression"]),
    at_least=0.4,
)
ratio = scores["LSTM, its best length"] / scores["fully connected, its best length"]
claim("the LSTM's error is at most three quarters of its tuned rival's", ratio, at_most=0.75)

# %% [markdown]
# ## Further ahead
#
# There are two ways to forecast 160 steps, eight time units. **Direct**: one read-out with 160 numbers. **Fed back**: forecast one
# step, put the forecast into the window as if it had been measured, and go on.

# %% tags=["nbval-ignore-output"]
rows = {"direct": "xxxxxyyyy", "fed back, step 1": "xxxxxy...", "step 2": ".xxxxoy..", "step 3": "..xxxooy."}
names = {"x": "measured, read", "o": "forecast, read", "y": "forecast"}
plot.strips(rows, names, title="The two ways, with a window of five")

# %% [markdown]
# ### Exercise 13.2 · Feed back (10 min, ●●○)
#
# *Goal:* forecasts of `steps` steps by a model that knows one step. *Given:* a model that maps windows (N, L) to the next value (N,), and the
# windows. *Done when* the check says ✓. The windows that you were given must not change.


# %% tags=["exercise"]
def feed_back(model, x, steps):
    """Forecast step by step: each forecast enters the window, the oldest value leaves it.

    model: maps windows (N, L) to (N,). x: windows, oldest value first, (N, L). Returns the forecasts in order, (N, steps).
    """
    ### BEGIN SOLUTION
    forecasts = []
    for _ in range(steps):
        y = model(x)
        forecasts.append(y)
        x = torch.cat([x[:, 1:], y[:, None]], dim=1)
    return torch.stack(forecasts, dim=1)
    ### END SOLUTION


# %% tags=["check"]
feed_back = exercise("13.2", feed_back)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Look at the drawing, row by row: what leaves the window on the left, and what enters on the right? `torch.cat` joins along an axis that is there; give the
# forecast one with `y[:, None]`.
# </details>
# <details><summary>Fuller hint</summary>
#
# In each turn: `y = model(x)`, keep it in a list, then `x = torch.cat([x[:, 1:], y[:, None]], dim=1)`. At the end `torch.stack(forecasts, dim=1)`.
# </details>
#
# **Before you run:** which of the two ways is better at step 2, and which at step 160? Towards which value does each error go, far ahead? (Always giving the
# mean has the error 1.)

# %% tags=["nbval-ignore-output"]
seed(1)
L, K = 24, 160
one_step = Forecaster()
train(one_step, task(L, ahead=1), 1500, 0.03, title="one step")
many = {part: (series.unfold(0, L, 1)[:-K], series[L:].unfold(0, K, 1)) for part, series in orbits.items()}
direct = Forecaster(K=K)
trained = train(direct, many, 800, 0.03, title="all steps at once")

# %% tags=["nbval-ignore-output"]
series = orbit(4000, 5)
x, truth = series.unfold(0, L, 1)[:-K:10], series[L:].unfold(0, K, 1)[::10]
with torch.no_grad():
    forecasts = {"direct": direct(x), "LSTM, fed back": feed_back(one_step, x, K)}
far = {name: (forecast - truth).square().mean(0) / series.var() for name, forecast in forecasts.items()}
labels = {"x": "steps ahead (0.05 time units each)", "y": "squared error / variance", "levels": {"always the mean": 1}}
plot.series(far, range(1, K + 1), log=True, title="Error against how far ahead", **labels)

# %% [markdown]
# At two steps the fed-back forecast is better by orders of magnitude: it has one question to answer, the direct one 160. Somewhere they meet; at the far end the direct one wins, and the
# ends differ in kind. The direct forecast no longer knows and says so, by giving the mean: error 1. The fed-back one goes on to tell a *definite* story, an orbit as good as any, and as far from the true one as two strangers are: the variances of both add up, error 2.

# %% tags=["claim"]
fed = far["LSTM, fed back"]
claim(
    "two steps ahead the fed-back error is less than a hundredth of the direct one",
    fed[1] / far["direct"][1],
    at_most=0.01,
)
claim(
    "over the last ten steps the direct error is that of the mean, to a fifth",
    far["direct"][-10:].mean(),
    between=(0.85, 1.2),
)
claim("and the fed-back error is about twice that", fed[-10:].mean(), between=(1.7, 2.4))

# %% [markdown]
# ## The moment it leaves its orbit
#
# A mean over many windows hides what happens in each: for a while the forecast is right, then it takes another turn. *When?*
#
# ### Exercise 13.3 · When it leaves (8 min, ●●○)
#
# *Goal:* for each forecast the first step at which it is more than `limit` off. *Given:* forecasts and truth, both (N, K). *Done when* the check says ✓.
# Steps count from 1. Coming back later does not count.


# %% tags=["exercise"]
def leaves(forecast, truth, limit):
    """First step at which |forecast − truth| > limit.

    forecast, truth: (N, K). Returns whole numbers, (N,): 1 is the first step; K + 1 where it never happens.
    """
    ### BEGIN SOLUTION
    off = (forecast - truth).abs() > limit
    first = off.int().argmax(dim=1) + 1
    return torch.where(off.any(dim=1), first, off.shape[1] + 1)
    ### END SOLUTION


# %% tags=["check"]
leaves = exercise("13.3", leaves)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `off = (forecast - truth).abs() > limit` is a table of True and False. `off.int().argmax(dim=1)` finds the first 1 of each row, counted from 0. What does it say for a row without any?
# </details>
# <details><summary>Fuller hint</summary>
#
# Add 1 to count from 1. For a row without any 1 argmax says 0, so mend it: `torch.where(off.any(dim=1), first, off.shape[1] + 1)`.
# </details>

# %% tags=["nbval-ignore-output"]
FAR = 240
x, truth = series.unfold(0, L, 1)[:-FAR:20], series[L:].unfold(0, FAR, 1)[::20]
with torch.no_grad():
    careful = feed_back(one_step, x, FAR)
moment = leaves(careful, truth, limit=0.5)
lines = {"truth": truth[0], "LSTM, fed back": careful[0]}
labels = {"x": "steps ahead", "y": "x (scaled)", "marks": [moment[0]]}
fig, ax = plot.panels()
ax.set_ylim(-3, 4.5)
plot.series(lines, range(1, FAR + 1), title="One forecast; dotted: the moment it leaves its orbit", ax=ax, **labels)

# %% [markdown]
# After the dotted line the forecast is wrong and does not look it: it goes on circling like Lorenz's point. Wrong weather, right climate.
#
# What would a better model buy? Exercise 13.1 has a rule for it: if a model's one-step error is smaller by a factor of $q$, its forecasts should last $1.1 \ln q$ time units longer. Train a sloppy
# LSTM for 200 steps and see.

# %% tags=["nbval-ignore-output"]
hasty = Forecaster()
train(hasty, task(L, ahead=1), 200, 0.03, title="one step, sloppy")
with torch.no_grad():
    sloppy = feed_back(hasty, x, FAR)
step = windows(series, L, 1)
q = (mse(hasty, *step) / mse(one_step, *step)).sqrt().item()
lasting = {"sloppy": leaves(sloppy, truth, 0.5) * 0.05, "careful": moment * 0.05}

# %% tags=["nbval-ignore-output"]
fig, ax = plot.panels()
ax.hist(
    [lasting["sloppy"].cpu(), lasting["careful"].cpu()],
    bins=16,
    label=["sloppy", "careful"],
    color=["#56B4E9", "#D55E00"],
)
ax.legend()
plot.series({}, x="time units until it leaves", y="forecasts", title="How long forecasts last", ax=ax)

# %% tags=["claim"]
gained = (lasting["careful"].float().mean() - lasting["sloppy"].float().mean()).item()
rule = 1.1 * torch.tensor(q).log().item()
claim(
    "the careful model's forecasts last longer, by something between half and one and a quarter of the rule's promise",
    gained / rule,
    between=(0.5, 1.25),
)
claim(
    "long after they left, they scatter as Lorenz's orbit does, to 5 %",
    careful[:, FAR // 2 :].std() / truth.std(),
    between=(0.95, 1.05),
)

# %% [markdown]
# The rule gives the size of the gain and not its digits. It is made for one small error at the start; a fed-back network errs anew at every step and reads its own errors in a window of 24. But
# it is right in what matters: an error many times smaller does not make a forecast last many times as long, it *adds* a few turns.
#
# ## Back to the money: how much, not which way
#
# Tomorrow's direction was a coin toss. Perhaps we asked the wrong question. Here are fourteen currencies against the euro: not which way each moved, but *how much*, month by month. As before, the last fifth of the years is not
# shown.

# %% tags=["nbval-ignore-output"]
codes = "USD JPY GBP CHF NOK SEK PLN HUF CZK AUD CAD NZD ZAR KRW".split()
moves = rates(codes).values.to(device()).log().diff(dim=0)
moves = moves / moves[: round(0.6 * len(moves))].std(dim=0)
seen = moves[: round(0.8 * len(moves))]
months = seen.abs().unfold(0, 21, 21).mean(2).T
labels = {"x": "month of 21 days, from January 1999", "scale": "mean |return| (scaled)"}
plot.heatmap(months, signed=False, yticks=codes, limit=3, title="How restless each currency was", **labels)

# %% [markdown]
# Calm months stand beside calm ones, restless beside restless, often in many currencies at once (the dark band near month 120 is the autumn of 2008). Put a number on it: the **autocorrelation**, the correlation of a series with itself `lag` days later,
#
# $$\rho_k = \frac{\sum_{t=1}^{T-k} (s_t - \bar s)(s_{t+k} - \bar s)}{\sum_{t=1}^{T} (s_t - \bar s)^2}$$
#
# | symbol | variable | shape |
# |---|---|---|
# | $s_t$, one column for each currency | `series[t]` | (T, C) in all |
# | $k$ | `lag` | whole number ≥ 1 |
# | $\rho_k$ | `autocorrelation(series, lag)` | (C,) |
#
# ### Exercise 13.4 · Autocorrelation (10 min, ●●○)
#
# *Goal:* $\rho_k$ of every column. *Given:* the formula. *Done when* the check says ✓.


# %% tags=["exercise"]
def autocorrelation(series, lag):
    """Correlation of each column with itself `lag` rows later, by the formula above.

    series: (T, C). lag: whole number, 1 ≤ lag < T. Returns (C,).
    """
    ### BEGIN SOLUTION
    centred = series - series.mean(dim=0)
    return (centred[:-lag] * centred[lag:]).sum(dim=0) / centred.square().sum(dim=0)
    ### END SOLUTION


# %% tags=["check"]
autocorrelation = exercise("13.4", autocorrelation)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Take the mean of each column away first. The early partner of each product runs over `[:-lag]`, the late one over `[lag:]`.
# </details>
# <details><summary>Fuller hint</summary>
#
# `centred = series - series.mean(dim=0)`. Above: the sum over days of `centred[:-lag] * centred[lag:]`. Below: that of `centred.square()`.
# </details>
#
# Three series, their autocorrelations averaged over the currencies, for lags up to sixty days (three months): the returns; their sizes; the same sizes with the days *shuffled*.
#
# **Before you run:** sketch the three curves.

# %% tags=["nbval-ignore-output"]
shuffled = seen[torch.randperm(len(seen))]
kinds = {"returns": seen, "sizes |r|": seen.abs(), "sizes, days shuffled": shuffled.abs()}
lags = range(1, 61)
curves = {}
for name, kind in kinds.items():
    curves[name] = [autocorrelation(kind, lag).mean().item() for lag in lags]
plot.series(curves, lags, x="lag (days)", y="autocorrelation", title="Mean over fourteen currencies")

# %% [markdown]
# Returns: nothing, at any lag. Shuffled sizes: nothing. The sizes in their true order: a memory of months, which fades slowly. Storms come in clusters.

# %% tags=["claim"]
largest = max(abs(value) for value in curves["returns"] + curves["sizes, days shuffled"])
claim(
    "sizes sixty days apart are correlated at least twice as strongly as the other two are at any lag",
    curves["sizes |r|"][-1] / largest,
    at_least=2,
)

# %% [markdown]
# So forecast the size. Write $v_t$ for the logarithm of the mean squared return of five days, the week's **volatility**. From the logarithms of forty days' squared returns the LSTM forecasts the next week's; one
# model for all currencies. Two rivals: a linear regression on the same forty numbers, and a linear regression on *four*: the volatility of the last day, week, month and two months. That is how practitioners do it.


# %%
def volatility(k):
    """Logarithm of the mean squared return of k days, (T − k + 1, C); row i ends with day i + k − 1 (from 0)."""
    return (moves.square().unfold(0, k, 1).mean(2) + 0.01).log()  # 0.01: on some days a rate does not move


N = len(moves) - 44  # 40 days to read, then the 5 days of the target, less one
days = volatility(1).unfold(0, 40, 1)[:N]
target = volatility(5)[40:]
averages = torch.stack([volatility(k)[40 - k : 40 - k + N] for k in (1, 5, 22, 40)], dim=2)
first, second = round(0.6 * N), round(0.8 * N)
spans = {"training": slice(0, first - 5), "validation": slice(first, second - 5), "test": slice(second, N)}
storms = {part: (days[span].flatten(0, 1), target[span].flatten()) for part, span in spans.items()}

# %% [markdown]
# (Five days are left out before each cut: their targets reach into the next part.)
#
# **Before you run:** by how many per cent will the LSTM's squared error lie below that of the regression on four numbers?

# %% tags=["predict"]
predict("13.b", ...)  # per cent; 0 if they are equal, negative if the regression is better

# %% tags=["nbval-ignore-output"]
seed(2)
network = Forecaster(hidden=16)
train(network, storms, 1000, 0.01, title="LSTM on volatility")
x_train, y_train = storms["training"]
x, y = storms["test"]
four = {part: averages[span].flatten(0, 1) for part, span in spans.items()}
answers = {"regression on 40 days": regression(x_train, y_train, x)}
answers["regression on 4 averages"] = regression(four["training"], y_train, four["test"])
with torch.no_grad():
    answers["LSTM on 40 days"] = network(x)
squares = {name: (answer - y).square().view(-1, len(codes)).mean(1) for name, answer in answers.items()}


# %% tags=["nbval-ignore-output"]
def lead(name):
    """How far the LSTM's squared error lies below another's, in per cent, and its standard error (from blocks of 60 days)."""
    difference = 100 * (squares[name] - squares["LSTM on 40 days"]) / squares[name].mean()
    blocks = difference[: len(difference) // 60 * 60].view(-1, 60).mean(1)
    return difference.mean().item(), (blocks.std() / len(blocks) ** 0.5).item()


leads, spread = {}, {}
for name in ("regression on 40 days", "regression on 4 averages"):
    leads[f"over the {name}"], spread[f"over the {name}"] = lead(name)
plot.dots(
    leads,
    spread=spread,
    levels=[0],
    x="per cent of squared error ± standard error",
    title="The LSTM's lead, test years",
)

# %% tags=["claim"]
days_lead, days_error = lead("regression on 40 days")
four_lead, four_error = lead("regression on 4 averages")
usual = (y_train.mean() - y).square().mean()
outcome("13.b", round(four_lead, 1))
claim(
    "about a third of the error of “as usual” is gone",
    1 - squares["LSTM on 40 days"].mean() / usual,
    between=(0.3, 0.42),
)
claim(
    "the LSTM beats the regression on the same 40 days, by more than two standard errors",
    days_lead / days_error,
    at_least=2,
)
claim("the regression on four averages comes as close as 2 %", four_lead, between=(-2, 2))

# %% [markdown]
# Here *is* something, and all three find it. The LSTM beats the regression that reads the same forty days: it has learnt what to average. Whoever knows beforehand *which* four averages matter needs five
# numbers and no network. Where you know what to look for, look for it. Where you do not, let a network look, and then ask what it found.

# %% [markdown]
# ## What you can now do
#
# - **How far ahead?** In chaos errors grow exponentially, so precision pays by its logarithm; a better model lasts longer by about $1.1 \ln q$.
# - **A fair race** gives every rival its own window, rate and time, chosen on validation data. Recurrence won, and what it bought was robustness against a window too long.
# - **Far ahead**: feeding back is best near, direct is best far, for it gives the mean when it does not know. Of a market, the size of the changes can be forecast, and a linear model
#   on the right averages gets all that we got.
#
# People use this for loads, river levels and the weather, and volatility forecasts set the reserves of banks. Where it fails: none of these forecasts carries its own uncertainty; a model that gives every possible value a probability would,
# as [lesson 14](14_language_model.ipynb) does with characters.

# %% [markdown]
# <details><summary>Test yourself: a weather model is good for seven days. What must happen for fourteen?</summary>
#
# If errors grow by $e$ in $\tau$ days, its error must shrink by $e^{7/\tau}$. Every further day costs the same *factor*, so each is dearer than the last.
# </details>
# <details><summary>Test yourself: a fed-back forecast has twice the variance as its error, a direct one once. Which would you rather have?</summary>
#
# For the next hour's value the direct one: the mean is the better bet. To know what *kinds* of weather may come, the fed-back one, several times from slightly different starts: an ensemble.
# </details>
# <details><summary>Try it: give both networks an orbit of 16,000 values. Which of the two gains more?</summary>
#
# Set `orbits["training"] = orbit(16000, 2)` and run the race again. Think first: which of them had trouble finding out what to ignore?
# </details>
#
# *Further reading.* E. N. Lorenz, “Deterministic nonperiodic flow”, *Journal of the Atmospheric Sciences* 20 (1963). F. Takens, “Detecting strange attractors in turbulence”, *Lecture Notes in Mathematics* 898 (1981): why the past of
# $x$ betrays $y$ and $z$. R. F. Engle, “Autoregressive conditional heteroscedasticity …”, *Econometrica* 50 (1982). F. Corsi, “A simple approximate long-memory model of realized volatility”, *Journal of Financial Econometrics* 7 (2009): the few averages.
