"""What a provider does when it does not do what it should.

Here: the kinds of faults, which call each strikes, drawing some at random. Not here: how they look
as bytes (server.py) and in the provider's words (google, microsoft).
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from random import Random

STATUS = {
    "throttle_429": 429,
    "google_403_rate": 403,
    "unavailable_503": 503,
    "bad_gateway_502": 502,
    "server_500": 500,
    "unauthorised_401": 401,
}
# One part of a batch goes wrong, the rest and the whole are well.
PARTS = ("part_429", "part_500", "part_missing")
# The place that a call names is one that the provider no longer knows.
PLACES = ("page_expired", "history_expired", "sync_expired")
# A page of changes is well, but told in another order, or after the page before it once more.
MANNERS = ("reordered", "replayed")
LINE = ("html", "truncated", "slow", "reset", "silence")
KINDS = (*STATUS, *PARTS, *PLACES, *MANNERS, "tokens_expired", *LINE, "kill", "kill_after")
_MAY_SAY_WHEN = ("throttle_429", "google_403_rate", "unavailable_503")


@dataclass(slots=True)
class Fault:
    """Something that goes wrong with the calls from position ``at`` on.

    kind         one of KINDS; html is a page with status 200, truncated a JSON text cut in the
                 middle, slow one that comes in two pieces, reset a connection closed without an
                 answer, silence none at all; tokens_expired ends every access token before the
                 call is looked at; PLACES and MANNERS strike only calls that name such a place, or
                 are answered with such a page; kill and kill_after serve the call well and call
                 ``call`` before or after they answer
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

    def strikes(self, n: int, path: str, places: Collection[str] = ()) -> bool:
        """Whether it strikes the call at position ``n``; some kinds strike only at ``places``."""
        fits = self.kind not in (*PLACES, *MANNERS) or self.kind in places
        return self.times > 0 and n >= self.at and self.path in path and fits


def drawn(seed: int, kinds: Sequence[str], first: int, calls: int, now: datetime) -> list[Fault]:
    """One to six faults of ``kinds`` at random; the same ones for the same seed.

    first  position of the first call that may be struck; ``calls`` of them
    now    what the times in Retry-After are after

    Most strike a call or two; some strike longer than anybody asks again.
    """
    random = Random(seed)
    found = []
    for _ in range(random.randint(1, 6)):
        kind = random.choice(kinds)
        pause_s = random.randint(0, 120)
        waits = (None, pause_s, now + timedelta(seconds=pause_s))
        fault = Fault(
            at=first + random.randrange(calls),
            kind=kind,
            times=random.choice((1, 1, 1, 2, 3, 12)),
            path="batch" if kind in PARTS else "",
            part=random.randrange(6),
            retry_after=random.choice(waits) if kind in _MAY_SAY_WHEN else None,
        )
        found.append(fault)
    return found
