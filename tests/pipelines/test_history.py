"""Dagster's files are written lazily, whole, and so that a page that follows a run sees it."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from pipelines import history
from pipelines.settings import ROOT

PROGRAM = """
import os, signal
import dagster as dg
from pipelines import history

@dg.asset
def one() -> None: ...

@dg.asset(deps=[one])
def two() -> None:
    os.kill(os.getpid(), signal.SIGKILL)

with history.written_lazily(), dg.DagsterInstance.get() as instance:
    dg.materialize([one, two], instance=instance)
"""


@pytest.fixture
def home(settings) -> Path:
    """DAGSTER_HOME of an empty history; ``settings`` has set it."""
    return settings.data_folder.parent / "dagster_home"


def synchronous(file: Path) -> int:
    """What a connection that SQLAlchemy opens asks of the disk: 2 is FULL, 1 NORMAL."""
    with sa.create_engine(f"sqlite:///{file}", poolclass=sa.NullPool).connect() as connection:
        return connection.exec_driver_sql("PRAGMA synchronous").scalar_one()


def test_a_commit_waits_for_the_disk_again_after_the_block(tmp_path: Path):
    file = tmp_path / "some.db"
    with history.written_lazily():
        assert synchronous(file) == 1
    assert synchronous(file) == 2


def test_the_file_of_a_run_is_touched_with_every_record(home: Path):
    """The UI follows a run by that: the records themselves go to the log beside the file."""

    @dg.job
    def empty() -> None: ...

    with history.written_lazily(), dg.DagsterInstance.get() as instance:
        run = instance.create_run_for_job(empty)
        # The first record makes the file, the second finds it and keeps it open.
        for _ in range(2):
            instance.report_engine_event("made", run)
        (file,) = home.rglob(f"{run.run_id}.db")
        content, touched_ns = file.read_bytes(), file.stat().st_mtime_ns
        instance.report_engine_event("follow me", run)
        assert file.read_bytes() == content
        assert file.stat().st_mtime_ns > touched_ns
        assert b"follow me" in file.with_suffix(".db-wal").read_bytes()
    assert b"follow me" in file.read_bytes()
    assert not list(home.rglob("*.db-wal"))


def test_what_a_killed_run_did_stands_in_its_history(home: Path):
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.STARTED
        assert instance.get_latest_materialization_event(dg.AssetKey("one")).run_id == run.run_id
        assert instance.get_latest_materialization_event(dg.AssetKey("two")) is None
    for file in home.rglob("*.db"):
        with sqlite3.connect(file) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
