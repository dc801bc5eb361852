"""How far a pull is: counted by many threads, shown by one.

Here: mailboxes, messages, rate and remaining time. Not here: drawing them (terminal.py).
"""

import threading
import time
from collections.abc import Callable

from connectors.pages import Page
from connectors.records import Message


class Progress:
    """Counts of one pull.

    mailbox_count  mailboxes that are read; mailboxes_done of them have ended
    message_count  messages stored in this pull
    """

    def __init__(self, tell: Callable[["Progress"], None]) -> None:
        """``tell`` is called after every change, one call at a time."""
        self._tell = tell
        self._lock = threading.Lock()
        self._started_s = time.monotonic()
        self._totals: dict[str, int] = {}
        self.mailbox_count = self.mailboxes_done = self.message_count = 0

    def expect(self, mailbox_count: int) -> None:
        """So many mailboxes are to be read."""
        with self._lock:
            self.mailbox_count = mailbox_count
            self._tell(self)

    def stored(self, mailbox_id: str, page: Page) -> None:
        """A page of a mailbox is stored."""
        with self._lock:
            if page.total is not None:
                self._totals[mailbox_id] = page.total
            self.message_count += sum(isinstance(one, Message) for one in page.records)
            self._tell(self)

    def end(self, mailbox_id: str) -> None:
        """A mailbox has ended, well or not."""
        with self._lock:
            self.mailboxes_done += 1
            self._tell(self)

    @property
    def messages_per_s(self) -> float:
        """Messages stored a second, over the whole pull."""
        return self.message_count / max(time.monotonic() - self._started_s, 1e-3)

    @property
    def remaining_s(self) -> float | None:
        """Seconds still to go at this rate; None while no mailbox has said how large it is.

        Mailboxes that were not opened yet count as the mean of those that were. A second pull is
        over long before: what is stored already is not read again.
        """
        if not self._totals or not self.message_count:
            return None
        expected = sum(self._totals.values()) / len(self._totals) * self.mailbox_count
        return max(expected - self.message_count, 0) / self.messages_per_s
