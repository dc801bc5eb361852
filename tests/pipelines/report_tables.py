"""Months, columns and parquet files of the invented tables on which the report is tested.

Columns and types are those of sql/metrics (test_report.py holds them to it).
Here: what tables of people and of groups have in common.
Not here: their rows (report_person_tables.py, report_group_tables.py).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

MONTHS = tuple(date(2024 + (10 + n) // 12, (10 + n) % 12 + 1, 1) for n in range(24))
WINDOW_DAYS = 90
KINDS = {
    "people": {
        "person_id": int, "name": str, "address": str, "domain": str, "group_name": str,
        "manager_id": int, "level": int, "is_internal": bool, "is_freemail": bool, "kind": str,
        "is_mailbox_owner": bool, "is_me": bool,
    },
    "months": {"month": date, "as_of": datetime, "window_start_date": date, "is_complete": bool},
    "tie_strength": {
        "month": date, "person_id": int, "contact_id": int, "out_strength": float,
        "in_strength": float, "strength": float, "share": float, "contact_day_count": int,
        "last_contact_at": datetime, "usual_gap_days": float, "silence_days": int,
        "silence_ratio": float, "state": str,
    },
    "reciprocity": {
        "month": date, "person_id": int, "contact_id": int, "reciprocity": float,
        "mail_out_strength": float, "mail_in_strength": float, "started_count": int,
        "received_start_count": int, "initiation_share": float,
    },
    "network_diversity": {
        "month": date, "person_id": int, "contact_count": int, "strong_count": int,
        "effective_size": float, "constraint": float, "clustering": float, "entropy": float,
        "group_diversity": float, "visible_share": float,
    },
    "network_change": {
        "month": date, "person_id": int, "openness": float, "closedness": float, "coyote": float,
        "purist": float, "new_count": int, "kept_count": int, "lost_count": int,
        "reactivated_count": int,
    },
    "giving": {
        "month": date, "person_id": int, "given_count": int, "received_count": int,
        "giving_share": float, "asked_count": int, "answered_count": int, "answer_rate": float,
        "answer_median_hours": float, "introductions_made_count": int,
        "introductions_received_count": int, "new_people_reached_count": int, "revived_count": int,
        "tended_share": float,
    },
    "introductions": {
        "month": date, "introducer_id": int, "first_id": int, "second_id": int,
        "introduced_at": datetime, "followed_at": datetime,
    },
    "openings": {
        "month": date, "person_id": int, "kind": str, "rank": int, "contact_id": int,
        "second_id": int, "group_name": str, "reason": str, "events": str,
    },
    "coverage": {
        "month": date, "mailbox_id": str, "person_id": int, "message_count": int,
        "message_contact_count": int, "meeting_count": int, "meeting_contact_count": int,
        "first_settled_month": date,
    },
    "coverage_reasons": {
        "month": date, "mailbox_id": str, "source": str, "outcome": str, "copy_count": int,
    },
    "groups": {"month": date, "group_name": str, "is_internal": bool, "people_count": int},
    "group_ties": {
        "month": date, "group_a": str, "group_b": str, "people_count": int, "tie_count": int,
        "strength": float, "hours": float, "density": float, "ei_index": float, "homophily": float,
    },
    "homophily": {
        "month": date, "group_name": str, "same_group_share": float, "expected_share": float,
        "homophily": float, "coleman_index": float,
    },
    "communities": {
        "month": date, "list_id": int, "member_count": int, "post_count": int,
        "question_count": int, "answered_share": float, "first_answer_median_hours": float,
        "answer_count": int, "answerer_count": int, "stranger_answer_count": int,
        "cross_group_answer_count": int,
    },
    "network": {
        "month": date, "scope": str, "people_count": int, "tie_count": int,
        "mean_strength": float, "reciprocity": float,
    },
    "metric_dictionary": {
        "table_name": str, "column_name": str, "meaning": str, "unit": str, "formula": str,
        "source": str, "version": int, "sql_sha256": str, "high_means": str, "low_means": str,
    },
}  # fmt: skip
_ARROW = {
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
    bool: pa.bool_(),
    date: pa.date32(),
    datetime: pa.timestamp("us", "UTC"),
}
COLUMNS = {table: tuple(columns) for table, columns in KINDS.items()}
DICTIONARY = [
    {"table_name": table, "column_name": column, "meaning": meaning, "unit": unit, "source": source}
    for table, source, columns in (
        (
            "tie_strength",
            "tie-decay networks, Ahmad, Porter & Beguerisse-Diaz 2021, arXiv:1805.00193",
            (
                ("strength", "geometric mean of both: zero for a one-way tie", None),
                ("share", "of the person's strength in the network", "0 to 1"),
                ("silence_days", "active days of the person since the last contact", "days"),
                ("state", "dormant, one_way, reactivated, new, lapsed, fading, active", None),
            ),
        ),
        (
            "reciprocity",
            "reciprocity: Squartini et al. 2013, Scientific Reports 3:2729",
            (("reciprocity", "0 one-way, 1 even, of the mail strengths", None),),
        ),
        (
            "network_diversity",
            "Burt 1992, Structural Holes, chapter 2",
            (("effective_size", "contacts that do not repeat each other", "people"),),
        ),
    )
    for column, meaning, unit in columns
]


def write(folder: Path, tables: Mapping[str, Sequence[Mapping]]) -> Path:
    """One parquet file for each table, in the folder that is given back."""
    for name, rows in tables.items():
        kinds = KINDS[name]
        columns = {key: [row.get(key) for row in rows] for key in kinds}
        schema = pa.schema([(key, _ARROW[kind]) for key, kind in kinds.items()])
        pq.write_table(pa.table(columns, schema), folder / f"{name}.parquet")
    return folder


def month_row(month: date, is_complete: bool) -> dict:
    end = next_month(month)
    if month == MONTHS[-1] and not is_complete:
        end = date(month.year, month.month, 16)
    return {
        "month": month,
        "as_of": datetime(end.year, end.month, end.day, tzinfo=UTC),
        "window_start_date": end - timedelta(WINDOW_DAYS),
        "is_complete": month != MONTHS[-1] or is_complete,
    }


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
