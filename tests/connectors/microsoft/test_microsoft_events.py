"""What becomes of an entry of a calendar of Graph."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.microsoft import events
from connectors.records import Address, Attendee, Event
from tests.connectors.microsoft.items import (
    MAILBOX,
    SINCE,
    attendee,
    meeting,
    read_event,
)


def test_a_meeting_in_all_its_parts():
    start = datetime(2026, 7, 2, 15, tzinfo=UTC)
    assert read_event(meeting(), "meet-1@x.example") == Event(
        mailbox_id="microsoft-1",
        calendar_id="primary",
        event_id="EV=",
        ical_uid="meet-1@x.example",
        original_start_at=start,
        start_at=start,
        end_at=start + timedelta(minutes=45),
        organizer=Address("bob@y.example", "Bob"),
        attendees=(
            Attendee("ann@x.example", None, "accepted"),
            Attendee("c@d.e", None, "needs_action"),
            Attendee("bob@y.example", "Bob", "accepted"),
        ),
        updated_at=datetime(2026, 6, 30, 8, 0, 0, 123456, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("zone", "hour"),
    [
        ("UTC", 15),
        ("tzone://Microsoft/Utc", 15),
        ("W. Europe Standard Time", 13),
        ("Europe/Berlin", 13),
        ("Eastern Standard Time", 19),
        ("India Standard Time", 9),
    ],
)
def test_times_are_read_in_whatever_zone_they_come(zone: str, hour: int):
    start = {"dateTime": "2026-07-02T15:00:00.0000000", "timeZone": zone}
    assert read_event(meeting(start=start)).start_at.hour == hour


@pytest.mark.parametrize(
    "start",
    [
        {"dateTime": "2026-07-02T15:00:00", "timeZone": "Customized Time Zone"},
        {"dateTime": "2026-07-02T15:00:00", "timeZone": "../../etc/passwd"},
        {"dateTime": "2026-07-02T15:00:00", "timeZone": "Europe"},
        {"dateTime": "0001-01-01T00:00:00", "timeZone": "UTC"},
        {"dateTime": None, "timeZone": "UTC"},
        "2026-07-02",
        None,
    ],
)
def test_an_entry_without_a_readable_start_is_rejected_by_its_id(start: Any):
    [reject] = events.records(meeting(start=start), MAILBOX, "uid", SINCE)
    assert (reject.source, reject.locator) == ("microsoft-1/calendar", "EV=")
    assert reject.reason == "no readable start"


def test_a_whole_day_is_its_date_in_every_zone():
    day = meeting(
        isAllDay=True,
        start={"dateTime": "2026-07-02T00:00:00.0000000", "timeZone": "Eastern Standard Time"},
        end={"dateTime": "2026-07-04T00:00:00.0000000", "timeZone": "Eastern Standard Time"},
    )
    event = read_event(day)
    assert event.is_all_day
    assert event.start_at == event.original_start_at == datetime(2026, 7, 2, tzinfo=UTC)
    assert event.end_at == datetime(2026, 7, 4, tzinfo=UTC)


def test_a_moved_occurrence_keeps_the_place_that_its_series_gave_it():
    one = meeting(type="exception", seriesMasterId="MASTER=", originalStart="2026-07-01T15:00:00Z")
    event = read_event(one)
    assert event.is_recurring
    assert event.series_id == "MASTER="
    assert event.original_start_at == datetime(2026, 7, 1, 15, tzinfo=UTC)
    assert event.start_at == datetime(2026, 7, 2, 15, tzinfo=UTC)


def test_a_moved_whole_day_keeps_its_date_in_the_zone_of_its_series():
    one = meeting(
        type="exception",
        seriesMasterId="MASTER=",
        isAllDay=True,
        originalStart="2026-06-30T22:00:00Z",  # midnight in Berlin
        start={"dateTime": "2026-07-02T00:00:00.0000000", "timeZone": "UTC"},
    )
    assert read_event(one).original_start_at == datetime(2026, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("shows", "kind", "is_busy"),
    [
        ("busy", "default", True),
        ("tentative", "default", True),
        ("unknown", "default", True),
        ("oof", "out_of_office", True),
        ("free", "default", False),
        ("workingElsewhere", "working_location", False),
        ("something new", "default", True),
        (None, "default", True),
    ],
)
def test_what_the_time_is_shown_as(shows: str | None, kind: str, is_busy: bool):
    event = read_event(meeting(showAs=shows))
    assert (event.kind, event.is_busy) == (kind, is_busy)


@pytest.mark.parametrize(
    ("said", "response"),
    [
        ("accepted", "accepted"),
        ("organizer", "accepted"),
        ("tentativelyAccepted", "tentative"),
        ("declined", "declined"),
        ("none", "needs_action"),
        ("notResponded", "needs_action"),
        ("something new", "needs_action"),
    ],
)
def test_answers(said: str, response: str):
    event = read_event(meeting(attendees=[attendee("c@d.e", said)]))
    assert event.attendees[0].response == response


def test_a_room_is_a_room_and_the_host_has_accepted_whatever_stands_there():
    found = read_event(
        meeting(
            attendees=[
                attendee("room-1@x.example", "accepted", "resource"),
                attendee("bob@y.example", "none"),
            ]
        )
    ).attendees
    assert found == (
        Attendee("room-1@x.example", None, "accepted", "room"),
        Attendee("bob@y.example", None, "accepted", "unknown"),
    )


def test_an_entry_of_ones_own_is_called_by_nobody():
    event = read_event(meeting(attendees=[]))
    assert event.attendees == ()
    assert event.organizer is None


@pytest.mark.parametrize(("answer", "is_busy"), [("declined", True), ("accepted", False)])
def test_a_meeting_that_one_declined_still_takes_the_others_time(answer: str, is_busy: bool):
    own = {"response": answer, "time": "2026-06-30T08:00:00Z"}
    assert read_event(meeting(showAs="free", responseStatus=own)).is_busy is is_busy


def test_ones_own_answer_counts_more_than_what_the_list_knows():
    event = read_event(
        meeting(
            attendees=[attendee("ann@x.example", "none")],
            responseStatus={"response": "declined", "time": "2026-06-30T08:00:00Z"},
        )
    )
    assert event.attendees[0].response == "declined"


@pytest.mark.parametrize(
    ("hidden", "own", "complete"),
    [(False, False, True), (True, False, False), (True, True, True), (None, None, True)],
)
def test_hidden_guests_are_known_to_the_host_alone(
    hidden: bool | None, own: bool | None, complete: bool
):
    event = read_event(meeting(hideAttendees=hidden, isOrganizer=own))
    assert event.has_all_attendees is complete


def test_a_cancelled_meeting_is_kept_as_cancelled():
    assert read_event(meeting(isCancelled=True)).status == "cancelled"


@pytest.mark.parametrize("end", [None, {}, {"dateTime": "2026-07-02T14:00:00", "timeZone": "UTC"}])
def test_no_entry_ends_before_it_begins(end: Any):
    event = read_event(meeting(end=end))
    assert event.end_at == event.start_at


def test_a_guest_without_an_address_is_left_out_and_counted():
    item = meeting(attendees=[attendee("/O=X/CN=BOB", "none"), attendee("c@d.e", "none")])
    event, reject = events.records(item, MAILBOX, "uid", SINCE)
    assert [one.address for one in event.attendees] == ["c@d.e", "bob@y.example"]
    assert (reject.locator, reject.length) == ("EV=, attendee", len("/O=X/CN=BOB"))


CLASS = "040000008200E00074C5B7101A82E008"


@pytest.mark.parametrize(
    ("uid", "series"),
    [
        # An occurrence of 2026-07-02, and the series itself.
        (f"{CLASS}07EA0702" + "AB" * 24, f"{CLASS}00000000" + "AB" * 24),
        (f"{CLASS}00000000" + "AB" * 24, f"{CLASS}00000000" + "AB" * 24),
        # Made by another calendar, whose UID it carries.
        (
            f"{CLASS}07EA0702" + "00" * 16 + "10000000" + b"vCal-Uid\x01\0\0\0a@b.c\0".hex(),
            "a@b.c",
        ),
        ("meet-1@x.example", None),
        (CLASS, None),
        ("", None),
    ],
)
def test_the_uid_of_a_series_stands_in_that_of_each_occurrence(uid: str, series: str | None):
    assert events.series_uid(uid) == series


def test_what_graph_may_say_one_day_is_taken_for_the_usual_and_counted():
    item = meeting(
        type="hybrid",
        showAs="holiday",
        attendees=[attendee("c@d.e", "perhaps", "robot"), attendee("f@d.e", "perhaps")],
        somethingNew={"deep": [1, 2]},
    )
    event, *rejects = events.records(item, MAILBOX, "uid", SINCE)
    assert (event.kind, event.is_busy, event.is_recurring) == ("default", True, False)
    guests = {one.address: (one.response, one.kind) for one in event.attendees}
    assert guests["c@d.e"] == guests["f@d.e"] == ("needs_action", "unknown")
    assert {one.reason for one in rejects} == {events.UNKNOWN_VALUE}
    assert [(one.locator, one.length) for one in rejects] == [
        ("EV=, type", len("hybrid")),
        ("EV=, showAs", len("holiday")),
        ("EV=, attendees/type", len("robot")),
        ("EV=, response", len("perhaps")),
    ]
    assert not any(word in repr(rejects) for word in ("hybrid", "holiday", "robot", "perhaps"))


def test_an_online_meeting_is_a_meeting_and_its_link_stays_out():
    online = meeting(
        isOnlineMeeting=True,
        onlineMeetingProvider="teamsForBusiness",
        onlineMeeting={"joinUrl": "https://teams.example/l/meetup-join/secret"},
        location={"displayName": "https://teams.example/secret", "locationType": "default"},
    )
    assert read_event(online) == read_event(meeting())
    assert not {"onlineMeeting", "onlineMeetingUrl", "location"} & set(events.SELECT.split(","))


def test_a_series_that_is_split_goes_on_as_another():
    """From that day on it has another master, and so another UID."""
    before, after = (f"{CLASS}00000000" + byte * 24 for byte in ("AB", "CD"))
    old, new = (
        read_event(
            meeting(id=uid[-2:], type="occurrence", seriesMasterId=f"master-{uid[-2:]}"), uid
        )
        for uid in (before, after)
    )
    assert old.ical_uid != new.ical_uid
    assert old.series_id != new.series_id


def test_a_private_entry_may_hide_everybody():
    one = read_event(meeting(sensitivity="private", attendees=None, organizer=None))
    assert (one.organizer, one.attendees) == (None, ())
    assert one.is_busy


@pytest.mark.parametrize(
    ("local", "hours"),
    [
        ("2026-03-29T02:30:00.0000000", (0, 1)),  # skipped: no clock ever showed it
        ("2026-10-25T02:30:00.0000000", (0, 1)),  # shown twice
    ],
)
def test_hours_that_a_clock_skips_or_repeats_are_still_read(local: str, hours: tuple[int, ...]):
    start = {"dateTime": local, "timeZone": "W. Europe Standard Time"}
    one = read_event(meeting(start=start, end=start))
    assert one.start_at.hour in hours
    assert one.start_at.minute == 30
    assert one.end_at == one.start_at
