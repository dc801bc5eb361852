"""The village as raw rows: its letters, mailboxes and directory, for tests of the SQL models.

Here: the village's own letters put into raw.messages as they are, one copy for each mailbox that
holds it, and the directory as it changes. Not here: how mail becomes rows, and meetings.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pyarrow as pa

from pipelines.raw_tables import RAW_TABLES
from sandbox.people import Person
from sandbox.village import Village
from tests.sql.conftest import World

SIGNS = {
    ("Auto-Submitted", "auto-replied"): "auto_submitted",
    ("Auto-Submitted", "auto-generated"): "auto_submitted",
    ("Precedence", "bulk"): "precedence_bulk",
}


def fill(world: World, village: Village, unread: Collection[str] = ()) -> None:
    """Letters, mailboxes and directory of the village; ``unread`` are staff whose mail is not read.

    Departments and managers change with the reorganisation, and whoever leaves has no entry more.
    """
    keys: dict[str, int] = {}

    def key(text: str) -> int:
        return keys.setdefault(text, len(keys) + 1)

    rows = []
    for number, letter in enumerate(village.letters):
        headers = dict(letter.headers)
        post = headers.get("List-Post", "").removeprefix("<mailto:").removesuffix(">")
        references = [key(one) for one in letter.references]
        row = {
            "message_id": str(number),
            "message_key": key(letter.message_id or f"letter {number}"),
            "sent_at": letter.sent_at,
            "sent_date": letter.sent_at.date(),
            "author_key": key(letter.author),
            "to_keys": [key(one) for one in letter.to],
            "cc_keys": [key(one) for one in letter.cc],
            "bcc_keys": [key(one) for one in letter.bcc],
            "reply_to_keys": [],
            "address_count": len({*letter.to, *letter.cc, *letter.bcc}),
            "in_reply_to_key": references[-1] if references else None,
            "reference_keys": references,
            "list_id": headers.get("List-Id"),
            "list_address_key": key(post) if post else None,
            "automation_signs": [SIGNS[one] for one in letter.headers if one in SIGNS],
        }
        rows += [
            row | {"mailbox_id": holder, "copy_key": 1_000 * number + place}
            for place, holder in enumerate(letter.holders)
            if holder not in unread
        ]
    insert(world, "raw.messages", rows)
    insert(
        world,
        "raw.mailboxes",
        [
            {"mailbox_id": one.address, "provider": "files", "address_key": key(one.address)}
            for one in village.staff
            if one.address not in unread
        ],
    )
    insert(
        world,
        "raw.people",
        [
            {
                "account_id": person.company,
                "directory_id": person.address,
                "address_key": key(person.address),
                "alias_keys": [key(alias) for alias in person.aliases],
                "name": person.name,
                "kind": "person",
            }
            | entry
            for person in village.staff
            for entry in entries(person, village.first)
        ],
    )
    insert(
        world,
        "raw.addresses",
        [
            {"address_key": number, "address": text, "domain": text.rpartition("@")[2]}
            for text, number in keys.items()
        ],
    )


def entries(person: Person, first: date) -> Iterator[dict[str, Any]]:
    """What a directory says of a person from when to when."""
    ends = [person.left + timedelta(days=1)] if person.left else [None]
    days = [max(post.since, person.joined or first) for post in person.posts]
    for post, (since, until) in zip(person.posts, pairwise([*days, *ends]), strict=True):
        # Whoever joins after the reorganisation never held their first post.
        if since != until:
            yield {
                "valid_from": datetime.combine(since, time(), UTC),
                "valid_to": until and datetime.combine(until, time(), UTC),
                "department": post.department,
                "manager_id": post.manager,
            }


def insert(world: World, table: str, rows: list[dict]) -> None:
    schema = RAW_TABLES[table].schema
    rows = [{name: row.get(name) for name in schema.names} for row in rows]
    world.connection.register("incoming", pa.Table.from_pylist(rows, schema))
    world.execute(f"INSERT INTO {table} BY NAME FROM incoming")
    world.connection.unregister("incoming")
