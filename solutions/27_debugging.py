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
# **Which bugs do training curves hide?**
#
# After this lesson you will be able to
# - write tests that find a bug by what the gradient *reaches*: later steps, other sequences,
# - put a network before `audit`, read its table, and say what it describes and what it judges,
# - tell a loss that is low from a network that is good.
#
# Needs: the gradient of every output ([lesson 22](22_output_gradients.ipynb)), its roads ([lesson 23](23_gradient_paths.ipynb)), padded batches
# ([lesson 03](03_shape_traps.ipynb)). About 90 minutes. Mapping: many-to-one; many-to-many, aligned; encoder-decoder.

# %%
import torch
from torch import nn
from lstmkit import claim, exercise, fit, gradients, outcome, plot, predict, seed
from lstmkit.data.oscillator import oscillations
from lstmkit.exercises.lesson_27 import suspects

# %% tags=["nbval-ignore-output"]
seed(0)
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
# | **continue**, encoder-decoder | x up to step 16 | the true curve from there on, (N, 8, 1) |
#
# Why two steps ahead? So that a network has to know how the swing *moves*: one noisy measurement does not say. Of a forecaster we
# shall therefore ask that half of its sensitivity reach back three steps or more. The three are a rule of thumb of ours.


# %% tags=["folded", "nbval-ignore-output"]
def forecast(N=64):
    """One batch of the first task: (inputs, y)."""
    curve = oscillations(N, 26).y[..., None]
    return ((curve + 0.3 * torch.randn_like(curve))[:, :24],), curve[:, 2:]


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


(x,), y = forecast(1)
lines = {"x, as measured": x[0, :, 0], "y, to be forecast": y[0, :, 0]}
plot.series(lines, range(1, 25), x="step t", y="position", title="A noisy swing, and where it will be two steps later")

# %% [markdown]
# ## Six networks
#
# Such as come up for review every day. Each of them trains. Each has *one* bug. The first four forecast; read them slowly, with their
# comments: the authors meant well.


# %%
class Forecaster(nn.Module):  # network 1: Forecaster(bidirectional=True), for two see more than one
    def __init__(self, layer=nn.LSTM, H=32, batch_first=True, bidirectional=False):
        super().__init__()
        self.layer = layer(1, H, batch_first=batch_first, bidirectional=bidirectional)
        self.read = nn.Linear(2 * H if bidirectional else H, 1)

    def forward(self, x):
        return self.read(self.layer(x)[0])


class TimeFirst(Forecaster):  # network 2: TimeFirst(batch_first=False), as torch has it
    def forward(self, x):
        N, T, D = x.shape
        h, _ = self.layer(x.reshape(T, N, D))
        return self.read(h.reshape(N, T, -1))


# %%
class Online(Forecaster):  # network 3: answers at once, as the measurements come in
    def forward(self, x):
        h = [self.layer(x_t)[0] for x_t in x.split(1, dim=1)]
        return self.read(torch.cat(h, dim=1))


class Lively(Forecaster):  # network 4: an RNN that starts from standard normal numbers
    def __init__(self):
        super().__init__(nn.RNN)
        nn.init.normal_(self.layer.weight_hh_l0)


# %% [markdown]
# The fifth reads the frequency, the sixth goes on with the curve.


# %%
class Reader(nn.Module):  # network 5: reads the frequency from the state after the last step
    def __init__(self, H=32):
        super().__init__()
        self.layer, self.read = nn.LSTM(1, H, batch_first=True), nn.Linear(H, 1)

    def forward(self, x, lengths):
        h, _ = self.layer(x)
        return self.read(h[:, -1])


class Continuer(nn.Module):  # network 6: reads x, writes on; while it learns, it is shown the true curve
    def __init__(self, H=32):
        super().__init__()
        self.encoder, self.decoder = nn.LSTM(1, H, batch_first=True), nn.LSTM(1, H, batch_first=True)
        self.read = nn.Linear(H, 1)

    def forward(self, x, target):
        _, state = self.encoder(x)
        return self.read(self.decoder(target, state)[0])


# %% [markdown]
# **Before you run:** all six are trained, 300 steps each. The figure shows their losses, one panel a task. How many of the six curves will
# give their network away: by a jump, by a standstill, by anything?


# %% tags=["folded"]
def train(network, task):
    """300 steps of Adam on the squared error. Returns the mean loss of every ten steps, (30,)."""

    def loss(network, inputs, y):
        return nn.functional.mse_loss(network(*inputs), y)

    losses = fit(network, loss, task, steps=300, lr=4e-3, clip=1.0, quiet=True).losses
    return torch.tensor(losses).view(30, 10).mean(1)


# %% tags=["nbval-ignore-output"]
seed(1)
networks = [Forecaster(bidirectional=True), TimeFirst(batch_first=False), Online(), Lively(), Reader(), Continuer()]
tasks = [forecast, forecast, forecast, forecast, read, go_on]
curves = [train(network, task) for network, task in zip(networks, tasks)]
fig, axes = plot.panels(1, 3, size=(4, 3.4))
names = [f"network {number}" for number in range(1, 7)]
for panel, (first, last, task) in enumerate([(0, 4, "forecast"), (4, 5, "read"), (5, 6, "continue")]):
    shown = {names[n]: curves[n] for n in range(first, last)}
    plot.series(shown, range(5, 300, 10), x="step", y="mean squared error", log=True, title=task, ax=axes[panel])
axes[0].set_ylim(0.01, 3)
fig

# %% [markdown]
# At most one. Network 4's is the highest of its panel and restless. The others fall, as any loss does. By their height, then? You
# would have to know how low each *should* come, and the lowest ones look best. Hold that thought. And look at networks 2 and 3: they lie on top of each other. What could two such different bugs
# have in common?

# %% tags=["claim"]
left = max(float(curves[n][-1] / curves[n][0]) for n in (0, 1, 2, 4, 5))
claim("all losses but network 4's fall by at least a quarter", left, at_most=0.75)
claim("networks 2 and 3 come to the same height", curves[2][-1] / curves[1][-1], close_to=1, tolerance=0.15)

# %% [markdown]
# ### Exercise 27.1 · By eye (10 min, ●●○)
#
# *Goal:* name each bug from the code alone. *Given:* six words, each the right answer once. *Done when* the check says ✓; wrong ones come
# back with a hint. Reading first is worth the minutes: it shows how well these bugs hide.
#
# | word | what is wrong |
# |---|---|
# | `"causal"` | an output depends on a *later* input step |
# | `"independent"` | an output depends on *another sequence* of the batch |
# | `"padding"` | an output depends on padded steps |
# | `"memory"` | the network forgets at once |
# | `"growth"` | its gradient explodes |
# | `"target"` | an output is computed from the answer that it should give |

# %% tags=["exercise"]
bugs = {f"network {number}": ... for number in range(1, 7)}  # your answers: one word for each network
### BEGIN SOLUTION
bugs = dict(zip(bugs, ["causal", "independent", "memory", "growth", "padding", "target"]))
### END SOLUTION

# %% tags=["check"]
bugs = exercise("27.1", bugs)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Follow one number of the input through each `forward`. Where a shape is changed, write the numbers 0 … 5 into a small x and look who sits beside
# whom. Where a layer is called, ask what its state starts from. Where the answer is at hand, ask who reads it.
# </details>
# <details><summary>Fuller hint</summary>
#
# Two of the six words concern one line each: the line where a step is *picked* after the padding, and the line where numbers are *drawn*. Two
# concern what a layer is given to read beside x up to its own step. The last two concern what x looks like when the layer gets it, and how long a state lives.
# </details>

# %% [markdown]
# ## Ask the gradient
#
# Reading works on ten lines. For real code, write a test. Every one of these bugs is a statement about *dependence*, and dependence is what a
# gradient measures: where no path leads, it is exactly zero. (The reverse does not hold: a path can be there and carry nothing at this batch.)
#
# ### Exercise 27.2 · Causality (12 min, ●●○)
#
# *Goal:* the largest $|\partial y_{n,t,k} / \partial x_{n,s,d}|$ with $s > t$: zero for a model that does not see the future. *Given:*
# a `model` from (N, T, D) to (N, T, K), and `x`. *Done when* the check says ✓. Its models leak in the meanest ways: at one step only,
# two steps ahead, in one output, in one sequence of the batch, with two signs.


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
# One backward pass for each output step, and of each gradient only the part behind that step. The last step has no future.
# </details>
# <details><summary>Fuller hint</summary>
#
# Two loops, over t and over k: `torch.autograd.grad(y[:, t, k].sum(), x, retain_graph=True)[0]`, and of that `[:, t + 1 :]`. Summing over k is not
# allowed: two outputs can cancel. Summing over the batch is, as long as no sequence depends on another. Keep the largest absolute value.
# </details>

# %% [markdown]
# ### Exercise 27.3 · Across the batch (8 min, ●●○)
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
batch_matrix = exercise("27.3", batch_matrix)

# %% [markdown]
# <details><summary>Hint</summary>
#
# One backward pass for each sequence n, from `y[n].sum()`. Its gradient has the shape of x: a block (T, D) for each sequence m.
# </details>
# <details><summary>Fuller hint</summary>
#
# `grad.flatten(1).norm(dim=1)` makes one number of each block: that is row n. `torch.stack` the rows.
# </details>

# %% [markdown]
# Now look at the four forecasters through these windows, your matrix among them, and a sound forecaster of each kind beside them. **Before you run:** of a sound network,
# which entries must be zero in a square of steps (output t, input s), and which in a square of sequences? How should its gradient go with the lag?

# %% tags=["nbval-ignore-output"]
seed(2)
(x,), _ = forecast(16)
sound, sound_rnn = Forecaster(), Forecaster(nn.RNN)
sound_curve, rnn_curve = train(sound, forecast), train(sound_rnn, forecast)
one, two, three, four = networks[:4]

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(2, 3, size=(4, 3.4))
ticks = [str(step) if step % 5 == 0 else "" for step in range(1, 25)]
steps = {"x": "input step s", "y": "output step t", "xticks": ticks, "yticks": ticks}
steps |= {"signed": False, "scale": "size of the gradient"}
batch = {"x": "input sequence", "y": "output sequence", "signed": False, "scale": "size (dark: ≥ 0.3)", "limit": 0.3}
for column, (network, title) in enumerate([(one, "network 1"), (three, "network 3")]):
    reach = gradients.sequence_jacobian(network, x, norms=True).mean(0)
    plot.heatmap(reach, **steps, title=title, ax=axes[0, column])
plot.heatmap(gradients.sequence_jacobian(sound, x, norms=True).mean(0), **steps, title="a sound LSTM", ax=axes[0, 2])
plot.heatmap(batch_matrix(two, x), **batch, title="network 2", ax=axes[1, 0])
plot.heatmap(batch_matrix(sound, x), **batch, title="a sound LSTM", ax=axes[1, 1])
lags = {
    "RNN, network 4": gradients.gradient_flow(four, x).norms,
    "sound RNN": gradients.gradient_flow(sound_rnn, x).norms,
}
plot.series(lags, x="lag", y="size of the gradient", log=True, title="by lag", ax=axes[1, 2])
fig

# %% [markdown]
# A sound forecaster has nothing above the diagonal of steps (the future), something below it (a memory), and nothing beside the diagonal of
# sequences. Network 1 has a mirror image above; network 3 has the diagonal and nothing else; in network 2 sequences read one another. And in
# network 4 the gradient grows with the lag, where the sound RNN's fades.

# %% tags=["claim"]
claim("network 1 sees the future", sees_future(one, x), at_least=0.12)
away = 1 - torch.eye(16)
claim("network 2 mixes the batch", (batch_matrix(two, x) * away).max(), at_least=5e-2)
growth = gradients.gradient_flow(four, x).factor
claim("network 4's gradient grows by at least a tenth with every step of lag", growth, at_least=1.1)

# %% [markdown]
# ## One tool
#
# `gradients.audit(model, batch)` asks these questions at once, and two more: it looks at padded steps if you give it the `lengths`, and changes the
# `target` if you give it one. Two of its lines *describe*: how far back the outputs reach, and by which factor the gradient grows or fades. A description
# is no bug: a network that must recall its first input *should* have a growing gradient. So these two lines are judged only against what you ask for: `memory=3`, our rule of thumb; `growth=1.05`, at most five per cent
# more with every step. Here is network 1.


# %%
def examine(network, task):
    """The audit of a network on 16 sequences of its task."""
    inputs, y = task(16)
    asked = {"memory": 3, "growth": 1.05}
    if task is read:
        return gradients.audit(network, inputs, lengths=inputs[1])
    if task is go_on:
        return gradients.audit(network, inputs[0], target=y)
    return gradients.audit(network, inputs, **asked)


# %% tags=["nbval-ignore-output"]
seed(3)
words = {True: "passes", False: "FAILS", None: "–"}  # print(report) has signs for them
for check in examine(one, forecast):
    print(f"{check.name:<12} {words[check.ok]:<7} {check.verdict}")

# %% [markdown]
# A – was not asked, or only describes. **Before you run:** if your answers to 27.1 hold, how many crosses will the table of all
# six have, and where?

# %% tags=["predict"]
predict("27.a", ...)  # the number of crosses


# %% tags=["folded"]
def table(reports, title):
    """A row for each report, a column for each line: ✓, ✗ or –."""
    lines = [check.name for check in next(iter(reports.values()))]
    marks = [[{True: -0.4, False: 1.0, None: 0.0}[check.ok] for check in report] for report in reports.values()]
    fig = plot.heatmap(marks, limit=1.5, xticks=lines, yticks=list(reports), title=title)
    fig.axes[1].remove()  # the scale of colours: the signs say it
    for row, report in enumerate(reports.values()):
        for column, check in enumerate(report):
            sign = {True: "✓", False: "✗", None: "–"}[check.ok]
            fig.axes[0].text(column, row, sign, ha="center", va="center", size=14)
    return fig


# %% tags=["nbval-ignore-output"]
reports = {name: examine(network, task) for name, network, task in zip(names, networks, tasks)}
table(reports, "What audit says of the six networks")

# %% [markdown]
# Six: one for each, and each in its own column. Where the batch is mixed (network 2) no other line is judged: steps and sequences lie on top of each
# other. Mend that first. And there is what networks 2 and 3 have in common: neither can use the past of its own sequence. One has
# exchanged nearly all of it for other sequences' steps, one has thrown it away.

# %% tags=["claim"]
crosses = [[check.name for check in report if check.ok is False] for report in reports.values()]
right = sum(found == [bugs[name]] for name, found in zip(names, crosses))
claim("audit finds each bug by exactly its line", right, close_to=6, tolerance=0)
outcome("27.a", sum(len(found) for found in crosses))

# %% [markdown]
# ## Mended
#
# One line each. Network 1 reads forwards only; networks 2 and 3 are then the plain `Forecaster` too; network 4 keeps torch's initialisation. Those two you
# have seen: the sound ones. The other two:


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


seed(4)
reader, continuer = MendedReader(), MendedContinuer()
reader_curve, continuer_curve = train(reader, read), train(continuer, go_on)

# %% [markdown]
# Network 5's bug is a real one: a translation model of the library AllenNLP took its encoder's last state by position, in shorter sentences out of the
# padding, until a user asked in 2018 ([issue 1713](https://github.com/allenai/allennlp/issues/1713)).
#
# **Before you run:** which of these three comes *lowest* in its training loss: network 1 (sees the future), network 3 (forgets), or the sound LSTM? And in use, where
# at step t there is x up to t and nothing after? Write the number of the lowest in training: 1, 3, or 0 for the sound one.

# %% tags=["predict"]
predict("27.b", ...)  # 1, 3 or 0


# %% tags=["nbval-ignore-output"]
def in_use(network):
    """The squared error when each forecast is made from the past alone, over 500 swings and the steps 7 to 24."""
    (x,), y = forecast(500)
    with torch.no_grad():
        last = [network(x[:, : t + 1])[:, -1] for t in range(6, 24)]
    return float((torch.stack(last, dim=1) - y[:, 6:]).square().mean())


seed(5)
trained = {"1: sees the future": curves[0][-1], "3: forgets": curves[2][-1], "sound": sound_curve[-1]}
used = {"1: sees the future": in_use(one), "3: forgets": in_use(three), "sound": in_use(sound)}
fig, axes = plot.panels(1, 2, size=(5, 3.4), sharey=True)
plot.bars(trained, y="mean squared error", title="the last loss of training", ax=axes[0])
plot.bars(used, y="mean squared error", title="in use: the past alone", ax=axes[1])
fig

# %% [markdown]
# The best curve of all was the worst bug. Network 1's loss comes lowest, and in use it is more than twice as bad as the sound one and not far from a
# network without a memory: it had been given what it will not have when it counts. Mending it made its loss *worse*, and that is right. A loss that is too
# good is a finding. (Compare within a panel: the right one leaves out the first six steps, where too little of the swing has been seen.)

# %% tags=["claim"]
claim(
    "in training, the sound network has at least 2.5 times network 1's loss",
    sound_curve[-1] / curves[0][-1],
    at_least=2.5,
)
in_use_of_one = used["1: sees the future"]
claim(
    "in use, network 1's error is at least twice the sound one's",
    in_use_of_one / used["sound"],
    at_least=2,
)
claim("and at least 0.7 of that of network 3, which forgets", in_use_of_one / used["3: forgets"], at_least=0.7)
outcome("27.b", 1)

# %% [markdown]
# And network 5? It answers from the state after the padding, and yet its curve came down far: it had learnt to wait through the zeros. Now the
# same swings come in a batch with one longer sequence: twelve zeros more behind each. **Before you run:** what will they do to it, and to the
# mended one?

# %% tags=["nbval-ignore-output"]
seed(6)
(swings, lengths), frequency = read(500)
longer = torch.cat([swings, torch.zeros(500, 12, 1)], dim=1)
errors = {}
with torch.no_grad():
    for name, network in [("network 5", networks[4]), ("mended", reader)]:
        for padding, curve in [("as trained", swings), ("12 zeros more", longer)]:
            errors[f"{name}, {padding}"] = (network(curve, lengths) - frequency).square().mean()
plot.bars(errors, y="mean squared error", title="The same 500 swings, padded in two ways")

# %% [markdown]
# Network 5 falls apart; the mended one does not notice. Nothing in the training loss could say so: there all batches were padded alike.

# %% tags=["claim"]
worse = errors["network 5, 12 zeros more"] / errors["network 5, as trained"]
claim("twelve zeros more make network 5 at least eight times as bad", worse, at_least=8)
same = errors["mended, 12 zeros more"] / errors["mended, as trained"]
claim("the mended network does not notice them", same, close_to=1, tolerance=1e-3)

# %% [markdown]
# ## What audit does not find
#
# We first planted another bug as network 3: **closed forget gates**, with a bias of −10, so that $c_t \approx i \circ g$. "It forgets at
# once", we thought, and trained it. It did not, and it was no bug *for this task*: as [lesson 23](23_gradient_paths.ipynb) shows, the state has two roads, and
# training opened the other one, where h goes back into the gates as in a plain RNN.

# %% tags=["claim"]
seed(7)
closed = Forecaster()
nn.init.constant_(closed.layer.bias_hh_l0.data[32:64], -10.0)  # i, f, g, o: the second quarter
train(closed, forecast)
after = gradients.gradient_flow(closed.layer, x, closed.read).factor
claim(
    "with closed forget gates and after training, more than 0.7 of the gradient is left with every step",
    after,
    at_least=0.7,
)
share = gradients.path_shares(closed.layer, x, closed.read).share[:, torch.ones(24, 24).tril(-1).bool()].nanmean()
claim("of the sizes of both parts, c has at most a hundredth", share, at_most=0.01)

# %% [markdown]
# So take a ✓ for what it is: no sign of *these* bugs, on *this* batch, with these weights. A wrong loss, a leak between training and test data, a label that
# is wrong: none of these is a dependence of outputs on inputs. And take a – for what it is: no answer.
#
# ### Exercise 27.4 · Two unseen networks (12 min, ●●○)
#
# *Goal:* say what is wrong with A and B, whose code you have not seen, and choose the cure. *Given:* A forecasts: call it as `A(x)`. B reads: call it as
# `B(swings, lengths)`. Put both before `audit`, in a cell of your own; `print(A)` shows the layers. *Done when* the check says ✓.
#
# | cure | |
# |---|---|
# | `"a"` | read in one direction only |
# | `"b"` | carry the state from step to step |
# | `"c"` | rescale x with numbers from the training set, not from the sequence itself |
# | `"d"` | give the layer the lengths (pack the batch), so that both directions begin at a real step |

# %%
A, B = suspects().values()
swings, lengths = swings[:16], lengths[:16]

# %% tags=["exercise"]
diagnosis = {"A line": ..., "A cure": ..., "B line": ..., "B cure": ...}  # the name of audit's line, and a letter
### BEGIN SOLUTION
for name, report in {"A": gradients.audit(A, x), "B": gradients.audit(B, (swings, lengths), lengths=lengths)}.items():
    print(name, "fails:", *[check.name for check in report if check.ok is False])
diagnosis = {"A line": "causal", "A cure": "c", "B line": "padding", "B cure": "d"}
### END SOLUTION

# %% tags=["check"]
diagnosis = exercise("27.4", diagnosis)

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
# - **Test dependence**: later steps and other sequences must have a gradient of exactly zero, one output step at a time, in absolute value.
# - **Read a table**: `audit` judges what a model must not read, and describes how far it reaches and how its gradient grows.
# - **Distrust a low loss**: the lowest training loss was that of the network that had been shown the future.
#
# Where people use this: as a unit test beside the model's code, on an untrained copy, in the second before a week of training. Where it fails: a path that is
# closed at this batch, by a saturated gate or an argmax, looks like no path; and it cannot see what happens
# outside the network, in data and labels ([lesson 30](30_capstone.ipynb)).
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
# *Further reading.* A. Karpathy, "A recipe for training neural networks" (2019): where the test of the batch by its gradient comes from.
# S. Kaufman et al., "Leakage in data mining", *ACM TKDD* 6 (2012). R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training
# recurrent neural networks", *ICML* (2013).
