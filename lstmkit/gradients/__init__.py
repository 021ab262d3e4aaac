"""Every output of a recurrent network with respect to every input and state.

Around its own forward pass a recurrent network is a linear system, so all derivatives travel in one sweep.

linearise   a layer around its forward pass: the derivative of each step
back        the sweep back: all outputs by all inputs and states          → sequence_jacobian, state_jacobian, path_shares, gradient_flow
forward     the sweep forward: one input, many outputs; one step          → one_to_many_jacobian, transition_jacobian
few         the same in numpy, where the calls are what costs
parts       a one-to-many model in its parts: start, inputs, feedback
inside      a whole model as one callable: the layer inside it
callables   any callable: is it a function of its input? autograd's way
audit       the bugs that a training curve does not show                  → audit
probes      what an audit asks of a model
settings    how the engine computes: denormals, threads, interrupts, memory, plain numbers
"""

from lstmkit.gradients.audit import Audit, Check, audit
from lstmkit.gradients.forward import one_to_many_jacobian, transition_jacobian
from lstmkit.gradients.sequence import (
    GradientFlow,
    PathShares,
    StateJacobian,
    gradient_flow,
    path_shares,
    sequence_jacobian,
    state_jacobian,
)

__all__ = ["Audit", "Check", "GradientFlow", "PathShares", "StateJacobian"]
__all__ += ["audit", "gradient_flow", "one_to_many_jacobian", "path_shares", "sequence_jacobian", "state_jacobian"]
__all__ += ["transition_jacobian"]
