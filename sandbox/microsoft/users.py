"""The directory of the Microsoft company as Graph shows it.

Here: accounts, rooms and guests as users; listing, change tracking, single users.
Not here: mailboxes of users (mail.py, calendar.py).

Rooms are accounts that nobody signs in to. Guests are outsiders who were invited to look at a
file: they have an account but no mailbox (GraphQuirks.guests).
"""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from sandbox.exchange import Answer
from sandbox.microsoft.asking import Asking, item, page, selected
from sandbox.microsoft.messages import instant, x500
from sandbox.microsoft.refusal import Refusal, no_access
from sandbox.microsoft.sealing import digest, seal, unseal
from sandbox.people import MICROSOFT
from sandbox.world import Account, World

_DEFAULT = (
    "businessPhones displayName givenName jobTitle mail mobilePhone officeLocation "
    "preferredLanguage surname userPrincipalName"
).split()
_SELECTABLE = (
    *_DEFAULT,
    *"accountEnabled companyName createdDateTime department employeeOrgData employeeType".split(),
    *"mailNickname onPremisesDistinguishedName otherMails proxyAddresses usageLocation".split(),
    "userType",
)
GUEST, SHARED = "guest", "shared"
_PURPOSES = {"person": "user", "room": "room", SHARED: "shared"}
_TOKEN_DAYS = 7
_DELTA_PAGE = 100


def object_id(account: Account) -> str:
    """The GUID of an account."""
    one = account.id
    return f"{one[:8]}-{one[8:12]}-{one[12:16]}-{one[16:20]}-{one[20:]}"


def principal_name(account: Account) -> str:
    """The userPrincipalName: of a guest a made-up one."""
    if account.kind != GUEST:
        return account.address
    return f"{account.address.replace('@', '_')}#EXT#@{MICROSOFT}"


def accounts(world: World) -> list[Account]:
    """The company's people and rooms, its shared mailboxes and its guests."""
    guests = world.village.population.outsiders[: world.graph_quirks.guests]
    shared = range(1, world.graph_quirks.shared_mailboxes + 1)
    return [
        *world.directory(MICROSOFT),
        *(_account(world, f"desk-{one}@{MICROSOFT}", f"Desk {one}", SHARED) for one in shared),
        *(_account(world, one.address, one.name, GUEST) for one in guests),
    ]


def account_named(world: World, wanted: str) -> Account | None:
    """An account by GUID or userPrincipalName, in any case; None for nobody's."""
    plain = wanted.lower()
    for account in accounts(world):
        if plain in (object_id(account), principal_name(account).lower()):
            return account
    return None


def no_such_user(wanted: str) -> Refusal:
    """The directory knows nobody of that id."""
    message = (
        f"Resource '{wanted}' does not exist or one of its queried reference-property objects "
        "are not present."
    )
    return Refusal(404, "Request_ResourceNotFound", message)


def listing(asking: Asking) -> Answer:
    """GET users: pages of $top, 100 where it is missing."""
    _check_may_list(asking)
    asking.only("$select", "$expand", "$top", "$skiptoken", "$count")
    select, expands = _shape(asking.option("$select"), asking.option("$expand"))
    top = asking.top(100, 999)
    everybody = _everybody(asking.world)
    begin = 0
    if token := asking.option("$skiptoken"):
        content = unseal("users", token)
        if content is None:
            raise Refusal(400, "Request_BadRequest", "Invalid page token.")
        # A page begins behind the last one's end by id, so that nobody who joins shifts it.
        begin = next(
            (n for n, one in enumerate(everybody) if one["id"] > content["after"]), len(everybody)
        )
    shown = everybody[begin : begin + top]
    texts = [_text(one, select, expands=expands) for one in shown]
    links = {}
    if begin + top < len(everybody):
        kept = {
            name: asking.option(f"${name}")
            for name in ("select", "expand")
            if asking.option(f"${name}")
        }
        token = seal("users", {"after": shown[-1]["id"]})
        links["nextLink"] = asking.link("users", **kept, top=str(top), skiptoken=token)
    return page(f"{asking.url}/$metadata#users", texts, **links)


def single(asking: Asking, account: Account) -> Answer:
    """GET users/{id} and me."""
    is_self = asking.grant.user == account.id and asking.grant.allows("User.Read")
    if not is_self:
        _check_may_list(asking)
    asking.only("$select", "$expand")
    select, expands = _shape(asking.option("$select"), asking.option("$expand"))
    found = next(one for one in _everybody(asking.world) if one["id"] == object_id(account))
    text = _text(found, select, expands=expands)
    return item(f"{asking.url}/$metadata#users/$entity", text)


def purpose(asking: Asking, account: Account) -> Answer:
    """GET users/{id}/mailboxSettings/userPurpose."""
    if not asking.grant.allows("MailboxSettings.Read"):
        raise no_access()
    if account.address in asking.world.tenant.denied:
        raise Refusal(403, "ErrorAccessDenied", "Access to OData is disabled.")
    if not account.has_mail:
        message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
        raise Refusal(404, "MailboxNotEnabledForRESTAPI", message)
    context = f"{asking.url}/$metadata#users('{object_id(account)}')/mailboxSettings/userPurpose"
    return Answer(200, {"@odata.context": context, "value": _PURPOSES[account.kind]})


class Changes:
    """Change tracking of users. What was told is kept here by its hash, as long as this runs."""

    def __init__(self) -> None:
        """Nobody has been told anything yet."""
        self._told: dict[str, dict[str, str]] = {}

    def answer(self, asking: Asking) -> Answer:
        """GET users/delta. Raises Refusal, 410, for a token older than seven days."""
        _check_may_list(asking)
        asking.only("$select", "$skiptoken", "$deltatoken")
        state = self._state(asking)
        select, _ = _shape(state["select"], None)
        with_manager = state["with_manager"]
        texts = {
            one["id"]: _text(one, select, expands=with_manager) for one in _everybody(asking.world)
        }
        before = self._told[state["told"]]
        changed = [text for one, text in texts.items() if before.get(one) != _mark(text)]
        changed += [
            json.dumps({"id": one, "@removed": {"reason": "changed"}})
            for one in before
            if one not in texts
        ]
        size = asking.page_size(_DELTA_PAGE, 999)
        begin = state["begin"]
        context = f"{asking.url}/$metadata#users"
        shown = changed[begin : begin + size]
        if begin + size < len(changed):
            token = seal("users-delta", state | {"begin": begin + size})
            return page(context, shown, nextLink=asking.link("users/delta", skiptoken=token))
        told = self._keep({one: _mark(text) for one, text in texts.items()})
        token = seal("users-delta", state | {"begin": 0, "told": told})
        return page(context, shown, deltaLink=asking.link("users/delta", deltatoken=token))

    def _state(self, asking: Asking) -> dict[str, Any]:
        """What the token says, or the beginning of a first round."""
        token = asking.option("$skiptoken") or asking.option("$deltatoken")
        now = asking.world.now
        if not token:
            # Here the manager is named in $select: a delta takes no $expand.
            names = [name.strip() for name in (asking.option("$select") or "").split(",") if name]
            wanted = ",".join(name for name in names if name != "manager") or None
            return {
                "select": wanted,
                "with_manager": "manager" in names,
                "told": self._keep({}),
                "begin": 0,
                "at": instant(now),
            }
        state = unseal("users-delta", token)
        if state is None:
            raise Refusal(400, "Request_BadRequest", "Badly formed token.")
        is_old = datetime.fromisoformat(state["at"]) < now - timedelta(days=_TOKEN_DAYS)
        if is_old or state["told"] not in self._told:
            fresh = asking.link("users/delta", deltatoken="")
            raise Refusal(410, "syncStateNotFound", "The token is too old.", {"Location": fresh})
        return state | {"at": instant(now)}

    def _keep(self, told: dict[str, str]) -> str:
        name = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:24]
        self._told[name] = told
        return name


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _check_may_list(asking: Asking) -> None:
    if not asking.grant.allows("User.Read.All"):
        message = "Insufficient privileges to complete the operation."
        raise Refusal(403, "Authorization_RequestDenied", message)


def _shape(select: str | None, expand: str | None) -> tuple[tuple[str, ...], bool]:
    """The wanted properties, and whether the manager is wanted. Raises Refusal."""
    if expand not in (None, "manager", "manager($select=id)"):
        message = "Only $expand=manager($select=id) is served."
        raise Refusal(400, "Request_UnsupportedQuery", message)
    try:
        return selected(select, _SELECTABLE, tuple(_DEFAULT)), expand is not None
    except Refusal as refusal:
        raise Refusal(400, "Request_BadRequest", refusal.message) from refusal


def _text(user: dict[str, Any], select: tuple[str, ...], *, expands: bool) -> str:
    shown = {"id": user["id"]} | {name: user[name] for name in select}
    if expands and user["manager"]:
        shown["manager"] = {"@odata.type": "#microsoft.graph.user", "id": user["manager"]}
    return json.dumps(shown)


def _everybody(world: World) -> list[dict[str, Any]]:
    """Every user with every property, by id."""
    found = accounts(world)
    ids = {account.address: object_id(account) for account in found}
    return sorted((_user(account, ids) for account in found), key=lambda user: user["id"])


def _user(account: Account, ids: dict[str, str]) -> dict[str, Any]:
    given, _, family = account.name.partition(" ")
    is_guest, is_person = account.kind == GUEST, account.kind == "person"
    addresses = (account.address, *account.aliases)
    proxies = [f"SMTP:{account.address}", *(f"smtp:{alias}" for alias in account.aliases)]
    proxies += [f"x500:{x500(one)}" for one in addresses]
    return _blank() | {
        "id": ids[account.address],
        "displayName": account.name,
        "givenName": given if is_person else None,
        "surname": family if is_person else None,
        "jobTitle": account.title,
        "mail": account.address if account.has_mail or is_guest else None,
        "userPrincipalName": principal_name(account),
        "mailNickname": principal_name(account).partition("@")[0],
        "accountEnabled": account.kind not in ("room", SHARED) and not account.is_suspended,
        "companyName": MICROSOFT.partition(".")[0].capitalize() if is_person else None,
        "createdDateTime": instant(account.created_at),
        "department": account.department,
        "employeeType": "Employee" if is_person else None,
        "officeLocation": account.office,
        "otherMails": [account.address] if is_guest else [],
        "proxyAddresses": proxies if account.has_mail else [],
        "userType": "Guest" if is_guest else "Member",
        "manager": ids.get(account.manager) if account.manager else None,
    }


def _account(world: World, address: str, name: str, kind: str) -> Account:
    """An account that the world knows nothing of."""
    return Account(
        id=digest(kind, address).hex()[:32],
        address=address,
        aliases=(),
        name=name,
        department=None,
        title=None,
        manager=None,
        unit=None,
        office=None,
        is_suspended=False,
        has_mail=kind == SHARED,
        company=MICROSOFT,
        kind=kind,
        created_at=world.now,
    )


def _blank() -> dict[str, Any]:
    many = {"businessPhones", "otherMails", "proxyAddresses"}
    return {name: [] if name in many else None for name in _SELECTABLE} | {"manager": None}
