"""Google Calendar on loopback, asked by Google's own client."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from googleapiclient.discovery import Resource

from sandbox.diaries import CANCELLED, Diary
from sandbox.files import CALENDAR_CANARY
from sandbox.google.events import RESPONSES, event_id
from sandbox.people import GOOGLE
from sandbox.server import Sandbox
from sandbox.world import START, World
from tests.sandbox.google_client import EVENTS, GoogleClient, refusal

CALENDARS = "https://www.googleapis.com/auth/calendar.readonly"
STUB = {"kind", "etag", "id", "status"}
INSTANCE = STUB | {"recurringEventId", "originalStartTime"}


@pytest.fixture
def user(world: World) -> str:
    """Somebody of the Google company whose calendar has something of everything."""
    sizes = {
        address: len({one.entry.organizer for one in diary.occurrences() if one.is_exception})
        for address, diary in world.calendars.items()
        if address.endswith(GOOGLE)
    }
    return max(sizes, key=sizes.get)


@pytest.fixture
def events(client: GoogleClient, user: str) -> Resource:
    return client.calendar(user).events()


@pytest.fixture
def diary(world: World, user: str) -> Diary:
    return world.calendars[user]


@pytest.fixture
def weekly(diary: Diary):
    """A recurring meeting of the user with guests, and one plain occurrence of it."""
    for series in diary.series.values():
        shown = series.occurrences().values()
        if len(shown) > 2 and series.entry.attendees:
            return next(one for one in shown if not one.is_exception)
    raise AssertionError("no such series")


def pages(events: Resource, **query) -> list[dict]:
    found = [events.list(calendarId="primary", **query).execute()]
    while "nextPageToken" in found[-1]:
        token = found[-1]["nextPageToken"]
        found.append(events.list(calendarId="primary", pageToken=token, **query).execute())
    return found


def items(events: Resource, **query) -> dict[str, dict]:
    """Id -> event, over all pages; no id may come twice."""
    found = [one for page in pages(events, **query) for one in page["items"]]
    assert len({one["id"] for one in found}) == len(found)
    return {one["id"]: one for one in found}


def synced(events: Resource, **query) -> tuple[str, dict]:
    """The token for the next time, and the parameters that it is bound to."""
    return pages(events, **query)[-1]["nextSyncToken"], query


def name(occurrence) -> str:
    own = event_id(occurrence.entry.uid)
    if not occurrence.entry.every_weeks:
        return own
    return f"{own}_{occurrence.original_start:%Y%m%dT%H%M%SZ}"


def instant(when: dict) -> datetime:
    return datetime.fromisoformat(when["dateTime"]).astimezone(UTC)


# -- a full listing


def test_expanded_it_shows_every_occurrence_that_was_not_called_off(events, diary):
    shown = items(events, singleEvents=True)
    expected = {name(one): one for one in diary.occurrences() if one.status != CANCELLED}
    assert shown.keys() == expected.keys()
    for key, one in expected.items():
        event = shown[key]
        assert event["iCalUID"] == one.entry.uid
        assert event["status"] == "confirmed"
        if "dateTime" in event["start"]:
            assert (instant(event["start"]), instant(event["end"])) == (one.start, one.end)
            assert event["start"]["timeZone"] == one.entry.zone
        assert ("recurringEventId" in event) == bool(one.entry.every_weeks)
        if one.entry.every_weeks:
            assert instant(event["originalStartTime"]) == one.original_start
    moved = [one for one in expected.values() if one.start != one.original_start]
    assert moved


def test_guests_come_with_their_answers_organizer_and_rooms_among_them(events, diary, user):
    shown = items(events, singleEvents=True)
    for one in diary.occurrences():
        if one.status == CANCELLED:
            continue
        entry, event = one.entry, shown[name(one)]
        assert event["organizer"]["email"] == event["creator"]["email"] == entry.organizer
        assert event["organizer"].get("self", False) == (entry.organizer == user)
        guests = {guest["email"]: guest for guest in event.get("attendees", ())}
        expected = {address: RESPONSES[answer] for address, answer in one.answers.items()}
        if entry.attendees:
            expected[entry.organizer] = "accepted"
            assert guests[entry.organizer]["organizer"] is True
            assert guests[user]["self"] is True
            assert sum("self" in guest for guest in guests.values()) == 1
        if entry.room:
            expected[entry.room] = "accepted"
            assert guests[entry.room]["resource"] is True
        answers = {address: guest["responseStatus"] for address, guest in guests.items()}
        assert answers == expected
    assert {answer for one in diary.occurrences() for answer in one.answers.values()} >= {
        "ACCEPTED",
        "DECLINED",
    }


def test_texts_are_there_and_stay_away_when_nobody_asks_for_them(events):
    full = items(events, singleEvents=True)
    assert all(one["summary"] == CALENDAR_CANARY for one in full.values())
    assert any(one.get("location") == CALENDAR_CANARY for one in full.values())
    wanted = "items(id,start,attendees(email,responseStatus)),nextPageToken,nextSyncToken"
    (page,) = pages(events, singleEvents=True, maxResults=2500, fields=wanted)
    assert set(page) == {"items", "nextSyncToken"}
    assert CALENDAR_CANARY not in str(page)
    assert len(page["items"]) == len(full)


def test_ids_are_googles_and_the_same_on_every_calendar(client, weekly, events, user):
    own = items(events, singleEvents=True)
    other = next(one for one in dict(weekly.entry.attendees) if one != user)
    theirs = items(client.calendar(other).events(), singleEvents=True)
    shared = own.keys() & theirs.keys()
    assert name(weekly) in shared
    assert {own[one]["iCalUID"] for one in shared} == {theirs[one]["iCalUID"] for one in shared}
    for one in own.values():
        base = one["id"].partition("_")[0]
        assert 5 <= len(base) <= 1024
        assert set(base) <= set("abcdefghijklmnopqrstuv0123456789")
        assert one.get("recurringEventId", base) == base


def test_a_calendar_shows_times_in_its_own_zone_or_in_the_asked_one(events, weekly):
    own = items(events, singleEvents=True)[name(weekly)]["start"]["dateTime"]
    assert own == weekly.start.astimezone(ZoneInfo("Europe/Berlin")).isoformat()
    utc = items(events, singleEvents=True, timeZone="UTC")[name(weekly)]["start"]["dateTime"]
    assert utc == f"{weekly.start:%Y-%m-%dT%H:%M:%SZ}"


def test_leave_is_all_day_or_out_of_office_and_focus_time_is_no_meeting(client, world):
    kinds = {"outOfOffice": 0, "focusTime": 0, "all day": 0}
    owners = {
        one.organizer
        for one in world.village.entries
        if one.kind != "meeting" and one.organizer.endswith(GOOGLE)
    }
    for owner in owners:
        shown = items(client.calendar(owner).events(), singleEvents=True)
        for entry in world.village.entries:
            if entry.organizer != owner or entry.kind == "meeting":
                continue
            event = shown[event_id(entry.uid)]
            assert "attendees" not in event
            if "date" in event["start"]:
                kinds["all day"] += 1
                assert event["eventType"] == "default"
                assert event["start"]["date"] == f"{entry.start:%Y-%m-%d}"
                end = entry.start + timedelta(minutes=entry.minutes)
                assert event["end"]["date"] == f"{end:%Y-%m-%d}"
            else:
                kinds[event["eventType"]] += 1
                assert f"{event['eventType']}Properties" in event
    assert all(kinds.values())


def test_not_expanded_it_shows_masters_with_their_rule_and_exceptions(events, diary, weekly):
    shown = items(events)
    masters = {one["id"]: one for one in shown.values() if "recurrence" in one}
    recurring = [one for one in diary.series.values() if one.entry.every_weeks]
    assert masters.keys() == {event_id(one.entry.uid) for one in recurring}
    (rule,) = masters[event_id(weekly.entry.uid)]["recurrence"]
    assert rule.startswith(f"RRULE:FREQ=WEEKLY;INTERVAL={weekly.entry.every_weeks};UNTIL=")
    exceptions = {
        name(one): one for one in diary.occurrences() if one.is_exception and one.entry.every_weeks
    }
    assert {one["id"] for one in shown.values() if "recurringEventId" in one} == set(exceptions)
    for key, one in exceptions.items():
        assert (set(shown[key]) == INSTANCE) == (one.status == CANCELLED)


def test_pages_are_as_long_as_asked_and_only_the_last_has_the_token(events):
    found = pages(events, singleEvents=True, maxResults=4)
    assert [len(page["items"]) for page in found[:-1]] == [4] * (len(found) - 1)
    assert len(found) > 3
    assert ["nextSyncToken" in page for page in found] == [False] * (len(found) - 1) + [True]
    assert items(events, singleEvents=True, maxResults=4) == items(events, singleEvents=True)


def test_times_bound_the_listing_by_end_and_start(events, weekly):
    def is_shown(**bounds: datetime) -> bool:
        texts = {key: value.isoformat() for key, value in bounds.items()}
        return name(weekly) in items(events, singleEvents=True, **texts)

    second = timedelta(seconds=1)
    assert is_shown(timeMin=weekly.end - second)
    assert not is_shown(timeMin=weekly.end)
    assert is_shown(timeMax=weekly.start + second)
    assert not is_shown(timeMax=weekly.start)


def test_what_was_called_off_is_shown_when_asked_for(events, diary):
    shown = items(events, singleEvents=True, showDeleted=True)
    gone = {name(one) for one in diary.occurrences() if one.status == CANCELLED}
    assert gone
    assert {key for key, one in shown.items() if one["status"] == "cancelled"} == gone


def test_an_order_costs_the_token(events):
    (page,) = pages(events, singleEvents=True, orderBy="startTime", maxResults=2500)
    starts = [
        instant(one["start"]) if "dateTime" in one["start"] else None for one in page["items"]
    ]
    timed = [one for one in starts if one]
    assert timed == sorted(timed)
    assert "nextSyncToken" not in page
    assert refusal(events.list(calendarId="primary", orderBy="startTime"))[0] == 400


def test_kinds_of_events_can_be_asked_for_in_full_and_since_a_token(client, world):
    entry = next(
        one
        for one in world.village.entries
        if one.kind == "focus" and one.organizer.endswith(GOOGLE)
    )
    events = client.calendar(entry.organizer).events()
    asked = {"singleEvents": True, "eventTypes": ["focusTime"]}
    assert list(items(events, **asked)) == [event_id(entry.uid)]
    token, _ = synced(events, **asked)
    meeting = next(
        one for one in world.calendars[entry.organizer].occurrences() if one.entry.kind == "meeting"
    )
    world.cancel(meeting.entry.uid)
    world.cancel(entry.uid)
    assert list(items(events, syncToken=token, **asked)) == [event_id(entry.uid)]


def test_few_guests_are_shown_when_few_are_asked_for(events, weekly):
    shown = items(events, singleEvents=True, maxAttendees=1)[name(weekly)]
    assert shown["attendeesOmitted"] is True
    assert [one["self"] for one in shown["attendees"]] == [True]


# -- since a token


def test_nothing_comes_when_nothing_changed(events):
    token, query = synced(events, singleEvents=True)
    (page,) = pages(events, syncToken=token, **query)
    assert page["items"] == []
    assert page["nextSyncToken"]


def test_not_expanded_a_removed_occurrence_is_a_hole_and_a_removed_series_is_nothing(
    events, world, weekly, user
):
    world.remove_copy(user, weekly.entry.uid, weekly.original_start)
    shown = items(events)
    assert set(shown[name(weekly)]) == INSTANCE
    assert event_id(weekly.entry.uid) in shown
    world.remove_copy(user, weekly.entry.uid)
    assert not any(one.startswith(event_id(weekly.entry.uid)) for one in items(events))


def test_a_called_off_occurrence_comes_as_a_stub(events, world, weekly):
    token, query = synced(events, singleEvents=True)
    world.cancel(weekly.entry.uid, weekly.original_start)
    (stub,) = items(events, syncToken=token, **query).values()
    assert set(stub) == INSTANCE
    assert (stub["id"], stub["status"]) == (name(weekly), "cancelled")
    assert stub["recurringEventId"] == event_id(weekly.entry.uid)
    assert instant(stub["originalStartTime"]) == weekly.original_start
    assert name(weekly) not in items(events, singleEvents=True)


def test_a_called_off_single_event_is_a_stub_without_times(events, world, diary):
    single = next(one for one in diary.occurrences() if not one.entry.every_weeks)
    token, query = synced(events, singleEvents=True)
    world.cancel(single.entry.uid)
    (stub,) = items(events, syncToken=token, **query).values()
    assert set(stub) == STUB


def test_a_moved_occurrence_and_an_answer_come_whole(events, world, weekly, user):
    token, query = synced(events, singleEvents=True)
    later = weekly.start + timedelta(hours=2)
    world.reschedule(weekly.entry.uid, weekly.original_start, later)
    guest = weekly.entry.attendees[0][0]
    world.answer(weekly.entry.uid, weekly.original_start, guest, "TENTATIVE")
    (event,) = items(events, syncToken=token, **query).values()
    assert (event["id"], instant(event["start"])) == (name(weekly), later)
    assert instant(event["originalStartTime"]) == weekly.original_start
    answers = {one["email"]: one["responseStatus"] for one in event["attendees"]}
    assert answers[guest] == "tentative"


def test_a_called_off_series_comes_as_its_instances_of_half_a_year(events, world, weekly):
    token, query = synced(events, singleEvents=True)
    world.cancel(weekly.entry.uid)
    stubs = items(events, syncToken=token, **query)
    occurrences = world.series[weekly.entry.uid].occurrences().values()
    assert stubs.keys() == {name(one) for one in occurrences}
    assert all(set(one) == INSTANCE for one in stubs.values())
    token, query = synced(events, singleEvents=True)
    world.advance(START + timedelta(days=150))
    world.cancel(weekly.entry.uid)
    near = [one for one in occurrences if world.now - one.original_start < timedelta(days=183)]
    assert items(events, syncToken=token, **query).keys() == {name(one) for one in near}
    assert len(near) < len(occurrences)


def test_without_expansion_a_called_off_series_is_one_stub(events, world, weekly):
    token, query = synced(events)
    world.cancel(weekly.entry.uid)
    (stub,) = items(events, syncToken=token, **query).values()
    assert (stub["id"], set(stub)) == (event_id(weekly.entry.uid), STUB)


def test_what_the_person_removed_is_gone_from_that_calendar_only(
    client, events, world, weekly, user
):
    token, query = synced(events, singleEvents=True)
    world.remove_copy(user, weekly.entry.uid, weekly.original_start)
    (stub,) = items(events, syncToken=token, **query).values()
    assert set(stub) == INSTANCE
    other = next(
        one for one in (weekly.entry.organizer, *dict(weekly.entry.attendees)) if one != user
    )
    theirs = items(client.calendar(other).events(), singleEvents=True)[name(weekly)]
    assert theirs["status"] == "confirmed"


def test_following_the_tokens_ends_in_the_same_events_as_reading_anew(small_village):
    world = World(small_village, datetime(2026, 4, 20, tzinfo=UTC))
    with Sandbox(world) as sandbox, GoogleClient(sandbox) as client:
        people = [one.address for one in small_village.staff if one.company == GOOGLE][:6]
        calendars = {one: client.calendar(one).events() for one in people}
        held = {one: items(calendars[one], singleEvents=True) for one in people}
        tokens = {one: synced(calendars[one], singleEvents=True)[0] for one in people}
        arrived = gone = 0
        while world.now < START:
            world.advance(world.now + timedelta(days=9))
            for one in people:
                query = {"singleEvents": True, "syncToken": tokens[one], "maxResults": 10}
                for page in pages(calendars[one], **query):
                    for event in page["items"]:
                        is_gone = event["status"] == "cancelled"
                        gone += is_gone and held[one].pop(event["id"], None) is not None
                        if not is_gone:
                            arrived += event["id"] not in held[one]
                            held[one][event["id"]] = event
                tokens[one] = page["nextSyncToken"]
        assert arrived > 50
        assert gone > 5
        assert held == {one: items(calendars[one], singleEvents=True) for one in people}


def test_a_token_is_bound_to_the_parameters_it_was_made_with(events):
    token, _ = synced(events, singleEvents=True, maxResults=100)
    events.list(calendarId="primary", syncToken=token, singleEvents=True, maxResults=5).execute()
    for other in ({}, {"singleEvents": False}, {"singleEvents": True, "showDeleted": True}):
        request = events.list(calendarId="primary", syncToken=token, **other)
        assert refusal(request)[:2] == (400, "invalid")


@pytest.mark.parametrize(
    "bound",
    [
        {"timeMin": "2026-01-01T00:00:00Z"},
        {"timeMax": "2026-01-01T00:00:00Z"},
        {"orderBy": "startTime"},
        {"q": "lunch"},
        {"updatedMin": "2026-06-01T00:00:00Z"},
        {"iCalUID": "x"},
        {"showDeleted": False},
    ],
)
def test_a_token_goes_with_no_bounds(events, bound):
    token, _ = synced(events, singleEvents=True, timeMin="2026-05-01T00:00:00Z")
    request = events.list(calendarId="primary", syncToken=token, singleEvents=True, **bound)
    assert refusal(request)[0] == 400


def test_a_token_does_not_remember_the_times_of_its_first_listing(events, world, weekly):
    token, _ = synced(events, singleEvents=True, timeMin=START.isoformat())
    world.cancel(weekly.entry.uid, weekly.original_start)
    assert list(items(events, syncToken=token, singleEvents=True)) == [name(weekly)]


def test_an_expired_token_is_gone_and_a_new_one_serves(events, sandbox):
    token, query = synced(events, singleEvents=True)
    sandbox.google.calendar.expire_sync_tokens()
    request = events.list(calendarId="primary", syncToken=token, **query)
    assert refusal(request) == (
        410,
        "fullSyncRequired",
        "Sync token is no longer valid, a full sync is required.",
    )
    token, query = synced(events, singleEvents=True)
    assert items(events, syncToken=token, **query) == {}


def test_tokens_that_nobody_handed_out_are_refused(events):
    for key in ("syncToken", "pageToken"):
        for nonsense in ("nonsense", "bm9uc2Vuc2U=", "W10="):
            assert refusal(events.list(calendarId="primary", **{key: nonsense}))[0] == 400


def test_what_changes_while_somebody_pages_comes_with_the_token(events, world, weekly):
    first = events.list(calendarId="primary", singleEvents=True, maxResults=5).execute()
    world.cancel(weekly.entry.uid, weekly.original_start)
    token = first["nextPageToken"]
    rest = events.list(
        calendarId="primary", singleEvents=True, maxResults=2500, pageToken=token
    ).execute()
    changed = items(events, syncToken=rest["nextSyncToken"], singleEvents=True)
    assert list(changed) == [name(weekly)]


# -- which calendars


def test_only_the_own_calendar_can_be_read(client, events, user, world):
    other = next(p.address for p in world.village.staff if p.address != user)
    own = events.list(calendarId=user).execute()
    assert own["summary"] == user
    for calendar in (other, "nothing@group.calendar.example"):
        assert refusal(events.list(calendarId=calendar)) == (404, "notFound", "Not Found")


def test_the_list_of_calendars_needs_more_than_the_scope_for_events(client, world, user):
    assert refusal(client.calendar(user).calendarList().list())[:2] == (
        403,
        "insufficientPermissions",
    )
    world.granted_scopes.add(CALENDARS)
    (own,) = client.calendar(user, CALENDARS).calendarList().list().execute()["items"]
    assert (own["id"], own["primary"], own["accessRole"]) == (user, True, "owner")


def test_a_renamed_person_reads_the_same_calendar(client, world, user, events):
    before = items(events, singleEvents=True)
    new = f"new.name@{GOOGLE}"
    world.rename(user, new)
    after = items(client.calendar(new).events(), singleEvents=True)
    assert after.keys() == before.keys()
    assert any("self" in guest for one in after.values() for guest in one.get("attendees", ()))


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"timeMin": "2026-01-01"}, 400),
        ({"timeMin": "yesterday"}, 400),
        ({"orderBy": "size"}, 400),
        ({"privateExtendedProperty": "a=b"}, 400),
        ({"singleEvents": "maybe"}, 400),
    ],
)
def test_what_it_does_not_understand_it_refuses(client, user, query, code):
    path = "/calendar/v3/calendars/primary/events"
    assert client.get(path, client.token(user, EVENTS), **query).status_code == code
