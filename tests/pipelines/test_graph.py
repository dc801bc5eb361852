"""Communities: what Leiden finds in one network, and which communities last."""

import itertools
import random
from concurrent.futures import ThreadPoolExecutor

import igraph
import networkx as nx
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.graph import ITERATIONS, SEED, lasting_communities, leiden_parts


def struct_array(edges):
    """Edges (one end, other end, strength) as the SQL hands them over."""
    rows = [
        {"person_id": min(one, other), "contact_id": max(one, other), "strength": strength}
        for one, other, strength in edges
    ]
    rows.sort(key=lambda row: (row["person_id"], row["contact_id"]))
    kind = [("person_id", pa.int64()), ("contact_id", pa.int64()), ("strength", pa.float64())]
    return pa.array(rows, pa.struct(kind))


def parts_of(edges):
    """Person -> part."""
    people, parts = leiden_parts(struct_array(edges))
    return dict(zip(people.to_pylist(), parts.to_pylist(), strict=True))


def groups_of(parts):
    groups = {}
    for person, part in parts.items():
        groups.setdefault(part, set()).add(person)
    return groups


def clique(people):
    return [(one, other, 1.0) for one, other in itertools.combinations(people, 2)]


@st.composite
def networks(draw):
    """Random weighted networks, some with a hub, some in pieces."""
    dice = random.Random(draw(st.integers(0, 10**6)))
    people = draw(st.integers(3, 40))
    density = draw(st.sampled_from([0.05, 0.15, 0.4]))
    has_hub = draw(st.booleans())
    edges = [
        (10 * one + 3, 10 * other + 3, 10 ** dice.uniform(-1.5, 1.5))
        for one, other in itertools.combinations(range(people), 2)
        if dice.random() < (0.9 if has_hub and one == 0 else density)
    ]
    return edges or [(3, 13, 1.0)]


def modularity(edges, parts):
    graph = nx.Graph()
    graph.add_weighted_edges_from(edges)
    return nx.community.modularity(graph, groups_of(parts).values(), weight="weight")


def test_two_circles_that_one_tie_joins_are_two_communities_named_for_their_smallest_members():
    edges = [*clique([5, 6, 7, 8]), *clique([1, 2, 3, 9]), (8, 9, 0.5)]
    assert groups_of(parts_of(edges)) == {1: {1, 2, 3, 9}, 5: {5, 6, 7, 8}}


def test_strength_decides_where_somebody_between_two_circles_belongs():
    circles = [*clique([1, 2, 3]), *clique([5, 6, 7])]
    first, second = [(4, 1), (4, 2)], [(4, 5), (4, 6)]
    for near, far, part in ((first, second, 1), (second, first, 4)):
        ties = [(*tie, 1.0) for tie in near] + [(*tie, 0.2) for tie in far]
        assert parts_of([*circles, *ties])[4] == part


def test_people_in_other_pieces_of_the_network_are_in_other_communities():
    assert parts_of([(1, 2, 1.0), (3, 4, 9.0)]) == {1: 1, 2: 1, 3: 3, 4: 3}


@given(networks())
def test_no_part_is_in_pieces_and_every_part_bears_its_smallest_member(edges):
    graph = nx.Graph()
    graph.add_weighted_edges_from(edges)
    parts = parts_of(edges)
    assert parts.keys() == set(graph)
    for part, members in groups_of(parts).items():
        assert part == min(members)
        assert nx.is_connected(graph.subgraph(members))


@given(networks())
def test_modularity_is_what_igraph_reaches_from_the_same_seed(edges):
    people = sorted({end for edge in edges for end in edge[:2]})
    place = {person: number for number, person in enumerate(people)}
    ordered = sorted((min(a, b), max(a, b), weight) for a, b, weight in edges)
    graph = igraph.Graph(n=len(people), edges=[(place[a], place[b]) for a, b, _ in ordered])
    weights = [weight for *_, weight in ordered]
    igraph.set_random_number_generator(random.Random(SEED))
    theirs = graph.community_leiden("modularity", weights=weights, n_iterations=ITERATIONS)
    igraph.set_random_number_generator(random)
    reached = graph.modularity(theirs.membership, weights=weights)
    assert modularity(edges, parts_of(edges)) == pytest.approx(reached, abs=1e-9)


@given(networks())
def test_leiden_is_not_worse_than_louvain_by_more_than_chance(edges):
    graph = nx.Graph()
    graph.add_weighted_edges_from(edges)
    louvain = nx.community.louvain_communities(graph, weight="weight", seed=1)
    theirs = nx.community.modularity(graph, louvain, weight="weight")
    assert modularity(edges, parts_of(edges)) >= theirs - 0.05


def test_what_is_computed_before_or_beside_it_changes_no_partition():
    dice = random.Random(5)
    edges = [
        (one, other, dice.random())
        for one, other in itertools.combinations(range(120), 2)
        if dice.random() < 0.05
    ]
    alone = parts_of(edges)
    random.seed(7)
    parts_of(clique(range(30)))
    assert parts_of(edges) == alone
    with ThreadPoolExecutor(4) as threads:
        assert all(found == alone for found in threads.map(parts_of, [edges] * 8))


def test_the_interpreters_own_chance_is_left_alone():
    random.seed(3)
    expected = [random.random() for _ in range(3)]
    random.seed(3)
    parts_of(clique(range(20)))
    assert [random.random() for _ in range(3)] == expected


def lasting(*months):
    """Partitions by month, each a list of sets -> by month the community of each set, in order."""
    overlaps = []
    for number, parts in enumerate(months, start=1):
        earlier = months[number - 2] if number > 1 else []
        for part in sorted(parts, key=min):
            found = [(min(old), len(part & old)) for old in earlier if part & old]
            strangers = len(part - set().union(*earlier))
            for old, count in [*found, *([(None, strangers)] if strangers else [])]:
                row = {"month_number": number, "part_id": min(part), "earlier_part_id": old}
                overlaps.append(row | {"shared_count": count})
    answers = {
        (row["month_number"], row["part_id"]): row["community_id"]
        for row in lasting_communities(overlaps)
    }
    return [
        [answers[number, min(part)] for part in parts] for number, parts in enumerate(months, 1)
    ]


def test_a_community_keeps_its_number_while_people_come_and_go():
    assert lasting([{1, 2, 3}, {4, 5}], [{2, 3, 9}, {4, 5, 1}], [{9, 3}, {1, 4}]) == [
        [1, 2],
        [1, 2],
        [1, 2],
    ]


def test_of_a_community_that_splits_the_larger_part_goes_on_and_the_other_is_new():
    assert lasting([{1, 2, 3, 4, 5}], [{1, 2}, {3, 4, 5}]) == [[1], [2, 1]]


def test_of_two_that_merge_the_one_with_more_people_goes_on():
    assert lasting([{1, 2}, {3, 4, 5}], [{1, 2, 3, 4, 5}]) == [[1, 2], [2]]


def test_of_equal_overlaps_the_older_community_goes_on_in_the_part_with_the_smaller_id():
    assert lasting([{1, 2}, {3, 4}], [{1, 2, 3, 4}]) == [[1, 2], [1]]
    assert lasting([{1, 2, 3, 4}], [{1, 2}, {3, 4}]) == [[1], [1, 2]]


def test_a_number_is_never_given_again():
    assert lasting([{1, 2}], [{3, 4}], [{1, 2}]) == [[1], [2], [3]]


def test_a_great_overlap_is_not_lost_to_a_small_one_of_an_older_community():
    first = [{1, 2, 3}, {4, 5, 6}]
    second = [{3, 4, 5, 6}, {1, 2}]
    assert lasting(first, second) == [[1, 2], [2, 1]]


def test_no_network_has_no_communities():
    assert lasting_communities([]) == []
