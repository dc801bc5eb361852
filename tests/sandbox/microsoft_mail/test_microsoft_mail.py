"""One message at the sandbox's Graph: what does it say, and what does it keep back?"""

import re

from sandbox.boxes import Box
from sandbox.files import MAIL_CANARY
from sandbox.life import Letter
from sandbox.people import MICROSOFT
from tests.sandbox.microsoft_client import SELECT, Client, inbox, staff


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
