"""What one answer of a provider comes to: the page, which is stored whole or not at all.

Here: records with their cursor, what was deleted or moved, what a full listing saw; and how a pull
ends early. Not here: records themselves (records.py), asking (google, microsoft), storing
(pipelines/store.py).

A connector is a generator of pages. Whoever takes one stores it and only then asks for the next,
so a connector never runs ahead of what is on disk, and ``Held`` always tells the truth.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from connectors.records import Record

Held = Callable[[Collection[str]], set[str]]
"""Message ids of a mailbox -> those of them that are stored already, deleted ones included."""


@dataclass(frozen=True, slots=True)
class Gone:
    """Something that the provider no longer holds.

    kind  message, event, or series: every occurrence of a recurring event
    at    when it went; where the provider does not say, the last time that it was seen, so that a
          meeting cancelled between two pulls is known to have gone before it began; UTC
    """

    kind: Literal["message", "event", "series"]
    id: str
    at: datetime
    calendar_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """The end of a full listing: what is stored but was not listed has gone.

    kind          message: of the whole mailbox; folder: presence in ``within``; event: of the
                  calendar ``within``, where it overlaps ``since`` to ``until``; person: directory
    at            as in Gone
    """

    kind: Literal["message", "folder", "event", "person"]
    at: datetime
    within: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that one step of a stream changes.

    stream          mail, mail:<folder>, calendar:<calendar>, directory; names the cursor
    cursor          where to go on once this page is stored; None forgets the stream
    at              Date of the provider's answer; UTC. Never this machine's clock
    records         to be stored under their keys; a Message is also put into its folders
    filed           (folder_id, message_id): stored messages that a folder now holds
    unfiled         (folder_id, message_id): and those that it no longer holds
    named           (folder_id, what it is): folders whose ids do not tell; sent
    is_last_folder  a message that ``unfiled`` or a folder's sweep leaves in no folder has gone
                    (Microsoft: every message lies in one folder; Gmail: labels are optional)
    gone            deleted by the provider
    listed          ids that a full listing has seen, kept until its ``sweep``
    starts_listing  forget what was listed in this stream before
    sweep           the listing is complete
    is_complete     the stream has caught up to ``at``
    covers_to       everything newer than what is still to be read is stored up to here; lets a
                    backfill that goes from new to old be looked at before it ends; UTC
    total           messages that the mailbox holds, where the provider says so
    """

    stream: str
    cursor: str | None
    at: datetime
    records: tuple[Record, ...] = ()
    filed: tuple[tuple[str, str], ...] = ()
    unfiled: tuple[tuple[str, str], ...] = ()
    named: tuple[tuple[str, str], ...] = ()
    is_last_folder: bool = False
    gone: tuple[Gone, ...] = ()
    listed: tuple[str, ...] = ()
    starts_listing: bool = False
    sweep: Sweep | None = None
    is_complete: bool = False
    covers_to: datetime | None = None
    total: int | None = None


class PullProblem(Exception):
    """Why a mailbox, or a whole account, cannot be read now. Cursors stay where they were.

    state       a few words for ``kith status``: "access revoked", "no mailbox"
    cure        what to do, as a sentence in the imperative; never a token, address or URL
    is_account  it concerns every mailbox of the account
    """

    def __init__(self, state: str, cure: str, *, is_account: bool = False) -> None:
        """Keep state and cure; neither ever quotes a request or an answer."""
        super().__init__(f"{state}: {cure}")
        self.state, self.cure, self.is_account = state, cure, is_account


class Stopped(Exception):
    """The pull was asked to end; what is stored is stored and the next pull goes on there."""
