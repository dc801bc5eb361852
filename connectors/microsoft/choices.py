"""What may be decided about reading a tenant, beside its limits.

Here: the choices with their defaults. Not here: limits (graph.py), what follows from a choice.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Choices:
    """How a tenant is read.

    hidden_folders   whether mail folders are read that Outlook does not show
    reconcile_every  how often all ids of a mail folder are listed and compared with what is
                     stored; for as long it is also remembered that headers were refused
    mailbox_purposes  whether it is asked which mailboxes without an owner are rooms and which are
                     shared; needs MailboxSettings.Read
    calendar_deltas  whether calendars are read by their changes; needs Calendars.Read
    wanted           addresses whose mailboxes the check tries first: the app may be let into these
                     alone
    """

    hidden_folders: bool = False
    reconcile_every: timedelta = timedelta(days=30)
    mailbox_purposes: bool = False
    calendar_deltas: bool = False
    wanted: tuple[str, ...] = ()


DEFAULT = Choices()
