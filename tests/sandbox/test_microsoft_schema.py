"""Everything that the sandbox's Graph serves is what Microsoft's published types allow.

The schema comes from npm's @microsoft/microsoft-graph-types and is made by .ci/run. What the types
do not say (OData's own properties, errors, which properties are always there) is said here.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from jsonschema import Draft7Validator, ValidationError

from sandbox.faults import Fault
from sandbox.life import Letter
from sandbox.server import Sandbox
from tests.sandbox.microsoft_client import IMMUTABLE, Client, staff

SCHEMA = Path(__file__).resolve().parents[2] / ".ci" / "node" / "microsoft.schema.json"
WINDOW = "startDateTime=2026-01-01T00:00:00Z&endDateTime=2026-12-31T00:00:00Z"
# The last word of @odata.context before $entity -> Microsoft's type.
TYPES = {
    "users": "User",
    "mailFolders": "MailFolder",
    "childFolders": "MailFolder",
    "messages": "Message",
    "Collection(message)": "Message",
    "calendars": "Calendar",
    "calendarView": "Event",
    "events": "Event",
    "Collection(event)": "Event",
}
ODATA = {"@odata.context", "@odata.nextLink", "@odata.deltaLink", "value"}
ITEM_ODATA = {"@odata.etag", "@odata.type", "@removed"}
ERROR = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "innerError"],
            "additionalProperties": False,
            "properties": {
                "code": {"type": "string", "pattern": r"^[A-Za-z_-]+$"},
                "message": {"type": "string", "minLength": 10},
                "innerError": {
                    "type": "object",
                    "required": ["date", "request-id", "client-request-id"],
                    "additionalProperties": False,
                    "properties": {
                        "date": {"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$"},
                        "request-id": {"pattern": "^[0-9a-f-]{36}$"},
                        "client-request-id": {"pattern": "^[0-9a-f-]{36}$"},
                    },
                },
            },
        }
    },
}


pytestmark = pytest.mark.skipif(
    not SCHEMA.exists(), reason="Microsoft's types are not here: .ci/run fetches them from npm"
)


@cache
def definitions() -> dict[str, Any]:
    return json.loads(SCHEMA.read_text(encoding="utf-8"))["definitions"]


@cache
def validator(name: str) -> Draft7Validator:
    return Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": definitions()})


def plain(value: Any) -> Any:
    """Without OData's own properties, which the types leave out."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items() if not name.startswith("@")}
    return [plain(one) for one in value] if isinstance(value, list) else value


def check_item(kind: str, item: dict[str, Any]) -> None:
    assert isinstance(item["id"], str)
    assert {name for name in item if name.startswith("@")} <= ITEM_ODATA
    if "@removed" in item:
        assert item["@removed"]["reason"] in ("deleted", "changed")
        assert item.keys() <= {"@odata.type", "id", "@removed"}
    own_type = item.get("@odata.type", "#microsoft.graph.").removeprefix("#microsoft.graph.")
    kind = f"{own_type[:1].upper()}{own_type[1:]}" or kind
    validator(kind).validate(plain(item))


def check(body: dict[str, Any]) -> str:
    """Hold one body to what Microsoft publishes; what it was. Raises ValidationError."""
    if "error" in body:
        Draft7Validator(ERROR).validate(body)
        return "error"
    context = body["@odata.context"].removesuffix("/$entity")
    name = re.sub(r"\('[^']*'\)", "", context.partition("#")[2]).rpartition("/")[2]
    if "value" in body:
        assert body.keys() <= ODATA
        assert len({"@odata.nextLink", "@odata.deltaLink"} & body.keys()) < 2
        for item in body["value"]:
            check_item(TYPES[name], item)
    else:
        check_item(TYPES[name], {k: v for k, v in body.items() if k not in ODATA})
    return f"{name} delta" if "@odata.deltaLink" in body else name


def session(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Bodies from every route, with everything that may happen to a mailbox."""
    world, client = sandbox.world, Client(sandbox)
    world.graph_quirks.guests = 2
    address = staff(sandbox)[1]
    root, box = f"users/{address}", world.boxes[address]
    read_mail(client, root)
    for number, folder in zip((1, 2, 3), ("archive", "Projects/Alpha", "trash"), strict=True):
        world.move(address, box.copies()[number].number, folder)
    world.read(address, box.copies()[4].number)
    world.delete(address, box.copies()[5].number)
    world.draft(address)
    note = (("Content-Class", "urn:content-classes:calendarmessage"),)
    person = box.person.address
    world.deliver(Letter(None, world.now, "x@x.example", (address,), (person,), headers=note))
    link = client.seen[-1].json()["@odata.deltaLink"]
    list(client.pages(link, IMMUTABLE))
    world.graph_quirks.exchange_senders = True
    read_mail(client, root)
    read_calendar(client, root)
    read_directory(client)
    be_refused(sandbox, client, root)
    return [answer.json() for answer in client.seen]


def read_mail(client: Client, root: str) -> None:
    for folder in client.every(f"{root}/mailFolders?includeHiddenFolders=true"):
        client.every(f"{root}/mailFolders/{quote(folder['id'])}/childFolders")
    client.ok(f"{root}/mailFolders/inbox?$select=displayName")
    everything = f"{root}/messages?$top=200"
    client.every(everything)
    shown = client.every(f"{everything}&$select=subject,internetMessageHeaders,conversationIndex")
    client.ok(f"{root}/messages/{quote(shown[0]['id'])}")
    client.every(f"{root}/mailFolders/sentitems/messages")
    client.round(f"{root}/mailFolders/inbox/messages/delta", IMMUTABLE)


def read_calendar(client: Client, root: str) -> None:
    client.every(f"{root}/calendars")
    events = client.every(f"{root}/calendarView?{WINDOW}", 'outlook.timezone="Europe/Berlin"')
    series = next(one["seriesMasterId"] for one in events if one["seriesMasterId"])
    select = "$select=recurrence,cancelledOccurrences,originalStart"
    client.ok(f"{root}/events/{quote(series)}")
    client.ok(f"{root}/events/{quote(series)}?{select}")
    client.ok(f"{root}/events/{quote(events[0]['id'])}")
    link = client.round(f"{root}/calendarView/delta?{WINDOW}")[1]
    held = client.world.calendars[root.partition("/")[2]].occurrences()
    one = next(one for one in held if one.entry.every_weeks)
    client.world.cancel(one.entry.uid, one.key)
    client.round(link)
    client.world.answer(one.entry.uid, None, next(iter(one.answers)), "NEEDS-ACTION")
    client.every(f"{root}/calendarView?{WINDOW}")


def read_directory(client: Client) -> None:
    client.every("users?$top=20")
    everything = "accountEnabled,companyName,createdDateTime,department,employeeType,otherMails"
    more = "proxyAddresses,userType,manager,onPremisesDistinguishedName,employeeOrgData"
    client.every(f"users?$select={everything},{more.replace('manager,', '')}&$expand=manager")
    link = client.round(f"users/delta?$select={everything},{more}")[1]
    client.world.suspend(staff(client.sandbox)[4])
    client.world.graph_quirks.guests = 1
    client.round(link)
    client.ok(f"users/{staff(client.sandbox)[0]}")
    client.ok(f"users/{staff(client.sandbox)[0]}?$expand=manager($select=id)")


def be_refused(sandbox: Sandbox, client: Client, root: str) -> None:
    for path, status in {
        "users/nobody": 404,
        "users/nobody/messages": 404,
        f"{root}/messages/none": 404,
        f"{root}/events/none": 404,
        f"{root}/mailFolders/none": 404,
        f"{root}/nothing": 400,
        f"{root}/messages?$select=body": 403,
        f"{root}/messages?$filter=x": 400,
        f"{root}/calendarView": 400,
        f"{root}/mailFolders/inbox/messages/delta?$deltatoken=x": 400,
        "me": 400,
    }.items():
        assert client.get(path).status_code == status, path
    link = client.round(f"{root}/mailFolders/inbox/messages/delta")[1]
    sandbox.world.graph_quirks.generation += 1
    assert client.get(link).status_code == 410
    sandbox.world.disable_mail(root.partition("/")[2])
    assert client.get(f"{root}/messages").status_code == 404
    sandbox.world.tenant.denied.add(staff(sandbox)[0])
    assert client.get(f"users/{staff(sandbox)[0]}/messages").status_code == 403
    for kind, status in {
        "throttle_429": 429,
        "unavailable_503": 503,
        "server_500": 500,
        "unauthorised_401": 401,
    }.items():
        sandbox.faults.append(Fault(sandbox.calls, kind, retry_after=1))
        assert client.get("users").status_code == status
    client.http.headers["Authorization"] = "Bearer none"
    assert client.get("users").status_code == 401


def test_every_body_is_what_microsoft_publishes(sandbox: Sandbox):
    seen = {check(body) for body in session(sandbox)}
    deltas = {"users delta", "Collection(message) delta", "Collection(event) delta"}
    assert seen == {*TYPES, *deltas, "error"}


def test_a_body_that_microsoft_does_not_publish_would_be_seen(sandbox: Sandbox):
    client = Client(sandbox)
    address = staff(sandbox)[1]
    page = client.ok(f"users/{address}/messages?$top=1")
    check(page)
    for name, value in {
        "isRead": "yes",
        "toRecipients": {"emailAddress": {}},
        "importance": "urgent",
        "uid": "no such property in v1.0",
    }.items():
        broken = {**page, "value": [{**page["value"][0], name: value}]}
        with pytest.raises(ValidationError):
            check(broken)
    event = client.ok(f"users/{address}/calendarView?{WINDOW}&$top=1")
    for name, value in {"uid": "u", "start": "2026-01-01", "showAs": "away"}.items():
        broken = {**event, "value": [{**event["value"][0], name: value}]}
        with pytest.raises(ValidationError):
            check(broken)
    with pytest.raises(ValidationError):
        check({"error": {"code": "x", "message": "no inner error here"}})
