"""One request to Graph after another: with a token, within the limits, page by page.

Here: what is put around every request, which answers are asked for again, where links lead.
Not here: sign-in (access.py), what a refusal means (refusals.py), bytes (connectors/http.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from connectors.http import Answer, Http
from connectors.microsoft.access import SignIn
from connectors.microsoft.refusals import refusal
from connectors.pages import PullProblem
from connectors.quota import SAVED_S, Bucket, Clock, Limits

VERSION = "/v1.0"
_LATE_S = 0.2  # how much later than another a request may arrive that was sent with it
# Ids that survive a move between folders; to be said again with every request, links too.
IMMUTABLE_IDS = 'IdType="ImmutableId"'


@dataclass(frozen=True, slots=True)
class Quota:
    """How fast Graph may be asked; None is no limit. Windows slide, and are never overdrawn.

    mailbox_requests_per_10_minutes  of one mailbox
    mailbox_requests_at_once         in flight in one mailbox
    account_requests_per_10_seconds  of all mailboxes together
    directory_units_per_10_seconds   what listing users costs
    """

    mailbox_requests_per_10_minutes: float | None
    mailbox_requests_at_once: int | None
    account_requests_per_10_seconds: float | None
    directory_units_per_10_seconds: float | None

    def account(self, clock: Clock) -> Bucket:
        """The bucket of all mailboxes together."""
        return _ten_seconds(self.account_requests_per_10_seconds, clock)

    def directory(self, clock: Clock) -> Limits:
        """What may be asked of the directory, in units."""
        return Limits(clock, _ten_seconds(self.directory_units_per_10_seconds, clock))

    def mailbox(self, clock: Clock, account: Bucket) -> Limits:
        """What may be asked of one mailbox, within what all may ask together."""
        rate = _per_minute(self.mailbox_requests_per_10_minutes, 600, SAVED_S + _LATE_S)
        return Limits(clock, account, rate, self.mailbox_requests_at_once)


def _ten_seconds(most: float | None, clock: Clock) -> Bucket:
    saved_s = 0.1
    return Bucket(_per_minute(most, 10, saved_s + _LATE_S), clock, saved_s=saved_s)


def _per_minute(most: float | None, window_s: float, spare_s: float) -> float | None:
    """The rate of a bucket that gives at most so many units in any window of so many seconds.

    A window may begin with all that was saved up, and end with requests that were sent before it
    and arrive late: so these seconds are taken as part of it.
    """
    return None if most is None else most * 60 / (window_s + spare_s)


# Outlook serves 10,000 requests in ten minutes for each app and mailbox, four at once; Graph
# 130,000 in ten seconds, which is more than one machine asks; the directory 3,500 units in ten
# seconds to a tenant of less than fifty users, 5,000 up to five hundred, 8,000 beyond.
PUBLISHED = Quota(
    mailbox_requests_per_10_minutes=10_000,
    mailbox_requests_at_once=4,
    account_requests_per_10_seconds=10_000,
    directory_units_per_10_seconds=3_500,
)
UNLIMITED = Quota(None, None, None, None)


class Step(NamedTuple):
    """One page of a collection.

    items  its values, as they came
    next   path of the next page, None on the last one
    delta  path to ask for changes, on the last page of a delta round
    """

    items: Sequence[Mapping[str, Any]]
    at: datetime
    next: str | None
    delta: str | None


class Graph:
    """Graph for one mailbox or for the directory; not for several threads at once."""

    def __init__(
        self, http: Http, sign_in: SignIn, limits: Limits, permission: str, units: float = 1
    ) -> None:
        """Ask over ``http``; these requests need ``permission`` and cost ``units`` each."""
        self._http, self._sign_in, self._limits = http, sign_in, limits
        self._permission, self._units = permission, units

    def get(self, path: str, *prefer: str) -> Answer:
        """The answer to a GET. Raises Refused, other PullProblems and Stopped."""
        headers = {"Prefer": ", ".join(prefer)} if prefer else {}
        return self._limits.ask(lambda: self._attempt(path, headers), self._units)

    def step(self, path: str, *prefer: str) -> Step:
        """One page, with the links to what follows it."""
        answer = self.get(path, *prefer)
        items = answer.body.get("value")
        if not isinstance(items, list):
            raise unusable()
        following, delta = (
            self._http.own(link, path) if isinstance(link, str) and link else None
            for link in (answer.body.get(f"@odata.{name}Link") for name in ("next", "delta"))
        )
        if following == path:
            raise unusable()
        return Step([one for one in items if isinstance(one, dict)], answer.at, following, delta)

    def steps(self, path: str, *prefer: str) -> Iterator[Step]:
        """All pages of a collection."""
        while path:
            step = self.step(path, *prefer)
            yield step
            path = step.next

    def _attempt(self, path: str, headers: Mapping[str, str]) -> Answer:
        """One attempt, with one fresh token where the first is refused. Raises Later."""
        token = self._sign_in.token()
        answer = self._http.get(path, headers, token=token)
        if answer.status == 401:
            self._sign_in.renew(token)
            answer = self._http.get(path, headers, token=self._sign_in.token())
        if answer.status >= 400:
            raise refusal(answer.status, answer.body, self._permission)
        return answer


def segment(text: str) -> str:
    """An id as one segment of a path: ids hold "/", "+" and "="."""
    return quote(text, safe="")


def unusable() -> PullProblem:
    """The problem of a page that leads nowhere, or lacks what every page has."""
    return PullProblem(
        "unusable page", "run kith again later; report it if Microsoft goes on answering like this"
    )
