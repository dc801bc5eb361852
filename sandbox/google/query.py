"""The query of a request: parameters by name and type.

Here: which parameters every method knows, reading values. Not here: what a method makes of them.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sandbox.google import refusal

# Parameters of every method; those that change the form of the answer are refused.
SYSTEM = frozenset(("alt", "fields", "key", "prettyPrint", "quotaUser", "userIp"))


class Query:
    """Parameters of one request."""

    def __init__(self, values: Mapping[str, Sequence[str]], page_items: int | None = None) -> None:
        """Keep the values, each name with its own in their order; no page holds more items."""
        self.values = values
        self._page_items = page_items

    def check(self, known: frozenset[str]) -> None:
        """Raise Refusal (400) for a parameter that is neither in ``known`` nor in SYSTEM."""
        if not known.issuperset(self.values):
            for name in self.values:
                if name not in known and name not in SYSTEM:
                    raise refusal.unknown_parameter(name)

    def many(self, name: str) -> tuple[str, ...]:
        """Every value of a repeatable parameter."""
        return tuple(self.values.get(name, ()))

    def one(self, name: str) -> str | None:
        """The value of a parameter, the last one where it is repeated; None without one."""
        values = self.values.get(name)
        return values[-1] if values else None

    def flag(self, name: str) -> bool:
        """Whether a parameter is true. Raises Refusal (400) for neither true nor false."""
        value = self.one(name) or "false"
        if value.lower() not in ("true", "false"):
            raise refusal.bad_value(name, "TYPE_BOOL", value)
        return value.lower() == "true"

    def number(self, name: str) -> int | None:
        """A whole number; None without one. Raises Refusal (400) for anything else."""
        value = self.one(name)
        if value is None:
            return None
        if not value.isascii() or not value.isdigit():
            raise refusal.bad_value(name, "TYPE_UINT32", value)
        return int(value)

    def page_size(self, default: int, most: int) -> int:
        """The value of maxResults; more than ``most`` counts as ``most``, none as ``default``."""
        return min(self.number("maxResults") or default, most, self._page_items or most)

    def moment(self, name: str) -> datetime | None:
        """A time with its zone, as UTC. Raises Refusal (400) for one without, or for no time."""
        value = self.one(name)
        if value is None:
            return None
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            raise refusal.calendar_invalid("Bad Request", name) from None
        if at.tzinfo is None:
            raise refusal.calendar_invalid("Bad Request", name)
        return at.astimezone(UTC)
