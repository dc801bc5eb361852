"""The audit fails on every way to tell what is hidden, and names no value."""

from datetime import date

import pyarrow as pa
import pytest

from pipelines.audit import OTHER, AuditFailed, Finding, audit, findings, hidden_ties, least_width

JANUARY, FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)


def groups(month=JANUARY, **people):
    return [
        {"month": month, "group_name": name, "is_internal": True, "people_count": count}
        for name, count in people.items()
    ]


def rest(count):
    return {"month": JANUARY, "group_name": OTHER, "is_internal": None, "people_count": count}


def tie(one, other, count, people=10, **indices):
    return {
        "month": JANUARY,
        "group_a": one,
        "group_b": other,
        "people_count": people,
        "tie_count": count,
        "density": None,
        "ei_index": None,
        "homophily": None,
    } | indices


def found(group_rows, tie_rows=(), least=5, **tables):
    tables = {"groups": group_rows, "group_ties": tie_rows} | tables
    made = {name: pa.Table.from_pylist(list(rows)) for name, rows in tables.items() if rows}
    return [(one.table, one.cell) for one in findings(made, least)]


SOUND = [*groups(A=10, B=12, C=9), rest(8)]


def test_cells_of_enough_people_and_a_rest_that_holds_several_pass():
    rows = [tie("A", "A", 20), tie("A", "B", 15), tie(OTHER, "A", 9), tie(OTHER, "C", 9)]
    assert found(SOUND, rows) == []


def test_a_small_group_is_found():
    assert found(groups(A=10, B=4)) == [("groups", "people of a group")]


def test_one_hidden_group_behind_a_total_is_found():
    """All is shown but one group of three, and the total with it."""
    assert found([*groups(A=10, B=12), rest(3)]) == [("groups", "people of a group")]


def test_ties_of_two_people_between_large_groups_are_found():
    assert found(SOUND, [tie("A", "B", 1, people=2)]) == [
        ("group_ties", "people with ties between two groups")
    ]


def test_one_hidden_cell_beside_a_margin_is_found():
    """Naive suppression: of A's cells just one is hidden, and the total of all is there."""
    rows = [tie("A", "B", 15), tie(OTHER, "A", 2)]
    assert ("group_ties", "ties between two groups") in found(SOUND, rows)
    # Even with a large number, where nobody else can be meant.
    assert ("group_ties", "ties of a group with those not told apart") in found(
        [*groups(A=10, B=12, C=9), rest(5)], [tie("A", "B", 15), tie(OTHER, "A", 51, people=12)]
    )


def test_a_rest_without_small_groups_is_found():
    """Then it can only be ties of large groups with each other."""
    rows = [tie("A", "B", 15), tie("A", OTHER, 9)]
    assert ("group_ties", "ties of a group that is not shown") in found(groups(A=9, B=9, C=9), rows)


def test_a_total_of_ties_among_small_groups_is_found():
    assert found(SOUND, [tie(OTHER, OTHER, 9)]) == [
        ("group_ties", "ties among groups that are not shown")
    ]


def test_an_index_over_everybody_is_found():
    """E-I of A with the ties that no row shows: whoever solves for them has their number."""
    rows = [tie("A", "A", 20, ei_index=(15 - 20) / 35), tie("A", "B", 15)]
    assert found(SOUND, rows) == []
    rows = [tie("A", "A", 20, ei_index=(17 - 20) / 37), tie("A", "B", 15)]
    assert found(SOUND, rows) == [("group_ties", "ei_index counts what is not shown")]


@pytest.mark.parametrize("column", ["density", "homophily"])
def test_a_density_of_other_people_is_found(column):
    rows = [tie("A", "A", 20, **{column: 0.123})]
    assert found(SOUND, rows) == [("group_ties", f"{column} counts what is not shown")]


def test_shares_must_follow_from_the_rows_that_are_shown():
    share, expected = 40 / 55, 9 / 38
    row = {
        "month": JANUARY,
        "group_name": "A",
        "same_group_share": share,
        "expected_share": expected,
        "homophily": share / expected,
        "coleman_index": (share - expected) / (1 - expected),
    }
    rows = [tie("A", "A", 20), tie("A", "B", 15)]
    assert found(SOUND, rows, homophily=[row]) == []
    for column in row.keys() - {"month", "group_name"}:
        changed = row | {column: row[column] + 1e-6}
        assert found(SOUND, rows, homophily=[changed]) == [
            ("homophily", f"{column} counts what is not shown")
        ]
    # B has no row with itself.
    assert ("homophily", "same_group_share counts what is not shown") in found(
        SOUND, rows, homophily=[row | {"group_name": "B"}]
    )


def test_totals_over_everybody_are_refused():
    row = {"month": JANUARY, "mean_strength": 2.0, "people_count": 40}
    assert found(SOUND, network=[row]) == [
        ("network", "people_count is not known to tell nothing of hidden cells")
    ]


def test_tables_of_people_are_refused():
    assert found(SOUND, people=[{"person_id": 1}]) == [
        ("people", "a table that is not known to name nobody")
    ]
    assert found([row | {"contact_id": 7} for row in SOUND]) == [
        ("groups", "contact_id is not known to tell nothing of hidden cells")
    ]


def test_lists_of_few_members_or_with_few_who_answer_are_found():
    row = {"month": JANUARY, "list_id": 1, "member_count": 9, "answer_count": 3}
    row |= {"answered_share": None, "first_answer_median_hours": None}
    row |= {"stranger_answer_count": None, "cross_group_answer_count": None, "answerer_count": 5}
    assert found(SOUND, communities=[row]) == []
    assert found(SOUND, communities=[row | {"answerer_count": 4}]) == [
        ("communities", "answers of a few")
    ]
    assert found(SOUND, communities=[row | {"member_count": 4}]) == [
        ("communities", "members of a list")
    ]


def test_one_bad_month_is_enough_and_is_named_without_a_value():
    rows = [*groups(A=10, B=12), *groups(FEBRUARY, A=10, B=3)]
    tables = {"groups": pa.Table.from_pylist(rows)}
    assert findings(tables, 5) == [Finding("groups", FEBRUARY, "people of a group")]
    with pytest.raises(AuditFailed) as error:
        audit(tables, 5)
    assert str(error.value) == (
        "group tables would tell what they hide: groups 2024-02: people of a group; "
        "no group table was published"
    )


def test_bounds_of_a_hidden_cell_are_what_a_pencil_gives():
    """A and C are not shown together: as much as the smaller of their rests, at the most."""
    rows = [tie("A", "B", 15), tie(OTHER, "A", 9), tie("B", "C", 15), tie(OTHER, "C", 6)]
    intervals = hidden_ties(SOUND, rows, 10)
    assert intervals.keys() == {("A", "C")}
    assert (intervals["A", "C"].low, intervals["A", "C"].high) == (0, 6)
    assert least_width(10) == 9
    assert ("group_ties", "ties between two groups") in found(SOUND, rows, least=10)
    # Fewer than ten people have no more than 4 * 5 ties.
    assert hidden_ties(SOUND, [], 10)["A", "C"].high == 20
