"""The local Google, an account of it, and a store in memory that keeps pages as kith does."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.google import UNLIMITED, Endpoints, GoogleAccount
from connectors.pages import Page, PullProblem
from connectors.quota import Clock
from connectors.records import Event, Mailbox, Message, Person, Reject
from sandbox.exchange import Call
from sandbox.people import GOOGLE
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class QuickClock(Clock):
    """A clock whose waits are over at once; ``waits`` holds the real ones."""

    def __init__(self) -> None:
        super().__init__()
        self.at_s = 0.0
        self.waits: list[float] = []

    def now_s(self) -> float:
        return self.at_s

    def wait(self, seconds: float) -> None:
        if seconds > 0:
            self.waits.append(seconds)
            self.at_s += seconds


@dataclass
class Store:
    """What is stored of one mailbox, or of a directory."""

    messages: dict[str, Message] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    folders: set[tuple[str, str]] = field(default_factory=set)
    gone: dict[str, datetime] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)
    listed: dict[str, set[str]] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)

    def held(self, ids: Collection[str]) -> set[str]:
        return {one for one in ids if one in self.messages}

    def keep(self, page: Page) -> None:
        self.pages.append(page)
        for record in page.records:
            self._keep_record(record)
        if page.starts_listing:
            self.listed[page.stream] = set()
        listed = self.listed.setdefault(page.stream, set())
        listed.update(page.listed)
        self.folders.update(pair for pair in page.filed if pair[1] in self.messages)
        self.folders.difference_update(page.unfiled)
        for one in page.gone:
            if one.kind == "series":
                ids = [
                    event.event_id for event in self.events.values() if event.series_id == one.id
                ]
            else:
                ids = [one.id]
            self._remove(ids, one.at)
        if page.sweep is not None:
            self._sweep(page, listed)
            listed.clear()
        if page.cursor is None:
            self.cursors.pop(page.stream, None)
        else:
            self.cursors[page.stream] = page.cursor

    def _keep_record(self, record: Message | Event | Person | Reject) -> None:
        match record:
            case Message():
                self.messages[record.message_id] = replace(record, folder_ids=())
                self.folders.update((one, record.message_id) for one in record.folder_ids)
            case Event():
                if self.events.get(record.event_id) != record:
                    self.gone.pop(record.event_id, None)
                self.events[record.event_id] = record
            case Person():
                self.people[record.directory_id] = record
            case Reject():
                self.rejects.append(record)

    def _sweep(self, page: Page, listed: set[str]) -> None:
        sweep = page.sweep
        if sweep.kind == "event":
            known = [one.event_id for one in self.events.values() if one.end_at > sweep.since]
        else:
            known = list(self.messages if sweep.kind == "message" else self.people)
        self._remove([one for one in known if one not in listed], sweep.at)
        if sweep.kind == "message":
            for one in listed:
                self.gone.pop(one, None)

    def _remove(self, ids: Iterable[str], at: datetime) -> None:
        for one in ids:
            if one in self.messages or one in self.events or one in self.people:
                self.gone.setdefault(one, at)
                self.folders = {pair for pair in self.folders if pair[1] != one}

    def rows(self) -> dict[str, Any]:
        """Everything that a pull is judged by."""
        return {
            "messages": self.messages,
            "events": self.events,
            "people": self.people,
            "folders": self.folders,
            "gone": self.gone,
            "cursors": self.cursors,
            "rejects": {repr(one) for one in self.rejects},
        }

    def alive(self) -> set[str]:
        return (set(self.messages) | set(self.events) | set(self.people)) - set(self.gone)

    def folders_of(self, message_id: str) -> set[str]:
        return {folder for folder, one in self.folders if one == message_id}


@dataclass
class Office:
    """One mailbox of the local Google, the account that reads it, and what is stored of it."""

    sandbox: Sandbox
    account: GoogleAccount
    mailbox: Mailbox
    clock: QuickClock
    store: Store = field(default_factory=Store)
    since: datetime = LONG_AGO

    def mail(self, pages: int | None = None) -> list[Call]:
        """Pull the mail, or its first pages; the calls that this took."""
        found = self.account.mail(
            self.mailbox, dict(self.store.cursors), self.store.held, self.since
        )
        return self._pull(found, pages)

    def calendar(self, pages: int | None = None) -> list[Call]:
        return self._pull(
            self.account.calendar(self.mailbox, dict(self.store.cursors), self.since), pages
        )

    def people(self) -> list[Call]:
        return self._pull(self.account.people(dict(self.store.cursors)), None)

    def _pull(self, found: Iterator[Page], pages: int | None) -> list[Call]:
        before = len(self.sandbox.log)
        try:
            while pages is None or pages > 0:
                page = next(found, None)
                if page is None:
                    break
                self.store.keep(page)
                pages = None if pages is None else pages - 1
        finally:
            found.close()
        return self.sandbox.log[before:]

    def problem(self, pull: Callable[[], object]) -> PullProblem:
        with pytest.raises(PullProblem) as caught:
            pull()
        return caught.value

    def again(self) -> "Office":
        """The same mailbox with nothing stored of it."""
        return replace(self, store=Store())


def names(calls: Iterable[Call]) -> list[str]:
    """The last words of the paths of all calls, those inside batches instead of the batches."""
    flat = [part for call in calls for part in (call.parts or (call,))]
    return [call.path.removeprefix("/gmail/v1/users/me/") for call in flat]


def fetched(calls: Iterable[Call]) -> list[str]:
    """Ids of messages and threads that were fetched."""
    return [name for name in names(calls) if name.startswith(("messages/", "threads/"))]


@pytest.fixture(scope="session")
def village() -> Village:
    """Two months; simulated once."""
    return Village(months=2)


@pytest.fixture
def world(village: Village) -> World:
    return World(village)


@pytest.fixture
def sandbox(world: World) -> Iterator[Sandbox]:
    with Sandbox(world) as served:
        yield served


def account_of(
    sandbox: Sandbox, key: dict[str, Any] | None = None, **changes: Any
) -> GoogleAccount:
    """An account of a local Google; the service account's unless another key is given."""
    url = sandbox.google_url
    settings: dict[str, Any] = {
        "admin": sandbox.world.admin(GOOGLE),
        "endpoints": Endpoints(url, f"{url}/calendar/v3/", url),
        "quota": UNLIMITED,
        "clock": QuickClock(),
        "timeout_s": 20.0,
    }
    return GoogleAccount(key or sandbox.world.google_key_file(), **(settings | changes))


def office_of(sandbox: Sandbox, address: str | None = None, **changes: Any) -> Office:
    """The fullest mailbox of the company, or another."""
    if address is None:
        boxes = sandbox.world.boxes
        own = [one for one in boxes if one.endswith(f"@{GOOGLE}")]
        address = max(own, key=lambda one: len(boxes[one].copies()))
    clock = QuickClock()
    account = account_of(sandbox, **({"clock": clock} | changes))
    mailbox = Mailbox(mailbox_id="google-1", provider="google", address=address)
    return Office(sandbox, account, mailbox, clock)


@pytest.fixture
def office(sandbox: Sandbox) -> Office:
    return office_of(sandbox)
