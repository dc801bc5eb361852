"""Header values become addresses, and addresses become canonical forms and pseudonymous keys.

Here: reading From, To, Cc and their kin as real mail writes them; canonical form; keyed hashes.
Not here: who is a person (sql/staging), which header means what (files/mail.py).

The parser is our own because ``email.utils.getaddresses`` gives other answers on other Pythons:
since 3.13 it drops a whole header for one semicolon or for ``a@x <a@x>``. It never fails: what is
no address is counted. Encoded words are decoded after the split, never before, because
``=?utf-8?Q?M=C3=BCller=2C?=`` hides a comma. Every step is linear in the length of the header.
"""

import binascii
import hmac
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from connectors.records import Address

ADDRESS_BYTES = 320  # RFC 3696: 64 for the local part, "@", 255 for the domain
NAME_CHARACTERS = 512
_CACHED_CHARACTERS = 1_000  # longer header values seldom repeat and would fill the cache
_RAW_CHARACTERS = 4_096  # an encoded name takes up to eight characters for each of its own

# Controls, line separators, lone surrogates, and the marks that reverse the reading direction.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_ENCODED = r"=\?[^?\s\"<>]{1,60}\?[bBqQ]\?[^?\r\n\"<>]*\?="
_QUOTED = r'(?P<quoted>"(?:[^"\\]|\\.)*")'
_REST = r"""
    | (?P<space>\s+)
    | (?P<stop>[,;])
    | (?P<group>:)
    | (?P<comment>\()
    | (?P<angle><[^<>]*>|<[^<>,;\s]*)             # the second form is a "<" that never closes
    | (?P<text>(?:[^\s,;:<>()"\[]|\[[^\[\]\s]*\])+)
    | (?P<other>.)
"""
_TOKEN = re.compile(f"(?P<encoded>{_ENCODED})|{_QUOTED}{_REST}", re.VERBOSE | re.DOTALL)
_TOKEN_WITHOUT_QUOTES = re.compile(f"(?P<encoded>{_ENCODED}){_REST}", re.VERBOSE | re.DOTALL)
_PARENTHESIS = re.compile(r"\\.|[()]", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BLANK_INSIDE = re.compile(r" ?@ ?| (?=\.)|(?<= \.) ")  # "jane @ x . org"
_BARE_WORD = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^\s"])+', re.DOTALL)
_INNER_COMMENT = re.compile(r"\([^()]*\)")
_EDGES = " \t\r\n\x0b\x0c\xa0'`"
_ROUTE = re.compile(r"^@[^:]*:")
# Nearly all addresses, quickly; everything else takes the long way to the same answer.
_PLAIN = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_LOCAL = re.compile(r"[^\s()<>@,;:\\\"\[\]'`][^\s()<>@,;:\\\"\[\]]*")
_QUOTED_LOCAL = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_QUOTABLE = re.compile(r"[^\"\\<>()@]+")
_LABEL = r"[^\s()<>@,;:\\\"\[\].'`]+"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*|\[[^\s()<>@,;\\\"\[\]]+\]")
_NOT_FOR_MAIL = re.compile(r"imcea[a-z]*-", re.IGNORECASE)  # Exchange wraps X.500 names so
_ENCODED_RUN = re.compile(rf"{_ENCODED}(?:\s+{_ENCODED})*")
_ENCODED_WORD = re.compile(r"=\?([^?*\s]+)(?:\*[^?]*)?\?([bBqQ])\?([^?]*)\?=")
_QUOTED_PRINTABLE = re.compile(rb"=([0-9A-Fa-f]{2})")
# Python also knows codecs that are no charsets (idna, unicode_escape, zlib): never let mail pick.
_CHARSET = re.compile(
    r"(?:utf|iso|windows|cp|koi|gb|hz|big5|euc|shift|sjis|ks|us-?ascii|ascii|latin|mac|tis)"
    r"[a-z0-9_:.-]*",
    re.IGNORECASE,
)
_GMAIL = frozenset({"gmail.com", "googlemail.com"})

_Token = tuple[str, str]  # kind and text


class Reading(NamedTuple):
    """What one header says: its addresses, and how much of it was no address.

    unreadable        parts that are no address (a bare name, an X.500 name, two "@"); count
    unreadable_bytes  their length together; bytes
    """

    addresses: tuple[Address, ...]
    unreadable: int = 0
    unreadable_bytes: int = 0


NOTHING = Reading(())


def parse(values: Iterable[str]) -> tuple[Address, ...]:
    """All addresses in all values of one header, in order, each address once."""
    return read(values).addresses


def read(values: Iterable[str]) -> Reading:
    """Like ``parse``, with the count of what could not be read; never raises on any text."""
    readings = [
        _cached_value(value) if len(value) <= _CACHED_CHARACTERS else _read_value(value)
        for value in values
    ]
    if len(readings) < 2:
        return readings[0] if readings else NOTHING
    return Reading(
        _distinct(address for reading in readings for address in reading.addresses),
        sum(reading.unreadable for reading in readings),
        sum(reading.unreadable_bytes for reading in readings),
    )


def named(address: str, name: str | None) -> Address | None:
    """An address and a name that come apart, as calendars and providers give them.

    The address may be a header value itself ("Jane <jane@x>"); its first address counts.
    """
    found = parse([address])
    if not found or not name:
        return found[0] if found else None
    return Address(found[0].address, _name([("text", name)], found[0].address))


@lru_cache(maxsize=65_536)
def canonical(address: str) -> str:
    """The form under which two spellings of one mailbox are equal; idempotent.

    Lower case, NFC, domain in IDNA. Only for gmail.com and googlemail.com, which are one domain,
    dots and +tags in the local part mean nothing; elsewhere they may be other people.
    """
    local, _, host = address.strip().lower().rpartition("@")
    host = _ascii_host(unicodedata.normalize("NFC", host).rstrip("."))
    if host in _GMAIL:
        host = "gmail.com"
        local = local.partition("+")[0].replace(".", "") or local
    # NFC comes last: lower case takes letters apart, and a lost dot brings them together.
    return f"{unicodedata.normalize('NFC', local)}@{host}"


def decode(text: str) -> str:
    """A header text with its encoded words (RFC 2047) decoded; unknown charsets as "\ufffd"."""
    return _ENCODED_RUN.sub(_decoded, text)


def domain(address: str) -> str:
    """The canonical domain of an address."""
    return canonical(address).rpartition("@")[2]


def address_key(secret: bytes, address: str) -> int:
    """The pseudonym of a canonical address: HMAC-SHA-256, 0 <= key < 2**53.

    53 bits are exact in every BI tool and in JavaScript, which know only doubles.
    """
    return int.from_bytes(_digest(secret, canonical(address))[:8]) >> 11


def text_key(secret: bytes, text: str) -> int:
    """The key of a Message-ID or UID: HMAC-SHA-256, signed 64 bits."""
    return int.from_bytes(_digest(secret, text)[:8], signed=True)


def _digest(secret: bytes, text: str) -> bytes:
    return hmac.digest(secret, text.encode("utf-8", "surrogatepass"), "sha256")


def _ascii_host(host: str) -> str:
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:  # no domain that could exist; still one key for one spelling
        return host


def _distinct(addresses: Iterable[Address]) -> tuple[Address, ...]:
    """Addresses in order without repetition: spellings in other case are one recipient."""
    seen: dict[str, Address] = {}
    for address in addresses:
        seen.setdefault(address.address.lower(), address)
    return tuple(seen.values())


@lru_cache(maxsize=16_384)
def _cached_value(value: str) -> Reading:
    return _read_value(value)


def _read_value(value: str) -> Reading:
    """One header value: split at commas, semicolons and group names, each part read by itself."""
    found: list[Address] = []
    unreadable = unreadable_bytes = 0
    for tokens in _parts(value):
        addresses = _bracketed(tokens) or _bare(tokens)
        found.extend(addresses)
        if not addresses and any(kind != "comment" and text.strip(' "<>') for kind, text in tokens):
            unreadable += 1
            unreadable_bytes += sum(len(text.encode("utf-8", "replace")) for _, text in tokens)
    return Reading(_distinct(found), unreadable, unreadable_bytes)


def _parts(value: str) -> Iterator[list[_Token]]:
    """The tokens of each mailbox; group names (``Team: a@x, b@x;``) are dropped."""
    part: list[_Token] = []
    for kind, text in _tokens(value):
        if kind == "group" and not any("@" in held for _, held in part):
            part = []
        elif kind in ("stop", "group"):
            yield part
            part = []
        else:
            part.append((kind, text))
    yield part


def _tokens(value: str) -> Iterator[_Token]:
    pattern, comments, position, end = _TOKEN, True, 0, len(value)
    while position < end:
        match = pattern.match(value, position)
        kind, position = match.lastgroup, match.end()
        if kind == "comment":
            close = _comment_end(value, position) if comments else None
            # After one parenthesis without its partner the next would search to the end again.
            comments = close is not None
            if comments:
                yield "comment", value[position : close - 1]
                position = close
        elif kind == "other":
            if match[0] == '"':  # the same for quotes
                pattern = _TOKEN_WITHOUT_QUOTES
        else:
            yield kind, match[0]


def _comment_end(value: str, position: int) -> int | None:
    """Where the comment that opened before ``position`` is closed; comments nest."""
    depth = 1
    for match in _PARENTHESIS.finditer(value, position):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    return None


def _bracketed(tokens: list[_Token]) -> list[Address]:
    """``Name <address>``, also several of them where commas were forgotten."""
    found: list[Address] = []
    words: list[_Token] = []
    for kind, text in tokens:
        if kind != "angle":
            words.append((kind, text))
            continue
        inner = text[1:-1] if text.endswith(">") else text[1:]
        # A comma in brackets belongs to a source route, or to addresses that share one pair.
        for piece in [inner] if '"' in inner or inner[:1] == "@" else re.split("[,;]", inner):
            if address := _address(piece):
                found.append(Address(address, _name(words, address)))
                words = []
    return found


def _bare(tokens: list[_Token]) -> list[Address]:
    """``address``, ``address (Name)``, and addresses with nothing but blanks between them."""
    line = "".join(text if kind in ("text", "quoted") else " " for kind, text in tokens)
    if "@" not in line:
        return []
    line = _BLANK_INSIDE.sub(lambda blank: blank[0].strip(), " ".join(line.split()))
    words = _BARE_WORD.findall(line)
    names = [
        (kind, text)
        for kind, text in tokens
        if kind in ("comment", "encoded") or (kind == "quoted" and text in words)
    ]
    found = filter(None, map(_address, words))
    return [Address(address, _name(names, address)) for address in found]


def _address(text: str) -> str | None:
    """The address in ``text``, its domain in lower case; None where there is none."""
    if len(text) <= ADDRESS_BYTES and _PLAIN.fullmatch(text) and not _NOT_FOR_MAIL.match(text):
        local, _, host = text.partition("@")
        return f"{local}@{host.lower()}"
    if len(text) > _RAW_CHARACTERS:
        return None
    text = text.lstrip(_EDGES).rstrip(_EDGES + ".")
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        if any(unicodedata.category(character)[0] in "CZ" for character in text):
            return None
    if "(" in text:
        text = _INNER_COMMENT.sub("", text)
        text = text.lstrip(_EDGES).rstrip(_EDGES + ".")
    if text[:7].lower() == "mailto:":
        text = text[7:]
    if text[:1] == "@":
        text = _ROUTE.sub("", text)
    if text[:1] == text[-1:] == '"':
        text = text[1:-1].lstrip(_EDGES).rstrip(_EDGES + ".")
    if text.count("@") != 1 or len(text.encode("utf-8", "surrogatepass")) > ADDRESS_BYTES:
        return None
    local, _, host = text.partition("@")
    local, host = _local(local.strip()), "".join(host.split()).lower()
    if not local or not _HOST.fullmatch(host) or _UNSAFE.search(text):
        return None
    return f"{local}@{host}"


def _local(text: str) -> str | None:
    """The local part, in quotes only where it needs them."""
    if quoted := _QUOTED_LOCAL.fullmatch(text):
        text = _ESCAPED.sub(r"\1", quoted[1])
        if not _LOCAL.fullmatch(text):
            return f'"{text}"' if _QUOTABLE.fullmatch(text) else None
    else:
        text = "".join(text.split())
    return text if _LOCAL.fullmatch(text) and not _NOT_FOR_MAIL.match(text) else None


def _name(tokens: list[_Token], address: str) -> str | None:
    """The name beside an address: decoded, NFC, one line, bounded; None where it says nothing.

    Decoding repeats until nothing changes: a name that was encoded twice must not be stored as
    a text that the next reader decodes to something else.
    """
    spoken = [token for token in tokens if token[0] != "comment"] or tokens
    name = " ".join(
        _ESCAPED.sub(r"\1", text[1:-1]) if kind == "quoted" else text for kind, text in spoken
    )[:_RAW_CHARACTERS]
    while (tidy := _tidy(name)) != name:
        name = tidy
    return name if name and name.lower() != address.lower() else None


def _tidy(name: str) -> str:
    """One pass of ``_name``; never longer than before but for the composition of letters."""
    if "=?" in name:
        name = decode(name)
    if not name.isprintable():
        name = _UNSAFE.sub(" ", name)
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
    name = " ".join(name.split())
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1]
    return name[:NAME_CHARACTERS].strip()


def _decoded(run: re.Match[str]) -> str:
    """Adjacent encoded words as text. Writers cut letters in two, so bytes are joined first."""
    text, held, held_charset = [], b"", ""
    for charset, encoding, payload in _ENCODED_WORD.findall(run[0]):
        if charset.lower() != held_charset:
            text.append(_text(held, held_charset))
            held, held_charset = b"", charset.lower()
        held += _payload(encoding, payload)
    return "".join([*text, _text(held, held_charset)])


def _payload(encoding: str, payload: str) -> bytes:
    raw = payload.encode("utf-8", "replace")
    if encoding in "qQ":
        return _QUOTED_PRINTABLE.sub(
            lambda pair: bytes.fromhex(pair[1].decode("ascii")), raw.replace(b"_", b" ")
        )
    try:
        return binascii.a2b_base64(raw + b"===")  # the decoder forgives padding, not its absence
    except binascii.Error:
        return b""


def _text(raw: bytes, charset: str) -> str:
    try:
        return raw.decode(charset if _CHARSET.fullmatch(charset) else "ascii", "replace")
    except LookupError:  # a charset that only its writer knows
        return raw.decode("ascii", "replace")
