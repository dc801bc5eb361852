"""Dagster's history: how its SQLite files are written during a run.

Here: settings of the connections that Dagster opens, thousands in a run.
Not here: what is recorded (assets.py, checks.py), and where it lies (run.py).

Dagster opens its files anew for every record, waits until the disk has it, and closing rewrites
the file: a run over a small mailbox waits ten times as long for the disk as it computes.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry, Pool

_FILE = "kith.file"


@contextmanager
def written_lazily() -> Iterator[None]:
    """Let the system write Dagster's files to disk in its own time, as long as the block lasts.

    A power cut may cost the last records of a run, never the file: SQLite's log stays in order
    (``synchronous = NORMAL`` with ``journal_mode = WAL``). What kith computes rests on none of it.
    """
    kept: dict[str, sqlite3.Connection] = {}

    def opened(connection: object, entry: ConnectionPoolEntry) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        connection.execute("PRAGMA synchronous = NORMAL")
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            return
        ((_, _, file),) = connection.execute("PRAGMA database_list").fetchall()
        entry.info[_FILE] = file
        if file not in kept:
            # While one connection is open, closing another does not move the log into the file.
            kept[file] = sqlite3.connect(file, check_same_thread=False)
            kept[file].execute("SELECT count(*) FROM sqlite_master").fetchall()

    def closes(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
        # The UI follows a run by when its file changes, and the log is another file.
        if (file := entry.info.get(_FILE)) and connection.total_changes:
            os.utime(file)

    event.listen(Pool, "connect", opened)
    event.listen(Pool, "close", closes)
    try:
        yield
    finally:
        event.remove(Pool, "connect", opened)
        event.remove(Pool, "close", closes)
        for connection in kept.values():
            connection.close()
