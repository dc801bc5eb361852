"""A service account whose key stays with Google, for a machine that another cloud vouches for."""

import json
import threading
from pathlib import Path

import pytest

from connectors.google import KEYLESS, Endpoints
from connectors.pages import PullProblem
from sandbox import keys
from sandbox.server import Sandbox
from tests.connectors.google.conftest import Office, account_of, office_of

KEY = {"type": KEYLESS, "client_email": keys.SERVICE_ACCOUNT}


@pytest.fixture
def token_file(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What this machine knows of itself: no key, but a token of its own cloud's."""
    path = tmp_path / "token"
    path.write_text(keys.WORKLOAD_TOKEN)
    config = tmp_path / "workload.json"
    config.write_text(json.dumps(keys.workload(sandbox.google_url, str(path))))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(config))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return path


def endpoints(sandbox: Sandbox, **changes: str) -> Endpoints:
    url = sandbox.google_url
    given = {"gmail": url, "calendar": f"{url}/calendar/v3/", "directory": url, "iam": url}
    return Endpoints(**given | {"token": f"{url}/token"} | changes)


def keyless(sandbox: Sandbox, **changes: str):
    return account_of(sandbox, KEY | changes, endpoints=endpoints(sandbox))


def problem(sandbox: Sandbox, **changes: str) -> PullProblem:
    with pytest.raises(PullProblem) as caught:
        keyless(sandbox, **changes).check()
    assert keys.WORKLOAD_TOKEN not in str(caught.value)
    return caught.value


def test_everything_is_read_without_any_key(sandbox: Sandbox, token_file: Path):
    account = keyless(sandbox)
    assert account.is_organisation
    account.check()
    whole = office_of(sandbox, next(iter(sandbox.world.boxes)))
    own = Office(sandbox, account, whole.mailbox, whole.clock)
    for office in (whole, own):
        office.mail()
        office.calendar()
        office.people()
    assert own.store.messages and own.store.messages == whole.store.messages
    assert own.store.events == whole.store.events
    assert own.store.people == whole.store.people


def test_the_machine_logs_in_once_for_all_threads(sandbox: Sandbox, token_file: Path):
    account, failed = keyless(sandbox), []

    def check() -> None:
        try:
            account.check()
        except PullProblem as problem:
            failed.append(problem)

    threads = [threading.Thread(target=check) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert [call.path for call in sandbox.log].count("/v1/token") == 1


def test_whoever_may_not_sign_is_told_which_role_is_missing(sandbox: Sandbox, token_file: Path):
    sandbox.world.workload_may_sign = False
    found = problem(sandbox)
    assert found.state == "may not sign" and found.is_account
    assert "Service Account Token Creator" in found.cure


def test_an_iam_api_that_is_off_is_named(sandbox: Sandbox, token_file: Path):
    sandbox.world.disabled_apis.add("iamcredentials")
    assert problem(sandbox).state == "IAM Service Account Credentials API switched off"


def test_a_service_account_that_is_unknown_is_told(sandbox: Sandbox, token_file: Path):
    name = "nobody@kith-village.iam.gserviceaccount.com"
    assert problem(sandbox, client_email=name).state == "unknown service account"


def test_a_login_that_is_not_taken_is_told(sandbox: Sandbox, token_file: Path):
    token_file.write_text("eyJ.of-nobody")
    found = problem(sandbox)
    assert found.state == "Google login refused" and "workload identity" in found.cure


def test_without_any_login_the_ways_to_one_are_named(sandbox: Sandbox, token_file, monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(token_file.with_name("gone.json")))
    found = problem(sandbox)
    assert found.state == "no Google login here"
    assert "gcloud auth application-default login" in found.cure


def test_delegation_is_asked_for_as_with_a_key_file(sandbox: Sandbox, token_file: Path):
    sandbox.world.granted_scopes.clear()
    assert problem(sandbox).state == "scopes not granted"


def test_a_signature_is_never_asked_for_in_the_open(sandbox: Sandbox):
    with pytest.raises(ValueError, match="neither https"):
        endpoints(sandbox, iam="http://iam.example")
