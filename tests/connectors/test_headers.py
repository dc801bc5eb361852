"""Whom a list wrote over, and which address is a list's, where no header says it outright."""

import pytest

from connectors import addresses, headers
from connectors.records import Address

JO = Address("jo.doe@x.org", "Jo Doe")
LIST = "craft@lists.x.org"


def read(*lines: str) -> tuple[dict[str, list[str]], dict[str, addresses.Reading]]:
    fields: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        fields.setdefault(name.lower(), []).append(value)
    return fields, {name: addresses.read(fields.get(name, ())) for name in headers.ADDRESS_FIELDS}


# The author before a list put itself into From


@pytest.mark.parametrize("name", ["X-Original-From", "X-Original-Sender"])
def test_a_header_that_names_the_original_author_is_believed_first(name: str):
    lines = (f"From: Ann via Craft <{LIST}>", "Reply-To: Ann <ann@x.org>", f"{name}: {JO.address}")
    assert headers.original_author(*read(*lines)) == Address(JO.address)


@pytest.mark.parametrize("where", ["Reply-To", "Cc"])
def test_mailman_names_the_author_under_the_same_name_elsewhere(where: str):
    lines = (f"From: Jo Doe via Craft <{LIST}>", f"{where}: Ann <ann@x.org>, Jo Doe <{JO.address}>")
    assert headers.original_author(*read(*lines)) == JO


def test_who_has_no_name_is_known_by_what_is_left_of_the_address():
    lines = (f'From: "jo.doe--- via Craft" <{LIST}>', f"Cc: {JO.address}, ann@x.org")
    assert headers.original_author(*read(*lines)) == Address(JO.address)


def test_reply_to_is_asked_before_cc():
    lines = (
        f"From: Jo Doe via Craft <{LIST}>",
        "Cc: Jo Doe <old@x.org>",
        f"Reply-To: Jo Doe <{JO.address}>",
    )
    assert headers.original_author(*read(*lines)) == JO


def test_of_two_vias_the_last_is_the_lists():
    lines = (f"From: Rome via Appia via Craft <{LIST}>", "Cc: Rome via Appia <rome@x.org>")
    assert headers.original_author(*read(*lines)) == Address("rome@x.org", "Rome via Appia")


@pytest.mark.parametrize(
    "lines",
    [
        (f"From: Jo Doe via Craft <{LIST}>",),
        (f"From: Jo Doe via Craft <{LIST}>", "Cc: Ann <ann@x.org>"),
        (f"From: Jo Doe via Craft <{LIST}>", f"Reply-To: Jo Doe <{LIST}>"),
        (f"From: Jo Doe <{JO.address}>", f"Cc: Jo Doe <{JO.address}>"),
        (f"From: {LIST}", f"Cc: {JO.address}"),
        ("To: ann@x.org",),
    ],
    ids=["nobody", "another name", "the list itself", "no via", "no name", "no author"],
)
def test_nothing_is_guessed_where_no_name_agrees(lines: tuple[str, ...]):
    assert headers.original_author(*read(*lines)) is None


# The address that posts to a list


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"List-Post: <mailto:{LIST}>", LIST),
        (f"List-Post: <https://x.org/post>, <mailto:{LIST}?subject=new>", LIST),
        (f"X-Mailing-List: <{LIST}> archive/latest/7", LIST),
        (f"Mailing-List: list {LIST}; contact craft-owner@lists.x.org", LIST),
    ],
)
def test_a_list_that_says_its_address_need_not_stand_in_to(line: str, expected: str):
    assert headers.list_address(*read("From: ann@x.org", "To: bob@x.org", line)) == expected


@pytest.mark.parametrize(
    "line",
    [
        "List-Id: Craft talk <craft.lists.x.org>",
        "Sender: craft-owner@lists.x.org",
        "Sender: craft-bounces+ann=x.org@lists.x.org",
        "Sender: craft-admin@lists.x.org",
        "List-Unsubscribe: <mailto:craft-unsubscribe@lists.x.org>",
        "List-Unsubscribe: <mailto:craft-request@lists.x.org?subject=unsubscribe>",
    ],
)
@pytest.mark.parametrize("where", ["To", "Cc"])
def test_without_it_a_hint_and_an_address_in_to_or_cc_must_agree(line: str, where: str):
    assert (
        headers.list_address(*read("From: ann@x.org", f"{where}: bob@x.org, {LIST}", line)) == LIST
    )
    assert headers.list_address(*read("From: ann@x.org", f"{where}: bob@x.org", line)) is None


def test_answers_to_bulk_mail_go_to_the_list_that_carried_it():
    lines = ("From: ann@x.org", f"To: {LIST}", f"Reply-To: {LIST}")
    assert headers.list_address(*read(*lines, "Precedence: bulk")) == LIST
    assert headers.list_address(*read(*lines, "List-Unsubscribe: <mailto:leave@x.org>")) == LIST
    assert headers.list_address(*read(*lines)) is None


def test_who_writes_is_no_list_to_oneself():
    lines = ("From: news@x.org", "To: news@x.org", "Reply-To: news@x.org", "Precedence: bulk")
    assert headers.list_address(*read(*lines)) is None


def test_a_case_does_not_part_a_list_from_its_hint():
    lines = ("From: ann@x.org", "To: Craft@Lists.X.org", "List-Id: <craft.lists.x.org>")
    assert headers.list_address(*read(*lines)).lower() == LIST
