"""Where secrets lie: a real keyring, a file under a passphrase, plaintext only when asked for."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends import chainer, fail, null
from keyring.errors import KeyringLocked, PasswordDeleteError

from connectors import encryption, private_files
from connectors.secret_store import SecretProblem, SecretStore

SCRYPT = encryption.SCRYPT
PHRASE = "a horse in the rain"
SECRET = json.dumps({"key": {"refresh_token": "tok-" + "x" * 3000 + "-né"}})
NAME = "google-1.person"


class Ring(KeyringBackend):
    """A keyring in memory, with the limit of Windows on what an entry may hold."""

    priority = 5

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._ask()
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._ask()
        assert len(password.encode("utf-16-le")) <= 2560
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._ask()
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError("no such entry")

    def _ask(self) -> None:
        if self.is_locked:
            raise KeyringLocked(f"cannot open {self.entries}")


class Plaintext(Ring):
    """What keyrings.alt brings, by its module's name."""

    __module__ = "keyrings.alt.file"
    priority = 0.5


class Doubtful(Ring):
    priority = 0.9


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No passphrase, and no keyring but keyring's own way of saying that there is none."""
    for name in (encryption.VARIABLE, "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(encryption, "_typed", [])
    # A guess is to be dear; the tests would pay for it a hundred times.
    monkeypatch.setattr(encryption, "SCRYPT", encryption.SCRYPT | {"n": 2**4})
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def ring() -> Ring:
    ring = Ring()
    keyring.set_keyring(ring)
    return ring


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "accounts"
    folder.mkdir(mode=0o700)
    return folder


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


# -- which store


def test_a_real_keyring_comes_first(folder: Path, ring: Ring):
    store = SecretStore(folder, None)
    store.keep(NAME, SECRET)
    assert store.read(NAME) == SECRET
    assert b"tok-" not in on_disk(folder)
    assert "tok-" in "".join(ring.entries.values())
    assert store.target() == ("keyring", ring.name)


def test_without_a_keyring_it_is_encrypted(folder: Path, monkeypatch):
    monkeypatch.setenv(encryption.VARIABLE, PHRASE)
    store = SecretStore(folder, None)
    store.keep(NAME, SECRET)
    assert SecretStore(folder, None).read(NAME) == SECRET
    assert b"tok-" not in on_disk(folder)
    assert store.target()[0] == "encrypted"


def test_without_keyring_and_passphrase_the_three_cures_are_named_and_nothing_is_written(folder):
    store = SecretStore(folder, None)
    for act in (store.check, lambda: store.keep(NAME, SECRET)):
        with pytest.raises(SecretProblem) as caught:
            act()
        for cure in ("keyring", encryption.VARIABLE, encryption.CREDENTIAL, '"plaintext"'):
            assert cure in caught.value.cure
    assert list(folder.iterdir()) == []


def test_plaintext_is_kept_only_where_it_is_asked_for(folder: Path):
    SecretStore(folder, "plaintext").keep(NAME, SECRET)
    assert b"tok-" in on_disk(folder)
    assert SecretStore(folder, "plaintext").read(NAME) == SECRET
    with pytest.raises(SecretProblem, match="passphrase needed"):
        SecretStore(folder, None).read(NAME)


@pytest.mark.parametrize(
    ("backend", "word"),
    [
        (fail.Keyring, "no keyring"),
        (null.Keyring, "null backend"),
        (Plaintext, r"keyrings\.alt"),
        (Doubtful, "advises against"),
    ],
)
def test_a_keyring_that_is_none_is_refused_by_name(folder, monkeypatch, backend, word):
    keyring.set_keyring(backend())
    with pytest.raises(SecretProblem, match=word):
        SecretStore(folder, "keyring").keep(NAME, SECRET)
    monkeypatch.setenv(encryption.VARIABLE, PHRASE)
    SecretStore(folder, None).keep(NAME, SECRET)
    assert SecretStore(folder, None).names("encrypted") == [NAME]
    assert not getattr(keyring.get_keyring(), "entries", None)


def test_in_a_chain_of_keyrings_the_first_real_one_is_taken(folder, ring, monkeypatch):
    alt = Plaintext()
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [alt, ring])
    keyring.set_keyring(chainer.ChainerBackend())
    store = SecretStore(folder, None)
    store.keep(NAME, SECRET)
    assert store.read(NAME) == SECRET
    assert ring.entries and not alt.entries


def test_a_keyring_that_cannot_be_loaded_is_told(folder: Path, monkeypatch):
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "nowhere.Keyring")
    with pytest.raises(SecretProblem, match="PYTHON_KEYRING_BACKEND"):
        SecretStore(folder, "keyring").check()


# -- the keyring


def test_what_is_longer_than_an_entry_comes_in_pieces_and_leaves_none_behind(folder, ring):
    store = SecretStore(folder, None)
    store.keep(NAME, SECRET)
    assert len(ring.entries) == 3
    for secret in ("short", SECRET, "short"):
        store.replace(NAME, secret)
        assert store.read(NAME) == secret
    assert list(ring.entries.values()) == ["short"]
    store.forget(NAME)
    assert ring.entries == {} and store.names() == []


def test_two_folders_share_a_keyring_and_not_their_secrets(tmp_path: Path, ring: Ring):
    stores = []
    for place in ("one", "other"):
        (tmp_path / place).mkdir()
        stores.append(SecretStore(tmp_path / place, None))
        stores[-1].keep(NAME, place)
    assert [store.read(NAME) for store in stores] == ["one", "other"]
    stores[0].forget(NAME)
    assert stores[1].read(NAME) == "other"


def test_a_locked_keyring_is_told_without_what_it_says(folder: Path, ring: Ring):
    store = SecretStore(folder, None)
    store.keep(NAME, "first")
    ring.is_locked = True
    for act in (
        lambda: store.read(NAME),
        lambda: store.replace(NAME, "second"),
        lambda: store.forget(NAME),
    ):
        with pytest.raises(SecretProblem, match=r"out of reach.*locked.*\"encrypted\"") as caught:
            act()
        assert "first" not in str(caught.value) and caught.value.__cause__ is None
    ring.is_locked = False
    assert store.read(NAME) == "first"


def test_an_entry_that_was_deleted_in_the_keyring_is_told(folder: Path, ring: Ring):
    store = SecretStore(folder, None)
    store.keep(NAME, SECRET)
    ring.entries.pop(next(iter(ring.entries)))
    with pytest.raises(SecretProblem, match="gone from the keyring"):
        store.read(NAME)


def test_a_session_without_the_keyring_says_which_one_it_was(folder: Path, ring: Ring, monkeypatch):
    store = SecretStore(folder, None)
    store.keep(NAME, SECRET)
    keyring.set_keyring(fail.Keyring())
    monkeypatch.setenv(encryption.VARIABLE, PHRASE)
    with pytest.raises(SecretProblem, match="no keyring, or none that this session reaches"):
        store.read(NAME)


@pytest.mark.parametrize("writes", range(5))
def test_a_kill_at_any_write_leaves_the_old_secret_or_the_new(folder, ring, monkeypatch, writes):
    """Old and new take two entries each; the write after them all is never reached."""
    store = SecretStore(folder, None)
    old, new = "o" * 2000, "n" * 2000
    store.keep(NAME, old)

    class Killed(BaseException):
        pass

    left = [writes]

    def dying(act):
        def perform(*words):
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return act(*words)

        return perform

    with monkeypatch.context() as patch:
        for owner, name in (
            (ring, "set_password"),
            (ring, "delete_password"),
            (private_files.os, "replace"),
        ):
            patch.setattr(owner, name, dying(getattr(owner, name)))
        with pytest.raises(Killed):
            store.replace(NAME, new)
    assert SecretStore(folder, None).read(NAME) == (old if writes < 3 else new)
    store.replace(NAME, "next")
    assert SecretStore(folder, None).read(NAME) == "next"
    store.forget(NAME)
    assert ring.entries == {}


# -- the encrypted file


@pytest.fixture
def sealed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> SecretStore:
    monkeypatch.setenv(encryption.VARIABLE, PHRASE)
    store = SecretStore(folder, "encrypted")
    store.keep(NAME, SECRET)
    return store


def test_a_guess_costs_128_mib():
    assert SCRYPT["n"] * SCRYPT["r"] * 128 >= 128 << 20


def test_files_are_closed_to_others(sealed: SecretStore, folder: Path):
    assert [stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()] == [0o600]


def test_another_passphrase_opens_nothing_and_overwrites_nothing(sealed, folder, monkeypatch):
    before = on_disk(folder)
    monkeypatch.setenv(encryption.VARIABLE, "another one altogether")
    with pytest.raises(SecretProblem, match=f"{encryption.VARIABLE} is not what"):
        sealed.read(NAME)
    with pytest.raises(SecretProblem, match=r"another passphrase.*google-1 was kept with"):
        sealed.keep("microsoft-2.person", SECRET)
    assert on_disk(folder) == before
    sealed.keep(NAME, "connected anew")
    assert sealed.read(NAME) == "connected anew"


def test_a_flipped_byte_anywhere_is_told_and_nothing_is_overwritten(sealed, folder):
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    for place in range(0, len(whole), 97):
        damaged = bytearray(whole)
        damaged[place] ^= 4
        path.write_bytes(damaged)
        with pytest.raises(SecretProblem, match="does not open|damaged"):
            sealed.read(NAME)
        assert path.read_bytes() == damaged
    path.write_bytes(whole)
    assert sealed.read(NAME) == SECRET


def test_a_damaged_account_hinders_no_other_and_can_be_connected_anew(sealed, folder):
    sealed.keep("google-2.person", "two")
    path = folder / f"{NAME}.json"
    path.write_text('{"kept_in": "encrypted", "sealed": "%%%"}')
    assert sealed.read("google-2.person") == "two"
    sealed.keep("google-3.person", "three")
    sealed.keep(NAME, "one")
    assert [sealed.read(name) for name in sealed.names()] == ["one", "two", "three"]


def test_a_secret_cannot_be_given_out_as_that_of_another_account(sealed, folder):
    (folder / f"{NAME}.json").rename(folder / "google-1.organisation.json")
    with pytest.raises(SecretProblem, match="does not open"):
        sealed.read("google-1.organisation")


def test_a_kill_before_the_rename_leaves_the_old_secret(sealed, folder, monkeypatch):
    def dying(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(private_files.os, "replace", dying)
        with pytest.raises(KeyboardInterrupt):
            sealed.replace(NAME, "new")
    assert sealed.read(NAME) == SECRET
    assert sealed.names() == [NAME]
    sealed.replace(NAME, "new")
    assert sealed.read(NAME) == "new"
    assert len(list(folder.iterdir())) == 1


def test_a_systemd_credential_comes_before_the_environment(sealed, tmp_path, monkeypatch):
    (tmp_path / encryption.CREDENTIAL).write_text(f"{PHRASE}\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    monkeypatch.setenv(encryption.VARIABLE, "another one altogether")
    assert sealed.read(NAME) == SECRET


def test_what_was_typed_is_used_where_nothing_else_is_given(sealed, monkeypatch):
    monkeypatch.delenv(encryption.VARIABLE)
    assert sealed.wants_passphrase()
    with pytest.raises(SecretProblem, match="passphrase needed"):
        sealed.read(NAME)
    encryption.typed(PHRASE)
    assert not sealed.wants_passphrase()
    assert sealed.read(NAME) == SECRET


def test_a_short_passphrase_is_refused(folder: Path, monkeypatch):
    monkeypatch.setenv(encryption.VARIABLE, "short")
    with pytest.raises(SecretProblem, match="12 characters or more"):
        SecretStore(folder, "encrypted").keep(NAME, SECRET)


def test_what_is_replaced_stays_in_the_store_in_which_it_lies(sealed, ring, folder):
    store = SecretStore(folder, None)
    store.replace(NAME, "new")
    assert store.names("encrypted") == [NAME] and ring.entries == {}
    store.keep(NAME, "newer")
    assert store.names("keyring") == [NAME] and store.read(NAME) == "newer"
    sealed.keep(NAME, "newest")
    assert store.names("encrypted") == [NAME] and ring.entries == {}


# -- accounts of earlier versions


@pytest.fixture
def earlier(folder: Path) -> str:
    """What stood in an account's file when there was no other store."""
    text = json.dumps({"provider": "google", "admin": None, "key": {"refresh_token": "tok-1"}})
    (folder / f"{NAME}.json").write_text(text)
    return text


def test_what_an_earlier_version_kept_in_plaintext_is_moved_when_it_is_read(folder, earlier, ring):
    store = SecretStore(folder, None)
    assert store.open(NAME) == earlier and store.names("plaintext") == [NAME]
    assert store.read(NAME) == earlier
    assert b"tok-1" not in on_disk(folder)
    assert store.names("keyring") == [NAME] and store.read(NAME) == earlier


def test_it_is_not_read_on_in_silence_where_it_cannot_be_moved(folder, earlier):
    store = SecretStore(folder, None)
    assert store.wants_passphrase()
    with pytest.raises(SecretProblem, match='secrets = "plaintext"'):
        store.read(NAME)
    assert (folder / f"{NAME}.json").read_text() == earlier
    assert SecretStore(folder, "plaintext").read(NAME) == earlier
