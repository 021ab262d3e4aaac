"""`lstmkit doctor`: is this machine ready for the course? In plain words, one line for each thing.

Nothing but Python's own library is imported before it is known to be there: a broken environment must be told, too.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

__all__ = ["doctor"]

Finding = tuple[bool, str]  # good?, what to say
ANEW = "run `make clean lab`, which makes it anew and leaves work/ alone"
IN_KERNEL = """import sys, lstmkit
print(sys.executable, lstmkit.__file__, sep="\\n")
lstmkit.plot.bars({"a": 1.0}, x="x", y="y", title="a figure")"""


def doctor() -> int:
    """Print a line for each check, ✓ or ✗ with what to do. Returns 1 if anything is missing, else 0."""
    problems = 0
    for good, line in _findings():
        problems += not good
        print(f"{'✓' if good else '✗'} {line}", flush=True)
    print("this machine is ready" if not problems else f"{problems} thing(s) to mend")
    return 1 if problems else 0


def _findings() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield sys.version_info >= (3, 11), f"Python {version} (3.11 or newer is needed), {sys.executable}"
    yield from _environment(Path(sys.prefix))
    there, missing = _packages()
    if there:
        yield True, f"packages: {', '.join(there)}"
    if missing:
        yield False, f"{', '.join(missing)} missing: run `make lab`, or pip install -c constraints.txt -e '.[course]'"
    else:
        yield from _device()
        yield _kernel()
        if "inline" not in (backend := os.environ.get("MPLBACKEND", "inline")):
            yield (
                True,
                f"MPLBACKEND={backend} is set: `make lab` leaves it out; opened another way, plt.show() shows nothing",
            )
    free = shutil.disk_usage(".").free / 2**30
    yield free > 0.5, f"{free:.1f} GiB of disk free (0.5 are needed)"


def _environment(prefix: Path) -> Iterator[Finding]:
    """Is the virtual environment that runs this, or that should, where it was made and for this Python?"""
    ours = _root() / ".venv"
    settings = prefix / "pyvenv.cfg"
    if not settings.exists():
        if (ours / "pyvenv.cfg").exists():
            yield False, f"{ours} is there but does not run this: its Python is gone or was upgraded; {ANEW}"
        return
    said = dict(re.findall(r"^(\w+) *= *(.*?)\s*$", settings.read_text(encoding="utf-8", errors="replace"), re.M))
    made = re.sub(r"^(--\S+ )*", "", said.get("command", "").partition(" -m venv ")[2])
    moved = bool(made) and Path(made).resolve() != prefix.resolve()
    python = re.match(r"\d+\.\d+", said.get("version", said.get("version_info", "")))
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if moved:
        yield False, f"the environment was made as {made} and has been moved to {prefix}; {ANEW}"
    if python and python[0] != here:
        yield False, f"the environment was made for Python {python[0]}, but Python is {here} now; {ANEW}"
    seconds = prefix / ".lab"
    if seconds.exists() and seconds.read_text().strip().isdigit():
        yield True, f"the environment took {seconds.read_text().strip()} s to install"


def _packages() -> tuple[list[str], list[str]]:
    """What a learner needs: (those that are there, with their versions; those that are missing)."""
    try:
        needed = metadata.requires("lstmkit") or []
    except metadata.PackageNotFoundError:
        return [], ["lstmkit is"]
    there, missing = [], []
    for line in needed:
        if "extra ==" in line and not re.search(r"extra == .course.", line):
            continue
        name = re.match(r"[\w.-]+", line)[0]
        try:
            there.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        missing[-1] += " is" if len(missing) == 1 else " are"
    return there, missing


def _device() -> Iterator[Finding]:
    """What the lessons compute on, after it has computed; and the switches."""
    from lstmkit import runtime

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for ask in (runtime.describe, runtime.seed_offset):
            try:
                found = ask()
            except ValueError as error:
                yield False, str(error)
            else:
                if ask is runtime.describe:
                    yield True, found
    yield from ((True, str(one.message)) for one in told if issubclass(one.category, UserWarning))


def _kernel() -> Finding:
    """Start the kernel that the notebooks name as `lab` does, but elsewhere: which Python, which lstmkit, a figure?"""
    from jupyter_client.manager import start_new_kernel

    quiet = ["--IPKernelApp.log_level=ERROR"]
    env = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    with tempfile.TemporaryDirectory() as elsewhere:
        try:
            manager, client = start_new_kernel(
                kernel_name="python3", startup_timeout=60, cwd=elsewhere, extra_arguments=quiet, env=env
            )
        except Exception as error:
            return False, f"the kernel python3 does not start ({type(error).__name__}: {error}); {ANEW}"
        said: list[dict] = []
        try:
            client.execute_interactive(IN_KERNEL, timeout=120, output_hook=lambda told: said.append(told["content"]))
        except TimeoutError:
            return False, "the kernel python3 does not answer within two minutes"
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    return _judged(said)


def _judged(said: list[dict]) -> Finding:
    """What the kernel's messages mean."""
    lines = "".join(one["text"] for one in said if one.get("name") == "stdout").splitlines()
    error = next((f" ({one['ename']}: {one['evalue']})" for one in said if "ename" in one), "")
    if len(lines) < 2:
        return False, f"the kernel python3 cannot import lstmkit{error}; {ANEW}"
    python, package = Path(lines[0]), Path(lines[1]).parent
    if python.parent != Path(sys.executable).parent:
        return False, f"the kernel python3 runs {python}, which is not {sys.executable}; {ANEW}"
    if package.resolve() != (_root() / "lstmkit").resolve():
        return False, f"the kernel imports lstmkit from {package}, not from this course, {_root()}; {ANEW}"
    if not any("image/png" in one.get("data", {}) for one in said):
        return False, f"the kernel python3 runs {python}, but figures would not show{error}"
    return True, f"the kernel python3 runs {python}, imports lstmkit from {package}, and shows a figure"


def _root() -> Path:
    return Path(__file__).parents[2]
