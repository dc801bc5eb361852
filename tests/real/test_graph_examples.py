"""The example responses that Microsoft publishes pass the parser as they are.

The oracles look at the JSON alone and share no code with the connector.
"""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.microsoft import events, messages, users
from connectors.records import Event, Mailbox, Message, Reject, table

AT = datetime(2026, 11, 23, tzinfo=UTC)
EVER = datetime(1990, 1, 1, tzinfo=UTC)
MAILBOX = Mailbox(mailbox_id="microsoft-1", provider="microsoft", address="adele@contoso.example")

Item = dict[str, Any]


@pytest.fixture(scope="session")
def examples(data: Path) -> list[Item]:
    """Every object in every published response, however deep."""
    found: list[Item] = []
    for path in sorted((data / "13-msgraph-payloads").iterdir()):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        found += objects(json.loads(content))
    return found


def objects(value: Any) -> Iterator[Item]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from objects(one)


def having(examples: list[Item], *names: str) -> list[Item]:
    return [one for one in examples if "id" in one and all(name in one for name in names)]


def addresses_in(*recipients: Any) -> set[str]:
    """Addresses of recipients that look like one."""
    texts = (str((one.get("emailAddress") or {}).get("address")) for one in recipients if one)
    return {text.lower() for text in texts if "@" in text}


def is_time(text: Any) -> bool:
    return isinstance(text, str) and text[:4].isdigit() and text[:4] >= "1990"


def test_every_message_is_read(examples: list[Item]):
    items = having(examples, "receivedDateTime")
    assert len(items) > 15
    read = 0
    for item in items:
        found = list(messages.records(item, MAILBOX, "folder", EVER))
        is_mail = bool(item.get("internetMessageId")) and item.get("isDraft") is not True
        is_dated = is_time(item["receivedDateTime"])
        kinds = [type(one) for one in found[:1]]
        assert kinds == ([Message if is_dated else Reject] if is_mail else [])
        for one in found[:1] if is_mail and is_dated else []:
            read += 1
            assert table([one], Message).num_rows == 1
            told = {each.address.lower() for each in (*one.to, *one.cc, *one.bcc)}
            groups = (item.get(f"{name}Recipients") or [] for name in ("to", "cc", "bcc"))
            assert told == addresses_in(*(each for group in groups for each in group))
            author = addresses_in(item.get("from"))
            assert {each.address.lower() for each in [one.author] if each} == author
    assert read > 5


def test_every_event_is_read(examples: list[Item]):
    items = [one for one in having(examples, "start", "end") if isinstance(one["start"], dict)]
    assert len(items) > 30
    read = 0
    for item in items:
        found = list(events.records(item, MAILBOX, item.get("iCalUId"), EVER))
        dated = is_time(item["start"].get("dateTime"))
        assert [type(one) for one in found[:1]] == [Event if dated else Reject]
        for one in found[:1] if dated else []:
            read += 1
            assert table([one], Event).num_rows == 1
            assert one.end_at >= one.start_at
            told = {each.address.lower() for each in one.attendees}
            invited = addresses_in(*(item.get("attendees") or []))
            assert told >= invited
            assert told - invited <= addresses_in(item.get("organizer"))
    assert read > 10


def test_every_user_is_read(examples: list[Item]):
    items = having(examples, "userPrincipalName", "displayName")
    assert len(items) > 20
    for item in items:
        one = users.person(item, AT)
        assert one.directory_id == item["id"]
        wanted = str(item.get("mail") or item["userPrincipalName"]).lower()
        assert (one.address or "").lower() == (wanted if "@" in wanted else "")


def test_nothing_that_somebody_wrote_comes_through(examples: list[Item]):
    texts = {
        str(item[name])
        for item in examples
        for name in ("subject", "bodyPreview")
        if isinstance(item.get(name), str) and len(item[name]) > 12
    }
    assert len(texts) > 30
    kept = [
        record
        for item in having(examples, "receivedDateTime")
        for record in messages.records(item, MAILBOX, "folder", EVER)
    ] + [
        record
        for item in having(examples, "start", "end")
        for record in events.records(item, MAILBOX, None, EVER)
    ]
    said = repr(kept)
    assert not [text for text in texts if text in said]
