"""Lesson 04 · BPTT: one step back, the walk, the weights, where to detach, the pairs within a window."""

from __future__ import annotations

import torch

from lstmkit.exercises import case, define, mistake, slips

# 04.1 · one step back -----------------------------------------------------------------------------------------


def step_back(lam, h, W, U):
    """(δ, Wᵀδ, Uᵀδ) with δ = lam ∘ (1 − h²)."""
    delta = lam * (1 - h**2)
    return delta, W.T @ delta, U.T @ delta


def _with_delta(delta_of):
    def wrong(lam, h, W, U):
        delta = delta_of(lam, h)
        return delta, W.T @ delta, U.T @ delta

    return wrong


def _matrices_swapped(lam, h, W, U):
    delta, dx, before = step_back(lam, h, W, U)
    return delta, before, dx


def _only_w(lam, h, W, U):
    delta = lam * (1 - h**2)
    return delta, W.T @ delta, W.T @ delta


def _only_u(lam, h, W, U):
    delta = lam * (1 - h**2)
    return delta, U.T @ delta, U.T @ delta


def _not_transposed(lam, h, W, U):
    delta = lam * (1 - h**2)
    return delta, W @ delta, U @ delta


def _u_not_transposed(lam, h, W, U):
    delta = lam * (1 - h**2)
    return delta, W.T @ delta, U @ delta


def _lam_handed_on(lam, h, W, U):
    return lam * (1 - h**2), W.T @ lam, U.T @ lam


def _tanh_after_u(lam, h, W, U):
    delta = lam * (1 - h**2)
    return delta, W.T @ delta, (U.T @ lam) * (1 - h**2)


def _delta_last(lam, h, W, U):
    delta, dx, before = step_back(lam, h, W, U)
    return dx, before, delta


def _delta_in_the_middle(lam, h, W, U):
    delta, dx, before = step_back(lam, h, W, U)
    return dx, delta, before


def _divided(lam, h):
    return lam / (1 - h**2)


def _u_gets_lam(lam, h, W, U):
    delta = lam * (1 - h**2)
    return delta, W.T @ delta, U.T @ lam


def _u_twice(lam, h, W, U):
    delta = lam * (1 - h**2)
    return delta, W.T @ delta, U.T @ (U.T @ delta)


def _w_gets_lam(lam, h, W, U):
    delta = lam * (1 - h**2)
    return delta, W.T @ lam, U.T @ delta


def _lam_added_again(lam, h, W, U):
    delta, dx, before = step_back(lam, h, W, U)
    return delta, dx, before + lam


def _dot_product(lam, h, W, U):
    delta = lam @ (1 - h**2)
    return delta, W.T * delta, U.T * delta


def _row_vector(lam, h, W, U):
    delta = torch.diag(1 - h * h) @ lam
    return [delta, delta @ W, delta @ U]


def _step(D, H):
    return torch.randn(H), torch.tanh(torch.randn(H)), torch.randn(H, D), torch.randn(H, H)


define(
    "04.1",
    reference=step_back,
    cases=lambda: [
        case(*_step(4, 4), label="D = H = 4"),
        case(*_step(3, 5), label="D = 3, H = 5"),
        case(*_step(1, 1), label="D = H = 1"),
    ],
    alternatives=[_row_vector],
    mistakes=[
        mistake(
            "your results stand the other way round: first delta, then what goes to x, then what goes to the state before",
            lambda lam, h, W, U: step_back(lam, h, W, U)[::-1],
        ),
        mistake(
            "`lam @ (…)` adds everything up to one number: entry by entry is `*`",
            _with_delta(lambda lam, h: lam @ (1 - h**2)),
        ),
        mistake(
            "the slope of tanh is 1 - h**2, the square of h, not 2 * h",
            _with_delta(lambda lam, h: lam * (1 - 2 * h)),
        ),
        mistake("tanh's derivative is missing: delta = lam * (1 - h**2)", _with_delta(lambda lam, h: lam)),
        mistake(
            "h is already a tanh: its derivative is 1 - h**2, not 1 - tanh(h)**2",
            _with_delta(lambda lam, h: lam * (1 - torch.tanh(h) ** 2)),
        ),
        mistake("that multiplies by h; tanh's derivative is 1 - h**2", _with_delta(lambda lam, h: lam * h)),
        mistake("the square is missing: 1 - h**2, not 1 - h", _with_delta(lambda lam, h: lam * (1 - h))),
        mistake(
            "the square belongs to h alone: 1 - h**2, not (1 - h)**2", _with_delta(lambda lam, h: lam * (1 - h) ** 2)
        ),
        mistake(
            "the brackets are missing: lam * 1 - h**2 takes h² away from lam; lam * (1 - h**2)",
            _with_delta(lambda lam, h: lam - h**2),
        ),
        mistake(
            "lam is missing: delta is the slope times what arrives, lam * (1 - h**2)",
            _with_delta(lambda lam, h: 1 - h**2),
        ),
        mistake(
            "the root of the slope is not asked for: delta = lam * (1 - h**2)",
            _with_delta(lambda lam, h: lam * (1 - h**2).sqrt()),
        ),
        mistake(
            "the sign is the wrong way round: 1 - h**2, not h**2 - 1", _with_delta(lambda lam, h: lam * (h**2 - 1))
        ),
        mistake("the slope of tanh is 1 - h**2, not h**2", _with_delta(lambda lam, h: lam * h**2)),
        mistake("the slope of tanh is 1 - h**2, with a minus", _with_delta(lambda lam, h: lam * (1 + h**2))),
        mistake(
            "lam and h have changed places: the slope is that of the state, 1 - h**2",
            _with_delta(lambda lam, h: h * (1 - lam**2)),
        ),
        mistake("U.T is used twice: one step back is one product", _u_twice),
        mistake("to the state before goes U.T @ delta; you send lam, which has not passed the tanh", _u_gets_lam),
        mistake("to the input goes W.T @ delta; you send lam, which has not passed the tanh", _w_gets_lam),
        mistake("lam is added once more: to the state before goes U.T @ delta alone", _lam_added_again),
        mistake("`@` of two vectors is one number; delta has H of them, entry by entry: `*`", _dot_product),
        mistake(
            "that is the derivative of a sigmoid; of tanh it is 1 - h**2", _with_delta(lambda lam, h: lam * h * (1 - h))
        ),
        mistake(
            "your second and third result have changed places (or W and U have): first what goes to x, by W.T, then what goes to the "
            "state before, by U.T",
            _matrices_swapped,
        ),
        mistake("the right three, in another order: delta, then for x, then for the state before", _delta_last),
        mistake("the right three, in another order: delta comes first", _delta_in_the_middle),
        mistake(
            "1 - h**2 is divided by, not multiplied with: backwards a slope is a factor, too", _with_delta(_divided)
        ),
        mistake("W where U belongs: the state before came in through U", _only_w),
        mistake("U where W belongs: the input came in through W", _only_u),
        mistake("the matrices are not transposed: backwards it is W.T @ delta and U.T @ delta", _not_transposed),
        mistake("U is not transposed: the error goes back through U.T", _u_not_transposed),
        mistake("lam itself is handed on; it must pass through the tanh first: use delta", _lam_handed_on),
        mistake("wrong order: the tanh comes before U on the way back, U.T @ (lam * (1 - h**2))", _tanh_after_u),
    ],
)

# 04.2 · the walk -------------------------------------------------------------------------------------------------


def walk_back(errors, states, W, U):
    """δ_1 … δ_T and the error for x_1 … x_T, from the last step to the first."""
    lam, deltas, for_x = torch.zeros_like(states[0]), [], []
    for t in reversed(range(len(errors))):
        delta, for_x_t, lam = step_back(lam + errors[t], states[t + 1], W, U)
        deltas.insert(0, delta)
        for_x.insert(0, for_x_t)
    return torch.stack(deltas), torch.stack(for_x)


def _found_order(errors, states, W, U):
    deltas, for_x = walk_back(errors, states, W, U)
    return deltas.flip(0), for_x.flip(0)


def _one_list_reversed(errors, states, W, U):
    deltas, for_x = walk_back(errors, states, W, U)
    return deltas.flip(0), for_x


def _other_list_reversed(errors, states, W, U):
    deltas, for_x = walk_back(errors, states, W, U)
    return deltas, for_x.flip(0)


def _walk(body, order=reversed):
    """A walk with another body: body(lam, errors, states, t, W, U) -> (delta, for_x_t, lam)."""

    def wrong(errors, states, W, U):
        lam, deltas, for_x = torch.zeros_like(states[0]), {}, {}
        for t in order(range(len(errors))):
            deltas[t], for_x[t], lam = body(lam, errors, states, t, W, U)
        times = sorted(deltas)
        return torch.stack([deltas[t] for t in times]), torch.stack([for_x[t] for t in times])

    return wrong


def _joins_late(lam, errors, states, t, W, U):
    delta, for_x_t, lam = step_back(lam, states[t + 1], W, U)
    return delta, for_x_t, lam + errors[t]


def _state_before(lam, errors, states, t, W, U):
    return step_back(lam + errors[t], states[t], W, U)


def _own_error_only(lam, errors, states, t, W, U):
    return *step_back(errors[t], states[t + 1], W, U)[:2], lam


def _own_error_last_only(lam, errors, states, t, W, U):
    return step_back(lam + errors[t] if t == len(errors) - 1 else lam, states[t + 1], W, U)


def _never_stepped(lam, errors, states, t, W, U):
    lam = lam + errors[t]
    return *step_back(lam, states[t + 1], W, U)[:2], lam


def _delta_carried(lam, errors, states, t, W, U):
    delta, for_x_t, _ = step_back(lam + errors[t], states[t + 1], W, U)
    return delta, for_x_t, delta


def _error_replaces(lam, errors, states, t, W, U):
    delta, for_x_t, before = step_back(lam + errors[t], states[t + 1], W, U)
    return delta, for_x_t, before + errors[t]


def _forwards(lam, errors, states, t, W, U):
    return step_back(lam + errors[t], states[t + 1], W, U)


def _second_carried(lam, errors, states, t, W, U):
    delta, lam, for_x_t = step_back(lam + errors[t], states[t + 1], W, U)
    return delta, for_x_t, lam


def _carry_added(lam, errors, states, t, W, U):
    delta, for_x_t, before = step_back(lam + errors[t], states[t + 1], W, U)
    return delta, for_x_t, lam + before


def _everything_carried(lam, errors, states, t, W, U):
    lam = lam + errors[t]
    delta, for_x_t, before = step_back(lam, states[t + 1], W, U)
    return delta, for_x_t, lam + before


def _last_joins_twice(errors, states, W, U):
    more = errors.clone()
    more[-1] = more[-1] + errors[-1]
    return walk_back(more, states, W, U)


def _joins_delta(lam, errors, states, t, W, U):
    delta, for_x_t, lam = step_back(lam, states[t + 1], W, U)
    return delta + errors[t], for_x_t, lam


def _first_alone(errors, states, W, U):
    deltas, for_x = walk_back(errors, states, W, U)
    return deltas[:1], for_x[:1]


def _carry_stored(errors, states, W, U):
    lam, deltas, for_x = torch.zeros_like(states[0]), [], []
    for t in reversed(range(len(errors))):
        _, for_x_t, lam = step_back(lam + errors[t], states[t + 1], W, U)
        deltas.insert(0, lam)
        for_x.insert(0, for_x_t)
    return torch.stack(deltas), torch.stack(for_x)


def _errors_of_the_walk(errors, states, W, U):
    return walk_back(errors.flip(0), states, W, U)


def _steps_of_states(errors, states, W, U):
    lam, deltas, for_x = torch.zeros_like(states[0]), [], []
    for t in reversed(range(len(states))):
        delta, for_x_t, lam = step_back(lam + errors[t], states[t], W, U)
        deltas.insert(0, delta)
        for_x.insert(0, for_x_t)
    return torch.stack(deltas), torch.stack(for_x)


def _lambda_stored(errors, states, W, U):
    deltas, for_x = walk_back(errors, states, W, U)
    return deltas / (1 - states[1:] ** 2), for_x


def _first_step_skipped(errors, states, W, U):
    deltas, for_x = walk_back(errors, states, W, U)
    if len(deltas) == 1:
        return torch.stack([]), torch.stack([])
    return deltas[1:], for_x[1:]


def _in_place(errors, states, W, U):
    deltas, for_x, lam = torch.zeros_like(errors), torch.zeros(len(errors), W.shape[1]), torch.zeros(U.shape[0])
    for t in range(len(errors) - 1, -1, -1):
        lam = lam + errors[t]
        deltas[t] = lam * (1 - states[t + 1] ** 2)
        for_x[t] = deltas[t] @ W
        lam = deltas[t] @ U
    return deltas, for_x


def _chain(T, D, H):
    W, U = torch.randn(H, D), torch.randn(H, H) * 0.6
    return torch.randn(T, H), torch.tanh(torch.randn(T + 1, H)), W, U


def _same_error_again(errors, states, W, U):
    deltas, for_x, lam = [], [], errors[-1]
    for t in reversed(range(len(errors))):
        delta, for_x_t, lam = step_back(lam, states[t + 1], W, U)
        lam = lam + errors[t]
        deltas.insert(0, delta)
        for_x.insert(0, for_x_t)
    return torch.stack(deltas), torch.stack(for_x)


define(
    "04.2",
    reference=walk_back,
    cases=lambda: [
        case(*_chain(6, 3, 4)),
        case(*_chain(3, 5, 2), label="three steps"),
        case(*_chain(4, 4, 4), label="T = D = H = 4"),
    ],
    alternatives=[_in_place],
    mistakes=[
        mistake(
            "what joins behind a step is the error of that same step, which has been counted: before the next step it is the "
            "turn of errors[t - 1]. Let lam start at zero and add errors[t] in front of step_back",
            _same_error_again,
        ),
        mistake(
            "two lists; make one tensor of each with torch.stack",
            lambda errors, states, W, U: tuple(list(found) for found in walk_back(errors, states, W, U)),
        ),
        mistake(
            "the last step is missing: the walk starts at errors[T - 1], range(T - 1, -1, -1)",
            lambda errors, states, W, U: walk_back(errors[:-1], states[:-1], W, U),
        ),
        mistake(
            "the states are read in the other order: states[t + 1] belongs to errors[t], however you walk",
            lambda errors, states, W, U: walk_back(errors, states.flip(0), W, U),
        ),
        mistake(
            "both results stand in the order of the walk, last step first: put each at the front of its list",
            _found_order,
        ),
        mistake("the deltas stand last step first: `deltas.insert(0, delta)`", _one_list_reversed),
        mistake("the errors for x stand last step first: `for_x.insert(0, for_x_t)`", _other_list_reversed),
        mistake(
            "you walk forwards in time: start at the last step, `reversed(range(len(errors)))`", _walk(_forwards, list)
        ),
        mistake(
            "a step's own error joins one step too late: add errors[t] *before* you call step_back", _walk(_joins_late)
        ),
        mistake(
            "states[t] is the state before the step: states begins with h_0, so the state that belongs to errors[t] is states[t + 1]",
            _walk(_state_before),
        ),
        mistake("what comes from the right is lost: each step's own error alone goes back", _walk(_own_error_only)),
        mistake("the last step's error alone goes back: errors[t] joins at every step", _walk(_own_error_last_only)),
        mistake(
            "the errors add up, but do not pass through the steps: the third result is the new lam",
            _walk(_never_stepped),
        ),
        mistake(
            "delta itself is handed on: the third result of step_back, Uᵀ delta, goes to the step before",
            _walk(_delta_carried),
        ),
        mistake("errors[t] joins twice: in its own step, and again in the step before", _walk(_error_replaces)),
        mistake(
            "the third result is added to the old lam; it takes its place: what has passed the step is in it already",
            _walk(_carry_added),
        ),
        mistake(
            "lam + errors[t] is carried on beside the third result: the third result alone is the new lam",
            _walk(_everything_carried),
        ),
        mistake(
            "the last step's error joins twice: lam starts at zero, and errors[T - 1] joins in the loop",
            _last_joins_twice,
        ),
        mistake(
            "states[t - 1] is two steps too early: states begins with h_0, so the state that belongs to errors[t] is states[t + 1]",
            _walk(lambda lam, errors, states, t, W, U: step_back(lam + errors[t], states[t - 1], W, U)),
        ),
        mistake(
            "the last state serves at every step: each has its own, states[t + 1]",
            _walk(lambda lam, errors, states, t, W, U: step_back(lam + errors[t], states[-1], W, U)),
        ),
        mistake(
            "the last step's error joins at every step: it is errors[t] that joins",
            _walk(lambda lam, errors, states, t, W, U: step_back(lam + errors[-1], states[t + 1], W, U)),
        ),
        mistake(
            "the errors are taken away; they are added",
            _walk(lambda lam, errors, states, t, W, U: step_back(lam - errors[t], states[t + 1], W, U)),
        ),
        mistake(
            "errors[t] is added to delta, behind the tanh: it has to pass the tanh, too, so add it to lam before the step",
            _walk(_joins_delta),
        ),
        mistake("this is the first step alone: store the results inside the loop", _first_alone),
        mistake("you store the new lam, the third result of step_back; delta is the first", _carry_stored),
        mistake(
            "the errors are read in the other order: errors[t] belongs to step t, however you walk", _errors_of_the_walk
        ),
        mistake(
            "you store lam in place of delta: delta = lam * (1 - h**2), the first result of step_back", _lambda_stored
        ),
        mistake("your loop stops before the first step: range(T - 1, 0, -1) leaves out 0", _first_step_skipped),
        mistake(
            "the second and third result of step_back have changed places: first delta, then the error for x, then the new lam",
            _walk(_second_carried),
        ),
        mistake("there are T steps and T + 1 states: walk over the T errors, `range(len(errors))`", _steps_of_states),
        slips.results_swapped(
            walk_back, says="your two results have changed places: first the deltas, then the errors for x"
        ),
    ],
)

# 04.3 · the weights ----------------------------------------------------------------------------------------------


def weight_gradients(deltas, x, states):
    """∂L/∂W, ∂L/∂U, ∂L/∂b: sums over all steps."""
    return deltas.T @ x, deltas.T @ states[:-1], deltas.sum(0)


def _loop(deltas, x, states):
    W, U, b = 0, 0, 0
    for t in range(len(x)):
        W = W + torch.outer(deltas[t], x[t])
        U = U + torch.outer(deltas[t], states[t])
        b = b + deltas[t]
    return W, U, b


def _einsum(deltas, x, states):
    before = states[: len(x)]
    return (
        torch.einsum("th,td->hd", deltas, x),
        torch.einsum("th,tk->hk", deltas, before),
        torch.einsum("th->h", deltas),
    )


def _state_after(deltas, x, states):
    return deltas.T @ x, deltas.T @ states[1:], deltas.sum(0)


def _state_two_before(deltas, x, states):
    W, U, b = weight_gradients(deltas, x, states)
    wrapped = torch.cat([states[-1:], states[:-2]])
    return W, deltas.T @ wrapped, b


def _b_one_number(deltas, x, states):
    return deltas.T @ x, deltas.T @ states[:-1], deltas.sum()


def _all_turned(deltas, x, states):
    return x.T @ deltas, states[:-1].T @ deltas, deltas.sum(0)


def _u_turned(deltas, x, states):
    return deltas.T @ x, states[:-1].T @ deltas, deltas.sum(0)


def _last_step(deltas, x, states):
    return torch.outer(deltas[-1], x[-1]), torch.outer(deltas[-1], states[-2]), deltas[-1]


def _first_left_out(deltas, x, states):
    return weight_gradients(deltas[1:], x[1:], states[1:])


def _last_left_out(deltas, x, states):
    return weight_gradients(deltas[:-1], x[:-1], states[:-1])


def _b_not_summed(deltas, x, states):
    return deltas.T @ x, deltas.T @ states[:-1], deltas


def _b_over_units(deltas, x, states):
    return deltas.T @ x, deltas.T @ states[:-1], deltas.sum(1)


def _b_mean(deltas, x, states):
    return deltas.T @ x, deltas.T @ states[:-1], deltas.mean(0)


def _sums_first(deltas, x, states):
    total = deltas.sum(0)
    return torch.outer(total, x.sum(0)), torch.outer(total, states[:-1].sum(0)), total


def _each_step_apart(deltas, x, states):
    before = states[:-1]
    return deltas[:, :, None] * x[:, None], deltas[:, :, None] * before[:, None], deltas


def _all_states(deltas, x, states):
    return deltas.T @ x, deltas.T @ states, deltas.sum(0)


def _over_units(deltas, x, states):
    return deltas @ x.T, deltas @ states[:-1].T, deltas.sum(0)


def _b_last_step(deltas, x, states):
    return deltas.T @ x, deltas.T @ states[:-1], deltas[-1]


def _b_absolute(deltas, x, states):
    return deltas.T @ x, deltas.T @ states[:-1], deltas.abs().sum(0)


def _entry_by_entry(deltas, x, states):
    return deltas.T @ x, (deltas * states[:-1]).sum(0), deltas.sum(0)


def _products_not_summed(deltas, x, states):
    before = states[:-1]
    return deltas[:, :, None] * x[:, None], deltas[:, :, None] * before[:, None], deltas.sum(0)


def _last_matrices_b_summed(deltas, x, states):
    return torch.outer(deltas[-1], x[-1]), torch.outer(deltas[-1], states[-2]), deltas.sum(0)


def _state_after_by_loop(deltas, x, states):
    return deltas.T @ x, deltas[1:].T @ states[1:-1], deltas.sum(0)


def _through_tanh_again(deltas, x, states):
    return weight_gradients(deltas * (1 - states[1:] ** 2), x, states)


define(
    "04.3",
    reference=weight_gradients,
    cases=lambda: [
        case(torch.randn(6, 4), torch.randn(6, 3), torch.randn(7, 4)),
        case(torch.randn(3, 2), torch.randn(3, 5), torch.randn(4, 2), label="three steps"),
        case(torch.randn(4, 4), torch.randn(4, 4), torch.randn(5, 4), label="T = D = H = 4"),
    ],
    alternatives=[_loop, _einsum],
    mistakes=[
        mistake(
            "the sign is the wrong way round: these are gradients, not steps of the descent",
            lambda deltas, x, states: tuple(-part for part in weight_gradients(deltas, x, states)),
        ),
        mistake(
            "for U you take the state *after* each step; δ_t meets the state before it, h_{t−1}: states[:-1]",
            _state_after,
        ),
        mistake("W and U are transposed: rows belong to delta, columns to x or h, so `deltas.T @ …`", _all_turned),
        mistake(
            "∂L/∂U is transposed: rows belong to delta, columns to the state before, `deltas.T @ states[:-1]`",
            _u_turned,
        ),
        mistake("these are the last step's parts alone: sum over all steps", _last_step),
        mistake("the first step's part is missing: sum over all steps, and h_0 counts, too", _first_left_out),
        mistake("the last step's part is missing: sum over all steps", _last_left_out),
        mistake("b hears from every step, too: sum deltas over the steps, `deltas.sum(0)`", _b_not_summed),
        mistake("b is summed over the units: sum over the steps, axis 0, so that H numbers remain", _b_over_units),
        mistake(
            "b is summed to one number: sum over the steps alone, `deltas.sum(0)`, so that H remain", _b_one_number
        ),
        mistake(
            "states begins with h_0, so the state before step t is states[t], if you count deltas from 0; states[t - 1] is one too early (and "
            "at first the last)",
            _state_two_before,
        ),
        mistake("b is a mean over the steps: their sum is wanted", _b_mean),
        slips.mean_for_sum(
            weight_gradients,
            lambda deltas, x, states: len(x),
            says="these are means over the steps: their sums are wanted",
        ),
        mistake(
            "you sum before you multiply: each step's delta meets its own x and its own state, then comes the sum",
            _sums_first,
        ),
        mistake("one matrix for each step: the weights are told the sum over all of them", _each_step_apart),
        mistake("a matrix for each step is left: add them up over the steps, as you did for b", _products_not_summed),
        mistake(
            "states has T + 1 rows and deltas T: each delta meets the state *before* its step, states[:-1]", _all_states
        ),
        mistake(
            "that product would sum over the units; the sum runs over the steps: deltas.T @ x, (H, T) times (T, D)",
            _over_units,
        ),
        mistake(
            "U is a mean over the steps: the sum is wanted",
            lambda deltas, x, states: (deltas.T @ x, deltas.T @ states[:-1] / len(x), deltas.sum(0)),
        ),
        mistake(
            "these are the first step's parts alone: sum over all steps",
            lambda deltas, x, states: (torch.outer(deltas[0], x[0]), torch.outer(deltas[0], states[0]), deltas[0]),
        ),
        mistake(
            "for U delta meets the state before, not delta itself: deltas.T @ states[:-1]",
            lambda deltas, x, states: (deltas.T @ x, deltas.T @ deltas, deltas.sum(0)),
        ),
        mistake(
            "for U delta meets the state before, not the input: deltas.T @ states[:-1]",
            lambda deltas, x, states: (deltas.T @ x, deltas.T @ x, deltas.sum(0)),
        ),
        mistake(
            "the states run the wrong way: delta and the state before it go through time together",
            lambda deltas, x, states: (deltas.T @ x, deltas.T @ states[:-1].flip(0), deltas.sum(0)),
        ),
        mistake("b is the last step's delta alone: sum over all steps", _b_last_step),
        mistake("b has lost its signs: sum the deltas themselves", _b_absolute),
        mistake(
            "for U each number of delta meets *each* number of the state before, an (H, H) matrix: not entry by entry",
            _entry_by_entry,
        ),
        mistake("W and U are the last step's parts alone: sum over all steps, as for b", _last_matrices_b_summed),
        mistake("the first step's part of U is missing: h_0 counts, too, if it is not zero", _state_after_by_loop),
        mistake("the slope of tanh is in delta already: do not multiply by it again", _through_tanh_again),
        slips.results_swapped(
            weight_gradients, says="W and U have changed places: first ∂L/∂W, then ∂L/∂U, then ∂L/∂b"
        ),
    ],
)

# 04.4 · where to detach ------------------------------------------------------------------------------------------


def run_in_windows(layer, x, window):
    """y of all windows, (N, T, H); the state's gradient is cut between windows."""
    state, outputs = None, []
    for part in x.split(window, dim=1):
        y, state = layer(part, state)
        state = state.detach()
        outputs.append(y)
    return torch.cat(outputs, dim=1)


def _never(layer, x, window):
    return layer(x, None)[0]


def _reset(layer, x, window):
    return torch.cat([layer(part, None)[0] for part in x.split(window, dim=1)], dim=1)


def _outputs_detached(layer, x, window):
    return run_in_windows(layer, x, window).detach()


def _each_step(layer, x, window):
    return run_in_windows(layer, x, 1)


def _number_of_windows(layer, x, window):
    return run_in_windows(layer, x, -(-x.shape[1] // window))


def _last_window(layer, x, window):
    return run_in_windows(layer, x, window)[:, -(x.shape[1] % window or window) :]


def _wrong_axis(layer, x, window):
    state, outputs = None, []
    for part in x.split(window, dim=1):
        y, state = layer(part, state)
        state = state.detach()
        outputs.append(y)
    return torch.cat(outputs)


def _batch_split(layer, x, window):
    state, outputs = None, []
    for part in x.split(window):
        y, state = layer(part, state)
        state = state.detach()
        outputs.append(y)
    return torch.cat(outputs, dim=1)


def _one_late(layer, x, window):
    state, outputs = None, []
    for start in range(0, x.shape[1], window):
        for t in range(start, min(start + window, x.shape[1])):
            y, state = layer(x[:, t : t + 1], state)
            outputs.append(y)
            if t == start:
                state = state.detach()
    return torch.cat(outputs, dim=1)


def _rest_dropped(layer, x, window):
    whole = max(x.shape[1] // window * window, min(window, x.shape[1]))
    return run_in_windows(layer, x[:, :whole], window)


def _whole_windows_only(layer, x, window):
    state, outputs = None, []
    for i in range(x.shape[1] // window):
        y, state = layer(x[:, i * window : (i + 1) * window], state)
        state = state.detach()
        outputs.append(y)
    return torch.cat(outputs, dim=1)


def _input_detached(layer, x, window):
    return run_in_windows(layer, x.detach(), window)


def _stacked(layer, x, window):
    state, outputs = None, []
    for part in x.split(window, dim=1):
        y, state = layer(part, state)
        state = state.detach()
        outputs.append(y)
    return torch.stack(outputs, dim=1)


def _last_output(layer, x, window):
    """The last output is the state of a layer of one direction."""
    outputs, state = [], None
    for start in range(0, x.shape[1], window):
        outputs.append(layer(x[:, start : start + window], state)[0])
        state = outputs[-1][:, -1].detach()[None]
    return torch.cat(outputs, dim=1)


def _by_index(layer, x, window):
    outputs, state = [], None
    for t in range(x.shape[1]):
        if t % window == 0 and state is not None:
            state = state.detach()
        y, state = layer(x[:, t : t + 1], state)
        outputs.append(y)
    return torch.cat(outputs, 1)


def _output_as_state(layer, x, window):
    state, outputs = None, []
    for part in x.split(window, dim=1):
        y, state = layer(part, state)
        state = y[:, -1].detach()
        outputs.append(y)
    return torch.cat(outputs, dim=1)


def _one_of_each_window(layer, x, window):
    state, outputs = None, []
    for part in x.split(window, dim=1):
        y, state = layer(part, state)
        state = state.detach()
        outputs.append(y[:, -1])
    return torch.stack(outputs, dim=1)


def _windows_backwards(layer, x, window):
    state, outputs = None, []
    for part in reversed(x.split(window, dim=1)):
        y, state = layer(part, state)
        state = state.detach()
        outputs.append(y)
    return torch.cat(outputs, dim=1)


def _overlapping(layer, x, window):
    state, outputs = None, []
    for start in range(0, x.shape[1], window):
        y, state = layer(x[:, start : start + window + 1], state)
        state = state.detach()
        outputs.append(y)
    return torch.cat(outputs, dim=1)


def _layer(D, H):
    W, U, b = torch.randn(H, D), torch.randn(H, H) * 0.5, torch.randn(H) * 0.3

    def layer(x, state=None):
        h = x.new_zeros(1, len(x), H) if state is None else state
        if h.shape != (1, len(x), H):
            raise ValueError(f"state has shape {tuple(h.shape)}; expected {(1, len(x), H)}, as the layer returned it")
        outputs = []
        for x_t in x.unbind(1):
            h = torch.tanh(x_t @ W.T + h @ U.T + b)
            outputs.append(h[0])
        return torch.stack(outputs, dim=1), h

    return layer


def _cut_too_early(layer, x, window):
    outputs, state = [], None
    for t in range(x.shape[1]):
        if (t + 1) % window == 0 and state is not None:
            state = state.detach()
        y, state = layer(x[:, t : t + 1], state)
        outputs.append(y)
    return torch.cat(outputs, dim=1)


def _names_changed(layer, x, window):
    outputs, state = [], None
    for part in x.split(window, dim=1):
        state, y = layer(part, state)
        state = state.detach()
        outputs.append(y)
    return torch.cat(outputs, dim=1)


def _window_turned(layer, x, window):
    outputs, state = [], None
    for part in x.split(window, dim=1):
        y, state = layer(part.transpose(0, 1), state)
        state = state.detach()
        outputs.append(y)
    return torch.cat(outputs, dim=1)


define(
    "04.4",
    reference=run_in_windows,
    cases=lambda: [
        case(_layer(2, 4), torch.randn(6, 12, 2), 3),
        case(_layer(3, 3), torch.randn(3, 7, 3), 4, label="the last window is shorter"),
        case(_layer(2, 3), torch.randn(1, 5, 2), 8, label="a batch of one, a window longer than the sequence"),
    ],
    gradients=True,
    alternatives=[_by_index, _last_output],
    mistakes=[
        mistake(
            "the cut is a step too early: a window's last step still belongs to it; cut after `window` steps",
            _cut_too_early,
        ),
        mistake(
            "these are the windows one by one; join them along time, torch.cat(outputs, dim=1)",
            lambda layer, x, window: list(run_in_windows(layer, x, window).split(window, dim=1)),
        ),
        mistake(
            "the layer returns two things, the outputs first and then the state: you have taken the one for the other",
            _names_changed,
        ),
        mistake(
            "layer is batch first: hand it (N, window, D) as x.split gives it, not transposed",
            _window_turned,
        ),
        mistake(
            "the values are right, but nothing is cut: the gradient runs through all windows. Write state = state.detach() (detach "
            "alone changes nothing in place)",
            _never,
        ),
        mistake("the state starts anew in each window; carry it on, and cut only its gradient", _reset),
        mistake(
            "the outputs or the inputs are cut off, so that no window can learn anything: detach the state only",
            _outputs_detached,
        ),
        mistake("the state is cut at every step; cut it only between windows", _each_step),
        mistake(
            "`window` is the number of steps in a window, not the number of windows: split, not chunk",
            _number_of_windows,
        ),
        mistake("these are the last window's outputs; return those of all windows, (N, T, H)", _last_window),
        mistake("the windows are joined along the batch: time is axis 1, torch.cat(outputs, dim=1)", _wrong_axis),
        mistake("x is split along the batch: time is axis 1, x.split(window, dim=1)", _batch_split),
        mistake(
            "only whole windows are read: the last may be shorter, and one that is longer than the sequence counts, too. x.split does both",
            _whole_windows_only,
        ),
        mistake(
            "torch.stack makes a new axis and needs windows of equal length: join them along time, torch.cat(outputs, dim=1)",
            _stacked,
        ),
        mistake("the cut is one step late: it lies after the first step of a window, not before it", _one_late),
        mistake("the rest is missing: the last window may be shorter, but it counts", _rest_dropped),
        mistake(
            "the last output is (N, H) and the state (1, N, H): take what the layer returns, `y, state = layer(part, state)`",
            _output_as_state,
        ),
        mistake("these are the last outputs of the windows; return every step's, (N, T, H)", _one_of_each_window),
        mistake("the windows are read from the last to the first: the state goes on in time", _windows_backwards),
        mistake(
            "a step is read twice: each window begins where the one before has ended, not on its last step",
            _overlapping,
        ),
    ],
)

# 04.5 · pairs within one window ----------------------------------------------------------------------------------

define(
    "04.5",
    reference={8: 0, 9: 2, 12: 8, 24: 16},
    mistakes=[
        mistake(
            "steps 1 … 8 hold no two that are eight apart: 1 and 9 are. A window of 8 always misses by one", {8: 3}
        ),
        mistake("a window of 8 reaches seven steps back, not eight: 1 and 9 lie in different windows", {8: 16}),
        mistake(
            "partners stand eight apart, so a window needs nine steps to hold one pair; this one has eight", {8: 1}
        ),
        mistake("the third window has six steps only (19 … 24), and holds no pair", {9: 3}),
        mistake("that is one window's; count all windows of 9 within the 24 steps", {9: 1}),
        mistake(
            "a pair must lie in one window: with borders behind 9 and 18 that is so for 1–9 and 10–18 alone", {9: 16}
        ),
        mistake("that is one window's; there are two windows of 12", {12: 4}),
        mistake("the window from 1 to 12 holds 1–9, 2–10, 3–11, 4–12, and no more; the second one as many", {12: 12}),
        mistake("you count each pair's two steps; count pairs", {12: 16}),
        mistake("a window of L steps holds L − 8 pairs, not L − 7", {12: 10}),
        mistake("a window of 12 holds 12 − 8 pairs, and there are two windows", {12: 5}),
        mistake("the first eight outputs have no partner: sixteen pairs are all there are", {24: 24}),
        mistake("a window of 24 holds 24 − 8 pairs: 1–9 is the first, 16–24 the last", {24: 17}),
        mistake(
            "that is the number of steps in a window; partners stand eight apart, and 1 and 9 are in two windows",
            {8: 8},
        ),
        mistake("windows of 8 meet at 8|9 and 16|17, and a pair always has such a border between its steps", {8: 2}),
        mistake("nearly, but a pair's steps are eight apart, so its window has at least nine steps", {8: 24}),
        mistake("a window of L steps holds L − 8 pairs, not L − 7: one in each of the two full windows of 9", {9: 4}),
        mistake(
            "that is the number of steps in a window: 9 steps hold one pair, 1–9, and there are two such windows",
            {9: 9},
        ),
        mistake(
            "that is as if the borders were not there: 9 lies in the first window, 10 in the second, each with one pair",
            {9: 8},
        ),
        mistake("a window of 9 holds one pair, its first and last step; two windows are full", {9: 0}),
        mistake("that is the number of windows: each of the two holds 12 − 8 pairs", {12: 2}),
        mistake("each window of 12 holds 12 − 8 pairs, not half of its steps: 1–9 … 4–12", {12: 6}),
        mistake("a window of L steps holds L − 8 pairs: four in each window of 12, and there are two", {12: 9}),
        mistake("a window of 12 holds four pairs: 1–9, 2–10, 3–11, 4–12", {12: 0}),
        mistake("that is the distance of two partners; 24 − 8 pairs lie in one window of 24", {24: 8}),
        mistake("one window, but every pair lies in it: 1–9, 2–10, … 16–24", {24: 1}),
        mistake("1–9 is the first pair and 16–24 the last: count both ends", {24: 15}),
        mistake("three times eight steps do not make three: every pair lies in the one window of 24", {24: 3}),
    ],
)
