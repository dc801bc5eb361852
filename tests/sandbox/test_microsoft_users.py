"""The directory at the sandbox's Graph: everybody once, with what changed since."""

from datetime import timedelta

import pytest

from sandbox.people import MICROSOFT
from sandbox.server import Sandbox
from tests.sandbox.microsoft_client import Client, staff

SELECT = (
    "$select=id,userPrincipalName,mail,proxyAddresses,otherMails,displayName,department,jobTitle,"
    "officeLocation,companyName,employeeType,employeeOrgData,accountEnabled,userType,"
    "onPremisesDistinguishedName"
)
MANAGER = "$expand=manager($select=id)"


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    return Client(sandbox)


def test_everybody_comes_once_in_pages_of_any_size(client: Client):
    everybody = client.every("users?$top=999")
    assert client.every("users?$top=7") == client.every("users") == everybody
    names = {one["userPrincipalName"] for one in everybody}
    assert names == {one.address for one in client.world.directory(MICROSOFT)}
    assert client.error("users?$top=1000")[0] == 400
    assert "department" not in everybody[0]


def test_a_user_says_what_the_directory_says(client: Client):
    shown = {one["id"]: one for one in client.every(f"users?{SELECT}&{MANAGER}&$top=50")}
    by_address = {one["userPrincipalName"]: one for one in shown.values()}
    for account in client.world.directory(MICROSOFT):
        user = by_address[account.address]
        assert user["displayName"] == account.name
        assert (user["department"], user["jobTitle"]) == (account.department, account.title)
        smtp = {
            one.partition(":")[2] for one in user["proxyAddresses"] if one[:5].lower() == "smtp:"
        }
        assert smtp == {account.address, *account.aliases}
        assert f"SMTP:{account.address}" in user["proxyAddresses"]
        manager = shown[user["manager"]["id"]] if "manager" in user else None
        assert (manager and manager["userPrincipalName"]) == account.manager
        assert user["accountEnabled"] == (account.kind == "person" and not account.is_suspended)


def test_guests_have_an_account_and_no_mailbox(client: Client):
    client.world.graph_quirks.guests = 2
    guests = [one for one in client.every(f"users?{SELECT}") if one["userType"] == "Guest"]
    assert len(guests) == 2
    for guest in guests:
        assert "#EXT#" in guest["userPrincipalName"]
        assert not guest["mail"].endswith(MICROSOFT)
        path = f"users/{guest['id']}/mailFolders"
        assert client.error(path) == (404, "MailboxNotEnabledForRESTAPI")
        assert client.ok(f"users/{guest['id']}")["mail"] == guest["mail"]


def test_one_user_by_id_or_name_in_any_case(client: Client):
    address = staff(client.sandbox)[0]
    one = client.ok(f"users/{address}")
    assert client.ok(f"users/{address.upper()}")["id"] == one["id"]
    assert client.ok(f"users('{one['id']}')")["mail"] == address
    assert client.error("users/nobody") == (404, "Request_ResourceNotFound")
    assert client.error("users?$select=nothing") == (400, "Request_BadRequest")
    assert client.error("users?$expand=memberOf") == (400, "Request_UnsupportedQuery")


def test_a_person_sees_nobody_but_oneself(sandbox: Sandbox):
    own, other = staff(sandbox)[:2]
    client = Client(sandbox, own)
    assert client.ok("me")["mail"] == own
    assert client.error("users") == (403, "Authorization_RequestDenied")
    assert client.error(f"users/{other}") == (403, "Authorization_RequestDenied")


def test_the_directory_needs_its_own_permission(sandbox: Sandbox):
    sandbox.world.tenant.roles.discard("User.Read.All")
    assert Client(sandbox).error("users") == (403, "Authorization_RequestDenied")


def test_a_delta_tells_who_changed(client: Client):
    path = "users/delta?$select=userPrincipalName,accountEnabled,proxyAddresses,manager"
    everybody, link = client.round(path)
    assert len(everybody) == len(client.world.directory(MICROSOFT))
    assert any("manager" in one for one in everybody)
    assert client.round(link)[0] == []
    one, other = staff(client.sandbox)[3:5]
    client.world.suspend(one)
    client.world.rename(other, f"renamed@{MICROSOFT}")
    changed, link = client.round(link)
    told = {user["userPrincipalName"]: user for user in changed}
    assert told[one]["accountEnabled"] is False
    assert f"smtp:{other}" in told[f"renamed@{MICROSOFT}"]["proxyAddresses"]
    assert len(changed) == 2
    assert client.round(link)[0] == []


def test_a_delta_comes_in_pages(client: Client):
    pages = list(client.pages("users/delta", "odata.maxpagesize=20"))
    assert [len(page["value"]) for page in pages[:-1]] == [20] * (len(pages) - 1)
    assert len(pages) > 2


def test_who_vanishes_is_removed(client: Client):
    client.world.graph_quirks.guests = 1
    _, link = client.round("users/delta")
    client.world.graph_quirks.guests = 0
    ((gone,), _) = client.round(link)
    assert gone["@removed"] == {"reason": "changed"}


def test_directory_tokens_live_for_a_week(client: Client):
    _, link = client.round("users/delta")
    client.world.advance(client.world.now + timedelta(days=7))
    client.sign_in()
    _, link = client.round(link)
    client.world.advance(client.world.now + timedelta(days=7, seconds=1))
    client.sign_in()
    answer = client.get(link)
    assert answer.status_code == 410
    assert answer.json()["error"]["code"] == "syncStateNotFound"
    assert len(client.ok(answer.headers["Location"])["value"]) > 10
