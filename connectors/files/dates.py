"""When a message was sent: the first date in its header that can be true.

Here: the dates that mail writes, and the span in which a date is believed.
Not here: which header a date stands in (mail.py), times of meetings (calendar.py).
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

FIRST_DAY = datetime(1990, 1, 1, tzinfo=UTC)
FUTURE = timedelta(days=2)  # clocks run ahead, time zones are misread

_YEAR_00XX = re.compile(r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ -]+00\d\d\b")
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_ENVELOPE_DATE = re.compile(
    r"\b(?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) +(?P<time>\d\d?:\d\d(?::\d\d)?)"
    r"(?P<zone> +[+-]\d{4}| +[A-Z]{2,5})?(?P<year> +\d{4})\b(?P<zone_after> [+-]\d{4})?"
)


def sent_at(date: str, received: str, envelope: str, imported_at: datetime) -> datetime | None:
    """The first usable of Date, the topmost Received, the mbox "From " line; never moved.

    Usable is what lies from FIRST_DAY to imported_at + FUTURE: Date holds years 102 and 2028.
    """
    for read, text in (
        (_moment, date),
        (_moment, received.rpartition(";")[2]),
        (_envelope, envelope),
    ):
        at = read(text)
        if at and FIRST_DAY <= at <= imported_at + FUTURE:
            return at
    return None


def _moment(text: str) -> datetime | None:
    """A date as mail writes it, in UTC; None where it is none. No zone or "-0000" mean UTC."""
    text = text[:200].strip()
    # parsedate_tz takes the year 0025 for 2025.
    if not text or _YEAR_00XX.search(text.lower()):
        return None
    try:
        if _ISO_DATE.match(text):
            at = datetime.fromisoformat(text)
            return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
        parts = parsedate_tz(text)
        if parts is None:
            return None
        year, month, day, hour, minute, second = parts[:6]
        zone = timezone(timedelta(seconds=parts[9] or 0))  # refuses +9900
        # A leap second is the 60th; datetime knows none.
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone).astimezone(
            UTC
        )
    # 32 Jan and hour 25, zones of weeks, years that overflow, words that parsedate_tz indexes.
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _envelope(line: str) -> datetime | None:
    """The date of an mbox "From " line: asctime, with Gmail's and others' zones."""
    match = _ENVELOPE_DATE.search(line)
    if not match:
        return None
    zone = match["zone"] or match["zone_after"] or ""
    return _moment(f"{match['day']} {match['month']} {match['year']} {match['time']} {zone}")
