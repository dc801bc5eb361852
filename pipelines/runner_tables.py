"""The tables in which the runner remembers: which rows changed, which months stand.

Here: their columns with types and meanings.
Not here: the raw rows (raw_tables.py), the models (sql/), and the wanted months (models.py).
"""

import pyarrow as pa

from pipelines.raw_tables import RawTable

_TEXT, _INTEGER, _FLAG = pa.string(), pa.int64(), pa.bool_()
_UTC, _DATE = pa.timestamp("us", "UTC"), pa.date32()

RUNNER_TABLES = (
    RawTable(
        "raw.warehouse",
        "Which kith wrote this database, and with which key?",
        (),
        {
            "schema_version": (_INTEGER, "version of the raw tables"),
            "pseudonym_fingerprint": (_TEXT, "fingerprint of the key that made the pseudonyms"),
        },
    ),
    RawTable(
        "raw.touched_months",
        "Which raw rows have changed since the models were computed?",
        ("table_name", "month"),
        {
            "table_name": (_TEXT, "the raw table"),
            "month": (
                _DATE,
                "month that a changed row lies or lay in; null where it has none",
            ),
        },
    ),
    RawTable(
        "raw.listed",
        "Which items has a listing under way named so far?",
        ("mailbox_id", "stream", "item_id"),
        {
            "mailbox_id": (_TEXT, "the mailbox"),
            "stream": (_TEXT, "what is listed: mail, a folder, a calendar"),
            "item_id": (_TEXT, "the provider's id of what is still there"),
        },
    ),
    RawTable(
        "staging.built_months",
        "Which months of which table stand, and what were they computed with?",
        ("table_name", "month"),
        {
            "table_name": (_TEXT, "the table"),
            "month": (_DATE, "the month; null for a table that is rebuilt whole"),
            "as_of": (_UTC, "the instant that the month was computed for; UTC"),
            "fingerprint": (_TEXT, "hash of the SQL that computed it"),
            "is_published": (_FLAG, "its files are written"),
        },
    ),
)
