"""The village at a moment: boxes, calendars and directory as they stand, and what changes them.

Here: the village's clock, letters and notes that arrive as it moves, changes on request, accounts.
Not here: what lies in a box (boxes.py) or a diary (diaries.py), how a provider shows it (google,
microsoft), HTTP (server.py).

A world is a function of village, clock and the changes asked for; no clock of the machine is read.
Whoever calls from several threads holds ``lock``.
"""

import hashlib
import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox import keys
from sandbox.boxes import DRAFTS, Box, Copy
from sandbox.diaries import Diary, Series
from sandbox.life import Letter
from sandbox.meetings import Change, utc
from sandbox.people import Person
from sandbox.tenant import GraphQuirks, Tenant
from sandbox.village import Village

START = datetime(2026, 7, 1, tzinfo=UTC)
OFFICES = ("Harbour House", "Mill Lane")
TITLES = {1: "Chief", 2: "Head", 3: "Lead", 4: "Member"}
SCOPES = tuple(
    f"https://www.googleapis.com/auth/{name}"
    for name in ("gmail.metadata", "calendar.events.readonly", "admin.directory.user.readonly")
)
# A village change becomes known this long before the planned start.
_NOTICE = timedelta(days=3)
_SEQS_PER_S = 10_000


@dataclass(frozen=True, slots=True)
class Account:
    """One directory entry as of now.

    id       32 hex digits, the same for ever, whatever the address becomes
    aliases  every other address, earlier ones too
    manager  primary address, None for the chief and rooms
    title    None for rooms, like department, unit and office
    kind     person or room
    """

    id: str
    company: str
    address: str
    aliases: tuple[str, ...]
    name: str
    department: str | None
    title: str | None
    manager: str | None
    unit: str | None
    office: str | None
    is_suspended: bool
    has_mail: bool
    kind: str
    created_at: datetime


class World:
    """A village whose clock stands at ``now``; it moves only by ``advance``.

    granted_scopes      Google scopes that the admin console grants to the service account
    tenant, graph_quirks  what Microsoft's administrator has set, and the whims of Graph
    disabled_apis       Google APIs not switched on in the project: gmail, calendar, admin,
                        iamcredentials
    workload_may_sign   whether a workload that Google knows may sign as the service account
    gmail_history_days  how far back history.list reaches; days
    shared_calendars    addresses of colleagues whose calendar everybody at Google may see
    google_page_items   most items of a page, where Google gives fewer than it was asked for
    refresh_tokens      token -> address of the consents that are in force, both providers'
    """

    def __init__(self, village: Village, now: datetime | None = None) -> None:
        """Let everything happen that happened up to ``now``; UTC, whole seconds."""
        self.village = village
        self.now = village_start(village)
        self.lock = threading.RLock()
        self.boxes: dict[str, Box] = {one.address: Box(one) for one in village.staff}
        self.calendars: dict[str, Diary] = {one.address: Diary(one) for one in village.staff}
        self.series = {entry.uid: Series(entry, self.now) for entry in village.entries}
        self.granted_scopes = set(SCOPES)
        self.disabled_apis: set[str] = set()
        self.workload_may_sign = True
        self.tenant, self.graph_quirks = Tenant(), GraphQuirks()
        self.gmail_history_days = 7.0
        self.google_page_items: int | None = None
        self.shared_calendars: set[str] = set()
        self.refresh_tokens: dict[str, str] = {}
        self.google_url: str | None = None
        self.microsoft_url: str | None = None
        self._people = {
            address: one for one in village.staff for address in (one.address, *one.aliases)
        }
        self._current = {one.address: one.address for one in village.staff}
        self._aliases = {one.address: one.aliases for one in village.staff}
        self._suspended: set[str] = set()
        self._without_mail: set[str] = set()
        self._mail_seq = self._note_seq = 0
        self._letters_known = self._notes_known = self._drafts = 0
        self._notes = sorted(self._planned_notes(), key=lambda note: note[:2])
        self.advance(now or START)

    # -- time

    def advance(self, to: datetime) -> None:
        """Let time pass up to ``to``. Raises ValueError for a time that is past."""
        to = to.astimezone(UTC).replace(microsecond=0)
        if to < self.now:
            raise ValueError("time does not go back")
        with self.lock:
            self._arrive(to)
            self._become_known(to)
            self.now = to

    def _arrive(self, to: datetime) -> None:
        """File every letter sent up to ``to``."""
        letters = self.village.letters
        while self._letters_known < len(letters):
            letter = letters[self._letters_known]
            at = letter.sent_at.replace(microsecond=0)
            if at > to:
                return
            self._letters_known += 1
            self._file(letter, None, at)

    def _file(self, letter: Letter, folder: str | None, at: datetime) -> list[Copy]:
        first = max(self._mail_seq, seq_of(at)) + 1
        self._mail_seq = first + len(letter.holders) - 1
        return [
            self._box(holder).add(letter, folder, at, seq)
            for seq, holder in enumerate(letter.holders, first)
        ]

    def _planned_notes(self) -> list[tuple[datetime, int, str, datetime | None, Change | None]]:
        """(when it becomes known, place, uid, key, change) for every entry and change."""
        notes = []
        for series in self.series.values():
            entry = series.entry
            notes.append((series.made_at, len(notes), entry.uid, None, None))
            for key, change in entry.changes.items():
                known_at = max(utc(key, entry.zone) - _NOTICE, series.made_at)
                notes.append((known_at, len(notes), entry.uid, key, change))
        return notes

    def _become_known(self, to: datetime) -> None:
        """Write every planned note up to ``to`` into the diaries."""
        while self._notes_known < len(self._notes):
            at, _, uid, key, change = self._notes[self._notes_known]
            if at > to:
                return
            self._notes_known += 1
            if change is not None:
                self.series[uid].plan(key, change, at)
            self._tell(self.series[uid], key, at)

    def _tell(self, series: Series, key: datetime | None, at: datetime) -> None:
        for holder in series.holders():
            self._diary(holder).note(self._next_note_seq(at), at, series, key)

    # Sequence numbers carry the time, so that a number of a quiet box does not grow old.

    @property
    def mail_seq(self) -> int:
        """The number that the mail of the whole world has reached."""
        return max(self._mail_seq, seq_of(self.now))

    @property
    def note_seq(self) -> int:
        """The number that the calendars of the whole world have reached."""
        return max(self._note_seq, seq_of(self.now))

    def _next_mail_seq(self, at: datetime) -> int:
        self._mail_seq = max(self._mail_seq, seq_of(at)) + 1
        return self._mail_seq

    def _next_note_seq(self, at: datetime) -> int:
        self._note_seq = max(self._note_seq, seq_of(at)) + 1
        return self._note_seq

    # -- mail, on request

    def deliver(self, letter: Letter) -> list[Copy]:
        """File a letter with its holders now, whatever its own date says."""
        with self.lock:
            return self._file(letter, None, self.now)

    def draft(self, address: str) -> Copy:
        """Begin a letter to nobody yet in the box of ``address``."""
        with self.lock:
            self._drafts += 1
            name = f"draft.{self._drafts}@{address.partition('@')[2]}"
            letter = Letter(name, self.now, address, (), (address,))
            return self._file(letter, DRAFTS, self.now)[0]

    def delete(self, address: str, number: int) -> None:
        """Delete a copy for good, past the trash. Raises KeyError where there is none."""
        with self.lock:
            self._box(address).delete(number, self.now, self._next_mail_seq(self.now))

    def move(self, address: str, number: int, folder: str) -> None:
        """Put a copy into a folder, made if need be. Raises KeyError where there is no copy."""
        with self.lock:
            self._box(address).move(number, folder, self.now, self._next_mail_seq(self.now))

    def read(self, address: str, number: int) -> None:
        """Mark a copy as read. Raises KeyError where there is none."""
        with self.lock:
            self._box(address).read(number, self.now, self._next_mail_seq(self.now))

    # -- calendars, on request; an original start is local to the entry's zone, or aware

    def cancel(self, uid: str, original_start: datetime | None = None) -> None:
        """Call off an occurrence, or the whole entry. Raises KeyError for an unknown one."""
        with self.lock:
            series, key = self._occurrence(uid, original_start)
            series.cancel(key, self.now)
            self._tell(series, key, self.now)

    def reschedule(self, uid: str, original_start: datetime, start: datetime) -> None:
        """Give an occurrence another start. Raises KeyError for an unknown one."""
        with self.lock:
            series, key = self._occurrence(uid, original_start)
            if start.tzinfo is not None:
                start = start.astimezone(ZoneInfo(series.entry.zone)).replace(tzinfo=None)
            series.reschedule(key, start, self.now)
            self._tell(series, key, self.now)

    def answer(self, uid: str, original_start: datetime | None, address: str, answer: str) -> None:
        """Answer an invitation. Raises KeyError for an unknown one or somebody not invited."""
        with self.lock:
            series, key = self._occurrence(uid, original_start)
            series.answer(key, address, answer, self.now)
            self._tell(series, key, self.now)

    def remove_copy(self, address: str, uid: str, original_start: datetime | None = None) -> None:
        """Take an occurrence, or the whole entry, off one person's calendar; others keep it."""
        with self.lock:
            series, key = self._occurrence(uid, original_start)
            seq = self._next_note_seq(self.now)
            self._diary(address).remove(seq, self.now, series.entry.uid, key)

    def _occurrence(
        self, uid: str, original_start: datetime | None
    ) -> tuple[Series, datetime | None]:
        series = self.series[uid]
        return series, None if original_start is None else series.key(original_start)

    # -- directory

    def directory(self, company: str) -> list[Account]:
        """Everybody who has joined a company, those who have left too, then its rooms."""
        people = [
            self._account(one)
            for one in self.village.staff
            if one.company == company and self._has_joined(one)
        ]
        return people + [self._room(address) for address in self.village.population.rooms[company]]

    def account(self, address: str) -> Account | None:
        """Whose address this is, be it an alias or an earlier one; None for nobody's yet."""
        person = self._people.get(address)
        if person is None or not self._has_joined(person):
            return None
        return self._account(person)

    def admin(self, company: str) -> str:
        """Primary address of the person who may read the directory."""
        first = next(one for one in self.village.staff if one.company == company)
        return self._current[first.address]

    def suspend(self, address: str) -> None:
        """Let somebody leave, from now on. Raises KeyError for nobody's address."""
        with self.lock:
            self._suspended.add(self._people[address].address)

    def rename(self, address: str, new_address: str) -> None:
        """Give somebody another primary address; the old one stays as an alias."""
        with self.lock:
            person = self._people[address]
            old = self._current[person.address]
            self._people[new_address] = person
            self._current[person.address] = new_address
            others = dict.fromkeys((*self._aliases[person.address], old))
            self._aliases[person.address] = tuple(one for one in others if one != new_address)
            box = self.boxes[new_address] = self.boxes.pop(old)
            box.address = new_address
            box.addresses.add(new_address)
            self.calendars[new_address] = self.calendars.pop(old)

    def disable_mail(self, address: str) -> None:
        """Take away the mailbox: no Gmail, no Exchange licence."""
        with self.lock:
            self._without_mail.add(self._people[address].address)

    def restore(self, address: str) -> None:
        """Undo suspend and disable_mail. Raises KeyError for nobody's address."""
        with self.lock:
            self._suspended.discard(self._people[address].address)
            self._without_mail.discard(self._people[address].address)

    def current(self, address: str) -> str:
        """The primary address of whose address this is. Raises KeyError for nobody's."""
        return self._current[self._people[address].address]

    def _has_joined(self, person: Person) -> bool:
        return not person.joined or person.joined <= self.now.date()

    def _box(self, address: str) -> Box:
        return self.boxes[self.current(address)]

    def _diary(self, address: str) -> Diary:
        return self.calendars[self.current(address)]

    def _account(self, person: Person) -> Account:
        day = self.now.date()
        post = person.post(day)
        return Account(
            id=_id(person.address),
            company=person.company,
            address=self._current[person.address],
            aliases=self._aliases[person.address],
            name=person.name,
            department=post.department,
            title=TITLES[person.level],
            manager=self._current[post.manager] if post.manager else None,
            unit=f"/{post.department}",
            office=OFFICES[int(_id(person.address), 16) % len(OFFICES)],
            is_suspended=person.address in self._suspended
            or bool(person.left and person.left < day),
            has_mail=person.address not in self._without_mail,
            kind="person",
            created_at=_midnight(person.joined or self.village.first),
        )

    def _room(self, address: str) -> Account:
        name = address.partition("@")[0].removeprefix("room-").capitalize()
        return Account(
            id=_id(address),
            company=address.partition("@")[2],
            address=address,
            aliases=(),
            name=f"Room {name}",
            department=None,
            title=None,
            manager=None,
            unit=None,
            office=None,
            is_suspended=False,
            has_mail=True,
            kind="room",
            created_at=_midnight(self.village.first),
        )

    # -- keys; the sandbox must have started, it knows the URLs

    def google_key_file(self) -> dict[str, Any]:
        """The service account with domain-wide delegation."""
        return keys.service_account(_started(self.google_url))

    def google_user_file(self, address: str) -> dict[str, Any]:
        """One person's consent to mail and calendar at Google."""
        key = keys.google_user(_started(self.google_url), address)
        self.refresh_tokens[key["refresh_token"]] = address
        return key

    def microsoft_key_file(self) -> dict[str, Any]:
        """The app registration that reads the whole tenant."""
        return keys.app_registration(_started(self.microsoft_url))

    def microsoft_user_file(self, address: str) -> dict[str, Any]:
        """One person's consent to mail and calendar at Microsoft."""
        key = keys.microsoft_user(_started(self.microsoft_url), address)
        self.refresh_tokens[key["refresh_token"]] = address
        return key


def seq_of(at: datetime) -> int:
    """The number that a world has reached at ``at`` if nothing happens; whole seconds count."""
    return int(at.timestamp()) * _SEQS_PER_S


def village_start(village: Village) -> datetime:
    """The first instant of a village; UTC."""
    return _midnight(village.first)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _id(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()[:32]


def _started(url: str | None) -> str:
    if url is None:
        raise RuntimeError("the sandbox has not started: it has no URL yet")
    return url
