"""Google's official client, pointed at a sandbox, and what the tests of Gmail say with it."""

from contextlib import ExitStack
from functools import cache
from typing import Any
from uuid import uuid4

import httplib2
import requests
from google.auth.crypt import RSASigner
from google.auth.transport.requests import Request as Transport
from google.oauth2 import service_account
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import Resource, build
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest, HttpRequest

from sandbox.boxes import Box
from sandbox.google.messages import message_id
from sandbox.life import Letter
from sandbox.server import Sandbox
from sandbox.world import SCOPES

MAIL, EVENTS, USERS = SCOPES
READONLY = "https://www.googleapis.com/auth/gmail.readonly"


class GoogleClient:
    """Services of the official client with a service account, closed at the end."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._key = sandbox.world.google_key_file()
        self._open = ExitStack()
        self.web = self._open.enter_context(requests.Session())
        self.web.trust_env = False  # never through a proxy

    def __enter__(self) -> "GoogleClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def gmail(self, user: str, *scopes: str) -> Resource:
        return self._service("gmail", "v1", user, scopes or (MAIL,))

    def calendar(self, user: str, *scopes: str) -> Resource:
        return self._service("calendar", "v3", user, scopes or (EVENTS,), "/calendar/v3/")

    def directory(self, user: str, *scopes: str) -> Resource:
        return self._service("admin", "directory_v1", user, scopes or (USERS,))

    def _service(
        self, name: str, version: str, user: str, scopes: tuple[str, ...], root: str = ""
    ) -> Resource:
        credentials = self._credentials(user, scopes)
        http = AuthorizedHttp(credentials, http=httplib2.Http(timeout=10, proxy_info=None))
        self._open.callback(http.close)
        # Else the client signs in for a batch over a connection that it never closes.
        credentials.refresh(http._request)
        endpoint = {"api_endpoint": self.sandbox.google_url + root}
        service = build(name, version, http=http, client_options=endpoint, static_discovery=True)
        return self._open.enter_context(service)

    def _credentials(self, user: str, scopes: tuple[str, ...]) -> service_account.Credentials:
        return service_account.Credentials(
            _signer(self._key["private_key"]),
            self._key["client_email"],
            self._key["token_uri"],
            scopes=scopes,
            subject=user,
        )

    def batch(self, requests_: list[HttpRequest]) -> list[tuple[Any, HttpError | None]]:
        """(answer, error) of each request of one batch, in their order."""
        got = {}
        batch = BatchHttpRequest(
            callback=lambda name, answer, error: got.update({name: (answer, error)}),
            batch_uri=f"{self.sandbox.google_url}/batch/gmail/v1",
        )
        for place, request in enumerate(requests_):
            batch.add(request, request_id=str(place))
        batch.execute()
        return [got[str(place)] for place in range(len(requests_))]

    def token(self, user: str, *scopes: str) -> str:
        """An access token for use without the official client."""
        credentials = self._credentials(user, scopes or (MAIL,))
        credentials.refresh(Transport(self.web))
        return credentials.token

    def get(self, path: str, token: str | None, **query: Any) -> requests.Response:
        """A GET past the official client, which would stop some requests itself."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        url = self.sandbox.google_url + path
        return self.web.get(url, params=query, headers=headers, timeout=10)


@cache
def _signer(private_key: str) -> RSASigner:
    """Reading a key takes a tenth of a second."""
    return RSASigner.from_string(private_key)


def refusal(request: HttpRequest) -> tuple[int, str, str]:
    """Status, reason and message of a request that must fail."""
    try:
        request.execute()
    except HttpError as error:
        details = error.error_details
        reason = details[0]["reason"] if isinstance(details, list) else ""
        return error.status_code, reason, error.reason
    raise AssertionError("served, not refused")


def write(world, author: str, *to: str, **more) -> Letter:
    fields = {"message_id": f"{uuid4()}@x.example", "holders": (author, *to)} | more
    return Letter(sent_at=world.now, author=author, to=to, **fields)


def pages(resource, **query) -> list[dict]:
    """Every page of a list; the client's list_next knows no repeated parameters."""
    found = [resource.list(userId="me", **query).execute()]
    while "nextPageToken" in found[-1]:
        token = found[-1]["nextPageToken"]
        found.append(resource.list(userId="me", pageToken=token, **query).execute())
    return found


def ids(found: list[dict], name: str = "messages") -> list[str]:
    return [one["id"] for page in found for one in page.get(name, ())]


def id_of(box: Box, number: int) -> str:
    return message_id(box, box.ever(number))
