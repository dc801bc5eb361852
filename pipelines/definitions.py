"""What Dagster loads: assets, checks, jobs and what starts them, put together in one function.

Here: assembly. Not here: any asset's work, any SQL, any connection: loading never opens DuckDB.
"""

import gc
import warnings
from collections.abc import Callable, Mapping

import dagster as dg

from pipelines import jobs
from pipelines.assets import model_asset, parquet_assets, parquet_groups_assets, raw_assets
from pipelines.automation import new_mailboxes, schedules
from pipelines.models import Graph
from pipelines.progress import Progress
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse


@dg.definitions
def defs() -> dg.Definitions:
    """The code location, from kith.toml and sql/. Dagster's runs wait for the warehouse."""
    gc.set_threshold(10_000, 20, 20)  # as cli.main does, in a process that Dagster starts
    settings = Settings.load()
    return build_definitions(settings, Warehouse(settings, waits=True))


def build_definitions(
    settings: Settings,
    warehouse: Warehouse,
    loggers: Mapping[str, dg.LoggerDefinition] | None = None,
    tell: Callable[[Progress], None] = lambda _progress: None,
) -> dg.Definitions:
    """The same for any settings and warehouse, as `kith run` and the tests need it.

    tell  called while mailboxes are pulled
    Raises ModelError for a SQL file that breaks the grammar of models.py.
    """
    graph = Graph.load()
    months = dg.MonthlyPartitionsDefinition(f"{settings.first_month}-01", end_offset=1)
    with warnings.catch_warnings():
        # Single-run backfill is what makes a range of months one SQL statement; its name is beta.
        warnings.simplefilter("ignore", dg.BetaWarning)
        models = [model_asset(graph, model, months) for model in graph.models]
    raw = raw_assets()
    entering = dg.AssetSelection.assets(*raw.keys)
    everything = jobs.everything(warehouse, lambda: build_definitions(settings, warehouse))
    return dg.Definitions(
        assets=[raw, *models, parquet_assets(graph), parquet_groups_assets(graph)],
        jobs=[
            dg.define_asset_job(
                "pull", selection=entering, description="Store what is new; compute nothing."
            ),
            dg.define_asset_job(
                "compute",
                selection=dg.AssetSelection.all() - entering,
                description="Compute the months of a backfill, check, publish.",
            ),
            everything,
        ],
        schedules=schedules(settings, everything),
        sensors=[new_mailboxes(Warehouse(settings))],
        resources={"warehouse": warehouse, "tell": tell},
        executor=dg.in_process_executor,
        loggers=loggers,
    )
