"""Answers in real archives, held to what their raw headers and another implementation say.

Totals only: the people are real. The oracles read raw headers with the standard library and share
no code with kith.
"""

import email
import re
from collections import Counter, defaultdict
from email.utils import format_datetime
from pathlib import Path

import duckdb
import pytest
import zstandard

from connectors.addresses import text_key
from pipelines import imports, pseudonym_key
from pipelines.build import build, stale_range
from pipelines.models import Graph
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse

SECRET = bytes(range(32))
FIELDS = ("In-Reply-To", "References")
ID = re.compile(r"<[^<>]+>")


def answers(folder: Path, mbox: Path, owner: str, *questions: str) -> list[list[tuple]]:
    """Rows of each question to a warehouse in which one archive was computed up to its replies."""
    settings = Settings(data=folder / "data")
    pseudonym_key.write(settings, SECRET)
    imports.keep(settings, mbox, owner, SECRET)
    graph = Graph.load()
    with Warehouse(settings).connect() as connection:
        imports.load(connection, settings, SECRET)
        stale_range(connection, graph)
        for name in ("staging.recipients", "staging.messages", "staging.replies"):
            build(connection, graph, graph[name])
        return [connection.execute(question).fetchall() for question in questions]


def blocks(mbox: Path) -> list[email.message.Message]:
    """Every header block of an mbox without bodies."""
    return [
        email.message_from_bytes(part)
        for part in re.split(rb"(?m)^From .*\n", mbox.read_bytes())[1:]
    ]


def ids(message: email.message.Message, name: str) -> list[str]:
    return ID.findall(str(message.get(name) or ""))


FOUND = """
    SELECT
        count(*) FILTER (messages.in_reply_to_key IS NOT NULL),
        count(*) FILTER (replies.found_by = 'in_reply_to'),
        count(*) FILTER (
            messages.in_reply_to_key IS NOT NULL OR array_length(messages.reference_keys) > 0
        ),
        count(*) FILTER (replies.found_by IN ('in_reply_to', 'references'))
    FROM staging.messages AS messages
    LEFT JOIN staging.replies AS replies USING (month, message_key)
    WHERE NOT messages.is_automated
"""


@pytest.mark.parametrize(
    ("name", "share"), [("b.a.t.m.a.n", 0.922), ("util-linux", 0.973), ("ksummit", 0.991)]
)
def test_as_many_parents_are_found_as_the_archive_holds(data: Path, tmp_path: Path, name, share):
    mbox = tmp_path / f"{name}.mbox"
    packed = (data / "06-kernel-lists" / f"{name}.mbox.zst").read_bytes()
    mbox.write_bytes(zstandard.ZstdDecompressor().stream_reader(packed).read())
    copies = defaultdict(list)
    for one in blocks(mbox):
        # What a machine sent answers nothing.
        if one.get("Auto-Submitted", "no") == "no":
            copies[ids(one, "Message-ID")[0]].append(one)
    known = {found for one in blocks(mbox) for found in ids(one, "Message-ID")[:1]}
    direct = [
        {found for one in letters for found in ids(one, "In-Reply-To")[:1]}
        for letters in copies.values()
    ]
    named = [
        {found for one in letters for field in FIELDS for found in ids(one, field)} - {own}
        for own, letters in copies.items()
    ]
    ((row,),) = answers(tmp_path, mbox, f"{name}@lists.example", FOUND)
    assert row == (
        sum(bool(some) for some in direct),
        sum(bool(some & known) for some in direct),
        sum(bool(some) for some in named),
        sum(bool(some & known) for some in named),
    )
    assert row[1] / row[0] == pytest.approx(share, abs=0.001)


LINKS = "SELECT message_key, parent_key FROM staging.replies WHERE found_by <> 'thread'"


def threads(parents: dict[int, int], keys: list[int]) -> dict[int, int]:
    """Message -> the first of its thread, walking from each answer to what it answers."""
    firsts = {}
    for key in keys:
        first = key
        while first in parents:
            first = parents[first]
        firsts[key] = first
    return firsts


def sets(thread_of: dict[int, object]) -> dict[int, frozenset[int]]:
    """Message -> all messages of its thread."""
    members = defaultdict(set)
    for key, thread in thread_of.items():
        members[thread].add(key)
    return {key: frozenset(members[thread]) for key, thread in thread_of.items()}


def pairs(*thread_of: dict[int, object]) -> int:
    """How many pairs of messages are in one thread by all these divisions."""
    sizes = Counter(zip(*(one.values() for one in thread_of), strict=True))
    return sum(size * (size - 1) // 2 for size in sizes.values())


# The other implementation also read References and subjects, which its tables no longer hold: what
# it puts together and kith does not. It did not read the prose of the nineties, `Your message of
# "Thu" <id>`, which is what kith puts together and it does not.
@pytest.mark.parametrize(
    ("name", "floors"),
    [
        ("r-help-1995-1999", {"links": 0.86, "pairs": 0.81, "their pairs": 0.47, "threads": 0.47}),
        ("r-sig-debian", {"links": 0.97, "pairs": 0.92, "their pairs": 0.95, "threads": 0.85}),
    ],
)
def test_threads_agree_with_another_implementation(data: Path, tmp_path: Path, name, floors):
    parquet = data / "07-r-mailing-lists" / f"{name}.parquet"
    rows = duckdb.sql(
        "SELECT date, from_email_hash, trim(message_id), in_reply_to, thread_id "
        f"FROM '{parquet}' ORDER BY ALL"
    ).fetchall()
    mbox = tmp_path / f"{name}.mbox"
    with mbox.open("w", encoding="utf-8", newline="\n") as file:
        for sent_at, sender, message_id, in_reply_to, _ in rows:
            file.write(f"From archive {sent_at:%a %b %d %H:%M:%S %Y}\n")
            file.write(f"Date: {format_datetime(sent_at)}\nMessage-ID: {message_id}\n")
            file.write(f"From: {sender[:16]}@r.example\nTo: list@r.example\n")
            file.write(f"In-Reply-To: {' '.join(in_reply_to.split())}\n\n" if in_reply_to else "\n")
    (links,) = answers(tmp_path, mbox, "list@r.example", LINKS)
    theirs = {
        text_key(SECRET, ID.findall(message_id)[0].strip("<>")): thread
        for _, _, message_id, _, thread in rows
    }
    assert len(theirs) == len(rows)
    ours = threads(dict(links), list(theirs))
    assert {key for link in links for key in link} <= theirs.keys()
    together = pairs(ours, theirs)
    our_sets, their_sets = sets(ours), sets(theirs)
    measured = {
        "links": sum(theirs[answer] == theirs[parent] for answer, parent in links) / len(links),
        "pairs": together / pairs(ours),
        "their pairs": together / pairs(theirs),
        "threads": sum(our_sets[key] == their_sets[key] for key in theirs) / len(theirs),
    }
    assert {what: share for what, share in measured.items() if share < floors[what]} == {}
