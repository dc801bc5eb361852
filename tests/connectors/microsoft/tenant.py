"""The village's Microsoft tenant on loopback, and what a pull of it must come to."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

from connectors import headers
from connectors.addresses import Reading
from connectors.http import Timeouts
from connectors.microsoft import UNLIMITED, Endpoints, MicrosoftAccount, Quota
from connectors.pages import PullProblem
from connectors.quota import Clock
from connectors.records import Address, Attendee, Event, Mailbox, Message
from sandbox.boxes import Copy
from sandbox.diaries import Occurrence
from sandbox.exchange import Answer, Call, Request
from sandbox.life import Letter
from sandbox.microsoft.items import Ids
from sandbox.microsoft.messages import internet_message_id
from sandbox.microsoft.users import object_id
from sandbox.people import MICROSOFT
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World
from tests.connectors.microsoft.store import Store
from tests.connectors.virtual_clock import VirtualClock

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
PATIENT = Timeouts()
QUICK = Timeouts(connect_s=5, read_s=0.15)  # where silence is what is tested
AHEAD = timedelta(days=60)
RESPONSES = {
    "ACCEPTED": "accepted",
    "TENTATIVE": "tentative",
    "DECLINED": "declined",
    "NEEDS-ACTION": "needs_action",
}
LEFT_OUT = ("drafts", "trash", "spam")


@cache
def small_village() -> Village:
    """Two months; simulated once."""
    return Village(months=2)


class Tenant:
    """A world with its sandbox, from ``with`` to its end; ``clock`` lets nobody wait."""

    def __init__(self, now: datetime | None = None, **quirks: Any) -> None:
        self.world = World(small_village(), now)
        self.sandbox = Sandbox(self.world)
        for name, value in quirks.items():
            setattr(self.world.graph_quirks, name, value)
        self.clock = VirtualClock()
        village = self.world.village
        everybody = village.population.everybody
        self._names = {a: one.name for one in everybody for a in (one.address, *one.aliases)}
        people = [one for one in self.world.directory(MICROSOFT) if one.kind == "person"]
        self.people = [one for one in people if not one.is_suspended]
        by_size = sorted(self.people, key=lambda one: len(self.world.boxes[one.address].log))
        self.quiet, self.busy = by_size[0].address, by_size[-1].address

    def __enter__(self) -> "Tenant":
        self.sandbox.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.sandbox.__exit__(*error)

    @property
    def endpoints(self) -> Endpoints:
        return Endpoints(self.sandbox.microsoft_url, self.sandbox.microsoft_url)

    def account(
        self,
        key: Mapping[str, Any] | None = None,
        *,
        quota: Quota = UNLIMITED,
        clock: Clock | None = None,
        **options: Any,
    ) -> MicrosoftAccount:
        return MicrosoftAccount(
            self.world.microsoft_key_file() if key is None else key,
            endpoints=self.endpoints,
            quota=quota,
            clock=clock or self.clock,
            **options,
        )

    def mailbox(self, address: str) -> Mailbox:
        found = self.world.account(address)
        return Mailbox(
            mailbox_id=f"microsoft-{object_id(found)}", provider="microsoft", address=found.address
        )

    def pull_mail(self, address: str, store: Store, **options: Any) -> list[Call]:
        """One whole pull; the calls that it took."""
        return self.pull("mail", address, store, **options)

    def pull(
        self,
        what: str,
        address: str,
        store: Store,
        *,
        account: MicrosoftAccount | None = None,
        since: datetime = SINCE,
        most: int | None = None,
    ) -> list[Call]:
        """One pull of mail or calendar, of at most so many pages; the calls that it took."""
        account, mailbox = account or self.account(), self.mailbox(address)
        begun = len(self.sandbox.log)
        cursors = dict(store.cursors)
        if what == "mail":
            pages = account.mail(mailbox, cursors, store.held, since)
        else:
            pages = account.calendar(mailbox, cursors, since)
        try:
            store.take(pages, most)
        finally:
            pages.close()
        return [one for one in self.sandbox.log[begun:] if one.path.startswith("/v1.0/")]

    def alter(self, path: str, change: Callable[[bytes], bytes]) -> None:
        """Let what Graph answers well to these paths pass through ``change``."""
        vendor, answer = self.sandbox.microsoft, self.sandbox.microsoft.answer

        def altered(request: Request) -> Answer:
            given = answer(request)
            if path in request.path and given.status == 200:
                given.body = change(given.body)
            return given

        vendor.answer = altered

    # -- what must come out

    def kept(self, address: str) -> list[Copy]:
        copies = self.world.boxes[address].copies()
        return [one for one in copies if one.folder not in LEFT_OUT]

    def ids(self, address: str) -> Ids:
        return Ids(self.world.account(address).id)

    def id(self, address: str, copy: Copy) -> str:
        return self.ids(address).message(copy.number, None)

    def expected(self, address: str) -> dict[str, Message]:
        """The messages of a mailbox, straight from the letters of the village."""
        found = {}
        for copy in self.kept(address):
            letter, key = copy.letter, self.id(address, copy)
            fields: dict[str, list[str]] = {"content-type": ["multipart/alternative"]}
            for name, value in letter.headers:
                fields.setdefault(name.lower(), []).append(value)
            read = {name: Reading(()) for name in headers.ADDRESS_FIELDS} | {
                "to": Reading(tuple(map(self.named, letter.to))),
                "cc": Reading(tuple(map(self.named, letter.cc))),
                "reply-to": Reading(tuple(map(self.named, letter.reply_to))),
            }
            author = self.named(letter.author)
            if letter.author_name:
                author = Address(letter.author, letter.author_name)
            read["from"] = Reading((author,))
            sender = self.named(letter.sender) if letter.sender else None
            if sender:
                read["sender"] = Reading((sender,))
            found[key] = Message(
                mailbox_id=self.mailbox(address).mailbox_id,
                message_id=key,
                internet_message_id=internet_message_id(letter).strip("<>"),
                thread_id=self.ids(address).conversation(copy.thread),
                sent_at=letter.sent_at.replace(microsecond=0),
                author=author,
                sender=sender,
                original_author=headers.original_author(fields, read),
                reply_to=read["reply-to"].addresses,
                to=tuple(map(self.named, letter.to)),
                cc=tuple(map(self.named, letter.cc)),
                bcc=tuple(map(self.named, letter.bcc)) if copy.is_own else (),
                in_reply_to=letter.references[-1] if letter.references else None,
                references=letter.references[-headers.REFERENCES_KEPT :],
                list_id=headers.list_id(headers.text(fields, "list-id")),
                list_address=headers.list_address(fields, read),
                automation_signs=tuple(headers.signs(fields)),
            )
        return found

    def expected_folders(self, address: str) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for copy in self.kept(address):
            folder = self.ids(address).folder(copy.folder)
            found.setdefault(folder, set()).add(self.id(address, copy))
        return found

    def expected_events(self, address: str) -> dict[str, Event]:
        """The calendar of a mailbox up to sixty days ahead, straight from the village's diary."""
        diary, mailbox = self.world.calendars[address], self.mailbox(address)
        found = {}
        for one in diary.occurrences():
            entry = one.entry
            is_own = entry.organizer == diary.person.address
            if (is_own and one.status == "cancelled") or one.start >= self.world.now + AHEAD:
                continue
            start_at, end_at = one.start, one.end
            if one.is_all_day:
                start_at = one.key.replace(tzinfo=UTC)
                end_at = start_at + timedelta(minutes=entry.minutes)
            key = one.key.isoformat() if entry.every_weeks else ""
            event_id = self.ids(address).event(entry.uid, key)
            found[event_id] = Event(
                mailbox_id=mailbox.mailbox_id,
                calendar_id="primary",
                event_id=event_id,
                series_id=self.ids(address).event(entry.uid, "") if entry.every_weeks else None,
                ical_uid=entry.uid,
                original_start_at=one.original_start if entry.every_weeks else start_at,
                start_at=start_at,
                end_at=end_at,
                is_all_day=one.is_all_day,
                is_recurring=bool(entry.every_weeks),
                status=one.status,
                kind="out_of_office" if entry.kind == "away" else "default",
                is_busy=_is_busy(one, None if is_own else diary.person.address),
                organizer=self.named(entry.organizer) if one.answers or entry.room else None,
                attendees=tuple(self._attendees(one)),
                updated_at=one.updated_at,
            )
        return found

    def _attendees(self, one: Occurrence) -> Iterator[Attendee]:
        entry = one.entry
        for address, answer in one.answers.items():
            yield Attendee(address, self.named(address).name, RESPONSES[answer])
        if entry.room:
            yield Attendee(entry.room, None, "accepted", "room")
        if one.answers or entry.room:
            yield Attendee(entry.organizer, self.named(entry.organizer).name, "accepted")

    def named(self, address: str) -> Address:
        return Address(address, self._names.get(address))

    def assert_equal(self, address: str, store: Store) -> None:
        """The store holds what the mailbox holds: every record, and where it lies."""
        assert store.live_messages() == self.expected(address)
        held = {name: ids for name, ids in store.folders.items() if ids}
        assert held == self.expected_folders(address)


def _is_busy(one: Occurrence, guest: str | None) -> bool:
    """Whether the meeting takes time; ``guest`` is the calendar's owner, but of the host's."""
    return one.status == "confirmed" or one.answers.get(guest) == "DECLINED"


def link_of(cursor: str) -> str:
    return json.loads(cursor)["link"]


def first(tenant: Tenant, address: str, folder: str = "inbox", place: int = 0) -> int:
    """Number of a copy in a folder."""
    copies = [one for one in tenant.kept(address) if one.folder == folder]
    return copies[place].number


def letter_to(tenant: Tenant, address: str, name: str) -> Letter:
    return Letter(f"{name}@x.example", tenant.world.now, "ann@x.example", (address,), (address,))


def kinds(calls: list[Call]) -> set[str]:
    """What was asked for: folders, a well-known folder, delta, message."""
    found = set()
    for call in calls:
        rest = call.path.split("/mailFolders", 1)
        if "/messages/delta" in call.path:
            found.add("delta")
        elif len(rest) == 1:
            found.add("message")
        else:
            found.add("well-known" if rest[1].startswith("/") else "folders")
    return found


def problem(call: Callable[[], Any]) -> PullProblem:
    with pytest.raises(PullProblem) as caught:
        call()
    return caught.value
