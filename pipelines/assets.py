"""The assets that Dagster shows: raw tables, one per SQL file, and the published files.

Here: turning steps into assets with group, description, code version, months and metadata.
Not here: the steps themselves (imports.py, pull.py, build.py, checks.py, publish.py,
publish_groups.py), jobs.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import dagster as dg
import duckdb
import pyarrow as pa

from pipelines import checks, imports, ingest, pseudonym_key
from pipelines.build import build
from pipelines.models import Graph, Model
from pipelines.publish import DICTIONARY, Release, publish, published, table_schema
from pipelines.publish_groups import SHARED, publish_groups
from pipelines.pull import pull
from pipelines.raw_tables import RAW_TABLES, duckdb_type
from pipelines.warehouse import Warehouse

# A run with this tag passes over months that are up to date instead of computing them again.
ONLY_STALE = "kith/only_stale"
# What Dagster tells a run of its months.
_MONTH = "dagster/partition"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
_KINDS = {"raw": {"duckdb"}, "staging": {"duckdb", "sql"}, "metrics": {"duckdb", "sql"}}


def key(name: str) -> dg.AssetKey:
    """``schema.table`` as Dagster's key schema/table."""
    return dg.AssetKey(name.split("."))


_SOURCES = {
    "files": "Which files were imported?",
    "google": "Which mailboxes of Google were read?",
    "microsoft": "Which mailboxes of Microsoft 365 were read?",
}
_ALL_READ = dg.AssetCheckSpec(
    "every_mailbox_is_read",
    asset=dg.AssetKey(["raw", "mailboxes"]),
    description="Every mailbox that is chosen could be read; kith status names cures.",
)


def raw_assets() -> dg.AssetsDefinition:
    """The sources and all raw tables, filled by one step that reads both providers side by side."""
    sources = [
        dg.AssetSpec(dg.AssetKey(["raw", name]), group_name="raw", description=question)
        for name, question in _SOURCES.items()
    ]
    tables = [
        dg.AssetSpec(
            key(name),
            deps=[source.key for source in sources],
            group_name="raw",
            description=table.question,
            kinds=_KINDS["raw"],
        )
        for name, table in RAW_TABLES.items()
    ]

    @dg.multi_asset(
        name="raw",
        specs=[*sources, *tables],
        check_specs=[_ALL_READ],
        required_resource_keys={"warehouse", "tell"},
    )
    def raw(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        """Store the records of imported files, what is new in mailboxes, and the own side."""
        warehouse: Warehouse = context.resources.warehouse
        settings = warehouse.settings
        started = time.monotonic()
        with warehouse.connect() as connection:
            secret = pseudonym_key.load(settings)
            ingest.store_settings(connection, settings, secret)
            imports.load(connection, settings, secret)
            pulled = pull(connection, settings, secret, context.resources.tell)
            if pulled.unexpected and os.environ.get("KITH_DEBUG"):
                raise pulled.unexpected[0]
            seconds = time.monotonic() - started
            for source in sources:
                states = pulled.states.get(source.key.path[-1], {})
                yield dg.MaterializeResult(
                    asset_key=source.key,
                    metadata={f"mailboxes {state}": count for state, count in states.items()},
                )
            for name, table in RAW_TABLES.items():
                ((count,),) = connection.execute(f"SELECT count(*) FROM {name}").fetchall()
                columns = {
                    column: (duckdb_type(kind), meaning)
                    for column, (kind, meaning) in table.columns.items()
                }
                yield dg.MaterializeResult(
                    asset_key=key(name), metadata=_metadata(name, count, columns, seconds)
                )
            yield _all_read(connection)

    return raw


def _all_read(connection: duckdb.DuckDBPyConnection) -> dg.AssetCheckResult:
    """A warning with the number of mailboxes in each state that needs a cure."""
    troubled = connection.execute(
        "SELECT state, count(*) FROM raw.mailboxes WHERE cure IS NOT NULL GROUP BY ALL ORDER BY 1"
    ).fetchall()
    return dg.AssetCheckResult(
        check_name=_ALL_READ.name,
        asset_key=_ALL_READ.asset_key,
        passed=not troubled,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=dict(troubled),
    )


def model_asset(graph: Graph, model: Model, months: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """One SQL file as an asset; a published table that reads the wanted months has partitions.

    Its two checks run in the same step: steps of their own would double what Dagster writes down,
    which takes longer than a small table.

    Dagster writes two records for each table and month, 11 ms each. The many staging tables behind
    the published ones go without: ten years of mail would otherwise take minutes to log.
    """
    has_partitions = model.is_monthly and model.schema == "metrics"

    @dg.asset(
        key=key(model.name),
        deps=[key(name) for name in model.upstreams],
        group_name=model.schema,
        kinds=_KINDS[model.schema],
        description=_description(model),
        code_version=graph.fingerprints[model.name],
        partitions_def=months if has_partitions else None,
        backfill_policy=dg.BackfillPolicy.single_run() if has_partitions else None,
        check_specs=checks.specs(model),
        required_resource_keys={"warehouse"},
    )
    def table(
        context: dg.AssetExecutionContext,
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        started = time.monotonic()
        with context.resources.warehouse.connect() as connection:
            built = build(connection, graph, model, _asked(context))
            seconds = time.monotonic() - started
            described = connection.execute(f"DESCRIBE FROM {model.name}").fetchall()
            columns = {name: (kind, model.columns[name]) for name, kind, *_ in described}
            yield dg.MaterializeResult(
                metadata=_metadata(model.name, built.row_count, columns, seconds)
                | {"months_computed": len(built.months), "was_stale": built.was_stale}
            )
            yield from checks.results(connection, model)

    return table


def parquet_assets(graph: Graph) -> dg.AssetsDefinition:
    """The published files: one step, never a part of it, behind every blocking check."""
    tables = published(graph)
    all_tables = [key(model.name) for model in graph.models]
    specs = [
        dg.AssetSpec(
            dg.AssetKey(["parquet", name]),
            deps=all_tables,
            group_name="parquet",
            description=description,
            kinds={"parquet"},
        )
        for name, description in [
            *((model.table, model.question) for model in tables),
            (DICTIONARY, "What does each published column mean?"),
        ]
    ]

    @dg.multi_asset(name="parquet", specs=specs, required_resource_keys={"warehouse"})
    def parquet(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        """Write what was computed since the last release, then the manifest."""
        warehouse: Warehouse = context.resources.warehouse
        started = time.monotonic()
        with warehouse.connect() as connection:
            release = publish(connection, graph, warehouse.settings)
            schemas = {model.table: table_schema(connection, model) for model in tables}
        seconds = time.monotonic() - started
        yield from _files(specs, release, schemas, seconds)

    return parquet


def parquet_groups_assets(graph: Graph) -> dg.AssetsDefinition:
    """The files made to be shared, behind the published ones; none for a personal install.

    A failing audit is an error of this step: the run fails, and what stood stays.
    """
    specs = [
        dg.AssetSpec(
            dg.AssetKey(["parquet-groups", name]),
            deps=[dg.AssetKey(["parquet", name])],
            group_name="parquet_groups",
            description=description,
            kinds={"parquet"},
            skippable=True,
        )
        for name, description in [
            *((table, graph[source].question) for table, source in SHARED.items()),
            (DICTIONARY, "What does each shared column mean?"),
        ]
    ]

    @dg.multi_asset(name="parquet_groups", specs=specs, required_resource_keys={"warehouse"})
    def parquet_groups(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        """Audit what all months together tell of hidden cells, then write what changed."""
        warehouse: Warehouse = context.resources.warehouse
        started = time.monotonic()
        with warehouse.connect() as connection:
            release = publish_groups(connection, graph, warehouse.settings)
            schemas = {
                table: table_schema(connection, graph[source]) for table, source in SHARED.items()
            }
        if release:
            yield from _files(specs, release, schemas, time.monotonic() - started)

    return parquet_groups


def _files(
    specs: Iterable[dg.AssetSpec],
    release: Release,
    schemas: Mapping[str, pa.Schema],
    seconds: float,
) -> Iterator[dg.MaterializeResult]:
    """What became of each published table; Dagster shows it beside the asset."""
    for spec in specs:
        name = spec.key.path[-1]
        files = release.of(name)
        columns = {
            field.name: (str(field.type), field.metadata[b"meaning"].decode())
            for field in schemas.get(name, pa.schema([]))
        }
        yield dg.MaterializeResult(
            asset_key=spec.key,
            metadata=_metadata(None, sum(file.rows for file in files), columns, seconds)
            | {
                "files": len(files),
                "files_written": len(release.written.intersection(f.path for f in files)),
                "bytes": sum(file.bytes for file in files),
                "release_id": release.release_id,
            },
        )


def _asked(context: dg.AssetExecutionContext) -> list[date] | None:
    """The months of a backfill; None where whatever is stale is to be computed."""
    tags = context.run.tags
    if ONLY_STALE in tags:
        return None
    if _MONTH in tags:
        return [date.fromisoformat(tags[_MONTH])]
    if RANGE_START not in tags:
        return None
    first, last = (date.fromisoformat(tags[name]) for name in (RANGE_START, RANGE_END))
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]


def _description(model: Model) -> str:
    lines = [model.question]
    for label in ("Source", "Caveat"):
        lines += [f"{label}: {text}" for text in model.header.get(label, ())]
    return "\n\n".join(lines)


def _metadata(
    table: str | None, row_count: int, columns: Mapping[str, tuple[str, str]], seconds: float
) -> dict[str, Any]:
    named = {"dagster/table_name": table} if table else {}
    return named | {
        "dagster/row_count": row_count,
        "dagster/column_schema": dg.TableSchema(
            [dg.TableColumn(name, kind, meaning) for name, (kind, meaning) in columns.items()]
        ),
        "duration_seconds": round(seconds, 3),
    }
