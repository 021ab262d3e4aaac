"""The project's files: one list of dependencies, the conda environment, the README's commands, CI."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import torch
import yaml
from packaging.requirements import Requirement

from lstmkit.exercises.check import verdict
from lstmkit.exercises.core import find

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONSTRAINTS = {
    Requirement(line).name.lower().replace("_", "-"): Requirement(line)
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
}
REQUIRED = PROJECT["dependencies"] + [line for extra in PROJECT["optional-dependencies"].values() for line in extra]


def test_the_conda_environment_is_the_same_environment():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert conda["name"] == "lstmkit" and conda["channels"] == ["conda-forge"]
    plain = [item for item in conda["dependencies"] if isinstance(item, str)]
    pip = next(item["pip"] for item in conda["dependencies"] if isinstance(item, dict))
    assert [re.match(r"[a-z]+", item)[0] for item in plain] == ["python", "pip"]  # one list of dependencies: pyproject
    assert plain[0].removeprefix("python") == PROJECT["requires-python"]
    assert pip == ["-c constraints.txt", "-e .[course]"]
    assert "course" in PROJECT["optional-dependencies"]


def names(lines: list[str]) -> set[str]:
    return {Requirement(line).name.lower() for line in lines}


def test_the_library_needs_torch_and_numpy_and_a_learner_gets_no_teacher_s_tools():
    extras = PROJECT["optional-dependencies"]
    assert names(PROJECT["dependencies"]) == {"torch", "numpy"}
    learner = {"matplotlib", "jupyterlab", "ipykernel", "ipywidgets", "tqdm", "scikit-learn", "num2words", "babel"}
    assert names(extras["course"]) >= learner and not names(extras["course"]) & {"nbgrader", "jupytext", "nbval"}
    assert (
        "lstmkit[course]" in extras["teach"]
        and "lstmkit[teach,book]" in extras["dev"]
        and "lstmkit[teach]" in extras["book"]
    )
    assert names(extras["course"]) & names(extras["teach"] + extras["dev"]) <= {"lstmkit"}, "one line each"
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^\$\(VENV\)/\.lab:.*\n(?:\t.*\n)*\t.*\.\[course\]", makefile, re.M)


@pytest.mark.parametrize("line", [line for line in REQUIRED if not line.startswith("lstmkit")])
def test_every_dependency_is_pinned_within_its_range(line):
    needed = Requirement(line)
    pin = CONSTRAINTS[needed.name.lower().replace("_", "-")]
    version = str(pin.specifier).removeprefix("==")
    assert str(pin.specifier).startswith("==") and version in needed.specifier, f"{pin} is outside {needed}"


def test_every_dependency_says_why_how_large_and_under_which_licence():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^dependencies = \[(.*?)^\[project.scripts\]", text, re.S | re.M)[1]
    for line in block.splitlines():
        if re.match(r'\s+"(?!lstmkit)', line):
            comment = line.split("#", 1)[1]
            assert re.search(r"\d+(\.\d+)? MB( \([^)]*\))?; .+", comment), line


def test_readme_and_makefile_agree():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M)) - {"moved"}  # which is asked for by the Makefile itself
    prose = readme + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", prose, re.M))
    assert {"lab", "test"} <= named <= targets
    for target in targets - {"setup", "help", "clean"}:
        learners = target in ("lab", "wheels", "progress", "doctor")
        needs = r"\$\(VENV\)/\.lab" if learners else "setup"
        assert re.search(rf"^{target}: {needs}\s", makefile, re.M), f"make {target} does not depend on {needs}"
    helped = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert all(f"make {target}" in helped for target in targets)


def test_ci_calls_make_test():
    assert "\nmake test\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_nothing_names_a_registry_s_host():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    hosts = re.compile(
        r'(pypi\.org|pythonhosted|registry\.npmjs|deb\.debian|--index-url|find-links(?! "\$\(if))'
    )  # a folder is no host
    for name in tracked:
        path = ROOT / name
        if (
            path.suffix in {".py", ".txt", ".toml", ".yml", ".md", ".cfg", ""}
            and path.is_file()
            and path != Path(__file__)
        ):
            assert not hosts.search(path.read_text(encoding="utf-8", errors="ignore")), name


def test_contributing_fits_a_page_and_the_licences_are_there():
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) <= 60
    assert "MIT License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "CC BY 4.0" in (ROOT / "LICENSE-PROSE").read_text(encoding="utf-8")


def test_the_readme_s_first_exercise_says_what_the_check_says():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code, wrong, right = re.findall(r"^```\w*\n(.*?)^```$", readme, re.S | re.M)[:3]
    code, _, call = code.partition("\n\n")
    assert call.strip() == 'lstm_step = exercise("06.3", lstm_step)'
    names = {"torch": torch}
    exec(code, names)
    passed, line, _ = verdict(find("06.3"), names["lstm_step"])
    assert not passed and line.splitlines()[0] == wrong.splitlines()[0]
    exec(code.replace("i, f, o, g", "i, f, g, o"), names)
    assert verdict(find("06.3"), names["lstm_step"])[:2] == (True, right.strip())
