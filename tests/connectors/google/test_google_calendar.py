"""Calendars from the local Google: listing, sync tokens, what is called off and what moves."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.google import calendar
from sandbox.diaries import CANCELLED, Diary, Occurrence
from sandbox.faults import Fault
from sandbox.files import CALENDAR_CANARY
from sandbox.google.events import item
from sandbox.people import GOOGLE
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World
from tests.connectors.google.conftest import LONG_AGO, Office, names, office_of

ANSWERS = {
    "ACCEPTED": "accepted",
    "TENTATIVE": "tentative",
    "DECLINED": "declined",
    "NEEDS-ACTION": "needs_action",
}
KINDS = {"meeting": "default", "focus": "focus_time", "away": "out_of_office"}


@pytest.fixture
def world(village: Village) -> World:
    """A month before the village ends, so that something lies ahead."""
    return World(village, datetime(2026, 6, 1, tzinfo=UTC))


def busiest_of(sandbox: Sandbox) -> Office:
    """Whoever has most in the calendar."""
    diaries = sandbox.world.calendars
    own = [one for one in diaries if one.endswith(f"@{GOOGLE}")]
    return office_of(sandbox, max(own, key=lambda one: len(diaries[one].occurrences())))


@pytest.fixture
def office(sandbox: Sandbox) -> Office:
    return busiest_of(sandbox)


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several pages for a calendar of this size."""
    monkeypatch.setattr(calendar, "LISTED_AT_ONCE", 5)


def diary_of(world: World, office: Office) -> Diary:
    return world.calendars[office.mailbox.address]


def event_id(diary: Diary, one: Occurrence) -> str:
    return item(diary.series[one.entry.uid], one.key).id


def planned(diary: Diary) -> dict[str, Occurrence]:
    """Event id -> occurrence of all that is to take place."""
    found = diary.occurrences()
    return {event_id(diary, one): one for one in found if one.status != CANCELLED}


def upcoming(world: World, office: Office, *, is_recurring: bool) -> Occurrence:
    """The next meeting with others, of a series or single."""
    found = planned(diary_of(world, office)).values()
    return next(
        one
        for one in found
        if one.start > world.now + timedelta(days=1)
        and one.answers
        and bool(one.entry.every_weeks) == is_recurring
    )


def test_the_first_pull_brings_every_occurrence(office: Office, world: World):
    diary = diary_of(world, office)
    office.calendar()
    occurrences = planned(diary)
    assert len(occurrences) > 15
    assert set(office.store.events) == set(occurrences)
    for one, occurrence in occurrences.items():
        event, entry = office.store.events[one], occurrence.entry
        assert (event.calendar_id, event.ical_uid) == ("primary", entry.uid)
        assert event.is_recurring == bool(entry.every_weeks) == (event.series_id is not None)
        assert event.kind == KINDS[entry.kind]
        assert event.updated_at == occurrence.updated_at
        if not event.is_all_day:
            assert event.original_start_at == occurrence.original_start
            assert (event.start_at, event.end_at) == (occurrence.start, occurrence.end)
        rooms = {one.address for one in event.attendees if one.kind == "room"}
        assert rooms == ({entry.room} if entry.room else set())
        said = {one.address: one.response for one in event.attendees if one.kind != "room"}
        invited = {one: ANSWERS[answer] for one, answer in occurrence.answers.items()}
        if event.attendees:
            assert said == {entry.organizer: "accepted"} | invited
        assert event.has_all_attendees
    assert CALENDAR_CANARY not in repr(office.store.pages)


def test_what_ended_before_the_horizon_is_left_out(office: Office, world: World):
    office.since = world.now
    office.calendar()
    assert set(office.store.events) == {
        one for one, what in planned(diary_of(world, office)).items() if what.end > world.now
    }


def test_a_horizon_that_moves_back_brings_what_is_older(office: Office, world: World):
    office.since = world.now
    office.calendar()
    office.since = LONG_AGO
    office.calendar()
    assert set(office.store.events) == set(planned(diary_of(world, office)))
    assert len(office.calendar()) == 2
    office.since = world.now
    assert len(office.calendar()) == 2


def test_a_second_pull_asks_for_changes_and_brings_nothing(office: Office):
    office.calendar()
    rows = deepcopy(office.store.rows())
    calls = office.calendar()
    assert names(calls) == ["/token", "/calendar/v3/calendars/primary/events"]
    assert "syncToken" in calls[-1].query
    assert office.store.rows() == rows
    assert office.store.pages[-1].records == ()


def test_one_page_brings_all_that_google_gives(office: Office):
    (call,) = office.calendar()[1:]
    assert call.query["maxResults"] == ["2500"]
    assert "orderBy" not in call.query
    assert "timeMax" not in call.query


def test_an_occurrence_called_off_is_gone_when_google_says(office: Office, world: World):
    occurrence = upcoming(world, office, is_recurring=True)
    one = event_id(diary_of(world, office), occurrence)
    office.calendar()
    seen_at = world.now
    world.advance(world.now + timedelta(hours=1))
    world.cancel(occurrence.entry.uid, occurrence.original_start)
    office.calendar()
    assert office.store.gone == {one: seen_at}
    assert office.store.alive() == set(planned(diary_of(world, office)))


def test_a_single_meeting_called_off_is_gone(office: Office, world: World):
    occurrence = upcoming(world, office, is_recurring=False)
    one = event_id(diary_of(world, office), occurrence)
    office.calendar()
    world.cancel(occurrence.entry.uid)
    office.calendar()
    assert set(office.store.gone) == {one}


def test_a_meeting_that_its_guest_removes_is_gone_from_that_calendar(office: Office, world: World):
    occurrence = upcoming(world, office, is_recurring=False)
    office.calendar()
    world.remove_copy(office.mailbox.address, occurrence.entry.uid)
    office.calendar()
    assert set(office.store.gone) == {event_id(diary_of(world, office), occurrence)}


def test_a_moved_occurrence_keeps_its_original_start(office: Office, world: World):
    occurrence = upcoming(world, office, is_recurring=True)
    one = event_id(diary_of(world, office), occurrence)
    office.calendar()
    later = occurrence.start + timedelta(hours=26)
    world.reschedule(occurrence.entry.uid, occurrence.original_start, later)
    office.calendar()
    event = office.store.events[one]
    assert event.original_start_at == occurrence.original_start
    assert (event.start_at, event.end_at - event.start_at) == (
        later,
        occurrence.end - occurrence.start,
    )
    assert office.store.gone == {}


def test_an_answer_arrives(office: Office, world: World):
    occurrence = upcoming(world, office, is_recurring=True)
    guest = next(iter(occurrence.answers))
    office.calendar()
    world.answer(occurrence.entry.uid, occurrence.original_start, guest, "DECLINED")
    office.calendar()
    event = office.store.events[event_id(diary_of(world, office), occurrence)]
    assert {one.response for one in event.attendees if one.address == guest} == {"declined"}


def test_a_meeting_moved_to_before_the_horizon_does_not_stay_where_it_was(
    office: Office, world: World
):
    office.since = world.now
    occurrence = upcoming(world, office, is_recurring=True)
    one = event_id(diary_of(world, office), occurrence)
    office.calendar()
    assert one in office.store.alive()
    long_ago = world.now - timedelta(days=3)
    world.reschedule(occurrence.entry.uid, occurrence.original_start, long_ago)
    office.calendar()
    assert one not in office.store.alive()


def test_an_expired_token_is_made_good_by_a_listing(office: Office, world: World, sandbox: Sandbox):
    single = upcoming(world, office, is_recurring=False)
    office.calendar()
    seen_at = world.now
    world.advance(world.now + timedelta(hours=1))
    world.cancel(single.entry.uid)
    sandbox.google.calendar.expire_sync_tokens()
    calls = office.calendar()
    assert [call.status for call in calls] == [200, 410, 200]
    assert office.store.gone == {event_id(diary_of(world, office), single): seen_at}
    assert office.store.alive() == set(planned(diary_of(world, office)))
    assert [call.status for call in office.calendar()] == [200, 200]


@pytest.mark.parametrize("stored", range(1, 5))
def test_a_kill_after_any_page_loses_nothing(
    office: Office, world: World, sandbox: Sandbox, small_pages: None, stored: int
):
    undisturbed = office.again()
    undisturbed.calendar()
    office.calendar(pages=stored)
    assert office.store.cursors == {}
    office.calendar()
    assert office.store.rows() == undisturbed.store.rows()


@pytest.mark.parametrize("stored", range(1, 4))
def test_a_kill_during_a_listing_anew_loses_nothing(
    office: Office, world: World, sandbox: Sandbox, small_pages: None, stored: int
):
    office.calendar()
    world.cancel(upcoming(world, office, is_recurring=True).entry.uid)
    sandbox.google.calendar.expire_sync_tokens()
    undisturbed = replace(office, store=deepcopy(office.store))
    undisturbed.calendar()
    before = dict(office.store.cursors)
    office.calendar(pages=stored)
    assert office.store.cursors == before
    office.calendar()
    assert office.store.rows() == undisturbed.store.rows()


def test_a_calendar_without_a_new_token_is_listed_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(calendar, "FIELDS", calendar.FIELDS.replace("nextSyncToken,", ""))
    office.calendar()
    assert office.store.cursors == {}
    rows = deepcopy(office.store.rows())
    office.calendar()
    assert office.store.rows() == rows


@pytest.fixture(scope="module")
def long_village() -> Village:
    """A year, so that series reach further than Google tells of their end."""
    return Village(months=12)


def test_the_far_occurrences_of_a_deleted_series_go_within_a_month(long_village: Village):
    world = World(long_village, datetime(2025, 8, 1, tzinfo=UTC))
    with Sandbox(world) as sandbox:
        office = busiest_of(sandbox)
        occurrence = upcoming(world, office, is_recurring=True)
        of_series = {
            event_id(diary_of(world, office), one)
            for one in planned(diary_of(world, office)).values()
            if one.entry.uid == occurrence.entry.uid and one.start > world.now
        }
        office.calendar()
        world.cancel(occurrence.entry.uid)
        office.calendar()
        far = of_series & office.store.alive()
        assert 0 < len(far) < len(of_series)
        world.advance(world.now + timedelta(days=29))
        assert len(office.calendar()) == 2
        assert far <= office.store.alive()
        world.advance(world.now + timedelta(days=2))
        office.calendar()
        assert of_series.isdisjoint(office.store.alive())
        assert office.store.alive() == set(planned(diary_of(world, office)))


def test_a_calendar_that_google_does_not_serve_leaves_everything_as_it_was(
    office: Office, sandbox: Sandbox
):
    office.calendar()
    rows = deepcopy(office.store.rows())
    sandbox.faults.append(Fault(at=0, kind="server_500", times=99, path="/events"))
    assert office.problem(office.calendar).state == "Google fails"
    assert office.store.rows() == rows


# -- further calendars


def test_another_calendar_is_read_where_the_person_may_see_it(sandbox: Sandbox, world: World):
    office = busiest_of(sandbox)
    own = office.mailbox.address
    shared, closed, *_ = (one for one in world.calendars if one.endswith(GOOGLE) and one != own)
    world.shared_calendars.add(shared)
    office = office_of(sandbox, own, calendars=("primary", closed, shared))
    office.calendar()
    assert {one.calendar_id for one in office.store.events.values()} == {"primary", shared}
    assert office.store.cursors.keys() == {"calendar:primary", f"calendar:{shared}"}
    # What changes on either comes with its own token.
    moved = next(one for one in world.calendars[shared].occurrences() if one.start > world.now)
    world.cancel(moved.entry.uid, moved.original_start)
    calls = office.calendar()
    assert all("syncToken" in call.query for call in calls if shared in call.path)
    gone = [(one.id, one.calendar_id) for page in office.store.pages for one in page.gone]
    assert (event_id(world.calendars[shared], moved), shared) in gone


def test_a_person_without_an_own_calendar_is_told_although_another_could_be_read(
    sandbox: Sandbox, world: World
):
    office = office_of(sandbox, calendars=("primary", "shared@x.example"))
    world.disabled_apis.add("calendar")
    assert office.problem(office.calendar).state == "Google Calendar API switched off"
