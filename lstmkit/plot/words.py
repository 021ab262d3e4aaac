"""Drawings of texts: words in a row and what somebody says about each, characters coloured by their surprise, a text cut into windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap

import numpy as np

from lstmkit.plot.charts import _CYCLE, _array, panels

__all__ = ["side_by_side", "surprise", "tagged"]


def tagged(words: Sequence[str], rows: Mapping[str, Sequence[str]], *, kinds: Sequence[str], title: str = ""):
    """A sentence, and under it a coloured field wherever a row says one of `kinds` about a word. Returns the figure.

    rows: {label: one of kinds, or "", for each word}.
    """
    width = [max(4, len(word) + 1) for word in words]
    at = [sum(width[:t]) for t in range(len(words))]
    fig, ax = panels(size=(min(12, 1.6 + 0.13 * sum(width)), 0.7 + 0.45 * len(rows)))
    for t, word in enumerate(words):
        ax.text(at[t] + width[t] / 2, 0.5, word, ha="center", va="center", fontsize=11)
    for row, (label, said) in enumerate(rows.items(), 1):
        ax.text(-1, row + 0.5, label, ha="right", va="center", fontsize=11)
        for t, kind in enumerate(said):
            colour = _CYCLE[kinds.index(kind) % len(_CYCLE)] if kind else "#EFEFEF"
            ax.barh(row + 0.5, width[t], left=at[t], height=0.8, color=colour, alpha=0.75 if kind else 1)
    for number, kind in enumerate(kinds):
        ax.barh(0, 0, color=_CYCLE[number % len(_CYCLE)], alpha=0.75, label=kind)
    ax.set(xlim=(-1, sum(width)), ylim=(len(rows) + 1.05, 0))
    ax.axis("off")
    ax.set_title(title, loc="left")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=len(kinds))
    return fig


def surprise(text: str, rows: Mapping[str, Sequence[float]], *, limit: float = 8, columns: int = 64, title: str = ""):
    """The characters of a text, coloured by how many bits each of them cost. Returns the figure.

    rows: {label: (T,) bits of each character}; the text is shown once for each. limit: bits of the darkest colour. columns: characters in a line.
    """
    lines = wrap(text, columns, drop_whitespace=False, break_on_hyphens=False)
    height = 0.34 * len(rows) * (len(lines) + 0.7) + 0.9
    fig, axes = panels(len(rows), 1, size=(0.15 * columns + 1, height / len(rows)), squeeze=False)
    for ax, (label, bits) in zip(axes[:, 0], rows.items(), strict=True):
        grid = np.full((len(lines), columns), np.nan)
        for number, line in enumerate(lines):
            first = sum(map(len, lines[:number]))
            grid[number, : len(line)] = _array(bits)[first : first + len(line)]
            for k, character in enumerate(line):
                dark = grid[number, k] > 0.6 * limit
                ax.text(
                    k,
                    number,
                    character,
                    color="white" if dark else "black",
                    ha="center",
                    va="center",
                    fontsize=12,
                    family="monospace",
                )
        shown = ax.imshow(grid, cmap="Blues", vmin=0, vmax=limit, aspect="auto", interpolation="nearest")
        ax.axis("off")
        ax.set_title(label, loc="left", fontsize=12)
    fig.colorbar(shown, ax=axes, label="bits", fraction=0.03)
    fig.suptitle(title, fontsize=13)
    return fig


def side_by_side(rows: int, windows: int, *, title: str = ""):
    """One long text, cut into rows that are read side by side, each in windows; what goes on at a border, and what ends there. Returns the figure."""
    fig, ax = panels(size=(10.5, 0.75 * rows + 0.9))
    for n in range(rows):
        for k in range(windows):
            ax.barh(n, 1.72, left=2 * k, height=0.5, color=_CYCLE[n % len(_CYCLE)], alpha=0.25 + 0.15 * (k % 2))
            ax.text(2 * k + 0.86, n, f"part {n * windows + k + 1}", ha="center", va="center", fontsize=12)
            if k:
                ax.annotate(
                    "", (2 * k, n - 0.1), (2 * k - 0.28, n - 0.1), arrowprops={"arrowstyle": "->", "linewidth": 2}
                )
                ax.text(
                    2 * k - 0.14,
                    n + 0.13,
                    "×",
                    color="#D55E00",
                    ha="center",
                    va="center",
                    fontsize=15,
                    fontweight="bold",
                )
        ax.text(-0.15, n, f"row {n + 1}", ha="right", va="center", fontsize=12)
    for k in range(windows):
        ax.text(2 * k + 0.86, rows - 0.35, f"window {k + 1}", ha="center", va="center", fontsize=12)
    ax.plot([], [], color="black", linewidth=2, marker=">", label="the state goes on")
    ax.plot([], [], "x", color="#D55E00", markeredgewidth=3, label="the gradient ends")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=2, frameon=False)
    ax.set(xlim=(-0.9, 2 * windows), ylim=(rows - 0.1, -0.6))
    ax.axis("off")
    ax.set_title(title, loc="left")
    return fig
