"""The village: one seeded, invented world and the truth about it.

Here: putting people, habits, letters and meetings together.
Not here: each of them (people.py, habits.py, life.py, meetings.py), files (files.py).
"""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from heapq import merge

from sandbox.habits import Habit, Planting, plant
from sandbox.kinds import kinds
from sandbox.life import Letter, in_order, live
from sandbox.meetings import Entry, meet
from sandbox.oddities import odd_letters
from sandbox.people import GOOGLE, MICROSOFT, SECOND_DOMAIN, Person, Population, populate

LAST = date(2026, 6, 30)


@dataclass(frozen=True)
class Village:
    """Two companies over ``months`` whole months that end with June 2026.

    The same seed and months give the same world on any machine, in any process.
    """

    seed: int = 1
    months: int = 24

    @property
    def first(self) -> date:
        """First day."""
        whole = LAST.year * 12 + LAST.month - self.months
        return date(whole // 12, whole % 12 + 1, 1)

    @property
    def last(self) -> date:
        """Last day."""
        return LAST

    @cached_property
    def population(self) -> Population:
        """Everybody."""
        return populate(self.seed, self.first, self.last)

    @cached_property
    def _planting(self) -> Planting:
        return plant(self.population, self.seed, self.first, self.last)

    @cached_property
    def letters(self) -> tuple[Letter, ...]:
        """Every logical message, in order of time."""
        world = (self.population, self._planting, self.seed, self.first, self.last)
        return tuple(merge(live(*world), odd_letters(*world), key=in_order))

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Every calendar entry, in order of its start."""
        return tuple(meet(self.population, self._planting, self.seed, self.first, self.last))

    @property
    def truth(self) -> tuple[Habit, ...]:
        """The planted habits."""
        return tuple(self._planting.habits)

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Every address that a letter or an entry names -> person, robot, list, room or group."""
        return kinds(self.population, self.letters, self.entries)

    @property
    def owners(self) -> dict[str, str]:
        """Every further address of a person -> their main one."""
        return {alias: one.address for one in self.staff for alias in one.aliases}

    @property
    def staff(self) -> tuple[Person, ...]:
        """The people who have a mailbox."""
        return self.population.staff

    @property
    def own_domains(self) -> tuple[str, ...]:
        """Domains of the two companies."""
        return (GOOGLE, MICROSOFT, *SECOND_DOMAIN.values())
