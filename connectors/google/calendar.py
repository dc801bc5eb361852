"""One calendar of a person, occurrence by occurrence, then only what changed.

Here: listing and sync tokens, how an event becomes an Event. Not here: waiting, tokens (access.py).

Google expands recurring events itself. Titles, places and texts are not asked for. A sync token
comes with the last page only, so a kill repeats the round; its rows are the same.

Of a series that ends or is deleted, Google tells the occurrences of the next half year, though it
listed those of many years before. So everything is listed anew each month, long before they come.
"""

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any

from googleapiclient.discovery import Resource

from connectors import addresses
from connectors.google.access import Session
from connectors.google.paging import paged
from connectors.google.problems import Refused
from connectors.headers import NO_ADDRESS
from connectors.pages import Gone, Page, Sweep
from connectors.records import Address, Attendee, Event, Reject

PRIMARY = "primary"
NO_ID = "no id"
NO_START = "no readable start"
UNKNOWN_VALUE = "unknown value, taken for the usual one"
LISTED_AT_ONCE = 2500  # Google gives no more
LISTED_ANEW_AFTER = timedelta(days=30)
_PERSON = "email,displayName"
FIELDS = (
    "nextPageToken,nextSyncToken,items(id,iCalUID,recurringEventId,status,updated,sequence,"
    f"start,end,originalStartTime,eventType,transparency,organizer({_PERSON},self),"
    f"attendees({_PERSON},responseStatus,resource,organizer,asyncOperation),attendeesOmitted,"
    "guestsCanSeeOtherGuests)"
)
_CALENDARS = ".calendar.google.com"
_ROOM_DOMAIN = "resource.calendar.google.com"
_KINDS = {
    "default": "default",
    "fromGmail": "default",
    "focusTime": "focus_time",
    "outOfOffice": "out_of_office",
    "workingLocation": "working_location",
    "birthday": "birthday",
}
_RESPONSES = {
    "needsAction": "needs_action",
    "accepted": "accepted",
    "tentative": "tentative",
    "declined": "declined",
}
_STATUSES = ("confirmed", "tentative", "cancelled")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Reached:
    """What a cursor says.

    sync       Google's token for everything that changes from now on
    seen_at    when it was given; ISO 8601, UTC
    listed_at  when the calendar was last listed in full; ISO 8601, UTC
    since      what ended before was left out then; ISO 8601, UTC
    """

    sync: str
    seen_at: str
    listed_at: str
    since: str

    def is_to_be_listed(self, since: datetime, now: datetime) -> bool:
        """Whether the listing is old, or did not reach back to ``since``."""
        age = now - datetime.fromisoformat(self.listed_at)
        return age >= LISTED_ANEW_AFTER or datetime.fromisoformat(self.since) > since


@dataclass(frozen=True, slots=True)
class CalendarReader:
    """Reads one calendar over one session.

    calendar_id  PRIMARY, or the address that Google gives another calendar
    since        what ended before is left out; UTC
    """

    session: Session
    events: Resource
    mailbox_id: str
    calendar_id: str
    since: datetime

    @property
    def stream(self) -> str:
        """The name of its cursor."""
        return f"calendar:{self.calendar_id}"

    def pages(self, cursors: Mapping[str, str]) -> Iterator[Page]:
        """Every page from where its cursor stands. Raises PullProblem, Stopped."""
        cursor = cursors.get(self.stream)
        reached = _Reached(**json.loads(cursor)) if cursor is not None else None
        if reached is not None:
            try:
                reached = yield from self._round(reached, reached.sync)
            except Refused as refused:
                if refused.status != HTTPStatus.GONE:
                    raise
            else:
                if not reached.is_to_be_listed(self.since, self.session.at):
                    return
        yield from self._round(reached, None)

    def _round(
        self, reached: _Reached | None, sync_token: str | None
    ) -> Generator[Page, None, _Reached | None]:
        """All changes since ``sync_token``; without one all there is, and a sweep."""
        for answer, is_first in paged(lambda token: self._asked(sync_token, token)):
            page = self._page(answer.get("items") or (), reached)
            if sync_token is None:
                there = tuple(one.event_id for one in page.records if isinstance(one, Event))
                page = replace(page, listed=there, starts_listing=is_first)
            if answer.get("nextPageToken") is None:
                if sync_token is None:
                    page = replace(page, sweep=self._sweep(reached))
                reached = self._reached(reached, sync_token, answer.get("nextSyncToken"))
                page = replace(page, cursor=_written(reached), is_complete=True)
            yield page
        return reached

    def _reached(
        self, reached: _Reached | None, asked: str | None, given: str | None
    ) -> _Reached | None:
        """Where a round has led that ``asked`` for changes, or None for all there is.

        Without a new token, which happens, the next pull repeats the round.
        """
        if not given:
            return reached
        now = self.session.at.isoformat()
        if asked is None:
            return _Reached(given, now, now, self.since.isoformat())
        return replace(reached, sync=given, seen_at=now)

    def _asked(self, sync_token: str | None, token: str | None) -> dict[str, Any]:
        request = self.events.list(
            calendarId=self.calendar_id,
            singleEvents=True,
            maxResults=LISTED_AT_ONCE,
            # A sync token stands for the first round's parameters and must not come with this one.
            timeMin=None if sync_token else self.since.isoformat(),
            syncToken=sync_token,
            pageToken=token,
            fields=FIELDS,
        )
        return self.session.ask(request, 1)

    def _sweep(self, reached: _Reached | None) -> Sweep:
        at = datetime.fromisoformat(reached.seen_at) if reached else self.session.at
        return Sweep(kind="event", at=at, within=self.calendar_id, since=self.since)

    def _page(self, items: Iterable[Mapping[str, Any]], reached: _Reached | None) -> Page:
        """What the items of one answer say, under the old cursor."""
        seen_at = datetime.fromisoformat(reached.seen_at) if reached else self.session.at
        found: list[Event | Reject] = []
        gone: list[Gone] = []
        for item in items:
            if not item.get("id"):
                found.append(_rejected(item, self.mailbox_id, "event", NO_ID))
                continue
            gone_at = _updated_at(item) or seen_at
            if item.get("status") == "cancelled":
                gone.extend(_cancelled(item, gone_at, self.calendar_id))
                continue
            for record in records(item, self.mailbox_id, self.calendar_id):
                # Moved to before the horizon, it must not stay where it was.
                if isinstance(record, Event) and record.end_at <= self.since:
                    gone.append(Gone("event", record.event_id, gone_at, self.calendar_id))
                else:
                    found.append(record)
        return Page(
            stream=self.stream,
            cursor=_written(reached),
            at=self.session.at,
            records=tuple(found),
            gone=tuple(gone),
        )


def _written(reached: _Reached | None) -> str | None:
    return json.dumps(asdict(reached), sort_keys=True) if reached else None


def _cancelled(item: Mapping[str, Any], at: datetime, calendar_id: str) -> Iterator[Gone]:
    """A cancelled occurrence; one that belongs to no series may be a whole series itself."""
    yield Gone("event", item["id"], at, calendar_id)
    if not item.get("recurringEventId"):
        yield Gone("series", item["id"], at, calendar_id)


def records(
    item: Mapping[str, Any], mailbox_id: str, calendar_id: str = PRIMARY
) -> Iterator[Event | Reject]:
    """The Event, then a Reject for attendees without an address and for each unknown value.

    One Reject for a broken event.
    """
    event_id = item["id"]
    start_at = _moment(item.get("start"))
    if start_at is None:
        yield _rejected(item, mailbox_id, event_id, NO_START)
        return
    is_all_day = "date" in item["start"]
    end_at = _moment(item.get("end")) or start_at + (_DAY if is_all_day else timedelta(0))
    series_id = item.get("recurringEventId")
    organizer = item.get("organizer") or {}
    invited = item.get("attendees") or ()
    attendees, unreadable = _attendees(invited)
    yield Event(
        mailbox_id=mailbox_id,
        calendar_id=calendar_id,
        event_id=event_id,
        series_id=series_id,
        ical_uid=item.get("iCalUID"),
        original_start_at=_moment(item.get("originalStartTime")) or start_at,
        start_at=start_at,
        end_at=max(end_at, start_at),
        is_all_day=is_all_day,
        is_recurring=series_id is not None,
        status="tentative" if item.get("status") == "tentative" else "confirmed",
        kind=_KINDS.get(str(item.get("eventType")), "default"),
        is_busy=item.get("transparency") != "transparent",
        # An entry for oneself has an owner, but nobody called it.
        organizer=_person(organizer) if attendees else None,
        attendees=_with_organizer(attendees, _person(organizer)),
        # Of a large group that was invited Google lists the members by and by.
        has_all_attendees=not item.get("attendeesOmitted")
        and not any(one.get("asyncOperation") for one in invited)
        and (item.get("guestsCanSeeOtherGuests") is not False or bool(organizer.get("self"))),
        sequence=item.get("sequence"),
        updated_at=_updated_at(item),
    )
    if unreadable:
        whole = _rejected(item, mailbox_id, f"{event_id}, attendee", NO_ADDRESS)
        yield replace(whole, length=unreadable)
    for name in _unknown(item):
        yield _rejected(item, mailbox_id, f"{event_id}, {name}", UNKNOWN_VALUE)


def _unknown(item: Mapping[str, Any]) -> Iterator[str]:
    """Properties of an event with a value that Google did not know when this was written."""
    if item.get("eventType", "default") not in _KINDS:
        yield "eventType"
    if item.get("status", "confirmed") not in _STATUSES:
        yield "status"
    responses = {one.get("responseStatus", "needsAction") for one in item.get("attendees") or ()}
    if not responses <= _RESPONSES.keys():
        yield "responseStatus"


def _rejected(item: Mapping[str, Any], mailbox_id: str, locator: str, reason: str) -> Reject:
    return Reject(
        source=f"{mailbox_id}/calendar",
        locator=locator,
        reason=reason,
        length=len(json.dumps(item)),
    )


def _moment(time: Mapping[str, Any] | None) -> datetime | None:
    """A start or end as an instant; a date as its midnight; None for neither; UTC."""
    time = time or {}
    try:
        if "date" in time:
            return datetime.combine(date.fromisoformat(time["date"]), datetime.min.time(), UTC)
        return _instant(time["dateTime"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _updated_at(item: Mapping[str, Any]) -> datetime | None:
    try:
        return _instant(item["updated"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without its offset")
    return at.astimezone(UTC)


def _attendees(items: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Attendee], int]:
    """Attendees by lower-case address, and the bytes of what stands where an address should."""
    found: dict[str, Attendee] = {}
    unreadable = 0
    for item in items:
        email = str(item.get("email") or "")
        address = addresses.named(email, item.get("displayName"))
        if address is None:
            unreadable += len(email.encode("utf-8", "replace"))
            continue
        is_room = item.get("resource") or addresses.domain(address.address) == _ROOM_DOMAIN
        attendee = Attendee(
            address.address,
            address.name,
            _RESPONSES.get(str(item.get("responseStatus")), "needs_action"),
            # Nothing tells a person from a group that was invited as one.
            "room" if is_room else "unknown",
        )
        found.setdefault(address.address.lower(), attendee)
    return found, unreadable


def _with_organizer(
    attendees: dict[str, Attendee], organizer: Address | None
) -> tuple[Attendee, ...]:
    """Whoever calls a meeting comes to it, also where Google leaves that out."""
    if attendees and organizer is not None:
        own = Attendee(organizer.address, organizer.name, "accepted")
        attendees.setdefault(organizer.address.lower(), own)
    return tuple(attendees.values())


def _person(item: Mapping[str, Any]) -> Address | None:
    """The organizer; None where a calendar stands there, or Google's unknownorganizer."""
    address = addresses.named(str(item.get("email") or ""), item.get("displayName"))
    if address is None or f".{addresses.domain(address.address)}".endswith(_CALENDARS):
        return None
    return address
