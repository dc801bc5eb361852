"""One header block of a message in a file becomes a Message.

Here: cutting a block into fields, the id of a copy, what is left out, Gmail's labels.
Not here: where a message lies in a file (streams.py), dates (dates.py), what fields mean
(headers.py).

The fields are cut out of the block here, as ``email`` with the policy compat32 cuts them (a test
compares both): that takes a tenth of the time, and a field that is not kept is never decoded.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from connectors import addresses, headers
from connectors.files import dates
from connectors.records import Message, Reject

HEADER_BYTES = 1 << 20
LEFT_OUT = ("draft", "chat", "spam", "trash")  # never sent, no mail, not wanted, thrown away
PLACE = "folder "  # and a number: a folder whose name would say too much

# Reasons of Rejects.
HEADER_TOO_LONG = "header longer than 1 MiB"
NO_HEADER = "no mail header"
NO_DATE = "no date between 1990 and the day of the import"

# What makes two copies differ: Bcc stands only in the sender's, List-Id only in the list's.
_IDENTITY_FIELDS = (
    *headers.ADDRESS_FIELDS,
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "list-id",
)
_KEPT = frozenset(
    name.encode() for name in (*headers.KEPT, "date", "received", "x-gmail-labels", "x-unsent")
)

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
    folder_ids  system names of the folders that hold it; for others PLACE and a number
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

    The Rejects of parts are those of headers.records.
    """
    is_whole = len(letter.block) < HEADER_BYTES
    fields = _fields(letter.block) if is_whole else {}
    folder_ids = tuple(dict.fromkeys((*letter.folder_ids, *_gmail_folders(fields))))
    if len(folder_ids) > 1:
        folder_ids = tuple(name for name in folder_ids if not name.startswith(PLACE))
    if not is_whole:
        reason = HEADER_TOO_LONG
    elif not fields:
        reason = NO_HEADER
    elif headers.text(fields, "x-unsent") == "1":
        reason = "draft"
    else:
        reason = next((name for name in LEFT_OUT if name in folder_ids), None)
    sent_at = dates.sent_at(
        headers.text(fields, "date"), headers.text(fields, "received"), letter.envelope, imported_at
    )
    if reason or sent_at is None:
        yield Reject(
            source=source, locator=letter.locator, reason=reason or NO_DATE, length=letter.length
        )
        return

    yield from headers.records(
        fields,
        source=source,
        locator=letter.locator,
        mailbox_id=mailbox_id,
        message_id=_copy_id(fields, sent_at),
        sent_at=sent_at,
        folder_ids=folder_ids,
    )


def _fields(block: bytes) -> dict[str, list[str]]:
    """The kept fields by lower-case name, each value unfolded, repeated fields in order.

    A line that is neither field nor continuation (">From " of an old mail server, a fold that
    lost its blank) is passed over: what follows it is still header, up to the blank line.
    """
    fields: dict[str, list[str]] = {}
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
        fields.setdefault(name.decode(), []).append(_decoded(value.strip()))
    return fields


def _decoded(value: bytes) -> str:
    """As UTF-8 (RFC 6532), else in the Windows code page that raw 8-bit mostly is."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")


def _copy_id(fields: headers.Fields, sent_at: datetime) -> str:
    """The id of this copy: equal in every file that holds it, other where a kept header differs.

    sent_at is part of it for the messages without a Date.
    """
    digest = hashlib.sha256(sent_at.isoformat().encode())
    for name in _IDENTITY_FIELDS:
        for value in fields.get(name, ()):
            digest.update(f"\n{name}:{' '.join(value.split())}".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:32]


def _gmail_folders(fields: headers.Fields) -> Iterator[str]:
    for value in fields.get("x-gmail-labels", ()):
        for label in addresses.decode(value).split(","):
            if system := system_name(label.strip('" ')):
                yield system
