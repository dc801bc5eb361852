"""One calendar series becomes its occurrences, in bounded time.

Here: which rules are expanded at all, expansion through recurring_ical_events, what changed and
moved occurrences are called. Not here: cutting a file (entries.py), building Events (calendar.py).

dateutil, which expands, searches an impossible rule (every 30 February) up to the year 9999 and
an INTERVAL of 0 for ever, and nothing can stop it. So rules are looked at before: only shapes
that calendars write, and that are sure to hit a day, are expanded.
"""

from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

import icalendar
import recurring_ical_events
from recurring_ical_events import ComponentsWithName, EventAdapter
from recurring_ical_events import Occurrence as LibraryOccurrence

from connectors.files.dates import FIRST_DAY
from connectors.files.entries import Entry, Occurrence

OCCURRENCES = 20_000
RULES = 4
TIMES_A_DAY = 4

BROKEN = "cannot be read as an event"
TOO_OFTEN = "repeats more than four times a day"
UNUSUAL_RULE = "a recurrence rule that no calendar writes and that may never end"
TOO_MANY = "more than 20,000 occurrences"
OUTSIDE = "not between 1990 and the day of the import"
NO_OCCURRENCE = "no occurrence between 1990 and the day of the import"

# What icalendar, dateutil and zoneinfo raise on broken entries; they promise no single type.
LIBRARY_ERRORS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError)

_EVERYWHERE = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYHOUR", "BYMINUTE", "BYSECOND"}
_BESIDE = {
    "DAILY": {"BYDAY", "BYMONTH"},
    "WEEKLY": {"BYDAY", "BYMONTH"},
    "MONTHLY": {"BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS"},
    "YEARLY": {"BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS", "BYWEEKNO", "BYYEARDAY"},
}
_MONTH_DAYS = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_LAST = (("BYMONTHDAY", 31), ("BYWEEKNO", 53), ("BYYEARDAY", 366))


class _Adapter(EventAdapter):
    """The library's view of a VEVENT, that tells which one it is."""

    def __init__(self, component: icalendar.Event):
        super().__init__(component)
        self.component = component


class _Found(LibraryOccurrence):
    """The library's occurrence, that tells whose it is without the copy of a component."""

    def __init__(self, adapter: _Adapter, *times: Any, **more: Any):
        super().__init__(adapter, *times, **more)
        self.component = adapter.component


def utc(value: date, zone: tzinfo) -> datetime:
    """A DTSTART value as an instant: a date is its UTC midnight, floating times lie in ``zone``."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    return value.replace(tzinfo=value.tzinfo or zone).astimezone(UTC)


def expand(series: list[Entry], zone: tzinfo, imported_at: datetime) -> None:
    """Fill in the occurrences of a master and its changed occurrences, or their problems.

    Only occurrences that start from 1990 to ``imported_at`` exist.
    """
    for entry in series:
        try:
            entry.problem = _rule_problem(entry)
        except LIBRARY_ERRORS:
            entry.problem = BROKEN
    sound = [entry for entry in series if entry.problem is None]
    if len(sound) == 1 and not _repeats(sound[0]):
        entry = sound[0]
        entry.occurrences = [Occurrence(entry.replaces or entry.start, entry.start, entry.end)]
    elif sound:
        try:
            _expand_together(sound, zone, imported_at)
        except LIBRARY_ERRORS:
            for entry in sound:
                entry.occurrences = []
                _expand_alone(entry, zone, imported_at)
    for entry in series:
        entry.occurrences = [
            one for one in entry.occurrences if FIRST_DAY <= one.start_at <= imported_at
        ]
        if entry.problem is None and not entry.occurrences:
            entry.problem = NO_OCCURRENCE if _repeats(entry) or len(series) > 1 else OUTSIDE


def _repeats(entry: Entry) -> bool:
    return "RRULE" in entry.component or "RDATE" in entry.component


def _expand_alone(entry: Entry, zone: tzinfo, imported_at: datetime) -> None:
    """One entry of a series that failed as a whole; whichever is broken is left out by itself."""
    if not _repeats(entry):
        entry.occurrences = [Occurrence(entry.replaces or entry.start, entry.start, entry.end)]
        return
    try:
        _expand_together([entry], zone, imported_at)
    except LIBRARY_ERRORS:
        entry.occurrences, entry.problem = [], BROKEN


def _expand_together(series: list[Entry], zone: tzinfo, imported_at: datetime) -> None:
    calendar = icalendar.Calendar()
    by_component = {id(entry.component): entry for entry in series}
    for entry in series:
        calendar.add_component(entry.component)
    events = ComponentsWithName("VEVENT", _Adapter, occurrence=_Found)
    seen: set[datetime] = set()
    for one_series in recurring_ical_events.of(calendar, components=[events]).series:
        for found in one_series.between(FIRST_DAY, imported_at):
            entry = by_component[id(found.component)]
            start, end = utc(found.start, zone), utc(found.end, zone)
            original = start - entry.moved_by
            if entry.replaces is not None and not entry.moved_by:
                original = entry.replaces
            if original in seen:
                continue
            seen.add(original)
            if len(entry.occurrences) == OCCURRENCES:
                entry.occurrences, entry.problem = [], TOO_MANY
                return
            entry.occurrences.append(Occurrence(original, start, end))


def _rule_problem(entry: Entry) -> str | None:
    """Why the recurrence of an entry is not expanded; None where it has none or a sound one."""
    rules = entry.component.get("RRULE", [])
    rules = rules if isinstance(rules, list) else [rules]
    if len(rules) > RULES:
        return UNUSUAL_RULE
    return next(filter(None, (_problem(rule, entry.start) for rule in rules)), None)


def _problem(rule: icalendar.vRecur, start: datetime) -> str | None:
    frequency = str(next(iter(rule.get("FREQ", [])), "")).upper()
    if frequency in ("HOURLY", "MINUTELY", "SECONDLY"):
        return TOO_OFTEN
    if frequency not in _BESIDE or not {key.upper() for key in rule} <= (
        _EVERYWHERE | _BESIDE[frequency]
    ):
        return UNUSUAL_RULE
    interval = rule.get("INTERVAL", [1])[0]
    times_a_day = 1
    for key in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        times_a_day *= len(set(rule.get(key, [0])))
    if times_a_day > TIMES_A_DAY:
        return TOO_OFTEN
    months, days, weekdays = (rule.get(key, []) for key in ("BYMONTH", "BYMONTHDAY", "BYDAY"))
    # The n-th weekday of a month exists for n up to 5, of a year up to 53.
    most = 53 if frequency == "YEARLY" and not months else 5
    ordinals = [weekday.relative or 0 for weekday in weekdays]
    never = (
        not 1 <= interval <= 1_000
        or ("COUNT" in rule and "UNTIL" in rule)  # RFC 5545 forbids it, dateutil will
        # Every seventh day is always the same weekday, perhaps never the one that is asked for.
        or (frequency == "DAILY" and interval % 7 == 0 and weekdays)
        # Counted day by day from there.
        or (frequency in ("DAILY", "WEEKLY") and start.year < 1900)
        or any(not 1 <= value <= 12 for value in months)
        or any(not 1 <= abs(value) <= last for key, last in _LAST for value in rule.get(key, []))
        or (months and days and not any(abs(d) <= _MONTH_DAYS[m] for m in months for d in days))
        or any(abs(ordinal) > most for ordinal in ordinals)
        or (days and any(ordinals))
        or any(abs(position) > 5 * len(weekdays) for position in rule.get("BYSETPOS", []))
        or sum(key in rule for key in ("BYMONTHDAY", "BYWEEKNO", "BYYEARDAY")) > 1
        or (months and ("BYWEEKNO" in rule or "BYYEARDAY" in rule))
    )
    return UNUSUAL_RULE if never else None
