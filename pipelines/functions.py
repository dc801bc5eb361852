"""What SQL cannot say well, as functions that the models call by name.

Here: registering them on a connection, so that a model stays one SELECT and its upstreams can be
read from its text. Not here: what they compute (graph.py, identity.py).

A function takes one row's list of structs and gives a list of structs: a model folds what belongs
together with ``list(struct_pack(...) order by ...)`` and unfolds the answer with ``unnest``. The
order makes the answer the same on any number of threads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from pipelines import identity


@dataclass(frozen=True)
class Function:
    """One function of SQL.

    compute  the structs of one row, as dicts, -> the structs that come of them
    takes    type of its argument, as DuckDB writes it
    gives    Arrow fields of the structs that it gives
    """

    name: str
    compute: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
    takes: str
    gives: tuple[tuple[str, pa.DataType], ...]


FUNCTIONS: tuple[Function, ...] = (
    Function(
        name="join_addresses",
        compute=identity.join_addresses,
        takes="STRUCT("
        "edges STRUCT(address_key BIGINT, other_key BIGINT, precedence BIGINT, "
        "is_by_hand BOOLEAN)[], "
        "marks STRUCT(address_key BIGINT, scope VARCHAR, label BIGINT, is_by_hand BOOLEAN)[])[]",
        gives=(("address_key", pa.int64()), ("joined_key", pa.int64())),
    ),
)


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the SQL of a connection call every function."""
    for function in FUNCTIONS:
        _register(connection, function)


def _register(connection: duckdb.DuckDBPyConnection, function: Function) -> None:
    kind = pa.list_(pa.struct(function.gives))
    names = {pa.int64(): "BIGINT", pa.string(): "VARCHAR", pa.bool_(): "BOOLEAN"}
    parts = ", ".join(f'"{name}" {names[part]}' for name, part in function.gives)

    def over_rows(column: pa.ChunkedArray) -> pa.Array:
        return pa.array([function.compute(row) for row in column.to_pylist()], kind)

    connection.create_function(
        function.name, over_rows, [function.takes], f"STRUCT({parts})[]", type="arrow"
    )
