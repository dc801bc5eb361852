"""What a strength is made of: `kith why`.

Here: the contacts of one pair up to a month's end, what each still weighs, their sums beside the
published numbers, and what passed between the two without being contact.
Not here: the strength itself (sql/metrics/tie_strength.sql), with which the sums must agree; how
any of it looks (terminal.py).
"""

from dataclasses import dataclass
from datetime import date, datetime

import duckdb

TO, FROM, BOTH = "to them", "from them", "both ways"


class NoSuchMonth(ValueError):
    """A month that is not computed; the text names those that are."""


@dataclass(frozen=True)
class Contact:
    """One message or meeting that counts.

    way         to them, from them, or both ways for a meeting
    people      written to, or in the meeting
    weight      attention when it happened; 1 = one message written to one person
    weight_now  what is left of it at as_of
    event_id    message:KEY or meeting:KEY, as in metrics.openings
    """

    at: datetime
    way: str
    channel: str
    people: int
    weight: float
    weight_now: float
    event_id: str


@dataclass(frozen=True)
class LeftOut:
    """Messages or meetings between the two that are no contact, of one way and reason."""

    way: str
    what: str
    why: str
    count: int
    newest_at: datetime


@dataclass(frozen=True)
class Tie:
    """One tie as a person sees it at the end of a month.

    out_sum, in_sum  sums of weight_now, to them and from them
    out_strength, in_strength, strength, state  as published; None where the tie has no row
    """

    month: date
    as_of: datetime
    out_sum: float
    in_sum: float
    out_strength: float | None
    in_strength: float | None
    strength: float | None
    state: str | None
    contacts: tuple[Contact, ...]
    left_out: tuple[LeftOut, ...]


def tie(
    connection: duckdb.DuckDBPyConnection,
    person_id: int,
    contact_id: int,
    month: date | None = None,
) -> Tie:
    """The tie of two people, newest contact first, in the newest month unless one is given.

    connection  the warehouse
    Raises NoSuchMonth.
    """
    month, as_of = _moment(connection, month)
    given = {"person": person_id, "contact": contact_id, "as_of": as_of}
    contacts = tuple(Contact(*row) for row in connection.execute(_CONTACTS, given).fetchall())
    ((out_sum, in_sum),) = connection.execute(_SUMS, given).fetchall()
    left_out = tuple(LeftOut(*row) for row in connection.execute(_LEFT_OUT, given).fetchall())
    published = connection.execute(
        "SELECT out_strength, in_strength, strength, state FROM metrics.tie_strength "
        "WHERE month = $month AND person_id = $person AND contact_id = $contact",
        {"month": month, "person": person_id, "contact": contact_id},
    ).fetchone()
    return Tie(month, as_of, out_sum, in_sum, *(published or (None,) * 4), contacts, left_out)


def _moment(connection: duckdb.DuckDBPyConnection, month: date | None) -> tuple[date, datetime]:
    """The month and its as_of."""
    known = dict(
        connection.execute("SELECT month, as_of FROM metrics.months ORDER BY month").fetchall()
    )
    if not known:
        raise NoSuchMonth("no month is computed yet; try kith run")
    month = month or max(known)
    if month not in known:
        first, last = min(known), max(known)
        raise NoSuchMonth(f"{month:%Y-%m} is not computed; there are {first:%Y-%m} to {last:%Y-%m}")
    return month, known[month]


# A meeting is two contacts of equal weight, one each way; it is shown once.
_WEIGHED = """
    SELECT
        contacts.contact_at,
        CASE
            WHEN contacts.channel = 'meeting' THEN 'both ways'
            WHEN contacts.from_person_id = $person THEN 'to them'
            ELSE 'from them'
        END AS way,
        contacts.channel,
        contacts.participant_count,
        contacts.weight,
        contacts.weight * power(
            2.0,
            -date_diff('day', contacts.contact_date, CAST($as_of AS DATE))
            / parameters.half_life_days
        ) AS weight_now,
        CASE WHEN contacts.channel = 'meeting' THEN 'meeting:' ELSE 'message:' END
        || CAST(contacts.event_id AS VARCHAR) AS event_id
    FROM staging.contacts AS contacts
    CROSS JOIN staging.parameters AS parameters
    WHERE
        contacts.contact_at < $as_of
        AND (
            (contacts.from_person_id = $person AND contacts.to_person_id = $contact)
            OR (
                contacts.from_person_id = $contact
                AND contacts.to_person_id = $person
                AND contacts.channel <> 'meeting'
            )
        )
"""

_CONTACTS = f"""
    SELECT contact_at, way, channel, participant_count, weight, weight_now, event_id
    FROM ({_WEIGHED})
    ORDER BY contact_at DESC, way, channel, event_id
"""

_SUMS = f"""
    SELECT
        coalesce(
            sum(CAST(round(weight_now * 1e12) AS BIGINT)) FILTER (way <> 'from them'), 0
        ) / 1e12,
        coalesce(
            sum(CAST(round(weight_now * 1e12) AS BIGINT)) FILTER (way <> 'to them'), 0
        ) / 1e12
    FROM ({_WEIGHED})
"""

# Messages of which one of the two is the author and the other an addressee; meetings with both.
_LEFT_OUT = """
    WITH found AS (
        SELECT
            CASE WHEN messages.author_id = $person THEN 'to them' ELSE 'from them' END AS way,
            'message' AS what,
            messages.left_out_reason AS why,
            messages.sent_at AS happened_at
        FROM staging.messages AS messages
        JOIN staging.recipients AS recipients
            ON recipients.month = messages.month
            AND recipients.message_key = messages.message_key
        WHERE
            messages.left_out_reason IS NOT NULL
            AND messages.sent_at < $as_of
            AND (
                (messages.author_id = $person AND recipients.person_id = $contact)
                OR (messages.author_id = $contact AND recipients.person_id = $person)
            )
        UNION ALL
        SELECT
            'both ways' AS way,
            'meeting' AS what,
            meetings.left_out_reason AS why,
            meetings.start_at AS happened_at
        FROM staging.meetings AS meetings
        JOIN staging.presences AS ones
            ON ones.month = meetings.month
            AND ones.meeting_key = meetings.meeting_key
            AND ones.person_id = $person
        JOIN staging.presences AS others
            ON others.month = meetings.month
            AND others.meeting_key = meetings.meeting_key
            AND others.person_id = $contact
        WHERE meetings.left_out_reason IS NOT NULL AND meetings.start_at < $as_of
    )

    SELECT way, what, why, count(*), max(happened_at)
    FROM found
    GROUP BY way, what, why
    ORDER BY count(*) DESC, way, what, why
"""
