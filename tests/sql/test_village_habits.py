"""The habits planted in the village show in the numbers, and their look-alikes do not.

The village's own letters are put into raw.messages as they are, one copy for each mailbox that
holds it; how mail becomes rows is tested elsewhere.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time

import pyarrow as pa
import pytest

from pipelines.raw_tables import RAW_TABLES
from sandbox.village import Village
from tests.sql.conftest import World

SIGNS = {
    ("Auto-Submitted", "auto-replied"): "auto_submitted",
    ("Auto-Submitted", "auto-generated"): "auto_submitted",
    ("Precedence", "bulk"): "precedence_bulk",
}


def fill(world: World, village: Village) -> None:
    """Letters, mailboxes and directory of the village."""
    keys: dict[str, int] = {}

    def key(text: str) -> int:
        return keys.setdefault(text, len(keys) + 1)

    rows = []
    for number, letter in enumerate(village.letters):
        headers = dict(letter.headers)
        post = headers.get("List-Post", "").removeprefix("<mailto:").removesuffix(">")
        references = [key(one) for one in letter.references]
        row = {
            "message_id": str(number),
            "message_key": key(letter.message_id or f"letter {number}"),
            "sent_at": letter.sent_at,
            "sent_date": letter.sent_at.date(),
            "author_key": key(letter.author),
            "to_keys": [key(one) for one in letter.to],
            "cc_keys": [key(one) for one in letter.cc],
            "bcc_keys": [key(one) for one in letter.bcc],
            "reply_to_keys": [],
            "address_count": len({*letter.to, *letter.cc, *letter.bcc}),
            "in_reply_to_key": references[-1] if references else None,
            "reference_keys": references,
            "list_id": headers.get("List-Id"),
            "list_address_key": key(post) if post else None,
            "automation_signs": [SIGNS[one] for one in letter.headers if one in SIGNS],
        }
        rows += [
            row | {"mailbox_id": holder, "copy_key": 1_000 * number + place}
            for place, holder in enumerate(letter.holders)
        ]
    insert(world, "raw.messages", rows)
    insert(
        world,
        "raw.mailboxes",
        [
            {"mailbox_id": one.address, "provider": "files", "address_key": key(one.address)}
            for one in village.staff
        ],
    )
    insert(
        world,
        "raw.people",
        [
            {
                "account_id": person.company,
                "directory_id": person.address,
                "valid_from": datetime.combine(village.first, time(), UTC),
                "address_key": key(person.address),
                "alias_keys": [key(alias) for alias in person.aliases],
                "name": person.name,
                "department": person.post(village.last).department,
                "manager_id": person.post(village.last).manager,
                "kind": "person",
            }
            for person in village.staff
        ],
    )
    insert(
        world,
        "raw.addresses",
        [
            {"address_key": number, "address": text, "domain": text.rpartition("@")[2]}
            for text, number in keys.items()
        ],
    )


def insert(world: World, table: str, rows: list[dict]) -> None:
    schema = RAW_TABLES[table].schema
    rows = [{name: row.get(name) for name in schema.names} for row in rows]
    world.connection.register("incoming", pa.Table.from_pylist(rows, schema))
    world.execute(f"INSERT INTO {table} BY NAME FROM incoming")
    world.connection.unregister("incoming")


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
    world.build("metrics.people")
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
