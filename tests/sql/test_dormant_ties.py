"""staging.dormant_ties: strong once, silent for three years, and what is shared today."""

from datetime import date

import pytest

DORMANT = "staging.dormant_ties"


def history(world, one, other, month, strength, day=20):
    """A month with contact between two people, after which they are this strong."""
    first, second = sorted((world.key(one), world.key(other)))
    last = date.fromisoformat(f"{month}-{day}")
    return {
        "month": f"{month}-01",
        "first_id": first,
        "second_id": second,
        "strength": strength,
        "last_contact_at": f"{last} 12:00:00+00",
        "last_contact_date": last,
        "contact_day_count": 7,
    }


@pytest.fixture
def ties(world):
    """Makes the dormant ties of ann at the end of some months of 2024."""

    def make(*histories, edges=(), covered="2015-01-01", owners=("ann",), months=1):
        world.networks([edges] * months, "2024-01")
        world.given("staging.pair_histories", [history(world, *one) for one in histories])
        world.given(
            "staging.owners",
            [{"person_id": world.key(name), "first_covered_at": covered} for name in owners],
        )
        world.build(DORMANT)
        return world.rows(DORMANT)

    return make


def test_a_tie_that_was_strong_three_years_ago_is_dormant(ties, world):
    (row,) = ties(("ann", "bob", "2021-01", 2.0))
    assert (row.person_id, row.contact_id) == (world.key("ann"), world.key("bob"))
    assert row.strength == pytest.approx(2)
    assert (row.silent_days, row.contact_day_count) == (1107, 7)
    assert (row.shared_contact_count, row.contact_count, row.overlap) == (0, 0, 0)


def test_a_day_less_than_three_years_is_too_short(ties):
    """Of 2024-02-01 the day 2021-02-01 lies 1,095 days back."""
    assert len(ties(("ann", "bob", "2021-01", 2.0, 31), ("ann", "cat", "2021-02", 2.0, "01"))) == 2
    assert ties(("ann", "bob", "2021-02", 2.0, "02")) == []


def test_what_was_never_strong_is_not_worth_it(ties):
    assert ties(("ann", "bob", "2021-01", 0.99)) == []


def test_strong_at_any_time_is_strong_once(ties):
    (row,) = ties(("ann", "bob", "2019-01", 3.0), ("ann", "bob", "2021-01", 0.1))
    assert row.strength == pytest.approx(3)


def test_a_word_since_ends_the_silence(ties):
    """Dormant until February, in which they wrote to each other."""
    rows = ties(("ann", "bob", "2021-01", 2.0), ("ann", "bob", "2024-02", 0.1), months=3)
    assert [f"{row.month:%Y-%m}" for row in rows] == ["2024-01"]


def test_what_comes_later_is_not_known(ties):
    rows = ties(("ann", "bob", "2021-03", 2.0, 30), months=3)
    assert [f"{row.month:%Y-%m}" for row in rows] == ["2024-03"]


def test_only_mailbox_owners_have_rows_since_their_mailbox_is_read(ties):
    assert ties(("ann", "bob", "2021-01", 2.0), owners=("cat",)) == []
    assert ties(("ann", "bob", "2021-01", 2.0), covered="2024-02-01") == []
    assert len(ties(("ann", "bob", "2021-01", 2.0), owners=("ann", "bob"))) == 2


def test_shared_is_who_is_a_contact_of_both_today(ties):
    """Of ann's three and bob's two contacts cat is one of both: one of four."""
    edges = [(one, other, 1.0) for one, other in ("ac", "ad", "ae", "bc", "bf")]
    edges = [({"a": "ann", "b": "bob"}[one], other, 1.0) for one, other, _ in edges]
    (row,) = ties(("ann", "bob", "2021-01", 2.0), edges=edges)
    assert (row.shared_contact_count, row.contact_count, row.overlap) == (1, 4, 0.25)


def test_no_more_than_the_fifteen_strongest_are_looked_at(ties, world):
    rows = ties(*[("ann", f"p{n:02d}", "2021-01", 1.0 + n) for n in range(20)])
    found = {row.contact_id for row in rows}
    assert found == {world.key(f"p{n:02d}") for n in range(5, 20)}
