"""parquet-groups/: the tables of an organisation that are made to be shared.

Here: which tables these are, the audit before anything is written, files, dictionary, manifest.
Not here: what is hidden (sql/staging/shown_groups.sql, group_cells.sql, shared_*.sql), what could
be worked out all the same (audit.py), and the tables of people (publish.py).

The tables are encoded in memory, read again from those bytes and audited, all months together;
only then is anything written, each file whole and the manifest last. Where the audit fails,
nothing is written and what passed before stays. A personal install has nobody to share with: its
folder has no such files, and those of an earlier setting are removed.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.private_files import replace
from pipelines import parquet_files
from pipelines.audit import audit
from pipelines.models import Graph
from pipelines.publish import (
    DICTIONARY,
    MANIFEST,
    VIEWS,
    PublishedFile,
    Release,
    metric_dictionary,
    parts,
    read_manifest,
    released,
    remove_vanished,
    table_schema,
    views_sql,
)
from pipelines.settings import Settings, make_private

# Published table -> the model that holds what may be shared of it.
SHARED: Mapping[str, str] = {
    "communities": "staging.shared_communities",
    "group_ties": "metrics.group_ties",
    "groups": "metrics.groups",
    "homophily": "metrics.homophily",
    "months": "metrics.months",
    "network": "staging.shared_network",
}


@dataclass(frozen=True)
class _Part:
    """One file in memory."""

    path: str
    table: str
    month: date | None
    rows: int
    content: bytes

    @property
    def line(self) -> PublishedFile:
        """Its line of the manifest."""
        month = f"{self.month:%Y-%m}" if self.month else None
        digest = hashlib.sha256(self.content).hexdigest()
        return PublishedFile(self.path, self.table, month, self.rows, len(self.content), digest)


def publish_groups(
    connection: duckdb.DuckDBPyConnection, graph: Graph, settings: Settings
) -> Release | None:
    """Audit the group tables and write what changed, after publish; None for a personal install.

    Raises AuditFailed, and writes nothing, where the tables would tell what they hide.
    """
    folder = settings.parquet_groups
    if settings.effective_audience == "self":
        _clear(folder)
        return None
    ((min_group_size,),) = connection.execute(
        "SELECT min_group_size FROM staging.parameters"
    ).fetchall()
    encoded = _encoded(connection, graph)
    audit(_tables(encoded), min_group_size)
    encoded.append(_part(f"{DICTIONARY}.parquet", DICTIONARY, None, _dictionary(graph)))
    standing = {line.path: line for line in read_manifest(make_private(folder))}
    written = [part for part in encoded if not _stands(folder, part, standing)]
    for part in written:
        path = folder / part.path
        make_private(path.parent)
        replace(path, part.content)
    release = released([part.line for part in encoded], [part.path for part in written])
    remove_vanished(folder, {line.path for line in release.files})
    replace(folder / VIEWS, views_sql(release.files))
    source = _source(settings)
    versions = {table: graph[f"metrics.{table}"].version for table in SHARED}
    manifest = {
        "release_id": release.release_id,
        "source_release_id": source["release_id"],
        "as_of": source["as_of"],
        "min_group_size": min_group_size,
        "metric_versions": versions,
        "files": [asdict(line) for line in release.files],
    }
    replace(folder / MANIFEST, json.dumps(manifest, indent=1))
    return release


def is_current(settings: Settings) -> bool:
    """Whether the folder holds what belongs to the release in parquet/, for this audience."""
    path = settings.parquet_groups / MANIFEST
    if settings.effective_audience == "self" or not path.exists():
        return settings.effective_audience == "self" and not path.exists()
    shared = json.loads(path.read_text("utf-8"))
    return shared["source_release_id"] == _source(settings)["release_id"]


def _source(settings: Settings) -> Mapping[str, str]:
    return json.loads((settings.parquet / MANIFEST).read_text("utf-8"))


def _encoded(connection: duckdb.DuckDBPyConnection, graph: Graph) -> list[_Part]:
    found = []
    for table, source in SHARED.items():
        model = graph[source]
        schema = table_schema(connection, model)
        columns = ", ".join(f'"{name}"' for name in schema.names)
        order = ", ".join(f'"{name}"' for name in model.grain)
        for path, month, _ in parts(connection, source, table):
            where = f"WHERE month = DATE '{month}'" if month else ""
            query = f"SELECT {columns} FROM {source} {where} ORDER BY {order}"
            rows = connection.sql(query).to_arrow_table().cast(schema)
            found.append(_part(path, table, month, rows))
    return found


def _part(path: str, table: str, month: date | None, rows: pa.Table) -> _Part:
    sink = pa.BufferOutputStream()
    parquet_files.write(rows, sink)
    return _Part(path, table, month, len(rows), sink.getvalue().to_pybytes())


def _tables(encoded: list[_Part]) -> dict[str, pa.Table]:
    """Every table with all its months, as whoever gets the files reads it."""
    return {
        table: pa.concat_tables(
            pq.read_table(pa.BufferReader(part.content)) for part in encoded if part.table == table
        )
        for table in sorted({part.table for part in encoded})
    }


def _dictionary(graph: Graph) -> pa.Table:
    columns = {table: graph[source].columns for table, source in SHARED.items()}
    return metric_dictionary([graph[f"metrics.{table}"] for table in SHARED], columns)


def _stands(folder: Path, part: _Part, standing: Mapping[str, PublishedFile]) -> bool:
    path = folder / part.path
    is_whole = path.exists() and path.stat().st_size == len(part.content)
    return is_whole and standing.get(part.path) == part.line


def _clear(folder: Path) -> None:
    if folder.exists():
        # The manifest first: without it there is no release, however far this comes.
        (folder / MANIFEST).unlink(missing_ok=True)
        (folder / VIEWS).unlink(missing_ok=True)
        remove_vanished(folder, set())
        folder.rmdir()
