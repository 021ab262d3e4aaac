"""Arrays in, figure out. One palette (Okabe and Ito, 2008: safe for colour-blind readers), one style, one colour per model.

Every function returns the figure and takes `ax` to draw into a panel instead; put the call last in a cell to show it.
Arrays may be tensors (on any device, with or without gradient), numpy arrays or lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from lstmkit import need

__all__ = [
    "COLOURS",
    "bars",
    "heatmap",
    "images",
    "panels",
    "scatter",
    "series",
]

_CYCLE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#7F7F7F", "#000000"]
COLOURS = {
    "rnn": "#0072B2",
    "lstm": "#D55E00",
    "gru": "#009E73",
    "attention": "#CC79A7",
    "memoryless": "#7F7F7F",
    "baseline": "#7F7F7F",
    "persistence": "#7F7F7F",
    "linear": "#7F7F7F",
    "fully": "#56B4E9",  # … connected
    "truth": "#000000",
}
_STYLE = {
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.labelsize": 12,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "legend.fontsize": 11,
    "lines.linewidth": 2,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "figure.dpi": 80,
    "savefig.dpi": 80,
}


@cache
def _shown_in_any_notebook() -> None:
    """In a notebook whose figures are not drawn by its own backend, for MPLBACKEND is set: they are pictures there, too."""
    try:
        from IPython import get_ipython
        from IPython.core.pylabtools import select_figure_formats
    except ImportError:
        return
    if hasattr(get_ipython(), "kernel") and "inline" not in need(__package__, "matplotlib").get_backend():
        select_figure_formats(get_ipython(), {"png"}, bbox_inches="tight")


def panels(rows: int = 1, columns: int = 1, size: tuple[float, float] = (7.2, 3.6), **options) -> tuple[Any, Any]:
    """An empty figure in the course's style and its axes: `fig, axes = panels(1, 2)`; end the cell with `fig`.

    size: width and height of one panel, in inches (the whole is at most 12 wide). options: as for `plt.subplots`.
    """
    plt = need(__package__, "matplotlib.pyplot")
    _shown_in_any_notebook()
    width = min(12.0, size[0] * columns)
    with plt.rc_context(_STYLE):
        fig, axes = plt.subplots(rows, columns, figsize=(width, size[1] * rows), layout="constrained", **options)
    plt.close(fig)  # shown once, as the cell's value, and not again when the cell ends
    return fig, axes


def series(
    lines,
    xs=None,
    *,
    x: str = "",
    y: str = "",
    title: str = "",
    log: bool = False,
    levels: Mapping[str, float] | None = None,
    marks: Sequence[float] = (),
    dots: bool = False,
    ax=None,
):
    """Lines over a common axis.

    lines: {label: (T,) array}, or one array. xs: (T,) positions, or {label: positions}; default 0, 1, 2 …
    x, y: axis labels with units. log: logarithmic y axis. levels: dashed horizontal lines {label: height}.
    marks: x positions of dotted vertical lines. dots: mark the points. Returns the figure.
    """
    fig, ax = _axes(ax)
    lines = lines if isinstance(lines, Mapping) else {"": lines}
    for number, (label, values) in enumerate(lines.items()):
        values = _array(values)
        at = xs[label] if isinstance(xs, Mapping) else xs
        at = np.arange(len(values)) if at is None else _array(at)
        ax.plot(at, values, label=label, color=_colour(label, number), marker="o" if dots else None, markersize=5)
    for label, height in (levels or {}).items():
        ax.axhline(float(height), color="black", linestyle="--", linewidth=1.5, label=label)
    for at in marks:
        ax.axvline(float(at), color="black", linestyle=":", linewidth=1.5)
    if log:
        ax.set_yscale("log")
    if any(lines) or levels:
        ax.legend()
    return _label(fig, ax, x, y, title)


def bars(
    values: Mapping[str, Any],
    *,
    x: str = "",
    y: str = "",
    title: str = "",
    levels=None,
    spread=None,
    log: bool = False,
    ax=None,
):
    """One bar for each label. values: {label: number}. levels: dashed lines {label: height}. spread: {label: ± number}.

    log: logarithmic y axis.
    """
    fig, ax = _axes(ax)
    labels = list(values)
    heights = [float(_array(values[label])) for label in labels]
    errors = None if spread is None else [float(spread[label]) for label in labels]
    colours = [_colour(label, 0) for label in labels]
    ax.bar(labels, heights, color=colours, yerr=errors, capsize=4, width=0.65)
    if log:
        ax.set_yscale("log")
    for label, height in (levels or {}).items():
        ax.axhline(float(height), color="black", linestyle="--", linewidth=1.5, label=label)
    if levels:
        ax.legend()
    ax.grid(False, axis="x")
    if min(heights) < 0:
        ax.axhline(0, color="black", linewidth=1)
    if sum(len(label) for label in labels) > 60:
        ax.tick_params(axis="x", labelrotation=25)
    return _label(fig, ax, x, y, title)


def scatter(points: Mapping[str, tuple], *, x: str = "", y: str = "", title: str = "", diagonal: bool = False, ax=None):
    """Points. points: {label: (xs, ys)}. diagonal: draw y = x for comparison. Returns the figure."""
    fig, ax = _axes(ax)
    for number, (label, (xs, ys)) in enumerate(points.items()):
        ax.scatter(_array(xs), _array(ys), s=18, alpha=0.7, label=label, color=_colour(label, number))
    if diagonal:
        ax.axline((0, 0), slope=1, color="black", linestyle="--", linewidth=1.5)
    if any(points):
        ax.legend()
    return _label(fig, ax, x, y, title)


def heatmap(
    values,
    *,
    x: str = "",
    y: str = "",
    title: str = "",
    signed: bool = True,
    scale: str = "",
    limit: float | None = None,
    xticks: Sequence[str] | None = None,
    yticks: Sequence[str] | None = None,
    ax=None,
):
    """A matrix as colours, row 0 on top. values: (rows, columns).

    signed: blue below zero, white at zero, red above, the same range both ways; else white to dark blue from 0 on.
    scale: what the colours mean, with unit. limit: the largest value shown (default: the largest there is).
    xticks, yticks: labels of columns and rows. Returns the figure.
    """
    matrix = _array(values)
    if matrix.ndim != 2:
        raise ValueError(f"values have shape {matrix.shape}; expected (rows, columns)")
    fig, ax = _axes(ax)
    top = limit or float(np.nanmax(np.abs(matrix))) or 1.0
    colours, low = ("RdBu_r", -top) if signed else ("Blues", min(0.0, float(np.nanmin(matrix))))
    shown = ax.imshow(matrix, cmap=colours, vmin=low, vmax=top, aspect="auto", interpolation="nearest")
    fig.colorbar(shown, ax=ax, label=scale)
    ax.grid(False)
    for axis, labels in ((ax.xaxis, xticks), (ax.yaxis, yticks)):
        if labels is not None:
            axis.set_ticks(range(len(labels)), [str(label) for label in labels])
    if xticks is not None and max(len(str(label)) for label in xticks) > 4:
        ax.tick_params(axis="x", labelrotation=60)
    return _label(fig, ax, x, y, title)


def images(pictures, titles: Sequence[str] = (), *, title="", signed: bool = False, columns: int = 8, size=1.5):
    """Small pictures in a grid. pictures: (number, height, width). titles: one above each. Returns the figure.

    size: inches of each; lines of a title add to its height.
    """
    stack = _array(pictures)
    rows = -(-len(stack) // columns)
    columns = min(columns, len(stack))
    fig, axes = panels(rows, columns, size=(size, size + 0.3 * bool(len(titles))), squeeze=False)
    top = float(np.abs(stack).max()) or 1.0
    for number, ax in enumerate(axes.flat):
        ax.axis("off")
        if number < len(stack):
            ax.imshow(stack[number], cmap="RdBu_r" if signed else "Greys", vmin=-top if signed else 0, vmax=top)
            if number < len(titles):
                ax.set_title(titles[number], fontsize=11)
    fig.suptitle(title, fontsize=13)
    return fig


def _axes(ax):
    if ax is None:
        return panels()
    return ax.figure, ax


def _label(fig, ax, x: str, y: str, title: str):
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.set_title(title, loc="left")
    return fig


def _array(values) -> np.ndarray:
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    return np.asarray(values)


def _colour(label: str, number: int) -> str:
    """A model's own colour if the label begins with its name, else the next of the cycle."""
    first = label.lower().replace(",", " ").split()[:1]
    return COLOURS.get(first[0] if first else "", _CYCLE[number % len(_CYCLE)])
