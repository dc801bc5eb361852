"""Messages by their ids, as cheaply as Gmail's quota allows.

Here: one by one or by thread, batches, their size, what becomes of parts that fail.
Not here: which ids (gmail.py), how a batch looks as bytes (batch.py).
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from itertools import accumulate, islice
from typing import Any

from connectors.google.access import Session
from connectors.google.gmail_requests import GmailRequests
from connectors.google.problems import Refused
from connectors.google.quotas import Quota
from connectors.pages import PullProblem
from connectors.quota import Later


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One request of a batch.

    path       of messages.get or threads.get, with its query
    ids        the messages that it is to bring; a thread may bring others along
    units      what it costs
    is_thread  which of the two
    """

    path: str
    ids: tuple[str, ...]
    units: int
    is_thread: bool


class Fetcher:
    """Fetches messages of one mailbox in batches; one request is under way at a time.

    A batch is halved when Gmail finds some of its parts too many at once, and grows by one part
    with every batch that it serves, up to what the quota allows.
    """

    def __init__(self, session: Session, requests: GmailRequests, quota: Quota) -> None:
        """Begin with the largest batch."""
        self._session, self._requests, self._quota = session, requests, quota
        self._size = quota.batch_parts

    def fetch(self, wanted: Mapping[str, str | None]) -> Iterator[list[dict[str, Any]]]:
        """The messages of id -> thread id, batch by batch, in their order for the most part.

        Their threads may bring others along. What was deleted meanwhile is left out. Raises
        PullProblem and Stopped; what came before is good.
        """
        waiting = deque(self._plan(wanted))
        while waiting:
            units = sum(one.units for one in self._batch(waiting))
            yield self._session.ask_for(lambda: self._attempt(waiting), units)

    def _plan(self, wanted: Mapping[str, str | None]) -> Iterator[_Wanted]:
        """By thread where that costs no more than its messages one by one."""
        threads: dict[str, list[str]] = defaultdict(list)
        for message_id, thread_id in wanted.items():
            threads[thread_id or message_id].append(message_id)
        for thread_id, ids in threads.items():
            if len(ids) > 1 and len(ids) * self._quota.message_units >= self._quota.thread_units:
                path = self._requests.thread_path(thread_id)
                yield _Wanted(path, tuple(ids), self._quota.thread_units, is_thread=True)
            else:
                yield from map(self._single, ids)

    def _single(self, message_id: str) -> _Wanted:
        path = self._requests.message_path(message_id)
        return _Wanted(path, (message_id,), self._quota.message_units, is_thread=False)

    def _batch(self, waiting: deque[_Wanted]) -> list[_Wanted]:
        """What to ask for next: at least one, else as much as may go together."""
        units = accumulate(one.units for one in islice(waiting, self._size))
        count = sum(1 for one in units if one <= self._quota.batch_units)
        return list(islice(waiting, max(count, 1)))

    def _attempt(self, waiting: deque[_Wanted]) -> list[dict[str, Any]]:
        """One batch of what waits, which keeps what is not served. Raises Later and PullProblem.

        There is no pause as long as one part of a batch is served: the buckets keep the pace.
        """
        batch = self._batch(waiting)
        try:
            answers = self._session.ask_all(self._requests.batch_uri, [one.path for one in batch])
        except Later as later:
            self._resize(later.is_throttle)
            raise
        found: list[dict[str, Any]] = []
        again: list[_Wanted] = []
        for one, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Later):
                again.append(one)
            elif isinstance(answer, PullProblem):
                if not (isinstance(answer, Refused) and answer.status == HTTPStatus.NOT_FOUND):
                    raise answer
            else:
                brought = _messages(one, answer)
                missing = set(one.ids) - {message["id"] for message in brought}
                again.extend(map(self._single, sorted(missing)))
                found.extend(brought)
        for _ in batch:
            waiting.popleft()
        waiting.extendleft(reversed(again))
        self._resize(any(isinstance(one, Later) and one.is_throttle for one in answers))
        return found

    def _resize(self, is_throttled: bool) -> None:
        if is_throttled:
            self._size = max(self._size // 2, 1)
        else:
            self._size = min(self._size + 1, self._quota.batch_parts)


def _messages(one: _Wanted, answer: dict[str, Any]) -> list[dict[str, Any]]:
    if one.is_thread:
        return [message for message in answer.get("messages") or () if message.get("id")]
    return [answer | {"id": one.ids[0]}]
