"""Every published file gives the same answer in DuckDB, pyarrow, pandas and Polars."""

from datetime import date
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from pipelines import imports, pseudonym_key
from pipelines.build import build, stale_range
from pipelines.models import Graph
from pipelines.publish import publish
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse, open_published

SECRET = bytes(range(32))
PEOPLE = ("ann", "bob", "cat", "dan")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of four people who write to each other in turn for four months."""
    folder = tmp_path_factory.mktemp("interop")
    letters = []
    for number in range(120):
        one, other = PEOPLE[number % 4], PEOPLE[(number + 1 + number // 7 % 3) % 4]
        day = date.fromordinal(date(2024, 1, 3).toordinal() + number)
        letters.append(
            f"From x Mon Jan  1 00:00:00 2024\nFrom: {one.title()} <{one}@x.example>\n"
            f"To: {other}@x.example\nMessage-ID: <{number}@x>\n"
            f"Date: {day:%a, %d %b %Y} 10:00:00 +0000\n\n\n"
        )
    mbox = folder / "letters.mbox"
    mbox.write_text("".join(letters), encoding="ascii")
    settings = Settings(data=folder / "data")
    pseudonym_key.write(settings, SECRET)
    imports.keep(settings, mbox, "ann@x.example", SECRET)
    graph = Graph.load()
    with Warehouse(settings).connect() as connection:
        imports.load(connection, settings, SECRET)
        stale_range(connection, graph)
        for model in graph.models:
            build(connection, graph, model)
        publish(connection, graph, settings)
    return settings.parquet


MONTHLY = ("network_diversity", "reciprocity", "tie_strength")
TABLES = ("metric_dictionary", "months", "people", *MONTHLY)


def facts(columns: dict[str, list]) -> dict[str, tuple]:
    """Count of rows and of nulls, least and greatest of each column; doubles to the last bit."""
    found = {}
    for name, values in columns.items():
        known = [value for value in values if value is not None]
        found[name] = (len(values), len(known), min(known, default=None), max(known, default=None))
    return found


@pytest.mark.parametrize("table", TABLES)
def test_four_readers_agree_on_every_table(published: Path, table: str):
    path = published / table
    files = sorted(path.glob("*.parquet")) if path.is_dir() else [published / f"{table}.parquet"]
    arrow = facts(ds.dataset(files).to_table().to_pydict())
    assert next(iter(arrow.values()))[0] > 0
    with open_published(published, Settings().limits) as connection:
        relation = connection.sql(f'FROM "{table}"')
        duck = dict(
            zip(relation.columns, map(list, zip(*relation.fetchall(), strict=True)), strict=True)
        )
    polars = pl.read_parquet(files).to_dict(as_series=False)
    frame = pd.concat([pd.read_parquet(file, dtype_backend="pyarrow") for file in files])
    pandas = {
        name: [None if pd.isna(value) else value for value in frame[name]] for name in frame.columns
    }
    assert facts(duck) == arrow
    assert facts(polars) == arrow
    assert facts(pandas) == arrow


@pytest.mark.parametrize("table", MONTHLY)
def test_months_of_one_table_share_one_schema(published: Path, table: str):
    schemas = [pq.read_schema(path) for path in (published / table).glob("*.parquet")]
    assert len(schemas) >= 4
    assert all(schema.equals(schemas[0], check_metadata=True) for schema in schemas)


def test_no_key_is_wider_than_a_double_holds_exactly(published: Path):
    for path in published.rglob("*.parquet"):
        schema = pq.read_schema(path)
        for column in schema.names:
            if column.endswith("_id") and pa.types.is_integer(schema.field(column).type):
                values = pq.read_table(path, columns=[column])[column].drop_null().to_pylist()
                assert all(0 <= value < 2**53 for value in values), (path.name, column)
