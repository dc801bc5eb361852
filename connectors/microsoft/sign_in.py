"""One person's consent at Microsoft, in a browser or by a code: from a public app to a key.

Here: the address to open or the code to enter, and the key that the answer is worth, through MSAL.
Not here: waiting for the browser (connectors/loopback.py), using the key (access.py).

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code
"""

import warnings
from collections.abc import Mapping
from typing import Any

import msal

from connectors.http import Http, Timeouts
from connectors.microsoft.access import DELEGATED, TENANT, Door, Endpoints
from connectors.microsoft.refusals import sign_in_problem, unknown_tenant

# Until the person has entered the code, these are good news.
_WAITING = frozenset({"authorization_pending", "slow_down"})


class _SignIn:
    """What both ways share: the app, and the key that its tokens become. Good for one sign-in."""

    def __init__(self, client_id: str, tenant: str, endpoints: Endpoints) -> None:
        """Ask the sign-in service for its addresses. Raises PullProblem, Later.

        client_id  of a public client that the person or their organisation has registered
        tenant     directory id or domain; organizations for any, consumers for private accounts
        """
        if not TENANT.fullmatch(tenant):
            raise unknown_tenant()
        self._client_id = client_id
        self._http = Http(endpoints.login, "Microsoft's sign-in service", Timeouts())
        self._scopes = [f"{endpoints.graph.rstrip('/')}/{name}" for name in DELEGATED]
        self._app = msal.PublicClientApplication(
            client_id,
            # MSAL takes nothing but https; the door goes to the endpoint as it is.
            authority=f"https://{self._http.base.partition('://')[2]}/{tenant}",
            instance_discovery=False,
            http_client=Door(self._http, _WAITING),
        )

    def _key(self, answer: Mapping[str, Any]) -> dict[str, str]:
        self._http.close()
        token = answer.get("refresh_token")
        claims = answer.get("id_token_claims")
        tenant = claims.get("tid") if isinstance(claims, Mapping) else None
        if not isinstance(token, str) or not isinstance(tenant, str):
            raise sign_in_problem(answer)
        return {
            "type": "user",
            "tenant_id": tenant,
            "client_id": self._client_id,
            "refresh_token": token,
        }


class Consent(_SignIn):
    """One sign-in in a browser of this machine, with PKCE."""

    def __init__(
        self,
        client_id: str,
        tenant: str,
        endpoints: Endpoints,
        redirect_uri: str,
        state: str,
        hint: str | None = None,
    ) -> None:
        """Make up what proves that the answer is to this question. Raises PullProblem, Later.

        hint  an address of the person, to choose the account by
        """
        super().__init__(client_id, tenant, endpoints)
        # The code comes back in an address, so that it can be pasted where no browser can reach us;
        # it is good once, and only with this sign-in's verifier. MSAL would rather have a form.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="response_mode='form_post'")
            self._flow = self._app.initiate_auth_code_flow(
                self._scopes,
                redirect_uri=redirect_uri,
                state=state,
                login_hint=hint,
                response_mode="query",
            )

    @property
    def address(self) -> str:
        """What the person opens: at the endpoint as it is, where MSAL writes https."""
        scheme = self._http.base.partition(":")[0]
        return f"{scheme}:{self._flow['auth_uri'].removeprefix('https:')}"

    def key(self, answer: Mapping[str, str]) -> dict[str, str]:
        """The consent as a key for what the browser brought back. Raises PullProblem, Later."""
        if "code" not in answer:
            raise sign_in_problem(answer)
        try:
            found = self._app.acquire_token_by_auth_code_flow(self._flow, dict(answer))
        except ValueError:  # an answer to another question
            raise sign_in_problem({}) from None
        return self._key(found)


class DeviceConsent(_SignIn):
    """One sign-in on another device: a page to open and a code to enter there."""

    def __init__(self, client_id: str, tenant: str, endpoints: Endpoints) -> None:
        """Ask for a code. Raises PullProblem, Later."""
        super().__init__(client_id, tenant, endpoints)
        self._flow = self._app.initiate_device_flow(self._scopes)
        if "user_code" not in self._flow:
            raise sign_in_problem(self._flow)

    @property
    def code(self) -> tuple[str, str]:
        """The page to open and the code to enter there."""
        return self._flow["verification_uri"], self._flow["user_code"]

    def key(self) -> dict[str, str]:
        """The consent as a key, once the person has agreed. Raises PullProblem, Later.

        Asks every few seconds, as often as Microsoft allows, until the code expires.
        """
        return self._key(self._app.acquire_token_by_device_flow(self._flow))
