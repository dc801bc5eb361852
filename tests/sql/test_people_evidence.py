"""metrics.people_evidence: why two addresses are held to be one person's, or not."""


def test_it_says_what_each_join_rests_on(world):
    world.mail("2024-01-10", "bob", to=["cat"])
    world.mail("2024-01-11", "ann", to=["cat"])
    world.directory(
        "ann", "2023-01-01", alias_keys=[world.key("bob")], valid_to="2023-02-01 00:00Z"
    )
    world.directory("ann", "2023-02-01", alias_keys=[world.key("bob")], department="Sales")
    world.build("metrics.people_evidence")
    row = world.row("metrics.people_evidence")
    bob, ann = world.key("bob"), world.key("ann")
    assert bob < ann
    assert (row.address_key, row.other_key) == (bob, ann)
    # Bob was met first, so he gives the person its id; two snapshots said so.
    assert (row.person_id, row.rule, row.is_used, row.evidence_count) == (
        bob,
        "directory",
        True,
        2,
    )


def test_evidence_that_was_refused_stays_to_be_seen(world):
    world.mail("2024-01-10", "ann", to=["bob"])
    world.directory("ann", alias_keys=[world.key("bob")])
    for name in ("ann", "bob"):
        world.insert("raw.apart_by_hand", entry=1, address_key=world.key(name))
    world.build("metrics.people_evidence")
    row = world.row("metrics.people_evidence")
    assert (row.person_id, row.rule, row.is_used) == (world.key("ann"), "directory", False)


def test_every_rule_that_speaks_for_a_join_has_its_row(world):
    world.mail("2024-01-10", "ann", to=["bob"])
    world.directory("ann", alias_keys=[world.key("bob")])
    for name in ("ann", "bob"):
        world.insert("raw.own_addresses", address_key=world.key(name))
        world.insert("raw.joined_by_hand", entry=1, address_key=world.key(name))
    world.build("metrics.people_evidence")
    rows = world.rows("metrics.people_evidence")
    assert [row.rule for row in rows] == ["by_hand", "directory", "own_address"]
    assert {row.person_id for row in rows} == {world.key("ann")}


def test_of_people_who_were_never_met_nothing_is_said(world):
    world.mail("2024-01-10", "ann", to=["bob"])
    for name in ("dan", "eve"):
        world.insert("raw.own_addresses", address_key=world.key(name))
    world.build("metrics.people_evidence")
    assert world.rows("metrics.people_evidence") == []


def test_addresses_that_meet_only_through_one_never_met_are_one_person_all_the_same(world):
    unmet = world.key("dan")
    world.mail("2024-01-10", "ann", to=["bob"])
    for name in ("dan", "ann", "bob"):
        world.insert("raw.joined_by_hand", entry=1, address_key=world.key(name))
    world.build("metrics.people_evidence")
    rows = world.rows("metrics.people_evidence")
    assert [(row.address_key, row.person_id) for row in rows] == [(unmet, world.key("ann"))] * 2
