"""Whatever goes wrong on the way: the same records in the end, or a clear word and nothing lost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from connectors.http import Timeouts
from connectors.pages import PullProblem
from connectors.quota import ATTEMPTS, LONGEST_PAUSE_S
from sandbox.faults import Fault
from tests.connectors.microsoft.store import Store
from tests.connectors.microsoft.tenant import PATIENT, QUICK, Tenant

KINDS = {
    "throttled": {"kind": "throttle_429"},
    "throttled with seconds": {"kind": "throttle_429", "retry_after": 20},
    "throttled with a date": {
        "kind": "throttle_429",
        "retry_after": datetime(2026, 7, 1, 0, 1, tzinfo=UTC),
    },
    "unavailable": {"kind": "unavailable_503", "retry_after": 5},
    "broken": {"kind": "server_500"},
    "page of a proxy": {"kind": "html"},
    "cut in the middle": {"kind": "truncated"},
    "connection lost": {"kind": "reset"},
    "silent": {"kind": "silence"},
    "token refused": {"kind": "unauthorised_401", "path": "/v1.0/"},
}


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.microsoft.mail._SIZE", "odata.maxpagesize=90")


def pull_everything(tenant: Tenant, store: Store, timeouts: Timeouts = PATIENT) -> None:
    """Sign in, read the directory, one person's mail and calendar."""
    account = tenant.account(timeouts=timeouts)
    store.take(account.people(store.cursors))
    for what in ("mail", "calendar"):
        tenant.pull(what, tenant.quiet, store, account=account)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.usefixtures("small_pages")
def test_a_fault_at_any_call_changes_nothing_in_the_end(tenant: Tenant, name: str):
    whole = Store()
    pull_everything(tenant, whole)
    count = tenant.sandbox.calls
    assert count > 20
    for at in range(count):
        tenant.sandbox.faults[:] = [Fault(tenant.sandbox.calls + at, **KINDS[name])]
        store = Store()
        pull_everything(tenant, store, QUICK if name == "silent" else PATIENT)
        assert tenant.sandbox.faults[0].times == 0, "it never struck"
        assert store.outcome() == whole.outcome(), at


@pytest.mark.usefixtures("small_pages")
def test_a_provider_that_fails_at_every_second_call_is_read_nonetheless(tenant: Tenant):
    whole = Store()
    pull_everything(tenant, whole)
    first, count = tenant.sandbox.calls, tenant.sandbox.calls
    kinds = [one["kind"] for one in KINDS.values() if one["kind"] not in ("silence",)]
    tenant.sandbox.faults[:] = [
        Fault(first + 2 * n, kinds[n % len(kinds)], path="/v1.0/") for n in range(count)
    ]
    store = Store()
    pull_everything(tenant, store)
    assert store.outcome() == whole.outcome()


def test_retry_after_is_obeyed_to_the_second(tenant: Tenant):
    store = Store()
    for name, seconds in (("throttled with seconds", 20), ("throttled with a date", 60)):
        tenant.sandbox.faults[:] = [Fault(tenant.sandbox.calls + 4, **KINDS[name])]
        tenant.clock.waits.clear()
        tenant.pull_mail(tenant.quiet, store)
        assert tenant.clock.waits == [seconds]


@pytest.mark.parametrize(
    ("kind", "state", "calls"),
    [
        ("throttle_429", "asked too often", ATTEMPTS),
        ("unavailable_503", "fault of the provider (503)", ATTEMPTS),
        ("server_500", "fault of the provider (500)", ATTEMPTS),
        ("html", "unreadable answers", ATTEMPTS),
        ("truncated", "unreadable answers", ATTEMPTS),
        ("reset", "no answer", ATTEMPTS),
        ("silence", "no answer", ATTEMPTS),
        ("unauthorised_401", "access revoked", 2),
    ],
)
def test_a_fault_that_stays_is_a_clear_state_with_the_cursor_unmoved(
    tenant: Tenant, kind: str, state: str, calls: int
):
    account = tenant.account(timeouts=QUICK if kind == "silence" else PATIENT)
    store = Store()
    tenant.pull_mail(tenant.busy, store, account=account)
    before, cursors = store.outcome(), dict(store.cursors)
    fault = Fault(0, kind, times=1_000, path="/messages/delta")
    tenant.sandbox.faults[:] = [fault]
    with pytest.raises(PullProblem) as caught:
        tenant.pull_mail(tenant.busy, store, account=account)
    assert caught.value.state == state
    assert caught.value.cure
    assert not caught.value.is_account
    assert 1_000 - fault.times == calls
    assert (store.outcome(), store.cursors) == (before, cursors)
    tenant.sandbox.faults.clear()
    tenant.pull_mail(tenant.busy, store, account=account)
    tenant.assert_equal(tenant.busy, store)


@pytest.mark.parametrize("kind", ["throttle_429", "html", "reset", "silence"])
def test_a_sign_in_service_that_fails_concerns_the_whole_account_when_it_is_not_there(
    tenant: Tenant, kind: str
):
    tenant.sandbox.faults[:] = [Fault(0, kind, times=1_000, path="openid-configuration")]
    with pytest.raises(PullProblem) as caught:
        tenant.account(timeouts=QUICK if kind == "silence" else PATIENT).check()
    assert "sign-in service" in caught.value.cure


def test_a_host_that_is_not_there_concerns_the_whole_account(tenant: Tenant):
    account = tenant.account()
    account.check()
    tenant.sandbox.__exit__(None, None, None)
    with pytest.raises(PullProblem) as caught:
        tenant.pull_mail(tenant.busy, Store(), account=account)
    assert caught.value.state == "no answer"
    assert caught.value.is_account


def test_a_provider_that_asks_for_an_hour_is_left_to_the_next_run(tenant: Tenant):
    store = Store()
    tenant.sandbox.faults[:] = [Fault(5, "throttle_429", retry_after=LONGEST_PAUSE_S + 1)]
    with pytest.raises(PullProblem, match="asked too often"):
        tenant.pull_mail(tenant.busy, store)
    assert tenant.clock.waits == []
    tenant.pull_mail(tenant.busy, store)
    tenant.assert_equal(tenant.busy, store)


@pytest.mark.usefixtures("small_pages")
def test_a_link_to_another_host_is_refused_and_never_asked(tenant: Tenant):
    with Tenant() as foreign:
        own, other = (one.sandbox.microsoft_url.encode() for one in (tenant, foreign))
        tenant.alter("/delta", lambda body: body.replace(own, other))
        store = Store()
        with pytest.raises(PullProblem, match="foreign link"):
            tenant.pull_mail(tenant.busy, store)
        assert foreign.sandbox.calls == 0
        assert store.messages == {}
        assert store.cursors.keys() == {"mail"}


@pytest.mark.usefixtures("small_pages")
def test_relative_links_are_followed(tenant: Tenant):
    own = tenant.sandbox.microsoft_url.encode()
    tenant.alter("/delta", lambda body: body.replace(b'Link":"' + own, b'Link":"'))
    store = Store()
    tenant.pull_mail(tenant.busy, store)
    tenant.assert_equal(tenant.busy, store)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.replace(b"@odata.deltaLink", b"@odata.otherLink"),
        lambda body: body.replace(b'"value":[', b'"values":['),
        lambda body: b'{"value": {}}',
        lambda body: b'{"error": {"code": "InternalServerError"}}',
    ],
    ids=["no link", "no items", "items that are none", "an error that says it is well"],
)
def test_a_page_that_leads_nowhere_is_a_clear_state(
    tenant: Tenant, change: Callable[[bytes], bytes]
):
    tenant.alter("/delta", change)
    store = Store()
    with pytest.raises(PullProblem, match="unusable page"):
        tenant.pull_mail(tenant.busy, store)
    assert store.gone == {}
    assert store.cursors.keys() == {"mail"}


def test_a_page_that_leads_to_itself_does_not_go_round_for_ever(tenant: Tenant):
    def loop(body: bytes) -> bytes:
        head, _, tail = body.partition(b'"@odata.deltaLink":"')
        link, _, rest = tail.partition(b'"')
        return head + b'"@odata.nextLink":"' + link + b'"' + rest

    tenant.alter("/delta", loop)
    with pytest.raises(PullProblem, match="unusable page"):
        tenant.pull_mail(tenant.busy, Store())


def test_both_links_on_one_page_lose_nothing(tenant: Tenant):
    """Seen in the wild: the next page counts, its own delta link comes at the end."""
    tenant.world.graph_quirks.empty_page_share = 1.0

    def both(body: bytes) -> bytes:
        return body.replace(b'"@odata.nextLink"', b'"@odata.deltaLink":"/v1.0/x","@odata.nextLink"')

    tenant.alter("/delta", both)
    store = Store()
    tenant.pull_mail(tenant.busy, store)
    tenant.assert_equal(tenant.busy, store)


def test_a_mailbox_that_goes_while_it_is_read_is_a_clear_state(tenant: Tenant):
    store = Store()
    tenant.pull_mail(tenant.busy, store, most=2)
    tenant.world.disable_mail(tenant.busy)
    cursors = dict(store.cursors)
    with pytest.raises(PullProblem, match="no mailbox"):
        tenant.pull_mail(tenant.busy, store)
    assert store.cursors == cursors
    assert store.gone == {}


def test_the_machines_clock_is_never_asked_for_the_time_of_mail(tenant: Tenant):
    tenant.world.advance(tenant.world.now + timedelta(days=4_000))
    store = Store()
    pull_everything(tenant, store)
    assert {page.at for page in store.pages} == {tenant.world.now}
    assert {one.seen_at for one in store.people.values()} == {tenant.world.now}
