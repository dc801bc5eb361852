"""What becomes of a user of Graph."""

from typing import Any

import pytest

from connectors.microsoft import events, users
from connectors.microsoft.exchange import ExchangeNames
from connectors.records import Address, Person
from tests.connectors.microsoft.items import AT, MAILBOX, SINCE, attendee, meeting, someone, user


def test_a_user_in_all_parts():
    assert users.person(user(), AT) == Person(
        directory_id="11111111-2222-3333-4444-555555555555",
        address="Ann@x.example",
        aliases=("ann.old@x.example",),
        name="Ann",
        department="Design",
        title="Lead",
        unit="/Sales, Abroad/North",
        office="Mill Lane",
        manager_id="m",
        seen_at=AT,
    )


@pytest.mark.parametrize(
    "name",
    [
        "/O=X/CN=ANN",
        "/o=x/cn=Ann",
        "IMCEAEX-_O=X_CN=ANN@x.example",
        "imceaex-_o=x_cn=+41nn@elsewhere.example",
    ],
)
def test_a_name_of_exchange_is_the_address_of_whom_the_directory_gives_it(name: str):
    names = ExchangeNames()
    assert names.recipient(someone(name, "Ann")) == (None, len(name))
    names.learn(user(), "Ann@x.example")
    assert names.recipient(someone(name, "Ann")) == (Address("Ann@x.example", "Ann"), 0)
    stranger = "/O=X/CN=BOB"
    assert names.recipient(someone(stranger, "Bob")) == (None, len(stranger))
    assert names.recipient(someone("c@d.e", "C")) == (Address("c@d.e", "C"), 0)


def test_a_user_without_an_address_or_with_broken_proxies_teaches_no_names():
    names = ExchangeNames()
    names.learn(user(), None)
    for proxies in (None, "x500:/O=X/CN=ANN", [7, None, "x500:", "x500"]):
        names.learn(user(proxyAddresses=proxies), "Ann@x.example")
    assert names.recipient(someone("/O=X/CN=ANN", "Ann"))[0] is None


def test_whom_exchange_names_is_a_guest_under_their_address():
    names = ExchangeNames()
    names.learn(user(), "ann@x.example")
    item = meeting(attendees=[attendee("/O=X/CN=ANN", "accepted")])
    (event,) = events.records(item, MAILBOX, "uid", SINCE, names.recipient)
    assert [(one.address, one.response) for one in event.attendees] == [
        ("ann@x.example", "accepted"),
        ("bob@y.example", "accepted"),
    ]


NOBODY = {"givenName": None, "surname": None, "jobTitle": None, "department": None}


@pytest.mark.parametrize(
    ("changes", "kind", "is_active", "has_mailbox"),
    [
        ({}, "person", True, True),
        ({"accountEnabled": False}, "person", False, True),
        ({"mail": None, "proxyAddresses": []}, "person", True, False),
        ({"userType": "Guest"}, "person", False, False),
        ({"accountEnabled": False, **NOBODY}, "room", False, True),
        (NOBODY, "person", True, True),
        ({"accountEnabled": False, "mail": None, **NOBODY}, "person", False, False),
        ({"accountEnabled": None, "userType": None}, "person", True, True),
    ],
    ids="member left unlicensed guest room unnamed empty consumer".split(),
)
def test_what_an_account_is(changes: dict[str, Any], kind: str, is_active: bool, has_mailbox: bool):
    one = users.person(user(**changes), AT)
    assert (one.kind, one.is_active, one.has_mailbox) == (kind, is_active, has_mailbox)


@pytest.mark.parametrize(
    ("changes", "purpose", "kind", "is_active"),
    [
        (NOBODY, "shared", "shared", True),
        (NOBODY, "room", "room", False),
        (NOBODY, "equipment", "room", False),
        (NOBODY, "user", "person", False),
        (NOBODY, "a word of tomorrow", "person", False),
        ({}, "shared", "person", False),  # what somebody left is used by others now
        ({}, "room", "room", False),
    ],
)
def test_what_a_mailbox_is_for_tells_what_it_is(
    changes: dict[str, Any], purpose: str, kind: str, is_active: bool
):
    one = users.person(user(accountEnabled=False, **changes), AT, purpose)
    assert (one.kind, one.is_active, one.has_mailbox) == (kind, is_active, True)


def test_who_has_no_mail_goes_by_the_name_of_their_account():
    assert users.person(user(mail=None), AT).address == "ann@x.onmicrosoft.example"
    assert users.person(user(mail=None, userPrincipalName="no address"), AT).address is None
