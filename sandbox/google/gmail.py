"""Gmail's methods: profile, messages, threads, labels, history.

Here: which copies and changes an answer lists, page by page. Not here: how a message looks
(messages.py), tokens and scopes (vendor.py).

A page token is the place of the last item, so that mail which arrives while somebody pages shifts
nothing; clients must not rely on that, and cannot see it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Any, NamedTuple

from sandbox.boxes import Box, Change, Copy
from sandbox.files import MAIL_CANARY
from sandbox.google import labels, refusal
from sandbox.google.messages import Messages, find, message_id, thread_id
from sandbox.google.query import Query
from sandbox.world import Account, World, seq_of

METADATA = "https://www.googleapis.com/auth/gmail.metadata"
_DEFAULT_PAGE, _LARGEST_PAGE = 100, 500
_STYLES = ("minimal", "full", "raw", "metadata")
_HISTORY = {
    "messageAdded": "messagesAdded",
    "messageDeleted": "messagesDeleted",
    "labelAdded": "labelsAdded",
    "labelRemoved": "labelsRemoved",
}
# resultSizeEstimate is a guess that stops counting here.
_ESTIMATE = 201


class Caller(NamedTuple):
    """Who asks, and what the token allows."""

    account: Account
    scopes: frozenset[str]


class Gmail:
    """The mailboxes of the company."""

    def __init__(self, world: World) -> None:
        """Serve a world's boxes."""
        self._world = world
        self._messages = Messages(world.village)

    def profile(self, caller: Caller, _: Query, user: str) -> dict[str, Any]:
        """users.getProfile."""
        box = self._box(caller, user)
        copies = box.copies()
        return {
            "emailAddress": box.address,
            "messagesTotal": len(copies),
            "threadsTotal": len({copy.thread for copy in copies}),
            "historyId": str(self._world.mail_seq),
        }

    def labels(self, caller: Caller, _: Query, user: str) -> dict[str, Any]:
        """users.labels.list."""
        return {"labels": list(labels.known(self._box(caller, user)).values())}

    def messages(self, caller: Caller, query: Query, user: str) -> dict[str, Any]:
        """users.messages.list: newest first, ids only."""
        box = self._box(caller, user)
        page, token = _page(query, _matching(caller, query, box))
        shown = [{"id": message_id(box, one), "threadId": thread_id(box, one)} for one in page]
        return _listing("messages", shown, token)

    def message(self, caller: Caller, query: Query, user: str, name: str) -> dict[str, Any]:
        """users.messages.get."""
        box = self._box(caller, user)
        style = _style(caller, query)
        copy = find(box, name)
        if box.copy(copy.number) is None:
            raise refusal.gmail_not_found()
        return self._messages.show(box, copy, style, query.many("metadataHeaders"))

    def threads(self, caller: Caller, query: Query, user: str) -> dict[str, Any]:
        """users.threads.list: by the newest message that matches, newest first."""
        box = self._box(caller, user)
        page, token = _page(query, _newest_of_threads(_matching(caller, query, box)))
        shown = [
            {"id": thread_id(box, one), "snippet": MAIL_CANARY, "historyId": str(one.seq)}
            for one in page
        ]
        return _listing("threads", shown, token)

    def thread(self, caller: Caller, query: Query, user: str, name: str) -> dict[str, Any]:
        """users.threads.get: every message of a conversation, oldest first."""
        box = self._box(caller, user)
        style = _style(caller, query)
        copies = box.thread(find(box, name).number)
        if not copies:
            raise refusal.gmail_not_found()
        wanted = query.many("metadataHeaders")
        return {
            "id": thread_id(box, copies[0]),
            "historyId": str(max(copy.seq for copy in copies)),
            "messages": [self._messages.show(box, copy, style, wanted) for copy in copies],
        }

    def history(self, caller: Caller, query: Query, user: str) -> dict[str, Any]:
        """users.history.list: a page goes through maxResults changes, whether they match or not."""
        box = self._box(caller, user)
        label = _label(box, query.one("labelId"))
        kinds = query.many("historyTypes") or tuple(_HISTORY)
        for kind in kinds:
            if kind not in _HISTORY:
                raise refusal.bad_value("history_types", "TYPE_ENUM", kind)
        after = self._history_start(query)
        first = bisect_right(box.log, after, key=lambda change: change.seq)
        end = first + query.page_size(_DEFAULT_PAGE, _LARGEST_PAGE)
        records = [_record(box, change, kinds, label) for change in box.log[first:end]]
        answer: dict[str, Any] = {"historyId": str(self._world.mail_seq)}
        if any(records):
            answer["history"] = [record for record in records if record]
        if end < len(box.log):
            answer["nextPageToken"] = f"{box.log[end - 1].seq:020}"
        return answer

    def _history_start(self, query: Query) -> int:
        """The seq after which to begin. Raises Refusal: 404 for one that is no more, or not yet."""
        text = query.one("startHistoryId") or ""
        if not text.isascii() or not text.isdigit():
            raise refusal.bad_value("start_history_id", "TYPE_UINT64", text)
        now = self._world.now
        oldest = seq_of(now - timedelta(days=self._world.gmail_history_days))
        if not oldest <= int(text) <= self._world.mail_seq:
            raise refusal.gmail_not_found()
        return _place(query) or int(text)

    def _box(self, caller: Caller, user: str) -> Box:
        """The box of the caller, who may name nobody else. Raises Refusal."""
        account = caller.account
        if user not in ("me", account.address):
            raise refusal.gmail_forbidden(f"Delegation denied for {account.address}")
        if not account.has_mail:
            raise refusal.gmail_not_enabled()
        return self._world.boxes[account.address]


def _style(caller: Caller, query: Query) -> str:
    style = (query.one("format") or "full").lower()
    if style not in _STYLES:
        raise refusal.bad_value("format", "TYPE_ENUM", style)
    if METADATA in caller.scopes and style not in ("minimal", "metadata"):
        raise refusal.gmail_forbidden(f"Metadata scope doesn't allow format {style.upper()}")
    return style


def _matching(caller: Caller, query: Query, box: Box) -> Iterator[Copy]:
    """The copies that a listing is about, newest first. Raises Refusal."""
    if query.one("q") is not None:
        # Under this scope even an empty q is refused, whatever other scopes the token has.
        if METADATA in caller.scopes:
            raise refusal.gmail_forbidden("Metadata scope does not support 'q' parameter")
        raise refusal.unknown_parameter("q")
    wanted = {_label(box, name) for name in query.many("labelIds")}
    hidden = {"TRASH", "SPAM"} - wanted
    if query.flag("includeSpamTrash"):
        hidden = set()
    return (copy for copy in box.newest_first() if _shows(labels.now(box, copy), wanted, hidden))


def _shows(found: list[str], wanted: set[str], hidden: set[str]) -> bool:
    return wanted.issubset(found) and hidden.isdisjoint(found)


def _label(box: Box, name: str | None) -> str | None:
    if name is not None and name not in labels.known(box):
        raise refusal.gmail_invalid(f"Invalid label: {name}")
    return name


def _newest_of_threads(copies: Iterable[Copy]) -> Iterator[Copy]:
    seen = set()
    for copy in copies:
        if copy.thread not in seen:
            seen.add(copy.thread)
            yield copy


def _page(query: Query, copies: Iterator[Copy]) -> tuple[list[Copy], str | None]:
    """One page of copies that come newest first, and the token of the next."""
    before, size = _place(query), query.page_size(_DEFAULT_PAGE, _LARGEST_PAGE)
    rest = (copy for copy in copies if before is None or copy.number < before)
    page = list(islice(rest, size))
    return page, f"{page[-1].number:020}" if next(rest, None) else None


def _place(query: Query) -> int | None:
    token = query.one("pageToken")
    if token is not None and not (token.isascii() and token.isdigit()):
        raise refusal.gmail_invalid("Invalid pageToken")
    return None if token is None else int(token)


def _listing(name: str, shown: list[dict[str, Any]], token: str | None) -> dict[str, Any]:
    """A page of a list; Google leaves out what is empty."""
    answer: dict[str, Any] = {name: shown} if shown else {}
    if token is not None:
        answer["nextPageToken"] = token
    return answer | {"resultSizeEstimate": _ESTIMATE if token else len(shown)}


def _record(
    box: Box, change: Change, kinds: tuple[str, ...], label: str | None
) -> dict[str, Any] | None:
    """A history record with the asked kinds of changes, None where none is left."""
    copy = box.ever(change.number)
    is_read = copy.is_own if change.kind == "added" else copy.is_read
    after = labels.of(box, copy, change.folder, is_read=is_read)
    before = after
    if change.kind == "moved":
        before = labels.of(box, copy, change.before, is_read=is_read)
    elif change.kind == "read":
        before = ["UNREAD", *after]
    if label is not None and label not in {*before, *after}:
        return None
    ids = {"id": message_id(box, copy), "threadId": thread_id(box, copy)}
    message = ids | {"labelIds": after}
    gained = [one for one in after if one not in before]
    lost = [one for one in before if one not in after]
    found = {
        "messageAdded": {"message": message} if change.kind == "added" else None,
        "messageDeleted": {"message": message} if change.kind == "deleted" else None,
        "labelAdded": {"message": message, "labelIds": gained} if gained else None,
        "labelRemoved": {"message": message, "labelIds": lost} if lost else None,
    }
    typed = {_HISTORY[kind]: [found[kind]] for kind in kinds if found[kind]}
    return {"id": str(change.seq), "messages": [ids], **typed} if typed else None
