"""What the report knows of a person: rows of the published tables, cleaned and chosen.

Here: reading the tables, names as they may be shown, and which ties stand out.
Not here: words and layout (report.html), pictures (report_charts.py), finding the person
(lookup.py), what the numbers mean (sql/metrics, metric_dictionary).

Names come from mail headers, so they are hostile: they are cleaned as they are read.
"""

import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

SHOWN_MONTHS = 24
MEASURES = "contact_count effective_size constraint entropy clustering group_diversity".split()
_NAME_COLUMNS = 48  # longest name on the page; columns of text
_CLOSEST_NOW = 5
# Mail strengths whose sum is below this are too little to call one-sided.
_MAIL_WORTH_NAMING = 1.0
# A relative change of constraint within this is called no change.
_SAME_SHARE = 0.05
_FEWEST_MONTHS_BETWEEN = 3
DEFINED = {
    "tie_strength": (
        *("strength", "share", "contact_day_count"),
        *("usual_gap_days", "silence_days", "silence_ratio"),
    ),
    "reciprocity": ("mail_out_strength", "mail_in_strength", "reciprocity", "initiation_share"),
    "network_diversity": (*MEASURES, "strong_count", "visible_share"),
}

_PERSON = """
    select name, address, group_name, domain, coalesce(is_me, false),
        coalesce(is_mailbox_owner, false)
    from people where person_id = ?
"""
# The newest month with contact in both directions, else with a trace of it.
_MONTH = """
    select coalesce(
        (select max(month) from network_diversity where person_id = $person and month >= $since),
        (select max(month) from tie_strength where person_id = $person and month >= $since)
    )
"""
_MONTHS = """
    select month, cast(as_of - interval 1 second as date), is_complete,
        date_diff('day', window_start_date, cast(as_of as date)), (select max(month) from months)
    from months
    where month <= $month
    order by month desc limit $shown
"""
# Whoever had ties before the shown months is shown from the first of these on.
_FIRST_SHOWN = """
    select case
        when exists (from tie_strength where person_id = $person and month < $since) then $since
        else coalesce(
            (
                select min(month) from tie_strength
                where person_id = $person and month between $since and $month
            ),
            $month
        )
    end
"""
_NAMES = """
    select person_id, name, address from people where list_contains($ids, person_id)
"""
_TIES = """
    select ties.contact_id, people.name, people.address, people.group_name, people.domain,
        ties.state, ties.strength, ties.share, ties.contact_day_count,
        cast(ties.last_contact_at as date), ties.usual_gap_days, ties.silence_days,
        ties.silence_ratio, history.peak, history.peak_month, reciprocity.mail_out_strength,
        reciprocity.mail_in_strength, reciprocity.reciprocity, reciprocity.started_count,
        reciprocity.received_start_count
    from tie_strength as ties
    left join people on people.person_id = ties.contact_id
    left join (
        select contact_id, max(strength) as peak, arg_max(month, (strength, month)) as peak_month
        from tie_strength
        where person_id = $person and month between $first and $month
        group by contact_id
    ) as history on history.contact_id = ties.contact_id
    left join reciprocity
        on reciprocity.month = ties.month and reciprocity.person_id = ties.person_id
        and reciprocity.contact_id = ties.contact_id
    where ties.month = $month and ties.person_id = $person
    order by ties.strength desc, greatest(ties.out_strength, ties.in_strength) desc, ties.contact_id
"""
_STATES = "select state, count(*) from tie_strength where person_id = ? and month = ? group by 1"
_STRENGTHS = """
    select contact_id, month, strength from tie_strength
    where person_id = $person and month between $first and $month
        and list_contains($contacts, contact_id)
"""
_DICTIONARY = """
    select table_name, column_name, meaning, unit, source, high_means, low_means
    from metric_dictionary
"""


@dataclass(frozen=True)
class Person:
    """Whose page it is."""

    person_id: int
    name: str
    place: str | None
    is_me: bool
    is_mailbox_owner: bool


@dataclass(frozen=True)
class Period:
    """The months that a page shows.

    months       first days, ascending; the last is the month that is described
    figures_to   last day that counts in it
    window_days  how far back "now" reaches from there
    newest       the newest month that is computed at all
    """

    months: tuple[date, ...]
    figures_to: date
    is_complete: bool
    window_days: int
    newest: date

    @property
    def month(self) -> date:
        """The month that is described."""
        return self.months[-1]

    @property
    def year_ago(self) -> date:
        """The same month a year before."""
        return self.month.replace(year=self.month.year - 1)


@dataclass(frozen=True)
class Tie:
    """One tie in the described month, seen from the person; what is undefined is None.

    peak  highest strength in the shown months, reached in peak_month
    mail_out, mail_in, reciprocity, started, received  None without mail in the window
    """

    contact_id: int
    name: str
    place: str | None
    state: str
    strength: float
    share: float | None
    day_count: int
    last_contact_on: date
    usual_gap_days: float | None
    silence_days: int | None
    silence_ratio: float | None
    peak: float
    peak_month: date
    mail_out: float | None
    mail_in: float | None
    reciprocity: float | None
    started: int | None
    received: int | None

    @property
    def mail(self) -> float:
        """Mail strength in both directions together."""
        return (self.mail_out or 0.0) + (self.mail_in or 0.0)


Diversity = Mapping[date, Mapping[str, float | None]]


def readable(text: str | None, columns: int = _NAME_COLUMNS) -> str:
    """A name that can be shown: one line, no control or bidi characters, at most ``columns`` wide.

    Gives "" where nothing is left to see.
    """
    kept: list[str] = []
    marks = width = 0
    for character in unicodedata.normalize("NFC", text or ""):
        category = unicodedata.category(character)
        if category[0] == "Z" or character in "\t\r\n":
            character = " "
        elif category[0] == "C":
            continue
        # Stacked accents would run over the lines above and below.
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > 2 or (character == " " and (not kept or kept[-1] == " ")):
            continue
        if not marks:
            width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if width > columns:
            return "".join(kept[:-1]).rstrip() + "…"
        kept.append(character)
    return "".join(kept).rstrip()


def called(person_id: int, name: str | None, address: str | None) -> str:
    """What a person is called on the page; pseudonymous tables have neither name nor address."""
    return readable(name) or readable(address) or f"person {person_id}"


def person(connection: duckdb.DuckDBPyConnection, person_id: int) -> Person | None:
    """The person, or None where nobody has this person_id."""
    rows = connection.execute(_PERSON, [person_id]).fetchall()
    if not rows:
        return None
    name, address, group, domain, is_me, is_owner = rows[0]
    name = called(person_id, name, address)
    return Person(person_id, name, _place(group, domain), is_me, is_owner)


def period(
    connection: duckdb.DuckDBPyConnection, person_id: int, month: date | None
) -> Period | None:
    """Up to 24 months from the person's first tie on; None where the month is not computed."""
    ((newest,),) = connection.execute("select max(month) from months").fetchall()
    if newest is None:
        return None
    month = month or _newest_seen(connection, person_id, newest) or newest
    scope = {"month": month, "shown": SHOWN_MONTHS}
    rows = connection.execute(_MONTHS, scope).fetchall()
    if not rows or rows[0][0] != month:
        return None
    scope = {"person": person_id, "month": month, "since": rows[-1][0]}
    ((first,),) = connection.execute(_FIRST_SHOWN, scope).fetchall()
    months = tuple(row[0] for row in reversed(rows) if row[0] >= first)
    return Period(months, *rows[0][1:])


def _newest_seen(
    connection: duckdb.DuckDBPyConnection, person_id: int, newest: date
) -> date | None:
    """The newest month with anything of the person; the whole past is read only in need."""
    for since in (newest.replace(year=newest.year - 1), date.min):
        scope = {"person": person_id, "since": since}
        ((month,),) = connection.execute(_MONTH, scope).fetchall()
        if month is not None:
            return month
    return None


def ties(connection: duckdb.DuckDBPyConnection, person_id: int, period: Period) -> list[Tie]:
    """The ties of the described month, strongest first."""
    scope = {"person": person_id, "first": period.months[0], "month": period.month}
    rows = connection.execute(_TIES, scope).fetchall()
    names = [called(*row[:3]) for row in rows]
    times = Counter(name.casefold() for name in names)
    found = []
    for name, (contact_id, _, address, group, domain, *values) in zip(names, rows, strict=True):
        # Two people of one name would be one person to the eye.
        if times[name.casefold()] > 1:
            name = f"{name} ({readable(address) or contact_id})"
        found.append(Tie(contact_id, name, _place(group, domain), *values))
    return found


def names(connection: duckdb.DuckDBPyConnection, ids: Collection[int]) -> dict[int, str]:
    """What each of some people is called; who shares a name with another of them is told apart."""
    known = {
        person_id: (name, address)
        for person_id, name, address in connection.execute(_NAMES, {"ids": sorted(ids)}).fetchall()
    }
    shown = {one: called(one, *known.get(one, (None, None))) for one in ids}
    times = Counter(name.casefold() for name in shown.values())
    return {
        one: name
        if times[name.casefold()] == 1
        else f"{name} ({readable(known.get(one, (None, None))[1]) or one})"
        for one, name in shown.items()
    }


def diversity(
    connection: duckdb.DuckDBPyConnection, person_id: int, period: Period
) -> dict[date, dict[str, float | None]]:
    """Columns of network_diversity by month; no entry for a month without contact both ways."""
    columns = DEFINED["network_diversity"]
    listing = ", ".join(f'"{column}"' for column in columns)
    rows = connection.execute(
        f"select month, {listing} from network_diversity "
        "where person_id = ? and month between ? and ?",
        [person_id, period.months[0], period.month],
    ).fetchall()
    return {month: dict(zip(columns, values, strict=True)) for month, *values in rows}


def strengths(
    connection: duckdb.DuckDBPyConnection, person_id: int, period: Period, some: Sequence[Tie]
) -> dict[int, list[float | None]]:
    """Strength in each shown month by contact_id.

    None before the first row of a tie; later, a month without a row is one of no strength.
    """
    rows = connection.execute(
        _STRENGTHS,
        {
            "person": person_id,
            "first": period.months[0],
            "month": period.month,
            "contacts": [tie.contact_id for tie in some],
        },
    ).fetchall()
    seen: dict[int, dict[date, float]] = {}
    for contact_id, month, strength in rows:
        seen.setdefault(contact_id, {})[month] = strength
    return {
        contact_id: [
            months.get(month, 0.0) if month >= min(months) else None for month in period.months
        ]
        for contact_id, months in seen.items()
    }


def states(connection: duckdb.DuckDBPyConnection, person_id: int, month: date) -> Counter[str]:
    """How many ties were in which state in a month."""
    return Counter(dict(connection.execute(_STATES, [person_id, month]).fetchall()))


def definitions(
    connection: duckdb.DuckDBPyConnection, defined: Mapping[str, Sequence[str]]
) -> list[dict]:
    """What the numbers on the page mean, table by table, in the words of the dictionary."""
    known = {
        (table, column): words
        for table, column, *words in connection.execute(_DICTIONARY).fetchall()
    }
    groups = []
    for table, columns in defined.items():
        entries = [
            {"column": column, "meaning": _plain(words[0]), "unit": words[1]}
            | {"high": words[3], "low": words[4]}
            for column in columns
            if (words := known.get((table, column)))
        ]
        sources = {words[2] for (name, _), words in known.items() if name == table and words[2]}
        groups.append({"table": table, "entries": entries, "sources": sorted(sources)})
    return [group for group in groups if group["entries"]]


def closest(some: Sequence[Tie], most: int) -> tuple[list[Tie], list[Tie]]:
    """The closest ties now, and others that were the closest once; together at most ``most``.

    Drawing only those of today would make all ties seem to rise.
    """
    now = [tie for tie in some if tie.strength > 0][:_CLOSEST_NOW]
    others = [tie for tie in some if tie.peak > 0 and tie not in now]
    return now, by_peak(others)[: most - len(now)]


def by_peak(some: Sequence[Tie]) -> list[Tie]:
    """Those that were once the strongest first."""
    return sorted(some, key=lambda tie: (-tie.peak, tie.contact_id))


def most_one_sided(some: Sequence[Tie]) -> tuple[Tie | None, Tie | None]:
    """The tie with most mail out, and that with most in, of which less than half is matched.

    None where there is no such tie with enough mail to say so.
    """
    more_out = [tie for tie in some if tie.mail_out and tie.mail_out > 2 * (tie.mail_in or 0)]
    more_in = [tie for tie in some if tie.mail_in and tie.mail_in > 2 * (tie.mail_out or 0)]
    heaviest = [
        max(
            (tie for tie in side if tie.mail >= _MAIL_WORTH_NAMING),
            key=lambda tie: abs((tie.mail_out or 0) - (tie.mail_in or 0)),
            default=None,
        )
        for side in (more_out, more_in)
    ]
    return heaviest[0], heaviest[1]


def past_month(history: Diversity, period: Period) -> date | None:
    """The own past to compare with: a year ago, else the first month that is far enough away."""
    if period.year_ago in history:
        return period.year_ago
    return next(
        (
            month
            for month in sorted(history)
            if _months_between(month, period.month) >= _FEWEST_MONTHS_BETWEEN
        ),
        None,
    )


def constraint_change(history: Diversity, period: Period) -> int | None:
    """-1 more open than in the past month, 1 more closed, 0 about the same, None unknown."""
    now = history.get(period.month, {}).get("constraint")
    past = past_month(history, period)
    then = history[past]["constraint"] if past else None
    if now is None or not then:
        return None
    change = (now - then) / then
    return 0 if abs(change) <= _SAME_SHARE else (1 if change > 0 else -1)


def _plain(meaning: str) -> str:
    """A meaning without what the table says where there is no number: the page shows a dash."""
    return "; ".join(part for part in meaning.split("; ") if not part.startswith("null"))


def _place(group: str | None, domain: str | None) -> str | None:
    return readable(group) or readable(domain) or None


def _months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month
