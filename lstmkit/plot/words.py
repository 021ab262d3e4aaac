"""Drawings of texts: words in a row, and under them what somebody says about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lstmkit.plot.charts import _CYCLE, panels

__all__ = ["tagged"]


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
