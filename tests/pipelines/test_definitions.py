"""What Dagster loads, and that its jobs do in a process of their own what kith run does."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from pipelines import imports, jobs, pseudonym_key, run
from pipelines.build import build, stale_range
from pipelines.definitions import build_definitions
from pipelines.models import Graph
from pipelines.publish import publish
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOT = Path(__file__).with_name("assets.json")
SECRET = bytes(range(32))
DG = Path(sys.executable).with_name("dg")
# As the Dagster UI would draw it if it reached a text in Markdown.
HOSTILE = "[click](javascript:alert(1)) <img src=x onerror=alert(1)> ```"


@pytest.fixture
def definitions(settings: Settings) -> dg.Definitions:
    return build_definitions(settings, Warehouse(settings))


def letters(folder: Path, *days: str) -> Path:
    """An mbox in which Ann and Bob write to each other on each day."""
    path = folder / "letters.mbox"
    pairs = [("ann@x.example", "bob@y.example"), ("bob@y.example", "ann@x.example")]
    path.write_text(
        "".join(
            f"From {one} Mon Jan  1 00:00:00 2024\n"
            f'From: "{one[:3]} {HOSTILE}" <{one}>\nTo: {other}\n'
            f"Message-ID: <{day}.{one}>\nDate: {date.fromisoformat(day):%a, %d %b %Y} "
            f"1{place}:00:00 +0000\n\n\n"
            for day in days
            for place, (one, other) in enumerate(pairs)
        ),
        encoding="ascii",
    )
    return path


def spec_of(spec: dg.AssetSpec) -> dict:
    return {
        "key": spec.key.to_user_string(),
        "group": spec.group_name,
        "deps": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
        "description": spec.description.splitlines()[0],
        "kinds": sorted(spec.kinds),
        "is_monthly": spec.partitions_def is not None,
    }


def test_the_graph_of_assets_is_the_one_that_was_reviewed(definitions: dg.Definitions):
    """After a wanted change of the graph: KITH_SNAPSHOT=1 make test, then read the diff."""
    specs = sorted(map(spec_of, definitions.resolve_all_asset_specs()), key=lambda s: s["key"])
    if os.environ.get("KITH_SNAPSHOT"):
        SNAPSHOT.write_text(json.dumps(specs, indent=1) + "\n", encoding="utf-8")
    assert specs == json.loads(SNAPSHOT.read_text(encoding="utf-8"))


def test_every_table_has_one_blocking_and_one_warning_check(definitions: dg.Definitions):
    found = {}
    for assets in definitions.assets:
        for spec in assets.check_specs:
            found.setdefault(spec.asset_key.to_user_string(), set()).add((spec.name, spec.blocking))
    assert found.pop("raw/mailboxes") == {("every_mailbox_is_read", False)}
    both = {("contract", True), ("expected", False)}
    assert found == {model.name.replace(".", "/"): both for model in Graph.load().models}


def test_loading_opens_neither_database_nor_great_expectations(settings: Settings):
    code = (
        "import sys; from pipelines.definitions import defs; defs();"
        "print([name for name in ('great_expectations', 'googleapiclient', 'msal', 'altair')"
        " if name in sys.modules])"
    )
    environment = os.environ | {"KITH_DATA": str(settings.data_folder)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=ROOT
    )
    assert done.stdout == "[]\n", done.stderr
    assert not settings.database.exists()


def test_jobs_schedules_and_sensor_are_there(definitions: dg.Definitions):
    assert {job.name for job in definitions.jobs} == {"pull", "compute", "everything"}
    assert {one.name: (one.job_name, one.cron_schedule) for one in definitions.schedules} == {
        "hourly": ("pull", "23 * * * *"),
        "daily": ("everything", "0 5 * * *"),
    }
    assert {one.name: one.job_name for one in definitions.sensors} == {"new_mailboxes": "pull"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator["World"]:
    """One run over two letters a month, which several tests look at: a run takes half a minute."""
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("KITH_DATA", "KITH_CONFIG", "KITH_PSEUDONYM_KEY"):
            patch.delenv(name, raising=False)
        home = folder / "dagster_home"
        home.mkdir()
        shutil.copy(ROOT / "dagster_home" / "dagster.yaml", home)
        patch.setenv("DAGSTER_HOME", str(home))
        settings = Settings(data=folder / "data")
        pseudonym_key.write(settings, SECRET)
        mail = letters(folder, "2024-01-05", "2024-03-05")
        imports.keep(settings, mail, "ann@x.example", SECRET)
        steps: list[str] = []
        outcome = run.run(Warehouse(settings), ("pull", "compute"), steps.append)
        yield World(settings, home, outcome, tuple(steps))


@dataclass(frozen=True)
class World:
    settings: Settings
    home: Path
    outcome: run.Outcome
    steps: tuple[str, ...]

    @property
    def parquet(self) -> dict[str, bytes]:
        folder = self.settings.parquet
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_a_run_materialises_each_month_checks_it_and_publishes(world: World):
    assert world.outcome.error is None
    assert world.outcome.failed_checks == ()
    # Little data leaves many tables empty, and that is not unusual.
    assert world.outcome.warnings == ()
    assert world.outcome.months == (date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1))
    assert {"raw", "metrics__tie_strength", "parquet"} <= set(world.steps)
    assert "tie_strength/2024-03.parquet" in world.parquet
    with dg.DagsterInstance.from_config(str(world.home)) as instance:
        key = dg.AssetKey(["metrics", "tie_strength"])
        months = {"2024-01-01", "2024-02-01", "2024-03-01"}
        assert instance.get_materialized_partitions(key) == months
        event = instance.get_latest_materialization_event(key).asset_materialization
        assert event.metadata["dagster/row_count"].value > 0
        assert "dagster/column_schema" in event.metadata
        assert "duration_seconds" in event.metadata


def test_after_a_run_nothing_is_new(world: World):
    assert jobs.nothing_new(Warehouse(world.settings))


def test_dagster_records_hold_neither_address_nor_name(world: World):
    with Warehouse(world.settings).connect() as connection:
        names = connection.execute("select distinct name from staging.people").fetchall()
    assert (f"ann {HOSTILE}",) in names
    files = [path for path in world.home.rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        for secret in (b"ann@", b"bob@", b"javascript", b"onerror"):
            assert secret not in content, path


def test_another_world_with_the_same_mail_publishes_the_same_bytes(
    world: World, settings, tmp_path
):
    mail = letters(tmp_path, "2024-01-05", "2024-03-05")
    imports.keep(settings, mail, "ann@x.example", SECRET)
    graph = Graph.load()
    with Warehouse(settings).connect() as connection:
        imports.load(connection, settings, SECRET)
        stale_range(connection, graph)
        for model in graph.models:
            build(connection, graph, model)
        publish(connection, graph, settings)
    twin = World(settings, world.home, world.outcome, ())
    assert twin.parquet == world.parquet


def checkout(folder: Path, **texts: tuple[str, str]) -> Path:
    """A copy of the project in which SQL files say something else: stem -> (old, new)."""
    for name in ("connectors", "pipelines", "sql"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for stem, (old, new) in texts.items():
        (path,) = (folder / "sql").glob(f"*/{stem}.sql")
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def rebuilt(world: World, folder: Path, graph: Graph) -> set[str]:
    """Models that a run with another graph computes, on a copy of the data."""
    shutil.copytree(world.settings.data_folder, folder)
    with Warehouse(world.settings.model_copy(update={"data": folder})).connect() as connection:
        return {model.name for model in graph.models if build(connection, graph, model).was_stale}


def resting_on(graph: Graph, *names: str) -> set[str]:
    return {*names, *(model.name for name in names for model in graph.downstream(name))}


def test_a_changed_text_makes_stale_what_rests_on_it_and_only_that_is_computed(
    world: World, tmp_path: Path
):
    """Dagster itself is asked, as its page asks: of whole tables, and of each month of others."""
    house = checkout(
        tmp_path / "house",
        giving=("-- Version:  3", "-- Version:  4"),
        strong_ties=("-- Version: 1", "-- Version: 2"),
    )
    graph = Graph.load(house / "sql")
    monthly = [model.table for model in graph.models if model.is_monthly]
    keys = ", ".join(f'{{path: ["metrics", "{table}"]}}' for table in monthly)
    query = (
        "{ whole: assetNodes { assetKey { path } staleStatus } "
        f"monthly: assetNodes(assetKeys: [{keys}]) {{ assetKey {{ path }} "
        'staleStatus(partition: "2024-03-01") } }'
    )
    answer = tmp_path / "answer.json"
    words = ("--module-name", "pipelines.definitions", "--working-directory", str(house))
    done = subprocess.run(
        [DG.with_name("dagster-graphql"), *words, "--output", answer, "--text", query],
        env=os.environ
        | {"DAGSTER_HOME": str(world.home), "KITH_DATA": str(world.settings.data_folder)},
        capture_output=True,
        text=True,
        cwd=house,
    )
    assert done.returncode == 0, done.stderr
    nodes = [node for part in json.loads(answer.read_text())["data"].values() for node in part]
    stale = {".".join(one["assetKey"]["path"]) for one in nodes if one["staleStatus"] == "STALE"}
    assert stale == {
        "metrics.giving",
        "metrics.network_change",
        "staging.strong_ties",
        "staging.possible_introductions",
        "staging.new_directions",
        "metrics.openings",
    }
    assert stale == resting_on(graph, "metrics.giving", "staging.strong_ties")
    assert rebuilt(world, tmp_path / "data", graph) == stale


def test_a_changed_constant_recomputes_all_that_rests_on_it(world: World, tmp_path: Path):
    other = ("cast(60 as double) as half_life_days", "cast(61 as double) as half_life_days")
    graph = Graph.load(checkout(tmp_path / "house", parameters=other) / "sql")
    found = rebuilt(world, tmp_path / "data", graph)
    assert found == resting_on(graph, "staging.parameters")
    assert {model.name for model in graph.models} - found == {
        "staging.directory_holders",
        "staging.freemail_domains",
        "staging.role_words",
    }


def test_a_failed_blocking_check_publishes_nothing(world: World, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(world.home))
    before = world.parquet
    # A row that breaks the grain of a table which is not stale, so that no build repairs it.
    warehouse = Warehouse(world.settings)
    with warehouse.connect() as connection:
        connection.execute("INSERT INTO metrics.people FROM metrics.people")
        connection.execute("UPDATE staging.built_months SET is_published = false")
    definitions = build_definitions(world.settings, warehouse)
    published = [
        spec.key
        for spec in definitions.resolve_all_asset_specs()
        if spec.key.path[0].startswith("parquet")
    ]
    with warehouse.connect(), dg.DagsterInstance.get() as instance:
        # Of a run just the table that is broken, and what comes after all tables.
        result = definitions.resolve_job_def("compute").execute_in_process(
            asset_selection=[dg.AssetKey(["metrics", "people"]), *published],
            instance=instance,
            raise_on_error=False,
        )
    steps = {event.step_key for event in result.all_events if event.is_step_start}
    assert steps == {"metrics__people"}
    outcome = run.outcome_of([result])
    assert not outcome.succeeded
    assert outcome.failed_checks == (("metrics/people", "contract"),)
    assert world.parquet == before
    with warehouse.connect() as connection:
        unpublished = "SELECT count(*) FROM staging.built_months WHERE NOT is_published"
        assert connection.execute(unpublished).fetchall()[0][0] > 0
        connection.execute("DELETE FROM staging.built_months WHERE table_name = 'metrics.people'")


def test_dg_checks_launches_and_backfills_and_a_second_launch_waits(settings, tmp_path: Path):
    mail = letters(tmp_path, "2024-01-05", "2024-02-05")
    imports.keep(settings, mail, "ann@x.example", SECRET)
    environment = os.environ | {
        "KITH_DATA": str(settings.data_folder),
        "VIRTUAL_ENV": str(DG.parent.parent),
    }

    def dg_says(*words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(DG), *words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
        )

    def ended(process: subprocess.Popen[str]) -> str:
        said, _ = process.communicate()
        assert process.returncode == 0, said
        return said

    assert "All definitions loaded successfully" in ended(dg_says("check", "defs"))
    # Dagster's own first use of a home is not safe for two at once.
    with dg.DagsterInstance.get():
        both = [dg_says("launch", "--job", "everything") for _ in range(2)]
    for process in both:
        ended(process)
    with dg.DagsterInstance.get() as instance:
        # The one that waited found nothing left to compute.
        names = Counter(one.job_name for one in instance.get_runs())
        assert names == {"everything": 2, "pull": 2, "compute": 1}
        key = dg.AssetKey(["metrics", "reciprocity"])
        assert instance.get_materialized_partitions(key) == {"2024-01-01", "2024-02-01"}
        before = len(instance.fetch_materializations(key, limit=100).records)
        months = ("--partition-range", "2024-01-01...2024-02-01")
        ended(dg_says("launch", "--assets", "metrics/reciprocity", *months))
        assert len(instance.fetch_materializations(key, limit=100).records) == before + 2
