"""metrics.network_change: who came, stayed and went; reaching out; the scores."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

CHANGE = "metrics.network_change"


def changes(world, networks, new=(), settled_at="2020-01-01"):
    """Compute the changes of successive networks, the first of which is January 2023.

    new  contacts of ego that are contacts for the first time in the month in which they appear
    """
    world.networks(networks, "2023-01")
    world.given(
        "staging.mailboxes",
        [{"mailbox_id": "ego", "person_id": world.key("ego"), "settled_at": settled_at}],
    )
    world.execute(
        "UPDATE staging.edges SET mutual_date = "
        "CASE WHEN list_has_any($1, [person_id, contact_id]) THEN month ELSE DATE '2021-01-01' END",
        [[world.key(name) for name in new]],
    )
    world.given("staging.outreach")
    world.build(CHANGE)


def star(names, strength=1.0):
    return [("ego", name, strength) for name in names]


def close(expected):
    return pytest.approx(expected, abs=1e-6)


def test_who_came_stayed_and_went_since_a_window_ago(world):
    changes(world, [star("abcde"), [], [], star("cdefg")], new="f")
    row = world.row(CHANGE, person_id="ego", month="2023-04")
    assert (row.new_count, row.kept_count, row.lost_count, row.reactivated_count) == (1, 3, 2, 1)
    assert row.jaccard == close(0.428571)
    assert row.size_trend == 0
    assert row.contact_count == 5


def test_whoever_lost_everybody_has_a_row(world):
    changes(world, [star("ab"), [], [], []])
    row = world.row(CHANGE, person_id="ego", month="2023-04")
    assert (row.contact_count, row.lost_count, row.jaccard, row.size_trend) == (0, 2, 0, -1)
    assert row.signature_distance is None
    assert row.openness is None


def test_nothing_is_compared_where_the_earlier_month_is_before_the_first(world):
    changes(world, [star("ab"), star("a"), star("a")])
    for row in world.rows(CHANGE, person_id="ego"):
        assert row.kept_count is None
        assert row.shrinkage is None
        assert row.contact_count in (1, 2)


def test_shrinkage_is_the_share_lost_in_a_year(world):
    changes(world, [star("abcd"), *[[]] * 11, star("a"), star("abcdefg")])
    row = world.row(CHANGE, person_id="ego", month="2024-01")
    assert row.shrinkage == 0.75
    assert (row.year_kept_count, row.year_lost_count, row.year_jaccard) == (1, 3, 0.25)
    assert row.year_size_trend == -0.75


def test_whoever_grew_has_not_shrunk(world):
    changes(world, [star("ab"), *[[]] * 11, star("abc")], new="c")
    row = world.row(CHANGE, person_id="ego", month="2024-01")
    assert (row.shrinkage, row.year_new_count, row.year_size_trend) == (0, 1, 0.5)


def test_what_needs_a_past_is_null_until_the_mailbox_is_settled(world):
    changes(world, [star("abcd")] * 20, settled_at="2023-07-01 00:00Z")
    rows = {f"{row.month:%Y-%m}": row for row in world.rows(CHANGE, person_id="ego")}
    # The end of June is the instant at which it is settled.
    assert rows["2023-05"].kept_count is None
    assert rows["2023-05"].begun_count is None
    assert rows["2023-06"].kept_count == 4
    assert rows["2023-06"].begun_count == 0
    # Twelve settled months later a year can be compared.
    assert rows["2024-05"].shrinkage is None
    assert rows["2024-06"].shrinkage == 0


def test_signatures_of_three_ranks(world):
    before = [("ego", "a", 5.0), ("ego", "b", 3.0), ("ego", "c", 2.0)]
    # Others hold the ranks now, which does not matter.
    now = [("ego", "x", 6.0), ("ego", "b", 3.0), ("ego", "a", 1.0)]
    changes(world, [before, [], [], now])
    row = world.row(CHANGE, person_id="ego", month="2023-04")
    assert row.signature_distance == close(0.010771)


@given(
    before=st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=12),
    now=st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=12),
)
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_scipy_finds_the_same_distance(world, before, now):
    months = [
        [("ego", f"p{n}", strength) for n, strength in enumerate(strengths)]
        for strengths in (before, now)
    ]
    world.networks([months[0], [], [], months[1]])
    world.build("staging.signature_distances")
    (row,) = world.rows("staging.signature_distances", person_id="ego")
    length = max(len(before), len(now))
    ranked = [
        np.pad(sorted(strengths, reverse=True), (0, length - len(strengths)))
        for strengths in (before, now)
    ]
    assert row.distance == pytest.approx(jensenshannon(*ranked) ** 2, abs=1e-9)
    assert 0 <= row.distance <= math.log(2)


@given(
    months=st.lists(
        st.sets(st.tuples(st.integers(0, 6), st.integers(7, 12)), max_size=20),
        min_size=4,
        max_size=6,
    )
)
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_sets_of_contacts_say_the_same(world, months):
    changes(world, [[(f"p{a}", f"p{b}", 1.0) for a, b in sorted(edges)] for edges in months])
    found = {(row.month.month, row.person_id): row for row in world.rows(CHANGE)}
    for number in range(4, len(months) + 1):
        for person in range(13):
            now, then = (
                {other for edge in edges if person in edge for other in edge if other != person}
                for edges in (months[number - 1], months[number - 4])
            )
            row = found.pop((number, world.key(f"p{person}")), None)
            if not now | then:
                assert row is None
                continue
            assert row.contact_count == len(now)
            assert row.kept_count == len(now & then)
            assert row.lost_count == len(then - now)
            assert row.new_count + row.reactivated_count == len(now - then)
            assert row.jaccard == pytest.approx(len(now & then) / len(now | then))
    assert all(row.kept_count is None for row in found.values())


# Reaching out.


def settled_house(world):
    """Mail since 2022, so that everybody's mailbox is settled by 2024."""
    for name in ("ann", "bob"):
        world.mail("2022-01-01", name, to=["old@example.org"], mailbox=name)
    world.mail("2022-01-02", "old@example.org", to=["ann", "bob"])


def begun(world, month="2024-03"):
    """(person, contact, is_new) by names."""
    names = {key: address.partition("@")[0] for address, key in world._keys.items()}
    return [
        (names[row.person_id], names[row.contact_id], row.is_new)
        for row in world.rows("staging.beginnings", month=month)
    ]


def test_a_tie_is_begun_by_whoever_writes_first(world):
    settled_house(world)
    world.mail("2024-03-10 09:00", "ann", to=["cat@x.example"])
    world.mail("2024-03-10 11:00", "cat@x.example", to=["ann"])
    world.mail("2024-03-11", "dan@x.example", to=["ann"])
    world.mail("2024-03-12", "ann", to=["dan@x.example"])
    world.until("2024-04-01 00:00")
    world.build("staging.beginnings")
    assert begun(world) == [("ann", "cat", True), ("dan", "ann", True)]


def test_nobody_begins_a_tie_with_a_meeting_or_in_the_same_instant(world):
    settled_house(world)
    world.meeting("2024-03-10 09:00", 60, "ann", ["cat@x.example"])
    world.mail("2024-03-10 11:00", "ann", to=["cat@x.example"])
    world.mail("2024-03-11 09:00", "ann", to=["dan@x.example"])
    world.mail("2024-03-11 09:00", "dan@x.example", to=["ann"])
    world.until("2024-04-01 00:00")
    world.build("staging.beginnings")
    assert begun(world) == []


def weekly(world, one, other, first, count):
    """Mail both ways every second day from a day of 2023 on."""
    for day in range(count):
        at = np.datetime64(first) + 2 * day
        world.mail(str(at), one, to=[other])
        world.mail(f"{at} 15:00", other, to=[one])


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("ann", "cat@x.example", [("ann", "cat", False)]),
        # Cat had no other contact meanwhile, so that to her there was no silence.
        ("cat@x.example", "ann", []),
    ],
)
def test_a_silence_is_ended_by_whoever_writes_then(world, first, second, expected):
    settled_house(world)
    weekly(world, "ann", "cat@x.example", "2023-01-02", 12)
    weekly(world, "ann", "bob", "2023-02-01", 180)
    world.mail("2024-03-05", first, to=[second])
    world.mail("2024-03-07", second, to=[first])
    world.until("2024-04-01 00:00")
    world.build("staging.beginnings")
    assert begun(world) == expected


def test_outreach_is_what_goes_beyond_group_and_managers(world):
    settled_house(world)
    world.directory("boss", department="Board")
    world.directory("head", department="Law", manager_id="boss")
    world.directory("ann", department="Sales", manager_id="head")
    world.directory("kim", department="Interns", manager_id="ann")
    world.directory("bob", department="Sales")
    world.directory("eve", department="Design", manager_id="boss")
    for day, contact in enumerate(
        ["boss", "head", "kim", "bob", "eve", "cat@x.example", "fay@gmail.com"], start=1
    ):
        world.mail(f"2024-03-{day:02d}", "ann", to=[contact])
    world.until("2024-04-01 00:00")
    world.build("metrics.network_change", "staging.outreach")
    row = world.row("staging.outreach", person_id="ann", month="2024-03")
    assert (row.begun_count, row.begun_new_count) == (7, 7)
    # Eve of another department and cat of another house.
    assert row.beyond_count == 2


def test_dropped_are_new_people_who_answered_and_were_never_written_to_again(world):
    settled_house(world)
    answers = {"cat": "2024-02-03", "dan": "2024-04-02", "eve": None, "fay": "2024-02-04"}
    for contact, at in answers.items():
        world.mail("2024-02-01", "ann", to=[f"{contact}@x.example"])
        if at:
            world.mail(at, f"{contact}@x.example", to=["ann"])
    world.mail("2024-04-20", "ann", to=["fay@x.example"])
    world.until("2024-06-01 00:00")
    world.build("staging.outreach")
    # A window after February's end: cat and dan are dropped, fay is not, eve never answered.
    row = world.row("staging.outreach", person_id="ann", month="2024-05")
    assert (row.begun_count, row.answered_new_count, row.dropped_count) == (0, 3, 2)


# Scores.


def test_the_scores_are_products_of_what_stands_beside_them(world):
    changes(
        world,
        [star("abcdefgh"), *[[]] * 8, star("abc"), [], [], star("abcd", 2.0)],
        new="d",
    )
    world.groups({"ego": "Sales", "a": "Sales", "b": "Sales", "c": "Law", "d": "Law"})
    world.given(
        "staging.lasting_communities",
        [
            {"month": "2024-01-01", "person_id": world.key(name), "community_id": number}
            for name, number in {"ego": 1, "a": 1, "b": 1, "c": 1, "d": 2}.items()
        ],
    )
    world.build(CHANGE)
    row = world.row(CHANGE, person_id="ego", month="2024-01")
    assert (row.kept_count, row.new_count, row.shrinkage) == (3, 1, 0.5)
    assert row.openness == close(1 - 0.75**2 - 0.25**2)
    assert row.closedness == close(0.75 * 0.75)
    assert row.purist == close(0.5 * 0.5 * 0.75)


def test_a_purist_needs_a_group_and_a_year(world):
    changes(world, [star("ab"), [], [], star("a")])
    row = world.row(CHANGE, person_id="ego", month="2023-04")
    assert row.purist is None
    assert row.outreach_count is None
    assert row.begun_count == 0
