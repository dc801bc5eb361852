"""Single values of Graph's JSON, read so that nothing in them can break a pull.

Here: texts, instants, times with a zone by name, recipients.
Not here: which property means what (messages.py, events.py, users.py).

What is missing, of another type than the documentation says, or null is None.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from connectors import addresses
from connectors.records import Address

Item = Mapping[str, Any]

# Names that Exchange uses beside those of Windows and of the zone database.
_UTC_NAMES = frozenset({"utc", "etc/gmt", "etc/utc", "gmt", "tzone://microsoft/utc", "z"})
_NEVER = 1  # the year of 0001-01-01T00:00:00Z, which stands for a time that never was


def text(item: Item, name: str) -> str | None:
    """A text that is not empty; halves of letters, which JSON can hold, become "?"."""
    value = item.get(name)
    if not isinstance(value, str) or not value:
        return None
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def part(item: Item, name: str) -> Item:
    """An object inside; empty where there is none."""
    value = item.get(name)
    return value if isinstance(value, dict) else {}


def parts(item: Item, name: str) -> list[Item]:
    """The objects of a list inside."""
    value = item.get(name)
    if not value or not isinstance(value, list):
        return []
    return [one for one in value if isinstance(one, dict)]


def instant(item: Item, name: str) -> datetime | None:
    """A time with its offset ("2024-03-04T15:00:00.1234567Z"); UTC."""
    at = _moment(text(item, name))
    return None if at is None else _in_utc(at if at.tzinfo else at.replace(tzinfo=UTC))


def zoned(item: Item, name: str) -> datetime | None:
    """A {dateTime, timeZone} of an unmoved clock on a wall; UTC. None for an unknown zone."""
    value = part(item, name)
    at = _moment(text(value, "dateTime"))
    zone = _zone(text(value, "timeZone") or "UTC")
    if at is None or zone is None:
        return None
    return _in_utc(at if at.tzinfo else at.replace(tzinfo=zone))


def midnight(item: Item, name: str) -> datetime | None:
    """The date of a {dateTime, timeZone} as midnight UTC, whatever its zone."""
    at = _moment(text(part(item, name), "dateTime"))
    return None if at is None else datetime(at.year, at.month, at.day, tzinfo=UTC)


def date_in_zone(at: datetime, zone_name: str | None) -> datetime:
    """The date that an instant has in a zone, as midnight UTC; in UTC where that is unknown."""
    local = at.astimezone(_zone(zone_name or "UTC") or UTC)
    return datetime(local.year, local.month, local.day, tzinfo=UTC)


def recipient(item: Item) -> tuple[Address | None, int]:
    """The address of a {emailAddress: {address, name}}, and the bytes that were no address.

    The address may be a bare name, "Name <address>" or the X.500 path of a mailbox long gone.
    """
    email = part(item, "emailAddress")
    address, name = text(email, "address"), text(email, "name")
    found = _named(address, name) if address else None
    if found is not None:
        return found, 0
    return None, len((address or name or "").encode("utf-8", "replace"))


@lru_cache(maxsize=65_536)
def _named(address: str, name: str | None) -> Address | None:
    return addresses.named(address, name)


def _moment(value: str | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(value) if value else None
    except ValueError:
        return None
    return None if at is None or at.year == _NEVER else at


def _in_utc(at: datetime) -> datetime | None:
    if at.tzinfo is UTC:
        return at
    try:
        return at.astimezone(UTC)
    except OverflowError:  # the last day of the year 9999
        return None


@lru_cache(maxsize=1_024)
def _zone(name: str) -> Any:
    """A zone by its name in Windows or in the zone database; None for one that neither knows."""
    if name.lower() in _UTC_NAMES:
        return UTC
    try:
        return ZoneInfo(WINDOWS_TO_OLSON.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
