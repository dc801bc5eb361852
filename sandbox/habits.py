"""The habits planted in the village, and the truth about them.

Here: who has which habit, the ties that make it, and where in the published tables it must show.
Not here: ordinary ties (ties.py) and what comes of ties day by day (life.py).

Dates count back from the last day, so that a habit of the end shows at the end of every village.
"""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from sandbox.people import GOOGLE, Person, Population


@dataclass(frozen=True)
class Tie:
    """Two people who write to each other.

    weekly     threads that they begin a week, both together
    start      share of them that ``one`` begins
    answers    chance that ``one``, and that ``other``, answers the other's message
    hours      median hours until an answer of ``one``, and of ``other``
    """

    one: str
    other: str
    weekly: float
    since: date
    until: date
    start: float = 0.5
    answers: tuple[float, float] = (0.75, 0.75)
    hours: tuple[float, float] = (5.0, 5.0)


@dataclass(frozen=True)
class Habit:
    """One planted habit: who has it, and the published measure that must tell.

    people   addresses; for a pair, two
    measure  table.column or table:state; a table that METRICS.md names may still be to come
    tail     low, high, or the state itself
    """

    habit: str
    people: tuple[str, ...]
    measure: str
    tail: str


@dataclass
class Planting:
    """Everything that the habits add to the village.

    loners     people who get no ordinary ties but those to their own team
    strangers  people who get no ordinary tie at all
    apart      pairs who get no ordinary tie to each other
    """

    ties: list[Tie] = field(default_factory=list)
    habits: list[Habit] = field(default_factory=list)
    loners: set[str] = field(default_factory=set)
    strangers: set[str] = field(default_factory=set)
    apart: set[frozenset[str]] = field(default_factory=set)
    introductions: list[tuple[date, str, str, str]] = field(default_factory=list)
    leave: dict[str, tuple[date, date]] = field(default_factory=dict)

    def plant(self, habit: str, people: tuple[str, ...], measure: str, tail: str) -> None:
        """Note a habit in the truth."""
        self.habits.append(Habit(habit, people, measure, tail))


def plant(population: Population, seed: int, first: date, last: date) -> Planting:
    """The habits of one village."""
    rng = random.Random(f"{seed}/habits")
    members = _members(population, first)
    planting = Planting()
    taken = {person.address for group in members.values() for person in group[:10]}
    crowd = [
        person.address
        for person in population.staff
        if person.address not in taken and not person.joined and not person.left
    ]
    outside = [person.address for person in population.outsiders]
    _bridges(planting, members, outside, first, last)
    _clique_bound(planting, members)
    _purists(planting, rng, members, crowd, first, last)
    _coyote(planting, rng, members, outside, crowd, first, last)
    _pairs(planting, members, first, last)
    _introducer(planting, rng, members, crowd, first, last)
    _needy(planting, rng, members, crowd, first, last)
    _givers_and_takers(planting, rng, members, crowd, first, last)
    _decoys(planting, rng, members, crowd, population, first, last)
    return planting


def _members(population: Population, day: date) -> dict[str, list[Person]]:
    """Ordinary members of each department, those who stay from the first to the last day."""
    found: dict[str, list[Person]] = {}
    for person in population.staff:
        if person.level == 4 and not person.joined and not person.left:
            found.setdefault(person.post(day).department, []).append(person)
    return found


def _bridges(
    planting: Planting,
    members: dict[str, list[Person]],
    outside: list[str],
    first: date,
    last: date,
) -> None:
    """One or two contacts in every department of both companies, and a few outside."""
    for number, department in enumerate(("Research", "Engineering")):
        bridge = members[department][0].address
        far = [group[-1 - number].address for name, group in members.items() if name != department]
        far += outside[number * 7 : number * 7 + 7]
        planting.ties += [Tie(bridge, one, 0.45, first, last, answers=(0.9, 0.9)) for one in far]
        planting.strangers.add(bridge)
        planting.plant("bridge", (bridge,), "network_diversity.constraint", "low")


def _clique_bound(planting: Planting, members: dict[str, list[Person]]) -> None:
    """Only their own team, whose members all know each other."""
    for department in ("Sales", "Design"):
        address = members[department][1].address
        planting.loners.add(address)
        planting.plant("clique-bound", (address,), "network_diversity.clustering", "high")


def _purists(
    planting: Planting,
    rng: random.Random,
    members: dict[str, list[Person]],
    crowd: list[str],
    first: date,
    last: date,
) -> None:
    """Two years ago many contacts elsewhere; given up one by one over 14 months; own team stays."""
    for department in ("Support", "Finance"):
        purist = members[department][2].address
        for number, one in enumerate(rng.sample(crowd, 14)):
            until = last - timedelta(days=470 - 25 * number)
            planting.ties.append(Tie(purist, one, 0.7, first, until, start=0.1))
        planting.loners.add(purist)
        planting.plant("purist", (purist,), "network_change.shrinkage", "high")


def _coyote(
    planting: Planting,
    rng: random.Random,
    members: dict[str, list[Person]],
    outside: list[str],
    crowd: list[str],
    first: date,
    last: date,
) -> None:
    """Writes to somebody new each week, is answered, and never writes again."""
    coyote = members["Sales"][3].address
    prey = rng.sample([*outside, *crowd], min(60, len(outside) + len(crowd)))
    for number, one in enumerate(prey):
        day = last - timedelta(days=10 * (number + 1))
        if day > first:
            until = day + timedelta(days=2)
            planting.ties.append(Tie(coyote, one, 9.0, day, until, 1.0, (0.05, 0.9)))
    planting.ties += [
        Tie(coyote, one, 0.5, first, last, 0.1, (0.1, 0.9)) for one in rng.sample(crowd, 6)
    ]
    planting.loners.add(coyote)
    planting.plant("coyote", (coyote,), "network_change.coyote", "high")


def _pairs(planting: Planting, members: dict[str, list[Person]], first: date, last: date) -> None:
    """Pairs who wrote twice a week: two fell silent three weeks ago, two did and came back."""
    fading = (("Research", "Legal"), ("Engineering", "Logistics"))
    revived = (("Operations", "Sales"), ("Design", "Finance"))
    for place, (here, there) in enumerate(fading):
        pair = (members[here][4].address, members[there][-1].address)
        until = last - timedelta(days=21 + place)
        planting.ties.append(Tie(*pair, 2.0, first, until, answers=(0.9, 0.9)))
        planting.apart.add(frozenset(pair))
        planting.plant("fading pair", pair, "tie_strength:state", "fading")
    for here, there in revived:
        pair = (members[here][5].address, members[there][6].address)
        planting.ties += [
            Tie(*pair, 1.5, first, last - timedelta(days=240), answers=(0.9, 0.9)),
            Tie(*pair, 1.5, last - timedelta(days=40), last, answers=(0.9, 0.9)),
        ]
        planting.apart.add(frozenset(pair))
        planting.plant("reactivated pair", pair, "tie_strength:state", "reactivated")


def _introducer(
    planting: Planting,
    rng: random.Random,
    members: dict[str, list[Person]],
    crowd: list[str],
    first: date,
    last: date,
) -> None:
    """Every six weeks writes to two people who do not know each other; they go on without."""
    introducer = members["Support"][7].address
    for number in range(16):
        day = last - timedelta(days=30 + 42 * number)
        one, other = rng.sample(crowd, 2)
        if day < first:
            break
        planting.introductions.append((day, introducer, one, other))
        start, end = day + timedelta(days=3), day + timedelta(days=24)
        planting.ties.append(Tie(one, other, 1.6, start, end, answers=(0.9, 0.9)))
    planting.plant("introducer", (introducer,), "giving.introductions_made_count", "high")


def _needy(
    planting: Planting,
    rng: random.Random,
    members: dict[str, list[Person]],
    crowd: list[str],
    first: date,
    last: date,
) -> None:
    """Ten good contacts left alone for a year, then all called within seven weeks."""
    needy = members["Engineering"][6].address
    quiet = last - timedelta(days=420)
    for one in rng.sample(crowd, 10):
        planting.ties.append(Tie(needy, one, 0.8, first, quiet, answers=(0.9, 0.9)))
        crisis = last - timedelta(days=48)
        planting.ties.append(Tie(needy, one, 1.2, crisis, last, 0.97, (0.5, 0.85)))
    planting.loners.add(needy)
    planting.plant("calls only in need", (needy,), "tie_strength:reactivated_count", "high")


def _givers_and_takers(
    planting: Planting,
    rng: random.Random,
    members: dict[str, list[Person]],
    crowd: list[str],
    first: date,
    last: date,
) -> None:
    """Givers are asked and answer within hours; takers ask and leave questions open."""
    for department in ("Research", "Finance"):
        giver = members[department][7].address
        for one in rng.sample(crowd, 14):
            planting.ties.append(Tie(giver, one, 0.5, first, last, 0.08, (0.98, 0.6), (1.5, 8.0)))
        planting.plant("giver", (giver,), "giving.giving_share", "high")
    for department in ("Sales", "Logistics"):
        taker = members[department][4].address
        for one in rng.sample(crowd, 14):
            planting.ties.append(Tie(taker, one, 0.5, first, last, 0.92, (0.1, 0.9), (30.0, 5.0)))
        planting.plant("taker", (taker,), "giving.giving_share", "low")


def _decoys(
    planting: Planting,
    rng: random.Random,
    members: dict[str, list[Person]],
    crowd: list[str],
    population: Population,
    first: date,
    last: date,
) -> None:
    """People who look like one of the above and are not."""
    manager = next(one for one in population.staff if one.level == 2 and one.company == GOOGLE)
    reports = [
        one.address
        for one in population.staff
        if one.post(first).manager == manager.address and one.works(last)
    ]
    planting.ties += [Tie(manager.address, one, 1.5, first, last, start=0.95) for one in reports]
    planting.plant("decoy: manager who mails reports much", (manager.address,), "", "none")
    helper = members["Support"][5].address
    for one in rng.sample(crowd, 20):
        planting.ties.append(Tie(helper, one, 0.5, first, last, 0.05, (0.85, 0.6), (40.0, 6.0)))
    planting.plant("decoy: helper flooded with questions", (helper,), "", "none")
    away = members["Finance"][5].address
    planting.leave[away] = (last - timedelta(days=115), last - timedelta(days=45))
    planting.plant("decoy: on a long leave", (away,), "", "none")
