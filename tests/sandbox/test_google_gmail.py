"""Gmail on loopback, asked by Google's own client."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from googleapiclient.discovery import Resource

from sandbox.boxes import Box
from sandbox.faults import Fault
from sandbox.files import MAIL_CANARY
from sandbox.google.messages import message_id
from sandbox.life import Letter
from sandbox.people import GOOGLE
from sandbox.world import seq_of
from tests.sandbox.google_client import MAIL, GoogleClient, refusal

READONLY = "https://www.googleapis.com/auth/gmail.readonly"
EVERY_KIND = ["messageAdded", "messageDeleted", "labelAdded", "labelRemoved"]


@pytest.fixture
def gmail(client: GoogleClient, user: str) -> Resource:
    return client.gmail(user).users()


@pytest.fixture
def box(world, user: str) -> Box:
    return world.boxes[user]


@pytest.fixture
def colleague(world, user: str) -> str:
    return next(p.address for p in world.village.staff[5:] if p.address != user)


def write(world, author: str, *to: str, **more) -> Letter:
    fields = {"message_id": f"{uuid4()}@x.example", "holders": (author, *to)} | more
    return Letter(sent_at=world.now, author=author, to=to, **fields)


def pages(resource, **query) -> list[dict]:
    """Every page of a list; the client's list_next knows no repeated parameters."""
    found = [resource.list(userId="me", **query).execute()]
    while "nextPageToken" in found[-1]:
        token = found[-1]["nextPageToken"]
        found.append(resource.list(userId="me", pageToken=token, **query).execute())
    return found


def ids(found: list[dict], name: str = "messages") -> list[str]:
    return [one["id"] for page in found for one in page.get(name, ())]


def id_of(box: Box, number: int) -> str:
    return message_id(box, box.ever(number))


# -- listing


def test_a_list_pages_through_the_whole_box_newest_first(gmail, box):
    found = pages(gmail.messages(), maxResults=50)
    assert len(found) == -(-len(box.copies()) // 50)
    assert ids(found) == [message_id(box, copy) for copy in reversed(box.copies())]
    assert all(len(page["messages"]) == 50 for page in found[:-1])
    assert "nextPageToken" not in found[-1]
    assert set(found[0]["messages"][0]) == {"id", "threadId"}


def test_a_page_has_100_messages_by_default_and_500_at_most(gmail, box, world, user, colleague):
    for _ in range(600 - len(box.copies())):
        world.deliver(write(world, colleague, user))
    assert len(gmail.messages().list(userId="me").execute()["messages"]) == 100
    assert len(gmail.messages().list(userId="me", maxResults=9999).execute()["messages"]) == 500


def test_an_empty_box_has_no_key_for_messages(client, world):
    newest = [p for p in world.village.staff if p.company == GOOGLE][-1].address
    for copy in world.boxes[newest].copies():
        world.delete(newest, copy.number)
    empty = client.gmail(newest).users()
    assert empty.messages().list(userId="me").execute() == {"resultSizeEstimate": 0}
    assert empty.threads().list(userId="me").execute() == {"resultSizeEstimate": 0}
    assert empty.getProfile(userId="me").execute()["messagesTotal"] == 0


def test_mail_that_arrives_while_somebody_pages_shifts_nothing(gmail, box, world, user, colleague):
    expected = [message_id(box, copy) for copy in reversed(box.copies())]
    first = gmail.messages().list(userId="me", maxResults=10)
    page = first.execute()
    world.deliver(write(world, colleague, user))
    second = gmail.messages().list_next(first, page).execute()
    assert ids([page, second]) == expected[:20]


def test_labels_filter_together_and_trash_is_hidden_unless_asked_for(gmail, box, world, user):
    received = [copy for copy in box.copies() if not copy.is_own]
    trashed, spam, read = (copy.number for copy in received[:3])
    world.move(user, trashed, "trash")
    world.move(user, spam, "spam")
    world.read(user, read)
    listed = ids(pages(gmail.messages()))
    everything = ids(pages(gmail.messages(), includeSpamTrash=True))
    assert set(everything) - set(listed) == {id_of(box, trashed), id_of(box, spam)}
    assert ids(pages(gmail.messages(), labelIds=["TRASH"])) == [id_of(box, trashed)]
    unread = ids(pages(gmail.messages(), labelIds=["INBOX", "UNREAD"]))
    assert len(unread) == len(received) - 3
    assert id_of(box, read) not in unread


def test_a_search_is_refused_under_the_metadata_scope_even_an_empty_one(client, gmail, world, user):
    message = "Metadata scope does not support 'q' parameter"
    expected = (403, "forbidden", message)
    assert refusal(gmail.messages().list(userId="me", q="from:x")) == expected
    assert refusal(gmail.threads().list(userId="me", q="")) == expected
    world.granted_scopes.add(READONLY)
    both = client.gmail(user, MAIL, READONLY).users()
    assert refusal(both.messages().list(userId="me", q="is:unread")) == expected
    # Under another scope Gmail would search, which the sandbox cannot.
    reader = client.gmail(user, READONLY).users()
    assert refusal(reader.messages().list(userId="me", q="is:unread"))[0] == 400


def test_the_labels_are_those_of_google_and_those_somebody_made(gmail, box, world, user):
    world.move(user, box.copies()[0].number, "Projects")
    labels = {one["id"]: one for one in gmail.labels().list(userId="me").execute()["labels"]}
    assert {"INBOX", "SENT", "TRASH", "SPAM", "DRAFT", "UNREAD"} <= set(labels)
    assert (labels["Label_1"]["name"], labels["Label_1"]["type"]) == ("Projects", "user")
    assert len(ids(pages(gmail.messages(), labelIds=["Label_1"]))) == 1
    code, reason, _ = refusal(gmail.messages().list(userId="me", labelIds=["Label_9"]))
    assert (code, reason) == (400, "invalidArgument")


def test_the_profile_counts_and_gives_the_baseline(gmail, box, world, user):
    profile = gmail.getProfile(userId="me").execute()
    assert profile == {
        "emailAddress": user,
        "messagesTotal": len(box.copies()),
        "threadsTotal": len({copy.thread for copy in box.copies()}),
        "historyId": str(world.mail_seq),
    }


# -- one message


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


# -- threads


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


# -- history


def test_history_tells_each_kind_of_change(gmail, box, world, user, colleague):
    start = gmail.getProfile(userId="me").execute()["historyId"]
    first = box.copies()[0]
    (_, copy) = world.deliver(write(world, colleague, user))
    world.read(user, copy.number)
    world.move(user, copy.number, "trash")
    world.delete(user, first.number)
    answer = gmail.history().list(userId="me", startHistoryId=start).execute()
    new, old = (
        {"id": message_id(box, one), "threadId": message_id(box, one)} for one in (copy, first)
    )
    records = answer["history"]
    assert [set(record) - {"id", "messages"} for record in records] == [
        {"messagesAdded"},
        {"labelsRemoved"},
        {"labelsAdded", "labelsRemoved"},
        {"messagesDeleted"},
    ]
    assert [record["messages"] for record in records] == [[new], [new], [new], [old]]
    (added,) = records[0]["messagesAdded"]
    assert set(added["message"]["labelIds"]) == {"UNREAD", "INBOX", "CATEGORY_PERSONAL"}
    assert records[1]["labelsRemoved"][0]["labelIds"] == ["UNREAD"]
    assert records[2]["labelsAdded"][0]["labelIds"] == ["TRASH"]
    assert records[2]["labelsRemoved"][0]["labelIds"] == ["INBOX"]
    assert answer["historyId"] == str(world.mail_seq) == records[-1]["id"]
    after = gmail.history().list(userId="me", startHistoryId=answer["historyId"]).execute()
    assert after == {"historyId": answer["historyId"]}


def test_history_gives_the_asked_kinds_and_the_asked_label_only(gmail, box, world, user, colleague):
    start = str(world.mail_seq)
    (_, copy) = world.deliver(write(world, colleague, user))
    world.move(user, copy.number, "trash")
    world.draft(user)

    def told(**query) -> list[set[str]]:
        answer = gmail.history().list(userId="me", startHistoryId=start, **query).execute()
        return [set(one) - {"id", "messages"} for one in answer.get("history", ())]

    assert told(historyTypes=["messageAdded"]) == [{"messagesAdded"}, {"messagesAdded"}]
    assert told(historyTypes=EVERY_KIND, labelId="TRASH") == [{"labelsAdded", "labelsRemoved"}]
    assert told(labelId="DRAFT") == [{"messagesAdded"}]
    assert told(historyTypes=["messageDeleted"]) == []


def test_a_page_of_history_may_be_empty_and_still_go_on(gmail, box, world, user, colleague):
    start = str(world.mail_seq)
    for _ in range(3):
        (_, copy) = world.deliver(write(world, colleague, user))
    world.delete(user, copy.number)
    query = {"startHistoryId": start, "maxResults": 2, "historyTypes": ["messageDeleted"]}
    first, second = pages(gmail.history(), **query)
    assert set(first) == {"historyId", "nextPageToken"}
    assert len(second["history"]) == 1


def test_history_ends_after_a_week_by_the_clock_of_the_village(gmail, world):
    start = gmail.getProfile(userId="me").execute()["historyId"]
    world.advance(world.now + timedelta(days=7))
    assert "historyId" in gmail.history().list(userId="me", startHistoryId=start).execute()
    world.advance(world.now + timedelta(seconds=1))
    expected = (404, "notFound", "Requested entity was not found.")
    assert refusal(gmail.history().list(userId="me", startHistoryId=start)) == expected
    world.gmail_history_days = 30
    gmail.history().list(userId="me", startHistoryId=start).execute()


def test_history_knows_neither_the_future_nor_nonsense(gmail, world):
    future = str(seq_of(world.now + timedelta(days=1)))
    for start, code in ((future, 404), ("1", 404), ("abc", 400), ("-5", 400)):
        assert refusal(gmail.history().list(userId="me", startHistoryId=start))[0] == code
    _, reason, message = refusal(gmail.history().list(userId="me", startHistoryId="abc"))
    assert (reason, message) == (
        "invalid",
        "Invalid value at 'start_history_id' (TYPE_UINT64), \"abc\"",
    )


def test_all_mail_of_a_month_can_be_followed_by_history(gmail, small_village, world, user, box):
    before = {copy.number for copy in box.copies()}
    letters = [
        replace(one, message_id=f"again.{n}@x.example")
        for n, one in enumerate(
            letter for letter in small_village.letters if user in letter.holders
        )
    ][:120]
    start = str(world.mail_seq)
    for letter in letters:
        world.deliver(letter)
    found = pages(gmail.history(), startHistoryId=start, historyTypes=["messageAdded"])
    added = [
        one["message"]["id"]
        for page in found
        for record in page["history"]
        for one in record["messagesAdded"]
    ]
    new = [copy for copy in box.copies() if copy.number not in before]
    assert added == [message_id(box, copy) for copy in new]
    assert len(new) == 120


# -- whose mailbox


def test_a_mailbox_is_named_me_or_by_its_own_address(client, user, colleague):
    gmail = client.gmail(user).users()
    assert gmail.getProfile(userId=user).execute()["emailAddress"] == user
    expected = (403, "forbidden", f"Delegation denied for {user}")
    assert refusal(gmail.getProfile(userId=colleague)) == expected


def test_a_user_without_gmail_has_no_mail_but_a_calendar(client, world, user):
    world.disable_mail(user)
    gmail = client.gmail(user).users()
    for request in (
        gmail.getProfile(userId="me"),
        gmail.messages().list(userId="me"),
        gmail.labels().list(userId="me"),
    ):
        assert refusal(request) == (400, "failedPrecondition", "Mail service not enabled")
    client.calendar(user).events().list(calendarId="primary").execute()


# -- batches and long queries


def get(gmail, name: str, **query):
    return gmail.messages().get(userId="me", id=name, format="metadata", **query)


def test_a_batch_answers_each_part_for_itself(client, user, box, sandbox):
    gmail = client.gmail(user).users()
    good = [message_id(box, copy) for copy in box.copies()[:3]]
    parts = [get(gmail, name) for name in (*good, "18c5f3b2a1d0e9f7")]
    parts.append(gmail.messages().get(userId="me", id=good[0]))
    answers = client.batch(parts)
    assert [answer["id"] for answer, _ in answers[:3]] == good
    assert [error.status_code for _, error in answers[3:]] == [404, 403]
    call = sandbox.log[-1]
    assert (call.path, call.status, call.mailbox, call.units) == ("/batch/gmail/v1", 200, user, 100)
    assert [part.status for part in call.parts] == [200, 200, 200, 404, 403]


def test_100_parts_are_taken_and_101_are_not(client, user, box):
    gmail = client.gmail(user).users()
    name = message_id(box, box.copies()[0])
    parts = [get(gmail, name, metadataHeaders=[f"X-{n}"]) for n in range(101)]
    assert all(error is None for _, error in client.batch(parts[:100]))
    code, _, message = refusal(Whole(client, parts))
    assert (code, message) == (
        400,
        "Inner request count exceeds the limit. Received: 101, Limit: 100",
    )


class Whole:
    """A batch as something that can be executed and refused."""

    def __init__(self, client: GoogleClient, parts: list) -> None:
        self.client, self.parts = client, parts

    def execute(self) -> list:
        return self.client.batch(self.parts)


def test_a_fault_strikes_one_part_and_leaves_the_rest(client, user, box, sandbox):
    gmail = client.gmail(user).users()
    names = [message_id(box, copy) for copy in box.copies()[:3]]
    gmail.getProfile(userId="me").execute()
    for kind, status in (("part_429", 429), ("part_500", 500)):
        sandbox.faults.append(Fault(sandbox.calls, kind, part=1))
        answers = client.batch([get(gmail, name) for name in names])
        assert [error and error.status_code for _, error in answers] == [None, status, None]
    assert answers[1][1].error_details[0]["reason"] == "backendError"
    sandbox.faults.append(Fault(sandbox.calls, "part_missing", part=2))
    with pytest.raises(KeyError):
        client.batch([get(gmail, name) for name in names])
    assert len(sandbox.log[-1].parts) == 2


def test_a_batch_serves_gmail_only_and_needs_a_token_for_each_part(client, user, sandbox):
    url = f"{sandbox.google_url}/batch/gmail/v1"
    lines = ("/calendar/v3/calendars/primary/events", "/gmail/v1/users/me/profile")
    body = "".join(
        f"--b\r\nContent-Type: application/http\r\n\r\nGET {path} HTTP/1.1\r\n\r\n\r\n"
        for path in lines
    )
    headers = {"Content-Type": "multipart/mixed; boundary=b"}
    answer = client.web.post(url, data=f"{body}--b--", headers=headers, timeout=5)
    assert [part.status for part in sandbox.log[-1].parts] == [404, 401]
    token = f"Bearer {client.token(user)}"
    answer = client.web.post(
        url, data=f"{body}--b--", headers=headers | {"Authorization": token}, timeout=5
    )
    assert [part.status for part in sandbox.log[-1].parts] == [404, 200]
    assert user in answer.text
    broken = "--b\r\n\r\nnonsense\r\n--b--"
    assert client.web.post(url, data=broken, headers=headers, timeout=5).status_code == 400
    assert client.web.post(url, data="x", timeout=5).status_code == 400


def test_a_very_long_query_arrives_as_a_form(client, user, box, sandbox):
    gmail = client.gmail(user).users()
    wanted = [f"X-Header-Of-Some-Length-{n}" for n in range(80)] + ["From"]
    shown = get(gmail, message_id(box, box.copies()[0]), metadataHeaders=wanted).execute()
    assert [one["name"] for one in shown["payload"]["headers"]] == ["From"]
    assert sandbox.log[-1].method == "POST"


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("messages", {"color": "red"}, 400),
        ("messages", {"maxResults": "many"}, 400),
        ("messages", {"includeSpamTrash": "perhaps"}, 400),
        ("messages", {"pageToken": "nonsense"}, 400),
        ("history", {}, 400),
        ("history", {"startHistoryId": "1", "historyTypes": "messageEaten"}, 400),
        ("messages/18c5f3b2a1d0e9f7", {"format": "large"}, 400),
        ("settings/vacation", {}, 404),
    ],
)
def test_what_the_official_client_would_not_send_is_refused(client, user, path, query, code):
    answer = client.get(f"/gmail/v1/users/me/{path}", client.token(user), **query)
    assert answer.status_code == code
    assert answer.json()["error"]["code"] == code


def test_nothing_can_be_written(client, user, sandbox):
    headers = {"Authorization": f"Bearer {client.token(user)}"}
    url = f"{sandbox.google_url}/gmail/v1/users/me/messages"
    assert client.web.post(url, json={}, headers=headers, timeout=5).status_code == 404
