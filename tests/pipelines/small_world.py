"""Two mailboxes of one provider, as they are on a day and after a busy afternoon.

Here: the world, its accounts, what changes in it. Not here: pulling it (killing.py).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.diaries import Occurrence
from sandbox.exchange import Vendor
from sandbox.life import Letter
from sandbox.people import GOOGLE, MICROSOFT
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World
from tests.pipelines import killing

MORNING = datetime(2026, 6, 24, 8, tzinfo=UTC)
COMPANY = {"google": GOOGLE, "microsoft": MICROSOFT}


@dataclass
class SmallWorld:
    """One provider's part of a small village."""

    provider: str
    sandbox: Sandbox
    people: Sequence[str]

    @property
    def vendor(self) -> Vendor:
        """The provider's half of the sandbox."""
        return getattr(self.sandbox, self.provider)

    @property
    def settings(self) -> dict[str, Any]:
        google, microsoft = self.sandbox.google_url, self.sandbox.microsoft_url
        # A mailbox at Microsoft takes three times the requests: one is enough.
        read = self.people if self.provider == "google" else self.people[:1]
        return {
            "first_month": f"{self.sandbox.world.village.first:%Y-%m}",
            "secrets": "plaintext",  # the sandbox's keys are none
            "pull": {"include": list(read), "mailboxes_at_once": 1},
            "google": {
                "gmail_endpoint": google,
                "calendar_endpoint": f"{google}/calendar/v3/",
                "directory_endpoint": google,
                "token_endpoint": f"{google}/token",
                "iam_endpoint": google,
                "quota": "unlimited",
            },
            "microsoft": {
                "graph_endpoint": microsoft,
                "login_endpoint": microsoft,
                "quota": "unlimited",
            },
        }

    def prepare(self, folder: Path) -> Path:
        world = self.sandbox.world
        keys = {
            "google": ("google", world.google_key_file(), world.admin(GOOGLE)),
            "microsoft": ("microsoft", world.microsoft_key_file(), None),
        }
        account = {f"{self.provider}-village": keys[self.provider]}
        killing.prepare(folder, account, **self.settings)
        return folder

    def live(self) -> None:
        """A busy afternoon: of everything that can happen to mail and meetings, something."""
        world, (one, other) = self.sandbox.world, self.people
        first, second, third = upcoming(world, one)[:3]
        world.advance(world.now + timedelta(hours=6))
        copies = [copy.number for copy in world.boxes[one].copies()]
        world.delete(one, copies[0])
        world.move(one, copies[1], "archive")
        world.move(one, copies[2], "trash")
        world.move(one, copies[3], "Plans")
        world.read(one, copies[4])
        world.draft(other)
        world.deliver(
            Letter(
                message_id="late-1@village.example",
                sent_at=world.now,
                author=one,
                to=(other,),
                holders=(one, other),
            )
        )
        world.cancel(first.entry.uid, first.original_start)
        moved = second.start + timedelta(hours=2)
        world.reschedule(second.entry.uid, second.original_start, moved)
        world.answer(third.entry.uid, third.original_start, one, "DECLINED")
        world.advance(world.now + timedelta(minutes=5))


def upcoming(world: World, address: str) -> list[Occurrence]:
    """Meetings with others that lie more than half a day ahead."""
    return [
        found
        for found in world.calendars[address].occurrences()
        if found.status == "confirmed"
        and found.start > world.now + timedelta(hours=12)
        and len(found.answers) > 1
    ]


@contextmanager
def small_world(provider: str, village: Village) -> Iterator[SmallWorld]:
    """The world on that morning, served; time moves only in ``live``."""
    world = World(village, MORNING)
    inside = [one.address for one in village.staff if one.company == COMPANY[provider]]
    # Small mailboxes, so that there are few places to be killed at, but with something ahead.
    busy = [one for one in inside if len(upcoming(world, one)) >= 3]
    people = sorted(busy, key=lambda one: (len(world.boxes[one].copies()), one))[:2]
    with Sandbox(world) as sandbox:
        yield SmallWorld(provider, sandbox, people)
