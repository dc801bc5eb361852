"""metrics.network_diversity: Burt's measures, entropy, clustering, visibility."""

import itertools
import math
import random

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

BURT = [
    ("A", "B", 2.0),
    ("A", "F", 3.0),
    ("A", "G", 5.0),
    ("A", "E", 2.0),
    ("E", "G", 8.0),
    ("F", "G", 3.0),
    ("B", "G", 4.0),
    ("B", "D", 1.0),
    ("D", "G", 3.0),
    ("G", "C", 10.0),
]
KITE = "01 02 03 05 13 14 16 23 25 34 35 36 46 56 57 67 78 89".split()


def diversity(world, edges, column):
    """Name -> value of one column, for a network of (one end, other end, strength)."""
    return diversities(world, edges, [column])[column]


def diversities(world, edges, columns):
    """The same of several columns, computed once."""
    world.network(edges)
    world.build("metrics.network_diversity")
    names = {key: address.partition("@")[0] for address, key in world._keys.items()}
    rows = world.rows("metrics.network_diversity")
    return {
        column: {names[row.person_id]: getattr(row, column) for row in rows} for column in columns
    }


def unweighted(edges):
    return [(one, other, 1.0) for one, other, *_ in edges]


def close(expected):
    return pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (
            "constraint",
            [0.595486, 0.642747, 1, 0.784722, 0.730903, 0.730903, 0.400270],
        ),
        ("effective_size", [2.5, 1.666667, 1, 1, 1, 1, 4.666667]),
        (
            "hierarchy",
            [0.167751, 0.073738, 1, 0.012748, 0.003425, 0.003425, 0.094749],
        ),
    ],
)
def test_burts_example_without_weights(world, column, expected):
    found = diversity(world, unweighted(BURT), column)
    assert found == close(dict(zip("ABCDEFG", expected, strict=True)))


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (
            "constraint",
            [0.794955, 0.812748, 1, 0.913413, 0.883455, 0.833233, 0.298852],
        ),
        ("effective_size", [2.475, 1.671429, 1, 1.15, 1.1, 1.25, 5.471717]),
        (
            "hierarchy",
            [0.395089, 0.420695, 1, 0.450191, 0.479942, 0.030325, 0.124776],
        ),
    ],
)
def test_burts_example_with_weights(world, column, expected):
    found = diversity(world, BURT, column)
    assert found == close(dict(zip("ABCDEFG", expected, strict=True)))


@pytest.mark.parametrize("n", [2, 3, 5, 9])
def test_where_everybody_knows_everybody(world, n):
    edges = [(f"p{i}", f"p{j}", 1.0) for i, j in itertools.combinations(range(n), 2)]
    constraint = (2 * n - 3) ** 2 / (n - 1) ** 3
    assert diversity(world, edges, "constraint") == close({f"p{i}": constraint for i in range(n)})
    assert diversity(world, edges, "effective_size") == close({f"p{i}": 1 for i in range(n)})


def test_a_star_is_open_at_its_centre_and_closed_at_its_leaves(world):
    edges = [("centre", leaf, 1.0) for leaf in ("a", "b", "c", "d")]
    leaves = dict.fromkeys("abcd", 1)
    assert diversity(world, edges, "constraint") == close({"centre": 0.25} | leaves)
    assert diversity(world, edges, "effective_size") == close({"centre": 4} | leaves)
    assert diversity(world, edges, "hierarchy") == close({"centre": 0} | leaves)
    assert diversity(world, edges, "clustering") == {"centre": 0} | dict.fromkeys("abcd")


def test_krackhardts_kite(world):
    constraints = [0.541198, 0.541198, 0.664136, 0.470170, 0.664136, 0.445089, 0.445089]
    constraints += [0.431111, 0.5, 1]
    edges = [(one, other, 1.0) for one, other in KITE]
    assert diversity(world, edges, "constraint") == close(
        {str(node): value for node, value in enumerate(constraints)}
    )


def test_eagles_entropy(world):
    edges = [("0", "1", 3.0), ("0", "2", 2.0), ("1", "2", 8.0), ("1", "3", 1.0), ("2", "3", 1.0)]
    expected = {"0": 0.970951, "1": 0.75, "2": 0.691370, "3": 1}
    assert diversity(world, edges, "entropy") == close(expected)


def test_entropy_of_four_shares(world):
    edges = [("ego", "a", 10.0), ("ego", "b", 5.0), ("ego", "c", 3.0), ("ego", "d", 2.0)]
    found = diversity(world, edges, "entropy")
    assert found["ego"] == close(0.871369)
    assert found["a"] == 0


def test_contacts_and_their_strength_are_the_rows_of_tie_strength_with_a_share(world):
    for sender, to, day in [
        ("ann", "bob", "2024-03-01"),
        ("bob", "ann", "2024-03-02"),
        ("ann", "cat", "2024-03-03"),  # one way: no edge
        ("ann", "dan", "2023-11-01"),  # both ways, of which one left the window
        ("dan", "ann", "2024-03-04"),
    ]:
        world.mail(day, sender, to=[to])
    world.build("metrics.network_diversity", "metrics.tie_strength")
    month = "2024-03"
    (network,) = world.rows("metrics.network_diversity", person_id="ann", month=month)
    ties = world.rows("metrics.tie_strength", person_id="ann", month=month)
    strengths = [tie.strength for tie in ties if tie.share is not None]
    assert (network.contact_count, len(ties)) == (len(strengths), 3) == (1, 3)
    assert network.total_strength == close(sum(strengths))


def test_strong_ties_and_total_strength(world):
    edges = [("ego", "a", 1.0), ("ego", "b", 0.99), ("ego", "c", 3.0)]
    assert diversity(world, edges, "strong_count")["ego"] == 2
    assert diversity(world, edges, "total_strength")["ego"] == close(4.99)
    assert diversity(world, edges, "contact_count")["ego"] == 3


def test_visible_share_is_the_strength_with_contacts_whose_mailboxes_are_read(world):
    world.given(
        "staging.mailboxes",
        [
            {"mailbox_id": "a", "person_id": world.key("a"), "first_covered_at": "2024-01-05"},
            {"mailbox_id": "b", "person_id": world.key("b"), "first_covered_at": "2024-06-01"},
        ],
    )
    edges = [("ego", "a", 1.0), ("ego", "b", 2.0), ("ego", "c", 1.0)]
    assert diversity(world, edges, "visible_share")["ego"] == 0.25


def random_network(seed, with_hub):
    """A weighted graph of 24 with strengths over three orders of magnitude."""
    dice = random.Random(seed)
    edges = {
        (i, j): 10 ** dice.uniform(-1.5, 1.5)
        for i, j in itertools.combinations(range(24), 2)
        if dice.random() < (0.9 if with_hub and i == 0 else 0.2)
    }
    graph = nx.Graph()
    graph.add_weighted_edges_from((i, j, weight) for (i, j), weight in edges.items())
    return graph


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("with_hub", [False, True])
def test_networkx_finds_the_same(world, seed, with_hub):
    graph = random_network(seed, with_hub)
    edges = [(f"p{i}", f"p{j}", weight) for i, j, weight in graph.edges(data="weight")]
    # networkx 3.6 is wrong on weighted graphs unless it is told the nodes.
    sizes = nx.effective_size(graph, nodes=list(graph), weight="weight")
    theirs = {
        "constraint": nx.constraint(graph, weight="weight"),
        "effective_size": sizes,
        "efficiency": {node: size / graph.degree(node) for node, size in sizes.items()},
        "clustering": {
            node: value if graph.degree(node) > 1 else None
            for node, value in nx.clustering(graph).items()
        },
        "contact_count": dict(graph.degree()),
        "total_strength": dict(graph.degree(weight="weight")),
    }
    ours = diversities(world, edges, theirs)
    for column, values in theirs.items():
        expected = {f"p{node}": value for node, value in values.items()}
        assert ours[column] == pytest.approx(expected, abs=1e-9), column


@st.composite
def drawn_networks(draw):
    """Up to 20 people, a hub or none, a pair that nobody else knows, and strengths of any size."""
    people = draw(st.integers(2, 18))
    pairs = list(itertools.combinations(range(people), 2))
    chosen = draw(st.sets(st.sampled_from(pairs), min_size=1))
    if draw(st.booleans()):
        chosen |= {(0, other) for other in range(1, people)}
    if draw(st.booleans()):
        chosen.add((100, 101))
    strengths = st.floats(0.01, 500)
    graph = nx.Graph()
    graph.add_weighted_edges_from((*pair, draw(strengths)) for pair in sorted(chosen))
    return graph


@given(graphs=st.lists(drawn_networks(), min_size=1, max_size=5))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_networkx_finds_the_same_in_any_network(world, graphs):
    world.networks(
        [[(f"p{i}", f"p{j}", w) for i, j, w in graph.edges(data="weight")] for graph in graphs]
    )
    world.build("metrics.network_diversity")
    rows = {
        (row.month.month, row.person_id): row for row in world.rows("metrics.network_diversity")
    }
    assert len(rows) == sum(map(len, graphs))
    for month, graph in enumerate(graphs, start=1):
        constraints = nx.constraint(graph, weight="weight")
        sizes = nx.effective_size(graph, nodes=list(graph), weight="weight")
        for node in graph:
            row = rows[month, world.key(f"p{node}")]
            assert row.constraint == pytest.approx(constraints[node], rel=1e-6)
            assert row.effective_size == pytest.approx(sizes[node], rel=1e-6, abs=1e-6)
            assert 1 - 1e-6 <= row.effective_size <= row.contact_count
            if row.contact_count > 1:
                assert row.clustering == pytest.approx(nx.clustering(graph, node))


@pytest.mark.parametrize("seed", range(4))
def test_only_proportions_matter(world, seed):
    edges = [(f"p{i}", f"p{j}", w) for i, j, w in random_network(seed, True).edges(data="weight")]
    larger = [(one, other, 1000 * weight) for one, other, weight in edges]
    columns = ("constraint", "entropy", "effective_size", "hierarchy")
    found, found_larger = (diversities(world, these, columns) for these in (edges, larger))
    for column in columns:
        assert found[column] == close(found_larger[column]), column


@pytest.mark.parametrize("seed", range(4))
def test_bounds_hold(world, seed):
    edges = [(f"p{i}", f"p{j}", w) for i, j, w in random_network(seed, True).edges(data="weight")]
    world.network(edges)
    world.build("metrics.network_diversity")
    for row in world.rows("metrics.network_diversity"):
        assert 1 - 1e-9 <= row.effective_size <= row.contact_count
        assert 0 <= row.hierarchy <= 1
        assert 0 <= row.entropy <= 1
        assert row.constraint > 0
        assert not any(math.isnan(v) for v in vars(row).values() if isinstance(v, float))


def test_people_elsewhere_change_nothing(world):
    before = diversity(world, BURT, "constraint")
    after = diversity(world, [*BURT, ("X", "Y", 7.0)], "constraint")
    assert {name: after[name] for name in before} == before


def test_months_do_not_mix(world):
    world.network(BURT)
    world.months("2024-01", 2)
    world.execute(
        "INSERT INTO staging.edges BY NAME "
        "SELECT DATE '2024-02-01' AS month, person_id, contact_id, 1 AS strength FROM staging.edges"
    )
    world.build("metrics.network_diversity")
    found = {
        row.month.month: row.constraint
        for row in world.rows("metrics.network_diversity", person_id="A")
    }
    assert found == close({1: 0.794955, 2: 0.595486})
