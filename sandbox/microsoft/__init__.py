"""A Microsoft 365 of invented people: sign-in and Graph on loopback.

Here: the vendor that the server speaks to, faults in Graph's words, what another process may set.
Not here: sign-in (entra.py), Graph (graph.py and what it leads to).
"""

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any

from sandbox.controls import Refused
from sandbox.exchange import Answer, Control, Request
from sandbox.faults import LINE, PARTS, Fault
from sandbox.microsoft.batch import PATH as BATCH
from sandbox.microsoft.batch import batch
from sandbox.microsoft.entra import Entra
from sandbox.microsoft.graph import ROOT, Graph
from sandbox.microsoft.refusal import Refusal
from sandbox.microsoft.throttling import GraphLimits
from sandbox.tenant import GraphQuirks, Tenant
from sandbox.world import World

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
    faults = (*(kind for kind in _FAILURES if "google" not in kind), *PARTS, *LINE)

    def __init__(self, world: World) -> None:
        """Serve ``world``, whose ``microsoft_url`` is set."""
        self.controls: dict[str, Control] = {
            "graph-quirks": lambda body: _set(world.graph_quirks, body),
            "tenant": lambda body: _set(world.tenant, body),
            "graph-limits": lambda body: _set(self.limits, body),
        }
        self._entra = Entra(world)
        self._graph = Graph(world)

    @property
    def limits(self) -> GraphLimits:
        """How much Graph serves."""
        return self._graph.throttle.limits

    def answer(self, request: Request) -> Answer:
        """Serve a request."""
        if request.path == BATCH:
            return batch(self._graph, request)
        if request.path.startswith(ROOT):
            return self._graph.answer(request)
        answer = self._entra.answer(request)
        return answer or Answer(404, b"Not found", {"Content-Type": "text/plain"})

    def places(self, request: Request) -> Collection[str]:
        """None: its delta links end by ``generation``, all at once."""
        return ()

    def failure(self, fault: Fault, request: Request) -> Answer:
        """Graph's words for a fault; the server adds status and Retry-After."""
        code, message = _FAILURES[fault.kind]
        return self._graph.refused(Refusal(fault.status, code, message))


def _set(settings: Tenant | GraphQuirks | GraphLimits, body: Mapping[str, Any]) -> None:
    """Set attributes; a list becomes a set where a set is kept. Raises Refused for unknown ones."""
    known = {field.name for field in fields(settings)}
    for name, value in body.items():
        if name not in known:
            raise Refused(f"no such setting: {name}")
        is_set = isinstance(getattr(settings, name), set)
        setattr(settings, name, set(value) if is_set else value)
