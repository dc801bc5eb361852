"""Which mail folders of a mailbox are read.

Here: the tree of folders, the well-known ones, what is left out.
Not here: what lies in a folder (mail.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from connectors.microsoft import values
from connectors.microsoft.graph import IMMUTABLE_IDS, Graph, segment
from connectors.microsoft.refusals import Refused
from connectors.microsoft.values import Item

_QUERY = "$top=100&$select=id,childFolderCount,totalItemCount"
_HIDDEN = "&includeHiddenFolders=true"
SENT = "sentitems"
_FIRST = ("inbox", SENT)
# Never sent, not wanted, thrown away, no mail. A message moved into one of them has left the
# others: that deletes it here, as it does for the person.
_LEFT_OUT = ("drafts", "junkemail", "deleteditems", "outbox", "conversationhistory", "syncissues")
_SEARCH = "#microsoft.graph.mailSearchFolder"  # shows messages that lie in other folders


@dataclass(frozen=True, slots=True)
class Folder:
    """One mail folder.

    parent       id of the folder that it lies in; None at the top
    count        messages in it, by the provider's count
    is_parent    whether folders lie in it
    """

    id: str
    parent: str | None
    count: int
    is_parent: bool


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders to read.

    names  the well-known names that are known so far -> ids
    at     when the mailbox was asked for them; UTC
    """

    to_read: tuple[Folder, ...]
    names: Mapping[str, str]
    at: datetime


def look(
    graph: Graph,
    root: str,
    names: Mapping[str, str],
    is_known: Callable[[str], bool],
    *,
    with_hidden: bool = False,
) -> Folders:
    """The folders of a mailbox that are read, inbox and sent items first.

    names        what an earlier look found out
    is_known     whether a folder has been read before; only a new one can be a well-known one
    with_hidden  whether those are among them that Outlook does not show
    """
    found, at = _tree(graph, root, _left_out(names), _HIDDEN if with_hidden else "")
    if any(one.id not in names.values() and not is_known(one.id) for one in found):
        names = {**names, **_learned(graph, root, names)}
    dropped = _left_out(names)
    for one in found:  # parents come before what lies in them
        if one.parent in dropped:
            dropped.add(one.id)
    first = [names.get(name) for name in _FIRST]
    kept = [one for one in found if one.id not in dropped]
    kept.sort(key=lambda one: first.index(one.id) if one.id in first else len(first))
    return Folders(tuple(kept), names, at)


def _left_out(names: Mapping[str, str]) -> set[str]:
    return {names[name] for name in _LEFT_OUT if name in names}


def _tree(graph: Graph, root: str, closed: set[str], hidden: str) -> tuple[list[Folder], datetime]:
    """Every folder that is not within a ``closed`` one, and when the first page came."""
    step = graph.step(f"{root}/mailFolders?{_QUERY}{hidden}", IMMUTABLE_IDS)
    at = step.at
    found = [_folder(item, None) for item in step.items]
    while step.next:
        step = graph.step(step.next, IMMUTABLE_IDS)
        found += [_folder(item, None) for item in step.items]
    found = [one for one in found if one]
    for one in found:  # grows while it is walked
        # Hidden folders are not counted among the children.
        if (one.is_parent or hidden) and one.id not in closed:
            found += _children(graph, root, one.id, hidden)
    return found, at


def _children(graph: Graph, root: str, parent: str, hidden: str) -> list[Folder]:
    path = f"{root}/mailFolders/{segment(parent)}/childFolders?{_QUERY}{hidden}"
    found = []
    try:
        for step in graph.steps(path, IMMUTABLE_IDS):
            found += [_folder(item, parent) for item in step.items]
    except Refused as refused:
        if not refused.is_missing:  # else it was deleted a moment ago
            raise
    return [one for one in found if one]


def _folder(item: Item, parent: str | None) -> Folder | None:
    folder_id, count = values.text(item, "id"), item.get("totalItemCount")
    if folder_id is None or item.get("@odata.type") == _SEARCH:
        return None
    count = count if isinstance(count, int) else 0
    return Folder(folder_id, parent, count, item.get("childFolderCount") != 0)


def _learned(graph: Graph, root: str, names: Mapping[str, str]) -> dict[str, str]:
    """The well-known folders that were not known yet; no property of v1.0 says which they are."""
    found = {}
    for name in (*_FIRST, *_LEFT_OUT):
        if name in names:
            continue
        try:
            answer = graph.get(f"{root}/mailFolders/{name}?$select=id", IMMUTABLE_IDS)
        except Refused as refused:
            if not refused.is_missing:
                raise
            continue
        if folder_id := values.text(answer.body, "id"):
            found[name] = folder_id
    return found
