"""metrics.groups, group_ties, homophily: groups, and nothing of a small one."""

import pytest


def house(world, limit=2):
    """Two of law, three of sales, one who trains, and a friend with freemail."""
    world.parameters(min_group_size=limit)
    world.network(
        [
            ("law1", "law2", 4.0),
            ("sale1", "sale2", 1.0),
            ("sale2", "sale3", 2.0),
            ("law1", "sale1", 3.0),
            ("law1", "sale2", 5.0),
            ("law2", "intern", 1.0),
            ("sale1", "friend", 9.0),
        ]
    )
    world.groups(
        dict.fromkeys(("law1", "law2"), "Law")
        | dict.fromkeys(("sale1", "sale2", "sale3"), "Sales")
        | {"intern": "Interns", "friend": None}
    )
    met = sorted((world.key("law1"), world.key("sale1")))
    world.given(
        "staging.tie_windows",
        [
            {
                "month": "2024-01-01",
                "first_id": met[0],
                "second_id": met[1],
                "meeting_count": 1,
                "meeting_hours": 1.5,
            }
        ],
    )
    world.build("metrics.group_ties", "metrics.homophily", "metrics.groups")


def test_every_pair_of_groups_once(world):
    house(world)
    found = {(row.group_a, row.group_b): row for row in world.rows("metrics.group_ties")}
    assert {
        groups: (row.people_count, row.tie_count, row.strength, row.hours)
        for groups, row in found.items()
    } == {
        ("Law", "Law"): (2, 1, 4, 0),
        ("Law", "Sales"): (3, 2, 8, 1.5),
        ("Sales", "Sales"): (3, 2, 3, 0),
    }


def test_ei_of_two_groups_weighs_what_connects_them_against_what_holds_each(world):
    house(world)
    found = {(row.group_a, row.group_b): row.ei_index for row in world.rows("metrics.group_ties")}
    assert found == pytest.approx(
        {
            # Two between, one and two within.
            ("Law", "Sales"): (2 - 3) / 5,
            # Three with others, the intern among them, one within.
            ("Law", "Law"): (3 - 1) / 4,
            ("Sales", "Sales"): (2 - 2) / 4,
        }
    )


def test_density_and_homophily_go_by_the_pairs_that_could_be_tied(world):
    house(world)
    found = {(row.group_a, row.group_b): row for row in world.rows("metrics.group_ties")}
    # Six people of a group make 15 pairs, of which six are tied.
    mean = 6 / 15
    for groups, density in {
        ("Law", "Law"): 1 / 1,
        ("Law", "Sales"): 2 / 6,
        ("Sales", "Sales"): 2 / 3,
    }.items():
        assert found[groups].density == pytest.approx(density)
        assert found[groups].homophily == pytest.approx(density / mean)


def test_homophily_is_the_observed_share_over_that_which_sizes_give(world):
    house(world)
    found = {row.group_name: row for row in world.rows("metrics.homophily")}
    assert found.keys() == {"Law", "Sales"}
    # Law's people have 2 + 3 ends of ties, sales' 4 + 2.
    for group, observed, expected in [("Law", 2 / 5, 1 / 5), ("Sales", 4 / 6, 2 / 5)]:
        assert found[group].same_group_share == pytest.approx(observed)
        assert found[group].expected_share == pytest.approx(expected)
        assert found[group].homophily == pytest.approx(observed / expected)
        assert found[group].coleman_index == pytest.approx((observed - expected) / (1 - expected))


def test_a_group_without_ties_within_is_at_the_bottom_of_coleman(world):
    world.parameters(min_group_size=2)
    world.network([("a1", "b1", 1.0), ("a2", "b2", 1.0)])
    world.groups({"a1": "A", "a2": "A", "b1": "B", "b2": "B"})
    world.build("metrics.homophily")
    for row in world.rows("metrics.homophily"):
        assert (row.same_group_share, row.homophily, row.coleman_index) == (0, 0, -1)


def test_nothing_is_said_of_a_group_under_the_limit(world):
    house(world, limit=3)
    assert [row.group_name for row in world.rows("metrics.groups")] == ["Sales"]
    assert [row.group_name for row in world.rows("metrics.homophily")] == ["Sales"]
    rows = world.rows("metrics.group_ties")
    assert [(row.group_a, row.group_b) for row in rows] == [("Sales", "Sales")]
    # What sales is compared with are all groups, however small.
    assert rows[0].homophily == pytest.approx(2 / 3 / (6 / 15))


def test_groups_are_counted_by_their_people_in_the_network(world):
    house(world)
    world.build("metrics.groups")
    assert [
        (row.group_name, row.is_internal, row.people_count) for row in world.rows("metrics.groups")
    ] == [("Law", True, 2), ("Sales", True, 3)]
