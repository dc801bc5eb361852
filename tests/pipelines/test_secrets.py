"""Keys of accounts in the secret store, as a run, a terminal and kith doctor meet it."""

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors import encryption
from connectors.quota import Clock
from connectors.secret_store import SecretProblem
from pipelines import accounts, pseudonym_key
from pipelines import status as health
from pipelines.accounts import Account
from pipelines.pull import pull
from pipelines.settings import DEMO_MARK, Settings
from pipelines.warehouse import Warehouse
from sandbox.people import GOOGLE, MICROSOFT
from sandbox.server import Sandbox
from sandbox.village import Village
from sandbox.world import World
from tests.pipelines.killing import KEY
from tests.pipelines.small_world import SmallWorld
from tests.pipelines.test_cli import KITH, kith

PHRASE = "a horse in the rain"
TWO = {"google": Account("google-village", "google", True)}
TWO["microsoft"] = Account("microsoft-village", "microsoft", True)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(World(Village(months=1), datetime(2026, 6, 24, 8, tzinfo=UTC))) as sandbox:
        yield sandbox


@pytest.fixture
def settings(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Nothing but a passphrase is given, in the environment; one mailbox of each provider."""
    monkeypatch.setenv(encryption.VARIABLE, PHRASE)
    monkeypatch.setattr(encryption, "_typed", [])
    monkeypatch.setattr(encryption, "SCRYPT", encryption.SCRYPT | {"n": 2**4})
    staff = sandbox.world.village.staff
    read = [
        next(one.address for one in staff if one.company == company)
        for company in (GOOGLE, MICROSOFT)
    ]
    given = SmallWorld("google", sandbox, read).settings | {"secrets": None}
    settings = Settings(data=tmp_path / "data", **given)
    pseudonym_key.write(settings, KEY)
    return settings


@pytest.fixture
def both(settings: Settings, sandbox: Sandbox) -> Settings:
    world = sandbox.world
    accounts.keep(settings, TWO["google"], world.google_key_file(), world.admin(GOOGLE))
    accounts.keep(settings, TWO["microsoft"], world.microsoft_key_file())
    return settings


def on_disk(settings: Settings) -> bytes:
    files = (path for path in settings.data_folder.rglob("*") if path.is_file())
    return b"".join(path.read_bytes() for path in files)


def pull_all(settings: Settings) -> dict[str, tuple[str, str | None]]:
    """Account -> state and cure, as kith status shows them after a pull."""
    warehouse = Warehouse(settings)
    with warehouse.connect() as connection:
        done = pull(connection, settings, KEY, lambda _progress: None)
    assert not done.unexpected
    return {one.account: (one.state, one.cure) for one in health.status(warehouse).accounts}


def test_a_key_that_does_not_open_is_a_state_of_its_account_and_of_no_other(both, sandbox):
    path = both.accounts / f"{TWO['google'].secret}.json"
    path.write_bytes(path.read_bytes().replace(b"A", b"B"))
    damaged = path.read_bytes()
    sandbox.log.clear()
    found = pull_all(both)
    assert found["microsoft-village"] == ("ok", None)
    state, cure = found["google-village"]
    assert state == "secret does not open" and encryption.VARIABLE in cure
    assert path.read_bytes() == damaged
    assert {call.vendor for call in sandbox.log} == {"microsoft"}
    found = {one.what: one.cure for one in health.examine_secrets(both)}
    assert found["microsoft-village"] is None and found["google-village"]


def test_a_run_without_terminal_and_passphrase_says_so_and_asks_nobody(both, sandbox, monkeypatch):
    monkeypatch.delenv(encryption.VARIABLE)
    sandbox.log.clear()
    found = pull_all(both)
    assert {state for state, _ in found.values()} == {"passphrase needed"}
    assert all(encryption.CREDENTIAL in cure for _, cure in found.values())
    assert sandbox.log == []


def test_a_refresh_token_that_was_replaced_is_kept_encrypted(settings, sandbox):
    world = sandbox.world
    address = next(one.address for one in world.village.staff if one.company == MICROSOFT)
    key = world.microsoft_user_file(address)
    account = accounts.connect(settings, "microsoft", dict(key), None)
    for _ in range(2):
        assert account.open(settings, Clock()).owner().address == address
    kept = accounts.store(settings).open(account.secret)
    assert key["refresh_token"] not in kept
    (token,) = [one for one in world.refresh_tokens if one in kept]
    disk = on_disk(settings)
    assert token.encode() not in disk and key["refresh_token"].encode() not in disk


def test_the_keys_of_the_demo_need_no_passphrase(settings: Settings, monkeypatch):
    monkeypatch.delenv(encryption.VARIABLE)
    (settings.data_folder / DEMO_MARK).touch()
    accounts.keep(settings, TWO["google"], {"type": "invented"})
    assert accounts.store(settings).names("plaintext") == [TWO["google"].secret]


def test_a_forgotten_account_needs_no_key(both: Settings, monkeypatch):
    monkeypatch.delenv(encryption.VARIABLE)
    with pytest.raises(SecretProblem, match="passphrase needed"):
        accounts.disconnect(both, TWO["google"])
    said = accounts.disconnect(both, TWO["google"], revokes=False)
    assert "withdraw its rights" in said
    assert accounts.connected(both) == [TWO["microsoft"]]


# -- at a terminal


@dataclass
class House:
    """A folder, and kith in it with a terminal that somebody types at."""

    folder: Path
    environment: dict[str, str]

    def type(self, *words: str, lines: tuple[str, ...]) -> tuple[int, str]:
        """Exit code and everything shown, with ``lines`` typed as they are asked for."""
        ours, theirs = pty.openpty()
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("KITH_")}
        process = subprocess.Popen(
            [str(KITH), *words],
            cwd=self.folder,
            env=inherited | self.environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        shown, left = b"", list(lines)
        while True:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            # The space comes once whatever was typed before is thrown away.
            if shown.endswith((b"passphrase: ", b"confirmation: ")):
                os.write(ours, f"{left.pop(0)}\n".encode())
        os.close(ours)
        return process.wait(), shown.decode()


@pytest.fixture
def house(settings: Settings, sandbox: Sandbox, tmp_path: Path, monkeypatch) -> House:
    monkeypatch.delenv(encryption.VARIABLE)
    key_file = tmp_path / "microsoft.json"
    key_file.write_text(json.dumps(sandbox.world.microsoft_key_file()))
    url = sandbox.microsoft_url
    environment = {"KITH_MICROSOFT__GRAPH_ENDPOINT": url, "KITH_MICROSOFT__LOGIN_ENDPOINT": url}
    return House(tmp_path, environment)


def test_a_passphrase_is_chosen_once_and_then_asked_for(house: House):
    connect = ("connect", "microsoft", "--key-file", "microsoft.json")
    done, shown = house.type(*connect, lines=(PHRASE, PHRASE))
    assert done == 0, shown
    assert "Choose a passphrase" in shown and "is connected" in shown
    assert PHRASE not in shown
    files = (house.folder / "data").rglob("*")
    secret = accounts.read_key(house.folder / "microsoft.json")["client_secret"]
    assert secret.encode() not in b"".join(one.read_bytes() for one in files if one.is_file())
    done, shown = house.type(*connect, lines=("another one altogether",))
    assert done == 1 and "another passphrase: give the one that microsoft-" in shown


def test_without_terminal_and_store_nobody_signs_in_for_nothing(house: House, sandbox: Sandbox):
    sandbox.log.clear()
    environment = house.environment | {"KITH_SECRETS": "encrypted"}
    done = kith(house.folder, "connect", "microsoft", "--key-file", "nowhere.json", **environment)
    assert done.returncode == 1
    assert '"plaintext"' in done.stderr and encryption.VARIABLE in done.stderr
    assert sandbox.log == []
