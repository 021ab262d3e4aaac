"""`lstmkit doctor`: is this machine ready for the course? In plain words, one line for each thing."""

from __future__ import annotations

import os
import re
import sys
from importlib import metadata
from pathlib import Path

__all__ = ["doctor"]


def doctor() -> int:
    """Print a line for each check, ✓ or ✗ with what to do. Returns 1 if anything is missing, else 0."""
    problems = 0
    for good, line in _findings():
        problems += not good
        print(f"{'✓' if good else '✗'} {line}")
    print("this machine is ready" if not problems else f"{problems} thing(s) to mend; `make setup` mends most")
    return 1 if problems else 0


def _findings():
    version = ".".join(map(str, sys.version_info[:3]))
    yield sys.version_info >= (3, 11), f"Python {version} (3.11 or newer is needed), {sys.executable}"
    for requirement in metadata.requires("lstmkit") or []:
        if "extra ==" in requirement:
            continue
        name = re.match(r"[\w.-]+", requirement)[0]
        try:
            yield True, f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            yield False, f"{name} is missing: run `make setup`"
    import lstmkit

    yield True, f"lstmkit {lstmkit.__version__} is imported from {Path(lstmkit.__file__).parent}"
    from lstmkit import runtime

    try:
        yield True, runtime.describe()
    except ValueError as error:
        yield False, str(error)
    try:
        runtime.seed_offset()
    except ValueError as error:
        yield False, str(error)
    yield _kernel()
    free = os.statvfs(".").f_bavail * os.statvfs(".").f_frsize / 2**30 if hasattr(os, "statvfs") else None
    if free is not None:
        yield free > 0.5, f"{free:.1f} GiB of disk free (0.5 are needed)"


def _kernel() -> tuple[bool, str]:
    """Start the kernel that the notebooks name and ask it which Python it is."""
    from jupyter_client.manager import start_new_kernel

    try:
        manager, client = start_new_kernel(kernel_name="python3", startup_timeout=60)
    except Exception as error:
        return False, f"the kernel python3 does not start ({type(error).__name__}: {error}): run `make setup`"
    said: list[str] = []
    try:
        client.execute_interactive(
            "import sys, lstmkit; print(sys.executable)",
            timeout=60,
            output_hook=lambda message: said.append(message["content"].get("text", "")),
        )
    except TimeoutError:
        return False, "the kernel python3 does not answer within a minute"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    where = "".join(said).strip()
    same = bool(where) and Path(where).parent == Path(sys.executable).parent
    hint = "" if same else f", which is not {sys.executable}, or cannot import lstmkit: run `make setup`"
    return same, f"the kernel python3 runs {where or 'nothing'}{hint}"
