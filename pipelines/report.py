"""The page a person looks at: one self-contained HTML text, made from the published tables.

Here: putting the page together.
Not here: finding the person (lookup.py), which facts stand out (report_facts.py,
report_openings.py, report_scores.py), pictures (report_charts.py, report_network.py), how numbers
are written (report_words.py), words (report.html), layout and colours (report.css), pages about
groups (report_group.py).

The page runs no script and loads nothing. kith describes and never ranks or labels people: only
ties have states.
"""

from collections.abc import Sequence
from datetime import date

import duckdb

from pipelines import (
    report_charts,
    report_facts,
    report_network,
    report_openings,
    report_scores,
    report_words,
)
from pipelines.lookup import NoSuchPerson
from pipelines.report_charts import NARROW, WIDE, Line
from pipelines.report_facts import Diversity, Period, Tie, readable
from pipelines.report_scores import History

_LISTED_TIES = 50
_MAIL_ROWS = 15
_QUIET_ROWS = 15
_CEILINGS = {"entropy": 1.0, "clustering": 1.0, "group_diversity": 1.0}


def page(
    connection: duckdb.DuckDBPyConnection,
    person_id: int,
    month: date | None = None,
    openness_target: float | None = None,
) -> str:
    """The whole page as HTML.

    connection       the published tables by name (warehouse.open_published)
    month            first day of the month to describe; the newest with anything where not given
    openness_target  where the person would like openness to be, 0 to 1
    Raises NoSuchPerson for a person_id that is not in people, or a month that is not computed.
    """
    person = report_facts.person(connection, person_id)
    if person is None:
        raise NoSuchPerson(f"no person_id {person_id} in people; give an address or a name")
    period = report_facts.period(connection, person_id, month)
    if period is None:
        missing = f"{month:%Y-%m} is not computed" if month else "no month is computed yet"
        raise NoSuchPerson(f"{missing}; `kith run` computes, `kith status` shows the months")
    ties = report_facts.ties(connection, person_id, period)
    history = report_facts.diversity(connection, person_id, period)
    with_mail = sorted(
        (tie for tie in ties if tie.reciprocity is not None),
        key=lambda tie: (-tie.mail, tie.contact_id),
    )
    more_out, more_in = report_facts.most_one_sided(with_mail)
    by_state = {
        state: report_facts.by_peak([t for t in ties if t.state == state])
        for state in {tie.state for tie in ties}
    }
    change = report_scores.change(connection, person_id, period)
    change_past_month = period.year_ago if period.year_ago in change else None
    giving = report_scores.giving(connection, person_id, period)
    made, received = report_scores.introductions(connection, person_id, period)
    return report_words.template("report.html").render(
        openings=report_openings.openings(connection, person_id, period),
        network=report_network.network(
            connection, ties, period, "you" if person.is_me else person.name
        ),
        gave=giving.get(period.month),
        gave_past=giving.get(period.year_ago),
        made=made,
        received=received,
        change_now=change.get(period.month),
        change_past=change.get(change_past_month),
        change_past_month=change_past_month,
        openness=_openness(change, period, openness_target),
        target=openness_target,
        coverage=report_scores.coverage(connection, person_id, period),
        person=person,
        period=period,
        is_newest_seen=month is None,
        ties=ties,
        listed=ties[:_LISTED_TIES],
        by_state=by_state,
        states_before=(
            report_facts.states(connection, person_id, period.year_ago)
            if period.year_ago in period.months
            else None
        ),
        quiet_rows=_QUIET_ROWS,
        mail=with_mail[:_MAIL_ROWS],
        mail_count=len(with_mail),
        mail_scale=max((max(tie.mail_out, tie.mail_in) for tie in with_mail), default=0.0) or 1.0,
        more_out=more_out,
        more_in=more_in,
        lines=_lines(connection, person_id, period, ties),
        now=history.get(period.month),
        past=history.get(report_facts.past_month(history, period)),
        past_month=report_facts.past_month(history, period),
        constraint_change=report_facts.constraint_change(history, period),
        trends=_trends(history, period),
        definitions=report_facts.definitions(
            connection, report_facts.DEFINED | report_scores.DEFINED
        ),
    )


def _lines(
    connection: duckdb.DuckDBPyConnection, person_id: int, period: Period, ties: Sequence[Tie]
) -> dict | None:
    """The picture of the closest ties for wide and narrow pages; None where there is no line."""
    now, once = report_facts.closest(ties, report_charts.MOST_LINES)
    if len(period.months) < 2 or not now + once:
        return None
    strengths = report_facts.strengths(connection, person_id, period, now + once)
    pictures = {
        key: report_charts.named_lines(
            period.months,
            [
                Line(
                    f"{readable(tie.name, frame.names)}  {report_words.amount(tie.strength)}",
                    strengths[tie.contact_id],
                )
                for tie in now + once
            ],
            frame,
        )
        for key, frame in (("wide", WIDE), ("narrow", NARROW))
    }
    return {"now": now, "once": once, **pictures}


def _openness(change: History, period: Period, target: float | None) -> dict | None:
    """Openness and closedness over time, and the target; None where there is no line yet."""
    lines = []
    for column in ("openness", "closedness"):
        values = [change.get(month, {}).get(column) for month in period.months]
        if sum(value is not None for value in values) > 1:
            newest = report_words.amount(values[-1], 2)
            lines.append(Line(f"{column}  {newest}", values, is_dashed=False))
    if not lines:
        return None
    if target is not None:
        label = f"target  {report_words.amount(target, 2)}"
        lines.append(Line(label, [target] * len(period.months), is_dashed=True))
    return {
        key: report_charts.named_lines(period.months, lines, frame, ceiling=1.0)
        for key, frame in (("wide", WIDE), ("narrow", NARROW))
    }


def _trends(history: Diversity, period: Period) -> dict[str, str]:
    """The picture of each diversity measure that is defined in at least two months."""
    pictures = {}
    for column in report_facts.MEASURES:
        values = [history.get(month, {}).get(column) for month in period.months]
        if sum(value is not None for value in values) > 1:
            pictures[column] = report_charts.trend(period.months, values, _CEILINGS.get(column))
    return pictures
