"""What the columns of a model mean, in words for people.

Here: meaning, unit, question, how to read high and low, formula, values and an example of each
column, out of the comments of its SQL file; and of the keys that publication adds.
Not here: the grammar of these comments (models.py) and where the words are shown (publish.py,
metrics_page.py, data_map.py).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from pipelines.models import OF_COLUMNS, Model
from pipelines.published_keys import keys

_UNITS = frozenset(
    "contacts copies days hours messages nats openings pairs people questions ratio ties".split()
) | {"messages a day", "UTC", "date, UTC"}
_RANGE = re.compile(r"-?\d+ to -?\d+")


@dataclass(frozen=True)
class Meaning:
    """The words that stand for one column; None where the file says nothing.

    text        what it is, and when it is undefined
    unit        unit, or the range of a share
    formula     in words and the names of columns
    expression  of the last SELECT, where that does more than to name another column
    """

    text: str
    unit: str | None
    asks: str | None
    high: str | None
    low: str | None
    formula: str | None
    expression: str | None
    values: str | None
    example: str | None


def of(model: Model) -> Mapping[str, Meaning]:
    """Column -> its words, in the order of the columns."""
    said = {label: model.said(label) for label in OF_COLUMNS}
    expressions = {
        column.alias_or_name: column.unalias().sql("duckdb", comments=False)
        for column in model.query.selects
        if not isinstance(column.unalias(), exp.Column)
    }
    found = {}
    for column, comment in model.columns.items():
        text, unit = split_unit(comment)
        words = {label.lower(): texts.get(column) for label, texts in said.items()}
        found[column] = Meaning(text=text, unit=unit, expression=expressions.get(column), **words)
    return found


def of_published(model: Model) -> Mapping[str, Meaning]:
    """Column of the published table -> its words: the model's own, then the keys made for it."""
    nothing = dict.fromkeys(("unit", "asks", "high", "low", "formula", "values", "example"))
    made = {
        key.name: Meaning(text=key.meaning, expression=key.sql, **nothing) for key in keys(model)
    }
    return {**of(model), **made}


def split_unit(comment: str) -> tuple[str, str | None]:
    """Meaning and unit of a comment ``meaning; null where ...; unit``."""
    text, _, last = comment.rpartition("; ")
    if text and (last in _UNITS or _RANGE.fullmatch(last)):
        return text, last
    return comment, None
