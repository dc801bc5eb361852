"""Sign-in at Microsoft through MSAL: one key becomes access tokens.

Here: keys, tokens and their renewal, refresh tokens that Microsoft replaces.
Not here: what a refusal means (refusals.py), asking Graph (graph.py), HTTP (connectors/http.py),
where keys are kept (pipelines).

MSAL keeps refusals for minutes by the machine's clock, writes answers that it cannot read into the
log, and sends figures about its own use. So its way to the network is Door, which raises where
an answer is not good before MSAL sees it, and leaves those figures out.

Of MSAL's token cache one thing has to outlive the process: the refresh token. It goes to the secret
store as part of the key; access tokens, good for an hour, stay in memory and off the disk.
"""

import json
import re
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jwt
import msal

from connectors.http import Answer, Http
from connectors.microsoft.refusals import is_passing, sign_in_problem, unusable_key
from connectors.pages import PullProblem
from connectors.quota import Clock, Later

DELEGATED = ("Mail.ReadBasic", "Calendars.ReadBasic", "User.Read")
_EARLY_S = 300.0  # a token is renewed this long before its end
TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")

Key = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where Microsoft's services are; national clouds and stand-ins have other addresses."""

    graph: str = "https://graph.microsoft.com"
    login: str = "https://login.microsoftonline.com"


class SignIn:
    """Access tokens for one key, for all threads of a pull; one token is asked for at a time."""

    def __init__(
        self,
        key: Key,
        http: Http,
        graph: str,
        clock: Clock,
        on_key_change: Callable[[Key], None] | None = None,
    ) -> None:
        """Read the key; nothing is asked yet. Raises PullProblem for a key that is none.

        http           the sign-in service
        graph          Graph's endpoint: what the tokens are for
        on_key_change  called with the whole new key when Microsoft has replaced its refresh token
        """
        self.is_organisation = _is_organisation(key)
        self._key, self._http, self._graph, self._clock = key, http, graph, clock
        self._on_key_change = on_key_change
        self._lock = threading.Lock()
        self._app: msal.ClientApplication | None = None
        self._token: str | None = None
        self._stale_at_s = 0.0
        self._tries = 0
        self._refused: Exception | None = None

    def token(self) -> str:
        """An access token that should still be good. Raises PullProblem and Later."""
        tries = self._tries
        with self._lock:
            if self._token and self._clock.now_s() < self._stale_at_s:
                return self._token
            # Whoever waited here while another asked in vain shares its answer: two hundred
            # threads would each wait out a silent host, one after the other.
            if self._tries > tries and self._refused:
                raise _copy(self._refused)
            self._tries += 1
            try:
                self._token, self._refused = self._ask(), None
            except (PullProblem, Later) as refused:
                self._refused = refused
                raise
            return self._token

    def renew(self, refused: str) -> None:
        """Forget a token that Graph refused, unless another has taken its place already."""
        with self._lock:
            if self._token == refused:
                self._token = None

    def _ask(self) -> str:
        try:
            self._app = self._app or self._new_app()
            answer = self._acquire(self._app)
        except (ValueError, TypeError, jwt.PyJWTError):  # a private key that is none
            answer = None
        if answer is None:
            raise unusable_key()
        token, lasts_s = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str) or not isinstance(lasts_s, int):
            raise sign_in_problem({})
        self._take_over(answer.get("refresh_token"))
        self._stale_at_s = self._clock.now_s() + lasts_s - min(_EARLY_S, lasts_s / 2)
        return token

    def _new_app(self) -> msal.ClientApplication:
        is_app = self.is_organisation
        kind = msal.ConfidentialClientApplication if is_app else msal.PublicClientApplication
        return kind(
            self._key["client_id"],
            client_credential=_credential(self._key) if is_app else None,
            # MSAL takes nothing but https; Door goes to the endpoint as it is.
            authority=f"https://{self._http.base.partition('://')[2]}/{self._key['tenant_id']}",
            instance_discovery=False,
            http_client=Door(self._http),
        )

    def _acquire(self, app: Any) -> dict[str, Any]:
        if self.is_organisation:
            app.remove_tokens_for_client()  # whoever comes here has none, or one that is refused
            return app.acquire_token_for_client([f"{self._graph}/.default"])
        scopes = [f"{self._graph}/{name}" for name in DELEGATED]
        return app.acquire_token_by_refresh_token(self._key["refresh_token"], scopes)

    def _take_over(self, refresh_token: Any) -> None:
        """Keep a new refresh token, and have it stored before the old one is used up."""
        if self.is_organisation or not isinstance(refresh_token, str):
            return
        if refresh_token != self._key["refresh_token"]:
            self._key = {**self._key, "refresh_token": refresh_token}
            if self._on_key_change:
                self._on_key_change(self._key)


def _is_organisation(key: Key) -> bool:
    """Whether a key is that of an app registration. Raises PullProblem for one that is none."""
    is_app, is_user = key.get("type") == "app_registration", key.get("type") == "user"
    if not is_app and not is_user:
        raise unusable_key()
    needed = ["refresh_token"] if is_user else ["client_secret"]
    if is_app and "private_key" in key:
        needed = ["private_key", "public_certificate"]
    values = [key.get(name) for name in ("tenant_id", "client_id", *needed)]
    if not all(isinstance(value, str) and value for value in values):
        raise unusable_key()
    if not TENANT.fullmatch(values[0]):
        raise unusable_key()
    return is_app


def _credential(key: Key) -> str | dict[str, str]:
    if "private_key" in key:
        return {name: key[name] for name in ("private_key", "public_certificate")}
    return key["client_secret"]


def _copy(refused: Exception) -> Exception:
    """The same refusal for another thread: a traceback belongs to one raise."""
    if isinstance(refused, Later):
        return Later(_copy(refused.problem), refused.retry_after_s, is_throttle=refused.is_throttle)
    return PullProblem(refused.state, refused.cure, is_account=refused.is_account)


class _Reply(NamedTuple):
    """A response as MSAL expects it."""

    status_code: int
    text: str
    headers: Mapping[str, str]


class Door:
    """MSAL's way to the network: good answers come back, all others are raised.

    It is an ``http_client`` for MSAL.
    """

    def __init__(self, http: Http, waiting: Collection[str] = ()) -> None:
        """Go to ``http``. Refusals with an error word of ``waiting`` are MSAL's to go on asking."""
        self._http, self._waiting = http, waiting

    def get(self, url: str, headers: Mapping[str, str] | None = None, **_: Any) -> _Reply:
        """The answer to a GET. Raises PullProblem, Later."""
        return self._reply(self._http.get(self._path(url), _plain(headers)))

    def post(
        self, url: str, headers: Mapping[str, str] | None = None, data: Any = None, **_: Any
    ) -> _Reply:
        """The answer to a form. Raises PullProblem, Later."""
        return self._reply(self._http.post(self._path(url), _plain(headers), data))

    def _reply(self, answer: Answer) -> _Reply:
        if answer.status >= 400 and answer.body.get("error") not in self._waiting:
            problem = sign_in_problem(answer.body)
            raise Later(problem) if is_passing(answer.body) else problem
        return _Reply(answer.status, json.dumps(answer.body), {})

    def _path(self, url: str) -> str:
        """The path of MSAL's https address. Raises PullProblem for another host."""
        scheme = self._http.base.partition(":")[0]
        return self._http.own(f"{scheme}:{url.removeprefix('https:')}")


def _plain(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Headers without MSAL's figures about itself and this machine."""
    return {
        name: value
        for name, value in (headers or {}).items()
        if not name.lower().startswith(("x-client-", "x-ms-", "x-app-"))
    }
