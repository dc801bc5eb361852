"""Who gets a token from the sandbox's Google, for what and how long."""

import base64
import hashlib
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import google.auth.crypt
import google.auth.jwt
import pytest
import requests
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request as Transport
from google.oauth2.credentials import Credentials
from google.oauth2.service_account import Credentials as ServiceAccount

from sandbox import keys
from sandbox.google.tokens import AUDIENCE, JWT_GRANT
from sandbox.people import GOOGLE, MICROSOFT
from sandbox.server import Sandbox
from sandbox.world import SCOPES
from tests.sandbox.google_client import EVENTS, MAIL, GoogleClient, refusal

PROFILE = "/gmail/v1/users/me/profile"
READONLY = "https://www.googleapis.com/auth/gmail.readonly"
LOOPBACK = "http://127.0.0.1:4711/"


@pytest.fixture
def web():
    with requests.Session() as session:
        session.trust_env = False  # never through a proxy
        yield session


@pytest.fixture
def transport(web):
    return Transport(web)


def sign(world, user: str, *scopes: str) -> ServiceAccount:
    return ServiceAccount.from_service_account_info(
        world.google_key_file(), scopes=scopes, subject=user
    )


def grant(web, sandbox: Sandbox, **form) -> tuple[int, dict]:
    answer = web.post(f"{sandbox.google_url}/token", data=form, timeout=5)
    return answer.status_code, answer.json()


def assertion(world, user: str, **changed) -> bytes:
    key = world.google_key_file()
    claims = {
        "iss": key["client_email"],
        "sub": user,
        "aud": key["token_uri"],
        "scope": MAIL,
        "iat": 1_000_000,
        "exp": 1_003_600,
    }
    signer = google.auth.crypt.RSASigner.from_service_account_info(key)
    return google.auth.jwt.encode(signer, claims | changed)


# -- the service account


def test_a_service_account_speaks_for_any_user_of_the_company(client: GoogleClient, world):
    for person in world.directory(GOOGLE)[:5]:
        profile = client.gmail(person.address).users().getProfile(userId="me").execute()
        assert profile["emailAddress"] == person.address


def test_the_clock_of_the_client_is_not_asked(web, sandbox: Sandbox, user):
    status, answer = grant(
        web, sandbox, grant_type=JWT_GRANT, assertion=assertion(sandbox.world, user)
    )
    assert (status, answer["token_type"], answer["expires_in"]) == (200, "Bearer", 3599)
    assert set(answer) == {"access_token", "token_type", "expires_in"}


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"aud": AUDIENCE}, 200, None),
        ({"aud": "https://elsewhere.example/token"}, 400, "invalid_grant"),
        ({"iss": "somebody@else.example"}, 400, "invalid_grant"),
        ({"exp": 1_003_601}, 400, "invalid_grant"),
        ({"exp": 999_999}, 400, "invalid_grant"),
        ({"exp": None}, 400, "invalid_grant"),
        ({"sub": f"nobody@{GOOGLE}"}, 400, "invalid_grant"),
        ({"scope": ""}, 400, "invalid_scope"),
        ({"scope": READONLY}, 401, "unauthorized_client"),
        ({"scope": f"{MAIL} {READONLY}"}, 401, "unauthorized_client"),
        ({"scope": " ".join(SCOPES)}, 200, None),
    ],
)
def test_every_claim_of_an_assertion_counts(web, sandbox, user, changed, status, error):
    signed = assertion(sandbox.world, user, **changed)
    got, answer = grant(web, sandbox, grant_type=JWT_GRANT, assertion=signed)
    assert (got, answer.get("error")) == (status, error)


def test_a_signature_by_another_key_or_over_another_text_is_refused(web, sandbox, user):
    head, body, signature = assertion(sandbox.world, user).decode().split(".")
    other = assertion(sandbox.world, sandbox.world.admin(GOOGLE)).decode().split(".")[1]
    for forged in (f"{head}.{other}.{signature}", f"{head}.{body}.AAAA", "nonsense", "a.b.c"):
        status, answer = grant(web, sandbox, grant_type=JWT_GRANT, assertion=forged)
        assert (status, answer["error_description"]) == (400, "Invalid JWT Signature.")


def test_the_admin_console_decides_on_scopes(transport, sandbox: Sandbox, user):
    with pytest.raises(RefreshError, match="unauthorized_client"):
        sign(sandbox.world, user, READONLY).refresh(transport)
    sandbox.world.granted_scopes.add(READONLY)
    sign(sandbox.world, user, MAIL, READONLY).refresh(transport)


def test_strangers_aliases_and_people_of_another_company_are_no_subjects(transport, sandbox):
    world = sandbox.world
    alias = next(p.aliases[0] for p in world.village.staff if p.company == GOOGLE and p.aliases)
    theirs = world.admin(MICROSOFT)
    for subject in (alias, theirs, f"all@{GOOGLE}", f"room-oak@{GOOGLE}"):
        with pytest.raises(RefreshError, match="invalid_grant"):
            sign(world, subject, MAIL).refresh(transport)


def test_a_suspended_user_gets_nothing_and_loses_what_there_was(transport, client, sandbox, user):
    token = client.token(user)
    assert client.get(PROFILE, token).status_code == 200
    sandbox.world.suspend(user)
    assert client.get(PROFILE, token).status_code == 401
    with pytest.raises(RefreshError, match="invalid_grant"):
        sign(sandbox.world, user, MAIL).refresh(transport)


def test_a_token_lives_an_hour_of_the_village(client: GoogleClient, sandbox: Sandbox, user):
    token = client.token(user)
    sandbox.world.advance(sandbox.world.now + timedelta(minutes=59))
    assert client.get(PROFILE, token).status_code == 200
    sandbox.world.advance(sandbox.world.now + timedelta(minutes=1))
    answer = client.get(PROFILE, token)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert answer.json()["error"]["errors"][0]["reason"] == "authError"


def test_the_official_client_signs_in_again_when_a_token_has_ended(client, sandbox, user):
    gmail = client.gmail(user)
    gmail.users().getProfile(userId="me").execute()
    sandbox.google.tokens.expire(user)
    gmail.users().getProfile(userId="me").execute()
    assert [call.status for call in sandbox.log] == [200, 200, 401, 200, 200]


def test_tokens_end_for_one_user_or_for_all(client, sandbox, world, user):
    other = world.admin(GOOGLE)
    own, theirs = client.token(user), client.token(other)
    sandbox.google.tokens.expire(user)
    assert [client.get(PROFILE, one).status_code for one in (own, theirs)] == [401, 200]
    sandbox.google.tokens.expire()
    assert client.get(PROFILE, theirs).status_code == 401


# -- a person


def person(key: dict[str, str]) -> Credentials:
    # from_authorized_user_info would ignore token_uri and ask Google itself.
    names = ("refresh_token", "token_uri", "client_id", "client_secret")
    return Credentials(None, **{name: key[name] for name in names})


def test_a_consent_gives_access_tokens_until_it_is_taken_back(transport, client, sandbox, user):
    credentials = person(sandbox.world.google_user_file(user))
    credentials.refresh(transport)
    assert client.get(PROFILE, credentials.token).json()["emailAddress"] == user
    events = "/calendar/v3/calendars/primary/events"
    assert client.get(events, credentials.token).json()["summary"] == user
    sandbox.google.tokens.revoke_consent(user)
    assert client.get(PROFILE, credentials.token).status_code == 401
    with pytest.raises(RefreshError, match="expired or revoked"):
        credentials.refresh(transport)


def test_a_person_leaving_ends_the_consent(transport, sandbox, user):
    credentials = person(sandbox.world.google_user_file(user))
    sandbox.world.suspend(user)
    with pytest.raises(RefreshError, match="invalid_grant"):
        credentials.refresh(transport)


@pytest.mark.parametrize("which", ["token", "refresh_token"])
def test_revoking_either_token_ends_the_consent(transport, client, sandbox, web, user, which):
    credentials = person(sandbox.world.google_user_file(user))
    credentials.refresh(transport)
    url = f"{sandbox.google_url}/revoke"
    form = {"token": getattr(credentials, which)}
    assert web.post(url, data=form, timeout=5).status_code == 200
    assert client.get(PROFILE, credentials.token).status_code == 401
    with pytest.raises(RefreshError, match="expired or revoked"):
        credentials.refresh(transport)
    again = web.post(url, data=form, timeout=5)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_token")


def test_the_client_has_to_know_its_secret(web, sandbox: Sandbox, user):
    form = sandbox.world.google_user_file(user) | {
        "grant_type": "refresh_token",
        "client_secret": "wrong",
    }
    status, answer = grant(web, sandbox, **form)
    assert (status, answer["error"]) == (401, "invalid_client")


def test_other_grants_are_unknown(web, sandbox: Sandbox):
    status, answer = grant(web, sandbox, grant_type="password")
    assert (status, answer["error"]) == (400, "unsupported_grant_type")


# -- the browser


VERIFIER = "a-verifier-of-more-than-forty-three-characters-that-nobody-guesses"


def agree(web, sandbox: Sandbox, user: str, **changed) -> requests.Response:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
    asked = {
        "client_id": keys.GOOGLE_CLIENT_ID,
        "redirect_uri": LOOPBACK,
        "response_type": "code",
        "scope": f"{MAIL} {EVENTS}",
        "state": "of-mind",
        "access_type": "offline",
        "login_hint": user,
        "code_challenge": challenge.rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    } | changed
    url = f"{sandbox.google_url}/o/oauth2/v2/auth"
    return web.get(url, params=asked, allow_redirects=False, timeout=5)


def brought_back(answer: requests.Response) -> dict[str, str]:
    location = answer.headers["Location"]
    assert location.startswith(LOOPBACK)
    return {name: value for name, (value,) in parse_qs(urlsplit(location).query).items()}


def exchange(web, sandbox: Sandbox, code: str, **changed) -> tuple[int, dict]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": LOOPBACK,
        "client_id": keys.GOOGLE_CLIENT_ID,
        "client_secret": keys.GOOGLE_CLIENT_SECRET,
        "code_verifier": VERIFIER,
    }
    return grant(web, sandbox, **(form | changed))


def test_a_code_is_exchanged_once_for_tokens_that_last(web, transport, client, sandbox, user):
    back = brought_back(agree(web, sandbox, user))
    assert (back["state"], back["scope"]) == ("of-mind", f"{MAIL} {EVENTS}")
    status, tokens = exchange(web, sandbox, back["code"])
    assert (status, set(tokens["scope"].split())) == (200, {MAIL, EVENTS})
    assert client.get(PROFILE, tokens["access_token"]).json()["emailAddress"] == user
    status, answer = exchange(web, sandbox, back["code"])
    assert (status, answer["error"]) == (400, "invalid_grant")
    key = sandbox.world.google_user_file(user) | {"refresh_token": tokens["refresh_token"]}
    credentials = person(key)
    credentials.refresh(transport)
    assert client.get(PROFILE, credentials.token).status_code == 200


def test_only_the_scopes_agreed_to_are_opened(web, client, sandbox, user):
    back = brought_back(agree(web, sandbox, user, scope=EVENTS))
    _, tokens = exchange(web, sandbox, back["code"])
    assert client.get(PROFILE, tokens["access_token"]).status_code == 403


def test_without_offline_access_there_is_no_refresh_token(web, sandbox, user):
    back = brought_back(agree(web, sandbox, user, access_type="online"))
    assert "refresh_token" not in exchange(web, sandbox, back["code"])[1]


@pytest.mark.parametrize(
    "changed",
    [{"code_verifier": "wrong"}, {"redirect_uri": "http://127.0.0.1:1/"}, {"client_secret": "x"}],
)
def test_a_code_stolen_on_its_way_is_worth_nothing(web, sandbox, user, changed):
    back = brought_back(agree(web, sandbox, user))
    assert exchange(web, sandbox, back["code"], **changed)[0] in (400, 401)


def test_somebody_unknown_refuses(web, sandbox: Sandbox):
    back = brought_back(agree(web, sandbox, "nobody@x.example"))
    assert back == {"state": "of-mind", "error": "access_denied"}


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"client_id": "another"}, 401),
        ({"redirect_uri": "https://elsewhere.example/"}, 400),
        ({"response_type": "token"}, 400),
        ({"code_challenge_method": "plain"}, 400),
    ],
)
def test_the_page_redirects_nobody_elsewhere(web, sandbox, user, changed, status):
    answer = agree(web, sandbox, user, **changed)
    assert (answer.status_code, answer.headers.get("Location")) == (status, None)


# -- what a token opens


def test_no_token_a_wrong_token_and_a_token_without_the_scope(client: GoogleClient, user):
    missing = client.get(PROFILE, None)
    assert (missing.status_code, missing.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert missing.headers["WWW-Authenticate"].startswith("Bearer realm=")
    assert client.get(PROFILE, "ya29.invented").status_code == 401
    code, reason, message = refusal(client.gmail(user, EVENTS).users().getProfile(userId="me"))
    assert (code, reason) == (403, "insufficientPermissions")
    assert message == "Request had insufficient authentication scopes."


def test_every_api_has_to_be_switched_on_in_the_project(client, sandbox, user):
    sandbox.world.disabled_apis.add("calendar")
    code, reason, message = refusal(client.calendar(user).events().list(calendarId="primary"))
    assert (code, reason) == (403, "accessNotConfigured")
    assert "Calendar API has not been used in project" in message
    client.gmail(user).users().getProfile(userId="me").execute()


def test_what_is_handed_out_says_nothing_about_its_owner(client, user):
    token = client.token(user)
    assert token.startswith("ya29.")
    assert user.partition("@")[0] not in token
    assert client.token(user) != token


def test_key_files_name_nobody_but_the_sandbox(sandbox: Sandbox, user):
    for key in (sandbox.world.google_key_file(), sandbox.world.google_user_file(user)):
        hosts = [value for value in json.dumps(key).split('"') if value.startswith("http")]
        assert hosts
        assert all(host.startswith(sandbox.google_url) for host in hosts)
