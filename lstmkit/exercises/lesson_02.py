"""Lesson 02 · Shapes: which mapping, five grids, five zeros, eight shapes, how many numbers are learnt."""

from __future__ import annotations

from itertools import permutations

from lstmkit.exercises import case, define, mistake

# 02.1 · which mapping --------------------------------------------------------------------------------------------

MAPPINGS = ("one-to-one", "one-to-many", "many-to-one", "aligned", "encoder-decoder")
TASKS = {
    "A": ("many-to-one", "here many samples come in, and how many answers go out for the ten seconds?"),
    "B": (
        "aligned",
        "here every sample gets an answer of its own, at its own moment: as many out as in, each beside its input",
    ),
    "C": ("one-to-many", "here key and metre are given once; the notes of the tune come out one after another"),
    "D": ("one-to-one", "a photograph is one input here, given at once, and there is one answer"),
    "E": (
        "encoder-decoder",
        "the 12 hours come one after another, after the 24: no output belongs to an input, and there are fewer of them",
    ),
    "F": (
        "aligned",
        "here, at each letter that comes in, one guess goes out: many in, as many out, each beside its input",
    ),
}


MEANING = {
    "one-to-one": "there one thing goes in and one comes out",
    "one-to-many": "there one thing goes in and many come out",
    "many-to-one": "there many steps go in and one answer comes out",
    "aligned": "there an output stands beside every input",
    "encoder-decoder": "there all is read first, and then a sequence of another length is written",
    "many-to-many": "this word alone leaves open whether each output stands beside its input (aligned) or all are written "
    "after everything was read (encoder-decoder)",
}


def _others(right: dict, words, why: dict, meaning: dict) -> list:
    """Every other word at every key: what that word would mean, and what is the case here."""
    return [
        mistake(f"{meaning[word]}; {why[key]}", {key: word})
        for key, answer in right.items()
        for word in words
        if word != answer
    ]


define(
    "02.1",
    reference={key: answer for key, (answer, _) in TASKS.items()},
    allowed=(*MAPPINGS, "many-to-many"),
    mistakes=_others(
        {key: answer for key, (answer, _) in TASKS.items()},
        (*MAPPINGS, "many-to-many"),
        {key: why for key, (_, why) in TASKS.items()},
        MEANING,
    ),
)

# 02.2 · five more grids ------------------------------------------------------------------------------------------

PATTERNS = {"A": "own", "B": "all", "C": "from the end", "D": "earlier", "E": "window"}
WORDS = ("own", "past", "earlier", "future", "window", "from the end", "all")
_GRID_HINTS = {
    "A": "a linear layer is applied to each step by itself; nothing passes from step to step",
    "B": "one of its two networks has read everything up to step t, the other everything from step t on",
    "C": "after the flip it reads x_T first, and its outputs are not turned back: ask what its first output has seen",
    "D": "a zero stands in front and the last state is dropped: step t reads out the state of step t − 1",
    "E": "a convolution of width 3 with one step of padding on each side reads a step and its two neighbours",
}

_SEES = {
    "own": "then an output would see its own step alone",
    "past": "then an output would see its own step and all before it, none after it",
    "earlier": "then an output would see all steps before its own, but not its own",
    "future": "then an output would see its own step and all after it, none before it",
    "window": "then an output would see its own step and one on each side",
    "from the end": "then output 1 would see step 6 alone, and the last output all six",
    "all": "then every output would see every step",
}

define("02.2", reference=PATTERNS, allowed=WORDS, mistakes=_others(PATTERNS, WORDS, _GRID_HINTS, _SEES))

# 02.3 · five zeros -----------------------------------------------------------------------------------------------

REASONS = {"P": "cut", "Q": "asleep", "R": "cancels", "S": "too small", "U": "no path"}
_ZERO_HINTS = {
    "P": "another first input changes its last output; look at what detach does to the way back",
    "Q": "it leads through every step, but with a bias of −10 each ReLU gets a number below zero: what is its slope there?",
    "R": "its two outputs are a score and minus that score, and the sum of the two is asked for",
    "S": "the network is the aligned one, and the gradient shrinks at each of 500 steps",
    "U": "a convolution over three steps: which inputs does the last output read?",
}

_NOT_SO = {
    "cut": "no value is detached in it",
    "asleep": "there is no ReLU in it",
    "cancels": "nothing of opposite sign is added up in it",
    "too small": "its six steps are far too few for float32 to run out of small numbers",
    "no path": "there is a path",
}

define(
    "02.3",
    reference=REASONS,
    allowed=tuple(REASONS.values()),
    mistakes=_others(REASONS, REASONS.values(), _ZERO_HINTS, _NOT_SO),
)

# 02.4 · eight shapes ---------------------------------------------------------------------------------------------
# nn.LSTM(6, 10, num_layers=2, bidirectional=True, batch_first=True) on 16 sequences of 25 steps with 6 numbers each

TIME_MAJOR = "output, without batch_first"
_ORDER = {
    "x": ((16, 25, 6), "(N, T, D)"),
    "output": ((16, 25, 20), "(N, T, 2 · H)"),
    "h_n": ((4, 16, 10), "(L · directions, N, H)"),
    "c_n": ((4, 16, 10), "(L · directions, N, H)"),
    "weight_ih_l0": ((40, 6), "(4 · H, D)"),
    "weight_hh_l0": ((40, 10), "(4 · H, H)"),
    "weight_ih_l1": ((40, 20), "(4 · H, 2 · H)"),
    TIME_MAJOR: ((25, 16, 20), "(T, N, 2 · H)"),
}
_TOLD = {  # what has a sentence of its own below
    ("x", (25, 16, 6)), ("x", (16, 6, 25)), ("x", (25, 6)), ("output", (25, 16, 20)), ("output", (16, 20)),
    ("h_n", (16, 4, 10)), ("c_n", (16, 4, 10)), ("weight_ih_l0", (6, 40)), ("weight_hh_l0", (10, 40)),
    ("weight_ih_l1", (20, 40)), (TIME_MAJOR, (16, 25, 20)), (TIME_MAJOR, (20, 25, 16)),
}  # fmt: skip


def _distinct(mistakes: list) -> list:
    """A sentence that serves two tensors names the second one."""
    told, made = set(), []
    for one in mistakes:
        says = one.says if one.says not in told else f"{one.says} ({', '.join(one.wrong)})"
        told.add(says)
        made.append(mistake(says, one.wrong))
    return made


def _other_sizes() -> list:
    """The right sizes in every other order, and with one of them missing."""
    made = []
    for key, (right, named) in _ORDER.items():
        for order in sorted(set(permutations(right)) - {right}):
            if (key, order) not in _TOLD:
                made.append(
                    mistake(
                        f"{order} has the right sizes in the wrong order: the axes of {key} are {named}", {key: order}
                    )
                )
        for at, name in enumerate(named.strip("()").split(", ")):
            short = right[:at] + right[at + 1 :]
            if (key, short) not in _TOLD:
                made.append(mistake(f"one axis is missing, {name}: the axes of {key} are {named}", {key: short}))
    return made


define(
    "02.4",
    reference={
        "x": (16, 25, 6),
        "output": (16, 25, 20),
        "h_n": (4, 16, 10),
        "c_n": (4, 16, 10),
        "weight_ih_l0": (40, 6),
        "weight_hh_l0": (40, 10),
        "weight_ih_l1": (40, 20),
        TIME_MAJOR: (25, 16, 20),
    },
    mistakes=_distinct(
        [
            *_other_sizes(),
            mistake("that is time first; with batch_first=True it is (N, T, D)", {"x": (25, 16, 6)}),
            mistake("the input size D comes last: (N, T, D)", {"x": (16, 6, 25)}),
            mistake("the batch is missing: 16 sequences, each (T, D)", {"x": (25, 6)}),
            mistake(
                "the input has D = 6 numbers at each step; H = 10 is the size of the state, inside the layer",
                {"x": (16, 25, 10)},
            ),
            mistake("that is one direction; both halves stand side by side, 2 · H = 20", {"output": (16, 25, 10)}),
            mistake(
                "layers do not add up here: only the last layer comes out, in both directions", {"output": (16, 25, 40)}
            ),
            mistake("output has a time axis: it holds every step", {"output": (16, 20)}),
            mistake("with batch_first=True the output is batch first, as x is", {"output": (25, 16, 20)}),
            mistake("what comes out has the size of the states, not of the input", {"output": (16, 25, 6)}),
            mistake("batch_first does not touch h_n: rows first, batch second", {"h_n": (16, 4, 10)}),
            mistake("each layer has two directions, with a row for each: L · directions = 4", {"h_n": (2, 16, 10)}),
            mistake("in h_n directions are rows of their own, not two halves side by side", {"h_n": (2, 16, 20)}),
            mistake("the last axis is H alone; the directions are already counted in the 4 rows", {"h_n": (4, 16, 20)}),
            mistake("h_n has no time axis: it holds one state for each row and sequence", {"h_n": (4, 16, 25, 10)}),
            mistake("h_n has a row for each layer and direction, not for the last layer alone", {"h_n": (16, 20)}),
            mistake("c_n is laid out like h_n: batch second, whatever batch_first says", {"c_n": (16, 4, 10)}),
            mistake("c_n has a row for each layer and each direction, 2 · 2 = 4", {"c_n": (2, 16, 10)}),
            mistake("there are four gates but only one cell state: its size is H", {"c_n": (4, 16, 40)}),
            mistake(
                "c_n is the last cell state alone; the cell states of the other steps do not come out",
                {"c_n": (16, 25, 20)},
            ),
            mistake("in c_n directions are rows, not columns", {"c_n": (2, 16, 20)}),
            mistake("an LSTM stacks four gates in one weight: 4 · H rows", {"weight_ih_l0": (10, 6)}),
            mistake("torch keeps weights as (outputs, inputs): the gates are rows", {"weight_ih_l0": (6, 40)}),
            mistake("no weight knows T: input_size is D, the numbers at each step", {"weight_ih_l0": (40, 25)}),
            mistake("each direction has weights of its own (…_reverse), of 4 · H rows", {"weight_ih_l0": (80, 6)}),
            mistake("three gates are a GRU's; an LSTM has four, 4 · H = 40 rows", {"weight_ih_l0": (30, 6)}),
            mistake("four gates read the state: 4 · H rows, and H columns", {"weight_hh_l0": (10, 10)}),
            mistake("each direction reads only its own state, of size H", {"weight_hh_l0": (40, 20)}),
            mistake("the gates are the rows, the state that is read is the columns", {"weight_hh_l0": (10, 40)}),
            mistake("weight_hh reads the state (H), weight_ih the input (D)", {"weight_hh_l0": (40, 6)}),
            mistake("layer 1 does not see x: its input is what layer 0 puts out", {"weight_ih_l1": (40, 6)}),
            mistake("layer 0 puts out both directions side by side: 2 · H = 20 columns", {"weight_ih_l1": (40, 10)}),
            mistake("rows are what comes out, four gates of H; columns are what is read", {"weight_ih_l1": (20, 40)}),
            mistake(
                "time first goes in, time first comes out: the layer does not turn it back", {TIME_MAJOR: (16, 25, 20)}
            ),
            mistake("both directions stand side by side here, too: 2 · H", {TIME_MAJOR: (25, 16, 10)}),
            mistake(
                "only the first two axes change places; the numbers of a step stay last", {TIME_MAJOR: (20, 25, 16)}
            ),
            mistake("the gates stay inside: what comes out has H numbers for each direction", {"output": (16, 25, 80)}),
            mistake("that is one layer and one direction; there is a row for each of 2 · 2", {"h_n": (1, 16, 10)}),
            mistake("that is one layer and one direction; there is a row for each of 2 · 2", {"c_n": (1, 16, 10)}),
            mistake("torch keeps layers and directions on one axis: 2 · 2 = 4 rows", {"h_n": (2, 2, 16, 10)}),
            mistake("four gates make one state: its size is H, not 4 · H", {"h_n": (4, 16, 40)}),
            mistake("h_n has no time axis: 25 steps, but one state for each row and sequence", {"h_n": (4, 25, 10)}),
            mistake(
                "output has the last layer at every step; h_n has a row for each layer and direction",
                {"h_n": (16, 25, 20)},
            ),
            mistake("torch keeps layers and directions on one axis: 2 · 2 = 4 rows", {"c_n": (2, 2, 16, 10)}),
            mistake("the last axis is H alone; the directions are already counted in the 4 rows", {"c_n": (4, 16, 20)}),
            mistake(
                "c_n has no time axis: it holds one cell state for each row and sequence", {"c_n": (4, 16, 25, 10)}
            ),
            mistake("c_n has a row for each layer and direction, not for the last layer alone", {"c_n": (16, 20)}),
            mistake("weight_ih reads the input (D), weight_hh the state (H)", {"weight_ih_l0": (40, 10)}),
            mistake("each direction has weights of its own (…_reverse), of 4 · H rows", {"weight_hh_l0": (80, 10)}),
            mistake(
                "each direction has weights of its own (…_reverse), and reads only its own state",
                {"weight_hh_l0": (80, 20)},
            ),
            mistake("three gates are a GRU's; an LSTM has four, 4 · H = 40 rows", {"weight_hh_l0": (30, 10)}),
            mistake(
                "no weight knows N or T: it has a row for each gate's H and a column for each number that it reads",
                {"weight_hh_l0": (40, 25)},
            ),
            mistake("each direction of layer 1 has weights of its own, of 4 · H rows", {"weight_ih_l1": (80, 20)}),
            mistake("an LSTM stacks four gates in one weight: 4 · H rows", {"weight_ih_l1": (10, 20)}),
            mistake("three gates are a GRU's; an LSTM has four, 4 · H = 40 rows", {"weight_ih_l1": (30, 20)}),
            mistake(
                "the gates are the rows, and layer 0 puts out both directions: 2 · H = 20 is read",
                {"weight_ih_l1": (40, 40)},
            ),
            mistake("layers do not add up here: only the last layer comes out", {TIME_MAJOR: (25, 16, 40)}),
            mistake("h_n has four rows; output has every step of the last layer", {TIME_MAJOR: (4, 16, 10)}),
            mistake("20 is what comes out at a step; what goes in is D = 6 numbers", {"x": (16, 25, 20)}),
            mistake("that is the last step alone: output holds all 25", {"output": (16, 1, 20)}),
            mistake(
                "2 is the number of directions, and each of them puts out H numbers: 2 · H", {"output": (16, 25, 2)}
            ),
            mistake("that is 2 · D: what comes out has the size of the states, 2 · H", {"output": (16, 25, 12)}),
            mistake(
                "the two directions stand side by side on one axis, not on an axis of their own",
                {"output": (16, 25, 2, 10)},
            ),
            mistake("that is h_n's shape; output has every step of the last layer", {"output": (4, 16, 10)}),
            mistake(
                "batch second, whatever batch_first says, and each of the 4 rows has H numbers, not 2 · H",
                {"h_n": (16, 4, 20)},
            ),
            mistake(
                "batch second, whatever batch_first says; and directions are rows of their own, 2 · 2 = 4 of them",
                {"h_n": (16, 2, 20)},
            ),
            mistake(
                "batch second, whatever batch_first says; and each layer has a row for each direction, 2 · 2 = 4",
                {"h_n": (16, 2, 10)},
            ),
            mistake("h_n is no output: it has a row for each layer and direction, and no time", {"h_n": (16, 25, 10)}),
            mistake("h_n has a row for each layer and direction, and no axis of size 1 for time", {"h_n": (16, 1, 20)}),
            mistake(
                "batch second, whatever batch_first says, and each of the 4 rows has H numbers, not 2 · H",
                {"c_n": (16, 4, 20)},
            ),
            mistake(
                "batch second, whatever batch_first says; and directions are rows of their own, 2 · 2 = 4 of them",
                {"c_n": (16, 2, 20)},
            ),
            mistake("c_n has no time axis: 25 steps, but one cell state for each row", {"c_n": (4, 25, 10)}),
            mistake(
                "rows and columns are exchanged in kind: four gates of H are the rows, 40, and the D inputs the columns",
                {"weight_ih_l0": (24, 10)},
            ),
            mistake(
                "rows are what comes out, and four gates come out: 4 · H rows and D columns", {"weight_ih_l0": (6, 10)}
            ),
            mistake("torch stacks the gates on one axis: 4 · 10 = 40 rows", {"weight_ih_l0": (4, 10, 6)}),
            mistake(
                "no weight knows N: a row for each gate's H, a column for each of the D inputs",
                {"weight_ih_l0": (40, 16)},
            ),
            mistake(
                "the second direction does not widen the input of layer 0: x has D = 6 numbers",
                {"weight_ih_l0": (40, 12)},
            ),
            mistake(
                "the four gates are on the side that comes out, the rows; what is read is one state, H columns",
                {"weight_hh_l0": (40, 40)},
            ),
            mistake(
                "each direction has weights of its own and reads its own state, H; and four gates come out, 4 · H rows",
                {"weight_hh_l0": (20, 20)},
            ),
            mistake("torch stacks the gates on one axis: 4 · 10 = 40 rows", {"weight_hh_l0": (4, 10, 10)}),
            mistake("four gates come out, so 4 · H rows, not 2 · H; what is read is 2 · H", {"weight_ih_l1": (20, 20)}),
            mistake("both exchanged and one direction: 4 · H rows, and 2 · H columns", {"weight_ih_l1": (10, 40)}),
            mistake(
                "that is one gate and one direction: 4 · H rows, and layer 0 puts out 2 · H", {"weight_ih_l1": (10, 10)}
            ),
            mistake(
                "layer 1 reads the states of layer 0, in two directions, 2 · H; not 2 · D", {"weight_ih_l1": (40, 12)}
            ),
            mistake("what comes out has the size of the states, not of the input", {TIME_MAJOR: (25, 16, 6)}),
            mistake("the time axis is missing: it holds every step here, too, (T, N, 2 · H)", {TIME_MAJOR: (16, 20)}),
        ]
    ),
)

# 02.5 · how many numbers are learnt ------------------------------------------------------------------------------

SUMS = {"RNN": 1, "GRU": 3, "LSTM": 4}


def count_weights(kind, D, H, L=1, directions=1):
    """How many numbers nn.RNN, nn.GRU or nn.LSTM learns."""
    return _count(kind, D, H, L, directions)


def _count(kind, D, H, L, directions, *, sums=SUMS, biases=2, wide=None, state=None, copies=None):
    total = 0
    for layer in range(L):
        columns = D if layer == 0 else (directions * H if wide is None else wide(D, H, directions))
        state_columns = H if state is None else state(H, directions)
        rows = sums[kind] * H
        total += (directions if copies is None else copies) * (rows * (columns + state_columns) + biases * rows)
    return total


def _but(**change):
    return lambda kind, D, H, L=1, directions=1: _count(kind, D, H, L, directions, **change)


def _built(kind, D, H, L=1, directions=1):
    from torch import nn

    layer = getattr(nn, kind)(D, H, L, bidirectional=directions == 2)
    return sum(weight.numel() for weight in layer.parameters())


def _one_layer_times_L(kind, D, H, L=1, directions=1):
    return L * _count(kind, D, H, 1, directions)


def _biases_once(kind, D, H, L=1, directions=1):
    return _count(kind, D, H, L, directions, biases=0) + 2 * L * directions * H


def _biases_two_numbers(kind, D, H, L=1, directions=1):
    return _count(kind, D, H, L, directions, biases=0) + 2 * L * directions


def _one_layer_too_many(kind, D, H, L=1, directions=1):
    return _count(kind, D, H, L + 1, directions)


def _layer_0_alone_has_directions(kind, D, H, L=1, directions=1):
    first = _count(kind, D, H, 1, directions)
    return first + (_count(kind, D, H, L, directions) - first) // directions


def _layer_0_as_later(kind, D, H, L=1, directions=1):
    return L * _count(kind, directions * H, H, 1, directions)


def _layer_0_as_later_in_stacks(kind, D, H, L=1, directions=1):
    return _count(kind, D, H, 1, directions) if L == 1 else L * _count(kind, directions * H, H, 1, directions)


def _later_reads_d_twice(kind, D, H, L=1, directions=1):
    return _count(kind, D, H, L, directions, wide=lambda D, H, directions: directions * D)


define(
    "02.5",
    reference=count_weights,
    cases=lambda: [
        case("RNN", 3, 8, 1, 1),
        case("LSTM", 6, 10, 2, 2),
        case("GRU", 5, 4, 3, 1),
        case("LSTM", 2, 7, 3, 2),
        case("RNN", 9, 5, 1, 2),
        case("GRU", 4, 6, label="L and directions left at 1"),
    ],
    alternatives=[_built],
    mistakes=[
        mistake("the biases are missing: torch has two for each row, bias_ih and bias_hh", _but(biases=0)),
        mistake("one bias is missing: torch has two for each row, bias_ih and bias_hh", _but(biases=1)),
        mistake(
            "the biases have as many numbers as the weights have rows, so 4 · H in an LSTM and 3 · H in a GRU, not H",
            _biases_once,
        ),
        mistake(
            "you count one sum for every kind: a GRU computes three sums of H numbers, an LSTM four",
            _but(sums=dict.fromkeys(SUMS, 1)),
        ),
        mistake("a GRU has three blocks of H rows, an LSTM four", _but(sums={"RNN": 1, "GRU": 4, "LSTM": 4})),
        mistake(
            "a GRU has three blocks of H rows, one for each sum, not two", _but(sums={"RNN": 1, "GRU": 2, "LSTM": 4})
        ),
        mistake("an LSTM has four blocks of H rows: three gates and the new content", _but(sums=SUMS | {"LSTM": 3})),
        mistake(
            "one layer times L: layer 1 does not read x, it reads the states of the layer below", _one_layer_times_L
        ),
        mistake(
            "a later layer reads both directions of the layer below, so it has directions · H columns, not H",
            _but(wide=lambda D, H, directions: H),
        ),
        mistake("each direction has weights of its own: times directions", _but(copies=1)),
        mistake(
            "each direction reads its own state alone: weight_hh has H columns, not directions · H",
            _but(state=lambda H, directions: directions * H),
        ),
        mistake("weight_hh is missing: the state is read, too", _but(state=lambda H, directions: 0)),
        mistake(
            "one block too few for each: an LSTM has four, three gates and the new content, a GRU three",
            _but(sums={"RNN": 1, "GRU": 2, "LSTM": 3}),
        ),
        mistake(
            "this is one layer in one direction: add up over the L layers, and over the directions",
            lambda kind, D, H, L=1, directions=1: _count(kind, D, H, 1, 1),
        ),
        mistake(
            "GRU and LSTM are exchanged: a GRU has three blocks of H rows, an LSTM four",
            _but(sums={"RNN": 1, "GRU": 4, "LSTM": 3}),
        ),
        mistake(
            "this is the last layer alone: is the sum overwritten in the loop? Add to it, `total += …`",
            lambda kind, D, H, L=1, directions=1: (
                _count(kind, D, H, L, directions) - (_count(kind, D, H, L - 1, directions) if L > 1 else 0)
            ),
        ),
        mistake(
            "this is one layer of an RNN in one direction, whatever was asked for: kind, L and directions count, too",
            lambda kind, D, H, L=1, directions=1: _count("RNN", D, H, 1, 1),
        ),
        mistake("four blocks are an LSTM's: an RNN has one, a GRU three", _but(sums=dict.fromkeys(SUMS, 4))),
        mistake("a bias is not one number: it has one for each row of the weight", _biases_two_numbers),
        mistake("one layer too many: layer 0 is one of the L, so L − 1 more come after it", _one_layer_too_many),
        mistake("every layer has both directions, not layer 0 alone", _layer_0_alone_has_directions),
        mistake("layer 0 reads x, so it has D columns; directions · H begins with layer 1", _layer_0_as_later),
        mistake(
            "in a stack, too, layer 0 reads x, so it has D columns; directions · H begins with layer 1",
            _layer_0_as_later_in_stacks,
        ),
        mistake("a later layer reads states, directions · H numbers; not directions · D", _later_reads_d_twice),
        mistake(
            "weight_hh reads the state: it has H columns in every layer, not D",
            lambda kind, D, H, L=1, directions=1: (
                _count(kind, D, H, L, directions) + directions * SUMS[kind] * H * (D - H)
            ),
        ),
        mistake(
            "layer 0 is missing: range(1, L) starts with the second layer",
            lambda kind, D, H, L=1, directions=1: _count(kind, D, H, L, directions) - _count(kind, D, H, 1, directions),
        ),
        mistake(
            "you count one direction; the other has weights of its own, and a later layer reads both",
            lambda kind, D, H, L=1, directions=1: _count(kind, D, H, L, 1),
        ),
        mistake(
            "this is the first layer alone: add up over all L layers",
            lambda kind, D, H, L=1, directions=1: _count(kind, D, H, 1, directions),
        ),
    ],
)
