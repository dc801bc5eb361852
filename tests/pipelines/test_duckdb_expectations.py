"""Great Expectations reads an open DuckDB connection, and leaves nothing behind but the answer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[2]
NOT_NULL = ("ExpectColumnValuesToNotBeNull", {"column": "a"})
AT_LEAST_2 = ("ExpectColumnValuesToBeBetween", {"column": "a", "min_value": 2})
UNIQUE = ("ExpectColumnValuesToBeUnique", {"column": "a"})
HAS_3_ROWS = ("ExpectTableRowCountToEqual", {"value": 3})


def rows(condition: str) -> tuple[str, dict[str, str]]:
    query = f"select 1 as broken from {{batch}} where not ({condition})"
    return ("UnexpectedRowsExpectation", {"unexpected_rows_query": query})


@pytest.fixture
def connection():
    with duckdb.connect(":memory:") as connection:
        connection.execute("create schema metrics; create table metrics.numbers (a bigint)")
        connection.execute("insert into metrics.numbers values (1), (2), (3)")
        yield connection


@pytest.fixture
def find(connection):
    """Findings on metrics.numbers."""
    # Here, not at the top, so that collecting the tests does not wait for Great Expectations.
    from pipelines.duckdb_expectations import findings, opened

    def find(*expectations):
        with opened(connection, "metrics", "numbers") as batch:
            return findings(batch, expectations)

    return find


def test_findings_stand_in_the_order_of_the_questions(find):
    found = find(AT_LEAST_2, HAS_3_ROWS, rows("a < 3"), NOT_NULL, rows("a < 9"))
    assert [(one.passed, one.rows, one.unexpected) for one in found] == [
        (False, 3, 1),
        (True, 3, None),
        (False, None, 1),
        (True, 3, 0),
        (True, None, 0),
    ]


def test_the_owners_open_result_and_transaction_are_undisturbed(find, connection):
    connection.begin()
    connection.execute("insert into metrics.numbers values (4)")
    connection.execute("select a from metrics.numbers order by a")
    assert [one.passed for one in find(HAS_3_ROWS, NOT_NULL)] == [True, True]
    assert connection.fetchall() == [(1,), (2,), (3,), (4,)]
    connection.commit()
    assert [one.rows for one in find(HAS_3_ROWS)] == [4]


def test_a_changed_table_is_seen_anew(find, connection):
    assert [one.passed for one in find(NOT_NULL, UNIQUE)] == [True, True]
    connection.execute("alter table metrics.numbers rename a to b")
    (found,) = find(("ExpectColumnValuesToNotBeNull", {"column": "b"}))
    assert found.passed


def test_lists_and_structs_are_read_without_a_warning(find, connection):
    connection.execute("alter table metrics.numbers add column l bigint[]")
    connection.execute("alter table metrics.numbers add column s struct(a bigint, b varchar)[]")
    connection.execute("alter table metrics.numbers add column t struct(a bigint)")
    columns = {"column_set": ["a", "l", "s", "t"], "exact_match": True}
    assert [one.passed for one in find(("ExpectTableColumnsToMatchSet", columns))] == [True]


def test_a_column_named_like_a_word_of_sql_is_no_trouble(find, connection):
    for name in ("constraint", "order", "Mixed Case"):
        connection.execute(f'alter table metrics.numbers add column "{name}" double default 1')
        column = {"column": name}
        found = find(
            ("ExpectColumnValuesToNotBeNull", column),
            ("ExpectColumnValuesToBeBetween", column | {"max_value": 1}),
            ("ExpectCompoundColumnsToBeUnique", {"column_list": ["a", name]}),
        )
        assert [one.passed for one in found] == [True, True, True], name


def test_one_that_cannot_run_has_an_error_and_the_next_one_is_answered(find):
    broken, fine = find(rows("nosuchfunction(a)"), NOT_NULL)
    assert not broken.passed
    assert "nosuchfunction does not exist" in broken.error
    assert fine.passed
    assert fine.error is None


def test_an_error_about_the_data_does_not_quote_them(find, connection):
    connection.execute("alter table metrics.numbers add column v varchar default 'ann@example.org'")
    (found,) = find(rows("cast(v as bigint) > 0"))
    assert "ConversionException" in found.error
    assert "ann@example.org" not in found.error


def test_every_broken_row_is_counted_although_few_are_fetched(find, connection):
    connection.execute("insert into metrics.numbers select 4 from range(1_000_000)")
    (found,) = find(rows("a < 4"))
    assert found.unexpected == 1_000_000


def test_nothing_is_kept_of_a_table_once_it_is_closed(find):
    from pipelines.duckdb_expectations import _context

    find(NOT_NULL)
    assert list(_context().data_sources.all()) == []


PROGRAM = """
import json, os, sys

# Not socket.bind: urllib3 tries on the loopback address, at import, whether this machine has IPv6.
REACHES_OUT = {"connect", "getaddrinfo", "gethostbyname", "sendto", "sendmsg"}
MAKES_FILES = {"os.mkdir", "os.rename", "tempfile.mkdtemp", "tempfile.mkstemp"}
seen = []

def watch(event, arguments):
    if event.removeprefix("socket.") in REACHES_OUT or event in MAKES_FILES:
        seen.append([event, str(arguments)])
    if event == "open" and arguments[0] != os.devnull:
        path, mode, flags = arguments
        if set(mode or "") & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            seen.append([event, str(path)])

sys.addaudithook(watch)

import duckdb
from pipelines.duckdb_expectations import findings, opened

HOLDS = ("ExpectColumnValuesToNotBeNull", {"column": "a"})
FAILS = ("ExpectColumnValuesToBeInSet", {"column": "a", "value_set": ["y"]})

def rows(condition):
    query = f"select 1 as broken from {{batch}} where not ({condition})"
    return ("UnexpectedRowsExpectation", {"unexpected_rows_query": query})

with duckdb.connect(":memory:") as connection:
    connection.execute("create schema metrics; create table metrics.t (a varchar, at_ timestamptz)")
    connection.execute("insert into metrics.t values ('x', '2025-01-01 00:30:00+00')")
    with opened(connection, "metrics", "t") as batch:
        breaks, in_utc = rows("cast(a as int) > 0"), rows("cast(at_ as date) = '2025-01-01'")
        found = findings(batch, [HOLDS, FAILS, breaks, in_utc])
print(json.dumps({"passed": [one.passed for one in found], "seen": seen}))
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """A process that imports and validates, in an empty home and working folder, in New York."""
    home = tmp_path_factory.mktemp("home")
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TZ": "America/New_York",
    }
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )


def test_importing_and_validating_opens_no_connection_and_writes_no_file(program):
    assert json.loads(program.stdout)["seen"] == []


def test_times_are_read_in_utc_whatever_the_zone_of_the_machine(program):
    assert json.loads(program.stdout)["passed"] == [True, False, False, True]


def test_the_process_prints_nothing_of_its_own_and_leaks_nothing_at_exit(program):
    assert program.stderr == ""
    assert len(program.stdout.splitlines()) == 1
