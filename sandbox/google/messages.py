"""A copy as Gmail's API shows it: ids, headers, the four formats.

Here: one message. Not here: which are listed (gmail.py), labels (labels.py).

Gmail decodes encoded words, and unfolds a header by dropping the line breaks: the tab or blanks
that began the next line stay in the value.
"""

import base64
import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from sandbox.boxes import Box, Copy
from sandbox.files import MAIL_CANARY
from sandbox.google import labels, refusal
from sandbox.life import Letter
from sandbox.village import Village

_NUMBER_BITS = 20
_ID = re.compile(r"[0-9a-fA-F]{1,16}")
# Beyond so many addresses the village's clients begin a second field of the same name.
_FIELD_ADDRESSES = 2


class Messages:
    """Shows the copies of a village."""

    def __init__(self, village: Village) -> None:
        """Know everybody's name."""
        self._shown = {
            address: f"{person.name} <{address}>"
            for person in village.population.everybody
            for address in (person.address, *person.aliases)
        }

    def show(self, box: Box, copy: Copy, style: str, wanted: tuple[str, ...]) -> dict[str, Any]:
        """A message.

        style   minimal, metadata, full or raw
        wanted  header names, any case; none for all
        """
        shown = {
            "id": message_id(box, copy),
            "threadId": thread_id(box, copy),
            "labelIds": labels.now(box, copy),
            "snippet": MAIL_CANARY,
            "sizeEstimate": 2048 + copy.number % 1024,
            "historyId": str(copy.seq),
            "internalDate": str(int(copy.filed_at.timestamp()) * 1000),
        }
        if style == "metadata":
            headers = self._headers(copy, _lower(wanted))
            shown["payload"] = {"mimeType": "text/plain", "headers": headers}
        elif style == "full":
            shown["payload"] = {
                "partId": "",
                "mimeType": "text/plain",
                "filename": "",
                "headers": self._headers(copy, frozenset()),
                "body": {"size": len(MAIL_CANARY), "data": _encoded(MAIL_CANARY)},
            }
        elif style == "raw":
            fields = (f"{one['name']}: {one['value']}" for one in self._headers(copy, frozenset()))
            shown["raw"] = _encoded("\r\n".join([*fields, "", MAIL_CANARY]))
        return shown

    def _headers(self, copy: Copy, wanted: frozenset[str]) -> list[dict[str, str]]:
        fields = self._fields(copy.letter, is_own=copy.is_own)
        return [
            {"name": name, "value": value}
            for name, value in fields
            if not wanted or name.lower() in wanted
        ]

    def _fields(self, letter: Letter, *, is_own: bool) -> Iterator[tuple[str, str]]:
        """Every header field in order; only the author's copy says who was told in secret."""
        yield "MIME-Version", "1.0"
        yield "Date", f"{letter.sent_at:%a, %d %b %Y %H:%M:%S} +0000"
        if letter.message_id:
            yield "Message-ID", f"<{letter.message_id}>"
        if letter.references:
            yield "In-Reply-To", f"<{letter.references[-1]}>"
            yield "References", "\t".join(f"<{one}>" for one in letter.references)
        yield "Subject", MAIL_CANARY
        if letter.author_name:
            yield "From", f"{letter.author_name} <{letter.author}>"
        else:
            yield "From", self._list((letter.author,))
        if letter.sender:
            yield "Sender", letter.sender
        if letter.reply_to:
            yield "Reply-To", self._list(letter.reply_to)
        if letter.to:
            yield "To", self._list(letter.to)
        if letter.cc:
            yield "Cc", self._list(letter.cc[:_FIELD_ADDRESSES])
            if len(letter.cc) > _FIELD_ADDRESSES:
                yield "CC", self._list(letter.cc[_FIELD_ADDRESSES:])
        if letter.bcc and is_own:
            yield "Bcc", self._list(letter.bcc)
        yield from letter.headers
        yield "Content-Type", 'text/plain; charset="UTF-8"'

    def _list(self, addresses: tuple[str, ...]) -> str:
        return ", ".join(self._shown.get(address, address) for address in addresses)


def message_id(box: Box, copy: Copy) -> str:
    """16 hex digits: the time, then the copy's number veiled by its box."""
    at_ms = int(copy.filed_at.timestamp()) * 1000
    return f"{at_ms << _NUMBER_BITS | copy.number ^ _veil(box.person.address):016x}"


def thread_id(box: Box, copy: Copy) -> str:
    """The id of the conversation's first message in this box, even if that was deleted."""
    return message_id(box, box.ever(copy.thread))


def find(box: Box, text: str) -> Copy:
    """The copy with this id, be it deleted or not. Raises Refusal: 404, or 400 for no id."""
    if not _ID.fullmatch(text) or int(text, 16) >= 1 << 63:
        raise refusal.gmail_invalid("Invalid id value")
    veiled = int(text, 16) & ((1 << _NUMBER_BITS) - 1)
    copy = box.ever(veiled ^ _veil(box.person.address))
    if copy is None or message_id(box, copy) != text.lower().zfill(16):
        raise refusal.gmail_not_found()
    return copy


@lru_cache(maxsize=1024)
def _veil(address: str) -> int:
    digest = hashlib.sha256(address.encode()).digest()
    return int.from_bytes(digest[:4]) & ((1 << _NUMBER_BITS) - 1)


@lru_cache(maxsize=256)
def _lower(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()
