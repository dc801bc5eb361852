"""Calendars of the village's Microsoft tenant, pulled over HTTP: window by window, then again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.diaries import Occurrence
from sandbox.exchange import Call
from tests.connectors.microsoft.store import Store
from tests.connectors.microsoft.tenant import SINCE, Tenant

NOW = datetime(2026, 5, 25, 12, tzinfo=UTC)

END = datetime(2026, 7, 1, tzinfo=UTC)  # the village plans nothing beyond


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    with Tenant(now=NOW) as running:
        yield running


def pull(tenant: Tenant, address: str, store: Store, **options) -> list[Call]:
    return tenant.pull("calendar", address, store, **options)


def windows(calls: list[Call]) -> list[tuple[datetime, datetime]]:
    """The windows that were asked for, without the first question for the time."""
    return [
        tuple(
            datetime.fromisoformat(one.query[name][0]) for name in ("startDateTime", "endDateTime")
        )
        for one in calls[1:]
        if one.path.endswith("/calendarView") and "$skip" not in one.query
    ]


def coming(tenant: Tenant, address: str, *, own: bool) -> list[Occurrence]:
    """Confirmed occurrences of series that are still to come."""
    diary = tenant.world.calendars[address]
    return [
        one
        for one in diary.occurrences()
        if one.start > tenant.world.now
        and one.status == "confirmed"
        and one.entry.every_weeks
        and (one.entry.organizer == address) == own
    ]


def host(tenant: Tenant) -> str:
    """Somebody who calls a recurring meeting."""
    return next(one.address for one in tenant.people if coming(tenant, one.address, own=True))


def guest(tenant: Tenant) -> str:
    """Somebody who is invited to one, and calls none."""
    return next(
        one.address
        for one in tenant.people
        if len(coming(tenant, one.address, own=False)) > 1
        and not coming(tenant, one.address, own=True)
    )


def event_id(tenant: Tenant, address: str, one: Occurrence) -> str:
    key = one.key.isoformat() if one.entry.every_weeks else ""
    return tenant.ids(address).event(one.entry.uid, key)


@pytest.mark.parametrize("whose", ["busy", "quiet", "host", "guest"])
def test_the_first_pull_holds_exactly_what_the_calendar_holds(
    tenant: Tenant, store: Store, whose: str
):
    address = {"host": host, "guest": guest}.get(whose, lambda _: getattr(tenant, whose))(tenant)
    pull(tenant, address, store)
    assert store.live_events() == tenant.expected_events(address)
    assert store.rejects == set()


def test_every_kind_of_entry_is_among_them(tenant: Tenant, store: Store):
    tenant.world.advance(END)
    for one in tenant.people:
        pull(tenant, one.address, store)
    found = store.events.values()
    assert {one.kind for one in found} == {"default", "out_of_office"}
    assert {one.status for one in found} == {"confirmed", "cancelled"}
    assert {one.is_all_day for one in found} == {True, False}
    assert {one.is_recurring for one in found} == {True, False}
    assert any(one.start_at != one.original_start_at for one in found)
    kinds = {attendee.kind for one in found for attendee in one.attendees}
    assert kinds == {"unknown", "room"}
    responses = {attendee.response for one in found for attendee in one.attendees}
    assert responses == {"accepted", "tentative", "declined"}


@pytest.mark.parametrize("hexadecimal", [False, True])
def test_one_meeting_has_one_identity_on_every_calendar(hexadecimal: bool):
    with Tenant(now=NOW, hex_uids=hexadecimal) as tenant:
        uid = coming(tenant, host(tenant), own=True)[0].entry.uid
        seen = {}
        for one in tenant.people:
            store = Store()
            pull(tenant, one.address, store)
            for event in store.events.values():
                if event.ical_uid == uid:
                    seen.setdefault(event.original_start_at, set()).add(one.address)
        assert len(seen) > 2
        assert max(map(len, seen.values())) > 2
        wanted = tenant.world.series[uid].occurrences().values()
        assert seen.keys() <= {one.original_start for one in wanted}


def test_a_series_whose_id_says_nothing_is_asked_for_once(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
):
    address = guest(tenant)
    expected = tenant.expected_events(address)
    monkeypatch.setattr(
        "sandbox.microsoft.events.global_object_id", lambda uid, day: f"{day}-{uid}"
    )
    calls = pull(tenant, address, store)
    asked = [one.path for one in calls if "/events/" in one.path]
    series = {one.series_id for one in expected.values()} - {None}
    assert len(asked) == len(set(asked)) == len(series) > 1
    assert store.live_events() == expected


def test_windows_go_back_from_the_future_to_the_horizon_wider_where_nothing_is(
    tenant: Tenant, store: Store
):
    found = windows(pull(tenant, tenant.busy, store))
    margin = timedelta(days=1)
    starts = [since + margin for since, _ in found]
    ends = [until - margin for _, until in found]
    assert ends[0] == NOW + timedelta(days=60)
    assert starts[-1] == SINCE
    assert ends[1:] == starts[:-1]  # no gap, no overlap but the margin
    lengths = [(end - start).days for start, end in zip(starts, ends, strict=True)]
    assert lengths[0] == 90
    assert lengths[1] == 180
    assert max(lengths) == 1_800
    # What is read so far can be looked at: nothing newer is missing up to the beginning.
    assert {page.covers_to for page in store.pages} == {NOW}
    assert [page.is_complete for page in store.pages].count(True) == 1
    assert store.pages[-1].is_complete


def test_afterwards_one_window_around_today_is_enough(tenant: Tenant, store: Store):
    pull(tenant, tenant.busy, store)
    before = store.outcome()
    tenant.world.advance(NOW + timedelta(minutes=5))
    seen = len(store.pages)
    calls = pull(tenant, tenant.busy, store)
    [(since, until)] = windows(calls)
    assert (since, until) == (NOW - timedelta(days=31), NOW + timedelta(days=61, minutes=5))
    assert store.outcome() == before
    assert store.pages[-1].is_complete
    assert len(store.pages) == seen + 1


@pytest.mark.parametrize("days", [1, 20, 45, 400, 3_000])
def test_a_pull_after_a_while_finds_everything_that_came_to_be(
    tenant: Tenant, store: Store, days: int
):
    address = guest(tenant)
    pull(tenant, address, store)
    tenant.world.advance(NOW + timedelta(days=days))
    pull(tenant, address, store)
    assert store.live_events() == tenant.expected_events(address)


def test_what_is_called_off_goes_from_the_hosts_calendar_and_stays_cancelled_in_the_guests(
    tenant: Tenant, store: Store
):
    address = host(tenant)
    one = coming(tenant, address, own=True)[0]
    invited = next(iter(one.answers))
    pull(tenant, address, store)
    theirs = Store()
    pull(tenant, invited, theirs)
    tenant.world.advance(NOW + timedelta(hours=2))
    tenant.world.cancel(one.entry.uid, one.original_start)
    pull(tenant, address, store)
    pull(tenant, invited, theirs)
    # Nobody says when; it was there when it was last seen, and so before it began.
    assert store.gone == {event_id(tenant, address, one): NOW}
    assert theirs.gone == {}
    assert theirs.events[event_id(tenant, invited, one)].status == "cancelled"
    assert store.live_events() == tenant.expected_events(address)
    assert theirs.live_events() == tenant.expected_events(invited)


def test_a_whole_series_that_is_called_off_goes_as_far_as_it_was_still_to_come(
    tenant: Tenant, store: Store
):
    address = host(tenant)
    one = coming(tenant, address, own=True)[0]
    pull(tenant, address, store)
    held = {
        key: event
        for key, event in store.events.items()
        if event.ical_uid == one.entry.uid and event.start_at > NOW - timedelta(days=29)
    }
    tenant.world.cancel(one.entry.uid)
    pull(tenant, address, store)
    assert store.gone.keys() >= held.keys()
    assert all(store.events[key].ical_uid == one.entry.uid for key in store.gone)
    # What lies before the window is history, and stays as it was seen.
    assert all(store.events[key].end_at > NOW - timedelta(days=31) for key in store.gone)


def test_a_moved_occurrence_is_the_same_one_elsewhere(tenant: Tenant, store: Store):
    address = guest(tenant)
    one = coming(tenant, address, own=False)[0]
    pull(tenant, address, store)
    tenant.world.reschedule(one.entry.uid, one.original_start, one.start + timedelta(days=2))
    pull(tenant, address, store)
    moved = store.events[event_id(tenant, address, one)]
    assert moved.original_start_at == one.original_start
    assert moved.start_at == one.start + timedelta(days=2)
    assert store.gone == {}
    assert store.live_events() == tenant.expected_events(address)


def test_what_is_moved_beyond_the_window_comes_back_when_its_time_comes(
    tenant: Tenant, store: Store
):
    address = guest(tenant)
    one = coming(tenant, address, own=False)[0]
    pull(tenant, address, store)
    tenant.world.reschedule(one.entry.uid, one.original_start, NOW + timedelta(days=80))
    pull(tenant, address, store)
    assert store.gone.keys() == {event_id(tenant, address, one)}
    tenant.world.advance(NOW + timedelta(days=40))
    pull(tenant, address, store)
    assert store.gone == {}
    assert store.live_events() == tenant.expected_events(address)


def test_an_answer_and_a_copy_taken_off_are_seen(tenant: Tenant, store: Store):
    address = guest(tenant)
    answered, removed = coming(tenant, address, own=False)[:2]
    pull(tenant, address, store)
    tenant.world.answer(answered.entry.uid, answered.original_start, address, "DECLINED")
    tenant.world.remove_copy(address, removed.entry.uid, removed.original_start)
    pull(tenant, address, store)
    event = store.events[event_id(tenant, address, answered)]
    assert {one.response for one in event.attendees if one.address == address} == {"declined"}
    assert store.gone.keys() == {event_id(tenant, address, removed)}
    assert store.live_events() == tenant.expected_events(address)


def test_ones_own_answer_is_known_where_only_the_host_sees_the_others():
    with Tenant(now=NOW, organizer_only_answers=True) as tenant:
        address, store = guest(tenant), Store()
        pull(tenant, address, store)
        expected = tenant.expected_events(address)
        assert store.live_events().keys() == expected.keys()
        for key, one in store.events.items():
            told = {attendee.address: attendee.response for attendee in one.attendees}
            real = {attendee.address: attendee.response for attendee in expected[key].attendees}
            assert told.keys() == real.keys()
            assert told.get(address) == real.get(address)
            if one.organizer:
                assert told.get(one.organizer.address, "accepted") == "accepted"


@pytest.mark.parametrize("most", range(1, 16))
def test_a_pull_that_ends_after_any_page_goes_on_to_the_same_end(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch, most: int
):
    monkeypatch.setattr("sandbox.microsoft.asking.Asking.top", lambda *_: 2)
    address = guest(tenant)
    # Now the first window holds June, the second May, each on many pages.
    tenant.world.advance(END)
    pull(tenant, address, store, most=most)
    newest = tenant.world.calendars[address].occurrences()[-1]
    tenant.world.remove_copy(address, newest.entry.uid, newest.original_start)
    pull(tenant, address, store)
    assert store.live_events() == tenant.expected_events(address)
    assert store.pages[-1].is_complete


def test_the_first_pass_goes_on_where_it_ended(tenant: Tenant, store: Store):
    calls = pull(tenant, tenant.busy, store, most=2)
    assert len(windows(calls)) == 2
    rest = windows(pull(tenant, tenant.busy, store))
    assert rest[0] == (NOW - timedelta(days=31), NOW + timedelta(days=61))
    assert rest[1][1] == NOW - timedelta(days=30 + 180 - 1)


def test_nothing_that_began_before_the_horizon_is_kept_until_it_is_moved_back(
    tenant: Tenant, store: Store
):
    address, since = guest(tenant), datetime(2026, 5, 12, tzinfo=UTC)
    pull(tenant, address, store, since=since)
    expected = tenant.expected_events(address)
    wanted = {key: one for key, one in expected.items() if one.start_at >= since}
    assert 0 < len(wanted) < len(expected)
    assert store.live_events() == wanted
    pull(tenant, address, store)
    assert store.live_events() == expected


def test_no_page_holds_a_word_that_somebody_wrote(tenant: Tenant, store: Store):
    pull(tenant, tenant.busy, store)
    assert "CANARY" not in repr(store.pages)
    for call in tenant.sandbox.log:
        select = ",".join(call.query.get("$select", [])).lower()
        assert not any(word in select for word in ("subject", "body", "location"))
