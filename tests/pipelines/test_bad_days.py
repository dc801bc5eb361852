"""Whatever a provider answers: a state with its cure, nothing lost, cursors unmoved, no scar."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pipelines import pull as engine
from pipelines.accounts import connected, keep, store
from pipelines.status import status
from pipelines.warehouse import Warehouse
from sandbox.faults import Fault
from sandbox.village import Village
from tests.pipelines.killing import QuickClock, digest, load, pull_once
from tests.pipelines.small_world import SmallWorld, small_world


@pytest.fixture(scope="module", params=["google", "microsoft"])
def world(request: pytest.FixtureRequest) -> Iterator[SmallWorld]:
    with small_world(request.param, Village(months=2)) as world:
        yield world


@pytest.fixture
def folder(world: SmallWorld, tmp_path: Path) -> Path:
    """A data folder after one good pull."""
    pull_once(world.prepare(tmp_path))
    return tmp_path


def states(folder: Path) -> dict[str, str | None]:
    """State -> cure, of accounts and mailboxes."""
    found = status(Warehouse(load(folder)))
    return {one.state: one.cure for one in (*found.accounts, *found.mailboxes)}


def held(folder: Path) -> dict[str, list]:
    """What is stored of mail and calendars, and where each stream stands."""
    with Warehouse(load(folder)).connect() as connection:
        return {
            name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall()
            for name in ("raw.messages", "raw.message_folders", "raw.events", "raw.cursors")
        }


@pytest.mark.parametrize(
    "kind",
    "html truncated server_500 unavailable_503 throttle_429 reset unauthorised_401".split(),
)
def test_a_provider_that_fails_for_good_today(world, folder, monkeypatch, kind):
    before, healthy = held(folder), digest(folder)
    monkeypatch.setattr(engine, "Clock", QuickClock)
    world.sandbox.faults[:] = [Fault(at=0, kind=kind, times=10_000)]
    pull_once(folder)
    world.sandbox.faults.clear()
    found = states(folder)
    assert "ok" not in found
    assert all(found.values())
    assert not any(word in cure for cure in found.values() for word in ("http", "127.0.0.1", "@"))
    assert held(folder) == before
    pull_once(folder)
    assert digest(folder) == healthy


def test_rights_that_were_taken_away(world, folder):
    before, healthy = held(folder), digest(folder)
    if world.provider == "google":
        rights = world.sandbox.world.granted_scopes
    else:
        rights = world.sandbox.world.tenant.roles
    taken = {one for one in rights if "mail" in one.lower()}
    rights -= taken
    pull_once(folder)
    found = states(folder)
    rights |= taken
    (state,) = found.keys() - {"ok"}
    assert found[state]
    assert held(folder) == before
    pull_once(folder)
    assert digest(folder) == healthy


def test_a_key_that_is_no_longer_good(world, folder):
    before, healthy = held(folder), digest(folder)
    (account,) = connected(load(folder))
    another = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = another.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    wrong = {"google": {"private_key": pem}, "microsoft": {"client_secret": "another"}}
    right = json.loads(store(load(folder)).read(account.secret))
    keep(load(folder), account, right["key"] | wrong[world.provider], right["admin"])
    pull_once(folder)
    (state,) = states(folder)
    assert state in ("wrong client secret", "key revoked")
    assert held(folder) == before
    keep(load(folder), account, **right)
    pull_once(folder)
    assert digest(folder) == healthy
