"""The one way to ask a server over HTTP: an answer in JSON, or a clear word why there is none.

Here: timeouts, the host check of links, size caps before and after gunzip, answers that say later.
Not here: what is asked and what a refusal means (microsoft), waiting (quota.py). Google's client
brings its own transport.

No URL, token, header or body ever stands in an exception or in a log.
"""

import json
import logging
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
import urllib3
from requests.auth import AuthBase

from connectors.pages import PullProblem
from connectors.quota import Later, answered_at, retry_after_s

LARGEST_BYTES = 64 << 20  # of one answer, packed or not; a page of 500 messages has about five
LONGEST_S = 300.0  # for one answer whole: a server may not feed us a byte a minute
_PIECE_BYTES = 1 << 16
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_PORTS = {"https": 443, "http": 80}

# urllib3 writes the paths that it asks for into its log: ids, addresses and tokens in links.
logging.getLogger("urllib3.connectionpool").addFilter(lambda _: False)


class Timeouts(NamedTuple):
    """How long to wait for a connection, and for the next bytes of an answer; seconds."""

    connect_s: float = 10.0
    read_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said.

    status  of HTTP; 2xx or 4xx
    body    its JSON object; empty where a refusal brought none
    at      its Date header; UTC
    """

    status: int
    body: Mapping[str, Any]
    at: datetime


class _Bearer(AuthBase):
    """The access token. As auth, because requests lets a .netrc overrule a plain header."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Broken(Exception):
    """An answer that ended early, or cannot be unpacked or read."""


class Http:
    """One server, asked over connections that are kept open; not for several threads at once."""

    def __init__(self, base: str, name: str, timeouts: Timeouts) -> None:
        """Speak to ``base`` (scheme, host, port) and call it ``name`` in problems.

        Raises the PullProblem of ``check_endpoint``.
        """
        check_endpoint(base, name)
        self.base = base.rstrip("/")
        self._parts = urlsplit(self.base)
        self._name, self._timeouts = name, timeouts
        self._session = requests.Session()
        # No proxy between us and this machine.
        self._session.trust_env = self._parts.hostname not in _LOOPBACK
        self._session.headers["User-Agent"] = "kith"
        self._session.headers["Accept-Encoding"] = "gzip"

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def own(self, link: str, beside: str = "/") -> str:
        """The path and query of a link that the server gave, relative ones ``beside`` a path.

        Raises PullProblem for another host: whoever followed it would hand over the token.
        """
        try:
            target = urlsplit(urljoin(f"{self.base}{beside}", link))
            is_own = _place(target) == _place(self._parts) and "@" not in target.netloc
        except ValueError:  # brackets and ports that are none
            is_own = False
        if not is_own or "\\" in link or not link.isprintable():
            raise PullProblem(
                "foreign link",
                f"do nothing: a page of {self._name} named another host and was not followed; "
                "if it happens again, look for a proxy that changes answers",
            )
        return f"{target.path}?{target.query}" if target.query else target.path

    def get(self, path: str, headers: Mapping[str, str], *, token: str | None = None) -> Answer:
        """The answer to a GET. Raises Later."""
        return self._ask("GET", path, headers, token=token)

    def post(self, path: str, headers: Mapping[str, str], form: Any) -> Answer:
        """The answer to a form, given as a mapping or encoded already. Raises Later."""
        return self._ask("POST", path, headers, form=form)

    def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        token: str | None = None,
        form: Any = None,
    ) -> Answer:
        # What requests and urllib3 raise quotes the URL, so it does not even become a context.
        problem = None
        try:
            response = self._session.request(
                method,
                f"{self.base}{path}",
                headers=dict(headers),
                auth=_Bearer(token) if token else None,
                data=form,
                timeout=self._timeouts,
                allow_redirects=False,
                stream=True,
            )
            with response:
                raw = _body(response)
        except requests.exceptions.SSLError:
            problem = self._untrusted()
        except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
            # Only a connection that never came about is wrapped so; it concerns every mailbox.
            is_unreached = isinstance(error.args[0], urllib3.exceptions.MaxRetryError)
            problem = self._no_answer(is_account=is_unreached)
        except (_Broken, requests.RequestException):
            problem = self._unreadable()
        if problem is not None:
            raise Later(problem)
        return self._answer(response, raw)

    def _answer(self, response: requests.Response, raw: bytes) -> Answer:
        status, headers = response.status_code, response.headers
        try:
            at = answered_at(headers.get("Date"))
        except ValueError:  # not from the provider itself: no server of one leaves it out
            raise Later(self._unreadable()) from None
        if status == 429:
            wait_s = retry_after_s(headers.get("Retry-After"), at)
            raise Later(self._throttled(), wait_s, is_throttle=True)
        if status == 408 or status >= 500:
            wait_s = retry_after_s(headers.get("Retry-After"), at)
            raise Later(self._fault(status), wait_s)
        body = _object(raw)
        is_answer = 200 <= status < 300 or 400 <= status < 500
        # A refusal, too, is only believed in the provider's own words; but a token is soon renewed.
        if not is_answer or (body is None and status != 401):
            raise Later(self._unreadable())
        return Answer(status, body or {}, at)

    def _no_answer(self, *, is_account: bool) -> PullProblem:
        return PullProblem(
            "no answer",
            f"check that this machine reaches {self._name}, then run kith again",
            is_account=is_account,
        )

    def _untrusted(self) -> PullProblem:
        return PullProblem(
            "untrusted certificate",
            f"check the network: what answers for {self._name} shows a certificate that this "
            "machine does not trust; behind an inspecting proxy set REQUESTS_CA_BUNDLE",
            is_account=True,
        )

    def _unreadable(self) -> PullProblem:
        return PullProblem(
            "unreadable answers",
            f"run kith again later; if it stays so, look for a proxy or a sign-in page between "
            f"this machine and {self._name}",
        )

    def _throttled(self) -> PullProblem:
        return PullProblem(
            "asked too often", f"run kith again later: {self._name} asks to wait longer than a run"
        )

    def _fault(self, status: int) -> PullProblem:
        return PullProblem(
            f"fault of the provider ({status})",
            f"run kith again later: {self._name} could not serve a request",
        )


def check_endpoint(base: str, name: str) -> None:
    """Raise PullProblem for anything but https, or http to this machine."""
    try:
        parts = urlsplit(base)
        is_safe = bool(parts.hostname) and (
            parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        )
    except ValueError:  # brackets that never close
        is_safe = False
    if not is_safe:
        raise PullProblem(
            "unsafe endpoint",
            f"set an address that begins with https:// as the endpoint of {name}",
            is_account=True,
        )


def _place(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or _PORTS.get(url.scheme)


def _object(raw: bytes) -> dict[str, Any] | None:
    """The JSON object that a body is; None for anything else."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _body(response: requests.Response) -> bytes:
    """The body, unpacked. Raises _Broken and urllib3's HTTPError; PullProblem beyond the cap."""
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding not in ("gzip", "identity"):
        raise _Broken
    unpack = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS) if encoding == "gzip" else None
    until_s = time.monotonic() + LONGEST_S
    parts, packed_bytes, size_bytes = [], 0, 0
    for piece in _pieces(response):
        packed_bytes += len(piece)
        if unpack is not None:
            piece = _unpacked(unpack, piece, LARGEST_BYTES + 1 - size_bytes)
        size_bytes += len(piece)
        if max(packed_bytes, size_bytes) > LARGEST_BYTES:
            raise PullProblem(
                "answer too large", "report it: no real page of a mailbox is as large as this one"
            )
        if time.monotonic() > until_s:
            raise _Broken
        parts.append(piece)
    if unpack is not None and not unpack.eof and packed_bytes:
        raise _Broken
    return b"".join(parts)


def _pieces(response: requests.Response) -> Iterator[bytes]:
    # Not iter_content: it unpacks without a bound.
    return response.raw.stream(_PIECE_BYTES, decode_content=False)


def _unpacked(unpack: Any, piece: bytes, most_bytes: int) -> bytes:
    try:
        return unpack.decompress(piece, most_bytes)
    except zlib.error:
        raise _Broken from None
