"""A message of Gmail's API becomes a Message.

Here: headers, date and labels of one message; which headers are asked for; what is left out.
Not here: which messages (gmail.py), how they are fetched (fetching.py), what headers mean
(connectors/headers.py).
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import headers
from connectors.records import Message, Reject

SPAM, TRASH = "SPAM", "TRASH"
_LEFT_OUT = {"DRAFT", "CHAT", SPAM, TRASH}  # never sent, no mail, not wanted, thrown away
# What the reader or Gmail thinks of a message is no place where it lies, and changes at each look.
_MARKS = {"UNREAD", "STARRED", "IMPORTANT"}

NO_HEADER = "no mail header"
NO_DATE = "no date between 1990 and today"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=2)
_KEPT = frozenset(headers.KEPT)

FIELDS = "id,threadId,labelIds,internalDate,sizeEstimate,payload/headers"


def _spellings() -> Iterator[str]:
    """Every kept header as it is usually written; those that carry the message, in all ways.

    Whether Gmail compares the names letter by letter is not documented, and reports differ.
    """
    for name in headers.KEPT:
        title = name.title()
        yield title
        if title.endswith("-Id"):
            yield f"{title[:-1]}D"
        if name in headers.ADDRESS_FIELDS or name in ("message-id", "in-reply-to", "references"):
            yield name
            yield name.upper()


METADATA_HEADERS = list(_spellings())


def is_wanted(label_ids: Collection[str]) -> bool:
    """Whether a message with these labels is mail that was sent or received, and is kept."""
    return _LEFT_OUT.isdisjoint(label_ids)


def folder_id(label_id: str) -> str | None:
    """Gmail's own labels in lower case, a person's by their id; None for a mere mark."""
    if label_id in _MARKS:
        return None
    return label_id.lower() if label_id.isupper() else label_id


def sent_at(message: Mapping[str, Any], now: datetime) -> datetime | None:
    """When Gmail took the message in; None for what is no date between 1990 and ``now``; UTC."""
    try:
        at = _EPOCH + timedelta(milliseconds=int(message["internalDate"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return at if _EARLIEST <= at < now + _AHEAD else None


def records(
    message: Mapping[str, Any], mailbox_id: str, now: datetime
) -> Iterator[Message | Reject]:
    """The Message, or a Reject in its stead; then one for each unreadable part of a header.

    ``now`` is the date of the answer that brought it; UTC.
    """
    source, message_id = f"{mailbox_id}/mail", message["id"]
    fields, at = _fields(message), sent_at(message, now)
    if not fields or at is None:
        yield Reject(
            source=source,
            locator=message_id,
            reason=NO_HEADER if not fields else NO_DATE,
            length=int(message.get("sizeEstimate") or 0),
        )
        return
    folders = filter(None, map(folder_id, message.get("labelIds") or ()))
    yield from headers.records(
        fields,
        source=source,
        locator=message_id,
        mailbox_id=mailbox_id,
        message_id=message_id,
        sent_at=at,
        thread_id=message.get("threadId"),
        folder_ids=tuple(dict.fromkeys(folders)),
    )


def _fields(message: Mapping[str, Any]) -> dict[str, list[str]]:
    """The headers by lower-case name, unfolded; none that kith does not keep."""
    fields: dict[str, list[str]] = {}
    payload = message.get("payload") or {}
    for header in payload.get("headers") or ():
        name = str(header.get("name") or "").lower()
        if name not in _KEPT:
            continue
        value = _text(str(header.get("value") or ""))
        values = fields.setdefault(name, [])
        if value not in values:  # asked for in several spellings, it may come several times
            values.append(value)
    return fields


def _text(value: str) -> str:
    """One line, without the lone halves of characters that JSON can hold and UTF-8 cannot."""
    if not value.isascii():
        value = value.encode("utf-8", "replace").decode()
    return " ".join(line.strip() for line in value.splitlines()) if "\n" in value else value
