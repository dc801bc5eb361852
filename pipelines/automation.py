"""What starts runs by itself: two schedules, and a sensor for new mailboxes.

Here: when `pull` and `everything` run without anybody asking. All of it is off until switched on.
Not here: what those jobs do (definitions.py, jobs.py).
"""

import hashlib
from collections.abc import Sequence

import dagster as dg

from connectors.pages import PullProblem
from pipelines import audience, pseudonym_key
from pipelines.accounts import connected
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse, WarehouseBusy

_SENSOR_INTERVAL_S = 15 * 60


def schedules(settings: Settings, everything: dg.JobDefinition) -> Sequence[dg.ScheduleDefinition]:
    """`hourly` stores what is new; `daily` computes and publishes it too."""
    hour, minute = settings.daily_at.split(":")
    return [
        dg.ScheduleDefinition(name="hourly", job_name="pull", cron_schedule="23 * * * *"),
        dg.ScheduleDefinition(
            name="daily",
            job=everything,
            cron_schedule=f"{int(minute)} {int(hour)} * * *",
            execution_timezone="UTC",
        ),
    ]


def new_mailboxes(warehouse: Warehouse) -> dg.SensorDefinition:
    """Pulls as soon as a directory lists a mailbox that was never announced."""

    @dg.sensor(
        name="new_mailboxes",
        job_name="pull",
        minimum_interval_seconds=_SENSOR_INTERVAL_S,
        description="Asks the connected directories who is new, and pulls for them.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        try:
            found = unannounced(warehouse)
        except WarehouseBusy as error:
            return dg.SkipReason(str(error))
        except PullProblem as problem:
            return dg.SkipReason(f"{problem.state}: {problem.cure}")
        if not found:
            return dg.SkipReason("no new mailbox")
        # The same newcomers are asked for once, however often the sensor looks before they are in.
        return dg.RunRequest(run_key=hashlib.sha256("\n".join(found).encode()).hexdigest())

    return sensor


def unannounced(warehouse: Warehouse) -> list[str]:
    """Ids of mailboxes that are to be read and that the warehouse does not know; sorted.

    Asks every connected organisation's directory; one that cannot be asked hides nobody in another.
    Raises WarehouseBusy, and the PullProblem of such a one where nobody is new elsewhere.
    """
    settings = warehouse.settings
    accounts = [account for account in connected(settings) if account.is_organisation]
    if not accounts:
        return []
    with warehouse.connect() as connection:
        rows = connection.execute("SELECT mailbox_id FROM raw.mailboxes").fetchall()
    known = {mailbox_id for (mailbox_id,) in rows}
    secret = pseudonym_key.load(settings)
    opted_out = audience.opted_out(settings)
    listed: set[str] = set()
    problem: PullProblem | None = None
    for account in accounts:
        try:
            listed |= {
                f"{account.provider}-{person.directory_id}"
                for person in account.directory(settings)
                if audience.is_candidate(person)
                and audience.choose(audience.candidate(person, secret), settings.pull, opted_out)
                == "read"
            }
        except PullProblem as found:
            problem = found
    new = sorted(listed - known)
    if problem is not None and not new:
        raise problem
    return new
