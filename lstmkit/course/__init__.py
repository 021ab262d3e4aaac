"""The command line: `lstmkit lab | progress | doctor | build | claims | classroom | slides | book`. Lessons do not import it."""

from __future__ import annotations

import argparse
import codecs
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


_PLAIN = {"✓": "+", "✗": "x", "○": "o", "·": "-", "–": "-", "→": "->", "…": "...", "×": "x", "“": '"', "”": '"'}


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """For a terminal or file that lacks our letters: others that mean the same."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(letter, "?") for letter in error.object[error.start : error.end]), error.end


_EXTRA = {
    "build": "dev",
    "claims": "dev",
    "classroom": "teach",
    "slides": "book",
    "book": "book",
}  # what a command needs

codecs.register_error("lstmkit", _plainly)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lstmkit", description="A course on recurrent networks: its command line.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    def command(name: str, does: str, example: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=does, description=does, epilog=f"example: lstmkit {example}")

    lab = command(
        "lab", "copy new lessons to work/ and open JupyterLab at the first unfinished one", "lab -- --no-browser"
    )
    lab.add_argument(
        "--fresh", metavar="NN", action="append", default=[], help="start lesson NN anew (yours is kept in work/backup)"
    )
    lab.add_argument("--no-open", action="store_true", help="only copy; do not start JupyterLab")
    lab.add_argument("options", nargs="*", help="after --: options for JupyterLab, such as --no-browser --port=8899")

    command("progress", "a table of your exercises: ✓ ✗ ○, and what comes next", "progress")
    command("doctor", "is this machine ready for the course?", "doctor > what-doctor-said.txt")

    build = command("build", "make and execute the notebooks from solutions/NN_slug.py", "build 04 05 --jobs 1")
    build.add_argument("lessons", nargs="*", metavar="NN", help="lesson numbers; default: all")
    build.add_argument(
        "--check", action="store_true", help="write nothing; name every notebook that differs from its source"
    )
    build.add_argument("--jobs", type=int, default=2, help="notebooks executed side by side (default 2)")
    build.add_argument(
        "--maps", action="store_true", help="only write the README files' tables anew from solutions/map.txt"
    )
    build.add_argument(
        "--renumber",
        metavar="OLD=NEW",
        nargs="+",
        help="move lessons: 05=06, or a block, 05-30=06; files, exercises, links, maps; nothing is executed",
    )
    build.add_argument("--dry-run", action="store_true", help="with --renumber: only print what would change")

    claims = command(
        "claims", "re-run lessons with shifted seeds: does every claim hold?", "claims 06 --seeds 5 --arithmetic"
    )
    claims.add_argument("lessons", nargs="*", metavar="NN", help="lesson numbers; default: all")
    claims.add_argument("--seeds", type=int, default=5, help="how many seeds (default 5)")
    claims.add_argument("--jobs", type=int, default=2, help="notebooks executed side by side (default 2)")
    claims.add_argument(
        "--arithmetic", action="store_true", help="one run more, the processor's newer instructions switched off"
    )
    claims.add_argument("--write", metavar="FILE", type=Path, help="keep the table in a Markdown file")

    classroom = command(
        "classroom", "the course as nbgrader wants it: sources, releases, points", "classroom ~/autumn 01 02 06"
    )
    classroom.add_argument("folder", metavar="DIR", type=Path, help="a folder that is new, or a classroom already")
    classroom.add_argument("lessons", nargs="*", metavar="NN", help="lesson numbers; default: all")

    slides = command("slides", "lessons as decks that need no network (reveal.js)", "slides 06 22 --to ~/decks")
    slides.add_argument("lessons", nargs="*", metavar="NN", help="lesson numbers; default: all")
    slides.add_argument("--to", metavar="DIR", type=Path, default=Path("slides"), help="where (default slides/)")
    slides.add_argument("--solutions", action="store_true", help="of the executed solutions, answers and all")

    book = command("book", "the course and the library's reference as a web site", "book --to /tmp/site")
    book.add_argument("lessons", nargs="*", metavar="NN", help="lesson numbers; default: all")
    book.add_argument("--to", metavar="DIR", type=Path, help="where (default book/_build/html)")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit status (0 good, 1 something to mend, 2 wrong usage)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="lstmkit")
    chosen = _parser().parse_args(arguments)
    try:
        return _run(chosen)
    except (CourseError, ValueError) as error:
        print(f"lstmkit {chosen.command}: {error}", file=sys.stderr)
    except ModuleNotFoundError as error:  # what a learner has not is told here, for every command
        from lstmkit import lacking

        extra = _EXTRA.get(chosen.command, "course")
        print(lacking(f"lstmkit {chosen.command}", error.name or str(error), extra), file=sys.stderr)
    except OSError as error:
        where = error.filename or "a file cannot be read or written"
        print(f"lstmkit {chosen.command}: {where}: {error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"lstmkit {chosen.command}: stopped", file=sys.stderr)
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
    if chosen.command == "classroom":
        from lstmkit.course import classroom

        return classroom.classroom(root(), chosen.folder.resolve(), chosen.lessons)
    if chosen.command == "slides":
        from lstmkit.course import slides

        return slides.slides(root(), chosen.lessons, chosen.to.resolve(), chosen.solutions)
    if chosen.command == "book":
        from lstmkit.course import book

        return book.book(root(), chosen.to, chosen.lessons)
    from lstmkit.course import build, maps, renumber
    from lstmkit.course import claims as runs

    if chosen.command == "claims":
        return runs.claims(root(), chosen.lessons, chosen.seeds, chosen.jobs, chosen.arithmetic, chosen.write)
    if chosen.renumber:
        return renumber.renumber(root(), chosen.renumber, chosen.dry_run)
    if chosen.maps:
        print("\n".join(maps.write(root())) or "the maps are as they should be")
        return 0
    return build.check(root(), chosen.lessons) if chosen.check else build.build(root(), chosen.lessons, chosen.jobs)
