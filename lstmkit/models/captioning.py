"""One picture in, a sentence out: the captioner that lesson 17 writes out, for the lessons that come after it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lstmkit.models.seq2seq import PAD
from lstmkit.shapes import expect, expect_whole

__all__ = ["Captioner", "caption_loss"]


class Captioner(nn.Module):
    """A small CNN, whose vector is the LSTM's first state; then words in, words out.

    vocabulary: number of words. size: pixels a side, a multiple of 4. Decode with `greedy(model.step, model.look(pictures), longest)`.
    Raises ValueError for sizes that are no whole numbers of at least 1, or a size that is no multiple of 4.
    """

    def __init__(self, vocabulary: int, hidden_size: int = 96, embedding_size: int = 32, size: int = 20):
        super().__init__()
        V, H, E, size = expect_whole(
            vocabulary=vocabulary, hidden_size=hidden_size, embedding_size=embedding_size, size=size
        )
        if size % 4:
            raise ValueError(f"size is {size}; expected a multiple of 4: the picture is halved twice")
        self.size = size
        layers: list[nn.Module] = []
        for inside, outside, shrink in ((1, 16, True), (16, 32, True), (32, 32, False)):
            layers.append(nn.Conv2d(inside, outside, 3, padding=1))
            layers += [nn.MaxPool2d(2)] * shrink + [nn.BatchNorm2d(outside), nn.ReLU()]
        self.eye = nn.Sequential(*layers, nn.Flatten())
        self.first_h, self.first_c = (nn.Linear(32 * (size // 4) ** 2, H) for _ in "hc")
        self.embed = nn.Embedding(V, E)
        self.cell = nn.LSTMCell(E, H)
        self.read = nn.Linear(H, V)

    def look(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """pictures: (N, size, size). Returns the first state, h and c, (N, H) each."""
        expect(pictures, "N S S", name="pictures", S=self.size)
        v = self.eye(pictures[:, None])
        return self.first_h(v).tanh(), self.first_c(v)

    def step(self, words: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """words: (N,), read at this step, on any device. Returns the log-probabilities of the next word, (N, V), and the next state."""
        h, c = self.cell(self.embed(words.to(self.embed.weight.device)), state)
        return self.read(h).log_softmax(1), (h, c)

    def forward(self, pictures: Tensor, words: Tensor) -> Tensor:
        """Teacher forcing. words: (N, T), what is fed, from START on. Returns log-probabilities of the next words, (N, T, V)."""
        state, steps = self.look(pictures), []
        for t in range(words.shape[1]):
            log_p, state = self.step(words[:, t], state)
            steps.append(log_p)
        return torch.stack(steps, dim=1)


def caption_loss(model: nn.Module, pictures: Tensor, captions: Tensor) -> Tensor:
    """Mean cross-entropy per real word, in nats. captions: (N, T), <start>, words, <end>, <pad>."""
    log_p = model(pictures, captions[:, :-1])
    return nn.functional.nll_loss(log_p.flatten(0, 1), captions[:, 1:].flatten(), ignore_index=PAD)
