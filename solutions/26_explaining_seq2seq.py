# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 26 · Explaining seq2seq
#
# **Why this word?**
#
# After this lesson you will be able to
# - ask a network that writes about *one* of its words, by a number whose gradient does not fade when the network is sure,
# - score maps against true boxes and true alignments, beside a chance level that is fair to each map,
# - say what a gradient and what an attention weight leave out, and find it by an intervention.
#
# Needs: the captioner ([lesson 17](17_captioning.ipynb)), the translator ([lesson 20](20_attention.ipynb)), Jacobians ([lesson 22](22_output_gradients.ipynb)),
# maps and their scores ([lesson 24](24_attribution.ipynb)). About 90 minutes. Mapping: one-to-many; then encoder-decoder, with attention.

# %%
import torch
from torch import nn
from lstmkit import attribution, claim, exercise, fit, generator, gradients, models, outcome, plot, predict, seed
from lstmkit.data.scenes import WORDS, say, scenes, sources

seed(26)

# %% [markdown]
# ## Does "seven" point at the seven?
#
# The captioner looks at two handwritten digits and writes *seven left of three*. In training it was told which captions are right, and never *where* a seven stands. So ask it:
# which pixels made you say *seven*? Here the answer can be marked, for we composed the pictures: each digit has a **box**, 8 × 8 of 400 pixels.

# %% tags=["folded"]
from copy import deepcopy

START, OF = 1, WORDS.index("of")


def train(model, steps, title, larger_first=False):
    """The training of a captioner: 64 fresh scenes at each step; the step size rises, then falls."""

    def batch():
        new = scenes(64, larger_first=larger_first)
        return new.pictures, new.captions

    def factor(step):
        return min((step + 1) / (0.3 * steps), (steps - step) / (0.7 * steps))

    def rise_and_fall(optimizer):
        return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)

    fit(model, models.caption_loss, batch, steps=steps, lr=4e-3, clip=1.0, schedule=rise_and_fall, title=title)


# %% tags=["nbval-ignore-output"]
captioner = models.Captioner(len(WORDS))
train(captioner, 600, "captioner")

# %% [markdown]
# `model(pictures, words)` is teacher forcing: $\ln p$ of every next word, given the words before. On its own the captioner reads what it has said.


# %%
def feed(said):
    """What is read before each of the words said: <start>, then the word before. (N, 5) → (N, 5)."""
    return torch.cat([torch.full((len(said), 1), START), said[:, :-1]], dim=1)


@torch.no_grad()
def write(model, pictures):
    """Greedy captions, (N, 5)."""
    said = torch.zeros(len(pictures), 5, dtype=torch.long)
    for t in range(5):
        said[:, t] = model(pictures, feed(said))[:, t].argmax(1)
    return said


# %% [markdown]
# We explain 200 scenes of unseen drawings, side by side, whose captions come out right. (A wrong word has no box.)


# %% tags=["folded"]
def two_hundred(model, larger_first=False):
    """200 such scenes, what the model says of them, and its exact match on all scenes side by side."""
    many = scenes(1200, "test", larger_first=larger_first, generator=generator(26))
    said = write(model, many.pictures)
    exactly, beside = (said == many.captions[:, 1:]).all(1), many.captions[:, 3] == OF
    rows = (exactly & beside).nonzero()[:200, 0]
    chosen = type(many)(many.pictures[rows], many.captions[rows], many.digits[rows], many.corners[rows])
    return chosen, said[rows], exactly[beside].float().mean().item()


# %%
seen, said, exact = two_hundred(captioner)

# %% tags=["nbval-ignore-output"]
print(f"exact match: {exact:.2f}")
plot.images(seen.pictures[:4], [say(words).replace(" ", "\n", 1) for words in said[:4]], size=2)

# %% [markdown]
# ## One word, one number
#
# A gradient belongs to one number. Which? The probability $p$ of the word said at step $t$ is the first idea, $\ln p$ the second. The third is the **log-odds** $z$, "for this word against all others":
#
# $$z = \ln \frac{p}{1 - p}, \qquad \frac{\partial p}{\partial x} = p\,(1 - p)\, \frac{\partial z}{\partial x}, \qquad \frac{\partial \ln p}{\partial x} = (1 - p)\, \frac{\partial z}{\partial x}$$
#
# For *one* word of *one* picture these are three times the same map, on other scales. Between words and pictures they are not.
#
# ### Exercise 26.1 · Sure of it (5 min, ●●○)
#
# *Goal:* four numbers. *Given:* more ink in one pixel raises the log-odds of a word at the rate $\partial z / \partial x = 2$, whether the network is unsure of the word, $p = 0.5$, or sure, $p = 0.99$. *Done when* the check says ✓.
#
# - `"p"`, `"ln p"`, `"z"`: the three slopes where $p = 0.99$,
# - `"fades"`: how many times smaller the slope of $\ln p$ is at $p = 0.99$ than at $p = 0.5$.

# %% tags=["exercise"]
slopes = {"p": ..., "ln p": ..., "z": ..., "fades": ...}
### BEGIN SOLUTION
slopes = {"p": 0.99 * 0.01 * 2, "ln p": 0.01 * 2, "z": 2, "fades": 0.5 / 0.01}
### END SOLUTION

# %% tags=["check"]
slopes = exercise("26.1", slopes)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The two formulas above, with $p = 0.99$, so $1 - p = 0.01$. The last slope is given.
# </details>
# <details><summary>Fuller hint</summary>
#
# `"fades"` is the slope of ln p at one half, $(1 - 0.5) \cdot 2$, divided by that at $0.99$, $(1 - 0.99) \cdot 2$.
# </details>
#
# ### Exercise 26.2 · The number to explain (8 min, ●●○)
#
# *Goal:* the log-odds of the word that was said at step `t`, for every picture. *Given:* `model(pictures, words)` gives $\ln p$ of all next words, (N, T, V); `feed`; `said`, (N, 5); `t` counts from 1. Work with
# $z = \ln p - \ln(\text{sum of all other words' } p)$: `1 - p` would round to 0 where the network is very sure. *Done when* the check says ✓ (gradients are checked, too).


# %% tags=["exercise"]
def log_odds(model, pictures, said, t):
    """For the word said at step t against all other words.

    model: (pictures, words read (N, T)) → ln p, (N, T, V). said: (N, T). t: 1 … T. Returns z, (N,).
    """
    ### BEGIN SOLUTION
    log_p = model(pictures, feed(said))[:, t - 1]
    word = said[:, t - 1, None]
    others = log_p.scatter(1, word, -torch.inf).logsumexp(1)
    return log_p.gather(1, word)[:, 0] - others
    ### END SOLUTION


# %% tags=["check"]
log_odds = exercise("26.2", log_odds)

# %% [markdown]
# <details><summary>Hint</summary>
#
# `model(pictures, feed(said))[:, t - 1]` is (N, V). `gather(1, word)` picks the word's own number, with `word = said[:, t - 1, None]`.
# </details>
# <details><summary>Fuller hint</summary>
#
# `log_p.scatter(1, word, -torch.inf)` takes the word out of the race, and `logsumexp(1)` is the logarithm of what the others have together.
# </details>
#
# **Before you run:** a caption has five words, such as *seven, left, of, three, &lt;end&gt;*. We take the gradient's size, $\sum |\partial / \partial x|$ over all pixels. Which words have large gradients if we ask about $\ln p$, and which if
# we ask about $z$?


# %% tags=["nbval-ignore-output"]
def log_probability(model, pictures, said, t):
    return model(pictures, feed(said))[:, t - 1].gather(1, said[:, t - 1, None])[:, 0]


def slope_size(number, t):
    """The size of the gradient of number(model, pictures, said, t): the median over the pictures."""
    slope = attribution.gradient(lambda x: number(captioner, x, said, t), seen.pictures)
    return slope.abs().sum((1, 2)).median().item()


kinds_of_words = ["first\ndigit", "left", "of", "second\ndigit", "<end>"]
sizes = {"ln p": {}, "z": {}}
for t, kind in enumerate(kinds_of_words, 1):
    sizes["ln p"][kind] = slope_size(log_probability, t)
    sizes["z"][kind] = slope_size(log_odds, t)
fig, axes = plot.panels(1, 2, size=(6, 3))
for ax, what in zip(axes, sizes):
    plot.bars(sizes[what], y="size of the gradient, median", title=f"asked about {what}", ax=ax)
fig

# %% [markdown]
# Under $\ln p$ the two digits have nearly all, and *left* seems hardly to need the picture. Under $z$ all five words have gradients of one order of size. Put the digits one above the
# other, and *left* changes in every caption, as you will measure below. So $\ln p$ showed where the network *doubts*, $1 - p$, and not what it looks at. We take $z$.

# %% tags=["claim"]
against_digit = {what: sizes[what]["left"] / sizes[what]["first\ndigit"] for what in sizes}
more = against_digit["z"] / against_digit["ln p"]
claim(
    "“left” beside the first digit: under z its gradient is at least ten times what it is under ln p", more, at_least=10
)

# %% [markdown]
# ## Three maps for every word
#
# $|\partial z / \partial x|$, gradient × input, and integrated gradients are those of [lesson 24](24_attribution.ipynb). Paper is 0 and ink up to 1, so the baseline is paper: zeros. (Sixteen points on the path do for the *place* of the largest entry; with so few not every map adds up, and that warning is silenced.)


# %%
def three_maps(model, pictures, said, t):
    """Maps (N, 20, 20) of the word at step t. A positive entry speaks for the word; |gradient| has no sign."""

    def f(x):
        return log_odds(model, x, said, t)

    slope = attribution.gradient(f, pictures)
    along = attribution.integrated_gradients(f, pictures, points=16).attribution
    return {"|gradient|": slope.abs(), "gradient × input": pictures * slope, "integrated gr.": along}


# %% [markdown]
# **Before you run:** the two digits' boxes will be framed in their own columns. Which of the three rows will point best? And where could *left* point, which has no box?

# %% tags=["folded", "nbval-ignore-output"]
import warnings

warnings.filterwarnings("ignore", "integrated gradients do not close")  # the sum: see the text above
seven = int(((seen.digits[:, 0] == 7) & (seen.digits[:, 1] != 7)).nonzero()[0])
rows = {name: [] for name in ("|gradient|", "gradient × input", "integrated gr.")}
for t in range(1, 6):
    found = three_maps(captioner, seen.pictures[[seven]], said[[seven]], t)
    for name in rows:
        rows[name].append(found[name][0])
first, second = seen.corners[seven].tolist()
plot.word_maps(rows, [WORDS[k] for k in said[seven]], [first, None, None, second, None], seen.pictures[seven])

# %% [markdown]
# Red speaks for the word, blue against. $|\text{gradient}|$ spreads over blank paper: what a little ink *would* do there. The two others lie on ink alone. *left* has no box, and has colour on both digits. And in the frames: is the darkest red of
# each map inside? One picture convinces nobody. Count.
#
# ## A chance that is fair
#
# The pointing game: does a map's largest entry lie in the box? For $|\text{gradient}|$ a blind finger hits 64 of 400 pixels. But gradient × input *cannot* point at paper, and all ink lies in the two boxes. Its chance is the share of the inked
# pixels that lie in the box: about a half.
#
# ### Exercise 26.3 · The pointing game, with its chance (8 min, ●●○)
#
# *Goal:* for every map, whether it hits the box, and the chance that a blind finger does. *Given:* `map`, signed; `box` and `can`, both True or False for each pixel; the finger may point wherever `can` is True, and nowhere else. *Done when* the check says ✓.


# %% tags=["exercise"]
def pointing(map, box, can):
    """The pointing game among the pixels that a map can point at.

    map: (N, 20, 20), the largest entry is what it points at. box, can: (N, 20, 20) bool.
    Returns hit (N,), True where it lies in the box, and chance (N,), the share of the `can` pixels that lie in the box.
    """
    ### BEGIN SOLUTION
    at = map.masked_fill(~can, -torch.inf).flatten(1).argmax(1)
    hit = box.flatten(1)[torch.arange(len(map)), at]
    chance = (box & can).sum((1, 2)) / can.sum((1, 2))
    return hit, chance
    ### END SOLUTION


# %% tags=["check"]
pointing = exercise("26.3", pointing)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Give every pixel outside `can` the value −∞. `flatten(1)` makes rows of all pixels: one `argmax` for each picture, and the flattened box at that place.
# </details>
# <details><summary>Fuller hint</summary>
#
# `at = map.masked_fill(~can, -torch.inf).flatten(1).argmax(1)`, then `box.flatten(1)[torch.arange(len(map)), at]`. The chance is `(box & can).sum((1, 2)) / can.sum((1, 2))`.
# </details>
#
# We count both digit words of each picture. That matters: a map that does not care *which word* is asked points at one digit for both, and gets one of the two. And there is a control: captioners with fresh, **untrained** weights, asked
# about the same words of the same pictures (the mean of three).
#
# **Before you run:** in what share of the cases will gradient × input of an *untrained* network point into the right box? And will its map *look* like an explanation?

# %% tags=["predict"]
predict("26.a", ...)  # a share between 0 and 1


# %%
def boxes(corners):
    """(N, 20, 20) bool: True in the 8 × 8 pixels from each corner (N, 2) on."""
    inside = torch.zeros(len(corners), 20, 20, dtype=torch.bool)
    for n, (row, column) in enumerate(corners.tolist()):
        inside[n, row : row + 8, column : column + 8] = True
    return inside


# %% tags=["folded"]
def point_all(networks, seen, said):
    """The share of hits of each map and its chance, over both digit words (steps 1 and 4), the mean of the networks."""
    hits, levels = {}, {}
    part = 1 / (2 * len(networks))
    for t, named in ((1, 0), (4, 1)):
        for network in networks:
            for name, map in three_maps(network, seen.pictures, said, t).items():
                can = torch.ones_like(map).bool() if name == "|gradient|" else seen.pictures > 0
                hit, level = pointing(map, boxes(seen.corners[:, named]), can)
                hits[name] = hits.get(name, 0) + part * hit.float().mean().item()
                levels[name] = levels.get(name, 0) + part * level.mean().item()
    return hits, levels


# %%
untrained = [models.Captioner(len(WORDS)).eval() for _ in range(3)]
trained_hits, chance = point_all([captioner], seen, said)
untrained_hits, _ = point_all(untrained, seen, said)

# %% tags=["folded", "nbval-ignore-output"]
rows, columns = {"|gradient|": [], "gradient × input": []}, []
for name, model in {"trained": captioner, "untrained": untrained[0]}.items():
    for t in (1, 4):
        found = three_maps(model, seen.pictures[[seven]], said[[seven]], t)
        columns.append(f"{WORDS[said[seven, t - 1]]},\n{name}")
        for kind in rows:
            rows[kind].append(found[kind][0])
plot.word_maps(rows, columns, [first, second, first, second], seen.pictures[seven])

# %% tags=["nbval-ignore-output"]
scores = {"trained": trained_hits, "untrained": untrained_hits}
plot.against_chance(scores, chance, y="share of hits", title="Largest entry in the named digit's box")

# %% [markdown]
# About a half, which is chance (over 400 words a half has a standard error of at most $\sqrt{0.25 / 400} = 0.025$). Yet look at the maps: gradient × input of an untrained network shows two digits, in red and blue. It shows the *picture*. Whoever draws the line at 64/400 for every map will praise it.
#
# $|\text{gradient}|$ has the other trouble: untrained it is well *above* its line, for even layers with random weights prefer places where something is drawn (and the middle to the rim). So a fair chance is worth having, and an untrained network more.

# %% tags=["claim"]
outcome("26.a", untrained_hits["gradient × input"])
claim("untrained, gradient × input: share of hits", untrained_hits["gradient × input"], between=(0.4, 0.6))
over = untrained_hits["|gradient|"] / chance["|gradient|"]
claim("untrained, |gradient|: at least 1.4 times its chance", over, at_least=1.4)

# %% [markdown]
# The trained captioner is far ahead of both, in all three maps. Integrated gradients point best: with them *seven* points at the seven nearly always.

# %% tags=["claim"]
claim("trained, integrated gradients: share of hits", trained_hits["integrated gr."], at_least=0.96)
ahead = min(trained_hits[name] - untrained_hits[name] for name in chance)
claim("each map is ahead of the untrained networks' by at least 0.18", ahead, at_least=0.18)

# %% [markdown]
# ## Larger digit first
#
# Now a copy of the captioner learns another rule: *the larger digit is named first*, wherever it stands. A second copy, the control, learns for as many steps more by the old rule.
#
# **Before you run:** the first captioner's share of hits with gradient × input is the blue bar in the middle, above. What will it be under the new rule?

# %% tags=["predict"]
predict("26.b", ...)  # a share between 0 and 1

# %% tags=["nbval-ignore-output"]
reader, ranker = deepcopy(captioner), deepcopy(captioner)
train(reader, 200, "reading order, more of it")
train(ranker, 200, "larger digit first", larger_first=True)
ordered, ordered_said, _ = two_hundred(reader)
ranked, ranked_said, ranked_exact = two_hundred(ranker, larger_first=True)
ordered_hits, _ = point_all([reader], ordered, ordered_said)
ranked_hits, _ = point_all([ranker], ranked, ranked_said)

# %% tags=["nbval-ignore-output"]
print(f"exact match, larger first: {ranked_exact:.2f}")
scores = {"reading order": ordered_hits, "larger first": ranked_hits}
plot.against_chance(scores, chance, y="share of hits", title="Two captioners, two rules")

# %% [markdown]
# Less, with every map. Have the maps got worse? Think about the question. This network says *seven* first because there is a seven **and because the other digit is no eight or nine**. One box is only half of the truth. Intervene.
# Take the *other* digit, the one named second, and erase it; exchange it for an unseen drawing of a smaller digit than the first; or for a larger one. How often does the first word change?


# %%
def paste(pictures, corners, drawings):
    """Pictures (N, 20, 20) with drawings (N, 8, 8) put at corners (N, 2)."""
    changed = pictures.clone()
    for n, (row, column) in enumerate(corners.tolist()):
        changed[n, row : row + 8, column : column + 8] = drawings[n]
    return changed


# %% tags=["folded"]
drawings, shown = sources("test")
pick = torch.randint(len(shown), (200,), generator=generator(9))


def first_word_changes(model, seen, said):
    """How often the first word changes when the other digit is erased, or exchanged for another."""
    first, new = seen.digits[:, 0], shown[pick]
    erased = write(model, paste(seen.pictures, seen.corners[:, 1], torch.zeros(200, 8, 8)))[:, 0] != said[:, 0]
    exchanged = write(model, paste(seen.pictures, seen.corners[:, 1], drawings[pick]))[:, 0] != said[:, 0]
    kinds = {"erased": erased, "exchanged for\na smaller": exchanged[new < first]}
    kinds["exchanged for\na larger"] = exchanged[new > first]
    return {kind: changed.float().mean().item() for kind, changed in kinds.items()}


# %% tags=["folded", "nbval-ignore-output"]
changes = {"reading order": first_word_changes(reader, ordered, ordered_said)}
changes["larger first"] = first_word_changes(ranker, ranked, ranked_said)
fig, axes = plot.panels(1, 2, size=(6, 3.2), sharey=True)
for ax, name in zip(axes, changes):
    plot.bars(changes[name], y="first words that change", title=name, ax=ax)
    ax.set_ylim(0, 1)
fig

# %% [markdown]
# In reading order the first word hardly cares about the other digit. In the second network a larger one changes it nearly always, a smaller one hardly ever: the word **does** depend on both. A map that shows both is right, and the score that knows one box is wrong
# about *it*.
#
# And see the first bar of the right panel: *erased*, the other digit seems to matter little. A lone seven is the largest digit in its picture. Baselines of paper (integrated gradients) and hiding (occlusion) ask about "nothing there", an exchange asks about "another digit there". Neither is *the*
# importance; name what you compare with.

# %% tags=["claim"]
outcome("26.b", ranked_hits["gradient × input"])
lost = min(ordered_hits[name] - ranked_hits[name] for name in chance)
claim("larger first: in every map at least 0.06 fewer hits than in reading order", lost, at_least=0.06)
most = changes["larger first"]["exchanged for\na larger"]
claim("there a larger other digit changes the first word in at least 85 of 100", most, at_least=0.85)
little = max(list(changes["reading order"].values()) + list(changes["larger first"].values())[:2])
claim("none of the five other bars is above 0.2", little, at_most=0.2)

# %% [markdown]
# ## What is cut at the argmax
#
# Each word is read before the next one is written. So the picture reaches *three* by two roads: through the states, and through the words *seven left of*, which were chosen.

# %% tags=["nbval-ignore-output"]
words_in, words_out = "<start> seven left of three".split(), "seven left of three <end>".split()
plot.severed(words_in, words_out, title="✕: a word is chosen here")

# %% [markdown]
# A choice, the argmax, gives a whole number. It does not move when a pixel changes a little, and then it jumps. Autograd has no path there: every gradient of this lesson holds the words before as they were said. That is no zero gradient and no vanished one, it is a **missing path**; and what
# flows there is in no map above. An intervention sees both. After a change of the picture, compare word $t$ with the one said before:
#
# - **direct**: the words *before it* are held as they were said,
# - **total**: the network writes everything anew.
#
# ### Exercise 26.4 · Direct and total (7 min, ●●○)
#
# *Goal:* both, as the share of pictures in which word $t$ changes, for $t = 1 \dots 5$. *Given:* the model, the changed pictures `after`, what was `said` before the change, `feed` and `write`. *Done when* the check says ✓.


# %% tags=["exercise"]
def direct_and_total(model, after, said):
    """How often each word changes: with the words before held, and when all is written anew.

    model: (pictures, words read) → ln p, (N, 5, V). after: changed pictures. said: (N, 5). Returns (direct, total), (5,) each.
    """
    ### BEGIN SOLUTION
    held = model(after, feed(said)).argmax(2)
    anew = write(model, after)
    return (held != said).float().mean(0), (anew != said).float().mean(0)
    ### END SOLUTION


# %% tags=["check"]
direct_and_total = exercise("26.4", direct_and_total)

# %% [markdown]
# <details><summary>Hint</summary>
#
# To hold the words, feed them: `model(after, feed(said))` gives ln p of the next word after the *old* beginning.
# </details>
# <details><summary>Fuller hint</summary>
#
# `held = model(after, feed(said)).argmax(2)` and `anew = write(model, after)`, both (N, 5). Compare each with `said`, and take the mean over the pictures.
# </details>
#
# The change: the same two drawings, now one *above* the other. The caption should go from *seven left of three* to *seven above three*: its third word is then *three*, and its fourth &lt;end&gt;.

# %%
places = seen.corners.flip(2)  # rows and columns exchanged
turned = torch.zeros_like(seen.pictures)
for named in (0, 1):
    pieces = seen.pictures[boxes(seen.corners[:, named])].view(-1, 8, 8)
    turned = paste(turned, places[:, named], pieces)
direct, total = direct_and_total(captioner, turned, said)

# %% tags=["folded", "nbval-ignore-output"]
scores = {"direct": dict(zip("1234", direct)), "total": dict(zip("1234", total))}
fig, ax = plot.panels(size=(8, 3.2))
plot.against_chance(scores, y="share of words that change", title="Side by side, then one above the other", ax=ax)
ax.set_xticks(range(4), ["1: seven", "2: left", "3: of", "4: three"])
fig

# %% [markdown]
# Word 2 changes either way: *left* hangs on the picture directly. Words 3 and 4 change in the end as often, but with the words before held, *three* often stays: part of the news comes through the words. So a map of *three* is the answer to "why *three*, **given** *seven left of*". It is not
# "why did the fourth word come out so".

# %% tags=["claim"]
claim("word 4: total minus direct, at least 0.5", total[3] - direct[3], at_least=0.5)

# %% [markdown]
# ## Why this letter?
#
# Now the translator of [lesson 20](20_attention.ipynb), with dot-product attention. It reads *four thousand three hundred and forty five* and writes *viertausend·dreihundert·fünf·und·vierzig* (the dots are for you). Here, too, the truth is known: each part of the German number means one English word, and the last two parts
# stand in the other order. Attention says where a letter *looked*. The Jacobian of the letters with respect to the words says what *moves* it. Do they agree, and who is right?

# %% tags=["folded"]
from lstmkit.data.number_words import spell
from lstmkit.data.text import Vocabulary

numbers = []
for lowest, many in ((100, 900), (1000, 1500)):  # numbers with 3 and with 4 digits
    drawn = torch.randperm(9 * lowest, generator=generator(lowest))[:many]
    numbers += (lowest + drawn).tolist()
shuffled = torch.randperm(2400, generator=generator(20)).tolist()
english, german = [spell(numbers[n])[0] for n in shuffled], [spell(numbers[n])[1] for n in shuffled]
source, target = Vocabulary(english[:2000]), Vocabulary(german[:2000])  # the last 400 are for the test
x, lengths = source.encode(english)
y, _ = target.encode(german, wrap=True)


def letter_loss(model, x, lengths, y):
    logits = model(x, lengths, y[:, :-1])
    return nn.functional.cross_entropy(logits.flatten(0, 1), y[:, 1:].flatten(), ignore_index=0)


def some():
    rows = torch.randint(2000, (64,))
    return x[rows], lengths[rows], y[rows]


def one_cycle(optimizer):
    return torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=250, pct_start=0.1)


# %% tags=["nbval-ignore-output"]
seed(26)
translator = models.EncoderDecoder(len(source), len(target), 64, attention="dot")
fit(translator, letter_loss, some, steps=250, clip=1.0, schedule=one_cycle, title="translator")

# %% tags=["folded"]
state = translator.encode(x[2000:], lengths[2000:])
written = models.greedy(translator.decode.step, state, 60).tokens
correct = [target.decode(row) == word for row, word in zip(written, german[2000:])]
ONES = "one two three four five six seven eight nine".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDER = [0, 1, 2, 3, 6, 5]  # the English word that each German part means: the ones before the tens
chosen = [n for n in range(2000, 2400) if correct[n - 2000] and lengths[n] == 7 and english[n][5] in TENS][:100]
in_german = {word: spell(k)[1] for k, word in enumerate(ONES, 1)} | {"one": "ein"}
in_german |= {word: spell(10 * k)[1] for k, word in enumerate(TENS, 2)} | {"hundred": "hundert", "thousand": "tausend"}
starts, inside = [], []  # the first letter of each part, and the other letters of digits and tens
for n in chosen:
    at, firsts, rest = 0, [], []
    for s in ORDER:
        at += 3 if s == 5 else 0  # und
        length = len(in_german[english[n][s]])
        firsts.append(at)
        rest += range(at + 1, at + length) if s in (0, 2, 5, 6) else []
        at += length
    starts.append(firsts)
    inside.append(rest)

# %% [markdown]
# Of 400 unseen numbers we take a hundred that come out right and have seven words (no padding).
#
# | symbol | variable | shape |
# |---|---|---|
# | the English words' vectors | `vectors` | (100, 7, 64) |
# | letters fed, letters due | `fed`, `due` | (100, T_y) |
# | log-odds of each letter due | `letter_odds(vectors)` | (100, T_y, 1) |
# | $\partial z_t / \partial x_s$, its Jacobian | `J` | (100, T_y, 7, 64) |
# | attention weights | `weights` | (100, T_y, 7) |

# %%
vectors = translator.encode.embedding(x[chosen, :7]).detach()
fed, due = y[chosen, :-1], y[chosen, 1:, None]


def look(vectors):
    """Teacher forcing from the words' vectors: logits (N, T_y, V), attention weights (N, T_y, 7), what was read."""
    memory, (h, c) = translator.encode.lstm(vectors)
    read = models.DecoderState(h[0], c[0], memory)
    logits, _, weights = translator.decode.attend(fed, read)
    return logits, weights, read


def letter_odds(vectors):
    log_p = look(vectors)[0].log_softmax(2)
    return log_p.gather(2, due) - log_p.scatter(2, due, -torch.inf).logsumexp(2, keepdim=True)


J = gradients.sequence_jacobian(letter_odds, vectors)[:, :, 0]
weights, read = look(vectors)[1].detach(), look(vectors)[2]

# %% [markdown]
# A word has 64 numbers; a table wants one number for a word. There are two customs, with two meanings:
#
# - the **length** of $\partial z_t / \partial x_s$: how much could a small change of this word's vector do, in whichever direction?
# - the **share**, gradient × input *summed over the word's 64 numbers*: what does this word contribute, if $z$ were a straight line? It has a sign.
#
# ### Exercise 26.5 · From numbers to words (6 min, ●○○)
#
# *Goal:* both tables. *Given:* `J` and `vectors`. *Done when* the check says ✓.


# %% tags=["exercise"]
def word_tables(J, vectors):
    """One number for each letter and word.

    J: (N, T_y, T_x, D). vectors: (N, T_x, D). Returns (length, share), (N, T_y, T_x) each; the share is signed.
    """
    ### BEGIN SOLUTION
    return J.norm(dim=3), (J * vectors[:, None]).sum(3)
    ### END SOLUTION


# %% tags=["check"]
word_tables = exercise("26.5", word_tables)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Both reduce the last axis. For the share every letter needs the same vectors: give them an axis for the letters.
# </details>
# <details><summary>Fuller hint</summary>
#
# `J.norm(dim=3)`, and `(J * vectors[:, None]).sum(3)`: first sum, and take sizes later if you need them.
# </details>
#
# A third table takes no gradient. **Exchange** a word for another of its kind (*five* for *two*, *forty* for *sixty*), and see by how much $z$ of each letter falls, the letters before held. (*thousand*, *hundred* and *and* have no fellow
# that fits in their place, so they are not exchanged.)

# %% tags=["folded"]
length, share = word_tables(J, vectors)
draws = generator(7)
base, fall = letter_odds(vectors)[:, :, 0].detach(), torch.zeros_like(length)
flips = torch.zeros_like(length)  # how often the likeliest letter becomes another
for s in (0, 2, 5, 6):
    for _ in range(3):
        other = x[chosen, :7].clone()
        for row, n in enumerate(chosen):
            word = english[n][s]
            kind = [one for one in (TENS if s == 5 else ONES) if one != word]
            other[row, s] = source.number[kind[int(torch.randint(len(kind), (), generator=draws))]]
        swapped = translator.encode.embedding(other)
        with torch.no_grad():
            fall[:, :, s] += (base - letter_odds(swapped)[:, :, 0]) / 3
            flips[:, :, s] += (look(swapped)[0].argmax(2) != due[:, :, 0]).float() / 3

# %% tags=["nbval-ignore-output"]
first_number = {"attention": weights[0], "Jacobian, length": length[0], "exchange": fall[0].clamp(min=0)}
plot.pointing_tables(first_number, english[chosen[0]], german[chosen[0]], list(zip(starts[0], ORDER)))

# %% [markdown]
# Circles: the word that a part means, at the part's first letter. The exchange has its dark fields in the circles of the four words that were exchanged, inversion and all. In attention the letters *inside* a part have dark fields, too, which the exchange has not. The Jacobian is darkest in the rows of digits and tens.


# %% tags=["folded"]
def at_first_letters(table):
    """The rows of the table (100, T_y, 7) at the first letters of the six parts: (100, 6, 7)."""
    return torch.stack([table[row, starts[row]] for row in range(100)])


true, fellows = torch.tensor(ORDER), [0, 2, 4, 5]  # fellows: the parts that have others of their kind
tables = {"exchange": fall, "Jacobian, length": length, "Jacobian, |share|": share.abs(), "attention": weights}
right = {}
for name, table in tables.items():
    right[name] = (at_first_letters(table).argmax(2) == true).float().mean(0)  # for each of the six parts
groups = {"digits and tens": fellows, "thousand, hundred": [1, 3]}
shares = {}
for name in tables:
    shares[name] = {group: right[name][parts].mean().item() for group, parts in groups.items()}
shares["exchange"]["thousand, hundred"] = torch.nan  # not exchanged

# %% tags=["nbval-ignore-output"]
labels = {"y": "share of first letters", "title": "The largest entry is at the true word"}
plot.against_chance(shares, dict.fromkeys(groups, 1 / 7), **labels)

# %% [markdown]
# The exchange of a digit or a ten moves the very letter that means it, nearly always. (Four words were exchanged, so its fair chance is 1/4, not the line's 1/7.) There the network *does* follow the true alignment. Attention and Jacobian are above chance, and each misses in its own way:
#
# - **Attention** weighs *states*, not words, and the state of the word behind has read the word, too. At digits and tens it is on one of the two.
# - **The Jacobian's length** finds digits and tens, and *thousand* and *hundred* much less often. It counts every direction in which a vector could move a little; an exchange is *one* direction, and a long step. What *could* move a letter is not what did.

# %% tags=["claim"]
looked = at_first_letters(weights).argmax(2)
near = ((looked == true) | (looked == true + 1)).float()[:, fellows].mean()
claim("exchange: digits and tens, share of first letters right", shares["exchange"]["digits and tens"], at_least=0.96)
claim("attention: there at the true word or the one behind it", near, at_least=0.95)
gap = shares["Jacobian, length"]["digits and tens"] - shares["Jacobian, length"]["thousand, hundred"]
claim("Jacobian's length: digits and tens ahead of thousand and hundred", gap, at_least=0.25)

# %% [markdown]
# Do the two agree with each other? The mean rank correlation of attention and length, over the seven words at each first letter, is well above 0 and well below 1. They measure two things.

# %% tags=["claim"]
alike = attribution.rank_correlation(at_first_letters(weights).flatten(0, 1), at_first_letters(length).flatten(0, 1))
claim("rank correlation of attention and the Jacobian's length", alike.mean(), between=(0.35, 0.8))

# %% [markdown]
# ## Is attention an explanation?
#
# "Attention is not explanation", wrote Jain and Wallace (2019): weights hardly agree with gradients, and other weights often give the same answer. "Attention is not *not* explanation", answered Wiegreffe and Pinter (2019): ask first whether the network *needs* its attention, and whether the other weights could have been learnt. We measure it.
# For one letter at a time we **shuffle** its seven weights, all else held, and see whether the likeliest letter changes.
#
# **Before you run:** take digits and tens. Of the letters *inside* (the *ier* of *vier*), which share will change under shuffled weights? And of their first letters?

# %% tags=["predict"]
predict("26.c", ...)  # inside: a share between 0 and 1


# %%
@torch.no_grad()
def letters_with(weights):
    """The likeliest letters if the decoder is handed these attention weights."""
    q, _ = translator.decode.lstm(translator.decode.embedding(fed), (read.h[None], read.c[None]))
    joined = torch.cat([q, weights @ read.memory], dim=2)
    return translator.decode.read(translator.decode.combine(joined).tanh()).argmax(2)


shuffles = torch.zeros(100, fed.shape[1])
for _ in range(10):
    order = torch.rand(weights.shape, generator=draws).argsort(2)
    shuffles += (letters_with(weights.gather(2, order)) != due[:, :, 0]) / 10

# %% tags=["folded", "nbval-ignore-output"]
quantities = {"weights shuffled:\nletter changes": shuffles, "a word exchanged:\nletter changes": flips.amax(2)}
quantities["largest weight"] = weights.amax(2)
summary = {"first letters": {}, "letters inside": {}}
for what, values in quantities.items():
    at_starts = [values[row, starts[row][k]] for row in range(100) for k in fellows]
    within = [values[row, inside[row]] for row in range(100)]
    summary["first letters"][what] = torch.stack(at_starts).mean().item()
    summary["letters inside"][what] = torch.cat(within).mean().item()
plot.against_chance(summary, y="share, or weight", title="Two kinds of letters, in digits and tens")

# %% [markdown]
# Few inside, and more than half of the first letters. Both sides are right, about different letters. *Inside* a number word the letters already written mostly decide (that is the way which the argmax cuts): few letters change there, whether a word is exchanged or the weights are shuffled. But they are weights: they sum to 1, and have a favourite all the same (last pair of bars). **Attention cannot say "nothing"**. At a *first letter* the network does need what it looks up.
#
# So: is attention an explanation? It says where the context came *from*, truly, for it *is* the computation. It does not say that the letter needed it, nor which word stands behind a state. Ask it where to intervene; then intervene.

# %% tags=["claim"]
first_letters, others = summary["first letters"], summary["letters inside"]
what = "weights shuffled:\nletter changes"
outcome("26.c", round(others[what], 2))
claim("shuffled weights change at least 60 of 100 first letters", first_letters[what], at_least=0.6)
claim("and at most 15 of 100 letters inside", others[what], at_most=0.15)

# %% [markdown]
# ## What you can now do
#
# - **One word, one number**: log-odds, whose gradient does not fade with certainty; never the sum over words. Such a map answers "why this word, given the words before".
# - **Fair scores**: true boxes and alignments; for maps that lie on ink, the share of the ink; and an untrained network beside, since a map that lies on ink looks convincing.
# - **What is left out**: the other digit that decides by not being larger, the way through the words chosen, the word behind a state. Exchange something, hold the rest, and count what changes.
#
# Where people use this: to check that a radiology report speaks of the spot and not of the hospital's stamp; to find which word of a source a mistranslation hangs on. Where it fails: it explains one word at a time, and needs somebody who knows what a fair exchange is. That a training curve hides
# such faults is the subject of [lesson 27](27_debugging.ipynb); which *exchange* would change the word is asked in [lesson 28](28_designing_inputs.ipynb).

# %% [markdown]
# <details><summary>Test yourself: gradient × input points into one of two equal boxes in 52 of 100 cases. Your colleague compares with 64/400. What do you say?</summary>
#
# That a map which lies on ink can only fall into one of the boxes. Its chance is a half, and 52 of 100 has a standard error of five: nothing was found.
# </details>
# <details><summary>Test yourself: the gradient of a word with respect to the picture is 0 through the words before it. Does the picture not act there?</summary>
#
# It may decide everything there. A choice has no gradient: the path is missing. Write anew from a changed picture and see.
# </details>
# <details><summary>Test yourself: shuffled attention weights leave a letter as it was. Is attention worthless?</summary>
#
# For that letter it was not needed. Ask about the letters where something is looked up.
# </details>
#
# *Further reading.* K. Xu et al., "Show, attend and tell", *ICML* (2015): attention maps of captions. S. Jain, B. Wallace, "Attention is not explanation", *NAACL* (2019). S. Wiegreffe, Y. Pinter, "Attention is not not explanation", *EMNLP* (2019). J. Adebayo et al., "Sanity checks for saliency
# maps", *NeurIPS* (2018): the untrained control. J. Zhang et al., "Top-down neural attention by excitation backprop", *ECCV* (2016): pointing. J. Pearl, "Direct and indirect effects", *UAI* (2001).
