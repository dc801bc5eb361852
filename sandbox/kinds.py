"""The truth about addresses: what each one that occurs in the village is.

Here: person, robot, list, room or group, told from who made it and not from how it looks.
Not here: who writes what (life.py, oddities.py).
"""

from collections.abc import Iterable, Iterator

from sandbox.life import BUILDS, CASES, LISTS, NEWSLETTERS, Letter
from sandbox.meetings import Entry
from sandbox.oddities import COMMENTS, ODD_LISTS, ROBOTS, SENDER_LIST, owner_address
from sandbox.people import GOOGLE, MICROSOFT, Population

PERSON, ROBOT, LIST, ROOM, GROUP = KINDS = ("person", "robot", "list", "room", "group")


def kinds(
    population: Population, letters: Iterable[Letter], entries: Iterable[Entry]
) -> dict[str, str]:
    """Kind of every address that a letter or an entry names. Raises KeyError for a stray one."""
    known = dict.fromkeys((*LISTS, *ODD_LISTS), LIST)
    robots = (*NEWSLETTERS, BUILDS, CASES, *ROBOTS, owner_address(SENDER_LIST))
    known |= dict.fromkeys(robots, ROBOT)
    known |= {room: ROOM for rooms in population.rooms.values() for room in rooms}
    known |= {f"all@{company}": GROUP for company in (GOOGLE, MICROSOFT)}
    for person in population.everybody:
        known |= dict.fromkeys((person.address, *person.aliases), PERSON)
    found = dict.fromkeys(sorted({*_written(letters), *_met(entries)}), "")
    return {address: ROBOT if _answers(address) else known[address] for address in found}


def _answers(address: str) -> bool:
    """Whether it is one of the addresses that take the answer to one comment."""
    local, _, host = address.partition("@")
    return local.startswith("reply+") and host == COMMENTS.partition("@")[2]


def _written(letters: Iterable[Letter]) -> Iterator[str]:
    for letter in letters:
        yield letter.author
        yield from (*letter.to, *letter.cc, *letter.bcc, *letter.reply_to)
        if letter.sender:
            yield letter.sender


def _met(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        if entry.attendees or entry.room:
            yield entry.organizer
        yield from (address for address, _ in entry.attendees)
        if entry.room:
            yield entry.room
