"""Who lives in the village: two companies, the outsiders they know, robots, lists and rooms.

Here: people with addresses, departments, managers, levels and dates. Nobody exists: given and
family names are put together from invented stock, domains end in .example.
Not here: what they do (life.py, meetings.py) and who has which habit (habits.py).
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

GOOGLE, MICROSOFT = "lindenhof.example", "moorgate.example"
SECOND_DOMAIN = {GOOGLE: "lindenhof-labs.example", MICROSOFT: "moorgate-group.example"}
ZONES = {GOOGLE: "Europe/Berlin", MICROSOFT: "America/New_York"}
DEPARTMENTS = {
    GOOGLE: {"Research": 18, "Sales": 16, "Operations": 15, "Support": 14, "Legal": 6},
    MICROSOFT: {"Engineering": 17, "Design": 13, "Finance": 13, "Logistics": 12, "Hiring": 5},
}
# The reorganisation: half of Operations becomes Delivery, with another manager, on one day.
SPLIT_FROM, SPLIT_INTO = "Operations", "Delivery"
ORGANISATIONS = (
    "brightwater seldom-grain tarnfield oxbowpress cinderlane hollybrook marrowstone "
    "quillworks farthingale stonepier willowgate amberfold"
).split()
FREEMAIL = ("gmail.com", "outlook.com", "gmx.net", "yahoo.com")

_GIVEN = (
    "Alma Brisa Corwin Dagny Elric Fenna Galen Hesper Ivo Jorunn Kelda Lorin Maren Nadir "
    "Ottoline Perrin Quilla Rosmund Sorrel Tamsin Ulric Verity Wendel Xanthe Yorick Zelma "
    "Anselm Bettina Caspian Delphine"
).split()
_FAMILY = (
    "Ashgrove Birkenau Calloway Dunmere Eldwick Fallowfield Greystoke Harrowgate Inglebert "
    "Jessamy Kestrelby Lockhaven Müllerin Northolt Ørsted-Vale Pemberwick Quarrington "
    "Ravensmoor Stillwater Thornbury Underhill Vantongeren Wetherby Yarrowdale Zwanenburg"
).split()
_CHIEF, _HEAD, _LEAD, _MEMBER = 1, 2, 3, 4
# Places in a company of ordinary members whose addresses look like a machine's.
_BOUNCED, _VERSIONED = 15, 12


@dataclass(frozen=True)
class Post:
    """Where somebody works from a day on."""

    since: date
    department: str
    manager: str | None


@dataclass(frozen=True)
class Person:
    """One inhabitant or correspondent.

    address  primary; ``aliases`` are further addresses of the same person
    company  domain of the own company, None outside
    posts    dated, oldest first; empty outside
    level    1 chief, 2 head, 3 lead, 4 member; None outside
    joined, left  first and last day; None for from the beginning and to the end
    """

    address: str
    name: str
    company: str | None = None
    aliases: tuple[str, ...] = ()
    posts: tuple[Post, ...] = ()
    level: int | None = None
    zone: str = "Europe/Berlin"
    joined: date | None = None
    left: date | None = None

    def post(self, day: date) -> Post:
        """The post held on ``day``; before the first one, the first."""
        return [post for post in self.posts if post.since <= day or post is self.posts[0]][-1]

    def works(self, day: date) -> bool:
        """Whether the person is employed on ``day``."""
        return (not self.joined or self.joined <= day) and (not self.left or day <= self.left)


@dataclass(frozen=True)
class Population:
    """Everybody, by what they are. ``staff`` have mailboxes; the others are only written to.

    reorganised  the day on which posts change
    oddities     outsiders who are easily taken for machines, and know few; see oddities.py
    """

    reorganised: date
    staff: tuple[Person, ...]
    outsiders: tuple[Person, ...]
    oddities: tuple[Person, ...] = ()
    rooms: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def everybody(self) -> tuple[Person, ...]:
        """All people."""
        return (*self.staff, *self.outsiders, *self.oddities)

    def of(self, company: str, department: str, day: date) -> list[Person]:
        """Who works in a department on a day."""
        return [
            person
            for person in self.staff
            if person.company == company
            and person.works(day)
            and person.post(day).department == department
        ]


def populate(seed: int, first: date, last: date) -> Population:
    """The people of one village, the same for the same seed."""
    rng = random.Random(f"{seed}/people")
    names = [f"{given} {family}" for family in _FAMILY for given in _GIVEN]
    rng.shuffle(names)
    take = iter(names)
    middle = first + (last - first) / 2
    reorganised = max(middle.replace(day=1), first + timedelta(days=1))
    staff = [
        person
        for company in DEPARTMENTS
        for person in _company(rng, company, take, first, last, reorganised)
    ]
    outsiders = [
        Person(f"{_local(name)}@{organisation}.example", name)
        for organisation in ORGANISATIONS
        for name in (next(take) for _ in range(rng.randint(3, 7)))
    ]
    outsiders += [
        Person(f"{_local(name)}.village@{rng.choice(FREEMAIL)}", name)
        for name in (next(take) for _ in range(14))
    ]
    rooms = {
        company: tuple(f"room-{name}@{company}" for name in ("oak", "elm", "ash"))
        for company in DEPARTMENTS
    }
    absent, clerk, poster = (next(take) for _ in range(3))
    oddities = (
        Person(f"{_local(absent)}@hollybrook.example", absent),
        Person("info@amberfold.example", clerk),
        Person(f"{_local(poster)}.village@{FREEMAIL[2]}", poster),
    )
    return Population(reorganised, tuple(staff), tuple(outsiders), oddities, rooms)


def _company(
    rng: random.Random,
    company: str,
    names: Iterator[str],
    first: date,
    last: date,
    reorganised: date,
) -> list[Person]:
    zone = ZONES[company]
    chief = _employee(next(names), company, zone, [Post(first, "Board", None)], _CHIEF)
    people = [chief]
    for department, size in DEPARTMENTS[company].items():
        group: list[Person] = []
        for place in range(size):
            if place == 0:
                level, manager = _HEAD, chief.address
            elif place <= size // 6:
                level, manager = _LEAD, group[0].address
            else:
                leads = [one for one in group if one.level == _LEAD] or group[:1]
                level, manager = _MEMBER, leads[place % len(leads)].address
            posts = [Post(first, department, manager)]
            group.append(_employee(next(names), company, zone, posts, level))
        if department == SPLIT_FROM:
            group = _split(group, reorganised)
        people += _come_and_go(rng, group, first, last)
    second = SECOND_DOMAIN[company]
    # A fifth also writes from a second address of the company.
    people = [
        replace(one, aliases=(f"{_local(one.name)}@{second}",)) if number % 5 == 2 else one
        for number, one in enumerate(people)
    ]
    # One main and one second address have the form of a machine's.
    bounced, versioned = people[_BOUNCED], people[_VERSIONED]
    people[_BOUNCED] = replace(bounced, address=f"bounce.{_family(bounced)}@{company}")
    people[_VERSIONED] = replace(versioned, aliases=(f"git.{_family(versioned)}@{second}",))
    return people


def _employee(name: str, company: str, zone: str, posts: list[Post], level: int) -> Person:
    address = f"{_local(name)}@{company}"
    return Person(address, name, company, posts=tuple(posts), level=level, zone=zone)


def _split(group: list[Person], day: date) -> list[Person]:
    """The reorganisation: the second half moves, under the first who moves."""
    moving = group[len(group) // 2 :]
    head = moving[0]
    moved = []
    for person in group:
        if person in moving:
            manager = group[0].posts[0].manager if person is head else head.address
            post = Post(day, SPLIT_INTO, manager)
            person = replace(person, posts=(*person.posts, post))
        moved.append(person)
    return moved


def _come_and_go(rng: random.Random, group: list[Person], first: date, last: date) -> list[Person]:
    """In each large department the last one joins late and the one before leaves early."""
    if len(group) < 12 or (last - first).days < 400:
        return group
    third = (last - first) / 3
    joined = first + third + third * rng.random() / 2
    left = first + 2 * third + third * rng.random() / 2
    return [
        *group[:-2],
        replace(group[-2], left=left),
        replace(group[-1], joined=joined),
    ]


def _family(person: Person) -> str:
    return _local(person.name).rpartition(".")[2]


def _local(name: str) -> str:
    """ann.example of Ann Example, in ASCII."""
    plain = name.lower().replace("ü", "ue").replace("ø", "o")
    return plain.replace(" ", ".")
