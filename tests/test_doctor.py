"""`lstmkit doctor`: what it finds, each with a machine made to be so. (That it is content with this one: test_course.)"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from lstmkit import runtime
from lstmkit.course import doctor

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def environment(tmp_path):
    """A virtual environment's folder as `python -m venv` leaves it, and what the doctor finds there."""

    def made(at: Path | None = None, version: str = f"{HERE}.7", seconds: str = "56\n") -> list[tuple[bool, str]]:
        command = f"/usr/bin/python3 -m venv --upgrade-deps {at or tmp_path}"
        (tmp_path / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {version}\ncommand = {command}\n")
        (tmp_path / ".lab").write_text(seconds)
        return list(doctor._environment(tmp_path))

    return made


def test_a_sound_environment_says_how_long_it_took(environment):
    assert environment() == [(True, "the environment took 56 s to install")]
    assert environment(seconds="") == []  # not known: an environment of before


def test_a_moved_environment_and_an_upgraded_python_are_found(environment, tmp_path):
    (good, line), *_ = environment(at=tmp_path / "elsewhere" / ".venv")
    assert not good and f"made as {tmp_path}/elsewhere/.venv and has been moved to {tmp_path}" in line
    (good, line), *_ = environment(version="3.9.1")
    assert not good and f"made for Python 3.9, but Python is {HERE} now" in line and "make clean lab" in line


def test_an_environment_whose_python_is_gone_is_found_by_another_python(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "_root", lambda: tmp_path)
    assert list(doctor._environment(tmp_path / "usr")) == []  # conda, or none at all
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "pyvenv.cfg").touch()
    ((good, line),) = doctor._environment(tmp_path / "usr")
    assert not good and "its Python is gone or was upgraded" in line


def test_a_missing_package_is_named_and_nothing_heavy_is_tried(monkeypatch, capsys):
    version = metadata.version

    def without(name: str) -> str:
        if name in ("torch", "babel"):
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", without)
    monkeypatch.setattr(doctor, "_kernel", lambda: pytest.fail("the kernel was asked"))
    assert doctor.doctor() == 1
    out = capsys.readouterr().out
    assert "✗ torch, babel are missing: run `make lab`" in out and "nbgrader" not in out and "to mend" in out


def test_a_package_that_is_not_installed_at_all(monkeypatch):
    def nothing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", nothing)
    assert doctor._packages() == ([], ["lstmkit is"])


def test_a_gpu_that_does_not_compute_is_told(monkeypatch):
    monkeypatch.delenv("LSTMKIT_DEVICE", raising=False)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr(runtime, "_trouble", lambda name: "no kernel image")
    runtime._default.cache_clear()
    (fine, line), (told, warning) = doctor._device()
    runtime._default.cache_clear()
    assert fine and "on cpu" in line and told and "GPU does not compute (no kernel image)" in warning
    monkeypatch.setenv("LSTMKIT_DEVICE", "cuda:0")
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    ((fine, line),) = doctor._device()
    assert not fine and "LSTMKIT_DEVICE='cuda:0' is there but does not compute" in line


OURS = f"{sys.executable}\n{Path(doctor.__file__).parents[1]}/__init__.py\n"
PICTURE = {"data": {"image/png": "…"}}


@pytest.mark.parametrize(
    ("text", "more", "good", "words"),
    [
        (OURS, [PICTURE], True, "and shows a figure"),
        (OURS, [{"data": {"text/plain": "<Figure>"}}], False, "but figures would not show"),
        (
            "",
            [{"ename": "ModuleNotFoundError", "evalue": "No module named 'lstmkit'"}],
            False,
            "cannot import lstmkit (Mod",
        ),
        (OURS.replace(sys.executable, "/opt/python"), [PICTURE], False, "runs /opt/python, which is not"),
        (f"{sys.executable}\n/old/lstmkit/__init__.py\n", [PICTURE], False, "from /old/lstmkit, not from this course"),
    ],
)
def test_what_the_kernel_says(text, more, good, words):
    found, line = doctor._judged([{"name": "stdout", "text": text}, *more])
    assert found == good and words in line and "\n" not in line


@pytest.mark.slow
def test_with_mplbackend_set_the_kernel_that_lab_starts_shows_figures_all_the_same(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    good, line = doctor._kernel()
    assert good and "shows a figure" in line, line


@pytest.mark.parametrize(("backend", "told"), [("Agg", True), ("module://matplotlib_inline.backend_inline", False)])
def test_mplbackend_is_told_to_whoever_opens_lessons_another_way(monkeypatch, backend, told):
    monkeypatch.setenv("MPLBACKEND", backend)
    monkeypatch.setattr(doctor, "_kernel", lambda: (True, "not asked"))
    lines = [line for good, line in doctor._findings() if "MPLBACKEND" in line and good]
    assert len(lines) == told and all("MPLBACKEND=Agg is set: `make lab` leaves it out" in line for line in lines)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_what_it_says_goes_into_any_file(encoding, tmp_path):
    """`PYTHONIOENCODING=cp1252 lstmkit doctor > f`, whole, and content."""
    said = tmp_path / "f"
    with said.open("wb") as file:
        command = [sys.executable, "-m", "lstmkit.course", "doctor"]
        env = {**os.environ, "PYTHONIOENCODING": encoding}
        done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, env=env)
    lines = said.read_text(encoding=encoding).splitlines()
    assert done.returncode == 0 and done.stderr == b""
    assert all(line.startswith("+ ") for line in lines[:-1]) and lines[-1] == "this machine is ready"
