"""Graph's limits, held where that is asked for: what is too much is refused.

Here: sliding windows, what a request costs, when to come back.
Not here: refusals drawn as faults (faults.py).

A refused request counts like any other: who goes on hammering stays shut out.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.exchange import Request
from sandbox.microsoft.refusal import Refusal

_FEW = 20  # users on a page that is charged less


@dataclass
class GraphLimits:
    """How much Graph serves; None is no limit. A test or the control endpoint may change it.

    mailbox_requests  of one mailbox in ``mailbox_window_s``
    mailbox_at_once   of one mailbox that are not answered yet
    all_requests      of all mailboxes in ``window_s``
    directory_units   for users in ``window_s``
    now_s             the time that passes while requests come
    """

    mailbox_requests: int | None = None
    mailbox_window_s: float = 600
    mailbox_at_once: int | None = None
    all_requests: int | None = None
    directory_units: int | None = None
    window_s: float = 10
    now_s: Callable[[], float] = time.monotonic


@dataclass
class Throttle:
    """What was asked for lately: (second, units) of each request, by whom it counts for.

    served, refused  units since the beginning
    fullest          units of a window, of those that are allowed in it: the most there ever was
    """

    limits: GraphLimits = field(default_factory=GraphLimits)
    served: int = 0
    refused: int = 0
    fullest: float = 0.0
    _spent: dict[str, deque[tuple[float, int]]] = field(default_factory=dict)

    def told(self) -> dict[str, float]:
        """What was served and refused so far, and how full a window was at most."""
        return {"served": self.served, "refused": self.refused, "fullest": self.fullest}

    def take(self, mailbox: str | None, units: int, at_once: int) -> None:
        """Count a request; without a ``mailbox`` it is for the directory. Raises Refusal, 429."""
        try:
            self._check(mailbox, units, at_once)
        except Refusal:
            self.refused += units
            raise
        self.served += units

    def _check(self, mailbox: str | None, units: int, at_once: int) -> None:
        limits = self.limits
        if mailbox is None:
            self._take("directory", units, limits.directory_units, limits.window_s)
        else:
            if limits.mailbox_at_once is not None and at_once > limits.mailbox_at_once:
                message = "Application is over its MailboxConcurrency limit."
                raise Refusal(429, "ApplicationThrottled", message, {"Retry-After": "1"})
            self._take(mailbox, units, limits.mailbox_requests, limits.mailbox_window_s)
            self._take("all mailboxes", units, limits.all_requests, limits.window_s)

    def _take(self, whose: str, units: int, most: int | None, window_s: float) -> None:
        if most is None:
            return
        now_s, spent = self.limits.now_s(), self._spent.setdefault(whose, deque())
        while spent and spent[0][0] <= now_s - window_s:
            spent.popleft()
        spent.append((now_s, units))
        total = sum(one for _, one in spent)
        self.fullest = max(self.fullest, total / most)
        over = total - most
        if over > 0:
            wait_s = math.ceil(_freed_at_s(spent, over + units) + window_s - now_s)
            message = "Application is over its limit of requests for this resource."
            headers = {"Retry-After": str(max(wait_s, 1))}
            raise Refusal(429, "ApplicationThrottled", message, headers)


def _freed_at_s(spent: deque[tuple[float, int]], units: int) -> float:
    """When the last of the oldest ``units`` was spent."""
    for at_s, one in spent:
        units -= one
        if units <= 0:
            return at_s
    return spent[-1][0]


def cost(request: Request) -> int:
    """Resource units of a request for users."""
    names = {name.lower(): values[-1] for name, values in request.query.items()}
    top = names.get("$top", "")
    is_short = top.isdigit() and int(top) < _FEW
    return max(2 - ("$select" in names) + ("$expand" in names) - is_short, 1)
