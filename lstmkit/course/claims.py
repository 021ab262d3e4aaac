"""`lstmkit claims`: the solutions run again with shifted seeds, and under another arithmetic: does every claim hold?"""

from __future__ import annotations

import re
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from lstmkit.course import CourseError, build

__all__ = ["claims"]

# Another processor's rounding, as far as this one can imitate it
ARITHMETIC = {"MKL_CBWR": "COMPATIBLE", "ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"}
_CLAIM = re.compile(r"^([✓✗]) (?!\d\d\.\d)(.*?) \((?:measured ([^,)]*)|not measured)(.*)\)$", re.M)
_EXERCISE = re.compile(r"^[✗○] \d\d\.\d+.*$", re.M)


@dataclass(frozen=True)
class Verdict:
    """One claim in one run: ✓ or ✗, what was measured, the whole line, and the number of its cell."""

    mark: str
    value: str
    line: str
    cell: int


def claims(
    root: Path, lessons: list[str], seeds: int, jobs: int = 2, arithmetic: bool = False, target: Path | None = None
) -> int:
    """Run the solutions with `seeds` shifted seeds, `jobs` at a time, and print a table claim × seed. Returns 1 if any fails.

    arithmetic: one run more, with the processor's newer instructions switched off. target: a Markdown file; the table of
    each lesson is written there as soon as it is known, and those of other lessons stay.
    """
    if seeds < 1:
        raise CourseError(f"--seeds {seeds}: expected at least 1")
    columns = {f"+{100 * k}": {"LSTMKIT_SEED_OFFSET": str(100 * k)} for k in range(seeds)}
    columns |= {"arithmetic": {"LSTMKIT_SEED_OFFSET": "0", **ARITHMETIC}} if arithmetic else {}
    failures: list[str] = []
    with build.workers(jobs) as pool:
        books = {source.stem: build.make(source)["solutions"] for source in build.sources(root, lessons)}
        runs = {
            stem: {name: pool.submit(_run, book, root, f"{stem}, {name}", env) for name, env in columns.items()}
            for stem, book in books.items()
        }
        for stem, futures in runs.items():
            tables = {name: _result(future, stem, failures) for name, future in futures.items()}
            texts = list(dict.fromkeys(text for table in tables.values() for text in table))
            rows = {text: {name: table.get(text) for name, table in tables.items()} for text in texts}
            for text, row in rows.items():
                for name, one in row.items():
                    if one is None and tables[name]:
                        failures.append(f"{stem}, run {name}: no claim “{text}” there")
                    elif one and one.mark == "✗":
                        failures.append(f"{stem}, cell {one.cell}, run {name}: {one.line}")
            print(f"\n{stem}   runs: {', '.join(columns)}")
            for text, row in rows.items():
                print("  " + " ".join(f"{_short(one):<11}" for one in row.values()) + f" {text}", flush=True)
            if target:
                _write(target, root, stem, list(columns), rows)
    print("\nevery claim holds in every run" if not failures else f"\n{len(failures)} failures:")
    print("".join(f"  {line}\n" for line in failures), end="")
    return 1 if failures else 0


def _run(book: NotebookNode, root: Path, title: str, env: dict[str, str]) -> dict[str, Verdict]:
    """{claim: its verdict} of one run; a claim whose words come again gets a number. Exercises that fail count, too."""
    found: dict[str, Verdict] = {}
    for number, cell in enumerate(build.execute(book, root / "solutions", title, env).cells, 1):
        text = "\n".join(build.texts(cell))
        for match in _CLAIM.finditer(text):
            same = sum(re.sub(r" \[\d+\]$", "", old) == match[2] for old in found)
            found[f"{match[2]} [{same + 1}]" if same else match[2]] = Verdict(
                match[1], match[3] or "-", match[0][2:], number
            )
        found |= {line: Verdict("✗", "exercise", line, number) for line in _EXERCISE.findall(text)}
    return found


def _result(future: Future, stem: str, failures: list[str]) -> dict[str, Verdict]:
    try:
        return future.result()
    except CourseError as error:
        failures.append(str(error))
        return {}


def _short(one: Verdict | None) -> str:
    return f"{one.mark} {one.value}" if one else "✗ missing"


def _write(target: Path, root: Path, stem: str, columns: list[str], rows: dict[str, dict[str, Verdict | None]]) -> None:
    """Put one lesson's table into the file; sections of lessons that are no more are dropped."""
    old = target.read_text(encoding="utf-8") if target.exists() else ""
    sections = {part.split("\n")[0]: part for part in old.split("\n## ")[1:]}
    head = f"| claim | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}\n"
    body = [
        "| " + " | ".join([text.replace("|", "\\|"), *map(_short, row.values())]) + " |\n" for text, row in rows.items()
    ]
    sections[stem] = f"{stem}\n\n{head}{''.join(body)}"
    intro = """# Every claim, measured again

A column is a run: `+100` with every seed shifted by 100; `arithmetic` with the seeds as they are and the processor's newer
instructions switched off, a stand-in for another machine. Written by

```
lstmkit claims --seeds 5 --arithmetic --write tests/claims.md        # or: lstmkit claims 06 …, for one lesson's table
```
"""
    known = [source.stem for source in build.sources(root)]
    text = "\n## ".join([intro, *(sections[name].strip("\n") + "\n" for name in known if name in sections)])
    partial = target.with_name(target.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(target)
