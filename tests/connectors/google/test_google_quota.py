"""Google's limits: per minute by waiting, per day by stopping."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from connectors.google import UNLIMITED
from connectors.pages import PullProblem
from sandbox.server import Sandbox
from sandbox.world import World
from tests.connectors.google.conftest import office_of

A_DAY = 2_000


def test_a_day_that_is_spent_ends_the_pull_and_the_next_day_goes_on(sandbox: Sandbox, world: World):
    quiet = office_of(sandbox)
    quiet.mail()
    office = office_of(sandbox, quota=replace(UNLIMITED, gmail_project_units_per_day=A_DAY))
    days = 0
    while "history" not in office.store.cursors.get("mail", ""):
        before, stored = len(sandbox.log), len(office.store.messages)
        try:
            office.mail()
        except PullProblem as problem:
            assert problem.state == "the day's units are spent"
            assert not problem.is_account
        with suppress(PullProblem):
            office.mail()
        units = sum(call.units for call in sandbox.log[before:])
        assert units <= A_DAY
        assert len(office.store.messages) > stored
        days += 1
        world.advance(world.now + timedelta(days=1))
    assert days == 3
    assert office.store.messages == quiet.store.messages
