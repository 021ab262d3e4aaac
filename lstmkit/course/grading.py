"""For nbgrader: stubs as the course has them, the programs that it calls by name, limits for a learner's kernel."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from nbgrader.preprocessors import ClearSolutions

__all__ = ["STUB", "Cleared", "limit", "on_path"]

STUB = "...  # your code"


class Cleared(ClearSolutions):
    """nbgrader's ClearSolutions with our stub, left out where the cell has one of its own (`answer = ...`)."""

    def __init__(self, **settings):
        super().__init__(**{"code_stub": {"python": STUB}, "enforce_metadata": False, **settings})

    def preprocess_cell(self, cell, resources, cell_index):
        cell, resources = super().preprocess_cell(cell, resources, cell_index)
        if cell.cell_type == "code" and ("= ..." in cell.source or ": ..." in cell.source):
            cell.source = cell.source.removesuffix(f"\n{STUB}")
        return cell, resources

    @classmethod
    def in_place(cls) -> list[type]:
        """The steps by which nbgrader makes an assignment, this one in the place of ClearSolutions."""
        from nbgrader.converters import GenerateAssignment

        steps = GenerateAssignment.class_traits()["preprocessors"].default()
        return [cls if step is ClearSolutions else step for step in steps]


def on_path() -> None:
    """Put this environment's programs first: nbgrader calls `alembic` by its bare name, also where nobody activated anything."""
    here = str(Path(sys.executable).parent)
    if os.environ.get("PATH", "").split(os.pathsep)[0] != here:
        os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", "")])


def limit(memory_gib: float, file_gib: float) -> None:
    """Bound the memory and the size of a file for this process and the kernels that it starts; nothing where there is no such limit."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        for what, gib in ((resource.RLIMIT_AS, memory_gib), (resource.RLIMIT_FSIZE, file_gib)):
            most = resource.getrlimit(what)[1]
            size = int(gib * 2**30)
            size = size if most == resource.RLIM_INFINITY else min(size, most)
            resource.setrlimit(what, (size, size))
