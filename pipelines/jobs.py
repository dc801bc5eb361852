"""`everything`: the job that runs `pull` and then `compute` for the months it touched.

Here: running jobs one after the other in this process, and which months `compute` gets.
Not here: what `pull` and `compute` consist of (definitions.py), and the terminal (run.py).

Dagster 1.13 cannot run an asset with months on another asset with months in a run without months:
it looks for the run's partition to find the input's data version. Which months are stale is known
only after the pull. So `everything` is a job of its own that runs `pull`, asks, and runs `compute`
for that range in the same process; months, checks and metadata are then Dagster's own records.

Runs wait for each other at the warehouse's lock, not at a Dagster pool: with both, one run could
hold the lock and wait for the pool while another holds the pool and waits for the lock.
"""

from collections.abc import Callable, Sequence
from datetime import date

import dagster as dg

from pipelines import history, imports, ingest, pseudonym_key
from pipelines.assets import ONLY_STALE, RANGE_END, RANGE_START
from pipelines.build import is_fresh, stale_range
from pipelines.models import Graph
from pipelines.publish import MANIFEST, is_outdated
from pipelines.publish_groups import is_current
from pipelines.settings import SettingsError
from pipelines.warehouse import Warehouse


def everything(warehouse: Warehouse, load: Callable[[], dg.Definitions]) -> dg.JobDefinition:
    """`everything`; ``load`` gives the definitions that hold `pull` and `compute`."""

    @dg.op(name="pull_and_compute")
    def pull_and_compute(context: dg.OpExecutionContext) -> None:
        """Pull what is new, then compute, check and publish the months that it touches."""
        # The lock is held from the first step to the last: no other run sees a half of this one.
        with warehouse.connect(), history.written_lazily():
            results = run_jobs(load(), warehouse, context.instance, ("pull", "compute"), None)
        for result in results:
            context.log.info(f"{result.dagster_run.job_name}: run {result.run_id}")
            if not result.success:
                raise dg.Failure(f"{result.dagster_run.job_name} failed: {reason(result)}")
        if len(results) == 1:
            context.log.info("nothing new, nothing computed")

    @dg.job(name="everything", description="Pull what is new, compute its months, check, publish.")
    def job() -> None:
        pull_and_compute()

    return job


def run_jobs(
    definitions: dg.Definitions,
    warehouse: Warehouse,
    instance: dg.DagsterInstance,
    jobs: Sequence[str],
    months: tuple[date, date] | None,
) -> list[dg.ExecuteInProcessResult]:
    """Run jobs one after the other in this process until one fails; their results.

    Where a pull brought nothing new, nothing is computed.

    months  first and last month to compute; None for those that are stale
    """
    results = []
    loggers = {"loggers": {name: {} for name in definitions.loggers or ()}}
    for name in jobs:
        if results and not months and nothing_new(warehouse):
            break
        tags = _range(warehouse, months) if name == "compute" else {}
        job = definitions.resolve_job_def(name)
        results.append(
            job.execute_in_process(
                instance=instance, run_config=loggers, tags=tags, raise_on_error=False
            )
        )
        if not results[-1].success:
            break
    return results


def nothing_new(warehouse: Warehouse) -> bool:
    """Whether there is nothing on disk to store, compute or publish, found in half a second."""
    settings = warehouse.settings
    with warehouse.connect() as connection:
        secret = pseudonym_key.load(settings)
        return (
            not imports.pending(connection, settings)
            and not ingest.settings_differ(connection, settings, secret)
            and is_fresh(connection, Graph.load())
            and (settings.parquet / MANIFEST).exists()
            and not is_outdated(settings)
            and is_current(settings)
        )


def reason(result: dg.ExecuteInProcessResult) -> str | None:
    """Why a run failed, in the words of the innermost error; None where it did not."""
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            while error.cause:
                error = error.cause
            return f"{event.step_key}: {error.message.strip()}"
    return None


def _range(warehouse: Warehouse, months: tuple[date, date] | None) -> dict[str, str]:
    """The tags that give a run its months. Raises SettingsError for one before first_month."""
    only_stale = {ONLY_STALE: "true"} if months is None else {}
    if months is None:
        with warehouse.connect() as connection:
            months = stale_range(connection, Graph.load())
    first = date.fromisoformat(f"{warehouse.settings.first_month}-01")
    start, end = months or (first, first)
    if start < first:
        raise SettingsError(
            f"there is mail of {start:%Y-%m}, before first_month {first:%Y-%m}; "
            f'set first_month = "{start:%Y-%m}" in kith.toml'
        )
    return {RANGE_START: str(start), RANGE_END: str(end)} | only_stale
