"""Where a word points: maps over pictures and sentences, and where a gradient ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lstmkit.plot.charts import _CYCLE, _array, _colour, panels
from lstmkit.plot.seq2seq import captioner

__all__ = ["against_chance", "pointing_tables", "severed", "word_maps"]


def word_maps(rows: Mapping[str, Sequence], words: Sequence[str], boxes: Sequence, ink, *, title: str = ""):
    """Signed maps of one picture, a row for each method or network, a column for each word. Returns the figure.

    rows: {label: a map (H, W) for each word}; each map's own largest size has the full colour. boxes: for each word the upper left pixel
    of the 8 × 8 that are to be framed, or None. ink: the picture (H, W), drawn in grey as a row of its own.
    """
    fig, axes = panels(len(rows) + 1, len(words), size=(2.2, 1.9), squeeze=False)
    for height, (label, maps) in enumerate([("picture", [ink] * len(words)), *rows.items()]):
        axes[height, 0].set_ylabel(label, fontsize=11)
        for ax, word, box, values in zip(axes[height], words, boxes, maps, strict=True):
            values = _array(values)
            top = np.abs(values).max() or 1.0
            look = {"cmap": "RdBu_r", "vmin": -top} if height else {"cmap": "Greys", "vmin": 0}
            ax.imshow(values, vmax=top, interpolation="nearest", **look)
            ax.set(xticks=[], yticks=[], title="" if height else word)
            ax.spines[:].set_visible(True)
            if box is not None:
                row, column = (float(at) - 0.5 for at in box)
                ax.bar(column, 8, 8, row, align="edge", fill=False, linewidth=2)
    fig.suptitle(title, fontsize=13)
    return fig


def against_chance(
    scores: Mapping[str, Mapping], chance: Mapping[str, float] | None = None, *, y: str, title: str = "", ax=None
):
    """Groups of bars, and across each group its own chance level as a dashed line. Returns the figure.

    scores: {series: {group: height}}. chance: {group: height}, if there is one.
    """
    ax = ax or panels(size=(9, 3.6))[1]
    width, groups = 0.8 / len(scores), list(next(iter(scores.values())))
    for number, (name, heights) in enumerate(scores.items()):
        at = np.arange(len(groups)) - 0.4 + width * (number + 0.5)
        ax.bar(at, [float(heights[group]) for group in groups], 0.9 * width, label=name, color=_colour(name, number))
    for place, level in enumerate((chance or {}).values()):
        label = "chance" if place == 0 else None
        ax.plot([place - 0.46, place + 0.46], [float(level)] * 2, color="black", linestyle="--", label=label)
    ax.set_xticks(range(len(groups)), groups)
    ax.set(ylabel=y, ylim=(0, 1.05))
    ax.set_title(title, loc="left")
    ax.grid(False, axis="x")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return ax.figure


def severed(read: Sequence[str], written: Sequence[str], *, title: str = ""):
    """The captioner that reads its own words, with a cross on every arrow that passes no gradient. Returns the figure."""
    fig = captioner(read, written, fed_back=True, title=title)
    at = 1.5 * np.arange(2, len(read) + 1) - 1.725
    fig.axes[0].plot(at, np.full(len(at), 1.5), "x", color=_CYCLE[1], markersize=14, markeredgewidth=4, zorder=4)
    return fig


def pointing_tables(tables: Mapping, words: Sequence[str], letters: str, truth: Sequence[tuple], *, size=(12, 2.9)):
    """Which input word moves which output letter, one table under the other. Returns the figure.

    tables: {title: (T_y, T_x)}, each shown as shares of its largest entry. truth: pairs (letter, word), marked by a circle.
    """
    fig, axes = panels(len(tables), 1, size=size, squeeze=False, sharex=True)
    for ax, (title, table) in zip(axes[:, 0], tables.items(), strict=True):
        values = _array(table)[: len(letters), : len(words)].T
        shown = ax.imshow(values / values.max(), cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        ax.plot(
            [t for t, _ in truth], [s for _, s in truth], "o", color=_CYCLE[1], fillstyle="none", markersize=13, mew=2
        )
        ax.set_xticks(range(len(letters)), list(letters))
        ax.set_yticks(range(len(words)), list(words))
        ax.grid(False)
        ax.set_title(title, loc="left")
        fig.colorbar(shown, ax=ax, label="share of largest")
    return fig
