"""A person signs in at either provider: in a browser, by a pasted address, by a code."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from connectors.loopback import Listener
from connectors.pages import PullProblem
from connectors.quota import Clock
from pipelines import accounts, pseudonym_key, sign_in
from pipelines.accounts import AccountError
from pipelines.settings import Settings
from sandbox import keys
from sandbox.faults import Fault
from sandbox.people import GOOGLE, MICROSOFT
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World
from tests.pipelines.killing import KEY
from tests.pipelines.small_world import SmallWorld
from tests.pipelines.test_cli import kith

BOTH = pytest.mark.parametrize("provider", ["google", "microsoft"])


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(World(Village(months=1), datetime(2026, 6, 24, 8, tzinfo=UTC))) as sandbox:
        yield sandbox


@pytest.fixture
def people(sandbox: Sandbox) -> dict[str, str]:
    staff = sandbox.world.village.staff
    company = {"google": GOOGLE, "microsoft": MICROSOFT}
    return {
        provider: [one.address for one in staff if one.company == company[provider]][3]
        for provider in company
    }


@pytest.fixture
def settings(sandbox: Sandbox, tmp_path: Path) -> Settings:
    settings = Settings(data=tmp_path / "data", **SmallWorld("google", sandbox, ()).settings)
    pseudonym_key.write(settings, KEY)
    return settings


@pytest.fixture
def web() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False  # never through a proxy
        yield session


class Person:
    """Somebody before a browser: what a Talk needs.

    changed  fields of the page's address that they change on the way
    """

    def __init__(
        self, web: requests.Session, address: str, *, agrees: bool = True, **changed: str
    ) -> None:
        self._web, self._address, self._agrees, self._changed = web, address, agrees, changed
        self.shown: list[tuple[str, str | None]] = []
        self.browser: threading.Thread | None = None

    @property
    def here(self) -> sign_in.Talk:
        """With a browser on this machine."""
        return sign_in.Talk(self._show, self._open, self._never)

    @property
    def elsewhere(self) -> sign_in.Talk:
        """With a browser somewhere else."""
        return sign_in.Talk(self._show, None, lambda: self._end(self.shown[-1][0]))

    def _never(self) -> str:
        raise AssertionError("nothing is to be pasted")

    def _show(self, address: str, code: str | None) -> None:
        self.shown.append((address, code))
        if code is not None:
            said = {"account": self._address} if self._agrees else {"decline": "yes"}
            self._web.post(address, data={"user_code": code} | said, timeout=10)

    def _open(self, address: str) -> None:
        def look() -> None:
            end = self._end(address)
            with Listener() as other:  # somebody else's answer comes first, and is passed over
                stray = urlsplit(end)._replace(query=urlencode({"state": other.state, "code": "x"}))
            assert self._web.get(stray.geturl(), timeout=10).status_code == 404
            assert self._web.get(end, timeout=10).status_code == 200

        self.browser = threading.Thread(target=look)
        self.browser.start()

    def _end(self, address: str) -> str:
        """Where the browser is sent after the page."""
        page = urlsplit(address)
        asked = {name: values[-1] for name, values in parse_qs(page.query).items()} | self._changed
        if "oauth2/v2.0/authorize" in page.path:
            said = {"account": self._address} if self._agrees else {"decline": "yes"}
            answer = self._web.post(
                page._replace(query="").geturl(),
                data=asked | said,
                timeout=10,
                allow_redirects=False,
            )
        else:
            asked["login_hint"] = self._address if self._agrees else "nobody@example.org"
            url = page._replace(query=urlencode(asked)).geturl()
            answer = self._web.get(url, timeout=10, allow_redirects=False)
        return answer.headers["Location"]


@pytest.fixture
def enter(sandbox: Sandbox, settings: Settings, tmp_path: Path):
    """Signs somebody in; the key."""
    file = tmp_path / "client.json"
    client = {
        "client_id": keys.GOOGLE_CLIENT_ID,
        "client_secret": keys.GOOGLE_CLIENT_SECRET,
        "auth_uri": f"{sandbox.google_url}/o/oauth2/v2/auth",
        "token_uri": f"{sandbox.google_url}/token",
    }
    file.write_text(json.dumps({"installed": client}))

    def enter(provider: str, talk: sign_in.Talk, *, device: bool = False) -> dict:
        if provider == "google":
            return sign_in.google(file, None, talk)
        return sign_in.microsoft(
            settings, keys.MICROSOFT_CLIENT_ID, "common", None, talk, device=device
        )

    return enter


@BOTH
@pytest.mark.parametrize("way", ["here", "elsewhere"])
def test_whoever_agrees_is_connected(provider, way, enter, people, web, settings):
    person = Person(web, people[provider])
    key = enter(provider, getattr(person, way))
    account = accounts.connect(settings, provider, key, None)
    assert not account.is_organisation
    assert account.open(settings, Clock()).owner().address == people[provider]
    if person.browser:
        person.browser.join()


def test_a_code_is_entered_on_another_device(enter, people, web, settings):
    person = Person(web, people["microsoft"])
    key = enter("microsoft", person.elsewhere, device=True)
    ((page, code),) = person.shown
    assert page.endswith("/devicelogin") and code
    account = accounts.connect(settings, "microsoft", key, None)
    assert account.open(settings, Clock()).owner().address == people["microsoft"]


@BOTH
@pytest.mark.parametrize("way", ["here", "elsewhere"])
def test_whoever_says_no_is_not_connected(provider, way, enter, people, web):
    person = Person(web, people[provider], agrees=False)
    with pytest.raises(PullProblem, match="not allowed"):
        enter(provider, getattr(person, way))


def test_a_no_on_another_device(enter, people, web):
    person = Person(web, people["microsoft"], agrees=False)
    with pytest.raises(PullProblem, match="not allowed"):
        enter("microsoft", person.elsewhere, device=True)


def test_a_box_that_was_not_ticked_is_named(enter, people, web):
    mail = "https://www.googleapis.com/auth/gmail.metadata"
    with pytest.raises(PullProblem, match=r"tick the box that allows calendar\.events\.readonly"):
        enter("google", Person(web, people["google"], scope=mail).elsewhere)


def test_what_is_asked_for_is_no_more_than_needed(enter, people, web):
    person = Person(web, people["google"])
    enter("google", person.elsewhere)
    asked = parse_qs(urlsplit(person.shown[0][0]).query)
    names = {scope.rpartition("/")[2] for scope in asked["scope"][0].split()}
    assert names == {"gmail.metadata", "calendar.events.readonly"}
    assert asked["code_challenge_method"] == ["S256"]
    assert "client_secret" not in asked


@BOTH
def test_a_code_that_was_stolen_is_worth_nothing_to_another_sign_in(provider, enter, people, web):
    """The verifier of the sign-in that asked is not in the answer."""
    stolen = []
    first = Person(web, people[provider])
    keep = replace(
        first.elsewhere, paste=lambda: stolen.append(first._end(first.shown[-1][0])) or stolen[0]
    )
    assert enter(provider, keep)["refresh_token"]
    second = Person(web, people[provider])

    def paste() -> str:
        mine = parse_qs(urlsplit(second.shown[-1][0]).query)["state"][0]
        fresh = parse_qs(urlsplit(first._end(first.shown[-1][0])).query)["code"][0]
        return f"http://localhost:9/?{urlencode({'state': mine, 'code': fresh})}"

    with pytest.raises(PullProblem):
        enter(provider, replace(second.elsewhere, paste=paste))


def test_an_address_that_is_none_is_refused(enter, people, web):
    talk = replace(Person(web, people["google"]).elsewhere, paste=lambda: "https://example.org/")
    with pytest.raises(AccountError, match="copy the whole address"):
        enter("google", talk)


def test_nobody_is_waited_for_for_ever(enter, monkeypatch):
    monkeypatch.setattr(sign_in, "PATIENCE_S", 0.0)
    talk = sign_in.Talk(lambda _address, _code: None, lambda _: None, lambda: "")
    with pytest.raises(AccountError, match="nobody signed in"):
        enter("google", talk)


@pytest.mark.parametrize(
    ("contents", "state"),
    [
        ({"web": {"client_id": "x"}}, "wrong type of OAuth client"),
        ({"type": "service_account"}, "no OAuth client"),
        ({"installed": {"client_id": "x"}}, "no OAuth client"),
    ],
)
def test_a_file_that_is_no_client_is_refused_before_anything_is_asked(contents, state, tmp_path):
    file = tmp_path / "client.json"
    file.write_text(json.dumps(contents))
    with pytest.raises(PullProblem, match=state):
        sign_in.google(file, None, sign_in.Talk(None, None, None))


def test_the_listener_is_open_to_this_machine_only():
    with Listener() as listener:
        assert listener._server.server_address[0] == "127.0.0.1"


def test_a_service_account_without_a_key_needs_no_place_for_secrets(
    settings, sandbox, tmp_path, monkeypatch
):
    token, config = tmp_path / "token", tmp_path / "workload.json"
    token.write_text(keys.WORKLOAD_TOKEN)
    config.write_text(json.dumps(keys.workload(sandbox.google_url, str(token))))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(config))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    strict = settings.model_copy(update={"secrets": None})
    key, admin = accounts.keyless(keys.SERVICE_ACCOUNT), sandbox.world.admin(GOOGLE)
    account = accounts.connect(strict, "google", key, admin)
    assert account.account_id == f"google-{GOOGLE}" and account.is_organisation
    assert {one.address for one in account.directory(strict)} >= {admin}
    assert not accounts.store(strict).wants_passphrase()


def test_a_service_account_is_named_as_google_names_it():
    with pytest.raises(AccountError, match=r"kith@project\.iam\.gserviceaccount\.com"):
        accounts.keyless("ann@example.org")


@pytest.mark.parametrize(
    "words",
    [
        ("google",),
        ("google", "--client-id", "x"),
        ("microsoft", "--service-account", "x"),
        ("google", "--key-file", "x.json", "--client", "y.json"),
        ("google", "--client", "x.json", "--device"),
    ],
)
def test_ways_that_do_not_go_together_are_wrong_usage(words, tmp_path):
    done = kith(tmp_path, "connect", *words)
    assert done.returncode == 2, done.stderr
    said = " ".join(done.stderr.replace("│", " ").split())
    assert "to sign in as one person" in said or "--device is for --client-id" in said


@BOTH
def test_a_sign_in_service_that_fails_is_told_with_its_cure(provider, enter, people, web, sandbox):
    talk = Person(web, people[provider]).elsewhere

    def paste() -> str:
        end = talk.paste()
        sandbox.faults[:] = [Fault(at=sandbox.calls, kind="unavailable_503")]
        return end

    with pytest.raises(PullProblem, match="run kith again later"):
        enter(provider, replace(talk, paste=paste))
    assert sandbox.faults.pop().times == 0


@pytest.mark.parametrize("name", ["auth_uri", "token_uri"])
def test_a_client_that_leads_elsewhere_is_refused(name, tmp_path):
    client = {"client_id": "x", "client_secret": "y", name: "file:///etc/passwd"}
    file = tmp_path / "client.json"
    file.write_text(json.dumps({"installed": client}))
    with pytest.raises(PullProblem, match="unsafe endpoint"):
        sign_in.google(file, None, sign_in.Talk(None, None, None))


def test_a_tenant_that_can_be_none_is_refused_before_anything_is_asked(settings):
    with pytest.raises(PullProblem, match="unknown tenant"):
        sign_in.microsoft(
            settings, "x", "../evil", None, sign_in.Talk(None, None, None), device=False
        )
