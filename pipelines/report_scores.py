"""What the report says beyond single ties: giving, introductions, openness, what was read.

Here: reading giving, network_change, introductions, coverage and coverage_reasons for one person.
Not here: what the numbers mean (sql/metrics), ties and names (report_facts.py), words and layout
(report.html).

Personal scores exist only for people whose own mailboxes are read (people_scores): for everybody
else there is nothing to read, and the page says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import duckdb

from pipelines import report_facts
from pipelines.report_facts import Period

# The scales that have an animal's or a player's name, in the order of the page.
SCALES = ("closedness", "coyote", "purist")
CHANGE = ("openness", *SCALES, "new_count", "kept_count", "lost_count", "reactivated_count")
GIVING = (
    *("given_count", "received_count", "giving_share", "asked_count", "answered_count"),
    *("answer_rate", "answer_median_hours", "introductions_made_count"),
    *("introductions_received_count", "new_people_reached_count", "revived_count", "tended_share"),
)
DEFINED = {"network_change": CHANGE, "giving": GIVING}
_INTRODUCTIONS = """
    select followed_at, introducer_id, first_id, second_id
    from introductions
    where month between $first and $month
        and (introducer_id = $person or first_id = $person or second_id = $person)
    order by followed_at desc, introducer_id, first_id, second_id
"""
_COVERAGE = """
    select cast(sum(message_count) as bigint), cast(sum(message_contact_count) as bigint),
        cast(sum(meeting_count) as bigint), cast(sum(meeting_contact_count) as bigint),
        count(*), max(first_settled_month)
    from coverage
    where person_id = $person and month = $month
"""
_REASONS = """
    select source, outcome, cast(sum(copy_count) as bigint)
    from coverage_reasons
    where month = $month and outcome <> 'contact'
        and mailbox_id in (
            select mailbox_id from coverage where person_id = $person and month = $month
        )
    group by source, outcome
    order by 3 desc, 1, 2
"""

History = Mapping[date, Mapping[str, float | None]]


@dataclass(frozen=True)
class Introduction:
    """Two people who were brought together, and when they first met.

    introducer, first, second  names; None for the person of the report
    """

    met_on: date
    introducer: str | None
    first: str | None
    second: str | None


@dataclass(frozen=True)
class Coverage:
    """What one person's mailboxes hold of the described month, and what of it is contact.

    reasons  source (mail or calendar), why a copy makes no contact, and how many do; most first
    settled  first month at whose end the mailbox can say what is new; None where it never can yet
    """

    message_count: int
    message_contact_count: int
    meeting_count: int
    meeting_contact_count: int
    mailbox_count: int
    settled: date | None
    reasons: tuple[tuple[str, str, int], ...]


def change(connection: duckdb.DuckDBPyConnection, person_id: int, period: Period) -> History:
    """Columns CHANGE of network_change by month; no entry for a month without a row."""
    return _by_month(connection, "network_change", CHANGE, person_id, period)


def giving(connection: duckdb.DuckDBPyConnection, person_id: int, period: Period) -> History:
    """Columns GIVING of giving by month; no entry for a month without a row."""
    return _by_month(connection, "giving", GIVING, person_id, period)


def introductions(
    connection: duckdb.DuckDBPyConnection, person_id: int, period: Period
) -> tuple[list[Introduction], list[Introduction]]:
    """Those the person made and those the person received in the shown months, newest first."""
    rows = connection.execute(
        _INTRODUCTIONS,
        {"person": person_id, "first": period.months[0], "month": period.month},
    ).fetchall()
    others = {one for row in rows for one in row[1:] if one != person_id}
    names: dict[int, str | None] = {**report_facts.names(connection, others), person_id: None}
    made, received = [], []
    for followed_at, introducer, first, second in rows:
        found = Introduction(followed_at.date(), names[introducer], names[first], names[second])
        (made if introducer == person_id else received).append(found)
    return made, received


def coverage(
    connection: duckdb.DuckDBPyConnection, person_id: int, period: Period
) -> Coverage | None:
    """What was read of the person's own mailboxes; None where none of them is read."""
    scope = {"person": person_id, "month": period.month}
    ((*counts, mailbox_count, settled),) = connection.execute(_COVERAGE, scope).fetchall()
    if not mailbox_count:
        return None
    reasons = connection.execute(_REASONS, scope).fetchall()
    is_settled = settled is not None and settled <= period.month
    return Coverage(*counts, mailbox_count, settled if is_settled else None, tuple(reasons))


def _by_month(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: tuple[str, ...],
    person_id: int,
    period: Period,
) -> dict[date, dict[str, float | None]]:
    listing = ", ".join(f'"{column}"' for column in columns)
    rows = connection.execute(
        f"select month, {listing} from {table} where person_id = ? and month between ? and ?",
        [person_id, period.months[0], period.month],
    ).fetchall()
    return {month: dict(zip(columns, values, strict=True)) for month, *values in rows}
