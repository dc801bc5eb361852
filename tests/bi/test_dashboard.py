"""The dashboard's files fit together and fit the published tables; Superset is not needed here."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import yaml

from pipelines.settings import ROOT

FOLDER = ROOT / "bi" / "dashboard"
LABELS = (ROOT / "bi" / "person_labels.sql").read_text(encoding="utf-8")


def read(kind: str) -> dict[str, dict]:
    """The definitions of one kind by their uuid."""
    found = [yaml.safe_load(path.read_text("utf-8")) for path in (FOLDER / kind).glob("*.yaml")]
    assert found
    return {one["uuid"]: one for one in found}


DATASETS, CHARTS = read("datasets"), read("charts")
((_, DASHBOARD),) = read("dashboards").items()


@pytest.fixture(scope="module")
def database(published: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with pytest.MonkeyPatch.context() as patch, duckdb.connect() as connection:
        patch.chdir(published)
        connection.execute(Path("views.sql").read_text(encoding="utf-8"))
        connection.execute(LABELS)
        yield connection


@pytest.fixture
def tables(database: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    with database.cursor() as connection:  # what one test makes for itself ends with it
        yield connection


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=lambda one: one["table_name"])
def test_every_dataset_and_every_number_in_it_can_be_asked(tables, dataset: dict):
    rows = tables.sql(dataset["sql"])
    assert len(rows) > 0
    assert len(tables.sql(f"SELECT 1 FROM ({dataset['sql']}) WHERE is_last_month")) > 0
    for metric in dataset["metrics"]:
        ((value,),) = rows.aggregate(metric["expression"]).fetchall()
        assert value is not None, metric["metric_name"]


@pytest.mark.parametrize("chart", CHARTS.values(), ids=lambda one: one["slice_name"])
def test_every_chart_asks_for_what_its_dataset_has(tables, chart: dict):
    dataset = DATASETS[chart["dataset_uuid"]]
    columns = set(tables.sql(dataset["sql"]).columns)
    metrics = {metric["metric_name"] for metric in dataset["metrics"]}
    asked = chart["params"]
    assert asked["viz_type"] == chart["viz_type"]
    assert {asked.get("metric"), *asked.get("metrics", ())} - {None} <= metrics
    assert {asked.get("series_limit_metric")} - {None} <= metrics
    orders = [json.loads(text)[0] for text in asked.get("order_by_cols", ())]
    wanted = [*asked.get("all_columns", ()), *asked.get("groupby", ()), *orders]
    assert {asked.get("x_axis"), *wanted} - {None} <= columns


def test_the_dashboard_shows_every_chart_once_on_five_pages():
    places = [one for one in DASHBOARD["position"].values() if isinstance(one, dict)]
    shown = [one["meta"]["uuid"] for one in places if one["type"] == "CHART"]
    assert sorted(shown) == sorted(CHARTS)
    pages = [one["meta"]["text"] for one in places if one["type"] == "TAB"]
    assert pages == ["Ties", "Giving", "Diversity", "Communities", "Coverage"]
    for place in places:
        children = place.get("children", ())
        assert all(DASHBOARD["position"][child] for child in children)
    numbers = [one["meta"]["chartId"] for one in places if one["type"] == "CHART"]
    assert len(set(numbers)) == len(numbers)


def test_labels_are_unique_and_fall_back_to_the_pseudonym(tables):
    total, distinct = tables.execute(
        "SELECT count(*), count(DISTINCT label) FROM person_labels"
    ).fetchone()
    assert total == distinct > 4
    known = {label for (label,) in tables.execute("SELECT label FROM person_labels").fetchall()}
    assert {"Ann", "guild@lists.x.example"} <= known
    tables.execute(
        "CREATE TEMP VIEW people AS SELECT * REPLACE (NULL AS name, NULL AS address) "
        "FROM memory.main.people"
    )
    tables.execute(LABELS.replace("VIEW person_labels", "TEMP VIEW hidden"))
    hidden = tables.execute("SELECT label FROM hidden").fetchall()
    assert all(re.fullmatch(r"\d+", label) for (label,) in hidden)


def test_two_of_one_name_are_told_apart(tables):
    tables.execute(
        "CREATE TEMP VIEW people AS SELECT * REPLACE ('Ann' AS name) FROM memory.main.people"
    )
    tables.execute(LABELS.replace("VIEW person_labels", "TEMP VIEW alike"))
    labels = [label for (label,) in tables.execute("SELECT label FROM alike").fetchall()]
    assert len(set(labels)) == len(labels)
    assert sum(bool(re.fullmatch(r"Ann \(\d+\)", label)) for label in labels) >= 4


def test_supersets_lock_names_no_index_and_pins_every_package_by_hash():
    lock = (ROOT / "bi" / "requirements.lock").read_text(encoding="utf-8")
    packages = [line for line in lock.splitlines() if "==" in line and "--hash" not in line]
    assert "://" not in lock and "--index" not in lock and "--find-links" not in lock
    assert len(packages) > 100
    assert lock.count("--hash=sha256:") >= len(packages)
