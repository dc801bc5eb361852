"""One message as Graph gives it becomes a Message.

Here: which properties are asked for, where each goes, which items are no mail.
Not here: folders and their changes (mail.py), what a header means (connectors/headers.py).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

from connectors import addresses, headers
from connectors.microsoft import values
from connectors.microsoft.exchange import Recipient
from connectors.microsoft.values import Item
from connectors.records import Address, Mailbox, Message, Reject

HEADERS = "internetMessageHeaders"
# Never subject, body or bodyPreview. What is not asked for is not reported as a change either.
PROPERTIES = (
    *"id internetMessageId conversationId receivedDateTime sentDateTime isDraft".split(),
    *"from sender toRecipients ccRecipients bccRecipients replyTo".split(),
)
# Enough to know a message again, or that it is none which is kept.
IDENTITY = ("id", "internetMessageId", "receivedDateTime", "isDraft")
# A partial update lacks some of these; a whole message has them all, be they null.
_WHOLE = ("receivedDateTime", "internetMessageId", "toRecipients")
_ONE = {"from": "from", "sender": "sender"}
_MANY = {"reply-to": "replyTo", "to": "toRecipients", "cc": "ccRecipients", "bcc": "bccRecipients"}
# What the addressees' clients make of an invitation, an answer to one, a cancellation.
_MEETING = "#microsoft.graph.eventMessage"
_CALENDAR = {"content-class": ["urn:content-classes:calendarmessage"]}
_SAME_DAY = timedelta(days=1)
_FIRST_DAY = 1990  # year; older times are those of broken clocks

NO_TIME = "no readable time"


def select(with_headers: bool) -> str:
    """The value of $select."""
    return ",".join((*PROPERTIES, HEADERS) if with_headers else PROPERTIES)


def is_whole(item: Item) -> bool:
    """Whether it is a message and not only what has changed of one."""
    return all(name in item for name in _WHOLE)


def is_mail(item: Item) -> bool:
    """Neither a draft nor a chat of Teams, which Graph has been seen to list among mail."""
    return item.get("isDraft") is not True and bool(values.text(item, "internetMessageId"))


def may_be_kept(item: Item, since: datetime) -> bool:
    """Whether ``records`` may make a Message of what has this IDENTITY."""
    received_at = values.instant(item, "receivedDateTime")
    return is_mail(item) and received_at is not None and received_at >= since


def records(
    item: Item,
    mailbox: Mailbox,
    folder_id: str,
    since: datetime,
    recipient: Recipient = values.recipient,
) -> Iterator[Message | Reject]:
    """The Message that an item is, or a Reject; nothing for what is no mail or older than since.

    After the Message come Rejects of header parts, as headers.records makes them.
    """
    if not is_mail(item):
        return
    source, locator = f"{mailbox.mailbox_id}/mail", values.text(item, "id") or ""
    people = {name: _reading([values.part(item, key)], recipient) for name, key in _ONE.items()}
    people |= {name: _reading(values.parts(item, key), recipient) for name, key in _MANY.items()}
    sent_at = _sent_at(item, mailbox, people["from"].addresses)
    if sent_at is None or sent_at.year < _FIRST_DAY:
        yield Reject(source=source, locator=locator, reason=NO_TIME, length=len(str(item)))
        return
    if sent_at < since:
        return
    yield from headers.records(
        _fields(item),
        source=source,
        locator=locator,
        mailbox_id=mailbox.mailbox_id,
        message_id=locator,
        sent_at=sent_at,
        thread_id=values.text(item, "conversationId"),
        folder_ids=(folder_id,),
        people=people,
    )


def _sent_at(item: Item, mailbox: Mailbox, authors: tuple[Address, ...]) -> datetime | None:
    """When Exchange took it in; in the author's own copy, when it was sent.

    Whoever else writes a time can write any. One's own is believed where the arrival is near, for
    junk comes in one's own name too. The folder does not decide: a copy may be moved.
    """
    received_at = values.instant(item, "receivedDateTime")
    sent_at = values.instant(item, "sentDateTime")
    if received_at is None or sent_at is None or mailbox.address is None or not authors:
        return received_at
    is_own = addresses.canonical(authors[0].address) == addresses.canonical(mailbox.address)
    return sent_at if is_own and abs(sent_at - received_at) <= _SAME_DAY else received_at


def _reading(recipients: list[Item], recipient: Recipient) -> addresses.Reading:
    """What a list of recipients says, each address once."""
    if not recipients:
        return addresses.NOTHING
    found: dict[str, Address] = {}
    unreadable = unreadable_bytes = 0
    for one in recipients:
        address, length = recipient(one)
        if address is not None:
            found.setdefault(address.address.lower(), address)
        elif length:
            unreadable += 1
            unreadable_bytes += length
    return addresses.Reading(tuple(found.values()), unreadable, unreadable_bytes)


def _fields(item: Item) -> dict[str, list[str]]:
    """The header fields that are kept, but for the addresses, which Graph gives beside them."""
    fields: dict[str, list[str]] = {"message-id": [values.text(item, "internetMessageId") or ""]}
    for header in values.parts(item, HEADERS):
        name = header.get("name")
        if isinstance(name, str) and (name := _field(name)):
            fields.setdefault(name, []).append(values.text(header, "value") or "")
    if (values.text(item, "@odata.type") or "").startswith(_MEETING):
        fields |= _CALENDAR
    return fields


@lru_cache(maxsize=4_096)
def _field(name: str) -> str | None:
    """The name of a header field that is kept, in lower case."""
    name = name.lower()
    return name if name in _FIELDS else None


_FIELDS = frozenset(headers.KEPT) - {*headers.ADDRESS_FIELDS, "message-id"}
