"""Files become records under imports/, and those become raw rows.

Here: ``kith import``: reading a path once into ``imports/<sha256>.parquet``; and loading what the
warehouse does not hold yet, which is also how a lost database comes back.
Not here: what is in a mail archive or calendar (connectors/files), keys (ingest.py).

A file's records are written before any row is stored, so there is one way into the warehouse and
a kill at any instant leaves either no record file or a whole one.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors import addresses, files, private_files, records
from connectors.records import Event, Mailbox, Message, Record, Reject
from pipelines import ingest
from pipelines.settings import Settings, make_private
from pipelines.store import Batch, store

KINDS: tuple[type[Record], ...] = (Mailbox, Message, Event, Reject)
# A row holds one record, so every struct but one is null, and with it the required columns too.
_FIELDS = {kind: [field.with_nullable(True) for field in kind.SCHEMA] for kind in KINDS}
_SCHEMA = pa.schema([(kind.__name__.lower(), pa.struct(_FIELDS[kind])) for kind in KINDS])
_BATCH_RECORDS = 20_000


@dataclass(frozen=True)
class Kept:
    """What one path gave.

    file           its records
    is_new         false where this path with this owner had been read before
    counts         message, event, reject -> records
    reject_counts  reason -> how many
    """

    file: Path
    is_new: bool
    counts: Counter[str]
    reject_counts: Counter[str]


def keep(settings: Settings, path: Path, owner: str, secret: bytes) -> Kept:
    """Read ``path`` as mail and calendar of ``owner`` into a record file, unless it is there.

    Raises files.UnreadablePath for a path that is missing or holds nothing kith can read.
    """
    mailbox = Mailbox(
        mailbox_id=f"files-{addresses.address_key(secret, owner)}", provider="files", address=owner
    )
    content = f"{files.fingerprint(path)} {mailbox.mailbox_id}"
    name = hashlib.sha256(content.encode()).hexdigest()
    target = settings.imports / f"{name}.parquet"
    if target.exists():
        return Kept(target, False, *_count(target))
    make_private(settings.data_folder)
    folder = make_private(settings.imports)
    imported_at = datetime.now(UTC).replace(microsecond=0)
    unfinished = folder / f".{name}.unfinished"
    about = {"source": path.name, "imported_at": imported_at.isoformat()}
    schema = _SCHEMA.with_metadata({"kith": json.dumps(about)})
    found = chain([mailbox], files.read(path, mailbox.mailbox_id, imported_at))
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as sink:
            with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
                for batch in records.batches(found, _BATCH_RECORDS):
                    writer.write_table(_as_rows(batch, schema))
            sink.flush()
            os.fsync(sink.fileno())
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
    private_files.sync_folder(folder)
    return Kept(target, True, *_count(target))


def load(connection: duckdb.DuckDBPyConnection, settings: Settings, secret: bytes) -> Counter[str]:
    """Store every record file that the warehouse does not hold; give changed rows per table.

    Goes on where a killed load stopped: the cursor says how many records of the file are stored.
    """
    changed: Counter[str] = Counter()
    pseudonyms = ingest.Pseudonyms(secret, connection)
    waiting: list[Batch] = []
    record_count = 0

    def store_waiting() -> None:
        nonlocal record_count
        changed.update(store(connection, *waiting))
        waiting.clear()
        record_count = 0

    for path, done in pending(connection, settings):
        for batch, count in _unstored(path, done, pseudonyms):
            # Two batches of one file have one cursor, so they are stored one after the other.
            follows = waiting and waiting[-1].stream == batch.stream
            if follows or record_count >= _BATCH_RECORDS:
                store_waiting()
            waiting.append(batch)
            record_count += count
    if waiting:
        store_waiting()
    return changed


def pending(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[tuple[Path, int]]:
    """Record files that are not wholly stored, each with how many of its records are."""
    stored = dict(
        connection.execute(
            "SELECT stream, cursor::BIGINT FROM raw.cursors WHERE starts_with(stream, 'import:')"
        ).fetchall()
    )
    found = []
    for path in sorted(settings.imports.glob("*.parquet")):
        done = stored.get(f"import:{path.stem}", 0)
        if done < pq.read_metadata(path).num_rows:
            found.append((path, done))
    return found


def _unstored(path: Path, done: int, pseudonyms: ingest.Pseudonyms) -> Iterator[tuple[Batch, int]]:
    """What follows the first ``done`` records of a file, with the number of its records."""
    with pq.ParquetFile(path) as file:
        about = json.loads(file.schema_arrow.metadata[b"kith"])
        imported_at = datetime.fromisoformat(about["imported_at"])
        first = next(file.iter_batches(1, columns=["mailbox"]))
        mailbox_id = first["mailbox"][0]["mailbox_id"].as_py()
        position = 0
        for read in file.iter_batches(_BATCH_RECORDS):
            position += read.num_rows
            if position <= done:
                continue
            tables = {kind: _of_kind(read, kind) for kind in KINDS}
            batch = Batch(
                mailbox_id=mailbox_id,
                stream=f"import:{path.stem}",
                cursor=str(position),
                rows=ingest.rows(tables, pseudonyms, imported_at),
            )
            yield batch, read.num_rows


def _as_rows(batch: list[Record], schema: pa.Schema) -> pa.Table:
    """Records of mixed kinds as rows that hold one struct each."""
    columns = []
    for kind in KINDS:
        places = [place for place, record in enumerate(batch) if isinstance(record, kind)]
        table = records.table((batch[place] for place in places), kind)
        struct = pa.StructArray.from_arrays(
            [column.combine_chunks() for column in table.columns], fields=_FIELDS[kind]
        )
        at = [None] * len(batch)
        for position, place in enumerate(places):
            at[place] = position
        columns.append(struct.take(pa.array(at, pa.int64())))
    return pa.Table.from_arrays(columns, schema=schema)


def _of_kind(batch: pa.RecordBatch, kind: type[Record]) -> pa.Table:
    column = batch[kind.__name__.lower()]
    present = column.filter(pc.is_valid(column))
    # A file kept by an earlier kith lacks the fields that came later.
    known = {field.name for field in present.type}
    columns = [
        pc.struct_field(present, field.name)
        if field.name in known
        else pa.nulls(len(present), field.type)
        for field in kind.SCHEMA
    ]
    return pa.Table.from_arrays(columns, schema=kind.SCHEMA)


def _count(path: Path) -> tuple[Counter[str], Counter[str]]:
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for batch in _batches(path):
        for kind in KINDS:
            column = batch[kind.__name__.lower()]
            counts[kind.__name__.lower()] += len(column) - column.null_count
        rejects = batch["reject"]
        reasons.update(pc.struct_field(rejects, "reason").drop_null().to_pylist())
    return counts, reasons


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(_BATCH_RECORDS)
