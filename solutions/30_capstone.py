# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 30 · Your own
#
# **What do you want to know, and how will you know that it is true?**
#
# After this lesson you will be able to
# - turn a wish into a question that data can answer with no, with a baseline and a split that are fair,
# - say of a result which sentences it supports, with seeds, pairs and standard errors,
# - plan, write and grade a project of your own, with a gradient analysis that can be trusted.
#
# Needs: a lesson of your choice for the data ([12](12_forecasting.ipynb), [15](15_tunes.ipynb), [16](16_video.ipynb) or [20](20_attention.ipynb)), and [lesson 22](22_output_gradients.ipynb). About 85 minutes for this
# notebook. Your own project takes as long as it takes: a weekend for one person, two weeks for a class. Mapping: yours.

# %%
from collections import Counter
import re
import torch
from torch import nn
from lstmkit import claim, exercise, fit, generator, outcome, plot, predict, seed
from lstmkit.gradients import sequence_jacobian

# %% [markdown]
# ## Four briefs
#
# Each has a question, data, and a first number to beat. The cells run as they are. Choose one, or bring data of your own. The questions are open: nobody has written the answer down in this course.
#
# ### Brief 1 · Tunes
#
# *How many notes does a composer need to have heard?* Train a network to name the next token of a tune, and cut its memory to the last k tokens. Where does more memory stop paying, and does the gradient reach as far
# as that? The data are those of [lesson 15](15_tunes.ipynb). The first number: count which token follows which, and pay for each test token in bits.

# %% tags=["nbval-ignore-output"]
from lstmkit.data.tunes import tunes

train_parts, test_parts = tunes("train"), tunes("test")
following = {}  # for each token, how often each other came next
for part in train_parts:
    for token, after in zip(part.tokens, part.tokens[1:]):
        following.setdefault(token, Counter())[after] += 1
bits = []
for part in test_parts:
    for token, after in zip(part.tokens, part.tokens[1:]):
        counts = following[token]
        p = (counts[after] + 0.1) / (counts.total() + 0.1 * len(following))  # 0.1: yours to tune
        bits.append(-torch.tensor(p).log2())
print(f"{len(train_parts)} and {len(test_parts)} parts; pairs of tokens: {torch.stack(bits).mean():.2f} bits per token")

# %% [markdown]
# ### Brief 2 · Dates
#
# *Does a translator read the day where it stands?* In "5 March 2026" and "2026年3月5日" the day stands elsewhere. Train a network that names the day of the month (31 classes), and ask its gradients which letters decided. You know the true place, so you can count.
# And what of the weekday, which stands there and is not needed? The data are those of [lesson 20](20_attention.ipynb). The first number is a rule without any network: the first number with one or two digits.

# %% tags=["nbval-ignore-output"]
from lstmkit.data.dates import dates

found = dates(3000, generator=generator(1))  # all days differ; the last 500 are for the test
right = []
for written, iso in zip(found.written[-500:], found.iso[-500:]):
    short = [number for number in re.findall(r"\d+", written) if len(number) <= 2]
    right.append(short[:1] == [str(int(iso[-2:]))] or short[:1] == [iso[-2:]])
print(found.written[:3], f"the rule names the day in {sum(right) / 500:.2f} of the test")

# %% [markdown]
# ### Brief 3 · Films
#
# *When does it know?* A digit moves through eight frames, of which some are blank, and does one of eight actions. After which frame does a network know the action, which frames did its answer use, and what is the best that anybody could
# know by then? The data, and how to compute that best, are those of [lesson 16](16_video.ipynb). The first number: a linear classifier on the mean of all frames.


# %% tags=["nbval-ignore-output"]
from lstmkit.data.films import films


def mean_frame(some):
    """All frames of each film as one picture, and a 1 for the intercept. Returns (N, 401)."""
    return nn.functional.pad(some.frames.mean(dim=1).flatten(1), (0, 1), value=1.0)


seen, unseen = films(1000, "train", generator=generator(2)), films(1000, "test", generator=generator(3))
pictures, wanted = mean_frame(seen), torch.eye(8)[seen.actions]
weights = torch.linalg.solve(pictures.T @ pictures + 10 * torch.eye(401), pictures.T @ wanted)  # 10: yours to tune
guessed = (mean_frame(unseen) @ weights).argmax(dim=1)
print(f"{(guessed == unseen.actions).float().mean():.2f} of the test films; by dice {1 / 8:.3f}")

# %% [markdown]
# ### Brief 4 · Rates
#
# *Does a storm in one currency announce one in another?* [Lesson 13](13_chaos.ipynb) found that not the direction but the *size* of a day's move can be forecast. Does a network that sees four currencies forecast the
# dollar's restlessness better than one that sees the dollar alone, and through which input? The first number is the practitioner's: a running mean that keeps a share $w$ of what it was, as in [lesson 01](01_recurrence.ipynb),
#
# $$h_t = w\, h_{t-1} + (1 - w)\, x_t, \qquad \text{forecast for day } t+1: \; h_t$$
#
# with the best $w$ of nine on the validation years.


# %%
from lstmkit.data.rates import rates

returns = rates(["USD", "GBP", "CHF", "JPY"]).values.log().diff(dim=0)
T = len(returns)
first, second = round(0.6 * T), round(0.8 * T)  # training, validation, test: in the order of time
sizes = (returns / returns[:first].std(dim=0)).abs()  # (T, 4)
usual = sizes[:first].mean(dim=0)


def running_mean(x, w, start):
    """h_1 … h_T. x: (N, T, 1). w: the share kept, or K of them, (K,). start: h_0, (1,). Returns (N, T, 1 or K)."""
    h, states = start, []
    for t in range(x.shape[1]):
        h = w * h + (1 - w) * x[:, t]
        states.append(h)
    return torch.stack(states, dim=1)


# %% tags=["nbval-ignore-output"]
size = sizes[:, 0]  # the dollar's
validation, test = slice(first - 1, second - 1), slice(second - 1, T - 1)  # days on which forecasts are made


def missed(forecast, days):
    """Squared errors of what was said on these days about the day after. forecast: (T,)."""
    tomorrow = slice(days.start + 1, days.stop + 1)
    return (forecast[days] - size[tomorrow]).square()


shares = torch.tensor([0.8, 0.9, 0.94, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99])
forecasts = running_mean(size[None, :, None], shares, usual[:1])[0]  # (T, 9), a column for each share
tried = torch.stack([missed(forecast, validation).mean() for forecast in forecasts.T])
w, smooth = shares[tried.argmin()].item(), forecasts[:, tried.argmin()]
constant = missed(usual[0].expand(T), validation).mean()
print(
    f"best share kept: {w:g}; squared error on validation {tried.min():.3f}, of the training years' mean {constant:.3f}"
)

# %% [markdown]
# ## Before the first network
#
# ### Exercise 30.1 · Which split? (6 min, ●●○)
#
# *Goal:* for each brief, the split whose test answers the question. *Given:* the table. *Done when* all four are right.
#
# | brief | the question is about | A | B | C |
# |---|---|---|---|---|
# | tunes | tunes never heard | shuffle the parts of all tunes, a tenth for the test | both parts of a tune, and all tunes nearly like it, on one side | whole keys for the test |
# | dates | days never seen, in the eight languages | write 20,000 random dates in random languages, a tenth for the test | divide the days, then write each side in the eight languages | divide the languages |
# | films | drawings never seen | divide the drawings, then make films of each side | make films, then divide them | first six frames of each film to train, the last two for the test |
# | rates | tomorrow | shuffle windows of forty days | even years to train, odd years for the test | early years to train, the next for validation, the last for the test |

# %% tags=["exercise"]
splits = {"tunes": ..., "dates": ..., "films": ..., "rates": ...}  # "A", "B" or "C" for each
### BEGIN SOLUTION
splits = {"tunes": "B", "dates": "B", "films": "A", "rates": "C"}
### END SOLUTION

# %% tags=["check"]
splits = exercise("30.1", splits)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Take one row of the test. Is there a row in training that shares with it what the question calls *never seen*?
# </details>
# <details><summary>Fuller hint</summary>
#
# 20,000 dates drawn from 36,525 days meet many days twice. Many tunes stand in the collection under two names, in two keys. And who trains on 2006 knows how 2005 ended.
# </details>

# %% [markdown]
# ## The rubric
#
# Twenty points. Every line can be decided by looking: it is there or it is not. Read it *before* you begin; it is the plan, too.
#
# | part | one point for each |
# |---|---|
# | **question** (3) | it is a question · it could come out as no · data and measure are named |
# | **baselines** (4) | one that knows nothing · one that somebody would use · that one tuned with as many tries as the network · choices made on a validation part |
# | **claim** (5) | five seeds or more · their standard error · differences taken in pairs (same seed, or same test rows) · how far the *test part* itself is luck · the test part met once |
# | **gradients** (5) | asked beforehand what the map should tell · over all seeds · a control: the tool on a model whose answer is known, or on random weights · an input changed, and the output watched · what the map does not show |
# | **what failed** (3) | it is told · with its number · what you would try next |
#
# There is no point for a good result. A "no" that can be trusted has twenty.

# %% [markdown]
# ### Exercise 30.2 · In pairs (8 min, ●●○)
#
# Two models, the same S seeds: the same batches in the same order, perhaps the same start. What luck they share cancels in the difference, seed by seed:
#
# $$d_s = b_s - a_s, \qquad \mathrm{SE} = \frac{\mathrm{std}(d)}{\sqrt S}$$
#
# *Goal:* the mean of the differences and its standard error. *Given:* the errors `one` ($a$) and `other` ($b$). *Done when* the check says ✓.


# %% tags=["exercise"]
def paired(one, other):
    """Mean of other − one over the seeds, and the standard error of that mean.

    one, other: results of two models with the same S seeds, (S,) each, S ≥ 2. Returns two numbers.
    """
    ### BEGIN SOLUTION
    difference = other - one
    return difference.mean(), difference.std() / len(difference) ** 0.5
    ### END SOLUTION


# %% tags=["check"]
paired = exercise("30.2", paired)

# %% [markdown]
# <details><summary>Hint</summary>
#
# First the S differences. All that follows is the mean of S numbers, and how far such a mean is off.
# </details>
# <details><summary>Fuller hint</summary>
#
# `difference = other - one`, its `.mean()`, and `.std() / len(difference) ** 0.5`; torch's `.std()` divides by S − 1, which is right for a sample.
# </details>

# %% [markdown]
# With five seeds ask for a little more than two standard errors: the scatter itself is known from five numbers only. (Student's t: 2.8 for one chance in twenty.)

# %% [markdown]
# ### Exercise 30.3 · What may you say? (8 min, ●●●)
#
# *Goal:* does the table support the sentence? *Given:* a table of errors on 200 test films, made up for this exercise; ± is the standard error over the same five seeds. *Done when* all six are right.
#
# | model | settings tried | error | against the baseline, in pairs | against the LSTM, in pairs |
# |---|---|---|---|---|
# | baseline (no seeds) | 9 | 0.412 | | |
# | RNN | 9 | 0.418 ± 0.010 | +0.006 ± 0.010 | +0.047 ± 0.015 |
# | LSTM | 9 | 0.371 ± 0.012 | −0.041 ± 0.012 | |
# | LSTM with attention | 1 | 0.381 ± 0.011 | −0.031 ± 0.011 | +0.010 ± 0.009 |
#
# | | sentence |
# |---|---|
# | A | On these films a trained LSTM has, on average, a lower error than the baseline. |
# | B | The RNN and the baseline are equally good. |
# | C | Attention does not help on this task. |
# | D | On these films a trained LSTM has, on average, a lower error than a trained RNN. |
# | E | With any other 200 films the LSTM would be ahead of the baseline, too: its lead is more than three standard errors. |
# | F | The LSTM decides by the last frame: there the gradient of the first network is largest. |

# %% tags=["exercise"]
supported = {"A": ..., "B": ..., "C": ..., "D": ..., "E": ..., "F": ...}  # True or False for each
### BEGIN SOLUTION
supported = {"A": True, "B": False, "C": False, "D": True, "E": False, "F": False}
### END SOLUTION

# %% tags=["check"]
supported = exercise("30.3", supported)

# %% [markdown]
# <details><summary>Hint</summary>
#
# For each: over what was the scatter measured, was the rival tuned alike, and does the sentence say *no difference* where none was found?
# </details>
# <details><summary>Fuller hint</summary>
#
# Two are supported. The seeds tell of other trainings, not of other films. A difference of 0.006 ± 0.010 could in truth be 0.02.
# </details>

# %% [markdown]
# ## A worked example
#
# **The question.** An LSTM watches the dollar and says how restless tomorrow will be. *How far back does it look, and does it look where a running mean looks?* Data: sizes of the daily moves, 1999 to 2024, as in brief 4. Measure: squared error, and
# $\partial y_t / \partial x_{t-k}$, the weight of the day k days ago. A "no" would be: it looks at the last few days, the running mean at months; or it forecasts better, by looking elsewhere.
#
# **The baselines.** One that knows nothing: the training years' mean. One that is used: the running mean, its $w$ the best of nine. The LSTM gets two learning rates, five seeds each, and we report *both* rates: so nothing is chosen but the step at which each
# training stops, on the validation years.


# %%
class Watcher(nn.Module):
    """Reads the sizes day by day, and on each day forecasts the next. (N, T, 1) → (N, T, 1)."""

    def __init__(self, H=8):
        super().__init__()
        self.lstm, self.read = nn.LSTM(1, H, batch_first=True), nn.Linear(H, 1)
        nn.init.constant_(self.lstm.bias_hh_l0[H : 2 * H], 2.0)  # forget gates begin open

    def forward(self, x):
        return self.read(self.lstm(x)[0])


# %%
def draw():
    """32 stretches of 120 days from the training years, and the day after each day."""
    days = torch.randint(first - 121, (32, 1)) + torch.arange(121)
    return size[days][:, :-1, None], size[days][:, 1:, None]


def late_error(model, x, y):  # the first 20 days are for warming up
    return (model(x) - y)[:, 20:].square().mean()


def on_validation(model):
    return missed(model(size[None, :second, None])[0, :, 0], validation).mean()


def train(number, lr):
    seed(number)
    model = Watcher()
    fit(model, late_error, draw, steps=400, lr=lr, clip=1.0, validate=on_validation, every=25, quiet=True)
    return model.requires_grad_(False)


# %%
RATES = (0.003, 0.01)
networks = {}
for lr in RATES:
    networks[lr] = [train(number, lr) for number in range(5)]

# %% [markdown]
# **The claim.** The test years are opened, once. There are two kinds of luck. *Of the training*: five seeds, five errors. *Of the test years*: other years would have given other errors to the very same networks. For the second, take the daily
# difference to the running mean, average it over the seeds, and look how it scatters from one block of sixty days to the next. (Blocks, because restless days come together.)


# %% tags=["nbval-ignore-output"]
def error_of_mean(values):
    return values.std() / len(values) ** 0.5


baseline = missed(smooth, test)  # one number for each day
errors, lead, by_seeds, by_days = {}, {}, {}, {}
for lr in RATES:
    said = torch.stack([model(size[None, :, None])[0, :, 0] for model in networks[lr]])  # (5, T)
    daily = torch.stack([missed(one, test) for one in said])  # (5, days)
    errors[lr] = daily.mean(dim=1)
    difference = 100 * (daily.mean(dim=0) - baseline) / baseline.mean()
    lead[lr] = difference.mean()
    by_seeds[lr] = error_of_mean(100 * errors[lr] / baseline.mean())
    by_days[lr] = error_of_mean(difference[: len(difference) // 60 * 60].view(-1, 60).mean(dim=1))

gap, gap_error = paired(errors[0.003], errors[0.01])  # seed by seed: the same start, the same batches

# %% tags=["folded", "nbval-ignore-output"]
rows, spread = {}, {}
for lr in RATES:
    for kind, scatter in (("seeds", by_seeds), ("days", by_days)):
        rows[f"LSTM, rate {lr}, scatter of {kind}"] = lead[lr]
        spread[f"LSTM, rate {lr}, scatter of {kind}"] = scatter[lr]
rows["LSTM, rate 0.01 less rate 0.003, in pairs"] = 100 * gap / baseline.mean()
spread["LSTM, rate 0.01 less rate 0.003, in pairs"] = 100 * gap_error / baseline.mean()
labels = {"x": "per cent of the running mean's error", "title": "Error of five LSTMs, less that of the running mean"}
plot.dots(rows, spread=spread, levels=[0], **labels)

# %% [markdown]
# The bars are one standard error. No lead over the running mean that these years could show. And compare the two kinds of bars: who reports the seeds alone tells half of the luck.

# %% tags=["claim"]
ahead = max((-lead[lr] / by_days[lr]).item() for lr in RATES)
claim("neither rate is ahead of the running mean by two standard errors, by the scatter of the days", ahead, at_most=2)

# %% [markdown]
# The two rates do not differ either, as far as five pairs can tell. What all of them know is worth having: a good part of the error of "as usual" is gone.

# %% tags=["claim"]
usual_error = missed(usual[0].expand(T), test).mean()
gone = min((1 - errors[lr].mean() / usual_error).item() for lr in RATES)
claim("both rates: at least 15 % of the error of the training years' mean is gone", gone, at_least=0.15)
claim("in pairs the two rates are less than 2.8 standard errors apart", (gap / gap_error).abs(), at_most=2.8)

# %% [markdown]
# **The gradients.** The same error; by the same means? For the running mean the answer is known in closed form, $\partial y_t / \partial x_{t-k} = (1 - w)\, w^k$. It serves as the *control*: the tool has to find that curve. For the networks,
# `sequence_jacobian` gives all $\partial y_t / \partial x_s$ on the last 250 days before the test; each diagonal of that matrix is one lag, averaged over the last 150 days.
#
# **Before you run:** of the LSTM's weights on the last hundred days, which share lies on the last five? (For the running mean it is about a seventh.)

# %% tags=["predict"]
predict("30.a", ...)  # a share, mean of the ten networks


# %%
def weight_by_lag(model, x):
    """∂y_t/∂x_{t−k}, k = 0 … 99, mean over the last 150 days t. x: (1, 250, 1). Returns (100,)."""
    jacobian = sequence_jacobian(model, x)[0, :, 0, :, 0]  # (250, 250), row t, column s
    return torch.stack([jacobian.diagonal(-k)[-150:].mean() for k in range(100)])


late = size[None, second - 250 : second, None]
maps = {}
for lr in RATES:
    maps[lr] = torch.stack([weight_by_lag(model, late) for model in networks[lr]])  # (5, 100)
control = weight_by_lag(lambda x: running_mean(x, w, usual[:1]), late)
known = (1 - w) * w ** torch.arange(100)

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(1, 2, size=(6, 3.6), sharey=True)
for ax, lr in zip(axes, RATES):
    for row in maps[lr]:
        ax.plot(row, color=plot.COLOURS["lstm"], linewidth=1.5)
    ax.plot([], color=plot.COLOURS["lstm"], linewidth=1.5, label="five LSTMs")
    ax.plot(control, color="black", linewidth=2.5, label="running mean")
    ax.axhline(0, color="black", linewidth=1)
    ax.set(xlabel="lag k (days)", title=f"learning rate {lr}")
    ax.legend()
axes[0].set_ylabel("∂y(t) / ∂x(t − k)")
fig

# %% [markdown]
# Far back: weeks and months, like the running mean. Most of the weight is older than a week, in nearly every network. (Now and then a training goes wrong, and with it the map: one more reason for ten.)
#
# But look at the left end, at today ($k = 0$). Some networks go up there, others *below zero*: a restless today makes their forecast for tomorrow *calmer*.

# %% tags=["claim"]
last_week = torch.cat([maps[lr][:, :5].sum(dim=1) / maps[lr].sum(dim=1) for lr in RATES])
outcome("30.a", last_week.mean())
claim("the control: the tool finds the running mean's known curve", (control - known).abs().max(), at_most=1e-5)
early = (last_week > 0.4).sum()
claim("in at least eight of the ten networks at most 0.4 of the weight lies on the last five days", early, at_most=2)

# %% [markdown]
# **An input changed.** Is that a whim of the gradient? Make today more restless by a whole standard deviation, on each of a hundred days, and watch each network's forecast.


# %%
windows = size[second - 250 : second].unfold(0, 151, 1)[..., None]  # (100, 151, 1): the last day of each is "today"
restless = windows.clone()
restless[:, -1] += 1
moved = {}  # mean change of the forecast, for each of the five
for lr in RATES:
    changes = [(model(restless) - model(windows))[:, -1].mean() for model in networks[lr]]
    moved[lr] = torch.stack(changes)

# %% tags=["folded", "nbval-ignore-output"]
fig, ax = plot.panels(size=(7.2, 2.8))
for height, lr in enumerate(RATES):
    ax.plot(moved[lr], [height] * 5, "o", color=plot.COLOURS["lstm"], markersize=9, alpha=0.7)
ax.plot([1 - w], [2], "o", color="black", markersize=9)
ax.axvline(0, color="black", linewidth=1.5, linestyle="--")
ax.set_yticks([0, 1, 2], ["LSTM, rate 0.003", "LSTM, rate 0.01", "running mean"])
ax.set(xlabel="mean change of the forecast", ylim=(-0.6, 2.6), title="Today more restless by 1: each network a dot")
fig

# %% [markdown]
# No whim: most networks do what their gradients say, up or down (a gradient speaks of small steps, and 1 is not small: near zero the two may part). So the maps are right, about the *networks*.

# %% tags=["claim"]
everyone = torch.cat([moved[lr] for lr in RATES])
agree = (everyone.sign() == torch.cat([maps[lr][:, 0] for lr in RATES]).sign()).sum()
claim("at least seven of ten forecasts move to the side that the gradient names", agree, at_least=7)
fewer = min((everyone > 0).sum().item(), (everyone < 0).sum().item())
claim("at least two of the ten networks go up, and at least two go down", fewer, at_least=2)

# %% [markdown]
# And the market? Regress tomorrow's size on the running mean and on today's size together, over all days before the test: today's coefficient is
# what today tells beyond the running mean.
#
# **Before you run:** is it positive, negative, or neither, that is, within two standard errors of zero?

# %% tags=["predict"]
predict("30.b", ...)  # "positive", "negative" or "neither"

# %%
columns = torch.stack([torch.ones(second - 1), smooth[: second - 1], size[: second - 1]], dim=1).double()
goal = size[1:second].double()
inverse = torch.linalg.inv(columns.T @ columns)
coefficients = inverse @ columns.T @ goal
left_over = goal - columns @ coefficients
scatter = inverse @ (columns.T * left_over.square()) @ columns @ inverse  # days may scatter unequally
today, today_error = coefficients[2], scatter[2, 2].sqrt()

# %% tags=["claim"]
ratio = today / today_error
outcome("30.b", "neither" if ratio.abs() < 2 else "positive" if ratio > 0 else "negative")
claim("today's coefficient in the market is less than one standard error from zero", ratio.abs(), at_most=1)

# %% [markdown]
# Neither: beyond the running mean, today tells nothing that these years could show. Each training has chosen its sign for itself.
#
# **What failed.** Our first look had *three* networks, at rate $0.01$. At today all three lay below zero, and a sentence was half written: "a restless day is followed by relief". Two more seeds, a second rate and one regression
# took it away. What the maps do not show, then: anything about *markets* on which ten networks do not agree; and nothing about other years. Next, we would feed all four currencies (that is brief 4), and add a penalty
# that makes neighbouring lags alike, to see whether the ten agree then.
#
# **Its grade.** Nineteen of twenty: what the map should tell was asked beforehand for the look-back, but not for today's sign, which we only noticed in the figure.

# %% [markdown]
# ### Exercise 30.4 · Grade a report (10 min, ●●○)
#
# *Goal:* the points of each part, by the rubric above. *Given:* a report, made up for this exercise. *Done when* all five are right.
#
# > Can a GRU tell a jig from a reel by its first bar, better than one can by counting tokens? We measure accuracy on the 92 test parts of the tunes; equal accuracy would be a no. "Always reel" is right for 0.55 of them. A classifier on token counts, as it comes out of the
# > box, has 0.88. We trained GRUs with three learning rates and report the one that is best on the test part: 0.93 ± 0.01, mean and standard error of five seeds. Before we looked, we asked: does the GRU use the bar line? Gradient × input of our first GRU is largest there. Then we took the bar lines out of the input,
# > and the accuracy fell to 0.74. The GRU fails on parts that begin with an upbeat: of those only 0.61 are right.

# %% tags=["exercise"]
points = {"question": ..., "baselines": ..., "claim": ..., "gradients": ..., "failed": ...}  # out of 3, 4, 5, 5, 3
### BEGIN SOLUTION
points = {"question": 3, "baselines": 2, "claim": 2, "gradients": 2, "failed": 2}
### END SOLUTION

# %% tags=["check"]
points = exercise("30.4", points)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Go through the rubric line by line and put your finger on the words that earn the point. No words, no point.
# </details>
# <details><summary>Fuller hint</summary>
#
# Which part chose the learning rate? How many GRUs have a map? Is there a difference in pairs, or two numbers side by side? Eleven points in all.
# </details>

# %% [markdown]
# ## What you can now do
#
# - **A question that can come out as no**, a baseline tuned as hard as the favourite, and a split in which nothing of the test was seen.
# - **Sentences that hold**: pairs of seeds, their standard error, and the luck of the test part beside it. "None found" is not "equal".
# - **A project of your own**: plan it by the rubric, let somebody else grade it by the rubric. The gradient says what *this* network does; that all networks do it, or that the world does, needs more.

# %% [markdown]
# **Where people use this.** In good papers, and in honest reports at work. **Where it fails.** Seeds and standard errors do not protect from a wrong question, or from a leak: [lesson 27](27_debugging.ipynb) looks for the bugs that a curve hides,
# [lesson 25](25_trusting_maps.ipynb) tests maps, [lesson 26](26_explaining_seq2seq.ipynb) has true alignments to hold them against.
#
# **Where to go from here.** Take a brief, and a weekend. Copy the cells that you need from [lesson 12](12_forecasting.ipynb), [15](15_tunes.ipynb), [16](16_video.ipynb) or [20](20_attention.ipynb) into a notebook of your own; `lstmkit.gradients` works on your own models as well
# ([lesson 22](22_output_gradients.ipynb)), [lesson 28](28_designing_inputs.ipynb) asks for the input that gives a wanted output, [lesson 29](29_state_dynamics.ipynb) for what the state does alone. Beyond recurrence, [lesson 20](20_attention.ipynb) ends at the door of the Transformer; the habits stay the same.

# %% [markdown]
# <details><summary>Test yourself: your LSTM is ahead by three standard errors of the seeds. A reader says "lucky test part". What do you show?</summary>
#
# The scatter over the rows of the test: differences row by row (or by blocks, where neighbours hang together), and their standard error. Or a second test part.
# </details>
# <details><summary>Test yourself: you tried twenty questions on the same data, and one came out with two standard errors. What have you found?</summary>
#
# What dice find: one in twenty lies so far off by chance. Say how many you tried, and ask that one again of data that you have not looked at.
# </details>
# <details><summary>Test yourself: ten networks agree on a map. Does the world work like that?</summary>
#
# They may agree because they were trained alike, on the same data with the same gaps. Change the input, ask the data directly (here: a regression), and say what you could not test.
# </details>
#
# *Further reading.* X. Bouthillier and others, "Accounting for variance in machine learning benchmarks", *MLSys* (2021): seeds, splits and what else varies. P. Henderson and others, "Deep reinforcement learning that matters", *AAAI* (2018). G. Melis, C. Dyer, P. Blunsom, "On the
# state of the art of evaluation in neural language models", *ICLR* (2018): an LSTM tuned as hard as its rivals. A. D'Amour and others, "Underspecification presents challenges for credibility in modern machine learning", *JMLR* 23 (2022): same error, different networks. *Data:*
# European Central Bank, euro foreign exchange reference rates; Ryan's Mammoth Collection; Unicode's CLDR; the digits of scikit-learn.
