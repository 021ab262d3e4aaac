"""`python -m tests.hub.measure [NN …]` writes hub/MEASURED.md: what one learner who runs a lesson costs, in memory and processor seconds.

Each learner's notebook is run top to bottom in a kernel of its own, on one thread; the kernel's peak memory and processor time
are what the system says when it has ended. Idle: the kernel after its imports. `--server 163` notes what check_hub tells of a learner's server.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from lstmkit.course import maps

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "hub" / "MEASURED.md"
SIZES = [(4, 2), (8, 4), (16, 4), (32, 8), (48, 8), (64, 16), (128, 32)]  # machines: GiB, cores
RUN = """
import json, resource, sys, time
import nbformat
from lstmkit.course import build
path = sys.argv[1]
notebook = nbformat.read(path, as_version=4)
if len(sys.argv) > 2:
    notebook.cells = notebook.cells[: int(sys.argv[2])]
begun = time.perf_counter()
build.execute(notebook, __import__("pathlib").Path(path).parent, path)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "mib": used.ru_maxrss / 1024, "wall": time.perf_counter() - begun}))
"""


def run(path: Path, cells: int | None = None) -> dict[str, float]:
    command = [sys.executable, "-c", RUN, str(path)] + ([str(cells)] if cells else [])
    env = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, env=env).stdout)


def main() -> None:
    kept = {line[2:4]: line for line in _old() if re.match(r"\| \d\d \| ", line)}
    chosen, beside = sys.argv[1:], _server()
    if chosen[:1] == ["--server"]:  # what check_hub has told
        chosen, beside = chosen[2:] or ["none"], float(chosen[1])
    idle = run(next(iter(sorted((ROOT / "lessons").glob("01_*.ipynb")))), 2)["mib"]
    _write(kept, idle, beside)
    for entry in maps.read(ROOT):
        path = ROOT / "lessons" / f"{entry.stem}.ipynb"
        if path.exists() and (not chosen or entry.number in chosen):
            found = run(path)
            kept[entry.number] = f"| {entry.number} | {entry.name} | {found['mib']:.0f} | {found['cpu']:.0f} |"
            print(kept[entry.number], flush=True)
            _write(kept, idle, beside)


def _server() -> float:
    """MiB of a learner's own Jupyter server, as the page has it."""
    return float(re.search(r"own Jupyter server, (\d+) MiB", "\n".join(_old()))[1])


def _write(kept: dict[str, str], idle: float, beside: float) -> None:
    PAGE.write_text(
        "\n".join(
            [
                "# What a learner costs",
                "",
                f"Made by `python -m tests.hub.measure` on {platform.machine()}, Python {platform.python_version()}, one thread a kernel. Memory is a",
                "kernel's peak when a lesson runs from top to bottom; processor seconds are what that takes.",
                "",
                f"Beside the kernel: a learner's own Jupyter server, {beside:.0f} MiB (the most that `make hub` saw). A kernel after its imports: {idle:.0f} MiB.",
                "",
                "| | lesson | memory, MiB | processor seconds |",
                "|---|---|---|---|",
                *[kept[number] for number in sorted(kept)],
                "",
                *_carries(kept, beside),
                "",
            ]
        ),
        encoding="utf-8",
    )


def _carries(kept: dict[str, str], beside: float) -> list[str]:
    """How many learners machines of some sizes carry, reckoned from the rows of the table."""
    cells = [row.strip("| ").split(" | ") for row in kept.values()]
    memory, seconds = sorted(float(cell[-2]) for cell in cells), sorted(float(cell[-1]) for cell in cells)
    usual, wait = memory[len(memory) // 2], seconds[len(seconds) // 2]
    most = max(cells, key=lambda cell: float(cell[-2]))
    rows = []
    for gib, cores in SIZES:
        room = 0.8 * (gib - 1) * 1024  # one for the system and the hub; a fifth of the rest stays free
        rows.append(
            f"| {gib} GiB, {cores} cores | {room // (beside + memory[-1]):.0f} | {room // (beside + 2 * usual):.0f} |"
            f" {room // (beside + 2 * usual) * wait / cores:.0f} s |"
        )
    return [
        "## How many learners",
        "",
        "By memory: a gibibyte is the system's and the hub's, a fifth of the rest stays free. Kernels share torch's libraries, and here each is",
        "counted with its own: rather more learners than these will fit.",
        f"The largest lesson is {most[0]}, {most[1]}. In between, a learner",
        f"is counted with two kernels of a lesson in the middle of the table ({usual:.0f} MiB): the one at work, and one that was left open. The last column: those",
        f"learners all press *Run All* at the same moment in a lesson in the middle ({wait:.0f} processor seconds); the last of them would wait so long.",
        "",
        "| machine | all in the largest lesson | in between, two kernels each | if all run all at once |",
        "|---|---|---|---|",
        *rows,
    ]


def _old() -> list[str]:
    return PAGE.read_text(encoding="utf-8").splitlines() if PAGE.exists() else []


if __name__ == "__main__":
    main()
