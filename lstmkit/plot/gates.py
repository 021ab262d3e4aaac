"""The inside of a cell: valves, gates, the LSTM step by step, both forms of the GRU."""

from __future__ import annotations

from lstmkit.plot.charts import COLOURS, _array, _colour, panels, series

__all__ = ["cell_roads", "cell_story", "gate_rows", "gru_cell", "lstm_cell", "marked", "runs"]

# ------------------------------------------------------------------------------------------------ the LSTM, step by step

_STAGES = {
    "forget": "keep",
    "write": "keep, and write",
    "show": "keep, write, and show",
    "gates": "who turns the valves",
}
_LINES = [  # the stage, the corners; a pipe ends in an arrow, a handle (the last stage) is dashed
    (0, [(0.9, 3.6), (8.9, 3.6)]),
    (1, [(4.8, 1.2), (4.8, 3.35)]),
    (2, [(7.4, 3.6), (7.4, 0.95)]),
    (3, [(1.2, -0.6), (6.1, -0.6), (6.1, 1.7), (7.1, 1.7)]),
    (3, [(2.2, -0.6), (2.2, 3.4)]),
    (3, [(3.5, -0.6), (3.5, 2.4), (4.5, 2.4)]),
    (3, [(4.8, -0.6), (4.8, 0.6)]),
]
_BOXES = [(0, 0.4, 3.6, "$c_{t-1}$"), (0, 9.4, 3.6, "$c_t$"), (1, 4.8, 3.6, "+"), (1, 4.8, 0.9, "new value $g$")]
_BOXES += [(2, 7.4, 2.75, "tanh"), (2, 7.4, 0.65, "$h_t$"), (3, 0.4, -0.6, "$x_t,\\ h_{t-1}$"), (3, 2.2, 1.5, "σ")]
_BOXES += [(3, 3.5, 1.5, "σ"), (3, 4.8, 0, "tanh"), (3, 6.1, 0.8, "σ")]
_VALVES = [(0, 2.2, 3.6, "forget gate $f$", 2.2, 4.2), (1, 4.8, 2.4, "input gate $i$", 5.9, 2.4)]
_VALVES += [(2, 7.4, 1.7, "output gate $o$", 8.7, 1.7)]


def lstm_cell(*stages: str):
    """The LSTM cell as pipes and valves, grown up to each stage: "forget", "write", "show", "gates". A panel for each; what is new in colour.

    Returns the figure. Raises ValueError for a stage that there is not.
    """
    unknown = [stage for stage in stages if stage not in _STAGES]
    if unknown or not stages:
        raise ValueError(f"{unknown or 'no stage'}: expected some of {', '.join(_STAGES)}")
    last = max(list(_STAGES).index(stage) for stage in stages)
    low = [3.0, 0.4, 0.2, -1.1][last]
    fig, axes = panels(1, len(stages), size=(8.5 if len(stages) == 1 else 6, 0.75 * (5 - low)), squeeze=False)
    for ax, stage in zip(axes[0], stages, strict=True):
        until = list(_STAGES).index(stage)
        for at, corners in _LINES:
            if at <= until:
                _pipe(ax, corners, _ink(at, until), handle=at == 3)
        for at, x, y, label, *place in _VALVES:
            if at <= until:
                across = [(-0.32, -0.2), (-0.32, 0.2), (0.32, -0.2), (0.32, 0.2)]
                shape = across if at == 0 else [(-0.22, -0.3), (0.22, -0.3), (-0.22, 0.3), (0.22, 0.3)]
                ax.fill([x + dx for dx, _ in shape], [y + dy for _, dy in shape], color=_ink(at, until), zorder=3)
                ax.text(*place, label, ha="center", va="center", fontsize=12, color=_ink(at, until))
        for at, x, y, label in _BOXES:
            if at <= until:
                look = {
                    "boxstyle": "circle,pad=0.2" if label in "+σ" else "round,pad=0.35",
                    "edgecolor": _ink(at, until),
                }
                look |= {"facecolor": "#FFF3DC" if label[:2] in ("$c", "$h") else "white", "linewidth": 1.8}
                ax.text(x, y, label, ha="center", va="center", fontsize=13, bbox=look, zorder=4)
        ax.set(xlim=(-0.4, 10), ylim=(low, 4.7))
        ax.axis("off")
        ax.set_title(_STAGES[stage], loc="left")
    return fig


def _ink(at: int, until: int) -> str:
    return COLOURS["lstm"] if at == until else "#4D4D4D"


def _pipe(ax, corners, colour: str, handle: bool) -> None:
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    ax.plot(xs, ys, color=colour, linewidth=1.5 if handle else 4, linestyle="--" if handle else "-", zorder=1)
    look = {
        "arrowstyle": "-|>",
        "color": colour,
        "linewidth": 1.5,
        "mutation_scale": 14 if handle else 22,
        "shrinkB": 0,
    }
    ax.annotate("", corners[-1], (xs[-1] + (xs[-2] - xs[-1]) * 0.1, ys[-1] + (ys[-2] - ys[-1]) * 0.1), arrowprops=look)


def cell_roads():
    """From one cell state to the next: the straight line (solid), and the detours through h, the gates and the new value (dashed)."""
    fig, ax = panels(size=(8.5, 3))
    detours = [[(0.4, 3.2), (0.4, 0.5), (6.6, 0.5)], [(4.6, 0.5), (4.6, 2.95)], [(7, 0.5), (7, 2.95)]]
    for corners in detours:
        _pipe(ax, corners, "#0072B2", handle=True)
    _pipe(ax, [(0.9, 3.2), (8.9, 3.2)], COLOURS["lstm"], handle=False)
    boxes = [(0.4, 3.2, "$c_{t-1}$"), (9.4, 3.2, "$c_t$"), (4.6, 3.2, "× $f_t$"), (7, 3.2, "+")]
    boxes += [(2.3, 0.5, "$h_{t-1} = o_{t-1}\\,\\tanh\\,c_{t-1}$"), (4.6, 0.5, "$f_t$"), (7, 0.5, "$i_t\\,g_t$")]
    for x, y, label in boxes:
        look = {
            "boxstyle": "round,pad=0.35",
            "facecolor": "#FFF3DC" if "c_" in label[:4] else "white",
            "edgecolor": "#4D4D4D",
            "linewidth": 1.8,
        }
        ax.text(x, y, label, ha="center", va="center", fontsize=13, bbox=look, zorder=4)
    ax.set(xlim=(-0.4, 10), ylim=(-0.2, 4))
    ax.axis("off")
    ax.set_title("solid: the straight line; dashed: the detours", loc="left")
    return fig


# ------------------------------------------------------------------------------------------------ what a cell reads and does


def marked(number, mark, ask=None, *, x: str = "step", title: str = "", ax=None):
    """Numbers as bars over steps 1 … T, the marked ones in colour. ask: a "?" above the steps where it is 1. Returns the figure."""
    ax = ax or panels(size=(9.5, 2.6))[1]
    number, mark = _array(number), _array(mark)
    steps = range(1, len(number) + 1)
    ax.bar(steps, number, color=[COLOURS["lstm"] if on else "#BDBDBD" for on in mark])
    for step in steps if ask is not None else ():
        if ask[step - 1]:
            ax.text(step, 1.05, "?", ha="center", fontsize=15, fontweight="bold", color="#0072B2")
    ax.set(
        xlabel=x,
        ylabel="number",
        xlim=(0.4, len(number) + 0.6),
        xticks=steps[:: -(-len(number) // 25)],
        ylim=(0, 1.05 if ask is None else 1.25),
    )
    ax.grid(False, axis="x")
    ax.set_title(title, loc="left")
    return ax.figure


def gate_rows(rows, *, x: str = "step", title: str = "", ax=None):
    """Values of gates as rows of coloured cells, a number in each, over steps 1 … T. rows: {name: (T,)}. Returns the figure."""
    table = [_array(values) for values in rows.values()]
    T = len(table[0])
    ax = ax or panels(size=(10, 0.5 + 0.5 * len(table)))[1]
    extent = (0.5, T + 0.5, len(table) + 0.5, 0.5)
    ax.imshow(table, cmap="RdBu_r", vmin=-2, vmax=2, aspect="auto", interpolation="nearest", extent=extent)
    for row, values in enumerate(table, 1):
        for step, value in enumerate(values, 1):
            text = f"{value:.1f}".removesuffix(".0").replace("0.", ".")
            ax.text(step, row, text.replace("-0", "0"), ha="center", va="center", fontsize=11)
    ax.set(xlabel=x, xlim=(0.4, T + 0.6), xticks=range(1, T + 1))
    ax.set_yticks(range(1, len(table) + 1), list(rows))
    ax.grid(False)
    ax.set_title(title, loc="left")
    return ax.figure


def cell_story(number, mark, ask, gates, lines, *, truth=None, title: str = ""):
    """What comes in (bars), what the valves do (rows), what the cell makes of it (lines), over the same steps. Returns the figure.

    number, mark, ask, truth: (T,) each; gates, lines: {name: (T,)}. truth: a dashed line. One of the lines may have gaps (NaN).
    """
    fig, axes = panels(3, 1, size=(10, 1.9), height_ratios=[1.2, 0.3 * len(gates), 1.6])
    marked(number, mark, ask, x="", title=title, ax=axes[0])
    gate_rows(gates, x="", ax=axes[1])
    steps = range(1, len(number) + 1)
    if truth is not None:
        axes[2].plot(steps, _array(truth), "k--", linewidth=1.5, label="last marked number")
    series(lines, steps, x="step", ax=axes[2])
    for line in axes[2].lines:
        line.set_drawstyle("steps-mid")
    axes[2].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    axes[2].set(xlim=(0.4, len(number) + 0.6), xticks=steps)
    return fig


# ------------------------------------------------------------------------------------------------ the GRU, in both forms

_GRU_TITLES = {
    "after": r"r after the product:  $r \circ (U_n h_{t-1})$",
    "before": r"r before the product:  $U_n (r \circ h_{t-1})$",
}
_GRU_PIPES = [[(0.9, 3.6), (8.9, 3.6)], [(6.6, 1.6), (6.6, 3.3)], [(8.7, 0.5), (6.95, 0.5)], [(6.6, 0.5), (6.6, 1.2)]]
_GRU_BOXES = [(0.4, 3.6, "$h_{t-1}$"), (9.4, 3.6, "$h_t$"), (6.6, 3.6, "+"), (6.6, 1.4, "$n$: tanh"), (6.6, 0.5, "+")]
_GRU_BOXES += [(9.2, 0.5, "$W_n x_t$")]


def gru_cell(*forms: str):
    """The GRU as pipes and valves; the way of the old state into the candidate in colour. A panel for each form: "after", "before".

    after: the reset gate stands behind the product with U; before: in front of it. Returns the figure. Raises ValueError for another form.
    """
    if not forms or any(form not in _GRU_TITLES for form in forms):
        raise ValueError(f"{forms or 'no form'}: expected some of {', '.join(_GRU_TITLES)}")
    green, grey = COLOURS["gru"], "#4D4D4D"
    fig, axes = panels(1, len(forms), size=(8.5 if len(forms) == 1 else 6, 4.3), squeeze=False)
    for ax, form in zip(axes[0], forms, strict=True):
        product, times = (2.9, 4.7) if form == "after" else (4.7, 2.9)
        for corners in _GRU_PIPES:
            _pipe(ax, corners, grey, handle=False)
        _pipe(ax, [(1.3, 3.6), (1.3, 0.5), (6.3, 0.5)], green, handle=False)
        _pipe(ax, [(times, -0.75), (times, 0.2)], grey, handle=True)
        ax.fill([3.08, 3.08, 3.72, 3.72], [3.4, 3.8, 3.4, 3.8], color=grey, zorder=3)  # two valves
        ax.fill([6.3, 6.9, 6.3, 6.9], [2.28, 2.28, 2.72, 2.72], color=grey, zorder=3)
        ax.text(3.4, 4.2, "update gate $z$", ha="center", va="center", fontsize=14)
        ax.text(7.7, 2.5, "$1 - z$", ha="center", va="center", fontsize=14)
        boxes = [(times, 0.5, "×"), (product, 0.5, "$U_n$"), (times, -0.95, "reset gate $r$")]
        for x, y, label in _GRU_BOXES + boxes:
            look = {"boxstyle": "circle,pad=0.2" if label in "+×" else "round,pad=0.35", "linewidth": 1.8}
            look["facecolor"] = "#FFF3DC" if label[:2] == "$h" else "white"
            look["edgecolor"] = green if label in ("×", "$U_n$") else grey
            ax.text(x, y, label, ha="center", va="center", fontsize=13, bbox=look, zorder=4)
        ax.set(xlim=(-0.4, 10.2), ylim=(-1.5, 4.6))
        ax.axis("off")
        ax.set_title(_GRU_TITLES[form] if len(forms) > 1 else "", loc="left")
    return fig


def runs(values, *, y: str = "", title: str = "", levels=None, ax=None):
    """Several trainings of each kind: a dot for each, a line through their median; logarithmic axis. values: {label: (n,)}. Returns the figure.

    levels: dashed lines {label: height}, named at the right end.
    """
    ax = ax or panels(size=(1.6 + 1.3 * len(values), 3.4))[1]
    for place, (label, several) in enumerate(values.items()):
        several = _array(several)
        colour = _colour(label, 1)  # a kind without a colour of its own gets the LSTM's
        ax.plot([place] * len(several), several, "o", markersize=8, alpha=0.7, color=colour)
        middle = sorted(several)[len(several) // 2]
        ax.plot([place - 0.28, place + 0.28], [middle, middle], color=colour, linewidth=3)
    for label, height in (levels or {}).items():
        ax.axhline(float(height), color="black", linestyle="--", linewidth=1.5)
        ax.text(len(values) - 0.45, float(height), label, ha="right", va="bottom", fontsize=11)
    ax.set_yscale("log")
    ax.set(ylabel=y, xlim=(-0.5, len(values) - 0.4))
    ax.set_xticks(range(len(values)), [label.replace(", ", "\n") for label in values])
    ax.grid(False, axis="x")
    ax.set_title(title, loc="left")
    return ax.figure
