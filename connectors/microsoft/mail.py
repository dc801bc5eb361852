"""The mail of one mailbox: folder by folder, newest first, afterwards only what has changed.

Here: delta rounds with their links, what a change means for a folder, listings begun again.
Not here: which folders (folders.py), what a message says (messages.py), requests (graph.py).

Outlook counts changes for each folder on its own. A move is a removal here and an arrival there, in
either order, under the same id: so a folder only ever says what it holds, and a message has gone
when no folder holds it. A link may lose its state at any time, also that of a next page; then the
folder is listed again, and what the listing does not name has left it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from connectors.microsoft import folders, messages, values
from connectors.microsoft.exchange import Recipient
from connectors.microsoft.graph import IMMUTABLE_IDS, Graph, Step, segment, unusable
from connectors.microsoft.refusals import Refused
from connectors.microsoft.values import Item
from connectors.pages import Held, Page, Sweep
from connectors.records import Mailbox, Message, Reject

STREAM = "mail"
PAGE = 500  # messages; with their headers some megabytes, and larger pages time out
_SIZE = f"odata.maxpagesize={PAGE}"


@dataclass(frozen=True, slots=True)
class _State:
    """The cursor of one folder.

    link     path to go on with
    is_over  whether the link asks for what is new; else for the rest of a round
    seen_at  when the folder was last heard of; while it is listed again, before that began
    since    the horizon of what was kept
    listing  whether it is being listed again, to be swept at the end
    """

    link: str
    is_over: bool
    seen_at: datetime
    since: datetime
    listing: bool

    def text(self) -> str:
        """As it is stored."""
        times = {"seen_at": self.seen_at.isoformat(), "since": self.since.isoformat()}
        return json.dumps(asdict(self) | times, sort_keys=True)

    @classmethod
    def read(cls, cursor: str) -> "_State":
        """What ``text`` wrote."""
        state = json.loads(cursor)
        times = {name: datetime.fromisoformat(state[name]) for name in ("seen_at", "since")}
        return cls(**state | times)


@dataclass(slots=True)
class Pull:
    """One pull of the mail of one mailbox.

    root          path of the mailbox in Graph
    cursors       stream -> cursor, as stored
    since         no older message is kept
    recipient     reads who stands in an item
    with_headers  whether internetMessageHeaders is given with this permission in this tenant
    """

    graph: Graph
    root: str
    mailbox: Mailbox
    cursors: Mapping[str, str]
    held: Held
    since: datetime
    recipient: Recipient = values.recipient
    with_headers: bool = True

    def pages(self) -> Iterator[Page]:
        """Everything that is new. Raises PullProblem and Stopped."""
        names = json.loads(self.cursors.get(STREAM, "{}"))
        found = folders.look(
            self.graph, self.root, names, lambda folder_id: _stream(folder_id) in self.cursors
        )
        cursor = json.dumps(found.names, sort_keys=True)
        total = sum(one.count for one in found.to_read)
        sent = found.names.get(folders.SENT)
        named = ((sent, "sent"),) if sent else ()
        yield Page(stream=STREAM, cursor=cursor, at=found.at, total=total, named=named)
        for one in found.to_read:
            yield from self._folder(one.id)
        yield from self._vanished({_stream(one.id) for one in found.to_read}, found.at)
        # Whatever came before the folders were asked for has been read.
        yield Page(stream=STREAM, cursor=cursor, at=found.at, is_complete=True, covers_to=found.at)

    def _folder(self, folder_id: str) -> Iterator[Page]:
        """One delta round, begun again at most once where its state is lost.

        A round that an earlier pull began says nothing of what happened since then: after its
        end what is new is asked for once more.
        """
        cursor = self.cursors.get(_stream(folder_id))
        state = _State.read(cursor) if cursor else None
        begins = state is None or self.since < state.since  # what was too old then is wanted now
        is_old = not begins and not state.is_over
        path = self._first_path(folder_id) if begins else state.link
        may_begin_again = may_drop_headers = True
        while path:
            try:
                step = self.graph.step(path, IMMUTABLE_IDS, _SIZE)
            except Refused as refused:
                if refused.is_missing:  # deleted a moment ago; the next pull sweeps it
                    return
                if may_drop_headers and refused.names(messages.HEADERS):
                    self.with_headers = may_drop_headers = False
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

    def _first_path(self, folder_id: str) -> str:
        # Without $filter: with it a round ends after 5,000 messages.
        return (
            f"{self.root}/mailFolders/{segment(folder_id)}/messages/delta"
            f"?$select={messages.select(self.with_headers)}&$orderby=receivedDateTime%20desc"
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
        after = _State(link, is_last, seen_at, self.since, listing=listing and not is_last)
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
            if whole is not None:
                records += messages.records(
                    whole, self.mailbox, folder_id, self.since, self.recipient
                )
        return tuple(records), tuple(filed)

    def _fetched(self, message_id: str) -> Item | None:
        """A message of which only a change came; None where it has gone meanwhile."""
        query = f"$select={messages.select(self.with_headers)}"
        try:
            path = f"{self.root}/messages/{segment(message_id)}?{query}"
            return self.graph.get(path, IMMUTABLE_IDS).body
        except Refused as refused:
            if not refused.is_missing:
                raise
            return None

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
