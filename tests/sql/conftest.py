"""A small world of people who write and meet, for tests of the SQL models.

Here: raw rows by first names ("ann", "bob"), models built from them in the derived order, rows of
a table by name. A table may be given instead of computed, so that a measure of a graph is tested
on that graph.
Not here: what a test expects.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from pipelines import functions
from pipelines.models import WANTED_COLUMNS, WANTED_MONTHS, Graph, Model
from pipelines.raw_tables import RAW_TABLES

GRAPH = Graph.load()
BY_NAME: dict[str, Model] = {model.name: model for model in GRAPH.models}
ARCHIVE = "archive"
# Columns in which a name stands for its key.
OF_PEOPLE = {
    "address_key",
    "author_id",
    "contact_id",
    "first_id",
    "from_person_id",
    "manager_id",
    "person_id",
    "second_id",
    "superior_id",
    "to_person_id",
}


class World:
    """An empty warehouse in memory, its raw rows so far, and the models built on them."""

    models = GRAPH.models

    def __init__(self, threads: int = 1) -> None:
        self.connection = duckdb.connect(":memory:", config={"threads": str(threads)})
        self.execute("SET TimeZone = 'UTC'")
        functions.register(self.connection)
        self.execute("CREATE SCHEMA raw; CREATE SCHEMA staging; CREATE SCHEMA metrics")
        for statement in empty_tables():
            self.execute(statement)
        self.execute(f"INSERT INTO staging.parameters {BY_NAME['staging.parameters'].text}")
        self._given: set[str] = set()
        self._keys: dict[str, int] = {}
        self._audiences: dict[tuple, int] = {}
        self._count = 0

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple]:
        """All rows of one statement."""
        return self.connection.execute(sql, list(parameters)).fetchall()

    # Raw rows.

    def key(self, name: str) -> int:
        """The address_key of "ann" (ann@example.org) or of a whole address; 1 for the first."""
        address = name if "@" in name else f"{name}@example.org"
        if address not in self._keys:
            self._keys[address] = len(self._keys) + 1
            domain = address.rpartition("@")[2]
            self.insert(
                "raw.addresses", address_key=self._keys[address], address=address, domain=domain
            )
        return self._keys[address]

    def insert(self, table: str, **columns: Any) -> None:
        """One row; columns left out are NULL, lists empty."""
        names = ", ".join(columns)
        marks = ", ".join("?" for _ in columns)
        self.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(columns.values()))

    def mail(
        self,
        at: str,
        sender: str | None,
        to: Iterable[str] = (),
        cc: Iterable[str] = (),
        bcc: Iterable[str] = (),
        *,
        mailbox: str = ARCHIVE,
        key: int | None = None,
        answers: int | None = None,
        **columns: Any,
    ) -> int:
        """A message's copy in ``mailbox``; gives its message_key, for other copies and answers."""
        self._count += 1
        key = key or self._count
        self._ensure_mailbox(mailbox)
        row = {
            "mailbox_id": mailbox,
            "message_id": f"message {self._count}",
            "message_key": key,
            "sent_at": moment(at),
            "author_key": self.key(sender) if sender else None,
            "reply_to_keys": [],
            "to_keys": [self.key(name) for name in to],
            "cc_keys": [self.key(name) for name in cc],
            "bcc_keys": [self.key(name) for name in bcc],
            "in_reply_to_key": answers,
            "reference_keys": [answers] if answers else [],
            "automation_signs": [],
        }
        row |= columns
        named = [*row["to_keys"], *row["cc_keys"]]
        audience = (row.get("original_author_key") or row["author_key"], frozenset(named), answers)
        row |= {
            "copy_key": 10_000 + self._count,
            "audience_key": audience[0] and self._audiences.setdefault(audience, self._count),
            "sent_date": row["sent_at"].date(),
            "address_count": len({*named, *row["bcc_keys"]}),
        }
        self.insert("raw.messages", **row)
        return key

    def meeting(
        self,
        at: str,
        minutes: float,
        organizer: str | None,
        accepted: Iterable[str] = (),
        *,
        others: Iterable[tuple[str, str]] = (),
        mailbox: str = ARCHIVE,
        key: int | None = None,
        **columns: Any,
    ) -> int:
        """A meeting's copy in ``mailbox``; ``others`` are names with their response."""
        self._count += 1
        key = key or self._count
        self._ensure_mailbox(mailbox)
        answers = [(name, "accepted") for name in accepted] + list(others)
        row = {
            "mailbox_id": mailbox,
            "calendar_id": "calendar",
            "event_id": f"event {self._count}",
            "meeting_key": key,
            "series_key": key,
            "start_at": moment(at),
            "end_at": moment(at) + timedelta(minutes=minutes),
            "is_all_day": False,
            "is_recurring": False,
            "status": "confirmed",
            "kind": "default",
            "is_busy": True,
            "organizer_key": self.key(organizer) if organizer else None,
            "attendees": [
                {"address_key": self.key(name), "response": response, "kind": "person"}
                for name, response in answers
            ],
            "has_all_attendees": True,
        }
        self.insert("raw.events", **row | columns)
        return key

    def mailbox(self, mailbox: str, owner: str | None = None, pulled: str | None = None) -> None:
        """A mailbox of files, or one that a provider gave up to ``pulled``."""
        self.insert(
            "raw.mailboxes",
            mailbox_id=mailbox,
            provider="google" if pulled else "files",
            address_key=self.key(owner) if owner else None,
            pulled_at=moment(pulled) if pulled else None,
            state="ok",
        )

    def until(self, day: str) -> None:
        """Let the running month end with ``day``, whatever the newest message."""
        self.mailbox("pulled", pulled=day)

    def directory(self, person: str, valid_from: str = "2023-01-01", **columns: Any) -> None:
        """A directory entry whose id is the person's name."""
        row = {
            "account_id": "house",
            "directory_id": person,
            "valid_from": moment(valid_from),
            "address_key": self.key(person),
            "alias_keys": [],
            "name": person.title(),
            "kind": "person",
            "is_active": True,
        }
        self.insert("raw.people", **row | columns)

    def _ensure_mailbox(self, mailbox: str) -> None:
        known = "SELECT 1 FROM raw.mailboxes WHERE mailbox_id = ?"
        if not self.execute(known, [mailbox]):
            self.mailbox(mailbox, owner=None if mailbox == ARCHIVE else mailbox)

    # Tables given instead of computed.

    def parameters(self, **values: float) -> None:
        """Build on other constants than those of staging.parameters."""
        for name, value in values.items():
            self.execute(f"UPDATE staging.parameters SET {name} = ?", [value])
        self._given.add("staging.parameters")

    def given(self, table: str, rows: Iterable[dict[str, Any]] = (), *, sql: str = "") -> None:
        """Fill ``table`` with rows, or with what ``sql`` selects, and never compute it."""
        self.execute(f"DELETE FROM {table}")
        for row in rows:
            self.insert(table, **row)
        if sql:
            self.execute(f"INSERT INTO {table} BY NAME {sql}")
        self._given.add(table)

    def months(self, first: str, count: int) -> None:
        """Let there be ``count`` complete months from ``first`` ("2024-01") on."""
        start = date.fromisoformat(f"{first}-01")
        starts = [
            date(start.year + (start.month - 1 + n) // 12, (start.month - 1 + n) % 12 + 1, 1)
            for n in range(count + 1)
        ]
        ((window_days,),) = self.execute("SELECT window_days FROM staging.parameters")
        self.given(
            "staging.months",
            [
                {
                    "month": month,
                    "as_of": datetime(end.year, end.month, 1, tzinfo=UTC),
                    "as_of_date": end,
                    "window_start_date": end - timedelta(days=window_days),
                    "is_complete": True,
                }
                for month, end in pairwise(starts)
            ],
        )

    def network(self, edges: Iterable[tuple[str, str, float]], month: str = "2024-01") -> None:
        """Let the network of one month be these undirected edges (one end, other end, strength)."""
        self.networks([edges], month)

    def networks(
        self, networks: Sequence[Iterable[tuple[str, str, float]]], first: str = "2024-01"
    ) -> None:
        """Let the networks of successive months be these lists of undirected edges.

        Nobody belongs to a group until ``groups`` says so.
        """
        self.months(first, len(networks))
        self.given("staging.memberships")
        months = [month for (month,) in self.execute("SELECT month FROM staging.months ORDER BY 1")]
        self.given(
            "staging.edges",
            [
                {
                    "month": month,
                    "person_id": self.key(one),
                    "contact_id": self.key(other),
                    "strength": strength,
                    "meeting_hours": 0,
                }
                for month, edges in zip(months, networks, strict=True)
                for end, far, strength in edges
                for one, other in ((end, far), (far, end))
            ],
        )

    def groups(self, groups: dict[str, str | None], outside: Iterable[str] = ()) -> None:
        """Let people belong to these groups in every month; None is freemail.

        outside  groups that are not of the own organisation
        """
        months = [month for (month,) in self.execute("SELECT month FROM staging.months")]
        self.given(
            "staging.memberships",
            [
                {
                    "month": month,
                    "person_id": self.key(name),
                    "group_name": group,
                    "is_internal": group is not None and group not in set(outside),
                    "is_freemail": group is None,
                }
                for month in months
                for name, group in groups.items()
            ],
        )

    # Models.

    def build(self, *names: str, wanted: Sequence[str] | None = None) -> None:
        """Compute tables and what they rest on, of all months or of the ``wanted`` ("2024-01")."""
        needed = self._needed(names or tuple(model.name for model in GRAPH.models))
        is_filled = False
        for model in GRAPH.models:
            if model.name not in needed:
                continue
            if model.is_monthly:
                # Once will do: every monthly model comes after staging.months.
                if not is_filled:
                    self._want(wanted)
                    is_filled = True
                of_wanted = (
                    f"WHERE month IN (SELECT month FROM {WANTED_MONTHS}) "
                    "OR month NOT IN (SELECT month FROM staging.months)"
                )
            else:
                of_wanted = ""
            self.execute(f"DELETE FROM {model.name} {of_wanted}")
            self.execute(f"INSERT INTO {model.name} {model.text}")

    def _needed(self, names: Iterable[str]) -> set[str]:
        needed: set[str] = set()
        waiting = [*names, "staging.months"]
        while waiting:
            name = waiting.pop()
            if name in needed or name in self._given or name not in BY_NAME:
                continue
            needed.add(name)
            waiting += BY_NAME[name].upstreams
        return needed

    def _want(self, wanted: Sequence[str] | None) -> None:
        self.execute(f"DELETE FROM {WANTED_MONTHS}")
        some = "" if wanted is None else "WHERE list_contains(?, strftime(month, '%Y-%m'))"
        self.execute(
            f"INSERT INTO {WANTED_MONTHS} SELECT month, as_of, as_of_date, window_start_date, "
            f"is_complete FROM staging.months {some}",
            [] if wanted is None else [list(wanted)],
        )

    # Answers.

    def rows(self, table: str, **where: Any) -> list[SimpleNamespace]:
        """Rows of ``table`` where columns have these values; names stand for their keys."""
        described = self.execute(f"SELECT column_name FROM (DESCRIBE {table})")
        names = [name for (name,) in described]
        columns = ", ".join(f'"{name}"' for name in names)
        conditions = " AND ".join(f'"{column}" = ?' for column in where) or "true"
        found = self.execute(
            f"SELECT {columns} FROM {table} WHERE {conditions} ORDER BY {columns}",
            [self._value(column, value) for column, value in where.items()],
        )
        return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in found]

    def row(self, table: str, **where: Any) -> SimpleNamespace:
        """The one row there is."""
        (row,) = self.rows(table, **where)
        return row

    def contents(self, table: str) -> list[tuple]:
        """Every value of ``table`` in a fixed order; equal means equal to the last bit."""
        return self.execute(f"SELECT * FROM {table} ORDER BY ALL")

    def _value(self, column: str, value: Any) -> Any:
        if column == "month":
            return date.fromisoformat(f"{value}-01")
        if column in OF_PEOPLE and isinstance(value, str):
            return self.key(value)
        return value


@cache
def empty_tables() -> tuple[str, ...]:
    """CREATE TABLE statements of all tables: binding the models again for each test is slow."""
    with contextlib.closing(duckdb.connect(":memory:")) as connection:
        functions.register(connection)
        connection.execute("CREATE SCHEMA raw; CREATE SCHEMA staging; CREATE SCHEMA metrics")
        for table in RAW_TABLES.values():
            connection.execute(table.ddl)
        connection.execute(f"CREATE TABLE {WANTED_MONTHS} ({WANTED_COLUMNS})")
        for model in GRAPH.models:
            connection.execute(f"CREATE TABLE {model.name} AS {model.text}")
        tables = connection.execute("SELECT sql FROM duckdb_tables()").fetchall()
    return tuple(statement for (statement,) in tables)


def moment(text: str) -> datetime:
    """The noon of "2024-01-31", or "2024-01-31 09:30"; UTC."""
    if len(text) == len("2024-01-31"):
        text += " 12:00"
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def new_world() -> Iterator[Callable[..., World]]:
    """Makes empty worlds, on as many threads as asked for."""
    with contextlib.ExitStack() as stack:

        def make(threads: int = 1) -> World:
            made = World(threads)
            stack.callback(made.connection.close)
            return made

        yield make


@pytest.fixture
def world(new_world: Callable[..., World]) -> World:
    """An empty world."""
    return new_world()
