"""Directory's users.list: everybody of the company, for its administrator.

Here: user resources and their pages. Not here: who they are (world.py).

Rooms are resources at Google, not users, so they are not among them.
"""

from typing import Any

from sandbox.google import refusal
from sandbox.google.gmail import Caller
from sandbox.google.query import Query
from sandbox.people import GOOGLE
from sandbox.world import Account, World

_DEFAULT_PAGE, _LARGEST_PAGE = 100, 500
_CUSTOMER = "C0village1"
LIST_PARAMETERS = frozenset(
    (
        "customer",
        "domain",
        "maxResults",
        "orderBy",
        "pageToken",
        "projection",
        "showDeleted",
        "sortOrder",
        "viewType",
    )
)
# What everybody may see of everybody.
_PUBLIC = ("kind", "id", "etag", "primaryEmail", "name", "emails", "organizations", "relations")


class Directory:
    """The users of the company."""

    def __init__(self, world: World) -> None:
        """Serve a world's directory."""
        self._world = world

    def users(self, caller: Caller, query: Query) -> dict[str, Any]:
        """users.list."""
        is_public = query.one("viewType") == "domain_public"
        if not is_public and caller.account.address != self._world.admin(GOOGLE):
            raise refusal.directory_forbidden()
        _check(query)
        people = [one for one in self._world.directory(GOOGLE) if one.kind == "person"]
        if query.flag("showDeleted"):
            people = []
        people.sort(key=_order(query), reverse=query.one("sortOrder") == "DESCENDING")
        first, size = query.number("pageToken") or 0, query.page_size(_DEFAULT_PAGE, _LARGEST_PAGE)
        users = [self._user(one) for one in people[first : first + size]]
        if is_public:
            users = [{name: user[name] for name in _PUBLIC if name in user} for user in users]
        answer: dict[str, Any] = {"kind": "admin#directory#users", "etag": '"users"'}
        if users:
            answer["users"] = users
        if first + size < len(people):
            answer["nextPageToken"] = str(first + size)
        return answer

    def _user(self, account: Account) -> dict[str, Any]:
        given, _, family = account.name.partition(" ")
        emails = [{"address": account.address, "primary": True}]
        shown: dict[str, Any] = {
            "kind": "admin#directory#user",
            "id": user_id(account),
            "etag": f'"{account.id[:8]}"',
            "primaryEmail": account.address,
            "name": {"givenName": given, "familyName": family, "fullName": account.name},
            "isAdmin": account.address == self._world.admin(GOOGLE),
            "isDelegatedAdmin": False,
            "creationTime": f"{account.created_at:%Y-%m-%dT%H:%M:%S}.000Z",
            "agreedToTerms": True,
            "suspended": account.is_suspended,
            "archived": False,
            "changePasswordAtNextLogin": False,
            "ipWhitelisted": False,
            "emails": emails + [{"address": alias} for alias in account.aliases],
            "organizations": [
                {
                    "title": account.title,
                    "department": account.department,
                    "primary": True,
                    "customType": "",
                }
            ],
            "customerId": _CUSTOMER,
            "orgUnitPath": account.unit,
            "isMailboxSetup": account.has_mail,
            "isEnrolledIn2Sv": False,
            "isEnforcedIn2Sv": False,
            "includeInGlobalAddressList": True,
        }
        if account.office:
            desk = {"type": "desk", "area": "desk", "buildingId": account.office}
            shown["locations"] = [desk]
        if account.aliases:
            shown["aliases"] = list(account.aliases)
        if account.manager:
            shown["relations"] = [{"value": account.manager, "type": "manager"}]
        if account.is_suspended:
            shown["suspensionReason"] = "ADMIN"
        return shown


def user_id(account: Account) -> str:
    """Google's 21 digits."""
    return f"1{int(account.id, 16) % 10**20:020}"


def _check(query: Query) -> None:
    """Raise Refusal for a query that Directory does not take."""
    customer, domain = query.one("customer"), query.one("domain")
    if customer is None and domain is None:
        raise refusal.directory_bad_request()
    if customer not in (None, "my_customer", _CUSTOMER) or domain not in (None, GOOGLE):
        raise refusal.directory_invalid()
    size = query.number("maxResults")
    if size is not None and not 1 <= size <= _LARGEST_PAGE:
        raise refusal.directory_invalid()
    if query.one("projection") not in (None, "basic", "full"):
        raise refusal.directory_invalid()
    if query.one("viewType") not in (None, "admin_view", "domain_public"):
        raise refusal.directory_invalid()


def _order(query: Query) -> Any:
    orders = {
        "email": lambda one: one.address,
        "givenName": lambda one: one.name,
        "familyName": lambda one: one.name.partition(" ")[2],
    }
    order = query.one("orderBy") or "email"
    if order not in orders:
        raise refusal.directory_invalid()
    return orders[order]
