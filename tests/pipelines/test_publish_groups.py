"""parquet-groups/ holds what may be shared, whole and audited, or stays as it was."""

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.assets import parquet_groups_assets
from pipelines.audit import AuditFailed
from pipelines.build import build
from pipelines.models import Graph
from pipelines.publish import publish
from pipelines.publish_groups import SHARED, is_current, publish_groups
from pipelines.raw_tables import RAW_TABLES
from pipelines.settings import Settings
from pipelines.store import Batch, store
from pipelines.warehouse import Warehouse

PEOPLE = range(1, 25)
MONTHS = """\
select
    date_trunc('month', messages.sent_at)::date as month,  -- first day
    max(messages.sent_at) as as_of,  -- newest message; UTC
    max(messages.sent_at)::date as as_of_date,  -- its day
    min(messages.sent_at)::date as window_start_date,  -- oldest
    true as is_complete,  -- always
from raw.messages
group by all
"""
# A house in which two groups of as many people as there are messages are tied.
FILES = {
    "staging/months.sql": ("month", MONTHS),
    "staging/parameters.sql": (
        None,
        "select 5::bigint as min_group_size,  -- nothing is said of a smaller group; people\n",
    ),
    "staging/counts.sql": (
        "month",
        """\
select
    wanted_months.month,  -- month
    count(*) as message_count,  -- messages
from raw.messages
join staging.wanted_months on wanted_months.month = date_trunc('month', messages.sent_at)::date
group by all
""",
    ),
    "staging/shared_communities.sql": (
        "month, list_id",
        """\
select
    counts.month,  -- month
    7::bigint as list_id,  -- list
    counts.message_count as member_count,  -- members; people
from staging.counts
join staging.wanted_months on wanted_months.month = counts.month
""",
    ),
    "staging/shared_network.sql": (
        "month",
        """\
select
    counts.month,  -- month
    0.5::double as mutual_share,  -- mutual; 0 to 1
from staging.counts
join staging.wanted_months on wanted_months.month = counts.month
""",
    ),
    "metrics/communities.sql": (
        "month, list_id",
        """\
select
    counts.month,  -- month
    7::bigint as list_id,  -- list
    counts.message_count as member_count,  -- members; people
    1::bigint as lurker_count,  -- not shared; people
from staging.counts
join staging.wanted_months on wanted_months.month = counts.month
""",
    ),
    "metrics/network.sql": (
        "month",
        """\
select
    counts.month,  -- month
    counts.message_count as people_count,  -- not shared; people
    0.5::double as mutual_share,  -- mutual; 0 to 1
from staging.counts
join staging.wanted_months on wanted_months.month = counts.month
""",
    ),
    "metrics/months.sql": (
        "month",
        """\
select
    months.month,  -- month
    months.as_of,  -- newest; UTC
from staging.months
""",
    ),
    "metrics/groups.sql": (
        "month, group_name",
        """\
select
    counts.month,  -- month
    unnest(['Law', 'Sales']) as group_name,  -- group
    true as is_internal,  -- always
    counts.message_count as people_count,  -- people
from staging.counts
join staging.wanted_months on wanted_months.month = counts.month
""",
    ),
    "metrics/group_ties.sql": (
        "month, group_a, group_b",
        """\
select
    counts.month,  -- month
    'Law' as group_a,  -- one
    'Sales' as group_b,  -- other
    counts.message_count as people_count,  -- people
    counts.message_count as tie_count,  -- ties; pairs
    1 / counts.message_count as density,  -- density; 0 to 1
    null::double as ei_index,  -- E-I
    null::double as homophily,  -- homophily
from staging.counts
join staging.wanted_months on wanted_months.month = counts.month
""",
    ),
    "metrics/homophily.sql": (
        "month, group_name",
        """\
select
    groups.month,  -- month
    groups.group_name,  -- group
    null::double as same_group_share,  -- share; 0 to 1
    null::double as expected_share,  -- share; 0 to 1
    null::double as homophily,  -- homophily
    null::double as coleman_index,  -- index
from metrics.groups
join staging.wanted_months on wanted_months.month = groups.month
""",
    ),
    "metrics/people.sql": (
        "person_id",
        """\
select
    addresses.address_key as person_id,  -- person
    addresses.address,  -- address
    addresses.address as name,  -- name
from raw.addresses
""",
    ),
}


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    for name, (grain, text) in FILES.items():
        path = tmp_path / "sql" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        header = f"-- What is it?\n--\n-- Grain: {grain or 'one row'}\n\n"
        path.write_text(header + text, encoding="utf-8")
    return Graph.load(tmp_path / "sql")


@pytest.fixture
def organisation(settings: Settings) -> Settings:
    return settings.model_copy(update={"audience": "organisation"})


@pytest.fixture
def connection(warehouse: Warehouse):
    with warehouse.connect() as connection:
        yield connection


def mail(connection, month: int, count: int) -> None:
    """So many messages in a month of 2024."""
    lists = {"reply_to_keys": [], "to_keys": [], "cc_keys": [], "bcc_keys": []}
    lists |= {"reference_keys": [], "automation_signs": []}
    messages = [
        {"mailbox_id": "box", "message_id": f"{month} {number}", "message_key": number}
        | {"sent_at": datetime(2024, month, 1 + number, tzinfo=UTC)}
        | lists
        for number in range(count)
    ]
    people = [{"address_key": 1, "address": "ann@x.example", "domain": "x.example"}]
    rows = {
        name: pa.Table.from_pylist(found, schema=RAW_TABLES[name].schema)
        for name, found in {"raw.messages": messages, "raw.addresses": people}.items()
    }
    store(connection, Batch(mailbox_id="m", stream="s", cursor=str(month), rows=rows))


def release(connection, graph: Graph, settings: Settings):
    for model in graph.models:
        build(connection, graph, model)
    publish(connection, graph, settings)
    return publish_groups(connection, graph, settings)


def files(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_the_folder_holds_group_tables_dictionary_and_manifest(connection, graph, organisation):
    mail(connection, 1, 6)
    mail(connection, 2, 8)
    published = release(connection, graph, organisation)
    found = files(organisation.parquet_groups)
    manifest = json.loads(found.pop("manifest.json"))
    views = found.pop("views.sql").decode()
    assert all(f'VIEW "{table}" AS' in views for table in SHARED), views
    monthly = SHARED.keys() - {"months"}
    assert found.keys() == {"months.parquet", "metric_dictionary.parquet"} | {
        f"{table}/2024-{month:02}.parquet" for table in monthly for month in (1, 2)
    }
    for line in manifest["files"]:
        content = found[line["path"]]
        assert line["sha256"] == hashlib.sha256(content).hexdigest()
        assert line["rows"] == pq.read_table(organisation.parquet_groups / line["path"]).num_rows
    assert len(manifest["files"]) == len(found)
    assert manifest["release_id"] == published.release_id
    assert (manifest["min_group_size"], manifest["as_of"]) == (5, "2024-02-08T00:00:00+00:00")
    assert manifest["metric_versions"].keys() == SHARED.keys()


def test_no_person_and_no_total_over_everybody_is_in_it(connection, graph, organisation):
    mail(connection, 1, 6)
    release(connection, graph, organisation)
    folder = organisation.parquet_groups
    assert b"ann@x.example" not in b"".join(files(folder).values())
    names = pq.read_schema(folder / "network" / "2024-01.parquet").names
    assert names == ["month", "mutual_share"]
    told = pq.read_table(folder / "metric_dictionary.parquet").to_pylist()
    words = {(row["table_name"], row["column_name"]) for row in told}
    columns = {
        (table, name)
        for table in SHARED
        for path in [*folder.glob(f"{table}.parquet"), *folder.glob(f"{table}/*.parquet")]
        for name in pq.read_schema(path).names
    }
    assert columns <= words
    assert {table for table, _ in words} == SHARED.keys()
    assert not {("network", "people_count"), ("communities", "lurker_count")} & words


def test_the_same_rows_give_the_same_bytes_and_nothing_is_written_twice(
    connection, graph, organisation
):
    mail(connection, 1, 6)
    first = release(connection, graph, organisation)
    before = files(organisation.parquet_groups)
    again = publish_groups(connection, graph, organisation)
    assert (again.release_id, again.written) == (first.release_id, frozenset())
    assert files(organisation.parquet_groups) == before
    mail(connection, 2, 6)
    later = release(connection, graph, organisation)
    assert not any("2024-01" in path for path in later.written)


def test_a_failing_audit_publishes_nothing_and_leaves_what_passed(connection, graph, organisation):
    mail(connection, 1, 6)
    release(connection, graph, organisation)
    before = files(organisation.parquet_groups)
    assert is_current(organisation)
    # Three people in a group, in one of two months.
    mail(connection, 2, 3)
    with pytest.raises(AuditFailed, match="groups 2024-02: people of a group"):
        release(connection, graph, organisation)
    assert files(organisation.parquet_groups) == before
    # The tables of people do not wait for it, and the next run tries again.
    assert (organisation.parquet / "groups" / "2024-02.parquet").exists()
    assert not is_current(organisation)


def test_a_failing_first_audit_leaves_no_folder(connection, graph, organisation):
    mail(connection, 1, 3)
    with pytest.raises(AuditFailed):
        release(connection, graph, organisation)
    assert not organisation.parquet_groups.exists()


def test_in_dagster_a_failing_audit_fails_the_run(warehouse, graph, organisation):
    own = Warehouse(organisation)
    with own.connect() as connection:
        mail(connection, 1, 3)
        for model in graph.models:
            build(connection, graph, model)
        publish(connection, graph, organisation)
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [parquet_groups_assets(graph)],
            resources={"warehouse": own},
            instance=instance,
            raise_on_error=False,
        )
    assert not result.success
    (event,) = [event for event in result.all_events if event.is_step_failure]
    assert "people of a group" in event.step_failure_data.error.cause.message


def test_a_personal_install_has_no_such_folder(connection, graph, settings, organisation):
    mail(connection, 1, 6)
    assert release(connection, graph, settings) is None
    assert not settings.parquet_groups.exists()
    assert is_current(settings)
    assert not is_current(organisation)


def test_what_was_shared_goes_when_the_audience_becomes_oneself(
    connection, graph, settings, organisation
):
    mail(connection, 1, 6)
    release(connection, graph, organisation)
    assert is_current(organisation)
    assert not is_current(settings)
    publish_groups(connection, graph, settings)
    assert not settings.parquet_groups.exists()


def test_the_real_models_pass_on_a_house_of_two_departments(connection, organisation):
    """Everything from raw rows to files, with the SQL that is shipped."""
    graph = Graph.load()
    people = [
        {"address_key": n, "address": f"p{n}@x.example", "domain": "x.example"} for n in PEOPLE
    ]
    entries = [
        {"account_id": "house", "directory_id": f"p{n}", "address_key": n, "alias_keys": []}
        | {"valid_from": datetime(2023, 1, 1, tzinfo=UTC), "name": f"Person {n}", "kind": "person"}
        | {"is_active": True, "has_mailbox": True, "department": "Law" if n <= 12 else "Sales"}
        for n in PEOPLE
    ]
    both_ways = [(a, b) for a in PEOPLE for b in PEOPLE if a != b and (a + b) % 3 == 0]
    messages = [
        {"mailbox_id": "box", "message_id": f"{n}", "message_key": n + 1, "author_key": a}
        | {"copy_key": n + 1, "audience_key": n + 1, "address_count": 1}
        | {"sent_at": datetime(2024, 1, 1 + n % 28, tzinfo=UTC), "to_keys": [b]}
        | {"sent_date": date(2024, 1, 1 + n % 28), "reply_to_keys": [], "cc_keys": []}
        | {"bcc_keys": [], "reference_keys": [], "automation_signs": []}
        for n, (a, b) in enumerate(both_ways)
    ]
    boxes = [{"mailbox_id": "box", "provider": "files", "state": "ok"}]
    rows = {
        "raw.addresses": people,
        "raw.people": entries,
        "raw.messages": messages,
        "raw.mailboxes": boxes,
    }
    tables = {
        name: pa.Table.from_pylist(found, schema=RAW_TABLES[name].schema)
        for name, found in rows.items()
    }
    store(connection, Batch(mailbox_id="box", stream="s", cursor="1", rows=tables))
    release(connection, graph, organisation)
    found = pq.read_table(organisation.parquet_groups / "groups" / "2024-01.parquet").to_pylist()
    assert {row["group_name"]: row["people_count"] for row in found} == {"Law": 12, "Sales": 12}
    ties = pq.read_table(organisation.parquet_groups / "group_ties").to_pylist()
    assert sum(row["tie_count"] for row in ties) == len(both_ways) // 2
