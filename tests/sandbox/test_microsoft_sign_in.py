"""MSAL itself signs in at the sandbox, in every way that kith uses, and is refused as by Entra."""

import datetime
import re
from collections.abc import Callable
from html import unescape
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
import requests

from sandbox.server import Sandbox
from tests.certificates import certificate
from tests.sandbox.microsoft_client import (
    Client,
    Loopback,
    app_token,
    confidential_app,
    person_token,
    public_app,
    scopes,
    staff,
)


def code(answer: dict) -> tuple[str, int]:
    assert answer["error_description"].startswith(f"AADSTS{answer['error_codes'][0]}: ")
    return answer["error"], answer["error_codes"][0]


def test_the_secret_opens_the_whole_directory(sandbox: Sandbox):
    assert "access_token" in app_token(sandbox)
    assert len(Client(sandbox).ok("users?$top=999")["value"]) > 50


def test_a_registered_certificate_does_too_and_another_does_not(sandbox: Sandbox):
    credential = certificate()
    app = confidential_app(sandbox, credential)
    refused = app.acquire_token_for_client([f"{sandbox.microsoft_url}/.default"])
    assert code(refused) == ("invalid_client", 700027)
    sandbox.world.tenant.certificates.append(certificate()["public_certificate"])
    sandbox.world.tenant.certificates.append(credential["public_certificate"])
    app = confidential_app(sandbox, credential)
    assert "access_token" in app.acquire_token_for_client([f"{sandbox.microsoft_url}/.default"])


@pytest.mark.parametrize(
    ("break_it", "secret", "expected"),
    [
        (lambda tenant: None, "wrong", ("invalid_client", 7000215)),
        (lambda tenant: setattr(tenant, "secret_is_over", True), None, ("invalid_client", 7000222)),
        (
            lambda tenant: setattr(tenant, "is_installed", False),
            None,
            ("unauthorized_client", 700016),
        ),
    ],
    ids=["wrong secret", "secret expired", "app not there"],
)
def test_an_app_that_may_not_is_refused(
    sandbox: Sandbox, break_it: Callable, secret: str | None, expected: tuple[str, int]
):
    break_it(sandbox.world.tenant)
    app = confidential_app(sandbox, secret or sandbox.world.tenant.secret)
    refused = app.acquire_token_for_client([f"{sandbox.microsoft_url}/.default"])
    assert code(refused) == expected


def test_an_app_asks_for_default_and_nothing_else(sandbox: Sandbox):
    app = confidential_app(sandbox, sandbox.world.tenant.secret)
    refused = app.acquire_token_for_client([f"{sandbox.microsoft_url}/Mail.ReadBasic"])
    assert code(refused) == ("invalid_scope", 1002012)


def test_a_tenant_that_is_not_there(sandbox: Sandbox):
    url = f"{sandbox.microsoft_url}/nowhere.example/v2.0/.well-known/openid-configuration"
    answer = Loopback().get(url)
    assert answer.status_code == 400
    assert code(answer.json()) == ("invalid_tenant", 90002)


def test_a_person_signs_in_with_a_refresh_token_and_gets_another(sandbox: Sandbox):
    address = staff(sandbox)[3]
    first = person_token(sandbox, address)
    assert first["id_token_claims"]["preferred_username"] == address
    assert first["expires_in"] == 3599
    again = public_app(sandbox).acquire_token_by_refresh_token(
        first["refresh_token"], scopes(sandbox)
    )
    assert again["refresh_token"] != first["refresh_token"]
    assert Client(sandbox, address).ok("me")["userPrincipalName"] == address


def test_a_revoked_sign_in_is_over(sandbox: Sandbox):
    address = staff(sandbox)[0]
    first = person_token(sandbox, address)
    for token in (
        sandbox.world.microsoft_user_file(address)["refresh_token"],
        first["refresh_token"],
    ):
        del sandbox.world.refresh_tokens[token]
        app = public_app(sandbox)
        refused = app.acquire_token_by_refresh_token(token, scopes(sandbox))
        assert code(refused) == ("invalid_grant", 50173)


def test_a_refresh_token_that_never_was(sandbox: Sandbox):
    app = public_app(sandbox)
    refused = app.acquire_token_by_refresh_token("1//0123", scopes(sandbox))
    assert code(refused) == ("invalid_grant", 9002313)


def test_a_disabled_account_gets_no_token(sandbox: Sandbox):
    address = staff(sandbox)[5]
    sandbox.world.suspend(address)
    assert code(person_token(sandbox, address)) == ("invalid_grant", 50057)


def test_without_consent_there_is_no_token(sandbox: Sandbox):
    sandbox.world.tenant.scopes.discard("Calendars.ReadBasic")
    refused = person_token(sandbox, staff(sandbox)[5])
    assert code(refused) == ("invalid_grant", 65001)
    assert refused["suberror"] == "consent_required"


def test_a_device_code_is_good_once_the_person_agreed(sandbox: Sandbox):
    address = staff(sandbox)[2]
    app = public_app(sandbox)
    flow = app.initiate_device_flow(scopes(sandbox))
    page = Loopback().get(flow["verification_uri"])
    assert f'value="{address}"' in page.text
    # A copy: MSAL warns of whoever polls twice within the interval.
    pending = app.acquire_token_by_device_flow({**flow, "expires_at": 0})
    assert code(pending) == ("authorization_pending", 70016)
    form = {"user_code": flow["user_code"], "account": address}
    assert Loopback().post(flow["verification_uri"], data=form).status_code == 200
    token = app.acquire_token_by_device_flow(flow)
    assert token["id_token_claims"]["preferred_username"] == address
    assert app.get_accounts()[0]["username"] == address
    flow.pop("latest_attempt_at")
    assert code(app.acquire_token_by_device_flow(flow)) == ("bad_verification_code", 70018)


def test_a_device_code_may_be_declined_and_expires(sandbox: Sandbox):
    app = public_app(sandbox)
    flow = app.initiate_device_flow(scopes(sandbox))
    form = {"user_code": flow["user_code"], "decline": "yes"}
    Loopback().post(flow["verification_uri"], data=form)
    assert code(app.acquire_token_by_device_flow(flow)) == ("authorization_declined", 70000)
    flow = app.initiate_device_flow(scopes(sandbox))
    sandbox.world.advance(sandbox.world.now + datetime.timedelta(minutes=16))
    assert code(app.acquire_token_by_device_flow(flow)) == ("expired_token", 70020)


def hidden(page: requests.Response) -> dict[str, str]:
    found = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in found}


def browse(flow: dict, **fields: str) -> requests.Response:
    """What the browser shows once the page's form was filled in and sent."""
    browser = Loopback()
    page = browser.get(flow["auth_uri"])
    action = urljoin(flow["auth_uri"], re.search(r'action="([^"]*)"', page.text)[1])
    return browser.post(action, data={**hidden(page), **fields}, allow_redirects=False)


def test_a_browser_brings_back_a_code_that_only_its_app_can_use(sandbox: Sandbox):
    address = staff(sandbox)[1]
    app = public_app(sandbox)
    flow = app.initiate_auth_code_flow(
        scopes(sandbox), redirect_uri="http://localhost:5000/back", response_mode="form_post"
    )
    brought = hidden(browse(flow, account=address))
    token = app.acquire_token_by_auth_code_flow(flow, brought)
    assert token["id_token_claims"]["preferred_username"] == address
    forged = {**flow, "code_verifier": "another"}
    refused = app.acquire_token_by_auth_code_flow(forged, brought)
    assert code(refused) == ("invalid_grant", 501481)


def test_a_browser_that_says_no(sandbox: Sandbox):
    app = public_app(sandbox)
    flow = app.initiate_auth_code_flow(
        scopes(sandbox), redirect_uri="http://localhost:5000/back", response_mode="form_post"
    )
    brought = hidden(browse(flow, decline="yes"))
    assert app.acquire_token_by_auth_code_flow(flow, brought)["error"] == "access_denied"


def test_an_app_that_does_not_ask_for_a_form_gets_a_redirect(sandbox: Sandbox):
    query = {
        "client_id": sandbox.world.microsoft_key_file()["client_id"],
        "redirect_uri": "http://localhost:5000/back",
        "response_type": "code",
        "state": "s",
    }
    url = f"{sandbox.microsoft_url}/common/oauth2/v2.0/authorize?{urlencode(query)}"
    answer = browse({"auth_uri": url}, account=staff(sandbox)[1])
    assert answer.status_code == 302
    assert set(dict(parse_qsl(urlsplit(answer.headers["Location"]).query))) == {"code", "state"}


def test_an_access_token_lasts_an_hour_of_the_village(sandbox: Sandbox):
    client = Client(sandbox)
    client.ok("users")
    sandbox.world.advance(sandbox.world.now + datetime.timedelta(minutes=59))
    client.ok("users")
    sandbox.world.advance(sandbox.world.now + datetime.timedelta(minutes=1))
    assert client.error("users") == (401, "InvalidAuthenticationToken")
    client.http.headers["Authorization"] = "Bearer forged"
    assert client.error("users") == (401, "InvalidAuthenticationToken")
    del client.http.headers["Authorization"]
    assert client.error("users") == (401, "InvalidAuthenticationToken")
