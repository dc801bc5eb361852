"""metrics.groups, group_ties, homophily: groups, and nothing of a small one."""

import pytest


def house(world, limit=2):
    """Two of law, three of sales, three who are alone in their groups, a friend with freemail."""
    world.parameters(min_group_size=limit)
    world.network(
        [
            ("law1", "law2", 4.0),
            ("sale1", "sale2", 1.0),
            ("sale2", "sale3", 2.0),
            ("law1", "sale1", 3.0),
            ("law1", "sale2", 5.0),
            ("law2", "intern", 1.0),
            ("intern", "guest", 1.0),
            ("guest", "guard", 1.0),
            ("sale1", "friend", 9.0),
        ]
    )
    world.groups(
        dict.fromkeys(("law1", "law2"), "Law")
        | dict.fromkeys(("sale1", "sale2", "sale3"), "Sales")
        | {"intern": "Interns", "guest": "Guests", "guard": "Guards", "friend": None}
    )
    met = [world.key("law1"), world.key("sale1")]
    world.execute(
        "UPDATE staging.edges SET meeting_hours = 1.5 "
        "WHERE list_contains($1, person_id) AND list_contains($1, contact_id)",
        [met],
    )
    world.build("metrics.group_ties", "metrics.homophily", "metrics.groups")


def cells(world):
    return {(row.group_a, row.group_b): row for row in world.rows("metrics.group_ties")}


def test_every_pair_of_groups_once(world):
    house(world)
    assert {
        groups: (row.people_count, row.tie_count, row.strength, row.hours)
        for groups, row in cells(world).items()
    } == {
        ("(other)", "Law"): (2, 1, 1, 0),
        ("Law", "Law"): (2, 1, 4, 0),
        ("Law", "Sales"): (3, 2, 8, 1.5),
        ("Sales", "Sales"): (3, 2, 3, 0),
    }


def test_ei_of_two_groups_weighs_what_connects_them_against_what_holds_each(world):
    house(world)
    assert {groups: row.ei_index for groups, row in cells(world).items()} == pytest.approx(
        {
            ("(other)", "Law"): None,
            # Two between, one and two within.
            ("Law", "Sales"): (2 - 3) / 5,
            # Three with others, the intern among them, one within.
            ("Law", "Law"): (3 - 1) / 4,
            ("Sales", "Sales"): (2 - 2) / 4,
        }
    )


def test_density_and_homophily_go_by_the_pairs_that_could_be_tied(world):
    house(world)
    found = cells(world)
    # Of eight people of a group; law's two have 5 ends of ties, sales' three have 6.
    mean = (5 + 6) / ((2 + 3) * 7)
    for groups, density in {
        ("(other)", "Law"): 1 / (2 * 3),
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
    for group, observed, expected in [("Law", 2 / 5, 1 / 7), ("Sales", 4 / 6, 2 / 7)]:
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


def crowd(world, limit, sizes, ties):
    """Groups of these sizes; ``ties`` are pairs of ("A", 0), the first of group A."""
    world.parameters(min_group_size=limit)
    names = {
        (group, n): f"{group.lower()}{n}" for group, size in sizes.items() for n in range(size)
    }
    # Whoever has no tie is not in the network: everybody has one with somebody of no group.
    lonely = [(name, "friend", 1.0) for name in names.values()]
    world.network([*lonely, *((names[one], names[other], 1.0) for one, other in ties)])
    world.groups({name: group for (group, _), name in names.items()} | {"friend": None})
    world.build("metrics.group_ties", "metrics.homophily", "metrics.groups")


def sizes(world):
    return {row.group_name: row.people_count for row in world.rows("metrics.groups")}


@pytest.mark.parametrize(
    ("people", "shown"),
    [
        # Nobody is hidden.
        ({"A": 3, "B": 4}, {"A": 3, "B": 4}),
        # Enough small ones: without any one of them three are left.
        ({"A": 1, "B": 2, "C": 2, "D": 3}, {"(other)": 5, "D": 3}),
        # Who belongs to C would know that A and B are two.
        ({"A": 1, "B": 1, "C": 2, "D": 3, "E": 9}, {"(other)": 7, "E": 9}),
        # A and B are so few that D would know them.
        ({"A": 1, "B": 1, "D": 3, "E": 4, "F": 9}, {"(other)": 9, "F": 9}),
        # Then nothing is left to say.
        ({"A": 1, "D": 3}, {}),
        # A department that goes by the name of the rest is part of it.
        ({"(other)": 8, "A": 1, "B": 2, "D": 5}, {"(other)": 11, "D": 5}),
    ],
)
def test_small_groups_are_one_that_nobody_can_take_apart(world, people, shown):
    crowd(world, 3, people, [])
    assert sizes(world) == shown


def star(one, other, ties):
    """The first of ``one`` tied to the first few of ``other``."""
    return [((one, 0), (other, n)) for n in range(ties)]


def test_ties_of_few_people_are_ties_with_the_rest(world):
    small = {"S1": 2, "S2": 2, "S3": 2}
    ties = [(("A", 0), ("A", 1)), (("A", 1), ("A", 2))]
    ties += [*star("A", "B", 3), *star("A", "C", 1), (("A", 1), ("S1", 0)), (("A", 2), ("S2", 0))]
    crowd(world, 3, {"A": 3, "B": 3, "C": 3} | small, ties)
    assert {groups: row.tie_count for groups, row in cells(world).items()} == {
        ("A", "A"): 2,
        ("A", "B"): 3,
        # One with C and two with the small ones.
        ("(other)", "A"): 3,
    }
    row = world.row("metrics.group_ties", group_b="A", group_a="(other)")
    # Of A with C and the small ones, three times nine.
    assert (row.people_count, row.density) == (6, pytest.approx(3 / 27))
    # A has 4 ends within and 6 with others, one of them with C. B has no row with itself.
    shares = {row.group_name: row.same_group_share for row in world.rows("metrics.homophily")}
    assert shares == pytest.approx({"A": 4 / 10})
    assert cells(world)["A", "A"].ei_index == pytest.approx((6 - 2) / 8)
    assert cells(world)["A", "B"].ei_index is None


def test_too_few_ties_with_the_rest_stand_and_count_nowhere(world):
    small = {"S1": 2, "S2": 2, "S3": 2}
    crowd(
        world,
        3,
        {"A": 3, "B": 3} | small,
        [(("A", 0), ("A", 1)), (("A", 1), ("A", 2)), *star("A", "B", 2), (("A", 1), ("S1", 0))],
    )
    assert cells(world).keys() == {("A", "A"), ("A", "B")}
    assert world.row("metrics.homophily").same_group_share == pytest.approx(4 / 6)


def test_without_small_groups_ties_of_few_people_stand_nowhere(world):
    crowd(world, 3, {"A": 3, "B": 3, "C": 3}, [*star("A", "B", 3), *star("A", "C", 1)])
    assert cells(world).keys() == {("A", "B")}


def test_groups_are_counted_by_their_people_in_the_network(world):
    house(world)
    assert [
        (row.group_name, row.is_internal, row.people_count) for row in world.rows("metrics.groups")
    ] == [("(other)", None, 3), ("Law", True, 2), ("Sales", True, 3)]
