"""Burt's measures of everybody: over 24 monthly networks, and over one ten times as large.

Against igraph and networkx, whose graphs are built from the same edges: building is a lap of its
own and is shown. They compute constraint alone; kith computes effective size, efficiency,
constraint, hierarchy, clustering and entropy, of all months in one query.
"""

from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks import stages
from benchmarks.measuring import Clock, Contender
from benchmarks.organisation import MONTHS, Organisation
from pipelines.models import Graph
from pipelines.store import registered

EDGES = "staging.edges"
GOAL = "staging.structural_holes"
LARGEST = 5_000


def contenders(messages: int, memory: float) -> list[Contender]:
    """Everybody who is measured, on both shapes."""
    people = min(LARGEST, Organisation(messages).people)
    shapes = {f"{MONTHS} x {people:,}": (people, MONTHS), f"1 x {10 * people:,}": (10 * people, 1)}
    functions = {
        "all of Burt's measures, kith": "holes.in_kith",
        "constraint, igraph": "holes.in_igraph",
        "constraint, networkx": "holes.in_networkx",
    }
    return [
        Contender(
            f"{name}, {shape}",
            function,
            {"people": size, "months": months, "memory": memory},
            shape,
            1 if "networkx" in name else None,
        )
        for shape, (size, months) in shapes.items()
        for name, function in functions.items()
    ]


def networks(people: int, months: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Ends, other ends and strengths of the undirected edges of each month."""
    for month in range(months):
        organisation = Organisation(round(1e6 * (people / 1000) ** (1 / 0.7)), seed=month)
        count = organisation.people
        one = np.repeat(np.arange(count), organisation.degree)
        other = organisation.contact
        packed = np.unique(np.minimum(one, other).astype(np.int64) * count + np.maximum(one, other))
        strength = np.random.default_rng(month).lognormal(0, 1.5, len(packed))
        yield packed // count, packed % count, strength


def in_kith(clock: Clock, people: int, months: int, memory: float) -> dict[str, float]:
    """Every model from the edges to the measures."""
    graph = Graph.load()
    with stages.empty(memory) as connection:
        for model in graph.models:
            connection.execute(f"CREATE TABLE {model.name} AS {model.text}")
        connection.execute(
            "INSERT INTO staging.months "
            "SELECT day, day + to_months(1), day + to_months(1), day, true "
            f"FROM (SELECT unnest(range({months})) AS n), "
            "LATERAL (SELECT (DATE '2024-01-01' + to_months(n))::DATE AS day)"
        )
        connection.execute("INSERT INTO staging.wanted_months FROM staging.months")
        for month, edges in enumerate(networks(people, months)):
            _insert(connection, month, *edges)
        with clock.lap("work"):
            for model in stages.between(graph, EDGES, [GOAL]):
                connection.execute(f"INSERT INTO {model.name} {model.text}")
        ((rows, total),) = connection.execute(
            f'SELECT count(*), sum("constraint") FROM {GOAL}'
        ).fetchall()
    return {"rows": rows, "sum": total}


def _insert(
    connection: duckdb.DuckDBPyConnection,
    month: int,
    one: np.ndarray,
    other: np.ndarray,
    strength: np.ndarray,
) -> None:
    rows = pa.table({"one": one, "other": other, "strength": strength})
    with registered(connection, rows):
        for ends in ("one, other", "other, one"):
            connection.execute(
                f"INSERT INTO {EDGES} (month, person_id, contact_id, strength) "
                f"SELECT (DATE '2024-01-01' + to_months({month}))::DATE, {ends}, strength "
                "FROM incoming"
            )


def in_igraph(clock: Clock, people: int, months: int, memory: float) -> dict[str, float]:
    """One graph after the other."""
    import igraph

    rows, total = 0, 0.0
    for one, other, strength in networks(people, months):
        with clock.lap("build the graphs"):
            graph = igraph.Graph(edges=np.column_stack([one, other]))
            weights = strength.tolist()
        with clock.lap("work"):
            found = np.array(graph.constraint(weights=weights))
        rows += np.isfinite(found).sum()
        total += np.nansum(found)
    return {"rows": int(rows), "sum": float(total)}


def in_networkx(clock: Clock, people: int, months: int, memory: float) -> dict[str, float]:
    """One graph after the other, through its matrices of all nodes at once."""
    import networkx as nx

    rows, total = 0, 0.0
    for one, other, strength in networks(people, months):
        with clock.lap("build the graphs"):
            graph = nx.Graph()
            graph.add_weighted_edges_from(
                zip(one.tolist(), other.tolist(), strength.tolist(), strict=True)
            )
        with clock.lap("work"):
            found = nx.constraint(graph, weight="weight")
        rows += len(found)
        total += sum(found.values())
    return {"rows": rows, "sum": total}
