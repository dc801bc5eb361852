"""metrics.reciprocity: how even the mail is, and who begins."""

import pytest


def send(world, sender, contact, count, day="2024-01-31", **columns):
    for _ in range(count):
        world.mail(day, sender, to=[contact], **columns)


def pair(world, person="ann", contact="bob"):
    return world.row("metrics.reciprocity", person_id=person, contact_id=contact)


def test_reciprocity_is_twice_the_smaller_over_the_sum(world):
    send(world, "ann", "bob", 3)
    send(world, "bob", "ann", 1)
    world.build("metrics.reciprocity")
    assert pair(world).reciprocity == pytest.approx(0.5)
    assert pair(world, "bob", "ann").reciprocity == pair(world).reciprocity


def test_one_way_mail_has_reciprocity_zero(world):
    send(world, "ann", "bob", 3)
    world.build("metrics.reciprocity")
    assert pair(world).reciprocity == 0
    assert (pair(world).flow_balance, pair(world, "bob", "ann").flow_balance) == (1, -1)


def test_flow_balance_is_the_net_flow_over_all_mail_of_the_window(world):
    send(world, "ann", "bob", 3)
    send(world, "bob", "ann", 1)
    send(world, "bob", "ann", 9, day="2023-01-31")
    world.build("metrics.reciprocity")
    rows = world.rows("metrics.reciprocity", month="2024-01", person_id="ann", contact_id="bob")
    assert [row.flow_balance for row in rows] == [0.5]


def test_squartinis_network(world):
    """w12 5, w21 3, w23 2, w31 4: reciprocated weight 6 of 14 (METRICS.md 9)."""
    for one, other, count in (("1", "2", 5), ("2", "1", 3), ("2", "3", 2), ("3", "1", 4)):
        send(world, one, other, count)
    world.build("metrics.reciprocity")
    rows = world.rows("metrics.reciprocity")
    total = sum(row.mail_out_strength for row in rows)
    mutual = sum(min(row.mail_out_strength, row.mail_in_strength) for row in rows)
    assert total * 2 ** (1 / 60) == pytest.approx(14)
    assert mutual / total == pytest.approx(0.428571, abs=1e-6)


def test_meetings_alone_give_no_row_and_move_no_number(world):
    send(world, "ann", "bob", 3)
    send(world, "bob", "ann", 1)
    world.meeting("2024-01-31", 60, "ann", ["bob", "cat"])
    world.build("metrics.reciprocity")
    assert len(world.rows("metrics.reciprocity")) == 2
    assert pair(world).reciprocity == pytest.approx(0.5)


def test_begun_threads_are_direct_messages_that_name_no_earlier_one(world):
    send(world, "ann", "bob", 3)
    send(world, "bob", "ann", 1)
    send(world, "bob", "ann", 5, answers=1)
    world.mail("2024-01-31", "bob", cc=["ann"])
    world.build("metrics.reciprocity")
    row = pair(world)
    assert (row.started_count, row.received_start_count) == (3, 1)
    assert row.initiation_share == 0.75


def test_answers_alone_leave_the_initiation_share_unknown(world):
    send(world, "bob", "ann", 1, answers=99)
    world.build("metrics.reciprocity")
    assert pair(world).initiation_share is None
