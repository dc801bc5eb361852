"""What passes by itself: whatever goes wrong for a moment, the same rows are stored in the end."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.google import UNLIMITED
from sandbox.faults import Fault
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World
from tests.connectors.google.conftest import Office, office_of

NOW = datetime(2026, 7, 1, tzinfo=UTC)

TRANSIENT = {
    "429": {"kind": "throttle_429"},
    "429 with seconds": {"kind": "throttle_429", "retry_after": 30},
    "429 with a date": {"kind": "throttle_429", "retry_after": NOW + timedelta(seconds=90)},
    "403": {"kind": "google_403_rate"},
    "503": {"kind": "unavailable_503"},
    "503 with seconds": {"kind": "unavailable_503", "retry_after": 10},
    "500": {"kind": "server_500"},
    "500 three times": {"kind": "server_500", "times": 3},
    "page": {"kind": "html"},
    "cut": {"kind": "truncated"},
    "reset": {"kind": "reset", "times": 3},
    "401": {"kind": "unauthorised_401", "path": "/v"},
    "part 429": {"kind": "part_429", "path": "/batch"},
    "part 429 four times": {"kind": "part_429", "path": "/batch", "times": 4, "part": 3},
    "part 500": {"kind": "part_500", "path": "/batch", "part": 7},
    "part missing": {"kind": "part_missing", "path": "/batch", "part": 24},
}


@pytest.fixture(scope="module")
def sandbox(village: Village) -> Iterator[Sandbox]:
    """One for all: nothing here changes the world."""
    with Sandbox(World(village)) as served:
        yield served


@pytest.fixture(scope="module")
def undisturbed(sandbox: Sandbox) -> dict[str, Any]:
    """The rows of pulls without any fault."""
    rows = pulled(office_of(sandbox))
    assert rows["messages"]
    assert rows["events"]
    assert rows["people"]
    return rows


def pulled(office: Office) -> dict[str, Any]:
    """Everything of one person and of the organisation, stored."""
    office.mail()
    office.calendar()
    office.people()
    return office.store.rows()


def strike(sandbox: Sandbox, position: int, **fault: Any) -> Fault:
    """Let something go wrong ``position`` calls from now."""
    sandbox.faults[:] = [Fault(at=sandbox.calls + position, **fault)]
    return sandbox.faults[0]


@pytest.mark.parametrize("name", TRANSIENT)
def test_what_passes_by_itself_changes_nothing_wherever_it_strikes(
    sandbox: Sandbox, undisturbed: dict[str, Any], name: str
):
    office, before = office_of(sandbox), sandbox.calls
    pulled(office)
    struck = 0
    for position in range(sandbox.calls - before):
        fault = strike(sandbox, position, **TRANSIENT[name])
        assert pulled(office.again()) == undisturbed, position
        struck += fault.times < Fault(at=0, **TRANSIENT[name]).times
    assert struck >= 5


def test_a_host_that_is_silent_once_is_asked_again(sandbox: Sandbox, undisturbed: dict[str, Any]):
    strike(sandbox, 3, kind="silence")
    assert pulled(office_of(sandbox, timeout_s=0.3)) == undisturbed


def test_google_decides_how_long_to_wait(office: Office, sandbox: Sandbox):
    strike(sandbox, 1, kind="throttle_429", retry_after=77)
    office.mail()
    assert office.clock.waits == [77]


def test_a_batch_is_halved_where_it_is_too_much_at_once(office: Office, sandbox: Sandbox):
    strike(sandbox, 0, kind="part_429", path="/batch", times=2)
    calls = office.mail()
    sizes = [len(call.parts) for call in calls if call.parts]
    assert sizes[:4] == [25, 12, 6, 7]
    # The rest of the batch was served, so there is nothing to wait for.
    assert office.clock.waits == []


def test_a_batch_of_which_nothing_is_served_waits(sandbox: Sandbox, undisturbed: dict[str, Any]):
    office = office_of(sandbox, quota=replace(UNLIMITED, batch_parts=1))
    strike(sandbox, 0, kind="part_429", path="/batch", times=2)
    assert pulled(office) == undisturbed
    assert len(office.clock.waits) == 2
