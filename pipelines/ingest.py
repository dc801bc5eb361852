"""Records become rows of the raw tables: addresses and ids turn into keys on the way.

Here: keyed pseudonyms for whole columns at once, and one function for each kind of record.
Not here: where records come from (imports.py), how rows are stored (warehouse.py).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from connectors import addresses
from connectors.records import Event, Mailbox, Message, Person, Record, Reject
from pipelines import people_file
from pipelines.raw_tables import RAW_TABLES
from pipelines.settings import Settings
from pipelines.store import differs, replace_all

Rows = dict[str, pa.Table]


class Pseudonyms:
    """Keys for addresses and ids, remembered for as long as one pull lasts.

    Every address met is kept with its key, so that ``rows`` can give raw.addresses. Two addresses
    that meet in one key cannot both keep it: the one that came first does, the other is left out
    of every list and rejected with that reason.
    """

    def __init__(self, secret: bytes, connection: duckdb.DuckDBPyConnection) -> None:
        """Take the pseudonym key, and the warehouse to see which keys are given out already."""
        self._secret = secret
        self._connection = connection
        self._key_of: dict[str, int | None] = {}
        self._address_of: dict[int, str] = {}
        self._refused: list[Reject] = []

    def addresses(self, column: pa.Array) -> pa.Array:
        """Address texts -> int64 keys; null for null and for a refused address."""
        encoded = column.dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        self._learn([text for text in texts if text not in self._key_of])
        keys = pa.array([self._key_of[text] for text in texts], pa.int64())
        return keys.take(encoded.indices)

    def texts(self, column: pa.Array) -> pa.Array:
        """Message-IDs, UIDs and the like -> signed 64-bit keys; null for null."""
        encoded = column.dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        keys = pa.array([addresses.text_key(self._secret, text) for text in texts], pa.int64())
        return keys.take(encoded.indices)

    def rows(self) -> tuple[pa.Table, list[Reject]]:
        """raw.addresses of everything met since the last call, and what was refused."""
        table = _table(
            "raw.addresses",
            address_key=list(self._address_of),
            address=list(self._address_of.values()),
            domain=[addresses.domain(text) for text in self._address_of.values()],
        )
        refused, self._refused = self._refused, []
        self._address_of = {}
        return table, refused

    def _learn(self, texts: Sequence[str]) -> None:
        if not texts:
            return
        canonical = {text: addresses.canonical(text) for text in texts}
        key_of = {
            address: addresses.address_key(self._secret, address)
            for address in sorted(set(canonical.values()))
        }
        holder = dict(
            self._connection.execute(
                "SELECT address_key, address FROM raw.addresses "
                "WHERE address_key IN (SELECT unnest(?::BIGINT[]))",
                [list(key_of.values())],
            ).fetchall()
        )
        for text, address in canonical.items():
            key = key_of[address]
            first = holder.setdefault(key, self._address_of.get(key, address))
            if first == address:
                self._key_of[text] = key
                self._address_of[key] = address
            else:
                self._key_of[text] = None
                self._refused.append(
                    Reject(
                        source="raw.addresses",
                        locator=f"address_key {key}",
                        reason="two addresses meet in one key; the later one is left out",
                        length=len(address.encode()),
                    )
                )


def rows(
    tables: Mapping[type[Record], pa.Table],
    pseudonyms: Pseudonyms,
    seen_at: datetime,
    account_id: str | None = None,
) -> Rows:
    """Tables of records -> rows of every raw table that they fill.

    tables      record type -> Arrow table of its SCHEMA
    seen_at     when kith met them; dates the rejects
    account_id  the connected account that they come from; None for files
    """
    found: Rows = {}
    names = []
    if mailboxes := _some(tables, Mailbox):
        found["raw.mailboxes"] = _mailboxes(mailboxes, pseudonyms, account_id)
    if people := _some(tables, Person):
        found["raw.people"] = _people(people, pseudonyms, account_id)
    if messages := _some(tables, Message):
        found["raw.messages"] = _messages(messages, pseudonyms)
        found["raw.message_folders"] = _message_folders(messages)
        names += [
            *(_names(messages, role, "sent_at", pseudonyms) for role in ("author", "to", "cc")),
            *(_names(messages, role, "sent_at", pseudonyms) for role in ("bcc", "sender")),
        ]
    if events := _some(tables, Event):
        found["raw.events"] = _events(events, pseudonyms)
        names += [
            _names(events, role, "start_at", pseudonyms) for role in ("organizer", "attendees")
        ]
    if names:
        found["raw.address_names"] = _folded_names(names)
    found["raw.addresses"], refused = pseudonyms.rows()
    found["raw.rejects"] = _rejects(_some(tables, Reject), refused, seen_at)
    return found


def _some(tables: Mapping[type[Record], pa.Table], kind: type[Record]) -> pa.Table | None:
    table = tables.get(kind)
    return table.combine_chunks() if table is not None and table.num_rows else None


def _mailboxes(records: pa.Table, pseudonyms: Pseudonyms, account_id: str | None) -> pa.Table:
    """Mailboxes as they are met first: a file is read at once, an account's is still to be."""
    count = records.num_rows
    return _table(
        "raw.mailboxes",
        mailbox_id=_column(records, "mailbox_id"),
        provider=_column(records, "provider"),
        account_id=[account_id] * count,
        address_key=pseudonyms.addresses(_column(records, "address")),
        pulled_at=[None] * count,
        state=["waiting" if account_id else "ok"] * count,
        cure=[None] * count,
    )


def _people(records: pa.Table, pseudonyms: Pseudonyms, account_id: str | None) -> pa.Table:
    kept = ("directory_id", "name", "department", "title", "unit", "office", "manager_id")
    kept += ("kind", "is_active", "has_mailbox")
    return _table(
        "raw.people",
        **{name: _column(records, name) for name in kept},
        account_id=[account_id] * records.num_rows,
        valid_from=_column(records, "seen_at"),
        valid_to=pa.nulls(records.num_rows, pa.timestamp("us", "UTC")),
        address_key=pseudonyms.addresses(_column(records, "address")),
        alias_keys=_keyed_list(_column(records, "aliases"), pseudonyms.addresses),
        manager_key=pseudonyms.addresses(_column(records, "manager_address")),
    )


def _messages(records: pa.Table, pseudonyms: Pseudonyms) -> pa.Table:
    mailbox, copy = _column(records, "mailbox_id"), _column(records, "message_id")

    def one(name: str) -> pa.Array:
        return pseudonyms.addresses(pc.struct_field(_column(records, name), "address"))

    def many(name: str) -> pa.Array:
        return _keyed_list(
            _column(records, name),
            lambda items: pseudonyms.addresses(pc.struct_field(items, "address")),
        )

    copy_key = pseudonyms.texts(_joined(mailbox, copy))
    author, original_author = one("author"), one("original_author")
    to, cc, bcc = many("to"), many("cc"), many("bcc")
    in_reply_to = pseudonyms.texts(_column(records, "in_reply_to"))
    sent_at = _column(records, "sent_at")
    return _table(
        "raw.messages",
        mailbox_id=mailbox,
        message_id=copy,
        copy_key=copy_key,
        message_key=pc.coalesce(
            pseudonyms.texts(_column(records, "internet_message_id")), copy_key
        ),
        audience_key=pseudonyms.texts(
            _audiences(pc.coalesce(original_author, author), to, cc, in_reply_to)
        ),
        # A provider's conversation id means something only inside its mailbox.
        thread_key=pseudonyms.texts(_joined(mailbox, _column(records, "thread_id"))),
        sent_at=sent_at,
        sent_date=pc.cast(sent_at, pa.date32()),
        author_key=author,
        sender_key=one("sender"),
        original_author_key=original_author,
        reply_to_keys=many("reply_to"),
        to_keys=to,
        cc_keys=cc,
        bcc_keys=bcc,
        address_count=[
            len({*a, *b, *c}) for a, b, c in zip(*map(_lists, (to, cc, bcc)), strict=True)
        ],
        in_reply_to_key=in_reply_to,
        reference_keys=_keyed_list(_column(records, "references"), pseudonyms.texts),
        list_id=_column(records, "list_id"),
        list_address_key=pseudonyms.addresses(_column(records, "list_address")),
        automation_signs=_column(records, "automation_signs"),
        deleted_at=pa.nulls(records.num_rows, pa.timestamp("us", "UTC")),
    )


def _audiences(
    author: pa.Array, to: pa.ListArray, cc: pa.ListArray, in_reply_to: pa.Array
) -> pa.Array:
    """What copies of a message share even where each has a Message-ID of its own.

    Archives give a copy in every folder another id, and lists move people between To and Cc. A
    message that nobody signed has none: it cannot be told from others.
    """
    columns = (author.to_pylist(), _lists(to), _lists(cc), in_reply_to.to_pylist())
    return pa.array(
        [
            None if writer is None else f"{writer} {sorted({*first, *second})} {answered}"
            for writer, first, second, answered in zip(*columns, strict=True)
        ],
        pa.string(),
    )


def _lists(column: pa.ListArray) -> list[list[int]]:
    return [row or [] for row in column.to_pylist()]


def _message_folders(records: pa.Table) -> pa.Table:
    folders = _column(records, "folder_ids")
    holder = pc.list_parent_indices(folders)
    return _table(
        "raw.message_folders",
        mailbox_id=_column(records, "mailbox_id").take(holder),
        folder_id=pc.list_flatten(folders),
        message_id=_column(records, "message_id").take(holder),
    )


def _events(records: pa.Table, pseudonyms: Pseudonyms) -> pa.Table:
    mailbox, entry = _column(records, "mailbox_id"), _column(records, "event_id")
    uid = pc.coalesce(_column(records, "ical_uid"), _joined(mailbox, entry))
    start = pc.cast(pc.cast(_column(records, "original_start_at"), pa.int64()), pa.string())

    def invited(items: pa.Array) -> pa.Array:
        return pa.StructArray.from_arrays(
            [
                pseudonyms.addresses(pc.struct_field(items, "address")),
                pc.struct_field(items, "response"),
                pc.struct_field(items, "kind"),
            ],
            names=["address_key", "response", "kind"],
        )

    kept = (
        "calendar_id",
        "series_id",
        "original_start_at",
        "start_at",
        "end_at",
        "is_all_day",
        "is_recurring",
    )
    kept += ("status", "kind", "is_busy", "has_all_attendees", "sequence", "updated_at")
    return _table(
        "raw.events",
        **{name: _column(records, name) for name in kept},
        mailbox_id=mailbox,
        event_id=entry,
        meeting_key=pseudonyms.texts(_joined(uid, start)),
        series_key=pseudonyms.texts(uid),
        organizer_key=pseudonyms.addresses(
            pc.struct_field(_column(records, "organizer"), "address")
        ),
        attendees=_keyed_list(_column(records, "attendees"), invited),
        deleted_at=pa.nulls(records.num_rows, pa.timestamp("us", "UTC")),
    )


def _rejects(records: pa.Table | None, refused: Iterable[Reject], seen_at: datetime) -> pa.Table:
    found = [*(records.to_pylist() if records is not None else ())]
    found += [{name: getattr(one, name) for name in Reject.SCHEMA.names} for one in refused]
    return pa.Table.from_pylist(
        [one | {"seen_at": seen_at} for one in found], schema=RAW_TABLES["raw.rejects"].schema
    )


def _names(
    records: pa.Table, role: str, dated_by: str, pseudonyms: Pseudonyms
) -> Mapping[str, pa.Array]:
    """Key, name and date of every named address in one column of records."""
    column, at = _column(records, role), _column(records, dated_by)
    if pa.types.is_list(column.type):
        at = at.take(pc.list_parent_indices(column))
        column = pc.list_flatten(column)
    name = pc.struct_field(column, "name")
    named = pc.is_valid(name)
    return {
        "address_key": pseudonyms.addresses(pc.struct_field(column, "address").filter(named)),
        "name": name.filter(named),
        "seen_at": at.filter(named),
    }


def _folded_names(parts: Iterable[Mapping[str, pa.Array]]) -> pa.Table:
    met = pa.concat_tables([pa.table(part) for part in parts])
    met = met.filter(pc.is_valid(met["address_key"]))
    folded = met.group_by(["address_key", "name"]).aggregate(
        [("seen_at", "min"), ("seen_at", "max")]
    )
    return _table(
        "raw.address_names",
        address_key=folded["address_key"],
        name=folded["name"],
        first_seen_at=folded["seen_at_min"],
        last_seen_at=folded["seen_at_max"],
    )


def _keyed_list(column: pa.ListArray, keyed: Callable[[pa.Array], pa.Array]) -> pa.ListArray:
    """A list column whose items went through ``keyed``; items without a key leave their list."""
    items = keyed(pc.list_flatten(column))
    key = pc.struct_field(items, "address_key") if pa.types.is_struct(items.type) else items
    kept = pc.is_valid(key)
    parents = pc.list_parent_indices(column).filter(kept)
    counts = parents.value_counts()
    lengths = dict(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True))
    offsets = [0]
    for row in range(len(column)):
        offsets.append(offsets[-1] + lengths.get(row, 0))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), items.filter(kept))


def _joined(left: pa.Array, right: pa.Array) -> pa.Array:
    """Two texts as one, null where either is; the separator occurs in no id."""
    return pc.binary_join_element_wise(left, right, "\n")


def _column(records: pa.Table, name: str) -> pa.Array:
    column = records[name].combine_chunks()
    return column.chunk(0) if isinstance(column, pa.ChunkedArray) else column


def _table(name: str, /, **columns: object) -> pa.Table:
    schema = RAW_TABLES[name].schema
    return pa.table(columns).select(schema.names).cast(schema)


def store_settings(
    connection: duckdb.DuckDBPyConnection, settings: Settings, secret: bytes
) -> None:
    """Put what kith.toml and people.toml say of people where SQL can read it."""
    for name, rows in _stated(settings, secret).items():
        replace_all(connection, name, rows)


def settings_differ(
    connection: duckdb.DuckDBPyConnection, settings: Settings, secret: bytes
) -> bool:
    """Whether kith.toml or people.toml says something else of people than what is stored."""
    return any(differs(connection, name, rows) for name, rows in _stated(settings, secret).items())


def _stated(settings: Settings, secret: bytes) -> Rows:
    """The rows of what humans say; keys only, for texts stand where an address was met."""
    by_hand = people_file.read(settings.people_path, settings.me.addresses)

    def keyed(found: Iterable[str]) -> list[int]:
        return sorted({addresses.address_key(secret, one) for one in found})

    def entries(name: str, found: Iterable[people_file.Join | people_file.Apart]) -> pa.Table:
        rows = [
            {"entry": number, "address_key": key}
            for number, entry in enumerate(found, 1)
            for key in keyed(entry.addresses)
        ]
        return pa.Table.from_pylist(rows, schema=RAW_TABLES[name].schema)

    kinds = {key: entry.kind for entry in by_hand.kind for key in keyed(entry.addresses)}
    domains = sorted({domain.lower() for domain in settings.organisation.own_domains})
    return {
        "raw.own_addresses": _table(
            "raw.own_addresses", address_key=pa.array(keyed(settings.me.addresses), pa.int64())
        ),
        "raw.own_domains": _table("raw.own_domains", domain=pa.array(domains, pa.string())),
        "raw.joined_by_hand": entries("raw.joined_by_hand", by_hand.join),
        "raw.apart_by_hand": entries("raw.apart_by_hand", by_hand.apart),
        "raw.kinds_by_hand": _table(
            "raw.kinds_by_hand",
            address_key=pa.array(list(kinds), pa.int64()),
            kind=pa.array(list(kinds.values()), pa.string()),
        ),
    }
