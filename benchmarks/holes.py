"""Burt's measures of everybody: over 24 monthly networks, and over one of ten times as many people.

Against igraph and networkx. The 24 are those that kith finds in the organisation; the large one is
of everybody whom its people might write to. All start from the same edges, as kith has them: one
table of all months in which every edge stands twice, and people have ids that are no places in a
list. To get the months out of it and to build the graphs are laps of their own, each done in the
fastest way that was found.

igraph and networkx compute constraint alone, and keep it in memory. kith computes effective size,
efficiency, constraint, hierarchy, clustering and entropy of all months, and writes them with all
that they rest on; a query for constraint alone, of the same models, is measured beside it.
"""

import contextlib
from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks import stages
from benchmarks.measuring import Clock, Contender
from benchmarks.organisation import MONTHS, Organisation
from pipelines.models import Graph
from pipelines.store import registered
from pipelines.warehouse import Warehouse

EDGES = "staging.edges"
GOAL = "staging.structural_holes"
COLUMNS = "month, person_id, contact_id, strength"
LARGEST = 5_000


def contenders(messages: int, memory: float) -> list[Contender]:
    """Everybody who is measured, on both shapes."""
    people = min(LARGEST, Organisation(messages).people)
    shapes = {f"{MONTHS} x {people:,}": MONTHS, f"1 x {10 * people:,}": 1}
    functions = {
        "all of Burt's measures, kith": "holes.in_kith",
        "constraint, kith": "holes.constraint_in_kith",
        "constraint, igraph": "holes.in_igraph",
        "constraint, networkx": "holes.in_networkx",
    }
    return [
        Contender(
            f"{name}, {shape}",
            function,
            {"messages": messages, "months": months, "memory": memory},
            shape,
            1 if "networkx" in name else None,
        )
        for shape, months in shapes.items()
        for name, function in functions.items()
    ]


def table(messages: int, months: int, memory: float) -> pa.Table:
    """The edges of all months, both ways, as staging.edges has them."""
    if months == 1:
        return large_network(10 * min(LARGEST, Organisation(messages).people))
    kept = stages.settings(stages.kept(messages, "all"), memory)
    with Warehouse(kept).connect() as connection:
        return connection.sql(f"SELECT {COLUMNS} FROM {EDGES}").to_arrow_table()


def large_network(people: int) -> pa.Table:
    """One month of an organisation of so many people: each with all who might be written to."""
    organisation = Organisation(round(1e6 * (people / 1000) ** (1 / 0.7)), seed=0)
    count = organisation.people
    one = np.repeat(np.arange(count), organisation.degree)
    other = organisation.contact
    packed = np.unique(np.minimum(one, other).astype(np.int64) * count + np.maximum(one, other))
    dice = np.random.default_rng(people)
    strength = dice.lognormal(0, 1.5, len(packed))
    ids = dice.integers(2**62, size=count).astype(np.int64)
    ends = ids[packed // count], ids[packed % count]
    return pa.concat_tables(
        pa.table(
            {
                "month": np.full(len(packed), np.datetime64("2024-01-01", "D")),
                "person_id": here,
                "contact_id": there,
                "strength": strength,
            }
        )
        for here, there in (ends, ends[::-1])
    )


@contextlib.contextmanager
def edges_only(messages: int, months: int, memory: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse in which nothing is computed but the edges of all months."""
    with stages.empty(memory) as connection:
        for model in Graph.load().models:
            connection.execute(f"CREATE TABLE {model.name} AS {model.text}")
        connection.execute(
            "INSERT INTO staging.months "
            "SELECT day, day + to_months(1), day + to_months(1), day, true "
            f"FROM (SELECT unnest(range({months})) AS n), "
            "LATERAL (SELECT (DATE '2024-01-01' + to_months(n))::DATE AS day)"
        )
        connection.execute("INSERT INTO staging.wanted_months FROM staging.months")
        with registered(connection, table(messages, months, memory)):
            connection.execute(f"INSERT INTO {EDGES} BY NAME FROM incoming")
        yield connection


def in_kith(clock: Clock, messages: int, months: int, memory: float) -> dict[str, float]:
    """Every model from the edges to the measures."""
    models = stages.between(Graph.load(), EDGES, [GOAL])
    with edges_only(messages, months, memory) as connection:
        with clock.lap("work"):
            for model in models:
                connection.execute(f"INSERT INTO {model.name} {model.text}")
        ((rows, total),) = connection.execute(
            f'SELECT count(*), sum("constraint") FROM {GOAL}'
        ).fetchall()
    return {"rows": rows, "sum": total}


def constraint_in_kith(clock: Clock, messages: int, months: int, memory: float) -> dict[str, float]:
    """The same models as one query for one column: DuckDB leaves out what that does not need."""
    *before, last = stages.between(Graph.load(), EDGES, [GOAL])
    bare = {model.name: model.name.partition(".")[2] for model in before}
    parts = ", ".join(f"{bare[model.name]} AS MATERIALIZED ({model.text})" for model in before)
    query = f'WITH {parts} SELECT "constraint" FROM ({last.text})'
    for name in bare:
        query = query.replace(name, bare[name])
    with edges_only(messages, months, memory) as connection, clock.lap("work"):
        found = connection.sql(query).to_arrow_table()["constraint"]
    return {"rows": len(found), "sum": pc.sum(found).as_py()}


def by_month(edges: pa.Table) -> Iterator[pa.Table]:
    """The edges of each month, every one once."""
    once = edges.filter(pc.field("person_id") < pc.field("contact_id"))
    for month in pc.unique(once["month"]):
        yield once.filter(pc.field("month") == month)


def in_igraph(clock: Clock, messages: int, months: int, memory: float) -> dict[str, float]:
    """One graph after the other."""
    import igraph

    edges = table(messages, months, memory)
    graphs, rows, total = [], 0, 0.0
    with clock.lap("read the months"):
        for month in by_month(edges):
            ends = pa.chunked_array(month["person_id"].chunks + month["contact_id"].chunks)
            encoded = ends.combine_chunks().dictionary_encode()
            one, other = np.split(encoded.indices.to_numpy(), 2)
            graphs.append((len(encoded.dictionary), one, other, month["strength"].to_numpy()))
    for size, one, other, strength in graphs:
        with clock.lap("build the graphs"):
            # Pairs of numbers: of an array igraph would ask every number by itself.
            graph = igraph.Graph(n=size, edges=list(zip(one.tolist(), other.tolist(), strict=True)))
        with clock.lap("work"):
            found = np.array(graph.constraint(weights=strength.tolist()))
        rows += np.isfinite(found).sum()
        total += np.nansum(found)
    return {"rows": int(rows), "sum": float(total)}


def in_networkx(clock: Clock, messages: int, months: int, memory: float) -> dict[str, float]:
    """One graph after the other, through its matrices of all nodes at once."""
    import networkx as nx

    edges = table(messages, months, memory)
    rows, total = 0, 0.0
    with clock.lap("read the months"):
        lists = [
            [month[name].to_pylist() for name in ("person_id", "contact_id", "strength")]
            for month in by_month(edges)
        ]
    for columns in lists:
        with clock.lap("build the graphs"):
            graph = nx.Graph()
            graph.add_weighted_edges_from(zip(*columns, strict=True))
        with clock.lap("work"):
            found = nx.constraint(graph, weight="weight")
        rows += len(found)
        total += sum(found.values())
    return {"rows": rows, "sum": total}
