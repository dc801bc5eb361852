"""The habits planted in the village show in the numbers, and their look-alikes do not.

Here: who has which habit, and what tells. Not here: the village as raw rows (village_rows.py).
"""

from collections.abc import Iterator

import pytest

from sandbox.village import Village
from tests.sql.conftest import World
from tests.sql.village_rows import fill


@pytest.fixture(scope="module")
def village() -> Village:
    return Village()


@pytest.fixture(scope="module")
def lived(village: Village) -> Iterator[World]:
    """A world in which the village has lived its two years.

    They are too short for three years of silence: ten months make a tie dormant here.
    """
    world = World(threads=2)
    world.parameters(dormant_days=300)
    fill(world, village)
    world.build("metrics.giving", "metrics.communities", "metrics.reciprocity", "metrics.openings")
    world.build("metrics.network_change", "metrics.people")
    yield world
    world.connection.close()


def of(village: Village, *habits: str) -> list[str]:
    """Addresses of everybody who has one of these habits."""
    found = [one for habit in village.truth if habit.habit in habits for one in habit.people]
    assert found
    return found


def places(world: World, measure: str, month: str = "2026-06") -> dict[str, float]:
    """Address -> share of those with ten questions or more who are below in ``measure``."""
    rows = world.execute(
        f"SELECT address, percent_rank() OVER (ORDER BY {measure}) FROM metrics.giving "
        "JOIN metrics.people USING (person_id) "
        "WHERE month = ?::DATE AND asked_count + answers_received_count >= 10 "
        f"AND {measure} IS NOT NULL",
        [f"{month}-01"],
    )
    assert len(rows) > 100
    return dict(rows)


def test_givers_give_more_than_nearly_everybody(lived: World, village: Village):
    found = places(lived, "giving_share")
    assert [found[one] > 0.95 for one in of(village, "giver")] == [True, True]


def test_takers_give_less_than_nearly_everybody(lived: World, village: Village):
    found = places(lived, "giving_share")
    assert [found[one] < 0.05 for one in of(village, "taker")] == [True, True]


def test_look_alikes_are_no_takers(lived: World, village: Village):
    """A manager who mails reports much, a helper flooded with questions, somebody on leave."""
    found = places(lived, "giving_share")
    decoys = [habit for habit in village.truth if habit.habit.startswith("decoy")]
    assert len(decoys) == 3
    assert [decoy.habit for decoy in decoys if found[decoy.people[0]] < 0.1] == []


def test_look_alikes_are_no_purists_no_coyotes_and_bound_to_no_clique(
    lived: World, village: Village
):
    decoys = [habit.people[0] for habit in village.truth if habit.habit.startswith("decoy")]
    habits = {"purist": "purist", "coyote": "coyote", "closedness": "clique-bound"}
    for score, habit in habits.items():
        rows = lived.execute(
            f"SELECT address, percent_rank() OVER (ORDER BY {score}) FROM metrics.network_change "
            f"JOIN metrics.people USING (person_id) WHERE month = '2026-06-01' "
            f"AND is_mailbox_owner AND {score} IS NOT NULL"
        )
        found = dict(rows)
        assert min(found[one] for one in of(village, habit) if one in found) > 0.9
        assert [one for one in decoys if found.get(one, 0) > 0.7] == []


def test_look_alikes_never_call_like_one_in_need(lived: World, village: Village):
    """Whoever comes back from leave takes up some ties at once, but not as many."""
    peaks = dict(
        lived.execute(
            "SELECT address, max(surge) FROM metrics.giving JOIN metrics.people USING (person_id) "
            "GROUP BY address"
        )
    )
    decoys = [habit.people[0] for habit in village.truth if habit.habit.startswith("decoy")]
    (needy,) = of(village, "calls only in need")
    assert max(peaks[one] for one in decoys) < peaks[needy] / 2


def test_only_the_flooded_helper_may_look_like_a_giver(lived: World, village: Village):
    """Most who ask the helper are answered, if late, which the median time tells."""
    found = places(lived, "giving_share")
    for habit in ("decoy: manager who mails reports much", "decoy: on a long leave"):
        assert [found[one] < 0.9 for one in of(village, habit)] == [True]
    slow = places(lived, "answer_median_hours")
    (helper,) = of(village, "decoy: helper flooded with questions")
    assert slow[helper] > 0.95
    assert max(slow[one] for one in of(village, "giver")) < 0.05


def test_the_manager_reaches_down_and_the_others_do_not(lived: World, village: Village):
    (manager,) = of(village, "decoy: manager who mails reports much")
    rows = dict(
        lived.execute(
            "SELECT address, initiated_down_count::DOUBLE / nullif(started_count, 0) "
            "FROM metrics.giving JOIN metrics.people USING (person_id) WHERE month = '2026-06-01'"
        )
    )
    assert rows[manager] > 0.9


def test_the_introducer_is_the_one_who_introduces(lived: World, village: Village):
    (introducer,) = of(village, "introducer")
    rows = lived.execute(
        "SELECT address, count(*) FROM metrics.introductions "
        "JOIN metrics.people ON person_id = introducer_id GROUP BY ALL ORDER BY 2 DESC"
    )
    assert rows[0][0] == introducer
    assert rows[0][1] >= 10
    assert rows[1][1] <= 3


def test_who_calls_only_in_need_surges_in_the_month_of_need(lived: World, village: Village):
    """The calls begin 48 days before the end: in the middle of May."""
    (needy,) = of(village, "calls only in need")
    rows = lived.execute(
        "SELECT address, surge FROM metrics.giving JOIN metrics.people USING (person_id) "
        "WHERE month = '2026-05-01' AND surge IS NOT NULL ORDER BY surge DESC"
    )
    assert rows[0][0] == needy
    assert rows[0][1] >= 1.5 * rows[1][1]


def test_each_of_the_four_lists_is_a_community_that_answers(lived: World):
    rows = lived.execute(
        "SELECT member_count, answered_share, first_answer_median_hours, answerer_count "
        "FROM metrics.communities WHERE month = '2026-06-01'"
    )
    assert len(rows) == 4
    for members, share, hours, answerers in rows:
        assert members > 10
        assert share > 0.5
        assert hours < 8
        # Seven of each list's members know the answers.
        assert answerers <= 7


def test_there_is_something_to_do_of_every_kind_for_many(lived: World, village: Village):
    rows = lived.execute(
        "SELECT kind, count(DISTINCT person_id), max(rank) FROM metrics.openings "
        "WHERE month = '2026-06-01' GROUP BY kind"
    )
    assert {kind for kind, *_ in rows} == {
        "answer_owed",
        "introduction_you_could_make",
        "tie_worth_tending",
        "dormant_but_worth_it",
        "new_direction",
    }
    for _, people, most in rows:
        assert people > len(village.staff) / 3
        assert most == 5


def test_the_habits_show_in_what_there_is_to_do(lived: World, village: Village):
    rows = lived.execute(
        "SELECT one.address, openings.kind, list(other.address) FROM metrics.openings "
        "JOIN metrics.people AS one USING (person_id) "
        "JOIN metrics.people AS other ON other.person_id = openings.contact_id "
        "WHERE month = '2026-06-01' GROUP BY ALL"
    )
    found = {(address, kind): contacts for address, kind, contacts in rows}
    (coyote,) = of(village, "coyote")
    assert len(found[coyote, "answer_owed"]) == 5
    for purist in of(village, "purist"):
        assert len(found[purist, "dormant_but_worth_it"]) == 5
    for bound in of(village, "clique-bound"):
        assert {kind for address, kind in found if address == bound} == {"new_direction"}
    pairs = [habit.people for habit in village.truth if habit.habit == "fading pair"]
    assert len(pairs) == 2
    for one, other in pairs:
        assert other in found[one, "tie_worth_tending"]
        assert one in found[other, "tie_worth_tending"]
