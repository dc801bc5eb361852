"""Graph's limits: held by the sandbox, used almost whole, never overdrawn, obeyed when refused."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connectors.microsoft import PUBLISHED, UNLIMITED, Quota
from sandbox.exchange import Call
from tests.connectors.microsoft.store import Store
from tests.connectors.microsoft.tenant import Tenant


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    with Tenant() as running:
        running.sandbox.microsoft.limits.now_s = running.clock.now_s
        yield running


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.microsoft.mail._SIZE", "odata.maxpagesize=3")


def read(tenant: Tenant, quota: Quota) -> tuple[list[Call], Store]:
    account, store = tenant.account(quota=quota), Store()
    return tenant.pull_mail(tenant.busy, store, account=account), store


@pytest.mark.parametrize("most", [30, 7, 400])
def test_a_mailbox_is_asked_as_often_as_it_may_be_and_no_oftener(tenant: Tenant, most: int):
    tenant.sandbox.microsoft.limits.mailbox_requests = most
    calls, store = read(tenant, replace(UNLIMITED, mailbox_requests_per_10_minutes=most))
    assert len(calls) > 100
    assert {one.status for one in calls} <= {200, 404}
    assert (len(calls) - 1) / tenant.clock.seconds >= 0.95 * most / 600
    tenant.assert_equal(tenant.busy, store)


def test_all_mailboxes_together_are_asked_as_often_as_they_may_be(tenant: Tenant):
    tenant.sandbox.microsoft.limits.all_requests = 100
    account = tenant.account(quota=replace(UNLIMITED, account_requests_per_10_seconds=100))
    calls = [
        call
        for one in tenant.people[:4]
        for call in tenant.pull_mail(one.address, Store(), account=account)
    ]
    assert len(calls) > 200
    assert {one.status for one in calls} <= {200, 404}
    assert (len(calls) - 1) / tenant.clock.seconds >= 0.95 * 100 / 10


def test_the_directory_is_asked_for_as_many_units_as_it_gives(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sandbox.microsoft.asking.Asking.top", lambda *_: 20)
    tenant.sandbox.microsoft.limits.directory_units = 8
    tenant.world.graph_quirks.guests = 400
    account = tenant.account(quota=replace(UNLIMITED, directory_units_per_10_seconds=8))
    store = Store()
    store.take(account.people({}))
    pages = [one for one in tenant.sandbox.log if one.path == "/v1.0/users"]
    assert len(pages) > 5
    assert {one.status for one in pages} == {200}
    assert sum(one.units for one in pages) / tenant.clock.seconds >= 0.95 * 8 / 10


def test_whoever_asks_too_much_is_refused_waits_as_told_and_loses_nothing(tenant: Tenant):
    tenant.sandbox.microsoft.limits.mailbox_requests = 30
    calls, store = read(tenant, UNLIMITED)
    refused = [one for one in calls if one.status == 429]
    assert refused
    assert len(refused) < len(calls) / 10
    assert max(tenant.clock.waits) == pytest.approx(600, abs=1)
    tenant.assert_equal(tenant.busy, store)


def test_what_is_published_is_what_microsoft_publishes():
    assert PUBLISHED.mailbox_requests_per_10_minutes == 10_000
    assert PUBLISHED.mailbox_requests_at_once == 4
    assert PUBLISHED.directory_units_per_10_seconds == 3_500
