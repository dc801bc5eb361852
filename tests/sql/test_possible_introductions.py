"""staging.possible_introductions: two strong contacts who have never been in contact."""

import pytest

INTRODUCTIONS = "staging.possible_introductions"
READ = {"ann": "2020-01-01", "bob": "2020-01-01"}


@pytest.fixture
def pairs(world):
    """Makes ann's possible introductions: (the one, the other) by name."""

    def make(strengths, communities, settled=READ, met=(), others=()):
        """Ann's ties, everybody's community, whose mailbox is settled when, who met when."""
        world.network([*(("ann", name, value) for name, value in strengths.items()), *others])
        world.given(
            "staging.lasting_communities",
            [
                {"month": "2024-01-01", "person_id": world.key(name), "community_id": number}
                for name, number in communities.items()
            ],
        )
        world.given(
            "staging.owners",
            [
                {
                    "person_id": world.key(name),
                    "first_covered_at": "2019-07-01",
                    "settled_at": f"{day} 00:00:00+00",
                }
                for name, day in settled.items()
            ],
        )
        world.given(
            "staging.pair_months",
            [
                {
                    "month": f"{month}-01",
                    "first_id": min(world.key(one), world.key(other)),
                    "second_id": max(world.key(one), world.key(other)),
                }
                for one, other, month in met
            ],
        )
        world.given(
            "metrics.tie_strength",
            sql="SELECT month, person_id, contact_id, strength, 8 AS contact_day_count, "
            "TIMESTAMPTZ '2024-01-30' AS last_contact_at FROM staging.edges",
        )
        world.build(INTRODUCTIONS)
        names = {key: address.partition("@")[0] for address, key in world._keys.items()}
        rows = world.rows(INTRODUCTIONS, person_id="ann")
        rows.sort(key=lambda row: (-row.second_strength, row.contact_id, row.second_id))
        return [(names[row.contact_id], names[row.second_id]) for row in rows]

    return make


APART = {"ann": 1, "bob": 1, "cat": 2}
TWO = {"bob": 2.0, "cat": 3.0}


def test_two_strong_contacts_of_different_communities_can_be_introduced(pairs, world):
    assert pairs(TWO, APART) == [("cat", "bob")]
    row = world.row(INTRODUCTIONS, person_id="ann")
    assert (row.strength, row.second_strength, row.contact_day_count) == (3, 2, 8)


def test_not_two_of_one_community(pairs):
    assert pairs(TWO, APART | {"cat": 1}) == []


def test_not_two_who_ever_were_in_contact(pairs):
    assert pairs(TWO, APART, met=[("bob", "cat", "2024-01")]) == []
    assert pairs(TWO, APART, met=[("bob", "cat", "2012-05")]) == []
    assert pairs(TWO, APART, others=[("bob", "dan", 1.0)], met=[("bob", "dan", "2024-01")])


def test_who_will_meet_later_can_be_introduced_now(pairs):
    assert pairs(TWO, APART, met=[("bob", "cat", "2024-02")]) == [("cat", "bob")]


def test_not_where_nobody_reads_the_mail_of_either(pairs):
    """Whether they know each other cannot be seen from ann's mailbox."""
    assert pairs(TWO, APART, settled={"ann": "2020-01-01"}) == []
    assert pairs(TWO, APART, settled={"ann": "2020-01-01", "cat": "2020-01-01"}) != []


def test_not_while_the_mailbox_of_neither_knows_a_past(pairs):
    late = {"ann": "2020-01-01", "bob": "2024-02-02"}
    assert pairs(TWO, APART, settled=late) == []
    assert pairs(TWO, APART, settled=late | {"bob": "2024-02-01"}) == [("cat", "bob")]


def test_not_with_a_weak_tie(pairs):
    assert pairs({"bob": 2.0, "cat": 0.9}, APART) == []


def test_only_who_owns_a_mailbox_is_told(pairs):
    assert pairs(TWO, APART, settled={"bob": "2020-01-01"}) == []


def test_each_contact_once_as_the_stronger_and_once_as_the_weaker(pairs):
    """Everybody of a community of their own: of ten pairs those that follow each other."""
    strengths = {"bob": 6.0, "cat": 5.0, "dan": 4.0, "eve": 3.0, "fay": 2.0}
    read = dict.fromkeys(["ann", *strengths], "2020-01-01")
    found = pairs(strengths, {name: n for n, name in enumerate(read)}, settled=read)
    assert found == [("bob", "cat"), ("cat", "dan"), ("dan", "eve"), ("eve", "fay")]


def test_who_is_best_for_several_goes_with_the_strongest_of_them(pairs):
    """Cat and Dan are of one community, Eve of another: she is the best for both."""
    strengths = {"cat": 5.0, "dan": 4.0, "eve": 3.0}
    communities = {"ann": 0, "cat": 1, "dan": 1, "eve": 2}
    read = dict.fromkeys(communities, "2020-01-01")
    assert pairs(strengths, communities, settled=read) == [("cat", "eve")]


def test_of_equal_worth_the_smaller_id_comes_first(pairs):
    strengths = {"bob": 5.0, "cat": 2.0, "dan": 2.0, "eve": 2.0}
    communities = {"ann": 0, "bob": 1, "cat": 2, "dan": 2, "eve": 2}
    read = dict.fromkeys(communities, "2020-01-01")
    found = pairs(strengths, communities, settled=read)
    assert found == [("bob", "cat")]


def test_only_the_fifteen_strongest_are_looked_at(pairs):
    strengths = {f"p{n:02d}": 40.0 - n for n in range(15)} | {"far": 2.0}
    communities = dict.fromkeys(["ann", *strengths], 1) | {"far": 2}
    read = dict.fromkeys(["ann", *strengths], "2020-01-01")
    assert pairs(strengths, communities, settled=read) == []
    del strengths["p14"]
    assert [other for _, other in pairs(strengths, communities, settled=read)] == ["far"]
