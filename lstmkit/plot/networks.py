"""Networks as drawings: the five mappings, a network unrolled in time, boxes and arrows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lstmkit.plot.charts import panels

__all__ = ["MAPPINGS", "diagram", "grids", "mapping", "stacked", "unrolled"]

# The five mappings: the steps that have an input, the steps that have an output, and how many steps there are.
MAPPINGS = {
    "one-to-one": ((0,), (0,), 1),
    "one-to-many": ((0,), (0, 1, 2, 3), 4),
    "many-to-one": ((0, 1, 2, 3), (3,), 4),
    "many-to-many, aligned": ((0, 1, 2, 3), (0, 1, 2, 3), 4),
    "encoder-decoder": ((0, 1, 2), (3, 4, 5), 6),
}


def mapping(here: str | Sequence[str] = ()):
    """The five mappings side by side, those named in `here` in colour: where a lesson sits. Returns the figure.

    Squares are inputs x (below) and outputs y (above), circles hidden states h; time runs to the right.
    Raises ValueError for a name that is not in MAPPINGS.
    """
    here = [here] if isinstance(here, str) else list(here)
    unknown = [name for name in here if name not in MAPPINGS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no mapping; expected one of {', '.join(MAPPINGS)}")
    widths = [steps for _, _, steps in MAPPINGS.values()]
    fig, axes = panels(1, len(MAPPINGS), size=(2.4, 2.3), width_ratios=[width + 1.2 for width in widths])
    for ax, (name, (inputs, outputs, steps)) in zip(axes, MAPPINGS.items(), strict=True):
        lit = not here or name in here
        _network(ax, inputs, outputs, steps, lit)
        ax.set_title(
            name.replace(", ", ",\n"),
            fontsize=11,
            color="black" if lit else "#8A8A8A",
            fontweight="bold" if here and lit else None,
        )
    return fig


def unrolled(
    inputs: Sequence[str], outputs: Sequence[str], states: Sequence[str] = (), *, memory: bool = True, title: str = ""
):
    """A recurrent network unrolled in time. inputs, outputs: one label a step ("" for none). states: labels of the circles.

    memory: False leaves out the arrows from state to state. Returns the figure.
    """
    steps = max(len(inputs), len(outputs))
    fig, ax = panels(size=(min(11.0, 1.5 * steps + 0.8), 2.7))
    below = [t for t, label in enumerate(inputs) if label]
    above = [t for t, label in enumerate(outputs) if label]
    _network(ax, below, above, steps, True, {"x": inputs, "y": outputs, "h": states}, memory)
    ax.set_title(title, fontsize=13)
    return fig


def diagram(nodes: Mapping[str, tuple], arrows: Sequence[Sequence[str]], *, title: str = "", size=(9.0, 3.6)):
    """Boxes and arrows, for the inside of a cell. arrows: (from, to) by name. Returns the figure.

    nodes: {name: (x, y, label)} is a white circle, an operation; (x, y, label, kind) is a box: kind "x", "h" or "y" in the
    colours of `mapping`, "gate" in white.
    """
    fig, ax = panels(size=size)
    drawn = {}
    for name, (x, y, label, *kind) in nodes.items():
        colour = {"x": "#56B4E9", "h": "#E69F00", "y": "#009E73"}.get(*kind or [""], "white")
        shape = {"boxstyle": "round,pad=0.45" if kind else "circle,pad=0.25", "facecolor": colour, "linewidth": 1.5}
        drawn[name] = ax.text(x, y, label, ha="center", va="center", fontsize=13, bbox=shape)
    for start, end in arrows:
        ends = {
            "patchA": drawn[start].get_bbox_patch(),
            "patchB": drawn[end].get_bbox_patch(),
            "shrinkA": 1,
            "shrinkB": 2,
        }
        ax.annotate("", nodes[end][:2], nodes[start][:2], arrowprops={"arrowstyle": "-|>", "linewidth": 1.5} | ends)
    xs, ys = zip(*(node[:2] for node in nodes.values()), strict=True)
    ax.set(xlim=(min(xs) - 0.5, max(xs) + 0.5), ylim=(min(ys) - 0.5, max(ys) + 0.5))
    ax.axis("off")
    ax.set_title(title, loc="left")
    return fig


def grids(tables: Mapping, *, x: str = "", y: str = "", rows: Sequence[str] = (), title: str = "", height: float = 3.3):
    """Small tables side by side, a field filled where its number is not zero; row and column 1 at the upper left.

    tables: {title: (rows, columns)}, all drawn to one scale. rows: a label for each row. Returns the figure.
    """
    from matplotlib.colors import ListedColormap

    fig, axes = panels(1, len(tables), size=(min(3.6, 12 / len(tables)), height), squeeze=False)
    high, wide = max(len(table) for table in tables.values()), max(len(table[0]) for table in tables.values())
    for ax, (name, table) in zip(axes[0], tables.items(), strict=True):
        filled = [[float(value != 0) for value in row] for row in table]
        lines = {"edgecolors": "white", "linewidth": 2 if wide < 12 else 0.5}
        ax.pcolormesh(filled, cmap=ListedColormap(["#EBEBEB", "#0072B2"]), vmin=0, vmax=1, **lines)
        ax.set(xlim=(0, wide), ylim=(high, 0), aspect="equal", xlabel=x, yticks=[])
        at = range(wide) if wide < 12 else range(0, wide, 10)
        ax.set_xticks([t + 0.5 for t in at], [str(t + 1) for t in at])
        ax.set_title(name.replace(", ", ",\n"), fontsize=12)
        ax.grid(False)
    axes[0, 0].set_ylabel(y)
    axes[0, 0].set_yticks([row + 0.5 for row in range(len(rows))], rows)
    fig.suptitle(title, fontsize=13)
    return fig


def stacked(layers: int = 2, steps: int = 6, marks: Mapping[tuple[int, int], str] | None = None, *, title: str = ""):
    """A bidirectional stack: two rows of states in each layer, one for each direction, inputs below. Returns the figure.

    marks: {(row, step): word} writes a word into a state and gives it the word's colour; row 0 is layer 0 forward,
    row 1 layer 0 backward, and so on; the first step is 0.
    """
    from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

    marks = {at: word for at, word in (marks or {}).items() if word}
    tones = dict(zip(dict.fromkeys(marks.values()), ["#56B4E9", "#E69F00", "#009E73", "#CC79A7"], strict=False))
    fig, ax = panels(size=(9.5, 1.1 + 2.1 * layers))
    arrow = {"arrowstyle": "-|>", "linewidth": 1.5}
    for t in range(steps):
        ax.add_patch(Rectangle((t - 0.2, -1.25), 0.4, 0.4, facecolor="#56B4E9", edgecolor="black", linewidth=1.5))
        ax.text(t, -1.05, f"$x_{t + 1}$", ha="center", va="center")
        for layer in range(layers):
            low = 2.6 * layer
            ax.annotate("", (t, low - 0.42), (t, low - (0.85 if not layer else 1.2)), arrowprops=arrow)
            shape = FancyBboxPatch(
                (t - 0.3, low - 0.3), 0.6, 1.6, boxstyle="round,pad=0.08", fc="#F2F2F2", ec="#BDBDBD"
            )
            ax.add_patch(shape)
            for way in range(2):
                word = marks.get((2 * layer + way, t), "")
                ax.add_patch(Circle((t, low + way), 0.3, facecolor=tones.get(word, "white"), edgecolor="black", lw=1.5))
                ax.text(t, low + way, word, ha="center", va="center", fontsize=11)
                if t:
                    ends = ((t - 0.3, low + way), (t - 0.7, low + way))
                    ax.annotate("", *(ends if not way else ends[::-1]), arrowprops=arrow)
    names = [f"layer {layer} {way}" for layer in range(layers) for way in "→←"]
    ax.set_yticks([2.6 * layer + way for layer in range(layers) for way in range(2)], names)
    ax.set(xlim=(-0.6, steps - 0.4), ylim=(-1.4, 2.6 * layers - 1), xticks=[], title=title)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return fig


def _network(ax, inputs, outputs, steps: int, lit: bool, labels=None, memory: bool = True) -> None:
    from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

    colours = {"x": "#56B4E9", "h": "#E69F00", "y": "#009E73"} if lit else dict.fromkeys("xhy", "#D9D9D9")
    arrow = "black" if lit else "#BDBDBD"

    def box(t: int, level: float, kind: str) -> None:
        shape = Circle((t, level), 0.3) if kind == "h" else Rectangle((t - 0.27, level - 0.27), 0.54, 0.54)
        shape.set(facecolor=colours[kind], edgecolor=arrow, linewidth=1.5)
        ax.add_patch(shape)
        if labels and t < len(labels[kind]):
            ax.text(t, level, labels[kind][t], ha="center", va="center", fontsize=12)

    def point(start: tuple[float, float], end: tuple[float, float]) -> None:
        ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=11, linewidth=1.5, color=arrow))

    for t in range(steps):
        box(t, 1, "h")
        if t and memory:
            point((t - 0.7, 1), (t - 0.3, 1))
        if t in inputs:
            box(t, 0, "x")
            point((t, 0.27), (t, 0.7))
        if t in outputs:
            box(t, 2, "y")
            point((t, 1.3), (t, 1.73))
    ax.set(xlim=(-0.6, steps - 0.4), ylim=(-0.4, 2.4), aspect="equal")
    ax.axis("off")
