"""The dated directory: staging.directory_changes, posts, superiors, memberships."""

import pytest


@pytest.fixture
def months(world):
    """Ann writes to her house and beyond in four months of 2024."""
    for month in range(1, 5):
        world.mail(f"2024-0{month}-10", "ann", to=["bob", "cat@partner.example", "dan@gmail.com"])
    world.until("2024-05-01 00:00")
    return world


def departments(world, person):
    """Month of the year -> department."""
    rows = world.rows("staging.posts", person_id=person)
    return {row.month.month: row.department for row in rows}


def test_a_move_counts_from_its_month_on_and_leaves_the_past_alone(months):
    months.directory("ann", "2024-01-15", department="Sales", valid_to="2024-03-20 12:00Z")
    months.directory("ann", "2024-03-20", department="Law")
    months.build("staging.memberships")
    assert departments(months, "ann") == {1: "Sales", 2: "Sales", 3: "Law", 4: "Law"}
    rows = months.rows("staging.memberships", person_id="ann")
    assert [row.group_name for row in rows] == ["Sales", "Sales", "Law", "Law"]


def test_a_change_at_the_first_instant_after_a_month_is_the_next_months(months):
    months.directory("ann", "2023-01-01", department="Sales", valid_to="2024-03-01 00:00Z")
    months.directory("ann", "2024-03-01 00:00", department="Law")
    months.build("staging.posts")
    assert departments(months, "ann") == {1: "Sales", 2: "Sales", 3: "Law", 4: "Law"}


def test_months_before_the_first_snapshot_use_it(months):
    months.directory("ann", "2024-03-10 09:00", department="Sales")
    months.directory("bob", "2024-03-10 09:04", department="Law")
    months.build("staging.posts")
    assert departments(months, "ann") == dict.fromkeys(range(1, 5), "Sales")
    assert departments(months, "bob") == dict.fromkeys(range(1, 5), "Law")


def test_whoever_joins_later_has_no_post_before(months):
    months.directory("ann", "2024-01-10", department="Sales")
    months.directory("bob", "2024-03-10", department="Law")
    months.build("staging.memberships")
    assert departments(months, "bob") == {3: "Law", 4: "Law"}
    rows = months.rows("staging.memberships", person_id="bob")
    assert [row.group_name for row in rows] == ["example.org", "example.org", "Law", "Law"]


def test_whoever_left_the_directory_has_no_post_from_then_on(months):
    months.directory("ann", "2024-01-10", department="Sales", valid_to="2024-02-20 12:00Z")
    months.build("staging.memberships")
    assert departments(months, "ann") == {1: "Sales"}
    assert [row.group_name for row in months.rows("staging.memberships", person_id="ann")] == [
        "Sales",
        "example.org",
        "example.org",
        "example.org",
    ]


def test_whoever_comes_back_has_the_new_post(months):
    months.directory("ann", "2023-01-10", department="Sales", valid_to="2024-02-20 12:00Z")
    months.directory("ann", "2024-04-20", department="Law")
    months.build("staging.posts")
    assert departments(months, "ann") == {1: "Sales", 4: "Law"}


def test_partners_belong_to_their_domain_and_freemail_to_no_group(months):
    months.directory("ann", "2024-01-10", department="Sales")
    months.build("staging.memberships")
    found = {
        name: months.rows("staging.memberships", person_id=name)[0]
        for name in ("ann", "bob", "cat@partner.example", "dan@gmail.com")
    }
    assert {name: row.group_name for name, row in found.items()} == {
        "ann": "Sales",
        "bob": "example.org",
        "cat@partner.example": "partner.example",
        "dan@gmail.com": None,
    }
    assert [row.is_internal for row in found.values()] == [True, True, False, False]
    assert [row.is_freemail for row in found.values()] == [False, False, False, True]


def test_the_chain_of_managers_is_that_of_the_month(months):
    for name in ("eve", "fay"):
        months.directory(name, "2023-01-01")
    months.directory("bob", "2023-01-01", manager_id="eve")
    months.directory("ann", "2023-01-01", manager_id="bob", valid_to="2024-03-10 12:00Z")
    months.directory("ann", "2024-03-10", manager_id="fay")
    months.build("staging.superiors")
    rows = months.rows("staging.posts", person_id="ann")
    assert [(row.manager_id, row.level) for row in rows] == [
        (months.key("bob"), 2),
        (months.key("bob"), 2),
        (months.key("fay"), 1),
        (months.key("fay"), 1),
    ]
    eve, fay, bob = (months.key(name) for name in ("eve", "fay", "bob"))
    above = [
        (row.month.month, row.superior_id)
        for row in months.rows("staging.superiors", person_id="ann")
    ]
    assert set(above) == {(1, bob), (1, eve), (2, bob), (2, eve), (3, fay), (4, fay)}
    assert {row.superior_id for row in months.rows("staging.superiors", person_id="bob")} == {eve}


def test_managers_in_a_circle_have_no_level_and_end_nothing(months):
    months.directory("ann", manager_id="bob")
    months.directory("bob", manager_id="ann")
    months.build("staging.superiors")
    assert {row.level for row in months.rows("staging.posts")} == {None}
    pairs = {(row.person_id, row.superior_id) for row in months.rows("staging.superiors")}
    ann, bob = months.key("ann"), months.key("bob")
    assert pairs == {(ann, bob), (bob, ann)}


def test_of_two_entries_of_one_person_the_newer_holds(months):
    months.directory("ann", "2023-01-10", department="Sales")
    months.directory(
        "ann", "2024-02-10", account_id="other house", directory_id="a", department="Law"
    )
    months.directory("bob", "2024-01-01", account_id="other house")
    months.build("staging.posts")
    assert departments(months, "ann") == {1: "Sales", 2: "Law", 3: "Law", 4: "Law"}
