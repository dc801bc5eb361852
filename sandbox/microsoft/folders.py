"""The mail folders of one mailbox as Graph shows them.

Here: well-known folders, folders that people made and folders inside those, their counts.
Not here: the messages inside (mail.py, mail_delta.py).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.boxes import ARCHIVE, DRAFTS, INBOX, SENT, SPAM, TRASH, Box
from sandbox.exchange import Answer
from sandbox.microsoft.asking import Asking, item, page
from sandbox.microsoft.items import Ids
from sandbox.microsoft.refusal import Refusal

ROOT = "root"
# name in the world -> well-known name in a path, display name
_WELL_KNOWN = {
    INBOX: ("inbox", "Inbox"),
    SENT: ("sentitems", "Sent Items"),
    DRAFTS: ("drafts", "Drafts"),
    TRASH: ("deleteditems", "Deleted Items"),
    SPAM: ("junkemail", "Junk Email"),
    ARCHIVE: ("archive", "Archive"),
    "outbox": ("outbox", "Outbox"),
}
_HIDDEN = {"quick-steps": "Quick Step Settings", "conversation-actions": "Conversation Actions"}
_SELECTABLE = (
    "displayName parentFolderId childFolderCount unreadItemCount totalItemCount isHidden".split()
)
_DEFAULT = tuple(_SELECTABLE)


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder. ``name`` is the world's; a slash in it means a folder inside a folder."""

    name: str
    label: str
    parent: str
    is_hidden: bool = False


def folders(box: Box) -> list[Folder]:
    """Every folder of a box, well-known ones first."""
    found = {name: Folder(name, label, ROOT) for name, (_, label) in _WELL_KNOWN.items()}
    for path in (one for one in box.made_folders if one not in _HIDDEN):
        parent = ROOT
        for label in path.split("/"):
            name = label if parent == ROOT else f"{parent}/{label}"
            found.setdefault(name, Folder(name, label, parent))
            parent = name
    hidden = (Folder(name, label, ROOT, is_hidden=True) for name, label in _HIDDEN.items())
    return [*found.values(), *hidden]


def folder_named(box: Box, ids: Ids, wanted: str) -> Folder:
    """A folder by id or well-known name. Raises Refusal, 404."""
    for one in folders(box):
        well_known = _WELL_KNOWN.get(one.name, ("",))[0]
        if wanted in (ids.folder(one.name), well_known) or wanted.lower() == well_known:
            return one
    raise Refusal(
        404, "ErrorFolderNotFound", "The specified folder could not be found in the store."
    )


def listing(asking: Asking, box: Box, ids: Ids, context: str, parent: str = ROOT) -> Answer:
    """The folders right under one, in pages of 10 unless $top asks for more."""
    asking.only("$top", "$skip", "$select")
    select = asking.select(_SELECTABLE, _DEFAULT)
    shows_hidden = (asking.option("includeHiddenFolders") or "").lower() == "true"
    wanted = [
        one for one in folders(box) if one.parent == parent and (shows_hidden or not one.is_hidden)
    ]
    top, skip = asking.top(10, 1000), asking.skip()
    texts = _texts(box, ids, wanted[skip : skip + top], select)
    links = {}
    if skip + top < len(wanted):
        options = {"top": str(top), "skip": str(skip + top)}
        if asking.option("$select"):
            options["select"] = asking.option("$select")
        next_link = asking.link(context, **options)
        links["nextLink"] = next_link + ("&includeHiddenFolders=true" if shows_hidden else "")
    return page(f"{asking.url}/$metadata#{context}", texts, **links)


def single(asking: Asking, box: Box, ids: Ids, context: str, folder: Folder) -> Answer:
    """One folder."""
    asking.only("$select")
    select = asking.select(_SELECTABLE, _DEFAULT)
    (text,) = _texts(box, ids, [folder], select)
    return item(f"{asking.url}/$metadata#{context}/$entity", text)


def _texts(box: Box, ids: Ids, wanted: list[Folder], select: tuple[str, ...]) -> Iterator[str]:
    total: dict[str, int] = {}
    unread: dict[str, int] = {}
    for copy in box.copies():
        total[copy.folder] = total.get(copy.folder, 0) + 1
        unread[copy.folder] = unread.get(copy.folder, 0) + (not copy.is_read)
    children: dict[str, int] = {}
    for one in folders(box):
        children[one.parent] = children.get(one.parent, 0) + (not one.is_hidden)
    for one in wanted:
        shown = {
            "displayName": one.label,
            "parentFolderId": ids.folder(one.parent),
            "childFolderCount": children.get(one.name, 0),
            "unreadItemCount": unread.get(one.name, 0),
            "totalItemCount": total.get(one.name, 0),
            "isHidden": one.is_hidden,
        }
        picked = {"id": ids.folder(one.name)} | {name: shown[name] for name in select}
        yield json.dumps(picked)
