"""The mail of one mailbox: folder by folder, newest first, afterwards only what has changed.

Here: delta rounds with their links, what a change means for a folder, listings begun again, ids
listed to find what deltas lost.
Not here: which folders (folders.py), what a message says (messages.py), requests (graph.py).

Outlook counts changes for each folder on its own. A move is a removal here and an arrival there, in
either order, under the same id: so a folder only ever says what it holds, and a message has gone
when no folder holds it. A link may lose its state at any time, also that of a next page; then the
folder is listed again, and what the listing does not name has left it. And Microsoft knows of cases
in which a delta never tells a change: so now and then all ids are listed, whatever the deltas said.
"""

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from connectors.microsoft import folders, messages, values
from connectors.microsoft.choices import DEFAULT, Choices
from connectors.microsoft.exchange import Recipient
from connectors.microsoft.graph import IMMUTABLE_IDS, Graph, Step, segment, unusable
from connectors.microsoft.refusals import Refused
from connectors.microsoft.values import Item
from connectors.pages import Held, Page, Sweep
from connectors.records import Mailbox, Message, Reject

STREAM = "mail"
PAGE = 500  # messages; with their headers some megabytes, and larger pages time out
_SIZE = f"odata.maxpagesize={PAGE}"
_IDS_SIZE = "odata.maxpagesize=1000"
_TIMES = ("seen_at", "since", "compared_at")


@dataclass(frozen=True, slots=True)
class _Known:
    """The cursor of the mailbox.

    names               well-known names of folders -> ids
    headers_refused_at  when the tenant would not give internetMessageHeaders; None where it does
    """

    names: Mapping[str, str]
    headers_refused_at: datetime | None

    def text(self) -> str:
        """As it is stored."""
        at = self.headers_refused_at
        state = {"names": self.names, "headers_refused_at": at and at.isoformat()}
        return json.dumps(state, sort_keys=True)

    @classmethod
    def read(cls, cursor: str | None) -> "_Known":
        """What ``text`` wrote; nothing known where there is none."""
        state = json.loads(cursor or "{}")
        at = state.get("headers_refused_at")
        return cls(state.get("names", {}), at and datetime.fromisoformat(at))


@dataclass(frozen=True, slots=True)
class _State:
    """The cursor of one folder.

    link         path to go on with
    is_over      whether the link asks for what is new; else for the rest of a round
    seen_at      when the folder was last heard of; while it is listed again, before that began
    since        the horizon of what was kept
    listing      whether it is being listed again, to be swept at the end
    compared_at  when all that it held was last listed
    ids_link     path to go on with where ids are being listed; else None
    """

    link: str
    is_over: bool
    seen_at: datetime
    since: datetime
    listing: bool
    compared_at: datetime
    ids_link: str | None = None

    def text(self) -> str:
        """As it is stored."""
        times = {name: getattr(self, name).isoformat() for name in _TIMES}
        return json.dumps(asdict(self) | times, sort_keys=True)

    @classmethod
    def read(cls, cursor: str) -> "_State":
        """What ``text`` wrote; an earlier kith did not yet write when ids were compared."""
        state = json.loads(cursor)
        state.setdefault("compared_at", state["seen_at"])
        return cls(**state | {name: datetime.fromisoformat(state[name]) for name in _TIMES})


@dataclass(slots=True)
class Pull:
    """One pull of the mail of one mailbox.

    root                path of the mailbox in Graph
    cursors             stream -> cursor, as stored
    since               no older message is kept
    recipient           reads who stands in an item
    headers_refused_at  when internetMessageHeaders were refused; None while they are asked for
    at                  when this pull began, by the provider's clock
    """

    graph: Graph
    root: str
    mailbox: Mailbox
    cursors: Mapping[str, str]
    held: Held
    since: datetime
    recipient: Recipient = values.recipient
    choices: Choices = DEFAULT
    headers_refused_at: datetime | None = None
    at: datetime | None = None

    def pages(self) -> Iterator[Page]:
        """Everything that is new. Raises PullProblem and Stopped."""
        known = _Known.read(self.cursors.get(STREAM))
        found = folders.look(
            self.graph,
            self.root,
            known.names,
            lambda folder_id: _stream(folder_id) in self.cursors,
            with_hidden=self.choices.hidden_folders,
        )
        self.at, self.headers_refused_at = found.at, known.headers_refused_at
        if self.headers_refused_at and self._is_due(self.headers_refused_at, found.at):
            self.headers_refused_at = None
        total = sum(one.count for one in found.to_read)
        sent = found.names.get(folders.SENT)
        named = ((sent, "sent"),) if sent else ()
        cursor = _Known(found.names, self.headers_refused_at).text()
        yield Page(stream=STREAM, cursor=cursor, at=found.at, total=total, named=named)
        for one in found.to_read:
            yield from self._folder(one.id)
        yield from self._vanished({_stream(one.id) for one in found.to_read}, found.at)
        # Whatever came before the folders were asked for has been read.
        cursor = _Known(found.names, self.headers_refused_at).text()
        yield Page(stream=STREAM, cursor=cursor, at=found.at, is_complete=True, covers_to=found.at)

    def _is_due(self, last: datetime, at: datetime) -> bool:
        return at - last >= self.choices.reconcile_every

    def _folder(self, folder_id: str) -> Iterator[Page]:
        """What is new in a folder; where it is time for it, all that the folder holds.

        Ids are compared between two rounds and never during one: what a round brought while they
        were being listed would look as if it had left.
        """
        cursor = self.cursors.get(_stream(folder_id))
        state = _State.read(cursor) if cursor else None
        if state and state.ids_link and self.since >= state.since:
            state = yield from self._compared(folder_id, state)
        if state or not cursor:
            state = yield from self._changed(folder_id, state)
        if state and self._is_due(state.compared_at, state.seen_at):
            yield from self._compared(folder_id, state)

    def _changed(
        self, folder_id: str, state: _State | None
    ) -> Generator[Page, None, _State | None]:
        """One delta round, begun again at most once where its state is lost; the state after it.

        A round that an earlier pull began says nothing of what happened since then: after its
        end what is new is asked for once more. None where the folder has gone a moment ago; the
        next pull sweeps it.
        """
        begins = state is None or self.since < state.since  # what was too old then is wanted now
        is_old = not begins and not state.is_over
        path = self._first_path(folder_id) if begins else state.link
        may_begin_again = may_drop_headers = True
        while path:
            try:
                step = self.graph.step(path, IMMUTABLE_IDS, _SIZE)
            except Refused as refused:
                if refused.is_missing:
                    return None
                # A stored link may still ask for headers that are known to be refused.
                if may_drop_headers and refused.names(messages.HEADERS):
                    self.headers_refused_at, may_drop_headers = self.at, False
                elif may_begin_again and refused.is_expired:
                    may_begin_again = False
                else:
                    raise
                path, begins, is_old = self._first_path(folder_id), True, False
                continue
            page, state = self._page(folder_id, step, state, begins=begins)
            yield page
            path, begins = step.next, False
            if is_old and state.is_over:
                path, is_old = state.link, False
        return state

    def _select(self) -> str:
        return messages.select(with_headers=self.headers_refused_at is None)

    def _first_path(self, folder_id: str) -> str:
        # Without $filter: with it a round ends after 5,000 messages.
        return (
            f"{self.root}/mailFolders/{segment(folder_id)}/messages/delta"
            f"?$select={self._select()}&$orderby=receivedDateTime%20desc"
        )

    def _page(
        self, folder_id: str, step: Step, state: _State | None, *, begins: bool
    ) -> tuple[Page, _State]:
        """One page of a round that ``begins`` here or goes on, and the state after it."""
        # Of a folder that was never read nothing is stored that a listing could miss.
        listing = state is not None and (begins or state.listing)
        is_last, link = step.next is None, step.next or step.delta
        if link is None:
            raise unusable()
        seen_at = state.seen_at if listing and not is_last else step.at
        compared_at = step.at if begins else state.compared_at
        after = _State(
            link, is_last, seen_at, self.since, listing and not is_last, compared_at=compared_at
        )
        last = _last(step.items)
        present = {one: item for one, item in last.items() if "@removed" not in item}
        records, filed = self._held_now(folder_id, present)
        page = Page(
            stream=_stream(folder_id),
            cursor=after.text(),
            at=step.at,
            records=records,
            filed=filed,
            unfiled=tuple((folder_id, one) for one in last if one not in present),
            is_last_folder=True,
            listed=tuple(present) if listing else (),
            starts_listing=listing and begins,
            sweep=Sweep(kind="folder", at=state.seen_at, within=folder_id)
            if listing and is_last
            else None,
        )
        return page, after

    def _held_now(
        self, folder_id: str, present: Mapping[str, Item]
    ) -> tuple[tuple[Message | Reject, ...], tuple[tuple[str, str], ...]]:
        """What the folder holds: records of what is new, ids of what is stored already.

        A stored message is never overwritten by an item that says less than it: by a partial
        update, or by one without headers.
        """
        poorer = [one for one, item in present.items() if not _is_rich(item)]
        stored = self.held(poorer) if poorer else set()
        records: list[Message | Reject] = []
        filed: list[tuple[str, str]] = []
        for message_id, item in present.items():
            if message_id in stored:
                filed.append((folder_id, message_id))
                continue
            whole = item if messages.is_whole(item) else self._fetched(message_id)
            records += self._records(whole, folder_id)
        return tuple(records), tuple(filed)

    def _records(self, item: Item | None, folder_id: str) -> Iterator[Message | Reject]:
        if item is None:
            return iter(())
        return messages.records(item, self.mailbox, folder_id, self.since, self.recipient)

    def _fetched(self, message_id: str) -> Item | None:
        """A message of which only its id is known; None where it has gone meanwhile."""
        path = f"{self.root}/messages/{segment(message_id)}?$select={self._select()}"
        try:
            return self.graph.get(path, IMMUTABLE_IDS).body
        except Refused as refused:
            if refused.is_missing:
                return None
            if self.headers_refused_at or not refused.names(messages.HEADERS):
                raise
        self.headers_refused_at = self.at
        return self._fetched(message_id)

    def _compared(self, folder_id: str, state: _State) -> Generator[Page, None, _State | None]:
        """Every id in a folder: what is not stored is fetched, what is not named has left.

        A round of its own and no plain listing, whose pages are counted by place: whatever is
        deleted meanwhile would shift another message past the end of a page.
        """
        first_path = (
            f"{self.root}/mailFolders/{segment(folder_id)}/messages/delta"
            f"?$select={','.join(messages.IDENTITY)}"
        )
        path, begins, may_begin_again = state.ids_link or first_path, not state.ids_link, True
        while path:
            try:
                step = self.graph.step(path, IMMUTABLE_IDS, _IDS_SIZE)
            except Refused as refused:
                if refused.is_missing:
                    return None
                if not (refused.is_expired and may_begin_again):
                    raise
                path, begins, may_begin_again = first_path, True, False
                continue
            page, state = self._ids_page(folder_id, step, state, begins=begins)
            yield page
            path, begins = step.next, False
        return state

    def _ids_page(
        self, folder_id: str, step: Step, state: _State, *, begins: bool
    ) -> tuple[Page, _State]:
        is_last = step.next is None
        after = replace(
            state, ids_link=step.next, compared_at=step.at if is_last else state.compared_at
        )
        present = {one: item for one, item in _last(step.items).items() if "@removed" not in item}
        stored = self.held(present)
        unknown = [
            one
            for one, item in present.items()
            if one not in stored and messages.may_be_kept(item, self.since)
        ]
        page = Page(
            stream=_stream(folder_id),
            cursor=after.text(),
            at=step.at,
            records=tuple(
                record for one in unknown for record in self._records(self._fetched(one), folder_id)
            ),
            filed=tuple((folder_id, one) for one in present if one in stored),
            is_last_folder=True,
            listed=tuple(present),
            starts_listing=begins,
            sweep=Sweep(kind="folder", at=state.compared_at, within=folder_id) if is_last else None,
        )
        return page, after

    def _vanished(self, present: set[str], at: datetime) -> Iterator[Page]:
        """Folders that are gone, or left out now.

        They come last: what lay in them may have come up elsewhere.
        """
        for stream, cursor in self.cursors.items():
            folder_id = stream.removeprefix(_stream(""))
            if stream == folder_id or stream in present:
                continue
            seen_at = _State.read(cursor).seen_at
            yield Page(
                stream=stream,
                cursor=None,
                at=at,
                starts_listing=True,
                sweep=Sweep(kind="folder", at=seen_at, within=folder_id),
                is_last_folder=True,
            )


def _stream(folder_id: str) -> str:
    return f"{STREAM}:{folder_id}"


def _is_rich(item: Item) -> bool:
    return messages.is_whole(item) and messages.HEADERS in item


def _last(items: Iterable[Item]) -> dict[str, Item]:
    """What each id comes to on a page, in order of its last mention.

    A message may come many times in one round: updates add up, a removal ends what was before it.
    """
    last: dict[str, Item] = {}
    for item in items:
        message_id = values.text(item, "id")
        if message_id is None:
            continue
        before = last.pop(message_id, {})
        is_new = "@removed" in item or "@removed" in before
        last[message_id] = item if is_new else {**before, **item}
    return last
