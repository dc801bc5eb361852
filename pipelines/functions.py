"""What SQL cannot say well, as functions that the models call by name.

Here: registering them on a connection, so that a model stays one SELECT and its upstreams can be
read from its text. Not here: what they compute (graph.py, identity.py, triangles.py).

A function takes lists of structs, one of each from every row, and gives a list of structs: a model
folds what belongs together with ``list(struct_pack(...) order by ...)`` and unfolds the answer with
``unnest``. The order makes the answer the same on any number of threads; shared_contacts gives the
same in any order.
"""

import dataclasses
import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipelines import graph, identity, triangles


@dataclass(frozen=True)
class Function:
    """One function of SQL.

    compute  the lists of one row, their structs as dicts, -> the structs that come of them
    takes    types of its arguments, as DuckDB writes them
    gives    Arrow fields of the structs that it gives
    threads  how many rows are worked on at once, at most
    """

    name: str
    compute: Callable[..., list[dict[str, Any]]]
    takes: tuple[str, ...]
    gives: tuple[tuple[str, pa.DataType], ...]
    threads: int = 1

    @property
    def returns(self) -> str:
        """Type of its answer, as DuckDB writes it."""
        names = {
            pa.int64(): "BIGINT",
            pa.float64(): "DOUBLE",
            pa.string(): "VARCHAR",
            pa.bool_(): "BOOLEAN",
        }
        parts = ", ".join(f'"{name}" {names[part]}' for name, part in self.gives)
        return f"STRUCT({parts})[]"

    @property
    def __signature__(self) -> inspect.Signature:
        """A parameter for each list: DuckDB counts them."""
        kind = inspect.Parameter.POSITIONAL_ONLY
        return inspect.Signature(
            [inspect.Parameter(f"list_{place}", kind) for place in range(len(self.takes))]
        )

    def __call__(self, *columns: pa.ChunkedArray) -> pa.Array:
        """The answer to every row."""
        kind = pa.list_(pa.struct(self.gives))
        rows = zip(*(column.to_pylist() for column in columns), strict=True)
        return pa.array([self.compute(*lists) for lists in rows], kind)


@dataclass(frozen=True)
class ArrayFunction(Function):
    """One function of SQL whose lists are too long to become dicts.

    compute  the lists of one row, each as one array, -> a column for each field that it gives
    """

    compute: Callable[..., tuple[pa.Array, ...]]

    def __call__(self, *columns: pa.ChunkedArray) -> pa.ChunkedArray:
        """The answer to every row."""
        fields = list(pa.struct(self.gives))

        def answer(*lists: pa.ListScalar) -> pa.Array:
            computed = self.compute(*(one.values for one in lists))
            found = pa.StructArray.from_arrays(computed, fields=fields)
            return pa.ListArray.from_arrays([0, len(found)], found)

        # DuckDB asks for all rows from one thread; numpy lets others in while it computes.
        with ThreadPoolExecutor(self.threads) as threads:
            return pa.chunked_array(threads.map(answer, *columns))


FUNCTIONS: tuple[Function, ...] = (
    ArrayFunction(
        name="leiden_parts",
        compute=graph.leiden_parts,
        takes=("STRUCT(person_id BIGINT, contact_id BIGINT, strength DOUBLE)[]",),
        gives=(("person_id", pa.int64()), ("part_id", pa.int64())),
    ),
    ArrayFunction(
        name="shared_contacts",
        compute=triangles.shared_contacts,
        takes=(
            "STRUCT(first_id BIGINT, second_id BIGINT, strength DOUBLE)[]",
            "STRUCT(person_id BIGINT, total_strength DOUBLE, greatest_strength DOUBLE)[]",
        ),
        gives=(
            ("first_id", pa.int64()),
            ("second_id", pa.int64()),
            ("strength", pa.float64()),
            ("first_share", pa.float64()),
            ("second_share", pa.float64()),
            ("first_marginal", pa.float64()),
            ("second_marginal", pa.float64()),
            ("shared_contact_count", pa.int64()),
            ("either_contact_count", pa.int64()),
            ("share", pa.float64()),
            ("marginal", pa.float64()),
        ),
    ),
    Function(
        name="lasting_communities",
        compute=graph.lasting_communities,
        takes=(
            "STRUCT(month_number BIGINT, part_id BIGINT, earlier_part_id BIGINT, "
            "shared_count BIGINT)[]",
        ),
        gives=(
            ("month_number", pa.int64()),
            ("part_id", pa.int64()),
            ("community_id", pa.int64()),
        ),
    ),
    Function(
        name="join_addresses",
        compute=identity.join_addresses,
        takes=(
            "STRUCT(address_key BIGINT, other_key BIGINT, precedence BIGINT, is_by_hand BOOLEAN)[]",
            "STRUCT(address_key BIGINT, scope VARCHAR, label BIGINT, is_by_hand BOOLEAN)[]",
        ),
        gives=(("address_key", pa.int64()), ("joined_key", pa.int64())),
    ),
)


def texts() -> dict[str, bytes]:
    """Name of each function -> the module that computes it: a part of what its models say."""
    return {one.name: Path(inspect.getfile(one.compute)).read_bytes() for one in FUNCTIONS}


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Let the SQL of a connection call every function, on as many threads as DuckDB may use."""
    ((threads,),) = connection.execute("SELECT current_setting('threads')").fetchall()
    for function in FUNCTIONS:
        connection.create_function(
            function.name,
            dataclasses.replace(function, threads=threads),
            list(function.takes),
            function.returns,
            type="arrow",
        )
