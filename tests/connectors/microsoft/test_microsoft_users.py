"""The directory of the village's Microsoft tenant, pulled over HTTP."""

import json
from datetime import timedelta

import pytest

from connectors.microsoft import Choices
from connectors.pages import PullProblem
from connectors.records import Person
from sandbox.faults import Fault
from sandbox.microsoft.users import object_id
from sandbox.people import MICROSOFT
from tests.connectors.microsoft.store import Store
from tests.connectors.microsoft.tenant import Tenant


def pull(tenant: Tenant, store: Store) -> None:
    store.take(tenant.account().people(dict(store.cursors)))


def expected(tenant: Tenant) -> dict[str, Person]:
    accounts = tenant.world.directory(MICROSOFT)
    ids = {one.address: object_id(one) for one in accounts}
    return {
        ids[one.address]: Person(
            directory_id=ids[one.address],
            address=one.address,
            aliases=one.aliases if one.has_mail else (),
            name=one.name,
            department=one.department,
            title=one.title,
            office=one.office,
            manager_id=ids.get(one.manager),
            kind=one.kind,
            is_active=one.kind == "person" and not one.is_suspended,
            has_mailbox=one.has_mail,
            seen_at=tenant.world.now,
        )
        for one in accounts
    }


def test_the_directory_is_everybody_with_their_manager_and_every_address(
    tenant: Tenant, store: Store
):
    pull(tenant, store)
    assert store.people == expected(tenant)
    assert any(one.aliases for one in store.people.values())
    assert {one.kind for one in store.people.values()} == {"person", "room"}


def test_it_comes_in_pages_and_is_listed_whole(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sandbox.microsoft.asking.Asking.top", lambda *_: 20)
    pull(tenant, store)
    assert store.people == expected(tenant)
    assert len(store.pages) == 4
    assert [page.starts_listing for page in store.pages] == [True, False, False, False]
    assert [bool(page.sweep) for page in store.pages] == [False, False, False, True]
    assert [page.is_complete for page in store.pages] == [False, False, False, True]
    assert store.gone == {}


def test_a_listing_that_ends_half_way_begins_again(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sandbox.microsoft.asking.Asking.top", lambda *_: 20)
    store.take(tenant.account().people({}), most=2)
    assert json.loads(store.cursors["directory"]) == {"seen_at": None}
    pull(tenant, store)
    assert store.people == expected(tenant)
    assert store.gone == {}


def test_changes_of_people_are_seen(tenant: Tenant, store: Store):
    pull(tenant, store)
    world = tenant.world
    renamed, suspended, unlicensed = (one.address for one in tenant.people[:3])
    world.advance(world.now + timedelta(days=1))
    world.rename(renamed, "new.name@moorgate.example")
    world.suspend(suspended)
    world.disable_mail(unlicensed)
    pull(tenant, store)
    assert store.people == expected(tenant)
    by_address = {one.address: one for one in store.people.values()}
    assert renamed in by_address["new.name@moorgate.example"].aliases
    assert not by_address[suspended].is_active
    assert not by_address[unlicensed].has_mailbox


def test_guests_rooms_and_shared_mailboxes_are_told_apart(tenant: Tenant, store: Store):
    """And the directory tells of a closed mailbox that it is there, but not what it is for."""
    world = tenant.world
    world.graph_quirks.guests, world.graph_quirks.shared_mailboxes = 2, 3
    world.tenant.roles.add("MailboxSettings.Read")
    world.tenant.denied.add("desk-3@moorgate.example")
    world.suspend(tenant.people[0].address)
    begun = len(tenant.sandbox.log)
    store.take(tenant.account(choices=Choices(mailbox_purposes=True)).people({}))
    kinds = {one.address: (one.kind, one.is_active) for one in store.people.values()}
    assert kinds["desk-1@moorgate.example"] == ("shared", True)
    assert kinds["desk-3@moorgate.example"] == ("room", False)
    rooms = [one for one in world.directory(MICROSOFT) if one.kind == "room"]
    assert {kinds[one.address] for one in rooms} == {("room", False)}
    assert kinds[tenant.people[0].address] == ("person", False)
    asked = [one for one in tenant.sandbox.log[begun:] if one.path.endswith("/userPurpose")]
    off = [one for one in store.people.values() if one.has_mailbox and not one.is_active]
    assert len(asked) == len(off) + 2  # nobody else is asked about


def test_without_that_permission_the_word_for_it_comes_after_everybody_was_read(
    tenant: Tenant, store: Store
):
    tenant.world.graph_quirks.shared_mailboxes = 1
    account = tenant.account(choices=Choices(mailbox_purposes=True))
    with pytest.raises(PullProblem, match=r"permission missing \(MailboxSettings\.Read\)"):
        store.take(account.people({}))
    assert store.people.keys() > expected(tenant).keys()
    assert store.pages[-1].is_complete


def test_a_listing_whose_page_token_is_over_begins_again_once(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sandbox.microsoft.asking.Asking.top", lambda *_: 20)
    at = tenant.sandbox.calls + 4
    tenant.sandbox.faults.append(Fault(at, "page_expired", path="/v1.0/users"))
    pull(tenant, store)
    assert tenant.sandbox.faults[0].times == 0
    assert store.people == expected(tenant)
    assert store.gone == {}
    assert [page.starts_listing for page in store.pages].count(True) == 2
    tenant.sandbox.faults.append(Fault(0, "page_expired", times=9, path="/v1.0/users"))
    with pytest.raises(PullProblem, match="sync state lost again"):
        pull(tenant, store)
    assert store.gone == {}


def test_who_is_not_listed_any_more_has_gone_since_last_seen(tenant: Tenant, store: Store):
    tenant.world.graph_quirks.guests = 5
    pull(tenant, store)
    assert len(store.people) == len(expected(tenant)) + 5
    guests = [one for key, one in store.people.items() if key not in expected(tenant)]
    assert {(one.kind, one.is_active, one.has_mailbox) for one in guests} == {
        ("person", False, False)
    }
    seen_at = tenant.world.now
    tenant.world.advance(seen_at + timedelta(days=3))
    tenant.world.graph_quirks.guests = 2
    pull(tenant, store)
    assert len(store.gone) == 3
    assert set(store.gone.values()) == {seen_at}
    assert store.live_people().keys() > expected(tenant).keys()
