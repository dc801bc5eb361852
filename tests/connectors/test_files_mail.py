"""What one header block becomes: dates, ids, lists, signs of a machine, what is left out."""

import email
import email.policy
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import headers
from connectors.files import mail
from connectors.records import Address, Message, Reject


def rejects(records) -> list[tuple[str, str, int]]:
    return [(one.locator, one.reason, one.length) for one in records if isinstance(one, Reject)]


# Header fields


def test_the_header_fields_become_the_fields_of_a_message(read_header):
    message = read_header(
        "From: Jane Doe <jane@x.org>",
        "Sender: office@x.org",
        "Reply-To: replies@x.org",
        "To: a@x.org, b@x.org",
        "CC: c@x.org",
        "Bcc: d@x.org",
        "X-Original-From: Jim <jim@x.org>",
        "Subject: never kept",
    )
    assert message.mailbox_id == "me@x.org"
    assert message.author == Address("jane@x.org", "Jane Doe")
    assert message.sender == Address("office@x.org")
    assert message.reply_to == (Address("replies@x.org"),)
    assert message.to == (Address("a@x.org"), Address("b@x.org"))
    assert message.cc == (Address("c@x.org"),)
    assert message.bcc == (Address("d@x.org"),)
    assert message.original_author == Address("jim@x.org", "Jim")
    assert "never kept" not in repr(message)


def test_names_of_fields_have_no_case_and_repeated_fields_are_one_list(read_header):
    message = read_header("TO: a@x.org", "to : b@x.org")
    assert message.to == (Address("a@x.org"), Address("b@x.org"))


def test_a_folded_field_is_one_value(read_header):
    assert read_header("To: a@x.org,", "\tJim", "  <b@x.org>").to[1] == Address("b@x.org", "Jim")


def test_raw_eight_bit_is_utf8_or_else_the_windows_code_page(read_bytes):
    date = b"Date: Mon, 1 Jan 2024 10:00:00 +0000\n\n"
    names = [
        next(iter(read_bytes(b"From: J\xc3\xbcrgen <j@x.org>\n" + date))).author.name,
        next(iter(read_bytes(b"From: J\xfcrgen <j@x.org>\n" + date))).author.name,
    ]
    assert names == ["Jürgen", "Jürgen"]


def test_the_sender_is_none_where_it_is_the_author(read_header):
    assert read_header("From: jane@x.org", "Sender: Jane <Jane@X.org>").sender is None


def test_a_message_without_readable_author_is_kept_and_the_part_is_rejected(read_bytes):
    records = read_bytes(b"From: MAILER-DAEMON\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n\n")
    assert records[0].author is None
    assert rejects(records) == [("message 1, from", headers.NO_ADDRESS, len("MAILER-DAEMON"))]


def test_of_two_authors_the_first_is_kept_and_that_is_said(read_bytes):
    records = read_bytes(b"From: a@x.org, b@x.org\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n\n")
    assert records[0].author == Address("a@x.org")
    assert rejects(records) == [("message 1, from", headers.MORE_AUTHORS, len("a@x.org, b@x.org"))]


def test_a_line_that_is_no_field_does_not_end_the_header(read_header):
    assert read_header(">From jane Mon Jan  1 10:00:00 2024", "lost its fold", "To: a@x.org").to


_LINES = st.lists(
    st.one_of(
        st.sampled_from(["To: a@x.org", "to:b", "Cc: c", " folded", "\tfolded", "X-A: x", "Bcc:"]),
        st.from_regex(r"\A[A-Za-z-]{1,12}:[ -~]{0,20}\Z"),
    ),
    min_size=1,
)  # fmt: skip


@given(_LINES, st.sampled_from(["\n", "\r\n"]))
def test_fields_are_cut_as_compat32_cuts_them(lines, end):
    block = end.join(["From: jane@x.org", *lines]) + end
    theirs = email.message_from_bytes(block.encode(), policy=email.policy.compat32)
    ours = mail._fields(block.encode())
    for name in ("from", "to", "cc", "bcc"):
        expected = [" ".join(value.split()) for value in theirs.get_all(name, [])]
        assert [" ".join(value.split()) for value in ours.get(name, [])] == expected


# Dates


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Mon, 1 Jan 2024 10:00:00 +0200", datetime(2024, 1, 1, 8, tzinfo=UTC)),
        ("Mon, 1 Jan 2024 10:00:00 -0000", datetime(2024, 1, 1, 10, tzinfo=UTC)),
        ("1 Jan 24 10:00 EST", datetime(2024, 1, 1, 15, tzinfo=UTC)),
        ("2024-01-01T10:00:00+02:00", datetime(2024, 1, 1, 8, tzinfo=UTC)),
        ("Sun, 31 Dec 2023 23:59:60 +0000", datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("Sun, 2 Jun 2024 23:00:00 +0000", datetime(2024, 6, 2, 23, tzinfo=UTC)),
    ],
)
def test_a_usable_date_is_when_the_message_was_sent(read_header, written, expected):
    assert read_header(f"Date: {written}").sent_at == expected


@pytest.mark.parametrize(
    "written",
    [
        "",
        "yesterday",
        "Mon, 32 Jan 2024 10:00:00 +0000",
        "Mon, 1 Jan 2024 25:00:00 +0000",
        "Mon, 1 Jan 2024 10:00:00 +9900",
        "Wed, 1 Jan 0025 10:00:00 +0000",
        "Wed, 1 Jan 102 10:00:00 +0000",
        "Sun, 31 Dec 1989 23:59:59 +0000",
        "Tue, 4 Jun 2024 10:00:00 +0000",
        "Tue, 4 Jan 2028 10:00:00 +0000",
        "Mon, 1 Jan 99999 10:00:00 +0000",
        "2024-13-01T10:00:00Z",
    ],
)
def test_an_impossible_date_gives_way_to_the_topmost_received(read_header, written):
    message = read_header(
        f"Date: {written}",
        "Received: from a by b; Tue, 2 Jan 2024 10:00:00 +0000",
        "Received: from c by a; Mon, 1 Jan 2024 10:00:00 +0000",
    )
    assert message.sent_at == datetime(2024, 1, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "envelope",
    [
        "From jane@x.org Tue Jan  2 10:00:00 2024",
        "From jane@x.org  Tue Jan 02 10:00:00 2024",
        "From 1786@xxx Tue Jan 02 12:00:00 +0200 2024",
        "From jane@x.org Tue Jan  2 10:00:00 2024 +0000",
        "From jane@x.org Tue Jan  2 05:00:00 EST 2024",
    ],
)
def test_without_any_other_date_the_line_between_messages_tells_it(read_bytes, envelope):
    (message,) = read_bytes(envelope.encode() + b"\nFrom: jane@x.org\n\n")
    assert message.sent_at == datetime(2024, 1, 2, 10, tzinfo=UTC)


def test_a_message_without_any_possible_date_is_rejected_with_its_length(read_bytes):
    contents = b"From: jane@x.org\nDate: never\n\nbody\n"
    assert rejects(read_bytes(contents)) == [("message 1", mail.NO_DATE, len(contents))]


# Ids


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("<Ab@x.org>", "Ab@x.org"),
        ("  < Ab @x.org > ", "Ab@x.org"),
        ("Ab@x.org", "Ab@x.org"),
        ("<[no@at]>", "[no@at]"),
        ("", None),
        ("<>", None),
    ],
)
def test_a_message_id_loses_brackets_and_blanks_and_keeps_its_case(read_header, written, expected):
    assert read_header(f"Message-Id: {written}").internet_message_id == expected


def test_in_reply_to_is_the_first_id_in_brackets_whatever_stands_around(read_header):
    assert read_header('In-Reply-To: Your message of "Monday" <a@x> <b@x>').in_reply_to == "a@x"
    assert read_header("In-Reply-To: Jane's message of Monday").in_reply_to is None


def test_the_last_twenty_references_are_kept_oldest_first(read_header):
    ids = [f"{number}@x" for number in range(25)]
    message = read_header("References: " + "\n ".join(f"<{one}>" for one in [*ids, ids[24]]))
    assert message.references == tuple(ids[5:])


def test_the_same_copy_has_one_id_in_every_file(read_header):
    plain = read_header("To: a@x.org, b@x.org", "Subject: one")
    folded = read_header("Subject: other", "To: a@x.org,\n\tb@x.org", "X-Status: read")
    assert plain.message_id == folded.message_id
    assert len(plain.message_id) == 32


@pytest.mark.parametrize("line", ["Bcc: c@x.org", "Message-Id: <a@x>", "List-Id: <l.x.org>"])
def test_copies_that_differ_in_a_kept_header_stay_two(read_header, line):
    assert read_header("To: a@x.org").message_id != read_header("To: a@x.org", line).message_id


# Lists


def test_the_list_id_is_what_stands_in_brackets(read_header):
    assert read_header("List-Id: Talk about <us> <Talk.X.org>").list_id == "talk.x.org"
    assert read_header('List-Id: "Talk" <Talk.X.org>').list_id == "talk.x.org"
    assert read_header("List-Id: talk.x.org").list_id == "talk.x.org"
    assert read_header("List-Id: only a phrase").list_id is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("List-Post: <mailto:talk@x.org?subject=hello>", "talk@x.org"),
        ("List-Post: NO", None),
        ("X-Mailing-List: <talk@x.org> archive/latest/17", "talk@x.org"),
        ("Mailing-List: list talk@x.org; contact talk-owner@x.org", "talk@x.org"),
        ("Mailing-List: contact talk-help@x.org; run by ezmlm", None),
    ],
)
def test_the_list_address_is_where_one_posts(read_header, line, expected):
    assert read_header(line).list_address == expected


# Signs of a machine


@pytest.mark.parametrize(
    ("line", "signs"),
    [
        ("Auto-Submitted: auto-replied; owner=jane", ("auto_submitted",)),
        ("Auto-Submitted: no", ()),
        ("Precedence: bulk", ("precedence_bulk",)),
        ("Precedence: LIST", ("precedence_list",)),
        ("Precedence: auto-reply", ("precedence_auto_reply",)),
        ("Precedence: first-class", ()),
        ("List-Id: <talk.x.org>", ("list_id",)),
        ("List-Unsubscribe: <https://x.org>", ("list_unsubscribe",)),
        ("Feedback-ID: 1:2:3", ("feedback_id",)),
        ("X-Auto-Response-Suppress: All", ("auto_response_suppress",)),
        ("X-Autoreply: yes", ("autoreply",)),
        ("Return-Path: <>", ("null_return_path",)),
        ("Return-Path: <jane@x.org>", ()),
        ("Return-Path: <jane.bounceback@x.org>", ()),
        ("Return-Path: <bounces+17-jane=y.org@mail.x.org>", ("bounce_return_path",)),
        ("Return-Path: <talk-return-17-jane=y.org@x.org>", ("bounce_return_path",)),
        ("Return-Path: <owner-talk@x.org>", ("bounce_return_path",)),
        ("Return-Path: <prvs=0123456789=jane@x.org>", ()),
        ("Return-Path: <SRS0=hash=tt=y.org=jane@x.org>", ("srs_return_path",)),
        ("X-Failed-Recipients: jane@x.org", ("failed_recipients",)),
        ("Content-Type: multipart/report; report-type=delivery-status", ("report",)),
        ("Content-Type: text/calendar; method=REQUEST", ("calendar",)),
        ("Content-Class: urn:content-classes:calendarmessage", ("calendar",)),
        ("Content-Type: text/plain", ()),
        ("Resent-From: jim@x.org", ("resent",)),
    ],
)
def test_each_header_of_a_machine_has_its_sign(read_header, line, signs):
    assert read_header(line).automation_signs == signs


# What is left out


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("X-Unsent: 1", "draft"),
        ("X-Gmail-Labels: Drafts,Important", "draft"),
        ("X-Gmail-Labels: =?UTF-8?Q?Entw=C3=BCrfe?=", "draft"),
        ("X-Gmail-Labels: Spam", "spam"),
        ('X-Gmail-Labels: "Inbox",Trash', "trash"),
        ("X-Gmail-Labels: Chat", "chat"),
    ],
)
def test_drafts_spam_trash_and_chats_are_left_out_and_counted(read_bytes, lines, reason):
    header = f"From: jane@x.org\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n{lines}\n\n".encode()
    assert rejects(read_bytes(header)) == [("message 1", reason, len(header))]


def test_of_gmails_labels_only_the_system_names_are_kept(read_header):
    message = read_header("X-Gmail-Labels: Inbox,Sent,Opened,My divorce")
    assert message.folder_ids == ("inbox", "sent")


def test_a_file_with_a_field_but_no_kept_one_is_no_message(read_bytes):
    contents = b"From jane Mon Jan  1 10:00:00 2024\nX-Nothing: at all\n\n"
    assert rejects(read_bytes(contents)) == [("message 1", mail.NO_HEADER, len(contents))]


def test_a_million_recipients_in_one_header_are_more_than_a_header_may_hold(read_bytes):
    contents = b"From: jane@x.org\nTo: " + b"a@x.org, " * 200_000 + b"\n\n"
    (reject,) = rejects(read_bytes(contents))
    assert reject == ("message 1", mail.HEADER_TOO_LONG, len(contents))


def test_any_bytes_after_a_mail_field_end_as_one_message_or_one_reject(read_bytes):
    @given(st.binary(max_size=300))
    def check(noise):
        records = read_bytes(b"From: jane@x.org\n" + noise.replace(b"\nFrom ", b"\n>From "))
        whole = [one for one in records if isinstance(one, Message)]
        whole += [
            one
            for one in records
            if isinstance(one, Reject) and one.reason not in headers.PART_REASONS
        ]
        assert len(whole) == 1

    check()
