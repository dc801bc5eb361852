"""What a provider does when it does not do what it should.

Here: the kinds of faults, which call each strikes. Not here: how they look as bytes (server.py)
and in the provider's words (google, microsoft).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

STATUS = {
    "throttle_429": 429,
    "google_403_rate": 403,
    "unavailable_503": 503,
    "server_500": 500,
    "unauthorised_401": 401,
}
# One part of a batch goes wrong, the rest and the whole are well.
PARTS = ("part_429", "part_500", "part_missing")
KINDS = (*STATUS, *PARTS, "html", "truncated", "reset", "silence", "kill", "kill_after")


@dataclass(slots=True)
class Fault:
    """Something that goes wrong with the calls from position ``at`` on.

    kind         one of KINDS; html is a page with status 200, truncated a JSON text cut in the
                 middle, reset a connection closed without an answer, silence none at all; kill and
                 kill_after serve the call well and call ``call`` before or after they answer
    times        how many calls it strikes still
    path         only calls whose path contains it
    part         which part of a batch, from 0
    retry_after  seconds or a time for the header; None for no header
    """

    at: int
    kind: str
    times: int = 1
    path: str = ""
    part: int = 0
    retry_after: int | datetime | None = None
    call: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for an unknown kind."""
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}")

    @property
    def status(self) -> int | None:
        """The status that stands for it, None where it is no status."""
        return STATUS.get(self.kind)

    @property
    def headers(self) -> dict[str, str]:
        """Retry-After, where it is set."""
        if self.retry_after is None:
            return {}
        if isinstance(self.retry_after, datetime):
            return {"Retry-After": format_datetime(self.retry_after, usegmt=True)}
        return {"Retry-After": str(self.retry_after)}

    def strikes(self, n: int, path: str) -> bool:
        """Whether it strikes the call at position ``n``."""
        return self.times > 0 and n >= self.at and self.path in path
