"""One header block of a message in a file becomes a Message.

Here: which header fields are kept, the ids, the signs of a machine, Gmail's labels.
Not here: where a message lies in a file (streams.py), dates (dates.py), addresses (addresses.py).

The fields are cut out of the block here, as ``email`` with the policy compat32 cuts them (a test
compares both): that takes a tenth of the time, and a field that is not kept is never decoded.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote

from connectors import addresses
from connectors.files import dates
from connectors.records import Address, Message, Reject

HEADER_BYTES = 1 << 20
REFERENCES_KEPT = 20
ID_CHARACTERS = 998  # RFC 5322: no line, so no id, is longer
LEFT_OUT = ("draft", "chat", "spam", "trash")  # never sent, no mail, not wanted, thrown away

# Reasons of Rejects. The last two concern a part of a message that itself is kept.
HEADER_TOO_LONG = "header longer than 1 MiB"
NO_HEADER = "no mail header"
NO_DATE = "no date between 1990 and the day of the import"
NO_ADDRESS = "a part of this header is no address"
MORE_AUTHORS = "more than one author; the first is kept"
PART_REASONS = frozenset({NO_ADDRESS, MORE_AUTHORS})

_ADDRESS_FIELDS = ("from", "sender", "reply-to", "to", "cc", "bcc")
# What makes two copies differ: Bcc stands only in the sender's, List-Id only in the list's.
_IDENTITY_FIELDS = (*_ADDRESS_FIELDS, "date", "message-id", "in-reply-to", "references", "list-id")
_RESENT = ("resent-from", "resent-to", "resent-date", "resent-sender", "resent-message-id")
_KEPT = frozenset(
    name.encode()
    for name in (
        *_IDENTITY_FIELDS,
        *_RESENT,
        "auto-submitted",
        "content-class",
        "content-type",
        "feedback-id",
        "list-post",
        "list-unsubscribe",
        "mailing-list",
        "precedence",
        "received",
        "return-path",
        "x-auto-response-suppress",
        "x-autoreply",
        "x-autorespond",
        "x-failed-recipients",
        "x-gmail-labels",
        "x-mailing-list",
        "x-original-from",
        "x-original-sender",
        "x-unsent",
    )
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

_BRACKETED = re.compile(r"<([^<>]*)>")
_MAILTO = re.compile(r"mailto:([^?>,\s]+)", re.IGNORECASE)
_YAHOO_LIST = re.compile(r"\blist\s+([^\s;]+@[^\s;]+)", re.IGNORECASE)

# Gmail writes its labels in the language of the account; everything else is the user's own text.
_SYSTEM_NAMES = {
    name: system
    for system, names in {
        "inbox": "inbox|posteingang|boîte de réception|recibidos|posta in arrivo|caixa de entrada"
        "|postvak in",
        "sent": "sent|sent items|sent messages|sent mail|gesendet|messages envoyés|enviados"
        "|posta inviata|inviati|verzonden",
        "draft": "draft|drafts|entwürfe|brouillons|borradores|bozze|rascunhos|concepten",
        "spam": "spam|junk|junk e-mail|junk email|bulk mail",
        "trash": "trash|bin|deleted items|deleted messages|papierkorb|corbeille|papelera|cestino"
        "|lixeira|prullenbak",
        "chat": "chat|chats",
    }.items()
    for name in names.split("|")
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as a container holds it.

    locator     where in the source: "message 17", "file 3", "file 2, message 17"
    block       its header lines; HEADER_BYTES of them where the header did not end before
    length      of the whole message where the container knows it, else of the block; bytes
    envelope    the date part of an mbox "From " line, else ""
    folder_ids  system names of the folders that hold it
    """

    locator: str
    block: bytes
    length: int
    envelope: str = ""
    folder_ids: tuple[str, ...] = ()


def system_name(folder: str) -> str | None:
    """The system folder that a folder or label stands for; None for the user's own."""
    return _SYSTEM_NAMES.get(folder.strip().replace("_", " ").lower())


def records(
    letter: Letter, source: str, mailbox_id: str, imported_at: datetime
) -> Iterator[Message | Reject]:
    """The Message, or the one Reject in its stead; then a Reject for each unreadable header part.

    The Rejects of parts carry a reason of PART_REASONS and "<locator>, <header>" as locator.
    """
    is_whole = len(letter.block) < HEADER_BYTES
    fields = _fields(letter.block) if is_whole else {}
    folder_ids = tuple(dict.fromkeys((*letter.folder_ids, *_gmail_folders(fields))))
    if not is_whole:
        reason = HEADER_TOO_LONG
    elif not fields:
        reason = NO_HEADER
    elif _text(fields, "x-unsent") == "1":
        reason = "draft"
    else:
        reason = next((name for name in LEFT_OUT if name in folder_ids), None)
    sent_at = dates.sent_at(
        _text(fields, "date"), _text(fields, "received"), letter.envelope, imported_at
    )
    if reason or sent_at is None:
        yield Reject(
            source=source, locator=letter.locator, reason=reason or NO_DATE, length=letter.length
        )
        return

    read = {name: addresses.read(_texts(fields, name)) for name in _ADDRESS_FIELDS}
    people = {name: reading.addresses for name, reading in read.items()}
    author = people["from"][0] if people["from"] else None
    sender = people["sender"][0] if people["sender"] else None
    if author and sender and _same(author, sender):
        sender = None
    yield Message(
        mailbox_id=mailbox_id,
        message_id=_copy_id(fields, sent_at),
        internet_message_id=_first_id(_text(fields, "message-id")),
        sent_at=sent_at,
        author=author,
        sender=sender,
        original_author=_original_author(fields),
        reply_to=people["reply-to"],
        to=people["to"],
        cc=people["cc"],
        bcc=people["bcc"],
        in_reply_to=_first_id(_text(fields, "in-reply-to")),
        references=_references(_text(fields, "references")),
        list_id=_list_id(_text(fields, "list-id")),
        list_address=_list_address(fields),
        automation_signs=tuple(_signs(fields)),
        folder_ids=folder_ids,
    )
    for name, reading in read.items():
        where = f"{letter.locator}, {name}"
        if reading.unreadable:
            yield Reject(
                source=source, locator=where, reason=NO_ADDRESS, length=reading.unreadable_bytes
            )
        if name == "from" and len(reading.addresses) > 1:
            length = sum(len(value) for value in fields["from"])
            yield Reject(source=source, locator=where, reason=MORE_AUTHORS, length=length)


def _fields(block: bytes) -> dict[str, list[bytes]]:
    """The kept fields by lower-case name, each value unfolded, repeated fields in order.

    A line that is neither field nor continuation (">From " of an old mail server, a fold that
    lost its blank) is passed over: what follows it is still header, up to the blank line.
    """
    fields: dict[str, list[bytes]] = {}
    lines: list[bytes] | None = None
    held: list[tuple[bytes, list[bytes]]] = []
    for line in block.split(b"\n"):
        if line[:1] in (b" ", b"\t"):
            if lines is not None:
                lines.append(line)
            continue
        name, colon, value = line.partition(b":")
        name = name.rstrip().lower()
        if colon and name in _KEPT:
            lines = [value]
            held.append((name, lines))
        else:
            lines = None
    for name, lines in held:
        value = lines[0] if len(lines) == 1 else b" ".join(line.strip() for line in lines)
        fields.setdefault(name.decode(), []).append(value.strip())
    return fields


def _texts(fields: dict[str, list[bytes]], name: str) -> list[str]:
    """Values as text: UTF-8 (RFC 6532), else the Windows code page that raw 8-bit mostly is."""
    return [_decoded(value) for value in fields.get(name, ())]


def _text(fields: dict[str, list[bytes]], name: str) -> str:
    """The first value; "" where the field is missing."""
    values = fields.get(name)
    return _decoded(values[0]) if values else ""


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")


def _same(one: Address, other: Address) -> bool:
    return addresses.canonical(one.address) == addresses.canonical(other.address)


def _original_author(fields: dict[str, list[bytes]]) -> Address | None:
    """The author before a list put itself into From so that DMARC lets the copy pass."""
    values = _texts(fields, "x-original-from") + _texts(fields, "x-original-sender")
    return next(iter(addresses.parse(values)), None)


def _copy_id(fields: dict[str, list[bytes]], sent_at: datetime) -> str:
    """The id of this copy: equal in every file that holds it, other where a kept header differs.

    sent_at is part of it for the messages without a Date.
    """
    digest = hashlib.sha256(sent_at.isoformat().encode())
    for name in _IDENTITY_FIELDS:
        for value in fields.get(name, ()):
            digest.update(b"\n%s:%s" % (name.encode(), b" ".join(value.split())))
    return digest.hexdigest()[:32]


def _clean_id(text: str) -> str | None:
    """Without blanks and controls, its case kept: ids are compared, never read."""
    text = "".join(text.split())
    if not text.isprintable():
        text = "".join(character for character in text if character.isprintable())
    return text[:ID_CHARACTERS] or None


def _first_id(text: str) -> str | None:
    """The first id in brackets ("Your message of Monday <id>"), else a value that is one word."""
    if match := _BRACKETED.search(text):
        return _clean_id(match[1])
    return _clean_id(text.strip("<>")) if text and len(text.split()) == 1 else None


def _references(text: str) -> tuple[str, ...]:
    ids = _BRACKETED.findall(text) or [word for word in text.split() if "@" in word]
    cleaned = (_clean_id(item.strip("<>,")) for item in ids)
    return tuple(dict.fromkeys(item for item in cleaned if item))[-REFERENCES_KEPT:]


def _list_id(text: str) -> str | None:
    """What stands in the last brackets, lower case; the phrase before is text and is dropped."""
    bracketed = _BRACKETED.findall(text)
    words = (bracketed[-1] if bracketed else text).split()
    if len(words) != 1 or not words[0].isprintable():
        return None
    return words[0].lower()[:255]


def _list_address(fields: dict[str, list[bytes]]) -> str | None:
    mailto = _MAILTO.search(_text(fields, "list-post"))
    yahoo = _YAHOO_LIST.search(_text(fields, "mailing-list"))
    candidates = [
        unquote(mailto[1]) if mailto else "",
        _text(fields, "x-mailing-list"),
        yahoo[1] if yahoo else "",
    ]
    found = (address.address for text in candidates for address in addresses.parse([text]))
    return next(found, None)


def _gmail_folders(fields: dict[str, list[bytes]]) -> Iterator[str]:
    for value in _texts(fields, "x-gmail-labels"):
        for label in addresses.decode(value).split(","):
            if system := system_name(label.strip('" ')):
                yield system


def _signs(fields: dict[str, list[bytes]]) -> Iterator[str]:
    if _text(fields, "auto-submitted").partition(";")[0].strip().lower() not in ("", "no"):
        yield "auto_submitted"
    precedence = _text(fields, "precedence").lower().replace("-", "_")
    if precedence in _PRECEDENCES:
        yield f"precedence_{precedence}"
    for name in ("list-id", "list-unsubscribe", "feedback-id"):
        if name in fields:
            yield name.replace("-", "_")
    if "x-auto-response-suppress" in fields:
        yield "auto_response_suppress"
    if "x-autoreply" in fields or "x-autorespond" in fields:
        yield "autoreply"
    return_path = _text(fields, "return-path").lower()
    local = return_path.strip("<> ").rpartition("@")[0]
    if "<" in return_path and not return_path.strip("<> "):
        yield "null_return_path"
    elif _SRS.search(local):
        yield "srs_return_path"
    elif _BOUNCE.search(local):
        yield "bounce_return_path"
    if "x-failed-recipients" in fields:
        yield "failed_recipients"
    content_type = _text(fields, "content-type").lower()
    if content_type.startswith("multipart/report"):
        yield "report"
    if content_type.startswith("text/calendar") or "calendarmessage" in _text(
        fields, "content-class"
    ):
        yield "calendar"
    if any(name in fields for name in _RESENT):
        yield "resent"
