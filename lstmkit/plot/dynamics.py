"""Drawings of a state that runs on its own: to and from its fixed points, and along an orbit that never comes to rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lstmkit.plot.charts import _CYCLE, _array, _colour, _label, panels

__all__ = ["ball_along", "exponent_curves", "fixed_points", "staircase"]

_KINDS = [("o", "#009E73", 90), ("D", "#E69F00", 60), ("s", "#D55E00", 60), ("*", "#000000", 260)]


def staircase(step: Callable, starts: Sequence[float], *, steps: int = 12, title: str = "", ax=None):
    """One number that is its own next input: the curve of `step`, the diagonal, and the stairs that each start climbs between them.

    step: h → next h, for a number or an array. Returns the figure.
    """
    ax = ax or panels(size=(6, 4.4))[1]
    at = np.linspace(-1.15, 1.15, 200)
    ax.plot(at, step(at), color="#7F7F7F", label="next state F(h)")
    ax.plot(at, at, color="black", linestyle="--", linewidth=1.5, label="next state = h")
    for number, h in enumerate(starts):
        xs, ys = [h], [h]
        for _ in range(steps):
            after = float(step(h))
            xs, ys, h = [*xs, h, after], [*ys, after, after], after
        ax.plot(xs, ys, color=_CYCLE[number], linewidth=1.8, label=f"from {starts[number]:g}")
        ax.plot(xs[0], ys[0], "o", color=_CYCLE[number], markersize=8)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return _label(ax.figure, ax, "state h", "next state", title)


def fixed_points(points, unstable, *, paths=(), names: Mapping[int, str] | None = None, title: str = "", ax=None):
    """Fixed points in their first three principal axes, marked by the number of their unstable directions, and paths between them.

    points: (P, H). unstable: (P,) whole numbers. paths: (steps, H) each. names: {number: what the legend says}. Returns the figure.
    """
    points, unstable = _array(points), _array(unstable)
    if ax is None:
        ax = panels(size=(8.5, 5.4), subplot_kw={"projection": "3d"})[1]
    middle = points.mean(0)
    axes = np.linalg.svd(points - middle, full_matrices=False)[2][:3]
    for path in paths:
        ax.plot(*(axes @ (_array(path) - middle).T), color="#7F7F7F", linewidth=1.5, zorder=1)
    for kind in np.unique(unstable):
        marker, colour, size = _KINDS[min(int(kind), len(_KINDS) - 1)]
        at = axes @ (points[unstable == kind] - middle).T
        style = {"marker": marker, "color": colour, "s": size, "edgecolor": "black", "depthshade": False, "zorder": 2}
        ax.scatter(*at, label=(names or {}).get(int(kind), f"{kind} unstable directions"), **style)
    ax.set(xlabel="axis 1", ylabel="axis 2", zlabel="axis 3", xticklabels=[], yticklabels=[], zticklabels=[])
    ax.set_title(title, loc="left")
    ax.legend(loc="center left", bbox_to_anchor=(1.12, 0.5))
    return ax.figure


def ball_along(jacobians, *, title: str = ""):
    """A ball of nearby states carried along an orbit: what each step makes of it, and the fresh one that goes on from there (QR).

    jacobians: (T, 2, 2). Returns the figure.
    """
    jacobians = _array(jacobians)
    angle = np.linspace(0, 2 * np.pi, 100)
    ball, Q = np.stack([np.cos(angle), np.sin(angle)]), np.eye(2)
    fig, ax = panels(size=(9.5, 3.2))
    for t in range(len(jacobians) + 1):
        at = np.array([[3.4 * t], [0.0]])
        ax.plot(*(at + Q @ ball), color=_CYCLE[0], label="" if t else "a ball of nearby states")
        for column in range(2):
            ax.plot(*np.hstack([at, at + Q[:, [column]]]), color=_CYCLE[0])
        if t == len(jacobians):
            break
        carried = jacobians[t] @ Q
        at = at + [[3.4], [0.0]]
        ax.plot(*(at + carried @ ball), color=_CYCLE[1], linestyle="--", label="" if t else "what one step makes of it")
        ax.annotate("", (at[0, 0] - 1.25, 0), (at[0, 0] - 2.15, 0), arrowprops={"arrowstyle": "-|>", "linewidth": 1.8})
        Q, R = np.linalg.qr(carried)
        Q = Q * np.sign(np.diag(R))
    ax.set_aspect("equal")
    ax.axis("off")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, -0.25), ncols=2)
    ax.set_title(title, loc="left", pad=14)
    return fig


def exponent_curves(curves: Mapping, truth: Sequence[float], dt: float, *, skip: int = 10, limits=()):
    """Exponents that settle, a panel for each: running means, and the true values as dashed lines.

    curves: {label: [(T, k), …]}, one colour for all of a label. dt: time between two rows. skip: rows left out in front.
    limits: (low, high) of each panel. Returns the figure.
    """
    fig, axes = panels(1, len(truth), size=(4.0, 3.7))
    for number, (ax, value) in enumerate(zip(axes, truth, strict=True)):
        for kind, (label, several) in enumerate(curves.items()):
            for copy, curve in enumerate(several):
                line = _array(curve)[skip:, number]
                at = (np.arange(len(line)) + skip + 1) * dt
                ax.plot(at, line, color=_colour(label, kind), label="" if copy else label)
        ax.axhline(float(value), color="black", linestyle="--", linewidth=1.5, label="true value")
        ax.set_ylim(*(limits[number] if limits else ax.get_ylim()))
        _label(fig, ax, "time units", "" if number else "growth per time unit", f"exponent {number + 1}")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(curves) + 1, frameon=False)
    return fig
