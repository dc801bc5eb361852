"""Signing in at the local Entra: keys, tokens, what it refuses, and what is never told."""

import datetime
import json
import logging
import threading
import traceback
from collections.abc import Callable
from typing import Any

import msal
import pytest

from connectors.http import Http
from connectors.microsoft import UNLIMITED, Endpoints, MicrosoftAccount
from connectors.microsoft.access import SignIn
from connectors.pages import PullProblem, Stopped
from connectors.quota import Clock, Later
from sandbox.exchange import Answer, Request
from sandbox.faults import Fault
from tests.certificates import certificate
from tests.connectors.microsoft.store import Store
from tests.connectors.microsoft.tenant import QUICK, SINCE, Tenant, problem


def token_calls(tenant: Tenant) -> int:
    return sum(one.path.endswith("/token") for one in tenant.sandbox.log)


def test_a_secret_opens_mail_calendars_and_people(tenant: Tenant):
    account = tenant.account()
    assert account.is_organisation
    assert account.provider == "microsoft"
    assert account.owner() is None
    account.check()


def test_a_certificate_does_too(tenant: Tenant):
    pair = certificate()
    tenant.world.tenant.certificates.append(pair["public_certificate"])
    key = tenant.world.microsoft_key_file() | pair
    del key["client_secret"]
    tenant.account(key).check()


def test_one_person_reads_the_own_mail_calendar_and_entry(tenant: Tenant):
    account = tenant.account(tenant.world.microsoft_user_file(tenant.busy))
    assert not account.is_organisation
    account.check()
    owner = account.owner()
    assert owner == tenant.mailbox(tenant.busy)
    store = Store()
    tenant.pull_mail(tenant.busy, store, account=account)
    tenant.assert_equal(tenant.busy, store)
    tenant.pull("calendar", tenant.busy, store, account=account)
    assert store.live_events() == tenant.expected_events(tenant.busy)
    store.take(account.people({}))
    [person] = store.people.values()
    assert person.address == tenant.busy
    assert person.is_active
    assert not any(page.sweep for page in store.pages if page.stream == "directory")
    graph = [one.path for one in tenant.sandbox.log if one.path.startswith("/v1.0")]
    assert all("/me" in path for path in graph)


def test_one_token_serves_a_whole_pull_of_many(tenant: Tenant):
    account = tenant.account()
    for one in tenant.people[:5]:
        tenant.pull_mail(one.address, Store(), account=account)
    assert token_calls(tenant) == 1


def test_a_token_is_renewed_before_it_ends(tenant: Tenant):
    account = tenant.account()
    account.check()
    tenant.clock.seconds += 3_200
    account.check()
    assert token_calls(tenant) == 1
    tenant.clock.seconds += 200
    account.check()
    assert token_calls(tenant) == 2


@pytest.mark.parametrize("is_person", [False, True])
def test_a_token_that_ended_early_is_renewed_and_nothing_is_lost(tenant: Tenant, is_person: bool):
    """The provider's clock says when a token is over, whatever this machine's says."""
    key = tenant.world.microsoft_user_file(tenant.busy) if is_person else None
    account, store = tenant.account(key), Store()
    tenant.pull_mail(tenant.busy, store, account=account, most=2)
    tenant.world.advance(tenant.world.now + datetime.timedelta(hours=2))
    calls = tenant.pull_mail(tenant.busy, store, account=account)
    assert [one.status for one in calls].count(401) == 1
    assert token_calls(tenant) == 2
    tenant.assert_equal(tenant.busy, store)


def test_a_replaced_refresh_token_is_handed_over_whole_before_it_is_needed(tenant: Tenant):
    key = tenant.world.microsoft_user_file(tenant.busy)
    stored: list[dict] = []
    account = tenant.account(key, on_key_change=stored.append)
    account.check()
    assert [one | {"refresh_token": ""} for one in stored] == [key | {"refresh_token": ""}]
    assert stored[0]["refresh_token"] != key["refresh_token"]
    # The old one is used up: only who stored the new one gets on.
    del tenant.world.refresh_tokens[key["refresh_token"]]
    tenant.world.advance(tenant.world.now + datetime.timedelta(hours=2))
    account.check()
    assert len(stored) == 2
    tenant.account(stored[-1]).check()
    assert problem(tenant.account(key).check).state == "access revoked"


def test_an_app_has_no_refresh_token_to_hand_over(tenant: Tenant):
    stored: list[dict] = []
    tenant.account(on_key_change=stored.append).check()
    assert stored == []


def without(name: str) -> Callable[[dict], dict]:
    return lambda key: {field: value for field, value in key.items() if field != name}


@pytest.mark.parametrize(
    "change",
    [
        without("type"),
        without("tenant_id"),
        without("client_id"),
        without("client_secret"),
        lambda key: key | {"type": "service_account"},
        lambda key: key | {"client_secret": ""},
        lambda key: key | {"client_id": 7},
        lambda key: key | {"tenant_id": "../other"},
        lambda key: key | {"tenant_id": "a/b?c"},
        lambda key: key | {"private_key": "x"},
        lambda key: key | {"type": ["user"]},
        lambda key: {},
    ],
)
def test_a_key_that_is_none_is_refused_before_anything_is_asked(
    tenant: Tenant, change: Callable[[dict], dict]
):
    key = change(tenant.world.microsoft_key_file())
    found = problem(lambda: tenant.account(key))
    assert found.state == "unusable key"
    assert found.is_account
    assert tenant.sandbox.log == []


@pytest.mark.parametrize("part", ["private_key", "public_certificate"])
def test_a_certificate_that_is_none_is_an_unusable_key(tenant: Tenant, part: str):
    pair = certificate()
    tenant.world.tenant.certificates.append(pair["public_certificate"])
    broken = "-----BEGIN NONSENSE-----\nSECRET\n-----END NONSENSE-----\n"
    key = tenant.world.microsoft_key_file() | pair | {part: broken}
    found = problem(tenant.account(key).check)
    assert found.state == "unusable key"
    assert "SECRET" not in "".join(traceback.format_exception(found))


def test_nothing_but_https_leaves_this_machine(tenant: Tenant):
    for endpoints in (Endpoints(login="http://login.example"), Endpoints("http://graph.example")):
        with pytest.raises(PullProblem, match="unsafe endpoint"):
            MicrosoftAccount(
                tenant.world.microsoft_key_file(),
                endpoints=endpoints,
                quota=UNLIMITED,
                clock=tenant.clock,
            )


def app_key(**changes: str) -> Callable[[Tenant], dict]:
    return lambda tenant: tenant.world.microsoft_key_file() | changes


def set_tenant(name: str, value: Any) -> Callable[[Tenant], dict]:
    def change(tenant: Tenant) -> dict:
        setattr(tenant.world.tenant, name, value)
        return tenant.world.microsoft_key_file()

    return change


def unknown_certificate(tenant: Tenant) -> dict:
    return tenant.world.microsoft_key_file() | certificate()


def person_after(change: Callable[[Tenant, dict], object]) -> Callable[[Tenant], dict]:
    def key(tenant: Tenant) -> dict:
        found = tenant.world.microsoft_user_file(tenant.busy)
        change(tenant, found)
        return found

    return key


@pytest.mark.parametrize(
    ("make", "state"),
    [
        (app_key(client_secret="Q~wr0ng"), "wrong client secret"),
        (set_tenant("secret_is_over", True), "client secret expired"),
        (set_tenant("is_installed", False), "unknown app registration"),
        (app_key(client_id="00000000-0000-0000-0000-000000000000"), "unknown app registration"),
        (app_key(tenant_id="nowhere.example"), "unknown tenant"),
        (unknown_certificate, "wrong certificate"),
        (
            person_after(lambda t, key: t.world.refresh_tokens.pop(key["refresh_token"])),
            "access revoked",
        ),
        (person_after(lambda t, key: key.update(refresh_token="1//0")), "access revoked"),
        (person_after(lambda t, _: t.world.suspend(t.busy)), "account disabled"),
        (
            person_after(lambda t, _: t.world.tenant.scopes.discard("Mail.ReadBasic")),
            "consent missing",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_refused_sign_in_says_so_at_once_for_the_whole_account(
    tenant: Tenant, make: Callable[[Tenant], dict], state: str
):
    key = make(tenant)
    found = problem(tenant.account(key).check)
    assert found.state == state
    assert found.is_account
    assert tenant.clock.waits == []
    assert not any(one.path.startswith("/v1.0") for one in tenant.sandbox.log)
    told = "".join(traceback.format_exception(found))
    for secret in ("client_secret", "refresh_token", "client_id"):
        assert key.get(secret, "none such") not in told
    assert tenant.sandbox.microsoft_url not in told


def test_whoever_waits_for_the_sign_in_of_another_shares_its_failure(tenant: Tenant):
    """Two hundred threads would wait out a silent host one after the other."""
    tenant.sandbox.faults.append(Fault(0, "silence", times=100))
    http = Http(tenant.sandbox.microsoft_url, "Somebody", QUICK)
    sign_in = SignIn(tenant.world.microsoft_key_file(), http, "https://graph.example", Clock())
    ready, failed = threading.Barrier(12), []

    def ask() -> None:
        ready.wait()
        try:
            sign_in.token()
        except Later as later:
            failed.append(later.problem.state)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    http.close()
    assert failed == ["no answer"] * 12
    assert tenant.sandbox.calls <= 3


def test_many_threads_need_one_token(tenant: Tenant):
    account, failed = tenant.account(), []

    def pull(address: str) -> None:
        store = Store()
        tenant.pull_mail(address, store, account=account)
        if store.live_messages() != tenant.expected(address):
            failed.append(address)

    threads = [threading.Thread(target=pull, args=(one.address,)) for one in tenant.people[:12]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert token_calls(tenant) == 1


def test_a_pull_that_is_to_stop_stops(tenant: Tenant):
    store = Store()
    pages = tenant.account().mail(tenant.mailbox(tenant.busy), {}, store.held, SINCE)
    store.take(pages, 2)
    tenant.clock.stop.set()
    with pytest.raises(Stopped):
        next(pages)
    calls = tenant.sandbox.calls
    with pytest.raises(Stopped):
        tenant.pull_mail(tenant.busy, store)
    assert tenant.sandbox.calls == calls


def test_no_secret_stands_in_the_log_whatever_goes_wrong(
    tenant: Tenant, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    key = tenant.world.microsoft_user_file(tenant.busy)
    kinds = ("truncated", "html", "reset", "server_500")
    tenant.sandbox.faults += [Fault(3 * at, kind) for at, kind in enumerate(kinds * 2)]
    stored: list[dict] = []
    account = tenant.account(key, on_key_change=stored.append)
    tenant.pull_mail(tenant.busy, Store(), account=account)
    assert caplog.text
    for secret in (
        key["refresh_token"],
        stored[-1]["refresh_token"],
        account._sign_in._token,
        tenant.busy,
        "deltatoken",
    ):
        assert secret not in caplog.text


def test_msal_tells_nothing_about_itself_and_this_machine(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
):
    seen: list[dict[str, str]] = []
    vendor, answer = tenant.sandbox.microsoft, tenant.sandbox.microsoft.answer

    def written_down(request: Request) -> Answer:
        seen.append(request.headers)
        return answer(request)

    monkeypatch.setattr(vendor, "answer", written_down)
    tenant.account().check()
    assert msal.__version__ not in json.dumps(seen)
    names = {name for headers in seen for name in headers}
    assert not any(name.startswith(("x-client", "x-ms", "x-app")) for name in names)
