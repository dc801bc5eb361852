"""One Gmail mailbox, page by page: a backfill from new to old, then only what changed.

Here: listing, history, what a cursor says, when all is listed anew.
Not here: fetching messages (fetching.py), what one says (messages.py).

The place in the history is taken before the first listing and the history is replayed from there
after the last, so nothing that happens in between is missed. A kill repeats at most one page, and
fetches nothing twice that is stored.
"""

import json
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from connectors.google import messages, paging, problems
from connectors.google.access import Session
from connectors.google.fetching import Fetcher
from connectors.google.gmail_requests import GmailRequests
from connectors.google.messages import SPAM, TRASH
from connectors.google.problems import Refused
from connectors.google.quotas import Quota
from connectors.pages import Gone, Held, Page, PullProblem, Stopped, Sweep
from connectors.records import Message, Reject

STREAM = "mail"
PAGE_RECORDS = 500
# A full listing of what is there: first what is mail, then what was thrown away, which is still
# there and must not be taken for deleted.
_NEXT_LABEL = {None: SPAM, SPAM: TRASH}


@dataclass(frozen=True, slots=True)
class _Listing:
    """The mailbox is being listed, newest first.

    baseline     place in the history from before the listing
    baseline_at  when that was; ISO 8601, UTC
    since        what is older is not kept; ISO 8601, UTC
    page         token of the page to ask for, None for the first
    resync_of    when the mailbox was last in step, where the history since is lost: then
                 everything is listed, whatever its age, and what is not listed has gone
    label        which part of a resync: None for mail, then SPAM, then TRASH
    is_past      what follows is older than wanted and is not fetched
    """

    baseline: str
    baseline_at: str
    since: str
    page: str | None = None
    resync_of: str | None = None
    label: str | None = None
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class _InStep:
    """Everything up to a place in the history is stored.

    seen_at    when that was; ISO 8601, UTC
    since      what is older was not kept; ISO 8601, UTC
    resync_of  a full listing stands behind it whose sweep is still to come
    """

    history: str
    seen_at: str
    since: str
    resync_of: str | None = None


_State = _Listing | _InStep


def _written(state: _State) -> str:
    return json.dumps({k: v for k, v in asdict(state).items() if v}, sort_keys=True)


def _read(cursor: str | None) -> _State | None:
    if cursor is None:
        return None
    values = json.loads(cursor)
    return _InStep(**values) if "history" in values else _Listing(**values)


class _HistoryLost(Exception):
    """Gmail no longer knows, or never knew, this place in the history."""


@dataclass(slots=True)
class Changes:
    """What a page of the history says, the latest word on each message.

    labels  id -> the labels of every message that was added or got others
    new     id -> thread id of messages that were added, or were thrown away and are no longer
    moves   (folder, id) -> whether it now lies there
    gone    ids of messages that were deleted for good
    """

    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    new: dict[str, str | None] = field(default_factory=dict)
    moves: dict[tuple[str, str], bool] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "Changes":
        """What an answer of history.list says, in the order of its records."""
        changes = cls()
        for record in answer.get("history") or ():
            changes._read(record)
        return changes

    def _read(self, record: Mapping[str, Any]) -> None:
        for message, _ in _named(record.get("messagesAdded")):
            self._see(message)
            self.new[message["id"]] = message.get("threadId")
        for name, is_in in (("labelsAdded", True), ("labelsRemoved", False)):
            for message, label_ids in _named(record.get(name)):
                self._see(message)
                for folder_id in filter(None, map(messages.folder_id, label_ids)):
                    self.moves[folder_id, message["id"]] = is_in
                if not is_in and not messages.is_wanted(label_ids):
                    self.new[message["id"]] = message.get("threadId")
        self.gone.update(message["id"] for message, _ in _named(record.get("messagesDeleted")))

    def _see(self, message: Mapping[str, Any]) -> None:
        self.labels[message["id"]] = tuple(message.get("labelIds") or ())

    def wanted(self, stored: Collection[str]) -> dict[str, str | None]:
        """Of what is not stored, id -> thread id of what is mail by its latest labels.

        A message that merely gets another label was left out for its age, and is no younger now.
        """
        return {
            one: thread
            for one, thread in self.new.items()
            if one not in stored and one not in self.gone and messages.is_wanted(self.labels[one])
        }


def _named(
    items: Iterable[Mapping[str, Any]] | None,
) -> Iterator[tuple[Mapping[str, Any], Collection[str]]]:
    """The message and label ids of each item of a history record."""
    for item in items or ():
        message = item.get("message") or {}
        if message.get("id"):
            yield message, item.get("labelIds") or ()


class MailReader:
    """Reads one mailbox over one session; ``pages`` is called once."""

    def __init__(
        self,
        session: Session,
        requests: GmailRequests,
        quota: Quota,
        mailbox_id: str,
        held: Held,
        since: datetime,
    ) -> None:
        """``since``: nothing older is kept; UTC."""
        self._session, self._requests, self._quota = session, requests, quota
        self._fetcher = Fetcher(session, requests, quota)
        self._mailbox_id, self._held, self._since = mailbox_id, held, since
        self._total: int | None = None

    def pages(self, cursor: str | None) -> Iterator[Page]:
        """Every page from ``cursor`` on. Raises PullProblem, Stopped."""
        state = _read(cursor)
        state = self._begin(resync_of=None) if state is None else self._reaching_back(state)
        may_resync = True
        while True:
            if isinstance(state, _Listing):
                state = yield from self._list(state)
            try:
                yield from self._replay(state)
            except _HistoryLost:
                # A second time in one pull it would go on for ever.
                if not may_resync:
                    raise problems.history_lost() from None
                may_resync = False
                state = self._begin(resync_of=state.resync_of or state.seen_at)
            else:
                return

    def _begin(self, resync_of: str | None) -> _Listing:
        """A listing from now on.

        The place in the history is the profile's: a message's may be older than Gmail's memory.
        """
        profile = self._session.ask(
            self._requests.profile(), self._quota.profile_units, "historyId"
        )
        self._total = profile.get("messagesTotal")
        at = self._session.at.isoformat()
        since = self._since.isoformat()
        return _Listing(str(profile["historyId"]), at, since, resync_of=resync_of)

    def _reaching_back(self, state: _State) -> _State:
        """The same, or a listing where older mail is wanted than when that was written."""
        if datetime.fromisoformat(state.since) <= self._since:
            return state
        since = self._since.isoformat()
        if isinstance(state, _InStep):
            return _Listing(state.history, state.seen_at, since, resync_of=state.resync_of)
        return replace(state, since=since, page=None, label=None, is_past=False)

    # -- listing

    def _list(self, state: _Listing) -> Generator[Page, None, _InStep]:
        """Pages until everything wanted is listed; then where the history is to be replayed."""
        may_begin_anew = True
        while True:
            try:
                answer = self._listed(state)
            except Refused as refused:
                # A token lives for some days. One that was given just now must be good.
                is_expired = state.page is not None and refused.status in paging.EXPIRED_TOKEN
                if not (is_expired and may_begin_anew):
                    raise
                may_begin_anew = False
                state = replace(state, page=None, is_past=False)
                continue
            found = answer.get("messages") or ()
            ids = {one["id"]: one.get("threadId") for one in found if one.get("id")}
            stored = self._held(ids)
            wanted = {} if state.label or state.is_past else _without(ids, stored)
            records, is_past = yield from self._fetched(wanted, _written(state))
            following = _following(state, answer.get("nextPageToken"), is_past)
            yield self._listing_page(state, following, ids, stored, records)
            if isinstance(following, _InStep):
                return following
            state = following

    def _listed(self, state: _Listing) -> dict[str, Any]:
        request = self._requests.listing(state.page, state.label)
        return self._session.ask(request, self._quota.list_units)

    def _listing_page(
        self,
        state: _Listing,
        following: _State,
        ids: Collection[str],
        stored: Collection[str],
        records: list[Message | Reject],
    ) -> Page:
        """A page of a listing; in a resync also what is there, and whether it was thrown away."""
        total, self._total = self._total, None
        page = Page(
            stream=STREAM,
            cursor=_written(following),
            at=self._session.at,
            records=tuple(records),
            total=total,
        )
        if state.resync_of is None:
            return replace(page, covers_to=datetime.fromisoformat(state.baseline_at))
        folders = [state.label] if state.label else [SPAM, TRASH]
        there = tuple((folder.lower(), one) for one in ids if one in stored for folder in folders)
        return replace(
            page,
            filed=there if state.label else (),
            unfiled=() if state.label else there,
            listed=tuple(ids),
            starts_listing=state.label is None and state.page is None,
        )

    # -- history

    def _replay(self, state: _InStep) -> Iterator[Page]:
        """What happened since; the place moves with the last page. Raises _HistoryLost."""
        for answer, _ in paging.paged(lambda token: self._history(state, token)):
            changes = Changes.of(answer)
            stored = self._held({*changes.labels, *changes.gone})
            records, _ = yield from self._fetched(changes.wanted(stored), _written(state))
            page = self._history_page(state, changes, stored, records)
            is_last = answer.get("nextPageToken") is None
            yield self._last_page(page, state, str(answer["historyId"])) if is_last else page

    def _history(self, state: _InStep, token: str | None) -> dict[str, Any]:
        request = self._requests.history(state.history, token)
        try:
            return self._session.ask(request, self._quota.history_units, "historyId")
        except Refused as refused:
            if refused.status != HTTPStatus.NOT_FOUND:
                raise
        raise _HistoryLost

    def _history_page(
        self,
        state: _InStep,
        changes: Changes,
        stored: Collection[str],
        records: list[Message | Reject],
    ) -> Page:
        at = self._session.at
        moves = [(move, is_in) for move, is_in in changes.moves.items() if move[1] in stored]
        return Page(
            stream=STREAM,
            cursor=_written(state),
            at=at,
            records=tuple(records),
            filed=tuple(move for move, is_in in moves if is_in),
            unfiled=tuple(move for move, is_in in moves if not is_in),
            gone=tuple(Gone("message", one, at) for one in sorted(changes.gone & set(stored))),
            # What moved while a resync went on may have slipped through its listing.
            listed=tuple(changes.labels) if state.resync_of else (),
        )

    def _last_page(self, page: Page, state: _InStep, history: str) -> Page:
        reached = _InStep(history, page.at.isoformat(), state.since)
        sweep = None
        if state.resync_of:
            sweep = Sweep(kind="message", at=datetime.fromisoformat(state.resync_of))
        return replace(page, cursor=_written(reached), sweep=sweep, is_complete=True)

    # -- messages

    def _fetched(
        self, wanted: Mapping[str, str | None], cursor: str
    ) -> Generator[Page, None, tuple[list[Message | Reject], bool]]:
        """Fetch; pages of PAGE_RECORDS under the old cursor; what is left is for the next page.

        The second value: something was fetched, and all of it is older than wanted. What came
        before a problem is stored, so that it is not paid for again.
        """
        records: list[Message | Reject] = []
        ages: set[bool] = set()
        try:
            for brought in self._fetcher.fetch(wanted):
                records.extend(self._kept(brought, wanted, ages))
                while len(records) > PAGE_RECORDS:
                    yield self._interim(records[:PAGE_RECORDS], cursor)
                    del records[:PAGE_RECORDS]
        except (Stopped, PullProblem):
            if records:
                yield self._interim(records, cursor)
            raise
        return records, ages == {True}

    def _interim(self, records: list[Message | Reject], cursor: str) -> Page:
        return Page(stream=STREAM, cursor=cursor, at=self._session.at, records=tuple(records))

    def _kept(
        self, brought: list[dict[str, Any]], wanted: Mapping[str, str | None], ages: set[bool]
    ) -> Iterator[Message | Reject]:
        """Records of what is mail, new and young enough; adds to ``ages`` whether each is too old.

        A thread brings along what other pages will list, which is then held already.
        """
        others = self._held([one["id"] for one in brought if one["id"] not in wanted])
        for message in brought:
            at = messages.sent_at(message, self._session.at)
            is_old = at is not None and at < self._since
            if message["id"] in wanted:
                ages.add(is_old)
            if (
                not is_old
                and message["id"] not in others
                and messages.is_wanted(message.get("labelIds") or ())
            ):
                yield from messages.records(message, self._mailbox_id, self._session.at)


def _without(ids: Mapping[str, str | None], stored: Collection[str]) -> dict[str, str | None]:
    return {one: thread for one, thread in ids.items() if one not in stored}


def _following(state: _Listing, token: str | None, is_past: bool) -> _State:
    """Where a listing goes on."""
    is_past = is_past or state.is_past
    if token and (state.resync_of or not is_past):
        return replace(state, page=token, is_past=is_past)
    if state.resync_of and state.label in _NEXT_LABEL:
        return replace(state, page=None, label=_NEXT_LABEL[state.label])
    return _InStep(state.baseline, state.baseline_at, state.since, state.resync_of)
