"""One item of Graph beside the record that it must become; and what odd items come to."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.microsoft import events, messages, users, values
from connectors.microsoft.exchange import ExchangeNames
from connectors.records import Address, Attendee, Event, Mailbox, Message, Person, Reject, table

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


def headers(**fields: str) -> list[dict[str, str]]:
    return [{"name": name.replace("_", "-"), "value": value} for name, value in fields.items()]


def test_a_message_in_all_its_parts():
    item = letter(
        sender=someone("office@y.example", "Office"),
        replyTo=[someone("desk@y.example")],
        bccRecipients=[someone("dan@x.example", "Dan")],
        internetMessageHeaders=headers(
            Subject="never",
            From="mallory@evil.example",
            To="mallory@evil.example",
            Message_ID="<other@evil.example>",
            In_Reply_To="<zero@x.example>",
            References="<first@x.example> <zero@x.example>",
            LIST_ID="Guild <guild.lists.y.example>",
            List_Post="<mailto:guild@lists.y.example>",
            X_Original_From="Eve <eve@z.example>",
            Auto_Submitted="auto-generated",
            Precedence="list",
        ),
    )
    assert read_letter(item) == [
        Message(
            mailbox_id="microsoft-1",
            message_id="AAkALgAA/+w=",
            internet_message_id="one@y.example",
            thread_id="AAQkAD=",
            sent_at=AT,
            author=Address("bob@y.example", "Bob"),
            sender=Address("office@y.example", "Office"),
            original_author=Address("eve@z.example", "Eve"),
            reply_to=(Address("desk@y.example"),),
            to=(Address("ann@x.example", "Ann"),),
            cc=(Address("carol@y.example", "Carol"),),
            bcc=(Address("dan@x.example", "Dan"),),
            in_reply_to="zero@x.example",
            references=("first@x.example", "zero@x.example"),
            list_id="guild.lists.y.example",
            list_address="guild@lists.y.example",
            automation_signs=("auto_submitted", "precedence_list", "list_id"),
            folder_ids=("inbox-id",),
        )
    ]


def test_a_message_to_two_thousand_people_names_them_all():
    people = [someone(f"p{number}@x.example") for number in range(2_000)]
    [message] = read_letter(letter(toRecipients=people[:1_500], ccRecipients=people[1_500:]))
    assert (len(message.to), len(message.cc)) == (1_500, 500)
    assert table([message], Message).column("to")[0].values.field("address")[1_499].as_py() == (
        "p1499@x.example"
    )


def test_of_hundreds_of_references_the_last_are_kept():
    ids = " ".join(f"<{number}@x.example>" for number in range(300))
    [message] = read_letter(letter(internetMessageHeaders=headers(References=ids)))
    assert message.references == tuple(f"{number}@x.example" for number in range(280, 300))


def test_of_a_header_that_comes_twice_the_first_counts():
    twice = headers(In_Reply_To="<a@x>") + headers(in_reply_to="<b@x>") + headers(IN_REPLY_TO="")
    [message] = read_letter(letter(internetMessageHeaders=twice))
    assert message.in_reply_to == "a@x"


@pytest.mark.parametrize("author", [None, {}, {"emailAddress": None}, "postmaster"])
def test_a_report_of_a_failed_delivery_is_a_machines_and_may_have_no_author(author: Any):
    report = headers(Content_Type="multipart/report; report-type=x", Return_Path="<>")
    item = letter(sender=author, internetMessageHeaders=report) | {"from": author}
    [message] = read_letter(item)
    assert message.author is None
    assert message.automation_signs == ("null_return_path", "report")


def test_what_was_forwarded_as_it_was_says_so_and_keeps_its_author():
    fields = headers(Resent_From="dan@z.example", Resent_To="ann@x.example")
    [message] = read_letter(letter(internetMessageHeaders=fields))
    assert message.author == Address("bob@y.example", "Bob")
    assert message.automation_signs == ("resent",)


def test_ids_that_differ_by_case_alone_are_two():
    one, other = (read_letter(letter(id=key))[0] for key in ("AAkALgaA/+w=", "AAkALgAa/+w="))
    assert one.message_id != other.message_id


@pytest.mark.parametrize("kind", ["eventMessage", "eventMessageRequest", "eventMessageResponse"])
def test_the_mail_of_a_meeting_is_marked(kind: str):
    [message] = read_letter(letter(**{"@odata.type": f"#microsoft.graph.{kind}"}))
    assert message.automation_signs == ("calendar",)


def test_what_one_sent_oneself_was_sent_when_it_was_sent():
    own = letter(**{"from": someone("ann@x.example")})
    [message] = read_letter(own)
    assert message.sent_at == AT - timedelta(seconds=48)


@pytest.mark.parametrize("sent", ["1970-01-01T00:00:00Z", "2036-01-01T00:00:00Z", "", None])
def test_a_time_that_junk_made_up_in_ones_own_name_is_not_believed(sent: str | None):
    forged = letter(**{"from": someone("ann@x.example"), "sentDateTime": sent})
    assert [one.sent_at for one in read_letter(forged)] == [AT]


def test_the_sender_who_is_the_author_is_not_told_twice():
    [message] = read_letter(letter(sender=someone("BOB@y.example", "Bobby")))
    assert message.sender is None


@pytest.mark.parametrize(
    "missing", [{"from": None}, {"from": {}}, {"from": {"emailAddress": None}}, {"from": 7}]
)
def test_a_message_without_an_author_is_a_message(missing: dict[str, Any]):
    [message] = read_letter(letter(**missing, sender=None))
    assert message.author is None


@pytest.mark.parametrize(
    "address",
    [
        "/O=EXCHANGELABS/OU=EXCHANGE ADMINISTRATIVE GROUP/CN=RECIPIENTS/CN=0123-BOB",
        "Bob",
        "IMCEAEX-_O=EXCHANGELABS_CN=BOB@x.example",
    ],
)
def test_what_is_no_address_is_left_out_and_counted(address: str):
    message, reject = read_letter(letter(toRecipients=[someone(address, "Bob"), someone("c@d.e")]))
    assert message.to == (Address("c@d.e"),)
    assert reject == Reject(
        source="microsoft-1/mail",
        locator="AAkALgAA/+w=, to",
        reason="a part of this header is no address",
        length=len(address),
    )


def test_nobody_at_all_is_no_reject():
    [message] = read_letter(letter(toRecipients=[{"emailAddress": {}}, {}, None, 3]))
    assert message.to == ()


@pytest.mark.parametrize(
    "item",
    [
        letter(isDraft=True),
        letter(internetMessageId=None),  # a chat of Teams
        letter(receivedDateTime="2019-12-31T23:59:59Z"),
    ],
    ids=["draft", "chat", "older than the horizon"],
)
def test_what_is_no_mail_of_the_time_asked_for_is_nothing(item: dict[str, Any]):
    assert read_letter(item) == []


@pytest.mark.parametrize("time", [None, "", "yesterday", "0001-01-01T00:00:00Z", 7, "1601-01-01"])
def test_a_message_without_a_time_is_rejected_by_its_id(time: Any):
    [reject] = read_letter(letter(receivedDateTime=time))
    assert (reject.source, reject.locator) == ("microsoft-1/mail", "AAkALgAA/+w=")
    assert reject.reason == "no readable time"
    assert reject.length > 100


def test_an_update_is_whole_only_with_everything_that_a_message_is_made_of():
    assert messages.is_whole(letter())
    assert messages.is_whole(letter(**{"from": None}))
    assert not messages.is_whole({"id": "1", "isRead": True})
    partial = letter()
    del partial["toRecipients"]
    assert not messages.is_whole(partial)


# -- events


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


def test_a_meeting_in_all_its_parts():
    start = datetime(2026, 7, 2, 15, tzinfo=UTC)
    assert read_event(meeting(), "meet-1@x.example") == Event(
        mailbox_id="microsoft-1",
        calendar_id="primary",
        event_id="EV=",
        ical_uid="meet-1@x.example",
        original_start_at=start,
        start_at=start,
        end_at=start + timedelta(minutes=45),
        organizer=Address("bob@y.example", "Bob"),
        attendees=(
            Attendee("ann@x.example", None, "accepted"),
            Attendee("c@d.e", None, "needs_action"),
            Attendee("bob@y.example", "Bob", "accepted"),
        ),
        updated_at=datetime(2026, 6, 30, 8, 0, 0, 123456, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("zone", "hour"),
    [
        ("UTC", 15),
        ("tzone://Microsoft/Utc", 15),
        ("W. Europe Standard Time", 13),
        ("Europe/Berlin", 13),
        ("Eastern Standard Time", 19),
        ("India Standard Time", 9),
    ],
)
def test_times_are_read_in_whatever_zone_they_come(zone: str, hour: int):
    start = {"dateTime": "2026-07-02T15:00:00.0000000", "timeZone": zone}
    assert read_event(meeting(start=start)).start_at.hour == hour


@pytest.mark.parametrize(
    "start",
    [
        {"dateTime": "2026-07-02T15:00:00", "timeZone": "Customized Time Zone"},
        {"dateTime": "2026-07-02T15:00:00", "timeZone": "../../etc/passwd"},
        {"dateTime": "2026-07-02T15:00:00", "timeZone": "Europe"},
        {"dateTime": "0001-01-01T00:00:00", "timeZone": "UTC"},
        {"dateTime": None, "timeZone": "UTC"},
        "2026-07-02",
        None,
    ],
)
def test_an_entry_without_a_readable_start_is_rejected_by_its_id(start: Any):
    [reject] = events.records(meeting(start=start), MAILBOX, "uid", SINCE)
    assert (reject.source, reject.locator) == ("microsoft-1/calendar", "EV=")
    assert reject.reason == "no readable start"


def test_a_whole_day_is_its_date_in_every_zone():
    day = meeting(
        isAllDay=True,
        start={"dateTime": "2026-07-02T00:00:00.0000000", "timeZone": "Eastern Standard Time"},
        end={"dateTime": "2026-07-04T00:00:00.0000000", "timeZone": "Eastern Standard Time"},
    )
    event = read_event(day)
    assert event.is_all_day
    assert event.start_at == event.original_start_at == datetime(2026, 7, 2, tzinfo=UTC)
    assert event.end_at == datetime(2026, 7, 4, tzinfo=UTC)


def test_a_moved_occurrence_keeps_the_place_that_its_series_gave_it():
    one = meeting(type="exception", seriesMasterId="MASTER=", originalStart="2026-07-01T15:00:00Z")
    event = read_event(one)
    assert event.is_recurring
    assert event.series_id == "MASTER="
    assert event.original_start_at == datetime(2026, 7, 1, 15, tzinfo=UTC)
    assert event.start_at == datetime(2026, 7, 2, 15, tzinfo=UTC)


def test_a_moved_whole_day_keeps_its_date_in_the_zone_of_its_series():
    one = meeting(
        type="exception",
        seriesMasterId="MASTER=",
        isAllDay=True,
        originalStart="2026-06-30T22:00:00Z",  # midnight in Berlin
        start={"dateTime": "2026-07-02T00:00:00.0000000", "timeZone": "UTC"},
    )
    assert read_event(one).original_start_at == datetime(2026, 7, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("shows", "kind", "is_busy"),
    [
        ("busy", "default", True),
        ("tentative", "default", True),
        ("unknown", "default", True),
        ("oof", "out_of_office", True),
        ("free", "default", False),
        ("workingElsewhere", "working_location", False),
        ("something new", "default", True),
        (None, "default", True),
    ],
)
def test_what_the_time_is_shown_as(shows: str | None, kind: str, is_busy: bool):
    event = read_event(meeting(showAs=shows))
    assert (event.kind, event.is_busy) == (kind, is_busy)


@pytest.mark.parametrize(
    ("said", "response"),
    [
        ("accepted", "accepted"),
        ("organizer", "accepted"),
        ("tentativelyAccepted", "tentative"),
        ("declined", "declined"),
        ("none", "needs_action"),
        ("notResponded", "needs_action"),
        ("something new", "needs_action"),
    ],
)
def test_answers(said: str, response: str):
    event = read_event(meeting(attendees=[attendee("c@d.e", said)]))
    assert event.attendees[0].response == response


def test_a_room_is_a_room_and_the_host_has_accepted_whatever_stands_there():
    found = read_event(
        meeting(
            attendees=[
                attendee("room-1@x.example", "accepted", "resource"),
                attendee("bob@y.example", "none"),
            ]
        )
    ).attendees
    assert found == (
        Attendee("room-1@x.example", None, "accepted", "room"),
        Attendee("bob@y.example", None, "accepted", "unknown"),
    )


def test_an_entry_of_ones_own_is_called_by_nobody():
    event = read_event(meeting(attendees=[]))
    assert event.attendees == ()
    assert event.organizer is None


@pytest.mark.parametrize(("answer", "is_busy"), [("declined", True), ("accepted", False)])
def test_a_meeting_that_one_declined_still_takes_the_others_time(answer: str, is_busy: bool):
    own = {"response": answer, "time": "2026-06-30T08:00:00Z"}
    assert read_event(meeting(showAs="free", responseStatus=own)).is_busy is is_busy


def test_ones_own_answer_counts_more_than_what_the_list_knows():
    event = read_event(
        meeting(
            attendees=[attendee("ann@x.example", "none")],
            responseStatus={"response": "declined", "time": "2026-06-30T08:00:00Z"},
        )
    )
    assert event.attendees[0].response == "declined"


@pytest.mark.parametrize(
    ("hidden", "own", "complete"),
    [(False, False, True), (True, False, False), (True, True, True), (None, None, True)],
)
def test_hidden_guests_are_known_to_the_host_alone(
    hidden: bool | None, own: bool | None, complete: bool
):
    event = read_event(meeting(hideAttendees=hidden, isOrganizer=own))
    assert event.has_all_attendees is complete


def test_a_cancelled_meeting_is_kept_as_cancelled():
    assert read_event(meeting(isCancelled=True)).status == "cancelled"


@pytest.mark.parametrize("end", [None, {}, {"dateTime": "2026-07-02T14:00:00", "timeZone": "UTC"}])
def test_no_entry_ends_before_it_begins(end: Any):
    event = read_event(meeting(end=end))
    assert event.end_at == event.start_at


def test_a_guest_without_an_address_is_left_out_and_counted():
    item = meeting(attendees=[attendee("/O=X/CN=BOB", "none"), attendee("c@d.e", "none")])
    event, reject = events.records(item, MAILBOX, "uid", SINCE)
    assert [one.address for one in event.attendees] == ["c@d.e", "bob@y.example"]
    assert (reject.locator, reject.length) == ("EV=, attendee", len("/O=X/CN=BOB"))


CLASS = "040000008200E00074C5B7101A82E008"


@pytest.mark.parametrize(
    ("uid", "series"),
    [
        # An occurrence of 2026-07-02, and the series itself.
        (f"{CLASS}07EA0702" + "AB" * 24, f"{CLASS}00000000" + "AB" * 24),
        (f"{CLASS}00000000" + "AB" * 24, f"{CLASS}00000000" + "AB" * 24),
        # Made by another calendar, whose UID it carries.
        (
            f"{CLASS}07EA0702" + "00" * 16 + "10000000" + b"vCal-Uid\x01\0\0\0a@b.c\0".hex(),
            "a@b.c",
        ),
        ("meet-1@x.example", None),
        (CLASS, None),
        ("", None),
    ],
)
def test_the_uid_of_a_series_stands_in_that_of_each_occurrence(uid: str, series: str | None):
    assert events.series_uid(uid) == series


def test_what_graph_may_say_one_day_is_taken_for_the_usual_and_counted():
    item = meeting(
        type="hybrid",
        showAs="holiday",
        attendees=[attendee("c@d.e", "perhaps", "robot"), attendee("f@d.e", "perhaps")],
        somethingNew={"deep": [1, 2]},
    )
    event, *rejects = events.records(item, MAILBOX, "uid", SINCE)
    assert (event.kind, event.is_busy, event.is_recurring) == ("default", True, False)
    guests = {one.address: (one.response, one.kind) for one in event.attendees}
    assert guests["c@d.e"] == guests["f@d.e"] == ("needs_action", "unknown")
    assert {one.reason for one in rejects} == {events.UNKNOWN_VALUE}
    assert [(one.locator, one.length) for one in rejects] == [
        ("EV=, type", len("hybrid")),
        ("EV=, showAs", len("holiday")),
        ("EV=, attendees/type", len("robot")),
        ("EV=, response", len("perhaps")),
    ]
    assert not any(word in repr(rejects) for word in ("hybrid", "holiday", "robot", "perhaps"))


def test_an_online_meeting_is_a_meeting_and_its_link_stays_out():
    online = meeting(
        isOnlineMeeting=True,
        onlineMeetingProvider="teamsForBusiness",
        onlineMeeting={"joinUrl": "https://teams.example/l/meetup-join/secret"},
        location={"displayName": "https://teams.example/secret", "locationType": "default"},
    )
    assert read_event(online) == read_event(meeting())
    assert not {"onlineMeeting", "onlineMeetingUrl", "location"} & set(events.SELECT.split(","))


def test_a_series_that_is_split_goes_on_as_another():
    """From that day on it has another master, and so another UID."""
    before, after = (f"{CLASS}00000000" + byte * 24 for byte in ("AB", "CD"))
    old, new = (
        read_event(
            meeting(id=uid[-2:], type="occurrence", seriesMasterId=f"master-{uid[-2:]}"), uid
        )
        for uid in (before, after)
    )
    assert old.ical_uid != new.ical_uid
    assert old.series_id != new.series_id


def test_a_private_entry_may_hide_everybody():
    one = read_event(meeting(sensitivity="private", attendees=None, organizer=None))
    assert (one.organizer, one.attendees) == (None, ())
    assert one.is_busy


@pytest.mark.parametrize(
    ("local", "hours"),
    [
        ("2026-03-29T02:30:00.0000000", (0, 1)),  # skipped: no clock ever showed it
        ("2026-10-25T02:30:00.0000000", (0, 1)),  # shown twice
    ],
)
def test_hours_that_a_clock_skips_or_repeats_are_still_read(local: str, hours: tuple[int, ...]):
    start = {"dateTime": local, "timeZone": "W. Europe Standard Time"}
    one = read_event(meeting(start=start, end=start))
    assert one.start_at.hour in hours
    assert one.start_at.minute == 30
    assert one.end_at == one.start_at


# -- people


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


def test_a_user_in_all_parts():
    assert users.person(user(), AT) == Person(
        directory_id="11111111-2222-3333-4444-555555555555",
        address="Ann@x.example",
        aliases=("ann.old@x.example",),
        name="Ann",
        department="Design",
        title="Lead",
        unit="/Sales, Abroad/North",
        office="Mill Lane",
        manager_id="m",
        seen_at=AT,
    )


@pytest.mark.parametrize(
    "name",
    [
        "/O=X/CN=ANN",
        "/o=x/cn=Ann",
        "IMCEAEX-_O=X_CN=ANN@x.example",
        "imceaex-_o=x_cn=+41nn@elsewhere.example",
    ],
)
def test_a_name_of_exchange_is_the_address_of_whom_the_directory_gives_it(name: str):
    names = ExchangeNames()
    assert names.recipient(someone(name, "Ann")) == (None, len(name))
    names.learn(user(), "Ann@x.example")
    assert names.recipient(someone(name, "Ann")) == (Address("Ann@x.example", "Ann"), 0)
    stranger = "/O=X/CN=BOB"
    assert names.recipient(someone(stranger, "Bob")) == (None, len(stranger))
    assert names.recipient(someone("c@d.e", "C")) == (Address("c@d.e", "C"), 0)


def test_a_user_without_an_address_or_with_broken_proxies_teaches_no_names():
    names = ExchangeNames()
    names.learn(user(), None)
    for proxies in (None, "x500:/O=X/CN=ANN", [7, None, "x500:", "x500"]):
        names.learn(user(proxyAddresses=proxies), "Ann@x.example")
    assert names.recipient(someone("/O=X/CN=ANN", "Ann"))[0] is None


def test_whom_exchange_names_is_a_guest_under_their_address():
    names = ExchangeNames()
    names.learn(user(), "ann@x.example")
    item = meeting(attendees=[attendee("/O=X/CN=ANN", "accepted")])
    (event,) = events.records(item, MAILBOX, "uid", SINCE, names.recipient)
    assert [(one.address, one.response) for one in event.attendees] == [
        ("ann@x.example", "accepted"),
        ("bob@y.example", "accepted"),
    ]


NOBODY = {"givenName": None, "surname": None, "jobTitle": None, "department": None}


@pytest.mark.parametrize(
    ("changes", "kind", "is_active", "has_mailbox"),
    [
        ({}, "person", True, True),
        ({"accountEnabled": False}, "person", False, True),
        ({"mail": None, "proxyAddresses": []}, "person", True, False),
        ({"userType": "Guest"}, "person", False, False),
        ({"accountEnabled": False, **NOBODY}, "room", False, True),
        (NOBODY, "person", True, True),
        ({"accountEnabled": False, "mail": None, **NOBODY}, "person", False, False),
        ({"accountEnabled": None, "userType": None}, "person", True, True),
    ],
    ids="member left unlicensed guest room unnamed empty consumer".split(),
)
def test_what_an_account_is(changes: dict[str, Any], kind: str, is_active: bool, has_mailbox: bool):
    one = users.person(user(**changes), AT)
    assert (one.kind, one.is_active, one.has_mailbox) == (kind, is_active, has_mailbox)


@pytest.mark.parametrize(
    ("changes", "purpose", "kind", "is_active"),
    [
        (NOBODY, "shared", "shared", True),
        (NOBODY, "room", "room", False),
        (NOBODY, "equipment", "room", False),
        (NOBODY, "user", "person", False),
        (NOBODY, "a word of tomorrow", "person", False),
        ({}, "shared", "person", False),  # what somebody left is used by others now
        ({}, "room", "room", False),
    ],
)
def test_what_a_mailbox_is_for_tells_what_it_is(
    changes: dict[str, Any], purpose: str, kind: str, is_active: bool
):
    one = users.person(user(accountEnabled=False, **changes), AT, purpose)
    assert (one.kind, one.is_active, one.has_mailbox) == (kind, is_active, True)


def test_who_has_no_mail_goes_by_the_name_of_their_account():
    assert users.person(user(mail=None), AT).address == "ann@x.onmicrosoft.example"
    assert users.person(user(mail=None, userPrincipalName="no address"), AT).address is None


# -- whatever comes

_WORDS = st.sampled_from([None, True, 7, 1.5, "", "x", "a@b.c", "\ud800", [], {}, [[]], [{}]])
_ANYTHING = st.recursive(
    _WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from("emailAddress address name dateTime timeZone response".split()),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def broken(whole: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An item of which some properties are anything at all."""
    names = sorted(name for name in whole if name != "id")
    return st.dictionaries(st.sampled_from(names), _ANYTHING, max_size=6).map(
        lambda changes: whole | changes
    )


def assert_storable(records: list[Any]) -> None:
    """Arrow takes them: no text is broken, no type is another."""
    for one in records:
        assert table([one], type(one)).num_rows == 1


@settings(deadline=None)  # the first table takes Arrow a second
@given(broken(letter()))
def test_no_message_breaks_a_pull(item: dict[str, Any]):
    assert_storable(read_letter(item))


@settings(deadline=None)  # the first table takes Arrow a second
@given(broken(meeting()))
def test_no_entry_breaks_a_pull(item: dict[str, Any]):
    assert_storable(list(events.records(item, MAILBOX, None, SINCE)))


@settings(deadline=None)  # the first table takes Arrow a second
@given(broken(user()))
def test_no_user_breaks_a_pull(item: dict[str, Any]):
    assert_storable([users.person(item, AT)])


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_time_breaks_a_pull(text: str):
    item = {"at": text, "when": {"dateTime": text, "timeZone": text}}
    for at in (values.instant(item, "at"), values.zoned(item, "when")):
        assert at is None or at.tzinfo is UTC


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-10:00", "0001-01-01T00:00:00+10:00"])
def test_times_at_the_edge_of_the_calendar_are_none(text: str):
    assert values.instant({"at": text}, "at") is None
