"""The two time zones of the village, each written down once.

Here: the rule of each zone, from which both the offset of a moment and the VTIMEZONE of a calendar
file are made, so that the two cannot disagree and no time zone database is needed.
Not here: working hours (clock.py) and calendars (ics.py).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

_HOUR = timedelta(hours=1)


def nth_sunday(year: int, month: int, nth: int) -> date:
    """The nth Sunday of a month; -1 is the last one."""
    if nth > 0:
        first = date(year, month, 1)
        return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (nth - 1))
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return last - timedelta(days=(last.weekday() + 1) % 7)


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone with summer time.

    standard_hours       offset from UTC in winter
    begins, ends         (month, nth Sunday) on which summer time begins and ends
    begins_at, ends_at   hour of the wall clock at that moment, as VTIMEZONE wants it
    """

    name: str
    standard_hours: int
    begins: tuple[int, int]
    begins_at: int
    ends: tuple[int, int]
    ends_at: int

    def offset(self, day: date) -> timedelta:
        """Offset from UTC on a day from four in the morning on; earlier nobody here is awake."""
        begin, end = _summer(self, day.year)
        return timedelta(hours=self.standard_hours) + (_HOUR if begin <= day < end else 0 * _HOUR)

    def at(self, day: date, minute: float) -> datetime:
        """The UTC moment of a wall-clock time, given in minutes after midnight."""
        midnight = datetime.combine(day, time(), UTC)
        seconds = round(minute * 60)
        return midnight + timedelta(seconds=seconds) - self.offset(day)

    def local(self, moment: datetime) -> tuple[date, float]:
        """Day and minutes after midnight that the wall clock shows at a UTC moment."""
        shifted = moment + self.offset(moment.date())
        if shifted.date() != moment.date():
            shifted = moment + self.offset(shifted.date())
        return shifted.date(), shifted.hour * 60 + shifted.minute + shifted.second / 60

    def vtimezone(self) -> list[str]:
        """The lines of this zone's VTIMEZONE, valid from 2007 on."""
        summer, winter = self.standard_hours + 1, self.standard_hours
        lines = ["BEGIN:VTIMEZONE", f"TZID:{self.name}"]
        for part, before, after, (month, nth), hour in (
            ("DAYLIGHT", winter, summer, self.begins, self.begins_at),
            ("STANDARD", summer, winter, self.ends, self.ends_at),
        ):
            start = nth_sunday(2007, month, nth)
            lines += [
                f"BEGIN:{part}",
                f"TZOFFSETFROM:{before:+03d}00",
                f"TZOFFSETTO:{after:+03d}00",
                f"DTSTART:{start:%Y%m%d}T{hour:02d}0000",
                f"RRULE:FREQ=YEARLY;BYMONTH={month};BYDAY={nth}SU",
                f"END:{part}",
            ]
        return [*lines, "END:VTIMEZONE"]


@cache
def _summer(zone: Zone, year: int) -> tuple[date, date]:
    return nth_sunday(year, *zone.begins), nth_sunday(year, *zone.ends)


BERLIN = Zone("Europe/Berlin", 1, (3, -1), 2, (10, -1), 3)
NEW_YORK = Zone("America/New_York", -5, (3, 2), 2, (11, 1), 2)
