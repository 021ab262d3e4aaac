"""Lesson 05 · Vanishing gradients: the gradient by lag, steps until zero, a gain, three matrices, clipping by norm."""

from __future__ import annotations

import math

import torch

from lstmkit.exercises import case, define, mistake, slips

# 05.1 · the gradient by lag --------------------------------------------------------------------------------------


def gradient_by_lag(slopes, W, U):
    """Frobenius norm of ∂h_T/∂x_{T-k} = M_k diag(s) W, entry k for lag k: (T,)."""
    M, sizes = torch.eye(len(U), dtype=U.dtype), []
    for s in slopes.flip(0):
        sizes.append((M * s @ W).norm())
        M = M * s @ U
    return torch.stack(sizes)


def _walk(size, step):
    """size(M, s, W, U) -> a number; step(M, s, U) -> the next M."""

    def wrong(slopes, W, U):
        M, sizes = torch.eye(len(U), dtype=U.dtype), []
        for s in slopes.flip(0):
            sizes.append(size(M, s, W, U))
            M = step(M, s, U)
        return torch.stack(sizes)

    return wrong


def _right_size(M, s, W, U):
    return (M * s @ W).norm()


def _right_step(M, s, U):
    return M * s @ U


def _of_jacobian(measure):
    return _walk(lambda M, s, W, U: measure(M * s @ W), _right_step)


def _rows_scaled(slopes, W, U):
    return _walk(lambda M, s, W, U: (s[:, None] * M @ W).norm(), lambda M, s, U: s[:, None] * M @ U)(slopes, W, U)


def _step_first(slopes, W, U):
    M, sizes = torch.eye(len(U), dtype=U.dtype), []
    for s in slopes.flip(0):
        M = M * s @ U
        sizes.append((M @ W).norm())
    return torch.stack(sizes)


def _passed_before_and_after(slopes, W, U):
    M, sizes = torch.eye(len(U), dtype=U.dtype), []
    for s in slopes.flip(0):
        M = M * s @ U
        sizes.append((M * s @ W).norm())
    return torch.stack(sizes)


def _starts_with_u(slopes, W, U):
    M, sizes = U, []
    for s in slopes.flip(0):
        sizes.append((M * s @ W).norm())
        M = M * s @ U
    return torch.stack(sizes)


def _state_norms(slopes, W, U):
    M, sizes = torch.eye(len(U), dtype=U.dtype), []
    for s in slopes.flip(0):
        sizes.append(M.norm())
        M = M * s @ U
    return torch.stack(sizes)


def _by_columns(slopes, W, U):
    """The transposed walk: all errors as columns, as the walk of the lesson before takes them."""
    lam, sizes = torch.eye(len(U), dtype=U.dtype), []
    for t in range(len(slopes) - 1, -1, -1):
        delta = slopes[t][:, None] * lam
        sizes.append((W.T @ delta).square().sum().sqrt())
        lam = U.T @ delta
    return torch.stack(sizes)


def _by_diag(slopes, W, U):
    M, sizes = torch.eye(len(U), dtype=U.dtype), []
    for t in reversed(range(len(slopes))):
        M = M @ torch.diag(slopes[t])
        sizes.append(torch.linalg.matrix_norm(M @ W).item())
        M = M @ U
    return torch.tensor(sizes, dtype=U.dtype)


def _recurrent(T, D, H):
    return 0.3 + 0.7 * torch.rand(T, H), torch.randn(H, D), torch.randn(H, H) * 0.7


define(
    "05.1",
    reference=gradient_by_lag,
    cases=lambda: [
        case(*_recurrent(6, 3, 4)),
        case(*_recurrent(3, 5, 2), label="three steps"),
        case(*[part.double() for part in _recurrent(4, 2, 3)], label="float64"),
    ],
    alternatives=[_by_columns, _by_diag],
    mistakes=[
        mistake(
            "the right numbers in order of time: entry 0 belongs to the last step, lag 0",
            lambda *a: gradient_by_lag(*a).flip(0),
        ),
        mistake(
            "you walk forwards in time: begin with the slopes of the last step, `for s in slopes.flip(0)`",
            lambda slopes, W, U: gradient_by_lag(slopes.flip(0), W, U),
        ),
        mistake(
            "the slopes multiply the rows of M, as in s[:, None] * M; they belong to its columns, M * s", _rows_scaled
        ),
        mistake("the slopes are missing in the size: M * s @ W", _walk(lambda M, s, W, U: (M @ W).norm(), _right_step)),
        mistake("the slopes are missing in the step: M * s @ U", _walk(_right_size, lambda M, s, U: M @ U)),
        mistake(
            "the slopes are missing everywhere: this is the product of the U alone",
            _walk(lambda M, s, W, U: (M @ W).norm(), lambda M, s, U: M @ U),
        ),
        mistake(
            "M takes its step before you measure, and then meets the same slopes again: first the size, then the step",
            _passed_before_and_after,
        ),
        mistake("M starts as U: at lag 0 no U has been passed yet, so it starts as the identity", _starts_with_u),
        mistake("M takes its step before you measure: at lag 0 no U has been passed yet", _step_first),
        mistake("W is missing: this is the size of ∂h_T/∂h_{T−k}, and x comes in through W", _state_norms),
        mistake(
            "U stands on the wrong side: M * s @ U, for the newest factor stands on the right",
            _walk(_right_size, lambda M, s, U: U @ (M * s)),
        ),
        mistake(
            "U is transposed: rows of M are errors, and M * s @ U takes them one step back",
            _walk(_right_size, lambda M, s, U: M * s @ U.T),
        ),
        mistake(
            "you multiply entry by entry, M * s * U: a matrix product is wanted, @",
            _walk(_right_size, lambda M, s, U: M * s * U),
        ),
        mistake(
            "the newest step stands on the wrong side: M = M @ diag(s) @ U walks back from the last step, U @ diag(s) @ M does not",
            _walk(_right_size, lambda M, s, U: U * s @ M),
        ),
        mistake(
            "`slopes` are the slopes already: 1 − s² takes them for states",
            lambda slopes, W, U: gradient_by_lag(1 - slopes**2, W, U),
        ),
        mistake(
            "that is the largest entry; the size of all of them together is wanted: squares, their sum, the root",
            _of_jacobian(lambda J: J.abs().max()),
        ),
        mistake("M stays the identity: it must take a step, M = M * s @ U", _walk(_right_size, lambda M, s, U: M)),
        mistake("that is the square of the norm: the root is missing", lambda *a: gradient_by_lag(*a) ** 2),
        mistake(
            "that is the largest singular value, another norm: the root of the sum of all squares is wanted",
            _of_jacobian(lambda J: torch.linalg.matrix_norm(J, 2)),
        ),
        mistake(
            "that is the sum of absolute values: squares, their sum, the root", _of_jacobian(lambda J: J.abs().sum())
        ),
        mistake(
            "that is the root of the *mean* of all squares: their sum is wanted",
            _of_jacobian(lambda J: J.square().mean().sqrt()),
        ),
        mistake(
            "the norms of the rows are added up: one root of the sum of *all* squares",
            _of_jacobian(lambda J: J.norm(dim=1).sum()),
        ),
        mistake(
            "that is the first number of the last state alone: all H rows of M belong to the size",
            _of_jacobian(lambda J: J[0].norm()),
        ),
        mistake(
            "everything is summed before it is squared: entries of both signs cancel",
            _of_jacobian(lambda J: J.sum().abs()),
        ),
        slips.last_only(gradient_by_lag, axis=0, says="this is the longest lag alone: a size for every lag is wanted"),
        slips.last_step_left_out(
            gradient_by_lag, axis=0, says="the longest lag, T − 1, is missing: T sizes are wanted"
        ),
        slips.first_step_left_out(
            gradient_by_lag, axis=0, says="lag 0 is missing: the last input reaches the last state, too"
        ),
    ],
)

# 05.2 · steps until zero -----------------------------------------------------------------------------------------


def steps_until_zero(first, factor, smallest):
    """The first whole k with first · factor**k < smallest."""
    k = 0
    while first * factor**k >= smallest:
        k = k + 1
    return k


def _fraction(first, factor, smallest):
    return math.log(smallest / first) / math.log(factor)


def _by_logarithm(first, factor, smallest):
    return math.floor(_fraction(first, factor, smallest)) + 1


define(
    "05.2",
    reference=steps_until_zero,
    cases=lambda: [
        case(1.0, 0.55, 1.4e-45, label="float32"),
        case(3.7, 0.8, 1e-6),
        case(0.05, 0.93, 1e-12, label="first below 1"),
        case(20.0, 0.31, 5.0, label="soon"),
    ],
    alternatives=[_by_logarithm, lambda *a: math.ceil(_fraction(*a))],
    mistakes=[
        mistake(
            "rounded down: there the size is still above smallest; the next whole number is wanted",
            lambda *a: math.floor(_fraction(*a)),
        ),
        mistake(
            "one too many: at the lag before, the size is below smallest already",
            lambda *a: math.ceil(_fraction(*a)) + 1,
        ),
        mistake("a fraction is no lag: take the next whole number", _fraction),
        mistake(
            "rounded to the nearest: where that is down, the size is still above smallest",
            lambda *a: round(_fraction(*a)),
        ),
        mistake(
            "first is missing: the sizes start there, so ln(smallest / first)",
            lambda first, factor, smallest: math.ceil(_fraction(1.0, factor, smallest)),
        ),
        mistake(
            "first enters the wrong way: smallest / first, not smallest · first",
            lambda first, factor, smallest: math.ceil(_fraction(1 / first, factor, smallest)),
        ),
        mistake(
            "the sign is wrong: ln(first / smallest) is positive and ln(factor) negative. Both fractions must be below 1",
            lambda *a: -math.ceil(_fraction(*a)),
        ),
        mistake(
            "the two logarithms are upside down: ln(smallest / first) / ln(factor)",
            lambda *a: math.ceil(1 / _fraction(*a)),
        ),
        mistake(
            "ln(factor) is missing: you count steps of a factor 1/e",
            lambda first, factor, smallest: math.ceil(math.log(first / smallest)),
        ),
        mistake(
            "you take the same *amount* off at each step; each step multiplies by the factor, so take logarithms",
            lambda first, factor, smallest: math.ceil((first - smallest) / (1 - factor)),
        ),
        mistake(
            "that is the size there; how many steps it takes is asked",
            lambda first, factor, smallest: first * factor ** steps_until_zero(first, factor, smallest),
        ),
    ],
)

# 05.3 · find the gain --------------------------------------------------------------------------------------------

_GAIN = {
    0.9: "a gain below 1 shrinks, and the tanh shrinks, too: nothing can make up for both",
    1.1: "it still fades: the gain must make up for what the tanh takes at each step, and that is more. Go up",
    1.5: "it explodes: the gain gives more than the tanh takes. Go down",
    2.0: "that explodes by a tenth or more per step: go down a good deal, to between 1 and 1.5",
    -1.25: "a negative gain turns every vector round and is no other factor; give the positive one",
}


def _judge_gain(answer):
    if isinstance(answer, str | bool):
        return f"a number is wanted, found {answer!r}"
    try:
        gain = float(answer)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        gain = math.nan
    if not math.isfinite(gain):
        return "one number is wanted, such as 1.1"
    if gain < 0:
        return _GAIN[-1.25]
    if gain < 1:
        return _GAIN[0.9]
    if gain < 1.18:
        return _GAIN[1.1]
    if gain <= 1.36:
        return None
    return _GAIN[1.5] if gain < 1.75 else _GAIN[2.0]


define(
    "05.3",
    reference=1.27,
    accepts=_judge_gain,
    alternatives=[1.2, 1.25, 1.3, torch.tensor(1.25)],
    mistakes=[mistake(says, gain) for gain, says in _GAIN.items()],
)

# 05.4 · which matrix explodes? -----------------------------------------------------------------------------------

define(
    "05.4",
    reference={"A": "vanishes", "B": "explodes", "C": "stays"},
    allowed=("vanishes", "explodes", "stays"),
    mistakes=[
        mistake(
            "the 8 stretches once: the size rises for a step or two. But both eigenvalues are ½, and in the long run they decide",
            {"A": "explodes"},
        ),
        mistake("the entry 8 becomes k · 8 · (½)^(k−1): the halving beats the k", {"A": "stays"}),
        mistake(
            "it turns by a right angle, which keeps lengths, and stretches by 21/20: each step, every vector",
            {"B": "stays"},
        ),
        mistake(
            "zeros on the diagonal do not make it small: it turns (1, 0) into (0, 21/20), longer than before",
            {"B": "vanishes"},
        ),
        mistake("every entry is below 1, but C turns (1, 1) into (1, 1): that vector never shrinks", {"C": "vanishes"}),
        mistake("its rows sum to 1, so no step makes a vector's largest entry larger", {"C": "explodes"}),
    ],
)

# 05.5 · clip by norm ---------------------------------------------------------------------------------------------


def clip_by_norm(gradients, limit):
    """All gradients times limit/norm if their common norm is above limit, else as they are."""
    norm = sum(g.square().sum() for g in gradients).sqrt()
    return [g * limit / norm if norm > limit else g for g in gradients]


def _each_entry(gradients, limit):
    return [g.clamp(-limit, limit) for g in gradients]


def _from_above(gradients, limit):
    return [g.clamp(max=limit) for g in gradients]


def _always(gradients, limit):
    norm = sum(g.square().sum() for g in gradients).sqrt()
    return [g * limit / norm for g in gradients]


def _each_tensor(gradients, limit):
    return [g * limit / g.norm() if g.norm() > limit else g for g in gradients]


def _sum_of_norms(gradients, limit):
    norm = sum(g.norm() for g in gradients)
    return [g * limit / norm if norm > limit else g for g in gradients]


def _no_root(gradients, limit):
    norm = sum(g.square().sum() for g in gradients)
    return [g * limit / norm if norm > limit else g for g in gradients]


def _to_one(gradients, limit):
    norm = sum(g.square().sum() for g in gradients).sqrt()
    return [g / norm if norm > limit else g for g in gradients]


def _always_one(gradients, limit):
    norm = sum(g.square().sum() for g in gradients).sqrt()
    return [g / norm for g in gradients]


def _largest_norm(gradients, limit):
    norm = max(g.norm() for g in gradients)
    return [g * limit / norm if norm > limit else g for g in gradients]


def _dropped(gradients, limit):
    norm = sum(g.square().sum() for g in gradients).sqrt()
    return [torch.zeros_like(g) if norm > limit else g for g in gradients]


def _largest_entry(gradients, limit):
    top = max(g.abs().max() for g in gradients)
    return [g * limit / top if top > limit else g for g in gradients]


def _times_limit(gradients, limit):
    norm = sum(g.square().sum() for g in gradients).sqrt()
    return [g * limit if norm > limit else g for g in gradients]


def _inverted(gradients, limit):
    norm = sum(g.square().sum() for g in gradients).sqrt()
    return [g * norm / limit if norm > limit else g for g in gradients]


def _mean_square(gradients, limit):
    count = sum(g.numel() for g in gradients)
    norm = (sum(g.square().sum() for g in gradients) / count).sqrt()
    return [g * limit / norm if norm > limit else g for g in gradients]


def _absolute(gradients, limit):
    norm = sum(g.abs().sum() for g in gradients)
    return [g * limit / norm if norm > limit else g for g in gradients]


def _signed_sum(gradients, limit):
    total = sum(g.sum() for g in gradients).abs()
    return [g * limit / total if total > limit else g for g in gradients]


def _by_maximum(gradients, limit):
    norm = torch.stack([g.norm() for g in gradients]).norm()
    return [g * (limit / torch.clamp(norm, min=limit)) for g in gradients]


def _by_minimum(gradients, limit):
    norm = torch.cat([g.flatten() for g in gradients]).norm()
    factor = min(1.0, limit / (norm.item() + 1e-12))
    return tuple(factor * g for g in gradients)


define(
    "05.5",
    reference=clip_by_norm,
    cases=lambda: [
        case([3 * torch.randn(4, 3), torch.randn(5), 0.1 * torch.randn(2, 2)], 2.0, label="long gradients"),
        case([0.1 * torch.randn(4, 3), 0.1 * torch.randn(5)], 2.0, label="short gradients stay as they are"),
        case([0.4 * torch.ones(3), 0.3 * torch.ones(4)], 0.8, label="each below the limit, together above it"),
        case([torch.zeros(3), torch.zeros(2, 2)], 1.0, label="all zero"),
        case([torch.tensor(-7.0)], 3.0, label="one number"),
    ],
    alternatives=[_by_minimum, _by_maximum],
    mistakes=[
        mistake("all gradients get the norm 1, short ones, too: the limit is the norm that long ones get", _always_one),
        mistake(
            "that is the largest of the tensors' norms; the norm of all is the root of the sum of all squares",
            _largest_norm,
        ),
        mistake(
            "each entry is clipped on its own, which bends the direction; scale all of them by one factor", _each_entry
        ),
        mistake("each entry is clipped on its own, and from above alone; scale all of them by one factor", _from_above),
        mistake("short gradients are rescaled, too: leave them alone unless the norm is above the limit", _always),
        mistake(
            "each tensor is clipped by a norm of its own; one norm and one factor for all keep the direction",
            _each_tensor,
        ),
        mistake(
            "the norms of the tensors are added up; the norm of all is the root of the sum of all squares",
            _sum_of_norms,
        ),
        mistake("that is the squared norm: the root is missing", _no_root),
        mistake("long gradients come out with norm 1; bring them to the limit", _to_one),
        mistake("long gradients are thrown away; shorten them to the limit", _dropped),
        mistake("that limits the largest entry; limit the norm of all", _largest_entry),
        mistake("long gradients are multiplied by the limit; the factor is limit / norm", _times_limit),
        mistake("that divides by the root of the *mean* square: the norm takes the sum of all squares", _mean_square),
        mistake("that adds absolute values; the norm is the root of the sum of all squares", _absolute),
        mistake("entries of both signs cancel in a sum; square them first, then sum, then the root", _signed_sum),
        mistake("the factor is upside down: limit / norm, not norm / limit", _inverted),
    ],
)
