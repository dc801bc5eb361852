"""people.toml: what a human knows of who is who, and what every rule gives way to.

Here: reading and refusing it (people.example.toml shows how it is written).
Not here: its rows (ingest.py), what rules find (sql/staging/join_evidence.sql).
"""

import tomllib
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from connectors import addresses
from pipelines.settings import SettingsError

Kind = Literal["person", "robot", "list", "room", "group"]


def _canonical(text: str) -> str:
    found = addresses.parse([text])
    if len(found) != 1:
        raise ValueError(f"“{text}” is not one address")
    return addresses.canonical(found[0].address)


def _different(found: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(found)) < 2:
        raise ValueError("name at least two different addresses")
    return found


_Address = Annotated[str, AfterValidator(_canonical)]
_Several = Annotated[tuple[_Address, ...], AfterValidator(_different)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    note: str | None = None


class Join(_Entry):
    """Addresses of one person."""

    addresses: _Several


class Apart(_Entry):
    """Addresses of which no two are one person's."""

    addresses: _Several


class OfKind(_Entry):
    """Addresses that are of one kind, whatever they look like."""

    kind: Kind
    addresses: Annotated[tuple[_Address, ...], Field(min_length=1)]


class PeopleFile(BaseModel):
    """The whole file; all addresses in canonical form."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    join: tuple[Join, ...] = ()
    apart: tuple[Apart, ...] = ()
    kind: tuple[OfKind, ...] = ()


def read(path: Path, own: Iterable[str] = ()) -> PeopleFile:
    """The file at ``path``; an empty one where there is none.

    own  the addresses of [me], which are one person too
    Raises SettingsError that names file, entry and cure for an unknown key, an entry without
    addresses, and for entries that contradict each other.
    """
    if not path.is_file():
        return PeopleFile()
    try:
        found = PeopleFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not readable as TOML: {error}") from error
    except ValidationError as error:
        problems = "; ".join(
            f"{_place(one['loc'])}: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors()
        )
        raise SettingsError(
            f"{path.name}: {problems}; people.example.toml shows every entry"
        ) from error
    _refuse_contradictions(path, found, [addresses.canonical(one) for one in own])
    return found


def _place(location: tuple[str | int, ...]) -> str:
    """("join", 1, "note") -> "[[join]] 2, note"; entries are counted from 1."""
    if len(location) < 2:
        return str(location[0])
    name, number, *parts = location
    return ", ".join([f"[[{name}]] {int(number) + 1}", *map(str, parts)])


def _refuse_contradictions(path: Path, found: PeopleFile, own: list[str]) -> None:
    joined: dict[str, set[str]] = {}
    for members in [set(own), *(set(entry.addresses) for entry in found.join)]:
        # Entries that share an address speak of one person.
        whole = members.union(*(joined.get(one, set()) for one in members))
        joined.update(dict.fromkeys(whole, whole))
    for number, entry in enumerate(found.apart, 1):
        for one, other in combinations(sorted(set(entry.addresses)), 2):
            if other in joined.get(one, ()):
                raise SettingsError(
                    f"{path.name}: [[apart]] {number} holds {one} and {other} apart, which "
                    "[[join]] or [me] makes one person; take them out of one of the two"
                )
    kinds: dict[str, tuple[str, int]] = {}
    for number, entry in enumerate(found.kind, 1):
        for one in entry.addresses:
            kind, earlier = kinds.setdefault(one, (entry.kind, number))
            if kind != entry.kind:
                raise SettingsError(
                    f"{path.name}: [[kind]] {number} calls {one} a {entry.kind}, [[kind]] "
                    f"{earlier} a {kind}; keep one of the two"
                )
