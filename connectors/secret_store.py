"""The one place where secrets rest: the keys and tokens of accounts, each under a name.

Here: which store a secret lies in: the system's keyring, else a file encrypted under a passphrase,
plaintext only where a setting says so. Not here: what a secret says (accounts.py of pipelines),
ciphers (encryption.py), which keyrings are real ones (keyrings.py).

Each secret is a file ``<name>.json``, 0600: the ciphertext, or where in the keyring it lies. That
file is replaced last and whole, so after a kill at any instant the secret is the old one or the
new, and names can be listed without opening anything. A file without ``kept_in`` is a secret in
plaintext, as earlier versions wrote it.
"""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

from connectors import encryption, keyrings, private_files
from connectors.pages import PullProblem

Kind = Literal["keyring", "encrypted", "plaintext"]
Place = Kind | Literal["open"]
Kept = Mapping[str, Any]

CURES = (
    "use a system keyring; or encrypt, with a passphrase given at a terminal, in "
    f"{encryption.VARIABLE} or as the systemd credential {encryption.CREDENTIAL}; or write "
    'secrets = "plaintext" into kith.toml, and whoever reads the disk reads the keys'
)


class SecretProblem(PullProblem):
    """A secret that cannot be kept or opened; it concerns one account, and all of that."""

    def __init__(self, state: str, cure: str) -> None:
        """Neither quotes a secret, or what a keyring says of one."""
        super().__init__(state, cure, is_account=True)


class SecretStore:
    """The secrets of one folder, which its owner has made 0700."""

    def __init__(self, folder: Path, kind: Kind | None) -> None:
        """Look at nothing yet.

        kind  where new secrets go; None for the keyring where there is a real one, else encrypted
        """
        self._folder, self._kind = folder, kind
        self._stores: dict[Place, _Store] = {
            "keyring": _InKeyring(),
            "encrypted": _Encrypted(self),
            "plaintext": _InFile(),
            "open": _InFile(),
        }

    def names(self, kind: Place | None = None) -> list[str]:
        """The names of all secrets, or of those that lie in one store, sorted; none is opened."""
        names = sorted(path.stem for path in self._folder.glob("*.json"))
        return [one for one in names if kind is None or self.kept(one).get("kept_in") == kind]

    def read(self, name: str) -> str:
        """A secret, to work with. Raises SecretProblem.

        One in plaintext that the settings do not want so is moved to where it belongs.
        """
        secret = self.open(name)
        if name in self._misplaced():
            self.keep(name, secret)
        return secret

    def open(self, name: str) -> str:
        """A secret, left where it lies. Raises SecretProblem."""
        kept = self.kept(name)
        try:
            return self._stores[kept["kept_in"]].open(name, kept)
        except (KeyError, TypeError):
            raise damaged() from None

    def wants_passphrase(self, *, for_new: bool = False) -> bool:
        """Whether a passphrase is needed that this process does not have.

        for_new  a secret is about to be kept
        """
        if encryption.passphrase():
            return False
        keeps = self._kind in (None, "encrypted") and (for_new or bool(self._misplaced()))
        return bool(self.names("encrypted")) or (keeps and self.target()[0] == "encrypted")

    def _misplaced(self) -> list[str]:
        """Secrets in plaintext that the settings do not want so."""
        return [] if self._kind == "plaintext" else self.names("plaintext")

    def keep(self, name: str, secret: str) -> None:
        """Hold a secret from now on, in place of one of that name. Raises SecretProblem."""
        self._write(name, secret, self.target()[0])

    def keep_open(self, name: str, text: str) -> None:
        """Hold what stands among the secrets and is none: it needs no other store."""
        self._write(name, text, "open")

    def replace(self, name: str, secret: str) -> None:
        """Hold another secret where the present one lies. Raises SecretProblem."""
        self._write(name, secret, self.kept(name)["kept_in"])

    def forget(self, name: str) -> None:
        """Hold a secret no longer. Raises SecretProblem where a keyring does not let it go."""
        self._remove(self.kept(name), {})
        self._path(name).unlink()
        private_files.sync_folder(self._folder)

    def target(self) -> tuple[Kind, str]:
        """Where a new secret goes, and why, in words. Raises SecretProblem."""
        if self._kind in ("encrypted", "plaintext"):
            return self._kind, f"secrets = {self._kind}"
        try:
            return "keyring", keyrings.find().name
        except keyrings.NoKeyring as why:
            if self._kind == "keyring":
                raise SecretProblem("no keyring", f"{why}: {CURES}") from None
            return "encrypted", str(why)

    def check(self) -> None:
        """See that a new secret can be kept where it goes, and comes back. Raises SecretProblem."""
        name = f"trial-{secrets.token_hex(8)}"
        store = self._stores[self.target()[0]]
        kept = store.seal(name, name, {})
        try:
            if store.open(name, kept) != name:
                raise SecretProblem("secrets do not come back", f"mend the keyring, or {CURES}")
        finally:
            store.remove(kept, {})

    def kept(self, name: str) -> Kept:
        """What stands in the file of a secret; ``{}`` where that can no longer be read."""
        try:
            text = self._path(name).read_text(encoding="utf-8")
            kept = json.loads(text)
        except (FileNotFoundError, ValueError):
            return {}
        if not isinstance(kept, dict):
            return {}
        return kept if "kept_in" in kept else {"kept_in": "plaintext", "secret": text}

    def _write(self, name: str, secret: str, kind: Place) -> None:
        """Replace the file, and only then remove from a keyring what it named before."""
        before = self.kept(name)
        kept = {"kept_in": kind} | self._stores[kind].seal(name, secret, before)
        private_files.replace(self._path(name), json.dumps(kept))
        self._remove(before, kept)

    def _remove(self, before: Kept, now: Kept) -> None:
        if before.get("kept_in") in self._stores:
            self._stores[before["kept_in"]].remove(before, now)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


class _Store(Protocol):
    """Where a secret may lie. What stands in the file of a secret is ``kept``."""

    def seal(self, name: str, secret: str, before: Kept) -> dict[str, Any]:
        """What is to stand in the file, in place of ``before``. Raises SecretProblem."""

    def open(self, name: str, kept: Kept) -> str:
        """The secret. Raises SecretProblem, and KeyError and the like for a damaged file."""

    def remove(self, before: Kept, now: Kept) -> None:
        """Forget what lies outside of the file, except for what it names ``now``."""


class _InFile:
    """In the file itself, for whoever can read it."""

    def seal(self, name: str, secret: str, before: Kept) -> dict[str, Any]:
        return {"secret": secret}

    def open(self, name: str, kept: Kept) -> str:
        return kept["secret"]

    def remove(self, before: Kept, now: Kept) -> None:
        """Nothing lies elsewhere."""


class _Encrypted:
    """In the file, encrypted; one passphrase and one salt for all of a folder, so one wait."""

    def __init__(self, folder: SecretStore) -> None:
        self._folder = folder

    def seal(self, name: str, secret: str, before: Kept) -> dict[str, Any]:
        passphrase, source = _passphrase()
        if len(passphrase) < encryption.SHORTEST:
            cure = f"take {encryption.SHORTEST} characters or more for {source}"
            raise SecretProblem("passphrase too short", cure)
        sealed = encryption.seal(secret, passphrase, name, self._salt(name))
        return {"sealed": sealed}

    def _salt(self, name: str) -> bytes | None:
        """That of the folder. A slip of the fingers would part its accounts by passphrase."""
        names = self._folder.names("encrypted")
        for one in names:
            try:
                self._folder.open(one)
            except SecretProblem:
                continue
            return encryption.salt_of(self._folder.kept(one)["sealed"])
        if others := [one for one in names if one != name]:
            raise SecretProblem(
                "another passphrase",
                f"give the one that {others[0].rpartition('.')[0]} was kept with; if it is lost, "
                "forget that account with kith disconnect --unrevoked",
            )
        return None

    def open(self, name: str, kept: Kept) -> str:
        passphrase, source = _passphrase()
        try:
            return encryption.open_sealed(kept["sealed"], passphrase, name)
        except encryption.NotOpened:
            raise SecretProblem(
                "secret does not open",
                f"{source} is not what this account was kept with, or its file was changed: give "
                "the right one, or connect the account again; kith disconnect --unrevoked forgets "
                "an account whose passphrase is lost",
            ) from None

    def remove(self, before: Kept, now: Kept) -> None:
        """Nothing lies elsewhere."""


class _InKeyring:
    """In the system's keyring, in one of two entries by turns: a half-written one harms nobody."""

    def seal(self, name: str, secret: str, before: Kept) -> dict[str, Any]:
        try:
            keyring = keyrings.find()
            entry = before.get("entry") or f"{name} {secrets.token_hex(8)}"
            slot = "b" if before.get("slot") == "a" else "a"
            count = keyrings.put(keyring, f"{entry} {slot}", secret)
        except (keyrings.NoKeyring, keyrings.OutOfReach) as why:
            raise _out_of_reach(why) from None
        return {"keyring": keyring.name, "entry": entry, "slot": slot, "piece_count": count}

    def open(self, name: str, kept: Kept) -> str:
        try:
            keyring = keyrings.find(kept["keyring"])
            secret = keyrings.get(keyring, f"{kept['entry']} {kept['slot']}", kept["piece_count"])
        except (keyrings.NoKeyring, keyrings.OutOfReach) as why:
            raise _out_of_reach(why) from None
        if secret is None:
            raise SecretProblem(
                "secret gone from the keyring", "connect the account again: its entry was deleted"
            )
        return secret

    def remove(self, before: Kept, now: Kept) -> None:
        try:
            keyring = keyrings.find(before["keyring"])
            for slot in "ab":
                entry = f"{before['entry']} {slot}"
                if (entry, keyring.name) != (_entry(now), now.get("keyring")):
                    keyrings.remove(keyring, entry)
        except (keyrings.NoKeyring, keyrings.OutOfReach) as why:
            raise _out_of_reach(why) from None


def _entry(kept: Kept) -> str:
    return f"{kept.get('entry')} {kept.get('slot')}"


def _passphrase() -> tuple[str, str]:
    if (found := encryption.passphrase()) is None:
        raise SecretProblem("passphrase needed", f"no terminal to ask at: {CURES}")
    return found


def damaged() -> SecretProblem:
    """The file of a secret holds something else, or is gone."""
    cure = "connect the account again: its file is gone, or was changed"
    return SecretProblem("secret damaged", cure)


def _out_of_reach(why: Exception) -> SecretProblem:
    return SecretProblem(
        "secret out of reach",
        f"{why}: unlock the keyring and run kith in a session that reaches it; for runs without "
        'one write secrets = "encrypted" into kith.toml and connect the account again',
    )
