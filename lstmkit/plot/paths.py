"""Explanations as drawings: a saturated function and the path from a baseline, maps of one input side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lstmkit.plot.charts import _array, panels

__all__ = ["attributions", "baseline_path"]
__all__ += ["gaps", "verdicts"]

_RISE, _X = 1.0, 1.8  # the function is tanh(_RISE · x), and it is explained at _X


def baseline_path(points: int | None = None):
    """A function that rises and levels off, explained at x: left by its slope there, right by the slopes on the way from 0.

    points: of the sum in the right panel; None: the left panel alone. Returns the figure.
    """
    fig, axes = panels(1, 1 if points is None else 2, size=(6.4, 3.8), squeeze=False)
    left, at, end = axes[0, 0], np.linspace(-0.3, 3, 200), np.tanh(_RISE * _X)
    slope = _RISE * (1 - end**2)
    left.plot(at, np.tanh(_RISE * at), color="black", label="f")
    left.plot(at, end + slope * (at - _X), color="#D55E00", linestyle="--", label="tangent at x")
    for where, low, high, colour, text in (
        (-0.12, 0, end, "#009E73", "what happened: f(x) − f(baseline)"),
        (0.12, end - slope * _X, end, "#D55E00", "what slope × x says"),
    ):
        left.plot([where, where], [low, high], color=colour, linewidth=7, solid_capstyle="butt", label=text)
    left.plot([0, _X], [0, end], "o", color="black")
    left.set(ylim=(-0.15, 1.2), xticks=[0, _X], xticklabels=["baseline", "x"], ylabel="f", yticks=[0, 1])
    left.legend(loc="lower right", bbox_to_anchor=(1.0, 0.02))
    if points is not None:
        right, a = axes[0, 1], np.linspace(0, 1, 200)
        slopes = _slope_at(a)
        right.plot(a, slopes, color="black", label="slope of f on the way")
        right.fill_between(a, slopes, color="#009E73", alpha=0.25, label="area: the mean slope")
        middles = (np.arange(points) + 0.5) / points
        heights = _slope_at(middles)
        right.bar(
            middles, heights, 1 / points, fill=False, linewidth=1.5, edgecolor="#0072B2", label=f"{points} pieces"
        )
        right.plot(middles, heights, "o", color="#0072B2")
        right.set(xticks=[0, 1], xticklabels=["a = 0\nbaseline", "a = 1\nx"], ylabel="∂f/∂x", ylim=(0, 1.25 * _RISE))
        right.legend()
    return fig


def _slope_at(a):
    return _RISE * (1 - np.tanh(_RISE * _X * a) ** 2)


def attributions(
    pictures: Mapping, truth=None, *, columns: int = 1, y: str = "channel", size=(9.0, 1.9), limit: float | None = None
):
    """Signed maps (T, D) side by side, time to the right; each panel's own largest entry has the full colour.

    pictures: {title: map}. truth: a mask (T, D) for all panels, or a list with one for each; framed. limit: the full colour's
    value, for all panels alike. Returns the figure.
    """
    rows = -(-len(pictures) // columns)
    fig, axes = panels(rows, columns, size=size, squeeze=False, sharex=True, sharey=True)
    for number, (ax, (title, picture)) in enumerate(zip(axes.flat, pictures.items(), strict=False)):
        picture = _array(picture)
        top, (T, D) = limit or np.abs(picture).max() or 1.0, picture.shape
        place = (0.5, T + 0.5, D - 0.5, -0.5)  # steps count from 1
        ax.imshow(picture.T, cmap="RdBu_r", vmin=-top, vmax=top, aspect="auto", interpolation="nearest", extent=place)
        ax.set_title(title, loc="left")
        ax.set_yticks(range(D))
        ax.grid(False)
        if truth is not None:
            step, channel = np.nonzero(_array(truth[number] if isinstance(truth, Sequence) else truth))
            frame = {"align": "edge", "fill": False, "linewidth": 2.5, "clip_on": False}
            ax.bar(step.min() + 0.5, np.ptp(channel) + 1, np.ptp(step) + 1, channel.min() - 0.5, **frame)
    fig.supxlabel("step", fontsize=12)
    fig.supylabel(y, fontsize=12)
    return fig


def gaps(pieces: Sequence[str], rows: Mapping[str, Sequence[int]], *, gone: str = "", title: str = ""):
    """A row of boxes, once for each label, with some of its pieces gone. Returns the figure.

    pieces: what stands in the boxes. rows: {label: indices of those that are gone}. gone: what stands in their place.
    """
    widths = np.array([0.5 + 0.16 * max(len(piece), len(gone)) for piece in pieces])
    starts = np.concatenate([[0], np.cumsum(widths)])
    fig, ax = panels(size=(min(11.0, 1.6 + 0.72 * starts[-1]), 0.8 + 0.5 * len(rows)))
    for height, away in enumerate(rows.values()):
        for number, piece in enumerate(pieces):
            lost = number in away
            box = {"color": "#D9D9D9" if lost else "#CDE6F5", "edgecolor": "black", "linewidth": 1.5}
            ax.barh(height, widths[number] - 0.12, 0.72, left=starts[number], **box)
            middle = starts[number] + widths[number] / 2 - 0.06
            ax.text(middle, height, gone if lost else piece, ha="center", va="center", fontsize=12)
    ax.set(xlim=(-0.15, starts[-1]), ylim=(len(rows) - 0.45, -0.55), xticks=[])
    ax.set_yticks(range(len(rows)), list(rows))
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.set_title(title, loc="left")
    return fig


def verdicts(
    numbers: Mapping[str, Sequence], passed: Mapping[str, Sequence], columns: Sequence[str], *, title: str = ""
):
    """A table: a row for each name, a field for each test, blue where it was passed, orange where not, grey where not asked.

    numbers: {name: a number for each column, None where there is none}. passed: {name: True, False or None}. Returns the figure.
    """
    fig, ax = panels(size=(2.4 + 1.45 * len(columns), 1.2 + 0.45 * len(numbers)))
    for height, name in enumerate(numbers):
        for column, (number, ok) in enumerate(zip(numbers[name], passed[name], strict=True)):
            colour = {True: "#9CCDEB", False: "#F2C877", None: "#EEEEEE"}[ok]
            ax.barh(height, 0.94, 0.88, left=column - 0.47, color=colour)
            text = "–" if number is None else f"{number:.2f}"
            ax.text(
                column, height, text + {True: " ✓", False: " ✗", None: ""}[ok], ha="center", va="center", fontsize=12
            )
    ax.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(numbers) - 0.5, -0.5))
    ax.set_xticks(range(len(columns)), list(columns))
    ax.set_yticks(range(len(numbers)), list(numbers))
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    fig.suptitle(title, fontsize=13)
    return fig
