"""An exception in a learner's code, in the course's words: their own line, torch's message, and the cure."""

from __future__ import annotations

import inspect
import linecache
import re
import sysconfig
import traceback
from pathlib import Path
from typing import Any

import torch

import lstmkit

__all__ = ["cure", "explain", "in_short", "innermost", "learners_frames"]

_OURS = str(Path(lstmkit.__file__).parent)
_LIBRARIES = (*(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib")), str(Path(torch.__file__).parent))  # fmt: skip


def explain(error: BaseException, answer: Any, signature: str = "") -> str:
    """What went wrong, where in the learner's code, and on a second line the cure if the course has one.

    signature: the arguments that the answer is called with, "(x, h)", for a function that does not take them.
    """
    if isinstance(error, RecursionError):
        return "RecursionError: your function calls itself without end"
    frames, raw, cured = learners_frames(error), in_short(error), cure(error)
    cured = f"\n  {cured}" if cured else ""
    if not frames and isinstance(error, TypeError) and "argument" in raw:
        return f"your function cannot be called as it has to be, with {signature}: leave its first line as it was"
    if not frames:
        return f"your function runs, but what it hands back cannot be used: {raw}{cured}"
    last = frames[-1]
    cell = "your cell" if last.filename == _file(answer) else f"`{last.name}`"
    text = linecache.getline(last.filename, last.lineno).strip()
    at = f" in line {last.lineno} of {cell}" + (f", `{_short(text)}`" if text else "")
    return f"{raw}{at}{cured}"


def in_short(error: BaseException) -> str:
    """An exception's name and the first line of what it says."""
    message = str(error).strip().splitlines()
    return f"{type(error).__name__}: {_short(message[0].rstrip('.')) if message else 'no message'}"


def cure(error: BaseException) -> str | None:
    """The course's words for what torch or Python says in its own, or None."""
    message = str(error).split("\n")[0]
    for pattern, says in CURES:
        if found := re.search(pattern, f"{type(error).__name__}: {message}"):
            return says(*found.groups()) if callable(says) else says
    return None


def learners_frames(error: BaseException) -> list[traceback.FrameSummary]:
    """The frames of an exception that belong to the learner: those of no library, and not of the exercise's own files."""
    return [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_library(frame.filename)]


def innermost(error: BaseException) -> tuple[str, str]:
    """Where an exception was raised: (file, function) of a library, or ("own", "own") for an exercise's or learner's code."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    own = not _is_library(frame.filename) or frame.filename.startswith(str(Path(__file__).parent))
    return ("own", "own") if own else (frame.filename, frame.name)


def _is_library(file: str) -> bool:
    return file.startswith((_OURS, *_LIBRARIES, "<frozen", "<__array"))


def _file(answer: Any) -> str | None:
    code = getattr(inspect.unwrap(answer) if callable(answer) else answer, "__code__", None)
    if code is None and isinstance(answer, type):
        code = getattr(answer.__init__, "__code__", None)
    return code.co_filename if code else None


def _short(text: str, most: int = 100) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


# ---------------------------------------------------------------------------------------------------- the cures

_WATCH = "watch a copy before you compute with it: `x = x.detach().clone().requires_grad_()`"
_LIST = "a tensor that autograd still needs is written into: collect the steps in a list, then torch.stack them (and b = b + 1 for b += 1)"
_TUPLE = "there is a tuple where a tensor is meant: `torch.autograd.grad(…)` returns one gradient for each input, so take `[0]` of it; a recurrent layer returns two things, `y, state = layer(x)`"
_LONG = "numbers that name something (a class, a letter, a place) have to be whole: `.long()`"


def _axes(low, high, got):
    has = f"{int(high) + 1} axes, numbered from 0 to {high}" if int(high) else "one axis, number 0"
    return f"this tensor has {has}, and no axis {got}: look at its .shape"


def _product(a, b, c, d):
    turned = " (transpose the second, `.T`?)" if b == d else " (transpose the first, `.T`?)" if a == c else ""
    return f"({a}, {b}) @ ({c}, {d}): the last axis of the first has to be as long as the first axis of the second, and {b} is not {c}{turned}"


def _names(wanted, got):
    return f"{wanted} names on the left, {got} on the right: if this is a shape, the tensor has {got} axes, not {wanted}; look at its .shape"


# The first that fits: (what the exception says, the cure or a function that makes it of the pattern's groups).
CURES = [
    # autograd
    (r"element 0 of tensors does not require grad", f"nothing here leads back to a tensor that is watched: {_WATCH}, and no `.detach()`, `.item()` or `no_grad` on the way"),
    (r"One of the differentiated Tensors does not require grad", f"that input was not watched while you computed: {_WATCH}"),
    (r"differentiated Tensor.* appears to not have been used", "your result was not computed from this tensor: differentiate with respect to the very tensor that you computed with, not another copy of it"),
    (r"backward through the graph a second time", "the first gradient freed the graph: pass retain_graph=True to every gradient but the last"),
    (r"grad can be implicitly created only for scalar", "a gradient is that of one number: choose one entry, y[t, k], or a sum, y.sum(), as the exercise asks"),
    (r"leaf Variable that requires grad is being used in an in-place", "a tensor that is watched cannot be changed in place: write the change inside `with torch.no_grad():`, or make a new tensor"),
    (r"modified by an inplace operation|is a view and is being modified inplace", _LIST),
    (r"Can't call numpy\(\) on Tensor that requires grad", "take the numbers alone first: `.detach().numpy()`"),
    (r"only Tensors of floating point .*can require grad", "only numbers with a decimal point have gradients: `.float()` first"),
    (r"only change requires_grad flags of leaf", "this tensor was computed from others: use `.detach()` for its numbers alone"),
    (r"support the deepcopy protocol", "a computed tensor cannot be deep-copied: `.detach().clone()`"),
    # axes and sizes
    (r"not enough values to unpack \(expected (\d+), got (\d+)\)", _names),
    (r"too many values to unpack \(expected (\d+)", lambda wanted: f"more on the right than the {wanted} names on the left: if this is a shape, the tensor has more axes; look at its .shape"),
    (r"cannot unpack non-iterable NoneType", "what stands on the right is None: is a `return` missing in that function?"),
    (r"Dimension out of range \(expected to be in range of \[(-?\d+), (-?\d+)\], but got (-?\d+)\)", _axes),
    (r"too many indices for tensor of dimension (\d+)", lambda n: f"this tensor has {n} ax{'is' if n == '1' else 'es'}, and you give more indices: look at its .shape"),
    (r"invalid index of a 0-dim tensor|iteration over a 0-d tensor", "this tensor is one number without axes: nothing to index or to loop over"),
    (r"mat1 and mat2 shapes cannot be multiplied \((\d+)x(\d+) and (\d+)x(\d+)\)", _product),
    (r"size mismatch, got input \(\d+\), mat \((\d+)x(\d+)\), vec \((\d+)\)", lambda a, b, c: f"({a}, {b}) @ ({c},): the matrix's last axis has to be as long as the vector, and {b} is not {c}"),
    (r"inconsistent tensor size, expected tensor \[(\d+)\] and src \[(\d+)\]", lambda a, b: f"a product of two vectors of {a} and {b} numbers: they have to be equally long"),
    (r"Expected size for first two dimensions of batch2 tensor to be: \[(\d+), (\d+)\] but got: \[(\d+), (\d+)\]", lambda n, a, m, b: f"in a product of batches the last axis of the first and the second axis of the second have to agree: {a} is not {b}" if n == m else f"the two batches have {n} and {m} members"),
    (r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\) at non-singleton dimension (\d+)", lambda a, b, axis: f"{a} and {b} numbers on axis {axis} cannot be put together (only an axis of size 1 stretches): look at both shapes"),
    (r"expanded size of the tensor \((\d+)\) must match the existing size \((\d+)\)", lambda a, b: f"{b} numbers do not fit into a place for {a}: look at both shapes"),
    (r"stack expects each tensor to be equal size|Sizes of tensors must match except", "the tensors in the list differ in shape: print the shape of each"),
    (r"stack expects a non-empty|expected a non-empty list of Tensors", "the list is empty: does the loop run, and does it append?"),
    (r"zero-dimensional tensor .*cannot be concatenated", "single numbers have no axis to join along: torch.stack gives them one"),
    (r"Tensors must have same number of dimensions", "the tensors in the list differ in their number of axes: print the shape of each"),
    (r"expected Tensor as element \d+ in argument 0, but got tuple", _TUPLE),
    (r"expected Tensor as element \d+ in argument 0, but got (\w+)", lambda kind: f"the list holds a {kind}, and torch.stack and torch.cat join tensors: torch.tensor(list) makes one of numbers"),
    (r"shape '(.*)' is invalid for input of size (\d+)", lambda shape, n: f"{n} numbers do not fill the shape {shape}: the product of the sizes has to be {n}"),
    (r"view size is not compatible", "these numbers are not in a row in memory (a transpose before?): `.reshape` instead of `.view`"),
    (r"permute.*number of dimensions", "permute needs every axis of the tensor once: look at its .shape"),
    (r"Expected input to be 2D or 3D|input must have 3 dimensions", "a recurrent layer reads (N, T, D), three axes: look at the shape of what you give it"),
    (r"input.size\(-1\) must be equal to input_size. Expected (\d+), got (\d+)|inconsistent input_size: got", lambda *sizes: "the last axis of what you give the layer has to be its input_size" + (f", {sizes[0]}, and is {sizes[1]}" if sizes[0] else "")),
    (r"Expected hidden.* size \((.*)\), got \[(.*)\]", lambda a, b: f"the state has to be ({a}), (layers · directions, N, H), and is ({b})"),
    (r"hx .*should also be 3-D", "the state of a layer has three axes, (layers · directions, N, H)"),
    # places
    (r"list index out of range", "indices count from 0, so the last of T steps is T − 1: how far does your loop run, and how long is the list?"),
    (r"index out of range in self", "a number that is looked up is not in the table: they run from 0 to the number of rows − 1"),
    (r"index (-?\d+) is out of bounds for dimension (\d+) with size (\d+)", lambda i, axis, n: f"axis {axis} has {n} place{'s' if n != '1' else ''}, counted from 0: there is no {i}"),
    (r"Target (\d+) is out of bounds", lambda n: f"there is no class {n}: are the scores' classes on the axis that cross_entropy reads, axis 1?"),
    (r"Expected target size|multi-target not supported|match target batch_size", "cross_entropy reads scores (N, classes) and targets (N,), or (N, classes, T) and (N, T): flatten both, or turn the axes"),
    # kinds of numbers
    (r"expected target dtype to be Long|expected scalar type Long|following scalar types: Long|must be long, int, byte or bool|index tensor of type LongTensor|int32/int64 for index", _LONG),
    (r"only supports boolean masks", "a mask holds True and False: compare (`x == 0`), or `.bool()`"),
    (r"could not infer output dtype|not implemented for 'Long'|result type Float can't be cast", "these are whole numbers: `.float()` first"),
    (r"same dtype, but got|expected scalar type (?:Float|Double|BFloat16|Half)|Found dtype|input dtype .* does not match weight dtype", "float32 meets another kind of number: make new tensors of x's kind, `x.new_zeros(…)` or `dtype=x.dtype`, or convert with `.to(x.dtype)`"),
    (r"on the same device|is not on the expected device", "tensors on two devices: make new ones where x is, `x.new_zeros(…)` or `device=x.device`"),
    (r"Boolean value of Tensor with more than one value", "an `if` needs one True or False, and this tensor holds many: torch.where for each entry, or .any() or .all()"),
    (r"cannot be converted to Scalar|only one element tensors can be converted|only length-1 arrays", "this tensor holds more than one number: use torch's function, or reduce it first (sum, mean)"),
    (r"only integer tensors of a single element", "a list takes one whole number as its index: make it a tensor, or loop"),
    (r"can't allocate memory|MemoryError", "the tensor would be too large for this machine: has an axis broadcast against another that it should match?"),
    # Python
    (r"'ellipsis'", "a `...` is still in your code"),
    (r"'NoneType'", "something here is None: a function without `return`, or a name that was never set (a state at the first step?)"),
    (r"NameError: name '(\w+)' is not defined", lambda name: f"{name}: is it spelt as it was above, and have the cells above been run?"),
    (r"UnboundLocalError", "it is used before it has a value: set it before the loop"),
    (r"'Tensor' object is not callable", "round brackets call, square brackets index: x[t]"),
    (r"'torch.Size' object is not callable|'(?:builtin_function_or_method|method)' object is not subscriptable", "x.shape[1] or x.size(1)"),
    (r"'tuple' object has no attribute|must be Tensor, not tuple|tuple indices must be integers or slices, not tuple|unsupported operand type.*'tuple'|bad operand type .*'tuple'", _TUPLE),
    (r"can't multiply sequence by non-int", "a list or a tuple is no tensor: torch.stack(list) makes one of a list; and " + _TUPLE),
    (r"'list' object has no attribute", "this is a list: make it a tensor first, torch.stack(list)"),
    (r"'int' object is not iterable", "a number cannot be looped over: `for t in range(T)`"),
    (r"'float' object cannot be interpreted as an integer|slice indices must be integers", "a whole number is needed: `//` divides to one"),
    (r"step must be greater than zero", "torch has no [::-1]: x.flip(1) turns axis 1"),
    (r"KeyError", "there is no such key: print the dict's keys"),
    (r"ZeroDivisionError", "something that you divide by is 0 here"),
    (r"math domain error", "a logarithm or root of a number that has none, such as log 0"),
]  # fmt: skip
