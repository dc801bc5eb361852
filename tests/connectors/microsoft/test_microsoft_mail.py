"""Mail of the village's Microsoft tenant, pulled over HTTP: whole, changed, moved, thrown away."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.records import Reject
from tests.connectors.microsoft.store import Store
from tests.connectors.microsoft.tenant import Tenant, first, kinds, letter_to, link_of

NOISY = {"empty_page_share": 0.3, "repeat_share": 0.2, "replay_share": 0.2}


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


def test_the_folder_of_sent_mail_is_named(tenant: Tenant, store: Store):
    tenant.pull_mail(tenant.quiet, store)
    named = {one for page in store.pages for one in page.named}
    assert named == {(tenant.ids(tenant.quiet).folder("sent"), "sent")}


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
