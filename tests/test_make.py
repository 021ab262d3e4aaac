"""`make test` and its sisters: every part runs, all are told at the end, the worst status is the answer. And a folder that was moved."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(params=["/bin/sh", "/bin/bash"])
def run(request, tmp_path):
    """`make TARGET` with other commands for its parts, in an environment that is said to be ready: (status, said)."""
    if not Path(request.param).exists():
        pytest.skip(f"no {request.param}")

    alone = {
        name: value
        for name, value in os.environ.items()
        if "MAKE" not in name and name not in ("MFLAGS", "TEST_THREADS")
    }  # not a part of `make test` itself

    def make(target: str, **commands: str) -> tuple[int, str]:
        for marker in (".lab", ".ready"):
            (tmp_path / marker).touch()
        given = [
            f"VENV={tmp_path}",
            f"SHELL={request.param}",
            *(f"{name}={command}" for name, command in commands.items()),
        ]
        done = subprocess.run(["make", "-j2", target, *given], cwd=ROOT, capture_output=True, text=True, env=alone)
        return done.returncode, done.stdout

    return make


def test_make_test_runs_every_part_and_tells_all_at_the_end(run):
    status, said = run("test", lint="echo l && false || exit 1", units="echo '= 3 passed ='", notebooks="exit 4")
    assert status != 0 and said == "l\n= 3 passed =\n\nlint ✗ (status 1)\nunits ✓\nnotebooks ✗ (status 4)\n"
    status, said = run("test", lint="true", units="exit 1", notebooks="true")
    assert status != 0 and said == "\nlint ✓\nunits ✗ (status 1)\nnotebooks ✓\n"
    assert run("test", lint="true", units="true", notebooks="true") == (0, "\nlint ✓\nunits ✓\nnotebooks ✓\n")


def test_the_sisters(run):
    assert run("test-fast", lint="false", fast="true") == (2, "\nlint ✗ (status 1)\nunits ✓\n")
    status, said = run("test-arithmetic", fast="sh -c 'test -z \"$$TEST_THREADS\"'")
    assert status != 0 and said.count("✓") == 5 and "TEST_THREADS=2 ✗" in said and "MKL_CBWR=COMPATIBLE ✓" in said


# ------------------------------------------------------------------------------------------- a folder that was moved

INSTALL = """import sys, sysconfig
from pathlib import Path
Path(sysconfig.get_path("purelib"), "lstmkit.pth").write_text(str(Path.cwd()))
print("installed")
"""
ANEW = "was made in another folder or for another Python: making it anew"


@pytest.fixture
def clone(tmp_path):
    """A course with an environment of its own (a real one; what is installed in it is one line that names the folder)."""
    folder = tmp_path / "a clone"
    (folder / "lstmkit").mkdir(parents=True)
    for name in ("pyproject.toml", "constraints.txt", "lstmkit/__init__.py"):
        (folder / name).touch()
    (folder / "install.py").write_text(INSTALL, encoding="utf-8")
    (folder / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    (folder / "python").write_text(f'#!/bin/sh\nexec {sys._base_executable} -m venv --without-pip "$3"\n')  # in no time
    (folder / "python").chmod(0o755)
    return folder


def asked(folder: Path, target: str, *given: str) -> str:
    """What `make TARGET` says there; every command of the course only tells its name and which lstmkit it would import."""
    tells = """.venv/bin/python -c 'import sys, lstmkit; print(*sys.argv[1:], lstmkit.__file__)'"""
    fakes = ["INSTALL=.venv/bin/python install.py", f"LSTMKIT={tells}", "PYTHON=./python"]
    alone = {name: value for name, value in os.environ.items() if "MAKE" not in name and name not in ("MFLAGS", "VENV")}
    done = subprocess.run(["make", target, *fakes, *given], cwd=folder, capture_output=True, text=True, env=alone)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_moved_or_copied_folder_makes_its_environment_anew_whatever_is_asked(clone):
    said = asked(clone, "progress")
    assert "installed\n" in said and ANEW not in said
    assert "install" not in asked(clone, "doctor"), "a sound environment is left alone"
    for number, target in enumerate(("lab", "progress", "doctor", "build", "slides")):
        before, clone = clone, clone.rename(clone.with_name(f"moved {number}"))
        said = asked(clone, target)
        assert said.count(ANEW) == 1 and f"{target}" in said and f"{clone}/lstmkit/__init__.py" in said, said
        assert str(before) not in said and ANEW not in asked(clone, target)
    copy = shutil.copytree(clone, clone.with_name("copy"), symlinks=True)
    assert f"{copy}/lstmkit/__init__.py" in (said := asked(copy, "progress")) and ANEW in said
    assert ANEW not in asked(clone, "progress"), "the first is as it was"


@pytest.mark.parametrize("wheels", ["wheels", "/media/a stick/wheels"])
def test_a_wheel_house_is_found_from_a_folder_with_a_space_in_its_name(clone, wheels):
    said = subprocess.run(["make", "-n", "lab", f"WHEELS={wheels}"], cwd=clone, capture_output=True, text=True).stdout
    (line,) = [line for line in said.splitlines() if "pip install" in line]
    words = shlex.split(line.partition(";")[2])
    assert words[words.index("-f") + 1] == str(clone / wheels) and "--no-index" in words


@pytest.mark.parametrize("what", ["gone", "another"])
def test_an_environment_whose_python_is_gone_or_another_one_is_made_anew(clone, what):
    asked(clone, "progress")
    (library,) = (clone / ".venv" / "lib").glob("python3*")
    if what == "gone":
        for python in (clone / ".venv" / "bin").glob("python*"):
            python.unlink()
            python.symlink_to("/nowhere/python3")
    else:  # what was installed for 3.9 is not there for this one
        library.rename(library.with_name("python3.9"))
    assert ANEW in (said := asked(clone, "doctor")) and "installed\n" in said
    assert ANEW not in asked(clone, "doctor")


def test_an_environment_that_somebody_names_is_never_removed(clone, tmp_path):
    asked(clone, "progress")
    mine = clone.rename(tmp_path / "mine") / ".venv"
    (mine / "keep").touch()
    other = shutil.copytree(mine.parent, tmp_path / "other", symlinks=True, ignore=shutil.ignore_patterns(".venv"))
    asked(other, "progress", f"VENV={mine}", f"INSTALL={mine}/bin/python install.py", "LSTMKIT=echo")
    assert (mine / "keep").exists()


# ------------------------------------------------------------------------------------------------------------- .ci/run


@pytest.mark.parametrize(
    ("chromium", "broken", "status", "told"),
    [
        ("here", "", 0, "browser ✓"),
        ("here", "browser", 2, "browser ✗ (status 2)"),
        ("here", "test", 2, "browser ✓"),
        ("installed", "", 0, "browser ✓"),
        ("none", "", 0, "make browser was left out: no Chromium is here, and none can be installed"),
        ("none", "test", 2, "make browser was left out"),
    ],
)
def test_ci_runs_the_tests_and_then_a_browser_where_one_can_be_had(tmp_path, chromium, broken, status, told):
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "sh", "dirname", "timeout", "id", "env", "chmod"):
        (programs / name).symlink_to(shutil.which(name))

    def program(name: str, text: str) -> None:
        (programs / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (programs / name).chmod(0o755)

    program("make", f'echo "make $1 ${{CHROMIUM##*/}}"; [ "$1" != "{broken}" ] || exit 2')
    program("sudo", 'shift; exec "$@"')
    install = f"echo > {programs}/chromium; chmod +x {programs}/chromium"
    program("apt-get", f'[ "$1" = update ] || {{ {install if chromium == "installed" else "exit 100"}; }}')
    if chromium == "here":
        program("chromium", "")
    clean = {"PATH": str(programs), "LC_ALL": "C.UTF-8"}
    done = subprocess.run([ROOT / ".ci" / "run"], capture_output=True, encoding="utf-8", env=clean)
    assert done.returncode == status and told in done.stdout.splitlines()[-1], done.stdout + done.stderr
    assert done.stdout.startswith("make test") and ("make browser chromium" in done.stdout) == (chromium != "none")
