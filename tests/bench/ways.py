"""The stock ways to the whole Jacobian of an LSTM with a linear head, each as a function that does some of the outputs.

way(layer, head, x, at) → (outputs, N, T, D): ∂y/∂x for the outputs `at`, a list of pairs (t, k). As a careful user would write
them: samples of a batch are independent, so one backward pass serves them all, and only what is asked for is computed.
"""

from __future__ import annotations

import torch
from captum.attr import Saliency


def loop(layer, head, x, at):
    """One forward pass, then one backward pass for each output."""
    x = x.clone().requires_grad_()
    y = head(layer(x)[0])
    return torch.stack([torch.autograd.grad(y[:, t, k].sum(), x, retain_graph=True)[0] for t, k in at])


def replicated(layer, head, x, at):
    """The batch repeated once for each output, one forward and one backward pass for all of it."""
    many = x.repeat(len(at), 1, 1).requires_grad_()
    y = head(layer(many)[0]).unflatten(0, (len(at), -1))
    t, k = torch.tensor(at).T
    return torch.autograd.grad(y[torch.arange(len(at)), :, t, k].sum(), many)[0].unflatten(0, (len(at), -1))


def is_grads_batched(layer, head, x, at):
    """One forward pass, one vectorised backward pass: autograd.grad(..., is_grads_batched=True)."""
    x = x.clone().requires_grad_()
    y = head(layer(x)[0])
    pick = torch.zeros(len(at), *y.shape)
    t, k = torch.tensor(at).T
    pick[torch.arange(len(at)), :, t, k] = 1
    return torch.autograd.grad(y, x, pick, is_grads_batched=True)[0]


def jacrev(layer, head, x, at):
    """torch.func.jacrev; vmap needs an initial state that depends on the input."""
    t, k = torch.tensor(at).T

    def outputs(x):
        zero = x.new_zeros(1, len(x), layer.hidden_size) + 0 * x.sum()
        return head(layer(x, (zero, zero))[0])[:, t, k].sum(0)

    return torch.func.jacrev(outputs)(x)


def jacobian(layer, head, x, at):
    """torch.autograd.functional.jacobian(..., vectorize=True)."""
    t, k = torch.tensor(at).T
    return torch.autograd.functional.jacobian(lambda x: head(layer(x)[0])[:, t, k].sum(0), x, vectorize=True)


def captum_loop(layer, head, x, at):
    """Captum's Saliency, once for each output."""
    tool = Saliency(lambda x: head(layer(x)[0]))
    return torch.stack([tool.attribute(x.clone().requires_grad_(), target=one, abs=False) for one in at])


def captum_repeat(layer, head, x, at):
    """Captum's Saliency on the repeated batch, with one target for each copy."""
    tool = Saliency(lambda x: head(layer(x)[0]))
    targets = [one for one in at for _ in range(len(x))]
    many = x.repeat(len(at), 1, 1).requires_grad_()
    return tool.attribute(many, target=targets, abs=False).unflatten(0, (len(at), -1))


# name: function, with oneDNN (torch's default for float32 on the CPU), one output at a time
WAYS = {
    "loop": (loop, True, True),
    "replicated": (replicated, True, False),
    "replicated, off": (replicated, False, False),
    "batched": (is_grads_batched, True, False),
    "batched, off": (is_grads_batched, False, False),
    "jacrev": (jacrev, True, False),
    "jacrev, off": (jacrev, False, False),
    "jacobian": (jacobian, True, False),
    "jacobian, off": (jacobian, False, False),
    "captum": (captum_loop, True, True),
    "captum ×T": (captum_repeat, True, False),
}
