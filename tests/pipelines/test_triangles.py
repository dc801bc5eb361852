"""Triangles: what the ends of every edge of a network have in common."""

import itertools
import random
from fractions import Fraction

import igraph
import networkx as nx
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import triangles

COLUMNS = {
    "first_id": pa.int64(),
    "second_id": pa.int64(),
    "first_share": pa.float64(),
    "second_share": pa.float64(),
    "first_marginal": pa.float64(),
    "second_marginal": pa.float64(),
}


def struct_array(edges):
    """Edges (ends, their shares, their marginal strengths) as the SQL hands them over."""
    rows = [dict(zip(COLUMNS, edge, strict=True)) for edge in edges]
    return pa.array(rows, pa.struct(list(COLUMNS.items())))


def found(edges):
    """Both ends -> shared contacts, contacts of either, sum of shares, of marginal strengths."""
    columns = (column.to_pylist() for column in triangles.shared_contacts(struct_array(edges)))
    return {(row[0], row[1]): row[len(COLUMNS) :] for row in zip(*columns, strict=True)}


def bare(pairs):
    """Edges of which every number is a half."""
    return [(*pair, 0.5, 0.5, 0.5, 0.5) for pair in pairs]


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
    return [(*pair, *(dice.random() for _ in range(4))) for pair in pairs]


def test_the_sums_of_one_triangle_and_a_tail_by_hand():
    # 1 - 2 - 3 - 1, and 4 knows only 3.
    edges = [
        (1, 2, 0.25, 0.36, 0.5, 0.6),
        (2, 3, 0.64, 0.16, 1.0, 0.3),
        (1, 3, 0.75, 0.12, 1.0, 0.2),
        (3, 4, 0.72, 1.0, 1.0, 1.0),
    ]
    assert found(edges) == {
        # Through 3: sqrt(.75 * .12 * .64 * .16), 1 * 1.
        (1, 2): (1, 1, pytest.approx(0.096, abs=1e-15), 1.0),
        # Through 1: sqrt(.25 * .36 * .75 * .12), .6 * .2.
        (2, 3): (1, 2, pytest.approx(0.09, abs=1e-15), pytest.approx(0.12, abs=1e-12)),
        # Through 2: sqrt(.25 * .36 * .64 * .16), .5 * .3.
        (1, 3): (1, 2, pytest.approx(0.096, abs=1e-15), pytest.approx(0.15, abs=1e-12)),
        (3, 4): (0, 2, 0.0, 0.0),
    }


def test_a_network_without_a_fork_has_no_triangle():
    assert found(bare([(7, 3)])) == {(7, 3): (0, 0, 0.0, 0.0)}
    assert found(bare([(1, 2), (3, 4)])) == dict.fromkeys([(1, 2), (3, 4)], (0, 0, 0.0, 0.0))


def test_other_fields_go_through():
    edges = struct_array(bare([(1, 2), (2, 3)]))
    named = pa.StructArray.from_arrays(
        [*edges.flatten(), pa.array(["a", "b"])], names=[*COLUMNS, "name"]
    )
    assert triangles.shared_contacts(named)[len(COLUMNS)].to_pylist() == ["a", "b"]


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
    share, marginal = {}, {}
    for one, other, *numbers in edges:
        share[one, other] = share[other, one] = numbers[0] * numbers[1]
        marginal[one, other], marginal[other, one] = numbers[2:]
    graph = nx.Graph(edge[:2] for edge in edges)
    for (one, other), (*_, shares, marginals) in found(edges).items():
        shared = set(graph[one]) & set(graph[other])
        assert shares == pytest.approx(
            sum((share[one, q] * share[other, q]) ** 0.5 for q in shared), abs=1e-12
        )
        exact = sum(Fraction(marginal[one, q]) * Fraction(marginal[other, q]) for q in shared)
        assert marginals == pytest.approx(float(exact), abs=1e-10)


@given(networks(), st.sampled_from([20, 100, 1000]))
def test_the_same_bytes_in_any_order_and_in_pieces_of_any_size(edges, size):
    whole = found(edges)
    sizes = {"FORKS": size, "CELLS": size}
    with pytest.MonkeyPatch.context() as patch:
        for name, number in sizes.items():
            patch.setattr(triangles, name, number)
        assert found(edges[::-1]) == whole
