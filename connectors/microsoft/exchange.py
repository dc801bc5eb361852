"""Exchange's own names for mailboxes (X.500 paths) become the addresses of the directory.

Here: which names the directory gives whom, and recipients that stand with such a name.
Not here: the directory (users.py), recipients with an address (values.py).

Exchange writes a colleague as "/o=Company/ou=Group/cn=Recipients/cn=jane", and to the world outside
as "IMCEAEX-_o=Company_ou=...@company.example". Mail that was written before a mailbox was moved
keeps the name that it had then, which the directory lists among its proxyAddresses. The name of a
mailbox long deleted is nobody's: it stays unreadable, and is counted.
"""

import re
from collections.abc import Callable

from connectors import addresses
from connectors.microsoft import values
from connectors.microsoft.values import Item
from connectors.records import Address

Recipient = Callable[[Item], tuple[Address | None, int]]
"""{emailAddress: {address, name}} -> its address, and the bytes that were none."""

_X500 = "x500"
_WRAPPED = re.compile(r"imceaex-(.+)@[^@]+", re.IGNORECASE)
_HEX = re.compile(r"\+([0-9A-Fa-f]{2})")


class ExchangeNames:
    """The X.500 names of a tenant's people, learnt from its directory in each pull."""

    def __init__(self) -> None:
        """Know nobody yet."""
        self._addresses: dict[str, str] = {}

    def learn(self, item: Item, primary: str | None) -> None:
        """Take in the X.500 names of a user of Graph whose primary address is given."""
        proxies = item.get("proxyAddresses")
        for proxy in proxies if primary and isinstance(proxies, list) else []:
            kind, _, name = proxy.partition(":") if isinstance(proxy, str) else ("", "", "")
            if kind.lower() == _X500 and name:
                self._addresses[_folded(name)] = primary

    def recipient(self, item: Item) -> tuple[Address | None, int]:
        """As values.recipient; who stands with a name of the directory has their address."""
        found, length = values.recipient(item)
        if found is not None or not self._addresses:
            return found, length
        email = values.part(item, "emailAddress")
        known = self._addresses.get(_folded(values.text(email, "address") or ""))
        if known is None:
            return None, length
        return addresses.named(known, values.text(email, "name")), 0


def _folded(name: str) -> str:
    """The form under which two spellings of one X.500 name are equal."""
    if wrapped := _WRAPPED.fullmatch(name):
        name = _HEX.sub(lambda code: chr(int(code[1], 16)), wrapped[1].replace("_", "/"))
    return name.strip().lower()
