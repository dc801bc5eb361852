"""What it means when Google does not serve a request, and what a person can do about it.

Here: the reasons of Google's APIs, each with its state and cure; which of them pass by themselves.
Not here: keys, consents and tokens that are refused (sign_in_problems.py), asking (access.py),
waiting and asking again (connectors/quota.py).

A text quotes neither the request nor the answer: both may hold tokens and addresses.
"""

import http.client
import re
import ssl
from dataclasses import dataclass
from datetime import datetime

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


_SCOPES = "https://www.googleapis.com/auth/"
MAIL = Use("Gmail API", f"{_SCOPES}gmail.metadata")
CALENDAR = Use("Google Calendar API", f"{_SCOPES}calendar.events.readonly")
SIGNING = Use("IAM Service Account Credentials API", f"{_SCOPES}cloud-platform")
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
class Text:
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


# -- being served

POLICY = Text(
    "blocked by the organisation",
    "Ask the administrator to trust this application under Security, API controls.",
)
_UNAUTHORISED = Text(
    "access refused",
    "Connect again: Google issued a token for the {api} and then did not take it.",
)
_MISSING_SCOPE = Text(
    "missing scope",
    "Connect again and grant {scope}: without it the {api} refuses to answer.",
)
_API_OFF = Text(
    "{api} switched off",
    "Enable the {api} in the Cloud console, in the project that the key belongs to.",
)
_FORBIDDEN = Text(
    "not permitted",
    "Ask the administrator whether the {api} is allowed for this person.",
)
_NOT_AN_ADMIN = Text(
    "not an administrator",
    "Name an administrator with the privilege to read users, and see that it is still one.",
)
_MAY_NOT_SIGN = Text(
    "may not sign",
    "In the Cloud console, under IAM and admin, Service accounts, grant whoever is logged in here "
    "the role Service Account Token Creator on the service account.",
    is_account=True,
)
_NO_SERVICE_ACCOUNT = Text(
    "unknown service account",
    "Compare the name of the service account with that in the Cloud console: there is none, or it "
    "is switched off.",
    is_account=True,
)
_NO_MAILBOX = Text(
    "no mailbox",
    "Switch Gmail on for this person in the admin console, or leave the mailbox out.",
)
_NO_CALENDAR = Text(
    "no calendar",
    "Switch Calendar on for this person in the admin console, or leave the calendar out.",
)
_DAILY = Text(
    "daily quota used up",
    "Run again tomorrow, or ask Google for a higher quota of the {api}.",
)
_DAY_SPENT = Text(
    "the day's units are spent",
    "Run again after midnight in California; google.gmail_units_per_day in kith.toml says how many "
    "units of the {api} a day may cost.",
)

# -- what passes by itself, mostly

_THROTTLED = Text(
    "too many requests",
    "Run again later; see that nothing else uses up the quota of this project or mailbox.",
)
SERVER = Text("Google fails", "Run again later: the {api} reports an error of its own.")
_SILENT = Text("no answer in time", "Run again later, and look whether the network is slow.")
_UNREACHABLE = Text(
    "no connection",
    "Check the network. A proxy named in HTTPS_PROXY is used only where PySocks is installed.",
    is_account=True,
)
_BROKEN_OFF = Text("connection lost", "Run again later, and look whether the network is stable.")
_UNREADABLE = Text(
    "unreadable answer",
    "Look whether a sign-in page of the network or a proxy stands between this machine and "
    "Google; else run again later.",
)
_UNTRUSTED = Text(
    "untrusted certificate",
    "Check this machine's date, and whether a proxy reads along; the certificates of one that "
    "may do so are named in HTTPLIB2_CA_CERTS.",
    is_account=True,
)
_HISTORY_LOST = Text(
    "history out of reach",
    "Run again later: Google gave this mailbox a place in its history and then did not know it.",
)

# Google names its reasons in several fields and styles, so all of them are looked for at once.
_WORD = re.compile(rb'"(?:reason|status|error|error_subtype)"\s*:\s*"([A-Za-z_]+)"')

_SERVICE_TEXTS = {
    "dailyLimitExceeded": _DAILY,
    "accessNotConfigured": _API_OFF,
    "SERVICE_DISABLED": _API_OFF,
    "insufficientPermissions": _MISSING_SCOPE,
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": _MISSING_SCOPE,
    "domainPolicy": POLICY,
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


def refused(
    use: Use, status: int, body: bytes, retry_after: str | None, answered_at: datetime
) -> Later | PullProblem:
    """What an answer of an API, or a part of one, with a status of 300 or more means.

    Refused where the table has no better word.
    """
    words = words_of(body)
    for word, text in _SERVICE_TEXTS.items():
        if word in words:
            return text.of(use)
    if later := passing(use, status, body, retry_after, answered_at):
        return later
    if use is SIGNING and status in (400, 403, 404):
        return (_MAY_NOT_SIGN if status == 403 else _NO_SERVICE_ACCOUNT).of(use)
    if status == 401:
        return _UNAUTHORISED.of(use)
    if status == 403:
        return (_NOT_AN_ADMIN if use is DIRECTORY else _FORBIDDEN).of(use)
    if use is MAIL and words & {"failedPrecondition", "FAILED_PRECONDITION"}:
        return _NO_MAILBOX.of(use)
    if use is CALENDAR and status == 404:
        return _NO_CALENDAR.of(use)
    return Refused(use, status)


def passing(
    use: Use, status: int, body: bytes, retry_after: str | None, answered_at: datetime
) -> Later | None:
    """A refusal that passes by itself."""
    pause_s = retry_after_s(retry_after, answered_at)
    if status == 429 or (status == 403 and words_of(body) & _THROTTLES):
        return Later(_THROTTLED.of(use), pause_s, is_throttle=True)
    if status >= 500 or status == 408:
        return Later(SERVER.of(use), pause_s)
    return None


def words_of(body: bytes) -> set[str]:
    """Every reason that an answer names."""
    return {word.decode("ascii") for word in _WORD.findall(body)}
