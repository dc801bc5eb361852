"""Group diversity, E-I indices and the outside share of metrics.network_diversity."""

import random

import pytest

from tests.sql.test_network_diversity import random_network


def of_ego(world, strengths, groups, outside=()):
    """The row of ego, whose ties have these strengths with contacts of these groups."""
    world.network([("ego", name, strength) for name, strength in strengths.items()])
    world.groups(groups, outside)
    world.build("metrics.network_diversity")
    return world.row("metrics.network_diversity", person_id="ego")


def close(expected):
    return pytest.approx(expected, abs=1e-12)


def test_blau_of_four_groups(world):
    strengths = {"a": 10.0, "b": 5.0, "c": 3.0, "d": 2.0}
    row = of_ego(world, strengths, {"ego": "Law", "a": "A", "b": "B", "c": "C", "d": "D"})
    assert row.group_diversity == close(0.655)
    assert (row.ei_index, row.ei_strength_index) == (1, 1)


def test_contacts_of_one_group_count_together(world):
    strengths = {"a": 6.0, "b": 4.0, "c": 10.0}
    row = of_ego(world, strengths, {"ego": "A", "a": "A", "b": "A", "c": "C"})
    assert row.group_diversity == close(0.5)


def test_five_ties_within_and_one_beyond(world):
    strengths = dict.fromkeys("abcde", 1.0) | {"f": 15.0}
    groups = {"ego": "Sales", **dict.fromkeys("abcde", "Sales"), "f": "Law"}
    row = of_ego(world, strengths, groups)
    assert row.ei_index == close(-2 / 3)
    assert row.ei_strength_index == close(0.5)


def test_the_outside_share_is_the_strength_beyond_the_own_organisation(world):
    groups = {"ego": "Sales", "a": "Law", "b": "partner.example", "c": "other.example"}
    strengths = {"a": 2.0, "b": 5.0, "c": 1.0}
    row = of_ego(world, strengths, groups, outside=("partner.example", "other.example"))
    assert row.outside_share == close(0.75)


def test_freemail_is_left_out(world):
    groups = {"ego": "Sales", "a": "Sales", "b": "partner.example", "c": None}
    row = of_ego(world, {"a": 3.0, "b": 1.0, "c": 96.0}, groups, outside=("partner.example",))
    assert row.group_diversity == close(1 - 0.75**2 - 0.25**2)
    assert row.ei_index == 0
    assert row.ei_strength_index == close(-0.5)
    assert row.outside_share == close(0.25)
    assert row.contact_count == 3


def test_nothing_is_said_where_only_freemail_remains(world):
    row = of_ego(world, {"a": 3.0}, {"ego": "Sales", "a": None})
    assert row.group_diversity is None
    assert row.ei_index is None
    assert row.ei_strength_index is None
    assert row.outside_share is None


def test_whoever_belongs_to_no_group_has_a_diversity_but_no_inside(world):
    row = of_ego(world, {"a": 1.0, "b": 1.0}, {"ego": None, "a": "A", "b": "B"})
    assert row.group_diversity == close(0.5)
    assert (row.ei_index, row.ei_strength_index) == (None, None)


def test_an_isolated_new_pair_changes_no_other_row(world):
    groups = {f"p{n}": f"group {n % 4}" for n in range(24)} | {"x": "group 1", "y": None}
    edges = [(f"p{i}", f"p{j}", w) for i, j, w in random_network(3, True).edges(data="weight")]
    found = []
    for more in ([], [("x", "y", 7.0)]):
        world.network([*edges, *more])
        world.groups(groups)
        world.build("metrics.network_diversity")
        strangers = {world.key("x"), world.key("y")}
        rows = world.rows("metrics.network_diversity")
        found.append([vars(row) for row in rows if row.person_id not in strangers])
    without, beside = found
    for before, after in zip(without, beside, strict=True):
        # The pair is a community of its own, so its number may come between those of others.
        del before["community_id"], after["community_id"]
        assert before == after


@pytest.mark.parametrize("seed", range(3))
def test_a_loop_over_the_ties_finds_the_same(world, seed):
    dice = random.Random(seed)
    graph = random_network(seed, seed > 0)
    choice = ["Sales", "Law", "Design", "partner.example", None]
    groups = {f"p{node}": dice.choice(choice) for node in graph}
    world.network([(f"p{i}", f"p{j}", w) for i, j, w in graph.edges(data="weight")])
    world.groups(groups, outside=("partner.example",))
    world.build("metrics.network_diversity")
    for node in graph:
        ties = [
            (groups[f"p{contact}"], edge["weight"])
            for contact, edge in graph[node].items()
            if groups[f"p{contact}"]
        ]
        row = world.row("metrics.network_diversity", person_id=f"p{node}")
        total = sum(weight for _, weight in ties)
        if not ties:
            assert row.group_diversity is None
            continue
        of_group = {g: sum(w for group, w in ties if group == g) / total for g, _ in ties}
        assert row.group_diversity == pytest.approx(1 - sum(s * s for s in of_group.values()))
        assert row.outside_share == pytest.approx(of_group.get("partner.example", 0))
        own = groups[f"p{node}"]
        if own is None:
            assert row.ei_index is None
            continue
        inside = sum(1 for group, _ in ties if group == own)
        assert row.ei_index == pytest.approx((len(ties) - 2 * inside) / len(ties))
        assert row.ei_strength_index == pytest.approx(1 - 2 * of_group.get(own, 0))
        assert -1 <= row.ei_strength_index <= 1
