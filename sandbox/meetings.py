"""The calendars of the village: recurring and single entries with what became of each occurrence.

Here: series, their occurrences, changes, answers. Not here: how a calendar file looks (files.py).
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sandbox.habits import Planting
from sandbox.people import SPLIT_FROM, SPLIT_INTO, ZONES, Person, Population

ACCEPTED, TENTATIVE, DECLINED = "ACCEPTED", "TENTATIVE", "DECLINED"


@dataclass(frozen=True)
class Change:
    """What became of one occurrence.

    kind      cancelled, moved or answered
    moved_to  new local start, for moved
    answers   address -> answer, where it differs from the series
    """

    kind: str
    moved_to: datetime | None = None
    answers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Entry:
    """One calendar entry, recurring where ``every_weeks`` is set.

    start      first start, local to ``zone``; for all-day entries midnight
    until      last day of the recurrence
    attendees  address -> answer
    kind       meeting, focus, away
    """

    uid: str
    organizer: str
    attendees: tuple[tuple[str, str], ...]
    start: datetime
    minutes: int
    zone: str
    every_weeks: int | None = None
    until: date | None = None
    room: str | None = None
    kind: str = "meeting"
    changes: dict[datetime, Change] = field(default_factory=dict)

    def starts(self) -> Iterator[datetime]:
        """Local starts of all occurrences, cancelled and moved ones where they were planned."""
        at = self.start
        yield at
        while self.every_weeks and self.until:
            at += timedelta(weeks=self.every_weeks)
            if at.date() > self.until:
                return
            yield at


def meet(
    population: Population, planting: Planting, seed: int, first: date, last: date
) -> list[Entry]:
    """Every calendar entry of the village, in order of its start."""
    entries = [
        *_team_meetings(population, planting, seed, first, last),
        *_department_meetings(population, planting, seed, first, last),
        *_all_hands(population, seed, first, last),
        *_small_meetings(population, planting, seed, first, last),
        *_own_time(population, planting, seed, first, last),
    ]
    return sorted(entries, key=lambda entry: (entry.start, entry.uid))


def _local(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute))


def _weekday(day: date, weekday: int) -> date:
    """The first such weekday on or after ``day``."""
    return day + timedelta(days=(weekday - day.weekday()) % 7)


def _team_meetings(
    population: Population, planting: Planting, seed: int, first: date, last: date
) -> Iterator[Entry]:
    """Each manager with the own reports every second week, anew after the reorganisation."""
    rng = random.Random(f"{seed}/teams")
    change = population.reorganised
    for since, until in ((first, change - timedelta(days=1)), (change, last)):
        teams: dict[str, list[Person]] = {}
        for person in population.staff:
            manager = person.post(since).manager
            if manager and person.works(since) and person.address not in planting.strangers:
                teams.setdefault(manager, []).append(person)
        for manager, team in teams.items():
            day = _weekday(since, rng.randint(0, 4))
            if day <= until:
                yield _series(rng, population, seed, manager, team, day, until, weeks=2, minutes=45)


def _department_meetings(
    population: Population, planting: Planting, seed: int, first: date, last: date
) -> Iterator[Entry]:
    """Whole departments of up to sixteen, every fourth week; those who stay away are not asked."""
    rng = random.Random(f"{seed}/departments")
    away = planting.strangers | planting.loners
    for company in ZONES:
        departments = {
            person.post(last).department for person in population.staff if person.company == company
        }
        for department in sorted(departments - {"Board", SPLIT_FROM, SPLIT_INTO}):
            group = [
                person
                for person in population.of(company, department, first)
                if person.address not in away and person.works(last)
            ][:16]
            if len(group) > 2:
                day = _weekday(first, rng.randint(0, 3))
                head, team = group[0].address, group[1:]
                yield _series(rng, population, seed, head, team, day, last, weeks=4, minutes=60)


def _series(
    rng: random.Random,
    population: Population,
    seed: int,
    organizer: str,
    team: list[Person],
    day: date,
    until: date,
    *,
    weeks: int,
    minutes: int,
) -> Entry:
    company = organizer.partition("@")[2]
    attendees = [(person.address, ACCEPTED) for person in team]
    entry = Entry(
        uid=f"series-{weeks}-{day:%Y%m%d}-{organizer.partition('@')[0]}-{seed}@{company}",
        organizer=organizer,
        attendees=tuple(attendees),
        start=_local(day, rng.randint(9, 15), rng.choice((0, 30))),
        minutes=minutes,
        zone=ZONES[company],
        every_weeks=weeks,
        until=until,
        room=rng.choice(population.rooms[company]),
    )
    for start in list(entry.starts())[1:]:
        roll = rng.random()
        if (start.month, start.day) >= (12, 22) or roll < 0.05:
            entry.changes[start] = Change("cancelled")
        elif roll < 0.1:
            moved = start + timedelta(days=1 if start.weekday() < 4 else -1, hours=1)
            entry.changes[start] = Change("moved", moved_to=moved)
        elif roll < 0.45:
            absent = rng.sample(attendees, min(len(attendees), rng.randint(1, 2)))
            answers = tuple((one, rng.choice((DECLINED, TENTATIVE))) for one, _ in absent)
            entry.changes[start] = Change("answered", answers=answers)
    return entry


def _all_hands(population: Population, seed: int, first: date, last: date) -> Iterator[Entry]:
    """Everybody of a company, every eighth week: too many to be contact."""
    for company, zone in ZONES.items():
        staff = [one for one in population.staff if one.company == company and not one.joined]
        yield Entry(
            uid=f"all-hands-{seed}@{company}",
            organizer=staff[0].address,
            attendees=tuple((one.address, ACCEPTED) for one in staff[1:]),
            start=_local(_weekday(first, 2), 16),
            minutes=60,
            zone=zone,
            every_weeks=8,
            until=last,
        )


def _small_meetings(
    population: Population, planting: Planting, seed: int, first: date, last: date
) -> Iterator[Entry]:
    """Two to four people, once: within departments, across them, across the companies."""
    rng = random.Random(f"{seed}/small")
    free = [
        person
        for person in population.staff
        if person.address not in planting.strangers | planting.loners
    ]
    day, number = first, 0
    while day <= last:
        for _ in range(4 if day.weekday() < 5 else 0):
            number += 1
            organizer = rng.choice([person for person in free if person.works(day)])
            near = population.of(organizer.company, organizer.post(day).department, day)
            near = [person for person in near if person in free and person is not organizer]
            pool = near if near and rng.random() < 0.8 else free
            others = rng.sample(pool, min(len(pool), rng.randint(1, 3)))
            answers = (ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED, TENTATIVE, DECLINED)
            entry = Entry(
                uid=f"meet-{number}-{seed}@{organizer.company}",
                organizer=organizer.address,
                attendees=tuple(
                    (one.address, rng.choice(answers)) for one in others if one is not organizer
                ),
                start=_local(day, rng.randint(9, 16), rng.choice((0, 15, 30))),
                minutes=rng.choice((30, 30, 45, 60)),
                zone=organizer.zone,
                room=rng.choice((None, *population.rooms[organizer.company])),
            )
            if rng.random() < 0.05:
                entry.changes[entry.start] = Change("cancelled")
            yield entry
        day += timedelta(days=1)


def _own_time(
    population: Population, planting: Planting, seed: int, first: date, last: date
) -> Iterator[Entry]:
    """Entries that are no meetings: leave as all-day entries, focus time."""
    rng = random.Random(f"{seed}/own")
    for person in population.staff:
        spans = [planting.leave[person.address]] if person.address in planting.leave else []
        for year in range(first.year, last.year + 1):
            start = date(year, rng.randint(2, 10), rng.randint(1, 28))
            spans.append((start, start + timedelta(days=4)))
        for place, (start, end) in enumerate(spans):
            if first <= start and end <= last:
                yield Entry(
                    uid=f"away-{place}-{person.address.partition('@')[0]}-{seed}@{person.company}",
                    organizer=person.address,
                    attendees=(),
                    start=_local(start, 0),
                    minutes=((end - start).days + 1) * 24 * 60,
                    zone=person.zone,
                    kind="away",
                )
        if rng.random() < 0.2:
            day = first + timedelta(days=rng.randint(0, (last - first).days))
            yield Entry(
                uid=f"focus-{person.address.partition('@')[0]}-{seed}@{person.company}",
                organizer=person.address,
                attendees=(),
                start=_local(day, 8),
                minutes=120,
                zone=person.zone,
                kind="focus",
            )


def utc(local: datetime, zone: str) -> datetime:
    """A local time with its zone, as an instant."""
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo("UTC"))
