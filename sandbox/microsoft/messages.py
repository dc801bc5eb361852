"""A letter as Graph shows it in one mailbox.

Here: every property of a message, its transport headers, recipients as Exchange names them.
Not here: which messages are asked for (mail.py, mail_delta.py), ids (items.py).

Subjects carry a word that must never be found again behind the connector. Bodies are not even
made: the permissions that kith asks for do not reach them.

Text is put together by hand, not by ``json``: a page of 1,000 messages is the unit of work here.
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from email.header import Header
from functools import cache
from json.encoder import encode_basestring_ascii as quoted

from sandbox.boxes import DRAFTS, Box, Copy
from sandbox.files import MAIL_CANARY
from sandbox.life import Letter
from sandbox.microsoft.items import Ids
from sandbox.microsoft.sealing import digest, encoded, guid
from sandbox.people import MICROSOFT
from sandbox.village import Village
from sandbox.world import seq_of

KEPT_BACK = (
    "body bodyPreview uniqueBody attachments extensions singleValueExtendedProperties "
    "multiValueExtendedProperties"
).split()
_MEETING_TYPE = '"@odata.type":"#microsoft.graph.eventMessageRequest",'
_SEQS_PER_S = seq_of(datetime.fromtimestamp(1, UTC))


class Recipients:
    """Addresses of the village with their names, as JSON and as header text."""

    def __init__(self, village: Village) -> None:
        """Everybody by every address; lists and robots have no name but their address."""
        self._names = {
            address: one.name
            for one in village.population.everybody
            for address in (one.address, *one.aliases)
        }
        self._json: dict[str, str] = {}
        self._header: dict[str, str] = {}
        self._exchange = {
            address
            for one in village.population.staff
            if one.company == MICROSOFT
            for address in (one.address, *one.aliases)
        }

    def one(self, address: str) -> str:
        """A recipient as JSON. Exchange puts the address where it knows no name."""
        found = self._json.get(address)
        if found is None:
            found = self._json[address] = self._recipient(address, address)
        return found

    def many(self, addresses: tuple[str, ...]) -> str:
        """Recipients as a JSON list."""
        return "[" + ",".join([self.one(address) for address in addresses]) + "]"

    def exchange(self, address: str) -> str:
        """A colleague with the X500 address that Exchange knows it by; others as ever."""
        if address not in self._exchange:
            return self.one(address)
        return self._recipient(address, x500(address))

    def name(self, address: str) -> str:
        """The display name."""
        return self._names.get(address, address)

    def called(self, address: str, name: str) -> str:
        """A recipient as JSON, under a name that is not its own."""
        return f'{{"emailAddress":{{"name":{quoted(name)},"address":{quoted(address)}}}}}'

    def header(self, addresses: tuple[str, ...]) -> str:
        """An address header's value."""
        return ", ".join([self._header.get(one) or self._mailbox(one) for one in addresses])

    def _recipient(self, name_of: str, address: str) -> str:
        return self.called(address, self.name(name_of))

    def _mailbox(self, address: str) -> str:
        name = self._names.get(address)
        text = address if name is None else mailbox(name, address)
        self._header[address] = text
        return text


def mailbox(name: str, address: str) -> str:
    """A name and its address as header text."""
    word = name if name.isascii() else Header(name, "utf-8").encode()
    return f"{word} <{address}>"


@cache
def x500(address: str) -> str:
    """The legacyExchangeDN of an address, also one of its proxyAddresses."""
    mark = digest("x500", address).hex()[:32].upper()
    local = address.partition("@")[0].upper()
    return (
        "/O=EXCHANGELABS/OU=EXCHANGE ADMINISTRATIVE GROUP (FYDIBOHF23SPDLT)/CN=RECIPIENTS/"
        f"CN={mark}-{local}"
    )


class Mailbox:
    """One box with what is needed to show its messages.

    immutable                ids that outlive a move
    exchange_senders         GraphQuirks.exchange_senders
    sent_without_headers     GraphQuirks.sent_items_without_headers
    """

    def __init__(
        self,
        box: Box,
        ids: Ids,
        recipients: Recipients,
        *,
        immutable: bool,
        exchange_senders: bool = False,
        sent_without_headers: bool = False,
    ) -> None:
        """Show ``box`` the way one request asked for it."""
        self.box, self.ids, self.recipients = box, ids, recipients
        self.immutable = immutable
        self.exchange_senders = exchange_senders
        self.sent_without_headers = sent_without_headers

    def id(self, copy: Copy) -> str:
        """The id that this request is to see."""
        return self.ids.message(copy.number, None if self.immutable else copy.folder)

    def message(self, copy: Copy, select: tuple[str, ...]) -> str:
        """A message as JSON: etag, id, and the selected properties."""
        parts = [f'"{name}":{_PROPERTIES[name](self, copy)}' for name in select]
        return ",".join([self._head(copy), *parts]) + "}"

    def _head(self, copy: Copy) -> str:
        kind = _MEETING_TYPE if is_meeting_mail(copy.letter) else ""
        return f'{{{kind}"@odata.etag":"W/\\"{_change_key(copy)}\\"","id":"{self.id(copy)}"'

    def read_flag(self, copy: Copy) -> str:
        """A message of which only the read flag changed."""
        flag = "true" if copy.is_read else "false"
        return f'{self._head(copy)},"isRead":{flag}}}'


def is_meeting_mail(letter: Letter) -> bool:
    """Whether a letter is the mail of a meeting."""
    return any(
        name.lower() == "content-class" and "calendarmessage" in value
        for name, value in letter.headers
    )


def internet_message_id(letter: Letter) -> str:
    """The Message-ID with its brackets; Exchange makes one where the sender made none."""
    if letter.message_id:
        return f"<{letter.message_id}>"
    made = guid("message-id", letter.author, letter.sent_at.isoformat(), *letter.to)
    return f"<{made}@{MICROSOFT}>"


def instant(at: datetime) -> str:
    """A time as Graph writes it: UTC, whole seconds."""
    return f"{at.isoformat()[:19]}Z"


def transport_headers(letter: Letter, recipients: Recipients) -> list[tuple[str, str]]:
    """Every header of the message as it was received, unfolded, in order."""
    host = letter.author.partition("@")[2]
    headers = [
        ("Received", f"from mail.{host} by mail.{MICROSOFT}; {_date(letter.sent_at)}"),
        ("Authentication-Results", f"spf=pass smtp.mailfrom={host}; dkim=pass"),
        ("From", _from_header(letter, recipients)),
        ("To", recipients.header(letter.to)),
    ]
    if letter.sender:
        headers.append(("Sender", letter.sender))
    if letter.reply_to:
        headers.append(("Reply-To", recipients.header(letter.reply_to)))
    if letter.cc:
        headers.append(("Cc", recipients.header(letter.cc)))
    headers += [
        ("Subject", MAIL_CANARY),
        ("Thread-Topic", MAIL_CANARY),
        ("Thread-Index", _conversation_index(letter)),
        ("Date", _date(letter.sent_at)),
        ("Message-ID", internet_message_id(letter)),
    ]
    if letter.references:
        headers.append(("References", " ".join([f"<{one}>" for one in letter.references])))
        headers.append(("In-Reply-To", f"<{letter.references[-1]}>"))
    headers += letter.headers
    headers += [
        ("Accept-Language", "en-GB, en-US"),
        ("X-MS-Has-Attach", ""),
        ("X-MS-Exchange-Organization-SCL", "-1"),
        ("Content-Type", "multipart/alternative"),
        ("MIME-Version", "1.0"),
    ]
    return headers


def _from_header(letter: Letter, recipients: Recipients) -> str:
    if letter.author_name:
        return mailbox(letter.author_name, letter.author)
    return recipients.header((letter.author,))


def _date(at: datetime) -> str:
    return at.strftime("%a, %d %b %Y %H:%M:%S +0000")


def _headers_json(mailbox: Mailbox, copy: Copy) -> str:
    letter = copy.letter
    if copy.is_own and (mailbox.sent_without_headers or _is_draft(copy)):
        return "[]"
    pairs = transport_headers(letter, mailbox.recipients)
    texts = [f'{{"name":{quoted(name)},"value":{quoted(value)}}}' for name, value in pairs]
    return "[" + ",".join(texts) + "]"


def _is_draft(copy: Copy) -> bool:
    letter = copy.letter
    return copy.folder == DRAFTS or not (letter.to or letter.cc or letter.bcc)


def _change_key(copy: Copy) -> str:
    return encoded(b"\x09\x00\x00\x00\x16\x00" + copy.number.to_bytes(3) + copy.seq.to_bytes(9))


def _conversation_index(letter: Letter) -> str:
    """22 bytes for the first message of a thread, five more for every answer (MS-OXOMSG)."""
    root = letter.references[0] if letter.references else internet_message_id(letter)
    raw = b"\x01" + digest("thread", root)[:21]
    raw += b"".join([digest("answer", one)[:5] for one in letter.references])
    return base64.b64encode(raw).decode()


def _from(mailbox: Mailbox, copy: Copy) -> str:
    letter = copy.letter
    if letter.author_name:
        return mailbox.recipients.called(letter.author, letter.author_name)
    if mailbox.exchange_senders:
        return mailbox.recipients.exchange(letter.author)
    return mailbox.recipients.one(letter.author)


def _sender(mailbox: Mailbox, copy: Copy) -> str:
    if copy.letter.sender:
        return mailbox.recipients.one(copy.letter.sender)
    return _from(mailbox, copy)


def _bcc(mailbox: Mailbox, copy: Copy) -> str:
    return mailbox.recipients.many(copy.letter.bcc) if copy.is_own else "[]"


def _modified(_: Mailbox, copy: Copy) -> str:
    return f'"{instant(datetime.fromtimestamp(copy.seq // _SEQS_PER_S, UTC))}"'


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _link(mailbox: Mailbox, copy: Copy) -> str:
    return f'"https://outlook.example/owa/?ItemID={mailbox.id(copy)}&viewmodel=ReadMessageItem"'


_PROPERTIES: dict[str, Callable[[Mailbox, Copy], str]] = {
    "createdDateTime": lambda _, copy: f'"{instant(copy.filed_at)}"',
    "lastModifiedDateTime": _modified,
    "changeKey": lambda _, copy: f'"{_change_key(copy)}"',
    "categories": lambda *_: "[]",
    "receivedDateTime": lambda _, copy: f'"{instant(copy.letter.sent_at)}"',
    "sentDateTime": lambda _, copy: f'"{instant(copy.letter.sent_at)}"',
    "hasAttachments": lambda *_: "false",
    "internetMessageId": lambda _, copy: quoted(internet_message_id(copy.letter)),
    "subject": lambda *_: f'"{MAIL_CANARY}"',
    "importance": lambda *_: '"normal"',
    "parentFolderId": lambda mailbox, copy: f'"{mailbox.ids.folder(copy.folder)}"',
    "conversationId": lambda mailbox, copy: f'"{mailbox.ids.conversation(copy.thread)}"',
    "conversationIndex": lambda _, copy: f'"{_conversation_index(copy.letter)}"',
    "isDeliveryReceiptRequested": lambda *_: "null",
    "isReadReceiptRequested": lambda *_: "false",
    "isRead": lambda _, copy: _flag(copy.is_read),
    "isDraft": lambda _, copy: _flag(_is_draft(copy)),
    "webLink": _link,
    "inferenceClassification": lambda *_: '"focused"',
    "internetMessageHeaders": _headers_json,
    "sender": _sender,
    "from": _from,
    "toRecipients": lambda mailbox, copy: mailbox.recipients.many(copy.letter.to),
    "ccRecipients": lambda mailbox, copy: mailbox.recipients.many(copy.letter.cc),
    "bccRecipients": _bcc,
    "replyTo": lambda mailbox, copy: mailbox.recipients.many(copy.letter.reply_to),
    "flag": lambda *_: '{"flagStatus":"notFlagged"}',
}
PROPERTIES = tuple(_PROPERTIES)
DEFAULT = tuple(name for name in _PROPERTIES if name != "internetMessageHeaders")
