"""staging.new_directions: groups that one's network lacks and a close contact leads to."""

import pytest

DIRECTIONS = "staging.new_directions"
GROUPS = {"ann": "Sales", "bob": "Sales", "cat": "Law", "dan": "Law", "eve": "Design", "fay": "Law"}


@pytest.fixture
def directions(world):
    """Makes ann's new directions: group -> (through whom, how many of it they know)."""

    def make(edges, groups=GROUPS, min_group_size=2, owners=("ann",)):
        world.parameters(min_group_size=min_group_size)
        world.network(edges)
        world.groups(groups)
        world.given(
            "staging.owners",
            [{"person_id": world.key(name), "first_covered_at": "2020-01-01"} for name in owners],
        )
        world.given(
            "metrics.tie_strength",
            sql="SELECT month, person_id, contact_id, strength, 8 AS contact_day_count, "
            "TIMESTAMPTZ '2024-01-30' AS last_contact_at FROM staging.edges",
        )
        world.build(DIRECTIONS)
        names = {key: address.partition("@")[0] for address, key in world._keys.items()}
        return {
            row.group_name: (names[row.contact_id], row.reached_count)
            for row in world.rows(DIRECTIONS, person_id="ann")
        }

    return make


def test_a_contact_leads_to_a_group_of_which_one_knows_nobody(directions, world):
    edges = [("ann", "bob", 4.0), ("bob", "cat", 2.0), ("bob", "dan", 1.0), ("bob", "eve", 9.0)]
    assert directions(edges) == {"Law": ("bob", 2)}
    row = world.row(DIRECTIONS, person_id="ann")
    # Bob's ties with Law come to 3, ann's with bob to 4; Design has one member in the network.
    assert (row.strength, row.people_count, row.contact_count) == (3, 2, 1)


def test_a_group_in_which_one_knows_somebody_is_not_new_however_weakly(directions):
    edges = [("ann", "bob", 4.0), ("bob", "cat", 2.0), ("bob", "dan", 1.0)]
    assert directions([*edges, ("ann", "fay", 0.01)]) == {}


def test_nor_is_the_own_group(directions):
    groups = dict.fromkeys(GROUPS, "Sales") | {"bob": "Law", "eve": "Law"}
    assert directions([("ann", "bob", 4.0), ("bob", "cat", 2.0)], groups) == {}


def test_nothing_is_said_of_a_small_group(directions):
    edges = [("ann", "bob", 4.0), ("bob", "cat", 2.0), ("bob", "dan", 1.0)]
    assert directions(edges, min_group_size=3) == {}


def test_freemail_is_no_direction(directions):
    groups = GROUPS | {"cat": None, "dan": None}
    edges = [("ann", "bob", 4.0), ("bob", "cat", 2.0), ("bob", "dan", 1.0)]
    assert directions(edges, groups) == {}


def test_whoever_hardly_knows_a_group_leads_nobody_to_it(directions):
    edges = [("ann", "bob", 4.0), ("bob", "cat", 0.5), ("bob", "dan", 0.4)]
    assert directions(edges) == {}
    assert directions([*edges, ("bob", "fay", 0.2)]) == {"Law": ("bob", 3)}


def test_a_weak_tie_leads_nowhere(directions):
    assert directions([("ann", "bob", 0.9), ("bob", "cat", 2.0), ("bob", "dan", 1.0)]) == {}


def test_of_two_ways_the_one_whose_weaker_tie_is_stronger(directions):
    groups = GROUPS | {"eve": "Sales"}
    edges = [
        *[("ann", "bob", 9.0), ("bob", "cat", 1.0), ("bob", "fay", 1.0)],
        *[("ann", "eve", 3.0), ("eve", "dan", 9.0)],
    ]
    assert directions(edges, groups) == {"Law": ("eve", 1)}


def test_only_the_five_closest_lead_anywhere(directions):
    groups = GROUPS | dict.fromkeys(["p1", "p2", "p3", "p4", "p5"], "Sales")
    ways = [("bob", "cat", 2.0), ("bob", "dan", 1.0), ("ann", "bob", 4.0)]
    closer = [("ann", f"p{n}", 5.0) for n in range(1, 5)]
    assert directions([*ways, *closer], groups) == {"Law": ("bob", 2)}
    assert directions([*ways, *closer, ("ann", "p5", 5.0)], groups) == {}


def test_five_directions_at_most_the_strongest(directions):
    groups = {"ann": "Sales", "bob": "Sales"}
    edges = [("ann", "bob", 9.0)]
    for number in range(7):
        for place in "ab":
            groups[f"{place}{number}"] = f"group {number}"
            edges.append(("bob", f"{place}{number}", 1.0 + number / 2))
    assert directions(edges, groups).keys() == {f"group {number}" for number in range(2, 7)}


def test_only_who_owns_a_mailbox_is_told(directions):
    edges = [("ann", "bob", 4.0), ("bob", "cat", 2.0), ("bob", "dan", 1.0)]
    assert directions(edges, owners=("bob",)) == {}
