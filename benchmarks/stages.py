"""Warehouses to measure on: raw, up to the contacts, and all of it; kept for the next time.

Here: the folder that they are kept in, bringing them up to date with today's SQL, working copies.
Not here: what the organisation in them is like (organisation.py).

Which models stand between two tables is asked of the graph, so that a benchmark measures what a run
would do today.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from benchmarks import organisation
from benchmarks.measuring import Clock, in_a_new_process
from pipelines import raw_tables
from pipelines.build import build, stale_range
from pipelines.models import Graph, Model
from pipelines.settings import Settings
from pipelines.store import Batch
from pipelines.warehouse import Warehouse

VARIABLE = "KITH_BENCHMARKS"
CONTACTS = "staging.contacts"


def settings(folder: Path, memory: float) -> Settings:
    """Settings of a measured warehouse; ``memory`` bounds DuckDB, in GiB."""
    return Settings(data=folder, limits={"memory_gib": memory, "spill_gib": 100})


def base() -> Path:
    """The folder of all that is measured on."""
    path = Path(os.environ.get(VARIABLE) or Path(tempfile.gettempdir()) / "kith-benchmarks")
    path.mkdir(parents=True, exist_ok=True)
    return path


def kept(messages: int, stage: str) -> Path:
    """The folder of a stage: raw, contacts or all."""
    # Another generator or other raw tables make another organisation.
    texts = [Path(module.__file__).read_bytes() for module in (organisation, raw_tables)]
    version = hashlib.sha256(b"".join(texts)).hexdigest()[:8]
    return base() / f"{messages}-{version}" / stage


def prepare(messages: int, stages: Sequence[str], memory: float) -> None:
    """Fill or bring up to date the stages that are asked for, each in a process of its own."""
    for stage in ("raw", *(one for one in ("contacts", "all") if one in stages)):
        arguments = {"messages": messages, "stage": stage, "memory": memory}
        in_a_new_process("stages.fill", arguments)


def fill(clock: Clock, messages: int, stage: str, memory: float) -> dict[str, float]:
    """Make one stage where it is missing; a stage that stands computes only what is stale."""
    folder = kept(messages, stage)
    if stage == "raw":
        if not (folder / "kith.duckdb").exists():
            unfinished = folder.with_name("unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            with Warehouse(settings(unfinished, memory)).connect() as connection:
                organisation.fill(connection, organisation.Organisation(messages))
            unfinished.rename(folder)
        return {}
    if not (folder / "kith.duckdb").exists():
        _copy(kept(messages, "raw"), folder)
    graph = Graph.load()
    wanted = graph.models if stage == "all" else until(graph, [CONTACTS])
    with Warehouse(settings(folder, memory)).connect() as connection:
        compute(connection, graph, wanted)
    return {}


@contextlib.contextmanager
def working_copy(
    messages: int, stage: str, memory: float
) -> Iterator[tuple[Settings, duckdb.DuckDBPyConnection]]:
    """A copy of a stage that may be changed, and is gone afterwards."""
    folder = kept(messages, stage)
    work = Path(tempfile.mkdtemp(dir=folder.parent, prefix="work-"))
    try:
        _copy(folder, work)
        made = settings(work, memory)
        with Warehouse(made).connect() as connection:
            yield made, connection
    finally:
        shutil.rmtree(work)


@contextlib.contextmanager
def empty(memory: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """A new warehouse that is gone afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="kith-benchmark-") as folder,
        Warehouse(settings(Path(folder), memory)).connect() as connection,
    ):
        yield connection


def until(graph: Graph, names: Sequence[str]) -> list[Model]:
    """The models that ``names`` rest on, and they themselves, in build order."""
    needed, waiting = set(), list(names)
    while waiting:
        name = waiting.pop()
        if name not in needed and not name.startswith("raw."):
            needed.add(name)
            waiting += graph[name].upstreams
    return [model for model in graph.models if model.name in needed]


def between(graph: Graph, start: str, names: Sequence[str]) -> list[Model]:
    """Those of them that rest on ``start``."""
    after = {model.name for model in graph.downstream(start)}
    return [model for model in until(graph, names) if model.name in after]


def compute(connection: duckdb.DuckDBPyConnection, graph: Graph, models: Sequence[Model]) -> None:
    """What a run does: find out what is stale, then build it in order."""
    stale_range(connection, graph)
    for model in models:
        build(connection, graph, model)


def new_day(messages: int) -> Batch:
    """A thousandth more messages, all of the last day, as a pull stores them."""
    rows = organisation.Organisation(messages).new_day(messages // 1000)
    return Batch(mailbox_id="", stream="", cursor=None, rows={"raw.messages": rows})


def _copy(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / "kith.duckdb", target / "kith.duckdb")
    # Else the first commit would wait until the disk has the whole copy.
    with open(target / "kith.duckdb", "rb") as file:
        os.fsync(file.fileno())
