"""A message, an entry and a user as Graph gives them, and how kith reads them."""

from datetime import UTC, datetime
from typing import Any

from connectors.microsoft import events, messages
from connectors.records import Event, Mailbox, Message, Reject

MAILBOX = Mailbox(mailbox_id="microsoft-1", provider="microsoft", address="Ann@x.example")

SINCE = datetime(2020, 1, 1, tzinfo=UTC)

AT = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)


def someone(address: str | None, name: str | None = None) -> dict[str, Any]:
    return {"emailAddress": {"address": address, "name": name}}


def letter(**changes: Any) -> dict[str, Any]:
    """A message as Graph gives it, with these properties instead."""
    return {
        "@odata.type": "#microsoft.graph.message",
        "@odata.etag": 'W/"CQAAABYAAAB"',
        "id": "AAkALgAA/+w=",
        "internetMessageId": "<one@y.example>",
        "conversationId": "AAQkAD=",
        "receivedDateTime": "2026-07-01T09:30:00Z",
        "sentDateTime": "2026-07-01T09:29:12Z",
        "isDraft": False,
        "from": someone("bob@y.example", "Bob"),
        "sender": someone("bob@y.example", "Bob"),
        "toRecipients": [someone("ann@x.example", "Ann"), someone("ann@X.example", "Ann again")],
        "ccRecipients": [someone("Carol <carol@y.example>", "Carol")],
        "bccRecipients": [],
        "replyTo": [],
        "internetMessageHeaders": [],
    } | changes


def read_letter(item: dict[str, Any], since: datetime = SINCE) -> list[Message | Reject]:
    return list(messages.records(item, MAILBOX, "inbox-id", since))


def meeting(**changes: Any) -> dict[str, Any]:
    """A single meeting as Graph gives it when it is asked in UTC."""
    return {
        "@odata.etag": 'W/"x"',
        "id": "EV=",
        "iCalUId": "meet-1@x.example",
        "seriesMasterId": None,
        "type": "singleInstance",
        "originalStart": None,
        "originalStartTimeZone": "W. Europe Standard Time",
        "start": {"dateTime": "2026-07-02T15:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-07-02T15:45:00.0000000", "timeZone": "UTC"},
        "isAllDay": False,
        "isCancelled": False,
        "isOrganizer": False,
        "organizer": someone("bob@y.example", "Bob"),
        "attendees": [attendee("ann@x.example", "accepted"), attendee("c@d.e", "none", "optional")],
        "responseStatus": {"response": "accepted", "time": "2026-06-30T08:00:00Z"},
        "showAs": "busy",
        "hideAttendees": False,
        "lastModifiedDateTime": "2026-06-30T08:00:00.1234567Z",
    } | changes


def attendee(address: str, response: str, kind: str = "required") -> dict[str, Any]:
    status = {"response": response, "time": "0001-01-01T00:00:00Z"}
    return {"type": kind, "status": status, **someone(address)}


def read_event(item: dict[str, Any], uid: str | None = "uid") -> Event:
    event, *rejects = events.records(item, MAILBOX, uid, SINCE)
    assert {one.reason for one in rejects} <= {events.UNKNOWN_VALUE}
    return event


def user(**changes: Any) -> dict[str, Any]:
    """A user as Graph gives it."""
    return {
        "id": "11111111-2222-3333-4444-555555555555",
        "userPrincipalName": "ann@x.onmicrosoft.example",
        "mail": "Ann@x.example",
        "proxyAddresses": [
            "SMTP:Ann@x.example",
            "smtp:ann.old@x.example",
            "smtp:ANN@x.example",
            "x500:/O=X/CN=ANN",
            "SIP:ann@x.example",
            "nonsense",
            None,
        ],
        "displayName": "Ann",
        "givenName": "Ann",
        "surname": "Other",
        "department": "Design",
        "jobTitle": "Lead",
        "officeLocation": "Mill Lane",
        "onPremisesDistinguishedName": r"CN=Ann\, Other,OU=North,OU=Sales\, Abroad,DC=x,DC=example",
        "accountEnabled": True,
        "userType": "Member",
        "manager": {"@odata.type": "#microsoft.graph.user", "id": "m"},
    } | changes
