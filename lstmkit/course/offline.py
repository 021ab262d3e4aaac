"""Scripts that a site or a deck takes with it, so that it needs no network: from installed packages, found by their names."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from lstmkit.course import CourseError

__all__ = ["mathjax", "reveal"]


def _installed(package: str, ending: str) -> Path:
    """The file of an installed package whose path ends so. Raises CourseError, with the cure, if there is none."""
    try:
        found = [file for file in metadata.files(package) or [] if str(file).endswith(ending)]
    except metadata.PackageNotFoundError:
        raise CourseError(f"{package} is missing: pip install 'lstmkit[book]'") from None
    if not found:
        raise CourseError(
            f"{package} {metadata.version(package)} holds no {ending}: pip install -c constraints.txt 'lstmkit[book]'"
        )
    return Path(found[0].locate())


def mathjax() -> Path:
    """MathJax in one file, its letters drawn as paths: nothing is loaded behind it (MathJax 3, Apache-2.0)."""
    return _installed("sphinx-mathjax-offline", "static/mathjax/tex-svg-full.js")


def reveal() -> Path:
    """The folder of reveal.js with dist/ and plugin/ (MIT)."""
    return _installed("sphinx-revealjs", "revealjs/dist/reveal.js").parents[1]
