"""Mail of the village's Microsoft tenant, pulled over HTTP: whole, changed, moved, lost, found."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.microsoft import Choices
from connectors.pages import Page, PullProblem
from connectors.records import Reject
from sandbox.exchange import Call
from sandbox.life import Letter
from tests.connectors.microsoft_store import Store
from tests.connectors.microsoft_tenant import SINCE, Tenant, link_of

A_MONTH = timedelta(days=31)
NOISY = {"empty_page_share": 0.3, "repeat_share": 0.2, "replay_share": 0.2}


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    with Tenant() as running:
        yield running


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.microsoft.mail._SIZE", "odata.maxpagesize=60")


def kinds(calls: list[Call]) -> set[str]:
    """What was asked for: folders, a well-known folder, delta, message."""
    found = set()
    for call in calls:
        rest = call.path.split("/mailFolders", 1)
        if "/messages/delta" in call.path:
            found.add("delta")
        elif len(rest) == 1:
            found.add("message")
        else:
            found.add("well-known" if rest[1].startswith("/") else "folders")
    return found


def first(tenant: Tenant, address: str, folder: str = "inbox", place: int = 0) -> int:
    """Number of a copy in a folder."""
    copies = [one for one in tenant.kept(address) if one.folder == folder]
    return copies[place].number


def letter_to(tenant: Tenant, address: str, name: str) -> Letter:
    return Letter(f"{name}@x.example", tenant.world.now, "ann@x.example", (address,), (address,))


def test_the_first_pull_holds_exactly_what_the_mailbox_holds(tenant: Tenant, store: Store):
    tenant.pull_mail(tenant.busy, store)
    assert len(store.messages) > 300
    tenant.assert_equal(tenant.busy, store)
    assert store.rejects == set()


def test_mail_comes_newest_first_inbox_before_sent_before_the_rest(tenant: Tenant, store: Store):
    number = first(tenant, tenant.busy)
    tenant.world.move(tenant.busy, number, "a-project")
    tenant.pull_mail(tenant.busy, store)
    streams = list(dict.fromkeys(page.stream for page in store.pages if page.records))
    ids = tenant.ids(tenant.busy)
    assert streams == [f"mail:{ids.folder(name)}" for name in ("inbox", "sent", "a-project")]
    for stream in streams:
        times = [
            one.sent_at for page in store.pages if page.stream == stream for one in page.records
        ]
        assert times == sorted(times, reverse=True)


def test_a_second_pull_of_an_unchanged_mailbox_asks_only_for_changes(tenant: Tenant, store: Store):
    tenant.world.graph_quirks.replay_share = 0
    tenant.pull_mail(tenant.busy, store)
    before = store.outcome()
    calls = tenant.pull_mail(tenant.busy, store)
    assert kinds(calls) == {"folders", "delta"}
    assert len([one for one in calls if "delta" in one.path]) == len(store.cursors) - 1
    assert store.outcome() == before
    assert not any(page.records or page.unfiled for page in store.pages[-len(calls) :])


def test_what_is_new_comes_alone(tenant: Tenant, store: Store):
    tenant.world.graph_quirks.replay_share = 0
    tenant.pull_mail(tenant.busy, store)
    seen = len(store.pages)
    tenant.world.advance(tenant.world.now + timedelta(hours=1))
    tenant.world.deliver(letter_to(tenant, tenant.busy, "new"))
    tenant.pull_mail(tenant.busy, store)
    records = [one for page in store.pages[seen:] for one in page.records]
    assert [one.internet_message_id for one in records] == ["new@x.example"]
    tenant.assert_equal(tenant.busy, store)


def test_every_request_asks_for_ids_that_outlive_a_move(tenant: Tenant, store: Store):
    tenant.pull_mail(tenant.busy, store)
    number = first(tenant, tenant.busy)
    before = tenant.ids(tenant.busy).message(number, None)
    assert before in store.messages
    tenant.world.move(tenant.busy, number, "archive")
    tenant.pull_mail(tenant.busy, store)
    assert before in store.live_messages()
    assert len(store.messages) == len(tenant.kept(tenant.busy))


@pytest.mark.parametrize(("source", "target"), [("inbox", "archive"), ("archive", "inbox")])
def test_a_move_keeps_the_message_whichever_folder_is_read_first(
    tenant: Tenant, store: Store, source: str, target: str
):
    address, number = tenant.busy, first(tenant, tenant.busy)
    tenant.world.move(address, number, source) if source != "inbox" else None
    tenant.pull_mail(address, store)
    tenant.world.move(address, number, target)
    tenant.pull_mail(address, store)
    tenant.assert_equal(address, store)
    assert store.gone == {}


def test_a_move_fetches_no_message(tenant: Tenant, store: Store):
    tenant.pull_mail(tenant.busy, store)
    tenant.world.move(tenant.busy, first(tenant, tenant.busy), "archive")
    assert "message" not in kinds(tenant.pull_mail(tenant.busy, store))


def test_deleting_and_throwing_away_are_deletions_and_taking_back_is_none(
    tenant: Tenant, store: Store
):
    address = tenant.busy
    deleted, thrown = first(tenant, address), first(tenant, address, place=1)
    tenant.pull_mail(address, store)
    tenant.world.advance(tenant.world.now + timedelta(days=1))
    tenant.world.delete(address, deleted)
    tenant.world.move(address, thrown, "trash")
    tenant.pull_mail(address, store)
    ids = tenant.ids(address)
    assert store.gone.keys() == {ids.message(deleted, None), ids.message(thrown, None)}
    assert set(store.gone.values()) == {tenant.world.now}
    tenant.assert_equal(address, store)
    tenant.world.move(address, thrown, "inbox")
    tenant.pull_mail(address, store)
    assert store.gone.keys() == {ids.message(deleted, None)}
    tenant.assert_equal(address, store)


def test_junk_and_drafts_are_never_kept(tenant: Tenant, store: Store):
    address = tenant.quiet
    draft = tenant.world.draft(address)
    filed_draft = tenant.world.draft(address)
    tenant.world.move(address, filed_draft.number, "ideas")
    tenant.world.move(address, first(tenant, address), "spam")
    tenant.pull_mail(address, store)
    ids = tenant.ids(address)
    assert ids.message(draft.number, None) not in store.messages
    assert ids.message(filed_draft.number, None) not in store.messages
    assert store.live_messages().keys() == tenant.expected(address).keys() - {
        ids.message(filed_draft.number, None)
    }


@pytest.mark.parametrize("partial", [True, False])
def test_a_read_flag_changes_nothing_and_fetches_nothing(
    tenant: Tenant, store: Store, partial: bool
):
    tenant.world.graph_quirks.partial_updates = partial
    tenant.pull_mail(tenant.busy, store)
    before = store.outcome()
    for place in range(5):
        tenant.world.read(tenant.busy, first(tenant, tenant.busy, place=place))
    assert "message" not in kinds(tenant.pull_mail(tenant.busy, store))
    assert store.outcome() == before


def test_a_change_of_a_message_that_is_not_held_fetches_it_whole(tenant: Tenant, store: Store):
    address, number = tenant.busy, first(tenant, tenant.busy)
    tenant.pull_mail(address, store)
    key = tenant.ids(address).message(number, None)
    del store.messages[key]
    store.folders[tenant.ids(address).folder("inbox")].discard(key)
    tenant.world.read(address, number)
    calls = tenant.pull_mail(address, store)
    assert [one.path.rpartition("/")[2] for one in calls if kinds([one]) == {"message"}] == [key]
    tenant.assert_equal(address, store)


def test_a_changed_message_that_has_gone_by_the_time_it_is_fetched_is_skipped(
    tenant: Tenant, store: Store
):
    address, number = tenant.quiet, first(tenant, tenant.quiet)
    tenant.pull_mail(address, store)
    key = tenant.ids(address).message(number, None)
    del store.messages[key]
    store.folders[tenant.ids(address).folder("inbox")].discard(key)
    tenant.world.read(address, number)

    class Deleting(Store):
        def held(self, ids: set[str]) -> set[str]:
            tenant.world.delete(address, number)
            return super().held(ids)

    store.__class__ = Deleting
    tenant.pull_mail(address, store)
    assert key not in store.messages
    tenant.assert_equal(address, store)


@pytest.mark.parametrize("answer", ["location", "gone", "bad_request"])
def test_a_lost_sync_state_lists_the_folders_again_and_finds_what_went_missing(
    tenant: Tenant, store: Store, answer: str
):
    address, world = tenant.busy, tenant.world
    tenant.pull_mail(address, store)
    seen_at = world.now
    world.advance(world.now + timedelta(days=40))
    for place in range(4):
        world.delete(address, first(tenant, address, place=place))
    world.move(address, first(tenant, address), "archive")
    world.deliver(letter_to(tenant, address, "meanwhile"))
    world.graph_quirks.generation += 1
    world.graph_quirks.expired_answer = answer
    calls = tenant.pull_mail(address, store)
    assert "message" not in kinds(calls)
    tenant.assert_equal(address, store)
    # Nobody knows when they went, only when they were seen last.
    assert set(store.gone.values()) == {seen_at}
    assert kinds(tenant.pull_mail(address, store)) == {"folders", "delta"}
    tenant.assert_equal(address, store)


@pytest.mark.usefixtures("small_pages")
def test_a_state_that_is_lost_again_at_once_ends_loudly_and_loses_nothing(
    tenant: Tenant, store: Store
):
    address, quirks = tenant.busy, tenant.world.graph_quirks
    tenant.pull_mail(address, store)
    inbox, before = f"mail:{tenant.ids(address).folder('inbox')}", dict(store.cursors)

    class Restless(Store):
        def _store(self, page: Page) -> None:
            super()._store(page)
            quirks.generation += page.stream == inbox

    store.__class__ = Restless
    quirks.generation += 1
    with pytest.raises(PullProblem, match="sync state lost again"):
        tenant.pull_mail(address, store)
    assert [name for name in before if store.cursors[name] != before[name]] == [inbox]
    assert store.gone == {}
    store.__class__ = Store
    tenant.pull_mail(address, store)
    tenant.assert_equal(address, store)


@pytest.mark.usefixtures("small_pages")
def test_a_listing_that_is_lost_half_way_begins_anew_and_forgets_what_it_saw(
    tenant: Tenant, store: Store
):
    address, world = tenant.busy, tenant.world
    tenant.pull_mail(address, store)
    seen_at = world.now
    world.advance(seen_at + timedelta(days=1))
    world.graph_quirks.generation += 1
    tenant.pull_mail(address, store, most=3)
    assert not any(page.sweep for page in store.pages)
    world.advance(seen_at + timedelta(days=2))
    listed = first(tenant, address, place=-3)
    world.delete(address, listed)
    world.graph_quirks.generation += 1
    tenant.pull_mail(address, store)
    tenant.assert_equal(address, store)
    assert store.gone == {tenant.ids(address).message(listed, None): seen_at}


@pytest.mark.usefixtures("small_pages")
def test_a_listing_that_is_broken_off_still_knows_when_the_folder_was_seen_before(
    tenant: Tenant, store: Store
):
    address, world = tenant.busy, tenant.world
    tenant.pull_mail(address, store)
    seen_at, deleted = world.now, first(tenant, address, place=150)
    world.advance(seen_at + timedelta(days=1))
    world.delete(address, deleted)
    world.graph_quirks.generation += 1
    tenant.pull_mail(address, store, most=3)
    world.advance(seen_at + timedelta(days=2))
    tenant.pull_mail(address, store)
    tenant.assert_equal(address, store)
    assert store.gone == {tenant.ids(address).message(deleted, None): seen_at}


@pytest.mark.parametrize("most", range(1, 12))
@pytest.mark.parametrize("is_listing", [False, True])
@pytest.mark.usefixtures("small_pages")
def test_a_pull_that_ends_after_any_page_goes_on_to_the_same_end(
    tenant: Tenant, store: Store, most: int, is_listing: bool
):
    address = tenant.busy
    if is_listing:
        tenant.pull_mail(address, store)
        for place in (0, 40, 90):
            tenant.world.delete(address, first(tenant, address, place=place))
        tenant.world.graph_quirks.generation += 1
    tenant.pull_mail(address, store, most=most)
    tenant.world.deliver(letter_to(tenant, address, "between"))
    tenant.world.move(address, first(tenant, address, place=7), "archive")
    tenant.pull_mail(address, store)
    tenant.assert_equal(address, store)


@pytest.mark.parametrize("most", range(2, 9, 2))
@pytest.mark.usefixtures("small_pages")
def test_what_happens_between_two_pages_of_the_first_walk_is_not_lost(
    tenant: Tenant, store: Store, most: int
):
    pages = tenant.account().mail(tenant.mailbox(tenant.busy), {}, store.held, SINCE)
    store.take(pages, most)
    tenant.world.deliver(letter_to(tenant, tenant.busy, "meanwhile"))
    for target in ("archive", "trash", "a-project"):
        tenant.world.move(tenant.busy, first(tenant, tenant.busy, place=3), target)
        tenant.world.move(tenant.busy, first(tenant, tenant.busy, place=-1), target)
    tenant.world.delete(tenant.busy, first(tenant, tenant.busy, place=5))
    store.take(pages)
    tenant.pull_mail(tenant.busy, store)
    tenant.assert_equal(tenant.busy, store)


@pytest.mark.usefixtures("small_pages")
def test_pages_are_fetched_once_however_often_a_pull_is_broken_off(tenant: Tenant, store: Store):
    quirks = tenant.world.graph_quirks
    quirks.repeat_share = quirks.replay_share = 0
    whole = Store()
    tenant.pull_mail(tenant.busy, whole)
    records = sum(len(page.records) for page in whole.pages)
    for most in range(1, 30):
        tenant.pull_mail(tenant.busy, store, most=most)
    assert store.pages[-1].is_complete
    assert sum(len(page.records) for page in store.pages) == records
    assert store.outcome() == whole.outcome()


@pytest.mark.usefixtures("small_pages")
def test_a_link_that_expires_in_the_first_pull_begins_the_folder_again(
    tenant: Tenant, store: Store
):
    address = tenant.busy
    tenant.pull_mail(address, store, most=3)
    newest = max(store.messages.values(), key=lambda one: one.sent_at)
    number = next(
        one.number for one in tenant.kept(address) if tenant.id(address, one) == newest.message_id
    )
    tenant.world.delete(address, number)
    tenant.world.graph_quirks.generation += 1
    tenant.pull_mail(address, store)
    tenant.assert_equal(address, store)
    assert newest.message_id in store.gone


def test_a_folder_that_vanishes_takes_along_what_lay_in_it(tenant: Tenant, store: Store):
    address, box = tenant.busy, tenant.world.boxes[tenant.busy]
    inside = [first(tenant, address, place=place) for place in range(3)]
    for number in inside:
        tenant.world.move(address, number, "old/project")
    tenant.pull_mail(address, store)
    assert f"mail:{tenant.ids(address).folder('old/project')}" in store.cursors
    seen_at = tenant.world.now
    tenant.world.advance(seen_at + timedelta(days=2))
    tenant.world.move(address, inside[0], "inbox")
    for number in inside[1:]:
        tenant.world.delete(address, number)
    box.made_folders.remove("old/project")
    tenant.pull_mail(address, store)
    tenant.assert_equal(address, store)
    ids = tenant.ids(address)
    assert store.gone == {ids.message(number, None): seen_at for number in inside[1:]}
    assert f"mail:{ids.folder('old/project')}" not in store.cursors


def test_a_folder_that_vanishes_while_it_is_listed_again_keeps_nothing_of_that_listing(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("connectors.microsoft.mail._SIZE", "odata.maxpagesize=2")
    tenant.world.graph_quirks.empty_page_share = 0
    address, box = tenant.quiet, tenant.world.boxes[tenant.quiet]
    for copy in tenant.kept(address):
        tenant.world.move(address, copy.number, "old")
    tenant.pull_mail(address, store)
    tenant.world.graph_quirks.generation += 1
    while not store.listed[f"mail:{tenant.ids(address).folder('old')}"]:
        tenant.pull_mail(address, store, most=6)
    for copy in box.copies():
        tenant.world.delete(address, copy.number)
    box.made_folders.clear()
    tenant.pull_mail(address, store)
    assert store.live_messages() == {}


def test_a_folder_that_vanishes_while_the_mailbox_is_read_is_left_to_the_next_pull(
    tenant: Tenant, store: Store
):
    address, box = tenant.busy, tenant.world.boxes[tenant.busy]
    number = first(tenant, address)
    tenant.world.move(address, number, "short-lived")
    tenant.pull_mail(address, store)

    class Removing(Store):
        def _store(self, page: Page) -> None:
            super()._store(page)
            if "short-lived" in box.made_folders:
                tenant.world.move(address, number, "archive")
                box.made_folders.remove("short-lived")

    store.__class__ = Removing
    tenant.pull_mail(address, store)
    assert store.pages[-1].is_complete
    assert f"mail:{tenant.ids(address).folder('short-lived')}" in store.cursors
    tenant.pull_mail(address, store)
    tenant.assert_equal(address, store)
    assert f"mail:{tenant.ids(address).folder('short-lived')}" not in store.cursors


@pytest.mark.parametrize("is_known", [False, True])
def test_what_is_thrown_away_with_its_folder_is_thrown_away(
    tenant: Tenant, store: Store, is_known: bool
):
    if is_known:
        tenant.pull_mail(tenant.quiet, store)
    number = first(tenant, tenant.quiet)
    tenant.world.move(tenant.quiet, number, "trash/an old project")
    tenant.pull_mail(tenant.quiet, store)
    assert tenant.ids(tenant.quiet).message(number, None) not in store.live_messages()
    assert len(store.live_messages()) == len(tenant.kept(tenant.quiet)) - 1


def test_folders_come_in_pages_too(tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sandbox.microsoft.asking.Asking.top", lambda *_: 2)
    for place, name in enumerate(("a", "b", "c/d", "c/e", "c/f")):
        tenant.world.move(tenant.busy, first(tenant, tenant.busy, place=place), name)
    tenant.pull_mail(tenant.busy, store)
    tenant.assert_equal(tenant.busy, store)


def test_an_update_that_follows_its_message_takes_nothing_from_it(tenant: Tenant, store: Store):
    def with_updates(body: bytes) -> bytes:
        page = json.loads(body)
        told = [one for one in page["value"] if "@removed" not in one]
        page["value"] += [{"id": one["id"], "isRead": True} for one in told]
        return json.dumps(page).encode()

    tenant.alter("/delta", with_updates)
    calls = tenant.pull_mail(tenant.busy, store)
    assert "message" not in kinds(calls)
    tenant.assert_equal(tenant.busy, store)


@pytest.mark.parametrize("is_first", [True, False])
def test_of_a_removal_and_an_arrival_on_one_page_the_last_counts(
    tenant: Tenant, store: Store, is_first: bool
):
    """The same message left and came back, or came and left, within one round."""

    def twice(body: bytes) -> bytes:
        page = json.loads(body)
        removals = [{"id": one["id"], "@removed": {"reason": "changed"}} for one in page["value"]]
        order = (removals, page["value"]) if is_first else (page["value"], removals)
        page["value"] = [*order[0], *order[1]]
        return json.dumps(page).encode()

    tenant.alter("/delta", twice)
    tenant.pull_mail(tenant.quiet, store)
    assert store.live_messages() == (tenant.expected(tenant.quiet) if is_first else {})


def test_nothing_older_than_the_horizon_is_kept_until_it_is_moved_back(
    tenant: Tenant, store: Store
):
    address, since = tenant.busy, datetime(2026, 6, 10, tzinfo=UTC)
    tenant.pull_mail(address, store, since=since)
    wanted = {key: one for key, one in tenant.expected(address).items() if one.sent_at >= since}
    assert 0 < len(wanted) < len(tenant.expected(address))
    assert store.live_messages() == wanted
    tenant.pull_mail(address, store)
    tenant.assert_equal(address, store)
    assert store.gone == {}


def test_noise_of_deltas_changes_nothing():
    with Tenant(**NOISY) as tenant:
        store = Store()
        tenant.pull_mail(tenant.busy, store)
        tenant.assert_equal(tenant.busy, store)
        tenant.world.delete(tenant.busy, first(tenant, tenant.busy))
        for _ in range(3):
            tenant.world.deliver(letter_to(tenant, tenant.busy, "again"))
            tenant.pull_mail(tenant.busy, store)
        tenant.assert_equal(tenant.busy, store)


def test_the_last_page_says_that_the_mailbox_is_complete(tenant: Tenant, store: Store):
    tenant.pull_mail(tenant.busy, store)
    *rest, last = store.pages
    assert not any(page.is_complete or page.covers_to for page in rest)
    assert last.is_complete
    assert last.covers_to == last.at == tenant.world.now
    assert store.pages[0].total == len(tenant.kept(tenant.busy))


def test_a_mailbox_without_mail_is_complete(tenant: Tenant, store: Store):
    box = tenant.world.boxes[tenant.quiet]
    for copy in box.copies():
        tenant.world.delete(tenant.quiet, copy.number)
    tenant.pull_mail(tenant.quiet, store)
    assert store.messages == {}
    assert store.pages[-1].is_complete
    assert store.pages[0].total == 0


def test_cursors_hold_paths_and_no_host(tenant: Tenant, store: Store):
    """A cursor outlives another endpoint; and nobody can make it lead to another host."""
    tenant.pull_mail(tenant.busy, store)
    links = [link_of(cursor) for stream, cursor in store.cursors.items() if stream != "mail"]
    assert links
    assert all(link.startswith("/v1.0/users") for link in links)
    assert tenant.sandbox.microsoft_url not in json.dumps(store.cursors)
    before = store.outcome()
    with Tenant() as elsewhere:
        elsewhere.world.graph_quirks.replay_share = 0
        calls = elsewhere.pull_mail(tenant.busy, store)
    assert kinds(calls) == {"folders", "delta"}
    assert store.outcome() == before


def test_sent_items_without_headers_lose_nothing_else():
    with Tenant(sent_items_without_headers=True) as tenant:
        store = Store()
        tenant.pull_mail(tenant.busy, store)
        own = {one.number for one in tenant.kept(tenant.busy) if one.is_own}
        ids = {tenant.ids(tenant.busy).message(number, None) for number in own}
        for key, wanted in tenant.expected(tenant.busy).items():
            if key in ids:
                wanted = replace(
                    wanted,
                    in_reply_to=None,
                    references=(),
                    automation_signs=(),
                    list_id=None,
                    list_address=None,
                )
            assert store.messages[key] == wanted


def test_an_author_known_only_to_exchange_is_left_out_and_counted():
    with Tenant(exchange_senders=True) as tenant:
        store = Store()
        tenant.pull_mail(tenant.busy, store)
        assert store.live_messages().keys() == tenant.expected(tenant.busy).keys()
        colleagues = [one for one in store.messages.values() if one.author is None]
        assert colleagues
        reasons = {one.locator for one in store.rejects}
        assert {f"{one.message_id}, from" for one in colleagues} <= reasons
        assert all("/O=" not in repr(one) for one in store.messages.values())


def test_an_author_whom_exchange_names_its_own_way_is_found_in_the_directory():
    with Tenant(exchange_senders=True) as tenant:
        store, account = Store(), tenant.account()
        Store().take(account.people({}))
        tenant.pull_mail(tenant.busy, store, account=account)
        expected = tenant.expected(tenant.busy)
        found = store.live_messages()
        for key, wanted in expected.items():
            # Colleagues may write from an earlier address; the directory gives their first.
            first = tenant.world.account(wanted.author.address)
            address = first.address if first else wanted.author.address
            assert found[key].author.address == address
        assert not any(", from" in one.locator for one in store.rejects)


def test_the_folder_of_sent_mail_is_named(tenant: Tenant, store: Store):
    tenant.pull_mail(tenant.quiet, store)
    named = {one for page in store.pages for one in page.named}
    assert named == {(tenant.ids(tenant.quiet).folder("sent"), "sent")}


def test_a_tenant_that_refuses_headers_still_gives_its_mail(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
):
    tenant.pull_mail(tenant.quiet, store)
    with_headers = store.outcome()
    monkeypatch.setattr("sandbox.microsoft.mail_delta.KEPT_BACK", ["internetMessageHeaders"])
    monkeypatch.setattr("sandbox.microsoft.mail.KEPT_BACK", ["internetMessageHeaders"])
    fresh = Store()
    tenant.pull_mail(tenant.quiet, fresh)
    assert fresh.live_messages().keys() == tenant.expected(tenant.quiet).keys()
    assert all(one.references == () for one in fresh.messages.values())
    assert {one.internet_message_id for one in fresh.messages.values()} == {
        one.internet_message_id for one in store.messages.values()
    }
    # What was stored with its headers keeps them, also where its folders are listed again.
    tenant.pull_mail(tenant.quiet, store)
    assert store.outcome() == with_headers


def test_refused_headers_are_remembered_and_tried_again_after_a_while(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
):
    """Each try costs a request, and a message of which only a change came is fetched as well."""
    for where in ("mail_delta", "mail"):
        monkeypatch.setattr(f"sandbox.microsoft.{where}.KEPT_BACK", ["internetMessageHeaders"])
    calls = tenant.pull_mail(tenant.quiet, store)
    assert [one.status for one in calls].count(403) == 1
    tenant.world.move(tenant.quiet, first(tenant, tenant.quiet), "a-new-folder")
    changed = first(tenant, tenant.quiet)
    tenant.world.read(tenant.quiet, changed)
    del store.messages[tenant.ids(tenant.quiet).message(changed, None)]
    calls = tenant.pull_mail(tenant.quiet, store)
    assert kinds(calls) >= {"message", "delta"}
    assert 403 not in {one.status for one in calls}
    monkeypatch.undo()
    tenant.world.advance(tenant.world.now + A_MONTH)
    tenant.world.deliver(
        replace(letter_to(tenant, tenant.quiet, "new"), headers=(("Precedence", "bulk"),))
    )
    new_folder = first(tenant, tenant.quiet, place=-1)
    tenant.world.move(tenant.quiet, new_folder, "another-new-folder")
    tenant.pull_mail(tenant.quiet, store)
    [new] = [one for one in store.messages.values() if one.internet_message_id == "new@x.example"]
    assert new.automation_signs == ("precedence_bulk",)


def test_hidden_folders_are_read_if_that_is_chosen_and_left_when_it_is_not_any_more(
    tenant: Tenant, store: Store
):
    number = first(tenant, tenant.quiet)
    hidden = tenant.ids(tenant.quiet).message(number, None)
    tenant.world.move(tenant.quiet, number, "quick-steps")
    tenant.pull_mail(tenant.quiet, store)
    assert hidden not in store.messages
    curious = tenant.account(choices=Choices(hidden_folders=True))
    tenant.pull_mail(tenant.quiet, store, account=curious)
    tenant.assert_equal(tenant.quiet, store)
    assert hidden in store.live_messages()
    tenant.pull_mail(tenant.quiet, store)
    assert store.gone.keys() == {hidden}


# -- ids are compared now and then


def lose_changes(tenant: Tenant, store: Store) -> None:
    """A pull that hears nothing of a new message, two moves and a deletion."""
    address, quirks = tenant.busy, tenant.world.graph_quirks
    quirks.replay_share = 0
    tenant.pull_mail(address, store)
    for target in ("archive", "trash"):
        tenant.world.move(address, first(tenant, address), target)
    tenant.world.delete(address, first(tenant, address))
    tenant.world.deliver(letter_to(tenant, address, "lost"))
    quirks.lost_share = 1
    tenant.pull_mail(address, store)
    quirks.lost_share = 0
    tenant.pull_mail(address, store)
    assert store.live_messages() != tenant.expected(address)


def test_what_deltas_lost_is_found_when_ids_are_compared(tenant: Tenant, store: Store):
    lose_changes(tenant, store)
    tenant.world.advance(tenant.world.now + A_MONTH)
    calls = tenant.pull_mail(tenant.busy, store)
    tenant.assert_equal(tenant.busy, store)
    assert len([one for one in calls if kinds([one]) == {"message"}]) == 1
    calls = tenant.pull_mail(tenant.busy, store)
    assert len([one for one in calls if "delta" in one.path]) == len(store.cursors) - 1


def test_comparing_ids_asks_for_little_and_fetches_nothing_that_is_known_or_not_wanted(
    tenant: Tenant, store: Store
):
    since = tenant.world.now - timedelta(days=20)
    tenant.pull_mail(tenant.busy, store, since=since)
    before = store.outcome()
    tenant.world.draft(tenant.busy)
    account = tenant.account(choices=Choices(reconcile_every=timedelta(0)))
    calls = tenant.pull_mail(tenant.busy, store, since=since, account=account)
    assert kinds(calls) == {"folders", "delta"}
    begun = [one for one in calls if "delta" in one.path and "$select" in one.query]
    assert {one.query["$select"][0] for one in begun} == {
        "id,internetMessageId,receivedDateTime,isDraft"
    }
    assert store.outcome() == before


@pytest.mark.parametrize("most", [2, 3, 5, 8, 13])
def test_a_comparison_that_is_broken_off_goes_on_to_the_same_end(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch, most: int
):
    monkeypatch.setattr("connectors.microsoft.mail._IDS_SIZE", "odata.maxpagesize=60")
    lose_changes(tenant, store)
    tenant.world.advance(tenant.world.now + A_MONTH)
    for number in range(40):
        tenant.pull_mail(tenant.busy, store, most=most + number // 3)
        if store.pages[-1].is_complete:
            break
        if number < 3:  # what comes while ids are listed is no part of that listing
            tenant.world.deliver(letter_to(tenant, tenant.busy, f"meanwhile-{number}"))
            tenant.world.move(tenant.busy, first(tenant, tenant.busy), "archive")
    tenant.pull_mail(tenant.busy, store)
    tenant.assert_equal(tenant.busy, store)


def test_a_comparison_whose_link_expires_begins_again(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("connectors.microsoft.mail._IDS_SIZE", "odata.maxpagesize=60")
    lose_changes(tenant, store)
    tenant.world.advance(tenant.world.now + A_MONTH)
    tenant.pull_mail(tenant.busy, store, most=4)
    assert any(json.loads(one).get("ids_link") for one in store.cursors.values())
    tenant.world.graph_quirks.generation += 1
    tenant.pull_mail(tenant.busy, store)
    tenant.assert_equal(tenant.busy, store)


def test_a_cursor_of_an_earlier_kith_goes_on(tenant: Tenant, store: Store):
    tenant.pull_mail(tenant.quiet, store)
    for stream, cursor in store.cursors.items():
        state = json.loads(cursor)
        if stream == "mail":
            state = state["names"]
        else:
            del state["compared_at"], state["ids_link"]
        store.cursors[stream] = json.dumps(state)
    tenant.world.deliver(letter_to(tenant, tenant.quiet, "new"))
    tenant.pull_mail(tenant.quiet, store)
    tenant.assert_equal(tenant.quiet, store)


def test_rejects_name_the_message_and_the_rest_goes_on(tenant: Tenant, store: Store):
    address = tenant.quiet
    letter = replace(letter_to(tenant, address, "odd"), to=("nobody at all", address))
    tenant.world.deliver(letter)
    tenant.pull_mail(address, store)
    mailbox_id = tenant.mailbox(address).mailbox_id
    [odd] = [one for one in store.messages.values() if one.internet_message_id == "odd@x.example"]
    assert [one.address for one in odd.to] == [address]
    assert store.rejects == {
        Reject(
            source=f"{mailbox_id}/mail",
            locator=f"{odd.message_id}, to",
            reason="a part of this header is no address",
            length=len("nobody at all"),
        )
    }


def test_no_page_holds_a_word_that_somebody_wrote(tenant: Tenant, store: Store):
    tenant.pull_mail(tenant.busy, store)
    assert "CANARY" not in repr(store.pages)
    for call in tenant.sandbox.log:
        select = ",".join(call.query.get("$select", [])).lower()
        assert "subject" not in select
        assert "body" not in select
