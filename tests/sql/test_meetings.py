"""staging.meetings and what they rest on: which calendar entries count."""

import pytest


def reason(world):
    world.build("staging.meetings")
    return world.row("staging.meetings").left_out_reason


def test_a_meeting_of_two_counts(world):
    world.meeting("2024-01-10", 30, "ann", ["bob"])
    assert reason(world) is None


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"status": "cancelled"}, "cancelled"),
        ({"kind": "focus_time"}, "focus_time"),
        ({"kind": "out_of_office"}, "out_of_office"),
        ({"kind": "something_new"}, "other_kind"),
        ({"is_all_day": True}, "all_day"),
        ({"is_busy": False}, "free"),
        ({"minutes": 0}, "no_duration"),
        ({"accepted": []}, "alone"),
        ({"accepted": [f"p{n}" for n in range(17)]}, None),
        ({"accepted": [f"p{n}" for n in range(18)]}, "crowd"),
        ({"deleted_at": "2024-01-09 00:00Z"}, "cancelled"),
        ({"deleted_at": "2024-01-11 00:00Z"}, None),
    ],
)
def test_why_an_entry_is_left_out(world, columns, expected):
    world.mail("2024-01-31", "ann", to=["bob"])
    row = {"minutes": 30, "organizer": "ann", "accepted": ["bob"]} | columns
    world.meeting("2024-01-10", **row)
    assert reason(world) == expected


def test_who_declined_or_did_not_answer_was_not_there(world):
    others = [("cat", "declined"), ("dan", "needs_action"), ("eve", "tentative")]
    world.meeting("2024-01-10", 30, "ann", ["bob"], others=others)
    world.build("staging.presences")
    assert {row.person_id: row.presence for row in world.rows("staging.presences")} == {
        world.key("ann"): "organised",
        world.key("bob"): "accepted",
        world.key("eve"): "tentative",
    }


def test_an_organiser_who_declined_was_not_there(world):
    world.meeting("2024-01-10", 30, "ann", ["bob", "cat"], others=[("ann", "declined")])
    world.build("staging.presences")
    assert len(world.rows("staging.presences")) == 2


def test_the_organisers_copy_is_believed_even_if_another_is_newer(world):
    key = world.meeting("2024-01-10", 30, "ann", ["bob"], mailbox="ann", sequence=1)
    world.meeting("2024-01-10", 60, "ann", ["bob", "cat"], mailbox="bob", key=key, sequence=2)
    world.build("staging.meetings")
    assert world.row("staging.meetings").participant_count == 2


def test_without_the_organisers_copy_the_newest_revision_is_believed(world):
    key = world.meeting("2024-01-10", 30, "ann", ["bob"], mailbox="cat", sequence=1)
    world.meeting("2024-01-10", 60, "ann", ["bob", "cat"], mailbox="bob", key=key, sequence=2)
    world.build("staging.meetings")
    assert world.row("staging.meetings").participant_count == 3


def test_a_guest_who_deletes_the_entry_cancels_it_for_nobody_else(world):
    key = world.meeting("2024-01-10", 30, "zoe", ["bob", "cat"], mailbox="cat")
    world.meeting(
        "2024-01-10",
        30,
        "zoe",
        ["bob", "cat"],
        mailbox="bob",
        key=key,
        sequence=5,
        deleted_at="2024-01-02 00:00Z",
    )
    assert reason(world) is None


@pytest.mark.parametrize(
    ("organisers_copy", "expected"), [(None, None), (True, None), (False, "free")]
)
def test_a_guest_who_declined_and_is_free_frees_nobody_else(world, organisers_copy, expected):
    guests = {"accepted": ["bob"], "others": [("cat", "declined")]}
    world.mail("2024-01-31", "zoe", to=["bob"])
    key = world.meeting("2024-01-10", 30, "zoe", **guests, mailbox="a of cat", is_busy=False)
    world.meeting("2024-01-10", 30, "zoe", **guests, mailbox="bob", key=key)
    if organisers_copy is not None:
        world.mailbox("zoe's", "zoe")
        copy = {"mailbox": "zoe's", "key": key, "is_busy": organisers_copy}
        world.meeting("2024-01-10", 30, "zoe", **guests, **copy)
    assert reason(world) == expected
