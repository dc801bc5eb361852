"""What a pull of Microsoft is stored in here: records by key, presence by folder, cursors.

It keeps the contract of connectors/pages.py in memory: a page is taken whole before the next one is
asked for, so a test may stop anywhere and begin again with what is there.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from connectors.pages import Page
from connectors.records import Event, Message, Person, Reject


class Store:
    """One mailbox, or one directory."""

    def __init__(self) -> None:
        self.cursors: dict[str, str] = {}
        self.messages: dict[str, Message] = {}
        self.events: dict[str, Event] = {}
        self.people: dict[str, Person] = {}
        self.rejects: set[Reject] = set()
        self.gone: dict[str, datetime] = {}
        self.folders: dict[str, set[str]] = defaultdict(set)
        self.listed: dict[str, set[str]] = defaultdict(set)
        self.asked: list[set[str]] = []
        self.pages: list[Page] = []

    def held(self, ids: Collection[str]) -> set[str]:
        self.asked.append(set(ids))
        return self.messages.keys() & set(ids)

    def take(self, pages: Iterable[Page], most: int | None = None) -> int:
        """Store the pages, at most so many; how many there were."""
        count = 0
        for page in pages:
            self._store(page)
            count += 1
            if count == most:
                break
        return count

    def _store(self, page: Page) -> None:
        self.pages.append(page)
        if page.starts_listing:
            self.listed[page.stream] = set()
        for record in page.records:
            self._keep(record)
        for folder, message in page.filed:
            assert message in self.messages, "filed, but not stored"
            self.folders[folder].add(message)
            self.gone.pop(message, None)
        for folder, message in page.unfiled:
            self._leave(folder, message, page.at, page.is_last_folder)
        for one in page.gone:
            assert one.kind == "event"
            if one.id in self.events:
                self.gone.setdefault(one.id, one.at)
        self.listed[page.stream] |= set(page.listed)
        if page.sweep:
            self._sweep(page)
        if page.cursor is None:
            self.cursors.pop(page.stream, None)
        else:
            self.cursors[page.stream] = page.cursor

    def _keep(self, record: Message | Event | Person | Reject) -> None:
        if isinstance(record, Reject):
            self.rejects.add(record)
            return
        if isinstance(record, Message):
            for folder in record.folder_ids:
                self.folders[folder].add(record.message_id)
            self.messages[record.message_id] = replace(record, folder_ids=())
            key = record.message_id
        elif isinstance(record, Event):
            self.events[record.event_id] = record
            key = record.event_id
        else:
            self.people[record.directory_id] = record
            key = record.directory_id
        self.gone.pop(key, None)

    def _leave(self, folder: str, message: str, at: datetime, is_last: bool) -> None:
        self.folders[folder].discard(message)
        is_nowhere = not any(message in held for held in self.folders.values())
        if is_last and is_nowhere and message in self.messages:
            self.gone.setdefault(message, at)

    def _sweep(self, page: Page) -> None:
        sweep, listed = page.sweep, self.listed.pop(page.stream)
        if sweep.kind == "folder":
            for message in self.folders[sweep.within] - listed:
                self._leave(sweep.within, message, sweep.at, page.is_last_folder)
        elif sweep.kind == "event":
            for key, one in self.events.items():
                if one.start_at < sweep.until and one.end_at > sweep.since and key not in listed:
                    self.gone.setdefault(key, sweep.at)
        else:
            assert sweep.kind == "person"
            for key in self.people.keys() - listed:
                self.gone.setdefault(key, sweep.at)

    # -- what it comes to

    def live_messages(self) -> dict[str, Message]:
        return {key: one for key, one in self.messages.items() if key not in self.gone}

    def live_events(self) -> dict[str, Event]:
        return {key: one for key, one in self.events.items() if key not in self.gone}

    def live_people(self) -> dict[str, Person]:
        return {key: one for key, one in self.people.items() if key not in self.gone}

    def outcome(self) -> tuple:
        """Everything that has to be equal however a pull was disturbed."""
        folders = {name: frozenset(held) for name, held in self.folders.items() if held}
        return (
            self.live_messages(),
            folders,
            self.live_events(),
            self.live_people(),
            self.rejects,
            self.gone.keys(),
        )
