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
from connectors.quota import Limits

VERSION = "/v1.0"
# Ids that survive a move between folders; to be said again with every request, links too.
IMMUTABLE_IDS = 'IdType="ImmutableId"'


@dataclass(frozen=True, slots=True)
class Quota:
    """How fast Graph may be asked; None is no limit.

    mailbox_requests_per_minute  of one mailbox
    account_requests_per_minute  of all mailboxes together
    at_once                      requests in flight in one mailbox
    """

    mailbox_requests_per_minute: float | None
    account_requests_per_minute: float | None
    at_once: int | None


# Outlook serves 10,000 requests in ten minutes for each app and mailbox, four at once; two leave
# room for others. 130,000 in ten seconds, Graph's own limit, is more than one machine asks.
PUBLISHED = Quota(mailbox_requests_per_minute=1_000, account_requests_per_minute=60_000, at_once=2)
UNLIMITED = Quota(None, None, None)


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

    def __init__(self, http: Http, sign_in: SignIn, limits: Limits, permission: str) -> None:
        """Ask over ``http``; ``permission`` is the one that these requests need."""
        self._http, self._sign_in, self._limits = http, sign_in, limits
        self._permission = permission

    def get(self, path: str, *prefer: str) -> Answer:
        """The answer to a GET. Raises Refused, other PullProblems and Stopped."""
        headers = {"Prefer": ", ".join(prefer)} if prefer else {}
        return self._limits.ask(lambda: self._attempt(path, headers))

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
