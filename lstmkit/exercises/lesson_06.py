"""Lesson 06 · LSTM: one step, the factor of the direct path, a gate's bias, a gate trace."""

from __future__ import annotations

import math

import torch
from torch import nn

from lstmkit.exercises import case, define, mistake

# 06.1 · one step -------------------------------------------------------------------------------------------------


def lstm_step(x_t, h, c, W, U, b):
    """One LSTM step: x_t (N, D), h and c (N, H), W (4H, D), U (4H, H), b (4H,), gates i, f, g, o. Returns (h, c)."""
    i, f, g, o = (x_t @ W.T + h @ U.T + b).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def _four(x_t, h, W, U, b):
    """The four sums, before any σ or tanh."""
    return (x_t @ W.T + h @ U.T + b).chunk(4, dim=1)


def _ordered(order):
    """lstm_step with the blocks read in another order; order: a permutation of "ifgo"."""

    def step(x_t, h, c, W, U, b):
        gates = dict(zip(order, _four(x_t, h, W, U, b), strict=True))
        c = gates["f"].sigmoid() * c + gates["i"].sigmoid() * gates["g"].tanh()
        return gates["o"].sigmoid() * c.tanh(), c

    return step


def _cell(new_c=lambda c, i, f, g: f * c + i * g, new_h=lambda c, o, old: o * c.tanh(), squash=torch.tanh):
    """lstm_step with another rule for c, for h, or for g. new_h: of the new c, o and the old c."""

    def step(x_t, h, c, W, U, b):
        i, f, g, o = _four(x_t, h, W, U, b)
        c_new = new_c(c, i.sigmoid(), f.sigmoid(), squash(g))
        return new_h(c_new, o.sigmoid(), c), c_new

    return step


def _gates_tanh(x_t, h, c, W, U, b):
    i, f, g, o = (part.tanh() for part in _four(x_t, h, W, U, b))
    c = f * c + i * g
    return o * c.tanh(), c


def _gates_raw(x_t, h, c, W, U, b):
    i, f, g, o = _four(x_t, h, W, U, b)
    c = f * c + i * g.tanh()
    return o * c.tanh(), c


def _interleaved(x_t, h, c, W, U, b):
    sums = x_t @ W.T + h @ U.T + b
    i, f, g, o = sums.reshape(*h.shape, 4).unbind(-1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def _without_h(x_t, h, c, W, U, b):
    return lstm_step(x_t, torch.zeros_like(h), c, W, U, b)


def _without_bias(x_t, h, c, W, U, b):
    return lstm_step(x_t, h, c, W, U, torch.zeros_like(b))


def _reads_c(x_t, h, c, W, U, b):
    i, f, g, o = _four(x_t, c, W, U, b)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def _swapped_results(x_t, h, c, W, U, b):
    return lstm_step(x_t, h, c, W, U, b)[::-1]


def _only_h(x_t, h, c, W, U, b):
    return lstm_step(x_t, h, c, W, U, b)[0]


def _cut_batch(x_t, h, c, W, U, b):
    i, f, g, o = (x_t @ W.T + h @ U.T + b).chunk(4)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def _gate_by_gate(x_t, h, c, W, U, b):
    H = h.shape[1]
    act = [torch.sigmoid, torch.sigmoid, torch.tanh, torch.sigmoid]
    rows = [slice(k * H, (k + 1) * H) for k in range(4)]
    i, f, g, o = (a(nn.functional.linear(x_t, W[r], b[r]) + h @ U[r].T) for a, r in zip(act, rows, strict=True))
    c = torch.mul(f, c) + torch.mul(i, g)
    return [o * torch.tanh(c), c]


def _one_product(x_t, h, c, W, U, b):
    sums = (torch.cat([W, U], dim=1) @ torch.cat([x_t, h], dim=1).T + b[:, None]).T
    i, f, g, o = torch.split(sums, h.shape[1], dim=1)
    c = torch.addcmul(i.sigmoid() * g.tanh(), f.sigmoid(), c)
    return c.tanh() * o.sigmoid(), c


def _step_cases():
    def made(N, D, H, label):
        return case(*map(torch.randn, [(N, D), (N, H), (N, H), (4 * H, D), (4 * H, H), (4 * H,)]), label=label)

    return [made(3, 2, 5, "N = 3, D = 2, H = 5"), made(4, 4, 4, "N = D = H = 4"), made(1, 3, 2, "a batch of one")]


define(
    "06.1",
    reference=lstm_step,
    cases=_step_cases,
    gradients=True,
    alternatives=[_gate_by_gate, _one_product],
    mistakes=[
        mistake("your input and forget gates are swapped: torch's order is i, f, g, o", _ordered("figo")),
        mistake(
            "your g and o are swapped: torch's order is i, f, g, o (Keras writes i, f, g, o too)", _ordered("ifog")
        ),
        mistake("you cut in the order i, g, f, o, TensorFlow's old one; torch's order is i, f, g, o", _ordered("igfo")),
        mistake("you cut in the order f, i, o, g; torch's order is i, f, g, o", _ordered("fiog")),
        mistake(
            "g has a sigmoid; it needs tanh: it is not a gate but what is written, and must be able to go below zero",
            _cell(squash=torch.sigmoid),
        ),
        mistake("g has no tanh: the candidate is squashed to between -1 and 1", _cell(squash=lambda g: g)),
        mistake(
            "h is made from c without tanh: h = o * tanh(c); c may grow without bound, h must not",
            _cell(new_h=lambda c, o, old: o * c),
        ),
        mistake(
            "h squashes c with a sigmoid; it needs tanh: h = o * tanh(c)",
            _cell(new_h=lambda c, o, old: o * c.sigmoid()),
        ),
        mistake(
            "h is made from the old c; make the new c first, then h from it",
            _cell(new_h=lambda c, o, old: o * old.tanh()),
        ),
        mistake("the output gate is missing: h = o * tanh(c)", _cell(new_h=lambda c, o, old: c.tanh())),
        mistake("the old cell is lost: c is not carried. It is c = f * c + i * g", _cell(lambda c, i, f, g: i * g)),
        mistake(
            "the forget gate is missing: the old cell enters whole; it is c = f * c + i * g",
            _cell(lambda c, i, f, g: c + i * g),
        ),
        mistake(
            "the input gate is missing: g enters whole; it is c = f * c + i * g", _cell(lambda c, i, f, g: f * c + g)
        ),
        mistake(
            "everything is multiplied together; what is kept and what is written are added: c = f * c + i * g",
            _cell(lambda c, i, f, g: f * c * i * g),
        ),
        mistake(
            "the forget gate also closes on what is written, f * (c + i * g); it acts on the old cell alone: c = f * c + i * g",
            _cell(lambda c, i, f, g: f * (c + i * g)),
        ),
        mistake(
            "your forget gate is upside down: f is the share that is kept, so it is f * c, not (1 - f) * c",
            _cell(lambda c, i, f, g: (1 - f) * c + i * g),
        ),
        mistake(
            "i is taken as 1 - f; the LSTM has an input gate of its own (tying the two is lesson 08)",
            _cell(lambda c, i, f, g: f * c + (1 - f) * g),
        ),
        mistake("your gates have tanh; i, f and o need a sigmoid, between 0 and 1. Only g has tanh", _gates_tanh),
        mistake("i, f and o have no sigmoid: a gate must lie between 0 and 1", _gates_raw),
        mistake(
            "you read the gates interleaved; each gate is a block of H columns next to the other: chunk(4, dim=1)",
            _interleaved,
        ),
        mistake("the old h is missing: the gates cannot see what came before. Add h @ U.T", _without_h),
        mistake("the bias b is missing", _without_bias),
        mistake("the gates read the cell c; they read h: x_t @ W.T + h @ U.T + b", _reads_c),
        mistake("you return (c, h); the order is (h, c)", _swapped_results),
        mistake("you return h alone; the next step needs c too: return h, c", _only_h),
        mistake(
            "chunk(4) without dim cuts the batch; the gates lie side by side on axis 1: chunk(4, dim=1)", _cut_batch
        ),
    ],
)

# 06.2 · the factor of the direct path ----------------------------------------------------------------------------

_keep = 1 / (1 + math.exp(-3.0))

define(
    "06.2",
    reference={
        "factor at bias 0": 0.5,
        "factor at bias 3": _keep,
        "half-life at bias 3": round(math.log(0.5) / math.log(_keep)),
        "bias for half-life 100": math.log(0.5**0.01 / (1 - 0.5**0.01)),
    },
    tolerance=0.02,
    mistakes=[
        mistake("σ(0) is not 0: it is in the middle of its range, from 0 to 1", {"factor at bias 0": 0.0}),
        mistake("σ(0) is not 1: half of the range lies above it", {"factor at bias 0": 1.0}),
        mistake("that is tanh(3); a gate has a sigmoid, 1 / (1 + e⁻³)", {"factor at bias 3": math.tanh(3)}),
        mistake("3 is what goes into the sigmoid; the factor is σ(3) = 1 / (1 + e⁻³)", {"factor at bias 3": 3.0}),
        mistake(
            "this is 1 − σ(3), the share that is lost in a step; the factor is what is kept",
            {"factor at bias 3": 1 - _keep},
        ),
        mistake(
            "you let the same amount go at every step; it is the same share: solve fᵏ = ½, so k = ln ½ / ln f",
            {"half-life at bias 3": round(0.5 / (1 - _keep))},
        ),
        mistake(
            "that is where 1/e is left, 1 / (1 − f); for the half, solve fᵏ = ½",
            {"half-life at bias 3": round(1 / (1 - _keep))},
        ),
        mistake("that is the half-life at bias 0, where f = ½", {"half-life at bias 3": 1}),
        mistake(
            "that is the forget gate, ½ to the power 1/100; one more turn: which bias gives it? b = ln(f / (1 − f))",
            {"bias for half-life 100": 0.5**0.01},
        ),
        mistake(
            "with b = ln 100 the cell loses 1/101 in a step, and after 100 steps e⁻¹ is left, less than half: close, but a "
            "little more bias is needed",
            {"bias for half-life 100": math.log(100)},
        ),
        mistake(
            "a bias of 100 would open the gate for ever: solve f¹⁰⁰ = ½ for f, then σ(b) = f for b",
            {"bias for half-life 100": 100.0},
        ),
        mistake(
            "the sign is turned: a forget gate that keeps has a positive bias",
            {"bias for half-life 100": -math.log(0.5**0.01 / (1 - 0.5**0.01))},
        ),
    ],
)

# 06.3 · the bias of one gate -------------------------------------------------------------------------------------


def set_gate_bias(lstm, gate, value):
    """Make b_ih + b_hh of one gate ("i", "f", "g" or "o") equal to value, a number or (H,). Changes lstm, an nn.LSTM."""
    H = lstm.hidden_size
    k = "ifgo".index(gate)
    with torch.no_grad():
        lstm.bias_ih_l0[k * H : (k + 1) * H] = value
        lstm.bias_hh_l0[k * H : (k + 1) * H] = 0.0
    return lstm


def _in_both(lstm, gate, value):
    H, k = lstm.hidden_size, "ifgo".index(gate)
    with torch.no_grad():
        for bias in (lstm.bias_ih_l0, lstm.bias_hh_l0):
            bias[k * H : (k + 1) * H] = value
    return lstm


def _in_one(lstm, gate, value):
    H, k = lstm.hidden_size, "ifgo".index(gate)
    with torch.no_grad():
        lstm.bias_ih_l0[k * H : (k + 1) * H] = value
    return lstm


def _in_the_other(lstm, gate, value):
    H, k = lstm.hidden_size, "ifgo".index(gate)
    with torch.no_grad():
        lstm.bias_hh_l0[k * H : (k + 1) * H] = value
    return lstm


def _block_of(order):
    def wrong(lstm, gate, value):
        return set_gate_bias(lstm, "ifgo"[order.index(gate)], value)

    return wrong


def _added(lstm, gate, value):
    H, k = lstm.hidden_size, "ifgo".index(gate)
    with torch.no_grad():
        lstm.bias_ih_l0[k * H : (k + 1) * H] += value
    return lstm


def _others_zero(lstm, gate, value):
    with torch.no_grad():
        lstm.bias_ih_l0.zero_()
        lstm.bias_hh_l0.zero_()
    return set_gate_bias(lstm, gate, value)


def _through_sigmoid(lstm, gate, value):
    return set_gate_bias(lstm, gate, torch.sigmoid(torch.as_tensor(value)))


def _weights_too(lstm, gate, value):
    H, k = lstm.hidden_size, "ifgo".index(gate)
    with torch.no_grad():
        lstm.weight_ih_l0[k * H : (k + 1) * H] = 0.0
        lstm.weight_hh_l0[k * H : (k + 1) * H] = 0.0
    return set_gate_bias(lstm, gate, value)


def _nothing(lstm, gate, value):
    return lstm


def _whole(lstm, gate, value):
    with torch.no_grad():
        for k in range(4):
            set_gate_bias(lstm, "ifgo"[k], value)
    return lstm


def _halves(lstm, gate, value):
    for bias in (lstm.bias_ih_l0, lstm.bias_hh_l0):
        bias.data.view(4, -1)["ifgo".index(gate)] = value / 2
    return lstm


def _parameters_after(answer, lstm, gate, value):
    """What the answer did to the LSTM; how it splits the bias between b_ih and b_hh is free."""
    answer(lstm, gate, value)
    both = (lstm.bias_ih_l0 + lstm.bias_hh_l0).detach()
    blocks = {f"b_ih + b_hh of gate {name}": part for name, part in zip("ifgo", both.chunk(4), strict=True)}
    return blocks | {"W": lstm.weight_ih_l0.detach(), "U": lstm.weight_hh_l0.detach()}


def _lstm(D, H):
    lstm = nn.LSTM(D, H, batch_first=True)
    for parameter in lstm.parameters():
        nn.init.normal_(parameter)
    return lstm


define(
    "06.3",
    reference=set_gate_bias,
    cases=lambda: [
        case(_lstm(3, 4), "f", 1.0, label="forget gate, 1.0"),
        case(_lstm(2, 5), "i", torch.randn(5), label="input gate, a value for each unit"),
        case(_lstm(1, 3), "o", -2.0, label="output gate, −2.0"),
        case(_lstm(2, 1), "g", 0.5, label="one hidden unit"),
    ],
    run=_parameters_after,
    alternatives=[_halves],
    mistakes=[
        mistake(
            "both biases are set, and torch adds them: the gate gets twice the value. Set one, and zero the other",
            _in_both,
        ),
        mistake("b_hh keeps what it was, and torch adds it: set its block to zero as well", _in_one),
        mistake("b_ih keeps what it was, and torch adds it: set its block to zero as well", _in_the_other),
        mistake("the wrong quarter: you took the order f, i, g, o; torch's is i, f, g, o", _block_of("figo")),
        mistake("the wrong quarter: you took the order i, f, o, g; torch's is i, f, g, o", _block_of("ifog")),
        mistake("the value is added to what was there; the gate's bias should become the value", _added),
        mistake("the right gate is right, but the other gates' biases are gone; leave them as they are", _others_zero),
        mistake("all four gates got the value; only the block of the gate that is named should", _whole),
        mistake("the bias goes into the sigmoid, not out of it: store the value itself", _through_sigmoid),
        mistake(
            "the gate's weights are zeroed too; change its bias alone, so that it can still read its input",
            _weights_too,
        ),
        mistake("nothing has changed: lstm.bias_ih_l0 and lstm.bias_hh_l0 are to be written into, in place", _nothing),
    ],
)

# 06.4 · reading a gate trace -------------------------------------------------------------------------------------

define(
    "06.4",
    reference={
        "first write": 2,
        "first seen from outside": 4,
        "cell after step 6": 1.3,
        "erased at": 7,
        "cell after step 12": -0.3,
    },
    tolerance=1e-3,
    mistakes=[
        mistake("g is large there, but the input gate is closed: i · g = 0, so nothing is written", {"first write": 1}),
        mistake(
            "that is where the cell is shown; it was written before. Look for the first open input gate",
            {"first write": 4},
        ),
        mistake(
            "the cell is written there, but its output gate is closed: h = o · tanh(c) = 0. Look at o",
            {"first seen from outside": 2},
        ),
        mistake("there is an earlier step with an open output gate", {"first seen from outside": 11}),
        mistake(
            "the new value does not replace the old one, it is added to it, since f is 1: c = f · c + i · g",
            {"cell after step 6": 0.5},
        ),
        mistake("that is the first value alone; a second one was added to it at step 5", {"cell after step 6": 0.8}),
        mistake("only steps with an open input gate count: this is the sum of every g", {"cell after step 6": 2.2}),
        mistake("at step 9 the cell is written to; it was emptied earlier. Look for f = 0", {"erased at": 9}),
        mistake("there f is one half: it takes half away. Look for the step where f is 0", {"erased at": 10}),
        mistake(
            "that is the last step on which the cell still held something; the gate that empties it closes a step later",
            {"erased at": 6},
        ),
        mistake("at step 10 the forget gate is half closed: half of the cell is gone", {"cell after step 12": -0.6}),
        mistake("what was written before step 7 is gone: there f was 0", {"cell after step 12": 0.7}),
        mistake(
            "what was written before step 7 is gone (f = 0), and only then is the rest halved",
            {"cell after step 12": 0.35},
        ),
        mistake(
            "that is h of step 11, tanh(c), not the cell; the cell was asked for",
            {"cell after step 12": math.tanh(-0.3)},
        ),
        mistake(
            "the cell is only shown at step 11, not emptied: an open output gate takes nothing away",
            {"cell after step 12": 0.0},
        ),
    ],
)
