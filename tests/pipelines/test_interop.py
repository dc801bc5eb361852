"""Every published file gives the same answers in all readers; pyarrow is what they are held to."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import imports, pseudonym_key
from pipelines.build import build, stale_range
from pipelines.models import Graph
from pipelines.publish import publish
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse, open_published
from tests.pipelines.published_readers import READERS, Answer, Which, in_pyarrow

SECRET = bytes(range(32))
PEOPLE = ("ann", "bob", "cat", "dan")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four people write to each other in turn for four months, and one writes once: few numbers."""
    folder = tmp_path_factory.mktemp("interop")
    letters = []
    for number in range(120):
        one, other = PEOPLE[number % 4], PEOPLE[(number + 1 + number // 7 % 3) % 4]
        if number == 50:
            one = "eve"
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
TABLES = ("metric_dictionary", "months", "people", "ties", *MONTHLY)


readers = pytest.mark.parametrize(
    "reader",
    [
        pytest.param(name, marks=[pytest.mark.node] if name == "JavaScript" else [])
        for name in READERS
    ],
)


def files(published: Path, table: str) -> list[Path]:
    path = published / table
    return sorted(path.glob("*.parquet")) if path.is_dir() else [published / f"{table}.parquet"]


def rows(answer: Answer) -> list[tuple[Any, ...]]:
    """Sorted rows of values and their types; doubles to the last bit, instants as microseconds."""
    found = zip(
        *([_exact(value) for value in answer[name]] for name in sorted(answer)), strict=True
    )
    return sorted(found)


def _exact(value: Any) -> tuple[str, str]:
    if isinstance(value, datetime):
        assert value.utcoffset() is not None
        return "instant", value.astimezone(UTC).isoformat(timespec="microseconds")
    return type(value).__name__, value.hex() if isinstance(value, float) else str(value)


@readers
@pytest.mark.parametrize("table", TABLES)
def test_every_reader_finds_the_same_rows_in_every_table(published: Path, table: str, reader: str):
    expected = in_pyarrow(files(published, table), None)
    answer = READERS[reader](files(published, table), None)
    assert sorted(answer) == sorted(expected)
    assert rows(expected)
    assert rows(answer) == rows(expected)


@pytest.fixture(scope="module")
def questions(published: Path) -> dict[str, Which]:
    """Which rows of tie_strength; the person is the one with the widest number."""
    ties = in_pyarrow(files(published, "tie_strength"), None)
    return {
        "one month": Which("month", "=", date(2024, 2, 1)),
        "from a month on": Which("month", ">=", date(2024, 3, 1)),
        "from an instant on": Which("first_contact_at", ">=", datetime(2024, 1, 4, 10, tzinfo=UTC)),
        "one person": Which("person_id", "=", max(ties["person_id"])),
        "one tie": Which("tie_id", "=", ties["tie_id"][-1]),
        "no value": Which("burstiness", "is null"),
    }


@readers
@pytest.mark.parametrize(
    "asked",
    ["one month", "from a month on", "from an instant on", "one person", "one tie", "no value"],
)
def test_every_reader_chooses_the_same_rows(
    published: Path, questions: dict[str, Which], asked: str, reader: str
):
    ties = files(published, "tie_strength")
    expected = rows(in_pyarrow(ties, questions[asked]))
    assert 0 < len(expected) < len(rows(in_pyarrow(ties, None)))
    assert rows(READERS[reader](ties, questions[asked])) == expected


def test_a_tie_joins_its_months_on_one_column(published: Path):
    with open_published(published, Settings().limits) as connection:
        for table in ("tie_strength", "reciprocity"):
            ((count, joined),) = connection.execute(
                f"SELECT (SELECT count(*) FROM {table}), count(*) FROM {table} JOIN ties "
                "USING (tie_id, person_id, contact_id)"
            ).fetchall()
            assert count == joined > 0
        ((repeated,),) = connection.execute(
            "SELECT count(*) - count(DISTINCT tie_id) FROM ties"
        ).fetchall()
        assert repeated == 0


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
