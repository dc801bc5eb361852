"""Tables of groups, invented for the tests of the report: one group, two neighbours, lists."""

from tests.pipelines.report_tables import DICTIONARY, KINDS, MONTHS, month_row


def groups(sales: str = "Sales", support: str = "Support", people: int = 16) -> dict:
    """The tables of groups, and no other: one group, two neighbours, lists, the whole."""
    ties = [
        (sales, sales, people, 91, 440.0, 522.0, 0.76, 0.24, 9.3),
        (sales, support, 19, 17, 41.0, 6.0, 0.08, -0.8, 1.4),
        # Two large groups, of which two people know each other.
        ("Finance", sales, 2, 1, 0.5, 0.0, 0.005, -0.99, 0.1),
        ("Finance", support, 14, 9, 12.0, 1.0, 0.05, -0.9, 0.5),
    ]
    return {
        "months": [month_row(month, is_complete=True) for month in MONTHS],
        "groups": [
            {"month": month, "group_name": name, "is_internal": True, "people_count": count}
            for month in MONTHS
            for name, count in ((sales, people), (support, 14), ("Finance", 12))
        ],
        "group_ties": [
            dict(zip(KINDS["group_ties"], (month, *_ordered(row)), strict=True))
            for month in MONTHS
            for row in ties
        ],
        "homophily": [
            {
                **{"month": month, "group_name": sales, "same_group_share": 0.55 - 0.002 * n},
                **{"expected_share": 0.08, "homophily": 6.9, "coleman_index": 0.5},
            }
            for n, month in enumerate(MONTHS)
        ],
        "communities": [
            {
                **{"month": MONTHS[-1], "list_id": 900 + members, "member_count": members},
                **{"post_count": 40, "question_count": 23, "answered_share": 0.68},
                **{"first_answer_median_hours": 2.5, "answer_count": 24},
                **{"answerer_count": members // 2, "stranger_answer_count": 3},
                "cross_group_answer_count": 21,
            }
            for members in (30, 18, 9)
        ],
        "network": [
            {
                **{"month": month, "scope": scope, "people_count": 199, "tie_count": 1446},
                **{"mean_strength": strength, "reciprocity": returned},
            }
            for month, strength, returned in ((MONTHS[-1], 3.8, 0.85), (MONTHS[-13], 3.6, 0.80))
            for scope in ("all", "panel", "panel_before")
        ],
        "metric_dictionary": DICTIONARY,
    }


def _ordered(row: tuple) -> tuple:
    """A row of group_ties with the groups in the order of their names."""
    return (*sorted(row[:2]), *row[2:])
