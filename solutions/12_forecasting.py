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
# - tell a good forecast from one that only looks good: compare it with *persistence*,
# - say where recurrence helps in forecasting, and where there is nothing to be had.
#
# Needs: the LSTM ([lesson 06](06_lstm.ipynb)). About 80 minutes. Mapping: many-to-one; towards the end one-to-many, by feeding outputs back.

# %% tags=["nbval-ignore-output"]
from functools import partial
import torch
from torch import nn
from lstmkit import claim, device, exercise, fit, plot, seed
from lstmkit.data.lorenz import lorenz
from lstmkit.data.rates import rates

plot.mapping(["many-to-one", "one-to-many"])

# %% [markdown]
# ## Twenty-six years of one price
#
# Every working day at about a quarter past two the European Central Bank publishes what one euro costs in dollars. There is no rate
# at weekends and on some holidays, and none is made up here: one step in time is one *published* day. Here are all of them,
# to the end of 2024.
#
# **Before you run:** if you knew every rate up to today, how close to tomorrow's do you think you could come?

# %% tags=["nbval-ignore-output"]
usd = rates("USD")
rate = usd.values[:, 0].to(device())
T = len(rate)
plot.series({"": rate}, xs=usd.days, x="year", y="US dollars for one euro", title="The euro's price wanders")

# %% [markdown]
# ## Windows
#
# A forecaster reads the last few values and names a later one: **many-to-one**. To train it we cut the long series into many
# overlapping **windows**. With windows of `length` values, the first one is $x_0 \dots x_{length-1}$, and what it asks for is the value
# right after: the **target**. The second window begins one day later, and so on. Sometimes we look further: `ahead` steps after
# the window's last value.
#
# ### Exercise 12.1 · Windows (10 min, ●●○)
#
# *Goal:* all windows of a series, and the target of each. *Given:* `series` of shape (T,), `length`, `ahead`. *Done when* the check
# says ✓. Count before you code: how many windows have a target?


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
# The window that begins at `i` ends with `series[i + length - 1]`. Where is its target? Which is the last `i` for which that exists?
# </details>
# <details><summary>Fuller hint</summary>
#
# The target of window `i` is `series[i + length - 1 + ahead]`, so there are `len(series) - length - ahead + 1` windows. Stack
# `series[i : i + length]` for each. The targets are one slice: `series[length + ahead - 1 :]`.
# </details>
#
# ## The past teaches, the future tests
#
# The data are split **by time**: the first 60 % train, the next 15 % validate (they decide when to stop), the last 25 %, which nothing
# may touch before the end, test. Numbers are **scaled**: minus the mean, over the standard deviation, *of the training part*. A window of
# the test part may begin in the days before; they are known by then. (Moving the ends on and training again, year by
# year, is called **walk-forward**; one split is enough here.)
#
# The model is an LSTM with a linear read-out of its last state:
#
# $$(h_t, c_t) = \mathrm{LSTM}(x_t, h_{t-1}, c_{t-1}), \qquad \hat y = V h_L + b$$
#
# | symbol | variable | shape |
# |---|---|---|
# | $x_1 \dots x_L$, the window | `x` | (N, L) |
# | $h_L$, the last state | `h[:, -1]` | (N, H) |
# | $\hat y$, the forecast | `model(x)` | (N,), or (N, K) for K values |
#
# Six units, as in many a tutorial. **Before you run:** **R²**, the share of the variance that a forecast
# explains, is 1 if it is perfect and 0 if it always gives the mean. Your guess?


# %%
class Forecaster(nn.Module):
    """An LSTM that reads a window and forecasts K values. x: (N, L). Returns (N,) for K = 1, else (N, K)."""

    def __init__(self, hidden, K=1):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.readout = nn.Linear(hidden, K)

    def forward(self, x):
        h, _ = self.lstm(x[:, :, None])  # one number at each step: (N, L, 1) in, (N, L, H) out
        return self.readout(h[:, -1]).squeeze(1)


def mse(model, x, y):
    return (model(x) - y).square().mean()


def train(model, data, steps, **options):
    """Adam on random windows of the first part, validation on the second. Returns the model and its History."""
    (x, y), validation, _ = data

    def draw():
        rows = torch.randint(len(x), (64,))
        return x[rows], y[rows]

    options = {"lr": 1e-2, "clip": 1.0, "every": 20, "validate": lambda model: mse(model, *validation)} | options
    return model, fit(model.to(x.device), mse, draw, steps=steps, **options)


# %% tags=["nbval-ignore-output"]
def parts(series, length):
    """The training, validation and test part; the later two begin `length` steps early, for their first window."""
    ends = [round(share * len(series)) for share in (0.6, 0.75, 1)]
    return [series[: ends[0]], series[ends[0] - length : ends[1]], series[ends[1] - length :]]


def split(series, length, ahead=1):
    """Windows and targets of the three parts: [(x, y), (x, y), (x, y)]."""
    return [windows(part, length, ahead) for part in parts(series, length)]


seed(0)
early = rate[: round(0.6 * T)]
levels = split((rate - early.mean()) / early.std(), length=20)
lstm, history = train(Forecaster(hidden=6), levels, steps=600, title="prices")
x, y = levels[2]
forecast = lstm(x).detach()
lines = {"truth": y, "LSTM, six units": forecast}
plot.series(lines, xs=usd.days[-len(y) :], x="year", y="rate (scaled)", title="The forecast hugs the curve")

# %% [markdown]
# It looks as if the question were answered. Many such pictures have been published. Before you believe one, ask what the laziest
# forecaster would have drawn.
#
# ## The yardstick
#
# **Persistence** says: tomorrow will be as today. It repeats the last value of the window, needs no training, and for anything that
# moves in small steps it is hard to beat. So measure every forecast against it.
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
# **Before you run:** this LSTM's R² is close to 1. Is its relative error below 1, or above?


# %%
def r2(forecast, y):
    return 1 - (forecast - y).square().mean() / y.var()


claim("the LSTM's R² is above 0.97: a number to be proud of", r2(forecast, y), at_least=0.97)
claim("its error is more than 5 % above that of persistence", relative_error(forecast, x, y), at_least=1.05)
claim("so persistence, which learnt nothing, has the higher R²", r2(x[:, -1], y) - r2(forecast, y), at_least=0.0004)

# %% [markdown]
# R² compares with *the mean of all test years*, which nobody in their senses would offer as tomorrow's rate. Against a series
# that wanders, everything that stays near the last value gets a high R².
#
# ### Exercise 12.3 · What is the LSTM doing? (5 min, ●●○)
#
# *Goal:* a prediction. Take the daily *changes* of the rate and the daily changes of the LSTM's forecast. How are they correlated? With
# the rate's change of the *same day*, the one that the forecast is meant to foresee; and with its change of *the day before*,
# which stands at the end of the window. *Given:* the claims above. *Done when* both are right to the nearest of −1, 0, 0.5 and 1.

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
# **Before you run:** at which shift will the tallest bar stand?


# %% tags=["nbval-ignore-output"]
def shifted(k):
    """Correlation of the forecast's daily changes with the rate's daily changes k days before."""
    ours, truth = forecast.diff()[10:-10], y.diff()
    return torch.corrcoef(torch.stack([ours, truth[10 - k : len(truth) - 10 - k]]))[0, 1]


fig, axes = plot.panels(1, 2, size=(6, 3.6))
near = {"truth": y[200:230], "LSTM, six units": forecast[200:230]}
plot.series(near, x="day", y="rate (scaled)", title="Thirty days, seen from near", dots=True, ax=axes[0])
bars = {str(k): shifted(k) for k in range(-2, 6)}
plot.bars(bars, x="days by which the forecast is late", y="correlation", title="It is one day late", ax=axes[1])
fig

# %%
claim("the forecast moves as the rate moved the day before", shifted(1), at_least=0.75)
claim("with the change that it should foresee it has next to nothing in common", shifted(0), between=(-0.15, 0.15))

# %% [markdown]
# Look at the left panel: most turns of the orange line come one day after the black one's. The "forecast" is yesterday's
# rate, shifted and a little blurred. Drawn over six years, one day is thinner than the line.
#
# ## Ask for the change, not the level
#
# If persistence is the yardstick, then what is worth forecasting is what persistence leaves open: the **return**,
# $r_t = \ln(p_t / p_{t-1})$ for a rate $p_t$, which is very nearly the relative change. Here persistence becomes "no change": always 0.
#
# First a fully connected network with two hidden layers, which sees the whole window at once. We train it long, and we do not
# stop it. **Before you run:** what will the training loss do, and what the validation loss?


# %% tags=["nbval-ignore-output"]
def fully_connected(length, hidden=55):
    """Two hidden layers on the whole window. x: (N, length). Returns (N,)."""
    layers = [nn.Linear(length, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, 1)]
    return nn.Sequential(*layers, nn.Flatten(0))


seed(1)
returns = rate.log().diff()
returns = returns / returns[: round(0.6 * T)].std()
changes = split(returns, 20)
too_long, history = train(fully_connected(20), changes, 1000, restore_best=False, title="too long")
nothing = [y.square().mean().item() for _, y in changes]  # the error of "no change" in each part
blue = torch.tensor(history.losses).unfold(0, 100, 1).mean(1) / nothing[0]
lines = {"training, mean of 100 steps": blue, "validation": torch.tensor(history.validations) / nothing[1]}
xs = dict(zip(lines, [range(100, 1001), history.validation_steps]))
plot.series(lines, xs, x="step", y="error / error of no change", levels={"no change": 1}, title="It learns by heart")

# %% [markdown]
# The training error falls below "no change": the network learns those years by heart. The validation error rises above it: what it
# learns does not hold for other years. This is **overfitting**, and the cure at hand is **early stopping**: watch the validation, stop
# when it has brought no new best for a while, and go back to the weights of the best.
#
# ### Exercise 12.4 · Where to stop (15 min, ●●●)
#
# *Goal:* where training ends and which weights are kept. *Given:* a list of validation losses and `patience`: training ends as
# soon as `patience` validations *in a row* have brought no new best. A tie is not a new best. *Done when* the check says ✓.


# %% tags=["exercise"]
def where_to_stop(validations, patience):
    """Early stopping.

    validations: list of numbers, lower is better. patience: whole number ≥ 1.
    Returns (stop, best): the index of the validation after which training ends (the last one if patience never runs
    out), and the index of the best one up to there.
    """
    ### BEGIN SOLUTION
    best = 0
    for i in range(len(validations)):
        if validations[i] < validations[best]:
            best = i
        if i - best >= patience:
            break
    return i, best
    ### END SOLUTION


# %% tags=["check"]
where_to_stop = exercise("12.4", where_to_stop)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Keep the index of the best so far. How many validations since then have brought nothing?
# </details>
# <details><summary>Fuller hint</summary>
#
# For each `i`: if `validations[i] < validations[best]`, then `best = i`. If `i - best` has reached `patience`, return `(i, best)`. After
# the loop, return the last index and `best`.
# </details>
#
# `fit` has the same rule inside: `patience=5`. Now both networks, stopped in time, against the forecast "no change".
#
# **Before you run:** will either of them come out below 1?

# %% tags=["nbval-ignore-output"]
fc, _ = train(fully_connected(20), changes, 1000, patience=5, title="fully connected")
lstm, _ = train(Forecaster(hidden=6), changes, 600, patience=5, title="LSTM")
x, y = changes[2]
models = {"fully connected, too long": too_long, "fully connected, stopped": fc, "LSTM, stopped": lstm}
error = {name: (mse(model, x, y) / nothing[2]).item() for name, model in models.items()}
plot.bars(error, levels={"no change": 1.0}, y="error / error of no change", title="Nothing beats “no change”")

# %%
rises = [((model(x) > 0) == (y > 0)).float().mean() for model in (fc, lstm)]
stop, best = where_to_stop(history.validations, patience=5)
learnt = mse(too_long, *changes[0]) / nothing[0]
claim("on its training years the network trained too long is at least 5 % better than no change", learnt, at_most=0.95)
claim("on the test years it is at least 10 % worse", error["fully connected, too long"], at_least=1.1)
claim("your rule would have stopped it in the first half of its training", stop / len(history.validations), at_most=0.5)
claim("stopped in time, it loses less than 5 %", error["fully connected, stopped"], at_most=1.05)
claim("but it does not gain as much as 1 %", error["fully connected, stopped"], at_least=0.99)
claim("nor does the LSTM", error["LSTM, stopped"], at_least=0.99)
claim("the fully connected network foresees the direction on about half of the days", rises[0], between=(0.45, 0.55))
claim("and so does the LSTM", rises[1], between=(0.45, 0.55))

# %% [markdown]
# **That is the right answer.** If yesterday's rates told tomorrow's change, somebody would have traded on it until they no longer did. A
# model that finds nothing where there is nothing is a good model, and "nothing" is a result worth reporting.
#
# ## When it looks too good
#
# Suppose a friend reports 85 % of directions right, with the same rates and the same network. Somewhere the future gets in. That is
# called **leakage**.
#
# ### Exercise 12.5 · Find the leaks (10 min, ●●○)
#
# *Goal:* say of each practice whether it lets the future in. *Done when* all six are right. In the table `train` is the number of
# training days, `p` the rate, `r` its returns.
#
# | | practice |
# |---|---|
# | A | scale by `p.mean()` and `p.std()`, then split |
# | B | scale by `p[:train].mean()` and `p[:train].std()`, then split |
# | C | against noise, replace `r[t]` by the mean of five: `r[t-2 : t+3].mean()` |
# | D | against noise, replace `r[t]` by the mean of five: `r[t-4 : t+1].mean()` |
# | E | cut all windows, shuffle them, keep a quarter for the test |
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
# Your friend did C. There is a test for such things that needs no eye for code: a gradient. A prepared value $x_t$ may depend
# on raw values up to day $t$ only, so every $\partial x_t / \partial r_s$ with $s > t$ must be exactly zero: everything above the
# diagonal of the Jacobian.
#
# **Before you run:** the target is still the *raw* return of the next day; only the inputs are smoothed. How much will that help?


# %%
def centred(r):  # practice C
    return nn.functional.avg_pool1d(r[None], kernel_size=5, stride=1, padding=2)[0]


def trailing(r):  # practice D
    return nn.functional.avg_pool1d(nn.functional.pad(r[None], (4, 0)), kernel_size=5, stride=1)[0]


right, future = {}, {}
for prepare in (centred, trailing):
    smooth = [(x, y) for (x, _), (_, y) in zip(split(prepare(returns), 20), changes)]
    model, _ = train(fully_connected(20), smooth, 600, patience=5, quiet=True)
    x, y = smooth[2]
    right[prepare] = ((model(x) > 0) == (y > 0)).float().mean()
    future[prepare] = torch.autograd.functional.jacobian(prepare, returns[:30]).triu(1).abs().max()

claim("with C the direction is right on four test days of five", right[centred], at_least=0.8)
claim("with D the very same network is back at half", right[trailing], between=(0.45, 0.55))
claim("C's gradient gives it away: a value depends on later days", future[centred], at_least=0.1)
claim("D's is zero above the diagonal", future[trailing], close_to=0.0, tolerance=0.0)

# %% [markdown]
# Nothing was wrong with the split, the network or the scores. One innocent line of smoothing was enough. [lesson 27](27_debugging.ipynb) makes the
# gradient test into a tool.
#
# ## Where recurrence does help
#
# Perhaps our LSTM is no good at all? Give it a series in which the future *is* in the past. Lorenz's three equations hold no chance,
# but they are **chaotic**: two states that differ by a hair soon go separate ways. We show 48 values of one coordinate, 0.05 time
# units apart, and ask for the value five steps later.
#
# First, *how* to train. Stochastic gradient descent (**SGD**) has one learning rate for all weights; **momentum** adds
# to each step nine tenths of the one before; **Adam** gives each weight a step size of its own. Each gets a learning rate that suited it in a few trials of ours.
#
# **Before you run:** after the same 300 steps, by what factor will their losses differ?

# %% tags=["nbval-ignore-output"]
seed(2)
orbit = lorenz(6000).values[:, 0].to(device())
orbit = (orbit - orbit[:3600].mean()) / orbit[:3600].std()
chaos = split(orbit, 48, ahead=5)
adam, momentum = torch.optim.Adam, partial(torch.optim.SGD, momentum=0.9)
ways = {"SGD": (torch.optim.SGD, 0.3), "SGD with momentum": (momentum, 0.3), "Adam": (adam, 0.01)}
curves = {}
for name, (optimizer, lr) in ways.items():
    _, history = train(Forecaster(32), chaos, 300, optimizer=optimizer, lr=lr, title=name)
    curves[name] = torch.tensor(history.validations)
fig, axes = plot.panels(1, 2, size=(6, 3.6))
plot.series(orbit[:400], x="step of 0.05 time units", y="x (scaled)", title="No chance, no repetition", ax=axes[0])
plot.series(curves, range(20, 301, 20), x="step", y="validation loss", log=True, title="Adam gets lowest", ax=axes[1])
fig

# %% [markdown]
# Now the forecasters side by side, on the same test days: persistence, a linear regression on the 48 values, the fully connected
# network, and the LSTM. The two networks have about the same number of weights, and take the same number of steps with Adam. And
# once more the fully connected network with only the last 24 values: half of the past is hidden from it.
#
# **Before you run:** put the five in order. Does it hurt to see less?


# %% tags=["nbval-ignore-output"]
def linear(data):
    """Forecasts of a linear regression on the window, for the test part."""
    (x, y), _, (x_test, _) = data
    x, x_test = (nn.functional.pad(part.double(), (0, 1), value=1.0) for part in (x, x_test))  # 1: the intercept
    return x_test @ torch.linalg.lstsq(x, y[:, None].double()).solution[:, 0]


falling = partial(torch.optim.lr_scheduler.LinearLR, start_factor=1, end_factor=0.02, total_iters=1000)
fc, _ = train(fully_connected(48, hidden=46), chaos, 1000, schedule=falling, title="fully connected, 48 values")
half, _ = train(fully_connected(24), [(x[:, 24:], y) for x, y in chaos], 1000, schedule=falling, title="24 values")
lstm, _ = train(Forecaster(32), chaos, 1000, schedule=falling, title="LSTM")
x, y = chaos[2]
five = {"persistence": x[:, -1], "linear regression": linear(chaos), "fully connected, 48": fc(x)}
five |= {"fully connected, 24": half(x[:, 24:]), "LSTM": lstm(x)}
left = {name: (1 - r2(forecast, y)).item() for name, forecast in five.items()}
plot.bars(left, y="squared error / variance", title="The LSTM reads the long window best", log=True)

# %%
weights = [sum(p.numel() for p in model.parameters()) for model in (fc, lstm)]
hidden = left["fully connected, 24"] / left["fully connected, 48"]
claim("Adam's loss is at least five times lower than that of SGD", curves["SGD"][-1] / curves["Adam"][-1], at_least=5)
claim("persistence is of no use: no better than the mean", left["persistence"], at_least=0.9)
claim("a linear regression leaves about half", left["linear regression"], between=(0.35, 0.6))
claim("the fully connected network leaves less than a fiftieth", left["fully connected, 48"], at_most=0.02)
claim("the LSTM less than half of that", left["LSTM"] / left["fully connected, 48"], at_most=0.5)
claim("with the same number of weights, to within 2 %", weights[0] / weights[1], between=(0.98, 1.02))
claim("with half of the window hidden, the fully connected network does better", hidden, at_most=0.8)

# %% [markdown]
# So it was not the LSTM. What finds nothing in the dollar finds almost everything in Lorenz's chaos: what differs is whether there
# *is* something. And why does recurrence help? The fully connected network has its own weights for each place in the window and must find
# out, place by place, which ones to leave alone; the older values got in its way, as hiding them showed. The LSTM has one set of
# weights for all places. Give the fully connected network its due, though: with half of its window hidden it came closer.
#
# ## Further ahead
#
# There are two ways to forecast 40 steps. **Direct**: one read-out with 40 numbers (one-to-many in one blow). **Fed back**: forecast one
# step, put the forecast into the window as if it had been measured, and go on.
#
# **Before you run:** which is better at step 2, and which at step 30?


# %% tags=["nbval-ignore-output"]
def feed_back(model, x, steps):
    """Forecast step by step: each forecast enters the window, the oldest value leaves it. x: (N, L). Returns (N, steps)."""
    forecasts = []
    for _ in range(steps):
        forecasts.append(model(x).detach())
        x = torch.cat([x[:, 1:], forecasts[-1][:, None]], dim=1)
    return torch.stack(forecasts, dim=1)


path = [(windows(part, 24, ahead=40)[0][:-1], windows(part[24:], 40)[0]) for part in parts(orbit, 24)]
one, _ = train(Forecaster(32), [(x, y[:, 0]) for x, y in path], 1000, schedule=falling, title="one step")
forty, _ = train(Forecaster(32, K=40), path, 1000, schedule=falling, title="forty steps")
x, y = path[2]
ways = {"LSTM, fed back": feed_back(one, x, 40), "persistence": x[:, -1:], "direct": forty(x)}
far = {name: (forecast - y).square().mean(0) / y.var() for name, forecast in ways.items()}
axes = {"x": "steps ahead (0.05 time units each)", "y": "squared error / variance", "log": True}
plot.series(far, range(1, 41), **axes, levels={"always the mean": 1}, title="Feeding back wins near, and errors grow")

# %%
fed, direct = far["LSTM, fed back"], far["direct"]
claim("two steps ahead feeding back has less than a tenth of the direct error", fed[1] / direct[1], at_most=0.1)
claim("from step 1 to step 20 its error grows more than a hundredfold", fed[19] / fed[0], at_least=100)
claim("at step 30 either has a thousand times that first error", min(fed[29], direct[29]) / fed[0], at_least=1000)

# %% [markdown]
# Each forecast carries its error into the next, and chaos does the rest: on the logarithmic axis the error grows on a slope, until it
# is as large as the series. No model can do more than start lower. The direct model spreads its effort over forty questions at once, and
# starts high; around step 30 chance decides which of the two is ahead. (Shift the seed, and see.)
#
# ## Back to the money: how much, not which way
#
# Tomorrow's *direction* is a coin toss, but its *size* is not: calm days follow calm days, storms come in weeks. Let $v_t$ be the
# logarithm of the mean squared return of the last five days, the **volatility**. We forecast $v_{t+5}$ from forty days of squared returns,
# for fourteen currencies pooled in one model.
#
# **Before you run:** will the LSTM beat a linear regression by far, by a little, or not at all?

# %%
codes = "USD JPY GBP CHF NOK SEK PLN HUF CZK AUD CAD NZD ZAR KRW".split()
moves = rates(codes).values.to(device()).log().diff(dim=0)
size = (moves / moves[: round(0.6 * len(moves))].std(0)).square()
day = (size[4:] + 0.01).log()  # 0.01: on some days a rate does not move
week = (size.unfold(0, 5, 1).mean(2) + 0.01).log()
storms = []
for days, weeks in zip(parts(day, 40), parts(week, 40)):
    x = torch.cat([windows(column, 40, ahead=5)[0] for column in days.T])
    y = torch.cat([windows(column, 40, ahead=5)[1] for column in weeks.T])
    storms.append((x, y))
lstm, _ = train(Forecaster(16), storms, 1000, schedule=falling, every=100, quiet=True)
average = (storms[0][1].mean() - y).square().mean()
error = {"LSTM": mse(lstm, x, y), "linear": (linear(storms) - y).square().mean()}
claim("more than a third of the error of “always as on average” is gone", 1 - error["LSTM"] / average, at_least=0.35)
claim("the LSTM beats a linear regression by less than 6 %", error["LSTM"] / error["linear"], between=(0.94, 1))

# %% [markdown]
# A memory helps, but a weighted sum of the past is memory enough; what the LSTM adds is small.
#
# ## What you can now do
#
# - **Windows, split, leaks.** Cut windows, split by time, scale by the training part. Whatever looks at a later day is a leak; a
#   gradient above the diagonal shows it.
# - **A forecast that only looks good** hugs the curve one day late. Its relative error gives it away; R² does not.
# - **Recurrence helps** where the past holds the future and nobody knows how much of the past is needed (Lorenz). In daily exchange
#   rates there is nothing to be had for the direction, and for the size a linear model gets nearly all.
#
# Where it fails: our LSTM does not say how sure it is. In lesson 14 (in preparation) a network gives a probability to everything that may come next.
#
# <details><summary>Test yourself: a paper reports R² = 0.99 on tomorrow's share price. What do you ask first?</summary>
#
# What is the R² of persistence? What was scaled, smoothed or chosen with the test days in view?
# </details>
# <details><summary>Test yourself: trained ever longer, what would the LSTM on prices become?</summary>
#
# Persistence: repeating the last value is nearly the best that can be done. Its relative error falls towards 1. Try it.
# </details>
#
# *Further reading.* R. A. Meese, K. Rogoff, "Empirical exchange rate models of the seventies: do they fit out of sample?", *Journal of
# International Economics* 14 (1983): the random walk wins. E. N. Lorenz, "Deterministic nonperiodic flow", *Journal of the Atmospheric
# Sciences* 20 (1963). R. F. Engle, "Autoregressive conditional heteroscedasticity …", *Econometrica* 50 (1982): volatility.
# *Data:* European Central Bank, euro foreign exchange reference rates.
