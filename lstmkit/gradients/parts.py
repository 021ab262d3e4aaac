"""A one-to-many model in its parts: what z starts, what the layer reads, what is fed back; each by its own Jacobian.

start and inputs are the user's functions of z: asked once, checked (`callables.outputs`), and differentiated by z in whichever
direction is asked for. A closed loop is walked step by step, unless it is linear: then it belongs into the layer's weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lstmkit.gradients.callables import Outputs, check, columns, gradients_of, leaks, outputs, same_everywhere
from lstmkit.gradients.function import Dice
from lstmkit.gradients.linearise import Net, Step, altered, head_jacobian, initial, roll
from lstmkit.gradients.settings import run, slices, theirs
from lstmkit.shapes import expect, expect_finite, expect_whole


class Parts(NamedTuple):
    net: Net
    D: int
    like: Tensor  # a weight: its dtype and device
    start: Callable | None
    inputs: Callable | Tensor | None
    head: Callable | None
    steps: int | None
    feedback: Callable | None


class Sources(NamedTuple):
    """Where z enters. start: of the state, (N, S). inputs: of what is read, None where it does not depend on z. P: the numbers of z.

    reach: which steps read of z: "all" (each its own, (N, T·D)), "same" (each the same, (N, D)), "first" (none but x_1, (N, D)).
    """

    start: Known | Asked | None
    inputs: Known | Asked | None
    reach: str
    state: list[Tensor]
    x: Tensor
    P: int


class Known:
    """A source whose Jacobian is at hand: by_z (N, M, P)."""

    def __init__(self, by_z: Tensor):
        self.by_z = by_z

    def tangents(self, rows: slice) -> Tensor:
        """What the source does when the numbers `rows` of z move: (N, R, M)."""
        return self.by_z[:, :, rows].transpose(1, 2)

    def jacobian(self) -> Tensor:
        """(N, M, P)."""
        return self.by_z

    def adjoints(self, rows: Tensor) -> Tensor:
        """Rows of adjoints of the source, (R, N, M), to those of z, (R, N, P)."""
        return (rows.transpose(0, 1) @ self.by_z).transpose(0, 1)


class Asked:
    """A source that is a function of the user's: one call of it, differentiated by autograd in the direction that is asked for."""

    def __init__(self, out: Outputs):
        self.y, self.leaf, self.pick, self.grad = out.y.flatten(1), out.leaf, out.pick.flatten(1), out.grad.flatten(1)

    def tangents(self, rows: slice) -> Tensor:
        R, leaf = rows.stop - rows.start, self.leaf
        with theirs(leaf.device):  # backward through the backward pass, which is linear in its weights
            weights = torch.zeros_like(self.y, requires_grad=True)
            try:
                by_z = torch.autograd.grad(self.y, leaf, weights, create_graph=True)[0]
                picks = leaf.new_zeros(R, len(leaf), leaf[0].numel())
                picks[torch.arange(R), :, torch.arange(rows.start, rows.stop)] = 1
                options = {"retain_graph": True, "is_grads_batched": True}
                found = torch.autograd.grad(by_z, weights, picks.view(R, *leaf.shape), **options)[0].transpose(0, 1)
                once = (found @ self.pick[:, :, None])[:, :, 0]  # what is known already from one backward pass
                if torch.allclose(once, self.grad[:, rows], 1e-4, 1e-5 * float(self.grad.abs().max())):
                    return found
                return self.jacobian()[:, :, rows].transpose(
                    1, 2
                )  # a backward of its own making cuts the second one off
            except (RuntimeError, NotImplementedError):  # something in it cannot be differentiated twice
                return self.jacobian()[:, :, rows].transpose(1, 2)

    def jacobian(self) -> Tensor:
        N, M = self.y.shape
        eye = torch.eye(M, dtype=self.y.dtype, device=self.y.device)
        return self.adjoints(eye[:, None].expand(-1, N, -1)).transpose(0, 1)

    def adjoints(self, rows: Tensor) -> Tensor:
        y, leaf, parts = self.y, self.leaf, []
        with theirs(leaf.device):
            for some in slices(len(rows), max(1, 2**24 // (y.numel() + leaf.numel()))):
                picks = rows[some].reshape(-1, *y.shape)
                grads = gradients_of(y, [leaf], picks)[0]
                parts.append(grads.flatten(2))
        return torch.cat(parts)


def sources(parts: Parts, z: Tensor) -> Sources:
    """Ask start and inputs, with every check; with a graph, whatever mode the caller is in."""
    fits(parts, z)
    for name in ("start", "head", "feedback"):
        if not (getattr(parts, name) is None or callable(getattr(parts, name))):
            raise TypeError(f"{name} is a {type(getattr(parts, name)).__name__}; expected a function or module")
    with theirs(z.device):
        return _sources(parts, z)


def _sources(parts: Parts, z: Tensor) -> Sources:
    N, T, D, net = len(z), parts.steps, parts.D, parts.net
    if T is not None:
        (T,) = expect_whole(steps=T)
    given, reach = None, "all"
    if callable(parts.inputs):
        given = _ask(lambda z: _inputs(parts.inputs(z), N, D, "inputs"), z, "inputs")
        x, reach = given.y.detach(), "same" if given.y.stride(1) == 0 else "all"
    elif parts.inputs is not None:
        x = _inputs(parts.inputs, N, D, "inputs").detach()
        expect(x, "N T D", name="inputs", dtype=z.dtype)
        expect_finite(x, "inputs")
    else:
        if T is None:
            raise ValueError("how many steps? Give steps=…, or inputs=… for what the layer reads")
        x = z.new_zeros(N, int(T), D)
    if T is not None and x.shape[1] != T:
        raise ValueError(f"inputs have {x.shape[1]} steps, but steps={T}: leave steps out, or make them agree")
    begun, state = None, initial(net, None, x)
    if parts.start is not None:
        begun = _ask(lambda z: _flat(net, parts.start(z), x), z, "start")
        state = list(begun.y.detach().unflatten(1, (net.states, -1, net.H)).permute(1, 2, 0, 3).contiguous())
    given, begun = (None if one is None or one.grad is None else one for one in (given, begun))
    if given is None and begun is None:
        raise ValueError(
            "nothing depends on z: give start=… or inputs=…, a function of z (is a detach() or no_grad() in it?)"
        )
    if given is not None and reach == "same":
        given = given._replace(y=given.y[:, 0], pick=given.pick.sum(1))
    start, inputs = (None if one is None else Asked(one) for one in (begun, given))
    return Sources(start, inputs, reach, state, x, z[0].numel())


def fits(parts: Parts, z: Tensor) -> None:
    """One clear line unless z is a tensor of the layer's dtype, float32 or float64, on its device, and without NaN."""
    check(z)
    for name in ("dtype", "device"):
        if getattr(z, name) != getattr(parts.like, name):
            raise TypeError(
                f"z has {name} {getattr(z, name)}, the layer {getattr(parts.like, name)}; convert one with .to(…)"
            )
    if z.dtype not in (torch.float32, torch.float64):
        raise TypeError(f"z has dtype {str(z.dtype).removeprefix('torch.')}; expected float32 or float64")


def _ask(function: Callable, z: Tensor, what: str) -> Outputs:
    """One checked call of start or inputs, which must treat the sequences of the batch one by one."""
    out = outputs(function, z, what, needs=False)
    if out.grad is not None and leaks(out, 1):
        raise ValueError(
            f"{what} mixes the batch: a sequence depends on another one's z (a view, BatchNorm in train mode?)"
        )
    return out


def _inputs(x: object, N: int, D: int, name: str) -> Tensor:
    expect(x, "N T D", name=name, N=N, D=D)
    return x


def _flat(net: Net, state: object, x: Tensor) -> Tensor:
    """A state in torch's layout as (N, S): h of all layers, then c. One clear line if it is not in that layout."""
    return torch.cat([part.transpose(0, 1).flatten(1) for part in initial(net, state, x)], dim=1)


# ---- the forward pass, open or closed ---------------------------------------------------------------------------------


def linearised(parts: Parts, given: Sources) -> tuple[list[list[Step]], Tensor, Tensor | None]:
    """The stack around its forward pass, the head's Jacobian C, and the loop, (T−1, N, D, H): ∂x_{t+1}/∂h_t, where there is one."""
    net, x, y_fed = parts.net, given.x, None
    if parts.feedback is not None:
        if net.p:
            raise ValueError("dropout between the layers of a closed loop: call layer.eval()")
        if (folded := _in_the_weights(parts, given)) is not None:
            return [[folded]], head_jacobian(parts.head, x.new_empty(len(x), 1, net.H)), None
        x, y_fed = _closed(parts, given)
    stack, y = run(lambda: roll(net, x, given.state), x.device)
    expect_finite(y, "the layer's output")
    y = y.transpose(0, 1)
    C = head_jacobian(parts.head, y.contiguous() if net.own else y)
    if y_fed is None or y_fed.shape[1] < 2:
        return stack, C, None
    by_y = _feedback_jacobian(parts.feedback, y_fed[:, :-1])
    if by_y is None:  # what is fed back does not depend on the output
        return stack, C, None
    loop = by_y @ (C if len(C) == 1 else C[:-1])
    if len(stack) == 1 and len(loop) == 1 == loop.shape[1]:  # the same at every step: it belongs into W_hh
        step, H = stack[0][0], net.H
        step.first = step.W
        step.W = torch.cat([step.W[:, :H] + step.W[:, H:] @ loop[0, 0], step.W[:, H:]], dim=1)
        return stack, C, None
    return stack, C, loop.expand(x.shape[1] - 1, len(x), -1, -1)


def _in_the_weights(parts: Parts, given: Sources) -> Step | None:
    """A loop of linear maps around one layer is a layer with another W_hh: nothing to walk step by step.

    x_{t+1} + B(A h_t + a) + b enters the gates as (W_hh + W_ih B A) h_t + W_ih (x_{t+1} + B a + b), but for a GRU, whose reset gate acts
    on W_hh h alone; the first step reads no output: what W_hh brings too much of h_0 is taken from x_1.
    """
    head, feedback, net, x = parts.head, parts.feedback, parts.net, given.x
    linear = all(
        type(part) is nn.Linear and not altered(part) and part.weight.dtype == x.dtype for part in (head, feedback)
    )
    if not linear or net.kind == "GRU" or len(net.weights) > 1 or head.in_features != net.H:
        return None
    if (feedback.in_features, feedback.out_features) != (head.out_features, parts.D):
        return None  # _closed says what is wrong

    def work() -> tuple[Step, Tensor]:
        W_ih, W_hh, *biases = net.weights[0][0]
        loop = feedback.weight @ head.weight
        always = sum(
            ([feedback.weight @ head.bias] if head.bias is not None else [])
            + ([feedback.bias] if feedback.bias is not None else [])
        )
        seen = x + always
        seen[:, 0] = x[:, 0] - given.state[0][0].detach() @ loop.T
        closed = W_hh + W_ih @ loop
        stack, y = roll(net._replace(weights=[[[W_ih, closed, *biases]]]), seen, given.state)
        stack[0][0].first = torch.cat([W_hh, W_ih], dim=1)
        return stack[0][0], y

    step, y = run(work, x.device)
    expect_finite(y, "the layer's output")
    return step


def _closed(parts: Parts, given: Sources) -> tuple[Tensor, Tensor]:
    """Step by step with its own outputs fed back: what the layer read, (N, T, D), and the outputs, (N, T, K)."""
    net, (N, T, D) = parts.net, given.x.shape
    cell = {
        "LSTM": torch.lstm_cell,
        "GRU": torch.gru_cell,
        "RNN": torch.rnn_relu_cell if net.act == "relu" else torch.rnn_tanh_cell,
    }[net.kind]
    states = [list(layer) for layer in zip(*given.state, strict=True)]  # for each layer, h or h and c
    seen, outs, fed, dice = [], [], None, Dice(given.x.device)
    with theirs(given.x.device), torch.no_grad():
        for t in range(T):
            below = given.x[:, t] if fed is None else given.x[:, t] + fed
            seen.append(below)
            for state, (weights,) in zip(states, net.weights, strict=True):
                new = cell(below, state if net.kind == "LSTM" else state[0], *weights)
                state[:] = new if net.kind == "LSTM" else [new]
                below = state[0]
            y = below[:, None] if parts.head is None else parts.head(below[:, None])
            if not isinstance(y, Tensor) or y.ndim != 3 or y.shape[:2] != (N, 1):
                got = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
                raise ValueError(
                    f"the head maps one step, (N={N}, 1, {net.H}), to {got}; expected (N, 1, K), each step on its own"
                )
            outs.append(y[:, 0])
            if t < T - 1:
                fed = parts.feedback(outs[-1])
                if not isinstance(fed, Tensor) or fed.shape != (N, D):
                    got = tuple(fed.shape) if isinstance(fed, Tensor) else type(fed).__name__
                    raise ValueError(
                        f"feedback maps y_t, (N={N}, K={y.shape[2]}), to {got}; expected (N, D={D}): it is added to the layer's input"
                    )
    if drew := dice.moved():
        raise ValueError(
            f"the head or feedback of a closed loop draws random numbers ({', '.join(drew)}), each step its own: call .eval()"
        )
    return torch.stack(seen, dim=1), torch.stack(outs, dim=1)


def _feedback_jacobian(feedback: Callable, y: Tensor) -> Tensor | None:
    """∂feedback(y_t)/∂y_t, (T, N, D, K), or (1, 1, D, K) where it is the same everywhere. y: (N, T, K)."""
    if type(feedback) is nn.Linear and not altered(feedback):
        return feedback.weight.detach()[None, None]
    out = outputs(lambda y: torch.stack([feedback(one) for one in y.unbind(1)], dim=1), y, "feedback", needs=False)
    if out.grad is None:
        return None
    if leaks(out, 2):
        raise ValueError(
            "feedback mixes the batch, or keeps a state: what it returns for a sequence depends on another one's output"
        )
    by_y = columns(out.y, out.leaf).transpose(0, 1)
    return by_y[:1, :1] if same_everywhere(by_y) else by_y
