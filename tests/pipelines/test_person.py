"""One person's own account, at either provider: connect, pull, disconnect."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors import addresses
from connectors.pages import PullProblem
from connectors.quota import Clock
from pipelines import accounts, audience, pseudonym_key
from pipelines.pull import pull
from pipelines.settings import Settings
from pipelines.warehouse import Warehouse
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World
from tests.pipelines.killing import KEY
from tests.pipelines.small_world import COMPANY, SmallWorld


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(World(Village(months=3), datetime(2026, 6, 24, 8, tzinfo=UTC))) as sandbox:
        yield sandbox


@pytest.fixture(params=["google", "microsoft"])
def provider(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def address(provider: str, sandbox: Sandbox) -> str:
    staff = sandbox.world.village.staff
    return [one.address for one in staff if one.company == COMPANY[provider]][3]


@pytest.fixture
def settings(provider: str, sandbox: Sandbox, tmp_path: Path) -> Settings:
    settings = Settings(data=tmp_path / "data", **SmallWorld(provider, sandbox, ()).settings)
    pseudonym_key.write(settings, KEY)
    return settings


@pytest.fixture
def account(
    provider: str, address: str, sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> accounts.Account:
    world = sandbox.world
    user_file = {"google": world.google_user_file, "microsoft": world.microsoft_user_file}[provider]
    path = tmp_path / "key.json"
    path.write_text(json.dumps(user_file(address)))
    return accounts.connect(settings, provider, accounts.read_key(path), None)


def pull_all(settings: Settings) -> dict:
    with Warehouse(settings).connect() as connection:
        return pull(connection, settings, KEY, lambda _progress: None).states


def test_the_own_mailbox_is_read_whole_and_nobody_elses(account, address, sandbox, settings):
    assert account.account_id == f"{account.provider}-{addresses.address_key(KEY, address)}"
    assert settings.effective_audience == "self"
    sandbox.log.clear()
    assert pull_all(settings) == {account.provider: {"ok": 1}}
    assert {call.mailbox for call in sandbox.log} <= {address, None}
    with Warehouse(settings).connect() as connection:
        ids = connection.execute("SELECT DISTINCT mailbox_id FROM raw.messages").fetchall()
        ((held,),) = connection.execute("SELECT count(*) FROM raw.messages").fetchall()
        ((meetings,),) = connection.execute("SELECT count(*) FROM raw.events").fetchall()
    assert ids == [(account.account_id,)]
    assert held == len(sandbox.world.boxes[address].copies())
    assert meetings > 3


def test_after_a_second_pull_the_account_still_opens(account, settings):
    assert pull_all(settings) == {account.provider: {"ok": 1}}
    (kept,) = accounts.connected(settings)
    assert kept.account_id == account.account_id
    assert pull_all(settings) == {account.provider: {"ok": 1}}


def test_the_own_account_is_not_asked_either_once_its_owner_opted_out(
    account, address, sandbox, settings
):
    pull_all(settings)
    assert audience.opt_out(settings, address)
    sandbox.log.clear()
    assert pull_all(settings) == {}
    assert sandbox.log == []


def test_a_revoked_consent_is_a_state_with_its_cure_and_loses_nothing(account, sandbox, settings):
    pull_all(settings)
    sandbox.world.refresh_tokens.clear()
    if account.provider == "google":
        sandbox.google.tokens.expire()
    (states,) = pull_all(settings).values()
    assert list(states) == ["access revoked"]
    with Warehouse(settings).connect() as connection:
        ((held,),) = connection.execute("SELECT count(*) FROM raw.messages").fetchall()
        ((cure,),) = connection.execute("SELECT cure FROM raw.mailboxes").fetchall()
    assert held and "connect" in cure


def test_disconnecting_ends_the_consent_where_the_provider_lets_an_app_do_so(
    account, sandbox, settings
):
    connector = account.open(settings, Clock())
    said = accounts.disconnect(settings, account)
    assert accounts.connected(settings) == []
    if account.provider == "google":
        assert said.endswith("its tokens are revoked")
        with pytest.raises(PullProblem, match="revoked"):
            connector.owner()
    else:
        assert said.endswith("withdraw its rights where you granted them")
