"""`make test` and its sisters: every part runs, all are told at the end, the worst status is the answer."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(params=["/bin/sh", "/bin/bash"])
def run(request, tmp_path):
    """`make TARGET` with other commands for its parts, in an environment that is said to be ready: (status, said)."""
    if not Path(request.param).exists():
        pytest.skip(f"no {request.param}")

    alone = {
        name: value for name, value in os.environ.items() if "MAKE" not in name and name != "MFLAGS"
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
