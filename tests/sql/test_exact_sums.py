"""Sums of doubles are exact: the same bytes on any number of threads."""

import pytest

# Three million days of contact between 40,000 pairs over a year, with weights that no binary
# fraction holds: 1/2, 1/3, 1/7, 1/13 ... summed in another order they would differ in last digits.
CONTACT_DAYS = """
    SELECT
        date_trunc('month', contact_date)::DATE AS month,
        from_person_id, to_person_id, contact_date,
        CASE WHEN n % 5 = 0 THEN 'mail_cc' ELSE 'mail_to' END AS channel,
        1.0::DOUBLE / (2 + n % 17) AS weight,
        1 AS contact_count, n % 2 AS thread_start_count, 0.0::DOUBLE AS hours,
        contact_date::TIMESTAMPTZ AS first_contact_at, contact_date::TIMESTAMPTZ AS last_contact_at
    FROM (
        SELECT
            n,
            1 + pair % 400 AS from_person_id,
            1 + (pair % 400 + 1 + pair // 400) % 400 AS to_person_id,
            DATE '2024-01-01' + ((n // 40000) * 5 + pair % 5)::INTEGER AS contact_date
        FROM (SELECT n, n % 40000 AS pair FROM (SELECT unnest(range(3040000)) AS n))
    )
"""
MODELS = ["metrics.tie_strength", "metrics.network_diversity", "metrics.reciprocity"]


def fingerprint(world, table):
    """Rows and the sum of their hashes; equal means that every row is equal to the last bit."""
    return world.execute(f"SELECT count(*), sum(hash(each_row)) FROM {table} AS each_row")


@pytest.fixture(scope="module")
def fingerprints(new_world_of_module):
    """Threads -> table -> fingerprint."""
    found = {}
    for threads in (1, 2, 4):
        world = new_world_of_module(threads)
        world.months("2024-01", 13)
        world.given("staging.contact_days", sql=CONTACT_DAYS)
        world.build(*MODELS)
        assert world.execute("SELECT count(*) FROM staging.contact_days") == [(3040000,)]
        found[threads] = {
            model.name: fingerprint(world, model.name)
            for model in world.models
            if model.is_monthly and fingerprint(world, model.name) != [(0, None)]
        }
        world.connection.close()
    return found


@pytest.mark.parametrize("threads", [2, 4])
def test_one_thread_and_many_give_the_same_bytes(fingerprints, threads):
    assert set(MODELS) < set(fingerprints[1])
    assert fingerprints[threads] == fingerprints[1]
