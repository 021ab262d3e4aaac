"""Films, as strips of frames, and bars beside the best that is possible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lstmkit.plot.charts import _array, _colour, panels

__all__ = ["along_film", "bars_at_best", "film_strip"]

_TONES = {"one": "#7F7F7F", "two": "#009E73", "bag": "#56B4E9"}  # frames that a model without memory reads


def _tone(label: str) -> str:
    return _TONES.get(label.split()[0], _colour(label, 0))


def film_strip(frames, rows: Mapping[str, Sequence[str]] | None = None, *, title: str = ""):
    """A film as a strip of frames, blank ones in grey, and under each what somebody says about it. Returns the figure.

    frames: (T, height, width). rows: {label: T words}; where a later row differs from the first, the field is shaded.
    """
    film, rows = _array(frames), rows or {}
    first = list(rows.values())[:1]
    fig, axes = panels(1, len(film), size=(1.3, 1.75 + 0.34 * len(rows)), squeeze=False)
    for t, ax in enumerate(axes[0]):
        ax.imshow(film[t] + 0.12 * (not film[t].any()), cmap="Greys", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
        ax.set_title(f"{t + 1}", fontsize=11)
        ax.spines[:].set_visible(True)
        for row, (label, said) in enumerate(rows.items(), 1):
            other = {"facecolor": "#F6C9A8", "edgecolor": "none", "pad": 2} if said[t] != first[0][t] else None
            place = {
                "xycoords": "axes fraction",
                "ha": "center",
                "va": "center",
                "fontsize": 14 if len(said[t]) == 1 else 11,
            }
            ax.annotate(said[t], (0.5, 0.06 - 0.26 * row), bbox=other, annotation_clip=False, **place)
            if t == 0:
                ax.annotate(
                    label, (-0.2, 0.06 - 0.26 * row), annotation_clip=False, **place | {"ha": "right", "fontsize": 11}
                )
    fig.suptitle(title, fontsize=13)
    return fig


def bars_at_best(values: Mapping[str, float], best: Mapping[str, float], *, y: str = "", title: str = "", ax=None):
    """A bar for what each model does, and a black line at the best that is possible for it. Returns the figure.

    values: {label: share}. best: {label: share} for the labels that have one.
    """
    fig, ax = (ax.figure, ax) if ax is not None else panels()
    labels = list(values)
    ax.bar(labels, [float(values[name]) for name in labels], color=[_tone(name) for name in labels], width=0.65)
    for at, name in enumerate(labels):
        if name in best:
            line = {"color": "black", "linewidth": 3, "label": None if ax.lines else "the best there is"}
            ax.plot([at - 0.42, at + 0.42], [float(best[name])] * 2, **line)
    ax.set(ylim=(0, None), ylabel=y)
    ax.set_title(title, loc="left")
    ax.grid(False, axis="x")
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0))
    return fig


def along_film(shares: Mapping, best: Mapping, *, y: str = "", title: str = ""):
    """A line for each model along the frames; dashed, the best that is possible. shares, best: {label: (T,)}. Returns the figure."""
    fig, ax = panels()
    for name, values in shares.items():
        frames = range(1, len(values) + 1)
        ax.plot(frames, _array(values), marker="o", markersize=5, color=_tone(name), label=name)
        if name in best:
            ax.plot(frames, _array(best[name]), linestyle="--", color="black", label=f"the best there is, {name}")
    ax.set(xlabel="frame", ylabel=y, ylim=(0, 1.03))
    ax.set_title(title, loc="left")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return fig
