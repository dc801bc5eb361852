"""One run of a job in this process, as `kith run` starts it, and what became of it.

Here: the Dagster instance, the progress lines, failures in words.
Not here: what the job does (definitions.py) and what is printed in the end (cli.py).

Starting Dagster's own launcher costs 6 to 8 seconds a run and loses the terminal; in process the
run is recorded in the same DAGSTER_HOME all the same, so that the UI shows it.
"""

import logging
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg

from pipelines import history
from pipelines.checks import BROKEN
from pipelines.definitions import build_definitions
from pipelines.jobs import reason, run_jobs
from pipelines.progress import Progress
from pipelines.settings import ROOT, Settings
from pipelines.warehouse import Warehouse


@dataclass(frozen=True)
class Outcome:
    """What became of a run.

    failed_checks  (table, check) of every failed blocking check
    warnings       (table, what is unusual in words) of every failed warning check
    error          the first step that broke and why; None where none did
    months         months that were computed
    """

    succeeded: bool
    failed_checks: tuple[tuple[str, str], ...]
    warnings: tuple[tuple[str, str], ...]
    error: str | None
    months: tuple[date, ...]


def dagster_home(settings: Settings) -> Path:
    """DAGSTER_HOME: as set, else the checkout's; the demo keeps its history beside its data.

    A home without settings gets kith's, which keep Dagster from telling its makers about runs.
    """
    if not (home := os.environ.get("DAGSTER_HOME")) and not settings.is_demo:
        return ROOT / "dagster_home"
    folder = Path(home) if home else settings.data_folder / "dagster_home"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "dagster.yaml").exists():
        shutil.copy(ROOT / "dagster_home" / "dagster.yaml", folder)
    return folder


def run(
    warehouse: Warehouse,
    jobs: Sequence[str],
    say: Callable[[str], None],
    months: tuple[date, date] | None = None,
    tell: Callable[[Progress], None] = lambda _progress: None,
) -> Outcome:
    """Run ``jobs`` in order, for the stale months or for the given first to last month.

    say   called with the name of each step that begins
    tell  called while mailboxes are pulled
    Raises WarehouseBusy, KeyProblem and whatever else opening the warehouse raises.
    """
    settings = warehouse.settings
    os.environ["DAGSTER_HOME"] = str(dagster_home(settings))

    def say_and_note(step: str) -> None:
        warehouse.note(f"step {step.replace('__', '.')}")
        say(step)

    def tell_and_note(progress: Progress) -> None:
        warehouse.note(f"mailbox {progress.mailboxes_done} of {progress.mailbox_count}")
        tell(progress)

    logger = _progress(say_and_note)
    definitions = build_definitions(settings, warehouse, {"progress": logger}, tell_and_note)
    # The lock is held from the first step to the last: no other run sees a half of this one.
    with warehouse.connect(), history.written_lazily(), dg.DagsterInstance.get() as instance:
        return outcome_of(run_jobs(definitions, warehouse, instance, jobs, months))


def outcome_of(results: Sequence[dg.ExecuteInProcessResult]) -> Outcome:
    """What the runs of one or more jobs came to together."""
    failed, warned = [], []
    evaluations = [one for result in results for one in result.get_asset_check_evaluations()]
    for evaluation in evaluations:
        if not evaluation.passed:
            table = evaluation.asset_key.to_user_string()
            if evaluation.severity == dg.AssetCheckSeverity.ERROR:
                failed.append((table, evaluation.check_name))
            else:
                words = evaluation.metadata.get(BROKEN)
                warned.append((table, words.text if words else evaluation.check_name))
    months = {
        date.fromisoformat(event.partition)
        for result in results
        for event in result.all_events
        if event.is_step_materialization and event.partition
    }
    return Outcome(
        all(result.success for result in results),
        tuple(failed),
        tuple(warned),
        next(filter(None, map(reason, results)), None),
        tuple(sorted(months)),
    )


def _progress(say: Callable[[str], None]) -> dg.LoggerDefinition:
    class Steps(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            event = getattr(record, "dagster_meta", {}).get("dagster_event")
            if event is not None and event.is_step_start:
                say(event.step_key)

    @dg.logger(description="Names each step as it begins.")
    def progress(_context: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger("kith.progress", logging.DEBUG)
        logger.addHandler(Steps())
        return logger

    return progress
