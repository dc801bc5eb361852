"""staging.people and what they rest on: positions, mailboxes."""

from datetime import date


def test_department_inside_domain_outside_and_nothing_for_freemail(world):
    world.mail("2024-01-10", "ann", to=["bob", "x@partner.example", "y@gmail.com"])
    world.directory("ann", department="Sales")
    world.build("metrics.people")
    found = {row.address: (row.group_name, row.is_internal) for row in world.rows("metrics.people")}
    assert found == {
        "ann@example.org": ("Sales", True),
        "bob@example.org": ("example.org", True),
        "x@partner.example": ("partner.example", False),
        "y@gmail.com": (None, False),
    }


def test_the_name_seen_last_of_any_address_is_the_name(world):
    world.mail("2024-01-10", "ann", to=["ann2@x.org"])
    world.directory("ann", alias_keys=[world.key("ann2@x.org")], name="Ann of the directory")
    for address, name, last in (("ann", "Ann", 2), ("ann2@x.org", "Annie", 3), ("ann", "A.", 1)):
        world.insert(
            "raw.address_names",
            address_key=world.key(address),
            name=name,
            first_seen_at="2024-01-01 00:00Z",
            last_seen_at=f"2024-01-0{last} 00:00Z",
        )
    world.build("metrics.people")
    assert world.row("metrics.people").name == "Annie"


def test_levels_count_down_from_the_head_of_the_house(world):
    world.directory("ann")
    world.directory("bob", manager_id="ann")
    world.directory("cat", manager_id="bob")
    world.directory("dan")
    world.directory("eve", manager_id="fay")
    world.directory("fay", manager_id="eve")
    world.build("staging.positions")
    found = {row.person_id: (row.manager_id, row.level) for row in world.rows("staging.positions")}
    ann, bob, cat, dan, eve, fay = (
        world.key(name) for name in ("ann", "bob", "cat", "dan", "eve", "fay")
    )
    assert found == {
        ann: (None, 0),
        bob: (ann, 1),
        cat: (bob, 2),
        dan: (None, None),
        eve: (fay, None),
        fay: (eve, None),
    }


def test_the_newest_directory_snapshot_holds(world):
    world.directory("ann", "2023-01-01", department="Sales", valid_to="2024-01-01 00:00Z")
    world.directory("ann", "2024-01-01", department="Research")
    world.build("staging.positions")
    assert world.row("staging.positions").department == "Research"


def test_an_archive_of_a_list_belongs_to_nobody(world):
    world.mailbox("list archive", owner="dev@lists.x.org")
    world.mail(
        "2024-01-10",
        "ann",
        to=["dev@lists.x.org"],
        mailbox="list archive",
        list_address_key=world.key("dev@lists.x.org"),
    )
    world.mail("2024-03-10", "ann", to=["bob"], mailbox="ann")
    world.build("metrics.people")
    owners = {row.mailbox_id: row.person_id for row in world.rows("staging.mailboxes")}
    assert owners == {"list archive": None, "ann": world.key("ann")}
    assert world.row("metrics.people", person_id="ann").is_mailbox_owner
    assert not world.row("metrics.people", person_id="bob").is_mailbox_owner


def test_a_mailbox_is_settled_180_days_after_its_first_message(world):
    world.mail("2024-01-10", "ann", to=["bob"], mailbox="ann")
    world.build("staging.mailboxes")
    assert world.row("staging.mailboxes").settled_at.date() == date(2024, 7, 8)
