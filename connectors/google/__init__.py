"""Gmail, Google Calendar and the directory of a Google Workspace, as pages of records.

Here: the one way in, GoogleAccount. Not here: tokens and HTTP (access.py), what a refusal means
(problems.py), what is asked and what it becomes (gmail.py, calendar.py, directory.py).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.day_budget import DayBudget
from connectors.google import calendar, directory, gmail, problems, sign_in_problems
from connectors.google.access import Endpoints, Session, service
from connectors.google.gmail_requests import GmailRequests
from connectors.google.keys import KEYLESS, Key
from connectors.google.problems import CALENDAR, DIRECTORY, MAIL, Use
from connectors.google.quotas import CURRENT, DAYS, EARLIER, UNLIMITED, Quota
from connectors.pages import Held, Page, PullProblem
from connectors.quota import Bucket, Clock, Limits
from connectors.records import Mailbox

__all__ = ["CURRENT", "EARLIER", "KEYLESS", "UNLIMITED", "Endpoints", "GoogleAccount", "Quota"]

TIMEOUT_S = 60.0
MINUTE_S = 62.0  # Google's, and what one request may arrive later than another
_OWN = "google-me"


class GoogleAccount:
    """One person's account, or an organisation's through a service account.

    Its methods may be used by several threads at once, each generator by one thread.

    day  what the project may spend on mail in a day; None for no limit
    """

    provider = "google"

    def __init__(
        self,
        key: Mapping[str, Any],
        *,
        admin: str | None,
        endpoints: Endpoints,
        quota: Quota,
        clock: Clock,
        calendars: Sequence[str] = (calendar.PRIMARY,),
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """Read a key file; nothing is sent yet.

        key        parsed JSON of a service account or of one person's consent (authorized_user)
        admin      whose right to read the directory a service account uses; None for a person's
        calendars  whose ids are read with each mailbox, where its person may see them
        Raises PullProblem for a key that is none.
        """
        self._key, self._admin, self._quota, self._clock = Key(key, endpoints), admin, quota, clock
        self._calendars, self._timeout_s = tuple(calendars), timeout_s
        self.is_organisation = self._key.is_organisation
        self._mail = GmailRequests(endpoints)
        self._events = service("calendar", "v3", endpoints.calendar).events()
        self._users = service("admin", "directory_v1", endpoints.directory).users()
        units = quota.gmail_project_units_per_day
        self.day = None if units is None else DayBudget(units, DAYS, problems.day_spent)
        self._gmail_project, self._calendar_project = (
            Bucket(units, clock, minute_s=MINUTE_S)
            for units in (
                quota.gmail_project_units_per_minute,
                quota.calendar_project_requests_per_minute,
            )
        )
        self._directory_project = Bucket(None, clock)

    def owner(self) -> Mailbox | None:
        """The mailbox of a person's account; None for an organisation's. Raises PullProblem."""
        if self.is_organisation:
            return None
        with self._session(MAIL, None) as session:
            address = self._profile(session)["emailAddress"]
        return Mailbox(mailbox_id=_OWN, provider=self.provider, address=address)

    def check(self, may_ask: Callable[[Iterable[str]], bool] = lambda _known: True) -> None:
        """Ask each API for as little as it gives. Raises the PullProblem of the first that fails.

        For an organisation the administrator stands for everybody; one without mail or calendar
        proves nothing against the key.

        may_ask  addresses of one person -> whether their mailbox may be asked for
        """
        if not self.is_organisation:
            self._check_mail(None)
            self._check_calendar(None)
            return
        request = self._users.list(customer="my_customer", maxResults=1, fields="users/id")
        with self._session(DIRECTORY, self._subject()) as session:
            session.ask(request, 1)
        if not may_ask([self._subject()]):
            return
        for check in (self._check_mail, self._check_calendar):
            try:
                check(self._admin)
            except PullProblem as problem:
                if not problems.is_no_service(problem):
                    raise

    def revoke(self) -> bool:
        """Withdraw a person's consent at Google; whether that could be done. Raises PullProblem.

        What was delegated to a service account can be withdrawn by its administrator only.
        """
        if (consent := self._key.consent) is None:
            return False
        with self._session(MAIL, None) as session:
            session.revoke(*consent)
        return True

    def _check_mail(self, subject: str | None) -> None:
        with self._session(MAIL, subject) as session:
            self._profile(session)

    def _check_calendar(self, subject: str | None) -> None:
        request = self._events.list(calendarId="primary", maxResults=1, fields="items/id")
        with self._session(CALENDAR, subject) as session:
            session.ask(request, 1)

    def people(self, cursors: Mapping[str, str]) -> Iterator[Page]:
        """The directory as pages of Person, complete each time. Raises PullProblem, Stopped."""
        with self._session(DIRECTORY, self._subject()) as session:
            yield from directory.pages(session, self._users, cursors.get(directory.STREAM))

    def mail(
        self, mailbox: Mailbox, cursors: Mapping[str, str], held: Held, since: datetime
    ) -> Iterator[Page]:
        """One mailbox from where its cursor stands; nothing older than ``since``.

        Raises PullProblem, Stopped.
        """
        with self._session(MAIL, self._person(mailbox)) as session:
            reader = gmail.MailReader(
                session, self._mail, self._quota, mailbox.mailbox_id, held, since
            )
            yield from reader.pages(cursors.get(gmail.STREAM))

    def calendar(
        self, mailbox: Mailbox, cursors: Mapping[str, str], since: datetime
    ) -> Iterator[Page]:
        """One person's calendars from where their cursors stand; what ends after ``since``.

        Raises PullProblem, Stopped.
        """
        own = mailbox.mailbox_id
        with self._session(CALENDAR, self._person(mailbox)) as session:
            for one in self._calendars:
                reader = calendar.CalendarReader(session, self._events, own, one, since)
                try:
                    yield from reader.pages(cursors)
                except PullProblem as problem:
                    # Not everybody is shown every calendar that the settings name.
                    if one == calendar.PRIMARY or not problems.is_no_service(problem):
                        raise

    def _session(self, use: Use, subject: str | None) -> Session:
        quota = self._quota
        project, per_minute = {
            MAIL: (self._gmail_project, quota.gmail_mailbox_units_per_minute),
            CALENDAR: (self._calendar_project, quota.calendar_mailbox_requests_per_minute),
            DIRECTORY: (self._directory_project, None),
        }[use]
        day = self.day if use is MAIL else None
        limits = Limits(self._clock, project, per_minute, day=day, minute_s=MINUTE_S)
        return Session(self._key.credentials(use, subject), use, limits, self._timeout_s)

    def _profile(self, session: Session) -> dict[str, Any]:
        request = self._mail.profile()
        return session.ask(request, self._quota.profile_units, "emailAddress")

    def _subject(self) -> str:
        """Whose rights a service account uses for the directory."""
        if not self.is_organisation or self._admin is None:
            raise sign_in_problems.no_admin()
        return self._admin

    def _person(self, mailbox: Mailbox) -> str | None:
        return mailbox.address if self.is_organisation else None
