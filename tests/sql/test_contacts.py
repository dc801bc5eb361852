"""staging.contacts: what counts as contact, and how much."""

import pytest


def weights(world):
    """(from, to, channel) -> weight, by first names."""
    world.build("staging.contacts")
    names = {key: address.partition("@")[0] for address, key in world._keys.items()}
    return {
        (names[row.from_person_id], names[row.to_person_id], row.channel): row.weight
        for row in world.rows("staging.contacts")
    }


def test_a_message_to_one_person_is_one(world):
    world.mail("2024-01-10", "ann", to=["bob"])
    assert weights(world) == {("ann", "bob", "mail_to"): 1}


def test_a_message_is_shared_by_its_recipients_and_cc_counts_half(world):
    world.mail("2024-01-10", "ann", to=["bob"], cc=["cat"], bcc=["dan", "ann"])
    assert weights(world) == {
        ("ann", "bob", "mail_to"): pytest.approx(1 / 3),
        ("ann", "cat", "mail_cc"): pytest.approx(0.5 / 3),
        ("ann", "dan", "mail_bcc"): pytest.approx(1 / 3),
    }


def test_two_addresses_of_one_person_share_as_one(world):
    world.mail("2024-01-10", "ann", to=["bob", "robert", "cat"])
    world.directory("bob", alias_keys=[world.key("robert")])
    assert weights(world) == {
        ("ann", "bob", "mail_to"): 0.5,
        ("ann", "cat", "mail_to"): 0.5,
    }


def test_lists_and_robots_take_no_share_and_make_no_contact(world):
    world.mail(
        "2024-01-10",
        "ann",
        to=["bob", "dev@lists.x.org", "noreply@x.org"],
        list_address_key=world.key("dev@lists.x.org"),
    )
    world.mail("2024-01-10", "noreply@x.org", to=["ann"])
    assert weights(world) == {("ann", "bob", "mail_to"): 1}


@pytest.mark.parametrize(("addresses", "contacts"), [(18, 18), (19, 0)])
def test_more_than_eighteen_addresses_are_a_broadcast(world, addresses, contacts):
    world.mail("2024-01-10", "ann", to=[f"p{n}" for n in range(addresses)])
    assert len(weights(world)) == contacts


def test_lists_and_robots_count_towards_the_broadcast(world):
    world.mail("2024-01-10", "ann", to=["bob"], cc=[f"noreply+{n}@x.org" for n in range(18)])
    assert weights(world) == {}


def test_an_automatic_answer_is_no_contact(world):
    world.mail("2024-01-10", "ann", to=["bob"], automation_signs=["auto_submitted"])
    assert weights(world) == {}


def test_mail_deleted_later_still_counts(world):
    world.mail("2024-01-10", "ann", to=["bob"], deleted_at="2024-01-11 00:00Z")
    assert weights(world) == {("ann", "bob", "mail_to"): 1}


def test_half_an_hour_among_three_is_one_for_each_ordered_pair(world):
    world.meeting("2024-01-10", 30, "ann", ["bob", "cat"])
    pairs = [(a, b, "meeting") for a in ("ann", "bob", "cat") for b in ("ann", "bob", "cat")]
    assert weights(world) == {pair: 1 for pair in pairs if pair[0] != pair[1]}


def test_of_a_long_meeting_four_hours_count(world):
    world.meeting("2024-01-10 09:00", 8 * 60, "ann", ["bob"])
    assert weights(world)["ann", "bob", "meeting"] == 16


def test_newmans_weights_of_three_shared_events(world):
    """{i,j,x,y}, {i,j}, {i,j,z}: 1/3 + 1 + 1/2 (Newman 2001; METRICS.md 9)."""
    for day, others in (("10", ["j", "x", "y"]), ("11", ["j"]), ("12", ["j", "z"])):
        world.meeting(f"2024-01-{day}", 15, "i", others)
    world.build("staging.contacts")
    rows = world.rows("staging.contacts", from_person_id="i", to_person_id="j")
    assert sum(row.weight for row in rows) == pytest.approx(1.833333, abs=1e-6)


def test_a_day_sums_what_was_said_on_it_by_channel(world):
    world.mail("2024-01-10 08:00", "ann", to=["bob"])
    world.mail("2024-01-10 09:00", "ann", to=["bob", "cat"], answers=1)
    world.mail("2024-01-11 09:00", "ann", cc=["bob"], answers=1)
    world.build("staging.contact_days")
    found = [
        (row.contact_date.day, row.channel, row.weight, row.contact_count, row.thread_start_count)
        for row in world.rows("staging.contact_days", to_person_id="bob")
    ]
    assert found == [(10, "mail_to", 1.5, 2, 1), (11, "mail_cc", 0.5, 1, 0)]
