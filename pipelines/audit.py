"""What the group tables let anybody work out about the groups and ties that they do not show.

Here: the attacker's audit of the files that are about to be published: for each hidden cell the
smallest and the largest value that all of them together allow, and what is too narrow.
Not here: what is hidden in the first place (sql/staging/shown_groups.sql, group_cells.sql), writing
files (publish_groups.py).

The attacker has the published tables of all months, their definitions, ``min_group_size``, and
knows that counts are whole and never negative. A cell is a number of people (of a group, or with
ties between two groups) or of ties. It is hidden where the tables have no row for it; its interval
must hold at least ``min_group_size`` whole numbers, as does 0 to ``min_group_size - 1``, which the
threshold itself says of whatever is hidden.

Why bounds in closed form are all that a linear programme would find. What is published of a month:

- n_a, the people of each group with a name, and L, those of all groups without ("(other)");
- t_ab, ties of two groups or of one with itself, each of at least ``min_group_size`` people;
- r_a, ties of group a with all groups that have no cell beside it: y_a with the small ones, and
  x_ab with each large one that a has little to do with: one equation, r_a = y_a + sum of x_ab;
- indices that follow from these counts, which is checked row by row; so they say nothing more.

y_a is in no other equation: neither the ties among small groups nor any total over everybody is
published. As long as r_a <= n_a * L, all y_a = r_a and all x_ab = 0 is a solution, and so is x_ab =
min(r_a, r_b, what the threshold allows) for any one cell with the rest in y_a and y_b. Hence the
smallest value of every x_ab is 0, and the largest is that minimum. A part of y_a that belongs to
one small group reaches from 0 to min(r_a, ...) likewise, and a small group's people from 0 to
min(min_group_size - 1, L).

Months are bound by no equation: people come and go. An attacker who supposes all the same that
hidden cells never change gains nothing: zeros are a solution in all months at once, and the
largest value is the least of the months', each of which is wide enough.

Not modelled: what somebody knows besides, such as who came or left. Who knows that one person came
between two months, and supposes that nothing else changed, can take the difference of two published
cells for that person's part.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any

import pyarrow as pa

OTHER = "(other)"
Row = Mapping[str, Any]
# Columns whose part in the attacker's equations is known; any other is refused.
COLUMNS = {
    "months": frozenset(
        {"month", "first_day", "year", "quarter", "as_of", "window_start_date", "is_complete"}
    ),
    "groups": frozenset({"month", "group_name", "is_internal", "people_count"}),
    "group_ties": frozenset(
        {"month", "group_a", "group_b", "people_count", "tie_count", "strength", "hours"}
        | {"density", "ei_index", "homophily"}
    ),
    "homophily": frozenset(
        {"month", "group_name", "same_group_share", "expected_share"}
        | {"homophily", "coleman_index"}
    ),
    "network": frozenset(
        {"month", "mean_strength", "reciprocity", "mutual_share", "link_reciprocity"}
    ),
    "communities": frozenset(
        {"month", "list_id", "member_count", "post_count", "question_count", "answered_share"}
        | {"first_answer_median_hours", "answer_count", "answerer_count"}
        | {"stranger_answer_count", "cross_group_answer_count"}
    ),
}
_OF_ANSWERERS = frozenset(
    {"answered_share", "first_answer_median_hours", "answer_count", "answerer_count"}
    | {"stranger_answer_count", "cross_group_answer_count"}
)


class AuditFailed(RuntimeError):
    """Tables that tell what they hide; the text names table, month and kind of cell, no value."""


@dataclass(frozen=True, order=True)
class Finding:
    """A kind of cell in one table and month that is too narrow, or in no known equation."""

    table: str
    month: date | None
    cell: str

    def __str__(self) -> str:
        return f"{self.table}{f' {self.month:%Y-%m}' if self.month else ''}: {self.cell}"


@dataclass(frozen=True)
class Interval:
    """What an attacker knows of one hidden number of ties: whole numbers, both ends included."""

    low: int
    high: int


def audit(tables: Mapping[str, pa.Table], min_group_size: int) -> None:
    """Raise AuditFailed if the tables, taken together, say too much. Each has all its months."""
    found = findings(tables, min_group_size)
    if found:
        shown = "; ".join(str(one) for one in found[:5])
        more = f"; and {len(found) - 5} more" if len(found) > 5 else ""
        raise AuditFailed(
            f"group tables would tell what they hide: {shown}{more}; no group table was published"
        )


def findings(tables: Mapping[str, pa.Table], min_group_size: int) -> list[Finding]:
    """Everything that makes the audit fail, sorted, each once; empty where all is well."""
    found = set(_unknown_columns(tables))
    if found:
        # What is not understood cannot be put into equations.
        return sorted(found)
    rows = {name: _by_month(table) for name, table in tables.items()}
    months = {month for table in rows.values() for month in table}
    for month in months:
        of_month = {name: table.get(month, []) for name, table in rows.items()}
        for table, cell in _of_month(of_month, min_group_size):
            found.add(Finding(table, month, cell))
    return sorted(found)


def hidden_ties(
    groups: Iterable[Row], group_ties: Iterable[Row], min_group_size: int
) -> dict[tuple[str, str], Interval]:
    """Each pair of groups with names that has no cell in one month -> the ties it may have."""
    sizes = {row["group_name"]: row["people_count"] for row in groups}
    ties = {(row["group_a"], row["group_b"]): row["tie_count"] for row in group_ties}
    rests = {name: ties.get(_pair(name, OTHER)) for name in sizes}
    small_people = sizes.get(OTHER, 0)
    named = sorted(sizes.keys() - {OTHER})
    most = {
        (one, other): min(sizes[one] * sizes[other], most_ties(min_group_size))
        for one, other in combinations(named, 2)
        if (one, other) not in ties
    }
    beside: dict[str, int] = defaultdict(int)
    for pair, count in most.items():
        for name in pair:
            beside[name] += count
    found = {}
    for pair, count in most.items():
        low, high = 0, count
        for name in pair:
            if (rest := rests[name]) is not None:
                high = min(high, rest)
                # All that neither small groups nor the other hidden cells can take.
                low = max(low, rest - sizes[name] * small_people - (beside[name] - count))
        found[pair] = Interval(low, high)
    return found


def most_ties(min_group_size: int) -> int:
    """Ties that fewer people than ``min_group_size`` in two groups can have with each other."""
    return (min_group_size - 1) ** 2 // 4


def least_width(min_group_size: int) -> int:
    """How far apart the ends of a hidden number of ties must be; ties.

    As far as those of a hidden number of people; with a threshold below five, pairs of so few
    people have fewer ties than that, and the threshold alone says so.
    """
    return min(min_group_size - 1, most_ties(min_group_size))


def _of_month(rows: Mapping[str, list[Row]], least: int) -> Iterator[tuple[str, str]]:
    groups, ties = rows.get("groups", []), rows.get("group_ties", [])
    sizes = {row["group_name"]: row["people_count"] for row in groups}
    if any(row["people_count"] < least for row in groups):
        yield "groups", "people of a group"
    for row in ties:
        names = {row["group_a"], row["group_b"]}
        if not names <= sizes.keys():
            yield "group_ties", "ties of a group that is not shown"
            return
        if names == {OTHER}:
            yield "group_ties", "ties among groups that are not shown"
        if row["people_count"] < least:
            yield "group_ties", "people with ties between two groups"
        if OTHER in names and len(names) == 2 and not _fits(row, sizes, least):
            yield "group_ties", "ties of a group with those not told apart"
    for interval in hidden_ties(groups, ties, least).values():
        if interval.high - interval.low < least_width(least):
            yield "group_ties", "ties between two groups"
    yield from _indices(sizes, ties, rows.get("homophily", []))
    for row in rows.get("communities", []):
        if row["member_count"] < least:
            yield "communities", "members of a list"
        is_narrow = (row.get("answerer_count") or 0) < least
        if is_narrow and any(row.get(name) is not None for name in _OF_ANSWERERS):
            yield "communities", "answers of a few"


def _fits(row: Row, sizes: Mapping[str, int], least: int) -> bool:
    """Whether all ties with "(other)" could be ties with small groups alone."""
    (name,) = {row["group_a"], row["group_b"]} - {OTHER}
    people, small_people = sizes[name], sizes[OTHER]
    return (
        row["tie_count"] >= least_width(least)
        and row["tie_count"] <= people * small_people
        and row["people_count"] <= people + small_people
    )


def _indices(
    sizes: Mapping[str, int], ties: list[Row], homophily: list[Row]
) -> Iterator[tuple[str, str]]:
    """Indices that do not follow from the published counts speak of others."""
    everybody = sum(sizes.values())
    own = {row["group_a"]: row["tie_count"] for row in ties if row["group_a"] == row["group_b"]}
    others: dict[str, int] = defaultdict(int)
    beside: dict[str, int] = defaultdict(int)
    for row in ties:
        one, other = row["group_a"], row["group_b"]
        if one != other:
            for name, far in ((one, other), (other, one)):
                others[name] += row["tie_count"]
                beside[name] += sizes[far] if far != OTHER else 0
    ends = {name: 2 * count + others[name] for name, count in own.items()}
    network = _ratio(sum(ends.values()), sum(sizes[name] * (everybody - 1) for name in ends))
    for row in ties:
        one, other, count = row["group_a"], row["group_b"], row["tie_count"]
        if OTHER in (one, other):
            name = other if one == OTHER else one
            possible = sizes[name] * (everybody - sizes[name] - beside[name])
        elif one == other:
            possible = sizes[one] * (sizes[one] - 1) // 2
        else:
            possible = sizes[one] * sizes[other]
        density = _ratio(count, possible)
        between, within = (
            (others[one], own[one])
            if one == other
            else (count, own[one] + own[other])
            if one in own and other in own
            else (None, None)
        )
        expected = {
            "density": density,
            "homophily": _ratio(density, network),
            "ei_index": None if within is None else _ratio(between - within, between + within),
        }
        for column, value in expected.items():
            if not _agrees(row.get(column), value):
                yield "group_ties", f"{column} counts what is not shown"
    for row in homophily:
        name = row["group_name"]
        share = _ratio(2 * own[name], ends[name]) if name in own else None
        by_size = _ratio(sizes[name] - 1, everybody - 1) if name in sizes else None
        apart = None if share is None or by_size is None else share - by_size
        room = None if apart is None else 1 - by_size if apart >= 0 else by_size
        expected = {
            "same_group_share": share,
            "expected_share": by_size,
            "homophily": _ratio(share, by_size),
            "coleman_index": _ratio(apart, room),
        }
        for column, value in expected.items():
            if not _agrees(row.get(column), value):
                yield "homophily", f"{column} counts what is not shown"


def _agrees(published: float | None, expected: float | None) -> bool:
    # The last bits depend on the order of a division; a count more or less shows long before.
    return published is None or (
        expected is not None and math.isclose(published, expected, rel_tol=1e-12, abs_tol=1e-12)
    )


def _ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one <= other else (other, one)


def _by_month(table: pa.Table) -> dict[date, list[Row]]:
    found = defaultdict(list)
    for row in table.to_pylist():
        found[row["month"]].append(row)
    return found


def _unknown_columns(tables: Mapping[str, pa.Table]) -> Iterator[Finding]:
    for name, table in tables.items():
        known = COLUMNS.get(name)
        if known is None:
            yield Finding(name, None, "a table that is not known to name nobody")
        else:
            for column in sorted(set(table.column_names) - known):
                yield Finding(name, None, f"{column} is not known to tell nothing of hidden cells")
