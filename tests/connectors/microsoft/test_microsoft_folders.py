"""Folders of mail that vanish, come in pages, are hidden."""

from datetime import timedelta

import pytest

from connectors.microsoft import Choices
from connectors.pages import Page
from tests.connectors.microsoft.store import Store
from tests.connectors.microsoft.tenant import Tenant, first


def test_a_folder_that_vanishes_takes_along_what_lay_in_it(tenant: Tenant, store: Store):
    address, box = tenant.busy, tenant.world.boxes[tenant.busy]
    inside = [first(tenant, address, place=place) for place in range(3)]
    for number in inside:
        tenant.world.move(address, number, "old/project")
    tenant.pull_mail(address, store)
    assert f"mail:{tenant.ids(address).folder('old/project')}" in store.cursors
    seen_at = tenant.world.now
    tenant.world.advance(seen_at + timedelta(days=2))
    tenant.world.move(address, inside[0], "inbox")
    for number in inside[1:]:
        tenant.world.delete(address, number)
    box.made_folders.remove("old/project")
    tenant.pull_mail(address, store)
    tenant.assert_equal(address, store)
    ids = tenant.ids(address)
    assert store.gone == {ids.message(number, None): seen_at for number in inside[1:]}
    assert f"mail:{ids.folder('old/project')}" not in store.cursors


def test_a_folder_that_vanishes_while_it_is_listed_again_keeps_nothing_of_that_listing(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("connectors.microsoft.mail._SIZE", "odata.maxpagesize=2")
    tenant.world.graph_quirks.empty_page_share = 0
    address, box = tenant.quiet, tenant.world.boxes[tenant.quiet]
    for copy in tenant.kept(address):
        tenant.world.move(address, copy.number, "old")
    tenant.pull_mail(address, store)
    tenant.world.graph_quirks.generation += 1
    while not store.listed[f"mail:{tenant.ids(address).folder('old')}"]:
        tenant.pull_mail(address, store, most=6)
    for copy in box.copies():
        tenant.world.delete(address, copy.number)
    box.made_folders.clear()
    tenant.pull_mail(address, store)
    assert store.live_messages() == {}


def test_a_folder_that_vanishes_while_the_mailbox_is_read_is_left_to_the_next_pull(
    tenant: Tenant, store: Store
):
    address, box = tenant.busy, tenant.world.boxes[tenant.busy]
    number = first(tenant, address)
    tenant.world.move(address, number, "short-lived")
    tenant.pull_mail(address, store)

    class Removing(Store):
        def _store(self, page: Page) -> None:
            super()._store(page)
            if "short-lived" in box.made_folders:
                tenant.world.move(address, number, "archive")
                box.made_folders.remove("short-lived")

    store.__class__ = Removing
    tenant.pull_mail(address, store)
    assert store.pages[-1].is_complete
    assert f"mail:{tenant.ids(address).folder('short-lived')}" in store.cursors
    tenant.pull_mail(address, store)
    tenant.assert_equal(address, store)
    assert f"mail:{tenant.ids(address).folder('short-lived')}" not in store.cursors


@pytest.mark.parametrize("is_known", [False, True])
def test_what_is_thrown_away_with_its_folder_is_thrown_away(
    tenant: Tenant, store: Store, is_known: bool
):
    if is_known:
        tenant.pull_mail(tenant.quiet, store)
    number = first(tenant, tenant.quiet)
    tenant.world.move(tenant.quiet, number, "trash/an old project")
    tenant.pull_mail(tenant.quiet, store)
    assert tenant.ids(tenant.quiet).message(number, None) not in store.live_messages()
    assert len(store.live_messages()) == len(tenant.kept(tenant.quiet)) - 1


def test_folders_come_in_pages_too(tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sandbox.microsoft.asking.Asking.top", lambda *_: 2)
    for place, name in enumerate(("a", "b", "c/d", "c/e", "c/f")):
        tenant.world.move(tenant.busy, first(tenant, tenant.busy, place=place), name)
    tenant.pull_mail(tenant.busy, store)
    tenant.assert_equal(tenant.busy, store)


def test_hidden_folders_are_read_if_that_is_chosen_and_left_when_it_is_not_any_more(
    tenant: Tenant, store: Store
):
    number = first(tenant, tenant.quiet)
    hidden = tenant.ids(tenant.quiet).message(number, None)
    tenant.world.move(tenant.quiet, number, "quick-steps")
    tenant.pull_mail(tenant.quiet, store)
    assert hidden not in store.messages
    curious = tenant.account(choices=Choices(hidden_folders=True))
    tenant.pull_mail(tenant.quiet, store, account=curious)
    tenant.assert_equal(tenant.quiet, store)
    assert hidden in store.live_messages()
    tenant.pull_mail(tenant.quiet, store)
    assert store.gone.keys() == {hidden}
