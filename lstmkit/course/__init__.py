"""The command line: `lstmkit lab | progress | doctor | build | claims`. Lessons do not import it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

__all__ = ["main", "root"]


class CourseError(Exception):
    """Something that a user can mend; the message is one clear line."""


def root() -> Path:
    """The folder of the course: the current one or a parent with lessons/ and lstmkit/, else the one this package is in.

    Raises CourseError if there is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).parents[2]):
        if (folder / "lessons").is_dir() and (folder / "lstmkit").is_dir():
            return folder
    raise CourseError(f"no course found from {here} upwards: run lstmkit inside the folder that holds lessons/")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status (0 good, 1 something to mend, 2 wrong usage)."""
    parser = argparse.ArgumentParser(prog="lstmkit", description="A course on recurrent networks: its command line.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    lab = commands.add_parser("lab", help="copy new lessons to work/ and open JupyterLab at the first unfinished one")
    lab.add_argument(
        "--fresh", metavar="NN", action="append", default=[], help="start lesson NN anew (yours is kept in work/backup)"
    )
    lab.add_argument("--no-open", action="store_true", help="only copy; do not start JupyterLab")
    lab.add_argument("options", nargs="*", help="after --: options for JupyterLab, such as --no-browser --port=8899")

    commands.add_parser("progress", help="a table of your exercises: ✓ ✗ ○, and what comes next")
    commands.add_parser("doctor", help="is this machine ready for the course?")

    build = commands.add_parser("build", help="make and execute the notebooks from solutions/NN_slug.py")
    build.add_argument("lessons", nargs="*", metavar="NN", help="lesson numbers; default: all")
    build.add_argument(
        "--check", action="store_true", help="write nothing; name every notebook that differs from its source"
    )
    build.add_argument("--jobs", type=int, default=2, help="notebooks executed side by side (default 2)")

    claims = commands.add_parser("claims", help="re-run lessons with shifted seeds: does every claim hold?")
    claims.add_argument("lessons", nargs="*", metavar="NN", help="lesson numbers; default: all")
    claims.add_argument("--seeds", type=int, default=5, help="how many seeds (default 5)")
    claims.add_argument("--jobs", type=int, default=2, help="notebooks executed side by side (default 2)")

    chosen = parser.parse_args(arguments)
    try:
        return _run(chosen)
    except (CourseError, ValueError) as error:
        print(f"lstmkit {chosen.command}: {error}", file=sys.stderr)
        return 1


def _run(chosen: argparse.Namespace) -> int:
    if chosen.command == "lab":
        from lstmkit.course import work

        return work.lab(root(), chosen.fresh, not chosen.no_open, chosen.options)
    if chosen.command == "progress":
        from lstmkit.course import work

        print(work.progress(root()))
        return 0
    if chosen.command == "doctor":
        from lstmkit.course import doctor

        return doctor.doctor()
    from lstmkit.course import build

    if chosen.command == "claims":
        return build.claims(root(), chosen.lessons, chosen.seeds, chosen.jobs)
    return build.check(root(), chosen.lessons) if chosen.check else build.build(root(), chosen.lessons, chosen.jobs)
