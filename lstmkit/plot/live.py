"""A figure that is drawn again when a control is moved: sliders where somebody is there to move them, else the still figure.

The figure and its controls are two outputs of a cell. The figure is a picture like any other, and stays in the file as it was last drawn.
The controls (ipywidgets) live as long as the kernel; whoever cannot show them shows a line of text in their place.
"""

from __future__ import annotations

import gc
from base64 import b64encode
from io import BytesIO

from lstmkit import need

__all__ = ["live"]


def live(draw, **controls):
    """A figure with controls: `live(draw, gain=(0.5, 2.0, 1.0), kind=["a", "b"])` shows `draw(gain=1.0, kind="a")`; what is moved is drawn again.

    draw: a function of the controls' values that returns a figure. It is to be quick (all in all 0.2 s), to train nothing, and to draw the same
    at the same values: what is random is made before, or drawn from `generator(n)`. controls: (low, high, start) for a slider, in whole steps if
    all three are whole, else in a hundred; or a list of choices, the first of which is the start. Put the call last in a cell.

    Where nobody can move anything (a build, a test, no ipywidgets, no notebook) it returns the figure at the start values, and that is all. Raises
    TypeError if draw returns no figure, ValueError for a start that is not between low and high.
    """
    for name, given in controls.items():
        if not isinstance(given, list) and not given[0] <= given[2] <= given[1]:
            raise ValueError(
                f"{name}={given}: expected (low, high, start) with low ≤ start ≤ high, or a list of choices"
            )
    figure = draw(**{name: given[0] if isinstance(given, list) else given[2] for name, given in controls.items()})
    if not hasattr(figure, "savefig"):
        raise TypeError(f"{draw.__name__} returned {figure!r}: expected a figure")
    if not _somebody_there():
        return figure
    from IPython.display import display

    moved = {name: _control(name, given) for name, given in controls.items()}
    picture = display(_picture(figure), raw=True, display_id=True)
    places = [ax.get_position() for ax in figure.axes]

    def again(_):
        gc.disable()  # a figure is a thousand small things: cleared away at once, they never add up to a pause
        try:
            picture.update(_picture(draw(**{name: control.value for name, control in moved.items()}), places), raw=True)
        finally:
            gc.enable()
        gc.collect(0)

    for control in moved.values():
        control.observe(again, "value")
    box = need(__package__, "ipywidgets").VBox(list(moved.values()))
    display({**box._repr_mimebundle_(), "text/plain": "Run this cell, and its sliders stand here."}, raw=True)


def _somebody_there() -> bool:
    """Whether the cell that runs was sent by a front end with a person before it, one that would answer `input()`: builds and tests say no."""
    try:
        import ipywidgets  # noqa: F401
        from IPython import get_ipython
    except ImportError:
        return False
    kernel = getattr(get_ipython(), "kernel", None)
    return kernel is not None and bool(kernel.get_parent().get("content", {}).get("allow_stdin"))


def _control(name: str, given):
    widgets = need(__package__, "ipywidgets")
    look = {"description": name.replace("_", " "), "style": {"description_width": "9em"}}
    if isinstance(given, list):
        return widgets.ToggleButtons(options=given, **look)
    low, high, start = given
    whole = all(isinstance(number, int) for number in given)
    slider, step = (widgets.IntSlider, 1) if whole else (widgets.FloatSlider, (high - low) / 100)
    return slider(value=start, min=low, max=high, step=step, layout={"width": "32em"}, **look)


def _picture(figure, places=()) -> dict[str, str]:
    """A figure as a notebook's output, whatever the backend. places: where its panels are; without them the layout is found, in twice the time."""
    agg = need(__package__, "matplotlib.backends.backend_agg")
    if len(places) == len(figure.axes):
        figure.set_layout_engine("none")
        for ax, place in zip(figure.axes, places, strict=True):
            ax.set_position(place)
    file = BytesIO()
    agg.FigureCanvasAgg(figure).print_png(file)
    need(__package__, "matplotlib.pyplot").close(figure)
    return {"image/png": b64encode(file.getvalue()).decode(), "text/plain": "a figure"}
