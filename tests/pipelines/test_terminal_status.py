"""What kith status says first, whom it lists, and that no address is cut."""

import io
from datetime import UTC, datetime

from rich.console import Console

from pipelines.status import MailboxStatus, Share, Status
from pipelines.terminal_status import status

LONG = "anastasia.featherstonehaugh@engineering.lindenhof.example"
ILL = "closed to this app"


def box(mailbox: str, state: str = "ok", cure: str | None = None) -> MailboxStatus:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return MailboxStatus(mailbox, "google", state, cure, 1200, 30, at, at, at)


def printed(*boxes: MailboxStatus, lists_all: bool = False) -> str:
    found = Status(
        data_folder="data",
        is_demo=False,
        accounts=(),
        mailbox_states={"ok": 2, ILL: 2},
        message_count=3600,
        event_count=90,
        outcomes=(
            Share("mail", "contact", 3000),
            Share("mail", "author_is_robot", 600),
            Share("calendar", "alone", 40),
        ),
        mailboxes=boxes,
        rejects=(("no date", 7),),
        published_files=0,
        published_rows=0,
        shared_files=0,
        shared_rows=0,
        set_aside=(),
    )
    console = Console(file=io.StringIO(), width=80, color_system=None)
    status(console, found, lists_all=lists_all)
    return console.file.getvalue()


BOXES = (box("ann@x.example"), box("bob@x.example"), box(LONG, ILL, "open it"), box("cy@x", ILL))


def test_the_summary_counts_mailboxes_what_is_read_and_what_is_left_out_and_why():
    lines = printed(*BOXES).splitlines()
    assert lines[1:5] == [
        f"mailboxes and archives: 4 (2 ok, 2 {ILL})",
        "read: 3,600 messages, 90 calendar entries",
        "of 3,600 computed copies of messages, 3,000 make contact",
        "of 40 computed copies of calendar entries, 0 make contact",
    ]
    cells = [line.split() for line in lines]
    assert ["messages", "author", "is", "robot", "600"] in cells
    assert ["calendar", "entries", "alone", "40"] in cells
    assert ["no", "date", "7"] in cells


def test_only_mailboxes_that_are_not_well_are_listed_below_their_cure():
    lines = printed(*BOXES).splitlines()
    assert lines[lines.index(f"1 {ILL}: open it") + 1] == f"    {LONG}"
    assert "ann@x.example" not in "".join(lines)


def test_all_lists_every_mailbox_with_its_whole_address_on_a_narrow_terminal():
    text = printed(*BOXES, lists_all=True)
    for one in BOXES:
        assert any(line.startswith(one.mailbox) for line in text.splitlines())
    assert "…" not in text
