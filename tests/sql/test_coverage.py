"""metrics.coverage and coverage_reasons: no copy is lost, and each has its reason."""

from collections import Counter

import pytest

from pipelines.checks import validate
from pipelines.models import Graph

GRAPH = Graph.load()
ALL_DAY = {"is_all_day": True}


def outcomes(world, wanted=None, **where):
    """(source, outcome) -> copies, of all mailboxes and months or of some."""
    world.build("metrics.coverage", wanted=wanted)
    found = Counter()
    for row in world.rows("metrics.coverage_reasons", **where):
        found[row.source, row.outcome] += row.copy_count
    return found


def assert_adds_up(world):
    """Every copy that is stored has exactly one outcome, in every mailbox and month."""
    for row in world.rows("metrics.coverage"):
        assert row.message_count == row.message_contact_count + row.message_left_out_count
        assert row.meeting_count == row.meeting_contact_count + row.meeting_left_out_count
    for column, table in (("message_count", "messages"), ("meeting_count", "events")):
        ((counted, stored),) = world.execute(
            f"SELECT (SELECT coalesce(sum({column}), 0) FROM metrics.coverage), "
            f"(SELECT count(*) FROM raw.{table})"
        )
        assert counted == stored


def letter(world, **more):
    row = {"at": "2024-01-10", "sender": "ann", "to": ["bob"]} | more
    return world.mail(**row)


MAIL = {
    "contact": {},
    "no_author": {"sender": None},
    "author_hidden": {"sender": "craft@x.org", "to": ["craft@x.org"]},
    "author_is_robot": {"sender": "no-reply@x.org"},
    "author_is_list": {"sender": "dev@x.org"},
    "author_is_room": {"sender": "oak"},
    "author_is_group": {"sender": "team"},
    "of_calendar": {"automation_signs": ["calendar"]},
    "automated": {"automation_signs": ["auto_submitted"]},
    "broadcast": {"to": [f"p{n}" for n in range(19)]},
    "no_address": {"to": []},
    "to_self": {"to": ["ann"]},
    "to_nobody": {"to": ["no-reply@x.org", "oak"]},
}


def furnish(world):
    """A room, a group, and a list that others post to."""
    world.directory("oak", kind="room")
    world.directory("team", kind="group")
    world.mail("2024-01-02", "cat", to=["dev@x.org"], list_address_key=world.key("dev@x.org"))


@pytest.mark.parametrize("expected", MAIL)
def test_each_outcome_of_a_message(world, expected):
    furnish(world)
    columns = dict(MAIL[expected])
    if expected == "author_hidden":
        columns["list_address_key"] = world.key("craft@x.org")
    letter(world, mailbox="ann's", **columns)
    assert outcomes(world, mailbox_id="ann's") == {("mail", expected): 1}
    assert_adds_up(world)


CALENDAR = {
    "contact": {},
    "cancelled": {"status": "cancelled"},
    "focus_time": {"kind": "focus_time"},
    "out_of_office": {"kind": "out_of_office"},
    "working_location": {"kind": "working_location"},
    "birthday": {"kind": "birthday"},
    "other_kind": {"kind": "something new"},
    "all_day": ALL_DAY,
    "free": {"is_busy": False},
    "no_duration": {"minutes": 0},
    "alone": {"accepted": []},
    "crowd": {"accepted": [f"p{n}" for n in range(18)]},
}


@pytest.mark.parametrize("expected", CALENDAR)
def test_each_outcome_of_a_calendar_entry(world, expected):
    row = {"at": "2024-01-10", "minutes": 30, "organizer": "ann", "accepted": ["bob"]}
    world.meeting(**row | CALENDAR[expected])
    world.mail("2024-01-31", "ann", to=["bob"])
    assert outcomes(world)["calendar", expected] == 1
    assert_adds_up(world)


def test_a_meeting_that_the_organisers_copy_puts_into_a_later_month_is_counted_there(world):
    key = world.meeting("2024-01-31", 30, "ann", ["bob"], mailbox="bob")
    world.meeting("2024-02-01", 30, "ann", ["bob"], mailbox="ann", key=key)
    world.mail("2024-02-28", "ann", to=["bob"])
    assert outcomes(world, month="2024-01") == {("calendar", "moved"): 1}
    assert outcomes(world, month="2024-02") == {("calendar", "contact"): 1, ("mail", "contact"): 1}
    assert_adds_up(world)


def test_the_examples_show_every_outcome_that_the_model_allows():
    assert allowed("metrics.coverage_reasons", "outcome in") == {*MAIL, *CALENDAR, "moved"}
    assert allowed("staging.messages", "left_out_reason in") == MAIL.keys() - {"contact"}
    assert allowed("staging.meetings", "left_out_reason in") == CALENDAR.keys() - {"contact"}


def allowed(table, start):
    """The words that a Check of a table allows."""
    (check,) = [text for text in GRAPH[table].checks if text.startswith(start)]
    return set(check.split("'")[1::2])


def test_copies_count_in_each_mailbox_and_a_late_copy_in_its_own_month(world):
    key = letter(world, at="2024-01-31 23:00", mailbox="ann")
    letter(world, at="2024-02-01 01:00", mailbox="bob", key=key)
    letter(world, at="2024-02-20", mailbox="bob")
    assert outcomes(world, mailbox_id="ann") == {("mail", "contact"): 1}
    assert outcomes(world, mailbox_id="bob") == {("mail", "contact"): 2}
    assert len(world.rows("staging.messages")) == 2
    assert_adds_up(world)


def test_copies_that_are_one_message_by_content_have_its_outcome(world):
    for mailbox in ("ann", "bob"):
        letter(world, mailbox=mailbox, to=["ann"])
    letter(world, mailbox="archive", key=77)
    letter(world, mailbox="archive", key=77, sender="zoe", to=["zoe"])
    assert outcomes(world) == {("mail", "to_self"): 3, ("mail", "contact"): 1}
    assert_adds_up(world)


def passed(world):
    """Whether every Check of coverage_reasons holds."""
    contract, _ = validate(world.connection, GRAPH["metrics.coverage_reasons"])
    return all(found.passed for _, found in contract.findings)


def test_a_message_that_got_lost_on_the_way_would_be_seen(world):
    letter(world)
    lost = letter(world, at="2024-01-11")
    world.build("metrics.coverage")
    assert passed(world)
    world.execute(f"CREATE TEMP TABLE kept AS FROM staging.messages WHERE message_key <> {lost}")
    world.given("staging.messages", sql="FROM kept")
    assert outcomes(world) == {("mail", "contact"): 1, ("mail", "unexplained"): 1}
    assert not passed(world)


def test_a_mailbox_says_when_it_has_settled_and_whose_it_is(world):
    """180 days after 10 January 2024 is 8 July, and July ends behind that day."""
    letter(world, mailbox="ann")
    world.mail("2024-08-01", "bob", to=["ann"], mailbox="list")
    world.execute("UPDATE raw.mailboxes SET address_key = NULL WHERE mailbox_id = 'list'")
    world.build("metrics.coverage")
    row = world.row("metrics.coverage", mailbox_id="ann")
    assert (row.person_id, row.first_settled_month.isoformat()) == (world.key("ann"), "2024-07-01")
    assert row.first_at == row.last_at
    assert world.row("metrics.coverage", mailbox_id="list").person_id is None


@pytest.mark.parametrize(("count", "is_told"), [(500, False), (501, True)])
def test_a_month_that_stands_on_one_day_was_probably_moved_here(world, count, is_told):
    for _ in range(count):
        letter(world)
    letter(world, at="2024-01-11")
    world.build("metrics.coverage")
    (row,) = world.rows("metrics.coverage")
    assert (row.message_count, row.busiest_day_count) == (count + 1, count)
    contract, expected = validate(world.connection, GRAPH["metrics.coverage"])
    assert contract.passed
    assert expected.passed is not is_told


def test_a_busy_month_of_many_days_is_no_move(world):
    for day in range(1, 21):
        for _ in range(30):
            letter(world, at=f"2024-01-{day:02} 09:00")
    world.build("metrics.coverage")
    assert world.rows("metrics.coverage")[0].busiest_day_count == 30
    assert validate(world.connection, GRAPH["metrics.coverage"])[1].passed
