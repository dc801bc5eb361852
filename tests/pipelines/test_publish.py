"""Published files are whole, the same for the same rows, and what the manifest lists."""

import hashlib
import json
import stat
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import published_rows
from pipelines.build import build
from pipelines.models import Graph
from pipelines.publish import PublishError, is_outdated, publish, read_manifest
from pipelines.raw_tables import RAW_TABLES
from pipelines.settings import Settings
from pipelines.store import Batch, store
from pipelines.warehouse import Warehouse

FILES = {
    "staging/months.sql": """\
-- Which months are there?
--
-- Grain: month

select
    date_trunc('month', messages.sent_at)::date as month,  -- first day
    max(messages.sent_at) as as_of,  -- newest message; UTC
    max(messages.sent_at)::date as as_of_date,  -- its day
    min(messages.sent_at)::date as window_start_date,  -- oldest
    true as is_complete,  -- always
from raw.messages
group by all
""",
    "metrics/copies.sql": """\
-- How many copies does each mailbox hold?
--
-- Grain:   month, mailbox_id
-- Source:  counted
-- Caveat:  copies, not messages
-- Version: 2
--
-- Asks:    copy_count: Is the mailbox full?
-- High:    copy_count: full
-- Low:     copy_count: empty
-- Formula: last_at: the last of all
-- Values:  mailbox_id: box 0, box 1, box 2

select
    wanted_months.month,  -- first day; UTC
    messages.mailbox_id,  -- mailbox
    count(*) as copy_count,  -- copies; messages
    max(messages.sent_at) as last_at,  -- newest; UTC
from raw.messages
join staging.wanted_months
    on wanted_months.month = date_trunc('month', messages.sent_at)::date
group by all
""",
    "metrics/people.sql": """\
-- Who is there?
--
-- Grain: person_id

select
    addresses.address_key as person_id,  -- person
    addresses.address as name,  -- name
    addresses.address,  -- address
from raw.addresses
""",
}


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    for name, text in FILES.items():
        path = tmp_path / "sql" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Graph.load(tmp_path / "sql")


@pytest.fixture
def connection(warehouse: Warehouse):
    with warehouse.connect() as connection:
        yield connection


def mail(connection, *days: str) -> None:
    lists = {"reply_to_keys": [], "to_keys": [], "cc_keys": [], "bcc_keys": []}
    lists |= {"reference_keys": [], "automation_signs": []}
    messages = [
        {"mailbox_id": f"box {i % 3}", "message_id": f"{day} {i}", "message_key": i}
        | {"sent_at": datetime.fromisoformat(day).replace(tzinfo=UTC)}
        | lists
        for day in days
        for i in range(5)
    ]
    people = [{"address_key": 1, "address": "ann@x.example", "domain": "x.example"}]
    rows = {
        name: pa.Table.from_pylist(found, schema=RAW_TABLES[name].schema)
        for name, found in {"raw.messages": messages, "raw.addresses": people}.items()
    }
    store(connection, Batch(mailbox_id="m", stream="s", cursor="1", rows=rows))


def release(connection, graph: Graph, settings: Settings):
    for model in graph.models:
        build(connection, graph, model)
    return publish(connection, graph, settings)


def files(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_the_manifest_lists_exactly_the_files_with_their_digests(connection, graph, settings):
    mail(connection, "2024-01-05", "2024-02-05")
    release(connection, graph, settings)
    found = files(settings.parquet)
    manifest = json.loads(found.pop("manifest.json"))
    assert set(found) == {
        "copies/2024-01.parquet",
        "copies/2024-02.parquet",
        "people.parquet",
        "metric_dictionary.parquet",
        "views.sql",
    }
    del found["views.sql"]  # it holds no data
    for line in manifest["files"]:
        content = found.pop(line["path"])
        assert line["bytes"] == len(content)
        assert line["sha256"] == hashlib.sha256(content).hexdigest()
        assert line["rows"] == pq.read_table(settings.parquet / line["path"]).num_rows
    assert not found
    assert manifest["metric_versions"] == {"copies": 2, "people": 1}
    assert manifest["as_of"] == "2024-02-05T00:00:00+00:00"


def test_the_same_rows_give_the_same_bytes_in_any_order_of_arrival(graph, tmp_path, settings):
    releases = []
    for number, days in enumerate([("2024-01-05", "2024-02-05"), ("2024-02-05", "2024-01-05")]):
        own = settings.model_copy(update={"data": tmp_path / f"world {number}"})
        (own.data_folder / "credentials").mkdir(parents=True)
        key = (settings.credentials / "pseudonym.key").read_bytes()
        (own.credentials / "pseudonym.key").write_bytes(key)
        with Warehouse(own).connect() as connection:
            for day in days:
                mail(connection, day)
            release(connection, graph, own)
        releases.append(files(own.parquet))
    assert releases[0] == releases[1]


def test_only_months_that_changed_are_written_again(connection, graph, settings):
    mail(connection, "2024-01-05", "2024-02-05")
    first = release(connection, graph, settings)
    assert "copies/2024-01.parquet" in first.written
    mail(connection, "2024-02-06")
    second = release(connection, graph, settings)
    assert "copies/2024-02.parquet" in second.written
    assert "copies/2024-01.parquet" not in second.written
    assert second.release_id != first.release_id


@pytest.mark.parametrize("rows_at_once", [0, 7, 100])
def test_months_that_are_read_together_give_the_same_files(
    connection, graph, settings, monkeypatch, rows_at_once
):
    """With three rows a month: each month alone, two at a time, all at once."""
    mail(connection, "2024-01-05", "2024-02-05", "2024-04-05", "2024-05-05", "2024-06-05")
    release(connection, graph, settings)
    before = files(settings.parquet)
    for lost in ("2024-01", "2024-02", "2024-04", "2024-06"):
        (settings.parquet / "copies" / f"{lost}.parquet").unlink()
    monkeypatch.setattr(published_rows, "_ROWS_AT_ONCE", rows_at_once)
    assert len(release(connection, graph, settings).written) == 4
    assert files(settings.parquet) == before
    assert [line.rows for line in read_manifest(settings.parquet)] == [3, 3, 3, 3, 3, 7, 1]


def test_a_file_that_somebody_removed_or_cut_is_written_again(connection, graph, settings):
    mail(connection, "2024-01-05", "2024-02-05")
    release(connection, graph, settings)
    before = files(settings.parquet)
    (settings.parquet / "people.parquet").unlink()
    (settings.parquet / "copies" / "2024-01.parquet").write_bytes(b"cut")
    release(connection, graph, settings)
    assert files(settings.parquet) == before


def test_what_no_longer_exists_leaves_the_folder(connection, graph, settings):
    mail(connection, "2024-01-05", "2024-02-05")
    release(connection, graph, settings)
    (settings.parquet / "old").mkdir()
    (settings.parquet / "old" / "2020-01.parquet").write_bytes(b"x")
    connection.execute("DELETE FROM raw.messages WHERE sent_at >= TIMESTAMPTZ '2024-02-01'")
    connection.execute("INSERT INTO raw.touched_months VALUES ('raw.messages', DATE '2024-02-01')")
    release(connection, graph, settings)
    assert set(files(settings.parquet)) == {
        "copies/2024-01.parquet",
        "people.parquet",
        "metric_dictionary.parquet",
        "manifest.json",
        "views.sql",
    }


def test_the_views_give_every_table_by_name_in_a_database_opened_in_the_folder(
    connection, graph, settings, monkeypatch
):
    mail(connection, "2024-01-05", "2024-02-05")
    published = release(connection, graph, settings)
    monkeypatch.chdir(settings.parquet)
    with duckdb.connect() as shell:
        for _ in range(2):  # a second time in the same shell, too
            shell.execute(Path("views.sql").read_text(encoding="utf-8"))
        shown = {
            name
            for (name,) in shell.execute(
                "SELECT view_name FROM duckdb_views() WHERE NOT internal"
            ).fetchall()
        }
        assert shown == {file.table for file in published.files}
        for table in shown:
            (count,) = shell.execute(f"SELECT count(*) FROM {table}").fetchone()
            assert count == sum(file.rows for file in published.of(table))
        newest = shell.execute("SELECT max(last_at)::varchar FROM copies").fetchone()
    assert newest == ("2024-02-05 00:00:00+00",)


def test_the_views_name_no_place_and_change_with_the_tables_alone(connection, graph, settings):
    mail(connection, "2024-01-05")
    release(connection, graph, settings)
    first = (settings.parquet / "views.sql").read_text(encoding="utf-8")
    mail(connection, "2024-02-05")
    release(connection, graph, settings)
    assert (settings.parquet / "views.sql").read_text(encoding="utf-8") == first
    assert str(settings.data_folder) not in first
    assert stat.S_IMODE((settings.parquet / "views.sql").stat().st_mode) == 0o600


def test_types_are_fixed_columns_nullable_and_meanings_travel_with_them(
    connection, graph, settings
):
    mail(connection, "2024-01-05")
    release(connection, graph, settings)
    schema = pq.read_schema(settings.parquet / "copies" / "2024-01.parquet")
    assert [(field.name, field.type, field.nullable) for field in schema] == [
        ("month", pa.date32(), True),
        ("mailbox_id", pa.string(), True),
        ("copy_count", pa.int64(), True),
        ("last_at", pa.timestamp("us", "UTC"), True),
    ]
    assert schema.field("copy_count").metadata[b"meaning"] == b"copies; messages"
    assert schema.metadata[b"question"] == b"How many copies does each mailbox hold?"


PAIRS = """\
-- Who knows whom?
--
-- Grain: month, person_id, contact_id

select
    wanted_months.month,  -- first day; UTC
    unnest([10, 9, 9])::bigint as person_id,  -- person
    unnest([9, 9007199254740991, 10])::bigint as contact_id,  -- contact
from staging.wanted_months
"""


def test_a_pair_has_its_key_in_one_column_that_is_not_stored(connection, graph, settings, tmp_path):
    (tmp_path / "sql" / "metrics" / "pairs.sql").write_text(PAIRS, encoding="utf-8")
    mail(connection, "2024-01-05")
    release(connection, Graph.load(tmp_path / "sql"), settings)
    pairs = pq.read_table(settings.parquet / "pairs" / "2024-01.parquet")
    assert pairs.column_names == ["month", "person_id", "contact_id", "tie_id"]
    assert pairs["tie_id"].to_pylist() == ["9-10", "9-9007199254740991", "10-9"]
    assert pairs.schema.field("tie_id").type == pa.string()
    assert b"key of ties" in pairs.schema.field("tie_id").metadata[b"meaning"]
    stored = [name for name, *_ in connection.execute("DESCRIBE FROM metrics.pairs").fetchall()]
    assert stored == ["month", "person_id", "contact_id"]
    words = pq.read_table(settings.parquet / "metric_dictionary.parquet").to_pylist()
    (key,) = (row for row in words if row["column_name"] == "tie_id")
    assert key["table_name"] == "pairs"
    assert key["formula"] == "CAST(person_id AS VARCHAR) || '-' || CAST(contact_id AS VARCHAR)"


def test_files_that_were_laid_out_in_another_way_are_written_again(connection, graph, settings):
    mail(connection, "2024-01-05", "2024-02-05")
    release(connection, graph, settings)
    before = files(settings.parquet)
    assert not is_outdated(settings)
    path = settings.parquet / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    del manifest["layout"]
    path.write_text(json.dumps(manifest), encoding="utf-8")
    assert is_outdated(settings)
    again = release(connection, graph, settings)
    assert again.written == {"copies/2024-01.parquet", "copies/2024-02.parquet", "people.parquet"}
    assert files(settings.parquet) == before


def test_a_person_is_found_in_one_row_group(connection, graph, settings, tmp_path):
    """Sorted by person, in small groups, with the least and the greatest of each."""
    many = PAIRS.replace("[10, 9, 9]", "range(200000)").replace(
        "unnest([9, 9007199254740991, 10])", "unnest(range(200000)) + 1"
    )
    (tmp_path / "sql" / "metrics" / "pairs.sql").write_text(many, encoding="utf-8")
    mail(connection, "2024-01-05")
    release(connection, Graph.load(tmp_path / "sql"), settings)
    read = pq.read_metadata(settings.parquet / "pairs" / "2024-01.parquet")
    groups = [read.row_group(number) for number in range(read.num_row_groups)]
    people = [group.column(1).statistics for group in groups]
    holding = [number for number, one in enumerate(people) if one.min <= 123_456 <= one.max]
    assert len(holding) == 1
    assert groups[holding[0]].num_rows <= 65_536
    assert all(group.column(1).has_column_index for group in groups)


def test_rows_are_sorted_by_grain(connection, graph, settings):
    mail(connection, "2024-01-05")
    release(connection, graph, settings)
    table = pq.read_table(settings.parquet / "copies" / "2024-01.parquet")
    assert table["mailbox_id"].to_pylist() == ["box 0", "box 1", "box 2"]


def test_the_dictionary_explains_every_published_column(connection, graph, settings):
    mail(connection, "2024-01-05")
    release(connection, graph, settings)
    rows = pq.read_table(settings.parquet / "metric_dictionary.parquet").to_pylist()
    assert [(row["table_name"], row["column_name"]) for row in rows] == [
        *[("copies", name) for name in ("month", "mailbox_id", "copy_count", "last_at")],
        *[("people", name) for name in ("person_id", "name", "address")],
    ]
    count = rows[2]
    assert (count["meaning"], count["unit"], count["formula"]) == ("copies", "messages", "COUNT(*)")
    assert (count["source"], count["version"]) == ("counted", 2)
    assert (count["question"], count["caveat"]) == ("Is the mailbox full?", "copies, not messages")
    assert (count["high_means"], count["low_means"]) == ("full", "empty")
    month, mailbox, _, newest, person, *_ = rows
    assert (mailbox["values_mean"], mailbox["formula"]) == ("box 0, box 1, box 2", None)
    assert newest["formula"] == "the last of all"
    assert (month["meaning"], month["unit"]) == ("first day", "UTC")
    assert (person["question"], person["caveat"], person["high_means"]) == (
        "Who is there?",
        None,
        None,
    )
    text = FILES["metrics/copies.sql"]
    assert count["sql_sha256"] == hashlib.sha256(text.encode()).hexdigest()


def test_an_integer_sum_that_readers_would_turn_into_a_double_is_refused(
    connection, tmp_path, settings, graph
):
    path = tmp_path / "sql" / "metrics" / "copies.sql"
    path.write_text(path.read_text().replace("count(*) as", "sum(messages.message_key) as"))
    mail(connection, "2024-01-05")
    with pytest.raises(PublishError, match="copy_count HUGEINT: cast"):
        release(connection, Graph.load(tmp_path / "sql"), settings)


def test_for_an_organisation_names_and_addresses_are_not_published(connection, graph, settings):
    mail(connection, "2024-01-05")
    organisation = settings.model_copy(update={"audience": "organisation"})
    release(connection, graph, organisation)
    rows = pq.read_table(settings.parquet / "people.parquet").to_pylist()
    assert rows == [{"person_id": 1, "name": None, "address": None}]
    everything = b"".join(files(settings.parquet).values())
    assert b"ann@x.example" not in everything


def test_names_that_were_published_go_when_the_audience_changes(connection, graph, settings):
    mail(connection, "2024-01-05")
    release(connection, graph, settings)
    assert b"ann@x.example" in b"".join(files(settings.parquet).values())
    organisation = settings.model_copy(update={"audience": "organisation"})
    assert is_outdated(organisation)
    again = release(connection, graph, organisation)
    assert again.written >= {"people.parquet"}
    assert "copies/2024-01.parquet" not in again.written
    assert b"ann@x.example" not in b"".join(files(settings.parquet).values())
    assert not is_outdated(organisation)


def test_the_folder_is_closed_to_others(connection, graph, settings):
    mail(connection, "2024-01-05")
    release(connection, graph, settings)
    for folder in (settings.parquet, settings.parquet / "copies"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_reading_a_manifest_gives_back_what_was_published(connection, graph, settings):
    mail(connection, "2024-01-05", "2024-02-05")
    published = release(connection, graph, settings)
    assert tuple(read_manifest(settings.parquet)) == published.files
    assert [file.month for file in published.of("copies")] == [
        f"{date(2024, month, 1):%Y-%m}" for month in (1, 2)
    ]


SCORES = {
    "staging/mailboxes.sql": """\
-- Whose is each mailbox?
--
-- Grain: mailbox_id

select
    mailboxes.mailbox_id,  -- mailbox
    mailboxes.address_key as person_id,  -- owner
from raw.mailboxes
""",
    "metrics/scores.sql": """\
-- How well does everybody do?
--
-- Grain:    month, person_id
-- Personal: person_id

select
    wanted_months.month,  -- first day; UTC
    unnest([1, 2, 3])::bigint as person_id,  -- person
    0.5::double as score,  -- score; 0 to 1
from staging.wanted_months
""",
}


@pytest.fixture
def scored(graph, tmp_path) -> Graph:
    for name, text in SCORES.items():
        (tmp_path / "sql" / name).write_text(text, encoding="utf-8")
    return Graph.load(tmp_path / "sql")


def own_mailbox(connection, name: str, person: int | None) -> None:
    connection.execute(
        "INSERT INTO raw.mailboxes (mailbox_id, provider, address_key, state) "
        "VALUES (?, 'files', ?, 'ok')",
        [name, person],
    )
    connection.execute("INSERT INTO raw.touched_months VALUES ('raw.mailboxes', NULL)")


def people_scored(settings: Settings, month: str) -> list[int]:
    return pq.read_table(settings.parquet / "scores" / f"{month}.parquet")["person_id"].to_pylist()


@pytest.mark.parametrize(
    ("people_scores", "people"), [("own", [2]), ("all", [1, 2, 3]), ("none", [])]
)
def test_personal_scores_are_published_of_those_whom_the_setting_names(
    connection, scored, settings, people_scores, people
):
    mail(connection, "2024-01-05")
    own_mailbox(connection, "two", 2)
    own_mailbox(connection, "archive of nobody", None)
    release(connection, scored, settings.model_copy(update={"people_scores": people_scores}))
    assert people_scored(settings, "2024-01") == people
    assert pq.read_table(settings.parquet / "people.parquet").num_rows == 1


def test_another_setting_writes_personal_scores_again_and_nothing_else(
    connection, scored, settings
):
    mail(connection, "2024-01-05")
    own_mailbox(connection, "two", 2)
    release(connection, scored, settings.model_copy(update={"people_scores": "all"}))
    assert is_outdated(settings)
    again = release(connection, scored, settings)
    assert again.written == {"scores/2024-01.parquet"}
    assert people_scored(settings, "2024-01") == [2]
    assert not is_outdated(settings)


def test_whoever_connects_a_mailbox_gets_the_scores_of_earlier_months_too(
    connection, scored, settings
):
    mail(connection, "2024-01-05", "2024-02-05")
    own_mailbox(connection, "two", 2)
    release(connection, scored, settings)
    own_mailbox(connection, "three", 3)
    release(connection, scored, settings)
    assert people_scored(settings, "2024-01") == [2, 3]
    assert people_scored(settings, "2024-02") == [2, 3]
