"""Records become Arrow tables that say the same."""

from dataclasses import asdict
from datetime import UTC, datetime

from connectors.records import Address, Attendee, Event, Mailbox, Message, table

AT = datetime(2026, 7, 1, 9, 30, 0, 123456, tzinfo=UTC)


def plain(value):
    """As Arrow gives it back: structs are dicts, and lists are lists."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else value


def test_messages_come_back_with_everything_that_they_say():
    ann, bob = Address("ann@x.example", "Änn"), Address("bob@y.example")
    rows = [
        Message(mailbox_id="m", message_id="bare", sent_at=AT),
        Message(
            mailbox_id="m",
            message_id="full",
            sent_at=AT,
            author=ann,
            reply_to=(bob,),
            to=(ann, bob),
            references=("a@x", "b@x"),
            folder_ids=("inbox",),
        ),
        Message(mailbox_id="m", message_id="some", sent_at=AT, sender=bob, bcc=(ann,)),
    ]
    found = table(rows, Message)
    assert found.schema.equals(Message.SCHEMA, check_metadata=True)
    assert found.to_pylist() == [plain(asdict(one)) for one in rows]
    found.validate(full=True)


def test_attendees_come_back_with_their_answers():
    rows = [
        Event(
            mailbox_id="m",
            calendar_id="c",
            event_id=str(number),
            original_start_at=AT,
            start_at=AT,
            end_at=AT,
            attendees=(Attendee("a@x.example", None, "declined", "room"),) * number,
        )
        for number in (0, 2, 1)
    ]
    assert table(rows, Event).to_pylist() == [plain(asdict(one)) for one in rows]


def test_no_record_at_all_is_a_table_without_rows():
    for kind in (Message, Mailbox):
        assert table([], kind).equals(kind.SCHEMA.empty_table())
