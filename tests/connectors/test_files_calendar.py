"""Calendar files: times, series, attendees, and entries that are broken or meant to harm."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from connectors import headers
from connectors.files import calendar, entries, recurrence
from connectors.records import Address, Attendee, Event, Reject


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.fixture
def read(read_bytes):
    """Records of a calendar with these entries, each given by its lines."""

    def read(*given: str, head: str = "") -> list[Event | Reject]:
        events = [f"BEGIN:VEVENT\n{lines.strip()}\nEND:VEVENT\n" for lines in given]
        text = f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{''.join(events)}END:VCALENDAR\n"
        return read_bytes(text.replace("\n", "\r\n").encode(), "some.ics")

    return read


def starts(records) -> list[datetime]:
    return sorted(one.start_at for one in records if isinstance(one, Event))


def rejects(records) -> list[tuple[str, str]]:
    return [(one.locator, one.reason) for one in records if isinstance(one, Reject)]


# One entry


def test_the_frame_of_an_entry_is_read_and_its_texts_are_not(read):
    (event,) = read(
        "UID:1@x\nDTSTART:20240101T100000Z\nDTEND:20240101T110000Z\nSEQUENCE:3\n"
        "LAST-MODIFIED:20231224T080000Z\nSUMMARY:secret title\nLOCATION:secret place\n"
        "DESCRIPTION:secret text\nORGANIZER;CN=Jane:mailto:jane@x.org\n"
        "ATTENDEE;CN=secretly:MAILTO:jim@x.org"
    )
    assert event == Event(
        mailbox_id="me@x.org",
        calendar_id="calendar",
        event_id="1@x/20240101T100000Z",
        ical_uid="1@x",
        original_start_at=utc(2024, 1, 1, 10),
        start_at=utc(2024, 1, 1, 10),
        end_at=utc(2024, 1, 1, 11),
        organizer=Address("jane@x.org", "Jane"),
        attendees=(Attendee("jim@x.org", "secretly"),),
        sequence=3,
        updated_at=utc(2023, 12, 24, 8),
    )


def test_a_text_that_is_broken_harms_nobody(read):
    assert starts(read('DTSTART:20240101T100000Z\nSUMMARY;X="open:\nno line at all'))


@pytest.mark.parametrize(
    ("lines", "length"),
    [
        ("DTSTART:20240101T100000Z\nDURATION:PT90M", timedelta(minutes=90)),
        ("DTSTART:20240101T100000Z", timedelta(0)),
        ("DTSTART:20240101T100000Z\nDTEND:20240101T090000Z", timedelta(0)),
        ("DTSTART:20240101T100000Z\nDTEND:nonsense", timedelta(0)),
        ("DTSTART;VALUE=DATE:20240101", timedelta(days=1)),
        ("DTSTART;VALUE=DATE:20240101\nDTEND;VALUE=DATE:20240104", timedelta(days=3)),
        ("DTSTART;TZID=Europe/Berlin:20240331T010000\nDURATION:PT3H", timedelta(hours=3)),
    ],
)
def test_an_end_is_dtend_or_duration_or_what_the_standard_says(read, lines, length):
    (event,) = read(lines)
    assert event.end_at - event.start_at == length
    assert event.is_all_day == ("VALUE=DATE" in lines)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("DTSTART;TZID=Europe/Berlin:20240101T100000", utc(2024, 1, 1, 9)),
        ("DTSTART;TZID=W. Europe Standard Time:20240101T100000", utc(2024, 1, 1, 9)),
        ("DTSTART;TZID=/vendor.example/Europe/Berlin:20240101T100000", utc(2024, 1, 1, 9)),
        ("DTSTART;TZID=Europe/Berlin:20240331T023000", utc(2024, 3, 31, 1, 30)),
        ("DTSTART:20240101T100000", utc(2024, 1, 1, 10)),
        ("DTSTART;TZID=Nowhere/Known:20240101T100000", utc(2024, 1, 1, 10)),
        ("DTSTART;TZID=../../etc/passwd:20240101T100000", utc(2024, 1, 1, 10)),
        ("DTSTART;VALUE=DATE:20240101", utc(2024, 1, 1)),
    ],
)
def test_every_way_to_write_a_start_is_an_instant(read, line, expected):
    assert starts(read(line)) == [expected]


def test_a_zone_name_that_is_a_folder_of_the_zone_database_ends_in_one_outcome(read):
    assert len(read("DTSTART;TZID=America:20240101T100000")) == 1


def test_floating_times_lie_in_the_zone_of_the_calendar(read):
    head = "X-WR-TIMEZONE:America/New_York\n"
    assert starts(read("DTSTART:20240101T100000", head=head)) == [utc(2024, 1, 1, 15)]


def _custom_zone(offset: str) -> str:
    return (
        f"BEGIN:VTIMEZONE\nTZID:Custom\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        f"TZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD\nEND:VTIMEZONE\n"
    )


def test_a_zone_that_a_file_defines_holds_for_that_file_only(read):
    entry = "DTSTART;TZID=Custom:20240101T100000"
    assert starts(read(entry, head=_custom_zone("+0100"))) == [utc(2024, 1, 1, 9)]
    assert starts(read(entry, head=_custom_zone("+0500"))) == [utc(2024, 1, 1, 5)]
    assert starts(read(entry)) == [utc(2024, 1, 1, 10)]


def test_an_entry_outside_1990_to_now_is_rejected(read):
    records = read(
        "DTSTART:19891231T235959Z", "DTSTART:20240601T120000Z", "DTSTART:20240601T120001Z"
    )
    assert starts(records) == [utc(2024, 6, 1, 12)]
    outside = recurrence.OUTSIDE
    assert rejects(records) == [("event 1", outside), ("event 3", outside)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", ("confirmed", "default", True)),
        ("STATUS:TENTATIVE", ("tentative", "default", True)),
        ("STATUS:Cancelled", ("cancelled", "default", True)),
        ("TRANSP:TRANSPARENT", ("confirmed", "default", False)),
        ("X-MICROSOFT-CDO-BUSYSTATUS:FREE", ("confirmed", "default", False)),
        ("X-MICROSOFT-CDO-BUSYSTATUS:OOF", ("confirmed", "out_of_office", True)),
        ("X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE", ("confirmed", "working_location", True)),
        ("X-MICROSOFT-CDO-INTENDEDSTATUS:FREE", ("confirmed", "default", False)),
    ],
)
def test_status_kind_and_whether_the_time_is_taken(read, lines, expected):
    (event,) = read(f"DTSTART:20240101T100000Z\n{lines}")
    assert (event.status, event.kind, event.is_busy) == expected


def test_a_calendar_that_cancels_cancels_and_one_that_answers_knows_not_all_attendees(read):
    (cancelled,) = read("DTSTART:20240101T100000Z", head="METHOD:CANCEL\n")
    (answer,) = read("DTSTART:20240101T100000Z", head="METHOD:REPLY\n")
    assert (cancelled.status, answer.has_all_attendees) == ("cancelled", False)


def test_attendees_have_kinds_and_answers_and_count_once(read):
    (event,) = read(
        "DTSTART:20240101T100000Z\n"
        "ATTENDEE;CUTYPE=INDIVIDUAL;PARTSTAT=ACCEPTED;CN=A:mailto:a@x.org\n"
        "ATTENDEE;CUTYPE=GROUP;PARTSTAT=DECLINED:MailTo:team@x.org\n"
        "ATTENDEE;CUTYPE=ROOM:mailto:room@x.org\n"
        "ATTENDEE;CUTYPE=RESOURCE:mailto:beamer@x.org\n"
        "ATTENDEE:mailto:17@resource.calendar.google.com\n"
        "ATTENDEE;PARTSTAT=TENTATIVE;EMAIL=b@x.org:urn:uuid:17\n"
        "ATTENDEE:mailto:A@X.org"
    )
    assert event.attendees == (
        Attendee("a@x.org", "A", "accepted", "person"),
        Attendee("team@x.org", None, "declined", "group"),
        Attendee("room@x.org", None, "needs_action", "room"),
        Attendee("beamer@x.org", None, "needs_action", "room"),
        Attendee("17@resource.calendar.google.com", None, "needs_action", "room"),
        Attendee("b@x.org", None, "tentative", "unknown"),
    )


def test_an_attendee_without_address_and_a_broken_line_are_rejected_beside_their_entry(read):
    records = read("DTSTART:20240101T100000Z\nATTENDEE:invalid:nomail\nATTENDEE;=;:mailto:a@x.org")
    assert isinstance(records[0], Event)
    assert rejects(records) == [
        ("event 1, attendee", headers.NO_ADDRESS),
        ("event 1, line", calendar.BROKEN_LINE),
    ]


# Series


def test_a_weekly_meeting_keeps_its_hour_over_summer_time(read):
    records = read(
        "UID:1\nDTSTART;TZID=Europe/Berlin:20240325T100000\nDURATION:PT1H\n"
        "RRULE:FREQ=WEEKLY;COUNT=2"
    )
    assert starts(records) == [utc(2024, 3, 25, 9), utc(2024, 4, 1, 8)]
    assert all(event.is_recurring for event in records)


def test_a_series_without_end_ends_with_the_import(read):
    records = read("UID:1\nDTSTART:20240101T100000Z\nRRULE:FREQ=MONTHLY")
    assert starts(records) == [utc(2024, month, 1, 10) for month in range(1, 7)]


def test_a_moved_occurrence_keeps_its_original_start_and_an_excepted_one_is_gone(read):
    records = read(
        "UID:1\nDTSTART:20240101T100000Z\nRRULE:FREQ=DAILY;COUNT=4\nEXDATE:20240103T100000Z",
        "UID:1\nRECURRENCE-ID:20240102T100000Z\nDTSTART:20240102T150000Z",
        "UID:1\nRECURRENCE-ID:20240104T100000Z\nDTSTART:20240104T100000Z\nSTATUS:CANCELLED",
    )
    assert sorted((one.event_id, one.start_at, one.status) for one in records) == [
        ("1/20240101T100000Z", utc(2024, 1, 1, 10), "confirmed"),
        ("1/20240102T100000Z", utc(2024, 1, 2, 15), "confirmed"),
        ("1/20240104T100000Z", utc(2024, 1, 4, 10), "cancelled"),
    ]


def test_this_and_all_later_ones_move_and_keep_their_original_starts(read):
    records = read(
        "UID:1\nDTSTART:20240101T100000Z\nRRULE:FREQ=DAILY;COUNT=4",
        "UID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE:20240103T100000Z\nDTSTART:20240103T120000Z",
    )
    assert sorted((one.original_start_at.hour, one.start_at.hour) for one in records) == [
        (10, 10),
        (10, 10),
        (10, 12),
        (10, 12),
    ]
    assert len({one.event_id for one in records}) == 4


def test_a_changed_occurrence_without_its_series_is_an_event(read):
    (event,) = read("UID:1\nRECURRENCE-ID:20240102T100000Z\nDTSTART:20240102T150000Z")
    assert event.is_recurring
    assert event.event_id == "1/20240102T100000Z"


def test_the_same_meeting_has_the_same_ids_whatever_zone_wrote_it(read):
    (one,) = read("UID:1\nDTSTART:20240101T100000Z")
    (other,) = read("UID:1\nDTSTART;TZID=Europe/Berlin:20240101T110000")
    assert (one.ical_uid, one.original_start_at) == (other.ical_uid, other.original_start_at)


def test_of_two_revisions_the_later_one_counts(read):
    records = read(
        "UID:1\nSEQUENCE:2\nDTSTART:20240101T100000Z\nDURATION:PT2H",
        "UID:1\nSEQUENCE:1\nDTSTART:20240101T100000Z\nDURATION:PT1H",
    )
    assert [one.end_at for one in records if isinstance(one, Event)] == [utc(2024, 1, 1, 12)]
    assert rejects(records) == [("event 2", calendar.SUPERSEDED)]


def test_one_uid_for_different_days_is_several_entries(read):
    records = read("UID:1\nDTSTART:20240101T100000Z", "UID:1\nDTSTART:20240102T100000Z")
    assert len({event.event_id for event in records}) == 2


def test_entries_without_uid_stay_apart(read):
    records = read("DTSTART:20240101T100000Z", "DTSTART:20240101T100000Z\nDURATION:PT1H")
    assert len({event.event_id for event in records}) == 2
    assert {event.ical_uid for event in records} == {None}


# Broken entries


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("UID:1", calendar.NO_START),
        ("DTSTART:nonsense", calendar.NO_START),
        ("DTSTART:20240101T100000Z\nDTSTART:20240102T100000Z", calendar.NO_START),
        ("DTSTART:20240101T100000Z\nRRULE:FREQ=NEVER", recurrence.BROKEN),
        ("DTSTART:20240101T100000Z\nRECURRENCE-ID:x", recurrence.BROKEN),
        ("DTSTART:20240101T100000Z\nRRULE:FREQ=DAILY\nEXDATE:x", recurrence.BROKEN),
        (
            "DTSTART:20240101T100000Z\nRRULE:FREQ=DAILY;COUNT=1\nEXDATE:20240101T100000Z",
            recurrence.NO_OCCURRENCE,
        ),
        ("DTSTART:20240101T100000Z\nUID:" + "1" * (2 << 20), entries.TOO_LONG),
        ("DTSTART:20240101T100000Z\n" + "ATTENDEE:mailto:a@x.org\n" * 10_001, entries.TOO_LONG),
    ],
)
def test_a_broken_entry_is_rejected_and_the_others_are_read(read, lines, reason):
    records = read("UID:a\nDTSTART:20240101T100000Z", lines, "UID:b\nDTSTART:20240101T100000Z")
    assert len(starts(records)) == 2
    assert rejects(records) == [("event 2", reason)]


def test_a_broken_occurrence_leaves_its_series_whole(read):
    records = read(
        "UID:1\nDTSTART:20240101T100000Z\nRRULE:FREQ=DAILY;COUNT=2",
        "UID:1\nRECURRENCE-ID:20240102T100000Z\nDTSTART:nonsense",
    )
    assert starts(records) == [utc(2024, 1, 1, 10), utc(2024, 1, 2, 10)]
    assert rejects(records) == [("event 2", calendar.NO_START)]


def test_an_entry_that_breaks_off_is_rejected_and_the_next_one_is_read(read_bytes):
    records = read_bytes(
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20240101T100000Z\n"
        b"BEGIN:VEVENT\nDTSTART:20240102T100000Z\nEND:VEVENT\n"
        b"BEGIN:VEVENT\nDTSTART:20240103T100000Z\n"
    )
    assert starts(records) == [utc(2024, 1, 2, 10)]
    assert rejects(records) == [("event 1", entries.NOT_CLOSED), ("event 3", entries.NOT_CLOSED)]


def test_what_is_no_event_is_counted_and_an_alarm_is_part_of_its_event(read_bytes):
    records = read_bytes(
        b"BEGIN:VCALENDAR\nBEGIN:VTODO\nDTSTART:20240101T100000Z\nEND:VTODO\n"
        b"BEGIN:X-MINE\nBEGIN:X-INNER\nEND:X-INNER\nEND:X-MINE\n"
        b"BEGIN:VEVENT\nBEGIN:VALARM\nDURATION:PT9H\nEND:VALARM\nDTSTART:20240102T100000Z\n"
        b"END:VEVENT\nEND:VCALENDAR\n"
    )
    assert [one.end_at for one in records if isinstance(one, Event)] == [utc(2024, 1, 2, 10)]
    assert rejects(records) == [
        ("component 1", "not an event: VTODO"),
        ("component 2", "not an event"),
    ]


def test_several_calendars_in_one_file_keep_their_own_zones(read_bytes):
    entry = b"BEGIN:VEVENT\nDTSTART:20240101T100000\nEND:VEVENT\nEND:VCALENDAR\n"
    records = read_bytes(
        b"BEGIN:VCALENDAR\nX-WR-TIMEZONE:Europe/Berlin\n" + entry + b"BEGIN:VCALENDAR\n" + entry
    )
    assert starts(records) == [utc(2024, 1, 1, 9), utc(2024, 1, 1, 10)]


def test_a_calendar_beyond_64_mebibytes_is_rejected(read_bytes):
    contents = b"BEGIN:VCALENDAR\r\n" + b"X:" + b"x" * (64 << 20)
    (reject,) = read_bytes(contents)
    assert (reject.reason, reject.length) == ("calendar larger than 64 MiB", len(contents))


# Bombs


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("FREQ=SECONDLY;COUNT=1000000000", recurrence.TOO_OFTEN),
        ("FREQ=MINUTELY", recurrence.TOO_OFTEN),
        ("FREQ=HOURLY", recurrence.TOO_OFTEN),
        ("FREQ=DAILY;BYHOUR=0,1,2,3,4", recurrence.TOO_OFTEN),
        ("FREQ=DAILY;BYHOUR=1,2;BYMINUTE=1,2,3", recurrence.TOO_OFTEN),
        ("FREQ=DAILY;INTERVAL=0", recurrence.UNUSUAL_RULE),
        ("FREQ=DAILY;BYMONTH=13", recurrence.UNUSUAL_RULE),
        ("FREQ=DAILY;BYMONTHDAY=30;BYMONTH=2", recurrence.UNUSUAL_RULE),
        ("FREQ=DAILY;INTERVAL=14;BYDAY=TU", recurrence.UNUSUAL_RULE),
        ("FREQ=MONTHLY;BYDAY=9MO", recurrence.UNUSUAL_RULE),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6", recurrence.UNUSUAL_RULE),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30,31", recurrence.UNUSUAL_RULE),
        ("FREQ=YEARLY;BYEASTER=1", recurrence.UNUSUAL_RULE),
        ("FREQ=DAILY;COUNT=2;UNTIL=20240301T000000Z", recurrence.UNUSUAL_RULE),
    ],
)
def test_a_rule_that_would_never_end_is_refused_at_once(read, rule, reason):
    started = time.process_time()
    records = read(f"UID:1\nDTSTART:20240101T100000Z\nRRULE:{rule}")
    assert rejects(records) == [("event 1", reason)]
    assert time.process_time() - started < 2


def test_a_series_of_more_than_twenty_thousand_occurrences_is_rejected(read):
    records = read("UID:1\nDTSTART:19900101T100000Z\nRRULE:FREQ=DAILY;BYHOUR=1,2,3,4")
    assert rejects(records) == [("event 1", recurrence.TOO_MANY)]


def test_a_file_of_more_than_a_million_occurrences_is_read_up_to_there(read, monkeypatch):
    monkeypatch.setattr(calendar, "FILE_OCCURRENCES", 5)
    daily = "DTSTART:20240101T100000Z\nRRULE:FREQ=DAILY;COUNT=3"
    records = read(daily, daily, "DTSTART:20240101T100000Z")
    assert len(starts(records)) == 4
    assert rejects(records) == [("event 2", calendar.TOO_MANY_IN_FILE)]


def test_a_hundred_thousand_excepted_dates_are_too_many(read):
    dates = ",".join(["20240101T100000Z"] * 20_000)
    records = read("DTSTART:20240101T100000Z\nRRULE:FREQ=DAILY\n" + f"EXDATE:{dates}\n" * 5)
    assert rejects(records) == [("event 1", entries.TOO_MANY_DATES)]


def test_a_zone_whose_summer_time_never_comes_is_not_asked(read):
    head = _custom_zone("+0100").replace(
        "TZOFFSETTO", "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30\nTZOFFSETTO"
    )
    started = time.process_time()
    assert starts(read("DTSTART;TZID=Custom:20240101T100000", head=head)) == [utc(2024, 1, 1, 10)]
    assert time.process_time() - started < 2


def test_components_nested_a_hundred_thousand_deep_are_passed_over(read_bytes):
    deep = b"BEGIN:X\n" * 100_000
    records = read_bytes(
        b"BEGIN:VCALENDAR\n" + deep + b"BEGIN:VEVENT\nDTSTART:20240101T100000Z\nEND:VEVENT\n"
    )
    assert starts(records) == [utc(2024, 1, 1, 10)]
    assert rejects(records) == [("component 1", "not an event")]
