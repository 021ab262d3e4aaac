# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 17 · Captioning
#
# **How does one picture become many words?**
#
# After this lesson you will be able to
# - build a network that looks at a picture and then writes: from pixels to a first state, from a state to words,
# - train it with **teacher forcing**, on captions shifted by one word, and let it write on its own by **greedy decoding**,
# - make a test that memory cannot pass, read from the failures *what* fails, and choose where one input enters a sequence model.
#
# Needs: [lesson 06](06_lstm.ipynb) (the LSTM). About 90 minutes. Mapping: one-to-many.

# %%
import torch
from torch import nn
from lstmkit import claim, device, exercise, fit, outcome, plot, predict, seed
from lstmkit.data.scenes import DIGITS, WORDS, say, scenes

seed(17)
here = device()

# %% [markdown]
# ## Two digits, one sentence
#
# Each picture has 20 × 20 pixels and shows two digits that people wrote by hand. Each caption names them in reading order. Read a few: which have
# four words, which three?

# %% tags=["nbval-ignore-output"]
few = scenes(8)
titles = [say(caption).replace(" ", "\n", 1) for caption in few.captions]
plot.images(few.pictures, titles, title="One picture, one sentence")

# %% [markdown]
# One input, several outputs: **one-to-many**. The network has to decide *what* to say, in *which order*, and *when to stop*.

# %% tags=["nbval-ignore-output"]
plot.mapping("one-to-many")

# %% [markdown]
# ## Words as numbers
#
# Every word has a number: its place in `WORDS`. Some of the "words" are signals. `<start>` is what the network reads before it has written anything;
# `<end>` is what it writes when it has finished; `<pad>` fills short captions up, so that a batch is a rectangle. Nothing is ever to be learnt from
# padding. (`<unknown>`, *right* and *below* are not needed here; later lessons use the same list.)

# %%
PAD, START, END = 0, 1, 2
longer = [WORDS.index(word) for word in "<start> seven left of three <end>".split()]
shorter = [WORDS.index(word) for word in "<start> three above nine <end> <pad>".split()]
print(longer, shorter, say(shorter), sep="\n")

# %% [markdown]
# ## Which part must be new?
#
# There are 1,797 drawings of single digits. We will *compose* scenes from them, and keep some scenes back to test with. There are two ways:
#
# - **compose, then split**: make many scenes from all drawings, set some scenes aside;
# - **split, then compose**: set some drawings aside first; test scenes are made from those alone.
#
# In the first way no test scene stands in the training set. Good enough? Count how much of it is new.
#
# ### Exercise 17.1 · Compose, then split (6 min, ●●○)
#
# *Goal:* two probabilities. *Given:* 5,000 training scenes, each of two drawings picked at random out of 1,797 (any drawing may be picked again). *Done when* the
# check says ✓.
#
# - `"never shown"`: the probability that a given drawing appears in *none* of the 5,000 scenes,
# - `"nothing new"`: the probability that *both* drawings of a test scene have been shown in training. (Take them as independent.)

# %% tags=["exercise"]
late = {"never shown": ..., "nothing new": ...}
### BEGIN SOLUTION
never = (1 - 1 / 1797) ** 10_000
late = {"never shown": never, "nothing new": (1 - never) ** 2}
### END SOLUTION

# %% tags=["check"]
late = exercise("17.1", late)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Think of all the places in all the training scenes. How many are there? What is the chance that one place shows *another* drawing than ours?
# </details>
# <details><summary>Fuller hint</summary>
#
# 10,000 places, each with another drawing with probability `1 - 1 / 1797`: multiply them all. A test scene has nothing new if its first drawing was shown *and* its second one was.
# </details>
#
# So nearly every scene of such a test would be made of two drawings that the network has met, in another place beside another neighbour. A network that had learnt
# the drawings by heart would pass. We split first: four fifths of the drawings for training, and *no test scene shows a drawing that training has shown*. (By people whom
# it may have shown: the data set does not say who wrote what.) In return we may compose fresh scenes for every batch. From so few drawings come millions.

# %% [markdown]
# ## An eye
#
# First something must turn pixels into a vector. A **convolutional network**, CNN, does it with small *filters*. A filter is a 3 × 3 stencil of weights. It slides over
# the picture, and at every place it answers how well the strokes there fit it. Here are two stencils by hand: one likes upright strokes, one level ones.

# %% tags=["nbval-ignore-output"]
upright = torch.tensor([[-1.0, 2.0, -1.0]] * 3)
filters = torch.stack([upright, upright.T])[:, None]  # two filters, one input channel: (2, 1, 3, 3)
picture = few.pictures[:1, None]  # (1, 1, 20, 20)
answers = nn.functional.conv2d(picture, filters, padding=1).relu()  # (1, 2, 20, 20)
pooled = nn.functional.max_pool2d(answers, 2)  # (1, 2, 10, 10)
fig, axes = plot.panels(1, 5, size=(2.3, 2.5))
names = ["the picture", "upright strokes", "level strokes", "upright, pooled", "level, pooled"]
for ax, name, image in zip(axes, names, [picture[0, 0], *answers[0], *pooled[0]]):
    ax.imshow(image, cmap="Greys")
    ax.set(title=name, xticks=[], yticks=[])
    ax.spines[:].set_visible(True)
fig

# %% [markdown]
# The last two pictures show **max pooling**: of every 2 × 2 answers only the largest is kept. The picture shrinks, "there is an upright stroke about
# here" stays. Stack a few such layers, with *learnt* filters that read all answers of the layer below, and they find strokes, then corners and loops, then sevens.
#
# One more part keeps training quick. **Batch normalisation** shifts and scales each filter's answers so that over a batch they have mean 0 and
# variance 1 (a learnt scale and shift follow). In training it takes mean and variance from the batch at hand; afterwards from a running average, so that no picture's caption depends
# on its neighbours. (That is what `eval()` switches; `fit` leaves a network so.)

# %% [markdown]
# ## A captioner
#
# What the eye has seen, a vector $v$, becomes the LSTM's first state. Then the LSTM writes: at each step it reads the word before, and gives a
# probability to every word that could be next.

# %% tags=["nbval-ignore-output"]
words_in = ["<start>", "seven", "left", "of", "three"]
words_out = ["seven", "left", "of", "three", "<end>"]
plot.captioner(words_in, words_out, title="A picture in front, a word in and a word out at each step")

# %% [markdown]
# $$v = \mathrm{CNN}(\text{picture}), \qquad h_0 = \tanh(W_h v + b_h), \quad c_0 = W_c v + b_c$$
# $$h_t, c_t = \mathrm{LSTM}(e(w_{t-1}),\, h_{t-1}, c_{t-1}), \qquad p(w_t \mid w_0 … w_{t-1}, \text{picture}) = \mathrm{softmax}(R\, h_t + b_R)$$
#
# | symbol | variable | shape |
# |---|---|---|
# | picture | `pictures` | (N, 20, 20) |
# | $v$, what the eye has seen | `eye(…)` | (N, 800): 32 filters' answers at 5 × 5 places |
# | $h_t, c_t$ | `h`, `c` | (N, H), H = 96 |
# | $w_{t-1}$, the word read at step $t$; $w_0$ is `<start>` | `words` | (N,) |
# | $e(w)$, its embedding | `embed(words)` | (N, E), E = 32 |
# | $\ln p$, log-probability of each next word | `log_p` | (N, V), V = number of words |


# %%
class Captioner(nn.Module):
    """The picture is the LSTM's first state; then words in, words out."""

    def __init__(self, H=96, E=32):
        super().__init__()
        layers, channels = [], 1
        for filters, shrink in [(16, nn.MaxPool2d(2)), (32, nn.MaxPool2d(2)), (32, nn.Identity())]:
            layers += [nn.Conv2d(channels, filters, 3, padding=1), shrink, nn.BatchNorm2d(filters), nn.ReLU()]
            channels = filters
        self.eye = nn.Sequential(*layers, nn.Flatten())  # 20 × 20 → 32 filters at 5 × 5 places
        self.first_h, self.first_c = nn.Linear(800, H), nn.Linear(800, H)
        self.embed = nn.Embedding(len(WORDS), E)
        self.cell = nn.LSTMCell(E, H)
        self.read = nn.Linear(H, len(WORDS))

    def look(self, pictures):
        v = self.eye(pictures[:, None])
        return self.first_h(v).tanh(), self.first_c(v)

    def step(self, words, state):
        h, c = self.cell(self.embed(words), state)
        return self.read(h).log_softmax(1), (h, c)


# %% [markdown]
# `look` is used once for a picture, `step` once for each word. All that follows, training and writing, uses these two alone.
#
# ## The teacher's word
#
# In training we know the right caption. So at each step we feed the *right* word, whatever the network would have said, and ask for the one that
# follows. This is **teacher forcing**. It is what the drawing shows: read the lower row, then the upper. They are the same caption, once without its end and once
# without its start.
#
# ### Exercise 17.2 · The shift (5 min, ●○○)
#
# *Goal:* from a batch of captions, what is fed and what is to be predicted. *Given:* `captions`, (N, T), each row `<start>`, words,
# `<end>`, perhaps `<pad>`. *Done when* the check says ✓.


# %% tags=["exercise"]
def shift(captions):
    """Inputs and targets for teacher forcing.

    captions: (N, T) integers. Returns (inputs, targets), both (N, T − 1): targets[:, t] is the word that follows inputs[:, t].
    """
    ### BEGIN SOLUTION
    return captions[:, :-1], captions[:, 1:]
    ### END SOLUTION


# %% tags=["check"]
shift = exercise("17.2", shift)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The last column is never fed: nothing comes after it. Which column is never predicted?
# </details>
# <details><summary>Fuller hint</summary>
#
# Two slices along axis 1: `captions[:, :-1]` leaves the last column out, `captions[:, 1:]` the first.
# </details>
#
# The loss is the mean cross-entropy over the real words: `ignore_index` leaves the padding out of the sum *and* out of the count. ($\ln p$ is there already,
# so `nll_loss` picks that of the right word and changes the sign.)


# %%
def teacher_forced(model, seen, inputs):
    """ln p of each next word, (N, T, V), while the right words (N, T) are fed. seen: what model.look takes."""
    state, steps = model.look(seen), []
    for t in range(inputs.shape[1]):
        log_p, state = model.step(inputs[:, t], state)
        steps.append(log_p)
    return torch.stack(steps, dim=1)


def caption_loss(model, seen, captions):
    """Mean cross-entropy per real word, in nats."""
    inputs, targets = shift(captions)
    log_p = teacher_forced(model, seen, inputs)
    return nn.functional.nll_loss(log_p.flatten(0, 1), targets.flatten(), ignore_index=PAD)


# %% [markdown]
# ## Two students
#
# Beside the captioner we train a second network, with a bug that everyone plants once: inputs and targets are **not shifted**. Its target at
# each step is the word that it is being fed. Both are the same class; the second gets less than a fifth of the steps.
#
# **Before you run:** which of the two will have the lower loss at the end? Write `"shifted"` or `"not shifted"`.

# %% tags=["predict"]
predict("17.a", ...)  # "shifted" or "not shifted"


# %%
def batch():
    """64 fresh scenes. In one of five both "left of" and "above" are true, and a coin decides which the teacher says."""
    new = scenes(64, diagonal=0.2)
    return new.pictures.to(here), new.captions.to(here)


def not_shifted_loss(model, seen, captions):
    log_p = teacher_forced(model, seen, captions)
    return nn.functional.nll_loss(log_p.flatten(0, 1), captions.flatten(), ignore_index=PAD)


def rise_and_fall(steps):
    """The learning rate rises for three tenths of the steps and falls to zero after: a calm start, a calm end."""

    def share(step):
        return min((step + 1) / (0.3 * steps), (steps - step) / (0.7 * steps))

    return lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, share)


# %% tags=["nbval-ignore-output"]
captioner, parrot = Captioner().to(here), Captioner().to(here)
history = fit(
    captioner, caption_loss, batch, steps=800, lr=4e-3, schedule=rise_and_fall(800), clip=1.0, title="shifted"
)
copied = fit(
    parrot, not_shifted_loss, batch, steps=150, lr=4e-3, schedule=rise_and_fall(150), clip=1.0, title="not shifted"
)
losses = {"shifted": history.losses, "not shifted": copied.losses}
plot.series(losses, x="training step", y="loss (nats per word)", log=True, title="Two students in training")

# %% [markdown]
# The one with the bug. Its loss falls towards zero within a hundred and fifty steps: to repeat a word one needs no picture. It looks like a triumph. A loss that
# falls *too* fast is a reason to look for a leak, and the proof comes when the network has to write on its own. Let us call it the parrot.

# %% tags=["claim"]
ends = {"shifted": sum(history.losses[-20:]) / 20, "not shifted": sum(copied.losses[-20:]) / 20}
outcome("17.a", min(ends, key=ends.get))
claim("the parrot's loss ends at less than half of the captioner's", ends["not shifted"] / ends["shifted"], at_most=0.5)

# %% [markdown]
# ## Without the teacher
#
# In use nobody knows the right word. The network reads `<start>`; we take a word from its probabilities and **feed that word back** as the next
# input, until it writes `<end>`. The plainest choice is the likeliest word at each step: **greedy decoding**.

# %% tags=["nbval-ignore-output"]
plot.captioner(words_in, words_out, fed_back=True, title="On its own: each word written is the next word read")

# %% [markdown]
# ### Exercise 17.3 · Greedy decoding (15 min, ●●○)
#
# *Goal:* the captions of a whole batch. *Given:* `step` (the captioner's), a `state` to begin from, the first `words` to feed, (N,), and
# the `longest` number of words to write. Captions end at different steps, so: once a row has written `END`, everything after it
# is `PAD`. Always return `longest` columns. *Done when* the check says ✓.


# %% tags=["exercise"]
def greedy(step, state, words, longest):
    """Write the likeliest word at every step and feed it back.

    step: log_p, state = step(words, state); log_p is (N, V). words: what to feed first, (N,), all START.
    Returns the words written, (N, longest): START not included, PAD after END.
    """
    ### BEGIN SOLUTION
    written, ended = [], torch.zeros_like(words, dtype=torch.bool)
    for _ in range(longest):
        log_p, state = step(words, state)
        words = log_p.argmax(1).masked_fill(ended, PAD)
        written.append(words)
        ended = ended | (words == END)
    return torch.stack(written, dim=1)
    ### END SOLUTION


# %% tags=["check"]
greedy = exercise("17.3", greedy)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A loop of `longest` rounds. In each: `step`, `argmax`, keep the words, remember which rows have ended. `ended` is a tensor of N truth
# values, all False at first: `torch.zeros_like(words, dtype=torch.bool)`.
# </details>
# <details><summary>Fuller hint</summary>
#
# `words = log_p.argmax(1).masked_fill(ended, PAD)` writes `PAD` in the rows that had ended *before* this word. Then append, and only then
# `ended = ended | (words == END)`. At the end `torch.stack(written, dim=1)`.
# </details>
#
# Now both networks write about six thousand scenes of unseen digits. A caption counts only if *every* word is right: **exact match**.


# %%
@torch.no_grad()
def write(model, seen, longest=5):
    """Greedy captions, (N, longest)."""
    words = torch.full((len(seen),), START, device=here)
    return greedy(model.step, model.look(seen), words, longest)


def exact(said, captions):
    """Which captions are right word for word, (N,). captions: with <start>."""
    return (said.cpu() == captions[:, 1:]).all(1)


test = scenes(6000, "test")
said = write(captioner, test.pictures.to(here))
parroted = write(parrot, test.pictures.to(here))

# %% tags=["nbval-ignore-output"]
for n in range(4):
    print("the captioner:", say(said[n]), "   the parrot:", *[WORDS[k] for k in parroted[n]])

# %% [markdown]
# The parrot says what it is fed: `<start>`. What follows is whatever it makes of a second `<start>`, which its training never showed. Its tiny loss measured
# nothing that anybody wants.

# %% tags=["claim"]
right = exact(said, test.captions)
claim("the captioner: exact match on unseen digits", right.float().mean(), at_least=0.9)
claim("the parrot writes not one right caption", exact(parroted, test.captions).sum(), close_to=0, tolerance=0)

# %% [markdown]
# ## What fails?
#
# A score says how many captions are right. Pictures say *why* the others are not. **Before you run:** what will be wrong in most of the failures: a
# `"digit"`, the `"relation"` (*left of* for *above*), or the `"sentence"` (not a sentence at all)?

# %% tags=["predict"]
predict("17.b", ...)  # "digit", "relation" or "sentence"

# %% tags=["nbval-ignore-output"]
wrong = (~right).nonzero().flatten()
titles = [f"said: {say(said[n])}\ntrue: {say(test.captions[n])}" for n in wrong[:8]]
plot.images(test.pictures[wrong[:8]], titles, title="Eight of its failures", columns=4, size=2.6)

# %% [markdown]
# Digits. Look at those that it took for others: would you have read them all rightly? The sentence around them stands; the relation is as good as never wrong.
# To caption better, this network has to *see* better. Its language needs no repair.


# %% tags=["claim"]
def parts(captions):
    """First digit, relation (left or above) and second digit of each caption (without <start>)."""
    second = torch.where(captions[:, 1] == WORDS.index("left"), captions[:, 3], captions[:, 2])
    return captions[:, 0], captions[:, 1], second


proper = {f"{one} {how} {two}" for one in DIGITS for how in ("left of", "above") for two in DIGITS}
ours, theirs = parts(said.cpu()), parts(test.captions[:, 1:])
first, relation, second = ours[0] == theirs[0], ours[1] == theirs[1], ours[2] == theirs[2]
whole = torch.tensor([say(row) in proper for row in said])
kinds = {"digit": ((~first | ~second) & whole), "relation": ~relation & whole, "sentence": ~whole}
counts = {kind: int(kinds[kind].sum()) for kind in kinds}
outcome("17.b", max(counts, key=counts.get))
claim(
    "of the failures, whole sentences with one misread digit, nothing else wrong",
    (whole & relation & (first ^ second))[~right].float().mean(),
    at_least=0.85,
)
claim("captions with the wrong relation, of six thousand", counts["relation"], at_most=10)

# %% [markdown]
# ## Was the split worth it?
#
# Now let it caption fresh scenes of drawings that training *has* shown. That is the test that "compose, then split" would have given us: these scenes are
# new, their drawings are not. **Before you run:** will it fail as often as on unseen digits, less often, or not at all?

# %%
familiar = scenes(6000, "train")
right_familiar = exact(write(captioner, familiar.pictures.to(here)), familiar.captions)

# %% tags=["nbval-ignore-output"]
failures = {
    "drawings never seen": 1 - right.float().mean(),
    "drawings seen in training": 1 - right_familiar.float().mean(),
}
error = {name: (rate * (1 - rate) / 6000) ** 0.5 for name, rate in failures.items()}
plot.bars(failures, spread=error, y="share of wrong captions", title="6,000 fresh scenes each, ± one standard error")

# %% [markdown]
# Less often, though it does fail: it has not learnt those drawings by heart, it knows them *better*. A test of recomposed old drawings would have praised it for that. Whenever data are put together
# from pieces, ask what must be new: the pieces, the people, the days. Split *there*.
#
# (What the error bars cover: they take the 6,000 scenes as independent, and they are, as scenes of these 360 test drawings. But each drawing stands in some thirty of them, and the
# split into drawings was drawn *once*, the same for every seed. For 360 other drawings the bars would be longer.)

# %% tags=["claim"]
ratio = (1 - right_familiar.float().mean()) / (1 - right.float().mean())
claim("with familiar drawings it fails less often: a share of its failures with unseen ones", ratio, at_most=0.85)

# %% [markdown]
# ## Four ways in
#
# Our captioner gets its picture as the *first state*. That was a choice. One input can enter a sequence model in four ways. To compare them, give all four
# the same cell, which reads two **slots** side by side: one for the picture's vector $v$, one for a word. Follow the blue boxes, then the yellow ones:

# %% tags=["nbval-ignore-output"]
plot.wirings()

# %% [markdown]
# | wiring | first state | picture slot | word slot |
# |---|---|---|---|
# | `"initial state"` | from $v$ | zeros | zeros |
# | `"first step"` | zeros | $v$ at step 1, then zeros | zeros |
# | `"every step"` | zeros | $v$ at every step | zeros |
# | `"fed-back outputs"` | zeros | $v$ at step 1, then zeros | the word before (`<start>` at step 1) |
#
# The first three write without reading what they have written. (The captioner combines the first with the last.)
#
# ### Exercise 17.4 · The slots (8 min, ●●○)
#
# *Goal:* what the cell reads at step `t`. *Given:* the wiring's name, `t` counted from 1, `v` (N, P), the word's embedding `e` (N, E). *Done when* the
# check says ✓.


# %% tags=["exercise"]
def slots(wiring, t, v, e):
    """The cell's input at step t: picture slot, then word slot.

    wiring: one of the four names. t: 1, 2, 3 … v: (N, P). e: (N, E). Returns (N, P + E); an unused slot holds zeros.
    """
    ### BEGIN SOLUTION
    sees = wiring == "every step" or (t == 1 and wiring != "initial state")
    picture = v if sees else torch.zeros_like(v)
    word = e if wiring == "fed-back outputs" else torch.zeros_like(e)
    return torch.cat([picture, word], dim=1)
    ### END SOLUTION


# %% tags=["check"]
slots = exercise("17.4", slots)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Decide the two slots one after the other. Which wirings fill the picture slot at step 1? Which one later? Which one fills the word slot?
# </details>
# <details><summary>Fuller hint</summary>
#
# The picture slot holds `v` if `wiring == "every step"`, or if `t == 1` and the wiring is not `"initial state"`; else `torch.zeros_like(v)`. The word
# slot holds `e` in `"fed-back outputs"` alone. Then `torch.cat([picture, word], dim=1)`.
# </details>


# %%
class Wired(nn.Module):
    """One input, four ways in. It looks at what the captioner's eye has seen, (N, 800)."""

    def __init__(self, wiring, P=64, E=32, H=96):
        super().__init__()
        self.wiring = wiring
        self.squeeze = nn.Sequential(nn.Linear(800, P), nn.BatchNorm1d(P))
        self.first_h, self.first_c = nn.Linear(P, H), nn.Linear(P, H)  # used by "initial state" alone
        self.embed = nn.Embedding(len(WORDS), E)
        self.cell = nn.LSTMCell(P + E, H)
        self.read = nn.Linear(H, len(WORDS))

    def look(self, seen):
        v = self.squeeze(seen)
        h, c = self.first_h(v).tanh(), self.first_c(v)
        if self.wiring != "initial state":
            h, c = torch.zeros_like(h), torch.zeros_like(c)
        return 1, v, h, c

    def step(self, words, state):
        t, v, h, c = state
        h, c = self.cell(slots(self.wiring, t, v, self.embed(words)), (h, c))
        return self.read(h).log_softmax(1), (t + 1, v, h, c)


# %% [markdown]
# All four look through the *same* eye: the captioner's, as it is now. What it sees in two hundred batches of training scenes is computed once. So a step of
# training is cheap, and the four differ in their wiring alone. Each gets the same budget.
#
# **Before you run:** by how many points will the best of the four beat the worst, in exact match on unseen digits?

# %% tags=["predict"]
predict("17.c", ...)  # points (per cent) between the best and the worst


# %%
@torch.no_grad()
def through_the_eye(pictures):
    return torch.cat([captioner.eye(some[:, None]) for some in pictures.to(here).split(500)])


pool = []
for _ in range(200):
    pictures, captions = batch()
    pool.append((through_the_eye(pictures), captions))
test_seen = through_the_eye(test.pictures)

# %% tags=["nbval-ignore-output"]
match = {}
for wiring in ("initial state", "first step", "every step", "fed-back outputs"):
    seed(17)
    wired = Wired(wiring).to(here)
    fit(wired, caption_loss, pool, steps=400, lr=4e-3, schedule=rise_and_fall(400), clip=1.0, title=wiring)
    match[wiring] = exact(write(wired, test_seen), test.captions).float().mean().item()
    print(f"{wiring}: {match[wiring]:.3f}")

# %% [markdown]
# Hardly any difference. The eye decides, and they share it. Notice what that says about the first three: they never learn which word was written before,
# and still write sentences. Each picture of this test has *one* true caption, so the picture alone decides every word. Of the training pictures one in five
# has two; [lesson 18](18_beam_search.ipynb) asks for those.

# %% tags=["claim"]
spread = max(match.values()) - min(match.values())
outcome("17.c", 100 * spread)
claim("each of the four wirings reaches an exact match of 0.9", min(match.values()), at_least=0.9)
claim("points between the best and the worst of them", 100 * spread, at_most=3)

# %% [markdown]
# ## What you can now do
#
# - **A captioner** is an eye, a first state and a cell that reads the word before: `look` once, `step` once for each word.
# - **Teacher forcing** feeds the right words, shifted by one; **greedy decoding** feeds the network's own. A low loss on unshifted captions is a parrot's.
# - **A test** must be new where it counts: here in the drawings. Its failures were misread digits, not broken language; and the four wirings
#   read them equally well.
#
# Where people use this: describing photographs for blind readers, reading out charts and scans, first drafts of radiology reports. Where it fails: greedy
# decoding never takes a word back ([lesson 18](18_beam_search.ipynb)), and teacher forcing never shows a network its own mistakes
# ([lesson 19](19_encoder_decoder.ipynb) measures the price).

# %% [markdown]
# <details><summary>Test yourself: test scenes use the same positions as training. Is that a leak?</summary>
#
# No: positions and relations are *meant* to be shared. The drawings must be new.
# </details>
# <details><summary>Test yourself: why does the parrot write <code>&lt;start&gt;</code> first, although that is never a useful word?</summary>
#
# In its training the target at step 1 was its input at step 1: `<start>`, in every caption.
# </details>
# <details><summary>Test yourself: each digit is read rightly with probability q, and the exact match equals q² to the third digit. Are the two readings independent?</summary>
#
# You cannot tell. If two misreadings *never* fell on one picture, the exact match would be $1 - 2(1 - q)$, and that differs from $q^2$ by $(1 - q)^2$ alone: less than
# $0.001$ for $q = 0.97$. Count the double misreadings instead.
# </details>
#
# *Further reading.* O. Vinyals et al., "Show and tell", *CVPR* (2015): "first step", with words fed back. R. J. Williams, D. Zipser, "A learning algorithm for
# continually running fully recurrent neural networks", *Neural Computation* 1 (1989): teacher forcing. S. Ioffe, C. Szegedy, "Batch normalization", *ICML* (2015). The digits:
# E. Alpaydin, C. Kaynak, UCI Machine Learning Repository (1998).
