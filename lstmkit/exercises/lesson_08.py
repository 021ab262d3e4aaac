"""Lesson 08 · GRU: one step in both published forms, the two z conventions, parameters, a step without its reset gate."""

from __future__ import annotations

import torch

from lstmkit.exercises import case, define, mistake, slips

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


def _closed_reset(x_t, h, W, U, b_ih, b_hh, reset_after=True):
    """1 - r = σ(-a): the reset block with its sign changed."""
    flip = torch.ones(len(U), 1)
    flip[: h.shape[1]] = -1
    return gru_step(x_t, h, flip * W, flip * U, flip[:, 0] * b_ih, flip[:, 0] * b_hh, reset_after)


def _reset_kept(x_t, h, W, U, b_ih, b_hh, reset_after=True):
    H = h.shape[1]
    r, z = ((x_t @ W.T + b_ih) + (h @ U.T + b_hh))[:, : 2 * H].sigmoid().chunk(2, dim=1)
    return gru_step(x_t, h, W, U, b_ih, b_hh, reset_after) - z * h + z * r * h


def _third_block(x_t, h, W, U, b_ih, b_hh, reset_after=True):
    """All three blocks of (r ∘ h) U, and the third of them taken."""
    x_r, x_z, x_n = (x_t @ W.T + b_ih).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ U.T + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    past = r * h_n if reset_after else ((r * h) @ U.T + b_hh).chunk(3, dim=1)[2]
    return torch.lerp(torch.tanh(x_n + past), h, z)


def _ordered(*order, un_too=True):
    """gru_step with its blocks in another order: where r, z and n are looked for. un_too: U_n of the second form as well."""

    def step(x_t, h, W, U, b_ih, b_hh, reset_after=True):
        from_x, from_h = (x_t @ W.T + b_ih).chunk(3, dim=1), (h @ U.T + b_hh).chunk(3, dim=1)
        x_r, x_z, x_n = (from_x[k] for k in order)
        h_r, h_z, h_n = (from_h[k] for k in order)
        r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
        k = order[2] if un_too else 2
        past = r * h_n if reset_after else (r * h) @ U.chunk(3)[k].T + b_hh.chunk(3)[k]
        return (1 - z) * torch.tanh(x_n + past) + z * h

    return step


def _cut_batch(x_t, h, W, U, b_ih, b_hh, reset_after=True):
    x_r, x_z, x_n = (x_t @ W.T + b_ih).chunk(3)
    h_r, h_z, h_n = (h @ U.T + b_hh).chunk(3)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + r * h_n)
    return (1 - z) * n + z * h


def _before(past):
    """gru_step whose second form has another past(r, h, U, b_hh)."""

    def step(x_t, h, W, U, b_ih, b_hh, reset_after=True):
        if reset_after:
            return gru_step(x_t, h, W, U, b_ih, b_hh)
        x_r, x_z, x_n = (x_t @ W.T + b_ih).chunk(3, dim=1)
        h_r, h_z, _ = (h @ U.T + b_hh).chunk(3, dim=1)
        z = torch.sigmoid(x_z + h_z)
        return (1 - z) * torch.tanh(x_n + past(torch.sigmoid(x_r + h_r), h, U, b_hh)) + z * h

    return step


def _open_after(x_t, h, W, U, b_ih, b_hh, reset_after=True):
    if not reset_after:
        return gru_step(x_t, h, W, U, b_ih, b_hh, False)
    return _variant(inner=lambda r, x, h: (h, x))(x_t, h, W, U, b_ih, b_hh)


def _gated_candidate(x_t, h, W, U, b_ih, b_hh, reset_after=True):
    """r outside the tanh."""
    x_r, x_z, x_n = (x_t @ W.T + b_ih).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ U.T + b_hh).chunk(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return (1 - z) * r * torch.tanh(x_n + h_n) + z * h


def _no_biases(x_t, h, W, U, b_ih, b_hh, reset_after=True):
    return gru_step(x_t, h, W, U, torch.zeros_like(b_ih), torch.zeros_like(b_hh), reset_after)


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
    alternatives=[_block_by_block, _third_block],
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
        mistake("r and z have no sigmoid: a gate is a share, squashed to between 0 and 1", _variant(gate=lambda a: a)),
        mistake("r stands where 1 - r belongs: 1 means that the candidate sees all of the past", _closed_reset),
        mistake("the new state keeps r of the old one as well; r gates the candidate's view alone", _reset_kept),
        mistake(
            "z mixes n with itself: the kept share is that of h, the state before", _variant(mix=lambda z, n, h: n)
        ),
        *(
            mistake(f"your order of the blocks is {name}; torch's is r, z, n{also}", _ordered(*order, un_too=too))
            for name, order in {
                "r, n, z": (0, 2, 1),
                "n, z, r": (2, 1, 0),
                "z, n, r": (2, 0, 1),
                "n, r, z": (1, 2, 0),
            }.items()
            for too, also in ((True, ""), (False, ": the third of them is n, as in your second form"))
        ),
        mistake(
            "chunk(3) without dim cuts the batch; the blocks lie side by side on axis 1: chunk(3, dim=1)", _cut_batch
        ),
        mistake("both biases are missing", _no_biases),
        mistake(
            "with reset_after=False the bias b_hn is missing: add the last third of b_hh after the product",
            _before(lambda r, h, U, b: (r * h) @ U.chunk(3)[2].T),
        ),
        mistake(
            "with reset_after=False the past comes twice: (r * h) @ U_n.T + b_hn alone, without h_n",
            _before(lambda r, h, U, b: (r * h) @ U.chunk(3)[2].T + (h @ U.T + b).chunk(3, dim=1)[2]),
        ),
        mistake(
            "with reset_after=False r is forgotten: it multiplies h, in front of the product",
            _before(lambda r, h, U, b: (h @ U.T + b).chunk(3, dim=1)[2]),
        ),
        mistake("with reset_after=True r is forgotten: it multiplies U_n h + b_hn", _open_after),
        mistake(
            "with reset_after=False that is U's second block, of z; U_n is the third: U[2 * H :]",
            _before(lambda r, h, U, b: (r * h) @ U.chunk(3)[1].T + b.chunk(3)[2]),
        ),
        mistake(
            "with reset_after=False that is U's first block, of r; U_n is the third: U[2 * H :]",
            _before(lambda r, h, U, b: (r * h) @ U.chunk(3)[0].T + b.chunk(3)[2]),
        ),
        mistake(
            "with reset_after=False U_n is not transposed: (r * h) @ U_n.T",
            _before(lambda r, h, U, b: (r * h) @ U.chunk(3)[2] + b.chunk(3)[2]),
        ),
        mistake("r stands outside the tanh; it belongs inside, at the past", _gated_candidate),
        mistake("the candidate is lost: it is n that gets the share 1 - z", _variant(mix=lambda z, n, h: h)),
        mistake(
            "the new state goes through tanh once more; the mean of n and h is the state",
            _variant(mix=lambda z, n, h: torch.tanh((1 - z) * n + z * h)),
        ),
        mistake(
            "the old state is subtracted: the two shares are added up",
            _variant(mix=lambda z, n, h: (1 - z) * n - z * h),
        ),
        slips.batch_summed(gru_step, says="the sequences of the batch are added up: each has a state of its own"),
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


def _flip_rows(start, stop):
    """Blocks start … stop - 1 turned."""

    def wrong(W, U, b_ih, b_hh):
        H = U.shape[1]
        parts = [part.clone() for part in (W, U, b_ih, b_hh)]
        for part in parts:
            part[start * H : stop * H] *= -1
        return tuple(parts)

    return wrong


def _flip_by_inputs(W, U, b_ih, b_hh):
    D = W.shape[1]
    parts = [part.clone() for part in (W, U, b_ih, b_hh)]
    for part in parts:
        part[D : 2 * D] *= -1
    return tuple(parts)


def _flip_one_row(W, U, b_ih, b_hh):
    parts = [part.clone() for part in (W, U, b_ih, b_hh)]
    for part in parts:
        part[1] *= -1
    return tuple(parts)


def _moved(*order, of_z=lambda z: -z):
    """The blocks r, of_z(z), n in another order."""

    def wrong(W, U, b_ih, b_hh):
        made = []
        for part in (W, U, b_ih, b_hh):
            r, z, n = part.chunk(3)
            blocks = r, of_z(z), n
            made.append(torch.cat([blocks[k] for k in order]))
        return tuple(made)

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


def _flip_rest(W, U, b_ih, b_hh):
    return tuple(-part for part in flip_z(W, U, b_ih, b_hh))


def _z_alone(W, U, b_ih, b_hh):
    return tuple(-part.chunk(3)[1] for part in (W, U, b_ih, b_hh))


def _flip_columns(W, U, b_ih, b_hh):
    return tuple(torch.cat([r, -z, n], dim=-1) for r, z, n in (part.chunk(3, dim=-1) for part in (W, U, b_ih, b_hh)))


def _by_cat(W, U, b_ih, b_hh):
    return [torch.cat([r, -z, n]) for r, z, n in (part.chunk(3) for part in (W, U, b_ih, b_hh))]


define(
    "08.2",
    reference=flip_z,
    cases=lambda: [
        case(torch.randn(6, 3), torch.randn(6, 2), torch.randn(6), torch.randn(6), label="H = 2"),
        case(torch.randn(12, 2), torch.randn(12, 4), torch.randn(12), torch.randn(12), label="H = 4"),
        case(torch.randn(9, 5), torch.randn(9, 3), torch.randn(9), torch.randn(9), label="H = 3"),
    ],
    alternatives=[_by_cat],
    mistakes=[
        mistake("that turns the reset gate; the order is r, z, n: z is the second block", _flip_block(0)),
        mistake("that turns the candidate n; the order is r, z, n: z is the second block", _flip_block(2)),
        mistake("every block is turned; only z changes its direction", _flip_all),
        mistake("r is turned, too: z is the second block alone, rows H to 2H", _flip_rows(0, 2)),
        mistake("n is turned, too: z is the second block alone, rows H to 2H", _flip_rows(1, 3)),
        mistake("H is the number of units, U.shape[1]; you take the number of inputs, W.shape[1]", _flip_by_inputs),
        mistake("one row is turned; the z block has H of them, rows H to 2H", _flip_one_row),
        mistake("z and n have changed places; the blocks keep their order, r, -z, n", _moved(0, 2, 1)),
        mistake(
            "z and n have changed places, and no sign: the blocks keep their order, r, -z, n",
            _moved(0, 2, 1, of_z=lambda z: z),
        ),
        mistake(
            "each block's sign is lost: z changes its sign, it does not become positive",
            _moved(0, 1, 2, of_z=lambda z: z.abs()),
        ),
        mistake(
            "1 / z is not it: 1 - σ(a) = σ(-a), so the numbers inside change their sign",
            _moved(0, 1, 2, of_z=lambda z: 1 / z),
        ),
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
        mistake(
            "nothing has changed: a z block that is turned must also be put back, and the result returned", _unchanged
        ),
        mistake("W keeps its sign; the whole sum inside the sigmoid must change it", _flip_some(1, 2, 3)),
        mistake("b_ih keeps its sign; both biases are inside the sigmoid", _flip_some(0, 1, 3)),
        mistake("the blocks r and n are turned; z, the second one, must be", _flip_rest),
        mistake("the z blocks alone are returned; put them back between r and n: torch.cat([r, -z, n])", _z_alone),
        mistake("W alone is turned; U and both biases stand in the same sigmoid", _flip_some(0)),
        mistake("U alone is turned; W and both biases stand in the same sigmoid", _flip_some(1)),
        mistake("W and b_ih are turned, the state's half is not; both stand in the same sigmoid", _flip_some(0, 2)),
        mistake("U and b_hh are turned, the input's half is not; both stand in the same sigmoid", _flip_some(1, 3)),
        mistake("r, z, n lie along the *first* axis: .chunk(3), not .chunk(3, dim=-1)", _flip_columns),
    ],
)

# 08.3 · parameters -----------------------------------------------------------------------------------------------

_one = 20 * (10 + 20 + 2)  # one block: H·D + H·H + two biases of H
_budget = "GRU units for the same budget"
_right = {"RNN": _one, "GRU": 3 * _one, "LSTM": 4 * _one, "GRU / LSTM": 0.75, _budget: 23}

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
        mistake("that is four blocks; the GRU has three: r, z, n", {"GRU": 4 * _one}),
        mistake(
            "the biases are counted once for all blocks; every block has two of its own", {"GRU": 1840, "LSTM": 2440}
        ),
        mistake("turned over: it is GRU divided by LSTM, less than one", {"GRU / LSTM": 4 / 3}),
        mistake("three blocks stand against four, not two against three", {"GRU / LSTM": 2 / 3}),
        mistake("that is in per cent; a ratio is wanted", {"GRU / LSTM": 75}),
        mistake("that many need 2592 parameters, more than the LSTM's 2560", {_budget: 24}),
        mistake(
            "four thirds of 20 would be right if the weights grew with H; most of them grow with H²", {_budget: 27}
        ),
        mistake(
            "four thirds of 20 would be right if the weights grew with H; U grows with H², and this is too many",
            {_budget: 26},
        ),
        mistake("that many fit, but so do more: a GRU of 23 units has 2415", {_budget: 22}),
        mistake("you go the wrong way: the GRU has fewer blocks, so it can afford more units", {_budget: 15}),
        mistake("with 20 units the GRU leaves a quarter of the budget unused", {_budget: 20}),
        mistake("that many fit, but so do two more: a GRU of 23 units has 2415", {_budget: 21}),
        mistake("that many need 2775 parameters, more than the LSTM's 2560", {_budget: 25}),
        mistake("units are whole: the largest whole number that fits is wanted", {_budget: 23.8}),
        mistake("units are whole: the largest number without a fraction that fits is wanted", {_budget: 23.83}),
        mistake("D and H have changed places: D = 10 inputs, H = 20 units", {"RNN": 320, "GRU": 960, "LSTM": 1280}),
        mistake("that is what is saved; the ratio of the numbers is wanted", {"GRU / LSTM": 0.25}),
        mistake("rounded too early: the ratio is exact", {"GRU / LSTM": 0.8}),
    ],
)

# 08.4 · without the reset gate -----------------------------------------------------------------------------------


def without_reset(x_t, h, W, U, b_ih, b_hh):
    """One GRU step with r = 1: x_t (N, D), h (N, H), W (2H, D), U (2H, H), b_ih, b_hh (2H,), blocks z, n. Returns h, (N, H)."""
    x_z, x_n = (x_t @ W.T + b_ih).chunk(2, dim=1)
    h_z, h_n = (h @ U.T + b_hh).chunk(2, dim=1)
    z = torch.sigmoid(x_z + h_z)
    return (1 - z) * torch.tanh(x_n + h_n) + z * h


def _lean(
    mix=lambda z, n, h: (1 - z) * n + z * h, act=torch.tanh, gate=torch.sigmoid, swap=False, past=lambda z, h_n: h_n
):
    """without_reset with another rule: mix of z, n, h; act of n; gate; z and n swapped; what the candidate sees of the past."""

    def step(x_t, h, W, U, b_ih, b_hh):
        x_z, x_n = (x_t @ W.T + b_ih).chunk(2, dim=1)
        h_z, h_n = (h @ U.T + b_hh).chunk(2, dim=1)
        if swap:
            x_z, x_n, h_z, h_n = x_n, x_z, h_n, h_z
        z = gate(x_z + h_z)
        return mix(z, act(x_n + past(z, h_n)), h)

    return step


def _blind_gate(x_t, h, W, U, b_ih, b_hh):
    x_z, x_n = (x_t @ W.T + b_ih).chunk(2, dim=1)
    z = torch.sigmoid(x_z)
    return (1 - z) * torch.tanh(x_n + (h @ U.T + b_hh).chunk(2, dim=1)[1]) + z * h


def _deaf_gate(x_t, h, W, U, b_ih, b_hh):
    _, x_n = (x_t @ W.T + b_ih).chunk(2, dim=1)
    h_z, h_n = (h @ U.T + b_hh).chunk(2, dim=1)
    z = torch.sigmoid(h_z)
    return (1 - z) * torch.tanh(x_n + h_n) + z * h


def _deaf_candidate(x_t, h, W, U, b_ih, b_hh):
    x_z, _ = (x_t @ W.T + b_ih).chunk(2, dim=1)
    h_z, h_n = (h @ U.T + b_hh).chunk(2, dim=1)
    z = torch.sigmoid(x_z + h_z)
    return (1 - z) * torch.tanh(h_n) + z * h


def _raw_past(x_t, h, W, U, b_ih, b_hh):
    x_z, x_n = (x_t @ W.T + b_ih).chunk(2, dim=1)
    z = torch.sigmoid(x_z + (h @ U.T + b_hh).chunk(2, dim=1)[0])
    return (1 - z) * torch.tanh(x_n + h) + z * h


def _lean_cut(x_t, h, W, U, b_ih, b_hh):
    x_z, x_n = (x_t @ W.T + b_ih).chunk(2)
    h_z, h_n = (h @ U.T + b_hh).chunk(2)
    z = torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + h_n)
    return (1 - z) * n + z * h


def _lean_three(x_t, h, W, U, b_ih, b_hh):
    x_r, x_z, x_n = (x_t @ W.T + b_ih).chunk(3, dim=1)
    h_r, h_z, h_n = (h @ U.T + b_hh).chunk(3, dim=1)
    z = torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + h_n)
    return (1 - z) * n + z * h


def _lean_no_biases(x_t, h, W, U, b_ih, b_hh):
    return without_reset(x_t, h, W, U, torch.zeros_like(b_ih), torch.zeros_like(b_hh))


def _lean_one_product(x_t, h, W, U, b_ih, b_hh):
    inside_z, inside_n = (x_t @ W.T + h @ U.T + b_ih + b_hh).chunk(2, dim=1)
    n = inside_n.tanh()
    return n + inside_z.sigmoid() * (h - n)


def _lean_cases():
    def made(N, D, H, label=""):
        return case(*map(torch.randn, [(N, D), (N, H), (2 * H, D), (2 * H, H), (2 * H,), (2 * H,)]), label=label)

    return [made(3, 2, 5), made(4, 3, 2), made(1, 2, 3, "a batch of one")]


define(
    "08.4",
    reference=without_reset,
    cases=_lean_cases,
    gradients=True,
    alternatives=[_lean_one_product],
    mistakes=[
        mistake(
            "the candidate sees nothing of the past: that is r = 0. With r = 1 it sees all of h_n",
            _lean(past=lambda z, h_n: 0 * h_n),
        ),
        mistake(
            "z stands in the reset gate's place: with r = 1 nothing gates the past", _lean(past=lambda z, h_n: z * h_n)
        ),
        mistake(
            "your z points the other way: here z is the share of the old state, h = (1 - z) * n + z * h",
            _lean(mix=lambda z, n, h: z * n + (1 - z) * h),
        ),
        mistake("the blocks are swapped: here the order is z, n", _lean(swap=True)),
        mistake(
            "this is a step without the *update* gate: the candidate is the whole new state",
            _lean(mix=lambda z, n, h: n),
        ),
        mistake("the old state is lost: add z * h", _lean(mix=lambda z, n, h: (1 - z) * n)),
        mistake("the candidate enters whole; its share is 1 - z", _lean(mix=lambda z, n, h: n + z * h)),
        mistake("n has no tanh: the candidate is squashed to between -1 and 1", _lean(act=lambda a: a)),
        mistake("n has a sigmoid; the candidate needs tanh, so that it can be negative", _lean(act=torch.sigmoid)),
        mistake("z has no sigmoid: a gate is a share, squashed to between 0 and 1", _lean(gate=lambda a: a)),
        mistake(
            "the bias b_hh is missing",
            slips.with_inputs(without_reset, lambda x, h, W, U, b, d: (x, h, W, U, b, torch.zeros_like(d))),
        ),
        mistake(
            "the bias b_ih is missing",
            slips.with_inputs(without_reset, lambda x, h, W, U, b, d: (x, h, W, U, torch.zeros_like(b), d)),
        ),
        mistake("z reads the input alone: inside its sigmoid stands the state's part, too", _blind_gate),
        mistake("z reads the state alone: inside its sigmoid stands the input's part, too", _deaf_gate),
        mistake("the candidate reads the past alone: inside the tanh stands the input's part, too", _deaf_candidate),
        mistake("the candidate sees h itself; the past goes through its block of U: h_n", _raw_past),
        mistake("both biases are missing", _lean_no_biases),
        mistake(
            "chunk(2) without dim cuts the batch; the blocks lie side by side on axis 1: chunk(2, dim=1)", _lean_cut
        ),
        mistake("there are two blocks here, z and n: chunk(2, dim=1), not chunk(3, dim=1)", _lean_three),
        mistake(
            "r = 1 multiplies the past, it is not added to it: tanh(x_n + h_n)", _lean(past=lambda z, h_n: h_n + 1)
        ),
        mistake("the old state is kept whole; its share is z", _lean(mix=lambda z, n, h: (1 - z) * n + h)),
        mistake("both enter whole: the shares are 1 - z and z", _lean(mix=lambda z, n, h: n + h)),
        mistake(
            "that is z = 1, nothing is ever written; it is the reset gate that is 1", lambda x, h, *weights: h.clone()
        ),
        slips.batch_summed(without_reset, says="the sequences of the batch are added up: each has a state of its own"),
    ],
)
