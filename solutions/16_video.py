# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 16 · Video
#
# **What is moving, and what happened?**
#
# After this lesson you will be able to
# - fold time into the batch, so that one eye reads every frame, and unfold it again without mixing anything up,
# - compute the best that *any* model can do with what it may look at: one frame, two, all so far, or a bag of them,
# - ask one film three questions, by three mappings: a direction for each frame, an action for the film, and a sentence.
#
# Needs: [lesson 02](02_shapes.ipynb), [lesson 06](06_lstm.ipynb), [lesson 10](10_sentiment.ipynb) (ceilings, bags). About 90 minutes.
# Mapping: many-to-many, aligned; many-to-one; encoder-decoder.

# %%
import torch
from torch import nn
from lstmkit import claim, exercise, fit, generator, outcome, plot, predict, seed
from lstmkit.data.films import ACTIONS, BLANK, STEPS, WORDS, films, say, views

seed(16)

# %% [markdown]
# ## A film
#
# Somebody once wrote this digit by hand, for the set of drawings in scikit-learn. Here it moves through a picture, one pixel a frame. Some frames are blank: the camera
# missed them, and the digit moved on unseen. Under each frame stands the move that brought the digit to where it is (under the first, the move that it is about to make).

# %% tags=["nbval-ignore-output"]
some = films(60, generator=generator(161))
ARROWS = "→↓←↑"  # the four directions, in their order


def arrows(directions):
    return [ARROWS[d] for d in directions]


n = int(((some.actions >= 4) & (some.shown.sum(1) == 6)).nonzero()[0])
plot.film_strip(some.frames[n], {"truth": arrows(some.directions[n])}, title="A film of eight frames")

# %% [markdown]
# Three questions can be asked of it, and each has another shape:
#
# - **Which way is it moving now?** One answer for each frame: *many-to-many, aligned*.
# - **What happened?** One of eight actions for the film, such as "down" or "right and back": *many-to-one*.
# - **Say it.** A sentence, such as "seven moves right and back": words that belong to no frame in particular, an *encoder-decoder*.

# %%
print(ACTIONS)  # the first four, and the same with a turn
for caption in some.captions[:4]:
    print(say(caption), caption.tolist())

# %% [markdown]
# The rules behind the films, all of them: the eight actions are equally likely. Who turns back does so after the third, fourth or fifth frame, each equally likely. So are all places where the film can begin
# without the digit leaving the picture. Each frame is blank with probability $0.3$, whatever the others are. No drawing of a test film was shown in training: they were split before any film was made.
#
# ## What could anybody know?
#
# A model is right 61 times in 100. Is that bad? It depends on what it may look at. Here the rules are known, so we need not guess: list every path that they allow, with every pattern of blank
# frames, and the probability of each. Suppose that somebody knows the rules by heart, and reads off each frame exactly where the digit stands (a number for each place, 0 for a blank frame).
#
# | symbol | variable | shape |
# |---|---|---|
# | a place for each frame | `world.places` | (M, T): M ways in which a film can go, T = 8 |
# | the direction at each frame | `world.directions` | (M, T) |
# | the action | `world.actions` | (M,) |
# | the probability | `world.p` | (M,), sum 1 |
# | $p(s, a)$, probability of seeing $s$ while $a$ is the right answer | `joint(…)` | (S, K): a row for each $s$ |


# %%
def joint(seen, answers, p):
    """p(what is seen, right answer): a row for each thing that can be seen, a column for each answer. All three: (M,)."""
    row = torch.unique(seen, return_inverse=True)[1]
    table = torch.zeros(int(row.max()) + 1, int(answers.max()) + 1, dtype=p.dtype)
    return table.index_put((row, answers), p, accumulate=True)  # adds up what falls into the same field


world = views()
print(tuple(world.places.shape), "ways in which a film can go")

# %% [markdown]
# ### Exercise 16.1 · The best there is (6 min, ●●○)
#
# *Goal:* what should one answer on seeing $s$, and how often is one right if one always answers so? *Given:* the table $p(s, a)$. Its fields add up to 1, its rows do not: some things are
# seen more often than others. *Done when* the check says ✓.


# %% tags=["exercise"]
def best(p):
    """The best way to answer, and how often it is right.

    p: (S, K), the probability that s is seen and a is the right answer. Returns (answers, share): the best answer to each s, (S,), counted from 0,
    and the probability of being right with them, a number from 0 to 1.
    """
    ### BEGIN SOLUTION
    return p.argmax(dim=1), p.max(dim=1).values.sum()
    ### END SOLUTION


# %% tags=["check"]
best = exercise("16.1", best)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Each row is one thing that is seen. You may give one answer to it, and then you are right with the probability that stands in that field. Which field do you take? Then all rows together.
# </details>
# <details><summary>Fuller hint</summary>
#
# The answers are `p.argmax(dim=1)`. The largest field of each row is `p.max(dim=1).values`; the rows exclude each other, so their probabilities *add up*: `.sum()`, no mean, and no division by the row's sum.
# </details>
#
# Now let that somebody look at **one frame**, without knowing which it is, and say the direction. There are four, so blind guessing is right one time in four.
#
# **Before you run:** how often can somebody be right who sees one frame? Remember that the rules are known, and that the digit never leaves the picture: near a border some moves are out of the question.

# %% tags=["predict"]
predict("16.a", ...)  # the best share with one frame, from 0 to 1

# %%
each = world.p[:, None].expand(-1, STEPS) / STEPS  # (M, T): a frame is picked at random
one_frame = best(joint(world.places.flatten(), world.directions.flatten(), each.flatten()))[1]

# %% tags=["claim"]
outcome("16.a", round(float(one_frame), 3))
claim("one frame: nobody is right more than 31 times in 100", one_frame, at_most=0.31)

# %% [markdown]
# Little better than blindly. A frame shows where, and where says little about which way. No network, however large, will do better with one frame, and no training helps. That is worth knowing *before* training one.
#
# What would two frames give, this one and the one before? Both have to be there.
#
# ### Exercise 16.2 · Through the gaps (6 min, ●●○)
#
# *Goal:* three probabilities. *Given:* each frame is blank with probability $0.3$, whatever the others are. Suppose that whoever sees this frame *and* the one before knows the direction, and that whoever does not is right
# one time in four. Two decimals are enough. *Done when* the check says ✓.
#
# - `"both"`: the probability that this frame and the one before are both shown,
# - `"two frames"`: how often somebody is right who looks at this frame and the one before,
# - `"memory"`: the probability that of the first four frames at least two are shown, wherever they stand.

# %% tags=["exercise"]
gaps = {"both": ..., "two frames": ..., "memory": ...}
### BEGIN SOLUTION
both = 0.7**2
gaps = {"both": both, "two frames": both + (1 - both) / 4, "memory": 1 - 0.3**4 - 4 * 0.7 * 0.3**3}
### END SOLUTION

# %% tags=["check"]
gaps = exercise("16.2", gaps)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Independent frames: multiply. One can be right for two reasons that exclude each other: one knows, or one does not know and guesses well. For the third, count what must *not* happen.
# </details>
# <details><summary>Fuller hint</summary>
#
# Both shown: $0.7 \cdot 0.7$. The second is that plus a quarter of the rest. Less than two of four are shown if none is, $0.3^4$, or exactly one is, at one of four places: $4 \cdot 0.7 \cdot 0.3^3$.
# </details>
#
# So a memory has something to gain: two sightings with a gap between them tell the direction, too, unless the digit may have turned back in the gap. The exact numbers come from the list. What is seen must be *one* number for `joint`, so
# write the places of several frames one behind the other, as digits of a long number.


# %%
def as_one(places):
    """One number for each row of places, (M, t) → (M,)."""
    number = torch.zeros(len(places), dtype=torch.long)
    for t in range(places.shape[1]):
        number = 170 * number + places[:, t]
    return number


def before(x):
    """Each step gets what the step before had; the first gets zeros. (N, T, …) → (N, T, …)."""
    return torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], dim=1)


# %%
two = 171 * before(world.places + 1) + world.places  # this frame and the one before (0: there is none, 1: blank)
two_frames = best(joint(two.flatten(), world.directions.flatten(), each.flatten()))[1]
memory_at = []  # at each frame: all frames so far
for t in range(STEPS):
    past = as_one(world.places[:, : t + 1])
    memory_at.append(best(joint(past, world.directions[:, t], world.p))[1])
memory = sum(memory_at) / STEPS

# %% [markdown]
# These three numbers are **ceilings**. They stay in the drawer until we have something to measure against them.
#
# ## An eye for every frame
#
# A network gets no places, it gets pixels. An **eye** turns a frame into a vector. Ours is a small *convolutional network*: stencils of learnt weights slide over the picture and
# answer where it looks like them ([lesson 17](17_captioning.ipynb) opens it up). It knows frames, and nothing of films:
#
# $$r = \mathrm{eye}(\text{frame}) = [\,p(\text{what}),\ p(\text{row}),\ p(\text{column})\,]$$
#
# | symbol | variable | shape |
# |---|---|---|
# | a batch of single frames | `frames` | (B, 20, 20) |
# | films | `frames` of `films(…)` | (N, T, 20, 20) |
# | $r$, the eye's **report** | | (B, 37): ten digits or nothing, 13 rows, 13 columns |


# %%
class Eye(nn.Module):
    """frames (B, 20, 20) → reports (B, 37): probabilities of what is there (11), in which row (13) and column (13)."""

    def __init__(self):
        super().__init__()
        coarse = [nn.Conv2d(1, 16, 4, stride=2), nn.BatchNorm2d(16), nn.ReLU()]
        fine = [nn.Conv2d(16, 32, 3), nn.MaxPool2d(2), nn.BatchNorm2d(32), nn.ReLU()]
        self.layers = nn.Sequential(*coarse, *fine, nn.Flatten(), nn.Linear(288, 64), nn.ReLU(), nn.Linear(64, 37))

    def scores(self, frames):
        return self.layers(frames[:, None]).split([11, 13, 13], dim=1)

    def forward(self, frames):
        what, row, column = self.scores(frames)
        return torch.cat([what.softmax(1), row.softmax(1), column.softmax(1)], dim=1)


# %% [markdown]
# The eye wants a batch of pictures, (B, 20, 20). Films have an axis more. To the eye it makes no difference whether pictures come from one film or from many, so **fold time into the batch**: N films of T frames are N · T pictures. Afterwards the
# reports have to go back to their films.
#
# ### Exercise 16.3 · Fold and unfold (7 min, ●●○)
#
# *Goal:* a report for every frame of every film; one call of the eye is enough. *Given:* `eye` and `frames`. *Done when* the check says ✓.


# %% tags=["exercise"]
def see(eye, frames):
    """The eye's report on every frame.

    eye: (B, height, width) -> (B, E), for any B. frames: (N, T, height, width). Returns (N, T, E): [n, t] is the report on frame t of film n.
    """
    ### BEGIN SOLUTION
    N, T = frames.shape[:2]
    return eye(frames.flatten(0, 1)).unflatten(0, (N, T))
    ### END SOLUTION


# %% tags=["check"]
see = exercise("16.3", see)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `flatten(0, 1)` makes one axis of the first two: all frames of film 0, then all of film 1, and so on. In which order do the reports come out, and which two sizes unfold them again?
# </details>
# <details><summary>Fuller hint</summary>
#
# `reports = eye(frames.flatten(0, 1))` is (N·T, E). The films are the outer order, the frames the inner: `reports.unflatten(0, (N, T))`, or `.view(N, T, -1)`. With `.view(T, N, -1)` every shape that follows may fit, and each film gets frames of others.
# </details>
#
# Here are 4000 films for training, without gaps, and 2000 of unseen drawings to test with, gaps and all. Train the eye on single frames; a blank one is the eleventh "digit", and its row and column do not
# count. After that the eye is **frozen**: everything below reads its reports. So what separates the models is what they may look at, and not how well they see.

# %%
train = films(4000, blank=0.0, generator=generator(162))
test = films(2000, "test", generator=generator(163))


# %% tags=["folded"]
def single_frames():
    """128 single frames: what is there (10: nothing), and where (−100: no matter)."""
    film, t = torch.randint(4000, (128,)), torch.randint(STEPS, (128,))
    shown = torch.rand(128) >= BLANK
    what = torch.where(shown, train.digits[film], 10)
    where = torch.where(shown[:, None], train.corners[film, t], -100)
    return train.frames[film, t] * shown[:, None, None], what, where


def eye_loss(model, frames, what, where):
    scores = model.scores(frames)
    entropy = nn.functional.cross_entropy
    return entropy(scores[0], what) + entropy(scores[1], where[:, 0]) + entropy(scores[2], where[:, 1])


def rise_and_fall(steps):
    """The learning rate rises for a fifth of the steps and falls to zero after."""

    def share(step):
        return min((step + 1) / (0.2 * steps), (steps - step) / (0.8 * steps))

    return lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, share)


# %% tags=["nbval-ignore-output"]
eye = Eye()
history = fit(eye, eye_loss, single_frames, steps=450, lr=6e-3, schedule=rise_and_fall(450), title="eye")

# %% [markdown]
# The eye reads all films once. In training gaps are cut at random into each batch: a blank frame is the report on *nothing*.

# %%
with torch.no_grad():
    reports = torch.cat([see(eye, part) for part in train.frames.split(500)])  # in parts: less memory
    test_reports = torch.cat([see(eye, part) for part in test.frames.split(500)])
    nothing = eye(torch.zeros(1, 20, 20))[0]  # (37,)


def draw(answers):
    """A function that draws 64 training films, with gaps, and their answers."""

    def batch():
        rows = torch.randint(len(reports), (64,))
        shown = torch.rand(64, STEPS, 1) >= BLANK
        return torch.where(shown, reports[rows], nothing), answers[rows]

    return batch


# %% [markdown]
# This is what the eye reports on the film from above. You can see the digit turn. (At a blank frame row and column mean nothing.)

# %% tags=["folded", "nbval-ignore-output"]
with torch.no_grad():
    strip = see(eye, some.frames[n : n + 1])[0].split([11, 13, 13], dim=1)
fig, axes = plot.panels(1, 3, size=(4, 3.6))
for ax, name, part in zip(axes, ["what (10: nothing)", "row", "column"], strip):
    plot.heatmap(part.T, x="frame", y=name, signed=False, scale="probability", limit=1, ax=ax)
    ax.set_xticks(range(STEPS), range(1, STEPS + 1))
fig

# %% [markdown]
# ## Which way is it moving now?
#
# Three models, with the same reports and the same training. Row $t$ of each table shows which frames the answer at frame $t$ may depend on:

# %% tags=["folded", "nbval-ignore-output"]
diagonal = torch.eye(STEPS).tolist()
neighbours = (torch.eye(STEPS) + torch.eye(STEPS).roll(-1, 1).tril()).tolist()
so_far = torch.ones(STEPS, STEPS).tril().tolist()
tables = {"one frame": diagonal, "two frames": neighbours, "LSTM": so_far}
plot.grids(
    tables, x="frame that is read", y="answer at frame", rows=range(1, STEPS + 1), title="What an answer may look at"
)

# %% [markdown]
# $$a_t = W\,f(r_t), \qquad\qquad a_t = W\,f([r_{t-1};\, r_t]), \qquad\qquad a_t = W\,h_t, \quad h_t, c_t = \mathrm{LSTM}(r_t, h_{t-1}, c_{t-1})$$


# %%
class Glance(nn.Module):
    """Without memory: reports (N, T, 37) → scores (N, T, 4), from one frame, or from two neighbours."""

    def __init__(self, frames, H=64):
        super().__init__()
        self.frames = frames  # 1 or 2
        self.f = nn.Sequential(nn.Linear(37 * frames, H), nn.ReLU(), nn.Linear(H, H), nn.ReLU())
        self.readout = nn.Linear(H, 4)

    def forward(self, r):
        if self.frames == 2:
            r = torch.cat([before(r), r], dim=2)
        return self.readout(self.f(r))


class Watcher(nn.Module):
    """An LSTM: reports (N, T, 37) → scores of K answers at each step, (N, T, K)."""

    def __init__(self, K, H=64):
        super().__init__()
        self.lstm = nn.LSTM(37, H, batch_first=True)
        self.readout = nn.Linear(H, K)

    def forward(self, r):
        return self.readout(self.lstm(r)[0])


# %% [markdown]
# **Before you run:** you will see three bars, and over each a line at its ceiling. Sketch them. And what share will the LSTM have right at the *blank* frames alone, where there is nothing to see?

# %% tags=["predict"]
predict("16.b", ...)  # the LSTM's share right at blank frames, from 0 to 1


# %%
def frame_loss(model, r, directions):
    return nn.functional.cross_entropy(model(r).flatten(0, 1), directions.flatten())


def train_on(model, loss, answers, title, steps=800, lr=1e-2):
    """The same training for all."""
    return fit(model, loss, draw(answers), steps=steps, lr=lr, schedule=rise_and_fall(steps), clip=1.0, title=title)


def right(model, answers):
    """Which answers on the test films are right."""
    with torch.no_grad():
        return model(test_reports).argmax(-1) == answers


# %% tags=["nbval-ignore-output"]
models = {"one frame": Glance(1), "two frames": Glance(2), "LSTM": Watcher(4)}
hits = {}
for name, model in models.items():
    train_on(model, frame_loss, train.directions, name)
    hits[name] = right(model, test.directions).float()  # (2000, 8)
measured = {name: hits[name].mean() for name in models}
best_shares = {"one frame": one_frame, "two frames": two_frames, "LSTM": memory}
plot.bars_at_best(measured, best_shares, y="share right", title="The direction at each frame, unseen drawings")

# %% [markdown]
# Each model comes close to its own ceiling. So what separates them is no matter of size or training: the LSTM stands well above the line that *no* two-frame model can cross. (Except by luck: these are 2000 films, and a
# share of them has a standard error of up to $0.011$.)

# %% tags=["claim"]
short = {name: best_shares[name] - measured[name] for name in models}
glances = max(abs(short["one frame"]), abs(short["two frames"]))
claim("one frame, two frames: within 2.5 points of their ceilings", glances, at_most=0.025)
claim("the LSTM: at most 3 points below its own", short["LSTM"], at_most=0.03)
claim("it is above the two-frame ceiling by at least 18 points", measured["LSTM"] - two_frames, at_least=0.18)

# %% [markdown]
# Here is one film of the test, and what the three say. What differs from the truth is shaded.

# %% tags=["folded", "nbval-ignore-output"]
chosen = int(((test.actions >= 4) & (test.shown.sum(1) == 5)).nonzero()[2])
answers_of = {"truth": arrows(test.directions[chosen])}
for name, model in models.items():
    with torch.no_grad():
        answers_of[name] = arrows(model(test_reports[chosen : chosen + 1])[0].argmax(1))
plot.film_strip(test.frames[chosen], answers_of, title="A film of the test, and three readers")

# %% [markdown]
# And where there is nothing to see? Split the frames of the test into shown and blank ones, and the ceilings with them.


# %% tags=["folded", "nbval-ignore-output"]
def best_where(here):
    """The three ceilings at some of the frames alone. here: (M, T)."""
    chance = each * here
    found = {}
    for name, code in (("one frame", world.places), ("two frames", two)):
        found[name] = best(joint(code.flatten(), world.directions.flatten(), chance.flatten()))[1] / chance.sum()
    found["LSTM"] = 0
    for t in range(STEPS):
        known = joint(as_one(world.places[:, : t + 1]), world.directions[:, t], chance[:, t])
        found["LSTM"] += best(known)[1] / chance.sum()
    return found


at_shown, at_blank = best_where(world.places > 0), best_where(world.places == 0)
split, best_split = {}, {}
for name in models:
    split[f"{name},\nshown"] = hits[name][test.shown].mean()
    split[f"{name},\nblank"] = hits[name][~test.shown].mean()
    best_split[f"{name},\nshown"], best_split[f"{name},\nblank"] = at_shown[name], at_blank[name]
fig, ax = plot.panels(1, 1, size=(9, 3.6))
plot.bars_at_best(split, best_split, y="share right", title="The direction at shown and at blank frames", ax=ax)

# %% [markdown]
# At a blank frame the other two have nothing, or one old sighting, and guess. The LSTM goes on from what it knows. It loses some, and so would anybody: look at the line over its bar.
#
# When does it know? Go along the film. Dashed, the ceiling of everybody who remembers all frames so far.

# %% tags=["claim"]
outcome("16.b", round(float(split["LSTM,\nblank"]), 2))
claim("at blank frames the LSTM is right at least 65 times in 100", split["LSTM,\nblank"], at_least=0.65)
claim("and two frames at most 33 times", split["two frames,\nblank"], at_most=0.33)

# %% tags=["nbval-ignore-output"]
along = {name: hits[name].mean(0) for name in models}
plot.along_film(along, {"LSTM": memory_at}, y="share right", title="The direction, frame by frame")

# %% [markdown]
# At the first frame nothing has moved yet, and all three guess. Two of them can tell that it is the first, and a film that begins near a border does not go across it. Whoever sees one frame does not know which one it is, and is worse off
# than blind there: a digit near a border has, in most frames, *come* to it. Then the LSTM climbs with every sighting; the others soon have all that they will ever get. Even the ceiling is not 1 in the middle: too little has been shown yet,
# and whoever turns back behind a blank frame is found out only later.

# %% tags=["claim"]
rule = best(joint(world.places.flatten(), world.directions.flatten(), each.flatten()))[0]  # an answer for each place
at_first = world.p[rule[world.places[:, 0]] == world.directions[:, 0]].sum()
claim("who has the best rule for one frame is right at the first in at most 22 of 100 films", at_first, at_most=0.22)

# %% [markdown]
# ## What happened?
#
# One answer for the film. The last state of an LSTM has read all frames, so read it alone. Beside it stands a model that sees every frame, too, but has thrown them into a **bag**, as [lesson 10](10_sentiment.ipynb) did with words: no order, only what was
# in it and how often. Its form is a sum over time, with a network in front and one behind:
#
# $$a_{\text{bag}} = g\Big(\sum_t f(r_t)\Big), \qquad a_{\text{LSTM}} = W\,h_T$$
#
# ### Exercise 16.4 · Blind to order? (4 min, ●●○)
#
# *Goal:* somebody shuffles the frames of a film. Which of these numbers can change? *Given:* reports $r_1 … r_T$ in the order of the shuffled film; $f$ is some network without memory. *Done when* the check says
# ✓: "blind" (never changes) or "sees order" for each. Try it, if you doubt.
#
# - A: the mean of $r_t$ over time
# - B: the LSTM's last state
# - C: the largest of $f(r_t)$ over time, number by number
# - D: the mean of the LSTM's states over time
# - E: the mean of $f([r_{t-1}; r_t])$ over time
# - F: a linear map of all reports side by side, (T · 37) numbers

# %% tags=["exercise"]
verdicts = {"A": ..., "B": ..., "C": ..., "D": ..., "E": ..., "F": ...}  # "blind" or "sees order"
### BEGIN SOLUTION
verdicts = {"A": "blind", "B": "sees order", "C": "blind", "D": "sees order", "E": "sees order", "F": "sees order"}
### END SOLUTION

# %% tags=["check"]
verdicts = exercise("16.4", verdicts)

# %% [markdown]
# <details><summary>Hint</summary>
#
# What is computed *before* the mean or the maximum? If each frame is treated by itself, shuffling only changes the order of the terms.
# </details>
# <details><summary>Fuller hint</summary>
#
# An LSTM's state depends on the order of what it has read, and so does the mean of its states. Neighbours are other pairs after shuffling. In F each frame has weights of its own place.
# </details>


# %%
class Bag(nn.Module):
    """reports (N, T, 37) → scores of the actions (N, 8), blind to order."""

    def __init__(self, H=128):
        super().__init__()
        self.f = nn.Sequential(nn.Linear(37, H), nn.ReLU())
        self.g = nn.Sequential(nn.Linear(H, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 8))

    def forward(self, r):
        return self.g(self.f(r).sum(dim=1))


class Judge(Watcher):
    """An LSTM's last state: reports (N, T, 37) → scores of the actions (N, 8)."""

    def forward(self, r):
        return super().forward(r)[:, -1]


# %% [markdown]
# The ceilings again. A bag is known by its places in ascending order; a film by its places as they come.
#
# **Before you run:** sketch the two bars and the two lines. A film to the right and one to the left leave the same bag, if they pass the same places. What can a bag still tell?

# %%
in_order = world.places.sort(dim=1).values
bag_ceiling = best(joint(as_one(in_order), world.actions, world.p))[1]
film_ceiling = best(joint(as_one(world.places), world.actions, world.p))[1]


def film_loss(model, r, actions):
    return nn.functional.cross_entropy(model(r), actions)


# %% tags=["nbval-ignore-output"]
bag, judge = Bag(), Judge(8)
train_on(bag, film_loss, train.actions, "bag of frames", steps=2000, lr=3e-3)  # it learns more slowly
train_on(judge, film_loss, train.actions, "LSTM")
told = {"bag of frames": right(bag, test.actions).float().mean(), "LSTM": right(judge, test.actions).float().mean()}
best_told = {"bag of frames": bag_ceiling, "LSTM": film_ceiling}
plot.bars_at_best(told, best_told, y="share right", title="The action, unseen drawings")

# %% [markdown]
# What does the best reader of a bag know? The axis: a digit seen in many columns and one row moves to the right or to the left. And mostly whether it came back, for then places occur twice. But *which way* it went first is a question
# of order, and there it is little better than a coin.

# %% tags=["claim"]
bags = as_one(in_order)
axis, back = [best(joint(bags, part, world.p))[1] for part in (world.actions % 2, world.actions // 4)]
claim(
    "from a bag the axis, and whether it came back, can be told in 93 of 100 films or more",
    min(axis, back),
    at_least=0.93,
)
claim(
    "which of the four ways it went first, in at most 56",
    best(joint(bags, world.actions % 4, world.p))[1],
    at_most=0.56,
)

# %% [markdown]
# The counter-proof: shuffle the frames of each test film. The bag cannot notice. And the LSTM?


# %% tags=["claim"]
order = torch.rand(test.shown.shape, generator=generator(164)).argsort(1)
shuffled = test_reports[torch.arange(len(order))[:, None], order]
with torch.no_grad():
    judged = (judge(shuffled).argmax(1) == test.actions).float().mean()
claim("the LSTM is above the bag's ceiling by at least 42 points", told["LSTM"] - bag_ceiling, at_least=0.42)
claim("on shuffled films it is right at most 30 times in 100", judged, at_most=0.3)
claim("the bag is at most 8 points below its ceiling", bag_ceiling - told["bag of frames"], at_most=0.08)

# %% [markdown]
# ## Say it
#
# The third question wants words. One LSTM reads the film, and what is left of it is its last state, the *message*; a second one begins in that state and writes: at each step it reads the word before and gives a
# probability to each word that could be next. The film's eight steps and the sentence's six have nothing to do with each other; the state is all that passes.

# %% tags=["folded", "nbval-ignore-output"]
plot.translator(
    ["$r_1$", "$r_2$", "$r_3$", "$r_4$"],
    ["one", "moves", "up", "<end>"],
    title="First frames in, then words in and words out (drawn for four frames)",
)

# %% [markdown]
# $$h_T, c_T = \mathrm{LSTM}_{\text{reads}}(r_1 … r_T), \qquad p(w_t \mid w_0 … w_{t-1}, \text{film}) = \mathrm{softmax}\big(W\, \mathrm{LSTM}_{\text{writes}}(w_0 … w_{t-1};\ h_T, c_T)\big)$$
#
# In training the words that are fed are the right ones. How wrong is a caption? Its probability is the *product* of the probabilities of its words, with `<end>` and without `<pad>`, which nobody reads. The loss of a film is minus its logarithm: a sum.
#
# ### Exercise 16.5 · A caption's loss (7 min, ●●○)
#
# *Goal:* the mean over the films of $-\ln p(\text{caption})$. *Given:* $\ln p$ of every word at every step, and the captions that were wanted. *Done when* the check says ✓.


# %% tags=["exercise"]
def caption_nats(log_p, captions):
    """Minus the log-probability of whole captions, averaged over the films.

    log_p: (N, L, V), ln p of each word at each step. captions: (N, L), the numbers of the right words: the words, 2 (<end>), then 0 (<pad>), which
    does not count. Returns one number, in nats per caption.
    """
    ### BEGIN SOLUTION
    of_right_word = log_p.gather(2, captions[:, :, None])[:, :, 0]  # (N, L)
    return -(of_right_word * (captions != 0)).sum(dim=1).mean()
    ### END SOLUTION


# %% tags=["check"]
caption_nats = exercise("16.5", caption_nats)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Pick the right word's ln p at each step: `gather` along the last axis. Set those of the padding to zero. Then add up along one axis and take the mean along the other: which is which?
# </details>
# <details><summary>Fuller hint</summary>
#
# `log_p.gather(2, captions[:, :, None])[:, :, 0]` is (N, L). Times `(captions != 0)`, `.sum(dim=1)` over the words, `.mean()` over the films, and a minus in front.
# </details>


# %%
class Teller(nn.Module):
    """reports (N, T, 37), words fed (N, L) → ln p of each next word (N, L, V)."""

    def __init__(self, H=64):
        super().__init__()
        self.reads = nn.LSTM(37, H, batch_first=True)
        self.embed = nn.Embedding(len(WORDS), 24)
        self.writes = nn.LSTM(24, H, batch_first=True)
        self.readout = nn.Linear(H, len(WORDS))

    def forward(self, r, words):
        state = self.reads(r)[1]
        states = self.writes(self.embed(words), state)[0]
        return self.readout(states).log_softmax(2)

    def write(self, r, longest=6):
        """The likeliest word at every step, fed back as the next: (N, longest)."""
        words = torch.full((len(r), 1), WORDS.index("<start>"))
        for _ in range(longest):
            likeliest = self(r, words)[:, -1].argmax(1, keepdim=True)
            words = torch.cat([words, likeliest], dim=1)
        return words[:, 1:]


# %% [markdown]
# It need not learn to watch from nothing. The LSTM that named the direction at each frame knows how; its weights are where the reader begins.

# %% tags=["nbval-ignore-output"]
teller = Teller()
teller.reads.load_state_dict(models["LSTM"].lstm.state_dict())


def sentence_loss(model, r, captions):
    return caption_nats(model(r, captions[:, :-1]), captions[:, 1:])


history = train_on(teller, sentence_loss, train.captions, "sentences")
with torch.no_grad():
    said = teller.write(test_reports)

# %% tags=["nbval-ignore-output"]
k = int((test.shown.sum(1) == 5).nonzero()[0])
plot.film_strip(test.frames[k], title=f"“{say(said[k])}”")

# %% [markdown]
# A sentence holds three things that can be wrong: the digit, the direction, and whether "and back" stands behind it. The rest is the same in all sentences. So score the **content words**, each by itself.
#
# **Before you run:** which of the three is wrong most often?

# %% tags=["predict"]
predict("16.c", ...)  # "digit", "direction" or "back"

# %% tags=["nbval-ignore-output"]
wanted = test.captions[:, 1:]
content = {"digit": 0, "direction": 2, "back": 3}  # their places; at the fourth stands "and", or <end>
wrong = {}
for name, place in content.items():
    wrong[name] = (said[:, place] != wanted[:, place]).float().mean()
all_seen = as_one(world.places)
least = {
    "direction": 1 - best(joint(all_seen, world.actions % 4, world.p))[1],
    "back": 1 - best(joint(all_seen, world.actions // 4, world.p))[1],
}
plot.bars_at_best(wrong, least, y="share wrong", title="Content words that are wrong, unseen drawings")

# %% [markdown]
# The digit. That is mostly a matter of the eye, not of time: its drawings are new to it. And there is no list of all handwriting, from which a line could be computed. For the two others the line is the share that
# *nobody* could get right, for the film does not show it.

# %% tags=["claim"]
read_to_end = (said == wanted) | (wanted == 0)  # behind <end> nobody reads
outcome("16.c", max(wrong, key=wrong.get))
claim("at least 85 of 100 sentences are right, word for word", read_to_end.all(1).float().mean(), at_least=0.85)
others = max(wrong["direction"], wrong["back"])
claim("the digit is wrong more often than either other, by at least 1 point", wrong["digit"] - others, at_least=0.01)
votes = (test_reports[:, :, :10] * test.shown[:, :, None]).sum(dim=1).argmax(1)  # the eye alone, all frames together
misread = said[:, 0] != wanted[:, 0]
claim(
    "where it is wrong, the eye's reports added up name a wrong one, too: in 60 of 100 films or more",
    (votes != test.digits)[misread].float().mean(),
    at_least=0.6,
)

# %% [markdown]
# ## What you can now do
#
# - **Fold time into the batch**: `flatten(0, 1)`, one call of the eye, `unflatten(0, (N, T))`. Unfolded in another order, every shape fits and each film gets frames of others.
# - **Compute a ceiling**: list what can happen with its probability, group it by what a model sees, take the likeliest answer of each group, add up. One frame shows where; two show which way, if both are there; a bag shows
#   which places, and not in which order.
# - **Ask one film three questions**: a read-out at every state, one at the last, or a second LSTM that begins in the last state and writes. The reader can be the same.
#
# *Where people use this:* gestures, sign language, driving, surgery, sport, and descriptions of films for people who cannot see them. *Where it fails:* everything that a sentence needs has to pass through one state, and long films
# do not fit ([lesson 20](20_attention.ipynb) looks back instead). In real films nobody has a list of all paths, so the ceiling stays unknown. How
# pictures become words: [lesson 17](17_captioning.ipynb).

# %% [markdown]
# <details><summary>Test yourself: a model is right 60 times in 100 with two frames. Somebody proposes a network ten times as large. What do you say?</summary>
#
# Compute the ceiling first. If it is about there, no network with two frames does better: give it more to look at, which means a memory.
# </details>
# <details><summary>Test yourself: the LSTM is trained on films of eight frames. How could it be better at frame 3 than somebody who sees the same frames, but does not know which they are?</summary>
#
# It counts. A turn never comes before the fourth frame, and a digit close to where a film can begin says something else at the beginning than later. The ceiling of the LSTM knows the time, too.
# </details>
# <details><summary>Test yourself: reports of shape (N, T, E) were made with `.view(T, N, E).transpose(0, 1)`. Which accuracy do you expect in training?</summary>
#
# About that of answering without looking: the reports belong to other films than the answers, so there is nothing to learn, unless N or T is 1. No error is raised.
# </details>
#
# *Further reading.* J. Donahue et al., "Long-term recurrent convolutional networks for visual recognition and description", *CVPR* (2015): one eye for all frames, one LSTM, three mappings. S. Venugopalan et al., "Sequence to sequence: video to text", *ICCV*
# (2015). N. Srivastava, E. Mansimov, R. Salakhutdinov, "Unsupervised learning of video representations using LSTMs", *ICML* (2015): the moving digits. M. Zaheer et al., "Deep sets", *NeurIPS* (2017): the form of everything that is blind to order.
