"""Forecasts as drawings: what a window shows and what it asks for; numbers as dots, for a logarithmic axis or close rivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lstmkit.plot.charts import _array, _axes, _colour, _label, panels

__all__ = ["dots", "strips"]

_KINDS = {"x": "#56B4E9", "o": "#E69F00", "y": "#009E73", ".": "white"}


def strips(rows: Mapping[str, str], names: Mapping[str, str], *, x: str = "step", title: str = ""):
    """Rows of little boxes, one for each step in time: what is shown, what is asked for. Returns the figure.

    rows: {label: "xxxx.y"}, a letter for each step: x a measured value, o a forecast that is read, y what is asked for,
    "." neither. names: {letter: what it means}, for the legend.
    """
    from matplotlib.patches import Patch, Rectangle

    steps = max(len(row) for row in rows.values())
    fig, ax = panels(size=(min(9.0, 2.2 + 0.45 * steps), 1.3 + 0.42 * len(rows)))
    for height, row in enumerate(rows.values()):
        for step, letter in enumerate(row, 1):
            box = {"facecolor": _KINDS[letter], "edgecolor": "#BDBDBD" if letter == "." else "black", "linewidth": 1.5}
            ax.add_patch(Rectangle((step - 0.42, height - 0.38), 0.84, 0.76, **box))
    ax.set(xlim=(0.4, steps + 0.6), ylim=(len(rows) - 0.4, -0.6), xticks=range(1, steps + 1))
    ax.set_yticks(range(len(rows)), list(rows))
    ax.grid(False)
    legend = [Patch(facecolor=_KINDS[letter], edgecolor="black", label=name) for letter, name in names.items()]
    ax.legend(handles=legend, loc="center left", bbox_to_anchor=(1, 0.5))
    return _label(fig, ax, x, "", title)


def dots(
    values: Mapping[str, Any],
    *,
    spread: Mapping[str, Any] | None = None,
    levels: Sequence[float] = (),
    x: str = "",
    title: str = "",
    log: bool = False,
    ax=None,
):
    """One dot for each label, the labels one below the other. values: {label: number}. Returns the figure.

    spread: {label: ± number}, drawn as a line. levels: dashed vertical lines. log: logarithmic axis (where bars, which have no
    zero to start from, would mislead).
    """
    fig, ax = (panels(size=(7.2, 1.2 + 0.45 * len(values)))) if ax is None else _axes(ax)
    for height, (label, value) in enumerate(values.items()):
        error = None if spread is None else float(_array(spread[label]))
        style = {"fmt": "o", "markersize": 9, "capsize": 4, "elinewidth": 2, "color": _colour(label, 0)}
        ax.errorbar(float(_array(value)), height, xerr=error, **style)
    for level in levels:
        ax.axvline(float(level), color="black", linestyle="--", linewidth=1.5)
    if log:
        ax.set_xscale("log")
    ax.set_yticks(np.arange(len(values)), list(values))
    ax.set_ylim(len(values) - 0.5, -0.5)
    return _label(fig, ax, x, "", title)
