"""Mail from the local Google: backfill, history, and what happens when either breaks off."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.google import CURRENT, MINUTE_S, gmail_requests
from sandbox.boxes import Box, Copy
from sandbox.faults import Fault
from sandbox.files import MAIL_CANARY
from sandbox.google.messages import message_id, thread_id
from sandbox.life import Letter
from sandbox.server import Sandbox
from sandbox.world import World
from tests.connectors.google.conftest import LONG_AGO, Office, fetched, names, office_of


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several pages for a mailbox of this size."""
    monkeypatch.setattr(gmail_requests, "LISTED_AT_ONCE", 20)


def box_of(world: World, office: Office) -> Box:
    return world.boxes[office.mailbox.address]


def wanted(box: Box) -> dict[str, Copy]:
    """Message id -> copy of all that is mail and was not thrown away."""
    left_out = ("trash", "spam", "drafts")
    return {message_id(box, one): one for one in box.copies() if one.folder not in left_out}


def addresses(found: tuple) -> set[str]:
    return {one.address for one in found}


def letter(world: World, to: str, name: str = "new") -> Letter:
    author = f"jane@{name}.example"
    return Letter(f"{name}@x.example", world.now, author, (to,), (to,))


def test_the_first_pull_brings_every_letter_of_the_mailbox(office: Office, world: World):
    box = box_of(world, office)
    office.mail()
    copies = wanted(box)
    assert len(copies) > 100
    assert set(office.store.messages) == set(copies)
    assert office.store.rejects == []
    for one, copy in copies.items():
        message, sent = office.store.messages[one], copy.letter
        assert message.mailbox_id == "google-1"
        assert message.internet_message_id == sent.message_id
        assert message.author.address == sent.author
        assert addresses(message.to) == set(sent.to)
        assert addresses(message.cc) == set(sent.cc)
        assert addresses(message.bcc) == (set(sent.bcc) if copy.is_own else set())
        assert message.references == sent.references[-20:]
        assert message.sent_at == copy.filed_at
        assert message.thread_id == thread_id(box, box.ever(copy.thread))
        assert office.store.folders_of(one) >= {"sent" if copy.is_own else "inbox"}
    assert MAIL_CANARY not in repr(office.store.pages)


def test_pages_come_newest_first_and_tell_what_they_cover(
    office: Office, world: World, small_pages: None
):
    office.mail()
    listing = [page for page in office.store.pages if page.covers_to]
    assert len(listing) > 3
    assert {page.covers_to for page in listing} == {world.now}
    assert {page.at for page in office.store.pages} == {world.now}
    newest = [max(one.sent_at for one in page.records) for page in listing if page.records]
    assert newest == sorted(newest, reverse=True)
    assert listing[0].total == len(box_of(world, office).copies())
    assert [page.total for page in listing[1:]] == [None] * (len(listing) - 1)
    assert [page.is_complete for page in office.store.pages[-2:]] == [False, True]


def test_a_second_pull_asks_for_changes_and_fetches_nothing(office: Office):
    office.mail()
    rows = deepcopy(office.store.rows())
    calls = office.mail()
    assert names(calls) == ["/token", "history"]
    assert office.store.rows() == rows


def test_an_empty_mailbox_is_in_step_after_one_pull(office: Office, world: World):
    for copy in box_of(world, office).copies():
        world.delete(office.mailbox.address, copy.number)
    office.mail()
    assert office.store.messages == {}
    assert names(office.mail()) == ["/token", "history"]


def test_only_what_is_newer_than_the_horizon_is_kept(
    office: Office, world: World, small_pages: None
):
    copies = wanted(box_of(world, office))
    office.since = world.now - timedelta(days=14)
    calls = office.mail()
    new = {one for one, copy in copies.items() if copy.filed_at >= office.since}
    assert 20 < len(new) < len(copies) / 2
    assert set(office.store.messages) == new
    # One page that is wholly older ends the listing.
    assert names(calls).count("messages") <= len(new) / 20 + 3


def test_a_horizon_that_moves_back_brings_what_is_older(
    office: Office, world: World, small_pages: None
):
    undisturbed = office.again()
    undisturbed.mail()
    office.since = world.now - timedelta(days=14)
    calls = office.mail()
    office.since = LONG_AGO
    calls += office.mail(pages=3)
    calls += office.mail()
    assert office.store.messages == undisturbed.store.messages
    assert names(office.mail()) == ["/token", "history"]
    office.since = world.now
    assert names(office.mail()) == ["/token", "history"]


# -- what is asked


def test_threads_are_fetched_whole_where_that_costs_no_more(office: Office, small_pages: None):
    calls = office.mail()
    one_by_one = CURRENT.message_units * len(office.store.messages)
    units = sum(part.units for call in calls for part in call.parts)
    assert units < one_by_one
    kinds = {name.partition("/")[0] for name in fetched(calls)}
    assert kinds == {"messages", "threads"}
    assert len(fetched(calls)) == len(set(fetched(calls)))


def test_batches_hold_at_most_what_the_quota_says(office: Office):
    calls = office.mail()
    assert max(len(call.parts) for call in calls) == CURRENT.batch_parts == 25


def test_every_request_keeps_to_the_quota(sandbox: Sandbox):
    office = office_of(sandbox, quota=CURRENT)
    calls = office.mail()
    units = sum(call.units for call in calls)
    assert units > 2_000
    # 6,000 units a minute, less what late requests may take; a second's worth is there at once.
    pace = CURRENT.gmail_mailbox_units_per_minute / MINUTE_S
    assert office.clock.at_s == pytest.approx(units / pace - 1, abs=1)


def test_no_request_asks_for_more_than_headers(office: Office):
    parts = [part for call in office.mail() for part in call.parts]
    assert parts
    for part in parts:
        assert part.query["format"] == ["metadata"]
        assert "subject" not in {name.lower() for name in part.query["metadataHeaders"]}
        assert "snippet" not in part.query["fields"][0]


def test_a_thread_brings_nothing_that_is_stored(office: Office, world: World):
    box = box_of(world, office)
    office.mail()
    first = next(one.letter for one in box.copies() if one.letter.message_id)
    for number in range(2):
        answer = letter(world, office.mailbox.address, f"answer{number}")
        world.deliver(replace(answer, references=(first.message_id,)))
    stored = set(office.store.messages)
    (name,) = fetched(office.mail())
    assert name.startswith("threads/")
    brought = [one.message_id for one in office.store.pages[-1].records]
    assert len(brought) == 2
    assert stored.isdisjoint(brought)


# -- kills


@pytest.mark.parametrize("stored", range(1, 9))
def test_a_kill_after_any_page_loses_nothing_and_fetches_nothing_twice(
    office: Office, small_pages: None, stored: int
):
    undisturbed = office.again()
    undisturbed.mail()
    calls = office.mail(pages=stored)
    calls += office.mail()
    assert office.store.rows() == undisturbed.store.rows()
    assert len(fetched(calls)) == len(set(fetched(calls)))


def test_what_was_fetched_before_a_stop_is_stored(office: Office, sandbox: Sandbox):
    sandbox.faults.append(Fault(at=5, kind="throttle_429", times=9, retry_after=3600))
    problem = office.problem(office.mail)
    assert problem.state == "too many requests"
    assert len(office.store.messages) >= 25
    sandbox.faults.clear()
    stored = set(office.store.messages)
    calls = office.mail()
    assert stored.isdisjoint(name.partition("/")[2] for name in fetched(calls) if "mess" in name)


def test_an_expired_page_token_begins_anew_and_fetches_nothing_twice(
    office: Office, small_pages: None
):
    undisturbed = office.again()
    undisturbed.mail()
    calls = office.mail(pages=2)
    cursor = json.loads(office.store.cursors["mail"])
    assert cursor["page"]
    office.store.cursors["mail"] = json.dumps(cursor | {"page": "out of date"})
    calls += office.mail()
    assert office.store.rows() == undisturbed.store.rows()
    assert len(fetched(calls)) == len(set(fetched(calls)))


# -- changes


def test_changes_between_two_pulls_arrive(office: Office, world: World):
    box, address = box_of(world, office), office.mailbox.address
    office.mail()
    old = [one for one in box.copies() if not one.is_own][:4]
    ids = [message_id(box, one) for one in old]
    world.advance(world.now + timedelta(hours=1))
    (new,) = world.deliver(letter(world, address))
    world.delete(address, old[0].number)
    world.move(address, old[1].number, "trash")
    world.move(address, old[2].number, "Projects")
    world.read(address, old[3].number)
    folders = office.store.folders_of(ids[3])
    calls = office.mail()
    assert fetched(calls) == [f"messages/{message_id(box, new)}"]
    assert office.store.gone == {ids[0]: world.now}
    assert office.store.folders_of(ids[0]) == set()
    assert office.store.folders_of(ids[1]) >= {"trash"}
    assert "Label_1" in office.store.folders_of(ids[2])
    assert "inbox" not in office.store.folders_of(ids[2])
    assert office.store.folders_of(ids[3]) == folders
    assert message_id(box, new) in office.store.messages


def test_what_comes_back_from_the_trash_is_filed_again(office: Office, world: World):
    box, address = box_of(world, office), office.mailbox.address
    office.mail()
    copy = next(one for one in box.copies() if not one.is_own)
    world.move(address, copy.number, "trash")
    office.mail()
    world.move(address, copy.number, "inbox")
    assert fetched(office.mail()) == []
    folders = office.store.folders_of(message_id(box, copy))
    assert "inbox" in folders
    assert "trash" not in folders


@pytest.mark.parametrize("hidden", ["spam", "trash"])
def test_what_was_thrown_away_before_the_first_pull_comes_when_it_is_kept(
    office: Office, world: World, hidden: str
):
    box, address = box_of(world, office), office.mailbox.address
    copy = next(one for one in box.copies() if not one.is_own)
    world.move(address, copy.number, hidden)
    office.mail()
    assert message_id(box, copy) not in office.store.messages
    world.move(address, copy.number, "inbox")
    assert fetched(office.mail()) == [f"messages/{message_id(box, copy)}"]
    assert message_id(box, copy) in office.store.messages


def test_a_draft_is_mail_once_it_is_sent(office: Office, world: World):
    box, address = box_of(world, office), office.mailbox.address
    earlier = world.draft(address)
    office.mail()
    later = world.draft(address)
    ids = {message_id(box, earlier), message_id(box, later)}
    office.mail()
    assert ids.isdisjoint(office.store.messages)
    for one in (earlier, later):
        world.move(address, one.number, "sent")
    office.mail()
    assert ids <= set(office.store.messages)


def test_a_message_deleted_before_it_is_fetched_is_no_problem(
    office: Office, world: World, sandbox: Sandbox
):
    box, address = box_of(world, office), office.mailbox.address
    copy = box.copies()[-1]
    name = message_id(box, copy)
    fault = Fault(at=0, kind="kill", path="me/messages")
    fault.call = lambda: world.delete(address, copy.number)
    sandbox.faults.append(fault)
    office.mail()
    assert fault.times == 0
    assert name not in office.store.messages
    assert set(office.store.messages) == set(wanted(box))
    assert office.store.rejects == []


def test_a_message_added_and_deleted_between_two_pulls_is_not_asked_for(
    office: Office, world: World
):
    address = office.mailbox.address
    office.mail()
    (copy,) = world.deliver(letter(world, address))
    world.delete(address, copy.number)
    assert fetched(office.mail()) == []


def test_changes_during_the_first_pull_are_replayed(
    office: Office, world: World, sandbox: Sandbox, small_pages: None
):
    box, address = box_of(world, office), office.mailbox.address
    office.mail(pages=2)
    held = next(one for one in box.newest_first() if message_id(box, one) in office.store.messages)
    world.advance(world.now + timedelta(hours=2))
    world.deliver(letter(world, address))
    world.delete(address, held.number)
    office.mail()
    assert office.store.alive() == set(wanted(box))


def test_a_history_of_several_pages_moves_the_cursor_at_its_end(
    office: Office, world: World, small_pages: None
):
    office.mail()
    for number in range(50):
        world.deliver(letter(world, office.mailbox.address, f"n{number}"))
    before = office.store.cursors["mail"]
    calls = office.mail(pages=2)
    assert office.store.cursors["mail"] == before
    calls += office.mail()
    assert office.store.cursors["mail"] != before
    assert len(fetched(calls)) == 50
    assert office.store.alive() == set(wanted(box_of(world, office)))


# -- a history that is lost


def change_much(office: Office, world: World) -> tuple[str, str, str]:
    """Ids of a message that was deleted, one that was thrown away, one that came back."""
    box, address = box_of(world, office), office.mailbox.address
    deleted, trashed, back = [one for one in box.copies() if not one.is_own][:3]
    world.move(address, back.number, "trash")
    office.mail()
    world.advance(world.now + timedelta(days=1))
    world.delete(address, deleted.number)
    world.move(address, trashed.number, "trash")
    world.move(address, back.number, "inbox")
    world.deliver(letter(world, address))
    world.advance(world.now + timedelta(days=30))
    world.deliver(letter(world, address, "latest"))
    return message_id(box, deleted), message_id(box, trashed), message_id(box, back)


def test_a_lost_history_is_made_good_by_a_listing(office: Office, world: World, small_pages: None):
    office.mail()
    seen_at = world.now
    deleted, trashed, back = change_much(office, world)
    calls = office.mail()
    assert len(fetched(calls)) == 2
    assert office.store.gone == {deleted: seen_at}
    assert "trash" in office.store.folders_of(trashed)
    assert "trash" not in office.store.folders_of(back)
    assert office.store.alive() - {trashed} == set(wanted(box_of(world, office)))
    assert names(office.mail()) == ["/token", "history"]


def test_a_lost_history_needs_no_second_listing_of_what_is_older_than_the_horizon(
    office: Office, world: World, small_pages: None
):
    office.since = world.now - timedelta(days=14)
    office.mail()
    stored = set(office.store.messages)
    deleted, _, _ = change_much(office, world)
    calls = office.mail()
    assert len(fetched(calls)) <= 2 + 20
    assert office.store.gone.keys() <= {deleted}
    assert stored <= office.store.alive() | {deleted}


@pytest.mark.parametrize("stored", range(1, 14, 2))
def test_a_kill_during_a_listing_anew_loses_nothing(
    office: Office, world: World, small_pages: None, stored: int
):
    office.mail()
    change_much(office, world)
    undisturbed = replace(office, store=deepcopy(office.store))
    undisturbed.mail()
    calls = office.mail(pages=stored)
    calls += office.mail()
    assert len(fetched(calls)) == 2
    assert office.store.rows() == undisturbed.store.rows()


def test_what_leaves_the_trash_while_a_listing_passes_it_is_not_lost(
    office: Office, world: World, sandbox: Sandbox, small_pages: None
):
    box, address = box_of(world, office), office.mailbox.address
    copy = next(one for one in box.copies() if not one.is_own)
    office.mail()
    world.move(address, copy.number, "trash")
    world.advance(world.now + timedelta(days=30))
    # After all mail was listed and before the trash is, it moves from there to the mail.
    office.mail(pages=len(wanted(box)) // 20 + 1)
    world.move(address, copy.number, "inbox")
    office.mail()
    assert office.store.gone == {}
    assert office.store.alive() == set(wanted(box))


def test_a_history_that_is_lost_at_once_is_told(office: Office, world: World):
    world.gmail_history_days = -1
    problem = office.problem(office.mail)
    assert problem.state == "history out of reach"
    assert office.store.alive() == set(wanted(box_of(world, office)))
    world.gmail_history_days = 7
    calls = office.mail()
    assert fetched(calls) == []
    assert names(office.mail()) == ["/token", "history"]


def test_a_listing_that_led_nowhere_is_forgotten(office: Office, world: World):
    box, address = box_of(world, office), office.mailbox.address
    office.mail()
    world.gmail_history_days = -1
    assert office.problem(office.mail).state == "history out of reach"
    gone = next(iter(box.copies()))
    world.delete(address, gone.number)
    world.gmail_history_days = 7
    world.advance(world.now + timedelta(days=30))
    office.mail()
    assert set(office.store.gone) == {message_id(box, gone)}
