"""metrics.* become parquet: where data leave.

Here: the files of parquet/, their schema and order, the metric dictionary, the views, the
manifest.
Not here: what the columns mean (sql/metrics), whether they may be published (checks.py), which rows
may be shown (published_rows.py), how they lie in a file (parquet_files.py), and the group tables
that are made to be shared (publish_groups.py).

Each file is whole at any time: it is written beside and moved into place. The set is what
``manifest.json`` lists, and that is written last. The same raw rows give the same bytes: fixed
schemas, rows sorted by grain, no clock.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from connectors.private_files import replace, sync_folder
from pipelines import meanings, parquet_files, published_rows
from pipelines.models import Graph, Model
from pipelines.published_keys import keys
from pipelines.settings import Settings, make_private
from pipelines.store import transaction

DICTIONARY = "metric_dictionary"
MANIFEST = "manifest.json"
VIEWS = "views.sql"
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
DICTIONARY_COLUMNS = {
    "table_name": "the table",
    "column_name": "the column",
    "meaning": "what it is, and when it is undefined",
    "unit": "its unit, or the range of a share",
    "formula": "how it is computed; in words, or as SQL",
    "source": "who had the idea",
    "version": "version of the definition",
    "sql_sha256": "hash of the SQL file that computes it",
    "question": "what it asks; where it asks nothing of its own, what its table asks",
    "high_means": "how to read it when it is high",
    "low_means": "how to read it when it is low",
    "values_mean": "what its words mean, where it has words for values",
    "caveat": "where its table misleads",
}


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
    redrawn = _redrawn(connection, graph, settings)
    files: list[PublishedFile] = []
    written = set()
    for model in published(graph):
        schema = table_schema(connection, model)
        missing = {}
        for path, month, is_published in parts(connection, model.name, model.table):
            known = standing.get(path)
            stands = is_published and model.name not in redrawn
            if stands and known and _is_there(folder / path, known):
                files.append(known)
            else:
                missing[month] = path
        query = published_rows.shown(model, schema.names, settings)
        made = published_rows.by_month(connection, model, query, list(missing))
        files += _write_each(
            folder,
            model.table,
            ((missing[month], month, rows.cast(schema)) for month, rows in made),
        )
        written.update(missing.values())
    words = metric_dictionary(published(graph))
    dictionary = _write(folder, f"{DICTIONARY}.parquet", DICTIONARY, None, words)
    release = released([*files, dictionary], written)
    for parent in {(folder / path).parent for path in (*written, dictionary.path)}:
        sync_folder(parent)
    remove_vanished(folder, {file.path for file in release.files})
    replace(folder / VIEWS, views_sql(release.files))
    _write_manifest(folder, connection, graph, release, settings)
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
    columns = [(name, _TYPES[kind], model.columns[name]) for name, kind in described]
    columns += [(key.name, pa.string(), key.meaning) for key in keys(model)]
    return pa.schema(
        [pa.field(name, kind, metadata={"meaning": meaning}) for name, kind, meaning in columns],
        metadata={"question": model.question, "version": str(model.version)},
    )


def metric_dictionary(
    models: Iterable[Model], columns: Mapping[str, Iterable[str]] | None = None
) -> pa.Table:
    """One row for every published column: what it means and in which unit, and how to read it.

    columns  table -> those that are published; all where not given
    """
    rows = []
    for model in sorted(models, key=lambda model: model.table):
        for column, words in meanings.of_published(model).items():
            if columns and column not in columns[model.table]:
                continue
            rows.append(
                {
                    "table_name": model.table,
                    "column_name": column,
                    "meaning": words.text,
                    "unit": words.unit,
                    "formula": words.formula or words.expression,
                    "source": "; ".join(model.header.get("Source", ())) or None,
                    "version": model.version,
                    "sql_sha256": hashlib.sha256(model.text.encode()).hexdigest(),
                    "question": words.asks or model.question,
                    "high_means": words.high,
                    "low_means": words.low,
                    "values_mean": words.values,
                    "caveat": "; ".join(model.header.get("Caveat", ())) or None,
                }
            )
    kinds = {"version": pa.int64()}
    schema = pa.schema(
        [
            pa.field(name, kinds.get(name, pa.string()), metadata={"meaning": meaning})
            for name, meaning in DICTIONARY_COLUMNS.items()
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def views_sql(files: Iterable[PublishedFile]) -> str:
    """The SQL that names the tables in any DuckDB whose working folder is that of the files.

    It holds no data, so the manifest does not list it, and the release is the same without it.
    """
    paths = {file.table: f"{file.table}/*.parquet" if file.month else file.path for file in files}
    return "\n".join(
        [
            "-- The published tables by name. In this folder: duckdb -init views.sql",
            "SET TimeZone = 'UTC';",
            *(
                f"CREATE OR REPLACE VIEW \"{table}\" AS FROM read_parquet('{path}');"
                for table, path in sorted(paths.items())
            ),
            "",
        ]
    )


def read_manifest(folder: Path) -> list[PublishedFile]:
    """The files that the manifest lists; none where there is no manifest."""
    path = folder / MANIFEST
    if not path.exists():
        return []
    return [PublishedFile(**line) for line in json.loads(path.read_text("utf-8"))["files"]]


def is_outdated(settings: Settings) -> bool:
    """Whether names, scores or layout of the files are others than settings and kith now say."""
    path = settings.parquet / MANIFEST
    if not path.exists():
        return False
    shown = json.loads(path.read_text("utf-8"))
    return (shown["shows_names"], shown.get("people_scores"), shown.get("layout")) != (
        settings.shows_names,
        settings.people_scores,
        parquet_files.LAYOUT,
    )


def _redrawn(
    connection: duckdb.DuckDBPyConnection, graph: Graph, settings: Settings
) -> frozenset[str]:
    """Models whose files show other people or columns, or lie otherwise, than those that stand.

    Whoever connects a mailbox gets the scores of earlier months, too, which are not computed again.
    """
    path = settings.parquet / MANIFEST
    if not path.exists():
        return frozenset()
    shown = json.loads(path.read_text("utf-8"))
    if shown.get("layout") != parquet_files.LAYOUT:
        return frozenset(model.name for model in published(graph))
    redrawn = set(published_rows.NAMES) if shown["shows_names"] != settings.shows_names else set()
    scored = (shown.get("people_scores"), shown.get("mailbox_owners"))
    if scored != (settings.people_scores, _owners(connection, graph, settings)):
        redrawn.update(model.name for model in published(graph) if model.personal)
    return frozenset(redrawn)


def _owners(connection: duckdb.DuckDBPyConnection, graph: Graph, settings: Settings) -> str | None:
    """A digest of those whose scores are published; None where that depends on no mailbox."""
    if settings.people_scores != "own" or not any(model.personal for model in published(graph)):
        return None
    owners = connection.execute(
        "SELECT DISTINCT person_id FROM staging.mailboxes WHERE person_id IS NOT NULL ORDER BY 1"
    ).fetchall()
    return hashlib.sha256(repr(owners).encode()).hexdigest()[:16]


def parts(
    connection: duckdb.DuckDBPyConnection, source: str, table: str
) -> Iterator[tuple[str, date | None, bool]]:
    """Path, month and whether it was published, of every file of what ``source`` holds."""
    rows = connection.execute(
        "SELECT month, is_published FROM staging.built_months WHERE table_name = ? ORDER BY 1",
        [source],
    ).fetchall()
    for month, is_published in rows:
        if month is None:
            yield f"{table}.parquet", None, is_published
        else:
            yield f"{table}/{month:%Y-%m}.parquet", month, is_published


def _write_each(
    folder: Path, table: str, parts: Iterable[tuple[str, date | None, pa.Table]]
) -> Iterator[PublishedFile]:
    """Write each path, month and rows; while one file is written, the next one's rows are read."""
    with ThreadPoolExecutor(max_workers=1) as writer:
        before: Future[PublishedFile] | None = None
        for path, month, rows in parts:
            writing = writer.submit(_write, folder, path, table, month, rows)
            # Rows that wait stay in memory, so never more than one file's.
            if before:
                yield before.result()
            before = writing
        if before:
            yield before.result()


def _write(
    folder: Path, path: str, table: str, month: date | None, rows: pa.Table
) -> PublishedFile:
    target = folder / path
    make_private(target.parent)
    unfinished = target.with_name(f".{target.name}.unfinished")
    parquet_files.write(rows, unfinished)
    with open(unfinished, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    size = unfinished.stat().st_size
    os.replace(unfinished, target)
    return PublishedFile(path, table, f"{month:%Y-%m}" if month else None, len(rows), size, digest)


def _is_there(path: Path, known: PublishedFile) -> bool:
    return path.exists() and path.stat().st_size == known.bytes


def released(files: Iterable[PublishedFile], written: Iterable[str]) -> Release:
    """The release that these files make."""
    files = sorted(files)
    listing = "\n".join(f"{file.sha256}  {file.path}" for file in files)
    return Release(
        hashlib.sha256(listing.encode()).hexdigest()[:16], tuple(files), frozenset(written)
    )


def remove_vanished(folder: Path, listed: set[str]) -> None:
    """Remove every file that is neither listed nor the manifest, and folders left empty."""
    stays = {*listed, MANIFEST, VIEWS}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and str(path.relative_to(folder)) not in stays:
            path.unlink()
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _write_manifest(
    folder: Path,
    connection: duckdb.DuckDBPyConnection,
    graph: Graph,
    release: Release,
    settings: Settings,
) -> None:
    ((as_of,),) = connection.execute("SELECT max(as_of) FROM staging.months").fetchall()
    versions = {model.table: model.version for model in published(graph)}
    manifest = {
        "release_id": release.release_id,
        "as_of": as_of.isoformat() if as_of else None,
        "layout": parquet_files.LAYOUT,
        "shows_names": settings.shows_names,
        "people_scores": settings.people_scores,
        "mailbox_owners": _owners(connection, graph, settings),
        "metric_versions": versions,
        "files": [asdict(file) for file in release.files],
    }
    replace(folder / MANIFEST, json.dumps(manifest, indent=1))
