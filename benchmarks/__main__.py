"""``python -m benchmarks``: what was measured, against whom, and how far from the bound.

Here: which questions are asked, what each result is compared with, the table and RESULTS.md.
Not here: how anything is measured (measuring.py) and what (the module of each question).
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks import days, holes, results, stages, storing, ties
from benchmarks.measuring import Measured, in_a_new_process, measure

LIBRARIES = ("duckdb", "pyarrow", "numpy", "pandas", "polars", "igraph", "networkx", "scipy")
COLUMNS = ("", "cpu s", "median", "wall s", "peak GiB", "rows", "compared")


@dataclass(frozen=True)
class Question:
    """One file of contenders, and the stages of the warehouse that it measures on."""

    title: str
    module: object
    stages: tuple[str, ...]


QUESTIONS: Mapping[str, Question] = {
    "storing": Question("From raw rows to days of contact", storing, ("contacts",)),
    "ties": Question("Strength of every tie, 24 months", ties, ("contacts",)),
    "holes": Question("Structural holes", holes, ("all",)),
    "days": Question("One new day through everything", days, ("all",)),
}
# Contender -> whose time its own is divided by.
COMPARISONS = {
    "raw to contact_days": "scan of the raw columns",
    "one more day": "raw to contact_days",
    "sums by pair and month": "scan of the columns",
    "strengths, kith": "scan of the columns",
    "strengths, pandas": "strengths, kith",
    "strengths, pandas by month": "strengths, kith",
    "strengths, polars": "strengths, kith",
    "all of tie_strength, kith": "scan of the columns",
    "one day more": "all of it anew",
}


def main() -> None:
    """Measure, print, and write RESULTS.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--messages", type=lambda text: int(float(text)), default=1_000_000)
    parser.add_argument("--only", nargs="+", choices=QUESTIONS, default=list(QUESTIONS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--memory", type=float, default=6, help="for DuckDB; GiB")
    parser.add_argument("--no-file", action="store_true", help="leave RESULTS.md as it is")
    given = parser.parse_args()
    asked = [QUESTIONS[name] for name in given.only]
    needed = {stage for question in asked for stage in question.stages}
    if needed:
        stages.prepare(given.messages, sorted(needed), given.memory)
    if "ties" in given.only:
        arguments = {"messages": given.messages, "memory": given.memory}
        in_a_new_process("ties.export", arguments)
    about = (
        f"{given.messages:,} messages, least of {given.runs} run{'s' if given.runs > 1 else ''}; "
        f"DuckDB bounded to {given.memory:g} GiB, {results.machine(*LIBRARIES)}"
    )
    for question in asked:
        measured = measure(question.module.contenders(given.messages, given.memory), given.runs)
        lines = [about, "", *table(measured)]
        print("\n".join([f"## {question.title}", "", *lines, ""]), flush=True)
        # A long run that is broken off leaves what it has found.
        if not given.no_file:
            results.write_section(question.title, lines)


def table(measured: Mapping[str, Measured]) -> list[str]:
    """One table in Markdown."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|---|" + "---:|" * 5 + "---|"]
    for name, one in measured.items():
        found = f"{one.found.get('rows', 0):,.0f}"
        cells = [
            name,
            f"{one.least():.2f}",
            f"{one.median():.2f}",
            f"{one.least('wall'):.2f}",
            f"{one.peak:.2f}",
            found,
            "; ".join(remarks(name, one, measured)),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def remarks(name: str, one: Measured, measured: Mapping[str, Measured]) -> Sequence[str]:
    """How it compares, and its laps where it has several."""
    said = []
    if name in COMPARISONS:
        other = COMPARISONS[name]
        said.append(f"{one.least() / measured[other].least():.3g} x {other}")
    if "igraph" in name or "networkx" in name:
        said += [
            f"{one.least() / kith.least():.3g} x {key} "
            f"(wall {one.least('wall') / kith.least('wall'):.3g} x)"
            for key, kith in measured.items()
            if "kith" in key and kith.contender.agrees == one.contender.agrees
        ]
    laps = {lap: one.lap(lap) for lap in one.laps[0]}
    if len(laps) > 1:
        said.append(", ".join(f"{lap} {seconds:.2f}" for lap, seconds in laps.items()))
    return said


if __name__ == "__main__":
    sys.exit(main())
