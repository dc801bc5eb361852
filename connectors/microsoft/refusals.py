"""What every refusal of Microsoft means for a person: a state and its cure.

Here: error codes of the sign-in service and of Graph -> PullProblem. All texts are in this place.
Not here: when something is asked (access.py, graph.py), faults that pass (connectors/http.py).

Of an answer only its codes are looked at; what it says names tenants, users and requests.
"""

import re
from collections.abc import Mapping
from typing import Any

from connectors.pages import PullProblem

_CONNECT = "run `kith connect microsoft` again"
_AADSTS = re.compile(r"AADSTS([0-9]{4,8})\b")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,60}")

_WRONG_SECRET = (
    "wrong client secret",
    f"{_CONNECT} with the secret's value (not its id) from the app registration",
)
_WRONG_CERTIFICATE = (
    "wrong certificate",
    f"upload the certificate to the app registration, or {_CONNECT} with the one that is there",
)
_UNKNOWN_TENANT = (
    "unknown tenant",
    f"{_CONNECT} with the directory (tenant) id from the app registration's overview",
)
_UNKNOWN_APP = (
    "unknown app registration",
    f"{_CONNECT} with the application (client) id, and check that it belongs to this tenant",
)
_NO_CONSENT = (
    "consent missing",
    "let an administrator grant the app's permissions under API permissions in the Entra portal, "
    f"then {_CONNECT}",
)
_DECLINED = ("not allowed", f"{_CONNECT} and allow access; nothing was connected")
_REVOKED = ("access revoked", f"{_CONNECT} and sign in")
_DISABLED = ("account disabled", "let an administrator enable the account, or disconnect it")
_CONDITIONAL = (
    "blocked by conditional access",
    "let an administrator exclude this app from the policy, or run kith where the policy allows it",
)
_SIGN_IN_ENDED = (
    "sign-in expired",
    f"{_CONNECT}: the organisation demands a new sign-in from time to time",
)
_CHALLENGED = (
    "another sign-in step is asked for",
    f"{_CONNECT} and finish every step in the browser",
)
_PASSWORD = ("password expired", f"set a new password, then {_CONNECT}")
_DELETED = ("account deleted", "disconnect this account: the directory does not know it any more")
_APP_DISABLED = (
    "app registration disabled",
    "let an administrator enable the app under Enterprise applications",
)
_NOT_REQUESTED = (
    "permissions not registered",
    "add the permissions that the guide names under API permissions in the app registration",
)
_ONE_TENANT = (
    "app of one organisation",
    "name it: kith connect microsoft --tenant with the directory id from the app's overview",
)
_PRIVATE_ONLY = (
    "app for private accounts",
    "sign in with --tenant consumers, or open the app to organisations under Authentication",
)
_NOT_PUBLIC = (
    "app allows no public clients",
    "set Allow public client flows to Yes under Authentication in the app registration",
)
_CLOCK = ("clock is wrong", "set this machine's clock: signed requests are valid for minutes only")

_SIGN_IN = {
    7000215: _WRONG_SECRET,
    7000216: _WRONG_SECRET,
    7000218: _NOT_PUBLIC,
    7000222: (
        "client secret expired",
        f"make a new client secret in the app registration and {_CONNECT} with it",
    ),
    1000502: (
        "certificate expired",
        f"upload a new certificate to the app registration and {_CONNECT} with it",
    ),
    700025: (
        "app is a public client",
        "sign in as one person with --client-id, or switch Allow public client flows off",
    ),
    50012: _WRONG_CERTIFICATE,
    700027: _WRONG_CERTIFICATE,
    700024: _CLOCK,
    700016: _UNKNOWN_APP,
    70001: _APP_DISABLED,
    7000112: _APP_DISABLED,
    7000229: _NO_CONSENT,
    50194: _ONE_TENANT,
    9002331: _PRIVATE_ONLY,
    9002346: _PRIVATE_ONLY,
    90038: (
        "tenant in a national cloud",
        "set graph_endpoint and login_endpoint under [microsoft] in kith.toml to that cloud's",
    ),
    50059: _UNKNOWN_TENANT,
    50128: _UNKNOWN_TENANT,
    90002: _UNKNOWN_TENANT,
    900021: _UNKNOWN_TENANT,
    900023: _UNKNOWN_TENANT,
    50020: _UNKNOWN_TENANT,
    65001: _NO_CONSENT,
    65004: _DECLINED,
    90008: _NO_CONSENT,
    90094: _NO_CONSENT,
    90095: _NO_CONSENT,
    900941: _NO_CONSENT,
    65005: _NOT_REQUESTED,
    650056: _NOT_REQUESTED,
    650057: _NOT_REQUESTED,
    70011: _NOT_REQUESTED,
    50105: (
        "account not assigned to the app",
        "let an administrator assign the account to the app under Enterprise applications",
    ),
    16003: _DELETED,
    50034: _DELETED,
    51004: _DELETED,
    90072: _DELETED,
    50057: _DISABLED,
    50053: (
        "account locked",
        "wait an hour, or let an administrator unlock the account: too many sign-ins failed",
    ),
    50055: _PASSWORD,
    50135: _PASSWORD,
    50144: _PASSWORD,
    50173: _REVOKED,
    50132: _REVOKED,
    50133: _REVOKED,
    50089: _REVOKED,
    50139: _REVOKED,
    54005: _REVOKED,
    70000: _REVOKED,
    70008: _REVOKED,
    700082: _REVOKED,
    700084: _REVOKED,
    70043: _SIGN_IN_ENDED,
    70044: _SIGN_IN_ENDED,
    50005: _CONDITIONAL,
    50097: _CONDITIONAL,
    50129: _CONDITIONAL,
    50131: _CONDITIONAL,
    50155: _CONDITIONAL,
    50187: _CONDITIONAL,
    500021: _CONDITIONAL,
    700003: _CONDITIONAL,
    530003: _CONDITIONAL,
    530004: _CONDITIONAL,
    530031: _CONDITIONAL,
    530032: _CONDITIONAL,
    530034: _CONDITIONAL,
    530035: _CONDITIONAL,
    53000: _CONDITIONAL,
    53001: _CONDITIONAL,
    53002: _CONDITIONAL,
    53003: _CONDITIONAL,
    53011: _CONDITIONAL,
    53004: _CHALLENGED,
    50072: _CHALLENGED,
    50074: _CHALLENGED,
    50076: _CHALLENGED,
    50078: _CHALLENGED,
    50079: _CHALLENGED,
    50125: _CHALLENGED,
    50158: _CHALLENGED,
    50161: _CHALLENGED,
    50199: _CHALLENGED,
}
# What becomes of a sign-in by a person; the numbers beside these words tell less.
_PERSON_WORDS = {
    "access_denied": _DECLINED,
    "authorization_declined": _DECLINED,
    "expired_token": ("nobody signed in", f"{_CONNECT} and enter the code within its time"),
    "bad_verification_code": ("nobody signed in", f"{_CONNECT} and enter the new code"),
}
_SIGN_IN_WORDS = {
    "invalid_grant": _REVOKED,
    "interaction_required": _CHALLENGED,
    "consent_required": _NO_CONSENT,
    "invalid_client": (
        "wrong client credentials",
        f"{_CONNECT} with the secret or certificate of the app registration",
    ),
    "unauthorized_client": _UNKNOWN_APP,
    "invalid_tenant": _UNKNOWN_TENANT,
}
_PASSING_WORDS = ("temporarily_unavailable", "server_error")
_PASSING = frozenset({50033, 50087, 50196, 90006, 90012, 90024, 90033, 90055, 90090, 90091})

_NO_MAILBOX = (
    "no mailbox",
    "assign a licence with Exchange Online to this account, or leave it out",
)
_GONE = ("account deleted", "leave this account out: the directory does not know it any more")
_GRAPH = {
    "mailboxnotenabledforrestapi": _NO_MAILBOX,
    "mailboxnotsupportedforrestapi": _NO_MAILBOX,
    "mailboxnothostedinexchangeonline": _NO_MAILBOX,
    "errornonexistentmailbox": _NO_MAILBOX,
    "errorinvaliduser": _GONE,
    "resourcenotfound": _GONE,
    "request_resourcenotfound": _GONE,
}
_EXPIRED = frozenset(
    {
        *("syncstatenotfound", "syncstateinvalid", "resyncrequired", "invalidsyncstatedata"),
        "directory_expiredpagetoken",
    }
)
_ODATA_DISABLED = "access to odata is disabled"


class Refused(PullProblem):
    """An answer of Graph that no repetition would change.

    status, code  of the answer; the code in lower case, "" where there is none
    """

    def __init__(self, problem: tuple[str, str], status: int, code: str, said: str) -> None:
        """Keep what the caller may have to know; ``said`` is compared with, and never shown."""
        super().__init__(*problem, is_account=code.startswith("authorization_"))
        self.status, self.code = status, code
        self._said = said

    @property
    def is_missing(self) -> bool:
        """Whether the item that was asked for is not, or no longer, there."""
        return self.status == 404 and self.code in ("erroritemnotfound", "errorfoldernotfound")

    @property
    def is_expired(self) -> bool:
        """Whether a link has lost its state, so that the listing has to begin again."""
        return self.status == 410 or self.code in _EXPIRED

    def names(self, part: str) -> bool:
        """Whether the refusal is about ``part`` of the request."""
        return self.status in (400, 403) and part.lower() in self._said


def unusable_key() -> PullProblem:
    """The problem of a key that holds something else than a key holds."""
    return PullProblem("unusable key", f"{_CONNECT}: the key cannot be read", is_account=True)


def unknown_tenant() -> PullProblem:
    """What is said to be a directory id or domain can be none."""
    return PullProblem(*_UNKNOWN_TENANT, is_account=True)


def sign_in_problem(body: Mapping[str, Any]) -> PullProblem:
    """What an error of the token or discovery endpoint means; always for the whole account."""
    word, numbers = body.get("error"), _numbers(body)
    known = _PERSON_WORDS.get(word) if isinstance(word, str) else None
    if known is None:
        known = next((_SIGN_IN[number] for number in numbers if number in _SIGN_IN), None)
    if known is None and isinstance(word, str):
        known = _SIGN_IN_WORDS.get(word)
    if known is None:
        code = f" (AADSTS{numbers[0]})" if numbers else ""
        known = (f"sign-in refused{code}", f"look the code up in Microsoft's list, or {_CONNECT}")
    return PullProblem(*known, is_account=True)


def is_passing(body: Mapping[str, Any]) -> bool:
    """Whether the token endpoint may well answer if it is asked again."""
    return body.get("error") in _PASSING_WORDS or not _PASSING.isdisjoint(_numbers(body))


def _numbers(body: Mapping[str, Any]) -> list[int]:
    codes = body.get("error_codes")
    numbers = [one for one in codes if isinstance(one, int)] if isinstance(codes, list) else []
    return numbers + [int(one) for one in _AADSTS.findall(str(body.get("error_description")))]


def refusal(status: int, body: Mapping[str, Any], permission: str) -> Refused:
    """What Graph's refusal means, where ``permission`` is what the request needs."""
    error = body.get("error")
    error = error if isinstance(error, dict) else {}
    name, said = error.get("code"), str(error.get("message", "")).lower()
    name = name if isinstance(name, str) and _CODE.fullmatch(name) else ""
    code = name.lower()
    if status == 401:
        problem = _REVOKED
    elif code in _GRAPH:
        problem = _GRAPH[code]
    elif _ODATA_DISABLED in said:
        problem = (
            "closed to this app",
            "let an administrator add this mailbox to the app's access policy, or leave it out",
        )
    elif status == 403:
        problem = (
            f"permission missing ({permission})",
            f"let an administrator grant {permission} to the app and to this mailbox, "
            f"then {_CONNECT}",
        )
    elif status == 410 or code in _EXPIRED:
        problem = ("sync state lost again", "run kith again later; nothing that is stored is lost")
    else:
        problem = (
            f"refused ({status} {name})".replace(" )", ")"),
            "report it with this state: kith asked for something that Microsoft does not serve",
        )
    return Refused(problem, status, code, said)
