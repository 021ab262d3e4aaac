"""Tunes, drawn as notes; and the ways for a condition into a network that writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lstmkit.plot.charts import _CYCLE, panels
from lstmkit.plot.seq2seq import _BLUE, _GREEN, _ORANGE, _YELLOW, _boxes

__all__ = ["condition_wirings", "pianoroll"]

_NAMES = {0: "C", 4: "E", 7: "G"}


def pianoroll(tunes: Mapping[str, tuple[Sequence, Sequence[float], int]], *, unit: str = "units"):
    """Tunes one above the other: a bar for each note, its height the pitch, its width the length. Returns the figure.

    tunes: {title: (notes, where the bar lines stand, the tonic)}; a note is (start, length, number on the keyboard, or None for a rest); the tonic is a
    number from 0 (C) to 11 (B), and its notes are drawn in another colour. unit: what a length of 1 is.
    """
    fig, axes = panels(len(tunes), 1, size=(11, 2.5), squeeze=False)
    for ax, (title, (notes, lines, tonic)) in zip(axes.flat, tunes.items(), strict=True):
        heard = [note for note in notes if note[2] is not None]
        for start, length, midi in heard:
            colour = _CYCLE[1] if midi % 12 == tonic else _CYCLE[0]
            ax.barh(midi, length - 0.12, left=start + 0.06, height=0.85, color=colour)
        for at in lines:
            ax.axvline(at, color="black", linewidth=1.5, alpha=0.5)
        low, high = min((note[2] for note in heard), default=60), max((note[2] for note in heard), default=72)
        white = [midi for midi in range(low, high + 1) if midi % 12 in _NAMES]
        ax.set_yticks(white, [f"{_NAMES[midi % 12]}{midi // 12 - 1}" for midi in white])
        ax.set_ylim(low - 1, high + 1)
        ax.set(xlim=(0, max((note[0] + note[1] for note in notes), default=1)), ylabel="pitch")
        ax.grid(False, axis="x")
        ax.set_title(title, loc="left")
    axes.flat[0].bar(0, 0, color=_CYCLE[1], label="the tonic")
    fig.legend(loc="outside upper right")
    axes.flat[-1].set_xlabel(f"time ({unit})")
    return fig


def condition_wirings(steps: int = 3):
    """Three ways for one condition z into a network that reads what it has written. Returns the figure."""
    fig, axes = panels(1, 3, size=(4, 2.8))
    for ax, name in zip(axes, ("initial state", "first step", "every step"), strict=True):
        every, nodes, arrows = name == "every step", {}, []
        nodes["h0"] = (
            (-1.5, 1, "$z$", _BLUE, "square") if name == "initial state" else (-1.5, 1, "0", "white", "circle")
        )
        for t in range(steps):
            word, colour = ("<start>", _YELLOW) if t == 0 else (f"$w_{t}$", _YELLOW)
            if t == 0 and name == "first step":
                word, colour = "$z$", _BLUE
            nodes[f"w{t}"] = (1.7 * t - 0.35 * every, 0, word, colour, "square")
            nodes[f"h{t + 1}"] = (1.7 * t, 1, f"$h_{t + 1}$", _ORANGE, "circle")
            nodes[f"out{t}"] = (1.7 * t, 2, f"$w_{t + 1}$", _GREEN, "square")
            arrows += [(f"h{t}", f"h{t + 1}", "-"), (f"w{t}", f"h{t + 1}", "-"), (f"h{t + 1}", f"out{t}", "-")]
            if every:
                nodes[f"z{t}"] = (1.7 * t + 0.5, 0, "$z$", _BLUE, "square")
                arrows.append((f"z{t}", f"h{t + 1}", "-"))
            if t:
                arrows.append((f"out{t - 1}", f"w{t}", "--"))
        _boxes(ax, nodes, arrows, fontsize=11)
        ax.set_title(name, loc="left")
    return fig
