"""Odd mail, odd events and odd answers, which real mailboxes hold; each has its own behaviour."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.google import calendar, gmail_requests
from connectors.google.access import Endpoints
from connectors.google.gmail_requests import GmailRequests
from connectors.records import Address, Message, Reject
from sandbox.boxes import Box, Change
from sandbox.google import gmail as served
from sandbox.google.messages import message_id
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World
from tests.connectors.google.conftest import Office, names, office_of
from tests.connectors.google.test_google_records import (
    gmail_message,
    google_event,
    read_event,
    read_message,
)


def with_headers(*pairs: tuple[str, str]) -> Message:
    """The one record of a message with these headers."""
    payload = {"headers": [{"name": name, "value": value} for name, value in pairs]}
    (found,) = read_message(gmail_message(payload=payload))
    assert isinstance(found, Message)
    return found


FROM = ("From", "jane@x.example")

# -- headers


def test_a_message_without_from_has_no_author_and_is_kept():
    found = with_headers(("To", "joe@y.example"), ("Subject", "no"))
    assert (found.author, found.to) == (None, (Address("joe@y.example"),))


def test_a_bounce_has_no_author_and_is_kept():
    author, *rejects = read_message(
        gmail_message(payload={"headers": [{"name": "From", "value": "<>"}]})
    )
    assert author.author is None
    assert rejects == []


def test_a_message_without_message_id_has_none_and_not_an_empty_one():
    assert with_headers(FROM).internet_message_id is None
    assert with_headers(FROM, ("Message-ID", "")).internet_message_id is None
    assert with_headers(FROM, ("Message-ID", "<>")).internet_message_id is None


@pytest.mark.parametrize("name", ["Message-ID", "Message-Id", "MESSAGE-ID", "message-id"])
def test_names_of_headers_have_no_case(name: str):
    assert with_headers(FROM, (name, "< A1@X.example >")).internet_message_id == "A1@X.example"


def test_a_header_that_comes_twice_is_one_list():
    found = with_headers(FROM, ("To", "joe@y.example"), ("To", "ann@y.example, JOE@y.example"))
    assert [one.address for one in found.to] == ["joe@y.example", "ann@y.example"]


@pytest.mark.parametrize("date", ["32 Jan 2024", "", "Fri, 1 Jan 0025", "Mon, 1 Jan 9900 +9900"])
def test_whatever_the_date_header_says_gmails_own_date_counts(date: str):
    found = with_headers(FROM, ("Date", date))
    assert found.sent_at == datetime(2024, 6, 1, 12, 0, 0, 123000, tzinfo=UTC)


def test_a_message_that_was_sent_on_has_its_first_author_and_recipients():
    found = with_headers(
        FROM,
        ("To", "joe@y.example"),
        ("Resent-From", "pam@z.example"),
        ("Resent-To", "sue@z.example"),
    )
    assert (found.author, found.to) == (Address("jane@x.example"), (Address("joe@y.example"),))
    assert found.automation_signs == ("resent",)


def test_who_writes_on_behalf_of_another_stands_beside_the_author():
    found = with_headers(FROM, ("Sender", "assistant@x.example"))
    assert (found.author.address, found.sender.address) == ("jane@x.example", "assistant@x.example")


def test_an_invitation_by_mail_is_marked_for_the_calendar_counts_it():
    found = with_headers(FROM, ("Content-Type", 'text/calendar; method="REQUEST"'))
    assert found.automation_signs == ("calendar",)


def test_a_thousand_recipients_are_a_thousand_recipients():
    found = with_headers(FROM, ("To", ", ".join(f"p{n}@x.example" for n in range(1_200))))
    assert len(found.to) == 1_200


# -- calendar


def test_an_organizer_who_is_not_among_the_guests_comes_all_the_same():
    event = read_event(attendees=[{"email": "joe@x.example", "responseStatus": "accepted"}])
    assert [(one.address, one.response) for one in event.attendees] == [
        ("joe@x.example", "accepted"),
        ("jane@x.example", "accepted"),
    ]


def test_an_organizer_who_declined_keeps_that_answer():
    event = read_event(
        attendees=[
            {"email": "Jane@x.example", "responseStatus": "declined", "organizer": True},
            {"email": "joe@x.example", "responseStatus": "accepted"},
        ]
    )
    assert [one.response for one in event.attendees] == ["declined", "accepted"]


def test_the_later_half_of_a_series_that_was_split_is_a_series_of_its_own():
    first = read_event()
    later = read_event(
        id="abc_R20260610T080000_20260610T080000Z",
        recurringEventId="abc_R20260610T080000",
        iCalUID="abc_R20260610T080000@google.com",
    )
    assert (first.series_id, later.series_id) == ("abc", "abc_R20260610T080000")
    assert first.ical_uid != later.ical_uid


def test_a_group_whose_members_are_still_being_listed_is_not_everybody():
    group = {"email": "all@x.example", "responseStatus": "needsAction"}
    assert read_event(attendees=[group]).has_all_attendees
    assert not read_event(attendees=[group | {"asyncOperation": "inProgress"}]).has_all_attendees


def test_a_private_event_of_which_only_the_time_is_shown_is_an_event_of_nobody():
    item = google_event(attendees=None, organizer=None, visibility="private")
    event = read_event(**{name: item.get(name) for name in ("attendees", "organizer")})
    assert (event.attendees, event.organizer) == ((), None)
    assert event.start_at == datetime(2026, 6, 4, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("offset", "hour"), [("+02:00", 0), ("+01:00", 1)], ids=["before", "after"]
)
def test_the_hour_that_comes_twice_in_autumn_is_told_apart_by_its_offset(offset: str, hour: int):
    event = read_event(start={"dateTime": f"2026-10-25T02:30:00{offset}"}, end=None)
    assert event.start_at == datetime(2026, 10, 25, hour, 30, tzinfo=UTC)


def test_values_that_nobody_knows_yet_are_taken_for_the_usual_ones_and_counted():
    guest = {"email": "joe@x.example", "responseStatus": "perhaps"}
    item = google_event(eventType="siesta", status="proposed", attendees=[guest])
    event, *rejects = calendar.records(item, "google-7")
    assert (event.kind, event.status) == ("default", "confirmed")
    assert event.attendees[0].response == "needs_action"
    assert {one.reason for one in rejects} == {calendar.UNKNOWN_VALUE}
    names = [one.locator.rpartition(", ")[2] for one in rejects]
    assert names == ["eventType", "status", "responseStatus"]


def test_an_entry_of_several_days_keeps_its_length():
    event = read_event(end={"dateTime": "2026-06-09T11:00:00+02:00"})
    assert event.end_at - event.start_at == timedelta(days=5)


@pytest.mark.parametrize("item", [{}, {"status": "cancelled"}, {"summary": "x"}])
def test_an_event_without_an_id_is_rejected_and_the_page_is_read(
    office: Office, monkeypatch: pytest.MonkeyPatch, item: dict[str, Any]
):
    show = served_events(office.sandbox, monkeypatch, item)
    office.calendar()
    assert show == []
    assert [one.reason for one in office.store.rejects] == ["no id"]
    assert office.store.events


def served_events(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, item: dict[str, Any]
) -> list[dict[str, Any]]:
    """Let the first event that is shown be ``item``; a list that is empty once it was."""
    left = [item]
    show = sandbox.google.calendar._show
    monkeypatch.setattr(
        sandbox.google.calendar, "_show", lambda *given: left.pop() if left else show(*given)
    )
    return left


# -- answers


def test_what_happens_to_a_message_many_times_between_two_pulls_ends_as_it_is_now(
    office: Office, world: World
):
    office.mail()
    box = world.boxes[office.mailbox.address]
    copy = next(one for one in box.copies() if one.folder == "inbox")
    for folder in ("archive", "Plans", "trash", "inbox", "archive", "inbox"):
        world.move(box.address, copy.number, folder)
    office.mail()
    name = message_id(box, copy)
    quiet = office.again()
    quiet.mail()
    assert office.store.folders_of(name) == quiet.store.folders_of(name)
    assert name in office.store.alive()


def test_a_page_of_history_that_holds_nothing_does_not_end_it(
    office: Office, world: World, monkeypatch: pytest.MonkeyPatch
):
    office.mail()
    box = world.boxes[office.mailbox.address]
    for copy in box.copies()[:30]:
        world.read(box.address, copy.number)
    world.move(box.address, box.copies()[0].number, "Plans")
    record = served._record

    def silent(box: Box, change: Change, kinds: tuple[str, ...], label: str | None) -> Any:
        return None if change.kind == "read" else record(box, change, kinds, label)

    monkeypatch.setattr(served, "_record", silent)
    monkeypatch.setattr(gmail_requests, "LISTED_AT_ONCE", 10)
    calls = office.mail()
    assert len([one for one in names(calls) if one == "history"]) == 4
    assert "Label_1" in office.store.folders_of(message_id(box, box.copies()[0]))


def test_ids_are_quoted_wherever_they_stand_in_a_path():
    requests = GmailRequests(Endpoints())
    assert "/messages/a%2Fb%2Bc%3D%3F?" in requests.message_path("a/b+c=?")
    assert "/threads/a%2Fb%2Bc%3D%3F?" in requests.thread_path("a/b+c=?")


def test_a_place_in_the_history_may_be_wider_than_64_bits(
    village: Village, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sandbox.world._SEQS_PER_S", 10**15)
    world = World(village)
    with Sandbox(world) as sandbox:
        office = office_of(sandbox)
        office.mail()
        assert world.mail_seq > 2**64
        assert str(world.mail_seq) in office.store.cursors["mail"]
        box = world.boxes[office.mailbox.address]
        world.delete(box.address, box.copies()[0].number)
        office.mail()
        assert len(office.store.gone) == 1


def test_a_reject_says_nothing_of_what_was_rejected():
    (found,) = read_message(gmail_message(internalDate="CANARY"))
    assert isinstance(found, Reject)
    assert "CANARY" not in repr(found)
