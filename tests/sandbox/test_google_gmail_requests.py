"""Requests to Gmail on loopback: batches, long queries, and what is refused whoever asks."""

import pytest

from sandbox.faults import Fault
from sandbox.google.messages import message_id
from tests.sandbox.google_client import GoogleClient, refusal


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
