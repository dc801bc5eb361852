"""One .ics file becomes Events: the frame of every occurrence, never a title, place or text.

Here: times and zones, attendees, revisions of one entry.
Not here: cutting a file into entries (entries.py), recurrence (recurrence.py), what a meeting
counts (sql/staging).

Each VEVENT is parsed by itself, so a broken one takes no other along.
"""

import hashlib
import re
import warnings
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import icalendar
from icalendar.error import GloballyUniqueTZIDGuessed
from icalendar.timezone import tzp

from connectors import addresses
from connectors.files.entries import KEPT, Calendar, Entry, Occurrence, cut
from connectors.files.recurrence import BROKEN, LIBRARY_ERRORS, expand, utc
from connectors.headers import ID_CHARACTERS, NO_ADDRESS
from connectors.records import Address, Attendee, Event, Reject

CALENDAR_ID = "calendar"
FILE_OCCURRENCES = 1_000_000
ZONE_LINES = 2_000
ZONE_LINE_CHARACTERS = 500

NO_START = "no readable start"
SUPERSEDED = "superseded by a later revision of the same entry"
TOO_MANY_IN_FILE = "more than 1,000,000 occurrences in one file"
NOT_AN_EVENT = "not an event"
# The entry itself is kept where these are the reasons.
BROKEN_LINE = "a line of this entry cannot be read"
PART_REASONS = frozenset({NO_ADDRESS, BROKEN_LINE})
_OTHER_COMPONENTS = {"VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY", "VPOLL"}

# An entry with a broken one of these would take place at wrong times; without others it is whole.
_ESSENTIAL = {"EXDATE", "RDATE", "RECURRENCE-ID", "RRULE"}
# Summer time as it is written: one day of each year. Others may be impossible (recurrence.py).
_ZONE_RULE = re.compile(
    r"RRULE:(?:(?:FREQ=YEARLY|INTERVAL=1|BYMONTH=\d+|BYDAY=[+-]?\d?[A-Z]{2}|UNTIL=\w+|WKST=\w+"
    r"|BYHOUR=\d+|BYMINUTE=\d+"
    r"|BYMONTHDAY=-?[12]?\d(?:,-?[12]?\d)*)(?:;|$))+",
    re.IGNORECASE,
)

_RESPONSES = {"ACCEPTED": "accepted", "TENTATIVE": "tentative", "DECLINED": "declined"}
_KINDS = {"INDIVIDUAL": "person", "ROOM": "room", "RESOURCE": "room", "GROUP": "group"}
_STATUSES = {"TENTATIVE": "tentative", "CANCELLED": "cancelled", "CANCELED": "cancelled"}
_BUSY_KINDS = {"OOF": "out_of_office", "WORKINGELSEWHERE": "working_location"}
_ROOM_DOMAIN = "resource.calendar.google.com"


def outcomes(
    data: bytes, locator: str, source: str, mailbox_id: str, imported_at: datetime
) -> Iterator[tuple[Event, ...] | Reject]:
    """The Events of a calendar file that start from 1990 to ``imported_at``.

    Each VEVENT gives one outcome: its Events (many for a series), or one Reject. Besides there is
    a Reject for every component that is no event, and, with a reason of PART_REASONS, for what
    could not be read of an entry that is kept.
    """

    def reject(where: str, reason: str, length: int) -> Reject:
        where = where if locator == "file" else f"{locator}, {where}"
        return Reject(source=source, locator=where, reason=reason, length=length)

    calendars, others = cut(data)
    for number, name in enumerate(others, 1):
        reason = f"{NOT_AN_EVENT}: {name}" if name in _OTHER_COMPONENTS else NOT_AN_EVENT
        yield reject(f"component {number}", reason, 0)
    room = FILE_OCCURRENCES
    for calendar in calendars:
        zone = _prepare_zones(calendar)
        by_series: dict[str, list[Entry]] = defaultdict(list)
        for entry in calendar.entries:
            by_series[entry.series].append(entry)
        # Parsed entries are large, so each series is finished before the next one is parsed.
        waiting = list(reversed(by_series.values()))
        calendar.entries.clear()
        by_series.clear()
        while waiting:
            members = waiting.pop()
            _read(members, zone, imported_at)
            for entry in members:
                where = f"event {entry.number}"
                if entry.problem is None and len(entry.occurrences) > room:
                    entry.problem = TOO_MANY_IN_FILE
                if entry.problem is not None:
                    yield reject(where, entry.problem, entry.length)
                    continue
                room -= len(entry.occurrences)
                frame, unreadable = _frame(entry, calendar, mailbox_id)
                yield tuple(_event(entry, frame, one) for one in entry.occurrences)
                if unreadable:
                    yield reject(f"{where}, attendee", NO_ADDRESS, unreadable)
                if any(name not in KEPT for name, _ in entry.component.errors):
                    yield reject(f"{where}, line", BROKEN_LINE, entry.length)


def _read(members: list[Entry], zone: tzinfo, imported_at: datetime) -> None:
    """Fill in the occurrences, or the problems, of all entries with one UID."""
    for entry in members:
        entry.problem = entry.problem or _parse(entry, zone)
    _supersede(members)
    for series in _series([entry for entry in members if entry.problem is None]):
        expand(series, zone, imported_at)


def _prepare_zones(calendar: Calendar) -> tzinfo:
    """Make the file's own VTIMEZONEs known to icalendar; the zone of floating times, else UTC.

    icalendar keeps zones for the life of the process, and two files may call different zones
    "Custom", so what it keeps is dropped first. It takes VTIMEZONE only for names that neither
    the zone database nor Windows knows. An unknown name leaves a time floating.
    """
    tzp.use_default()
    lines = calendar.zone_lines
    if lines and len(lines) <= ZONE_LINES and all(map(_is_usual_zone_line, lines)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GloballyUniqueTZIDGuessed)
            try:
                icalendar.Calendar.from_ical("\r\n".join(lines) + "\r\n", multiple=True)
            except LIBRARY_ERRORS:
                tzp.use_default()
    return _zone(calendar.zone_name) or UTC


def _is_usual_zone_line(line: str) -> bool:
    is_rule = line[:5].upper() == "RRULE"
    return len(line) <= ZONE_LINE_CHARACTERS and (not is_rule or bool(_ZONE_RULE.fullmatch(line)))


def _zone(name: str) -> tzinfo | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GloballyUniqueTZIDGuessed)
        try:
            return tzp.timezone(name) if name else None
        except LIBRARY_ERRORS:
            return None


def _parse(entry: Entry, zone: tzinfo) -> str | None:
    """Parse the kept lines and fill in times and ids; the problem where that fails."""
    text = "\r\n".join(["BEGIN:VEVENT", *entry.lines, "END:VEVENT", ""])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GloballyUniqueTZIDGuessed)
            component = icalendar.Event.from_ical(text)
        broken = {name for name, _ in component.errors}
        if "DTSTART" in broken or (start := _date(component, "DTSTART")) is None:
            return NO_START
        if broken & _ESSENTIAL:
            return BROKEN
        for name in broken & KEPT:
            del component[name]
        entry.component = component
        entry.start = utc(start, zone)
        entry.is_all_day = not isinstance(start, datetime)
        entry.end = max(_end(component, start, zone), entry.start)
        # One kind of end is left, and it is sound: broken and negative ones fail the expansion.
        component.pop("DTEND", None)
        component.pop("DURATION", None)
        component.add("DURATION", entry.end - entry.start)
        entry.uid = _uid(component)
        if "RECURRENCE-ID" in component:
            entry.replaces = utc(_date(component, "RECURRENCE-ID"), zone)
            if component["RECURRENCE-ID"].params.get("RANGE") == "THISANDFUTURE":
                entry.moved_by = entry.start - entry.replaces
    except LIBRARY_ERRORS:
        return BROKEN
    return None


def _date(component: icalendar.Event, name: str) -> date | None:
    """A date or datetime; None where the property is missing, broken or repeated."""
    value = getattr(component.get(name), "dt", None)
    return value if isinstance(value, date) else None


def _end(component: icalendar.Event, start: date, zone: tzinfo) -> datetime:
    """DTEND, else DURATION, else what RFC 5545 3.6.1 says: one day for a date, nothing else."""
    end = _date(component, "DTEND")
    if end is not None:
        return utc(end, zone)
    length = getattr(component.get("DURATION"), "dt", None)
    if not isinstance(length, timedelta):
        length = timedelta(0) if isinstance(start, datetime) else timedelta(days=1)
    return utc(start, zone) + length


def _uid(component: icalendar.Event) -> str | None:
    """UID without blanks and controls; none where it is missing or longer than any real one."""
    value = component.get("UID")
    uid = "".join(part for part in str(value or "").split() if part.isprintable())
    return uid if uid and len(uid) <= ID_CHARACTERS else None


def _supersede(entries: list[Entry]) -> None:
    """Leave out the older revisions of an entry: same UID, same occurrence or same first start."""
    newest: dict[tuple[Any, ...], Entry] = {}
    for entry in entries:
        if entry.problem is not None or entry.uid is None:
            continue
        key = (entry.uid, entry.replaces, None if entry.replaces else entry.start)
        other = newest.setdefault(key, entry)
        if other is not entry:
            older, newer = sorted((other, entry), key=_revision)
            older.problem, newest[key] = SUPERSEDED, newer


def _revision(entry: Entry) -> tuple[int, datetime, int]:
    updated_at = _date(entry.component, "LAST-MODIFIED")
    return (
        _sequence(entry) or 0,
        utc(updated_at, UTC) if updated_at else entry.start,
        entry.number,
    )


def _series(members: list[Entry]) -> list[list[Entry]]:
    """Masters with their changed occurrences. One UID with several first starts is several."""
    masters = sorted((one for one in members if one.replaces is None), key=lambda one: one.start)
    changes = [one for one in members if one.replaces is not None]
    if not masters:
        return [[change] for change in changes]
    series = [[master] for master in masters]
    first_starts = [master.start for master in masters]
    for change in changes:
        series[max(bisect_right(first_starts, change.replaces) - 1, 0)].append(change)
    return series


def _sequence(entry: Entry) -> int | None:
    value = entry.component.get("SEQUENCE")
    return int(value) if isinstance(value, int) and 0 <= value < 1 << 31 else None


def _word(component: icalendar.Event, name: str) -> str:
    return str(component.get(name) or "").strip().upper()


def _frame(entry: Entry, calendar: Calendar, mailbox_id: str) -> tuple[dict[str, Any], int]:
    """What all occurrences of an entry share, and the bytes of attendees without an address."""
    component = entry.component
    busy = _word(component, "X-MICROSOFT-CDO-BUSYSTATUS") or _word(
        component, "X-MICROSOFT-CDO-INTENDEDSTATUS"
    )
    status = _STATUSES.get(_word(component, "STATUS"), "confirmed")
    updated_at = _date(component, "LAST-MODIFIED")
    organizers = component.get("ORGANIZER") or []
    organizers = organizers if isinstance(organizers, list) else [organizers]
    attendees, unreadable = _attendees(component)
    return {
        "mailbox_id": mailbox_id,
        "calendar_id": CALENDAR_ID,
        "ical_uid": entry.uid,
        "is_all_day": entry.is_all_day,
        "is_recurring": entry.is_recurring,
        "status": "cancelled" if calendar.method == "CANCEL" else status,
        "kind": _BUSY_KINDS.get(busy, "default"),
        "is_busy": _word(component, "TRANSP") != "TRANSPARENT" and busy != "FREE",
        "organizer": next(filter(None, map(_address, organizers)), None),
        "attendees": attendees,
        # An answer names only the one who answers.
        "has_all_attendees": calendar.method != "REPLY",
        "sequence": _sequence(entry),
        "updated_at": utc(updated_at, UTC) if updated_at else None,
    }, unreadable


def _attendees(component: icalendar.Event) -> tuple[tuple[Attendee, ...], int]:
    values = component.get("ATTENDEE") or []
    found: dict[str, Attendee] = {}
    unreadable = 0
    for value in values if isinstance(values, list) else [values]:
        address = _address(value)
        if address is None:
            unreadable += len(str(value).encode("utf-8", "replace"))
            continue
        params = getattr(value, "params", {})
        kind = _KINDS.get(str(params.get("CUTYPE", "")).upper(), "unknown")
        if addresses.domain(address.address) == _ROOM_DOMAIN:
            kind = "room"
        response = _RESPONSES.get(str(params.get("PARTSTAT", "")).upper(), "needs_action")
        attendee = Attendee(address.address, address.name, response, kind)
        found.setdefault(address.address.lower(), attendee)
    return tuple(found.values()), unreadable


def _address(value: Any) -> Address | None:
    """The address of an ORGANIZER or ATTENDEE: in its value, else in its EMAIL parameter."""
    params = getattr(value, "params", {})
    name = str(params.get("CN") or "") or None
    for text in (str(value), str(params.get("EMAIL") or "")):
        if address := addresses.named(text, name):
            return address
    return None


def _event(entry: Entry, frame: dict[str, Any], one: Occurrence) -> Event:
    """An occurrence; its id is the UID, or a hash of the entry, with the original start."""
    uid = entry.uid or hashlib.sha256("\n".join(entry.lines).encode()).hexdigest()[:32]
    return Event(
        event_id=f"{uid}/{one.original_start_at:%Y%m%dT%H%M%SZ}",
        original_start_at=one.original_start_at,
        start_at=one.start_at,
        end_at=one.end_at,
        **frame,
    )
