"""Lesson 29 · State dynamics: unstable directions, the squared speed, a cube of four bits, exponents by QR, factors."""

from __future__ import annotations

import math

import torch

from lstmkit.exercises import case, define, mistake, slips

# 29.1 · unstable directions ---------------------------------------------------------------------------------------


def unstable_directions(J):
    """How many eigenvalues of each (H, H) Jacobian are larger than 1 in absolute value. (P, H, H) -> (P,)."""
    return (torch.linalg.eigvals(J).abs() > 1).sum(dim=1)


def _one_by_one(J):
    found = []
    for matrix in J:
        count = 0
        for value in torch.linalg.eigvals(matrix):
            if abs(value) > 1:
                count += 1
        found.append(count)
    return torch.tensor(found)


def _of_the_transpose(J):
    values = torch.linalg.eigvals(J.mT)
    return (values.real**2 + values.imag**2 > 1).sum(1)


def _counted(rule):
    return lambda J: rule(torch.linalg.eigvals(J)).sum(1)


def _with(values, *, seed=0):
    """A matrix with these eigenvalues, a complex one for a conjugate pair, in a random basis."""
    blocks = [
        torch.tensor([[v.real, -v.imag], [v.imag, v.real]]) if isinstance(v, complex) else torch.tensor([[float(v)]])
        for v in values
    ]
    basis = torch.randn(len(torch.block_diag(*blocks)), len(torch.block_diag(*blocks)), dtype=torch.float64)
    return basis @ torch.block_diag(*blocks).double() @ basis.inverse()


def _matrices():
    return [
        case(torch.stack([_with([1.4, 0.5, 0.2, -0.6]), _with([1.3, 1.2, -0.4, 0.1]), _with([0.9, 0.7, 0.3, 0.2])])),
        case(torch.stack([_with([-1.3, 0.5, 0.2]), _with([-1.2, -1.4, 1.1])]), label="negative eigenvalues"),
        case(torch.stack([_with([0.8 + 0.7j, 0.4, 0.3]), _with([0.1 + 0.9j, 0.5, 1.6])]), label="a complex pair"),
        case(torch.stack([_with([-0.9 + 0.8j, 0.2, 0.6, -0.3])]), label="one fixed point"),
        case(torch.tensor([[[0.5, 8.0], [0.0, 0.6]], [[1.5, 0.0], [3.0, 0.2]]]).double(), label="a matrix that can stretch a vector once"),
    ]  # fmt: skip


define(
    "29.1",
    reference=unstable_directions,
    cases=_matrices,
    alternatives=[_one_by_one, _of_the_transpose],
    mistakes=[
        mistake("that is the rule for time that flows, dh/dt, where growth means a real part above 0; a network takes steps: its deviation is "
                "*multiplied*, so compare the absolute value with 1", _counted(lambda v: v.real > 0)),
        mistake("you compare the real part with 1 (or that of J − I with 0); an eigenvalue of −1.3 or 0.8 + 0.7i grows, too: take the absolute value",
                _counted(lambda v: v.real > 1)),
        mistake("for complex eigenvalues you take the absolute value of the real part alone: `.abs()` of the complex number itself",
                _counted(lambda v: v.real.abs() > 1)),
        mistake("you compare the absolute value with 0: in steps, what is multiplied by less than 1 dies out", _counted(lambda v: v.abs() > 0)),
        mistake("you count the stable directions, |eigenvalue| below 1", _counted(lambda v: v.abs() < 1)),
        mistake("those are singular values: they say how far a vector can be stretched *once*, not what becomes of it in the long run",
                lambda J: (torch.linalg.svdvals(J) > 1).sum(1)),
        mistake("you took the eigenvalues of J Jᵀ, the squares of its singular values: of J itself",
                lambda J: (torch.linalg.eigvalsh(J @ J.mT) > 1.21).sum(1)),
        mistake("`eigvalsh` is for symmetric matrices and reads only one triangle of yours: `torch.linalg.eigvals`",
                lambda J: (torch.linalg.eigvalsh(J).abs() > 1).sum(1)),
        mistake("`eigvalsh` is for symmetric matrices, and an eigenvalue may be negative: `torch.linalg.eigvals`, then `.abs()`",
                lambda J: (torch.linalg.eigvalsh(J) > 1).sum(1)),
        mistake("those are the absolute values themselves; how many of each fixed point's are above 1?", lambda J: torch.linalg.eigvals(J).abs()),
        mistake("that says of each direction whether it grows; count the True ones of each fixed point: `.sum(dim=1)`",
                lambda J: torch.linalg.eigvals(J).abs() > 1),
        mistake("a count is a whole number: sum the True ones as they are, they need not be made floats first",
                lambda J: (torch.linalg.eigvals(J).abs() > 1).double().sum(1)),
        mistake("those are the entries on the diagonal: eigenvalues only of a triangular matrix",
                lambda J: (J.diagonal(dim1=1, dim2=2).abs() > 1).sum(1)),
        mistake("you took the eigenvalues of J − I, which belong to the change in a step; those of J tell what a deviation is multiplied by",
                lambda J: (torch.linalg.eigvals(J - torch.eye(J.shape[1], dtype=J.dtype)).abs() > 1).sum(1)),
        mistake("complex numbers have no order, so they cannot be compared with 1: take their absolute value first, `.abs()`",
                lambda J: (torch.linalg.eigvals(J) > 1).sum(1)),
        mistake("that is whether there is an unstable direction; how many are there?", lambda J: (torch.linalg.eigvals(J).abs() > 1).any(1)),
        mistake("that is 1 where there is an unstable direction; how many are there?",
                lambda J: (torch.linalg.eigvals(J).abs().amax(1) > 1).long()),
        mistake("that is the largest absolute value; how many are above 1?", lambda J: torch.linalg.eigvals(J).abs().amax(1)),
        mistake("a complex pair turns in a plane: that is two directions, not one",
                _counted(lambda v: (v.abs() > 1) & (v.imag >= 0))),
        mistake("complex eigenvalues count as well: their pair turns *and* grows where the absolute value is above 1",
                _counted(lambda v: (v.abs() > 1) & (v.imag.abs() < 1e-9))),
        mistake("that is the sum over all fixed points; each has a count of its own: `.sum(dim=1)`",
                lambda J: (torch.linalg.eigvals(J).abs() > 1).sum()),
        mistake("you summed over the fixed points, dim=0; each has a count of its own: dim=1",
                lambda J: (torch.linalg.eigvals(J).abs() > 1).sum(0)),
        mistake("that is the share of the directions; their number is wanted: .sum, not .mean",
                lambda J: (torch.linalg.eigvals(J).abs() > 1).double().mean(1)),
    ],
)  # fmt: skip

# 29.2 · the squared speed -----------------------------------------------------------------------------------------


def squared_speed(h, U, b):
    """½‖F(h) − h‖² and its gradient in h, F(h) = tanh(U h + b). (N, H) -> (N,), (N, H)."""
    after = torch.tanh(h @ U.T + b)
    v = after - h
    gradient = (v * (1 - after**2)) @ U - v
    return v.square().sum(dim=1) / 2, gradient


def _by_autograd(h, U, b):
    h = h.detach().clone().requires_grad_()
    q = (torch.tanh(h @ U.T + b) - h).square().sum(1) / 2
    return q.detach(), torch.autograd.grad(q.sum(), h)[0]


def _by_the_jacobian(h, U, b):
    q, gradient = [], []
    for one in h:
        after = torch.tanh(U @ one + b)
        A = (1 - after**2)[:, None] * U - torch.eye(len(one), dtype=h.dtype)
        q.append(0.5 * (after - one) @ (after - one))
        gradient.append(A.T @ (after - one))
    return torch.stack(q), torch.stack(gradient)


def _speed(gradient, forward=lambda h, U, b: h @ U.T + b, size=lambda v: v.square().sum(1) / 2):
    """The squared speed with one part done in another way. gradient(v, after, h, U)."""

    def wrong(h, U, b):
        after = torch.tanh(forward(h, U, b))
        v = after - h
        return size(v), gradient(v, after, h, U)

    return wrong


def _right(v, after, h, U):
    return (v * (1 - after**2)) @ U - v


def _networks():
    def one(N, H, scale=1.0):
        return torch.randn(N, H).double(), scale * torch.randn(H, H).double() / H**0.5, torch.randn(H).double()

    return [case(*one(4, 3, 1.5)), case(*one(2, 5)), case(*one(1, 4), label="a batch of one")]


define(
    "29.2",
    reference=squared_speed,
    cases=_networks,
    alternatives=[_by_autograd, _by_the_jacobian],
    mistakes=[
        mistake("your gradient lacks − v: h stands in F(h) − h twice, and its second place gives minus the identity",
                _speed(lambda v, after, h, U: (v * (1 - after**2)) @ U)),
        mistake("the last term of your gradient has the wrong sign: (J − I)ᵀ v = Jᵀ v − v", _speed(lambda v, after, h, U: (v * (1 - after**2)) @ U + v)),
        mistake("the sign of your gradient is the wrong way round: descent would climb", _speed(lambda *p: -_right(*p))),
        mistake("that is the gradient of the *speed* ‖F(h) − h‖, your gradient is divided by its length; of ½ of its square there is no such division",
                _speed(lambda v, *p: _right(v, *p) / v.norm(dim=1, keepdim=True))),
        mistake("your gradient is twice too large: the ½ in front of the square takes the 2 away", _speed(lambda *p: 2 * _right(*p))),
        mistake("the ½ is missing in q", _speed(_right, size=lambda v: v.square().sum(1))),
        mistake("the ½ is missing in q and in its gradient: they are twice too large", _speed(lambda *p: 2 * _right(*p), size=lambda v: v.square().sum(1))),
        mistake("that is the speed itself; its square, halved, is wanted", _speed(_right, size=lambda v: v.norm(dim=1))),
        mistake("that is half the speed; half of its *square* is wanted", _speed(_right, size=lambda v: v.norm(dim=1) / 2)),
        mistake("speed and gradient both belong to ‖F(h) − h‖; ½ of its square is wanted: no root, and no division by the length",
                _speed(lambda v, *p: _right(v, *p) / v.norm(dim=1, keepdim=True), size=lambda v: v.norm(dim=1))),
        mistake("you multiply by U where its transpose belongs (for rows of a batch: `… @ U`, not `… @ U.T`): the gradient goes *back* through U",
                _speed(lambda v, after, h, U: (v * (1 - after**2)) @ U.T - v)),
        mistake("that is J v, a step forward; the gradient is Jᵀ v: first the slopes, then U, as in one step back through time",
                _speed(lambda v, after, h, U: (v @ U.T) * (1 - after**2) - v)),
        mistake("the slopes stand behind U: going back, the tanh comes first and then U", _speed(lambda v, after, h, U: (v @ U) * (1 - after**2) - v)),
        mistake("the slopes of the tanh are missing in your gradient", _speed(lambda v, after, h, U: v @ U - v)),
        mistake("you take the slope at h; it is 1 − F(h)², of the tanh's *result*", _speed(lambda v, after, h, U: (v * (1 - h**2)) @ U - v)),
        mistake("you take 1 − v² for the slope; it is 1 − F(h)²", _speed(lambda v, after, h, U: (v * (1 - v**2)) @ U - v)),
        mistake("you take 1 − F(h) for the slope; the slope of tanh is 1 − F(h)²", _speed(lambda v, after, h, U: (v * (1 - after)) @ U - v)),
        mistake("you take 1 − (U h + b)² for the slope; it is 1 − F(h)², of the tanh's *result*",
                _speed(lambda v, after, h, U: (v * (1 - after.atanh() ** 2)) @ U - v)),
        mistake("going forward, each row h is multiplied by Uᵀ: `h @ U.T`", _speed(_right, forward=lambda h, U, b: h @ U + b)),
        mistake("U and its transpose have changed places, forward and back: rows go forward by `h @ U.T` and back by `… @ U`",
                _speed(lambda v, after, h, U: (v * (1 - after**2)) @ U.T - v, forward=lambda h, U, b: h @ U + b)),
        mistake("your gradient is summed over the starts: each has one of its own, (N, H)", slips.with_result(squared_speed, lambda g: g.sum(0), part=1)),
        mistake("the ½ is missing in q, and it is the mean over the H numbers where their sum is wanted", _speed(_right, size=lambda v: v.square().mean(1))),
        mistake("the bias is missing", _speed(_right, forward=lambda h, U, b: h @ U.T)),
        mistake("the mean of the squares is taken where their sum is wanted", _speed(_right, size=lambda v: v.square().mean(1) / 2)),
        mistake("q is summed over the starts as well: each has one of its own, `.sum(dim=1)`", _speed(_right, size=lambda v: v.square().sum() / 2)),
        mistake("q is summed over the starts, dim=0: sum over the H numbers of each, dim=1", _speed(_right, size=lambda v: v.square().sum(0) / 2)),
        mistake("q has a number for each unit: sum over the H units, `.sum(dim=1)`", _speed(_right, size=lambda v: v.square() / 2)),
        mistake("an axis of size 1 is left over in q: (N,) is wanted, no keepdim", _speed(_right, size=lambda v: v.square().sum(1, keepdim=True) / 2)),
        slips.results_swapped(squared_speed, says="first q, then its gradient"),
        mistake("the gradient is missing: return both", lambda h, U, b: squared_speed(h, U, b)[0]),
        mistake("q is missing: return both", lambda h, U, b: squared_speed(h, U, b)[1]),
    ],
)  # fmt: skip

# 29.3 · four bits -------------------------------------------------------------------------------------------------

FOUR = {"stable": 16, "two unstable directions": 24, "four unstable directions": 1, "in all": 81}

define(
    "29.3",
    reference=FOUR,
    mistakes=[
        mistake("those are the three bits of this network again; what has a memory of four?",
                {"stable": 8, "two unstable directions": 6, "in all": 27}),
        mistake("stable: not 2 for each of four bits but 2 · 2 · 2 · 2, a pattern each", {"stable": 8}),
        mistake("stable: four bits have more than four patterns: each bit doubles their number", {"stable": 4}),
        mistake("stable: one pattern for each choice of four signs, none left out and none besides", {"stable": 15}),
        mistake("stable: 12 is the number of a cube's *edges*; count the patterns of four signs, 2 · 2 · 2 · 2", {"stable": 12}),
        mistake("two unstable directions: these are the points with *one* unstable direction, 4 · 2³; two of the four bits are to be undecided",
                {"two unstable directions": 32}),
        mistake("two unstable directions: that is only the choice of the two undecided bits; the other two still have 2 · 2 patterns",
                {"two unstable directions": 6}),
        mistake("two unstable directions: that counts the choice of the undecided pair in order; “first and third” is the same pair as “third and first”",
                {"two unstable directions": 48}),
        mistake("two unstable directions: the two decided bits have four patterns, 2 · 2, not two", {"two unstable directions": 12}),
        mistake("two unstable directions: that is the patterns of the two decided bits; which two of the four are decided?",
                {"two unstable directions": 4}),
        mistake("two unstable directions: that is the number with three, 4 · 2", {"two unstable directions": 8}),
        mistake("two unstable directions: not 6 · 2 · 2 but 6 · 3: the decided bits have 2 · 2 patterns", {"two unstable directions": 18}),
        mistake("four unstable directions: there is one such point, the middle of everything: no bit is decided", {"four unstable directions": 0}),
        mistake("four unstable directions: all bits undecided, and that can be in one way only", {"four unstable directions": 4}),
        mistake("four unstable directions: all bits undecided leaves no pattern to choose", {"four unstable directions": 16}),
        mistake("four unstable directions: that is how many have three, 4 · 2", {"four unstable directions": 8}),
        mistake("in all: a further bit does not double the points but triples them: minus, undecided, plus", {"in all": 54}),
        mistake("in all: those are 4 · 4 · 4; each of four bits has three places, 3 · 3 · 3 · 3", {"in all": 64}),
        mistake("in all: 3 · 4 adds up where places multiply: each of four bits has three of its own", {"in all": 12}),
        mistake("in all: the points with one and with three unstable directions are missing in your sum", {"in all": 41}),
        mistake("in all: those are the stable ones alone", {"in all": 16}),
        mistake("in all: those with no unstable direction are missing", {"in all": 65}),
        mistake("in all: the middle of everything is missing", {"in all": 80}),
        mistake("in all: a four-dimensional cube has more than a three-dimensional one with its copy: the 27 points between the copies are missing",
                {"in all": 54 + 8}),
    ],
)  # fmt: skip

# 29.4 · exponents -------------------------------------------------------------------------------------------------


def exponents(J, k, dt=1.0):
    """The k largest Lyapunov exponents by QR, as running means. (T, S, S) -> (T, k)."""
    Q, total, means = torch.eye(J.shape[1], k, dtype=J.dtype), 0, []
    for t in range(len(J)):
        Q, R = torch.linalg.qr(J[t] @ Q)
        total = total + R.diagonal().abs().log()
        means.append(total / ((t + 1) * dt))
    return torch.stack(means)


def _logs(J, k, start=None, turn=lambda j: j, read=lambda R: R.diagonal().abs().log(), carry=True):
    """What each step adds, (T, k), with one part done in another way."""
    Q0 = torch.eye(J.shape[1], k, dtype=J.dtype) if start is None else start
    Q, logs = Q0, []
    for j in J:
        Q, R = torch.linalg.qr(turn(j) @ Q)
        logs.append(read(R))
        Q = Q if carry else Q0
    return torch.stack(logs)


def _means(logs, dt):
    return logs.cumsum(0) / (torch.arange(1, len(logs) + 1, dtype=logs.dtype)[:, None] * dt)


def _by(**change):
    return lambda J, k, dt=1.0: _means(_logs(J, k, **change), dt)


def _all_at_once(J, k, dt=1.0):
    return _means(_logs(J, k), dt)


def _gram_schmidt(J, k, dt=1.0):
    Q, logs = torch.eye(J.shape[1], k, dtype=J.dtype), []
    for j in J:
        V, columns, sizes = j @ Q, [], []
        for i in range(k):
            v = V[:, i]
            for u in columns:
                v = v - (u @ v) * u
            sizes.append(v.norm())
            columns.append(v / v.norm())
        Q = torch.stack(columns, 1)
        logs.append(torch.stack(sizes).log())
    return _means(torch.stack(logs), dt)


def _only_scaled(J, k, dt=1.0):
    """Columns made of length 1 again, but not at right angles."""
    Q, logs = torch.eye(J.shape[1], k, dtype=J.dtype), []
    for j in J:
        V = j @ Q
        logs.append(V.norm(dim=0).log())
        Q = V / V.norm(dim=0)
    return _means(torch.stack(logs), dt)


def _lengths_before(J, k, dt=1.0):
    """Lengths of the columns of J Q, with Q made afresh each time."""
    Q, logs = torch.eye(J.shape[1], k, dtype=J.dtype), []
    for j in J:
        V = j @ Q
        logs.append(V.norm(dim=0).log())
        Q = torch.linalg.qr(V)[0]
    return _means(torch.stack(logs), dt)


def _product(measure, reverse=False):
    def wrong(J, k, dt=1.0):
        product, rows = torch.eye(J.shape[1], dtype=J.dtype), []
        for t, j in enumerate(J):
            product = product @ j if reverse else j @ product
            rows.append(measure(product)[:k] / ((t + 1) * dt))
        return torch.stack(rows)

    return wrong


def _eigenvalues_of_each(J, k, dt=1.0):
    sizes = torch.linalg.eigvals(J).abs().sort(dim=1, descending=True).values[:, :k]
    return _means(sizes.log(), dt)


def _singular_values_of_each(J, k, dt=1.0):
    return _means(torch.linalg.svdvals(J)[:, :k].log(), dt)


def _diagonal_of_Q(J, k, dt=1.0):
    Q, logs = torch.eye(J.shape[1], k, dtype=J.dtype), []
    for j in J:
        Q, _ = torch.linalg.qr(j @ Q)
        logs.append(Q.diagonal().abs().log())
    return _means(torch.stack(logs), dt)


def _R_carried(J, k, dt=1.0):
    """QR of J alone, R multiplied on: the columns never turn with the orbit."""
    R_all, rows = torch.eye(J.shape[1], dtype=J.dtype), []
    for t, j in enumerate(J):
        R_all = torch.linalg.qr(j)[1] @ R_all
        rows.append(R_all.diagonal().abs().log()[:k] / ((t + 1) * dt))
    return torch.stack(rows)


def _total_in_place(J, k, dt=1.0):
    """`total += …`: all rows are one tensor, the last total."""
    logs = _logs(J, k)
    return logs.sum(0) / (torch.arange(1, len(J) + 1, dtype=J.dtype)[:, None] * dt)


def _names_exchanged(J, k, dt=1.0):
    Q, logs = torch.eye(J.shape[1], k, dtype=J.dtype), []
    for j in J:
        R, Q = torch.linalg.qr(j @ Q)
        logs.append(R.diagonal().abs().log())
    return _means(torch.stack(logs), dt)


def _Q_in_front(J, k, dt=1.0):
    Q, logs = torch.eye(J.shape[1], dtype=J.dtype), []
    for j in J:
        Q, R = torch.linalg.qr(Q @ j)
        logs.append(R.diagonal().abs().log())
    return _means(torch.stack(logs), dt)[:, :k]


def _last_row(R):
    return R[-1].abs().log()


def _orbits():
    def some(T, S):
        return (torch.eye(S) + 0.6 * torch.randn(T, S, S)).double()

    return [
        case(some(6, 3), 2, 0.5),
        case(some(4, 4), 4, 0.1, label="as many exponents as numbers"),
        case(some(5, 3), 1, label="the largest alone; dt left at 1"),
        case(some(1, 3), 2, 2.0, label="a single step"),
        case(some(150, 3) @ torch.diag(torch.tensor([3.0, 0.7, 0.1])).double(), 2, 0.5, label="a long orbit"),
    ]


define(
    "29.4",
    reference=exponents,
    cases=_orbits,
    tolerance=1e-8,
    alternatives=[_all_at_once, _gram_schmidt],
    mistakes=[
        mistake("you do not divide by dt: that is growth per *step*; growth per unit of time is wanted", lambda J, k, dt=1.0: exponents(J, k, 1.0)),
        mistake("you multiply by dt; T steps take T · dt units of time: divide by it", lambda J, k, dt=1.0: exponents(J, k, 1 / dt)),
        mistake("that is the sum of the logarithms; divide row t by the time that has passed, (t + 1) · dt", lambda J, k, dt=1.0: _logs(J, k).cumsum(0)),
        mistake("that is the sum of the logarithms per dt; divide row t by the number of its steps as well, (t + 1) · dt",
                lambda J, k, dt=1.0: _logs(J, k).cumsum(0) / dt),
        mistake("you divide every row by the time of *all* steps; at row t only (t + 1) · dt have passed", lambda J, k, dt=1.0: _logs(J, k).cumsum(0) / (len(J) * dt)),
        mistake("that is each step's own growth; the mean over all steps so far is wanted", lambda J, k, dt=1.0: _logs(J, k) / dt),
        mistake("that is the last row alone; the mean after every step is wanted, (T, k)", lambda J, k, dt=1.0: exponents(J, k, dt)[-1]),
        mistake("you divide row t (counted from 0) by t steps; t + 1 have been made",
                lambda J, k, dt=1.0: _logs(J, k).cumsum(0) / (torch.arange(len(J), dtype=J.dtype)[:, None] * dt)),
        mistake("you divide row t (counted from 0) by t steps, the first by 1; t + 1 have been made",
                lambda J, k, dt=1.0: _logs(J, k).cumsum(0) / (torch.arange(len(J), dtype=J.dtype).clamp(min=1)[:, None] * dt)),
        mistake("you append before you add: row t lacks the growth of its own step",
                lambda J, k, dt=1.0: (_logs(J, k).cumsum(0) - _logs(J, k)) / (torch.arange(1, len(J) + 1, dtype=J.dtype)[:, None] * dt)),
        mistake("all your rows have the total of all steps: `total += …` changes the very tensor that stands in the list; write `total = total + …`",
                _total_in_place),
        mistake("that is the logarithm of the mean; factors multiply, so take each step's logarithm first and then the mean",
                lambda J, k, dt=1.0: (_logs(J, k).exp().cumsum(0) / torch.arange(1, len(J) + 1, dtype=J.dtype)[:, None]).log() / dt),
        mistake("that is e to the power of the exponents, the factors per unit of time: leave the logarithms as they are",
                lambda J, k, dt=1.0: exponents(J, k, dt).exp()),
        mistake("you cut J down to its first k rows and columns; J stays whole, (S, S), only Q has k columns: torch.eye(S, k)",
                lambda J, k, dt=1.0: exponents(J[:, :k, :k], k, dt)),
        mistake("`torch.linalg.qr` gives Q first, then R: `Q, R = …`", _names_exchanged),
        mistake("you multiply from the wrong side: J acts on the axes, `J[t] @ Q`; a Q in front of J changes no length", _Q_in_front),
        mistake("that is the logarithm of the singular values of the *product*: for few steps it is near, but over a long orbit every column of the "
                "product turns into the first direction and the others drown in rounding; make it straight at each step, by QR",
                _product(lambda P: torch.linalg.svdvals(P).log())),
        mistake("that is the logarithm of the eigenvalues of the product; the orbit is no fixed point, and the product overflows: QR at each step",
                _product(lambda P: torch.linalg.eigvals(P).abs().sort(descending=True).values.log())),
        mistake("you take the QR of the whole *product*: right on paper, but over a long orbit its columns all turn into the first direction and the rest drowns in "
                "rounding; keep Q alone from one step to the next", _product(lambda P: torch.linalg.qr(P)[1].diagonal().abs().log())),
        mistake("you read the lengths of the product's columns: without QR all of them turn into the direction that grows most",
                _product(lambda P: P.norm(dim=0).log())),
        mistake("you make the columns of length 1 again but not at right angles, so all of them measure the largest exponent: QR does both", _only_scaled),
        mistake("you take the lengths of J Q's columns, before QR; what counts is what is left at right angles to the columns before, R's diagonal",
                _lengths_before),
        mistake("you read the diagonal of Q; how long the columns have become stands on the diagonal of R", _diagonal_of_Q),
        mistake("you read R's last row; the growth of column i is R's entry i, i: `R.diagonal()`", _by(read=_last_row)),
        mistake("you read R's first row; the growth of column i is R's entry i, i: `R.diagonal()`", _by(read=lambda R: R[0].abs().log())),
        mistake("you read the lengths of R's columns, which are those of J Q; R's diagonal has what is left at right angles",
                _by(read=lambda R: R.norm(dim=0).log())),
        mistake("that is a NaN where a diagonal entry of R is negative: a length has no sign, so take .abs() before .log()", _by(read=lambda R: R.diagonal().log())),
        mistake("the absolute value belongs inside the logarithm: a shrinking direction has a negative one", _by(read=lambda R: R.diagonal().abs().log().abs())),
        mistake("the logarithm is missing: factors multiply, so their logarithms add up", _by(read=lambda R: R.diagonal().abs())),
        mistake("you took the logarithm to base 10; the exponent of e is wanted", _by(read=lambda R: R.diagonal().abs().log10())),
        mistake("you took the logarithm to base 2; the exponent of e is wanted", _by(read=lambda R: R.diagonal().abs().log2())),
        mistake("you begin with the same Q at every step; the next step has to go on from the Q that this one left", _by(carry=False)),
        mistake("you take the QR of each J alone and multiply the R; J[t] has to meet the Q of the step before, `J[t] @ Q`", _R_carried),
        mistake("you multiply by the transpose of J: a nearby state goes *forward*, `J[t] @ Q`", _by(turn=lambda j: j.T)),
        mistake("those are the eigenvalues of each J; their directions change from step to step, so their logarithms do not add up", _eigenvalues_of_each),
        mistake("those are the singular values of each J: no single direction is stretched that much at every step", _singular_values_of_each),
        slips.reads_backwards(exponents, axis=0, says="you run from the last step to the first: the orbit goes forward"),
        slips.first_step_left_out(exponents, axis=0, says="the first row is missing: after one step there is a mean as well"),
        slips.last_step_left_out(exponents, axis=0, says="the last step is missing"),
        slips.transposed(exponents, says="rows and columns are exchanged: (T, k) is wanted, a row for each step"),
        mistake("you return all S exponents; k columns are wanted: begin with Q = torch.eye(S, k)", lambda J, k, dt=1.0: exponents(J, J.shape[1], dt)),
        mistake("you return the largest alone; k of them are wanted", lambda J, k, dt=1.0: exponents(J, k, dt)[:, :1]),
    ],
)  # fmt: skip

# 29.5 · exponents and factors -------------------------------------------------------------------------------------

FACTORS = {
    "1/√3 per step, as an exponent per step": -math.log(3) / 2,
    "0.906 per time unit, as a factor in ten steps of 0.05": math.exp(0.906 * 0.5),
    "0.8 per step of 0.05, as an exponent per time unit": math.log(0.8) / 0.05,
}
FIRST, SECOND, THIRD = FACTORS

define(
    "29.5",
    reference=FACTORS,
    tolerance=0.005,
    mistakes=[
        mistake("first: the factor is below 1, so its logarithm is negative", {FIRST: math.log(3) / 2}),
        mistake("first: that is the factor itself; its natural logarithm is wanted", {FIRST: 3**-0.5}),
        mistake("first: you took the logarithm to base 10", {FIRST: -math.log10(3) / 2}),
        mistake("first: you took the logarithm to base 2", {FIRST: -math.log2(3) / 2}),
        mistake("first: that is the logarithm of 1/3; the root halves it", {FIRST: -math.log(3)}),
        mistake("first: per *step* is asked, so nothing is divided by 0.05 here", {FIRST: -math.log(3) / 2 / 0.05}),
        mistake("first: you took the exponential of the factor; from factor to exponent leads the logarithm", {FIRST: math.exp(3**-0.5)}),
        mistake("second: that is the factor of a whole time unit; ten steps take half of one", {SECOND: math.exp(0.906)}),
        mistake("second: that is the factor of a single step; ten of them are asked", {SECOND: math.exp(0.906 * 0.05)}),
        mistake("second: factors multiply: not ten times the factor of a step but its tenth power", {SECOND: 10 * math.exp(0.906 * 0.05)}),
        mistake("second: that is the exponent of the ten steps; the factor is e to the power of it", {SECOND: 0.906 * 0.5}),
        mistake("second: that is 1 + the exponent, near e to the power of it only where it is small: take e to the power itself", {SECOND: 1 + 0.906 * 0.5}),
        mistake("second: you took 1 + 0.0453 for the factor of a step; near, but it is e to the power of 0.0453", {SECOND: (1 + 0.906 * 0.05) ** 10}),
        mistake("second: you divided by the time of a step; a step is a *part* of a time unit: multiply", {SECOND: math.exp(0.906 / 0.05)}),
        mistake("second: you divided by the time of the ten steps; half a time unit is a *part* of one: multiply", {SECOND: math.exp(0.906 / 0.5)}),
        mistake("second: ten steps are not ten time units but half of one", {SECOND: math.exp(0.906 * 10)}),
        mistake("second: the exponent is positive, so the factor is above 1", {SECOND: math.exp(-0.906 * 0.5)}),
        mistake("second: you took the logarithm; from exponent to factor leads e to the power of it", {SECOND: math.log(0.906)}),
        mistake("second: 10 to the power of it; the exponent belongs to e", {SECOND: 10 ** (0.906 * 0.5)}),
        mistake("second: 2 to the power of it; the exponent belongs to e", {SECOND: 2 ** (0.906 * 0.5)}),
        mistake("second: you took 0.906 for the factor of a time unit; it is an exponent: e to the power of 0.906 · 0.5", {SECOND: 0.906**0.5}),
        mistake("second: rounded too coarsely: half a per cent needs three digits", {SECOND: 1.6}),
        mistake("third: that is the exponent per *step*; divide by the time that a step takes", {THIRD: math.log(0.8)}),
        mistake("third: multiply less, divide more: a time unit has 20 steps of 0.05", {THIRD: math.log(0.8) * 0.05}),
        mistake("third: rounded too coarsely: half a per cent needs three digits", {THIRD: -4.5}),
        mistake("third: that is 0.8 − 1 alone, and the logarithm of 0.8 is not −0.2; and divide by the time that a step takes", {THIRD: -0.2}),
        mistake("third: what shrinks has a negative exponent", {THIRD: -math.log(0.8) / 0.05}),
        mistake("third: you took the logarithm to base 10", {THIRD: math.log10(0.8) / 0.05}),
        mistake("third: you took the logarithm to base 2", {THIRD: math.log2(0.8) / 0.05}),
        mistake("third: that is 1 − 0.8 for each step; the logarithm of 0.8 is not −0.2", {THIRD: -0.2 / 0.05}),
        mistake("third: that is the factor of a time unit, 0.8 to the power of 20; its logarithm is the exponent", {THIRD: 0.8**20}),
        mistake("third: you divided the factor; take its logarithm first", {THIRD: 0.8 / 0.05}),
    ],
)  # fmt: skip
