"""A Microsoft 365 of invented people: sign-in and Graph on loopback.

Here: the vendor that the server speaks to, faults in Graph's words, what another process may set.
Not here: sign-in (entra.py), Graph (graph.py and what it leads to).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any

from sandbox.controls import Refused
from sandbox.exchange import Answer, Control, Request
from sandbox.faults import LINE, MANNERS, PLACES, Fault
from sandbox.microsoft.batch import PATH as BATCH
from sandbox.microsoft.batch import batch
from sandbox.microsoft.entra import Entra
from sandbox.microsoft.graph import ROOT, Graph
from sandbox.microsoft.manners import Told
from sandbox.microsoft.refusal import Refusal
from sandbox.microsoft.throttling import GraphLimits
from sandbox.tenant import GraphQuirks, Tenant
from sandbox.world import World

_MAILBOX = re.compile(rf"{ROOT}users(?:/|\(')([^/']+)(?:'\))?/")
USERS = f"{ROOT}users"
_FAILURES = {
    "throttle_429": (
        "ApplicationThrottled",
        "Application is over its MailboxConcurrency limit.",
    ),
    "google_403_rate": ("ErrorAccessDenied", "Access is denied."),
    "bad_gateway_502": ("BadGateway", "The gateway received an invalid response."),
    "unavailable_503": ("ServiceUnavailable", "The service is temporarily unavailable."),
    "server_500": ("InternalServerError", "An internal server error occurred."),
    "unauthorised_401": ("InvalidAuthenticationToken", "Access token has expired."),
}


class Microsoft:
    """The vendor."""

    name = "microsoft"
    faults = (
        *(kind for kind in _FAILURES if "google" not in kind),
        *("page_expired", "sync_expired", "tokens_expired"),
        *MANNERS,
        *LINE,
    )

    def __init__(self, world: World) -> None:
        """Serve ``world``, whose ``microsoft_url`` is set."""
        self.controls: dict[str, Control] = {
            "graph-quirks": lambda body: _set(world.graph_quirks, body),
            "tenant": lambda body: _set(world.tenant, body),
            "graph-limits": lambda body: _set(self.limits, body),
            "graph-spending": lambda _: self._graph.throttle.told(),
            "expire_tokens": lambda _: _set(
                world.tenant, {"token_epoch": world.tenant.token_epoch + 1}
            ),
        }
        self._entra = Entra(world)
        self._graph = Graph(world)
        self._told = Told()

    @property
    def limits(self) -> GraphLimits:
        """How much Graph serves."""
        return self._graph.throttle.limits

    def answer(self, request: Request) -> Answer:
        """Serve a request."""
        if request.path == BATCH:
            return batch(self._graph, request)
        if request.path.startswith(ROOT):
            answer = self._graph.answer(request)
            return self._told.page(request, answer) if _is_delta(request) else answer
        answer = self._entra.answer(request)
        return answer or Answer(404, b"Not found", {"Content-Type": "text/plain"})

    def mailbox(self, request: Request) -> str | None:
        """The user of a path below users."""
        found = _MAILBOX.match(request.path)
        return found and found[1]

    def places(self, request: Request) -> Collection[str]:
        """The state of a link may be lost, and a page of changes be told otherwise."""
        if request.path == USERS and "$skiptoken" in request.query:
            return ("page_expired",)
        if not _is_delta(request):
            return ()
        links = {"$skiptoken": "page_expired", "$deltatoken": "sync_expired"}
        manners = ("reordered", "replayed") if "$skiptoken" in request.query else ("reordered",)
        return (*manners, *(kind for name, kind in links.items() if name in request.query))

    def failure(self, fault: Fault, request: Request) -> Answer:
        """Graph's words for a fault; the server adds status and Retry-After."""
        if request.path == USERS and fault.kind in PLACES:
            message = "The specified page token value has expired."
            refusal = Refusal(400, "Directory_ExpiredPageToken", message)
        elif fault.kind in PLACES:
            refusal = Refusal(410, "SyncStateNotFound", "The sync state generation is not found.")
        else:
            refusal = Refusal(fault.status, *_FAILURES[fault.kind])
        return self._graph.refused(refusal)


def _is_delta(request: Request) -> bool:
    return request.path.startswith(ROOT) and request.path.endswith("/delta")


def _set(settings: Tenant | GraphQuirks | GraphLimits, body: Mapping[str, Any]) -> None:
    """Set attributes; a list becomes a set where a set is kept. Raises Refused for unknown ones."""
    known = {field.name for field in fields(settings)}
    for name, value in body.items():
        if name not in known:
            raise Refused(f"no such setting: {name}")
        is_set = isinstance(getattr(settings, name), set)
        setattr(settings, name, set(value) if is_set else value)
