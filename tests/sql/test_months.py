"""staging.months: which there are and what each of them knows."""

from datetime import date


def spans(world):
    world.build("staging.months")
    return [(row.month, row.as_of_date, row.is_complete) for row in world.rows("staging.months")]


def test_months_run_from_the_first_message_to_the_midnight_after_the_newest(world):
    world.mail("2023-12-31", "ann", to=["bob"])
    world.mail("2024-02-10 08:00", "bob", to=["ann"])
    assert spans(world) == [
        (date(2023, 12, 1), date(2024, 1, 1), True),
        (date(2024, 1, 1), date(2024, 2, 1), True),
        (date(2024, 2, 1), date(2024, 2, 11), False),
    ]


def test_a_pulled_mailbox_knows_up_to_the_midnight_before_its_newest_pull(world):
    world.mail("2024-01-10", "ann", to=["bob"])
    world.until("2024-01-20 23:59")
    assert spans(world) == [(date(2024, 1, 1), date(2024, 1, 20), False)]


def test_a_pull_on_the_first_of_a_month_completes_the_month_before_and_begins_none(world):
    world.mail("2024-01-10", "ann", to=["bob"])
    world.until("2024-02-01 00:00")
    assert spans(world) == [(date(2024, 1, 1), date(2024, 2, 1), True)]


def test_the_window_is_ninety_days_that_end_with_as_of(world):
    world.mail("2024-03-31", "ann", to=["bob"])
    world.build("staging.months")
    assert world.row("staging.months").window_start_date == date(2024, 1, 2)


def test_a_date_before_1990_begins_no_month(world):
    world.mail("1970-01-01", "ann", to=["bob"])
    world.mail("2024-01-31", "ann", to=["bob"])
    assert len(spans(world)) == 1


def test_meetings_still_to_come_do_not_move_the_running_month(world):
    world.mail("2024-01-10", "ann", to=["bob"])
    world.meeting("2024-01-12", 60, "ann", ["bob"], updated_at="2024-01-05 00:00Z")
    world.meeting("2026-01-12", 60, "ann", ["bob"], updated_at="2024-01-13 00:00Z")
    assert spans(world) == [(date(2024, 1, 1), date(2024, 1, 13), False)]


def test_a_calendar_alone_that_does_not_say_when_it_was_written_is_believed(world):
    world.meeting("2024-01-12", 60, "ann", ["bob"])
    assert spans(world) == [(date(2024, 1, 1), date(2024, 1, 13), False)]


def test_without_data_there_is_no_month(world):
    assert spans(world) == []


def test_the_published_months_have_the_parts_that_dashboards_group_by(world):
    world.mail("2023-12-31", "ann", to=["bob"])
    world.mail("2024-05-10", "bob", to=["ann"])
    world.build("metrics.months")
    rows = world.rows("metrics.months")
    assert [(row.year, row.quarter, row.is_complete) for row in rows] == [
        (2023, 4, True),
        (2024, 1, True),
        (2024, 1, True),
        (2024, 1, True),
        (2024, 2, True),
        (2024, 2, False),
    ]
    assert all(row.first_day == row.month for row in rows)
