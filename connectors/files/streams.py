"""What one stream holds: an mbox, a message or a calendar, recognised by its content.

Here: the buffer through which streams of any size are seen, where messages begin and end, limits.
Not here: files, folders and archives (containers.py), what a header block (mail.py) or a calendar
(calendar.py) says.
"""

import gzip
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from connectors.files.mail import HEADER_BYTES, Letter
from connectors.records import Reject

CALENDAR_BYTES = 64 << 20
HEAD_BYTES = 64 << 10  # enough to recognise a stream
# What an archive may hold unpacked: mail packs 3 to 20 times, a bomb a thousand times.
UNPACKED_BYTES = 64 << 30
UNPACKED_BYTES_ALWAYS = 256 << 20
UNPACKED_RATIO = 250

EMPTY = "empty"
UNKNOWN = "neither mail nor calendar"
CALENDAR_TOO_LONG = "calendar larger than 64 MiB"
NESTED = "an archive inside; unpack it and import it by itself"
DAMAGED = "the file is damaged or cut off here"

GZIP, ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")
DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile)

_CHUNK = 4 << 20
_LOOKAHEAD = 4 << 10
_ENVELOPE_BYTES = 1_000
_FIELD = re.compile(rb"[!-9;-~]{1,200}[ \t]*:|>From |[ \t]")
_MAIL_FIELD = re.compile(
    rb"(?:from|to|cc|bcc|date|subject|sender|reply-to|received|return-path|message-id|in-reply-to"
    rb"|references|mime-version|content-type|delivered-to|list-id|list-post|resent-from|path"
    rb"|precedence|x-[a-z0-9-]{1,100})[ \t]*:",
    re.IGNORECASE,
)
_ANY_MAIL_FIELD = re.compile(rb"^(?:" + _MAIL_FIELD.pattern + rb")", re.IGNORECASE | re.MULTILINE)
_CALENDAR = re.compile(rb"BEGIN:(?!VCARD)[A-Z0-9-]+[ \t]*[\r\n]", re.IGNORECASE)
_HEADER_END = re.compile(rb"\n(?=\r?\n|From )")
# "From - " is Netscape's and Thunderbird's whole separator.
_SURE_ENVELOPE = re.compile(
    rb"From -[ \r]*(?=\n)"
    rb"|From [^\n]*? [A-Z][a-z]{2} +\d{1,2} +\d\d?:\d\d[^\n]{0,20} (?:19|20)\d\d\b"
)


class UnreadablePath(ValueError):
    """A path that cannot be imported at all; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Book:
    """A calendar file as a container holds it, at most CALENDAR_BYTES."""

    locator: str
    data: bytes


Found = Letter | Book | Reject


class Budget:
    """How much an archive may unpack to, all its members together.

    The sizes that an archive states may lie, so bytes are counted as they come.
    """

    def __init__(self, path: Path):
        """``path`` is the archive; its own size sets the limit."""
        self.path = path
        always = max(UNPACKED_BYTES_ALWAYS, UNPACKED_RATIO * path.stat().st_size)
        self.left = min(UNPACKED_BYTES, always)

    def take(self, count: int) -> None:
        """Count unpacked bytes; UnreadablePath once there are too many."""
        self.left -= count
        if self.left < 0:
            raise UnreadablePath(
                f"{self.path} unpacks to more than {UNPACKED_RATIO} times its size or 64 GiB, as "
                "no mail does; if it is mail, unpack it and import the files"
            )


class Window:
    """A stream seen through a buffer that never grows with the stream.

    ``at`` is the reading position in ``buffer``; the four bytes before it stay visible, so that a
    blank line before it can be seen. A stream that breaks off ends there, with ``is_damaged``.
    """

    def __init__(self, stream: BinaryIO, budget: Budget | None = None):
        """``budget`` bounds what a stream out of an archive may give."""
        self.stream, self.budget = stream, budget
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
        except DAMAGE:
            self.is_damaged = True
            return b""
        self.given += len(piece)
        if self.budget is not None:
            self.budget.take(len(piece))
        return piece


def _start(head: bytes) -> int:
    """Where the content starts: after a byte order mark and blank lines."""
    rest = head.removeprefix(b"\xef\xbb\xbf")
    return len(head) - len(rest.lstrip(b"\r\n"))


def kind(head: bytes) -> str | None:
    """mbox, mail, calendar or packed, by content; None for anything else."""
    if head.startswith((GZIP, *ZIP)):
        return "packed"
    head = head[_start(head) :]
    if _CALENDAR.match(head.lstrip()):
        return "calendar"
    if head.startswith(b"From ") and _is_envelope(b"\n\n" + head, 2):
        return "mbox"
    block = head[: match.start()] if (match := _HEADER_END.search(head)) else head
    return "mail" if _FIELD.match(head) and _ANY_MAIL_FIELD.search(block) else None


def contents(
    window: Window, source: str, prefix: str, size: int | None, folder_ids: tuple[str, ...]
) -> Iterator[Found]:
    """What one unpacked file holds.

    prefix  names the file among others: "file 3"; "" where it is alone
    size    of the file; None in a zip, whose directory may lie; bytes
    """

    def reject(reason: str) -> Reject:
        length = window.given if size is None else size
        return Reject(source=source, locator=prefix or "file", reason=reason, length=length)

    window.fill(HEAD_BYTES)
    what = kind(window.buffer)
    window.at = _start(window.buffer)
    if what == "mbox":
        yield from _mbox(window, prefix, folder_ids)
    elif what == "mail":
        letter = _mail(window, prefix, folder_ids)
        yield letter if size is None else replace(letter, length=size)
    elif what == "calendar":
        held = window.fill(CALENDAR_BYTES + 1)
        if held > CALENDAR_BYTES:
            yield reject(CALENDAR_TOO_LONG)
        else:
            yield Book(prefix or "file", window.buffer[window.at :])
    elif not window.is_damaged:
        is_empty = window.at == len(window.buffer)
        yield reject(EMPTY if is_empty else NESTED if what == "packed" else UNKNOWN)
    if window.is_damaged:
        yield reject(DAMAGED)


def _mail(window: Window, prefix: str, folder_ids: tuple[str, ...]) -> Letter:
    """A file that is one message."""
    window.fill(HEADER_BYTES + _LOOKAHEAD)
    match = _HEADER_END.search(window.buffer, window.at, window.at + HEADER_BYTES)
    end = match.start() + 1 if match else window.at + HEADER_BYTES
    block = window.buffer[window.at : end]
    return Letter(prefix or "message 1", block, len(block), folder_ids=folder_ids)


def _mbox(window: Window, prefix: str, folder_ids: tuple[str, ...]) -> Iterator[Letter]:
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


def _skip_body(window: Window) -> int:
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

    Not every writer quotes such sentences, not every separator has a date ("From -"), and not
    every one comes after a blank line: two signs of date, blank line and header are enough. To
    see one too many costs a Reject, to miss one loses a message without a trace.
    """
    end = buffer.find(b"\n", at, at + _ENVELOPE_BYTES)
    if end < 0:
        return False
    after_blank = buffer[at - 2 : at] == b"\n\n" or buffer[at - 3 : at] == b"\n\r\n"
    if _SURE_ENVELOPE.match(buffer, at, end + 1):
        return after_blank or bool(_FIELD.match(buffer, end + 1))
    return after_blank and bool(_MAIL_FIELD.match(buffer, end + 1))
