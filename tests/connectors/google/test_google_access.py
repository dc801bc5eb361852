"""The way to Google: where tokens may travel, what a key is, what is kept out of logs."""

import logging
import threading
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.google import CURRENT, UNLIMITED, Endpoints, batch
from connectors.google.batch import Part
from connectors.google.keys import Key
from connectors.google.problems import MAIL
from connectors.pages import PullProblem, Stopped
from connectors.quota import Clock
from connectors.records import Mailbox
from sandbox.people import GOOGLE
from sandbox.server import Sandbox
from sandbox.world import World
from tests.connectors.google.conftest import LONG_AGO, Office, Store, account_of, office_of


@pytest.mark.parametrize(
    "url",
    [
        "http://gmail.googleapis.com",
        "http://127.0.0.1.example",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "gmail.googleapis.com",
        "",
    ],
)
def test_a_token_never_travels_for_everybody_to_read(url: str, sandbox: Sandbox, world: World):
    for name in ("gmail", "calendar", "directory"):
        with pytest.raises(ValueError, match="neither https nor on this machine"):
            Endpoints(**{name: url})
    for key in (world.google_key_file(), world.google_user_file("a@b.example")):
        with pytest.raises(PullProblem, match="unreadable key file"):
            Key(key | {"token_uri": url})


def test_batches_go_where_gmail_is():
    assert Endpoints().gmail_batch == "https://gmail.googleapis.com/batch/gmail/v1"
    assert Endpoints(gmail="http://localhost:9/").gmail_batch == "http://localhost:9/batch/gmail/v1"


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_endpoint_may_end_with_a_slash_or_not(sandbox: Sandbox, slash: str):
    url = sandbox.google_url
    endpoints = Endpoints(f"{url}{slash}", f"{url}/calendar/v3{slash}", f"{url}{slash}")
    office = office_of(sandbox, endpoints=endpoints)
    office.mail()
    office.calendar()
    office.people()
    assert {call.status for call in sandbox.log} == {200}


@pytest.mark.parametrize(
    "change",
    [
        {"type": "external_account"},
        {"type": None},
        {"private_key": "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n"},
        {"private_key": ""},
        {"private_key": None},
        {"client_email": 7},
        {"token_uri": None},
    ],
)
def test_what_is_no_key_is_told_without_its_text(
    sandbox: Sandbox, world: World, change: dict[str, Any]
):
    with pytest.raises(PullProblem, match="unreadable key file") as caught:
        Key(world.google_key_file() | change)
    assert caught.value.is_account
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_half_a_consent_is_no_key(sandbox: Sandbox, world: World):
    key = world.google_user_file("a@b.example")
    del key["refresh_token"]
    with pytest.raises(PullProblem, match="unreadable key file"):
        Key(key)


def test_a_consent_without_an_address_of_its_own_goes_to_google(sandbox: Sandbox, world: World):
    key = world.google_user_file("a@b.example")
    del key["token_uri"]
    assert Key(key).credentials(MAIL, None).token_uri == "https://oauth2.googleapis.com/token"


def test_credentials_have_the_one_scope_of_their_use(sandbox: Sandbox, world: World):
    for key in (world.google_key_file(), world.google_user_file("a@b.example")):
        assert Key(key).credentials(MAIL, "a@b.example").scopes == [MAIL.scope]


def test_no_log_holds_a_request_a_token_or_an_answer(
    office: Office, world: World, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    office.mail()
    sandbox.google.tokens.expire()
    world.disabled_apis.add("calendar")
    office.problem(office.calendar)
    ours = [one for one in caplog.records if one.name.startswith(("google", "httplib2"))]
    assert ours == []


def test_a_proxy_has_no_business_on_this_machine(office: Office, monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    office.mail()
    assert office.store.messages


@pytest.mark.parametrize("parts", [0, 51, 100])
def test_a_batch_that_google_would_refuse_is_no_quota(parts: int):
    with pytest.raises(ValueError, match="from 1 to 50"):
        replace(CURRENT, batch_parts=parts)


def test_many_mailboxes_may_be_pulled_at_once(sandbox: Sandbox, world: World):
    account = account_of(sandbox)
    boxes = [one for one in world.boxes if one.endswith(f"@{GOOGLE}")][:8]
    stores = {address: Store() for address in boxes}

    def pull(address: str) -> None:
        own = Mailbox(mailbox_id=address, provider="google", address=address)
        for page in account.mail(own, {}, stores[address].held, LONG_AGO):
            stores[address].keep(page)
        for page in account.calendar(own, {}, LONG_AGO):
            stores[address].keep(page)

    threads = [threading.Thread(target=pull, args=(address,)) for address in boxes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for address in boxes:
        alone = office_of(sandbox, address)
        alone.mail()
        alone.calendar()
        assert set(stores[address].messages) == set(alone.store.messages)
        assert set(stores[address].events) == set(alone.store.events)


def test_a_pull_that_is_told_to_stop_stores_what_it_has(sandbox: Sandbox):
    stop = threading.Event()
    office = office_of(sandbox, clock=Clock(stop), quota=replace(UNLIMITED, batch_parts=5))

    def held(ids: Any) -> set[str]:
        if len(sandbox.log) > 10:
            stop.set()
        return office.store.held(ids)

    found = office.account.mail(office.mailbox, {}, held, LONG_AGO)
    with pytest.raises(Stopped):
        for page in found:
            office.store.keep(page)
    assert 25 < len(office.store.messages) < 200
    assert "history" not in office.store.cursors["mail"]


def test_parts_of_a_batch_are_found_whatever_is_missing():
    answer = (
        b"--b\r\nContent-Type: application/http\r\nContent-ID: <response-kith+1>\r\n\r\n"
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"id":\r\n "x"}\r\n'
        b"--b\r\ncontent-id: <response-kith+0>\n\nHTTP/1.1 404 Not Found\n\n{}\n"
        b"--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}\r\n"
        b"--b\r\nContent-ID: <response-kith+2>\r\n\r\nHTTP/1.1\r\n\r\n{}\r\n"
        b"--b\r\nContent-ID: <response-kith+3>\r\n\r\nHTTP/1.1 200 O"
    )
    parts = batch.split('multipart/mixed; boundary="b"', answer)
    assert parts == {0: Part(404, b"{}\n"), 1: Part(200, b'{"id":\r\n "x"}\r\n')}
    assert batch.split("multipart/mixed; boundary=b; charset=utf-8", answer) == parts
    assert batch.split("text/html", b"<html>--b") == {}


@settings(deadline=None)
@given(st.binary())
def test_no_bytes_break_a_batch(content: bytes):
    batch.split("multipart/mixed; boundary=b", content)
    batch.split("multipart/mixed; boundary=b", b"--b\r\ncontent-id: <1>\r\n\r\n" + content)
