"""The roads of a gradient through time: arrows back along a chain, the two states, the triangle."""

from __future__ import annotations

from collections.abc import Sequence

from lstmkit.plot.charts import panels, series
from lstmkit.plot.networks import _network, diagram

__all__ = ["one_step_back", "road_back", "stretch"]

_BACK = "#D55E00"  # what travels backwards in time


def road_back(
    inputs: Sequence[str],
    outputs: Sequence[str],
    errors: Sequence[int],
    *,
    widths: Sequence[float] = (),
    cuts: Sequence[int] = (),
    names: bool = False,
    title: str = "",
):
    """A network unrolled in time and, in colour, the way of its errors back. Returns the figure. Steps count from 1.

    inputs, outputs: one label a step ("" for no output). errors: the steps whose output sends an error. widths: of the
    arrow that reaches each step, in points. cuts: steps behind which the way back is cut. names: write λ at the states.
    """
    steps = len(inputs)
    fig, ax = panels(size=(min(11.0, 1.5 * steps + 0.8), 2.9))
    labels = {"x": inputs, "y": outputs, "h": [f"$h_{{{t}}}$" for t in range(1, steps + 1)]}
    _network(ax, range(steps), [t for t in range(steps) if outputs[t]], steps, True, labels)
    for t in range(1, steps + 1):
        width = widths[t - 1] if widths else 2.5
        later = [e for e in errors if e >= t and not any(t <= cut < e for cut in cuts)]
        if t in errors:
            _back(ax, (t - 0.87, 1.72), (t - 0.87, 1.27), 2.5)
        if later:
            _back(ax, (t - 0.87, 0.73), (t - 0.87, 0.27), width)
        if later and max(later) > t:
            _back(ax, (t - 0.2, 1.24), (t - 0.8, 1.24), width, "arc3,rad=0.45")
        if later and names:
            ax.text(t - 1.3, 0.52, f"$\\lambda_{{{t}}}$", color=_BACK, ha="center", fontsize=14)
        if t in cuts:
            ax.plot([t - 0.5, t - 0.5], [-0.3, 2.3], color="black", linestyle=":", linewidth=2)
    ax.set_title(title, fontsize=13)
    return fig


def one_step_back():
    """The inside of one step of an RNN: black the way of the values, in colour the way of the error. Returns the figure."""
    nodes = {
        "before": (0.0, 0.0, "$h_{t-1}$", "h"),
        "U": (1.7, 0.0, "$U$"),
        "sum": (3.4, 0.0, "+"),
        "tanh": (5.1, 0.0, "tanh", "gate"),
        "h": (6.9, 0.0, "$h_t$", "h"),
        "W": (3.4, -1.3, "$W$"),
        "x": (3.4, -2.5, "$x_t$", "x"),
    }
    chain = ["before", "U", "sum", "tanh", "h"]
    fig = diagram(nodes, [*zip(chain[:-1], chain[1:], strict=True), ("x", "W"), ("W", "sum")], size=(9.5, 3.6))
    ax = fig.axes[0]
    for start, end, text in ((6.6, 5.4, "$\\lambda_t$"), (4.8, 3.6, "$\\delta_t$"), (3.2, 1.9, "$\\delta_t$")):
        _back(ax, (start, 0.42), (end, 0.42), 2.5)
        ax.text((start + end) / 2, 0.6, text, color=_BACK, ha="center", fontsize=14)
    _back(ax, (1.5, 0.42), (0.2, 0.42), 2.5)
    ax.text(0.85, 0.6, "$U^\\top\\delta_t$", color=_BACK, ha="center", fontsize=14)
    _back(ax, (3.8, -0.35), (3.8, -2.3), 2.5)
    ax.text(3.95, -0.8, "$\\delta_t$", color=_BACK, va="center", fontsize=14)
    ax.text(3.95, -1.95, "$W^\\top\\delta_t$", color=_BACK, va="center", fontsize=14)
    ax.set_ylim(-3.0, 1.1)
    return fig


def stretch(matrix, *, title: str = "", ax=None):
    """What a 2×2 matrix makes of a circle: its image, the longest radius of it, and the directions that are kept.

    matrix: (2, 2) of Python numbers or a tensor. Returns the figure.
    """
    import numpy as np

    M = np.asarray(matrix, dtype=float)
    angle = np.linspace(0, 2 * np.pi, 200)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    fig, ax = panels(size=(7.2, 3.4)) if ax is None else (ax.figure, ax)
    lines = {"all vectors of length 1": circle, "what becomes of them": M @ circle}
    series({name: y for name, (_, y) in lines.items()}, {name: x for name, (x, _) in lines.items()}, title=title, ax=ax)
    left, sizes, _ = np.linalg.svd(M)
    longest = left[:, 0] * sizes[0] * np.sign(left[0, 0] or 1)
    ax.plot([0, longest[0]], [0, longest[1]], color="black", label="the longest of them: σ")
    values, vectors = np.linalg.eig(M)
    for number, (value, vector) in enumerate(zip(values, vectors.T, strict=True)):
        if abs(value.imag) < 1e-12:
            tip = (value * vector).real
            ax.plot(
                [0, tip[0]], [0, tip[1]], "--", color="#009E73", label="" if number else "direction kept: eigenvector"
            )
    ax.set_aspect("equal")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return fig


def _back(ax, start: tuple[float, float], end: tuple[float, float], width: float, bend: str = "arc3") -> None:
    from matplotlib.patches import FancyArrowPatch

    style = {"arrowstyle": "-|>", "mutation_scale": 9 + 2 * width, "connectionstyle": bend}
    ax.add_patch(FancyArrowPatch(start, end, linewidth=width, color=_BACK, **style))


# ---- lessons 22 and 23 ------------------------------------------------------------------------------------------------

__all__ += ["jacobian_table", "lstm_step", "triangle", "two_roads"]

_H, _C, _X, _Y = "#E69F00", "#0072B2", "#56B4E9", "#009E73"  # h, c, inputs, outputs


def jacobian_table(outputs: int = 8, inputs: int = 3):
    """∂y_t/∂x_d as a table, twice: what one pass back fills, and what one pass forward fills. Returns the figure."""
    fig, axes = panels(1, 2, size=(3.6, 3.9))
    _table(axes[0], outputs, inputs, lambda t, d: t == outputs - 2, "one pass back")
    _table(axes[1], outputs, inputs, lambda t, d: d == 1, "one pass forward")
    for ax in axes:
        ax.set(xlabel="inputs $x_d$", ylabel="outputs $y_t$")
    return fig


def two_roads(steps: int = 3):
    """An LSTM unrolled, from (h_0, c_0) to y: the road of the cell above, the road of the hidden state below."""
    fig, ax = panels(size=(2.6 * steps + 2.2, 4.0))
    for t in range(steps + 1):
        x = 2.6 * t
        if t:
            _arrow(ax, (x - 2.6, 2), (x, 2), f"× $f_{t}$", _C, 4)
            _arrow(ax, (x - 2.6, 0), (x, 2), "gates", _H, 2.5)
            _arrow(ax, (x - 2.6, 0), (x, 0), f"gate $o_{t}$", _H, 2.5)
            _arrow(ax, (x, 2), (x, 0), "tanh", "black", 1.5)
        _node(ax, (x, 2), f"$c_{t}$", _C)
        _node(ax, (x, 0), f"$h_{t}$", _H)
    _arrow(ax, (2.6 * steps, 0), (2.6 * steps + 1.4, 0), "", "black", 1.5)
    _node(ax, (2.6 * steps + 1.4, 0), f"$y_{steps}$", _Y)
    return _bare(fig, ax, 2.6 * steps + 1.4, 0, 2)


def lstm_step():
    """One LSTM step as a graph: every arrow that a gradient can travel back along; two of them carry their slope."""
    fig, ax = panels(size=(10, 4.6))
    at = {"c_{t-1}": (0, 4), "h_{t-1}": (0, 0.6), "x_t": (0, -0.6), "f": (3, 2.8), "i": (4.6, 2.8), "g": (6.2, 2.8)}
    at |= {"o": (8.6, 1.5), "c_t": (7.8, 4), "h_t": (11, 1.5), "c_{t+1}": (11, 4), "a": (3.8, 0)}
    for start, end, label in [
        ("c_{t-1}", "c_t", "f"),
        ("f", "c_t", ""),
        ("i", "c_t", ""),
        ("g", "c_t", ""),
        ("o", "h_t", ""),
    ]:
        _arrow(ax, at[start], at[end], f"${label}$" if label else "", "black", 1.5)
    _arrow(ax, at["c_t"], at["h_t"], "$o\\,(1-\\tanh^2 c_t)$", "black", 1.5)
    _arrow(ax, at["c_t"], at["c_{t+1}"], "", "#7F7F7F", 1.5)
    for gate in "figo":
        _arrow(ax, at["a"], at[gate], "", "black", 1.5)
    for start in ("h_{t-1}", "x_t"):
        _arrow(ax, at[start], at["a"], "$W_{hh}$" if start[0] == "h" else "$W_{ih}$", "black", 1.5, 56)
    colours = {"c": _C, "h": _H, "x": _X}
    for name, place in at.items():
        _node(ax, place, f"${name}$" if name != "a" else "$a_i\\;a_f\\;a_g\\;a_o$", colours.get(name[0], "white"))
    return _bare(fig, ax, 11, -0.6, 4)


def triangle(T: int = 5):
    """∂y_t/∂x_s while a sweep walks back: at step s the rows from s on have joined, and column s is filled."""
    fig, axes = panels(1, 3, size=(3.7, 3.7))
    for ax, now in zip(axes, (T, T - 1, 2), strict=True):
        _table(ax, T, T, lambda t, s, now=now: t >= s >= now - 1, f"at step s = {now}", now - 1)
        ax.set(xlabel="input step s", ylabel="output step t")
    return fig


def _table(ax, rows: int, columns: int, filled, title: str, strong: int | None = None) -> None:
    """A table with some of its entries filled; those of column `strong` in the stronger colour."""
    from matplotlib.patches import Rectangle

    for row in range(rows):
        for column in range(columns):
            colour = "white" if not filled(row, column) else _C if strong in (None, column) else "#B8D4E8"
            ax.add_patch(
                Rectangle((column + 0.5, row + 0.5), 1, 1, facecolor=colour, edgecolor="#7F7F7F", linewidth=1.5)
            )
    ax.set(xlim=(0.4, columns + 0.6), ylim=(rows + 0.6, 0.4), title=title)
    ax.set(xticks=range(1, columns + 1), yticks=range(1, rows + 1))
    ax.grid(False)


def _node(ax, place, label: str, colour: str) -> None:
    box = {"boxstyle": "round,pad=0.4", "facecolor": colour, "edgecolor": "black", "linewidth": 1.5}
    ax.text(*place, label, ha="center", va="center", fontsize=15, bbox=box, color="white" if colour == _C else "black")


def _arrow(ax, start, end, label: str, colour: str, width: float, space: float = 20) -> None:
    style = {
        "arrowstyle": "-|>",
        "linewidth": width,
        "color": colour,
        "shrinkA": 18,
        "shrinkB": space,
        "mutation_scale": 18,
    }
    ax.annotate("", end, start, arrowprops=style, zorder=0)
    middle = (start[0] + 0.5 * (end[0] - start[0]), start[1] + 0.5 * (end[1] - start[1]))
    ax.text(
        *middle,
        label,
        ha="center",
        va="center",
        fontsize=12,
        color=colour if colour != _H else "black",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )


def _bare(fig, ax, right: float, low: float, high: float):
    ax.set(xlim=(-0.9, right + 0.6), ylim=(low - 0.6, high + 0.6))
    ax.axis("off")
    return fig
