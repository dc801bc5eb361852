"""What the refusals of Entra and Graph mean: whose they are, whether they pass."""

import traceback
from typing import Any

import pytest

from connectors.microsoft.refusals import is_passing, refusal, sign_in_problem


@pytest.mark.parametrize(
    ("number", "word", "state"),
    [
        (7000215, "invalid_client", "wrong client secret"),
        (7000222, "invalid_client", "client secret expired"),
        (700027, "invalid_client", "wrong certificate"),
        (700024, "invalid_client", "clock is wrong"),
        (65001, "invalid_grant", "consent missing"),
        (53003, "invalid_grant", "blocked by conditional access"),
        (530035, "invalid_grant", "blocked by conditional access"),
        (50131, "invalid_grant", "blocked by conditional access"),
        (50097, "interaction_required", "blocked by conditional access"),
        (50076, "invalid_grant", "another sign-in step is asked for"),
        (50158, "interaction_required", "another sign-in step is asked for"),
        (70043, "invalid_grant", "sign-in expired"),
        (50053, "invalid_grant", "account locked"),
        (50057, "invalid_grant", "account disabled"),
        (50144, "invalid_grant", "password expired"),
        (90072, "invalid_grant", "account deleted"),
        (1000502, "invalid_client", "certificate expired"),
        (700025, "invalid_client", "app is a public client"),
        (70001, "unauthorized_client", "app registration disabled"),
        (650057, "invalid_client", "permissions not registered"),
        (90094, "interaction_required", "consent missing"),
        (7000229, "unauthorized_client", "consent missing"),
        (50194, "invalid_request", "app of one organisation"),
        (9002331, "invalid_request", "app for private accounts"),
        (90038, "invalid_request", "tenant in a national cloud"),
        (700082, "invalid_grant", "access revoked"),
        (7000218, "invalid_client", "app allows no public clients"),
        (50105, "invalid_grant", "account not assigned to the app"),
        (99, "invalid_grant", "access revoked"),
        (123456, "something_new", "sign-in refused (AADSTS123456)"),
    ],
)
@pytest.mark.parametrize("in_codes", [True, False])
def test_codes_of_entra(number: int, word: str, state: str, in_codes: bool):
    body = {"error": word, "error_description": f"AADSTS{number}: TEXT Trace ID: TRACE"}
    if in_codes:
        body = {"error": word, "error_description": "TEXT", "error_codes": [number]}
    found = sign_in_problem(body)
    assert found.state == state
    assert found.is_account
    assert "TEXT" not in str(found)
    assert "TRACE" not in str(found)


@pytest.mark.parametrize(
    ("body", "passes"),
    [
        ({"error": "temporarily_unavailable"}, True),
        ({"error": "invalid_request", "error_codes": [90033]}, True),
        ({"error": "invalid_client", "error_description": "AADSTS50196: loop"}, True),
        ({"error": "invalid_grant", "error_codes": [53003]}, False),
        ({}, False),
    ],
)
def test_what_entra_may_answer_later(body: dict, passes: bool):
    assert is_passing(body) is passes


@pytest.mark.parametrize(
    "body",
    [{}, {"error": {}}, {"error": None, "error_codes": "7000215"}, {"error_codes": [None, "x"]}],
)
def test_an_odd_refusal_of_the_sign_in_service_is_still_one(body: dict):
    assert sign_in_problem(body).state == "sign-in refused"


@pytest.mark.parametrize(
    ("status", "error", "state", "is_account"),
    [
        (401, {"code": "InvalidAuthenticationToken"}, "access revoked", False),
        (403, {"code": "Authorization_RequestDenied"}, "permission missing (X)", True),
        (
            403,
            {"code": "ErrorAccessDenied", "message": "Access is denied."},
            "permission missing (X)",
            False,
        ),
        (
            403,
            {"code": "ErrorAccessDenied", "message": "Access to OData is disabled."},
            "closed to this app",
            False,
        ),
        (404, {"code": "MailboxNotEnabledForRESTAPI"}, "no mailbox", False),
        (404, {"code": "ErrorInvalidUser"}, "account deleted", False),
        (404, {"code": "Request_ResourceNotFound"}, "account deleted", False),
        (410, {"code": "resyncRequired"}, "sync state lost again", False),
        (400, {"code": "SyncStateNotFound"}, "sync state lost again", False),
        (400, {"code": "BadRequest", "message": "SECRET"}, "refused (400 BadRequest)", False),
        (418, {"code": "<script>", "message": "SECRET"}, "refused (418)", False),
        (404, None, "refused (404)", False),
        (404, "text", "refused (404)", False),
        (403, {"code": 7, "message": ["SECRET"]}, "permission missing (X)", False),
    ],
)
def test_refusals_of_graph(status: int, error: Any, state: str, is_account: bool):
    found = refusal(status, {"error": error}, "X")
    assert (found.state, found.is_account) == (state, is_account)
    assert found.cure
    assert "SECRET" not in "".join(traceback.format_exception(found))
