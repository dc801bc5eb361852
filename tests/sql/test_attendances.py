"""staging.attendances: a minute in which a person sits in m meetings counts 1/m."""

import pytest


def hours(world, wanted=None):
    """(meeting_key, first name) -> hours."""
    world.build("staging.attendances", wanted=wanted)
    names = {key: address.partition("@")[0] for address, key in world._keys.items()}
    return {
        (row.meeting_key, names[row.person_id]): row.hours
        for row in world.rows("staging.attendances")
    }


def test_a_meeting_alone_has_its_own_length(world):
    world.meeting("2024-01-10 10:00", 50, "ann", ["bob"], key=1)
    assert hours(world) == {(1, "ann"): pytest.approx(50 / 60), (1, "bob"): pytest.approx(50 / 60)}


def test_two_meetings_share_the_half_hour_in_which_they_overlap(world):
    world.meeting("2024-01-10 10:00", 60, "ann", ["bob"], key=1)
    world.meeting("2024-01-10 10:30", 90, "ann", ["cat"], key=2)
    assert hours(world) == {
        (1, "ann"): 0.75,
        (1, "bob"): 1,
        (2, "ann"): 1.25,
        (2, "cat"): 1.5,
    }


def test_the_shares_of_three_overlapping_meetings_add_up_to_the_time_that_passed(world):
    """10-13, 11-13, 12-13 give 1 + 1/2 + 1/3, 1/2 + 1/3 and 1/3."""
    world.meeting("2024-01-10 10:00", 180, "ann", ["bob"], key=1)
    world.meeting("2024-01-10 11:00", 120, "ann", ["cat"], key=2)
    world.meeting("2024-01-10 12:00", 60, "ann", ["dan"], key=3)
    found = hours(world)
    assert found[1, "ann"] == pytest.approx(1 + 1 / 2 + 1 / 3, abs=1e-9)
    assert found[2, "ann"] == pytest.approx(1 / 2 + 1 / 3, abs=1e-9)
    assert found[3, "ann"] == pytest.approx(1 / 3, abs=1e-9)
    assert sum(found[key, "ann"] for key in (1, 2, 3)) == pytest.approx(3, abs=1e-9)


def test_one_meeting_after_another_shares_nothing(world):
    world.meeting("2024-01-10 10:00", 60, "ann", ["bob"], key=1)
    world.meeting("2024-01-10 11:00", 60, "ann", ["bob"], key=2)
    assert set(hours(world).values()) == {1}


def test_a_pairs_hours_are_the_smaller_of_both(world):
    world.meeting("2024-01-10 10:00", 60, "ann", ["bob"], key=1)
    world.meeting("2024-01-10 10:00", 60, "ann", ["cat"], key=2)
    world.build("staging.contacts")
    found = world.rows("staging.contacts", from_person_id="bob", to_person_id="ann")
    assert [(row.hours, row.weight) for row in found] == [(0.5, 2)]


def test_an_entry_that_does_not_count_takes_no_time(world):
    world.meeting("2024-01-10 10:00", 60, "ann", ["bob"], key=1)
    world.meeting("2024-01-10 10:00", 60, "ann", ["bob"], key=2, is_busy=False)
    world.meeting("2024-01-10 10:00", 60, "ann", [], key=3)
    assert hours(world) == {(1, "ann"): 1, (1, "bob"): 1}


@pytest.mark.parametrize("wanted", [None, ["2024-02"]])
def test_a_meeting_over_the_turn_of_the_month_is_known_only_to_the_later_month(world, wanted):
    world.meeting("2024-01-31 23:00", 120, "ann", ["bob"], key=1)
    world.meeting("2024-02-01 00:00", 60, "ann", ["cat"], key=2)
    world.build("staging.attendances", wanted=["2024-01"])
    found = hours(world, wanted)
    assert found[1, "ann"] == 2
    assert found[2, "ann"] == 0.5
