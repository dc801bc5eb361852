"""staging.answer_times: counts of answers, and the Kaplan-Meier median against scipy's."""

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import stats

HOUR = 3_600_000_000
DAY = 24 * HOUR
OPENINGS = """
    SELECT
        DATE '2024-02-01' AS month,
        n AS message_key,
        1 + n % 300 AS asker_id,
        1000 + n * 7 % 11 AS person_id,
        TIMESTAMPTZ '2024-01-10 12:00:00+00' AS asked_at,
        true AS is_due,
        CASE WHEN n * 13 % 17 < 11 THEN 'answered' ELSE 'unanswered' END AS outcome,
        1 + n * 7919 % 604800000000 AS wait_microseconds
    FROM (SELECT unnest(range(400000)) AS n)
"""


def opening(number, person, asker, wait, is_answered, **columns):
    row = {
        "month": "2024-02-01",
        "message_key": number,
        "asker_id": asker,
        "person_id": person,
        "asked_at": "2024-01-20 12:00:00+00",
        "is_due": True,
        "outcome": "answered" if is_answered else "unanswered",
        "wait_microseconds": wait,
    }
    return row | columns


def times(world, spells):
    """The row of one person who was asked by one other: (wait in hours, whether answered)."""
    world.months("2024-02", 1)
    rows = [opening(n, 2, 1, wait * HOUR, is_answered) for n, (wait, is_answered) in spells]
    world.given("staging.questions", rows)
    world.given("staging.list_questions")
    world.build("staging.answer_times")
    return world.row("staging.answer_times", responder_id=2, asker_id=1)


def median(world, *spells):
    return times(world, enumerate(spells)).answer_median_hours


YES, NO = True, False


def test_without_open_questions_the_median_is_the_lower_one_of_the_answers(world):
    assert median(world, (1, YES), (3, YES), (8, YES)) == 3


def test_half_answered_is_enough(world):
    """S falls to 3/4 and to 1/2 after the second of four."""
    assert median(world, (1, YES), (3, YES), (168, NO), (168, NO)) == 3


def test_less_than_half_answered_has_no_median(world):
    assert median(world, (1, YES), (168, NO), (168, NO)) is None


def test_who_leaves_early_weighs_on_those_who_stay(world):
    """2/3 at 2 h after one left at 1 h, 1/3 at 5 h; were the leaver still waiting: 3/4 and 1/2."""
    assert median(world, (1, NO), (2, YES), (5, YES), (168, NO)) == 5


def test_an_answer_comes_before_a_censoring_of_the_same_moment(world):
    """One of three leaves 2/3. Were the other out first: one of two, 1/2, a median."""
    row = times(world, enumerate([(2, NO), (2, YES), (168, NO)]))
    assert row.answer_median_hours is None
    row = times(world, enumerate([(2, NO), (2, YES)]))
    assert row.answer_median_hours == 2


def test_when_all_are_answered_at_the_end_the_median_is_there(world):
    assert median(world, (1, NO), (2, NO), (4, YES)) == 4


def test_counts_speak_of_due_questions_and_the_median_of_all(world):
    world.months("2024-02", 1)
    rows = [
        opening(1, 2, 1, 3 * HOUR, YES),
        opening(2, 2, 1, 7 * DAY, NO),
        opening(3, 2, 1, HOUR, NO, outcome="relieved"),
        opening(4, 2, 1, None, NO, outcome="superseded"),
        opening(5, 2, 1, HOUR, YES, is_due=False, asked_at="2024-02-27 12:00:00+00"),
    ]
    world.given("staging.questions", rows)
    world.given("staging.list_questions")
    world.build("staging.answer_times")
    row = world.row("staging.answer_times", responder_id=2, asker_id=1)
    assert (row.asked_count, row.answered_count, row.answer_median_hours) == (2, 1, 3)


def test_all_askers_together_are_asker_0(world):
    world.months("2024-02", 1)
    rows = [
        opening(1, 2, 1, 2 * HOUR, YES),
        opening(2, 2, 3, 4 * HOUR, YES),
        opening(3, 2, 3, 7 * DAY, NO),
    ]
    world.given("staging.questions", rows)
    world.given("staging.list_questions")
    world.build("staging.answer_times")
    found = {
        row.asker_id: (row.asked_count, row.answered_count, row.answer_median_hours)
        for row in world.rows("staging.answer_times", responder_id=2)
    }
    assert found == {0: (3, 2, 4), 1: (1, 1, 2), 3: (2, 1, 4)}


def test_an_opening_counts_in_each_window_that_holds_its_day(world):
    world.months("2023-12", 6)
    world.given("staging.list_questions")
    asked_at = "2024-01-29 12:00:00+00"
    rows = [
        opening(1, 2, 1, 2.5 * DAY, NO, month="2024-01-01", is_due=False, asked_at=asked_at),
        opening(1, 2, 1, 4 * DAY, YES, asked_at=asked_at),
    ]
    world.given("staging.questions", rows)
    world.build("staging.answer_times")
    found = {
        f"{row.month:%m}": (row.asked_count, row.answered_count, row.answer_median_hours)
        for row in world.rows("staging.answer_times", asker_id=1)
    }
    assert found == {"01": (0, 0, None), "02": (1, 1, 96), "03": (1, 1, 96)}


# Who waited for all of the 168 hours in vain is not numbered: now fewer than the answers, now more.
WAITS = st.integers(1, 12) | st.just(168)
SPELLS = st.lists(st.tuples(WAITS, st.booleans()), min_size=1, max_size=40)


@given(spells=SPELLS)
# One world for all examples: each fills its tables anew.
@settings(
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_median_is_that_of_scipys_kaplan_meier(world, spells):
    answers = [wait for wait, is_answered in spells if is_answered]
    others = [wait for wait, is_answered in spells if not is_answered]
    expected = None
    if answers:
        sample = stats.CensoredData(uncensored=[*answers], right=[*others])
        curve = stats.ecdf(sample).sf
        reached = curve.quantiles[curve.probabilities <= 0.5 + 1e-9]
        expected = reached[0] if len(reached) else None
    assert median(world, *spells) == expected


def test_a_half_of_many_thousands_is_still_a_half(world):
    """Ten thousand factors: of 20,000 the ten-thousandth answer makes exactly a half."""
    waits = random.Random(1).sample(range(1, 10**6), 10_000)
    spells = [(wait, YES) for wait in waits] + [(10**6, NO)] * 10_000
    world.months("2024-02", 1)
    values = ", ".join(f"({n}, {wait}, {done})" for n, (wait, done) in enumerate(spells))
    world.given(
        "staging.questions",
        sql="SELECT DATE '2024-02-01' AS month, n AS message_key, 1 AS asker_id, 2 AS person_id, "
        "TIMESTAMPTZ '2024-01-20 12:00:00+00' AS asked_at, true AS is_due, "
        "CASE WHEN done THEN 'answered' ELSE 'unanswered' END AS outcome, "
        f"wait AS wait_microseconds FROM (VALUES {values}) AS spells (n, wait, done)",
    )
    world.given("staging.list_questions")
    world.build("staging.answer_times")
    row = world.row("staging.answer_times", responder_id=2, asker_id=1)
    assert row.answer_median_hours == max(waits) / HOUR


def test_any_number_of_threads_gives_the_same_bytes(new_world):
    found = []
    for threads in (1, 2, 4):
        world = new_world(threads)
        world.months("2024-02", 3)
        world.given("staging.questions", sql=OPENINGS)
        world.given("staging.list_questions")
        world.build("staging.answer_times")
        found.append(world.contents("staging.answer_times"))
        world.connection.close()
    assert sum(row[-1] is not None for row in found[0]) > 1_000
    assert found[1] == found[0]
    assert found[2] == found[0]
