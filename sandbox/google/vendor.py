"""Google as a vendor: which path is which method, what it asks for and costs.

Here: routes with scopes, parameters and units; tokens looked up; batches; partial responses.
Not here: what a method answers (gmail.py, calendar.py, directory.py), sign-in (tokens.py).
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from sandbox.exchange import Answer, Call, Control, Request
from sandbox.faults import LINE, PARTS, PLACES, STATUS, Fault
from sandbox.google import batch, calendar, directory, fields, refusal
from sandbox.google.batch import Part
from sandbox.google.calendar import Calendar
from sandbox.google.directory import Directory
from sandbox.google.gmail import Caller, Gmail
from sandbox.google.iam import SIGNING_PATH, Signing
from sandbox.google.meter import Meter
from sandbox.google.query import Query
from sandbox.google.refusal import Refusal
from sandbox.google.tokens import Tokens
from sandbox.world import World

# What POST /sandbox/google may set.
_SETTINGS = (
    "disabled_apis",
    "gmail_history_days",
    "google_page_items",
    "granted_scopes",
    "shared_calendars",
)
_PLACES = {
    "pageToken": "page_expired",
    "startHistoryId": "history_expired",
    "syncToken": "sync_expired",
}
_MESSAGE = frozenset(("format", "metadataHeaders"))
_LISTING = frozenset(("includeSpamTrash", "labelIds", "maxResults", "pageToken", "q"))
_HISTORY = frozenset(("historyTypes", "labelId", "maxResults", "pageToken", "startHistoryId"))


def _scopes(*names: str) -> frozenset[str]:
    return frozenset(f"https://www.googleapis.com/auth/{name}" for name in names)


_MAIL = _scopes("gmail.metadata", "gmail.modify", "gmail.readonly") | {"https://mail.google.com/"}
_OPEN_MESSAGE = _MAIL | _scopes(
    "gmail.addons.current.message.action",
    "gmail.addons.current.message.metadata",
    "gmail.addons.current.message.readonly",
)
_CALENDARS = _scopes(
    "calendar", "calendar.calendarlist", "calendar.calendarlist.readonly", "calendar.readonly"
)
_EVENTS = _scopes(
    "calendar",
    "calendar.app.created",
    "calendar.events",
    "calendar.events.freebusy",
    "calendar.events.owned",
    "calendar.events.owned.readonly",
    "calendar.events.public.readonly",
    "calendar.events.readonly",
    "calendar.readonly",
)
_USERS = _scopes("admin.directory.user", "admin.directory.user.readonly", "cloud-platform")


class Route(NamedTuple):
    """One method of an API.

    name        as in the discovery document
    path        its groups are the handler's last arguments
    scopes      any of them opens it
    parameters  that the sandbox knows
    units       of quota; for Calendar and Directory requests
    """

    name: str
    path: re.Pattern[str]
    scopes: frozenset[str]
    parameters: frozenset[str]
    units: int
    handler: Callable[..., dict[str, Any]]


class Google:
    """The vendor. ``tokens`` and ``calendar`` can be told to forget what they handed out.

    meter  Gmail's quota; without limits until it is replaced
    """

    name = "google"
    faults = (*STATUS, *PARTS, *PLACES, "tokens_expired", *LINE)

    def __init__(self, world: World) -> None:
        """Serve a world."""
        self._world = world
        self.tokens = Tokens(world)
        self.calendar = Calendar(world)
        self.signing = Signing(world)
        self.meter = Meter()
        self.routes = tuple(_routes(Gmail(world), self.calendar, Directory(world)))
        self.controls: dict[str, Control] = {
            "expire_tokens": lambda body: self.tokens.expire(body.get("address")),
            "revoke_consent": lambda body: self.tokens.revoke_consent(body["address"]),
            "expire_sync_tokens": lambda _: self.calendar.expire_sync_tokens(),
            "consent": lambda body: world.google_user_file(body["address"]),
            "google": self._set,
            "gmail_quota": self._limit,
            "gmail_spending": lambda _: self.meter.told(),
        }
        self._pages = {
            ("POST", "/token"): self.tokens.token,
            ("POST", "/revoke"): self.tokens.revoke,
            ("GET", "/o/oauth2/v2/auth"): self.tokens.consent_page,
            ("POST", "/batch/gmail/v1"): self._batch,
            ("POST", "/v1/token"): self.signing.vouch,
            ("POST", SIGNING_PATH): self.signing.sign,
        }

    def answer(self, request: Request) -> Answer:
        """Serve a request."""
        page = self._pages.get((request.method, request.path))
        if page is not None:
            return page(request)
        method, query = request.method, request.query
        # The client sends a GET with a very long query as a POST with a form.
        if method == "POST" and request.headers.get("x-http-method-override") == "GET":
            method, query = "GET", query | parse_qs(request.body.decode(), keep_blank_values=True)
        return self._serve(method, request.path, query, request.headers.get("authorization"))

    def _set(self, body: Mapping[str, Any]) -> None:
        """Change what an administrator or Google decides. Raises ValueError for anything else."""
        for name, value in body.items():
            if name not in _SETTINGS:
                raise ValueError(f"no such setting: {name}")
            setattr(self._world, name, set(value) if isinstance(value, list) else value)

    def _limit(self, body: Mapping[str, Any]) -> None:
        """Hold a quota from now on. Raises TypeError for what a Meter does not know."""
        self.meter = Meter(**body)

    def mailbox(self, request: Request) -> None:
        """None: Google counts units."""

    def places(self, request: Request) -> Collection[str]:
        """Which of faults.PLACES a request names."""
        return [place for name, place in _PLACES.items() if name in request.query]

    def failure(self, fault: Fault, request: Request) -> Answer:
        """Google's words for a fault."""
        words = {
            "throttle_429": refusal.throttled,
            "google_403_rate": refusal.quota_exceeded,
            "unauthorised_401": refusal.bad_token,
            "page_expired": lambda: refusal.bad_page(request.path),
            "history_expired": refusal.gmail_not_found,
            "sync_expired": refusal.full_sync_required,
        }.get(fault.kind, lambda: refusal.backend_error(fault.status))
        return words().answer()

    def _serve(
        self,
        method: str,
        path: str,
        values: Mapping[str, Sequence[str]],
        authorization: str | None,
    ) -> Answer:
        """One API call."""
        mailbox, units = None, 0
        try:
            route, names = self._route(method, path)
            units = route.units
            caller = self._caller(route, authorization)
            mailbox = caller.account.address
            if route.name.startswith("gmail."):
                self.meter.take(mailbox, units)
            query = Query(values, self._world.google_page_items)
            query.check(route.parameters)
            body = route.handler(caller, query, *names)
            selection = query.one("fields")
            if selection is not None:
                body = fields.keep(fields.read(selection), body)
            answer = Answer(200, body)
        except Refusal as refused:
            answer = refused.answer()
        answer.mailbox, answer.units = mailbox, units
        return answer

    def _route(self, method: str, path: str) -> tuple[Route, tuple[str, ...]]:
        if method == "GET":
            for route in self.routes:
                match = route.path.fullmatch(path)
                if match:
                    return route, match.groups()
        raise refusal.no_such_path()

    def _caller(self, route: Route, authorization: str | None) -> Caller:
        if authorization is None:
            raise refusal.no_token()
        user = self.tokens.user(authorization.removeprefix("Bearer "))
        if user is None:
            raise refusal.bad_token()
        account, scopes = user
        api = route.path.pattern.split("/")[1]
        if api in self._world.disabled_apis:
            raise refusal.api_disabled(api)
        if scopes.isdisjoint(route.scopes):
            raise refusal.scope_missing(route.scopes)
        return Caller(account, scopes)

    def _batch(self, request: Request) -> Answer:
        """Every part with its own answer; a fault may strike one of them."""
        try:
            parts = batch.split(request.headers.get("content-type", ""), request.body)
        except Refusal as refused:
            return refused.answer()
        answers = [(part, self._part(request, place, part)) for place, part in enumerate(parts)]
        sent = [(part, answer) for part, answer in answers if answer is not None]
        calls = tuple(_call(request.n, part, answer) for part, answer in sent)
        return Answer(
            status=200,
            body=batch.joined(sent),
            headers={"Content-Type": f"multipart/mixed; boundary={batch.BOUNDARY}"},
            mailbox=next((call.mailbox for call in calls if call.mailbox), None),
            units=sum(call.units for call in calls),
            parts=calls,
        )

    def _part(self, request: Request, place: int, part: Part) -> Answer | None:
        fault = request.part_fault
        if fault is not None and fault.part == place:
            if fault.kind == "part_missing":
                return None
            words = refusal.throttled() if fault.kind == "part_429" else refusal.backend_error(500)
            return words.answer()
        if not part.path.startswith("/gmail/v1/"):
            return refusal.no_such_path().answer()
        authorization = part.authorization or request.headers.get("authorization")
        return self._serve(part.method, part.path, part.query, authorization)


def _call(n: int, part: Part, answer: Answer) -> Call:
    return Call(
        n=n,
        vendor=Google.name,
        method=part.method,
        path=part.path,
        query=part.query,
        mailbox=answer.mailbox,
        status=answer.status,
        units=answer.units,
    )


def _routes(gmail: Gmail, calendars: Calendar, users: Directory) -> Iterator[Route]:
    """Every method, the most asked first."""
    mail, none = "/gmail/v1/users/([^/]+)", frozenset()
    listed = (
        ("gmail.users.messages.get", f"{mail}/messages/([^/]+)", _OPEN_MESSAGE, _MESSAGE, 20,
         gmail.message),
        ("gmail.users.threads.get", f"{mail}/threads/([^/]+)", _OPEN_MESSAGE, _MESSAGE, 40,
         gmail.thread),
        ("gmail.users.messages.list", f"{mail}/messages", _MAIL, _LISTING, 5, gmail.messages),
        ("gmail.users.threads.list", f"{mail}/threads", _MAIL, _LISTING, 10, gmail.threads),
        ("gmail.users.history.list", f"{mail}/history", _MAIL, _HISTORY, 2, gmail.history),
        ("gmail.users.getProfile", f"{mail}/profile", _MAIL | _scopes("gmail.compose"), none, 1,
         gmail.profile),
        ("gmail.users.labels.list", f"{mail}/labels", _MAIL | _scopes("gmail.labels"), none, 1,
         gmail.labels),
        ("calendar.events.list", "/calendar/v3/calendars/([^/]+)/events", _EVENTS,
         calendar.LIST_PARAMETERS, 1, calendars.events),
        ("calendar.calendarList.list", "/calendar/v3/users/me/calendarList", _CALENDARS,
         none, 1, calendars.calendars),
        ("directory.users.list", "/admin/directory/v1/users", _USERS,
         directory.LIST_PARAMETERS, 1, users.users),
    )  # fmt: skip
    for name, path, *rest in listed:
        yield Route(name, re.compile(path), *rest)
