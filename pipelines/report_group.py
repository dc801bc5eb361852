"""The page about one group: `kith report --group`, from the tables of groups alone.

Here: finding the group, its ties with others, how far it keeps to itself, lists, the whole network.
Not here: pages about a person (report.py), words (report_group.html), layout and colours
(report.css), what the numbers mean (sql/metrics).

Nothing on this page is about a person. It reads groups, group_ties, homophily, communities,
network, months and the dictionary: of an organisation those in parquet-groups/, of a personal
install those in parquet/, from which it takes no more than the others hold. Whoever asks,
min_group_size is kept.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from pipelines import report_charts, report_facts, report_words
from pipelines.audit import OTHER
from pipelines.models import SQL_FOLDER
from pipelines.report_charts import NARROW, WIDE, Line
from pipelines.report_facts import SHOWN_MONTHS, readable

DEFINED = {
    "group_ties": ("tie_count", "strength", "hours", "density", "ei_index", "homophily"),
    "homophily": ("same_group_share", "expected_share", "coleman_index"),
    "communities": ("answered_share", "first_answer_median_hours", "cross_group_answer_count"),
    "network": ("reciprocity", "mean_strength"),
}

_DRAWN_GROUPS = 6
_MOST_LISTS = 30
_CHOICES = 12
_SCALES = {"ei_index": (1.0, -1.0), "same_group_share": (1.0, 0.0)}  # end and beginning
_MONTHS = """
    select month, cast(as_of - interval 1 second as date), is_complete
    from months
    order by month desc limit $shown
"""
_NAMES = """
    select distinct group_name
    from groups
    where month >= $first and people_count >= $least and group_name <> $rest
    order by group_name
"""
_OWN = """
    select groups.month, groups.people_count, own.ei_index, own.density, own.tie_count,
        homophily.same_group_share, homophily.expected_share, homophily.homophily
    from groups
    left join group_ties as own
        on own.month = groups.month and own.group_a = groups.group_name
        and own.group_b = groups.group_name
    left join homophily
        on homophily.month = groups.month and homophily.group_name = groups.group_name
    where groups.group_name = $name and groups.people_count >= $least and groups.month >= $first
"""
_TIES = """
    select month, case when group_a = $name then group_b else group_a end as other,
        people_count, tie_count, strength, hours, density, ei_index, homophily
    from group_ties
    where month >= $first and group_a <> group_b and (group_a = $name or group_b = $name)
    order by month, strength desc, other
"""
_LISTS = """
    select list_id, member_count, question_count,
        case when answerer_count >= $least then answered_share end,
        case when answerer_count >= $least then first_answer_median_hours end,
        case when answerer_count >= $least then answerer_count end,
        case when answerer_count >= $least then cross_group_answer_count end,
        case when answerer_count >= $least then answer_count end
    from communities
    where month = $month and member_count >= $least
    order by question_count desc, list_id
"""
_NETWORK = "select month, mean_strength, reciprocity from network where month in ($month, $past)"
_OF_ALL = " and scope = 'all'"  # parquet/ has panels too


class NoSuchGroup(ValueError):
    """No group, or more than one, answers to what was asked for; the text names the cure."""


@dataclass(frozen=True)
class GroupTie:
    """How one group and another are connected in a month.

    other  the other group, as it may be shown; None for all that are not told apart
    density, ei_index, homophily  None where the two groups do not show enough
    """

    other: str | None
    people_count: int
    tie_count: int
    strength: float
    hours: float
    density: float | None
    ei_index: float | None
    homophily: float | None


@dataclass(frozen=True)
class MailingList:
    """One list in a month: who asks there is answered how often, and how soon (hours).

    Of few people who answer nothing is said: from answered_share on all is None.
    """

    list_id: int
    member_count: int
    question_count: int
    answered_share: float | None
    median_hours: float | None
    answerer_count: int | None
    cross_group_count: int | None
    answer_count: int | None


def least_people(connection: duckdb.DuckDBPyConnection) -> int:
    """min_group_size: nothing is said of fewer people."""
    parameters = (SQL_FOLDER / "staging" / "parameters.sql").read_text(encoding="utf-8")
    ((least,),) = connection.execute(f"select min_group_size from ({parameters})").fetchall()
    return least


def find_group(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    """The group of that name, whatever its case, or of which it is a part. Raises NoSuchGroup."""
    months = _months(connection)
    least = least_people(connection)
    scope = {"first": months[0][0], "least": least, "rest": OTHER}
    names = [name for (name,) in connection.execute(_NAMES, scope).fetchall()]
    wanted = text.strip().casefold()
    for matching in (
        [name for name in names if name.casefold() == wanted],
        [name for name in names if wanted and wanted in name.casefold()],
    ):
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise NoSuchGroup(f"{readable(text)} may be {_listed(matching)}; write one in full")
    known = f"there are {_listed(names)}" if names else "there is none"
    raise NoSuchGroup(
        f"no group of at least {least} people is called {readable(text) or 'nothing'}; {known}"
    )


def page(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    """The whole page as HTML, for the newest month in which the group is large enough.

    connection  the published tables by name (warehouse.open_published)
    name        as the tables write it (find_group)
    Raises NoSuchGroup.
    """
    known = _months(connection)
    least = least_people(connection)
    scope = {"name": name, "first": known[0][0], "least": least}
    own = _own(connection, scope)
    if not own:
        raise NoSuchGroup(f"{readable(name)} has never had {least} people in the months shown")
    month = max(own)
    months = [row[0] for row in known if min(own) <= row[0] <= month]
    ties = _ties(connection, {"name": name, "first": known[0][0]})
    shown = [tie for tie in ties.get(month, ()) if tie.people_count >= least]
    named = [tie for tie in shown if tie.other]
    lists = connection.execute(_LISTS, {"month": month, "least": least}).fetchall()
    (ended,) = (row for row in known if row[0] == month)
    past = month.replace(year=month.year - 1)
    network = _network(connection, month, past)
    return report_words.template("report_group.html").render(
        name=readable(name),
        month=month,
        figures_to=ended[1],
        is_complete=ended[2],
        least=least,
        now=own[month],
        past=own.get(past),
        past_month=past,
        months=months,
        ties=[*named, *(tie for tie in shown if not tie.other)],
        named=named,
        hides=len(ties.get(month, ())) > len(shown),
        lines=_lines(months, ties, named, least),
        trends=_trends(months, own),
        lists=[MailingList(*row) for row in lists[:_MOST_LISTS]],
        list_count=len(lists),
        whole=network.get(month),
        whole_past=network.get(past),
        definitions=report_facts.definitions(connection, DEFINED),
    )


def file_name(name: str) -> str:
    """A name for the page's file: of a group's name only letters and digits are left."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"group-{words}-{digest}.html" if words else f"group-{digest}.html"


def _months(connection: duckdb.DuckDBPyConnection) -> list[tuple[date, date, bool]]:
    """First day, last day that counts, and whether it is over, of the shown months, ascending."""
    rows = connection.execute(_MONTHS, {"shown": SHOWN_MONTHS}).fetchall()
    if not rows:
        raise NoSuchGroup("no month is computed yet; `kith run` computes")
    return rows[::-1]


def _own(
    connection: duckdb.DuckDBPyConnection, scope: Mapping[str, object]
) -> dict[date, dict[str, float | None]]:
    result = connection.execute(_OWN, scope)
    columns = [column for column, *_ in result.description][1:]
    return {month: dict(zip(columns, row, strict=True)) for month, *row in result.fetchall()}


def _ties(
    connection: duckdb.DuckDBPyConnection, scope: Mapping[str, object]
) -> dict[date, list[GroupTie]]:
    found: dict[date, list[GroupTie]] = {}
    for month, other, *values in connection.execute(_TIES, scope).fetchall():
        name = None if other == OTHER else readable(other) or "–"
        found.setdefault(month, []).append(GroupTie(name, *values))
    return found


def _network(
    connection: duckdb.DuckDBPyConnection, month: date, past: date
) -> dict[date, dict[str, float | None]]:
    """Mean strength and what is returned, of all who are seen, in the two months."""
    columns = {row[0] for row in connection.execute("describe network").fetchall()}
    query = _NETWORK + (_OF_ALL if "scope" in columns else "")
    rows = connection.execute(query, {"month": month, "past": past}).fetchall()
    return {
        when: {"mean_strength": strength, "reciprocity": returned}
        for when, strength, returned in rows
    }


def _lines(
    months: Sequence[date],
    ties: Mapping[date, Sequence[GroupTie]],
    shown: Sequence[GroupTie],
    least: int,
) -> dict | None:
    """Strength with the closest groups over time; None where there is no line yet."""
    if len(months) < 2 or not shown:
        return None
    drawn = shown[:_DRAWN_GROUPS]
    strength = {
        (month, tie.other): tie.strength
        for month, some in ties.items()
        for tie in some
        if tie.people_count >= least
    }
    return {
        key: report_charts.named_lines(
            months,
            [
                Line(
                    f"{readable(tie.other, frame.names)}  {report_words.amount(tie.strength, 0)}",
                    [strength.get((month, tie.other)) for month in months],
                )
                for tie in drawn
            ],
            frame,
        )
        for key, frame in (("wide", WIDE), ("narrow", NARROW))
    }


def _trends(
    months: Sequence[date], own: Mapping[date, Mapping[str, float | None]]
) -> dict[str, str]:
    pictures = {}
    for column in ("people_count", *_SCALES):
        values = [own.get(month, {}).get(column) for month in months]
        if sum(value is not None for value in values) > 1:
            ceiling, floor = _SCALES.get(column, (None, 0.0))
            pictures[column] = report_charts.trend(months, values, ceiling, floor)
    return pictures


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _CHOICES} more" if len(names) > _CHOICES else ""
    return ", ".join(readable(name) for name in names[:_CHOICES]) + more
