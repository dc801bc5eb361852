"""The events behind a tie: `kith why`.

Here: the contacts of one pair, each with its weight and what is left of it at the newest as_of.
Not here: the strength itself (sql/metrics/tie_strength.sql), whose two directions these sum to.
"""

import duckdb

Rows = list[tuple[object, ...]]


def events(
    connection: duckdb.DuckDBPyConnection, person_id: int, contact_id: int
) -> tuple[list[str], Rows]:
    """Column names and rows: when, direction, channel, weight, weight today; newest first."""
    result = connection.execute(
        """
        SELECT
            contacts.contact_at AS "when (UTC)",
            CASE WHEN contacts.from_person_id = $person THEN 'to them' ELSE 'from them' END AS way,
            contacts.channel,
            contacts.participant_count AS people,
            contacts.weight,
            contacts.weight * pow(2, -date_diff(
                'day', contacts.contact_at::date, now_is.as_of_date
            ) / parameters.half_life_days) AS "weight now"
        FROM staging.contacts AS contacts
        CROSS JOIN staging.parameters AS parameters
        CROSS JOIN (
            SELECT as_of_date FROM staging.months ORDER BY month DESC LIMIT 1
        ) AS now_is
        WHERE (contacts.from_person_id = $person AND contacts.to_person_id = $contact)
            OR (contacts.from_person_id = $contact AND contacts.to_person_id = $person)
        ORDER BY 1 DESC, 2, 3
        """,
        {"person": person_id, "contact": contact_id},
    )
    return [name for name, *_ in result.description], result.fetchall()
