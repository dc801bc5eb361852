"""The raw tables: what is kept of records once every address has become a key.

Here: their columns with types and meanings, their keys, and which column dates a row.
Not here: how records become rows (ingest.py) and how rows are stored (warehouse.py).

Texts of addresses and names stand in raw.addresses and raw.address_names and in no other table, so
that everything else is pseudonymous by construction and one person can be erased in one place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

_TEXT, _INTEGER, _FLAG = pa.string(), pa.int64(), pa.bool_()
_UTC, _DATE = pa.timestamp("us", "UTC"), pa.date32()
_KEYS, _TEXTS = pa.list_(pa.int64()), pa.list_(pa.string())
_ATTENDEES = pa.list_(
    pa.struct(
        [
            pa.field("address_key", _INTEGER),
            pa.field("response", _TEXT),
            pa.field("kind", _TEXT),
        ]
    )
)


@dataclass(frozen=True)
class RawTable:
    """One raw table.

    key        columns that name a row; a row stored again under its key replaces the old one
    columns    name -> (type, meaning)
    dated_by   the column whose month a change touches; None where a row belongs to no month
    combine    column -> least or greatest: kept from old and new row together
    found_by   a number made of the key alone, by which rows are found faster than by its texts
    is_history rows have valid_from and valid_to; a row that says something else ends the one before
    """

    name: str
    question: str
    key: tuple[str, ...]
    columns: Mapping[str, tuple[pa.DataType, str]]
    dated_by: str | None = None
    combine: Mapping[str, str] = field(default_factory=dict)
    found_by: str | None = None
    is_history: bool = False

    @property
    def schema(self) -> pa.Schema:
        """Its Arrow schema."""
        return pa.schema([(name, kind) for name, (kind, _) in self.columns.items()])

    @property
    def ddl(self) -> str:
        """CREATE TABLE with the meanings as comments on table and columns."""
        columns = ", ".join(
            f'"{name}" {duckdb_type(kind)}' for name, (kind, _) in self.columns.items()
        )
        comments = [
            f'COMMENT ON COLUMN {self.name}."{name}" IS {literal(meaning)}'
            for name, (_, meaning) in self.columns.items()
        ]
        about = f"COMMENT ON TABLE {self.name} IS {literal(self.question)}"
        return "; ".join([f"CREATE TABLE {self.name} ({columns})", about, *comments])


def literal(text: str) -> str:
    """A text as SQL writes it; for the places where SQL takes no parameter."""
    return "'" + text.replace("'", "''") + "'"


def duckdb_type(kind: pa.DataType) -> str:
    """The DuckDB spelling of an Arrow type that raw tables use."""
    if pa.types.is_list(kind):
        return f"{duckdb_type(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        parts = ", ".join(f'"{part.name}" {duckdb_type(part.type)}' for part in kind)
        return f"STRUCT({parts})"
    names = {_TEXT: "VARCHAR", _INTEGER: "BIGINT", _FLAG: "BOOLEAN", _UTC: "TIMESTAMPTZ"}
    return (names | {_DATE: "DATE"})[kind]


_TABLES = (
    RawTable(
        "raw.addresses",
        "Which address stands behind a key?",
        ("address_key",),
        {
            "address_key": (_INTEGER, "keyed pseudonym of the canonical address, below 2^53"),
            "address": (_TEXT, "the address in canonical form"),
            "domain": (_TEXT, "its domain"),
        },
    ),
    RawTable(
        "raw.address_names",
        "Under which display names was an address seen?",
        ("address_key", "name"),
        {
            "address_key": (_INTEGER, "the address"),
            "name": (_TEXT, "a display name that a header gave it"),
            "first_seen_at": (_UTC, "first time; UTC"),
            "last_seen_at": (_UTC, "last time; UTC"),
        },
        combine={"first_seen_at": "least", "last_seen_at": "greatest"},
    ),
    RawTable(
        "raw.messages",
        "Which message does each mailbox hold?",
        ("mailbox_id", "message_id"),
        {
            "mailbox_id": (_TEXT, "whose copy this is"),
            "message_id": (_TEXT, "id of the copy in its mailbox"),
            "copy_key": (_INTEGER, "hash of mailbox_id and message_id: the copy in one number"),
            "message_key": (_INTEGER, "hash of its Message-ID; without one, the copy_key"),
            "audience_key": (
                _INTEGER,
                "hash of author, everybody in To and Cc, and message answered: equal in copies",
            ),
            "thread_key": (_INTEGER, "hash of the provider's conversation id"),
            "sent_at": (_UTC, "when it was sent; UTC"),
            "sent_date": (_DATE, "its day, UTC; kept because time zones make a cast expensive"),
            "author_key": (_INTEGER, "From"),
            "sender_key": (_INTEGER, "Sender, where it is not the author"),
            "original_author_key": (_INTEGER, "the author before a list rewrote From"),
            "reply_to_keys": (_KEYS, "Reply-To"),
            "to_keys": (_KEYS, "To"),
            "cc_keys": (_KEYS, "Cc"),
            "bcc_keys": (_KEYS, "Bcc"),
            "address_count": (_INTEGER, "different addresses in To, Cc and Bcc"),
            "in_reply_to_key": (_INTEGER, "message_key of the message answered"),
            "reference_keys": (_KEYS, "message_keys of the thread, oldest first"),
            "list_id": (_TEXT, "List-Id"),
            "list_address_key": (_INTEGER, "address that posts to the list"),
            "automation_signs": (_TEXTS, "headers that speak of a machine"),
            "deleted_at": (_UTC, "when the provider said that it is gone; UTC"),
        },
        dated_by="sent_at",
        found_by="copy_key",
    ),
    RawTable(
        "raw.message_folders",
        "Which folders or labels hold a message?",
        ("mailbox_id", "folder_id", "message_id"),
        {
            "mailbox_id": (_TEXT, "the mailbox"),
            "folder_id": (_TEXT, "its folder or system label"),
            "message_id": (_TEXT, "the copy"),
        },
    ),
    RawTable(
        "raw.folders",
        "Which folders of a mailbox are known for what they are?",
        ("mailbox_id", "folder_id"),
        {
            "mailbox_id": (_TEXT, "the mailbox"),
            "folder_id": (_TEXT, "its folder, where the id does not say what it is"),
            "name": (_TEXT, "what it is: sent"),
        },
    ),
    RawTable(
        "raw.events",
        "Which occurrence of a calendar entry does each calendar hold?",
        ("mailbox_id", "calendar_id", "event_id"),
        {
            "mailbox_id": (_TEXT, "whose copy this is"),
            "calendar_id": (_TEXT, "the calendar in that mailbox"),
            "event_id": (_TEXT, "id of the occurrence there"),
            "series_id": (_TEXT, "the provider's id of its series; null in files"),
            "meeting_key": (_INTEGER, "hash of UID and original start: the same on every calendar"),
            "series_key": (_INTEGER, "hash of UID"),
            "original_start_at": (_UTC, "where the series put it; UTC"),
            "start_at": (_UTC, "start; UTC"),
            "end_at": (_UTC, "end; UTC"),
            "is_all_day": (_FLAG, "a date instead of an hour"),
            "is_recurring": (_FLAG, "one of a series"),
            "status": (_TEXT, "confirmed, tentative, cancelled"),
            "kind": (_TEXT, "default, focus_time, out_of_office, working_location, birthday"),
            "is_busy": (_FLAG, "whether it blocks the time"),
            "organizer_key": (_INTEGER, "who called it"),
            "attendees": (_ATTENDEES, "who was invited, with their answers"),
            "has_all_attendees": (_FLAG, "false where some are hidden"),
            "sequence": (_INTEGER, "revision of the entry"),
            "updated_at": (_UTC, "when this copy last changed; UTC"),
            "deleted_at": (_UTC, "when it went, else when it was last seen there; UTC"),
        },
        dated_by="start_at",
    ),
    RawTable(
        "raw.people",
        "What did the directory say of whom, and when?",
        ("account_id", "directory_id", "valid_from"),
        {
            "account_id": (_TEXT, "whose directory"),
            "directory_id": (_TEXT, "the directory's own id"),
            "valid_from": (_UTC, "first snapshot that said so; UTC"),
            "valid_to": (_UTC, "first snapshot that said otherwise; UTC"),
            "address_key": (_INTEGER, "primary address"),
            "alias_keys": (_KEYS, "every other address"),
            "name": (_TEXT, "display name"),
            "department": (_TEXT, "department"),
            "title": (_TEXT, "job title"),
            "unit": (_TEXT, "organisational unit, a path"),
            "office": (_TEXT, "where they work: a building, a site"),
            "manager_id": (_TEXT, "directory_id of the manager"),
            "manager_key": (_INTEGER, "address of the manager, where the directory names that"),
            "kind": (_TEXT, "person, room, group, shared"),
            "is_active": (_FLAG, "false for suspended and left"),
            "has_mailbox": (_FLAG, "whether there is mail to read"),
        },
        is_history=True,
    ),
    RawTable(
        "raw.accounts",
        "Which connected accounts are read, and how do they fare?",
        ("account_id",),
        {
            "account_id": (_TEXT, "provider and domain, tenant or key of the person"),
            "provider": (_TEXT, "google, microsoft"),
            "is_organisation": (_FLAG, "false for the account of one person"),
            "state": (_TEXT, "ok, or what is wrong"),
            "cure": (_TEXT, "what to do about it"),
        },
    ),
    RawTable(
        "raw.mailboxes",
        "Which mailboxes and archives are read, and how do they fare?",
        ("mailbox_id",),
        {
            "mailbox_id": (_TEXT, "the provider's id; for files made of the owner's address_key"),
            "provider": (_TEXT, "files, google, microsoft"),
            "account_id": (_TEXT, "the connected account; null for files"),
            "address_key": (_INTEGER, "whose mailbox it is"),
            "pulled_at": (_UTC, "until then everything recent is stored; null for files; UTC"),
            "state": (_TEXT, "ok, waiting, reading, or what is wrong"),
            "cure": (_TEXT, "what to do about it"),
        },
        # A mailbox under a new address has been read all the same.
        combine={"pulled_at": "greatest"},
    ),
    RawTable(
        "raw.own_domains",
        "Which domains are the own organisation by kith.toml?",
        ("domain",),
        {"domain": (_TEXT, "a domain")},
    ),
    RawTable(
        "raw.own_addresses",
        "Which addresses are oneself by kith.toml?",
        ("address_key",),
        {"address_key": (_INTEGER, "an address")},
    ),
    RawTable(
        "raw.joined_by_hand",
        "Which addresses are one person by people.toml?",
        ("entry", "address_key"),
        {
            "entry": (_INTEGER, "number of its [[join]]; from 1"),
            "address_key": (_INTEGER, "an address"),
        },
    ),
    RawTable(
        "raw.apart_by_hand",
        "Which addresses are different people by people.toml?",
        ("entry", "address_key"),
        {
            "entry": (_INTEGER, "number of its [[apart]]; from 1"),
            "address_key": (_INTEGER, "an address; no two of an entry are one person's"),
        },
    ),
    RawTable(
        "raw.kinds_by_hand",
        "What is an address by people.toml?",
        ("address_key",),
        {
            "address_key": (_INTEGER, "an address"),
            "kind": (_TEXT, "person, robot, list, room, group"),
        },
    ),
    RawTable(
        "raw.cursors",
        "How far has each stream been read?",
        ("mailbox_id", "stream"),
        {
            "mailbox_id": (_TEXT, "the mailbox; for a directory the account"),
            "stream": (
                _TEXT,
                "mail, mail:<folder>, calendar:<calendar>, directory, quota: what was spent on "
                "a day, import:<sha256>",
            ),
            "cursor": (_TEXT, "where to go on"),
        },
    ),
    RawTable(
        "raw.rejects",
        "What could not be read, and why?",
        ("source", "locator", "reason"),
        {
            "source": (_TEXT, "file name, or mailbox and stream"),
            "locator": (_TEXT, "where in the source"),
            "reason": (_TEXT, "why it was left out"),
            "seen_at": (_UTC, "when kith met it first; UTC"),
            "length": (_INTEGER, "its length; bytes"),
        },
        combine={"seen_at": "least"},
    ),
)

RAW_TABLES: Mapping[str, RawTable] = {table.name: table for table in _TABLES}
