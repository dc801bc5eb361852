"""What a project may spend in a day, kept over several pulls of that day.

Here: counting, the provider's days, what is written down between pulls.
Not here: the pace within a minute (quota.py), where it is written (pipelines/pull.py).
"""

import json
import threading
from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from connectors.pages import PullProblem

STREAM = "quota"  # names the row among the cursors of an account


class DayBudget:
    """Units of one day. May be used by several threads.

    Which day it is, only the provider's answers tell: until the first of them everything may be
    spent, which is one request.
    """

    def __init__(self, units: float, zone: ZoneInfo, problem: Callable[[], PullProblem]) -> None:
        """``units`` from midnight to midnight in ``zone``; ``problem`` says that they are spent."""
        self._units, self._zone, self._problem = units, zone, problem
        self._day: date | None = None  # as the answers of this pull say
        self._counted: date | None = None  # the one that ``_spent`` belongs to
        self._spent = 0.0
        self._lock = threading.Lock()

    def resume(self, written: str | None) -> None:
        """Go on where an earlier pull ended; ``written`` as it was given by ``written``."""
        if written is not None:
            values = json.loads(written)
            self._counted, self._spent = date.fromisoformat(values["day"]), values["units"]

    @property
    def written(self) -> str | None:
        """Day and units as text; None before the first answer."""
        with self._lock:
            if self._day is None:
                return None
            return json.dumps({"day": self._day.isoformat(), "units": self._spent})

    def take(self, units: float) -> None:
        """Spend ``units``; raise the problem where today has less than that."""
        with self._lock:
            if self._day is not None and self._spent + units > self._units:
                raise self._problem()
            self._spent += units

    def see(self, at: datetime) -> None:
        """Take note of the date of an answer; with a new day everything is there again."""
        today = at.astimezone(self._zone).date()
        with self._lock:
            if self._day is None or today > self._day:
                self._day = today
                if self._counted is not None and today > self._counted:
                    self._spent = 0.0
                self._counted = today
