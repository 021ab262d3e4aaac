"""Drawings for designed inputs: the loop that descends on the input, points with slopes, a step among word vectors."""

from __future__ import annotations

import numpy as np

from lstmkit.plot.charts import _array, panels

__all__ = ["design_loop", "points_and_slopes", "swap_step", "wishes"]

_PROMISE, _TRUTH, _BACK, _BOX = "#D55E00", "black", "#0072B2", "#F0F0F0"


def design_loop():
    """Training moves the weights; a design moves the input. Returns the figure."""
    fig, axes = panels(2, 1, size=(10.5, 1.75))
    for ax, (title, moved) in zip(axes, {"Training": 1, "Designing": 0}.items(), strict=True):
        for number, text in enumerate(("input z", "network", "curve ŷ", "distance L\nfrom the wish")):
            kept = (number == 0 and moved == 1) or (number == 1 and moved == 0)
            box = {"boxstyle": "round,pad=0.5", "facecolor": _BOX, "edgecolor": "black", "linewidth": 1.5}
            box |= {"edgecolor": _BACK, "linewidth": 3} if number == moved else {"linestyle": ":"} if kept else {}
            ax.text(3 * number, 0.4, text, ha="center", va="center", fontsize=13, bbox=box)
            if number < 3:
                arrow = {"arrowstyle": "-|>", "linewidth": 2, "color": "black"}
                ax.annotate("", (3 * number + 1.95, 0.4), (3 * number + 0.95, 0.4), arrowprops=arrow)
        back = {"arrowstyle": "-|>", "linewidth": 2.5, "color": _BACK, "connectionstyle": "angle,angleA=180,angleB=90"}
        ax.annotate("", (3 * moved, 0.0), (9, -0.75), arrowprops=back)
        ax.plot([9, 9], [-0.75, -0.05], color=_BACK, linewidth=2.5)
        said = "∂L/∂weights: the weights move, z is given" if moved else "∂L/∂z: z moves, the weights stay"
        ax.text(5.9, -0.7, said, ha="center", va="bottom", fontsize=12, color=_BACK)
        ax.set(xlim=(-1.3, 10.5), ylim=(-0.95, 1.05))
        ax.set_title(title, loc="left")
        ax.axis("off")
    return fig


def wishes(at, wanted, promises, truths, titles, *, limit: float = 2.2, first: str = "the network's promise"):
    """Wanted points, and what two judges say of each design. Returns the figure.

    at: (K,) steps from 1. wanted: (N, K). promises, truths: (N, T) curves. titles: one a panel. limit: of the y axis.
    """
    fig, axes = panels(1, len(titles), size=(12 / len(titles), 3.2), sharey=True, squeeze=False)
    for ax, title, points, promise, truth in zip(
        axes[0], titles, _array(wanted), _array(promises), _array(truths), strict=True
    ):
        steps = np.arange(1, len(promise) + 1)
        ax.plot(steps, truth, color=_TRUTH, label="the formula")
        ax.plot(steps, promise, color=_PROMISE, linestyle="--", linewidth=2.5, label=first)
        ax.plot(_array(at), points, "o", color=_BACK, markersize=10, label="the wish", zorder=3)
        ax.set(xlabel="step t", ylim=(-limit, limit))
        ax.set_title(title, loc="left")
    axes[0, 0].set_ylabel("y")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=12)
    return fig


def points_and_slopes():
    """The same points, without and with their slopes, and curves that they allow. Returns the figure."""
    fig, axes = panels(1, 2, size=(6, 3.3), sharey=True)
    at, line = np.array([0.5, 2.0, 3.5, 5.0]), np.linspace(0, 5.5, 300)
    away = 0.55 * np.prod([line - one for one in at], axis=0) / 4
    axes[0].plot(line, np.sin(line) + away, color=_PROMISE, label="another curve through the points")
    axes[0].plot(line, np.sin(line) - 0.8 * away, color=_PROMISE)
    for ax, title in zip(axes, ("Values", "Values and slopes"), strict=True):
        ax.plot(line, np.sin(line), color=_TRUTH, label="the truth")
        ax.plot(at, np.sin(at), "o", color=_BACK, markersize=9, label="what is given", zorder=3)
        ax.set(xlabel="one of the inputs", ylim=(-2.2, 2.2))
        ax.set_title(title, loc="left")
    for one in at:
        ends = np.array([-0.45, 0.45])
        axes[1].plot(one + ends, np.sin(one) + np.cos(one) * ends, color=_BACK, linewidth=4)
    axes[0].set_ylabel("output")
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=12)
    return fig


def swap_step():
    """A word's vector, four others, and how far each lies along the gradient. Returns the figure."""
    fig, ax = panels(size=(7.5, 3.8))
    here, slope = np.array([0.0, 0.0]), np.array([1.0, 0.25]) / np.hypot(1, 0.25)
    others = {"dull": (-1.6, 0.5), "film": (0.5, 1.5), "fine": (2.2, -0.7), "great": (3.0, 1.6)}
    ax.axline((0, 0), slope=0.25, color=_BACK, linewidth=1.5, linestyle=":")
    ax.annotate("", 1.3 * slope, here, arrowprops={"arrowstyle": "-|>", "linewidth": 4, "color": _BACK})
    ax.text(0.3, -0.25, "gradient ∂f/∂e", color=_BACK, va="top", fontsize=12)
    for name, there in others.items():
        there = np.array(there)
        foot = (there @ slope) * slope
        ax.plot([there[0], foot[0]], [there[1], foot[1]], color="#7F7F7F", linestyle="--", linewidth=1.5)
        ax.plot(*foot, "|", color=_BACK, markersize=16, markeredgewidth=3)
        ax.plot(*there, "o", color=_PROMISE, markersize=9)
        ax.text(there[0] + 0.1, there[1] + 0.08, name, fontsize=13)
    ax.plot(0, 0, "o", color=_TRUTH, markersize=11)
    ax.text(-0.1, -0.15, "good", fontsize=13, ha="right", va="top")
    ax.set(xlim=(-2.3, 4), ylim=(-1.2, 2.1), xticks=[], yticks=[], aspect="equal")
    ax.set_title("Word vectors (two of their numbers), and one gradient", loc="left")
    return fig
