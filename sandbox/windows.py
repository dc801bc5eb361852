"""Sliding windows: how much was spent within the last seconds, and when there is room again.

Here: what one window holds.
Not here: whose it is, how much it may hold, what becomes of a request that is one too many
(google/meter.py, microsoft/throttling.py).
"""

from collections import deque


class Window:
    """Units spent within the last ``window_s`` seconds; ``most`` is what it ever held."""

    def __init__(self, window_s: float) -> None:
        """Begin empty."""
        self._window_s = window_s
        self._spent: deque[tuple[float, int]] = deque()
        self._sum = self.most = 0

    def holds(self, now_s: float) -> int:
        """What was spent lately."""
        while self._spent and self._spent[0][0] <= now_s - self._window_s:
            self._sum -= self._spent.popleft()[1]
        return self._sum

    def spend(self, units: int, now_s: float) -> int:
        """Add to it; what it now holds."""
        self._spent.append((now_s, units))
        self._sum += units
        held = self.holds(now_s)
        self.most = max(self.most, held)
        return held

    def free_at_s(self, units: int) -> float:
        """When the oldest ``units`` of what it holds, or all of it, will have left."""
        left_at_s = 0.0
        for spent_at_s, one in self._spent:
            if units <= 0:
                break
            units -= one
            left_at_s = spent_at_s + self._window_s
        return left_at_s
