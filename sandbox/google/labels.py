"""Gmail's labels: what the folders of a box are there.

Here: label ids of a copy, the list of labels. Gmail has no folders: a copy keeps SENT wherever it
goes, and one that lies in the archive has no label of place.
"""

from collections.abc import Mapping
from typing import Any

from sandbox.boxes import ARCHIVE, DRAFTS, INBOX, SENT, SPAM, TRASH, Box, Copy
from sandbox.life import Letter

_PLACES = {INBOX: "INBOX", TRASH: "TRASH", SPAM: "SPAM"}
_CATEGORIES = ("PERSONAL", "SOCIAL", "PROMOTIONS", "UPDATES", "FORUMS")
SYSTEM = (
    "CHAT",
    "SENT",
    "INBOX",
    "IMPORTANT",
    "TRASH",
    "DRAFT",
    "SPAM",
    *(f"CATEGORY_{name}" for name in _CATEGORIES),
    "STARRED",
    "UNREAD",
)


def of(box: Box, copy: Copy, folder: str, *, is_read: bool) -> list[str]:
    """Label ids that a copy has in a folder."""
    if folder == DRAFTS:
        return ["DRAFT"]
    found = []
    if not is_read:
        found.append("UNREAD")
    if copy.is_own:
        found.append("SENT")
        if folder == SENT and box.addresses.intersection((*copy.letter.to, *copy.letter.cc)):
            found.append("INBOX")
    else:
        found.append(_category(copy.letter))
    if folder in _PLACES:
        found.append(_PLACES[folder])
    elif folder not in (SENT, ARCHIVE):
        found.append(_made(box, folder))
    return found


def now(box: Box, copy: Copy) -> list[str]:
    """Label ids that a copy has."""
    return of(box, copy, copy.folder, is_read=copy.is_read)


def known(box: Box) -> dict[str, dict[str, Any]]:
    """Every label of a box by its id."""
    system = {name: {"id": name, "name": name, "type": "system"} for name in SYSTEM}
    return system | {_made(box, name): _made_label(box, name) for name in box.made_folders}


def _made(box: Box, folder: str) -> str:
    return f"Label_{box.made_folders.index(folder) + 1}"


def _made_label(box: Box, folder: str) -> Mapping[str, Any]:
    return {
        "id": _made(box, folder),
        "name": folder,
        "messageListVisibility": "show",
        "labelListVisibility": "labelShow",
        "type": "user",
    }


def _category(letter: Letter) -> str:
    names = {name for name, _ in letter.headers}
    if "List-Id" in names:
        return "CATEGORY_FORUMS"
    if "Precedence" in names:
        return "CATEGORY_PROMOTIONS"
    return "CATEGORY_UPDATES" if "Auto-Submitted" in names else "CATEGORY_PERSONAL"
