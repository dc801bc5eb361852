"""How Graph and Entra say no.

Here: the two error bodies, the refusals that several routes share.
Not here: when they are due.
"""

from datetime import datetime
from typing import Any

from sandbox.exchange import Answer
from sandbox.microsoft.sealing import guid


class Refusal(Exception):
    """A request that Graph answers with an error.

    code     Graph's own word for it
    message  its sentence
    """

    def __init__(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        """Keep what the answer will say."""
        super().__init__(code)
        self.status, self.code, self.message = status, code, message
        self.headers = headers or {}


class SignInRefusal(Exception):
    """A token request that Entra answers with an error.

    error   the word of RFC 6749 or 8628
    number  of the AADSTS code
    """

    def __init__(self, error: str, number: int, message: str, suberror: str | None = None) -> None:
        """Keep what the answer will say."""
        super().__init__(f"AADSTS{number}")
        self.error, self.number, self.message, self.suberror = error, number, message, suberror


def graph_error(refusal: Refusal, now: datetime, request_id: str) -> Answer:
    """Graph's error body, with the ids that its support asks for."""
    inner = {
        "date": f"{now:%Y-%m-%dT%H:%M:%S}",
        "request-id": request_id,
        "client-request-id": request_id,
    }
    error = {"code": refusal.code, "message": refusal.message, "innerError": inner}
    return Answer(refusal.status, {"error": error}, dict(refusal.headers))


def sign_in_error(refusal: SignInRefusal, now: datetime, login_url: str) -> Answer:
    """Entra's error body; 401 for the client's own fault, else 400."""
    trace = guid("trace", refusal.error, now.isoformat())
    correlation = guid("correlation", refusal.error, now.isoformat())
    at = f"{now:%Y-%m-%d %H:%M:%SZ}"
    body: dict[str, Any] = {
        "error": refusal.error,
        "error_description": f"AADSTS{refusal.number}: {refusal.message} Trace ID: {trace} "
        f"Correlation ID: {correlation} Timestamp: {at}",
        "error_codes": [refusal.number],
        "timestamp": at,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"{login_url}/error?code={refusal.number}",
    }
    if refusal.suberror:
        body["suberror"] = refusal.suberror
    return Answer(401 if refusal.error == "invalid_client" else 400, body)


def no_such_item() -> Refusal:
    """An item that is not, or no longer, there."""
    return Refusal(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def no_access() -> Refusal:
    """Exchange refuses what the token does not allow."""
    return Refusal(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def bad_query(message: str) -> Refusal:
    """A query option that Graph does not take."""
    return Refusal(400, "ErrorInvalidUrlQuery", message)
