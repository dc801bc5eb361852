"""What a connector yields: the contract between connectors/ and pipelines/.

Here: one frozen record type for each thing that providers and files hold, with the Arrow schema
that stands for it in ``imports/*.parquet``; a field's metadata says what the column means.
Not here: how a page or file becomes a record (files.py and the providers' modules), and what the
warehouse makes of it (pipelines/raw_tables.py, pipelines/ingest.py).

Nothing in a record is text that somebody wrote to somebody: no subject, no snippet, no body, no
title, no place, no description. Missing is None, never "" or 0. Times carry UTC.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, chain
from operator import attrgetter
from typing import Any, ClassVar

import pyarrow as pa


def _column(name: str, kind: pa.DataType, meaning: str, *, required: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=not required, metadata={"meaning": meaning})


_UTC = pa.timestamp("us", "UTC")
_ADDRESS = pa.struct([pa.field("address", pa.string()), pa.field("name", pa.string())])
_ATTENDEE = pa.struct(
    [
        pa.field("address", pa.string()),
        pa.field("name", pa.string()),
        pa.field("response", pa.string()),
        pa.field("kind", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Address:
    """One address as a header or attendee line names it; the name is never an identity."""

    address: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Attendee:
    """One invited address with its answer.

    response  accepted, tentative, declined, needs_action
    kind      person, room, group, unknown
    """

    address: str
    name: str | None = None
    response: str = "needs_action"
    kind: str = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as one mailbox holds it, headers only."""

    SCHEMA: ClassVar[pa.Schema] = pa.schema(
        [
            _column("mailbox_id", pa.string(), "whose copy this is", required=True),
            _column("message_id", pa.string(), "id of the copy in its mailbox", required=True),
            _column("internet_message_id", pa.string(), "Message-ID without its brackets"),
            _column("thread_id", pa.string(), "the provider's conversation; none in files"),
            _column("sent_at", _UTC, "when it was sent, by the provider's clock", required=True),
            _column("author", _ADDRESS, "From"),
            _column("sender", _ADDRESS, "Sender, where it is not the author"),
            _column("original_author", _ADDRESS, "author before a list put itself into From"),
            _column("reply_to", pa.list_(_ADDRESS), "Reply-To"),
            _column("to", pa.list_(_ADDRESS), "To"),
            _column("cc", pa.list_(_ADDRESS), "Cc"),
            _column("bcc", pa.list_(_ADDRESS), "Bcc; only the sender's copy has it"),
            _column("in_reply_to", pa.string(), "Message-ID of the message answered"),
            _column("references", pa.list_(pa.string()), "Message-IDs of the thread, oldest first"),
            _column("list_id", pa.string(), "List-Id without its phrase and brackets"),
            _column("list_address", pa.string(), "address of List-Post, else of X-Mailing-List"),
            _column("automation_signs", pa.list_(pa.string()), "headers that speak of a machine"),
            _column("folder_ids", pa.list_(pa.string()), "folders or labels that hold the copy"),
        ]
    )

    mailbox_id: str
    message_id: str
    internet_message_id: str | None = None
    thread_id: str | None = None
    sent_at: datetime
    author: Address | None = None
    sender: Address | None = None
    original_author: Address | None = None
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    list_id: str | None = None
    list_address: str | None = None
    automation_signs: tuple[str, ...] = ()
    folder_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One occurrence of one calendar entry as one mailbox holds it; its frame only.

    status  confirmed, tentative, cancelled
    kind    default, focus_time, out_of_office, working_location, birthday
    """

    SCHEMA: ClassVar[pa.Schema] = pa.schema(
        [
            _column("mailbox_id", pa.string(), "whose copy this is", required=True),
            _column("calendar_id", pa.string(), "the calendar in that mailbox", required=True),
            _column("event_id", pa.string(), "id of the occurrence there", required=True),
            _column("series_id", pa.string(), "the provider's id of its series; none in files"),
            _column("ical_uid", pa.string(), "UID, the same on every calendar"),
            _column("original_start_at", _UTC, "where the series put it", required=True),
            _column("start_at", _UTC, "start", required=True),
            _column("end_at", _UTC, "end", required=True),
            _column("is_all_day", pa.bool_(), "a date instead of an hour", required=True),
            _column("is_recurring", pa.bool_(), "one of a series", required=True),
            _column("status", pa.string(), "confirmed, tentative or cancelled", required=True),
            _column("kind", pa.string(), "default, or what it is instead", required=True),
            _column("is_busy", pa.bool_(), "whether it blocks the time", required=True),
            _column("organizer", _ADDRESS, "who called it"),
            _column("attendees", pa.list_(_ATTENDEE), "who was invited, with their answers"),
            _column("has_all_attendees", pa.bool_(), "false where some are hidden", required=True),
            _column("sequence", pa.int64(), "revision of the entry"),
            _column("updated_at", _UTC, "when this copy last changed"),
        ]
    )

    mailbox_id: str
    calendar_id: str
    event_id: str
    series_id: str | None = None
    ical_uid: str | None = None
    original_start_at: datetime
    start_at: datetime
    end_at: datetime
    is_all_day: bool = False
    is_recurring: bool = False
    status: str = "confirmed"
    kind: str = "default"
    is_busy: bool = True
    organizer: Address | None = None
    attendees: tuple[Attendee, ...] = ()
    has_all_attendees: bool = True
    sequence: int | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One directory entry as it stood at ``seen_at``; changes become history in raw.people.

    kind  person, room, group, shared
    """

    SCHEMA: ClassVar[pa.Schema] = pa.schema(
        [
            _column("directory_id", pa.string(), "the directory's own id", required=True),
            _column("address", pa.string(), "primary address"),
            _column("aliases", pa.list_(pa.string()), "every other address of the same entry"),
            _column("name", pa.string(), "display name"),
            _column("department", pa.string(), "department"),
            _column("title", pa.string(), "job title"),
            _column("unit", pa.string(), "organisational unit, a path such as /Sales/North"),
            _column("office", pa.string(), "where they work: a building, a site"),
            _column("manager_id", pa.string(), "directory_id of the manager"),
            _column("manager_address", pa.string(), "address of the manager, where that is named"),
            _column("kind", pa.string(), "person, room, group or shared", required=True),
            _column("is_active", pa.bool_(), "false for suspended and left", required=True),
            _column("has_mailbox", pa.bool_(), "whether there is mail to read", required=True),
            _column("seen_at", _UTC, "when the directory said so", required=True),
        ]
    )

    directory_id: str
    address: str | None = None
    aliases: tuple[str, ...] = ()
    name: str | None = None
    department: str | None = None
    title: str | None = None
    unit: str | None = None
    office: str | None = None
    manager_id: str | None = None
    manager_address: str | None = None
    kind: str = "person"
    is_active: bool = True
    has_mailbox: bool = True
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """One mailbox or archive that kith reads. Its address may be that of a list."""

    SCHEMA: ClassVar[pa.Schema] = pa.schema(
        [
            _column(
                "mailbox_id", pa.string(), "the provider's id; for files its own", required=True
            ),
            _column("provider", pa.string(), "files, google or microsoft", required=True),
            _column("address", pa.string(), "whose mailbox it is"),
        ]
    )

    mailbox_id: str
    provider: str
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """Something that could not be read: where, why and how long, never what it said."""

    SCHEMA: ClassVar[pa.Schema] = pa.schema(
        [
            _column("source", pa.string(), "file name or mailbox and stream", required=True),
            _column("locator", pa.string(), "where in the source", required=True),
            _column("reason", pa.string(), "why it was left out", required=True),
            _column("length", pa.int64(), "its length; bytes", required=True),
        ]
    )

    source: str
    locator: str
    reason: str
    length: int


Record = Message | Event | Person | Mailbox | Reject


def table(records: Iterable[Record], kind: type[Record]) -> pa.Table:
    """Records of one kind as an Arrow table of ``kind.SCHEMA``, column by column."""
    rows = list(records)
    columns = [_array(list(map(attrgetter(one.name), rows)), one.type) for one in kind.SCHEMA]
    return pa.Table.from_arrays(columns, schema=kind.SCHEMA)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    """A column: lists laid end to end, structs field by field, for Arrow is slow at dicts."""
    if pa.types.is_list(kind):
        ends = pa.array(accumulate(map(len, values), initial=0), pa.int32())
        inner = _array(list(chain.from_iterable(values)), kind.value_type)
        return pa.ListArray.from_arrays(ends, inner, type=kind)
    if pa.types.is_struct(kind):
        fields = [
            _array([one and getattr(one, field.name) for one in values], field.type)
            for field in kind
        ]
        missing = pa.array([one is None for one in values], pa.bool_())
        return pa.StructArray.from_arrays(fields, fields=list(kind), mask=missing)
    return pa.array(values, kind)


def batches(records: Iterable[Record], size: int) -> Iterator[list[Record]]:
    """Records in lists of at most ``size``, in their order."""
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
