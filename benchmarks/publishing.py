"""``python -m benchmarks.publishing``: from contacts to parquet, of ten million messages and of 50.

Every size is made and measured in a folder of its own, without a copy: fifty million messages need
some 70 GiB of disk, and half an hour. The checks of Great Expectations, which a run puts before the
last step, are not part of it.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import organisation, results, stages
from benchmarks.measuring import GIB, Clock, Lap, in_a_new_process
from pipelines.models import Graph
from pipelines.publish import publish
from pipelines.warehouse import Warehouse

TITLE = "From contacts to parquet"
COLUMNS = (
    "messages", "cpu s", "wall s", "compute", "publish", "peak GiB", "database GiB", "parquet GiB",
    "rows", "compared",
)  # fmt: skip


def main() -> None:
    """Measure every size, print the table, and write it into RESULTS.md."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.publishing", description=__doc__)
    parser.add_argument(
        "--messages", nargs="+", type=lambda text: int(float(text)), default=[10**7, 5 * 10**7]
    )
    parser.add_argument("--memory", type=float, default=8, help="for DuckDB; GiB")
    parser.add_argument("--no-file", action="store_true", help="leave RESULTS.md as it is")
    given = parser.parse_args()
    lines = [
        f"DuckDB bounded to {given.memory:g} GiB, {results.machine('duckdb', 'pyarrow')}",
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|" + "---:|" * len(COLUMNS),
    ]
    print("\n".join(lines), flush=True)
    first = None
    for messages in given.messages:
        answer = measured(messages, given.memory)
        first = first or answer
        lines.append(row(messages, answer, first))
        print(lines[-1], flush=True)
        # A long run that is broken off leaves what it has found.
        if not given.no_file:
            results.write_section(TITLE, lines)


def measured(messages: int, memory: float) -> dict:
    """Laps, peak memory and findings of one size; each step in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="kith-publishing-", dir=stages.base()) as folder:
        arguments = {"folder": folder, "memory": memory}
        in_a_new_process("publishing.fill", {"messages": messages, **arguments})
        in_a_new_process("publishing.contacts", arguments)
        return in_a_new_process("publishing.everything", arguments)


def row(messages: int, answer: dict, first: dict) -> str:
    """One row of the table; ``first`` is the answer that others are compared with."""
    laps = {name: Lap(**lap) for name, lap in answer["laps"].items()}
    wall = sum(lap.wall for lap in laps.values())
    first_wall = sum(lap["wall"] for lap in first["laps"].values())
    found = answer["found"]
    cells = (
        f"{messages:,}",
        f"{sum(lap.cpu for lap in laps.values()):.0f}",
        f"{wall:.0f}",
        f"{laps['compute'].wall:.0f}",
        f"{laps['publish'].wall:.0f}",
        f"{answer['peak']:.2f}",
        f"{found['database'] / GIB:.1f}",
        f"{found['parquet'] / GIB:.1f}",
        f"{found['rows']:,}",
        "" if answer is first else f"{wall / first_wall:.2f} x the first",
    )
    return f"| {' | '.join(cells)} |"


def fill(clock: Clock, folder: str, messages: int, memory: float) -> dict[str, float]:
    """The raw rows."""
    with Warehouse(stages.settings(Path(folder), memory)).connect() as connection:
        organisation.fill(connection, organisation.Organisation(messages))
    return {}


def contacts(clock: Clock, folder: str, memory: float) -> dict[str, float]:
    """All that stands before the contacts."""
    graph = Graph.load()
    with Warehouse(stages.settings(Path(folder), memory)).connect() as connection:
        stages.compute(connection, graph, stages.until(graph, [stages.CONTACTS]))
    return {}


def everything(clock: Clock, folder: str, memory: float) -> dict[str, float]:
    """All models that are not up to date, then the files."""
    graph = Graph.load()
    settings = stages.settings(Path(folder), memory)
    with Warehouse(settings).connect() as connection:
        with clock.lap("compute"):
            stages.compute(connection, graph, graph.models)
        with clock.lap("publish"):
            release = publish(connection, graph, settings)
    return {
        "rows": sum(file.rows for file in release.files),
        "parquet": sum(file.bytes for file in release.files),
        "database": settings.database.stat().st_size,
    }


if __name__ == "__main__":
    sys.exit(main())
