"""Of random organisations no hidden cell can be worked out, by the audit and by linear programmes.

An attacker is played with scipy's HiGHS on what the SQL publishes: for a hidden cell the smallest
and largest value that all published rows allow. What an attacker must not find out is known here,
because the organisations are made up.
"""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import combinations, pairwise

import numpy as np
import pyarrow as pa
import pytest
from scipy.optimize import linprog

from pipelines.audit import OTHER, findings, hidden_ties, least_width, most_ties
from tests.sql.conftest import World

SEED = 20240101
ORGANISATIONS, MONTHS, LEAST = 200, 3, 10
TABLES = ("groups", "group_ties", "homophily")


@dataclass(frozen=True)
class Month:
    """What is published of one month of one organisation, and what is true.

    sizes   group -> its people in the network
    blocks  pair of groups -> (ties, people who have them)
    """

    groups: list
    ties: list
    sizes: dict
    blocks: dict

    @property
    def people(self):
        return {row["group_name"]: row["people_count"] for row in self.groups}

    @property
    def cells(self):
        return {(row["group_a"], row["group_b"]): row["tie_count"] for row in self.ties}


def organisation(rng):
    """For each of its months: person -> group, and the ties; some join, leave, move in between."""
    levels = [(1, 1), (2, 9), (10, 25), (26, 60)][: rng.randint(2, 4)]
    groups = [f"group {n}" for n in range(rng.randint(2, 12))]
    people = [group for group in groups for _ in range(rng.randint(*rng.choice(levels)))]
    if rng.random() < 0.7:
        people += [f"outside {n}" for n in range(rng.randint(1, 40))]
    member = dict(enumerate(people))
    affinity = {pair: rng.choice((0, 0, 1, 3, 30)) for pair in combinations(sorted(set(people)), 2)}
    for _ in range(MONTHS):
        yield dict(member), ties(rng, member, affinity)
        for person in list(member):
            if rng.random() < 0.02:
                del member[person]
            elif rng.random() < 0.02:
                member[person] = rng.choice(groups)
        for _ in range(rng.randint(0, 3)):
            member[max(member, default=0) + 1] = rng.choice(groups)


def ties(rng, member, affinity):
    people = defaultdict(list)
    for person, group in member.items():
        people[group].append(person)
    found = set()
    for crew in people.values():
        for person in crew:
            found.update(
                tuple(sorted((person, rng.choice(crew)))) for _ in range(rng.randint(0, 3))
            )
    for (one, other), most in affinity.items():
        if one in people and other in people:
            for _ in range(rng.randint(0, most)):
                found.add(tuple(sorted((rng.choice(people[one]), rng.choice(people[other])))))
    return {pair for pair in found if pair[0] != pair[1]}


@pytest.fixture(scope="module")
def published():
    """Every organisation's months as the SQL publishes them, all built at once."""
    rng = random.Random(SEED)
    world = World(threads=2)
    world.months("1950-01", ORGANISATIONS * MONTHS)
    months = [month for (month,) in world.execute("SELECT month FROM staging.months ORDER BY 1")]
    members, edges = [], []
    start = iter(months)
    for _ in range(ORGANISATIONS):
        for member, tied in organisation(rng):
            month = next(start)
            members += [(month, person, group) for person, group in member.items()]
            edges += [(month, *pair) for pair in tied]
            edges += [(month, *reversed(pair)) for pair in tied]
    given(world, "staging.memberships", ("month", "person_id", "group_name"), members)
    given(world, "staging.edges", ("month", "person_id", "contact_id"), edges)
    world.build(*(f"metrics.{table}" for table in TABLES))
    yield world, months
    world.connection.close()


def given(world, table, columns, rows):
    arrow = pa.table(dict(zip(columns, zip(*rows, strict=True), strict=True)))
    world.connection.register("rows_given", arrow)
    alike = "1.0 AS strength, 0 AS meeting_hours"
    if table == "staging.memberships":
        alike = "true AS is_internal"
    world.given(table, sql=f"SELECT *, {alike} FROM rows_given")
    world.connection.unregister("rows_given")


@pytest.fixture(scope="module")
def tables(published):
    world, _ = published
    return {
        table: world.connection.sql(f"FROM metrics.{table} ORDER BY ALL").to_arrow_table()
        for table in TABLES
    }


@pytest.fixture(scope="module")
def organisations(published, tables) -> list[list[Month]]:
    world, months = published
    rows = {table: defaultdict(list) for table in TABLES}
    for table, found in rows.items():
        for row in tables[table].to_pylist():
            found[row["month"]].append(row)
    sizes, blocks = defaultdict(dict), defaultdict(dict)
    for month, group, count in world.execute(
        "SELECT month, group_name, count(*) FROM staging.memberships SEMI JOIN staging.edges "
        "USING (month, person_id) GROUP BY ALL"
    ):
        sizes[month][group] = count
    for month, one, other, count, people in world.execute(
        "SELECT edges.month, least(own.group_name, theirs.group_name), "
        "greatest(own.group_name, theirs.group_name), count(*) // 2, "
        "count(DISTINCT edges.person_id) FROM staging.edges AS edges "
        "JOIN staging.memberships AS own USING (month, person_id) "
        "JOIN staging.memberships AS theirs "
        "ON theirs.month = edges.month AND theirs.person_id = edges.contact_id GROUP BY ALL"
    ):
        blocks[month][one, other] = (count, people)
    made = [
        Month(rows["groups"][month], rows["group_ties"][month], sizes[month], blocks[month])
        for month in months
    ]
    return [made[n : n + MONTHS] for n in range(0, len(made), MONTHS)]


def test_the_organisations_hide_and_show_much(organisations):
    months = [month for organisation in organisations for month in organisation]
    assert len(months) == ORGANISATIONS * MONTHS
    seen = Counter()
    for month in months:
        seen["shown groups"] += len(month.people.keys() - {OTHER})
        seen["small groups"] += sum(size < LEAST for size in month.sizes.values())
        seen["cells"] += sum(OTHER not in pair for pair in month.cells)
        seen["rests"] += sum(OTHER in pair for pair in month.cells)
        seen["hidden"] += len(hidden_ties(month.groups, month.ties, LEAST))
    assert all(count > 500 for count in seen.values()), seen


def test_no_hidden_cell_is_narrower_than_the_threshold(tables):
    assert findings(tables, LEAST) == []


def test_what_is_true_is_what_an_attacker_must_think_possible(organisations):
    """Else the bounds rest on something that does not hold."""
    checked = 0
    for organisation in organisations:
        for month in organisation:
            for pair, interval in hidden_ties(month.groups, month.ties, LEAST).items():
                true, people = month.blocks.get(pair, (0, 0))
                assert people < LEAST
                assert interval.low <= true <= interval.high
                checked += 1
    assert checked > 1000


def test_who_subtracts_the_own_group_from_the_rest_is_left_with_enough(organisations):
    for organisation in organisations:
        for month in organisation:
            hidden = {name: n for name, n in month.sizes.items() if name not in month.people}
            if month.people:
                assert sum(hidden.values()) == month.people.get(OTHER, 0)
            if month.people and hidden:
                assert sum(hidden.values()) - max(hidden.values()) >= LEAST


def test_no_more_groups_are_hidden_than_two_beyond_the_small_ones(organisations):
    """P3: two at the most, the smallest, and none where the small ones are many enough."""
    for organisation in organisations:
        for month in organisation:
            small = [n for n in month.sizes.values() if n < LEAST]
            large = sorted(n for n in month.sizes.values() if n >= LEAST)
            lost = len(large) - len(month.people.keys() - {OTHER})
            enough = small and sum(small) - max(small) >= LEAST
            assert lost <= (0 if enough or not small else 2)
            named = sorted(n for name, n in month.people.items() if name != OTHER)
            assert named == large[lost:]


class Attacker:
    """A linear programme over one organisation's months, from the published rows alone.

    Hidden ties of two large groups are one unknown in all months: the attacker supposes that they
    never change, which is more than anybody can know.
    """

    def __init__(self, months):
        self.bounds, self.equations, self.totals, self.number = [], [], [], {}
        for n, month in enumerate(months):
            people, cells = month.people, month.cells
            named = sorted(people.keys() - {OTHER})
            hidden = [pair for pair in combinations(named, 2) if pair not in cells]
            for one, other in hidden:
                most = min(people[one] * people[other], most_ties(LEAST))
                self._unknown((one, other), most)
            for name in named:
                rest = cells.get((min(name, OTHER), max(name, OTHER)))
                if rest is None:
                    continue
                own = self._unknown((n, name), people[name] * people.get(OTHER, 0))
                parts = [self.number[pair] for pair in hidden if name in pair]
                self.equations.append([own, *parts])
                self.totals.append(rest)

    def _unknown(self, name, most):
        if name not in self.number:
            self.number[name] = len(self.bounds)
            self.bounds.append([0, most])
        place = self.number[name]
        self.bounds[place][1] = min(self.bounds[place][1], most)
        return place

    @property
    def hidden(self):
        return [name for name in self.number if isinstance(name[0], str)]

    def interval(self, pair):
        if not self.equations:
            return tuple(self.bounds[self.number[pair]])
        left = np.zeros((len(self.equations), len(self.bounds)))
        for row, parts in enumerate(self.equations):
            left[row, parts] = 1
        ends = []
        for sign in (1, -1):
            goal = np.zeros(len(self.bounds))
            goal[self.number[pair]] = sign
            found = linprog(goal, A_eq=left, b_eq=self.totals, bounds=self.bounds, method="highs")
            assert found.status == 0, found.message
            ends.append(sign * found.fun)
        return tuple(ends)


def test_a_linear_programme_finds_the_bounds_of_the_audit(organisations):
    rng = random.Random(SEED)
    checked = 0
    for organisation in organisations:
        month = rng.choice(organisation)
        attacker = Attacker([month])
        claimed = hidden_ties(month.groups, month.ties, LEAST)
        assert set(attacker.hidden) == claimed.keys()
        for pair in rng.sample(attacker.hidden, min(4, len(attacker.hidden))):
            assert attacker.interval(pair) == pytest.approx(
                (claimed[pair].low, claimed[pair].high), abs=1e-6
            )
            checked += 1
    assert checked > 200


def test_who_supposes_that_hidden_ties_never_change_learns_nothing_from_all_months(organisations):
    rng = random.Random(SEED)
    checked = 0
    for organisation in organisations:
        attacker = Attacker(organisation)
        for pair in rng.sample(attacker.hidden, min(3, len(attacker.hidden))):
            low, high = attacker.interval(pair)
            assert high - low >= least_width(LEAST) - 1e-6
            checked += 1
    assert checked > 200


def naive(month):
    """Small cells are left out, and every rest is published: what many a tool does."""
    named = {name for name, size in month.sizes.items() if size >= LEAST}
    cells = {
        pair: found
        for pair, found in month.blocks.items()
        if set(pair) <= named and found[1] >= LEAST
    }
    rests = Counter()
    for pair, (count, _) in month.blocks.items():
        if pair not in cells and pair[0] != pair[1]:
            rests.update({name: count for name in pair if name in named})
    small = sum(size for name, size in month.sizes.items() if name not in named)
    groups = [{"group_name": name, "people_count": month.sizes[name]} for name in named]
    groups += [{"group_name": OTHER, "people_count": small}] if small else []
    rows = [(*pair, *found) for pair, found in cells.items()]
    rows += [(OTHER, name, count, LEAST) for name, count in rests.items()]
    names = ("group_a", "group_b", "tie_count", "people_count")
    indices = dict.fromkeys(("density", "ei_index", "homophily"))
    ties = [dict(zip(names, row, strict=True)) | indices for row in rows]
    return Month(groups, ties, month.sizes, month.blocks)


def test_the_audit_fails_wherever_a_linear_programme_disproves_naive_suppression(organisations):
    narrow = 0
    for organisation in organisations:
        month = naive(organisation[-1])
        when = {"month": date(2024, 1, 1)}
        found = findings(
            {
                "groups": pa.Table.from_pylist([row | when for row in month.groups]),
                "group_ties": pa.Table.from_pylist([row | when for row in month.ties]),
            }
            if month.ties
            else {},
            LEAST,
        )
        attacker = Attacker([month])
        for pair in attacker.hidden[:4]:
            low, high = attacker.interval(pair)
            if high - low < least_width(LEAST) - 1e-6:
                narrow += 1
                assert found, (pair, low, high)
    assert narrow > 50


def test_two_months_of_which_one_person_moved_hide_as_much_as_one(organisations):
    """P2, on the tables of successive months, in which joiners, leavers and movers are."""
    moved = 0
    for organisation in organisations:
        for earlier, later in pairwise(organisation):
            moved += earlier.sizes != later.sizes
            attacker = Attacker([earlier, later])
            for pair in attacker.hidden[:1]:
                low, high = attacker.interval(pair)
                assert high - low >= least_width(LEAST) - 1e-6
    assert moved > 100
