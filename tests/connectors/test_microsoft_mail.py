"""Mail of the village's Microsoft tenant, pulled over HTTP: whole, changed, moved, lost, found."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.microsoft import Quota
from connectors.pages import PullProblem
from connectors.records import Reject
from sandbox.exchange import Call
from sandbox.life import Letter
from tests.connectors.microsoft_store import Store
from tests.connectors.microsoft_tenant import Tenant, link_of

NOISY = {"empty_page_share": 0.3, "repeat_share": 0.2, "replay_share": 0.2}


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    with Tenant() as running:
        yield running


@pytest.fixture
def store() -> Store:
    return Store()


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
    assert not any(page.stream.endswith("message") for page in store.pages)


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


def test_a_state_that_is_lost_again_at_once_ends_loudly_with_the_cursor_unmoved(
    tenant: Tenant, store: Store
):
    tenant.pull_mail(tenant.busy, store)
    cursors = dict(store.cursors)
    quirks = tenant.world.graph_quirks

    class Restless(Store):
        def take(self, pages, most=None):
            for page in pages:
                if page.records:
                    quirks.generation += 1
                self._store(page)

    quirks.generation += 1
    restless = Restless()
    restless.__dict__.update(store.__dict__)
    big = Quota(None, None, None)
    account = tenant.account(quota=big)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connectors.microsoft.mail._SIZE", "odata.maxpagesize=20")
        with pytest.raises(PullProblem, match="sync state lost again"):
            tenant.pull_mail(tenant.busy, restless, account=account)
    inbox = f"mail:{tenant.ids(tenant.busy).folder('inbox')}"
    untouched = {name: one for name, one in restless.cursors.items() if name != inbox}
    assert untouched == {name: one for name, one in cursors.items() if name != inbox}
    assert restless.gone == {}
    tenant.pull_mail(tenant.busy, store)
    tenant.assert_equal(tenant.busy, store)


@pytest.mark.parametrize("most", range(1, 12))
@pytest.mark.parametrize("is_listing", [False, True])
def test_a_pull_that_ends_after_any_page_goes_on_to_the_same_end(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch, most: int, is_listing: bool
):
    monkeypatch.setattr("connectors.microsoft.mail._SIZE", "odata.maxpagesize=60")
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


def test_pages_are_fetched_once_however_often_a_pull_is_broken_off(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("connectors.microsoft.mail._SIZE", "odata.maxpagesize=60")
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


def test_a_link_that_expires_in_the_middle_of_the_first_pull_begins_it_again(
    tenant: Tenant, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("connectors.microsoft.mail._SIZE", "odata.maxpagesize=60")
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
