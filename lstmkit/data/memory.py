"""Tasks that only a memory can solve: echo, adding, copy; sums since a reset, keep and show; held bits. Made on the spot, without end.

Each function draws from torch's global generator unless it is given one of its own (`runtime.generator(n)`).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Generator, Tensor

from lstmkit.shapes import expect_whole

__all__ = ["Sequences", "adding", "copy", "echo", "held_bits", "keep_and_show", "sums_since_reset"]


class Sequences(NamedTuple):
    """A batch: x (N, T, D) inputs, y targets."""

    x: Tensor
    y: Tensor


def echo(N: int, T: int, lag: int, *, generator: Generator | None = None) -> Sequences:
    """Repeat the input of `lag` steps ago. x: (N, T, 1), standard normal. y: (N, T, 1), y_t = x_{t-lag}, 0 for t < lag.

    Raises ValueError unless 0 ≤ lag < T.
    """
    N, T = expect_whole(N=N, T=T)
    (lag,) = expect_whole(0, lag=lag)
    if lag >= T:
        raise ValueError(f"lag is {lag}; expected 0 ≤ lag < T = {T}: a longer lag never comes back")
    x = torch.randn(N, T, 1, generator=generator)
    y = torch.cat([x.new_zeros(N, lag, 1), x[:, : T - lag]], dim=1)
    return Sequences(x, y)


def adding(N: int, T: int, *, generator: Generator | None = None) -> Sequences:
    """The adding problem (Hochreiter and Schmidhuber, 1997): the sum of two marked numbers among T.

    x: (N, T, 2): numbers uniform in [0, 1), and a mark that is 1 at one step of the first half and one of the second, else
    0. y: (N, 1), the sum of the two marked numbers. Always answering 1 has a mean squared error of 1/6.
    Raises ValueError for T < 2.
    """
    N, T = expect_whole(N=N, T=T)
    if T < 2:
        raise ValueError(f"T is {T}; expected at least 2 steps, one for each marked number")
    numbers = torch.rand(N, T, generator=generator)
    first = torch.randint(0, T // 2, (N,), generator=generator)
    second = torch.randint(T // 2, T, (N,), generator=generator)
    marks = torch.zeros(N, T)
    rows = torch.arange(N)
    marks[rows, first] = marks[rows, second] = 1.0
    return Sequences(torch.stack([numbers, marks], dim=2), (numbers * marks).sum(1, keepdim=True))


def copy(N: int, delay: int, *, length: int = 5, symbols: int = 8, generator: Generator | None = None) -> Sequences:
    """The copy problem (Hochreiter and Schmidhuber, 1997; in the form of Arjovsky et al., 2016).

    A message of `length` symbols, `delay` blanks, a signal to speak, then the message is to be repeated.
    x: (N, T, symbols + 2), one-hot: symbols, then blank, then signal; T = delay + 2·length. y: (N, T) integers: blank
    (= symbols) until the signal, then the message. To know when to speak but not what costs length · ln(symbols) / T nats
    a step.
    The signal to speak takes the last step of the delay. Raises ValueError for a delay, length or symbols below 1.
    """
    N, delay, length, symbols = expect_whole(N=N, delay=delay, length=length, symbols=symbols)
    message = torch.randint(0, symbols, (N, length), generator=generator)
    blank, signal = symbols, symbols + 1
    tokens = torch.full((N, delay + 2 * length), blank)
    tokens[:, :length] = message
    tokens[:, length + delay - 1] = signal
    y = torch.full_like(tokens, blank)
    y[:, -length:] = message
    return Sequences(torch.nn.functional.one_hot(tokens, symbols + 2).float(), y)


def sums_since_reset(N: int, T: int, *, chance: float = 0.15, generator: Generator | None = None) -> Sequences:
    """At every step the sum of the numbers since the last reset, that step's own number the first of it.

    x: (N, T, 2): numbers uniform in [0, 1), and 1 at a reset, else 0; a reset has this chance at each step, and is sure at the
    first. y: (N, T, 1).
    """
    N, T = expect_whole(N=N, T=T)
    numbers = torch.rand(N, T, generator=generator)
    reset = _events(N, T, chance, generator)
    before = (numbers.cumsum(1) - numbers).gather(1, _last(reset))  # the sum of all numbers in front of the last reset
    return Sequences(torch.stack([numbers, reset], dim=2), (numbers.cumsum(1) - before)[..., None])


def keep_and_show(
    N: int, T: int, *, mark: float = 0.15, ask: float = 0.3, generator: Generator | None = None
) -> Sequences:
    """Keep the last marked number, ignore the others, and say it when asked, else 0.

    x: (N, T, 3): numbers uniform in [-1, 1), 1 at a marked number, 1 at a question; marks and questions have these chances
    at each step, and the first number is marked. y: (N, T, 1).
    """
    N, T = expect_whole(N=N, T=T)
    numbers = 2 * torch.rand(N, T, generator=generator) - 1
    marked = _events(N, T, mark, generator)
    asked = (torch.rand(N, T, generator=generator) < ask).float()
    y = numbers.gather(1, _last(marked)) * asked
    return Sequences(torch.stack([numbers, marked, asked], dim=2), y[..., None])


def held_bits(N: int, T: int, *, bits: int = 3, chance: float = 0.1, generator: Generator | None = None) -> Sequences:
    """In each channel hold the last pulse: a row of switches (the flip-flop task of Sussillo and Barak, 2013).

    x: (N, T, bits): pulses of −1 or 1, each as likely, with this chance at each step of each channel and sure at the first; else 0.
    y: (N, T, bits): the last pulse of the channel up to this step, this step's own included.
    """
    N, T, bits = expect_whole(N=N, T=T, bits=bits)
    pulse = _events(N * bits, T, chance, generator)
    x = pulse * (2 * torch.randint(0, 2, (N * bits, T), generator=generator) - 1)
    y = x.gather(1, _last(pulse))
    return Sequences(*(one.view(N, bits, T).transpose(1, 2).contiguous() for one in (x, y)))


def _events(N: int, T: int, chance: float, generator: Generator | None) -> Tensor:
    """Ones with this chance, and at the first step, among zeros. (N, T)."""
    found = (torch.rand(N, T, generator=generator) < chance).float()
    found[:, 0] = 1.0
    return found


def _last(events: Tensor) -> Tensor:
    """At every step the index of the last event up to it. (N, T)."""
    return (events * torch.arange(events.shape[1])).long().cummax(1).values
