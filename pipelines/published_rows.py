"""The rows of a published table, month by month, as they may be shown.

Here: which columns and rows are shown, their order, how many months are read at a time.
Not here: what becomes of them (publish.py), and how they lie in a file (parquet_files.py).
"""

from collections.abc import Iterator, Sequence
from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.models import Model
from pipelines.published_keys import keys
from pipelines.settings import Settings

NAMES = {"metrics.people": ("name", "address")}
# Whose personal scores are published, as a condition on the column that a model's Personal names.
_SCORED = {
    "own": "IN (SELECT person_id FROM staging.mailboxes)",
    "all": "IS NOT NULL",
    "none": "IS NULL",
}
# Months of fewer rows share a query, which costs more than they do.
_ROWS_AT_ONCE = 100_000


def shown(model: Model, columns: Sequence[str], settings: Settings) -> str:
    """SELECT of what may be shown of a table, without its order."""
    hidden = () if settings.shows_names else NAMES.get(model.name, ())
    made = {key.name: key.sql for key in keys(model)} | dict.fromkeys(hidden, "NULL")
    selected = ", ".join(
        f'{made[name]} AS "{name}"' if name in made else f'"{name}"' for name in columns
    )
    scored = f'"{model.personal}" {_SCORED[settings.people_scores]}' if model.personal else "true"
    return f"SELECT {selected} FROM {model.name} WHERE {scored}"


def by_month(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    query: str,
    months: Sequence[date | None],
) -> Iterator[tuple[date | None, pa.Table]]:
    """Each month with its rows in the order of the grain; None with all rows of other tables.

    query   what is selected, as ``shown`` gives it
    months  in order
    """
    order = ", ".join(f'"{column}"' for column in model.grain) or "1"
    for together in _together(connection, model, months):
        first, last = together[0], together[-1]
        bounds = f"AND month BETWEEN DATE '{first}' AND DATE '{last}'" if first else ""
        found = connection.sql(f"{query} {bounds} ORDER BY {order}").to_arrow_table()
        for month in together:
            rows = found if first == last else found.filter(pc.equal(found["month"], month))
            # In one piece, so that the bytes do not tell which months were read together.
            yield month, rows.combine_chunks()


def _together(
    connection: duckdb.DuckDBPyConnection, model: Model, months: Sequence[date | None]
) -> Iterator[list[date | None]]:
    """The months that are read with one query each time."""
    if not model.is_monthly:
        yield from ([month] for month in months)
        return
    if not months:
        return
    counts = dict(
        connection.execute(
            f"SELECT month, count(*) FROM {model.name} "
            f"WHERE month BETWEEN DATE '{months[0]}' AND DATE '{months[-1]}' GROUP BY ALL"
        ).fetchall()
    )
    batch: list[date | None] = []
    size = 0
    for month in months:
        count = counts.get(month, 0)
        if batch and size + count > _ROWS_AT_ONCE:
            yield batch
            batch, size = [], 0
        batch.append(month)
        size += count
    yield batch
