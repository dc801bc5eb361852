"""The page a person looks at: one self-contained HTML text, made from the published tables.

Here: finding the person, putting the page together, how numbers and dates are written.
Not here: which facts stand out (report_facts.py), pictures (report_charts.py), words, layout and
colours (report.html).

The page runs no script and loads nothing. kith describes and never ranks or labels people: only
ties have states.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
import jinja2

from pipelines import report_charts, report_facts
from pipelines.report_facts import Diversity, Period, Tie, called, readable

_LISTED_TIES = 50
_MAIL_ROWS = 15
_QUIET_ROWS = 15
_CHOICES = 8
_CEILINGS = {"entropy": 1.0, "clustering": 1.0}
_WORDS = [
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]


class NoSuchPerson(ValueError):
    """Nobody, or more than one, answers to what was asked for; the text names the cure."""


def find_person(connection: duckdb.DuckDBPyConnection, text: str | None) -> int:
    """The person_id of an address, a person_id, a name or a part of one, whatever its case.

    Without a text: oneself, else the first owner of a mailbox. Raises NoSuchPerson.
    """
    if text is None:
        rows = connection.execute(
            "select person_id from people where is_me or is_mailbox_owner "
            "order by is_me desc nulls last, name nulls last, person_id limit 1"
        ).fetchall()
        if not rows:
            raise NoSuchPerson(
                "no mailbox has an owner yet: import or connect one and run `kith run`, "
                "or name a person: `kith report ADDRESS`"
            )
        return rows[0][0]
    for condition in (
        "lower(address) = lower($text) or cast(person_id as varchar) = $text",
        "kind = 'person' and lower(name) = lower($text)",
        "kind = 'person' and contains(lower(concat_ws(' ', name, address)), lower($text))",
    ):
        rows = connection.execute(
            f"select person_id, name, address from people where {condition} order by 2, 3, 1",
            {"text": text.strip()},
        ).fetchall()
        if len(rows) == 1:
            return rows[0][0]
        if rows:
            raise NoSuchPerson(_ambiguous(text, rows))
    raise NoSuchPerson(
        f"nobody is called {readable(text) or 'nothing'}; "
        '`kith query "select name, address, person_id from people"` lists everybody'
    )


def page(connection: duckdb.DuckDBPyConnection, person_id: int, month: date | None = None) -> str:
    """The whole page as HTML.

    connection  the published tables by name (warehouse.open_published)
    month       first day of the month to describe; the newest with anything in it where not given
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
    return _template().render(
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
        definitions=report_facts.definitions(connection),
    )


def amount(number: float | None, digits: int = 1) -> str:
    """A number with fixed digits, so that columns align; a dash where it is undefined."""
    if number is None:
        return "–"
    smallest = 10.0**-digits
    if 0 < number < smallest / 2:
        return f"<{smallest:.{digits}f}"
    return f"{number:,.{digits}f}"


def percent(share: float | None) -> str:
    """A share of 0 to 1 in per cent; a dash where it is undefined."""
    if share is None:
        return "–"
    return "<1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


def day(when: date, month: str = "%B") -> str:
    """As in 3 October 2026; ``%b`` for 3 Oct 2026."""
    return f"{when.day} {when:{month} %Y}"


def counted(number: int, one: str, many: str) -> str:
    """``one`` or ``many`` behind the number, which is a word as long as it is short."""
    word = _WORDS[number] if number < len(_WORDS) else f"{number:,}"
    return f"{word} {one if number == 1 else many}"


def _ambiguous(text: str, rows: Sequence[tuple[int, str | None, str | None]]) -> str:
    choices = ", ".join(f"{called(*row)} <{readable(row[2]) or row[0]}>" for row in rows[:_CHOICES])
    more = f" and {len(rows) - _CHOICES} more" if len(rows) > _CHOICES else ""
    return f"{readable(text)} may be {choices}{more}; give what stands in <> for one of them"


def _lines(
    connection: duckdb.DuckDBPyConnection, person_id: int, period: Period, ties: Sequence[Tie]
) -> dict | None:
    """The picture of the closest ties for wide and narrow pages; None where there is no line."""
    now, once = report_facts.closest(ties, report_charts.MOST_LINES)
    if len(period.months) < 2 or not now + once:
        return None
    strengths = report_facts.strengths(connection, person_id, period, now + once)
    pictures = {
        key: report_charts.strength_lines(
            period.months,
            [
                report_charts.Line(
                    f"{readable(tie.name, frame.names)}  {amount(tie.strength)}",
                    strengths[tie.contact_id],
                )
                for tie in now + once
            ],
            frame,
        )
        for key, frame in (("wide", report_charts.WIDE), ("narrow", report_charts.NARROW))
    }
    return {"now": now, "once": once, **pictures}


def _trends(history: Diversity, period: Period) -> dict[str, str]:
    """The picture of each diversity measure that is defined in at least two months."""
    pictures = {}
    for column in report_facts.MEASURES:
        values = [history.get(month, {}).get(column) for month in period.months]
        if sum(value is not None for value in values) > 1:
            pictures[column] = report_charts.trend(period.months, values, _CEILINGS.get(column))
    return pictures


def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True,
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"amount": amount, "percent": percent, "day": day, "counted": counted}
    environment.filters["month"] = "{:%B %Y}".format
    return environment.get_template("report.html")
