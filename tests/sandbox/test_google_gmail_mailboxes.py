"""Mailboxes of Gmail on loopback: what is listed of them, and to whom?"""

from sandbox.google.messages import message_id
from sandbox.people import GOOGLE
from tests.sandbox.google_client import MAIL, READONLY, id_of, ids, pages, refusal, write


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
