"""Mail at the sandbox's Graph: what a reader meets, and that nothing is lost on the way."""

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import pytest

from sandbox.boxes import Box
from sandbox.files import MAIL_CANARY
from sandbox.life import Letter
from sandbox.people import MICROSOFT
from sandbox.server import Sandbox
from sandbox.tenant import GraphQuirks
from tests.sandbox.microsoft_client import IMMUTABLE, Client, staff

SELECT = (
    "$select=internetMessageId,conversationId,parentFolderId,receivedDateTime,sentDateTime,from,"
    "sender,toRecipients,ccRecipients,bccRecipients,replyTo,isDraft,isRead,internetMessageHeaders"
)
PLAIN = GraphQuirks(empty_page_share=0, repeat_share=0, replay_share=0)


@pytest.fixture
def plain(sandbox: Sandbox) -> Sandbox:
    """Without chance in it."""
    sandbox.world.graph_quirks = replace(PLAIN)
    return sandbox


@pytest.fixture
def client(plain: Sandbox) -> Client:
    return Client(plain)


@pytest.fixture
def box(sandbox: Sandbox) -> Box:
    """The fullest mailbox."""
    boxes = (sandbox.world.boxes[address] for address in staff(sandbox))
    return max(boxes, key=lambda box: len(box.copies()))


def inbox(box: Box) -> str:
    return f"users/{box.address}/mailFolders/inbox"


def folders(client: Client, box: Box) -> dict[str, str]:
    every = client.every(f"users/{box.address}/mailFolders?includeHiddenFolders=true")
    return {one["displayName"]: one["id"] for one in every}


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


def test_ids_differ_by_nothing_but_case(client: Client, box: Box):
    ids = [one["id"] for one in client.every(f"users/{box.address}/messages?$select=id&$top=1000")]
    assert len(set(ids)) == len(ids) == len(box.copies())
    assert len({one.lower() for one in ids}) < len(ids)
    every = "".join(
        one["id"]
        for address in staff(client.sandbox)[:5]
        for one in client.ok(f"users/{address}/messages?$select=id&$top=100")["value"]
    )
    assert {"-", "_", "="} <= set(every)


def test_every_copy_of_a_letter_has_one_message_id_and_its_own_ids(client: Client, box: Box):
    letter = next(
        copy.letter
        for copy in box.copies()
        if sum(holder.endswith(MICROSOFT) for holder in copy.letter.holders) > 1
    )
    shown = [
        one
        for holder in letter.holders
        if holder.endswith(MICROSOFT)
        for one in client.every(f"users/{holder}/messages?$top=1000&{SELECT}")
        if one["internetMessageId"] == f"<{letter.message_id}>"
    ]
    assert len(shown) > 1
    assert len({one["id"] for one in shown}) == len(shown)
    assert len({one["conversationId"] for one in shown}) == len(shown)


def test_a_letter_without_message_id_gets_one_that_all_copies_share(client: Client, box: Box):
    holders = tuple(client.world.boxes[address].person.address for address in staff(client.sandbox))
    letter = Letter(None, client.world.now, "robot@x.example", (box.address,), holders[:3])
    client.world.deliver(letter)
    ids = {
        client.ok(f"users/{holder}/messages?$top=1&$select=internetMessageId")["value"][0][
            "internetMessageId"
        ]
        for holder in holders[:3]
    }
    assert len(ids) == 1
    assert re.fullmatch(r"<[^<>@]+@[^<>@]+>", ids.pop())


def headers(message: dict) -> dict[str, str]:
    return {one["name"]: one["value"] for one in message["internetMessageHeaders"]}


def test_headers_and_recipients_say_what_the_letter_says(client: Client, box: Box):
    shown = {
        one["internetMessageId"]: one
        for one in client.every(f"users/{box.address}/messages?$top=1000&{SELECT}")
    }
    answers = mine = 0
    for copy in box.copies():
        letter, message = copy.letter, shown[f"<{copy.letter.message_id}>"]
        said = headers(message)
        assert [one["emailAddress"]["address"] for one in message["toRecipients"]] == list(
            letter.to
        )
        assert [one["emailAddress"]["address"] for one in message["ccRecipients"]] == list(
            letter.cc
        )
        bcc = [one["emailAddress"]["address"] for one in message["bccRecipients"]]
        assert bcc == (list(letter.bcc) if copy.is_own else [])
        assert message["from"]["emailAddress"]["address"] == letter.author
        assert message["receivedDateTime"] == f"{letter.sent_at:%Y-%m-%dT%H:%M:%SZ}"
        assert said["Message-ID"] == message["internetMessageId"]
        for name, value in letter.headers:
            assert said[name] == value
        if letter.references:
            answers += 1
            assert said["In-Reply-To"] == f"<{letter.references[-1]}>"
            assert said["References"].split() == [f"<{one}>" for one in letter.references]
        mine += copy.is_own
    assert min(answers, mine) > 0


def test_real_exchange_may_keep_no_headers_of_what_was_sent(client: Client, box: Box):
    path = f"users/{box.address}/mailFolders/sentitems/messages?$select=internetMessageHeaders"
    assert all(headers(one) for one in client.ok(path)["value"])
    client.world.graph_quirks.sent_items_without_headers = True
    assert not any(headers(one) for one in client.ok(path)["value"])
    path = f"{inbox(box)}/messages?$select=internetMessageHeaders"
    assert all(headers(one) for one in client.ok(path)["value"])


def test_subjects_are_there_to_be_left_and_bodies_are_not(client: Client, box: Box):
    message = client.ok(f"users/{box.address}/messages?$top=1")["value"][0]
    assert message["subject"] == MAIL_CANARY
    assert not {"body", "bodyPreview", "uniqueBody", "internetMessageHeaders"} & message.keys()
    for name in ("body", "bodyPreview", "uniqueBody", "attachments"):
        path = f"users/{box.address}/messages?$select=id,{name}"
        assert client.error(path) == (403, "ErrorAccessDenied")
    assert client.error(f"users/{box.address}/messages?$select=nothing")[0] == 400
    assert client.error(f"users/{box.address}/messages?$search=x") == (403, "ErrorAccessDenied")
    assert client.error(f"users/{box.address}/messages?$top=1001")[0] == 400


def test_folders_come_ten_at_a_time_some_hidden_some_inside_others(client: Client, box: Box):
    number = box.copies()[0].number
    for name in ("Projects/Alpha/Deep", "Projects/Beta", "Letters", "Old", "Older"):
        client.world.move(box.address, number, name)
    root = f"users/{box.address}/mailFolders"
    assert len(client.ok(root)["value"]) == 10
    names = folders(client, box)
    assert {"Inbox", "Sent Items", "Projects", "Quick Step Settings"} <= set(names)
    assert not {"Alpha", "Deep"} & set(names)
    assert "Quick Step Settings" not in {one["displayName"] for one in client.every(root)}
    alpha = client.every(f"{root}/{quote(names['Projects'])}/childFolders")
    assert [(one["displayName"], one["childFolderCount"]) for one in alpha] == [
        ("Alpha", 1),
        ("Beta", 0),
    ]
    (deep,) = client.every(f"{root}/{quote(alpha[0]['id'])}/childFolders")
    assert deep["totalItemCount"] == 0
    older = client.ok(f"{root}/{quote(names['Older'])}")
    assert older["totalItemCount"] == 1
    assert client.ok(f"{root}/inbox")["id"] == names["Inbox"]
    assert client.error(f"{root}/nothing") == (404, "ErrorFolderNotFound")


def test_a_draft_says_so_wherever_it_lies(client: Client, box: Box):
    copy = client.world.draft(box.address)
    (draft,) = client.every(f"users/{box.address}/mailFolders/drafts/messages")
    assert draft["isDraft"] is True
    client.world.move(box.address, copy.number, "trash")
    (draft,) = client.every(f"users/{box.address}/mailFolders/deleteditems/messages")
    assert draft["isDraft"] is True
    assert not any(one["isDraft"] for one in client.ok(f"{inbox(box)}/messages")["value"])


def test_meeting_mail_has_a_type_of_its_own(client: Client, box: Box):
    note = (("Content-Class", "urn:content-classes:calendarmessage"),)
    letter = Letter(
        "meeting@x.example",
        client.world.now,
        "someone@x.example",
        (box.address,),
        (box.person.address,),
        headers=note,
    )
    client.world.deliver(letter)
    newest, before = client.ok(f"users/{box.address}/messages?$top=2&$select=id")["value"]
    assert newest["@odata.type"] == "#microsoft.graph.eventMessageRequest"
    assert "@odata.type" not in before


def test_colleagues_may_stand_with_their_exchange_address(client: Client, box: Box):
    client.world.graph_quirks.exchange_senders = True
    shown = client.every(f"users/{box.address}/messages?$select=from&$top=1000")
    senders = [one["from"]["emailAddress"]["address"] for one in shown]
    directory = client.every("users?$select=proxyAddresses&$top=999")
    proxies = {proxy for one in directory for proxy in one["proxyAddresses"]}
    inside = [one for one in senders if one.startswith("/O=")]
    assert inside
    assert {f"x500:{one}" for one in inside} <= proxies


def test_mailboxes_that_may_not_be_read(client: Client, box: Box):
    path = f"{inbox(box)}/messages/delta"
    client.world.tenant.denied.add(box.address)
    assert client.error(path) == (403, "ErrorAccessDenied")
    assert client.get(path).json()["error"]["message"] == "Access to OData is disabled."
    client.world.tenant.denied.clear()
    client.world.disable_mail(box.address)
    assert client.error(path) == (404, "MailboxNotEnabledForRESTAPI")
    assert client.error("users/nobody@x.example/messages") == (404, "ErrorInvalidUser")
    room = client.world.village.population.rooms[MICROSOFT][0]
    assert client.error(f"users/{room}/messages") == (404, "MailboxNotEnabledForRESTAPI")
    client.world.tenant.roles.discard("Mail.ReadBasic.All")
    other = Client(client.sandbox)
    address = staff(client.sandbox)[0]
    assert other.error(f"users/{address}/mailFolders") == (403, "ErrorAccessDenied")
    assert client.get(f"users/{address}/mailFolders").status_code == 200


def test_a_person_reads_the_own_mailbox_only(plain: Sandbox):
    own, other = staff(plain)[:2]
    client = Client(plain, own)
    page = client.ok("me/mailFolders/inbox/messages/delta?$select=id", "odata.maxpagesize=2")
    assert "/me/mailFolders(" in page["@odata.nextLink"]
    assert client.ok(page["@odata.nextLink"])
    assert client.ok(f"users/{own}/mailFolders")
    assert client.error(f"users/{other}/mailFolders") == (403, "ErrorAccessDenied")
    assert Client(plain).error("me/mailFolders") == (400, "BadRequest")


def test_a_renamed_person_keeps_every_id(client: Client, box: Box):
    path = "messages?$select=id&$top=5"
    before = client.ok(f"users/{box.address}/{path}")["value"]
    old = box.address
    client.world.rename(old, f"renamed@{MICROSOFT}")
    assert client.ok(f"users/renamed@{MICROSOFT}/{path}")["value"] == before
    assert client.error(f"users/{old}/{path}") == (404, "ErrorInvalidUser")


def test_a_batch_is_well_whatever_its_parts_are(client: Client, box: Box):
    parts = [
        {"id": "1", "method": "GET", "url": f"/users/{box.address}/mailFolders/inbox"},
        {"id": "2", "method": "GET", "url": "/users/nobody/mailFolders"},
        {
            "id": "3",
            "method": "GET",
            "url": f"/users/{box.address}/messages?$top=1&$select=id",
            "headers": {"Prefer": IMMUTABLE},
        },
    ]
    answer = client.http.post(f"{client.root}/$batch", json={"requests": parts})
    found = {one["id"]: one for one in answer.json()["responses"]}
    assert answer.status_code == 200
    assert {name: one["status"] for name, one in found.items()} == {"1": 200, "2": 404, "3": 200}
    alone = client.ok(f"users/{box.address}/messages?$top=1&$select=id", IMMUTABLE)
    assert found["3"]["body"]["value"] == alone["value"]
    many = {"requests": [parts[0] | {"id": str(number)} for number in range(21)]}
    assert client.http.post(f"{client.root}/$batch", json=many).status_code == 400
    assert [call.status for call in client.sandbox.log[-3].parts] == [200, 404, 200]


def test_the_log_knows_whose_mailbox_was_asked_for(client: Client, box: Box):
    client.ok(f"{inbox(box)}/messages/delta")
    client.ok("users")
    mail, users = client.sandbox.log[-2:]
    assert (mail.vendor, mail.mailbox, mail.status, mail.units) == (
        "microsoft",
        box.address,
        200,
        1,
    )
    assert users.mailbox is None


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
