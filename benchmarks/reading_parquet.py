"""How much a filter on one person or one tie reads, by how a month of ties is written.

``python -m benchmarks.reading_parquet``: a table with the columns of metrics.tie_strength, each
way of writing it, and the bytes and seconds of the same question in pyarrow, DuckDB, Polars and
DataFusion. Bytes are those that the process read from files, as Linux counts them in /proc/self/io.
The files lie in the page cache.

The numbers are drawn at random: how many there are, how many different ones and in which order
is as in a real month, and that is what sizes depend on. Real doubles repeat more, so that their
share of a file is smaller than here, and that of keys larger.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import datafusion
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines import parquet_files
from pipelines.models import Graph
from pipelines.published_keys import KEYS
from pipelines.settings import Settings
from pipelines.warehouse import open_published

DAY = 86_400_000_000
(TIE,) = (key for key in KEYS if key.name == "tie_id")
_ZSTD = partial(pq.write_table, compression="zstd")
# Way of writing -> what writes so, and whether tie_id is there.
WAYS: Mapping[str, tuple[Callable[[pa.Table, Path], None], bool]] = {
    "groups of 1,048,576 rows, no tie_id": (_ZSTD, False),
    "groups of 1,048,576 rows": (_ZSTD, True),
    "groups of 131,072 rows, all with dictionaries": (partial(_ZSTD, row_group_size=2**17), True),
    "groups of 65,536 rows, all with dictionaries": (partial(_ZSTD, row_group_size=2**16), True),
    "as published, but no tie_id": (parquet_files.write, False),
    "as published": (parquet_files.write, True),
}


def month_of_ties(people: int, seed: int = 1) -> pa.Table:
    """Ties of one month, every pair twice, sorted by person and contact; about 80 a person."""
    dice = np.random.default_rng(seed)
    ids = np.sort(dice.choice(2**53, people))
    activity = np.cumsum(dice.lognormal(0, 1, people))
    ends = np.searchsorted(activity / activity[-1], dice.random((2, people * 42)))
    first, second = np.unique(np.sort(ends[:, ends[0] != ends[1]], axis=0), axis=1)
    # What belongs to the pair is drawn once and stands in both rows.
    sides = np.concatenate([first, second]), np.concatenate([second, first])
    order = np.lexsort(sides[::-1])
    person, contact = (side[order] for side in sides)
    pair = order % len(first)
    count = len(pair)

    def counts(mean: float) -> np.ndarray:
        return dice.geometric(1 / (1 + mean), count) - 1

    def doubles(nonzero: np.ndarray) -> np.ndarray:
        return np.where(nonzero, dice.lognormal(0, 1, count), 0.0)

    out, received, met = counts(2), counts(2), counts(1)
    seconds = 1_000_000 * dice.integers(0, 5 * 365 * 86_400, len(first))
    moment = np.datetime64("2019-01-01", "us")
    columns = {
        "month": np.full(count, np.datetime64("2024-01-01", "D")),
        "person_id": ids[person],
        "contact_id": ids[contact],
        "out_count": out,
        "in_count": received,
        "meeting_count": met,
        "contact_day_count": 1 + counts(3),
        "silence_days": counts(20),
        "rank": counts(40),
        "layer": np.array([5, 15, 50, 150])[dice.integers(0, 4, count)],
        "first_contact_at": (moment + seconds)[pair],
        "last_contact_at": (moment + seconds + DAY * 30)[pair],
        "state": np.array(["active", "fading", "lapsed", "new", "one_way"])[
            dice.integers(0, 5, count)
        ],
        "mail_out_strength": doubles(out > 0),
        "mail_in_strength": doubles(received > 0),
        "messages_per_day": np.sqrt(out * received) / 90,
        "meeting_share": doubles(met > 0),
        "meeting_hours": met / 2,
        "strength": doubles((out > 0) & (received > 0)),
        "usual_gap_days": counts(10) / (1 + counts(3)),
    }
    # Order, names and number of columns are those of today's model; what is new is a double.
    names = Graph.load()["metrics.tie_strength"].columns
    drawn = {name: columns.get(name, doubles(np.ones(count, bool))) for name in names}
    table = pa.table(drawn)
    for name in ("first_contact_at", "last_contact_at"):
        where = table.schema.get_field_index(name)
        table = table.set_column(where, name, table[name].cast(pa.timestamp("us", "UTC")))
    return table


def with_tie(table: pa.Table) -> pa.Table:
    """The table with tie_id behind, as published."""
    ends = [table[name].cast(pa.string()) for name in TIE.columns]
    return table.append_column(TIE.name, pc.binary_join_element_wise(*ends, "-"))


def bytes_read() -> int:
    """What this process has read so far, from files or their cache."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["rchar"])


def in_pyarrow(path: Path, column: str, value: int | str) -> int:
    """Rows found by the dataset reader."""
    return len(pq.read_table(path, filters=[(column, "=", value)], memory_map=False))


def in_duckdb(path: Path, column: str, value: int | str) -> int:
    """Rows found by a DuckDB that has seen no file."""
    with open_published(path.parent, Settings().limits) as connection:
        found = connection.sql(f"FROM {path.stem} WHERE {column} = ?", params=[value])
        return len(found.to_arrow_table())


def in_polars(path: Path, column: str, value: int | str) -> int:
    """Rows found by a lazy scan."""
    return pl.scan_parquet(path).filter(pl.col(column) == value).collect().height


def in_datafusion(path: Path, column: str, value: int | str) -> int:
    """Rows found by a reader that uses the page index."""
    context = datafusion.SessionContext()
    found = context.read_parquet(path).filter(datafusion.col(column) == datafusion.lit(value))
    return sum(batch.num_rows for batch in found.collect())


READERS: Mapping[str, Callable[[Path, str, int | str], int]] = {
    "pyarrow": in_pyarrow,
    "DuckDB": in_duckdb,
    "Polars": in_polars,
    "DataFusion": in_datafusion,
}


def measured(path: Path, table: pa.Table) -> Iterator[str]:
    """Of each reader: MB read and seconds for one person and, where there is one, one tie."""
    row = len(table) // 2
    for column in ("person_id", TIE.name):
        if column not in table.column_names:
            continue
        value = table[column][row].as_py()
        expected = pc.sum(pc.equal(table[column], value)).as_py()
        for name, reader in READERS.items():
            # The second reading, when whatever is loaded once is there.
            for _ in range(2):
                before, start = bytes_read(), time.perf_counter()
                found = reader(path, column, value)
                seconds, read = time.perf_counter() - start, bytes_read() - before
            assert found == expected, (name, column, found, expected)
            yield f"{name}, one {column}: {read / 1e6:.2f} MB, {seconds:.3f} s"


def main() -> None:
    """Print one paragraph for each way of writing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=50_000)
    people = parser.parse_args().people
    plain = month_of_ties(people)
    tied = with_tie(plain)
    print(f"{people:,} people, {len(plain):,} rows, {plain.num_columns} columns and {TIE.name}")
    with tempfile.TemporaryDirectory() as folder:
        for way, (write, has_tie) in WAYS.items():
            table = tied if has_tie else plain
            path = Path(folder) / "ties.parquet"
            start = time.process_time()
            write(table, path)
            seconds, size = time.process_time() - start, path.stat().st_size
            groups = pq.read_metadata(path).num_row_groups
            print(f"\n{way}: {size / 1e6:.1f} MB, {groups} row groups, written in {seconds:.1f} s")
            for line in measured(path, table):
                print(f"  {line}", flush=True)


if __name__ == "__main__":
    main()
