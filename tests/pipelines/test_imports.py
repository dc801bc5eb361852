"""A path is read once into records, and what the warehouse lacks is loaded from them."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from connectors.files import UnreadablePath
from pipelines import imports
from pipelines.settings import Settings
from pipelines.store import store
from pipelines.warehouse import Warehouse

SECRET = bytes(range(32))
LETTERS = 5


def mbox(path: Path, count: int = LETTERS, start: int = 0) -> Path:
    """An archive of ``count`` short letters, one a day."""
    letters = [
        f"From ann@x.example Mon Jan  1 00:00:00 2024\n"
        f"From: Ann <ann@x.example>\nTo: bob@y.example\nMessage-ID: <{number}@x.example>\n"
        f"Date: Mon, 0{1 + number % 7} Jan 2024 10:00:00 +0000\n"
        f"Subject: CANARY\n\nCANARY body\n\n"
        for number in range(start, start + count)
    ]
    path.write_text("".join(letters), encoding="ascii")
    return path


@pytest.fixture
def connection(warehouse: Warehouse):
    with warehouse.connect() as connection:
        yield connection


def count(connection, table: str = "raw.messages") -> int:
    return connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]


def test_an_archive_is_kept_as_records_and_stored(connection, settings: Settings, tmp_path: Path):
    kept = imports.keep(settings, mbox(tmp_path / "a.mbox"), "ann@x.example", SECRET)
    assert kept.is_new
    assert kept.counts == {"mailbox": 1, "message": LETTERS, "event": 0, "reject": 0}
    assert imports.load(connection, settings, SECRET)["raw.messages"] == LETTERS
    assert count(connection) == LETTERS
    assert not imports.pending(connection, settings)


def test_neither_subject_nor_body_is_kept(connection, settings: Settings, tmp_path: Path):
    kept = imports.keep(settings, mbox(tmp_path / "a.mbox"), "ann@x.example", SECRET)
    imports.load(connection, settings, SECRET)
    connection.execute("CHECKPOINT")
    assert "CANARY" not in str(pq.read_table(kept.file).to_pylist())
    assert b"CANARY" not in settings.database.read_bytes()


def test_the_same_file_again_changes_nothing(connection, settings: Settings, tmp_path: Path):
    path = mbox(tmp_path / "a.mbox")
    imports.keep(settings, path, "ann@x.example", SECRET)
    imports.load(connection, settings, SECRET)
    again = imports.keep(settings, path.rename(tmp_path / "b.mbox"), "ann@x.example", SECRET)
    assert not again.is_new
    assert again.counts["message"] == LETTERS
    assert imports.load(connection, settings, SECRET).total() == 0


def test_a_grown_archive_adds_only_what_is_new(connection, settings: Settings, tmp_path: Path):
    imports.keep(settings, mbox(tmp_path / "a.mbox"), "ann@x.example", SECRET)
    imports.load(connection, settings, SECRET)
    imports.keep(settings, mbox(tmp_path / "a.mbox", LETTERS + 2), "ann@x.example", SECRET)
    assert imports.load(connection, settings, SECRET)["raw.messages"] == 2
    assert count(connection) == LETTERS + 2


def test_the_same_archive_of_two_owners_is_two_mailboxes(connection, settings, tmp_path: Path):
    path = mbox(tmp_path / "a.mbox")
    for owner in ("ann@x.example", "bob@y.example"):
        assert imports.keep(settings, path, owner, SECRET).is_new
    imports.load(connection, settings, SECRET)
    assert count(connection, "raw.mailboxes") == 2
    assert count(connection) == 2 * LETTERS


def test_many_small_files_are_stored_as_one_by_one(
    connection, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # Of 12 files of 3 records, four are stored at a time; each letter lies in two files.
    monkeypatch.setattr(imports, "_BATCH_RECORDS", 10)
    transactions = []
    monkeypatch.setattr(
        imports, "store", lambda *them: transactions.append(len(them) - 1) or store(*them)
    )
    for place in range(12):
        archive = mbox(tmp_path / f"{place}.mbox", count=2, start=place)
        imports.keep(settings, archive, "ann@x.example", SECRET)
    changed = imports.load(connection, settings, SECRET)
    assert transactions == [4, 4, 4]
    assert not imports.pending(connection, settings)
    assert count(connection, "raw.cursors") == 12
    assert changed["raw.addresses"] == count(connection, "raw.addresses") == 2
    assert count(connection) == 13
    names = connection.execute("SELECT first_seen_at, last_seen_at FROM raw.address_names")
    (span,) = names.fetchall()
    assert [f"{at:%d}" for at in span] == ["01", "07"]


def test_a_lost_database_comes_back_from_the_records(settings: Settings, tmp_path: Path):
    path = mbox(tmp_path / "a.mbox")
    imports.keep(settings, path, "ann@x.example", SECRET)
    with Warehouse(settings).connect() as connection:
        imports.load(connection, settings, SECRET)
        before = connection.execute("FROM raw.messages ORDER BY message_id").fetchall()
    path.unlink()
    settings.database.write_bytes(b"gone")
    with Warehouse(settings).connect() as connection:
        imports.load(connection, settings, SECRET)
        assert connection.execute("FROM raw.messages ORDER BY message_id").fetchall() == before


def test_a_load_that_was_cut_off_goes_on_behind_its_last_commit(
    connection, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(imports, "_BATCH_RECORDS", 2)
    kept = imports.keep(settings, mbox(tmp_path / "a.mbox"), "ann@x.example", SECRET)
    imports.load(connection, settings, SECRET)
    # As a kill after the second commit leaves it: mailbox and three letters stored.
    connection.execute("DELETE FROM raw.messages WHERE sent_at >= TIMESTAMPTZ '2024-01-04'")
    connection.execute("UPDATE raw.cursors SET cursor = '4'")
    assert imports.pending(connection, settings) == [(kept.file, 4)]
    assert imports.load(connection, settings, SECRET)["raw.messages"] == LETTERS - 3
    assert count(connection) == LETTERS


def test_a_failed_reading_leaves_no_record_file(settings: Settings, tmp_path: Path):
    with pytest.raises(UnreadablePath):
        imports.keep(settings, tmp_path / "nowhere.mbox", "ann@x.example", SECRET)
    assert not settings.imports.exists() or not list(settings.imports.iterdir())
