"""Google's directory on loopback, asked by Google's own client."""

import pytest
from googleapiclient.discovery import Resource

from sandbox.people import GOOGLE, MICROSOFT
from tests.sandbox.google_client import MAIL, GoogleClient, refusal


@pytest.fixture
def admin(world) -> str:
    return world.admin(GOOGLE)


@pytest.fixture
def directory(client: GoogleClient, admin: str) -> Resource:
    return client.directory(admin).users()


def everybody(directory: Resource, **query) -> list[dict]:
    request, found = directory.list(customer="my_customer", **query), []
    while request is not None:
        page = request.execute()
        found += page.get("users", ())
        request = directory.list_next(request, page)
    return found


def test_everybody_of_the_company_is_listed_once_and_no_room(directory, world):
    accounts = {one.address: one for one in world.directory(GOOGLE) if one.kind == "person"}
    users = everybody(directory, maxResults=20)
    assert [one["primaryEmail"] for one in users] == sorted(accounts)
    assert not any(one["primaryEmail"].endswith(MICROSOFT) for one in users)
    for user in users:
        account = accounts[user["primaryEmail"]]
        assert user["name"]["fullName"] == account.name
        assert user["organizations"][0]["department"] == account.department
        assert user["organizations"][0]["title"] == account.title
        assert user["orgUnitPath"] == account.unit
        assert user["suspended"] is False
        assert user["isMailboxSetup"] is True
        managers = [one["value"] for one in user.get("relations", ()) if one["type"] == "manager"]
        assert managers == ([account.manager] if account.manager else [])
        assert tuple(user.get("aliases", ())) == account.aliases
        assert [one["address"] for one in user["emails"]] == [account.address, *account.aliases]


def test_ids_have_21_digits_and_stay_when_somebody_is_renamed(directory, world):
    before = {one["primaryEmail"]: one["id"] for one in everybody(directory)}
    assert len(set(before.values())) == len(before)
    assert all(len(one) == 21 and one.isdigit() for one in before.values())
    old = next(one for one in before if one != world.admin(GOOGLE))
    world.rename(old, f"new.name@{GOOGLE}")
    after = {one["id"]: one for one in everybody(directory)}[before[old]]
    assert after["primaryEmail"] == f"new.name@{GOOGLE}"
    assert old in after["aliases"]


def test_who_was_suspended_or_has_no_mailbox_is_still_listed(directory, world):
    one, other = (one.address for one in world.directory(GOOGLE)[3:5])
    world.suspend(one)
    world.disable_mail(other)
    users = {user["primaryEmail"]: user for user in everybody(directory)}
    assert (users[one]["suspended"], users[one]["suspensionReason"]) == (True, "ADMIN")
    assert (users[other]["suspended"], users[other]["isMailboxSetup"]) == (False, False)


def test_a_page_has_100_users_by_default_and_more_than_500_are_refused(directory, world):
    assert len(directory.list(customer="my_customer").execute()["users"]) == len(
        [one for one in world.directory(GOOGLE) if one.kind == "person"]
    )
    page = directory.list(customer="my_customer", maxResults=3).execute()
    assert (len(page["users"]), "nextPageToken" in page) == (3, True)
    for size in (501, 0):
        request = directory.list(customer="my_customer", maxResults=size)
        assert refusal(request) == (400, "invalid", "Invalid Input")


def test_the_order_can_be_chosen(directory):
    names = [one["name"]["familyName"] for one in everybody(directory, orderBy="familyName")]
    assert names == sorted(names)
    addresses = [
        one["primaryEmail"]
        for one in everybody(directory, orderBy="email", sortOrder="DESCENDING", maxResults=9)
    ]
    assert addresses == sorted(addresses, reverse=True)


def test_nobody_was_deleted(directory):
    page = directory.list(customer="my_customer", showDeleted="true").execute()
    assert set(page) == {"kind", "etag"}


def test_the_whole_directory_is_for_the_administrator_only(client, world):
    other = world.directory(GOOGLE)[5].address
    request = client.directory(other).users().list(customer="my_customer")
    assert refusal(request) == (403, "forbidden", "Not Authorized to access this resource/api")
    public = client.directory(other).users()
    shown = public.list(customer="my_customer", viewType="domain_public").execute()["users"]
    assert "suspended" not in shown[0]


def test_somebody_who_may_read_mail_only_gets_nothing(client, admin):
    request = client.directory(admin, MAIL).users().list(customer="my_customer")
    assert refusal(request)[:2] == (403, "insufficientPermissions")


def test_it_has_to_be_said_whose_users(directory):
    assert refusal(directory.list()) == (400, "badRequest", "Bad Request")
    assert refusal(directory.list(customer="C0another"))[0] == 400
    assert refusal(directory.list(domain=MICROSOFT))[0] == 400
    assert directory.list(domain=GOOGLE, maxResults=1).execute()["users"]
    for wrong in ({"orderBy": "email", "projection": "custom"}, {"query": "name:x"}):
        assert refusal(directory.list(customer="my_customer", **wrong))[0] == 400
