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
# - build and train a network that writes a sentence about a picture: start token, end token, **teacher forcing**,
# - let it write on its own: word by word (**greedy**), and with several beginnings in hand (**beam search**),
# - choose how one input enters a sequence model, and say what is lost when it cannot read its own words.
#
# Needs: [lesson 06](06_lstm.ipynb) (the LSTM); a convolution appears, and is explained in a sentence. About 80 minutes. Mapping: one-to-many.

# %%
from math import exp

import torch
from torch import nn
from lstmkit import claim, device, exercise, fit, plot, seed
from lstmkit.data.scenes import DIGITS, WORDS, say, scenes, sources

seed(11)
here = device()

# %% [markdown]
# ## Two digits, one sentence
#
# Each picture has 20 × 20 pixels and shows two digits that people wrote by hand. Each caption names them in reading order. Read a
# few: where does the sentence have four words, where three? One input, several outputs: this is **one-to-many**. The network has to decide *what*
# to say, in *which order*, and *when to stop*.

# %% tags=["nbval-ignore-output"]
few = scenes(8)
titles = [say(caption).replace(" ", "\n", 1) for caption in few.captions]
plot.images(few.pictures, titles, title="One picture in, a sentence out")

# %% tags=["nbval-ignore-output"]
plot.mapping("one-to-many")

# %% [markdown]
# ## Words as numbers
#
# Every word has a number. Four of the "words" are signals. `<start>` is what the network reads before it has written anything.
# `<end>` is what it writes when it has finished. `<pad>` fills short captions up, so that a batch is a rectangle; nothing ever
# has to be learnt from it. (`<unknown>`, *right* and *below* are not needed here; later lessons use the same list.)
#
# ## Unseen digits, not unseen pairs
#
# How would you make a test set? Composing ten thousand scenes and setting a thousand aside would be a mistake: the same *drawing* of a
# seven would stand in both parts, beside another neighbour. A network that had learnt that drawing by heart would pass.
#
# So the 1,797 drawings are split **before** any scene is composed. A test scene is made of drawings that training never showed.
# (By people whom it may have seen: the data set does not say who wrote what.) In return we may compose new scenes for every batch:
# from so few drawings come millions of scenes.

# %%
PAD, START, END = 0, 1, 2
example = [WORDS.index(word) for word in "<start> seven left of three <end>".split()]
shorter = [WORDS.index(word) for word in "<start> three above nine <end> <pad>".split()]
print(WORDS, example, shorter, say(shorter), sep="\n")
drawings = {part: {row.numpy().tobytes() for row in sources(part)[0]} for part in ("train", "test")}
claim("no drawing stands in both parts", len(drawings["train"] & drawings["test"]), close_to=0, tolerance=0)
claim("training alone has more than a million pairs of drawings", len(drawings["train"]) ** 2, at_least=1_000_000)

# %% [markdown]
# ## The captioner
#
# A **convolutional network** looks at the picture: small filters slide over it, and each answers where "its" stroke is. What it has seen,
# a vector $v$, becomes the LSTM's *initial state*. Then the LSTM writes: at each step it reads the word before and gives
# a probability to every word that could be next.
#
# $$v = \mathrm{CNN}(\text{picture}), \qquad h_0 = \tanh(W_h v + b_h), \quad c_0 = W_c v + b_c$$
# $$h_t, c_t = \mathrm{LSTM}(e(w_{t}),\, h_{t-1}, c_{t-1}), \qquad p(w_{t+1} \mid w_1 … w_t, \text{picture}) = \mathrm{softmax}(R\, h_t + b_R)$$
#
# | symbol | variable | shape |
# |---|---|---|
# | picture | `pictures` | (N, 20, 20) |
# | $v$, what the eye has seen | `eye(…)` | (N, 800) |
# | $h_t, c_t$, state | `h`, `c` | (N, H), H = 96 |
# | $w_t$, the word read at step $t$ (the first is `<start>`) | `words` | (N,) |
# | $e(w_t)$, its embedding | `embed(words)` | (N, E), E = 32 |
# | $\ln p$, log-probability of each next word | `log_p` | (N, V), V = number of words |


# %%
class Captioner(nn.Module):
    """The picture is the LSTM's initial state; then words in, words out."""

    def __init__(self, H=96, E=32):
        super().__init__()
        layers, channels = [], 1
        for wider, pool in [(16, nn.MaxPool2d(2)), (32, nn.MaxPool2d(2)), (32, nn.Identity())]:
            layers += [nn.Conv2d(channels, wider, 3, padding=1), pool, nn.BatchNorm2d(wider), nn.ReLU()]
            channels = wider
        self.eye = nn.Sequential(*layers, nn.Flatten())  # 20 × 20 → 32 channels of 5 × 5
        self.start = nn.Linear(800, 2 * H)
        self.embed = nn.Embedding(len(WORDS), E)
        self.cell = nn.LSTMCell(E, H)
        self.read = nn.Linear(H, len(WORDS))

    def look(self, pictures):
        h, c = self.start(self.eye(pictures[:, None])).chunk(2, dim=1)
        return h.tanh(), c

    def step(self, words, state):
        h, c = self.cell(self.embed(words.to(here)), state)
        return self.read(h).log_softmax(1), (h, c)


# %% [markdown]
# `look` is used once for a picture, `step` once for each word. Everything below, training and all ways of writing, uses these two alone.
#
# ## Teacher forcing
#
# In training we know the right caption. So we feed the *right* word at each step, whatever the network would have said, and ask for
# the next one. That is **teacher forcing**: every step is trained at once, and an early slip does not spoil the rest.
#
# ### Exercise 17.1 · The shift (5 min, ●○○)
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
shift = exercise("17.1", shift)

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
# The loss is the cross-entropy over the real words: `ignore_index` leaves the padding out of the sum *and* out of the count.
#
# One in five training scenes is a special one: the first digit stands to the left of the second *and* above it. Both captions are true, and
# a coin decides which one the teacher gives. Keep them in mind; they will matter twice.
#
# Beside the captioner we train a second network for a few steps, with a bug that everyone plants once: inputs and targets **not
# shifted**. Its target at each step is the word that it is being fed. **Before you run:** which of the two will have the lower loss?


# %%
def teacher_forced(model, seen, words):
    """Log-probabilities of each next word, (N, T, V), while the right words (N, T) are fed. seen: what model.look takes."""
    state, steps = model.look(seen), []
    for t in range(words.shape[1]):
        log_p, state = model.step(words[:, t], state)
        steps.append(log_p)
    return torch.stack(steps, 1)


def caption_loss(model, seen, captions, shift=shift):
    """Mean cross-entropy per real word, in nats."""
    inputs, targets = shift(captions)
    log_p = teacher_forced(model, seen, inputs)
    return nn.functional.nll_loss(log_p.flatten(0, 1), targets.flatten(), ignore_index=PAD)


# %% tags=["nbval-ignore-output"]
def batch(N=64):
    new = scenes(N, diagonal=0.2)
    return new.pictures.to(here), new.captions.to(here)


def one_cycle(lr, steps):  # the step size rises to lr and falls to 0: a short training ends calmly
    return lambda optimizer: torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)


def unshifted_loss(model, pictures, captions):
    return caption_loss(model, pictures, captions, shift=lambda captions: (captions, captions))


captioner, parrot = Captioner().to(here), Captioner().to(here)
history = fit(captioner, caption_loss, batch, steps=800, schedule=one_cycle(4e-3, 800), clip=1.0, title="captioner")
unshifted = fit(parrot, unshifted_loss, batch, steps=100, schedule=one_cycle(1e-2, 100), clip=1.0, title="parrot")
losses = {"shifted: predicts the next word": history.losses, "not shifted: repeats its input": unshifted.losses}
labels = {"x": "training step", "y": "loss (nats per word)"}
plot.series(losses, **labels, log=True, title="The lower loss belongs to the bug")

# %% [markdown]
# The parrot's loss falls towards zero within a hundred steps: repeating a word needs no picture. It looks like a triumph. A loss that
# falls *too* fast is a reason to look for a leak. The proof comes when the network has to write on its own.
#
# ## Writing on its own
#
# When the network is used there is no teacher. It reads `<start>`, we take a word from its probabilities, and **feed that word back** as
# the next input, until it writes `<end>`. The plainest choice is the likeliest word at each step: **greedy decoding**.
#
# ### Exercise 17.2 · Greedy decoding (15 min, ●●○)
#
# *Goal:* the captions of a whole batch. *Given:* `step` (as the captioner's), a `state` to begin from, the first `words` to feed, (N,), and
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
    return torch.stack(written, 1)
    ### END SOLUTION


# %% tags=["check"]
greedy = exercise("17.2", greedy)

# %% [markdown]
# <details><summary>Hint</summary>
#
# A loop of `longest` rounds. In each: `step`, `argmax`, keep the words, remember which rows have ended. `ended` is a tensor of N truth
# values, all False at first: `torch.zeros_like(words, dtype=torch.bool)`.
# </details>
# <details><summary>Fuller hint</summary>
#
# `words = log_p.argmax(1).masked_fill(ended, PAD)` writes `PAD` in the rows that had ended *before* this word. Then append, and only then
# `ended = ended | (words == END)`. At the end `torch.stack(written, 1)`.
# </details>
#
# Now both networks write, for a thousand scenes of unseen digits, each with *one* true caption. A score would say how many are right; pictures say why
# some are not. (`fit` leaves a network in eval mode, as it has to be here: no caption depends on the batch that it is written in.) **Before you run:** will the failures be wrong digits, wrong relations, or broken sentences?


# %% tags=["nbval-ignore-output"]
@torch.no_grad()
def write(model, seen, longest=5):
    """Greedy captions, (N, longest), on the CPU."""
    words = torch.full((len(seen),), START, device=here)
    return greedy(model.step, model.look(seen.to(here)), words, longest).cpu()


test = scenes(1000, "test")
said, truth = write(captioner, test.pictures), test.captions[:, 1:]
parroted = write(parrot, test.pictures)
print("the parrot:", *[WORDS[k] for k in parroted[0]])
right = (said == truth).all(1)  # exact match: every word
failed = (~right).nonzero().flatten()[:8]
titles = [f"said: {say(said[n])}\ntrue: {say(truth[n])}" for n in failed]
plot.images(test.pictures[failed], titles, title="What it gets wrong: one digit, misread", columns=4, size=2.6)

# %% [markdown]
# The parrot, in the line above the pictures, says what it is fed: `<start>`. Fed that a second time, which training never did, it says some
# word, and keeps to it, whatever the picture shows.
#
# Now the captioner. Look at the digits that it took for others: would you have read them rightly? The sentence around them stands. If the two digits are read
# independently, each rightly with probability $q$, how often is the whole caption right (**exact match**)? Both must be: $q^2$.


# %%
def parts(captions):
    """First digit, relation (left or above) and second digit of each caption, as three tensors."""
    second = torch.where(captions[:, 1] == WORDS.index("left"), captions[:, 3], captions[:, 2])
    return captions[:, 0], captions[:, 1], second


first, relation, second = [a == b for a, b in zip(parts(said), parts(truth))]
q = torch.stack([first, second]).float().mean()
claim("captions of unseen digits: exact match at least 0.85", right.float().mean(), at_least=0.85)
claim(
    "at least eight of ten failures are one misread digit",
    (relation & (first ^ second))[~right].float().mean(),
    at_least=0.8,
)
claim("exact match is the square of the digit accuracy", right.float().mean() - q**2, close_to=0.0, tolerance=0.01)
claim("the parrot's loss ended below half of the captioner's", unshifted.losses[-1] / history.losses[-1], at_most=0.5)
claim("and the parrot writes no right caption at all", (parroted == truth).all(1).sum(), close_to=0, tolerance=0)

# %% [markdown]
# To caption better, this network has to *see* better; its language needs no repair.
#
# ## More than one beginning in hand
#
# Greedy decoding never takes a word back. Suppose that the network gives *three* $0.6$ and *eight* $0.4$ as the first word; that after *three* it is
# unsure, its best word at $0.3$; and that after *eight* it is certain, $0.9$. Greedy writes *three* and ends with $0.6 \cdot 0.3 = 0.18$. The other
# way was worth $0.4 \cdot 0.9 = 0.36$.
#
# **Beam search** keeps the `width` best beginnings instead of one. Each round: extend every beginning by every word; of *all* these
# candidates keep the `width` likeliest; put those that end aside; go on with the others.
#
# Probabilities multiply, so log-probabilities add. Each word adds a negative number, so long sentences look worse *for being long*.
# Therefore finished captions are compared by their log-probability **per word**:
#
# $$\text{score}(w_1 … w_n) = \frac{1}{n} \sum_{t=1}^{n} \ln p(w_t \mid w_1 … w_{t-1}, \text{picture}), \qquad w_n = \texttt{<end>} \text{ counted}$$

# %% [markdown]
# ### Exercise 17.3 · Beam search (25 min, ●●●)
#
# *Goal:* the finished captions of *one* picture, best first. *Given:* `step`, a `state` for a batch of one, `width`, `longest`. The rules:
#
# 1. A beginning is: total log-probability, list of words (`[START]` at first), and the state that belongs to it.
# 2. In each of `longest` rounds extend every beginning by every word. Of all candidates of the round keep the `width` with the highest total.
# 3. Of these, the ones that end with `END` are finished (they used up a place). The others go on. If none goes on, stop.
# 4. Beginnings left over after the last round count as finished.
# 5. Score = total / number of words, `START` not counted, `END` counted. Return pairs (score, words without `START`), the highest score first.
#
# *Done when* the check says ✓. Give yourself 25 minutes, then open the hints.


# %% tags=["exercise"]
def beam_search(step, state, width, longest):
    """The finished captions of one picture: [(log-probability per word, list of words), …], best first.

    step: log_p, state = step(words, state), with words of shape (1,) and log_p (1, V). state: for a batch of one.
    """
    ### BEGIN SOLUTION
    beams, finished = [(0.0, [START], state)], []
    for _ in range(longest):
        candidates = []
        for total, words, state in beams:
            log_p, after = step(torch.tensor([words[-1]]), state)
            candidates += [(total + value, [*words, k], after) for k, value in enumerate(log_p[0].tolist())]
        best = sorted(candidates, key=lambda candidate: candidate[0], reverse=True)[:width]
        finished += [beam for beam in best if beam[1][-1] == END]
        beams = [beam for beam in best if beam[1][-1] != END]
        if not beams:
            break
    scored = [(total / (len(words) - 1), words[1:]) for total, words, _ in finished + beams]
    return sorted(scored, reverse=True)
    ### END SOLUTION


# %% tags=["check"]
beam_search = exercise("17.3", beam_search)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Two loops: over rounds, and inside it over beginnings. `step(torch.tensor([words[-1]]), state)` reads a beginning's last word. Every candidate
# is a triple like a beginning, with the *new* state beside it. `log_p[0].tolist()` is a list of V numbers.
# </details>
# <details><summary>Fuller hint</summary>
#
# `candidates.append((total + value, words + [k], after))` for each word `k` with log-probability `value`. Then
# `best = sorted(candidates, key=lambda candidate: candidate[0], reverse=True)[:width]`, and split `best` by `words[-1] == END`. After the loops:
# `total / (len(words) - 1)` and `words[1:]` for everything in `finished + beams`.
# </details>
#
# ## Two true captions
#
# Where does more than one beginning help? Here are scenes in which the first digit stands to the left *and* above. **Before you run:** which captions
# will come out on top, and how will they share the probability?

# %% tags=["nbval-ignore-output"]
both = scenes(300, "test", diagonal=1.0)
with torch.no_grad():
    found = [beam_search(captioner.step, captioner.look(one[None].to(here)), 4, 5) for one in both.pictures]
fig, axes = plot.panels(3, 2, size=(4.6, 1.7), width_ratios=[1, 2.2], sharex="col")
for (scene, bars), picture, captions in zip(axes, both.pictures, found):
    scene.imshow(picture, cmap="Greys")
    scene.axis("off")
    for score, words in captions[2::-1]:
        bars.barh(say(words), torch.tensor(score * len(words)).exp(), color="#0072B2")
axes[-1, 1].set_xlabel("probability of the whole caption")
fig.suptitle("Two captions are true: both are found, where the digits are legible")
fig

# %% [markdown]
# Greedy decoding gives one of the two. Beam search shows what the network *knows*: there are two, and little else,
# unless a digit itself is hard to read. (The bars are total probabilities, the best score per word on top. Where an upper bar is shorter than the one below
# it, dividing by the number of words has turned the order round.)
#
# And on ordinary scenes? **Before you run:** will beam search repair the misread digits?


# %%
def true_pair(digits):
    """The two captions of a scene in which both are true."""
    one, two = (DIGITS[k] for k in digits)
    return {f"{one} left of {two}", f"{one} above {two}"}


hits = [{say(words) for _, words in two[:2]} == true_pair(digits) for two, digits in zip(found, both.digits)]
claim("in at least 80 of 100 such scenes the two best are the two true ones", sum(hits) / 300, at_least=0.8)
mass = [sum(exp(s * len(w)) for s, w in two if say(w) in true_pair(d)) for two, d in zip(found, both.digits)]
claim("in half of them the two have more than 0.85 of all probability", torch.tensor(mass).median(), at_least=0.85)
by_sum = [max(captions, key=lambda pair: pair[0] * len(pair[1])) for captions in found]
longer = sum(len(captions[0][1]) - len(other[1]) for captions, other in zip(found, by_sum))
claim("ranked per word, the winner is longer than ranked by the sum, in words on average", longer / 300, at_least=0.05)
with torch.no_grad():
    beams = [beam_search(captioner.step, captioner.look(one[None].to(here)), 4, 5) for one in test.pictures[:300]]
same = sum(say(captions[0][1]) == say(row) for captions, row in zip(beams, said)) / 300
claim("in ordinary scenes beam search writes what greedy wrote, in at least 97 of 100", same, at_least=0.97)

# %% [markdown]
# It does not. The search was never the problem: where this network errs, it errs with its eyes. Beam search pays where a good sentence can begin with an
# unlikely word; [lesson 19](19_encoder_decoder.ipynb) has longer sentences.
#
# And the claim about the longer caption shows the price of the rule. Of two captions with the *same* total, which is negative, the longer gets the better score. Length
# normalisation does not find the truth; it takes away a penalty, and here there was none to take away.
#
# ## Four ways in
#
# Our captioner gets its picture as the *initial state*. That was a choice: one input can enter a sequence model in four ways. To compare them fairly, give
# all four the same cell, which reads two **slots** side by side, for the picture vector $v$ (N, P), here squeezed to P = 64, and a word's embedding $e$ (N, E).
#
# | wiring | initial state | picture slot | word slot |
# |---|---|---|---|
# | `"initial state"` | from $v$ | zeros | zeros |
# | `"first step"` | zeros | $v$ at $t = 0$, then zeros | zeros |
# | `"every step"` | zeros | $v$ at every $t$ | zeros |
# | `"fed-back outputs"` | zeros | $v$ at $t = 0$, then zeros | the word before (`<start>` at $t = 0$) |
#
# The first three write without reading what they have written. (The captioner combines the first with the last.)
#
# ### Exercise 17.4 · The slots (10 min, ●●○)
#
# *Goal:* what the cell reads at step `t`. *Given:* the wiring's name, `t` counted from 0, `v`, `e`. *Done when* the check says ✓.


# %% tags=["exercise"]
def slots(wiring, t, v, e):
    """The cell's input at step t: picture slot, then word slot.

    wiring: one of the four names. t: 0, 1, 2 … v: (N, P). e: (N, E). Returns (N, P + E); an unused slot holds zeros.
    """
    ### BEGIN SOLUTION
    sees = wiring == "every step" or (t == 0 and wiring != "initial state")
    picture = v if sees else torch.zeros_like(v)
    word = e if wiring == "fed-back outputs" else torch.zeros_like(e)
    return torch.cat([picture, word], 1)
    ### END SOLUTION


# %% tags=["check"]
slots = exercise("17.4", slots)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Decide the two slots one after the other. Which wirings fill the picture slot at $t = 0$? Which one later? Which one fills the word slot?
# </details>
# <details><summary>Fuller hint</summary>
#
# The picture slot holds `v` if `wiring == "every step"`, or if `t == 0` and the wiring is not `"initial state"`; else `torch.zeros_like(v)`. The word
# slot holds `e` in `"fed-back outputs"` alone. Then `torch.cat([picture, word], 1)`.
# </details>
#
# All four look through the *same* eye: the captioner's, as it is now. What it sees in two hundred batches of training scenes is computed once. So a step of
# training is cheap, the four differ in their wiring alone, and each gets the same budget: 600 steps, fewer than the captioner had.
#
# **Before you run:** which of the four will read digits best?


# %%
class Wired(nn.Module):
    """One input, four ways in. It looks at what the captioner's eye has seen, (N, 800)."""

    def __init__(self, wiring, P=64, E=32, H=96):
        super().__init__()
        self.wiring = wiring
        self.squeeze = nn.Sequential(nn.Linear(800, P), nn.BatchNorm1d(P))
        self.start = nn.Linear(P, 2 * H)  # used by "initial state" alone
        self.embed = nn.Embedding(len(WORDS), E)
        self.cell = nn.LSTMCell(P + E, H)
        self.read = nn.Linear(H, len(WORDS))

    def look(self, seen):
        v = self.squeeze(seen)
        h, c = self.start(v).chunk(2, dim=1)
        if self.wiring != "initial state":
            h, c = torch.zeros_like(h), torch.zeros_like(c)
        return 0, v, h.tanh(), c

    def step(self, words, state):
        t, v, h, c = state
        h, c = self.cell(slots(self.wiring, t, v, self.embed(words.to(here))), (h, c))
        return self.read(h).log_softmax(1), (t + 1, v, h, c)


# %% tags=["nbval-ignore-output"]
WIRINGS = ("initial state", "first step", "every step", "fed-back outputs")


@torch.no_grad()
def seen_in(pictures):
    return torch.cat([captioner.eye(some[:, None].to(here)) for some in pictures.split(500)])


pool = [(seen_in(pictures), captions) for pictures, captions in (batch() for _ in range(200))]
models, match, test_seen = {}, {}, seen_in(test.pictures)
for wiring in WIRINGS:
    seed(11)
    models[wiring] = Wired(wiring).to(here)
    fit(models[wiring], caption_loss, pool, steps=600, schedule=one_cycle(6e-3, 600), clip=1.0, title=wiring)
    match[wiring] = (write(models[wiring], test_seen) == truth).all(1).float().mean().item()
plot.bars(match, y="exact match", x="wiring", title="With the same eye, all four ways in read equally well")

# %% [markdown]
# Hardly any difference: as long as each picture has *one* true caption, the four ways are as good as each other on these short sentences. Notice what that
# says about the first three. They never learn which word was written before, and still write sentences: here the picture alone decides every word.
#
# ## What a network that cannot hear itself gets wrong
#
# Now the scenes with two true captions. Let each network *draw* its words from its probabilities, as one does to get variety, instead of
# taking the likeliest.
#
# ### Exercise 17.5 · Words drawn apart (10 min, ●●●)
#
# *Goal:* two predictions. *Given:* a scene for which "seven left of three" and "seven above three" are equally true. A perfectly trained network is
# certain of both digits and torn between the two captions, half and half. It draws one word at each step; reading stops at the first `<end>`. How probable is it that
# what comes out is *one of the two sentences*, if the network reads its own words (`fed back`), and if it does not (`not fed back`)? *Done when* the check
# says ✓.

# %% tags=["exercise"]
sentence = {"fed back": ..., "not fed back": ...}
### BEGIN SOLUTION
sentence = {"fed back": 1.0, "not fed back": 2 * (1 / 2) ** 3}
### END SOLUTION

# %% tags=["check"]
sentence = exercise("17.5", sentence)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Write the two captions one below the other, `<end>` included. At which steps do they differ? A network that does not read its words draws at
# each of these steps anew.
# </details>
# <details><summary>Fuller hint</summary>
#
# *seven · left · of · three · end* and *seven · above · three · end*. They differ at the second, third and fourth word: three coins. Of the eight outcomes two are sentences,
# (*left, of, three*) and (*above, three, end*). With words fed back there is one coin: whatever it says, the rest follows.
# </details>
#
# To draw instead of taking the best, add noise of a certain form (Gumbel's) to the log-probabilities: the largest sum is then a fair draw. So `greedy`
# can draw as well. A "proper sentence" is one of the two hundred.


# %%
@torch.no_grad()
def draw(model, seen):
    """Captions drawn from the model's probabilities, as sentences."""

    def noisy_step(words, state):
        log_p, state = model.step(words, state)
        return log_p - torch.empty_like(log_p).exponential_().log(), state

    words = torch.full((len(seen),), START, device=here)
    return [say(row) for row in greedy(noisy_step, model.look(seen), words, 5).cpu()]


# %% tags=["nbval-ignore-output"]
proper = {f"{one} {how} {two}" for one in DIGITS for how in ("left of", "above") for two in DIGITS}
drawn = {wiring: draw(model, seen_in(both.pictures)) for wiring, model in models.items()}
share = {wiring: sum(text in proper for text in texts) / 300 for wiring, texts in drawn.items()}
broken = [n for n, text in enumerate(drawn["every step"]) if text not in proper]
fig, axes = plot.panels(1, 3, size=(4, 3.4), width_ratios=[2.8, 1, 1])
line = {"predicted without feedback": sentence["not fed back"]}
plot.bars(
    share, y="share of proper sentences", levels=line, title="Who reads its own words keeps to one sentence", ax=axes[0]
)
for ax, n in zip(axes[1:], broken):
    ax.imshow(both.pictures[n], cmap="Greys")
    ax.set_title("“every step” draws:\n" + drawn["every step"][n], fontsize=12)
    ax.axis("off")
fig

# %% [markdown]
# Three bars stand near your line, one at the top. A network without feedback gives each word its own fair probability, and still
# speaks nonsense: probabilities of single words are not a probability of sentences. (Near it, not on it: a real network is not always torn in
# exact halves, and three hundred scenes leave room for chance.)
#
# Is it the drawing, then? **Before you run:** let all four take the *likeliest* word at each step instead. How many sentences will be whole?

# %%
apart, seen = [share[wiring] for wiring in WIRINGS[:3]], seen_in(both.pictures)
likeliest = [sum(say(row) in proper for row in write(models[wiring], seen)) / 300 for wiring in WIRINGS]
claim("one true caption: each of the four wirings reaches an exact match of 0.85", min(match.values()), at_least=0.85)
claim("and no two differ by more than 0.06", max(match.values()) - min(match.values()), at_most=0.06)
claim("two true captions: reading its own words, a network keeps to one", share["fed-back outputs"], at_least=0.95)
claim("without, the share is near the prediction: the lowest of three", min(apart), between=(0.15, 0.4))
claim("and the highest", max(apart), between=(0.15, 0.4))
claim("taking the likeliest word saves none of the three: proper sentences", max(likeliest[:3]), at_most=0.75)
claim("the one that reads its own words needs no saving", likeliest[3], at_least=0.95)

# %% [markdown]
# ## What you can now do
#
# - **A captioner** is an eye, an initial state and a cell that reads the word before. It learns under *teacher forcing*, on shifted captions.
# - **Greedy decoding** writes the likeliest next word; **beam search** keeps several beginnings and ranks finished ones by log-probability per word. Here it
#   showed the second true caption, and repaired no misread digit.
# - **One input enters in four ways.** With one true caption they were equal. With two, only the network that reads its own words kept to one, drawn or greedy.
#
# Where it is kind: the four had a trained eye, and five words to write. Teacher forcing never shows a network its own mistakes: [lesson 19](19_encoder_decoder.ipynb) measures what that costs. Whether *seven* looks at the seven is a question for gradients ([lesson 22](22_output_gradients.ipynb)).
#
# <details><summary>Test yourself: why can beam search hardly help the wiring "every step"?</summary>
#
# No word changes what follows: of a given length, the likeliest words make the likeliest caption. Only where to end is left to search, and
# no beam makes the network read its own words.
# </details>
# <details><summary>Test yourself: test scenes use the same positions as training. Is that a leak?</summary>
#
# No: positions and relations are *meant* to be shared. The drawings must be new.
# </details>
#
# *Further reading.* O. Vinyals et al., "Show and tell", *CVPR* (2015): "first step", with words fed back. R. J. Williams, D. Zipser, "A learning algorithm for continually running fully
# recurrent neural networks", *Neural Computation* 1 (1989): teacher forcing. Y. Wu et al., "Google's neural machine translation system" (2016): length normalisation. The digits:
# E. Alpaydin, C. Kaynak, UCI Machine Learning Repository (1998).
