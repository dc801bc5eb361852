"""staging.revivals: in which state was a tie without a row, when a thread to it was begun?"""

import pytest


@pytest.fixture(params=["with its rows", "without rows"])
def called(request, world):
    """The states with which ann's tie to bob is listed when she writes in January 2024.

    With the rows of metrics.tie_strength, among which a tie has one in the month in which it falls
    dormant, and without any: what the last contact says must be what a row would say.
    """

    def call(last, answered):
        # What was before the last contact says nothing.
        world.mail("2020-06-10", "ann", to=["bob"])
        world.mail(last, "ann", to=["bob"])
        if answered:
            world.mail(last, "bob", to=["ann"])
        world.mail("2024-01-10", "ann", to=["bob"])
        world.until("2024-02-01")
        if request.param == "without rows":
            world.given("metrics.tie_strength")
        world.build("staging.revivals")
        rows = world.rows("staging.revivals", month="2024-01", person_id="ann")
        assert {row.contact_id for row in rows} <= {world.key("bob")}
        return [row.state_before for row in rows]

    return call


def test_three_years_before_the_month_a_silent_tie_was_dormant(called):
    """From January 1, 2021 to January 1, 2024 it is 3 * 365 = 1,095 days."""
    assert called("2021-01-01", answered=True) == ["dormant"]


def test_a_day_less_than_three_years_is_lapsed(called):
    assert called("2021-01-02", answered=True) == ["lapsed"]


def test_a_day_less_without_any_answer_is_one_way_and_nothing_to_revive(called):
    assert called("2021-01-02", answered=False) == []


def test_three_years_without_any_answer_are_dormant_too(called):
    assert called("2021-01-01", answered=False) == ["dormant"]
