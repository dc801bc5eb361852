"""What Google lets a project and a mailbox ask in a minute, and what each request costs.

Here: the two tables that Google has published, and none for a stand-in on this machine.
Not here: keeping to them (connectors/quota.py).

Since May 2026 a new project pays four times as much for a message as before; projects that used
the Gmail API in the half year before keep the earlier table for a while. A day of quotas begins at
midnight in California.
"""

import math
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

DAYS = ZoneInfo("America/Los_Angeles")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """Limits and costs.

    gmail_*_units_per_minute        of the whole project and of one mailbox; None for no limit
    gmail_project_units_per_day     of the whole project; what is beyond may come to cost money
    calendar_*_requests_per_minute  likewise; every request to Calendar costs one
    *_units                         what messages.get, threads.get, messages.list, history.list and
                                    getProfile cost, in a batch as much as alone; units
    batch_parts                     messages or threads in one request, 1 to 50: Google serves the
                                    parts at once and refuses what is too many at a time
    """

    gmail_project_units_per_minute: float | None
    gmail_mailbox_units_per_minute: float | None
    gmail_project_units_per_day: float | None
    calendar_project_requests_per_minute: float | None
    calendar_mailbox_requests_per_minute: float | None
    message_units: int
    thread_units: int
    list_units: int = 5
    history_units: int = 2
    profile_units: int = 1
    batch_parts: int = 25

    @property
    def batch_units(self) -> float:
        """What one batch may cost: two seconds of its mailbox's units.

        Large batches fit badly into a minute that may not be overdrawn, and leave some of it over.
        """
        per_minute = self.gmail_mailbox_units_per_minute
        return math.inf if per_minute is None else per_minute / 30

    def __post_init__(self) -> None:
        """Raise ValueError for a batch that Google advises against or that holds nothing."""
        if not 1 <= self.batch_parts <= 50:
            raise ValueError("batch_parts is from 1 to 50")


CURRENT = Quota(
    gmail_project_units_per_minute=1_200_000,
    gmail_mailbox_units_per_minute=6_000,
    gmail_project_units_per_day=80_000_000,
    calendar_project_requests_per_minute=10_000,
    calendar_mailbox_requests_per_minute=600,
    message_units=20,
    thread_units=40,
)
EARLIER = replace(
    CURRENT,
    gmail_mailbox_units_per_minute=15_000,
    gmail_project_units_per_day=None,
    message_units=5,
    thread_units=10,
)
UNLIMITED = replace(
    CURRENT,
    gmail_project_units_per_minute=None,
    gmail_mailbox_units_per_minute=None,
    gmail_project_units_per_day=None,
    calendar_project_requests_per_minute=None,
    calendar_mailbox_requests_per_minute=None,
)
