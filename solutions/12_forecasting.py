# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 12 · Forecasting
#
# **Can an LSTM predict exchange rates?**
#
# After this lesson you will be able to
# - cut a series into windows, split it by time, and find the leaks through which the future gets in,
# - tell a good forecast from one that only looks good, by comparing it with *persistence*,
# - give a hit rate its standard error, and keep a test part shut until the end.
#
# Needs: the LSTM ([lesson 06](06_lstm.ipynb)) and early stopping ([lesson 10](10_sentiment.ipynb)). About 90 minutes. Mapping: many-to-one.

# %%
import torch
from torch import nn
from lstmkit import claim, device, exercise, fit, outcome, plot, predict, seed
from lstmkit.data.rates import rates

# %% [markdown]
# ## Twenty years of one price
#
# On every working day the European Central Bank looks at the markets at about 14:15 and notes what one euro costs in dollars. It publishes the number
# later, today at about 16:00, on purpose: it is there to inform, not to be dealt at. Weekends and some holidays have no rate, and none is made up
# here: one step in time is one *published* day. You see the first four fifths. The last fifth, the years in which our forecasts will be tested, stays
# shut until the end; it is not even drawn.

# %% tags=["nbval-ignore-output"]
usd = rates("USD")
rate = usd.values[:, 0].to(device())
T = len(rate)
shown = round(0.8 * T)
plot.series({"": rate[:shown]}, xs=usd.days[:shown], x="year", y="US dollars for one euro", title="The price of a euro")

# %% [markdown]
# ## Windows
#
# A forecaster reads the last few values and names a later one: **many-to-one**. To train it we cut the one long series into many
# overlapping **windows**, each with the value that it asks for, its **target**. Sometimes the target does not follow at once but lies `ahead`
# steps after the window's last value.

# %% tags=["nbval-ignore-output"]
rows = {"window 1": "xxxx.y....", "window 2": ".xxxx.y...", "window 3": "..xxxx.y.."}
names = {"x": "shown", "y": "target"}
plot.strips(rows, names, x="step of the series", title="Windows of length 4, targets 2 ahead")

# %% [markdown]
# ### Exercise 12.1 · Windows (10 min, ●●○)
#
# *Goal:* all windows of a series, and the target of each. *Given:* `series` of shape (T,), `length`, `ahead`. *Done when* the check
# says ✓. Count before you code: in the drawing, which is the last window that has a target?


# %% tags=["exercise"]
def windows(series, length, ahead=1):
    """All windows of a series and what follows each.

    series: (T,). length: values in a window. ahead: how many steps after the window's last value the target lies.
    Returns x, the windows, oldest value first, shape (N, length), and y, the targets, shape (N,).
    """
    ### BEGIN SOLUTION
    N = len(series) - length - ahead + 1
    x = torch.stack([series[i : i + length] for i in range(N)])
    y = series[length + ahead - 1 :]
    return x, y
    ### END SOLUTION


# %% tags=["check"]
windows = exercise("12.1", windows)

# %% [markdown]
# <details><summary>Hint</summary>
#
# In Python's counting, the window that begins at `i` ends with `series[i + length - 1]`. Where is its target? Which is the last `i` for which that exists?
# </details>
# <details><summary>Fuller hint</summary>
#
# The target of window `i` is `series[i + length - 1 + ahead]`, so there are `len(series) - length - ahead + 1` windows. Stack
# `series[i : i + length]` for each. The targets are one slice: `series[length + ahead - 1 :]`.
# </details>
#
# ## The past teaches, the future tests
#
# The data are split **by time**: the first three fifths *train*, the next fifth *validates* (it decides when to stop, and between models), the last fifth
# *tests*. Numbers are scaled by the mean and the standard deviation *of the training part*. A window of a later part may begin
# in the days before; they are known by then.


# %%
def parts(series, length):
    """The training, validation and test part; the later two begin `length` values early, for their first window."""
    first, second = round(0.6 * len(series)), round(0.8 * len(series))
    return series[:first], series[first - length : second], series[second - length :]


LENGTH = 20
early = rate[: round(0.6 * T)]
training, validation, _ = parts((rate - early.mean()) / early.std(), LENGTH)
levels = {"training": windows(training, LENGTH), "validation": windows(validation, LENGTH)}

# %% [markdown]
# ## The network of many a tutorial
#
# An LSTM of six units with a linear read-out of its last state, trained by stochastic gradient descent (SGD) on the mean squared error (MSE):
#
# $$(h_t, c_t) = \mathrm{LSTM}(x_t, h_{t-1}, c_{t-1}), \qquad \hat y = V h_L + b$$
#
# | symbol | variable | shape |
# |---|---|---|
# | $x_1 \dots x_L$, the window | `x` | (N, L) |
# | $h_L$, the last state | `h[:, -1]` | (N, H) |
# | $\hat y$, the forecast | `model(x)` | (N,) |


# %%
class Forecaster(nn.Module):
    """An LSTM that reads a window and forecasts one value. x: (N, L). Returns (N,)."""

    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.readout = nn.Linear(hidden, 1)

    def forward(self, x):
        h, _ = self.lstm(x[:, :, None])  # one number at each step: (N, L, 1) in, (N, L, H) out
        return self.readout(h[:, -1])[:, 0]


# %%
def mse(model, x, y):
    return (model(x) - y).square().mean()


def train(model, data, steps, **options):
    """Random batches of the training windows, a look at the validation windows now and then. Returns the History."""
    x, y = data["training"]

    def draw():
        rows = torch.randint(len(x), (64,))
        return x[rows], y[rows]

    def look(model):
        return mse(model, *data["validation"])

    return fit(model.to(x.device), mse, draw, steps=steps, validate=look, every=20, clip=1.0, **options)


# %% tags=["nbval-ignore-output"]
seed(0)
lstm = Forecaster(hidden=6)
train(lstm, levels, steps=600, optimizer=torch.optim.SGD, lr=0.2, title="LSTM on prices")
x, y = levels["validation"]
forecast = lstm(x).detach()
days = usd.days[round(0.6 * T) : shown]
lines = {"truth": y, "LSTM, six units": forecast}
plot.series(lines, xs=days, x="year", y="rate (scaled)", title="Forecasts of the validation years, one day ahead")

# %% [markdown]
# It looks as if the question were answered. The usual number beside them is **R²**, the share of the
# variance that a forecast explains: 1 if it is perfect, 0 if it always gives the mean. Before you believe either, ask what the laziest forecaster would have drawn.
#
# ## The yardstick
#
# **Persistence** says: tomorrow will be as today. It repeats the last value of the window and needs no training. Measure every forecast against it.
#
# ### Exercise 12.2 · Relative error (5 min, ●○○)
#
# *Goal:* the mean squared error of a forecast, divided by the mean squared error of persistence. Below 1: better than
# persistence. Above 1: worse. *Given:* the forecasts, their windows and targets. *Done when* the check says ✓.


# %% tags=["exercise"]
def relative_error(forecast, x, y):
    """Mean squared error of a forecast over that of persistence.

    forecast: (N,). x: windows, oldest value first, (N, L). y: targets, (N,). Returns one number.
    """
    ### BEGIN SOLUTION
    persistence = x[:, -1]
    return (forecast - y).square().mean() / (persistence - y).square().mean()
    ### END SOLUTION


# %% tags=["check"]
relative_error = exercise("12.2", relative_error)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Which column of `x` is the newest value?
# </details>
# <details><summary>Fuller hint</summary>
#
# `x[:, -1]` is what persistence forecasts. Take the mean of the squared errors of each of the two, then divide.
# </details>
#
# **Before you run:** look at the picture once more. The LSTM's relative error: what do you say?

# %% tags=["predict"]
predict("12.a", ...)  # a number: 1 is as good as persistence, 0.5 halves its error, 2 doubles it

# %%
r2 = 1 - (forecast - y).square().mean() / y.var()
ratio = relative_error(forecast, x, y)

# %% tags=["claim"]
outcome("12.a", ratio)
claim("the LSTM's R² is above 0.98: a number to be proud of", r2, at_least=0.98)
claim("its squared error is at least a tenth above that of persistence", ratio, at_least=1.1)

# %% [markdown]
# Both are true. R² compares with *the mean of all those years*, which nobody would offer as tomorrow's rate. Whatever
# stays near the last value gets a high R²; persistence, which learnt nothing, gets a higher one.
#
# Is the LSTM badly trained? Give it a better optimiser, five times the steps, and a learning rate that falls towards zero.
#
# **Before you run:** where will its relative error settle: below 1, at 1, or above?


# %% tags=["nbval-ignore-output"]
def falling(optimizer):
    return torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1, end_factor=0.02, total_iters=3000)


longer = Forecaster(hidden=6)
history = train(longer, levels, 3000, lr=0.01, schedule=falling, title="LSTM on prices, longer")
curve = torch.tensor(history.validations) / (x[:, -1] - y).square().mean().item()
labels = {"x": "step", "y": "error / error of persistence", "levels": {"persistence": 1}}
plot.series(
    {"LSTM": curve[9:]}, history.validation_steps[9:], title="Relative error in training (validation)", **labels
)


# %% [markdown]
# It comes down nearly to 1, and there it stays: with enough training the LSTM finds out what the laziest forecaster knew from the start.

# %% tags=["claim"]
claim(
    "after the longer training its error is that of persistence, to 8 %",
    relative_error(longer(x), x, y),
    between=(0.95, 1.08),
)

# %% [markdown]
# ### Exercise 12.3 · What is the LSTM doing? (5 min, ●●○)
#
# *Goal:* a prediction. Take the first LSTM: the daily *changes* of its forecast, and the daily changes of the rate. How are they correlated? With
# the rate's change of the *same day*, the one that the forecast is meant to foresee; and with its change of *the day before*,
# which stands at the end of the window. *Given:* what you have seen above. *Done when* each is that one of $-1$, $0$, $0.5$ and $1$ which lies nearest to the correlation.

# %% tags=["exercise"]
correlation = {"same day": ..., "day before": ...}  # your choice of -1, 0, 0.5 or 1 for each
### BEGIN SOLUTION
correlation = {"same day": 0, "day before": 1}
### END SOLUTION

# %% tags=["check"]
correlation = exercise("12.3", correlation)

# %% [markdown]
# <details><summary>Hint</summary>
#
# What would the two numbers be for persistence itself? Its forecast for day $t$ is the rate of day $t-1$.
# </details>
# <details><summary>Fuller hint</summary>
#
# Persistence's forecast changes today by exactly as much as the rate changed yesterday: correlation 1 with the day before. And the
# LSTM does no better than persistence, so it cannot know much about the same day.
# </details>
#
# Look at the two curves from near, and at the correlation for every shift: at which one does the tallest bar stand?


# %% tags=["folded", "nbval-ignore-output"]
def shifted(forecast, y, k):
    """Correlation of the forecast's daily changes with the rate's daily changes k days before, |k| ≤ 10."""
    ours, truth = forecast.diff()[10:-10], y.diff()
    earlier = truth[10 - k : len(truth) - 10 - k]
    return torch.corrcoef(torch.stack([ours, earlier]))[0, 1].item()


fig, axes = plot.panels(1, 2, size=(6, 3.6))
near = {"truth": y[200:230], "LSTM, six units": forecast[200:230]}
plot.series(near, x="day", y="rate (scaled)", title="Thirty days, seen from near", dots=True, ax=axes[0])
bars = {str(k): shifted(forecast, y, k) for k in range(-2, 6)}
plot.bars(
    bars, x="days before", y="correlation of the changes", title="The forecast's moves and the rate's", ax=axes[1]
)
fig

# %% [markdown]
# At one day. Most turns of the orange curve come a day after the black one's: the “forecast” is yesterday's rate, a little blurred. Drawn over five
# years, one day is thinner than the line.

# %% tags=["claim"]
claim("the forecast moves as the rate moved the day before", bars["1"], at_least=0.75)
claim("with the change that it should foresee it has next to nothing in common", bars["0"], between=(-0.1, 0.1))

# %% [markdown]
# ## Ask for the change, not the level
#
# What is worth forecasting is what persistence leaves open: the **return**, $r_t = \ln(p_t / p_{t-1})$ for a rate $p_t$, which is very nearly the
# relative change. Persistence becomes “no change”: always 0.
#
# First a fully connected network with two hidden layers, which sees the whole window at once. We train it long, and we do not
# stop it. **Before you run:** compared with “no change”, where does the training error go, and where the validation error?


# %%
def fully_connected(length, hidden=55):
    """Two hidden layers on the whole window. x: (N, length). Returns (N,)."""
    layers = [nn.Linear(length, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, 1)]
    return nn.Sequential(*layers, nn.Flatten(0))


returns = rate.log().diff()
returns = returns / returns[: round(0.6 * T)].std()
training, validation, sealed_returns = parts(returns, LENGTH)
changes = {"training": windows(training, LENGTH), "validation": windows(validation, LENGTH)}

# %% tags=["nbval-ignore-output"]
seed(1)
too_long = fully_connected(LENGTH)
history = train(too_long, changes, 1500, lr=0.01, restore_best=False, title="fully connected")
nothing = {part: y.square().mean().item() for part, (x, y) in changes.items()}  # the error of “no change”

# %% tags=["folded", "nbval-ignore-output"]
smooth = torch.tensor(history.losses).unfold(0, 100, 1).mean(1) / nothing["training"]
curves = {
    "training, mean of 100 steps": smooth,
    "validation": torch.tensor(history.validations) / nothing["validation"],
}
xs = {"training, mean of 100 steps": range(100, 1501), "validation": history.validation_steps}
labels = {"x": "step", "y": "error / error of no change", "levels": {"no change": 1}}
plot.series(curves, xs, title="A fully connected network on returns", **labels)

# %% [markdown]
# The training error falls far below “no change”: the network learns those years by heart. The validation error rises as far above: what it
# learns does not hold for other years. This is **overfitting**, and the cure at hand is early stopping ([lesson 10](10_sentiment.ipynb)):
# `patience=5` ends the training when five looks in a row brought no new best, and the best weights come back. Both networks, then, stopped in time; and a
# linear regression on the same twenty returns, which needs no stopping.


# %% tags=["nbval-ignore-output"]
def with_one(x):  # a column of ones behind the window, for the intercept
    return nn.functional.pad(x, (0, 1), value=1.0)


stopped_fc, stopped_lstm = fully_connected(LENGTH), Forecaster(hidden=6)
train(stopped_fc, changes, 1500, lr=0.01, patience=5, title="fully connected, stopped")
train(stopped_lstm, changes, 1000, lr=0.01, patience=5, title="LSTM, stopped")

x, y = changes["training"]
weights = torch.linalg.lstsq(with_one(x).cpu(), y[:, None].cpu()).solution[:, 0].to(x.device)


def linear(x):
    return with_one(x) @ weights


models = {"fully connected, stopped": stopped_fc, "LSTM, stopped": stopped_lstm, "linear regression": linear}
x, y = changes["validation"]
{name: round((mse(model, x, y) / nothing["validation"]).item(), 3) for name, model in models.items()}

# %% tags=["claim"]
learnt = mse(too_long, *changes["training"]) / nothing["training"]
claim("trained too long, the network comes at least 30 % below no change on its training years", learnt, at_most=0.7)
claim(
    "and at least 25 % above it on the years after",
    mse(too_long, x, y) / nothing["validation"],
    at_least=1.25,
)
best = min(mse(model, x, y).item() for model in models.values()) / nothing["validation"]
claim("stopped in time, none of the three gains as much as 1 % on no change", best, at_least=0.99)

# %% [markdown]
# ## But the direction?
#
# To make money one would not need the size of a change: its direction is enough. The **hit rate** is the share of days on which forecast and return have the same sign.
# A share from $n$ days is itself uncertain. If each day is right with probability $p$, independently, then the share scatters around $p$ with the **standard error**
#
# $$\mathrm{SE} = \sqrt{\frac{p\,(1 - p)}{n}}$$
#
# and about one time in twenty it lies more than two standard errors off.
#
# ### Exercise 12.4 · Hit rate (10 min, ●●○)
#
# *Goal:* the hit rate and its standard error (the measured rate stands in for $p$). *Given:* forecasts and returns. Days on which the rate did not move are left out.
# *Done when* the check says ✓.


# %% tags=["exercise"]
def hit_rate(forecast, y):
    """Share of days whose direction is foreseen, and its standard error.

    forecast, y: forecast and true return of each day, (N,). Days with y = 0 count neither as right nor as wrong.
    Returns two numbers between 0 and 1: the share and its standard error.
    """
    ### BEGIN SOLUTION
    moved = y != 0
    hits = (forecast[moved] > 0) == (y[moved] > 0)
    share = hits.float().mean()
    return share, (share * (1 - share) / len(hits)).sqrt()
    ### END SOLUTION


# %% tags=["check"]
hit_rate = exercise("12.4", hit_rate)

# %% [markdown]
# <details><summary>Hint</summary>
#
# First throw out the days without a change: `moved = y != 0`, then `forecast[moved]`. What is $n$ now?
# </details>
# <details><summary>Fuller hint</summary>
#
# `hits = (forecast[moved] > 0) == (y[moved] > 0)`; the share is `hits.float().mean()`, and n is `len(hits)`. The standard error is the root of
# `share * (1 - share) / len(hits)`.
# </details>
#
# Here are the three on the validation years, with one standard error to either side.

# %% tags=["nbval-ignore-output"]
hits, hit_spread = {}, {}
for name, model in models.items():
    hits[name], hit_spread[name] = hit_rate(model(x).detach(), y)
plot.dots(
    hits, spread=hit_spread, levels=[0.5], x="hit rate ± standard error", title="Direction foreseen, validation years"
)

# %% [markdown]
# The linear regression stands more than two standard errors above one half. Is that something?
#
# **Before you run:** a hundred people toss a coin for each of these days, and call it a forecast. What is the hit rate of the *luckiest* of them?

# %% tags=["predict"]
predict("12.b", ...)  # a share between 0 and 1, to three places

# %% tags=["nbval-ignore-output"]
n = int((y != 0).sum())
winners = torch.stack([torch.rand(100, n).round().mean(1).max() for turn in range(400)])  # 1: the coin was right
fig, ax = plot.panels()
ax.hist(winners.numpy(), bins=20, color="#0072B2")
labels = {"x": "hit rate of the luckiest", "y": "rounds", "marks": [hits["linear regression"]]}
plot.series({}, title="The luckiest of a hundred, 400 rounds; dotted: linear regression", ax=ax, **labels)

# %% tags=["claim"]
outcome("12.b", round(winners.mean().item(), 3))
lead = (hits["linear regression"] - 0.5) / hit_spread["linear regression"]
claim("the regression stands more than two standard errors above one half", lead, at_least=2)
ahead = (winners > hits["linear regression"].cpu()).float().mean()
claim("in more than half of the rounds the luckiest coin is right more often still", ahead, at_least=0.56)

# %% [markdown]
# The luckiest coin does as well as our best model, and knows nothing. Whoever tries many models, windows and currencies, and reports the best, reports the luckiest coin. What a lucky
# coin cannot do is *repeat* it. That is what the sealed years are for.
#
# ## When it looks too good
#
# A friend reports far better hits with the same rates and the same network. Somewhere the future gets in. That is called **leakage**.
#
# ### Exercise 12.5 · Find the leaks (8 min, ●●○)
#
# *Goal:* say of each practice whether it lets the future in. *Given:* the table, in which `n` is the number of
# training days, `p` the rate, `r` its returns. *Done when* all six are right.
#
# | | practice |
# |---|---|
# | A | scale by `p.mean()` and `p.std()`, then split |
# | B | scale by `p[:n].mean()` and `p[:n].std()`, then split |
# | C | against noise, replace `r[t]` by the mean of five: `r[t-2 : t+3].mean()` |
# | D | against noise, replace `r[t]` by the mean of five: `r[t-4 : t+1].mean()` |
# | E | cut all windows, shuffle them, keep a fifth for the test |
# | F | train with 5, 10, 20 and 40 days, report the length with the lowest test error |

# %% tags=["exercise"]
leaks = {"A": ..., "B": ..., "C": ..., "D": ..., "E": ..., "F": ...}  # True or False for each
### BEGIN SOLUTION
leaks = {"A": True, "B": False, "C": True, "D": False, "E": True, "F": True}
### END SOLUTION

# %% tags=["check"]
leaks = exercise("12.5", leaks)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Stand on day `t` of the test years. Could you have computed that number, and chosen that model, on that day?
# </details>
# <details><summary>Fuller hint</summary>
#
# Python's slices leave out their end: `r[t-4 : t+1]` ends with day `t`, `r[t-2 : t+3]` with day `t + 2`. Neighbouring windows share 19 of
# their 20 days, wherever shuffling puts them. And what you choose by the test years, you have fitted to them.
# </details>
#
# Your friend did C. The target was still the *raw* return of the next day; only the inputs were smoothed.
#
# **Before you run:** what hit rate will C give on the validation years?

# %% tags=["predict"]
predict("12.c", ...)  # a share between 0 and 1


# %% tags=["nbval-ignore-output"]
def centred(r):  # practice C
    return nn.functional.avg_pool1d(r[None], kernel_size=5, stride=1, padding=2)[0]


def trailing(r):  # practice D
    return nn.functional.avg_pool1d(nn.functional.pad(r[None], (4, 0)), kernel_size=5, stride=1)[0]


practices, found = {"C": centred, "D": trailing}, {}
for name, prepare in practices.items():
    training, validation, _ = parts(prepare(returns), LENGTH)
    inputs = {"training": windows(training, LENGTH)[0], "validation": windows(validation, LENGTH)[0]}
    prepared = {part: (inputs[part], changes[part][1]) for part in inputs}
    model = fully_connected(LENGTH)
    train(model, prepared, 600, lr=0.01, patience=5, title=f"practice {name}")
    found[name] = hit_rate(model(inputs["validation"]).detach(), y)[0]
{name: round(share.item(), 2) for name, share in found.items()}

# %% [markdown]
# One innocent line of smoothing was enough. There is a test for such things that needs no eye for code: a gradient. A prepared value $x_t$ may depend on raw values up to day $t$ only, so $\partial x_t / \partial r_s$ must be zero for every $s > t$: the
# whole Jacobian above its diagonal.

# %% tags=["nbval-ignore-output"]
fig, axes = plot.panels(1, 2, size=(5, 3.6))
future = {}
for ax, (name, prepare) in zip(axes, practices.items()):
    jacobian = torch.autograd.functional.jacobian(prepare, returns[:12])
    future[name] = jacobian.triu(1).abs().max().item()
    plot.heatmap(jacobian, x="raw day s", y="prepared day t", title=f"∂x_t/∂r_s of practice {name}", ax=ax)
fig

# %% tags=["claim"]
outcome("12.c", round(found["C"].item(), 2))
claim("with C four days of five are foreseen", found["C"], at_least=0.8)
claim("with D the very same network falls by at least 30 points", found["C"] - found["D"], at_least=0.3)
claim(
    "the gradient tells them apart: above the diagonal C has entries and D has none",
    is_true=future["C"] > 0.1 and future["D"] == 0,
)

# %% [markdown]
# In C's map two diagonals lie to the right of the main one: two days of the future. [Lesson 27](27_debugging.ipynb) makes this test into a tool.
#
# ## The seal is broken, once
#
# All choices are made. Now the three models that we kept meet the last fifth, once, and what comes out is reported, whatever it is. The ratio of the squared
# errors has a standard error too, from the scatter of the days' differences.

# %%
x, y = windows(sealed_returns, LENGTH)
errors, error_spread = {}, {}
for name, model in models.items():
    answer = model(x).detach()
    difference = ((answer - y).square() - y.square()) / y.square().mean()
    errors[name], error_spread[name] = 1 + difference.mean(), difference.std() / len(y) ** 0.5
    hits[name], hit_spread[name] = hit_rate(answer, y)

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(1, 2, size=(6, 3.2))
plot.dots(
    errors,
    spread=error_spread,
    levels=[1],
    x="error / error of no change",
    title="Squared error, test years",
    ax=axes[0],
)
plot.dots(
    hits, spread=hit_spread, levels=[0.5], x="hit rate ± standard error", title="Direction, test years", ax=axes[1]
)
fig

# %% tags=["claim"]
gain = max(((1 - errors[name]) / error_spread[name]).item() for name in models)
farthest = max((abs(hits[name] - 0.5) / hit_spread[name]).item() for name in models)
claim("none of the three beats no change by even one standard error", gain, at_most=1)
claim(
    "none of their hit rates is as far as 2.4 standard errors from one half, the bound for three tries at once",
    farthest,
    at_most=2.4,
)

# %% [markdown]
# **That is a result.** We *found* nothing; that does not prove that nothing is there. If yesterday's rates told tomorrow's change, somebody would have traded on it until they no longer did. (One split is one story: moving
# the ends on and training again, year by year, is called **walk-forward**.)

# %% [markdown]
# ## What you can now do
#
# - **Windows, split, leaks.** Cut windows, split by time, scale by the training part. Whatever looks at a later day is a leak; a
#   gradient above the diagonal shows it.
# - **A forecast that only looks good** hugs the curve one day late. Its relative error gives it away; R² does not.
# - **A hit rate** is told with its standard error, and the best of many tries is the luckiest; only years that were never looked at can tell.
#
# People forecast loads of power grids, river levels and sales this way, where the past does hold the future. Where it fails: is it the LSTM that cannot forecast, or the dollar
# that cannot be forecast? [Lesson 13](13_chaos.ipynb) gives the same network a series without chance, and comes back to the money with a better question.

# %% [markdown]
# <details><summary>Test yourself: a paper reports $R^2 = 0.99$ on tomorrow's share price. What do you ask first?</summary>
#
# What is the R² of persistence? What was scaled, smoothed or chosen with the test days in view?
# </details>
# <details><summary>Test yourself: $54\,\%$ hits. Of how many days must that be, to stand two standard errors above one half?</summary>
#
# Two standard errors of a coin are $2 \cdot 0.5 / \sqrt n$. Set them equal to $0.04$: $n = 625$ days, two and a half years. And that if it was the only thing you tried.
# </details>
# <details><summary>Test yourself: in exercise 12.5, why is F a leak, if every model was trained on the training years alone?</summary>
#
# The length was chosen by the test years: it is the luckiest of four coins. Choose by the validation years, then test the one.
# </details>
#
# *Further reading.* R. A. Meese, K. Rogoff, “Empirical exchange rate models of the seventies: do they fit out of sample?”, *Journal of
# International Economics* 14 (1983): the random walk wins. F. X. Diebold, R. S. Mariano, “Comparing predictive accuracy”, *Journal of Business & Economic
# Statistics* 13 (1995): is one forecast better than another, or luckier? *Data:* European Central Bank, euro foreign exchange reference rates.
