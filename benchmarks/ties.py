"""The strength of every tie at the end of each of 24 months, from the contacts.

The same number from pandas month by month, as one would write it first, and from pandas and polars
by the best way that is known for them: decay forward from a fixed day, sums by pair and month, one
running sum along the months, instead of 24 passes over all contacts. They read the columns from
parquet, kith from its table and writes all it computes; its exact sums, its rhythms and windows
come on top. The last line is metrics.tie_strength with everything that it says.
"""

from pathlib import Path

from sqlglot import exp

from benchmarks import stages
from benchmarks.measuring import Clock, Contender
from pipelines.models import Graph
from pipelines.raw_tables import literal

STRENGTHS = "staging.tie_months"
GOAL = "metrics.tie_strength"
FILE = "contacts.parquet"
# What the peers need: the constants of staging.parameters are handed to them.
COLUMNS = "month, contact_at, from_person_id, to_person_id, weight"


def contenders(messages: int, memory: float) -> list[Contender]:
    """Everybody who is measured."""
    arguments = {"messages": messages, "memory": memory}
    return [
        Contender("scan of the contact columns", "ties.scan", arguments),
        Contender("strengths, kith", "ties.strengths", arguments, "strengths"),
        Contender("strengths, pandas", "ties.in_pandas", arguments, "strengths", 1),
        Contender("strengths, pandas by month", "ties.by_month", arguments, "strengths", 1),
        Contender("strengths, polars", "ties.in_polars", arguments, "strengths", 2),
        Contender("all of tie_strength, kith", "ties.all_of_it", arguments),
    ]


def export(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """Write the contacts for the peers."""
    folder = stages.kept(messages, "contacts")
    with stages.working_copy(messages, "contacts", memory) as (_, connection):
        connection.execute(
            f"COPY (SELECT {COLUMNS} FROM {stages.CONTACTS}) "
            f"TO {literal(str(folder / FILE))} (FORMAT parquet, COMPRESSION zstd)"
        )
    return {}


def scan(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """Read every column of staging.contacts that its readers name."""
    graph = Graph.load()
    with stages.working_copy(messages, "contacts", memory) as (_, connection):
        described = connection.execute(f"DESCRIBE {stages.CONTACTS}").fetchall()
        named = {
            column.name
            for model in stages.between(graph, stages.CONTACTS, [GOAL])
            if stages.CONTACTS in model.upstreams
            for column in model.query.find_all(exp.Column)
        }
        reads = ", ".join(f"max({name})" for name, *_ in described if name in named)
        with clock.lap("work"):
            query = f"SELECT count(*), {reads} FROM {stages.CONTACTS}"
            rows = connection.execute(query).fetchall()[0][0]
    return {"rows": rows}


def strengths(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """Compute up to the table that holds them, and count the ties that have not lapsed."""
    graph = Graph.load()
    with stages.working_copy(messages, "contacts", memory) as (_, connection):
        stages.compute(connection, graph, stages.until(graph, [stages.CONTACTS]))
        with clock.lap("work"):
            for model in stages.between(graph, stages.CONTACTS, [STRENGTHS]):
                stages.build(connection, graph, model)
        ((rows, total),) = connection.execute(
            "WITH ties AS (SELECT sqrt((there_mail_strength + meeting_strength) "
            f"* (back_mail_strength + meeting_strength)) AS strength FROM {STRENGTHS}) "
            "SELECT count(*), sum(strength) FROM ties, staging.parameters "
            "WHERE strength >= min_strength"
        ).fetchall()
    return {"rows": rows, "sum": total}


def all_of_it(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """Compute metrics.tie_strength and all that it rests on."""
    graph = Graph.load()
    with stages.working_copy(messages, "contacts", memory) as (_, connection):
        stages.compute(connection, graph, stages.until(graph, [stages.CONTACTS]))
        with clock.lap("work"):
            for model in stages.between(graph, stages.CONTACTS, [GOAL]):
                stages.build(connection, graph, model)
        return {"rows": connection.execute(f"SELECT count(*) FROM {GOAL}").fetchall()[0][0]}


def in_pandas(clock: Clock, messages: int, memory: float) -> dict[str, float]:
    """Sums by pair and month, months as columns, a running sum along them."""
    import numpy as np
    import pandas as pd

    path = stages.kept(messages, "contacts") / FILE
    half_life, least = _constants()
    with clock.lap("work"):
        contacts = pd.read_parquet(path)
        first = contacts["month"].min()
        day = contacts["contact_at"].dt.tz_localize(None).dt.floor("D")
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
    """As the definition says it: at each month's end all contacts so far, decayed and summed."""
    import numpy as np
    import pandas as pd

    path = stages.kept(messages, "contacts") / FILE
    half_life, least = _constants()
    rows, total = 0.0, 0.0
    with clock.lap("work"):
        contacts = pd.read_parquet(path)
        month = pd.to_datetime(contacts["month"])
        day = contacts["contact_at"].dt.tz_localize(None).dt.floor("D")
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

    path = stages.kept(messages, "contacts") / FILE
    half_life, least = _constants()
    pair = ["from_person_id", "to_person_id"]
    with clock.lap("work"):
        contacts = pl.scan_parquet(path)
        first = contacts.select(pl.col("month").min()).collect().item()
        age = (pl.col("contact_at").dt.date() - first).dt.total_days()
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
