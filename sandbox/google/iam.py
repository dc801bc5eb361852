"""Google's IAM: who may have something signed by the service account, whose key it keeps.

Here: workload identity federation (a foreign token becomes one of Google's) and signBlob.
Not here: what the signature is worth (tokens.py).

https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob
"""

import base64
import binascii
import json
import secrets
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from sandbox import keys
from sandbox.exchange import Answer, Request
from sandbox.google import refusal
from sandbox.world import World

SIGNING_PATH = f"/v1/projects/-/serviceAccounts/{keys.SERVICE_ACCOUNT}:signBlob"
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


class Signing:
    """The service account's key, and who may use it."""

    def __init__(self, world: World) -> None:
        """Nobody is logged in yet."""
        self._world = world
        self._tokens: set[str] = set()

    def vouch(self, request: Request) -> Answer:
        """POST /v1/token: whoever shows the workload's own token gets one of Google's."""
        form = {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
        if form.get("grant_type") != _EXCHANGE:
            return Answer(400, {"error": "unsupported_grant_type", "error_description": ""})
        if form.get("subject_token") != keys.WORKLOAD_TOKEN:
            message = "The given credential is rejected by the attribute condition."
            return Answer(401, {"error": "unauthorized_client", "error_description": message})
        token = f"ya29.d.{secrets.token_urlsafe(48)}"
        self._tokens.add(token)
        return Answer(
            200,
            {
                "access_token": token,
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "token_type": "Bearer",
                "expires_in": 3600,
            },
        )

    def sign(self, request: Request) -> Answer:
        """POST …:signBlob: the payload signed with the service account's key."""
        if "iamcredentials" in self._world.disabled_apis:
            return refusal.api_disabled("IAM Service Account Credentials").answer()
        authorization = request.headers.get("authorization", "")
        if authorization.removeprefix("Bearer ") not in self._tokens:
            return refusal.bad_token().answer()
        if not self._world.workload_may_sign:
            return refusal.may_not_sign().answer()
        try:
            payload = base64.b64decode(json.loads(request.body)["payload"], validate=True)
        except (ValueError, KeyError, TypeError, binascii.Error):
            return refusal.bad_value("payload", "TYPE_BYTES", "").answer()
        signature = keys.signing_key().sign(payload, padding.PKCS1v15(), SHA256())
        signed = base64.b64encode(signature).decode()
        return Answer(200, {"keyId": "of-the-village", "signedBlob": signed})
