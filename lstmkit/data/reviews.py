"""Short film reviews, generated: the verdict of each, and the words that it rests on, are known. The data are synthetic.

A review is one opinion among asides ("it did not rain"). Four kinds of opinion:

    plain     the acting was good                                                       label: the adjective's
    negation  the acting was not good                                                   its opposite
    contrast  the acting was not bad , it was good  |  the acting was good , not bad    that of the adjective without "not"
    hearsay   they said it was bad , but it was good  |  it was good , though they said it was bad    that of the reviewer

In the last two kinds the two adjectives disagree. Change places between them (`swap`) and the verdict flips, though the
words are the same: what a review says then depends on their order alone. Asides hold a "not" of their own, now and then.

A fifth kind is drawn only when it is asked for, `kinds=[*KINDS, "report"]`. Its swap keeps even the *neighbours*: each two words that stand side
by side do so as often as before.

    report    they said the plot was bad . i said the plot was good .  |  the same, the reviewer first

Drawn with part="train", "validation" or "test", reviews of two parts share no sentence, though all parts are made of the same words: which adjectives
meet which topic belongs to one part alone, and each part has asides of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from lstmkit.shapes import expect_whole

__all__ = ["KINDS", "NEGATIVE", "POSITIVE", "VOCABULARY", "Batch", "Review", "batch", "encode", "reviews", "swap"]

POSITIVE = "good great funny clever lovely charming moving fresh warm brilliant".split()
NEGATIVE = "bad awful boring silly ugly tedious shallow stale cold dreadful".split()
TOPICS = "the film|the story|the acting|the ending|the music|the plot".split("|")
ASIDES = (
    "we went on a tuesday|we went by bus|it did not rain|it did rain|i had not eaten|i had eaten before|they sold tea|"
    "my sister came too|my sister did not come|the seats were red|the seats were not new|we sat in row nine"
).split("|")
OTHER_ASIDES = {  # the same words, other sentences
    "validation": "we had not eaten|my sister went by bus|it did rain on a tuesday|they were red".split("|"),
    "test": "i did not come|we had eaten too|they came by bus|the seats were new|my sister sold tea|it did not rain before".split(
        "|"
    ),
}
# * marks the words that the verdict rests on; A is the reviewer's word, B the other one
FORMS = {
    "plain": ["{topic} was *A"],
    "negation": ["{topic} was *not *A"],
    "contrast": ["{topic} was *not *B , it was *A", "{topic} was *A , *not *B"],
    "hearsay": ["they said {topic} was B , but it was *A", "{topic} was *A , though they said it was B"],
    "report": ["they said {topic} was B . i said {topic} was *A", "i said {topic} was *A . they said {topic} was B"],
}
KINDS = ("plain", "negation", "contrast", "hearsay")
PARTS = ("test", "validation", "train", "train", "train")
_written = [*ASIDES, *TOPICS, *(form.format(topic="").replace("*", "") for forms in FORMS.values() for form in forms)]
_words = {word for text in _written for word in text.split()} - {"A", "B"}
VOCABULARY = ["<pad>", *sorted(_words | {"."}), *POSITIVE, *NEGATIVE]  # token 0 is the padding
_TOKEN = {word: token for token, word in enumerate(VOCABULARY)}


class Review(NamedTuple):
    """One review: its words, label (1 positive, 0 negative), kind, and for each word whether the verdict rests on it."""

    words: tuple[str, ...]
    label: int
    kind: str
    relevant: tuple[bool, ...]


class Batch(NamedTuple):
    """Reviews of several lengths: tokens (N, T), 0 after the end; lengths (N,); labels (N,) float; relevant (N, T) bool."""

    tokens: Tensor
    lengths: Tensor
    labels: Tensor
    relevant: Tensor


def reviews(
    N: int,
    kinds: Sequence[str] = KINDS,
    asides: int = 2,
    generator: Generator | None = None,
    part: str | None = None,
) -> list[Review]:
    """N random reviews, 0 to `asides` asides before and after the opinion.

    part: "train", "validation" or "test", which share no sentence; None: any opinion. Raises ValueError for an unknown kind or part.
    """
    N, asides = *expect_whole(N=N), *expect_whole(0, asides=asides)
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    unknown = [kind for kind in kinds if kind not in FORMS]
    if unknown or not kinds:
        raise ValueError(
            f"{unknown[0] if unknown else kinds!r} is no kind of review; expected some of {', '.join(FORMS)}"
        )
    if part is not None and part not in PARTS:
        raise ValueError(f"{part!r} is no part of the reviews; expected train, validation or test")
    beside = OTHER_ASIDES.get(part, ASIDES)

    def draw(options: Sequence):
        return options[int(torch.randint(len(options), (), generator=generator))]

    made = []
    while len(made) < N:
        kind, positive = draw(kinds), draw([False, True])
        while True:
            A, B = draw(POSITIVE), draw(NEGATIVE)
            A, B = (A, B) if positive else (B, A)
            form, topic = draw(FORMS[kind]), draw(TOPICS)
            if part is None or all(_part(sentence, topic, A, B) == part for sentence in form.split(" . ")):
                break
        opinion = form.format(topic=topic).replace("A", A).replace("B", B)
        before, after = ([draw(beside) for _ in range(draw(range(asides + 1)))] for _ in range(2))
        words = " . ".join([*before, opinion, *after]).split() + ["."] * (kind == "report" and not after)
        plain, relevant = tuple(word.lstrip("*") for word in words), tuple(word.startswith("*") for word in words)
        made.append(Review(plain, int(positive != (kind == "negation")), kind, relevant))
    return made


def _part(form: str, topic: str, A: str, B: str) -> str:
    """The part that a sentence belongs to, by its topic and its adjectives; the same for its swap."""
    places = [(POSITIVE + NEGATIVE).index(word) for mark, word in (("A", A), ("B", B)) if mark in form]
    return PARTS[(TOPICS.index(topic) + sum(places)) % len(PARTS)]


def swap(review: Review) -> Review:
    """The same words, the two adjectives exchanged: the opposite verdict. Raises ValueError for plain and negation."""
    at = [i for i, word in enumerate(review.words) if word in POSITIVE or word in NEGATIVE]
    if len(at) != 2:
        raise ValueError(f"a review of kind {review.kind!r} has {len(at)} adjective to exchange; expected two")
    words = list(review.words)
    words[at[0]], words[at[1]] = words[at[1]], words[at[0]]
    return review._replace(words=tuple(words), label=1 - review.label)


def encode(words: str | Sequence[str]) -> Tensor:
    """Tokens (T,) of a text such as "the film was good". Raises ValueError for a word that is not in VOCABULARY."""
    words = words.split() if isinstance(words, str) else words
    if strange := [word for word in words if word not in _TOKEN]:
        raise ValueError(f"{strange[0]!r} is not among the {len(VOCABULARY)} words of the reviews: see VOCABULARY")
    return torch.tensor([_TOKEN[word] for word in words], dtype=torch.long)


def batch(reviews: Sequence[Review]) -> Batch:
    """Pad reviews at their ends to the longest and stack them. Raises ValueError for an empty list."""
    if not reviews:
        raise ValueError("no reviews: a batch needs at least one")
    pad = torch.nn.utils.rnn.pad_sequence
    tokens = pad([encode(review.words) for review in reviews], batch_first=True)
    relevant = pad([torch.tensor(review.relevant) for review in reviews], batch_first=True)
    labels = torch.tensor([float(review.label) for review in reviews])
    return Batch(tokens, torch.tensor([len(review.words) for review in reviews]), labels, relevant)
