"""Changes of the world that another process asks for: POST /sandbox/<name> with a JSON body.

Here: which there are, JSON values -> arguments. Not here: what they change (world.py), what only
one vendor knows (google, microsoft).

A body carries the arguments of the function by name; times are ISO 8601. What the function raises
for a change that cannot be made, the server answers with 400.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sandbox.faults import Fault
from sandbox.life import Letter

if TYPE_CHECKING:
    from sandbox.server import Sandbox

_TIMES = ("to", "original_start", "start", "sent_at", "retry_after")
_CHANGES = (
    "advance",
    "delete",
    "move",
    "read",
    "cancel",
    "reschedule",
    "answer",
    "remove_copy",
    "suspend",
    "rename",
    "disable_mail",
)


class Refused(ValueError):
    """A change that cannot be made; the message says why."""


def _arguments(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body with its times read; lists become tuples, whatever else stays as it is."""
    found = {}
    for name, value in body.items():
        if name in _TIMES and isinstance(value, str):
            value = datetime.fromisoformat(value)
        found[name] = tuple(value) if isinstance(value, list) else value
    return found


def _change(name: str) -> Callable[["Sandbox", Mapping[str, Any]], None]:
    """The World's method of that name as a control."""
    return lambda sandbox, body: getattr(sandbox.world, name)(**_arguments(body))


def _draft(sandbox: "Sandbox", body: Mapping[str, Any]) -> dict[str, Any]:
    return {"number": sandbox.world.draft(**body).number}


def _deliver(sandbox: "Sandbox", body: Mapping[str, Any]) -> dict[str, Any]:
    """A letter from its fields, sent now unless it says otherwise -> number of each copy."""
    letter = Letter(**({"sent_at": sandbox.world.now} | _arguments(body)))
    copies = sandbox.world.deliver(letter)
    return {"numbers": dict(zip(letter.holders, (copy.number for copy in copies), strict=True))}


def _copies(sandbox: "Sandbox", body: Mapping[str, Any]) -> dict[str, Any]:
    """What lies in the box of ``address``, oldest first."""
    copies = [
        {"number": one.number, "folder": one.folder, "message_id": one.letter.message_id}
        for one in sandbox.world.boxes[body["address"]].copies()
    ]
    return {"copies": copies}


def _fault(sandbox: "Sandbox", body: Mapping[str, Any]) -> dict[str, Any]:
    """A fault from its fields; without ``at`` from the next call on."""
    sandbox.faults.append(Fault(**({"at": sandbox.calls} | _arguments(body))))
    return {"calls": sandbox.calls}


def _now(sandbox: "Sandbox", _: Mapping[str, Any]) -> dict[str, Any]:
    return {"now": sandbox.world.now.isoformat(), "calls": sandbox.calls}


CONTROLS = {name: _change(name) for name in _CHANGES} | {
    "draft": _draft,
    "deliver": _deliver,
    "copies": _copies,
    "fault": _fault,
    "now": _now,
}
