"""Gmail's quota, held where that is asked for: what is too much within a minute is refused.

Here: the minutes of the project and of each mailbox, and what they have seen at most.
Not here: how a minute slides (windows.py), what a method costs (vendor.py), refusals drawn as
faults (faults.py).

What is refused costs nothing. Google may count whole minutes; minutes that slide are stricter.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.google import refusal
from sandbox.windows import Window


@dataclass
class Meter:
    """How much Gmail serves; None is no limit.

    project_units, mailbox_units  within any minute
    minute_s                      how long a minute lasts; seconds of the machine
    spent, refused                units served and units refused so far
    """

    project_units: int | None = None
    mailbox_units: int | None = None
    minute_s: float = 60
    now_s: Callable[[], float] = time.monotonic
    spent: int = 0
    refused: int = 0
    _windows: dict[str | None, Window] = field(default_factory=dict)

    def take(self, mailbox: str, units: int) -> None:
        """Count a call. Raises Refusal (403) where it is one too many."""
        if self.project_units is None and self.mailbox_units is None:
            return
        now_s = self.now_s()
        own, whole = self._window(mailbox), self._window(None)
        for window, most in ((own, self.mailbox_units), (whole, self.project_units)):
            if most is not None and window.holds(now_s) + units > most:
                self.refused += units
                raise refusal.quota_exceeded()
        own.spend(units, now_s)
        whole.spend(units, now_s)
        self.spent += units

    def _window(self, whose: str | None) -> Window:
        return self._windows.setdefault(whose, Window(self.minute_s))

    def told(self) -> dict[str, int]:
        """What was served and refused, and the fullest minute of the project and of a mailbox."""
        of_project = self._window(None).most
        of_mailboxes = (one.most for whose, one in self._windows.items() if whose is not None)
        return {
            "spent": self.spent,
            "refused": self.refused,
            "most_of_project": of_project,
            "most_of_mailbox": max(of_mailboxes, default=0),
        }
