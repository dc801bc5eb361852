"""The fields parameter leaves out exactly what it does not name."""

import pytest

from sandbox.google.fields import keep, read
from sandbox.google.refusal import Refusal

ANSWER = {
    "id": "1",
    "snippet": "text",
    "payload": {"mimeType": "m", "headers": [{"name": "From", "value": "a"}]},
    "items": [{"id": "2", "start": {"date": "d", "zone": "z"}}, {"start": {"date": "e"}}],
}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("id", {"id": "1"}),
        (" id , nothing ", {"id": "1"}),
        ("payload/headers", {"payload": {"headers": ANSWER["payload"]["headers"]}}),
        ("payload(headers/name)", {"payload": {"headers": [{"name": "From"}]}}),
        (
            "items(id,start/date)",
            {"items": [{"id": "2", "start": {"date": "d"}}, {"start": {"date": "e"}}]},
        ),
        ("items/id", {"items": [{"id": "2"}, {}]}),
        (
            "items/id,items/start/zone",
            {"items": [{"id": "2", "start": {"zone": "z"}}, {"start": {}}]},
        ),
        ("*", ANSWER),
        ("*/date", {"id": "1", "snippet": "text", "payload": {}, "items": [{}, {}]}),
        ("payload,payload/mimeType", {"payload": ANSWER["payload"]}),
        ("payload/mimeType,payload", {"payload": ANSWER["payload"]}),
        ("items(*)", {"items": ANSWER["items"]}),
    ],
)
def test_what_is_named_is_kept(text, kept):
    assert keep(read(text), ANSWER) == kept


@pytest.mark.parametrize(
    "text", ["", "a(", "a)", "a,,b", "a/", "/a", "a(b", "a()", "a b", "a;b", ","]
)
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(Refusal, match="Invalid field selection"):
        read(text)


def test_a_service_refuses_a_selection_that_it_cannot_read(client, user):
    answer = client.get("/gmail/v1/users/me/profile", client.token(user), fields="a(")
    assert answer.status_code == 400
    assert answer.json()["error"]["errors"][0]["location"] == "fields"
