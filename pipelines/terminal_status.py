"""The answer of `kith status` on a terminal: a summary, then what is not well.

Here: its sentences and tables. Not here: the figures (status.py), how a table is drawn
(terminal.py).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from pipelines.terminal import plain, table

if TYPE_CHECKING:
    from pipelines.status import MailboxStatus, Status

_WELL = "ok"
_SOURCES = {"mail": "messages", "calendar": "calendar entries"}


def status(console: Console, found: "Status", *, lists_all: bool) -> None:
    """Print the summary; of the mailboxes those that are not well, or all of them."""
    for line in _summary(found):
        console.print(Text(line), soft_wrap=True)
    left_out = [one for one in found.outcomes if one.outcome != "contact"]
    if left_out:
        rows = [
            (_SOURCES[one.source], one.outcome.replace("_", " "), one.copy_count)
            for one in left_out
        ]
        table(console, ("copies of", "no contact because", "count"), rows, "left out")
    if found.rejects:
        table(console, ("not stored because", "count"), found.rejects, "not stored")
    accounts = [one for one in found.accounts if lists_all or one.state != _WELL]
    if accounts:
        rows = [(one.account, _state(one.state, one.cure)) for one in accounts]
        table(console, ("account", "state"), rows, "accounts", prose=("state",))
    _ill(console, found)
    if lists_all:
        _all(console, found)


def _summary(found: "Status") -> Iterator[str]:
    demo = " (demo)" if found.is_demo else ""
    yield f"{found.data_folder}{demo}"
    if found.accounts:
        well = sum(one.state == _WELL for one in found.accounts)
        yield f"accounts: {len(found.accounts)}, of which {well} ok"
    states = ", ".join(f"{count:,} {plain(state)}" for state, count in found.mailbox_states.items())
    yield f"mailboxes and archives: {len(found.mailboxes):,}" + (f" ({states})" if states else "")
    yield f"read: {found.message_count:,} messages, {found.event_count:,} calendar entries"
    for source, what in _SOURCES.items():
        counts = {one.outcome: one.copy_count for one in found.outcomes if one.source == source}
        if counts:
            contact, all_copies = counts.get("contact", 0), sum(counts.values())
            yield f"of {all_copies:,} computed copies of {what}, {contact:,} make contact"
    for name in found.set_aside:
        yield f"{name}: did not open and was set aside; kith run rebuilt what it can"
    yield f"published: {found.published_files} files, {found.published_rows:,} rows"
    if found.shared_files:
        # Only an organisation has tables that are made to be shared.
        yield f"to be shared: {found.shared_files} files, {found.shared_rows:,} rows"


def _ill(console: Console, found: "Status") -> None:
    """Who is not well, below what ails them and its cure, which many may have in common."""
    ill: dict[str, list[MailboxStatus]] = {}
    for box in found.mailboxes:
        if box.state != _WELL:
            ill.setdefault(_state(box.state, box.cure), []).append(box)
    for state, boxes in ill.items():
        console.print(Text(f"{len(boxes):,} {plain(state)}"), soft_wrap=True)
        for box in boxes:
            console.print(Text(f"    {plain(box.mailbox)}"), soft_wrap=True)


def _all(console: Console, found: "Status") -> None:
    columns = ("mailbox", "messages", "events", "first", "last")
    rows = [
        (
            box.mailbox,
            box.message_count,
            box.event_count,
            *(f"{at:%Y-%m}" if at else "" for at in (box.first_at, box.last_at)),
        )
        for box in found.mailboxes
    ]
    table(console, columns, rows, "mailboxes and archives")


def _state(state: str, cure: str | None) -> str:
    return state + (f": {cure}" if cure else "")
