"""From raw rows to days of contact: all of it, and one more day of it.

Against the bare scan of the raw columns that those models read. The new day, a thousandth of all
messages, is stored the way a pull stores it, and the models computed as a run computes them.
"""

from sqlglot import exp

from benchmarks import stages
from benchmarks.measuring import Clock, Contender
from pipelines.models import Graph
from pipelines.raw_tables import RAW_TABLES
from pipelines.store import store

GOAL = "staging.contact_days"
TABLES = ("raw.messages", "raw.events")


def contenders(messages: int, memory: float) -> list[Contender]:
    """Everybody who is measured."""
    arguments = {"messages": messages, "memory": memory}
    return [
        Contender("scan of the raw columns", "storing.scan", arguments),
        Contender("raw to contact_days", "storing.full", arguments),
        Contender("one more day", "storing.one_day", arguments),
    ]


def columns_read(table: str, graph: Graph) -> list[str]:
    """Columns of a raw table that the models up to the goal name."""
    named = {
        column.name
        for model in stages.until(graph, [GOAL])
        if table in model.upstreams
        for column in model.query.find_all(exp.Column)
    }
    return [column for column in RAW_TABLES[table].columns if column in named]


def scan(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """Read every value once."""
    graph = Graph.load()
    with stages.working_copy(messages, "raw", memory) as (_, connection), clock.lap("work"):
        rows = 0
        for table in TABLES:
            reads = ", ".join(f'count("{column}")' for column in columns_read(table, graph))
            lists = ", ".join(
                f'sum(len("{column}"))'
                for column in columns_read(table, graph)
                if str(RAW_TABLES[table].columns[column][0]).startswith("list")
            )
            query = f"SELECT count(*), {reads}, {lists} FROM {table}"
            rows += connection.execute(query).fetchall()[0][0]
    return {"rows": rows}


def full(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """Compute all months."""
    graph = Graph.load()
    with stages.working_copy(messages, "raw", memory) as (_, connection):
        with clock.lap("work"):
            stages.compute(connection, graph, stages.until(graph, [GOAL]))
        return {"rows": connection.execute(f"SELECT count(*) FROM {GOAL}").fetchall()[0][0]}


def one_day(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """Store a new day where the past is computed, and compute what it touches."""
    graph = Graph.load()
    goal = stages.until(graph, [GOAL])
    with stages.working_copy(messages, "contacts", memory) as (_, connection):
        stages.compute(connection, graph, goal)
        day = stages.new_day(messages)
        with clock.lap("store"):
            store(connection, day)
        with clock.lap("compute"):
            stages.compute(connection, graph, goal)
        return {"rows": connection.execute(f"SELECT count(*) FROM {GOAL}").fetchall()[0][0]}
