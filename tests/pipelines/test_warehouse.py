"""One writer, whole transactions, and a way back from a file that does not open."""

import os
import stat
import subprocess
import sys
import textwrap
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.pseudonym_key import KeyProblem
from pipelines.raw_tables import RAW_TABLES
from pipelines.settings import Settings
from pipelines.store import Batch, store
from pipelines.warehouse import (
    Warehouse,
    WarehouseBroken,
    WarehouseBusy,
    is_query,
    open_published,
)


def at(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def messages(*rows: tuple[str, str]) -> pa.Table:
    """raw.messages of (message_id, day)."""
    empty = {"reply_to_keys": [], "to_keys": [1], "cc_keys": [], "bcc_keys": []}
    lists = empty | {"reference_keys": [], "automation_signs": []}
    return pa.Table.from_pylist(
        [
            {"mailbox_id": "m", "message_id": one, "copy_key": hash(one), "sent_at": at(day)}
            | {"message_key": 7}
            | lists
            for one, day in rows
        ],
        schema=RAW_TABLES["raw.messages"].schema,
    )


def batch(rows: pa.Table, cursor: str = "1") -> Batch:
    return Batch(mailbox_id="m", stream="mail", cursor=cursor, rows={"raw.messages": rows})


def touched(connection: duckdb.DuckDBPyConnection) -> set[date]:
    rows = connection.execute("SELECT month FROM raw.touched_months").fetchall()
    return {month for (month,) in rows}


def test_a_new_warehouse_is_private_and_in_utc(warehouse: Warehouse):
    with warehouse.connect() as connection:
        assert connection.execute("SELECT current_setting('TimeZone')").fetchall() == [("UTC",)]
    assert stat.S_IMODE(warehouse.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(warehouse.path.parent.stat().st_mode) == 0o700


def test_no_extension_is_ever_fetched(warehouse: Warehouse):
    with warehouse.connect() as connection:
        for name in ("autoinstall_known_extensions", "autoload_known_extensions"):
            assert connection.execute(f"SELECT current_setting('{name}')").fetchall() == [(False,)]


def test_rows_cursor_and_touched_months_are_stored_together(warehouse: Warehouse):
    with warehouse.connect() as connection:
        changed = store(connection, batch(messages(("a", "2024-01-31"), ("b", "2024-03-01"))))
        assert changed == {"raw.messages": 2}
        assert touched(connection) == {date(2024, 1, 1), date(2024, 3, 1)}
        assert connection.execute("FROM raw.cursors").fetchall() == [("m", "mail", "1")]


def test_a_batch_that_fails_leaves_nothing(warehouse: Warehouse):
    with warehouse.connect() as connection:
        broken = Batch(
            mailbox_id="m",
            stream="mail",
            cursor="1",
            rows={
                "raw.messages": messages(("a", "2024-01-31")),
                "raw.events": pa.table({"x": [1]}),
            },
        )
        with pytest.raises(ValueError, match="x"):
            store(connection, broken)
        for table in ("raw.messages", "raw.cursors", "raw.touched_months"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchall() == [(0,)]


def test_the_same_rows_again_change_and_touch_nothing(warehouse: Warehouse):
    with warehouse.connect() as connection:
        store(connection, batch(messages(("a", "2024-01-31"))))
        connection.execute("DELETE FROM raw.touched_months")
        assert store(connection, batch(messages(("a", "2024-01-31")))) == {"raw.messages": 0}
        assert touched(connection) == set()


def test_a_moved_row_touches_the_month_it_left_and_the_month_it_entered(warehouse: Warehouse):
    with warehouse.connect() as connection:
        store(connection, batch(messages(("a", "2024-01-31"))))
        connection.execute("DELETE FROM raw.touched_months")
        assert store(connection, batch(messages(("a", "2024-05-05")))) == {"raw.messages": 1}
        assert touched(connection) == {date(2024, 1, 1), date(2024, 5, 1)}
        assert connection.execute("SELECT count(*) FROM raw.messages").fetchall() == [(1,)]


def test_of_two_rows_with_one_key_in_a_batch_the_later_wins(warehouse: Warehouse):
    with warehouse.connect() as connection:
        store(connection, batch(messages(("a", "2024-01-31"), ("a", "2024-02-29"))))
        rows = connection.execute("SELECT sent_at::date FROM raw.messages").fetchall()
        assert rows == [(date(2024, 2, 29),)]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_a_name_keeps_its_first_and_last_day_whatever_the_order(warehouse: Warehouse, order):
    days = ["2024-01-01", "2024-06-01", "2024-03-01"]
    schema = RAW_TABLES["raw.address_names"].schema
    with warehouse.connect() as connection:
        for place in order:
            day = at(days[place])
            row = {"address_key": 5, "name": "N", "first_seen_at": day, "last_seen_at": day}
            rows = {"raw.address_names": pa.Table.from_pylist([row], schema=schema)}
            store(connection, Batch(mailbox_id="m", stream="s", cursor="1", rows=rows))
        found = connection.execute(
            "SELECT first_seen_at::date, last_seen_at::date FROM raw.address_names"
        ).fetchall()
        assert found == [(date(2024, 1, 1), date(2024, 6, 1))]


def hold(settings: Settings) -> subprocess.Popen[str]:
    """Another process that holds the warehouse until its input closes."""
    code = f"""
        import sys
        from pathlib import Path
        from pipelines.settings import Settings
        from pipelines.warehouse import Warehouse
        warehouse = Warehouse(Settings(data=Path({str(settings.data_folder)!r})))
        with warehouse.connect():
            warehouse.note("step metrics.ties")
            print("held", flush=True)
            sys.stdin.read()
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_and_told_who_holds_it_and_at_which_step(settings: Settings):
    holder = hold(settings)
    with pytest.raises(WarehouseBusy, match=f"process {holder.pid} works .*: step metrics.ties"):
        with Warehouse(settings).connect():
            pass
    holder.communicate()


def test_a_process_that_waits_goes_on_when_the_other_ends(settings: Settings):
    holder = hold(settings)
    waiter = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from pipelines.settings import Settings\n"
            "from pipelines.warehouse import Warehouse\n"
            "with Warehouse(Settings(data=Path(sys.argv[1])), waits=True).connect(): print('in')",
            str(settings.data_folder),
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert waiter.poll() is None
    holder.communicate()
    assert waiter.communicate(timeout=60)[0] == "in\n"
    assert waiter.returncode == 0


def test_a_kill_between_rows_and_commit_leaves_the_last_commit(settings: Settings):
    code = """
        import os, signal, sys
        sys.path.insert(0, "tests/pipelines")
        from pathlib import Path
        from pipelines.settings import Settings
        from pipelines.store import store, transaction, _upsert
        from pipelines.warehouse import Warehouse
        from pipelines.raw_tables import RAW_TABLES
        from test_warehouse import batch, messages
        with Warehouse(Settings(data=Path(sys.argv[1]))).connect() as connection:
            store(connection, batch(messages(("a", "2024-01-31"))))
            with transaction(connection):
                _upsert(connection, RAW_TABLES["raw.messages"], messages(("b", "2024-02-01")))
                os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(settings.data_folder)],
        cwd=Path(__file__).resolve().parents[2],
    )
    assert done.returncode == -9
    with Warehouse(settings).connect() as connection:
        assert connection.execute("SELECT message_id FROM raw.messages").fetchall() == [("a",)]
        assert touched(connection) == {date(2024, 1, 1)}


def test_a_half_made_file_is_made_again(settings: Settings):
    settings.database.with_suffix(".duckdb.new").write_bytes(b"torn")
    with Warehouse(settings).connect() as connection:
        assert connection.execute("SELECT count(*) FROM raw.messages").fetchall() == [(0,)]


DAMAGE = {
    "nothing of a database": lambda content: b"x" * 5000,
    "an empty file": lambda content: b"",
    "cut short": lambda content: content[:9000],
    "a torn header": lambda content: content[:8] + bytes(100) + content[108:],
    "a torn block": lambda content: content[:12800] + bytes(250_000) + content[262_800:],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_set_aside_whole_and_a_new_one_made(warehouse: Warehouse, damage: str):
    with warehouse.connect() as connection:
        store(connection, batch(messages(("a", "2024-01-31"))))
    content = DAMAGE[damage](warehouse.path.read_bytes())
    warehouse.path.write_bytes(content)
    with warehouse.connect() as connection:
        assert connection.execute("SELECT count(*) FROM raw.messages").fetchall() == [(0,)]
    (kept,) = warehouse.broken_files()
    assert kept.read_bytes() == content


def test_damage_met_while_reading_sets_the_file_aside_for_the_next_run(warehouse: Warehouse):
    with warehouse.connect() as connection:
        connection.execute(
            "CREATE TABLE raw.large AS SELECT hash(range) AS h FROM range(2_000_000)"
        )
    content = bytearray(warehouse.path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4096] = bytes(4096)
    warehouse.path.write_bytes(content)
    with pytest.raises(WarehouseBroken, match="run again to rebuild"):
        with warehouse.connect(), warehouse.connect() as connection:
            connection.execute("SELECT sum(h::DOUBLE) FROM raw.large").fetchall()
    assert len(warehouse.broken_files()) == 1
    with warehouse.connect() as connection:
        assert connection.execute("SELECT count(*) FROM raw.messages").fetchall() == [(0,)]


def test_a_file_that_does_not_open_for_another_reason_is_left_where_it_is(warehouse: Warehouse):
    warehouse.path.mkdir(parents=True)
    with pytest.raises(WarehouseBroken, match="does not open"):
        with warehouse.connect():
            pass
    assert warehouse.path.is_dir()
    assert warehouse.broken_files() == []


def test_another_pseudonym_key_is_refused(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch):
    with warehouse.connect():
        pass
    monkeypatch.setenv("KITH_PSEUDONYM_KEY", "ab" * 32)
    with pytest.raises(KeyProblem, match="not the one that these data were made with"):
        with warehouse.connect():
            pass


def test_a_lost_pseudonym_key_is_never_replaced(warehouse: Warehouse):
    with warehouse.connect():
        pass
    (warehouse.settings.credentials / "pseudonym.key").unlink()
    with pytest.raises(KeyProblem, match="missing, but data made with it exist"):
        with warehouse.connect():
            pass
    assert not (warehouse.settings.credentials / "pseudonym.key").exists()


def test_the_pseudonym_key_is_closed_to_others_from_the_first_byte(settings: Settings):
    path = settings.credentials / "pseudonym.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


ESCAPES = [
    "copy (select 1) to '{folder}/people.parquet'",
    "explain analyze copy (select 1) to '{folder}/x.csv'",
    "select * from read_text('/etc/passwd')",
    "select * from read_csv('/proc/self/environ')",
    "select * from glob('/etc/*')",
    "attach '/tmp/x.duckdb'",
    "install httpfs",
    "load httpfs",
    "set threads = 1",
    "pragma enable_profiling",
    "select 1; drop view people",
    "create table t as select 1",
    "export database '{folder}'",
    "call pragma_version()",
]


@pytest.mark.parametrize("sql", ESCAPES)
def test_a_query_reaches_nothing_but_the_published_tables(tmp_path: Path, sql: str):
    folder = tmp_path / "parquet"
    folder.mkdir()
    pq.write_table(pa.table({"person_id": [1]}), folder / "people.parquet")
    before = os.listdir(folder)
    with open_published(folder, Settings().limits) as connection:
        assert connection.execute("FROM people").fetchall() == [(1,)]
        text = sql.format(folder=folder)
        if is_query(connection, text):
            with pytest.raises(duckdb.Error):
                connection.execute(text)
    assert os.listdir(folder) == before
