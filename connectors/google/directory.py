"""The people of a Google Workspace as its directory names them.

Here: listing users, how one becomes a Person. Not here: tokens (access.py), what became of a
person over time (pipelines).

The directory has no list of changes; it is listed in full, and who is not in it has gone.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from googleapiclient.discovery import Resource

from connectors import addresses
from connectors.google.access import Session
from connectors.google.paging import paged
from connectors.pages import Page, Sweep
from connectors.records import Person

STREAM = "directory"
LISTED_AT_ONCE = 500
# The directory describes emails, organizations, relations and locations as of any shape, so nothing
# may be selected within them.
FIELDS = (
    "nextPageToken,users(id,primaryEmail,aliases,nonEditableAliases,emails,name/fullName,"
    "organizations,relations,locations,orgUnitPath,suspended,archived,isMailboxSetup)"
)


def pages(session: Session, users: Resource, cursor: str | None) -> Iterator[Page]:
    """The whole directory. Raises PullProblem, Stopped."""
    seen_at = datetime.fromisoformat(json.loads(cursor)["seen_at"]) if cursor else None

    def asked(token: str | None) -> dict[str, Any]:
        request = users.list(
            customer="my_customer",
            projection="full",
            maxResults=LISTED_AT_ONCE,
            pageToken=token,
            fields=FIELDS,
        )
        return session.ask(request, 1)

    for answer, is_first in paged(asked):
        found = tuple(
            person(user, session.at) for user in answer.get("users") or () if user.get("id")
        )
        is_last = answer.get("nextPageToken") is None
        reached = json.dumps({"seen_at": session.at.isoformat()})
        yield Page(
            stream=STREAM,
            cursor=reached if is_last else cursor,
            at=session.at,
            records=found,
            listed=tuple(one.directory_id for one in found),
            starts_listing=is_first,
            sweep=Sweep(kind="person", at=seen_at or session.at) if is_last else None,
            is_complete=is_last,
        )


def person(user: Mapping[str, Any], seen_at: datetime) -> Person:
    """One user as the directory shows it at ``seen_at``."""
    address = _address(user.get("primaryEmail"))
    organization = _primary(_objects(user, "organizations"))
    relations = _objects(user, "relations")
    managers = (_address(one.get("value")) for one in relations if one.get("type") == "manager")
    return Person(
        directory_id=user["id"],
        address=address,
        aliases=tuple(_aliases(user, address)),
        name=_text((user.get("name") or {}).get("fullName")),
        department=_text(organization.get("department")),
        title=_text(organization.get("title")),
        unit=_text(user.get("orgUnitPath")),
        office=_office(_objects(user, "locations")),
        manager_address=next(filter(None, managers), None),
        is_active=not (user.get("suspended") or user.get("archived")),
        has_mailbox=user.get("isMailboxSetup") is not False,
        seen_at=seen_at,
    )


def _objects(user: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """A list of objects, as it always is, though the directory promises no shape."""
    items = user.get(name)
    return [one for one in items if isinstance(one, dict)] if isinstance(items, list) else []


def _primary(organizations: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The post that counts: the one called primary, else the first."""
    return next(iter(sorted(organizations, key=lambda one: not one.get("primary"))), {})


def _office(locations: Iterable[Mapping[str, Any]]) -> str | None:
    """The building of the first desk; of one that stands in none, its area."""
    named = (_text(one.get("buildingId") or one.get("area")) for one in locations)
    return next(filter(None, named), None)


def _aliases(user: Mapping[str, Any], primary: str | None) -> Iterator[str]:
    """Every other address of the own domains, once; a private address is none of them."""
    named = (*(user.get("aliases") or ()), *(user.get("nonEditableAliases") or ()))
    own = [_address(one) for one in named]
    domains = {addresses.domain(one) for one in (primary, *own) if one}
    emails = (_address(one.get("address")) for one in _objects(user, "emails"))
    others = [one for one in emails if one and addresses.domain(one) in domains]
    seen = {primary.lower()} if primary else set()
    for address in filter(None, (*own, *others)):
        if address.lower() not in seen:
            seen.add(address.lower())
            yield address


def _text(value: Any) -> str | None:
    """A text that says something and can be stored: JSON holds halves of characters, UTF-8 not."""
    return str(value).encode("utf-8", "replace").decode() if value else None


def _address(text: Any) -> str | None:
    found = addresses.named(str(text or ""), None)
    return found.address if found else None
