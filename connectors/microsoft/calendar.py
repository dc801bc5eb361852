"""The calendar of one mailbox: read backwards once, afterwards a window around today again.

Here: windows, full listings of them, the identity of a series.
Not here: what an entry says (events.py), changes instead of windows (calendar_delta.py), requests
(graph.py).

Graph's calendar deltas give occurrences as stubs without attendees, take no $select and need a
further permission. So each window of a calendarView is listed whole, and what is stored in it but
was not listed has gone.
"""

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from connectors.http import Answer
from connectors.microsoft import events, values
from connectors.microsoft.exchange import Recipient
from connectors.microsoft.graph import IMMUTABLE_IDS, Graph, segment
from connectors.microsoft.refusals import Refused
from connectors.microsoft.values import Item
from connectors.pages import Page, Sweep
from connectors.records import Event, Mailbox, Reject

STREAM = f"calendar:{events.CALENDAR_ID}"
AHEAD, BEHIND = timedelta(days=60), timedelta(days=30)
_WINDOW = timedelta(days=180)
_WIDE = timedelta(days=1_800)  # once a window was empty; Graph refuses more than five years
# All-day entries lie between the midnights of the mailbox's own zone, and are stored at those of
# UTC. So a window is asked for a day wider on both sides than what its listing is taken to prove.
MARGIN = timedelta(days=1)
UTC_TIMES = 'outlook.timezone="UTC"'
_SOME_DAY = "startDateTime=2000-01-01T00:00:00Z&endDateTime=2000-01-02T00:00:00Z"


@dataclass(frozen=True, slots=True)
class State:
    """The cursor.

    seen_at  when the window around today was last read whole; None before the first time
    back_to  the first pass has read everything from here on
    """

    seen_at: datetime | None
    back_to: datetime | None

    def text(self) -> str:
        """As it is stored."""
        state = {name: at and at.isoformat() for name, at in asdict(self).items()}
        return json.dumps(state, sort_keys=True)

    @classmethod
    def read(cls, cursor: str | None) -> "State":
        """What ``text`` wrote; nothing read where there is none."""
        state = json.loads(cursor or "{}")
        times = (state.get(name) for name in ("seen_at", "back_to"))
        return cls(*(datetime.fromisoformat(one) if one else None for one in times))


@dataclass(slots=True)
class Pull:
    """One pull of the calendar of one mailbox.

    root       path of the mailbox in Graph
    since      nothing that began earlier is kept
    recipient  reads who stands in an item
    uids       series -> its UID, as far as Graph was asked for it in this pull
    """

    graph: Graph
    root: str
    mailbox: Mailbox
    cursors: Mapping[str, str]
    since: datetime
    recipient: Recipient = values.recipient
    uids: dict[str, str | None] = field(default_factory=dict)

    def pages(self) -> Iterator[Page]:
        """Everything that is new. Raises PullProblem and Stopped."""
        state = State.read(self.cursors.get(STREAM))
        now = first_answer(self.graph, self.root).at
        state = yield from self._around(now, state)
        span = _WINDOW
        while state.back_to > self.since:
            low, high = max(self.since, state.back_to - span), state.back_to
            before, state = state, State(state.seen_at, low)
            count = yield from self._window(low, high, before, state, is_done=low <= self.since)
            span = _WINDOW if count else _WIDE

    def _around(self, now: datetime, state: State) -> Generator[Page, None, State]:
        """The window around today, in parts where the last pull was years ago; the next state."""
        high, low = now + AHEAD, (state.seen_at or now) - BEHIND
        low = min(max(self.since, low), now)
        after = State(now, min(low, state.back_to or low))
        while high > low:
            edge = max(low, high - _WIDE)
            is_last = edge == low
            yield from self._window(
                edge,
                high,
                state,
                after if is_last else state,
                is_done=is_last and after.back_to <= self.since,
            )
            high = edge
        return after

    def _window(
        self, low: datetime, high: datetime, before: State, after: State, *, is_done: bool
    ) -> Generator[Page, None, int]:
        """All pages of one window; the last moves the cursor on. Returns how many entries."""
        path = f"{view(f'{self.root}/calendarView', low, high)}&$select={events.SELECT}&$top=1000"
        count = 0
        for step in self.graph.steps(path, IMMUTABLE_IDS, UTC_TIMES):
            is_last = step.next is None
            listed = tuple(one for item in step.items if (one := values.text(item, "id")))
            yield Page(
                stream=STREAM,
                cursor=(after if is_last else before).text(),
                at=step.at,
                records=tuple(self._records(step.items)),
                listed=listed,
                starts_listing=count == 0,
                sweep=Sweep(
                    kind="event",
                    at=before.seen_at or step.at,
                    within=events.CALENDAR_ID,
                    since=low,
                    until=high,
                )
                if is_last
                else None,
                is_complete=is_last and is_done,
                covers_to=after.seen_at if is_last else None,
            )
            count += len(listed)
        return count

    def _records(self, items: Iterable[Item]) -> Iterator[Event | Reject]:
        for item in items:
            if values.text(item, "id"):
                yield from events.records(
                    item, self.mailbox, self._uid(item), self.since, self.recipient
                )

    def _uid(self, item: Item) -> str | None:
        """The UID by which all calendars know the entry; Graph's own differs by occurrence.

        Graph is asked for the series once in a pull, and only where the iCalUId does not tell.
        """
        own, master = values.text(item, "iCalUId"), values.text(item, "seriesMasterId")
        told = events.series_uid(own) if own else None
        if told or master is None or not events.is_of_series(item):
            return told or own
        if master not in self.uids:
            self.uids[master] = self._asked_uid(master)
        return self.uids[master] or own

    def _asked_uid(self, master: str) -> str | None:
        """The UID of a series; None where its first entry has gone and left orphans."""
        path = f"{self.root}/events/{segment(master)}?$select=id,iCalUId"
        try:
            return events.uid_of_series(self.graph.get(path, IMMUTABLE_IDS).body)
        except Refused as refused:
            if not refused.is_missing:
                raise
            return None


def first_answer(graph: Graph, root: str) -> Answer:
    """The cheapest answer that a calendar gives: whether it is open, and what time it is there.

    Windows lie around the provider's now, not this machine's.
    """
    return graph.get(f"{root}/calendarView?{_SOME_DAY}&$select=id&$top=1")


def view(path: str, low: datetime, high: datetime) -> str:
    """The path of a window, with its margins."""
    return f"{path}?startDateTime={_z(low - MARGIN)}&endDateTime={_z(high + MARGIN)}"


def _z(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
