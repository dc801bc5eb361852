"""A meeting as Graph shows it in one calendar: occurrences, series masters, single events.

Here: every property of an event, its identity across mailboxes and vendors.
Not here: which events are asked for (calendar.py).

Who and when, across calendars. ``iCalUId`` of a single event and of a series master is the UID of
the meeting, the one that Google and .ics files show too. Of an occurrence it is another for each:
a global object id (MS-OXCICAL 2.1.3.1.1.20.26) in hexadecimal, that is 16 fixed bytes, the day of
the occurrence as year, month and day (4 bytes), 16 bytes without meaning here, the length of what
follows (4 bytes, little-endian), and for a UID that Exchange did not make "vCal-Uid", 01 00 00 00,
the UID itself and a zero byte. So a reader has the UID from the master (``seriesMasterId``), or
from these bytes, and the instant in ``originalStart``; ``start`` is another once it was moved.

What happens to an occurrence: moved or answered by itself, it is an exception. Called off, it
vanishes from the organiser's calendar and stays in the others' with isCancelled, not busy.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.diaries import CANCELLED, Diary, Occurrence, Series
from sandbox.files import CALENDAR_CANARY
from sandbox.meetings import ACCEPTED, DECLINED, TENTATIVE, Entry
from sandbox.microsoft.items import Ids
from sandbox.microsoft.messages import Recipients, instant
from sandbox.microsoft.sealing import digest, encoded
from sandbox.people import ZONES
from sandbox.tenant import GraphQuirks

NEVER = "0001-01-01T00:00:00Z"
WINDOWS_ZONES = {
    "Europe/Berlin": "W. Europe Standard Time",
    "America/New_York": "Eastern Standard Time",
    "UTC": "UTC",
}
KEPT_BACK = "body bodyPreview attachments extensions".split()
_RESPONSES = {ACCEPTED: "accepted", TENTATIVE: "tentativelyAccepted", DECLINED: "declined"}
_GLOBAL_ID = bytes.fromhex("040000008200E00074C5B7101A82E008")
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()


@dataclass(frozen=True, slots=True)
class Calendar:
    """One diary with what is needed to show its events.

    zone  the zone that times are wanted in, under the name that was asked for
    """

    diary: Diary
    ids: Ids
    recipients: Recipients
    quirks: GraphQuirks
    zone: ZoneInfo
    zone_name: str

    def is_own(self, entry: Entry) -> bool:
        """Whether the owner of the calendar called the meeting."""
        return entry.organizer == self.diary.person.address

    def shows(self, one: Occurrence) -> bool:
        """Whether it stands on this calendar: an organiser who calls it off has it no more."""
        return not (self.is_own(one.entry) and one.status == CANCELLED)

    def id(self, one: Occurrence) -> str:
        """The id of an occurrence or single event."""
        return self.ids.event(one.entry.uid, one.key.isoformat() if one.entry.every_weeks else "")

    def event(self, one: Occurrence, select: tuple[str, ...]) -> str:
        """An occurrence or single event as JSON."""
        return self._text(_Shown(self, self.diary.series[one.entry.uid], one), select)

    def master(self, series: Series, select: tuple[str, ...]) -> str:
        """A series as JSON."""
        return self._text(_Shown(self, series, None), select)

    def stub(self, one: Occurrence) -> str:
        """An occurrence as a delta tells of it: no attendees, no organiser, no UID."""
        shown = _Shown(self, self.diary.series[one.entry.uid], one)
        return self._text(shown, ("type", "seriesMasterId", "start", "end"))

    def is_exception(self, one: Occurrence) -> bool:
        """Whether an occurrence differs from its series, be it in one answer."""
        return one.is_exception or one.answers != self.diary.series[one.entry.uid]._answers

    def _text(self, shown: "_Shown", select: tuple[str, ...]) -> str:
        content = {"@odata.etag": f'W/"{shown.change_key}"', "id": shown.id}
        return json.dumps(content | {name: _PROPERTIES[name](shown) for name in select})


class _Shown:
    """One event on its way into JSON; ``one`` is None for a series master."""

    def __init__(self, calendar: Calendar, series: Series, one: Occurrence | None) -> None:
        self.calendar, self.series, self.one = calendar, series, one
        self.entry = series.entry
        self.shape: Occurrence = one or series.occurrences()[self.entry.start]
        self.is_occurrence = one is not None and bool(self.entry.every_weeks)
        self.is_own = calendar.is_own(self.entry)
        self.is_off = (one.status if one else series.status) == CANCELLED
        self.answers = one.answers if one else series._answers
        self.updated_at = one.updated_at if one else series.updated_at
        self.own_answer = self.answers.get(calendar.diary.person.address)

    @property
    def id(self) -> str:
        """Its id."""
        return self.calendar.id(self.one) if self.one else self.master_id

    @property
    def master_id(self) -> str:
        """The id of its series."""
        return self.calendar.ids.event(self.entry.uid, "")

    @property
    def change_key(self) -> str:
        """Another one after every change."""
        return encoded(digest("change", self.id, self.updated_at.isoformat())[:16])

    def type(self) -> str:
        """singleInstance, seriesMaster, occurrence or exception."""
        if not self.entry.every_weeks:
            return "singleInstance"
        if self.one is None:
            return "seriesMaster"
        return "exception" if self.calendar.is_exception(self.one) else "occurrence"

    def i_cal_u_id(self) -> str:
        """See the module's docstring."""
        if self.is_occurrence:
            return global_object_id(self.entry.uid, self.shape.key)
        if self.calendar.quirks.hex_uids:
            return global_object_id(self.entry.uid, None)
        return self.entry.uid

    def original_start(self) -> str | None:
        """Where the series put it; only occurrences have one."""
        return instant(self.shape.original_start) if self.is_occurrence else None

    def start(self) -> dict[str, str]:
        """The start, in the wanted zone. A whole day is a day in every zone."""
        if self.shape.is_all_day:
            return self._moment(self.shape.key)
        # A master shows where the series begins, not where its first occurrence was moved to.
        at = self.shape.start if self.one else self.shape.original_start
        return self._moment(at.astimezone(self.calendar.zone))

    def end(self) -> dict[str, str]:
        """The end, likewise; of a whole day the midnight after it."""
        length = timedelta(minutes=self.entry.minutes)
        if self.shape.is_all_day:
            return self._moment(self.shape.key + length)
        at = self.shape.end if self.one else self.shape.original_start + length
        return self._moment(at.astimezone(self.calendar.zone))

    def _moment(self, local: datetime) -> dict[str, str]:
        text = f"{local:%Y-%m-%dT%H:%M:%S}.0000000"
        return {"dateTime": text, "timeZone": self.calendar.zone_name}

    def attendees(self) -> list[dict[str, Any]]:
        """Who was invited; the organiser is not among them, a room is."""
        is_blind = self.calendar.quirks.organizer_only_answers and not self.is_own
        own = self.calendar.diary.person.address
        found = []
        for address, answer in self.answers.items():
            is_known = not is_blind or address == own
            status = self._status(answer if is_known else None, "none")
            found.append({"type": "required", "status": status, **self._recipient(address)})
        if self.entry.room:
            status = {"response": "accepted", "time": NEVER}
            found.append({"type": "resource", "status": status, **self._recipient(self.entry.room)})
        return found

    def response_status(self) -> dict[str, str]:
        """What the owner of the calendar answered."""
        if self.is_own:
            return {"response": "organizer", "time": NEVER}
        return self._status(self.own_answer, "notResponded")

    def _status(self, answer: str | None, missing: str) -> dict[str, str]:
        response = _RESPONSES.get(answer)
        if response is None:
            return {"response": missing, "time": NEVER}
        return {"response": response, "time": instant(self.updated_at)}

    def show_as(self) -> str:
        """How the time looks to others."""
        if self.entry.kind == "away":
            return "oof"
        if self.is_off or self.own_answer == DECLINED:
            return "free"
        return "tentative" if self.own_answer == TENTATIVE else "busy"

    def organizer(self) -> dict[str, Any]:
        """Who called it."""
        return self._recipient(self.entry.organizer)

    def _recipient(self, address: str) -> dict[str, Any]:
        name = self.calendar.recipients.name(address)
        return {"emailAddress": {"name": name, "address": address}}

    def location(self) -> dict[str, Any]:
        """The room, under a name that must never be found again."""
        if self.entry.room is None:
            return {"displayName": "", "locationType": "default", "uniqueIdType": "unknown"}
        return {
            "displayName": CALENDAR_CANARY,
            "locationType": "conferenceRoom",
            "locationEmailAddress": self.entry.room,
            "uniqueIdType": "unknown",
        }

    def locations(self) -> list[dict[str, Any]]:
        """The same as a list."""
        return [self.location()] if self.entry.room else []

    def recurrence(self) -> dict[str, Any] | None:
        """The rule; only masters have one."""
        if self.one is not None or not self.entry.until:
            return None
        start = self.entry.start
        return {
            "pattern": {
                "type": "weekly",
                "interval": self.entry.every_weeks,
                "month": 0,
                "dayOfMonth": 0,
                "daysOfWeek": [_DAYS[start.weekday()]],
                "firstDayOfWeek": "sunday",
                "index": "first",
            },
            "range": {
                "type": "endDate",
                "startDate": f"{start:%Y-%m-%d}",
                "endDate": f"{self.entry.until:%Y-%m-%d}",
                "recurrenceTimeZone": WINDOWS_ZONES[self.entry.zone],
                "numberOfOccurrences": 0,
            },
        }

    def cancelled_occurrences(self) -> list[str]:
        """OID and day of the occurrences that the organiser called off; only masters have them."""
        if self.one is not None or not self.entry.every_weeks:
            return []
        off = [one for one in self.series.occurrences().values() if one.status == CANCELLED]
        return [f"OID.{self.master_id}.{one.key:%Y-%m-%d}" for one in off]


def global_object_id(uid: str, day: datetime | None) -> str:
    """The global object id of a meeting, or of one of its occurrences, in hexadecimal."""
    date = day.year.to_bytes(2) + bytes((day.month, day.day)) if day else bytes(4)
    data = b"vCal-Uid\x01\0\0\0" + uid.encode() + b"\0"
    size = len(data).to_bytes(4, "little")
    return (_GLOBAL_ID + date + bytes(16) + size + data).hex().upper()


def meeting_zone(name: str | None) -> tuple[ZoneInfo, str] | None:
    """The zone that Prefer: outlook.timezone names, by IANA or Windows name; None for no zone."""
    if name is None:
        return ZoneInfo("UTC"), "UTC"
    for zone in (*ZONES.values(), "UTC"):
        if name in (zone, WINDOWS_ZONES[zone]):
            return ZoneInfo(zone), name
    return None


_PROPERTIES: dict[str, Callable[[_Shown], Any]] = {
    "createdDateTime": lambda shown: instant(shown.series.made_at),
    "lastModifiedDateTime": lambda shown: instant(shown.updated_at),
    "changeKey": lambda shown: shown.change_key,
    "categories": lambda _: [],
    "transactionId": lambda _: None,
    "originalStartTimeZone": lambda shown: WINDOWS_ZONES[shown.entry.zone],
    "originalEndTimeZone": lambda shown: WINDOWS_ZONES[shown.entry.zone],
    "iCalUId": _Shown.i_cal_u_id,
    "reminderMinutesBeforeStart": lambda _: 15,
    "isReminderOn": lambda _: True,
    "hasAttachments": lambda _: False,
    "subject": lambda _: CALENDAR_CANARY,
    "importance": lambda _: "normal",
    "sensitivity": lambda _: "normal",
    "isAllDay": lambda shown: shown.shape.is_all_day,
    "isCancelled": lambda shown: shown.is_off,
    "isOrganizer": lambda shown: shown.is_own,
    "responseRequested": lambda _: True,
    "seriesMasterId": lambda shown: shown.master_id if shown.is_occurrence else None,
    "showAs": _Shown.show_as,
    "type": _Shown.type,
    "webLink": lambda shown: f"https://outlook.example/owa/?itemid={shown.id}",
    "onlineMeetingUrl": lambda _: None,
    "isOnlineMeeting": lambda _: False,
    "onlineMeetingProvider": lambda _: "unknown",
    "allowNewTimeProposals": lambda _: True,
    "isDraft": lambda _: False,
    "hideAttendees": lambda _: False,
    "responseStatus": _Shown.response_status,
    "start": _Shown.start,
    "end": _Shown.end,
    "location": _Shown.location,
    "locations": _Shown.locations,
    "recurrence": _Shown.recurrence,
    "attendees": _Shown.attendees,
    "organizer": _Shown.organizer,
    "onlineMeeting": lambda _: None,
    "originalStart": _Shown.original_start,
    "cancelledOccurrences": _Shown.cancelled_occurrences,
}
PROPERTIES = tuple(_PROPERTIES)
DEFAULT = tuple(
    name for name in _PROPERTIES if name not in ("originalStart", "cancelledOccurrences")
)
