"""Google's limits: per minute by waiting, per day by stopping."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.google import CURRENT, UNLIMITED, gmail_requests
from connectors.pages import PullProblem
from sandbox.google.messages import message_id
from sandbox.google.meter import Meter
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


def test_the_newest_mail_is_there_as_soon_as_the_quota_allows(
    sandbox: Sandbox, world: World, monkeypatch: pytest.MonkeyPatch
):
    """Ten minutes are 60,000 units: for 90 days 33 messages a day, 50 where threads have three."""
    monkeypatch.setattr(gmail_requests, "LISTED_AT_ONCE", 50)
    office = office_of(sandbox, quota=CURRENT)
    box, since = world.boxes[office.mailbox.address], world.now - timedelta(days=30)
    recent = {message_id(box, one) for one in box.copies() if one.filed_at >= since}
    older = len(box.copies()) - len(recent)
    assert older > 100
    quiet = office_of(sandbox)
    quiet.mail()
    recent &= quiet.store.messages.keys()
    before = len(sandbox.log)
    for page in office.account.mail(office.mailbox, {}, office.store.held, office.since):
        office.store.keep(page)
        if recent <= office.store.messages.keys():
            break
    units = sum(call.units for call in sandbox.log[before:])
    # Nothing is paid for what is older, but for the rest of the last page and of its threads.
    assert units < (len(recent) + 2 * 50) * CURRENT.message_units
    pace = CURRENT.gmail_mailbox_units_per_minute / 60
    assert office.clock.at_s == pytest.approx(units / pace, abs=2)
    assert {page.covers_to for page in office.store.pages if page.covers_to} == {world.now}


def test_no_minute_is_overdrawn_and_none_is_wasted(sandbox: Sandbox):
    quota = replace(CURRENT, gmail_mailbox_units_per_minute=600, batch_parts=5)
    office = office_of(sandbox, quota=quota)
    sandbox.google.meter = Meter(mailbox_units=600, now_s=office.clock.now_s)
    office.mail()
    told = sandbox.google.meter.told()
    minutes = office.clock.at_s / 60
    assert minutes > 5
    assert told["refused"] == 0
    assert told["most_of_mailbox"] <= 600
    assert told["spent"] / (minutes * 600) > 0.95


def test_who_asks_too_much_is_refused_waits_and_loses_nothing(sandbox: Sandbox):
    quiet, office = office_of(sandbox), office_of(sandbox)
    quiet.mail()
    sandbox.google.meter = Meter(mailbox_units=2_000, now_s=office.clock.now_s)
    office.mail()
    told = sandbox.google.meter.told()
    assert told["refused"] > 0
    assert told["most_of_mailbox"] <= 2_000
    assert office.store.rows() == quiet.store.rows()
