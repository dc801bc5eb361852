"""The DuckDB engine that Great Expectations 1.24 lacks.

Here: how Great Expectations reads a table through a DuckDB connection that is already open, inside
this process, without a file, a page, a network connection, or a value of the data in a message.
Not here: what is expected of a table, and what becomes of the outcome (checks.py).

Importing this module imports Great Expectations (three seconds): import it where a check runs.

Three things stand between Great Expectations and DuckDB, and each has one place below.

- It opens a database by its address, but the warehouse file has one owner. ``_engine`` takes a
  cursor of the owner's connection instead; it sees what has been committed.
- It reads results after it gave the connection back, when duckdb-engine has dropped them: "list
  index out of range" on nearly every expectation (fivetran/great_expectations 10738 and 11579).
  ``_Cursor`` holds the rows of a statement: counts and catalogue entries, so they are few.
- It logs and reports what the database says, and DuckDB quotes the value that it cannot convert,
  which may be somebody's address. ``_Cursor`` lets through only what is said about the SQL.

A table is handed to its Validator as it stands. A datasource, which is how a project keeps tables
to come back to, would be written down and forgotten again for each one: a quarter of the time.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

# Read once, while Great Expectations is imported: it must never report who uses it.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import duckdb
import great_expectations as gx
import sqlalchemy as sa
from duckdb_engine import ConnectionWrapper
from great_expectations.core import ExpectationValidationResult
from great_expectations.core.batch import Batch
from great_expectations.data_context import EphemeralDataContext
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validator import Validator
from sqlalchemy.ext.compiler import deregister

# duckdb-engine hangs a function on this class of SQLAlchemy, Great Expectations keeps the class
# alive beyond the exit, and through both DuckDB prints a hundred lines of "nanobind: leaked ...".
# The function writes TRY_CAST, which nothing here needs.
deregister(sa.TryCast)

# Whether conditions hold is counted for many of them in one statement. To tell how many rows break
# one, Great Expectations also fetches some of these, with a statement and a millisecond for each
# condition; so only what does not hold is asked again for its count, with a list of length 0.
_HOLDS = {"result_format": "BOOLEAN_ONLY"}
_COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0}

# Of the rows that break a condition Great Expectations fetches 200 beside counting them, and ours
# are ones; without a bound, DuckDB would turn every one of millions into a Python object.
_MOST_ROWS = 10_000

# What these say names tables, columns, files and memory. All others may quote a value.
_ABOUT_THE_SQL = (
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.IOException,
    duckdb.OutOfMemoryException,
    duckdb.ParserException,
    duckdb.SyntaxException,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one expectation found.

    rows        rows looked at; None where it looks at the table as a whole
    unexpected  rows that break it; None where rows do not
    error       why it could not run, without a value of the data; None if it ran
    """

    passed: bool
    rows: int | None = None
    unexpected: int | None = None
    error: str | None = None


@contextmanager
def opened(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> Iterator[Validator]:
    """One table as Great Expectations sees it, for as long as the block lasts.

    ``connection`` stays open and undisturbed; a transaction that it has not committed is not seen.
    """
    with closing(connection.cursor()) as cursor:
        # A cursor is a session of its own and starts in the time zone of the machine.
        cursor.execute("SET TimeZone = 'UTC'")
        engine = _engine(cursor)
        data = SqlAlchemyBatchData(
            execution_engine=engine, schema_name=schema, table_name=table, create_temp_table=False
        )
        yield Validator(engine, data_context=_context(), batches=[Batch(data=data)])


def findings(
    validator: Validator, expectations: Sequence[tuple[str, Mapping[str, Any]]]
) -> list[Finding]:
    """What each of (class name in ``great_expectations.expectations``, arguments) found, in order.

    All of them run at once, which lets Great Expectations count many in one statement. One that
    cannot run says so in its Finding; those that shared its statement then say the same.
    """
    asked = [
        getattr(gx.expectations, name)(**arguments, meta={"position": position}).configuration
        for position, (name, arguments) in enumerate(expectations)
    ]
    answers = _answers(validator, asked, _HOLDS)
    broken = [one for one in asked if not answers[one.meta["position"]].success]
    answers |= _answers(validator, broken, _COUNTS)
    row_count = validator.get_metric(MetricConfiguration("table.row_count", {}))
    return [_finding(answers[position], row_count) for position in range(len(asked))]


def _answers(
    validator: Validator, asked: list[ExpectationConfiguration], result_format: Mapping[str, Any]
) -> dict[int, ExpectationValidationResult]:
    """Answers by position: Great Expectations gives them in an order of its own."""
    results = validator.graph_validate(
        asked, runtime_configuration={"result_format": dict(result_format)}
    )
    return {result.expectation_config.meta["position"]: result for result in results}


def _finding(answer: ExpectationValidationResult, row_count: int) -> Finding:
    if error := _error(answer.exception_info or {}):
        return Finding(passed=False, error=error)
    passed, told = bool(answer.success), answer.result
    match answer.expectation_config.type:
        case "unexpected_rows_expectation":
            return Finding(passed, unexpected=0 if passed else told["observed_value"])
        case "expect_table_row_count_to_be_between" | "expect_table_row_count_to_equal":
            return Finding(passed, row_count)
        case "expect_table_columns_to_match_set":
            return Finding(passed)
    return Finding(passed, row_count, 0 if passed else told["unexpected_count"])


def _error(info: Mapping[str, Any]) -> str | None:
    """The first line of the first error; one dictionary, or one per metric that failed."""
    for part in (info, *(part for part in info.values() if isinstance(part, Mapping))):
        if part.get("raised_exception"):
            lines = (str(part.get("exception_message") or "") or "no reason given").splitlines()
            return lines[0]
    return None


@cache
def _context() -> EphemeralDataContext:
    """One per process; it keeps nothing on disk, and shows no progress bars."""
    return gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
            analytics_enabled=False,
        ),
    )


def _engine(cursor: duckdb.DuckDBPyConnection) -> SqlAlchemyExecutionEngine:
    """Great Expectations' engine for the database of an open cursor."""

    def columns(
        _connection: sa.Connection, table_name: str, schema: str | None = None, **_: Any
    ) -> list[dict[str, Any]]:
        """The columns of a table for SQLAlchemy's inspector; no expectation here asks for types."""
        described = cursor.execute(f'FROM "{schema}"."{table_name}" LIMIT 0').description
        return [
            {"name": name, "type": sa.types.NullType(), "nullable": True, "default": None}
            for name, *_ in described
        ]

    def no_key(*_: Any, **__: Any) -> dict[str, Any]:
        """Tables here have no primary key: their grain is checked instead."""
        return {"constrained_columns": [], "name": None}

    engine = sa.create_engine(
        "duckdb://", creator=lambda: _Connection(cursor), poolclass=sa.StaticPool
    )
    # duckdb-engine asks a catalogue made to look like another database's, 60 ms a table.
    engine.dialect.get_columns = columns
    engine.dialect.get_pk_constraint = no_key
    return SqlAlchemyExecutionEngine(engine=engine, create_temp_table=False)


class _Connection(ConnectionWrapper):
    """duckdb-engine's connection with cursors of ours."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(connection)
        self.duckdb = connection

    def cursor(self) -> "_Cursor":
        return _Cursor(self)


class _Cursor:
    """A cursor (PEP 249) that holds its rows and whose errors quote no data."""

    arraysize = 1
    rowcount = -1

    def __init__(self, connection: _Connection) -> None:
        self.connection = connection
        self.description: Sequence[tuple] | None = None
        self._rows: Iterator[tuple] = iter(())

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement and fetch its rows. Raises duckdb.Error, at need without its text."""
        try:
            result = self.connection.duckdb.execute(statement, parameters)
            self._rows = iter(result.fetchmany(_MOST_ROWS))
        except duckdb.Error as error:
            failure = _withheld(error)
        else:
            self.description = result.description
            return
        # Out here the new error does not carry the old one along as its context.
        raise failure

    def fetchone(self) -> tuple | None:
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[tuple]:
        return list(islice(self._rows, size or self.arraysize))

    def fetchall(self) -> list[tuple]:
        return list(self._rows)

    def close(self) -> None:
        self._rows = iter(())


def _withheld(error: duckdb.Error) -> duckdb.Error:
    if isinstance(error, _ABOUT_THE_SQL):
        return type(error)(str(error))
    return type(error)(
        f"{type(error).__name__}: what it says is withheld, as it may quote the data"
    )
