"""Keys to Google: what kith holds of an account, and the credentials that it is worth.

Here: a person's consent, a service account with its key file, and one whose key Google keeps.
Not here: sending (access.py), what a refusal means (sign_in_problems.py), making consents
(sign_in.py), where keys rest (connectors/secret_store.py).
"""

import base64
import json
import threading
import warnings
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urljoin

import google.auth
import google.oauth2.credentials
import google.oauth2.service_account
from google.auth.credentials import Credentials, with_scopes_if_required
from google.auth.crypt import Signer
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError

from connectors.google import problems, sign_in_problems
from connectors.google.access import Endpoints, Session, as_object, is_safe
from connectors.google.problems import SIGNING, Use
from connectors.quota import Bucket, Clock, Limits

KEYLESS = "keyless_service_account"
_SIGNING_TIMEOUT_S = 60.0
_NEEDED = {
    "service_account": ("client_email", "private_key", "token_uri"),
    KEYLESS: ("client_email", "token_uri"),
    "authorized_user": ("client_id", "client_secret", "refresh_token", "token_uri"),
}


class Key:
    """A service account that may act for everybody, or the consent of one person."""

    def __init__(self, contents: Mapping[str, Any], endpoints: Endpoints | None = None) -> None:
        """Read the parsed JSON. Raises PullProblem for what is no key, or no safe one."""
        endpoints = endpoints or Endpoints()
        kind = contents.get("type")
        self._contents = {"token_uri": endpoints.token} | dict(contents)
        texts = [self._contents.get(name) for name in _NEEDED.get(kind, ())]
        if not texts or not all(isinstance(text, str) for text in texts):
            raise sign_in_problems.no_key()
        if not is_safe(self._contents["token_uri"]):
            raise sign_in_problems.no_key()
        self.is_organisation = kind in ("service_account", KEYLESS)
        self._account = None
        if kind == KEYLESS:
            self._account = _keyless(self._contents, endpoints.iam)
        elif self.is_organisation:
            self._account = _service_account(self._contents)
        if self.is_organisation and self._account is None:
            raise sign_in_problems.no_key()

    @property
    def consent(self) -> tuple[str, str] | None:
        """Where a person's consent is revoked, and its token; None for an organisation's key."""
        if self.is_organisation:
            return None
        return urljoin(self._contents["token_uri"], "revoke"), self._contents["refresh_token"]

    def credentials(self, use: Use, subject: str | None) -> Credentials:
        """Credentials with the one scope of a use; of ``subject`` for an organisation's key."""
        if self._account is not None:
            return self._account.with_scopes([use.scope]).with_subject(subject)
        return google.oauth2.credentials.Credentials(
            token=None,
            refresh_token=self._contents["refresh_token"],
            token_uri=self._contents["token_uri"],
            client_id=self._contents["client_id"],
            client_secret=self._contents["client_secret"],
            scopes=[use.scope],
        )


def _service_account(
    contents: Mapping[str, Any],
) -> google.oauth2.service_account.Credentials | None:
    """None for a private key that cannot be read; its text stays out of every message."""
    try:
        return google.oauth2.service_account.Credentials.from_service_account_info(contents)
    except ValueError:
        return None


def _keyless(contents: Mapping[str, Any], iam: str) -> google.oauth2.service_account.Credentials:
    email = contents["client_email"]
    url = f"{iam.rstrip('/')}/v1/projects/-/serviceAccounts/{quote(email, safe='@')}:signBlob"
    signer = _RemoteSigner(url, Login())
    return google.oauth2.service_account.Credentials(signer, email, contents["token_uri"])


class _RemoteSigner(Signer):
    """Has Google sign with a key that it keeps to itself.

    https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob
    """

    key_id = None  # Google takes the key that it has, and knows it again

    def __init__(self, url: str, login: "Login") -> None:
        self._url, self._login = url, login

    def sign(self, message: bytes | str) -> bytes:
        """The signature. Raises PullProblem, Later."""
        whole = message.encode() if isinstance(message, str) else message
        body = json.dumps({"payload": base64.b64encode(whole).decode()})
        # Whoever waits for the signature has limits of their own, and asks again.
        clock = Clock()
        limits = Limits(clock, Bucket(None, clock))
        with Session(self._login, SIGNING, limits, _SIGNING_TIMEOUT_S) as session:
            headers = {"content-type": "application/json"}
            _, content = session.request(self._url, "POST", body, headers)
        signature = (as_object(content) or {}).get("signedBlob")
        if not isinstance(signature, str):
            raise problems.unreadable(SIGNING)
        return base64.b64decode(signature)


class Login:
    """Who is logged in on this machine: application default credentials, for all threads.

    A person through gcloud, the service account of a machine in Google's cloud, or whoever another
    cloud or a CI vouches for (workload identity federation).
    https://cloud.google.com/docs/authentication/application-default-credentials
    """

    def __init__(self) -> None:
        """Look at nothing yet."""
        self._lock = threading.Lock()
        self._found: Credentials | None = None

    @property
    def valid(self) -> bool:
        """Whether there is a token that is still good."""
        return self._found is not None and self._found.valid

    def apply(self, headers: dict[str, str]) -> None:
        """Put the token into a request's headers."""
        self._found.apply(headers)

    def refresh(self, _: object) -> None:
        """Fetch a token, by the library's own transport: some logins ask several places for it.

        Raises PullProblem, Later.
        """
        # It loads a second HTTP library, for those who have no key only.
        from google.auth.transport.requests import Request

        with self._lock:
            if self.valid:
                return
            try:
                if self._found is None:
                    self._found = _default_credentials()
                self._found.refresh(Request())
            except DefaultCredentialsError:
                failure = sign_in_problems.no_login()
            except TransportError:
                failure = sign_in_problems.login_out_of_reach()
            except GoogleAuthError:
                failure = sign_in_problems.login_ended()
            else:
                return
        raise failure  # outside: what was caught may quote a token


def _default_credentials() -> Credentials:
    with warnings.catch_warnings():
        # About quota projects of a login through gcloud: signing has no quota that matters.
        warnings.simplefilter("ignore")
        # With scopes it would ask Google which project that is, and nobody wants to know.
        found, _ = google.auth.default()
    return with_scopes_if_required(found, [SIGNING.scope])
