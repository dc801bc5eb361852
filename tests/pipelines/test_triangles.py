"""Triangles: what the ends of every edge of a network have in common."""

import collections
import functools
import itertools
import math
import random
from fractions import Fraction

import igraph
import networkx as nx
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import triangles

EDGE = pa.struct({"first_id": pa.int64(), "second_id": pa.int64(), "strength": pa.float64()})
PERSON = pa.struct(
    {"person_id": pa.int64(), "total_strength": pa.float64(), "greatest_strength": pa.float64()}
)


def strengths(edges):
    """Person -> the strength of each edge."""
    found = collections.defaultdict(list)
    for one, other, strength in edges:
        found[one].append(strength)
        found[other].append(strength)
    return found


def rows(edges):
    """Both ends -> what the function gives for it: the shares and all that follows."""
    people = [(person, math.fsum(all_), max(all_)) for person, all_ in strengths(edges).items()]
    lists = (
        pa.array([dict(zip(kind.names, row, strict=True)) for row in values], kind)
        for kind, values in ((EDGE, edges), (PERSON, people))
    )
    columns = (column.to_pylist() for column in triangles.shared_contacts(*lists))
    return {row[:2]: row[3:] for row in zip(*columns, strict=True)}


def found(edges):
    """Both ends -> shared contacts, contacts of either, sum of shares, of marginal strengths."""
    return {ends: row[4:] for ends, row in rows(edges).items()}


def alike(pairs):
    """Edges of one strength."""
    return [(*pair, 0.5) for pair in pairs]


@st.composite
def networks(draw):
    """Random networks, some with a hub, some in pieces; ids far apart, in any order."""
    dice = random.Random(draw(st.integers(0, 10**6)))
    people = dice.sample(range(-(2**61), 2**61), draw(st.integers(2, 24)))
    density = draw(st.sampled_from([0.05, 0.15, 0.4, 1]))
    has_hub = draw(st.booleans())
    pairs = [
        (one, other)
        for place, (one, other) in enumerate(itertools.combinations(people, 2))
        if place == 0 or dice.random() < (0.9 if has_hub and one == people[0] else density)
    ]
    dice.shuffle(pairs)
    return [(*pair, dice.lognormvariate(0, 1.5)) for pair in pairs]


def test_one_triangle_and_a_tail_by_hand():
    # 1 - 2 - 3 - 1, and 4 knows only 3; in all 4, 5, 25 and 18 strong, at most 3, 4, 18 and 18.
    edges = [(1, 2, 1), (2, 3, 4), (1, 3, 3), (3, 4, 18)]
    near = functools.partial(pytest.approx, abs=1e-12)
    assert rows(edges) == {
        # Through 3: p_13 p_31 p_23 p_32, m_13 m_23.
        (1, 2): (1 / 4, 1 / 5, 1 / 3, 1 / 4, 1, 1, near((0.75 * 0.12 * 0.8 * 0.16) ** 0.5), 1),
        # Through 1: p_21 p_12 p_31 p_13, m_21 m_31.
        (2, 3): (4 / 5, 4 / 25, 1, 4 / 18, 1, 2, near(0.0045**0.5), near(1 / 4 * 3 / 18)),
        # Through 2: p_12 p_21 p_32 p_23, m_12 m_32.
        (1, 3): (3 / 4, 3 / 25, 1, 3 / 18, 1, 2, near(0.08), near(1 / 3 * 4 / 18)),
        (3, 4): (18 / 25, 1, 1, 1, 0, 2, 0, 0),
    }


def test_a_share_is_never_more_than_the_whole():
    edges = pa.array([{"first_id": 1, "second_id": 2, "strength": 0.3}], EDGE)
    # The one edge of both, each with a total that was rounded.
    people = [
        {"person_id": place, "total_strength": 0.3 - 1e-13, "greatest_strength": 0.3}
        for place in (1, 2)
    ]
    answer = triangles.shared_contacts(edges, pa.array(people, PERSON))
    assert [column.to_pylist() for column in answer[3:5]] == [[1], [1]]


def test_a_network_without_a_fork_has_no_triangle():
    assert found(alike([(7, 3)])) == {(7, 3): (0, 0, 0.0, 0.0)}
    assert found(alike([(1, 2), (3, 4)])) == dict.fromkeys([(1, 2), (3, 4)], (0, 0, 0.0, 0.0))


def test_a_part_of_a_longer_list_is_read_from_its_place():
    # DuckDB hands over the lists of all months in one, each as a part of it.
    edges = pa.array([{"first_id": 8, "second_id": 9, "strength": 9.0}] * 3, EDGE).slice(2)
    people = pa.array(
        [
            {"person_id": place, "total_strength": 9.0 * place, "greatest_strength": 9.0}
            for place in range(10)
        ],
        PERSON,
    )
    answer = triangles.shared_contacts(edges, people.slice(8))
    assert [column.to_pylist() for column in answer[:5]] == [[8], [9], [9.0], [1 / 8], [1 / 9]]


@given(networks())
def test_counts_are_those_of_networkx_and_igraph(edges):
    graph = nx.Graph(edge[:2] for edge in edges)
    mine = found(edges)
    for (one, other), (shared, either, *_) in mine.items():
        assert shared == len(set(graph[one]) & set(graph[other]))
        assert either == len(set(graph[one]) | set(graph[other])) - 2
    theirs = igraph.Graph.TupleList(edge[:2] for edge in edges)
    assert sum(shared for shared, *_ in mine.values()) == 3 * len(theirs.list_triangles())


@given(networks())
def test_sums_are_those_over_all_shared_contacts_one_by_one(edges):
    all_strengths = strengths(edges)
    share, marginal = {}, {}
    for one, other, strength in edges:
        for here, there in ((one, other), (other, one)):
            share[here, there] = strength / math.fsum(all_strengths[here])
            marginal[here, there] = strength / max(all_strengths[here])
    graph = nx.Graph(edge[:2] for edge in edges)
    for (i, j), (p_ij, p_ji, m_ij, m_ji, _, _, shares, marginals) in rows(edges).items():
        assert (p_ij, p_ji) == pytest.approx((share[i, j], share[j, i]), abs=1e-15)
        assert (m_ij, m_ji) == (marginal[i, j], marginal[j, i])
        shared = set(graph[i]) & set(graph[j])
        assert shares == pytest.approx(
            sum((share[i, q] * share[q, i] * share[j, q] * share[q, j]) ** 0.5 for q in shared),
            abs=1e-12,
        )
        exact = sum(Fraction(marginal[i, q]) * Fraction(marginal[j, q]) for q in shared)
        assert marginals == pytest.approx(float(exact), abs=1e-10)


@given(networks(), st.sampled_from([20, 100, 1000]))
def test_the_same_bytes_in_any_order_and_in_pieces_of_any_size(edges, size):
    whole = found(edges)
    sizes = {"FORKS": size, "CELLS": size}
    with pytest.MonkeyPatch.context() as patch:
        for name, number in sizes.items():
            patch.setattr(triangles, name, number)
        assert found(edges[::-1]) == whole
