"""Whose mailboxes are read: include, exclude, and who opted out.

Here: choosing among the people of a directory, and the list of those who do not want to be read.
Not here: what may be published about whom (publish.py), erasing what was read.

Who opted out stands in ``credentials/opt-outs``, one keyed pseudonym to a line: the file names
nobody, survives the loss of the database, and is asked before any request is made.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import duckdb

from connectors import addresses, private_files
from connectors.records import Person
from pipelines import pseudonym_key
from pipelines.settings import Pull, Settings, SettingsError, make_private

Choice = Literal["read", "left out", "opted out"]
OPTED_OUT: Choice = "opted out"


@dataclass(frozen=True)
class Candidate:
    """Somebody in a directory who has a mailbox."""

    directory_id: str
    address: str
    address_keys: frozenset[int]
    department: str | None
    unit: str | None
    office: str | None


def candidates(connection: duckdb.DuckDBPyConnection, account_id: str) -> list[Candidate]:
    """The active people of a directory, as stored now, who have a mailbox; by address."""
    rows = connection.execute(
        "SELECT people.directory_id, texts.address, "
        "list_prepend(people.address_key, coalesce(people.alias_keys, [])), "
        "people.department, people.unit, people.office "
        "FROM raw.people AS people "
        "JOIN raw.addresses AS texts ON texts.address_key = people.address_key "
        "WHERE people.account_id = ? AND people.valid_to IS NULL "
        "AND people.is_active AND people.has_mailbox AND people.kind IN ('person', 'shared') "
        "ORDER BY texts.address",
        [account_id],
    ).fetchall()
    return [
        Candidate(directory_id, address, frozenset(keys), *place)
        for directory_id, address, keys, *place in rows
    ]


def is_candidate(person: Person) -> bool:
    """Whether a directory entry is somebody whose mail can be read: ``candidates`` for a record."""
    return person.is_active and person.has_mailbox and person.kind in ("person", "shared")


def candidate(person: Person, secret: bytes) -> Candidate:
    """A directory entry that is not stored yet, as a candidate."""
    known = (person.address, *person.aliases)
    return Candidate(
        person.directory_id,
        person.address,
        frozenset(addresses.address_key(secret, one) for one in known),
        person.department,
        person.unit,
        person.office,
    )


def choose(candidate: Candidate, pull: Pull, opted_out: Collection[int]) -> Choice:
    """Whether a mailbox is read. Raises SettingsError for a word of kith.toml it cannot read."""
    if candidate.address_keys.intersection(opted_out):
        return OPTED_OUT
    if any(_matches(candidate, word) for word in pull.exclude):
        return "left out"
    if pull.include and not any(_matches(candidate, word) for word in pull.include):
        return "left out"
    return "read"


def _matches(candidate: Candidate, word: str) -> bool:
    kind, colon, value = word.partition(":")
    if colon and kind == "department":
        return candidate.department == value
    if colon and kind == "office":
        return candidate.office == value
    if colon and kind == "unit":
        unit = (candidate.unit or "").rstrip("/")
        return candidate.unit is not None and f"{unit}/".startswith(f"{value.rstrip('/')}/")
    if word.startswith("@"):
        return addresses.domain(candidate.address) == word[1:].lower()
    if "@" in word:
        return addresses.canonical(candidate.address) == addresses.canonical(word)
    raise SettingsError(
        f"pull.include and pull.exclude take addresses, @domain, department:NAME, office:NAME and "
        f"unit:/PATH, not {word!r}"
    )


def opted_out(settings: Settings) -> frozenset[int]:
    """Keys of the addresses that are never to be read."""
    path = settings.credentials / "opt-outs"
    if not path.exists():
        return frozenset()
    return frozenset(int(line) for line in path.read_text(encoding="ascii").split())


def opt_out(settings: Settings, address: str, *, undo: bool = False) -> bool:
    """Put an address on the list, or take it off; whether that changed anything."""
    key = addresses.address_key(pseudonym_key.load(settings), address)
    before = opted_out(settings)
    after = before - {key} if undo else before | {key}
    if after == before:
        return False
    make_private(settings.data_folder)
    folder = make_private(settings.credentials)
    private_files.replace(folder / "opt-outs", "".join(f"{one}\n" for one in sorted(after)))
    return True
