"""Lesson 07 · long memory: the straight line, its factor, a gate's bias, a balance found by experiment, a sober reading."""

from __future__ import annotations

import copy
import math

import torch
from torch import nn

from lstmkit.exercises import case, define, mistake, slips

# 07.1 · what the straight line leaves ------------------------------------------------------------------------------


def left_over(f):
    """∂c_T/∂c_s along the straight line: f (T, H). Returns (T, H), row s the product of f_{s+1} … f_T, the last row 1."""
    left, rows = torch.ones_like(f[0]), []
    for t in reversed(range(len(f))):
        rows.insert(0, left)
        left = left * f[t]
    return torch.stack(rows)


def _with_own(f):
    return f.flip(0).cumprod(0).flip(0)


def _by_cumprod(f):
    return torch.cat([_with_own(f)[1:], torch.ones_like(f[:1])])


def _walks_forward(f):
    left, rows = torch.ones_like(f[0]), []
    for t in range(len(f)):
        rows.insert(0, left)
        left = left * f[t]
    return torch.stack(rows)


def _gate_before(f):
    left, rows = torch.ones_like(f[0]), []
    for t in reversed(range(len(f))):
        rows.insert(0, left)
        left = left * f[t - 1]
    return torch.stack(rows)


def _averaged(f):
    return torch.stack([f[s + 1 :].mean(dim=0) for s in range(len(f) - 1)] + [torch.ones_like(f[0])])


def _slices(f):
    return torch.stack([f[s + 1 :].prod(dim=0) for s in range(len(f))])


define(
    "07.1",
    reference=left_over,
    cases=lambda: [
        case(torch.rand(6, 4), label="six steps, four cells"),
        case(torch.rand(3, 5), label="three steps, five cells"),
        case(torch.rand(9, 1) * 0.2 + 0.8, label="one cell"),
    ],
    alternatives=[_by_cumprod, _slices],
    mistakes=[
        mistake(
            "row s holds f_s too; between c_s and c_T stand only the LATER gates, f_{s+1} … f_T: store first, then multiply",
            _with_own,
        ),
        mistake(
            "this is the product from the first step on; an error comes from the last step, so it is the product of the later gates",
            lambda f: f.cumprod(0),
        ),
        mistake(
            "this is the product of the EARLIER gates; an error at c_T passes those that come later",
            lambda f: torch.cat([torch.ones_like(f[:1]), f.cumprod(0)[:-1]]),
        ),
        mistake(
            "right numbers, sorted by lag: row 0 is the last step's. Put them in order of time: `rows.insert(0, …)`",
            lambda f: left_over(f).flip(0),
        ),
        mistake(
            "sorted by lag, and f_s is counted too: store before you multiply, and at the front of the list",
            lambda f: f.flip(0).cumprod(0),
        ),
        mistake(
            "you add the later gates; the error is multiplied by each",
            lambda f: torch.cat([f.flip(0).cumsum(0).flip(0)[1:], torch.zeros_like(f[:1])]),
        ),
        mistake(
            "you add the later gates, starting from 1; the error is multiplied by each",
            lambda f: 1 + torch.cat([f.flip(0).cumsum(0).flip(0)[1:], torch.zeros_like(f[:1])]),
        ),
        mistake("these are sums of logarithms: one exp at the end is missing", lambda f: _by_cumprod(f).log()),
        mistake(
            "you use the next gate alone; all later ones stand in the way, f_{s+1} … f_T",
            lambda f: torch.cat([f[1:], torch.ones_like(f[:1])]),
        ),
        mistake(
            "you take powers of the last gate; each step has a gate of its own",
            lambda f: torch.stack([f[-1] ** (len(f) - 1 - s) for s in range(len(f))]),
        ),
        mistake(
            "you take powers of f_s; each later step has a gate of its own",
            lambda f: torch.stack([f[s] ** (len(f) - 1 - s) for s in range(len(f))]),
        ),
        mistake(
            "the last row is 0; there no gate stands in the way, so all is left: 1",
            lambda f: torch.cat([_by_cumprod(f)[:-1], torch.zeros_like(f[:1])]),
        ),
        mistake(
            "the first row is missing, and all stand one too early: T rows, the first for c_1. Does your walk stop before step 0?",
            lambda f: left_over(f)[1:],
        ),
        mistake(
            "your last row is the product of all gates, rolled around; there no gate stands in the way: 1",
            lambda f: _with_own(f).roll(-1, 0),
        ),
        mistake("f is a share already, between 0 and 1: no sigmoid on it", lambda f: left_over(f.sigmoid())),
        mistake("your rows stand in one line: torch.stack, not torch.cat", lambda f: left_over(f).flatten()),
        mistake(
            "your cells are in the other order: turn time around (axis 0), not the cells",
            lambda f: left_over(f).flip(1),
        ),
        mistake("the last row is missing: c_T itself, where all is left, 1", lambda f: _by_cumprod(f)[:-1]),
        mistake(
            "one row too many: T rows, the first for c_1, the last for c_T",
            lambda f: torch.cat([_with_own(f), torch.ones_like(f[:1])]),
        ),
        mistake("the cells are multiplied together; each has a lane of its own", lambda f: _by_cumprod(f).prod(dim=1)),
        mistake("this is the mean over the cells; each has a lane of its own", lambda f: _by_cumprod(f).mean(dim=1)),
        mistake("this runs along the cells, not along time: time is axis 0", lambda f: _by_cumprod(f.T).T),
        mistake(
            "all rows are the product of all gates; row s begins behind s. (Or is it `left *= f[t]`? That changes `left` in place, and with it every row that you have stored: `left = left * f[t]`)",
            lambda f: f.prod(0).expand(len(f), -1),
        ),
        mistake(
            "this is row 1 alone, what is left at the first step; a row for each step is wanted",
            lambda f: left_over(f)[0],
        ),
        mistake(
            "1 − f is what is lost; the error is multiplied by what is kept, f",
            slips.with_inputs(left_over, lambda f: 1 - f),
        ),
        mistake(
            "your product starts two gates behind: row s begins with f_{s+1}",
            lambda f: torch.stack([f[s + 2 :].prod(dim=0) for s in range(len(f))]),
        ),
        mistake("you start from zeros, and 0 stays 0: start from ones", lambda f: torch.zeros_like(f)),
        mistake(
            "your last row is f_T; there no gate stands in the way, so all is left: 1",
            lambda f: torch.cat([_by_cumprod(f)[:-1], f[-1:]]),
        ),
        mistake(
            "each row is a matrix, diag(…); its diagonal is enough: (T, H), one number for each cell",
            lambda f: torch.diag_embed(_by_cumprod(f)),
        ),
        mistake(
            "you walk along the cells; time is axis 0: `f[s + 1 :].prod(dim=0)`, for s in range(T)",
            lambda f: torch.stack([f[:, s + 1 :].prod(dim=1) for s in range(f.shape[1])]),
        ),
        mistake("you return a list; torch.stack(rows) makes one tensor of it", lambda f: list(left_over(f))),
        mistake("you average the later gates; the error is multiplied by each", _averaged),
        mistake(
            "your walk goes from the first step to the last, and each row goes to the front: walk from the last to the first",
            _walks_forward,
        ),
        mistake("you multiply by the gate of the step before, f[t − 1]: behind row t − 1 stands f[t]", _gate_before),
        mistake(
            "your product leaves out the last gate, f_T: an error at c_T passes it on its way to c_{T−1}",
            lambda f: torch.cat([_by_cumprod(f[:-1]), torch.ones_like(f[:1])]),
        ),
    ],
)

# 07.2 · the factor of the direct path ----------------------------------------------------------------------------

_keep = 1 / (1 + math.exp(-3.0))

define(
    "07.2",
    reference={
        "factor at bias 0": 0.5,
        "factor at bias 3": _keep,
        "half-life at bias 3": round(math.log(0.5) / math.log(_keep)),
        "bias for half-life 100": math.log(0.5**0.01 / (1 - 0.5**0.01)),
    },
    tolerance=0.002,  # three digits, rounded or cut off
    mistakes=[
        mistake("two digits: give three", {"factor at bias 3": 0.95}),
        mistake("at bias 3 the gate is nearly open, not quite: give three digits", {"factor at bias 3": 1.0}),
        mistake(
            "right so far: the nearest whole number is asked for",
            {"half-life at bias 3": math.log(0.5) / math.log(_keep)},
        ),
        mistake("so far right; but the nearest whole number is asked for", {"half-life at bias 3": 14.3}),
        mistake("one digit: give three", {"bias for half-life 100": 5.0}),
        mistake("two digits, cut off: give three", {"bias for half-life 100": 4.9}),
        mistake("σ(0) is not 0: it is in the middle of its range, from 0 to 1", {"factor at bias 0": 0.0}),
        mistake("σ(0) is not 1: half of the range lies above it", {"factor at bias 0": 1.0}),
        mistake(
            "the gate is not quite open: σ(3) = 1 / (1 + e⁻³). (tanh(3) is nearly 1; a gate has a sigmoid)",
            {"factor at bias 3": math.tanh(3)},
        ),
        mistake("that is σ(1): the bias is 3", {"factor at bias 3": 1 / (1 + math.exp(-1.0))}),
        mistake("that is σ(2): the bias is 3", {"factor at bias 3": 1 / (1 + math.exp(-2.0))}),
        mistake("that is 3 / 4; σ(3) = 1 / (1 + e⁻³)", {"factor at bias 3": 0.75}),
        mistake("you round up: ln ½ / ln f lies nearer to the number below", {"half-life at bias 3": 15}),
        mistake("one step less than half of it takes: ln ½ / ln f, to the nearest number", {"half-life at bias 3": 13}),
        mistake(
            "two more steps than that are needed: look at your digits of σ(3), or take 20 (1 − f is near 1/20) times ln 2, and a little more",
            {"half-life at bias 3": 12},
        ),
        mistake(
            "that is about 1 / (1 − f), where 1/e is left; for the half, solve fᵏ = ½", {"half-life at bias 3": 20}
        ),
        mistake("a number of steps is positive: ln ½ is negative, and so is ln f", {"half-life at bias 3": -14}),
        mistake(
            "that is log to base 10 in one place and ln in the other: the same in both", {"half-life at bias 3": 6}
        ),
        mistake("that is log to base 10 and ln mixed: the same in both", {"half-life at bias 3": 33}),
        mistake(
            "that is ln 2 / 100, about the share that is lost, 1 − f: which bias gives f?",
            {"bias for half-life 100": 0.00693},
        ),
        mistake("that is ln f: one more turn, b = ln(f / (1 − f))", {"bias for half-life 100": 0.01 * math.log(0.5)}),
        mistake(
            "that is f / (1 − f), or nearly: its logarithm is still to be taken",
            {"bias for half-life 100": 0.5**0.01 / (1 - 0.5**0.01)},
        ),
        mistake(
            "that is f / (1 − f) in logarithms to base 10: σ is made with e, so take ln",
            {"bias for half-life 100": math.log10(0.5**0.01 / (1 - 0.5**0.01))},
        ),
        mistake(
            "a bias is not in proportion to the half-life: solve f¹⁰⁰ = ½ for f, then σ(b) = f for b",
            {"bias for half-life 100": 21.4},
        ),
        mistake("3 is what goes into the sigmoid; the factor is σ(3) = 1 / (1 + e⁻³)", {"factor at bias 3": 3.0}),
        mistake(
            "this is 1 − σ(3), the share that is lost in a step (or σ's slope, f (1 − f)); the factor is what is kept",
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
            "that is the forget gate of half-life 14 again: put 100 for 14 in fᵏ = ½, then turn σ around",
            {"bias for half-life 100": 3.0},
        ),
        mistake(
            "you let the same amount go at every step: half of it is not gone after 0.5 / (1 − f) steps; solve fᵏ = ½",
            {"half-life at bias 3": 0.5 / (1 - _keep)},
        ),
        mistake("k = ln ½ / ln f, not ln ½ / f", {"half-life at bias 3": round(-math.log(0.5) / _keep, 2)}),
        mistake("that is half of it too early: solve fᵏ = ½, k = ln ½ / ln f", {"half-life at bias 3": 7}),
        mistake(
            "with 5 % lost in a step it is not 0.5 / 0.05: it is the same share each time, fᵏ = ½",
            {"half-life at bias 3": 10},
        ),
        mistake(
            "that is the share; the number of steps after which it is left was asked for", {"half-life at bias 3": 0.5}
        ),
        mistake(
            "that is too much: after 100 steps more than half would be left; solve f¹⁰⁰ = ½ for f, then σ(b) = f for b",
            {"bias for half-life 100": 7.0},
        ),
        mistake("with this bias the half-life is above ten thousand steps", {"bias for half-life 100": 10.0}),
        mistake("that is σ(1): the bias is 0", {"factor at bias 0": 1 / (1 + math.exp(-1.0))}),
        mistake("that is the sigmoid's slope, f (1 − f); the factor is f itself", {"factor at bias 0": 0.25}),
        mistake("per cent: the factor is a share, between 0 and 1", {"factor at bias 3": 100 * _keep}),
        mistake("per cent: the factor is a share, between 0 and 1 (at bias 0)", {"factor at bias 0": 50.0}),
        mistake(
            "with b = ln 100 (or with f = 0.99) the cell loses about a hundredth in a step, and after 100 steps e⁻¹ is left, less than half: close, but a "
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

# 07.3 · the bias of one gate -------------------------------------------------------------------------------------


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


def _with_data(lstm, gate, value):
    H, k = lstm.hidden_size, {"i": 0, "f": 1, "g": 2, "o": 3}[gate]
    rows = slice(k * H, (k + 1) * H)
    lstm.bias_ih_l0.data[rows] = torch.as_tensor(value) - lstm.bias_hh_l0.data[rows]
    return lstm


def _blocks_of_D(lstm, gate, value):
    D, k = lstm.input_size, "ifgo".index(gate)
    with torch.no_grad():
        for bias, new in ((lstm.bias_ih_l0, value), (lstm.bias_hh_l0, 0.0)):
            bias[k * D : (k + 1) * D] = new
    return lstm


def _zero_alone(lstm, gate, value):
    H, k = lstm.hidden_size, "ifgo".index(gate)
    with torch.no_grad():
        lstm.bias_hh_l0[k * H : (k + 1) * H] = 0.0
    return lstm


def _first_unit(lstm, gate, value):
    H, k = lstm.hidden_size, "ifgo".index(gate)
    with torch.no_grad():
        lstm.bias_ih_l0[k * H] = torch.as_tensor(value).flatten()[0]
        lstm.bias_hh_l0[k * H] = 0.0
    return lstm


def _written(indices):
    """set_gate_bias that writes value at other places of b_ih, and 0 into b_hh at the same places."""

    def wrong(lstm, gate, value):
        H, k = lstm.hidden_size, "ifgo".index(gate)
        with torch.no_grad():
            lstm.bias_ih_l0[indices(k, H)] = value
            lstm.bias_hh_l0[indices(k, H)] = 0.0
        return lstm

    return wrong


_one_too_far = _written(lambda k, H: slice((k + 1) * H, (k + 2) * H))
_all_of_it = _written(lambda k, H: slice(None))
_number_k = _written(lambda k, H: k)
_from_k = _written(lambda k, H: slice(k, k + H))
_every_fourth = _written(lambda k, H: slice(k, None, 4))


_to_the_end = _written(lambda k, H: slice(k * H, None))
_ends_at_H = _written(lambda k, H: slice(k * H, H))


def _plus_the_other(lstm, gate, value):
    H, k = lstm.hidden_size, "ifgo".index(gate)
    rows = slice(k * H, (k + 1) * H)
    lstm.bias_ih_l0.data[rows] = value + lstm.bias_hh_l0.data[rows]
    return lstm


def _other_bias_zero(lstm, gate, value):
    lstm.bias_hh_l0.data.zero_()
    return set_gate_bias(lstm, gate, value)


def _a_copy(lstm, gate, value):
    return set_gate_bias(copy.deepcopy(lstm), gate, value)


def _in_the_weights(lstm, gate, value):
    H, k = lstm.hidden_size, "ifgo".index(gate)
    lstm.weight_ih_l0.data[k * H : (k + 1) * H] = torch.as_tensor(value).reshape(-1, 1)
    return lstm


def _takes_off_itself(lstm, gate, value):
    H, k = lstm.hidden_size, "ifgo".index(gate)
    block = lstm.bias_ih_l0.data[k * H : (k + 1) * H]
    block.copy_(value - block)
    return lstm


def _fills(lstm, gate, value):
    H, k = lstm.hidden_size, "ifgo".index(gate)
    with torch.no_grad():
        lstm.bias_ih_l0[k * H : (k + 1) * H].fill_(value)
        lstm.bias_hh_l0[k * H : (k + 1) * H].zero_()
    return lstm


def _always_forget(lstm, gate, value):
    return set_gate_bias(lstm, "f", value)


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
    "07.3",
    reference=set_gate_bias,
    cases=lambda: [
        case(_lstm(3, 4), "f", 1.0, label="forget gate, 1.0"),
        case(_lstm(2, 5), "i", torch.randn(5), label="input gate, a value for each unit"),
        case(_lstm(1, 3), "o", -2.0, label="output gate, −2.0"),
        case(_lstm(2, 1), "g", 0.5, label="one hidden unit"),
        case(_lstm(4, 2), "g", torch.randn(2), label="new value, more inputs than cells"),
    ],
    run=_parameters_after,
    returns_input=True,
    alternatives=[_halves, _with_data],
    mistakes=[
        mistake(
            "both biases are set, and torch adds them: the gate gets twice the value. Set one, and zero the other",
            _in_both,
        ),
        mistake("b_hh keeps what it was, and torch adds it: set its block to zero as well", _in_one),
        mistake("b_ih keeps what it was, and torch adds it: set its block to zero as well", _in_the_other),
        mistake("the wrong quarter: you took the order f, i, g, o; torch's is i, f, g, o", _block_of("figo")),
        mistake("the wrong quarter: you took the order i, f, o, g; torch's is i, f, g, o", _block_of("ifog")),
        mistake("the wrong quarter: you took the order f, i, o, g; torch's is i, f, g, o", _block_of("fiog")),
        mistake("the wrong quarter: you took the order f, o, i, g; torch's is i, f, g, o", _block_of("foig")),
        mistake("the wrong quarter: you took the order i, g, f, o; torch's is i, f, g, o", _block_of("igfo")),
        mistake("the wrong quarter: you took the order g, i, f, o; torch's is i, f, g, o", _block_of("gifo")),
        mistake("one block too far: Python counts from 0, and block k is `[k * H : (k + 1) * H]`", _one_too_far),
        mistake("b_hh is zero everywhere now; only the block of the gate that is named should be", _other_bias_zero),
        mistake("all of the bias got the value; the gate's block is `[k * H : (k + 1) * H]`", _all_of_it),
        mistake("`bias[k]` is one number, the first gate's; the gate's block is `[k * H : (k + 1) * H]`", _number_k),
        mistake("your block starts at k; it starts at k · H: `[k * H : (k + 1) * H]`", _from_k),
        mistake(
            "your block has no end: `[k * H :]` goes on through the gates behind it; `[k * H : (k + 1) * H]`",
            _to_the_end,
        ),
        mistake("your block ends at H; it ends at (k + 1) · H: `[k * H : (k + 1) * H]`", _ends_at_H),
        mistake("what b_hh holds is added, and torch adds it again: take it off, or set it to zero", _plus_the_other),
        mistake("you take every fourth number; each gate is a block, `[k * H : (k + 1) * H]`", _every_fourth),
        mistake("you have changed a copy; the lstm that was given is to be changed, and returned", _a_copy),
        mistake("the value went into the weights; it is the two biases' block that is to be set", _in_the_weights),
        mistake("you take off b_ih, which you overwrite; what stays, and is added, is b_hh", _takes_off_itself),
        mistake(
            "`fill_` takes one number; value may be one for each cell: `bias[k * H : (k + 1) * H] = value`", _fills
        ),
        mistake("the value is added to what was there; the gate's bias should become the value", _added),
        mistake("the right gate is right, but the other gates' biases are gone; leave them as they are", _others_zero),
        mistake("all four gates got the value; only the block of the gate that is named should", _whole),
        mistake("the bias goes into the sigmoid, not out of it: store the value itself", _through_sigmoid),
        mistake(
            "the gate's weights are zeroed too; change its bias alone, so that it can still read its input",
            _weights_too,
        ),
        mistake(
            "half of the value would do in each of two biases; you have put half of it into one and 0 into the other",
            lambda lstm, gate, value: set_gate_bias(lstm, gate, value / 2),
        ),
        mistake("the value is never written: its block of b_hh is 0 now, and b_ih is as before", _zero_alone),
        mistake("one number of the block is set; the gate has H of them: `[start : start + H]`", _first_unit),
        mistake("you always set the forget gate; `gate` says which one", _always_forget),
        mistake(
            "the sign is turned: store the value itself", lambda lstm, gate, value: set_gate_bias(lstm, gate, -value)
        ),
        mistake("your blocks have input_size rows; a gate has hidden_size of them", _blocks_of_D),
        mistake(
            "nothing has changed: write into a slice of lstm.bias_ih_l0 and lstm.bias_hh_l0 themselves; a copy, a chunk added to or a new name does not reach the lstm",
            _nothing,
        ),
    ],
)

# 07.4 · neither fade nor grow --------------------------------------------------------------------------------------

_BALANCE = {  # measured: the mean factor of many networks is 0.99 near bias 2.4 and 1.01 near 3.6; a little room on either side
    "default": "with a bias of 0 or less the valve is at most half open: the gradient fades fast. Go up",
    "fades": "there the gradient still fades: call factor_at with your number, and go up",
    "factor": "there it fades by about a seventh at every step. Or is this the factor? The bias was asked for, at which the factor is about 1",
    "grows": "there the gradient grows: the detours come on top of a straight line that keeps nearly all. Go down",
    "open": "so large a bias makes the straight line's factor 1, but the detours come on top of it, and it grows. Go down",
    "form": "one number is wanted, the bias, such as 1.5",
}


def _judge_balance(answer):
    """None for a bias whose factor is within 0.99 and 1.01 by experiment; else what is wrong."""
    try:
        bias = float(answer)
    except (TypeError, ValueError, RuntimeError):
        return _BALANCE["form"]
    if bias != bias:
        return _BALANCE["form"]
    if bias <= 0:
        return _BALANCE["default"]
    if 0.9 <= bias <= 1.1:
        return _BALANCE["factor"]
    if bias < 2.25:
        return _BALANCE["fades"]
    if bias >= 8:
        return _BALANCE["open"]
    return _BALANCE["grows"] if bias > 3.75 else None


define(
    "07.4",
    reference=2.8,
    accepts=_judge_balance,
    alternatives=[2.5, 3, torch.tensor(3.2)],
    mistakes=[
        mistake(_BALANCE["default"], 0.0),
        mistake(_BALANCE["factor"], 1.0),
        mistake(_BALANCE["fades"], 1.5),
        mistake(_BALANCE["grows"], 5.0),
        mistake(_BALANCE["open"], 100.0),
        mistake(_BALANCE["form"], [2.0, 3.0]),
    ],
)

# 07.5 · number against amount --------------------------------------------------------------------------------------


def amount_line(number, mark, i, g):
    """slope, zero and R² of i·g ≈ slope · (number − zero) over the marked steps; all (N, T)."""
    return _line(number[mark == 1], (i * g)[mark == 1])


def _line(n, a):
    dn, da = n - n.mean(), a - a.mean()
    slope = (dn * da).mean() / dn.square().mean()
    return slope, n.mean() - a.mean() / slope, (dn * da).mean() ** 2 / (dn.square().mean() * da.square().mean())


def _by_lstsq(number, mark, i, g):
    n, a = number[mark > 0.5], i[mark > 0.5] * g[mark > 0.5]
    design = torch.stack([n, torch.ones_like(n)], dim=1)
    slope, height = torch.linalg.lstsq(design, a[:, None]).solution[:, 0]
    return [slope, -height / slope, torch.corrcoef(torch.stack([n, a]))[0, 1] ** 2]


def _by_cov(number, mark, i, g):
    marked = mark.bool()
    pair = torch.stack([number[marked], (i * g)[marked]])
    cov = torch.cov(pair)
    slope = cov[0, 1] / cov[0, 0]
    zero = pair[0].mean() - pair[1].mean() / slope
    return slope.item(), zero.item(), (cov[0, 1] ** 2 / (cov[0, 0] * cov[1, 1])).item()


def _trace(N, T):
    number, mark = torch.rand(N, T), (torch.rand(N, T) < 0.4).float()
    i = torch.rand(N, T) * 0.8 + 0.1
    return case(
        number, mark, i, (0.3 + 0.1 * torch.randn(N, T) - 0.9 * number).tanh() / (i + 0.5), label=f"N = {N}, T = {T}"
    )


def _through_zero(number, mark, i, g):
    n, a = number[mark == 1], (i * g)[mark == 1]
    slope = (n * a).mean() / n.square().mean()
    return slope, torch.zeros(()), _line(n, a)[2]


def _instead(part, value):
    """amount_line with one of its three results replaced. value: of slope, zero, R², the marked numbers and amounts."""

    def wrong(number, mark, i, g):
        n, a = number[mark == 1], (i * g)[mark == 1]
        results = list(_line(n, a))
        results[part] = value(*results, n, a)
        return tuple(results)

    return wrong


def _picked(number, mark, i, g):
    return number[mark == 1], (i * g)[mark == 1]


def _other_way(n, a):
    slope, _, fit = _line(a, n)
    return slope, n.mean() - a.mean() / slope, fit


def _mixed(n, a):
    slope = ((n - n.mean()) * (a - a.mean())).mean() / n.var()
    return slope, n.mean() - a.mean() / slope, _line(n, a)[2]


def _two_slips(n, a):
    slope, _, fit = _line(n, a)
    return slope, -a.mean() / slope, fit.sqrt() * slope.sign()


def _stacked(number, mark, i, g):
    return torch.stack(amount_line(number, mark, i, g))


def _as_three(answer, *inputs):
    """What the answer returns; three numbers in one tensor are three numbers."""
    result = answer(*inputs)
    return tuple(result) if isinstance(result, torch.Tensor) and result.shape == (3,) else result


def _slope_of(rule):
    """amount_line with another slope, of dn, da and the marked numbers and amounts; zero follows from it."""

    def wrong(number, mark, i, g):
        n, a = number[mark == 1], (i * g)[mark == 1]
        slope = rule(n - n.mean(), a - a.mean(), n, a)
        return slope, n.mean() - a.mean() / slope, _line(n, a)[2]

    return wrong


def _no_means(number, mark, i, g):
    n, a = number[mark == 1], (i * g)[mark == 1]
    slope, product = (n * a).mean() / n.square().mean(), (n * a).mean() ** 2
    return slope, n.mean() - a.mean() / slope, product / (n.square().mean() * a.square().mean())


def _first_sequence(number, mark, i, g):
    return amount_line(number[:1], mark[:1], i[:1], g[:1])


def _amounts_alone_marked(number, mark, i, g):
    return _line(number.flatten(), (i * g * mark).flatten())


def _masked_by_product(number, mark, i, g):
    return _line((number * mark).flatten(), (i * g * mark).flatten())


define(
    "07.5",
    reference=amount_line,
    cases=lambda: [_trace(30, 7), _trace(5, 40), _trace(80, 3)],
    run=_as_three,
    tolerance=1e-4,
    alternatives=[_by_lstsq, _by_cov, _stacked],
    mistakes=[
        mistake(
            "you take all steps, marked or not; only the marked ones are asked for",
            lambda n, m, i, g: _line(n.flatten(), (i * g).flatten()),
        ),
        mistake("you take the steps that are NOT marked", lambda n, m, i, g: amount_line(n, 1 - m, i, g)),
        mistake(
            "multiplying by the mark leaves the other steps in, as zeros; pick the marked ones: `number[mark == 1]`",
            _masked_by_product,
        ),
        mistake(
            "you take the new value g alone; what is written is i * g",
            lambda n, m, i, g: amount_line(n, m, torch.ones_like(i), g),
        ),
        mistake(
            "you take the input gate alone; what is written is i * g",
            lambda n, m, i, g: amount_line(n, m, i, torch.ones_like(g)),
        ),
        mistake(
            "i and g are added; what is written is their product", lambda n, m, i, g: _line(n[m == 1], (i + g)[m == 1])
        ),
        mistake(
            "slope upside down, and zero with it: you fit the number to the amount; divide by the mean of dn², not of da²",
            lambda n, m, i, g: _other_way(*_picked(n, m, i, g)),
        ),
        mistake(
            "your slope is that of the number on the amount: divide by the mean of dn², not of da²",
            _instead(0, lambda s, z, r, n, a: r / s),
        ),
        mistake(
            "this is the correlation, not the slope: divide by the mean of dn² alone",
            _instead(0, lambda s, z, r, n, a: r.sqrt() * s.sign()),
        ),
        mistake(
            "this is the covariance; the slope is the covariance divided by the mean of dn²",
            _instead(0, lambda s, z, r, n, a: s * n.var(correction=0)),
        ),
        mistake("the slope must not lose its sign", _instead(0, lambda s, z, r, n, a: s.abs())),
        mistake("your line is forced through 0: subtract the means first", _through_zero),
        mistake(
            "zero is where the line crosses the axis of the NUMBER; this is the amount at number 0",
            _instead(1, lambda s, z, r, n, a: -s * z),
        ),
        mistake(
            "the sign of the second term is wrong: zero = n̄ − ā / slope",
            _instead(1, lambda s, z, r, n, a: n.mean() + a.mean() / s),
        ),
        mistake(
            "multiplied instead of divided: zero = n̄ − ā / slope",
            _instead(1, lambda s, z, r, n, a: n.mean() - a.mean() * s),
        ),
        mistake(
            "this is the mean number; the line's zero lies ā / slope away from it",
            _instead(1, lambda s, z, r, n, a: n.mean()),
        ),
        mistake("this is the correlation (or its size); R² is its square", _instead(2, lambda s, z, r, n, a: r.sqrt())),
        mistake("this is the correlation; R² is its square", _instead(2, lambda s, z, r, n, a: r.sqrt() * s.sign())),
        mistake("this is 1 − R², the share that the line does NOT explain", _instead(2, lambda s, z, r, n, a: 1 - r)),
        mistake(
            "this is the mean squared deviation from the line; R² compares it with the variance of the amounts",
            _instead(2, lambda s, z, r, n, a: (a - s * (n - z)).square().mean()),
        ),
        mistake("the mean number is missing: zero = n̄ − ā / slope", _instead(1, lambda s, z, r, n, a: -a.mean() / s)),
        mistake(
            "your slope divides a mean by `n.var()`, which counts one less; use the mean of dn² (or `var(correction=0)`)",
            lambda n, m, i, g: _mixed(*_picked(n, m, i, g)),
        ),
        mistake(
            "the mean number is missing in zero, n̄ − ā / slope, and the last one is the correlation; R² is its square",
            lambda n, m, i, g: _two_slips(*_picked(n, m, i, g)),
        ),
        mistake(
            "your slope is upside down: mean of (dn · da) over mean of dn²",
            _slope_of(lambda dn, da, n, a: dn.square().mean() / (dn * da).mean()),
        ),
        mistake(
            "a mean of ratios is another line: divide the mean of (dn · da) by the mean of dn²",
            _slope_of(lambda dn, da, n, a: (da / dn).mean()),
        ),
        mistake(
            "your slope is the ratio of the two spreads, with the correlation left out: mean of (dn · da) over mean of dn²",
            _slope_of(lambda dn, da, n, a: a.std() / n.std()),
        ),
        mistake(
            "your slope is the ratio of the two means, of a line through 0: use the deviations from the means",
            _slope_of(lambda dn, da, n, a: a.mean() / n.mean()),
        ),
        mistake(
            "a sum stands over a mean: both must be means, or both sums",
            _slope_of(lambda dn, da, n, a: (dn * da).sum() / dn.square().mean()),
        ),
        mistake(
            "the numbers' mean is not taken off in the slope: dn = n − n̄",
            _slope_of(lambda dn, da, n, a: (n * da).mean() / n.square().mean()),
        ),
        mistake(
            "slope upside down in zero: n̄ − ā / slope, not slope / ā",
            _instead(1, lambda s, z, r, n, a: n.mean() - s / a.mean()),
        ),
        mistake(
            "½ is only nearly the mean number: zero = n̄ − ā / slope",
            _instead(1, lambda s, z, r, n, a: 0.5 - a.mean() / s),
        ),
        mistake(
            "what is written is i * g; you multiply the new value by the number",
            lambda n, m, i, g: amount_line(n, m, n, g),
        ),
        mistake(
            "in R² the squares below are missing: mean(dn · da)² / (mean(dn²) · mean(da²))",
            _instead(2, lambda s, z, r, n, a: r * n.std(correction=0) * a.std(correction=0)),
        ),
        mistake(
            "in R² you divide by mean(dn²) twice; the second is mean(da²)",
            _instead(2, lambda s, z, r, n, a: s.square()),
        ),
        mistake(
            "in R² the amounts' mean is not taken off: da = a − ā",
            _instead(2, lambda s, z, r, n, a: r * a.var(correction=0) / a.square().mean()),
        ),
        mistake("your means are not taken off: dn and da are deviations from the means", _no_means),
        mistake("you take the first sequence alone; all sequences are asked for", _first_sequence),
        mistake("the amounts are masked, and the numbers are not: pick both, `[mark == 1]`", _amounts_alone_marked),
        mistake(
            "what is written is i * g; you multiply the gate by the number",
            lambda n, m, i, g: amount_line(n, m, i, n),
        ),
        mistake(
            "zero has the wrong sign: zero = n̄ − ā / slope", _instead(1, lambda s, z, r, n, a: a.mean() / s - n.mean())
        ),
        mistake(
            "the mean number is missing in zero, and the sign is turned: n̄ − ā / slope",
            _instead(1, lambda s, z, r, n, a: a.mean() / s),
        ),
        mistake(
            "in R² the mean of (dn · da) must be squared",
            _instead(2, lambda s, z, r, n, a: s / a.var(correction=0)),
        ),
        mistake(
            "in R² a sum stands over means: all three must be means, or all three sums",
            _instead(2, lambda s, z, r, n, a: r * len(n) ** 2),
        ),
        mistake(
            "in R² only one of the two mean squares divides: mean(dn · da)² / (mean(dn²) · mean(da²))",
            _instead(2, lambda s, z, r, n, a: r * a.var(correction=0)),
        ),
        mistake(
            "in R² only the mean square of the amounts divides: mean(dn · da)² / (mean(dn²) · mean(da²))",
            _instead(2, lambda s, z, r, n, a: r * n.var(correction=0)),
        ),
        mistake(
            "the order is slope, zero, R²: your R² comes first",
            slips.with_result(amount_line, lambda three: (three[2], three[0], three[1])),
        ),
        slips.results_swapped(
            amount_line, 0, 1, says="slope and zero have changed places: the order is slope, zero, R²"
        ),
        mistake(
            "slope alone; three numbers are wanted: slope, zero, R²", lambda n, m, i, g: amount_line(n, m, i, g)[0]
        ),
        mistake("R² is missing: three numbers are wanted", lambda n, m, i, g: amount_line(n, m, i, g)[:2]),
    ],
)
