"""metrics.introductions: who brought two people together."""

import pytest


@pytest.fixture
def settled(world):
    """A world in which bob's mailbox has been read for more than half a year."""
    world.mail("2023-06-01", "zoe", to=["bob"], mailbox="bob")
    return world


def introductions(world):
    """(month, introducer, first, second) of each, by name."""
    world.build("metrics.introductions")
    names = {key: name.partition("@")[0] for name, key in world._keys.items()}
    return [
        (f"{row.month:%Y-%m}", names[row.introducer_id], names[row.first_id], names[row.second_id])
        for row in world.rows("metrics.introductions")
    ]


def test_two_who_write_to_each_other_after_a_message_to_both_were_introduced(settled):
    settled.mail("2024-06-03", "ann", to=["bob", "cat"])
    settled.mail("2024-06-20", "cat", to=["bob"])
    settled.mail("2024-06-21", "bob", to=["cat"])
    assert introductions(settled) == [("2024-06", "ann", "bob", "cat")]
    row = settled.row("metrics.introductions")
    assert (row.introduced_at.day, row.followed_at.day) == (3, 20)


def test_the_month_is_that_of_the_confirming_contact(settled):
    settled.mail("2024-06-20", "ann", to=["bob"], cc=["cat"])
    settled.mail("2024-07-10", "bob", to=["cat"])
    assert introductions(settled) == [("2024-07", "ann", "bob", "cat")]


def test_after_more_than_thirty_days_nobody_was_introduced(settled):
    settled.mail("2024-06-03 12:00", "ann", to=["bob", "cat"])
    settled.mail("2024-07-03 12:01", "bob", to=["cat"])
    assert introductions(settled) == []


def test_thirty_days_to_the_minute_are_in_time(settled):
    settled.mail("2024-06-03 12:00", "ann", to=["bob", "cat"])
    settled.mail("2024-07-03 12:00", "bob", to=["cat"])
    assert introductions(settled) == [("2024-07", "ann", "bob", "cat")]


def test_a_reply_all_to_the_introducer_confirms_nothing(settled):
    first = settled.mail("2024-06-03", "ann", to=["bob", "cat"])
    settled.mail("2024-06-04", "bob", to=["ann", "cat"], answers=first)
    assert introductions(settled) == []


def test_nor_does_a_reply_to_that_reply_while_the_introducer_listens(settled):
    first = settled.mail("2024-06-03", "ann", to=["bob", "cat"])
    second = settled.mail("2024-06-04", "bob", to=["ann", "cat"], answers=first)
    chain = [first, second]
    settled.mail("2024-06-05", "cat", ["bob"], ["ann"], answers=second, reference_keys=chain)
    assert introductions(settled) == []


def test_a_reply_without_the_introducer_confirms(settled):
    """Moving ann to Bcc of the mind: bob answers cat alone."""
    first = settled.mail("2024-06-03", "ann", to=["bob", "cat"])
    settled.mail("2024-06-04", "bob", to=["ann", "cat"], answers=first)
    settled.mail("2024-06-05", "bob", to=["cat"], answers=first)
    assert introductions(settled) == [("2024-06", "ann", "bob", "cat")]
    assert settled.row("metrics.introductions").followed_at.day == 5


def test_another_message_to_both_of_them_confirms_though_the_introducer_reads_it(settled):
    settled.mail("2024-06-03", "ann", to=["bob", "cat"])
    settled.mail("2024-06-09", "bob", to=["cat"], cc=["ann"])
    assert introductions(settled) == [("2024-06", "ann", "bob", "cat")]


@pytest.mark.parametrize("writer", ["bob", "cat"])
def test_who_had_contact_before_cannot_be_introduced(settled, writer):
    other = {"bob": "cat", "cat": "bob"}[writer]
    settled.mail("2023-07-01", writer, cc=[other])
    settled.mail("2024-06-03", "ann", to=["bob", "cat"])
    settled.mail("2024-06-20", "bob", to=["cat"])
    assert introductions(settled) == []


def test_who_met_before_cannot_be_introduced(settled):
    settled.meeting("2023-07-01", 30, "bob", ["cat"])
    settled.mail("2024-06-03", "ann", to=["bob", "cat"])
    settled.mail("2024-06-20", "bob", to=["cat"])
    assert introductions(settled) == []


@pytest.mark.parametrize(("bystanders", "found"), [(3, True), (4, False)])
def test_at_most_three_others_stand_by(settled, bystanders, found):
    settled.mail("2024-06-03", "ann", ["bob", "cat"], [f"p{n}" for n in range(bystanders)])
    settled.mail("2024-06-20", "bob", to=["cat"])
    assert bool(introductions(settled)) == found


def test_who_is_on_bcc_is_introduced_to_nobody(settled):
    settled.mail("2024-06-03", "ann", to=["cat"], bcc=["bob"])
    settled.mail("2024-06-20", "bob", to=["cat"])
    assert introductions(settled) == []


def test_without_a_settled_mailbox_of_either_nobody_can_say(settled):
    settled.mail("2024-06-03", "ann", to=["dan", "cat"])
    settled.mail("2024-06-20", "dan", to=["cat"])
    settled.mail("2023-08-03", "ann", to=["bob", "eve"])
    settled.mail("2023-08-20", "bob", to=["eve"])
    assert introductions(settled) == []


def test_each_of_two_introducers_has_their_row(settled):
    settled.mail("2024-06-03", "ann", to=["bob", "cat"])
    settled.mail("2024-06-10", "dan", to=["bob", "cat"])
    settled.mail("2024-06-20", "bob", to=["cat"])
    assert {row[1] for row in introductions(settled)} == {"ann", "dan"}


def test_an_automatic_message_introduces_nobody(settled):
    robot = ["auto_submitted"]
    settled.mail("2024-06-03", "ann", to=["bob", "cat"], automation_signs=robot)
    settled.mail("2024-06-20", "bob", to=["cat"])
    assert introductions(settled) == []


def test_one_month_finds_what_all_months_together_find(settled):
    first = settled.mail("2024-06-25", "ann", to=["bob", "cat"])
    settled.mail("2024-06-26", "bob", to=["ann", "cat"], answers=first)
    settled.mail("2024-07-10", "bob", to=["cat"])
    settled.mail("2024-08-10", "bob", to=["cat"])
    settled.build("metrics.introductions")
    together = settled.contents("metrics.introductions")
    assert len(together) == 1
    for month in ("2024-08", "2024-07", "2024-06"):
        settled.build("metrics.introductions", wanted=[month])
    assert settled.contents("metrics.introductions") == together
