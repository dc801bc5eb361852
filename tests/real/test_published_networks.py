"""Networks that others have measured: what they published comes out of the SQL. Totals only."""

from collections import defaultdict
from datetime import date, timedelta

import pytest

from tests.sql.conftest import World


@pytest.fixture
def world():
    world = World(threads=2)
    yield world
    world.connection.close()


def links(world, path, select):
    """Distinct directed links between two, without loops, as the table ``links``."""
    world.execute(
        f"CREATE TABLE links AS SELECT DISTINCT * FROM ({select}) WHERE sender <> receiver",
        [str(path)],
    )


def email_eu_core(world, data):
    path = data / "01-snap-email-eu-core" / "email-Eu-core.txt.gz"
    columns = "{'sender': 'BIGINT', 'receiver': 'BIGINT'}"
    links(world, path, f"FROM read_csv(?, delim = ' ', header = false, columns = {columns})")


def college_messages(world, data):
    path = data / "10-collegemsg" / "CollegeMsg.txt.gz"
    columns = "{'sender': 'BIGINT', 'receiver': 'BIGINT', 'second': 'BIGINT'}"
    reading = f"read_csv(?, delim = ' ', header = true, columns = {columns})"
    links(world, path, f"SELECT sender, receiver FROM {reading}")


def let_links_be_mail(world):
    world.months("2024-01", 1)
    world.given(
        "staging.tie_windows",
        sql="""
        SELECT
            DATE '2024-01-01' AS month,
            least(sender, receiver) AS first_id,
            greatest(sender, receiver) AS second_id,
            count(*) FILTER (WHERE sender < receiver) AS there_mail_count,
            count(*) FILTER (WHERE sender > receiver) AS back_mail_count,
            0 AS there_mail_weight,
            0 AS back_mail_weight,
            0 AS meeting_count
        FROM links
        GROUP BY ALL
        """,
    )


def let_links_be_edges(world, at_least):
    """Edges of equal strength where ``at_least`` so many of the two directions exist."""
    world.months("2024-01", 1)
    world.given(
        "staging.edges",
        sql=f"""
        WITH pairs AS (
            SELECT least(sender, receiver) AS a, greatest(sender, receiver) AS b
            FROM links
            GROUP BY ALL
            HAVING count(*) >= {at_least}
        )
        SELECT DATE '2024-01-01' AS month, a AS person_id, b AS contact_id, 1 AS strength FROM pairs
        UNION ALL
        SELECT DATE '2024-01-01' AS month, b AS person_id, a AS contact_id, 1 AS strength FROM pairs
        """,
    )


@pytest.mark.parametrize(
    ("read", "published"), [(email_eu_core, 0.7112), (college_messages, 0.6364)]
)
def test_link_reciprocity_is_the_published_one(world, data, read, published):
    read(world, data)
    let_links_be_mail(world)
    world.given("staging.edges")
    world.build("metrics.network")
    found = world.row("metrics.network").link_reciprocity
    assert found == pytest.approx(published, abs=0.00005)


@pytest.mark.parametrize(("at_least", "triangles"), [(1, 105_461), (2, 34_185)])
def test_email_eu_core_has_as_many_triangles_as_published(world, data, at_least, triangles):
    email_eu_core(world, data)
    let_links_be_edges(world, at_least)
    world.build("staging.shared_contacts")
    # Each triangle is shared by three edges.
    ((count,),) = world.execute("SELECT sum(shared_contact_count) FROM staging.shared_contacts")
    assert count == 3 * triangles


def test_email_eu_core_clusters_as_published(world, data):
    email_eu_core(world, data)
    let_links_be_edges(world, 1)
    world.build("metrics.network_diversity")
    # The published mean counts nobody's clustering as 0, and all 1,005 people.
    ((total,),) = world.execute(
        "SELECT sum(coalesce(clustering, 0)) FROM metrics.network_diversity"
    )
    assert total / 1005 == pytest.approx(0.3994, abs=0.00005)


def test_departments_of_email_eu_core_keep_to_themselves(world, data):
    email_eu_core(world, data)
    let_links_be_edges(world, 2)
    labels = data / "01-snap-email-eu-core" / "email-Eu-core-department-labels.txt"
    department = {}
    for line in labels.read_text().splitlines():
        person, number = map(int, line.split())
        department[person] = f"department {number}"
    world.given(
        "staging.memberships",
        [
            {"month": "2024-01-01", "person_id": person, "group_name": group, "is_internal": True}
            for person, group in department.items()
        ],
    )
    world.given("staging.tie_windows")
    world.build("metrics.group_ties", "metrics.homophily", "metrics.network_diversity")
    ties = world.execute(
        "SELECT person_id, contact_id FROM staging.edges WHERE person_id < contact_id"
    )
    people = {person for tie in ties for person in tie}
    sizes = defaultdict(int)
    for person in people:
        sizes[department[person]] += 1
    inside, ends, connected = defaultdict(int), defaultdict(int), defaultdict(set)
    for one, other in ties:
        if department[one] == department[other]:
            inside[department[one]] += 1
            connected[department[one]].update((one, other))
        for person in (one, other):
            ends[department[person]] += 1
    rows = world.rows("metrics.homophily")
    assert {row.group_name for row in world.rows("metrics.groups")} - {"(other)"} == {
        name for name, size in sizes.items() if size >= 10
    }
    assert {row.group_name for row in rows} == {
        name for name, found in connected.items() if len(found) >= 10
    }
    for row in rows:
        name = row.group_name
        observed = 2 * inside[name] / ends[name]
        assert row.same_group_share == pytest.approx(observed)
        expected = (sizes[name] - 1) / (len(people) - 1)
        assert row.homophily == pytest.approx(observed / expected)
    own = {
        row.group_a: row for row in world.rows("metrics.group_ties") if row.group_a == row.group_b
    }
    assert {name: row.tie_count for name, row in own.items()} == {
        name: inside[name] for name in own
    }
    # Communities say of who somebody works with what departments say: far more than by chance.
    shares = world.execute("SELECT avg(clique_share) FROM metrics.network_diversity")
    assert 0.5 < shares[0][0] < 1


def test_change_among_184_executives_is_what_sets_of_their_contacts_say(world, data):
    path = data / "03-enron-execs-jhu" / "edges.csv.gz"
    world.execute(
        """
        CREATE TABLE mail AS
        SELECT
            time_utc::TIMESTAMP::DATE AS day,
            sender + 1 AS sender,
            recipient + 1 AS receiver,
            'mail_' || type AS channel,
            count(*) AS message_count
        FROM read_csv(?)
        WHERE year(time_utc::TIMESTAMP) BETWEEN 1999 AND 2001 AND sender <> recipient
        GROUP BY ALL
        """,
        [str(path)],
    )
    world.months("1999-01", 36)
    world.given(
        "staging.contact_days",
        sql="""
        SELECT
            date_trunc('month', day)::DATE AS month,
            sender AS from_person_id,
            receiver AS to_person_id,
            day AS contact_date,
            channel,
            message_count::DOUBLE AS weight,
            message_count AS contact_count,
            0 AS thread_start_count,
            0 AS hours,
            day::TIMESTAMPTZ AS first_contact_at,
            day::TIMESTAMPTZ AS last_contact_at
        FROM mail
        """,
    )
    world.given(
        "staging.mailboxes",
        sql="SELECT 'all' AS mailbox_id, 1 AS person_id, TIMESTAMPTZ '1999-01-01' AS settled_at",
    )
    world.build("metrics.network_change")
    days = defaultdict(set)
    for day, sender, receiver in world.execute("SELECT day, sender, receiver FROM mail"):
        days[day].add((sender, receiver))

    def contacts(month):
        """Person -> those with whom there was mail both ways in the 90 days before its end."""
        end = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        passed = set().union(*(days[end - timedelta(back)] for back in range(1, 91)))
        found = defaultdict(set)
        for one, other in passed:
            if (other, one) in passed:
                found[one].add(other)
        return found

    for month in (date(2000, 11, 1), date(2001, 10, 1)):
        now, then = contacts(month), contacts(date(month.year, month.month - 3, 1))
        year_ago = contacts(date(month.year - 1, month.month, 1))
        rows = {
            row.person_id: row
            for row in world.rows("metrics.network_change", month=f"{month:%Y-%m}")
        }
        assert rows.keys() == {p for found in (now, then, year_ago) for p in found}
        assert len(rows) > 50
        for person, row in rows.items():
            before = year_ago[person]
            assert row.contact_count == len(now[person])
            if now[person] | then[person]:
                assert row.kept_count == len(now[person] & then[person])
                assert row.lost_count == len(then[person] - now[person])
            if before:
                assert row.shrinkage == pytest.approx(max(0, 1 - len(now[person]) / len(before)))
