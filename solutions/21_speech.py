# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 21 · Speech
#
# **How can a network learn to hear, if it is told what was said and not when?**
#
# After this lesson you will be able to
# - turn sound into a picture that a network can read: frames, spectrum, mel bands, logarithm,
# - train on answers without an alignment: the blank, how a path collapses, and the sum over *all* paths by the forward algorithm (CTC),
# - score what was heard as word error rate, with a standard error that counts families of voices and not words.
#
# Needs: [lesson 11](11_tagging.ipynb) (reading both ways), [lesson 18](18_beam_search.ipynb) (sums of log-probabilities). About 90 minutes. Mapping: many-to-many,
# with fewer outputs than inputs.

# %%
from itertools import product
import torch
from IPython.display import Audio
from torch import nn
from lstmkit import claim, exercise, fit, generator, outcome, plot, predict, seed
from lstmkit.data.speech import DIGITS, RATE, recordings

# %% [markdown]
# ## Listen
#
# Somebody says digits. Play it, more than once if need be.

# %% tags=["nbval-ignore-output"]
seed(21)
one = recordings(1, "train", generator(211))
Audio(one.sounds[0].numpy(), rate=RATE)

# %%
said = one.digits[0, : one.lengths[0]].tolist()
print("said:", " ".join(DIGITS[digit] for digit in said))

# %% [markdown]
# That line is all that anybody writes down: the words, in their order. *When* each was said stands nowhere: to mark it takes hours. From such pairs a network shall learn to hear.
#
# The voices are synthetic, 99 of them, made once with the synthesiser espeak-ng. A recording is composed: some voice, two to five digits, short pauses, more or less loud, a
# little noise. Many voices are relatives of each other; they are sorted into **families**, and whole families are kept for the test. Who composes knows when each
# digit is said. The network is never told; we only use it to look.
#
# ## From sound to a picture
#
# What an ear takes from sound is *which frequencies are in it, from moment to moment*. So lay short windows over it, one after the other, and take the spectrum of each. One window's result is a **frame**.

# %% tags=["nbval-ignore-output"]
WINDOW, HOP = 256, 200  # samples: how long a window is, and how far the next one is
first = int(one.starts[0, 0] * RATE) + 800
plot.frames_of(one.sounds[0], rate=RATE, window=WINDOW, hop=HOP, first=first, title="Four windows on a piece of sound")

# %% [markdown]
# A spectrum has 129 frequencies, more than one needs: for speech it counts where the energy lies *roughly*, and the ear is finer at low frequencies. On the **mel** scale, equal steps sound equally far apart:
#
# $$\text{mel}(f) = 2595\, \log_{10}\left(1 + \frac{f}{700}\right)$$
#
# Put 24 overlapping triangles on it at equal distances; each adds up the energy of one **band**. Then the logarithm: louder is a step up, the same in all bands, and to subtract each band's mean takes it out again.
#
# $$P_t[f] = \Big|\sum_n w_n\, s_{(t-1) \cdot \text{hop} + n - W/2}\, e^{-2 \pi i f n / W}\Big|^2 \qquad x_t[m] = \log\Big(\epsilon + \sum_f B_{mf}\, P_t[f]\Big)$$
#
# | symbol | variable | shape |
# |---|---|---|
# | sound $s$ | `sounds` | (N, 25600) |
# | window $w$, of length $W$ | `torch.hann_window(WINDOW)` | (256,) |
# | power $P_t[f]$ | `power` | (N, 129, T), frequencies first |
# | triangles $B$ | `bank` | (24, 129) |
# | features $x_t$ | `x` | (N, T, 24), T = 129 frames (the same number by chance) |


# %%
def mel(frequency):
    return 2595 * torch.log10(1 + frequency / 700)


def hertz(mels):
    return 700 * (10 ** (mels / 2595) - 1)


def mel_bank(M=24, low=100.0, high=3900.0):
    """M triangles at equal distances in mel: weights (M, 129) of the frequencies of a spectrum."""
    ends = mel(torch.tensor([low, high]))
    corners = hertz(torch.linspace(ends[0], ends[1], M + 2))[:, None]
    frequency = torch.arange(WINDOW // 2 + 1) * RATE / WINDOW
    rising = (frequency - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - frequency) / (corners[2:] - corners[1:-1])
    return torch.minimum(rising, falling).clamp(min=0)


# %% tags=["nbval-ignore-output"]
bank = mel_bank()
plot.filter_bank(bank, rate=RATE, title="24 bands: equal distances in mel, not in hertz")


# %%
def log_mel(sounds):
    """Features (N, T, 24) of sounds (N, S): logarithms of the energies, without each band's mean."""
    window = torch.hann_window(WINDOW)
    power = torch.stft(sounds, WINDOW, HOP, window=window, return_complex=True).abs() ** 2
    x = torch.log(bank @ power + 1e-6).transpose(1, 2)
    return (x - x.mean(1, keepdim=True)) / 3  # the 3 makes them about as large as 1


# %% tags=["folded"]
SECONDS = one.sounds.shape[1] / RATE


def spans(made, n):
    """What recording n really says, from when to when: for looking only."""
    table = zip(made.digits[n].tolist(), made.starts[n].tolist(), made.stops[n].tolist())
    return [(DIGITS[digit], start, stop) for digit, start, stop in table if digit >= 0]


# %% tags=["nbval-ignore-output"]
plot.spectrogram(log_mel(one.sounds)[0], spans(one, 0), seconds=SECONDS, title="The recording as the network sees it")

# %% [markdown]
# Dark is loud. A vowel is a few dark bars one above the other; where a sound glides, as in *nine*, they bend. Without the brackets, where does a digit end? Is the pale piece behind *eight* a pause, or its *t*?
#
# ## A symbol for every frame
#
# A recurrent network gives an output at every frame; wanted are two to five digits. If we knew which frames belong to which, each could have its target, as in [lesson 11](11_tagging.ipynb). We do not. So let the network
# say at each frame one of *eleven* symbols, ten digits and a **blank** (–), "nothing new", and agree on how such a **path** is read: first merge what repeats from frame to frame, then take out the blanks.
#
# `– – 7 7 7 – – 3 3 – 3 –` → merged `– 7 – 3 – 3 –` → read `7 3 3`
#
# ### Exercise 21.1 · Collapse (5 min, ●○○)
#
# *Goal:* read a path. *Given:* a list with a symbol for each frame; digit $d$ is the number $d$, and which number is the blank is handed in. *Done when* the check says ✓.


# %% tags=["exercise"]
def collapse(path, blank):
    """What a path says: neighbours that are equal merged, then blanks taken out.

    path: list of T whole numbers, a symbol for each frame. blank: the number of the blank. Returns the list of the symbols that are left.
    """
    ### BEGIN SOLUTION
    heard, before = [], blank
    for symbol in path:
        if symbol != before and symbol != blank:
            heard.append(symbol)
        before = symbol
    return heard
    ### END SOLUTION


# %% tags=["check"]
collapse = exercise("21.1", collapse)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Walk along the path and remember the symbol of the frame before. When is a symbol new?
# </details>
# <details><summary>Fuller hint</summary>
#
# Keep `symbol` if it differs from `before` *and* is not the blank. Set `before = symbol` at every frame, also after a blank: it is the blank between two 3s that makes the second one new.
# </details>
#
# ### Exercise 21.2 · What fits into a few frames? (5 min, ●●○)
#
# *Goal:* five numbers, on paper. *Given:* the rule above. *Done when* the check says ✓.
#
# - A: the smallest number of frames that can say `7 1 4`
# - B: that can say `5 5`
# - C: that can say `0 0 0 2 2`
# - D: how many different paths of *three* frames say `3`, with 3 and the blank as the only symbols
# - E: how many different paths of *four* frames say `3 3`

# %% tags=["exercise"]
fits = {"A": ..., "B": ..., "C": ..., "D": ..., "E": ...}
### BEGIN SOLUTION
fits = {"A": 3, "B": 3, "C": 8, "D": 6, "E": 5}
### END SOLUTION

# %% tags=["check"]
fits = exercise("21.2", fits)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Where does a path *need* a blank, and where may it have one? For D and E write the paths down, sorted by how many blanks they have.
# </details>
# <details><summary>Fuller hint</summary>
#
# A blank is needed between equal neighbours and nowhere else. D: the 3s of a path stand in one piece, of one, two or three frames. E: the shortest path is 3 – 3; one of its three parts lasts longer by a frame, or a blank is put
# before it or behind it.
# </details>
#
# ## All paths at once
#
# The network gives probabilities $p_t(k)$ for each frame and symbol. A path's probability is the product over its frames, and that the digits $y$ were said has the probability of *all* paths that collapse to them:
#
# $$P(y \mid x) = \sum_{\pi:\ \text{collapse}(\pi) = y}\ \prod_{t=1}^{T} p_t(\pi_t) \qquad\qquad \text{loss} = -\log P(y \mid x)$$
#
# Nobody has to say which path is right: the right ones *together* shall be likely. For four digits in 129 frames there are more than $10^{12}$ of them, but they share their beginnings. Draw the labels, with a blank around
# each, as rows and the frames as columns: a path that reads right is a way from left to right.

# %% tags=["nbval-ignore-output"]
fig, axes = plot.panels(1, 2, size=(5.5, 3.8))
plot.trellis(["7", "3"], 5, [0, 1, 1, 3, 4], title="All paths of five frames that say 7 3", ax=axes[0])
plot.trellis(["3", "3"], 5, [1, 1, 2, 3, 3], title="All paths of five frames that say 3 3", ax=axes[1])
fig

# %% [markdown]
# In colour is one path, on the left `– 7 7 3 –`. From frame to frame it may stay in its row, move on by one, or *jump over a blank* from label to label. On the right there is no jump: without a blank between them, two 3s collapse to one.
#
# Write $\alpha_t(s)$ for the probability of being in row $s$ at frame $t$, all ways of getting there added up. It follows from the column before:
#
# $$\alpha_t(s) = p_t(\ell_s) \cdot \big(\alpha_{t-1}(s) + \alpha_{t-1}(s-1) + [\,\ell_s \ne \text{blank},\ \ell_s \ne \ell_{s-2}\,]\ \alpha_{t-1}(s-2)\big)$$
#
# | symbol | variable | shape |
# |---|---|---|
# | rows $\ell$: blank, label, blank, …, blank | `rows` | 2L + 1 |
# | $\log p_t(k)$ | `log_p` | (T, K) |
# | $\log \alpha_t(s)$ | `alpha` | 2L + 1 |
#
# A path begins in one of the first two rows and ends in one of the last two. Products of so many probabilities are tiny, so all is done with logarithms: products become sums, and sums become `torch.logsumexp`.
#
# ### Exercise 21.3 · The forward algorithm (15 min, ●●●)
#
# *Goal:* $\log P(y \mid x)$. *Given:* `log_p` and the labels. A row that cannot be reached has $\log \alpha = -\infty$. *Done when* the check says ✓; after 20 minutes, read the solution.


# %% tags=["exercise"]
def log_likelihood(log_p, labels, blank):
    """The log-probability that all paths which collapse to the labels have together.

    log_p: log-probabilities, (T, K). labels: list of L ≥ 1 symbols, none of them the blank. blank: its number.
    Returns a tensor without axes; −inf if no path of T frames fits.
    """
    ### BEGIN SOLUTION
    rows = [blank]
    for label in labels:
        rows += [label, blank]
    alpha = torch.full((len(rows),), -torch.inf, dtype=log_p.dtype)
    alpha[:2] = log_p[0, rows[:2]]
    for t in range(1, len(log_p)):
        new = []
        for s in range(len(rows)):
            ways = [alpha[s]]
            if s >= 1:
                ways.append(alpha[s - 1])
            if s >= 2 and rows[s] != blank and rows[s] != rows[s - 2]:
                ways.append(alpha[s - 2])
            new.append(torch.logsumexp(torch.stack(ways), 0) + log_p[t, rows[s]])
        alpha = torch.stack(new)
    return torch.logsumexp(alpha[-2:], 0)
    ### END SOLUTION


# %% tags=["check"]
log_likelihood = exercise("21.3", log_likelihood)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Build `rows` first. `alpha` begins as −inf everywhere but in its first two rows. At each frame make a *new* list: for row s collect the ways into it, `logsumexp` them, add `log_p[t, rows[s]]`.
# </details>
# <details><summary>Fuller hint</summary>
#
# `ways = [alpha[s]]`; if `s >= 1`, `alpha[s - 1]` joins; if `s >= 2`, `rows[s] != blank` and `rows[s] != rows[s - 2]`, so does `alpha[s - 2]`. `torch.logsumexp(torch.stack(ways), 0)` adds them. At the end, `torch.logsumexp(alpha[-2:], 0)`.
# </details>
#
# Two checks. Three symbols and five frames have 243 paths: try them all. And PyTorch has this loss built in, for batches, with its gradient:

# %%
toy = torch.randn(5, 3, generator=generator(212), dtype=torch.float64).log_softmax(1)
total = 0.0
for path in product(range(3), repeat=5):
    if collapse(list(path), blank=2) == [0, 0]:
        total += toy[range(5), list(path)].sum().exp()
print("all 243 paths, one by one:", torch.allclose(total.log(), log_likelihood(toy, [0, 0], 2)))

# %%
BLANK = 10
ctc = nn.CTCLoss(blank=BLANK, zero_infinity=True)  # its default is blank=0, and 0 is a digit here
log_p = torch.randn(129, 11, generator=generator(213), dtype=torch.float64).log_softmax(1)
theirs = ctc(log_p[:, None], torch.tensor([[7, 3, 3, 0]]), [129], [4]) * 4  # it divides by the number of labels
print("nn.CTCLoss, to 1e-6:", bool((theirs + log_likelihood(log_p, [7, 3, 3, 0], BLANK)).abs() < 1e-6))

# %% [markdown]
# ## A network that hears
#
# | symbol | variable | shape |
# |---|---|---|
# | features | `x` | (N, T, D), here T = 64, D = 48 |
# | states of both directions | | (N, T, 2H) |
# | log-probabilities of the symbols | `log_p` | (N, T, 11), the blank last |
# | digits, −1 behind the last | `digits` | (N, 5) |
# | how many there are | `lengths` | (N,) |


# %%
class Listener(nn.Module):
    """Features (N, T, D) → log-probabilities of ten digits and the blank, (N, T, 11)."""

    def __init__(self, D=48, H=48):
        super().__init__()
        self.lstm = nn.LSTM(D, H, batch_first=True, bidirectional=True)
        self.readout = nn.Linear(2 * H, 11)

    def forward(self, x):
        return self.readout(self.lstm(x)[0]).log_softmax(2)


def loss(model, x, digits, lengths):
    log_p = model(x)
    frames = torch.full((len(x),), log_p.shape[1])  # how many frames each has: all of them
    return ctc(log_p.transpose(0, 1), digits, frames, lengths)  # it wants time first


# %% [markdown]
# Forty frames a second are more than words need. Put two neighbours side by side: half as many frames, and half the work.


# %%
def stack(x, q):
    """q neighbouring frames side by side: (N, T, D) → (N, T // q, q D)."""
    T = x.shape[1] // q * q
    return x[:, :T].unflatten(1, (-1, q)).flatten(2)


train = recordings(3000, "train", generator(214))
log_mel_train = torch.cat([log_mel(sounds) for sounds in train.sounds.split(500)])
x_train = stack(log_mel_train, 2)
test = recordings(400, "test", generator(215))
x_test = stack(log_mel(test.sounds), 2)

# %%
STEPS = 400


def draw(x=x_train):
    """32 training recordings at random."""
    rows = torch.randint(len(x), (32,))
    return x[rows], train.digits[rows], train.lengths[rows]


def rise_and_fall(optimizer):
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=STEPS, pct_start=0.2)


# %% [markdown]
# Meet the network twice: after 60 of 400 steps, and at the end.
#
# **Before you run:** after 60 steps, which symbol is the likeliest at most frames? And after 400 steps, at which share of the frames is the *blank* the likeliest? (Digits fill about two fifths of a recording.)

# %% tags=["predict"]
predict("21.a", ...)  # after 60 steps, the symbol that leads at most frames: "0", … "9" or "blank"
predict("21.b", ...)  # after 400 steps, the share of frames at which the blank leads, from 0 to 1

# %% tags=["nbval-ignore-output"]
listener = Listener(D=48)
how = {"clip": 1.0, "schedule": rise_and_fall}
history = fit(listener, loss, draw, steps=60, title="listening", **how)
with torch.no_grad():
    early = listener(x_test).exp()
history = fit(listener, loss, draw, steps=STEPS, history=history, **how)
with torch.no_grad():
    late = listener(x_test).exp()


# %% tags=["folded", "nbval-ignore-output"]
def shown():
    """The first test recording of four digits or more that has one twice in a row and is read right (or else the first)."""
    for n, path in enumerate(late.argmax(2).tolist()):
        digits = test.digits[n, : test.lengths[n]].tolist()
        if len(digits) >= 4 and any(a == b for a, b in zip(digits, digits[1:])) and collapse(path, BLANK) == digits:
            return n
    return 0


n = shown()
probabilities = {"after 60 steps": early[n], "after 400 steps": late[n]}
plot.heard(log_mel(test.sounds[n : n + 1])[0], probabilities, DIGITS, spans(test, n), seconds=SECONDS)

# %% [markdown]
# After 60 steps it says blank, and nothing but blank, to every sound. It cannot tell the digits apart yet, and the blank is the one symbol that the right paths of *every* recording have, on average at most of their frames: to bet on it makes all of these likelier at once.
#
# In the end it still says blank at nearly every frame, in the middle of words, too. A digit is a **spike**, a frame or two wide: one frame is enough for a path to be right, and nothing in the loss asks for more.
#
# But look *where* the spikes stand: inside the digits that they name. Nobody told it; the shaded fields are for us, and the loss never saw them. (The recording is picked: it is read right.)

# %% tags=["folded"]
FRAMES = late.shape[1]


def runs(path):
    """(symbol, time of its middle in seconds) of each run of a path that is no blank."""
    found, start = [], 0
    for t in range(1, len(path) + 1):
        if t == len(path) or path[t] != path[start]:
            if path[start] != BLANK:
                found.append((path[start], (start + t) / 2 / FRAMES * SECONDS))
            start = t
    return found


def inside(paths, made):
    """The share of spikes that stand inside their own digit, over the recordings that were read without a mistake."""
    right = total = 0
    for n, path in enumerate(paths):
        spikes, real = runs(path), spans(made, n)
        if [DIGITS[symbol] for symbol, _ in spikes] == [word for word, _, _ in real]:
            total += len(real)
            right += sum(start <= at <= stop for (_, at), (_, start, stop) in zip(spikes, real))
    return right / total


# %% tags=["claim"]
blank_early, blank_late = (float((p.argmax(2) == BLANK).float().mean()) for p in (early, late))
outcome("21.a", "blank" if early.argmax(2).mode()[0].mode()[0] == BLANK else "a digit")
outcome("21.b", round(blank_late, 2))
claim("after 60 steps the blank leads at 99 of 100 frames or more", blank_early, at_least=0.99)
claim("after 400 steps it still leads at nine frames in ten", blank_late, at_least=0.9)
claim(
    "in recordings that are read right, 99 of 100 spikes stand inside their digit",
    inside(late.argmax(2).tolist(), test),
    at_least=0.99,
)

# %% [markdown]
# ## How well does it hear?
#
# To read the answer take the likeliest symbol of each frame and collapse. (This **greedy decoding** finds the likeliest *path*, and that need not read as the likeliest *labels*, which add up many paths. A beam, [lesson 18](18_beam_search.ipynb), comes closer.)


# %%
def hear(model, x):
    """The digits that a model hears: a list for each of N recordings."""
    with torch.no_grad():
        best = model(x).argmax(2)
    return [collapse(path, BLANK) for path in best.tolist()]


def truth(made):
    """The digits that were said: a list for each of N recordings."""
    return [row[:length].tolist() for row, length in zip(made.digits, made.lengths)]


# %% [markdown]
# Said was `1 2 3 4`, heard `2 3 4 5`. No place agrees, but one word was lost in front and one added behind: two errors. The **edit distance** is the *smallest* number of words to replace, delete or insert that turns the one into the other.
# A table finds it; $D_{ij}$ is the distance between the first $i$ words said and the first $j$ words heard:
#
# $$D_{i0} = i, \qquad D_{0j} = j, \qquad D_{ij} = \min\big(D_{i-1,j-1} + [\,a_i \ne b_j\,],\ \ D_{i-1,j} + 1,\ \ D_{i,j-1} + 1\big)$$
#
# ### Exercise 21.4 · Edit distance (8 min, ●●○)
#
# *Goal:* the distance. *Given:* two lists of words (here digits). *Done when* the check says ✓.


# %% tags=["exercise"]
def edit_distance(said, heard):
    """The smallest number of words to replace, delete or insert that turns `said` into `heard`.

    said, heard: lists, perhaps empty. Returns a whole number.
    """
    ### BEGIN SOLUTION
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        above, row = row, [i]
        for j, other in enumerate(heard, 1):
            row.append(min(above[j - 1] + (word != other), above[j] + 1, row[j - 1] + 1))
    return row[-1]
    ### END SOLUTION


# %% tags=["check"]
edit_distance = exercise("21.4", edit_distance)

# %% [markdown]
# <details><summary>Hint</summary>
#
# One row for each word said, and one more for "nothing said yet", which is 0, 1, 2, …. A row needs only the row above it.
# </details>
# <details><summary>Fuller hint</summary>
#
# `row = list(range(len(heard) + 1))`. For the i-th word: `above = row`, and the new row begins with `i`; then append the minimum of `above[j - 1] + (word != other)`, `above[j] + 1` and `row[j - 1] + 1`. The answer is the last number of the last row.
# </details>
#
# The **word error rate** is the distance, summed over all recordings, over the number of words that were said:
#
# $$\text{WER} = \frac{\sum_n D(a_n, b_n)}{\sum_n \text{words of } a_n}$$
#
# (Who hears words that nobody said can bring it above 1.) How sure is it? Fourteen hundred words sound like many, but a voice that is misheard once is misheard again: words of one voice, and of its relatives, stand or fall together. So take the *families* as units, and there are fourteen.
# With $e_g$ errors in the $w_g$ words of group $g$, and $G$ groups,
#
# $$\text{standard error} = \frac{1}{\sum_g w_g} \sqrt{\frac{G}{G-1} \sum_g (e_g - \text{WER}\, w_g)^2}$$


# %%
def by_group(heard, said, groups):
    """Errors and words of each group, two dicts. groups: the group of each recording."""
    errors, words = {}, {}
    for group, mine, right in zip(groups, heard, said):
        errors[group] = errors.get(group, 0) + edit_distance(right, mine)
        words[group] = words.get(group, 0) + len(right)
    return errors, words


def word_error(heard, said, groups):
    """Word error rate, and its standard error with the groups as units."""
    errors, words = by_group(heard, said, groups)
    e, w = torch.tensor(list(errors.values())), torch.tensor(list(words.values()))
    rate, G = e.sum() / w.sum(), len(e)
    spread = (G / (G - 1) * (e - rate * w).square().sum()).sqrt() / w.sum()
    return rate.item(), spread.item()


# %% [markdown]
# Three tests: the training's voices (the same sounds, composed anew); voices of families that it has never heard; and two voices that *whisper*, which none in training does: speech without any tone.
#
# **Before you run:** put the three in order, and guess the word error of the second.

# %% tags=["predict"]
predict("21.c", ...)  # word error rate on voices of unseen families

# %% tags=["nbval-ignore-output"]
tests = {"known voices": recordings(300, "train", generator(216)), "new families": test}
tests["whispered"] = recordings(100, "whisper", generator(217))
rates, spreads = {}, {}
for name, made in tests.items():
    heard = hear(listener, stack(log_mel(made.sounds), 2))
    rates[name], spreads[name] = word_error(heard, truth(made), made.families)
    print(f"{name}: {rates[name]:.3f} ± {spreads[name]:.3f}")
spreads["whispered"] = float("nan")  # two voices: no line is drawn, for two draws do not tell how far a third would be
plot.bars(rates, spread=spreads, y="word error rate", title="Three tests, with standard errors by family")

# %% [markdown]
# Known voices are heard best, new families not as well, and these two whisperers, for whom nothing in training prepares, much worse. (They are two: the printed standard error is as large as the rate, and how whispering in general would do is not known.)

# %% tags=["claim"]
outcome("21.c", round(rates["new families"], 3))
claim("on voices of unseen families at most 14 words in 100 are wrong", rates["new families"], at_most=0.14)
claim(
    "that is at least 1.5 times as many as on known voices", rates["new families"] / rates["known voices"], at_least=1.5
)
claim(
    "the two whisperers: at least 2.5 times the rate of those", rates["whispered"] / rates["new families"], at_least=2.5
)

# %% [markdown]
# And why are the lines on the bars so long? Look at the errors by family:

# %% tags=["folded", "nbval-ignore-output"]
heard = hear(listener, x_test)
errors, words = by_group(heard, truth(test), test.families)
shares = {name: errors[name] / words[name] for name in sorted(errors, key=lambda name: errors[name] / words[name])}
fig, ax = plot.panels(1, 1, size=(11, 3.4))
plot.bars(shares, y="word error rate", title="The fourteen unseen families", ax=ax)

# %% [markdown]
# A few families make most of the mistakes. With one more or one less of these the rate would be another, and more words of the same fourteen would not help; more families would. Who takes each *recording* as a unit believes in a standard error of less than half the size.

# %% tags=["claim"]
naive = word_error(heard, truth(test), range(len(heard)))[1]
claim("the standard error by family is at least twice that by recording", spreads["new families"] / naive, at_least=2)
most = sum(sorted(errors.values())[-4:]) / sum(errors.values())
claim("four families of fourteen make at least six in ten of all errors", most, at_least=0.6)

# %% [markdown]
# Listen to what it gets wrong.

# %% tags=["nbval-ignore-output"]
wrong = [n for n, mine in enumerate(heard) if mine != truth(test)[n]]
worst = max(wrong, key=lambda n: edit_distance(truth(test)[n], heard[n]))
print("said: ", " ".join(DIGITS[digit] for digit in truth(test)[worst]))
print("heard:", " ".join(DIGITS[digit] for digit in heard[worst]))
Audio(test.sounds[worst].numpy(), rate=RATE)

# %% tags=["folded", "nbval-ignore-output"]
plot.heard(
    log_mel(test.sounds[worst : worst + 1])[0],
    {"what it heard": late[worst]},
    DIGITS,
    spans(test, worst),
    seconds=SECONDS,
)

# %% [markdown]
# Would you have understood it? Change `worst` to another number of `wrong` and listen again. And one whisper:

# %% tags=["nbval-ignore-output"]
Audio(tests["whispered"].sounds[0].numpy(), rate=RATE)

# %% [markdown]
# ## How few frames will do?
#
# 64 frames for at most five digits: is that not wasteful? Put *more* frames side by side, 4, 8 or 16, and the network reads 32, 16 or 8 of them, at a fraction of the work, with the same sound in them. When does it break, and what breaks first?
#
# ### Exercise 21.5 · A bet on the frame rate (3 min, ●●○)
#
# *Goal:* true or false? *Given:* exercise 21.2, and your judgement; the experiment follows. *Done when* the check says ✓.
#
# - A: `4 4 4 4 4` has a path of eight frames
# - B: `1 2 3 4 5` has a path of eight frames
# - C: for a recording whose digits have no path at all, the loss is infinite
# - D: with 32 frames, the word error on new families is at least twice that with 64
# - E: with 8 frames, it is
# - F: with 8 frames, recordings in which a digit is said twice in a row lose more of their words than the others

# %% tags=["exercise"]
bets = {"A": ..., "B": ..., "C": ..., "D": ..., "E": ..., "F": ...}  # True or False
### BEGIN SOLUTION
bets = {"A": False, "B": True, "C": True, "D": False, "E": True, "F": True}
### END SOLUTION

# %% tags=["check"]
bets = exercise("21.5", bets)

# %% [markdown]
# <details><summary>Hint</summary>
#
# How many frames do five equal digits need at least? And what is the logarithm of a probability of zero?
# </details>
# <details><summary>Fuller hint</summary>
#
# Five equal digits need four blanks between them: nine frames. The sum over no path is 0, and −log 0 is infinite. A digit lasts about 0.4 s, as long as one of eight frames; one of 32 lasts a quarter of that.
# </details>

# %% tags=["folded", "nbval-ignore-output"]
by_frames, spread_frames, coarse = {"LSTM, 64": rates["new families"]}, {"LSTM, 64": spreads["new families"]}, {}
for q in (4, 8, 16):
    name = f"LSTM, {128 // q}"
    model, x_stacked = Listener(D=24 * q), stack(log_mel_train, q)
    fit(model, loss, lambda x=x_stacked: draw(x), steps=STEPS, title=name, **how)
    coarse[q] = hear(model, stack(log_mel(test.sounds), q))
    by_frames[name], spread_frames[name] = word_error(coarse[q], truth(test), test.families)
plot.bars(
    by_frames,
    spread=spread_frames,
    x="frames of a recording",
    y="word error rate",
    title="New families, by the number of frames",
)


# %% tags=["folded"]
def lost(heard):
    """The share of words that are missing, of recordings of three to five digits: those with a digit twice in a row, and the others."""
    missing, words = {True: 0, False: 0}, {True: 0, False: 0}
    for mine, right in zip(heard, truth(test)):
        doubled = any(right[k] == right[k + 1] for k in range(len(right) - 1))
        if len(right) >= 3:
            missing[doubled] += len(right) - len(mine)
            words[doubled] += len(right)
    return missing[True] / words[True], missing[False] / words[False]


# %% [markdown]
# Half as many frames, 32, cost little: on five trainings the error was between as large as with 64 and half as large again. (All four heard the same families, so the *differences* are surer than the lines look.) 16 cost more.
# With eight, a frame lasts as long as a digit. Five different digits have a path still, but two that share a frame cannot both be named in it. And doubled digits break first: they need three frames where two different ones need two. (A recording that has no path at all would make the loss infinite; `zero_infinity=True` leaves it out.)
# So a frame rate is chosen from both ends: few frames, for speed, but never fewer than the fastest speaker's words, with their blanks, need.

# %% tags=["claim"]
few, fewest = (by_frames[name] / by_frames["LSTM, 64"] for name in ("LSTM, 32", "LSTM, 8"))
claim("32 frames: the word error is at most 1.75 times that with 64", few, at_most=1.75)
claim("8 frames: at least 2.4 times", fewest, at_least=2.4)
doubled, others = lost(coarse[16])
claim(
    "8 frames: recordings with a doubled digit lose at least 2.5 times as many of their words",
    doubled / others,
    at_least=2.5,
)

# %% [markdown]
# ## What you can now do
#
# - **Sound becomes a picture**: short windows, the power spectrum of each, 24 mel bands, the logarithm; each band without its mean, so that loudness does not matter.
# - **Answers without an alignment** need a blank and a rule for reading a path. The loss is −log of what *all* paths that read right have together; the forward algorithm adds them up column by column: stay, move on, or jump over a blank unless the labels are equal.
# - **Word error rate** is edit distance over words said. What is drawn at random is the voice, not the word: count families, or the standard error is too small by far.
#
# *Where people use this:* speech and handwriting recognition, reading DNA from the current through a pore, sign language, music transcription: wherever the order is known and the time is not. *Where it fails:* given the sound, the frames' symbols know nothing of each other, so it has no idea which words
# are likely to follow; a language model ([lesson 14](14_language_model.ipynb)) is added for that. And where the order itself changes, as between languages, a path that only moves on is of no use: there one looks back ([lesson 20](20_attention.ipynb)).

# %% [markdown]
# <details><summary>Test yourself: someone writes nn.CTCLoss() without blank=BLANK, everything else as here. What does the network learn?</summary>
#
# The default blank is symbol 0, here the word zero. So a zero that is said is learnt as "nothing new", symbol 10 is never wanted, and `collapse(path, 10)` hears a zero before, between and behind all other words.
# </details>
# <details><summary>Test yourself: a network gives the blank 0.6 and "a" 0.4 at both of two frames. What does greedy decoding say, and what is the likeliest answer?</summary>
#
# The likeliest path is blank, blank: 0.36, so greedy says nothing. But three paths say "a": 0.4 · 0.4 + 0.4 · 0.6 + 0.6 · 0.4 = 0.64.
# </details>
# <details><summary>Test yourself: would a network that reads from left to right alone put its spikes in the same places?</summary>
#
# No: it cannot name a digit before it has heard enough of it. We tried, twice: its spikes stand later than those of this network, most of them in the second half of the digit and some behind it, and it makes more mistakes. CTC lets it wait: any frame will do as long as the order is right. (Try it: `bidirectional=False`, and `nn.Linear(H, 11)`.)
# </details>

# %% [markdown]
# *Further reading.* A. Graves, S. Fernández, F. Gomez, J. Schmidhuber, "Connectionist temporal classification: labelling unsegmented sequence data with recurrent neural networks", *ICML* (2006). A. Hannun, "Sequence modeling with CTC", *Distill* (2017), with fine drawings. V. Levenshtein, "Binary codes capable of correcting deletions, insertions,
# and reversals", *Soviet Physics Doklady* 10 (1966). S. Davis, P. Mermelstein, "Comparison of parametric representations for monosyllabic word recognition in continuously spoken sentences", *IEEE Transactions on Acoustics, Speech and Signal Processing* 28 (1980). H. Sak et al., "Fast and accurate recurrent neural network acoustic models for speech recognition", *Interspeech* (2015): frames side by side.
