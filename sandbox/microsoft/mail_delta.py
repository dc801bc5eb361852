"""messages/delta: one folder first whole, then what happened to it.

Here: rounds, pages of a round, links, Graph's manners with them (GraphQuirks).
Not here: how a message looks (messages.py), folders (folders.py), plain listings (mail.py).

A round stands in its token: the change it began after, the one it ends with, how far its pages
have come. The first round walks the folder by number of the copies, so that what is deleted
meanwhile never makes it skip another; later rounds walk the box's log.
"""

import re
from bisect import bisect_right
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import NamedTuple

from sandbox.boxes import Change, Copy
from sandbox.exchange import Answer
from sandbox.microsoft.asking import Asking, page, selected
from sandbox.microsoft.folders import Folder
from sandbox.microsoft.messages import DEFAULT, KEPT_BACK, PROPERTIES, Mailbox, instant
from sandbox.microsoft.refusal import Refusal, bad_query
from sandbox.microsoft.sealing import seal, share, unseal

_FILTERED_MOST = 5_000
_OPTIONS = ("$select", "$filter", "$orderby", "changeType", "$top")
_FILTER = re.compile(r"receivedDateTime\s+(ge|gt)\s+(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.0+)?Z)")
_FIRST = -1
_NEWEST_FIRST = "receiveddatetime desc"
_FULL, _FLAG, _GONE = "created", "updated", "deleted"


class _Item(NamedTuple):
    """One line of a round: number of the copy, and what is said of it."""

    number: int
    what: str


@dataclass(frozen=True, slots=True)
class _Round:
    """A round and how far its pages have come.

    since      the change it begins after; FIRST for the walk through the whole folder
    until      the change it ends with
    newest     number of the newest copy when the walk began
    at         walk: number of the copy served last; later rounds: items served; None before
    pages      served so far
    served     messages served so far, for the cut of filtered walks
    was_empty  the last page held nothing
    options    query options of the request that began it all
    """

    owner: str
    folder: str
    generation: int
    options: dict[str, str]
    since: int
    until: int
    newest: int
    at: int | None = None
    pages: int = 0
    served: int = 0
    was_empty: bool = False

    @property
    def is_walk(self) -> bool:
        """Whether this is the first round."""
        return self.since == _FIRST

    @property
    def filed_since(self) -> tuple[str, bool] | None:
        """From $filter: a time as Graph writes it, and whether that time itself is meant."""
        match = _FILTER.fullmatch(self.options.get("$filter", ""))
        return match and (f"{match[2][:19]}Z", match[1] == "ge")

    def token(self) -> str:
        """What a link carries."""
        return seal("mail-delta", asdict(self))


def delta(asking: Asking, mailbox: Mailbox, owner: str, folder: Folder, path: str) -> Answer:
    """One page. ``path`` is that of the request, for its links."""
    current = _round(asking, mailbox, owner, folder, path)
    select = selected(current.options.get("$select"), PROPERTIES, DEFAULT, KEPT_BACK)
    size = asking.page_size(int(current.options.get("$top", 10)), 1000)
    context = f"{asking.url}/$metadata#Collection(message)"
    if _is_empty_page(asking, current):
        following = replace(current, pages=current.pages + 1, was_empty=True)
        return page(context, (), nextLink=asking.link(path, skiptoken=following.token()))
    if current.is_walk:
        items, at, is_last = _walk(asking, mailbox, current, size)
    else:
        items, at, is_last = _changes(asking, mailbox, current, size)
    texts = [_text(asking, mailbox, folder, one, select) for one in items]
    if is_last:
        return page(context, texts, deltaLink=asking.link(path, deltatoken=current.token()))
    following = replace(
        current,
        at=at,
        pages=current.pages + 1,
        served=current.served + len(items),
        was_empty=False,
    )
    return page(context, texts, nextLink=asking.link(path, skiptoken=following.token()))


def _round(asking: Asking, mailbox: Mailbox, owner: str, folder: Folder, path: str) -> _Round:
    """The round that a request begins or goes on with. Raises Refusal."""
    log = mailbox.box.log
    until = log[-1].seq if log else 0
    skip_token, delta_token = asking.option("$skiptoken"), asking.option("$deltatoken")
    if not skip_token and not delta_token:
        options = _options(asking)
        newest = next((copy.number for copy in mailbox.box.newest_first()), 0)
        generation = asking.quirks.generation
        return _Round(owner, folder.name, generation, options, _FIRST, until, newest)
    content = unseal("mail-delta", skip_token or delta_token)
    if content is None or (content["owner"], content["folder"]) != (owner, folder.name):
        raise Refusal(400, "SyncStateInvalid", "The sync state is invalid for this request.")
    current = _Round(**content)
    check_generation(asking, current.generation, asking.link(path, deltatoken=""))
    if skip_token:
        return current
    return replace(
        current, since=current.until, until=until, at=None, pages=0, served=0, was_empty=False
    )


def check_generation(asking: Asking, generation: int, fresh: str) -> None:
    """Raise Refusal for a sync state that is over, the way ``expired_answer`` says.

    fresh  link that begins anew
    """
    highest, how = asking.quirks.generation, asking.quirks.expired_answer
    if generation == highest:
        return
    message = (
        f"The sync state generation is not found; generation={generation};"
        f"[highest={highest}][{highest}][{highest}][{highest}]."
    )
    if how == "bad_request":
        raise Refusal(400, "SyncStateNotFound", message)
    if how == "gone":
        raise Refusal(410, "SyncStateNotFound", message)
    raise Refusal(410, "resyncRequired", message, {"Location": fresh})


def _options(asking: Asking) -> dict[str, str]:
    """The query options of a first request. Raises Refusal for what deltas do not take."""
    asking.only("$select", "$filter", "$orderby", "$top", "$deltatoken")
    asking.top(10, 1000)
    options = {name: asking.option(name) for name in _OPTIONS}
    options = {name: value for name, value in options.items() if value is not None}
    if options.get("$orderby", _NEWEST_FIRST).lower() != _NEWEST_FIRST:
        raise bad_query("Change tracking takes $orderby=receivedDateTime desc only.")
    if "$filter" in options and not _FILTER.fullmatch(options["$filter"]):
        raise bad_query("Change tracking takes $filter=receivedDateTime ge|gt a time only.")
    if options.get("changeType", _FULL) not in (_FULL, _FLAG, _GONE):
        raise bad_query("changeType takes created, updated or deleted.")
    return options


def _is_empty_page(asking: Asking, current: _Round) -> bool:
    if current.was_empty:
        return False
    where = (current.owner, current.folder, str(current.since), str(current.pages))
    return _hits(asking, "empty", asking.quirks.empty_page_share, *where)


def _hits(asking: Asking, what: str, wanted: float, *where: str) -> bool:
    return wanted > 0 and share(str(asking.quirks.seed), what, *where) < wanted


def _walk(
    asking: Asking, mailbox: Mailbox, current: _Round, size: int
) -> tuple[list[_Item], int | None, bool]:
    """One page of the whole folder: items, where it ended, whether it was the last."""
    if "$orderby" in current.options:
        left = mailbox.box.copies_before(current.newest + 1 if current.at is None else current.at)
    else:
        left = mailbox.box.copies_after(current.at or 0)
    wanted = (
        one
        for one in left
        if one.folder == current.folder
        and one.number <= current.newest
        and _is_within(current, one)
    )
    if current.filed_since:
        size = min(size, _FILTERED_MOST - current.served)
    picked = [_Item(one.number, _FULL) for one in islice(wanted, size + 1)]
    items = _with_repeats(asking, current, picked[:size])
    is_cut = current.filed_since and current.served + size >= _FILTERED_MOST
    is_last = bool(is_cut) or (len(picked) <= size and len(items) <= size)
    items = items[:size]
    return items, (items[-1].number if items else current.at), is_last


def _is_within(current: _Round, copy: Copy) -> bool:
    if current.filed_since is None:
        return True
    since, itself = current.filed_since
    received = instant(copy.letter.sent_at)
    return received > since or (itself and received == since)


def _changes(
    asking: Asking, mailbox: Mailbox, current: _Round, size: int
) -> tuple[list[_Item], int | None, bool]:
    """One page of what happened to the folder: items, how many so far, whether it was the last."""
    items = [
        one
        for one in _happened(asking, mailbox, current)
        if current.options.get("changeType", one.what) == one.what
    ]
    items = _with_repeats(asking, current, items)
    if "changeType" not in current.options:
        items += _replays(asking, mailbox, current)
    at = (current.at or 0) + size
    return items[at - size : at], at, at >= len(items)


def _happened(asking: Asking, mailbox: Mailbox, current: _Round) -> list[_Item]:
    """What the round says of each copy, once, in the order in which they were last touched."""
    touched: dict[int, list[Change]] = {}
    for change in _log(mailbox, current):
        if current.folder in (change.folder, change.before):
            touched.setdefault(change.number, []).append(change)
    items = []
    for number, changes in touched.items():
        last = changes[-1]
        is_back = changes[0].before == last.folder == current.folder
        if asking.quirks.misses_returns and mailbox.immutable and is_back:
            continue
        if _hits(asking, "lost", asking.quirks.lost_share, current.owner, str(number)):
            continue
        if last.kind == "deleted" or last.folder != current.folder:
            items.append(_Item(number, _GONE))
        elif all(change.kind == "read" for change in changes):
            items.append(_Item(number, _FLAG))
        else:
            items.append(_Item(number, _FULL))
    return items


def _log(mailbox: Mailbox, current: _Round) -> list[Change]:
    log = mailbox.box.log
    since = bisect_right(log, current.since, key=_seq)
    return log[since : bisect_right(log, current.until, key=_seq)]


def _seq(change: Change) -> int:
    return change.seq


def _with_repeats(asking: Asking, current: _Round, items: list[_Item]) -> list[_Item]:
    """Items, some of them twice in a row."""
    wanted = asking.quirks.repeat_share
    if not wanted:
        return items
    return [
        again
        for one in items
        for again in [one] * (1 + _hits(asking, "repeat", wanted, current.owner, str(one.number)))
    ]


def _replays(asking: Asking, mailbox: Mailbox, current: _Round) -> list[_Item]:
    """Copies in the folder that nothing happened to."""
    wanted = asking.quirks.replay_share
    if not wanted:
        return []
    where = (current.owner, str(current.until))
    return [
        _Item(copy.number, _FULL)
        for copy in mailbox.box.copies()
        if copy.folder == current.folder
        and copy.seq <= current.since
        and _hits(asking, "replay", wanted, *where, str(copy.number))
    ]


def _text(
    asking: Asking, mailbox: Mailbox, folder: Folder, one: _Item, select: tuple[str, ...]
) -> str:
    """An item as JSON. What left the folder after the round ended is told of as gone already."""
    copy = mailbox.box.copy(one.number)
    if one.what == _GONE or copy is None or copy.folder != folder.name:
        gone = mailbox.ids.message(one.number, None if mailbox.immutable else folder.name)
        return (
            '{"@odata.type":"#microsoft.graph.message","id":"'
            + gone
            + '","@removed":{"reason":"deleted"}}'
        )
    if one.what == _FLAG and asking.quirks.partial_updates:
        return mailbox.read_flag(copy)
    return mailbox.message(copy, select)
