"""staging.addresses: who is who, and what is nobody."""

import pytest


def kinds(world):
    world.build("staging.addresses")
    return {
        row.address_key: (row.kind, row.kind_reason) for row in world.rows("staging.address_kinds")
    }


def test_a_person_is_named_after_the_address_that_was_met_first(world):
    world.mail("2024-01-10", "eve", to=["bob"])
    world.mail("2024-01-05", "dan", to=["bob"])
    world.directory("bob", alias_keys=[world.key("eve"), world.key("dan")])
    world.execute("UPDATE raw.people SET valid_from = '2024-06-01 00:00Z'")
    world.build("staging.addresses")
    owners = {row.address_key: row.person_id for row in world.rows("staging.addresses")}
    # bob and dan were both met on the 5th; the smaller key decides.
    assert set(owners.values()) == {min(world.key("bob"), world.key("dan"))}


def test_who_is_who_does_not_depend_on_when_the_directory_was_asked_first(world):
    world.mail("2024-03-10", "eve", to=["bob"])
    world.mail("2024-03-20", "ann", to=["bob"])
    world.directory("ann", alias_keys=[world.key("eve")], valid_from="2023-01-01")
    world.build("staging.addresses")
    owners = {row.address_key: row.person_id for row in world.rows("staging.addresses")}
    assert owners[world.key("ann")] == world.key("eve")


def test_sets_that_share_an_address_are_one_person(world):
    world.mail("2024-01-10", "ann", to=["bob", "cat", "dan", "eve"])
    world.directory("ann", alias_keys=[world.key("bob")])
    world.directory("cat", alias_keys=[world.key("bob")], account_id="another house")
    world.insert("raw.own_addresses", address_key=world.key("cat"))
    world.insert("raw.own_addresses", address_key=world.key("dan"))
    world.build("staging.addresses")
    owners = {row.address_key: row.person_id for row in world.rows("staging.addresses")}
    assert [owners[world.key(name)] for name in ("bob", "cat", "dan")] == [owners[1]] * 3
    assert owners[world.key("eve")] == world.key("eve")


@pytest.mark.parametrize(
    "address",
    [
        "noreply@x.org",
        "no-reply@x.org",
        "do_not_reply@x.org",
        "mailer-daemon@x.org",
        "notifications@x.org",
        "notification+kd83@x.org",
        "bounces-17@x.org",
        "team-bounces@x.org",
        "srs0=abc=de@x.org",
    ],
)
def test_the_form_of_an_address_tells_a_robot(world, address):
    world.mail("2024-01-10", address, to=["bob"])
    assert kinds(world)[1] == ("robot", "form of the address")


@pytest.mark.parametrize(
    "address", ["bouncer@x.org", "noreen@x.org", "ann.no@x.org", "ownershipteam@x.org"]
)
def test_a_name_that_only_begins_like_a_robots_is_a_person(world, address):
    world.mail("2024-01-10", address, to=["bob"])
    assert kinds(world)[1][0] == "person"


def test_list_headers_tell_a_list(world):
    world.mail(
        "2024-01-10",
        "ann",
        to=["dev@lists.x.org", "users@x.org"],
        list_address_key=world.key("dev@lists.x.org"),
        list_id="users.x.org",
    )
    found = kinds(world)
    assert found[world.key("dev@lists.x.org")] == ("list", "List-Post")
    assert found[world.key("users@x.org")] == ("list", "List-Id")
    assert found[world.key("ann")][0] == "person"


def test_calendar_and_directory_tell_rooms_and_groups(world):
    attendees = [
        {"address_key": world.key("room"), "response": "accepted", "kind": "room"},
        {"address_key": world.key("ann"), "response": "accepted", "kind": "person"},
    ]
    world.meeting("2024-01-10", 30, "ann", attendees=attendees)
    world.directory("team", kind="group")
    found = kinds(world)
    assert found[world.key("room")] == ("room", "calendar")
    assert found[world.key("team")] == ("group", "directory")


def test_three_messages_with_the_headers_of_a_machine_make_a_robot(world):
    for day in ("2024-01-10", "2024-01-11", "2024-01-12"):
        world.mail(day, "shop", to=["bob"], automation_signs=["feedback_id"])
        world.mail(day, "ann", to=["bob"])
    world.mail("2024-01-13", "ann", to=["bob"], automation_signs=["auto_submitted"])
    found = kinds(world)
    assert found[world.key("shop")] == ("robot", "headers of a machine")
    assert found[world.key("ann")][0] == "person"


def test_an_own_address_is_a_person_whatever_its_form(world):
    world.mail("2024-01-10", "bob", to=["notify@x.org"])
    world.insert("raw.own_addresses", address_key=world.key("notify@x.org"))
    assert kinds(world)[world.key("notify@x.org")] == ("person", "own address in kith.toml")
