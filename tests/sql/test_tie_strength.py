"""metrics.tie_strength: strengths, counts, rhythm, rank and overlap of each tie."""

from datetime import date

import pytest


def close(expected):
    return pytest.approx(expected, abs=1e-6)


def tie(world, person="ann", contact="bob", month="2024-01"):
    return world.row("metrics.tie_strength", month=month, person_id=person, contact_id=contact)


def test_a_contact_counts_half_after_the_half_life(world):
    """Ages 14, 7 and 0 at a half-life of 14 days: 2.207107, and half of it 14 days later."""
    world.parameters(half_life_days=14)
    for day in ("2024-01-04", "2024-01-11", "2024-01-18"):
        world.mail(day, "ann", to=["bob"])
    world.until("2024-02-01")
    world.build("metrics.tie_strength")
    assert tie(world).out_strength == close(1.103553)
    # No contact is younger than a day: at as_of January 19 the ages are 15, 8 and 1.
    world.execute(
        "UPDATE raw.mailboxes SET pulled_at = '2024-01-19 00:00Z' WHERE mailbox_id = 'pulled'"
    )
    world.build("metrics.tie_strength")
    assert tie(world).out_strength * 2 ** (1 / 14) == close(2.207107)


def test_without_contact_strength_halves_with_every_half_life(world):
    world.mail("2023-12-01", "ann", to=["bob"])
    world.mail("2023-12-02", "bob", to=["ann"])
    world.mail("2024-01-30", "bob", to=["ann"])
    world.until("2024-06-01")
    world.build("metrics.tie_strength")
    january, march = tie(world), tie(world, month="2024-03")
    factor = 2 ** (-60 / 60)  # from February 1 to April 1, 2024
    assert march.strength == close(january.strength * factor)
    assert march.out_strength == close(january.out_strength * factor)
    assert march.in_strength == close(january.in_strength * factor)


def test_decay_forgets_nothing_where_sums_go_on_from_era_to_era(world):
    """With a half-life of three days the sums so far begin anew every 180 days."""
    world.parameters(half_life_days=3)
    days = [date(2024, month, day) for month in range(1, 13) for day in (5, 20, 27)]
    for day in days:
        world.mail(f"{day}", "ann", to=["bob", "cat"])
    # Whoever is never written to would be a robot.
    world.mail("2024-01-05", "cat", to=["ann"])
    world.until("2025-01-01")
    world.build("metrics.tie_strength")
    rows = world.rows("metrics.tie_strength", person_id="ann", contact_id="bob")
    ends = [row.as_of_date for row in world.rows("staging.months")]
    expected = [
        sum(0.5 * 2 ** (-(end - day).days / 3) for day in days if day < end) for end in ends
    ]
    assert len(expected) == 12
    assert [row.out_strength for row in rows] == pytest.approx(expected, abs=1e-11)
    # Where December alone is computed, all of its past lies in eras before its own.
    eras = [(end - date(1990, 1, 1)).days // (60 * 3) for end in ends]
    assert eras == [69] * 5 + [70] * 6 + [71]
    tables = ("staging.strength_histories", "metrics.tie_strength")
    at_once = [world.contents(table) for table in tables]
    world.build("metrics.tie_strength", wanted=["2024-12"])
    assert [world.contents(table) for table in tables] == at_once


def test_strength_is_the_geometric_mean_of_both_directions_and_zero_for_one(world):
    world.mail("2024-01-31", "ann", to=["bob"])
    world.mail("2024-01-31", "bob", to=["ann", "cat"])
    world.build("metrics.tie_strength")
    day = 2 ** (-1 / 60)
    assert tie(world).strength == close((1 * 0.5) ** 0.5 * day)
    assert tie(world, "bob", "cat").strength == 0
    assert tie(world, "bob", "cat").out_strength == close(0.5 * day)


def test_kossinets_and_watts_rate_of_six_and_three_messages_in_sixty_days(world):
    world.parameters(window_days=60)
    for n in range(6):
        world.mail(f"2024-01-1{n}", "ann", to=["bob"])
    for n in range(3):
        world.mail(f"2024-01-1{n}", "bob", to=["ann"])
    world.until("2024-02-01")
    world.build("metrics.tie_strength")
    assert tie(world).messages_per_day == close(0.070711)


def test_counts_are_those_of_the_window_and_first_contact_is_of_all_time(world):
    world.mail("2023-09-02 08:00", "ann", to=["bob"])
    world.mail("2023-11-02 23:59", "ann", to=["bob"])  # the day before the window of January
    world.mail("2023-11-03 00:00", "ann", to=["bob"])
    world.mail("2024-01-05 08:00", "bob", to=["ann"])
    world.mail("2024-01-05 09:00", "bob", cc=["ann"])
    world.meeting("2024-01-06 09:00", 90, "ann", ["bob"])
    world.until("2024-02-01")
    world.build("metrics.tie_strength")
    row = tie(world)
    assert (row.out_count, row.in_count, row.meeting_count, row.meeting_hours) == (1, 2, 1, 1.5)
    assert row.contact_day_count == 3
    assert (row.first_contact_at.date(), row.last_contact_at.date()) == (
        date(2023, 9, 2),
        date(2024, 1, 6),
    )


def test_meeting_share_is_the_part_of_both_strengths_that_meetings_make(world):
    world.mail("2024-01-31", "ann", to=["bob"])
    world.mail("2024-01-31", "bob", to=["ann"])
    world.meeting("2024-01-31", 15, "ann", ["bob"])
    world.build("metrics.tie_strength")
    assert tie(world).meeting_share == close(0.5)
    assert tie(world).mail_out_strength == close(tie(world).out_strength / 2)


def test_the_usual_gap_and_the_silence_are_counted_in_the_persons_own_active_days(world):
    """Ann and Bob meet on days 1, 3 and 7; Ann alone has contact on 2 and 8 to 11 besides."""
    for day in ("01", "03", "07"):
        world.mail(f"2024-01-{day}", "ann", to=["bob"])
    for day in ("02", "08", "09", "10", "11"):
        world.mail(f"2024-01-{day}", "ann", to=["cat"])
    world.build("metrics.tie_strength")
    ann, bob = tie(world), tie(world, "bob", "ann")
    # Ann was active on 1 2 3 7 8 9 10 11: the ties' days are her 1st, 3rd and 4th.
    assert (ann.usual_gap_days, ann.silence_days) == (1.5, 4)
    assert ann.silence_ratio == close(4 / 1.5)
    assert (bob.usual_gap_days, bob.silence_days, bob.silence_ratio) == (1, 0, 0)
    assert tie(world, "cat", "ann").usual_gap_days == 1


def test_one_day_of_contact_has_no_usual_gap(world):
    world.mail("2024-01-01", "ann", to=["bob"])
    world.build("metrics.tie_strength")
    assert tie(world).usual_gap_days is None
    assert tie(world).silence_ratio is None


def test_burstiness_of_gaps_of_one_one_one_and_ten_days(world):
    for day in ("2023-12-28", "2023-12-29", "2023-12-30", "2023-12-31", "2024-01-10"):
        world.mail(day, "ann", to=["bob"])
    world.build("metrics.tie_strength")
    assert tie(world).burstiness == close(0.471061)
    assert tie(world, month="2023-12").burstiness == close(-1)


def test_two_gaps_say_nothing_of_a_rhythm(world):
    for day in ("2024-01-01", "2024-01-02", "2024-01-20"):
        world.mail(day, "ann", to=["bob"])
    world.build("metrics.tie_strength")
    assert tie(world).burstiness is None


def test_rank_orders_by_strength_then_by_id_and_leaves_out_one_way_ties(world):
    world.meeting("2024-01-31 08:00", 60, "ann", ["dan"])
    world.meeting("2024-01-31 10:00", 30, "ann", ["cat"])
    world.meeting("2024-01-31 12:00", 30, "ann", ["bob"])
    world.mail("2024-01-31", "ann", to=["eve"])
    world.build("metrics.tie_strength")
    ranks = {name: tie(world, contact=name).rank for name in ("bob", "cat", "dan", "eve")}
    # cat was named before bob and so has the smaller id
    assert ranks == {"dan": 1, "cat": 2, "bob": 3, "eve": None}
    assert tie(world, contact="eve").layer is None


def test_layers_hold_five_fifteen_fifty_and_a_hundred_and_fifty(world):
    for n in range(152):
        world.meeting("2024-01-31", 30, "ann", [f"p{n}"], key=1000 + n)
    world.build("metrics.tie_strength")
    rows = world.rows("metrics.tie_strength", person_id="ann")
    layers = {row.rank: row.layer for row in rows}
    found = [layers[rank] for rank in (1, 5, 6, 15, 16, 50, 51, 150, 151, 152)]
    assert found == [5, 5, 15, 15, 50, 50, 150, 150, None, None]


def test_share_is_of_the_strength_in_the_network_and_null_off_it(world):
    world.meeting("2024-01-31 08:00", 60, "ann", ["dan"])
    world.meeting("2024-01-31 10:00", 20, "ann", ["cat"])
    world.mail("2024-01-31", "ann", to=["eve"])
    world.build("metrics.tie_strength")
    assert tie(world, contact="dan").share == close(0.75)
    assert tie(world, contact="cat").share == close(0.25)
    assert tie(world, "dan", "ann").share == 1
    assert tie(world, contact="eve").share is None


def test_an_answer_outside_the_window_makes_no_edge(world):
    world.mail("2023-10-01", "bob", to=["ann"])
    world.mail("2024-01-31", "ann", to=["bob"])
    world.build("metrics.tie_strength")
    assert tie(world).strength > 0
    assert tie(world).share is None


def test_overlap_in_krackhardts_kite(world):
    edges = "01 02 03 05 13 14 16 23 25 34 35 36 46 56 57 67 78 89".split()
    for n, (one, other) in enumerate(edges):
        world.meeting(f"2024-01-{n + 1:02d}", 15, one, [other])
    world.build("metrics.tie_strength")
    pairs = {("0", "3"): 0.6, ("5", "6"): 1 / 3, ("5", "7"): 0.2, ("7", "8"): 0}
    for (one, other), expected in pairs.items():
        assert tie(world, one, other).overlap == close(expected)
        assert tie(world, other, one).overlap == close(expected)


def test_overlap_of_two_who_know_nobody_else_is_unknown(world):
    world.meeting("2024-01-31", 15, "ann", ["bob"])
    world.build("metrics.tie_strength")
    assert tie(world).overlap is None


def test_both_directions_mirror_each_other(world):
    world.mail("2024-01-10", "ann", to=["bob", "cat"])
    world.mail("2024-01-31", "bob", to=["ann"])
    world.build("metrics.tie_strength")
    ann, bob = tie(world), tie(world, "bob", "ann")
    assert (ann.out_strength, ann.in_strength) == (bob.in_strength, bob.out_strength)
    assert (ann.out_count, ann.in_count) == (bob.in_count, bob.out_count)
    assert (ann.strength, ann.messages_per_day) == (bob.strength, bob.messages_per_day)


def test_a_new_person_who_knows_others_alone_changes_no_other_row(world):
    world.mail("2024-01-10", "ann", to=["bob"])
    world.mail("2024-01-31", "bob", to=["ann"])
    world.build("metrics.tie_strength")
    before = world.contents("metrics.tie_strength")
    world.mail("2024-01-20", "xan", to=["yul"])
    world.build("metrics.tie_strength")
    assert set(before) < set(world.contents("metrics.tie_strength"))


def test_a_tie_out_of_the_window_keeps_its_place_until_it_is_gone(world):
    """One message each way fades below .01 in some 400 days, and then has just gone."""
    for sender, to in (("ann", "bob"), ("bob", "ann")):
        world.mail("2022-01-10", sender, to=[to])
    # Whoever is never written to would be a robot, and the world must go on.
    for sender, to in (("cat", "dan"), ("dan", "cat")):
        world.mail("2023-05-10", sender, to=[to])
    world.until("2023-06-01")
    world.build("metrics.tie_strength")
    *held, gone = sorted(
        world.rows("metrics.tie_strength", person_id="ann"), key=lambda row: row.month
    )
    assert held[-1].out_count == 0
    assert held[-1].strength >= 0.01 > gone.strength > 0
    assert {(row.rank, row.layer) for row in held} == {(1, 5)}
    assert (gone.state, gone.rank, gone.layer) == ("lapsed", None, None)
