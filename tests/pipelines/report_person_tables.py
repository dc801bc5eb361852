"""Tables of one person's ties, invented for the tests of the report: 24 months of Ada's.

A tie is described by its strength in each month; every other number follows from it by rules that
a pencil can check.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from tests.pipelines.report_tables import (
    DICTIONARY,
    MONTHS,
    WINDOW_DAYS,
    month_row,
    next_month,
    write,
)

ADA, LONER = 1, 2


@dataclass(frozen=True)
class Bond:
    """One contact of a person.

    strengths  one for each of the last months, oldest first; None where there is no row
    even       mail that comes in for each that goes out
    silence    days since the last contact at the end of the last month
    """

    contact_id: int
    name: str | None
    strengths: Sequence[float | None]
    state: str = "active"
    even: float = 1.0
    silence: int = 2
    gap: float | None = 3.0
    group: str | None = "Design"
    begun: tuple[int, int] = (6, 6)
    domain: str = "acme.example"


@dataclass(frozen=True)
class World:
    """All tables of one test."""

    bonds: Sequence[Bond] = ()
    circle: Sequence[Mapping] = ()
    me: str | None = "Ada Winter"
    is_me: bool = True
    is_mailbox_owner: bool = True
    is_complete: bool = True
    extra_people: Sequence[Mapping] = field(default=())
    scores: Sequence[Mapping] = ()
    gifts: Sequence[Mapping] = ()
    introductions: Sequence[Mapping] = ()
    openings: Sequence[Mapping] = ()
    coverage: Sequence[Mapping] = ()
    reasons: Sequence[Mapping] = ()
    between: Sequence[tuple[int, int, float]] = ()

    def write(self, folder: Path) -> Path:
        """Write one parquet file for each table and give the folder."""
        return write(folder, self.tables())

    def tables(self) -> dict[str, list[Mapping]]:
        """Rows by table."""
        me = person(ADA, self.me) | {
            "is_me": self.is_me,
            "is_mailbox_owner": self.is_mailbox_owner,
        }
        people = [
            person(bond.contact_id, bond.name, bond.domain, bond.group) for bond in self.bonds
        ]
        return {
            "people": [me, *people, *self.extra_people],
            "months": [month_row(month, self.is_complete) for month in MONTHS],
            "tie_strength": [
                *(row for bond in self.bonds for row in _tie_rows(bond, self.bonds)),
                *_between_rows(self.between),
            ],
            "reciprocity": [row for bond in self.bonds for row in _mail_rows(bond)],
            "network_diversity": _monthly(self.circle),
            "network_change": _monthly(self.scores),
            "giving": _monthly(self.gifts),
            "introductions": [
                {"month": _month_of(row["followed_at"]), **row} for row in self.introductions
            ],
            "openings": [{"month": MONTHS[-1], "person_id": ADA, **row} for row in self.openings],
            "coverage": [
                {"month": MONTHS[-1], "mailbox_id": "ada", "person_id": ADA, **row}
                for row in self.coverage
            ],
            "coverage_reasons": [
                {"month": MONTHS[-1], "mailbox_id": "ada", **row} for row in self.reasons
            ],
            "metric_dictionary": DICTIONARY,
        }


def person(
    person_id: int, name: str | None, domain: str = "acme.example", group: str | None = "Design"
) -> dict:
    """A row of people; without a name it is pseudonymous."""
    address = f"p{person_id}@{domain}" if name is not None else None
    return {
        "person_id": person_id, "name": name, "address": address, "domain": domain,
        "group_name": group, "is_internal": domain == "acme.example", "is_freemail": False,
        "kind": "person", "is_mailbox_owner": False, "is_me": False,
    }  # fmt: skip


def village() -> World:
    """Everything at once: every state, give and take, a circle that opens."""
    rising = [0.4 * n + 0.3 for n in range(24)]
    bonds = [
        Bond(10, "Bruno Okafor", [6 + (n % 5) * 0.7 for n in range(24)], begun=(9, 11)),
        Bond(11, "Chiara Lindqvist", rising, even=0.9, group="Research", begun=(14, 6)),
        Bond(12, "Deepa Raman", [8.5 - 0.25 * n for n in range(24)], even=0.3, begun=(12, 1)),
        Bond(13, "Emil Novák", [2.5 + (n % 3) * 0.4 for n in range(24)], even=3.0, begun=(2, 9)),
        Bond(
            14,
            "Fatou Diallo-Bernadotte of the Northern Harbour Office",
            [*[7.5 + (n % 4) * 0.5 for n in range(18)], 6.0, 4.4, 3.1, 2.2, 1.6, 1.1],
            state="fading",
            silence=47,
            gap=4.0,
            group="Sales",
        ),
        Bond(15, "Goran Petrović", [5.0 * 0.8**n for n in range(24)], "lapsed", 1, 120, 6.5),
        Bond(16, "Hana Sato", [*[0.02] * 20, 0.6, 1.4, 2.0, 2.3], "reactivated", 1.2, 5, 21.0),
        Bond(17, "Idris Bello", [0.7, 1.9], "new", 0.8, 3, 4.0, "Research", (3, 2)),
        Bond(18, "Jana Weiss", [0.0] * 6, "one_way", 0.0, 12, 9.0, None, (4, 0), "post.example"),
        Bond(19, "Kofi Mensah", [1.2 + (n % 2) * 0.2 for n in range(24)], group="Finance"),
        Bond(20, "Lena Fischer", [0.9] * 24, "fading", 1, 24, 2.5, group="Finance"),
        Bond(
            21, "מרים לוי", [0.6 + 0.02 * n for n in range(24)], group=None, domain="levi.example"
        ),
        Bond(22, "Kofi Mensah", [0.3] * 9, group=None, domain="other.example", begun=(0, 0)),
        Bond(23, None, [0.02] * 9, group=None, domain="quiet.example", begun=(0, 1)),
    ]
    bonds += [
        Bond(100 + n, f"Member {n:02}", [0.5 - 0.008 * n] * 24, group="Operations")
        for n in range(46)
    ]
    circle = [
        {
            "contact_count": 34 + n,
            "strong_count": 6 + n // 6,
            "effective_size": 15.0 + 0.9 * n,
            "constraint": 0.31 - 0.006 * n,
            "clustering": 0.42 - 0.007 * n,
            "entropy": 0.78 + 0.004 * n,
            "group_diversity": 0.6 + 0.005 * n,
            "visible_share": 0.37,
        }
        for n in range(24)
    ]
    loner = person(LONER, "Lone Reader")
    return World(
        bonds,
        circle,
        extra_people=[loner],
        scores=[
            {
                "openness": 0.30 + 0.015 * n,
                "closedness": 0.60 - 0.01 * n,
                "coyote": 0.12,
                "purist": None if n < 12 else 0.05,
                **{"new_count": 2, "kept_count": 50, "lost_count": 3, "reactivated_count": 1},
            }
            for n in range(24)
        ],
        gifts=[
            {
                **{"given_count": 20 + n, "received_count": 18, "giving_share": 0.6},
                **{"asked_count": 40, "answered_count": 34, "answer_rate": 0.85},
                **{"answer_median_hours": 5.5, "introductions_made_count": 2},
                **{"introductions_received_count": 1, "new_people_reached_count": 3},
                **{"revived_count": 1, "tended_share": 0.8},
            }
            for n in range(24)
        ],
        introductions=[
            _introduction(ADA, 10, 17, datetime(2026, 9, 4, 9, tzinfo=UTC)),
            _introduction(13, ADA, 16, datetime(2026, 7, 20, 9, tzinfo=UTC)),
        ],
        openings=suggestions(),
        coverage=[
            {
                **{"message_count": 1480, "message_contact_count": 610, "meeting_count": 42},
                **{"meeting_contact_count": 31, "first_settled_month": MONTHS[6]},
            }
        ],
        reasons=[
            {"source": "mail", "outcome": "contact", "copy_count": 610},
            {"source": "mail", "outcome": "author_is_robot", "copy_count": 540},
            {"source": "mail", "outcome": "broadcast", "copy_count": 330},
            {"source": "calendar", "outcome": "contact", "copy_count": 31},
            {"source": "calendar", "outcome": "all_day", "copy_count": 11},
        ],
        between=[(10, 11, 3.0), (12, 13, 1.5), (10, 19, 0.5)],
    )


def suggestions(group: str = "Research") -> list[dict]:
    """One opening of each kind, two of the first."""
    return [
        {
            **{"kind": "answer_owed", "rank": 1, "contact_id": 13, "events": "message:71"},
            "reason": "One question is open for 3 days; half of all questions are answered within "
            "6 hours",
        },
        {
            **{"kind": "answer_owed", "rank": 2, "contact_id": 10, "events": "message:-72"},
            "reason": "One question is open for a day; half of all questions are answered within "
            "6 hours",
        },
        {
            **{"kind": "introduction_you_could_make", "rank": 1, "contact_id": 10},
            **{"second_id": 11, "events": "message:73 meeting:74"},
            "reason": "In contact with the one on 12 and with the other on 9 of the last 90 days; "
            "they belong to different communities, and no contact between them is known",
        },
        {
            **{"kind": "tie_worth_tending", "rank": 1, "contact_id": 14, "events": "meeting:75"},
            "reason": "In contact every 4 active days before, not for 33 now; 2 % of all contacts "
            "are shared",
        },
        {
            **{"kind": "dormant_but_worth_it", "rank": 1, "contact_id": 15, "events": "message:76"},
            "reason": "In contact on 40 days before, not for 4 months now; 3 % of all contacts are "
            "shared today",
        },
        {
            **{"kind": "new_direction", "rank": 1, "contact_id": 11, "group_name": group},
            "events": "message:77",
            "reason": "None of 57 contacts belongs to this group of 14 people; this contact knows "
            "6 of them",
        },
    ]


def _introduction(introducer: int, one: int, other: int, met_at: datetime) -> dict:
    return {
        "introducer_id": introducer,
        "first_id": min(one, other),
        "second_id": max(one, other),
        "introduced_at": met_at - timedelta(2),
        "followed_at": met_at,
    }


def _month_of(instant: datetime) -> date:
    return instant.date().replace(day=1)


def _monthly(numbers: Sequence[Mapping]) -> list[dict]:
    """Rows of Ada's for the last months."""
    months = MONTHS[-len(numbers) :] if numbers else ()
    return [
        {"month": month, "person_id": ADA, **row}
        for month, row in zip(months, numbers, strict=True)
    ]


def _between_rows(pairs: Sequence[tuple[int, int, float]]) -> list[dict]:
    """Ties of the last month among the contacts themselves, seen from both sides."""
    return [
        {
            "month": MONTHS[-1],
            "person_id": one,
            "contact_id": other,
            "strength": strength,
            "state": "active",
        }
        for first, second, strength in pairs
        for one, other in ((first, second), (second, first))
    ]


def _rows(bond: Bond) -> list[tuple[date, float]]:
    months = MONTHS[-len(bond.strengths) :]
    pairs = zip(months, bond.strengths, strict=True)
    return [(month, strength) for month, strength in pairs if strength is not None]


def _tie_rows(bond: Bond, bonds: Sequence[Bond]) -> list[dict]:
    rows = []
    for month, strength in _rows(bond):
        total = sum(dict(_rows(other)).get(month, 0.0) for other in bonds)
        is_last = month == MONTHS[-1]
        silence = bond.silence if is_last else 2
        end = datetime(next_month(month).year, next_month(month).month, 1, 12, tzinfo=UTC)
        rows.append(
            {
                "month": month,
                "person_id": ADA,
                "contact_id": bond.contact_id,
                "out_strength": strength or 0.5,
                "in_strength": strength,
                "strength": strength,
                "share": strength / total if strength else None,
                "contact_day_count": max(0, round(min(strength * 3, 40)) if silence < 90 else 0),
                "last_contact_at": end - timedelta(silence),
                "usual_gap_days": bond.gap,
                "silence_days": silence * 5 // 7,
                "silence_ratio": silence * 5 / 7 / bond.gap if bond.gap else None,
                "state": bond.state if is_last else "active",
            }
        )
    return rows


def _mail_rows(bond: Bond) -> list[dict]:
    if bond.silence > WINDOW_DAYS:
        return []
    started, received = bond.begun
    rows = []
    for month, strength in _rows(bond):
        out, back = strength or 0.5, (strength or 0.5) * bond.even
        rows.append(
            {
                "month": month,
                "person_id": ADA,
                "contact_id": bond.contact_id,
                "reciprocity": 2 * min(out, back) / (out + back),
                "mail_out_strength": out,
                "mail_in_strength": back,
                "started_count": started,
                "received_start_count": received,
                "initiation_share": started / (started + received) if started + received else None,
            }
        )
    return rows
