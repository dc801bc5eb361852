"""The calendar of one mailbox by its changes: windows once, afterwards what Graph says has changed.

Here: delta rounds, stubs joined to their series, what a removal means.
Not here: windows (calendar.py), what an entry says (events.py), requests (graph.py).

A choice for tenants that grant Calendars.Read: deltas take no $select, so titles come along and are
dropped here. The window of a delta link is frozen. What has come into reach since then is read as a
window of its own, and after a month a new link takes the place of the old one. A link is got before
its window is read, so that nothing falls between the two.
"""

import json
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from connectors.microsoft import calendar, events, values
from connectors.microsoft.calendar import AHEAD, BEHIND, MARGIN, UTC_TIMES, State
from connectors.microsoft.graph import IMMUTABLE_IDS, Step, segment, unusable
from connectors.microsoft.refusals import Refused
from connectors.microsoft.values import Item
from connectors.pages import Gone, Page
from connectors.records import Event, Reject

STREAM = f"calendar_delta:{events.CALENDAR_ID}"
_NEW_LINK_AFTER = timedelta(days=30)
_SIZE = "odata.maxpagesize=500"


@dataclass(frozen=True, slots=True)
class _Track:
    """The cursor.

    link     path to go on with
    is_over  whether the link asks for what is new; else for the rest of a round
    is_read  whether the windows were read after the link was got
    until    end of the window that the link is about
    """

    link: str
    is_over: bool
    is_read: bool
    until: datetime

    def text(self) -> str:
        """As it is stored."""
        return json.dumps(asdict(self) | {"until": self.until.isoformat()}, sort_keys=True)

    @classmethod
    def read(cls, cursor: str | None) -> "_Track | None":
        """What ``text`` wrote."""
        if cursor is None:
            return None
        state = json.loads(cursor)
        return cls(**state | {"until": datetime.fromisoformat(state["until"])})


@dataclass(slots=True)
class Pull(calendar.Pull):
    """One pull of the calendar of one mailbox.

    masters  series that were met in this pull; None for one whose first entry has gone
    """

    masters: dict[str, Item | None] = field(default_factory=dict)

    def _around(self, now: datetime, state: State) -> Generator[Page, None, State]:
        """What changed around today; all of it where there is no link yet, or one that is over."""
        track = _Track.read(self.cursors.get(STREAM))
        if track is None or now + AHEAD > track.until + _NEW_LINK_AFTER:
            track = yield from self._begun(now)
        if track.is_read:
            try:
                yield from self._changed(now, state, track)
                return (yield from self._come_into_reach(now, state, track))
            except Refused as refused:
                if not refused.is_expired:
                    raise
            track = yield from self._begun(now)
        state = yield from calendar.Pull._around(self, now, state)
        yield Page(stream=STREAM, cursor=replace(track, is_read=True).text(), at=now)
        return state

    def _begun(self, now: datetime) -> Generator[Page, None, _Track]:
        """A new link. What its first round tells is read as a window afterwards."""
        path = calendar.view(f"{self.root}/calendarView/delta", now - BEHIND, now + AHEAD)
        last = deque(self.graph.steps(path, IMMUTABLE_IDS, UTC_TIMES, _SIZE), maxlen=1).pop()
        if last.delta is None:
            raise unusable()
        track = _Track(last.delta, is_over=True, is_read=False, until=now + AHEAD)
        yield Page(stream=STREAM, cursor=track.text(), at=last.at)
        return track

    def _changed(self, now: datetime, state: State, track: _Track) -> Iterator[Page]:
        """One delta round; after the rest of one that an earlier pull began, one more."""
        path, is_old = track.link, not track.is_over
        while path:
            step = self.graph.step(path, IMMUTABLE_IDS, UTC_TIMES, _SIZE)
            link = step.next or step.delta
            if link is None:
                raise unusable()
            track = replace(track, link=link, is_over=step.next is None)
            yield self._page(step, track, now, state.seen_at)
            path = step.next
            if is_old and track.is_over:
                path, is_old = step.delta, False

    def _come_into_reach(
        self, now: datetime, state: State, track: _Track
    ) -> Generator[Page, None, State]:
        """What lies beyond the window of the link, but not beyond that of today."""
        after = State(now, state.back_to)
        is_done = after.back_to <= self.since
        if now + AHEAD > track.until:
            yield from self._window(track.until, now + AHEAD, state, after, is_done=is_done)
        else:
            yield Page(
                stream=calendar.STREAM,
                cursor=after.text(),
                at=now,
                is_complete=is_done,
                covers_to=now,
            )
        return after

    def _page(self, step: Step, track: _Track, now: datetime, seen_at: datetime) -> Page:
        told = {one: item for item in step.items if (one := values.text(item, "id"))}
        for event_id, item in told.items():
            if item.get("type") == "seriesMaster":
                self.masters[event_id] = item
        records: list[Event | Reject] = []
        gone = []
        for event_id, item in told.items():
            whole = self._whole(event_id, item)
            if whole is not None and not _is_beyond(whole, now):
                records += self._records([whole])
            elif "@removed" in item:
                gone.append(Gone("event", event_id, seen_at, events.CALENDAR_ID))
        return Page(
            stream=STREAM, cursor=track.text(), at=step.at, records=tuple(records), gone=tuple(gone)
        )

    def _whole(self, event_id: str, item: Item) -> Item | None:
        """An entry as a window would show it; None for a series, and for what is not there.

        Whatever changes outside the window of the link is told of as removed, too.
        """
        match item.get("type"):
            case "seriesMaster":
                return None
            case "singleInstance":
                return item
            case "occurrence":
                return self._joined(event_id, item)
        return self._asked(event_id)

    def _joined(self, event_id: str, stub: Item) -> Item | None:
        """An occurrence of which only id and times came, with all that its series says."""
        series_id = values.text(stub, "seriesMasterId")
        if series_id is None:
            return self._asked(event_id)
        if series_id not in self.masters:
            self.masters[series_id] = self._asked(series_id)
        master = self.masters[series_id]
        if master is None:
            return self._asked(event_id)
        self.uids[series_id] = events.uid_of_series(master)
        own = {name: stub.get(name) for name in ("id", "type", "seriesMasterId", "start", "end")}
        return {**master, **own, "originalStart": None}

    def _asked(self, event_id: str) -> Item | None:
        """An entry by its id; None where it is not there."""
        path = f"{self.root}/events/{segment(event_id)}?$select={events.SELECT}"
        try:
            return self.graph.get(path, IMMUTABLE_IDS, UTC_TIMES).body
        except Refused as refused:
            if not refused.is_missing:
                raise
            return None


def _is_beyond(item: Item, now: datetime) -> bool:
    """Whether an entry begins later than a window reaches."""
    start_at = values.zoned(item, "start")
    return start_at is not None and start_at >= now + AHEAD + MARGIN
