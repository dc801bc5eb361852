"""staging.partitions, lasting_communities, mixes: where people belong, and how they spread."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sql.test_network_diversity import random_network


def clique(*people, strength=1.0):
    return [(one, other, strength) for one, other in itertools.combinations(people, 2)]


def communities(world):
    """Month of the year -> name -> community."""
    found = {}
    names = {key: address.partition("@")[0] for address, key in world._keys.items()}
    for row in world.rows("staging.lasting_communities"):
        found.setdefault(row.month.month, {})[names[row.person_id]] = row.community_id
    return found


def test_circles_keep_their_number_from_month_to_month(world):
    sales, design = ("ann", "bob", "cat"), ("dan", "eve", "fay")
    bridge = [("cat", "dan", 0.1)]
    world.networks(
        [
            [*clique(*sales), *clique(*design), *bridge],
            # Cat moves over, and gus is new in sales.
            [*clique("ann", "bob", "gus"), *clique(*design, "cat"), ("ann", "cat", 0.1)],
            [],
            [*clique("ann", "bob", "gus"), *clique("dan", "cat"), *clique("ian", "joe")],
        ]
    )
    world.build("staging.lasting_communities")
    found = communities(world)
    assert found[1] == dict.fromkeys(sales, 1) | dict.fromkeys(design, 2)
    assert found[2] == dict.fromkeys(("ann", "bob", "gus"), 1) | dict.fromkeys((*design, "cat"), 2)
    assert 3 not in found
    assert found[4] == {"ann": 1, "bob": 1, "gus": 1, "dan": 2, "cat": 2, "ian": 3, "joe": 3}


def test_a_month_alone_gets_the_numbers_it_has_among_all(world):
    months = [[("a", "b", 1.0), *clique("c", "d", f"p{n}")] for n in range(5)]
    world.networks(months)
    world.build("staging.lasting_communities")
    whole = world.contents("staging.lasting_communities")
    world.execute("DELETE FROM staging.lasting_communities")
    for number in (4, 1, 3, 5, 2):
        world.build("staging.lasting_communities", wanted=[f"2024-0{number}"])
    assert world.contents("staging.lasting_communities") == whole


def test_participation_of_three_communities(world):
    world.network([("ego", "a", 5.0), ("ego", "b", 3.0), ("ego", "c", 2.0)])
    world.given(
        "staging.lasting_communities",
        [
            {"month": "2024-01-01", "person_id": world.key(name), "community_id": number}
            for name, number in {"ego": 2, "a": 1, "b": 2, "c": 3}.items()
        ],
    )
    world.build("metrics.network_diversity")
    row = world.row("metrics.network_diversity", person_id="ego")
    assert row.community_id == 2
    assert row.participation == pytest.approx(0.62, abs=1e-12)
    assert row.clique_share == pytest.approx(0.3, abs=1e-12)
    leaf = world.row("metrics.network_diversity", person_id="a")
    assert (leaf.participation, leaf.clique_share) == (0, 0)


@given(seeds=st.lists(st.integers(0, 10**6), min_size=1, max_size=6), with_hub=st.booleans())
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_participation_and_clique_share_are_what_numpy_makes_of_the_communities(
    world, seeds, with_hub
):
    graphs = [random_network(seed, with_hub) for seed in seeds]
    world.networks(
        [[(f"p{i}", f"p{j}", w) for i, j, w in graph.edges(data="weight")] for graph in graphs]
    )
    world.build("metrics.network_diversity")
    rows = world.rows("metrics.network_diversity")
    assert len(rows) == sum(len(graph) for graph in graphs)
    for month, graph in enumerate(graphs, start=1):
        of_month = {row.person_id: row for row in rows if row.month.month == month}
        for node in graph:
            own = of_month[world.key(f"p{node}")]
            strengths = {}
            for contact, edge in graph[node].items():
                community = of_month[world.key(f"p{contact}")].community_id
                strengths.setdefault(community, []).append(edge["weight"])
            sums = np.array([sum(weights) for weights in strengths.values()])
            expected = 1 - np.sum((sums / sums.sum()) ** 2)
            assert own.participation == pytest.approx(expected, abs=1e-9)
            inside = sum(strengths.get(own.community_id, [])) / sums.sum()
            assert own.clique_share == pytest.approx(inside, abs=1e-9)
