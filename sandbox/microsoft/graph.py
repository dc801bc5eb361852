"""Which path of Graph leads to which part, and whose mailbox it means.

Here: routes, accounts in paths, who may reach which mailbox.
Not here: what is served (mail.py, calendar.py, users.py), batches (batch.py).
"""

import re
from urllib.parse import unquote

from sandbox.exchange import Answer, Request
from sandbox.microsoft import users
from sandbox.microsoft.asking import Asking, authorised
from sandbox.microsoft.calendar import Calendars
from sandbox.microsoft.mail import Mail
from sandbox.microsoft.messages import Recipients
from sandbox.microsoft.refusal import Refusal, graph_error, no_access
from sandbox.microsoft.sealing import guid
from sandbox.microsoft.throttling import Throttle, cost
from sandbox.people import MICROSOFT
from sandbox.world import Account, World

ROOT = "/v1.0/"
# Graph takes users('x') and users/x for the same.
_KEY = re.compile(r"\(['\"]?([^'\")]*)['\"]?\)$")


class Graph:
    """Everything under /v1.0/ but batches."""

    def __init__(self, world: World) -> None:
        """Serve ``world``."""
        self.world = world
        self._recipients = Recipients(world.village)
        self._user_changes = users.Changes()
        self._requests = 0
        self.throttle = Throttle()

    def request_id(self) -> str:
        """An id for the next answer."""
        self._requests += 1
        return guid("request", str(self._requests))

    def refused(self, refusal: Refusal) -> Answer:
        """A refusal as an answer."""
        return graph_error(refusal, self.world.now, self.request_id())

    def answer(self, request: Request) -> Answer:
        """Serve one request."""
        account: Account | None = None
        units = 1
        try:
            asking = Asking(self.world, request, authorised(self.world, request))
            if request.method != "GET":
                raise Refusal(405, "MethodNotAllowed", "Nothing can be written here.")
            parts = _parts(request.raw_path)
            account, root, rest = self._whose(asking, parts)
            units = 1 if rest else cost(request)
            self.throttle.take(
                account.address if account and rest else None, units, request.at_once
            )
            if account is None:
                answer = self._directory(asking, parts)
            else:
                answer = self._personal(asking, account, root, rest)
        except Refusal as refusal:
            answer = self.refused(refusal)
        answer.headers.setdefault("request-id", self.request_id())
        answer.mailbox = account.address if account else None
        answer.units = units
        return answer

    def _whose(self, asking: Asking, parts: list[str]) -> tuple[Account | None, str, list[str]]:
        """The account that a path means, its name in links, the rest of the path."""
        match parts:
            case ["me", *rest]:
                return self._signed_in(asking), "me", rest
            case ["users", "delta"]:
                return None, "", []
            case ["users", wanted, *rest]:
                return self._account(wanted, rest), f"users('{wanted}')", rest
        return None, "", []

    def _signed_in(self, asking: Asking) -> Account:
        for account in self.world.directory(MICROSOFT):
            if account.id == asking.grant.user:
                return account
        message = "/me request is only valid with delegated authentication flow."
        raise Refusal(400, "BadRequest", message)

    def _account(self, wanted: str, rest: list[str]) -> Account:
        account = users.account_named(self.world, wanted)
        if account is not None:
            return account
        if rest:
            raise Refusal(404, "ErrorInvalidUser", f"The requested user '{wanted}' is invalid.")
        raise users.no_such_user(wanted)

    def _directory(self, asking: Asking, parts: list[str]) -> Answer:
        if parts == ["users"]:
            return users.listing(asking)
        if parts == ["users", "delta"]:
            return self._user_changes.answer(asking)
        raise _no_route(parts)

    def _personal(self, asking: Asking, account: Account, root: str, rest: list[str]) -> Answer:
        match rest:
            case []:
                return users.single(asking, account)
            case ["mailboxSettings", "userPurpose"]:
                return users.purpose(asking, account)
            case ["mailFolders" | "messages", *_]:
                self._check_mailbox(asking, account)
                return _mail(Mail(asking, account, root, self._recipients), rest)
            case ["calendars" | "calendarView" | "calendar" | "events", *_]:
                self._check_mailbox(asking, account)
                return _calendar(Calendars(asking, account, root, self._recipients), rest)
        raise _no_route(rest)

    def _check_mailbox(self, asking: Asking, account: Account) -> None:
        """Raise Refusal where the token does not reach the mailbox, or there is none."""
        signed_in = asking.grant.user
        if signed_in not in (None, account.id):
            raise no_access()
        if signed_in is None and account.address in self.world.tenant.denied:
            raise Refusal(403, "ErrorAccessDenied", "Access to OData is disabled.")
        if not account.has_mail or account.address not in self.world.boxes:
            message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
            raise Refusal(404, "MailboxNotEnabledForRESTAPI", message)


def _mail(mail: Mail, rest: list[str]) -> Answer:
    match rest:
        case ["mailFolders"]:
            return mail.folders()
        case ["mailFolders", folder]:
            return mail.folder(folder)
        case ["mailFolders", folder, "childFolders"]:
            return mail.children(folder)
        case ["mailFolders", folder, "messages"]:
            return mail.folder_messages(folder)
        case ["mailFolders", folder, "messages", "delta"]:
            return mail.delta(folder)
        case ["messages"]:
            return mail.messages()
        case ["messages", message]:
            return mail.message(message)
    raise _no_route(rest)


def _calendar(calendars: Calendars, rest: list[str]) -> Answer:
    match rest:
        case ["calendars"]:
            return calendars.calendars()
        case ["calendarView"] | ["calendar", "calendarView"]:
            return calendars.view()
        case ["calendarView", "delta"] | ["calendar", "calendarView", "delta"]:
            return calendars.delta()
        case ["events", event]:
            return calendars.event(event)
    raise _no_route(rest)


def _parts(raw_path: str) -> list[str]:
    """The segments of a path, decoded one by one: ids may hold encoded slashes."""
    found = []
    for segment in raw_path.removeprefix(ROOT).split("/"):
        plain = unquote(segment)
        key = _KEY.search(plain)
        found.append(plain[: key.start()] if key else plain)
        if key and key[1]:
            found.append(key[1])
    return found


def _no_route(parts: list[str]) -> Refusal:
    message = f"Resource not found for the segment '{parts[-1]}'."
    return Refusal(400, "BadRequest", message)
