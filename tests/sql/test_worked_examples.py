"""Every example in the headers of sql/metrics comes out of the models as the pencil has it."""

import math
import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from itertools import combinations, count
from types import SimpleNamespace

import pytest

from pipelines import meanings
from pipelines.models import Graph

AS_OF = date(2024, 2, 1)
EXAMPLES = {
    (model.table, column): words.example
    for model in Graph.load().models
    for column, words in meanings.of(model).items()
    if words.example
}


def send(world, sender: str, to: str, *ages: int) -> None:
    """Mail from one to the other, so many days before February 2024."""
    for age in ages:
        world.mail(str(AS_OF - timedelta(days=age)), sender, to=[to])


def told(world, table: str, *, until: date | None = None, **where: object) -> SimpleNamespace:
    if until:
        world.until(str(until))
    world.build(f"metrics.{table}")
    return world.row(f"metrics.{table}", **where)


def tie(world, table: str, person: str = "ann", contact: str = "bob") -> SimpleNamespace:
    where = {"month": "2024-01", "person_id": person, "contact_id": contact}
    return told(world, table, until=AS_OF, **where)


# One scene each: a world, and the row that the examples speak of.


def three_messages_and_an_answer(world):
    send(world, "ann", "bob", 120, 60, 30)
    send(world, "bob", "ann", 60)
    return tie(world, "tie_strength")


def six_messages_and_three(world):
    send(world, "ann", "bob", *range(10, 16))
    send(world, "bob", "ann", *range(20, 23))
    return tie(world, "tie_strength")


def gaps_of_one_one_one_and_ten(world):
    send(world, "ann", "bob", 35, 34, 33, 32, 22)
    return tie(world, "tie_strength")


def krackhardts_kite(world):
    """0 has four contacts, 3 has six."""
    kite = "01 02 03 05 13 14 16 23 25 34 35 36 46 56 57 67 78 89".split()
    for number, pair in enumerate(kite):
        world.meeting("2024-01-15", 30, pair[0], [pair[1]], key=1000 + number)
    return tie(world, "tie_strength", "0", "3")


def five_given_and_three_received(world):
    send(world, "ann", "bob", *[1] * 5)
    send(world, "bob", "ann", *[1] * 3)
    return tie(world, "reciprocity")


def four_openings(world):
    for day, hours in ((10, 1), (11, 2), (12, 5), (13, None)):
        first = world.mail(f"2024-01-{day} 09:00", "bob", to=["ann"])
        if hours:
            world.mail(f"2024-01-{day} {9 + hours:02}:00", "ann", to=["bob"], answers=first)
    return tie(world, "reciprocity")


def six_gifts_and_two(world):
    lost = count(10**6)
    for one, other in combinations(["ann", "bob", "cat"], 2):
        world.mail("2022-01-10", one, cc=[other], answers=next(lost))
        world.mail("2022-01-10", other, cc=[one], answers=next(lost))
    gifts = [("bob", "ann")] * 6 + [("ann", "cat")] * 2
    for day, (asker, person) in enumerate(gifts, 1):
        first = world.mail(f"2024-01-{day:02} 09:00", asker, to=[person])
        world.mail(f"2024-01-{day:02} 10:00", person, to=[asker], answers=first)
    return told(world, "giving", until=AS_OF, month="2024-01", person_id="ann")


def network_of_ann(world, edges: Iterable[tuple[str, str, float]], **groups: str):
    world.network(edges)
    world.groups(groups)
    return told(world, "network_diversity", person_id="ann")


def four_of_whom_one_knows_the_others(world):
    of_ann = ["ann bob", "ann eve", "ann fay", "ann gus", "gus bob", "gus eve", "gus fay"]
    elsewhere = ["bob dan", "gus dan", "gus cat"]
    return network_of_ann(world, [(*pair.split(), 1.0) for pair in [*of_ann, *elsewhere]])


def shares_of_ten_five_three_and_two(world):
    strengths = {"b": 10.0, "c": 5.0, "d": 3.0, "e": 2.0}
    edges = [("ann", name, strength) for name, strength in strengths.items()]
    return network_of_ann(world, edges, b="Law", c="Sales", d="House", e="Craft")


def five_ties_within_and_one_beyond(world):
    groups = dict.fromkeys(["ann", *"bcdef"], "Sales") | {"g": "Law"}
    return network_of_ann(world, [("ann", name, 1.0) for name in "bcdefg"], **groups)


def three_communities(world):
    strengths = {"b": 5.0, "c": 3.0, "d": 2.0}
    edges = [("ann", f"{name}0", strength) for name, strength in strengths.items()]
    return network_of_ann(world, [*edges, *circles("bcd", 6)])


def circles(names: str, size: int) -> list[tuple[str, str, float]]:
    """Closed circles of people who are close to each other."""
    return [
        (f"{name}{one}", f"{name}{other}", 50.0)
        for name in names
        for one, other in combinations(range(size), 2)
    ]


def changed(world, before: dict[str, float], now: dict[str, float], around=()):
    """Ann's contacts with their strengths a window ago and now."""
    networks = [
        [*(("ann", name, strength) for name, strength in one.items()), *around]
        for one in (before, {}, {}, now)
    ]
    world.networks(networks, "2023-01")
    owner = {"mailbox_id": "ann", "person_id": world.key("ann"), "settled_at": "2020-01-01"}
    world.given("staging.mailboxes", [owner])
    world.given("staging.outreach")
    return told(world, "network_change", month="2023-04", person_id="ann")


def others_came(world):
    return changed(world, dict.fromkeys("abcde", 1.0), dict.fromkeys("cdefg", 1.0))


def three_of_twelve_went(world):
    return changed(world, dict.fromkeys("bcdefghijklm", 1.0), dict.fromkeys("bcdefghij", 1.0))


def other_shares(world):
    return changed(world, {"b": 6.0, "c": 3.0, "d": 1.0}, {"e": 5.0, "f": 3.0, "g": 2.0})


def nine_of_ten_are_old(world):
    """Eight of the ten and all their strength lie in one community."""
    now = dict.fromkeys([*(f"b{n}" for n in range(8)), "c0", "c1"], 1.0)
    before = {name: strength for name, strength in now.items() if name != "c1"}
    return changed(world, before, now, circles("bc", 8))


def whole_network(world, *mail: tuple[str, str, int]):
    for sender, to, messages in mail:
        send(world, sender, to, *[1] * messages)
    return told(world, "network", until=AS_OF, month="2024-01", scope="all")


def a_circle_that_answers_once(world):
    mail = [("ann", "bob", 5), ("bob", "ann", 3), ("bob", "cat", 2), ("cat", "ann", 4)]
    return whole_network(world, *mail)


def six_links(world):
    links = ["ann bob", "ann cat", "ann dan", "bob ann", "cat dan", "dan cat"]
    return whole_network(world, *[(*link.split(), 1) for link in links])


def two_groups(world, table: str, **where: str):
    """Ten people each: 20 ties between them, 30 within each."""
    ones, others = [f"a{n}" for n in range(10)], [f"b{n}" for n in range(10)]
    between = [(one, others[(n + shift) % 10]) for shift in (0, 1) for n, one in enumerate(ones)]
    within = [pair for group in (ones, others) for pair in wheel(group)]
    world.network([(*pair, 1.0) for pair in [*between, *within]])
    world.groups(dict.fromkeys(ones, "A") | dict.fromkeys(others, "B"))
    return told(world, table, **where)


def wheel(names: list[str]) -> list[tuple[str, str]]:
    """Everybody tied to the three who come next: three ties a head."""
    return [
        (one, names[(n + step) % len(names)]) for n, one in enumerate(names) for step in (1, 2, 3)
    ]


def between_two_groups(world):
    return two_groups(world, "group_ties", group_a="A", group_b="B")


def one_of_two_groups(world):
    """A tie within counts for both of its ends."""
    return two_groups(world, "homophily", group_name="A")


SCENES: dict[Callable, tuple[str, tuple[str, ...]]] = {
    three_messages_and_an_answer: ("tie_strength", ("out_strength", "strength")),
    six_messages_and_three: ("tie_strength", ("messages_per_day",)),
    gaps_of_one_one_one_and_ten: ("tie_strength", ("burstiness",)),
    krackhardts_kite: ("tie_strength", ("overlap",)),
    five_given_and_three_received: ("reciprocity", ("reciprocity", "flow_balance")),
    four_openings: ("reciprocity", ("answer_median_hours",)),
    six_gifts_and_two: ("giving", ("giving_share",)),
    four_of_whom_one_knows_the_others: (
        "network_diversity",
        ("effective_size", "efficiency", "constraint", "clustering"),
    ),
    shares_of_ten_five_three_and_two: ("network_diversity", ("entropy", "group_diversity")),
    five_ties_within_and_one_beyond: ("network_diversity", ("ei_index",)),
    three_communities: ("network_diversity", ("participation",)),
    others_came: ("network_change", ("jaccard",)),
    three_of_twelve_went: ("network_change", ("size_trend",)),
    other_shares: ("network_change", ("signature_distance",)),
    nine_of_ten_are_old: ("network_change", ("closedness",)),
    a_circle_that_answers_once: ("network", ("reciprocity",)),
    six_links: ("network", ("mutual_share", "link_reciprocity", "link_reciprocity_rho")),
    between_two_groups: ("group_ties", ("density", "ei_index")),
    one_of_two_groups: (
        "homophily",
        ("same_group_share", "expected_share", "homophily", "coleman_index"),
    ),
}


def test_every_example_has_its_scene():
    played = {(table, column) for table, columns in SCENES.values() for column in columns}
    assert played == EXAMPLES.keys()


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_the_model_says_what_the_pencil_says(world, scene):
    """The result of an example is its last number, with four digits."""
    row = scene(world)
    table, columns = SCENES[scene]
    written = {column: EXAMPLES[table, column].rpartition(" ")[2] for column in columns}
    assert {column: f"{getattr(row, column):.4f}" for column in columns} == written


def test_the_sums_in_the_examples_are_right():
    """What stands before an equals sign gives what stands behind it, to its last digit."""
    checked = 0
    for text in EXAMPLES.values():
        for sum_, result in re.findall(r"((?:sqrt|ln|[\d.+*/()^ -])+) = (-?\d+(?:\.\d+)?)", text):
            if re.search(r"[\d)^] ?[+*/^-] ?[\d(sl]", sum_):
                value = eval(sum_.strip().replace("^", "**"), {"sqrt": math.sqrt, "ln": math.log})
                digits = len(result.partition(".")[2])
                assert abs(value - float(result)) <= 0.51 * 10**-digits, text
                checked += 1
    assert checked >= 25


def test_one_message_and_one_answer_in_three_months_keep_a_tie_at_about_one(world):
    """As the header of tie_strength says of a strength of 1."""
    for weeks in range(0, 260, 13):
        day = date(2019, 1, 7) + timedelta(weeks=weeks)
        first = world.mail(str(day), "ann", to=["bob"])
        world.mail(str(day + timedelta(days=1)), "bob", to=["ann"], answers=first)
    world.build("metrics.tie_strength")
    rows = world.rows("metrics.tie_strength", person_id="ann")
    settled = [row.strength for row in rows if date(2021, 10, 1) <= row.month < date(2023, 10, 1)]
    assert len(settled) == 24
    assert min(settled) > 0.5
    assert max(settled) < 1.5
    assert sum(settled) / len(settled) == pytest.approx(1, abs=0.25)
