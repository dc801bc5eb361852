"""Communities: the parts of a month's network, and which of them are the same from month to month.

Here: Leiden partitions through igraph, and the matching of one month's parts with the next's.
Not here: how SQL calls them (functions.py), the network (sql/staging/edges.sql).

Chance decides between equal steps of the Leiden algorithm. It is drawn from a fixed seed, anew for
every network, and people and edges come in a fixed order: the same network always falls into the
same parts, whatever else is computed before it or beside it.
"""

import random
import threading
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

SEED = 20190
# Each goes over the network once more; later ones hardly find anything.
ITERATIONS = 10
# igraph draws from one generator, whichever thread asks.
_chance = threading.Lock()


def leiden_parts(edges: pa.StructArray) -> tuple[pa.Array, pa.Array]:
    """Who belongs together in one network: the parts of greatest modularity that Leiden finds.

    in   person_id, contact_id, strength: one struct for each undirected edge, in a fixed order
    out  person_id; part_id, the smallest person_id of the part
    Source: Traag, Waltman & van Eck 2019, Scientific Reports 9:5233
    """
    # 30 MB that only those need who compute communities.
    import igraph

    here, there = edges.field("person_id"), edges.field("contact_id")
    people = pc.unique(pa.concat_arrays([here, there])).sort()
    ends = (pc.index_in(side, value_set=people).to_pylist() for side in (here, there))
    network = igraph.Graph(n=len(people), edges=zip(*ends, strict=True))
    with _chance:
        igraph.set_random_number_generator(random.Random(SEED))
        try:
            found = network.community_leiden(
                objective_function="modularity",
                weights=edges.field("strength").to_pylist(),
                n_iterations=ITERATIONS,
            )
        finally:
            igraph.set_random_number_generator(random)
    # People are sorted, so the first of a part is its smallest.
    smallest: dict[int, int] = {}
    for place, part in enumerate(found.membership):
        smallest.setdefault(part, place)
    first_places = pa.array([smallest[part] for part in found.membership], pa.int64())
    return people, people.take(first_places)


def lasting_communities(overlaps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Which parts of successive months are one community that lasts.

    A part carries on the community with which it shares most people, each community is carried on
    by one part at most, and a part that carries on none is a new one. Of equal overlaps that of the
    older community counts, then that of the part with the smaller id. Communities are numbered
    from 1 in the order of their birth, those of one month by part_id.

    in   month_number, part_id, earlier_part_id, shared_count: people of the part who were in that
         part the month before, or in none where it is null; ordered by month_number
    out  month_number, part_id, community_id
    """
    found = []
    earlier: dict[int, int] = {}
    born = 0
    for month_number, of_month in groupby(overlaps, key=itemgetter("month_number")):
        rows = list(of_month)
        current = dict(_carried_on(rows, earlier))
        for part in sorted({row["part_id"] for row in rows} - current.keys()):
            born += 1
            current[part] = born
        found += [
            {"month_number": month_number, "part_id": part, "community_id": community}
            for part, community in sorted(current.items())
        ]
        earlier = current
    return found


def _carried_on(rows: list[dict[str, Any]], earlier: dict[int, int]) -> Iterator[tuple[int, int]]:
    """Part and community of every match, the greatest overlap first."""
    candidates = sorted(
        (-row["shared_count"], earlier[row["earlier_part_id"]], row["part_id"])
        for row in rows
        if row["earlier_part_id"] is not None
    )
    parts, communities = set(), set()
    for _, community, part in candidates:
        if part not in parts and community not in communities:
            parts.add(part)
            communities.add(community)
            yield part, community
