"""Whom a command means: a person by address, person_id, name or part of a name.

Here: finding one among the published people, other spellings of names, near names.
Not here: what is said of the person (report.py, why.py), who is one person (identity.py).
"""

import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches

import duckdb

from pipelines.report_facts import called, readable

_CHOICES = 8
_NEAR = 3
_EVERYBODY = '`kith query "select name, address, person_id from people"` lists everybody'
_CONDITIONS = (
    "lower(address) = lower($text) or cast(person_id as varchar) = $text",
    "kind = 'person' and lower(name) = lower($text)",
    "kind = 'person' and contains(lower(concat_ws(' ', name, address)), lower($text))",
)
_PEOPLE = "select person_id, name, address from people where kind = 'person' order by 2, 3, 1"
# Letters that no decomposition takes apart; casefold() has made ss of ß.
_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
# The other way to write them without such a letter.
_PAIRS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})

Row = tuple[int, str | None, str | None]


class NoSuchPerson(ValueError):
    """Nobody, or more than one, answers to what was asked for; the text names the cure."""


def find_person(connection: duckdb.DuckDBPyConnection, text: str | None) -> int:
    """The person_id of an address, a person_id, a name or a part of one, whatever its case.

    Only where nobody is called so, accents and letters such as ø may be written another way.
    Without a text: oneself, else the first owner of a mailbox. Raises NoSuchPerson.
    """
    if text is None:
        return _oneself(connection)
    for condition in _CONDITIONS:
        rows = connection.execute(
            f"select person_id, name, address from people where {condition} order by 2, 3, 1",
            {"text": text.strip()},
        ).fetchall()
        if rows:
            return _only(text, rows)
    people = connection.execute(_PEOPLE).fetchall()
    asked = _spellings(text.strip())
    spelled = [(_spellings(name), row) for row in people if (name := row[1])]
    for rows in (
        [row for names, row in spelled if asked & names],
        [row for names, row in spelled if any(one in name for one in asked for name in names)],
    ):
        if rows and all(asked):
            return _only(text, rows)
    raise NoSuchPerson(
        f"nobody is called {readable(text) or 'nothing'}; {_near(asked, people)}{_EVERYBODY}"
    )


def _oneself(connection: duckdb.DuckDBPyConnection) -> int:
    rows = connection.execute(
        "select person_id from people where is_me or is_mailbox_owner "
        "order by is_me desc nulls last, name nulls last, person_id limit 1"
    ).fetchall()
    if not rows:
        raise NoSuchPerson(
            "no mailbox has an owner yet: import or connect one and run `kith run`, "
            "or name a person: `kith report ADDRESS`"
        )
    return rows[0][0]


def _only(text: str, rows: Sequence[Row]) -> int:
    """The person_id of the one that was found. Raises NoSuchPerson where there are more."""
    if len(rows) == 1:
        return rows[0][0]
    choices = ", ".join(map(_shown, rows[:_CHOICES]))
    more = f" and {len(rows) - _CHOICES} more" if len(rows) > _CHOICES else ""
    raise NoSuchPerson(
        f"{readable(text)} may be {choices}{more}; give what stands in <> for one of them"
    )


def _shown(row: Row) -> str:
    return f"{called(*row)} <{readable(row[2]) or row[0]}>"


def _near(asked: set[str], people: Sequence[Row]) -> str:
    """Up to three whose name, or a word of it, or address is nearly what was asked; else ""."""
    known: dict[str, list[Row]] = {}
    for row in people:
        names = _spellings(row[1] or "")
        words = {word for name in names for word in name.split()}
        for one in (names | words | {(row[2] or "").casefold()}) - {""}:
            known.setdefault(one, []).append(row)
    found: dict[Row, None] = {}
    for text in sorted(asked):
        for one in get_close_matches(text, known, _NEAR):
            found |= dict.fromkeys(known[one])
    return f"near is {', '.join(map(_shown, list(found)[:_NEAR]))}; " if found else ""


def _spellings(name: str) -> set[str]:
    """A name in small letters without accents: ü as u and as ue, ø as o and as oe."""
    text = unicodedata.normalize("NFKC", name).casefold()
    return {_bare(text), _bare(text.translate(_PAIRS))}


def _bare(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(part for part in parts if not unicodedata.category(part).startswith("M"))
