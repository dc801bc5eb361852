"""Which months of which model are out of date, and their replacement.

Here: turning touched raw months into stale months, filling staging.wanted_months, replacing a
table or just its wanted months.
Not here: what a model says (models.py), when it is asked for (assets.py, cli.py), parquet
(publish.py).

``staging.built_months`` is the memory: one row for every table and month that stands, with the
as_of and the fingerprint of the SQL it was computed with (month is null for tables that are
rebuilt whole). A month is out of date when its row is missing or says something else, so a kill
between any two steps costs nothing but the work, a changed SQL file recomputes what rests on it,
and unchanged data recompute nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from pipelines.models import MONTHS, WANTED_COLUMNS, WANTED_MONTHS, Graph, Model
from pipelines.raw_tables import literal
from pipelines.store import transaction

# Rows of all months that are computed at once lie in memory or in the spill.
MONTHS_AT_ONCE = 36
_NO_MONTHS = "(SELECT NULL::DATE AS month, NULL::TIMESTAMPTZ AS as_of)"


class NotComputed(RuntimeError):
    """A month was asked for whose foundations are out of date; the text names the cure."""


@dataclass(frozen=True)
class Built:
    """What one build did.

    months     months that were replaced, in order; none for a table that is rebuilt whole
    row_count  rows now in the whole table
    was_stale  whether anything had to be computed
    """

    months: Sequence[date]
    row_count: int
    was_stale: bool


def absorb_touched(connection: duckdb.DuckDBPyConnection, graph: Graph) -> None:
    """Forget what rests on touched raw rows: whole tables, and months from the first touched on.

    Decay never forgets and history is cumulative, so what changed in a month reaches every later
    one: stale months are always a suffix.
    """
    touched = dict(
        connection.execute(
            "SELECT table_name, min(month) FROM raw.touched_months GROUP BY ALL"
        ).fetchall()
    )
    if not touched:
        return
    with transaction(connection):
        for model in graph.models:
            sources = touched.keys() & graph.raw_sources[model.name]
            if model.is_monthly:
                months = [touched[name] for name in sources if touched[name]]
                if months:
                    _forget(connection, model, min(months))
            elif sources:
                _forget(connection, model, None)
        connection.execute("DELETE FROM raw.touched_months")


def stale_months(
    connection: duckdb.DuckDBPyConnection, graph: Graph, model: Model
) -> Sequence[date | None]:
    """Months of ``model`` that must be computed, in order; [None] for a table rebuilt whole."""
    return _stale(connection, graph, [model]).get(model.name, [])


def _stale(
    connection: duckdb.DuckDBPyConnection,
    graph: Graph,
    models: Sequence[Model],
    months: str = MONTHS,
) -> dict[str, list[date | None]]:
    """Stale months of each of ``models`` that has any, by one question to the database."""
    names = [one.name for one in models]
    monthly = [one.is_monthly for one in models]
    fingerprints = [graph.fingerprints[name] for name in names]
    try:
        rows = connection.execute(
            "SELECT asked.table_name, asked.month FROM ("
            "FROM (SELECT unnest($names) AS table_name, unnest($fingerprints) AS fingerprint, "
            "unnest($monthly) AS is_monthly) "
            f"JOIN (SELECT true AS is_monthly, month, as_of FROM {months} "
            "UNION ALL SELECT false, NULL, NULL) USING (is_monthly)) AS asked "
            "ANTI JOIN staging.built_months AS built ON built.table_name = asked.table_name "
            "AND built.fingerprint = asked.fingerprint "
            "AND built.month IS NOT DISTINCT FROM asked.month "
            "AND built.as_of IS NOT DISTINCT FROM asked.as_of ORDER BY ALL",
            {"names": names, "fingerprints": fingerprints, "monthly": monthly},
        ).fetchall()
    except duckdb.CatalogException:
        if months == _NO_MONTHS:
            raise
        # There are no months yet. To look for the table first would take longer than the question.
        return _stale(connection, graph, models, _NO_MONTHS)
    found: dict[str, list[date | None]] = {}
    for name, month in rows:
        found.setdefault(name, []).append(month)
    return found


def stale_range(connection: duckdb.DuckDBPyConnection, graph: Graph) -> tuple[date, date] | None:
    """First and last month that a run must compute; None where there is no month at all.

    Brings the foundations up to date first: they say which months there are, and a changed identity
    makes old months stale. Where no month is stale it is the last one, so that a run for the range
    is never empty.
    """
    absorb_touched(connection, graph)
    for model in graph.foundations:
        build(connection, graph, model)
    ((last,),) = connection.execute(f"SELECT max(month) FROM {MONTHS}").fetchall()
    if last is None:
        return None
    stale = _stale(connection, graph, [model for model in graph.models if model.is_monthly])
    return min([*(months[0] for months in stale.values()), last]), last


def is_fresh(connection: duckdb.DuckDBPyConnection, graph: Graph) -> bool:
    """Whether nothing has changed since everything was last computed and published."""
    pending = connection.execute(
        "SELECT (SELECT count(*) FROM raw.touched_months), "
        "(SELECT count(*) FROM staging.built_months "
        "WHERE NOT is_published AND table_name LIKE 'metrics.%')"
    ).fetchall()
    return (
        pending == [(0, 0)]
        and not _stale(connection, graph, graph.models)
        and not any(_has_other_months(connection, model) for model in graph.models)
    )


def build(
    connection: duckdb.DuckDBPyConnection,
    graph: Graph,
    model: Model,
    months: Collection[date] | None = None,
) -> Built:
    """Bring ``model`` up to date, or recompute just ``months`` of it whether stale or not.

    Months that do not exist are passed over. A table that is rebuilt whole stays as it is in a run
    for some months that leaves others out of date. All rows of a table, or of so many months as are
    computed at once, are replaced in one transaction. Raises NotComputed where something it reads
    is out of date, so that no month is ever computed from half of its past.
    """
    absorb_touched(connection, graph)
    reads = [graph[name] for name in model.upstreams if not name.startswith("raw.")]
    out_of_date = _stale(connection, graph, [model, *reads])
    stale = out_of_date.pop(model.name, [])
    if not model.is_monthly:
        if months is not None and out_of_date:
            _ensure_table(connection, graph, model)
        elif stale:
            _require_fresh(model, out_of_date, None)
            _replace_table(connection, graph, model)
        return Built([], _count(connection, model), bool(stale))
    _require_fresh(model, out_of_date, max(months or stale or [date.min]))
    asked = sorted(month for month in (stale if months is None else months) if month)
    computed: list[date] = []
    for begin in range(0, max(len(asked), 1), MONTHS_AT_ONCE):
        wanted = _fill_wanted(connection, asked[begin : begin + MONTHS_AT_ONCE])
        if wanted or _has_other_months(connection, model):
            _replace_months(connection, graph, model)
        computed += wanted
    return Built(computed, _count(connection, model), bool(stale))


def _require_fresh(
    model: Model, out_of_date: Mapping[str, Sequence[date | None]], until: date | None
) -> None:
    """Refuse where a table that it reads is out of date in months up to ``until``."""
    for name, (first, *_) in out_of_date.items():
        if first is None or until is None or first <= until:
            raise NotComputed(
                f"{model.name} reads {name}, which is out of date"
                f"{f' from {first:%Y-%m} on' if first else ''}; "
                "materialise it first, or launch the job everything"
            )


def _fill_wanted(connection: duckdb.DuckDBPyConnection, months: Sequence[date]) -> list[date]:
    """Put ``months`` that exist into staging.wanted_months; give them in order.

    The table is made anew: DuckDB's statistics of one that was emptied speak of the months before,
    and for one month it would plan as for all.
    """
    with transaction(connection):
        connection.execute(f"CREATE OR REPLACE TABLE {WANTED_MONTHS} ({WANTED_COLUMNS})")
        if months:
            connection.execute(
                "INSERT INTO staging.wanted_months "
                "SELECT month, as_of, as_of_date, window_start_date, is_complete "
                "FROM staging.months WHERE list_contains(?, month)",
                [months],
            )
    wanted = connection.execute("SELECT month FROM staging.wanted_months ORDER BY 1").fetchall()
    return [month for (month,) in wanted]


def _replace_months(connection: duckdb.DuckDBPyConnection, graph: Graph, model: Model) -> None:
    """Compute the wanted months of a table anew."""
    with transaction(connection):
        _ensure_table(connection, graph, model)
        replaced = _replaced(connection)
        for months in replaced:
            connection.execute(f"DELETE FROM {model.name} WHERE {months}")
        connection.execute(f"INSERT INTO {model.name} {model.text}")
        connection.execute(
            f"DELETE FROM staging.built_months WHERE table_name = ? AND ({' OR '.join(replaced)})",
            [model.name],
        )
        connection.execute(
            "INSERT INTO staging.built_months "
            "SELECT ?, month, as_of, ?, false FROM staging.wanted_months",
            [model.name, graph.fingerprints[model.name]],
        )


def _replaced(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Conditions on the months to delete: the wanted ones, and those that no longer exist.

    Bounds are written out, so that DuckDB skips the other months' rows unread; a join with
    staging.wanted_months would look at each.
    """
    ((first, last, first_wanted, last_wanted, has_gaps),) = connection.execute(
        "WITH wanted AS (SELECT min(month) AS first, max(month) AS last, count(*) AS months "
        "FROM staging.wanted_months) "
        "SELECT min(month), max(month), any_value(wanted.first), any_value(wanted.last), "
        "count(*) FILTER (month BETWEEN wanted.first AND wanted.last) > any_value(wanted.months) "
        "FROM wanted LEFT JOIN staging.months ON true"
    ).fetchall()
    gone = ["true"] if first is None else [f"month < DATE '{first}'", f"month > DATE '{last}'"]
    if first_wanted is not None:
        listed = " AND month IN (SELECT month FROM staging.wanted_months)" if has_gaps else ""
        gone.append(f"month BETWEEN DATE '{first_wanted}' AND DATE '{last_wanted}'{listed}")
    return gone


def _replace_table(connection: duckdb.DuckDBPyConnection, graph: Graph, model: Model) -> None:
    with transaction(connection):
        _ensure_table(connection, graph, model)
        if model.touches:
            connection.execute(f"CREATE OR REPLACE TEMP TABLE before AS FROM {model.name}")
        connection.execute(f"DELETE FROM {model.name}")
        connection.execute(f"INSERT INTO {model.name} {model.text}")
        if model.touches:
            _touch_downstream(connection, graph, model)
        _forget(connection, model, None)
        connection.execute(
            "INSERT INTO staging.built_months VALUES (?, NULL, NULL, ?, false)",
            [model.name, graph.fingerprints[model.name]],
        )


def _touch_downstream(connection: duckdb.DuckDBPyConnection, graph: Graph, model: Model) -> None:
    """Forget the months that a row which came, went or changed in this table reaches."""
    ((count, earliest),) = connection.execute(
        f"SELECT count(*), CASE WHEN count(*) = count({model.touches}) "
        f"THEN date_trunc('month', min({model.touches}))::date END FROM ("
        f"(FROM {model.name} EXCEPT FROM before) UNION ALL (FROM before EXCEPT FROM {model.name}))"
    ).fetchall()
    if count:
        for reached in graph.downstream(model.name):
            if reached.is_monthly:
                _forget(connection, reached, earliest or date.min)


def _has_other_months(connection: duckdb.DuckDBPyConnection, model: Model) -> bool:
    """Whether a monthly table is missing, or holds months that no longer exist."""
    if not model.is_monthly:
        return False
    try:
        others = connection.execute(
            f"SELECT 1 FROM {model.name} WHERE month NOT IN (SELECT month FROM {MONTHS}) LIMIT 1"
        ).fetchall()
    except duckdb.CatalogException:
        return True
    return bool(others)


def _forget(connection: duckdb.DuckDBPyConnection, model: Model, since: date | None) -> None:
    connection.execute(
        "DELETE FROM staging.built_months WHERE table_name = $name "
        "AND ($since IS NULL OR month IS NULL OR month >= $since::date)",
        {"name": model.name, "since": since},
    )


def _ensure_table(connection: duckdb.DuckDBPyConnection, graph: Graph, model: Model) -> None:
    """Make the table, or make it anew where the SQL now gives other columns."""
    exists = _exists(connection, model)
    if (
        exists
        and connection.execute(
            "SELECT 1 FROM staging.built_months WHERE table_name = ? AND fingerprint = ? LIMIT 1",
            [model.name, graph.fingerprints[model.name]],
        ).fetchall()
    ):
        return  # some of its months are of the same SQL
    columns = connection.execute(f"DESCRIBE {model.text}").fetchall()
    shape = [(name, kind) for name, kind, *_ in columns]
    if exists:
        standing = connection.execute(f"DESCRIBE FROM {model.name}").fetchall()
        if shape == [(name, kind) for name, kind, *_ in standing]:
            return
        connection.execute(f"DROP TABLE {model.name}")
        _forget(connection, model, None)
    # Never CREATE TABLE AS ... LIMIT 0: in DuckDB 2.0.0 more than a row group inserted in the same
    # transaction is then invisible to unfiltered scans until the database is opened again.
    written = ", ".join(f'"{name}" {kind}' for name, kind in shape)
    meanings = [
        f'COMMENT ON COLUMN {model.name}."{column}" IS {literal(meaning)}'
        for column, meaning in model.columns.items()
    ]
    about = f"COMMENT ON TABLE {model.name} IS {literal(model.question)}"
    connection.execute("; ".join([f"CREATE TABLE {model.name} ({written})", about, *meanings]))


def _exists(connection: duckdb.DuckDBPyConnection, model: Model) -> bool:
    return bool(
        connection.execute(
            "SELECT 1 FROM duckdb_tables() WHERE schema_name = ? AND table_name = ?",
            [model.schema, model.table],
        ).fetchall()
    )


def _count(connection: duckdb.DuckDBPyConnection, model: Model) -> int:
    return connection.execute(f"SELECT count(*) FROM {model.name}").fetchall()[0][0]
