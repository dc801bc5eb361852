"""A change in the directory reaches the months from its day on, and no others."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from pipelines.build import absorb_touched, build, stale_months
from pipelines.models import Graph
from pipelines.raw_tables import RAW_TABLES
from pipelines.store import Batch, store

GRAPH = Graph.load()
POSTS = GRAPH["staging.posts"]
ANN, BOB, CAT = 1, 2, 3


def upstreams(name):
    """Everything that a model rests on, and itself, in build order."""
    reached = {name}
    for model in reversed(GRAPH.models):
        if model.name in reached:
            reached.update(model.upstreams)
    return [model for model in GRAPH.models if model.name in reached]


def keep(connection, name, *rows):
    lists = {"reply_to_keys": [], "to_keys": [], "cc_keys": [], "bcc_keys": [], "alias_keys": []}
    lists |= {"reference_keys": [], "automation_signs": []}
    schema = RAW_TABLES[name].schema
    filled = [{key: lists.get(key) for key in schema.names} | row for row in rows]
    table = pa.Table.from_pylist(filled, schema=schema)
    store(connection, Batch(mailbox_id="m", stream="s", cursor=None, rows={name: table}))


def entry(key, at, department):
    return {
        "account_id": "house",
        "directory_id": f"entry {key}",
        "valid_from": datetime(*at, tzinfo=UTC),
        "address_key": key,
        "department": department,
        "kind": "person",
        "is_active": True,
    }


@pytest.fixture
def connection(warehouse):
    """Four months of mail and a directory that was first asked in the third."""
    with warehouse.connect() as connection:
        addresses = [
            {"address_key": key, "address": f"{key}@x.example", "domain": "x.example"}
            for key in (ANN, BOB, CAT)
        ]
        keep(connection, "raw.addresses", *addresses)
        keep(connection, "raw.mailboxes", {"mailbox_id": "m", "provider": "files", "state": "ok"})
        keep(
            connection,
            "raw.messages",
            *(
                {"mailbox_id": "m", "message_id": f"{month}", "message_key": month}
                | {"sent_at": datetime(2024, month, 10, tzinfo=UTC), "author_key": ANN}
                | {"sent_date": date(2024, month, 10), "copy_key": 100 + month}
                | {"to_keys": [BOB], "address_count": 1}
                for month in (1, 2, 3, 4)
            ),
        )
        keep(connection, "raw.people", entry(ANN, (2024, 3, 5), "Sales"))
        compute(connection)
        yield connection


def compute(connection):
    for model in upstreams("staging.posts"):
        build(connection, GRAPH, model)


def stale(connection):
    """Months of staging.posts that a run would compute."""
    absorb_touched(connection, GRAPH)
    for model in upstreams("staging.posts"):
        if not model.is_monthly:
            build(connection, GRAPH, model)
    return stale_months(connection, GRAPH, POSTS)


def posts(connection):
    rows = connection.execute("SELECT month, person_id, department FROM staging.posts ORDER BY ALL")
    return [(month.month, person, department) for month, person, department in rows.fetchall()]


def test_a_move_makes_stale_the_months_from_its_day_on(connection):
    assert stale(connection) == []
    keep(connection, "raw.people", entry(ANN, (2024, 4, 2), "Law"))
    assert stale(connection) == [date(2024, 4, 1)]
    compute(connection)
    assert posts(connection) == [
        (1, ANN, "Sales"),
        (2, ANN, "Sales"),
        (3, ANN, "Sales"),
        (4, ANN, "Law"),
    ]


def test_whoever_joins_makes_no_earlier_month_stale(connection):
    keep(connection, "raw.people", entry(CAT, (2024, 4, 3), "Law"))
    assert stale(connection) == [date(2024, 4, 1)]


def test_the_first_snapshot_of_another_directory_makes_all_months_stale(connection):
    keep(connection, "raw.people", entry(BOB, (2024, 4, 3), "Law") | {"account_id": "other house"})
    assert stale(connection) == [date(2024, month, 1) for month in (1, 2, 3, 4)]
    compute(connection)
    assert (1, BOB, "Law") in posts(connection)


def test_the_same_answer_again_makes_nothing_stale(connection):
    keep(connection, "raw.people", entry(ANN, (2024, 4, 3), "Sales"))
    assert stale(connection) == []
