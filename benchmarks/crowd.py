"""``python -m benchmarks.crowd``: a company of equal mailboxes, served in a process of its own.

Here: as many people and letters as are asked for, made without the village's life.
Not here: what is measured on them (pulling.py).
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property

from sandbox.life import Letter
from sandbox.meetings import Entry
from sandbox.people import GOOGLE, MICROSOFT, Person, Population, Post
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World

FRIENDS = 40  # correspondents of each mailbox
_EVERY = timedelta(minutes=20)


@dataclass(frozen=True)
class Crowd(Village):
    """``mailboxes`` people at one company, each with as many letters to and from outside."""

    company: str = GOOGLE
    mailboxes: int = 1
    letters_each: int = 0
    in_a_thread: int = 3

    @cached_property
    def population(self) -> Population:
        """The staff, and nobody else by name."""
        post = Post(self.first, "Crowd", None)
        staff = [
            Person(
                f"person{n:05}@{self.company}", f"Person {n}", self.company, posts=(post,), level=4
            )
            for n in range(self.mailboxes)
        ]
        others = [one for one in (GOOGLE, MICROSOFT) if one != self.company]
        staff += [Person(f"admin@{one}", "Admin", one, posts=(post,), level=1) for one in others]
        rooms = dict.fromkeys((GOOGLE, MICROSOFT), ())
        return Population(self.first, tuple(staff), (), rooms=rooms)

    @cached_property
    def letters(self) -> tuple[Letter, ...]:
        """Newest last, mailbox by mailbox in turns."""
        return tuple(self._letters())

    def _letters(self) -> Iterator[Letter]:
        last = datetime.combine(self.last, time(12), UTC)
        people = [one.address for one in self.staff if one.company == self.company]
        for n in range(self.letters_each):
            at = last - _EVERY * (self.letters_each - n)
            place, first = n % self.in_a_thread, n - n % self.in_a_thread
            for own in people:
                friend = f"friend{n // self.in_a_thread % FRIENDS}@elsewhere.example"
                author, to = (own, friend) if place == 1 else (friend, own)
                yield Letter(
                    f"{n}.{own}",
                    at,
                    author,
                    (to,),
                    (own,),
                    references=(f"{first}.{own}",) if place else (),
                )

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """No meetings."""
        return ()


def main() -> None:
    """Serve until standard input closes; one JSON line says where and who."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crowd", description=main.__doc__)
    parser.add_argument("--company", default=GOOGLE, choices=[GOOGLE, MICROSOFT])
    parser.add_argument("--mailboxes", type=int, required=True)
    parser.add_argument("--letters", type=int, required=True, help="of each mailbox")
    parser.add_argument("--in-a-thread", type=int, default=3, help="letters")
    given = parser.parse_args()
    crowd = Crowd(
        company=given.company,
        mailboxes=given.mailboxes,
        letters_each=given.letters,
        in_a_thread=given.in_a_thread,
    )
    world = World(crowd)
    with Sandbox(world) as sandbox:
        google = given.company == GOOGLE
        where = {
            "url": sandbox.google_url if google else sandbox.microsoft_url,
            "key": world.google_key_file() if google else world.microsoft_key_file(),
            "admin": world.admin(given.company),
            "people": [one.address for one in crowd.staff if one.company == given.company],
        }
        print(json.dumps(where), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
