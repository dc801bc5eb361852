"""What it means when Google does not serve a request, and what a person can do about it.

Here: Google's reasons, each with its state and cure; which of them pass by themselves.
Not here: asking (access.py), waiting and asking again (connectors/quota.py).

A text quotes neither the request nor the answer: both may hold tokens and addresses.
"""

import http.client
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httplib2
from httplib2.decode import DecodeLimitError, DecodeRatioError

from connectors.pages import PullProblem
from connectors.quota import Later, retry_after_s


@dataclass(frozen=True, slots=True)
class Use:
    """What Google is asked for.

    api    its name in the Cloud console
    scope  the only one that is asked for
    """

    api: str
    scope: str

    @property
    def scope_name(self) -> str:
        """The scope without its address: gmail.metadata."""
        return self.scope.rpartition("/")[2]


_CLIENT_WORDS = ("invalid_client", "unauthorized_client", "deleted_client")
_SCOPES = "https://www.googleapis.com/auth/"
MAIL = Use("Gmail API", f"{_SCOPES}gmail.metadata")
CALENDAR = Use("Google Calendar API", f"{_SCOPES}calendar.events.readonly")
DIRECTORY = Use("Admin SDK API", f"{_SCOPES}admin.directory.user.readonly")


class Refused(PullProblem):
    """Google will not serve this request; whoever asked may know another way.

    status  of the answer
    """

    def __init__(self, use: Use, status: int) -> None:
        """Only the status is kept."""
        super().__init__(
            f"request refused ({status})",
            f"Update kith; the {use.api} answers in a way that this version does not know.",
        )
        self.status = status


@dataclass(frozen=True, slots=True)
class _Text:
    """A problem as it is told; {api} and {scope} are filled in."""

    state: str
    cure: str
    is_account: bool = False

    def of(self, use: Use) -> PullProblem:
        """The problem, to be raised once."""
        return PullProblem(
            self.state.format(api=use.api),
            self.cure.format(api=use.api, scope=use.scope_name),
            is_account=self.is_account,
        )


# -- the key file

_KEY_UNREADABLE = _Text(
    "unreadable key file",
    "Download the key of the service account, or connect the person, anew: this file is neither.",
    is_account=True,
)
_NO_ADMIN = _Text(
    "no administrator named",
    "Name the address of an administrator who may read users: a service account has no directory.",
)

# -- signing in

_REVOKED = _Text(
    "access revoked",
    "Run kith connect google again and allow access. While the consent screen of the project is "
    "in testing, Google ends each access after seven days.",
    is_account=True,
)
_ACCOUNT_ENDED = _Text(
    "account suspended or deleted",
    "Ask the administrator, or Google, why the account is closed; until it is open again nothing "
    "new is read, and what was read stays.",
    is_account=True,
)
_UNKNOWN_PERSON = _Text(
    "unknown or suspended user",
    "Look in the admin console whether this person was suspended, deleted or renamed.",
)
_CLOCK = _Text(
    "wrong clock",
    "Set the date and time of this machine: Google takes a key only with the right time.",
    is_account=True,
)
_KEY_GONE = _Text(
    "key revoked",
    "Create a new key for the service account in the Cloud console and connect with it: the "
    "present one, or its account, was deleted or switched off.",
    is_account=True,
)
_NOT_DELEGATED = _Text(
    "scopes not granted",
    "In the admin console, under Security, API controls, Domain-wide delegation, grant the client "
    "id of the service account gmail.metadata, calendar.events.readonly and "
    "admin.directory.user.readonly; {scope} is missing. It may take a day to work.",
)
_UNTICKED = _Text(
    "missing consent",
    "Run kith connect google again and tick the box that allows {scope}.",
)
_CLIENT = _Text(
    "unknown client",
    "Compare client id and secret with those of the OAuth client in the Cloud console, and "
    "connect again.",
    is_account=True,
)
_POLICY = _Text(
    "blocked by the organisation",
    "Ask the administrator to trust this application under Security, API controls.",
)
_SESSION_ENDED = _Text(
    "sign-in expired",
    "Run kith connect google again: the organisation demands a new sign-in from time to time.",
    is_account=True,
)
_NO_CLIENT = _Text(
    "no OAuth client",
    "Download the JSON file of an OAuth client of the type Desktop app from the Cloud console, "
    "under Google Auth Platform, Clients; this file is none.",
    is_account=True,
)
_WEB_CLIENT = _Text(
    "wrong type of OAuth client",
    "Make one of the type Desktop app in the Cloud console: a client of the type Web application "
    "cannot come back to this machine.",
    is_account=True,
)
_DECLINED = _Text(
    "not allowed",
    "Run kith connect google again and allow access; nothing was connected.",
    is_account=True,
)
_NOT_EXCHANGED = _Text(
    "sign-in not finished",
    "Run kith connect google again: Google took the answer of the browser no more; it is good once "
    "and for minutes.",
    is_account=True,
)
_SIGN_IN_REFUSED = _Text(
    "sign-in refused",
    "Connect again; Google refuses the key for a reason that kith does not know.",
)

# -- being served

_UNAUTHORISED = _Text(
    "access refused",
    "Connect again: Google issued a token for the {api} and then did not take it.",
)
_MISSING_SCOPE = _Text(
    "missing scope",
    "Connect again and grant {scope}: without it the {api} refuses to answer.",
)
_API_OFF = _Text(
    "{api} switched off",
    "Enable the {api} in the Cloud console, in the project that the key belongs to.",
)
_FORBIDDEN = _Text(
    "not permitted",
    "Ask the administrator whether the {api} is allowed for this person.",
)
_NOT_AN_ADMIN = _Text(
    "not an administrator",
    "Name an administrator with the privilege to read users, and see that it is still one.",
)
_NO_MAILBOX = _Text(
    "no mailbox",
    "Switch Gmail on for this person in the admin console, or leave the mailbox out.",
)
_NO_CALENDAR = _Text(
    "no calendar",
    "Switch Calendar on for this person in the admin console, or leave the calendar out.",
)
_DAILY = _Text(
    "daily quota used up",
    "Run again tomorrow, or ask Google for a higher quota of the {api}.",
)
_DAY_SPENT = _Text(
    "the day's units are spent",
    "Run again after midnight in California; google.gmail_units_per_day in kith.toml says how many "
    "units of the {api} a day may cost.",
)

# -- what passes by itself, mostly

_THROTTLED = _Text(
    "too many requests",
    "Run again later; see that nothing else uses up the quota of this project or mailbox.",
)
_SERVER = _Text("Google fails", "Run again later: the {api} reports an error of its own.")
_SILENT = _Text("no answer in time", "Run again later, and look whether the network is slow.")
_UNREACHABLE = _Text(
    "no connection",
    "Check the network. A proxy named in HTTPS_PROXY is used only where PySocks is installed.",
    is_account=True,
)
_BROKEN_OFF = _Text("connection lost", "Run again later, and look whether the network is stable.")
_UNREADABLE = _Text(
    "unreadable answer",
    "Look whether a sign-in page of the network or a proxy stands between this machine and "
    "Google; else run again later.",
)
_UNTRUSTED = _Text(
    "untrusted certificate",
    "Check this machine's date, and whether a proxy reads along; the certificates of one that "
    "may do so are named in HTTPLIB2_CA_CERTS.",
    is_account=True,
)
_HISTORY_LOST = _Text(
    "history out of reach",
    "Run again later: Google gave this mailbox a place in its history and then did not know it.",
)

# Google names its reasons in several fields and styles, so all of them are looked for at once.
_WORD = re.compile(rb'"(?:reason|status|error|error_subtype)"\s*:\s*"([A-Za-z_]+)"')

_TOKEN_TEXTS = {
    "invalid_rapt": _SESSION_ENDED,
    "rapt_required": _SESSION_ENDED,
    "invalid_client": _CLIENT,
    "deleted_client": _CLIENT,
    "disabled_client": _CLIENT,
    "invalid_scope": _UNTICKED,
    "access_denied": _POLICY,
    "admin_policy_enforced": _POLICY,
    "org_internal": _POLICY,
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
_SERVICE_TEXTS = {
    "dailyLimitExceeded": _DAILY,
    "accessNotConfigured": _API_OFF,
    "SERVICE_DISABLED": _API_OFF,
    "insufficientPermissions": _MISSING_SCOPE,
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": _MISSING_SCOPE,
    "domainPolicy": _POLICY,
    "notACalendarUser": _NO_CALENDAR,
}
_THROTTLES = {
    "rateLimitExceeded",
    "userRateLimitExceeded",
    "quotaExceeded",
    "RATE_LIMIT_EXCEEDED",
    "RESOURCE_EXHAUSTED",
}

TRANSPORT_ERRORS = (
    OSError,
    httplib2.HttpLib2Error,
    http.client.HTTPException,
    DecodeLimitError,
    DecodeRatioError,
)
"""Whatever sending a request may raise."""


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


def unticked(use: Use) -> PullProblem:
    """The person agreed, but not to this."""
    return _UNTICKED.of(use)


def no_admin() -> PullProblem:
    """A service account reads the directory as an administrator, and none was named."""
    return _NO_ADMIN.of(DIRECTORY)


def history_lost() -> PullProblem:
    """Even a fresh place in the history of a mailbox is unknown."""
    return _HISTORY_LOST.of(MAIL)


def day_spent() -> PullProblem:
    """Pulls have cost as much as they may on one day."""
    return _DAY_SPENT.of(MAIL)


def is_no_service(problem: PullProblem) -> bool:
    """Whether a person merely has no mailbox or no calendar."""
    return problem.state in (_NO_MAILBOX.state, _NO_CALENDAR.state)


def unreadable(use: Use) -> Later:
    """An answer that is not what Google sends: a page, a cut text, one without a date."""
    return Later(_UNREADABLE.of(use))


def lost(use: Use, error: BaseException) -> Later | PullProblem:
    """What one of TRANSPORT_ERRORS means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _UNTRUSTED.of(use)
    if isinstance(error, TimeoutError):
        return Later(_SILENT.of(use))
    if isinstance(error, httplib2.ServerNotFoundError | ConnectionRefusedError):
        return Later(_UNREACHABLE.of(use))
    if isinstance(error, DecodeLimitError | DecodeRatioError | httplib2.FailedToDecompressContent):
        return Later(_UNREADABLE.of(use))
    return Later(_BROKEN_OFF.of(use))


def token_refused(
    use: Use,
    is_person: bool,
    status: int,
    body: bytes,
    retry_after: str | None,
    answered_at: datetime,
) -> Later | PullProblem:
    """What an answer of the token endpoint other than 200 means."""
    if later := _passing(use, status, body, retry_after, answered_at):
        return later
    words = _words(body)
    if "internal_failure" in words:
        return Later(_SERVER.of(use))
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


def refused(
    use: Use, status: int, body: bytes, retry_after: str | None, answered_at: datetime
) -> Later | PullProblem:
    """What an answer of an API, or a part of one, with a status of 300 or more means.

    Refused where the table has no better word.
    """
    words = _words(body)
    for word, text in _SERVICE_TEXTS.items():
        if word in words:
            return text.of(use)
    if later := _passing(use, status, body, retry_after, answered_at):
        return later
    if status == 401:
        return _UNAUTHORISED.of(use)
    if status == 403:
        return (_NOT_AN_ADMIN if use is DIRECTORY else _FORBIDDEN).of(use)
    if use is MAIL and words & {"failedPrecondition", "FAILED_PRECONDITION"}:
        return _NO_MAILBOX.of(use)
    if use is CALENDAR and status == 404:
        return _NO_CALENDAR.of(use)
    return Refused(use, status)


def _passing(
    use: Use, status: int, body: bytes, retry_after: str | None, answered_at: datetime
) -> Later | None:
    """A refusal that passes by itself."""
    pause_s = retry_after_s(retry_after, answered_at)
    if status == 429 or (status == 403 and _words(body) & _THROTTLES):
        return Later(_THROTTLED.of(use), pause_s, is_throttle=True)
    if status >= 500 or status == 408:
        return Later(_SERVER.of(use), pause_s)
    return None


def _words(body: bytes) -> set[str]:
    return {word.decode("ascii") for word in _WORD.findall(body)}
