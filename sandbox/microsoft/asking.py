"""One request to Graph: who asks, for what, in which manner.

Here: the token's permissions, Prefer, query options, pages with their links.
Not here: what is served (mail.py, calendar.py, users.py), how tokens are given (entra.py).
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import quote

from sandbox.exchange import Answer, Request
from sandbox.microsoft.refusal import Refusal, bad_query
from sandbox.microsoft.sealing import unseal
from sandbox.tenant import GraphQuirks
from sandbox.world import World

_PREFERENCE = re.compile(r'\s*([\w.-]+)\s*=\s*(?:"([^"]*)"|([^,;\s]*))')
_JSON = (
    "application/json;odata.metadata=minimal;odata.streaming=true;"
    "IEEE754Compatible=false;charset=utf-8"
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What an access token allows.

    user         directory id of the person it speaks for; None for the app itself
    permissions  roles or delegated scopes
    """

    user: str | None
    permissions: frozenset[str]

    def allows(self, *permissions: str) -> bool:
        """Whether it holds one of them."""
        return not self.permissions.isdisjoint(permissions)


@dataclass(slots=True)
class Asking:
    """A request with what every route needs to answer it."""

    world: World
    request: Request
    grant: Grant

    @property
    def quirks(self) -> GraphQuirks:
        """Graph's manners at the moment."""
        return self.world.graph_quirks

    @property
    def url(self) -> str:
        """Graph's root."""
        return f"{self.world.microsoft_url}/v1.0"

    def prefer(self, name: str) -> str | None:
        """One value of the Prefer header."""
        for key, quoted, plain in _PREFERENCE.findall(self.request.headers.get("prefer", "")):
            if key.lower() == name:
                return quoted or plain
        return None

    @property
    def is_immutable(self) -> bool:
        """Whether ids are to outlive a move."""
        return self.prefer("idtype") == "ImmutableId"

    def page_size(self, default: int, most: int) -> int:
        """Prefer: odata.maxpagesize, silently held to what is allowed."""
        wanted = self.prefer("odata.maxpagesize")
        return min(max(int(wanted), 1), most) if wanted and wanted.isdigit() else default

    def option(self, name: str) -> str | None:
        """A query option, its name in any case."""
        for key, values in self.request.query.items():
            if key.lower() == name.lower():
                return values[-1]
        return None

    def only(self, *names: str) -> None:
        """Raise Refusal for a system option that is none of ``names``."""
        allowed = {name.lower() for name in names}
        for name in self.request.query:
            if name.startswith("$") and name.lower() not in allowed:
                raise bad_query(f"The query option '{name}' is not supported here.")

    def top(self, default: int, most: int) -> int:
        """$top. Raises Refusal beyond ``most``."""
        return self._number("$top", default, 1, most)

    def skip(self) -> int:
        """$skip."""
        return self._number("$skip", 0, 0, 1_000_000)

    def _number(self, name: str, default: int, least: int, most: int) -> int:
        text = self.option(name)
        if text is None:
            return default
        if not text.isdigit() or not least <= int(text) <= most:
            raise bad_query(
                f"Invalid value '{text}' for {name} query option found. "
                f"The {name} query option requires an integer from {least} to {most}."
            )
        return int(text)

    def select(
        self, known: Collection[str], default: tuple[str, ...], kept_back: Collection[str] = ()
    ) -> tuple[str, ...]:
        """As ``selected``, of this request's $select."""
        return selected(self.option("$select"), known, default, kept_back)

    def link(self, path: str, **options: str) -> str:
        """An absolute link; option names get their $."""
        query = "&".join(f"${name}={quote(value, safe='')}" for name, value in options.items())
        return f"{self.url}/{path}?{query}"


def selected(
    text: str | None,
    known: Collection[str],
    default: tuple[str, ...],
    kept_back: Collection[str] = (),
) -> tuple[str, ...]:
    """Names of a $select in their order, without id. Raises Refusal for unknown ones.

    ``kept_back`` are properties that a ReadBasic permission does not reach.
    """
    if text is None:
        return default
    names = dict.fromkeys(name.strip() for name in text.split(","))
    for name in names:
        if name in kept_back:
            message = f"Access to the property '{name}' is denied with this permission."
            raise Refusal(403, "ErrorAccessDenied", message)
        if name not in known and name != "id":
            message = f"Could not find a property named '{name}' on this type."
            raise Refusal(400, "RequestBroker--ParseUri", message)
    return tuple(name for name in names if name != "id")


def page(context: str, items: Iterable[str], **links: str) -> Answer:
    """A page of items that are JSON already. ``links``: nextLink, deltaLink."""
    head = [f'"@odata.context":"{context}"']
    head += [f'"@odata.{name}":"{link}"' for name, link in links.items()]
    text = "{" + ",".join(head) + ',"value":[' + ",".join(items) + "]}"
    return Answer(200, text.encode(), {"Content-Type": _JSON})


def item(context: str, text: str) -> Answer:
    """One item that is JSON already."""
    body = '{"@odata.context":"' + context + '",' + text[1:]
    return Answer(200, body.encode(), {"Content-Type": _JSON})


def authorised(world: World, request: Request) -> Grant:
    """What the bearer token allows. Raises Refusal, 401, for a missing, forged or old one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthorised("Access token is empty.")
    content = unseal("access", token)
    if content is None:
        raise _unauthorised("CompactToken parsing failed with error code: 80049217")
    is_over = content["epoch"] != world.tenant.token_epoch
    if is_over or content["until"] <= world.now.timestamp():
        raise _unauthorised("Lifetime validation failed, the token is expired.")
    return Grant(content["user"], frozenset(content["permissions"]))


def _unauthorised(message: str) -> Refusal:
    challenge = 'Bearer realm="", error="invalid_token"'
    return Refusal(401, "InvalidAuthenticationToken", message, {"WWW-Authenticate": challenge})
