"""Records become raw rows in which no address is left but in raw.addresses."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from connectors import addresses, records
from connectors.google import calendar as google_calendar
from connectors.microsoft import events as microsoft_events
from connectors.records import Address, Attendee, Event, Mailbox, Message, Reject
from pipelines import ingest
from pipelines.raw_tables import RAW_TABLES
from pipelines.store import Batch, store
from pipelines.warehouse import Warehouse

SECRET = bytes(range(32))
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def key(address: str) -> int:
    return addresses.address_key(SECRET, address)


@pytest.fixture
def connection(warehouse: Warehouse):
    with warehouse.connect() as connection:
        yield connection


@pytest.fixture
def keyed(connection):
    """Raw rows of some records, as lists of dicts."""
    pseudonyms = ingest.Pseudonyms(SECRET, connection)

    def keyed(*found: records.Record) -> dict[str, list[dict]]:
        kinds = {type(record) for record in found}
        tables = {
            kind: records.table((r for r in found if type(r) is kind), kind) for kind in kinds
        }
        rows = ingest.rows(tables, pseudonyms, NOON)
        assert all(rows[name].schema == RAW_TABLES[name].schema for name in rows)
        return {name: table.to_pylist() for name, table in rows.items()}

    return keyed


def message(**parts) -> Message:
    return Message(**{"mailbox_id": "m", "message_id": "1", "sent_at": NOON} | parts)


def test_addresses_become_keys_and_stand_in_one_table_only(keyed):
    rows = keyed(
        message(
            author=Address("Ann@Example.org", "Ann"),
            to=(Address("bob@example.org"), Address("ann@EXAMPLE.org")),
        )
    )
    (row,) = rows["raw.messages"]
    assert row["author_key"] == key("ann@example.org")
    assert row["to_keys"] == [key("bob@example.org"), key("ann@example.org")]
    assert {(one["address"], one["domain"]) for one in rows["raw.addresses"]} == {
        ("ann@example.org", "example.org"),
        ("bob@example.org", "example.org"),
    }
    del rows["raw.addresses"]
    assert "example.org" not in repr(rows)


def test_lists_keep_their_messages_apart(keyed):
    rows = keyed(
        message(message_id="1", to=(Address("a@x.example"), Address("b@x.example"))),
        message(message_id="2"),
        message(message_id="3", to=(Address("c@x.example"),), references=("r1", "r2")),
    )
    found = {row["message_id"]: row["to_keys"] for row in rows["raw.messages"]}
    assert found == {
        "1": [key("a@x.example"), key("b@x.example")],
        "2": [],
        "3": [key("c@x.example")],
    }
    lengths = [len(row["reference_keys"]) for row in rows["raw.messages"]]
    assert lengths == [0, 0, 2]


def test_one_message_id_is_one_key_in_every_mailbox_and_a_reply_points_to_it(keyed):
    rows = keyed(
        message(mailbox_id="m", internet_message_id="x@y"),
        message(mailbox_id="n", message_id="9", internet_message_id="x@y"),
        message(mailbox_id="n", message_id="10", in_reply_to="x@y"),
    )["raw.messages"]
    assert rows[0]["message_key"] == rows[1]["message_key"] == rows[2]["in_reply_to_key"]


def test_without_a_message_id_each_copy_is_a_message_of_its_own(keyed):
    rows = keyed(message(message_id="1"), message(message_id="2"))["raw.messages"]
    assert rows[0]["message_key"] != rows[1]["message_key"]


def test_names_keep_the_days_on_which_they_were_seen(keyed):
    rows = keyed(
        message(message_id="1", author=Address("a@x.example", "Ann")),
        message(message_id="2", to=(Address("a@x.example", "Ann"), Address("b@x.example"))),
        message(message_id="3", to=(Address("A@x.example", "Ann B"),)),
    )["raw.address_names"]
    assert sorted(row["name"] for row in rows) == ["Ann", "Ann B"]
    assert {row["address_key"] for row in rows} == {key("a@x.example")}


def test_one_meeting_has_one_key_on_every_calendar(keyed):
    def event(mailbox: str, **parts) -> Event:
        at = {"original_start_at": NOON, "start_at": NOON, "end_at": NOON}
        ids = {"mailbox_id": mailbox, "calendar_id": "c", "event_id": "e", "ical_uid": "u"}
        return Event(**ids | at | parts)

    moved = NOON.replace(hour=15)
    rows = keyed(
        event("m", attendees=(Attendee("a@x.example", response="accepted", kind="person"),)),
        event("n", start_at=moved, end_at=moved),
        event("n", event_id="f", original_start_at=moved),
    )["raw.events"]
    assert rows[0]["meeting_key"] == rows[1]["meeting_key"] != rows[2]["meeting_key"]
    assert rows[0]["attendees"] == [
        {"address_key": key("a@x.example"), "response": "accepted", "kind": "person"}
    ]


def test_rejects_and_mailboxes_are_rows_too(keyed):
    rows = keyed(
        Mailbox(mailbox_id="m", provider="files", address="me@x.example"),
        Reject(source="a.mbox", locator="message 3", reason="no date", length=17),
    )
    (mailbox,) = rows["raw.mailboxes"]
    assert (mailbox["address_key"], mailbox["state"]) == (key("me@x.example"), "ok")
    (reject,) = rows["raw.rejects"]
    assert (reject["reason"], reject["seen_at"]) == ("no date", NOON)


def test_of_two_addresses_that_meet_in_one_key_the_later_is_rejected(connection, keyed):
    first = keyed(message(author=Address("a@x.example")))
    # Give the key of b to a, as if both had met in it; nothing else makes two addresses collide.
    taken = first["raw.addresses"][0] | {"address_key": key("b@x.example")}
    rows = pa.Table.from_pylist([taken], schema=RAW_TABLES["raw.addresses"].schema)
    store(connection, Batch(mailbox_id="m", stream="s", cursor="1", rows={"raw.addresses": rows}))
    found = keyed(message(to=(Address("b@x.example"), Address("c@x.example"))))
    (row,) = found["raw.messages"]
    assert row["to_keys"] == [key("c@x.example")]
    (reject,) = found["raw.rejects"]
    assert "two addresses meet in one key" in reject["reason"]
    assert "x.example" not in repr(reject)


# One occurrence on the calendars of both vendors

UID = "abc@google.com"


def google_occurrence(day: int, moved_to: str | None = None) -> Event:
    """As events.list gives it: one iCalUID for all, and where the series put this one."""
    planned = f"2026-06-{day:02}T10:00:00+02:00"
    item = {
        "id": f"abc_202606{day:02}T080000Z",
        "recurringEventId": "abc",
        "iCalUID": UID,
        "start": {"dateTime": moved_to or planned},
        "end": {"dateTime": moved_to or planned},
        "originalStartTime": {"dateTime": planned},
    }
    (event,) = google_calendar.records(item, "google-ann")
    return event


def microsoft_occurrence(day: int, moved_to: str | None = None) -> Event:
    """As Graph gives it: an iCalUId of its own that wraps the day and the foreign UID."""
    foreign = b"vCal-Uid\x01\0\0\0" + UID.encode() + b"\0"
    wrapped = "".join(
        (
            "040000008200E00074C5B7101A82E008",
            f"07EA06{day:02X}",
            "0" * 32,
            len(foreign).to_bytes(4, "little").hex(),
            foreign.hex(),
        )
    ).upper()
    planned = f"2026-06-{day:02}T08:00:00.0000000"
    item = {
        "id": f"occurrence {day}",
        "iCalUId": wrapped,
        "seriesMasterId": "master",
        "type": "exception" if moved_to else "occurrence",
        "originalStart": f"{planned}Z",
        "start": {"dateTime": moved_to or planned, "timeZone": "UTC"},
        "end": {"dateTime": moved_to or planned, "timeZone": "UTC"},
    }
    mailbox = Mailbox(mailbox_id="microsoft-bob", provider="microsoft", address="bob@x.org")
    (event,) = microsoft_events.records(
        item, mailbox, microsoft_events.series_uid(wrapped), NOON.replace(year=2020)
    )
    return event


def test_both_vendors_copies_of_an_occurrence_are_one_meeting_even_if_it_was_moved(keyed):
    copies = (
        google_occurrence(2),
        microsoft_occurrence(2),
        google_occurrence(9, moved_to="2026-06-10T15:00:00+02:00"),
        microsoft_occurrence(9, moved_to="2026-06-10T13:00:00.0000000"),
    )
    first, also_first, second, also_second = keyed(*copies)["raw.events"]
    assert first["meeting_key"] == also_first["meeting_key"]
    assert second["meeting_key"] == also_second["meeting_key"] != first["meeting_key"]
    assert len({row["series_key"] for row in (first, also_first, second, also_second)}) == 1
    assert second["start_at"] == also_second["start_at"] == datetime(2026, 6, 10, 13, tzinfo=UTC)
