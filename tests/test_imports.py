"""DESIGN's table: which module of lstmkit may import which."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "lstmkit"
ALLOWED = {
    "shapes": set(),
    "runtime": set(),
    "cells": {"shapes"},
    "layers": {"cells", "shapes"},
    "models": {"layers", "shapes"},
    "data": {"shapes", "runtime"},
    "train": {"runtime"},
    "gradients": {"layers", "shapes"},
    "attribution": {"gradients", "shapes"},
    "plot": set(),
    "claims": set(),
}
ANYTHING = set(ALLOWED)  # for the exercises
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.name != "__init__.py")


def unit(path: Path) -> str:
    """The module of DESIGN's table that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The units of lstmkit that a file imports, wherever in the file the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "lstmkit":
                found.add(parts[1] if len(parts) > 1 else "lstmkit")
    return found


def allowed(name: str) -> set[str]:
    if name == "exercises":
        return ANYTHING | {"exercises"}
    if name == "course":  # the command line stands above the library and starts it as a user would
        return {"course", "runtime", "lstmkit", "exercises"}
    return ALLOWED[name] | {name}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_follow_the_table(path):
    name = unit(path)
    assert name in {*ALLOWED, "exercises", "course"}, f"{name} is not in DESIGN's table"
    beyond = imported(path) - allowed(name)
    assert not beyond, f"lstmkit.{name} may not import {', '.join(sorted(beyond))}"


def test_the_test_sees_a_forbidden_import(tmp_path):
    bad = tmp_path / "shapes.py"
    bad.write_text("def f():\n    from lstmkit.layers import LSTM\n")
    assert imported(bad) - allowed("shapes") == {"layers"}


def code_lines(path: Path) -> int:
    """Lines of code: neither blank, nor a comment, nor part of a docstring (which the contract asks to be long)."""
    text = path.read_text(encoding="utf-8")
    prose = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            prose |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    lines = enumerate(text.splitlines(), 1)
    return sum(1 for number, line in lines if line.strip() and line.strip()[0] != "#" and number not in prose)


def test_what_lessons_import_stays_small():
    """DESIGN's 2,500 lines, counted as lines of code of what a lesson can import (not the command line, not the exercises)."""
    lines = sum(code_lines(path) for path in PACKAGE.rglob("*.py") if unit(path) not in ("exercises", "course"))
    assert lines < 2500, f"{lines} lines: what belongs in a lesson, or in a library?"


def test_only_runtime_reads_the_course_s_switches():
    readers = {unit(path) for path in FILES if "LSTMKIT_" in path.read_text(encoding="utf-8")}
    assert readers <= {"runtime", "course"}
    for path in FILES:
        if unit(path) not in ("runtime", "course"):
            assert "environ" not in path.read_text(encoding="utf-8"), path
