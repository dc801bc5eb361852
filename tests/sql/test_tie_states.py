"""metrics.tie_strength: which state a tie is in, and in which months it has a row."""

import pytest


def states(world, person="ann", contact="bob"):
    """Month -> state, of the months in which there is a row."""
    world.build("metrics.tie_strength")
    rows = world.rows("metrics.tie_strength", person_id=person, contact_id=contact)
    return {f"{row.month:%Y-%m}": row.state for row in rows}


def every(first, last, days, world, sender="ann", to="bob"):
    """Mail every so many days between two dates."""
    rows = world.execute(
        f"SELECT strftime(day, '%Y-%m-%d') FROM (SELECT unnest(generate_series("
        f"DATE '{first}', DATE '{last}', INTERVAL {days} DAY)) AS day)"
    )
    for (day,) in rows:
        world.mail(day, sender, to=[to])


def exchange(world, day):
    world.mail(day, "ann", to=["bob"])
    world.mail(day, "bob", to=["ann"])


def test_mail_that_is_never_answered_is_one_way_and_leaves_with_the_window(world):
    world.mail("2023-01-10", "ann", to=["bob"])
    world.until("2024-01-01")
    # The last window that holds January 10 ends at April 1: it begins on January 1.
    assert states(world) == {"2023-01": "one_way", "2023-02": "one_way", "2023-03": "one_way"}


def test_a_tie_is_new_from_its_first_answer_while_that_lies_in_the_window(world):
    world.mail("2022-01-01", "zoe", to=["ann"], mailbox="ann")
    world.mail("2023-01-10", "ann", to=["bob"])
    world.mail("2023-02-10", "bob", to=["ann"])
    every("2023-03-01", "2023-06-30", 1, world, "ann", "bob")
    world.until("2023-07-01")
    found = states(world)
    assert list(found.values()) == ["one_way", "new", "new", "new", "active", "active"]


def test_while_nobodys_mailbox_is_settled_nothing_is_new(world):
    """Ann's mailbox begins on January 5 and is settled on July 4, before August 1."""
    world.mail("2023-01-05", "zoe", to=["ann"], mailbox="ann")
    every("2023-05-20", "2023-09-30", 2, world, "ann", "bob")
    world.mail("2023-06-10", "bob", to=["ann"])
    world.until("2023-10-01")
    found = states(world)
    assert found["2023-05"] == "one_way"
    assert found["2023-06"] == "active"
    assert found["2023-07"] == "new"
    assert found["2023-08"] == "new"
    assert found["2023-09"] == "active"


def test_one_settled_mailbox_of_the_two_is_enough(world):
    world.mail("2022-01-05", "zoe", to=["ann"], mailbox="ann")
    world.mail("2023-01-05", "zoe", to=["bob"], mailbox="bob")
    exchange(world, "2023-01-10")
    assert states(world)["2023-01"] == "new"
    assert states(world, "bob", "ann")["2023-01"] == "new"


def test_a_tie_fades_then_lapses_as_its_silence_outgrows_its_rhythm(world):
    """Daily contact until January 31 of a year; Ann goes on writing to others every day."""
    world.mail("2022-01-01", "zoe", to=["ann"])
    every("2022-09-01", "2023-01-31", 1, world, "ann", "bob")
    world.mail("2022-09-01", "bob", to=["ann"])
    every("2023-02-01", "2023-12-31", 1, world, "ann", "cat")
    found = states(world)
    assert found["2023-01"] == "active"
    # March 1: 28 days and gaps of silence: more than 8, but not yet 42 days.
    assert found["2023-02"] == "fading"
    assert found["2023-03"] == "lapsed"
    # Bob is in contact with nobody, so by his own days nothing has passed.
    assert states(world, "bob", "ann")["2023-03"] == "active"


@pytest.mark.parametrize(("last", "state"), [("2023-01-19", "active"), ("2023-01-18", "fading")])
def test_a_silence_of_less_than_fourteen_days_fades_no_tie(world, last, state):
    """At February 1 the silence is 13 or 14 days long, in which Ann was active every day."""
    every("2022-10-01", last, 1, world, "ann", "bob")
    world.mail("2022-10-01", "bob", to=["ann"])
    every("2023-01-19", "2023-01-31", 1, world, "ann", "cat")
    assert states(world)["2023-01"] == state


def test_a_holiday_without_any_contact_ages_nothing(world):
    world.mail("2022-01-01", "zoe", to=["ann"])
    every("2022-09-01", "2023-01-31", 1, world, "ann", "bob")
    every("2022-09-01", "2023-01-31", 1, world, "bob", "ann")
    world.until("2023-04-01")
    assert states(world)["2023-03"] == "active"


def test_a_tie_that_grows_faint_has_lapsed_and_then_has_rows_no_more(world):
    """1 * 2^(-days/60) falls below .01 after 399 days; there is one row more, for the change."""
    exchange(world, "2022-01-31")
    world.until("2024-06-01")
    found = states(world)
    assert list(found)[-2:] == ["2023-02", "2023-03"]
    assert found["2023-02"] == "active"
    assert found["2023-03"] == "lapsed"


def test_the_end_that_lapsed_before_has_no_row_in_the_month_in_which_the_tie_leaves(world):
    """Ann was busy with Cat when Bob fell silent, Bob saw nobody; their tie then grows faint."""
    every("2023-01-27", "2023-01-31", 1, world, "ann", "bob")
    every("2023-01-27", "2023-01-31", 1, world, "bob", "ann")
    every("2023-02-01", "2023-06-30", 1, world, "ann", "cat")
    world.until("2025-01-01")
    of_ann, of_bob = states(world), states(world, "bob", "ann")
    assert (of_ann["2023-06"], of_bob["2023-06"]) == ("lapsed", "active")
    *seen, last = of_bob
    assert of_bob[last] == "lapsed"
    assert list(of_ann) == seen


@pytest.mark.parametrize("answered", [True, False])
def test_three_years_of_silence_are_dormant_and_give_one_row(world, answered):
    world.mail("2020-01-15", "ann", to=["bob"])
    if answered:
        world.mail("2020-01-15", "bob", to=["ann"])
    world.until("2024-01-01")
    found = states(world)
    # 1,095 days after January 15, 2020 is January 14, 2023, before February 1.
    assert list(found.items())[-1] == ("2023-01", "dormant")
    assert "2022-12" not in found


def test_contact_after_a_lapse_reactivates_while_it_lies_in_the_window(world):
    exchange(world, "2021-01-10")
    world.mail("2023-01-10", "bob", to=["ann"])
    every("2023-02-01", "2023-07-01", 3, world, "ann", "bob")
    found = states(world)
    assert [found[f"2023-0{n}"] for n in (1, 2, 3, 4)] == ["reactivated"] * 3 + ["active"]


def test_contact_after_three_years_reactivates_even_a_fresh_tie(world):
    exchange(world, "2019-01-10")
    exchange(world, "2023-01-10")
    assert states(world)["2023-01"] == "reactivated"


def test_writing_on_to_who_fell_silent_ends_no_silence(world):
    """Bob answers once: after 900 days the tie is faint, but Ann is never silent for 42 days."""
    exchange(world, "2020-01-10")
    every("2020-02-05", "2023-01-05", 30, world, "ann", "bob")
    found = states(world)
    assert found["2022-05"] == "active"
    assert {found[month] for month in found if month > "2022-06"} == {"lapsed"}


def test_an_answer_to_a_tie_that_was_one_way_and_silent_is_no_reactivation(world):
    world.mail("2020-06-01", "zoe", to=["ann"])
    world.mail("2021-01-10", "ann", to=["bob"])
    exchange(world, "2022-12-10")
    assert states(world)["2022-12"] == "new"


def test_a_lapse_is_judged_by_each_ones_own_days(world):
    """Ann was busy with Cat all through the silence, Bob saw nobody."""
    every("2022-01-01", "2022-01-31", 1, world, "ann", "bob")
    every("2022-01-01", "2022-01-31", 1, world, "bob", "ann")
    every("2022-02-01", "2022-04-30", 1, world, "ann", "cat")
    exchange(world, "2022-05-01")
    assert states(world)["2022-05"] == "reactivated"
    assert states(world, "bob", "ann")["2022-05"] == "active"


@pytest.mark.parametrize(("busy_until", "state"), [("18", "active"), ("19", "reactivated")])
def test_a_silence_lapses_at_more_than_eight_usual_gaps(world, busy_until, state):
    """Ten daily contacts, then 8 or 9 days on which Ann wrote to others, then contact again."""
    every("2023-01-01", "2023-01-10", 1, world, "ann", "bob")
    world.mail("2023-01-01", "bob", to=["ann"])
    every("2023-01-11", f"2023-01-{busy_until}", 1, world, "ann", "cat")
    exchange(world, "2023-03-01")
    assert states(world)["2023-03"] == state


def test_active_days_are_counted_on_through_months_without_any(world):
    for day in ("2023-01-03", "2023-01-05", "2023-03-09"):
        world.mail(day, "ann", to=["bob"])
    world.build("staging.person_months")
    rows = world.rows("staging.person_months", person_id="ann")
    found = [(row.active_day_count_before, row.active_day_count) for row in rows]
    assert found == [(0, 2), (2, 2), (2, 3)]


def test_a_tie_without_contact_in_the_window_stays_while_it_is_strong_enough(world):
    exchange(world, "2023-01-31")
    world.until("2023-12-01")
    assert list(states(world)) == [f"2023-{month:02d}" for month in range(1, 12)]


def test_a_mailbox_that_is_read_later_changes_no_earlier_month(world):
    """Bob's mailbox begins in March 2024; what was new before it stays new."""
    world.mail("2022-01-05", "zoe", to=["cat"], mailbox="zoe")
    world.mail("2023-09-05", "bob", to=["ann"])
    world.mail("2023-10-05", "ann", to=["bob"])
    world.until("2024-05-01")
    before = states(world)
    assert before["2023-10"] == "new"
    world.mail("2024-03-05", "zoe", to=["bob"], mailbox="bob")
    assert states(world) == before
