"""Mailboxes at the sandbox's Graph: which folders do they have, and who may read whose?"""

from urllib.parse import quote

from sandbox.boxes import Box
from sandbox.people import MICROSOFT
from sandbox.server import Sandbox
from tests.sandbox.microsoft_client import IMMUTABLE, Client, folders, inbox, staff


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
