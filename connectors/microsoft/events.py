"""One occurrence of a calendar entry as Graph gives it becomes an Event.

Here: which properties are asked for, where each goes, the identity of a series.
Not here: windows and pages (calendar.py), single values (values.py).
"""

import re
from collections.abc import Iterator
from datetime import datetime

from connectors import addresses
from connectors.headers import ID_CHARACTERS, NO_ADDRESS
from connectors.microsoft import values
from connectors.microsoft.exchange import Recipient
from connectors.microsoft.values import Item
from connectors.records import Address, Attendee, Event, Mailbox, Reject

CALENDAR_ID = "primary"
# Never subject, body, bodyPreview or location.
SELECT = ",".join(
    (
        *"id iCalUId seriesMasterId type originalStart originalStartTimeZone start end".split(),
        *"isAllDay isCancelled isOrganizer organizer attendees responseStatus showAs".split(),
        *"hideAttendees lastModifiedDateTime".split(),
    )
)
NO_START = "no readable start"
UNKNOWN_VALUE = "unknown value, taken for the usual one"

_RESPONSES = {
    "organizer": "accepted",
    "accepted": "accepted",
    "tentativelyAccepted": "tentative",
    "declined": "declined",
}
_UNANSWERED = (None, "none", "notResponded")
_TYPES = (None, "singleInstance", "occurrence", "exception", "seriesMaster")
_SHOWN_AS = (None, "unknown", "free", "tentative", "busy", "oof", "workingElsewhere")
_INVITED_AS = (None, "required", "optional", "resource")
_KINDS = {"oof": "out_of_office", "workingElsewhere": "working_location"}
_FREE = frozenset({"free", "workingElsewhere"})
# A global object id of Exchange (MS-OXOCAL 2.2.1.27) in hexadecimal: a class of 16 bytes, then the
# day of the occurrence (4 bytes, zero in that of the series), the time of creation and a reserve
# (8 each), the length of the rest (4), the rest.
_GLOBAL_ID = re.compile(r"040000008200E00074C5B7101A82E008(?:[0-9A-F]{2}){24,}", re.IGNORECASE)
_CLASS_DIGITS, _DAY_DIGITS, _HEAD_BYTES = 32, 8, 40
_FOREIGN = b"vCal-Uid\x01\0\0\0"  # the rest is the UID of another maker's calendar


def series_uid(uid: str) -> str | None:
    """The UID that all calendars know a series by, from any iCalUId of it.

    None where the iCalUId alone does not tell: it is no global object id.
    """
    if not _GLOBAL_ID.fullmatch(uid):
        return None
    rest = bytes.fromhex(uid)[_HEAD_BYTES:]
    if rest.startswith(_FOREIGN):
        return rest.removeprefix(_FOREIGN).rstrip(b"\0").decode("utf-8", "replace")
    after_day = _CLASS_DIGITS + _DAY_DIGITS
    return uid[:_CLASS_DIGITS] + "0" * _DAY_DIGITS + uid[after_day:]


def uid_of_series(master: Item) -> str | None:
    """The UID of the series that a master stands for."""
    uid = values.text(master, "iCalUId")
    return uid and (series_uid(uid) or uid)


def is_of_series(item: Item) -> bool:
    """Whether it is one of many."""
    return item.get("type") in ("occurrence", "exception")


def records(
    item: Item,
    mailbox: Mailbox,
    uid: str | None,
    since: datetime,
    recipient: Recipient = values.recipient,
) -> Iterator[Event | Reject]:
    """The Event that an item is, or a Reject; nothing for what began before ``since``.

    uid  of the series, or of the single entry
    After the Event comes a Reject for attendees without an address, and for each unknown value.
    """
    source, locator = f"{mailbox.mailbox_id}/calendar", values.text(item, "id") or ""
    is_all_day = item.get("isAllDay") is True
    read = values.midnight if is_all_day else values.zoned
    start_at, end_at = read(item, "start"), read(item, "end")
    if start_at is None:
        length = len(str(item).encode("utf-8", "replace"))
        yield Reject(source=source, locator=locator, reason=NO_START, length=length)
        return
    if start_at < since:
        return
    is_recurring = is_of_series(item)
    organizer, _ = recipient(values.part(item, "organizer"))
    attendees, unreadable_bytes = _attendees(item, mailbox, organizer, recipient)
    shows = values.text(item, "showAs")
    yield Event(
        mailbox_id=mailbox.mailbox_id,
        calendar_id=CALENDAR_ID,
        event_id=locator,
        series_id=values.text(item, "seriesMasterId"),
        ical_uid="".join((uid or "").split())[:ID_CHARACTERS] or None,
        original_start_at=_original_start(item, start_at) if is_recurring else start_at,
        start_at=start_at,
        end_at=max(end_at or start_at, start_at),
        is_all_day=is_all_day,
        is_recurring=is_recurring,
        status="cancelled" if item.get("isCancelled") is True else "confirmed",
        kind=_KINDS.get(shows, "default"),
        # Outlook shows what its owner declined as free, which says nothing of the meeting.
        is_busy=shows not in _FREE or _own_answer(item) == "declined",
        # An entry for oneself has an owner, but nobody called it.
        organizer=organizer if attendees else None,
        attendees=attendees,
        has_all_attendees=item.get("hideAttendees") is not True or item.get("isOrganizer") is True,
        updated_at=values.instant(item, "lastModifiedDateTime"),
    )
    if unreadable_bytes:
        where = f"{locator}, attendee"
        yield Reject(source=source, locator=where, reason=NO_ADDRESS, length=unreadable_bytes)
    for name, value in _unknown(item):
        where, length = f"{locator}, {name}", len(value.encode("utf-8", "replace"))
        yield Reject(source=source, locator=where, reason=UNKNOWN_VALUE, length=length)


def _unknown(item: Item) -> Iterator[tuple[str, str]]:
    """Properties with a value that Graph did not know when this was written, once each."""
    guests = values.parts(item, "attendees")
    answers = [values.part(item, "responseStatus"), *(values.part(one, "status") for one in guests)]
    told = {
        "type": (_TYPES, [values.text(item, "type")]),
        "showAs": (_SHOWN_AS, [values.text(item, "showAs")]),
        "attendees/type": (_INVITED_AS, [values.text(one, "type") for one in guests]),
        "response": (
            (*_UNANSWERED, *_RESPONSES),
            [values.text(one, "response") for one in answers],
        ),
    }
    for name, (known, found) in told.items():
        for value in found:
            if value not in known:
                yield name, value
                break


def _original_start(item: Item, start_at: datetime) -> datetime:
    """Where the series put it: an instant, or midnight UTC of the date in the series' own zone."""
    at = values.instant(item, "originalStart")
    if at is None:
        return start_at
    if item.get("isAllDay") is True:
        return values.date_in_zone(at, values.text(item, "originalStartTimeZone"))
    return at


def _attendees(
    item: Item, mailbox: Mailbox, organizer: Address | None, recipient: Recipient
) -> tuple[tuple[Attendee, ...], int]:
    """Who was invited, the organiser among them, and the bytes of those without an address.

    Everybody's copy knows what its owner answered; what the others did may only stand in the
    organiser's.
    """
    found: dict[str, Attendee] = {}
    unreadable_bytes = 0
    host = _key(organizer)
    for one in values.parts(item, "attendees"):
        address, length = recipient(one)
        if address is None:
            unreadable_bytes += length
            continue
        key = _key(address)
        answer = values.text(values.part(one, "status"), "response")
        response = "accepted" if key == host else _RESPONSES.get(answer, "needs_action")
        kind = "room" if one.get("type") == "resource" else "unknown"
        found.setdefault(key, Attendee(address.address, address.name, response, kind))
    if found and organizer is not None and host not in found:
        found[host] = Attendee(organizer.address, organizer.name, "accepted")
    own = addresses.canonical(mailbox.address) if mailbox.address else None
    answer = _own_answer(item)
    if answer and own in found:
        mine = found[own]
        found[own] = Attendee(mine.address, mine.name, answer, mine.kind)
    return tuple(found.values()), unreadable_bytes


def _own_answer(item: Item) -> str | None:
    """What the owner of the calendar answered."""
    return _RESPONSES.get(values.text(values.part(item, "responseStatus"), "response"))


def _key(address: Address | None) -> str | None:
    return addresses.canonical(address.address) if address else None
