"""Pulls of mail whose sync state is lost, whose links expire, that are broken off and go on."""

from datetime import timedelta

import pytest

from connectors.pages import Page, PullProblem
from tests.connectors.microsoft.store import Store
from tests.connectors.microsoft.tenant import SINCE, Tenant, first, kinds, letter_to


@pytest.mark.parametrize("answer", ["location", "gone", "bad_request"])
def test_a_lost_sync_state_lists_the_folders_again_and_finds_what_went_missing(
    tenant: Tenant, store: Store, answer: str
):
    address, world = tenant.busy, tenant.world
    tenant.pull_mail(address, store)
    seen_at = world.now
    world.advance(world.now + timedelta(days=40))
    for place in range(4):
        world.delete(address, first(tenant, address, place=place))
    world.move(address, first(tenant, address), "archive")
    world.deliver(letter_to(tenant, address, "meanwhile"))
    world.graph_quirks.generation += 1
    world.graph_quirks.expired_answer = answer
    calls = tenant.pull_mail(address, store)
    assert "message" not in kinds(calls)
    tenant.assert_equal(address, store)
    # Nobody knows when they went, only when they were seen last.
    assert set(store.gone.values()) == {seen_at}
    assert kinds(tenant.pull_mail(address, store)) == {"folders", "delta"}
    tenant.assert_equal(address, store)


@pytest.mark.usefixtures("small_pages")
def test_a_state_that_is_lost_again_at_once_ends_loudly_and_loses_nothing(
    tenant: Tenant, store: Store
):
    address, quirks = tenant.busy, tenant.world.graph_quirks
    tenant.pull_mail(address, store)
    inbox, before = f"mail:{tenant.ids(address).folder('inbox')}", dict(store.cursors)

    class Restless(Store):
        def _store(self, page: Page) -> None:
            super()._store(page)
            quirks.generation += page.stream == inbox

    store.__class__ = Restless
    quirks.generation += 1
    with pytest.raises(PullProblem, match="sync state lost again"):
        tenant.pull_mail(address, store)
    assert [name for name in before if store.cursors[name] != before[name]] == [inbox]
    assert store.gone == {}
    store.__class__ = Store
    tenant.pull_mail(address, store)
    tenant.assert_equal(address, store)


@pytest.mark.usefixtures("small_pages")
def test_a_listing_that_is_lost_half_way_begins_anew_and_forgets_what_it_saw(
    tenant: Tenant, store: Store
):
    address, world = tenant.busy, tenant.world
    tenant.pull_mail(address, store)
    seen_at = world.now
    world.advance(seen_at + timedelta(days=1))
    world.graph_quirks.generation += 1
    tenant.pull_mail(address, store, most=3)
    assert not any(page.sweep for page in store.pages)
    world.advance(seen_at + timedelta(days=2))
    listed = first(tenant, address, place=-3)
    world.delete(address, listed)
    world.graph_quirks.generation += 1
    tenant.pull_mail(address, store)
    tenant.assert_equal(address, store)
    assert store.gone == {tenant.ids(address).message(listed, None): seen_at}


@pytest.mark.usefixtures("small_pages")
def test_a_listing_that_is_broken_off_still_knows_when_the_folder_was_seen_before(
    tenant: Tenant, store: Store
):
    address, world = tenant.busy, tenant.world
    tenant.pull_mail(address, store)
    seen_at, deleted = world.now, first(tenant, address, place=150)
    world.advance(seen_at + timedelta(days=1))
    world.delete(address, deleted)
    world.graph_quirks.generation += 1
    tenant.pull_mail(address, store, most=3)
    world.advance(seen_at + timedelta(days=2))
    tenant.pull_mail(address, store)
    tenant.assert_equal(address, store)
    assert store.gone == {tenant.ids(address).message(deleted, None): seen_at}


@pytest.mark.parametrize("most", range(1, 12))
@pytest.mark.parametrize("is_listing", [False, True])
@pytest.mark.usefixtures("small_pages")
def test_a_pull_that_ends_after_any_page_goes_on_to_the_same_end(
    tenant: Tenant, store: Store, most: int, is_listing: bool
):
    address = tenant.busy
    if is_listing:
        tenant.pull_mail(address, store)
        for place in (0, 40, 90):
            tenant.world.delete(address, first(tenant, address, place=place))
        tenant.world.graph_quirks.generation += 1
    tenant.pull_mail(address, store, most=most)
    tenant.world.deliver(letter_to(tenant, address, "between"))
    tenant.world.move(address, first(tenant, address, place=7), "archive")
    tenant.pull_mail(address, store)
    tenant.assert_equal(address, store)


@pytest.mark.parametrize("most", range(2, 9, 2))
@pytest.mark.usefixtures("small_pages")
def test_what_happens_between_two_pages_of_the_first_walk_is_not_lost(
    tenant: Tenant, store: Store, most: int
):
    pages = tenant.account().mail(tenant.mailbox(tenant.busy), {}, store.held, SINCE)
    store.take(pages, most)
    tenant.world.deliver(letter_to(tenant, tenant.busy, "meanwhile"))
    for target in ("archive", "trash", "a-project"):
        tenant.world.move(tenant.busy, first(tenant, tenant.busy, place=3), target)
        tenant.world.move(tenant.busy, first(tenant, tenant.busy, place=-1), target)
    tenant.world.delete(tenant.busy, first(tenant, tenant.busy, place=5))
    store.take(pages)
    tenant.pull_mail(tenant.busy, store)
    tenant.assert_equal(tenant.busy, store)


@pytest.mark.usefixtures("small_pages")
def test_pages_are_fetched_once_however_often_a_pull_is_broken_off(tenant: Tenant, store: Store):
    quirks = tenant.world.graph_quirks
    quirks.repeat_share = quirks.replay_share = 0
    whole = Store()
    tenant.pull_mail(tenant.busy, whole)
    records = sum(len(page.records) for page in whole.pages)
    for most in range(1, 30):
        tenant.pull_mail(tenant.busy, store, most=most)
    assert store.pages[-1].is_complete
    assert sum(len(page.records) for page in store.pages) == records
    assert store.outcome() == whole.outcome()


@pytest.mark.usefixtures("small_pages")
def test_a_link_that_expires_in_the_first_pull_begins_the_folder_again(
    tenant: Tenant, store: Store
):
    address = tenant.busy
    tenant.pull_mail(address, store, most=3)
    newest = max(store.messages.values(), key=lambda one: one.sent_at)
    number = next(
        one.number for one in tenant.kept(address) if tenant.id(address, one) == newest.message_id
    )
    tenant.world.delete(address, number)
    tenant.world.graph_quirks.generation += 1
    tenant.pull_mail(address, store)
    tenant.assert_equal(address, store)
    assert newest.message_id in store.gone
