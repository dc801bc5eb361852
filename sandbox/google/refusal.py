"""How Google says no: statuses, reasons and wordings of its error answers.

Here: every refusal as an exception that knows its JSON. Not here: when one is due.

The APIs differ: Gmail's errors always carry ``status``, those of Calendar and Directory only where
the sign-in is at fault. Wordings are Google's, for clients that look at them.
"""

from collections.abc import Iterable

from sandbox.exchange import Answer

PROJECT_NUMBER = "471100815"
_SEE = (
    "Expected OAuth 2 access token, login cookie or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project."
)
_REALM = 'Bearer realm="https://accounts.google.com/"'


class Refusal(Exception):
    """An error answer of an API.

    reason   errors[0].reason
    status   the canonical name of the code, None where the API leaves it out
    short    errors[0].message where it is not the message
    where    (locationType, location) of what is wrong
    """

    def __init__(
        self,
        code: int,
        message: str,
        reason: str,
        *,
        status: str | None = None,
        short: str | None = None,
        domain: str | None = "global",
        where: tuple[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Keep what the answer is made of."""
        super().__init__(message)
        first = {"message": short or message, "reason": reason}
        if domain is not None:
            first["domain"] = domain
        if where is not None:
            first["locationType"], first["location"] = where
        self.error = {"code": code, "message": message, "errors": [first]}
        if status is not None:
            self.error["status"] = status
        self.headers = headers or {}

    def answer(self) -> Answer:
        """The error as it is sent."""
        return Answer(self.error["code"], {"error": self.error}, dict(self.headers))


def no_token() -> Refusal:
    """No Authorization header."""
    return Refusal(
        401,
        f"Request is missing required authentication credential. {_SEE}",
        "required",
        status="UNAUTHENTICATED",
        short="Login Required.",
        where=("header", "Authorization"),
        headers={"WWW-Authenticate": _REALM},
    )


def bad_token() -> Refusal:
    """A token that is unknown, has expired or was revoked."""
    return Refusal(
        401,
        f"Request had invalid authentication credentials. {_SEE}",
        "authError",
        status="UNAUTHENTICATED",
        short="Invalid Credentials",
        where=("header", "Authorization"),
        headers={"WWW-Authenticate": f'{_REALM}, error="invalid_token"'},
    )


def scope_missing(scopes: Iterable[str]) -> Refusal:
    """A token without any of the scopes that the method asks for."""
    wanted = " ".join(sorted(scopes))
    return Refusal(
        403,
        "Request had insufficient authentication scopes.",
        "insufficientPermissions",
        status="PERMISSION_DENIED",
        short="Insufficient Permission",
        headers={"WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="{wanted}"'},
    )


def api_disabled(api: str) -> Refusal:
    """An API that nobody switched on in the project."""
    message = (
        f"{api.capitalize()} API has not been used in project {PROJECT_NUMBER} before or it is "
        "disabled. Enable it by visiting the console, then retry. If you enabled this API "
        "recently, wait a few minutes for the action to propagate to our systems and retry."
    )
    return Refusal(
        403, message, "accessNotConfigured", status="PERMISSION_DENIED", domain="usageLimits"
    )


def may_not_sign() -> Refusal:
    """Somebody without the role Service Account Token Creator."""
    return Refusal(
        403,
        "Permission 'iam.serviceAccounts.signBlob' denied on resource (or it may not exist).",
        "forbidden",
        status="PERMISSION_DENIED",
    )


def no_such_path() -> Refusal:
    """Nothing is served there, or not by this method."""
    return Refusal(404, "Not Found", "notFound")


def unknown_parameter(name: str) -> Refusal:
    """A query parameter that the method, or this sandbox, does not know."""
    message = f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter.'
    return Refusal(400, message, "invalid", status="INVALID_ARGUMENT", domain=None)


def bad_value(field: str, kind: str, value: str) -> Refusal:
    """A value that is not of the parameter's type; ``field`` in snake_case."""
    message = f"Invalid value at '{field}' ({kind}), \"{value}\""
    return Refusal(400, message, "invalid", status="INVALID_ARGUMENT", domain=None)


def bad_fields(text: str) -> Refusal:
    """A ``fields`` parameter that cannot be read."""
    message = f"Invalid field selection {text}"
    return Refusal(400, message, "invalidParameter", where=("parameter", "fields"))


def gmail_not_found() -> Refusal:
    """No such message or thread, or a history id that has expired."""
    return Refusal(404, "Requested entity was not found.", "notFound", status="NOT_FOUND")


def gmail_invalid(message: str) -> Refusal:
    """An argument that Gmail does not take."""
    return Refusal(400, message, "invalidArgument", status="INVALID_ARGUMENT")


def gmail_forbidden(message: str) -> Refusal:
    """Something that the token's scope or user does not allow."""
    return Refusal(403, message, "forbidden", status="PERMISSION_DENIED")


def gmail_not_enabled() -> Refusal:
    """A user without a mailbox."""
    return Refusal(
        400, "Mail service not enabled", "failedPrecondition", status="FAILED_PRECONDITION"
    )


def calendar_not_found() -> Refusal:
    """A calendar that does not exist or is not shared."""
    return Refusal(404, "Not Found", "notFound")


def calendar_invalid(message: str, parameter: str) -> Refusal:
    """A parameter, or a combination, that Calendar does not take."""
    return Refusal(400, message, "invalid", where=("parameter", parameter))


def full_sync_required() -> Refusal:
    """A sync token that has expired."""
    return Refusal(
        410,
        "Sync token is no longer valid, a full sync is required.",
        "fullSyncRequired",
        domain="calendar",
        where=("parameter", "syncToken"),
    )


def bad_page(path: str) -> Refusal:
    """A page token that is over, in the words of the API behind ``path``."""
    if path.startswith("/gmail/"):
        return gmail_invalid("Invalid pageToken")
    if path.startswith("/calendar/"):
        return calendar_invalid("Invalid page token value.", "pageToken")
    return directory_invalid()


def directory_bad_request() -> Refusal:
    """Neither customer nor domain."""
    return Refusal(400, "Bad Request", "badRequest")


def directory_invalid() -> Refusal:
    """A value that Directory does not take; it does not say which."""
    return Refusal(400, "Invalid Input", "invalid")


def directory_forbidden() -> Refusal:
    """Somebody who is no administrator."""
    return Refusal(403, "Not Authorized to access this resource/api", "forbidden")


def throttled() -> Refusal:
    """Too many requests at once."""
    return Refusal(
        429,
        "Too many concurrent requests for user.",
        "rateLimitExceeded",
        status="RESOURCE_EXHAUSTED",
    )


def quota_exceeded() -> Refusal:
    """Too many units in a minute."""
    message = (
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of "
        f"service 'gmail.googleapis.com' for consumer 'project_number:{PROJECT_NUMBER}'."
    )
    return Refusal(
        403, message, "rateLimitExceeded", status="PERMISSION_DENIED", domain="usageLimits"
    )


def backend_error(code: int) -> Refusal:
    """Google's own trouble."""
    status = "UNAVAILABLE" if code == 503 else "INTERNAL"
    return Refusal(code, "Backend Error", "backendError", status=status)
