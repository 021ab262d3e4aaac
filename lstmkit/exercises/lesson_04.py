"""Lesson 04 · BPTT: one step back, the gradient by lag, three matrices, clipping by norm, where to detach."""

from __future__ import annotations

import torch

from lstmkit.exercises import case, define, mistake

# 04.1 · one step of BPTT -----------------------------------------------------------------------------------------


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
        mistake("tanh's derivative is missing: delta = lam * (1 - h**2)", _with_delta(lambda lam, h: lam)),
        mistake(
            "h is already a tanh: its derivative is 1 - h**2, not 1 - tanh(h)**2",
            _with_delta(lambda lam, h: lam * (1 - torch.tanh(h) ** 2)),
        ),
        mistake("that multiplies by h; tanh's derivative is 1 - h**2", _with_delta(lambda lam, h: lam * h)),
        mistake("the square is missing: 1 - h**2, not 1 - h", _with_delta(lambda lam, h: lam * (1 - h))),
        mistake(
            "that is the derivative of a sigmoid; of tanh it is 1 - h**2", _with_delta(lambda lam, h: lam * h * (1 - h))
        ),
        mistake("W and U are swapped: W.T leads to the input, U.T to the state before", _matrices_swapped),
        mistake("W where U belongs: the state before came in through U", _only_w),
        mistake("U where W belongs: the input came in through W", _only_u),
        mistake("the matrices are not transposed: backwards it is W.T @ delta and U.T @ delta", _not_transposed),
        mistake("U is not transposed: the error goes back through U.T", _u_not_transposed),
        mistake("lam itself is handed on; it must pass through the tanh first: use delta", _lam_handed_on),
        mistake("wrong order: the tanh comes before U on the way back, U.T @ (lam * (1 - h**2))", _tanh_after_u),
    ],
)

# 04.2 · the gradient by lag --------------------------------------------------------------------------------------


def gradient_by_lag(layer, x):
    """Frobenius norm of ∂h_T/∂x_{T-k}, entry k for lag k: (T,)."""
    x = x.detach().clone().requires_grad_()
    last = layer(x)[-1]
    rows = torch.stack([torch.autograd.grad(h_i, x, retain_graph=True)[0] for h_i in last])
    return rows.square().sum(dim=(0, 2)).sqrt().flip(0)


def _rows(layer, x):
    x = x.detach().clone().requires_grad_()
    return torch.stack([torch.autograd.grad(h_i, x, retain_graph=True)[0] for h_i in layer(x)[-1]])


def _of_rows(reduce):
    return lambda layer, x: reduce(_rows(layer, x)).flip(0)


def _of_number(choose):
    def wrong(layer, x):
        x = x.detach().clone().requires_grad_()
        return torch.autograd.grad(choose(layer(x)), x)[0].norm(dim=1).flip(0)

    return wrong


def _graph_freed(layer, x):
    x = x.detach().clone().requires_grad_()
    rows = torch.stack([torch.autograd.grad(h_i, x)[0] for h_i in layer(x)[-1]])
    return rows.square().sum(dim=(0, 2)).sqrt().flip(0)


def _jacobian(layer, x):
    jacobian = torch.autograd.functional.jacobian(lambda x: layer(x)[-1], x)  # (H, T, D)
    return torch.linalg.matrix_norm(jacobian.permute(1, 0, 2)).flip(0)


def _recurrent(H, D):
    W, U, b = torch.randn(H, D), torch.randn(H, H) * 0.5, torch.randn(H) * 0.3

    def layer(x):
        h, states = torch.zeros(H), []
        for x_t in x:
            h = torch.tanh(W @ x_t + U @ h + b)
            states.append(h)
        return torch.stack(states)

    return layer


define(
    "04.2",
    reference=gradient_by_lag,
    cases=lambda: [
        case(_recurrent(4, 3), torch.randn(6, 3)),
        case(_recurrent(3, 3), torch.randn(3, 3), label="T = D = H = 3"),
        case(_recurrent(5, 2), torch.randn(1, 2), label="one step"),
    ],
    alternatives=[_jacobian],
    mistakes=[
        mistake(
            "this is the gradient of h_T.sum(): in a sum over the outputs gradients cancel. Take each h_T[i] on its own, then "
            "the root of the sum of squares",
            _of_number(lambda y: y[-1].sum()),
        ),
        mistake(
            "this is the gradient of the sum over all steps, y.sum(): use the last state alone",
            _of_number(lambda y: y.sum()),
        ),
        mistake(
            "this is the first number of the last state only; all H belong to the matrix",
            _of_number(lambda y: y[-1, 0]),
        ),
        mistake(
            "this is the last number of the last state only; all H belong to the matrix",
            _of_number(lambda y: y[-1, -1]),
        ),
        mistake(
            "the right numbers in time order: entry 0 should be the last input (lag 0), so flip them",
            lambda layer, x: gradient_by_lag(layer, x).flip(0),
        ),
        mistake(
            "that is the square of the norm: the root is missing", _of_rows(lambda rows: rows.square().sum(dim=(0, 2)))
        ),
        mistake(
            "the norm of each row, then their mean; the Frobenius norm is the root of the sum of all squares",
            _of_rows(lambda rows: rows.norm(dim=2).mean(0)),
        ),
        mistake(
            "the norm of each row, then their sum; the Frobenius norm is the root of the sum of all squares",
            _of_rows(lambda rows: rows.norm(dim=2).sum(0)),
        ),
        mistake(
            "that is the root of the *mean* of all squares; take their sum",
            _of_rows(lambda rows: rows.square().mean(dim=(0, 2)).sqrt()),
        ),
        mistake(
            "that is the largest singular value (another norm, used below); here all squares are summed",
            _of_rows(lambda rows: torch.linalg.matrix_norm(rows.permute(1, 0, 2), 2)),
        ),
        mistake(
            "that is the sum of absolute values; take squares, sum, root",
            _of_rows(lambda rows: rows.abs().sum(dim=(0, 2))),
        ),
        mistake("the graph was freed by the first gradient: pass retain_graph=True", _graph_freed),
    ],
)

# 04.3 · which matrix explodes? -----------------------------------------------------------------------------------

define(
    "04.3",
    reference={"A": "vanishes", "B": "explodes", "C": "stays"},
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

# 04.4 · clip by norm ---------------------------------------------------------------------------------------------


def clip_by_norm(gradients, limit):
    """All gradients times limit/norm if their common norm is above limit, else as they are."""
    norm = sum(g.square().sum() for g in gradients).sqrt()
    return [g * limit / norm if norm > limit else g for g in gradients]


def _each_entry(gradients, limit):
    return [g.clamp(-limit, limit) for g in gradients]


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


def _by_minimum(gradients, limit):
    norm = torch.cat([g.flatten() for g in gradients]).norm()
    factor = min(1.0, limit / (norm.item() + 1e-12))
    return tuple(factor * g for g in gradients)


define(
    "04.4",
    reference=clip_by_norm,
    cases=lambda: [
        case([3 * torch.randn(4, 3), torch.randn(5), 0.1 * torch.randn(2, 2)], 2.0, label="long gradients"),
        case([0.1 * torch.randn(4, 3), 0.1 * torch.randn(5)], 2.0, label="short gradients stay as they are"),
        case([0.4 * torch.ones(3), 0.3 * torch.ones(4)], 0.8, label="each below the limit, together above it"),
        case([torch.zeros(3), torch.zeros(2, 2)], 1.0, label="all zero"),
        case([torch.tensor(-7.0)], 3.0, label="one number"),
    ],
    alternatives=[_by_minimum],
    mistakes=[
        mistake(
            "each entry is clipped on its own, which bends the direction; scale all of them by one factor", _each_entry
        ),
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
        mistake("the factor is upside down: limit / norm, not norm / limit", _inverted),
    ],
)

# 04.5 · where to detach ------------------------------------------------------------------------------------------


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


def _by_index(layer, x, window):
    outputs, state = [], None
    for t in range(x.shape[1]):
        if t % window == 0 and state is not None:
            state = state.detach()
        y, state = layer(x[:, t : t + 1], state)
        outputs.append(y)
    return torch.cat(outputs, 1)


def _layer(D, H):
    W, U, b = torch.randn(H, D), torch.randn(H, H) * 0.5, torch.randn(H) * 0.3

    def layer(x, state=None):
        h = x.new_zeros(1, len(x), H) if state is None else state
        outputs = []
        for x_t in x.unbind(1):
            h = torch.tanh(x_t @ W.T + h @ U.T + b)
            outputs.append(h[0])
        return torch.stack(outputs, dim=1), h

    return layer


define(
    "04.5",
    reference=run_in_windows,
    cases=lambda: [
        case(_layer(2, 4), torch.randn(6, 12, 2), 3),
        case(_layer(3, 3), torch.randn(3, 7, 3), 4, label="the last window is shorter"),
        case(_layer(2, 3), torch.randn(1, 5, 2), 8, label="a batch of one, a window longer than the sequence"),
    ],
    gradients=True,
    alternatives=[_by_index],
    mistakes=[
        mistake(
            "the values are right, but nothing is cut: the gradient runs through all windows. Write state = state.detach() (detach "
            "alone changes nothing in place)",
            _never,
        ),
        mistake("the state starts anew in each window; carry it on, and cut only its gradient", _reset),
        mistake(
            "the outputs (or inputs) are cut off, so that no window can learn anything: detach the state only",
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
        mistake("the cut is one step late: it lies after the first step of a window, not before it", _one_late),
        mistake("the rest is missing: the last window may be shorter, but it counts", _rest_dropped),
    ],
)
