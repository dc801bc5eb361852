"""kith against oidc-provider, an OpenID-certified server in the place of Entra.

Here: what emulate has not, sign-in by a code on another device, and by certificate. Its error codes
are those of the RFCs; Entra's own numbers (AADSTS) are tried on the sandbox only.
"""

import base64
import json
from collections.abc import Iterator

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.http import Http, Timeouts
from connectors.microsoft.access import DELEGATED, SignIn
from connectors.pages import PullProblem
from connectors.quota import Clock
from pipelines import sign_in
from pipelines.settings import Settings
from tests.certificates import certificate
from tests.servers.conftest import PACKAGES, free_port, serving, submit

pytestmark = pytest.mark.node

SECRET = "Q~of-nobody-and-long-enough-to-be-one"
GRAPH = "https://graph.example"
APP = {"type": "app_registration", "tenant_id": "contoso"}


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def provider(node: str, private_key, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address."""
    folder, port = tmp_path_factory.mktemp("oidc"), free_port()
    numbers = private_key.public_key().public_numbers()

    def encoded(number: int) -> str:
        whole = number.to_bytes((number.bit_length() + 7) // 8)
        return base64.urlsafe_b64encode(whole).decode().rstrip("=")

    # A module finds its packages from where it lies.
    script = PACKAGES.parent / "oidc_provider.mjs"
    script.write_text((PACKAGES.parents[2] / "tests/servers/oidc_provider.mjs").read_text())
    settings = {
        "secret": SECRET,
        "jwk": {"kty": "RSA", "n": encoded(numbers.n), "e": encoded(numbers.e)},
        "scopes": [*(f"{GRAPH}/{name}" for name in DELEGATED), f"{GRAPH}/.default"],
    }
    command = [node, str(script), str(port), json.dumps(settings)]
    yield from (f"http://localhost:{port}" for _ in serving(command, "READY", folder))


def token(provider: str, key: dict, **changes: object) -> str:
    """An access token for a key, as a pull gets it."""
    http = Http(provider, "oidc-provider", Timeouts())
    try:
        return SignIn(key, http, GRAPH, Clock(), **changes).token()
    finally:
        http.close()


def test_an_organisation_signs_in_by_its_secret(provider):
    key = APP | {"client_id": "by-secret"}
    assert token(provider, key | {"client_secret": SECRET})
    with pytest.raises(PullProblem, match="wrong client credentials"):
        token(provider, key | {"client_secret": "Q~another"})


def test_an_organisation_signs_in_by_its_certificate(provider, private_key):
    key = APP | {"client_id": "by-certificate"}
    assert token(provider, key | certificate(key=private_key))
    another = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(PullProblem, match="wrong client credentials"):
        token(provider, key | certificate(key=another))


class Elsewhere:
    """A person who enters the code on another device, while kith waits."""

    def __init__(self, web: requests.Session, *, agrees: bool) -> None:
        self._web, self._agrees = web, agrees
        self.failed: list[BaseException] = []

    @property
    def talk(self) -> sign_in.Talk:
        return sign_in.Talk(self._show, None, str)

    def _show(self, page: str, code: str | None) -> None:
        self._enter(page.replace("https:", "http:"), code)

    def _follow(self, page: requests.Response) -> requests.Response:
        while "Location" in page.headers:
            url = requests.compat.urljoin(page.url, page.headers["Location"])
            url = url.replace("https:", "http:")
            page = self._web.get(url, timeout=20, allow_redirects=False)
        return page

    def _enter(self, page: str, code: str) -> None:
        web = self._web
        page = submit(web, web.get(page, timeout=20), user_code=code)
        page = self._follow(submit(web, page, **({} if self._agrees else {"abort": "yes"})))
        if self._agrees:
            page = self._follow(submit(web, page, login="alice", password="x"))
            self._follow(submit(web, page))


@pytest.fixture
def settings(provider: str) -> Settings:
    return Settings(microsoft={"graph_endpoint": GRAPH, "login_endpoint": provider})


def test_a_person_signs_in_by_a_code_on_another_device(provider, settings, web):
    talk = Elsewhere(web, agrees=True).talk
    key = sign_in.microsoft(settings, "person", "contoso", None, talk, device=True)
    assert key["tenant_id"] == "contoso"
    changed: list[dict] = []
    assert token(provider, key, on_key_change=changed.append)
    assert changed and changed[-1]["refresh_token"] != key["refresh_token"]
    # Its server ends every consent whose used-up refresh token comes back.
    with pytest.raises(PullProblem, match="access revoked"):
        token(provider, key)


def test_a_no_on_another_device(settings, web):
    talk = Elsewhere(web, agrees=False).talk
    with pytest.raises(PullProblem, match="not allowed"):
        sign_in.microsoft(settings, "person", "contoso", None, talk, device=True)
