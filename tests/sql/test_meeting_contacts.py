"""staging.contacts of meetings, by pencil: 4 an hour, shared among the others who were there."""

import pytest

# Keeps every meeting of a test in the past: a file knows of nothing behind its newest message.
LATER = "2024-03-31"


def weights(world, wanted=None):
    """(from, to) -> weight of all their meetings, by first name."""
    world.mail(LATER, "zoe", to=["zed"])
    world.build("staging.contacts", wanted=wanted)
    names = {key: address.partition("@")[0] for address, key in world._keys.items()}
    found = {}
    for row in world.rows("staging.contacts", channel="meeting"):
        pair = names[row.from_person_id], names[row.to_person_id]
        found[pair] = found.get(pair, 0) + row.weight
    return found


def both(one, other, weight):
    return {(one, other): pytest.approx(weight), (other, one): pytest.approx(weight)}


# Who was there


def test_an_organiser_who_is_not_among_the_attendees_was_there(world):
    """One hour among three: 4 / 2 for each of six ordered pairs."""
    world.meeting("2024-01-10", 60, "ann", ["bob", "cat"])
    found = weights(world)
    assert len(found) == 6
    assert set(found.values()) == {2}
    assert found["ann", "bob"] == 2


def test_a_tentative_guest_was_there_and_one_who_has_not_answered_was_not(world):
    others = [("bob", "tentative"), ("cat", "needs_action"), ("dan", "declined")]
    world.meeting("2024-01-10", 60, "ann", others=others)
    assert weights(world) == both("ann", "bob", 4)


def test_an_organiser_who_declined_leaves_the_hour_to_the_others(world):
    others = [("ann", "declined")]
    world.meeting("2024-01-10", 60, "ann", ["bob", "cat"], others=others)
    assert weights(world) == both("bob", "cat", 4)


def test_whoever_accepts_under_one_of_two_addresses_was_there_once(world):
    world.directory("bob", alias_keys=[world.key("rob")])
    world.meeting("2024-01-10", 60, "ann", ["rob"], others=[("bob", "declined")])
    found = weights(world)
    assert len(found) == 2
    assert set(found.values()) == {4}


def test_without_an_organiser_the_guests_met(world):
    world.meeting("2024-01-10", 60, None, ["bob", "cat"])
    assert weights(world) == both("bob", "cat", 4)


def test_a_room_takes_no_seat_and_a_robot_neither(world):
    key = world.key
    attendees = [
        {"address_key": key("bob"), "response": "accepted", "kind": "person"},
        {"address_key": key("oak"), "response": "accepted", "kind": "room"},
        {"address_key": key("no-reply@x.org"), "response": "accepted", "kind": "unknown"},
    ]
    world.meeting("2024-01-10", 60, "ann", attendees=attendees)
    assert weights(world) == both("ann", "bob", 4)


@pytest.mark.parametrize(("guests", "pairs"), [(17, 18 * 17), (18, 0)])
def test_eighteen_meet_and_nineteen_are_a_crowd(world, guests, pairs):
    world.meeting("2024-01-10", 60, "ann", [f"p{n}" for n in range(guests)])
    found = weights(world)
    assert len(found) == pairs
    assert all(weight == pytest.approx(4 / 17) for weight in found.values())


def test_of_nineteen_invited_only_those_present_make_a_crowd(world):
    others = [(f"p{n}", "needs_action") for n in range(18)]
    world.meeting("2024-01-10", 60, "ann", ["bob"], others=others)
    assert weights(world) == both("ann", "bob", 4)


# What is no meeting


@pytest.mark.parametrize(
    "columns",
    [
        {"is_all_day": True},
        {"kind": "focus_time"},
        {"kind": "out_of_office"},
        {"kind": "working_location"},
        {"is_busy": False},
        {"status": "cancelled"},
    ],
    ids=lambda columns: str(*columns.values()),
)
def test_what_is_no_meeting_makes_no_contact_and_takes_no_minute_of_one(world, columns):
    world.meeting("2024-01-10 09:00", 120, "ann", ["bob"], **columns)
    world.meeting("2024-01-10 09:00", 60, "ann", ["cat"])
    assert weights(world) == both("ann", "cat", 4)


def test_an_entry_that_its_calendar_holds_for_tentative_is_a_meeting(world):
    world.meeting("2024-01-10", 60, "ann", ["bob"], status="tentative")
    assert weights(world) == both("ann", "bob", 4)


# What an hour weighs


def test_of_five_hours_four_count(world):
    world.meeting("2024-01-10 09:00", 5 * 60, "ann", ["bob"])
    assert weights(world) == both("ann", "bob", 16)


def test_the_cap_comes_after_double_bookings_are_shared(world):
    """Six hours in two meetings at once are three in each: 3 * 4."""
    world.meeting("2024-01-10 09:00", 6 * 60, "ann", ["bob"])
    world.meeting("2024-01-10 09:00", 6 * 60, "ann", ["cat"])
    assert weights(world) == both("ann", "bob", 12) | both("ann", "cat", 12)


def test_three_meetings_at_once_have_a_third_of_the_hour_each(world):
    for guest in ("bob", "cat", "dan"):
        world.meeting("2024-01-10 09:00", 60, "ann", [guest])
    assert weights(world) == both("ann", "bob", 4 / 3) | both("ann", "cat", 4 / 3) | both(
        "ann", "dan", 4 / 3
    )


def test_a_pairs_hours_are_the_smaller_of_both_in_each_meeting(world):
    """Ann sits in three meetings, a third each; bob in two of them, a half each: a third counts.

    Two such meetings weigh 2 * 4 / 3 to each other; the third is ann's and cat's alone.
    """
    world.meeting("2024-01-10 09:00", 60, "ann", ["bob"])
    world.meeting("2024-01-10 09:00", 60, "ann", ["bob"])
    world.meeting("2024-01-10 09:00", 60, "ann", ["cat"])
    assert weights(world) == both("ann", "bob", 8 / 3) | both("ann", "cat", 4 / 3)


def test_a_meeting_over_the_turn_of_the_month_belongs_to_the_month_it_began_in(world):
    """22:00 to 01:00 is three hours in January; what begins at midnight shares one of them."""
    world.meeting("2024-01-31 22:00", 180, "ann", ["bob"])
    world.meeting("2024-02-01 00:00", 60, "ann", ["cat"])
    assert weights(world) == both("ann", "bob", 12) | both("ann", "cat", 2)
    january = world.rows("staging.contacts", month="2024-01")
    assert {row.weight for row in january} == {12}


def test_the_organisers_copy_says_who_was_there_and_how_long(world):
    key = world.meeting("2024-01-10", 60, "ann", ["bob"], mailbox="ann", sequence=1)
    copy = {"mailbox": "bob", "key": key, "sequence": 7}
    world.meeting("2024-01-10", 120, "ann", ["bob", "cat"], **copy)
    assert weights(world) == both("ann", "bob", 4)
