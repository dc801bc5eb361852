"""Only stale months are computed, and they are always the right ones."""

from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from pipelines.build import NotComputed, absorb_touched, build, is_fresh, stale_months
from pipelines.models import Graph
from pipelines.raw_tables import RAW_TABLES
from pipelines.store import Batch, store
from pipelines.warehouse import Warehouse

# A small world of the same shape as kith's: whole tables, monthly tables, one that touches.
FILES = {
    "staging/months.sql": """\
-- Which months are there?
--
-- Grain: month

select
    date_trunc('month', messages.sent_at)::date as month,  -- first day
    max(messages.sent_at) as as_of,  -- newest message
    max(messages.sent_at)::date as as_of_date,  -- its day
    min(messages.sent_at)::date as window_start_date,  -- oldest
    true as is_complete,  -- always
from raw.messages
group by all
""",
    "staging/groups.sql": """\
-- Who belongs together?
--
-- Grain:   mailbox_id
-- Touches: first_at

select
    messages.mailbox_id,  -- mailbox
    count(*) as copies,  -- how many
    min(messages.sent_at) as first_at,  -- oldest
from raw.messages
group by all
""",
    "metrics/sent.sql": """\
-- How many messages so far?
--
-- Grain: month

select
    wanted_months.month,  -- month
    (
        select count(*) from raw.messages where messages.sent_at <= wanted_months.as_of
    ) as sent_count,  -- messages
from staging.wanted_months
where exists (select 1 from staging.groups)
""",
    "metrics/others.sql": """\
-- How many directory entries?
--
-- Grain: one row

select
    count(*) as entry_count,  -- entries
from raw.people
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "sql" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "sql"


@pytest.fixture
def graph(folder: Path) -> Graph:
    return Graph.load(folder)


@pytest.fixture
def connection(warehouse: Warehouse):
    with warehouse.connect() as connection:
        yield connection


def mail(connection: duckdb.DuckDBPyConnection, *days: str, mailbox: str = "m") -> None:
    """Store one message a day."""
    lists = {"reply_to_keys": [], "to_keys": [], "cc_keys": [], "bcc_keys": []}
    lists |= {"reference_keys": [], "automation_signs": []}
    rows = [
        {
            "mailbox_id": mailbox,
            "message_id": day,
            "message_key": 1,
            "sent_at": datetime.fromisoformat(day).replace(tzinfo=UTC),
            **lists,
        }
        for day in days
    ]
    table = pa.Table.from_pylist(rows, schema=RAW_TABLES["raw.messages"].schema)
    store(
        connection,
        Batch(mailbox_id=mailbox, stream="s", cursor="1", rows={"raw.messages": table}),
    )


def build_all(connection, graph: Graph) -> dict[str, list[date] | bool]:
    """Build everything; name -> computed months, or whether a whole table was stale."""
    built = {model.name: build(connection, graph, model) for model in graph.models}
    return {
        name: list(one.months) if graph[name].is_monthly else one.was_stale
        for name, one in built.items()
    }


JANUARY, FEBRUARY, MARCH = date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)


def sent(connection) -> list[tuple[date, int]]:
    return connection.execute("FROM metrics.sent ORDER BY month").fetchall()


def test_the_first_build_computes_every_month_and_the_second_nothing(connection, graph):
    mail(connection, "2024-01-05", "2024-02-05", "2024-03-05")
    assert build_all(connection, graph)["metrics.sent"] == [JANUARY, FEBRUARY, MARCH]
    assert sent(connection) == [(JANUARY, 1), (FEBRUARY, 2), (MARCH, 3)]
    again = build_all(connection, graph)
    assert again.pop("metrics.sent") == []
    assert not any(again.values())


def test_late_mail_makes_its_month_and_every_later_one_stale(connection, graph):
    mail(connection, "2024-01-05", "2024-02-05", "2024-03-05")
    build_all(connection, graph)
    mail(connection, "2024-02-03", mailbox="another")
    assert build_all(connection, graph)["metrics.sent"] == [FEBRUARY, MARCH]
    assert sent(connection) == [(JANUARY, 1), (FEBRUARY, 3), (MARCH, 4)]


def test_a_whole_table_is_rebuilt_only_when_something_it_reads_was_touched(connection, graph):
    mail(connection, "2024-01-05")
    build_all(connection, graph)
    mail(connection, "2024-01-06")
    built = build_all(connection, graph)
    assert built["staging.months"] is True
    assert built["metrics.others"] is False


def test_a_changed_row_of_a_table_that_touches_makes_months_stale_from_its_date_on(
    connection, graph
):
    mail(connection, "2024-01-05", mailbox="early")
    mail(connection, "2024-02-05", "2024-03-05", mailbox="late")
    build_all(connection, graph)
    # The new message lies in March, but staging.groups changes for a mailbox seen since February.
    mail(connection, "2024-03-04", mailbox="late")
    assert build_all(connection, graph)["metrics.sent"] == [FEBRUARY, MARCH]


def test_a_new_as_of_makes_the_month_stale_without_any_other_change(connection, graph):
    mail(connection, "2024-01-05", "2024-02-05")
    build_all(connection, graph)
    connection.execute(
        "UPDATE staging.months SET as_of = as_of + INTERVAL 1 DAY WHERE month = $1", [FEBRUARY]
    )
    assert stale_months(connection, graph, graph["metrics.sent"]) == [FEBRUARY]


def test_a_changed_text_recomputes_what_rests_on_it_and_nothing_else(connection, graph, folder):
    mail(connection, "2024-01-05")
    build_all(connection, graph)
    path = folder / "metrics/sent.sql"
    path.write_text(path.read_text().replace("count(*) from", "2 * count(*) from"))
    changed = Graph.load(folder)
    built = build_all(connection, changed)
    assert built == {
        "staging.months": False,
        "staging.groups": False,
        "metrics.sent": [JANUARY],
        "metrics.others": False,
    }
    assert sent(connection) == [(JANUARY, 2)]


def test_a_new_column_makes_the_table_anew(connection, graph, folder):
    mail(connection, "2024-01-05", "2024-02-05")
    build_all(connection, graph)
    path = folder / "metrics/sent.sql"
    text = path.read_text().replace(" as sent_count,  -- messages", " as n,  -- messages")
    path.write_text(text)
    changed = Graph.load(folder)
    build_all(connection, changed)
    columns = [name for name, *_ in connection.execute("DESCRIBE FROM metrics.sent").fetchall()]
    assert columns == ["month", "n"]


def test_a_month_that_vanished_leaves_its_tables(connection, graph):
    mail(connection, "2024-01-05", "2024-03-05")
    build_all(connection, graph)
    connection.execute("DELETE FROM raw.messages WHERE sent_at >= TIMESTAMPTZ '2024-03-01'")
    connection.execute("INSERT INTO raw.touched_months VALUES ('raw.messages', $1)", [MARCH])
    build_all(connection, graph)
    assert sent(connection) == [(JANUARY, 1)]


def test_named_months_are_recomputed_whether_stale_or_not(connection, graph):
    mail(connection, "2024-01-05", "2024-02-05")
    build_all(connection, graph)
    connection.execute("UPDATE metrics.sent SET sent_count = 99")
    built = build(connection, graph, graph["metrics.sent"], [FEBRUARY, MARCH])
    assert built.months == [FEBRUARY]
    assert sent(connection) == [(JANUARY, 99), (FEBRUARY, 2)]


def test_a_month_is_never_computed_from_a_past_that_is_out_of_date(connection, graph):
    mail(connection, "2024-01-05")
    with pytest.raises(NotComputed, match="staging.groups, which is out of date"):
        build(connection, graph, graph["metrics.sent"], [JANUARY])


def test_a_whole_table_waits_while_months_that_it_reads_are_out_of_date(connection, folder):
    """A run for some months of a long history leaves the others out of date."""
    (folder / "metrics" / "all_sent.sql").write_text(
        "-- How many?\n--\n-- Grain: one row\n\n"
        "select\n    sum(sent.sent_count)::bigint as sent_count,  -- messages\nfrom metrics.sent\n",
        encoding="utf-8",
    )
    graph = Graph.load(folder)
    whole = graph["metrics.all_sent"]
    mail(connection, "2024-01-05", "2024-02-05")
    for name in ("staging.months", "staging.groups"):
        build(connection, graph, graph[name])
    build(connection, graph, graph["metrics.sent"], [JANUARY])
    assert build(connection, graph, whole, [JANUARY]).row_count == 0
    with pytest.raises(NotComputed, match="metrics.sent, which is out of date from 2024-02"):
        build(connection, graph, whole)
    build(connection, graph, graph["metrics.sent"])
    assert build(connection, graph, whole, [JANUARY]).row_count == 1


def test_a_build_that_was_cut_off_goes_on_where_it_stopped(connection, graph):
    mail(connection, "2024-01-05", "2024-02-05")
    build_all(connection, graph)
    mail(connection, "2024-02-06")
    for model in graph.models[:2]:
        build(connection, graph, model)
    assert not is_fresh(connection, graph)
    build_all(connection, graph)
    assert sent(connection) == [(JANUARY, 1), (FEBRUARY, 3)]


def test_many_months_are_computed_some_at_once(connection, folder, monkeypatch):
    (folder / "metrics/sent.sql").write_text(
        "-- How many months at once?\n--\n-- Grain: month\n\n"
        "select\n    wanted_months.month,  -- month\n"
        "    (select count(*) from staging.wanted_months) as month_count,  -- months\n"
        "from staging.wanted_months\n",
        encoding="utf-8",
    )
    graph = Graph.load(folder)
    monkeypatch.setattr("pipelines.build.MONTHS_AT_ONCE", 2)
    mail(connection, "2024-01-05", "2024-02-05", "2024-03-05")
    assert build_all(connection, graph)["metrics.sent"] == [JANUARY, FEBRUARY, MARCH]
    assert sent(connection) == [(JANUARY, 2), (FEBRUARY, 2), (MARCH, 1)]
    assert build_all(connection, graph)["metrics.sent"] == []


def test_touched_months_are_absorbed_once(connection, graph):
    mail(connection, "2024-01-05")
    absorb_touched(connection, graph)
    assert connection.execute("SELECT count(*) FROM raw.touched_months").fetchall() == [(0,)]


def test_comments_of_the_file_become_comments_of_the_table(connection, graph):
    mail(connection, "2024-01-05")
    build_all(connection, graph)
    rows = connection.execute(
        "SELECT comment FROM duckdb_columns() WHERE table_name = 'sent' ORDER BY column_index"
    ).fetchall()
    assert rows == [("month",), ("messages",)]


def test_a_new_table_of_several_row_groups_is_read_whole_at_once(connection, graph, folder):
    """DuckDB 2.0.0 hides such rows after CREATE TABLE AS ... LIMIT 0 in the same transaction."""
    connection.execute("CREATE TABLE raw.large AS SELECT range AS number FROM range(500_000)")
    path = folder / "metrics" / "others.sql"
    text = path.read_text().replace("Grain: one row", "Grain: entry_count")
    text = text.replace("count(*) as entry", "large.number as entry")
    path.write_text(text.replace("from raw.people", "from raw.large"))
    graph = Graph.load(folder)
    assert build(connection, graph, graph["metrics.others"]).row_count == 500_000
    total = connection.execute("SELECT sum(entry_count) FROM metrics.others").fetchall()
    assert total == [(500_000 * 499_999 // 2,)]


def test_every_model_of_kith_builds_on_an_empty_warehouse_in_derived_order(warehouse: Warehouse):
    graph = Graph.load()
    with warehouse.connect() as connection:
        for model in graph.models:
            built = build(connection, graph, model)
            described = connection.execute(f"DESCRIBE FROM {model.name}").fetchall()
            assert [name for name, *_ in described] == list(model.columns)
            if not model.grain:
                assert built.row_count == 1
        assert not any(stale_months(connection, graph, model) for model in graph.models)
