"""The key files that open the sandbox: what a person would download from a provider's console.

Here: service account, app registration, the consent of single people.
Not here: checking them (google, microsoft).
"""

import hashlib
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

GOOGLE_PROJECT = "kith-village"
SERVICE_ACCOUNT = f"kith@{GOOGLE_PROJECT}.iam.gserviceaccount.com"
SERVICE_ACCOUNT_ID = "104512345678901234567"
WORKLOAD_TOKEN = "eyJ.of-another-cloud"  # what its own platform says of a machine without a key
GOOGLE_CLIENT_ID = "471100815-village.apps.googleusercontent.com"
GOOGLE_CLIENT_SECRET = "GOCSPX-of-the-village"
TENANT_ID = "6e1c0a52-7d5b-4c3e-9a51-0d2f5b8c1e70"
MICROSOFT_CLIENT_ID = "0b9d7f1a-2c64-4b7e-8f3d-5a1e9c6d4b20"
MICROSOFT_CLIENT_SECRET = "Vil8Q~of-the-village"


@cache
def signing_key() -> rsa.RSAPrivateKey:
    """The service account's key, one in each process: making one takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def refresh_token(provider: str, address: str) -> str:
    """What a person's consent is worth: always the same for the same person."""
    digest = hashlib.sha256(f"{provider}/{address}".encode()).hexdigest()
    return f"1//{digest}"


def service_account(url: str) -> dict[str, Any]:
    """The JSON key file of a service account with domain-wide delegation at ``url``."""
    pem = signing_key().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "type": "service_account",
        "project_id": GOOGLE_PROJECT,
        "private_key_id": hashlib.sha256(pem).hexdigest()[:40],
        "private_key": pem.decode(),
        "client_email": SERVICE_ACCOUNT,
        "client_id": SERVICE_ACCOUNT_ID,
        "auth_uri": f"{url}/o/oauth2/v2/auth",
        "token_uri": f"{url}/token",
        "universe_domain": "googleapis.com",
    }


def workload(url: str, token_file: str) -> dict[str, Any]:
    """The configuration of a machine for which another cloud vouches; it holds no key."""
    pool = "projects/471100815/locations/global/workloadIdentityPools/village/providers/office"
    return {
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{pool}",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{url}/v1/token",
        "credential_source": {"file": token_file},
    }


def google_user(url: str, address: str) -> dict[str, Any]:
    """The consent of one person, as Google's own tools write it down."""
    return {
        "type": "authorized_user",
        "client_id": GOOGLE_CLIENT_ID,
        "client_secret": GOOGLE_CLIENT_SECRET,
        "refresh_token": refresh_token("google", address),
        "token_uri": f"{url}/token",
    }


def app_registration(url: str) -> dict[str, Any]:
    """An app registration with a client secret at ``url``."""
    return {
        "type": "app_registration",
        "tenant_id": TENANT_ID,
        "client_id": MICROSOFT_CLIENT_ID,
        "client_secret": MICROSOFT_CLIENT_SECRET,
        "login_endpoint": url,
        "graph_endpoint": url,
    }


def microsoft_user(url: str, address: str) -> dict[str, Any]:
    """The consent of one person to a public client at ``url``."""
    return {
        "type": "user",
        "tenant_id": TENANT_ID,
        "client_id": MICROSOFT_CLIENT_ID,
        "refresh_token": refresh_token("microsoft", address),
        "login_endpoint": url,
        "graph_endpoint": url,
    }
