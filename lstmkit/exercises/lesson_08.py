"""Lesson 08 · GRU: one step in both published forms, the two z conventions, parameters, ablations."""

from __future__ import annotations

import torch

from lstmkit.exercises import case, define, mistake

# 08.1 · one step, both forms -------------------------------------------------------------------------------------


def gru_step(x_t, h, W, U, b_ih, b_hh, reset_after=True):
    """One GRU step: x_t (N, D), h (N, H), W (3H, D), U (3H, H), b_ih, b_hh (3H,), gates r, z, n. Returns h, (N, H)."""
    H = h.shape[1]
    from_x, from_h = x_t @ W.T + b_ih, h @ U.T + b_hh
    r, z = (from_x + from_h)[:, : 2 * H].sigmoid().chunk(2, dim=1)
    part = r * from_h[:, 2 * H :] if reset_after else (r * h) @ U[2 * H :].T + b_hh[2 * H :]
    n = torch.tanh(from_x[:, 2 * H :] + part)
    return (1 - z) * n + z * h


def _variant(
    mix=lambda z, n, h: (1 - z) * n + z * h, act=torch.tanh, gate=torch.sigmoid, swap=False, reset=None, inner=None
):
    """gru_step with another rule: mix of z, n, h; act of n; gate; r and z swapped; inner(r, from_x_n, part) before act."""

    def step(x_t, h, W, U, b_ih, b_hh, reset_after=True):
        H = h.shape[1]
        from_x, from_h = x_t @ W.T + b_ih, h @ U.T + b_hh
        r, z = gate((from_x + from_h)[:, : 2 * H]).chunk(2, dim=1)
        r, z = (z, r) if swap else (r, z)
        after = reset_after if reset is None else reset(reset_after)
        part = r * from_h[:, 2 * H :] if after else (r * h) @ U[2 * H :].T + b_hh[2 * H :]
        if inner is not None:
            part, from_n = inner(r, from_x[:, 2 * H :], from_h[:, 2 * H :])
            return mix(z, act(from_n + part), h)
        return mix(z, act(from_x[:, 2 * H :] + part), h)

    return step


def _bias_outside(x_t, h, W, U, b_ih, b_hh, reset_after=True):
    H = h.shape[1]
    b_n = torch.cat([torch.zeros_like(b_hh[: 2 * H]), b_hh[2 * H :]])
    return gru_step(x_t, h, W, U, b_ih + b_n, b_hh - b_n, reset_after)


def _without_b_hh(x_t, h, W, U, b_ih, b_hh, reset_after=True):
    return gru_step(x_t, h, W, U, b_ih, torch.zeros_like(b_hh), reset_after)


def _without_b_ih(x_t, h, W, U, b_ih, b_hh, reset_after=True):
    return gru_step(x_t, h, W, U, torch.zeros_like(b_ih), b_hh, reset_after)


def _bias_gated(x_t, h, W, U, b_ih, b_hh, reset_after=True):
    if reset_after:
        return gru_step(x_t, h, W, U, b_ih, b_hh)
    (Wr, Wz, Wn), (Ur, Uz, Un) = W.chunk(3), U.chunk(3)
    (br, bz, bn), (cr, cz, cn) = b_ih.chunk(3), b_hh.chunk(3)
    r = torch.sigmoid(x_t @ Wr.T + br + h @ Ur.T + cr)
    z = torch.sigmoid(x_t @ Wz.T + bz + h @ Uz.T + cz)
    n = torch.tanh(x_t @ Wn.T + bn + (r * h) @ Un.T + r * cn)
    return (1 - z) * n + z * h


def _block_by_block(x_t, h, W, U, b_ih, b_hh, reset_after=True):
    (Wr, Wz, Wn), (Ur, Uz, Un) = W.chunk(3), U.chunk(3)
    (br, bz, bn), (cr, cz, cn) = b_ih.chunk(3), b_hh.chunk(3)
    r = torch.sigmoid(x_t @ Wr.T + br + h @ Ur.T + cr)
    z = torch.sigmoid(x_t @ Wz.T + bz + h @ Uz.T + cz)
    if reset_after:
        n = torch.tanh(x_t @ Wn.T + bn + r * (h @ Un.T + cn))
    else:
        n = torch.tanh(x_t @ Wn.T + bn + (r * h) @ Un.T + cn)
    return n + z * (h - n)


def _step_cases():
    def made(N, D, H, after, label):
        shapes = [(N, D), (N, H), (3 * H, D), (3 * H, H), (3 * H,), (3 * H,)]
        return case(*map(torch.randn, shapes), reset_after=after, label=label)

    return [
        made(3, 2, 5, True, "reset_after=True"),
        made(3, 2, 5, False, "reset_after=False"),
        made(1, 3, 2, True, "a batch of one, reset_after=True"),
        made(1, 3, 2, False, "a batch of one, reset_after=False"),
    ]


define(
    "08.1",
    reference=gru_step,
    cases=_step_cases,
    gradients=True,
    alternatives=[_block_by_block],
    mistakes=[
        mistake(
            "your z points the other way: here z is the share of the old state, h = (1 - z) * n + z * h",
            _variant(mix=lambda z, n, h: z * n + (1 - z) * h),
        ),
        mistake(
            "the two forms are exchanged: reset_after=True multiplies r into (U_n h + b_hn), after the product",
            _variant(reset=lambda after: not after),
        ),
        mistake(
            "the switch is ignored: with reset_after=False, r must act on h before U_n",
            _variant(reset=lambda after: True),
        ),
        mistake(
            "the reset gate always acts on h first; with reset_after=True it acts after the product",
            _variant(reset=lambda after: False),
        ),
        mistake(
            "b_hn is outside the reset gate: with reset_after=True it is r * (h @ U_n.T + b_hn). This is why torch needs two biases",
            _bias_outside,
        ),
        mistake("with reset_after=False, r acts on h alone; the bias b_hn stays outside", _bias_gated),
        mistake("the bias b_hh is missing", _without_b_hh),
        mistake("the bias b_ih is missing", _without_b_ih),
        mistake("r and z are swapped: torch's order is r, z, n (Keras has z first)", _variant(swap=True)),
        mistake(
            "the reset gate is missing: n must see only the share r of the past", _variant(inner=lambda r, x, h: (h, x))
        ),
        mistake(
            "the reset gate acts on the input too; it gates the past alone",
            _variant(inner=lambda r, x, h: (r * h, r * x)),
        ),
        mistake("n has a sigmoid; the candidate needs tanh, so that it can be negative", _variant(act=torch.sigmoid)),
        mistake("n has no tanh: the candidate is squashed to between -1 and 1", _variant(act=lambda a: a)),
        mistake("the old state is lost: add z * h", _variant(mix=lambda z, n, h: (1 - z) * n)),
        mistake("the candidate enters whole; its share is 1 - z", _variant(mix=lambda z, n, h: n + z * h)),
        mistake("r and z have tanh; a gate needs a sigmoid, between 0 and 1", _variant(gate=torch.tanh)),
    ],
)

# 08.2 · the two directions of z ----------------------------------------------------------------------------------


def flip_z(W, U, b_ih, b_hh):
    """Weights for the convention h = (1 - z) h + z n, from those for h = (1 - z) n + z h: the z block changes its sign."""
    H = U.shape[1]
    sign = torch.ones(3 * H, dtype=U.dtype, device=U.device)
    sign[H : 2 * H] = -1
    return sign[:, None] * W, sign[:, None] * U, sign * b_ih, sign * b_hh


def _flip_block(k):
    def wrong(W, U, b_ih, b_hh):
        H = U.shape[1]
        parts = [part.clone() for part in (W, U, b_ih, b_hh)]
        for part in parts:
            part[k * H : (k + 1) * H] = -part[k * H : (k + 1) * H]
        return tuple(parts)

    return wrong


def _flip_all(W, U, b_ih, b_hh):
    return -W, -U, -b_ih, -b_hh


def _flip_some(*which):
    def wrong(W, U, b_ih, b_hh):
        right = flip_z(W, U, b_ih, b_hh)
        return tuple(
            new if k in which else old for k, (old, new) in enumerate(zip((W, U, b_ih, b_hh), right, strict=True))
        )

    return wrong


def _one_minus(W, U, b_ih, b_hh):
    H = U.shape[1]
    parts = [part.clone() for part in (W, U, b_ih, b_hh)]
    for part in parts:
        part[H : 2 * H] = 1 - part[H : 2 * H]
    return tuple(parts)


def _reordered(W, U, b_ih, b_hh):
    def swap(part):
        r, z, n = part.chunk(3)
        return torch.cat([z, r, n])

    return tuple(map(swap, (W, U, b_ih, b_hh)))


def _unchanged(W, U, b_ih, b_hh):
    return W, U, b_ih, b_hh


def _by_cat(W, U, b_ih, b_hh):
    return [torch.cat([r, -z, n]) for r, z, n in (part.chunk(3) for part in (W, U, b_ih, b_hh))]


define(
    "08.2",
    reference=flip_z,
    cases=lambda: [
        case(torch.randn(6, 3), torch.randn(6, 2), torch.randn(6), torch.randn(6), label="H = 2"),
        case(torch.randn(12, 2), torch.randn(12, 4), torch.randn(12), torch.randn(12), label="H = 4"),
        case(torch.randn(3, 1), torch.randn(3, 1), torch.randn(3), torch.randn(3), label="D = H = 1"),
    ],
    alternatives=[_by_cat],
    mistakes=[
        mistake("that turns the reset gate; the order is r, z, n: z is the second block", _flip_block(0)),
        mistake("that turns the candidate n; the order is r, z, n: z is the second block", _flip_block(2)),
        mistake("every block is turned; only z changes its direction", _flip_all),
        mistake("the biases keep their sign; the whole sum inside the sigmoid must change it", _flip_some(0, 1)),
        mistake(
            "only the biases are turned; the whole sum inside the sigmoid must change its sign, weights too",
            _flip_some(2, 3),
        ),
        mistake("U keeps its sign; the whole sum inside the sigmoid must change it", _flip_some(0, 2, 3)),
        mistake("b_hh keeps its sign; both biases are inside the sigmoid", _flip_some(0, 1, 2)),
        mistake("1 - w is not it: 1 - σ(a) = σ(-a), so the numbers inside change their sign", _one_minus),
        mistake(
            "the blocks are reordered, which is another difference between libraries; here z changes its direction",
            _reordered,
        ),
        mistake("nothing has changed: the z block must change its sign", _unchanged),
    ],
)

# 08.3 · parameters -----------------------------------------------------------------------------------------------

_one = 20 * (10 + 20 + 2)  # one block: H·D + H·H + two biases of H
_right = {"RNN": _one, "GRU": 3 * _one, "LSTM": 4 * _one, "GRU / LSTM": 0.75}

define(
    "08.3",
    reference=_right,
    tolerance=1e-6,
    mistakes=[
        mistake(
            "you count one bias for each block; torch has two, b_ih and b_hh", {"RNN": 620, "GRU": 1860, "LSTM": 2480}
        ),
        mistake("the biases are missing: 2·H for each block", {"RNN": 600, "GRU": 1800, "LSTM": 2400}),
        mistake("the recurrent weights are missing: H·H for each block", {"RNN": 240, "GRU": 720, "LSTM": 960}),
        mistake("the input's weights are missing: H·D for each block", {"RNN": 440, "GRU": 1320, "LSTM": 1760}),
        mistake("you count the two gates; the candidate n has weights as well: three blocks", {"GRU": 2 * _one}),
        mistake("you count the three gates; the candidate g has weights as well: four blocks", {"LSTM": 3 * _one}),
        mistake("the LSTM's cell state has no weights of its own: four blocks, i, f, g, o", {"LSTM": 5 * _one}),
        mistake("turned over: it is GRU divided by LSTM, less than one", {"GRU / LSTM": 4 / 3}),
        mistake("three blocks stand against four, not two against three", {"GRU / LSTM": 2 / 3}),
    ],
)

# 08.4 · what is lost ---------------------------------------------------------------------------------------------

define(
    "08.4",
    reference={"input gate open": "ignore", "forget gate open": "erase", "output gate open": "hide"},
    mistakes=[
        mistake(
            "f still multiplies the old cell, so it can still be erased. What is always written?",
            {"input gate open": "erase"},
        ),
        mistake("o still decides what is shown. What is always written?", {"input gate open": "hide"}),
        mistake(
            "i still decides what is written. With f = 1, what can never become small again?",
            {"forget gate open": "ignore"},
        ),
        mistake(
            "o still decides what is shown. With f = 1, what can never become small again?",
            {"forget gate open": "hide"},
        ),
        mistake(
            "i still decides what is written. With o = 1, h = tanh(c) at every step: who sees it?",
            {"output gate open": "ignore"},
        ),
        mistake(
            "f still multiplies the old cell. With o = 1, h = tanh(c) at every step: who sees it?",
            {"output gate open": "erase"},
        ),
    ],
)

# 08.5 · an ablation of one's own ---------------------------------------------------------------------------------


def coupled(c, i, f, g, o):
    """The LSTM's rule with i tied to 1 - f. All of one shape. Returns (h, c)."""
    c = f * c + (1 - f) * g
    return o * torch.tanh(c), c


def _rule(new_c, new_h=lambda c, o: o * torch.tanh(c)):
    def wrong(c, i, f, g, o):
        c = new_c(c, i, f, g)
        return new_h(c, o), c

    return wrong


def _tied(c, i, f, g):
    return f * c + (1 - f) * g


def _h_from_old(c, i, f, g, o):
    return o * torch.tanh(c), _tied(c, i, f, g)


def _as_lerp(c, i, f, g, o):
    c = torch.lerp(g, c, f)
    return torch.tanh(c) * o, c


define(
    "08.5",
    reference=coupled,
    cases=lambda: [
        case(torch.randn(3, 4), torch.rand(3, 4), torch.rand(3, 4), torch.tanh(torch.randn(3, 4)), torch.rand(3, 4)),
        case(*(torch.rand(2, 3, 5) for _ in range(5)), label="two networks side by side, (M, N, H)"),
        case(*(torch.rand(1, 1) for _ in range(5)), label="one cell"),
    ],
    gradients=True,
    alternatives=[_as_lerp],
    mistakes=[
        mistake(
            "i is still used: in the coupled cell its place is taken by 1 - f", _rule(lambda c, i, f, g: f * c + i * g)
        ),
        mistake(
            "the shares are turned round: f is the share of the old cell, 1 - f of the candidate",
            _rule(lambda c, i, f, g: (1 - f) * c + f * g),
        ),
        mistake(
            "f is dropped and i kept: it should be the other way round, i becomes 1 - f",
            _rule(lambda c, i, f, g: (1 - i) * c + i * g),
        ),
        mistake("h is made from the *old* cell; first the new c, then h = o * tanh(c)", _h_from_old),
        mistake("both shares are f; the candidate's share is 1 - f", _rule(lambda c, i, f, g: f * c + f * g)),
        mistake("the candidate enters whole; its share is 1 - f", _rule(lambda c, i, f, g: f * c + g)),
        mistake("1 - f and i both multiply g; i is to be left out", _rule(lambda c, i, f, g: f * c + (1 - f) * i * g)),
        mistake("the tanh on c is missing: h = o * tanh(c)", _rule(_tied, lambda c, o: o * c)),
        mistake("the output gate is missing: only i was to be left out", _rule(_tied, lambda c, o: torch.tanh(c))),
        mistake("you return (c, h); the order is (h, c)", lambda c, i, f, g, o: coupled(c, i, f, g, o)[::-1]),
        mistake("you return h alone; return h, c", lambda c, i, f, g, o: coupled(c, i, f, g, o)[0]),
    ],
)
