"""Rounds of mail at the sandbox's Graph: is anything lost between pages, rounds and changes?"""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest

from sandbox.boxes import Box
from sandbox.life import Letter
from sandbox.server import Sandbox
from tests.sandbox.microsoft_client import (
    IMMUTABLE,
    PLAIN,
    SELECT,
    Client,
    folders,
    inbox,
)


def test_a_first_round_over_every_folder_brings_the_whole_mailbox(sandbox: Sandbox, box: Box):
    client = Client(sandbox)
    seen = set()
    for folder in folders(client, box).values():
        path = f"users/{box.address}/mailFolders/{quote(folder)}/messages/delta?{SELECT}"
        items, _ = client.round(path, IMMUTABLE, "odata.maxpagesize=7")
        assert {one["parentFolderId"] for one in items} <= {folder}
        seen |= {one["internetMessageId"] for one in items}
    assert seen == {f"<{copy.letter.message_id}>" for copy in box.copies()}


def test_pages_hold_what_was_asked_for_and_ten_by_default(client: Client, box: Box):
    path = f"{inbox(box)}/messages/delta?$select=id"
    assert len(client.ok(path)["value"]) == 10
    assert len(client.ok(path, "odata.maxpagesize=3")["value"]) == 3
    count = sum(copy.folder == "inbox" for copy in box.copies())
    assert len(client.ok(path, "odata.maxpagesize=5000")["value"]) == min(count, 1000)
    first = client.ok(path, "odata.maxpagesize=3")
    # The link does not carry what a header asked for.
    assert len(client.ok(first["@odata.nextLink"])["value"]) == 10


def test_the_first_round_can_begin_with_the_newest(client: Client, box: Box):
    path = f"{inbox(box)}/messages/delta?$select=receivedDateTime&$orderby=receivedDateTime%20desc"
    items, _ = client.round(path, "odata.maxpagesize=9")
    times = [one["receivedDateTime"] for one in items]
    assert times == sorted(times, reverse=True)
    assert len(times) == sum(copy.folder == "inbox" for copy in box.copies())
    assert client.error(f"{inbox(box)}/messages/delta?$orderby=subject")[0] == 400


def test_a_filter_keeps_what_is_newer(client: Client, box: Box):
    items, _ = client.round(f"{inbox(box)}/messages/delta?$select=receivedDateTime")
    times = sorted(one["receivedDateTime"] for one in items)
    middle = times[len(times) // 2]
    path = f"{inbox(box)}/messages/delta?$select=receivedDateTime&$filter=receivedDateTime%20"
    later, _ = client.round(f"{path}ge%20{middle}")
    assert sorted(one["receivedDateTime"] for one in later) == [
        one for one in times if one >= middle
    ]
    later, _ = client.round(f"{path}gt%20{middle}")
    assert sorted(one["receivedDateTime"] for one in later) == [
        one for one in times if one > middle
    ]
    assert client.error(f"{inbox(box)}/messages/delta?$filter=isRead%20eq%20true")[0] == 400


def test_a_filtered_round_stops_at_five_thousand(client: Client, box: Box):
    letter = box.copies()[0].letter
    for number in range(5_200):
        client.world.deliver(
            replace(letter, message_id=f"{number}@x.example", holders=(box.person.address,))
        )
    path = f"{inbox(box)}/messages/delta?$select=id"
    assert len(client.round(path, "odata.maxpagesize=1000")[0]) > 5_200
    filtered = f"{path}&$filter=receivedDateTime%20ge%202000-01-01T00:00:00Z"
    assert len(client.round(filtered, "odata.maxpagesize=1000")[0]) == 5_000


def arrive(client: Client, box: Box) -> str:
    """A new letter in the inbox; its Message-ID."""
    name = f"new.{client.world.mail_seq}@x.example"
    letter = Letter(
        name, client.world.now, "someone@x.example", (box.address,), (box.person.address,)
    )
    client.world.deliver(letter)
    return f"<{name}>"


def test_a_later_round_tells_what_happened_since(client: Client, box: Box):
    path = f"{inbox(box)}/messages/delta?$select=internetMessageId"
    items, link = client.round(path, IMMUTABLE, "odata.maxpagesize=1000")
    ids = [one["id"] for one in items]
    copies = [copy for copy in box.copies() if copy.folder == "inbox"]
    new = arrive(client, box)
    client.world.delete(box.address, copies[0].number)
    client.world.move(box.address, copies[1].number, "archive")
    client.world.read(box.address, copies[2].number)
    items, link = client.round(link, IMMUTABLE)
    told = {one["id"]: one for one in items}
    assert told[ids[0]]["@removed"] == told[ids[1]]["@removed"] == {"reason": "deleted"}
    assert told[ids[2]] == {
        "@odata.etag": told[ids[2]]["@odata.etag"],
        "id": ids[2],
        "isRead": True,
    }
    assert [one["internetMessageId"] for one in items if one["id"] not in ids] == [new]
    assert len(told) == len(items) == 4
    assert client.round(link, IMMUTABLE)[0] == []


def test_what_came_and_went_within_a_round_is_told_as_gone(client: Client, box: Box):
    _, link = client.round(f"{inbox(box)}/messages/delta?$select=id", IMMUTABLE)
    arrive(client, box)
    client.world.delete(box.address, box.copies()[-1].number)
    (item,), _ = client.round(link, IMMUTABLE)
    assert item["@removed"] == {"reason": "deleted"}


def test_a_move_keeps_the_immutable_id_and_no_other(client: Client, box: Box):
    archive = f"users/{box.address}/mailFolders/archive/messages/delta?$select=internetMessageId"
    first = next(copy for copy in box.copies() if copy.folder == "inbox")
    for prefer, is_same in (((IMMUTABLE,), True), ((), False)):
        items, left = client.round(
            f"{inbox(box)}/messages/delta?$select=internetMessageId", *prefer
        )
        _, entered = client.round(archive, *prefer)
        before = next(
            one["id"] for one in items if one["internetMessageId"] == f"<{first.letter.message_id}>"
        )
        client.world.move(box.address, first.number, "archive")
        (gone,), _ = client.round(left, *prefer)
        (come,), _ = client.round(entered, *prefer)
        assert gone["id"] == before
        assert "@removed" in gone
        assert (come["id"] == before) == is_same
        status = client.get(f"users/{box.address}/messages/{quote(before)}", *prefer).status_code
        assert status == (200 if is_same else 404)
        client.world.move(box.address, first.number, "inbox")


def test_a_change_while_pages_are_read_is_not_lost(client: Client, box: Box):
    path = f"{inbox(box)}/messages/delta?$select=internetMessageId"
    before = {f"<{copy.letter.message_id}>" for copy in box.copies() if copy.folder == "inbox"}
    seen: dict[str, str] = {}
    link, pages = path, 0
    news = []
    while True:
        page = client.ok(link, IMMUTABLE, "odata.maxpagesize=11")
        pages += 1
        for one in page["value"]:
            seen[one["id"]] = one.get("internetMessageId", "")
        newest = max(copy.number for copy in box.copies())
        client.world.delete(box.address, newest)
        client.world.delete(box.address, min(copy.number for copy in box.copies()))
        news.append(arrive(client, box))
        if "@odata.deltaLink" in page:
            break
        link = page["@odata.nextLink"]
    items, _ = client.round(page["@odata.deltaLink"], IMMUTABLE, "odata.maxpagesize=1000")
    for one in items:
        if "@removed" in one:
            seen.pop(one["id"], None)
        else:
            seen[one["id"]] = one["internetMessageId"]
    held = {f"<{copy.letter.message_id}>" for copy in box.copies() if copy.folder == "inbox"}
    assert pages > 2
    assert before - held
    assert set(seen.values()) == held


def test_empty_pages_repeats_and_replays_change_nothing(sandbox: Sandbox, box: Box):
    quirks = sandbox.world.graph_quirks
    quirks.empty_page_share = quirks.repeat_share = quirks.replay_share = 0.5
    client = Client(sandbox)
    path = f"{inbox(box)}/messages/delta?$select=internetMessageId"
    pages = list(client.pages(path, IMMUTABLE, "odata.maxpagesize=8"))
    items = [one["internetMessageId"] for page in pages for one in page["value"]]
    assert any(page["value"] == [] and "@odata.nextLink" in page for page in pages)
    assert max(len(page["value"]) for page in pages) <= 8
    held = {f"<{copy.letter.message_id}>" for copy in box.copies() if copy.folder == "inbox"}
    assert set(items) == held
    assert len(items) > len(held) * 1.3
    replayed, _ = client.round(pages[-1]["@odata.deltaLink"], IMMUTABLE)
    assert {one["internetMessageId"] for one in replayed} < held
    assert replayed


def test_a_message_that_came_back_may_not_be_mentioned(client: Client, box: Box):
    first = next(copy for copy in box.copies() if copy.folder == "inbox")
    for misses, expected in ((False, 1), (True, 0)):
        client.world.graph_quirks.misses_returns = misses
        _, link = client.round(f"{inbox(box)}/messages/delta?$select=id", IMMUTABLE)
        client.world.move(box.address, first.number, "archive")
        client.world.move(box.address, first.number, "inbox")
        assert len(client.round(link, IMMUTABLE)[0]) == expected


def test_change_types_can_be_picked(client: Client, box: Box):
    copies = [copy for copy in box.copies() if copy.folder == "inbox"]
    links = {
        kind: client.round(f"{inbox(box)}/messages/delta?$select=id&changeType={kind}")[1]
        for kind in ("created", "updated", "deleted")
    }
    arrive(client, box)
    client.world.delete(box.address, copies[0].number)
    client.world.read(box.address, copies[1].number)
    told = {kind: client.round(link)[0] for kind, link in links.items()}
    assert {kind: len(items) for kind, items in told.items()} == dict.fromkeys(links, 1)
    assert "@removed" in told["deleted"][0]
    assert told["updated"][0]["isRead"] is True


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("location", (410, "resyncRequired")),
        ("gone", (410, "SyncStateNotFound")),
        ("bad_request", (400, "SyncStateNotFound")),
    ],
)
def test_sync_states_come_to_an_end(client: Client, box: Box, how: str, expected: tuple[int, str]):
    path = f"{inbox(box)}/messages/delta?$select=id"
    next_link = client.ok(path)["@odata.nextLink"]
    _, delta_link = client.round(path)
    client.world.graph_quirks.expired_answer = how
    client.world.graph_quirks.generation += 1
    assert client.error(next_link) == client.error(delta_link) == expected
    answer = client.get(delta_link)
    assert ("Location" in answer.headers) == (how == "location")
    if how == "location":
        assert len(client.ok(answer.headers["Location"])["value"]) == 10
    assert client.ok(path)["value"]


def test_a_sync_state_is_good_for_its_folder_only(client: Client, box: Box):
    _, link = client.round(f"{inbox(box)}/messages/delta?$select=id")
    token = link.partition("$deltatoken=")[2]
    other = f"users/{box.address}/mailFolders/archive/messages/delta?$deltatoken={token}"
    assert client.error(other) == (400, "SyncStateInvalid")
    forged = f"{inbox(box)}/messages/delta?$deltatoken=abc"
    assert client.error(forged) == (400, "SyncStateInvalid")


def test_links_outlive_a_restart_of_the_server(plain: Sandbox, box: Box):
    _, link = Client(plain).round(f"{inbox(box)}/messages/delta?$select=id")
    with Sandbox(plain.world) as again:
        client = Client(again)
        moved = link.replace(plain.microsoft_url, again.microsoft_url)
        assert client.round(moved)[0] == []


def test_time_brings_mail_by_itself(plain: Sandbox, small_village, box: Box):
    start = plain.world.now
    with Sandbox(type(plain.world)(small_village, start - timedelta(days=20))) as early:
        early.world.graph_quirks = replace(PLAIN)
        client = Client(early)
        path = f"{inbox(box)}/messages/delta?$select=internetMessageId"
        items, link = client.round(path, IMMUTABLE, "odata.maxpagesize=1000")
        early.world.advance(start)
        client.sign_in()
        news, _ = client.round(link, IMMUTABLE, "odata.maxpagesize=1000")
        held = {f"<{copy.letter.message_id}>" for copy in box.copies() if copy.folder == "inbox"}
        first, later = ({one["internetMessageId"] for one in group} for group in (items, news))
        assert first
        assert later
        assert not first & later
        assert first | later == held
