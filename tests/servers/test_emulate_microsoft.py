"""kith against emulate's Entra, which somebody else wrote: sign-in by code, secret, and refresh.

It has no device code and no certificates (test_oidc_provider.py has), and of Graph nothing that
kith reads but /me: mail, calendars, deltas and refusals of Graph are tried on the sandbox only.
"""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from connectors.http import Http, Timeouts
from connectors.microsoft.access import SignIn
from connectors.pages import PullProblem
from connectors.quota import Clock
from pipelines import sign_in
from pipelines.settings import Settings
from tests.servers.conftest import PACKAGES, free_port, serving, submit

pytestmark = pytest.mark.node

ALICE = "alice@contoso.example"
APP, PERSON, SECRET = "of-an-organisation", "of-a-person", "Q~of-nobody"


@pytest.fixture(scope="module")
def emulate(node: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address. MSAL wants https of whatever it is told; kith knows that this is not so."""
    folder, port = tmp_path_factory.mktemp("emulate"), free_port()
    back = {"redirect_uris": ["http://localhost:9/"]}
    clients = [
        {"client_id": APP, "client_secret": SECRET, "name": "kith"} | back,
        # emulate knows no public clients: this one's secret is empty, and none is sent.
        {"client_id": PERSON, "client_secret": "", "name": "kith"} | back,
    ]
    seed = {"microsoft": {"users": [{"email": ALICE, "name": "Alice"}], "oauth_clients": clients}}
    (folder / "seed.json").write_text(json.dumps(seed))
    command = [node, str(PACKAGES / "emulate" / "dist" / "index.js"), "start"]
    command += ["--service", "microsoft", "--port", str(port)]
    command += ["--seed", str(folder / "seed.json"), "--base-url", f"https://localhost:{port}"]
    yield from (f"http://localhost:{port}" for _ in serving(command, "Ready", folder))


@pytest.fixture
def settings(emulate: str) -> Settings:
    return Settings(microsoft={"graph_endpoint": emulate, "login_endpoint": emulate})


def token(emulate: str, key: dict, **changes: object) -> str:
    """An access token for a key, as a pull gets it."""
    http = Http(emulate, "emulate", Timeouts())
    try:
        return SignIn(key, http, emulate, Clock(), **changes).token()
    finally:
        http.close()


def agreeing(web: requests.Session) -> sign_in.Talk:
    """A person who chooses the account on emulate's page."""
    shown: list[str] = []

    def paste() -> str:
        return submit(web, web.get(shown[-1], timeout=20), email=ALICE).headers["Location"]

    return sign_in.Talk(lambda url, _code: shown.append(url), None, paste)


def signed_in(settings: Settings, talk: sign_in.Talk) -> dict:
    return sign_in.microsoft(settings, PERSON, "contoso", None, talk, device=False)


def test_a_person_signs_in_and_the_refresh_token_is_exchanged(emulate, settings, web):
    key = signed_in(settings, agreeing(web))
    changed: list[dict] = []
    found = token(emulate, key, on_key_change=changed.append)
    me = web.get(f"{emulate}/v1.0/me", headers={"Authorization": f"Bearer {found}"}, timeout=20)
    assert me.json()["mail"] == ALICE
    assert changed and changed[-1]["refresh_token"] != key["refresh_token"]
    assert token(emulate, changed[-1])


def test_a_stolen_code_is_worth_nothing_without_its_verifier(settings, web):
    shown: list[str] = []
    talk = agreeing(web)
    first = replace(talk, show=lambda url, code: (shown.append(url), talk.show(url, code)))
    stolen: list[str] = []
    with pytest.raises(Exception, match="copy the whole address"):
        signed_in(settings, replace(first, paste=lambda: stolen.append(talk.paste()) or "x"))

    def state(url: str) -> str:
        return url.partition("state=")[2].partition("&")[0]

    def paste() -> str:
        return stolen[0].replace(state(shown[0]), state(shown[1]))

    with pytest.raises(PullProblem, match="access revoked|sign-in refused"):
        signed_in(settings, replace(first, paste=paste))


def test_an_organisation_signs_in_by_its_secret(emulate):
    key = {"type": "app_registration", "tenant_id": "contoso", "client_id": APP}
    assert token(emulate, key | {"client_secret": SECRET})
    with pytest.raises(PullProblem, match="wrong client"):
        token(emulate, key | {"client_secret": "Q~another"})
