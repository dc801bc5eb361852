"""Everything that the sandbox's Google serves is what Google's own discovery documents describe."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import googleapiclient.discovery_cache
import pytest
import requests
from jsonschema import Draft7Validator

from sandbox.google.messages import message_id
from sandbox.google.vendor import Route
from sandbox.people import GOOGLE
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World
from tests.sandbox.google_client import EVENTS, MAIL, READONLY, USERS, GoogleClient

DOCUMENTS = Path(googleapiclient.discovery_cache.__file__).parent / "documents"
NAMES = {"gmail": "gmail.v1", "calendar": "calendar.v3", "directory": "admin.directory_v1"}
CALENDARS = "https://www.googleapis.com/auth/calendar.readonly"
# Discovery documents do not describe errors.
ERROR = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "errors"],
            "additionalProperties": False,
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": "string"},
                "status": {"type": "string", "pattern": "^[A-Z_]+$"},
                "errors": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["message", "reason"],
                        "additionalProperties": {"type": "string"},
                    },
                },
            },
        }
    },
}


@cache
def document(api: str) -> dict[str, Any]:
    return json.loads((DOCUMENTS / f"{NAMES[api]}.json").read_text(encoding="utf-8"))


def methods(resource: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Method id -> method, of a document and all that is in it."""
    found = {one["id"]: one for one in resource.get("methods", {}).values()}
    for inner in resource.get("resources", {}).values():
        found |= methods(inner)
    return found


def strict(part: Any) -> Any:
    """A discovery schema as a JSON Schema that allows nothing else."""
    if isinstance(part, list):
        return [strict(one) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return {"$ref": f"#/definitions/{part['$ref']}"}
    dropped = {"id", "required", "format", "enumDescriptions", "annotations", "default"}
    kept = {
        name: {inner: strict(one) for inner, one in value.items()}
        if name == "properties"
        else strict(value)
        for name, value in part.items()
        if name not in dropped
    }
    if kept.get("type") == "any":
        del kept["type"]
    if "properties" in kept:
        kept["additionalProperties"] = False
    return kept


@cache
def validator(method: str) -> Draft7Validator:
    api = method.partition(".")[0]
    described = document(api)
    reply = methods(described)[method]["response"]["$ref"]
    definitions = {name: strict(one) for name, one in described["schemas"].items()}
    return Draft7Validator({"$ref": f"#/definitions/{reply}", "definitions": definitions})


class Session:
    """A client that keeps and validates everything it is served."""

    def __init__(self, client: GoogleClient) -> None:
        self.client = client
        self.routes: tuple[Route, ...] = client.sandbox.google.routes
        self.met: dict[str, set[int]] = {}
        self.bodies: list[tuple[str, dict[str, Any]]] = []

    def get(self, path: str, token: str | None, **query: Any) -> dict[str, Any]:
        answer = self.client.get(path, token, **query)
        return self.check(path, answer.status_code, answer.json())

    def check(self, path: str, status: int, body: dict[str, Any]) -> dict[str, Any]:
        (route,) = [one for one in self.routes if one.path.fullmatch(path)]
        self.met.setdefault(route.name, set()).add(status)
        if status == 200:
            validator(route.name).validate(body)
            self.bodies.append((route.name, body))
        else:
            Draft7Validator(ERROR).validate(body)
            assert body["error"]["code"] == status
        return body

    def batch(self, token: str, *paths: str) -> None:
        """Every part of the answer, taken apart without the client's help."""
        parts = "".join(
            f"--x\r\nContent-Type: application/http\r\nContent-ID: <b + {place}>\r\n\r\n"
            f"GET {path} HTTP/1.1\r\n\r\n\r\n"
            for place, path in enumerate(paths)
        )
        answer = self.client.web.post(
            f"{self.client.sandbox.google_url}/batch/gmail/v1",
            data=f"{parts}--x--",
            headers={"Content-Type": "multipart/mixed; boundary=x"}
            | {"Authorization": f"Bearer {token}"},
            timeout=10,
        )
        boundary = answer.headers["Content-Type"].partition("boundary=")[2]
        pieces = answer.text.split(f"--{boundary}")[1:-1]
        assert answer.text.endswith(f"--{boundary}--\r\n")
        for place, (path, piece) in enumerate(zip(paths, pieces, strict=True)):
            outer, inner, body = piece.split("\r\n\r\n", 2)
            assert f"Content-ID: <response-b + {place}>" in outer
            status = int(re.match(r"HTTP/1\.1 (\d{3}) ", inner)[1])
            self.check(path.partition("?")[0], status, json.loads(body))


@pytest.fixture(scope="module")
def session(small_village: Village) -> Iterator[Session]:
    """A day of a client that asks for everything in every form."""
    world = World(small_village)
    world.granted_scopes |= {READONLY, CALENDARS}
    user = next(one for one, box in world.boxes.items() if len(box.copies()) > 100)
    with Sandbox(world) as sandbox, GoogleClient(sandbox) as client:
        session = Session(client)
        mail(session, user)
        events(session, user)
        people(session)
        yield session


def mail(session: Session, user: str) -> None:
    client = session.client
    world, box = client.sandbox.world, client.sandbox.world.boxes[user]
    token, reader = client.token(user, MAIL), client.token(user, READONLY)
    root = "/gmail/v1/users/me"
    start = session.get(f"{root}/profile", token)["historyId"]
    for copy in box.copies()[:3]:
        world.move(user, copy.number, "Projects")
        world.read(user, copy.number)
    world.draft(user)
    gone = message_id(box, box.copies()[3])
    world.delete(user, box.copies()[3].number)
    session.get(f"{root}/labels", token)
    for listing in ("messages", "threads"):
        page = session.get(f"{root}/{listing}", token, maxResults=20)
        session.get(f"{root}/{listing}", token, pageToken=page["nextPageToken"])
        session.get(f"{root}/{listing}", token, labelIds="SPAM")
        session.get(f"{root}/{listing}", token, q="x")
        ids = [one["id"] for one in page[listing]]
        for name in ids:
            session.get(f"{root}/{listing}/{name}", token, format="metadata")
        session.get(f"{root}/{listing}/{ids[0]}", token, format="minimal")
        session.get(f"{root}/{listing}/{ids[0]}", reader)
        session.get(f"{root}/{listing}/{ids[0]}", token)
        session.get(f"{root}/{listing}/nonsense", token)
    session.get(f"{root}/messages/{ids[0]}", reader, format="raw")
    for query in ({}, {"maxResults": 2}, {"historyTypes": "labelRemoved"}):
        session.get(f"{root}/history", token, startHistoryId=start, **query)
    for start in ("1", "x"):
        session.get(f"{root}/history", token, startHistoryId=start)
    paths = [f"{root}/messages/{name}?format=metadata" for name in (*ids, gone)]
    session.batch(token, *paths, f"{root}/messages/{ids[0]}")
    session.get(f"{root}/profile", None)
    session.get(f"{root}/profile", client.token(user, EVENTS))
    world.disable_mail(user)
    session.get(f"{root}/profile", token)


def events(session: Session, user: str) -> None:
    client, diaries = session.client, session.client.sandbox.world.calendars
    root = "/calendar/v3"
    everything = client.token(user, CALENDARS)
    session.get(f"{root}/users/me/calendarList", everything)
    busiest = max(
        (one for one in diaries if one.endswith(GOOGLE)),
        key=lambda one: len(diaries[one].occurrences()),
    )
    path = f"{root}/calendars/primary/events"
    for person in {user, busiest, *list(client.sandbox.world.boxes)[:12]}:
        if not person.endswith(GOOGLE):
            continue
        token = client.token(person, EVENTS)
        for query in (
            {"singleEvents": "true", "maxResults": 40},
            {"singleEvents": "true", "showDeleted": "true"},
            {"singleEvents": "true", "maxAttendees": 1},
            {"singleEvents": "true", "orderBy": "updated"},
            {},
        ):
            page = session.get(path, token, **query)
            while "nextPageToken" in page:
                page = session.get(path, token, pageToken=page["nextPageToken"], **query)
    token = client.token(busiest, EVENTS)
    synced = session.get(path, token, singleEvents="true", maxResults=2500)["nextSyncToken"]
    world = client.sandbox.world
    shown = world.calendars[busiest].occurrences()
    world.cancel(shown[0].entry.uid)
    world.remove_copy(busiest, shown[-1].entry.uid, shown[-1].key)
    world.reschedule(shown[-2].entry.uid, shown[-2].key, shown[-2].key.replace(hour=3))
    changed = session.get(path, token, singleEvents="true", syncToken=synced)
    assert len(changed["items"]) >= 2
    session.get(path, token, singleEvents="true", syncToken=synced, timeMin="2026-01-01T00:00:00Z")
    client.sandbox.google.calendar.expire_sync_tokens()
    session.get(path, token, singleEvents="true", syncToken=synced)
    session.get(f"{root}/calendars/elsewhere/events", token)


def people(session: Session) -> None:
    client, world = session.client, session.client.sandbox.world
    admin, other = world.admin(GOOGLE), world.directory(GOOGLE)[4].address
    world.suspend(world.directory(GOOGLE)[5].address)
    token = client.token(admin, USERS)
    path, whole = "/admin/directory/v1/users", {"customer": "my_customer"}
    session.get(path, token, maxResults=500, projection="full", **whole)
    session.get(path, token, maxResults=5, **whole)
    session.get(path, token, showDeleted="true", **whole)
    session.get(path, token, maxResults=501, **whole)
    session.get(path, token)
    session.get(path, client.token(other, USERS), viewType="domain_public", **whole)
    session.get(path, client.token(other, USERS), **whole)


def test_everything_served_is_as_google_describes_it(session: Session):
    """Validated as it came; here the log proves that nothing was served past the validation."""
    log = session.client.sandbox.log
    served = [part for call in log for part in (call.parts or (call,)) if call.path != "/token"]
    checked = sum(len(statuses) for statuses in session.met.values())
    assert {route.name for route in session.routes} == set(session.met)
    assert all(200 in statuses for statuses in session.met.values())
    assert {(call.path, call.status) for call in served} >= {
        ("/gmail/v1/users/me/profile", 401),
        ("/gmail/v1/users/me/profile", 403),
        ("/gmail/v1/users/me/profile", 400),
        ("/calendar/v3/calendars/primary/events", 410),
    }
    assert len([call for call in served if call.status == 200]) == len(session.bodies)
    assert checked > 20


@pytest.mark.parametrize(
    "spoil",
    [
        lambda body: body.update(colour="red"),
        lambda body: body.update(labelIds="INBOX"),
        lambda body: body.update(historyId=17),
        lambda body: body["payload"]["headers"].append("From: x"),
        lambda body: body["payload"].update(header=[]),
    ],
)
def test_the_validation_would_see_a_wrong_body(session: Session, spoil):
    whole = next(
        body
        for name, body in session.bodies
        if name == "gmail.users.messages.get" and "payload" in body
    )
    body = deepcopy(whole)
    spoil(body)
    assert validator("gmail.users.messages.get").is_valid(whole)
    assert not validator("gmail.users.messages.get").is_valid(body)


def test_every_route_asks_for_the_scopes_and_takes_the_parameters_that_google_says(session):
    for route in session.routes:
        described = methods(document(route.name.partition(".")[0]))[route.name]
        assert route.scopes == set(described["scopes"])
        assert route.parameters <= set(described["parameters"])
        assert described["httpMethod"] == "GET"


def test_errors_are_json_wherever_they_come_from(client: GoogleClient):
    answer: requests.Response = client.get("/gmail/v1/nothing", None)
    Draft7Validator(ERROR).validate(answer.json())
