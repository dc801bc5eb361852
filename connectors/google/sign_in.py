"""One person's consent at Google, in the browser: from an OAuth client to a key that kith keeps.

Here: the address to open (PKCE, RFC 7636), what the answer means, the exchange for a refresh token.
Not here: waiting for the browser (connectors/loopback.py), using the key (access.py).

https://developers.google.com/identity/protocols/oauth2/native-app
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from connectors.google import problems, sign_in_problems
from connectors.google.access import Endpoints
from connectors.http import Http, Timeouts, check_endpoint

_AUTH_URI = "https://accounts.google.com/o/oauth2/v2/auth"
_NAME = "Google's sign-in"
_USES = (problems.MAIL, problems.CALENDAR)


@dataclass(frozen=True, slots=True)
class Client:
    """An OAuth client of the type Desktop app, which every user of kith makes in their own project.

    client_secret  Google gives one to desktop clients too, and asks for it; it proves nothing
    """

    client_id: str
    client_secret: str
    auth_uri: str
    token_uri: str

    @classmethod
    def of(cls, contents: Mapping[str, Any]) -> "Client":
        """From the parsed file that the Cloud console lets one download. Raises PullProblem."""
        if "web" in contents:
            raise sign_in_problems.web_client()
        inner = contents.get("installed")
        given = {"auth_uri": _AUTH_URI, "token_uri": Endpoints().token}
        given |= dict(inner) if isinstance(inner, Mapping) else {}
        values = [given.get(name) for name in cls.__slots__]
        if not all(isinstance(value, str) and value for value in values):
            raise sign_in_problems.no_client()
        made = cls(*values)
        # A browser would open anything, and whoever made the file may not be who downloaded it.
        check_endpoint(made.auth_uri, _NAME)
        check_endpoint(made.token_uri, _NAME)
        return made


class Consent:
    """One sign-in: the address to open in a browser, and the key that its answer is worth."""

    def __init__(
        self, client: Client, redirect_uri: str, state: str, hint: str | None = None
    ) -> None:
        """Make up what proves that the answer is to this question; nothing is sent.

        hint  an address of the person, to choose the account by
        """
        self._client, self._redirect_uri = client, redirect_uri
        self._verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self._verifier.encode()).digest())
        self._query = {
            "client_id": client.client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": " ".join(use.scope for use in _USES),
            "state": state,
            "code_challenge": challenge.decode().rstrip("="),
            "code_challenge_method": "S256",
            "access_type": "offline",
            # Without it Google gives a refresh token only the first time that somebody agrees.
            "prompt": "consent",
        } | ({"login_hint": hint} if hint else {})

    @property
    def address(self) -> str:
        """What the person opens."""
        return f"{self._client.auth_uri}?{urlencode(self._query)}"

    def key(self, answer: Mapping[str, str]) -> dict[str, str]:
        """The consent as a key (``authorized_user``) for what the browser brought back.

        Raises PullProblem where the person said no or left out a scope, and Later.
        """
        if "code" not in answer:
            raise sign_in_problems.declined()
        parts = urlsplit(self._client.token_uri)
        http = Http(f"{parts.scheme}://{parts.netloc}", _NAME, Timeouts())
        try:
            given = http.post(
                parts.path,
                {},
                {
                    "grant_type": "authorization_code",
                    "code": answer["code"],
                    "code_verifier": self._verifier,
                    "redirect_uri": self._redirect_uri,
                    "client_id": self._client.client_id,
                    "client_secret": self._client.client_secret,
                },
            )
        finally:
            http.close()
        token = given.body.get("refresh_token")
        if given.status >= 400 or not isinstance(token, str):
            raise sign_in_problems.not_exchanged(given.body)
        # The boxes of the consent page can be unticked one by one.
        granted = str(given.body.get("scope", "")).split()
        if missing := next((use for use in _USES if use.scope not in granted), None):
            raise sign_in_problems.unticked(missing)
        return {
            "type": "authorized_user",
            "client_id": self._client.client_id,
            "client_secret": self._client.client_secret,
            "refresh_token": token,
            "token_uri": self._client.token_uri,
        }
