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


def test_answers_are_counted_both_ways(world):
    """Ann asks bob four times, who answers three; bob asks ann once, in vain."""
    for day in ("02", "10", "18"):
        first = world.mail(f"2024-01-{day} 09:00", "ann", to=["bob"])
        world.mail(f"2024-01-{day} 12:00", "bob", to=["ann"], answers=first)
    world.mail("2024-01-20 09:00", "ann", to=["bob"])
    world.mail("2024-01-21 09:00", "bob", to=["ann"])
    world.until("2024-02-01")
    world.build("metrics.reciprocity")
    row = world.row("metrics.reciprocity", month="2024-01", person_id="bob", contact_id="ann")
    assert (row.asked_count, row.answered_count, row.answer_rate) == (4, 3, 0.75)
    assert row.answer_median_hours == 3
    assert (row.contact_asked_count, row.contact_answered_count) == (1, 0)
    assert (row.contact_answer_rate, row.contact_answer_median_hours) == (0, None)
    mirror = world.row("metrics.reciprocity", month="2024-01", person_id="ann", contact_id="bob")
    assert (mirror.contact_asked_count, mirror.contact_answered_count) == (4, 3)
    assert (mirror.contact_answer_rate, mirror.contact_answer_median_hours) == (0.75, 3)
    assert (mirror.asked_count, mirror.answered_count, mirror.answer_rate) == (1, 0, 0)


def test_a_pair_that_asks_nothing_has_no_rate(world):
    world.mail("2024-01-10", "ann", cc=["bob"])
    world.build("metrics.reciprocity")
    row = pair(world)
    assert (row.asked_count, row.answer_rate, row.answer_median_hours) == (0, None, None)
    assert (row.contact_asked_count, row.contact_answer_rate) == (0, None)


def test_young_openings_say_nothing_of_the_rate_but_something_of_the_time(world):
    """Asked three days before the month ends, answered after two hours."""
    first = world.mail("2024-01-29 09:00", "ann", to=["bob"])
    world.mail("2024-01-29 11:00", "bob", to=["ann"], answers=first)
    world.until("2024-02-01")
    world.build("metrics.reciprocity")
    row = world.row("metrics.reciprocity", month="2024-01", person_id="bob", contact_id="ann")
    assert (row.asked_count, row.answer_rate, row.answer_median_hours) == (0, None, 2)


def test_an_opening_stays_in_the_numbers_for_ninety_days(world):
    first = world.mail("2024-01-10 09:00", "ann", to=["bob"])
    world.mail("2024-01-10 12:00", "bob", to=["ann"], answers=first)
    world.until("2024-06-01")
    world.build("metrics.reciprocity")
    months = {
        f"{row.month:%m}": row.asked_count
        for row in world.rows("metrics.reciprocity", person_id="bob", contact_id="ann")
    }
    # The window of April begins on January 31.
    assert months == {"01": 1, "02": 1, "03": 1}
