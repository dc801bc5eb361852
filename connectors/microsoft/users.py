"""The directory of a tenant, or the one person of a personal account, as Persons.

Here: which properties are asked for, which entry is what. Not here: requests (graph.py).
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from connectors import addresses
from connectors.microsoft import values
from connectors.microsoft.exchange import ExchangeNames
from connectors.microsoft.graph import VERSION, Graph, unusable
from connectors.microsoft.values import Item
from connectors.pages import Page, Sweep
from connectors.records import Person

STREAM = "directory"
UNITS = 2  # a page of users; $select takes one off, $expand adds one
SELECT = ",".join(
    (
        *"id userPrincipalName mail proxyAddresses displayName givenName surname".split(),
        *"department jobTitle onPremisesDistinguishedName accountEnabled userType".split(),
    )
)
_PATH = f"{VERSION}/users?$top=999&$select={SELECT}&$expand=manager($select=id)"


def pages(graph: Graph, cursors: Mapping[str, str], names: ExchangeNames) -> Iterator[Page]:
    """Everybody in the tenant; who is not listed has gone. Their ``names`` are learnt."""
    before = json.loads(cursors.get(STREAM, "{}")).get("seen_at")
    starts = True
    for step in graph.steps(_PATH):
        for item in step.items:
            names.learn(item, address_of(item))
        people = [person(item, step.at) for item in step.items if values.text(item, "id")]
        is_last = step.next is None
        seen_at = step.at.isoformat() if is_last else before
        yield Page(
            stream=STREAM,
            cursor=json.dumps({"seen_at": seen_at}),
            at=step.at,
            records=tuple(people),
            listed=tuple(one.directory_id for one in people),
            starts_listing=starts,
            sweep=Sweep(kind="person", at=datetime.fromisoformat(before) if before else step.at)
            if is_last
            else None,
            is_complete=is_last,
        )
        starts = False


def own_page(graph: Graph, me: str, names: ExchangeNames) -> Page:
    """The owner of a personal account; the rest of their tenant is not asked for."""
    answer = graph.get(f"{me}?$select={SELECT}")
    if values.text(answer.body, "id") is None:
        raise unusable()
    names.learn(answer.body, address_of(answer.body))
    return Page(
        stream=STREAM,
        cursor=json.dumps({"seen_at": answer.at.isoformat()}),
        at=answer.at,
        records=(person(answer.body, answer.at),),
        is_complete=True,
    )


def person(item: Item, seen_at: datetime) -> Person:
    """A Person from a user of Graph; ``item`` has an id."""
    mail = address_of(item)
    is_member = values.text(item, "userType") != "Guest"
    has_mail = is_member and values.text(item, "mail") is not None
    return Person(
        directory_id=values.text(item, "id"),
        address=mail,
        aliases=aliases(item, mail),
        name=values.text(item, "displayName"),
        department=values.text(item, "department"),
        title=values.text(item, "jobTitle"),
        unit=_unit(values.text(item, "onPremisesDistinguishedName")),
        manager_id=values.text(values.part(item, "manager"), "id"),
        kind=_kind(item, has_mail=has_mail),
        is_active=is_member and item.get("accountEnabled") is not False,
        has_mailbox=has_mail,
        seen_at=seen_at,
    )


def address_of(item: Item) -> str | None:
    """The primary address; a user without mail goes by the name that they sign in with."""
    found = addresses.parse([values.text(item, "mail") or ""]) or addresses.parse(
        [values.text(item, "userPrincipalName") or ""]
    )
    return found[0].address if found else None


def aliases(item: Item, primary: str | None) -> tuple[str, ...]:
    """Every other address of the same mailbox; X.500 paths and telephone numbers are none."""
    proxies = item.get("proxyAddresses")
    found: dict[str, str] = {}
    for proxy in proxies if isinstance(proxies, list) else []:
        kind, _, address = proxy.partition(":") if isinstance(proxy, str) else ("", "", "")
        if kind.lower() == "smtp":
            for one in addresses.parse([address]):
                found.setdefault(addresses.canonical(one.address), one.address)
    if primary:
        found.pop(addresses.canonical(primary), None)
    return tuple(found.values())


def _unit(distinguished_name: str | None) -> str | None:
    """The path of organisational units of a synchronised account, the widest first."""
    parts = (distinguished_name or "").replace("\\,", "\0").split(",")
    units = [part[3:].replace("\0", ",") for part in parts if part[:3].upper() == "OU="]
    return "/" + "/".join(reversed(units)) if units else None


def _kind(item: Item, *, has_mail: bool) -> str:
    """Person, or room: a mailbox that nobody signs in to and that never was anybody's.

    What tells a room from a shared mailbox needs one more permission and a request for each. Both
    are accounts switched off; of somebody who has left, names or the job stay.
    """
    traces = ("givenName", "surname", "jobTitle", "department")
    was_somebody = any(values.text(item, name) for name in traces)
    is_off = item.get("accountEnabled") is False
    return "room" if has_mail and is_off and not was_somebody else "person"
