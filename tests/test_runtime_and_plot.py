"""Switches and seeds; figures are drawn, once, with their labels."""

from __future__ import annotations

import random
import subprocess
import sys

import numpy as np
import pytest
import torch

import lstmkit
from lstmkit import plot, runtime


def draw() -> tuple[float, float, float]:
    return random.random(), float(np.random.rand()), float(torch.rand(1))  # noqa: NPY002


def test_a_seed_repeats_and_the_offset_shifts_it(monkeypatch):
    runtime.seed(3)
    first = draw()
    runtime.seed(3)
    assert draw() == first
    monkeypatch.setenv("LSTMKIT_SEED_OFFSET", "2")
    runtime.seed(3)
    shifted = draw()
    monkeypatch.setenv("LSTMKIT_SEED_OFFSET", "0")
    runtime.seed(5)
    assert draw() == shifted != first


def test_a_generator_disturbs_nothing():
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    torch.rand(3, generator=runtime.generator(7))
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("value", ["x", "1.5"])
def test_a_bad_offset_is_named(monkeypatch, value):
    monkeypatch.setenv("LSTMKIT_SEED_OFFSET", value)
    with pytest.raises(ValueError, match="LSTMKIT_SEED_OFFSET='.*': expected an integer"):
        runtime.seed(0)


def test_seeds_are_integers_numpy_s_too():
    for call in (runtime.seed, runtime.generator):
        for bad in ("0", 1.0, True, None):
            with pytest.raises(TypeError, match=f"{call.__name__}\\({bad!r}\\): expected an integer"):
                call(bad)
        call(torch.tensor(3))
    assert runtime.generator(np.int64(3)).initial_seed() == runtime.generator(3).initial_seed()


def test_device(monkeypatch):
    monkeypatch.setenv("LSTMKIT_DEVICE", "cpu")
    assert runtime.device() == torch.device("cpu")
    monkeypatch.setenv("LSTMKIT_DEVICE", "toaster")
    with pytest.raises(ValueError, match="expected cpu, cuda or mps"):
        runtime.device()
    monkeypatch.setenv("LSTMKIT_DEVICE", "cuda:99")
    with pytest.raises(ValueError, match="no such device"):
        runtime.device()
    monkeypatch.delenv("LSTMKIT_DEVICE")
    assert runtime.device().type in ("cpu", "cuda")
    assert torch.__version__ in runtime.describe()


@pytest.fixture
def gpu(monkeypatch):
    """A machine that has a GPU, as torch says, and a function that sets what becomes of a computation on it."""

    def outcome(trouble: str) -> None:
        monkeypatch.setattr(runtime, "_trouble", lambda name: "" if name == "cpu" else trouble)

    monkeypatch.delenv("LSTMKIT_DEVICE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    runtime._default.cache_clear()
    yield outcome
    runtime._default.cache_clear()


def test_a_gpu_that_computes_is_taken(gpu):
    gpu("")
    assert runtime.device() == torch.device("cuda")


def test_a_gpu_without_kernels_is_left_alone_with_one_warning(gpu, monkeypatch):
    gpu("CUDA error: no kernel image is available for execution on the device")
    with pytest.warns(UserWarning, match="GPU does not compute .*no kernel image.*going on with the CPU") as told:
        assert runtime.device() == runtime.device() == torch.device("cpu")
    assert len(told) == 1 and told[0].filename == __file__
    monkeypatch.setenv("LSTMKIT_DEVICE", "cuda")
    with pytest.raises(ValueError, match="LSTMKIT_DEVICE='cuda' is there but does not compute .*no kernel"):
        runtime.device()


def test_a_device_is_tried_and_leaves_the_seed_alone():
    runtime._trouble.cache_clear()
    state = torch.get_rng_state()
    with torch.inference_mode():
        assert runtime._trouble("cpu") == ""
    assert runtime._trouble("meta")  # holds no numbers: no device to compute on
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a CUDA device")
def test_a_torch_without_cuda_does_not_compute_there():
    runtime._trouble.cache_clear()
    assert runtime._trouble("cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_this_machine_s_gpu_computes():
    runtime._trouble.cache_clear()
    assert runtime._trouble("cuda") == ""


def test_lazy_names_exist():
    for name in lstmkit.__all__:
        assert getattr(lstmkit, name) is not None
    with pytest.raises(AttributeError, match="lstmkit has no 'lsmt'"):
        lstmkit.lsmt  # noqa: B018


def test_importing_lstmkit_loads_nothing_heavy():
    code = "import torch, sys; before = set(sys.modules); import lstmkit; print(len(set(sys.modules) - before), 'matplotlib' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert int(out[0]) < 20 and out[1] == "False"


FIGURES = {
    "series": lambda: plot.series({"LSTM": torch.rand(5, requires_grad=True), "RNN": [1, 2]}, x="step", y="loss (nats)", title="t", levels={"floor": 0.5}, marks=[2], log=True),
    "bars": lambda: plot.bars({"RNN": 1.0, "LSTM": torch.tensor(-2.0)}, y="error", x="model", title="t", levels={"chance": 0.5}, spread={"RNN": 0.1, "LSTM": 0.2}),
    "scatter": lambda: plot.scatter({"points": (torch.rand(4), torch.rand(4))}, x="a", y="b", title="t", diagonal=True),
    "heatmap": lambda: plot.heatmap(torch.randn(3, 4), x="s", y="t", title="t", scale="∂y/∂x", xticks=list("abcd"), yticks=list("abc")),
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_figures_are_labelled_and_shown_once(name):
    import matplotlib.pyplot as plt

    fig = FIGURES[name]()
    ax = fig.axes[0]
    assert ax.get_xlabel() and ax.get_ylabel() and ax.get_title(loc="left") == "t"
    assert ax.title.get_fontsize() >= 11 and min(label.get_fontsize() for label in ax.get_xticklabels()) >= 11
    assert plt.get_fignums() == []  # an open figure would be shown a second time when the cell ends
    fig.canvas.draw()


def test_a_signed_map_is_symmetric_about_zero():
    fig = plot.heatmap(torch.tensor([[-1.0, 3.0]]))
    assert fig.axes[0].images[0].get_clim() == (-3.0, 3.0)


def test_a_model_keeps_its_colour():
    one = plot.series({"RNN": [1, 2], "LSTM": [2, 1]}).axes[0].lines
    two = plot.series({"LSTM, forget bias 1": [2, 1], "GRU": [1, 2]}).axes[0].lines
    assert one[1].get_color() == two[0].get_color() == plot.COLOURS["lstm"]


def test_pictures_of_networks():
    assert len(plot.mapping("one-to-many").axes) == len(plot.MAPPINGS) == 5
    with pytest.raises(ValueError, match="'one-to-two' is no mapping; expected one of one-to-one"):
        plot.mapping("one-to-two")
    arrows = {memory: len(plot.unrolled("ab", "cd", memory=memory).axes[0].patches) for memory in (True, False)}
    assert arrows[True] == arrows[False] + 1
    assert len(plot.images(torch.rand(10, 4, 4), ["a"] * 10, title="digits").axes) == 16


def test_a_matrix_is_asked_for():
    with pytest.raises(ValueError, match="expected \\(rows, columns\\)"):
        plot.heatmap(torch.zeros(3))
