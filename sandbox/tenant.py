"""What the administrator of the Microsoft tenant has set, and the whims of Graph.

Here: who may read what, the app's secret and certificates; which of its odd but real manners
Graph shows. Not here: the endpoints that obey them; people's consents (world.refresh_tokens).

Both are plain attributes that a test or the sandbox's control endpoint may change at any time.
"""

from dataclasses import dataclass, field
from typing import Literal

from sandbox.keys import MICROSOFT_CLIENT_SECRET

APP_ROLES = ("Mail.ReadBasic.All", "Calendars.ReadBasic.All", "User.Read.All")
SCOPES = ("Mail.ReadBasic", "Calendars.ReadBasic", "User.Read")


@dataclass
class Tenant:
    """The tenant as its administrator keeps it.

    roles            application permissions with consent; a token carries those of its birth
    scopes           delegated permissions with consent
    secret           client secret of the app
    secret_is_over   whether that secret's time is over
    certificates     certificates registered for the app; PEM
    is_installed     whether the app has a service principal in the tenant
    policy           AADSTS number that every token request ends in: conditional access and the like
    token_epoch      one more, and every access token is over
    denied           addresses that an application access policy closes to the app
    """

    roles: set[str] = field(default_factory=lambda: set(APP_ROLES))
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    secret: str = MICROSOFT_CLIENT_SECRET
    secret_is_over: bool = False
    certificates: list[str] = field(default_factory=list)
    is_installed: bool = True
    policy: int | None = None
    token_epoch: int = 0
    denied: set[str] = field(default_factory=set)


@dataclass
class GraphQuirks:
    """Manners of the real Graph that a reader has to live with. Shares are 0 to 1.

    seed               picks which page or item is hit
    empty_page_share   delta pages that hold nothing but a nextLink
    repeat_share       items that come twice in one delta round
    replay_share       items of a delta round that nothing happened to
    partial_updates    a change of the read flag comes as id and isRead alone
    lost_share         messages whose changes no delta round mentions
    misses_returns     with immutable ids, a message that left a folder and came back within one
                       round is not mentioned (known issue of 2026-02-25)
    sent_items_without_headers  copies in Sent Items hold no internetMessageHeaders
    hex_uids           iCalUId is always the hexadecimal global object id
    organizer_only_answers  only the organiser's copy knows what others answered
    exchange_senders   colleagues in from and sender stand with their X500 address
    shared_mailboxes   mailboxes that several people use and nobody signs in to
    guests             accounts of outsiders in the directory, without mailboxes
    generation         of sync states; one more, and all mail and calendar tokens are over
    expired_answer     how Graph says so: 410 with a Location, 410 without, or 400
    """

    seed: int = 1
    empty_page_share: float = 0.05
    repeat_share: float = 0.02
    replay_share: float = 0.02
    partial_updates: bool = True
    lost_share: float = 0.0
    misses_returns: bool = False
    sent_items_without_headers: bool = False
    hex_uids: bool = False
    organizer_only_answers: bool = False
    exchange_senders: bool = False
    shared_mailboxes: int = 0
    guests: int = 0
    generation: int = 1
    expired_answer: Literal["location", "gone", "bad_request"] = "location"
