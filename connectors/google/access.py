"""The way to Google: endpoints, tokens, one request and its answer.

Here: a connection of one thread for one use by one person, sending and judging.
Not here: keys (keys.py), what to ask (gmail.py, calendar.py, directory.py), what a refusal means
(problems.py, sign_in_problems.py), waiting (connectors/quota.py).

google-auth makes and keeps the tokens, googleapiclient makes the requests, and both send them
through a Session, not through the AuthorizedHttp that they bring: that one sleeps where it has
to ask for a token again, and looks up trust boundaries in a second thread over a client that
bears only one.
"""

import http.client
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import google.oauth2.credentials
import httplib2
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError
from googleapiclient.discovery import Resource, build
from googleapiclient.http import HttpRequest

from connectors.google import batch, problems, sign_in_problems
from connectors.google.problems import Use
from connectors.pages import PullProblem
from connectors.quota import Later, Limits, answered_at

ANSWER_BYTES = 1 << 28  # unpacked; the largest that Google gives is a hundredth of it
_LOCAL_HOSTS = {"127.0.0.1", "localhost", "::1"}
# Both write requests and answers into the log, where tokens and addresses would stand for ever.
for _library in ("googleapiclient", "google.auth", "google.oauth2"):
    logging.getLogger(_library).setLevel(logging.CRITICAL + 1)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where Google answers; a setting, for stand-ins and private routes.

    Raises ValueError for an address that is neither https nor on this machine: a token would
    travel for everybody to read.
    """

    gmail: str = "https://gmail.googleapis.com"
    calendar: str = "https://www.googleapis.com/calendar/v3/"
    directory: str = "https://admin.googleapis.com"
    token: str = "https://oauth2.googleapis.com/token"
    iam: str = "https://iamcredentials.googleapis.com"

    def __post_init__(self) -> None:
        """Check all of them."""
        for url in (self.gmail, self.calendar, self.directory, self.token, self.iam):
            if not is_safe(url):
                raise ValueError("a Google endpoint is neither https nor on this machine")

    @property
    def gmail_batch(self) -> str:
        """Where batches go. The client takes it from its documents, whatever the endpoint says."""
        return f"{self.gmail.rstrip('/')}/batch/gmail/v1"


def is_safe(url: str) -> bool:
    """Whether what is sent there can be read on the way by nobody."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL_HOSTS)


def service(name: str, version: str, endpoint: str) -> Resource:
    """The requests of one API, from the document in the client's wheel; holds no credentials."""
    return build(
        name,
        version,
        http=httplib2.Http(),  # never used: each request is executed on a Session
        client_options={"api_endpoint": f"{endpoint.rstrip('/')}/"},
        static_discovery=True,
        cache_discovery=False,
    )


@dataclass(frozen=True, slots=True)
class _TokenAnswer:
    """What google-auth reads of an answer."""

    status: int
    headers: Mapping[str, str]
    data: bytes


def _proxy(scheme: str) -> httplib2.ProxyInfo | None:
    """Plain http stays on this machine, so no proxy has any business with it."""
    return None if scheme == "http" else httplib2.proxy_info_from_environment(scheme)


class Session:
    """One connection to Google for one use by one person. For one thread; a context manager.

    at  Date of the latest answer; UTC
    """

    at: datetime

    def __init__(
        self, credentials: Credentials, use: Use, limits: Limits, timeout_s: float
    ) -> None:
        """Nothing is sent yet. ``timeout_s`` for connecting and for each wait for bytes."""
        self._credentials, self._use, self._limits = credentials, use, limits
        self._is_person = isinstance(credentials, google.oauth2.credentials.Credentials)
        self._http = httplib2.Http(
            timeout=timeout_s,
            proxy_info=_proxy,
            decode_limit_hard=ANSWER_BYTES,
            decode_limit_ratio=0,
        )
        # A redirect leads to a sign-in page or to another host; Google's APIs never send one.
        self._http.follow_redirects = False

    def __enter__(self) -> "Session":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    def ask(self, request: HttpRequest, units: float, *needed: str) -> dict[str, Any]:
        """The answer to one request, asked again while Google says later.

        needed  properties without which it is no answer
        Raises PullProblem, and Refused where the caller may know another way. Raises Stopped.
        """
        return self._limits.ask(lambda: self._answer(request, needed), units)

    def ask_for(self, attempt: Callable[[], T], units: float) -> T:
        """The same for an attempt of several requests, which raises Later itself."""
        return self._limits.ask(attempt, units)

    def _answer(self, request: HttpRequest, needed: tuple[str, ...]) -> dict[str, Any]:
        try:
            body = request.execute(http=self, num_retries=0)
        except UnicodeDecodeError:
            body = None
        # The client hands a page or a cut JSON text through as text.
        if not isinstance(body, dict) or not all(body.get(name) for name in needed):
            raise problems.unreadable(self._use)
        return body

    def ask_all(self, uri: str, paths: Sequence[str]) -> list[dict[str, Any] | Later | PullProblem]:
        """The answers to many GETs in one POST, in their order; for each that failed, why.

        To be called by an attempt of ``ask_for``. Raises Later where the whole failed, or every
        part is to be asked for again. Where a part wants a fresh token, the next attempt has one.
        """
        headers = {"content-type": batch.CONTENT_TYPE}
        response, content = self.request(uri, "POST", batch.joined(paths), headers)
        found = batch.split(response.get("content-type", ""), content)
        parts = [self._judged(found.get(number)) for number in range(len(paths))]
        if parts and all(isinstance(part, Later) for part in parts):
            raise next(part for part in parts if isinstance(part, Later))
        return parts

    def _judged(self, part: batch.Part | None) -> dict[str, Any] | Later | PullProblem:
        if part is None:
            return problems.unreadable(self._use)
        if part.status < 300:
            body = as_object(part.body)
            return problems.unreadable(self._use) if body is None else body
        failure = problems.refused(self._use, part.status, part.body, None, self.at)
        if part.status == 401 and isinstance(failure, PullProblem):
            self._credentials.token = None
            return Later(failure, 0.0)
        return failure

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> tuple[httplib2.Response, bytes]:
        """Send one request with a token; what googleapiclient calls where it expects an Http.

        Raises Later or PullProblem for every answer that is not a good one.
        """
        if not self._credentials.valid:
            self._renew()
        response, content = self._exchange(uri, method, body, self._signed(headers))
        if response.status == 401:  # it ran out earlier than it said
            self._renew()
            response, content = self._exchange(uri, method, body, self._signed(headers))
        if response.status >= 300:
            raise problems.refused(
                self._use, response.status, content, response.get("retry-after"), self.at
            )
        return response, content

    def _signed(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        signed = dict(headers or {})
        self._credentials.apply(signed)
        return signed

    def _renew(self) -> None:
        """Fetch a token."""
        try:
            self._credentials.refresh(self._token_answer)
        except GoogleAuthError:  # what passed _token_answer is nearly always a token
            failure = problems.unreadable(self._use)
        else:
            return
        raise failure

    def revoke(self, uri: str, token: str) -> None:
        """End the consent behind a token; one that has ended before is no failure.

        Raises PullProblem, Stopped.
        """
        body = urlencode({"token": token})
        headers = {"content-type": "application/x-www-form-urlencoded"}

        def attempt() -> None:
            response, content = self._exchange(uri, "POST", body, headers)
            has_ended = response.status == 400 and b"invalid_token" in content
            if response.status >= 300 and not has_ended:
                raise problems.refused(
                    self._use, response.status, content, response.get("retry-after"), self.at
                )

        self._limits.ask(attempt)

    def _token_answer(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> _TokenAnswer:
        """Send a request for a token. google-auth sees good answers only: it quotes the others."""
        response, content = self._exchange(url, method, body, dict(headers or {}))
        if response.status != http.client.OK:
            raise sign_in_problems.token_refused(
                self._use,
                self._is_person,
                response.status,
                content,
                response.get("retry-after"),
                self.at,
            )
        if "access_token" not in (as_object(content) or {}):
            raise problems.unreadable(self._use)
        return _TokenAnswer(response.status, dict(response), content)

    def _exchange(
        self, uri: str, method: str, body: str | bytes | None, headers: dict[str, str]
    ) -> tuple[httplib2.Response, bytes]:
        """Send bytes and take note of the answer's date."""
        failure: Exception
        try:
            response, content = self._http.request(uri, method, body=body, headers=headers)
        except problems.TRANSPORT_ERRORS as error:
            failure = problems.lost(self._use, error)
        else:
            try:
                self.at = answered_at(response.get("date"))
                self._limits.see(self.at)
            except ValueError:
                failure = problems.unreadable(self._use)
            else:
                return response, content
        # A connection with half an answer in it would give that half to the next request. What
        # was caught is not chained: it may hold the address of the request.
        self._http.close()
        raise failure


def as_object(content: bytes) -> dict[str, Any] | None:
    """A JSON object; None for anything else."""
    try:
        value = json.loads(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
