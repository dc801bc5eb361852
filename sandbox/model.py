"""What the village consists of: people, messages, events, and the truth about its habits.

Here: the plain records that the rest of the sandbox fills and that its file writer and servers
read. Every change that a provider would report carries the moment at which it was made.
Not here: how any of it comes about (people.py, plan.py, mail.py, meetings.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.zones import Zone


@dataclass(frozen=True, slots=True)
class Company:
    """An organisation whose mailboxes are read. provider is google or microsoft."""

    key: str
    name: str
    provider: str
    domain: str
    second_domain: str
    zone: Zone
    closings: tuple[tuple[date, date], ...]  # first and last day, company-wide


@dataclass(frozen=True, slots=True)
class Position:
    """Where somebody stands from a day on. level: 1 chief, 2 head, 3 lead, 4 member."""

    since: date
    department: str
    team: str
    manager_id: str | None
    title: str
    level: int


@dataclass(frozen=True, slots=True)
class Leave:
    """Days away, both included; with or without an automatic reply."""

    first: date
    last: date
    replies: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whoever or whatever has an address.

    kind       employee, outsider, freemail, robot, newsletter, list, group, room
    address    the primary one; that of the mailbox, where there is one
    aliases    further addresses of the same mailbox
    company    key of the company; None outside
    positions  oldest first; empty for everybody but employees
    joined     first day with a mailbox; None without one
    left       first day without a mailbox; None while it stays
    """

    id: str
    kind: str
    name: str
    address: str
    aliases: tuple[str, ...] = ()
    company: str | None = None
    zone: Zone
    positions: tuple[Position, ...] = ()
    joined: date | None = None
    left: date | None = None
    leaves: tuple[Leave, ...] = ()

    def position(self, day: date) -> Position:
        """The position on a day; before the first one, the first."""
        held = [position for position in self.positions if position.since <= day]
        return held[-1] if held else self.positions[0]

    def has_mailbox(self, day: date) -> bool:
        """Whether the mailbox exists on a day."""
        return (
            self.joined is not None
            and self.joined <= day
            and (self.left is None or day < self.left)
        )


@dataclass(frozen=True, slots=True)
class MailingList:
    """A list or group address that copies mail to its members' mailboxes.

    is_community   questions and answers in the open (List-Post); else a group that a chief writes to
    """

    person_id: str
    address: str
    list_id: str
    name: str
    member_ids: tuple[str, ...]
    is_community: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message, however many mailboxes hold a copy.

    key        its identity in the village; unlike message_id never missing
    via        address of the list that carried it: copies other than the author's own show List-*
    headers    further header fields, in order
    holders    primary addresses of the mailboxes with a copy, the author's first if there is one
    Times are UTC; addresses are those written in the header.
    """

    key: str
    message_id: str | None
    sent_at: datetime
    author: str
    sender: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    subject: str
    headers: tuple[tuple[str, str], ...] = ()
    via: str | None = None
    holders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody invited. response: accepted, tentative, declined, needs_action; kind: person, room."""

    address: str
    response: str
    kind: str = "person"


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one occurrence, and when it was entered.

    responses   (address, response) pairs that differ from the series
    """

    original_start_at: datetime
    start_at: datetime
    end_at: datetime
    changed_at: datetime
    is_cancelled: bool = False
    responses: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One meeting as it took place or was called off."""

    original_start_at: datetime
    start_at: datetime
    end_at: datetime
    is_cancelled: bool
    attendees: tuple[Attendee, ...]
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A calendar entry: single, or a series with its changed occurrences.

    kind      meeting, out_of_office, focus_time, closing
    starts    every start that the rule gives, cancelled ones included; one for a single event
    rule      RRULE without UNTIL; None for a single event
    days      first and last day of an all-day entry, both included; starts then holds their midnight
    attendees the organizer among them, where there are others
    holders   primary addresses of the mailboxes that show it
    """

    uid: str
    kind: str
    organizer: str
    zone: Zone
    starts: tuple[datetime, ...]
    minutes: int
    created_at: datetime
    rule: str | None = None
    days: tuple[date, date] | None = None
    attendees: tuple[Attendee, ...] = ()
    changes: tuple[Change, ...] = ()
    is_busy: bool = True
    holders: tuple[str, ...] = ()

    def occurrences(self) -> Iterator[Occurrence]:
        """Every occurrence with the responses that hold for it, by original start."""
        from_series = {change.original_start_at: change for change in self.changes}
        for start in self.starts:
            change = from_series.get(start)
            if change is None:
                end = start + self.duration
                yield Occurrence(start, start, end, False, self.attendees, self.created_at)
                continue
            answers = dict(change.responses)
            attendees = tuple(
                Attendee(one.address, answers.get(one.address, one.response), one.kind)
                for one in self.attendees
            )
            yield Occurrence(
                start,
                change.start_at,
                change.end_at,
                change.is_cancelled,
                attendees,
                change.changed_at,
            )

    @property
    def duration(self) -> timedelta:
        """How long an unchanged occurrence takes."""
        return timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class Habit:
    """A planted habit and where it shows.

    people        primary addresses; for a pair its two ends
    measure       published table and column in which it shows, as METRICS.md names them
    tail          high or low: on which side of `compare_with` the people lie; or a state's name
    month         month whose row shows it
    compare_with  the rows among which they stand out
    also          further measures, "table.column high" or "table.column low"
    facts         what was planted: dates and counts that can be looked up in the files
    """

    habit: str
    people: tuple[str, ...]
    measure: str
    tail: str
    month: str
    compare_with: str
    also: tuple[str, ...]
    facts: dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Decoy:
    """Somebody who looks like a habit and has none: must_not names the habits not to report."""

    decoy: str
    people: tuple[str, ...]
    must_not: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything planted that a village of this length shows."""

    habits: tuple[Habit, ...]
    decoys: tuple[Decoy, ...]
