"""The history of a Gmail mailbox on loopback: which changes does it tell, and for how long?"""

from dataclasses import replace
from datetime import timedelta

from sandbox.google.messages import message_id
from sandbox.world import seq_of
from tests.sandbox.google_client import pages, refusal, write

EVERY_KIND = ["messageAdded", "messageDeleted", "labelAdded", "labelRemoved"]


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
