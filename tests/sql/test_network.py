"""metrics.network: mutuality and size of the whole network, on all and on a constant panel."""

import random

import networkx as nx
import pytest


def windows(world, mail, meetings=(), month="2024-01", count=1):
    """Let mail (sender, receiver, weight) be all that passed in the windows of every month."""
    world.months(month, count)
    pairs = {}
    for sender, receiver, weight in mail:
        one, other = world.key(sender), world.key(receiver)
        there = one < other
        row = pairs.setdefault((min(one, other), max(one, other)), dict.fromkeys(COLUMNS, 0))
        row["there_mail_count" if there else "back_mail_count"] += 1
        row["there_mail_weight" if there else "back_mail_weight"] += weight
    for one, other in meetings:
        ends = sorted((world.key(one), world.key(other)))
        pairs.setdefault(tuple(ends), dict.fromkeys(COLUMNS, 0))["meeting_count"] += 1
    months = [row.month for row in world.rows("staging.months")]
    world.given(
        "staging.tie_windows",
        [
            {"month": month, "first_id": first, "second_id": second, **row}
            for month in months
            for (first, second), row in pairs.items()
        ],
    )


COLUMNS = (
    "there_mail_count",
    "back_mail_count",
    "there_mail_weight",
    "back_mail_weight",
    "meeting_count",
)


def network(world, scope="all", **where):
    world.build("metrics.network")
    return world.row("metrics.network", scope=scope, **where)


def test_weight_that_is_returned(world):
    mail = [("1", "2", 5.0), ("2", "1", 3.0), ("2", "3", 2.0), ("3", "1", 4.0)]
    windows(world, mail)
    world.given("staging.edges")
    assert network(world).reciprocity == pytest.approx(0.428571, abs=1e-6)


def test_links_that_are_returned(world):
    windows(world, [(*pair, 1.0) for pair in "01 02 03 10 23 32".split()])
    world.given("staging.edges")
    row = network(world)
    assert row.mutual_share == 0.5
    assert row.link_reciprocity == pytest.approx(2 / 3, abs=1e-12)
    assert row.link_reciprocity_rho == pytest.approx(1 / 3, abs=1e-12)


def test_where_everybody_writes_to_everybody_rho_says_nothing(world):
    windows(world, [("a", "b", 1.0), ("b", "a", 1.0)])
    world.given("staging.edges")
    row = network(world)
    assert (row.mutual_share, row.link_reciprocity, row.reciprocity) == (1, 1, 1)
    assert row.link_reciprocity_rho is None


def test_meetings_are_no_links(world):
    windows(world, [], meetings=[("a", "b")])
    world.given("staging.edges")
    row = network(world)
    assert (row.people_count, row.tie_count, row.mean_strength) == (0, 0, None)
    assert (row.reciprocity, row.mutual_share, row.link_reciprocity) == (None, None, None)


def test_people_ties_and_mean_strength_are_those_of_the_network(world):
    windows(world, [("a", "b", 1.0), ("b", "a", 1.0)], meetings=[("b", "c"), ("c", "d")])
    world.network([("a", "b", 3.0), ("b", "c", 1.0)])
    row = network(world)
    assert (row.people_count, row.tie_count, row.mean_strength) == (3, 2, 2)


@pytest.mark.parametrize("seed", range(3))
def test_networkx_finds_the_same_reciprocity(world, seed):
    dice = random.Random(seed)
    links = [
        (f"p{i}", f"p{j}", dice.random())
        for i in range(20)
        for j in range(20)
        if i != j and dice.random() < 0.2
    ]
    windows(world, links)
    world.given("staging.edges")
    row = network(world)
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(links)
    reciprocity = nx.overall_reciprocity(graph)
    density = nx.density(graph)
    assert row.link_reciprocity == pytest.approx(reciprocity)
    assert row.link_reciprocity_rho == pytest.approx((reciprocity - density) / (1 - density))
    weights = {(one, other): weight for one, other, weight in links}
    returned = sum(min(weight, weights.get(pair[::-1], 0)) for pair, weight in weights.items())
    assert row.reciprocity == pytest.approx(returned / sum(weights.values()))


def test_a_panel_sees_the_ties_of_mailboxes_that_cover_both_windows(world):
    windows(world, [("ann", "x", 1.0), ("x", "ann", 1.0), ("bob", "y", 1.0)], count=4)
    world.given(
        "staging.mailboxes",
        [
            {"mailbox_id": "ann", "person_id": world.key("ann"), "first_covered_at": "2023-01-01"},
            # The window of January 2024 begins on 3 November.
            {"mailbox_id": "bob", "person_id": world.key("bob"), "first_covered_at": "2023-11-05"},
        ],
    )
    before, now = [("ann", "x", 2.0)], [("ann", "x", 4.0), ("ann", "z", 1.0), ("bob", "y", 9.0)]
    ends = [("2024-01-01", before), ("2024-04-01", now)]
    world.given(
        "staging.edges",
        [
            {"month": month, "person_id": one, "contact_id": other, "strength": strength}
            for month, edges in ends
            for a, b, strength in edges
            for one, other in [(world.key(a), world.key(b)), (world.key(b), world.key(a))]
        ],
    )
    z = sorted((world.key("ann"), world.key("z")))
    world.insert(
        "staging.tie_windows",
        month="2024-04-01",
        first_id=z[0],
        second_id=z[1],
        meeting_count=1,
        **dict.fromkeys(COLUMNS[:-1], 0),
    )
    world.build("metrics.network")
    rows = {row.scope: row for row in world.rows("metrics.network", month="2024-04")}
    assert {scope: (row.tie_count, row.mean_strength) for scope, row in rows.items()} == {
        "all": (3, 14 / 3),
        "panel": (2, 2.5),
        "panel_before": (1, 2),
    }
    # Bob's only message is not seen by the panel.
    assert rows["all"].mutual_share == 0.5
    assert rows["panel"].mutual_share == rows["panel_before"].mutual_share == 1
    assert [row.scope for row in world.rows("metrics.network", month="2024-01")] == ["all"]
