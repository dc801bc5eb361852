"""kith against emulate's Google, which somebody else wrote from Google's documentation.

What emulate has: OAuth with PKCE and refresh, lists, gets, threads, and a history with state. It
has no getProfile and no batches: ``Front`` stands before it, answers the first out of emulate's own
lists and takes the second apart, so neither is tried here. Nor are quota, ``fields`` (which emulate
ignores), expired histories, sync tokens and the directory.
"""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests

from connectors.google import UNLIMITED, Endpoints, GoogleAccount
from connectors.pages import PullProblem
from connectors.quota import Clock
from pipelines import sign_in
from sandbox.exchange import Answer
from sandbox.google import batch
from tests.connectors.google.conftest import LONG_AGO, Store
from tests.servers.conftest import PACKAGES, free_port, serving, submit

pytestmark = pytest.mark.node

ALICE, BOB = "alice@example.com", "bob@example.com"
MAIL = "https://www.googleapis.com/auth/gmail.metadata"
CLIENT = {"client_id": "cid.apps.googleusercontent.com", "client_secret": "GOCSPX-of-nobody"}


@pytest.fixture(scope="module")
def emulate(node: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address."""
    folder, port = tmp_path_factory.mktemp("emulate"), free_port()
    seed = {
        "tokens": {"owner": {"login": ALICE, "scopes": ["https://mail.google.com/"]}},
        "google": {
            "users": [{"email": one, "name": one} for one in (ALICE, BOB)],
            "oauth_clients": [CLIENT | {"redirect_uris": ["http://127.0.0.1:9/"]}],
        },
    }
    (folder / "seed.json").write_text(json.dumps(seed))
    command = [node, str(PACKAGES / "emulate" / "dist" / "index.js"), "start"]
    command += ["--service", "google", "--port", str(port), "--seed", str(folder / "seed.json")]
    yield from (f"http://127.0.0.1:{port}" for _ in serving(command, "Ready", folder))


class Front(ThreadingHTTPServer):
    """What emulate lacks, made of what it has."""

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.behind = behind
        self.url = f"http://127.0.0.1:{self.server_port}"

    def ask(self, path: str, authorization: str) -> requests.Response:
        with requests.Session() as web:
            web.trust_env = False
            headers = {"Authorization": authorization}
            return web.get(f"{self.behind}{path}", headers=headers, timeout=20)


class _Request(BaseHTTPRequestHandler):
    server: Front

    def do_GET(self) -> None:
        token = self.headers["Authorization"]
        if self.path.partition("?")[0] != "/gmail/v1/users/me/profile":
            found = self.server.ask(self.path, token)
            return self._send(found.status_code, found.content, "application/json")
        user = self.server.ask("/oauth2/v2/userinfo", token).json()
        history = self.server.ask("/gmail/v1/users/me/history?startHistoryId=0", token).json()
        profile = {"emailAddress": user["email"], "historyId": history["historyId"]}
        return self._send(200, json.dumps(profile).encode(), "application/json")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answers = []
        for part in batch.split(self.headers["Content-Type"], body):
            query = urlencode(part.query, doseq=True)
            found = self.server.ask(f"{part.path}?{query}", self.headers["Authorization"])
            answers.append((part, Answer(found.status_code, found.json())))
        kind = f"multipart/mixed; boundary={batch.BOUNDARY}"
        self._send(200, batch.joined(answers), kind)

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)  # with a Date, as Google's answers have
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def front(emulate: str) -> Iterator[Front]:
    with Front(emulate) as front:
        thread = threading.Thread(target=front.serve_forever)
        thread.start()
        yield front
        front.shutdown()
        thread.join()


@pytest.fixture
def client_file(emulate: str, tmp_path: Path) -> Path:
    path = tmp_path / "client.json"
    uris = {"auth_uri": f"{emulate}/o/oauth2/v2/auth", "token_uri": f"{emulate}/oauth2/token"}
    path.write_text(json.dumps({"installed": CLIENT | uris}))
    return path


def agreeing(web: requests.Session, address: str) -> tuple[sign_in.Talk, list[str]]:
    """A person who chooses an account on emulate's page, and what was shown to them."""
    shown: list[str] = []

    def paste() -> str:
        page = web.get(shown[-1], timeout=20)
        return submit(web, page, email=address).headers["Location"]

    return sign_in.Talk(lambda url, _code: shown.append(url), None, paste), shown


@pytest.fixture
def account(client_file: Path, web: requests.Session, front: Front) -> GoogleAccount:
    talk, _ = agreeing(web, ALICE)
    endpoints = Endpoints(front.url, f"{front.url}/calendar/v3/", front.url)
    key = sign_in.google(client_file, None, talk)
    return GoogleAccount(key, admin=None, endpoints=endpoints, quota=UNLIMITED, clock=Clock())


def test_a_person_signs_in_and_their_consent_is_refreshed(account: GoogleAccount):
    assert not account.is_organisation
    assert account.owner().address == ALICE  # with a token for the refresh token of the key


def test_a_stolen_code_is_worth_nothing_without_its_verifier(client_file, web):
    talk, shown = agreeing(web, ALICE)
    stolen: list[str] = []
    keep = replace(talk, paste=lambda: stolen.append(talk.paste()) or "http://127.0.0.1:9/")
    with pytest.raises(Exception, match="copy the whole address"):
        sign_in.google(client_file, None, keep)
    first_state = shown[0].partition("state=")[2].partition("&")[0]

    def paste() -> str:
        mine = shown[-1].partition("state=")[2].partition("&")[0]
        return stolen[0].replace(first_state, mine)

    with pytest.raises(PullProblem, match="sign-in not finished"):
        sign_in.google(client_file, None, replace(talk, paste=paste))


def test_a_client_that_is_unknown_is_told(client_file, web):
    contents = json.loads(client_file.read_text())
    contents["installed"]["client_secret"] = "GOCSPX-another"
    client_file.write_text(json.dumps(contents))
    talk, _ = agreeing(web, ALICE)
    with pytest.raises(PullProblem, match="unknown client"):
        sign_in.google(client_file, None, talk)


@pytest.fixture
def post(emulate: str, web: requests.Session) -> Callable[..., dict]:
    """Changes Alice's mailbox, as its owner may."""
    web.headers["Authorization"] = "Bearer owner"

    def post(path: str, method: str = "POST", **body: object) -> dict:
        url = f"{emulate}/gmail/v1/users/me/messages{path}"
        done = web.request(method, url, json=body, timeout=20)
        assert done.status_code < 300, done.text
        return done.json() if done.content else {}

    return post


def letter(number: int, answers: int | None = None, sender: str = BOB) -> str:
    """A message as Gmail takes it from somebody who inserts it."""
    lines = [
        f"From: =?UTF-8?Q?Ren=C3=A9?= <{sender}>",
        f"To: Team: {ALICE}, carol@example.org;, dan@example.net",
        "Subject: a secret",
        f"Message-ID: <{number}@example.com>",
        f"Date: Wed, 01 Jul 2026 10:{number:02}:00 +0000",
    ]
    if answers is not None:
        lines += [f"In-Reply-To: <{answers}@example.com>", f"References: <{answers}@example.com>"]
    text = "\r\n".join([*lines, "", "the body"])
    return base64.urlsafe_b64encode(text.encode()).decode()


def test_a_mailbox_is_read_and_then_only_what_changed(account, post, front):
    inserted = [post("", raw=letter(number), labelIds=["INBOX"]) for number in range(1, 13)]
    sent = post("", raw=letter(20, 1, ALICE), labelIds=["SENT"], threadId=inserted[0]["threadId"])
    ids = [one["id"] for one in (*inserted, sent)]
    store = Store()

    def pull() -> None:
        mailbox = account.owner()
        for page in account.mail(mailbox, dict(store.cursors), store.held, LONG_AGO):
            store.keep(page)

    pull()
    assert store.alive() == set(ids)
    first = store.messages[ids[0]]
    assert first.author.address == BOB and first.author.name == "René"
    assert {one.address for one in first.to} == {
        ALICE,
        "carol@example.org",
        "dan@example.net",
    }
    assert first.sent_at == datetime(2026, 7, 1, 10, 1, tzinfo=UTC)
    assert store.folders_of(sent["id"]) == {"sent"}
    assert "secret" not in repr(store.messages) and "the body" not in repr(store.messages)

    new = post("", raw=letter(30), labelIds=["INBOX"])
    post(f"/{ids[1]}", "DELETE")
    post(f"/{ids[2]}/modify", removeLabelIds=["INBOX"], addLabelIds=["STARRED"])
    post(f"/{ids[3]}/trash")
    pull()
    assert new["id"] in store.alive()
    assert ids[1] not in store.alive()
    assert store.folders_of(ids[2]) == set()
    assert store.folders_of(ids[3]) == {"trash"}
    # emulate's places in the history have 21 digits, beyond any integer of a database.
    assert len(json.loads(store.cursors["mail"])["history"]) > 20
