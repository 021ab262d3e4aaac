"""Sequence to sequence as drawings: wirings, the beam as a tree, attention, teacher forcing."""

from __future__ import annotations

from collections.abc import Sequence

from lstmkit.plot.charts import _array, _label, heatmap, panels

__all__ = []

# ------------------------------------------------------------------------------------------------ one picture, many words

_BLUE, _ORANGE, _GREEN, _YELLOW, _GREY = "#56B4E9", "#E69F00", "#009E73", "#F0E442", "#BDBDBD"
_PINK = "#CC79A7"


def _boxes(ax, nodes, arrows, *, fontsize: int = 12) -> None:
    """nodes: {name: (x, y, label, colour, round or square)}. arrows: (from, to, solid or dashed)."""
    drawn = {}
    for name, (x, y, label, colour, shape) in nodes.items():
        look = {"boxstyle": f"{shape},pad=0.3", "facecolor": colour, "linewidth": 1.5}
        drawn[name] = ax.text(x, y, label, ha="center", va="center", fontsize=fontsize, bbox=look)
    for start, end, style in arrows:
        ends = {"patchA": drawn[start].get_bbox_patch(), "patchB": drawn[end].get_bbox_patch()}
        look = {"arrowstyle": "-|>", "linewidth": 1.8, "linestyle": style, "shrinkA": 2, "shrinkB": 3} | ends
        ax.annotate("", nodes[end][:2], nodes[start][:2], arrowprops=look)
    xs, ys = [node[0] for node in nodes.values()], [node[1] for node in nodes.values()]
    ax.set(xlim=(min(xs) - 0.7, max(xs) + 0.7), ylim=(min(ys) - 0.45, max(ys) + 0.45))
    ax.axis("off")


def captioner(read, written, *, fed_back: bool = False, title: str = ""):
    """A picture becomes the first state; then a word in and a word out at each step.

    read: the word below each step. written: the word above. fed_back: dashed arrows from each word written to the next
    one read. Returns the figure.
    """
    fig, ax = panels(size=(10.5, 3.2))
    nodes = {"picture": (-3, 1, "picture", "white", "square"), "CNN": (-1.7, 1, "CNN", _BLUE, "square")}
    nodes["h0"] = (-0.6, 1, "$h_0, c_0$", _ORANGE, "round")
    arrows = [("picture", "CNN", "-"), ("CNN", "h0", "-")]
    for t, (below, above) in enumerate(zip(read, written, strict=True), 1):
        nodes[f"h{t}"] = (1.5 * t - 0.6, 1, f"$h_{t}$", _ORANGE, "circle")
        nodes[f"in{t}"] = (1.5 * t - 0.6, 0, below, _YELLOW, "square")
        nodes[f"out{t}"] = (1.5 * t - 0.6, 2, above, _GREEN, "square")
        arrows += [(f"h{t - 1}", f"h{t}", "-"), (f"in{t}", f"h{t}", "-"), (f"h{t}", f"out{t}", "-")]
        if fed_back and t > 1:
            arrows.append((f"out{t - 1}", f"in{t}", "--"))
    _boxes(ax, nodes, arrows)
    ax.set_title(title, loc="left")
    return fig


def wirings(steps: int = 4):
    """Four ways for one vector v into a recurrent network; below each step its two slots, for v and for a word. Returns the figure."""
    fig, axes = panels(2, 2, size=(6, 2.3))
    names = ("initial state", "first step", "every step", "fed-back outputs")
    for ax, name in zip(axes.flat, names, strict=True):
        nodes, arrows, reads = {"h0": (-1.6, 1, "0", "white", "circle")}, [], name == "fed-back outputs"
        if name == "initial state":
            nodes = {"h0": (-1.6, 1, "$v$", _BLUE, "square")}
        for t in range(steps):
            sees = name == "every step" or (t == 0 and name != "initial state")
            nodes[f"v{t}"] = (2 * t - 0.35, 0, "$v$" if sees else "0", _BLUE if sees else "white", "square")
            word = ("<start>" if t == 0 else f"$w_{t}$") if reads else "0"
            nodes[f"w{t}"] = (
                2 * t + (0.6 if t == 0 and reads else 0.35),
                0,
                word,
                _YELLOW if reads else "white",
                "square",
            )
            nodes[f"h{t + 1}"] = (2 * t, 1, f"$h_{t + 1}$", _ORANGE, "circle")
            nodes[f"out{t}"] = (2 * t, 2, f"$w_{t + 1}$", _GREEN, "square")
            arrows += [(f"h{t}", f"h{t + 1}", "-"), (f"h{t + 1}", f"out{t}", "-")]
            arrows += [(f"v{t}", f"h{t + 1}", "-")] * sees + [(f"w{t}", f"h{t + 1}", "-")] * reads
            arrows += [(f"out{t - 1}", f"w{t}", "--")] * (reads and t > 0)
        _boxes(ax, nodes, arrows, fontsize=11)
        ax.set_title(name, loc="left")
    return fig


__all__ += ["captioner", "wirings"]


# ------------------------------------------------------------------------------------------------ the beam as a tree


def beam_tree(nodes, kept=(), *, notes=None, picture=None, title: str = "", size: tuple[float, float] | None = None):
    """Beginnings of sentences as a tree: a box for each word, after <start>; time runs to the right. Returns the figure.

    nodes: {beginning, a tuple of words: probability of its last word}; the beginnings of each are there as well.
    kept: the beginnings in colour; the others are grey. notes: {beginning: what stands behind its box}. picture: shown at the left.
    """
    paths = sorted(nodes)
    leaves = [path for path in paths if not any(other[:-1] == path for other in paths)]
    high = {path: -float(leaves.index(path)) for path in leaves}
    for path in sorted([(), *paths], key=len, reverse=True):
        below = [high[other] for other in paths if other[:-1] == path and len(other) == len(path) + 1]
        high.setdefault(path, sum(below) / max(1, len(below)))
    deep = max(map(len, paths))
    fig, ax = panels(size=size or (2.3 * deep + 2.8, 0.62 * len(leaves) + 0.7))
    for path in [(), *paths]:
        lit = path in kept or not path
        look = {"boxstyle": "round,pad=0.3", "linewidth": 1.5, "edgecolor": "black" if lit else _GREY}
        look["facecolor"] = "white" if not lit else _YELLOW if not path else _GREEN
        text = path[-1] if path else "<start>"
        at = (len(path), high[path])
        ax.text(
            *at, text, ha="center", va="center", fontsize=12, bbox=look, color="black" if lit else "#6E6E6E", zorder=3
        )
        if path:
            ax.plot(
                [at[0] - 1, at[0]], [high[path[:-1]], at[1]], color="black" if lit else _GREY, linewidth=2, zorder=1
            )
            middle = (at[0] - 0.42, high[path[:-1]] + 0.58 * (at[1] - high[path[:-1]]))
            pale = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none"}
            ax.text(*middle, f"{float(nodes[path]):.2f}", ha="center", va="center", fontsize=11, bbox=pale, zorder=2)
        if notes and path in notes:
            ax.text(at[0] + 0.35, at[1], notes[path], ha="left", va="center", fontsize=12)
    if picture is not None:
        inset = ax.inset_axes((-1.5, (min(high.values()) + 0.0) / 2 - 0.8, 0.9, 1.6), transform=ax.transData)
        inset.imshow(picture, cmap="Greys")
        inset.axis("off")
    ax.set(xlim=(-0.5 if picture is None else -1.5, deep + (1.3 if notes else 0.5)), ylim=(-len(leaves) + 0.4, 0.6))
    ax.axis("off")
    ax.set_title(title, loc="left")
    return fig


__all__ += ["beam_tree"]


# ---- lesson 20 --------------------------------------------------------------------------------------------------------

__all__ += ["alignment", "attention"]

_MEMORY, _QUERY, _CONTEXT = "#E69F00", "#56B4E9", "#009E73"


def attention(words: Sequence[str], scores: Sequence[float], writing: str = "", *, numbers: bool = True):
    """One look back, from bottom to top: words, memory, scores against the query, softmax, context. Returns the figure.

    scores: one for each word. writing: what the decoder is about to write. numbers: write scores and weights into the boxes.
    """
    import numpy as np

    fig, ax = panels(size=(11, 6.2))
    weights = np.exp(np.asarray(scores, dtype=float))
    weights, end, step = weights / weights.sum(), len(words) - 1, 2.0
    middle = end * step / 2
    _boxed(ax, (-2.6, 2.6), f"query $q_t$\nabout to write\n{writing}".rstrip(), _QUERY)
    _boxed(ax, (middle, 6.2), "context $\\bar{m}_t$: the mean of the values under the weights", "#CFEFE4")
    for s, (word, score, weight) in enumerate(zip(words, scores, weights, strict=True)):
        x, name = s * step, f"{{{s + 1}}}"
        _boxed(ax, (x, 0), word, "white")
        _boxed(ax, (x, 1.15), f"$m_{name}$", _MEMORY, "circle,pad=0.25")
        _boxed(ax, (x, 2.6), f"{score:g}" if numbers else f"$e_{name}$", "white")
        ax.bar(x, 0.9 * weight, 0.8, bottom=3.75, color=_QUERY, edgecolor="black")
        ax.text(x, 3.5, f"{weight:.2f}" if numbers else f"$\\alpha_{name}$", ha="center", va="center", fontsize=12)
        _point(ax, (x, 0.3), (x, 0.8))
        _point(ax, (x, 1.5), (x, 2.3), text="key" if s == 0 else "")
        _point(ax, (x, 2.9), (x, 3.3))
        ax.plot([x + 0.35, x + 0.75, x + 0.75], [1.15, 1.15, 4.8], color=_CONTEXT, linewidth=1.5)
        _point(ax, (x + 0.75, 4.8), (middle + (x - middle) * 0.6, 5.9), 1 + 7 * weight, _CONTEXT)
        if s < end:
            _point(ax, (x + 0.37, 1.3), (x + step - 0.37, 1.3))
    ax.text(0.85, 2.0, "value", color=_CONTEXT, va="center", fontsize=12)
    ax.plot([-1.4, end * step - 0.3], [2.6, 2.6], color=_QUERY, linewidth=4, zorder=0)
    rows = {
        "memory: all states of the encoder": 1.15,
        "scores: each key\nagainst the query": 2.6,
        "softmax: weights,\nsum 1": 3.75,
    }
    for label, y in rows.items():
        ax.text(end * step + 1.2, y, label, va="center", fontsize=12)
    ax.set(xlim=(-4, end * step + 4), ylim=(-0.4, 6.6))
    ax.axis("off")
    return fig


def alignment(
    weights, words: Sequence[str], letters: Sequence[str], starts: Sequence[int] = (), *, title: str = "", ax=None
):
    """Where each letter looked. weights: (T_y, T_x). starts: letters with a dotted line before them. Returns the figure."""
    ax = ax or panels(size=(12, 1.4 + 0.3 * len(words)))[1]
    labels = {"x": "written", "y": "read", "scale": "weight", "xticks": letters, "yticks": words, "title": title}
    fig = heatmap(_array(weights)[: len(letters), : len(words)].T, signed=False, limit=1.0, ax=ax, **labels)
    for t in starts:
        ax.axvline(t - 0.5, color="black", linestyle=":", linewidth=1.5)
    return fig


def _boxed(ax, at: tuple[float, float], label: str, colour: str, shape: str = "round,pad=0.35") -> None:
    look = {"boxstyle": shape, "facecolor": colour, "edgecolor": "black", "linewidth": 1.5}
    ax.text(*at, label, ha="center", va="center", fontsize=12, bbox=look, zorder=3)


def _point(ax, start, end, width: float = 1.5, colour: str = "black", text: str = "") -> None:
    look = {"arrowstyle": "-|>", "linewidth": width, "color": colour, "mutation_scale": 10 + 2 * width, "shrinkA": 0}
    ax.annotate("", end, start, arrowprops=look)
    ax.text(start[0] - 0.1, (start[1] + end[1]) / 2, text, ha="right", va="center", fontsize=12)


# ------------------------------------------------------------------------------------------------ reading first, then writing


def translator(words, letters, *, fed_back: bool = False, reminded: bool = False, title: str = ""):
    """An encoder reads words; a decoder starts from the message, the encoder's last state, and writes letters. Returns the figure.

    Below the decoder stands what it is fed: <start>, then the letter before. fed_back: dashed arrows from each letter written
    to the next one read. reminded: the message is fed at every step as well.
    """
    fig, ax = panels(size=(12, 3.2))
    nodes, arrows = {"h0": (0.3, 1, "0", "white", "circle")}, []
    for s, word in enumerate(words, 1):
        nodes[f"h{s}"] = (1.4 * s, 1, f"$h_{s}$", _BLUE, "circle")
        nodes[f"x{s}"] = (1.4 * s, 0, word, _YELLOW, "square")
        arrows += [(f"h{s - 1}", f"h{s}", "-"), (f"x{s}", f"h{s}", "-")]
    start = 1.4 * len(words) + 1.6
    nodes["s0"] = (start, 1, "message", _PINK, "square")
    arrows.append((f"h{len(words)}", "s0", "-"))
    fed = ["<start>", *letters]
    for t, letter in enumerate(letters, 1):
        x = start + 1.5 * t - 0.1
        nodes[f"s{t}"] = (x, 1, f"$s_{t}$", _ORANGE, "circle")
        nodes[f"y{t - 1}"] = (x, 0, fed[t - 1], _YELLOW, "square")
        nodes[f"o{t}"] = (x, 2, letter, _GREEN, "square")
        arrows += [(f"s{t - 1}", f"s{t}", "-"), (f"y{t - 1}", f"s{t}", "-"), (f"s{t}", f"o{t}", "-")]
        arrows += [(f"o{t - 1}", f"y{t - 1}", "--")] * (fed_back and t > 1)
        if reminded:
            nodes[f"m{t}"] = (x - 0.7, 0.45, "m", _PINK, "square")
            arrows.append((f"m{t}", f"s{t}", "-"))
    _boxes(ax, nodes, arrows)
    ax.set_title(title, loc="left")
    return fig


def shares(values, *, x: str = "", y: str = "", xticks=(), yticks=(), title: str = "", ax=None):
    """A table of shares between 0 and 1 as colours with the numbers written in. values: (rows, columns). Returns the figure."""
    ax = ax or panels(size=(7.2, 1.2 + 0.5 * len(values)))[1]
    ax.imshow(_array(values), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    ax.set_xticks(range(len(xticks)), xticks)
    ax.set_yticks(range(len(yticks)), yticks)
    ax.grid(False)
    for row, line in enumerate(_array(values)):
        for column, value in enumerate(line):
            ink = "white" if value > 0.6 else "black"
            ax.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=12, color=ink)
    return _label(ax.figure, ax, x, y, title)


__all__ += ["shares", "translator"]
