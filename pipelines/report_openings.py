"""What the person of a report could do this month, read from the published openings.

Here: the rows of openings, with names as they may be shown and the commands that explain them.
Not here: how an opening is found (sql/metrics/openings.sql), the words around it (report.html).

Reasons are sentences of kith's own; the names that are put into them come from mail headers and
stay apart, so that the page can mark them as names.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb

from pipelines import report_facts
from pipelines.report_facts import Period

# Ways to say who is meant, in the reasons of openings.sql; the page says the name instead.
_CONTACT = re.compile(r"\b(the one|this contact)\b")
_SECOND = re.compile(r"\b(the other)\b")
_OPENINGS = """
    select kind, rank, contact_id, second_id, group_name, reason, events
    from openings
    where month = $month and person_id = $person
    order by kind, rank
"""


@dataclass(frozen=True)
class Part:
    """A piece of a sentence; a name is somebody else's text."""

    text: str
    is_name: bool = False


@dataclass(frozen=True)
class Opening:
    """One suggestion.

    second    the other of an introduction, else None
    group     the new direction, else None
    reason    what speaks for it, in pieces
    events    message:KEY or meeting:KEY, on which it rests
    explains  arguments of `kith why` that list the events: ids, never names
    """

    kind: str
    contact: str
    second: str | None
    group: str | None
    reason: tuple[Part, ...]
    events: tuple[str, ...]
    explains: tuple[str, ...]


def openings(
    connection: duckdb.DuckDBPyConnection, person_id: int, period: Period
) -> dict[str, list[Opening]]:
    """The suggestions of the described month by kind, the first of each kind first."""
    scope = {"month": period.month, "person": person_id}
    rows = connection.execute(_OPENINGS, scope).fetchall()
    ids = {one for row in rows for one in row[2:4] if one is not None}
    names = report_facts.names(connection, ids)
    found: dict[str, list[Opening]] = {}
    for kind, _, contact_id, second_id, group, reason, events in rows:
        pair = [one for one in (contact_id, second_id) if one is not None]
        found.setdefault(kind, []).append(
            Opening(
                kind,
                names[contact_id],
                names[second_id] if second_id is not None else None,
                report_facts.readable(group) or None,
                _named(reason, pair, names),
                tuple(events.split()),
                tuple(f"{person_id} {one} --month {period.month:%Y-%m}" for one in pair),
            )
        )
    return found


def _named(reason: str, pair: Sequence[int], names: Mapping[int, str]) -> tuple[Part, ...]:
    """The reason with names in the place of "the one" and "the other"."""
    meant = dict(zip((_CONTACT, _SECOND), pair, strict=False))
    parts = [Part(reason)]
    for words, one in meant.items():
        parts = [
            piece
            for part in parts
            for piece in (
                [part]
                if part.is_name
                else [
                    Part(names[one], is_name=True) if words.fullmatch(text) else Part(text)
                    for text in words.split(part.text)
                    if text
                ]
            )
        ]
    return tuple(parts)
