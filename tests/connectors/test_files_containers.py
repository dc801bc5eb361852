"""Which messages and calendars lie in a path, and what no path can do to us."""

import gzip
import io
import os
import stat
import tracemalloc
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors import files
from connectors.files import containers, mail, streams
from connectors.records import Event, Message, Reject

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
ENVELOPE = "From jane@x.org Mon Jan  1 10:00:00 2024\n"


def eml(number: int, *lines: str, body: str = "body\n") -> str:
    header = [
        "From: jane@x.org",
        f"Message-ID: <{number}@x>",
        "Date: Mon, 1 Jan 2024 10:00:00 +0000",
        *lines,
    ]
    return "\n".join(header) + "\n\n" + body


def mbox(*messages: str) -> bytes:
    return "\n".join(ENVELOPE + message for message in messages).encode()


ICS = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20240101T100000Z\r\n"
    b"END:VEVENT\r\nEND:VCALENDAR\r\n"
)


def ids(records) -> list[str]:
    return [one.internet_message_id for one in records if isinstance(one, Message)]


def rejects(records) -> list[tuple[str, str]]:
    return [(one.locator, one.reason) for one in records if isinstance(one, Reject)]


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, contents in members.items():
            archive.writestr(name, contents)
    return path


# mbox


def test_the_messages_of_an_mbox_are_read_in_order(read_bytes):
    assert ids(read_bytes(mbox(eml(1), eml(2), eml(3)))) == ["1@x", "2@x", "3@x"]


def test_windows_line_ends_change_nothing(read_bytes):
    plain = mbox(eml(1), eml(2))
    assert read_bytes(plain.replace(b"\n", b"\r\n")) == read_bytes(plain)


def test_a_quoted_from_line_belongs_to_the_body(read_bytes):
    body = f"text\n\n>{ENVELOPE}To: nobody@x.org\n\n>>{ENVELOPE}"
    assert ids(read_bytes(mbox(eml(1, body=body), eml(2)))) == ["1@x", "2@x"]


def test_a_sentence_that_begins_with_from_is_no_separator(read_bytes):
    body = "hello\n\nFrom here on it is easy:\nall is said: done\n\nFrom 10:30 in 2024 on\nwe eat\n"
    assert ids(read_bytes(mbox(eml(1, body=body), eml(2)))) == ["1@x", "2@x"]


@pytest.mark.parametrize("envelope", ["From -\n", "From \n", "From ??? \n", ENVELOPE])
def test_every_known_separator_separates(read_bytes, envelope):
    contents = f"{envelope}{eml(1)}\n{envelope}{eml(2)}".encode()
    assert ids(read_bytes(contents)) == ["1@x", "2@x"]


def test_a_separator_with_a_date_needs_no_blank_line_before(read_bytes):
    contents = f"{ENVELOPE}{eml(1, body='no line end')}\n{ENVELOPE}{eml(2)}".encode()
    assert ids(read_bytes(contents)) == ["1@x", "2@x"]


def test_messages_without_body_or_header_are_counted(read_bytes):
    records = read_bytes(f"{ENVELOPE}\n{ENVELOPE}{eml(2, body='')}{ENVELOPE}\n".encode())
    assert ids(records) == ["2@x"]
    assert rejects(records) == [("message 1", mail.NO_HEADER), ("message 3", mail.NO_HEADER)]


def test_the_length_of_a_rejected_message_is_that_of_all_its_lines(read_bytes):
    lost = ENVELOPE + eml(1, "X-Unsent: 1", body="x" * 1000 + "\n")
    records = read_bytes((lost + "\n" + ENVELOPE + eml(2)).encode())
    assert [one.length for one in records if isinstance(one, Reject)] == [len(lost) + 1]


def test_a_byte_order_mark_and_blank_lines_before_an_mbox_are_passed_over(read_bytes):
    assert ids(read_bytes(b"\xef\xbb\xbf\r\n\n" + mbox(eml(1)))) == ["1@x"]


def test_separators_on_the_edge_of_the_buffer_are_found(read_bytes, monkeypatch):
    monkeypatch.setattr(streams, "_CHUNK", 1)
    monkeypatch.setattr(streams, "_LOOKAHEAD", 60)
    monkeypatch.setattr(streams, "HEADER_BYTES", 130)
    expected = [f"{number}@x" for number in range(40)]
    assert ids(read_bytes(mbox(*(eml(n, body="b\n" * n) for n in range(40))))) == expected


def test_a_header_beyond_one_mebibyte_costs_only_its_own_message(read_bytes):
    huge = eml(1, "X-Huge: " + "x" * (2 << 20))
    records = read_bytes(mbox(huge, eml(2)))
    assert ids(records) == ["2@x"]
    assert rejects(records) == [("message 1", mail.HEADER_TOO_LONG)]


def test_one_line_of_any_length_in_a_body_costs_nothing(read_bytes):
    assert ids(read_bytes(mbox(eml(1, body="x" * (9 << 20) + "\n"), eml(2)))) == ["1@x", "2@x"]


def test_memory_does_not_grow_with_the_file(tmp_path):
    path = tmp_path / "big.mbox"
    with path.open("wb") as stream:
        for number in range(30):
            stream.write(mbox(eml(number, body="a line of a body\n" * 60_000)) + b"\n")
    assert path.stat().st_size > 30_000_000
    tracemalloc.start()
    try:
        assert sum(isinstance(one, Message) for one in files.read(path, "me", NOW)) == 30
        assert tracemalloc.get_traced_memory()[1] < 16 << 20, "buffer of 4 MiB, held three times"
    finally:
        tracemalloc.stop()


# gzip


def test_what_gzip_packed_is_read_as_if_it_were_not(read_bytes):
    assert ids(read_bytes(gzip.compress(mbox(eml(1), eml(2))), "a.mbox")) == ["1@x", "2@x"]
    assert ids(read_bytes(gzip.compress(eml(1).encode()), "a.eml")) == ["1@x"]
    assert isinstance(read_bytes(gzip.compress(ICS), "a.ics")[0], Event)


def test_a_packed_file_that_breaks_off_gives_what_came_before_and_says_so(read_bytes):
    noise = "".join(f"{os.urandom(30).hex()}\n" for _ in range(2_000))
    packed = gzip.compress(mbox(eml(1), eml(2, body=noise), eml(3)))
    records = read_bytes(packed[: len(packed) // 2])
    assert ids(records) == ["1@x", "2@x"]
    assert rejects(records) == [("file", streams.DAMAGED)]


def test_a_bomb_ends_with_a_sentence_that_names_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "UNPACKED_BYTES_ALWAYS", 1 << 20)
    bomb = mbox(eml(1)) + bytes(16 << 20)  # packs a thousand times
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bomb))
    zipped(tmp_path / "bomb.zip", {"a.mbox": bomb})
    for name in ("bomb.gz", "bomb.zip"):
        with pytest.raises(files.UnreadablePath, match="250 times its size"):
            list(files.read(tmp_path / name, "me", NOW))


# zip and Takeout


def test_a_takeout_is_read_from_its_zip_and_from_its_folder(tmp_path, read_path):
    labelled = eml(1, "X-Gmail-Labels: Inbox,Work"), eml(2, "X-Gmail-Labels: Spam")
    members = {
        "Takeout/Mail/All mail.mbox": mbox(*labelled),
        "Takeout/Calendar/jane.ics": ICS,
        "Takeout/archive_browser.html": b"<html></html>",
    }
    folder = tmp_path / "unpacked"
    for name, contents in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(contents)
    for path in (zipped(tmp_path / "takeout.zip", members), folder):
        records = read_path(path)
        assert [type(one) for one in records] == [Event, Message, Reject, Reject]
        assert records[1].folder_ids == ("inbox",)
        assert rejects(records) == [
            ("file 2, message 2", "spam"),
            ("file 3", streams.UNKNOWN),
        ]


def test_members_are_read_by_content_whatever_their_names(tmp_path, read_path):
    names = ["../../etc/passwd", "/absolute", "CON", "a\nb", "\u202egpj.exe", "%2e%2e", "c:\\x"]
    members = {name: eml(number).encode() for number, name in enumerate(names)}
    records = read_path(zipped(tmp_path / "odd.zip", members))
    assert sorted(ids(records)) == [f"{number}@x" for number in range(len(names))]
    assert list(tmp_path.iterdir()) == [tmp_path / "odd.zip"], "nothing was unpacked"


def test_an_archive_inside_an_archive_is_rejected(tmp_path, read_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.eml", eml(1))
    members = {"a.zip": inner.getvalue(), "b.gz": gzip.compress(mbox(eml(2))), "c.eml": b""}
    assert rejects(read_path(zipped(tmp_path / "nested.zip", members))) == [
        ("file 1", streams.NESTED),
        ("file 2", streams.NESTED),
        ("file 3", streams.EMPTY),
    ]


def test_a_link_in_a_zip_is_rejected(tmp_path, read_path):
    path = tmp_path / "link.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("link.eml")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert rejects(read_path(path)) == [("file 1", containers.LINK)]


def test_a_damaged_member_costs_only_itself(tmp_path, read_path):
    path = tmp_path / "damaged.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.mbox", mbox(eml(1)))
        archive.writestr("b.mbox", mbox(eml(2)))
    path.write_bytes(path.read_bytes().replace(b"<1@x>", b"<7@x>"))  # the checksum tells
    records = read_path(path)
    assert "2@x" in ids(records)
    assert rejects(records) == [("file 1", streams.DAMAGED)]


def _locked(path: Path) -> bytes:
    contents = bytearray(zipped(path, {"a.eml": eml(1).encode()}).read_bytes())
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        contents[contents.index(magic) + flags] |= 1
    return bytes(contents)


def _overlapping(path: Path) -> bytes:
    contents = bytearray(
        zipped(path, {"a.eml": eml(1).encode(), "b.eml": eml(2).encode()}).read_bytes()
    )
    second = contents.rindex(b"PK\x01\x02")
    contents[second + 42 : second + 46] = bytes(4)  # the second member starts where the first does
    return bytes(contents)


def _huge_directory(path: Path) -> bytes:
    contents = bytearray(zipped(path, {"a.eml": eml(1).encode()}).read_bytes())
    end = contents.rindex(b"PK\x05\x06")
    contents[end + 12 : end + 16] = (1 << 31).to_bytes(4, "little")
    return bytes(contents)


# Paths that cannot be imported


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: b"", "is empty"),
        (lambda path: gzip.compress(b""), "is empty"),
        (lambda path: gzip.compress(mbox(eml(1)))[:12], "damaged or cut off"),
        (lambda path: b"name,age\njane,30\n", "neither mail nor calendar"),
        (lambda path: b"\x89PNG\r\n\x1a\n", "neither mail nor calendar"),
        (lambda path: b"From here to there\nwe go\n", "neither mail nor calendar"),
        (lambda path: gzip.compress(gzip.compress(mbox(eml(1)))), "neither mail nor calendar"),
        (lambda path: b"\x28\xb5\x2f\xfd....", "zstd -d"),
        (lambda path: b"PK\x03\x04 cut off", "damaged or cut off"),
        (_locked, "locked by a password"),
        (_overlapping, "damaged or cut off"),
        (_huge_directory, "more than 100,000 files"),
    ],
)
def test_an_unreadable_file_is_one_sentence_before_anything_is_read(tmp_path, make, words):
    path = tmp_path / "some.file"
    path.write_bytes(make(path))
    with pytest.raises(files.UnreadablePath, match=words):
        files.read(path, "me", NOW)


def test_a_missing_path_an_empty_folder_and_a_pipe_are_one_sentence_each(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, words in {
        "missing": "does not exist",
        "empty": "holds no files",
        "pipe": "no regular file",
        "loop": "cannot be read",
    }.items():
        with pytest.raises(files.UnreadablePath, match=words):
            files.read(tmp_path / name, "me", NOW)


# Folders


def test_a_maildir_is_read_with_its_folders_and_flags(tmp_path, read_path):
    for number, name in enumerate(
        [
            "cur/a:2,S",
            "new/b",
            ".Sent/cur/c:2,S",
            ".Projects.My divorce/cur/d:2,",
            ".Drafts/cur/e:2,",
            ".Junk/new/f",
            "cur/g:2,DS",
            "cur/h:2,ST",
            "tmp/i",
        ]
    ):
        path = tmp_path / "Maildir" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(eml(number))
    records = read_path(tmp_path / "Maildir")
    assert {
        one.internet_message_id: one.folder_ids for one in records if isinstance(one, Message)
    } == {
        "0@x": ("inbox",),
        "1@x": ("inbox",),
        "2@x": ("sent",),
        "3@x": ("folder 1",),
    }
    assert Counter(reason for _, reason in rejects(records)) == {
        "draft": 2,
        "spam": 1,
        "trash": 1,
        containers.UNFINISHED: 1,
    }
    assert "divorce" not in repr(records)


def test_a_folder_of_mail_files_is_read_in_sorted_order(tmp_path, read_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "1.eml").write_text(eml(2))
    (tmp_path / "a.eml").write_text(eml(1))
    (tmp_path / "c.mbox.gz").write_bytes(gzip.compress(mbox(eml(3), "broken\n\n")))
    (tmp_path / "d.txt").write_text("notes")
    records = read_path(tmp_path)
    assert ids(records) == ["1@x", "2@x", "3@x"]
    assert rejects(records) == [
        ("file 3, message 2", mail.NO_HEADER),
        ("file 4", streams.UNKNOWN),
    ]


def test_links_pipes_and_what_lies_too_deep_are_rejected_and_never_opened(tmp_path, read_path):
    folder = tmp_path / "mail"
    folder.mkdir()
    (tmp_path / "secret.eml").write_text(eml(1))
    (folder / "a").symlink_to(tmp_path / "secret.eml")
    (folder / "b").symlink_to(tmp_path)
    os.mkfifo(folder / "c")
    deep = folder.joinpath(*["d"] * 70)
    deep.mkdir(parents=True)
    (deep / "deep.eml").write_text(eml(2))
    assert rejects(read_path(folder)) == [
        ("file 1", containers.LINK),
        ("file 2", containers.LINK),
        ("file 3", containers.NO_FILE),
        ("file 4", containers.TOO_DEEP),
    ]


# Fingerprints


def test_a_file_has_the_fingerprint_of_its_bytes_whatever_its_name(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"abc")
    # FIPS 180-2, example B.1
    assert files.fingerprint(tmp_path / "a").startswith("ba7816bf8f01cfea414140de5dae2223")
    assert files.fingerprint(tmp_path / "a") == files.fingerprint(tmp_path / "b")


def test_a_maildir_keeps_its_fingerprint_when_mail_is_read_and_not_when_it_comes(tmp_path):
    for folder in ("cur", "new"):
        (tmp_path / folder).mkdir()
    (tmp_path / "new" / "a").write_text(eml(1))
    before = files.fingerprint(tmp_path)
    (tmp_path / "new" / "a").rename(tmp_path / "cur" / "a:2,S")
    assert files.fingerprint(tmp_path) == before
    (tmp_path / "new" / "b").write_text(eml(1))
    assert files.fingerprint(tmp_path) != before


def test_the_fingerprint_of_a_pipe_or_of_nothing_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "missing"):
        with pytest.raises(files.UnreadablePath):
            files.fingerprint(tmp_path / name)
