"""Mail that Graph tells less of: without headers, or by an author whom only Exchange knows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.connectors.microsoft.store import Store
from tests.connectors.microsoft.tenant import Tenant, first, kinds, letter_to

A_MONTH = timedelta(days=31)


def test_sent_items_without_headers_lose_nothing_else():
    with Tenant(sent_items_without_headers=True) as tenant:
        store = Store()
        tenant.pull_mail(tenant.busy, store)
        own = {one.number for one in tenant.kept(tenant.busy) if one.is_own}
        ids = {tenant.ids(tenant.busy).message(number, None) for number in own}
        for key, wanted in tenant.expected(tenant.busy).items():
            if key in ids:
                wanted = replace(
                    wanted,
                    in_reply_to=None,
                    references=(),
                    automation_signs=(),
                    list_id=None,
                    list_address=None,
                )
            assert store.messages[key] == wanted


def test_an_author_known_only_to_exchange_is_left_out_and_counted():
    with Tenant(exchange_senders=True) as tenant:
        store = Store()
        tenant.pull_mail(tenant.busy, store)
        assert store.live_messages().keys() == tenant.expected(tenant.busy).keys()
        colleagues = [one for one in store.messages.values() if one.author is None]
        assert colleagues
        reasons = {one.locator for one in store.rejects}
        assert {f"{one.message_id}, from" for one in colleagues} <= reasons
        assert all("/O=" not in repr(one) for one in store.messages.values())


def test_an_author_whom_exchange_names_its_own_way_is_found_in_the_directory():
    with Tenant(exchange_senders=True) as tenant:
        store, account = Store(), tenant.account()
        Store().take(account.people({}))
        tenant.pull_mail(tenant.busy, store, account=account)
        expected = tenant.expected(tenant.busy)
        found = store.live_messages()
        for key, wanted in expected.items():
            # Colleagues may write from an earlier address; the directory gives their first.
            first = tenant.world.account(wanted.author.address)
            address = first.address if first else wanted.author.address
            assert found[key].author.address == address
        assert not any(", from" in one.locator for one in store.rejects)


def test_a_tenant_that_refuses_headers_still_gives_its_mail(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
):
    tenant.pull_mail(tenant.quiet, store)
    with_headers = store.outcome()
    monkeypatch.setattr("sandbox.microsoft.mail_delta.KEPT_BACK", ["internetMessageHeaders"])
    monkeypatch.setattr("sandbox.microsoft.mail.KEPT_BACK", ["internetMessageHeaders"])
    fresh = Store()
    tenant.pull_mail(tenant.quiet, fresh)
    assert fresh.live_messages().keys() == tenant.expected(tenant.quiet).keys()
    assert all(one.references == () for one in fresh.messages.values())
    assert {one.internet_message_id for one in fresh.messages.values()} == {
        one.internet_message_id for one in store.messages.values()
    }
    # What was stored with its headers keeps them, also where its folders are listed again.
    tenant.pull_mail(tenant.quiet, store)
    assert store.outcome() == with_headers


def test_refused_headers_are_remembered_and_tried_again_after_a_while(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
):
    """Each try costs a request, and a message of which only a change came is fetched as well."""
    for where in ("mail_delta", "mail"):
        monkeypatch.setattr(f"sandbox.microsoft.{where}.KEPT_BACK", ["internetMessageHeaders"])
    calls = tenant.pull_mail(tenant.quiet, store)
    assert [one.status for one in calls].count(403) == 1
    tenant.world.move(tenant.quiet, first(tenant, tenant.quiet), "a-new-folder")
    changed = first(tenant, tenant.quiet)
    tenant.world.read(tenant.quiet, changed)
    del store.messages[tenant.ids(tenant.quiet).message(changed, None)]
    calls = tenant.pull_mail(tenant.quiet, store)
    assert kinds(calls) >= {"message", "delta"}
    assert 403 not in {one.status for one in calls}
    monkeypatch.undo()
    tenant.world.advance(tenant.world.now + A_MONTH)
    tenant.world.deliver(
        replace(letter_to(tenant, tenant.quiet, "new"), headers=(("Precedence", "bulk"),))
    )
    new_folder = first(tenant, tenant.quiet, place=-1)
    tenant.world.move(tenant.quiet, new_folder, "another-new-folder")
    tenant.pull_mail(tenant.quiet, store)
    [new] = [one for one in store.messages.values() if one.internet_message_id == "new@x.example"]
    assert new.automation_signs == ("precedence_bulk",)
