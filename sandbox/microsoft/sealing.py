"""Tokens and ids that only this server can read.

Here: sealed texts (access and refresh tokens, codes, skip and delta tokens), ids of items.
Not here: what stands in them (entra.py, mail_delta.py, calendar.py, users.py).

The state lies in the token, not in the server: a token outlives a restart, and the same world
gives the same token in every process.
"""

import base64
import hashlib
import hmac
import json
import uuid
from binascii import b2a_base64
from typing import Any

_KEY = b"the village's own Microsoft"
_MARK_BYTES = 12
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def seal(kind: str, content: dict[str, Any]) -> str:
    """``content`` as an opaque text that ``unseal`` of the same kind opens."""
    text = json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
    return base64.urlsafe_b64encode(_mark(kind, text) + text).decode().rstrip("=")


def unseal(kind: str, token: str) -> dict[str, Any] | None:
    """What was sealed; None for any other text."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    mark, text = raw[:_MARK_BYTES], raw[_MARK_BYTES:]
    return json.loads(text) if hmac.compare_digest(mark, _mark(kind, text)) else None


def _mark(kind: str, text: bytes) -> bytes:
    return hmac.digest(_KEY, kind.encode() + b"\0" + text, "sha256")[:_MARK_BYTES]


def guid(*parts: str) -> str:
    """A GUID that is always the same for the same parts."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "\n".join(parts)))


def digest(*parts: str) -> bytes:
    """32 bytes that are always the same for the same parts."""
    return hashlib.sha256("\n".join(parts).encode()).digest()


def share(*parts: str) -> float:
    """A number from 0 to below 1 that is always the same for the same parts."""
    return int.from_bytes(digest(*parts)[:6]) / 2**48


def encoded(raw: bytes) -> str:
    """Bytes as Exchange writes ids: base64 with - and _, and with its padding."""
    return b2a_base64(raw, newline=False).translate(_URL_SAFE).decode()


def decoded(text: str) -> bytes | None:
    """The bytes of such an id; None for any other text."""
    try:
        raw = base64.b64decode(text, b"-_", validate=True)
    except ValueError:
        return None
    return raw if encoded(raw) == text else None
