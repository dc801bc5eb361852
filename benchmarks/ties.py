"""The strength of every tie at the end of each of 24 months, from the days of contact.

The same number from pandas month by month, as one would write it first, and from pandas and polars
by the best way that is known for them: decay forward from a fixed day, sums by pair and month, one
running sum along the months, instead of 24 passes over all days. They read the columns from
parquet, kith from its table, adds exactly and writes what it computes. Two bounds stand above:
reading the columns, and one plain sum by pair and month, rounded and not kept, without which no
strength is had. The last line is metrics.tie_strength with everything that it says.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
from sqlglot import exp

from benchmarks import stages
from benchmarks.measuring import Clock, Contender
from pipelines.models import Graph
from pipelines.raw_tables import literal

STRENGTHS = "staging.strength_histories"
GOAL = "metrics.tie_strength"
FILE = "contact_days.parquet"
DAYS = "staging.contact_days"
# A month without contact changes a strength but by decay, so the table has no row for it.
EVERY_MONTH = f"""
WITH held AS (
    SELECT month, as_of_date, sqrt((there_mail_strength + meeting_strength)
        * (back_mail_strength + meeting_strength)) AS strength,
        lead(month) OVER (PARTITION BY first_id, second_id ORDER BY month) AS next_month
    FROM {STRENGTHS}
), decayed AS (
    SELECT strength * power(2.0, -date_diff('day', held.as_of_date, months.as_of_date)
        / half_life_days) AS strength, min_strength
    FROM held
    JOIN staging.months ON months.month >= held.month
        AND months.month < coalesce(held.next_month, DATE '9999-01-01')
    CROSS JOIN staging.parameters
)
SELECT count(*), sum(strength) FROM decayed WHERE strength >= min_strength
"""
# What the peers need: the constants of staging.parameters are handed to them.
COLUMNS = "month, contact_date, from_person_id, to_person_id, weight"


def contenders(messages: int, memory: float) -> list[Contender]:
    """Everybody who is measured."""
    arguments = {"messages": messages, "memory": memory}
    return [
        Contender("scan of the columns", "ties.scan", arguments),
        Contender("sums by pair and month", "ties.sums", arguments),
        Contender("strengths, kith", "ties.strengths", arguments, "strengths"),
        Contender("strengths, pandas", "ties.in_pandas", arguments, "strengths", 1),
        Contender("strengths, pandas by month", "ties.by_month", arguments, "strengths", 1),
        Contender("strengths, polars", "ties.in_polars", arguments, "strengths", 2),
        Contender("all of tie_strength, kith", "ties.all_of_it", arguments),
    ]


@contextlib.contextmanager
def days_of_contact(messages: int, memory: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy in which nothing after the days of contact is computed."""
    graph = Graph.load()
    with stages.working_copy(messages, "contacts", memory) as (_, connection):
        stages.compute(connection, graph, stages.until(graph, [DAYS]))
        yield connection


def export(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """Write the days of contact for the peers."""
    path = path_of(messages)
    with days_of_contact(messages, memory) as connection:
        connection.execute(
            f"COPY (SELECT {COLUMNS} FROM {DAYS}) "
            f"TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"
        )
    return {}


def scan(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """Read every column that the strengths need."""
    # A query of nothing but max would be answered from statistics.
    reads = ", ".join(
        ["sum(weight)", *(f"max({name})" for name in (*COLUMNS.split(", "), "channel"))]
    )
    with days_of_contact(messages, memory) as connection:
        with clock.lap("work"):
            query = f"SELECT count(*), {reads} FROM {DAYS}"
            rows = connection.execute(query).fetchall()[0][0]
        return {"rows": rows}


def sums(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """The barest GROUP BY: decay, exact sums, a running sum and writing would come on top."""
    with days_of_contact(messages, memory) as connection, clock.lap("work"):
        ((rows, total),) = connection.execute(
            "SELECT count(*), sum(weight) FROM (SELECT sum(weight) AS weight "
            f"FROM {DAYS} GROUP BY from_person_id, to_person_id, month)"
        ).fetchall()
    return {"rows": rows, "sum": total}


def strengths(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """Compute up to the table that holds them, and decay them to the end of every month."""
    graph = Graph.load()
    with days_of_contact(messages, memory) as connection:
        for model in stages.between(graph, DAYS, [STRENGTHS]):
            with clock.lap(model.table):
                stages.build(connection, graph, model)
        with clock.lap("every month"):
            ((rows, total),) = connection.execute(EVERY_MONTH).fetchall()
    return {"rows": rows, "sum": total}


def all_of_it(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """Compute metrics.tie_strength and all that it rests on."""
    graph = Graph.load()
    with days_of_contact(messages, memory) as connection:
        with clock.lap("work"):
            for model in stages.until(graph, [GOAL]):
                stages.build(connection, graph, model)
        return {"rows": connection.execute(f"SELECT count(*) FROM {GOAL}").fetchall()[0][0]}


def in_pandas(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """Sums by pair and month, months as columns, a running sum along them."""
    import numpy as np
    import pandas as pd

    path = path_of(messages)
    half_life, least = _constants()
    with clock.lap("work"):
        contacts = pd.read_parquet(path)
        first = contacts["month"].min()
        day = pd.to_datetime(contacts["contact_date"])
        contacts["weight"] *= 2.0 ** ((day - pd.Timestamp(first)).dt.days / half_life)
        by_month = contacts.groupby(["from_person_id", "to_person_id", "month"])["weight"].sum()
        # unstack orders the months as they appear, a running sum needs them in time.
        wide = by_month.unstack("month", fill_value=0.0).sort_index(axis=1).cumsum(axis=1)
        ends = pd.DatetimeIndex(pd.to_datetime(wide.columns)) + pd.offsets.MonthBegin(1)
        wide *= 2.0 ** (-(ends - pd.Timestamp(first)).days.to_numpy() / half_life)
        back = wide.swaplevel().reindex(wide.index, fill_value=0.0)
        strength = np.sqrt(wide.to_numpy() * back.to_numpy())
        shown = strength[strength >= least]
    return {"rows": len(shown) / 2, "sum": float(shown.sum()) / 2}


def by_month(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """As the definition says it: at each month's end all days so far, decayed and summed."""
    import numpy as np
    import pandas as pd

    path = path_of(messages)
    half_life, least = _constants()
    rows, total = 0.0, 0.0
    with clock.lap("work"):
        contacts = pd.read_parquet(path)
        month = pd.to_datetime(contacts["month"])
        day = pd.to_datetime(contacts["contact_date"])
        pair = ["from_person_id", "to_person_id"]
        for one in sorted(month.unique()):
            known = month <= one
            age = ((one + pd.offsets.MonthBegin(1)) - day[known]).dt.days
            so_far = contacts.loc[known, [*pair, "weight"]]
            so_far["weight"] *= 2.0 ** (-age / half_life)
            there = so_far.groupby(pair)["weight"].sum()
            back = there.swaplevel().reindex(there.index, fill_value=0.0)
            strength = np.sqrt(there.to_numpy() * back.to_numpy())
            shown = strength[strength >= least]
            rows, total = rows + len(shown) / 2, total + float(shown.sum()) / 2
    return {"rows": rows, "sum": total}


def in_polars(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """The same, lazily and on all cores."""
    import polars as pl

    path = path_of(messages)
    half_life, least = _constants()
    pair = ["from_person_id", "to_person_id"]
    with clock.lap("work"):
        contacts = pl.scan_parquet(path)
        first = contacts.select(pl.col("month").min()).collect().item()
        age = (pl.col("contact_date") - first).dt.total_days()
        by_month = (
            contacts.select(*pair, "month", pl.col("weight") * 2.0 ** (age / half_life))
            .group_by(*pair, "month")
            .agg(pl.col("weight").sum())
            .collect(engine="streaming")
        )
        months = by_month["month"].unique().sort()
        wide = by_month.pivot("month", index=pair, values="weight").fill_null(0.0)
        ends = months.dt.offset_by("1mo")
        so_far, columns = pl.lit(0.0), []
        for month, end in zip(months, ends, strict=True):
            so_far = so_far + pl.col(str(month))
            columns.append((so_far * 2.0 ** (-(end - first).days / half_life)).alias(str(month)))
        out = wide.lazy().select(*pair, *columns)
        back = out.rename({pair[0]: pair[1], pair[1]: pair[0]})
        both = out.join(back, on=pair, suffix=" back")
        strength = [(pl.col(str(m)) * pl.col(f"{m} back")).sqrt() for m in months]
        found = both.select(
            pl.sum_horizontal([(one >= least).sum() for one in strength]).alias("rows"),
            pl.sum_horizontal([one.filter(one >= least).sum() for one in strength]).alias("sum"),
        ).collect(engine="streaming")
    return {"rows": found["rows"][0] / 2, "sum": found["sum"][0] / 2}


def _constants() -> tuple[float, float]:
    """Half-life in days and the least strength, read out of staging.parameters."""
    query = Graph.load()["staging.parameters"].query
    value = {column.alias: column.find(exp.Literal).this for column in query.selects}
    return float(value["half_life_days"]), float(value["min_strength"])


def path_of(messages: int) -> Path:
    """The parquet file that the peers read."""
    return stages.kept(messages, "contacts") / FILE
