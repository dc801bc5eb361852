"""Calendar's methods: the calendar list, events with their sync tokens.

Here: which events an answer lists, page by page, in full or since a token. Not here: how an event
looks (events.py), tokens and scopes (vendor.py).

A sync token does not remember the times that bounded the first listing: what changes outside of
them comes too. A called-off series comes as its instances of half a year around now.
"""

import base64
import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sandbox.diaries import CANCELLED, Diary, Series
from sandbox.google import events, refusal
from sandbox.google.events import Events, Item
from sandbox.google.gmail import Caller
from sandbox.google.query import SYSTEM, Query
from sandbox.world import World

_DEFAULT_PAGE, _LARGEST_PAGE = 250, 2500
LIST_PARAMETERS = frozenset(
    (
        "eventTypes",
        "maxAttendees",
        "maxResults",
        "orderBy",
        "pageToken",
        "showDeleted",
        "singleEvents",
        "syncToken",
        "timeMax",
        "timeMin",
        "timeZone",
    )
)
# Never together with a sync token; the sandbox serves only some of them at all.
_BOUNDS = (
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMax",
    "timeMin",
    "updatedMin",
)
# May differ between the first listing and those that go on from its token.
_FREE = SYSTEM | {"maxResults", "pageToken", "syncToken", *_BOUNDS}
_CALLED_OFF = timedelta(days=183)


class Calendar:
    """The calendars of the company."""

    def __init__(self, world: World) -> None:
        """Serve a world's diaries."""
        self._world = world
        self._events = Events(world, world.village)
        self._generation = 0

    def expire_sync_tokens(self) -> None:
        """Let every token that was handed out so far be answered with 410."""
        self._generation += 1

    def calendars(self, caller: Caller, query: Query) -> dict[str, Any]:
        """calendarList.list: everybody has the own calendar only."""
        address = caller.account.address
        own = {
            "kind": "calendar#calendarListEntry",
            "etag": '"0"',
            "id": address,
            "summary": address,
            "timeZone": self._zone(address, query),
            "colorId": "14",
            "selected": True,
            "accessRole": "owner",
            "defaultReminders": [],
            "primary": True,
        }
        token = _sealed({"generation": self._generation})
        return {
            "kind": "calendar#calendarList",
            "etag": '"0"',
            "nextSyncToken": token,
            "items": [own],
        }

    def events(self, caller: Caller, query: Query, calendar: str) -> dict[str, Any]:
        """events.list."""
        address = caller.account.address
        if calendar in self._world.shared_calendars:
            address = calendar
        elif calendar not in ("primary", address):
            raise refusal.calendar_not_found()
        diary = self._world.calendars[address]
        after = self._after(query)
        page = _opened(query, "pageToken") or {"seq": self._world.note_seq, "last": ""}
        items = (
            _listed(diary, query) if after is None else _changed(diary, query, after, self._world)
        )
        rest = [(place, one) for place, one in _ordered(query, items) if place > page["last"]]
        size = query.page_size(_DEFAULT_PAGE, _LARGEST_PAGE)
        zone = self._zone(address, query)
        answer = {
            "kind": "calendar#events",
            "etag": f'"{self._world.note_seq}"',
            "summary": address,
            "updated": f"{self._world.now:%Y-%m-%dT%H:%M:%S}.000Z",
            "timeZone": zone,
            "accessRole": "owner",
            "defaultReminders": [],
            "items": [self._show(diary, one, query, zone) for _, one in rest[:size]],
        }
        if len(rest) > size:
            answer["nextPageToken"] = _sealed(page | {"last": rest[size - 1][0]})
        elif query.one("orderBy") is None:
            token = {"generation": self._generation, "seq": page["seq"], "asked": _asked(query)}
            answer["nextSyncToken"] = _sealed(token)
        return answer

    def _after(self, query: Query) -> int | None:
        """The seq since which changes are asked for, None for everything. Raises Refusal."""
        token = _opened(query, "syncToken")
        if token is None:
            return None
        for name in _BOUNDS:
            if query.one(name) is not None:
                message = "Sync token cannot be used with other request restrictions"
                raise refusal.calendar_invalid(message, name)
        if query.one("showDeleted") == "false" or token.get("asked") != _asked(query):
            message = "Sync token is used with other parameters than those it was made for"
            raise refusal.calendar_invalid(message, "syncToken")
        if token["generation"] < self._generation:
            raise refusal.full_sync_required()
        return token["seq"]

    def _show(self, diary: Diary, one: Item, query: Query, zone: str) -> dict[str, Any]:
        """An event; of one that is gone only a stub, unless its details were asked for."""
        if one.is_gone(diary) and (_is_hole(diary, one) or not query.flag("showDeleted")):
            return events.stub(one, zone)
        owner = self._world.current(diary.person.address)
        return self._events.show(one, owner, zone, query.number("maxAttendees"))

    def _zone(self, address: str, query: Query) -> str:
        return query.one("timeZone") or self._world.calendars[address].person.zone


def _listed(diary: Diary, query: Query) -> Iterator[Item]:
    """Everything that the calendar shows within the times asked for."""
    since, until = query.moment("timeMin"), query.moment("timeMax")
    types = query.many("eventTypes")
    expands, shows_gone = query.flag("singleEvents"), query.flag("showDeleted")
    for one in _all(diary, expands=expands):
        # Without expansion only the holes tell where the rule does not hold.
        is_told = shows_gone or (not expands and _is_hole(diary, one))
        if one.is_gone(diary) and not is_told:
            continue
        if types and events.kind(one.series.entry) not in types:
            continue
        if _is_within(one, since, until):
            yield one


def _all(diary: Diary, *, expands: bool) -> Iterator[Item]:
    for series in diary.series.values():
        if not expands:
            yield events.master(series)
        for key, occurrence in series.occurrences().items():
            one = events.item(series, key)
            is_exception = occurrence.is_exception or _is_hole(diary, one)
            if expands or (is_exception and series.entry.every_weeks):
                yield one


def _is_hole(diary: Diary, one: Item) -> bool:
    """Whether it is gone from a series that still stands."""
    is_instance = one.key is not None and one.series.entry.every_weeks
    return bool(is_instance) and one.is_gone(diary) and not _is_all_gone(diary, one.series)


def _is_within(one: Item, since: datetime | None, until: datetime | None) -> bool:
    own = [one.occurrence()] if one.key else one.series.occurrences().values()
    return any(
        (since is None or occurrence.end > since) and (until is None or occurrence.start < until)
        for occurrence in own
    )


def _changed(diary: Diary, query: Query, after: int, world: World) -> Iterator[Item]:
    """Every event that something was noted about, once each."""
    types, expands = query.many("eventTypes"), query.flag("singleEvents")
    first = bisect_right(diary.log, after, key=lambda note: note.seq)
    touched = dict.fromkeys((note.uid, note.key) for note in diary.log[first:])
    found: dict[str, Item] = {}
    for uid, key in touched:
        series = diary.series[uid]
        if types and events.kind(series.entry) not in types:
            continue
        if key is not None:
            items = [events.item(series, key)]
        elif expands:
            items = [events.item(series, one) for one in series.occurrences()]
            if _is_all_gone(diary, series):
                items = [one for one in items if _is_near(one, world.now)]
        else:
            items = [events.master(series)]
        found |= {one.id: one for one in items}
    yield from found.values()


def _is_all_gone(diary: Diary, series: Series) -> bool:
    """Whether a whole entry was called off or taken off a calendar."""
    return diary.is_removed(series.entry.uid, None) or series.status == CANCELLED


def _is_near(one: Item, now: datetime) -> bool:
    is_single = not one.series.entry.every_weeks
    return is_single or abs(one.occurrence().original_start - now) < _CALLED_OFF


def _ordered(query: Query, items: Iterable[Item]) -> list[tuple[str, Item]]:
    """Items with their places, which a page token can name. Raises Refusal."""
    order = query.one("orderBy")
    if order == "startTime" and not query.flag("singleEvents"):
        message = "The requested ordering is not available for the particular query."
        raise refusal.calendar_invalid(message, "orderBy")
    if order == "startTime":
        placed = [(f"{one.occurrence().start.isoformat()} {one.id}", one) for one in items]
    elif order == "updated":
        placed = [(f"{one.occurrence().updated_at.isoformat()} {one.id}", one) for one in items]
    elif order is None:
        placed = [(one.id, one) for one in items]
    else:
        raise refusal.calendar_invalid("Bad Request", "orderBy")
    return sorted(placed)


def _asked(query: Query) -> list[list[Any]]:
    """The parameters that a token is bound to."""
    return [[name, list(query.values[name])] for name in sorted(query.values) if name not in _FREE]


def _sealed(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


def _opened(query: Query, name: str) -> dict[str, Any] | None:
    """What a token holds, None without one. Raises Refusal (400) for one nobody handed out."""
    token = query.one(name)
    if token is None:
        return None
    try:
        content = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        kind = "sync" if name == "syncToken" else "page"
        raise refusal.calendar_invalid(f"Invalid {kind} token value.", name)
    return content
