"""A listing that loses its place begins anew, once, and loses nothing else."""

from collections.abc import Iterator

import pytest

from sandbox.faults import Fault
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World
from tests.connectors.google.conftest import Office, office_of


@pytest.fixture(scope="module")
def sandbox(village: Village) -> Iterator[Sandbox]:
    """One for all: nothing here changes the world."""
    with Sandbox(World(village)) as served:
        yield served


@pytest.fixture(params=["mail", "calendar", "people"])
def stream(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[str]:
    """A stream that comes in several pages."""
    sandbox.world.google_page_items = {"mail": 100, "calendar": 2, "people": 20}[request.param]
    yield request.param
    sandbox.faults.clear()


def test_a_page_token_that_is_over_costs_a_second_listing(sandbox: Sandbox, stream: str):
    quiet, office = office_of(sandbox), office_of(sandbox)
    calls = len(getattr(quiet, stream)())
    sandbox.faults[:] = [Fault(sandbox.calls + 2, "page_expired")]
    assert len(getattr(office, stream)()) > calls
    assert sandbox.faults.pop().times == 0
    assert office.store.rows() == quiet.store.rows()


def test_page_tokens_that_are_never_good_are_told_and_the_next_pull_begins_anew(
    sandbox: Sandbox, stream: str
):
    quiet, office = office_of(sandbox), office_of(sandbox)
    getattr(quiet, stream)()
    sandbox.faults[:] = [Fault(0, "page_expired", times=2)]
    assert office.problem(getattr(office, stream)).state == "request refused (400)"
    getattr(office, stream)()
    assert office.store.rows() == quiet.store.rows()


def test_a_history_that_loses_its_place_begins_anew(sandbox: Sandbox, office: Office):
    sandbox.world.google_page_items = 30
    office.mail(pages=2)
    box = sandbox.world.boxes[office.mailbox.address]
    for copy in box.copies()[:70]:
        sandbox.world.read(box.address, copy.number)
    sandbox.faults[:] = [Fault(0, "page_expired", path="/history")]
    calls = office.mail()
    pages = [call.query.get("pageToken") for call in calls if call.path.endswith("/history")]
    assert pages[0] is None
    assert pages[1] is not None
    assert pages[2] is None
    assert len(pages) > 3
    quiet = office_of(sandbox)
    quiet.mail()
    assert office.store.messages == quiet.store.messages
