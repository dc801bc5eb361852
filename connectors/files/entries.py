"""An .ics file is cut into its entries, before a library sees any of it.

Here: lines, components, which properties are kept, limits on sizes.
Not here: what a property means (calendar.py), recurrence (recurrence.py).

Only the properties of KEPT go on: texts are dropped here, so a broken SUMMARY harms nobody.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import icalendar

from connectors.files.dates import FIRST_DAY

LINE_BYTES = 1 << 20
ENTRY_LINES = 10_000
DATES = 10_000

NOT_CLOSED = "breaks off before END:VEVENT"
TOO_MANY_DATES = "more than 10,000 added or excepted dates"
TOO_LONG = "more than 10,000 lines or a line longer than 1 MiB"

KEPT = frozenset(
    {
        "ATTENDEE",
        "DTEND",
        "DTSTART",
        "DURATION",
        "EXDATE",
        "LAST-MODIFIED",
        "ORGANIZER",
        "RDATE",
        "RECURRENCE-ID",
        "RRULE",
        "SEQUENCE",
        "STATUS",
        "TRANSP",
        "UID",
        "X-MICROSOFT-CDO-BUSYSTATUS",
        "X-MICROSOFT-CDO-INTENDEDSTATUS",
    }
)
_NAME = re.compile(rb"([A-Za-z0-9-]{1,100})[;:]")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """When one occurrence takes place, and where its series had put it; UTC."""

    original_start_at: datetime
    start_at: datetime
    end_at: datetime


@dataclass(slots=True, eq=False)
class Entry:
    """One VEVENT on its way to Events.

    number       which BEGIN:VEVENT of the file it is, from 1
    lines        the property lines that are kept
    length       of all its lines; bytes
    series       its UID as written, or its number: what may belong together
    date_count   RDATE and EXDATE values
    problem      why it is left out; None while it is not
    replaces     its RECURRENCE-ID: the occurrence that it changes; UTC
    moved_by     how far RANGE=THISANDFUTURE moves the later ones
    occurrences  what it contributes to its series
    """

    number: int
    lines: list[str] = field(default_factory=list)
    length: int = 0
    series: str = ""
    date_count: int = 0
    problem: str | None = None
    component: icalendar.Event | None = None
    uid: str | None = None
    start: datetime = FIRST_DAY
    end: datetime = FIRST_DAY
    is_all_day: bool = False
    replaces: datetime | None = None
    moved_by: timedelta = timedelta(0)
    occurrences: list[Occurrence] = field(default_factory=list)

    @property
    def is_recurring(self) -> bool:
        """Whether it is a series, or a changed occurrence of one."""
        return self.replaces is not None or "RRULE" in self.component or "RDATE" in self.component


@dataclass(slots=True)
class Calendar:
    """One VCALENDAR: its entries and what they share."""

    zone_name: str = ""
    method: str = ""
    zone_lines: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


def cut(data: bytes) -> tuple[list[Calendar], list[str]]:
    """The entries by calendar, and the names of the components that are no events.

    Every BEGIN:VEVENT makes an entry: one that begins inside another means that the other was
    never closed.
    """
    calendars, others = [Calendar()], list[str]()
    entry: Entry | None = None
    number, depth, in_zone = 0, 0, False
    for line in _content_lines(data):
        calendar = calendars[-1]
        match = _NAME.match(line)
        name = match[1].decode().upper() if match else ""
        what = line[6 if name == "BEGIN" else 4 :].strip().upper() if match else b""
        if entry is not None:
            entry.length += len(line)
        if name == "BEGIN" and what in (b"VEVENT", b"VCALENDAR"):
            if entry is not None:
                entry.problem = NOT_CLOSED
            entry, depth, in_zone = None, 0, False
            if what == b"VCALENDAR":
                calendars.append(Calendar())
            else:
                number += 1
                entry = Entry(number, series=f"entry {number}")
                calendar.entries.append(entry)
        elif name == "END" and what in (b"VEVENT", b"VCALENDAR"):
            if entry is not None and what == b"VCALENDAR":
                entry.problem = NOT_CLOSED
            entry, depth, in_zone = None, 0, False
        elif in_zone or (name == "BEGIN" and what == b"VTIMEZONE" and entry is None):
            calendar.zone_lines.append(_decoded(line))
            in_zone = not (name == "END" and what == b"VTIMEZONE")
        elif name == "BEGIN":
            if entry is None and depth == 0:
                others.append(what.decode("ascii", "replace"))
            depth += 1
        elif name == "END":
            depth = max(depth - 1, 0)
        elif entry is not None and depth == 0 and name in KEPT:
            _keep(entry, name, line)
        elif entry is None and depth == 0 and name == "X-WR-TIMEZONE":
            calendar.zone_name = _decoded(line[14:]).strip()
        elif entry is None and depth == 0 and name == "METHOD":
            calendar.method = _decoded(line[7:]).strip().upper()
    if entry is not None:
        entry.problem = NOT_CLOSED
    return calendars, others


def _keep(entry: Entry, name: str, line: bytes) -> None:
    """Add a property line to its entry, unless the entry grows beyond the limits."""
    text = _decoded(line).strip()
    if name in ("RDATE", "EXDATE"):
        entry.date_count += line.count(b",") + 1
    if len(line) > LINE_BYTES or len(entry.lines) == ENTRY_LINES:
        entry.problem = TOO_LONG
    elif entry.date_count > DATES:
        entry.problem = TOO_MANY_DATES
    elif name == "UID":
        entry.series = text.partition(":")[2]
    if entry.problem is not None:
        entry.lines = []
    elif not text.endswith(":"):
        # Blanks inside a rule ("BYDAY=MO, TU") are common and forbidden.
        entry.lines.append("".join(text.split()) if name == "RRULE" else text)


def _content_lines(data: bytes) -> Iterator[bytes]:
    """Unfolded lines; what goes beyond LINE_BYTES of one is dropped, and its length tells."""
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    held = bytearray()
    for line in io.BytesIO(data.removeprefix(b"\xef\xbb\xbf")):
        if line[:1] in (b" ", b"\t"):
            if len(held) <= LINE_BYTES:
                held += line[1:].rstrip(b"\r\n")
        else:
            yield bytes(held)
            held = bytearray(line.rstrip(b"\r\n")[: LINE_BYTES + 1])
    yield bytes(held)


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")
