"""Encoder, attention, decoder; greedy and beam decoding against an exhaustive search, and at their edges."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import nn

from lstmkit.data.text import SPECIAL
from lstmkit.models import (
    END,
    PAD,
    START,
    UNKNOWN,
    Attention,
    Captioner,
    Decoder,
    DecoderState,
    EncoderDecoder,
    beam,
    caption_loss,
    greedy,
)

KINDS = (None, "dot", "additive")


def make(attention: str | None = None, V: int = 7) -> EncoderDecoder:
    torch.manual_seed(1)
    model = EncoderDecoder(9, V, 8, attention).double()
    nn.init.normal_(model.decode.read.weight, std=2.0)  # outputs that differ from step to step
    return model


def batch(padding: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Three sequences of 5, 2 and 1 tokens, padded to 5 + padding."""
    tokens, lengths = torch.randint(4, 9, (3, 5)), torch.tensor([5, 2, 1])
    tokens[torch.arange(5) >= lengths[:, None]] = PAD
    return nn.functional.pad(tokens, (0, padding)), lengths


def fixed(rows: list[list[float]]):
    """A step that ignores what it is fed: row t of probabilities at step t. The state counts the steps."""
    log_p = torch.tensor(rows).log()
    return lambda tokens, state: (log_p[state.long().clamp(max=len(rows) - 1)], state + 1)


def test_the_special_tokens_are_the_same_in_data_and_models():
    assert SPECIAL == ("<pad>", "<start>", "<end>", "<unknown>") and (PAD, START, END, UNKNOWN) == (0, 1, 2, 3)


@pytest.mark.parametrize("attention", KINDS)
def test_padding_changes_nothing_and_a_batch_of_one_equals_its_row(attention):
    model, fed = make(attention), torch.randint(4, 7, (3, 6))
    source, lengths = batch()
    whole = model(source, lengths, fed)
    assert whole.shape == (3, 6, 7)
    wide = nn.functional.pad(source, (0, 4))
    torch.testing.assert_close(model(wide, lengths, fed), whole, rtol=0, atol=1e-12)
    for n, length in enumerate(lengths.tolist()):
        alone = model(source[n : n + 1, :length], lengths[n : n + 1], fed[n : n + 1])
        torch.testing.assert_close(alone, whole[n : n + 1], rtol=0, atol=1e-12)
    written = greedy(model.decode.step, model.encode(source, lengths), 6).tokens
    again = [
        greedy(model.decode.step, model.encode(source[n : n + 1], lengths[n : n + 1]), 6).tokens[0] for n in range(3)
    ]
    assert written == again


@pytest.mark.parametrize("attention", KINDS)
def test_steps_equal_teacher_forcing(attention):
    model, fed = make(attention), torch.randint(4, 7, (3, 6))
    state, logits = model.encode(*batch()), []
    expected, last = model.decode(fed, state)
    for t in range(6):
        one, state = model.decode.step(fed[:, t], state)
        logits.append(one)
    torch.testing.assert_close(torch.stack(logits, 1), expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(state.h, last.h, rtol=0, atol=1e-12)


def test_a_pair_of_h_and_c_is_enough_without_attention():
    decoder, (h, c) = Decoder(7, 8), torch.randn(2, 3, 8)
    fed = torch.randint(4, 7, (3, 4))
    torch.testing.assert_close(decoder(fed, (h, c))[0], decoder(fed, DecoderState(h, c))[0])
    with pytest.raises(ValueError, match="no memory"):
        Decoder(7, 8, "dot")(fed, (h, c))


@pytest.mark.parametrize("kind", KINDS[1:])
def test_attention_equals_its_formula(kind):
    torch.manual_seed(2)
    attend = Attention(4, 3, kind).double()
    query, memory = torch.randn(2, 5, 4, dtype=torch.float64), torch.randn(2, 6, 3, dtype=torch.float64)
    mask = torch.arange(6) < torch.tensor([6, 2])[:, None]
    context, weights = attend(query, memory, mask)
    W = attend.key.weight
    for n, t in product(range(2), range(5)):
        if kind == "dot":
            scores = [query[n, t] @ W @ m / 2 for m in memory[n][mask[n]]]
        else:
            scores = [attend.read(torch.tanh(attend.query(query[n, t]) + W @ m))[0] for m in memory[n][mask[n]]]
        expected = torch.stack(scores).softmax(0)
        torch.testing.assert_close(weights[n, t][mask[n]], expected, rtol=0, atol=1e-12)
        torch.testing.assert_close(context[n, t], expected @ memory[n][mask[n]], rtol=0, atol=1e-12)
    assert (weights[1, :, 2:] == 0).all()


@pytest.mark.parametrize("attention", KINDS)
def test_a_wide_beam_finds_the_best_of_all_outputs(attention):
    """Every output of at most four tokens, scored one by one with teacher forcing."""
    model = make(attention)
    start = model.encode(*batch())
    found = beam(model.decode.step, start, 4, width=300)
    for n in range(3):
        state, scores = DecoderState(*(part[n : n + 1] for part in start)), {}
        for T in range(5):
            for words in product((4, 5, 6), repeat=T):
                row = torch.tensor([[START, *words, END][: 4 + 1]])  # four words are cut before they can end
                logits = model.decode(row[:, :-1], state)[0]
                logits[..., [PAD, START, UNKNOWN]] = -torch.inf
                log_p = logits.log_softmax(2).gather(2, row[:, 1:, None])
                scores[words] = log_p.mean().item()
        best = max(scores, key=scores.get)
        assert found.tokens[n] == list(best)
        assert float(found.scores[n]) == pytest.approx(scores[best], abs=1e-9)
        assert bool(found.ended[n]) == (len(best) < 4)


def test_greedy_writes_the_likeliest_token_and_feeds_it_back():
    model = make("dot")
    state = model.encode(*batch())
    found = greedy(model.decode.step, state, 6)
    for n in range(3):
        row = [START]
        for _ in range(6):
            logits = model.decode(torch.tensor([row]), DecoderState(*(part[n : n + 1] for part in state)))[0][0, -1]
            logits[[PAD, START, UNKNOWN]] = -torch.inf
            row.append(int(logits.argmax()))
            if row[-1] == END:
                break
        assert found.tokens[n] == [k for k in row[1:] if k != END] and bool(found.ended[n]) == (row[-1] == END)


def test_empty_and_cut_outputs_and_tokens_that_are_never_written():
    ends = greedy(fixed([[0, 0, 0.9, 0, 0.1]]), torch.zeros(2), 5)
    assert ends.tokens == [[], []] and ends.ended.all() and ends.scores[0].exp() == pytest.approx(0.9)
    runs = greedy(fixed([[0, 0, 0.1, 0, 0.9]]), torch.zeros(1), 3)
    assert runs.tokens == [[4, 4, 4]] and not runs.ended.any() and runs.scores[0].exp() == pytest.approx(0.9)
    for width in (1, 3):
        never = beam(fixed([[0.3, 0.3, 0.04, 0.3, 0.06]]), torch.zeros(1), 2, width=width)
        assert never.tokens == [[4, 4]], "padding, start and unknown are likelier, and are not written"
        assert never.scores[0].exp() == pytest.approx(0.6)  # of what may be written


def test_the_score_counts_tokens_so_that_short_outputs_have_no_advantage():
    """Ending at once has probability 0.4; three words and the end have 0.6·0.6 = 0.36, less in all, but more per token."""
    rows = [[0, 0, 0.4, 0, 0.6], [0, 0, 0, 0, 1], [0, 0, 0, 0, 1], [0, 0, 0.6, 0, 0.4]]
    found = beam(fixed(rows), torch.zeros(1), 4, width=4)
    assert found.tokens == [[4, 4, 4]] and found.scores[0].exp() == pytest.approx(0.36 ** (1 / 4))


def test_beam_finds_what_greedy_misses():
    """Token 4 is likelier at first, but leads nowhere good: 0.6·0.5 against 0.4·0.9. The state remembers the first token."""

    def step(tokens, state):
        first = torch.where(state == 0, tokens, state)
        p = torch.full((len(tokens), 6), 1e-9)
        for n, (fed, seen) in enumerate(zip(tokens.tolist(), first.tolist(), strict=True)):
            if fed == START:
                p[n, 4:] = torch.tensor([0.6, 0.4])
            else:
                p[n, [2, 4]] = torch.tensor([0.9, 0.1]) if seen == 5 else torch.tensor([0.5, 0.5])
        return p.log(), torch.where(tokens == START, state, first)

    state = torch.zeros(2, dtype=torch.long)
    assert greedy(step, state, 2).tokens[0][0] == 4
    assert beam(step, state, 2, width=2).tokens == [[5], [5]]


def test_nested_states_follow_their_beams():
    """A state of (a list with a pair, None): what it holds must stay with its row."""
    model = make()
    h, c, *_ = model.encode(*batch())

    def step(tokens, state):
        logits, new = model.decode.step(tokens, tuple(state[0][0]))
        return logits, ([(new.h, new.c)], None)

    nested = beam(step, ([(h, c)], None), 5, width=3)
    plain = beam(model.decode.step, DecoderState(h, c), 5, width=3)
    assert nested.tokens == plain.tokens
    torch.testing.assert_close(nested.scores, plain.scores, rtol=0, atol=1e-12)


def test_bad_input_is_named():
    model = make()
    with pytest.raises(ValueError, match="drop empty sequences"):
        model.encode(batch()[0], torch.tensor([5, 2, 0]))
    with pytest.raises(ValueError, match="max_length is 0; expected a whole number of at least 1"):
        beam(model.decode.step, model.encode(*batch()), 0)
    with pytest.raises(ValueError, match="kind is 'cosine'; expected 'additive' or 'dot'"):
        Attention(4, 4, "cosine")
    with pytest.raises(ValueError, match="tokens has shape"):
        model.decode(torch.ones(2, 3, dtype=torch.long), model.encode(*batch()))


def captioner(size: int = 8) -> tuple[Captioner, torch.Tensor]:
    torch.manual_seed(4)
    model = Captioner(9, hidden_size=6, embedding_size=5, size=size).double().eval()
    nn.init.normal_(model.read.weight, std=2.0)
    return model, torch.rand(4, size, size, dtype=torch.float64)


def test_a_captioner_fed_a_caption_says_what_its_steps_say():
    model, pictures = captioner()
    words = torch.randint(4, 9, (4, 5))
    state, steps = model.look(pictures), []
    assert [tuple(part.shape) for part in state] == [(4, 6), (4, 6)] and state[0].abs().max() < 1
    for t in range(5):
        log_p, state = model.step(words[:, t], state)
        steps.append(log_p)
    whole = model(pictures, words)
    torch.testing.assert_close(whole, torch.stack(steps, 1), rtol=0, atol=1e-12)
    torch.testing.assert_close(whole.exp().sum(2), torch.ones(4, 5, dtype=torch.float64))
    for n in range(4):  # outside training no caption depends on its batch
        torch.testing.assert_close(model(pictures[n : n + 1], words[n : n + 1]), whole[n : n + 1], rtol=0, atol=1e-10)


def test_a_caption_s_loss_is_the_mean_over_its_real_words():
    model, pictures = captioner()
    captions = torch.full((4, 7), PAD)
    for row, n in zip(captions, (5, 2, 0, 3), strict=True):
        row[: n + 2] = torch.tensor([START, *[5] * n, END])
    log_p = model(pictures, captions[:, :-1])
    real = [log_p[n, t, captions[n, t + 1]] for n, t in product(range(4), range(6)) if captions[n, t + 1] != PAD]
    assert len(real) == 14
    torch.testing.assert_close(caption_loss(model, pictures, captions), -torch.stack(real).mean())
    wide = nn.functional.pad(captions, (0, 3))
    torch.testing.assert_close(caption_loss(model, pictures, wide), -torch.stack(real).mean())


def test_a_captioner_writes_with_either_search_and_names_bad_sizes():
    model, pictures = captioner(12)
    written = greedy(model.step, model.look(pictures), 5)
    assert len(written.tokens) == 4 and all(len(words) <= 5 for words in written.tokens)
    wider = beam(model.step, model.look(pictures), 5, width=50)
    assert (wider.scores >= written.scores - 1e-9).all()
    with pytest.raises(ValueError, match="size is 10; expected a multiple of 4"):
        Captioner(9, size=10)
    with pytest.raises(ValueError, match="pictures has shape"):
        model.look(torch.rand(4, 12, 8, dtype=torch.float64))
