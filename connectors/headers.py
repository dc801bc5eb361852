"""Header fields of a message, from whatever source, become the fields of a Message.

Here: which header fields kith keeps, their ids, the list they name, the signs of a machine.
Not here: cutting a header into fields (files/mail.py) or asking a provider for them (google,
microsoft), dates (files/dates.py), addresses (addresses.py).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from urllib.parse import unquote

from connectors import addresses
from connectors.records import Address, Message, Reject

Fields = Mapping[str, Sequence[str]]  # lower-case name -> values in their order, unfolded

REFERENCES_KEPT = 20
ID_CHARACTERS = 998  # RFC 5322: no line, so no id, is longer

# Reasons of Rejects that concern a part of a message that itself is kept.
NO_ADDRESS = "a part of this header is no address"
MORE_AUTHORS = "more than one author; the first is kept"
PART_REASONS = frozenset({NO_ADDRESS, MORE_AUTHORS})

ADDRESS_FIELDS = ("from", "sender", "reply-to", "to", "cc", "bcc")
_RESENT = ("resent-from", "resent-to", "resent-date", "resent-sender", "resent-message-id")
# Subject is none of them, and never becomes one.
KEPT = (
    *ADDRESS_FIELDS,
    "message-id",
    "in-reply-to",
    "references",
    "list-id",
    *_RESENT,
    "auto-submitted",
    "content-class",
    "content-type",
    "feedback-id",
    "list-post",
    "list-unsubscribe",
    "mailing-list",
    "precedence",
    "return-path",
    "x-auto-response-suppress",
    "x-autoreply",
    "x-autorespond",
    "x-failed-recipients",
    "x-mailing-list",
    "x-original-from",
    "x-original-sender",
)

# automation_signs, in this order. A sign is a fact about the headers; what it means for a person
# or a message is decided in sql/staging.
#
# auto_submitted          Auto-Submitted, and not "no" (RFC 3834)
# precedence_bulk         Precedence: bulk; likewise precedence_list, precedence_junk and
#                         precedence_auto_reply
# list_id                 List-Id: the copy came through a list
# list_unsubscribe        List-Unsubscribe: list or newsletter
# feedback_id             Feedback-ID: a mass sender's own bookkeeping
# auto_response_suppress  X-Auto-Response-Suppress: Exchange asks machines not to answer
# autoreply               X-Autoreply or X-Autorespond
# null_return_path        Return-Path: <>, nobody wants the bounce (RFC 5321)
# bounce_return_path      Return-Path counts bounces: bounce, ezmlm's -return-, owner-, VERP
# srs_return_path         Return-Path rewritten by a forwarder (SRS0=, SRS1=)
# failed_recipients       X-Failed-Recipients: Exim and Gmail report a failed delivery
# report                  Content-Type multipart/report: bounce or receipt (RFC 6522)
# calendar                Content-Type text/calendar or Content-Class calendarmessage: the mail
#                         of a meeting, which the calendar counts already
# resent                  any Resent- field: forwarded as it was (RFC 5322 3.6.6)
_PRECEDENCES = {"bulk", "list", "junk", "auto_reply"}
_BOUNCE = re.compile(
    r"^owner-|(?:^|[-+=._])bounces?(?:[-+=._0-9]|$)|-return-\d+-|=[a-z0-9-]+\.[a-z]"
)
_SRS = re.compile(r"^srs[01][=+-]")

_LIST_FIELDS = frozenset(
    ("list-id", "list-post", "list-unsubscribe", "mailing-list", "precedence", "x-mailing-list")
)
_SIGN_FIELDS = frozenset(
    (
        *("auto-submitted", "precedence", "list-id", "list-unsubscribe", "feedback-id"),
        *("x-auto-response-suppress", "x-autoreply", "x-autorespond", "return-path"),
        "x-failed-recipients",
    )
)

_BRACKETED = re.compile(r"<([^<>]*)>")
_MAILTO = re.compile(r"mailto:([^?>,\s]+)", re.IGNORECASE)
_HELPER = re.compile(
    r"[-.](?:admin|bounces?|help|leave|owner|request|(?:un)?subscribe)(?:[+-][^@]*)?@",
    re.IGNORECASE,
)
_YAHOO_LIST = re.compile(r"\blist\s+([^\s;]+@[^\s;]+)", re.IGNORECASE)


def records(
    fields: Fields,
    *,
    source: str,
    locator: str,
    mailbox_id: str,
    message_id: str,
    sent_at: datetime,
    thread_id: str | None = None,
    folder_ids: tuple[str, ...] = (),
    people: Mapping[str, addresses.Reading] | None = None,
) -> Iterator[Message | Reject]:
    """The Message that the fields make, then a Reject for each unreadable part of one.

    people  the readings of all ADDRESS_FIELDS, from a provider that has cut them already
    The Rejects carry a reason of PART_REASONS and "<locator>, <header>" as locator.
    """
    read = people or {name: addresses.read(fields.get(name, ())) for name in ADDRESS_FIELDS}
    found = {name: reading.addresses for name, reading in read.items()}
    author = found["from"][0] if found["from"] else None
    sender = found["sender"][0] if found["sender"] else None
    if author and sender and is_same(author, sender):
        sender = None
    yield Message(
        mailbox_id=mailbox_id,
        message_id=message_id,
        internet_message_id=first_id(text(fields, "message-id")),
        thread_id=thread_id,
        sent_at=sent_at,
        author=author,
        sender=sender,
        original_author=original_author(fields, read),
        reply_to=found["reply-to"],
        to=found["to"],
        cc=found["cc"],
        bcc=found["bcc"],
        in_reply_to=first_id(text(fields, "in-reply-to")),
        references=references(text(fields, "references")),
        list_id=list_id(text(fields, "list-id")),
        list_address=list_address(fields, read),
        automation_signs=tuple(signs(fields)),
        folder_ids=folder_ids,
    )
    for name, reading in read.items():
        if reading.unreadable:
            where, length = f"{locator}, {name}", reading.unreadable_bytes
            yield Reject(source=source, locator=where, reason=NO_ADDRESS, length=length)
        if name == "from" and len(reading.addresses) > 1:
            where, length = f"{locator}, from", sum(len(value.encode()) for value in fields["from"])
            yield Reject(source=source, locator=where, reason=MORE_AUTHORS, length=length)


def text(fields: Fields, name: str) -> str:
    """The first value; "" where the field is missing."""
    values = fields.get(name)
    return values[0] if values else ""


def is_same(one: Address, other: Address) -> bool:
    """Whether both are one address in canonical form."""
    return addresses.canonical(one.address) == addresses.canonical(other.address)


def original_author(fields: Fields, read: Mapping[str, addresses.Reading]) -> Address | None:
    """The author before a list put itself into From so that DMARC lets the copy pass.

    X-Original-From or X-Original-Sender say so. Mailman writes "Jo Doe via Craft <craft@x.org>" and
    names the author in Reply-To or Cc under the same name; who has none is "jo--- via Craft" for
    jo@x.org.
    """
    values = [*fields.get("x-original-from", ()), *fields.get("x-original-sender", ())]
    if values and (named := next(iter(addresses.parse(values)), None)):
        return named
    author = next(iter(read["from"].addresses), None)
    name, via, _ = ((author and author.name) or "").rpartition(" via ")
    if not via:
        return None
    candidates = (*read["reply-to"].addresses, *read["cc"].addresses)
    for one in candidates:
        is_named = one.name == name or f"{one.address.partition('@')[0]}---" == name
        if is_named and not is_same(one, author):
            return one
    return None


def _clean_id(value: str) -> str | None:
    """Without blanks and controls, its case kept: ids are compared, never read."""
    value = "".join(value.split())
    if not value.isprintable():
        value = "".join(character for character in value if character.isprintable())
    return value[:ID_CHARACTERS] or None


def first_id(value: str) -> str | None:
    """The first id in brackets ("Your message of Monday <id>"), else a value that is one word."""
    if match := _BRACKETED.search(value):
        return _clean_id(match[1])
    return _clean_id(value.strip("<>")) if value and len(value.split()) == 1 else None


def references(value: str) -> tuple[str, ...]:
    """The last REFERENCES_KEPT ids, oldest first."""
    ids = _BRACKETED.findall(value) or [word for word in value.split() if "@" in word]
    cleaned = (_clean_id(item.strip("<>,")) for item in ids)
    return tuple(dict.fromkeys(item for item in cleaned if item))[-REFERENCES_KEPT:]


def list_id(value: str) -> str | None:
    """What stands in the last brackets, lower case; the phrase before is text and is dropped."""
    bracketed = _BRACKETED.findall(value)
    words = (bracketed[-1] if bracketed else value).split()
    if len(words) != 1 or not words[0].isprintable():
        return None
    return words[0].lower()[:255]


def list_address(fields: Fields, read: Mapping[str, addresses.Reading]) -> str | None:
    """The address that posts to the list.

    List-Post, X-Mailing-List and Yahoo's Mailing-List say it. Older lists do not, but one of the
    addresses in To or Cc is theirs: the one that List-Id spells with a dot for the @, whose helpers
    ("craft-owner@", "craft-unsubscribe@") stand in Sender or List-Unsubscribe, or that answers to
    bulk mail are sent to.
    """
    senders = [one.address for one in read["sender"].addresses]
    if fields.keys().isdisjoint(_LIST_FIELDS) and not any(map(_HELPER.search, senders)):
        return None
    mailto = _MAILTO.search(text(fields, "list-post"))
    yahoo = _YAHOO_LIST.search(text(fields, "mailing-list"))
    candidates = [
        unquote(mailto[1]) if mailto else "",
        text(fields, "x-mailing-list"),
        yahoo[1] if yahoo else "",
    ]
    found = (address.address for value in candidates for address in addresses.parse([value]))
    if stated := next(found, None):
        return stated
    named = (*read["to"].addresses, *read["cc"].addresses)
    hints = {list_id(text(fields, "list-id"))}
    leave = _MAILTO.search(text(fields, "list-unsubscribe"))
    helpers = [*senders, leave[1]] if leave else senders
    hints.update(_HELPER.sub("@", helper.lower()) for helper in helpers if _HELPER.search(helper))
    replies = [one.address.lower() for one in read["reply-to"].addresses]
    if len(replies) == 1 and (leave or text(fields, "precedence").lower() in ("bulk", "list")):
        hints.update(replies)
    hints -= {one.address.lower() for one in read["from"].addresses}
    for one in named:
        address = one.address.lower()
        if hints & {address, address.replace("@", ".")}:
            return one.address
    return None


def signs(fields: Fields) -> Iterator[str]:
    """The automation_signs that the fields show, in the order of the list above."""
    if not fields.keys().isdisjoint(_SIGN_FIELDS):
        yield from _mass_signs(fields)
    content_type = text(fields, "content-type").lower()
    if content_type.startswith("multipart/report"):
        yield "report"
    if content_type.startswith("text/calendar") or "calendarmessage" in text(
        fields, "content-class"
    ):
        yield "calendar"
    if any(name in fields for name in _RESENT):
        yield "resent"


def _mass_signs(fields: Fields) -> Iterator[str]:
    """Those that no ordinary message shows."""
    if text(fields, "auto-submitted").partition(";")[0].strip().lower() not in ("", "no"):
        yield "auto_submitted"
    precedence = text(fields, "precedence").lower().replace("-", "_")
    if precedence in _PRECEDENCES:
        yield f"precedence_{precedence}"
    for name in ("list-id", "list-unsubscribe", "feedback-id"):
        if name in fields:
            yield name.replace("-", "_")
    if "x-auto-response-suppress" in fields:
        yield "auto_response_suppress"
    if "x-autoreply" in fields or "x-autorespond" in fields:
        yield "autoreply"
    return_path = text(fields, "return-path").lower()
    local = return_path.strip("<> ").rpartition("@")[0]
    if "<" in return_path and not return_path.strip("<> "):
        yield "null_return_path"
    elif _SRS.search(local):
        yield "srs_return_path"
    elif _BOUNCE.search(local):
        yield "bounce_return_path"
    if "x-failed-recipients" in fields:
        yield "failed_recipients"
