"""Graph's limits, held where that is asked for: what is too much is refused.

Here: whose windows there are, what a request costs, when to come back.
Not here: how a window slides (windows.py), refusals drawn as faults (faults.py).

A refused request counts like any other: who goes on hammering stays shut out.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.exchange import Request
from sandbox.microsoft.refusal import Refusal
from sandbox.windows import Window

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
    """What was asked for lately, by whom it counts for.

    served, refused  units since the beginning
    fullest          units of a window, of those that are allowed in it: the most there ever was
    """

    limits: GraphLimits = field(default_factory=GraphLimits)
    served: int = 0
    refused: int = 0
    fullest: float = 0.0
    _windows: dict[tuple[str, float], Window] = field(default_factory=dict)

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
        now_s = self.limits.now_s()
        window = self._windows.setdefault((whose, window_s), Window(window_s))
        held = window.spend(units, now_s)
        self.fullest = max(self.fullest, held / most)
        if held > most:
            wait_s = math.ceil(window.free_at_s(held - most + units) - now_s)
            message = "Application is over its limit of requests for this resource."
            headers = {"Retry-After": str(max(wait_s, 1))}
            raise Refusal(429, "ApplicationThrottled", message, headers)


def cost(request: Request) -> int:
    """Resource units of a request for users."""
    names = {name.lower(): values[-1] for name, values in request.query.items()}
    top = names.get("$top", "")
    is_short = top.isdigit() and int(top) < _FEW
    return max(2 - ("$select" in names) + ("$expand" in names) - is_short, 1)
