"""What becomes of a message of Graph."""

from datetime import timedelta
from typing import Any

import pytest

from connectors.microsoft import messages
from connectors.records import Address, Message, Reject, table
from tests.connectors.microsoft.items import AT, letter, read_letter, someone


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
