"""The directory of a tenant, or the one person of a personal account, as Persons.

Here: which properties are asked for, which entry is what. Not here: requests (graph.py).

The whole directory is listed in each pull: 101 requests for 100,000 users with their managers, of
two units each, where a delta saves little and forgets after a week.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from connectors import addresses
from connectors.microsoft import values
from connectors.microsoft.exchange import ExchangeNames
from connectors.microsoft.graph import VERSION, Graph, segment, unusable
from connectors.microsoft.refusals import Refused
from connectors.microsoft.values import Item
from connectors.pages import Page, Sweep
from connectors.records import Person

STREAM = "directory"
UNITS = 2  # a page of users; $select takes one off, $expand adds one
SELECT = ",".join(
    (
        *"id userPrincipalName mail proxyAddresses displayName givenName surname".split(),
        *"department jobTitle officeLocation onPremisesDistinguishedName".split(),
        *"accountEnabled userType".split(),
    )
)
_ROOMS = ("room", "equipment")
_PATH = f"{VERSION}/users?$top=999&$select={SELECT}&$expand=manager($select=id)"


class Purposes:
    """What the mailboxes of accounts are for to which nobody signs in."""

    def __init__(self, graph: Graph) -> None:
        """Ask over ``graph``."""
        self._graph = graph
        self._is_told = False
        self._refused: Refused | None = None

    def of(self, item: Item) -> str | None:
        """Of a user of Graph; None where it need not be known, or is not told."""
        is_off = item.get("accountEnabled") is False and values.text(item, "mail")
        user_id = values.text(item, "id") if is_off else None
        if user_id is None:
            return None
        path = f"{VERSION}/users/{segment(user_id)}/mailboxSettings/userPurpose"
        try:
            told = self._graph.get(path).body
        except Refused as refused:
            if refused.status not in (403, 404):
                raise
            # One mailbox may be closed to the app, or gone.
            self._refused = refused if refused.status == 403 else self._refused
            return None
        self._is_told = True
        return values.text(told, "value")

    def check(self) -> None:
        """Raise the Refused of a mailbox, where no mailbox at all told anything."""
        if self._refused is not None and not self._is_told:
            raise self._refused


def pages(
    graph: Graph,
    cursors: Mapping[str, str],
    names: ExchangeNames,
    purposes: Purposes | None = None,
) -> Iterator[Page]:
    """Everybody in the tenant; who is not listed has gone. Their ``names`` are learnt.

    A listing whose next link is over begins anew, once.
    """
    before = json.loads(cursors.get(STREAM, "{}")).get("seen_at")
    path, starts, may_begin_again = _PATH, True, True
    while path:
        try:
            step = graph.step(path)
        except Refused as refused:
            if not (refused.is_expired and may_begin_again):
                raise
            path, starts, may_begin_again = _PATH, True, False
            continue
        path = step.next
        for item in step.items:
            names.learn(item, address_of(item))
        people = [
            person(item, step.at, purposes and purposes.of(item))
            for item in step.items
            if values.text(item, "id")
        ]
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
    if purposes is not None:
        purposes.check()


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


def person(item: Item, seen_at: datetime, purpose: str | None = None) -> Person:
    """A Person from a user of Graph, who has an id; ``purpose`` of their mailbox, if known."""
    mail = address_of(item)
    is_member = values.text(item, "userType") != "Guest"
    has_mail = is_member and values.text(item, "mail") is not None
    kind = _kind(item, purpose, has_mail=has_mail)
    # Nobody signs in to a shared mailbox, yet it is in use.
    is_on = item.get("accountEnabled") is not False or kind == "shared"
    return Person(
        directory_id=values.text(item, "id"),
        address=mail,
        aliases=aliases(item, mail),
        name=values.text(item, "displayName"),
        department=values.text(item, "department"),
        title=values.text(item, "jobTitle"),
        unit=_unit(values.text(item, "onPremisesDistinguishedName")),
        office=values.text(item, "officeLocation"),
        manager_id=values.text(values.part(item, "manager"), "id"),
        kind=kind,
        is_active=is_member and is_on,
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


def _kind(item: Item, purpose: str | None, *, has_mail: bool) -> str:
    """Person, room or shared; only mailboxes that nobody signs in to are no person's.

    What tells rooms from shared mailboxes is their purpose, which needs one more permission and a
    request for each. Without it a mailbox that never was anybody's is taken for a room: of somebody
    who has left, names or the job stay, also where colleagues share what they left.
    """
    if not has_mail or item.get("accountEnabled") is not False:
        return "person"
    traces = ("givenName", "surname", "jobTitle", "department")
    was_somebody = any(values.text(item, name) for name in traces)
    if purpose in _ROOMS or (purpose is None and not was_somebody):
        return "room"
    return "shared" if purpose == "shared" and not was_somebody else "person"
