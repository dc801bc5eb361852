"""Calendars by their changes: the same rows as by windows, whatever happens."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from connectors.microsoft import Choices
from connectors.pages import PullProblem
from sandbox.exchange import Call
from tests.connectors.microsoft.store import Store
from tests.connectors.microsoft.tenant import Tenant
from tests.connectors.microsoft.test_microsoft_calendar import END, coming

NOW = datetime(2026, 5, 5, tzinfo=UTC)  # most of the village's meetings are still to come
DELTAS = Choices(calendar_deltas=True)


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    with Tenant(now=NOW) as running:
        yield running


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.microsoft.calendar_delta._SIZE", "odata.maxpagesize=3")


def pull(tenant: Tenant, address: str, store: Store, **options) -> list[Call]:
    account = tenant.account(choices=DELTAS)
    return tenant.pull("calendar", address, store, account=account, **options)


def host(tenant: Tenant) -> str:
    """Whoever calls most."""
    return max(tenant.people, key=lambda one: len(coming(tenant, one.address, own=True))).address


def guest(tenant: Tenant) -> str:
    """Whoever is invited to most and calls nothing."""
    guests = (one for one in tenant.people if not coming(tenant, one.address, own=True))
    return max(guests, key=lambda one: len(coming(tenant, one.address, own=False))).address


def deltas(calls: list[Call]) -> list[Call]:
    return [one for one in calls if one.path.endswith("/delta")]


def pass_time(tenant: Tenant, **much: int) -> None:
    tenant.world.advance(tenant.world.now + timedelta(**much))


def calls_own(tenant: Tenant, address: str) -> bool:
    return bool(coming(tenant, address, own=True))


def call_off_one(tenant: Tenant, address: str) -> None:
    one = coming(tenant, address, own=calls_own(tenant, address))[0]
    tenant.world.cancel(one.entry.uid, one.original_start)


def call_off_a_series(tenant: Tenant, address: str) -> None:
    tenant.world.cancel(coming(tenant, address, own=calls_own(tenant, address))[-1].entry.uid)


def move_one(tenant: Tenant, address: str) -> None:
    one = coming(tenant, address, own=calls_own(tenant, address))[1]
    tenant.world.reschedule(one.entry.uid, one.original_start, one.start + timedelta(hours=26))


def move_one_out_of_reach(tenant: Tenant, address: str) -> None:
    one = coming(tenant, address, own=calls_own(tenant, address))[2]
    tenant.world.reschedule(one.entry.uid, one.original_start, NOW + timedelta(days=100))


def answer_one(tenant: Tenant, address: str) -> None:
    one = coming(tenant, address, own=False)[0]
    tenant.world.answer(one.entry.uid, one.original_start, address, "DECLINED")


def answer_a_series(tenant: Tenant, address: str) -> None:
    one = coming(tenant, address, own=False)[0]
    tenant.world.answer(one.entry.uid, None, address, "TENTATIVE")


def take_one_off(tenant: Tenant, address: str) -> None:
    one = coming(tenant, address, own=False)[1]
    tenant.world.remove_copy(address, one.entry.uid, one.original_start)


GUESTS = (
    call_off_one,
    move_one,
    answer_one,
    answer_a_series,
    take_one_off,
    move_one_out_of_reach,
    call_off_a_series,
)
HOSTS = (call_off_one, move_one, move_one_out_of_reach, call_off_a_series)


@pytest.mark.parametrize(("who", "what"), [(guest, GUESTS), (host, HOSTS)], ids=["guest", "host"])
@pytest.mark.parametrize("hexadecimal", [False, True])
@pytest.mark.usefixtures("small_pages")
def test_changes_come_to_the_rows_that_windows_come_to(
    who: Callable[[Tenant], str], what: tuple[Callable[[Tenant, str], None], ...], hexadecimal: bool
):
    with Tenant(now=NOW, hex_uids=hexadecimal) as tenant:
        address, by_windows, by_changes = who(tenant), Store(), Store()
        for change in (None, *what, None):
            if change:
                change(tenant, address)
            calls = pull(tenant, address, by_changes)
            tenant.pull("calendar", address, by_windows)
            assert by_changes.outcome() == by_windows.outcome(), change
            assert by_changes.gone == by_windows.gone
            if change:
                assert len(deltas(calls)) == len([*calls_of_one_round(calls)])
            pass_time(tenant, hours=5)
        assert by_changes.gone
        assert by_changes.live_events() == tenant.expected_events(address)


def calls_of_one_round(calls: list[Call]) -> Iterator[Call]:
    """Delta calls that go on with a link: none begins a window."""
    return (one for one in deltas(calls) if "startDateTime" not in one.query)


@pytest.mark.parametrize("days", [1, 20, 45, 400, 3_000])
def test_what_comes_into_reach_as_time_goes_on_is_found(tenant: Tenant, days: int):
    address, by_windows, by_changes = guest(tenant), Store(), Store()
    for one, far in zip(coming(tenant, address, own=False), (61, 70, 81), strict=False):
        there = NOW + timedelta(days=far, hours=9)
        tenant.world.reschedule(one.entry.uid, one.original_start, there)
    for _ in range(3):
        pull(tenant, address, by_changes)
        tenant.pull("calendar", address, by_windows)
        assert by_changes.outcome() == by_windows.outcome()
        pass_time(tenant, days=days)


def test_a_new_link_is_got_once_a_month(tenant: Tenant):
    address, store = guest(tenant), Store()
    begun = []
    for _ in range(9):
        calls = pull(tenant, address, store)
        begun.append(any("startDateTime" in one.query for one in deltas(calls)))
        pass_time(tenant, days=10)
    assert begun == [True, False, False, False, True, False, False, False, True]


@pytest.mark.parametrize("answer", ["location", "gone", "bad_request"])
def test_a_link_that_is_over_is_replaced_and_the_windows_are_read_again(
    tenant: Tenant, answer: str
):
    address, store = guest(tenant), Store()
    pull(tenant, address, store)
    pass_time(tenant, hours=1)
    take_one_off(tenant, address)
    tenant.world.graph_quirks.expired_answer = answer
    tenant.world.graph_quirks.generation += 1
    pull(tenant, address, store)
    assert len(store.gone) == 1
    assert store.live_events() == tenant.expected_events(address)


@pytest.mark.parametrize("most", range(1, 10))
@pytest.mark.usefixtures("small_pages")
def test_a_pull_that_ends_after_any_page_goes_on_to_the_same_end(tenant: Tenant, most: int):
    address, store = guest(tenant), Store()
    pull(tenant, address, store, most=most)
    pass_time(tenant, hours=1)
    pull(tenant, address, store)
    for change in (move_one, answer_a_series, take_one_off, call_off_one):
        change(tenant, address)
        pull(tenant, address, store, most=most)
        pass_time(tenant, hours=1)
    pull(tenant, address, store)
    assert store.live_events() == tenant.expected_events(address)
    assert store.pages[-1].is_complete


def test_a_series_is_asked_for_once_and_only_where_it_did_not_come_along(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
):
    address, store = guest(tenant), Store()
    pull(tenant, address, store)
    pass_time(tenant, hours=1)
    answer_a_series(tenant, address)
    calls = pull(tenant, address, store)
    assert not [one for one in calls if "/events/" in one.path]
    pass_time(tenant, hours=1)
    answer_a_series(tenant, address)
    monkeypatch.setattr("sandbox.microsoft.calendar.Calendars._add_master", lambda *_: None)
    calls = pull(tenant, address, store)
    answered = coming(tenant, address, own=False)[0].entry.uid
    asked = [one.path for one in calls if "/events/" in one.path]
    assert len(asked) == len(set(asked))
    assert any(path.endswith(tenant.ids(address).event(answered, "")) for path in asked)
    assert store.live_events() == tenant.expected_events(address)


def test_a_change_far_away_is_no_deletion(tenant: Tenant):
    """Outside the window of its link, a delta calls every change a removal."""
    tenant.world.advance(END)
    address, store = tenant.busy, Store()
    old = next(
        one
        for one in tenant.world.calendars[address].occurrences()
        if one.start < END - timedelta(days=35) and one.entry.organizer != address and one.answers
    )
    pull(tenant, address, store)
    pass_time(tenant, hours=1)
    tenant.world.answer(
        old.entry.uid, old.original_start if old.entry.every_weeks else None, address, "DECLINED"
    )
    pull(tenant, address, store)
    assert store.gone == {}
    assert store.live_events() == tenant.expected_events(address)


def test_where_the_permission_is_missing_its_name_is_said(tenant: Tenant):
    tenant.world.tenant.roles = {"Mail.ReadBasic.All", "User.Read.All"}
    with pytest.raises(PullProblem, match=r"permission missing \(Calendars\.Read\)"):
        pull(tenant, guest(tenant), Store())


def test_nothing_that_somebody_wrote_is_kept_though_it_comes_along(tenant: Tenant):
    address, store = guest(tenant), Store()
    pull(tenant, address, store)
    pass_time(tenant, hours=1)
    answer_a_series(tenant, address)
    pull(tenant, address, store)
    assert any(page.records for page in store.pages if page.stream.startswith("calendar_delta"))
    assert "CANARY" not in repr(store.pages)
    assert tenant.sandbox.microsoft_url not in json.dumps(store.cursors)
