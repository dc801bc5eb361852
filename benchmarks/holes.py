"""Burt's measures of everybody: over 24 monthly networks, and over one ten times as large.

Against igraph and networkx. All start from the same edges, as kith has them: one table of all
months in which every edge stands twice, and people have ids that are no places in a list. To get
the months out of it and to build the graphs are laps of their own, each done in the fastest way
that was found.

igraph and networkx compute constraint alone. kith computes effective size, efficiency, constraint,
hierarchy, clustering and entropy, of all months in one query; another query would be needed for
constraint alone, so there is no such figure of kith.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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


def table(people: int, months: int) -> pa.Table:
    """The edges of all months, both ways, as staging.edges has them."""
    # No two people of a month get the same, and no id is near another.
    ids = np.random.default_rng(people).integers(2**62, size=2 * people).astype(np.int64)
    parts = []
    for month, (one, other, strength) in enumerate(networks(people, months)):
        first = np.datetime64("2024-01", "M") + month
        parts += [
            pa.table(
                {
                    "month": np.full(len(strength), first.astype("datetime64[D]")),
                    "person_id": ids[end],
                    "contact_id": ids[far],
                    "strength": strength,
                }
            )
            for end, far in ((one, other), (other, one))
        ]
    return pa.concat_tables(parts)


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
        with registered(connection, table(people, months)):
            connection.execute(f"INSERT INTO {EDGES} BY NAME FROM incoming")
        with clock.lap("work"):
            for model in stages.between(graph, EDGES, [GOAL]):
                connection.execute(f"INSERT INTO {model.name} {model.text}")
        ((rows, total),) = connection.execute(
            f'SELECT count(*), sum("constraint") FROM {GOAL}'
        ).fetchall()
    return {"rows": rows, "sum": total}


def by_month(edges: pa.Table) -> Iterator[pa.Table]:
    """The edges of each month, every one once."""
    once = edges.filter(pc.field("person_id") < pc.field("contact_id"))
    for month in pc.unique(once["month"]):
        yield once.filter(pc.field("month") == month)


def in_igraph(clock: Clock, people: int, months: int, memory: float) -> dict[str, float]:
    """One graph after the other."""
    import igraph

    edges = table(people, months)
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


def in_networkx(clock: Clock, people: int, months: int, memory: float) -> dict[str, float]:
    """One graph after the other, through its matrices of all nodes at once."""
    import networkx as nx

    edges = table(people, months)
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
