"""The reviews: labels recomputed from the words by a second set of rules, what a verdict rests on, pairs, padding, bad input."""

from __future__ import annotations

import re
from collections import Counter

import pytest
import torch

from lstmkit.data.reviews import KINDS, NEGATIVE, POSITIVE, VOCABULARY, batch, encode, reviews, swap
from lstmkit.runtime import generator

MANY = reviews(2000, generator=generator(1))
FIVE = [*KINDS, "report"]
PARTS = {part: reviews(1500, FIVE, generator=generator(8), part=part) for part in ("train", "validation", "test")}


def side(word: str) -> int:
    return int(word in POSITIVE)


def verdict(words: tuple[str, ...]) -> int:
    """The label by reading: an oracle that knows the grammar's sentences, not how they were drawn."""
    text = " ".join(words)
    adjective = "|".join(POSITIVE + NEGATIVE)
    rules = [
        (rf"i said the \w+ was ({adjective})", lambda m: side(m[1])),
        (rf"not ({adjective}) , it was ({adjective})", lambda m: side(m[2])),
        (rf"({adjective}) , not ({adjective})", lambda m: side(m[1])),
        (rf"they said .* was ({adjective}) , but it was ({adjective})", lambda m: side(m[2])),
        (rf"({adjective}) , though they said it was ({adjective})", lambda m: side(m[1])),
        (rf"was not ({adjective})", lambda m: 1 - side(m[1])),
        (rf"was ({adjective})", lambda m: side(m[1])),
    ]
    return next(judge(found) for pattern, judge in rules if (found := re.search(pattern, text)))


def test_every_label_is_what_its_words_say():
    assert all(verdict(review.words) == review.label for review in MANY)


def test_kinds_and_labels_are_balanced():
    counts = Counter((review.kind, review.label) for review in MANY)
    assert set(counts) == {(kind, label) for kind in KINDS for label in (0, 1)}
    assert all(abs(count - 250) < 75 for count in counts.values())


def test_asides_and_hearsay_do_not_carry_the_verdict():
    for review in MANY:
        carried = [word for word, keep in zip(review.words, review.relevant, strict=True) if keep]
        expected = {"plain": 1, "hearsay": 1, "negation": 2, "contrast": 3}[review.kind]
        assert len(carried) == expected and all(word == "not" or word in POSITIVE + NEGATIVE for word in carried)
        assert ("not" in carried) == (review.kind in ("negation", "contrast"))
        if review.kind in ("plain", "hearsay"):  # turning the one word that counts turns the verdict
            at = review.relevant.index(True)
            turned = [*review.words]
            turned[at] = (NEGATIVE if review.label else POSITIVE)[0]
            assert verdict(tuple(turned)) == 1 - review.label
        if review.kind == "hearsay":  # turning the other one does not
            at = next(i for i, w in enumerate(review.words) if w in POSITIVE + NEGATIVE and not review.relevant[i])
            turned = [*review.words]
            turned[at] = (POSITIVE if review.label else NEGATIVE)[1]
            assert verdict(tuple(turned)) == review.label


def test_a_swap_keeps_the_words_and_flips_the_verdict():
    for review in MANY:
        if review.kind in ("contrast", "hearsay"):
            other = swap(review)
            assert sorted(other.words) == sorted(review.words) and other.words != review.words
            assert verdict(other.words) == other.label == 1 - review.label and swap(other) == review
        else:
            with pytest.raises(ValueError, match=f"{review.kind}.*has 1 adjective"):
                swap(review)


def sentences(some) -> set[str]:
    return {sentence for review in some for sentence in " ".join(review.words).removesuffix(" .").split(" . ")}


def test_parts_share_no_sentence_and_every_word():
    found = {part: sentences(some) for part, some in PARTS.items()}
    swapped = {part: sentences(swap(r) for r in some if r.kind not in KINDS[:2]) for part, some in PARTS.items()}
    for one, other in (("train", "test"), ("train", "validation"), ("validation", "test")):
        assert not (found[one] | swapped[one]) & (found[other] | swapped[other])
    known = {word for review in PARTS["train"] for word in review.words}
    assert all(word in known for some in PARTS.values() for review in some for word in review.words)


def test_parts_are_balanced_and_judged_by_their_words():
    for some in PARTS.values():
        counts = Counter((review.kind, review.label) for review in some)
        assert len(counts) == 10 and all(abs(count - 150) < 50 for count in counts.values())
        assert all(verdict(review.words) == review.label for review in some)


def test_a_report_and_its_swap_have_the_same_neighbours():
    for review in reviews(300, ["report"], generator=generator(9)):
        other = swap(review)
        assert other.words != review.words and verdict(other.words) == other.label == 1 - review.label
        assert Counter(zip(review.words, review.words[1:], strict=False)) == Counter(
            zip(other.words, other.words[1:], strict=False)
        )
        assert sum(review.relevant) == 1


def test_a_batch_is_padded_at_its_end_with_token_zero():
    some = reviews(20, generator=generator(2))
    made = batch(some)
    assert made.tokens.shape == made.relevant.shape == (20, max(len(review.words) for review in some))
    for review, tokens, length, label, relevant in zip(some, *made, strict=True):
        assert [VOCABULARY[token] for token in tokens[:length]] == list(review.words)
        assert (tokens[length:] == 0).all() and not relevant[length:].any() and (tokens[:length] > 0).all()
        assert label == review.label and relevant[:length].tolist() == list(review.relevant)


def test_options_and_repeatability():
    a, b = (reviews(50, ["plain"], asides=0, generator=generator(3)) for _ in range(2))
    assert a == b and {len(review.words) for review in a} == {4}
    assert any("." in review.words for review in reviews(50, ["plain"], asides=1, generator=generator(3)))
    assert len(set(VOCABULARY)) == len(VOCABULARY) and not set(POSITIVE) & set(NEGATIVE)
    assert torch.equal(encode("the film was good"), encode(["the", "film", "was", "good"]))


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="'ironic' is no kind"):
        reviews(1, ["ironic"])
    with pytest.raises(ValueError, match="'exam' is no part"):
        reviews(1, part="exam")
    with pytest.raises(ValueError, match="'splendid' is not among"):
        encode("the film was splendid")
    with pytest.raises(ValueError, match="no reviews"):
        batch([])
