"""A recorded item of each API beside the record that it must become."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import headers
from connectors.google import calendar, directory, gmail, gmail_requests, messages
from connectors.records import Address, Attendee, Event, Message, Person, Reject, table
from tests.connectors.google.discovery import defects, unknown_fields, values

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def gmail_message(**changes: Any) -> dict[str, Any]:
    """A message as messages.get gives it under gmail.metadata."""
    message = {
        "id": "18fd0c2a9b7e4d10",
        "threadId": "18fd0c2a9b7e4d00",
        "labelIds": ["INBOX", "UNREAD", "CATEGORY_PERSONAL", "Label_7"],
        "internalDate": "1717243200123",
        "sizeEstimate": 4711,
        "payload": {
            "headers": [
                {"name": "Message-ID", "value": "<a1@x.example>"},
                {"name": "From", "value": "Jane Roe <jane@x.example>"},
                {"name": "To", "value": "joe@y.example"},
                {"name": "CC", "value": "ann@y.example"},
                {"name": "cc", "value": "Team: bob@y.example;"},
                {"name": "In-Reply-To", "value": "<a0@x.example>"},
                {"name": "References", "value": "<z9@x.example>\r\n <a0@x.example>"},
                {"name": "List-Id", "value": "All of us <all.x.example>"},
            ]
        },
    }
    message |= changes
    assert defects("gmail.v1", "Message", message) == []
    return message


def header(name: str, value: str) -> dict[str, Any]:
    return {"headers": [{"name": "From", "value": "j@x.example"}, {"name": name, "value": value}]}


def read_message(message: dict[str, Any]) -> list[Message | Reject]:
    return list(messages.records(message, "google-7", NOW))


def test_a_gmail_message_becomes_a_message():
    assert read_message(gmail_message()) == [
        Message(
            mailbox_id="google-7",
            message_id="18fd0c2a9b7e4d10",
            internet_message_id="a1@x.example",
            thread_id="18fd0c2a9b7e4d00",
            sent_at=datetime(2024, 6, 1, 12, 0, 0, 123000, tzinfo=UTC),
            author=Address("jane@x.example", "Jane Roe"),
            to=(Address("joe@y.example"),),
            cc=(Address("ann@y.example"), Address("bob@y.example")),
            in_reply_to="a0@x.example",
            references=("z9@x.example", "a0@x.example"),
            list_id="all.x.example",
            automation_signs=("list_id",),
            folder_ids=("inbox", "category_personal", "Label_7"),
        )
    ]


def test_subject_and_snippet_are_dropped_even_where_google_sends_them():
    payload = header("Subject", "CANARY")
    found = read_message(gmail_message(payload=payload, snippet="CANARY"))
    assert len(found) == 1
    assert "CANARY" not in repr(found)


def test_a_header_that_came_in_two_spellings_counts_once():
    found = read_message(gmail_message(payload=header("from", "j@x.example")))
    assert [one.author for one in found] == [Address("j@x.example")]


def test_half_a_character_of_json_does_not_break_the_message():
    message = json.loads(json.dumps(gmail_message(payload=header("Message-Id", "<a\ud83d@x>"))))
    (found,) = read_message(message)
    assert found.internet_message_id.encode()


@pytest.mark.parametrize("payload", [{}, {"headers": []}, {"mimeType": "text/plain"}])
def test_a_message_without_headers_is_rejected_with_its_length(payload: dict[str, Any]):
    assert read_message(gmail_message(payload=payload)) == [
        Reject(
            source="google-7/mail",
            locator="18fd0c2a9b7e4d10",
            reason=messages.NO_HEADER,
            length=4711,
        )
    ]


@pytest.mark.parametrize("date", ["", "soon", "0", "-62135596800001", "1782864000000000", "9" * 40])
def test_a_message_without_a_believable_date_is_rejected(date: str):
    (found,) = read_message(gmail_message(internalDate=date))
    assert found == Reject(
        source="google-7/mail", locator="18fd0c2a9b7e4d10", reason=messages.NO_DATE, length=4711
    )


def test_an_unreadable_recipient_is_rejected_and_the_message_stays():
    found = read_message(gmail_message(payload=header("To", "nobody at all")))
    assert [type(one) for one in found] == [Message, Reject]
    assert found[1].locator == "18fd0c2a9b7e4d10, to"
    assert found[1].reason == headers.NO_ADDRESS


@pytest.mark.parametrize("label", ["DRAFT", "CHAT", "SPAM", "TRASH"])
def test_drafts_chats_spam_and_trash_are_no_mail(label: str):
    assert messages.is_wanted(["INBOX", "UNREAD"])
    assert not messages.is_wanted(["INBOX", label])


def test_subject_is_never_asked_for_and_every_kept_header_is():
    asked = {name.lower() for name in messages.METADATA_HEADERS}
    assert asked == set(headers.KEPT)
    assert "subject" not in asked
    assert {"CC", "Cc", "cc", "Message-ID", "Message-Id"} <= set(messages.METADATA_HEADERS)


@pytest.mark.parametrize(
    ("document", "schema", "fields"),
    [
        ("gmail.v1", "Message", messages.FIELDS),
        ("gmail.v1", "Thread", f"messages({messages.FIELDS})"),
        ("gmail.v1", "ListHistoryResponse", gmail_requests.HISTORY_FIELDS),
        ("calendar.v3", "Events", calendar.FIELDS),
        ("admin.directory_v1", "Users", directory.FIELDS),
    ],
)
def test_only_fields_are_asked_for_that_google_has(document: str, schema: str, fields: str):
    assert unknown_fields(document, schema, fields) == []
    assert unknown_fields(document, schema, f"{fields},bogus") == ["bogus"]


CONTENT = {"summary", "description", "location", "htmlLink", "conferenceData", "hangoutLink"}


def test_nothing_of_a_meetings_content_is_asked_for():
    words = set(calendar.FIELDS.replace("(", ",").replace(")", ",").split(","))
    assert not words & CONTENT


# -- calendar


def google_event(**changes: Any) -> dict[str, Any]:
    """An occurrence as events.list gives it with singleEvents=true."""
    event = {
        "id": "abc_20260603T080000Z",
        "recurringEventId": "abc",
        "iCalUID": "abc@google.com",
        "status": "confirmed",
        "updated": "2026-05-30T07:15:30.123Z",
        "sequence": 2,
        "start": {"dateTime": "2026-06-04T11:00:00+02:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-06-04T11:45:00+02:00", "timeZone": "Europe/Berlin"},
        "originalStartTime": {"dateTime": "2026-06-03T10:00:00+02:00"},
        "eventType": "default",
        "organizer": {"email": "jane@x.example", "displayName": "Jane Roe"},
        "attendees": [
            {"email": "joe@x.example", "displayName": "Joe", "responseStatus": "accepted"},
            {"email": "ann@x.example", "responseStatus": "declined"},
            {"email": "oak@x.example", "resource": True, "responseStatus": "accepted"},
            {"email": "c_1@resource.calendar.google.com", "responseStatus": "needsAction"},
        ],
    }
    event |= changes
    event = {name: value for name, value in event.items() if value is not None}
    assert defects("calendar.v3", "Event", event) == []
    return event


def read_event(**changes: Any) -> Event:
    (event,) = calendar.records(google_event(**changes), "google-7")
    assert isinstance(event, Event)
    return event


def test_a_moved_occurrence_becomes_an_event():
    assert read_event() == Event(
        mailbox_id="google-7",
        calendar_id="primary",
        event_id="abc_20260603T080000Z",
        series_id="abc",
        ical_uid="abc@google.com",
        original_start_at=datetime(2026, 6, 3, 8, tzinfo=UTC),
        start_at=datetime(2026, 6, 4, 9, tzinfo=UTC),
        end_at=datetime(2026, 6, 4, 9, 45, tzinfo=UTC),
        is_recurring=True,
        organizer=Address("jane@x.example", "Jane Roe"),
        attendees=(
            Attendee("joe@x.example", "Joe", "accepted"),
            Attendee("ann@x.example", None, "declined"),
            Attendee("oak@x.example", None, "accepted", "room"),
            Attendee("c_1@resource.calendar.google.com", None, "needs_action", "room"),
            Attendee("jane@x.example", "Jane Roe", "accepted"),
        ),
        sequence=2,
        updated_at=datetime(2026, 5, 30, 7, 15, 30, 123000, tzinfo=UTC),
    )


def test_an_all_day_entry_lasts_from_midnight_to_midnight_utc():
    event = read_event(
        start={"date": "2026-06-01"},
        end={"date": "2026-06-03"},
        originalStartTime=None,
        recurringEventId=None,
        eventType="outOfOffice",
        transparency="transparent",
        attendees=None,
    )
    assert event.is_all_day
    assert (event.start_at, event.end_at) == (
        datetime(2026, 6, 1, tzinfo=UTC),
        datetime(2026, 6, 3, tzinfo=UTC),
    )
    assert event.original_start_at == event.start_at
    assert (event.kind, event.is_busy, event.is_recurring) == ("out_of_office", False, False)
    assert event.attendees == ()


@pytest.mark.parametrize(
    ("google", "kind"),
    [
        ("default", "default"),
        ("fromGmail", "default"),
        ("focusTime", "focus_time"),
        ("outOfOffice", "out_of_office"),
        ("workingLocation", "working_location"),
        ("birthday", "birthday"),
        ("somethingNew", "default"),
    ],
)
def test_kinds_of_events(google: str, kind: str):
    event, *_ = calendar.records(google_event(eventType=google), "google-7")
    assert event.kind == kind


def test_hidden_attendees_are_told_and_the_organizer_sees_all():
    own = {"email": "jane@x.example", "self": True}
    assert read_event().has_all_attendees
    assert not read_event(attendeesOmitted=True).has_all_attendees
    assert not read_event(guestsCanSeeOtherGuests=False).has_all_attendees
    assert read_event(guestsCanSeeOtherGuests=False, organizer=own).has_all_attendees


@pytest.mark.parametrize(
    "email", ["unknownorganizer@calendar.google.com", "c_88@group.calendar.google.com"]
)
def test_a_calendar_that_stands_as_organizer_is_nobody(email: str):
    event = read_event(organizer={"email": email})
    assert event.organizer is None
    assert len(event.attendees) == 4


@pytest.mark.parametrize(
    "start", [{}, {"dateTime": "2026-06-04T11:00:00"}, {"date": "tomorrow"}, {"timeZone": "UTC"}]
)
def test_an_event_without_a_start_is_rejected(start: dict[str, str]):
    (found,) = calendar.records(google_event(start=start), "google-7")
    assert isinstance(found, Reject)
    assert (found.source, found.locator) == ("google-7/calendar", "abc_20260603T080000Z")
    assert found.reason == calendar.NO_START


def test_an_event_never_ends_before_it_starts():
    event = read_event(end={"dateTime": "2026-06-04T10:00:00+02:00"})
    assert event.end_at == event.start_at
    assert read_event(end=None).end_at == event.start_at


def test_an_attendee_without_an_address_is_rejected_and_the_event_stays():
    item = google_event(attendees=[{"displayName": "Nobody"}, {"email": "not an address"}])
    event, reject = calendar.records(item, "google-7")
    assert event.attendees == ()
    assert (reject.reason, reject.length) == (headers.NO_ADDRESS, len("not an address"))


# -- directory


def google_user(**changes: Any) -> dict[str, Any]:
    user = {
        "id": "103",
        "primaryEmail": "jane@x.example",
        "aliases": ["j.roe@x.example"],
        "nonEditableAliases": ["jane@x.example.test-google-a.com"],
        "emails": [
            {"address": "jane@x.example", "primary": True},
            {"address": "J.Roe@x.example"},
            {"address": "roe@x.example"},
            {"address": "jane@home.example", "type": "home"},
        ],
        "name": {"fullName": "Jane Roe"},
        "organizations": [
            {"department": "Old"},
            {"department": "Sales", "title": "Lead", "primary": True},
        ],
        "relations": [
            {"type": "assistant", "value": "joe@x.example"},
            {"type": "manager", "value": "ann@x.example"},
        ],
        "locations": [{"type": "desk", "area": "desk", "buildingId": "Mill Lane"}],
        "orgUnitPath": "/Sales",
        "suspended": False,
        "archived": False,
        "isMailboxSetup": True,
    } | changes
    assert defects("admin.directory_v1", "User", user) == []
    return user


def test_a_user_becomes_a_person():
    assert directory.person(google_user(), NOW) == Person(
        directory_id="103",
        address="jane@x.example",
        aliases=(
            "j.roe@x.example",
            "jane@x.example.test-google-a.com",
            "roe@x.example",
        ),
        name="Jane Roe",
        department="Sales",
        title="Lead",
        unit="/Sales",
        office="Mill Lane",
        manager_address="ann@x.example",
        seen_at=NOW,
    )


@pytest.mark.parametrize(
    ("locations", "office"),
    [
        ([{"area": "Second floor"}], "Second floor"),
        ([{}, {"area": "desk", "buildingId": "B1"}], "B1"),
        ([], None),
        ("nonsense", None),
    ],
)
def test_an_office_is_a_building_else_an_area(locations, office):
    user = google_user() | {"locations": locations}
    assert directory.person(user, NOW).office == office


@pytest.mark.parametrize("name", ["suspended", "archived"])
def test_suspended_and_archived_users_are_not_active(name: str):
    assert not directory.person(google_user(**{name: True}), NOW).is_active


def test_a_user_of_whom_the_directory_says_little_is_still_a_person():
    sparse = {"id": "104", "primaryEmail": "joe@x.example", "isMailboxSetup": False}
    assert directory.person(sparse, NOW) == Person(
        directory_id="104", address="joe@x.example", has_mailbox=False, seen_at=NOW
    )


# -- whatever Google's schemas allow

PATIENTLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@PATIENTLY
@given(values("gmail.v1", "Message"))
def test_no_message_that_gmail_may_send_breaks_the_reader(message: dict[str, Any]):
    found = list(messages.records(message | {"id": "1"}, "google-7", NOW))
    assert found
    table([one for one in found if isinstance(one, Message)], Message)


@PATIENTLY
@given(st.lists(values("gmail.v1", "History"), max_size=3))
def test_no_history_that_gmail_may_send_breaks_the_reader(history: list[dict[str, Any]]):
    changes = gmail.Changes.of({"history": history})
    assert changes.wanted(set()).keys() <= changes.labels.keys() - changes.gone


@PATIENTLY
@given(values("calendar.v3", "Event"))
def test_no_event_that_calendar_may_send_breaks_the_reader(event: dict[str, Any]):
    found = list(calendar.records(event | {"id": "1"}, "google-7"))
    assert found
    table([one for one in found if isinstance(one, Event)], Event)


@PATIENTLY
@given(values("admin.directory_v1", "User"))
def test_no_user_that_the_directory_may_send_breaks_the_reader(user: dict[str, Any]):
    table([directory.person(user | {"id": "1"}, NOW)], Person)
