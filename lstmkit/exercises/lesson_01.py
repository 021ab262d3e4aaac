"""Lesson 01 · Recurrence: the floor, the moving average, one step, the loop, the gradient of one output."""

from __future__ import annotations

import math

import torch

from lstmkit.exercises import case, define, mistake, slips

# 01.1 · the floor ------------------------------------------------------------------------------------------------

define(
    "01.1",
    reference=2 * math.log(2) / 4,
    tolerance=0.01,
    mistakes=[
        mistake(
            "that is the loss in bits, with log2 2 = 1 (or the probability ½ itself): the loss is in nats, so each "
            "ambiguous question costs ln 2",
            0.5,
        ),
        mistake("that is how often the network can be right, not its loss: the loss is the mean of −ln p", 0.75),
        mistake(
            "that is the loss of an ambiguous question; two of the four are certain: take the mean of all four",
            math.log(2),
        ),
        mistake(
            "only one question was counted at ln 2, but l is asked about twice, and either answer costs ln 2",
            math.log(2) / 4,
        ),
        mistake(
            "that is the sum, ln 2 twice (or the loss of guessing among all four letters): the loss is the mean over the "
            "four questions, and after h and e the network can be certain",
            2 * math.log(2),
        ),
        mistake("zero is out of reach: the same l has two answers, and their probabilities cannot both be 1", 0.0),
        mistake("that is the logarithm of a probability; the loss is minus that", -2 * math.log(2) / 4),
        mistake(
            "that is minus the logarithm of the *mean* probability, ¾; the loss is the mean of the four logarithms",
            -math.log(0.75),
        ),
        mistake(
            "that is the loss of a network that does not even see the letter (e ¼, l ½, o ¼ of the answers): this one "
            "sees it, and after h and e it can be certain",
            1.5 * math.log(2),
        ),
        mistake(
            "that is in bits, and of an ambiguous question alone: nats are asked for, and the mean of all four", 1.0
        ),
        mistake("that is the sum over the four questions, and in bits: nats are asked for, and the mean", 2.0),
        mistake(
            "that is e to the power of minus the loss, a kind of mean probability: the loss is the mean of the four −ln p",
            math.exp(-2 * math.log(2) / 4),
        ),
        mistake("that is with the logarithm to base 10: a loss in nats has the natural one", math.log10(2) / 2),
        mistake(
            "that is the base-10 logarithm of an ambiguous question: take the natural one, and the mean of all four",
            math.log10(2),
        ),
        mistake("that is how often the network must be wrong, not its loss: the loss is the mean of −ln p", 0.25),
        mistake(
            "you count three letters, each once: there are four questions, and l is asked about in two of them",
            math.log(2) / 3,
        ),
        mistake(
            "the sum is right, but there are four questions, not three: l is asked about twice", 2 * math.log(2) / 3
        ),
    ],
)

# 01.2 · the moving average ---------------------------------------------------------------------------------------


def moving_average(x, w):
    """Exponentially weighted moving average of x (T,), from h_0 = 0."""
    h, states = x.new_zeros(()), []
    for x_t in x:
        h = w * h + (1 - w) * x_t
        states.append(h)
    return torch.stack(states)


def _weights_swapped(x, w):
    return moving_average(x, 1 - w)


def _starts_at_first(x, w):
    h, states = x[0], []
    for x_t in x:
        h = w * h + (1 - w) * x_t
        states.append(h)
    return torch.stack(states)


def _only_last(x, w):
    return moving_average(x, w)[-1]


def _no_share(x, w):
    return moving_average(x, w) / (1 - w)


def _one_late(x, w):
    return torch.cat([x.new_zeros(1), moving_average(x, w)[:-1]])


def _not_carried(x, w):
    return (1 - w) * x


def _with_zero(x, w):
    return torch.cat([x.new_zeros(1), moving_average(x, w)])


def _plain_mean(x, w):
    return x.cumsum(0) / torch.arange(1, len(x) + 1)


def _all_kept(x, w):
    return ((1 - w) * x).cumsum(0)


def _no_shares(x, w):
    return x.cumsum(0)


def _first_day_unread(x, w):
    states = torch.zeros(len(x))
    for t in range(1, len(x)):
        states[t] = w * states[t - 1] + (1 - w) * x[t]
    return states


def _last_day_unread(x, w):
    h, states = torch.zeros(()), []
    for t in range(len(x) - 1):
        h = w * h + (1 - w) * x[t]
        states.append(h)
    return torch.stack(states)


def _input_before(x, w):
    return w * torch.cat([x[-1:], x[:-1]]) + (1 - w) * x


def _input_before_or_zero(x, w):
    return w * torch.cat([x.new_zeros(1), x[:-1]]) + (1 - w) * x


def _changed_in_place(x, w):
    return moving_average(x, w)[-1].repeat(len(x))


def _average_with(new):
    def wrong(x, w):
        h, states = x.new_zeros(()), []
        for x_t in x:
            h = w * h + new(x, x_t, w)
            states.append(h)
        return torch.stack(states)

    return wrong


def _preallocated_average(x, w):
    states = torch.zeros(len(x) + 1)
    for t in range(len(x)):
        states[t + 1] = w * states[t] + (1 - w) * x[t]
    return states[1:]


def _by_powers(x, w):
    t = torch.arange(len(x), dtype=x.dtype, device=x.device)
    lag = t[:, None] - t
    return torch.where(lag >= 0, (1 - w) * w ** lag.clamp(min=0), torch.zeros_like(lag)) @ x


define(
    "01.2",
    reference=moving_average,
    cases=lambda: [
        case(torch.randn(7) + 2, 0.8),
        case(torch.randn(12) - 1, 0.3),
        case(torch.randn(1) + 3, 0.9, label="one day only"),
    ],
    alternatives=[_by_powers, _preallocated_average],
    mistakes=[
        mistake("the shares are swapped: w belongs to the old state, 1 − w to the new input", _weights_swapped),
        mistake("you start from x_0; the recurrence starts from h_0 = 0", _starts_at_first),
        mistake("this is the last state only; return all of them, shape (T,)", _only_last),
        mistake("the input enters whole; it must be weighted by 1 − w", _no_share),
        mistake("every state is one step late: append h after it is updated, not before", _one_late),
        mistake("the old state is missing: h must appear on both sides, h = w * h + (1 - w) * x_t", _not_carried),
        mistake("h_0 is among the results; return h_1 … h_T, T numbers", _with_zero),
        mistake(
            "this is the plain mean of all days so far: here the old state counts w, however many days there were",
            _plain_mean,
        ),
        mistake(
            "the last day is never read: T states are wanted, one for each day",
            _last_day_unread,
        ),
        mistake(
            "this is the last state alone, on an axis of its own: does `append` stand inside the loop?",
            lambda x, w: moving_average(x, w)[-1:],
        ),
        mistake("the old state is kept whole, so nothing ever fades: only the share w of it is kept", _all_kept),
        mistake(
            "this is the sum of all days: keep the share w of the old state, and take 1 − w of the new input",
            _no_shares,
        ),
        mistake(
            "the first day is never read: a loop from 1 leaves x[0] out, and h_1 is made of it and of h_0",
            _first_day_unread,
        ),
        mistake(
            "w multiplies the *input* of the day before (on the first day x[-1], which is the last): it must multiply the state",
            _input_before,
        ),
        mistake(
            "w multiplies the *input* of the day before: it must multiply the state, which holds all days before",
            _input_before_or_zero,
        ),
        mistake(
            "every entry is the last state: `h *= …` and `h += …` change one tensor in place, and the list holds it T times; "
            "write h = w * h + …",
            _changed_in_place,
        ),
        mistake(
            "this is the first state alone: does the `return` stand inside the loop? It belongs behind it",
            lambda x, w: moving_average(x, w)[:1],
        ),
        mistake(
            "this is a list of states; make one tensor of it with torch.stack", lambda x, w: list(moving_average(x, w))
        ),
        mistake(
            "a bracket is missing: the new input is weighted by (1 - w) * x_t, not by 1 - w * x_t",
            _average_with(lambda x, x_t, w: 1 - w * x_t),
        ),
        mistake(
            "the input is weighted by w, as the old state is; it gets the rest, 1 − w",
            _average_with(lambda x, x_t, w: w * x_t),
        ),
        mistake(
            "all of x enters at every step: the step needs x_t, the number of its own day",
            _average_with(lambda x, x_t, w: (1 - w) * x),
        ),
        slips.first_step_skipped(moving_average, axis=0),
        slips.first_step_left_out(moving_average, axis=0),
        slips.reads_backwards(moving_average, axis=0),
        slips.result_reversed(moving_average, axis=0),
        slips.always_first(moving_average, axis=0),
    ],
)

# 01.3 · one step -------------------------------------------------------------------------------------------------


def rnn_step(x_t, h, W, U, b):
    """tanh(W x_t + U h + b), shape (H,)."""
    return torch.tanh(W @ x_t + U @ h + b)


def _no_tanh(x_t, h, W, U, b):
    return W @ x_t + U @ h + b


def _matrices_swapped(x_t, h, W, U, b):
    return torch.tanh(U @ x_t + W @ h + b)


def _bias_twice(x_t, h, W, U, b):
    return torch.tanh(W @ x_t + b + U @ h + b)


def _no_bias(x_t, h, W, U, b):
    return torch.tanh(W @ x_t + U @ h)


def _no_state(x_t, h, W, U, b):
    return torch.tanh(W @ x_t + b)


def _tanh_of_parts(x_t, h, W, U, b):
    return torch.tanh(W @ x_t) + torch.tanh(U @ h) + b


def _bias_outside(x_t, h, W, U, b):
    return torch.tanh(W @ x_t + U @ h) + b


def _sigmoid(x_t, h, W, U, b):
    return torch.sigmoid(W @ x_t + U @ h + b)


def _transposed(x_t, h, W, U, b):
    return torch.tanh(W @ x_t + U.T @ h + b)


def _all_turned(x_t, h, W, U, b):
    return torch.tanh(x_t @ W + h @ U + b)


def _elementwise(x_t, h, W, U, b):
    return torch.tanh(W * x_t + U * h + b)


def _u_elementwise(x_t, h, W, U, b):
    return torch.tanh(W @ x_t + U * h + b)


def _bracket_too_early(x_t, h, W, U, b):
    return torch.tanh(W @ x_t) + U @ h + b


def _w_turned(x_t, h, W, U, b):
    return torch.tanh(W.T @ x_t + U @ h + b)


def _old_state_added(x_t, h, W, U, b):
    return h + torch.tanh(W @ x_t + U @ h + b)


def _bias_taken_away(x_t, h, W, U, b):
    return torch.tanh(W @ x_t + U @ h - b)


def _one_product(x_t, h, W, U, b):
    return torch.tanh(torch.cat([W, U], dim=1) @ torch.cat([x_t, h]) + b)


def _parameters(D, H):
    return torch.randn(H, D), torch.randn(H, H), torch.randn(H)


define(
    "01.3",
    reference=rnn_step,
    cases=lambda: [
        case(torch.randn(3), torch.randn(3), *_parameters(3, 3), label="D = H = 3"),
        case(torch.randn(4), torch.randn(6), *_parameters(4, 6), label="D = 4, H = 6"),
        case(torch.randn(2), torch.zeros(5), *_parameters(2, 5), label="from the zero state"),
    ],
    gradients=True,
    alternatives=[_one_product],
    mistakes=[
        mistake("the tanh is missing: without it the whole loop is one linear map", _no_tanh),
        mistake("W and U are swapped: W takes the input x_t, U takes the state h", _matrices_swapped),
        mistake("the bias is added twice", _bias_twice),
        mistake("the bias b is missing", _no_bias),
        mistake("the old state is missing: this network has no memory", _no_state),
        mistake("the tanh is applied to the parts; add first, then take one tanh of the sum", _tanh_of_parts),
        mistake(
            "the tanh is applied to the parts; add all three first, then take one tanh of the sum",
            lambda x_t, h, W, U, b: torch.tanh(W @ x_t) + torch.tanh(U @ h + b),
        ),
        mistake(
            "the tanh is applied to the parts: add all three, then take one tanh of the sum",
            lambda x_t, h, W, U, b: torch.tanh(W @ x_t + b) + torch.tanh(U @ h),
        ),
        mistake("the bias belongs inside the tanh", _bias_outside),
        mistake("that is a sigmoid; this cell uses tanh, which is symmetric about zero", _sigmoid),
        mistake("U is transposed: the product is U @ h", _transposed),
        mistake("the matrix stands on the left of the vector: W @ x_t, not x_t @ W", _all_turned),
        mistake("`*` multiplies entry by entry; a matrix times a vector is `@`", _elementwise),
        mistake("`U * h` multiplies entry by entry; a matrix times a vector is `U @ h`", _u_elementwise),
        mistake(
            "the bracket closes too early: the tanh is taken of the whole sum, W @ x_t + U @ h + b", _bracket_too_early
        ),
        mistake("W is transposed: the product is W @ x_t", _w_turned),
        mistake("the old state is added once more, outside the tanh: it comes in through U alone", _old_state_added),
        mistake("the bias is taken away; it is added", _bias_taken_away),
        mistake(
            "the input is missing: W takes x_t, and without it nothing new comes in",
            lambda x_t, h, W, U, b: torch.tanh(U @ h + b),
        ),
        mistake(
            "that is a ReLU, which knows no upper end; this cell uses tanh",
            lambda x_t, h, W, U, b: torch.relu(W @ x_t + U @ h + b),
        ),
        mistake("the tanh is taken twice", lambda x_t, h, W, U, b: torch.tanh(torch.tanh(W @ x_t + U @ h + b))),
        mistake(
            "W and U both take the state: W takes the input x_t", lambda x_t, h, W, U, b: torch.tanh(W @ h + U @ h + b)
        ),
        mistake(
            "what comes of x_t and of h is multiplied; it is added",
            lambda x_t, h, W, U, b: torch.tanh((W @ x_t) * (U @ h) + b),
        ),
        mistake(
            "the bias stands outside the tanh, and with a minus: it is added, inside",
            lambda x_t, h, W, U, b: torch.tanh(W @ x_t + U @ h) - b,
        ),
    ],
)

# 01.4 · unroll ---------------------------------------------------------------------------------------------------


def unroll(x, h, W, U, b):
    """All states of a sequence: (T, H)."""
    states = []
    for x_t in x:
        h = rnn_step(x_t, h, W, U, b)
        states.append(h)
    return torch.stack(states)


def _state_not_carried(x, h, W, U, b):
    return torch.stack([rnn_step(x_t, h, W, U, b) for x_t in x])


def _wrong_axis(x, h, W, U, b):
    return torch.stack(list(unroll(x, h, W, U, b)), dim=1)


def _with_start(x, h, W, U, b):
    return torch.cat([h[None], unroll(x, h, W, U, b)])


def _before_update(x, h, W, U, b):
    return _with_start(x, h, W, U, b)[:-1]


def _last_state_only(x, h, W, U, b):
    return unroll(x, h, W, U, b)[-1]


def _ignores_start(x, h, W, U, b):
    return unroll(x, torch.zeros_like(h), W, U, b)


def _a_list(x, h, W, U, b):
    return list(unroll(x, h, W, U, b))


def _joined_flat(x, h, W, U, b):
    return torch.cat(list(unroll(x, h, W, U, b)))


def _preallocated(x, h, W, U, b):
    states = [h]
    for t in range(len(x)):
        states += [torch.tanh(x[t] @ W.T + states[-1] @ U.T + b)]
    return torch.stack(states[1:])


def _returns_in_the_loop(x, h, W, U, b):
    return unroll(x, h, W, U, b)[:1]


def _added_up(x, h, W, U, b):
    states = []
    for x_t in x:
        h = h + rnn_step(x_t, h, W, U, b)
        states.append(h)
    return torch.stack(states)


def _each_from_zero(x, h, W, U, b):
    return torch.stack([rnn_step(x_t, torch.zeros_like(h), W, U, b) for x_t in x])


def _copied_into_a_layer(x, h, W, U, b):
    layer = torch.nn.RNN(x.shape[1], len(h), batch_first=True)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(W)
        layer.weight_hh_l0.copy_(U)
        layer.bias_ih_l0.copy_(b)
        layer.bias_hh_l0.zero_()
    return layer(x[None], h[None, None])[0][0]


def _stored_as_first(x, h, W, U, b):
    states = [h]
    for t in range(1, len(x)):
        states.append(rnn_step(x[t], states[-1], W, U, b))
    return torch.stack(states)


def _stored_as_first_in_place(x, h, W, U, b):
    states = torch.zeros(len(x), len(h))
    states[0] = h
    for t in range(1, len(x)):
        states[t] = rnn_step(x[t], states[t - 1], W, U, b)
    return states


def _cut_between_steps(x, h, W, U, b):
    states = []
    for x_t in x:
        h = rnn_step(x_t, h.detach(), W, U, b)
        states.append(h)
    return torch.stack(states)


def _written_into(x, h, W, U, b):
    states = torch.zeros(len(x) + 1, len(h))
    states[0] = h
    for t in range(len(x)):
        states[t + 1] = rnn_step(x[t], states[t], W, U, b)
    return states[1:]


define(
    "01.4",
    reference=unroll,
    cases=lambda: [
        case(torch.randn(5, 3), torch.randn(4), *_parameters(3, 4)),
        case(torch.randn(4, 2), torch.randn(4), *_parameters(2, 4), label="T = H = 4"),
        case(torch.randn(1, 3), torch.randn(2), *_parameters(3, 2), label="a sequence of one step"),
    ],
    gradients=True,
    alternatives=[_preallocated],
    mistakes=[
        mistake(
            "the state is not carried: each step starts from the same h. Assign the new state to h inside the loop",
            _state_not_carried,
        ),
        mistake("time is on the wrong axis: torch.stack(states) puts it first, shape (T, H)", _wrong_axis),
        mistake("the starting state is among the results; return h_1 … h_T only", _with_start),
        mistake("every state is one step late: append after the update, not before", _before_update),
        mistake("this is the last state only; return all T of them, shape (T, H)", _last_state_only),
        mistake("you start from zero; start from the h that was given", _ignores_start),
        mistake("this is a list of states; make one tensor of it with torch.stack", _a_list),
        mistake("torch.cat lays the states end to end; torch.stack gives each a row of its own", _joined_flat),
        mistake(
            "the numbers are right, but you write into a tensor that autograd still needs for the gradient: keep the "
            "state in h, collect the states in a list, and torch.stack(states) at the end",
            _written_into,
        ),
        mistake(
            "this is the first state alone: does the `return` stand inside the loop? It belongs behind it",
            _returns_in_the_loop,
        ),
        mistake(
            "this is the last state alone, on an axis of its own: does `append` stand inside the loop?",
            lambda x, h, W, U, b: unroll(x, h, W, U, b)[-1:],
        ),
        mistake("the new state is added to the old one; it takes its place, h = rnn_step(…)", _added_up),
        mistake("every step starts from zero: hand the state of the step before to rnn_step", _each_from_zero),
        mistake(
            "the values are right, but W, U and b were copied into a layer of torch's: no gradient comes back to them",
            _copied_into_a_layer,
        ),
        mistake(
            "the state that was given stands in the place of h_1: it is h_0, and the first step, with x_1, makes h_1 of it",
            _stored_as_first,
        ),
        mistake(
            "the state that was given is stored as states[0], in the place of h_1: it is h_0, and the first step, with x[0], "
            "makes h_1 of it. Collect the states in a list, too: autograd needs what you write over",
            _stored_as_first_in_place,
        ),
        mistake(
            "the values are right, but h is cut off between the steps (a `.detach()`, or `.data`?): no gradient passes from a "
            "step to the one before",
            _cut_between_steps,
        ),
        slips.reads_backwards(unroll, axis=0),
        slips.result_reversed(unroll, axis=0),
        slips.always_first(unroll, axis=0),
        slips.one_step_late(unroll, axis=0),
        slips.first_step_skipped(unroll, axis=0),
        slips.stops_early(unroll, axis=0),
    ],
)

# 01.5 · the gradient of one output -------------------------------------------------------------------------------


def last_step_gradient(model, x, k):
    """∂ model(x)[-1, k] / ∂x, shape (T, D)."""
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(model(x)[-1, k], x)[0]


def _gradient_of(choose):
    def wrong(model, x, k):
        x = x.detach().clone().requires_grad_()
        return torch.autograd.grad(choose(model(x), k), x)[0]

    return wrong


def _absolute(model, x, k):
    return last_step_gradient(model, x, k).abs()


def _times_input(model, x, k):
    return last_step_gradient(model, x, k) * x


def _last_row(model, x, k):
    return last_step_gradient(model, x, k)[-1]


def _norms(model, x, k):
    return last_step_gradient(model, x, k).norm(dim=1)


def _column(model, x, k):
    return last_step_gradient(model, x, k)[:, k]


def _as_tuple(model, x, k):
    return (last_step_gradient(model, x, k),)


def _with_backward(model, x, k):
    x = x.detach().clone().requires_grad_(True)
    model(x)[-1][k].backward()
    return x.grad


def _models():
    W, U, b = (parameter * 0.5 for parameter in _parameters(3, 5))
    V = torch.randn(4, 5)

    def recurrent(x):
        return unroll(x, torch.zeros(5), W, U, b) @ V.T

    def memoryless(x):
        return torch.tanh(x @ W.T + b) @ V.T

    return [
        case(recurrent, torch.randn(6, 3), 1),
        case(recurrent, torch.randn(3, 3), 3, label="k = 3"),
        case(memoryless, torch.randn(4, 3), 0, label="a memoryless model: zero for every earlier step"),
    ]


define(
    "01.5",
    reference=last_step_gradient,
    cases=_models,
    alternatives=[_with_backward],
    mistakes=[
        mistake(
            "this is the gradient of the sum of all outputs (y.sum()): choose one number, y[-1, k]",
            _gradient_of(lambda y, k: y.sum()),
        ),
        mistake(
            "this sums score k over all steps: the last step alone is y[-1, k]",
            _gradient_of(lambda y, k: y[:, k].sum()),
        ),
        mistake(
            "this sums all scores of the last step: choose score k, y[-1, k]", _gradient_of(lambda y, k: y[-1].sum())
        ),
        mistake("this is the first step's output; the last one is y[-1, k]", _gradient_of(lambda y, k: y[0, k])),
        mistake(
            "this is the mean of score k over all steps: the last step alone is y[-1, k]",
            _gradient_of(lambda y, k: y[:, k].mean()),
        ),
        mistake(
            "this is row k of the output, (T, K): step −1 comes first, y[-1, k]", _gradient_of(lambda y, k: y[k].sum())
        ),
        mistake(
            "this is the gradient of a probability (a softmax): the score itself is asked for",
            _gradient_of(lambda y, k: y.softmax(-1)[-1, k]),
        ),
        mistake(
            "this is the gradient of the logarithm of a probability: the score itself is asked for",
            _gradient_of(lambda y, k: y.log_softmax(-1)[-1, k]),
        ),
        mistake(
            "this is the gradient of a cross-entropy, a loss: the score itself is asked for",
            _gradient_of(lambda y, k: -y.log_softmax(-1)[-1, k]),
        ),
        mistake("score k counts from 0: y[-1, k], not y[-1, k - 1]", _gradient_of(lambda y, k: y[-1, k - 1])),
        mistake("this is the last step but one; the last is y[-1, k]", _gradient_of(lambda y, k: y[-2, k])),
        mistake(
            "this is the gradient of the square of the score; the score itself is asked for",
            _gradient_of(lambda y, k: y[-1, k] ** 2),
        ),
        mistake(
            "this is the gradient of the mean of all outputs: choose one number, y[-1, k]",
            _gradient_of(lambda y, k: y.mean()),
        ),
        mistake(
            "the sign is the wrong way round: it is the score that is differentiated, not a loss",
            _gradient_of(lambda y, k: -y[-1, k]),
        ),
        mistake(
            "the gradient is summed over the inputs of a step; return all entries, (T, D)",
            lambda model, x, k: last_step_gradient(model, x, k).sum(1),
        ),
        mistake(
            "the gradient is summed to one number; return all entries, (T, D)",
            lambda model, x, k: last_step_gradient(model, x, k).sum(),
        ),
        mistake(
            "this is the largest score of the last step: score k is asked for", _gradient_of(lambda y, k: y[-1].max())
        ),
        mistake("time comes first in the output, (T, K): y[-1, k], not y[k, -1]", _gradient_of(lambda y, k: y[k, -1])),
        mistake("the sign is lost: return the gradient itself, not its absolute value", _absolute),
        mistake("this is gradient × input, another measure (lesson 24); return the gradient itself", _times_input),
        mistake("this is only the last step's row; every step of the input has one", _last_row),
        mistake("these are the sizes, one for each step; return all entries, shape (T, D)", _norms),
        mistake(
            "k chooses the output, y[-1, k], not a column of the gradient: return all entries, shape (T, D)",
            _column,
        ),
        mistake("torch.autograd.grad returns a tuple; take its first entry with [0]", _as_tuple),
    ],
)
