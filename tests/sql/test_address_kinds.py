"""staging.address_kinds: each reason to be no person, and the order in which they hold."""

import re
from pathlib import Path

import pytest

from pipelines.models import Graph

WAYS = "writes much, never answers, is never written to"
NOTHING = ("person", "nothing speaks against it")


def kind(world, name):
    """(kind, reason) of one address."""
    world.build("staging.address_kinds")
    row = world.row("staging.address_kinds", address_key=name)
    return row.kind, row.kind_reason


def write(world, author, count, **more):
    """So many messages to bob on one day; gives their keys."""
    row = {"to": ["bob"]} | more
    return [world.mail(f"2024-01-10 09:{n:02}", author, **row) for n in range(count)]


def test_who_gives_no_reason_is_a_person(world):
    write(world, "ann", 1)
    assert kind(world, "ann") == NOTHING


def test_what_a_hand_wrote_beats_everything(world):
    write(world, "ann", 1, list_address_key=world.key("ann"))
    world.directory("ann", kind="room")
    world.insert("raw.own_addresses", address_key=world.key("ann"))
    world.insert("raw.kinds_by_hand", address_key=world.key("ann"), kind="robot")
    assert kind(world, "ann") == ("robot", "people.toml")


def test_an_own_address_beats_the_directory(world):
    write(world, "ann", 1)
    world.directory("ann", kind="group")
    world.insert("raw.own_addresses", address_key=world.key("ann"))
    assert kind(world, "ann") == ("person", "own address in kith.toml")


@pytest.mark.parametrize(
    ("says", "expected"), [("person", "person"), ("room", "room"), ("group", "group")]
)
def test_the_directory_beats_whatever_messages_say(world, says, expected):
    write(world, "no-reply@x.org", 30, automation_signs=["auto_submitted"])
    world.directory("no-reply@x.org", kind=says)
    assert kind(world, "no-reply@x.org") == (expected, "directory")


def test_an_alias_is_what_its_entry_is_and_a_person_beats_a_group(world):
    write(world, "git@x.org", 1)
    world.directory("ann", alias_keys=[world.key("git@x.org")])
    world.directory("team", kind="group", alias_keys=[world.key("git@x.org")])
    assert kind(world, "git@x.org") == ("person", "directory")


def test_what_carried_a_message_is_a_list_even_if_it_looks_like_a_robot(world):
    write(world, "ann", 1, list_address_key=world.key("notifications@x.org"))
    assert kind(world, "notifications@x.org") == ("list", "List-Post")


def test_a_list_is_known_by_its_list_id_where_nothing_else_names_it(world):
    write(
        world, "ann", 1, to=["craft@lists.x.org", "crafts@lists.x.org"], list_id="Craft.lists.x.org"
    )
    assert kind(world, "craft@lists.x.org") == ("list", "List-Id")
    assert kind(world, "crafts@lists.x.org") == NOTHING


@pytest.mark.parametrize("what", ["room", "group"])
def test_a_calendar_knows_rooms_and_groups(world, what):
    attendees = [{"address_key": world.key("oak"), "response": "accepted", "kind": what}]
    world.meeting("2024-01-10", 30, "ann", attendees=attendees)
    assert kind(world, "oak") == (what, "calendar")


@pytest.mark.parametrize(
    "address",
    ["jira@x.org", "git@x.org", "buildbot+7@x.org", "patchwork-bot@x.org", "reply+17ab@x.org"],
)
def test_the_form_of_an_address_tells_a_robot(world, address):
    write(world, "ann", 1, to=[address])
    assert kind(world, address) == ("robot", "form of the address")


def test_a_robots_form_is_a_family_name_where_a_person_answers(world):
    """Three answers outside lists; two are not enough, nor are those that a machine sent."""
    (first,) = write(world, "bob", 1, to=["bounce.miller@x.org"])
    write(world, "bounce.miller@x.org", 2, answers=first)
    assert kind(world, "bounce.miller@x.org") == ("robot", "form of the address")
    write(world, "bounce.miller@x.org", 1, answers=first)
    assert kind(world, "bounce.miller@x.org") == NOTHING


@pytest.mark.parametrize(
    ("address", "more"),
    [
        ("bounce.miller@x.org", {"automation_signs": ["auto_submitted"]}),
        ("bounce.miller@x.org", {"list_id": "l"}),
        ("bounces@x.org", {}),
        ("bounce.17@x.org", {}),
        ("git.daemon@x.org", {}),
        ("no.reply@x.org", {}),
    ],
    ids=["machine", "list", "no name", "number", "daemon", "no reply"],
)
def test_no_family_is_made_of_a_machine_that_answers(world, address, more):
    if "list_id" in more:
        more["list_address_key"] = world.key("craft@x.org")
    write(world, address, 5, answers=99, **more)
    assert kind(world, address) == ("robot", "form of the address")


def test_a_name_of_a_machine_is_believed_if_no_other_is_seen(world):
    write(world, "hello", 1)
    name = {"address_key": world.key("hello")}
    world.insert("raw.address_names", **name, name="X Notifications")
    assert kind(world, "hello") == ("robot", "name of a machine")
    world.insert("raw.address_names", **name, name="Hella Lowe")
    assert kind(world, "hello") == NOTHING


@pytest.mark.parametrize(
    ("by_machine", "by_hand", "expected"),
    [(2, 0, "person"), (3, 0, "robot"), (9, 1, "robot"), (8, 1, "person")],
)
def test_a_machines_headers_on_nine_of_ten_messages_make_a_robot(
    world, by_machine, by_hand, expected
):
    write(world, "shop", by_machine, automation_signs=["auto_submitted"])
    write(world, "shop", by_hand)
    assert kind(world, "shop")[0] == expected


def test_who_only_says_to_be_away_is_a_person(world):
    """Four letters, three automatic answers: one was read by somebody, or by nobody."""
    letters = write(world, "bob", 4, to=["ann"])
    for letter in letters[:3]:
        write(world, "ann", 1, answers=letter, automation_signs=["auto_submitted"])
    assert kind(world, "ann") == NOTHING


@pytest.mark.parametrize("begun", [0, 1])
def test_a_machine_answers_everything_or_begins_something(world, begun):
    signs = {"automation_signs": ["auto_submitted"]}
    for letter in write(world, "bob", 4 + begun, to=["desk"])[: 4 + begun]:
        write(world, "desk", 1, answers=letter, **signs)
    write(world, "desk", begun, **signs)
    assert kind(world, "desk") == ("robot", "headers of a machine")


def test_twenty_messages_without_an_answer_to_or_from_anybody_make_a_robot(world):
    write(world, "badge", 19)
    assert kind(world, "badge") == NOTHING
    write(world, "badge", 1)
    assert kind(world, "badge") == ("robot", WAYS)


@pytest.mark.parametrize("sign_of_life", ["answers", "is named", "posts"])
def test_one_sign_of_life_is_enough_and_posts_to_lists_do_not_count(world, sign_of_life):
    direct = 19 if sign_of_life == "posts" else 30
    write(world, "badge", direct)
    if sign_of_life == "answers":
        write(world, "badge", 1, answers=99)
    elif sign_of_life == "is named":
        write(world, "ann", 1, to=[], cc=["badge"])
    else:
        write(world, "badge", 9, to=["craft@x.org"], list_address_key=world.key("craft@x.org"))
    assert kind(world, "badge") == NOTHING


@pytest.mark.parametrize("address", ["all@x.org", "all.berlin@x.org", "sales-team@x.org"])
def test_a_group_address_that_never_writes_is_a_group(world, address):
    write(world, "ann", 1, to=[address])
    assert kind(world, address) == ("group", "form of a group address that never writes")


def test_a_group_address_that_writes_is_somebody(world):
    write(world, "sales-team@x.org", 1)
    assert kind(world, "sales-team@x.org") == NOTHING


@pytest.mark.parametrize("address", ["allen@x.org", "steam@x.org", "stafford@x.org"])
def test_no_person_is_a_group_for_how_a_name_begins_or_ends(world, address):
    write(world, "ann", 1, to=[address])
    assert kind(world, address) == NOTHING


def test_every_reason_that_the_sql_knows_is_tested_here():
    text = Graph.load()["staging.address_kinds"].text
    reasons = set(re.findall(r"'([^']+)' as kind_reason", text))
    reasons |= set(re.findall(r"kind_reason, '([^']+)'", text))
    assert len(reasons) >= 9
    here = Path(__file__).read_text(encoding="utf-8")
    assert {reason for reason in reasons if f'"{reason}"' not in here} == set()
