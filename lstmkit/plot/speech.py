"""Sound: spectrograms, and what CTC says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lstmkit.plot.charts import _CYCLE, _array, _axes, _label, panels

__all__ = ["filter_bank", "frames_of", "heard", "spectrogram", "spikes", "trellis"]

_DIGITS = [*_CYCLE[:6], "#882255", "#44AA99", "#999933", "#661100"]  # a colour for each digit; grey is the blank's
Spans = Sequence[tuple[str, float, float]]  # what is said, from when to when


def spectrogram(features, spans: Spans = (), *, seconds: float, title: str = "", ax=None):
    """Log energies as grey, low bands below, and over them what is said when. features: (T, M). Returns the figure."""
    fig, ax = (ax.figure, ax) if ax is not None else panels(size=(10, 3))
    low = np.quantile(_array(features), 0.05)
    M = _array(features).shape[1]
    ax.imshow(
        _array(features).T, origin="lower", aspect="auto", cmap="Greys", vmin=low, extent=(0, seconds, 0.5, M + 0.5)
    )
    ax.grid(False)
    for word, start, stop in spans:
        ax.text((start + stop) / 2, M + 1, word, ha="center", va="bottom", fontsize=12)
        ax.plot([start, start, stop, stop], [M - 0.5, M + 0.7, M + 0.7, M - 0.5], color="#D55E00", clip_on=False)
    ax.set_ylim(0.5, M + 0.5)
    _label(fig, ax, "seconds", "mel band", "")
    ax.set_title(title, loc="left", pad=22 if spans else None)
    return fig


def frames_of(sound, *, rate: int, window: int, hop: int, first: int, count: int = 4, title: str = ""):
    """A piece of sound and the windows that are laid over it, one hop apart. sound: (S,). Returns the figure."""
    fig, ax = panels(size=(10, 3))
    piece = _array(sound)[first : first + (count - 1) * hop + window]
    top = float(np.abs(piece).max())
    ax.plot(1000 * np.arange(len(piece)) / rate, piece / top, color="#7F7F7F", linewidth=1.5)
    for number in range(count):
        at = number * hop + np.arange(window)
        ax.plot(1000 * at / rate, np.hanning(window) * 1.15, color=_CYCLE[number], linewidth=2.5)
        ax.text(
            1000 * (number * hop + window / 2) / rate, 1.2, f"frame {number + 1}", ha="center", color=_CYCLE[number]
        )
    ax.set_ylim(-1.1, 1.45)
    return _label(fig, ax, "milliseconds", "sound, window", title)


def filter_bank(bank, *, rate: int, title: str = ""):
    """The triangles of a filter bank. bank: (M, frequencies from 0 to rate / 2). Returns the figure."""
    fig, ax = panels(size=(10, 2.8))
    bank = _array(bank)
    hertz = np.linspace(0, rate / 2, bank.shape[1])
    for band, weights in enumerate(bank):
        ax.plot(hertz, weights, color=_CYCLE[band % 6], linewidth=1.5)
    return _label(fig, ax, "frequency (Hz)", "weight", title)


def spikes(probabilities, names: Sequence[str], spans: Spans = (), *, seconds: float, title: str = "", ax=None):
    """Each symbol's probability over time, the last one (the blank) in grey; where a word is really said is shaded.

    probabilities: (T, K). names: of the symbols but the last; a symbol that never reaches 0.3 has no label. Returns the figure.
    """
    fig, ax = (ax.figure, ax) if ax is not None else panels(size=(10, 3))
    p = _array(probabilities)
    at = np.linspace(0, seconds, len(p))
    ax.plot(at, p[:, -1], color="#9A9A9A", label="blank")
    for k, name in enumerate(names):
        if p[:, k].max() > 0.3:
            ax.plot(at, p[:, k], color=_DIGITS[k % 10], linewidth=2.5, label=name)
    for word, start, stop in spans:
        ax.axvspan(start, stop, color="#E69F00", alpha=0.18, linewidth=0)
        ax.text((start + stop) / 2, 1.04, word, ha="center", va="bottom", fontsize=12)
    ax.set(xlim=(0, seconds), ylim=(-0.03, 1.2 if spans else 1.05))
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return _label(fig, ax, "seconds", "probability", title)


def heard(features, rows: Mapping, names: Sequence[str], spans: Spans, *, seconds: float):
    """A spectrogram and below it the spikes of one network, or of several. rows: {title: (T, K) probabilities}. Returns the figure."""
    fig, axes = panels(1 + len(rows), 1, size=(11, 2.6), sharex=True)
    spectrogram(features, spans, seconds=seconds, ax=axes[0])
    for ax, (title, probabilities) in zip(axes[1:], rows.items(), strict=True):
        spikes(probabilities, names, spans, seconds=seconds, title=title, ax=ax)
    for ax in axes[:-1]:
        ax.set_xlabel("")
    return fig


def trellis(labels: Sequence[str], frames: int, path: Sequence[int] = (), *, title: str = "", ax=None):
    """CTC's trellis: a row for each label and each blank around it, a column for each frame, and the moves that are allowed.

    path: the row of each frame, from 0 (the first blank), drawn in colour. Returns the figure.
    """
    fig, ax = _axes(ax)
    rows = ["–"]
    for label in labels:
        rows += [label, "–"]
    S = len(rows)

    def jump(s):
        return s > 1 and rows[s] != "–" and rows[s] != rows[s - 2]

    into = [[s - k for k in range(3) if s >= k and (k < 2 or jump(s))] for s in range(S)]
    reached, alive = [{0, 1}], [{S - 1, S - 2}]
    for _ in range(frames - 1):
        reached.append({s for s in range(S) if reached[-1] & set(into[s])})
        alive.insert(0, {r for s in alive[0] for r in into[s]})
    for t in range(frames):
        for s in range(S):
            used = s in reached[t] and s in alive[t]
            for r in into[s] if used and t else ():
                if r in reached[t - 1]:
                    on = len(path) > t and (path[t - 1], path[t]) == (r, s)
                    style = {
                        "arrowstyle": "-|>",
                        "shrinkA": 12,
                        "shrinkB": 12,
                        "color": "#D55E00" if on else "#B5B5B5",
                        "linewidth": 3 if on else 1.5,
                    }
                    ax.annotate("", (t, s), (t - 1, r), arrowprops=style)
            face = "#D55E00" if len(path) > t and path[t] == s else "white"
            edge = "black" if used else "#DDDDDD"
            ax.scatter([t], [s], s=330, color=face, edgecolors=edge, linewidths=1.5, zorder=3)
            ax.text(
                t,
                s,
                rows[s],
                ha="center",
                va="center",
                color="white" if face != "white" else edge,
                fontsize=12,
                zorder=4,
            )
    ax.set(
        xlim=(-0.5, frames - 0.5),
        ylim=(S - 0.5, -0.5),
        yticks=[],
        xticks=range(frames),
        xticklabels=range(1, frames + 1),
    )
    ax.grid(False)
    ax.spines["left"].set_visible(False)
    return _label(fig, ax, "frame", "", title)
