"""A calendar entry as Calendar's API shows it: ids, instances, masters, what is left of a deletion.

Here: one event. Not here: which are listed (calendar.py).

Google knows no out-of-office entry that lasts all day: those of the village that were entered as
such run from midnight to midnight, others are plain all-day events, as people do both.
"""

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sandbox.diaries import CANCELLED, Diary, Occurrence, Series
from sandbox.files import CALENDAR_CANARY
from sandbox.meetings import Entry
from sandbox.village import Village
from sandbox.world import World

RESPONSES = {
    "ACCEPTED": "accepted",
    "TENTATIVE": "tentative",
    "DECLINED": "declined",
    "NEEDS-ACTION": "needsAction",
}


class Item(NamedTuple):
    """One event of a calendar: an occurrence, or where ``key`` is None the master of a series."""

    id: str
    series: Series
    key: datetime | None

    def occurrence(self) -> Occurrence:
        """The occurrence, for a master the first."""
        return self.series.occurrences()[self.key or self.series.entry.start]

    def is_gone(self, diary: Diary) -> bool:
        """Whether it was called off or taken off this calendar."""
        if diary.is_removed(self.series.entry.uid, self.key):
            return True
        status = self.series.status if self.key is None else self.occurrence().status
        return status == CANCELLED


def item(series: Series, key: datetime) -> Item:
    """An occurrence as an event: an instance of its series, or a single event."""
    name = event_id(series.entry.uid)
    if series.entry.every_weeks:
        name += f"_{series.occurrences()[key].original_start:%Y%m%dT%H%M%SZ}"
    return Item(name, series, key)


def master(series: Series) -> Item:
    """A series as one event; a single entry is its only occurrence."""
    if not series.entry.every_weeks:
        return item(series, series.entry.start)
    return Item(event_id(series.entry.uid), series, None)


@lru_cache(maxsize=4096)
def event_id(uid: str) -> str:
    """The id of an entry, the same on every calendar: base32hex in lower case, as Google asks."""
    digest = hashlib.sha256(uid.encode()).digest()[:15]
    return base64.b32hexencode(digest).decode().lower()


def kind(entry: Entry) -> str:
    """The eventType."""
    if entry.kind == "focus":
        return "focusTime"
    return "outOfOffice" if entry.kind == "away" and not _is_dated(entry) else "default"


def _is_dated(entry: Entry) -> bool:
    """Whether it was entered as a plain all-day event."""
    is_long = entry.kind == "away" and entry.minutes % (24 * 60) == 0
    return is_long and event_id(entry.uid) < "g"


class Events:
    """Shows the entries of a village."""

    def __init__(self, world: World, village: Village) -> None:
        """Know everybody's name."""
        self._world = world
        self._names = {
            address: person.name
            for person in village.population.everybody
            for address in (person.address, *person.aliases)
        }

    def show(self, one: Item, owner: str, zone: str, most_attendees: int | None) -> dict[str, Any]:
        """An event with everything that Google says of it, on the calendar of ``owner``."""
        occurrence, entry = one.occurrence(), one.series.entry
        at = occurrence if one.key else one.series
        shown = {
            "kind": "calendar#event",
            "etag": _etag(at.updated_at),
            "id": one.id,
            "status": "cancelled" if at.status == CANCELLED else "confirmed",
            "htmlLink": f"https://calendar.example/event?eid={one.id}",
            "created": _stamp(one.series.made_at),
            "updated": _stamp(at.updated_at),
            "summary": CALENDAR_CANARY,
            "description": CALENDAR_CANARY,
            "creator": self._party(entry.organizer, owner),
            "organizer": self._party(entry.organizer, owner),
            "start": _when(entry, occurrence.start, zone),
            "end": _when(entry, occurrence.end, zone),
            "iCalUID": entry.uid,
            "sequence": at.sequence,
            "reminders": {"useDefault": True},
            "eventType": kind(entry),
        }
        if entry.every_weeks and one.key is None:
            shown["recurrence"] = [_rule(entry)]
        elif entry.every_weeks:
            shown |= _instance(one, zone)
        if entry.room:
            shown["location"] = CALENDAR_CANARY
        if entry.kind == "meeting":
            shown |= self._guests(occurrence, owner, most_attendees)
        elif kind(entry) == "outOfOffice":
            shown["outOfOfficeProperties"] = {"autoDeclineMode": "declineNone"}
        elif kind(entry) == "focusTime":
            shown["visibility"] = "private"
            shown["focusTimeProperties"] = {"chatStatus": "doNotDisturb"}
        return shown

    def _guests(self, occurrence: Occurrence, owner: str, most: int | None) -> dict[str, Any]:
        guests = list(self._attendees(occurrence, owner))
        if most is not None and len(guests) > most:
            own = [guest for guest in guests if guest.get("self")]
            return {"attendees": own, "attendeesOmitted": True}
        return {"attendees": guests} if guests else {}

    def _attendees(self, occurrence: Occurrence, owner: str) -> Iterator[dict[str, Any]]:
        entry = occurrence.entry
        if entry.attendees:
            own = self._party(entry.organizer, owner)
            yield own | {"organizer": True, "responseStatus": "accepted"}
        for address, answer in occurrence.answers.items():
            yield self._party(address, owner) | {"responseStatus": RESPONSES[answer]}
        if entry.room:
            name = entry.room.partition("@")[0]
            room = {"email": entry.room, "displayName": name, "resource": True}
            yield room | {"responseStatus": "accepted"}

    def _party(self, address: str, owner: str) -> dict[str, Any]:
        shown: dict[str, Any] = {"email": address, "displayName": self._names[address]}
        account = self._world.account(address)
        return shown | {"self": True} if account and account.address == owner else shown


def stub(one: Item, zone: str) -> dict[str, Any]:
    """What Google still says of an event that is gone."""
    shown = {
        "kind": "calendar#event",
        "etag": _etag(one.occurrence().updated_at),
        "id": one.id,
        "status": "cancelled",
    }
    if one.series.entry.every_weeks and one.key is not None:
        shown |= _instance(one, zone)
    return shown


def _instance(one: Item, zone: str) -> dict[str, Any]:
    entry = one.series.entry
    return {
        "recurringEventId": event_id(entry.uid),
        "originalStartTime": _when(entry, one.occurrence().original_start, zone),
    }


def _when(entry: Entry, at: datetime, zone: str) -> dict[str, str]:
    """A time on a calendar in ``zone``, or the day for an all-day event; ends are exclusive."""
    if _is_dated(entry):
        return {"date": f"{at.astimezone(ZoneInfo(entry.zone)):%Y-%m-%d}"}
    text = at.astimezone(ZoneInfo(zone)).isoformat().replace("+00:00", "Z")
    return {"dateTime": text, "timeZone": entry.zone}


def _rule(entry: Entry) -> str:
    last = datetime.combine(entry.until + timedelta(days=1), datetime.min.time())
    until = last.replace(tzinfo=ZoneInfo(entry.zone)).astimezone(UTC) - timedelta(seconds=1)
    return f"RRULE:FREQ=WEEKLY;INTERVAL={entry.every_weeks};UNTIL={until:%Y%m%dT%H%M%SZ}"


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"


def _etag(at: datetime) -> str:
    return f'"{int(at.timestamp()) * 2000}"'
