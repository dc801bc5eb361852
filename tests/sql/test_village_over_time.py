"""What METRICS.md promises of time, on the village: the future, reorganisation, leave, blind spots.

The village lives for eighteen months; in the middle half of Operations becomes Delivery. The mail
of Legal is not read, nor that of anybody outside. Groups of five are large enough here.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from pipelines.raw_tables import RAW_TABLES
from sandbox.village import Village
from tests.sql.conftest import GRAPH, World
from tests.sql.village_rows import fill

# Who is who rests on everything that is known, whenever it happened; METRICS.md says so.
TIMELESS = ("addresses", "address_kinds", "affiliations", "joined_addresses")
SETTLING_DAYS = 180


@pytest.fixture(scope="module")
def village() -> Village:
    return Village(months=18)


@pytest.fixture(scope="module")
def lived(village: Village) -> Iterator[World]:
    """All that the village's life comes to."""
    world = World(threads=2)
    world.parameters(min_group_size=5)
    fill(world, village, unread=unread(village))
    world.build()
    yield world
    world.connection.close()


def unread(village: Village) -> set[str]:
    return {one.address for one in village.staff if one.post(village.first).department == "Legal"}


def keys(world: World) -> dict[str, int]:
    """Address -> person."""
    return dict(world.execute("SELECT address, person_id FROM metrics.people"))


def test_nothing_later_changes_a_month_not_even_a_reorganisation(
    lived: World, village: Village, new_world
):
    """All later rows of mail and of the directory are taken away; who is who is kept."""
    day = village.population.reorganised
    world = new_world(threads=2)
    world.parameters(min_group_size=5)
    copies = [*RAW_TABLES, *(f"staging.{name}" for name in TIMELESS)]
    for name in copies:
        world.connection.register("incoming", lived.connection.table(name).to_arrow_table())
        world.given(name, sql="SELECT * FROM incoming")
        world.connection.unregister("incoming")
    world.execute("DELETE FROM raw.messages WHERE sent_date >= ?", [day])
    world.execute("DELETE FROM raw.people WHERE valid_from >= ?::TIMESTAMPTZ", [day])
    world.execute("UPDATE raw.people SET valid_to = NULL WHERE valid_to >= ?::TIMESTAMPTZ", [day])
    world.until(f"{day} 00:00")
    world.build()
    empty = set()
    for model in GRAPH.models:
        if model.is_monthly:
            past = lived.execute(f"FROM {model.name} WHERE month < ? ORDER BY ALL", [day])
            assert world.contents(model.name) == past, model.name
            if not past and model.schema == "metrics":
                empty.add(model.name)
    assert empty == set()


def test_a_reorganisation_counts_from_its_month_on(lived: World, village: Village):
    day = village.population.reorganised
    rows = lived.execute(
        "SELECT month, group_name, people_count FROM metrics.groups "
        "WHERE group_name IN ('Operations', 'Delivery')"
    )
    sizes = {(month, group): count for month, group, count in rows}
    before = [month for month, group in sizes if group == "Operations" and month < day]
    after = [month for month, group in sizes if group == "Operations" and month >= day]
    assert len(before) == 8
    assert len(after) == 10
    assert {month for month, group in sizes if group == "Delivery"} == set(after)
    assert min(sizes[month, "Operations"] for month in before) >= 12
    assert max(sizes[month, "Operations"] for month in after) <= 8
    pairs = lived.execute(
        "SELECT min(month), count(DISTINCT month) FROM metrics.group_ties "
        "WHERE 'Delivery' IN (group_a, group_b)"
    )
    assert pairs == [(day, 10)]


def test_what_needs_a_past_is_unknown_until_a_mailbox_is_settled(lived: World, village: Village):
    """Eight people join late: for half a year nobody can say whom they have newly met."""
    person = keys(lived)
    joined = {person[one.address]: one.joined for one in village.staff if one.joined}
    assert len(joined) == 8
    rows = lived.execute(
        "SELECT person_id, as_of::DATE, mailboxes.settled_at::DATE, new_people_reached_count, "
        "introductions_made_count, surge, begun_count, kept_count "
        "FROM metrics.giving JOIN metrics.network_change AS changes USING (month, person_id) "
        "JOIN metrics.months USING (month) JOIN staging.mailboxes USING (person_id)"
    )
    late = [row for row in rows if row[0] in joined]
    for person_id, as_of, settled, *values in late:
        assert settled >= joined[person_id] + timedelta(SETTLING_DAYS)
        known = [value is not None for value in values]
        # Surge also needs twelve months, which nobody who joined late has had by the end.
        assert known == ([True, True, False, True, True] if as_of >= settled else [False] * 5)
    assert {as_of >= settled for _, as_of, settled, *_ in late} == {True, False}
    # In the same months others are known.
    others = {row[1]: row[3] for row in rows if row[0] not in joined and row[1] >= row[2]}
    assert {row[1] for row in late if row[1] < row[2]} & others.keys()


def test_no_tie_is_new_before_a_mailbox_of_either_is_settled(lived: World):
    rows = lived.execute(
        "SELECT ties.month, as_of >= least(one.settled_at, other.settled_at), count(*) "
        "FROM metrics.tie_strength AS ties JOIN metrics.months USING (month) "
        "LEFT JOIN staging.owners AS one ON one.person_id = ties.person_id "
        "LEFT JOIN staging.owners AS other ON other.person_id = ties.contact_id "
        "WHERE state = 'new' GROUP BY ALL ORDER BY 1"
    )
    assert {is_settled for _, is_settled, _ in rows} <= {True, None}
    # After the first half of a year; with a tie of two whose mail nobody reads once any is settled.
    assert rows[0][0] == date(2025, 6, 1)


def test_unread_people_are_seen_less_and_introduced_to_nobody(lived: World, village: Village):
    person = keys(lived)
    blind = {person[one] for one in unread(village)}
    assert len(blind) == 6
    assert not lived.execute(
        "SELECT 1 FROM staging.mailboxes WHERE list_contains(?, person_id)", [list(blind)]
    )
    shares = lived.execute(
        "SELECT person_id, visible_share, "
        "sum(strength) FILTER (contact_id IN (SELECT person_id FROM staging.owners)) "
        "/ sum(strength) FROM metrics.network_diversity "
        "JOIN metrics.tie_strength USING (month, person_id) "
        "WHERE month = '2026-06-01' AND share IS NOT NULL GROUP BY ALL"
    )
    for _, visible, expected in shares:
        assert visible == pytest.approx(expected or 0, abs=1e-9)
    assert {person_id for person_id, *_ in shares} > blind
    assert 0 < min(visible for person_id, visible, _ in shares if person_id not in blind) < 0.9
    # Pairs of people whose mail nobody reads do meet in sight of others, and strong contacts of one
    # person are such pairs; of neither is anything concluded.
    pairs = "FROM {} WHERE one NOT IN (FROM owners) AND other NOT IN (FROM owners)"
    lived.execute("CREATE OR REPLACE TEMP VIEW owners AS SELECT person_id FROM staging.owners")
    met = "(SELECT first_id AS one, second_id AS other FROM staging.pair_months)"
    made = "(SELECT first_id AS one, second_id AS other FROM metrics.introductions)"
    could = (
        "(SELECT contact_id AS one, second_id AS other FROM metrics.openings "
        "WHERE kind = 'introduction_you_could_make')"
    )
    strong = (
        "(SELECT ones.contact_id AS one, others.contact_id AS other "
        "FROM staging.strong_ties AS ones JOIN staging.strong_ties AS others "
        "USING (month, person_id) WHERE ones.place < others.place)"
    )
    found = {
        name: lived.execute("SELECT count(*) " + pairs.format(source))[0][0]
        for name, source in {"met": met, "strong": strong, "made": made, "could": could}.items()
    }
    assert found["met"] > 10
    assert found["strong"] > 10
    assert (found["made"], found["could"]) == (0, 0)
    assert lived.execute(f"SELECT count(*) FROM {made}")[0][0] > 5
    assert lived.execute(f"SELECT count(*) FROM {could}")[0][0] > 1_000


def test_leave_ages_ties_only_by_the_days_on_which_there_was_contact(
    lived: World, village: Village
):
    """Away from March 7 to May 16, with a little mail coming in; judged at the end of April."""
    (away,) = (one.people[0] for one in village.truth if one.habit == "decoy: on a long leave")
    person = keys(lived)[away]
    rows = lived.execute(
        f"WITH together AS (SELECT DISTINCT contact_date, "
        f"from_person_id + to_person_id - {person} AS contact_id FROM staging.contacts "
        f"WHERE {person} IN (from_person_id, to_person_id) AND contact_date < '2026-05-01'), "
        "gaps AS (SELECT contact_id, max(contact_date) AS last_date, "
        "date_diff('day', min(contact_date), max(contact_date)) / (count(*) - 1) AS gap_days "
        "FROM together GROUP BY contact_id HAVING count(*) > 1) "
        "SELECT state, silence_days, (SELECT count(DISTINCT contact_date) FROM together "
        "WHERE contact_date > last_date), date_diff('day', last_date, DATE '2026-05-01'), gap_days "
        "FROM gaps JOIN metrics.tie_strength AS ties USING (contact_id) "
        f"WHERE ties.month = '2026-04-01' AND ties.person_id = {person} AND strength >= 0.3"
    )
    assert len(rows) > 10
    spared = 0
    for state, silence, active, calendar, gap in rows:
        assert silence == active
        by_calendar = calendar >= 14 and calendar > 2 * gap
        if state in ("fading", "lapsed"):
            assert by_calendar
        elif state == "active" and by_calendar:
            spared += 1
    assert spared >= 1
