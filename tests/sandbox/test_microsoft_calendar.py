"""Calendars at the sandbox's Graph: who met whom and when, whichever way one asks."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from sandbox.diaries import CANCELLED, Diary, Occurrence
from sandbox.files import CALENDAR_CANARY
from sandbox.meetings import DECLINED, TENTATIVE
from sandbox.people import GOOGLE, MICROSOFT
from sandbox.server import Sandbox
from tests.sandbox.microsoft_client import Client, staff

WINDOW = "startDateTime=2026-01-01T00:00:00Z&endDateTime=2026-12-31T00:00:00Z"
RESPONSES = {"ACCEPTED": "accepted", "TENTATIVE": "tentativelyAccepted", "DECLINED": "declined"}


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    return Client(sandbox)


def diary(client: Client, address: str) -> Diary:
    return client.world.calendars[address]


def instant(moment: dict[str, str]) -> datetime:
    assert moment["timeZone"] == "UTC"
    text, _, fraction = moment["dateTime"].partition(".")
    assert fraction == "0000000"
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def view(client: Client, address: str, query: str = "$top=1000", *prefer: str) -> list[dict]:
    return client.every(f"users/{address}/calendarView?{WINDOW}&{query}", *prefer)


def uid_of(event: dict) -> tuple[str, str]:
    """What the module says a reader can make of iCalUId: UID and day of the occurrence."""
    text = event["iCalUId"]
    if not text.startswith("040000008200E00074C5B7101A82E008"):
        return text, ""
    raw = bytes.fromhex(text)
    year, month, day = int.from_bytes(raw[16:18]), raw[18], raw[19]
    data = raw[40:]
    assert len(data) == int.from_bytes(raw[36:40], "little")
    assert data.startswith(b"vCal-Uid\x01\0\0\0")
    return data[12:-1].decode(), f"{year:04}-{month:02}-{day:02}" if year else ""


def test_a_view_shows_what_the_diary_holds(client: Client):
    for address in staff(client.sandbox)[:8]:
        held = {
            (one.entry.uid, one.original_start): one
            for one in diary(client, address).occurrences()
            if one.status != CANCELLED or one.entry.organizer != address
        }
        shown = view(client, address)
        assert len(shown) == len(held)
        for event in shown:
            uid, day = uid_of(event)
            is_single = event["type"] == "singleInstance"
            found = [
                one
                for (name, _), one in held.items()
                if name == uid and (is_single or f"{one.key:%Y-%m-%d}" == day)
            ]
            check_event(event, *found, address=address)


def check_event(event: dict, one: Occurrence, *, address: str) -> None:
    entry = one.entry
    if one.is_all_day:
        assert event["start"]["dateTime"] == f"{one.key:%Y-%m-%dT00:00:00}.0000000"
        days = instant(event["end"]) - instant(event["start"])
        assert days == timedelta(minutes=entry.minutes)
    else:
        assert (instant(event["start"]), instant(event["end"])) == (one.start, one.end)
    assert event["isAllDay"] == one.is_all_day
    assert event["isCancelled"] == (one.status == CANCELLED)
    assert event["isOrganizer"] == (entry.organizer == address)
    assert event["organizer"]["emailAddress"]["address"] == entry.organizer
    people = {
        guest["emailAddress"]["address"]: guest["status"]["response"]
        for guest in event["attendees"]
        if guest["type"] == "required"
    }
    assert people == {name: RESPONSES[answer] for name, answer in one.answers.items()}
    rooms = [guest for guest in event["attendees"] if guest["type"] == "resource"]
    assert [room["emailAddress"]["address"] for room in rooms] == (
        [entry.room] if entry.room else []
    )
    assert all(room["status"]["time"] == "0001-01-01T00:00:00Z" for room in rooms)


def test_pages_follow_one_another(client: Client):
    address = staff(client.sandbox)[1]
    everything = view(client, address)
    assert len(everything) > 14
    assert view(client, address, "$top=7") == view(client, address, "") == everything
    page = client.ok(f"users/{address}/calendarView?{WINDOW}")
    assert len(page["value"]) == 10
    starts = [instant(one["start"]) for one in everything]
    assert starts == sorted(starts)


def test_select_shows_what_was_asked_for(client: Client):
    (first, *_) = view(client, staff(client.sandbox)[1], "$top=1000&$select=start,iCalUId")
    assert first.keys() == {"@odata.etag", "id", "start", "iCalUId"}


def test_windows_have_bounds(client: Client):
    path = f"users/{staff(client.sandbox)[1]}/calendarView"
    assert client.error(path) == (400, "ErrorInvalidParameter")
    assert client.error(f"{path}?startDateTime=x&endDateTime=y") == (400, "ErrorInvalidParameter")
    whole = f"{path}?startDateTime=2021-07-01T00:00:00Z&endDateTime=2026-06-30T00:00:00Z"
    assert client.ok(whole)["value"]
    longer = whole.replace("06-30", "07-01")
    assert client.error(longer) == (400, "ErrorInvalidRequest")
    assert "1825" in client.get(longer).json()["error"]["message"]


def test_a_window_holds_what_overlaps_it(client: Client):
    address = staff(client.sandbox)[1]
    event = next(one for one in view(client, address) if not one["isAllDay"])
    start, end = instant(event["start"]), instant(event["end"])
    minute = timedelta(minutes=1)

    def shows(since: datetime, until: datetime) -> bool:
        window = f"startDateTime={since:%Y-%m-%dT%H:%M:%SZ}&endDateTime={until:%Y-%m-%dT%H:%M:%SZ}"
        found = client.every(f"users/{address}/calendarView?{window}&$top=1000&$select=id")
        return event["id"] in {one["id"] for one in found}

    assert shows(start + minute, end - minute)
    assert shows(end - minute, end + minute)
    assert not shows(end, end + minute)
    assert not shows(start - minute, start)


def test_times_come_in_the_zone_that_was_asked_for(client: Client):
    address = staff(client.sandbox)[1]
    in_utc = view(client, address)
    for name in ("Eastern Standard Time", "America/New_York"):
        local = view(client, address, "$top=1000", f'outlook.timezone="{name}"')
        assert [one["id"] for one in local] == [one["id"] for one in in_utc]
        for here, there in zip(local, in_utc, strict=True):
            assert here["start"]["timeZone"] == name
            hours = (
                datetime.fromisoformat(there["start"]["dateTime"])
                - datetime.fromisoformat(here["start"]["dateTime"])
            ) / timedelta(hours=1)
            assert hours == 0 if here["isAllDay"] else hours in (4, 5)
    path = f"users/{address}/calendarView?{WINDOW}"
    refused = client.error(path, 'outlook.timezone="Moon"')
    assert refused == (400, "TimeZoneNotSupportedException")


def meeting_across(client: Client, organizer: str) -> tuple[Occurrence, str]:
    """A recurring meeting with that company's organiser, and a Microsoft guest of it."""
    for address in staff(client.sandbox):
        for one in diary(client, address).occurrences():
            if (
                one.entry.every_weeks
                and one.entry.organizer.endswith(organizer)
                and (one.entry.organizer != address)
            ):
                return one, address
    raise AssertionError("no such meeting")


def test_the_series_has_the_uid_and_each_occurrence_its_own(client: Client):
    one, address = meeting_across(client, MICROSOFT)
    shown = [event for event in view(client, address) if uid_of(event)[0] == one.entry.uid]
    assert len(shown) > 1
    assert len({event["iCalUId"] for event in shown}) == len(shown)
    (master_id,) = {event["seriesMasterId"] for event in shown}
    master = client.ok(f"users/{address}/events/{quote(master_id)}")
    assert master["iCalUId"] == one.entry.uid
    assert master["type"] == "seriesMaster"
    assert master["seriesMasterId"] is None
    assert (
        instant(master["start"])
        == next(
            iter(diary(client, address).series[one.entry.uid].occurrences().values())
        ).original_start
    )
    client.world.graph_quirks.hex_uids = True
    master = client.ok(f"users/{address}/events/{quote(master_id)}?$select=iCalUId")
    assert uid_of(master) == (one.entry.uid, "")
    assert master["iCalUId"] != one.entry.uid


def test_a_meeting_of_the_other_company_keeps_its_uid(client: Client):
    shared = {
        one.entry.uid: address
        for address in staff(client.sandbox)
        for one in diary(client, address).occurrences()
        if one.entry.organizer.endswith(GOOGLE) and not one.entry.every_weeks
    }
    assert shared
    for uid, address in shared.items():
        assert uid in {event["iCalUId"] for event in view(client, address)}


def test_a_moved_occurrence_remembers_where_it_was(client: Client):
    one, address = meeting_across(client, MICROSOFT)
    to = one.key + timedelta(days=1)
    client.world.reschedule(one.entry.uid, one.key, to)
    (event,) = (
        event
        for event in view(client, address, "$top=1000&$select=start,originalStart,type,iCalUId")
        if uid_of(event) == (one.entry.uid, f"{one.key:%Y-%m-%d}")
    )
    assert event["type"] == "exception"
    assert event["originalStart"] == f"{one.original_start:%Y-%m-%dT%H:%M:%SZ}"
    assert instant(event["start"]) == one.original_start + timedelta(days=1)
    single = client.ok(f"users/{address}/events/{quote(event['id'])}?$select=type,originalStart")
    assert single["type"] == "exception"


def test_an_answer_to_one_occurrence_makes_it_an_exception(client: Client):
    one, address = meeting_across(client, MICROSOFT)
    for answer, shown_as in ((DECLINED, "free"), (TENTATIVE, "tentative")):
        client.world.answer(one.entry.uid, one.key, address, answer)
        (event,) = (
            event
            for event in view(client, address)
            if uid_of(event) == (one.entry.uid, f"{one.key:%Y-%m-%d}")
        )
        assert event["type"] == "exception"
        assert event["showAs"] == shown_as
        assert event["responseStatus"]["response"] == RESPONSES[answer]


def test_what_is_called_off_leaves_the_organisers_calendar_only(client: Client):
    one, address = meeting_across(client, MICROSOFT)
    client.world.cancel(one.entry.uid, one.key)
    where = (one.entry.uid, f"{one.key:%Y-%m-%d}")
    (left,) = (event for event in view(client, address) if uid_of(event) == where)
    assert left["isCancelled"] is True
    assert left["showAs"] == "free"
    assert where not in {uid_of(event) for event in view(client, one.entry.organizer)}
    gone = client.error(f"users/{one.entry.organizer}/events/{quote(left['id'])}")
    assert gone == (404, "ErrorItemNotFound")
    master = quote(left["seriesMasterId"])
    path = f"users/{address}/events/{master}?$select=cancelledOccurrences"
    days = {name.rpartition(".")[2] for name in client.ok(path)["cancelledOccurrences"]}
    assert f"{one.key:%Y-%m-%d}" in days
    client.world.cancel(one.entry.uid)
    assert client.ok(f"users/{address}/events/{master}")["isCancelled"] is True
    assert one.entry.uid not in {uid_of(event)[0] for event in view(client, one.entry.organizer)}


def test_what_a_person_takes_off_the_calendar_others_keep(client: Client):
    one, address = meeting_across(client, MICROSOFT)
    client.world.remove_copy(address, one.entry.uid)
    assert one.entry.uid not in {uid_of(event)[0] for event in view(client, address)}
    assert one.entry.uid in {uid_of(event)[0] for event in view(client, one.entry.organizer)}


def test_leave_is_out_of_office_and_a_whole_day_in_every_zone(client: Client):
    for address in staff(client.sandbox):
        away = [one for one in view(client, address) if one["showAs"] == "oof"]
        if away:
            assert away[0]["isAllDay"] is True
            assert away[0]["attendees"] == []
            assert away[0]["start"]["dateTime"].endswith("T00:00:00.0000000")
            return
    raise AssertionError("nobody was away")


def test_only_the_organiser_may_know_what_others_answered(client: Client):
    one, address = meeting_across(client, MICROSOFT)
    client.world.graph_quirks.organizer_only_answers = True

    def answers(owner: str) -> dict[str, str]:
        event = next(event for event in view(client, owner) if uid_of(event)[0] == one.entry.uid)
        return {
            guest["emailAddress"]["address"]: guest["status"]["response"]
            for guest in event["attendees"]
            if guest["type"] == "required"
        }

    assert {answer for name, answer in answers(address).items() if name != address} == {"none"}
    assert answers(address)[address] != "none"
    assert "none" not in answers(one.entry.organizer).values()


def test_titles_are_there_to_be_left_and_bodies_are_not(client: Client):
    address = staff(client.sandbox)[1]
    event = view(client, address)[0]
    assert event["subject"] == CALENDAR_CANARY
    assert not {"body", "bodyPreview"} & event.keys()
    path = f"users/{address}/calendarView?{WINDOW}&$select=body"
    assert client.error(path) == (403, "ErrorAccessDenied")


def delta(client: Client, link: str) -> tuple[list[dict], str]:
    return client.round(link, "odata.maxpagesize=50")


def test_a_delta_tells_of_occurrences_in_a_few_words(client: Client):
    address = meeting_across(client, MICROSOFT)[1]
    items, _ = delta(client, f"users/{address}/calendarView/delta?{WINDOW}")
    kinds = {event["type"] for event in items}
    assert kinds == {"singleInstance", "occurrence", "exception", "seriesMaster"}
    for event in items:
        if event["type"] == "occurrence":
            assert event.keys() == {"@odata.etag", "id", "type", "seriesMasterId", "start", "end"}
        else:
            assert "attendees" in event
    shown = {event["id"] for event in view(client, address)}
    told = {event["id"] for event in items if event["type"] != "seriesMaster"}
    assert told == shown
    masters = {event["id"] for event in items if event["type"] == "seriesMaster"}
    assert {event["seriesMasterId"] for event in items if event.get("seriesMasterId")} == masters


def test_a_later_delta_tells_what_changed(client: Client):
    one, address = meeting_across(client, MICROSOFT)
    keys = list(diary(client, address).series[one.entry.uid].occurrences())
    _, link = delta(client, f"users/{address}/calendarView/delta?{WINDOW}")
    client.world.reschedule(one.entry.uid, keys[0], keys[0] + timedelta(hours=1))
    client.world.remove_copy(address, one.entry.uid, keys[1])
    items, link = delta(client, link)
    told = [item for item in items if item.get("type") != "seriesMaster"]
    assert {item.get("type", "removed") for item in told} == {"exception", "removed"}
    assert delta(client, link)[0] == []


def test_what_changes_between_two_pages_shifts_no_other(client: Client):
    one, address = meeting_across(client, MICROSOFT)
    path = f"users/{address}/calendarView/delta?{WINDOW}"
    everything = {event["id"] for event in delta(client, path)[0]}
    page = client.ok(path, "odata.maxpagesize=3")
    client.world.remove_copy(address, one.entry.uid)
    told = {event["id"] for event in page["value"]}
    told |= {event["id"] for event in delta(client, page["@odata.nextLink"])[0]}
    left = {event["id"] for event in delta(client, path)[0]}
    assert left < everything
    assert left <= told


def test_a_delta_takes_no_select_and_comes_to_an_end(client: Client):
    path = f"users/{staff(client.sandbox)[1]}/calendarView/delta"
    assert client.error(f"{path}?{WINDOW}&$select=start") == (400, "ErrorInvalidUrlQuery")
    assert client.error(path) == (400, "ErrorInvalidParameter")
    _, link = delta(client, f"{path}?{WINDOW}")
    client.world.graph_quirks.generation += 1
    assert client.error(link) == (410, "resyncRequired")


def test_a_meeting_outside_the_window_is_told_of_as_removed(client: Client):
    one, address = meeting_across(client, MICROSOFT)
    window = "startDateTime=2030-01-01T00:00:00Z&endDateTime=2030-02-01T00:00:00Z"
    items, link = delta(client, f"users/{address}/calendarView/delta?{window}")
    assert items == []
    client.world.cancel(one.entry.uid, one.key)
    ((item,), _) = delta(client, link)
    assert item["@removed"] == {"reason": "deleted"}


def test_who_may_read_calendars(client: Client):
    address = staff(client.sandbox)[0]
    path = f"users/{address}/calendarView?{WINDOW}"
    client.world.tenant.roles.discard("Calendars.ReadBasic.All")
    other = Client(client.sandbox)
    assert other.error(path) == (403, "ErrorAccessDenied")
    assert other.ok(f"users/{address}/mailFolders")
    client.world.tenant.denied.add(address)
    assert client.error(path) == (403, "ErrorAccessDenied")
    assert client.error(f"users/{address}/events/none") == (403, "ErrorAccessDenied")


def test_calendars_are_named(client: Client):
    calendars = client.ok(f"users/{staff(client.sandbox)[0]}/calendars")["value"]
    assert [one["name"] for one in calendars if one["isDefaultCalendar"]] == ["Calendar"]
    assert json.dumps(calendars).count(CALENDAR_CANARY) == 0
