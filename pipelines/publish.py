"""metrics.* become parquet: where data leave.

Here: the files, their schema and order, the metric dictionary, the manifest.
Not here: what the columns mean (sql/metrics) and whether they may be published (checks.py).

Each file is whole at any time: it is written beside and moved into place. The set is what
``manifest.json`` lists, and that is written last. The same raw rows give the same bytes: fixed
schemas, rows sorted by grain, no clock.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.models import Graph, Model
from pipelines.private_files import sync_folder
from pipelines.settings import Settings, make_private
from pipelines.store import transaction

DICTIONARY = "metric_dictionary"
MANIFEST = "manifest.json"
# Types that every reader opens with the same values. A sum of integers is HUGEINT in DuckDB and
# silently becomes a double elsewhere, so anything else is refused rather than converted.
_TYPES = {
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", "UTC"),
}
_PERSONAL = {"metrics.people": ("name", "address")}


class PublishError(RuntimeError):
    """A table that cannot be published; the text names the column and the cure."""


@dataclass(frozen=True, order=True)
class PublishedFile:
    """One line of the manifest."""

    path: str
    table: str
    month: str | None
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Release:
    """What one publication left in the folder.

    written  files that were written now, the others stood already
    """

    release_id: str
    files: tuple[PublishedFile, ...]
    written: frozenset[str]

    def of(self, table: str) -> list[PublishedFile]:
        """The files of one table."""
        return [file for file in self.files if file.table == table]


def published(graph: Graph) -> list[Model]:
    """The models that become files: those of schema metrics."""
    return [model for model in graph.models if model.schema == "metrics"]


def publish(connection: duckdb.DuckDBPyConnection, graph: Graph, settings: Settings) -> Release:
    """Write what was computed since the last publication, then the manifest.

    Raises PublishError where a column has a type that some reader would misread.
    """
    make_private(settings.data_folder)
    folder = make_private(settings.parquet)
    standing = {file.path: file for file in read_manifest(folder)}
    redraw = names_differ(settings)
    files: list[PublishedFile] = []
    written = set()
    for model in published(graph):
        schema = table_schema(connection, model)
        for path, month, is_published in _parts(connection, model):
            known = standing.get(path)
            stands = is_published and not (redraw and model.name in _PERSONAL)
            if stands and known and _is_there(folder / path, known):
                files.append(known)
                continue
            rows = _rows(connection, model, schema, month, shows_names=settings.shows_names)
            files.append(_write(folder, path, model.table, month, rows))
            written.add(path)
    dictionary = _write(folder, f"{DICTIONARY}.parquet", DICTIONARY, None, metric_dictionary(graph))
    release = _release(sorted([*files, dictionary]), written)
    _remove_vanished(folder, {file.path for file in release.files})
    _write_manifest(folder, connection, graph, release, shows_names=settings.shows_names)
    with transaction(connection):
        connection.execute(
            "UPDATE staging.built_months SET is_published = true WHERE table_name LIKE 'metrics.%'"
        )
    return release


def table_schema(connection: duckdb.DuckDBPyConnection, model: Model) -> pa.Schema:
    """The Arrow schema of a published table: always nullable, meanings in the field metadata."""
    described = connection.execute(
        f"SELECT column_name, column_type FROM (DESCRIBE FROM {model.name})"
    ).fetchall()
    if refused := [f"{name} {kind}" for name, kind in described if kind not in _TYPES]:
        raise PublishError(
            f"{model.path}: {', '.join(refused)}: cast to one of {', '.join(_TYPES)}"
        )
    return pa.schema(
        [
            pa.field(name, _TYPES[kind], metadata={"meaning": model.columns[name]})
            for name, kind in described
        ],
        metadata={"question": model.question, "version": str(model.version)},
    )


def metric_dictionary(graph: Graph) -> pa.Table:
    """One row for every published column: what it means, in which unit, by which formula."""
    rows = []
    for model in sorted(published(graph), key=lambda model: model.table):
        formulas = {column.alias_or_name: column for column in model.query.selects}
        for column, text in model.columns.items():
            meaning, _, unit = text.partition(";")
            rows.append(
                {
                    "table_name": model.table,
                    "column_name": column,
                    "meaning": meaning.strip(),
                    "unit": unit.strip() or None,
                    "formula": formulas[column].unalias().sql("duckdb", comments=False),
                    "source": "; ".join(model.header.get("Source", ())) or None,
                    "version": model.version,
                    "sql_sha256": hashlib.sha256(model.text.encode()).hexdigest(),
                }
            )
    kinds = {"version": pa.int64()}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in rows[0]])
    return pa.Table.from_pylist(rows, schema=schema)


def read_manifest(folder: Path) -> list[PublishedFile]:
    """The files that the manifest lists; none where there is no manifest."""
    path = folder / MANIFEST
    if not path.exists():
        return []
    return [PublishedFile(**line) for line in json.loads(path.read_text("utf-8"))["files"]]


def names_differ(settings: Settings) -> bool:
    """Whether names are published against the settings, as after a change of the audience."""
    path = settings.parquet / MANIFEST
    if not path.exists():
        return False
    return json.loads(path.read_text("utf-8"))["shows_names"] != settings.shows_names


def _parts(
    connection: duckdb.DuckDBPyConnection, model: Model
) -> Iterator[tuple[str, date | None, bool]]:
    """Path, month and whether it was published, of every file that the table should have."""
    rows = connection.execute(
        "SELECT month, is_published FROM staging.built_months WHERE table_name = ? ORDER BY 1",
        [model.name],
    ).fetchall()
    for month, is_published in rows:
        if month is None:
            yield f"{model.table}.parquet", None, is_published
        else:
            yield f"{model.table}/{month:%Y-%m}.parquet", month, is_published


def _rows(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    schema: pa.Schema,
    month: date | None,
    *,
    shows_names: bool,
) -> pa.Table:
    hidden = () if shows_names else _PERSONAL.get(model.name, ())
    columns = ", ".join(
        f'NULL AS "{name}"' if name in hidden else f'"{name}"' for name in schema.names
    )
    where = f"WHERE month = DATE '{month}'" if month else ""
    order = ", ".join(f'"{column}"' for column in model.grain) or "1"
    query = f"SELECT {columns} FROM {model.name} {where} ORDER BY {order}"
    return connection.sql(query).to_arrow_table().cast(schema)


def _write(
    folder: Path, path: str, table: str, month: date | None, rows: pa.Table
) -> PublishedFile:
    target = folder / path
    make_private(target.parent)
    unfinished = target.with_name(f".{target.name}.unfinished")
    pq.write_table(rows, unfinished, compression="zstd")
    with open(unfinished, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    size = unfinished.stat().st_size
    os.replace(unfinished, target)
    sync_folder(target.parent)
    return PublishedFile(path, table, f"{month:%Y-%m}" if month else None, len(rows), size, digest)


def _is_there(path: Path, known: PublishedFile) -> bool:
    return path.exists() and path.stat().st_size == known.bytes


def _release(files: list[PublishedFile], written: set[str]) -> Release:
    listing = "\n".join(f"{file.sha256}  {file.path}" for file in files)
    return Release(
        hashlib.sha256(listing.encode()).hexdigest()[:16], tuple(files), frozenset(written)
    )


def _remove_vanished(folder: Path, listed: set[str]) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and str(path.relative_to(folder)) not in {*listed, MANIFEST}:
            path.unlink()
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _write_manifest(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    graph: Graph,
    release: Release,
    *,
    shows_names: bool,
) -> None:
    ((as_of,),) = connection.execute("SELECT max(as_of) FROM staging.months").fetchall()
    versions = {model.table: model.version for model in published(graph)}
    manifest = {
        "release_id": release.release_id,
        "as_of": as_of.isoformat() if as_of else None,
        "shows_names": shows_names,
        "metric_versions": versions,
        "files": [asdict(file) for file in release.files],
    }
    unfinished = folder / f".{MANIFEST}.unfinished"
    with open(unfinished, "w", encoding="utf-8") as file:
        json.dump(manifest, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, folder / MANIFEST)
    sync_folder(folder)
