"""Files with small literal contents, read as an import reads them."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors import files
from connectors.records import Event, Message, Reject

IMPORTED_AT = datetime(2024, 6, 1, 12, tzinfo=UTC)
Records = list[Message | Event | Reject]


@pytest.fixture
def read_path() -> Callable[[Path], Records]:
    """Everything in a path; every message and entry is read or rejected, whatever the test."""

    def read(path: Path) -> Records:
        tally = files.Tally()
        found = list(files.read(path, "me@x.org", IMPORTED_AT, tally))
        assert tally.messages_found == tally.messages_read + tally.messages_rejected
        assert tally.entries_found == tally.entries_read + tally.entries_rejected
        assert tally.messages_read == sum(isinstance(one, Message) for one in found)
        return found

    return read


@pytest.fixture
def read_bytes(tmp_path: Path, read_path: Callable[[Path], Records]) -> Callable[..., Records]:
    """The same for one file with these contents."""

    def read(contents: bytes, name: str = "some.file") -> Records:
        path = tmp_path / name
        path.write_bytes(contents)
        return read_path(path)

    return read


@pytest.fixture
def read_header(read_bytes: Callable[..., Records]) -> Callable[..., Message]:
    """The one message with these header lines; From and Date are there unless given."""

    def read(*lines: str) -> Message:
        given = {line.partition(":")[0].lower() for line in lines}
        usual = {"from": "From: jane@x.org", "date": "Date: Mon, 1 Jan 2024 10:00:00 +0000"}
        missing = [line for name, line in usual.items() if name not in given]
        block = "\n".join([*missing, *lines]).encode()
        return next(
            one for one in read_bytes(block + b"\n\nbody\n", "m.eml") if isinstance(one, Message)
        )

    return read
