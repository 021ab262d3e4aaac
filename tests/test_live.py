"""The live figure: sliders in a notebook that a person runs, the still figure everywhere else. With real kernels."""

from __future__ import annotations

import os
import subprocess
import sys
from queue import Empty

import pytest
from jupyter_client.manager import start_new_kernel

from lstmkit import plot

VIEW = "application/vnd.jupyter.widget-view+json"
CELL = """
import warnings; warnings.filterwarnings("error")
from matplotlib import pyplot
from lstmkit import plot
def draw(height, kind):
    asked.append((height, kind))
    return plot.series([0.0, height], title=kind)
asked = []
plot.live(draw, height=(0.0, 2.0, 1.0), kind=["a", "b"])
"""


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel(
        env={**os.environ, "MPLBACKEND": "Agg"},
        extra_arguments=["--HistoryManager.enabled=False"],
    )
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client, code: str, somebody: bool = True) -> list[dict]:
    """The messages of a cell; somebody: as JupyterLab sends it, else as nbclient and nbval do."""
    return until_idle(client, client.execute(code, allow_stdin=somebody))


def until_idle(client, sent: str) -> list[dict]:
    messages = []
    while True:
        try:
            message = client.get_iopub_msg(timeout=60)
        except Empty:
            raise AssertionError(f"no answer; so far {[m['msg_type'] for m in messages]}") from None
        if message["parent_header"].get("msg_id") == sent:
            messages.append(message)
            assert message["msg_type"] != "error", "\n".join(message["content"]["traceback"])
            if message["content"].get("execution_state") == "idle":
                return messages


def of(messages: list[dict], kind: str) -> list[dict]:
    return [message["content"] for message in messages if message["msg_type"] == kind]


def value(client, expression: str):
    sent = client.execute("", user_expressions={"it": expression})
    until_idle(client, sent)
    reply = client.get_shell_msg(timeout=60)
    while reply["parent_header"]["msg_id"] != sent:
        reply = client.get_shell_msg(timeout=60)
    return eval(reply["content"]["user_expressions"]["it"]["data"]["text/plain"])


def move(client, comm: str, state: dict) -> list[dict]:
    """What a front end sends when a control is moved, and what comes back."""
    data = {"method": "update", "state": state, "buffer_paths": []}
    message = client.session.msg("comm_msg", {"comm_id": comm, "data": data})
    client.shell_channel.send(message)
    return until_idle(client, message["header"]["msg_id"])


def test_a_moved_control_draws_again(kernel):
    shown = run(kernel, CELL)
    picture, controls = of(shown, "display_data")
    assert "image/png" in picture["data"] and VIEW not in picture["data"], "an ordinary picture: it stays in the file"
    assert VIEW in controls["data"] and "Run this cell" in controls["data"]["text/plain"]
    opened = of(shown, "comm_open")
    models = {state["_model_name"]: (one["comm_id"], state) for one in opened if (state := one["data"]["state"])}
    comm, slider = models["FloatSliderModel"]
    assert (slider["min"], slider["max"], slider["value"], slider["description"]) == (0, 2, 1, "height")
    first = picture["data"]["image/png"]
    for state, height in (({"value": 0.5}, 0.5), ({"value": 1.0}, 1.0)):
        (update,) = of(move(kernel, comm, state), "update_display_data")
        assert update["transient"]["display_id"] == picture["transient"]["display_id"]
        assert (update["data"]["image/png"] == first) == (height == 1.0), (
            "another picture; the same for the same values"
        )
    (update,) = of(move(kernel, models["ToggleButtonsModel"][0], {"index": 1}), "update_display_data")
    assert value(kernel, "asked") == [(1.0, "a"), (0.5, "a"), (1.0, "a"), (1.0, "b")]
    assert value(kernel, "pyplot.get_fignums()") == [], "no figure is left open"


def test_where_nobody_listens_the_cell_shows_the_still_figure_alone(kernel):
    run(kernel, "%matplotlib inline")
    shown = run(kernel, CELL, somebody=False)
    assert not of(shown, "comm_open") and not of(shown, "display_data")
    (result,) = of(shown, "execute_result")
    assert "image/png" in result["data"] and VIEW not in result["data"]
    assert value(kernel, "asked") == [(1.0, "a")]


def test_without_ipywidgets_too(kernel):
    hide = "import sys; kept = {n: sys.modules.pop(n) for n in list(sys.modules) if n.split('.')[0] == 'ipywidgets'}; sys.modules['ipywidgets'] = None"
    run(kernel, hide)
    shown = run(kernel, CELL)
    run(kernel, "del sys.modules['ipywidgets']; sys.modules.update(kept)")
    assert not of(shown, "comm_open") and "image/png" in of(shown, "execute_result")[0]["data"]


def test_outside_a_notebook_it_returns_the_figure():
    code = CELL.replace("plot.live(", "figure = plot.live(") + "print(asked, figure.axes[0].get_title(loc='left'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[(1.0, 'a')] a", done.stderr


def test_a_wrong_call_is_told():
    with pytest.raises(ValueError, match=r"gain=\(0, 1, 2\): expected \(low, high, start\)"):
        plot.live(lambda gain: plot.series([gain]), gain=(0, 1, 2))
    with pytest.raises(TypeError, match="returned None: expected a figure"):
        plot.live(lambda gain: None, gain=(0, 1, 1))


def test_a_figure_is_a_picture_with_another_backend_too(kernel):
    """With MPLBACKEND set, as on many servers, figures vanished without a word."""
    results = of(
        run(kernel, 'from lstmkit import plot\nplot.bars({"a": 1.0}, title="t")', somebody=False), "execute_result"
    )
    assert results and "image/png" in results[0]["data"]


def test_a_slider_of_whole_numbers_stays_whole():
    from lstmkit.plot.live import _control

    whole, fine = _control("most_likely", (1, 81, 81)), _control("temperature", (0.1, 2.1, 1))
    assert (whole.step, whole.value, whole.description) == (1, 81, "most likely")
    assert isinstance(whole.value, int) and abs(fine.step - 0.02) < 1e-9
