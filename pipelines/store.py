"""Raw rows are stored all together or not at all.

Here: one transaction for rows, cursors and the months that they touch.
Not here: what the rows are (raw_tables.py), where they come from (ingest.py), what a provider's
page deletes and moves (changes.py), who opens the database (warehouse.py).
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from connectors.pages import Page
from pipelines import changes
from pipelines.raw_tables import RAW_TABLES, RawTable, literal


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Raw rows that are stored together or not at all.

    mailbox_id  the mailbox; for a directory the account
    rows        raw table name -> Arrow table with that table's schema
    cursor      how far ``stream`` has been read once the rows are stored; None forgets it
    page        what else the provider's page changed: deleted, moved, listed
    """

    mailbox_id: str
    stream: str
    cursor: str | None
    rows: Mapping[str, pa.Table] = field(default_factory=dict)
    page: Page | None = None


def store(connection: duckdb.DuckDBPyConnection, *batches: Batch) -> dict[str, int]:
    """Upsert batches, their cursors and the months that they touch in one transaction.

    Only rows that are new or differ are written and touch a month, both the month that the old row
    stood in and the month of the new one. Gives the number of changed rows of each table. After a
    kill at any instant either all of it is there or nothing. Batches stored together are of
    different streams.
    """
    changed: dict[str, int] = {}
    with transaction(connection):
        for name, table in RAW_TABLES.items():
            parts = [batch.rows[name] for batch in batches if name in batch.rows]
            if parts:
                rows = pa.concat_tables(parts)
                upsert = _succeed if table.is_history else _upsert
                changed[name] = upsert(connection, table, rows) if rows.num_rows else 0
        for batch in batches:
            if batch.page is not None:
                changes.apply(connection, batch.mailbox_id, batch.page)
        _set_cursors(connection, batches)
    return changed


def _set_cursors(connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch]) -> None:
    rows = [(batch.mailbox_id, batch.stream, batch.cursor) for batch in batches]
    cursors = pa.table(list(map(list, zip(*rows, strict=True))), RAW_TABLES["raw.cursors"].schema)
    with registered(connection, cursors):
        connection.execute(
            "DELETE FROM raw.cursors AS old USING incoming AS new "
            "WHERE old.mailbox_id = new.mailbox_id AND old.stream = new.stream"
        )
        connection.execute("INSERT INTO raw.cursors BY NAME FROM incoming WHERE cursor IS NOT NULL")


def replace_all(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> bool:
    """Make a small raw table equal ``rows``; say whether anything changed."""
    if not differs(connection, name, rows):
        return False
    with transaction(connection), registered(connection, rows):
        connection.execute(f"DELETE FROM {name}")
        connection.execute(f"INSERT INTO {name} BY NAME FROM incoming")
        connection.execute("INSERT INTO raw.touched_months VALUES (?, NULL)", [name])
    return True


def differs(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> bool:
    """Whether a small raw table, whose columns stand in the same order, holds other rows."""
    with registered(connection, rows):
        ((count,),) = connection.execute(
            f"SELECT count(*) FROM ((FROM incoming EXCEPT FROM {name}) "
            f"UNION ALL (FROM {name} EXCEPT FROM incoming))"
        ).fetchall()
    return bool(count)


@contextlib.contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """BEGIN, then COMMIT, or ROLLBACK where the block raises."""
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        # A connection that DuckDB has given up cannot even roll back; the reason must survive.
        with contextlib.suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextlib.contextmanager
def registered(connection: duckdb.DuckDBPyConnection, rows: pa.Table) -> Iterator[None]:
    """Let SQL read an Arrow table under the name ``incoming``."""
    connection.register("incoming", rows)
    try:
        yield
    finally:
        connection.unregister("incoming")


def _upsert(connection: duckdb.DuckDBPyConnection, table: RawTable, rows: pa.Table) -> int:
    """Write the rows that are new or differ; give their number."""
    numbered = rows.cast(table.schema).append_column("position", pa.array(range(rows.num_rows)))
    key = ", ".join(f'"{column}"' for column in table.key)
    same_key = " AND ".join(f'old."{column}" = new."{column}"' for column in table.key)
    plain = [column for column in table.columns if column not in table.combine]
    merged = {column: f'new."{column}"' for column in plain} | {
        column: f'{how}(old."{column}", new."{column}")' for column, how in table.combine.items()
    }
    differs = " OR ".join(f'old."{name}" IS DISTINCT FROM {it}' for name, it in merged.items())
    selected = ", ".join(f'{it} AS "{name}"' for name, it in merged.items())
    month = f"date_trunc('month', {{}}.\"{table.dated_by}\")" if table.dated_by else "NULL"
    stood = f'old."{table.key[0]}" IS NOT NULL'
    with registered(connection, numbered):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE changed AS "
            f"WITH arriving AS ({_latest(table, key, plain)}) "
            f"SELECT {selected}, {stood} AS has_stood, "
            f"{month.format('new')}::date AS enters, {month.format('old')}::date AS leaves "
            f"FROM arriving AS new LEFT JOIN {_standing(table)} AS old ON {same_key} "
            f"WHERE NOT ({stood}) OR {differs}"
        )
    ((count, replaced),) = connection.execute(
        "SELECT count(*), count(*) FILTER (has_stood) FROM changed"
    ).fetchall()
    if not count:
        return 0
    # A changed row touches the month that it enters and the month that it leaves.
    connection.execute(
        f"INSERT INTO raw.touched_months (SELECT {literal(table.name)}, enters FROM changed "
        f"UNION SELECT {literal(table.name)}, leaves FROM changed WHERE has_stood "
        f"EXCEPT SELECT table_name, month FROM raw.touched_months)"
    )
    if replaced:
        connection.execute(f"DELETE FROM {table.name} AS old USING changed AS new WHERE {same_key}")
    columns = ", ".join(f'"{name}"' for name in merged)
    connection.execute(f"INSERT INTO {table.name} ({columns}) SELECT {columns} FROM changed")
    return count


def _succeed(connection: duckdb.DuckDBPyConnection, table: RawTable, rows: pa.Table) -> int:
    """Let every row that says something new take the place of the one in force."""
    *owner, begins = table.key
    same = " AND ".join(f'old."{column}" = new."{column}"' for column in owner)
    said = [column for column in table.columns if column not in (*table.key, "valid_to")]
    differs = " OR ".join(f'old."{column}" IS DISTINCT FROM new."{column}"' for column in said)
    with registered(connection, rows.cast(table.schema)):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE changed AS SELECT new.* FROM incoming AS new "
            f"LEFT JOIN {table.name} AS old ON {same} AND old.valid_to IS NULL "
            f'WHERE old."{owner[0]}" IS NULL OR {differs}'
        )
    # Twice within one second: the later answer is the one that held from then on.
    connection.execute(
        f"DELETE FROM {table.name} AS old USING changed AS new "
        f'WHERE {same} AND old."{begins}" = new."{begins}"'
    )
    connection.execute(
        f'UPDATE {table.name} AS old SET valid_to = new."{begins}" FROM changed AS new '
        f"WHERE {same} AND old.valid_to IS NULL"
    )
    connection.execute(f"INSERT INTO {table.name} BY NAME FROM changed")
    ((count,),) = connection.execute("SELECT count(*) FROM changed").fetchall()
    if count:
        connection.execute("INSERT INTO raw.touched_months VALUES (?, NULL)", [table.name])
    return count


def _standing(table: RawTable) -> str:
    """The rows that may have the key of an incoming one: ten million texts are slow to compare.

    By row number, for else DuckDB reads every column of all rows that it then leaves out.
    """
    if table.found_by is None:
        return table.name
    return (
        f"(FROM {table.name} WHERE rowid IN (SELECT old.rowid FROM {table.name} AS old "
        f"SEMI JOIN incoming AS new ON old.{table.found_by} = new.{table.found_by}))"
    )


def _latest(table: RawTable, key: str, plain: list[str]) -> str:
    """SELECT of the incoming rows, one per key: the last that arrived, combined where said."""
    if table.combine:
        # Rows that are combined are combined among themselves too, whatever their order.
        kept = [f'arg_max("{column}", position) AS "{column}"' for column in plain]
        kept = [f'"{column}"' if column in table.key else kept[i] for i, column in enumerate(plain)]
        folded = [
            f'{"min" if how == "least" else "max"}("{column}") AS "{column}"'
            for column, how in table.combine.items()
        ]
        return f"SELECT {', '.join(kept + folded)} FROM incoming GROUP BY {key}"
    return (
        "SELECT * EXCLUDE (position) FROM incoming "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY position DESC) = 1"
    )
