"""One to many: one input, a whole sequence out. Four ways to give a sequence model its one input."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lstmkit.shapes import expect, expect_finite, expect_whole

__all__ = ["WIRINGS", "OneToMany"]

WIRINGS = ("initial state", "first step", "every step", "fed-back outputs")


class OneToMany(nn.Module):
    """An LSTM that makes T output steps from one input vector x.

    wiring: how x reaches the LSTM.
      "initial state":     h_0 = tanh(W_h x + b_h), c_0 = W_c x + b_c; then the LSTM runs without input (a zero each step);
      "first step":        x is read at step 1, zeros afterwards;
      "every step":        x is read again at each step;
      "fed-back outputs":  x is read at step 1, and each step reads the output before it as well (zero at step 1).
    Forget biases start at 1 (Jozefowicz et al., 2015). Raises ValueError for a wiring that is not in WIRINGS and for sizes
    or steps that are no whole number of at least 1.
    """

    def __init__(self, input_size: int, hidden_size: int, output_size: int, steps: int, wiring: str = "initial state"):
        super().__init__()
        if wiring not in WIRINGS:
            raise ValueError(f"wiring is {wiring!r}; expected one of {', '.join(WIRINGS)}")
        sizes = {"input_size": input_size, "hidden_size": hidden_size, "output_size": output_size, "steps": steps}
        input_size, hidden_size, output_size, steps = expect_whole(**sizes)
        self.input_size, self.output_size, self.steps, self.wiring = input_size, output_size, steps, wiring
        fed_back = wiring == "fed-back outputs"
        width = 1 if wiring == "initial state" else input_size + output_size * fed_back
        if wiring == "initial state":
            self.start = nn.Linear(input_size, 2 * hidden_size)
        # feeding back needs the outputs one by one: a cell in a loop
        self.lstm = nn.LSTMCell(width, hidden_size) if fed_back else nn.LSTM(width, hidden_size, batch_first=True)
        self.read = nn.Linear(hidden_size, output_size)
        bias = self.lstm.bias_hh if fed_back else self.lstm.bias_hh_l0
        with torch.no_grad():
            bias[hidden_size : 2 * hidden_size] = 1

    def forward(self, x: Tensor, *, cut: bool = False) -> Tensor:
        """x: (N, D). Returns y, (N, T, K).

        cut: with fed-back outputs, cut the gradient where an output is read again, so that all that is left flows
        through the state; the values do not change. Raises ValueError for a wrong shape or NaN.
        """
        N, D = expect(x, "N D", D=self.input_size)
        expect_finite(x)
        if self.wiring == "fed-back outputs":
            return self._feed_back(x, cut)
        state = None
        if self.wiring == "initial state":
            h, c = self.start(x)[None].chunk(2, dim=2)
            state, inputs = (h.tanh(), c.contiguous()), x.new_zeros(N, self.steps, 1)
        elif self.wiring == "first step":
            inputs = torch.cat([x[:, None], x.new_zeros(N, self.steps - 1, D)], dim=1)
        else:
            inputs = x[:, None].expand(N, self.steps, D)
        return self.read(self.lstm(inputs, state)[0])

    def _feed_back(self, x: Tensor, cut: bool) -> Tensor:
        y, state, outputs = x.new_zeros(len(x), self.output_size), None, []
        for t in range(self.steps):
            seen = x if t == 0 else torch.zeros_like(x)
            state = self.lstm(torch.cat([seen, y.detach() if cut else y], dim=1), state)
            y = self.read(state[0])
            outputs.append(y)
        return torch.stack(outputs, dim=1)
