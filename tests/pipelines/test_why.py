"""kith why: the events behind a tie sum to the strength that is published."""

import io
import itertools
import random
from datetime import date
from math import sqrt

import pytest
from rich.console import Console

from pipelines import terminal
from pipelines.why import NoSuchMonth, Tie, tie
from tests.sql.conftest import World

NAMES = ("ann", "bob", "cat", "dan", "eve", "fay", "gus", "hal")


@pytest.fixture
def world():
    world = World()
    yield world
    world.connection.close()


def publish(world: World) -> None:
    world.build("metrics.tie_strength", "metrics.months")


def ask(world: World, person: str, contact: str, month: str | None = None) -> Tie:
    asked = date.fromisoformat(f"{month}-01") if month else None
    return tie(world.connection, world.key(person), world.key(contact), asked)


@pytest.fixture(scope="module")
def crowd():
    """Eight people who write and meet at random for ten months."""
    world = World()
    rng = random.Random("crowd")
    for number in range(900):
        day = f"2024-{rng.randint(1, 10):02}-{rng.randint(1, 28):02} {rng.randint(0, 23):02}:30"
        author, *others = rng.sample(NAMES, rng.randint(2, 5))
        cut = rng.randint(1, len(others))
        if number % 3:
            world.mail(day, author, to=others[:cut], cc=others[cut:])
        else:
            world.meeting(day, rng.choice((15, 50, 400)), author, others)
    publish(world)
    yield world
    world.connection.close()


@pytest.mark.parametrize("month", ["2024-02", "2024-07", "2024-10"])
def test_the_sums_of_every_pair_are_the_published_strengths(crowd: World, month: str):
    found = [ask(crowd, *pair, month) for pair in itertools.permutations(NAMES, 2)]
    assert len(found) == 56
    for one in found:
        assert one.out_sum == pytest.approx(one.out_strength, abs=1e-9)
        assert one.in_sum == pytest.approx(one.in_strength, abs=1e-9)
        assert sqrt(one.out_sum * one.in_sum) == pytest.approx(one.strength, abs=1e-9)
        shown = sum(row.weight_now for row in one.contacts if row.way != "from them")
        assert shown == pytest.approx(one.out_strength, abs=1e-9)
        assert {row.way for row in one.contacts} <= {"to them", "from them", "both ways"}
    assert min(len(one.contacts) for one in found) >= 3


def test_a_tie_looks_the_other_way_round_from_its_other_end(crowd: World):
    one, other = ask(crowd, "ann", "bob"), ask(crowd, "bob", "ann")
    assert (one.out_sum, one.in_sum) == (other.in_sum, other.out_sum)
    turned = {"to them": "from them", "from them": "to them", "both ways": "both ways"}
    assert [turned[row.way] for row in one.contacts] != []
    assert sorted((row.at, turned[row.way]) for row in one.contacts) == sorted(
        (row.at, row.way) for row in other.contacts
    )


def test_sixty_days_halve_a_message_and_what_comes_after_as_of_is_not_known(world: World):
    """1 April less 60 days is 1 February; a message to two is half a one to each."""
    world.mail("2024-02-01", "ann", to=["bob", "cat"])
    world.mail("2024-04-05", "bob", to=["ann"])
    publish(world)
    found = ask(world, "ann", "bob", "2024-03")
    (contact,) = found.contacts
    assert (contact.way, contact.people, contact.weight, contact.weight_now) == (
        "to them",
        2,
        0.5,
        0.25,
    )
    assert (found.out_sum, found.in_sum, found.strength, found.state) == (0.25, 0, 0, "one_way")
    assert len(ask(world, "ann", "bob").contacts) == 2


def test_contacts_come_newest_first_and_a_meeting_once(world: World):
    world.mail("2024-03-04", "ann", to=["bob"])
    world.meeting("2024-03-05", 60, "ann", ["bob"])
    world.mail("2024-03-06", "bob", to=["cat"], cc=["ann"])
    publish(world)
    found = ask(world, "ann", "bob")
    assert [(row.way, row.channel, row.weight) for row in found.contacts] == [
        ("from them", "mail_cc", 0.25),
        ("both ways", "meeting", 4),
        ("to them", "mail_to", 1),
    ]


def test_what_is_no_contact_is_counted_with_its_reason(world: World):
    world.mail("2024-03-01", "ann", to=["bob"])
    crowd = [f"p{n}" for n in range(18)]
    for day in ("2024-03-04", "2024-03-05"):
        world.mail(day, "ann", to=["bob", *crowd])
    world.mail("2024-03-06", "bob", to=["ann"], automation_signs=["auto_submitted"])
    world.mail("2024-03-06", "cat", to=["ann", "bob"], automation_signs=["auto_submitted"])
    world.mail("2024-03-31", "cat", to=["dan"])
    world.meeting("2024-03-07", 60, "ann", ["bob"], status="cancelled")
    world.meeting("2024-03-07", 60, "ann", [], others=[("bob", "declined")])
    publish(world)
    found = ask(world, "ann", "bob")
    assert [(one.way, one.what, one.why, one.count) for one in found.left_out] == [
        ("to them", "message", "broadcast", 2),
        ("both ways", "meeting", "cancelled", 1),
        ("from them", "message", "automated", 1),
    ]
    assert found.left_out[0].newest_at.day == 5
    assert len(found.contacts) == 1


def test_two_who_never_met_have_no_row_and_nothing_to_show(world: World):
    world.mail("2024-03-04", "ann", to=["bob"])
    world.mail("2024-03-04", "cat", to=["bob"])
    publish(world)
    found = ask(world, "ann", "cat")
    assert (found.strength, found.contacts, found.left_out) == (None, (), ())
    assert (found.out_sum, found.in_sum) == (0, 0)
    assert "tie_strength has no row for 2024-03" in printed(found)


def test_a_month_that_is_not_computed_is_refused_with_those_that_are(world: World):
    world.mail("2024-03-04", "ann", to=["bob"])
    world.mail("2024-05-04", "ann", to=["bob"])
    publish(world)
    with pytest.raises(NoSuchMonth, match="there are 2024-03 to 2024-05"):
        ask(world, "ann", "bob", "2024-06")


def printed(found: Tie, person: str = "ann", contact: str = "bob", **settings) -> str:
    console = Console(file=io.StringIO(), highlight=False, **({"width": 160} | settings))
    terminal.tie(console, person, contact, found)
    return console.file.getvalue()


def test_the_terminal_shows_sum_and_published_strength_of_each_way(world: World):
    world.mail("2024-02-01", "ann", to=["bob"])
    world.mail("2024-03-29", "bob", to=["ann"])
    world.mail("2024-04-30", "cat", to=["dan"])
    publish(world)
    lines = [line.split() for line in printed(ask(world, "ann", "bob", "2024-03")).splitlines()]
    assert ["to", "them", "0.5", "0.5"] in lines
    assert ["from", "them", "0.9659", "0.9659"] in lines
    assert [line[0] for line in lines if line[1:] and line[1].count(":") == 1] == [
        "2024-03-29",
        "2024-02-01",
    ]


def test_a_terminal_without_room_for_the_events_says_where_they_are(world: World):
    world.mail("2024-02-01", "ann", to=["bob"])
    world.meeting("2024-02-02", 60, "ann", ["bob"])
    world.mail("2024-02-03", "cat", to=["dan"])
    publish(world)
    found = ask(world, "ann", "bob")
    for settings, is_listed in (
        ({"width": 120, "force_terminal": True}, True),
        ({"width": 80, "force_terminal": False}, True),
        ({"width": 80, "force_terminal": True}, False),
    ):
        text = printed(found, color_system=None, **settings)
        assert [contact.event_id in text for contact in found.contacts] == [is_listed] * 2
        assert ("--csv and --json show it" in text) == (not is_listed)
        lines = [line.split()[2:] for line in text.splitlines()]
        (row,) = (line for line in lines if "mail_to" in line)
        assert row[:4] == ["to", "them", "mail_to", "1"]


def test_no_name_can_drive_the_terminal(world: World):
    world.mail("2024-03-04", "ann", to=["bob"])
    publish(world)
    text = printed(ask(world, "ann", "bob"), "\x1b[31m\u202eann\x07", "[bold]bob[/bold]\r\n")
    assert not {"\x1b", "\u202e", "\x07", "\r"} & set(text)
    assert "[bold]bob[/bold]" in text
