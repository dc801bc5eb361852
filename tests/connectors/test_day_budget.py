"""What may be spent in a day: days are the provider's, and an earlier pull's spending counts."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connectors.day_budget import DayBudget
from connectors.pages import PullProblem

CALIFORNIA = ZoneInfo("America/Los_Angeles")
# Midnight in California is 07:00 UTC in summer.
NOON = datetime(2026, 7, 1, 19, tzinfo=UTC)
NIGHT = datetime(2026, 7, 2, 7, tzinfo=UTC)


def budget(written: str | None = None, at: datetime | None = NOON) -> DayBudget:
    found = DayBudget(100, CALIFORNIA, lambda: PullProblem("spent", "Wait."))
    found.resume(written)
    if at is not None:
        found.see(at)
    return found


def is_spent(day: DayBudget, units: float) -> bool:
    try:
        day.take(units)
    except PullProblem:
        return True
    return False


def test_a_day_holds_its_units_and_not_one_more():
    day = budget()
    assert [is_spent(day, units) for units in (60, 40, 1)] == [False, False, True]


def test_what_does_not_fit_is_not_spent():
    day = budget()
    assert [is_spent(day, units) for units in (60, 41, 40)] == [False, True, False]


def test_a_day_begins_at_midnight_where_the_provider_is():
    day = budget()
    day.take(100)
    day.see(NIGHT - timedelta(seconds=1))
    assert is_spent(day, 1)
    day.see(NIGHT)
    assert [is_spent(day, units) for units in (100, 1)] == [False, True]


def test_answers_that_overtake_each_other_at_midnight_give_no_second_day():
    day = budget(at=NIGHT)
    day.take(100)
    day.see(NOON)
    day.see(NIGHT)
    assert is_spent(day, 1)


def test_a_later_pull_of_the_day_goes_on_and_one_of_the_next_day_begins_anew():
    first = budget()
    first.take(70)
    again, next_day = budget(first.written), budget(first.written, NIGHT)
    assert [is_spent(again, units) for units in (31, 30)] == [True, False]
    assert not is_spent(next_day, 100)


def test_until_it_is_known_which_day_it_is_something_may_be_asked():
    first = budget()
    first.take(100)
    again = budget(first.written, None)
    assert again.written is None
    again.take(1)
    again.see(NOON)
    with pytest.raises(PullProblem, match="spent"):
        again.take(1)
