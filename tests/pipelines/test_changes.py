"""What a page takes away: deletions, moves, full listings, a directory's history."""

from datetime import UTC, date, datetime

import pytest

from connectors.pages import Gone, Page, Sweep
from connectors.records import Event, Message, Person, Record
from pipelines import mailboxes
from pipelines.warehouse import Warehouse
from pipelines.writer import Writer

MONDAY = datetime(2024, 5, 6, 12, tzinfo=UTC)
TUESDAY = datetime(2024, 5, 7, 12, tzinfo=UTC)
WEDNESDAY = datetime(2024, 5, 8, 12, tzinfo=UTC)


class Store:
    """A warehouse into which pages go as a pull brings them."""

    def __init__(self, connection, writer: Writer) -> None:
        self.connection, self.writer = connection, writer

    def page(self, *records: Record, stream: str = "mail", at: datetime = MONDAY, **parts) -> None:
        page = Page(stream=stream, cursor="1", at=at, records=records, **parts)
        self.writer.store("house", "box", page)

    def rows(self, sql: str) -> list[tuple]:
        return self.writer.ask(lambda connection: connection.execute(sql).fetchall())

    def folders(self) -> list[tuple]:
        return self.rows("SELECT message_id, folder_id FROM raw.message_folders ORDER BY ALL")

    def gone(self, table: str, column: str) -> dict:
        return dict(self.rows(f"SELECT {column}, deleted_at FROM {table} ORDER BY ALL"))

    def touched(self) -> set[tuple]:
        found = self.rows("SELECT * FROM raw.touched_months")
        self.rows("DELETE FROM raw.touched_months")
        return set(found)


@pytest.fixture
def store(warehouse: Warehouse):
    with warehouse.connect() as connection, Writer(connection, bytes(32)) as writer:
        yield Store(connection, writer)


def message(name: str, *folders: str, sent_at: datetime = MONDAY) -> Message:
    return Message(mailbox_id="box", message_id=name, sent_at=sent_at, folder_ids=folders)


def event(name: str, start_at: datetime, **parts) -> Event:
    return Event(
        mailbox_id="box",
        calendar_id="primary",
        event_id=name,
        original_start_at=start_at,
        start_at=start_at,
        end_at=start_at.replace(hour=start_at.hour + 1),
        **parts,
    )


def person(name: str, seen_at: datetime, **parts) -> Person:
    return Person(directory_id=name, address=f"{name}@x.example", seen_at=seen_at, **parts)


def test_a_deleted_message_keeps_its_row_leaves_its_folders_and_touches_its_month(store):
    store.page(message("a", "inbox"), message("b", "inbox", sent_at=MONDAY.replace(month=3)))
    store.touched()
    store.page(gone=(Gone("message", "b", TUESDAY),), at=TUESDAY)
    assert store.gone("raw.messages", "message_id") == {"a": None, "b": TUESDAY}
    assert store.folders() == [("a", "inbox")]
    assert store.touched() == {
        ("raw.messages", date(2024, 3, 1)),
        ("raw.message_folders", None),
    }


def test_what_is_gone_stays_gone_since_the_first_time(store):
    store.page(message("a"))
    store.page(gone=(Gone("message", "a", TUESDAY),))
    store.page(gone=(Gone("message", "a", WEDNESDAY),))
    assert store.gone("raw.messages", "message_id") == {"a": TUESDAY}


@pytest.mark.parametrize("removed_first", [True, False])
def test_a_move_between_folders_is_no_deletion_in_whatever_order_it_is_told(store, removed_first):
    store.page(message("a", "one"))
    added = {"stream": "mail:two"}
    removed = {"stream": "mail:one", "unfiled": (("one", "a"),), "is_last_folder": True}
    if removed_first:
        store.page(**removed)
        assert store.gone("raw.messages", "message_id") == {"a": MONDAY}
        store.page(message("a", "two"), **added)
    else:
        store.page(message("a", "two"), **added)
        store.page(**removed)
    assert store.gone("raw.messages", "message_id") == {"a": None}
    assert store.folders() == [("a", "two")]


def test_a_message_without_label_is_archived_not_deleted(store):
    store.page(message("a", "inbox"))
    store.page(unfiled=(("inbox", "a"),))
    assert store.gone("raw.messages", "message_id") == {"a": None}
    assert store.folders() == []


def test_only_messages_that_are_stored_are_put_into_folders(store):
    store.page(message("a"))
    store.page(filed=(("sent", "a"), ("sent", "a"), ("sent", "never met")))
    assert store.folders() == [("a", "sent")]


def test_a_full_listing_lets_go_what_it_does_not_name_even_across_pages(store):
    store.page(message("a"), message("b"), message("c"), message("d"))
    store.page(gone=(Gone("message", "d", MONDAY),))
    store.page(listed=("c", "never met"), starts_listing=True)
    # Killed and begun anew: what the first attempt saw no longer counts.
    store.page(listed=("a",), starts_listing=True)
    store.page(listed=("d",), sweep=Sweep(kind="message", at=TUESDAY))
    assert store.gone("raw.messages", "message_id") == {
        "a": None,
        "b": TUESDAY,
        "c": TUESDAY,
        "d": None,
    }
    assert store.rows("SELECT * FROM raw.listed") == []


def test_a_folder_that_is_listed_anew_lets_go_what_left_it(store):
    store.page(message("a", "one"), message("b", "one", "two"), message("c", "one"))
    sweep = Sweep(kind="folder", at=TUESDAY, within="one")
    store.page(stream="mail:one", listed=("a",), starts_listing=True)
    store.page(stream="mail:one", sweep=sweep, is_last_folder=True)
    assert store.folders() == [("a", "one"), ("b", "two")]
    assert store.gone("raw.messages", "message_id") == {"a": None, "b": None, "c": TUESDAY}


def test_a_cancelled_series_takes_its_occurrences_along(store):
    store.page(
        event("s_1", MONDAY, series_id="s"),
        event("s_2", TUESDAY, series_id="s"),
        event("t", MONDAY),
    )
    store.page(gone=(Gone("series", "s", MONDAY, "primary"), Gone("event", "s", MONDAY, "primary")))
    assert store.gone("raw.events", "event_id") == {"s_1": MONDAY, "s_2": MONDAY, "t": None}


def test_a_window_of_a_calendar_lets_go_only_what_lies_in_it(store):
    for name, at in (("a", MONDAY), ("b", TUESDAY), ("c", WEDNESDAY)):
        store.page(event(name, at), stream="calendar:primary")
    window = Sweep(kind="event", at=MONDAY, within="primary", since=TUESDAY, until=WEDNESDAY)
    store.page(stream="calendar:primary", starts_listing=True, sweep=window)
    # What ends when the window begins, or begins when it ends, lies outside.
    assert store.gone("raw.events", "event_id") == {"a": None, "b": MONDAY, "c": None}


def test_a_directory_becomes_history(store):
    def everybody() -> list[tuple]:
        return store.rows(
            "SELECT directory_id, department, valid_from, valid_to FROM raw.people ORDER BY ALL"
        )

    ann = person("ann", MONDAY, department="Sales")
    store.page(ann, person("bob", MONDAY), stream="directory")
    store.touched()
    store.page(person("ann", TUESDAY, department="Sales"), stream="directory")
    assert store.touched() == set()
    store.page(person("ann", WEDNESDAY, department="Legal"), stream="directory")
    assert store.touched() == {("raw.people", None)}
    assert everybody() == [
        ("ann", "Legal", WEDNESDAY, None),
        ("ann", "Sales", MONDAY, WEDNESDAY),
        ("bob", None, MONDAY, None),
    ]


def test_who_left_the_directory_is_closed_and_may_come_back(store):
    page = {"stream": "directory", "starts_listing": True}
    sweep = Sweep(kind="person", at=TUESDAY)
    writer = store.writer
    ann, bob = person("ann", MONDAY), person("bob", MONDAY)
    first = Page(stream="directory", cursor=None, at=MONDAY, records=(ann, bob))
    writer.store("house", "house", first)
    writer.store(
        "house", "house", Page(cursor=None, at=TUESDAY, listed=("ann",), sweep=sweep, **page)
    )
    ends = "SELECT valid_from, valid_to FROM raw.people WHERE directory_id = 'bob' ORDER BY 1"
    assert store.rows(ends) == [(MONDAY, TUESDAY)]
    back = Page(stream="directory", cursor=None, at=WEDNESDAY, records=(person("bob", WEDNESDAY),))
    writer.store("house", "house", back)
    assert store.rows(ends) == [(MONDAY, TUESDAY), (WEDNESDAY, None)]


def test_a_cursor_is_stored_with_its_page_and_forgotten_when_none(store):
    store.page(message("a"))
    assert mailboxes.cursors(store.connection, "box") == {"mail": "1"}
    writer = store.writer
    writer.store("house", "box", Page(stream="mail", cursor=None, at=MONDAY))
    assert writer.ask(lambda connection: mailboxes.cursors(connection, "box")) == {}


def test_what_is_held_includes_what_was_deleted(store):
    store.page(message("a"), message("b"))
    store.page(gone=(Gone("message", "b", TUESDAY),))
    held = store.writer.ask(lambda one: mailboxes.held(one, "box", ["a", "b", "c"]))
    assert held == {"a", "b"}


def test_what_a_folder_is_stays_known_and_touches_once(store):
    store.page(named=(("f1", "sent"),))
    assert store.touched() == {("raw.folders", None)}
    store.page(named=(("f1", "sent"),))
    assert store.touched() == set()
    store.page(named=(("f2", "sent"),))
    assert store.rows("FROM raw.folders ORDER BY ALL") == [
        ("box", "f1", "sent"),
        ("box", "f2", "sent"),
    ]


def test_a_move_touches_what_rests_on_folders_and_a_move_told_twice_does_not(store):
    store.page(message("a", "inbox"))
    store.touched()
    store.page(filed=(("archive", "a"),), unfiled=(("inbox", "a"),))
    assert store.touched() == {("raw.message_folders", None)}
    store.page(filed=(("archive", "a"),), unfiled=(("inbox", "a"),))
    assert store.touched() == set()
