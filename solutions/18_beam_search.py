# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 18 · Beam search
#
# **Which sentence is the likeliest?**
#
# After this lesson you will be able to
# - search for a likely *sentence* instead of a likely next word: keep several beginnings in hand, and rank what is finished,
# - tell a **search error** from a **model error**, and say what the length of a sentence does to its score,
# - judge sentences where more than one is right: draw them, and know what exact match and BLEU do not see.
#
# Needs: [lesson 17](17_captioning.ipynb) (the captioner, greedy decoding). About 90 minutes. Mapping: one-to-many.

# %%
import torch
from lstmkit import claim, device, exercise, fit, outcome, plot, predict, seed
from lstmkit.data.scenes import DIGITS, WORDS, say, scenes
from lstmkit.models import END, PAD, START, Captioner, caption_loss, greedy

here = device()

# %% [markdown]
# ## A word that leads nowhere
#
# Here is what some network might say about a picture with a badly written digit. Read the tree from the left: after `<start>` it gives *three* $0.6$ and *eight*
# $0.4$; beside each line stands the probability of the next word *if one has come that way*. (A sentence ends after three words here. Words that are not drawn
# share what is left.)

# %%
tree = {
    ("three",): 0.6,
    ("three", "left"): 0.35,
    ("three", "left", "<end>"): 0.8,
    ("three", "above"): 0.34,
    ("three", "above", "<end>"): 0.9,
    ("eight",): 0.4,
    ("eight", "left"): 0.9,
    ("eight", "left", "<end>"): 0.9,
    ("eight", "above"): 0.1,
    ("eight", "above", "<end>"): 0.9,
}

# %% tags=["nbval-ignore-output"]
plot.beam_tree(tree, title="What could be said, and how probable each next word is")

# %% [markdown]
# **Before you run:** greedy decoding takes the likeliest word at each step. Follow it. How many times as probable as its sentence is the likeliest
# sentence of the tree? Write a number; 1 means that greedy finds it.

# %% tags=["predict"]
predict("18.a", ...)  # probability of the likeliest sentence divided by that of the greedy one


# %%
def probability(sentence):
    """Product of the probabilities along the way to a sentence of the tree."""
    p = 1.0
    for length in range(1, len(sentence) + 1):
        p = p * tree[sentence[:length]]
    return p


whole = {}
for sentence in tree:
    if sentence[-1] == "<end>":
        whole[sentence] = probability(sentence)

# %% tags=["nbval-ignore-output"]
notes = {sentence: f"{whole[sentence]:.3f}" for sentence in whole}
path = ("three", "left", "<end>")
plot.beam_tree(
    tree, [path[:1], path[:2], path], notes=notes, title="Greedy's way in colour; behind each sentence its probability"
)

# %% [markdown]
# Nearly twice as probable. *Three* looked better at first; but behind it the network is torn, and behind *eight* it is nearly certain. Greedy
# decoding never takes a word back. The likeliest words do not make the likeliest sentence.

# %%
outcome("18.a", max(whole.values()) / whole[path])

# %% [markdown]
# ## More than one beginning in hand
#
# To try all sentences is out of the question: 19 words in five places make two and a half million. **Beam search** keeps the `width` best *beginnings*. In each
# round: extend every beginning by every word; of *all* these candidates keep the `width` likeliest. Here is width 2 on our tree. What is grey was dropped;
# what would have come behind it was never looked at:

# %% tags=["nbval-ignore-output"]
kept = [
    ("three",),
    ("eight",),
    ("eight", "left"),
    ("three", "left"),
    ("eight", "left", "<end>"),
    ("three", "left", "<end>"),
]
plot.beam_tree(tree, kept, notes=notes, title="Width 2: two beginnings are kept in each round")

# %% [markdown]
# It finds the likeliest one. And yet it is no proof: *three above* was dropped in favour of *three left*, one word too early. Compare their sentences. A beam is a wider guess.
#
# Probabilities multiply along the way, so their logarithms *add*, and a computer can add many small numbers where a product would underflow:
#
# $$\ln p(w_1 … w_n) = \sum_{t=1}^{n} \ln p(w_t \mid w_0 … w_{t-1}, \text{picture}), \qquad w_0 = \texttt{<start>},\; w_n = \texttt{<end>}$$
#
# ### Exercise 18.1 · Beam search (20 min, ●●●)
#
# *Goal:* the finished captions of *one* picture, the likeliest first. *Given:* `step` (as the captioner's), a `state` for a batch of one, `width`, `longest`. The rules:
#
# 1. A beginning is three things: its total log-probability ($0$ at first), its list of words (`[START]` at first), and the state that its last word left behind.
# 2. In each round extend every beginning by *every* word, whichever it is. Of all candidates of the round keep the `width` with the highest total.
# 3. Those of them that end with `END` are finished: put them aside. Only the others go on. (Nothing takes the place of a finished one.)
# 4. Stop after `longest` rounds, or when none goes on. Beginnings that are left then count as finished.
# 5. Return pairs (total, words without `START`), the highest total first.
#
# *Done when* the check says ✓. Give yourself 20 minutes, then open the hints.


# %% tags=["exercise"]
def beam_search(step, state, width, longest):
    """The finished captions of one picture: [(total log-probability, list of words), …], the likeliest first.

    step: log_p, state = step(words, state), with words of shape (1,) and log_p (1, V). state: for a batch of one.
    """
    ### BEGIN SOLUTION
    beams, finished = [(0.0, [START], state)], []
    for _ in range(longest):
        candidates = []
        for total, words, state in beams:
            log_p, after = step(torch.tensor([words[-1]]), state)
            for word, value in enumerate(log_p[0].tolist()):
                candidates.append((total + value, words + [word], after))
        candidates.sort(key=lambda candidate: candidate[0], reverse=True)
        best = candidates[:width]
        finished += [beam for beam in best if beam[1][-1] == END]
        beams = [beam for beam in best if beam[1][-1] != END]
        if not beams:
            break
    pairs = [(total, words[1:]) for total, words, _ in finished + beams]
    return sorted(pairs, reverse=True)
    ### END SOLUTION


# %% tags=["check"]
beam_search = exercise("18.1", beam_search)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Two loops: over rounds, and inside it over beginnings. `step(torch.tensor([words[-1]]), state)` reads a beginning's last word. Every candidate
# is a triple like a beginning, with the *new* state in it. `log_p[0].tolist()` is a list of V numbers.
# </details>
# <details><summary>Fuller hint</summary>
#
# `candidates.append((total + value, words + [word], after))` for each `word` with log-probability `value`. Then
# `candidates.sort(key=lambda candidate: candidate[0], reverse=True)`, keep `candidates[:width]`, and split them by `words[-1] == END`. After the loops:
# pairs `(total, words[1:])` for everything in `finished + beams`, sorted.
# </details>

# %% [markdown]
# ## Two captions are true
#
# Now a real network: the captioner of [lesson 17](17_captioning.ipynb), from `lstmkit.models`, trained as there. One in five of its training scenes is a special one: the first digit stands to the
# left of the second *and* above it. Both captions are true, and a coin has decided which one the teacher gave.


# %% tags=["folded"]
def batch():
    """64 fresh training scenes, one in five of them with two true captions."""
    new = scenes(64, diagonal=0.2)
    return new.pictures.to(here), new.captions.to(here)


def rise_and_fall(steps):
    """The learning rate rises for three tenths of the steps and falls to zero after."""

    def share(step):
        return min((step + 1) / (0.3 * steps), (steps - step) / (0.7 * steps))

    return lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, share)


# %% tags=["nbval-ignore-output"]
seed(18)
captioner = Captioner(len(WORDS)).to(here)
fit(captioner, caption_loss, batch, steps=800, lr=4e-3, schedule=rise_and_fall(800), clip=1.0, title="captioner")
both = scenes(300, "test", diagonal=1.0)  # unseen digits; in every scene both captions are true
with torch.no_grad():
    found = [beam_search(captioner.step, captioner.look(one[None].to(here)), 4, 5) for one in both.pictures]


# %% tags=["folded"]
def branches(captions):
    """The captions that a search found, as a tree: {beginning: probability of its last word}, and a note behind each sentence."""
    nodes, chances = {}, {}
    for total, words in captions:
        text = tuple(WORDS[k] for k in words)
        for length in range(1, len(text) + 1):
            nodes[text[:length]] = 0.0
        chances[text] = f"{torch.tensor(total).exp():.3f}"
    return nodes, chances


def next_words(picture, nodes):
    """The probability of the last word of each beginning, for one picture."""
    for beginning in nodes:
        fed = [START] + [WORDS.index(word) for word in beginning[:-1]]
        log_p = captioner(picture[None].to(here), torch.tensor([fed], device=here))
        nodes[beginning] = log_p[0, -1, WORDS.index(beginning[-1])].exp().item()
    return nodes


# %% [markdown]
# **Before you run:** you know that two captions are true. How will they share the probability, and at which word will the tree fork?

# %% tags=["nbval-ignore-output"]
nodes, chances = branches(found[0][:3])
with torch.no_grad():
    nodes = next_words(both.pictures[0], nodes)
plot.beam_tree(
    nodes, nodes, notes=chances, picture=both.pictures[0], title="The three best of width 4, each with its probability"
)

# %% [markdown]
# The two true captions share nearly all of it. The tree forks where the teacher's coin was thrown, at the second word; what is left goes to digits that could be misread.
# Greedy decoding gives one of the two, and no hint that there is another. Beam search shows what the network *knows*.


# %% tags=["claim"]
def true_pair(digits):
    """The two captions of a scene in which both are true."""
    one, two = (DIGITS[k] for k in digits)
    return {f"{one} left of {two}", f"{one} above {two}"}


hits = [{say(words) for _, words in captions[:2]} == true_pair(digits) for captions, digits in zip(found, both.digits)]
claim("in more than nine of ten such scenes the two best are the two true ones", sum(hits) / 300, at_least=0.92)
mass = []
for captions, digits in zip(found, both.digits):
    mass.append(sum(torch.tensor(total).exp().item() for total, words in captions if say(words) in true_pair(digits)))
claim("in half of them the two have more than 0.9 of all probability", torch.tensor(mass).median(), at_least=0.9)

# %% [markdown]
# ## Is a long sentence a bad sentence?
#
# Each word adds a negative number, so the sum favours *short* sentences: every further word costs. In translation that does harm: a wide beam finds
# very short outputs. So systems divide by something that grows with the number of words $n$ (`<end>` counted):
#
# $$\text{per word: } \frac{\ln p}{n} \qquad\qquad \text{GNMT: } \frac{\ln p}{\big((5 + n)/6\big)^{\alpha}}, \quad 0 \le \alpha \le 1$$
#
# The second is the penalty of Google's translation system (Wu et al., 2016). With $\alpha = 0$ it is the plain sum. With $\alpha = 1$ it is *not* the mean per word: the 5 softens it,
# so that four words instead of two are divided by $9/7$ of the amount, not by twice the amount.
#
# ### Exercise 18.2 · Who wins? (5 min, ●●○)
#
# *Goal:* the winner by each of three rules. *Given:* three finished sentences. A: 2 words, $\ln p = -1.2$. B: 6 words, $-1.6$. C: 15 words, $-3.0$. For GNMT take
# $\alpha = 1$. *Done when* the check says ✓. Write `"A"`, `"B"` or `"C"`.

# %% tags=["exercise"]
winners = {"sum": ..., "per word": ..., "GNMT": ...}
### BEGIN SOLUTION
winners = {"sum": "A", "per word": "C", "GNMT": "B"}  # GNMT: -1.03, -0.87, -0.90
### END SOLUTION

# %% tags=["check"]
winners = exercise("18.2", winners)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Log-probabilities are negative: the winner is the one nearest to zero.
# </details>
# <details><summary>Fuller hint</summary>
#
# Per word: $-1.2/2$, $-1.6/6$, $-3.0/15$. GNMT with $\alpha = 1$: divide by $7/6$, $11/6$, $20/6$.
# </details>
#
# Our two true captions are a fair trial. *Left of* makes a caption of five words with its end, *above* one of four; the coin was fair. **Before you run:** in how
# many of 100 such scenes will a *left of* caption stand on top, by the sum, and per word?

# %% tags=["predict"]
predict("18.b", ...)  # of 100 scenes, those where "left of" wins when ranked per word


# %%
def ranking(rule, total, n):
    """What a finished caption of n words is ranked by."""
    if rule == "per word":
        return total / n
    if rule == "GNMT, α = 1":
        return total / ((5 + n) / 6)
    return total


left_wins = {}
for rule in ("sum", "GNMT, α = 1", "per word"):
    wins = 0
    for captions in found:
        best = max(captions, key=lambda pair: ranking(rule, pair[0], len(pair[1])))
        wins += "left" in say(best[1])
    left_wins[rule] = wins / len(found)

# %% tags=["nbval-ignore-output"]
error = {rule: (rate * (1 - rate) / len(found)) ** 0.5 for rule, rate in left_wins.items()}
plot.bars(
    left_wins,
    spread=error,
    y="share of scenes",
    title="“Left of” on top, ± one standard error",
    levels={"a fair coin": 0.5},
)

# %% [markdown]
# The mean per word turns a coin into a prejudice: of two captions with about the same total, the longer gets the better score. (By the sum the bar need not
# stand at one half either: no network's coin is perfectly fair. Before you say that this one leans, compare the distance with the standard error.) GNMT's rule lies between. Length normalisation does not find
# the truth. It takes away a disadvantage of long sentences, and here there was none to take away.

# %% tags=["claim"]
outcome("18.b", 100 * left_wins["per word"])
claim(
    "ranked per word, “left of” wins at least 15 points more often than by the sum",
    100 * (left_wins["per word"] - left_wins["sum"]),
    at_least=15,
)
claim("GNMT's rule lies between", left_wins["sum"] <= left_wins["GNMT, α = 1"] <= left_wins["per word"], is_true=True)

# %% [markdown]
# ## Whose error?
#
# Does the search repair misread digits, too? Suppose that a caption is wrong. There are two possible reasons:
#
# - a **search error**: the network holds the true caption for *more* probable than what was written, and decoding missed it;
# - a **model error**: the network holds the wrong one for more probable. No search will help.
#
# To tell them apart, we need the probability of a *given* sentence. Teacher forcing gives it: feed the sentence, read off $\ln p$ of each of its words, add them up.
#
# ### Exercise 18.3 · The probability of a sentence (6 min, ●●○)
#
# *Goal:* $\ln p$ of each sentence of a batch. *Given:* `log_p` (N, T, V), what the network says at each step, and `targets` (N, T), the words that
# followed: words, `END`, then `PAD`. *Done when* the check says ✓.


# %% tags=["exercise"]
def sentence_log_p(log_p, targets):
    """Sum of ln p over the words of each sentence, END counted and PAD not.

    log_p: (N, T, V) log-probabilities. targets: (N, T) integers. Returns (N,).
    """
    ### BEGIN SOLUTION
    of_words = log_p.gather(2, targets[:, :, None])[:, :, 0]
    return of_words.masked_fill(targets == PAD, 0.0).sum(1)
    ### END SOLUTION


# %% tags=["check"]
sentence_log_p = exercise("18.3", sentence_log_p)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Pick one number out of V at each step, that of the target; put zeros where the target is `PAD`; sum over time.
# </details>
# <details><summary>Fuller hint</summary>
#
# `log_p.gather(2, targets[:, :, None])[:, :, 0]` picks, (N, T). Then `.masked_fill(targets == PAD, 0.0)` and `.sum(1)`.
# </details>


# %% tags=["folded"]
@torch.no_grad()
def write(model, pictures):
    """Greedy captions as rows of word numbers with <start>, <end> and <pad>, (N, 6)."""
    rows = torch.full((len(pictures), 6), PAD)
    for row, words in zip(rows, greedy(model.step, model.look(pictures.to(here)), 5).tokens):
        caption = [START, *words, END][:6]
        row[: len(caption)] = torch.tensor(caption)
    return rows.to(here)


# %%
@torch.no_grad()
def score(pictures, captions):
    """ln p of each caption, (N,)."""
    pictures, captions = pictures.to(here), captions.to(here)
    return sentence_log_p(captioner(pictures, captions[:, :-1]), captions[:, 1:])


# %% [markdown]
# Two thousand ordinary scenes of unseen digits, one true caption each. **Before you run:** of 100 wrong greedy captions, how many are search errors?

# %% tags=["predict"]
predict("18.c", ...)  # of 100 wrong captions, the search errors

# %%
test = scenes(2000, "test")
said = write(captioner, test.pictures)
wrong = (said.cpu() != test.captions).any(1).nonzero().flatten()
better = score(test.pictures[wrong], test.captions[wrong]) > score(test.pictures[wrong], said[wrong]) + 1e-4
with torch.no_grad():
    searched = [beam_search(captioner.step, captioner.look(test.pictures[n][None].to(here)), 4, 5)[0][1] for n in wrong]
repaired = sum(say(words) == say(test.captions[n]) for words, n in zip(searched, wrong))

# %% tags=["nbval-ignore-output"]
print(f"{len(wrong)} wrong of 2,000; search errors: {int(better.sum())}; repaired by beam search: {repaired}")

# %% [markdown]
# None, or next to none. Where this network errs, it errs with its eyes: the wrong caption *is* the likelier one to it, and no search can tell it otherwise. So before you widen a beam, count whose errors they are. Beam
# search pays where a good sentence begins with an unlikely word. Our tree was made for that; these pictures are not.

# %% tags=["claim"]
outcome("18.c", 100 * better.float().mean())
claim("search errors, as a share of the wrong captions", better.float().mean(), at_most=0.05)
claim("wrong captions that a beam of width 4 repairs, as a share", repaired / len(wrong), at_most=0.05)

# %% [markdown]
# ## Words drawn apart
#
# The likeliest is not always what one wants: to get *variety*, one draws each word from its probabilities. Take a scene with two true captions, and two
# networks that know it equally well. One is our captioner: it **hears** what it has said, since each word is fed back. The other is **deaf**: it reads `<start>` at
# every step, whatever it has said. (Three of the four wirings of [lesson 17](17_captioning.ipynb) are deaf.)
#
# ### Exercise 18.4 · Drawn apart (6 min, ●●●)
#
# *Goal:* two predictions. *Given:* a scene for which "seven left of three" and "seven above three" are equally true. Both networks are perfectly trained: certain
# of both digits, and torn between the two captions, half and half. They draw one word at each step; reading stops at the first `<end>`. How probable is it that
# what comes out is *one of the two sentences*? *Done when* the check says ✓.

# %% tags=["exercise"]
proper_chance = {"hears": ..., "deaf": ...}
### BEGIN SOLUTION
proper_chance = {"hears": 1.0, "deaf": 2 * (1 / 2) ** 3}
### END SOLUTION

# %% tags=["check"]
proper_chance = exercise("18.4", proper_chance)

# %% [markdown]
# <details><summary>Hint</summary>
#
# Write the two captions one below the other, `<end>` included. At which steps do they differ? A network that does not hear its words draws at
# each of these steps anew.
# </details>
# <details><summary>Fuller hint</summary>
#
# *seven · left · of · three · end* and *seven · above · three · end*. They differ at the second, third and fourth word: three coins. Of the eight outcomes two are sentences,
# (*left, of, three*) and (*above, three, end*). Who hears throws one coin: whatever it says, the rest follows.
# </details>


# %%
class Deaf(Captioner):
    """The captioner, but it reads <start> at every step."""

    def step(self, words, state):
        return super().step(torch.full_like(words, START), state)


# %% [markdown]
# The deaf one starts from the captioner's weights and is trained on, so both have the same eye to begin with.

# %% tags=["nbval-ignore-output"]
deaf = Deaf(len(WORDS)).to(here)
deaf.load_state_dict(captioner.state_dict())
fit(deaf, caption_loss, batch, steps=300, lr=2e-3, schedule=rise_and_fall(300), clip=1.0, title="deaf")
said_deaf = write(deaf, test.pictures)

# %% [markdown]
# On ordinary scenes nobody would notice that it is deaf. With one true caption, the picture decides every word.

# %% tags=["claim"]
matches = [float((row.cpu() == test.captions).all(1).float().mean()) for row in (said, said_deaf)]
claim("with one true caption its exact match is as good, within 2 points", matches[1] - matches[0], at_least=-0.02)


# %% tags=["folded"]
@torch.no_grad()
def draw(model, pictures):
    """Captions drawn word by word from the model's probabilities, as text."""
    state, rows = model.look(pictures.to(here)), []
    words = torch.full((len(pictures),), START, device=here)
    for _ in range(5):
        log_p, state = model.step(words, state)
        words = torch.multinomial(log_p.exp(), 1)[:, 0]
        rows.append(words)
    return [say(row) for row in torch.stack(rows, dim=1)]


two_truths = scenes(1000, "test", diagonal=1.0)
proper = {f"{one} {how} {two}" for one in DIGITS for how in ("left of", "above") for two in DIGITS}

# %% tags=["nbval-ignore-output"]
drawn = {"hears, drawn": draw(captioner, two_truths.pictures), "deaf, drawn": draw(deaf, two_truths.pictures)}
drawn["hears, likeliest"] = [say(row) for row in write(captioner, two_truths.pictures)]
drawn["deaf, likeliest"] = [say(row) for row in write(deaf, two_truths.pictures)]
whole_share = {}
for name in drawn:
    whole_share[name] = sum(text in proper for text in drawn[name]) / 1000
plot.bars(
    whole_share,
    y="share of whole sentences",
    levels={"predicted, deaf": proper_chance["deaf"]},
    title="Sentences that are sentences",
)

# %% tags=["nbval-ignore-output"]
print("the deaf one draws:", *drawn["deaf, drawn"][:6], sep="\n  ")

# %% [markdown]
# The two bars on the left are your predictions. The two on the right acquit the drawing: taking the *likeliest* word at each step breaks many of the deaf one's sentences as well. It gives each word
# its own fair probability and still speaks nonsense, for probabilities of single words are not a probability of sentences.

# %% tags=["claim"]
claim("who hears its own words keeps to one sentence", whole_share["hears, drawn"], at_least=0.95)
claim("the deaf one: near the prediction of one in four", whole_share["deaf, drawn"], between=(0.2, 0.32))
claim(
    "taking the likeliest word breaks at least four of ten of its sentences",
    1 - whole_share["deaf, likeliest"],
    at_least=0.4,
)

# %% [markdown]
# ## Who marks the sentences?
#
# Exact match is a hard marker: one other word and the caption is wrong, even if it is true. **BLEU** (Papineni et al., 2002) is a mild one: it asks which share of the *pieces* of a
# sentence, single words and pairs of neighbours, stand in the reference. Each piece counts at most as often as the reference has it. Here with pieces up to two words:
#
# $$\text{BLEU-2} = b\,\sqrt{p_1\,p_2}, \qquad p_n = \frac{\text{pieces of } n \text{ words found in the reference}}{\text{pieces of } n \text{ words written}}, \qquad b = \min\!\big(1, e^{1 - r/c}\big)$$
#
# with $c$ words written and $r$ in the reference; $b$, the brevity penalty, keeps two safe words, *left of*, from winning. (The usual BLEU-4 goes up to four words, and is summed over a whole corpus.)


# %% tags=["folded"]
def pieces(text, n):
    """All runs of n neighbouring words."""
    words = text.split()
    return [tuple(words[k : k + n]) for k in range(len(words) - n + 1)]


def found_share(text, reference, n):
    """p_n: each piece counts at most as often as the reference has it."""
    ours, theirs = pieces(text, n), pieces(reference, n)
    hits = sum(min(ours.count(piece), theirs.count(piece)) for piece in set(ours))
    return hits / len(ours)


def bleu(text, reference):
    """BLEU-2 of one sentence against one reference; 0 for a single word."""
    c, r = len(text.split()), len(reference.split())
    if c < 2:
        return 0.0
    brevity = min(1.0, torch.e ** (1 - r / c))
    return brevity * (found_share(text, reference, 1) * found_share(text, reference, 2)) ** 0.5


# %% [markdown]
# ### Exercise 18.5 · True and low, false and high (4 min, ●●○)
#
# *Goal:* two captions for a picture that shows a seven on the left and a three on the right, side by side. The reference is `"seven left of three"`. One is *true* and not the reference; one is *false* and has a BLEU-2 of at
# least $0.7$. *Given:* the words of `WORDS`; *right* and *below* are allowed. Try in the cell what `bleu` says. *Done when* the check says ✓.

# %% tags=["exercise"]
pair = {"true, low": ..., "false, high": ...}
### BEGIN SOLUTION
pair = {"true, low": "three right of seven", "false, high": "eight left of three"}
### END SOLUTION

# %% tags=["check"]
pair = exercise("18.5", pair)

# %% [markdown]
# <details><summary>Hint</summary>
#
# The same fact can be told from the other digit's side. And which *one* word makes a caption false and leaves most pairs of neighbours as they are?
# </details>
# <details><summary>Fuller hint</summary>
#
# *Three* stands to the right of … For the other: change a word at the end of the sentence, where it spoils one pair alone.
# </details>

# %% tags=["nbval-ignore-output"]
for name in pair:
    print(f"{name}: {pair[name]}: BLEU-2 {bleu(pair[name], 'seven left of three'):.2f}")

# %% [markdown]
# Now the markers judge both networks, on the scenes with two true captions, of which the reference holds one, the coin's.

# %% tags=["nbval-ignore-output"]
references = [say(caption) for caption in two_truths.captions]
truths = [true_pair(digits) for digits in two_truths.digits]
marks = {}
for name in ("hears, likeliest", "deaf, likeliest"):
    texts = drawn[name]
    marks[name] = {"exact match": sum(a == b for a, b in zip(texts, references)) / 1000}
    marks[name]["exact, either truth"] = sum(a in b for a, b in zip(texts, truths)) / 1000
    marks[name]["BLEU-2, mean"] = sum(bleu(a, b) for a, b in zip(texts, references)) / 1000
for name in marks:
    print(f"{name:18}", {marker: round(mark, 2) for marker, mark in marks[name].items()})

# %% [markdown]
# The markers disagree. Against one reference, exact match fails half of what is *true*. BLEU puts the deaf one not far behind, although it tells far fewer truths: its
# pieces are right, and they do not belong together. And you have seen a falsehood beat a truth. Whenever more than one sentence is right, collect more than one reference, or ask what people ask: is it *true*?

# %% tags=["claim"]
hears, dull = marks["hears, likeliest"], marks["deaf, likeliest"]
claim(
    "true captions that exact match fails, as a share",
    1 - hears["exact match"] / hears["exact, either truth"],
    between=(0.35, 0.65),
)
claim(
    "the deaf one tells at most 0.6 times as many truths as the captioner",
    dull["exact, either truth"] / hears["exact, either truth"],
    at_most=0.6,
)
claim(
    "and yet its BLEU-2 is more than two thirds of the captioner's",
    dull["BLEU-2, mean"] / hears["BLEU-2, mean"],
    at_least=0.7,
)

# %% [markdown]
# ## What you can now do
#
# - **Beam search** keeps the `width` likeliest beginnings and adds log-probabilities. It shows what a network knows: here, that two captions are true. Ranked per word, it
#   preferred the longer for its length.
# - **Whose error?** If the network holds the truth for less probable than what it wrote, no search helps. Here nearly all errors were the model's.
# - **Where several sentences are right**, a network that hears its own words keeps to one, a deaf one mixes them; exact match punishes truths, and BLEU praises falsehoods.
#
# Where people use this: translation, speech recognition, code completion: their decoders have a beam or a sampler, and often a rule of length. Where it fails: the likeliest output need not be a good one. For translators an exact
# search often finds the *empty* sentence (Stahlberg and Byrne, 2019). And a network that has only ever read a teacher's words has never
# seen its own mistakes ([lesson 19](19_encoder_decoder.ipynb) asks what that costs).

# %% [markdown]
# <details><summary>Test yourself: why can beam search hardly help the deaf network?</summary>
#
# No word changes what follows. Of a given length, the likeliest words *are* the likeliest caption; only where to end is left to search.
# </details>
# <details><summary>Test yourself: what is beam search with width 1, and with a width of millions?</summary>
#
# Greedy decoding; and an exhaustive search.
# </details>
# <details><summary>Test yourself: why does one count <code>&lt;end&gt;</code> as a word?</summary>
#
# Its log-probability is in the sum. A sentence that has to stop at an unlikely place should pay for it.
# </details>
#
# *Further reading.* Y. Wu et al., "Google's neural machine translation system" (2016): the length penalty. K. Papineni et al., "BLEU", *ACL* (2002). F. Stahlberg, B. Byrne, "On NMT search errors and model errors: cat got your
# tongue?", *EMNLP* (2019). A. Holtzman et al., "The curious case of neural text degeneration", *ICLR* (2020): why one draws.
