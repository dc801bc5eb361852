"""What the server and a vendor hand to each other.

Here: request, answer, call, the shape of a vendor. Not here: bytes and sockets (server.py).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sandbox.faults import Fault

Control = Callable[[Mapping[str, Any]], dict[str, Any] | None]
"""A change that POST /sandbox/<name> asks for: JSON body -> JSON answer."""


@dataclass(slots=True)
class Request:
    """One request as a vendor sees it.

    path        decoded; ``raw_path`` as it came, for ids that hold encoded slashes
    query       decoded, each name with its values in their order
    headers     by lower-case name
    n           its position among all calls, from 0
    part_fault  a fault that strikes one part of this batch
    manner      how a page of changes is to be told, one of faults.MANNERS
    at_once     requests for the same mailbox that are not answered yet, this one among them
    """

    method: str
    path: str
    raw_path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    n: int = 0
    part_fault: Fault | None = None
    manner: str | None = None
    at_once: int = 1


@dataclass(frozen=True, slots=True)
class Call:
    """One served request in the log.

    n        position, from 0; parts of a batch have that of their batch
    mailbox  primary address of whose data were asked for, None for nobody's
    status   0 where no answer was sent
    units    what it costs of the quota
    parts    the calls inside a batch
    """

    n: int
    vendor: str
    method: str
    path: str
    query: dict[str, list[str]]
    mailbox: str | None
    status: int
    units: int
    parts: tuple["Call", ...] = ()


@dataclass(slots=True)
class Answer:
    """What a vendor answers; a dict is sent as JSON, bytes as they are. The rest is for the log."""

    status: int = 200
    body: dict[str, Any] | bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    mailbox: str | None = None
    units: int = 0
    parts: tuple[Call, ...] = ()


class Vendor(Protocol):
    """One provider.

    controls  what POST /sandbox/<name> may ask for; expire_tokens among them
    faults    kinds of faults that it has words for and that strike without help
    """

    name: str
    controls: dict[str, Control]
    faults: tuple[str, ...]

    def answer(self, request: Request) -> Answer:
        """Serve a request; called with the world's lock held."""

    def mailbox(self, request: Request) -> str | None:
        """A name for the mailbox that a request is for, where requests at once are counted."""

    def places(self, request: Request) -> Collection[str]:
        """Which PLACES of faults.py a request names, which MANNERS its answer may have."""

    def failure(self, fault: Fault, request: Request) -> Answer:
        """The provider's own words for a fault that has a ``status`` or is one of PLACES.

        The server adds the status, where the fault has one.
        """
