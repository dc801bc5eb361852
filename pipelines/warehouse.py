"""The one place that opens DuckDB.

Here: making, locking, opening and recovering ``kith.duckdb``, and opening the published files.
Not here: storing raw rows (store.py), computing from them (build.py), publishing (publish.py).

DuckDB has one writer, and a writer shuts out even readers: hence a lock file taken first, which
says who holds it, and hence parquet for everybody else.
"""

import contextlib
import fcntl
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import duckdb

from connectors import private_files
from pipelines import functions, pseudonym_key
from pipelines.models import WANTED_COLUMNS, WANTED_MONTHS
from pipelines.raw_tables import RAW_TABLES, literal
from pipelines.runner_tables import RUNNER_TABLES
from pipelines.settings import Limits, Settings, make_private

_SCHEMA_VERSION = 4
_LOCK = "kith.lock"


class WarehouseBusy(RuntimeError):
    """Another process works on the same data folder."""


class WarehouseBroken(RuntimeError):
    """The database cannot go on; the text says what happened and what to do."""


class Warehouse:
    """``kith.duckdb`` of one data folder. Opens nothing before ``connect``."""

    def __init__(self, settings: Settings, *, waits: bool = False) -> None:
        """Keep the settings; ``waits`` for another process instead of refusing."""
        self.settings = settings
        self.path = settings.database
        self._waits = waits
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._damage: duckdb.Error | None = None
        self._locked: IO[str] | None = None

    def note(self, step: str) -> None:
        """Tell others who find the data folder busy what this process is at; no personal data."""
        if self._locked is not None:
            text = f"{os.getpid()} {_command()}: {step}".encode()
            os.pwrite(self._locked.fileno(), text, 0)
            os.ftruncate(self._locked.fileno(), len(text))

    @contextlib.contextmanager
    def connect(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection in UTC. Nested calls share the outermost call's lock and database.

        Raises WarehouseBusy, WarehouseBroken, KeyProblem.
        """
        if self._connection is not None:
            with contextlib.closing(self._connection.cursor()) as cursor, self._watched():
                _prepare(cursor)
                yield cursor
            return
        make_private(self.settings.data_folder)
        with self._lock():
            fingerprint = pseudonym_key.fingerprint(pseudonym_key.load(self.settings))
            connection = self._open(fingerprint)
            try:
                _prepare(connection)
                functions.register(connection)
                _verify(connection, fingerprint)
                self._connection = connection
                with self._watched():
                    yield connection
            finally:
                self._connection = None
                connection.close()
                if self._damage is not None:
                    self._set_aside(self._damage)
                    self._damage = None

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        """Turn what DuckDB says when it cannot go on into what a person can do about it."""
        try:
            yield
        except duckdb.FatalException as error:
            # After a full disk or a failed sync DuckDB refuses everything until reopened.
            raise WarehouseBroken(
                f"DuckDB stopped ({_first_line(error)}); what was committed is kept: "
                "look at disk space and run again"
            ) from error
        except duckdb.Error as error:
            if not _is_damage(error):
                raise
            self._damage = error
            raise WarehouseBroken(
                f"{self.path} is damaged ({_first_line(error)}); it was set aside: "
                "run again to rebuild it"
            ) from error

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """Hold ``kith.lock``, in which the holder's process id, command and step stand."""
        lock = os.open(self.settings.data_folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        with open(lock, "r+", encoding="utf-8", errors="replace") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if self._waits else fcntl.LOCK_NB))
            except BlockingIOError as error:
                process, at = _holder(file)
                raise WarehouseBusy(
                    f"process {process} works on {self.settings.data_folder}"
                    f"{f' ({at})' if at else ''}; wait for it, or use --wait"
                ) from error
            self._locked = file
            self.note("begins")
            try:
                yield
            finally:
                self._locked = None

    def _open(self, fingerprint: str) -> duckdb.DuckDBPyConnection:
        """The database, made where it is new and set aside where it does not open."""
        unfinished = self.path.with_suffix(".duckdb.new")
        for leftover in (unfinished, unfinished.with_suffix(".new.wal")):
            leftover.unlink(missing_ok=True)
        if not self.path.exists():
            self._create(unfinished, fingerprint)
        try:
            return duckdb.connect(self.path, config=self._config())
        except duckdb.Error as error:
            if "Could not set lock" in str(error):
                raise WarehouseBusy(
                    f"{self.path} is open in another program; close it: {_first_line(error)}"
                ) from error
            if not _is_damage(error):
                raise WarehouseBroken(
                    f"{self.path} does not open: {_first_line(error)}; use the kith that wrote it, "
                    "or move the file away: imports and pulls rebuild it"
                ) from error
            self._set_aside(error)
            self._create(unfinished, fingerprint)
            return duckdb.connect(self.path, config=self._config())

    def _create(self, unfinished: Path, fingerprint: str) -> None:
        """Make the file under another name and move it into place.

        A kill while DuckDB writes a new file leaves one that no DuckDB opens (SAFETY tests), so
        the name kith.duckdb is given only to a file that is complete and on disk.
        """
        with contextlib.closing(duckdb.connect(unfinished, config=self._config())) as connection:
            _prepare(connection)
            # In one transaction: DuckDB waits for the disk at the end of each.
            connection.execute("BEGIN")
            connection.execute("CREATE SCHEMA raw; CREATE SCHEMA staging; CREATE SCHEMA metrics")
            for table in (*RAW_TABLES.values(), *RUNNER_TABLES):
                connection.execute(table.ddl)
            connection.execute(f"CREATE TABLE {WANTED_MONTHS} ({WANTED_COLUMNS})")
            connection.execute(
                "INSERT INTO raw.warehouse VALUES (?, ?)", [_SCHEMA_VERSION, fingerprint]
            )
            connection.execute("COMMIT")
            connection.execute("CHECKPOINT")
        os.chmod(unfinished, 0o600)
        with open(unfinished, "rb") as file:
            os.fsync(file.fileno())
        os.replace(unfinished, self.path)
        private_files.sync_folder(self.path.parent)

    def _set_aside(self, error: duckdb.Error) -> None:
        """Rename a file that does not open; it is never deleted, and status names it."""
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        log = self.path.with_name(self.path.name + ".wal")
        for file in (self.path, log):
            if file.exists():
                os.replace(file, file.with_name(f"{file.name}.broken-{stamp}"))
        reason = self.path.with_name(f"{self.path.name}.broken-{stamp}.txt")
        reason.write_text(f"{_first_line(error)}\n", encoding="utf-8")
        private_files.sync_folder(self.path.parent)

    def broken_files(self) -> list[Path]:
        """Databases that were set aside because they did not open."""
        found = self.settings.data_folder.glob(f"{self.path.name}.broken-*")
        return sorted(path for path in found if path.suffix != ".txt")

    def _config(self) -> dict[str, str]:
        limits: Limits = self.settings.limits
        config = {
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": str(self.settings.data_folder / "spill"),
            "max_temp_directory_size": f"{limits.spill_gib}GiB",
            # At DuckDB's 16 MiB the commit of nearly every month would rewrite the file's metadata.
            "checkpoint_threshold": "256MiB",
            "memory_limit": f"{limits.memory_gib}GiB" if limits.memory_gib else "50%",
        }
        return config | ({"threads": str(limits.threads)} if limits.threads else {})


def holder(settings: Settings) -> str | None:
    """The id of the process that works on the data folder, or "unknown"; None where none does."""
    try:
        with open(settings.data_folder / _LOCK, encoding="utf-8", errors="replace") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _holder(file)[0]
    except FileNotFoundError:
        pass
    return None


def _holder(file: IO[str]) -> tuple[str, str]:
    """Process id, or "unknown", and what the process is at; nothing where it did not say."""
    process, _, at = file.read().strip().partition(" ")
    return process or "unknown", at


def _command() -> str:
    """The command of this process without its arguments, which may be addresses."""
    words = (Path(sys.argv[0]).stem, *(word for word in sys.argv[1:2] if word.isalpha()))
    return " ".join(words)


# How DuckDB 2 speaks of a torn block, an unfinished file and a log that cannot be replayed. Its
# exception types do not tell: a wrong checksum is a bare duckdb.Error, a short file an IOException
# like a missing permission.
_DAMAGE = (
    "Corrupt database file",
    "Corrupt WAL",
    "Could not read enough bytes",
    "Failure while replaying WAL",
    "not a valid DuckDB database file",
)


def _is_damage(error: duckdb.Error) -> bool:
    return any(words in str(error) for words in _DAMAGE)


@contextlib.contextmanager
def open_published(folder: Path, limits: Limits) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published tables as views by name, in a database that reaches nothing else.

    Other files, the network, extensions and settings are out of reach of its SQL. It is no sandbox
    against denial of service; memory and threads are bounded. The folder itself can be written by
    COPY, so whoever passes on a user's SQL lets only queries through (``is_query``).
    """
    tables = {path.stem: path for path in folder.glob("*.parquet")} | {
        path.name: path / "*.parquet"
        for path in folder.iterdir()
        if path.is_dir() and any(path.glob("*.parquet"))
    }
    config = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "memory_limit": f"{limits.memory_gib}GiB" if limits.memory_gib else "50%",
    } | ({"threads": str(limits.threads)} if limits.threads else {})
    with contextlib.closing(duckdb.connect(":memory:", config=config)) as connection:
        _prepare(connection)
        for name, path in sorted(tables.items()):
            connection.execute(f'CREATE VIEW "{name}" AS FROM read_parquet({literal(str(path))})')
        connection.execute(f"SET allowed_directories = [{literal(str(folder))}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection


def is_query(connection: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Whether ``sql`` is one statement that only reads. Raises duckdb.ParserException."""
    kinds = [statement.type for statement in connection.extract_statements(sql)]
    # EXPLAIN is left out too: EXPLAIN ANALYZE runs what it explains, COPY ... TO included.
    return kinds == [duckdb.StatementType.SELECT]


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    # Without the second line a misspelt table would be looked up among Python's variables.
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET python_enable_replacements = false")


def _verify(connection: duckdb.DuckDBPyConnection, fingerprint: str) -> None:
    """Refuse a database of another layout or another pseudonym key."""
    ((version, known),) = connection.execute("SELECT * FROM raw.warehouse").fetchall()
    if version != _SCHEMA_VERSION:
        raise WarehouseBroken(
            f"the database has layout {version}, this kith reads {_SCHEMA_VERSION}; "
            "move kith.duckdb away: imports and pulls rebuild it"
        )
    if known != fingerprint:
        raise pseudonym_key.KeyProblem(
            f"the pseudonym key ({fingerprint}) is not the one that these data were made with "
            f"({known}); put the right credentials/pseudonym.key back"
        )


def _first_line(error: BaseException) -> str:
    """The first line of an error, which in DuckDB's messages names no data of people."""
    return re.split(r"[\r\n]", str(error), maxsplit=1)[0]
