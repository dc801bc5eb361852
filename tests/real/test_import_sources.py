"""Every real and malformed source goes through ``files.read``; what was there is counted by hand.

The oracles count lines and files and share no code with the connector. Totals only: the people in
list archives are real.
"""

import email
import email.policy
import gzip
import re
import tarfile
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from connectors import files
from connectors.files import calendar, containers, mail
from connectors.files.mail import Letter
from connectors.records import Event, Message, Reject

NOW = datetime(2026, 11, 23, tzinfo=UTC)
MALFORMED = (
    "cpython-test-email",
    "mail-mime-parser",
    "mimekit",
    "php-imap",
    "ruby-mail",
)
CALENDARS = (
    "ical.net",
    "ical4j",
    "icalendar-python",
    "icalendar-ruby",
    "sabre-vobject",
    "u01jmg3",
)


def unpacked(archive: Path, folder: Path) -> Path:
    with zstandard.open(archive, "rb") as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
        tar.extractall(folder, filter="data")
    return folder


def mbox_bytes(path: Path) -> bytes:
    opener = zstandard.open if path.suffix == ".zst" else gzip.open
    with opener(path, "rb") as stream:
        return stream.read()


def messages_in(contents: bytes) -> int:
    """The "From " lines of a file that begins with one; any other file is one message."""
    contents = contents.removeprefix(b"\xef\xbb\xbf")
    if not contents.startswith(b"From "):
        return 1
    return sum(line.startswith(b"From ") for line in contents.split(b"\n"))


@dataclass(frozen=True)
class Found:
    """What ``read`` gave, its tally, and its Rejects by reason."""

    records: list[Message | Event | Reject]
    tally: files.Tally
    reasons: Counter[str]


def read(path: Path) -> Found:
    tally = files.Tally()
    records = list(files.read(path, "mailbox", NOW, tally))
    reasons = Counter(one.reason for one in records if isinstance(one, Reject))
    assert tally.messages_read == sum(isinstance(one, Message) for one in records)
    assert tally.messages_found == tally.messages_read + tally.messages_rejected
    assert tally.entries_found == tally.entries_read + tally.entries_rejected
    rejected = tally.messages_rejected + tally.entries_rejected + tally.other_rejects
    assert reasons.total() == rejected + tally.header_parts_rejected
    return Found(records, tally, reasons)


def assert_sound(records: list[Message | Event | Reject]) -> None:
    for one in records:
        if isinstance(one, Message):
            people = [one.author, one.sender, *one.reply_to, *one.to, *one.cc, *one.bcc]
            assert datetime(1990, 1, 1, tzinfo=UTC) <= one.sent_at
        elif isinstance(one, Event):
            people = [one.organizer, *one.attendees]
            assert datetime(1990, 1, 1, tzinfo=UTC) <= one.start_at <= min(NOW, one.end_at)
        else:
            continue
        for address in filter(None, people):
            local, at, host = address.address.partition("@")
            assert local and at and host and "@" not in host


@pytest.mark.parametrize(
    ("name", "messages"),
    [("b.a.t.m.a.n", 3_072), ("util-linux", 3_509), ("ksummit", 3_115)],
)
def test_every_message_of_a_kernel_list_is_read(data, tmp_path, name, messages):
    path = tmp_path / f"{name}.mbox"
    path.write_bytes(mbox_bytes(data / "06-kernel-lists" / f"{name}.mbox.zst"))
    assert messages_in(path.read_bytes()) == messages
    found = read(path)
    assert found.tally.messages_read == messages
    assert_sound(found.records)


def test_every_archive_of_the_apache_lists_is_read_and_its_one_dateless_message_rejected(data):
    paths = sorted((data / "08-apache-mbox").glob("*.mbox.gz"))
    assert len(paths) == 13
    reasons: Counter[str] = Counter()
    for path in paths:
        found = read(path)
        assert found.tally.messages_found == messages_in(mbox_bytes(path)), path.name
        reasons += found.reasons
        assert_sound(found.records)
    assert reasons == {mail.NO_DATE: 1}


def test_three_archivers_of_one_month_agree_on_its_messages(data):
    ids = [
        {
            one.internet_message_id
            for one in read(data / "08-apache-mbox" / f"maven-dev-2017-11-{name}.mbox.gz").records
            if isinstance(one, Message)
        }
        for name in ("mailarchivesao", "mboxvm")
    ]
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    ("name", "messages", "rejected"), [("easy-ham-1", 2_500, 0), ("spam-1", 500, 1)]
)
def test_mail_of_2002_is_read_but_for_one_without_any_possible_date(data, name, messages, rejected):
    path = data / "18-spamassassin-headers" / f"{name}.mbox.gz"
    found = read(path)
    assert found.tally.messages_found == messages_in(mbox_bytes(path)) == messages
    assert found.tally.messages_rejected == found.reasons[mail.NO_DATE] == rejected
    assert_sound(found.records)


def test_every_file_of_the_five_mailboxes_is_a_message(data, tmp_path):
    archive = data / "05-enron-maildir-headers" / "maildir-5-mailboxes.tar.zst"
    found = read(unpacked(archive, tmp_path))
    assert sum(path.is_file() for path in tmp_path.rglob("*")) == 1_329
    assert found.tally.messages_read == 1_329
    assert not found.reasons
    assert_sound(found.records)


@pytest.mark.parametrize("name", [*MALFORMED, "notmuch-default-threading"])
def test_of_malformed_mail_everything_is_read_or_rejected(data, tmp_path, name):
    where = "17-malformed-headers" if name in MALFORMED else "09-notmuch-corpora"
    folder = unpacked(data / where / f"{name}.tar.zst", tmp_path)
    contents = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    found = read(folder)
    sentences = 2 if name == "mimekit" else 0  # its unmunged.mbox: of four such lines two separate
    expected = sum(map(messages_in, contents)) - sentences
    assert found.tally.messages_found + found.tally.other_rejects == expected
    assert found.tally.other_rejects <= 4, "a README, empty files, headers of no mail"
    assert_sound(found.records)


@pytest.mark.parametrize("name", CALENDARS)
def test_every_entry_of_every_calendar_is_read_or_rejected(data, tmp_path, name):
    folder = unpacked(data / "15-ics-corpora" / f"{name}.tar.zst", tmp_path)
    contents = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    found = read(folder)
    entries = sum(len(re.findall(rb"(?im)^BEGIN:VEVENT\s*$", one)) for one in contents)
    assert found.tally.entries_found == entries > 0
    tasks = sum(len(re.findall(rb"(?im)^BEGIN:VTODO\s*$", one)) for one in contents)
    assert found.reasons[f"{calendar.NOT_AN_EVENT}: VTODO"] == tasks
    assert_sound(found.records)


@pytest.mark.parametrize("name", MALFORMED)
def test_headers_are_cut_as_compat32_cuts_them(data, tmp_path, name):
    folder = unpacked(data / "17-malformed-headers" / f"{name}.tar.zst", tmp_path)
    compared = 0
    for letter in containers.contents(folder, "source"):
        if not isinstance(letter, Letter):
            continue
        theirs = email.message_from_bytes(letter.block + b"\n", policy=email.policy.compat32)
        # Where a line is no field, compat32 ends the header and kith reads on.
        if any(type(one).__name__ == "MissingHeaderBodySeparatorDefect" for one in theirs.defects):
            continue
        ours = mail._fields(letter.block)
        for field in ("from", "to", "cc", "date", "message-id", "references"):
            expected = [str(value).split() for value in theirs.get_all(field, [])]
            if all("\ufffd" not in word for value in expected for word in value):
                assert [one.split() for one in ours.get(field, [])] == expected
        compared += 1
    assert compared >= 30
