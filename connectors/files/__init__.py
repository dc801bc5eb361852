"""Mail archives and calendars in files become the records of records.py.

Here: the one way in (``read``), the count of what was found, the fingerprint of a file or folder.
Not here: which messages lie in a path (containers.py, streams.py), what a header says (mail.py),
what a calendar says (calendar.py), what an import keeps (pipelines/imports.py).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from connectors import headers
from connectors.files import calendar, mail
from connectors.files.containers import contents, regular_files
from connectors.files.mail import Letter
from connectors.files.streams import Book, UnreadablePath
from connectors.records import Event, Message, Reject

__all__ = ["Tally", "UnreadablePath", "fingerprint", "read"]


@dataclass(slots=True)
class Tally:
    """What one ``read`` found. Nothing is lost: found = read + rejected, for both kinds.

    messages         messages in mbox, Maildir and .eml
    entries          VEVENTs in calendars; one recurring entry yields many Events
    header_parts     parts of kept messages' headers that are no address
    other_rejects    files, folders' links and calendar components that hold neither
    """

    messages_found: int = 0
    messages_read: int = 0
    messages_rejected: int = 0
    entries_found: int = 0
    entries_read: int = 0
    entries_rejected: int = 0
    header_parts_rejected: int = 0
    other_rejects: int = 0


def read(
    path: Path, mailbox_id: str, imported_at: datetime, tally: Tally | None = None
) -> Iterator[Message | Event | Reject]:
    """Every message and event in a file or folder, streaming, in a stable order.

    imported_at  the instant of the import, with time zone: nothing later is believed
    tally        filled while the records are taken
    Raises UnreadablePath, at once for a path that is missing, empty, unknown or locked, and while
    reading for an archive beyond the limits; everything else that cannot be read is a Reject.
    """
    source = path.name or path.resolve().name
    return _records(contents(path, source), source, mailbox_id, imported_at, tally or Tally())


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes; of a folder's files without their names, in hexadecimal.

    A Maildir's names hold flags that change while the messages stay, and folders are copied.
    """
    if not path.is_dir():
        return next(_digest(file) for file in regular_files(path)).hex()
    digests = sorted(_digest(file) for file in regular_files(path))
    return hashlib.sha256(b"folder\n" + b"".join(digests)).hexdigest()


def _digest(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def _records(
    found: Iterator[Letter | Book | Reject],
    source: str,
    mailbox_id: str,
    imported_at: datetime,
    tally: Tally,
) -> Iterator[Message | Event | Reject]:
    for item in found:
        if isinstance(item, Letter):
            tally.messages_found += 1
            for record in mail.records(item, source, mailbox_id, imported_at):
                if isinstance(record, Message):
                    tally.messages_read += 1
                elif record.reason in headers.PART_REASONS:
                    tally.header_parts_rejected += 1
                else:
                    tally.messages_rejected += 1
                yield record
        elif isinstance(item, Book):
            for outcome in calendar.outcomes(
                item.data, item.locator, source, mailbox_id, imported_at
            ):
                if not isinstance(outcome, Reject):
                    tally.entries_found += 1
                    tally.entries_read += 1
                    yield from outcome
                    continue
                if outcome.reason in calendar.PART_REASONS:
                    tally.header_parts_rejected += 1
                elif outcome.reason.startswith(calendar.NOT_AN_EVENT):
                    tally.other_rejects += 1
                else:
                    tally.entries_found += 1
                    tally.entries_rejected += 1
                yield outcome
        else:
            tally.other_rejects += 1
            yield item
