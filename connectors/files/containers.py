"""Which messages and calendars lie in a path: mbox, Maildir, .eml, .ics, gzip, zip, folders.

Here: recognising what a file is by its content, streaming it, the limits on sizes, what may not
be followed. Not here: what a header block (mail.py) or a calendar (calendar.py) says.

Nothing is unpacked to disk, so a member's name is never a path. Names are no part of a locator
either, because people name files and labels by subjects: "file 3" counts what lies in a folder or
archive, in the order of the paths compared part by part, from 1.
"""

import gzip
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from connectors.files.mail import HEADER_BYTES, Letter, system_name
from connectors.records import Reject

CALENDAR_BYTES = 64 << 20
MEMBERS = 100_000
FOLDER_DEPTH = 64
# What an archive may hold unpacked: mail packs 3 to 20 times, a bomb a thousand times.
UNPACKED_BYTES = 64 << 30
UNPACKED_BYTES_ALWAYS = 256 << 20
UNPACKED_RATIO = 250

EMPTY = "empty"
UNKNOWN = "neither mail nor calendar"
CALENDAR_TOO_LONG = "calendar larger than 64 MiB"
NESTED = "an archive inside; unpack it and import it by itself"
LINK = "a symbolic link is not followed"
NO_FILE = "not a regular file"
TOO_DEEP = "folders nested deeper than 64"
UNFINISHED = "an unfinished delivery (Maildir tmp)"
DAMAGED = "the file is damaged or cut off here"
PACKED = "packed with a method other than store and deflate"
REFUSED = "may not be read"

_CHUNK = 4 << 20
_HEAD = 64 << 10
_LOOKAHEAD = 4 << 10
_ENVELOPE_BYTES = 1_000
_DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile)

_GZIP, _ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")
_OTHER_PACKERS = {
    b"\x28\xb5\x2f\xfd": "zstd -d",
    b"BZh": "bunzip2",
    b"\xfd7zXZ\x00": "unxz",
    b"7z\xbc\xaf\x27\x1c": "7z x",
}
_FIELD = re.compile(rb"[!-9;-~]{1,200}[ \t]*:|>From |[ \t]")
_MAIL_FIELD = re.compile(
    rb"(?:from|to|cc|bcc|date|subject|sender|reply-to|received|return-path|message-id|in-reply-to"
    rb"|references|mime-version|content-type|delivered-to|list-id|list-post|resent-from|path"
    rb"|precedence|x-[a-z0-9-]{1,100})[ \t]*:",
    re.IGNORECASE,
)
_ANY_MAIL_FIELD = re.compile(rb"^(?:" + _MAIL_FIELD.pattern + rb")", re.IGNORECASE | re.MULTILINE)
_CALENDAR = re.compile(rb"BEGIN:(?!VCARD)[A-Z0-9-]+[ \t]*\r?\n", re.IGNORECASE)
_HEADER_END = re.compile(rb"\n(?=\r?\n|From )")
_TIME = re.compile(rb"\d:\d\d")
_YEAR = re.compile(rb"\b(?:19|20)\d\d\b")
_BLANK = re.compile(rb"\r?\n")
_MAILDIR_FLAGS = re.compile(r"[:;!]2,([A-Za-z]*)$")


class UnreadablePath(ValueError):
    """A path that cannot be imported at all; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Book:
    """A calendar file as a container holds it, at most CALENDAR_BYTES."""

    locator: str
    data: bytes


Found = Letter | Book | Reject


def contents(path: Path) -> Iterator[Found]:
    """What lies in ``path``, in a stable order; Rejects for what is no mail and no calendar.

    Raises UnreadablePath at once for a path that is missing, empty, unknown or locked, and while
    reading for an archive that unpacks to more than the limits.
    """
    if path.is_dir():
        return _folder(path)
    size = _regular_size(path)
    if size == 0:
        raise UnreadablePath(f"{path} is empty; export it again")
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    for magic, command in _OTHER_PACKERS.items():
        if head.startswith(magic):
            raise UnreadablePath(f"{path} is packed; unpack it first with `{command} {path.name}`")
    if head.startswith(_ZIP):
        return _zip(path, _members(path))
    if not head.startswith(_GZIP) and _kind(head) is None:
        raise UnreadablePath(
            f"{path} is neither mail nor calendar; kith reads mbox, Maildir, .eml, .ics, .gz of "
            "these, and Google Takeout as zip or folder"
        )
    return _file(path, path.name, "", size)


def regular_files(path: Path) -> Iterator[Path]:
    """``path`` itself, or all regular files below it, links not followed."""
    if path.is_dir():
        yield from (Path(entry) for entry, _ in _walk(path) if entry.is_file(follow_symlinks=False))
    else:
        _regular_size(path)
        yield path


def _regular_size(path: Path) -> int:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise UnreadablePath(f"{path} does not exist; check the path") from None
    except OSError as error:
        raise UnreadablePath(f"{path} cannot be read: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise UnreadablePath(f"{path} is no regular file; name a file or a folder")
    if not os.access(path, os.R_OK):
        raise UnreadablePath(f"{path} may not be read; check its permissions")
    return status.st_size


class _Window:
    """A stream seen through a buffer that never grows with the stream.

    ``at`` is the reading position in ``buffer``; the four bytes before it stay visible, so that a
    blank line before it can be seen. A stream that breaks off ends there, with ``is_damaged``.
    """

    def __init__(self, stream: BinaryIO, limit: int | None = None, path: Path | None = None):
        """``limit`` bounds what an archive at ``path`` may give; bytes."""
        self.stream, self.limit, self.path = stream, limit, path
        self.buffer, self.at, self.given = b"", 0, 0
        self.is_damaged = False

    def fill(self, size: int) -> int:
        """Have ``size`` bytes at ``at`` unless the stream ends before; how many there are."""
        held = len(self.buffer) - self.at
        if held >= size:
            return held
        kept = max(self.at - 4, 0)
        pieces, wanted = [self.buffer[kept:]], max(_CHUNK, size) - held
        self.at -= kept
        while wanted > 0 and (piece := self._piece(min(wanted, 256 << 10))):
            pieces.append(piece)
            wanted -= len(piece)
        self.buffer = b"".join(pieces)
        return len(self.buffer) - self.at

    def _piece(self, size: int) -> bytes:
        try:
            # read1, because read loses what it has when the packed data break off.
            piece = self.stream.read1(size)
        except _DAMAGE:
            self.is_damaged = True
            return b""
        self.given += len(piece)
        if self.limit is not None and self.given > self.limit:
            raise UnreadablePath(
                f"{self.path} unpacks to more than {self.limit >> 20} MiB, {UNPACKED_RATIO} times "
                "its size; if this is mail, unpack it and import the files"
            )
        return piece


def _limit(packed: int) -> int:
    return min(UNPACKED_BYTES, max(UNPACKED_BYTES_ALWAYS, UNPACKED_RATIO * packed))


def _start(head: bytes) -> int:
    """Where the content starts: after a byte order mark and blank lines."""
    rest = head.removeprefix(b"\xef\xbb\xbf")
    return len(head) - len(rest.lstrip(b"\r\n"))


def _kind(head: bytes) -> str | None:
    """mbox, mail, calendar or packed, by content; None for anything else."""
    if head.startswith((_GZIP, *_ZIP)):
        return "packed"
    head = head[_start(head) :]
    if _CALENDAR.match(head.lstrip()):
        return "calendar"
    if head.startswith(b"From ") and _is_envelope(b"\n\n" + head, 2):
        return "mbox"
    block = head[: match.start()] if (match := _HEADER_END.search(head)) else head
    return "mail" if _FIELD.match(head) and _ANY_MAIL_FIELD.search(block) else None


def _file(
    path: Path, source: str, prefix: str, size: int, folder_ids: tuple[str, ...] = ()
) -> Iterator[Found]:
    """One file on disk, packed with gzip or not. ``prefix`` names it among others ("file 3")."""
    with path.open("rb") as stream:
        if stream.read(2) != _GZIP:
            stream.seek(0)
            yield from _stream(_Window(stream), source, prefix, size, folder_ids)
            return
        stream.seek(0)
        with gzip.GzipFile(fileobj=stream) as unpacked:
            window = _Window(unpacked, _limit(size), path)
            yield from _stream(window, source, prefix, size, folder_ids)


def _stream(
    window: _Window, source: str, prefix: str, size: int | None, folder_ids: tuple[str, ...]
) -> Iterator[Found]:
    """What one unpacked file holds. ``size`` is None in a zip, whose directory may lie."""

    def reject(reason: str) -> Reject:
        length = window.given if size is None else size
        return Reject(source=source, locator=prefix or "file", reason=reason, length=length)

    window.fill(_HEAD)
    kind = _kind(window.buffer)
    window.at = _start(window.buffer)
    if kind == "mbox":
        yield from _mbox(window, prefix, folder_ids)
    elif kind == "mail":
        letter = _mail(window, prefix, folder_ids)
        yield letter if size is None else replace(letter, length=size)
    elif kind == "calendar":
        held = window.fill(CALENDAR_BYTES + 1)
        if held > CALENDAR_BYTES:
            yield reject(CALENDAR_TOO_LONG)
        else:
            yield Book(prefix or "file", window.buffer[window.at :])
    elif not window.is_damaged:
        is_empty = window.at == len(window.buffer)
        yield reject(EMPTY if is_empty else NESTED if kind == "packed" else UNKNOWN)
    if window.is_damaged:
        yield reject(DAMAGED)


def _mail(window: _Window, prefix: str, folder_ids: tuple[str, ...]) -> Letter:
    """A file that is one message."""
    window.fill(HEADER_BYTES + _LOOKAHEAD)
    match = _HEADER_END.search(window.buffer, window.at, window.at + HEADER_BYTES)
    end = match.start() + 1 if match else window.at + HEADER_BYTES
    block = window.buffer[window.at : end]
    return Letter(prefix or "message 1", block, len(block), folder_ids=folder_ids)


def _mbox(window: _Window, prefix: str, folder_ids: tuple[str, ...]) -> Iterator[Letter]:
    """The messages of an mbox, bodies skipped; a block of HEADER_BYTES did not end."""
    number = 0
    while window.fill(HEADER_BYTES + _LOOKAHEAD):
        number += 1
        buffer, at = window.buffer, window.at
        line_end = buffer.find(b"\n", at)
        line_end = len(buffer) if line_end < 0 else line_end
        start = line_end + 1
        # From the end of the "From " line on, so that a message without any header ends at once.
        match = _HEADER_END.search(buffer, line_end, start + HEADER_BYTES)
        window.at = match.start() + 1 if match else min(start + HEADER_BYTES, len(buffer))
        block = buffer[start : window.at]
        envelope = buffer[at : min(line_end, at + _ENVELOPE_BYTES)].decode("ascii", "replace")
        length = window.at - at + _skip_body(window)
        locator = f"{prefix}, message {number}" if prefix else f"message {number}"
        yield Letter(locator, block, length, envelope, folder_ids)


def _skip_body(window: _Window) -> int:
    """Move to the next "From " line that separates messages, or to the end; bytes passed."""
    passed = 0
    while True:
        found = window.buffer.find(b"\nFrom ", max(window.at - 1, 0))
        if found >= 0:
            passed += found + 1 - window.at
            window.at = found + 1
            window.fill(_LOOKAHEAD)
            if _is_envelope(window.buffer, window.at):
                return passed
            window.at += 1
            passed += 1
            continue
        # The last five bytes may be the beginning of what is searched.
        kept = min(len(window.buffer) - window.at, 5)
        passed += len(window.buffer) - window.at - kept
        window.at = len(window.buffer) - kept
        if window.fill(kept + 1) == kept:
            window.at += kept
            return passed + kept


def _is_envelope(buffer: bytes, at: int) -> bool:
    """Whether the "From " line at ``at`` separates messages or is a sentence of a body.

    Not every writer quotes such sentences, and not every separator has a date ("From -"). One
    with a date must be followed by a field; one without by a well-known field, after a blank line.
    """
    end = buffer.find(b"\n", at, at + _ENVELOPE_BYTES)
    if end < 0:
        return False
    line = buffer[at:end]
    is_dated = bool(_TIME.search(line) and _YEAR.search(line))
    after_blank = buffer[at - 2 : at] == b"\n\n" or buffer[at - 3 : at] == b"\n\r\n"
    if is_dated and _FIELD.match(buffer, end + 1):
        return True
    if after_blank and _MAIL_FIELD.match(buffer, end + 1):
        return True
    at_end = end + 1 >= len(buffer) or _BLANK.match(buffer, end + 1)
    return bool(is_dated and after_blank and at_end)


def _walk(root: Path) -> Iterator[tuple[os.DirEntry[str], str | None]]:
    """What lies below a folder, and why it must not be opened; sorted, links not followed."""
    stack = [(entry, 1) for entry in _sorted_entries(root)]
    while stack:
        entry, depth = stack.pop()
        if entry.is_symlink():
            yield entry, LINK
        elif entry.is_file():
            yield entry, None
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


def _folder(root: Path) -> Iterator[Found]:
    """A Maildir, a folder of .eml, an unpacked Takeout: every file by its own content."""
    number = 0
    for entry, reason in _walk(root):
        number += 1
        path, locator = Path(entry.path), f"file {number}"
        size = entry.stat(follow_symlinks=False).st_size
        if reason is None and path.parent.name == "tmp" and (path.parent.parent / "cur").is_dir():
            reason = UNFINISHED
        if reason is None and not os.access(path, os.R_OK):
            reason = REFUSED
        if reason is None:
            yield from _file(path, root.name, locator, size, _maildir_folders(path, root))
        else:
            yield Reject(source=root.name, locator=locator, reason=reason, length=size)
    if number == 0:
        raise UnreadablePath(f"{root} holds no files; check the path")


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
    if _directory_bytes(path) > MEMBERS * 400:
        raise UnreadablePath(f"{path} holds more than {MEMBERS:,} files; unpack it, import a folder")
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, ValueError) as error:
        raise UnreadablePath(damaged) from error
    if len(members) > MEMBERS:
        raise UnreadablePath(f"{path} holds more than {MEMBERS:,} files; unpack it, import a folder")
    if any(info.flag_bits & 1 for info in members):
        raise UnreadablePath(f"{path} is locked by a password; unpack it and import the folder")
    members.sort(key=lambda info: info.header_offset)
    for one, following in zip(members, members[1:], strict=False):
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


def _zip(path: Path, members: list[zipfile.ZipInfo]) -> Iterator[Found]:
    limit = _limit(path.stat().st_size)
    with zipfile.ZipFile(path) as archive:
        for number, info in enumerate(members, 1):
            locator = f"file {number}"
            reason = LINK if stat.S_ISLNK(info.external_attr >> 16) else None
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                reason = PACKED
            if reason:
                yield Reject(source=path.name, locator=locator, reason=reason, length=0)
                continue
            try:
                stream = archive.open(info)
            except _DAMAGE:
                yield Reject(source=path.name, locator=locator, reason=DAMAGED, length=0)
                continue
            with stream:
                window = _Window(stream, limit, path)
                yield from _stream(window, path.name, locator, None, ())
                limit -= window.given
