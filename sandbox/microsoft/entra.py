"""Sign-in at Microsoft: the endpoints of Entra that MSAL talks to.

Here: the discovery document, tokens for the app and for people, device codes. Not here: the pages
where a person agrees (consent.py), what a token allows (asking.py), refusals' bodies (refusal.py).

MSAL speaks https only, so the document names https addresses; whoever tests maps them to http.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from sandbox.exchange import Answer, Request
from sandbox.keys import MICROSOFT_CLIENT_ID, TENANT_ID, refresh_token
from sandbox.microsoft.consent import DECLINED, DEVICE_PAGE, Consent, Form, form_of
from sandbox.microsoft.refusal import SignInRefusal, sign_in_error
from sandbox.microsoft.sealing import seal, unseal
from sandbox.microsoft.users import account_named, object_id
from sandbox.people import MICROSOFT
from sandbox.world import Account, World

_TENANTS = (TENANT_ID, MICROSOFT, "organizations", "common")
_LIFETIME_S = 3600
_DEVICE_S = 900
_OPENID = {"openid", "profile", "offline_access", "email"}


class Entra:
    """The sign-in endpoints of one tenant."""

    def __init__(self, world: World) -> None:
        """Nobody has agreed to anything yet but those with a key file."""
        self.world = world
        self._consent = Consent(world)
        self._rotations = 0
        self._grants: dict[str, Callable[[Form], dict[str, Any]]] = {
            "client_credentials": self._app_token,
            "refresh_token": self._refreshed,
            "authorization_code": self._redeemed,
            "urn:ietf:params:oauth:grant-type:device_code": self._device_token,
            "device_code": self._device_token,
        }

    @property
    def url(self) -> str:
        """Where MSAL is told to go."""
        return self.world.microsoft_url.replace("http://", "https://", 1)

    def answer(self, request: Request) -> Answer | None:
        """What a sign-in path answers; None for a path that is none of them."""
        tenant, _, rest = request.path.lstrip("/").partition("/")
        if request.path == DEVICE_PAGE:
            return self._consent.device_page(request)
        routes = {
            "v2.0/.well-known/openid-configuration": self._discovery,
            "discovery/v2.0/keys": lambda _: {"keys": []},
            "oauth2/v2.0/token": self._token,
            "oauth2/v2.0/devicecode": self._device_code,
            "oauth2/v2.0/authorize": self._authorize,
        }
        if rest not in routes:
            return None
        try:
            if tenant not in _TENANTS:
                message = (
                    f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant "
                    "ID and are signing into the correct cloud."
                )
                word = "invalid_tenant" if rest.endswith("configuration") else "invalid_request"
                raise SignInRefusal(word, 90002, message)
            answer = routes[rest](request)
        except SignInRefusal as refusal:
            return sign_in_error(refusal, self.world.now, self.url)
        return answer if isinstance(answer, Answer) else Answer(200, answer)

    def _discovery(self, _: Request) -> dict[str, Any]:
        root = f"{self.url}/{TENANT_ID}"
        return {
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": sorted(_OPENID),
            "issuer": f"{root}/v2.0",
            "request_uri_parameter_supported": False,
            "userinfo_endpoint": f"{self.url}/oidc/userinfo",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
            "http_logout_supported": True,
            "frontchannel_logout_supported": True,
            "end_session_endpoint": f"{root}/oauth2/v2.0/logout",
            "tenant_region_scope": "EU",
        }

    def _authorize(self, request: Request) -> Answer:
        fields = {name: values[-1] for name, values in request.query.items()}
        self._check_client(form_of(request) if request.method == "POST" else fields)
        return self._consent.browser_page(request)

    def _token(self, request: Request) -> dict[str, Any]:
        form = form_of(request)
        grant = self._grants.get(form.get("grant_type", ""))
        if grant is None:
            raise SignInRefusal("unsupported_grant_type", 70003, "The grant type is not supported.")
        self._check_client(form)
        if self.world.tenant.policy is not None:
            message = "Access has been blocked by a policy of the organisation."
            raise SignInRefusal("invalid_grant", self.world.tenant.policy, message)
        return grant(form)

    def _check_client(self, form: Form) -> None:
        client = form.get("client_id")
        if client != MICROSOFT_CLIENT_ID or not self.world.tenant.is_installed:
            message = (
                f"Application with identifier '{client}' was not found in the directory. This can "
                "happen if the application has not been installed by the administrator."
            )
            raise SignInRefusal("unauthorized_client", 700016, message)

    # -- the app itself

    def _app_token(self, form: Form) -> dict[str, Any]:
        self._check_secret(form)
        scope = form.get("scope", "")
        if not scope.endswith("/.default"):
            message = (
                f"The provided value for scope {scope} is not valid. Client credential flows must "
                "have a scope value with /.default suffixed to the resource identifier."
            )
            raise SignInRefusal("invalid_scope", 1002012, message)
        return self._access(None, self.world.tenant.roles)

    def _check_secret(self, form: Form) -> None:
        tenant = self.world.tenant
        if "client_assertion" in form:
            self._check_assertion(form["client_assertion"])
        elif "client_secret" not in form:
            message = (
                "The request body must contain the following parameter: 'client_assertion' or "
                "'client_secret'."
            )
            raise SignInRefusal("invalid_client", 7000218, message)
        elif form["client_secret"] != tenant.secret:
            message = (
                "Invalid client secret provided. Ensure the secret being sent in the request is "
                "the client secret value, not the client secret ID, for a secret added to app "
                f"'{MICROSOFT_CLIENT_ID}'."
            )
            raise SignInRefusal("invalid_client", 7000215, message)
        elif tenant.secret_is_over:
            message = (
                f"The provided client secret keys for app '{MICROSOFT_CLIENT_ID}' are expired."
            )
            raise SignInRefusal("invalid_client", 7000222, message)

    def _check_assertion(self, assertion: str) -> None:
        """A client assertion: signed with the key of a certificate that the app registered.

        Its times are the client's clock and are not held against it: the village lives by its own.
        """
        for pem in self.world.tenant.certificates:
            certificate = x509.load_pem_x509_certificate(pem.encode())
            key = certificate.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            try:
                claims = jwt.decode(
                    assertion,
                    key,
                    algorithms=["RS256", "PS256"],
                    options={
                        "verify_exp": False,
                        "verify_nbf": False,
                        "verify_iat": False,
                        "verify_aud": False,
                    },
                )
            except jwt.InvalidTokenError:
                continue
            if claims.get("iss") == claims.get("sub") == MICROSOFT_CLIENT_ID:
                return
        message = "Client assertion contains an invalid signature. The key was not found."
        raise SignInRefusal("invalid_client", 700027, message)

    # -- people

    def _refreshed(self, form: Form) -> dict[str, Any]:
        token = form.get("refresh_token", "")
        address = self.world.refresh_tokens.get(token)
        if address is None:
            raise self._unknown_refresh_token(token)
        return self._personal(self._present(address), form)

    def _unknown_refresh_token(self, token: str) -> SignInRefusal:
        """Revoked, or never given at all."""
        people = (person.address for person in self.world.village.staff)
        was_given = unseal("refresh", token) or token in {
            refresh_token("microsoft", address) for address in people
        }
        if not was_given:
            message = "The provided refresh token is malformed or not valid."
            return SignInRefusal("invalid_grant", 9002313, message)
        message = (
            "The provided grant has expired due to it being revoked, a fresh auth token is needed. "
            "The user might have changed or reset their password."
        )
        return SignInRefusal("invalid_grant", 50173, message, "bad_token")

    def _present(self, name: str) -> Account:
        """An account that may sign in. Raises SignInRefusal."""
        found = self.world.account(name) or account_named(self.world, name)
        account = found and account_named(self.world, found.address)
        if account is None or account.kind != "person":
            message = f"The user account does not exist in the {MICROSOFT} directory."
            raise SignInRefusal("invalid_grant", 50034, message)
        if account.is_suspended:
            raise SignInRefusal("invalid_grant", 50057, "The user account is disabled.")
        return account

    def _device_code(self, request: Request) -> dict[str, Any]:
        self._check_client(form_of(request))
        user_code = self._consent.open()
        content = {"code": user_code, "until": self.world.now.timestamp() + _DEVICE_S}
        page = f"{self.world.microsoft_url}{DEVICE_PAGE}"
        return {
            "user_code": user_code,
            "device_code": seal("device", content),
            "verification_uri": page,
            "expires_in": _DEVICE_S,
            "interval": 5,
            "message": f"To sign in, use a web browser to open the page {page} and enter the code "
            f"{user_code} to authenticate.",
        }

    def _device_token(self, form: Form) -> dict[str, Any]:
        content = unseal("device", form.get("device_code", ""))
        if content is None or not self._consent.is_open(content["code"]):
            message = "The device code is not valid."
            raise SignInRefusal("bad_verification_code", 70018, message)
        if content["until"] <= self.world.now.timestamp():
            message = "The provided device code is expired."
            raise SignInRefusal("expired_token", 70020, message)
        said = self._consent.said(content["code"])
        if said is None:
            message = "OAuth 2.0 device flow error. Authorization is pending. Continue polling."
            raise SignInRefusal("authorization_pending", 70016, message)
        if said == DECLINED:
            message = "The user declined to agree."
            raise SignInRefusal("authorization_declined", 70000, message)
        return self._personal(self._present(said), form)

    def _redeemed(self, form: Form) -> dict[str, Any]:
        content = unseal("code", form.get("code", ""))
        if content is None or content["redirect_uri"] != form.get("redirect_uri"):
            message = "The provided authorization code is not valid."
            raise SignInRefusal("invalid_grant", 70000, message)
        verifier = form.get("code_verifier", "").encode()
        challenge = _unpadded(hashlib.sha256(verifier).digest())
        if content["code_challenge"] and challenge != content["code_challenge"]:
            message = "The code_verifier does not match the code_challenge."
            raise SignInRefusal("invalid_grant", 501481, message)
        return self._personal(self._present(content["user"]), form, content["nonce"])

    # -- tokens

    def _personal(self, account: Account, form: Form, nonce: str | None = None) -> dict[str, Any]:
        """Tokens for a person, with what MSAL needs to know them by."""
        asked = {one.rpartition("/")[2] for one in form.get("scope", "").split()} - _OPENID
        consented = self.world.tenant.scopes
        if asked - consented - {".default"}:
            message = (
                "The user or administrator has not consented to use the application with ID "
                f"'{MICROSOFT_CLIENT_ID}'. Send an interactive authorization request for this user "
                "and resource."
            )
            raise SignInRefusal("invalid_grant", 65001, message, "consent_required")
        scopes = consented if ".default" in asked or not asked else asked
        self._rotations += 1
        refresh = seal("refresh", {"user": account.id, "n": self._rotations})
        self.world.refresh_tokens[refresh] = account.address
        client_info = {"uid": object_id(account), "utid": TENANT_ID}
        return self._access(account, scopes) | {
            "scope": " ".join(sorted(scopes)),
            "refresh_token": refresh,
            "id_token": self._id_token(account, nonce),
            "client_info": _unpadded(json.dumps(client_info).encode()),
        }

    def _access(self, account: Account | None, permissions: set[str]) -> dict[str, Any]:
        content = {
            "user": account.id if account else None,
            "permissions": sorted(permissions),
            "epoch": self.world.tenant.token_epoch,
            "until": self.world.now.timestamp() + _LIFETIME_S,
        }
        return {
            "token_type": "Bearer",
            "expires_in": _LIFETIME_S - 1,
            "ext_expires_in": _LIFETIME_S - 1,
            "access_token": seal("access", content),
        }

    def _id_token(self, account: Account, nonce: str | None) -> str:
        """Who signed in. Its signature is none: a client that got it by TLS need not look."""
        now = int(self.world.now.timestamp())
        claims = {
            "aud": MICROSOFT_CLIENT_ID,
            "iss": f"{self.url}/{TENANT_ID}/v2.0",
            "iat": now,
            "nbf": now,
            "exp": now + _LIFETIME_S,
            "name": account.name,
            "oid": object_id(account),
            "preferred_username": account.address,
            "sub": account.id,
            "tid": TENANT_ID,
            "ver": "2.0",
        }
        if nonce:
            claims["nonce"] = nonce
        head = {"typ": "JWT", "alg": "RS256", "kid": "village"}
        parts = (json.dumps(one).encode() for one in (head, claims))
        return ".".join([*map(_unpadded, parts), _unpadded(b"signature")])


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
