"""Which messages and calendars lie in a path: mbox, Maildir, .eml, .ics, gzip, zip, folders.

Here: files, folders and archives, what in them may not be opened, folders' names that are known.
Not here: what one unpacked stream holds (streams.py).

Nothing is unpacked to disk, so a member's name is never a path. Names are no part of a locator
either, because people name files and labels by subjects: "file 3" counts what lies in a folder or
archive, in the order of the paths compared part by part, from 1.
"""

import gzip
import os
import re
import stat
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path, PurePath

from connectors.files import streams
from connectors.files.mail import PLACE, system_name
from connectors.files.streams import (
    DAMAGE,
    DAMAGED,
    GZIP,
    HEAD_BYTES,
    ZIP,
    Budget,
    Found,
    UnreadablePath,
    Window,
)
from connectors.records import Reject

MEMBERS = 100_000
MEMBER_BYTES = 400  # in a zip's directory: 46 and the name
FOLDER_DEPTH = 64

LINK = "a symbolic link is not followed"
NO_FILE = "not a regular file"
TOO_DEEP = "folders nested deeper than 64"
UNFINISHED = "an unfinished delivery (Maildir tmp)"
PACKED = "packed with a method other than store and deflate"
REFUSED = "may not be read"

_OTHER_PACKERS = {
    b"\x28\xb5\x2f\xfd": "zstd -d",
    b"BZh": "bunzip2",
    b"\xfd7zXZ\x00": "unxz",
    b"7z\xbc\xaf\x27\x1c": "7z x",
}
_MAILDIR_FLAGS = re.compile(r"[:;!]2,([A-Za-z]*)$")


def contents(path: Path, source: str) -> Iterator[Found]:
    """What lies in ``path``, in a stable order; Rejects for what is no mail and no calendar.

    ``source`` is what Rejects call it.

    Raises UnreadablePath at once for a path that is missing, empty, unknown or locked, and while
    reading for an archive that unpacks to more than its Budget.
    """
    status = _status(path)
    if stat.S_ISDIR(status.st_mode):
        if next(_walk(path), None) is None:
            raise UnreadablePath(f"{path} holds no files; check the path")
        return _folder(path, source)
    if status.st_size == 0:
        raise UnreadablePath(f"{path} is empty; export it again")
    head = _head(path)
    if head.startswith(ZIP):
        return _zip(path, source, _members(path))
    if streams.kind(head) in (None, "packed"):
        raise UnreadablePath(
            f"{path} is neither mail nor calendar; kith reads mbox, Maildir, .eml, .ics, .gz of "
            "these, and Google Takeout as zip or folder"
        )
    return _file(path, source, "", status.st_size)


def regular_files(path: Path) -> Iterator[Path]:
    """``path`` itself, or all files below it that a folder's contents are read from.

    Raises UnreadablePath for a path that is missing or may not be read.
    """
    if stat.S_ISDIR(_status(path).st_mode):
        yield from (Path(entry) for entry, reason in _walk(path) if reason is None)
    else:
        yield path


def _status(path: Path) -> os.stat_result:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise UnreadablePath(f"{path} does not exist; check the path") from None
    except OSError as error:
        raise UnreadablePath(f"{path} cannot be read: {error.strerror}") from error
    is_folder = stat.S_ISDIR(status.st_mode)
    if not is_folder and not stat.S_ISREG(status.st_mode):
        raise UnreadablePath(f"{path} is no regular file; name a file or a folder")
    if not os.access(path, os.R_OK | os.X_OK if is_folder else os.R_OK):
        raise UnreadablePath(f"{path} may not be read; check its permissions")
    return status


def _head(path: Path) -> bytes:
    """The first bytes of a file, unpacked where gzip packed it."""
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    for magic, command in _OTHER_PACKERS.items():
        if head.startswith(magic):
            raise UnreadablePath(f"{path} is packed; unpack it first with `{command} {path.name}`")
    if not head.startswith(GZIP):
        return head
    window = Window(gzip.GzipFile(path), Budget(path))
    with window.stream:
        window.fill(HEAD_BYTES)
    if window.is_damaged and streams.kind(window.buffer) is None:
        raise UnreadablePath(f"{path} is damaged or cut off; download or export it again")
    if not window.buffer:
        raise UnreadablePath(f"{path} is empty; export it again")
    # What is packed twice is not read.
    return b"" if window.buffer.startswith(ZIP) else window.buffer


def _file(
    path: Path, source: str, prefix: str, size: int, folder_ids: tuple[str, ...] = ()
) -> Iterator[Found]:
    """One file on disk, packed with gzip or not. ``prefix`` names it among others ("file 3")."""
    with path.open("rb") as stream:
        if stream.read(2) != GZIP:
            stream.seek(0)
            yield from streams.contents(Window(stream), source, prefix, size, folder_ids)
            return
        stream.seek(0)
        with gzip.GzipFile(fileobj=stream) as unpacked:
            window = Window(unpacked, Budget(path))
            yield from streams.contents(window, source, prefix, size, folder_ids)


def _walk(root: Path) -> Iterator[tuple[os.DirEntry[str], str | None]]:
    """What lies below a folder, and why it must not be opened; sorted, links not followed."""
    stack = [(entry, 1) for entry in _sorted_entries(root)]
    while stack:
        entry, depth = stack.pop()
        if entry.is_symlink():
            yield entry, LINK
        elif entry.is_file():
            yield entry, None if os.access(entry.path, os.R_OK) else REFUSED
        elif not entry.is_dir():
            yield entry, NO_FILE
        elif depth == FOLDER_DEPTH:
            yield entry, TOO_DEEP
        elif not os.access(entry.path, os.R_OK | os.X_OK):
            yield entry, REFUSED
        else:
            stack.extend((below, depth + 1) for below in _sorted_entries(entry.path))


def _sorted_entries(folder: str | Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name, reverse=True)


def _folder(root: Path, source: str) -> Iterator[Found]:
    """A Maildir, a folder of .eml, an unpacked Takeout: every file by its own content."""
    place = _Places()
    for number, (entry, reason) in enumerate(_walk(root), 1):
        path, locator = Path(entry.path), f"file {number}"
        size = entry.stat(follow_symlinks=False).st_size
        if reason is None and path.parent.name == "tmp" and (path.parent.parent / "cur").is_dir():
            reason = UNFINISHED
        if reason is None:
            folders = _maildir_folders(path, root) or place[path.parent]
            yield from _file(path, source, locator, size, folders)
        else:
            yield Reject(source=source, locator=locator, reason=reason, length=size)


class _Places(dict[PurePath, tuple[str, ...]]):
    """Folder -> the name it is given: "folder 3" for the third that holds a file.

    Which folder it is must not be said, that it is another one must: archives give a copy in each
    folder a Message-ID of its own, and only that they lie apart tells them from other messages.
    """

    def __missing__(self, folder: PurePath) -> tuple[str, ...]:
        return self.setdefault(folder, (f"{PLACE}{len(self) + 1}",))


def _maildir_folders(path: Path, root: Path) -> tuple[str, ...]:
    """System folders of a file in Maildir or Maildir++: by its folder's name and by its flags."""
    if path.parent.name not in ("cur", "new"):
        return ()
    box = path.parent.parent
    name = "inbox" if box == root else system_name(box.name.rpartition(".")[2])
    flags = match[1] if (match := _MAILDIR_FLAGS.search(path.name)) else ""
    marks = {"D": "draft", "T": "trash"}
    return tuple(filter(None, [name, *(marks.get(flag) for flag in flags)]))


def _members(path: Path) -> list[zipfile.ZipInfo]:
    """The members of a zip, sorted by name; UnreadablePath for one that must not be opened."""
    damaged = f"{path} is a damaged or cut off zip; download or export it again"
    # zipfile reads the whole directory into memory before anybody can count its entries.
    if _directory_bytes(path) > MEMBERS * MEMBER_BYTES:
        raise UnreadablePath(
            f"{path} holds more than {MEMBERS:,} files; unpack it, import a folder"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, ValueError) as error:
        raise UnreadablePath(damaged) from error
    if len(members) > MEMBERS:
        raise UnreadablePath(
            f"{path} holds more than {MEMBERS:,} files; unpack it, import a folder"
        )
    if any(info.flag_bits & 1 for info in members):
        raise UnreadablePath(f"{path} is locked by a password; unpack it and import the folder")
    members.sort(key=lambda info: info.header_offset)
    for one, following in pairwise(members):
        # Members that share their bytes are how a small file unpacks to petabytes.
        if one.header_offset + one.compress_size > following.header_offset:
            raise UnreadablePath(damaged)
    return sorted(members, key=lambda info: info.filename.split("/"))


def _directory_bytes(path: Path) -> int:
    """The size of a zip's directory by its end record; 0 where there is none to be found."""
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        start = stream.seek(max(size - (64 << 10) - 100, 0))
        tail = stream.read()
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or at + 22 > len(tail):
            return 0
        length = int.from_bytes(tail[at + 12 : at + 16], "little")
        if length == 0xFFFFFFFF and tail[at - 20 : at - 16] == b"PK\x06\x07":
            stream.seek(min(int.from_bytes(tail[at - 12 : at - 4], "little"), start + at))
            length = int.from_bytes(stream.read(56)[40:48], "little")
        return length


def _zip(path: Path, source: str, members: list[zipfile.ZipInfo]) -> Iterator[Found]:
    budget, place = Budget(path), _Places()
    with zipfile.ZipFile(path) as archive:
        for number, info in enumerate(members, 1):
            locator = f"file {number}"
            reason = LINK if stat.S_ISLNK(info.external_attr >> 16) else None
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                reason = PACKED
            if reason:
                yield Reject(source=source, locator=locator, reason=reason, length=0)
                continue
            try:
                stream = archive.open(info)
            except DAMAGE:
                yield Reject(source=source, locator=locator, reason=DAMAGED, length=0)
                continue
            with stream:
                folders = place[PurePath(info.filename).parent]
                yield from streams.contents(Window(stream, budget), source, locator, None, folders)
