"""Google's sign-in: who may read what, and for how long.

Here: the token endpoint with its three grants, the consent page, revocation, access tokens.
Not here: key files (keys.py), which scope a method asks for (vendor.py).

A client signs its assertion by the machine's clock, so times in it are compared with each other
only; what this endpoint hands out lives by the village's clock.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from sandbox import keys
from sandbox.exchange import Answer, Request
from sandbox.people import GOOGLE
from sandbox.world import SCOPES, Account, World

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# The client library names this audience, wherever it sends the assertion.
AUDIENCE = "https://oauth2.googleapis.com/token"
LIFETIME = timedelta(seconds=3599)
USER_SCOPES = frozenset(SCOPES[:2])


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token opens.

    address  of the user, as it was at sign-in
    consent  the refresh token behind it, None where a service account signed
    """

    address: str
    scopes: frozenset[str]
    expires_at: datetime
    consent: str | None


@dataclass(frozen=True, slots=True)
class _Code:
    """A consent that is still to be exchanged for tokens."""

    address: str
    scopes: frozenset[str]
    redirect_uri: str
    challenge: str | None
    is_offline: bool


class _Denied(Exception):
    """The token endpoint's error answer."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        body = {"error": error, "error_description": description}
        self.answer = Answer(status, body)


class Tokens:
    """Everything that was handed out and is in force."""

    def __init__(self, world: World) -> None:
        """Nobody has signed in yet."""
        self._world = world
        self._access: dict[str, Access] = {}
        self._codes: dict[str, _Code] = {}
        self._scopes: dict[str, frozenset[str]] = {}

    def user(self, token: str) -> tuple[Account, frozenset[str]] | None:
        """Whose token it is and its scopes; None if it is unknown, expired or revoked."""
        access = self._access.get(token)
        if access is None or access.expires_at <= self._world.now:
            return None
        if access.consent is not None and access.consent not in self._world.refresh_tokens:
            return None
        account = self._world.account(access.address)
        return None if account is None or account.is_suspended else (account, access.scopes)

    def expire(self, address: str | None = None) -> None:
        """Let the access tokens of one user end now, or everybody's; consents stay."""
        self._access = {
            token: access
            for token, access in self._access.items()
            if address is not None and access.address != address
        }

    def revoke_consent(self, address: str) -> None:
        """Let a user take back every consent, as on the page of the Google account."""
        for token, owner in list(self._world.refresh_tokens.items()):
            if self._world.current(owner) == self._world.current(address):
                del self._world.refresh_tokens[token]

    # -- endpoints

    def token(self, request: Request) -> Answer:
        """POST /token."""
        form = {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
        grants = {
            JWT_GRANT: self._signed,
            "refresh_token": self._refreshed,
            "authorization_code": self._exchanged,
        }
        try:
            grant = grants.get(form.get("grant_type", ""))
            if grant is None:
                raise _Denied(400, "unsupported_grant_type", "Invalid grant_type")
            return Answer(200, grant(form), {"Cache-Control": "no-store"})
        except _Denied as denied:
            return denied.answer

    def revoke(self, request: Request) -> Answer:
        """POST /revoke with an access or a refresh token; either ends the consent behind it."""
        form = parse_qs(request.body.decode())
        token = (form.get("token") or request.query.get("token") or [""])[-1]
        access = self._access.pop(token, None)
        consent = token if access is None else access.consent
        was_in_force = self._world.refresh_tokens.pop(consent, None) is not None
        if access is None and not was_in_force:
            body = {"error": "invalid_token", "error_description": "Token expired or revoked"}
            return Answer(400, body)
        return Answer(200, {})

    def consent_page(self, request: Request) -> Answer:
        """GET /o/oauth2/v2/auth: the user named by login_hint agrees at once, others refuse."""
        asked = {name: values[-1] for name, values in request.query.items()}
        redirect_uri = asked.get("redirect_uri", "")
        if asked.get("client_id") != keys.GOOGLE_CLIENT_ID:
            return Answer(401, {"error": "invalid_client"})
        if urlsplit(redirect_uri).hostname not in ("127.0.0.1", "localhost", "::1"):
            return Answer(400, {"error": "redirect_uri_mismatch"})
        if asked.get("response_type") != "code":
            return Answer(400, {"error": "unsupported_response_type"})
        if asked.get("code_challenge_method", "S256") != "S256":
            return Answer(400, {"error": "invalid_request"})
        back = {"state": asked["state"]} if "state" in asked else {}
        account = self._google_user(asked.get("login_hint", ""))
        if account is None:
            back["error"] = "access_denied"
        else:
            back["code"] = f"4/0{secrets.token_urlsafe(32)}"
            back["scope"] = asked.get("scope", "")
            self._codes[back["code"]] = _Code(
                address=account.address,
                scopes=frozenset(back["scope"].split()),
                redirect_uri=redirect_uri,
                challenge=asked.get("code_challenge"),
                is_offline=asked.get("access_type") == "offline",
            )
        return Answer(302, b"", {"Location": f"{redirect_uri}?{urlencode(back)}"})

    # -- grants

    def _signed(self, form: Mapping[str, str]) -> dict[str, object]:
        """A service account speaks for a user."""
        claims = self._claims(form.get("assertion", ""))
        scopes = frozenset(str(claims.get("scope", "")).split())
        if not scopes:
            raise _Denied(
                400, "invalid_scope", "Invalid OAuth scope or ID token audience provided."
            )
        account = self._google_user(str(claims.get("sub", "")))
        if account is None:
            raise _Denied(400, "invalid_grant", "Invalid email or User ID")
        if not scopes <= self._world.granted_scopes:
            raise _Denied(
                401,
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, or client not "
                "authorized for any of the scopes requested.",
            )
        return self._hand_out(account.address, scopes, None)

    def _claims(self, assertion: str) -> dict[str, object]:
        """What a well-signed assertion says. Raises _Denied."""
        try:
            head, body, signature = assertion.split(".")
            header, claims = json.loads(_decoded(head)), json.loads(_decoded(body))
            keys.signing_key().public_key().verify(
                _decoded(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), SHA256()
            )
        except (ValueError, InvalidSignature):
            raise _Denied(400, "invalid_grant", "Invalid JWT Signature.") from None
        issued, expires = claims.get("iat"), claims.get("exp")
        is_short = (
            isinstance(issued, int) and isinstance(expires, int) and 0 < expires - issued <= 3600
        )
        if header.get("alg") != "RS256" or not is_short:
            raise _Denied(
                400,
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
                "timeframe. Check your iat and exp values in the JWT claim.",
            )
        if claims.get("aud") not in (AUDIENCE, f"{self._world.google_url}/token"):
            raise _Denied(400, "invalid_grant", "Invalid JWT: Failed audience check.")
        if claims.get("iss") != keys.SERVICE_ACCOUNT:
            raise _Denied(400, "invalid_grant", "Invalid grant: account not found")
        return claims

    def _refreshed(self, form: Mapping[str, str]) -> dict[str, object]:
        """A user's consent gives a new access token."""
        _check_client(form)
        consent = form.get("refresh_token", "")
        address = self._world.refresh_tokens.get(consent)
        account = None if address is None else self._world.account(address)
        if account is None or account.is_suspended:
            raise _Denied(400, "invalid_grant", "Token has been expired or revoked.")
        return self._hand_out(address, self._scopes.get(consent, USER_SCOPES), consent)

    def _exchanged(self, form: Mapping[str, str]) -> dict[str, object]:
        """The code of the consent page gives tokens, once."""
        _check_client(form)
        code = self._codes.pop(form.get("code", ""), None)
        if code is None:
            raise _Denied(400, "invalid_grant", "Malformed auth code.")
        if form.get("redirect_uri") != code.redirect_uri:
            raise _Denied(400, "redirect_uri_mismatch", "Bad Request")
        if code.challenge is not None:
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code.challenge:
                raise _Denied(400, "invalid_grant", "Invalid code verifier.")
        consent = f"1//{secrets.token_urlsafe(48)}"
        self._world.refresh_tokens[consent] = code.address
        self._scopes[consent] = code.scopes
        tokens = self._hand_out(code.address, code.scopes, consent)
        return tokens | ({"refresh_token": consent} if code.is_offline else {})

    def _hand_out(
        self, address: str, scopes: frozenset[str], consent: str | None
    ) -> dict[str, object]:
        token = f"ya29.{secrets.token_urlsafe(64)}"
        expires_at = self._world.now + LIFETIME
        self._access[token] = Access(address, scopes, expires_at, consent)
        answer = {
            "access_token": token,
            "expires_in": int(LIFETIME.total_seconds()),
            "token_type": "Bearer",
        }
        return answer if consent is None else answer | {"scope": " ".join(sorted(scopes))}

    def _google_user(self, address: str) -> Account | None:
        """The user of the company who has this primary address and is not suspended."""
        account = self._world.account(address)
        if account is None or account.address != address or account.company != GOOGLE:
            return None
        return None if account.is_suspended else account


def _check_client(form: Mapping[str, str]) -> None:
    given = form.get("client_id"), form.get("client_secret")
    if given != (keys.GOOGLE_CLIENT_ID, keys.GOOGLE_CLIENT_SECRET):
        raise _Denied(401, "invalid_client", "The OAuth client was not found.")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
