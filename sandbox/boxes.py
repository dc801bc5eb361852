"""The mailboxes of the village: what lies in them, and what happened to it.

Here: copies of letters, the folders that hold them, the log of changes.
Not here: when a letter arrives and who asks for a change (world.py), how Gmail or Outlook shows it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sandbox.life import Letter
from sandbox.people import Person

INBOX, SENT, ARCHIVE, TRASH, SPAM, DRAFTS = FOLDERS = (
    "inbox",
    "sent",
    "archive",
    "trash",
    "spam",
    "drafts",
)


@dataclass(slots=True)
class Copy:
    """One letter as it lies in one box.

    number    unique in the box, never used again, rising with time
    thread    number of the first copy of its conversation in this box, be it gone or not
    folder    one of FOLDERS, or one that the person made
    is_own    written by the owner of the box
    filed_at  when it came into the box; UTC, whole seconds
    seq       of the latest change to it
    """

    number: int
    letter: Letter
    thread: int
    folder: str
    is_own: bool
    is_read: bool
    filed_at: datetime
    seq: int


class Change(NamedTuple):
    """One thing that happened to a copy.

    kind    added, deleted, moved, read
    folder  where the copy lies after it; for deleted, where it lay
    before  for moved, where it lay before
    """

    seq: int
    at: datetime
    number: int
    kind: str
    folder: str
    before: str | None = None


class Box:
    """One person's mailbox. ``log`` holds every change so far, by rising ``seq``."""

    def __init__(self, person: Person) -> None:
        """Begin empty; ``addresses`` are all that the person writes from."""
        self.person = person
        self.address = person.address
        self.addresses = {person.address, *person.aliases}
        self.log: list[Change] = []
        self.made_folders: list[str] = []
        self._copies: dict[int, Copy] = {}
        self._gone: dict[int, Copy] = {}
        self._roots: dict[str, int] = {}
        self._threads: dict[int, list[int]] = {}
        self._last = 0

    def copies(self) -> list[Copy]:
        """What lies in the box, oldest first."""
        return list(self._copies.values())

    def newest_first(self) -> Iterator[Copy]:
        """What lies in the box, newest first."""
        return reversed(self._copies.values())

    def copies_after(self, number: int) -> Iterator[Copy]:
        """What came into the box after that copy, oldest first."""
        found = map(self.copy, range(number + 1, self._last + 1))
        return (copy for copy in found if copy is not None)

    def copies_before(self, number: int) -> Iterator[Copy]:
        """What came into the box before that copy, newest first."""
        found = map(self.copy, range(number - 1, 0, -1))
        return (copy for copy in found if copy is not None)

    def copy(self, number: int) -> Copy | None:
        """A copy that lies in the box, or None."""
        return self._copies.get(number)

    def ever(self, number: int) -> Copy | None:
        """A copy that lies in the box or was deleted from it, or None."""
        return self._copies.get(number) or self._gone.get(number)

    def thread(self, thread: int) -> list[Copy]:
        """What lies in the box of one conversation, oldest first."""
        copies = map(self.copy, self._threads.get(thread, ()))
        return [copy for copy in copies if copy is not None]

    def add(self, letter: Letter, folder: str | None, at: datetime, seq: int) -> Copy:
        """File a letter: into ``folder``, else with what was sent or what came in."""
        self._last += 1
        number = self._last
        is_own = letter.author in self.addresses
        if folder is None:
            folder = SENT if is_own else INBOX
        root = letter.references[0] if letter.references else letter.message_id
        thread = number if root is None else self._roots.setdefault(root, number)
        self._threads.setdefault(thread, []).append(number)
        copy = Copy(number, letter, thread, folder, is_own, is_own, at, seq)
        self._copies[number] = copy
        self.log.append(Change(seq, at, number, "added", folder))
        return copy

    def delete(self, number: int, at: datetime, seq: int) -> None:
        """Remove a copy for good. Raises KeyError where there is none."""
        copy = self._copies.pop(number)
        copy.seq = seq
        self._gone[number] = copy
        self.log.append(Change(seq, at, number, "deleted", copy.folder))

    def move(self, number: int, folder: str, at: datetime, seq: int) -> None:
        """Put a copy into another folder, made if need be. Raises KeyError where there is none."""
        copy = self._copies[number]
        if folder not in FOLDERS and folder not in self.made_folders:
            self.made_folders.append(folder)
        before, copy.folder, copy.seq = copy.folder, folder, seq
        self.log.append(Change(seq, at, number, "moved", folder, before))

    def read(self, number: int, at: datetime, seq: int) -> None:
        """Mark a copy as read. Raises KeyError where there is none."""
        copy = self._copies[number]
        copy.is_read, copy.seq = True, seq
        self.log.append(Change(seq, at, number, "read", copy.folder))
