"""Microsoft 365: mail, calendars and people through Graph become the records of records.py.

Here: the one way in, MicrosoftAccount: one key, its mailboxes, what is pulled of each.
Not here: sign-in (access.py), requests (graph.py), refusals (refusals.py), each stream (mail.py,
calendar.py, users.py), storing (pipelines).
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from connectors.day_budget import DayBudget
from connectors.http import Http, Timeouts, check_endpoint
from connectors.microsoft import calendar, calendar_delta, mail, users, values
from connectors.microsoft.access import Endpoints, Key, SignIn
from connectors.microsoft.choices import DEFAULT, Choices
from connectors.microsoft.exchange import ExchangeNames
from connectors.microsoft.graph import (
    PUBLISHED,
    UNLIMITED,
    VERSION,
    Graph,
    Quota,
    segment,
    unusable,
)
from connectors.microsoft.refusals import Refused
from connectors.pages import Held, Page
from connectors.quota import Clock, Limits
from connectors.records import Mailbox

__all__ = [
    "PUBLISHED",
    "UNLIMITED",
    "Choices",
    "Endpoints",
    "MicrosoftAccount",
    "Quota",
    "Timeouts",
]

_PREFIX = "microsoft-"
_ME = f"{VERSION}/me"
_GRAPH = "Microsoft Graph"
_TIMEOUTS = Timeouts()
_OF_ALL = ("Calendars.Read", "MailboxSettings.Read")  # an app's, without the word
_TRIED = 5  # mailboxes of an organisation, until one shows that mail and calendars are open


class MicrosoftAccount:
    """One key: an app registration that reads a whole tenant, or the consent of one person.

    May be used from several threads; each iterator belongs to one.
    """

    provider = "microsoft"
    day: DayBudget | None = None  # Microsoft counts no days

    def __init__(
        self,
        key: Key,
        *,
        endpoints: Endpoints,
        quota: Quota,
        clock: Clock,
        choices: Choices = DEFAULT,
        on_key_change: Callable[[Key], None] | None = None,
        timeouts: Timeouts = _TIMEOUTS,
    ) -> None:
        """Read the key; nothing is asked yet.

        Raises PullProblem for a key that is none, and for an endpoint without TLS elsewhere.

        key            the parsed key file: {"type": "app_registration", "tenant_id", "client_id"}
                       with "client_secret", or with "private_key" and "public_certificate" (PEM);
                       or {"type": "user", "tenant_id", "client_id", "refresh_token"}
        on_key_change  called with the whole new key when Microsoft has replaced the refresh token;
                       it must be stored then, for the old one may be used up
        """
        self._endpoints, self._quota, self._clock = endpoints, quota, clock
        self._timeouts, self._choices = timeouts, choices
        check_endpoint(endpoints.graph, _GRAPH)
        login = Http(endpoints.login, "Microsoft's sign-in service", timeouts)
        graph = endpoints.graph.rstrip("/")
        self._sign_in = SignIn(key, login, graph, clock, on_key_change)
        self.is_organisation = self._sign_in.is_organisation
        self._project, self._directory = quota.account(clock), quota.directory(clock)
        self._limits: dict[str, Limits] = {}
        self._names = ExchangeNames()
        self._lock = threading.Lock()

    def check(self, may_ask: Callable[[Iterable[str]], bool] = lambda _known: True) -> None:
        """Ask for one thing with each permission. Raises the PullProblem of the first refusal.

        may_ask  addresses of one person -> whether their mailbox may be asked for
        """
        if not self.is_organisation:
            self._check_mailbox(_ME)
            return
        path = f"{VERSION}/users?$top=100&$select=id,mail,proxyAddresses,accountEnabled"
        with self._graph("User.Read") as graph:
            items = graph.step(path).items
        wanted = [one for one in self._choices.wanted if may_ask([one])]
        found = [
            values.text(one, "id") or ""
            for one in items
            if one.get("mail")
            and one.get("accountEnabled") is True
            and may_ask([one["mail"], *users.aliases(one, None)])
        ]
        refused: Refused | None = None
        # One mailbox may be closed, or not yet be there, while the others are open.
        for user in [*wanted, *found][:_TRIED]:
            try:
                self._check_mailbox(f"{VERSION}/users/{segment(user)}")
            except Refused as problem:
                refused = problem
            else:
                return
        if refused is not None:
            raise refused

    def revoke(self) -> bool:
        """False: Microsoft gives an app no way to withdraw its own rights."""
        return False

    def _check_mailbox(self, root: str) -> None:
        with self._graph("Mail.ReadBasic") as graph:
            graph.get(f"{root}/mailFolders/inbox?$select=id")
        with self._graph("Calendars.ReadBasic") as graph:
            calendar.first_answer(graph, root)

    def owner(self) -> Mailbox | None:
        """The mailbox of a person's account; None for an organisation. Raises PullProblem."""
        if self.is_organisation:
            return None
        with self._graph("User.Read") as graph:
            me = graph.get(f"{_ME}?$select=id,mail,userPrincipalName").body
        user_id = values.text(me, "id")
        if user_id is None:
            raise unusable()
        return Mailbox(
            mailbox_id=f"{_PREFIX}{user_id}",
            provider=self.provider,
            address=users.address_of(me),
        )

    def people(self, cursors: Mapping[str, str]) -> Iterator[Page]:
        """The directory of an organisation, or the one person of a personal account.

        Raises PullProblem and Stopped, like ``mail`` and ``calendar``.
        """
        with self._graph("User.Read") as graph, self._graph("MailboxSettings.Read") as settings:
            if self.is_organisation:
                asks = self._choices.mailbox_purposes
                purposes = users.Purposes(settings) if asks else None
                yield from users.pages(graph, cursors, self._names, purposes)
            else:
                yield users.own_page(graph, _ME, self._names)

    def mail(
        self, mailbox: Mailbox, cursors: Mapping[str, str], held: Held, since: datetime
    ) -> Iterator[Page]:
        """What is new in the mail of a mailbox; no message older than ``since`` is kept.

        held  asked for ids that a change names without saying what they are
        """
        with self._graph("Mail.ReadBasic", mailbox) as graph:
            pull = mail.Pull(
                graph,
                self._root(mailbox),
                mailbox,
                cursors,
                held,
                since,
                self._names.recipient,
                self._choices,
            )
            yield from pull.pages()

    def calendar(
        self, mailbox: Mailbox, cursors: Mapping[str, str], since: datetime
    ) -> Iterator[Page]:
        """What is new in the calendar of a mailbox, from what began at ``since`` on."""
        by_deltas = self._choices.calendar_deltas
        permission = "Calendars.Read" if by_deltas else "Calendars.ReadBasic"
        with self._graph(permission, mailbox) as graph:
            pull = (calendar_delta if by_deltas else calendar).Pull(
                graph, self._root(mailbox), mailbox, cursors, since, self._names.recipient
            )
            yield from pull.pages()

    def _root(self, mailbox: Mailbox) -> str:
        if not self.is_organisation:
            return _ME
        return f"{VERSION}/users/{segment(mailbox.mailbox_id.removeprefix(_PREFIX))}"

    @contextmanager
    def _graph(self, permission: str, mailbox: Mailbox | None = None) -> Iterator[Graph]:
        """Graph with connections of its own, within the limits of the mailbox."""
        if self.is_organisation and permission not in _OF_ALL:
            permission += ".All"
        limits = self._limits_of(mailbox) if mailbox else self._directory
        units = 1 if mailbox else users.UNITS
        http = Http(self._endpoints.graph, _GRAPH, self._timeouts)
        try:
            yield Graph(http, self._sign_in, limits, permission, units)
        finally:
            http.close()

    def _limits_of(self, mailbox: Mailbox) -> Limits:
        with self._lock:
            if mailbox.mailbox_id not in self._limits:
                self._limits[mailbox.mailbox_id] = self._quota.mailbox(self._clock, self._project)
            return self._limits[mailbox.mailbox_id]
