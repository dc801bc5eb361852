"""How fast a provider may be asked, and what to do when it says later.

Here: token buckets per project and per mailbox, waiting, back-off, Retry-After.
Not here: which answer means later, and what a call costs (google, microsoft).

Every wait can be ended from outside: a pull that was asked to stop raises Stopped within a second,
however long the provider asked it to wait.
"""

import random
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from connectors.day_budget import DayBudget
from connectors.pages import PullProblem, Stopped

ATTEMPTS = 10  # with their pauses they outlast the minute for which a provider counts
LONGEST_PAUSE_S = 15 * 60  # a provider that asks for more is asked again by the next run
SAVED_S = 1.0  # what a bucket lets through at once after a rest
_FIRST_PAUSE_S, _SLOWEST_PAUSE_S = 0.5, 64.0
_NOTICE_S = 0.5  # how soon a stop is noticed where no clock waits

_SECONDS = re.compile(r"[0-9]{1,9}")  # str.isdigit also knows "²", which is no number
# What parsedate_to_datetime makes of words, months of 32 days, years and zones that overflow.
_DATE_ERRORS = (ValueError, OverflowError, IndexError, TypeError)

T = TypeVar("T")


class Clock:
    """Seconds that pass, and a pull that may be stopped while they do."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        """Watch ``stop``; without one, nothing stops a wait."""
        self._stop = stop or threading.Event()

    def now_s(self) -> float:
        """Seconds since some instant."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` pass. Raises Stopped."""
        if self._stop.wait(seconds):
            raise Stopped


class Later(Exception):
    """The provider did not serve a request and may serve it later.

    problem        what to tell a person if it never does
    retry_after_s  when to ask again; None where the provider does not say; seconds
    is_throttle    it was one request too many, not a defect
    """

    def __init__(
        self,
        problem: PullProblem,
        retry_after_s: float | None = None,
        *,
        is_throttle: bool = False,
    ) -> None:
        """Keep what the answer said."""
        super().__init__(problem.state)
        self.problem, self.retry_after_s, self.is_throttle = problem, retry_after_s, is_throttle


class Bucket:
    """A token bucket that refills evenly and can be paused.

    units_per_minute  how much may be spent in a minute; None for no limit
    saved_s           what comes in during so many seconds may be saved up
    minute_s          no so many seconds see more than a minute's units, however large each request
                      is; a little more than a minute, for requests do not arrive as they were sent
    """

    def __init__(
        self,
        units_per_minute: float | None,
        clock: Clock,
        *,
        saved_s: float = SAVED_S,
        minute_s: float | None = None,
    ) -> None:
        """Begin full."""
        self._per_minute = units_per_minute
        is_limited = units_per_minute is not None
        self._rate_per_s = units_per_minute / (minute_s or 60) if is_limited else None
        self._clock, self._saved_s, self._minute_s = clock, saved_s, minute_s
        self._lately: deque[tuple[float, float]] = deque()  # when, units
        self._lately_spent = 0.0
        self._lock = threading.Lock()
        self._free_at_s = self._paused_until_s = clock.now_s() - saved_s

    def take(self, units: float) -> None:
        """Spend ``units`` and wait until they are there. Raises Stopped."""
        with self._lock:
            start = now = self._clock.now_s()
            if self._rate_per_s is not None:
                # Nothing is saved up in a pause: those who waited for its end do not rush off.
                earliest = max(self._free_at_s, now - self._saved_s, self._paused_until_s)
                start = self._within_minute(earliest + units / self._rate_per_s, units)
                self._free_at_s = start
        self._clock.wait(max(start - now, 0.0))
        # A pause may begin, or grow, while others wait.
        while (left_s := self._pause_left_s()) > 0:
            self._clock.wait(left_s)

    def _within_minute(self, start: float, units: float) -> float:
        """When no minute that ends then is overdrawn by ``units`` more; not before ``start``."""
        if self._minute_s is None:
            return start
        lately = self._lately
        while lately and (
            lately[0][0] <= start - self._minute_s or self._lately_spent + units > self._per_minute
        ):
            at_s, spent = lately.popleft()
            self._lately_spent -= spent
            start = max(start, at_s + self._minute_s)
        lately.append((start, units))
        self._lately_spent += units
        return start

    def _pause_left_s(self) -> float:
        with self._lock:
            return self._paused_until_s - self._clock.now_s()

    def pause(self, seconds: float) -> None:
        """Let nothing be spent for a while."""
        with self._lock:
            self._paused_until_s = max(self._paused_until_s, self._clock.now_s() + seconds)


class Limits:
    """What one mailbox may spend: its own bucket, its share of the project's, calls at once."""

    def __init__(
        self,
        clock: Clock,
        project: Bucket,
        units_per_minute: float | None = None,
        at_once: int | None = None,
        day: DayBudget | None = None,
        minute_s: float | None = None,
    ) -> None:
        """A bucket of its own beside the project's bucket and day; ``at_once`` in flight.

        ``minute_s`` as in Bucket.
        """
        self._clock, self._project, self._day = clock, project, day
        self._mailbox = Bucket(units_per_minute, clock, minute_s=minute_s)
        self._in_flight = threading.BoundedSemaphore(at_once) if at_once else None

    def ask(self, call: Callable[[], T], units: float = 1) -> T:
        """The answer of ``call``, which raises Later where it is to be asked again.

        A throttled or failed attempt costs its units too. The next one comes after what the
        provider asks for or after a back-off that doubles, whichever is longer. Raises the
        PullProblem of the last Later after ATTEMPTS, or at once where the provider asks to wait
        longer than LONGEST_PAUSE_S, and that of a day that is spent; whatever else ``call`` raises
        passes through. Raises Stopped.
        """
        for attempt in range(ATTEMPTS):
            with self._slot():
                # With the slot in hand: a pause that the call before it brought on is seen.
                if self._day is not None:
                    self._day.take(units)
                self._mailbox.take(units)
                self._project.take(units)
                try:
                    return call()
                except Later as later:
                    asked_s = later.retry_after_s or 0.0
                    if attempt + 1 == ATTEMPTS or asked_s > LONGEST_PAUSE_S:
                        raise later.problem from later
                    slowest_s = min(_FIRST_PAUSE_S * 2**attempt, _SLOWEST_PAUSE_S)
                    self._mailbox.pause(max(asked_s, slowest_s * (0.5 + random.random() / 2)))
        raise AssertionError("the last attempt returns or raises")

    def see(self, at: datetime) -> None:
        """Take note of the date of an answer."""
        if self._day is not None:
            self._day.see(at)

    @contextmanager
    def _slot(self) -> Iterator[None]:
        """One of the ``at_once`` requests in flight. Raises Stopped."""
        if self._in_flight is None:
            yield
            return
        while not self._in_flight.acquire(timeout=_NOTICE_S):
            self._clock.wait(0)
        try:
            yield
        finally:
            self._in_flight.release()


def retry_after_s(value: str | None, answered_at: datetime) -> float | None:
    """Retry-After in seconds or as a date -> seconds; None where it is missing or is neither."""
    if value is None:
        return None
    if _SECONDS.fullmatch(value.strip()):
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        return max((until.replace(tzinfo=until.tzinfo or UTC) - answered_at).total_seconds(), 0.0)
    except _DATE_ERRORS:
        return None


def answered_at(date: str | None) -> datetime:
    """The Date header of an answer; UTC. Raises ValueError for a missing or unreadable one."""
    if date is None:
        raise ValueError("an answer without a Date header")
    try:
        at = parsedate_to_datetime(date)
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except _DATE_ERRORS:
        raise ValueError("an answer with an unreadable Date header") from None
