"""docs/data-map.md names every column that is stored or published, and no other."""

import re

import pytest

from connectors.records import Event, Mailbox, Message, Reject
from pipelines import data_map, publish
from pipelines.models import Graph
from pipelines.published_keys import keys
from pipelines.settings import Settings

GRAPH = Graph.load()
PAGE = data_map.page(GRAPH)
TABLES = {table.name: table for table in data_map.stored(GRAPH)}


def columns_in_the_page() -> dict[str, list[str]]:
    sections = re.findall(r"^### (\S+)\n(.*?)(?=^### |\Z)", PAGE, re.M | re.S)
    return {name: re.findall(r"^\| `(\w+)` \|", text, re.M) for name, text in sections}


def test_the_page_names_every_column_of_the_database_and_no_other(warehouse):
    with warehouse.connect() as connection:
        for model in GRAPH.models:
            connection.execute(f"CREATE TABLE {model.name} AS {model.text}")
        stored: dict[str, list[str]] = {}
        for table, column in connection.execute(
            "SELECT schema_name || '.' || table_name, column_name FROM duckdb_columns() "
            "WHERE NOT internal"
        ).fetchall():
            stored.setdefault(table, []).append(column)
    made = {model.name: {key.name for key in keys(model)} for model in GRAPH.models}
    mapped = {
        name: sorted(set(columns) - made.get(name, set()))
        for name, columns in columns_in_the_page().items()
        if not name.startswith("imports.") and name != "metrics.metric_dictionary"
    }
    assert mapped == {name: sorted(columns) for name, columns in stored.items()}


def test_the_page_names_every_column_that_publication_adds():
    page = columns_in_the_page()
    assert [table for table, columns in page.items() if "tie_id" in columns] == [
        "metrics.reciprocity",
        "metrics.tie_strength",
        "metrics.ties",
    ]


def test_the_page_names_every_field_of_imported_records():
    mapped = columns_in_the_page()
    for kind in (Mailbox, Message, Event, Reject):
        assert mapped[f"imports.{kind.__name__.lower()}"] == kind.SCHEMA.names


def test_the_page_names_every_column_of_the_dictionary():
    table = publish.metric_dictionary(publish.published(GRAPH))
    assert columns_in_the_page()["metrics.metric_dictionary"] == table.column_names
    assert all(field.metadata[b"meaning"] for field in table.schema)


def test_every_column_has_a_purpose_and_every_table_a_reader_and_an_end():
    for table in TABLES.values():
        assert all(table.columns.values()), table.name
        assert table.purpose.endswith(("?", "."))
        assert table.seen_by
        assert table.kept


def test_only_published_tables_leave_the_machine_and_scores_only_those_of_owners():
    for name, table in TABLES.items():
        if not name.startswith("metrics."):
            assert table.seen_by == data_map.MACHINE
    assert TABLES["metrics.giving"].seen_by == data_map.OWNERS
    assert TABLES["metrics.network_change"].seen_by == data_map.OWNERS
    assert TABLES["metrics.tie_strength"].seen_by == data_map.FOLDER


def test_names_are_marked_where_publishing_hides_them(settings):
    assert TABLES["metrics.people"].hidden == ("name", "address")
    assert PAGE.count(f"; {data_map.UNNAMED} |") == 2


@pytest.mark.parametrize(
    ("table", "unit"),
    [
        ("metrics.tie_strength", "one person"),
        ("metrics.group_ties", "groups of at least 10 people"),
        ("metrics.homophily", "groups of at least 10 people"),
        ("metrics.groups", "groups of at least 10 people"),
        ("metrics.communities", "one mailing list"),
        ("metrics.coverage_reasons", "one mailbox"),
        ("metrics.months", "nobody in particular"),
        ("staging.group_sizes", "one group, however small"),
        ("staging.conversations", "one message"),
        ("staging.meetings", "one meeting"),
        ("raw.messages", "one person"),
        ("raw.people", "one person"),
        ("imports.message", "one person"),
    ],
)
def test_the_smallest_unit_is_the_least_of_which_a_row_speaks(table, unit):
    assert TABLES[table].smallest == unit


def test_whatever_holds_a_pseudonym_of_a_person_speaks_of_one_person():
    """Ids of people end alike; a new one must not pass for nobody."""
    others = {
        "list_id",
        "thread_id",
        "event_id",
        "series_id",
        "calendar_id",
        "folder_id",
        "part_id",
    }
    others |= {"community_id", "item_id", "message_id", "account_id", "mailbox_id"}
    for table in TABLES.values():
        people = {name for name in table.columns if name.endswith("_id")} - others
        if people and table.smallest != "one person":
            raise AssertionError(f"{table.name}: {people}")


def test_nothing_is_said_to_be_kept_for_a_time_that_no_setting_limits():
    """A setting that limits how long rows are kept must stand in the page."""
    has_limit = any("retain" in name for name in Settings.model_fields)
    assert has_limit == ("retain" in PAGE)
