"""Ids of a mailbox compared with those held, and what deltas lost is found."""

import json
from datetime import timedelta

import pytest

from connectors.microsoft import Choices
from tests.connectors.microsoft.store import Store
from tests.connectors.microsoft.tenant import Tenant, first, kinds, letter_to

A_MONTH = timedelta(days=31)


def lose_changes(tenant: Tenant, store: Store) -> None:
    """A pull that hears nothing of a new message, two moves and a deletion."""
    address, quirks = tenant.busy, tenant.world.graph_quirks
    quirks.replay_share = 0
    tenant.pull_mail(address, store)
    for target in ("archive", "trash"):
        tenant.world.move(address, first(tenant, address), target)
    tenant.world.delete(address, first(tenant, address))
    tenant.world.deliver(letter_to(tenant, address, "lost"))
    quirks.lost_share = 1
    tenant.pull_mail(address, store)
    quirks.lost_share = 0
    tenant.pull_mail(address, store)
    assert store.live_messages() != tenant.expected(address)


def test_what_deltas_lost_is_found_when_ids_are_compared(tenant: Tenant, store: Store):
    lose_changes(tenant, store)
    tenant.world.advance(tenant.world.now + A_MONTH)
    calls = tenant.pull_mail(tenant.busy, store)
    tenant.assert_equal(tenant.busy, store)
    assert len([one for one in calls if kinds([one]) == {"message"}]) == 1
    calls = tenant.pull_mail(tenant.busy, store)
    assert len([one for one in calls if "delta" in one.path]) == len(store.cursors) - 1


def test_comparing_ids_asks_for_little_and_fetches_nothing_that_is_known_or_not_wanted(
    tenant: Tenant, store: Store
):
    since = tenant.world.now - timedelta(days=20)
    tenant.pull_mail(tenant.busy, store, since=since)
    before = store.outcome()
    tenant.world.draft(tenant.busy)
    account = tenant.account(choices=Choices(reconcile_every=timedelta(0)))
    calls = tenant.pull_mail(tenant.busy, store, since=since, account=account)
    assert kinds(calls) == {"folders", "delta"}
    begun = [one for one in calls if "delta" in one.path and "$select" in one.query]
    assert {one.query["$select"][0] for one in begun} == {
        "id,internetMessageId,receivedDateTime,isDraft"
    }
    assert store.outcome() == before


@pytest.mark.parametrize("most", [2, 3, 5, 8, 13])
def test_a_comparison_that_is_broken_off_goes_on_to_the_same_end(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch, most: int
):
    monkeypatch.setattr("connectors.microsoft.mail._IDS_SIZE", "odata.maxpagesize=60")
    lose_changes(tenant, store)
    tenant.world.advance(tenant.world.now + A_MONTH)
    for number in range(40):
        tenant.pull_mail(tenant.busy, store, most=most + number // 3)
        if store.pages[-1].is_complete:
            break
        if number < 3:  # what comes while ids are listed is no part of that listing
            tenant.world.deliver(letter_to(tenant, tenant.busy, f"meanwhile-{number}"))
            tenant.world.move(tenant.busy, first(tenant, tenant.busy), "archive")
    tenant.pull_mail(tenant.busy, store)
    tenant.assert_equal(tenant.busy, store)


def test_a_comparison_whose_link_expires_begins_again(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("connectors.microsoft.mail._IDS_SIZE", "odata.maxpagesize=60")
    lose_changes(tenant, store)
    tenant.world.advance(tenant.world.now + A_MONTH)
    tenant.pull_mail(tenant.busy, store, most=4)
    assert any(json.loads(one).get("ids_link") for one in store.cursors.values())
    tenant.world.graph_quirks.generation += 1
    tenant.pull_mail(tenant.busy, store)
    tenant.assert_equal(tenant.busy, store)
