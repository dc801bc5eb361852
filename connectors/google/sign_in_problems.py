"""What it means when Google does not let somebody in, and what a person can do about it.

Here: keys that are none, consents, refused tokens, each with its state and cure.
Not here: requests that are refused with a token in hand (problems.py), signing in (sign_in.py).

A text quotes neither the request nor the answer: both may hold tokens and addresses.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.google.problems import (
    DIRECTORY,
    MAIL,
    POLICY,
    SERVER,
    Text,
    Use,
    passing,
    unreadable,
    words_of,
)
from connectors.pages import PullProblem
from connectors.quota import Later

# -- the key file

_KEY_UNREADABLE = Text(
    "unreadable key file",
    "Download the key of the service account, or connect the person, anew: this file is neither.",
    is_account=True,
)
_NO_ADMIN = Text(
    "no administrator named",
    "Name the address of an administrator who may read users: a service account has no directory.",
)

# -- signing in

_REVOKED = Text(
    "access revoked",
    "Run kith connect google again and allow access. While the consent screen of the project is "
    "in testing, Google ends each access after seven days.",
    is_account=True,
)
_ACCOUNT_ENDED = Text(
    "account suspended or deleted",
    "Ask the administrator, or Google, why the account is closed; until it is open again nothing "
    "new is read, and what was read stays.",
    is_account=True,
)
_UNKNOWN_PERSON = Text(
    "unknown or suspended user",
    "Look in the admin console whether this person was suspended, deleted or renamed.",
)
_CLOCK = Text(
    "wrong clock",
    "Set the date and time of this machine: Google takes a key only with the right time.",
    is_account=True,
)
_KEY_GONE = Text(
    "key revoked",
    "Create a new key for the service account in the Cloud console and connect with it: the "
    "present one, or its account, was deleted or switched off.",
    is_account=True,
)
_NOT_DELEGATED = Text(
    "scopes not granted",
    "In the admin console, under Security, API controls, Domain-wide delegation, grant the client "
    "id of the service account gmail.metadata, calendar.events.readonly and "
    "admin.directory.user.readonly; {scope} is missing. It may take a day to work.",
)
_UNTICKED = Text(
    "missing consent",
    "Run kith connect google again and tick the box that allows {scope}.",
)
_NO_LOGIN = Text(
    "no Google login here",
    "Log in with gcloud auth application-default login, name a credentials file in "
    "GOOGLE_APPLICATION_CREDENTIALS, or run kith where a service account is attached.",
    is_account=True,
)
_LOGIN_ENDED = Text(
    "Google login refused",
    "Log in again with gcloud auth application-default login, or mend the workload identity that "
    "GOOGLE_APPLICATION_CREDENTIALS names.",
    is_account=True,
)
_LOGIN_OUT_OF_REACH = Text(
    "no connection to the Google login",
    "Check the network between this machine and whoever vouches for it; else run again later.",
    is_account=True,
)
_CLIENT = Text(
    "unknown client",
    "Compare client id and secret with those of the OAuth client in the Cloud console, and "
    "connect again.",
    is_account=True,
)
_SESSION_ENDED = Text(
    "sign-in expired",
    "Run kith connect google again: the organisation demands a new sign-in from time to time.",
    is_account=True,
)
_NO_CLIENT = Text(
    "no OAuth client",
    "Download the JSON file of an OAuth client of the type Desktop app from the Cloud console, "
    "under Google Auth Platform, Clients; this file is none.",
    is_account=True,
)
_WEB_CLIENT = Text(
    "wrong type of OAuth client",
    "Make one of the type Desktop app in the Cloud console: a client of the type Web application "
    "cannot come back to this machine.",
    is_account=True,
)
_DECLINED = Text(
    "not allowed",
    "Run kith connect google again and allow access; nothing was connected.",
    is_account=True,
)
_NOT_EXCHANGED = Text(
    "sign-in not finished",
    "Run kith connect google again: Google took the answer of the browser no more; it is good once "
    "and for minutes.",
    is_account=True,
)
_SIGN_IN_REFUSED = Text(
    "sign-in refused",
    "Connect again; Google refuses the key for a reason that kith does not know.",
)

_CLIENT_WORDS = ("invalid_client", "unauthorized_client", "deleted_client")
_TOKEN_TEXTS = {
    "invalid_rapt": _SESSION_ENDED,
    "rapt_required": _SESSION_ENDED,
    "invalid_client": _CLIENT,
    "deleted_client": _CLIENT,
    "disabled_client": _CLIENT,
    "invalid_scope": _UNTICKED,
    "access_denied": POLICY,
    "admin_policy_enforced": POLICY,
    "org_internal": POLICY,
}
_TOKEN_DESCRIPTIONS = {
    b"reasonable timeframe": _CLOCK,
    b"Invalid JWT Signature": _KEY_GONE,
    b"account not found": _KEY_GONE,
    b"No valid verifier": _KEY_GONE,
    b"Robot is disabled": _KEY_GONE,
    # Of a user long gone, or never there; one who is suspended is an invalid_grant.
    b"Invalid impersonation": _UNKNOWN_PERSON,
}
_ACCOUNT_ENDS = (b"account disabled", b"account has been d", b"account restricted")


def no_key() -> PullProblem:
    """The key file is none, or would send its secret to an unsafe place."""
    return _KEY_UNREADABLE.of(DIRECTORY)


def no_client() -> PullProblem:
    """The file is no OAuth client."""
    return _NO_CLIENT.of(MAIL)


def web_client() -> PullProblem:
    """The OAuth client is one for servers."""
    return _WEB_CLIENT.of(MAIL)


def declined() -> PullProblem:
    """The browser brought back no code."""
    return _DECLINED.of(MAIL)


def not_exchanged(body: Mapping[str, Any]) -> PullProblem:
    """The token endpoint gave no refresh token for a code."""
    return (_CLIENT if body.get("error") in _CLIENT_WORDS else _NOT_EXCHANGED).of(MAIL)


def no_login() -> PullProblem:
    """Nobody is logged in on this machine who could have something signed."""
    return _NO_LOGIN.of(DIRECTORY)


def login_ended() -> PullProblem:
    """Somebody is, and their login is not taken any more."""
    return _LOGIN_ENDED.of(DIRECTORY)


def login_out_of_reach() -> Later:
    """Whoever keeps the login does not answer."""
    return Later(_LOGIN_OUT_OF_REACH.of(DIRECTORY))


def unticked(use: Use) -> PullProblem:
    """The person agreed, but not to this."""
    return _UNTICKED.of(use)


def no_admin() -> PullProblem:
    """A service account reads the directory as an administrator, and none was named."""
    return _NO_ADMIN.of(DIRECTORY)


def token_refused(
    use: Use,
    is_person: bool,
    status: int,
    body: bytes,
    retry_after: str | None,
    answered_at: datetime,
) -> Later | PullProblem:
    """What an answer of the token endpoint other than 200 means."""
    if later := passing(use, status, body, retry_after, answered_at):
        return later
    words = words_of(body)
    if "internal_failure" in words:
        return Later(SERVER.of(use))
    for phrase, text in _TOKEN_DESCRIPTIONS.items():
        if phrase in body:
            return text.of(use)
    for word, text in _TOKEN_TEXTS.items():
        if word in words:
            return text.of(use)
    if "unauthorized_client" in words:
        return (_CLIENT if is_person else _NOT_DELEGATED).of(use)
    if "invalid_grant" in words:
        if is_person and any(phrase in body.lower() for phrase in _ACCOUNT_ENDS):
            return _ACCOUNT_ENDED.of(use)
        return (_REVOKED if is_person else _UNKNOWN_PERSON).of(use)
    return _SIGN_IN_REFUSED.of(use) if words else unreadable(use)
