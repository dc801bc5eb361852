"""Google's reasons as it words them, beside the state that each must become."""

from datetime import UTC, datetime

import pytest

from connectors.google import problems, sign_in_problems
from connectors.google.problems import CALENDAR, DIRECTORY, MAIL, SIGNING, Refused, Use
from connectors.pages import PullProblem
from connectors.quota import Later

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def api_error(code: int, reason: str, status: str = "", message: str = "") -> bytes:
    return (
        f'{{"error": {{"code": {code}, "message": "{message}", "errors": [{{"message": "m", '
        f'"domain": "global", "reason": "{reason}"}}], "status": "{status}"}}}}'
    ).encode()


def detail(code: int, reason: str, status: str) -> bytes:
    return (
        f'{{"error": {{"code": {code}, "message": "m", "status": "{status}", "details": ['
        f'{{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "{reason}", '
        '"domain": "googleapis.com"}]}}'
    ).encode()


@pytest.mark.parametrize(
    ("use", "status", "body", "state"),
    [
        (MAIL, 403, api_error(403, "insufficientPermissions"), "missing scope"),
        (
            CALENDAR,
            403,
            detail(403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "PERMISSION_DENIED"),
            "missing scope",
        ),
        (MAIL, 403, api_error(403, "accessNotConfigured"), "Gmail API switched off"),
        (
            DIRECTORY,
            403,
            detail(403, "SERVICE_DISABLED", "PERMISSION_DENIED"),
            "Admin SDK API switched off",
        ),
        (MAIL, 403, api_error(403, "dailyLimitExceeded"), "daily quota used up"),
        (MAIL, 429, api_error(429, "dailyLimitExceeded"), "daily quota used up"),
        (MAIL, 403, api_error(403, "domainPolicy"), "blocked by the organisation"),
        (MAIL, 400, api_error(400, "failedPrecondition", "FAILED_PRECONDITION"), "no mailbox"),
        (CALENDAR, 403, api_error(403, "notACalendarUser"), "no calendar"),
        (CALENDAR, 404, api_error(404, "notFound"), "no calendar"),
        (DIRECTORY, 403, api_error(403, "forbidden"), "not an administrator"),
        (MAIL, 403, api_error(403, "forbidden"), "not permitted"),
        (
            SIGNING,
            403,
            detail(403, "IAM_PERMISSION_DENIED", "PERMISSION_DENIED"),
            "may not sign",
        ),
        (SIGNING, 404, detail(404, "", "NOT_FOUND"), "unknown service account"),
        (
            SIGNING,
            403,
            detail(403, "SERVICE_DISABLED", "PERMISSION_DENIED"),
            "IAM Service Account Credentials API switched off",
        ),
        (MAIL, 401, api_error(401, "authError", "UNAUTHENTICATED"), "access refused"),
        (CALENDAR, 410, api_error(410, "fullSyncRequired"), "request refused (410)"),
        (MAIL, 404, api_error(404, "notFound"), "request refused (404)"),
        (MAIL, 302, b"", "request refused (302)"),
        (MAIL, 403, b'{"error": "of another shape"}', "not permitted"),
        (MAIL, 403, b"\xff<html>", "not permitted"),
    ],
)
def test_a_refusal_has_its_own_state(use: Use, status: int, body: bytes, state: str):
    problem = problems.refused(use, status, body, None, NOW)
    assert isinstance(problem, PullProblem)
    assert problem.state == state


@pytest.mark.parametrize(
    ("status", "body", "is_throttle"),
    [
        (403, api_error(403, "rateLimitExceeded"), True),
        (403, api_error(403, "userRateLimitExceeded"), True),
        (403, detail(403, "RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED"), True),
        (429, b"", True),
        (429, api_error(429, "rateLimitExceeded", "RESOURCE_EXHAUSTED"), True),
        (500, api_error(500, "backendError"), False),
        (503, b"<html>", False),
        (408, b"", False),
    ],
)
def test_what_passes_is_later(status: int, body: bytes, is_throttle: bool):
    later = problems.refused(MAIL, status, body, "12", NOW)
    assert isinstance(later, Later)
    assert (later.is_throttle, later.retry_after_s) == (is_throttle, 12.0)


def token_error(error: str, description: str = "") -> bytes:
    return f'{{"error": "{error}", "error_description": "{description}"}}'.encode()


EXPIRED = "Token has been expired or revoked."
NO_CLIENT = "Client is unauthorized to retrieve access tokens using this method, or client not"
IAT = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."


@pytest.mark.parametrize(
    ("is_person", "body", "state"),
    [
        (True, token_error("invalid_grant", EXPIRED), "access revoked"),
        (True, token_error("invalid_grant", "Account disabled"), "account suspended or deleted"),
        (
            True,
            token_error("invalid_grant", "The account has been deleted"),
            "account suspended or deleted",
        ),
        (True, token_error("access_denied", "Account restricted"), "blocked by the organisation"),
        (
            True,
            b'{"error": "invalid_grant", "error_subtype": "invalid_rapt"}',
            "sign-in expired",
        ),
        (True, token_error("invalid_scope", "Bad Request"), "missing consent"),
        (True, token_error("invalid_client", "Unauthorized"), "unknown client"),
        (True, token_error("deleted_client"), "unknown client"),
        (True, token_error("unauthorized_client"), "unknown client"),
        (True, token_error("admin_policy_enforced"), "blocked by the organisation"),
        (False, token_error("unauthorized_client", NO_CLIENT), "scopes not granted"),
        (
            False,
            token_error("invalid_grant", "Invalid email or User ID"),
            "unknown or suspended user",
        ),
        (
            False,
            token_error("invalid_request", "Invalid impersonation &quot;sub&quot; field."),
            "unknown or suspended user",
        ),
        (
            False,
            token_error("invalid_grant", "The account has been deleted"),
            "unknown or suspended user",
        ),
        (False, token_error("invalid_grant", "Robot is disabled."), "key revoked"),
        (
            False,
            token_error("invalid_grant", "Invalid JWT: No valid verifier found for issuer."),
            "key revoked",
        ),
        (False, token_error("invalid_grant", IAT), "wrong clock"),
        (False, token_error("invalid_grant", "Invalid JWT Signature."), "key revoked"),
        (False, token_error("invalid_grant", "Invalid grant: account not found"), "key revoked"),
        (False, token_error("something_new"), "sign-in refused"),
    ],
)
def test_a_refused_sign_in_has_its_own_state(is_person: bool, body: bytes, state: str):
    problem = sign_in_problems.token_refused(MAIL, is_person, 400, body, None, NOW)
    assert isinstance(problem, PullProblem)
    assert problem.state == state


def test_a_token_endpoint_that_fails_inside_may_pass():
    body = token_error("internal_failure", "Backend Error")
    later = sign_in_problems.token_refused(MAIL, True, 400, body, None, NOW)
    assert isinstance(later, Later) and later.problem.state == "Google fails"


def test_a_page_instead_of_a_token_may_pass():
    later = sign_in_problems.token_refused(
        MAIL, True, 403, b"<html>Sign in to this network", None, NOW
    )
    assert isinstance(later, Later)
    assert later.problem.state == "unreadable answer"


def test_every_state_has_one_cause():
    found = {**vars(problems), **vars(sign_in_problems)}
    texts = [one for one in found.values() if isinstance(one, problems.Text)]
    assert len(texts) > 20
    assert len({text.state for text in texts}) == len(texts)
    assert len({text.cure for text in texts}) == len(texts)
    assert all("://" not in text.cure and "@" not in text.cure for text in texts)
    assert Refused(MAIL, 404).status == 404
