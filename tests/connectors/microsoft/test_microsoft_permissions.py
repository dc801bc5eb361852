"""Permissions that are missing, mailboxes that are closed."""

import pytest

from connectors.microsoft.choices import Choices
from tests.connectors.microsoft.store import Store
from tests.connectors.microsoft.tenant import Tenant, problem


@pytest.mark.parametrize(
    ("role", "what"),
    [
        ("Mail.ReadBasic.All", "mail"),
        ("Calendars.ReadBasic.All", "calendar"),
        ("User.Read.All", "people"),
    ],
)
def test_a_missing_permission_is_named_and_moves_no_cursor(tenant: Tenant, role: str, what: str):
    tenant.world.tenant.roles.discard(role)
    account, store = tenant.account(), Store()
    calls = {
        "people": lambda: store.take(account.people({})),
        "mail": lambda: tenant.pull_mail(tenant.busy, store, account=account),
        "calendar": lambda: tenant.pull("calendar", tenant.busy, store, account=account),
    }
    for call in (calls[what], account.check):
        found = problem(call)
        assert found.state == f"permission missing ({role})"
        assert role in found.cure
    assert store.cursors == {}
    assert tenant.clock.waits == []


def test_a_missing_directory_permission_concerns_the_account_a_closed_mailbox_does_not(
    tenant: Tenant,
):
    tenant.world.tenant.roles.discard("User.Read.All")
    assert problem(lambda: Store().take(tenant.account().people({}))).is_account
    tenant.world.tenant.denied.add(tenant.busy)
    found = problem(lambda: tenant.pull_mail(tenant.busy, Store()))
    assert found.state == "closed to this app"
    assert not found.is_account


def test_the_check_passes_where_one_mailbox_is_closed_and_others_are_open(tenant: Tenant):
    by_id = sorted(tenant.people, key=lambda one: one.id)
    tenant.world.tenant.denied.add(by_id[0].address)
    tenant.world.disable_mail(by_id[1].address)
    tenant.account().check()
    tenant.world.tenant.denied |= {one.address for one in tenant.people}
    assert problem(tenant.account().check).state == "closed to this app"


def test_an_app_that_is_let_into_few_mailboxes_is_checked_at_those(tenant: Tenant):
    """RBAC for Applications: the first people of a directory are then hardly among them."""
    let_in = tenant.people[-1].address
    tenant.world.tenant.denied |= {one.address for one in tenant.people} - {let_in}
    assert problem(tenant.account().check).state == "closed to this app"
    tenant.account(choices=Choices(wanted=(let_in,))).check()
    asked = {call.mailbox for call in tenant.sandbox.log[-4:]}
    assert asked <= {let_in, None}


def test_an_account_without_a_mailbox_says_so(tenant: Tenant):
    tenant.world.disable_mail(tenant.busy)
    for what in ("mail", "calendar"):
        found = problem(lambda what=what: tenant.pull(what, tenant.busy, Store()))
        assert found.state == "no mailbox"
        assert not found.is_account
