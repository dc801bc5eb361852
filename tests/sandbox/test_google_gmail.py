"""One message or thread of Gmail on loopback: what does Google's own client learn of it?"""

from sandbox.files import MAIL_CANARY
from sandbox.google.messages import message_id
from sandbox.people import GOOGLE
from tests.sandbox.google_client import READONLY, id_of, ids, pages, refusal, write


def test_a_message_shows_all_that_gmail_knows_of_it(gmail, box):
    copy = box.copies()[0]
    shown = gmail.messages().get(userId="me", id=message_id(box, copy), format="metadata").execute()
    headers = [(one["name"], one["value"]) for one in shown["payload"]["headers"]]
    assert ("Subject", MAIL_CANARY) in headers
    assert shown["snippet"] == MAIL_CANARY
    assert int(shown["internalDate"]) == copy.filed_at.timestamp() * 1000
    assert shown["historyId"] == str(copy.seq)
    assert len(shown["id"]) == len(shown["threadId"]) == 16
    assert f"<{copy.letter.author}>" in dict(headers)["From"] or copy.letter.author in headers


def test_only_the_asked_headers_come_in_any_case_of_their_names(gmail, box, world, user, colleague):
    cc = tuple(p.address for p in world.village.staff[:4])
    letter = write(world, colleague, user, cc=cc, references=("a@x.example", "b@x.example"))
    (_, copy) = world.deliver(letter)
    shown = (
        gmail.messages()
        .get(
            userId="me",
            id=message_id(box, copy),
            format="metadata",
            metadataHeaders=["FROM", "cc", "references", "X-Nothing"],
            fields="payload/headers",
        )
        .execute()
    )
    headers = [(one["name"], one["value"]) for one in shown["payload"]["headers"]]
    # Repeated fields stay two, of a folded one the tab is left.
    assert [name for name, _ in headers] == ["References", "From", "Cc", "CC"]
    assert headers[0][1] == "<a@x.example>\t<b@x.example>"
    assert all(address in headers[2][1] for address in cc[:2])
    assert all(address in headers[3][1] for address in cc[2:])
    assert set(shown) == {"payload"}


def test_names_come_decoded(client, world):
    name = next(p.name for p in world.village.staff if "ü" in p.name and p.company == GOOGLE)
    person = next(p for p in world.village.staff if p.name == name)
    own = client.gmail(person.address).users().messages()
    page = own.list(userId="me", labelIds=["SENT"], maxResults=1).execute()
    shown = own.get(userId="me", id=page["messages"][0]["id"], format="metadata").execute()
    fields = {one["name"]: one["value"] for one in shown["payload"]["headers"]}
    assert fields["From"].startswith(f"{name} <")


def test_only_the_author_sees_who_was_told_in_secret(client, world, user, colleague):
    other = next(p.address for p in world.village.staff if p.company == GOOGLE)
    letter = write(world, user, colleague, bcc=(other,), holders=(user, other))
    for holder, copy in zip((user, other), world.deliver(letter), strict=True):
        box = world.boxes[holder]
        got = (
            client.gmail(holder)
            .users()
            .messages()
            .get(userId="me", id=message_id(box, copy), format="metadata", metadataHeaders=["Bcc"])
        )
        assert len(got.execute()["payload"]["headers"]) == (holder == user)


def test_minimal_has_no_payload_and_full_and_raw_need_another_scope(client, world, user, box):
    gmail = client.gmail(user).users()
    name = message_id(box, box.copies()[0])
    assert "payload" not in gmail.messages().get(userId="me", id=name, format="minimal").execute()
    expected = (403, "forbidden", "Metadata scope doesn't allow format FULL")
    assert refusal(gmail.messages().get(userId="me", id=name)) == expected
    assert refusal(gmail.threads().get(userId="me", id=name)) == expected
    assert refusal(gmail.messages().get(userId="me", id=name, format="raw"))[0] == 403
    world.granted_scopes.add(READONLY)
    reader = client.gmail(user, READONLY).users().messages()
    assert reader.get(userId="me", id=name).execute()["payload"]["body"]["data"]
    assert reader.get(userId="me", id=name, format="raw").execute()["raw"]


def test_an_id_that_is_none_and_an_id_that_is_gone(gmail, box, world, user):
    last = box.copies()[-1].number
    name = id_of(box, last)
    world.delete(user, last)
    missing = (404, "notFound", "Requested entity was not found.")
    for unknown in (name, f"{int(name, 16) + 1:016x}", "18c5f3b2a1d0e9f7"):
        got = gmail.messages().get(userId="me", id=unknown, format="metadata")
        assert refusal(got) == missing
    for nonsense in ("nonsense", "8" + "0" * 15):
        got = gmail.messages().get(userId="me", id=nonsense, format="metadata")
        assert refusal(got) == (400, "invalidArgument", "Invalid id value")


def test_where_a_copy_lies_shows_in_its_labels(gmail, box, world, user, colleague):
    def labels(copy) -> set[str]:
        got = gmail.messages().get(userId="me", id=message_id(box, copy), format="minimal")
        return set(got.execute()["labelIds"])

    own = next(copy for copy in box.copies() if copy.is_own)
    came = next(copy for copy in box.copies() if not copy.is_own and not copy.letter.headers)
    assert labels(own) == {"SENT"}
    assert labels(came) == {"INBOX", "UNREAD", "CATEGORY_PERSONAL"}
    world.read(user, came.number)
    world.move(user, came.number, "archive")
    assert labels(came) == {"CATEGORY_PERSONAL"}
    world.move(user, own.number, "trash")
    assert labels(own) == {"SENT", "TRASH"}
    assert labels(world.draft(user)) == {"DRAFT"}
    for headers, category in (
        ((("List-Id", "x <x.example>"), ("Precedence", "list")), "FORUMS"),
        ((("Precedence", "bulk"),), "PROMOTIONS"),
        ((("Auto-Submitted", "auto-generated"),), "UPDATES"),
    ):
        (_, copy) = world.deliver(write(world, colleague, user, headers=headers))
        assert labels(copy) == {"INBOX", "UNREAD", f"CATEGORY_{category}"}
    (to_oneself,) = world.deliver(write(world, user, user, holders=(user,)))
    assert labels(to_oneself) == {"SENT", "INBOX"}


def test_a_thread_holds_every_message_of_it_oldest_first(gmail, box):
    copy = next(one for one in box.copies() if len(box.thread(one.thread)) > 2)
    members = [message_id(box, one) for one in box.thread(copy.thread)]
    got = gmail.threads().get(userId="me", id=members[0], format="metadata").execute()
    assert [one["id"] for one in got["messages"]] == members
    assert {one["threadId"] for one in got["messages"]} == {members[0]} == {got["id"]}
    assert got["historyId"] == str(max(one.seq for one in box.thread(copy.thread)))
    assert refusal(gmail.threads().get(userId="me", id=members[1], format="minimal"))[0] == 404


def test_a_thread_keeps_its_id_when_its_first_message_is_deleted(gmail, box, world, user):
    copy = next(one for one in box.copies() if len(box.thread(one.thread)) == 2)
    first, second = box.thread(copy.thread)
    world.delete(user, first.number)
    got = gmail.messages().get(userId="me", id=message_id(box, second), format="minimal").execute()
    assert got["threadId"] == message_id(box, first)
    thread = gmail.threads().get(userId="me", id=got["threadId"], format="minimal").execute()
    assert len(thread["messages"]) == 1
    world.delete(user, second.number)
    assert refusal(gmail.threads().get(userId="me", id=got["threadId"], format="minimal"))[0] == 404


def test_threads_are_listed_once_each(gmail, box):
    found = pages(gmail.threads(), maxResults=20)
    assert len(ids(found, "threads")) == len({copy.thread for copy in box.copies()})
    assert len(set(ids(found, "threads"))) == len(ids(found, "threads"))
    assert found[0]["threads"][0]["snippet"] == MAIL_CANARY
