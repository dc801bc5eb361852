"""The calendars of the village: what each person's shows, and what happened to it.

Here: series with their occurrences as they stand, one diary for each person, the log of notes.
Not here: what the village planned (meetings.py), when it becomes known (world.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sandbox.meetings import DECLINED, Change, Entry, utc
from sandbox.people import Person

CONFIRMED, CANCELLED = "confirmed", "cancelled"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence as it stands now; a single entry is its only occurrence.

    key             its planned start, local to the entry's zone: its name in the series
    original_start  the same as an instant; UTC
    answers         attendee -> ACCEPTED, TENTATIVE, DECLINED or NEEDS-ACTION; without the
                    organizer, who always comes, and the room
    is_exception    something was changed for it alone
    """

    entry: Entry
    key: datetime
    original_start: datetime
    start: datetime
    end: datetime
    status: str
    answers: dict[str, str]
    is_all_day: bool
    is_exception: bool
    updated_at: datetime
    sequence: int


class Note(NamedTuple):
    """Something changed in a diary: one occurrence, or where ``key`` is None the whole entry."""

    seq: int
    at: datetime
    uid: str
    key: datetime | None


@dataclass(slots=True)
class _Override:
    """How one occurrence differs from its series."""

    start: datetime
    updated_at: datetime
    status: str = CONFIRMED
    sequence: int = 0
    answers: dict[str, str] = field(default_factory=dict)


class Series:
    """One entry and what became of its occurrences so far."""

    def __init__(self, entry: Entry, first: datetime) -> None:
        """Nothing has changed yet. ``first`` is the first instant of the village; UTC."""
        self.entry = entry
        start = utc(entry.start, entry.zone).astimezone(UTC)
        earliest = max(start - timedelta(days=14), first)
        self.made_at = min(earliest, start - timedelta(hours=1)).replace(microsecond=0)
        self.is_all_day = entry.kind != "meeting" and entry.minutes % (24 * 60) == 0
        self.status = CONFIRMED
        self.updated_at = self.made_at
        self.sequence = 0
        self._answers = {one: answer or DECLINED for one, answer in entry.attendees}
        self._overrides: dict[datetime, _Override] = {}
        self._shown: dict[datetime, Occurrence] | None = None

    def holders(self) -> tuple[str, ...]:
        """Addresses on whose calendars it stands."""
        return tuple({self.entry.organizer: None} | dict(self.entry.attendees))

    def occurrences(self) -> dict[datetime, Occurrence]:
        """Key -> occurrence as it stands, in the order of the plan."""
        if self._shown is None:
            self._shown = {key: self._occurrence(key) for key in self.entry.starts()}
        return self._shown

    def key(self, moment: datetime) -> datetime:
        """The key of the occurrence planned at a local or aware time. Raises KeyError."""
        shown = self.occurrences()
        if moment.tzinfo is None:
            return shown[moment].key
        for occurrence in shown.values():
            if occurrence.original_start == moment:
                return occurrence.key
        raise KeyError(moment)

    def plan(self, key: datetime, change: Change, at: datetime) -> None:
        """Let a change that the village planned become known."""
        if change.kind == "cancelled":
            self.cancel(key, at)
        elif change.moved_to is not None:
            self.reschedule(key, change.moved_to, at)
        for address, answer in change.answers:
            self.answer(key, address, answer, at)

    def cancel(self, key: datetime | None, at: datetime) -> None:
        """Call off one occurrence, or all where ``key`` is None."""
        target = self._target(key, at)
        target.status = CANCELLED
        target.sequence += 1

    def reschedule(self, key: datetime, start: datetime, at: datetime) -> None:
        """Give one occurrence another start, local to the entry's zone."""
        override = self._override(key, at)
        override.start = start
        override.sequence += 1

    def answer(self, key: datetime | None, address: str, answer: str, at: datetime) -> None:
        """Answer for one occurrence, or all. Raises KeyError for somebody not invited."""
        if address not in self._answers:
            raise KeyError(address)
        target = self._target(key, at)
        (self._answers if isinstance(target, Series) else target.answers)[address] = answer

    def _target(self, key: datetime | None, at: datetime) -> "Series | _Override":
        if key is not None:
            return self._override(key, at)
        self._shown, self.updated_at = None, at
        return self

    def _override(self, key: datetime, at: datetime) -> _Override:
        self._shown = None
        override = self._overrides.setdefault(key, _Override(key, at))
        override.updated_at = at
        return override

    def _occurrence(self, key: datetime) -> Occurrence:
        entry = self.entry
        own = self._overrides.get(key) or _Override(key, self.updated_at)
        original_start = utc(key, entry.zone).astimezone(UTC)
        end = own.start + timedelta(minutes=entry.minutes)
        return Occurrence(
            entry=entry,
            key=key,
            original_start=original_start,
            start=utc(own.start, entry.zone).astimezone(UTC),
            end=utc(end, entry.zone).astimezone(UTC),
            status=CANCELLED if CANCELLED in (self.status, own.status) else CONFIRMED,
            answers=self._answers | own.answers,
            is_all_day=self.is_all_day,
            is_exception=key in self._overrides,
            updated_at=max(self.updated_at, own.updated_at),
            sequence=self.sequence + own.sequence,
        )


class Diary:
    """One person's calendar. ``log`` holds every note so far, by rising ``seq``."""

    def __init__(self, person: Person) -> None:
        """Begin empty."""
        self.person = person
        self.log: list[Note] = []
        self.series: dict[str, Series] = {}
        self._removed: set[tuple[str, datetime | None]] = set()

    def occurrences(self) -> list[Occurrence]:
        """What the calendar holds, called-off occurrences too, in order of planned start."""
        found = [one for series in self.series.values() for one in self.of(series.entry.uid)]
        return sorted(found, key=lambda one: (one.original_start, one.entry.uid))

    def of(self, uid: str) -> Iterator[Occurrence]:
        """What the calendar holds of one entry; without what the person removed from it."""
        for key, occurrence in self.series[uid].occurrences().items():
            if not self.is_removed(uid, key):
                yield occurrence

    def is_removed(self, uid: str, key: datetime | None) -> bool:
        """Whether the person took this occurrence, or the whole entry, off the own calendar."""
        return (uid, None) in self._removed or (uid, key) in self._removed

    def note(self, seq: int, at: datetime, series: Series, key: datetime | None) -> None:
        """Write down that something changed; a first note puts the entry into the diary."""
        self.series[series.entry.uid] = series
        self.log.append(Note(seq, at, series.entry.uid, key))

    def remove(self, seq: int, at: datetime, uid: str, key: datetime | None) -> None:
        """Take an occurrence, or the whole entry, off this calendar only."""
        self._removed.add((uid, key))
        self.log.append(Note(seq, at, uid, key))
