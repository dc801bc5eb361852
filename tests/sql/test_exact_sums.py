"""Sums of doubles are exact: the same bytes on any number of threads."""

# Three million rows over a year: 400 people, each in contact with 20 neighbours on either side
# every sixth day, both ways and through three channels. Most weights are no binary fractions (1/3,
# 1/7, 1/13 ...): summed in another order they would differ in last digits.
CONTACT_DAYS = """
    SELECT
        date_trunc('month', contact_date)::DATE AS month,
        1 + CASE WHEN is_back THEN near ELSE person END AS from_person_id,
        1 + CASE WHEN is_back THEN person ELSE near END AS to_person_id,
        contact_date,
        ['mail_to', 'mail_cc', 'mail_bcc'][1 + n % 3] AS channel,
        1.0::DOUBLE / (2 + n % 17) AS weight,
        1 AS contact_count,
        n % 2 AS thread_start_count,
        0.0::DOUBLE AS hours,
        contact_date::TIMESTAMPTZ AS first_contact_at,
        contact_date::TIMESTAMPTZ AS last_contact_at
    FROM (
        SELECT
            n,
            n // 3 % 2 = 1 AS is_back,
            n // 6 % 400 AS person,
            (n // 6 % 400 + 1 + n // 2400 % 20) % 400 AS near,
            DATE '2024-01-01' + (n // 48000 * 6 + n // 6 % 5)::INTEGER AS contact_date
        FROM (SELECT unnest(range(3024000)) AS n)
    )
"""
# Twenty groups of twenty people, a tenth of whom belong to none.
MEMBERSHIPS = """
    SELECT
        month,
        person AS person_id,
        CASE WHEN person % 10 > 0 THEN 'group ' || person // 20 END AS group_name,
        person % 10 > 0 AS is_internal,
        person % 10 = 0 AS is_freemail
    FROM staging.months, (SELECT unnest(range(1, 401)) AS person)
"""
MAILBOXES = """
    SELECT
        'mailbox of ' || person AS mailbox_id,
        person AS person_id,
        TIMESTAMPTZ '2023-01-01' AS first_covered_at,
        TIMESTAMPTZ '2023-06-30' AS settled_at
    FROM (SELECT unnest(range(1, 301)) AS person)
"""
MODELS = [
    "metrics.tie_strength",
    "metrics.network_diversity",
    "metrics.reciprocity",
    "metrics.network_change",
    "metrics.network",
    "metrics.group_ties",
    "metrics.homophily",
    "metrics.openings",
]


def fingerprints(world):
    """Monthly table -> its rows and the sum of their hashes: equal where every bit is."""
    names = [model.name for model in world.models if model.is_monthly]
    query = "SELECT count(*), sum(hash(each_row)) FROM {} AS each_row"
    found = {name: world.execute(query.format(name)) for name in names}
    return {name: result for name, result in found.items() if result != [(0, None)]}


def test_one_thread_and_many_give_the_same_bytes(new_world):
    found = {}
    for threads in (1, 2, 4):
        world = new_world(threads)
        world.months("2024-01", 13)
        world.given("staging.contact_days", sql=CONTACT_DAYS)
        world.given("staging.memberships", sql=MEMBERSHIPS)
        world.given("staging.mailboxes", sql=MAILBOXES)
        world.build(*MODELS)
        found[threads] = fingerprints(world)
        world.connection.close()
    assert found[1]["staging.contact_days"][0][0] == 3_024_000
    assert {*MODELS, "staging.pair_months", "staging.shared_contacts"} < found[1].keys()
    assert found[2] == found[1]
    assert found[4] == found[1]
