"""Keys in one column, for tools that join tables on one: added where data leave, never stored.

Here: which keys there are, which tables have them, and how they are made.
Not here: writing them (publish.py), their words in pages and dictionary (meanings.py).
"""

from dataclasses import dataclass

from pipelines.models import Model


@dataclass(frozen=True)
class PublishedKey:
    """Several columns of a grain as one text, numbers in decimal with a hyphen between.

    Text, because two numbers of 53 bits do not fit into one that every reader holds exactly, and
    a digest of them would give two of 30 million pairs the same number in one of twenty cases.
    """

    name: str
    columns: tuple[str, ...]
    meaning: str

    @property
    def sql(self) -> str:
        """The expression that makes it."""
        return " || '-' || ".join(f"CAST({column} AS VARCHAR)" for column in self.columns)


KEYS = (
    PublishedKey(
        "tie_id",
        ("person_id", "contact_id"),
        "person_id and contact_id as one text, a hyphen between: the key of ties for tools that "
        "join on one column; made at publication, only in parquet/",
    ),
)


def keys(model: Model) -> tuple[PublishedKey, ...]:
    """The keys that the table has behind its own columns; none where it is not published."""
    is_published = model.schema == "metrics"
    return tuple(key for key in KEYS if is_published and set(key.columns) <= set(model.grain))
