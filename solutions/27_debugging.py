# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 27 · Debugging
#
# **What does a network depend on that it should not?**
#
# After this lesson you will be able to
# - write tests that find a bug by what the gradient *reaches*: later steps, other sequences, padding, the answer,
# - measure how far back a network remembers, and whether its gradient explodes,
# - put a network before `audit` and read its table.
#
# Needs: gradients with respect to the input, `gradient_flow` and `path_shares` ([lesson 22](22_output_gradients.ipynb)), LSTM and RNN (04 and 01), padded
# batches (02). About 75 minutes. Mapping: all five.

# %%
import torch
from torch import nn
from lstmkit import claim, exercise, fit, gradients, models, plot, seed
from lstmkit.data.oscillator import oscillations
from lstmkit.exercises.lesson_18 import suspects

seed(0)

# %% tags=["nbval-ignore-output"]
plot.mapping(["many-to-one", "many-to-many, aligned", "encoder-decoder"])

# %% [markdown]
# ## Three tasks
#
# A swing, measured with noise: x is the noisy curve, (N, T, 1), T = 24 steps, N sequences in a batch.
#
# | task | the network reads | it answers |
# |---|---|---|
# | **forecast**, aligned | x, step by step | the true curve two steps ahead, (N, T, 1) |
# | **read**, many-to-one | x, cut at 12 to 24 steps and padded with zeros; the lengths | the frequency, (N, 1) |
# | **continue**, encoder–decoder | x up to step 16 | the true curve from there on, (N, 8, 1) |
#
# Why two steps ahead? So that the network has to know how the swing *moves*: one noisy measurement does not say. Of a forecaster
# we shall therefore ask that half of its sensitivity reach back three steps or more. The three are a rule of thumb.


# %% tags=["nbval-ignore-output"]
def forecast(N=64):
    """One batch of the first task: (inputs, y)."""
    curve = oscillations(N, 26).y[..., None]
    return ((curve + 0.3 * torch.randn_like(curve))[:, :24],), curve[:, 2:]


(x,), y = forecast(1)
lines = {"x, as measured": x[0, :, 0], "y, to be forecast": y[0, :, 0]}
plot.series(lines, x="step", y="position", title="A noisy swing, and where it will be two steps later")


# %%
def read(N=64):
    """One batch of the second task: ((x, lengths), frequency)."""
    p, curve = oscillations(N, 24)
    lengths = torch.randint(12, 25, (N,))
    noisy = (curve + 0.3 * torch.randn_like(curve)) * (torch.arange(24) < lengths[:, None])
    return (noisy[..., None], lengths), p[:, 1:2]


def go_on(N=64):
    """One batch of the third task: ((x, target), target); the target goes in for teacher forcing."""
    curve = oscillations(N, 24).y[..., None]
    return ((curve + 0.3 * torch.randn_like(curve))[:, :16], curve[:, 16:]), curve[:, 16:]


# %% [markdown]
# ## Six networks
#
# Six networks, such as come up for review every day. Each of them trains. Each has *one* bug. Read them slowly, with their comments:
# the authors meant well. The first four forecast.
#
# After that they are trained, 300 steps each. **Before you run:** which of the six curves will give its network away?


# %%
class Forecaster(nn.Module):  # network 1: Forecaster(bidirectional=True), for two directions see more than one
    def __init__(self, layer=nn.LSTM, H=32, batch_first=True, bidirectional=False):
        super().__init__()
        self.layer = layer(1, H, batch_first=batch_first, bidirectional=bidirectional)
        self.read = nn.Linear(2 * H if bidirectional else H, 1)

    def forward(self, x):
        return self.read(self.layer(x)[0])


class TimeFirst(Forecaster):  # network 2: has batch_first=False, so time goes on the first axis
    def forward(self, x):
        N, T, D = x.shape
        h, _ = self.layer(x.reshape(T, N, D))
        return self.read(h.reshape(N, T, -1))


class Online(Forecaster):  # network 3: answers at once, as the measurements come in
    def forward(self, x):
        h = [self.layer(x_t)[0] for x_t in x.split(1, dim=1)]
        return self.read(torch.cat(h, dim=1))


class Lively(Forecaster):  # network 4: an RNN whose recurrent weights start from the standard normal distribution
    def __init__(self):
        super().__init__(nn.RNN)
        nn.init.normal_(self.layer.weight_hh_l0)


# %%
class Reader(nn.Module):  # network 5: reads the frequency from the state after the last step
    def __init__(self, H=32):
        super().__init__()
        self.layer, self.read = nn.LSTM(1, H, batch_first=True), nn.Linear(H, 1)

    def forward(self, x, lengths):
        h, _ = self.layer(x)
        return self.read(h[:, -1])


# network 6: reads x, writes on. Teacher forcing: while it learns, it is shown the true curve
class Continuer(nn.Module):
    def __init__(self, H=32):
        super().__init__()
        self.encoder, self.decoder = nn.LSTM(1, H, batch_first=True), nn.LSTM(1, H, batch_first=True)
        self.read = nn.Linear(H, 1)

    def forward(self, x, target):
        _, state = self.encoder(x)
        return self.read(self.decoder(target, state)[0])


# %% tags=["nbval-ignore-output"]
def train(network, task):
    """300 steps of Adam on the squared error. Returns the mean loss of every ten steps, (30,)."""

    def loss(network, inputs, y):
        return nn.functional.mse_loss(network(*inputs), y)

    losses = fit(network, loss, task, steps=300, lr=4e-3, clip=1.0, quiet=True).losses
    return torch.tensor(losses).view(30, 10).mean(1)


networks = [Forecaster(bidirectional=True), TimeFirst(batch_first=False), Online(), Lively(), Reader(), Continuer()]
networks = {f"network {number}": network for number, network in enumerate(networks, 1)}
tasks = dict(zip(networks, [forecast, forecast, forecast, forecast, read, go_on]))
curves = {name: train(network, tasks[name]) for name, network in networks.items()}
plot.series(curves, range(5, 300, 10), x="step", y="mean squared error", log=True, title="All six go down")

# %%
left = max(curve[-1] / curve[0] for curve in curves.values())
claim("every network's loss falls by at least a fifth", left, at_most=0.8)
height = curves["network 3"][-1] / curves["network 2"][-1]
claim("networks 2 and 3 come to the same height", height, close_to=1, tolerance=0.15)

# %% [markdown]
# Every curve falls; most come to rest. None gives its network away by its shape. By its height? You would have to know how low each
# *should* come; the lowest ones look best. Hold that thought, and one more: networks 2 and 3 lie on top of each other (one line may hide the
# other). What could two such different bugs have in common?
#
# ### Exercise 27.1 · By eye (15 min, ●●○)
#
# *Goal:* name each bug from the code alone. *Given:* six names, each the right answer once. *Done when* the check says ✓; wrong ones come
# back with a hint.
#
# | name | what is wrong |
# |---|---|
# | `"causal"` | an output depends on a *later* input step |
# | `"independent"` | an output depends on *another sequence* of the batch |
# | `"padding"` | an output depends on padded steps |
# | `"memory"` | the network forgets at once |
# | `"growth"` | its gradient explodes |
# | `"target"` | an output is computed from the answer that it should give |

# %% tags=["exercise"]
bugs = {f"network {number}": ... for number in range(1, 7)}  # your answer, a name each: bugs["network 1"] = "growth"
### BEGIN SOLUTION
bugs = dict(zip(bugs, ["causal", "independent", "memory", "growth", "padding", "target"]))
### END SOLUTION

# %% tags=["check"]
bugs = exercise("27.1", bugs)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Follow one number of the input. In network 2, write the numbers 0 … 5 into an x of shape (2, 3, 1) and reshape it to (3, 2, 1): who
# sits beside whom? In network 3, what does `self.layer(x_t)` start from?
# </details>
# <details><summary>Fuller hint</summary>
#
# 4: products of large matrices. 5: `h[:, -1]` of a short sequence comes after its padding. 6: to put out `target[:, t]`, the
# decoder has read `target[:, t]`. The three that remain follow.
# </details>
#
# ## Ask the gradient
#
# Reading works on ten lines. For real code, write a test. Every one of these bugs is a statement about *dependence*, and dependence
# is what a gradient measures: where no path leads, it is exactly zero.
#
# ### Exercise 27.2 · Causality (15 min, ●●○)
#
# *Goal:* the largest $|\partial y_{n,t,k} / \partial x_{n,s,d}|$ with $s > t$: zero for a model that does not see the future. *Given:*
# a `model` from (N, T, D) to (N, T, K), and `x`. *Done when* the check says ✓. One of its models leaks at a single step only.


# %% tags=["exercise"]
def sees_future(model, x):
    """The largest influence of a later input on an output.

    model: (N, T, D) → (N, T, K). x: (N, T, D). Returns a tensor without axes, 0 for a causal model.
    """
    ### BEGIN SOLUTION
    x = x.detach().clone().requires_grad_()
    y, worst = model(x), torch.zeros(())
    for t in range(y.shape[1] - 1):
        for k in range(y.shape[2]):
            grad = torch.autograd.grad(y[:, t, k].sum(), x, retain_graph=True)[0]
            worst = torch.maximum(worst, grad[:, t + 1 :].abs().max())
    return worst
    ### END SOLUTION


# %% tags=["check"]
sees_future = exercise("27.2", sees_future)

# %% [markdown]
# <details><summary>Hint</summary>
#
# It is Exercise 22.2, and of each gradient only the part behind step t: `grad[:, t + 1 :]`. The last step has no future.
# </details>
# <details><summary>Fuller hint</summary>
#
# Two loops, over t and over k: `torch.autograd.grad(y[:, t, k].sum(), x, retain_graph=True)[0]`. Summing over k is not
# allowed: two outputs can cancel. Summing over the batch is, as long as no sequence depends on another; 27.4 tests that. Keep the
# largest absolute value.
# </details>
#
# ### Exercise 27.3 · How long is its memory? (10 min, ●●○)
#
# *Goal:* one number for how far back a network looks: the smallest lag k such that lags 0 … k hold at least half of the total
# sensitivity. *Given:* `sizes`, (T,): the mean size of $\partial y_t/\partial x_{t-\text{lag}}$ for each lag (`gradients.gradient_flow`
# measures it). *Done when* the check says ✓. Why half, and not the last lag that is not zero? Because a faint trace of everything is
# left for ever: 0.8 to the power of twenty is not zero, and no memory either.


# %% tags=["exercise"]
def memory_length(sizes):
    """The lag within which half of the sensitivity lies. sizes: (T,), none negative. Returns a whole number from 0 to T − 1."""
    ### BEGIN SOLUTION
    share = sizes.cumsum(0) / sizes.sum()
    return int((share < 0.5).sum())
    ### END SOLUTION


# %% tags=["check"]
memory_length = exercise("27.3", memory_length)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `sizes.cumsum(0)` holds at place k what lags 0 … k have together.
# </details>
# <details><summary>Fuller hint</summary>
#
# Count the places at which the running share is still *below* one half: that many lags are not enough, so this count is k.
# </details>
#
# ### Exercise 27.4 · Across the batch (10 min, ●●○)
#
# *Goal:* who depends on whom: a matrix whose entry [n, m] is the norm of $\partial(\text{sum of } y_n)/\partial x_m$. For a sound model
# only its diagonal is not zero. *Given:* a `model` from (N, T, D) to (N, T, K), and `x`. *Done when* the check says ✓.


# %% tags=["exercise"]
def batch_matrix(model, x):
    """The influence of each sequence on each other one.

    model: (N, T, D) → (N, T, K). x: (N, T, D). Returns (N, N): row n for the output, column m for the input.
    """
    ### BEGIN SOLUTION
    x = x.detach().clone().requires_grad_()
    y = model(x)
    rows = [torch.autograd.grad(one.sum(), x, retain_graph=True)[0].flatten(1).norm(dim=1) for one in y]
    return torch.stack(rows)
    ### END SOLUTION


# %% tags=["check"]
batch_matrix = exercise("27.4", batch_matrix)

# %% [markdown]
# <details><summary>Hint</summary>
#
# One backward pass for each sequence n, from `y[n].sum()`. Its gradient has the shape of x: a block (T, D) for each sequence m.
# </details>
# <details><summary>Fuller hint</summary>
#
# `grad.flatten(1).norm(dim=1)` makes one number of each block: that is row n. `torch.stack` the rows.
# </details>
#
# Now look at the first four networks through these windows. Rows are outputs, columns inputs; the fourth
# panel shows the size by lag. **Before you run:** what would each of the four look like for a sound network?

# %% tags=["nbval-ignore-output"]
(x,), _ = forecast(16)
one, two, three, four = list(networks.values())[:4]
flow = {"network 4": gradients.gradient_flow(four, x).norms, "network 1": gradients.gradient_flow(one, x).norms}
fig, axes = plot.panels(2, 2, size=(6, 4))
steps = {"x": "input step", "y": "output step", "scale": "mean size of the gradient", "signed": False}
first, third = (gradients.sequence_jacobian(network, x, norms=True).mean(0) for network in (one, three))
plot.heatmap(first, **steps, title="1: something above the diagonal", ax=axes[0, 0])
batch = {"x": "input sequence", "y": "output sequence", "scale": "norm (dark: ≥ 0.3)", "signed": False, "limit": 0.3}
plot.heatmap(batch_matrix(two, x), **batch, title="2: something beside the diagonal", ax=axes[0, 1])
plot.heatmap(third, **steps, title="3: nothing but the diagonal", ax=axes[1, 0])
plot.series(flow, x="lag", y="mean size of the gradient", log=True, title="4: the older, the larger", ax=axes[1, 1])
fig

# %%
sound = Forecaster()
sound_curve = train(sound, forecast)
memory = {
    name: memory_length(gradients.gradient_flow(model, x).norms) for name, model in [("3", three), ("sound", sound)]
}
off = 1 - torch.eye(16)
claim("network 1 sees the future", sees_future(one, x), at_least=1e-2)
claim("a sound forecaster does not: exactly zero", sees_future(sound, x), close_to=0, tolerance=0)
claim("network 2 mixes the batch", (batch_matrix(two, x) * off).max(), at_least=1e-2)
claim("a sound forecaster does not: exactly zero there", (batch_matrix(sound, x) * off).max(), close_to=0, tolerance=0)
claim("network 3 remembers nothing: half of its sensitivity is at lag 0", memory["3"], close_to=0, tolerance=0)
claim("a sound forecaster looks back at least three steps", memory["sound"], at_least=3)
claim(
    "network 4's gradient grows by at least 10 % with every step", gradients.gradient_flow(four, x).factor, at_least=1.1
)

# %% [markdown]
# ## One tool
#
# `gradients.audit(model, batch)` asks all of these questions at once, and two more: it looks at padded steps if you give it the
# `lengths`, and changes the `target` step by step if you give it one. `memory=3` is our rule of thumb from above. A line
# says ✓, ✗, or – where the question was not asked, or could not be judged. Here it is on network 1, and then, as a table, on all six. **Before you run:** if your
# answers to 27.1 hold, where will the six crosses stand?


# %%
def examine(network, task, **options):
    """The audit of a network on 16 sequences of its task."""
    inputs, y = task(16)
    if task is read:
        return gradients.audit(network, inputs, lengths=inputs[1], **options)
    if task is go_on:
        return gradients.audit(network, inputs[0], target=y, **options)
    return gradients.audit(network, inputs, **options)


words = {True: "passes", False: "FAILS", None: "–"}  # `print(report)` writes ✓ ✗ – instead
for line in examine(one, forecast, memory=3):
    print(f"{line.name:<12} {words[line.ok]:<7} {line.verdict}")


# %% tags=["nbval-ignore-output"]
def table(reports, title):
    """A row for each report, a column for each line: ✓, ✗, or – where it was not asked or not judged."""
    marks = [[{True: -0.4, False: 1.0, None: 0.0}[line.ok] for line in report] for report in reports.values()]
    names = [line.name for line in next(iter(reports.values()))]
    fig = plot.heatmap(marks, limit=1.5, xticks=names, yticks=list(reports), title=title)
    fig.axes[1].remove()  # the scale of colours: the signs say it
    for row, report in enumerate(reports.values()):
        for column, line in enumerate(report):
            fig.axes[0].text(
                column, row, {True: "✓", False: "✗", None: "–"}[line.ok], ha="center", va="center", size=14
            )
    return fig


reports = {name: examine(network, tasks[name], memory=3) for name, network in networks.items()}
table(reports, "Six networks, six bugs, six crosses")

# %%
for name, report in reports.items():
    failed = [line.name for line in report if line.ok is False]
    print(name, "fails:", ", ".join(failed))
found = [[line.name for line in report if line.ok is False] == [bugs[name]] for name, report in reports.items()]
claim("audit finds each bug by exactly its line", sum(found), close_to=6, tolerance=0)

# %% [markdown]
# Where the batch is mixed (network 2), no line about *time* is judged: steps and sequences lie on top of each other. Mend
# the batch first. And that is what networks 2 and 3 had in common: neither saw a single step of its own sequence's past. One had exchanged
# it for other sequences, one had thrown it away.
#
# ## Mended
#
# One line each. Network 1 reads forwards only; networks 2 and 3 are then the plain `Forecaster` too: leave the axes to `batch_first`, and
# give the layer the whole sequence, so that it carries its own state. Network 4 keeps torch's initialisation. The two others:


# %% tags=["nbval-ignore-output"]
class MendedReader(Reader):
    def forward(self, x, lengths):
        h, _ = self.layer(x)
        return self.read(h[torch.arange(len(x)), lengths - 1])  # each sequence's own last step


class MendedContinuer(Continuer):
    def forward(self, x, target):
        _, state = self.encoder(x)
        shifted = torch.cat([x[:, -1:], target[:, :-1]], dim=1)  # to write step t, it is shown step t − 1
        return self.read(self.decoder(shifted, state)[0])


mended = {
    "1, 2, 3 mended": sound,
    "4 mended": Forecaster(nn.RNN),
    "5 mended": MendedReader(),
    "6 mended": MendedContinuer(),
}
task_of = dict(zip(mended, [forecast, forecast, read, go_on]))
ends = {name: train(network, task_of[name])[-1] for name, network in mended.items() if network is not sound}
clean = {name: examine(network, task_of[name], memory=3) for name, network in mended.items()}
table(clean, "Mended: no cross is left")

# %% [markdown]
# The table is clean. **Before you run:** are the losses lower, too?
#
# And in use? There the future is not there: at step t network 1 gets x up to t, and nothing after. Will it then be as good as the
# mended one? As good as network 3, which forgets everything?


# %%
def in_use(network):
    """The squared error when each forecast is made from the past alone, over 500 swings and all steps from 6 on."""
    (x,), y = forecast(500)
    with torch.no_grad():
        last = [network(x[:, : t + 1])[:, -1] for t in range(6, 24)]
    return (torch.stack(last, dim=1) - y[:, 6:]).square().mean()


claim("every mended network passes every line that could be asked", is_true=all(r.passed for r in clean.values()))
claim("mended, network 3 has at most two thirds of its loss", sound_curve[-1] / curves["network 3"][-1], at_most=0.67)
claim("mended, network 1 has at least twice its loss", sound_curve[-1] / curves["network 1"][-1], at_least=2)
claim("mended, network 6 has at least twice its loss", ends["6 mended"] / curves["network 6"][-1], at_least=2)
used, without_bug, without_memory = (in_use(network) for network in (one, sound, three))
claim("in use, network 1's error is at least twice what its curve said", used / curves["network 1"][-1], at_least=2)
claim("and at least one and a half times the mended network's", used / without_bug, at_least=1.5)
claim("and at least 0.7 of network 3's, which has no memory at all", used / without_memory, at_least=0.7)

# %% [markdown]
# Mending networks 1 and 6 made their loss *worse*, and that is right: they had been given what they will not have when it counts. The best
# curve of all was the worst bug. And network 1, whose curve came lowest of the four forecasters, is in use almost as bad as having no memory.
#
# And network 5? It answers from the state after the padding, and yet its curve came down far: it had
# learned to wait through the zeros. Now the same 500 swings come in a batch with one longer sequence: twelve zeros more behind each.
# **Before you run:** what will they do to it, and to the mended one?

# %%
(swings, lengths), frequency = read(500)
longer = torch.cat([swings, torch.zeros(500, 12, 1)], dim=1)
with torch.no_grad():
    waits, reads = (
        [(network(curve, lengths) - frequency).square().mean() for curve in (swings, longer)]
        for network in (networks["network 5"], mended["5 mended"])
    )
claim("padded as in training, its error is at most 1.5 times the mended network's", waits[0] / reads[0], at_most=1.5)
claim("with twelve zeros more, it is at least four times what it was", waits[1] / waits[0], at_least=4)
claim("the mended network does not notice them", reads[1] / reads[0], close_to=1, tolerance=1e-4)

# %% [markdown]
# ## What audit does not find
#
# We first planted another bug as network 3: **closed forget gates**, with a bias of −10, so that $c_t \approx i \circ g$. "It forgets at
# once", we thought. **Before you run:** does it?

# %%
closed = Forecaster()
nn.init.constant_(closed.layer.bias_hh_l0.data[32:64], -10.0)  # i, f, g, o: the second quarter
with torch.no_grad():
    before = gradients.gradient_flow(closed.layer, x).factor
train(closed, forecast)
after = gradients.gradient_flow(closed.layer, x, closed.read).factor
claim("untrained, less than half of the gradient is left with every step", before, at_most=0.5)
claim("trained, more than 0.6 of it is left", after, at_least=0.6)
claim("and audit finds no fault, asked for two steps of memory", is_true=examine(closed, forecast, memory=2).passed)
shares = [gradients.path_shares(network.layer, x, network.read).share for network in (sound, closed)]
share_of_c = [share[:, torch.ones(24, 24).tril(-1).bool()].nanmean() for share in shares]  # all earlier steps
claim("in a sound forecaster c carries at least 0.4 of the gradient to earlier steps", share_of_c[0], at_least=0.4)
claim("here at most 0.1", share_of_c[1], at_most=0.1)

# %% [markdown]
# It does not. The closed gates block one road, through c. Training opened the other: h goes back into the gates at each step, as in a plain
# RNN, and nearly all of the gradient now travels there. Audit passes the network (asked for two steps: with three it stands on the edge),
# and audit is right; our bug was no bug *for this task*. So take a ✓ for what it is: no sign of *these* bugs, on *this* batch. A wrong loss,
# a leak between training and test data, a label that is wrong: none of these is a dependence of outputs on inputs.
#
# And take a – for what it is: no answer. Network 6 was asked two lines of six, and so is the translator below: its outputs have no input
# step of their own, so "later" and "lag" mean nothing there. On what could be asked, the earlier lessons' models pass:

# %%
(swings, lengths), _ = read(16)
words, message = torch.randint(4, 10, (16, 7)), torch.randint(4, 12, (16, 9))
A, B = suspects().values()  # for the last exercise
translator = models.EncoderDecoder(10, 12, 32, attention="additive")


def translate(words, lengths, message):  # Part 4's translator: it is shown its message one step late
    shown = torch.cat([torch.full_like(message[:, :1], models.START), message[:, :-1]], dim=1)
    return translator(words, lengths, shown)


tagger = models.ManyToMany(1, 32, 5, bidirectional=True)  # reads in both directions by intention: causal=False
earlier = {
    "many-to-one": gradients.audit(models.ManyToOne(1, 32, 2), (swings, lengths), lengths=lengths),
    "tagger": gradients.audit(tagger, (swings, lengths), lengths=lengths, causal=False),
    "translator": gradients.audit(translate, (words, torch.full((16,), 7)), target=message),
}
print("the translator was asked:", *[line.name for line in earlier["translator"] if line.ok is not None])
claim("the models of earlier lessons pass what they are asked", is_true=all(r.passed for r in earlier.values()))

# %% [markdown]
# ### Exercise 27.5 · Two unseen networks (20 min, ●●○)
#
# *Goal:* say what is wrong with A and B, whose code you have not seen, and choose the cure. *Given:* A forecasts: call it as
# `A(x)`. B reads: call it as `B(swings, lengths)`. Put both before `audit` as they are, without `memory=` (they are not trained), in
# a cell of your own; `print(A)` shows the layers. *Done when* the check says ✓.
#
# | cure | |
# |---|---|
# | `"a"` | read in one direction only |
# | `"b"` | carry the state from step to step |
# | `"c"` | rescale x with numbers from the training set, not from the sequence itself |
# | `"d"` | give the layer the lengths (pack the batch), so that both directions begin at a real step |

# %% tags=["exercise"]
diagnosis = {"A line": ..., "A cure": ..., "B line": ..., "B cure": ...}  # audit's name of the line, and a letter
### BEGIN SOLUTION
for name, report in {"A": gradients.audit(A, x), "B": gradients.audit(B, (swings, lengths), lengths=lengths)}.items():
    print(name, "fails:", *[line.name for line in report if line.ok is False])
diagnosis = {"A line": "causal", "A cure": "c", "B line": "padding", "B cure": "d"}
### END SOLUTION

# %% tags=["check"]
diagnosis = exercise("27.5", diagnosis)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `print(gradients.audit(A, x))` for A; for B, `gradients.audit(B, (swings, lengths), lengths=lengths)`. The ✗ is the line.
# </details>
# <details><summary>Fuller hint</summary>
#
# A's layer has one direction, and yet an early output depends on late inputs: so they come in *before* the layer. What does one do to
# numbers before a network reads them? B's layer has two directions and answers from the last real step. Its forward half is fine. Where
# does its backward half begin?
# </details>

# %% [markdown]
# ## What you can now do
#
# - **Test dependence**: later steps, other sequences, padding and the answer must have a gradient of exactly zero. One output step at a
#   time, all of them, in absolute value.
# - **Measure memory**: half of the sensitivity within k steps, and a factor per step for fading or growth.
# - **Read a table**: `audit` named six bugs by six lines; mended networks passed what they could be asked. A loss that is *too good* is a finding.
#
# Where it fails: the gradient is taken at one batch, with these weights. A path that is closed there, by a saturated gate or an
# argmax, looks like no path; and what happens outside the network it cannot see.
#
# <details><summary>Test yourself: BatchNorm in a recurrent network. Which line, and is it a bug?</summary>
#
# "independent": in training mode each output depends on the whole batch, by design. In eval mode it must pass; if it does not, find out why.
# </details>
# <details><summary>Test yourself: a forecaster has the target inside its window, but training never used it. Does audit fail it?</summary>
#
# Only if some gradient flows: a weight that training left at (nearly) zero hides the path. Audit an untrained copy as well.
# </details>
#
# *Further reading.* A. Karpathy, "A recipe for training neural networks" (2019) — where the test of the batch by its gradient comes from.
# S. Kaufman et al., "Leakage in data mining", *ACM TKDD* 6 (2012). R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training
# recurrent neural networks", *ICML* (2013).
