"""How kith fares: `kith status` and `kith doctor`.

Here: what is read, computed and published, what went wrong, and the cure of each.
Not here: printing (cli.py).
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from connectors import encryption
from connectors.secret_store import SecretProblem
from pipelines import pseudonym_key
from pipelines.accounts import connected, store
from pipelines.models import Graph, ModelError
from pipelines.publish import read_manifest
from pipelines.settings import Settings, SettingsError, config_path
from pipelines.warehouse import Warehouse, WarehouseBroken, WarehouseBusy

_FREE_BYTES = 2 * 2**30


@dataclass(frozen=True)
class AccountStatus:
    """One connected account and how it fares; its mailboxes may fare otherwise."""

    account: str
    state: str
    cure: str | None


@dataclass(frozen=True)
class MailboxStatus:
    """One mailbox or archive: what is held of it and how it fares."""

    mailbox: str
    provider: str
    state: str
    cure: str | None
    message_count: int
    event_count: int
    first_at: datetime | None
    last_at: datetime | None
    pulled_at: datetime | None


@dataclass(frozen=True)
class Share:
    """What became of copies of mail or calendar entries: contact, or why it makes none."""

    source: str
    outcome: str
    copy_count: int


@dataclass(frozen=True)
class Status:
    """All that `kith status` shows.

    mailbox_states  state -> number of mailboxes and archives in it, the most frequent first
    outcomes        of all computed months together; empty before the first computation
    rejects         what could not be read, by reason
    """

    data_folder: str
    is_demo: bool
    accounts: tuple[AccountStatus, ...]
    mailbox_states: dict[str, int]
    message_count: int
    event_count: int
    outcomes: tuple[Share, ...]
    mailboxes: tuple[MailboxStatus, ...]
    rejects: tuple[tuple[str, int], ...]
    published_files: int
    published_rows: int
    shared_files: int
    shared_rows: int
    set_aside: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """One thing that the doctor tried; ``cure`` is None where it is well."""

    what: str
    found: str
    cure: str | None = None


def status(warehouse: Warehouse) -> Status:
    """Ask the warehouse and the published folder."""
    settings = warehouse.settings
    with warehouse.connect() as connection:
        mailboxes = connection.execute(
            "WITH mail AS (SELECT mailbox_id, count(*) AS n, min(sent_at) AS first_at, "
            "max(sent_at) AS last_at FROM raw.messages WHERE deleted_at IS NULL GROUP BY ALL), "
            "events AS (SELECT mailbox_id, count(*) AS n, min(start_at) AS first_at, "
            "max(start_at) AS last_at FROM raw.events WHERE deleted_at IS NULL GROUP BY ALL) "
            "SELECT coalesce(addresses.address, mailboxes.mailbox_id), provider, state, cure, "
            "coalesce(mail.n, 0), coalesce(events.n, 0), least(mail.first_at, events.first_at), "
            "greatest(mail.last_at, events.last_at), pulled_at FROM raw.mailboxes AS mailboxes "
            "LEFT JOIN raw.addresses AS addresses USING (address_key) "
            "LEFT JOIN mail USING (mailbox_id) LEFT JOIN events USING (mailbox_id) ORDER BY 1"
        ).fetchall()
        boxes = tuple(MailboxStatus(*row) for row in mailboxes)
        known = connection.execute("SELECT account_id, state, cure FROM raw.accounts").fetchall()
        outcomes = _outcomes(connection)
        rejects = connection.execute(
            "SELECT reason, count(*) FROM raw.rejects GROUP BY ALL ORDER BY 2 DESC, 1"
        ).fetchall()
    files, shared = read_manifest(settings.parquet), read_manifest(settings.parquet_groups)
    return Status(
        str(settings.data_folder),
        settings.is_demo,
        tuple(_accounts(settings, known)),
        dict(Counter(box.state for box in boxes).most_common()),
        sum(box.message_count for box in boxes),
        sum(box.event_count for box in boxes),
        outcomes,
        boxes,
        tuple(rejects),
        len(files),
        sum(file.rows for file in files),
        len(shared),
        sum(file.rows for file in shared),
        tuple(path.name for path in warehouse.broken_files()),
    )


def _outcomes(connection: duckdb.DuckDBPyConnection) -> tuple[Share, ...]:
    """What was computed of the copies; nothing before the first computation."""
    computed = connection.execute(
        "SELECT count(*) FROM duckdb_tables() "
        "WHERE schema_name = 'metrics' AND table_name = 'coverage_reasons'"
    ).fetchone()
    if not computed[0]:
        return ()
    rows = connection.execute(
        "SELECT source, outcome, CAST(sum(copy_count) AS BIGINT) AS copies "
        "FROM metrics.coverage_reasons GROUP BY ALL ORDER BY source DESC, copies DESC, outcome"
    ).fetchall()
    return tuple(Share(*row) for row in rows)


def _accounts(
    settings: Settings, known: Sequence[tuple[str, str, str | None]]
) -> Iterator[AccountStatus]:
    """Every connected account; of those that were never asked, that."""
    asked = {account_id: AccountStatus(account_id, *rest) for account_id, *rest in known}
    for account in connected(settings):
        waiting = AccountStatus(account.account_id, "waiting", "kith run")
        yield asked.get(account.account_id, waiting)


def examine() -> Iterator[Finding]:
    """Try settings, folder, disk, secrets, models and database; later ones need earlier."""
    try:
        settings = Settings.load()
    except SettingsError as error:
        yield Finding("settings", str(error), "correct the setting it names")
        return
    path = config_path()
    yield Finding("settings", f"{path.name} read" if path.is_file() else "defaults, no kith.toml")
    yield from _folder(settings)
    yield from examine_secrets(settings)
    yield from _models()
    yield from _database(settings)


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_folder
    if not folder.exists():
        yield Finding("data folder", f"{folder} does not exist yet; the first import makes it")
        return
    if not os.access(folder, os.W_OK):
        yield Finding("data folder", f"{folder} cannot be written", "give yourself the right to")
    elif folder.stat().st_mode & 0o077:
        yield Finding(
            "data folder", f"others on this machine can open {folder}", f"chmod 700 {folder}"
        )
    else:
        yield Finding("data folder", f"{folder}, closed to others")
    free = shutil.disk_usage(folder).free
    cure = "make room: DuckDB needs space to work" if free < _FREE_BYTES else None
    yield Finding("disk", f"{free / 2**30:.1f} GiB free", cure)


def examine_secrets(settings: Settings) -> Iterator[Finding]:
    """Where keys of accounts go, tried; and each account's own, which may lie elsewhere."""
    held = store(settings)
    try:
        kind, where = held.target()
        if kind == "encrypted" and encryption.passphrase() is None:
            where += f"; the passphrase is asked for at a terminal, or {encryption.VARIABLE}"
        else:
            held.check()
    except SecretProblem as problem:
        yield Finding("secrets", problem.state, problem.cure)
        return
    yield Finding("secrets", f"{kind}: {where}")
    for account in connected(settings):
        if account.secret in held.names("encrypted") and encryption.passphrase() is None:
            yield Finding(account.account_id, "opens with the passphrase")
            continue
        try:
            held.open(account.secret)
        except SecretProblem as problem:
            yield Finding(account.account_id, problem.state, problem.cure)
        else:
            yield Finding(account.account_id, "its key opens")


def _models() -> Iterator[Finding]:
    try:
        graph = Graph.load()
    except ModelError as error:
        yield Finding("models", str(error), "mend the file it names")
    else:
        yield Finding("models", f"{len(graph.models)} SQL files in order")


def _database(settings: Settings) -> Iterator[Finding]:
    if not settings.database.exists():
        yield Finding("database", "none yet; the first import or pull makes it")
        return
    warehouse = Warehouse(settings)
    try:
        with warehouse.connect() as connection:
            ((version,),) = connection.execute("SELECT version()").fetchall()
    except WarehouseBusy as error:
        yield Finding("database", str(error), "wait for that process to end")
    except (WarehouseBroken, pseudonym_key.KeyProblem, duckdb.Error) as error:
        yield Finding("database", str(error), "do what it says, then run kith doctor again")
    else:
        yield Finding("database", f"opens with DuckDB {version.lstrip('v')}")
        yield Finding("pseudonym key", "the one that the data were made with")
    for path in warehouse.broken_files():
        yield Finding(
            "recovered", f"{path.name} did not open and was set aside", "kith run rebuilds; keep it"
        )
