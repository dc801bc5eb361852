"""The ids of Exchange: of messages, folders and events in one mailbox.

Here: ids and what they tell this server. Not here: the items (messages.py, folders.py, events.py).

Ids are opaque to a reader, compare by case and hold - _ and =. As in the real ones, neighbours
differ by the case of a single letter. A plain id names the folder and dies with a move; the
immutable one (Prefer: IdType="ImmutableId") does not.
"""

from typing import NamedTuple

from sandbox.microsoft.sealing import decoded, digest, encoded

# Lengths are multiples of three bytes, so that every part begins with a letter of its own and the
# number ends with one: 0 and 26 become A and a.
_IMMUTABLE = decoded("AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A")
_PLAIN = decoded("AAMkAGVmMDEzMTM4LTZmYWUtNDdkNC1hMDZi")
_FOLDER = decoded("AAMkAGVmMDEzMTM4LTZmYWUtNDdkNC1hMDZiLTU1")
_EVENT = decoded("AAMkAGVmMDEzMTM4LTZmYWUtNDdkNC1hMDZiLWV2")
_OWNER_BYTES, _FOLDER_BYTES, _NUMBER_BYTES = 12, 6, 3


class ItemId(NamedTuple):
    """What a message id says: number in the box, and the folder it lay in where it is plain."""

    number: int
    folder: bytes | None


class Ids:
    """The ids of one mailbox. ``owner`` is the directory id of its account."""

    def __init__(self, owner: str) -> None:
        """Ids of different owners never meet."""
        self._owner = digest("mailbox", owner)[:_OWNER_BYTES]
        self._folders: dict[str, bytes] = {}

    def message(self, number: int, folder: str | None) -> str:
        """The id of a message: plain where ``folder`` is given, else immutable."""
        tail = number.to_bytes(_NUMBER_BYTES) + b"\0"
        if folder is None:
            return encoded(_IMMUTABLE + self._owner + tail)
        return encoded(_PLAIN + self._owner + self.folder_mark(folder) + tail)

    def read_message(self, text: str) -> ItemId | None:
        """What a message id of this mailbox says; None for any other text."""
        raw = decoded(text)
        for prefix, folder_bytes in ((_IMMUTABLE, 0), (_PLAIN, _FOLDER_BYTES)):
            head = prefix + self._owner
            length = len(head) + folder_bytes + _NUMBER_BYTES + 1
            if raw and raw.startswith(head) and len(raw) == length:
                number = int.from_bytes(raw[-1 - _NUMBER_BYTES : -1])
                return ItemId(number, raw[len(head) : len(head) + folder_bytes] or None)
        return None

    def folder(self, name: str) -> str:
        """The id of a folder."""
        return encoded(_FOLDER + self._owner + self.folder_mark(name) + b"\0\0")

    def folder_mark(self, name: str) -> bytes:
        """What stands for a folder inside an id."""
        if name not in self._folders:
            self._folders[name] = digest("folder", name)[:_FOLDER_BYTES]
        return self._folders[name]

    def event(self, uid: str, key: str) -> str:
        """The id of an occurrence, or of the series where ``key`` is empty."""
        return encoded(_EVENT + self._owner + f"{key}\n{uid}".encode())

    def read_event(self, text: str) -> tuple[str, str] | None:
        """The uid and key of an event id of this mailbox; None for any other text."""
        raw, head = decoded(text), _EVENT + self._owner
        if not raw or not raw.startswith(head):
            return None
        key, _, uid = raw[len(head) :].decode().partition("\n")
        return uid, key

    def conversation(self, thread: int) -> str:
        """The conversationId: another in every mailbox."""
        return encoded(_IMMUTABLE[:12] + self._owner + thread.to_bytes(_NUMBER_BYTES) + b"\0\0")
