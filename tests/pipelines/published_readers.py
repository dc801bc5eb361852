"""The same question asked in every reader of parquet files.

Here: how each of them is told which files and which rows, and what it says as plain values.
Not here: the questions, and that the answers agree (test_interop.py).

An answer is column -> values, dates and instants as Python's own, in any order of rows. A reader
does the choosing of rows itself, so that its idea of dates, instants, nulls and wide integers is
what is tested.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import datafusion
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest

from pipelines.settings import Settings
from pipelines.warehouse import open_published

ROOT = Path(__file__).resolve().parents[2]
MODULES = Path(".ci/node/node_modules")
SCRIPT = Path(__file__).with_name("read_parquet.mjs")


@dataclass(frozen=True)
class Which:
    """Rows whose column equals a value, or lies at it or above it, or has no value."""

    column: str
    operator: str
    value: Any = None


Answer = Mapping[str, Sequence[Any]]


def in_pyarrow(files: list[Path], which: Which | None) -> Answer:
    """Columns by the dataset reader."""
    field = pc.field(which.column) if which else None
    chosen = {
        None: lambda: None,
        "=": lambda: field == which.value,
        ">=": lambda: field >= which.value,
        "is null": lambda: field.is_null(),
    }[which and which.operator]()
    return ds.dataset(files).to_table(filter=chosen).to_pydict()


def in_pandas(files: list[Path], which: Which | None) -> Answer:
    """Columns of a data frame with Arrow's types."""
    frame = pd.concat([pd.read_parquet(file, dtype_backend="pyarrow") for file in files])
    if which:
        column = frame[which.column]
        # pandas compares dates of Arrow with dates, and instants with its own Timestamp.
        value = pd.Timestamp(which.value) if isinstance(which.value, datetime) else which.value
        chosen = {
            "=": lambda: column == value,
            ">=": lambda: column >= value,
            "is null": lambda: column.isna(),
        }[which.operator]()
        frame = frame[chosen.fillna(False)]
    return {
        name: [None if pd.isna(value) else value for value in frame[name]] for name in frame.columns
    }


def in_polars(files: list[Path], which: Which | None) -> Answer:
    """Columns of a lazy scan."""
    rows = pl.scan_parquet(files)
    if which:
        column = pl.col(which.column)
        rows = rows.filter(
            {
                "=": lambda: column == which.value,
                ">=": lambda: column >= which.value,
                "is null": lambda: column.is_null(),
            }[which.operator]()
        )
    return rows.collect().to_dict(as_series=False)


def in_duckdb(files: list[Path], which: Which | None) -> Answer:
    """Columns of a view, as kith query sees them."""
    table = files[0].parent.name if len(files) > 1 else files[0].stem
    folder = files[0].parents[1] if len(files) > 1 else files[0].parent
    where = _where(which, "TIMESTAMPTZ '{:%Y-%m-%d %H:%M:%S}+00'")
    with open_published(folder, Settings().limits) as connection:
        return connection.sql(f'FROM "{table}" {where}').to_arrow_table().to_pydict()


def in_datafusion(files: list[Path], which: Which | None) -> Answer:
    """Columns of a SELECT."""
    context = datafusion.SessionContext()
    context.register_parquet("rows", str(files[0].parent if len(files) > 1 else files[0]))
    where = _where(which, "TIMESTAMP '{:%Y-%m-%dT%H:%M:%SZ}'")
    return context.sql(f"SELECT * FROM rows {where}").to_arrow_table().to_pydict()


def in_chdb(files: list[Path], which: Which | None) -> Answer:
    """Columns of a SELECT; skips where chDB is not installed, as it weighs half a gigabyte."""
    chdb = pytest.importorskip("chdb", reason="chDB is not installed; .ci/run says which version")
    path = files[0].parent / "*.parquet" if len(files) > 1 else files[0]
    where = _where(which, "toDateTime64('{:%Y-%m-%d %H:%M:%S}', 6, 'UTC')")
    query = f"SELECT * FROM file('{path}', Parquet) {where}"
    return pa.ipc.open_file(chdb.query(query, "Arrow").bytes()).read_all().to_pydict()


def in_javascript(files: list[Path], which: Which | None) -> Answer:
    """Objects of hyparquet; skips where node or the module is missing."""
    if shutil.which("node") is None or not (ROOT / MODULES / "hyparquet").exists():
        pytest.skip(f"no node, or no hyparquet in {MODULES}; .ci/run installs both")
    asked = {"files": [str(file) for file in files]}
    if which:
        asked["which"] = {"column": which.column, "operator": which.operator, **_told(which.value)}
    done = subprocess.run(
        ["node", str(SCRIPT), str(ROOT / MODULES)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        # Another zone than UTC: whoever reads an instant as local time is wrong here.
        env=os.environ | {"TZ": "America/New_York"},
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return {name: [_untold(value) for value in values] for name, values in told.items()}


READERS: Mapping[str, Callable[[list[Path], Which | None], Answer]] = {
    "DuckDB": in_duckdb,
    "pandas": in_pandas,
    "Polars": in_polars,
    "DataFusion": in_datafusion,
    "chDB": in_chdb,
    "JavaScript": in_javascript,
}


def _where(which: Which | None, instant: str) -> str:
    """The condition in SQL; ``instant`` is how this dialect writes one."""
    if which is None:
        return ""
    value = which.value
    if value is None:
        return f"WHERE {which.column} IS NULL"
    if isinstance(value, datetime):
        literal = instant.format(value)
    elif isinstance(value, date):
        literal = f"DATE '{value}'"
    else:
        literal = f"'{value}'" if isinstance(value, str) else str(value)
    return f"WHERE {which.column} {which.operator} {literal}"


def _told(value: Any) -> dict[str, str]:
    """A value as kind and text: JSON has neither dates nor whole numbers of 64 bits."""
    if isinstance(value, datetime):
        return {"kind": "instant", "text": value.isoformat()}
    if isinstance(value, date):
        return {"kind": "instant", "text": f"{value}T00:00:00Z"}
    return {"kind": "whole" if isinstance(value, int) else "text", "text": str(value)}


def _untold(value: Any) -> Any:
    if not isinstance(value, dict):
        # JSON writes the double 1.0 as 1; whole numbers come as text.
        return float(value) if type(value) is int else value
    kind, text = value["kind"], value["text"]
    if kind == "whole":
        return int(text)
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return moment.date() if kind == "date" else moment
