# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 15 · Tunes
#
# **How does one note become a whole tune?**
#
# After this lesson you will be able to
# - let a network write a long sequence from one small condition, and choose where that condition enters,
# - judge what it writes by rules, beside the scores of real music under the same rules,
# - check whether it has copied, and what a temperature costs.
#
# Needs: [lesson 06](06_lstm.ipynb), [lesson 14](14_language_model.ipynb) (sampling, temperature). About 90 minutes. Mapping: one-to-many.

# %%
import torch
from IPython.display import Audio
from torch import nn
from lstmkit import claim, exercise, fit, generator, outcome, plot, predict, seed
from lstmkit.data import tunes as fiddle
from lstmkit.data.text import Vocabulary

# %% [markdown]
# ## A tune on paper
#
# In 1883 a publisher in Boston printed a thousand fiddle tunes. Volunteers have typed them into computers, in a notation that fits into an e-mail: **ABC**. We take jigs and reels, two kinds of dances. A tune has parts, mostly of eight bars; we take the parts that have eight, and
# a **part** is what our network will write. Here is one, as text, as a picture, and as a sound.

# %%
seed(15)
train, test = fiddle.tunes("train"), fiddle.tunes("test")
jig = train[100]
print(jig.metre, "in", jig.key, "| parts for training:", len(train), "| for the test:", len(test))
print("".join(jig.tokens))

# %% tags=["folded"]
if not fiddle.real():

    def claim(sentence, *measured, **bound):
        """Without the fiddlers' tunes: what the lesson says was measured on them, and is not judged on made ones."""
        print("○ not judged on made tunes:", sentence)


# %% tags=["nbval-ignore-output"]
def picture(tokens, key):
    """What plot.pianoroll draws of a tune: its notes, its bar lines, its tonic."""
    return fiddle.notes(tokens, key), fiddle.bar_lines(tokens), fiddle.home(key)


plot.pianoroll({f"A {jig.metre} in {jig.key}": picture(jig.tokens, jig.key)})

# %% tags=["nbval-ignore-output"]
Audio(fiddle.sound(jig.tokens, jig.key), rate=8000)

# %% [markdown]
# The **key** names the note where a tune is at home, its **tonic**, and which notes are raised or lowered throughout; they are not marked again in the text. The **metre** says how much goes into a bar: six units in
# a jig, eight in a reel. A tune may begin with a few notes before its first full bar, the **upbeat**; its last bar is then shorter by as much.
#
# No test tune is near a training tune: tunes that share sixteen melodic steps in a row, whatever their key, their rhythm or their name, are kept on one side of the split. (There are such twins: a fiddler's tune has many names.)
#
# ## Tokens
#
# | token | means |
# |---|---|
# | `D` `G` `d` `g` `d'` | a pitch, from low to high: capitals, small letters, `'` is an octave up, `,` an octave down; `^` `_` `=` before it alter it; `z` is a rest |
# | `2` `3` `/2` `3/2` | the length of the note before it, in units; a note without one lasts 1 |
# | `>` or `<` | between two notes: in `a>b` the first lasts 3/2 of what is written and the second 1/2; in `a<b` it is 1/2 and 3/2 |
# | `(3` | the next three notes or rests last two thirds of what is written |
# | a space | half of the bar is over; it has no length |
# | `\|` | a bar line |

# %% [markdown]
# ### Exercise 15.1 · Bars that add up (10 min, ●●○)
#
# *Goal:* the lengths of a bar's notes and rests. *Given:* the bar's tokens, all in order: no bar line among them, perhaps a space; `fiddle.is_pitch(token)` says whether a token is a pitch or a rest. Marks `>` and `<` multiply the lengths of their two neighbours, numbers and all, by 3/2 and 1/2. *Done when* the check
# says ✓.


# %% tags=["exercise"]
def lengths(bar):
    """The length of each note and rest of a bar.

    bar: list of tokens, such as ["d", ">", "e", "f", "2"]. Returns a list of numbers, one for each pitch or rest, in units: [1.5, 0.5, 2.0].
    """
    ### BEGIN SOLUTION
    found, mark, triplet = [], "", 0
    for token in bar:
        if fiddle.is_pitch(token):
            length = 2 / 3 if triplet > 0 else 1.0
            triplet -= 1
            if mark:
                found[-1] *= 1.5 if mark == ">" else 0.5
                length *= 0.5 if mark == ">" else 1.5
            found.append(length)
            mark = ""
        elif token in ("<", ">"):
            mark = token
        elif token == "(3":
            triplet = 3
        elif token != " ":
            above, _, below = token.partition("/")
            found[-1] *= float(above or 1) / float(below or 1)
    return found
    ### END SOLUTION


# %% tags=["check"]
lengths = exercise("15.1", lengths)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Walk through the tokens once, with a list of the lengths so far. A pitch (`fiddle.is_pitch(token)`) appends a length; a number changes the last one. What has to be remembered from `>` to the next pitch, and from `(3` over the next three?
# </details>
# <details><summary>Fuller hint</summary>
#
# Keep `mark` ("" , "<" or ">") and `triplet` (3, 2, 1, 0). At a pitch: its length is `2 / 3` if `triplet > 0`, else 1; count `triplet` down; if there is a mark, multiply `found[-1]` and the new length by 3/2 and 1/2, or the other way round. At a
# number: `above, _, below = token.partition("/")`, and multiply `found[-1]` by `float(above or 1) / float(below or 1)`.
# </details>
#
# ## Three judges
#
# No test set says which tune is right. But music has rules, and a program can check some of them:
#
# 1. **It parses**: the tune ends, and every bar can be read as ABC.
# 2. **Its bars are full**: all between the first bar line and the last hold what the metre asks for, and there is at least one.
# 3. **It ends at home**: its last note is the tonic.


# %%
def bars(tokens):
    """The tokens of each bar, without spaces and bar lines."""
    text = " ".join(token for token in tokens if token != " ")
    return [bar.split() for bar in text.split("|")]


def judge(tokens, metre, key):
    """(parses, bars are full, ends at home). tokens: None for a tune that does not end."""
    if tokens is None or not fiddle.parses(tokens):
        return False, False, False
    inner = [sum(lengths(bar)) for bar in bars(tokens)[1:-1]]
    full = [abs(total - fiddle.METRES[metre]) < 0.01 for total in inner]
    pitches = [token for token in tokens if fiddle.is_pitch(token) and token != "z"]
    last = pitches[-1].strip(",'").upper() if pitches else ""
    return True, len(full) > 0 and all(full), last == key[0]


# %% [markdown]
# **Before you run:** what share of the *real* parts ends on the tonic?

# %% tags=["predict"]
predict("15.a", ...)  # from 0 to 1


# %%
def score(rows):
    """The three shares of a list of verdicts, (3,), and their standard errors, (3,)."""
    p = torch.tensor(rows, dtype=torch.float).mean(0)
    return p, (p * (1 - p) / len(rows)).sqrt()


p_real, error_real = score([judge(tune.tokens, tune.metre, tune.key) for tune in train + test])
RULES = ("parses", "bars are full", "ends at home")
for k, rule in enumerate(RULES):
    print(f"{rule}: {p_real[k]:.2f} ± {error_real[k]:.2f}")

# %% tags=["claim"]
outcome("15.a", round(p_real[2].item(), 2))
claim("of the real parts at least 99 in 100 have all inner bars full", p_real[1], at_least=0.99)
claim("ending at home: between 75 and 85 in 100 do", p_real[2], between=(0.75, 0.85))

# %% [markdown]
# About four of five, and the fiddlers did nothing wrong: a part may end in the air where another follows, or the first comes again. The second rule fails for a few misprints. So these rules are no laws. What real music scores is the mark that a network should reach, and a network that ends at home
# every time would be *too* tidy.
#
# ## One to many
#
# The network gets three things, the **condition**: metre, key and first note. All else it has to make up. Each of the three is embedded, and side by side they are a vector $z$. From then on it reads what it has written, as in
# [lesson 14](14_language_model.ipynb). Where should $z$ go in?

# %% tags=["nbval-ignore-output"]
plot.condition_wirings()

# %% [markdown]
# $$\text{initial state: } h_0 = \tanh(W_h z + b_h),\; c_0 = W_c z + b_c \qquad \text{first step: } x_1 = z \qquad \text{every step: } x_t = [\,e(w_{t-1})\,;\,z\,]$$
#
# In the first two it is said once, and has to be remembered. In the third it is said again at every step.
#
# | symbol | variable | shape |
# |---|---|---|
# | metre, key and first note as numbers | `condition` | (N, 3) |
# | $z$ | `z` | (N, D), D = 32 |
# | tokens read, $w_0$ is `<start>` | `tokens` | (N, T) |
# | their embeddings, $e(w_{t-1})$ | `words` | (N, T, E), E = 32 |
# | scores of each next token | | (N, T, V), V = number of tokens |
#
# ### Exercise 15.2 · At every step (6 min, ●○○)
#
# *Goal:* what the third network reads. *Given:* `z` and `words`. *Done when* the check says ✓.


# %% tags=["exercise"]
def beside(z, words):
    """The condition beside the word at every step. z: (N, D), words: (N, T, E). Returns (N, T, E + D): the word's numbers, then z's."""
    ### BEGIN SOLUTION
    T = words.shape[1]
    return torch.cat([words, z[:, None].expand(-1, T, -1)], dim=2)
    ### END SOLUTION


# %% tags=["check"]
beside = exercise("15.2", beside)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `z` has no axis of time. Give it one of length 1, stretch it to T, and join the two along the last axis.
# </details>
# <details><summary>Fuller hint</summary>
#
# `z[:, None]` is (N, 1, D); `.expand(-1, T, -1)` makes it (N, T, D) without copying. Then `torch.cat([words, …], dim=2)`.
# </details>


# %%
PAD, START, END = 0, 1, 2
vocabulary = Vocabulary([tune.tokens for tune in train])
V = len(vocabulary)


def conditions(tunes):
    """Metre, key and first note of each tune as numbers, (N, 3)."""
    rows = []
    for tune in tunes:
        first = next(token for token in tune.tokens if fiddle.is_pitch(token))
        metre, key = list(fiddle.METRES).index(tune.metre), fiddle.KEYS.index(tune.key)
        rows.append([metre, key, vocabulary.encode([[first]])[0].item()])
    return torch.tensor(rows)


asked, known = conditions(test), conditions(train)
right, _ = vocabulary.encode([tune.tokens for tune in test], wrap=True)
learnt, _ = vocabulary.encode([tune.tokens for tune in train], wrap=True)


# %%
class Composer(nn.Module):
    """condition (N, 3), tokens (N, T) → scores of the next tokens (N, T, V), and the last state."""

    def __init__(self, wiring, H=96, E=32):
        super().__init__()
        self.wiring = wiring
        self.metre, self.key, self.first = nn.Embedding(2, 4), nn.Embedding(8, 12), nn.Embedding(V, 16)
        self.start = nn.Linear(32, 2 * H)  # for "initial state" alone
        self.embed = nn.Embedding(V, E)
        self.lstm = nn.LSTM(E + 32 * (wiring == "every step"), H, batch_first=True)
        self.lstm.bias_hh_l0.data[H : 2 * H] = 1  # forget gates begin open: keep what was told
        self.read = nn.Linear(H, V)

    def forward(self, condition, tokens, state=None):
        metre, key, first = condition.unbind(1)
        z, words = torch.cat([self.metre(metre), self.key(key), self.first(first)], dim=1), self.embed(tokens)
        if self.wiring == "first step":  # z instead of <start>
            words = torch.where((tokens == START)[:, :, None], z[:, None], words)
        if self.wiring == "every step":
            words = beside(z, words)
        if self.wiring == "initial state" and state is None:
            h, c = self.start(z)[None].chunk(2, dim=2)
            state = (h.tanh(), c.contiguous())
        states, state = self.lstm(words, state)
        return self.read(states), state


# %%
def loss(model, condition, tokens):
    """Mean cross-entropy per token, in nats: each next token, while the right ones are read."""
    scores, _ = model(condition, tokens[:, :-1])
    return nn.functional.cross_entropy(scores.flatten(0, 1), tokens[:, 1:].flatten(), ignore_index=PAD)


def draw():
    """16 training parts at random, padded to the longest of them."""
    rows = torch.randint(len(learnt), (16,))
    longest = (learnt[rows] != PAD).sum(1).max()
    return known[rows], learnt[rows, :longest]


def share(step):
    """Of the learning rate: it rises for three tenths of the 400 steps and falls after."""
    return min((step + 1) / 120, (400 - step) / 280)


def rise_and_fall(optimizer):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, share)


# %% [markdown]
# Writing: a token is drawn with the probabilities that the scores give, at a temperature $\tau$: $p = \mathrm{softmax}(\text{scores} / \tau)$. It is read at the next step, until `<end>`.


# %%
@torch.no_grad()
def write(model, condition, temperature, chance, longest=150):
    """A tune for each condition: lists of tokens, None for one that has not ended after `longest` tokens."""
    tokens, state, written = torch.full((len(condition), 1), START), None, []
    for _ in range(longest):
        scores, state = model(condition, tokens, state)
        p = (scores[:, -1] / temperature).softmax(1)
        tokens = torch.multinomial(p, 1, generator=chance)
        written.append(tokens)
    tunes = []
    for row in torch.cat(written, dim=1).tolist():
        ended = END in row
        tunes.append([vocabulary.tokens[k] for k in row[: row.index(END)]] if ended else None)
    return tunes


# %% [markdown]
# All three have the same $H$ and $E$, and the same 400 steps. (The learning rate was tried at $0.01$, $0.02$ and $0.03$ for each, on parts set aside from the training: $0.02$ is the best, or as near to it as two trainings are to each other.) Each network then gets the conditions of the test parts, four
# times over, and writes at $\tau = 0.7$.
#
# **Before you run:** which network will end at home most often?

# %% tags=["predict"]
predict("15.b", ...)  # "initial state", "first step" or "every step"

# %% tags=["nbval-ignore-output"]
WIRINGS = ("initial state", "first step", "every step")
models = {}
for wiring in WIRINGS:
    models[wiring] = Composer(wiring)
    fit(models[wiring], loss, draw, steps=400, lr=0.02, schedule=rise_and_fall, clip=1.0, title=wiring)


# %%
def judged(model, temperature=0.7):
    """Verdicts on four tunes for each condition of the test."""
    written = write(model, asked.repeat(4, 1), temperature, generator(151))
    return [judge(tokens, tune.metre, tune.key) for tokens, tune in zip(written, test * 4)]


results = {wiring: score(judged(model)) for wiring, model in models.items()}
with torch.no_grad():
    losses = {wiring: loss(model, asked, right).item() for wiring, model in models.items()}

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(1, 3, size=(4, 3.6), sharey=True)
for k, (ax, rule) in enumerate(zip(axes, RULES)):
    shares = {wiring.replace(" ", "\n"): p[k] for wiring, (p, _) in results.items()}
    spread = {wiring.replace(" ", "\n"): error[k] for wiring, (_, error) in results.items()}
    plot.bars(shares, spread=spread, y="share" * (k == 0), title=rule, levels={"real parts": p_real[k]}, ax=ax)
    ax.get_legend().remove()
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center")
print("loss on the test, nats per token:", {wiring: round(value, 2) for wiring, value in losses.items()})
fig

# %% [markdown]
# The one that is told at every step; it comes nearest to the fiddlers' mark. The two that are told once are behind, although their forget gates begin open ([lesson 07](07_long_memory.ipynb)). Which of the two is second changes with the training. (The thin lines are standard errors, two and a half points with 368 tunes: the
# error of the dice in writing. What another *training* changes was tried on five seeds.) In the two other panels no wiring is ahead on all five: telling more often
# helps where the condition is needed, and not everywhere. (A tune that has not ended after 150 tokens does not parse; more about lengths below.)
#
# Now compare the losses. Here the network that is told at every step has no lead worth the name. The tonic matters for the last note, one token of some seventy, and a mean over all tokens hardly sees it. A loss tells how well a network predicts; what you *want* of it has to be measured by itself.

# %% tags=["claim"]
p_home = {wiring: p[2].item() for wiring, (p, _) in results.items()}
outcome("15.b", max(p_home, key=p_home.get))
once = max(p_home["initial state"], p_home["first step"])
claim("told at every step it ends at home more often, by at least 8 points", p_home["every step"] - once, at_least=0.08)
lead = min(losses["initial state"], losses["first step"]) - losses["every step"]
claim("its loss is at most 0.03 nats per token below that of the better of the other two", lead, at_most=0.03)

# %% [markdown]
# ## Does it obey?
#
# A network might end at home because it hears from its own notes where home is, and never look at $z$. So change one thing: take the test's conditions in G and D, and exchange the two keys. The metre and the first note stay.

# %%
OTHER = {"G": "D", "D": "G"}
pairs = [tune for tune in test if tune.key in OTHER]
exchanged = conditions([tune._replace(key=OTHER[tune.key]) for tune in pairs])


def ends(model):
    """The shares of the tunes that end on the tonic of the key asked for, and on that of the other."""
    rows = []
    for tokens, tune in zip(write(model, exchanged.repeat(5, 1), 0.7, generator(152)), pairs * 5):
        asked_for, other = judge(tokens, tune.metre, OTHER[tune.key]), judge(tokens, tune.metre, tune.key)
        rows.append((asked_for[2], other[2]))
    return score(rows)


obeyed = {wiring: ends(model) for wiring, model in models.items()}

# %% tags=["folded", "nbval-ignore-output"]
fig, axes = plot.panels(1, 2, size=(4.6, 3.4), sharey=True)
for k, (ax, title) in enumerate(zip(axes, ["on the tonic of the key asked for", "on the tonic of the other key"])):
    shown = {wiring.replace(" ", "\n"): p[k] for wiring, (p, _) in obeyed.items()}
    spread = {wiring.replace(" ", "\n"): error[k] for wiring, (_, error) in obeyed.items()}
    plot.bars(shown, spread=spread, y="share of the tunes" * (k == 0), title=title, ax=ax)
fig.suptitle("Keys exchanged: where the tunes end", fontsize=13)
fig

# %% [markdown]
# Told at every step, the network mostly goes where it is sent. Told once, it does so less often: more of its tunes end neither here nor there. (Of the two, the initial state did better on most of five trainings.)

# %% tags=["claim"]
p_every, p_first = obeyed["every step"][0], obeyed["first step"][0]
claim("told at every step at least 56 in 100 end in the key asked for", p_every[0], at_least=0.56)
claim(
    "told at the first step, at least 9 points fewer end in the key asked for", p_every[0] - p_first[0], at_least=0.09
)

# %% [markdown]
# Has the key been forgotten on the way? It could be heard again: G and D differ in one sharp, and that is not written, but a tune in G uses its notes in other shares than one in D. Take the shares of all pitches in a tune *without its last eight notes*, and ask to which key's mean they are nearer:

# %%
pitches = [token for token in vocabulary.tokens if token and fiddle.is_pitch(token)]


def used(tokens):
    """The share of each pitch among the notes of a tune, without the last eight."""
    heard = [token for token in tokens if fiddle.is_pitch(token)][:-8]
    return torch.tensor([heard.count(pitch) for pitch in pitches]) / len(heard)


usual = {}
for key in OTHER:
    usual[key] = torch.stack([used(tune.tokens) for tune in train if tune.key == key]).mean(0)


def sounds_like(tokens):
    return min(usual, key=lambda key: (used(tokens) - usual[key]).norm())


# %% tags=["folded", "nbval-ignore-output"]
def sounds_right(model):
    """The share of the tunes of 24 notes or more that sound like the key asked for (keys exchanged, as above)."""
    right_key = []
    for tokens, tune in zip(write(model, exchanged.repeat(5, 1), 0.7, generator(152)), pairs * 5):
        if tokens is not None and sum(fiddle.is_pitch(token) for token in tokens) >= 24:
            right_key.append(sounds_like(tokens) == OTHER[tune.key])
    return sum(right_key) / len(right_key)


real_key = [sounds_like(tune.tokens) == tune.key for tune in pairs]
in_key = {wiring: sounds_right(model) for wiring, model in models.items()}
print("sound like the key asked for:", {wiring: round(value, 2) for wiring, value in in_key.items()})

# %% [markdown]
# They tell it in nine of ten real parts. And the network with $z$ in its initial state mostly sounds like the key that was asked for: it knows where it is, and does not go home at the end. Told at the first step, it is as sure in some trainings, and in
# others hardly more often right than a coin. A judge of the last note cannot tell these two failures apart.
#
# In a sentence of five words the way in will hardly matter ([lesson 17](17_captioning.ipynb)). It matters when the way is long.

# %% tags=["claim"]
claim(
    "the pitches tell G from D in at least 85 in 100 of the test's parts", sum(real_key) / len(real_key), at_least=0.85
)
claim(
    "told in the initial state, at least 62 in 100 sound like the key asked for", in_key["initial state"], at_least=0.62
)

# %% [markdown]
# ## Listen
#
# One condition, forty tunes; here are the first two of those that pass all three judges and have about eight bars. (They are picked, and not fair samples.) Change `temperature` or the number of the condition and run these cells again.

# %%
composer = models["every step"]
wanted, temperature = test[1], 0.7
passed = []
for tokens in write(composer, conditions([wanted] * 40), temperature, generator(157)):
    if all(judge(tokens, wanted.metre, wanted.key)) and tokens.count("|") in (7, 8):
        passed.append(tokens)
passed = passed or [jig.tokens]  # none at all: then the one from above

# %% tags=["nbval-ignore-output"]
print("".join(passed[0]))
name = f"a {wanted.metre} in {wanted.key}"
pictures = {f"{name}, no. {n}": picture(tokens, wanted.key) for n, tokens in enumerate(passed[:2], 1)}
plot.pianoroll(pictures)

# %% tags=["nbval-ignore-output"]
Audio(fiddle.sound(passed[0], wanted.key), rate=8000)

# %% [markdown]
# ## Hot and cold
#
# At a low temperature the likeliest token is nearly always taken; at a high one unlikely tokens have their chance.
#
# ### Exercise 15.3 · Hotter (5 min, ●○○)
#
# *Goal:* what happens when $\tau$ goes from `0.5` to `1.2`, with the same trained network? *Given:* for each condition three tunes are written. *Done when* the check says ✓: "rises", "falls" or "stays" for each.
#
# - parses, bars are full, ends at home: the shares of the three judges,
# - different windows: four tokens in a row are a window; of the first 5000 windows written, the share left when each is counted once,
# - loss on the test: mean cross-entropy on the test parts, as above.

# %% tags=["exercise"]
hotter = {"parses": ..., "bars are full": ..., "ends at home": ..., "different windows": ..., "loss on the test": ...}
### BEGIN SOLUTION
hotter = {"parses": "falls", "bars are full": "falls", "ends at home": "falls"}
hotter.update({"different windows": "rises", "loss on the test": "stays"})
### END SOLUTION

# %% tags=["check"]
hotter = exercise("15.3", hotter)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The rules are about what is *likely*: a length behind a pitch, a bar line after six units. What does a hot network do with what is likely? And where in `loss` is the temperature?
# </details>
# <details><summary>Fuller hint</summary>
#
# Dividing the scores by a larger $\tau$ brings all probabilities nearer to each other: more variety, and more wrong tokens of every kind. `loss` reads the right tokens and uses the scores as they are.
# </details>
#
# Now measure it. **Before you run:** sketch the three shares over $\tau$ from `0.1` to `1.4`. Where do they begin to fall, and which of them falls least?

# %% tags=["nbval-ignore-output"]
temperatures = [0.1, 0.5, 0.8, 1.1, 1.4]
curves = {rule: [] for rule in RULES}
for tau in temperatures:
    p, _ = score(judged(composer, tau))
    for k, rule in enumerate(RULES):
        curves[rule].append(p[k])
plot.series(
    curves,
    temperatures,
    x="temperature",
    y="share of the tunes",
    title="Three rules, one network, five temperatures",
    dots=True,
)

# %% [markdown]
# Parsing falls least (and is highest all along, for what cannot be read passes no judge): where a length may stand hangs on the token before. A full bar hangs on six or eight tokens, and *all* bars must be right: from about one half on it falls fast, and the last note with it. A hot network is not freer. It is wrong
# more often, in each of many places.
#
# There is no right temperature. Hot, it breaks the rules. Colder, it repeats itself more, and very cold it may go round in circles without an end, and a tune that does not end does not parse.


# %% tags=["claim"]
def different(some_tunes):
    """Of the first 5000 windows of four tokens, the share left when each is counted once."""
    windows = []
    for tokens in some_tunes:
        if tokens is not None:
            windows += [tuple(tokens[start : start + 4]) for start in range(len(tokens) - 3)]
    return len(set(windows[:5000])) / 5000


mild = write(composer, asked.repeat(3, 1), 0.5, generator(155))
hot = write(composer, asked.repeat(3, 1), 1.2, generator(156))
lost = {rule: curves[rule][1] - curves[rule][4] for rule in RULES}
claim("from 0.5 to 1.4 the share with full bars falls by at least 40 points", lost["bars are full"], at_least=0.4)
claim("parsing loses at least 20 points less", lost["bars are full"] - lost["parses"], at_least=0.2)
claim("different windows rise from 0.5 to 1.2 by at least 20 points", different(hot) - different(mild), at_least=0.2)

# %% [markdown]
# ## Is it copied?
#
# A network that has learnt its training tunes by heart would pass all three judges. So look for windows that stand, token by token, in a training tune. By itself such a number says little: all jigs share phrases. The
# measure is the same number for *real* tunes that nobody trained on.
#
# ### Exercise 15.4 · The longest window (10 min, ●●●)
#
# *Goal:* for each tune the longest window that it shares with a library. *Given:* lists of tokens; a **window** of length k is k tokens in a row. In the lesson it will be hundreds of tunes against hundreds: to hold each beside each takes
# minutes, to look windows up in a *set* a second or two. *Done when* the check says ✓.


# %% tags=["exercise"]
def longest_shared(tunes, library):
    """The length of the longest window that a tune shares with one of the library's tunes.

    tunes, library: lists of lists of tokens. Returns a list with a whole number for each of `tunes`, 0 if it shares not even one token.
    """
    ### BEGIN SOLUTION
    found, k = [0] * len(tunes), 1
    while True:
        known = set()  # all windows of length k in the library
        for other in library:
            for start in range(len(other) - k + 1):
                known.add(tuple(other[start : start + k]))
        for n, tune in enumerate(tunes):
            if found[n] == k - 1:
                starts = range(len(tune) - k + 1)
                found[n] += any(tuple(tune[start : start + k]) in known for start in starts)
        if max(found, default=0) < k:
            return found
        k += 1
    ### END SOLUTION


# %% tags=["check"]
longest_shared = exercise("15.4", longest_shared)

# %% [markdown]
# <details><summary>Hint</summary>
#
# If a window of length k is shared, so are the shorter ones inside it. So try k = 1, 2, 3 …, and stop when no tune shares one of length k. For each k make one set of all windows of the library; a list cannot go into a set, a tuple can.
# </details>
# <details><summary>Fuller hint</summary>
#
# `tuple(other[start : start + k])` for `start in range(len(other) - k + 1)`, for each `other` by itself, so that no window reaches over the end of a tune. A tune goes on to k only if it shared a window of length k − 1: `found[n] == k - 1`.
# </details>
#
# **Before you run:** which have the longer shared windows, on average: the network's tunes (at $\tau = 0.7$), or real ones of the test? (All are cut to 48 tokens, for a longer tune has more windows.)

# %% tags=["predict"]
predict("15.c", ...)  # "network" or "real"

# %%
written = write(composer, asked.repeat(3, 1), 0.7, generator(153))
library = [tune.tokens for tune in train]


def first_48(some_tunes):
    """The first 48 tokens of each tune that has as many: a longer tune has more windows."""
    return [tokens[:48] for tokens in some_tunes if tokens is not None and len(tokens) >= 48]


shared_network = torch.tensor(longest_shared(first_48(written), library)).float()
shared_real = torch.tensor(longest_shared(first_48([tune.tokens for tune in test]), library)).float()

# %% tags=["folded", "nbval-ignore-output"]
windows = list(range(41))


def share_from(found, k):
    """The share of tunes with a window of at least k tokens."""
    return (found >= k).float().mean()


so_long = {}
for name, found in {"LSTM, written": shared_network, "truth, real and held out": shared_real}.items():
    so_long[name] = [share_from(found, k) for k in windows]
for name, found in {"written": shared_network, "real": shared_real}.items():
    print(
        f"longest shared window, {name}: {found.mean():.1f} ± {found.std() / len(found) ** 0.5:.1f} tokens on average"
    )
plot.series(
    so_long,
    windows,
    x="k (tokens)",
    y="share of the tunes",
    title="Tunes that share a window of at least k tokens with a training tune",
)

# %% [markdown]
# The real ones, although the split has kept those apart from the training that share most with it. Fiddlers share more with each other than this network shares with them: it has not copied. (The figure leaves out tunes of less than 48 tokens; the second claim is about all, uncut.) Windows of one bar or two are the
# common language of jigs and reels, and the network uses less of it. (It is a matter of training. We tried three times as many steps: then its windows are the longer ones, the left curve lies to the right of the other, and the loss on the test has risen.)

# %% tags=["claim"]
outcome("15.c", "network" if shared_network.mean() > shared_real.mean() else "real")
shorter = shared_real.mean() - shared_network.mean()
claim("on average the network's longest window is shorter, by at least 0.6 tokens", shorter, at_least=0.6)
uncut = longest_shared([tokens for tokens in written if tokens is not None], library)
claim("none of its tunes, short or long, shares a window of 27 tokens with a training tune", max(uncut), at_most=26)

# %% [markdown]
# ## What the judges did not ask
#
# We took only parts of eight bars. Nobody has told the networks, and no judge has looked. Count: the length of a whole tune, in bars. (An upbeat and a shortened last bar make one together.)
#
# **Before you run:** how many bars will the tunes of the three networks have?


# %%
def how_long(tokens, metre):
    """The length of a tune in bars."""
    total = sum(sum(lengths(bar)) for bar in bars(tokens))
    return total / fiddle.METRES[metre]


def bars_of(model):
    """The lengths of the tunes that parse, of three for each condition of the test."""
    found = []
    for tokens, tune in zip(write(model, asked.repeat(3, 1), 0.7, generator(153)), test * 3):
        if tokens is not None and fiddle.parses(tokens):
            found.append(how_long(tokens, tune.metre))
    return found


bars_written = {wiring: bars_of(model) for wiring, model in models.items()}
bars_real = [how_long(tune.tokens, tune.metre) for tune in train + test]

# %% tags=["folded", "nbval-ignore-output"]
counts = {}
for name, found in (bars_written | {"truth, real parts": bars_real}).items():
    counts[name] = [(torch.tensor(found).round() == n).float().mean() for n in range(17)]
plot.series(counts, x="length (bars, rounded)", y="share of the tunes", title="How long the tunes are", dots=True)

# %% [markdown]
# Told at every step: anything from one bar to more than fifteen. Most of its bars are full, and it does not know which bar it is in. Within a bar it counts to six or eight; to count bars it would have to carry a number through seventy tokens, for the sake of one token, `<end>`. An LSTM can: in some of our trainings one of the two that are told once comes
# near, and most of its tunes have seven, eight or nine bars. (Is there one in your figure?) In others neither does, and told at every step it never did: 400 steps find such a counter by luck. (With three times as many the initial state found one both times that we tried.)
#
# What is missing is what was *not* judged: three judges were nearly content, and had nothing to say about it. What else may be missing? Does the last bar make up for the upbeat? Do bars come back, as with the fiddlers? Each question is a judge of a few lines.

# %% tags=["claim"]
eight_real = (torch.tensor(bars_real).round() == 8).float().mean()
eight_written = (torch.tensor(bars_written["every step"]).round() == 8).float().mean()
claim("of the real parts at least 99 in 100 have eight bars", eight_real, at_least=0.99)
claim("told at every step, at most 18 in 100 of the network's tunes do", eight_written, at_most=0.18)

# %% [markdown]
# ## What you can now do
#
# - **One to many**: the condition becomes a vector $z$; tokens are drawn one by one and read again. For something that is needed much later, give $z$ at every step: it cannot be forgotten. That was worth more than the loss showed, and no help for what the condition does not say.
# - **Judges** are rules that a program can check, and their mark is what real music scores, not 1. They see what they were written to see, and not that a tune has one bar or twenty.
# - **Copying** is measured beside held-out music: a shared phrase is a language, a shared page is a copy. A temperature buys variety with broken rules.
#
# *Where people use this:* folk-rnn has written over a hundred thousand tunes this way, and musicians play some of them; molecules from wanted properties, faults from a machine's settings, speech from a text and a speaker. *Where it fails:* form. One could feed
# what the network cannot count: the number of bars still to come, at every step. To look *back* at the bar that is to be repeated takes another mechanism, [lesson 20](20_attention.ipynb).

# %% [markdown]
# <details><summary>Test yourself: a network's tunes end at home 95 times in 100. Is it better than one with 80?</summary>
#
# Nearer to a rule, and farther from music: real parts do end in the air. Compare with 80, the fiddlers' own score, within the standard errors of both.
# </details>
# <details><summary>Test yourself: why must a tune and its twin in another key not be split between training and test?</summary>
#
# The network could know the test tune's rhythm and its steps by heart. The loss would flatter, and the "real, held out" windows would be long for a bad reason, so that copying would look harmless.
# </details>
# <details><summary>Test yourself: could the network with z in its initial state learn to end at home, given more steps?</summary>
#
# Nothing is missing: the path from $z$ to the last note exists. But it is long, and its gradient is one small term among some seventy. We tried three times as many steps, twice: once it did better, once no better, and the one that is told at every step was ahead both times. There the path is one step long.
# </details>

# %% [markdown]
# *Further reading.* B. Sturm, J. F. Santos, O. Ben-Tal, I. Korshunova, "Music transcription modelling and composition using deep learning", *Conference on Computer Simulation of Musical Creativity* (2016): folk-rnn. D. Eck, J. Schmidhuber, "Finding temporal structure in music: blues
# improvisation with LSTM recurrent networks", *NNSP* (2002). A. Karpathy, L. Fei-Fei, "Deep visual-semantic alignments for generating image descriptions", *CVPR* (2015), gives the picture at the first step only; O. Vinyals et al., "Show and tell", *CVPR* (2015), found every step worse for captions, where it overfits sooner. Music:
# *Ryan's Mammoth Collection* (Boston, 1883), in the public domain, as typed by R. Davies, J. Chambers and others, in music21 (BSD licence).
