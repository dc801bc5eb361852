"""A clock that does not let anybody wait: time passes at once, and is written down."""

import threading

from connectors.pages import Stopped
from connectors.quota import Clock


class VirtualClock(Clock):
    """Seconds since the test began; ``waits`` are all that were asked for, but none of 0."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        super().__init__(stop)
        self.stop = stop or threading.Event()
        self.seconds = 0.0
        self.waits: list[float] = []
        self.lock = threading.Lock()

    def now_s(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        if self.stop.is_set():
            raise Stopped
        with self.lock:
            self.seconds += seconds
            if seconds:
                self.waits.append(seconds)
